/* Which operations there are, and who may call them (profile GP-101; public API 4.8). */
#include "mock-palette/model.h"

#define USER  PAL_MAY_USER
#define OWN   (PAL_MAY_GATEWAY | PAL_OWN_UID)
#define SELF  (PAL_MAY_GATEWAY | PAL_OWN_SELF)
#define OURS  (PAL_MAY_USER | PAL_OF_CLUSTER) /* the user's, of one cluster */
#define READ  (PAL_MAY_USER | PAL_MAY_AGENT | PAL_OF_CLUSTER)
#define WORK  (PAL_MAY_GATEWAY | PAL_OF_CLUSTER)
#define TELL  (PAL_MAY_GATEWAY | PAL_MAY_AGENT | PAL_OF_CLUSTER) /* whoever owns the cluster */
#define MINE  (PAL_MAY_AGENT | PAL_OF_CLUSTER)
#define BEAT  (SELF | PAL_MAY_AGENT)
#define POOLS "/v1/cloudconfigs/maas/{configUid}/machinePools"

/* clang-format off */
static const struct http_route routes[] = {
    /* the user's, public */
    {"POST",    "/v1/auth/authenticate",                           NULL, pal_authenticate,       "login",            PAL_MAY_ANYBODY},
    {"GET",     "/v1/auth/refresh/{token}",                        NULL, pal_refresh,            "refresh",          PAL_MAY_ANYBODY},
    {"GET",     "/v1/users/meta",                                  NULL, pal_users_meta,         "users",            USER},
    {"GET",     "/v1/dashboard/projects/metadata",                 NULL, pal_projects_meta,      "projects",         USER},
    {"POST",    "/v1/projects",                                    NULL, pal_project_create,     "project-create",   USER},
    {"GET",     "/v1/projects/{uid}",                              NULL, pal_project,            "project",          USER},
    {"PUT",     "/v1/projects/{uid}",                              NULL, pal_project_update,     "project-update",   USER},
    {"DELETE",  "/v1/projects/{uid}",                              NULL, pal_project_delete,     "project-delete",   USER},
    {"GET",    "/v1/overlords/pairing/code",                     NULL, pal_pairing_code,       "pairing-code",    USER},
    {"GET",     "/v1/overlords/maas/manifest",                     NULL, pal_overlord_manifest,  "manifest",         USER},
    {"POST",    "/v1/overlords/migrate",                           NULL, pal_overlords_migrate,  "migrate",          USER},
    {"POST",    "/v1/overlords/vsphere/tenants/{tenantUid}/system", NULL, pal_system_create,      "system-gateway",   USER},
    {"GET",    "/v1/overlords",                                  NULL, pal_overlords,          "overlords",       USER},
    {"GET",    "/v1/overlords/{uid}",                            NULL, pal_overlord,           "overlord",        USER | OWN},
    {"DELETE", "/v1/overlords/{uid}",                            NULL, pal_overlord_delete,    "overlord-delete", USER},
    {"PUT",     "/v1/overlords/{uid}/metadata",                    NULL, pal_overlord_meta,      "overlord-meta",    USER},
    {"PUT",     "/v1/overlords/{uid}/reset",                       NULL, pal_overlord_reset,     "overlord-reset",   USER},
    {"POST",   "/v1/overlords/maas/{uid}/account",               NULL, pal_own_account_create, "account-create",  USER | OWN},
    {"PUT",    "/v1/overlords/maas/{uid}/account",               NULL, pal_own_account_update, "account-update",  USER | OWN},
    {"POST",   "/v1/overlords/maas/{uid}/account/validate",      NULL, pal_validate,           "validate",        USER},
    /* clients send this when no gateway is bound: the empty segment is meant */
    {"POST",   "/v1/overlords/maas//account/validate",           NULL, pal_validate_unbound,   "validate",        USER},
    {"POST",    "/v1/overlords/maas/{uid}/cloudconfig",            NULL, pal_pcg_config_create,  "pcg-config",       USER},
    {"PUT",     "/v1/overlords/maas/{uid}/cloudconfig",            NULL, pal_pcg_config_update,  "pcg-config",       USER},
    {"GET",     "/v1/overlords/maas/{uid}/clusterprofile",         NULL, pal_pcg_profile,        "pcg-profile",      USER},
    {"GET",     "/v1/overlords/maas/{uid}/pools",                  NULL, pal_ip_pools,           "ip-pools",         USER},
    {"POST",    "/v1/overlords/maas/{uid}/pools",                  NULL, pal_ip_pool_create,     "ip-pool-create",   USER},
    {"PUT",     "/v1/overlords/maas/{uid}/pools/{poolUid}",        NULL, pal_ip_pool_update,     "ip-pool-update",   USER},
    {"DELETE",  "/v1/overlords/maas/{uid}/pools/{poolUid}",        NULL, pal_ip_pool_delete,     "ip-pool-delete",   USER},
    {"POST",    "/v1/dashboard/pcgs/search",                       NULL, pal_overlords_search,   "overlords-search", USER},
    {"GET",     "/v1/dashboard/pcgs/search/schema",                NULL, pal_overlords_schema,   "search-schema",    USER},
    {"POST",    "/v1/pcg/selfHosted",                              NULL, pal_pcg_self_hosted,    "pcg-self-hosted",  USER},
    {"GET",     "/v1/pcg/{uid}/services/{service}/manifest",       NULL, pal_service_manifest,   "service-manifest", USER | OWN},
    {"GET",    "/v1/cloudaccounts/maas",                         NULL, pal_accounts,           "accounts",        USER},
    {"POST",   "/v1/cloudaccounts/maas",                         NULL, pal_account_create,     "account-create",  USER},
    {"GET",    "/v1/cloudaccounts/maas/{uid}",                   NULL, pal_account,            "account",         USER},
    {"PUT",    "/v1/cloudaccounts/maas/{uid}",                   NULL, pal_account_update,     "account-update",  USER},
    {"PATCH",   "/v1/cloudaccounts/maas/{uid}",                    NULL, pal_account_patch,      "account-update",   USER},
    {"DELETE", "/v1/cloudaccounts/maas/{uid}",                   NULL, pal_account_delete,     "account-delete",  USER},
    {"GET",    "/v1/cloudaccounts/maas/{uid}/properties/{kind}", NULL, pal_properties,         "properties",      USER},
    {"GET",     "/v1/cloudaccounts/summary",                       NULL, pal_accounts_summary,   "accounts-summary", USER},
    {"POST",    "/v1/clouds/maas/account/validate",                NULL, pal_validate_direct,    "validate",         USER},
    {"GET",     "/v1/clouds/maas/{kind}",                          NULL, pal_cloud_properties,   "properties",       USER},
    {"POST",    "/v1/clusterprofiles",                             NULL, pal_profile_create,     "profile-create",   USER},
    {"GET",     "/v1/clusterprofiles/{uid}",                       NULL, pal_profile,            "profile",          USER},
    {"PUT",     "/v1/clusterprofiles/{uid}",                       NULL, pal_profile_update,     "profile-update",   USER},
    {"DELETE",  "/v1/clusterprofiles/{uid}",                       NULL, pal_profile_delete,     "profile-delete",   USER},
    {"GET",     "/v1/tenants/{tenantUid}/assets/certs",            NULL, pal_certs,              "certs",            USER},
    {"POST",    "/v1/tenants/{tenantUid}/assets/certs",            NULL, pal_cert_create,        "cert-create",      USER},
    {"GET",     "/v1/tenants/{tenantUid}/assets/certs/{certificateUid}", NULL, pal_cert,               "cert",             USER},
    {"PUT",     "/v1/tenants/{tenantUid}/assets/certs/{certificateUid}", NULL, pal_cert_update,        "cert-update",      USER},
    {"DELETE",  "/v1/tenants/{tenantUid}/assets/certs/{certificateUid}", NULL, pal_cert_delete,        "cert-delete",      USER},
    {"POST",   "/v1/spectroclusters/maas",                       NULL, pal_cluster_create,     "cluster-create",  USER},
    {"POST",    "/v1/spectroclusters/maas/validate",               NULL, pal_cluster_validate,   "cluster-validate", USER},
    {"POST",    "/v1/spectroclusters/maas/rate",                   NULL, pal_cluster_rate,       "cluster-rate",     USER},
    {"POST",    "/v1/dashboard/spectroclusters/search",            NULL, pal_clusters_search,    "clusters-search",  USER},
    {"GET",     "/v1/dashboard/spectroclusters/search/schema",     NULL, pal_clusters_schema,    "search-schema",    USER},
    {"GET",    "/v1/spectroclusters/{uid}",                      NULL, pal_cluster,            "cluster",         READ},
    {"DELETE", "/v1/spectroclusters/{uid}",                      NULL, pal_cluster_delete,     "cluster-delete",  OURS},
    {"GET",    "/v1/spectroclusters/{uid}/status",               NULL, pal_cluster_status,     "cluster-status",  READ},
    {"PUT",    "/v1/spectroclusters/{uid}/metadata",             NULL, pal_labels_replace,     "labels",          OURS},
    {"PATCH",  "/v1/spectroclusters/{uid}/metadata",             NULL, pal_labels_update,      "labels",          OURS},
    {"GET",    "/v1/dashboard/spectroclusters/{uid}/overview",   NULL, pal_cluster_overview,   "overview",        OURS},
    {"GET",     "/v1/dashboard/spectroclusters/{uid}",             NULL, pal_cluster_overview,   "overview",         OURS},
    {"GET",     "/v1/spectroclusters/{uid}/assets",                NULL, pal_assets,             "assets",           OURS},
    {"GET",     "/v1/spectroclusters/{uid}/assets/{asset}",        NULL, pal_asset,              "asset",            OURS},
    {"DELETE",  "/v1/spectroclusters/{uid}/assets/{asset}",        NULL, pal_asset_delete,       "asset-delete",     OURS},
    {"GET",     "/v1/spectroclusters/{uid}/features/backup",       NULL, pal_cluster_backup,     "backup",           OURS},
    {"GET",     "/v1/spectroclusters/{uid}/features/complianceScan", NULL, pal_cluster_scan,       "scan",             OURS},
    {"GET",     "/v1/spectroclusters/{uid}/config/rbacs",          NULL, pal_cluster_nothing,    "rbacs",            OURS},
    {"GET",     "/v1/spectroclusters/{uid}/config/namespaces",     NULL, pal_cluster_nothing,    "namespaces",       OURS},
    {"GET",     "/v1/events/components",                           NULL, pal_notes,              "events",           USER},
    {"GET",     "/v1/events/components/spectrocluster/{uid}",      NULL, pal_cluster_notes,      "events",           OURS},
    {"DELETE",  "/v1/events/components/spectrocluster/{uid}",      NULL, pal_cluster_notes_delete, "events-delete",    OURS},
    {"GET",    "/v1/cloudconfigs/maas/{configUid}",              NULL, pal_config,             "config",          READ},
    {"PUT",     "/v1/cloudconfigs/maas/{configUid}/clusterConfig", NULL, pal_config_put,         "config-update",    OURS},
    {"POST",   POOLS,                                            NULL, pal_pool_create,        "pool-create",     OURS},
    {"PUT",    POOLS "/{pool}",                                  NULL, pal_pool_update,        "pool-update",     OURS},
    {"DELETE", POOLS "/{pool}",                                  NULL, pal_pool_delete,        "pool-delete",     OURS},
    {"GET",    POOLS "/{pool}/machines",                         NULL, pal_machines,           "machines",        READ},
    {"GET",    POOLS "/{pool}/machines/{machineUid}",            NULL, pal_machine,            "machine",         READ},
    {"PUT",     POOLS "/{pool}/machines/{machineUid}/maintenance", NULL, pal_maintenance,        "maintenance",      OURS},
    /* the owner's of a cluster, public: its gateway's or its agent's */
    {"POST",   POOLS "/{pool}/machines",                         NULL, pal_machine_create,     "machine-post",    TELL},
    {"PUT",    POOLS "/{pool}/machines/{machineUid}",            NULL, pal_machine_update,     "machine-put",     TELL},
    {"DELETE", POOLS "/{pool}/machines/{machineUid}",            NULL, pal_machine_delete,     "machine-delete",  TELL},
    {"PATCH",  "/v1/spectroclusters/{uid}/status/conditions",    NULL, pal_conditions,         "report",          TELL},
    {"PUT",    "/v1/spectroclusters/{uid}/status/endpoints",     NULL, pal_endpoints,          "report",          TELL},
    {"POST",   "/v1/events/components",                          NULL, pal_events,             "report",          PAL_MAY_GATEWAY | PAL_MAY_AGENT},
    {"POST",    "/v1/events/components/bulk",                      NULL, pal_events_bulk,        "report",           PAL_MAY_GATEWAY | PAL_MAY_AGENT},
    /* the agent's, public */
    {"GET",    "/v1/spectroclusters/{uid}/status/spcApply",      NULL, pal_spc_apply,          "spc-apply",       MINE},
    {"PATCH",  "/v1/spectroclusters/{uid}/status/spcApply/patchTime", NULL, pal_spc_applied,   "spc-applied",     MINE},
    {"PUT",     "/v1/spectroclusters/{uid}/assets/{asset}",        NULL, pal_asset_put,          "asset-put",        MINE},
    {"POST",    "/v1/spectroclusters/{uid}/assets",                NULL, pal_assets_put,         "asset-put",        MINE},
    {"PUT",     POOLS "/{pool}/machines/{machineUid}/maintenance/status", NULL, pal_maintenance_status, "maintenance-status", MINE},
    /* the gateway's, public */
    {"POST",   "/v1/pcg/{uid}/register",                         NULL, pal_register,           "register",        OWN},
    {"PUT",    "/v1/spectroclusters/{uid}/heartbeat",            NULL, pal_beat,               "beat",            BEAT},
    /* the gateway's, extensions of the profile */
    {"POST",   "/v1/x-gp/pcg/{uid}/credential",                  NULL, pal_credential,         "renew",           PAL_MAY_ANYBODY},
    {"GET",    "/v1/x-gp/pcg/{uid}/feed",                        NULL, pal_feed,               "feed",            OWN},
    {"PUT",    "/v1/x-gp/pcg/{uid}/lease",                       NULL, pal_lease_put,          "lease",           OWN | PAL_NO_LEASE_NEEDED},
    {"DELETE", "/v1/x-gp/pcg/{uid}/lease",                       NULL, pal_lease_delete,       "lease-end",       OWN},
    {"POST",   "/v1/x-gp/pcg/{uid}/queries/{id}",                NULL, pal_query_answer,       "answer",          OWN},
    {"PUT",    "/v1/x-gp/clusters/{uid}/claim",                  NULL, pal_claim,              "claim",           WORK},
    {"POST",   "/v1/x-gp/clusters/{uid}/handover",               NULL, pal_handover,           "handover",        WORK},
    {"POST",   "/v1/x-gp/clusters/{uid}/released",               NULL, pal_released,           "released",        WORK},
    /* the agent's, extensions of the profile */
    {"POST",   "/v1/x-gp/agent/register",                        NULL, pal_agent_register,     "hello",           PAL_MAY_ANYBODY},
    {"GET",    "/v1/x-gp/agent/{uid}/assignment",                NULL, pal_assignment,         "assignment",      MINE},
    {"PUT",    "/v1/x-gp/agent/{uid}/quiesced",                  NULL, pal_quiesced,           "quiesced",        MINE | PAL_REVOKED_TOO},
};
/* clang-format on */

const char *palette_op(const struct http_request *rq)
{
    const struct http_route *found = NULL;
    struct http_vars vars;

    return http_route_find(routes, COUNTOF(routes), rq, &found, &vars) == HTTP_MATCHED ? found->name
                                                                                       : "unknown";
}

size_t palette_routes(const struct http_route **ret)
{
    *ret = routes;
    return COUNTOF(routes);
}
