/* How a TCP call ended that was begun without waiting.
 *
 * A router's "no way there" may be back while connect(2) still holds the socket: then the kernel
 * notes it and wakes nobody. Who waited in vain looks once more (answer_take); where an answer must
 * come, and a busy machine may hold it back while the domain's time goes on, it is awaited. */
#ifndef SCENARIOS_ENGINE_ANSWER_H
#define SCENARIOS_ENGINE_ANSWER_H

#include "lib/base/base.h"

struct sockaddr_in;

/* 0: it is open, or nobody answered yet; else the errno of who refused. */
int answer_take(int fd);
/* Blocks, at most so long of kernel time, until there is an answer of that address: 0, it is open;
 * -EALREADY, nobody answered; else the negative errno of who refused. The socket blocks from then
 * on. */
int answer_await(int fd, const struct sockaddr_in *to, int max_ms);

#endif
