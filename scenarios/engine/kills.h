/* `gateproof kills`: the gateway is killed at every point of every story, in the simulator; or at
 * some that are drawn, in namespaces (kills_netns.c).
 *
 * The points are computed from the traces: each story is played once and each effect of the
 * gateway's core (a record, a sync, a request) is counted before it, after it, and after its
 * answer; with records that were not synced yet twice, with and without what was written. Then the
 * story is played again, and at each point a process is forked that kills the gateway there, starts
 * it again and plays on until all is well (kill_play.h). Points between which nothing happens
 * (after one effect, before the next) are the same state and played once.
 *
 * A point has a name, EFFECT.PHASE or EFFECT.PHASE.kept, and the one of a second kill during the
 * recovery follows it after a slash: 57.after/12.before. */
#ifndef SCENARIOS_ENGINE_KILLS_H
#define SCENARIOS_ENGINE_KILLS_H

#include "scenarios/engine/kill_play.h"
#include "scenarios/engine/run.h"

#define KILLS_REDS_MAX 32 /* that are told one by one; all are counted */
#define KILLS_NAME_MAX 96

struct kills_options {
    struct run_options run; /* stage sim, or netns */
    int64_t depth;          /* 1, or 2: killed once more while it recovers */
    int64_t each;           /* about so many states of each run, drawn by seed; 0: all */
    int64_t repeats;        /* of the repeats of a state every so-many-th; 0: none */
    int64_t sample;         /* netns: so many of all, drawn by seed; 0: all */
    int64_t every;          /* of the second kills every so-many-th, drawn by seed; 1: all */
    const char *at;         /* this point and no other; "": as above */
};

/* A point, as it is named. */
struct kill_aim {
    uint64_t effect;
    enum site_phase phase;
    bool keep;
};
bool kill_aim_read(const char *text, struct kill_aim *ret);
void kill_aim_write(const struct kill_aim *a, struct buf *out);

/* Plays and tells. *ret_balanced: all that was played. */
int kills_play(const struct kills_options *o, struct buf *out, bool *ret_balanced, struct err *e)
    MUST_CHECK;

#endif
