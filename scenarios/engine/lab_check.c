/* What a lab is held against when it is read. */
#include "scenarios/engine/lab.h"

#include "lib/base/text.h"

#include <errno.h>

static int no_zone(const struct lab *l, size_t i, size_t k, struct err *e)
{
    const char *names[LAB_ZONES_MAX + 1] = {NULL}, *nearest;
    const char *zone = l->hosts[i].links[k].zone;
    size_t z;

    for (z = 0; z < l->n_zones; z++)
        names[z] = l->zones[z].name;
    nearest = text_nearest(zone, names);
    if (nearest)
        return err_set(e, -EINVAL, "hosts[%zu].links[%zu].zone: no zone '%s'; did you mean '%s'?",
                       i, k, zone, nearest);
    return err_set(e, -EINVAL, "hosts[%zu].links[%zu].zone: no zone '%s'; add it to zones", i, k,
                   zone);
}

/* Who has the address already, of the links that stand before this one. One address twice is fine
 * only in zones that overlap on purpose, and never for what a link has besides (zone NULL). */
static const struct lab_host *owner_before(const struct lab *l, size_t i, size_t k,
                                           const char *zone, const char *address)
{
    for (size_t h = 0; h <= i; h++)
        for (size_t n = 0; n < (h < i ? l->hosts[h].n_links : k); n++) {
            const struct lab_link *at = &l->hosts[h].links[n];

            if (text_is(at->also, address) ||
                (text_is(at->address, address) && (!zone || text_is(at->zone, zone))))
                return &l->hosts[h];
        }
    return NULL;
}

/* NULL, or which address of the whole net it is, that no host can have. Nets of one or two
 * addresses have neither. */
static const char *not_a_hosts(const char *net_text, const char *address_text)
{
    uint32_t net, mask, address, one;

    if (!lab_net_read(net_text, &net, &mask) || !lab_address_read(address_text, &address) ||
        ~mask < 2)
        return NULL;
    one = address & ~mask;
    return one == 0 ? "network" : one == ~mask ? "broadcast" : NULL;
}

struct given { /* an address as a link of the file gives it */
    size_t host, link;
    const char *field, *address, *zone; /* zone as of owner_before */
    const char *net;
};

static int address_check(const struct lab *l, const struct given *g, struct err *e)
{
    const struct lab_host *owner = owner_before(l, g->host, g->link, g->zone, g->address);
    const char *whole = not_a_hosts(g->net, g->address);

    if (!lab_net_has(g->net, g->address))
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].%s: '%s' is not in %s; give one of that net", g->host,
                       g->link, g->field, g->address, g->net);
    if (whole)
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].%s: '%s' is the %s address of %s; give another",
                       g->host, g->link, g->field, g->address, whole, g->net);
    if (owner)
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].%s: '%s' belongs to host %s; give another", g->host,
                       g->link, g->field, g->address, owner->name);
    return 0;
}

static int link_check(const struct lab *l, size_t i, size_t k, struct err *e)
{
    const struct lab_link *link = &l->hosts[i].links[k];
    const struct lab_zone *zone = lab_zone(l, link->zone);
    int r;

    if (!zone)
        return no_zone(l, i, k, e);
    const struct given first = {i, k, "address", link->address, link->zone, zone->net};
    const struct given also = {i, k, "also", link->also, NULL, zone->net};
    r = address_check(l, &first, e);
    if (r < 0 || link->also[0] == '\0')
        return r;
    if (text_is(link->also, link->address))
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].also: '%s' is its address already; give another", i,
                       k, link->also);
    return address_check(l, &also, e);
}

/* A next hop must be a neighbour: the address of a host in a zone where this one has a link. */
static bool is_neighbour(const struct lab *l, const struct lab_host *h, const char *address)
{
    size_t i, k;

    for (i = 0; i < l->n_hosts; i++)
        for (k = 0; k < l->hosts[i].n_links; k++)
            if (text_is(l->hosts[i].links[k].address, address) &&
                lab_link_in(h, l->hosts[i].links[k].zone))
                return true;
    return false;
}

static int routes_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_host *h = &l->hosts[i];
    uint32_t net, mask;
    size_t k;

    if (h->gateway[0] != '\0' && !is_neighbour(l, h, h->gateway))
        return err_set(e, -EINVAL,
                       "hosts[%zu].gateway: '%s' is no neighbour; give the address of "
                       "a host in the same zone",
                       i, h->gateway);
    for (k = 0; k < h->n_routes; k++) {
        if (!lab_net_read(h->routes[k].net, &net, &mask))
            return err_set(e, -EINVAL,
                           "hosts[%zu].routes[%zu].net: '%s' is no net; write one such "
                           "as 10.10.0.0/24",
                           i, k, h->routes[k].net);
        if (!is_neighbour(l, h, h->routes[k].via))
            return err_set(e, -EINVAL,
                           "hosts[%zu].routes[%zu].via: '%s' is no neighbour; give the "
                           "address of a host in the same zone",
                           i, k, h->routes[k].via);
    }
    return 0;
}

/* A lab may have roles of its own, such as gw2 or node-b. What is nearly one of those that the
 * harness knows is a slip, and would be told of the rows of reach only, which are right. */
static const char *role_meant(const char *role)
{
    static const char *const known[] = {"gateway", "maas",     "palette", "proxy",  "dns",   "node",
                                        "router",  "stranger", "user",    "canary", "decoy", NULL};

    for (size_t i = 0; known[i]; i++)
        if (text_begins(role, known[i]))
            return NULL;
    return text_nearest(role, known);
}

