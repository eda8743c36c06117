/* A lab as it lies on the loopback addresses of one machine: the same zones, hosts and table, every
 * address in 127.N.0.0/16, where N is a berth that no other run has. Pure.
 *
 * 127.N.Z.H is the host that has H in the lab's Z-th zone. Whoever serves lives behind a relay at
 * that address (relays.h), and itself at 127.N.(128+Z).H. Ports below 1024 are the system's: 8000
 * more, 8443 for 443. There are no routers, so rulesets and routes are left out. */
#ifndef SCENARIOS_ENGINE_LAB_LOOPBACK_H
#define SCENARIOS_ENGINE_LAB_LOOPBACK_H

#include "scenarios/engine/lab.h"

#define LAB_BERTHS     64          /* runs side by side on one machine */
#define LAB_BERTH_NET  64          /* of the first berth: 127.64.0.0/16 */
#define LAB_UNBOUND    "127.0.0.1" /* where a program is that says of no socket where it begins */
#define LAB_LOW_PORT   1024
#define LAB_PORT_SHIFT 8000

/* What such a lab cannot be, in a few words, or NULL: one with overlapping zones, with a router
 * that forgets, or with wires that are slow or lose. */
const char *lab_loopback_lacks(const struct lab *l);
/* l must lack nothing. */
void lab_on_loopback(const struct lab *l, int berth, struct lab *ret);
/* Where a host that serves at this address itself is. */
void lab_behind(const char *address, char ret[LAB_ADDRESS_MAX]);

#endif
