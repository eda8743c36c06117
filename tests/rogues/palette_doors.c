/* Doors of Palette that stand ajar for a rogue, and only while it runs: palette_config.ajar names
 * it, and no release build looks at that. A good gateway never asks for what is behind them. Each
 * use is a note in the journal.
 *
 * The scale-ups (for `middleman`): a hand-over that asks for them, "scaleUps":"gateway", gets them:
 * while the running cluster has fewer machines than its user wants, it stands in the feed as work
 * of the gateway, which may claim it and make records of new machines; its agent is told of no more
 * machines than have a record; "gateway-while-there": as long as the gateway is Running. Owner,
 * epoch and all that a user is shown stay the cluster's. */
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define WRAPS(name) http_handler __real_##name, __wrap_##name
WRAPS(pal_handover);
WRAPS(pal_claim);
WRAPS(pal_pool_create);
WRAPS(pal_pool_update);
WRAPS(pal_machine_create);
WRAPS(pal_machine_update);
WRAPS(pal_assignment);
WRAPS(pal_spc_apply);
WRAPS(pal_config);
void __real_pal_clusters_feed(struct pal_ask *a, struct buf *out);
void __wrap_pal_clusters_feed(struct pal_ask *a, struct buf *out);

void door_note(struct pal_ask *a, const struct pal_cluster *c, const char *what)
{
    struct event e;

    pal_cluster_event(&e, EV_NOTE, c, a->ctx->now);
    ev_text_add(&e, EVF_NAME, a->p->config.ajar);
    ev_text_add(&e, EVF_TEXT, what);
    ev_list_add(&a->rp->events, &e);
}

/* --- whose work it is --- */

static int64_t recorded(const struct pal_cluster *c, const struct pal_pool *p)
{
    int64_t n = 0;

    for (size_t i = 0; i < c->n_machines; i++)
        n += c->machines[i].recorded && text_is(c->machines[i].pool, p->name);
    return n;
}

static bool all_run(const struct pal_cluster *c)
{
    for (size_t i = 0; i < c->n_machines; i++)
        if (c->machines[i].recorded && !text_is(c->machines[i].state, "Running"))
            return false;
    return true;
}

/* From the moment at which a machine is missing until the agent has seen all of them. */
static bool is_gateways_work(struct pal_cluster *c)
{
    bool missing = false;

    if (!(c->ajar & AJAR_SCALE_UPS) || c->life.stage != PAL_STAGE_RUNNING)
        return false;
    for (size_t i = 0; i < c->n_pools; i++)
        missing = missing || recorded(c, &c->pools[i]) < c->pools[i].size;
    if (missing)
        c->ajar |= AJAR_SHORT;
    else if (all_run(c))
        c->ajar &= ~(unsigned)AJAR_SHORT;
    return c->ajar & AJAR_SHORT;
}

/* Palette's own code, with the cluster standing as one that the gateway makes. */
static bool lend(struct pal_cluster *c)
{
    const bool lent = is_gateways_work(c);

    if (lent)
        c->life.stage = PAL_STAGE_PROVISIONING;
    return lent;
}

static void take_back(struct pal_cluster *c, bool lent)
{
    if (lent)
        c->life.stage = PAL_STAGE_RUNNING;
}

static void wake(struct pal_ask *a)
{
    if (a->cluster && a->cluster->ajar && a->rp->status < 300)
        pal_feed_changed(&a->p->gateways[a->cluster->gateway_i], a->rp);
}

/* --- the gateway's calls --- */

static bool says(const struct pal_ask *a, const char *path, char *out, size_t size)
{
    return jx_pick(buf_text(&a->rq->body), a->rq->body.len, path, out, size);
}

void __wrap_pal_handover(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    char word[32];

    door_handover(x, __real_pal_handover);
    if (!text_begins(a->p->config.ajar, "middleman") || a->rp->status != 200 ||
        !says(a, "scaleUps", word, sizeof word) || !text_begins(word, "gateway"))
        return;
    a->cluster->ajar |= AJAR_SCALE_UPS;
    if (text_is(word, "gateway-while-there"))
        a->cluster->ajar |= AJAR_WHILE_THERE;
    door_note(a, a->cluster, "a door stands ajar: the gateway gets the scale-ups it asked for");
}

void __wrap_pal_clusters_feed(struct pal_ask *a, struct buf *out)
{
    bool lent[PALETTE_CLUSTERS_MAX] = {false};

    for (size_t i = 0; i < a->p->n_clusters; i++) {
        struct pal_cluster *c = a->p->clusters[i];

        lent[i] = c->gateway_i == pal_gateway_i(a->p, a->gateway) && lend(c);
        if (lent[i])
            door_note(a, c, "a door stands ajar: a scale-up is in the gateway's feed");
    }
    __real_pal_clusters_feed(a, out);
    door_life_feed(a);
    for (size_t i = 0; i < a->p->n_clusters; i++)
        take_back(a->p->clusters[i], lent[i]);
}

