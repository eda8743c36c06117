/* The first process of the sandbox: files, commands, then the files back. */
#include "mock-cluster/sandbox_inner.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODE_FILE   0644
#define MODE_FOLDER 0755
#define NO_COMMAND  127

/* Set by the one signal; async-signal-safe, and the process has no other thread. */
static volatile sig_atomic_t time_is_over;

static void on_over(int signo)
{
    (void)signo;
    time_is_over = 1;
    (void)kill(-1, SIGKILL);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void tell_bytes(const struct sandbox_guest *g, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        const ssize_t n = send(g->fd, at, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(1);
        at += n;
        len -= (size_t)n;
    }
}

static _Noreturn void tell_end(struct sandbox_guest *g, enum sandbox_kind kind)
{
    const struct sandbox_head head = {.kind = kind, .len = sizeof g->report};

    tell_bytes(g, &head, sizeof head);
    tell_bytes(g, &g->report, sizeof g->report);
    _exit(0);
}

static void wrong_first(struct sandbox_guest *g, const char *where, const char *what)
{
    if (!g->report.why[0])
        (void)snprintf(g->report.why, sizeof g->report.why, "%s: %.400s", where, what);
}

/* --- write_files ------------------------------------------------------------------------------ */

static void folders_make(const char *path)
{
    char part[TREE_PATH_MAX];

    for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/'))
        if (text_copy_len(part, sizeof part, path, (size_t)(p - path)))
            (void)mkdir(part, MODE_FOLDER);
}

static bool file_write_one(const struct userdata_file *f)
{
    const int how = f->append ? O_APPEND : O_TRUNC;
    size_t done = 0;
    int fd;

    folders_make(f->path);
    fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC | how, MODE_FILE);
    while (fd >= 0 && done < f->content.len) {
        const ssize_t n = write(fd, f->content.data + done, f->content.len - done);

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    if (fd < 0 || done < f->content.len || fchmod(fd, f->mode ? f->mode : MODE_FILE) < 0)
        return false;
    return close(fd) == 0;
}

static void files_write(struct sandbox_guest *g)
{
    for (size_t i = 0; i < g->u->n_files; i++) {
        if (!file_write_one(&g->u->files[i])) {
            wrong_first(g, "write_files", strerror(errno));
            return;
        }
        g->report.written++;
    }
}

/* --- runcmd ----------------------------------------------------------------------------------- */

static void limits_set(void)
{
    const struct {
        int what;
        rlim_t most;
    } rows[] = {
        {RLIMIT_NPROC, SANDBOX_PROCESSES},
        {RLIMIT_AS, SANDBOX_MEMORY},
        {RLIMIT_FSIZE, SANDBOX_DISK},
        {RLIMIT_NOFILE, SANDBOX_OPEN},
        {RLIMIT_CPU, SANDBOX_CPU_S},
        {RLIMIT_CORE, 0},
        {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},
        {RLIMIT_SIGPENDING, SANDBOX_OPEN},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const struct rlimit most = {rows[i].most, rows[i].most};

        if (setrlimit((__rlimit_resource_t)rows[i].what, &most) < 0)
            _exit(NO_COMMAND);
    }
}

static _Noreturn void command_become(const struct userdata_command *c)
{
    static char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
        "LANG=C.UTF-8", NULL};
    char *words[USERDATA_WORDS_MAX + 1] = {NULL};
    char *shell[] = {"/bin/sh", "-c", c->words[0], NULL};

    memcpy(words, c->words, c->n * sizeof words[0]);
    (void)setsid();
    limits_set();
    execvpe(c->shell ? shell[0] : words[0], c->shell ? shell : words, environment);
    _exit(NO_COMMAND);
}

