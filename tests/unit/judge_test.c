/* The algebra: what lines, laws, premises, evidence and expectation make of one another. */
#include "tests/test.h"

#include "tests/journals.h"

#include "lib/base/text.h"
#include "scenarios/judge/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD(header) "scenario \"a test\"\n" header "\nat 0s gateway installs\n"
#define END(why)                                                                                   \
    {                                                                                              \
        EDIT_REPLACE, "\"ev\":\"run.end\"", 1,                                                     \
            "{\"t\":120000,\"src\":\"engine\",\"ev\":\"run.end\",\"why\":\"" why "\"}"             \
    }
#define AFTER_FEED(lines)                                                                          \
    {                                                                                              \
        EDIT_INSERT, "\"op\":\"feed\"", 1, lines                                                   \
    }
#define PROG(more) "{\"t\":1600,\"src\":\"engine\",\"ev\":\"prog\",\"who\":\"gateway\"," more "}\n"
#define ACT(line, fired)                                                                           \
    "{\"t\":1600,\"src\":\"engine\",\"ev\":\"act\",\"line\":\"" line "\",\"verb\":\"gateway "      \
    "freezes\",\"fired\":\"" fired "\"}\n"
#define FAULT(name, kind)                                                                          \
    "{\"t\":1600,\"src\":\"maas\",\"ev\":\"fault\",\"name\":\"" name "\",\"kind\":\"" kind         \
    "\",\"count\":\"0\",\"who\":\"maas\"}\n"
#define AS_IT_IS                                                                                   \
    {                                                                                              \
        EDIT_NONE, NULL, 0, NULL                                                                   \
    }
#define ON_LOOPBACK                                                                                \
    {                                                                                              \
        EDIT_REPLACE, "\"ev\":\"run.begin\"", 1,                                                   \
            "{\"t\":0,\"src\":\"engine\",\"ev\":\"run.begin\",\"story\":\"900-test\",\"stage\":"   \
            "\"loopback\",\"clock\":\"stepped\",\"seed\":\"1\"}"                                   \
    }
#define INBOUND                                                                                    \
    "{\"t\":1250,\"src\":\"capture\",\"ev\":\"flow.try\",\"from\":\"palette\",\"to\":\"gateway\"," \
    "\"from_zone\":\"internet\",\"to_zone\":\"private\",\"link\":\"internet\"}"

