#include "scenarios/engine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIGNALS_END 65

/* As uid 0 of the namespaces it could write its host's settings without any capability, and the lab
 * is another run's later. What makes a sandbox of its own writes how many users that may have;
 * those of the network it cannot write either. */
static int close_settings(const struct launch *x, struct err *e)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    const char *what = x->sandboxes ? "/proc/sys/net" : "/proc/sys";
    if (mount(what, what, NULL, MS_BIND, NULL) < 0 ||
        mount(NULL, what, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | flags, NULL) < 0)
        return err_errno(e, "make %s read-only", what);
    return 0;
}

static int enter_host(const struct launch *x, struct err *e)
{
    if (x->netns < 0)
        return 0;
    if (setns(x->netns, CLONE_NEWNET) < 0)
        return err_errno(e, "enter its network namespace");
    if (unshare(CLONE_NEWNS) < 0)
        return err_errno(e, "make its mount namespace");
    if (mount(x->resolv_conf, "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0)
        return err_errno(
            e, "mount %s over /etc/resolv.conf (the file must exist: touch /etc/resolv.conf)",
            x->resolv_conf);
    if (mount(x->hosts, "/etc/hosts", NULL, MS_BIND, NULL) < 0)
        return err_errno(e, "mount %s over /etc/hosts (the file must exist: touch /etc/hosts)",
                         x->hosts);
    return close_settings(x, e);
}

static int cmp_int(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes all descriptors but stdio, x->fds and keep, at once: everything between the kept ones. */
static int keep_only(const struct launch *x, int keep, struct err *e)
{
    int kept[LAUNCH_FDS_MAX + 1];
    unsigned from = STDERR_FILENO + 1;
    assert(x->n_fds <= LAUNCH_FDS_MAX);
    for (size_t i = 0; i < x->n_fds; i++) {
        kept[i] = x->fds[i];
        if (fcntl(x->fds[i], F_SETFD, 0) < 0)
            return err_errno(e, "hand over descriptor %d", x->fds[i]);
    }
    kept[x->n_fds] = keep;
    qsort(kept, x->n_fds + 1, sizeof(kept[0]), cmp_int);
    for (size_t i = 0; i <= x->n_fds; i++) {
        if ((unsigned)kept[i] > from)
            (void)syscall(SYS_close_range, from, (unsigned)kept[i] - 1, 0);
        from = (unsigned)kept[i] + 1;
    }
    (void)syscall(SYS_close_range, from, ~0U, 0);
    return 0;
}

static int set_stdio(int output, struct err *e)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0)
        return err_errno(e, "open /dev/null");
    if (dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        return err_errno(e, "set its standard descriptors");
    return 0;
}

static int set_limits(struct err *e)
{
    struct rlimit files, core = {0, 0};
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return err_errno(e, "read its limit of descriptors");
    files.rlim_cur = files.rlim_max < LAUNCH_NOFILE ? files.rlim_max : LAUNCH_NOFILE;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_CORE, &core) < 0)
        return err_errno(e, "set its limits");
    return 0;
}

static void reset_signals(void)
{
    sigset_t none;
    for (int s = 1; s < SIGNALS_END; s++)
        (void)sigaction(s, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

#define WORD(cap) ((cap) / 32)

/* Beside us, and nobody who may change bounds: no_new_privs keeps lost what capset takes. */
static bool has_no_say(const struct launch *x)
{
    return x->netns < 0 && prctl(PR_CAPBSET_DROP, CAP_SETPCAP, 0, 0, 0) < 0 && errno == EPERM;
}

/* Bounding set first, while we still may; then root means nothing, and nothing comes back. */
static int drop_bounds(const struct launch *x, struct err *e)
{
    for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (!(x->sandboxes && cap == CAP_SETFCAP) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
            errno != EINVAL)
            return err_errno(e, "drop capability %lu", cap);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) < 0)
        return err_errno(e, "secure bits");
    return 0;
}

static int drop_privileges(const struct launch *x, struct err *e)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(e, "no_new_privs");
    if (!has_no_say(x) && drop_bounds(x, e) < 0)
        return e->code;
    if (x->sandboxes)
        kept[WORD(CAP_SETFCAP)].permitted = kept[WORD(CAP_SETFCAP)].inheritable =
            kept[WORD(CAP_SETFCAP)].effective = CAP_TO_MASK(CAP_SETFCAP);
    if (syscall(SYS_capset, &head, kept) < 0)
        return err_errno(e, "drop its capabilities");
    if (x->sandboxes && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETFCAP, 0, 0) < 0)
        return err_errno(e, "keep the capability for its sandbox");
    return 0;
}

void confine(const struct launch *x, int output, int keep, struct err *e)
{
    if (setpgid(0, 0) < 0) {
        err_errno(e, "make its process group");
        return;
    }
    if (enter_host(x, e) < 0 || set_stdio(output, e) < 0 || keep_only(x, keep, e) < 0 ||
        set_limits(e) < 0)
        return;
    if (chdir(x->dir) < 0) {
        err_errno(e, "enter its folder %s", x->dir);
        return;
    }
    reset_signals();
    if (drop_privileges(x, e) < 0)
        return;
    (void)umask(077);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvpe(x->argv[0], (char *const *)x->argv, (char *const *)x->env);
    err_errno(e, "start %s", x->argv[0]);
}
