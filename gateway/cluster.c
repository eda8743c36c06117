/* The places of clusters: which are ours by the newest list (GP-44 to GP-49), and what stays. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES_OWN KIB(2) /* of user data: id, pool, and the networks, twice */

static size_t errand_at(const struct gw_cluster *c, size_t lane)
{
    return GW_AT_CLUSTERS + GW_LANES * c->place + lane;
}

/* --- places ----------------------------------------------------------------------------------- */

static struct gw_cluster *oldest_unlisted(struct gw *g)
{
    struct gw_cluster *oldest = NULL;

    for (size_t i = 0; i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];

        if (c && !c->listed && (!oldest || c->unlisted_at < oldest->unlisted_at))
            oldest = c;
    }
    return oldest;
}

struct gw_cluster *gw_cluster_new(struct gw *g)
{
    struct gw_cluster *c;
    size_t place = 0;

    while (place < GW_CLUSTERS_MAX && g->clusters[place])
        place++;
    if (place == GW_CLUSTERS_MAX)
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        WRONG("no memory");
    c->place = place;
    c->lease = c->allocate_at = c->unsettled_until = GW_LONG_AGO;
    c->unlisted_at = g->now;
    c->poll_due = MS_NEVER;
    for (size_t i = 0; i < GW_CONDITIONS; i++)
        c->told_at[i] = GW_LONG_AGO;
    gw_cluster_unclaim(c);
    for (size_t i = 0; i < GW_LANES; i++)
        c->lanes[i] = (struct gw_lane){.step = GW_STEPS};
    g->clusters[place] = c;
    if (place >= g->n_places)
        g->n_places = place + 1;
    for (size_t lane = 0; lane < GW_LANES; lane++)
        g->errands[errand_at(c, lane)] =
            (struct gw_errand){.op = GW_OP_CLUSTER_MAAS, .due = MS_NEVER};
    return c;
}

void gw_cluster_delete(struct gw *g, struct gw_cluster *c)
{
    for (size_t lane = 0; lane < GW_LANES; lane++) {
        assert(g->errands[errand_at(c, lane)].ticket == 0);
        g->errands[errand_at(c, lane)].due = MS_NEVER;
    }
    g->clusters[c->place] = NULL;
    gw_item_free(c->item);
    free(c);
}

void gw_clusters_free(struct gw *g)
{
    for (size_t i = 0; i < g->n_places; i++) {
        if (g->clusters[i])
            gw_item_free(g->clusters[i]->item);
        free(g->clusters[i]);
        g->clusters[i] = NULL;
    }
}

static struct gw_cluster *find(struct gw *g, const char *uid)
{
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && text_is(g->clusters[i]->uid, uid))
            return g->clusters[i];
    return NULL;
}

void gw_cluster_unclaim(struct gw_cluster *c)
{
    c->claimed = c->user_known = c->looked = c->looked_own = c->checked = c->chosen_asked = false;
    c->look_due = MS_NEVER;
    c->image.known = c->name.known = false;
    c->chosen[0] = '\0';
    for (size_t i = 0; i < c->n_machines; i++) {
        struct gw_machine *m = &c->machines[i];

        m->fresh = m->absent = m->forbidden = m->marked = m->annotated = m->mark_refused = false;
        m->named_after = m->released = m->gone = m->record_tried = false;
        m->deploy_at = m->up_at = GW_LONG_AGO;
        m->read_due = m->poll_due = MS_NEVER;
    }
}

void gw_cluster_drop_item(struct gw_cluster *c)
{
    gw_item_free(c->item);
    c->item = NULL;
    c->listed = false;
}

/* Whatever was on its way is of unknown outcome from here on: an allocate is looked for, everything
 * else is read again before anything is done. */
static void lane_halt(struct gw *g, struct gw_cluster *c, size_t lane, struct gw_effects *fx)
{
    const struct gw_errand *e = &g->errands[errand_at(c, lane)];

    if (c->intent && c->lanes[lane].step == GW_STEP_ALLOCATE)
        c->allocate_at = e->sent;
    if (fx)
        gw_cancel(g, errand_at(c, lane), fx);
    g->errands[errand_at(c, lane)].due = MS_NEVER;
    c->lanes[lane] = (struct gw_lane){.step = GW_STEPS};
}

static void halt(struct gw *g, struct gw_cluster *c, struct gw_effects *fx)
{
    for (size_t lane = 0; lane < GW_LANES; lane++)
        lane_halt(g, c, lane, fx);
    gw_cluster_unclaim(c);
}

/* The new list may overtake the answer to what took the cluster off it. */
static bool awaits_its_end(const struct gw *g, const struct gw_cluster *c, size_t lane)
{
    return g->errands[errand_at(c, lane)].ticket != 0 && gw_lane_is_at_end(c, lane);
}

