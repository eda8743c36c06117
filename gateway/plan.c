/* What is wanted against what is there: what is missing, what is too much, when it is whole. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

const struct gw_pool *gw_pool_find(const struct gw_cluster *c, const char *name)
{
    for (size_t i = 0; c->item && i < c->item->body.n_pools; i++)
        if (text_is(c->item->body.pools[i].config.name, name))
            return &c->item->body.pools[i];
    return NULL;
}

static bool counts(const struct gw_machine *m)
{
    return !m->unwanted && !m->gone;
}

size_t gw_pool_count(const struct gw_cluster *c, const char *pool, const char *zone)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_machines; i++)
        n += counts(&c->machines[i]) && text_is(c->machines[i].pool, pool) &&
             (!zone || text_is(c->machines[i].zone, zone));
    return n;
}

const struct gw_pool *gw_pool_missing(const struct gw_cluster *c)
{
    const struct gw_item_body *b = &c->item->body;

    for (int control_plane = 1; control_plane >= 0; control_plane--)
        for (size_t i = 0; i < b->n_pools; i++)
            if (b->pools[i].config.control_plane == control_plane &&
                gw_pool_count(c, b->pools[i].config.name, NULL) < (size_t)b->pools[i].config.size)
                return &b->pools[i];
    return NULL;
}

/* Also one that is on its way out: a second one must not be deployed beside it (GP-59). */
bool gw_has_init(const struct gw_cluster *c)
{
    for (size_t i = 0; i < c->n_machines; i++)
        if (text_is(c->machines[i].role, "init") && !c->machines[i].gone)
            return true;
    return false;
}

ms_t gw_settled_at(const struct gw *g, const struct gw_cluster *c)
{
    const bool silent = c->item && !c->item->present && !gw_item_quiesced(c->item);
    ms_t at = GW_LONG_AGO;

    if (c->allocate_at != GW_LONG_AGO)
        at = c->allocate_at + g->timing.settle_ms;
    if (c->lost || silent)
        at = ms_max(at, c->claim_at + g->timing.settle_ms);
    return at;
}

/* --- too much, too long ----------------------------------------------------------------------- */

/* The last one that is not init, or the init when it is the only one. */
static struct gw_machine *surplus_of(struct gw_cluster *c, const char *pool)
{
    struct gw_machine *init = NULL;

    for (size_t i = c->n_machines; i-- > 0;) {
        struct gw_machine *m = &c->machines[i];

        if (!counts(m) || !text_is(m->pool, pool))
            continue;
        if (!text_is(m->role, "init"))
            return m;
        init = m;
    }
    return init;
}

static void pools_fit(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;

    if (t->g->now < gw_settled_at(t->g, c))
        return; /* what is missing may still turn up (C9) */
    for (size_t i = 0; i < c->n_machines; i++)
        if (!gw_pool_find(c, c->machines[i].pool))
            c->machines[i].unwanted = true;
    for (size_t i = 0; i < c->item->body.n_pools; i++) {
        const struct gw_pool_config *p = &c->item->body.pools[i].config;

        for (size_t n = gw_pool_count(c, p->name, NULL); n > (size_t)p->size; n--)
            surplus_of(c, p->name)->unwanted = true;
    }
}

/* GP-61: said once for each machine; it is not replaced, for it may come yet. */
static void agent_missed(struct gw_turn *t, struct gw_machine *m)
{
    if (m->late_told || m->up_at == GW_LONG_AGO || !text_is(m->role, "init") ||
        t->c->item->body.agent.registered || t->g->now - m->up_at < t->g->timing.agent_wait_ms)
        return;
    m->late_told = true;
    gw_event_note(t->c, "WaitingForAgent", "machine %s is deployed and its agent has not come",
                  m->sid);
    gw_say(t->fx, GW_WARNING, "cluster %.64s: the agent of machine %s has not come", t->c->uid,
           m->sid);
}

/* The user sees the cluster gone: what MAAS still has of it is said at least here (GP-74). */
static void forced_tell(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;
    struct buf names SCOPED(buf_drop);

    buf_init(&names, GW_MESSAGE_MAX - 1);
    if (!c->item->head.forced || c->forced_told)
        return;
    c->forced_told = true;
    for (size_t i = 0; i < c->n_machines; i++)
        if (gw_is_held(c, &c->machines[i]))
            buf_printf(&names, " %s", c->machines[i].sid);
    gw_say(t->fx, GW_WARNING, "cluster %.64s was deleted by force; left in MAAS:%s", c->uid,
           names.len > 0 ? buf_text(&names) : " nothing");
}

void gw_cluster_fit(struct gw_turn *t)
{
    struct gw_cluster *c = t->c;

    forced_tell(t);
    if (c->item->odd || !c->item->present)
        return;
    pools_fit(t);
    for (size_t i = c->n_machines; i-- > 0;) {
        struct gw_machine *m = &c->machines[i];

        if (m->deploy_at != GW_LONG_AGO && counts(m) &&
            t->g->now - m->deploy_at >= t->g->timing.deploy_ms)
            gw_machine_give_up(t, m, "DeployFailed");
        agent_missed(t, m);
        /* a record whose uid we do not know is asked for again first: record_make */
        if (m->gone && !m->record_uid[0] && !m->record_tried)
            gw_machine_remove(c, m);
    }
}

/* --- whole, and empty ------------------------------------------------------------------------- */

static bool is_ready(const struct gw_cluster *c, const struct gw_machine *m)
{
    return counts(m) && m->fresh && m->annotated && gw_is_held(c, m) && gw_rung_of(m) == GW_UP &&
           m->record_uid[0];
}

bool gw_is_complete(const struct gw_cluster *c)
{
    if (!c->item || !c->item->present || c->item->odd || !c->looked || c->intent ||
        gw_pool_missing(c))
        return false;
    for (size_t i = 0; i < c->n_machines; i++)
        if (!is_ready(c, &c->machines[i]))
            return false;
    return c->item->body.agent.registered && gw_name_is_settled(c);
}

bool gw_is_clear(const struct gw_cluster *c)
{
    if (!c->item || c->item->present || !c->looked || c->intent || !gw_name_is_settled(c))
        return false;
    for (size_t i = 0; i < c->n_machines; i++)
        if (!gw_outcome_of(c, &c->machines[i]))
            return false;
    return true;
}
