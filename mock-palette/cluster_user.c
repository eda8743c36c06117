/* A user's clusters: made, read, labelled, deleted. What a user asks is accepted whether or not the
 * gateway is there (LIF-1, LIF-2); unknown fields are ignored and null is absent. */
#include "mock-palette/entity.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_JSON_MAX KIB(16)

/* --- creating --------------------------------------------------------------------------------- */

static bool name_is_free(const struct palette *p, const char *name)
{
    for (size_t i = 0; i < p->n_clusters; i++)
        if (p->clusters[i]->life.stage != PAL_STAGE_DELETED && !p->clusters[i]->life.forced &&
            text_is(p->clusters[i]->name, name))
            return false;
    return true;
}

static size_t most_clusters(const struct palette *p)
{
    return p->config.clusters > 0 ? p->config.clusters : PALETTE_CLUSTERS_MAX;
}

static bool profiles_are_known(const struct pal_ask *a, const struct pal_entity *e)
{
    for (size_t i = 0; i < e->spec.n_profiles; i++)
        if (!pal_doc_find(a, PAL_DOC_PROFILE, "", e->spec.profiles[i].uid))
            return false;
    return true;
}

/* The gateway that the account is bound to, when all is well; else it has been refused. */
static struct pal_gateway *entity_check(struct pal_ask *a, const struct pal_entity *e)
{
    const struct pal_account *acc = pal_account_find(a->p, e->spec.account_uid);
    struct pal_gateway *g = acc ? pal_gateway_find(a->p, acc->overlord) : NULL;
    const char *fault = pal_pools_fault(e->spec.pools, e->spec.n_pools, NULL);

    if (pal_no(a, PAL_NO_CLUSTER_NAME, !pal_is_name(e->meta.name)) ||
        pal_no_text(a, PAL_NO_CLUSTER_POOLS, fault != NULL, fault) ||
        pal_no(a, PAL_NO_CLUSTER_DOMAIN, !e->spec.cloud.domain[0]) ||
        pal_no(a, PAL_NO_CLUSTER_ACCOUNT, !acc || !pal_account_seen(a, acc)) ||
        pal_no(a, PAL_NO_PROFILE_UNKNOWN, !profiles_are_known(a, e)) ||
        pal_no(a, PAL_NO_ACCOUNT_UNBOUND, !g || g->state == PAL_DELETED) ||
        pal_no(a, PAL_NO_CLUSTER_NAME_USED, !name_is_free(a->p, e->meta.name)) ||
        pal_no(a, PAL_NO_CLUSTERS_FULL, a->p->n_clusters == most_clusters(a->p)))
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
    struct pal_entity *e SCOPED(pal_entity_free) = calloc(1, sizeof(*e));
    struct pal_labels labels = {.n = 0}, annotations = {.n = 0};
    struct pal_gateway *g;
    struct pal_cluster *c;

    if (!e)
        WRONG("out of memory");
    if (!pal_entity_read(a, e))
        return;
    if (pal_no(
            a, PAL_NO_LABELS_FORM,
            (e->meta.labels && !pal_labels_merge(&labels, e->meta.labels)) ||
                (e->meta.annotations && !pal_annotations_merge(&annotations, e->meta.annotations))))
        return;
    g = entity_check(a, e);
    if (!g)
        return;
    c = calloc(1, sizeof(*c));
    if (!c)
        WRONG("out of memory");
    c->i = a->p->n_clusters;
    a->p->clusters = pal_grow(a->p->clusters, a->p->n_clusters, sizeof(struct pal_cluster *));
    a->p->clusters[a->p->n_clusters++] = a->cluster = c;
    pal_life_init(&c->life);
    text_copy(c->name, sizeof(c->name), e->meta.name);
    text_copy(c->account_uid, sizeof(c->account_uid), e->spec.account_uid);
    text_copy(c->project, sizeof(c->project), a->project);
    c->gateway_i = pal_gateway_i(a->p, g);
    c->labels = labels;
    c->annotations = annotations;
    for (size_t i = 0; i < e->spec.n_profiles; i++)
        text_copy(c->profiles[c->n_profiles++], PAL_UID_MAX, e->spec.profiles[i].uid);
    c->cloud = e->spec.cloud;
    for (size_t i = 0; i < e->spec.n_pools; i++) {
        c->pools = pal_grow(c->pools, c->n_pools, sizeof(*c->pools));
        c->pools[c->n_pools++] = e->spec.pools[i];
    }
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
