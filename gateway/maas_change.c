/* A cluster's calls of MAAS as bytes (GP-94, GP-95, GP-96). `op` stands in the query, everything
 * else in a form. */
#include "gateway/cluster.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_LEN 32
#define TTL        "10" /* GP-98 */

static void begin(const struct gw_turn *t, struct http_call *call, const char *method,
                  const char *path)
{
    http_call_init(call, method);
    url_join(&call->url, gw_cluster_account(t->g, t->c)->endpoint, "api/2.0/");
    buf_text_add(&call->url, path);
}

static void machine(const struct gw_turn *t, struct http_call *call, const char *method,
                    const char *op)
{
    assert(t->m);
    begin(t, call, method, "machines/");
    url_encode(&call->url, t->m->sid);
    buf_text_add(&call->url, "/");
    buf_text_add(&call->url, op);
}

static void form(struct http_call *call)
{
    const bool added =
        http_header_add(&call->headers, "Content-Type", "application/x-www-form-urlencoded");

    assert(added);
}

static void number(struct http_call *call, const char *name, int64_t n)
{
    char text[NUMBER_LEN];

    if (n <= 0)
        return; /* MAAS answers 400 to an empty wish */
    snprintf(text, sizeof text, "%" PRId64, n);
    pairs_write(&call->body, name, text);
}

static void each_of(struct http_call *call, const char *name, const char list[][GW_NAME_LEN],
                    size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i][0])
            pairs_write(&call->body, name, list[i]);
}

/* --- reads ------------------------------------------------------------------------------------ */

void gw_whoami_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "GET", "users/?op=whoami");
}

void gw_look_write(const struct gw_turn *t, struct http_call *call)
{
    assert(t->c->marker[0]); /* an empty one would mean all that are not marked (GP-56) */
    begin(t, call, "GET", "machines/?agent_name=");
    url_encode(&call->url, t->c->marker);
}

void gw_look_own_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "GET", "machines/?owner=");
    url_encode(&call->url, t->c->key_user.name);
}

void gw_read_write(const struct gw_turn *t, struct http_call *call)
{
    machine(t, call, "GET", "");
}

void gw_images_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "GET", "boot-resources/");
}

void gw_image_write(const struct gw_turn *t, struct http_call *call)
{
    const struct gw_image *image = &t->c->image;

    begin(t, call, "GET", "boot-resources/");
    buf_printf(&call->url, "%" PRId64 "/", image->candidates[image->n_candidates - 1].id);
}

void gw_choose_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "GET", "machines/?status=ready");
}

void gw_name_read_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "GET", "dnsresources/?fqdn=");
    url_encode(&call->url, t->c->item->body.endpoint.host);
}

/* --- changes ---------------------------------------------------------------------------------- */

/* 60 GiB are 64.42 GB: cut, for rounded up it would refuse a disk of exactly that size. */
static void storage(struct http_call *call, int64_t gib)
{
    const uint64_t hundredths = (uint64_t)gib * UINT64_C(1073741824) / UINT64_C(10000000);
    char text[NUMBER_LEN * 2];

    if (gib <= 0)
        return;
    snprintf(text, sizeof text, "root:%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
    pairs_write(&call->body, "storage", text);
}

void gw_allocate_write(const struct gw_turn *t, struct http_call *call)
{
    const struct gw_pool *p = gw_pool_find(t->c, t->c->intent_pool);
    const struct gw_image *image = &t->c->image;

    assert(p && t->c->marker[0]);
    begin(t, call, "POST", "machines/?op=allocate");
    form(call);
    pairs_write(&call->body, "agent_name", t->c->marker);
    each_of(call, "zone", p->cloud.azs, p->cloud.n_azs);
    if (p->cloud.pool[0])
        pairs_write(&call->body, "pool", p->cloud.pool);
    each_of(call, "tags", p->cloud.tags, p->cloud.n_tags);
    number(call, "cpu_count", p->cloud.type.cpu);
    number(call, "mem", p->cloud.type.mem_mb);
    storage(call, p->cloud.type.disk_gb);
    for (size_t i = 0; i < image->n_archs; i++)
        pairs_write(&call->body, "arch", image->archs[i]);
    if (t->c->chosen[0])
        pairs_write(&call->body, "system_id", t->c->chosen);
}

/* An empty value would delete the key. */
static void mark(struct http_call *call, const char *key, const char *value)
{
    if (value[0])
        pairs_write(&call->body, key, value);
}

void gw_mark_write(const struct gw_turn *t, struct http_call *call)
{
    machine(t, call, "POST", "?op=set_workload_annotations");
    form(call);
    mark(call, "gateproof.pcg", t->g->config.pcg_uid);
    mark(call, "gateproof.cluster", t->c->uid);
    mark(call, "gateproof.pool", t->m->pool);
    mark(call, "gateproof.role", t->m->role);
}

void gw_deploy_write(const struct gw_turn *t, struct http_call *call)
{
    struct buf text SCOPED(buf_drop), coded SCOPED(buf_drop);
    bool fits;

    machine(t, call, "POST", "?op=deploy");
    form(call);
    pairs_write(&call->body, "distro_series", t->c->item->head.image);
    buf_init(&text, GW_USERDATA_MAX);
    buf_init(&coded, 2 * GW_USERDATA_MAX);
    fits = gw_userdata_write(t->g, t->c, t->m, &text);
    assert(fits); /* GP-28 bounds what goes into it */
    gw_base64(&coded, buf_text(&text), text.len);
    pairs_write(&call->body, "user_data", buf_text(&coded));
    pairs_write(&call->body, "agent_name", t->c->marker);
    gw_wipe(&text);
    gw_wipe(&coded);
}

void gw_release_write(const struct gw_turn *t, struct http_call *call)
{
    machine(t, call, "POST", "?op=release");
    form(call);
    pairs_write(&call->body, "comment", "released by its cluster's gateway");
}

/* --- the name --------------------------------------------------------------------------------- */

static void addresses(const struct gw_turn *t, struct http_call *call)
{
    const char *wanted[GW_MACHINES_MAX];
    const size_t n = gw_name_wanted(t->c, wanted);
    struct buf text SCOPED(buf_drop);

    buf_init(&text, sizeof t->c->name.addresses);
    for (size_t i = 0; i < n; i++)
        buf_printf(&text, "%s%s", i > 0 ? " " : "", wanted[i]);
    pairs_write(&call->body, "ip_addresses", buf_text(&text));
}

void gw_name_make_write(const struct gw_turn *t, struct http_call *call)
{
    begin(t, call, "POST", "dnsresources/");
    form(call);
    pairs_write(&call->body, "fqdn", t->c->item->body.endpoint.host);
    pairs_write(&call->body, "address_ttl", TTL);
    addresses(t, call);
}

static void one_name(const struct gw_turn *t, struct http_call *call, const char *method)
{
    begin(t, call, method, "dnsresources/");
    buf_printf(&call->url, "%" PRId64 "/", t->c->name.id);
}

void gw_name_set_write(const struct gw_turn *t, struct http_call *call)
{
    one_name(t, call, "PUT");
    form(call);
    addresses(t, call);
}

void gw_name_drop_write(const struct gw_turn *t, struct http_call *call)
{
    one_name(t, call, "DELETE");
}
