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
    {"GET",    "/v1/overlords/pairing/code",                     NULL, pal_pairing_code,       "pairing-code",    USER},
    {"GET",    "/v1/overlords",                                  NULL, pal_overlords,          "overlords",       USER},
    {"GET",    "/v1/overlords/{uid}",                            NULL, pal_overlord,           "overlord",        USER | OWN},
    {"DELETE", "/v1/overlords/{uid}",                            NULL, pal_overlord_delete,    "overlord-delete", USER},
    {"POST",   "/v1/overlords/maas/{uid}/account",               NULL, pal_own_account_create, "account-create",  USER | OWN},
    {"PUT",    "/v1/overlords/maas/{uid}/account",               NULL, pal_own_account_update, "account-update",  USER | OWN},
    {"POST",   "/v1/overlords/maas/{uid}/account/validate",      NULL, pal_validate,           "validate",        USER},
    /* clients send this when no gateway is bound: the empty segment is meant */
    {"POST",   "/v1/overlords/maas//account/validate",           NULL, pal_validate_unbound,   "validate",        USER},
    {"GET",    "/v1/cloudaccounts/maas",                         NULL, pal_accounts,           "accounts",        USER},
    {"POST",   "/v1/cloudaccounts/maas",                         NULL, pal_account_create,     "account-create",  USER},
    {"GET",    "/v1/cloudaccounts/maas/{uid}",                   NULL, pal_account,            "account",         USER},
    {"PUT",    "/v1/cloudaccounts/maas/{uid}",                   NULL, pal_account_update,     "account-update",  USER},
    {"DELETE", "/v1/cloudaccounts/maas/{uid}",                   NULL, pal_account_delete,     "account-delete",  USER},
    {"GET",    "/v1/cloudaccounts/maas/{uid}/properties/{kind}", NULL, pal_properties,         "properties",      USER},
    {"POST",   "/v1/spectroclusters/maas",                       NULL, pal_cluster_create,     "cluster-create",  USER},
    {"GET",    "/v1/spectroclusters/{uid}",                      NULL, pal_cluster,            "cluster",         READ},
    {"DELETE", "/v1/spectroclusters/{uid}",                      NULL, pal_cluster_delete,     "cluster-delete",  OURS},
    {"GET",    "/v1/spectroclusters/{uid}/status",               NULL, pal_cluster_status,     "cluster-status",  READ},
    {"PUT",    "/v1/spectroclusters/{uid}/metadata",             NULL, pal_labels_replace,     "labels",          OURS},
    {"PATCH",  "/v1/spectroclusters/{uid}/metadata",             NULL, pal_labels_update,      "labels",          OURS},
    {"GET",    "/v1/dashboard/spectroclusters/{uid}/overview",   NULL, pal_cluster_overview,   "overview",        OURS},
    {"GET",    "/v1/cloudconfigs/maas/{configUid}",              NULL, pal_config,             "config",          READ},
    {"POST",   POOLS,                                            NULL, pal_pool_create,        "pool-create",     OURS},
    {"PUT",    POOLS "/{pool}",                                  NULL, pal_pool_update,        "pool-update",     OURS},
    {"DELETE", POOLS "/{pool}",                                  NULL, pal_pool_delete,        "pool-delete",     OURS},
    {"GET",    POOLS "/{pool}/machines",                         NULL, pal_machines,           "machines",        READ},
    {"GET",    POOLS "/{pool}/machines/{machineUid}",            NULL, pal_machine,            "machine",         READ},
    /* the owner's of a cluster, public: its gateway's or its agent's */
    {"POST",   POOLS "/{pool}/machines",                         NULL, pal_machine_create,     "machine-post",    TELL},
    {"PUT",    POOLS "/{pool}/machines/{machineUid}",            NULL, pal_machine_update,     "machine-put",     TELL},
    {"DELETE", POOLS "/{pool}/machines/{machineUid}",            NULL, pal_machine_delete,     "machine-delete",  TELL},
    {"PATCH",  "/v1/spectroclusters/{uid}/status/conditions",    NULL, pal_conditions,         "report",          TELL},
    {"PUT",    "/v1/spectroclusters/{uid}/status/endpoints",     NULL, pal_endpoints,          "report",          TELL},
    {"POST",   "/v1/events/components",                          NULL, pal_events,             "report",          PAL_MAY_GATEWAY | PAL_MAY_AGENT},
    /* the agent's, public */
    {"GET",    "/v1/spectroclusters/{uid}/status/spcApply",      NULL, pal_spc_apply,          "spc-apply",       MINE},
    {"PATCH",  "/v1/spectroclusters/{uid}/status/spcApply/patchTime", NULL, pal_spc_applied,   "spc-applied",     MINE},
    /* the gateway's, public */
    {"POST",   "/v1/pcg/{uid}/register",                         NULL, pal_register,           "register",        OWN},
    {"PUT",    "/v1/spectroclusters/{uid}/heartbeat",            NULL, pal_beat,               "beat",            BEAT},
    /* the gateway's, extensions of the profile */
    {"POST",   "/v1/x-gp/pcg/{uid}/credential",                  NULL, pal_credential,         "renew",           PAL_MAY_ANYBODY},
    {"GET",    "/v1/x-gp/pcg/{uid}/feed",                        NULL, pal_feed,               "feed",            OWN},
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
