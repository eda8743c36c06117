#include "scenarios/engine/lab_up.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/loop.h"
#include "scenarios/engine/labnet.h"
#include "scenarios/engine/ns.h"
#include "scenarios/engine/slow_wires.h"
#include "scenarios/engine/spot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKING_MAX  8 /* who wait for their turn at the door */
#define WORDS_MAX   64
#define DOWN_MAX_MS 10000

/* What a shell enters, in this order: the user namespace first, it gives the right to the rest. */
enum place { PLACE_USER, PLACE_PID, PLACE_MOUNT, PLACE_NET, PLACE_COUNT };
static const int place_flags[PLACE_COUNT] = {CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNS,
                                             CLONE_NEWNET};

struct standing {
    const struct lab *lab;
    struct labnet *net;
    struct loop *loop;
    struct clk_domain domain;
    struct slow_wires *slow;
    int door;
    char dir[SPOT_MAX];
};

/* --- the door ----------------------------------------------------------------------------------
 */

static socklen_t door_name(const char *lab, struct sockaddr_un *a)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "gateproof-lab-%u-%s",
                     (unsigned)geteuid(), lab);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static int door_open(const char *lab, const char *more, struct err *e)
{
    struct sockaddr_un a;
    socklen_t len = door_name(lab, &a);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_errno(e, "open the door of a lab");
    if (bind(fd, (struct sockaddr *)&a, len) < 0) {
        int r =
            errno == EADDRINUSE
                ? err_set(e, -EALREADY, "lab %s is up already; `gateproof lab down %s%s` ends it",
                          lab, lab, more)
                : err_errno(e, "bind the door of lab %s", lab);
        close(fd);
        return r;
    }
    return fd;
}

static int door_call(const char *lab, pid_t *ret_pid)
{
    struct sockaddr_un a;
    struct ucred who;
    socklen_t len = door_name(lab, &a), who_len = sizeof(who);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&a, len) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len) < 0 || who.uid != geteuid()) {
        close(fd);
        return -ENOENT;
    }
    *ret_pid = who.pid;
    return fd;
}

/* Descriptors of the places, or none and a sentence. */
static void door_answer(int fd, const char *words, const int places[PLACE_COUNT])
{
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(sizeof(int) * PLACE_COUNT)];
    } c = {0};
    char text[SPOT_MAX] = "";
    (void)text_copy(text, sizeof(text), words);
    struct iovec part = {text, strlen(text) + 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (places != NULL) {
        m.msg_control = c.bytes;
        m.msg_controllen = sizeof(c.bytes);
        c.h = (struct cmsghdr){CMSG_LEN(sizeof(int) * PLACE_COUNT), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&c.h), places, sizeof(int) * PLACE_COUNT);
    }
    (void)!sendmsg(fd, &m, MSG_NOSIGNAL);
}

static bool door_hear(int fd, char *words, size_t size, int places[PLACE_COUNT])
{
    union {
        struct cmsghdr h;
        char bytes[CMSG_SPACE(sizeof(int) * PLACE_COUNT)];
    } c = {0};
    struct iovec part = {words, size - 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = c.bytes,
                       .msg_controllen = sizeof(c.bytes)};
    ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    words[n > 0 ? n : 0] = '\0';
    if (n <= 0 || h == NULL || h->cmsg_len != CMSG_LEN(sizeof(int) * PLACE_COUNT))
        return false;
    memcpy(places, CMSG_DATA(h), sizeof(int) * PLACE_COUNT);
    return true;
}

/* --- who keeps it ------------------------------------------------------------------------------
 */

static void hand_out(struct standing *k, int fd, const char *host)
{
    static const char *const paths[] = {"/proc/self/ns/user", "/proc/self/ns/pid",
                                        "/proc/self/ns/mnt"};
    int places[PLACE_COUNT] = {-1, -1, -1, -1};
    for (size_t i = 0; i < k->lab->n_hosts; i++) {
        if (!text_is(k->lab->hosts[i].name, host))
            continue;
        for (size_t p = 0; p < COUNTOF(paths); p++)
            places[p] = open(paths[p], O_RDONLY | O_CLOEXEC);
        places[PLACE_NET] = labnet_host(k->net, i);
        door_answer(fd, k->dir, places);
        for (size_t p = 0; p < COUNTOF(paths); p++)
            close(places[p]);
        return;
    }
    door_answer(fd, "", NULL);
}

static void on_knock(void *arg, uint32_t events)
{
    struct standing *k = arg;
    char words[WORDS_MAX] = "";
    struct ucred who = {0};
    socklen_t len = sizeof(who);
    int fd = accept4(k->door, NULL, NULL, SOCK_CLOEXEC);
    (void)events;
    if (fd < 0)
        return;
    /* ours is root of the inner user namespace, and who made the lab is the same outside */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == geteuid() &&
        recv(fd, words, sizeof(words) - 1, 0) > 0) {
        if (text_is(words, "down"))
            loop_stop(k->loop);
        else
            hand_out(k, fd, words);
    }
    close(fd);
    while (waitpid(-1, NULL, WNOHANG) > 0) /* shells that ended */
        ;
}

