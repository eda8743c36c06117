/* What a user does with a gateway besides pairing and deleting it: names it, resets it, moves its
 * clusters to another one, prepares its own cluster and its pools of addresses. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static struct pal_gateway *overlord_of(struct pal_ask *a)
{
    struct pal_gateway *g = pal_gateway_find(a->p, http_var(&a->vars, "uid"));

    if (pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !g || g->state == PAL_DELETED))
        return NULL;
    text_copy(a->uid, sizeof(a->uid), g->uid);
    return g;
}

/* --- PUT /v1/overlords/{uid}/metadata --------------------------------------------------------- */

void pal_overlord_meta(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    struct pal_gateway *g = overlord_of(a);

    if (!g || !pal_doc_read(a, &in) || pal_no(a, PAL_NO_SYSTEM_STAYS, g->system))
        return;
    if (in.meta.name[0])
        text_copy(g->name, sizeof(g->name), in.meta.name);
    pal_answer(a, 204, NULL);
}

/* --- POST /v1/overlords/migrate --------------------------------------------------------------- */

struct migration {
    char from[PAL_UID_MAX], to[PAL_UID_MAX];
};
static const struct jx_field migration_fields[] = {
    JX_TEXT_AS(struct migration, from, "sourceUid", JX_MUST),
    JX_TEXT_AS(struct migration, to, "targetUid", JX_MUST),
};

void pal_overlords_migrate(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct migration m = {.from = ""};
    struct pal_gateway *from, *to;

    if (!pal_body(a, migration_fields, COUNTOF(migration_fields), &m))
        return;
    from = pal_gateway_find(a->p, m.from);
    to = pal_gateway_find(a->p, m.to);
    if (pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !from || !to) ||
        pal_no(a, PAL_NO_MIGRATE_SELF, from == to) ||
        pal_no(a, PAL_NO_GATEWAY_NOT_RUNNING, to->state != PAL_RUNNING))
        return;
    text_copy(a->uid, sizeof(a->uid), to->uid);
    if (pal_gateway_migrate(a, from, to))
        pal_answer(a, 204, NULL);
}

/* --- installing ------------------------------------------------------------------------------- */

static void manifest_write(const struct pal_ask *a, const struct pal_gateway *g, struct buf *out)
{
    buf_printf(out,
               "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: overlord-config\n"
               "  namespace: jet-system\ndata:\n  overlordUid: \"%s\"\n  pairingCode: \"%s\"\n"
               "  endpoint: \"%s://%s\"\n",
               g->uid, g->code, a->ctx->scheme, a->ctx->authority);
}

/* GET /v1/overlords/maas/manifest?pairingCode= */
void pal_overlord_manifest(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pairs query = {0};
    struct buf text SCOPED(buf_drop) = {0}, body SCOPED(buf_drop) = {0};
    const struct pal_gateway *g = NULL;
    const char *code = NULL;

    if (pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0)
        code = pairs_find(&query, "pairingCode");
    for (size_t i = 0; i < a->p->n_gateways && code && *code; i++)
        if (text_is(a->p->gateways[i].code, code) && a->p->gateways[i].state != PAL_DELETED)
            g = &a->p->gateways[i];
    pairs_drop(&query);
    if (pal_no(a, PAL_NO_CODE_UNKNOWN, !g))
        return;
    text_copy(a->uid, sizeof(a->uid), g->uid);
    buf_init(&text, KIB(4));
    manifest_write(a, g, &text);
    buf_init(&body, KIB(8));
    buf_text_add(&body, "{\"manifest\":");
    jx_write_text(&body, buf_text(&text));
    buf_char_add(&body, '}');
    pal_answer_body(a, &body);
}

/* GET /v1/pcg/{uid}/services/{service}/manifest: what an installer applies. */
void pal_service_manifest(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const char *service = http_var(x->vars, "service");
    const struct pal_gateway *g = overlord_of(a);
    struct buf text SCOPED(buf_drop) = {0};

    if (!g ||
        pal_no(a, PAL_NO_SERVICE_UNKNOWN, !text_is(service, "jet") && !text_is(service, "ally")))
        return;
    buf_init(&text, KIB(4));
    manifest_write(a, g, &text);
    http_reply_text(a->rp, 200, "application/octet-stream", buf_text(&text));
}

struct self_hosted {
    char cloud[32], name[PAL_NAME_MAX];
};
static const struct jx_field self_hosted_fields[] = {
    JX_TEXT_AS(struct self_hosted, cloud, "cloudType", 0),
    JX_TEXT(struct self_hosted, name, 0),
};

/* POST /v1/pcg/selfHosted: a gateway on a cluster that is there already; Pending until it calls. */
void pal_pcg_self_hosted(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct self_hosted in = {.name = ""};
    struct buf body SCOPED(buf_drop) = {0};
    struct pal_gateway *g;

    if (!pal_body(a, self_hosted_fields, COUNTOF(self_hosted_fields), &in) ||
        pal_no(a, PAL_NO_CLOUD_TYPE, !text_is(in.cloud, "maas")))
        return;
    g = pal_gateway_make(a, in.name);
    if (!g)
        return;
    g->on_cluster = true;
    buf_init(&body, KIB(4));
    buf_printf(&body,
               "{\"kubectlCommands\":[\"kubectl apply -f %s://%s/v1/pcg/%s/services/jet/manifest"
               "\"],\"overlordUid\":\"%s\"}",
               a->ctx->scheme, a->ctx->authority, g->uid, g->uid);
    pal_answer_body(a, &body);
    http_header_add(&a->rp->headers, "X-Gp-Pcg-Uid", g->uid);
}

