#include "scenarios/report/model.h"

#include "lib/base/text.h"
#include "scenarios/judge/rules.h"
#include "scenarios/report/words.h"

#include <stdio.h>
#include <string.h>

/* The order in which a person wants to read: what was shown to be wrong, what was not proven, what
 * was not asked, what is well. */
static const struct {
    int place;
    enum outcome outcome;
} ways[] = {
    [VERDICT_FAIL] = {0, OUTCOME_FAILURE},
    [VERDICT_UNDECLARED] = {1, OUTCOME_FAILURE},
    [VERDICT_FLAKY] = {2, OUTCOME_FAILURE},
    [VERDICT_HARNESS_ERROR] = {3, OUTCOME_ERROR},
    [VERDICT_INCONCLUSIVE] = {4, OUTCOME_ERROR},
    [VERDICT_VACUOUS] = {5, OUTCOME_SKIPPED},
    [VERDICT_SKIPPED] = {6, OUTCOME_SKIPPED},
    [VERDICT_UNSUPPORTED] = {7, OUTCOME_SKIPPED},
    [VERDICT_PASS] = {8, OUTCOME_OK},
};

static void rule_make(struct model_rule *to, const struct report *r, const struct rule_verdict *v)
{
    const struct rule *rule = rule_find(v->rule);
    const struct promise *promise = promise_find(v->rule);

    *to = (struct model_rule){
        .id = v->rule,
        .sentence = words_sentence(v->rule),
        .level = rule_level_name(rule ? rule->level : RULE_MUST),
        .ground = rule ? rule_ground_name(rule->ground) : "harness",
        .clauses = rule      ? rule->clauses
                   : promise ? promise->clauses
                             : "",
        .must = !rule || rule->level == RULE_MUST,
        .verdict = v->verdict,
        .graded = v->graded,
        .story = v->first,
        .finding = v->first < r->n_stories ? &r->stories[v->first].judgement->at[v->first_i] : NULL,
    };
}

static bool is_before(const struct model_rule *a, const struct model_rule *b)
{
    if (a->verdict != b->verdict)
        return ways[a->verdict].place < ways[b->verdict].place;
    if (a->must != b->must)
        return a->must;
    return words_order(a->id) < words_order(b->id);
}

/* At most JUDGE_VERDICTS_MAX entries: insertion is quick enough, and keeps equals in order. */
static void rule_insert(struct model *m, const struct rule_verdict *v)
{
    struct model_rule rule;
    size_t i = m->n++;

    rule_make(&rule, m->report, v);
    for (; i > 0 && is_before(&rule, &m->rules[i - 1]); i--)
        m->rules[i] = m->rules[i - 1];
    m->rules[i] = rule;
}

static void catalogue_sort(struct model *m)
{
    for (size_t i = 0; i < m->n; i++) {
        size_t k = i;

        for (; k > 0 && words_order(m->rules[m->catalogue[k - 1]].id) > words_order(m->rules[i].id);
             k--)
            m->catalogue[k] = m->catalogue[k - 1];
        m->catalogue[k] = i;
    }
}

static bool decides(const struct model_rule *rule, int status)
{
    const enum outcome o = model_outcome(rule->verdict, rule->must);

    return status == 1 ? o == OUTCOME_FAILURE
                       : rule->must && (o == OUTCOME_ERROR || rule->verdict == VERDICT_VACUOUS ||
                                        rule->verdict == VERDICT_SKIPPED);
}

/* The word of the first rule that gave the run its exit status, or of a story. */
static enum verdict worst_of(const struct model *m)
{
    const int status = m->report->summary->exit_status;

    if (status == 0)
        return VERDICT_PASS;
    for (size_t i = 0; i < m->n; i++)
        if (decides(&m->rules[i], status))
            return m->rules[i].verdict;
    return status == 1 ? VERDICT_FAIL : VERDICT_INCONCLUSIVE;
}

void model_make(struct model *m, const struct report *r)
{
    *m = (struct model){.report = r};
    for (size_t i = 0; i < r->summary->n; i++)
        rule_insert(m, &r->summary->at[i]);
    catalogue_sort(m);
    m->worst = worst_of(m);
}

const char *model_status_words(const struct model *m)
{
    static const char *const words[] = {"every graded MUST passed", "something is wrong",
                                        "not everything could be proven"};
    const int status = m->report->summary->exit_status;

    assert(status >= 0 && status < (int)COUNTOF(words));
    return words[status];
}

const struct story_verdict *model_next(const struct model *m, const struct model_rule *rule,
                                       struct model_place *place, size_t *ret_story)
{
    for (; place->story < m->report->n_stories; place->story++, place->at = 0) {
        const struct judgement *j = m->report->stories[place->story].judgement;

        while (place->at < j->n) {
            const struct story_verdict *v = &j->at[place->at++];

            if (!text_is(v->rule, rule->id) || !verdict_counts(j, v))
                continue;
            *ret_story = place->story;
            return v;
        }
    }
    return NULL;
}

/* --- stories --------------------------------------------------------------------------------- */

static bool says_why_itself(const struct judgement *j)
{
    for (size_t i = 0; i < j->n; i++)
        if (verdict_counts(j, &j->at[i]) && j->at[i].verdict != VERDICT_PASS)
            return true;
    return false;
}

/* "skipped: the story is not for this stage" without the word that stands before it anyway. */
static const char *without_word(const char *note, enum verdict v)
{
    const size_t len = strlen(verdict_word(v));

    return text_begins(note, verdict_word(v)) && note[len] == ':' ? note + len + 2 : note;
}

bool model_story_is_well(const struct judgement *j, char *words, size_t size)
{
    const bool played = j->overall != VERDICT_HARNESS_ERROR && j->overall != VERDICT_SKIPPED;

    if (played && (j->expected || says_why_itself(j)))
        return true;
    if (played)
        snprintf(words, size, "it ended %s, and that is not what it expects",
                 verdict_word(j->overall));
    else
        snprintf(words, size, "%s",
                 j->n > 0 ? without_word(j->at[0].note, j->overall)
                          : "nothing can be said of any rule");
    return false;
}

enum outcome model_outcome(enum verdict v, bool must)
{
    assert(v < VERDICT_COUNT);
    return must || v == VERDICT_PASS ? ways[v].outcome : OUTCOME_SKIPPED;
}

enum outcome model_story_outcome(const struct judgement *j)
{
    char words[320];

    if (model_story_is_well(j, words, sizeof(words)))
        return OUTCOME_OK;
    return j->overall == VERDICT_HARNESS_ERROR ? OUTCOME_ERROR
           : j->overall == VERDICT_SKIPPED     ? OUTCOME_SKIPPED
                                               : OUTCOME_FAILURE;
}

enum outcome model_run_outcome(const struct model *m)
{
    static const enum outcome of[] = {OUTCOME_OK, OUTCOME_FAILURE, OUTCOME_ERROR};

    assert(m->report->summary->exit_status < (int)COUNTOF(of));
    return of[m->report->summary->exit_status];
}
