/* The table of laws, and what they have in common. Evidence is checked in evidence.c. */
#include "scenarios/judge/laws_private.h"

#include "lib/base/text.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/view.h"

#include <stdio.h>
#include <string.h>

const struct law laws[] = {
    {"TOP-1", LAW_NET | LAW_MAAS | LAW_PAL, law_top_1},
    {"TOP-2", LAW_MAAS | LAW_PAL, law_top_2},
    {"TOP-3", LAW_PAL, law_top_3},
    {"TOP-4", LAW_MAAS | LAW_PAL, law_top_4},
    {"TOP-5", LAW_MAAS, law_top_5},
    {"REG-1", LAW_NET | LAW_PAL, law_reg_1},
    {"REG-2", LAW_PAL, law_reg_2},
    {"REG-3", LAW_NET | LAW_PAL, law_reg_3},
    {"REG-4", LAW_NET | LAW_MAAS | LAW_PAL | LAW_OUT, law_reg_4},
    {"REG-5", LAW_MAAS | LAW_PAL, law_reg_5},
    {"REG-6", LAW_PAL | LAW_KILL, law_reg_6},
    {"CON-1", LAW_PAL, law_con_1},
    {"CON-2", LAW_NET | LAW_PAL, law_con_2},
    {"CON-3", LAW_NET, law_con_3},
    {"CON-4", LAW_NET | LAW_PAL, law_con_4},
    {"CON-5", LAW_MAAS | LAW_PAL, law_con_5},
    {"MAA-1", LAW_NET, law_maa_1},
    {"MAA-2", LAW_MAAS, law_maa_2},
    {"MAA-3", LAW_MAAS | LAW_PAL, law_maa_3},
    {"MAA-4", LAW_MAAS | LAW_PAL, law_maa_4},
    {"MAA-6", LAW_MAAS | LAW_KILL, law_maa_6},
    {"MAA-7", LAW_MAAS | LAW_PAL, law_maa_7},
    {"PRX-1", LAW_NET, law_prx_1},
    {"PRX-2", LAW_NET, law_prx_2},
    {"PRX-3", LAW_UD | LAW_NET, law_prx_3},
    {"PRX-4", LAW_UD | LAW_NET, law_prx_4},
    {"PRX-5", LAW_UD | LAW_NET, law_prx_5},
    {"PRX-6", LAW_UD | LAW_NET, law_prx_6},
    {"PRX-7", LAW_NET | LAW_UD, law_prx_7},
    {"PRX-8", LAW_NET, law_prx_8},
    {"PRX-9", LAW_UD, law_prx_9},
    {"AGT-1", LAW_UD | LAW_PAL, law_agt_1},
    {"AGT-2", LAW_NET | LAW_PAL, law_agt_2},
    {"AGT-3", LAW_PAL, law_agt_3},
    {"AGT-4", LAW_PAL, law_agt_4},
    {"AGT-5", LAW_NET, law_agt_5},
    {"AGT-6", LAW_PAL, law_agt_6},
    {"IND-1", LAW_MAAS | LAW_NET | LAW_PAL, law_ind_1},
    {"IND-2", LAW_MAAS | LAW_PAL | LAW_NET | LAW_KILL, law_ind_2},
    {"IND-3", LAW_PAL | LAW_KILL, law_ind_3},
    {"IND-4", LAW_MAAS | LAW_KILL, law_ind_4},
    {"IND-5", LAW_MAAS | LAW_PAL | LAW_KILL, law_ind_5},
    {"IND-6", LAW_MAAS | LAW_UD, law_ind_6},
    {"LIF-1", LAW_MAAS | LAW_PAL | LAW_KILL, law_lif_1},
    {"LIF-2", LAW_MAAS | LAW_PAL | LAW_KILL, law_lif_2},
    {"LIF-3", LAW_MAAS, law_lif_3},
    {"LIF-4", LAW_MAAS, law_lif_4},
    {"LIF-7", LAW_PAL, law_lif_7},
    {"LIF-8", LAW_MAAS | LAW_PAL | LAW_KILL, law_lif_8},
    {"SPG-1", LAW_PAL | LAW_MAAS, law_spg_1},
    {"SPG-2", LAW_MAAS | LAW_PAL | LAW_NET, law_spg_2},
    {"SPG-3", LAW_PAL | LAW_NET, law_spg_3},
    {"SPG-4", LAW_PAL | LAW_MAAS, law_spg_4},
    {"SPG-5", LAW_PAL, law_spg_5},
    {"SPG-6", LAW_PAL | LAW_MAAS, law_spg_6},
    {"SPG-8", LAW_MAAS | LAW_PAL | LAW_KILL, law_spg_8},
    {"SPG-9", LAW_UD | LAW_NET, law_spg_9},
};
const size_t n_laws = COUNTOF(laws);

