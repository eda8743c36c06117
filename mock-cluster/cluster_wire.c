/* MAAS's API 2.0 as an agent speaks it: OAuth, forms, and machines. Written for the agent alone:
 * what judges a gateway shares no wire code with it, and none with the mock that answers. */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_PARTS     3
#define KEY_PART_MAX  128
#define LOOKED_AT_MAX 512 /* bytes of a body in which words are looked for */
#define OWNER_MAX     256

/* --- signing ---------------------------------------------------------------------------------- */

static void key_split(const char *key, char part[KEY_PARTS][KEY_PART_MAX])
{
    for (size_t i = 0; i < KEY_PARTS; i++) {
        const size_t len = i + 1 < KEY_PARTS ? strcspn(key, ":") : strlen(key);

        (void)text_copy_len(part[i], KEY_PART_MAX, key, len);
        key += len + (key[len] == ':');
    }
}

/* PLAINTEXT (RFC 5849, 3.4.4): the signature is the two secrets with '&' between, coded. */
static void sign(struct agent *a, struct http_call *call)
{
    char part[KEY_PARTS][KEY_PART_MAX];
    struct buf value SCOPED(buf_drop);
    bool added;

    key_split(a->assigned.account.key, part);
    buf_init(&value, HTTP_HEADERS_MAX / 2);
    buf_text_add(&value, "OAuth oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", "
                         "oauth_consumer_key=\"");
    url_encode(&value, part[0]);
    buf_text_add(&value, "\", oauth_token=\"");
    url_encode(&value, part[1]);
    buf_text_add(&value, "\", oauth_signature=\"%26");
    url_encode(&value, part[2]);
    buf_printf(&value,
               "\", oauth_timestamp=\"%" PRId64 "\", oauth_nonce=\"%016" PRIx64 "%" PRIx64 "\"",
               a->wall_s, rng_next(&a->rng), a->tickets);
    added = http_header_add(&call->headers, "Authorization", buf_text(&value));
    assert(added);
}

static void address(struct agent *a, struct http_call *call, const char *method, const char *path,
                    const char *op)
{
    http_call_init(call, method);
    url_join(&call->url, a->assigned.account.endpoint, "api/2.0/machines/");
    if (path[0]) {
        url_encode(&call->url, path);
        buf_char_add(&call->url, '/');
    }
    if (op[0])
        buf_printf(&call->url, "?op=%s", op);
    sign(a, call);
}

static void form_type(struct http_call *call)
{
    const bool added =
        http_header_add(&call->headers, "Content-Type", "application/x-www-form-urlencoded");

    assert(added);
}

/* --- requests --------------------------------------------------------------------------------- */

void cluster_write_look(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    (void)e;
    address(a, call, "GET", "", "");
    buf_text_add(&call->url, "?agent_name=");
    url_encode(&call->url, a->config.marker);
}

void cluster_write_check(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    address(a, call, "GET", e->machine, "");
}

static void number(struct buf *form, const char *name, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    if (value > 0)
        pairs_write(form, name, text);
}

/* MAAS counts disks in 1000³ and takes fractions; cut, so that a disk of just that size fits. */
static void storage(struct buf *form, int64_t gib)
{
    const int64_t hundredths = gib * INT64_C(1073741824) / INT64_C(10000000);
    char text[48];

    if (gib <= 0)
        return;
    (void)snprintf(text, sizeof text, "root:%" PRId64 ".%02d", hundredths / 100,
                   (int)(hundredths % 100));
    pairs_write(form, "storage", text);
}

void cluster_write_allocate(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const struct agent_pool *p = agent_pool_find(a, e->pool);
    struct buf *form;

    assert(p);
    address(a, call, "POST", "", "allocate");
    form_type(call);
    form = &call->body;
    pairs_write(form, "agent_name", a->config.marker);
    for (size_t i = 0; i < p->cloud.n_azs; i++)
        if (p->cloud.azs[i][0])
            pairs_write(form, "zone", p->cloud.azs[i]);
    if (p->cloud.resource_pool[0])
        pairs_write(form, "pool", p->cloud.resource_pool);
    for (size_t i = 0; i < p->cloud.n_tags; i++)
        if (p->cloud.tags[i][0])
            pairs_write(form, "tags", p->cloud.tags[i]);
    number(form, "cpu_count", p->cloud.type.cpu);
    number(form, "mem", p->cloud.type.mem_mb);
    storage(form, p->cloud.type.disk_gib);
}

void cluster_write_annotate(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const struct agent_machine *m = agent_machine_find(a, e->machine);

    assert(m);
    address(a, call, "POST", m->id, "set_workload_annotations");
    form_type(call);
    if (a->pcg[0])
        pairs_write(&call->body, "gateproof.pcg", a->pcg);
    pairs_write(&call->body, "gateproof.cluster", a->config.cluster_uid);
    pairs_write(&call->body, "gateproof.pool", m->pool);
    pairs_write(&call->body, "gateproof.role", agent_is_self(a, m) ? a->config.role : "join");
}

