/* What all reports say, decided once: the rules in the order in which a person wants them, which
 * findings belong to a rule, what a story's own end was, and in which of a CI server's few words
 * each of them is told. The writers only draw. Private to scenarios/report.
 *
 * A model points into the report it was made from and owns nothing. */
#ifndef SCENARIOS_REPORT_MODEL_H
#define SCENARIOS_REPORT_MODEL_H

#include "scenarios/report/report.h"

struct model_rule {
    const char *id, *sentence, *level, *ground, *clauses; /* from the catalogue, or "" */
    bool must;
    enum verdict verdict;
    size_t graded;
    size_t story; /* the story that decided it, and its verdict there */
    const struct story_verdict *finding;
};

struct model {
    const struct report *report;
    size_t n; /* worst verdict first, then in the catalogue's order */
    struct model_rule rules[JUDGE_VERDICTS_MAX];
    size_t catalogue[JUDGE_VERDICTS_MAX]; /* indices of rules[] in the catalogue's order */
    enum verdict worst;                   /* in one word; pass when the exit status is 0 */
};

void model_make(struct model *m, const struct report *r);
/* "every graded MUST passed" and its kin: the exit status in words. */
const char *model_status_words(const struct model *m);

/* Where a rule's verdicts in stories are: begin with {0, 0}; false at the end. What a story that is
 * meant to end red says about the gateway's rules is not among them. */
struct model_place {
    size_t story, at; /* of the next one to look at */
};
const struct story_verdict *model_next(const struct model *m, const struct model_rule *rule,
                                       struct model_place *place, size_t *ret_story);

/* The story's own end, beside what it says about rules: false when it broke, was left out, or ended
 * otherwise than it expects; then words hold why. */
bool model_story_is_well(const struct judgement *j, char *words, size_t size);

/* --- a CI server's words --- */

enum outcome { OUTCOME_OK, OUTCOME_FAILURE, OUTCOME_ERROR, OUTCOME_SKIPPED, OUTCOME_COUNT };
/* A SHOULD that fails is a warning: no server has a word for it, so it is "skipped". */
enum outcome model_outcome(enum verdict v, bool must);
enum outcome model_story_outcome(const struct judgement *j);
/* Of the whole run: a server that counts only failures and errors is as red as the exit status. */
enum outcome model_run_outcome(const struct model *m);

#endif