/* clang-format off: a row is read across */
static const struct row {
    const char *story;
    struct journal_edit edit;
    const char *rule;
    enum verdict verdict, overall;
    bool expected;
    const char *says; /* piece of seen, expected or note */
} rows[] = {
    /* lines */
    {HEAD("") "by 15m gateway is Running [REG-2]\nrun 1h\n", AS_IT_IS, "REG-2", VERDICT_PASS,
     VERDICT_PASS, true, "gateway is Running"},
    {HEAD("") "by 1m gateway is Unhealthy [REG-2]\nrun 1h\n", AS_IT_IS, "REG-2", VERDICT_FAIL,
     VERDICT_FAIL, false, "by 1m gateway is Unhealthy"},
    {HEAD("") "never flow internet -> private [REG-1]\nrun 1h\n",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND},
     "REG-1",
     VERDICT_FAIL,
     VERDICT_FAIL,
     false,
     "never flow"},
    /* a law finds what the tagged line did not look at */
    {HEAD("") "by 15m gateway is Running [REG-1]\nrun 1h\n",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND},
     "REG-1",
     VERDICT_FAIL,
     VERDICT_FAIL,
     false,
     "palette at"},
    /* the cause rather than the effect: what did come says more than what did not */
    {HEAD("") "by 1m gateway is Unhealthy [REG-1]\nrun 1h\n",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND},
     "REG-1",
     VERDICT_FAIL,
     VERDICT_FAIL,
     false,
     "palette at"},
    {HEAD("grades REG-3") "run 1h\n", AS_IT_IS, "REG-3", VERDICT_PASS, VERDICT_PASS, true,
     "all TLS"},
    {HEAD("grades LIF-5") "run 1h\n", AS_IT_IS, "LIF-5", VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE,
     false, "no law grades"},
    /* an untagged step that fails takes what rests on silence, and leaves what was shown */
    {HEAD("") "by 1m gateway is Unhealthy\nnever secret seen [REG-4]\nrun 1h\n", AS_IT_IS, "REG-4",
     VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "line 4 did not come true"},
    {HEAD("") "by 1m gateway is Unhealthy\nby 15m gateway is Running [REG-2]\nrun 1h\n", AS_IT_IS,
     "REG-2", VERDICT_PASS, VERDICT_PASS, true, "gateway is Running"},
    {HEAD("") "never secret seen [REG-4]\nrun 1h\n",
     {EDIT_REPLACE, "\"ev\":\"act\"", 1,
      "{\"t\":0,\"src\":\"engine\",\"ev\":\"act\",\"line\":\"3\",\"verb\":\"gateway installs\",\"fired\":\"0\"}"},
     "REG-4",
     VERDICT_INCONCLUSIVE,
     VERDICT_INCONCLUSIVE,
     false,
     "line 3 did not come true"},
    /* premises */
    {HEAD("") "by 15m gateway is Running [REG-2]\npremise flow gateway -> proxy\nrun 1h\n",
     AS_IT_IS, "REG-2", VERDICT_VACUOUS, VERDICT_VACUOUS, false, "premise of line 5"},
    /* what was seen to be broken stays broken; what did not come is vacuous as before */
    {HEAD("") "never flow internet -> private [REG-1]\npremise flow gateway -> proxy\nrun 1h\n",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND},
     "REG-1",
     VERDICT_FAIL,
     VERDICT_FAIL,
     false,
     "never flow"},
    {HEAD("") "by 1m gateway is Unhealthy [REG-2]\npremise flow gateway -> proxy\nrun 1h\n",
     AS_IT_IS, "REG-2", VERDICT_VACUOUS, VERDICT_VACUOUS, false, "premise of line 5"},
    {HEAD("") "by 15m gateway is Running [REG-2]\npremise flow gateway -> palette\nrun 1h\n",
     AS_IT_IS, "REG-2", VERDICT_PASS, VERDICT_PASS, true, ""},
    /* evidence */
    {HEAD("") "never flow internet -> private [REG-1]\nrun 1h\n",
     {EDIT_REMOVE, "\"ev\":\"tap.canary\"", 1, NULL},
     "REG-1",
     VERDICT_INCONCLUSIVE,
     VERDICT_INCONCLUSIVE,
     false,
     "no canary on link private at the beginning"},
    {HEAD("") "by 15m gateway is Running [REG-2]\nrun 1h\n",
     {EDIT_REMOVE, "\"ev\":\"tap.canary\"", 1, NULL},
     "REG-2",
     VERDICT_PASS,
     VERDICT_PASS,
     true,
     ""},
    {HEAD("") "end evidence is whole [H-1]\nrun 1h\n",
     {EDIT_REMOVE, "\"ev\":\"tap.canary\"", 1, NULL},
     "H-1",
     VERDICT_INCONCLUSIVE,
     VERDICT_INCONCLUSIVE,
     false,
     "no canary"},
    /* ends */
    {HEAD("") "by 1m gateway is Unhealthy [REG-2]\nrun 1h\n", END("budget"), "REG-2",
     VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "budget"},
    {HEAD("") "by 15m gateway is Running [REG-2]\nrun 1h\n", END("harness"), "REG-2",
     VERDICT_HARNESS_ERROR, VERDICT_HARNESS_ERROR, false, "the stage broke"},
    {HEAD("") "by 15m gateway is Running [REG-2]\nrun 1h\n",
     {EDIT_REMOVE, "\"ev\":\"run.end\"", 1, NULL},
     "REG-2",
     VERDICT_HARNESS_ERROR,
     VERDICT_HARNESS_ERROR,
     false,
     "no end"},
    /* expectation */
    {HEAD("expect fail") "by 1m gateway is Unhealthy [H-2]\nrun 1h\n", AS_IT_IS, "H-2",
     VERDICT_PASS, VERDICT_FAIL, true, "it ended fail"},
    {HEAD("expect fail") "by 15m gateway is Running [H-2]\nrun 1h\n", AS_IT_IS, "H-2", VERDICT_FAIL,
     VERDICT_PASS, false, "it ended pass"},
    {"scenario \"a test\"\nexpect vacuous\ngrades H-3\nat 0s gateway installs\nnever proxy saw maas [MAA-1]\npremise flow gateway -> proxy\nrun 1h\n",
     AS_IT_IS, "H-3", VERDICT_PASS, VERDICT_VACUOUS, true, "it ended vacuous"},
    {HEAD("expect inconclusive") "end evidence is whole [H-1]\nrun 1h\n",
     {EDIT_REMOVE, "\"ev\":\"tap.canary\"", 1, NULL},
     "H-1",
     VERDICT_PASS,
     VERDICT_INCONCLUSIVE,
     true,
     "it ended inconclusive"},
    {HEAD("expect inconclusive") "end evidence is whole [H-1]\nrun 1h\n", AS_IT_IS, "H-1",
     VERDICT_FAIL, VERDICT_PASS, false, "it ended pass"},
    {HEAD("expect fail") "by 1m gateway is Unhealthy [H-2]\nrun 1h\n", END("harness"), "H-2",
     VERDICT_HARNESS_ERROR, VERDICT_HARNESS_ERROR, false, "the stage broke"},
    /* the launch contract */
    {HEAD("grades REG-2") "run 1h\n", AS_IT_IS, "LAUNCH", VERDICT_PASS, VERDICT_PASS, true, ""},
    /* a stage where nobody sees packets: never a pass from them, and no fail from their absence */
    {HEAD("") "by 15m gateway is Running [REG-2]\npremise flow gateway -> palette\nrun 1h\n",
     ON_LOOPBACK, "REG-2", VERDICT_PASS, VERDICT_PASS, true, "gateway is Running"},
    {HEAD("") "never flow internet -> private [REG-1]\nrun 1h\n", ON_LOOPBACK, "REG-1",
     VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "stage loopback sees no packets"},
    {HEAD("") "end flow gateway -> maas [MAA-1]\nrun 1h\n", ON_LOOPBACK, "MAA-1",
     VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "stage loopback sees no packets"},
    {HEAD("") "end flows gateway -> palette are all tls [REG-3]\nrun 1h\n", ON_LOOPBACK, "REG-3",
     VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "stage loopback sees no packets"},
    {HEAD("") "end gateway is Running or flow gateway -> palette [REG-2]\nrun 1h\n", ON_LOOPBACK,
     "REG-2", VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "sees no packets"},
    {HEAD("grades REG-3 REG-2") "run 1h\n", ON_LOOPBACK, "REG-3", VERDICT_INCONCLUSIVE,
     VERDICT_INCONCLUSIVE, false, "stage loopback sees no packets"},
    {HEAD("grades REG-2") "run 1h\n", ON_LOOPBACK, "REG-2", VERDICT_PASS, VERDICT_PASS, true, ""},
    {HEAD("") "end palette took no approve from user [REG-5]\npremise flow gateway -> palette\n"
              "run 1h\n",
     ON_LOOPBACK, "REG-5", VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false,
     "nobody knows the premise of line 5"},
    {HEAD("") "by 1m gateway is Unhealthy [REG-2]\npremise flow gateway -> palette\nrun 1h\n",
     ON_LOOPBACK, "REG-2", VERDICT_FAIL, VERDICT_FAIL, false, "gateway is Unhealthy"},
    {HEAD("grades REG-2") "run 1h\n", AFTER_FEED(PROG("\"kind\":\"exited\",\"status\":\"0\"")),
     "LAUNCH", VERDICT_FAIL, VERDICT_FAIL, false, "status 0, unasked"},
    {HEAD("grades REG-2") "run 1h\n", AFTER_FEED(PROG("\"kind\":\"exited\",\"signal\":\"11\"")),
     "LAUNCH", VERDICT_FAIL, VERDICT_FAIL, false, "signal 11, unasked"},
    {HEAD("grades REG-2") "run 1h\n", AFTER_FEED(PROG("\"kind\":\"exited\",\"status\":\"89\"")),
     "LAUNCH", VERDICT_UNDECLARED, VERDICT_UNDECLARED, false, "89"},
    {HEAD("grades REG-2") "run 1h\n",
     AFTER_FEED(PROG("\"kind\":\"stopped\"") PROG("\"kind\":\"exited\",\"status\":\"0\"")),
     "LAUNCH", VERDICT_PASS, VERDICT_PASS, true, ""},
    {HEAD("grades REG-2") "run 1h\n",
     AFTER_FEED(PROG("\"kind\":\"stopped\"") PROG("\"kind\":\"exited\",\"status\":\"3\"")),
     "LAUNCH", VERDICT_FAIL, VERDICT_FAIL, false, "status 3"},
    {HEAD("grades REG-2") "run 1h\n",
     AFTER_FEED(PROG("\"kind\":\"signalled\",\"signal\":\"9\"")
                    PROG("\"kind\":\"exited\",\"signal\":\"9\"")),
     "LAUNCH", VERDICT_PASS, VERDICT_PASS, true, ""},
    {HEAD("grades REG-2") "run 1h\n",
     AFTER_FEED(PROG("\"kind\":\"signalled\",\"signal\":\"9\"") PROG("\"kind\":\"forked-away\"")),
     "LAUNCH", VERDICT_FAIL, VERDICT_FAIL, false, "outlived"},
    /* what the story does, and what came of it */
    {HEAD("grades REG-2") "run 1h\n", AS_IT_IS, "H-5", VERDICT_PASS, VERDICT_PASS, true,
     "of 1 acts"},
    {HEAD("grades REG-2") "at 1m gateway freezes\nrun 1h\n", AFTER_FEED(ACT("4", "0")), "H-5",
     VERDICT_VACUOUS, VERDICT_VACUOUS, false,
     "line 4 came to nothing: gateway freezes: it could not be done"},
    {HEAD("grades REG-2") "at 1m gateway freezes\nrun 1h\n", AFTER_FEED(ACT("4", "1")), "H-5",
     VERDICT_PASS, VERDICT_PASS, true, "of 2 acts"},
    {HEAD("grades REG-2") "at allocate.1.done gateway dies\nrun 1h\n", AS_IT_IS, "H-5",
     VERDICT_VACUOUS, VERDICT_VACUOUS, false,
     "line 4 came to nothing: gateway dies: its moment never came"},
    {HEAD("grades REG-2") "at allocate.1.done gateway dies\nrun 1h\n", END("budget"), "H-5",
     VERDICT_INCONCLUSIVE, VERDICT_INCONCLUSIVE, false, "its moment never came"},
    {HEAD("grades REG-2") "at 1m maas loses answer to release.1\nrun 1h\n",
     AFTER_FEED(FAULT("release.1", "armed") ACT("4", "1")), "H-5", VERDICT_VACUOUS, VERDICT_VACUOUS,
     false, "the fault was armed and never struck"},
    {HEAD("grades REG-2") "at 1m maas loses answer to release.1\nrun 1h\n",
     AFTER_FEED(FAULT("release.1", "armed") ACT("4", "1") FAULT("allocate.1", "fired")), "H-5",
     VERDICT_VACUOUS, VERDICT_VACUOUS, false, "line 4 came to nothing"},
    {HEAD("grades REG-2") "at 1m maas loses answer to release.1\nrun 1h\n",
     AFTER_FEED(FAULT("release.1", "armed") ACT("4", "1") FAULT("release.1", "fired")), "H-5",
     VERDICT_PASS, VERDICT_PASS, true, ""},
    {HEAD("grades REG-2") "at 1m palette refuses for 5m\nrun 1h\n",
     AFTER_FEED(FAULT("refuses", "armed") ACT("4", "1")), "H-5", VERDICT_PASS, VERDICT_PASS, true,
     ""},
    {HEAD("expect vacuous\ngrades H-5") "at 1m gateway freezes\nrun 1h\n",
     AFTER_FEED(ACT("5", "0")), "H-5", VERDICT_PASS, VERDICT_VACUOUS, true, "it ended vacuous"},
    /* a gateway that failed failed, whatever else did not come */
    {HEAD("") "by 1m gateway is Unhealthy [REG-2]\nat allocate.1.done gateway dies\nrun 1h\n",
     AS_IT_IS, "REG-2", VERDICT_FAIL, VERDICT_FAIL, false, "gateway is Unhealthy"},
    {HEAD("grades REG-2") "run 1h\n", AFTER_FEED(PROG("\"kind\":\"hung\"")), "LAUNCH", VERDICT_FAIL,
     VERDICT_FAIL, false, "hung"},
    {HEAD("grades REG-2") "run 1h\n", AFTER_FEED(PROG("\"kind\":\"flooded\"")), "LAUNCH",
     VERDICT_FAIL, VERDICT_FAIL, false, "output"},
};
/* clang-format on */