static void let_go(struct gw *g, struct gw_cluster *c, struct gw_effects *fx)
{
    for (size_t lane = 0; lane < GW_LANES; lane++)
        if (!awaits_its_end(g, c, lane))
            lane_halt(g, c, lane, fx);
    gw_cluster_unclaim(c);
    gw_cluster_drop_item(c);
    c->unlisted_at = g->now;
}

void gw_clusters_stop(struct gw *g)
{
    for (size_t i = 0; i < g->n_places; i++) {
        if (!g->clusters[i])
            continue;
        halt(g, g->clusters[i], NULL);
        g->clusters[i]->unlisted_at = g->now;
        gw_cluster_drop_item(g->clusters[i]);
    }
    g->n_clusters = 0;
}

/* --- the newest list -------------------------------------------------------------------------- */

static bool is_ours(const struct gw_item_head *h)
{
    return h->uid && h->uid[0] && strlen(h->uid) <= GW_UID_MAX && text_is(h->owner, "gateway") &&
           (text_is(h->desired, "present") || text_is(h->desired, "absent"));
}

static int compare_pair(const struct gw_item_head *h, int64_t epoch, int64_t revision)
{
    if (h->epoch != epoch)
        return h->epoch < epoch ? -1 : 1;
    return h->revision < revision ? -1 : h->revision > revision;
}

static int compare(const struct gw_item_head *h, const struct gw_cluster *c)
{
    return compare_pair(h, c->epoch, c->revision);
}

static bool is_older_than_memory(struct gw *g, const struct gw_item_head *h)
{
    const struct gw_memory *m = gw_memory_find(g, h->uid);

    return m && compare_pair(h, m->epoch, m->revision) < 0;
}

/* Machines that Palette knows of and we may not: those of day 2, or of a gateway before us. */
static void inventory_take(struct gw_cluster *c)
{
    const struct gw_item_body *b = &c->item->body;

    for (size_t i = 0; i < b->n_machines; i++) {
        const struct gw_item_machine *listed = &b->machines[i];
        struct gw_machine *m = gw_machine_find(c, listed->sid);

        if (!listed->sid[0])
            continue;
        if (!m)
            m = gw_machine_add(c, listed->sid, listed->pool, "");
        if (m)
            memcpy(m->record_uid, listed->uid, sizeof m->record_uid);
    }
}

/* GP-79: certificates may be as large as the whole of user data may be. */
static bool userdata_fits(const struct gw *g, const struct gw_cluster *c)
{
    static const struct gw_machine nobody = {.role = "init"};
    struct buf text SCOPED(buf_drop);
    bool fits;

    buf_init(&text, GW_USERDATA_MAX - MACHINES_OWN);
    fits = gw_userdata_write(g, c, &nobody, &text);
    gw_wipe(&text);
    return fits;
}

static void item_take(struct gw *g, struct gw_cluster *c, struct gw_item_head *h,
                      struct gw_effects *fx)
{
    if (h->epoch != c->epoch) {
        halt(g, c, fx);
        c->offered = 0;
    }
    c->left = c->checked = false;
    c->image = (struct gw_image){0}; /* it may be another one */
    memset(c->tries, 0, sizeof c->tries);
    c->epoch = h->epoch;
    c->revision = h->revision;
    gw_item_free(c->item);
    c->item = gw_item_new(h);
    c->take_virtual = g->config.take_virtual;
    if (g->config.bootstrap && c->item->present)
        gw_item_bootstrap(c->item);
    if (!text_copy(c->marker, sizeof c->marker, c->item->head.marker ? c->item->head.marker : ""))
        c->item->odd = true;
    if (!c->item->present)
        inventory_take(c);
    else if (!c->item->odd && !userdata_fits(g, c))
        c->item->odd = true;
}

/* The cluster has its machines now; what is kept is the pair, against stale lists (GP-46, 66). */
static void switched(struct gw *g, struct gw_cluster *c, const struct gw_item_head *h,
                     struct gw_effects *fx)
{
    struct gw_turn t = {.g = g, .c = c, .fx = fx};

    if (c->n_machines == 0 && !c->offered)
        return;
    halt(g, c, fx);
    c->epoch = h->epoch;
    c->revision = h->revision;
    c->n_machines = 0;
    c->offered = 0;
    c->intent = false;
    gw_cluster_persist(&t);
}

static void drop(struct gw *g, struct gw_cluster *c, struct gw_effects *fx)
{
    halt(g, c, fx);
    gw_cluster_forget(c, fx);
    gw_cluster_delete(g, c);
}

static struct gw_cluster *place_for(struct gw *g, const char *uid, struct gw_effects *fx)
{
    struct gw_cluster *c = find(g, uid), *old;
    struct gw_memory *memory;
    bool fits;

