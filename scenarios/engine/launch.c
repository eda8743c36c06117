#include "scenarios/engine/launch.h"

#include "scenarios/engine/confine.h"
#include "scenarios/engine/output.h"

#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES        (1 << 20) /* what a program can write without being waited for */
#define CHUNK             KIB(64)
#define CHUNKS_A_WAKE_MAX 64

struct prog {
    char name[LAUNCH_NAME_MAX];
    struct prog_events events;
    pid_t pid;
    int pidfd, output_fd;
    struct loop_watch *ended, *readable;
    struct output *output;
    bool running, flooded;
    int code, value; /* of waitid: CLD_EXITED and status, or CLD_KILLED and signal */
};

void secrets_add(struct secrets *s, const char *name, const char *value)
{
    struct secret *x = &s->at[s->n];
    if (s->n == LAUNCH_SECRETS_MAX || strlen(value) < 8)
        return;
    if (text_copy(x->name, sizeof(x->name), name) && text_copy(x->value, sizeof(x->value), value))
        s->n++;
}

/* --- output ------------------------------------------------------------------------------------
 */

static void on_secret(void *arg, const char *name)
{
    struct prog *p = arg;
    p->events.secret(p->events.arg, p, name);
}

/* false: nothing is there now, or ever again. */
static bool output_read(struct prog *p)
{
    char chunk[CHUNK];
    ssize_t n = read(p->output_fd, chunk, sizeof(chunk));
    if (n > 0) {
        output_add(p->output, chunk, (size_t)n, on_secret, p);
        if (!p->flooded && output_bytes(p->output) > LAUNCH_OUTPUT_MAX) {
            p->flooded = true;
            p->events.flooded(p->events.arg, p);
        }
        return true;
    }
    if (n == 0) /* all writers are gone */
        loop_watch_remove(&p->readable);
    return n < 0 && errno == EINTR;
}

static void on_readable(void *arg, uint32_t events)
{
    struct prog *p = arg;
    (void)events;
    for (int i = 0; i < CHUNKS_A_WAKE_MAX && p->readable != NULL && output_read(p); i++)
        ;
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void on_ended(void *arg, uint32_t events)
{
    struct prog *p = arg;
    siginfo_t info = {0};
    (void)events;
    if (!p->running || waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG) < 0 ||
        info.si_pid == 0)
        return;
    p->running = false;
    p->code = info.si_code;
    p->value = info.si_status;
    loop_watch_remove(&p->ended);
    /* What it wrote before its end is in the pipe; a process it left behind may keep it open. */
    on_readable(p, 0);
    loop_watch_remove(&p->readable);
    p->events.ended(p->events.arg, p);
}

void prog_look(struct prog *p)
{
    on_ended(p, 0);
}

/* --- the start ---------------------------------------------------------------------------------
 */

/* The child says over a pipe that closes on exec which step failed; silence is success. */
static int await_exec(int fd, pid_t pid, const struct launch *x, struct err *e)
{
    struct err said = {0};
    ssize_t n;
    do
        n = read(fd, &said, sizeof(said));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    (void)waitpid(pid, NULL, 0);
    said.text[sizeof(said.text) - 1] = '\0';
    if (n != (ssize_t)sizeof(said) || said.code >= 0)
        return err_set(e, -EPIPE, "%s: could not be started", x->name);
    return err_set(e, said.code, "%s: %s", x->name, said.text);
}

static _Noreturn void child(const struct launch *x, int output, int failure)
{
    struct err e = {0};
    confine(x, output, failure, &e);
    (void)!write(failure, &e, sizeof(e));
    _exit(127);
}

static int fork_child(struct prog *p, const struct launch *x, struct err *e)
{
    int output[2], failure[2];
    if (pipe2(output, O_CLOEXEC) < 0)
        return err_errno(e, "%s: a pipe for its output", x->name);
    p->output_fd = output[0];
    (void)fcntl(output[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(output[0], F_SETPIPE_SZ, PIPE_BYTES); /* a smaller one works too */
    if (pipe2(failure, O_CLOEXEC) < 0) {
        int r = err_errno(e, "%s: a pipe for its start", x->name);
        close(output[1]);
        return r;
    }
    p->pid = fork();
    if (p->pid == 0)
        child(x, output[1], failure[1]);
    int r = p->pid < 0 ? err_errno(e, "%s: fork", x->name) : 0;
    close(output[1]);
    close(failure[1]);
    if (r == 0)
        r = await_exec(failure[0], p->pid, x, e);
    close(failure[0]);
    return r;
}

static int watch(struct prog *p, struct loop *l, const struct launch *x, struct err *e)
{
    p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    if (p->pidfd < 0)
        return err_errno(e, "%s: pidfd_open; needs Linux 5.3 or newer", x->name);
    (void)fcntl(p->pidfd, F_SETFD, FD_CLOEXEC);
    /* Output before the end, so that within one wake it is read first. */
    int r = loop_watch_add(l, p->output_fd, EPOLLIN, on_readable, p, &p->readable, e);
    return r < 0 ? r : loop_watch_add(l, p->pidfd, EPOLLIN, on_ended, p, &p->ended, e);
}

int prog_start(struct prog **ret, struct loop *l, const struct launch *x,
               const struct prog_events *events, struct err *e)
{
    struct prog *p = calloc(1, sizeof(*p));
    if (p == NULL)
        WRONG("out of memory");
    *p = (struct prog){.events = *events, .pidfd = -1, .output_fd = -1};
    if (!text_copy(p->name, sizeof(p->name), x->name))
        WRONG("a program's name is too long");
    int r = output_new(&p->output, x->log_file, LAUNCH_OUTPUT_MAX, x->secrets, e);
    if (r == 0)
        r = fork_child(p, x, e);
    if (r == 0) {
        p->running = true;
        r = watch(p, l, x, e);
    }
    if (r < 0) {
        prog_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void prog_free(struct prog *p)
{
    if (p == NULL)
        return;
    if (p->running) {
        (void)kill(-p->pid, SIGKILL);
        while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    loop_watch_remove(&p->ended);
    loop_watch_remove(&p->readable);
    if (p->pidfd >= 0)
        close(p->pidfd);
    if (p->output_fd >= 0)
        close(p->output_fd);
    output_free(p->output);
    free(p);
}

const char *prog_name(const struct prog *p)
{
    return p->name;
}

pid_t prog_pid(const struct prog *p)
{
    return p->pid;
}

int prog_pidfd(const struct prog *p)
{
    return p->pidfd;
}

bool prog_running(const struct prog *p)
{
    return p->running;
}

bool prog_exited(const struct prog *p, int *ret_status_or_signal)
{
    assert(!p->running);
    *ret_status_or_signal = p->value;
    return p->code == CLD_EXITED;
}

uint64_t prog_output(const struct prog *p)
{
    return output_bytes(p->output);
}

void prog_signal(struct prog *p, int signo)
{
    if (p->running)
        (void)kill(-p->pid, signo);
}
