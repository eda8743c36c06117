/* subnets/: reading and changing them. What is in use of them is in subnet_use.c. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define NO_CHOICE "Select a valid choice. That choice is not one of the available choices."

static void subnet_answer(struct maas_ask *a, const struct maas_subnet *s, bool fresh)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_subnet_write_fresh(maas_doc_open(&d), NULL, a->m, s, fresh);
    maas_doc_answer(a, &d, 200);
}

void maas_subnets(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->net.n_subnets; i++)
        maas_subnet_write(j, NULL, m, &m->net.subnets[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

struct maas_subnet *maas_subnet_for(const struct http_exchange *x)
{
    struct maas_subnet *s = maas_subnet_find(maas_ask(x)->m, http_var(x->vars, "id"));

    if (!s)
        maas_not_found(maas_ask(x), "Subnet");
    return s;
}

void maas_subnet(const struct http_exchange *x)
{
    const struct maas_subnet *s = maas_subnet_for(x);

    if (s)
        subnet_answer(maas_ask(x), s, false);
}

/* --- the form --------------------------------------------------------------------------------- */

/* The network as MAAS keeps it, without the bits of a host. */
static void cidr_clean(struct maas_subnet *s, int bits)
{
    char network[MAAS_IP_MAX];
    struct buf text SCOPED(buf_drop) = {0};

    maas_ip_write(s->network, network);
    buf_init(&text, sizeof(s->cidr) - 1);
    buf_printf(&text, "%s/%d", network, bits);
    text_copy(s->cidr, sizeof(s->cidr), buf_text(&text));
}

static void cidr_read(struct maas_ask *a, struct maas_complaints *c, struct maas_subnet *s)
{
    const char *cidr = maas_field(a, "cidr");
    int bits;

    if (!cidr && s->cidr[0])
        return;
    if (!cidr || !*cidr) {
        maas_complain(c, "cidr", "This field is required.");
        return;
    }
    if (!maas_cidr_read(cidr, &s->network, &s->broadcast, &bits)) {
        maas_complain(c, "cidr", "Required format: <network>/<prefixlen>.");
        return;
    }
    if (!s->name[0])
        text_copy(s->name, sizeof(s->name), cidr);
    cidr_clean(s, bits);
}

/* 3.5 let subnets overlap, unless they are the same. */
static void overlap_check(struct maas_ask *a, struct maas_complaints *c,
                          const struct maas_subnet *s)
{
    bool same = false, over = false;

    for (size_t i = 0; i < a->m->net.n_subnets; i++) {
        const struct maas_subnet *other = &a->m->net.subnets[i];

        if (other->id == s->id)
            continue;
        same = same || text_is(other->cidr, s->cidr);
        over = over || (s->network <= other->broadcast && other->network <= s->broadcast);
    }
    if (over && maas_is_37(a->m))
        maas_complain_as(c, "__all__", "Subnet %s would overlap with existing subnets.", s->cidr);
    if (same)
        maas_complain(c, "cidr", "Subnet with this Cidr already exists.");
}

static void gateway_read(struct maas_ask *a, struct maas_complaints *c, struct maas_subnet *s)
{
    const char *gateway = maas_field(a, "gateway_ip");
    uint32_t ip;

    if (!gateway)
        return;
    if (*gateway && !maas_ip_read(gateway, &ip))
        maas_complain(c, "gateway_ip", "Enter a valid IPv4 or IPv6 address.");
    else if (*gateway && (ip < s->network || ip > s->broadcast))
        maas_complain(c, "gateway_ip", "Gateway IP must be within CIDR range.");
    else
        text_copy(s->gateway_ip, sizeof(s->gateway_ip), gateway);
}

static void servers_read(struct maas_ask *a, struct maas_complaints *c, struct maas_subnet *s)
{
    struct buf plain SCOPED(buf_drop) = {0};
    const char *rest;
    char server[MAAS_IP_MAX];
    uint32_t ip;

    if (!maas_field(a, "dns_servers"))
        return;
    buf_init(&plain, KIB(4));
    for (size_t i = 0; i < a->form.n; i++) { /* by blanks, by commas, or the name again */
        if (!text_is(a->form.at[i].name, "dns_servers"))
            continue;
        for (const char *text = a->form.at[i].value; *text; text++)
            buf_char_add(&plain, *text == ',' ? ' ' : *text);
        buf_char_add(&plain, ' ');
    }
    s->n_dns_servers = 0;
    for (rest = buf_text(&plain); text_next(&rest, ' ', server, sizeof(server));) {
        if (!maas_ip_read(server, &ip) && !maas_ip_is_v6(server))
            maas_complain_as(c, "dns_servers", "Invalid IP address: %s.", server);
        else if (s->n_dns_servers < MAAS_NAME_SERVERS_MAX)
            text_copy(s->dns_servers[s->n_dns_servers++], MAAS_IP_MAX, server);
    }
}

