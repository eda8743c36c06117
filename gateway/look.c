/* Claim, and looking at what MAAS has for the cluster (GP-54, GP-56): C1, C2, C8, D1, D2, D5. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <string.h>

/* --- who the key is --------------------------------------------------------------------------- */

#define USER_KEPT_MS MINUTES(5) /* what MAAS said of an administrator's key; of others, nothing */

static void user_take(struct gw_turn *t, const struct gw_account *a)
{
    t->c->user_known = true;
    t->c->account_revision = a ? a->revision : 0;
    if (!t->c->key_user.admin && gw_name_is_wanted(t->c))
        gw_name_forbidden(t); /* said before a machine is taken for it (GP-98) */
    for (size_t i = 0; i < t->c->n_machines; i++)
        if (t->c->machines[i].forbidden)
            t->c->machines[i].fresh = false;
}

/* Many clusters of one account ask once. */
static void user_known_already(struct gw_turn *t)
{
    const struct gw_account *a = gw_cluster_account(t->g, t->c);

    if (!a || a->user_at == GW_LONG_AGO || t->g->now - a->user_at >= USER_KEPT_MS)
        return;
    t->c->key_user = a->user;
    user_take(t, a);
}

ms_t gw_whoami_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    const struct gw_account *a = gw_cluster_account(g, c);

    (void)m;
    if (!c->claimed || c->offered || !a)
        return MS_NEVER;
    return c->user_known && a->revision == c->account_revision ? MS_NEVER : g->now;
}

bool gw_whoami_good(struct gw_turn *t)
{
    const struct gw_account *a = gw_cluster_account(t->g, t->c);

    if (!gw_user_read(t->r, &t->c->key_user))
        return false;
    user_take(t, a);
    if (a && t->c->key_user.admin)
        gw_account_user(t->g, a, &t->c->key_user);
    return true;
}

/* --- claim ------------------------------------------------------------------------------------ */

ms_t gw_claim_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return c->claimed || c->offered ? MS_NEVER : g->now;
}

struct claimed {
    int64_t claim;
};
static const struct jx_field claimed_fields[] = {
    JX_INT(struct claimed, claim, "claim", JX_MUST, 0, INT64_MAX),
};

bool gw_claim_good(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    struct claimed a = {0};

    if (jx_read(buf_text(&t->r->body), t->r->body.len, claimed_fields, COUNTOF(claimed_fields), 0,
                &a, NULL) < 0)
        return false;
    /* somebody has claimed before, and we know nothing of it: our records are lost, or another
     * gateway had the cluster */
    c->lost = !c->recorded && a.claim > 1;
    c->claim = a.claim;
    c->claimed = true;
    c->claim_at = t->g->now;
    if (c->intent && c->allocate_at == GW_LONG_AGO)
        c->allocate_at = t->g->now;
    c->look_due = t->g->now;
    gw_say(t->fx, GW_INFO, "cluster %.64s is claimed: %s", c->uid,
           c->item->present ? "it is to be there" : "it is to go");
    gw_cluster_persist(t);
    user_known_already(t);
    return true;
}

void gw_leave(struct gw_turn *t)
{
    t->c->left = true;
}

void gw_item_wrong(struct gw_turn *t)
{
    t->c->left = true;
}

/* --- the marker's list ------------------------------------------------------------------------ */

ms_t gw_look_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    if (!c->claimed || !c->user_known || c->offered)
        return MS_NEVER;
    if (c->look_due != MS_NEVER)
        return c->look_due;
    if (!c->checked && (gw_is_complete(c) || gw_is_clear(c)))
        return gw_settled_at(g, c);
    return MS_NEVER;
}

struct look {
    struct gw_turn *t;
    bool new_one; /* a machine we did not know */
};

/* An unknown machine with the marker: the answer to an allocate that we did not see (GP-57), or,
 * with the annotations, one of the time before our records were lost. */
static struct gw_machine *adopt(struct gw_turn *t, const struct gw_seen *seen)
{
    struct gw_cluster *c = t->c;
    const struct gw_marks *k = &seen->marks;
    struct gw_machine *m;

    if (text_is(k->cluster, c->uid)) {
        m = gw_machine_add(c, seen->sid, k->pool, strlen(k->role) < 8 ? k->role : "");
    } else if (c->intent) {
        m = gw_machine_add(c, seen->sid, c->intent_pool, c->intent_role);
        c->intent = false;
        if (m && gw_pool_find(c, m->pool) && !gw_machine_fits(c, gw_pool_find(c, m->pool), seen))
            gw_machine_misfit(t, m);
    } else {
        const struct gw_pool *p = c->item->present && !c->item->odd ? gw_pool_missing(c) : NULL;
        const bool fits = p && gw_machine_fits(c, p, seen);
        const bool init = fits && p->config.control_plane && !gw_has_init(c);

        m = gw_machine_add(c, seen->sid, fits ? p->config.name : "", init ? "init" : "join");
    }
    if (m)
        gw_say(t->fx, GW_INFO, "cluster %.64s: machine %s has its mark: it is taken on", c->uid,
               m->sid);
    return m;
}

