/* One story played with real programs, from an open world to the last word of every writer: rounds
 * of the loop, each followed by merging what was written, feeding the story's lines, and doing the
 * acts whose moment has come. */
#ifndef SCENARIOS_ENGINE_PLAY_H
#define SCENARIOS_ENGINE_PLAY_H

#include "scenarios/engine/dials.h"
#include "scenarios/engine/guest.h"
#include "scenarios/engine/holds.h"
#include "scenarios/engine/mappings.h"
#include "scenarios/engine/mocks.h"
#include "scenarios/engine/nodes.h"
#include "scenarios/engine/points.h"
#include "scenarios/engine/probe.h"
#include "scenarios/engine/proxies.h"
#include "scenarios/engine/tasks.h"
#include "scenarios/engine/user.h"
#include "scenarios/engine/wires.h"
#include "scenarios/judge/lines.h"
#include "scenarios/judge/well.h"

struct play {
    struct world w;
    struct mocks mocks;
    struct proxies proxies;
    struct guest guest, system;
    struct nodes nodes;
    struct dials dials;
    struct points points;
    struct holds holds;
    struct user *user;
    struct tasks tasks;
    struct probe *probe;
    struct wires wires;
    struct mappings *mappings; /* NULL: no router forgets */
    struct lines *lines;
    struct well *well;                /* NULL: the run ends when the story does */
    ms_t calm;                        /* since when all is well; MS_NEVER: it is not */
    const struct script_line *acting; /* an act that is not done yet, or NULL */
    bool telling;                     /* it waits for the gateway's end, to start it again */
    char uid[64], code[128];          /* a pairing code taken before its time, or "" */
    struct loop_timer *due;
    size_t sunk; /* records of w.rings.out given to the sink */
    int sink_fd;
    int64_t begin_ns, told_ns; /* kernel time: of the budget, of the last progress */
    struct err broken;
};

/* Every merged record goes to sink_fd at once, as raw bytes (play_sink_read reads them). */
int play_story(struct play *p, const struct stage_run *r, const char *dir, int sink_fd,
               struct err *e) MUST_CHECK;
int play_sink_read(int fd, struct ev_list *ret, struct err *e) MUST_CHECK;

/* An act whose moment has come. Does it, or begins it; act_done journals it. false: no such act
 * here, which a plan should have kept away. */
bool act_begin(struct play *p, const struct script_line *line);
void act_done(struct play *p, const struct script_line *line, bool fired);
void act_go_on(struct play *p); /* once a round, for an act that is begun */

#endif
