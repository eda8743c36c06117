/* A stepped run for tests: children forked from the test, each with a page and a loop of its own,
 * under the test's controller. What they saw lies in memory shared with the test. A child is killed
 * when its run ends; one that cannot go on leaves with a status of its own (_exit(82…99)). */
#ifndef TESTS_STEPPED_RUN_H
#define TESTS_STEPPED_RUN_H

#include "lib/io/ctl.h"

#define CHILDREN_MAX 6
#define TICKS_MAX    512
#define LOST_MAX     4
#define EPOCH_S      1782864000

/* Memory shared with the children. */
struct shared {
    uint64_t hash[CHILDREN_MAX];
    uint64_t count[CHILDREN_MAX];
    int64_t tick_ms[CHILDREN_MAX][TICKS_MAX]; /* domain time of what a child did */
    uint32_t n_ticks[CHILDREN_MAX];
};

struct run;
struct child {
    struct run *run;
    size_t i;
    pid_t pid;
    int pidfd;
    struct ctl_slot *slot;
};

struct run {
    struct loop *loop;
    struct ctl *ctl;
    struct loop_timer *end;
    struct shared *shared;
    struct child children[CHILDREN_MAX];
    size_t n;
    char lost[LOST_MAX][64]; /* "name why at" */
    size_t n_lost;
    int64_t began_ns;
};

typedef void child_fn(struct child *c, struct loop *l, void *arg);

int64_t domain_ms(void);
void run_begin(struct run *r);
/* Until that domain time: own timers come first, so what children do at that instant is not done.
 */
void run_until(struct run *r, ms_t domain);
void run_end(struct run *r);

/* Forks; the child calls fn and then runs its loop. Returns when it rests for the first time. */
struct child *child_start(struct run *r, const char *name, child_fn *fn, void *arg);
/* A slot for a child that the test forks itself. */
struct child *child_slot(struct run *r, const char *name);
void child_started(struct child *c, pid_t pid);
void child_signal(struct child *c, int signo);

/* In a child: into its hash, or into its list of ticks. */
void note(struct child *c, char what, uint64_t who);
void tick_note(struct child *c);

#endif