const struct law_parameter law_parameters[BOUND_COUNT] = {
    [BOUND_SIGN] = {"sign of the link", "longest span without an answered call of the gateway",
                    MINUTES(10), 0},
    [BOUND_ACCOUNT] = {"account made", "from Running until the gateway's account exists",
                       MINUTES(10), 0},
    [BOUND_STARTS] = {"starts", "fewest starts, or thaws, that can show an identity kept", 0, 2},
    [BOUND_FLIGHT] = {"call under way",
                      "from a gateway's death until no call of it can come any more", MINUTES(2),
                      0},
    [BOUND_BEAT] = {"beat gap", "three periods of the heartbeat", MINUTES(3), 0},
    [BOUND_SHOWN] = {"death shown", "from a gateway's death until Palette shows it not Running",
                     MINUTES(20), 0},
    [BOUND_HEAL] = {"healing", "from the end of a cut until Running and a new connection",
                    MINUTES(30), 0},
    [BOUND_DIALS_MINUTE] = {"dials a minute", "most tries of the gateway at Palette in any minute",
                            0, 20},
    [BOUND_DIALS_HOUR] = {"dials an hour", "the same in any hour", 0, 300},
    [BOUND_CODES] = {"codes in 10m", "most pairing codes presented in any 10 minutes", 0, 12},
};

const char *law_channel_name(unsigned channel)
{
    static const char *const names[] = {"NET", "MAAS", "PAL", "UD", "KILL", "OUT"};

    for (size_t i = 0; i < COUNTOF(names); i++)
        if (channel == BIT(i))
            return names[i];
    WRONG("no channel");
}

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
    bool whole = c->journals_whole && (c->packets_whole || !(l->channels & LAW_NET));
    struct law_context seen = *c;

    assert(rule);
    memset(ret, 0, sizeof(*ret));
    text_copy(ret->rule, sizeof(ret->rule), l->rule);
    snprintf(ret->clause, sizeof(ret->clause), "%s", rule->clauses);
    seen.journals_whole = whole;
    l->judge(journal, &seen, ret);
    if (!whole && (ret->verdict == VERDICT_PASS || (c->blind && ret->verdict != VERDICT_FAIL)))
        law_unproven(ret, VERDICT_INCONCLUSIVE, "%s", c->why_torn);
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
    ret->absent = true;
    va_end(args);
    if (!c->played_out)
        snprintf(ret->note, sizeof(ret->note), "the run was ended before its time");
    else if (!proven)
        snprintf(ret->note, sizeof(ret->note), "%.230s", c->why_torn);
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
    return e->kind == EV_PROG &&
           (ev_is(e, EVF_WHO, "gateway") || ev_is(e, EVF_WHO, "system-gateway")) &&
           ev_is(e, EVF_KIND, kind);
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

/* A private address that somebody out there has too was meant for the one within. The canary is the
 * harness's own: its flow proves that the tap is awake. */
bool law_is_from_outside(const struct event *e)
{
    const bool inwards = is_private(e, EVF_TO_ZONE) || ev_is(e, EVF_TO, "decoy");

    return e->kind == EV_FLOW_TRY && inwards && !is_private(e, EVF_FROM_ZONE) &&
           !ev_is(e, EVF_FROM, "canary") && !ev_is(e, EVF_TO, "canary");
}

/* Where nothing is translated the same flow is seen on several links: only the first counts. */
bool law_is_to_palette(const struct event *e)
{
    return e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM, "gateway") && ev_is(e, EVF_TO, "palette") &&
           (!ev_has(e, EVF_FROM_ZONE) || ev_is(e, EVF_LINK, ev_text(e, EVF_FROM_ZONE)));
}

bool law_is_way(const struct event *e, bool opens)
{
    static const char certificate[] = "palette certificate is ", behaves[] = "proxy behaves ";
    const char *verb = ev_text(e, EVF_VERB);
    bool good;

    if (law_is_link(e, opens ? "mended" : "cut"))
        return true;
    if (e->kind != EV_ACT || !ev_is(e, EVF_FIRED, "1"))
        return false;
    if (text_begins(verb, certificate)) {
        good = text_is(verb + strlen(certificate), "good") ||
               text_is(verb + strlen(certificate), "renewed");
        return good == opens;
    }
    if (text_begins(verb, behaves))
        return text_is(verb + strlen(behaves), "honest") == opens;
    return opens ? text_is(verb, "proxy is honest") || text_is(verb, LAW_TRUSTED)
                 : text_is(verb, "proxy breaks tls");
}

bool law_is_link(const struct event *e, const char *word)
{
    return (view_is_wire(e, word) && view_is_link(e)) || view_is_palette(e, word);
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
