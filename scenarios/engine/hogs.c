#include "scenarios/engine/hogs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void be_busy(pid_t parent)
{
    const struct rlimit most = {HOGS_SECONDS, HOGS_SECONDS};
    volatile uint64_t n = 0;

    if (setrlimit(RLIMIT_CPU, &most) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
        getppid() != parent)
        _exit(1);
    for (;;)
        n = n + 1;
}

int hogs_start(struct hogs *h, int64_t n, struct err *e)
{
    const pid_t parent = getpid();

    *h = (struct hogs){.n = 0};
    if (n > HOGS_MAX)
        return err_set(e, -E2BIG, "site load: %lld busy processes are too many; %d at most",
                       (long long)n, HOGS_MAX);
    fflush(NULL);
    while ((int64_t)h->n < n) {
        const pid_t pid = fork();

        if (pid == 0)
            be_busy(parent);
        if (pid < 0) {
            hogs_end(h);
            return err_errno(e, "start a busy process");
        }
        h->pids[h->n++] = pid;
    }
    return 0;
}

void hogs_end(struct hogs *h)
{
    for (size_t i = 0; i < h->n; i++) {
        (void)kill(h->pids[i], SIGKILL);
        while (waitpid(h->pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
    }
    h->n = 0;
}
