/* What networks there are: adding, finding, showing. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define FIRST_VLAN_35 1
#define FIRST_VLAN_37 5001 /* 3.7 numbers them from here */

void maas_net_fresh(struct maas *m)
{
    struct maas_net *net = &m->net;

    net->n_fabrics = net->n_vlans = net->n_spaces = net->n_subnets = 0;
    net->n_ranges = net->n_used = net->n_reserved = 0;
    net->next_fabric = 0;
    net->next_vlan = maas_is_37(m) ? FIRST_VLAN_37 : FIRST_VLAN_35;
    net->next_space = net->next_subnet = net->next_range = net->next_used = net->next_reserved = 1;
}

int64_t maas_id_take(int64_t wish, int64_t *next)
{
    const int64_t id = wish == MAAS_NEXT_ID ? *next : wish;

    if (id >= *next)
        *next = id + 1;
    return id;
}

struct maas_fabric *maas_fabric_add(struct maas *m, const struct maas_fabric *fabric, int64_t vlan)
{
    struct maas_fabric *one = &m->net.fabrics[m->net.n_fabrics];
    struct buf name SCOPED(buf_drop) = {0};

    if (m->net.n_fabrics == MAAS_FABRICS_MAX || m->net.n_vlans == MAAS_VLANS_MAX)
        return NULL;
    *one = *fabric;
    one->id = maas_id_take(fabric->id, &m->net.next_fabric);
    buf_init(&name, 64);
    buf_printf(&name, "fabric-%lld", (long long)one->id);
    if (!one->name[0])
        text_copy(one->name, sizeof(one->name), buf_text(&name));
    m->net.n_fabrics++;
    if (vlan != 0)
        maas_vlan_add(m, &(struct maas_vlan){.id = vlan, .fabric = one->id});
    return one;
}

struct maas_vlan *maas_vlan_add(struct maas *m, const struct maas_vlan *vlan)
{
    struct maas_vlan *one = &m->net.vlans[m->net.n_vlans];

    if (m->net.n_vlans == MAAS_VLANS_MAX)
        return NULL;
    *one = *vlan;
    one->id = maas_id_take(vlan->id, &m->net.next_vlan);
    one->mtu = one->mtu ? one->mtu : 1500;
    m->net.n_vlans++;
    return one;
}

struct maas_space *maas_space_add(struct maas *m, const struct maas_space *space)
{
    struct maas_space *one = &m->net.spaces[m->net.n_spaces];

    if (m->net.n_spaces == MAAS_SPACES_MAX)
        return NULL;
    *one = *space;
    one->id = maas_id_take(space->id, &m->net.next_space);
    m->net.n_spaces++;
    return one;
}

struct maas_subnet *maas_subnet_add(struct maas *m, const struct maas_subnet *subnet)
{
    struct maas_subnet *one = &m->net.subnets[m->net.n_subnets];
    const struct maas_vlan *vlan;
    uint32_t network, broadcast;
    int bits;

    if (m->net.n_subnets == MAAS_SUBNETS_MAX ||
        !maas_cidr_read(subnet->cidr, &network, &broadcast, &bits))
        return NULL;
    vlan = subnet->vlan ? maas_vlan_by_id(m, subnet->vlan) : maas_vlan_default(m);
    if (!vlan)
        return NULL;
    *one = *subnet;
    one->id = maas_id_take(subnet->id, &m->net.next_subnet);
    one->vlan = vlan->id;
    one->rdns_mode = subnet->rdns_mode ? subnet->rdns_mode : 2;
    one->network = network;
    one->broadcast = broadcast;
    if (!one->name[0])
        text_copy(one->name, sizeof(one->name), one->cidr);
    m->net.n_subnets++;
    return one;
}

struct maas_range *maas_range_add(struct maas *m, const struct maas_range *range)
{
    struct maas_range *one = &m->net.ranges[m->net.n_ranges];

    if (m->net.n_ranges == MAAS_RANGES_MAX)
        return NULL;
    *one = *range;
    one->id = maas_id_take(range->id, &m->net.next_range);
    m->net.n_ranges++;
    return one;
}

