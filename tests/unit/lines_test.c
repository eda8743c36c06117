#include "tests/unit/line_play.h"

#include "scenarios/engine/verbs.h"

/* --- by, then, at ---------------------------------------------------------------------------- */

static void by_is_true_as_soon_as_its_fact_is(void **state)
{
    struct play *r = play_new("at 1m gateway installs\nby 5m gateway is Running [REG-2]\n");
    uint64_t evidence[JUDGE_EVIDENCE_MAX];
    char seen[64];
    size_t n;

    (void)state;
    assert_null(lines_act(r->lines));
    assert_int_equal(lines_due(r->lines), MINUTES(1));
    lines_time(r->lines, MINUTES(1));
    assert_int_equal(lines_act(r->lines)->number, 2);
    assert_line(r, 1, LINE_WAITING);
    play_act(r, MINUTES(1), 2, "1");
    assert_null(lines_act(r->lines));
    assert_line(r, 0, LINE_DONE);
    assert_line(r, 1, LINE_OPEN);
    assert_int_equal(lines_due(r->lines), MINUTES(5) + 1);
    play_state(r, MINUTES(2), "_", "Pending");
    assert_line(r, 1, LINE_OPEN);
    play_state(r, MINUTES(5), "Pending", "Running"); /* the last instant still counts */
    assert_line(r, 1, LINE_TRUE);
    assert_true(play_is_over(r, "decided"));
    play_state(r, MINUTES(6), "Running", "Unhealthy");
    lines_seen(r->lines, 1, seen, sizeof seen, evidence, &n);
    assert_text(seen, "gateway is Running"); /* as it was when it was decided */
    assert_int_equal(n, 1);
    assert_int_equal(evidence[0], 3);
    play_free(r);
}

static void by_is_false_once_its_time_has_passed(void **state)
{
    struct play *r = play_new("by 5m gateway is Running [REG-2]\n");

    (void)state;
    lines_time(r->lines, MINUTES(5));
    assert_line(r, 0, LINE_OPEN);
    play_state(r, MINUTES(5) + 1, "Pending", "Running");
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "Palette knows no gateway");
    play_free(r);
}

static void a_by_opens_with_its_act_and_takes_the_state_it_finds(void **state)
{
    struct play *r = play_new("at 1m gateway stops\nby 5m palette took 1 beat from gateway\n"
                              "by 9m gateway is Pending\n");

    (void)state;
    play_state(r, SECONDS(1), "_", "Pending");
    assert_line(r, 2, LINE_WAITING);
    play_act(r, MINUTES(1), 2, "1");
    assert_line(r, 2, LINE_TRUE); /* a state that lasts is true at the opening */
    play_free(r);
}

static void then_follows_its_by_after_its_pause(void **state)
{
    struct play *r = play_new("by 5m gateway is Running\nthen +30s gateway stops\n"
                              "by 9m gateway is not Running [IND-3]\n");

    (void)state;
    play_state(r, MINUTES(2), "_", "Running");
    assert_null(lines_act(r->lines));
    assert_int_equal(lines_due(r->lines), MINUTES(2) + SECONDS(30));
    lines_time(r->lines, MINUTES(2) + SECONDS(30));
    assert_int_equal(lines_act(r->lines)->number, 3);
    play_act(r, MINUTES(2) + SECONDS(30), 3, "1");
    assert_line(r, 2, LINE_OPEN);
    play_state(r, MINUTES(4), "Running", "Unhealthy");
    assert_line(r, 2, LINE_TRUE);
    play_free(r);
}

/* When a step of the way fails, what comes after it says nothing about the gateway. */
static void what_follows_a_failed_step_is_undone_not_false(void **state)
{
    struct play *r = play_new("by 5m gateway is Running\nthen gateway stops\n"
                              "by 9m gateway is not Running\n");

    (void)state;
    lines_time(r->lines, MINUTES(6));
    assert_line(r, 0, LINE_FALSE);
    assert_line(r, 1, LINE_UNDONE);
    assert_line(r, 2, LINE_UNDONE);
    assert_null(lines_act(r->lines));
    assert_seen(r, 2, "its moment never came");
    assert_true(play_is_over(r, "decided"));
    play_free(r);
}

static void an_act_that_could_not_be_done_is_undone(void **state)
{
    struct play *r = play_new("at 1m gateway dies\nby 2m gateway is Running\n");

    (void)state;
    play_act(r, MINUTES(1), 2, "0");
    assert_line(r, 0, LINE_UNDONE);
    assert_line(r, 1, LINE_UNDONE);
    play_free(r);
}

