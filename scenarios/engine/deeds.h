/* What a rogue tells of itself: lines over a pipe that only a manifest with "rogue" is given, each
 * one rogue.act in the journal. Any other gateway has no such descriptor. */
#ifndef SCENARIOS_ENGINE_DEEDS_H
#define SCENARIOS_ENGINE_DEEDS_H

#include "scenarios/engine/world.h"

#define DEEDS_LINE_MAX 512

struct deeds {
    struct world *w;
    int hear_fd, tell_fd; /* tell_fd: the rogue's; -1 for a good gateway */
    struct loop_watch *watch;
    size_t len;
    char line[DEEDS_LINE_MAX];
};
int deeds_open(struct deeds *d, struct world *w, struct err *e) MUST_CHECK;
void deeds_close(struct deeds *d);

#endif