static int host_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_host *h = &l->hosts[i];
    size_t k;
    int r = 0;

    for (k = 0; k < i; k++)
        if (text_is(l->hosts[k].name, h->name))
            return err_set(e, -EINVAL, "hosts[%zu].name: '%s' is taken; give another", i, h->name);
    if (h->name[0] == '\0' || h->role[0] == '\0' || h->n_links == 0)
        return err_set(e, -EINVAL, "hosts[%zu]: wants a name, a role and a link", i);
    if (role_meant(h->role))
        return err_set(e, -EINVAL, "hosts[%zu].role: '%s' is no role; did you mean '%s'?", i,
                       h->role, role_meant(h->role));
    for (k = 0; k < h->n_links && r == 0; k++)
        r = link_check(l, i, k, e);
    return r < 0 ? r : routes_check(l, i, e);
}

/* Decoys are answered for by the way of those whose address they have. */
static bool is_probed(const char *role)
{
    return !text_is(role, "router") && !text_is(role, "canary") && !text_is(role, "decoy");
}

static int no_role(const struct lab *l, size_t row, const char *field, const char *role,
                   struct err *e)
{
    const char *names[LAB_HOSTS_MAX + 1] = {NULL}, *nearest;
    size_t n = 0;

    for (size_t i = 0; i < l->n_hosts; i++)
        if (is_probed(l->hosts[i].role))
            names[n++] = l->hosts[i].role;
    nearest = text_nearest(role, names);
    if (nearest)
        return err_set(e, -EINVAL, "reach[%zu].%s: no host has the role '%s'; did you mean '%s'?",
                       row, field, role, nearest);
    return err_set(e, -EINVAL,
                   "reach[%zu].%s: no host has the role '%s'; name one that is neither router, "
                   "canary nor decoy",
                   row, field, role);
}

static int reach_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_reach *row = &l->reach[i];
    const char *const roles[] = {row->from, row->to};
    size_t k;

    for (k = 0; k < COUNTOF(roles); k++)
        if (!lab_role(l, roles[k]) || !is_probed(roles[k]))
            return no_role(l, row->row, k == 0 ? "from" : "to", roles[k], e);
    if (text_is(row->from, row->to) || lab_reach_find(l, row->from, row->to) != row)
        return err_set(e, -EINVAL,
                       "reach[%zu]: %s to %s is said twice or leads nowhere; remove "
                       "the row",
                       row->row, row->from, row->to);
    if (row->seen_as[0] != '\0' && !lab_host_at(l, row->seen_as))
        return err_set(e, -EINVAL, "reach[%zu].seen_as: '%s' is nobody's address; give a router's",
                       row->row, row->seen_as);
    return 0;
}

/* Every ordered pair of roles has its row: what is not written down cannot be held against. */
static int reach_is_whole(const struct lab *l, struct err *e)
{
    size_t i, k;

    for (i = 0; i < l->n_hosts; i++)
        for (k = 0; k < l->n_hosts; k++) {
            const char *from = l->hosts[i].role, *to = l->hosts[k].role;
            if (!text_is(from, to) && is_probed(from) && is_probed(to) &&
                !lab_reach_find(l, from, to))
                return err_set(e, -EINVAL, "reach: no row from %s to %s; add one", from, to);
        }
    return 0;
}

/* Nets are apart, or the later of two says that it is the same one, somewhere else: an address then
 * means another host on each side. A part of a net would be neither. */
static int overlap_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_zone *z = &l->zones[i], *same = lab_zone(l, z->overlaps);
    uint32_t net, mask, other_net, other_mask;
    size_t k;

    if (z->overlaps[0] != '\0' && (!same || same >= z))
        return err_set(e, -EINVAL, "zones[%zu].overlaps: no zone '%s' stands before; name one", i,
                       z->overlaps);
    if (same && !text_is(same->net, z->net))
        return err_set(
            e, -EINVAL,
            "zones[%zu].overlaps: zone %s has the net %s, not %s; give both the same, or "
            "a net apart and no \"overlaps\"",
            i, z->overlaps, same->net, z->net);
    for (k = 0; k < i; k++)
        if (lab_net_read(z->net, &net, &mask) &&
            lab_net_read(l->zones[k].net, &other_net, &other_mask) &&
            ((net ^ other_net) & mask & other_mask) == 0 && !text_is(z->overlaps, l->zones[k].name))
            return err_set(e, -EINVAL,
                           "zones[%zu].net: '%s' overlaps zone %s; give another, or say "
                           "\"overlaps\": \"%s\" if both shall have the same addresses",
                           i, z->net, l->zones[k].name, l->zones[k].name);
    return 0;
}

static int zone_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_zone *z = &l->zones[i];
    uint32_t net, mask;

    if (!lab_net_read(z->net, &net, &mask))
        return err_set(e, -EINVAL, "zones[%zu].net: '%s' is no net; write one such as 10.10.0.0/24",
                       i, z->net);
    if (z->name[0] == '\0' || lab_zone(l, z->name) != z)
        return err_set(e, -EINVAL, "zones[%zu].name: '%s' is empty or taken; give another", i,
                       z->name);
    return overlap_check(l, i, e);
}

int lab_check(const struct lab *l, struct err *e)
{
    size_t i;
    int r = 0;

    for (i = 0; i < l->n_zones && r == 0; i++)
        r = zone_check(l, i, e);
    for (i = 0; i < l->n_hosts && r == 0; i++)
        r = host_check(l, i, e);
    for (i = 0; i < l->n_reach && r == 0; i++)
        r = reach_check(l, i, e);
    for (i = 0; i < l->n_names && r == 0; i++)
        if (!lab_host_at(l, l->names[i].address))
            r = err_set(e, -EINVAL, "names[%zu].address: '%s' is nobody's address; give a host's",
                        i, l->names[i].address);
    return r < 0 ? r : reach_is_whole(l, e);
}
