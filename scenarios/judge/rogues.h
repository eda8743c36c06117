/* The rogues' gallery as data: gateways that break one rule on purpose, so that the harness is seen
 * to say no for the right reason. The gateways themselves are test builds (tests/rogues); here is
 * which rule each must fail in which story, and what may fail with it.
 *
 * A rogue is caught when every rule it must fail does fail in its story, by something that happened
 * at or after the rogue's own act (rogue.act in the journal), and when nothing else fails. Pure. */
#ifndef SCENARIOS_JUDGE_ROGUES_H
#define SCENARIOS_JUDGE_ROGUES_H

#include "lib/base/buf.h"
#include "scenarios/judge/judge.h"

#define ROGUE_NAME_MAX 48

struct rogue {
    const char *name;  /* "leaker"; a mood behind a dot: "leaker.on-link-loss" */
    const char *what;  /* it does */
    const char *act;   /* what it journals of itself */
    const char *must;  /* rules, separated by blanks */
    const char *story; /* the number of the story that must catch it, or of several with blanks */
    const char *over;  /* which of the story's runs, "" = all */
    const char *may;   /* consequences that its switch allows: rules that may fail, too */
    const char *door;  /* what a mock leaves ajar for it, "" = nothing */
};
extern const struct rogue rogues[];
extern const size_t n_rogues;
const struct rogue *rogue_find(const char *name);              /* NULL when unknown */
const char *rogue_nearest(const char *name);                   /* NULL when nothing is near */
bool rogue_is_story(const struct rogue *r, const char *story); /* of that name, its own */

enum rogue_mark {                    /* of one rule, over all that was played; the worst counts */
                  ROGUE_MISSED,      /* it must fail in the rogue's story, and did not */
                  ROGUE_UNEXPECTED,  /* it failed, and is neither must nor may: a wrong reason */
                  ROGUE_TOO_EARLY,   /* it failed before the rogue had done anything: a wrong reason
                                      */
                  ROGUE_CONSEQUENCE, /* it may fail */
                  ROGUE_CAUGHT       /* it must fail, and did, at or after the act */
};
struct rogue_finding {
    bool played; /* its story was */
    bool caught;
    size_t n;
    struct rogue_rule {
        char rule[8];
        enum rogue_mark mark;
        size_t i;                /* of the judgement */
        uint64_t act, break_seq; /* seq of the act and of the record that broke the rule, 0: none */
    } at[JUDGE_VERDICTS_MAX];
};
struct rogue_played { /* one story, judged */
    const struct judgement *judgement;
    const struct ev_list *journal;
};
void rogue_judge(const struct rogue *r, const struct rogue_played *played, size_t n,
                 struct rogue_finding *ret);
/* "rogue leaker: caught …", and a line for each rule. */
void rogue_text(const struct rogue *r, const struct rogue_played *played,
                const struct rogue_finding *f, struct buf *out);
/* docs/rogues.md's tables: the rogues, and how many each rule has caught. */
void rogues_markdown(struct buf *out);

/* A switch as the gallery's design has it: what may fail with it, whatever its mood. */
struct rogue_switch {
    const char *name, *may;
};
extern const struct rogue_switch rogue_switches[];
extern const size_t n_rogue_switches;
const struct rogue_switch *rogue_switch_of(const char *rogue); /* NULL: the design has none */

/* A rule that may fail with a rogue though its switch does not say so, and the run that showed it;
 * ci/check-rogues plays each. */
struct rogue_widening {
    const char *rogue, *rule;
    const char *story; /* its number */
    const char *over;  /* which of the story's runs, "" = it has one */
    const char *seen;  /* the verdict's own words, or a piece of them */
    const char *why;
};
extern const struct rogue_widening rogue_widenings[];
extern const size_t n_rogue_widenings;
const struct rogue_widening *rogue_widening_of(const char *rogue, const char *rule); /* or NULL */
bool rogue_may(const struct rogue *r, const char *rule);
bool rogue_list_has(const char *list, const char *rule);          /* words separated by blanks */
void rogue_widened_write(const struct rogue *r, struct buf *out); /* each after a blank */
void rogue_widenings_markdown(struct buf *out);

#define ROGUES_A_RULE 2 /* that every rule of the documented topology is to have caught */

/* A rule that can have none, and why; a rule that has enough stands in no such row. */
struct rogue_exception {
    const char *rule, *why;
};
extern const struct rogue_exception rogue_exceptions[];
extern const size_t n_rogue_exceptions;
size_t rogues_of_rule(const char *rule,
                      struct buf *names); /* that must fail it; names may be NULL */

#endif
