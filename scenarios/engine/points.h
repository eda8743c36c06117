/* Points in time of a story on stage netns: the N-th operation of a kind was asked, done, answered.
 * The engine learns of an operation by the server's record, which is written before the answer
 * leaves; whatever is due then is done before anybody else gets a turn. So the three phases come in
 * a row, and what happens "asked" happens before the caller can read its answer. */
#ifndef SCENARIOS_ENGINE_POINTS_H
#define SCENARIOS_ENGINE_POINTS_H

#include "scenarios/engine/world.h"

#define POINTS_OPS_MAX 16

struct points {
    int64_t n[POINTS_OPS_MAX]; /* operations so far, by row of the table */
    bool works;                /* the feed answer being told lists work */
};
/* Journals the points that this record is. */
void points_feed(struct points *p, struct world *w, const struct event *e);

#endif
