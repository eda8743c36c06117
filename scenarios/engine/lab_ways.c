#include "scenarios/engine/lab_ways.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_rules.h"

/* The host at the address in that zone, or NULL. */
static const struct lab_host *host_in(const struct lab *l, const char *zone, const char *address)
{
    for (size_t i = 0; i < l->n_hosts; i++) {
        const struct lab_link *link = lab_link_in(&l->hosts[i], zone);

        if (link != NULL && lab_link_has(link, address))
            return &l->hosts[i];
    }
    return NULL;
}

/* One of the host's own zones in which the address lies, or NULL. */
static const char *own_zone(const struct lab *l, const struct lab_host *h, const char *address)
{
    for (size_t i = 0; i < h->n_links; i++)
        if (lab_net_has(lab_zone(l, h->links[i].zone)->net, address))
            return h->links[i].zone;
    return NULL;
}

/* The next hop's address, or NULL: no route. */
static const char *route_of(const struct lab_host *h, const char *address)
{
    for (size_t i = 0; i < h->n_routes; i++)
        if (lab_net_has(h->routes[i].net, address))
            return h->routes[i].via;
    return *h->gateway == '\0' ? NULL : h->gateway;
}

struct step {
    const char *zone;
    const struct lab_host *next; /* NULL: nobody has the address there */
    bool last;
};

/* Where a host sends a packet for the address; false: it has no route. */
static bool step_of(const struct lab *l, const struct lab_host *at, const char *address,
                    struct step *ret)
{
    const char *zone = own_zone(l, at, address), *via = route_of(at, address);

    if (zone != NULL) {
        *ret = (struct step){.zone = zone, .next = host_in(l, zone, address), .last = true};
        return true;
    }
    zone = via == NULL ? NULL : own_zone(l, at, via);
    if (zone == NULL)
        return false;
    *ret = (struct step){.zone = zone, .next = host_in(l, zone, via)};
    return true;
}

/* What a router does before it sends on: false, it drops. */
static bool passes(const struct lab_host *at, const char *zone, struct lab_packet *p,
                   bool *rewrites)
{
    if (lab_rules_end(at, "forward", p) == LAB_DROPS)
        return false;
    if (lab_rules_end(at, "postrouting", p) == LAB_REWRITES) {
        p->from = lab_link_in(at, zone)->address;
        *rewrites = true;
    }
    return true;
}

static enum reach end_of(const struct lab_host *to, const struct lab_packet *p, bool rewrites,
                         struct lab_way *w)
{
    if (w->end == NULL)
        return REACH_REFUSED;
    if (lab_rules_end(w->end, "input", p) == LAB_DROPS) {
        w->end = NULL;
        return REACH_DROP;
    }
    if (w->end != to)
        return REACH_DECOY;
    return rewrites ? REACH_NAT : REACH_OPEN;
}

void lab_way(const struct lab *l, const struct lab_host *from, const struct lab_host *to,
             int to_port, struct lab_way *ret)
{
    struct lab_packet p = {from->links[0].address, to->links[0].address, to_port};
    const struct lab_host *at = from;
    bool rewrites = false;

    *ret = (struct lab_way){.reach = REACH_REFUSED};
    while (at != NULL && ret->n < LAB_HOPS_MAX) {
        struct step s;

        if (!step_of(l, at, p.to, &s))
            return;
        if (at != from && !passes(at, s.zone, &p, &rewrites)) {
            ret->reach = REACH_DROP;
            return;
        }
        ret->hops[ret->n++] = (struct lab_hop){s.zone, p.from, at};
        if (s.last) {
            ret->end = s.next;
            ret->reach = end_of(to, &p, rewrites, ret);
            return;
        }
        at = s.next;
    }
}

const struct lab_host *lab_way_forgets(const struct lab *l, const struct lab_host *from,
                                       const struct lab_host *to, int to_port)
{
    struct lab_way w;

    lab_way(l, from, to, to_port, &w);
    for (size_t i = 0; i < w.n; i++)
        if (w.hops[i].via->forgets_s > 0)
            return w.hops[i].via;
    return NULL;
}

/* --- addresses on a link ---------------------------------------------------------------------- */

static size_t owners_of(const struct lab *l, const char *address)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n_hosts; i++)
        for (size_t k = 0; k < l->hosts[i].n_links; k++)
            n += lab_link_has(&l->hosts[i].links[k], address);
    return n;
}

/* Where routers send packets for the address that leave this zone by `at`; NULL: not away from it.
 */
static const char *zone_behind(const struct lab *l, const struct lab_host *at, const char *zone,
                               const char *address)
{
    struct step s;

    for (size_t hops = 0; at != NULL && hops < LAB_HOPS_MAX; hops++) {
        if (!step_of(l, at, address, &s) || text_is(s.zone, zone))
            return NULL;
        if (s.last)
            return s.zone;
        at = s.next;
    }
    return NULL;
}

const struct lab_host *lab_host_on(const struct lab *l, const char *zone, const char *address,
                                   const struct lab_zone **ret_zone)
{
    const struct lab_zone *here = lab_zone_of(l, address);
    const struct lab_host *h = lab_host_at(l, address);

    if (here != NULL && owners_of(l, address) > 1) {
        const char *name = zone;

        for (size_t i = 0; i < l->n_hosts && host_in(l, name, address) == NULL; i++)
            if (l->hosts[i].forward && lab_link_in(&l->hosts[i], zone) != NULL &&
                zone_behind(l, &l->hosts[i], zone, address) != NULL)
                name = zone_behind(l, &l->hosts[i], zone, address);
        if (host_in(l, name, address) != NULL) {
            h = host_in(l, name, address);
            here = lab_zone(l, name);
        }
    }
    if (ret_zone != NULL)
        *ret_zone = here;
    return h;
}