static void acts_come_in_order_of_their_time_then_of_their_lines(void **state)
{
    struct play *r =
        play_new("at 1m gateway installs\nat 1m user lists gateways\nnever secret seen\n");

    (void)state;
    lines_time(r->lines, MINUTES(3));
    assert_int_equal(lines_act(r->lines)->number, 2);
    play_act(r, MINUTES(3), 2, "1");
    assert_int_equal(lines_act(r->lines)->number, 3);
    play_act(r, MINUTES(3), 3, "1");
    assert_null(lines_act(r->lines));
    play_free(r);
}

static void a_fact_at_an_instant_is_judged_at_that_instant(void **state)
{
    struct play *r = play_new("at 5m gateway is Running [CON-1]\nat 7m gateway is Running\n");

    (void)state;
    play_state(r, MINUTES(5), "_", "Running"); /* at the very instant: still counts */
    assert_line(r, 0, LINE_WAITING);
    play_state(r, MINUTES(5) + 1, "Running", "Unhealthy");
    assert_line(r, 0, LINE_TRUE);
    lines_time(r->lines, MINUTES(8));
    assert_line(r, 1, LINE_FALSE);
    play_free(r);
}

/* --- never, always, end, premise ------------------------------------------------------------- */

static void flow(struct play *r, ms_t t, const char *fields)
{
    play_put(r, EVS_CAPTURE, t, EV_FLOW_TRY, fields);
}

static void never_is_broken_by_one_try_and_stays_so(void **state)
{
    struct play *r =
        play_new("never flow internet -> private [REG-1]\nnever flow palette -> maas\n");
    uint64_t evidence[JUDGE_EVIDENCE_MAX], try;
    char seen[64];
    size_t n;

    (void)state;
    flow(r, 10, "from=gateway to=palette from_zone=private to_zone=internet link=private");
    assert_line(r, 0, LINE_OPEN);
    try = play_put(r, EVS_CAPTURE, 20, EV_FLOW_TRY,
                   "from=stranger to=gateway from_zone=internet to_zone=private link=internet");
    assert_line(r, 0, LINE_FALSE);
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_line(r, 1, LINE_TRUE);
    lines_seen(r->lines, 0, seen, sizeof seen, evidence, &n);
    assert_text(seen, "1 seen");
    assert_true(n == 1 && evidence[0] == try);
    play_free(r);
}

static void never_for_a_time_keeps_the_run_going(void **state)
{
    struct play *r = play_new("never secret seen for 30m\n");

    (void)state;
    lines_time(r->lines, MINUTES(29));
    assert_false(play_is_over(r, "decided"));
    assert_int_equal(lines_due(r->lines), MINUTES(30));
    lines_end(r->lines); /* cut off: nothing can be said */
    assert_line(r, 0, LINE_OPEN);
    lines_time(r->lines, MINUTES(30));
    assert_true(play_is_over(r, "decided"));
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    play_free(r);
}

static void end_lines_must_hold_before_the_run_is_over_and_at_its_end(void **state)
{
    struct play *r = play_new("end gateways listed 1 [REG-2]\npremise gateway is Running\n");

    (void)state;
    lines_time(r->lines, MINUTES(1));
    assert_false(play_is_over(r, "decided"));
    play_state(r, MINUTES(1), "_", "Pending");
    assert_false(play_is_over(r, "decided"));
    play_state(r, MINUTES(2), "Pending", "Running");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_PALETTE, MINUTES(2), EV_PAL_GATEWAY, "uid=u2 state=Pending before=_");
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "2 listed");
    assert_line(r, 1, LINE_TRUE);
    play_free(r);
}

static void the_run_is_over_when_its_time_is(void **state)
{
    struct play *r = play_new("premise flow gateway -> proxy\nnever proxy saw maas [MAA-1]\n");
    char text[128];

    (void)state;
    lines_progress(r->lines, text, sizeof text);
    assert_text(text, "waiting for line 2 (premise flow gateway -> proxy)");
    lines_time(r->lines, HOURS(1) - 1);
    assert_false(play_is_over(r, "time"));
    lines_time(r->lines, HOURS(1));
    assert_true(play_is_over(r, "time"));
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_line(r, 1, LINE_TRUE);
    play_free(r);
}

