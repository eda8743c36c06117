/* Tables C3, C4 and C6: allocate, mark, deploy (GP-57 to GP-61, GP-95). */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static bool is_creating(const struct gw_cluster *c)
{
    return c->claimed && c->looked && !c->offered && c->item->present && !c->item->odd;
}

static void free_seen(struct gw_seen **s)
{
    gw_seen_free(*s);
}

/* --- a machine to ask for: some have failed (GP-61), or another zone is wanted (GP-95) ---------
 */

static bool wants_one(const struct gw_cluster *c)
{
    const struct gw_pool *p = is_creating(c) && !c->intent ? gw_pool_missing(c) : NULL;

    return p && c->n_machines < GW_MACHINES_MAX && (!c->lost || c->looked_own) &&
           gw_name_is_possible(c) && /* a cluster without its name would only keep machines idle */
           /* the one that spoke for the cluster has to be gone first (GP-59) */
           (!p->config.control_plane || !gw_has_init(c) || !text_is(gw_next_role(c, p), "init"));
}

/* A pool of several zones is spread over them: after its first machine it matters which is next. */
static bool is_spread(const struct gw_cluster *c)
{
    const struct gw_pool *p = gw_pool_missing(c);

    return p && p->cloud.n_azs > 1 && gw_pool_count(c, p->config.name, NULL) > 0;
}

static bool is_choosing(const struct gw_cluster *c)
{
    return c->n_avoid > 0 || is_spread(c);
}

ms_t gw_choose_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return wants_one(c) && c->image.known && is_choosing(c) && !c->chosen_asked ? g->now : MS_NEVER;
}

struct choice {
    struct gw_cluster *c;
    size_t neighbours; /* machines of the pool in the zone of the one that is chosen so far */
};

static void each_candidate(void *arg, const struct gw_seen *seen)
{
    struct choice *k = arg;
    const struct gw_pool *p = gw_pool_missing(k->c);
    size_t neighbours;

    for (size_t i = 0; i < k->c->n_avoid; i++)
        if (text_is(k->c->avoid[i], seen->sid))
            return;
    if (!p || seen->status != 4 || !gw_machine_fits(k->c, p, seen))
        return;
    neighbours = gw_pool_count(k->c, p->config.name, seen->zone.name);
    if (k->c->chosen[0] && neighbours >= k->neighbours)
        return;
    k->neighbours = neighbours;
    memcpy(k->c->chosen, seen->sid, sizeof k->c->chosen);
}

bool gw_choose_good(struct gw_turn *t)
{
    struct choice k = {.c = t->c};

    t->c->chosen[0] = '\0';
    if (!t->c->item)
        return true;
    if (!gw_seen_list(t->r, each_candidate, &k))
        return false;
    t->c->chosen_asked = true;
    return true;
}

/* --- allocate --------------------------------------------------------------------------------- */

/* A release of unknown outcome may yet free its machine from the next owner (GP-97). */
static ms_t account_settled(const struct gw *g, const struct gw_cluster *c)
{
    ms_t at = GW_LONG_AGO;

    for (size_t i = 0; i < g->n_places; i++) {
        const struct gw_cluster *o = g->clusters[i];

        if (o && o != c)
            at = ms_max(at, o->unsettled_until);
    }
    return at;
}

ms_t gw_allocate_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    ms_t at = g->now;

    (void)m;
    if (!wants_one(c) || !c->image.known || (is_choosing(c) && !c->chosen_asked))
        return MS_NEVER;
    if (c->lost)
        at = ms_max(at, gw_settled_at(g, c));
    return ms_max(at, account_settled(g, c));
}

/* The first of a control plane speaks for the cluster. */
const char *gw_next_role(const struct gw_cluster *c, const struct gw_pool *p)
{
    if (!p->config.control_plane)
        return "join";
    for (size_t i = 0; i < c->n_machines; i++) {
        const struct gw_machine *m = &c->machines[i];

        if (text_is(m->role, "init") && !m->gone && !m->unwanted)
            return "join";
    }
    return "init";
}

void gw_allocate_before(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    const struct gw_pool *p = gw_pool_missing(c);
    bool fits;

    c->intent = true;
    fits = text_copy(c->intent_pool, sizeof c->intent_pool, p->config.name) &&
           text_copy(c->intent_role, sizeof c->intent_role, gw_next_role(c, p));
    assert(fits);
    gw_cluster_persist(t);
}

