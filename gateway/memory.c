/* Clusters that are gone from here: handed over, released, or never begun. Only their pair of epoch
 * and revision is kept, so that a list from before their end is known to be old (GP-46, GP-66). A
 * thousand of them cost less than one at work. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <string.h>

#define EXPIRED_MAX 64 /* in one step; the rest goes with the next list */

static bool holds_something(const struct gw *g, const struct gw_cluster *c)
{
    for (size_t lane = 0; lane < GW_LANES; lane++)
        if (g->errands[GW_AT_CLUSTERS + GW_LANES * c->place + lane].ticket)
            return true;
    return c->listed || c->item || c->n_machines > 0 || c->n_avoid > 0 || c->intent || c->offered ||
           c->unsettled_until > g->now;
}

struct gw_memory *gw_memory_find(struct gw *g, const char *uid)
{
    for (size_t i = 0; i < g->n_memories; i++)
        if (text_is(g->memories[i].uid, uid))
            return &g->memories[i];
    return NULL;
}

static void drop(struct gw *g, struct gw_memory *m)
{
    *m = g->memories[--g->n_memories];
}

static void forget(struct gw *g, struct gw_memory *m, struct gw_effects *fx)
{
    if (m->recorded)
        gw_record_forget(m->uid, fx);
    drop(g, m);
}

static struct gw_memory *oldest(struct gw *g)
{
    struct gw_memory *ret = g->memories;

    for (size_t i = 1; i < g->n_memories; i++)
        if (g->memories[i].unlisted_at < ret->unlisted_at)
            ret = &g->memories[i];
    return ret;
}

void gw_cluster_to_memory(struct gw *g, struct gw_cluster *c, struct gw_effects *fx)
{
    struct gw_memory m = {.recorded = c->recorded,
                          .epoch = c->epoch,
                          .revision = c->revision,
                          .unlisted_at = c->unlisted_at};

    if (holds_something(g, c))
        return;
    if (g->n_memories == GW_MEMORIES_MAX)
        forget(g, oldest(g), fx);
    memcpy(m.uid, c->uid, sizeof m.uid);
    g->memories[g->n_memories++] = m;
    gw_cluster_delete(g, c);
}

void gw_memory_wake(struct gw *g, struct gw_memory *m, struct gw_cluster *c)
{
    c->recorded = m->recorded;
    c->epoch = m->epoch;
    c->revision = m->revision;
    c->unlisted_at = m->unlisted_at;
    drop(g, m);
}

void gw_memories_expire(struct gw *g, struct gw_effects *fx)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n_memories && n < EXPIRED_MAX;) {
        if (g->now - g->memories[i].unlisted_at < g->timing.forced_keep_ms) {
            i++;
            continue;
        }
        forget(g, &g->memories[i], fx); /* the last one has its place now */
        n++;
    }
}
