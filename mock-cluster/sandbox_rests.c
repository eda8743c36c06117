/* What the kernel says of the processes inside: who sleeps has had all the time it wanted. */
#include "mock-cluster/sandbox_inner.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES 1024  /* more children than SANDBOX_PROCESSES have numbers */
#define SLEEPING   "SZX" /* and what is over */

/* Its first TEXT_BYTES; "" when it is not there, as that of a process that just ended. */
static void text_of(pid_t pid, const char *name, char text[static TEXT_BYTES])
{
    char path[64];
    ssize_t n = -1;
    int fd;

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, TEXT_BYTES - 1);
        (void)close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
}

static bool sleeps(pid_t pid)
{
    char text[TEXT_BYTES];
    const char *name_ends;

    text_of(pid, "stat", text);
    name_ends = strrchr(text, ')');
    return !name_ends || !name_ends[1] || strchr(SLEEPING, name_ends[2]) != NULL;
}

/* SANDBOX_PROCESSES bounds how deep they are. */
static bool all_sleep(pid_t pid, unsigned depth)
{
    char text[TEXT_BYTES], *rest = text;

    if (!sleeps(pid))
        return false;
    text_of(pid, "children", text);
    while (depth < SANDBOX_PROCESSES) {
        char *end;
        const long child = strtol(rest, &end, 10);

        if (end == rest)
            break;
        if (!all_sleep((pid_t)child, depth + 1))
            return false;
        rest = end;
    }
    return true;
}

bool sandbox_rests(pid_t pid)
{
    return all_sleep(pid, 0);
}