bool gw_allocate_good(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    struct gw_seen *seen SCOPED(free_seen) = gw_seen_new();
    const struct gw_pool *p = gw_pool_find(c, c->intent_pool);
    struct gw_machine *m;

    if (!gw_seen_read(t->r, seen) || !seen->owner[0])
        return false;
    m = gw_machine_find(c, seen->sid);
    if (!m)
        m = gw_machine_add(c, seen->sid, c->intent_pool, c->intent_role);
    if (!m)
        return false;
    c->intent = c->chosen_asked = false;
    c->chosen[0] = '\0';
    m->marked = true;
    m->gone = false;
    memcpy(c->user, seen->owner, sizeof c->user);
    gw_machine_see(t, m, seen);
    if (p && !gw_machine_fits(c, p, seen))
        gw_machine_misfit(t, m);
    gw_blame(c, GW_COND_ALLOCATED, NULL, "");
    gw_cluster_persist(t);
    return true;
}

void gw_allocate_unknown(struct gw_turn *t)
{
    t->c->allocate_at = t->sent;
    t->c->look_due = t->g->now;
}

void gw_allocate_not_done(struct gw_turn *t)
{
    t->c->intent = t->c->chosen_asked = false;
    t->c->chosen[0] = '\0';
}

void gw_allocate_none(struct gw_turn *t)
{
    gw_allocate_not_done(t);
    gw_blame(t->c, GW_COND_ALLOCATED, "NoMachineAvailable", t->c->intent_pool);
}

void gw_allocate_bad(struct gw_turn *t)
{
    gw_allocate_not_done(t);
    gw_blame(t->c, GW_COND_ALLOCATED, "BadConstraint", t->c->intent_pool);
}

/* --- mark ------------------------------------------------------------------------------------- */

ms_t gw_mark_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    const bool leaves = m->unwanted || !c->item->present;

    if (!c->looked || c->offered || !m->fresh || m->annotated || m->gone || !gw_is_held(c, m) ||
        gw_rung_of(m) == GW_LEAVING || (leaves && m->mark_refused))
        return MS_NEVER;
    return g->now;
}

bool gw_mark_good(struct gw_turn *t)
{
    struct gw_seen *seen SCOPED(free_seen) = gw_seen_new();

    if (!gw_seen_read(t->r, seen))
        return false;
    if (t->m)
        gw_machine_see(t, t->m, seen);
    return true;
}

void gw_mark_refused(struct gw_turn *t)
{
    if (!t->m)
        return;
    t->m->mark_refused = true;
    t->m->read_due = t->g->now;
}

/* --- deploy ----------------------------------------------------------------------------------- */

ms_t gw_deploy_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!is_creating(c) || !m->fresh || !m->annotated || m->unwanted || m->gone ||
        m->read_due <= g->now || gw_rung_of(m) != GW_FRESH || !gw_is_held(c, m) ||
        !gw_pool_find(c, m->pool) || !m->record_tried)
        return MS_NEVER;
    return g->now;
}

void gw_deploy_before(struct gw_turn *t)
{
    if (!t->m || t->m->deploy_sent)
        return; /* it is on the disk already */
    t->m->deploy_sent = true;
    gw_cluster_persist(t);
}

bool gw_deploy_good(struct gw_turn *t)
{
    struct gw_seen *seen SCOPED(free_seen) = gw_seen_new();

    if (!gw_seen_read(t->r, seen))
        return false;
    if (t->m) {
        gw_machine_see(t, t->m, seen);
        t->m->read_due = t->g->now; /* its addresses are those of now only in a GET (GP-98) */
    }
    return true;
}

/* 400: image, kernel, storage or network of this very machine (GP-100). */
void gw_deploy_bad(struct gw_turn *t)
{
    if (!t->m)
        return;
    gw_machine_give_up(t, t->m, "DeployFailed");
}

/* Read before anything else (GP-100). What MAAS itself cannot do time after time is this machine's
 * fault, or another one's turn. */
void gw_deploy_unknown(struct gw_turn *t)
{
    if (!t->m)
        return;
    t->m->read_due = t->g->now;
    if (t->r->outcome == HTTP_ANSWERED && t->m->tries[GW_STEP_DEPLOY].failures >= GW_DEPLOYS_MAX)
        gw_deploy_bad(t);
}
