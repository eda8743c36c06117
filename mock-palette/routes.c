/* Which operations there are, and who may call them (profile GP-101; public API 4.8). */
#include "mock-palette/model.h"

#define USER PAL_MAY_USER
#define OWN  (PAL_MAY_GATEWAY | PAL_OWN_UID)
#define SELF (PAL_MAY_GATEWAY | PAL_OWN_SELF)

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
    /* the gateway's, public */
    {"POST",   "/v1/pcg/{uid}/register",                         NULL, pal_register,           "register",        OWN},
    {"PUT",    "/v1/spectroclusters/{uid}/heartbeat",            NULL, pal_beat,               "beat",            SELF},
    /* the gateway's, extensions of the profile */
    {"POST",   "/v1/x-gp/pcg/{uid}/credential",                  NULL, pal_credential,         "renew",           PAL_MAY_ANYBODY},
    {"GET",    "/v1/x-gp/pcg/{uid}/feed",                        NULL, pal_feed,               "feed",            OWN},
    {"POST",   "/v1/x-gp/pcg/{uid}/queries/{id}",                NULL, pal_query_answer,       "answer",          OWN},
};
/* clang-format on */

size_t palette_routes(const struct http_route **ret)
{
    *ret = routes;
    return COUNTOF(routes);
}
