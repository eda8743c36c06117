/* The agent's side (profile, section 14): an identity per node, its token, its heartbeat, and the
 * assignment: who owns, and, while the cluster does, all it needs to own (GP-67). */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- register --------------------------------------------------------------------------------- */

struct hello {
    char cluster_uid[PAL_UID_MAX], join_token[128], system_id[64], hostname[PAL_NAME_MAX], role[16];
};
static const struct jx_field hello_fields[] = {
    JX_TEXT_AS(struct hello, cluster_uid, "clusterUid", JX_MUST),
    JX_TEXT_AS(struct hello, join_token, "joinToken", JX_MUST),
    JX_TEXT_AS(struct hello, system_id, "systemId", JX_MUST),
    JX_TEXT(struct hello, hostname, JX_MUST),
    JX_TEXT(struct hello, role, 0),
};

struct pal_agent *pal_agent_find(struct pal_cluster *c, const char *system_id)
{
    for (size_t i = 0; i < c->n_agents; i++)
        if (text_is(c->agents[i].system_id, system_id))
            return &c->agents[i];
    return NULL;
}

static bool join_token_fits(const struct pal_cluster *c, const char *token)
{
    uint8_t mine[SHA256_LEN], theirs[SHA256_LEN];

    digest_sha256(c->join_token, strlen(c->join_token), mine);
    digest_sha256(token, strlen(token), theirs);
    return digest_equal(mine, theirs, sizeof(mine));
}

/* GP-101: some time after the hand-over a join token makes no identity any more but for a node that
 * is known: one that comes back, or that the cluster itself has recorded as its machine. */
static bool node_is_late(const struct pal_ask *a, struct pal_cluster *c, const char *system_id)
{
    const struct pal_machine *m = pal_machine_find(c, system_id);

    return pal_stage_row(c->life.stage)->by_cluster &&
           a->ctx->now >= c->life.switched_at + PAL_JOIN_GRACE_MS &&
           !pal_agent_find(c, system_id) && !(m && m->recorded);
}

/* false: it has been refused. */
static bool hello_is_welcome(struct pal_ask *a, struct pal_cluster *c, const struct hello *h)
{
    const unsigned may = c->life.forced ? 0 : pal_stage_row(c->life.stage)->agent;

    const bool odd =
        !h->system_id[0] ||
        h->system_id[strspn(h->system_id, "abcdefghijklmnopqrstuvwxyz0123456789")] != '\0';
    const bool full = c->n_agents == PAL_AGENTS_MAX && !pal_agent_find(c, h->system_id);

    return !pal_no(a, PAL_NO_JOIN_TOKEN, !join_token_fits(c, h->join_token)) &&
           !pal_no(a, PAL_NO_AGENTS_REFUSED, !(may & PAL_CAN_REGISTER)) &&
           !pal_no(a, PAL_NO_SYSTEM_ID_FORM, odd) &&
           !pal_no(a, PAL_NO_JOIN_TOKEN_LATE, node_is_late(a, c, h->system_id)) &&
           !pal_no(a, PAL_NO_AGENTS_FULL, full);
}

static struct pal_agent *agent_make(struct pal_ask *a, struct pal_cluster *c, const struct hello *h)
{
    struct pal_agent *agent = pal_agent_find(c, h->system_id);
    char uid[PAL_UID_MAX];

    if (!agent) {
        c->agents = pal_grow(c->agents, c->n_agents, sizeof(*agent));
        agent = &c->agents[c->n_agents++];
        text_copy(agent->system_id, sizeof(agent->system_id), h->system_id);
        pal_uid_make(a->p, uid);
        snprintf(agent->id, sizeof(agent->id), "a-%.8s", uid);
    }
    text_copy(agent->hostname, sizeof(agent->hostname), h->hostname);
    pal_mask_text(a, agent->hostname, sizeof(agent->hostname), "hello");
    return agent;
}

static void journal_hello(const struct pal_ask *a, const struct pal_cluster *c,
                          const struct pal_agent *agent, const char *system_id)
{
    struct event e;

    pal_cluster_event(&e, EV_PAL_HELLO, c, a->ctx->now);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_text_add(&e, EVF_KEY_ID, agent ? agent->id : "");
    ev_text_add(&e, EVF_MACHINE, system_id);
    ev_int_add(&e, EVF_ACCEPTED, agent ? 1 : 0);
    if (agent)
        ev_text_add(&e, EVF_NAME, agent->hostname);
    else
        ev_text_add(&e, EVF_CODE, a->code);
    ev_list_add(&a->rp->events, &e);
}