    if (c)
        return c;
    memory = gw_memory_find(g, uid);
    c = gw_cluster_new(g);
    if (!c && (old = oldest_unlisted(g))) {
        drop(g, old, fx);
        c = gw_cluster_new(g);
    }
    if (!c)
        return NULL;
    fits = text_copy(c->uid, sizeof c->uid, uid);
    assert(fits);
    if (memory)
        gw_memory_wake(g, memory, c);
    return c;
}

static struct gw_cluster *listed(struct gw *g, struct gw_item_head *h, ms_t sent,
                                 struct gw_effects *fx)
{
    struct gw_cluster *c;

    if (!is_ours(h)) {
        c = h->uid && text_is(h->owner, "cluster") ? find(g, h->uid) : NULL;
        if (c && compare(h, c) > 0)
            switched(g, c, h, fx);
        return NULL;
    }
    if (is_older_than_memory(g, h))
        return NULL;
    c = place_for(g, h->uid, fx);
    if (!c || compare(h, c) < 0)
        return NULL; /* no place, or stale (GP-44) */
    if (!c->item || compare(h, c) > 0)
        item_take(g, c, h, fx);
    c->listed = true;
    c->lease = sent;
    return c;
}

static void forget_old(struct gw *g, struct gw_cluster *c, struct gw_effects *fx)
{
    if (c->listed)
        return;
    if (g->now - c->unlisted_at < g->timing.forced_keep_ms) {
        gw_cluster_to_memory(g, c, fx);
        return;
    }
    drop(g, c, fx);
}

void gw_clusters_listed(struct gw *g, struct gw_item_head *heads, size_t n, ms_t sent,
                        struct gw_effects *fx)
{
    bool still[GW_CLUSTERS_MAX] = {false};

    g->n_clusters = 0;
    for (size_t i = 0; i < n; i++) {
        const struct gw_cluster *c = listed(g, &heads[i], sent, fx);

        if (!c)
            continue;
        still[c->place] = true;
        g->n_clusters++;
    }
    for (size_t i = 0; i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];

        if (c)
            c->dirty = true;
        if (!c || still[i])
            continue;
        if (c->listed)
            let_go(g, c, fx);
        forget_old(g, c, fx);
    }
    gw_memories_expire(g, fx);
}

void gw_clusters_unchanged(struct gw *g, ms_t sent, struct gw_effects *fx)
{
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && g->clusters[i]->listed) {
            g->clusters[i]->lease = sent;
            g->clusters[i]->dirty = true;
        }
    gw_memories_expire(g, fx);
}

/* --- small questions -------------------------------------------------------------------------- */

/* GP-48, GP-54, GP-64. */
bool gw_may_change(const struct gw *g, const struct gw_cluster *c)
{
    return c->item && c->listed && !c->left && c->claimed && !c->offered &&
           c->lease != GW_LONG_AGO && g->now - c->lease < g->timing.lease_ms;
}

const struct gw_account *gw_cluster_account(const struct gw *g, const struct gw_cluster *c)
{
    for (size_t i = 0; c->item && i < g->n_accounts; i++)
        if (text_is(g->accounts[i].uid, c->item->head.account_uid))
            return g->accounts[i].fine ? &g->accounts[i] : NULL;
    return NULL;
}

struct gw_machine *gw_machine_find(struct gw_cluster *c, const char *sid)
{
    for (size_t i = 0; sid[0] && i < c->n_machines; i++)
        if (text_is(c->machines[i].sid, sid))
            return &c->machines[i];
    return NULL;
}

struct gw_machine *gw_machine_add(struct gw_cluster *c, const char *sid, const char *pool,
                                  const char *role)
{
    struct gw_machine *m = &c->machines[c->n_machines];

    if (c->n_machines == GW_MACHINES_MAX)
        return NULL;
    memset(m, 0, sizeof *m);
    if (!text_copy(m->sid, sizeof m->sid, sid) || !text_copy(m->pool, sizeof m->pool, pool) ||
        !text_copy(m->role, sizeof m->role, role))
        return NULL;
    m->deploy_at = m->up_at = GW_LONG_AGO;
    m->read_due = m->poll_due = MS_NEVER;
    c->n_machines++;
    return m;
}

void gw_machine_remove(struct gw_cluster *c, struct gw_machine *m)
{
    const size_t i = (size_t)(m - c->machines);

    memmove(m, m + 1, (c->n_machines - i - 1) * sizeof *m);
    c->n_machines--;
}

void gw_clusters_describe(const struct gw *g, struct buf *out)
{
    for (size_t i = 0; i < g->n_places; i++) {
        const struct gw_cluster *c = g->clusters[i];

        if (!c)
            continue;
        buf_printf(out, "cluster %s: epoch %lld, %zu machines, %s\n", c->uid, (long long)c->epoch,
                   c->n_machines,
                   !c->listed   ? "not listed"
                   : c->offered ? "offered"
                   : c->claimed ? "claimed"
                                : "not claimed");
    }
}