/* --- PUT /v1/overlords/{uid}/reset ------------------------------------------------------------ */

/* Its resources are its own no more and it is Pending until it registers again, with the same code
 * from whomever. Clusters keep their reference. */
void pal_overlord_reset(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = overlord_of(a);

    if (!g || pal_no(a, PAL_NO_SYSTEM_STAYS, g->system))
        return;
    pal_gateway_reset(a->p, g, a->ctx->now, a->rp);
    for (size_t i = 0; i < a->p->n_accounts; i++)
        if (a->p->accounts[i].uid[0] && text_is(a->p->accounts[i].overlord, g->uid))
            a->p->accounts[i].overlord[0] = '\0';
    g->account_uid[0] = '\0';
    pal_answer(a, 200, "{\"msg\":\"The private gateway was reset.\"}");
}

/* --- the gateway's own cluster ---------------------------------------------------------------- */

struct pcg_config {
    int64_t size;
    struct pcg_cloud {
        char domain[PAL_NAME_MAX];
    } cloud;
};
static const struct jx_field pcg_cloud_fields[] = {
    JX_TEXT(struct pcg_cloud, domain, JX_MUST),
};
static const struct jx_field pcg_config_fields[] = {
    JX_INT(struct pcg_config, size, "size", 0, 0, 100),
    JX_OBJECT(struct pcg_config, cloud, "clusterConfig", JX_MUST, pcg_cloud_fields),
};

/* One machine or three, and never fewer than before: what it keeps must stay in a majority. */
static bool pcg_config_read(struct pal_ask *a, const struct pal_doc *old, struct pal_doc_in *ret)
{
    struct pcg_config c = {.size = 1};
    char before[16];

    if (!pal_body(a, pcg_config_fields, COUNTOF(pcg_config_fields), &c))
        return false;
    pal_item_value(old ? old->spec : "{}", "size", before, sizeof(before));
    if (pal_no(a, PAL_NO_PCG_SIZE,
               (c.size != 1 && c.size != 3) || (c.size == 1 && text_is(before, "3"))))
        return false;
    ret->spec = strdup(buf_text(&a->rq->body));
    text_copy(ret->meta.name, sizeof(ret->meta.name), "pcg");
    return true;
}

/* POST /v1/overlords/maas/{uid}/cloudconfig */
void pal_pcg_config_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    const struct pal_gateway *g = overlord_of(a);
    const struct pal_doc *d;

    if (!g || !pcg_config_read(a, NULL, &in))
        return;
    d = pal_doc_make(a, PAL_DOC_PCG_CONFIG, g->uid, &in);
    if (d)
        pal_answer_uid(a, d->uid);
}

/* PUT /v1/overlords/maas/{uid}/cloudconfig */
void pal_pcg_config_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    const struct pal_gateway *g = overlord_of(a);
    struct pal_doc *d = g ? pal_doc_next(a, PAL_DOC_PCG_CONFIG, g->uid, NULL) : NULL;

    if (!g || pal_no(a, PAL_NO_DOCUMENT_UNKNOWN, !d) || !pcg_config_read(a, d, &in))
        return;
    pal_doc_change(d, &in);
    pal_answer(a, 204, NULL);
}

/* GET /v1/overlords/maas/{uid}/clusterprofile: what the gateway's own cluster is made of. */
void pal_pcg_profile(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_gateway *g = overlord_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!g)
        return;
    buf_init(&body, KIB(4));
    buf_text_add(&body, "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"ClusterProfile\","
                        "\"metadata\":{\"name\":\"private-cloud-gateway\",");
    pal_member(&body, "uid", g->self_uid);
    buf_text_add(&body, ",\"annotations\":{},\"labels\":{}},\"spec\":{\"published\":{\"cloudType\":"
                        "\"maas\",\"type\":\"system\",\"packs\":[]},\"version\":\"1.0.0\"},"
                        "\"status\":{\"hasUserMacros\":false,\"isPublished\":true}}");
    pal_answer_body(a, &body);
}

/* --- searching -------------------------------------------------------------------------------- */

static const struct pal_property properties[] = {
    {"name", "metadata.name", "string", NULL},
    {"pcgName", "metadata.name", "string", NULL},
    {"state", "status.state", "string", NULL},
    {"healthState", "status.health.state", "string", NULL},
    {"tags", "metadata.labels", "keyValue", NULL},
};

/* POST /v1/dashboard/pcgs/search */
void pal_overlords_search(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_list l SCOPED(pal_list_drop) = {.n = 0};
    struct pal_search *s SCOPED(pal_search_free) =
        pal_search_read(a, &l, properties, COUNTOF(properties));

    if (!s)
        return;
    for (size_t i = 0; i < a->p->n_gateways; i++) {
        const struct pal_gateway *g = &a->p->gateways[i];

        if (g->state == PAL_DELETED)
            continue;
        pal_overlord_write(a->p, g, &l.item);
        if (!pal_search_finds(s, buf_text(&l.item)))
            buf_clear(&l.item);
        pal_list_take(&l);
    }
    pal_list_answer(&l);
}

/* GET /v1/dashboard/pcgs/search/schema */
void pal_overlords_schema(const struct http_exchange *x)
{
    pal_schema_answer(pal_ask(x), properties, COUNTOF(properties));
}