struct maas_used *maas_used_add(struct maas *m, const struct maas_used *used)
{
    struct maas_used *one = &m->net.used[m->net.n_used];

    if (m->net.n_used == MAAS_USED_MAX)
        return NULL;
    *one = *used;
    one->id = maas_id_take(used->id, &m->net.next_used);
    m->net.n_used++;
    return one;
}

/* --- finding ---------------------------------------------------------------------------------- */

bool maas_is_id(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

bool maas_spec_is(const char *spec, int64_t id, const char *name)
{
    int64_t wanted = -1;

    if (text_begins(spec, "id:") || maas_is_id(spec))
        return text_int(spec + (text_begins(spec, "id:") ? 3 : 0), 0, INT32_MAX, &wanted) &&
               wanted == id;
    return text_is(text_begins(spec, "name:") ? spec + strlen("name:") : spec, name);
}

struct maas_fabric *maas_fabric_by_id(struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->net.n_fabrics; i++)
        if (m->net.fabrics[i].id == id)
            return &m->net.fabrics[i];
    return NULL;
}

struct maas_vlan *maas_vlan_by_id(struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].id == id)
            return &m->net.vlans[i];
    return NULL;
}

struct maas_space *maas_space_by_id(struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->net.n_spaces; i++)
        if (m->net.spaces[i].id == id)
            return &m->net.spaces[i];
    return NULL;
}

struct maas_subnet *maas_subnet_by_id(struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->net.n_subnets; i++)
        if (m->net.subnets[i].id == id)
            return &m->net.subnets[i];
    return NULL;
}

struct maas_fabric *maas_fabric_find(struct maas *m, const char *spec)
{
    for (size_t i = 0; i < m->net.n_fabrics; i++)
        if (maas_spec_is(spec, m->net.fabrics[i].id, m->net.fabrics[i].name))
            return &m->net.fabrics[i];
    return NULL;
}

struct maas_space *maas_space_find(struct maas *m, const char *spec)
{
    for (size_t i = 0; i < m->net.n_spaces; i++)
        if (maas_spec_is(spec, m->net.spaces[i].id, m->net.spaces[i].name))
            return &m->net.spaces[i];
    return NULL;
}

struct maas_subnet *maas_subnet_find(struct maas *m, const char *spec)
{
    const char *cidr = text_begins(spec, "cidr:") ? spec + strlen("cidr:") : spec;

    for (size_t i = 0; i < m->net.n_subnets; i++)
        if (text_is(m->net.subnets[i].cidr, cidr) ||
            maas_spec_is(spec, m->net.subnets[i].id, m->net.subnets[i].name))
            return &m->net.subnets[i];
    return NULL;
}

/* Lists are in the order of ids, and a fabric's first VLAN is its untagged one. */
struct maas_vlan *maas_vlan_first(struct maas *m, int64_t fabric)
{
    struct maas_vlan *first = NULL;

    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].fabric == fabric && (!first || m->net.vlans[i].id < first->id))
            first = &m->net.vlans[i];
    return first;
}

struct maas_vlan *maas_vlan_default(struct maas *m)
{
    if (m->net.n_fabrics == 0 &&
        !maas_fabric_add(m, &(struct maas_fabric){.id = MAAS_NEXT_ID}, MAAS_NEXT_ID))
        return NULL;
    return maas_vlan_first(m, m->net.fabrics[0].id);
}

static bool is_first(const struct maas *m, const struct maas_vlan *v)
{
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].fabric == v->fabric && m->net.vlans[i].id < v->id)
            return false;
    return true;
}

const char *maas_vlan_name(const struct maas *m, const struct maas_vlan *v)
{
    return is_first(m, v) ? "untagged" : v->name;
}

const char *maas_space_name(const struct maas *m, int64_t space)
{
    for (size_t i = 0; i < m->net.n_spaces; i++)
        if (m->net.spaces[i].id == space)
            return m->net.spaces[i].name;
    return "undefined";
}

