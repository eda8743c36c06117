#include "tests/test.h"

#include "lib/io/file.h"
#include "lib/io/loop.h"
#include "tests/wire/cli.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENV_MAX       12
#define FOLDERS_OPEN  16
#define EXEC_FAILED   127
#define LABS_AT_START 2

/* --- the room ------------------------------------------------------------------------------------
 */

const char *cli_path(const struct cli_room *room, const char *name)
{
    static char path[8][CLI_PATH_MAX];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", room->dir, name);
    return path[i];
}

void cli_read(const char *path, struct buf *out)
{
    struct err e;
    buf_init(out, MIB(16));
    must(file_read(path, out, &e), &e);
}

const char *cli_file(const struct cli_room *room, const char *name, const void *bytes, size_t len,
                     mode_t mode)
{
    const char *path = cli_path(room, name);
    char dir[CLI_PATH_MAX];
    struct err e;

    snprintf(dir, sizeof(dir), "%s", path);
    *strrchr(dir, '/') = '\0';
    must(file_mkdirs(dir, 0755, &e), &e);
    must(file_write(path, bytes, len, mode, &e), &e);
    return path;
}

const char *cli_text(const struct cli_room *room, const char *name, const char *text)
{
    return cli_file(room, name, text, strlen(text), 0644);
}

