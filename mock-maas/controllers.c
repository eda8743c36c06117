/* rackcontrollers/ and regioncontrollers/: this MAAS is region and rack in one. Only administrators
 * see them. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define BUILD_37 "3.7.3-18030-g.9122eee68"
#define BUILD_35 "3.5.12-16413-g.7fb94f378"

static const char *const services_37[] = {
    "temporal",    "ntp_region", "reverse_proxy", "syslog_region", "proxy", "temporal-worker",
    "bind9",       "regiond",    "ntp_rack",      "proxy_rack",    "rackd", "tftp",
    "syslog_rack", "dhcpd",      "http",          "dhcpd6",        "agent"};
static const char *const services_35[] = {
    "regiond",       "bind9",      "temporal-worker", "temporal", "reverse_proxy", "proxy",
    "syslog_region", "ntp_region", "dns_rack",        "tftp",     "agent",         "http",
    "syslog_rack",   "proxy_rack", "dhcpd6",          "dhcpd",    "ntp_rack",      "rackd"};

/* Its tests: none was ever run. */
static const char *const tests[] = {"network", "other", "storage", "cpu", "memory", "interface"};

struct maas_rack *maas_rack_add(struct maas *m, const struct maas_rack *rack)
{
    struct maas_rack *one = &m->rest.racks[m->rest.n_racks];

    if (m->rest.n_racks == MAAS_RACKS_MAX)
        return NULL;
    *one = *rack;
    m->rest.n_racks++;
    return one;
}

const struct maas_rack *maas_rack_find(const struct maas *m, const char *system_id)
{
    for (size_t i = 0; i < m->rest.n_racks; i++)
        if (*system_id && text_is(m->rest.racks[i].system_id, system_id))
            return &m->rest.racks[i];
    return NULL;
}

static const struct maas_used *address_of(const struct maas *m, const struct maas_rack *rack)
{
    for (size_t i = 0; i < m->net.n_used; i++)
        if (text_is(m->net.used[i].rack, rack->system_id))
            return &m->net.used[i];
    return NULL;
}

static void links_write(struct pyjson *j, const struct maas *m, const struct maas_used *u)
{
    const struct maas_subnet *s = u ? maas_subnet_of_ip(m, u->ip) : NULL;
    char ip[MAAS_IP_MAX];

    pyjson_open(j, "links", '[');
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "id", u ? u->id : m->net.next_used);
    pyjson_text(j, "mode", u ? "static" : "link_up");
    if (u) {
        maas_ip_write(u->ip, ip);
        pyjson_text(j, "ip_address", ip);
    }
    if (s)
        maas_subnet_write(j, "subnet", m, s);
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

void maas_rack_nic_write(struct pyjson *j, const struct maas *m, const struct maas_rack *rack)
{
    struct maas_doc links SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *k = maas_doc_open(&links);
    const char *list;

    k->depth = j->depth + 1;
    links_write(k, m, address_of(m, rack));
    list = strchr(buf_text(&links.body), '[');
    maas_plain_nic_write(j, m, rack->system_id, &rack->nic, true, list);
}

