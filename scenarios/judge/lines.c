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
    ms_t decided;        /* when the state became final */
    uint64_t seq;        /* of the record that decided it, 0 = time did */
    struct fact fact;    /* goes on until the line is decided */
    char seen[SEEN_MAX]; /* as it was then */
};

struct lines {
    const struct script *script;
    ms_t now;
    uint64_t seq; /* of the record being fed */
    struct view view;
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
    l->n = s->n_lines;
    view_init(&l->view, s);
    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        line->say = &s->lines[i];
        line->is_act = line->say->verb->kind == VERB_ACT;
        line->opener = NO_LINE;
        if (line->say->when == WHEN_BY || line->say->when == WHEN_THEN)
            line->opener = opener_find(l, i);
        line->state = first_state(line);
        if (line->say->verb->kind == VERB_FACT)
            fact_init(&line->fact, line->say);
    }
    return l;
}

void lines_free(struct lines *l)
{
    free(l);
}

/* --- deciding -------------------------------------------------------------------------------- */

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
        fact_seen(&line->fact, &l->view, line->seen, sizeof line->seen);
}

static bool holds(const struct lines *l, const struct line *line, bool final)
{
    return fact_holds(&line->fact, &l->view, final);
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
    l->view.now = line->say->time;
    decide(l, line, holds(l, line, false) ? LINE_TRUE : LINE_FALSE);
}

/* Time leaves `now` behind: what was due until then and did not come true, will not. */
static void deadlines_pass(struct lines *l, ms_t now)
{
    size_t i;

    for (i = 0; i < l->n; i++) {
        struct line *line = &l->at[i];
        if (is_decided(line) || line->is_act || line->say->time >= now)
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

static void act_feed(struct lines *l, const struct event *e)
{
    size_t i;

    for (i = 0; i < l->n; i++)
        if (l->at[i].is_act && !is_decided(&l->at[i]) &&
            l->at[i].say->number == ev_int(e, EVF_LINE))
            decide(l, &l->at[i], ev_is(e, EVF_FIRED, "1") ? LINE_DONE : LINE_UNDONE);
}

void lines_feed(struct lines *l, const struct event *e)
{
    size_t i;

    lines_time(l, e->t);
    l->seq = e->seq;
    for (i = 0; i < l->n; i++)
        if (l->at[i].fact.row && !is_decided(&l->at[i]))
            fact_feed(&l->at[i].fact, &l->view, e);
    view_feed(&l->view, e);
    if (e->kind == EV_ACT)
        act_feed(l, e);
    settle(l);
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
        else if (when == WHEN_END || when == WHEN_PREMISE)
            decide(l, line, holds(l, line, true) ? LINE_TRUE : LINE_FALSE);
        else if ((when == WHEN_NEVER || when == WHEN_ALWAYS) && line->say->for_ms <= l->now)
            decide(l, line, LINE_TRUE);
    }
}

/* --- asking ---------------------------------------------------------------------------------- */

/* When an act that was not done yet is to be done; MS_NEVER while that is not known. */
static ms_t act_due(const struct lines *l, const struct line *line)
{
    if (!line->is_act || is_decided(line))
        return MS_NEVER;
    if (line->say->when == WHEN_AT)
        return line->say->time;
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
    if (is_decided(line))
        return MS_NEVER;
    if (line->is_act)
        return act_due(l, line);
    if (line->say->when == WHEN_AT || line->say->when == WHEN_BY)
        return line->say->time + 1; /* T itself still belongs to the line */
    return line->say->has_for && line->say->for_ms > l->now ? line->say->for_ms : MS_NEVER;
}

ms_t lines_due(const struct lines *l)
{
    ms_t due = l->script->run_ms;
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
                                                       : line->say->for_ms > l->now)
            last = line;
    }
    return last;
}

bool lines_over(const struct lines *l, const char **ret_why)
{
    const bool time = l->now >= l->script->run_ms;

    if (!time && keeps_going(l))
        return false;
    *ret_why = time ? "time" : "decided";
    return true;
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
        fact_seen(&line->fact, &l->view, out, size);
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
    const struct line *line = keeps_going(l);
    const bool timed = line && (line->say->when == WHEN_AT || line->say->when == WHEN_BY);
    char time[24] = "";

    if (!line) {
        snprintf(out, size, "nothing is left to wait for");
        return;
    }
    if (timed)
        text_duration_write(line->say->time, time, sizeof time);
    snprintf(out, size, "waiting for line %d (%s%s%s %s)", line->say->number,
             when_name(line->say->when), timed ? " " : "", time, line->say->text);
}
