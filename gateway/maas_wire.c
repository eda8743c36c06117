/* Reading MAAS for a query, and turning its answer into Palette's items (GP-52, GP-92). */
#include "gateway/inner.h"

#include "lib/base/oauth.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELD_MAX KIB(64) /* one text of MAAS; a tag's definition may be long */
#define NONCE_MAX 64

/* --- items: one struct, read by MAAS's names, written by Palette's ---------------------------- */

struct thing {
    char *name, *description, *space, *comment, *definition, *kernel_opts, *uri, *username;
    int64_t id;
    struct vlan {
        int64_t id;
        char *name, *fabric;
    } vlan;
};

static const struct jx_field vlan_fields[] = {
    JX_INT(struct vlan, id, "id", JX_MUST, INT64_MIN, INT64_MAX),
    JX_OWNED(struct vlan, name, "name", JX_SKIP_EMPTY, FIELD_MAX),
    JX_OWNED(struct vlan, fabric, "fabric", JX_SKIP_EMPTY, FIELD_MAX),
};
static const struct jx_field user_fields[] = {
    JX_OWNED(struct thing, username, "username", JX_MUST, FIELD_MAX),
};
static const struct jx_field described_fields[] = {
    /* zones and pools, both ways */
    JX_OWNED(struct thing, name, "name", JX_MUST, FIELD_MAX),
    JX_OWNED(struct thing, description, "description", JX_SKIP_EMPTY, FIELD_MAX),
};
static const struct jx_field named_fields[] = {
    /* domains, both ways */
    JX_OWNED(struct thing, name, "name", JX_MUST, FIELD_MAX),
};
static const struct jx_field subnet_read_fields[] = {
    JX_INT(struct thing, id, "id", JX_MUST, INT64_MIN, INT64_MAX),
    JX_OWNED(struct thing, name, "name", JX_MUST, FIELD_MAX),
    JX_OWNED(struct thing, space, "space", 0, FIELD_MAX),
    JX_OBJECT(struct thing, vlan, "vlan", 0, vlan_fields),
};
static const struct jx_field subnet_write_fields[] = {
    JX_INT(struct thing, id, "id", 0, INT64_MIN, INT64_MAX),
    JX_OWNED(struct thing, name, "name", 0, FIELD_MAX),
    JX_OWNED(struct thing, space, "space", JX_SKIP_EMPTY, FIELD_MAX),
    JX_OBJECT(struct thing, vlan, "vlans", 0, vlan_fields),
};
static const struct jx_field tag_read_fields[] = {
    JX_OWNED(struct thing, name, "name", JX_MUST, FIELD_MAX),
    JX_OWNED(struct thing, comment, "comment", 0, FIELD_MAX),
    JX_OWNED(struct thing, definition, "definition", 0, FIELD_MAX),
    JX_OWNED(struct thing, kernel_opts, "kernel_opts", 0, FIELD_MAX),
    JX_OWNED(struct thing, uri, "resource_uri", 0, FIELD_MAX),
};
static const struct jx_field tag_write_fields[] = {
    JX_OWNED(struct thing, name, "name", 0, FIELD_MAX),
    JX_OWNED(struct thing, comment, "comment", JX_SKIP_EMPTY, FIELD_MAX),
    JX_OWNED(struct thing, definition, "definition", JX_SKIP_EMPTY, FIELD_MAX),
    JX_OWNED(struct thing, kernel_opts, "kernelOpts", JX_SKIP_EMPTY, FIELD_MAX),
    JX_OWNED(struct thing, uri, "resourceUri", JX_SKIP_EMPTY, FIELD_MAX),
};

#define BY(read_fields, write_fields)                                                              \
    .read = read_fields, .n_read = COUNTOF(read_fields), .write = write_fields,                    \
    .n_write = COUNTOF(write_fields)
