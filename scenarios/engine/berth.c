#include "scenarios/engine/berth.h"

#include "scenarios/engine/lab_loopback.h"

#include <errno.h>
#include <ftw.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OPEN_AT_ONCE 16

/* A name in the abstract space belongs to one network namespace, as the addresses do. */
static int number_hold(int number)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "gateproof-loopback-%d", number);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (const struct sockaddr *)&a,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
        return fd;
    int r = -errno;
    close(fd);
    return r;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

static void empty(const char *dir)
{
    (void)nftw(dir, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}

static const char *base(void)
{
    static const char *const names[] = {"XDG_RUNTIME_DIR", NULL, "TMPDIR"};
    for (size_t i = 0; i < COUNTOF(names); i++) {
        const char *path = names[i] == NULL ? "/dev/shm" : getenv(names[i]);
        if (path != NULL && path[0] == '/' && strlen(path) < BERTH_DIR_MAX / 2 &&
            access(path, W_OK | X_OK) == 0)
            return path;
    }
    return "/tmp";
}

/* What is there is ours, of a run that was killed, or it is somebody's trap. */
static int folder_make(struct berth *b, struct err *e)
{
    struct stat s;
    snprintf(b->dir, sizeof(b->dir), "%.47s/gateproof-loopback-%u-%d", base(), (unsigned)geteuid(),
             b->number);
    if (lstat(b->dir, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid())
        empty(b->dir);
    return mkdir(b->dir, 0700) < 0 ? err_errno(e, "make the run's folder %s", b->dir) : 0;
}

int berth_take(struct berth *ret, struct err *e)
{
    int fd = -EADDRINUSE;
    for (ret->number = 0; ret->number < LAB_BERTHS; ret->number++)
        if ((fd = number_hold(ret->number)) != -EADDRINUSE)
            break;
    if (fd < 0)
        return err_set(e, fd, "no address is free for a run on stage loopback: %d runs at a time",
                       LAB_BERTHS);
    ret->fd = fd;
    int r = folder_make(ret, e);
    if (r < 0)
        close(fd);
    return r;
}

void berth_leave(struct berth *b)
{
    empty(b->dir);
    close(b->fd);
}
