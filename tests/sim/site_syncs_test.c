/* What the simulator loses when a sync is left out. */
#include "tests/sim/site_play.h"

#include "scenarios/engine/site.h"

/* Each sync that the core asks for while it makes a cluster, taken out by itself: some point of 501
 * goes red, because a step was taken before the record for it was durable (GP-8). */
static void no_sync_of_a_create_can_be_left_out(void **state)
{
    const char *const values[] = {"allocate.1.done", "loses-power", NULL, NULL};
    uint64_t syncs = 0;
    struct played *p = play_over("501-killed-at-every-point-of-create", values, 1, 0, &syncs);

    (void)state;
    assert_passes(p, 1);
    played_free(&p);
    assert_true(syncs >= 10);
    for (uint64_t nth = 1; nth <= syncs; nth++) {
        p = play_over("501-killed-at-every-point-of-create", values, 1, nth, NULL);
        if (p->judgement.overall != VERDICT_FAIL)
            fail_msg("without sync %llu of %llu the story is %s", (unsigned long long)nth,
                     (unsigned long long)syncs, verdict_word(p->judgement.overall));
        played_free(&p);
    }
}

/* The site's store forgets what was not synced: without any sync a restart is another gateway. */
static void a_gateway_that_never_syncs_is_caught(void **state)
{
    SCOPED(played_free)
    struct played *p = play_over("120-idle-week", NULL, 5, SITE_SYNCS_ALL, NULL);

    (void)state;
    assert_int_not_equal(p->judgement.overall, VERDICT_PASS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_sync_of_a_create_can_be_left_out),
        cmocka_unit_test(a_gateway_that_never_syncs_is_caught),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