static void token_answer(struct pal_ask *a, const struct pal_cluster *c, struct pal_agent *agent)
{
    struct buf body SCOPED(buf_drop) = {0};
    uint8_t hash[SHA256_LEN];
    char token[80];

    pal_token_make(a->p, token, sizeof(token));
    digest_sha256(token, strlen(token), hash);
    pal_agent_token_set(a->p, a->cluster, agent, hash); /* the one before is void */
    agent->until = a->ctx->now + PAL_AGENT_TOKEN_MS;
    buf_init(&body, KIB(4));
    buf_printf(&body, "{\"token\":\"%s\",\"expiresInSeconds\":", token);
    jx_write_seconds(&body, pal_out_ms(pal_factor(a->p, false), PAL_AGENT_TOKEN_MS));
    buf_printf(&body, ",\"owner\":\"%s\",\"epoch\":%d,\"timing\":",
               pal_stage_row(c->life.stage)->by_cluster ? "cluster" : "gateway",
               (int)c->life.epoch);
    pal_timing_write(pal_factor(a->p, false), &body);
    buf_char_add(&body, '}');
    pal_answer(a, 200, buf_text(&body));
}

/* POST /v1/x-gp/agent/register: one identity a node. A node with role "join" does not speak for the
 * cluster, so that it is no agent to hand over to. */
void pal_agent_register(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct hello h = {.role = ""};
    struct pal_move m = {.kind = PAL_MOVE_REGISTER, .now = x->ctx->now};
    struct pal_cluster *c;

    a->who = PAL_AGENT;
    if (!pal_body(a, hello_fields, COUNTOF(hello_fields), &h))
        return;
    c = pal_cluster_find(a->p, h.cluster_uid);
    if (pal_no(a, PAL_NO_CLUSTER_UNKNOWN, !c))
        return;
    a->cluster = c;
    pal_mask_text(a, h.system_id, sizeof(h.system_id), "hello");
    if (!hello_is_welcome(a, c, &h)) {
        journal_hello(a, c, NULL, h.system_id);
        return;
    }
    a->agent = agent_make(a, c, &h);
    journal_hello(a, c, a->agent, h.system_id);
    m.speaks = a->agent->speaks = !text_is(h.role, "join");
    if (!pal_cluster_ask(a, c, &m, "the agent has registered"))
        return;
    pal_assignment_changed(c, a->rp);
    token_answer(a, c, a->agent);
}

/* --- heartbeat -------------------------------------------------------------------------------- */

/* Health is of the agent's beats alone; what the gateway does is nothing to it (IND-3). */
void pal_agent_beat(struct pal_ask *a, const char *version, const char *message)
{
    struct pal_cluster *c = a->cluster;
    struct event e;

    (void)message;
    if (!pal_cluster_may(a, c, PAL_CAN_BEAT))
        return;
    c->beat_seen = true;
    c->last_beat = a->ctx->now;
    pal_cluster_event(&e, EV_PAL_BEAT, c, a->ctx->now);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_text_add(&e, EVF_KEY_ID, a->agent->id);
    ev_text_add(&e, EVF_WHO, "agent");
    ev_text_add(&e, EVF_MACHINE, a->agent->system_id);
    ev_text_add(&e, EVF_TEXT, version);
    ev_list_add(&a->rp->events, &e);
    pal_cluster_settle(c, "heartbeat seen", a->ctx->now, a->rp);
    pal_answer(a, 204, NULL);
}

/* --- assignment ------------------------------------------------------------------------------- */

static void inventory_write(struct pal_cluster *c, struct buf *out)
{
    size_t n = 0;

    buf_text_add(out, ",\"machines\":[");
    for (size_t i = 0; i < c->n_machines; i++) {
        const struct pal_machine *m = &c->machines[i];

        if (!m->recorded)
            continue;
        buf_printf(out, "%s{\"uid\":\"%s\",\"systemId\":\"%s\",\"pool\":\"%s\",\"hostname\":",
                   n++ ? "," : "", m->uid, m->system_id, m->pool);
        jx_write_text(out, m->hostname);
        buf_printf(out, ",\"instanceState\":\"%s\",\"addresses\":[", m->state);
        for (size_t j = 0; j < m->n_addresses; j++) {
            buf_text_add(out, j ? "," : "");
            jx_write_text(out, m->addresses[j]);
        }
        buf_printf(out, "],\"registered\":%s}", pal_agent_find(c, m->system_id) ? "true" : "false");
    }
    buf_char_add(out, ']');
}

