#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/judge/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORIES_MAX 4

struct one {
    const char *story, *rule;
    enum verdict verdict;
    uint64_t seed; /* 0 = its own number: no two runs are repeats */
};

static struct judgement *judgements(const struct one *ones, size_t n)
{
    struct judgement *js = calloc(STORIES_MAX, sizeof(*js));

    assert_non_null(js);
    assert_true(n <= STORIES_MAX);
    for (size_t i = 0; i < n; i++) {
        snprintf(js[i].story, sizeof(js[i].story), "%s", ones[i].story);
        js[i].seed = ones[i].seed ? ones[i].seed : i + 1;
        js[i].overall = ones[i].verdict;
        js[i].expected = ones[i].verdict == VERDICT_PASS;
        js[i].n = 1;
        js[i].at[0].verdict = ones[i].verdict;
        snprintf(js[i].at[0].rule, sizeof(js[i].at[0].rule), "%s", ones[i].rule);
    }
    return js;
}

/* clang-format off: a row is read across */
static const struct {
    struct one ones[STORIES_MAX];
    size_t n;
    enum verdict verdict; /* of the first rule */
    size_t first;
    int exit_status;
} rows[] = {
    {{{"a", "REG-1", VERDICT_PASS, 0}}, 1, VERDICT_PASS, 0, 0},
    {{{"a", "REG-1", VERDICT_FAIL, 0}}, 1, VERDICT_FAIL, 0, 1},
    {{{"a", "REG-1", VERDICT_UNDECLARED, 0}}, 1, VERDICT_UNDECLARED, 0, 1},
    {{{"a", "REG-1", VERDICT_INCONCLUSIVE, 0}}, 1, VERDICT_INCONCLUSIVE, 0, 2},
    {{{"a", "REG-1", VERDICT_VACUOUS, 0}}, 1, VERDICT_VACUOUS, 0, 2},
    {{{"a", "REG-1", VERDICT_SKIPPED, 0}}, 1, VERDICT_SKIPPED, 0, 2},
    {{{"a", "REG-1", VERDICT_HARNESS_ERROR, 0}}, 1, VERDICT_HARNESS_ERROR, 0, 2},
    {{{"a", "REG-1", VERDICT_UNSUPPORTED, 0}}, 1, VERDICT_UNSUPPORTED, 0, 0},
    /* the worst of those that judged */
    {{{"a", "REG-1", VERDICT_PASS, 0}, {"b", "REG-1", VERDICT_FAIL, 0}}, 2, VERDICT_FAIL, 1, 1},
    {{{"a", "REG-1", VERDICT_FAIL, 0}, {"b", "REG-1", VERDICT_UNDECLARED, 0}},
     2,
     VERDICT_FAIL,
     0,
     1},
    {{{"a", "REG-1", VERDICT_PASS, 0}, {"b", "REG-1", VERDICT_INCONCLUSIVE, 0}},
     2,
     VERDICT_INCONCLUSIVE,
     1,
     2},
    {{{"a", "REG-1", VERDICT_INCONCLUSIVE, 0}, {"b", "REG-1", VERDICT_HARNESS_ERROR, 0}},
     2,
     VERDICT_HARNESS_ERROR,
     1,
     2},
    /* what was merely tried does not count against what was judged */
    {{{"a", "REG-1", VERDICT_VACUOUS, 0}, {"b", "REG-1", VERDICT_PASS, 0}}, 2, VERDICT_PASS, 1, 0},
    {{{"a", "REG-1", VERDICT_PASS, 0}, {"b", "REG-1", VERDICT_SKIPPED, 0}}, 2, VERDICT_PASS, 0, 0},
    {{{"a", "REG-1", VERDICT_UNSUPPORTED, 0}, {"b", "REG-1", VERDICT_VACUOUS, 0}},
     2,
     VERDICT_VACUOUS,
     1,
     2},
    /* repeats that disagree */
    {{{"a", "REG-1", VERDICT_PASS, 7}, {"a", "REG-1", VERDICT_FAIL, 7}}, 2, VERDICT_FLAKY, 1, 1},
    {{{"a", "REG-1", VERDICT_FAIL, 7}, {"a", "REG-1", VERDICT_FAIL, 7}}, 2, VERDICT_FAIL, 0, 1},
    {{{"a", "REG-1", VERDICT_PASS, 7},
      {"a", "REG-1", VERDICT_FAIL, 7},
      {"b", "REG-1", VERDICT_FAIL, 7}},
     3,
     VERDICT_FLAKY,
     1,
     1},
    {{{"a", "REG-1", VERDICT_PASS, 7}, {"a", "REG-1", VERDICT_PASS, 7}}, 2, VERDICT_PASS, 0, 0},
    {{{"a", "REG-1", VERDICT_PASS, 7}, {"a", "REG-1", VERDICT_INCONCLUSIVE, 8}},
     2,
     VERDICT_INCONCLUSIVE,
     1,
     2},
    /* SHOULD and MAY never fail the run */
    {{{"a", "CON-5", VERDICT_FAIL, 0}}, 1, VERDICT_FAIL, 0, 0},
    {{{"a", "TOP-5", VERDICT_INCONCLUSIVE, 0}}, 1, VERDICT_INCONCLUSIVE, 0, 0},
    {{{"a", "CON-5", VERDICT_FAIL, 0}, {"a", "REG-2", VERDICT_PASS, 0}}, 2, VERDICT_FAIL, 0, 0},
    /* the harness's promises and the launch contract do */
    {{{"a", "LAUNCH", VERDICT_FAIL, 0}}, 1, VERDICT_FAIL, 0, 1},
    {{{"a", "H-1", VERDICT_FAIL, 0}}, 1, VERDICT_FAIL, 0, 1},
    /* and a promise that was not kept once is not made good elsewhere */
    {{{"a", "H-5", VERDICT_PASS, 0}, {"b", "H-5", VERDICT_VACUOUS, 0}}, 2, VERDICT_VACUOUS, 1, 2},
    {{{"a", "H-5", VERDICT_VACUOUS, 0}, {"b", "H-5", VERDICT_PASS, 0}}, 2, VERDICT_VACUOUS, 0, 2},
    /* something wrong outweighs something unproven, in either order */
    {{{"a", "REG-1", VERDICT_FAIL, 0}, {"a", "REG-2", VERDICT_VACUOUS, 0}}, 2, VERDICT_FAIL, 0, 1},
    {{{"a", "REG-1", VERDICT_VACUOUS, 0}, {"a", "REG-2", VERDICT_FAIL, 0}},
     2,
     VERDICT_VACUOUS,
     0,
     1},
};
/* clang-format on */

