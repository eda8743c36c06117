/* One story in the simulator, during which the gateway is killed where somebody says so: killed,
 * started again, and played on until all is well again or it is clear that it never will be.
 *
 * All is well as well.h says, and nothing that the user asked for is open; it must last for
 * KILL_CALM_MS. Then all laws look at the whole journal, and none of them may fail, nor may the
 * launch contract. And no record may be lost with the power whose step was taken already (GP-8),
 * also where nothing came of it.
 *
 * The story's own acts go on at their times meanwhile. When one is due in the very instant in which
 * all is well, the run ends before it: from there on it would be the story as it always is.
 * Nothing is forked here: whoever is asked may fork, and say `die` in the child. */
#ifndef SCENARIOS_ENGINE_KILL_PLAY_H
#define SCENARIOS_ENGINE_KILL_PLAY_H

#include "scenarios/engine/site.h"
#include "scenarios/engine/stage.h"
#include "scenarios/judge/well.h"

#define KILL_CALM_MS   MINUTES(1)
#define KILL_HEAL_MAX  HOURS(48) /* after the last kill: then it never will be well */
#define KILL_DEPTH_MAX 2

enum kill_how {
    KILL_LIVES,
    KILL_POWER, /* what was written and not synced is lost */
    KILL_KEEPS  /* what was written is there, as with a kill of the process alone */
};

struct kill_moment {
    const struct site_moment *at;
    size_t depth; /* how often it was killed before */
    /* The same effect in the same phase, with nothing changed in the world since: as many changes
     * before it at MAAS and Palette and as many acts, whatever was read, beaten or renewed. */
    uint64_t place;
    const struct site *site;
};
struct kill_asker {
    /* down_ms: how long it stays dead. */
    enum kill_how (*ask)(void *arg, const struct kill_moment *m, ms_t *ret_down_ms);
    void *arg;
};

struct kill_verdict {
    size_t kills;
    bool balanced;
    char why[WELL_WHY_MAX]; /* what is wrong, "" when nothing is */
    ms_t healed;            /* domain time from the last start to the beginning of the calm */
};

/* Plays to the story's end when the gateway is never killed: what is wrong then is wrong with the
 * story. journal: as stage_sim leaves it. Negative: the stage broke. */
int kill_play(const struct stage_run *r, const struct kill_asker *asker, struct ev_list *journal,
              struct kill_verdict *ret, struct err *e) MUST_CHECK;

#endif
