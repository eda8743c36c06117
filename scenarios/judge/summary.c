/* From the stories' verdicts to the rules' and to the exit status. One table of order. */
#include "scenarios/judge/judge_private.h"

#include "lib/base/text.h"
#include "scenarios/judge/rules.h"

#include <stdio.h>
#include <string.h>

#define WORD_ROW(id, w, what) [VERDICT_##id] = {.word = w, .what_to_do = what},
static const struct {
    const char *word, *what_to_do;
} words[] = {VERDICTS(WORD_ROW)};

static const struct {
    int rank;    /* 0 is the worst */
    int status;  /* of the run, when a MUST has it */
    bool graded; /* judged, not merely tried */
} orders[] = {
    [VERDICT_FAIL] = {0, 1, true},         [VERDICT_UNDECLARED] = {1, 1, true},
    [VERDICT_FLAKY] = {2, 1, true},        [VERDICT_HARNESS_ERROR] = {3, 2, true},
    [VERDICT_INCONCLUSIVE] = {4, 2, true}, [VERDICT_VACUOUS] = {5, 2, false},
    [VERDICT_SKIPPED] = {6, 2, false},     [VERDICT_UNSUPPORTED] = {7, 0, false},
    [VERDICT_PASS] = {8, 0, true},
};

const char *verdict_word(enum verdict v)
{
    assert(v < VERDICT_COUNT);
    return words[v].word;
}

const char *verdict_what_to_do(enum verdict v)
{
    assert(v < VERDICT_COUNT);
    return words[v].what_to_do;
}

enum verdict verdict_find(const char *word)
{
    size_t i = 0;

    while (i < VERDICT_COUNT && strcmp(words[i].word, word) != 0)
        i++;
    return (enum verdict)i;
}

int verdict_rank(enum verdict v)
{
    assert(v < VERDICT_COUNT);
    return orders[v].rank;
}

/* --- over all stories ------------------------------------------------------------------------ */

static bool is_must(const char *id)
{
    const struct rule *rule = rule_find(id);

    return !rule || rule->level == RULE_MUST;
}

/* A story that is meant to end red tests the harness; what it says about the gateway's rules is
 * part of the test. The launch contract counts everywhere. */
bool verdict_counts(const struct judgement *j, const struct story_verdict *v)
{
    return j->expect == EXPECT_PASS || !rule_find(v->rule);
}

static struct rule_verdict *rule_of(struct summary *s, const char *rule)
{
    for (size_t i = 0; i < s->n; i++)
        if (text_is(s->at[i].rule, rule))
            return &s->at[i];
    if (s->n == JUDGE_VERDICTS_MAX)
        WRONG("more rules than there are");
    s->at[s->n] = (struct rule_verdict){.verdict = VERDICT_COUNT};
    snprintf(s->at[s->n].rule, sizeof(s->at[s->n].rule), "%s", rule);
    return &s->at[s->n++];
}

/* A promise of the harness that was not kept in one story is not made good by the others. */
static bool is_graded(const char *rule, enum verdict v)
{
    return orders[v].graded || (v == VERDICT_VACUOUS && !rule_find(rule));
}

/* What was merely tried says nothing against a rule that was judged elsewhere. */
static bool is_worse(const char *rule, enum verdict v, enum verdict than)
{
    if (than == VERDICT_COUNT)
        return true;
    if (is_graded(rule, v) != is_graded(rule, than))
        return is_graded(rule, v);
    return orders[v].rank < orders[than].rank;
}

static void take(struct summary *s, const struct story_verdict *v, size_t story, size_t i)
{
    struct rule_verdict *r = rule_of(s, v->rule);

    r->graded += v->verdict == VERDICT_PASS || v->verdict == VERDICT_FAIL;
    if (!is_worse(v->rule, v->verdict, r->verdict))
        return;
    r->verdict = v->verdict;
    r->first = story;
    r->first_i = i;
}

static bool is_repeat(const struct judgement *a, const struct judgement *b)
{
    return text_is(a->story, b->story) && text_is(a->over, b->over) && a->seed == b->seed &&
           a->stage == b->stage && a->clock == b->clock;
}

static const struct story_verdict *same_rule(const struct judgement *j, const char *rule)
{
    for (size_t i = 0; i < j->n; i++)
        if (text_is(j->at[i].rule, rule))
            return &j->at[i];
    return NULL;
}

/* Repeats that disagree make the rule flaky, unless it failed outright elsewhere. */
static void take_repeat(struct summary *s, const struct judgement *js, size_t a, size_t b)
{
    for (size_t i = 0; i < js[a].n; i++) {
        const struct story_verdict *v = &js[a].at[i], *w = same_rule(&js[b], v->rule);
        struct rule_verdict *r;

        if (!w || w->verdict == v->verdict || !verdict_counts(&js[a], v))
            continue;
        r = rule_of(s, v->rule);
        r->verdict = VERDICT_FLAKY;
        r->first = v->verdict == VERDICT_PASS ? b : a;
        r->first_i = v->verdict == VERDICT_PASS ? (size_t)(w - js[b].at) : i;
    }
}

/* Index of an earlier repeat of story b, or b. */
static size_t first_like(const struct judgement *js, size_t b)
{
    for (size_t a = 0; a < b; a++)
        if (is_repeat(&js[a], &js[b]))
            return a;
    return b;
}

/* 1 is worse than 2: something was shown to be wrong. */
static int worse_status(int a, int b)
{
    if (a == 1 || b == 1)
        return 1;
    return a > b ? a : b;
}

static bool is_agreed_fail(const struct judgement *js, size_t n, const struct rule_verdict *r)
{
    const struct judgement *at = &js[r->first];

    if (r->verdict != VERDICT_FAIL)
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct story_verdict *v = same_rule(&js[i], r->rule);

        if (i != r->first && is_repeat(&js[i], at) && v && v->verdict != VERDICT_FAIL)
            return false;
    }
    return true;
}

static void find_flakes(struct summary *s, const struct judgement *js, size_t n)
{
    struct summary flakes = {.n = 0};

    for (size_t b = 0; b < n; b++)
        if (first_like(js, b) < b)
            take_repeat(&flakes, js, first_like(js, b), b);
    for (size_t i = 0; i < flakes.n; i++) {
        struct rule_verdict *r = rule_of(s, flakes.at[i].rule);
        size_t graded = r->graded;

        if (is_agreed_fail(js, n, r))
            continue;
        *r = flakes.at[i];
        r->graded = graded;
    }
}

void summarise(const struct judgement *js, size_t n, struct summary *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->exit_status = n == 0 ? 2 : 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < js[i].n; k++)
            if (verdict_counts(&js[i], &js[i].at[k]))
                take(ret, &js[i].at[k], i, k);
        if (js[i].overall == VERDICT_HARNESS_ERROR)
            ret->exit_status = worse_status(ret->exit_status, 2);
        else if (!js[i].expected && js[i].expect != EXPECT_PASS)
            ret->exit_status = 1;
        else if (!js[i].expected && js[i].n == 0)
            ret->exit_status = worse_status(ret->exit_status, 2);
    }
    find_flakes(ret, js, n);
    for (size_t i = 0; i < ret->n; i++) {
        ret->counts[ret->at[i].verdict]++;
        if (is_must(ret->at[i].rule))
            ret->exit_status = worse_status(ret->exit_status, orders[ret->at[i].verdict].status);
    }
}
