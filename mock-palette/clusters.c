/* Clusters together: finding them, moving them by life.h and saying what that changed, and time. */
#include "mock-palette/faults.h"
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const health_names[] = {
    [PAL_HEALTH_NONE] = "", [PAL_HEALTHY] = "Healthy", [PAL_UNWELL] = "Unhealthy"};

const char *pal_health_name(enum pal_health h)
{
    return health_names[h];
}

void pal_clusters_free(struct palette *p)
{
    for (size_t i = 0; i < p->n_clusters; i++) {
        pal_assets_free(p->clusters[i]);
        free(p->clusters[i]->pools);
        free(p->clusters[i]->machines);
        free(p->clusters[i]->conditions);
        free(p->clusters[i]->agents);
        free(p->clusters[i]);
    }
    free(p->clusters);
}

/* --- finding ---------------------------------------------------------------------------------- */

struct pal_pool *pal_pool_find(struct pal_cluster *c, const char *name)
{
    for (size_t i = 0; i < c->n_pools; i++)
        if (text_is(c->pools[i].name, name))
            return &c->pools[i];
    return NULL;
}

struct pal_machine *pal_machine_find(struct pal_cluster *c, const char *system_id)
{
    for (size_t i = 0; i < c->n_machines; i++)
        if (text_is(c->machines[i].system_id, system_id))
            return &c->machines[i];
    return NULL;
}

/* --- the journal ------------------------------------------------------------------------------ */

void pal_cluster_event(struct event *e, enum ev_kind kind, const struct pal_cluster *c, ms_t now)
{
    ev_init(e, kind, now);
    ev_text_add(e, EVF_CLUSTER, c->name);
}

struct shown { /* what a change is measured by */
    const char *state;
    enum pal_health health;
};

static struct shown shown(const struct pal_cluster *c)
{
    return (struct shown){.state = pal_life_shown(&c->life), .health = c->health};
}

static void journal_state(const struct pal_cluster *c, const char *before, const char *why,
                          ms_t now, struct http_reply *rp)
{
    struct event e;

    pal_cluster_event(&e, EV_PAL_CLUSTER, c, now);
    ev_text_add(&e, EVF_UID, c->uid);
    ev_text_add(&e, EVF_MARKER, c->marker);
    ev_text_add(&e, EVF_STATE, pal_life_shown(&c->life));
    ev_text_add(&e, EVF_BEFORE, before);
    ev_text_add(&e, EVF_HEALTH, health_names[c->health]);
    ev_int_add(&e, EVF_EPOCH, c->life.epoch);
    ev_int_add(&e, EVF_REVISION, c->life.revision);
    ev_text_add(&e, EVF_WHY, why);
    if (before[0] == '\0')
        ev_text_add(&e, EVF_PARAMS, "pods=" PAL_POD_CIDR " services=" PAL_SERVICE_CIDR);
    ev_list_add(&rp->events, &e);
}

static void journal_changes(const struct pal_cluster *c, const struct shown *before,
                            const char *why, ms_t now, struct http_reply *rp)
{
    if (!text_is(before->state, pal_life_shown(&c->life)) || before->health != c->health)
        journal_state(c, before->state, why, now, rp);
}

static void journal_owner(const struct palette *p, const struct pal_cluster *c, const char *why,
                          ms_t now, struct http_reply *rp)
{
    struct event e;

    pal_cluster_event(&e, EV_PAL_OWNER, c, now);
    ev_text_add(&e, EVF_OWNER, pal_stage_row(c->life.stage)->by_cluster ? "cluster" : "gateway");
    ev_int_add(&e, EVF_EPOCH, c->life.epoch);
    ev_text_add(&e, EVF_UID, p->gateways[c->gateway_i].uid);
    ev_text_add(&e, EVF_MARKER, c->marker);
    ev_text_add(&e, EVF_WHY, why);
    ev_list_add(&rp->events, &e);
}

void pal_cluster_call_add(const struct pal_ask *a, struct event *e)
{
    if (a->cluster)
        ev_text_add(e, EVF_CLUSTER, a->cluster->name);
    if (a->agent) {
        ev_text_add(e, EVF_MACHINE, a->agent->system_id);
        ev_text_add(e, EVF_KEY_ID, a->agent->id);
    }
}

/* --- moving ----------------------------------------------------------------------------------- */

void pal_assignment_changed(const struct pal_cluster *c, struct http_reply *rp)
{
    char key[HTTP_KEY_MAX];

    snprintf(key, sizeof(key), "assign/%s", c->uid);
    http_reply_touch(rp, key);
}

void pal_cluster_made(struct pal_ask *a, struct pal_cluster *c)
{
    journal_state(c, "", "made by the user", a->ctx->now, a->rp);
    journal_owner(a->p, c, "made by the user", a->ctx->now, a->rp);
    pal_feed_changed(&a->p->gateways[c->gateway_i], a->rp);
}

/* What is in the machines' list of the item is settled when the gateway is to give them back. */
static void inventory_take(struct pal_cluster *c)
{
    for (size_t i = 0; i < c->n_machines; i++)
        c->machines[i].inventory = c->machines[i].recorded;
}

