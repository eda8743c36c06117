/* Stopping in the middle of an operation, so that whoever started the program can look, and act,
 * at an exact phase of it (docs/time.md, "Points of a story").
 *
 * A line "PHASE WHAT" goes out on a socket; then the program stands still: under the stepped clock
 * until it has the turn again, else until one byte comes back, at most HOLD_MAX_MS of kernel time.
 * Once the other end is closed, nothing is said and nobody waits any more. */
#ifndef IO_HOLD_H
#define IO_HOLD_H

#include "lib/io/loop.h"

#define HOLD_MAX_MS   60000
#define HOLD_LINE_MAX 256
#define HOLD_OPS_MAX  512

struct hold;
/* fd: an inherited SOCK_SEQPACKET socket, one line a packet; ours from now on. ops: names with
 * commas between. The loop and ops outlive it. */
int hold_new(struct hold **ret, struct loop *l, int fd, const char *ops, struct err *e) MUST_CHECK;
void hold_free(struct hold *h); /* NULL is fine */
bool hold_wants(const struct hold *h, const char *op);
/* On the loop's thread. */
void hold_at(struct hold *h, const char *phase, const char *what);

#endif
