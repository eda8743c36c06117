/* What stands between programs that have no network of their own (stage loopback): a relay at each
 * address where MAAS or Palette is to be found, in this process, on this loop. It passes bytes on
 * to whoever serves behind it (lab_behind), from the address that the lab's table says the server
 * sees, and does to them what the lab's table and a story's cut wires say.
 *
 * Who calls is told by the caller's own address: all programs of ours bind their calls to their
 * host's. A gateway does not know of this; so who calls from LAB_UNBOUND is the gateway.
 *
 * A call takes RELAYS_WAY_MS of our own time until it is at the server's: whatever the server was
 * told before it began is done by then.
 *
 * What a firewall drops, or a silently cut wire, is taken and never answered; bytes that were lost
 * so are lost for good, with their flow, since there is nobody who would repeat them. What is
 * refused is reset. A flow's first half can end alone (FIN); a reset passes on as one.
 *
 * Bounds: RELAYS_FLOWS_MAX flows at a time, the oldest that is lost makes room, else a new one is
 * reset; RELAYS_BYTES wait in each direction, then its sender waits. */
#ifndef SCENARIOS_ENGINE_RELAYS_H
#define SCENARIOS_ENGINE_RELAYS_H

#include "lib/io/loop.h"
#include "scenarios/engine/capture.h"
#include "scenarios/engine/wires.h"

#define RELAYS_DOORS_MAX 8
#define RELAYS_FLOWS_MAX 256
#define RELAYS_BYTES     KIB(64)
#define RELAYS_WAY_MS    1

struct relays_config {
    struct loop *loop;
    const struct lab *lab;        /* as lab_on_loopback made it */
    const struct lab_host *guest; /* who calls from LAB_UNBOUND */
    capture_try_fn *on_try;       /* told of each caller; may be NULL */
    void *arg;
};

struct relays;
/* Listens everywhere. All pointers stay the caller's and must outlive it. */
int relays_new(struct relays **ret, const struct relays_config *c, struct err *e) MUST_CHECK;
void relays_free(struct relays *r); /* NULL is fine; flows end with a reset */
/* Cuts these wires and mends all others, now. */
void relays_wires(struct relays *r, const struct wires *w);

#endif