static void account_write(const struct pal_account *acc, struct buf *out)
{
    struct buf key SCOPED(buf_drop) = {0};

    buf_init(&key, KIB(16));
    jx_write(&key, pal_key_fields, pal_n_key_fields, &acc->at);
    buf_printf(out, ",\"account\":{\"uid\":\"%s\",%s", acc->uid, buf_text(&key) + 1);
}

/* What an owner needs: the account, the inventory and what the user wants. One that is to give back
 * gets it, too: it may have been started anew, and has to look before it says that all is recorded.
 */
static void ownership_write(const struct pal_ask *a, struct pal_cluster *c, struct buf *out)
{
    const struct pal_account *acc = pal_account_find(a->p, c->account_uid);
    char hash[32];

    pal_spc_hash(c, hash, sizeof(hash));
    buf_text_add(out, ",\"projectUid\":");
    jx_write_text(out, c->project);
    buf_printf(out,
               ",\"configUid\":\"%s\",\"marker\":\"%s\",\"image\":\"" PAL_IMAGE
               "\",\"spcHash\":\"%s\",\"network\":{\"podCidr\":\"" PAL_POD_CIDR
               "\",\"serviceCidr\":\"" PAL_SERVICE_CIDR "\"},\"endpoint\":",
               c->config_uid, c->marker, hash);
    pal_endpoint_write(c, out);
    if (acc)
        account_write(acc, out);
    buf_text_add(out, ",\"cloudConfig\":");
    jx_write(out, pal_cloud_fields, pal_n_cloud_fields, &c->cloud);
    buf_text_add(out, ",\"machinepoolconfig\":");
    pal_pools_write(c, out);
    buf_text_add(out, ",\"labels\":");
    pal_labels_write(&c->labels, out);
    inventory_write(c, out);
}

static void assignment_write(const struct pal_ask *a, struct pal_cluster *c, struct buf *out)
{
    const struct pal_stage_row *row = pal_stage_row(c->life.stage);
    const bool quiesce = row->by_cluster && row->absent;

    buf_printf(out,
               "\"clusterUid\":\"%s\",\"name\":\"%s\",\"owner\":\"%s\",\"epoch\":%d,\"quiesce\":%s",
               c->uid, c->name, row->by_cluster ? "cluster" : "gateway", (int)c->life.epoch,
               quiesce ? "true" : "false");
    if (row->by_cluster)
        ownership_write(a, c, out);
}

/* GET /v1/x-gp/agent/{uid}/assignment?waitSeconds=30&cursor=a-…: the cursor is a digest, so that it
 * stands for what was answered and for nothing else. */
void pal_assignment(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cluster *c = a->cluster;
    struct buf inner SCOPED(buf_drop) = {0}, body SCOPED(buf_drop) = {0};
    struct pal_poll poll = {.wait = 0};
    uint8_t hash[SHA256_LEN];
    char hex[2 * 8 + 1], cursor[32];

    if (!pal_poll_read(a, &poll) || !pal_cluster_may(a, a->cluster, PAL_CAN_READ))
        return;
    buf_init(&inner, HTTP_BODY_MAX);
    assignment_write(a, c, &inner);
    digest_sha256(buf_text(&inner), inner.len, hash);
    text_hex(hash, 8, hex);
    snprintf(cursor, sizeof(cursor), "a-%s", hex);
    if (!text_is(cursor, poll.cursor)) {
        buf_init(&body, HTTP_BODY_MAX);
        buf_printf(&body, "{\"cursor\":\"%s\",%s}", cursor, buf_text(&inner));
        pal_answer(a, 200, buf_text(&body));
    } else if (x->ctx->park_over || poll.wait == 0) {
        pal_answer(a, 204, NULL);
    } else {
        pal_park(a, poll.wait, "assign", c->uid);
    }
}

/* PUT /v1/x-gp/agent/{uid}/quiesced */
void pal_quiesced(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_move m = {.kind = PAL_MOVE_QUIESCED, .now = x->ctx->now};

    if (pal_cluster_ask(a, a->cluster, &m, "the agent has quiesced"))
        pal_answer(a, 204, NULL);
}
