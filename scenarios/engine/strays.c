/* Processes that outlived whoever started them (launch.h, prog_strays). */
#include "scenarios/engine/launch.h"

#include "lib/base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANCESTORS_MAX     16
#define GENERATIONS_MAX   4096 /* between a program and its last descendant */
#define STRAYS_ROUNDS_MAX 64   /* each kills and reaps; a fork bomb loses against SIGKILL of all */

struct stray {
    bool alive; /* neither 'Z' nor 'X': dead already, and nobody has asked yet */
    pid_t parent, group;
};

/* "PID (name) STATE PPID PGRP …"; a name may hold anything, so the last ')' counts. */
static struct stray stray_read(pid_t pid)
{
    struct stray s = {0};
    char path[64], text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return s;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    char *at = n > 0 ? strrchr(text, ')') : NULL;
    if (at == NULL || at[1] != ' ')
        return s;
    s.alive = at[2] != 'Z' && at[2] != 'X';
    s.parent = (pid_t)strtol(at + 3, &at, 10);
    s.group = (pid_t)strtol(at, NULL, 10);
    return s;
}

/* Everybody's ancestor is the first process, also of those who came in from outside. */
static bool is_ours(pid_t pid)
{
    for (int i = 0; i < GENERATIONS_MAX && getpid() != 1 && pid != getpid(); i++)
        if ((pid = stray_read(pid).parent) <= 1)
            return false;
    return getpid() == 1 || pid == getpid();
}

static bool is_known(pid_t pid, const pid_t *known, size_t n)
{
    if (pid == getpid())
        return true;
    for (size_t i = 0; i < n; i++)
        if (known[i] == pid)
            return true;
    return false;
}

/* A living child of a program that lives (a machine's sandbox) is that program's business; what a
 * dead one left behind is ours by now. */
static bool is_in_care(pid_t pid, const pid_t *known, size_t n)
{
    for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
        pid = stray_read(pid).parent;
        if (pid != getpid() && is_known(pid, known, n))
            return true;
    }
    return false;
}

static void end_stray(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    /* Its parent may be a stray too, then it becomes ours only after that one's end. */
    (void)waitpid(pid, NULL, 0);
}

struct hunt {
    const pid_t *known;
    size_t n;
    pid_t dying;
    prog_stray_fn *told;
    void *arg;
    size_t n_told;
};

/* Returns how many lived. */
static size_t round_of(struct hunt *h)
{
    DIR *d = opendir("/proc");
    size_t found = 0;
    const struct dirent *at;
    if (d == NULL)
        return 0;
    while ((at = readdir(d)) != NULL) {
        int64_t pid;
        if (!text_int(at->d_name, 1, INT32_MAX, &pid) || is_known((pid_t)pid, h->known, h->n) ||
            !is_ours((pid_t)pid) || is_in_care((pid_t)pid, h->known, h->n))
            continue;
        struct stray s = stray_read((pid_t)pid);
        found += s.alive;
        if (s.alive && (h->dying == 0 || s.group != h->dying)) {
            h->n_told++;
            h->told(h->arg, (pid_t)pid);
        }
        end_stray((pid_t)pid);
    }
    closedir(d);
    return found;
}

size_t prog_strays(const pid_t *known, size_t n, pid_t dying, prog_stray_fn *told, void *arg)
{
    struct hunt h = {.known = known, .n = n, .dying = dying, .told = told, .arg = arg};
    for (int i = 0; i < STRAYS_ROUNDS_MAX && round_of(&h) > 0; i++)
        (void)sched_yield(); /* those whose parent dies too become ours in a moment */
    return h.n_told;
}