void __wrap_pal_claim(const struct http_exchange *x)
{
    struct pal_cluster *c = pal_ask(x)->cluster;
    const bool lent = lend(c);

    __real_pal_claim(x);
    take_back(c, lent);
}

/* Only of machines that have none: those of before are the agent's to tell about. */
static bool is_new(struct pal_ask *a)
{
    char name[64];

    return a->who == PAL_GATEWAY && says(a, "metadata.name", name, sizeof name) &&
           !pal_machine_find(a->cluster, name);
}

void __wrap_pal_machine_create(const struct http_exchange *x)
{
    struct pal_cluster *c = pal_ask(x)->cluster;
    const bool lent = is_new(pal_ask(x)) && lend(c);

    __real_pal_machine_create(x);
    take_back(c, lent);
    wake(pal_ask(x));
}

/* Until the agent has taken it over the gateway tells how far its machine is. */
static bool is_pending(struct pal_ask *a)
{
    for (size_t i = 0; i < a->cluster->n_machines; i++)
        if (text_is(a->cluster->machines[i].uid, http_var(&a->vars, "machineUid")))
            return a->who == PAL_GATEWAY && text_is(a->cluster->machines[i].state, "Pending");
    return false;
}

void __wrap_pal_machine_update(const struct http_exchange *x)
{
    struct pal_cluster *c = pal_ask(x)->cluster;
    const bool lent = is_pending(pal_ask(x)) && lend(c);

    __real_pal_machine_update(x);
    take_back(c, lent);
    wake(pal_ask(x));
}

/* --- the user's, and what the agent is told of it --- */

void __wrap_pal_pool_create(const struct http_exchange *x)
{
    __real_pal_pool_create(x);
    wake(pal_ask(x));
}

void __wrap_pal_pool_update(const struct http_exchange *x)
{
    __real_pal_pool_update(x);
    wake(pal_ask(x));
}

/* The agent would take what the gateway has begun for what is too much or still to be deployed: it
 * is told when the gateway has deployed all that was missing. */
static bool is_begun(const struct pal_cluster *c)
{
    bool begun = false;

    for (size_t i = 0; i < c->n_machines; i++)
        begun = begun || (c->machines[i].recorded && text_is(c->machines[i].state, "Pending"));
    for (size_t i = 0; i < c->n_pools; i++)
        begun = begun || recorded(c, &c->pools[i]) < c->pools[i].size;
    return begun;
}

static bool is_half_made(const struct pal_machine *m)
{
    return m->recorded && (text_is(m->state, "Pending") || text_is(m->state, "Provisioning"));
}

static void *copied(const void *from, size_t bytes)
{
    void *to = malloc(bytes + 1);

    if (!to)
        WRONG("out of memory");
    return bytes > 0 ? memcpy(to, from, bytes) : to;
}

static void withhold(struct pal_cluster *c)
{
    for (size_t i = 0; i < c->n_machines; i++)
        c->machines[i].recorded = c->machines[i].recorded && !is_half_made(&c->machines[i]);
    for (size_t i = 0; i < c->n_pools; i++) {
        const int64_t n = recorded(c, &c->pools[i]);

        c->pools[i].size = n < c->pools[i].size ? n : c->pools[i].size;
    }
}

/* Its agent may do what the gateway is not there for. */
static bool is_left_alone(const struct palette *p, const struct pal_cluster *c)
{
    return (c->ajar & AJAR_WHILE_THERE) && p->gateways[c->gateway_i].state != PAL_RUNNING;
}

static void withheld(const struct http_exchange *x, http_handler *handler)
{
    struct pal_cluster *c = pal_ask(x)->cluster;
    const size_t pool_bytes = c ? c->n_pools * sizeof *c->pools : 0,
                 machine_bytes = c ? c->n_machines * sizeof *c->machines : 0;
    void *pools, *machines;

    if (pal_ask(x)->who != PAL_AGENT || is_left_alone(pal_ask(x)->p, c) || !is_gateways_work(c) ||
        !is_begun(c)) {
        handler(x);
        return;
    }
    pools = copied(c->pools, pool_bytes);
    machines = copied(c->machines, machine_bytes);
    withhold(c);
    handler(x);
    memcpy(c->pools, pools, pool_bytes); /* reading changes nothing */
    memcpy(c->machines, machines, machine_bytes);
    free(pools);
    free(machines);
}

void __wrap_pal_assignment(const struct http_exchange *x)
{
    if (!door_assignment(x, __real_pal_assignment))
        withheld(x, __real_pal_assignment);
}

void __wrap_pal_spc_apply(const struct http_exchange *x)
{
    withheld(x, __real_pal_spc_apply);
}

void __wrap_pal_config(const struct http_exchange *x)
{
    withheld(x, __real_pal_config);
}