void cluster_write_deploy(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const struct agent_machine *m = agent_machine_find(a, e->machine);
    const char *image = a->assigned.image[0] ? a->assigned.image : a->config.image;
    struct buf text SCOPED(buf_drop);
    char *coded;

    assert(m);
    address(a, call, "POST", m->id, "deploy");
    form_type(call);
    buf_init(&text, USERDATA_MAX);
    agent_userdata_write(&a->files, &(struct agent_peer){m->id, m->pool, "join"}, &text);
    coded = malloc(4 * ((text.len + 2) / 3) + 1);
    if (!coded)
        WRONG("no memory");
    EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)buf_text(&text), (int)text.len);
    pairs_write(&call->body, "distro_series", image);
    pairs_write(&call->body, "agent_name", a->config.marker);
    pairs_write(&call->body, "user_data", coded);
    free(coded);
}

void cluster_write_release(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    address(a, call, "POST", e->machine, "release");
    form_type(call);
    pairs_write(&call->body, "comment", "not wanted any more");
}

/* --- replies ---------------------------------------------------------------------------------- */

static const struct jx_field place_fields[] = {
    JX_TEXT(struct agent_place, name, 0),
};
static const struct jx_field mark_fields[] = {
    JX_TEXT_AS(struct agent_marks, pcg, "gateproof.pcg", 0),
    JX_TEXT_AS(struct agent_marks, cluster, "gateproof.cluster", 0),
    JX_TEXT_AS(struct agent_marks, pool, "gateproof.pool", 0),
    JX_TEXT_AS(struct agent_marks, role, "gateproof.role", 0),
};
static const struct jx_field machine_fields[] = {
    JX_TEXT_AS(struct agent_seen, system_id, "system_id", JX_MUST),
    JX_TEXT(struct agent_seen, hostname, 0),
    JX_INT(struct agent_seen, status, "status", JX_MUST, 0, INT32_MAX),
    JX_INT(struct agent_seen, cpu, "cpu_count", 0, 0, INT32_MAX),
    JX_INT(struct agent_seen, mem_mb, "memory", 0, 0, INT64_MAX),
    JX_OWNED(struct agent_seen, owner, "owner", 0, OWNER_MAX),
    JX_OBJECT(struct agent_seen, zone, "zone", 0, place_fields),
    JX_OBJECT(struct agent_seen, pool, "pool", 0, place_fields),
    JX_TEXTS(struct agent_seen, addresses, n_addresses, "ip_addresses", 0),
    JX_TEXTS(struct agent_seen, tags, n_tags, "tag_names", 0),
    JX_OBJECT(struct agent_seen, marks, "workload_annotations", 0, mark_fields),
};

bool cluster_machine_read(const struct http_result *r, struct agent_seen *ret)
{
    return jx_read(buf_text(&r->body), r->body.len, machine_fields, COUNTOF(machine_fields), 0, ret,
                   NULL) == 0 &&
           ret->system_id[0];
}

void cluster_machine_drop(struct agent_seen *s)
{
    jx_drop(machine_fields, COUNTOF(machine_fields), s);
}

struct reading {
    struct agent *a;
    void (*each)(struct agent *a, const struct agent_seen *s);
};

static int element(void *arg, size_t i, const void *seen)
{
    const struct reading *r = arg;

    (void)i;
    r->each(r->a, seen);
    return 0;
}

bool cluster_machines_read(struct agent *a, const struct http_result *r,
                           void (*each)(struct agent *a, const struct agent_seen *s))
{
    struct reading reading = {.a = a, .each = each};
    struct agent_seen s = {0};

    return jx_read_list(buf_text(&r->body), r->body.len, machine_fields, COUNTOF(machine_fields), 0,
                        &s, sizeof s, element, &reading, NULL) == 0;
}

/* --- statuses --------------------------------------------------------------------------------- */

enum agent_state cluster_state(int64_t status)
{
    static const struct {
        int status;
        enum agent_state state;
    } rows[] = {
        {6, AGENT_DEPLOYED}, {9, AGENT_DEPLOYING}, {10, AGENT_ALLOCATED}, {11, AGENT_FAILED},
        {12, AGENT_LEAVING}, {13, AGENT_FAILED},   {14, AGENT_LEAVING},   {15, AGENT_FAILED},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].status == status)
            return rows[i].state;
    return AGENT_OTHER;
}

bool cluster_says(const struct http_result *r, const char *words)
{
    const size_t len = r->body.len < LOOKED_AT_MAX ? r->body.len : LOOKED_AT_MAX;

    return memmem(buf_text(&r->body), len, words, strlen(words)) != NULL;
}
