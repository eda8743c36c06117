/* The table of laws, and what they have in common. Evidence is checked in evidence.c. */
#include "scenarios/judge/laws_private.h"

#include "lib/base/text.h"
#include "scenarios/judge/rules.h"

#include <stdio.h>
#include <string.h>

const struct law laws[] = {
    {"REG-1", true, law_reg_1},  {"REG-2", false, law_reg_2}, {"REG-3", true, law_reg_3},
    {"REG-4", true, law_reg_4},  {"REG-6", false, law_reg_6}, {"TOP-3", false, law_top_3},
    {"CON-1", false, law_con_1}, {"CON-3", true, law_con_3},  {"PRX-2", true, law_prx_2},
};
const size_t n_laws = COUNTOF(laws);

const struct law_parameter law_parameters[BOUND_COUNT] = {
    [BOUND_SIGN] = {"sign of the link", "longest span without an answered call of the gateway",
                    MINUTES(10), 0},
    [BOUND_ACCOUNT] = {"account made", "from Running until the gateway's account exists",
                       MINUTES(10), 0},
    [BOUND_STARTS] = {"starts", "fewest starts that can show an identity kept", 0, 2},
};

const struct law *law_find(const char *rule)
{
    for (size_t i = 0; i < n_laws; i++)
        if (text_is(laws[i].rule, rule))
            return &laws[i];
    return NULL;
}

void law_judge(const struct law *l, const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    const struct rule *rule = rule_find(l->rule);
    bool whole = c->journals_whole && (c->packets_whole || !l->needs_packets);
    struct law_context seen = *c;

    assert(rule);
    memset(ret, 0, sizeof(*ret));
    text_copy(ret->rule, sizeof(ret->rule), l->rule);
    snprintf(ret->clause, sizeof(ret->clause), "%s", rule->clauses);
    seen.journals_whole = whole;
    l->judge(journal, &seen, ret);
    if (ret->verdict == VERDICT_PASS && !whole)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the evidence is torn: %s", c->why_torn);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void seen_set(struct story_verdict *ret, enum verdict v, const char *expected,
                     const char *fmt, va_list args) PRINTF_LIKE(4, 0);

static void seen_set(struct story_verdict *ret, enum verdict v, const char *expected,
                     const char *fmt, va_list args)
{
    ret->verdict = v;
    snprintf(ret->expected, sizeof(ret->expected), "%s", expected);
    vsnprintf(ret->seen, sizeof(ret->seen), fmt, args);
    ret->note[0] = '\0';
}

void law_pass(struct story_verdict *ret, const char *expected, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    seen_set(ret, VERDICT_PASS, expected, fmt, args);
    va_end(args);
}

void law_fail(struct story_verdict *ret, const char *expected, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    seen_set(ret, VERDICT_FAIL, expected, fmt, args);
    va_end(args);
}

void law_missing(struct story_verdict *ret, const struct law_context *c, const char *expected,
                 const char *fmt, ...)
{
    bool proven = c->journals_whole && c->played_out;
    va_list args;

    va_start(args, fmt);
    seen_set(ret, proven ? VERDICT_FAIL : VERDICT_INCONCLUSIVE, expected, fmt, args);
    va_end(args);
    if (!c->played_out)
        snprintf(ret->note, sizeof(ret->note), "the run was ended before its time");
    else if (!proven)
        snprintf(ret->note, sizeof(ret->note), "the evidence is torn: %.200s", c->why_torn);
}

void law_unproven(struct story_verdict *ret, enum verdict v, const char *fmt, ...)
{
    va_list args;

    ret->verdict = v;
    va_start(args, fmt);
    vsnprintf(ret->note, sizeof(ret->note), fmt, args);
    va_end(args);
}

void law_witness(struct story_verdict *ret, const struct event *e)
{
    if (ret->n_evidence < JUDGE_EVIDENCE_MAX)
        ret->evidence[ret->n_evidence++] = e->seq;
}

/* --- questions about one event --------------------------------------------------------------- */

bool law_is_prog(const struct event *e, const char *kind)
{
    return e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway") && ev_is(e, EVF_KIND, kind);
}

bool law_is_start(const struct event *e)
{
    return law_is_prog(e, "started");
}

bool law_is_running(const struct event *e)
{
    return e->kind == EV_PAL_GATEWAY && ev_is(e, EVF_STATE, "Running");
}

bool law_is_sign(const struct event *e)
{
    return e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "gateway") && ev_int(e, EVF_STATUS) >= 100 &&
           ev_int(e, EVF_STATUS) < 500;
}

static bool is_private(const struct event *e, enum ev_field zone)
{
    return text_begins(ev_text(e, zone), "private");
}

/* The canary is the harness's own: its flow proves that the tap is awake. */
bool law_is_from_outside(const struct event *e)
{
    return e->kind == EV_FLOW_TRY && is_private(e, EVF_TO_ZONE) && !is_private(e, EVF_FROM_ZONE) &&
           !ev_is(e, EVF_FROM, "canary") && !ev_is(e, EVF_TO, "canary");
}

/* Where nothing is translated the same flow is seen on several links: only the first counts. */
bool law_is_to_palette(const struct event *e)
{
    return e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM, "gateway") && ev_is(e, EVF_TO, "palette") &&
           (!ev_has(e, EVF_FROM_ZONE) || ev_is(e, EVF_LINK, ev_text(e, EVF_FROM_ZONE)));
}

size_t law_first(const struct ev_list *journal, size_t from, bool (*is)(const struct event *e))
{
    while (from < journal->n && !is(ev_list_at(journal, from)))
        from++;
    return from;
}

ms_t law_end_of(const struct ev_list *journal)
{
    for (size_t i = journal->n; i > 0; i--)
        if (ev_list_at(journal, i - 1)->kind == EV_RUN_END)
            return ev_list_at(journal, i - 1)->t;
    return journal->n > 0 ? ev_list_at(journal, journal->n - 1)->t : 0;
}
