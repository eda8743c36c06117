#include "scenarios/engine/kill_play.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/ledger.h"
#include "scenarios/judge/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WISHES_MAX 16

struct wanted { /* a cluster, as the user wants it */
    char name[64];
    int64_t nodes; /* 0: given back */
};

struct kill_play {
    const struct stage_run *run;
    const struct kill_asker *asker;
    struct ev_list *journal;
    struct site *site;
    struct lines *lines;
    size_t fed, weighed;
    uint64_t changes; /* records that tell of one, so far */
    ms_t now;
    size_t kills;
    ms_t start_at; /* it comes back; MS_NEVER: it is not to */
    ms_t back;     /* when it came back last */
    ms_t calm;     /* since when all is well; MS_NEVER: it is not */
    bool running, beaten, fed_work;
    size_t n_wanted;
    struct wanted wanted[WISHES_MAX];
    struct ledger ledger;
    char why[KILL_WHY_MAX];
};

/* --- what the journal tells ------------------------------------------------------------------ */

static void gateway_feed(struct kill_play *p, const struct event *e)
{
    const bool answered =
        e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "gateway") && ev_int(e, EVF_STATUS) < 300;

    if (e->kind == EV_PAL_GATEWAY)
        p->running = ev_is(e, EVF_STATE, "Running");
    if (answered && ev_is(e, EVF_OP, "beat"))
        p->beaten = true;
    if (answered && ev_is(e, EVF_OP, "feed"))
        p->fed_work = true;
}

static void feed(struct kill_play *p)
{
    for (; p->fed < p->journal->n; p->fed++) {
        const struct event *e = ev_list_at(p->journal, p->fed);

        lines_feed(p->lines, e);
        ledger_feed(&p->ledger, e);
        gateway_feed(p, e);
    }
}

/* --- what the user wants --------------------------------------------------------------------- */

static void want(struct kill_play *p, const char *name, int64_t nodes)
{
    size_t i = 0;

    while (i < p->n_wanted && !text_is(p->wanted[i].name, name))
        i++;
    assert(i < WISHES_MAX);
    if (i == p->n_wanted)
        text_copy(p->wanted[p->n_wanted++].name, sizeof p->wanted[0].name, name);
    p->wanted[i].nodes = nodes;
}

static void want_act(struct kill_play *p, const struct script_line *act)
{
    int64_t nodes = 0;

    if (text_is(act->verb->id, "user.deletes-cluster"))
        want(p, act->args[0], 0);
    else if ((text_is(act->verb->id, "user.creates-cluster") ||
              text_is(act->verb->id, "user.scales-cluster")) &&
             text_int(act->args[1], 1, INT32_MAX, &nodes))
        want(p, act->args[0], nodes);
}

/* A cluster that was given back before anybody saw it is in no ledger. */
static bool cluster_is_well(struct kill_play *p, const struct wanted *w)
{
    const struct ledger_cluster *c = ledger_cluster(&p->ledger, w->name);
    const int64_t held = ledger_held(&p->ledger, w->name);
    const char *state = c == NULL ? "not there" : c->state;

    if (held == w->nodes &&
        (w->nodes > 0 ? text_is(state, "Running") : c == NULL || text_is(state, "Deleted")))
        return true;
    snprintf(p->why, sizeof p->why, "%.40s is %.40s and holds %lld machines, wanted %lld", w->name,
             state, (long long)held, (long long)w->nodes);
    return false;
}

static bool clusters_are_well(struct kill_play *p)
{
    int64_t all = 0;
    const int64_t held = ledger_held(&p->ledger, NULL);

    for (size_t i = 0; i < p->n_wanted; i++) {
        if (!cluster_is_well(p, &p->wanted[i]))
            return false;
        all += p->wanted[i].nodes;
    }
    if (held != all)
        snprintf(p->why, sizeof p->why, "%lld machines are held, wanted %lld", (long long)held,
                 (long long)all);
    return held == all;
}

static bool gateway_is_well(struct kill_play *p)
{
    const char *lacks = !site_alive(p->site) ? "is not running"
                        : !p->beaten         ? "has not beaten since it came back"
                        : !p->fed_work       ? "has not asked for work since it came back"
                        : !p->running        ? "is not shown Running"
                                             : NULL;

    if (lacks != NULL)
        snprintf(p->why, sizeof p->why, "the gateway %s", lacks);
    return lacks == NULL;
}

static bool is_well(struct kill_play *p)
{
    char text[256];
    const char *wrong = ledger_wrong(&p->ledger, text, sizeof text);

    p->why[0] = '\0';
    if (wrong != NULL)
        snprintf(p->why, sizeof p->why, "the machine ledger: %s", wrong);
    else if (site_is_asked(p->site))
        snprintf(p->why, sizeof p->why, "the user waits for what he asked");
    return p->why[0] == '\0' && gateway_is_well(p) && clusters_are_well(p);
}

/* --- the laws -------------------------------------------------------------------------------- */

static void verdict_add(struct buf *out, const struct story_verdict *v)
{
    if (v->verdict == VERDICT_FAIL)
        buf_printf(out, "%s%s (%s): %s", out->len > 0 ? "; " : "", v->rule, v->clause, v->seen);
}

/* The run ends when all is well and not when the story does: what is missing may be missing. */
static void laws_look(struct kill_play *p)
{
    SCOPED(buf_drop) struct buf out = {0};
    struct law_context context;
    struct story_verdict v;
    char torn[256];

    buf_init(&out, KIB(64));
    evidence_check(p->journal, &context, torn, sizeof torn);
    context.played_out = false;
    context.why_torn = torn;
    for (size_t i = 0; i < n_laws; i++) {
        law_judge(&laws[i], p->journal, &context, &v);
        verdict_add(&out, &v);
    }
    if (law_launch(p->journal, &v))
        verdict_add(&out, &v);
    text_copy_len(p->why, sizeof p->why, buf_text(&out),
                  (size_t)ms_min((ms_t)out.len, KILL_WHY_MAX - 1));
}

