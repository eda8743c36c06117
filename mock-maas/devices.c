/* devices/: things with a MAC address that MAAS does not deploy. They belong to who made them. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

/* The interface of something that is no machine. */
void maas_plain_nic_write(struct pyjson *j, const struct maas *m, const char *system_id,
                          const struct maas_nic_plain *nic, bool rack, const char *links)
{
    struct buf uri SCOPED(buf_drop) = {0};

    buf_init(&uri, 256);
    buf_printf(&uri, MAAS_API "nodes/%s/interfaces/%" PRId64 "/", system_id, nic->id);
    pyjson_open(j, NULL, '{');
    pyjson_word(j, "tags", "[]");
    pyjson_word(j, "product", "null");
    pyjson_word(j, "children", "[]");
    pyjson_text(j, "system_id", system_id);
    pyjson_word(j, "firmware_version", "null");
    pyjson_int(j, "effective_mtu", 1500);
    pyjson_word(j, "numa_node", rack ? "0" : "null");
    pyjson_word(j, "params", "{}");
    pyjson_bool(j, "link_connected", true);
    pyjson_word(j, "vendor", "null");
    pyjson_int(j, "id", nic->id);
    pyjson_text(j, "mac_address", nic->mac);
    pyjson_int(j, "sriov_max_vf", 0);
    pyjson_bool(j, "enabled", true);
    pyjson_word(j, "discovered", "null");
    maas_vlan_write(j, "vlan", m, nic->vlan);
    pyjson_int(j, "interface_speed", 0);
    pyjson_text(j, "name", nic->name);
    pyjson_word(j, "parents", "[]");
    pyjson_text(j, "type", "physical");
    pyjson_int(j, "link_speed", 0);
    pyjson_word(j, "links", links);
    pyjson_text(j, "resource_uri", buf_text(&uri));
    pyjson_close(j, '}');
}

static void device_write(struct pyjson *j, const struct maas *m, const struct maas_device *d)
{
    struct buf fqdn SCOPED(buf_drop) = {0};

    buf_init(&fqdn, KIB(1));
    buf_printf(&fqdn, "%s.%s", d->hostname, maas_domain_name(m, d->domain));
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "hostname", d->hostname);
    pyjson_text_or_null(j, "parent", d->parent);
    pyjson_text(j, "node_type_name", "Device");
    pyjson_word(j, "ip_addresses", "[]");
    pyjson_text(j, "system_id", d->system_id);
    pyjson_int(j, "node_type", MAAS_TYPE_DEVICE);
    maas_zone_write(j, "zone", m, d->zone);
    pyjson_word(j, "address_ttl", "null");
    pyjson_open(j, "interface_set", '[');
    for (size_t i = 0; i < d->n_nics; i++)
        maas_plain_nic_write(j, m, d->system_id, &d->nics[i], false, "[]");
    pyjson_close(j, ']');
    pyjson_word(j, "workload_annotations", "{}");
    pyjson_text_or_null(j, "owner", d->owner);
    pyjson_word(j, "tag_names", "[]");
    pyjson_text(j, "fqdn", buf_text(&fqdn));
    pyjson_word(j, "owner_data", "{}");
    for (size_t i = 0; i < m->n_domains; i++)
        if (m->domains[i].id == d->domain)
            maas_domain_write(j, "domain", m, i);
    pyjson_text(j, "description", d->description);
    maas_uri_write(j, "devices", d->system_id);
    pyjson_close(j, '}');
}

static bool may_view(const struct maas_ask *a, const struct maas_device *d)
{
    return a->user->superuser || !d->owner[0] || text_is(d->owner, a->user->name);
}

static bool is_wished(const struct maas_ask *a, const struct maas_device *d)
{
    const char *name = maas_asked(a, "hostname"), *id = maas_asked(a, "id");
    const char *mac = maas_asked(a, "mac_address");

    return (!name || text_is(name, d->hostname)) && (!id || text_is(id, d->system_id)) &&
           (!mac || (d->n_nics && text_is_nocase(mac, d->nics[0].mac)));
}

void maas_devices(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&doc);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->rest.n_devices; i++)
        if (may_view(a, &a->m->rest.devices[i]) && is_wished(a, &a->m->rest.devices[i]))
            device_write(j, a->m, &a->m->rest.devices[i]);
    pyjson_close(j, ']');
    maas_doc_answer(a, &doc, 200);
}