/* Until somebody says that it is enough: pid 1 ends, and all ends with it. Slow wires are carried
 * meanwhile, in real time. */
static void keep(struct standing *k)
{
    struct loop_watch *watch = NULL;
    struct err e = {0};
    if (loop_watch_add(k->loop, k->door, EPOLLIN, on_knock, k, &watch, &e) < 0)
        WRONG("no descriptors left");
    loop_run(k->loop);
    loop_watch_remove(&watch);
}

static int write_hosts(const struct standing *k, struct err *e)
{
    char path[SPOT_MAX + 16];
    snprintf(path, sizeof(path), "%s/hosts", k->dir);
    FILE *f = fopen(path, "we");
    if (f == NULL)
        return err_errno(e, "write %s", path);
    fprintf(f, "127.0.0.1 localhost\n");
    for (size_t i = 0; i < k->lab->n_hosts; i++)
        fprintf(f, "%s %s\n", k->lab->hosts[i].links[0].address, k->lab->hosts[i].name);
    for (size_t i = 0; i < k->lab->n_names; i++)
        fprintf(f, "%s %s\n", k->lab->names[i].address, k->lab->names[i].name);
    return fclose(f) != 0 ? err_errno(e, "write %s", path) : 0;
}

struct report { /* of the building */
    struct err e;
    int64_t us;
};

static int build(struct standing *k, struct report *r)
{
    if (mount("gateproof", k->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
        return err_errno(&r->e, "mount a file system in memory on %s", k->dir);
    k->domain = (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = 1};
    int code = write_hosts(k, &r->e);
    if (code == 0)
        code = loop_new(&k->loop, NULL, &r->e);
    int64_t begin = clk_kernel_ns();
    if (code == 0)
        code = labnet_new(&k->net, k->lab, "", &r->e);
    if (code == 0)
        code = slow_wires_new(&k->slow, k->loop, k->lab, k->net, &k->domain, 1, &r->e);
    r->us = (clk_kernel_ns() - begin) / 1000;
    return code;
}

static int body(void *arg, int fd)
{
    struct standing *k = arg;
    struct report r = {0};
    int code = build(k, &r);
    (void)!write(fd, &r, sizeof(r));
    close(fd);
    if (code == 0)
        keep(k);
    slow_wires_free(k->slow);
    labnet_free(k->net);
    loop_free(k->loop);
    return code < 0;
}

/* The process that stays, outside. Nobody's terminal or pipe is its own, nor its children's. */
static _Noreturn void stay(struct standing *k, int fd)
{
    struct ns_child c = {0};
    struct report r = {0};
    setsid();
    if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) ||
        !freopen("/dev/null", "w", stderr))
        _exit(1);
    /* who listens is whom callers see as the keeper */
    if (listen(k->door, ASKING_MAX) < 0)
        _exit(1);
    int code = ns_start(&c, body, k, &r.e);
    close(k->door);
    if (code == 0 && read(c.fd, &r, sizeof(r)) != sizeof(r))
        err_set(&r.e, -EPIPE, "the process of the lab broke off");
    (void)!write(fd, &r, sizeof(r));
    close(fd);
    if (r.e.code == 0)
        while (waitpid(c.pid, NULL, 0) < 0 && errno == EINTR)
            ;
    _exit(0);
}

int lab_up(const struct lab *l, const char *more, int64_t *ret_us, pid_t *ret_pid, struct err *e)
{
    struct standing k = {.lab = l};
    struct report r = {0};
    int fds[2];
    int code = spot_find(k.dir, e);
    if (code == 0)
        code = k.door = door_open(l->name, more, e);
    if (code < 0)
        return code;
    if (pipe2(fds, O_CLOEXEC) < 0)
        WRONG("no descriptors left");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        stay(&k, fds[1]);
    }
    close(fds[1]);
    close(k.door);
    if (pid < 0 || read(fds[0], &r, sizeof(r)) != sizeof(r))
        err_set(&r.e, -EPIPE, "the process of the lab broke off");
    close(fds[0]);
    *ret_us = r.us;
    *ret_pid = lab_up_pid(l->name);
    return r.e.code < 0 ? err_set(e, r.e.code, "%s", r.e.text) : 0;
}

/* --- who comes to it ---------------------------------------------------------------------------
 */

static int not_up(const char *name, const char *more, struct err *e)
{
    return err_set(e, -ENOENT, "lab %s is not up; `gateproof lab up %s%s` makes it", name, name,
                   more);
}

pid_t lab_up_pid(const char *name)
{
    pid_t pid = 0;
    int fd = door_call(name, &pid);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? 0 : pid;
}

static void on_end(void *arg, uint32_t events)
{
    (void)events;
    *(bool *)arg = true;
}