/* --- dying and coming back ------------------------------------------------------------------- */

/* Reads, beats, and what only keeps the link alive change nothing that a restart would meet. */
static bool is_change(const struct event *e)
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

static uint64_t place_of(struct kill_play *p, const struct site_moment *m)
{
    uint64_t hash = (uint64_t)m->phase + 1;

    for (; p->weighed < p->journal->n; p->weighed++)
        p->changes += is_change(ev_list_at(p->journal, p->weighed));
    for (const char *c = m->what; *c != '\0'; c++)
        hash = hash * 1099511628211u + (uint8_t)*c;
    return hash * 1099511628211u + p->changes;
}

/* In the middle of an instant: the effects that were to come are dropped with the core. */
static void on_moment(void *arg, struct site *s, const struct site_moment *m)
{
    struct kill_play *p = arg;
    ms_t down_ms = 0;
    const struct kill_moment moment = {
        .at = m, .depth = p->kills, .place = place_of(p, m), .site = s};
    const enum kill_how how = p->asker->ask(p->asker->arg, &moment, &down_ms);

    if (how == KILL_LIVES)
        return;
    assert(p->kills < KILL_DEPTH_MAX);
    p->kills++;
    p->start_at = p->now + down_ms;
    p->calm = MS_NEVER;
    site_watch(s, on_moment, p); /* the next life counts from 1 */
    site_kill(s, how == KILL_KEEPS);
}

static void come_back(struct kill_play *p)
{
    p->start_at = MS_NEVER;
    p->back = p->now;
    p->beaten = p->fed_work = false;
    if (!site_alive(p->site)) /* else the story started it */
        site_start(p->site);
}

/* After a kill the story's own end is not the run's. */
static bool is_over(struct kill_play *p, const char **ret_why)
{
    if (p->kills == 0)
        return lines_over(p->lines, ret_why);
    *ret_why = "decided";
    if (p->start_at != MS_NEVER || !is_well(p))
        p->calm = MS_NEVER;
    else if (p->calm == MS_NEVER)
        p->calm = p->now;
    if (p->calm != MS_NEVER)
        return p->now - p->calm >= KILL_CALM_MS;
    return p->start_at == MS_NEVER && p->now - p->back >= KILL_HEAL_MAX;
}

static ms_t later(ms_t at, ms_t now)
{
    return at > now ? at : MS_NEVER;
}

static ms_t next(const struct kill_play *p)
{
    ms_t at = site_due(p->site);

    if (p->kills == 0)
        return ms_max(p->now, ms_min(at, lines_due(p->lines)));
    at = ms_min(at, ms_min(p->start_at, later(lines_due(p->lines), p->now)));
    if (p->calm != MS_NEVER)
        at = ms_min(at, p->calm + KILL_CALM_MS);
    else if (p->start_at == MS_NEVER)
        at = ms_min(at, p->back + KILL_HEAL_MAX);
    return ms_max(p->now, at);
}

/* An act is due in the very instant in which all is well. */
static bool is_as_ever(struct kill_play *p)
{
    return p->kills > 0 && p->start_at == MS_NEVER && lines_act(p->lines) != NULL && is_well(p);
}

static int acts(struct kill_play *p, struct err *e)
{
    const struct script_line *act;

    while ((act = lines_act(p->lines)) != NULL) {
        if (!site_act(p->site, act))
            return err_set(e, -ENOTSUP, "%s:%d: stage sim has no act for \"%s\"",
                           p->run->script->name, act->number, act->text);
        want_act(p, act);
        feed(p);
    }
    return 0;
}

static int play(struct kill_play *p, const char **ret_why, struct err *e)
{
    for (;;) {
        int code;

        feed(p);
        lines_time(p->lines, p->now);
        if (is_as_ever(p))
            return 0;
        code = acts(p, e);
        if (code < 0 || is_over(p, ret_why))
            return code;
        p->now = next(p);
        site_run_to(p->site, p->now);
        if (p->start_at <= p->now)
            come_back(p);
    }
}

int kill_play(const struct stage_run *r, const struct kill_asker *asker, struct ev_list *journal,
              struct kill_verdict *ret, struct err *e)
{
    struct kill_play *p = calloc(1, sizeof *p);
    const char *why = "decided";
    bool well;
    int code;

    if (p == NULL)
        WRONG("out of memory");
    *p = (struct kill_play){.run = r,
                            .asker = asker,
                            .journal = journal,
                            .site = site_new(r->lab, r->script, r->seed, journal),
                            .lines = lines_new(r->script),
                            .start_at = MS_NEVER,
                            .calm = MS_NEVER};
    site_lose_sync(p->site, r->lose_sync);
    site_watch(p->site, on_moment, p);
    site_begin(p->site, "sim", "virtual");
    code = play(p, &why, e);
    well = is_well(p);
    site_end(p->site, code < 0 ? "harness" : why);
    if (well)
        laws_look(p);
    *ret = (struct kill_verdict){.kills = p->kills, .balanced = well && p->why[0] == '\0'};
    if (well && p->kills > 0)
        ret->healed = (p->calm != MS_NEVER ? p->calm : p->now) - p->back;
    text_copy(ret->why, sizeof ret->why, p->why);
    lines_free(p->lines);
    site_free(p->site);
    free(p);
    return code;
}
