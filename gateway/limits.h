/* How many files this process may have open: calls under way are sockets, and all of them may be at
 * work at once. */
#ifndef GATEWAY_LIMITS_H
#define GATEWAY_LIMITS_H

#include "gateway/calls.h"

#define LIMITS_FILES_OWN 64                             /* records, names, the log, who peeks */
#define LIMITS_FILES_MAX (CALLS_MAX + LIMITS_FILES_OWN) /* more are never open */

/* Raises the soft limit as far as it is wanted and allowed. -EMFILE when what remains does not do
 * for the gateway itself; when it does not do for all calls at once, a remark says so (else ""). */
int limits_raise(char *remark, size_t size, struct err *e) MUST_CHECK;

#endif