static void progress_names_the_line_it_waits_for(void **state)
{
    struct play *r = play_new("at 0s gateway installs\nby 15m gateway is Running\n");
    char text[128];

    (void)state;
    play_act(r, 0, 2, "1");
    lines_progress(r->lines, text, sizeof text);
    assert_text(text, "waiting for line 3 (by 15m gateway is Running)");
    play_free(r);
}

/* Engine and judge must agree: the engine moves time in small steps, the judge only by records. */
static void time_in_small_steps_decides_the_same(void **state)
{
    static const char story[] = "at 1m gateway installs\nby 5m gateway is Running\n"
                                "then +30s gateway stops\nby 9m gateway is not Running\n"
                                "at 10m gateway is Pending\nnever flow internet -> private\n"
                                "always link of gateway shows a sign every 3m\n"
                                "end gateways listed 1\n";
    struct play *engine = play_new(story), *judge = play_new(story);
    size_t i, k = 0;
    ms_t t;

    (void)state;
    engine->fed = false;
    play_put(engine, EVS_ENGINE, MINUTES(1), EV_PROG, "who=gateway kind=started");
    play_act(engine, MINUTES(1), 2, "1");
    play_state(engine, MINUTES(1), "_", "Pending");
    play_state(engine, MINUTES(5), "Pending", "Running");
    play_act(engine, MINUTES(5) + SECONDS(30), 4, "1");
    play_state(engine, MINUTES(9) + 1, "Running", "Unhealthy");
    play_put(engine, EVS_ENGINE, MINUTES(11), EV_RUN_END, "why=decided");
    for (i = 0; i < engine->journal.n; i++)
        lines_feed(judge->lines, ev_list_at(&engine->journal, i));
    for (t = 0; t <= MINUTES(11); t += 100) {
        lines_time(engine->lines, t);
        while (k < engine->journal.n && ev_list_at(&engine->journal, k)->t <= t)
            lines_feed(engine->lines, ev_list_at(&engine->journal, k++));
    }
    lines_end(engine->lines);
    lines_end(judge->lines);
    for (i = 0; i < engine->script.n_lines; i++)
        assert_int_equal(lines_state(engine->lines, i), lines_state(judge->lines, i));
    assert_line(judge, 1, LINE_TRUE);
    assert_line(judge, 3, LINE_FALSE);
    assert_line(judge, 4, LINE_FALSE);
    play_free(engine);
    play_free(judge);
}

/* --- points, the prelude, suffixes -------------------------------------------------------------
 */

#define POINT(r, t, op, n, phase)                                                                  \
    play_put(r, EVS_ENGINE, t, EV_POINT, "op=" op " count=" n " phase=" phase)
#define CLUSTER(r, t, c, state, before)                                                            \
    play_put(r, EVS_PALETTE, t, EV_PAL_CLUSTER,                                                    \
             "cluster=" c " uid=u-" c " marker=k-" c " state=" state " before=" before)

static void an_act_at_a_point_is_due_with_the_record_that_reaches_it(void **state)
{
    struct play *r = play_new("at 0s gateway installs\nat allocate.2.done gateway dies\n"
                              "at allocate.2.done+30m gateway comes back\n"
                              "end gateway was hit at allocate.2.done\n");

    (void)state;
    play_act(r, 0, 2, "1");
    POINT(r, 10, "allocate", "1", "done");
    POINT(r, 20, "allocate", "2", "asked");
    POINT(r, 20, "deploy", "2", "done");
    assert_null(lines_act(r->lines));
    POINT(r, 30, "allocate", "2", "done");
    assert_int_equal(lines_act(r->lines)->number, 3);
    play_act(r, 30, 3, "1");
    assert_null(lines_act(r->lines));
    assert_int_equal(lines_due(r->lines), MINUTES(30) + 30);
    POINT(r, 40, "allocate", "2", "done"); /* said again: the first time counts */
    lines_time(r->lines, MINUTES(30) + 30);
    assert_int_equal(lines_act(r->lines)->number, 4);
    play_act(r, MINUTES(30) + 30, 4, "1");
    lines_end(r->lines);
    assert_line(r, 3, LINE_TRUE);
    play_free(r);
}

/* A gateway that never comes to the point leaves the act undone, and the premise unmet. */
static void a_point_that_is_never_reached_leaves_its_act_undone(void **state)
{
    struct play *r = play_new("at release.1.asked gateway dies\nby 5m gateway is Running\n"
                              "premise gateway was hit at release.1.asked\n");

    (void)state;
    lines_time(r->lines, HOURS(1));
    assert_true(play_is_over(r, "time"));
    lines_end(r->lines);
    assert_line(r, 0, LINE_UNDONE);
    assert_line(r, 1, LINE_UNDONE);
    assert_line(r, 2, LINE_FALSE);
    play_free(r);
}

