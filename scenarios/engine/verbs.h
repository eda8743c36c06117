/* The verbs of the line language: one row a form. scenarios/README verb reference, the parser and
 * the error messages are all made from this table. A verb that a stage lacks keeps the story off
 * that stage, before anything starts. */
#ifndef SCENARIOS_ENGINE_VERBS_H
#define SCENARIOS_ENGINE_VERBS_H

#include "scenarios/engine/script.h"

enum verb_kind { VERB_SITE, VERB_ACT, VERB_FACT };

/* Places of a form are typed: a place is a row of verb_places, written {name}. A word in brackets
 * [not] is optional and becomes an argument, "" when absent. Other words stand for themselves. */
struct verb {
    const char *id; /* "gateway.installs": what stages and facts switch on by table */
    enum verb_kind kind;
    const char *form; /* "gateway installs" */
    unsigned stages;  /* BIT(stage_id) */
    const char *what; /* one sentence for the reference */
};
/* What may stand in a place. The n-th place (or bracket) of a form is args[n] of the line. */
struct verb_place {
    const char *name;         /* "role" */
    const char *what;         /* for the reference and for errors: "a count: N, N+, some or no" */
    const char *const *words; /* the only words that fit, ends with NULL; NULL = see fits */
    bool (*fits)(const char *text); /* NULL = any one word */
    bool is_rest;                   /* takes all words to the end of the line, joined by blanks */
};
extern const struct verb_place verb_places[];
extern const size_t n_verb_places;

/* A count as written: "3" is 3 and 3, "3+" 3 and INT64_MAX, "some" 1 and INT64_MAX, "no" 0 and 0.
 */
bool verb_count(const char *text, int64_t *ret_min, int64_t *ret_max);

extern const struct verb verbs[];
extern const size_t n_verbs;
const struct verb *verb_find(const char *id); /* NULL when unknown */

#endif
