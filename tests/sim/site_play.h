/* A story in the simulator, and what the judge says of it. */
#ifndef TESTS_SIM_SITE_PLAY_H
#define TESTS_SIM_SITE_PLAY_H

#include "tests/test.h"

#include "scenarios/engine/run.h"
#include "scenarios/engine/stage.h"

struct played {
    struct script script;
    struct lab lab;
    struct ev_list journal;
    struct judgement judgement;
};

struct played *play(const char *story, uint64_t seed); /* freed by played_free, as all of these */
/* With values for its words (NULL: its own), and with one sync or all (SITE_SYNCS_ALL) lost. */
struct played *play_over(const char *story, const char *const *values, uint64_t seed,
                         uint64_t lose_sync, uint64_t *ret_syncs);
/* With whatever of r is not the same for all. */
struct played *play_run(const char *story, const char *const *values, struct stage_run r);
void played_free(struct played **p);

void assert_passes(const struct played *p, uint64_t seed);

#endif
