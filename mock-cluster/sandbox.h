/* User data executed for real, in a root of its own that has nothing of this machine.
 *
 * The child is the first process of user, mount, pid, net, ipc and uts namespaces of its own. Its
 * root is a tmpfs with busybox, our systemctl and what the image has; no path of the host is left,
 * no /proc and no device. Before a word of user data runs it has no capability, no_new_privs, no
 * further user namespace, and bounds on processes, memory, files, open files and processor time;
 * the caller's clock bounds the whole. Then all that still runs is killed and the files come back
 * over a socket that user data never had.
 *
 * The time is over once nobody inside wanted a processor for SANDBOX_SECONDS: a sandbox that a busy
 * machine does not let run loses none of it. Whatever wants one all the time has SANDBOX_MOST_S.
 * Blocks for as long. Call it before any thread is started.
 * Errors are this machine's refusals (no user namespaces, no busybox); what user data does wrong is
 * in the outcome. */
#ifndef MOCK_CLUSTER_SANDBOX_H
#define MOCK_CLUSTER_SANDBOX_H

#include "mock-cluster/userdata.h"

#define SANDBOX_SECONDS   20
#define SANDBOX_MOST_S    120 /* kernels were seen that keep a runnable process waiting for 24 s */
#define SANDBOX_CPU_S     8   /* of one process */
#define SANDBOX_PROCESSES 48
#define SANDBOX_MEMORY    MIB(48) /* of one process */
#define SANDBOX_DISK      MIB(16) /* of all files, busybox included */
#define SANDBOX_INODES    1024
#define SANDBOX_OPEN      64
#define SANDBOX_BUSYBOX   "/bin/busybox" /* statically linked: busybox-static */

struct sandbox_config {
    const char *busybox; /* NULL: SANDBOX_BUSYBOX */
    int seconds;         /* 0: SANDBOX_SECONDS */
    int most_seconds;    /* 0: SANDBOX_MOST_S */
};
/* *ret is a tree as userdata_apply() would make it; tree_drop() frees it, also after ret->why. */
int sandbox_run(const struct sandbox_config *c, const struct userdata *u, struct tree *ret,
                struct userdata_outcome *ret_outcome, struct err *e) MUST_CHECK;

#endif
