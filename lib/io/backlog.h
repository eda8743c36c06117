/* Packets still on their way through the kernel of this processor. A packet that crosses a veth
 * pair waits in the processor's backlog; most often it is served before the sender's call returns,
 * but on a busy machine the kernel's own thread serves it some time later. Whoever asks "is anybody
 * readable" in between is told "nobody".
 *
 * The remedy: a datagram of our own joins the same queue at its end. When it is there, so is all
 * that was before it. Only for a process bound to the processor on which the senders run. */
#ifndef LIB_IO_BACKLOG_H
#define LIB_IO_BACKLOG_H

#include "lib/base/err.h"

/* A socket that talks to itself over loopback, which it raises where nobody has; the caller's to
 * close. Negative: no such network. */
int backlog_open(int *ret_fd, struct err *e) MUST_CHECK;
/* Returns when what was on its way has arrived, hop by hop. */
void backlog_drain(int fd);

#endif
