/* What the files of `gateproof kills` share: kills.c (the simulator), kills_netns.c, kills_tell.c.
 */
#ifndef SCENARIOS_ENGINE_KILLS_PRIVATE_H
#define SCENARIOS_ENGINE_KILLS_PRIVATE_H

#include "scenarios/engine/kills.h"

#include <stdatomic.h>

/* Counted by many processes at once. */
struct tally {
    atomic_ulong points[SITE_EFFECTS], covered[SITE_EFFECTS], red[SITE_EFFECTS];
    atomic_ulong instants, states, played;
    atomic_ulong second, second_states, second_played; /* kills during a recovery */
    char left_out[WELL_WHY_MAX]; /* why the run is not one to be killed in; "" when it is */
};

struct shared {
    atomic_ulong missed; /* netns: points that never came */
    atomic_ulong n_reds;
    struct kill_red {
        size_t item;
        char name[KILLS_NAME_MAX], what[SITE_WHAT_MAX], why[WELL_WHY_MAX];
    } reds[KILLS_REDS_MAX];
    struct tally tally[]; /* one an item */
};

/* Places and stores that were met; open addressing. */
#define SEEN_MAX (1u << 16) /* of one run; what goes over it is played again */
struct seen {
    size_t n;
    struct {
        uint64_t state; /* 0: free */
        bool played;
    } at[SEEN_MAX];
};

struct kills {
    struct seen *seen;
    const struct kills_options *o;
    struct run *run;
    struct shared *shared;
    size_t shared_bytes;
    int64_t busy; /* children of this process */
    size_t item;  /* the run that they play */
};

/* One more that is red, told by whoever saw it. */
void kills_red_add(struct kills *k, size_t item, const char *name, const char *what,
                   const char *why);
/* Forks as soon as fewer than `most` children of this process run; true in the child, which dies
 * with its parent. */
bool kills_fork(struct kills *k, int64_t most);
void kills_await(struct kills *k); /* one child */

/* kills_tell.c: the table of the simulator's kills, the reds, the last word. */
void kills_tell(const struct kills *k, struct buf *out, bool *ret_balanced);
void kills_tell_reds(const struct kills *k, struct buf *out);

/* kills_netns.c: in namespaces, with SIGKILL. */
int kills_netns(struct kills *k, struct buf *out, bool *ret_balanced, struct err *e) MUST_CHECK;

#endif
