#include "scenarios/engine/ns.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "scenarios/engine/launch.h"
#include "scenarios/engine/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_ALWAYS   (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define NS_FLAGS    (CLONE_NEWUSER | CLONE_NEWNET | NS_ALWAYS)
#define NS_LINE_MAX 64

struct plan { /* what is started */
    ns_body_fn *body;
    void *arg;
    const struct ns_place *place; /* NULL: all namespaces are fresh */
    bool bare;                    /* no namespaces */
};

/* Reads the first number of a one-line file of /proc; -1 when there is no such file. */
static long number_in(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 ? strtol(text, NULL, 10) : -1;
}

static int write_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, line, strlen(line));
    int r = n < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* Which kinds are at their limit the kernel does not say: those of limit 0, or else any. NULL: it
 * is no limit. */
static const char *limits_remedy(int code)
{
    static const char *const kinds[] = {"user", "mnt", "pid", "net", "ipc", "uts"};
    static char text[320];
    struct buf b SCOPED(buf_drop) = {0};
    bool none = false;

    buf_init(&b, sizeof(text) - 1);
    for (int all = 0; all < 2 && !none; all++) {
        buf_clear(&b);
        buf_text_add(&b, "this machine allows no (more) such namespaces: sysctl -w");
        for (size_t i = 0; i < COUNTOF(kinds); i++) {
            char path[64];
            snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", kinds[i]);
            const bool is_none = number_in(path) == 0;
            none = none || is_none;
            if (is_none || all != 0)
                buf_printf(&b, " user.max_%s_namespaces=15000", kinds[i]);
        }
    }
    (void)text_copy(text, sizeof(text), buf_text(&b));
    return none || code == -ENOSPC ? text : NULL;
}

/* The three switches with which distributions forbid it, in the order in which they are looked at.
 */
static const char *unshare_remedy(int code)
{
    const char *limits = limits_remedy(code);
    if (limits != NULL)
        return limits;
    if (number_in("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        return "sysctl -w kernel.unprivileged_userns_clone=1";
    if (number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
        return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give the program an "
               "AppArmor profile with `userns,`";
    return "in docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
           "--security-opt systempaths=unconfined";
}

static int map_ids(uid_t uid, gid_t gid, struct err *e)
{
    char line[NS_LINE_MAX];
    /* Root may map everybody, and then reads everybody's files as before. */
    if (uid == 0 && write_line("/proc/self/uid_map", "0 0 4294967295") == 0 &&
        write_line("/proc/self/gid_map", "0 0 4294967295") == 0)
        return 0;
    int r = write_line("/proc/self/setgroups", "deny");
    if (r < 0 && r != -ENOENT)
        return err_set(e, r, "write /proc/self/setgroups: %s; %s", strerror(-r), unshare_remedy(r));
    snprintf(line, sizeof(line), "0 %u 1", (unsigned)uid);
    if (number_in("/proc/self/uid_map") < 0 && (r = write_line("/proc/self/uid_map", line)) < 0)
        return err_set(e, r, "write /proc/self/uid_map: %s; %s", strerror(-r), unshare_remedy(r));
    snprintf(line, sizeof(line), "0 %u 1", (unsigned)gid);
    r = write_line("/proc/self/gid_map", line);
    if (r < 0)
        return err_set(e, r, "write /proc/self/gid_map: %s; %s", strerror(-r), unshare_remedy(r));
    return 0;
}

static int make_namespaces(struct err *e)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(NS_FLAGS) < 0) {
        int code = -errno;
        return err_set(e, code, "unshare user, mount, pid, net, ipc, uts: %s; %s", strerror(-code),
                       unshare_remedy(code));
    }
    return map_ids(uid, gid, e);
}

static int join_namespaces(const struct ns_place *p, struct err *e)
{
    if (setns(p->user, CLONE_NEWUSER) < 0)
        return err_errno(e, "enter the user namespace of the lab");
    if (setns(p->net, CLONE_NEWNET) < 0)
        return err_errno(e, "enter the lab");
    if (unshare(NS_ALWAYS) < 0)
        return err_errno(e, "unshare mount, pid, ipc, uts; %s", unshare_remedy(-errno));
    return 0;
}

static int make_mounts(struct err *e)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_errno(e, "make all mounts private; %s", unshare_remedy(-errno));
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return err_errno(e, "mount /proc of the new pid namespace; in docker: --security-opt "
                            "systempaths=unconfined");
    return 0;
}

