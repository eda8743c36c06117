/* Laws of the link and of proxies: CON-1, CON-3, PRX-2. */
#include "scenarios/judge/laws_private.h"

#include "lib/base/text.h"

#include <stdio.h>

#define SIGNAL_CONT 18 /* Linux, all architectures we run on */
#define SIGNAL_HUP  1

/* --- CON-1 ----------------------------------------------------------------------------------- */

enum pulse { PULSE_DOWN, PULSE_STARTING, PULSE_UP };

struct link {
    enum pulse pulse;
    ms_t since;               /* first sign of this life */
    ms_t watched, worst;      /* longest life, longest gap */
    const struct event *last; /* sign */
};

static bool ends_life(const struct event *e)
{
    static const char *const kinds[] = {"stopped", "exited", "hung", "flooded", "forked-away"};

    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (law_is_prog(e, kinds[i]))
            return true;
    return law_is_prog(e, "signalled") && ev_int(e, EVF_SIGNAL) != SIGNAL_CONT &&
           ev_int(e, EVF_SIGNAL) != SIGNAL_HUP;
}

/* Silence counts while the gateway lives and the way is open; how soon it heals is CON-2's. */
static bool ends_way(const struct event *e)
{
    return ends_life(e) || law_is_way(e, false);
}

static bool begins_life(const struct event *e)
{
    return law_is_start(e) || (law_is_prog(e, "signalled") && ev_int(e, EVF_SIGNAL) == SIGNAL_CONT);
}

static void measure(struct link *l, ms_t now)
{
    if (l->pulse != PULSE_UP)
        return;
    l->worst = ms_max(l->worst, now - l->last->t);
    l->watched = ms_max(l->watched, now - l->since);
}

/* Returns true when a gap before this record was too long. */
static bool follow(struct link *l, const struct event *e, bool *was_running)
{
    *was_running = *was_running || law_is_running(e);
    if (law_is_sign(e) || ends_way(e) || e->kind == EV_RUN_END)
        measure(l, e->t);
    if (l->worst > law_parameters[BOUND_SIGN].ms)
        return true;
    if (law_is_sign(e) && l->pulse != PULSE_DOWN) {
        if (l->pulse == PULSE_STARTING && *was_running) {
            l->pulse = PULSE_UP;
            l->since = e->t;
        }
        l->last = e;
    }
    if (ends_way(e))
        l->pulse = PULSE_DOWN;
    if (begins_life(e) || law_is_way(e, true))
        l->pulse = PULSE_STARTING;
    return false;
}

void law_con_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    const ms_t bound = law_parameters[BOUND_SIGN].ms;
    char expected[96], span[LAW_TIME_SIZE];
    struct link l = {.pulse = PULSE_DOWN};
    bool was_running = false;

    text_duration_write(bound, span, sizeof(span));
    snprintf(expected, sizeof(expected), "while the gateway runs a sign of it every %s", span);
    for (size_t i = 0; i < journal->n; i++) {
        if (!follow(&l, ev_list_at(journal, i), &was_running))
            continue;
        text_duration_write(l.worst, span, sizeof(span));
        law_missing(ret, c, expected, "%s of silence", span);
        law_witness(ret, l.last);
        law_witness(ret, ev_list_at(journal, i));
        return;
    }
    text_duration_write(l.worst, span, sizeof(span));
    if (!was_running)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway never became Running");
    else if (l.watched < bound)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway ran for less than the bound");
    else
        law_pass(ret, expected, "the longest silence was %s", span);
}

/* --- CON-3 ----------------------------------------------------------------------------------- */

static bool is_gateways_host(const struct event *e)
{
    return e->kind == EV_LAB_HOST && ev_is(e, EVF_WHO, "gateway");
}

static bool is_users_answer(const struct event *e)
{
    return (e->kind == EV_PAL_USER || (e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "user"))) &&
           ev_int(e, EVF_STATUS) >= 100 && ev_int(e, EVF_STATUS) < 500;
}

/* The first sign that Palette saw from one of the gateway's own addresses, or journal->n. */
static size_t first_unrewritten(const struct ev_list *journal)
{
    for (size_t h = law_first(journal, 0, is_gateways_host); h < journal->n;
         h = law_first(journal, h + 1, is_gateways_host))
        for (size_t i = law_first(journal, 0, law_is_sign); i < journal->n;
             i = law_first(journal, i + 1, law_is_sign))
            if (ev_is(ev_list_at(journal, i), EVF_PEER, ev_text(ev_list_at(journal, h), EVF_IP)))
                return i;
    return journal->n;
}

static const char *con_3_unmet(const struct ev_list *journal)
{
    if (law_first(journal, 0, law_is_to_palette) == journal->n)
        return "no connection of the gateway to Palette was seen";
    if (law_first(journal, 0, law_is_sign) == journal->n)
        return "Palette never answered the gateway";
    if (law_first(journal, 0, is_gateways_host) == journal->n)
        return "the lab does not say which address is the gateway's";
    if (law_first(journal, 0, is_users_answer) == journal->n)
        return "no user was answered";
    return NULL;
}

void law_con_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no try from outside into the private zone, behind NAT";
    size_t in = law_first(journal, 0, law_is_from_outside), same;
    const char *unmet = con_3_unmet(journal);

    (void)c;
    if (in < journal->n) {
        const struct event *e = ev_list_at(journal, in);

        law_fail(ret, expected, "%s at %s tried %s port %s", ev_text(e, EVF_FROM),
                 ev_text(e, EVF_FROM_IP), ev_text(e, EVF_TO_IP), ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (unmet) {
        law_unproven(ret, VERDICT_INCONCLUSIVE, "%s", unmet);
        return;
    }
    same = first_unrewritten(journal);
    if (same < journal->n) {
        law_unproven(ret, VERDICT_VACUOUS,
                     "Palette saw the gateway's own address: nothing was rewritten on the way");
        law_witness(ret, ev_list_at(journal, same));
        return;
    }
    law_pass(ret, expected, "none, and the source was rewritten on the way");
}

/* --- PRX-2 ----------------------------------------------------------------------------------- */

static bool is_to_proxy(const struct event *e)
{
    return e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM, "gateway") && ev_is(e, EVF_TO, "proxy");
}

void law_prx_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no proxy is set: straight to Palette, nothing to a proxy";
    struct law_told told = {.is_set = false};
    size_t straight = 0;

    (void)c;
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        law_told_take(&told, e);
        straight += !told.is_set && law_is_to_palette(e);
        if (told.is_set || !is_to_proxy(e))
            continue;
        law_fail(ret, expected, "the gateway tried the proxy at %s port %s", ev_text(e, EVF_TO_IP),
                 ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (!law_was_told(journal, false))
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway is told of a proxy");
    else if (straight == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no connection to Palette was seen");
    else
        law_pass(ret, expected, "straight to Palette only");
}
