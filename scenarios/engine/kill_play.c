#include "scenarios/engine/kill_play.h"

#include "lib/base/text.h"
#include "scenarios/judge/well.h"
#include "scenarios/judge/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kill_play {
    const struct stage_run *run;
    const struct kill_asker *asker;
    struct ev_list *journal;
    struct site *site;
    struct lines *lines;
    size_t fed, weighed;
    ms_t now;
    size_t kills;
    ms_t start_at; /* it comes back; MS_NEVER: it is not to */
    ms_t back;     /* when it came back last */
    ms_t calm;     /* since when all is well; MS_NEVER: it is not */
    bool lost;     /* with the power went a record, and the step it was for had been taken */
    struct well well;
    char why[WELL_WHY_MAX];
};

static void feed(struct kill_play *p)
{
    for (; p->fed < p->journal->n; p->fed++) {
        lines_feed(p->lines, ev_list_at(p->journal, p->fed));
    }
}

/* --- dying and coming back ------------------------------------------------------------------- */

/* In the middle of an instant, too; the lines hear of it when it is over. */
static void weigh(struct kill_play *p)
{
    for (; p->weighed < p->journal->n; p->weighed++)
        well_feed(&p->well, ev_list_at(p->journal, p->weighed));
}

static bool is_well(struct kill_play *p)
{
    weigh(p);
    if (!site_is_asked(p->site))
        return well_is(&p->well, p->why);
    text_copy(p->why, sizeof p->why, "the user waits for what he asked");
    return false;
}

static uint64_t place_of(struct kill_play *p, const struct site_moment *m)
{
    uint64_t hash = (uint64_t)m->phase + 1;

    weigh(p);
    for (const char *c = m->what; *c != '\0'; c++)
        hash = hash * 1099511628211u + (uint8_t)*c;
    return hash * 1099511628211u + p->well.changes;
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
    p->lost = p->lost || (how == KILL_POWER && m->phase == SITE_AFTER && m->unsynced &&
                          (m->kind == SITE_TO_MAAS || m->kind == SITE_TO_PALETTE));
    site_watch(s, on_moment, p); /* the next life counts from 1 */
    site_kill(s, how == KILL_KEEPS);
}

static void come_back(struct kill_play *p)
{
    p->start_at = MS_NEVER;
    p->back = p->now;
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
    well_init(&p->well, r->script);
    site_lose_sync(p->site, r->lose_sync);
    site_watch(p->site, on_moment, p);
    site_begin(p->site, "sim", "virtual");
    code = play(p, &why, e);
    well = is_well(p);
    site_end(p->site, code < 0 ? "harness" : why);
    if (well)
        well_laws(journal, p->why);
    if (well && p->why[0] == '\0' && p->lost)
        text_copy(p->why, sizeof p->why,
                  "GP-8: a request had left, and the record before it was lost with the power");
    *ret = (struct kill_verdict){.kills = p->kills, .balanced = well && p->why[0] == '\0'};
    if (well && p->kills > 0)
        ret->healed = (p->calm != MS_NEVER ? p->calm : p->now) - p->back;
    text_copy(ret->why, sizeof ret->why, p->why);
    lines_free(p->lines);
    site_free(p->site);
    free(p);
    return code;
}