static void judge(const char *story, const struct journal_edit *edit, const char *features,
                  struct judgement *ret)
{
    struct script *s = calloc(1, sizeof(*s));
    struct ev_list journal;
    struct err e;

    assert_non_null(s);
    must(script_read("stories/900-test.scn", story, NULL, s, &e), &e);
    journal_load("tests/contract/journals/story.pass.jsonl", edit, &journal);
    judge_story(s, &journal, features, ret);
    ev_list_drop(&journal);
    free(s);
}

static const struct story_verdict *find(const struct judgement *j, const char *rule)
{
    for (size_t i = 0; i < j->n; i++)
        if (text_is(j->at[i].rule, rule))
            return &j->at[i];
    return NULL;
}

static void every_row_of_the_algebra_holds(void **state)
{
    struct judgement *j = malloc(sizeof(*j));
    (void)state;

    assert_non_null(j);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const struct story_verdict *v;

        judge(rows[i].story, &rows[i].edit, "pcg", j);
        v = find(j, rows[i].rule);
        if (!v)
            fail_msg("row %zu has no verdict on %s", i, rows[i].rule);
        else if (v->verdict != rows[i].verdict || j->overall != rows[i].overall ||
                 j->expected != rows[i].expected)
            fail_msg("row %zu, %s: %s, overall %s, %sexpected; seen '%s', note '%s'", i,
                     rows[i].rule, verdict_word(v->verdict), verdict_word(j->overall),
                     j->expected ? "" : "not ", v->seen, v->note);
        else if (!strstr(v->seen, rows[i].says) && !strstr(v->note, rows[i].says) &&
                 !strstr(v->expected, rows[i].says))
            fail_msg("row %zu: no '%s' in '%s', '%s', '%s'", i, rows[i].says, v->expected, v->seen,
                     v->note);
    }
    free(j);
}