/* Neither another victim nor another point counts, nor a blow that found nobody. */
static void who_was_hit_at_a_point_is_who_the_story_names(void **state)
{
    struct play *r = play_new("at hello.1.done c1 dies\nat hello.1.done both dies\n"
                              "at hello.1.done+20m c1 comes back\n"
                              "end c1 was hit at hello.1.done\nend both was hit at hello.1.done\n"
                              "end gateway was hit at hello.1.done\n"
                              "end c1 was hit at hello.1.asked\n");

    (void)state;
    POINT(r, 10, "hello", "1", "asked");
    POINT(r, 10, "hello", "1", "done");
    play_act(r, 10, 2, "1");
    play_act(r, 10, 3, "0");
    play_act(r, 10, 4, "1");
    lines_end(r->lines);
    assert_line(r, 3, LINE_TRUE);
    assert_line(r, 4, LINE_FALSE);
    assert_line(r, 5, LINE_FALSE);
    assert_line(r, 6, LINE_FALSE);
    play_free(r);
}

static void the_story_begins_when_the_clusters_of_its_site_run(void **state)
{
    struct play *r = play_new("site cluster c1 with 2 nodes\nsite cluster c2 with 1 nodes\n"
                              "at 1h gateway dies\nat allocate.1.asked gateway stops\n"
                              "end palette took 1 claim from gateway\n");

    (void)state;
    assert_int_equal(lines_origin(r->lines), MS_NEVER);
    assert_int_equal(lines_act(r->lines)->number, SCRIPT_PRELUDE_FIRST);
    play_act(r, 0, SCRIPT_PRELUDE_FIRST, "1");
    assert_null(lines_act(r->lines));
    play_state(r, 10, "_", "Running");
    assert_null(lines_act(r->lines)); /* nothing can be made without the account */
    play_put(r, EVS_PALETTE, 20, EV_PAL_ACCOUNT, "uid=a bound_to=u1 made_by=gateway kind=made");
    assert_int_equal(lines_act(r->lines)->number, SCRIPT_PRELUDE_FIRST + 1);
    assert_text(lines_act(r->lines)->verb->id, "user.creates-cluster");
    play_act(r, 30, SCRIPT_PRELUDE_FIRST + 1, "1");
    play_act(r, 30, SCRIPT_PRELUDE_FIRST + 2, "1");
    assert_null(lines_act(r->lines));
    POINT(r, 40, "allocate", "3", "asked");
    play_put(r, EVS_PALETTE, 50, EV_PAL_CALL, "conn=1 peer=1 op=claim status=200 who=gateway");
    CLUSTER(r, 60, "c1", "Running", "_");
    assert_false(play_is_over(r, "decided"));
    CLUSTER(r, MINUTES(30), "c2", "Running", "_");
    assert_int_equal(lines_origin(r->lines), MINUTES(30));
    assert_int_equal(lines_due(r->lines), MINUTES(90)); /* the act, and the run's hour */
    POINT(r, MINUTES(31), "allocate", "4", "asked");    /* the first of the story */
    assert_int_equal(lines_act(r->lines)->number, 5);
    play_act(r, MINUTES(31), 5, "1");
    play_put(r, EVS_PALETTE, MINUTES(32), EV_PAL_CALL,
             "conn=1 peer=1 op=claim status=200 who=gateway");
    lines_time(r->lines, MINUTES(90));
    assert_int_equal(lines_act(r->lines)->number, 4);
    lines_end(r->lines);
    assert_line(r, 4, LINE_TRUE); /* one claim, not the prelude's */
    play_free(r);
}

/* What was not tried is not proven, and not refuted. */
static void a_prelude_that_fails_leaves_the_rules_undecided(void **state)
{
    struct play *r = play_new("site cluster c1 with 2 nodes\nnever secret seen [REG-4]\n"
                              "by 1m gateway is Running [REG-2]\npremise gateway started some\n");

    (void)state;
    play_act(r, 0, SCRIPT_PRELUDE_FIRST, "0");
    assert_null(lines_act(r->lines));
    assert_int_equal(lines_due(r->lines), LINES_PRELUDE_MAX);
    lines_time(r->lines, LINES_PRELUDE_MAX);
    assert_true(play_is_over(r, "time"));
    lines_end(r->lines);
    assert_line(r, 1, LINE_OPEN);
    assert_line(r, 2, LINE_OPEN);
    assert_line(r, 3, LINE_FALSE);
    play_free(r);
}

