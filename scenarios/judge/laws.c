/* The table of laws, and what they have in common. Evidence is checked in evidence.c. */
#include "scenarios/judge/laws_private.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct law laws[] = {
    {"TOP-1", LAW_NET | LAW_MAAS | LAW_PAL, law_top_1, "flow.try to=maas, pal.user"},
    {"TOP-2", LAW_MAAS | LAW_PAL, law_top_2, "pal.query, maas.call"},
    {"TOP-3", LAW_PAL, law_top_3, "pal.account, pal.register"},
    {"TOP-4", LAW_MAAS | LAW_PAL, law_top_4, "pal.work, maas.call"},
    {"TOP-5", LAW_MAAS, law_top_5, "maas.call"},
    {"REG-1", LAW_NET | LAW_PAL, law_reg_1, "flow.try from=gateway, pal.gateway"},
    {"REG-2", LAW_PAL, law_reg_2, "pal.register, pal.gateway"},
    {"REG-3", LAW_NET | LAW_PAL, law_reg_3, "flow.first from=gateway, tls.shown"},
    {"REG-4", LAW_NET | LAW_MAAS | LAW_PAL | LAW_OUT, law_reg_4, "pal.enrol, secret.hit"},
    {"REG-5", LAW_MAAS | LAW_PAL, law_reg_5, "pal.enrol"},
    {"REG-6", LAW_PAL | LAW_KILL, law_reg_6, "prog kind=started, pal.register"},
    {"CON-1", LAW_PAL, law_con_1, "pal.call who=gateway"},
    {"CON-2", LAW_NET | LAW_PAL, law_con_2, "act, flow.try from=gateway"},
    {"CON-3", LAW_NET, law_con_3, "flow.try from=gateway, flow.try from_zone=internet"},
    {"CON-4", LAW_NET | LAW_PAL, law_con_4, "pal.work, flow.try from=gateway"},
    {"CON-5", LAW_MAAS | LAW_PAL, law_con_5, "maas.call op=machines.allocate, pal.cluster"},
    {"MAA-1", LAW_NET, law_maa_1, "flow.try to=maas, proxy.connect"},
    {"MAA-2", LAW_MAAS, law_maa_2, "maas.call, pal.hello"},
    {"MAA-3", LAW_MAAS | LAW_PAL, law_maa_3,
     "maas.call op=machines.allocate, maas.call op=machines.deploy, pal.cluster"},
    {"MAA-4", LAW_MAAS | LAW_PAL, law_maa_4, "maas.call op=machines.release, pal.cluster"},
    {"MAA-6", LAW_MAAS | LAW_KILL, law_maa_6,
     "maas.call op=machines.allocate, maas.state, pal.cluster"},
    {"MAA-7", LAW_MAAS | LAW_PAL, law_maa_7, "pal.cluster, maas.state"},
    {"PRX-1", LAW_NET, law_prx_1, "proxy.connect, flow.first from=gateway"},
    {"PRX-2", LAW_NET, law_prx_2, "flow.try from=gateway"},
    {"PRX-3", LAW_UD | LAW_NET, law_prx_3, "node.boot, proxy.connect"},
    {"PRX-4", LAW_UD | LAW_NET, law_prx_4, "node.boot, flow.try to=palette"},
    {"PRX-5", LAW_UD | LAW_NET, law_prx_5, "node.boot, proxy.connect"},
    {"PRX-6", LAW_UD | LAW_NET, law_prx_6, "node.boot, proxy.connect"},
    {"PRX-7", LAW_NET | LAW_UD, law_prx_7, "node.boot, flow.try to=gateway"},
    {"PRX-8", LAW_NET, law_prx_8, "bump.cert, bump.request"},
    {"PRX-9", LAW_UD, law_prx_9, "node.boot"},
    {"AGT-1", LAW_UD | LAW_PAL, law_agt_1, "node.boot, pal.hello"},
    {"AGT-2", LAW_NET | LAW_PAL, law_agt_2, "pal.hello, pal.beat"},
    {"AGT-3", LAW_PAL, law_agt_3, "pal.beat"},
    {"AGT-4", LAW_PAL, law_agt_4, "pal.beat, pal.report"},
    {"AGT-5", LAW_NET, law_agt_5, "pal.hello, flow.try from=palette"},
    {"AGT-6", LAW_PAL, law_agt_6, "pal.hello"},
    {"IND-1", LAW_MAAS | LAW_NET | LAW_PAL, law_ind_1, "prog, pal.node, maas.call"},
    {"IND-2", LAW_MAAS | LAW_PAL | LAW_NET | LAW_KILL, law_ind_2, "prog, pal.beat, node.dial"},
    {"IND-3", LAW_PAL | LAW_KILL, law_ind_3, "prog, pal.cluster, pal.beat"},
    {"IND-4", LAW_MAAS | LAW_KILL, law_ind_4,
     "maas.call op=machines.allocate, maas.call op=machines.deploy"},
    {"IND-5", LAW_MAAS | LAW_PAL | LAW_KILL, law_ind_5, "prog, maas.call"},
    {"IND-6", LAW_MAAS | LAW_UD, law_ind_6, "maas.record, node.boot"},
    {"LIF-1", LAW_MAAS | LAW_PAL | LAW_KILL, law_lif_1, "prog, pal.cluster, maas.call"},
    {"LIF-2", LAW_MAAS | LAW_PAL | LAW_KILL, law_lif_2,
     "prog, pal.cluster, maas.call op=machines.release"},
    {"LIF-3", LAW_MAAS, law_lif_3, "maas.call op=machines.allocate, maas.call op=machines.release"},
    {"LIF-4", LAW_MAAS, law_lif_4, "maas.call op=machines.release, pal.cluster"},
    {"LIF-7", LAW_PAL, law_lif_7, "pal.hello, pal.cluster"},
    {"LIF-8", LAW_MAAS | LAW_PAL | LAW_KILL, law_lif_8, "maas.call, pal.cluster"},
    {"SPG-1", LAW_PAL | LAW_MAAS, law_spg_1, "pal.account, pal.cluster"},
    {"SPG-2", LAW_MAAS | LAW_PAL | LAW_NET, law_spg_2, "pal.gateway, maas.call"},
    {"SPG-3", LAW_PAL | LAW_NET, law_spg_3, "pal.user, flow.try from=palette"},
    {"SPG-4", LAW_PAL | LAW_MAAS, law_spg_4, "pal.account, pal.user, maas.call"},
    {"SPG-5", LAW_PAL, law_spg_5, "pal.account"},
    {"SPG-6", LAW_PAL | LAW_MAAS, law_spg_6, "pal.account, pal.cluster"},
    {"SPG-8", LAW_MAAS | LAW_PAL | LAW_KILL, law_spg_8, "prog, pal.cluster, maas.call"},
    {"SPG-9", LAW_UD | LAW_NET, law_spg_9, "node.boot, proxy.connect"},
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

