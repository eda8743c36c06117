/* The operations of API 2.0 that we know of. Verbs and ops that we do not model have rows too, so
 * that 405 and 400 come where MAAS gives them; an administrator gets 501 from those. */
#include "mock-maas/model.h"

#define API MAAS_API

/* clang-format off */
static const struct http_route routes[] = {
    {"GET",    API "version/",             NULL,             maas_version,     "version.read",         MAAS_ANYBODY},

    {"GET",    API "users/",               NULL,             maas_users,       "users.read",           0},
    {"GET",    API "users/",               "whoami",         maas_whoami,      "users.whoami",         0},
    {"POST",   API "users/",               NULL,             maas_unmodelled,  "users.create",         MAAS_ADMIN},
    {"GET",    API "users/{name}/",        NULL,             maas_user,        "users.read",           0},
    {"DELETE", API "users/{name}/",        NULL,             maas_unmodelled,  "users.delete",         MAAS_ADMIN},

    {"GET",    API "zones/",               NULL,             maas_zones,       "zones.read",           0},
    {"POST",   API "zones/",               NULL,             maas_zone_create, "zones.create",         MAAS_ADMIN},
    {"GET",    API "zones/{name}/",        NULL,             maas_zone,        "zones.read",           0},
    {"PUT",    API "zones/{name}/",        NULL,             maas_unmodelled,  "zones.update",         MAAS_ADMIN},
    {"DELETE", API "zones/{name}/",        NULL,             maas_unmodelled,  "zones.delete",         MAAS_ADMIN},

    {"GET",    API "resourcepools/",       NULL,             maas_pools,       "resourcepools.read",   0},
    {"POST",   API "resourcepools/",       NULL,             maas_pool_create, "resourcepools.create", MAAS_ADMIN_MUTE},
    {"GET",    API "resourcepool/{id}/",   NULL,             maas_pool,        "resourcepools.read",   0},
    {"PUT",    API "resourcepool/{id}/",   NULL,             maas_unmodelled,  "resourcepools.update", MAAS_ADMIN_MUTE},
    {"DELETE", API "resourcepool/{id}/",   NULL,             maas_unmodelled,  "resourcepools.delete", MAAS_ADMIN_MUTE},

    {"GET",    API "tags/",                NULL,             maas_tags,        "tags.read",            0},
    {"POST",   API "tags/",                NULL,             maas_tag_create,  "tags.create",          MAAS_ADMIN_MUTE},
    {"GET",    API "tags/{name}/",         NULL,             maas_tag,         "tags.read",            0},
    {"PUT",    API "tags/{name}/",         NULL,             maas_unmodelled,  "tags.update",          MAAS_ADMIN_MUTE},
    {"DELETE", API "tags/{name}/",         NULL,             maas_unmodelled,  "tags.delete",          MAAS_ADMIN_MUTE},
    {"GET",    API "tags/{name}/",         "machines",       maas_unmodelled,  "tags.machines",        0},
    {"GET",    API "tags/{name}/",         "nodes",          maas_unmodelled,  "tags.nodes",           0},
    {"POST",   API "tags/{name}/",         "update_nodes",   maas_unmodelled,  "tags.update_nodes",    MAAS_ADMIN_MUTE},
    {"POST",   API "tags/{name}/",         "rebuild",        maas_unmodelled,  "tags.rebuild",         MAAS_ADMIN_MUTE},

    {"GET",    API "domains/",             NULL,             maas_domains,     "domains.read",         0},
    {"POST",   API "domains/",             NULL,             maas_unmodelled,  "domains.create",       MAAS_ADMIN},
    {"GET",    API "domains/{id}/",        NULL,             maas_domain,      "domains.read",         0},
    {"PUT",    API "domains/{id}/",        NULL,             maas_unmodelled,  "domains.update",       MAAS_ADMIN_MUTE},
    {"DELETE", API "domains/{id}/",        NULL,             maas_unmodelled,  "domains.delete",       MAAS_ADMIN_MUTE},
    {"POST",   API "domains/{id}/",        "set_default",    maas_unmodelled,  "domains.set_default",  MAAS_ADMIN_MUTE},

    {"GET",    API "subnets/",             NULL,             maas_subnets,     "subnets.read",         0},
    {"POST",   API "subnets/",             NULL,             maas_unmodelled,  "subnets.create",       MAAS_ADMIN},
    {"GET",    API "subnets/{id}/",        NULL,             maas_subnet,      "subnets.read",         0},
    {"PUT",    API "subnets/{id}/",        NULL,             maas_unmodelled,  "subnets.update",       MAAS_ADMIN_MUTE},
    {"DELETE", API "subnets/{id}/",        NULL,             maas_unmodelled,  "subnets.delete",       MAAS_ADMIN_MUTE},
    {"GET",    API "subnets/{id}/",        "statistics",     maas_unmodelled,  "subnets.statistics",   0},
};
/* clang-format on */

size_t maas_routes(const struct http_route **ret)
{
    *ret = routes;
    return COUNTOF(routes);
}
