/* Programs under the harness: started in a host's network namespace with a mount namespace of their
 * own (its resolv.conf, an empty hosts file), or, where there are none, beside us; without any
 * privilege, with exactly the environment and the descriptors given; watched until they end, their
 * output kept and searched for secrets.
 *
 * A program is its process group; what leaves the group is found by prog_strays. The caller is pid
 * 1 of a pid namespace, or a subreaper (ns.h). Profile: GP-6, GP-12 to GP-18. Output: the first
 * LAUNCH_OUTPUT_MAX bytes are kept, the rest is read and counted. */
#ifndef SCENARIOS_ENGINE_LAUNCH_H
#define SCENARIOS_ENGINE_LAUNCH_H

#include "lib/io/loop.h"

#define LAUNCH_OUTPUT_MAX  MIB(64)
#define LAUNCH_FDS_MAX     16
#define LAUNCH_NAME_MAX    32
#define LAUNCH_SECRETS_MAX 16
#define LAUNCH_SECRET_MAX  256
#define LAUNCH_NOFILE      65536

/* What must not show up in an output. Grows while programs run; shared by all. */
struct secrets {
    size_t n;
    struct secret {
        char name[LAUNCH_NAME_MAX];
        char value[LAUNCH_SECRET_MAX];
    } at[LAUNCH_SECRETS_MAX];
};
/* A name that is there already gets one more value. Values shorter than 8 bytes are left out: they
 * would be found everywhere. */
void secrets_add(struct secrets *s, const char *name, const char *value);

struct launch {
    const char *name;        /* "gateway": of its log file and in sentences */
    const char *const *argv; /* ends with NULL; a first word without '/' is looked up in PATH */
    const char *const *env;  /* ends with NULL */
    const char *dir;         /* working directory */
    int netns;               /* namespace to live in; -1: ours, and the next two are not used */
    const char *resolv_conf; /* files to be mounted over /etc/resolv.conf and /etc/hosts */
    const char *hosts;
    const int *fds; /* what it inherits besides stdio, under the same numbers */
    size_t n_fds;
    /* It makes a user namespace of its own: as uid 0 of ours it needs CAP_SETFCAP for the map
     * (Linux 5.12), the one capability that is left to it. */
    bool sandboxes;
    const char *log_file; /* appended to */
    const struct secrets *secrets;
};

struct prog;
/* All are told on the loop, in this order of life; freeing the program inside `ended` is fine. */
struct prog_events {
    void (*flooded)(void *arg, struct prog *p);                  /* once, at the bound */
    void (*secret)(void *arg, struct prog *p, const char *name); /* once a secret */
    void (*ended)(void *arg, struct prog *p);                    /* its output is read to the end */
    void *arg;
};

int prog_start(struct prog **ret, struct loop *l, const struct launch *x,
               const struct prog_events *events, struct err *e) MUST_CHECK;
/* Kills what still runs of the group. NULL is fine. */
void prog_free(struct prog *p);

const char *prog_name(const struct prog *p);
pid_t prog_pid(const struct prog *p);
int prog_pidfd(const struct prog *p); /* ours, open until prog_free */
bool prog_running(const struct prog *p);
/* After the end: true and the exit status, or false and the signal. */
bool prog_exited(const struct prog *p, int *ret_status_or_signal);
uint64_t prog_output(const struct prog *p); /* bytes it wrote */
/* To the whole group. */
void prog_signal(struct prog *p, int signo);
/* Has it ended? Reads what is there, tells `ended`. For after ctl_slot_signalled(SIGKILL). */
void prog_look(struct prog *p);

/* Processes that descend from this one, or all others where it is pid 1, that live and are none of
 * `known`: told one by one, then killed
 * and reaped. Those of process group `dying`, which was killed just now, are awaited without a
 * word; 0 = no such group. Returns how many were told. */
typedef void prog_stray_fn(void *arg, pid_t pid);
size_t prog_strays(const pid_t *known, size_t n, pid_t dying, prog_stray_fn *told, void *arg);

#endif
