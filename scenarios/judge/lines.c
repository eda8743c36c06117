#include "scenarios/judge/lines.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/judge/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_LINE  SIZE_MAX
#define SEEN_MAX 200

struct line {
    const struct script_line *say;
    enum line_state state;
    bool is_act;
    size_t opener;       /* by: the at or then above. then: the by above. NO_LINE: none */
    ms_t reached;        /* its point was; MS_NEVER */
    int64_t points;      /* such operations before the story began */
    ms_t decided;        /* when the state became final */
    uint64_t seq;        /* of the record that decided it, 0 = time did */
    struct fact fact;    /* goes on until the line is decided */
    struct fact other;   /* behind `or`; without a row when there is none */
    char seen[SEEN_MAX]; /* as it was then */
};

struct lines {
    const struct script *script;
    ms_t now;
    ms_t origin;  /* when the story began, MS_NEVER: not yet */
    uint64_t seq; /* of the record being fed */
    struct view view;
    bool prelude_done[SCRIPT_PRELUDE_MAX];
    bool prelude_failed;
    size_t n;
    struct line at[SCRIPT_LINES_MAX];
};

/* --- life ------------------------------------------------------------------------------------ */

static size_t opener_find(const struct lines *l, size_t i)
{
    const enum when when = l->at[i].say->when;

    while (i-- > 0) {
        const enum when above = l->at[i].say->when;
        if (when == WHEN_THEN ? above == WHEN_BY : above == WHEN_AT || above == WHEN_THEN)
            return i;
    }
    return NO_LINE;
}

static enum line_state first_state(const struct line *line)
{
    switch (line->say->when) {
    case WHEN_SITE:
        return LINE_DONE;
    case WHEN_AT:
    case WHEN_THEN:
        return LINE_WAITING;
    case WHEN_BY:
        return line->opener == NO_LINE ? LINE_OPEN : LINE_WAITING;
    case WHEN_NEVER:
    case WHEN_ALWAYS:
    case WHEN_END:
    case WHEN_PREMISE:
        return LINE_OPEN;
    case WHEN_COUNT:
        break;
    }
    WRONG("a line without a when");
}

struct lines *lines_new(const struct script *s)
{
    struct lines *l = calloc(1, sizeof *l);
    size_t i;

    if (!l)
        WRONG("no memory");
    l->script = s;
    l->origin = s->n_prelude > 0 ? MS_NEVER : 0;
    l->n = s->n_lines;
    view_init(&l->view, s);
    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        line->say = &s->lines[i];
        line->reached = MS_NEVER;
        line->is_act = line->say->verb->kind == VERB_ACT;
        line->opener = NO_LINE;
        if (line->say->when == WHEN_BY || line->say->when == WHEN_THEN)
            line->opener = opener_find(l, i);
        line->state = first_state(line);
        if (line->say->verb->kind == VERB_FACT)
            fact_init(&line->fact, line->say);
        if (line->say->or_next > 0)
            fact_init(&line->other, &s->ors[line->say->or_next - 1]);
    }
    return l;
}

void lines_free(struct lines *l)
{
    free(l);
}

/* --- deciding -------------------------------------------------------------------------------- */

static void line_seen(const struct lines *l, const struct line *line, char *out, size_t size)
{
    size_t len;

    fact_seen(&line->fact, &l->view, out, size);
    len = strlen(out);
    if (!line->other.row || len + sizeof "; " >= size)
        return;
    memcpy(out + len, "; ", sizeof "; ");
    fact_seen(&line->other, &l->view, out + len + 2, size - len - 2);
}

static bool is_decided(const struct line *line)
{
    return line->state != LINE_WAITING && line->state != LINE_OPEN;
}

static void decide(struct lines *l, struct line *line, enum line_state state)
{
    line->state = state;
    line->decided = l->now;
    line->seq = l->seq;
    if (line->is_act)
        snprintf(line->seen, sizeof line->seen, state == LINE_DONE ? "done" : "not done");
    else if (state == LINE_UNDONE)
        snprintf(line->seen, sizeof line->seen, "its moment never came");
    else
        line_seen(l, line, line->seen, sizeof line->seen);
}

static bool holds(const struct lines *l, const struct line *line, bool final)
{
    return fact_holds(&line->fact, &l->view, final) ||
           (line->other.row && fact_holds(&line->other, &l->view, final));
}

