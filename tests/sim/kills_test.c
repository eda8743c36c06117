/* The gateway dies at a moment of its own life and comes back, in the simulator: what `gateproof
 * kills` rests on. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/kills.h"

#include <stdio.h>
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

static bool are_balanced(const char *const *words, size_t n, struct buf *out)
{
    const char *bin = getenv("GATEPROOF_BIN");
    char gateway[1024];
    const struct kills_options o = {.run = {.data = DATA,
                                            .bin = bin,
                                            .gateway = gateway,
                                            .out = "/nowhere",
                                            .stage = "sim",
                                            .clock = "",
                                            .seed = 1,
                                            .jobs = 1,
                                            .again = "",
                                            .words = words,
                                            .n_words = n},
                                    .depth = 1,
                                    .each = 1,
                                    .every = 1,
                                    .at = ""};
    bool balanced = false;
    struct err e = {0};

    assert_non_null(bin);
    snprintf(gateway, sizeof gateway, "%s/gateway.json", bin);
    must(kills_play(&o, out, &balanced, &e), &e);
    return balanced;
}

/* Of a family some have no state in which all is well, or no gateway at all: said, and not red. Who
 * asks for such a story by its number hears that it cannot be had. */
static void a_story_that_has_no_quiet_end_is_left_out_and_said(void **state)
{
    const char *const family[] = {"0"}, *const named[] = {"004"};
    SCOPED(buf_drop) struct buf out = {0};

    (void)state;
    buf_init(&out, MIB(1));
    assert_true(are_balanced(family, 1, &out));
    assert_non_null(strstr(buf_text(&out), "\n003-vacuous-is-not-pass "));
    assert_non_null(strstr(buf_text(&out), "\nleft out: 002-red-is-red: the gateway at the site "));
    assert_non_null(strstr(buf_text(&out), "\nleft out: 004-torn-evidence-is-inconclusive: "));
    assert_non_null(strstr(buf_text(&out), " runs left out; all that were played balanced\n"));
    assert_null(strstr(buf_text(&out), "\nred: "));
    buf_clear(&out);
    assert_false(are_balanced(named, 1, &out));
    assert_non_null(strstr(buf_text(&out), "\nred: 004-torn-evidence-is-inconclusive maas"));
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
        cmocka_unit_test(a_story_that_has_no_quiet_end_is_left_out_and_said),
        cmocka_unit_test(a_point_is_read_as_it_is_written),
    };

    return run_tests(tests);
}
