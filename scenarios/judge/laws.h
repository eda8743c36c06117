/* The laws: one pure monitor a rule, over the journal alone, the same on every stage.
 * A law that met no instance of its premise is inconclusive, never pass. A fail that rests on
 * events that are there stands whatever else is torn; one that rests on what is missing needs whole
 * evidence, and so does every pass. */
#ifndef SCENARIOS_JUDGE_LAWS_H
#define SCENARIOS_JUDGE_LAWS_H

#include "scenarios/judge/judge.h"

struct law_context {
    bool packets_whole; /* NET evidence: canaries at both ends, no drops, capture's chain whole */
    bool blind;         /* nobody looked at packets on this stage, and none of them is evidence */
    bool journals_whole;
    bool played_out;      /* the run was played to its end: what is missing is missing */
    const char *why_torn; /* a whole sentence when one is false: "the evidence is torn: …" */
};
/* Judges one rule over a whole journal. `evidence_whole` is the judge's finding on chains, canaries
 * and drops. Fills verdict, expected, seen, note and evidence of *ret (rule is set). */
typedef void law_fn(const struct ev_list *journal, const struct law_context *c,
                    struct story_verdict *ret);
/* Where a law's evidence comes from; the same words as in the registry. Without whole packets a law
 * with LAW_NET proves nothing. */
enum {
    LAW_NET = 1,   /* packets */
    LAW_MAAS = 2,  /* MAAS's journal */
    LAW_PAL = 4,   /* Palette's */
    LAW_UD = 8,    /* what machines found in their user data */
    LAW_KILL = 16, /* acts on programs */
    LAW_OUT = 32,  /* what the program wrote */
    LAW_CHANNELS = 6
};
const char *law_channel_name(unsigned channel); /* of one bit: "NET" */
struct law {
    const char *rule;
    unsigned channels;
    law_fn *judge;
    const char *looks; /* records that a pass rests on, "flow.first from=gateway, tls.shown" */
};
extern const struct law laws[];
extern const size_t n_laws;
const struct law *law_find(const char *rule);

/* Runs the law over the journal: ret is filled from the rule's row up. */
void law_judge(const struct law *l, const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret);
/* What the law looked at, to be shown where nothing was wrong: how many records of each kind, and
 * the first of each, in their order. */
struct law_looked {
    char words[200]; /* "14 flow.first from=gateway, 0 tls.shown" */
    size_t n;
    uint64_t seqs[JUDGE_EVIDENCE_MAX];
};
void law_looked_at(const struct law *l, const struct ev_list *journal, struct law_looked *ret);
/* The launch contract (GP-13, GP-16, GP-17, GP-18, GP-114): false when the gateway was not started
 * in this story, then there is nothing to say. */
bool law_launch(const struct ev_list *journal, struct story_verdict *ret);

/* The bounds the laws use, printed in each report. `ms` is a duration in domain time, or 0 for a
 * plain count. */
enum law_bound {
    BOUND_SIGN,
    BOUND_ACCOUNT,
    BOUND_STARTS,
    BOUND_FLIGHT,
    BOUND_BEAT,
    BOUND_SHOWN,
    BOUND_HEAL,
    BOUND_DIALS_MINUTE,
    BOUND_DIALS_HOUR,
    BOUND_CODES,
    BOUND_COUNT
};
struct law_parameter {
    const char *name, *what;
    ms_t ms;
    int64_t count;
};
extern const struct law_parameter law_parameters[BOUND_COUNT];

/* Chains unbroken, writer.end of every writer with the right count, canaries, drops. */
void evidence_check(const struct ev_list *journal, struct law_context *ret, char *why, size_t size);

#endif