/* Waits for one child and reaps every orphan meanwhile. */
static bool command_wait(pid_t child)
{
    int status = 1;

    for (;;) {
        const pid_t gone = waitpid(-1, &status, 0);

        if (gone < 0 && errno == EINTR)
            continue;
        if (gone < 0)
            return false;
        if (gone == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
}

/* Which one, and how long they had: a machine that stood still for a while looks otherwise than a
 * command that does not end. */
static void over_say(struct sandbox_guest *g, size_t command, int64_t began_ns)
{
    (void)snprintf(g->report.why, sizeof g->report.why,
                   "runcmd: the time is over in command %zu of %zu, %lld ms after the first began",
                   command, g->u->n_commands, (long long)((clk_kernel_ns() - began_ns) / 1000000));
}

static void commands_run(struct sandbox_guest *g)
{
    const int64_t began_ns = clk_kernel_ns();
    size_t i;

    for (i = 0; i < g->u->n_commands && !time_is_over; i++) {
        const pid_t child = fork();

        if (child == 0)
            command_become(&g->u->commands[i]);
        if (child > 0 && command_wait(child))
            g->report.done++;
        else
            wrong_first(g, "runcmd", "a command failed");
    }
    if (time_is_over)
        over_say(g, i, began_ns);
    (void)kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

/* --- the files back --------------------------------------------------------------------------- */

struct walk {
    struct sandbox_guest *g;
    size_t files;
    char path[TREE_PATH_MAX];
};

static void file_tell(struct walk *w, const struct stat *st)
{
    const int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const size_t len = (size_t)st->st_size;
    struct sandbox_head head = {.kind = SANDBOX_FILE,
                                .mode = st->st_mode & 07777,
                                .path = (uint32_t)strlen(w->path),
                                .len = (uint32_t)len};
    char *bytes = malloc(len + 1);

    if (fd >= 0 && bytes && read(fd, bytes, len) == (ssize_t)len) {
        tell_bytes(w->g, &head, sizeof head);
        tell_bytes(w->g, w->path, head.path);
        tell_bytes(w->g, bytes, len);
        w->files++;
    }
    free(bytes);
    if (fd >= 0)
        (void)close(fd);
}

static bool is_image(const char *path)
{
    return text_is(path, "/bin") || text_is(path, "/dev");
}

static void folder_tell(struct walk *w, size_t depth);

static void entry_tell(struct walk *w, const char *name, size_t depth)
{
    const size_t had = strlen(w->path);
    struct stat st;

    if (text_is(name, ".") || text_is(name, "..") || had + strlen(name) + 2 > sizeof w->path)
        return;
    w->path[had] = '/';
    memcpy(w->path + had + 1, name, strlen(name) + 1);
    if (!is_image(w->path) && lstat(w->path, &st) == 0) {
        if (S_ISDIR(st.st_mode) && depth < SANDBOX_WALKS)
            folder_tell(w, depth + 1);
        else if (S_ISREG(st.st_mode) && st.st_size <= (off_t)TREE_FILE_MAX &&
                 w->files < TREE_FILES_MAX)
            file_tell(w, &st);
    }
    w->path[had] = '\0';
}

/* What user data named comes first, whatever else lies around: one pass over /etc, one over all. */
static void folder_tell(struct walk *w, size_t depth)
{
    DIR *dir = opendir(w->path[0] ? w->path : "/");

    for (struct dirent *d = dir ? readdir(dir) : NULL; d; d = readdir(dir))
        if (w->path[0] || (!text_is(d->d_name, "etc") && !text_is(d->d_name, "run")))
            entry_tell(w, d->d_name, depth);
    if (dir)
        (void)closedir(dir);
}

static void all_tell(struct sandbox_guest *g)
{
    struct walk w = {.g = g};

    entry_tell(&w, "run", 0);
    entry_tell(&w, "etc", 0);
    folder_tell(&w, 0);
}

/* --- the life --------------------------------------------------------------------------------- */

static int step_down(const struct sandbox_guest *g, struct err *e)
{
    const struct sigaction over = {.sa_handler = on_over};
    const int to = open("/dev/null", O_RDWR);
    const int quota = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);

    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return err_errno(e, "become root of the sandbox");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return err_errno(e, "prctl");
    if (to < 0 || dup2(to, 0) < 0 || dup2(to, 1) < 0 || dup2(to, 2) < 0)
        return err_errno(e, "/dev/null");
    if (to > 2)
        (void)close(to);
    /* A user namespace inside would bring capabilities over itself back. */
    if (quota < 0 || write(quota, "0", 1) != 1)
        return err_errno(e, "forbid user namespaces inside the sandbox");
    (void)close(quota);
    if (sigaction(SANDBOX_OVER, &over, NULL) < 0)
        return err_errno(e, "sigaction");
    (void)umask(022);
    (void)g;
    return 0;
}

/* Nothing of the caller's stays open but the socket and, until the root stands, the binary. */
static void close_others(struct sandbox_guest *g)
{
    const int kept[2] = {g->fd < g->busybox ? g->fd : g->busybox,
                         g->fd < g->busybox ? g->busybox : g->fd};

    if (kept[0] > 3)
        (void)syscall(SYS_close_range, 3U, (unsigned)kept[0] - 1, 0U);
    if (kept[1] > kept[0] + 1)
        (void)syscall(SYS_close_range, (unsigned)kept[0] + 1, (unsigned)kept[1] - 1, 0U);
    (void)syscall(SYS_close_range, (unsigned)kept[1] + 1, ~0U, 0U);
}

static void signals_reset(void)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int signo = 1; signo < NSIG; signo++)
        (void)sigaction(signo, &standard, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void sandbox_guest(struct sandbox_guest *g)
{
    struct err e = {0};
    char go;
    int err;

    signals_reset();
    if (recv(g->fd, &go, 1, 0) != 1) /* until the caller has written the maps */
        _exit(1);
    close_others(g);
    err = step_down(g, &e);
    if (err == 0)
        err = sandbox_root(g, &e);
    if (err == 0)
        err = sandbox_disarm(&e);
    (void)close(g->busybox);
    if (err < 0) {
        g->report.code = err;
        (void)text_copy(g->report.why, sizeof g->report.why, e.text);
        tell_end(g, SANDBOX_BROKEN);
    }
    files_write(g);
    commands_run(g);
    all_tell(g);
    tell_end(g, SANDBOX_END);
}