/* Health begins anew when the cluster is Running, and is the agent's alone. */
static void health_settle(struct pal_cluster *c, ms_t now)
{
    const ms_t since = ms_max(c->last_beat, c->life.switched_at);

    if (c->life.stage != PAL_STAGE_RUNNING)
        return;
    if (now - since >= PAL_UNHEALTHY_MS)
        c->health = PAL_UNWELL;
    else if (c->beat_seen)
        c->health = PAL_HEALTHY;
}

void pal_cluster_settle(struct pal_cluster *c, const char *why, ms_t now, struct http_reply *rp)
{
    const struct shown before = shown(c);

    health_settle(c, now);
    journal_changes(c, &before, why, now, rp);
}

const struct pal_verdict *pal_cluster_move(struct palette *p, struct pal_cluster *c,
                                           const struct pal_move *m, const char *why,
                                           struct http_reply *rp)
{
    const struct pal_life before = c->life;
    const struct shown old = shown(c);
    const struct pal_verdict *v = pal_life_move(&c->life, m);
    const struct pal_life *l = &c->life;
    const bool same_item = before.epoch == l->epoch && before.revision == l->revision &&
                           pal_life_listed(&before) == pal_life_listed(l);

    if (!v->made)
        return v;
    if (l->stage == PAL_STAGE_DELETING && before.stage != PAL_STAGE_DELETING)
        inventory_take(c);
    health_settle(c, m->now);
    journal_changes(c, &old, why, m->now, rp);
    if (m->kind == PAL_MOVE_ARRIVE ||
        (m->kind == PAL_MOVE_MIGRATE && pal_stage_row(l->stage)->by_cluster))
        c->gateway_i = c->next_gateway_i;
    if (before.epoch != l->epoch)
        journal_owner(p, c, why, m->now, rp);
    if (!same_item && (pal_life_listed(&before) || pal_life_listed(l)))
        pal_feed_changed(&p->gateways[c->gateway_i], rp);
    if (!same_item)
        pal_assignment_changed(c, rp);
    pal_cluster_changed(p, c);
    return v;
}

bool pal_cluster_ask(struct pal_ask *a, struct pal_cluster *c, const struct pal_move *m,
                     const char *why)
{
    const struct pal_verdict *v = pal_cluster_move(a->p, c, m, why, a->rp);

    if (v->status < 300)
        return true;
    pal_refuse_as(a, v->status, v->code, v->message);
    return false;
}

/* --- who may call ----------------------------------------------------------------------------- */

/* Another's cluster is 403 to a token, whether it exists or not to an agent (GP-101). */
static bool is_foreign(const struct pal_ask *a, const struct pal_cluster *c)
{
    if (a->who == PAL_AGENT)
        return c != a->cluster;
    return a->who == PAL_GATEWAY && c && c->gateway_i != pal_gateway_i(a->p, a->gateway);
}

bool pal_cluster_in_scope(struct pal_ask *a)
{
    struct pal_cluster *c = pal_cluster_of_path(a);

    if (pal_no(a, PAL_NO_CLUSTER_FOREIGN, is_foreign(a, c)))
        return false;
    if (pal_no(a, PAL_NO_CLUSTER_UNKNOWN,
               !c || (a->who == PAL_USER && c->life.forced) || !pal_project_sees(a, c->project)))
        return false;
    a->cluster = c;
    return true;
}

/* GP-25: a gateway must say the epoch; an agent may, and is heard with an old one where that is how
 * it learns the new one. */
static bool epoch_is_current(struct pal_ask *a, const struct pal_cluster *c, unsigned can)
{
    char text[32];
    int64_t epoch = 0;

    if (can & (PAL_CAN_READ | PAL_CAN_BEAT))
        return true;
    if (!http_header_get(&a->rq->headers, "X-Gp-Epoch", text, sizeof(text)))
        return !pal_no(a, PAL_NO_EPOCH_MISSING, a->who == PAL_GATEWAY);
    if (pal_no(a, PAL_NO_EPOCH_FORM, !text_int(text, 0, INT64_MAX, &epoch)))
        return false;
    return !pal_no(a, PAL_NO_EPOCH_STALE, epoch != c->life.epoch);
}

bool pal_cluster_may(struct pal_ask *a, struct pal_cluster *c, unsigned can)
{
    const unsigned may = a->who == PAL_GATEWAY ? pal_life_gateway_may(&c->life)
                                               : pal_stage_row(c->life.stage)->agent;

    a->cluster = c;
    if (!epoch_is_current(a, c, can) ||
        pal_no(a, PAL_NO_EPOCH_OVER, a->who == PAL_GATEWAY && c->life.moving))
        return false;
    if (may & can)
        return true;
    return !pal_no(a, PAL_NO_NOT_CLAIMED,
                   a->who == PAL_GATEWAY && c->life.stage == PAL_STAGE_PENDING) &&
           !pal_no(a, PAL_NO_NOT_OWNER, true);
}