static void device_answer(struct maas_ask *a, const struct maas_device *d)
{
    struct maas_doc doc SCOPED(maas_doc_drop) = {.body = {0}};

    device_write(maas_doc_open(&doc), a->m, d);
    maas_doc_answer(a, &doc, 200);
}

/* NULL: answered. */
static struct maas_device *device_for(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);

    for (size_t i = 0; i < a->m->rest.n_devices; i++) {
        struct maas_device *d = &a->m->rest.devices[i];

        if (!text_is(d->system_id, http_var(x->vars, "system_id")))
            continue;
        if (may_view(a, d))
            return d;
        maas_raise_text(a, 403, "");
        return NULL;
    }
    maas_not_found(a, "Device");
    return NULL;
}

void maas_device(const struct http_exchange *x)
{
    const struct maas_device *d = device_for(x);

    if (d)
        device_answer(maas_ask(x), d);
}

static void nics_read(struct maas_ask *a, struct maas_complaints *c, struct maas_device *d)
{
    for (size_t i = 0; i < a->form.n; i++) {
        struct maas_nic_plain *nic = &d->nics[d->n_nics];
        const char *mac = a->form.at[i].value;
        struct buf name SCOPED(buf_drop) = {0};

        if (!text_is(a->form.at[i].name, "mac_addresses") || d->n_nics == MAAS_DEVICE_NICS)
            continue;
        if (!maas_mac_is(mac)) {
            maas_complain_as(c, "mac_addresses", "'%s' is not a valid MAC address.", mac);
            continue;
        }
        buf_init(&name, sizeof(nic->name) - 1);
        buf_printf(&name, "eth%zu", d->n_nics);
        text_copy(nic->name, sizeof(nic->name), buf_text(&name));
        text_copy(nic->mac, sizeof(nic->mac), mac);
        d->n_nics++;
    }
    if (d->n_nics == 0 && c->text.len == 0)
        maas_complain(c, "mac_addresses", "This field is required.");
}

static void device_read(struct maas_ask *a, struct maas_complaints *c, struct maas_device *d)
{
    const char *domain = maas_field(a, "domain"), *zone = maas_field(a, "zone");
    size_t i = domain && *domain ? maas_domain_find(a->m, domain) : a->m->n_domains;

    if (i < a->m->n_domains)
        d->domain = a->m->domains[i].id;
    else if (domain && *domain)
        maas_complain(c, "domain", "Unable to find domain.");
    for (i = 0; zone && i < a->m->n_zones; i++)
        if (text_is(a->m->zones[i].name, zone))
            d->zone = a->m->zones[i].id;
    if (maas_field_or(a, "hostname", "")[0])
        text_copy(d->hostname, sizeof(d->hostname), maas_field(a, "hostname"));
    text_copy(d->description, sizeof(d->description),
              maas_field_or(a, "description", d->description));
    text_copy(d->parent, sizeof(d->parent), maas_field_or(a, "parent", d->parent));
}

void maas_device_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    struct maas_device d = {.domain = a->m->default_domain, .zone = a->m->zones[0].id};

    nics_read(a, &c, &d);
    device_read(a, &c, &d);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    if (a->m->rest.n_devices == MAAS_DEVICES_MAX) {
        maas_no_place(a);
        return;
    }
    maas_system_id_make(a->m, d.system_id);
    if (!d.hostname[0])
        text_copy(d.hostname, sizeof(d.hostname), d.system_id);
    text_copy(d.owner, sizeof(d.owner), a->user->name);
    for (size_t i = 0; i < d.n_nics; i++)
        d.nics[i].id = maas_nic_number(a->m);
    a->m->rest.devices[a->m->rest.n_devices++] = d;
    device_answer(a, &d);
}

void maas_device_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    struct maas_device *d = device_for(x), after;

    if (!d)
        return;
    after = *d;
    device_read(a, &c, &after);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    *d = after;
    device_answer(a, d);
}

void maas_device_delete(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_device *d = device_for(x);

    if (!d)
        return;
    m->rest.n_devices--;
    memmove(d, d + 1, (size_t)(&m->rest.devices[m->rest.n_devices] - d) * sizeof(*d));
    maas_done(maas_ask(x));
}