/* The instant of an at or by, on the run's clock; only once the story has begun. */
static ms_t instant(const struct lines *l, const struct line *line)
{
    return l->origin + line->say->time;
}

static bool has_begun(const struct lines *l)
{
    return l->origin != MS_NEVER;
}

/* A line that waits for one above it: it opens, or its moment never comes. */
static void waiting_settle(struct lines *l, struct line *line)
{
    const struct line *opener = line->opener == NO_LINE ? NULL : &l->at[line->opener];

    if (!opener || !is_decided(opener))
        return;
    if (line->say->when == WHEN_BY) {
        if (opener->state == LINE_UNDONE)
            decide(l, line, LINE_UNDONE);
        else
            line->state = LINE_OPEN;
    } else if (line->say->when == WHEN_THEN && opener->state != LINE_TRUE) {
        decide(l, line, LINE_UNDONE);
    }
}

static void open_settle(struct lines *l, struct line *line)
{
    const enum when when = line->say->when;

    if (when == WHEN_BY && holds(l, line, false))
        decide(l, line, LINE_TRUE);
    else if (when == WHEN_NEVER && holds(l, line, false))
        decide(l, line, LINE_FALSE);
    else if (when == WHEN_ALWAYS && !holds(l, line, false))
        decide(l, line, LINE_FALSE);
}

/* Lines wait only for lines above them, so one pass in order settles all. */
static void settle(struct lines *l)
{
    size_t i;

    if (!has_begun(l))
        return;
    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        if (line->state == LINE_WAITING)
            waiting_settle(l, line);
        if (line->state == LINE_OPEN)
            open_settle(l, line);
    }
}

/* `at T fact` with the state as it is now, which is the state at T: nothing came in between. */
static void instant_judge(struct lines *l, struct line *line)
{
    l->view.now = instant(l, line);
    decide(l, line, holds(l, line, false) ? LINE_TRUE : LINE_FALSE);
}

/* Time leaves `now` behind: what was due until then and did not come true, will not. */
static void deadlines_pass(struct lines *l, ms_t now)
{
    size_t i;

    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        if (is_decided(line) || line->is_act || !has_begun(l) || instant(l, line) >= now)
            continue;
        if (line->say->when == WHEN_AT)
            instant_judge(l, line);
        else if (line->say->when == WHEN_BY)
            decide(l, line, line->state == LINE_OPEN ? LINE_FALSE : LINE_UNDONE);
    }
}

void lines_time(struct lines *l, ms_t now)
{
    if (now <= l->now)
        return;
    l->seq = 0;
    deadlines_pass(l, now);
    l->now = l->view.now = now;
    settle(l);
}

/* --- the prelude ----------------------------------------------------------------------------- */

static bool serves(const struct view_gateway *gateway, const struct view *v)
{
    for (size_t i = 0; text_is(gateway->state, "Running") && i < v->n_accounts; i++)
        if (!v->accounts[i].deleted && text_is(v->accounts[i].bound_to, gateway->uid))
            return true;
    return false;
}

static bool gateway_serves(const struct view *v)
{
    for (size_t i = 0; i < v->n_gateways; i++)
        if (serves(&v->gateways[i], v))
            return true;
    return false;
}

static bool system_runs(const struct view *v)
{
    for (size_t i = 0; i < v->n_gateways; i++)
        if (v->gateways[i].is_system && text_is(v->gateways[i].state, "Running"))
            return true;
    return false;
}

/* Whether what the prelude's act is for has come. */
static bool prelude_came(const struct lines *l, size_t i)
{
    const struct script_line *act = &l->script->prelude[i];
    const struct view_cluster *c;

    if (!l->prelude_done[i])
        return false;
    if (text_is(act->verb->id, "system.act"))
        return system_runs(&l->view);
    if (!text_is(act->verb->id, "user.creates-cluster"))
        return true;
    c = view_cluster(&l->view, act->args[0]);
    return c && text_is(c->state, "Running");
}

static bool prelude_over(const struct lines *l)
{
    for (size_t i = 0; i < l->script->n_prelude; i++)
        if (!prelude_came(l, i))
            return false;
    return true;
}

