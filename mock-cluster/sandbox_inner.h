/* The two halves of the sandbox: the caller's, and the first process inside (sandbox_guest.c). They
 * share what goes over the socket. */
#ifndef MOCK_CLUSTER_SANDBOX_INNER_H
#define MOCK_CLUSTER_SANDBOX_INNER_H

#include "mock-cluster/sandbox.h"

#include <sys/types.h>

#define SANDBOX_LOG   "/run/systemctl/log"
#define SANDBOX_UNITS "/run/systemctl/"
#define SANDBOX_OVER  SIGUSR1 /* to the first process: the time is over, bring what there is */
#define SANDBOX_WALKS 32      /* folders inside folders */

enum sandbox_kind { SANDBOX_FILE, SANDBOX_END, SANDBOX_BROKEN };
struct sandbox_head { /* then `path` bytes of name and `len` bytes of content */
    uint32_t kind, mode, path, len;
};
struct sandbox_report { /* content of SANDBOX_END and SANDBOX_BROKEN */
    int32_t code;
    uint32_t written, done;
    char why[ERR_TEXT_MAX];
};

struct sandbox_guest {
    const struct userdata *u;
    int busybox; /* descriptor of the binary */
    int fd;      /* of the socket */
    struct sandbox_report report;
};
/* The life of the first process. Never returns. */
_Noreturn void sandbox_guest(struct sandbox_guest *g);
/* Its root, from mounting to pivoting, and giving up all rights (sandbox_root.c). */
int sandbox_root(struct sandbox_guest *g, struct err *e);
int sandbox_disarm(struct err *e);
/* Whether neither the process nor any below it wants a processor, waits for the kernel, or is
 * stopped: they all sleep. Without /proc/PID/task/PID/children it alone is asked
 * (sandbox_rests.c). */
bool sandbox_rests(pid_t pid);

#endif