void cli_room_new(struct cli_room *room)
{
    static const char *const labs[LABS_AT_START] = {"labs/nat.json", "labs/direct.json"};

    snprintf(room->dir, sizeof(room->dir), "/tmp/gateproof-cli-XXXXXX");
    assert_non_null(mkdtemp(room->dir));
    snprintf(room->out, sizeof(room->out), "%s/report", room->dir);
    snprintf(room->data, sizeof(room->data), "%s", room->dir);
    for (size_t i = 0; i < COUNTOF(labs); i++) {
        char from[CLI_PATH_MAX];
        struct buf b;

        snprintf(from, sizeof(from), "scenarios/%s", labs[i]);
        cli_read(from, &b);
        cli_file(room, labs[i], b.data, b.len, 0644);
        buf_drop(&b);
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

void cli_report_remove(const struct cli_room *room)
{
    (void)nftw(room->out, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}

void cli_room_drop(struct cli_room *room)
{
    (void)nftw(room->dir, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
    *room = (struct cli_room){0};
}

/* --- a run ---------------------------------------------------------------------------------------
 */

struct run {
    struct loop *loop;
    pid_t pid;
    int status, n_open;
    bool ended, impatient;
    struct loop_watch *on_end;
    struct stream {
        struct run *run;
        int fd;
        struct buf *to;
        struct loop_watch *watch;
    } streams[2];
};

static void on_bytes(void *arg, uint32_t events)
{
    struct stream *s = arg;
    char bytes[4096];
    const ssize_t n = read(s->fd, bytes, sizeof(bytes));

    (void)events;
    if (n > 0) {
        buf_add(s->to, bytes, (size_t)n);
        return;
    }
    /* A terminal whose last user left answers EIO, a pipe 0. */
    loop_watch_remove(&s->watch);
    s->run->n_open--;
}

static void on_end(void *arg, uint32_t events)
{
    struct run *r = arg;

    (void)events;
    if (waitpid(r->pid, &r->status, WNOHANG) != r->pid)
        return;
    r->ended = true;
    loop_watch_remove(&r->on_end);
}

static void on_patience(void *arg)
{
    ((struct run *)arg)->impatient = true;
}

/* ours[2], theirs[2]: stdout and stderr; on a terminal both are the same. */
static void outputs_open(bool on_tty, int *ours, int *theirs)
{
    int ends[2];

    for (int i = 0; i < 2 && !on_tty; i++) {
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        ours[i] = ends[0];
        theirs[i] = ends[1];
    }
    if (!on_tty)
        return;
    ours[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(ours[0] >= 0);
    assert_int_equal(grantpt(ours[0]), 0);
    assert_int_equal(unlockpt(ours[0]), 0);
    theirs[0] = open(ptsname(ours[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(theirs[0] >= 0);
    ours[1] = theirs[1] = -1;
}

static void child(const int *theirs, const char *const *args, const char *const *env,
                  const char *into)
{
    const char *bin = getenv("GATEPROOF_BIN");
    char path[CLI_PATH_MAX], home[CLI_PATH_MAX];
    char *argv[CLI_ARGS_MAX + 1] = {"gateproof"}, *envp[ENV_MAX] = {"PATH=/usr/bin:/bin"};
    const int nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = into ? open(into, O_WRONLY | O_CLOEXEC) : theirs[0];

    snprintf(path, sizeof(path), "%s/gateproof", bin ? bin : "build/dev/bin");
    snprintf(home, sizeof(home), "HOME=/nonexistent");
    envp[1] = home;
    for (size_t i = 0; args[i]; i++) {
        if (i + 2 >= COUNTOF(argv)) /* cut short, it would be another command */
            _exit(EXEC_FAILED);
        argv[i + 1] = (char *)args[i];
    }
    for (size_t i = 0; env && env[i] && i + 3 < COUNTOF(envp); i++)
        envp[i + 2] = (char *)env[i];
    (void)dup2(nowhere, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(theirs[1] >= 0 ? theirs[1] : theirs[0], STDERR_FILENO);
    (void)execve(path, argv, envp);
    _exit(EXEC_FAILED);
}

static void until_end(struct run *r, ms_t patience_ms)
{
    struct loop_timer *patience = loop_timer_new(r->loop, on_patience, r);

    loop_timer_set(patience, loop_now(r->loop) + patience_ms);
    while ((!r->ended || r->n_open > 0) && !r->impatient)
        loop_once(r->loop);
    loop_timer_free(&patience);
}

static void stream_add(struct run *r, size_t i, int fd, struct buf *to)
{
    struct err e;

    r->streams[i] = (struct stream){.run = r, .fd = fd, .to = to};
    if (fd < 0)
        return;
    r->n_open++;
    must(loop_watch_add(r->loop, fd, EPOLLIN, on_bytes, &r->streams[i], &r->streams[i].watch, &e),
         &e);
}

static void run_close(struct run *r, int pidfd)
{
    if (!r->ended) {
        (void)kill(r->pid, SIGKILL);
        (void)waitpid(r->pid, &r->status, 0);
    }
    loop_watch_remove(&r->on_end);
    close(pidfd);
    for (size_t i = 0; i < COUNTOF(r->streams); i++) {
        loop_watch_remove(&r->streams[i].watch);
        if (r->streams[i].fd >= 0)
            close(r->streams[i].fd);
    }
    loop_free(r->loop);
}

static void run_all(struct cli_end *ret, const char *const *args, const char *const *env,
                    const char *into, bool on_tty, ms_t patience_ms)
{
    struct run r = {0};
    int ours[2], theirs[2], pidfd;
    struct err e;

    buf_init(&ret->out, CLI_OUTPUT_MAX);
    buf_init(&ret->err, CLI_OUTPUT_MAX);
    must(loop_new(&r.loop, NULL, &e), &e);
    outputs_open(on_tty, ours, theirs);
    r.pid = fork();
    assert_true(r.pid >= 0);
    if (r.pid == 0)
        child(theirs, args, env, into);
    for (size_t i = 0; i < 2 && theirs[i] >= 0; i++)
        close(theirs[i]);
    pidfd = (int)syscall(SYS_pidfd_open, r.pid, 0);
    assert_true(pidfd >= 0);
    must(loop_watch_add(r.loop, pidfd, EPOLLIN, on_end, &r, &r.on_end, &e), &e);
    stream_add(&r, 0, ours[0], &ret->out);
    stream_add(&r, 1, ours[1], &ret->err);
    until_end(&r, patience_ms);
    run_close(&r, pidfd);
    if (r.impatient)
        fail_msg("gateproof %s %s… did not end in time, or left a process that holds its output; "
                 "it said:\n%s\n%s",
                 args[0], args[0] ? args[1] : "", buf_text(&ret->out), buf_text(&ret->err));
    ret->status = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : -WTERMSIG(r.status);
}

void cli_run(struct cli_end *ret, const char *const *args, const char *const *env, bool on_tty,
             ms_t patience_ms)
{
    run_all(ret, args, env, NULL, on_tty, patience_ms);
}

void cli_run_into(const char *path, struct cli_end *ret, const char *const *args, ms_t patience_ms)
{
    run_all(ret, args, NULL, path, false, patience_ms);
}

void cli_end_drop(struct cli_end *end)
{
    buf_drop(&end->out);
    buf_drop(&end->err);
}