static bool may_begin(const struct lines *l, const struct script_line *act)
{
    if (text_is(act->verb->id, "user.creates-cluster"))
        return gateway_serves(&l->view);
    return !text_begins(act->verb->id, "user.") || system_runs(&l->view);
}

static const struct script_line *prelude_act(const struct lines *l)
{
    size_t i;

    for (i = 0; i < l->script->n_prelude && !l->prelude_failed; i++)
        if (!l->prelude_done[i])
            return may_begin(l, &l->script->prelude[i]) ? &l->script->prelude[i] : NULL;
    return NULL;
}

static void prelude_feed(struct lines *l, const struct event *e)
{
    const int64_t i = ev_int(e, EVF_LINE) - SCRIPT_PRELUDE_FIRST;

    if (e->kind == EV_ACT && i >= 0 && i < (int64_t)l->script->n_prelude) {
        l->prelude_done[i] = true;
        l->prelude_failed = l->prelude_failed || !ev_is(e, EVF_FIRED, "1");
    }
    if (!has_begun(l) && prelude_over(l))
        l->origin = e->t;
}

/* --- records --------------------------------------------------------------------------------- */

static void act_feed(struct lines *l, const struct event *e)
{
    size_t i;

    for (i = 0; i < l->n; i++)
        if (l->at[i].is_act && !is_decided(&l->at[i]) &&
            l->at[i].say->number == ev_int(e, EVF_LINE))
            decide(l, &l->at[i], ev_is(e, EVF_FIRED, "1") ? LINE_DONE : LINE_UNDONE);
}

/* The operation's number counts from the run's beginning, the line's from the story's. */
static void point_feed(struct lines *l, const struct event *e)
{
    const int64_t count = ev_int(e, EVF_COUNT);
    size_t i;

    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        const struct script_point *p = &line->say->point;
        if (!line->say->has_point || !ev_is(e, EVF_OP, p->op))
            continue;
        if (!has_begun(l))
            line->points = line->points > count ? line->points : count;
        else if (line->reached == MS_NEVER && count - line->points == p->count &&
                 ev_is(e, EVF_PHASE, p->phase))
            line->reached = e->t;
    }
}

static void facts_feed(struct lines *l, const struct event *e)
{
    size_t i;

    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        if (!line->fact.row || is_decided(line))
            continue;
        fact_feed(&line->fact, &l->view, e, has_begun(l));
        if (line->other.row)
            fact_feed(&line->other, &l->view, e, has_begun(l));
    }
}

void lines_feed(struct lines *l, const struct event *e)
{
    lines_time(l, e->t);
    l->seq = e->seq;
    facts_feed(l, e);
    view_feed(&l->view, e);
    if (e->kind == EV_ACT)
        act_feed(l, e);
    if (e->kind == EV_POINT)
        point_feed(l, e);
    if (l->script->n_prelude > 0)
        prelude_feed(l, e);
    settle(l);
}

/* Whether a never or always that was not broken is true at the end. */
static bool lasted(const struct lines *l, const struct line *line)
{
    if (!has_begun(l) || l->origin + line->say->for_ms > l->now)
        return false;
    return line->say->when == WHEN_NEVER || holds(l, line, true);
}

void lines_end(struct lines *l)
{
    size_t i;

    l->seq = 0;
    deadlines_pass(l, l->now + 1);
    l->view.now = l->now;
    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        const enum when when = line->say->when;
        if (is_decided(line))
            continue;
        if (line->is_act)
            decide(l, line, LINE_UNDONE);
        else if (when == WHEN_PREMISE || (when == WHEN_END && has_begun(l)))
            decide(l, line, has_begun(l) && holds(l, line, true) ? LINE_TRUE : LINE_FALSE);
        else if ((when == WHEN_NEVER || when == WHEN_ALWAYS) && lasted(l, line))
            decide(l, line, LINE_TRUE);
    }
}

/* --- asking ---------------------------------------------------------------------------------- */

/* When an act that was not done yet is to be done; MS_NEVER while that is not known. */
static ms_t act_due(const struct lines *l, const struct line *line)
{
    if (!line->is_act || is_decided(line) || !has_begun(l))
        return MS_NEVER;
    if (line->say->has_point)
        return line->reached == MS_NEVER ? MS_NEVER : line->reached + line->say->time;
    if (line->say->when == WHEN_AT)
        return instant(l, line);
    assert(line->opener != NO_LINE);
    if (l->at[line->opener].state != LINE_TRUE)
        return MS_NEVER;
    return l->at[line->opener].decided + line->say->time;
}