static void services_write(struct pyjson *j, const struct maas *m)
{
    const char *const *list = maas_is_37(m) ? services_37 : services_35;
    const size_t n = maas_is_37(m) ? COUNTOF(services_37) : COUNTOF(services_35);

    pyjson_open(j, "service_set", '[');
    for (size_t i = 0; i < n; i++) {
        pyjson_open(j, NULL, '{');
        pyjson_text(j, "name", list[i]);
        pyjson_text(j, "status", "unknown");
        pyjson_text(j, "status_info", "");
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
}

static void tests_write(struct pyjson *j)
{
    struct buf name SCOPED(buf_drop) = {0};

    buf_init(&name, 64);
    for (size_t i = 0; i < COUNTOF(tests); i++) {
        buf_clear(&name);
        buf_printf(&name, "%s_test_status", tests[i]);
        pyjson_int(j, buf_text(&name), -1);
        buf_text_add(&name, "_name");
        pyjson_text(j, buf_text(&name), "Unknown");
    }
    pyjson_int(j, "testing_status", -1);
    pyjson_text(j, "testing_status_name", "Unknown");
}

static void hardware_write(struct pyjson *j)
{
    pyjson_open(j, "hardware_info", '{');
    for (size_t i = 0; i < COUNTOF(maas_hardware_fields); i++)
        pyjson_text(j, maas_hardware_fields[i], "Unknown");
    pyjson_close(j, '}');
}

static void place_write(struct pyjson *j, const struct maas *m, const struct maas_rack *rack)
{
    const struct maas_used *u = address_of(m, rack);
    char ip[MAAS_IP_MAX];

    pyjson_open(j, "ip_addresses", '[');
    if (u) {
        maas_ip_write(u->ip, ip);
        pyjson_text(j, NULL, ip);
    }
    pyjson_close(j, ']');
    pyjson_open(j, "interface_set", '[');
    maas_rack_nic_write(j, m, rack);
    pyjson_close(j, ']');
    for (size_t i = 0; i < m->n_domains; i++)
        if (m->domains[i].id == m->default_domain)
            maas_domain_write(j, "domain", m, i);
    maas_zone_write(j, "zone", m, m->zones[0].id);
}

static void rack_write(struct pyjson *j, const struct maas *m, const struct maas_rack *rack,
                       const char *resource)
{
    struct buf fqdn SCOPED(buf_drop) = {0};

    buf_init(&fqdn, KIB(1));
    buf_printf(&fqdn, "%s.%s", rack->hostname, maas_domain_name(m, m->default_domain));
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "hostname", rack->hostname);
    pyjson_text(j, "system_id", rack->system_id);
    pyjson_text(j, "fqdn", buf_text(&fqdn));
    pyjson_int(j, "node_type", MAAS_TYPE_REGION_AND_RACK);
    pyjson_text(j, "node_type_name", "Region and rack controller");
    place_write(j, m, rack);
    if (text_is(resource, "rackcontrollers"))
        services_write(j, m);
    tests_write(j);
    hardware_write(j);
    pyjson_int(j, "commissioning_status", 0);
    pyjson_text(j, "commissioning_status_name", "Pending");
    pyjson_int(j, "current_commissioning_result_id", rack->commissioning);
    pyjson_word(j, "current_installation_result_id", "null");
    pyjson_word(j, "current_testing_result_id", "null");
    pyjson_text(j, "power_type", "");
    pyjson_text(j, "power_state", "unknown");
    pyjson_word(j, "tag_names", "[]");
    pyjson_int(j, "cpu_speed", 0);
    pyjson_int(j, "cpu_count", 0);
    pyjson_int(j, "memory", 0);
    pyjson_word(j, "architecture", "null");
    pyjson_word(j, "swap_size", "null");
    pyjson_word(j, "status_action", "null");
    pyjson_word(j, "hardware_uuid", "null");
    pyjson_text(j, "description", "");
    pyjson_text(j, "osystem", "");
    pyjson_text(j, "distro_series", "");
    pyjson_text(j, "version", maas_is_37(m) ? BUILD_37 : BUILD_35);
    maas_uri_write(j, resource, rack->system_id);
    pyjson_close(j, '}');
}

static const char *resource_of(const struct http_exchange *x)
{
    return strstr(x->route->path, "/rackcontrollers/") ? "rackcontrollers" : "regioncontrollers";
}

void maas_racks(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; a->user->superuser && i < a->m->rest.n_racks; i++)
        rack_write(j, a->m, &a->m->rest.racks[i], resource_of(x));
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

/* NULL: answered. */
static const struct maas_rack *rack_for(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_rack *rack = maas_rack_find(a->m, http_var(x->vars, "system_id"));

    if (!rack)
        maas_not_found(a, text_is(resource_of(x), "rackcontrollers") ? "RackController"
                                                                     : "RegionController");
    else if (!a->user->superuser)
        maas_raise_text(a, 403, "");
    else
        return rack;
    return NULL;
}

void maas_rack(const struct http_exchange *x)
{
    const struct maas_rack *rack = rack_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_doc_open(&d);
    if (!rack)
        return;
    rack_write(&d.j, maas_ask(x)->m, rack, resource_of(x));
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* The rack has every image the region has. */
void maas_rack_images(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    if (!rack_for(x))
        return;
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "status", "synced");
    pyjson_bool(j, "connected", true);
    pyjson_open(j, "images", '[');
    for (size_t i = 0; i < a->m->n_images; i++) {
        const char *arch = a->m->images[i].architecture;
        char head[32];

        text_copy_len(head, sizeof(head), arch, strcspn(arch, "/"));
        pyjson_open(j, NULL, '{');
        pyjson_text(j, "name", a->m->images[i].name);
        pyjson_text(j, "architecture", head);
        pyjson_open(j, "subarches", '[');
        pyjson_text(j, NULL, arch[strlen(head)] ? arch + strlen(head) + 1 : "generic");
        pyjson_close(j, ']');
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
    pyjson_close(j, '}');
    maas_doc_answer(a, &d, 200);
}

void maas_rack_import(const struct http_exchange *x)
{
    maas_return(maas_ask(x), 202, MAAS_PLAIN,
                "Import of boot images started on all rack controllers");
}
