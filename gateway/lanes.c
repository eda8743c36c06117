/* Lanes: which step of a cluster is next, sending it, and what its answer means. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static struct gw_cluster *cluster_of(const struct gw *g, size_t i)
{
    return g->clusters[(i - GW_AT_CLUSTERS) / GW_LANES];
}

static struct gw_lane *lane_of(const struct gw *g, size_t i)
{
    return &cluster_of(g, i)->lanes[(i - GW_AT_CLUSTERS) % GW_LANES];
}

static struct gw_try *try_of(struct gw_cluster *c, struct gw_machine *m, int step)
{
    return (gw_steps[step].flags & GW_IS_MACHINES) && m ? &m->tries[step] : &c->tries[step];
}

/* --- planning --------------------------------------------------------------------------------- */

struct plan {
    struct gw *g;
    struct gw_cluster *c;
    struct gw_errand *e;
    struct gw_lane *lane;
};

/* false: nothing below this row is to be looked at. */
static bool offer_row(const struct plan *p, int step, const struct gw_machine *m)
{
    const struct gw_step *row = &gw_steps[step];
    ms_t at = row->when(p->g, p->c, m);

    if (at == MS_NEVER)
        return true;
    at = ms_max(at, m ? m->tries[step].due : p->c->tries[step].due);
    if (at < p->e->due) {
        p->e->due = at;
        p->e->op = row->target == GW_MAAS ? GW_OP_CLUSTER_MAAS : GW_OP_CLUSTER_PALETTE;
        p->e->region = row->target == GW_MAAS ? gw_cluster_account(p->g, p->c)->region : 0;
        p->lane->step = step;
        memcpy(p->lane->sid, m ? m->sid : "", m ? sizeof m->sid : 1);
    }
    return at > p->g->now && !(row->flags & GW_IS_GATE);
}

static bool offer_rows(const struct plan *p, int step)
{
    const struct gw_step *row = &gw_steps[step];

    if ((row->flags & GW_IS_CHANGE) && !gw_may_change(p->g, p->c))
        return true;
    if (row->target == GW_MAAS && !gw_cluster_account(p->g, p->c))
        return true;
    if (p->c->item->odd && step != GW_STEP_CLAIM && step != GW_STEP_CONDITIONS)
        return true;
    if (!(row->flags & GW_IS_MACHINES))
        return offer_row(p, step, NULL);
    for (size_t i = 0; i < p->c->n_machines; i++)
        if (!offer_row(p, step, &p->c->machines[i]))
            return false;
    return true;
}

bool gw_lane_is_at_end(const struct gw_cluster *c, size_t lane)
{
    const int step = c->lanes[lane].step;

    return step != GW_STEPS && (gw_steps[step].flags & GW_IS_END);
}

static void lane_plan(struct gw *g, struct gw_cluster *c, size_t lane)
{
    static const int begins[GW_LANES + 1] = {0, GW_REPORT_STEPS, GW_STEPS};
    struct plan p = {.g = g, .c = c, .lane = &c->lanes[lane]};

    p.e = &g->errands[GW_AT_CLUSTERS + GW_LANES * c->place + lane];
    if (p.e->ticket || (!c->dirty && p.e->due > g->now))
        return;
    p.e->due = MS_NEVER;
    p.lane->step = GW_STEPS;
    if (!c->item || !c->listed || c->left ||
        (lane == GW_LANE_REPORT && gw_lane_is_at_end(c, GW_LANE_WORK)))
        return;
    for (int step = begins[lane]; step < begins[lane + 1]; step++)
        if (!offer_rows(&p, step))
            return;
}

void gw_clusters_plan(struct gw *g, struct gw_effects *fx)
{
    for (size_t i = 0; i < g->n_places; i++) {
        struct gw_turn t = {.g = g, .c = g->clusters[i], .fx = fx};

        if (!t.c)
            continue;
        if (t.c->dirty && t.c->item && t.c->listed && t.c->claimed && t.c->looked && !t.c->offered)
            gw_cluster_fit(&t);
        for (size_t lane = 0; lane < GW_LANES; lane++)
            lane_plan(g, t.c, lane);
        if (t.c->dirty)
            gw_poll_note(g, t.c);
        t.c->dirty = false;
    }
}

/* --- sending ---------------------------------------------------------------------------------- */

static struct gw_turn turn_of(struct gw *g, size_t i, struct gw_effects *fx)
{
    struct gw_cluster *c = cluster_of(g, i);
    const struct gw_lane *lane = lane_of(g, i);

    return (struct gw_turn){.g = g,
                            .c = c,
                            .m = gw_machine_find(c, lane->sid),
                            .fx = fx,
                            .step = lane->step,
                            .final = lane->final,
                            .sent = g->errands[i].sent};
}

void gw_cluster_prepare(struct gw *g, size_t i, struct gw_effects *fx)
{
    struct gw_lane *lane = lane_of(g, i);
    struct gw_turn t;

    assert(lane->step < GW_STEPS);
    t = turn_of(g, i, fx);
    t.c->last_call = g->tickets + 1;
    lane->final = gw_is_complete(t.c) || gw_is_clear(t.c);
    if (gw_steps[lane->step].before)
        gw_steps[lane->step].before(&t);
}