static void a_judgement_says_which_run_it_was(void **state)
{
    const struct journal_edit none = AS_IT_IS;
    struct judgement *j = malloc(sizeof(*j));
    (void)state;

    assert_non_null(j);
    judge(rows[0].story, &none, "proxy,pcg", j);
    assert_text(j->story, "900-test");
    assert_int_equal(j->stage, STAGE_NETNS);
    assert_int_equal(j->clock, CLOCK_STEPPED);
    assert_int_equal(j->seed, 1);
    assert_int_equal(j->domain_ms, 120000);
    assert_text(find(j, "REG-2")->clause, "GP-31, GP-37");
    assert_int_equal(find(j, "REG-2")->line, 4);
    free(j);
}

static void a_story_whose_feature_is_not_declared_is_unsupported(void **state)
{
    const struct journal_edit none = AS_IT_IS;
    struct judgement *j = malloc(sizeof(*j));
    (void)state;

    assert_non_null(j);
    judge(rows[1].story, &none, "system-gateway", j);
    assert_int_equal(j->overall, VERDICT_UNSUPPORTED);
    assert_true(j->expected);
    assert_int_equal(find(j, "REG-2")->verdict, VERDICT_UNSUPPORTED);
    assert_null(find(j, "LAUNCH"));
    free(j);
}

/* Nothing was started, so nothing is said about the launch contract. */
static void a_gateway_that_was_never_started_has_no_launch_verdict(void **state)
{
    const struct journal_edit none_started = {EDIT_REMOVE, "\"kind\":\"started\"", 1, NULL};
    struct judgement *j = malloc(sizeof(*j));
    (void)state;

    assert_non_null(j);
    judge(rows[0].story, &none_started, "pcg", j);
    assert_null(find(j, "LAUNCH"));
    free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_row_of_the_algebra_holds),
        test(a_judgement_says_which_run_it_was),
        test(a_story_whose_feature_is_not_declared_is_unsupported),
        test(a_gateway_that_was_never_started_has_no_launch_verdict),
    };
    return run_tests(tests);
}
