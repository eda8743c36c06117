/* Wires of a lab of namespaces that delay and lose (lag.h): between a host's link and its zone's
 * bridge stands a relay that holds frames back. It lives on the engine's own loop, so under the
 * stepped clock what it holds is a deadline like any other and the clock jumps to it; on the wall
 * clock it is factor times faster. Why not the means of the kernel: docs/decisions/0006.
 *
 * A wire costs nothing until somebody makes it slow: then its relay comes between, and stays. A
 * tap sees each frame when its sender sends it, before any relay.
 *
 * IPv4 is held; what ARP says passes at once, since who waits for it waits by the kernel's clock.
 * Packets of one flow never pass each other, and a repeat of what is still held is dropped: so the
 * kernels at both ends see a line that is slow and not one that is torn. Of a datagram that is not
 * TCP's a loss is a loss. */
#ifndef SCENARIOS_ENGINE_SLOW_WIRES_H
#define SCENARIOS_ENGINE_SLOW_WIRES_H

#include "lib/io/clk.h"
#include "lib/io/loop.h"
#include "scenarios/engine/labnet.h"
#include "scenarios/engine/lag.h"

#define SLOW_WIRES_HELD_MAX 4096 /* frames, of all wires; one more is lost, and counted */

struct slow_wires;

/* The wires that are slow in the lab's file; the others are free. All arguments outlive it. */
int slow_wires_new(struct slow_wires **ret, struct loop *l, const struct lab *lab,
                   struct labnet *net, const struct clk_domain *domain, uint64_t seed,
                   struct err *e) MUST_CHECK;
void slow_wires_free(struct slow_wires *s); /* NULL is fine; what is held is gone */
/* Does what an act of the verbs wire.delays and wire.loses says. -ENOENT: nobody has that role. */
int slow_wires_act(struct slow_wires *s, const struct script_line *line, struct err *e) MUST_CHECK;
/* Frames that came and could not be held or sent: with one of them the evidence is not whole. */
uint64_t slow_wires_lost(struct slow_wires *s);

#endif