const char *maas_fabric_name(const struct maas *m, int64_t fabric)
{
    for (size_t i = 0; i < m->net.n_fabrics; i++)
        if (m->net.fabrics[i].id == fabric)
            return m->net.fabrics[i].name;
    return "";
}

const struct maas_subnet *maas_subnet_of_ip(const struct maas *m, uint32_t ip)
{
    const struct maas_subnet *best = NULL;

    for (size_t i = 0; i < m->net.n_subnets; i++) {
        const struct maas_subnet *s = &m->net.subnets[i];

        if (ip >= s->network && ip <= s->broadcast && (!best || s->network > best->network))
            best = s;
    }
    return best;
}

const struct maas_subnet *maas_subnet_of(const struct maas *m, const char *ip)
{
    uint32_t number;

    return maas_ip_read(ip, &number) ? maas_subnet_of_ip(m, number) : NULL;
}

/* --- showing ---------------------------------------------------------------------------------- */

static const struct maas_vlan *vlan_of(const struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].id == id)
            return &m->net.vlans[i];
    return NULL;
}

void maas_vlan_write(struct pyjson *j, const char *name, const struct maas *m, int64_t vlan)
{
    const struct maas_vlan *v = vlan_of(m, vlan);

    if (!v) {
        pyjson_word(j, name, "null");
        return;
    }
    pyjson_open(j, name, '{');
    pyjson_int(j, "vid", v->vid);
    pyjson_int(j, "mtu", v->mtu);
    pyjson_bool(j, "dhcp_on", v->dhcp_on);
    pyjson_word(j, "external_dhcp", "null");
    pyjson_word(j, "relay_vlan", "null");
    pyjson_text_or_null(j, "primary_rack", v->primary_rack);
    pyjson_text_or_null(j, "secondary_rack", v->secondary_rack);
    pyjson_text(j, "space", maas_space_name(m, v->space));
    pyjson_text(j, "fabric", maas_fabric_name(m, v->fabric));
    pyjson_text(j, "name", maas_vlan_name(m, v));
    pyjson_int(j, "id", v->id);
    pyjson_int(j, "fabric_id", v->fabric);
    maas_uri_id_write(j, "vlans", v->id);
    pyjson_close(j, '}');
}

/* What a form has just written shows an absent gateway as it was cleaned: "". */
void maas_subnet_write_fresh(struct pyjson *j, const char *name, const struct maas *m,
                             const struct maas_subnet *s, bool fresh)
{
    const struct maas_vlan *v = vlan_of(m, s->vlan);

    pyjson_open(j, name, '{');
    pyjson_text(j, "name", s->name);
    pyjson_text(j, "description", s->description);
    maas_vlan_write(j, "vlan", m, s->vlan);
    pyjson_text(j, "cidr", s->cidr);
    pyjson_int(j, "rdns_mode", s->rdns_mode);
    if (fresh)
        pyjson_text(j, "gateway_ip", s->gateway_ip);
    else
        pyjson_text_or_null(j, "gateway_ip", s->gateway_ip);
    pyjson_open(j, "dns_servers", '[');
    for (size_t i = 0; i < s->n_dns_servers; i++)
        pyjson_text(j, NULL, s->dns_servers[i]);
    pyjson_close(j, ']');
    pyjson_bool(j, "allow_dns", !s->no_dns);
    pyjson_bool(j, "allow_proxy", !s->no_proxy);
    pyjson_bool(j, "active_discovery", s->active_discovery);
    pyjson_bool(j, "managed", !s->unmanaged);
    pyjson_word(j, "disabled_boot_architectures", "[]");
    pyjson_text(j, "space", maas_space_name(m, v ? v->space : 0));
    pyjson_int(j, "id", s->id);
    maas_uri_id_write(j, "subnets", s->id);
    pyjson_close(j, '}');
}

void maas_subnet_write(struct pyjson *j, const char *name, const struct maas *m,
                       const struct maas_subnet *s)
{
    maas_subnet_write_fresh(j, name, m, s, false);
}