static bool agent_is_welcome(struct pal_ask *a)
{
    const struct pal_life *l = &a->cluster->life;

    if (pal_no(a, PAL_NO_AGENTS_REFUSED,
               !(a->route->flags & PAL_REVOKED_TOO) &&
                   (l->forced || !pal_stage_row(l->stage)->agent)))
        return false;
    if (pal_no(a, PAL_NO_TOKEN_EXPIRED, a->ctx->now >= a->agent->until && !a->ctx->parked_before))
        return false;
    if (pal_no(a, PAL_NO_AGENT_OP, !(a->route->flags & PAL_MAY_AGENT)))
        return false;
    return true;
}

/* Renews the owner's lease; one that was silent for too long is there again. */
static void speaker_heard(struct pal_ask *a, struct pal_cluster *c)
{
    const struct pal_move hello = {.kind = PAL_MOVE_REGISTER, .speaks = true, .now = a->ctx->now};

    if (c->life.stage == PAL_STAGE_PROVISIONING)
        (void)pal_cluster_move(a->p, c, &hello, "the agent is heard again", a->rp);
    else
        c->life.agent_last = a->ctx->now;
}

bool pal_agent_admit(struct pal_ask *a, const uint8_t token[SHA256_LEN])
{
    struct pal_cluster *own = NULL;

    a->agent = pal_agent_by_token(a->p, token, &own);
    if (!a->agent)
        return false;
    a->who = PAL_AGENT;
    a->cluster = own;
    if (!agent_is_welcome(a) ||
        ((a->route->flags & (PAL_OF_CLUSTER | PAL_OWN_SELF)) && !pal_cluster_in_scope(a)))
        return true;
    if (a->ctx->parked_before)
        return true;
    /* each call renews the token, and the lease when it is of the one who may act, from arrival */
    a->agent->until = a->ctx->now + PAL_AGENT_TOKEN_MS;
    if (a->agent->speaks)
        speaker_heard(a, own);
    return true;
}

/* --- time ------------------------------------------------------------------------------------- */

static ms_t cluster_due(const struct pal_cluster *c)
{
    ms_t due = pal_life_due(&c->life);

    if (c->life.stage == PAL_STAGE_RUNNING && c->health != PAL_UNWELL)
        due = ms_min(due, ms_max(c->last_beat, c->life.switched_at) + PAL_UNHEALTHY_MS);
    return due;
}

void pal_cluster_changed(struct palette *p, struct pal_cluster *c)
{
    pal_due_set(&p->due, PALETTE_GATEWAYS_MAX + c->i, cluster_due(c));
    pal_keep_mark(p, PAL_KEEP_CLUSTERS, c->i);
}

void pal_cluster_tick(struct palette *p, struct pal_cluster *c, ms_t now, struct http_reply *rp)
{
    const struct pal_move lease = {.kind = PAL_MOVE_LEASE_OUT, .now = now};
    const struct pal_move keep = {.kind = PAL_MOVE_KEEP_OUT, .now = now};
    const struct pal_move silent = {.kind = PAL_MOVE_SILENT, .now = now};
    const struct pal_move arrive = {.kind = PAL_MOVE_ARRIVE, .now = now};

    if (c->life.stage == PAL_STAGE_DELETED)
        return;
    (void)pal_cluster_move(p, c, &lease, "the agent's lease has run out", rp);
    (void)pal_cluster_move(p, c, &keep, "kept for long enough", rp);
    (void)pal_cluster_move(p, c, &silent, "the agent is silent", rp);
    (void)pal_cluster_move(p, c, &arrive, "the old gateway's lease has run out", rp);
    pal_cluster_settle(c, "no heartbeat", now, rp);
    pal_cluster_changed(p, c);
}

/* --- the feed --------------------------------------------------------------------------------- */

static void journal_work(const struct pal_ask *a, const struct pal_cluster *c)
{
    struct event e;

    pal_cluster_event(&e, EV_PAL_WORK, c, a->ctx->now);
    ev_text_add(&e, EVF_KIND, pal_stage_row(c->life.stage)->absent ? "delete" : "create");
    ev_text_add(&e, EVF_UID, a->gateway->uid);
    ev_int_add(&e, EVF_CONN, (int64_t)a->ctx->conn);
    ev_int_add(&e, EVF_COUNT, c->handed);
    ev_int_add(&e, EVF_EPOCH, c->life.epoch);
    ev_int_add(&e, EVF_REVISION, c->life.revision);
    ev_list_add(&a->rp->events, &e);
}

void pal_clusters_feed(struct pal_ask *a, struct buf *out)
{
    const bool back = pal_fault_of(a, 1U << PAL_FAULT_REORDER) != NULL;
    size_t n = 0;

    for (size_t j = 0; j < a->p->n_clusters; j++) {
        const size_t i = back ? a->p->n_clusters - 1 - j : j;
        struct pal_cluster *c = a->p->clusters[i];

        if (!pal_life_listed(&c->life) || c->gateway_i != pal_gateway_i(a->p, a->gateway))
            continue;
        buf_text_add(out, n++ ? "," : "");
        pal_item_write(a, c, out);
        c->handed++;
        pal_keep_mark(a->p, PAL_KEEP_CLUSTERS, i);
        journal_work(a, c);
    }
}