/* `vlan` by number; else the VLAN `vid` of `fabric`, which is by number too, not by name. */
static void vlan_read(struct maas_ask *a, struct maas_complaints *c, struct maas_subnet *s)
{
    const char *vlan = maas_field(a, "vlan"), *fabric = maas_field(a, "fabric");
    const struct maas_vlan *v;
    const struct maas_fabric *f = NULL;
    int64_t id = -1;

    if (vlan && *vlan) {
        v = text_int(vlan, 0, INT32_MAX, &id) ? maas_vlan_by_id(a->m, id) : NULL;
        if (v)
            s->vlan = v->id;
        else
            maas_complain(c, "vlan", NO_CHOICE);
        return;
    }
    if (!fabric || !*fabric)
        return;
    if (text_int(fabric, 0, INT32_MAX, &id))
        f = maas_fabric_by_id(a->m, id);
    if (!f) {
        maas_complain(c, "fabric", NO_CHOICE);
        return;
    }
    id = 0;
    text_int(maas_field_or(a, "vid", "0"), 0, INT32_MAX, &id);
    for (size_t i = 0; i < a->m->net.n_vlans; i++)
        if (a->m->net.vlans[i].fabric == f->id && a->m->net.vlans[i].vid == id)
            s->vlan = a->m->net.vlans[i].id;
    if (!s->vlan)
        maas_complain_as(c, "vid", "No VLAN with vid %lld in fabric %s.", (long long)id, f->name);
}

/* false: answered. */
static bool subnet_read(struct maas_ask *a, struct maas_subnet *s)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};

    text_copy(s->name, sizeof(s->name), maas_field_or(a, "name", s->name));
    cidr_read(a, &c, s);
    if (c.text.len == 0) {
        overlap_check(a, &c, s);
        vlan_read(a, &c, s);
        gateway_read(a, &c, s);
        servers_read(a, &c, s);
        maas_form_number(&c, "rdns_mode", maas_field(a, "rdns_mode"), 0, 2, &s->rdns_mode);
    }
    s->unmanaged = !maas_checked(maas_field(a, "managed"), !s->unmanaged);
    s->no_dns = !maas_checked(maas_field(a, "allow_dns"), !s->no_dns);
    s->no_proxy = !maas_checked(maas_field(a, "allow_proxy"), !s->no_proxy);
    s->active_discovery = maas_checked(maas_field(a, "active_discovery"), s->active_discovery);
    text_copy(s->description, sizeof(s->description),
              maas_field_or(a, "description", s->description));
    return !maas_complained(a, &c, MAAS_JSON);
}

void maas_subnet_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_subnet s = {.id = MAAS_NEXT_ID}, *made;

    if (!subnet_read(a, &s))
        return;
    made = maas_subnet_add(a->m, &s);
    if (made)
        subnet_answer(a, made, true);
    else
        maas_no_place(a);
}

void maas_subnet_update(const struct http_exchange *x)
{
    struct maas_subnet *s = maas_subnet_for(x), after;

    if (!s)
        return;
    after = *s;
    if (!subnet_read(maas_ask(x), &after))
        return;
    *s = after;
    subnet_answer(maas_ask(x), s, true);
}

static bool serves_a_range(struct maas *m, const struct maas_subnet *s)
{
    const struct maas_vlan *v = maas_vlan_by_id(m, s->vlan);

    for (size_t i = 0; v && v->dhcp_on && i < m->net.n_ranges; i++)
        if (m->net.ranges[i].subnet == s->id && m->net.ranges[i].dynamic)
            return true;
    return false;
}

static void subnet_forget(struct maas *m, struct maas_subnet *s)
{
    size_t n = 0;

    for (size_t i = 0; i < m->net.n_ranges; i++)
        if (m->net.ranges[i].subnet != s->id)
            m->net.ranges[n++] = m->net.ranges[i];
    m->net.n_ranges = n;
    m->net.n_subnets--;
    memmove(s, s + 1, (size_t)(&m->net.subnets[m->net.n_subnets] - s) * sizeof(*s));
}

void maas_subnet_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_subnet *s = maas_subnet_for(x);

    if (!s)
        return;
    if (serves_a_range(a->m, s)) {
        maas_raise_text(a, 400,
                        "Cannot delete a subnet that is actively servicing a dynamic IP range. "
                        "(Delete the dynamic range or disable DHCP first.)");
        return;
    }
    subnet_forget(a->m, s);
    maas_done(a);
}