static void on_late(void *arg)
{
    *(bool *)arg = true;
}

/* false: not within DOWN_MAX_MS. */
static bool await_end(int pidfd, struct err *e)
{
    bool ended = false, late = false;
    struct loop_watch *watch = NULL;
    struct loop *l = NULL;
    if (loop_new(&l, NULL, e) < 0)
        return false;
    struct loop_timer *t = loop_timer_new(l, on_late, &late);
    loop_timer_set(t, loop_now(l) + DOWN_MAX_MS);
    if (loop_watch_add(l, pidfd, EPOLLIN, on_end, &ended, &watch, e) == 0)
        while (!ended && !late)
            (void)loop_once(l);
    loop_watch_remove(&watch);
    loop_timer_free(&t);
    loop_free(l);
    return ended;
}

int lab_down(const char *name, const char *more, struct err *e)
{
    pid_t pid = 0;
    int fd = door_call(name, &pid), r = 0;
    if (fd < 0)
        return not_up(name, more, e);
    /* the keeper ends last: after pid 1, and that one after all others */
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (send(fd, "down", 5, MSG_NOSIGNAL) < 0)
        r = err_errno(e, "tell lab %s to end", name);
    else if (pidfd >= 0 && !await_end(pidfd, e))
        r = err_set(e, -ETIMEDOUT, "lab %s does not end within %d s; kill process %d", name,
                    DOWN_MAX_MS / 1000, (int)pid);
    if (pidfd >= 0)
        close(pidfd);
    close(fd);
    return r;
}

/* Names of the lab instead of the machine's, for this shell alone. */
static int dress(const char *dir, struct err *e)
{
    char path[SPOT_MAX + 16];
    snprintf(path, sizeof(path), "%s/hosts", dir);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_errno(e, "make the shell's mount namespace");
    if (mount(path, "/etc/hosts", NULL, MS_BIND, NULL) < 0)
        return err_errno(e, "mount %s over /etc/hosts", path);
    return 0;
}

static _Noreturn void be_shell(const char *dir, const char *host, const char *command)
{
    struct err e = {0};
    const char *shell = getenv("SHELL");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (shell == NULL || access(shell, X_OK) < 0)
        shell = "/bin/sh";
    if (dress(dir, &e) < 0) {
        fprintf(stderr, "gateproof: %s\n", e.text);
        _exit(126);
    }
    setenv("GATEPROOF_HOST", host, 1);
    if (command != NULL)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    else
        execl(shell, shell, "-i", (char *)NULL);
    fprintf(stderr, "gateproof: cannot run %s: %s\n", command != NULL ? "/bin/sh" : shell,
            strerror(errno));
    _exit(127);
}

static int enter(const int places[PLACE_COUNT], struct err *e)
{
    char cwd[4096];
    const char *back = getcwd(cwd, sizeof(cwd));
    for (int i = 0; i < PLACE_COUNT; i++)
        /* root of the machine is in the lab's user namespace as it is in its own */
        if (setns(places[i], place_flags[i]) < 0)
            return err_errno(e, "enter the lab's namespaces");
    if (back != NULL)
        (void)!chdir(back);
    return 0;
}

static int waited(pid_t pid)
{
    int status = 0;
    signal(SIGINT, SIG_IGN); /* the shell's business */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A process of its own enters, and ends without ceremony: who is in another pid namespace than his
 * children cannot be looked through for leaks, and waits for ever to be. */
static _Noreturn void stand_there(const int places[PLACE_COUNT], const char *dir, const char *host,
                                  const char *command)
{
    struct err e = {0};
    if (enter(places, &e) < 0) {
        fprintf(stderr, "gateproof: %s\n", e.text);
        _exit(1);
    }
    for (int i = 0; i < PLACE_COUNT; i++)
        close(places[i]);
    pid_t pid = fork();
    if (pid == 0)
        be_shell(dir, host, command);
    _exit(pid < 0 ? 1 : waited(pid));
}

int lab_shell(const char *name, const char *host, const char *command, const char *more,
              struct err *e)
{
    char dir[SPOT_MAX];
    int places[PLACE_COUNT];
    pid_t pid = 0;
    int fd = door_call(name, &pid);
    if (fd < 0)
        return not_up(name, more, e);
    bool known = send(fd, host, strlen(host) + 1, MSG_NOSIGNAL) > 0 &&
                 door_hear(fd, dir, sizeof(dir), places);
    close(fd);
    if (!known)
        return err_set(e, -EINVAL, "lab %s has no host '%s'; `gateproof lab show %s%s` names them",
                       name, host, name, more);
    fflush(NULL);
    pid = fork();
    if (pid < 0)
        return err_errno(e, "fork a shell");
    if (pid == 0)
        stand_there(places, dir, host, command);
    for (int i = 0; i < PLACE_COUNT; i++)
        close(places[i]);
    return waited(pid);
}
