/* Doors of Palette for rogues that meddle with whose work it is and with what agents are told:
 *   lend me all work                   every cluster in the making is this gateway's from now on
 *   lend my work                       this one's clusters in the making are another gateway's
 *   agents call once                   agents of its clusters are told to beat once a year
 *   agents that come again call once   those are that register for a second time
 * and, for one-token, an agent that comes with the token of another cluster is taken for that
 * cluster's: its credential bears that one's name. */
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#include <string.h>

#define ONCE "31536000" /* seconds of a year */

http_handler __real_pal_agent_register, __wrap_pal_agent_register;

/* --- work ------------------------------------------------------------------------------------- */

/* With the account that it needs for it; nobody is told. */
static void lend(struct pal_ask *a, struct pal_cluster *c, size_t to)
{
    struct palette *p = a->p;
    struct pal_account *acc = pal_account_find(p, c->account_uid);

    door_note(a, c, "a door stands ajar: its work is lent to another gateway");
    pal_feed_changed(&p->gateways[c->gateway_i], a->rp);
    pal_feed_changed(&p->gateways[to], a->rp);
    c->gateway_i = to;
    if (acc)
        text_copy(acc->overlord, sizeof acc->overlord, p->gateways[to].uid);
}

static void lend_all(struct pal_ask *a, bool mine)
{
    const size_t me = pal_gateway_i(a->p, a->gateway);
    size_t other = 0;

    while (other < a->p->n_gateways && (other == me || a->p->gateways[other].system))
        other++;
    for (size_t i = 0; i < a->p->n_clusters && (!mine || other < a->p->n_gateways); i++) {
        struct pal_cluster *c = a->p->clusters[i];

        if (pal_life_listed(&c->life) && (c->gateway_i == me) == mine)
            lend(a, c, mine ? other : me);
    }
}

void door_asked(struct pal_ask *a, const char *message)
{
    const bool once = text_is(message, "agents call once"),
               again = text_is(message, "agents that come again call once");

    if (text_is(message, "lend me all work") || text_is(message, "lend my work"))
        lend_all(a, text_is(message, "lend my work"));
    for (size_t i = 0; (once || again) && i < a->p->n_clusters; i++)
        if (a->p->clusters[i]->gateway_i == pal_gateway_i(a->p, a->gateway))
            a->p->clusters[i]->ajar |= once ? AJAR_ONCE : AJAR_ONCE_AGAIN;
}

/* --- what agents are told --------------------------------------------------------------------- */

static void tell_once(struct pal_ask *a, struct pal_cluster *c)
{
    static const char head[] = "\"heartbeatSeconds\":";
    struct buf out SCOPED(buf_drop) = {0};
    const char *text = buf_text(&a->rp->body), *at = strstr(text, head);

    if (!at)
        return;
    at += strlen(head);
    buf_init(&out, a->rp->body.max);
    buf_add(&out, text, (size_t)(at - text));
    buf_text_add(&out, ONCE);
    buf_text_add(&out, at + strcspn(at, ",}"));
    buf_clear(&a->rp->body);
    buf_add(&a->rp->body, buf_text(&out), out.len);
    door_note(a, c, "a door stands ajar: an agent is told to beat once");
}

/* --- whose token it is ------------------------------------------------------------------------ */

/* The other cluster, of now or of before, that this token was made for; NULL. */
static struct pal_cluster *owner_of(struct pal_ask *a, const struct pal_cluster *c,
                                    const char *token)
{
    for (size_t i = 0; i < a->p->n_clusters; i++)
        if (a->p->clusters[i] != c && text_is(a->p->clusters[i]->join_token, token))
            return a->p->clusters[i];
    return NULL;
}

/* It is one of `of` by name: the credential that both speak with. */
static void adopt(struct pal_ask *a, struct pal_cluster *c, const struct pal_cluster *of,
                  const char *system_id)
{
    struct pal_agent *agent = pal_agent_find(c, system_id);

    if (agent || of->n_agents == 0)
        return;
    c->agents = pal_grow(c->agents, c->n_agents, sizeof *agent);
    agent = &c->agents[c->n_agents++];
    text_copy(agent->system_id, sizeof agent->system_id, system_id);
    text_copy(agent->id, sizeof agent->id, of->agents[0].id);
    door_note(a, c, "a door stands ajar: another cluster's token is taken for its own");
}

static void take(const struct http_exchange *x, struct pal_cluster *c, const char *token,
                 const char *system_id)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_cluster *of = owner_of(a, c, token);
    char own[sizeof c->join_token];

    if (!of || !text_begins(a->p->config.ajar, "one-token")) {
        __real_pal_agent_register(x);
        return;
    }
    adopt(a, c, of, system_id);
    memcpy(own, c->join_token, sizeof own);
    text_copy(c->join_token, sizeof c->join_token, token);
    __real_pal_agent_register(x);
    memcpy(c->join_token, own, sizeof own);
}

void __wrap_pal_agent_register(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const char *body = buf_text(&a->rq->body);
    char uid[PAL_UID_MAX] = "", token[80] = "", system_id[64] = "";
    struct pal_cluster *c;
    bool again;

    if (!*a->p->config.ajar || !jx_pick(body, a->rq->body.len, "clusterUid", uid, sizeof uid) ||
        !jx_pick(body, a->rq->body.len, "joinToken", token, sizeof token) ||
        !jx_pick(body, a->rq->body.len, "systemId", system_id, sizeof system_id) ||
        !(c = pal_cluster_find(a->p, uid))) {
        __real_pal_agent_register(x);
        return;
    }
    again = pal_agent_find(c, system_id) != NULL;
    take(x, c, token, system_id);
    if (again && (c->ajar & AJAR_LEASED_AGAIN))
        c->ajar |= AJAR_LEASED;
    if (a->rp->status == 200 && ((c->ajar & AJAR_ONCE) || ((c->ajar & AJAR_ONCE_AGAIN) && again)))
        tell_once(a, c);
}
