/* Ways through a site's lab: which links a SYN crosses, who drops or rewrites it, and the probes
 * that hold the lab against its table. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_rules.h"

/* --- who sees a SYN ------------------------------------------------------------------------- */

struct hop {
    const char *zone;
    const char *source;         /* address as seen there */
    const struct lab_host *via; /* who sent it into this zone: the source, or a router */
};

static const struct lab_link *link_in(const struct lab_host *h, const char *zone)
{
    for (size_t i = 0; i < h->n_links; i++)
        if (text_is(h->links[i].zone, zone))
            return &h->links[i];
    return NULL;
}

/* The host that `from` would hand a packet for zone `to` to, or NULL: no route. */
static const struct lab_host *next_hop(const struct lab *l, const struct lab_host *from,
                                       const struct lab_zone *to)
{
    for (size_t i = 0; i < from->n_routes; i++)
        if (text_is(from->routes[i].net, to->net))
            return lab_host_at(l, from->routes[i].via);
    return *from->gateway == '\0' ? NULL : lab_host_at(l, from->gateway);
}

/* The zones a packet crosses from host to address, in order. 0: no route. */
static size_t walk(const struct lab *l, const struct lab_host *from, const char *to_ip,
                   const char *seen_as, struct hop hops[SITE_HOPS_MAX])
{
    const struct lab_zone *target = lab_zone_of(l, to_ip);
    const struct lab_host *at = from;
    const char *source = from->links[0].address;
    size_t n = 0;

    while (target != NULL && n < SITE_HOPS_MAX) {
        const struct lab_link *last = link_in(at, target->name);
        const struct lab_host *next = last != NULL ? NULL : next_hop(l, at, target);
        const struct lab_zone *zone;

        if (last == NULL && next == NULL)
            return 0;
        zone = last != NULL ? target : lab_zone_of(l, next->links[0].address);
        for (size_t i = 0; next != NULL && i < next->n_links; i++)
            if (link_in(at, next->links[i].zone) != NULL)
                zone = lab_zone_of(l, next->links[i].address);
        if (*seen_as != '\0' && at != from && text_is(link_in(at, zone->name)->address, seen_as))
            source = seen_as;
        hops[n++] = (struct hop){zone->name, source, at};
        if (last != NULL)
            return n;
        at = next;
    }
    return 0;
}

void site_flow_event(struct event *e, const struct lab *l, const char *from_ip, const char *to_ip)
{
    const struct lab_host *from = lab_host_at(l, from_ip), *to = lab_host_at(l, to_ip);
    const struct lab_zone *from_zone = lab_zone_of(l, from_ip), *to_zone = lab_zone_of(l, to_ip);

    ev_text_add(e, EVF_FROM, from == NULL ? "" : from->role);
    ev_text_add(e, EVF_TO, to == NULL ? "" : to->role);
    ev_text_add(e, EVF_FROM_ZONE, from_zone == NULL ? "" : from_zone->name);
    ev_text_add(e, EVF_TO_ZONE, to_zone == NULL ? "" : to_zone->name);
    ev_text_add(e, EVF_FROM_IP, from_ip);
    ev_text_add(e, EVF_TO_IP, to_ip);
}

/* Index of the first zone that a new flow does not get into, n when it dies at the target's own
 * door, 0 when nobody's rules drop it. */
static size_t dropped_at(const struct hop *hops, size_t n, const struct lab_host *to)
{
    const char *from_ip = hops[0].source, *to_ip = to->links[0].address;

    for (size_t i = 1; i < n; i++)
        if (lab_rules_end(hops[i].via, "forward", from_ip, to_ip) == LAB_DROPS)
            return i;
    return lab_rules_end(to, "input", from_ip, to_ip) == LAB_DROPS ? n : 0;
}

/* A packet that is dropped was seen up to whoever dropped it. */
static size_t zones_crossed(const struct hop *hops, size_t n, const struct lab_host *to)
{
    const size_t at = dropped_at(hops, n, to);

    return at == 0 ? n : at;
}

enum reach site_syn(struct site *s, const struct lab_host *from, const struct lab_host *to,
                    int port, char seen_as[LAB_ADDRESS_MAX])
{
    struct hop hops[SITE_HOPS_MAX];
    const char *nat = "";
    enum reach reach = lab_reaches(s->lab, from->role, to->role, &nat);
    size_t n = walk(s->lab, from, to->links[0].address, nat == NULL ? "" : nat, hops);

    if (n == 0)
        return REACH_REFUSED;
    if (reach == REACH_DROP)
        n = zones_crossed(hops, n, to);
    reach = site_wire_reach(s, from, to, reach, &n);
    for (size_t i = 0; i < n; i++) {
        struct event e;

        ev_init(&e, EV_FLOW_TRY, s->now);
        site_flow_event(&e, s->lab, hops[i].source, to->links[0].address);
        ev_int_add(&e, EVF_TO_PORT, port);
        ev_text_add(&e, EVF_LINK, hops[i].zone);
        site_put(s, EVS_CAPTURE, &e);
    }
    text_copy(seen_as, LAB_ADDRESS_MAX, hops[n - 1].source);
    return reach;
}

/* --- probes --------------------------------------------------------------------------------- */

/* What those on the way do with a new flow, read from their rules and not from the table that the
 * answer is held against. */
static enum reach rules_reach(const struct hop *hops, size_t n, const struct lab_host *to)
{
    const char *from_ip = hops[0].source, *to_ip = to->links[0].address;
    enum reach reach = REACH_OPEN;

    if (dropped_at(hops, n, to))
        return REACH_DROP;
    for (size_t i = 1; i < n; i++)
        if (lab_rules_end(hops[i].via, "postrouting", from_ip, to_ip) == LAB_REWRITES)
            reach = REACH_NAT;
    return reach;
}

static void probe(struct site *s, const struct lab_reach *row)
{
    const struct lab_host *from = lab_role(s->lab, row->from), *to = lab_role(s->lab, row->to);
    char seen_as[LAB_ADDRESS_MAX] = "";
    struct hop hops[SITE_HOPS_MAX];
    struct event e;
    size_t n;

    n = walk(s->lab, from, to->links[0].address, row->seen_as, hops);
    site_syn(s, from, to, to->listen, seen_as);
    ev_init(&e, EV_PROBE, s->now);
    ev_text_add(&e, EVF_FROM, from->role);
    ev_text_add(&e, EVF_TO, to->role);
    ev_text_add(&e, EVF_ANSWER, reach_name(n == 0 ? REACH_REFUSED : rules_reach(hops, n, to)));
    ev_text_add(&e, EVF_EXPECTED, reach_name(row->reach));
    site_put(s, EVS_ENGINE, &e);
}

void site_probe_every_pair(struct site *s)
{
    for (size_t i = 0; i < s->lab->n_reach; i++)
        probe(s, &s->lab->reach[i]);
}
