/* How a TCP call ended that was begun without waiting.
 *
 * A router's "no way there" may be back while connect(2) still holds the socket: then the kernel
 * notes it, tells nobody, and tries again after a second of its own clock, in which a stepped run
 * is over. A socket with IP_RECVERR is told at once, through its queue of errors (ip(7), Linux 5.8;
 * on 6.18 any socket is). */
#ifndef SCENARIOS_ENGINE_ANSWER_H
#define SCENARIOS_ENGINE_ANSWER_H

#include "lib/base/base.h"

void answer_expect(int fd); /* before connect */
/* When the socket is writable or has an error: 0, it is open; else the errno of who refused. */
int answer_take(int fd);
/* Blocks, at most so long of kernel time, until there is an answer of that address: 0, it is open;
 * -EALREADY, nobody answered; else the negative errno of who refused. The socket blocks from then
 * on. */
struct sockaddr_in;
int answer_await(int fd, const struct sockaddr_in *to, int max_ms);

#endif
