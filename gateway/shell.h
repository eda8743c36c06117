/* Around the core: effects become calls, records and lines; answers, time and signals become
 * events. The only place of the gateway with a socket, a file of state, or a clock. */
#ifndef GATEWAY_SHELL_H
#define GATEWAY_SHELL_H

#include "gateway/config.h"

#define SHELL_NAME      "gateproof-pcg"
#define SHELL_CALLS_MAX 640 /* at once: 240 clusters with two each and 32 queries ask less */

/* Runs until the core says exit or something of ours fails; what failed is said on stderr.
 * Returns the exit code. c must outlive the call. */
int shell_run(const struct config *c);
/* What the records say, one line a thing, read beside a running gateway. */
int shell_status(const struct config *c, struct buf *out, struct err *e) MUST_CHECK;

#endif
