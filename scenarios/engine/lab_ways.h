/* Ways through a lab: which links the first packet of a flow crosses, with which source address on
 * each, and who drops, refuses or takes it: by the routes and rulesets of the lab's file, not by
 * its table of reach, so that the one can be held against the other. Pure. */
#ifndef SCENARIOS_ENGINE_LAB_WAYS_H
#define SCENARIOS_ENGINE_LAB_WAYS_H

#include "scenarios/engine/lab.h"

#define LAB_HOPS_MAX 8

struct lab_hop { /* a link that the packet crosses */
    const char *zone;
    const char *source;         /* its source address there */
    const struct lab_host *via; /* who sent it into this zone: the source, or a router */
};
struct lab_way {
    enum reach reach;           /* DECOY: another than `to` takes it */
    const struct lab_host *end; /* who takes it; NULL: nobody, it is dropped or refused */
    size_t n;                   /* 0: its host has no route for it, and nothing is seen */
    struct lab_hop hops[LAB_HOPS_MAX];
};
/* From a host's first address to the first address of `to`. */
void lab_way(const struct lab *l, const struct lab_host *from, const struct lab_host *to,
             int to_port, struct lab_way *ret);
/* The first router on that way that forgets idle flows, or NULL. */
const struct lab_host *lab_way_forgets(const struct lab *l, const struct lab_host *from,
                                       const struct lab_host *to, int to_port);
/* Whom an address means in packets that cross this zone: where zones overlap, the host to which a
 * router there would send it. NULL: nobody. The zone of such a host is ret_zone's (may be NULL):
 * NULL when the address lies in no net that is known. */
const struct lab_host *lab_host_on(const struct lab *l, const char *zone, const char *address,
                                   const struct lab_zone **ret_zone);

#endif
