/* A process of its own inside fresh user, mount, pid, network, ipc and uts namespaces. It is pid 1
 * there: when it ends, or its parent does, the kernel ends everything that was started inside.
 *
 * Works for an ordinary user and for root alike. What a machine can forbid is told step by step,
 * with the line to type; docs/loopback.md says what can be played where it is forbidden. Kernel
 * facts: user_namespaces(7), pid_namespaces(7). */
#ifndef SCENARIOS_ENGINE_NS_H
#define SCENARIOS_ENGINE_NS_H

#include "lib/base/err.h"

struct ns_child {
    pid_t pid;    /* the process between us and pid 1; 0 = none */
    pid_t *first; /* pid 1 as we see it, on a page shared with the one between; 0 = not yet */
    int fd;       /* stream socket to the body; -1 = none. Ours. */
};

/* What runs as pid 1. Its return value (0…255) is the child's exit status. fd stays open. */
typedef int ns_body_fn(void *arg, int fd);

/* Forks, makes the namespaces, mounts /proc, makes every mount private, and runs body there.
 * Returns when the body is about to run. Stops with -EPERM, -ENOSPC, … and the remedy. */
int ns_start(struct ns_child *ret, ns_body_fn *body, void *arg, struct err *e) MUST_CHECK;
struct ns_place { /* descriptors of namespaces that are there already */
    int user, net;
};
/* The same in that user namespace, beginning in that network namespace; the others are fresh. */
int ns_start_at(struct ns_child *ret, const struct ns_place *place, ns_body_fn *body, void *arg,
                struct err *e) MUST_CHECK;
/* The same without namespaces, where they are forbidden: the body is a process like any other,
 * whose orphans become its own, and what it leaves behind is ended with it. Only if that one
 * between is killed too does a process live on that left its program. */
int ns_start_bare(struct ns_child *ret, ns_body_fn *body, void *arg, struct err *e) MUST_CHECK;
/* Whole structs between the two; false when the other side is gone (or a timeout of the socket
 * passed). */
bool ns_read(int fd, void *ret, size_t len);
bool ns_write(int fd, const void *bytes, size_t len);
/* The body's last word to whoever waits: its struct err; code 0 is success. */
void ns_tell(int fd, const struct err *e);
/* Blocks; false when the other side is gone (or a SO_RCVTIMEO of the descriptor passed). */
bool ns_hear(int fd, struct err *ret);
/* Ends the child if it still runs, and everything in it. Returns its exit status, -1 if it was
 * killed. Closes the descriptor. */
int ns_stop(struct ns_child *c, bool kill_it);

/* Tries in a child whether this machine lets us: namespaces, lo up, a packet socket, forwarding, a
 * masquerade rule. 0, or which step failed and what to type. */
int ns_possible(struct err *e) MUST_CHECK;

#endif