static void palette_headers(const struct gw_cluster *c, struct http_call *call)
{
    const char *project = c->item->head.project_uid;
    char epoch[32];
    bool added = true;

    snprintf(epoch, sizeof epoch, "%lld", (long long)c->epoch);
    /* what a header cannot carry is left out, and Palette says what it thinks of that */
    if (project && project[0])
        (void)http_header_add(&call->headers, "ProjectUid", project);
    added = http_header_add(&call->headers, "X-Gp-Epoch", epoch);
    assert(added);
}

static void maas_headers(struct gw *g, const struct gw_cluster *c, struct http_call *call)
{
    struct buf signature SCOPED(buf_drop);
    bool added;

    buf_init(&signature, HTTP_HEADERS_MAX / 2);
    gw_maas_sign(g, gw_cluster_account(g, c)->key, &signature);
    added = http_header_add(&call->headers, "Authorization", buf_text(&signature));
    assert(added);
    call->timeout_ms = g->timing.maas_call_ms;
}

void gw_cluster_write(struct gw *g, size_t i, struct http_call *call)
{
    const struct gw_turn t = turn_of(g, i, NULL);

    gw_steps[t.step].write(&t, call);
    if (gw_steps[t.step].target == GW_PALETTE)
        palette_headers(t.c, call);
    else
        maas_headers(g, t.c, call);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void complain(const struct gw_turn *t, unsigned failures)
{
    const bool maas = gw_steps[t->step].target == GW_MAAS;
    const char *who = maas ? "MAAS" : "Palette";
    char why[HTTP_WHY_MAX];

    if (failures > 1)
        return;
    if (t->r->outcome == HTTP_ANSWERED) {
        gw_say(t->fx, GW_WARNING, "cluster %.64s: %s%s%s: %s answers %d%s%s", t->c->uid,
               gw_steps[t->step].name, t->m ? " of " : "", t->m ? t->m->sid : "", who, t->r->status,
               t->reason ? " " : "", t->reason ? t->reason : "");
        return;
    }
    http_why_write(t->r, maas ? "" : t->g->proxy, why);
    gw_say(t->fx, GW_WARNING, "cluster %.64s: %s%s%s: no answer from %s: %s", t->c->uid,
           gw_steps[t->step].name, t->m ? " of " : "", t->m ? t->m->sid : "", who, why);
}

static bool good(struct gw_turn *t)
{
    struct gw_try *try = try_of(t->c, t->m, t->step);
    const struct gw_try before = *try;

    *try = (struct gw_try){0};
    if (gw_steps[t->step].target == GW_MAAS)
        t->c->trouble = NULL;
    if (gw_steps[t->step].flags & GW_IS_CHANGE)
        t->c->checked = false;
    if (gw_steps[t->step].good(t))
        return true;
    *try = before;
    return false;
}

static void answered(struct gw_turn *t, enum gw_out out)
{
    const struct gw_step *row = &gw_steps[t->step];
    struct gw_try *try;
    ms_t pause;

    if (out == GW_OUT_DONE && good(t))
        return;
    if (out == GW_OUT_DONE) { /* half an answer, or nonsense */
        out = row->flags & GW_IS_CHANGE ? GW_OUT_UNKNOWN : GW_OUT_NOT_NOW;
        t->reason = row->target == GW_MAAS ? "MaasError" : NULL;
    }
    if (row->target == GW_MAAS && t->reason)
        t->c->trouble = t->reason;
    if (row->flags & GW_IS_CHANGE)
        t->c->checked = false;
    try = try_of(t->c, t->m, t->step);
    try->failures++;
    pause = row->target == GW_MAAS ? gw_maas_backoff(t->g, try->failures)
                                   : gw_backoff(t->g, try->failures);
    try->due = t->g->now + ms_max(pause, gw_retry_after(t->r));
    complain(t, try->failures);
    if (row->other[out])
        row->other[out](t);
}

/* GP-33, GP-36: the token's troubles are the gateway's own. true: that is all. */
static bool token_trouble(struct gw *g, size_t i, const struct http_result *r,
                          struct gw_effects *fx)
{
    struct gw_errand *e = &g->errands[i];
    const char *why;
    enum gw_verdict v = gw_law(e->op, r, &why);

    if (v == GW_ENDED || (v == GW_RENEW && !e->repeated)) {
        gw_judge(g, i, r, fx);
        return true;
    }
    if (v != GW_RENEW)
        e->repeated = false;
    return false;
}

void gw_cluster_reply(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    struct gw_turn t = turn_of(g, i, fx);
    enum gw_out out;

    assert(t.step < GW_STEPS);
    t.c->dirty = true;
    t.c->last_call = g->tickets;
    t.r = r;
    if (gw_steps[t.step].target == GW_PALETTE) {
        if (token_trouble(g, i, r, fx))
            return;
        out = gw_palette_outcome(r);
        (void)jx_pick(buf_text(&r->body), r->body.len, "code", t.code, sizeof t.code);
    } else {
        out = gw_maas_outcome(r, &t.reason);
    }
    lane_of(g, i)->step = GW_STEPS;
    answered(&t, out);
}
