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

/* Who has the address already: one address twice is fine only in zones that overlap on purpose. */
static const struct lab_host *owner_before(const struct lab *l, size_t i,
                                           const struct lab_link *link)
{
    size_t h, k;

    for (h = 0; h < i; h++)
        for (k = 0; k < l->hosts[h].n_links; k++)
            if (text_is(l->hosts[h].links[k].address, link->address) &&
                text_is(l->hosts[h].links[k].zone, link->zone))
                return &l->hosts[h];
    return NULL;
}

/* Nobody else may have it, overlap or not. */
static int also_check(const struct lab *l, size_t i, size_t k, struct err *e)
{
    const struct lab_link *link = &l->hosts[i].links[k];

    if (link->also[0] == '\0')
        return 0;
    if (!lab_net_has(lab_zone(l, link->zone)->net, link->also))
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].also: '%s' is not in %s; give one of that net", i, k,
                       link->also, lab_zone(l, link->zone)->net);
    if (lab_host_at(l, link->also) != &l->hosts[i] || text_is(link->also, link->address))
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].also: '%s' belongs to host %s; give another", i, k,
                       link->also, lab_host_at(l, link->also)->name);
    return 0;
}

static int link_check(const struct lab *l, size_t i, size_t k, struct err *e)
{
    const struct lab_link *link = &l->hosts[i].links[k];
    const struct lab_zone *zone = lab_zone(l, link->zone);
    const struct lab_host *owner;

    if (!zone)
        return no_zone(l, i, k, e);
    if (!lab_net_has(zone->net, link->address))
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].address: '%s' is not in %s; give one of that net", i,
                       k, link->address, zone->net);
    owner = owner_before(l, i, link);
    if (owner)
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].address: '%s' belongs to host %s; give another", i, k,
                       link->address, owner->name);
    return also_check(l, i, k, e);
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
    for (k = 0; k < h->n_links && r == 0; k++)
        r = link_check(l, i, k, e);
    return r < 0 ? r : routes_check(l, i, e);
}

/* Decoys are answered for by the way of those whose address they have. */
static bool is_probed(const char *role)
{
    return !text_is(role, "router") && !text_is(role, "canary") && !text_is(role, "decoy");
}

static int reach_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_reach *row = &l->reach[i];
    const char *const roles[] = {row->from, row->to};
    size_t k;

    for (k = 0; k < COUNTOF(roles); k++)
        if (!lab_role(l, roles[k]) || !is_probed(roles[k]))
            return err_set(e, -EINVAL,
                           "reach[%zu].%s: no host has the role '%s'; name one that is "
                           "neither router, canary nor decoy",
                           row->row, k == 0 ? "from" : "to", roles[k]);
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

/* Nets are apart, or the later of two says that it overlaps. */
static int overlap_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_zone *z = &l->zones[i];
    uint32_t net, mask, other_net, other_mask;
    size_t k;

    if (z->overlaps[0] != '\0' && (!lab_zone(l, z->overlaps) || lab_zone(l, z->overlaps) >= z))
        return err_set(e, -EINVAL, "zones[%zu].overlaps: no zone '%s' stands before; name one", i,
                       z->overlaps);
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
