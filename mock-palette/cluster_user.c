/* A user's clusters: made, read, labelled, deleted. What a user asks is accepted whether or not the
 * gateway is there (LIF-1, LIF-2); unknown fields are ignored and null is absent. */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_JSON_MAX KIB(16)

/* --- the create request ----------------------------------------------------------------------- */

struct entity { /* v1SpectroMaasClusterEntity */
    struct entity_meta {
        char name[64];
        char *labels; /* JSON */
    } meta;
    struct entity_spec {
        char account_uid[PAL_UID_MAX];
        struct pal_cloud cloud;
        size_t n_pools;
        struct pal_pool pools[PAL_POOLS_MAX];
    } spec;
};
static const struct jx_field meta_fields[] = {
    JX_TEXT(struct entity_meta, name, JX_MUST),
    JX_RAW(struct entity_meta, labels, "labels", 0, LABELS_JSON_MAX),
};

static bool entity_read(struct pal_ask *a, struct entity *ret)
{
    const struct jx_field spec_fields[] = {
        JX_TEXT_AS(struct entity_spec, account_uid, "cloudAccountUid", JX_MUST),
        {.name = "cloudConfig",
         .kind = JX_KIND_OBJECT,
         .flags = JX_MUST,
         .offset = offsetof(struct entity_spec, cloud),
         .fields = pal_cloud_fields,
         .n_fields = pal_n_cloud_fields},
        {.name = "machinepoolconfig",
         .kind = JX_KIND_ARRAY,
         .flags = JX_MUST,
         .offset = offsetof(struct entity_spec, pools),
         .size = sizeof(struct pal_pool),
         .count_offset = offsetof(struct entity_spec, n_pools),
         .max = PAL_POOLS_MAX,
         .fields = pal_pool_fields,
         .n_fields = pal_n_pool_fields}};
    const struct jx_field fields[] = {
        JX_OBJECT(struct entity, meta, "metadata", JX_MUST, meta_fields),
        JX_OBJECT(struct entity, spec, "spec", JX_MUST, spec_fields)};

    return pal_body(a, fields, COUNTOF(fields), ret);
}

static void entity_free(struct entity **e)
{
    if (*e)
        free((*e)->meta.labels);
    free(*e);
}

/* A name becomes part of a host name. */
static bool is_name(const char *name)
{
    const size_t len = strlen(name);

    return len > 0 && len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           name[0] != '-' && name[len - 1] != '-';
}

static const char *pools_fault(const struct pal_pool *pools, size_t n)
{
    size_t control_planes = 0;
    int64_t size = 0;

    for (size_t i = 0; i < n; i++) {
        control_planes += pools[i].control_plane;
        size += pools[i].size;
        if (!is_name(pools[i].name))
            return "a pool needs a name of a-z, 0-9 and -";
        if (pools[i].control_plane && pools[i].size < 1)
            return "a control-plane pool needs a machine";
        for (size_t j = 0; j < i; j++)
            if (text_is(pools[i].name, pools[j].name))
                return "two pools have one name";
    }
    if (control_planes != 1)
        return "there must be one control-plane pool";
    return size > PAL_MACHINES_MAX ? "a cluster has at most 100 machines" : NULL;
}

static bool name_is_free(const struct palette *p, const char *name)
{
    for (size_t i = 0; i < p->n_clusters; i++)
        if (p->clusters[i]->life.stage != PAL_STAGE_DELETED && !p->clusters[i]->life.forced &&
            text_is(p->clusters[i]->name, name))
            return false;
    return true;
}

/* The gateway that the account is bound to, when all is well; else it has been refused. */
static struct pal_gateway *entity_check(struct pal_ask *a, const struct entity *e)
{
    const struct pal_account *acc = pal_account_find(a->p, e->spec.account_uid);
    struct pal_gateway *g = acc ? pal_gateway_find(a->p, acc->overlord) : NULL;
    const char *fault = pools_fault(e->spec.pools, e->spec.n_pools);

    if (pal_no(a, PAL_NO_CLUSTER_NAME, !is_name(e->meta.name)) ||
        pal_no_text(a, PAL_NO_CLUSTER_POOLS, fault != NULL, fault) ||
        pal_no(a, PAL_NO_CLUSTER_DOMAIN, !e->spec.cloud.domain[0]) ||
        pal_no(a, PAL_NO_CLUSTER_ACCOUNT, !acc) ||
        pal_no(a, PAL_NO_ACCOUNT_UNBOUND, !g || g->state == PAL_DELETED) ||
        pal_no(a, PAL_NO_CLUSTER_NAME_USED, !name_is_free(a->p, e->meta.name)) ||
        pal_no(a, PAL_NO_CLUSTERS_FULL, a->p->n_clusters == PALETTE_CLUSTERS_MAX))
        return NULL;
    return g;
}

/* Everything that nobody chooses: all drawn from the seed. */
static void identity_make(struct pal_ask *a, struct pal_cluster *c)
{
    char token[80];

    pal_uid_make(a->p, c->uid);
    pal_uid_make(a->p, c->config_uid);
    snprintf(c->marker, sizeof(c->marker), "gp1.%.4s.%s", a->p->tenant_uid, c->uid);
    pal_token_make(a->p, token, sizeof(token));
    snprintf(c->join_token, sizeof(c->join_token), "jt-%.*s", 70, token + strlen("gpt-"));
    snprintf(c->endpoint.host, sizeof(c->endpoint.host), "%s-%s.%.180s", c->name,
             c->uid + strlen(c->uid) - 6, c->cloud.domain);
    c->endpoint.port = PAL_API_PORT;
}