static const struct gw_kind kinds[] = {
    {.name = "validate", .path = "users/?op=whoami", .read = user_fields, .n_read = 1},
    {.name = "azs", .path = "zones/", .list = true, BY(described_fields, described_fields)},
    {.name = "domains", .path = "domains/", .list = true, BY(named_fields, named_fields)},
    {.name = "resourcePools",
     .path = "resourcepools/",
     .list = true,
     BY(described_fields, described_fields)},
    {.name = "subnets",
     .path = "subnets/",
     .list = true,
     BY(subnet_read_fields, subnet_write_fields)},
    {.name = "tags", .path = "tags/", .list = true, BY(tag_read_fields, tag_write_fields)},
};

const struct gw_kind *gw_kind_find(const char *name)
{
    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (text_is(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

struct item_writer {
    const struct gw_kind *kind;
    struct buf *out;
};

static int item_write(void *arg, size_t i, const void *element)
{
    const struct item_writer *w = arg;

    if (i > 0)
        buf_char_add(w->out, ',');
    jx_write(w->out, w->kind->write, w->kind->n_write, element);
    return 0;
}

static bool items_read(const struct gw_kind *kind, const struct http_result *r, struct buf *out)
{
    struct item_writer w = {.kind = kind, .out = out};
    struct thing thing = {0};
    int err;

    if (kind->list)
        return jx_read_list(buf_text(&r->body), r->body.len, kind->read, kind->n_read, 0, &thing,
                            sizeof thing, item_write, &w, NULL) == 0;
    err = jx_read(buf_text(&r->body), r->body.len, kind->read, kind->n_read, 0, &thing, NULL);
    jx_drop(kind->read, kind->n_read, &thing);
    return err == 0;
}

bool gw_items_write(const struct gw_kind *kind, const struct http_result *r, struct buf *out)
{
    bool good;

    buf_init(out, GW_ANSWER_MAX);
    buf_text_add(out, "{\"ok\":true,\"items\":[");
    good = items_read(kind, r, out);
    buf_text_add(out, "]}");
    return good && !out->full;
}

/* --- the request ------------------------------------------------------------------------------ */

/* Secrets are not for URLs, and a query would end up before our path. */
bool gw_endpoint_is_fine(const char *endpoint)
{
    struct url u;

    return url_read(endpoint, &u, NULL) == 0 && !u.userinfo[0] && !u.query[0];
}

/* "consumer:token:secret"; what is missing stays empty, and MAAS says what it thinks of it. */
void gw_maas_sign(struct gw *g, const char *key, struct buf *out)
{
    char part[3][OAUTH_TEXT_MAX] = {"", "", ""};
    char nonce[NONCE_MAX];

    for (size_t i = 0; i < COUNTOF(part); i++) {
        const size_t len = i + 1 < COUNTOF(part) ? strcspn(key, ":") : strlen(key);

        (void)text_copy_len(part[i], sizeof part[i], key, len);
        key += len + (key[len] == ':');
    }
    /* fresh for every attempt, and for every start also with the same seed */
    snprintf(nonce, sizeof nonce, "%016" PRIx64 "%" PRIx64 "%" PRIx64, rng_next(&g->rng),
             (uint64_t)g->wall_s, g->tickets);
    oauth_plaintext_write(out, part[0], part[1], part[2], g->wall_s, nonce);
}

void gw_write_read(struct gw *g, size_t i, struct http_call *call)
{
    const struct gw_query *q = &g->queries[i - GW_AT_QUERIES];
    struct buf signature SCOPED(buf_drop);
    bool added;

    http_call_init(call, "GET");
    url_join(&call->url, q->account.endpoint, "api/2.0/");
    buf_text_add(&call->url, q->kind->path);
    buf_init(&signature, HTTP_HEADERS_MAX / 2);
    gw_maas_sign(g, q->account.key, &signature);
    added = http_header_add(&call->headers, "Authorization", buf_text(&signature));
    assert(added);
    call->timeout_ms = ms_min(g->timing.maas_call_ms, q->give_up - g->now);
}
