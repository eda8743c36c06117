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

    {"GET",    API "machines/",            NULL,             maas_machines,    "machines.read",        MAAS_TWIN},
    {"POST",   API "machines/",            NULL,             maas_unmodelled,  "machines.create",      0},
    {"GET",    API "machines/",            "list_allocated", maas_machines_allocated, "machines.list-allocated", 0},
    {"GET",    API "machines/",            "power_parameters", maas_unmodelled, "machines.power-parameters", MAAS_ADMIN},
    {"POST",   API "machines/",            "allocate",       maas_allocate,    "machines.allocate",    MAAS_TELLS | MAAS_TWIN},
    {"POST",   API "machines/",            "release",        maas_unmodelled,  "machines.release-many", MAAS_TELLS},
    {"POST",   API "machines/",            "accept",         maas_unmodelled,  "machines.accept",      0},
    {"POST",   API "machines/",            "accept_all",     maas_unmodelled,  "machines.accept-all",  0},
    {"POST",   API "machines/",            "clone",          maas_unmodelled,  "machines.clone",       0},
    {"POST",   API "machines/",            "set_zone",       maas_unmodelled,  "machines.set-zone",    0},
    {"GET",    API "machines/{system_id}/", NULL,            maas_machine,     "machines.read",        0},
    {"PUT",    API "machines/{system_id}/", NULL,            maas_admin_item,  "machines.update",      MAAS_TELLS},
    {"DELETE", API "machines/{system_id}/", NULL,            maas_admin_item,  "machines.delete",      0},
    {"POST",   API "machines/{system_id}/", "deploy",        maas_machine_deploy, "machines.deploy",   MAAS_TELLS},
    {"POST",   API "machines/{system_id}/", "release",       maas_machine_release, "machines.release", MAAS_TELLS},
    {"POST",   API "machines/{system_id}/", "set_workload_annotations", maas_annotate, "machines.annotate", MAAS_TELLS},
    {"POST",   API "machines/{system_id}/", "set_owner_data", maas_annotate,   "machines.annotate",    MAAS_TELLS},
    {"POST",   API "machines/{system_id}/", "power_on",      maas_machine_power_on, "machines.power-on", 0},
    {"POST",   API "machines/{system_id}/", "power_off",     maas_machine_power_off, "machines.power-off", 0},
    {"GET",    API "machines/{system_id}/", "query_power_state", maas_machine_power, "machines.power", 0},
    {"GET",    API "machines/{system_id}/", "power_parameters", maas_admin_item, "machines.power-parameters", 0},
    {"POST",   API "machines/{system_id}/", "commission",    maas_admin_item,  "machines.commission",  0},
    {"POST",   API "machines/{system_id}/", "test",          maas_admin_item,  "machines.test",        0},
    {"POST",   API "machines/{system_id}/", "mark_fixed",    maas_admin_item,  "machines.mark-fixed",  0},
    {"POST",   API "machines/{system_id}/", "rescue_mode",   maas_admin_item,  "machines.rescue",      0},
    {"POST",   API "machines/{system_id}/", "exit_rescue_mode", maas_admin_item, "machines.exit-rescue", 0},
    {"POST",   API "machines/{system_id}/", "mark_broken",   maas_machine_mark_broken,  "machines.mark-broken", 0},
    {"POST",   API "machines/{system_id}/", "abort",         maas_machine_abort,  "machines.abort",       0},
    {"POST",   API "machines/{system_id}/", "lock",          maas_machine_lock,  "machines.lock",        0},
    {"POST",   API "machines/{system_id}/", "unlock",        maas_machine_unlock,  "machines.unlock",      0},
    {"GET",    API "machines/{system_id}/", "details",       maas_machine_details,  "machines.details",     0},
    {"GET",    API "machines/{system_id}/", "get_curtin_config", maas_machine_curtin, "machines.curtin",   0},

    {"GET",    API "dnsresources/",        NULL,             maas_dns_list,    "dnsresources.read",    0},
    {"POST",   API "dnsresources/",        NULL,             maas_dns_create,  "dnsresources.create",  MAAS_ADMIN | MAAS_TELLS},
    {"GET",    API "dnsresources/{id}/",   NULL,             maas_dns_read,    "dnsresources.read",    0},
    {"PUT",    API "dnsresources/{id}/",   NULL,             maas_dns_update,  "dnsresources.update",  MAAS_TELLS},
    {"DELETE", API "dnsresources/{id}/",   NULL,             maas_dns_delete,  "dnsresources.delete",  0},

    {"GET",    API "boot-resources/",      NULL,             maas_images,      "boot-resources.read",  0},
    {"GET",    API "boot-resources/",      "is_importing",   maas_image_importing, "boot-resources.is-importing", 0},
    {"POST",   API "boot-resources/",      NULL,             maas_unmodelled,  "boot-resources.create", MAAS_ADMIN},
    {"POST",   API "boot-resources/",      "import",         maas_unmodelled,  "boot-resources.import", MAAS_ADMIN},
    {"POST",   API "boot-resources/",      "stop_import",    maas_unmodelled,  "boot-resources.stop-import", MAAS_ADMIN},
    {"GET",    API "boot-resources/{id}/", NULL,             maas_image,       "boot-resources.read",  0},
    {"DELETE", API "boot-resources/{id}/", NULL,             maas_unmodelled,  "boot-resources.delete", MAAS_ADMIN},

    {"GET",    "/MAAS/metadata/2012-03-01/by-id/{system_id}/user-data", NULL, maas_user_data, "metadata.user-data", MAAS_ANYBODY},
};
/* clang-format on */

size_t maas_routes(const struct http_route **ret)
{
    *ret = routes;
    return COUNTOF(routes);
}
