/* The caller's half: namespaces and maps, the time, and what comes back. Nothing that comes back is
 * trusted: the other side may be whatever user data made of it. */
#include "mock-cluster/sandbox.h"

#include "lib/base/text.h"
#include "mock-cluster/sandbox_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES                                                                                 \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |     \
     CLONE_NEWCGROUP)
#define NOBODY      65534
#define HARD_S      4  /* to bring the files back, once the time was over */
#define HARD_MOST_S 40 /* the same, while somebody inside wants a processor */
#define LOOK_MS     250
#define LOOKS(s)    ((unsigned)(s)*1000U / LOOK_MS)
#define LINE_BYTES  64
#define FRAMES_MAX  (TREE_FILES_MAX + 1)

struct host {
    pid_t child;
    int fd;
    unsigned looks, idle; /* of them those at which nobody wanted a processor */
    unsigned looks_max, idle_max;
    bool hurried; /* the time was over once */
    struct tree *tree;
    struct userdata_outcome *outcome;
};

/* --- birth ------------------------------------------------------------------------------------ */

static int line_write(pid_t child, const char *name, const char *line)
{
    char path[LINE_BYTES];
    int fd, r;

    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = write(fd, line, strlen(line)) < 0 ? -errno : 0;
    (void)close(fd);
    return r;
}

/* Root inside is nobody outside where we may say so: the bound on processes does not hold for the
 * machine's root. */
static int maps_write(pid_t child, struct err *e)
{
    char uid[LINE_BYTES], gid[LINE_BYTES];
    int r;

    (void)snprintf(uid, sizeof uid, "0 %d 1", NOBODY);
    if (geteuid() == 0 && line_write(child, "uid_map", uid) == 0 &&
        line_write(child, "gid_map", uid) == 0)
        return 0;
    (void)line_write(child, "setgroups", "deny");
    (void)snprintf(uid, sizeof uid, "0 %u 1", (unsigned)geteuid());
    (void)snprintf(gid, sizeof gid, "0 %u 1", (unsigned)getegid());
    r = line_write(child, "uid_map", uid);
    if (r == 0)
        r = line_write(child, "gid_map", gid);
    if (r < 0)
        return err_set(e, r, "the sandbox's user map: %s", strerror(-r));
    return 0;
}

static int looks_set(int fd, struct err *e)
{
    const struct timeval look = {.tv_usec = LOOK_MS * 1000};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look) < 0)
        return err_errno(e, "the sandbox's time");
    return 0;
}

static int birth(struct host *h, struct sandbox_guest *g, struct err *e)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return err_errno(e, "a socket for the sandbox");
    h->child =
        (pid_t)syscall(SYS_clone, (unsigned long)NAMESPACES | SIGCHLD, NULL, NULL, NULL, 0UL);
    if (h->child == 0) {
        (void)close(fds[0]);
        g->fd = fds[1];
        sandbox_guest(g);
    }
    (void)close(fds[1]);
    h->fd = fds[0];
    if (h->child < 0)
        return err_errno(e, "namespaces for the sandbox (sysctl user.max_user_namespaces; in "
                            "docker: --security-opt seccomp=unconfined)");
    if (maps_write(h->child, e) < 0 || looks_set(h->fd, e) < 0)
        return e->code;
    if (send(h->fd, "g", 1, MSG_NOSIGNAL) != 1)
        return err_errno(e, "the sandbox's first process");
    return 0;
}

/* --- what comes back -------------------------------------------------------------------------- */

/* One more look without a word. Once the time is over the guest is asked to end, once; then it is
 * the end, and false. */
static bool wait_on(struct host *h)
{
    h->looks++;
    h->idle += sandbox_rests(h->child);
    if (h->idle < h->idle_max && h->looks < h->looks_max)
        return true;
    if (h->hurried)
        return false;
    h->hurried = true;
    h->looks = h->idle = 0;
    h->idle_max = LOOKS(HARD_S);
    h->looks_max = LOOKS(HARD_MOST_S);
    (void)kill(h->child, SANDBOX_OVER);
    return true;
}

/* All of it or false. */
static bool hear(struct host *h, void *to, size_t len)
{
    char *at = to;

    while (len > 0) {
        const ssize_t n = recv(h->fd, at, len, 0);

        if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_on(h))))
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* Every line of our systemctl's log, replayed onto the tree's units. */
static void log_replay(struct tree *t, const char *log)
{
    char line[128];

    for (t->reloads = 0; text_next(&log, '\n', line, sizeof line);) {
        const char *unit = strchr(line, ' ');
        const enum tree_unit u = unit ? tree_unit_find(unit + 1) : TREE_UNITS;

        t->reloads += text_is(line, "daemon-reload");
        if (u == TREE_UNITS)
            continue;
        if (text_begins(line, "enable "))
            t->units[u].enabled = true;
        if (text_begins(line, "start ")) {
            t->units[u].active = true;
            t->units[u].starts++;
        }
    }
}