const struct script_line *lines_act(const struct lines *l)
{
    const struct script_line *first = NULL;
    ms_t first_due = MS_NEVER;
    size_t i;

    if (!has_begun(l))
        return prelude_act(l);
    for (i = 0; i < l->n; i++) {
        const ms_t due = act_due(l, &l->at[i]);
        if (due <= l->now && due < first_due) {
            first = l->at[i].say;
            first_due = due;
        }
    }
    return first;
}

static ms_t line_due(const struct lines *l, const struct line *line)
{
    if (is_decided(line) || !has_begun(l))
        return MS_NEVER;
    if (line->is_act)
        return act_due(l, line);
    if (line->say->when == WHEN_AT || line->say->when == WHEN_BY)
        return instant(l, line) + 1; /* T itself still belongs to the line */
    return line->say->has_for && l->origin + line->say->for_ms > l->now
               ? l->origin + line->say->for_ms
               : MS_NEVER;
}

/* When the run is over, come what may. */
static ms_t end_due(const struct lines *l)
{
    return has_begun(l) ? l->origin + l->script->run_ms : LINES_PRELUDE_MAX;
}

ms_t lines_due(const struct lines *l)
{
    ms_t due = prelude_act(l) && !has_begun(l) ? l->now : end_due(l);
    size_t i;

    for (i = 0; i < l->n; i++)
        due = ms_min(due, line_due(l, &l->at[i]));
    return due;
}

/* The first line that keeps the run going, or NULL. */
static const struct line *keeps_going(const struct lines *l)
{
    const struct line *last = NULL;
    size_t i;

    for (i = 0; i < l->n; i++) {
        const struct line *line = &l->at[i];
        const enum when when = line->say->when;
        if (is_decided(line))
            continue;
        if (when == WHEN_AT || when == WHEN_BY || when == WHEN_THEN)
            return line;
        if (last)
            continue;
        if ((when == WHEN_END || when == WHEN_PREMISE) ? !holds(l, line, false)
                                                       : l->origin + line->say->for_ms > l->now)
            last = line;
    }
    return last;
}

bool lines_over(const struct lines *l, const char **ret_why)
{
    const bool time = l->now >= end_due(l);

    if (!time && (!has_begun(l) || keeps_going(l)))
        return false;
    *ret_why = time ? "time" : "decided";
    return true;
}

ms_t lines_origin(const struct lines *l)
{
    return l->origin;
}

enum line_state lines_state(const struct lines *l, size_t i)
{
    assert(i < l->n);
    return l->at[i].state;
}

void lines_seen(const struct lines *l, size_t i, char *out, size_t size,
                uint64_t evidence[JUDGE_EVIDENCE_MAX], size_t *ret_n)
{
    const struct line *line = &l->at[i];

    assert(i < l->n);
    *ret_n = 0;
    if (is_decided(line))
        snprintf(out, size, "%s", line->seen);
    else if (line->fact.row)
        line_seen(l, line, out, size);
    else
        snprintf(out, size, "not yet");
    if (line->fact.row && line->state != LINE_UNDONE) {
        *ret_n = line->fact.n_evidence;
        memcpy(evidence, line->fact.evidence, sizeof line->fact.evidence);
    }
    if (*ret_n == 0 && line->seq > 0) {
        evidence[0] = line->seq;
        *ret_n = 1;
    }
}

void lines_progress(const struct lines *l, char *out, size_t size)
{
    const struct line *line = has_begun(l) ? keeps_going(l) : NULL;
    const bool timed =
        line && !line->say->has_point && (line->say->when == WHEN_AT || line->say->when == WHEN_BY);
    char time[24] = "";

    if (!line) {
        snprintf(out, size,
                 has_begun(l) ? "nothing is left to wait for"
                              : "waiting for the clusters that the story begins with");
        return;
    }
    if (timed)
        text_duration_write(line->say->time, time, sizeof time);
    snprintf(out, size, "waiting for line %d (%s%s%s %s)", line->say->number,
             when_name(line->say->when), timed ? " " : "", time, line->say->text);
}
