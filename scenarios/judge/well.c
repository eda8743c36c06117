#include "scenarios/judge/well.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/judge/laws.h"

#include <stdio.h>
#include <string.h>

#define SIGNAL_KILL 9
#define SIGNAL_STOP 19
#define SIGNAL_CONT 18

void well_init(struct well *w, const struct script *s)
{
    *w = (struct well){.script = s};
}

/* --- what the journal tells ------------------------------------------------------------------ */

static void prog_feed(struct well *w, const struct event *e)
{
    const int64_t signal = ev_is(e, EVF_KIND, "signalled") ? ev_int(e, EVF_SIGNAL) : 0;

    if (e->kind != EV_PROG || !ev_is(e, EVF_WHO, "gateway"))
        return;
    if (ev_is(e, EVF_KIND, "started"))
        w->beaten = w->fed = false;
    if (ev_is(e, EVF_KIND, "started") || signal == SIGNAL_CONT)
        w->runs = true;
    if (ev_is(e, EVF_KIND, "exited") || signal == SIGNAL_KILL || signal == SIGNAL_STOP)
        w->runs = false;
}

static void gateway_feed(struct well *w, const struct event *e)
{
    const bool answered =
        e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "gateway") && ev_int(e, EVF_STATUS) < 300;

    if (e->kind == EV_PAL_GATEWAY)
        w->running = ev_is(e, EVF_STATE, "Running");
    w->beaten = w->beaten || (answered && ev_is(e, EVF_OP, "beat"));
    w->fed = w->fed || (answered && ev_is(e, EVF_OP, "feed"));
}

/* --- what the user wants --------------------------------------------------------------------- */

static void want(struct well *w, const char *name, int64_t nodes)
{
    size_t i = 0;

    while (i < w->n_wanted && !text_is(w->wanted[i].name, name))
        i++;
    assert(i < WELL_CLUSTERS_MAX);
    if (i == w->n_wanted)
        text_copy(w->wanted[w->n_wanted++].name, sizeof w->wanted[0].name, name);
    w->wanted[i].nodes = nodes;
}

static const struct script_line *line_find(const struct script *s, int64_t number)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if (s->lines[i].number == number)
            return &s->lines[i];
    number -= SCRIPT_PRELUDE_FIRST;
    return number >= 0 && number < (int64_t)s->n_prelude ? &s->prelude[number] : NULL;
}

static void act_feed(struct well *w, const struct event *e)
{
    const struct script_line *act =
        e->kind == EV_ACT ? line_find(w->script, ev_int(e, EVF_LINE)) : NULL;
    int64_t nodes = 0;

    if (act == NULL || act->verb == NULL || !ev_is(e, EVF_FIRED, "1"))
        return;
    if (text_is(act->verb->id, "user.deletes-cluster"))
        want(w, act->args[0], 0);
    else if ((text_is(act->verb->id, "user.creates-cluster") ||
              text_is(act->verb->id, "user.scales-cluster")) &&
             text_int(act->args[1], 1, INT32_MAX, &nodes))
        want(w, act->args[0], nodes);
}

/* Reads, beats, and what only keeps the link alive change nothing that a restart would meet. */
bool well_is_change(const struct event *e)
{
    static const enum ev_kind always[] = {EV_ACT,        EV_PROG,        EV_FAULT,
                                          EV_MAAS_STATE, EV_MAAS_MARK,   EV_PAL_CLUSTER,
                                          EV_PAL_OWNER,  EV_PAL_GATEWAY, EV_PAL_WORK};
    static const char *const quiet[] = {"beat", "renew", "feed"};

    for (size_t i = 0; i < COUNTOF(always); i++)
        if (e->kind == always[i])
            return true;
    for (size_t i = 0; i < COUNTOF(quiet); i++)
        if (e->kind == EV_PAL_CALL && ev_is(e, EVF_OP, quiet[i]))
            return false;
    return (e->kind == EV_MAAS_CALL || e->kind == EV_PAL_CALL) && !ev_is(e, EVF_METHOD, "GET");
}

void well_feed(struct well *w, const struct event *e)
{
    ledger_feed(&w->ledger, e);
    prog_feed(w, e);
    gateway_feed(w, e);
    act_feed(w, e);
    w->changes += well_is_change(e);
}

/* --- is it ----------------------------------------------------------------------------------- */

/* A cluster that was given back before anybody saw it is in no ledger. */
static bool cluster_is_well(const struct well *w, const struct wanted *x, char why[WELL_WHY_MAX])
{
    const struct ledger_cluster *c = ledger_cluster(&w->ledger, x->name);
    const int64_t held = ledger_held(&w->ledger, x->name);
    const char *state = c == NULL ? "not there" : c->state;

    if (held == x->nodes &&
        (x->nodes > 0 ? text_is(state, "Running") : c == NULL || text_is(state, "Deleted")))
        return true;
    snprintf(why, WELL_WHY_MAX, "%.40s is %.40s and holds %lld machines, wanted %lld", x->name,
             state, (long long)held, (long long)x->nodes);
    return false;
}

static bool clusters_are_well(const struct well *w, char why[WELL_WHY_MAX])
{
    const int64_t held = ledger_held(&w->ledger, NULL);
    int64_t all = 0;

    for (size_t i = 0; i < w->n_wanted; i++) {
        if (!cluster_is_well(w, &w->wanted[i], why))
            return false;
        all += w->wanted[i].nodes;
    }
    if (held != all)
        snprintf(why, WELL_WHY_MAX, "%lld machines are held, wanted %lld", (long long)held,
                 (long long)all);
    return held == all;
}

static bool gateway_is_well(const struct well *w, char why[WELL_WHY_MAX])
{
    const char *lacks = !w->runs      ? "is not running"
                        : !w->beaten  ? "has not beaten since it started"
                        : !w->fed     ? "has not asked for work since it started"
                        : !w->running ? "is not shown Running"
                                      : NULL;

    if (lacks != NULL)
        snprintf(why, WELL_WHY_MAX, "the gateway %s", lacks);
    return lacks == NULL;
}

bool well_is(const struct well *w, char why[WELL_WHY_MAX])
{
    char text[256];
    const char *wrong = ledger_wrong(&w->ledger, text, sizeof text);

    why[0] = '\0';
    if (wrong != NULL)
        snprintf(why, WELL_WHY_MAX, "the machine ledger: %s", wrong);
    return wrong == NULL && gateway_is_well(w, why) && clusters_are_well(w, why);
}

/* --- the laws -------------------------------------------------------------------------------- */

static void verdict_add(struct buf *out, const struct story_verdict *v)
{
    if (v->verdict == VERDICT_FAIL)
        buf_printf(out, "%s%s (%s): %s", out->len > 0 ? "; " : "", v->rule, v->clause, v->seen);
}

/* The run ends when all is well and not when the story does: what is missing may be missing. */
void well_laws(const struct ev_list *journal, char why[WELL_WHY_MAX])
{
    SCOPED(buf_drop) struct buf out = {0};
    struct law_context context;
    struct story_verdict v;
    char torn[256];

    buf_init(&out, KIB(64));
    evidence_check(journal, &context, torn, sizeof torn);
    context.played_out = false;
    context.why_torn = torn;
    for (size_t i = 0; i < n_laws; i++) {
        law_judge(&laws[i], journal, &context, &v);
        verdict_add(&out, &v);
    }
    if (law_launch(journal, &v))
        verdict_add(&out, &v);
    text_copy_len(why, WELL_WHY_MAX, buf_text(&out),
                  (size_t)ms_min((ms_t)out.len, WELL_WHY_MAX - 1));
}
