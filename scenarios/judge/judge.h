/* The judge: journal → verdicts, a pure function. It can be run again later, elsewhere, without the
 * gateway, on the same bytes.
 *
 * A rule is judged in a story by its tagged lines and, where the story grades it, by its law (one
 * monitor a rule, over the journal alone). Verdict algebra: docs/verdicts below, one table. */
#ifndef SCENARIOS_JUDGE_JUDGE_H
#define SCENARIOS_JUDGE_JUDGE_H

#include "lib/base/event.h"
#include "scenarios/engine/script.h"

#define JUDGE_EVIDENCE_MAX 8
#define JUDGE_VERDICTS_MAX 96

/* clang-format off */
#define VERDICTS(V)                                                                                \
    /* name            word            what to do about it */                                     \
    V(PASS,           "pass",          "")                                                         \
    V(FAIL,           "fail",          "read `expected` and `seen`, then the events; mend the gateway (or the rule's reading, see `gateproof explain`)") \
    V(VACUOUS,        "vacuous",       "the story never got to the point: see which premise was not met") \
    V(UNSUPPORTED,    "unsupported",   "the manifest does not declare the feature: nothing to do, or declare it") \
    V(UNDECLARED,     "undeclared",    "the gateway refused a feature that its manifest declares: mend one of the two") \
    V(INCONCLUSIVE,   "inconclusive",  "evidence is missing or torn on this stage: run the story in stage netns, or see the note") \
    V(FLAKY,          "flaky",         "verdicts differ between repeats: run again with --seed and compare the journals") \
    V(SKIPPED,        "skipped",       "this machine lacks something or it was asked for: see the reason") \
    V(HARNESS_ERROR,  "harness-error", "our fault or the machine's: the sentence says which part; please report it with the journal")
/* clang-format on */
#define VERDICT_ENUM(id, word, what) VERDICT_##id,
enum verdict { VERDICTS(VERDICT_ENUM) VERDICT_COUNT };
#undef VERDICT_ENUM
const char *verdict_word(enum verdict v);
const char *verdict_what_to_do(enum verdict v);
enum verdict verdict_find(const char *word); /* VERDICT_COUNT when unknown */

/* What one story says about one rule. */
struct story_verdict {
    char rule[8]; /* "REG-3"; "LAUNCH" for the launch contract (GP-13, 16, 17, 18) */
    enum verdict verdict;
    int line;        /* of the story that decided it, 0 = the law */
    char clause[64]; /* profile clauses, "GP-23, GP-104" */
    char expected[256];
    char seen[256];
    char note[256]; /* why vacuous, inconclusive, … */
    bool absent;    /* it failed by what did not come */
    size_t n_evidence;
    uint64_t evidence[JUDGE_EVIDENCE_MAX]; /* seq of events, first ones first */
};

struct judgement { /* one story on one stage */
    char story[64];
    char over[64]; /* over-values joined by blanks, "" when none */
    enum stage_id stage;
    enum clock_id clock;
    uint64_t seed;
    ms_t domain_ms;     /* length of the run */
    enum expect expect; /* other than pass: the story tests the harness, only its H rules count */
    bool expected;      /* false: the story's `expect` did not come true */
    enum verdict overall;
    size_t n;
    struct story_verdict at[JUDGE_VERDICTS_MAX];
};

/* Sorted by seq. features: what the manifest declares (comma list); NULL: not known, the story was
 * played with it. */
void judge_story(const struct script *s, const struct ev_list *journal, const char *features,
                 struct judgement *ret);

/* --- over all stories ------------------------------------------------------------------------ */

struct rule_verdict {
    char rule[8];
    enum verdict verdict;
    size_t graded;  /* stories that gave pass or fail */
    size_t first;   /* index of the judgement that decided it */
    size_t first_i; /* and of its story_verdict */
};
struct summary {
    size_t n;
    struct rule_verdict at[JUDGE_VERDICTS_MAX];
    size_t counts[VERDICT_COUNT];
    int exit_status; /* architecture 8: 0 green, 1 fail, 2 not proven, 3 is never from here */
};
/* Does what a story says about a rule count for the gateway? Not in a story that is meant to end
 * red, but for the harness's own promises and the launch contract. */
bool verdict_counts(const struct judgement *j, const struct story_verdict *v);
/* fail > undeclared > flaky > harness-error > inconclusive > pass; vacuous, skipped and unsupported
 * count only when no story graded the rule. Judgements of the same story, over and seed that differ
 * make the rule flaky. SHOULD and MAY never fail the run. */
void summarise(const struct judgement *js, size_t n, struct summary *ret);

#endif
