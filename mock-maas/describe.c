/* describe/: the API in its own words, for clients that learn it from there. Made from the route
 * table, so that it cannot name what is not there; what a row lacks is its handler's name. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

/* Handlers as MAAS names them, with the parameters of their paths. */
static const struct handler {
    const char *path; /* of the route table */
    const char *name, *params[3];
} handlers[] = {
    {"version/", "VersionHandler", {NULL}},
    {"users/", "UsersHandler", {NULL}},
    {"users/{name}/", "UserHandler", {"username"}},
    {"account/", "AccountHandler", {NULL}},
    {"account/prefs/sshkeys/", "SSHKeysHandler", {NULL}},
    {"account/prefs/sshkeys/{id}/", "SSHKeyHandler", {"id"}},
    {"account/prefs/sslkeys/", "SSLKeysHandler", {NULL}},
    {"account/prefs/sslkeys/{id}/", "SSLKeyHandler", {"id"}},
    {"zones/", "ZonesHandler", {NULL}},
    {"zones/{name}/", "ZoneHandler", {"name"}},
    {"resourcepools/", "ResourcePoolsHandler", {NULL}},
    {"resourcepool/{id}/", "ResourcePoolHandler", {"id"}},
    {"tags/", "TagsHandler", {NULL}},
    {"tags/{name}/", "TagHandler", {"name"}},
    {"domains/", "DomainsHandler", {NULL}},
    {"domains/{id}/", "DomainHandler", {"id"}},
    {"dnsresources/", "DNSResourcesHandler", {NULL}},
    {"dnsresources/{id}/", "DNSResourceHandler", {"id"}},
    {"dnsresourcerecords/", "DNSResourceRecordsHandler", {NULL}},
    {"dnsresourcerecords/{id}/", "DNSResourceRecordHandler", {"id"}},
    {"fabrics/", "FabricsHandler", {NULL}},
    {"fabrics/{fabric}/", "FabricHandler", {"id"}},
    {"fabrics/{fabric}/vlans/", "VlansHandler", {"fabric_id"}},
    {"fabrics/{fabric}/vlans/{vid}/", "VlanHandler", {"fabric_id", "vid"}},
    {"spaces/", "SpacesHandler", {NULL}},
    {"spaces/{space}/", "SpaceHandler", {"id"}},
    {"subnets/", "SubnetsHandler", {NULL}},
    {"subnets/{id}/", "SubnetHandler", {"id"}},
    {"ipranges/", "IPRangesHandler", {NULL}},
    {"ipranges/{id}/", "IPRangeHandler", {"id"}},
    {"ipaddresses/", "IPAddressesHandler", {NULL}},
    {"reservedips/", "ReservedIpsHandler", {NULL}},
    {"reservedips/{id}/", "ReservedIpHandler", {"id"}},
    {"boot-resources/", "BootResourcesHandler", {NULL}},
    {"boot-resources/{id}/", "BootResourceHandler", {"id"}},
    {"boot-sources/", "BootSourcesHandler", {NULL}},
    {"boot-sources/{id}/", "BootSourceHandler", {"id"}},
    {"boot-sources/{id}/selections/", "BootSourceSelectionsHandler", {"boot_source_id"}},
    {"boot-sources/{id}/selections/{selection}/",
     "BootSourceSelectionHandler",
     {"boot_source_id", "id"}},
    {"maas/", "MaasHandler", {NULL}},
    {"events/", "EventsHandler", {NULL}},
    {"machines/", "MachinesHandler", {NULL}},
    {"machines/{system_id}/", "MachineHandler", {"system_id"}},
    {"nodes/", "NodesHandler", {NULL}},
    {"nodes/{system_id}/", "NodeHandler", {"system_id"}},
    {"nodes/{system_id}/interfaces/", "InterfacesHandler", {"system_id"}},
    {"nodes/{system_id}/interfaces/{id}/", "InterfaceHandler", {"system_id", "id"}},
    {"nodes/{system_id}/blockdevices/", "BlockDevicesHandler", {"system_id"}},
    {"nodes/{system_id}/blockdevices/{id}/", "BlockDeviceHandler", {"system_id", "id"}},
    {"nodes/{system_id}/results/", "NodeScriptResultsHandler", {"system_id"}},
    {"installation-results/", "NodeResultsHandler", {NULL}},
    {"devices/", "DevicesHandler", {NULL}},
    {"devices/{system_id}/", "DeviceHandler", {"system_id"}},
    {"files/", "FilesHandler", {NULL}},
    {"files/{name}/", "FileHandler", {"filename"}},
    {"rackcontrollers/", "RackControllersHandler", {NULL}},
    {"rackcontrollers/{system_id}/", "RackControllerHandler", {"system_id"}},
    {"regioncontrollers/", "RegionControllersHandler", {NULL}},
    {"regioncontrollers/{system_id}/", "RegionControllerHandler", {"system_id"}},
    {"vm-hosts/", "VmHostsHandler", {NULL}},
    {"vm-hosts/{id}/", "VmHostHandler", {"id"}},
    {"pods/", "PodsHandler", {NULL}},
    {"pods/{id}/", "PodHandler", {"id"}},
    {"static-routes/", "StaticRoutesHandler", {NULL}},
    {"static-routes/{id}/", "StaticRouteHandler", {"id"}},
    {"discovery/", "DiscoveriesHandler", {NULL}},
    {"notifications/", "NotificationsHandler", {NULL}},
    {"notifications/{id}/", "NotificationHandler", {"id"}},
    {"package-repositories/", "PackageRepositoriesHandler", {NULL}},
    {"package-repositories/{id}/", "PackageRepositoryHandler", {"id"}},
    {"license-keys/", "LicenseKeysHandler", {NULL}},
    {"dhcp-snippets/", "DHCPSnippetsHandler", {NULL}},
};

