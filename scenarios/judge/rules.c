/* The registry. The rows lie in rules_*.inc, a file for two sections of the catalogue each. */
#include "scenarios/judge/rules.h"

#include "lib/base/text.h"

const struct rule rules[] = {
#include "scenarios/judge/rules_topology.inc"
#include "scenarios/judge/rules_link.inc"
#include "scenarios/judge/rules_proxy.inc"
#include "scenarios/judge/rules_cluster.inc"
#include "scenarios/judge/rules_system.inc"
};
const size_t n_rules = COUNTOF(rules);

/* clang-format off */
const struct promise promises[] = {
    {"LAUNCH", "The gateway keeps the launch contract: it ends only when asked, leaves nothing behind, and does not flood.",
     "The launcher's records: an end without being asked, a wrong exit status, a program that outlives its kill, hangs, or writes too much.",
     "GP-12, GP-13, GP-16, GP-17, GP-18, GP-114",
     "See the launcher's event: fix the exit, or the wrapper that starts the gateway."},
    {"H-1", "Evidence is complete.",
     "Chains unbroken, last words with the right counts, canaries on every link at both ends, no packet dropped, probes as the lab's table says.",
     "", "This is about the harness or the machine: run again on a quiet machine, and report it with the journal."},
    {"H-2", "Red is red: a story that cannot come true fails.", "The story expects fail, and fail came out.", "",
     "This is about the harness: report it with the journal."},
    {"H-3", "Vacuous is not pass: a rule whose premise was never met is not green.", "The story expects vacuous, and vacuous came out.", "",
     "This is about the harness: report it with the journal."},
    {"H-4", "The same seed gives the same journal.", "Two runs have equal projections.", "",
     "This is about the harness: compare the projections and report the first difference."},
    {"H-5", "Every act of a story takes place, and every fault that it arms strikes.",
     "Acts that could not be done, or whose moment never came, and faults that were armed and never fired, are looked for in every run.", "",
     "This is about the story: mend the line that is named; or the gateway never came to its point."},
};
/* clang-format on */
const size_t n_promises = COUNTOF(promises);

const struct rule *rule_find(const char *id)
{
    for (size_t i = 0; i < n_rules; i++)
        if (text_is(rules[i].id, id))
            return &rules[i];
    return NULL;
}

const struct promise *promise_find(const char *id)
{
    for (size_t i = 0; i < n_promises; i++)
        if (text_is(promises[i].id, id))
            return &promises[i];
    return NULL;
}

const char *rule_level_name(enum rule_level l)
{
    static const char *const names[] = {
        [RULE_MUST] = "MUST", [RULE_SHOULD] = "SHOULD", [RULE_MAY] = "MAY"};

    return names[l];
}

const char *rule_ground_name(enum rule_ground g)
{
    static const char *const names[] = {
        [RULE_SEED] = "seed", [RULE_DERIVED] = "derived", [RULE_OTHER] = "other"};

    return names[g];
}

const char *rule_state_name(enum rule_state s)
{
    static const char *const names[] = {
        [RULE_GRADED] = "graded", [RULE_PLANNED] = "planned", [RULE_UNTESTABLE] = "untestable"};

    return names[s];
}