bool ns_read(int fd, void *ret, size_t len)
{
    char *to = ret;
    while (len > 0) {
        ssize_t n = read(fd, to, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        len -= (size_t)n;
    }
    return true;
}

bool ns_write(int fd, const void *bytes, size_t len)
{
    const char *from = bytes;
    while (len > 0) {
        ssize_t n = send(fd, from, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        len -= (size_t)n;
    }
    return true;
}

/* The two ends of the set-up tell each other one struct err: code 0 says that the body runs. */
void ns_tell(int fd, const struct err *e)
{
    (void)ns_write(fd, e, sizeof(*e));
}

bool ns_hear(int fd, struct err *ret)
{
    if (!ns_read(fd, ret, sizeof(*ret)))
        return false;
    ret->text[sizeof(ret->text) - 1] = '\0';
    return true;
}

static _Noreturn void run_as_first(const struct plan *p, int fd)
{
    struct err e = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (p->bare)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!p->bare && make_mounts(&e) < 0) {
        ns_tell(fd, &e);
        _exit(1);
    }
    ns_tell(fd, &e);
    _exit(p->body(p->arg, fd) & 0xff);
}

static void ignore_stray(void *arg, pid_t pid)
{
    (void)arg, (void)pid;
}

/* Lives outside the pid namespace and inside the user namespace; carries the exit status. Without
 * namespaces it does what the kernel would: whoever is left ends with the body. */
static _Noreturn void run_between(const struct plan *p, int fd, pid_t parent, pid_t *ret_first)
{
    struct err e = {0};
    int status = 0;
    if (p->bare)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    else if ((p->place != NULL ? join_namespaces(p->place, &e) : make_namespaces(&e)) < 0)
        goto refuse;
    /* After unshare: a change of credentials clears it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    pid_t first = fork();
    if (first < 0) {
        err_errno(&e, "fork the first process of the pid namespace");
        goto refuse;
    }
    if (first == 0)
        run_as_first(p, fd);
    __atomic_store_n(ret_first, first, __ATOMIC_RELEASE);
    close(fd);
    while (waitpid(first, &status, 0) < 0 && errno == EINTR)
        ;
    if (p->bare)
        (void)prog_strays(NULL, 0, 0, ignore_stray, NULL);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
refuse:
    ns_tell(fd, &e);
    _exit(1);
}

static int start(struct ns_child *ret, const struct plan *p, struct err *e)
{
    int fds[2];
    struct err said = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return err_errno(e, "socketpair for a run");
    pid_t *first =
        mmap(NULL, sizeof(*first), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED)
        WRONG("out of memory");
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        int r = err_errno(e, "fork a run");
        munmap(first, sizeof(*first));
        close(fds[0]);
        close(fds[1]);
        return r;
    }
    if (pid == 0) {
        close(fds[0]);
        run_between(p, fds[1], parent, first);
    }
    close(fds[1]);
    struct ns_child c = {.pid = pid, .first = first, .fd = fds[0]};
    if (!ns_hear(c.fd, &said))
        err_set(&said, -EPIPE, "a run ended before its namespaces were ready");
    if (said.code < 0) {
        ns_stop(&c, true);
        return err_set(e, said.code, "%s", said.text);
    }
    *ret = c;
    return 0;
}

int ns_start(struct ns_child *ret, ns_body_fn *body, void *arg, struct err *e)
{
    return start(ret, &(struct plan){.body = body, .arg = arg}, e);
}

int ns_start_at(struct ns_child *ret, const struct ns_place *place, ns_body_fn *body, void *arg,
                struct err *e)
{
    return start(ret, &(struct plan){.body = body, .arg = arg, .place = place}, e);
}

int ns_start_bare(struct ns_child *ret, ns_body_fn *body, void *arg, struct err *e)
{
    return start(ret, &(struct plan){.body = body, .arg = arg, .bare = true}, e);
}

int ns_stop(struct ns_child *c, bool kill_it)
{
    int status = 0;
    if (c->pid == 0)
        return -1;
    /* Pid 1 is dead when all inside are, and only then the one between ends. Without pid 1 that one
     * is ended itself, and who is inside follows by PDEATHSIG. */
    pid_t first = __atomic_load_n(c->first, __ATOMIC_ACQUIRE);
    if (kill_it)
        kill(first > 0 ? first : c->pid, SIGKILL);
    close(c->fd);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    munmap(c->first, sizeof(*c->first));
    c->first = NULL;
    c->pid = 0;
    c->fd = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- the trial ------------------------------------------------------------------------------- */

static int try_lo(struct err *e)
{
    struct nl n;
    int r = nl_open(&n, e);
    if (r < 0)
        return r;
    r = nl_link_up(&n, 1, e);
    nl_close(&n);
    /* unshare may succeed while the capability does not come with it. */
    return r < 0 ? err_at(e, "%s", unshare_remedy(r)) : 0;
}

static int try_packet(struct err *e)
{
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (fd < 0)
        return err_errno(e, "packet socket; the kernel needs CONFIG_PACKET");
    close(fd);
    return 0;
}

static int try_forward(struct err *e)
{
    int r = write_line("/proc/sys/net/ipv4/ip_forward", "1");
    if (r < 0)
        return err_set(e, r,
                       "write /proc/sys/net/ipv4/ip_forward: %s; in docker: --security-opt "
                       "systempaths=unconfined",
                       strerror(-r));
    return 0;
}

static int try_masquerade(struct err *e)
{
    return nl_nft("table ip t {\n chain c {\n type nat hook postrouting priority 100;\n "
                  "oifname \"x\" masquerade\n }\n}\n",
                  e);
}

static int trial(void *arg, int fd)
{
    static int (*const steps[])(struct err *) = {try_lo, try_packet, try_forward, try_masquerade};
    struct err e = {0};
    (void)arg;
    for (size_t i = 0; i < COUNTOF(steps) && e.code == 0; i++)
        (void)steps[i](&e);
    ns_tell(fd, &e);
    return e.code < 0;
}

int ns_possible(struct err *e)
{
    struct ns_child c;
    struct err said = {0};
    int r = ns_start(&c, trial, NULL, e);
    if (r < 0)
        return r;
    if (!ns_hear(c.fd, &said))
        err_set(&said, -EPIPE, "the trial of the namespaces ended without a word");
    ns_stop(&c, false);
    return said.code < 0 ? err_set(e, said.code, "%s", said.text) : 0;
}
