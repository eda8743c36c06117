#include "tests/sim/site_play.h"

#include "lib/io/file.h"

#include <stdlib.h>

#define DATA "scenarios"

void played_free(struct played **p)
{
    if (*p != NULL)
        ev_list_drop(&(*p)->journal);
    free(*p);
    *p = NULL;
}

struct played *play_run(const char *story, const char *const *values, struct stage_run r)
{
    struct played *p = calloc(1, sizeof *p);
    struct err e = {0};

    assert_non_null(p);
    r.clock = CLOCK_VIRTUAL;
    r.factor = 1;
    r.features = "pcg,power-cut,state-loss,clock-jump";
    must(story_load(DATA, story, values, &p->script, &e), &e);
    must(lab_load(DATA, script_site(&p->script, "site.shape", 0, "nat"), &p->lab, &e), &e);
    ev_list_init(&p->journal);
    r.script = &p->script;
    r.lab = &p->lab;
    must(stage_sim(&r, &p->journal, &e), &e);
    judge_story(&p->script, &p->journal, "pcg,power-cut,state-loss,clock-jump", &p->judgement);
    return p;
}

struct played *play_over(const char *story, const char *const *values, uint64_t seed,
                         uint64_t lose_sync, uint64_t *ret_syncs)
{
    return play_run(
        story, values,
        (struct stage_run){.seed = seed, .lose_sync = lose_sync, .ret_syncs = ret_syncs});
}

struct played *play(const char *story, uint64_t seed)
{
    return play_over(story, NULL, seed, 0, NULL);
}

void assert_passes(const struct played *p, uint64_t seed)
{
    for (size_t i = 0; i < p->judgement.n; i++)
        if (p->judgement.at[i].verdict != VERDICT_PASS)
            fail_msg("seed %llu: %s is %s: expected %s, seen %s (%s)", (unsigned long long)seed,
                     p->judgement.at[i].rule, verdict_word(p->judgement.at[i].verdict),
                     p->judgement.at[i].expected, p->judgement.at[i].seen, p->judgement.at[i].note);
}