/* With an administrator's key the list may hold machines of others (GP-56). */
static bool is_ours(const struct gw_cluster *c, const struct gw_seen *seen)
{
    return seen->owner[0] &&
           (text_is(seen->owner, c->key_user.name) || text_is(seen->marks.cluster, c->uid));
}

static void each_seen(void *arg, const struct gw_seen *seen)
{
    struct look *l = arg;
    struct gw_cluster *c = l->t->c;
    struct gw_machine *m = gw_machine_find(c, seen->sid);

    if (!is_ours(c, seen))
        return;
    if (!m) {
        m = adopt(l->t, seen);
        l->new_one = true;
    }
    if (!m)
        return;
    m->marked = true;
    m->gone = false;
    gw_machine_see(l->t, m, seen);
}

/* The intent of an allocate of unknown outcome: taken by a machine, or, when it is settled that
 * there is none, given up. */
static void intent_judge(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    const ms_t settled = c->allocate_at + t->g->timing.settle_ms;

    if (!c->intent)
        return;
    if (t->sent >= settled)
        c->intent = false;
    else
        c->look_due = settled;
}

bool gw_look_good(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    struct look l = {.t = t};

    if (!c->item)
        return true;
    c->look_due = MS_NEVER;
    /* what was marked before is marked only if it still is in the list */
    for (size_t i = 0; i < c->n_machines; i++)
        c->machines[i].marked = false;
    if (!gw_seen_list(t->r, each_seen, &l)) {
        c->look_due = t->g->now;
        return false;
    }
    c->looked = true;
    for (size_t i = 0; i < c->n_machines; i++) {
        struct gw_machine *m = &c->machines[i];

        if (!m->marked && m->fresh && !m->absent && gw_is_held(c, m))
            m->read_due = t->g->now;
    }
    intent_judge(t);
    c->checked = t->final && !l.new_one;
    if (c->checked && c->item->present)
        c->name.known = false; /* the last read before the offer */
    if (l.new_one)
        gw_cluster_persist(t);
    return true;
}

/* --- machines whose mark is gone, though they are annotated ----------------------------------- */

ms_t gw_look_own_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    return c->claimed && c->lost && c->looked && !c->looked_own && !c->offered ? g->now : MS_NEVER;
}

static void each_own(void *arg, const struct gw_seen *seen)
{
    struct look *l = arg;

    if (text_is(seen->marks.cluster, l->t->c->uid) && !gw_machine_find(l->t->c, seen->sid))
        each_seen(arg, seen);
}

bool gw_look_own_good(struct gw_turn *t)
{
    struct look l = {.t = t};

    if (!t->c->item)
        return true;
    if (!gw_seen_list(t->r, each_own, &l))
        return false;
    t->c->looked_own = true;
    if (l.new_one)
        gw_cluster_persist(t);
    return true;
}

/* --- one machine ------------------------------------------------------------------------------ */

bool gw_is_readable(const struct gw_cluster *c, const struct gw_machine *m)
{
    return c->claimed && c->user_known && c->looked && !c->offered && !m->gone;
}

/* By itself: what has changed, or may have. What only has to be waited for is polled (poll.c). */
ms_t gw_read_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!gw_is_readable(c, m))
        return MS_NEVER;
    return m->fresh ? m->read_due : g->now;
}

static void seen_free(struct gw_seen **s);

bool gw_read_good(struct gw_turn *t)
{
    struct gw_seen *seen SCOPED(seen_free) = gw_seen_new();

    if (!gw_seen_read(t->r, seen))
        return false;
    if (t->m && text_is(t->m->sid, seen->sid))
        gw_machine_see(t, t->m, seen);
    return true;
}

static void seen_free(struct gw_seen **s)
{
    gw_seen_free(*s);
}

static void not_there(struct gw_turn *t, bool absent)
{
    struct gw_machine *m = t->m;

    if (!m || !t->c->item)
        return;
    m->fresh = true;
    m->absent = absent;
    m->forbidden = !absent;
    m->marked = m->annotated = false;
    m->owner[0] = '\0';
    m->read_due = m->poll_due = MS_NEVER;
    if (m->forbidden && !t->c->item->present && !gw_outcome_of(t->c, m)) {
        /* another key may see what this one does not (GP-71) */
        m->read_due = m->tries[GW_STEP_READ].due;
        gw_blame(t->c, GW_COND_RELEASED, "ReleaseForbidden", m->sid);
    }
    if (t->c->item->present && !m->gone) {
        m->gone = true;
        gw_event_note(t->c, "MachineVanished", "machine %s is not there for this key", m->sid);
        gw_blame(t->c, GW_COND_DEPLOYED, "MachineVanished", m->sid);
    }
}

void gw_read_gone(struct gw_turn *t)
{
    not_there(t, true);
}

void gw_read_forbidden(struct gw_turn *t)
{
    not_there(t, false);
}

/* A change of unknown outcome, or one that was refused: see what is (GP-100). */
void gw_machine_unknown(struct gw_turn *t)
{
    if (t->m)
        t->m->read_due = t->g->now;
}