static const char *verb_name(const char *method)
{
    static const char *const verbs[][2] = {
        {"GET", "read"}, {"POST", "create"}, {"PUT", "update"}, {"DELETE", "delete"}};

    for (size_t i = 0; i < COUNTOF(verbs); i++)
        if (text_is(verbs[i][0], method))
            return verbs[i][1];
    return method;
}

static void actions_write(struct pyjson *j, const struct maas *m, const char *path, bool anybody)
{
    const struct http_route *routes;
    const size_t n = maas_routes(&routes);

    pyjson_open(j, "actions", '[');
    for (size_t i = 0; i < n; i++) {
        if (!text_begins(routes[i].path, MAAS_API) ||
            !text_is(routes[i].path + strlen(MAAS_API), path) ||
            (anybody && !(routes[i].flags & MAAS_ANYBODY)) ||
            ((routes[i].flags & MAAS_ONLY_37) && !maas_is_37(m)))
            continue;
        pyjson_open(j, NULL, '{');
        pyjson_text(j, "name", routes[i].op ? routes[i].op : verb_name(routes[i].method));
        pyjson_text(j, "method", routes[i].method);
        pyjson_text_or_null(j, "op", routes[i].op ? routes[i].op : "");
        pyjson_bool(j, "restful", !routes[i].op);
        pyjson_text(j, "doc", routes[i].name);
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
}

/* The row's path with MAAS's names for its parameters. */
static void path_write(const struct handler *h, struct buf *out)
{
    size_t n = 0;

    for (const char *p = h->path; *p; p++) {
        buf_char_add(out, *p);
        if (*p != '{')
            continue;
        buf_printf(out, "%s}", h->params[n++]);
        p = strchr(p, '}');
    }
}

static void side_write(struct pyjson *j, struct maas_ask *a, const struct handler *h,
                       const char *name, bool anybody)
{
    struct buf path SCOPED(buf_drop) = {0}, uri SCOPED(buf_drop) = {0};

    buf_init(&path, KIB(1));
    buf_init(&uri, KIB(2));
    path_write(h, &path);
    buf_printf(&uri, "%s://%s" MAAS_API "%s", a->ctx->scheme, a->ctx->authority, buf_text(&path));
    buf_clear(&path);
    buf_text_add(&path, MAAS_API);
    path_write(h, &path);
    pyjson_open(j, name, '{');
    actions_write(j, a->m, h->path, anybody);
    pyjson_text(j, "doc", "");
    pyjson_text(j, "name", h->name);
    pyjson_open(j, "params", '[');
    for (size_t i = 0; i < COUNTOF(h->params) && h->params[i]; i++)
        pyjson_text(j, NULL, h->params[i]);
    pyjson_close(j, ']');
    pyjson_text(j, "path", buf_text(&path));
    pyjson_text(j, "uri", buf_text(&uri));
    pyjson_close(j, '}');
}

static bool anybody_may(const char *path)
{
    const struct http_route *routes;
    const size_t n = maas_routes(&routes);

    for (size_t i = 0; i < n; i++)
        if ((routes[i].flags & MAAS_ANYBODY) && text_begins(routes[i].path, MAAS_API) &&
            text_is(routes[i].path + strlen(MAAS_API), path))
            return true;
    return false;
}

void maas_describe(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    char hash[64] = "";

    pyjson_open(j, NULL, '{');
    pyjson_text(j, "doc", "MAAS API");
    maas_return(a, 200, "application/json", "");
    http_header_get(&a->rp->headers, "X-Maas-Api-Hash", hash, sizeof(hash));
    pyjson_text(j, "hash", hash);
    pyjson_open(j, "resources", '[');
    for (size_t i = 0; i < COUNTOF(handlers); i++) {
        if (text_begins(handlers[i].path, "reservedips/") && !maas_is_37(a->m))
            continue;
        pyjson_open(j, NULL, '{');
        if (anybody_may(handlers[i].path))
            side_write(j, a, &handlers[i], "anon", true);
        else
            pyjson_word(j, "anon", "null");
        side_write(j, a, &handlers[i], "auth", false);
        pyjson_text(j, "name", handlers[i].name);
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
    pyjson_close(j, '}');
    maas_return(a, 200, "application/json", buf_text(&d.body));
}
