/* Wires that a story has cut, for both stages: which packets a cut stops, and the firewall rules
 * that stop them in a lab of namespaces. Pure.
 *
 * An end is a role (all its hosts), a zone (its whole net) or a cluster (the machines that run for
 * it, also those that join it later). A cut has a direction; a cut of both
 * is two. It stops packets of flows that are open already, too. Silent: the packet is gone, and
 * nobody is told. Else its sender gets a reset, as from a firewall that rejects.
 *
 * Where: at the first router on the way, or, where there is none, at the receiver's door. So a try
 * is always seen on the sender's own link. */
#ifndef SCENARIOS_ENGINE_WIRES_H
#define SCENARIOS_ENGINE_WIRES_H

#include "lib/base/buf.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/script.h"

#define WIRES_MAX          16
#define WIRES_MACHINES_MAX 16

enum wire_fate { WIRE_OPEN, WIRE_SILENT, WIRE_RESETS }; /* of a packet */

struct wires {
    /* The kernel repeats what was lost by its own clock. Where domain time is stepped that would
     * let a random number of packets through after mending, so there a flow that lost one is lost
     * for good, as it would be after minutes of silence; bare acknowledgements always pass, so that
     * no flow is lost for one that was late. */
    bool for_good;
    size_t n;
    struct wire_cut {
        char from[LAB_NAME_MAX], to[LAB_NAME_MAX];
        bool resets;
    } at[WIRES_MAX];
    size_t n_joined;
    struct wire_joined {
        char host[LAB_NAME_MAX], cluster[LAB_NAME_MAX];
    } joined[WIRES_MACHINES_MAX];
    size_t n_opened; /* new flows that pass whatever the routers' rules say */
    struct wire_opened {
        char from[LAB_NAME_MAX], to[LAB_NAME_MAX]; /* roles or zones */
    } opened[WIRES_MAX];
};
/* Does what an act of the verbs wire.* and path.* says. false: it was cut already, or was not. */
bool wires_act(struct wires *w, const struct script_line *line);
/* The machine on that host has booted for the cluster, and runs for no other any more. true: a cut
 * lies in its way now, or lay there before. */
bool wires_joins(struct wires *w, const char *host, const char *cluster);
/* Of a packet between two hosts. */
enum wire_fate wires_fate(const struct wires *w, const struct lab_host *from,
                          const struct lab_host *to);
/* Was the way from the one to the other opened? */
bool wires_opened(const struct wires *w, const struct lab_host *from, const struct lab_host *to);
/* Of the way opened last: the rule that lets its new flows pass, at the head of whatever chain of
 * this router looks at them; nothing for a host that drops none of them. */
void wires_opening(const struct wires *w, const struct lab *l, const struct lab_host *at,
                   struct buf *out);
/* The rules for one host, in the form of nft; in one go they take the place of those it had. false:
 * it stands in no packet's way now (but flows that were lost for good stay lost). */
bool wires_rules(const struct wires *w, const struct lab *l, const struct lab_host *at,
                 struct buf *out);

#endif
