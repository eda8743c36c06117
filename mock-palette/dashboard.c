/* Clusters as the dashboard shows them: found by search, and one at a time with its health, which
 * is where clients look for it. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

/* --- v1SpectroClusterUidSummary --------------------------------------------------------------- */

static void meta_write(struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    buf_char_add(out, '{');
    pal_meta_write(a, c, c->name, c->uid, out);
    buf_char_add(out, ',');
}

static void account_write(const struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    const struct pal_account *acc = pal_account_find(a->p, c->account_uid);

    buf_char_add(out, '{');
    pal_member(out, "name", acc ? acc->name : "");
    buf_char_add(out, ',');
    pal_member(out, "uid", c->account_uid);
    buf_char_add(out, '}');
}

static void pools_write(const struct pal_cluster *c, struct buf *out)
{
    buf_printf(out, "{\"cloudType\":\"maas\",\"uid\":\"%s\",\"machinePools\":[", c->config_uid);
    for (size_t i = 0; i < c->n_pools; i++)
        buf_printf(out,
                   "%s{\"cloudType\":\"maas\",\"healthy\":0,\"isControlPlane\":%s,"
                   "\"maintenanceMode\":0,\"size\":%d}",
                   i ? "," : "", c->pools[i].control_plane ? "true" : "false",
                   (int)c->pools[i].size);
    buf_text_add(out, "]}");
}

static void health_write(const struct pal_cluster *c, struct buf *out)
{
    buf_text_add(out, "\"health\":{\"conditions\":[],");
    pal_member(out, "state", pal_health_name(c->health));
    buf_char_add(out, '}');
}

/* GET /v1/dashboard/spectroclusters/{uid} and …/overview: `status` is always there. */
void pal_cluster_overview(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_cluster *c = a->cluster;
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, MIB(1));
    meta_write(a, c, &body);
    buf_text_add(&body, "\"spec\":{\"cloudConfig\":");
    pools_write(c, &body);
    buf_text_add(&body, ",\"cloudaccount\":");
    account_write(a, c, &body);
    buf_text_add(&body, ",\"clusterProfileTemplates\":");
    pal_cluster_profiles_write(a, c, &body);
    buf_text_add(&body, "},\"status\":{");
    pal_member(&body, "state", pal_life_shown(&c->life));
    buf_char_add(&body, ',');
    health_write(c, &body);
    buf_text_add(&body, ",\"conditions\":[");
    pal_conditions_write(c, &body);
    buf_text_add(&body, "],\"apiEndpoints\":[");
    pal_endpoints_write(c, &body);
    buf_printf(&body,
               "],\"kubeMeta\":{\"hasKubeConfig\":%s,\"hasKubeConfigClient\":%s,"
               "\"hasManifest\":%s,\"kubernetesVersion\":\"\"},"
               "\"notifications\":{\"isAvailable\":false,"
               "\"isTemplateVariableResolutionPending\":false},\"packs\":[],\"services\":[]}}",
               c->assets[PAL_ASSET_KUBECONFIG] ? "true" : "false",
               c->assets[PAL_ASSET_CLIENT] ? "true" : "false",
               c->assets[PAL_ASSET_MANIFEST] ? "true" : "false");
    pal_answer_body(a, &body);
}

/* --- searching -------------------------------------------------------------------------------- */

/* "tags" of a client are labels here; environment is the kind of cloud, "nested" for virtual
 * clusters, of which there are none. */
static const struct pal_property properties[] = {
    {"clusterName", "metadata.name", "string", NULL},
    {"name", "metadata.name", "string", NULL},
    {"uid", "metadata.uid", "string", NULL},
    {"clusterState", "status.state", "string", NULL},
    {"healthState", "status.health.state", "string", NULL},
    {"environment", "specSummary.cloudConfig.cloudType", "string", NULL},
    {"cloudType", "specSummary.cloudConfig.cloudType", "string", NULL},
    {"cloudAccountName", "specSummary.cloudAccountMeta.name", "string", NULL},
    {"cloudAccountUid", "specSummary.cloudAccountMeta.uid", "string", NULL},
    {"projectUid", "specSummary.projectMeta.uid", "string", NULL},
    {"projectName", "specSummary.projectMeta.name", "string", NULL},
    {"isDeleted", "status.state", "bool", "Deleted"},
    {"tags", "metadata.labels", "keyValue", NULL},
    {"creationTimestamp", "metadata.creationTimestamp", "string", NULL},
    {"lastModifiedTimestamp", "metadata.creationTimestamp", "string", NULL},
};

/* v1SpectroClusterSummary */
static void summary_write(struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    const struct pal_doc *project =
        c->project[0] ? pal_doc_find(a, PAL_DOC_PROJECT, "", c->project) : NULL;

    meta_write(a, c, out);
    buf_text_add(out, "\"specSummary\":{\"cloudConfig\":");
    pools_write(c, out);
    buf_text_add(out, ",\"cloudAccountMeta\":");
    account_write(a, c, out);
    buf_text_add(out, ",\"clusterProfileTemplates\":");
    pal_cluster_profiles_write(a, c, out);
    buf_text_add(out, ",\"projectMeta\":{");
    pal_member(out, "name", project ? project->name : "");
    buf_char_add(out, ',');
    pal_member(out, "uid", c->project);
    buf_text_add(out, "}},\"status\":{");
    pal_member(out, "state", pal_life_shown(&c->life));
    buf_char_add(out, ',');
    health_write(c, out);
    buf_text_add(out, ",\"notifications\":{\"isAvailable\":false,"
                      "\"isTemplateVariableResolutionPending\":false}}}");
}

/* POST /v1/dashboard/spectroclusters/search: those that are gone only when they are asked for. */
void pal_clusters_search(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_list l SCOPED(pal_list_drop) = {.n = 0};
    struct pal_search *s SCOPED(pal_search_free) =
        pal_search_read(a, &l, properties, COUNTOF(properties));
    const bool gone_too = s && pal_search_names(s, "isDeleted");

    if (!s)
        return;
    for (size_t i = 0; i < a->p->n_clusters; i++) {
        const struct pal_cluster *c = a->p->clusters[i];

        if (!pal_project_sees(a, c->project) ||
            (!gone_too && text_is(pal_life_shown(&c->life), "Deleted")))
            continue;
        summary_write(a, c, &l.item);
        if (!pal_search_finds(s, buf_text(&l.item)))
            buf_clear(&l.item);
        pal_list_take(&l);
    }
    pal_list_answer(&l);
}

/* GET /v1/dashboard/spectroclusters/search/schema */
void pal_clusters_schema(const struct http_exchange *x)
{
    pal_schema_answer(pal_ask(x), properties, COUNTOF(properties));
}
