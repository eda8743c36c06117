/* Doors of Palette, and a Palette that breaks a rule, about how clusters begin and end. A heartbeat
 * asks, for all clusters of its gateway:
 *   clusters release themselves              deleted, they give their machines back by themselves
 *   clusters release themselves without me   the same, while their gateway is away
 *   small clusters release themselves        those of no more than two machines do
 *   old clusters release themselves          those do that have run for two hours
 * The agent of such a cluster is told that its user wants no machines any more, and asked for the
 * cluster only when its own is the last: the agent itself knows of no door.
 *
 * And, for early-bird, a hand-over is taken without an agent that has registered; for
 * mourner.half-dead, the feed names in X-Gp-Alive a deleted cluster of which a node still called
 * when the one that speaks for it was silent. */
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#include <string.h>

#define SMALL 2 /* machines */
#define OLD   HOURS(2)
#define TRIES HOURS(1) /* for so long impatient-palette.after-1h waits */

http_handler __real_pal_cluster_create, __wrap_pal_cluster_create;

static bool is_away(const struct palette *p, const struct pal_cluster *c)
{
    return p->gateways[c->gateway_i].state != PAL_RUNNING;
}

/* --- a hand-over without an agent ------------------------------------------------------------- */

void door_handover(const struct http_exchange *x, http_handler *handler)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cluster *c = a->cluster;
    const bool heard = c->life.registered;

    if (!heard && text_begins(a->p->config.ajar, "early-bird")) {
        door_note(a, c, "a door stands ajar: a cluster is taken for running without its agent");
        c->life.registered = true;
    }
    handler(x);
    c->life.registered = heard;
}

/* --- clusters that release themselves --------------------------------------------------------- */

static const struct {
    const char *message;
    unsigned ajar;
} eaters[] = {
    {"clusters release themselves", AJAR_EATS},
    {"clusters release themselves without me", AJAR_EATS_AWAY},
    {"small clusters release themselves", AJAR_EATS_SMALL},
    {"old clusters release themselves", AJAR_EATS_OLD},
};

void door_life_asked(struct pal_ask *a, const char *message)
{
    for (size_t i = 0; i < COUNTOF(eaters); i++)
        for (size_t k = 0; text_is(message, eaters[i].message) && k < a->p->n_clusters; k++)
            if (a->p->clusters[k]->gateway_i == pal_gateway_i(a->p, a->gateway))
                a->p->clusters[k]->ajar |= eaters[i].ajar;
}

static bool eats_itself(const struct pal_ask *a, const struct pal_cluster *c)
{
    const unsigned small = c->n_machines <= SMALL ? AJAR_EATS_SMALL : 0,
                   old = a->ctx->now - c->life.switched_at >= OLD ? AJAR_EATS_OLD : 0,
                   away = is_away(a->p, c) ? AJAR_EATS_AWAY : 0;
    size_t n = 0;

    for (size_t i = 0; i < c->n_machines; i++)
        n += c->machines[i].recorded;
    return c->life.stage == PAL_STAGE_RECLAIM && n > 1 &&
           (c->ajar & (AJAR_EATS | small | old | away));
}

bool door_assignment(const struct http_exchange *x, http_handler *handler)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cluster *c = a->cluster;
    int64_t sizes[PAL_POOLS_MAX];

    if (a->who != PAL_AGENT || !eats_itself(a, c))
        return false;
    for (size_t i = 0; i < c->n_pools; i++) {
        sizes[i] = c->pools[i].size;
        c->pools[i].size = 0;
    }
    c->life.stage = PAL_STAGE_RUNNING;
    handler(x);
    c->life.stage = PAL_STAGE_RECLAIM;
    for (size_t i = 0; i < c->n_pools; i++)
        c->pools[i].size = sizes[i];
    if (a->rp->status == 200)
        door_note(a, c, "a door stands ajar: a deleted cluster is told to release its machines");
    return true;
}

/* --- who lives -------------------------------------------------------------------------------- */

#define SILENT MINUTES(5)

/* Each call of a node renews its token. */
static bool is_half_dead(const struct pal_cluster *c)
{
    for (size_t i = 0; i < c->n_agents; i++)
        if (c->agents[i].until - PAL_AGENT_TOKEN_MS > c->life.agent_last + SILENT)
            return c->life.stage == PAL_STAGE_DELETING;
    return false;
}

void door_life_feed(struct pal_ask *a)
{
    for (size_t i = 0; text_is(a->p->config.ajar, "mourner.half-dead") && i < a->p->n_clusters; i++)
        if (is_half_dead(a->p->clusters[i])) {
            http_header_add(&a->rp->headers, "X-Gp-Alive", a->p->clusters[i]->uid);
            door_note(a, a->p->clusters[i], "a door stands ajar: it is told that a node lives");
            return;
        }
}

/* --- impatient-palette: gives up a create whose gateway is away; after-1h: an hour later --------
 */

static void give_up(struct pal_ask *a, struct pal_cluster *c)
{
    const struct pal_move m = {.kind = PAL_MOVE_DELETE, .now = a->ctx->now};

    door_acts(a, "gives up a create whose gateway is away");
    (void)pal_cluster_move(a->p, c, &m, "the gateway is away", a->rp);
}

/* At a site: what a system gateway must not lose is another rule's. */
static bool waits_in_vain(const struct palette *p, const struct pal_cluster *c)
{
    return is_away(p, c) && !p->gateways[c->gateway_i].system && c->life.stage == PAL_STAGE_PENDING;
}

/* When it was made stands where the time of its delete will stand. */
void __wrap_pal_cluster_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);

    __real_pal_cluster_create(x);
    if (a->rp->status != 201 || !text_begins(a->p->config.ajar, "impatient-palette"))
        return;
    a->cluster->life.deleted_at = a->ctx->now;
    if (waits_in_vain(a->p, a->cluster) && text_is(a->p->config.ajar, "impatient-palette"))
        give_up(a, a->cluster);
}

/* Somebody beats each minute. */
void door_life_beat(struct pal_ask *a)
{
    for (size_t i = 0; i < a->p->n_clusters; i++) {
        struct pal_cluster *c = a->p->clusters[i];

        if (text_is(a->p->config.ajar, "impatient-palette.after-1h") && waits_in_vain(a->p, c) &&
            a->ctx->now >= c->life.deleted_at + TRIES)
            give_up(a, c);
    }
}