/* --- what a pass looked at -------------------------------------------------------------------- */

/* "flow.first from=gateway": a kind, and perhaps a field that must be so. */
struct look {
    enum ev_kind kind;
    enum ev_field field; /* EV_FIELD_COUNT: whatever is in it */
    char value[32];
};

static struct look look_read(const char *text)
{
    struct look k = {.field = EV_FIELD_COUNT};
    char kind[32] = "", field[32] = "";

    text_next(&text, ' ', kind, sizeof(kind));
    if (text_next(&text, '=', field, sizeof(field))) {
        text_next(&text, '=', k.value, sizeof(k.value));
        k.field = ev_field_find(field);
        assert(k.field < EV_FIELD_COUNT);
    }
    k.kind = ev_kind_find(kind);
    assert(k.kind < EV_COUNT);
    return k;
}

/* The records of one look: counts all, keeps the first `room`. */
static size_t look_take(const struct ev_list *journal, const struct look *k, size_t room,
                        struct law_looked *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind != k->kind || (k->field < EV_FIELD_COUNT && !ev_is(e, k->field, k->value)))
            continue;
        if (n++ < room)
            ret->seqs[ret->n++] = e->seq;
    }
    return n;
}

static int seq_order(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

void law_looked_at(const struct law *l, const struct ev_list *journal, struct law_looked *ret)
{
    const char *cursor = l->looks;
    struct buf words SCOPED(buf_drop) = {0};
    size_t kinds = 1;
    char one[64];

    *ret = (struct law_looked){.n = 0};
    buf_init(&words, sizeof(ret->words) - 1);
    for (const char *p = l->looks; *p; p++)
        kinds += *p == ',';
    while (text_next(&cursor, ',', one, sizeof(one))) {
        const struct look k = look_read(one);
        const size_t n = look_take(journal, &k, JUDGE_EVIDENCE_MAX / kinds, ret);

        buf_printf(&words, "%s%zu %s", words.len > 0 ? ", " : "", n, one);
    }
    (void)text_copy(ret->words, sizeof(ret->words), buf_text(&words));
    qsort(ret->seqs, ret->n, sizeof(ret->seqs[0]), seq_order);
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