/* false: the path is no unit's state. */
static bool unit_file(struct tree *t, const char *path, const char *bytes, size_t len)
{
    if (!text_begins(path, SANDBOX_UNITS))
        return false;
    if (text_is(path, SANDBOX_LOG))
        log_replay(t, bytes);
    for (unsigned u = 0; u < TREE_UNITS; u++) {
        const char *name = path + strlen(SANDBOX_UNITS);
        const char *unit = tree_unit_name((enum tree_unit)u);
        struct buf *to = text_ends(name, ".loaded") ? &t->units[u].loaded : &t->units[u].running;

        if (!text_begins(name, unit) || text_ends(name, ".active"))
            continue;
        buf_clear(to);
        buf_add(to, bytes, len);
    }
    return true;
}

static void file_take(struct host *h, const struct sandbox_head *head, const char *path,
                      const char *bytes)
{
    const struct tree_file *had = tree_find(h->tree, path);
    const bool same = had && had->content.len == head->len &&
                      memcmp(buf_text(&had->content), bytes, head->len) == 0;
    const struct tree_write w = {.path = path,
                                 .owner = "",
                                 .mode = head->mode,
                                 .given = !same,
                                 .bytes = bytes,
                                 .len = head->len};

    if (!unit_file(h->tree, path, bytes, head->len) && tree_write(h->tree, &w, NULL) < 0 &&
        !h->outcome->why[0])
        (void)text_copy(h->outcome->why, sizeof h->outcome->why,
                        "a file came back that no tree has");
}

static int report_take(struct host *h, const struct sandbox_head *head, const char *bytes,
                       struct err *e)
{
    struct sandbox_report r;

    if (head->len != sizeof r)
        return err_set(e, -EPROTO, "the sandbox's report is torn");
    memcpy(&r, bytes, sizeof r);
    r.why[sizeof r.why - 1] = '\0';
    if (head->kind == SANDBOX_BROKEN)
        return err_set(e, r.code < 0 ? r.code : -EPROTO, "%s", r.why);
    h->outcome->written = r.written;
    h->outcome->done = r.done;
    (void)text_copy(h->outcome->why, sizeof h->outcome->why, r.why);
    return 1;
}

/* One frame: 0 a file, 1 the end, negative when nothing can be made of it. */
static int frame_take(struct host *h, char *bytes, struct err *e)
{
    struct sandbox_head head;
    char path[TREE_PATH_MAX] = "";

    if (!hear(h, &head, sizeof head) || head.path >= sizeof path || head.len > TREE_FILE_MAX ||
        !hear(h, path, head.path) || !hear(h, bytes, head.len))
        return err_set(e, -EPROTO, "the sandbox ended before it had brought its files");
    bytes[head.len] = '\0';
    if (head.kind != SANDBOX_FILE)
        return report_take(h, &head, bytes, e);
    file_take(h, &head, path, bytes);
    return 0;
}

static int take_all(struct host *h, struct err *e)
{
    char *bytes = malloc(TREE_FILE_MAX + 1);
    int r = 0;

    if (!bytes)
        WRONG("no memory");
    for (size_t i = 0; r == 0 && i <= FRAMES_MAX; i++)
        r = frame_take(h, bytes, e);
    free(bytes);
    return r == 0 ? err_set(e, -EPROTO, "the sandbox brings files without end") : r < 0 ? r : 0;
}

/* The first process's end is the end of all of them. */
static void end(const struct host *h)
{
    if (h->fd >= 0)
        (void)close(h->fd);
    if (h->child <= 0)
        return;
    (void)kill(h->child, SIGKILL);
    while (waitpid(h->child, NULL, 0) < 0 && errno == EINTR)
        ;
}

int sandbox_run(const struct sandbox_config *c, const struct userdata *u, struct tree *ret,
                struct userdata_outcome *ret_outcome, struct err *e)
{
    const char *busybox = c->busybox ? c->busybox : SANDBOX_BUSYBOX;
    struct sandbox_guest g = {.u = u, .busybox = open(busybox, O_RDONLY | O_CLOEXEC), .fd = -1};
    struct host h = {.fd = -1,
                     .idle_max = LOOKS(c->seconds ? c->seconds : SANDBOX_SECONDS),
                     .looks_max = LOOKS(c->most_seconds ? c->most_seconds : SANDBOX_MOST_S),
                     .tree = ret,
                     .outcome = ret_outcome};
    int err;

    if (g.busybox < 0)
        return err_errno(e, "%s (Debian: busybox-static)", busybox);
    *ret_outcome = (struct userdata_outcome){0};
    tree_init(ret);
    err = birth(&h, &g, e);
    (void)close(g.busybox);
    if (err == 0)
        err = take_all(&h, e);
    end(&h);
    if (err < 0)
        tree_drop(ret);
    return err;
}
