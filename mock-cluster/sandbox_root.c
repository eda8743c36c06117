/* A root of its own: a tmpfs with busybox and our systemctl; then every right is given up. */
#include "mock-cluster/sandbox_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STAND       "/tmp" /* covered by the new root, only in our mount namespace */
#define LAST_CAP    63
#define COPY_MAX    MIB(8)
#define OPTIONS_MAX 96

static const char *const folders[] = {
    "bin",     "dev",          "etc",  "etc/systemd", "etc/systemd/system",
    "home",    "opt",          "root", "run",         "sbin",
    "srv",     "tmp",          "usr",  "usr/bin",     "var",
    "var/lib", "run/systemctl"};

static const char *const words[] = {
    "sh",     "ash",   "awk",    "basename", "cat",    "chmod",   "cp",    "cut",    "date",
    "dd",     "df",    "echo",   "env",      "expr",   "false",   "find",  "grep",   "head",
    "id",     "kill",  "ln",     "ls",       "mkdir",  "mkfifo",  "mknod", "mktemp", "mount",
    "mv",     "nc",    "od",     "ping",     "printf", "ps",      "pwd",   "rm",     "rmdir",
    "sed",    "seq",   "sleep",  "sort",     "tail",   "tar",     "tee",   "test",   "touch",
    "tr",     "true",  "umount", "uname",    "uniq",   "unshare", "wc",    "wget",   "which",
    "whoami", "xargs", "yes",    "chroot",   "nsenter"};

/* What the image's units know of systemd. State is kept as files, where our half reads it. */
static const char systemctl[] =
    "#!/bin/sh\n"
    "d=/run/systemctl\n"
    "verb=$1\n"
    "[ $# -gt 0 ] && shift\n"
    "now=\n"
    "if [ \"$verb\" = enable ] && [ \"$1\" = --now ]; then now=1; shift; fi\n"
    "if [ \"$verb\" = daemon-reload ]; then\n"
    "  [ $# = 0 ] || exit 1\n"
    "  for u in containerd gateproof-agent; do\n"
    "    cat /etc/systemd/system/$u.service.d/*.conf > $d/$u.service.loaded 2>/dev/null\n"
    "  done\n"
    "  echo daemon-reload >> $d/log\n"
    "  exit 0\n"
    "fi\n"
    "[ $# = 1 ] || exit 1\n"
    "unit=${1%.service}.service\n"
    "case $unit in containerd.service | gateproof-agent.service) ;; *) exit 5 ;; esac\n"
    "start() {\n"
    "  cp $d/$unit.loaded $d/$unit.running 2>/dev/null\n"
    "  : > $d/$unit.active\n"
    "  echo start $unit >> $d/log\n"
    "}\n"
    "case $verb in\n"
    "restart) start ;;\n"
    "start) [ -e $d/$unit.active ] || start ;;\n"
    "enable)\n"
    "  echo enable $unit >> $d/log\n"
    "  if [ \"$now\" ] && [ ! -e $d/$unit.active ]; then start; fi ;;\n"
    "*) exit 1 ;;\n"
    "esac\n"
    "exit 0\n";

static int put(const char *path, const char *text, mode_t mode, struct err *e)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    const size_t len = strlen(text);

    if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) < 0 || close(fd) < 0)
        return err_errno(e, "%s in the sandbox's root", path);
    return 0;
}

static int put_busybox(int from, struct err *e)
{
    const int fd = open("bin/busybox", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    ssize_t n = 1;

    for (size_t done = 0; fd >= 0 && n > 0 && done < COPY_MAX; done += (size_t)n)
        n = sendfile(fd, from, NULL, COPY_MAX - done);
    if (fd < 0 || n != 0 || fchmod(fd, 0755) < 0 || close(fd) < 0)
        return err_errno(e, "busybox into the sandbox's root");
    for (size_t i = 0; i < COUNTOF(words); i++) {
        char path[64];

        (void)snprintf(path, sizeof path, "bin/%s", words[i]);
        if (symlink("busybox", path) < 0)
            return err_errno(e, "%s in the sandbox's root", path);
    }
    return 0;
}

static int furnish(const struct sandbox_guest *g, struct err *e)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < COUNTOF(folders); i++)
        if (mkdir(folders[i], 0755) < 0)
            err = err_errno(e, "%s in the sandbox's root", folders[i]);
    if (err == 0)
        err = put_busybox(g->busybox, e);
    if (err == 0)
        err = put("bin/systemctl", systemctl, 0755, e);
    if (err == 0)
        err = put("run/systemctl/containerd.service.active", "", 0644, e);
    if (err == 0) /* a file, no device: a shell's background jobs begin with reading it */
        err = put("dev/null", "", 0666, e);
    if (err == 0)
        err = put("run/systemctl/log", "", 0644, e);
    return err;
}

/* The image's own files are those of a fresh tree, so that both ways begin with the same. */
static int image_files(struct err *e)
{
    struct tree t;
    int err = 0;

    tree_init(&t);
    for (size_t i = 0; err == 0 && i < t.n; i++)
        err = put(t.at[i]->path, buf_text(&t.at[i]->content), t.at[i]->mode, e);
    tree_drop(&t);
    return err;
}

int sandbox_root(struct sandbox_guest *g, struct err *e)
{
    char options[OPTIONS_MAX];
    int err;

    (void)snprintf(options, sizeof options, "size=%zu,nr_inodes=%d,mode=0755", SANDBOX_DISK,
                   SANDBOX_INODES);
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_errno(e, "make all mounts private");
    if (mount("root", STAND, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 || chdir(STAND) < 0)
        return err_errno(e, "a tmpfs for the sandbox's root");
    err = furnish(g, e);
    if (err < 0)
        return err;
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_errno(e, "change into the sandbox's root");
    return image_files(e);
}

int sandbox_disarm(struct err *e)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}, {0}};

    for (int cap = 0; cap <= LAST_CAP; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
            return err_errno(e, "give up capability %d", cap);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return err_errno(e, "give up ambient capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(e, "no_new_privs");
    if (syscall(SYS_capset, &head, none) < 0)
        return err_errno(e, "give up all capabilities");
    return 0;
}
