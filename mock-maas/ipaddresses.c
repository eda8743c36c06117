/* ipaddresses/: addresses that users reserve for themselves. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define NOT_AN_IP "Enter a valid IPv4 or IPv6 address."

static const char *alloc_name(enum maas_alloc alloc)
{
    static const char *const names[] = {[MAAS_ALLOC_AUTO] = "Automatic",
                                        [MAAS_ALLOC_STATIC] = "Static",
                                        [MAAS_ALLOC_USER] = "User reserved",
                                        [MAAS_ALLOC_DHCP] = "DHCP",
                                        [MAAS_ALLOC_SEEN] = "Observed"};

    return names[alloc];
}

/* An interface of nobody, known by its MAC address only: fewer fields than a machine's. */
static void stray_write(struct pyjson *j, const struct maas *m, const struct maas_used *u)
{
    const struct maas_subnet *s = maas_subnet_of_ip(m, u->ip);

    pyjson_open(j, NULL, '{');
    pyjson_word(j, "parents", "[]");
    pyjson_word(j, "tags", "[]");
    pyjson_word(j, "product", "null");
    pyjson_word(j, "children", "[]");
    pyjson_word(j, "firmware_version", "null");
    pyjson_word(j, "numa_node", "null");
    pyjson_word(j, "params", "{}");
    pyjson_bool(j, "link_connected", true);
    pyjson_word(j, "vendor", "null");
    pyjson_int(j, "id", u->nic);
    pyjson_text(j, "mac_address", u->mac);
    pyjson_int(j, "sriov_max_vf", 0);
    pyjson_bool(j, "enabled", true);
    maas_vlan_write(j, "vlan", m, s ? s->vlan : 0);
    pyjson_int(j, "interface_speed", 0);
    pyjson_text(j, "name", "eth0");
    pyjson_text(j, "type", "unknown");
    pyjson_int(j, "link_speed", 0);
    pyjson_close(j, '}');
}

static void interfaces_write(struct pyjson *j, struct maas *m, const struct maas_held *held)
{
    const struct maas_rack *rack = held->used ? maas_rack_find(m, held->used->rack) : NULL;

    pyjson_open(j, "interface_set", '[');
    if (held->machine)
        maas_nic_write(j, NULL, m, held->machine, held->nic);
    else if (rack)
        maas_rack_nic_write(j, m, rack);
    else if (held->used && held->used->mac[0])
        stray_write(j, m, held->used);
    pyjson_close(j, ']');
}

void maas_held_write(struct pyjson *j, struct maas *m, const struct maas_held *held)
{
    const struct maas_subnet *s = maas_subnet_of_ip(m, held->ip);
    const struct maas_account *owner = maas_account_named(m, held->owner ? held->owner : "");
    char text[MAAS_IP_MAX];

    pyjson_open(j, NULL, '{');
    maas_time_write(j, "created", m, held->made);
    maas_ip_write(held->ip, text);
    pyjson_text(j, "ip", text);
    pyjson_int(j, "alloc_type", held->alloc);
    if (s)
        maas_subnet_write(j, "subnet", m, s);
    else
        pyjson_word(j, "subnet", "null");
    interfaces_write(j, m, held);
    pyjson_text(j, "alloc_type_name", alloc_name(held->alloc));
    if (owner)
        maas_user_write(j, "owner", owner);
    else
        pyjson_word(j, "owner", "null");
    pyjson_text(j, "resource_uri", MAAS_API "ipaddresses/");
    pyjson_close(j, '}');
}

/* --- listing ---------------------------------------------------------------------------------- */

struct wish {
    bool all, by_ip;
    const char *owner;
    uint32_t ip;
};

/* false: answered. */
static bool wish_read(struct maas_ask *a, struct wish *w)
{
    const char *all = maas_asked(a, "all"), *ip = maas_asked(a, "ip");
    const char *owner = maas_asked(a, "owner");

    *w = (struct wish){.owner = a->user->name};
    if (all && (!maas_word_is_bool(all, &w->all))) {
        maas_raise_text(a, 400, "Invalid all: Value should be 'true' or 'false'");
        return false;
    }
    if ((w->all || owner) && !a->user->superuser) {
        maas_return(a, 403, MAAS_PLAIN,
                    w->all ? "Listing all IP addresses requires admin privileges."
                           : "Listing another user's IP addresses requires admin privileges.");
        return false;
    }
    w->owner = owner ? owner : w->owner;
    w->by_ip = ip && *ip;
    if (w->by_ip && !maas_ip_read(ip, &w->ip)) {
        maas_raise_text(a, 400, "Parameter 'ip' must contain an IP address.");
        return false;
    }
    return true;
}

static bool is_wished(const struct wish *w, const struct maas_held *held)
{
    if (w->by_ip && held->ip != w->ip)
        return false;
    return w->all ||
           (held->alloc == MAAS_ALLOC_USER && held->owner && text_is(held->owner, w->owner));
}

void maas_addresses(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct maas_held *held;
    struct wish w;
    size_t n;

    if (!wish_read(a, &w))
        return;
    n = maas_held_list(a->m, &held);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        if (is_wished(&w, &held[i]))
            maas_held_write(j, a->m, &held[i]);
    pyjson_close(j, ']');
    free(held);
    maas_doc_answer(a, &d, 200);
}

/* --- reserving -------------------------------------------------------------------------------- */