/* POST /v1/spectroclusters/maas */
void pal_cluster_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct entity *e SCOPED(entity_free) = calloc(1, sizeof(*e));
    struct pal_labels labels = {.n = 0};
    struct pal_gateway *g;
    struct pal_cluster *c;

    if (!e)
        WRONG("out of memory");
    if (!entity_read(a, e))
        return;
    if (pal_no(a, PAL_NO_LABELS_FORM, e->meta.labels && !pal_labels_merge(&labels, e->meta.labels)))
        return;
    g = entity_check(a, e);
    if (!g)
        return;
    c = calloc(1, sizeof(*c));
    if (!c)
        WRONG("out of memory");
    a->p->clusters[a->p->n_clusters++] = a->cluster = c;
    pal_life_init(&c->life);
    text_copy(c->name, sizeof(c->name), e->meta.name);
    text_copy(c->account_uid, sizeof(c->account_uid), e->spec.account_uid);
    if (!http_header_get(&x->rq->headers, "ProjectUid", c->project, sizeof(c->project)))
        c->project[0] = '\0';
    c->gateway_i = pal_gateway_i(a->p, g);
    c->labels = labels;
    c->cloud = e->spec.cloud;
    c->n_pools = e->spec.n_pools;
    memcpy(c->pools, e->spec.pools, sizeof(c->pools));
    identity_make(a, c);
    pal_cluster_made(a, c);
    pal_answer_uid(a, c->uid);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* GET /v1/spectroclusters/{uid}: a deleted one is shown as Deleted, one deleted by force is gone.
 */
void pal_cluster(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, HTTP_BODY_MAX);
    pal_cluster_write(a, a->cluster, &body);
    pal_answer(a, 200, buf_text(&body));
}

/* GET /v1/spectroclusters/{uid}/status */
void pal_cluster_status(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, 256);
    buf_printf(&body, "{\"status\":{\"state\":\"%s\"}}", pal_life_shown(&a->cluster->life));
    pal_answer(a, 200, buf_text(&body));
}

/* GET /v1/dashboard/spectroclusters/{uid}/overview: where clients look for the health. */
void pal_cluster_overview(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_cluster *c = a->cluster;
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, KIB(4));
    buf_printf(&body, "{\"metadata\":{\"uid\":\"%s\",\"name\":\"%s\",\"labels\":", c->uid, c->name);
    pal_labels_write(&c->labels, &body);
    buf_printf(&body, "},\"status\":{\"state\":\"%s\",\"health\":{\"state\":\"%s\"}}}",
               pal_life_shown(&c->life), pal_health_name(c->health));
    pal_answer(a, 200, buf_text(&body));
}

/* --- deleting --------------------------------------------------------------------------------- */

/* DELETE /v1/spectroclusters/{uid}?forceDelete=true */
void pal_cluster_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pairs query = {0};
    struct pal_move m = {.kind = PAL_MOVE_DELETE, .now = x->ctx->now};
    const bool fine = pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0;

    if (fine && text_is(pairs_find(&query, "forceDelete"), "true"))
        m.kind = PAL_MOVE_FORCE;
    pairs_drop(&query);
    if (!pal_no(a, PAL_NO_QUERY_FORM, !fine) &&
        pal_cluster_ask(a, a->cluster, &m, "deleted by the user"))
        pal_answer(a, 204, NULL);
}

/* --- labels ----------------------------------------------------------------------------------- */

struct update {
    struct update_meta {
        char *labels;
    } meta;
};
static const struct jx_field update_meta_fields[] = {
    JX_RAW(struct update_meta, labels, "labels", 0, LABELS_JSON_MAX),
};
static const struct jx_field update_fields[] = {
    JX_OBJECT(struct update, meta, "metadata", JX_MUST, update_meta_fields),
};

/* Labels are no part of the gateway's item: whoever owns the cluster, its agent applies them. */
static void labels_change(struct pal_ask *a, bool replace)
{
    struct pal_cluster *c = a->cluster;
    struct pal_labels labels = {.n = 0};
    struct update u = {.meta = {.labels = NULL}};
    bool fine;

    if (!pal_body(a, update_fields, COUNTOF(update_fields), &u))
        return;
    if (!replace || !u.meta.labels)
        labels = c->labels;
    fine = !u.meta.labels || pal_labels_merge(&labels, u.meta.labels);
    jx_drop(update_fields, COUNTOF(update_fields), &u);
    if (pal_no(a, PAL_NO_LABELS_FORM, !fine))
        return;
    if (pal_no(a, PAL_NO_CHANGE_DELETING, pal_stage_row(c->life.stage)->absent))
        return;
    c->labels = labels;
    pal_assignment_changed(c, a->rp);
    pal_answer(a, 204, NULL);
}

/* PUT /v1/spectroclusters/{uid}/metadata */
void pal_labels_replace(const struct http_exchange *x)
{
    labels_change(pal_ask(x), true);
}

/* PATCH /v1/spectroclusters/{uid}/metadata: others stay. */
void pal_labels_update(const struct http_exchange *x)
{
    labels_change(pal_ask(x), false);
}
