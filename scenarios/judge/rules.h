/* The registry: all 65 rules of the documented topology as data. docs/rules.md and `gateproof
 * explain` are made from it. */
#ifndef SCENARIOS_JUDGE_RULES_H
#define SCENARIOS_JUDGE_RULES_H

#include "lib/base/base.h"

enum rule_level { RULE_MUST, RULE_SHOULD, RULE_MAY };
enum rule_ground { RULE_SEED, RULE_DERIVED, RULE_OTHER }; /* S, D, X */
enum rule_state {
    RULE_GRADED,    /* at least one law or story grades it today */
    RULE_PLANNED,   /* what it waits for is named in `state_why` */
    RULE_UNTESTABLE /* because: state_why */
};

struct rule {
    const char *id; /* "REG-3" */
    enum rule_level level;
    enum rule_ground ground;
    const char *seed;     /* "L26-27": lines of the architecture page; "" for X */
    const char *sentence; /* the rule, in our words, one sentence */
    const char *why;      /* what is lost where it does not hold, one sentence */
    const char *bound;    /* who is bound: "gateway", "palette", "agent", … comma separated */
    const char *bad;      /* what a gateway that breaks it would do */
    const char *reading;  /* how we read an ambiguity (A-1 …), or "" */
    const char *law;      /* what the judge looks at, in words */
    const char *clauses;  /* profile clauses: "GP-23, GP-104" */
    const char *channels; /* "NET PAL" */
    const char *remedy;   /* what a vendor does when it fails, one sentence */
    enum rule_state state;
    const char *state_why;
};
extern const struct rule rules[];
extern const size_t n_rules;
const struct rule *rule_find(const char *id); /* NULL when unknown */

/* The harness's promises about itself, H-1 to H-5, graded by the stories of family 0; and the
 * launch contract, judged in every story in which the gateway was started. Not part of the 65. */
struct promise {
    const char *id, *sentence, *law, *clauses, *remedy;
};
extern const struct promise promises[];
extern const size_t n_promises;
const struct promise *promise_find(const char *id); /* NULL when unknown */
const char *rule_level_name(enum rule_level l);
const char *rule_ground_name(enum rule_ground g);
const char *rule_state_name(enum rule_state s);

#endif
