/* What taps see of a site's SYNs, and the probes that hold the lab against its table. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_ways.h"

#include <stdlib.h>

void site_flow_event(struct event *e, const struct lab *l, const char *link, const char *from_ip,
                     const char *to_ip)
{
    const struct lab_zone *from_zone, *to_zone;
    const struct lab_host *from = lab_host_on(l, link, from_ip, &from_zone);
    const struct lab_host *to = lab_host_on(l, link, to_ip, &to_zone);

    ev_text_add(e, EVF_FROM, from == NULL ? "" : from->role);
    ev_text_add(e, EVF_TO, to == NULL ? "" : to->role);
    ev_text_add(e, EVF_FROM_ZONE, from_zone == NULL ? "" : from_zone->name);
    ev_text_add(e, EVF_TO_ZONE, to_zone == NULL ? "" : to_zone->name);
    ev_text_add(e, EVF_FROM_IP, from_ip);
    ev_text_add(e, EVF_TO_IP, to_ip);
}

/* A host of two addresses is spoken to where its server listens. */
const char *site_address_of(const struct site *s, const struct lab_host *h)
{
    for (size_t i = 0; i < SITE_SERVERS && h->links[0].also[0] != '\0'; i++)
        if (text_is(s->servers[i].role, h->role))
            return s->servers[i].address;
    return h->links[0].address;
}

/* The way as it is once nobody's rules stand in it. */
static void way_opened(const struct lab *l, const struct lab_host *from, const struct lab_host *to,
                       int port, struct lab_way *ret)
{
    struct lab *open = malloc(sizeof *open);

    if (open == NULL)
        WRONG("out of memory");
    *open = *l;
    for (size_t i = 0; i < open->n_hosts; i++)
        open->hosts[i].nft[0] = '\0';
    lab_way(open, from, to, port, ret);
    free(open);
}

enum reach site_syn(struct site *s, const struct lab_host *from, const struct lab_host *to,
                    int port, char seen_as[LAB_ADDRESS_MAX])
{
    return site_syn_to(s, from, to, site_address_of(s, to), port, seen_as);
}

enum reach site_syn_to(struct site *s, const struct lab_host *from, const struct lab_host *to,
                       const char *to_ip, int port, char seen_as[LAB_ADDRESS_MAX])
{
    struct lab_way w;
    enum reach reach;

    if (from == to) { /* no wire sees that */
        text_copy(seen_as, LAB_ADDRESS_MAX, from->links[0].address);
        return REACH_OPEN;
    }
    lab_way(s->lab, from, to, port, &w);
    if (w.reach == REACH_DROP && wires_opened(&s->wires, from, to))
        way_opened(s->lab, from, to, port, &w);
    if (w.n == 0)
        return REACH_REFUSED;
    reach = site_wire_reach(s, from, to, w.reach, &w.n);
    for (size_t i = 0; i < w.n; i++) {
        struct event e;

        ev_init(&e, EV_FLOW_TRY, s->now);
        site_flow_event(&e, s->lab, w.hops[i].zone, w.hops[i].source, to_ip);
        ev_int_add(&e, EVF_TO_PORT, port);
        ev_text_add(&e, EVF_LINK, w.hops[i].zone);
        site_put(s, EVS_CAPTURE, &e);
    }
    text_copy(seen_as, LAB_ADDRESS_MAX, w.hops[w.n - 1].source);
    return reach;
}

/* --- probes --------------------------------------------------------------------------------- */

/* By a wrong address is not as the table says: the address itself is the answer, as in a lab of
 * namespaces. */
static const char *answer_of(const struct lab_way *w, const struct lab_reach *row)
{
    const char *seen_as = w->n == 0 ? "" : w->hops[w->n - 1].source;

    return w->reach == REACH_NAT && !text_is(seen_as, row->seen_as) ? seen_as
                                                                    : reach_name(w->reach);
}

static void probe(struct site *s, const struct lab_reach *row)
{
    const struct lab_host *from = lab_role(s->lab, row->from), *to = lab_role(s->lab, row->to);
    const int port = to->listen != 0 ? to->listen : SITE_PROBE_PORT;
    char seen_as[LAB_ADDRESS_MAX] = "";
    struct lab_way w;
    struct event e;

    lab_way(s->lab, from, to, port, &w);
    site_syn(s, from, to, port, seen_as);
    ev_init(&e, EV_PROBE, s->now);
    ev_text_add(&e, EVF_FROM, from->role);
    ev_text_add(&e, EVF_TO, to->role);
    ev_text_add(&e, EVF_ANSWER, answer_of(&w, row));
    ev_text_add(&e, EVF_EXPECTED, reach_name(row->reach));
    site_put(s, EVS_ENGINE, &e);
}

void site_probe_every_pair(struct site *s)
{
    for (size_t i = 0; i < s->lab->n_reach; i++)
        probe(s, &s->lab->reach[i]);
}