static void said_of(struct maas_ask *a, int status, const char *before, const char *ip,
                    const char *after)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(4));
    buf_printf(&text, "%s%s%s", before, ip, after);
    maas_raise_text(a, status, buf_text(&text));
}

/* A wished address; the subnet that was named with it does not matter. false: answered. */
static bool wished_ip(struct maas_ask *a, const char *text, struct maas_used *u)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};

    if (!maas_ip_read(text, &u->ip)) {
        maas_complain(&c, "ip_address", NOT_AN_IP);
        return !maas_complained(a, &c, MAAS_JSON);
    }
    if (!maas_subnet_of_ip(a->m, u->ip))
        said_of(a, 400, "No known subnet for IP address: ", text, ".");
    else if (maas_ip_in_range(a->m, u->ip, true) && !u->mac[0])
        said_of(a, 403, "IP address ", text,
                " belongs to an existing dynamic range. To reserve this IP address, a MAC address "
                "is required. (Create a device instead.)");
    else if (maas_ip_is_used(a->m, u->ip))
        said_of(a, 404, "The IP address ", text, " is already in use.");
    else
        return true;
    return false;
}

static bool any_ip(struct maas_ask *a, const char *spec, struct maas_used *u)
{
    const struct maas_subnet *s = maas_subnet_find(a->m, spec);
    char ip[MAAS_IP_MAX];

    if (!s)
        said_of(a, 400, "Unable to identify subnet: ", spec, ".");
    else if (!maas_ip_take(a->m, s, ip))
        said_of(a, 503, "No more IPs available in subnet: ", s->cidr, ".");
    else
        return maas_ip_read(ip, &u->ip);
    return false;
}

static bool mac_read(struct maas_ask *a, struct maas_used *u)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *mac = maas_field_or(a, "mac", "");

    if (*mac && !maas_mac_is(mac))
        maas_complain_as(&c, "mac_address", "'%s' is not a valid MAC address.", mac);
    else
        text_copy(u->mac, sizeof(u->mac), mac);
    return !maas_complained(a, &c, "application/json");
}

/* A name that was given with it points at it. */
static void name_it(struct maas_ask *a, const struct maas_used *u)
{
    const char *name = maas_field_or(a, "hostname", "");
    char ip[MAAS_IP_MAX];

    maas_ip_write(u->ip, ip);
    if (*name)
        maas_dns_point(a, name, ip);
}

void maas_address_reserve(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *subnet = maas_field_or(a, "subnet", "");
    const char *ip = maas_field_or(a, "ip", maas_field_or(a, "ip_address", ""));
    struct maas_used u = {.id = MAAS_NEXT_ID, .alloc = MAAS_ALLOC_USER, .made = a->ctx->now};
    const struct maas_used *made;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_doc_open(&d);
    if (!*subnet && !*ip) {
        maas_raise_text(a, 400, "Must supply either the 'subnet' or the 'ip' parameter.");
        return;
    }
    if (!mac_read(a, &u) || !(*ip ? wished_ip(a, ip, &u) : any_ip(a, subnet, &u)))
        return;
    text_copy(u.owner, sizeof(u.owner), a->user->name);
    if (u.mac[0])
        u.nic = maas_nic_number(a->m);
    made = maas_used_add(a->m, &u);
    if (!made) {
        maas_no_place(a);
        return;
    }
    name_it(a, made);
    maas_held_write(&d.j, a->m,
                    &(struct maas_held){.ip = made->ip,
                                        .alloc = made->alloc,
                                        .owner = made->owner,
                                        .made = made->made,
                                        .used = made});
    maas_doc_answer(a, &d, 200);
}

/* --- releasing -------------------------------------------------------------------------------- */

void maas_used_forget(struct maas *m, struct maas_used *u)
{
    m->net.n_used--;
    memmove(u, u + 1, (size_t)(&m->net.used[m->net.n_used] - u) * sizeof(*u));
}

static struct maas_used *used_find(struct maas *m, uint32_t ip, const char *owner)
{
    for (size_t i = 0; i < m->net.n_used; i++)
        if (m->net.used[i].ip == ip && (!owner || (m->net.used[i].alloc == MAAS_ALLOC_USER &&
                                                   text_is(m->net.used[i].owner, owner))))
            return &m->net.used[i];
    return NULL;
}

static void not_released(struct maas_ask *a, const char *ip, bool force)
{
    said_of(a, 400, "IP address ", ip,
            force ? " does not exist."
                  : " does not exist, is not the correct type of address, or does not belong to "
                    "the requesting user.\nIf you are sure you want to release this address, use "
                    "force=true as a MAAS administrator.");
}

void maas_address_release(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *text = maas_field(a, "ip");
    struct maas_used *u;
    bool force = false;
    uint32_t ip = 0;

    if (!maas_must(a, text, "ip"))
        return;
    maas_word_is_bool(maas_field_or(a, "force", ""), &force);
    if (force && !a->user->superuser) {
        maas_return(a, 403, MAAS_PLAIN, "Force-releasing an IP address requires admin privileges.");
        return;
    }
    if (!maas_ip_read(text, &ip))
        maas_complain(&c, "ip", NOT_AN_IP);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    u = used_find(a->m, ip, force ? NULL : a->user->name);
    if (!u) {
        not_released(a, text, force);
        return;
    }
    maas_used_forget(a->m, u);
    maas_dns_unpoint(a, text);
    maas_done(a);
}
