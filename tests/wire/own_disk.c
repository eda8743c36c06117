#include "tests/wire/own_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static bool says_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

static bool is_mapped(unsigned uid, unsigned gid)
{
    char users[64], groups[64];

    snprintf(users, sizeof(users), "%u %u 1", uid, uid);
    snprintf(groups, sizeof(groups), "%u %u 1", gid, gid);
    return says_to("/proc/self/setgroups", "deny") && says_to("/proc/self/uid_map", users) &&
           says_to("/proc/self/gid_map", groups);
}

int own_disk(const char *dir, const char *options)
{
    const bool privileged = geteuid() == 0;
    const unsigned uid = geteuid(), gid = getegid();

    if (unshare(CLONE_NEWNS | (privileged ? 0 : CLONE_NEWUSER)) < 0)
        return 77;
    if (!privileged && !is_mapped(uid, gid)) /* else no file can be made there */
        return 77;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && privileged)
        return 77;
    return mount("tmpfs", dir, "tmpfs", 0, options) < 0 ? 77 : chmod(dir, 0700) < 0 ? 2 : 0;
}
