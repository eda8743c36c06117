/* The gateway dies at a moment of its own life and comes back, in the simulator: what `gateproof
 * kills` rests on. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/kills.h"

#include <stdlib.h>
#include <string.h>

#define DATA "scenarios"

/* Dies at the moments it is told, in order, and counts what it is asked. */
struct aims {
    size_t n;
    struct {
        const char *what; /* part of it */
        enum site_phase phase;
        bool keep;
    } at[KILL_DEPTH_MAX];
    size_t before, after, answered, records, unsynced;
};

static enum kill_how ask(void *arg, const struct kill_moment *m, ms_t *ret_down_ms)
{
    struct aims *a = arg;
    const enum site_phase phase = m->at->phase;

    a->before += phase == SITE_BEFORE;
    a->after += phase == SITE_AFTER;
    a->answered += phase == SITE_ANSWERED;
    a->records += phase == SITE_AFTER && m->at->kind == SITE_RECORD;
    a->unsynced += phase == SITE_AFTER && m->at->unsynced;
    *ret_down_ms = SECONDS(20);
    if (m->depth >= a->n || phase != a->at[m->depth].phase ||
        !strstr(m->at->what, a->at[m->depth].what))
        return KILL_LIVES;
    return a->at[m->depth].keep ? KILL_KEEPS : KILL_POWER;
}

static struct kill_verdict play(const char *story, uint64_t lose_sync, struct aims *aims)
{
    struct script *script = calloc(1, sizeof *script);
    struct lab *lab = calloc(1, sizeof *lab);
    const struct kill_asker asker = {.ask = ask, .arg = aims};
    struct stage_run r = {.script = script,
                          .lab = lab,
                          .features = "pcg",
                          .seed = 1,
                          .clock = CLOCK_VIRTUAL,
                          .factor = 1,
                          .lose_sync = lose_sync};
    struct kill_verdict v = {.kills = 0};
    struct ev_list journal;
    struct err e = {0};

    assert_non_null(script);
    assert_non_null(lab);
    must(story_load(DATA, story, NULL, script, &e), &e);
    must(lab_load(DATA, script_site(script, "site.shape", 0, "nat"), lab, &e), &e);
    ev_list_init(&journal);
    must(kill_play(&r, &asker, &journal, &v, &e), &e);
    ev_list_drop(&journal);
    free(lab);
    free(script);
    return v;
}

/* Before and after each, and after its answer; an answer comes once or never. */
static void every_effect_has_its_moments(void **state)
{
    struct aims a = {.n = 0};
    const struct kill_verdict v = play("101-whole-life-from-palette", 0, &a);

    (void)state;
    assert_string_equal(v.why, "");
    assert_true(v.balanced);
    assert_int_equal(v.kills, 0);
    assert_int_equal(a.before, a.after);
    assert_true(a.answered > 100 && a.answered < a.after);
    /* a record is written, and only then durable */
    assert_true(a.records > 10);
    assert_int_equal(a.unsynced, a.records);
}

/* One way to die, then another one while it recovers. */
static void killed_at_a_request_and_again_on_its_way_back_all_is_well(void **state)
{
    static const struct aims rows[] = {
        {.n = 1, .at = {{"op=allocate", SITE_BEFORE, false}}},
        {.n = 1, .at = {{"op=allocate", SITE_AFTER, false}}},
        {.n = 1, .at = {{"op=allocate", SITE_ANSWERED, true}}},
        {.n = 1, .at = {{"/handover", SITE_AFTER, false}}},
        {.n = 2, .at = {{"op=deploy", SITE_AFTER, false}, {"/claim", SITE_AFTER, false}}},
        {.n = 2, .at = {{"op=release", SITE_AFTER, false}, {"op=release", SITE_ANSWERED, false}}},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct aims a = rows[i];
        const struct kill_verdict v = play("101-whole-life-from-palette", 0, &a);

        if (!v.balanced || v.kills != a.n)
            fail_msg("row %zu: %zu kills, %s", i, v.kills, v.why);
        assert_true(v.healed < HOURS(2));
    }
}

/* The kill must be able to show something: a gateway whose secret was never made durable is another
 * one afterwards, and Palette does not know it. */
static void without_its_syncs_a_kill_is_red(void **state)
{
    struct aims a = {.n = 1, .at = {{"/register", SITE_AFTER, false}}};
    const struct kill_verdict v = play("100-install-and-register", SITE_SYNCS_ALL, &a);

    (void)state;
    assert_int_equal(v.kills, 1);
    assert_false(v.balanced);
    assert_non_null(strstr(v.why, "the gateway"));
}

static void a_point_is_read_as_it_is_written(void **state)
{
    static const char *const good[] = {"1.before", "57.after", "300.answered.kept"};
    static const char *const bad[] = {"", "after", "0.after", "5", "5.behind", "5.after.lost"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(good); i++) {
        struct kill_aim a;
        struct buf text;

        assert_true(kill_aim_read(good[i], &a));
        buf_init(&text, KILLS_NAME_MAX);
        kill_aim_write(&a, &text);
        assert_string_equal(buf_text(&text), good[i]);
        buf_drop(&text);
    }
    for (size_t i = 0; i < COUNTOF(bad); i++) {
        struct kill_aim a;

        assert_false(kill_aim_read(bad[i], &a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_effect_has_its_moments),
        cmocka_unit_test(killed_at_a_request_and_again_on_its_way_back_all_is_well),
        cmocka_unit_test(without_its_syncs_a_kill_is_red),
        cmocka_unit_test(a_point_is_read_as_it_is_written),
    };

    return run_tests(tests);
}