static void a_suffix_says_when_a_fact_is_looked_at(void **state)
{
    struct play *r = play_new("end maas took 1 allocate from any before \"running c1\"\n"
                              "end maas took 2 allocate from any after \"running c1\"\n"
                              "never maas took release while \"gateway dead\"\n"
                              "always gateway is Running while \"gateway dead\"\n"
                              "never cluster c1 is Deleted after \"gateway dies\"\n");

    (void)state;
#define CALL(t, op)                                                                                \
    play_put(r, EVS_MAAS, t, EV_MAAS_CALL, "conn=1 peer=1 method=POST status=200 op=machines." op)
    CALL(1, "allocate");
    CALL(1, "release");
    CLUSTER(r, 2, "c1", "Deleted", "_");
    CLUSTER(r, 2, "c1", "Running", "_");
    CALL(3, "allocate");
    CALL(3, "allocate");
    play_put(r, EVS_ENGINE, 4, EV_PROG, "who=gateway kind=started");
    CALL(5, "release");
    assert_line(r, 2, LINE_OPEN);
    assert_line(r, 3, LINE_OPEN);
    play_put(r, EVS_ENGINE, 6, EV_PROG, "who=gateway kind=signalled signal=9");
    assert_line(r, 3, LINE_FALSE); /* no gateway was ever shown Running */
    CALL(7, "release");
    assert_line(r, 2, LINE_FALSE);
    CLUSTER(r, 8, "c1", "Deleted", "Running");
    assert_line(r, 4, LINE_OPEN);
    play_put(r, EVS_ENGINE, 9, EV_ACT, "line=99 fired=1 verb=x");
    assert_line(r, 4, LINE_OPEN);
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_TRUE);
    play_free(r);
}

static void either_of_two_facts_is_enough(void **state)
{
    struct play *r = play_new("by 1m cluster c1 is Pending or cluster c1 is Running\n"
                              "end cluster c1 is Pending or cluster c2 is Running\n");

    (void)state;
    CLUSTER(r, 5, "c1", "Running", "_");
    assert_line(r, 0, LINE_TRUE);
    lines_end(r->lines);
    assert_line(r, 1, LINE_FALSE);
    assert_seen(r, 1, "c1 is Running ; Palette knows no c2");
    play_free(r);
}

/* An always that had nothing to look at has shown nothing. */
static void an_always_without_an_instance_is_not_decided(void **state)
{
    struct play *r = play_new("always cluster c1 answers [IND-2]\n"
                              "always beats of c1 leave no gap over 3m [AGT-3]\n");

    (void)state;
    lines_time(r->lines, HOURS(1));
    lines_end(r->lines);
    assert_line(r, 0, LINE_OPEN);
    assert_line(r, 1, LINE_OPEN);
    play_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_act_at_a_point_is_due_with_the_record_that_reaches_it),
        test(a_point_that_is_never_reached_leaves_its_act_undone),
        test(who_was_hit_at_a_point_is_who_the_story_names),
        test(the_story_begins_when_the_clusters_of_its_site_run),
        test(a_prelude_that_fails_leaves_the_rules_undecided),
        test(a_suffix_says_when_a_fact_is_looked_at),
        test(either_of_two_facts_is_enough),
        test(an_always_without_an_instance_is_not_decided),
        test(by_is_true_as_soon_as_its_fact_is),
        test(by_is_false_once_its_time_has_passed),
        test(a_by_opens_with_its_act_and_takes_the_state_it_finds),
        test(then_follows_its_by_after_its_pause),
        test(what_follows_a_failed_step_is_undone_not_false),
        test(an_act_that_could_not_be_done_is_undone),
        test(acts_come_in_order_of_their_time_then_of_their_lines),
        test(a_fact_at_an_instant_is_judged_at_that_instant),
        test(never_is_broken_by_one_try_and_stays_so),
        test(never_for_a_time_keeps_the_run_going),
        test(end_lines_must_hold_before_the_run_is_over_and_at_its_end),
        test(the_run_is_over_when_its_time_is),
        test(progress_names_the_line_it_waits_for),
        test(time_in_small_steps_decides_the_same),
    };

    return run_tests(tests);
}
