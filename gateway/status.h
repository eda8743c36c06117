/* `gateproof-pcg status`: what the state directory says, for people. Reads beside a running gateway
 * and leaves no trace. */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "gateway/config.h"

/* *ret_code: SHELL_EXIT_DONE, _DOWN or _UNLINKED (gateway/shell.h). Whatever can be told stands in
 * *out, also when the records cannot be read, which is the error. */
int status_write(const struct config *c, struct buf *out, int *ret_code, struct err *e) MUST_CHECK;

#endif
