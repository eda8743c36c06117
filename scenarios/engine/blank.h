/* What a run left in the network namespace we are in, taken away: rules, flows of connection
 * tracking, sockets that outlived their programs (TIME_WAIT, FIN_WAIT), addresses, and with these
 * the routes, what was learned about them, and the neighbours. Interfaces that came or went (a slow
 * wire's, labnet_splice) are only counted. Settings are not looked at: programs of a run cannot
 * write those of a network (confine.c).
 *
 * Kernel facts: sock_diag(7); SOCK_DESTROY ends a socket in TIME_WAIT since Linux 6.0, and where
 * the kernel has no CONFIG_INET_DIAG_DESTROY nothing is ended; one whose program closed it with
 * bytes under way, since 6.11 (tcp_abort): where more is left than was, blank_clear says so. The
 * last address of an interface takes its routes and neighbours along (fib_disable_ip). A router
 * answers the packets for which it has no way five times to one host and then once a second
 * (ip_error): how often it did so is kept beside its routes, and nobody can take it away. Where
 * somebody masquerades, a kernel thread forgets the flows of an address some time after it was
 * taken away (nf_nat_masq_schedule): that is not awaited, so labs are made blank when a run ends
 * and not when the next one begins. */
#ifndef SCENARIOS_ENGINE_BLANK_H
#define SCENARIOS_ENGINE_BLANK_H

#include "lib/base/err.h"

/* How many there are: what a namespace that nobody used has is what it shall have again. */
struct blank {
    int64_t links, sockets, waiting, fragments, flows, no_ways;
};
int blank_count(struct blank *ret, struct err *e) MUST_CHECK;

/* Two steps, each in all hosts of a lab before the next: what the ends of sockets still say to each
 * other must not be the first that the next run sees. */
int blank_silence(const struct blank *was, struct err *e) MUST_CHECK; /* rules and sockets */
/* The rest; -ESTALE when more is left than there was. */
int blank_clear(const struct blank *was, struct err *e) MUST_CHECK;

#endif