static void every_row_gives_its_verdict_and_exit_status(void **state)
{
    struct summary *s = malloc(sizeof(*s));
    (void)state;

    assert_non_null(s);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct judgement *js = judgements(rows[i].ones, rows[i].n);

        summarise(js, rows[i].n, s);
        if (s->at[0].verdict != rows[i].verdict || s->exit_status != rows[i].exit_status ||
            s->at[0].first != rows[i].first)
            fail_msg("row %zu: %s, first %zu, exit %d", i, verdict_word(s->at[0].verdict),
                     s->at[0].first, s->exit_status);
        assert_true(s->counts[rows[i].verdict] > 0);
        free(js);
    }
    free(s);
}

static void a_run_of_nothing_proves_nothing(void **state)
{
    struct summary s;
    (void)state;

    summarise(NULL, 0, &s);
    assert_int_equal(s.exit_status, 2);
}

/* A story that tests the harness says nothing about the gateway's rules, only about its own. */
static void a_story_meant_to_be_red_counts_only_for_the_harness(void **state)
{
    const struct one ones[] = {{"002", "REG-1", VERDICT_FAIL, 0}};
    struct judgement *js = judgements(ones, 1);
    struct summary s;
    (void)state;

    js[0].expect = EXPECT_FAIL;
    js[0].expected = true;
    js[0].n = 2;
    js[0].at[1].verdict = VERDICT_PASS;
    text_copy(js[0].at[1].rule, sizeof(js[0].at[1].rule), "H-2");
    summarise(js, 1, &s);
    assert_int_equal(s.n, 1);
    assert_text(s.at[0].rule, "H-2");
    assert_int_equal(s.exit_status, 0);
    js[0].expected = false;
    summarise(js, 1, &s);
    assert_int_equal(s.exit_status, 1);
    free(js);
}

static void every_word_is_found_again_and_says_what_to_do(void **state)
{
    (void)state;

    for (int v = 0; v < VERDICT_COUNT; v++) {
        assert_int_equal(verdict_find(verdict_word((enum verdict)v)), v);
        assert_int_equal(verdict_what_to_do((enum verdict)v)[0] == '\0', v == VERDICT_PASS);
    }
    assert_int_equal(verdict_find("green"), VERDICT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_row_gives_its_verdict_and_exit_status),
        test(a_run_of_nothing_proves_nothing),
        test(a_story_meant_to_be_red_counts_only_for_the_harness),
        test(every_word_is_found_again_and_says_what_to_do),
    };
    return run_tests(tests);
}
