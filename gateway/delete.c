/* Tables D4 to D8, and the offer C10: release, and giving the cluster away (GP-63 to GP-66, 70). */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <string.h>

/* --- release ---------------------------------------------------------------------------------- */

ms_t gw_release_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!c->looked || c->offered || !m->fresh || m->gone || m->read_due <= g->now ||
        (c->item->present && !m->unwanted) || !gw_is_held(c, m) || gw_rung_of(m) == GW_LEAVING ||
        (!m->annotated && !m->mark_refused) || !gw_name_is_free_of(c, m))
        return MS_NEVER;
    return g->now;
}

/* All that are to go at once, so that one write serves them all. */
void gw_release_before(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    bool noted = true;

    for (size_t i = 0; i < c->n_machines; i++) {
        struct gw_machine *m = &c->machines[i];

        if (c->item->present && !m->unwanted)
            continue;
        noted = noted && m->noted;
        m->noted = m->unwanted = true;
    }
    if (!noted)
        gw_cluster_persist(t);
}

static void free_seen(struct gw_seen **s)
{
    gw_seen_free(*s);
}

bool gw_release_good(struct gw_turn *t)
{
    struct gw_seen *seen SCOPED(free_seen) = gw_seen_new();

    if (!gw_seen_read(t->r, seen))
        return false;
    if (!t->m)
        return true;
    t->m->released = true;
    t->m->marked = false;
    gw_machine_see(t, t->m, seen);
    if (gw_is_held(t->c, t->m))
        t->m->poll_due = t->g->now + ms_max(t->g->timing.maas_poll_ms, 1);
    gw_blame(t->c, GW_COND_RELEASED, NULL, "");
    return true;
}

void gw_release_unknown(struct gw_turn *t)
{
    /* MAAS's own 500 is its last word; what has no answer may be under way yet */
    if (t->r->outcome != HTTP_ANSWERED || t->r->status == 504 || t->r->status == 502)
        t->c->unsettled_until = t->sent + t->g->timing.settle_ms;
    if (!t->m)
        return;
    t->m->released = true;
    t->m->read_due = t->g->now;
    if (!t->m->annotated)
        t->c->look_due = t->g->now;
    gw_blame(t->c, GW_COND_RELEASED, "ReleaseFailed", t->m->sid);
}

void gw_release_refused(struct gw_turn *t)
{
    if (!t->m)
        return;
    t->m->read_due = t->g->now;
    gw_blame(t->c, GW_COND_RELEASED, "ReleaseFailed", t->m->sid);
    gw_event_note(t->c, "ReleaseFailed", "MAAS does not release machine %s (%s)", t->m->sid,
                  gw_status_find(t->m->status)->name);
}

/* --- the end of a cluster here ---------------------------------------------------------------- */

/* Keeps the pair, so that an older list is known to be old; all else is forgotten (GP-46, 66). */
static void end(struct gw_turn *t, int64_t epoch, int64_t revision)
{
    struct gw_cluster *c = t->c;

    gw_cluster_unclaim(c);
    gw_cluster_drop_item(c);
    c->unlisted_at = t->g->now;
    c->epoch = epoch;
    c->revision = revision;
    c->claim = c->offered = c->offered_revision = 0;
    c->n_machines = c->n_avoid = 0;
    c->intent = c->endpoint_told = false;
    memset(c->told, 0, sizeof c->told);
    memset(c->reasons, 0, sizeof c->reasons);
    c->n_events = 0;
    gw_cluster_persist(t);
}

static bool reports_rest(const struct gw *g, const struct gw_cluster *c)
{
    return g->errands[GW_AT_CLUSTERS + GW_LANES * c->place + GW_LANE_REPORT].ticket == 0;
}

/* --- released --------------------------------------------------------------------------------- */

ms_t gw_released_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    if (c->offered || !c->claimed || !c->checked || !gw_is_clear(c) || !reports_rest(g, c))
        return MS_NEVER;
    for (size_t i = 0; i < c->n_machines; i++)
        if (c->machines[i].record_uid[0])
            return MS_NEVER;
    return g->now;
}

bool gw_released_good(struct gw_turn *t)
{
    gw_say(t->fx, GW_INFO, "cluster %.64s is deleted", t->c->uid);
    end(t, t->c->epoch, t->c->revision + 1);
    return true;
}

void gw_released_gone(struct gw_turn *t)
{
    (void)gw_released_good(t);
}

static const char *const claim_again[] = {"StaleClaim", "StaleRevision", "InventoryIncomplete"};
static const char *const offer_again[] = {"AgentNotRegistered", "Deleting", "StaleRevision",
                                          "StaleClaim", "InventoryIncomplete"};

static bool is_one_of(const char *code, const char *const *codes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(codes[i], code))
            return true;
    return false;
}

void gw_released_conflict(struct gw_turn *t)
{
    if (is_one_of(t->code, claim_again, COUNTOF(claim_again)))
        gw_cluster_unclaim(t->c);
    else
        t->c->left = true;
}

/* --- offer ------------------------------------------------------------------------------------ */

ms_t gw_offer_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return c->claimed && !c->offered && c->checked && gw_is_complete(c) && reports_rest(g, c)
               ? g->now
               : MS_NEVER;
}

ms_t gw_offer_again_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return c->offered && c->offered == c->epoch && reports_rest(g, c) ? g->now : MS_NEVER;
}

void gw_offer_before(struct gw_turn *t)
{
    t->c->offered = t->c->epoch;
    t->c->offered_revision = t->c->revision;
    gw_cluster_persist(t);
}

struct handed {
    int64_t epoch;
};
static const struct jx_field handed_fields[] = {
    JX_INT(struct handed, epoch, "epoch", JX_MUST, 0, INT64_MAX),
};

bool gw_offer_good(struct gw_turn *t)
{
    struct handed a = {0};

    if (jx_read(buf_text(&t->r->body), t->r->body.len, handed_fields, COUNTOF(handed_fields), 0, &a,
                NULL) < 0)
        return false;
    gw_say(t->fx, GW_INFO, "cluster %.64s stands by itself", t->c->uid);
    end(t, a.epoch > t->c->epoch ? a.epoch : t->c->epoch + 1, 0);
    return true;
}

void gw_offer_not_now(struct gw_turn *t)
{
    t->c->tries[GW_STEP_OFFER_AGAIN] = t->c->tries[t->step];
}

/* GP-65: nothing was switched; only a claim sent from here on makes a late copy harmless. */
void gw_offer_conflict(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;

    if (!is_one_of(t->code, offer_again, COUNTOF(offer_again))) {
        c->left = true;
        return;
    }
    c->offered = c->offered_revision = 0;
    gw_cluster_unclaim(c);
    c->tries[GW_STEP_CLAIM].due = c->tries[t->step].due;
    c->tries[GW_STEP_OFFER] = c->tries[t->step];
    gw_cluster_persist(t);
}
