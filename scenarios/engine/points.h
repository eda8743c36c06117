/* Points in time of a story on stage netns: the N-th operation of a kind was asked, done, answered.
 *
 * Operations that the story names are told by the servers, which stop at each phase and go on when
 * we have looked (lib/io/hold): points_held. So these points stand in the journal exactly where
 * they belong: nothing of the operation before `asked`, its records before `done`, its answer with
 * the kernel at `answered`; and an act that is due at one is done there. All other operations are
 * learnt of by the server's record of the call; their three points follow it in a row.
 *
 * A feed answer counts when it lists work, which is known once it was made: it has no `asked`. */
#ifndef SCENARIOS_ENGINE_POINTS_H
#define SCENARIOS_ENGINE_POINTS_H

#include "scenarios/engine/world.h"

#define POINTS_OPS_MAX 24
#define POINTS_OPEN_MAX                                                                            \
    64 /* operations between their first phase and their last, oldest forgotten */

struct points {
    int64_t n[POINTS_OPS_MAX]; /* operations so far, by row of the table */
    bool told[POINTS_OPS_MAX]; /* the server stops at them */
    bool works;                /* the feed answer being told lists work … */
    bool listed;               /* … and so did the last one that was told whole */
    struct points_open {
        bool used;
        size_t row;
        int64_t conn, nth; /* of the server's connection: it has one operation at a time */
    } open[POINTS_OPEN_MAX];
    size_t last_open;
};

/* story: NULL names no operation. */
void points_init(struct points *p, const struct script *story);
/* The operations at which a server must stop, in its own names, with commas between; kind: of its
 * records of calls. false: at none. */
bool points_ops(const struct points *p, enum ev_kind kind, char *out, size_t size);
/* Journals the points that this record is. */
void points_feed(struct points *p, struct world *w, const struct event *e);
/* A server stands at "PHASE OP WHO PEER CONN" (lib/io/mockd): journals it when it is a point. All
 * that was written before has been fed. */
void points_held(struct points *p, struct world *w, enum ev_kind kind, const char *words);

#endif
