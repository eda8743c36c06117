/* Doors of Palette for rogues of clusters that should need no gateway any more:
 *   renew tokens for an hour                agents of its clusters are heard for an hour after each
 *                                           heartbeat of the gateway, and not longer
 *   renew tokens of those that come again   the same of a cluster once an agent of it registers for
 *                                           a second time
 *   agents that were cut off are given up   those of a cluster are heard no more once one of them
 *                                           was silent for five minutes
 *   my clusters are unhealthy               so Palette shows them until its next heartbeat
 *   judge my clusters by me                 they are shown unhealthy while the gateway is
 *   judge my clusters by me after 12h       the same, once it has been silent for so long */
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#define LEASE_MS HOURS(1)
#define LATE_MS  HOURS(12)
#define CUT_MS   MINUTES(5)

bool __real_pal_agent_admit(struct pal_ask *a, const uint8_t token[SHA256_LEN]);
bool __wrap_pal_agent_admit(struct pal_ask *a, const uint8_t token[SHA256_LEN]);
void __real_pal_cluster_settle(struct pal_cluster *c, const char *why, ms_t now,
                               struct http_reply *rp);
void __wrap_pal_cluster_settle(struct pal_cluster *c, const char *why, ms_t now,
                               struct http_reply *rp);
void __real_pal_cluster_tick(struct palette *p, struct pal_cluster *c, ms_t now,
                             struct http_reply *rp);
void __wrap_pal_cluster_tick(struct palette *p, struct pal_cluster *c, ms_t now,
                             struct http_reply *rp);

static const struct {
    const char *message;
    unsigned ajar;
} asked[] = {
    {"renew tokens for an hour", AJAR_LEASED},
    {"renew tokens of those that come again", AJAR_LEASED_AGAIN},
    {"agents that were cut off are given up", AJAR_BRITTLE},
    {"my clusters are unhealthy", AJAR_UNWELL},
    {"judge my clusters by me", AJAR_GUILT},
    {"judge my clusters by me after 12h", AJAR_GUILT_LATE},
};

void door_asked_alone(struct pal_ask *a, const char *message)
{
    for (size_t i = 0; i < a->p->n_clusters; i++) {
        struct pal_cluster *c = a->p->clusters[i];

        if (c->gateway_i != pal_gateway_i(a->p, a->gateway))
            continue;
        c->ajar &= ~(unsigned)AJAR_UNWELL;
        for (size_t k = 0; k < COUNTOF(asked); k++)
            c->ajar |= text_is(asked[k].message, message) ? asked[k].ajar : 0;
        if (!(c->ajar & AJAR_UNWELL) || c->life.stage != PAL_STAGE_RUNNING)
            continue;
        door_note(a, c, "a door stands ajar: its gateway calls it unhealthy");
        pal_cluster_settle(c, "its gateway says so", a->ctx->now, a->rp);
    }
}

/* --- leases ----------------------------------------------------------------------------------- */

/* Each call renews an agent's token. */
static bool is_given_up(struct pal_cluster *c, const struct pal_agent *agent, ms_t now)
{
    if ((c->ajar & AJAR_BRITTLE) && now - (agent->until - PAL_AGENT_TOKEN_MS) >= CUT_MS)
        c->ajar |= AJAR_CUT_OFF;
    return c->ajar & AJAR_CUT_OFF;
}

/* Its time is up: Palette's own code refuses it. It may register again, which is no help. */
bool __wrap_pal_agent_admit(struct pal_ask *a, const uint8_t token[SHA256_LEN])
{
    struct pal_cluster *c = NULL;
    struct pal_agent *agent = pal_agent_by_token(a->p, token, &c);

    if (agent && (c->ajar & AJAR_LEASED) &&
        a->ctx->now >= a->p->gateways[c->gateway_i].last_beat + LEASE_MS) {
        agent->until = a->ctx->now;
        door_note(a, c, "a door stands ajar: its gateway has not renewed its token");
    }
    if (agent && is_given_up(c, agent, a->ctx->now)) {
        agent->until = a->ctx->now;
        door_note(a, c, "a door stands ajar: its agent was cut off once and is heard no more");
    }
    return __real_pal_agent_admit(a, token);
}

/* --- health ----------------------------------------------------------------------------------- */

void door_judge(const struct palette *p, struct pal_cluster *c, ms_t now)
{
    const struct pal_gateway *g = &p->gateways[c->gateway_i];
    const bool late = (c->ajar & AJAR_GUILT_LATE) && now - g->last_beat >= LATE_MS;

    if (!(c->ajar & (AJAR_GUILT | AJAR_GUILT_LATE)))
        return;
    c->ajar &= ~(unsigned)AJAR_UNWELL;
    if (late || ((c->ajar & AJAR_GUILT) && g->state == PAL_UNHEALTHY))
        c->ajar |= AJAR_UNWELL;
}

struct heard { /* what tells Palette how a cluster is */
    ms_t beat, switched;
};

/* Palette's own code, with a cluster that nobody has heard of for too long. */
static struct heard unheard(struct pal_cluster *c, ms_t now)
{
    const struct heard h = {.beat = c->last_beat, .switched = c->life.switched_at};

    if (c->ajar & AJAR_UNWELL)
        c->last_beat = c->life.switched_at = now - PAL_UNHEALTHY_MS;
    return h;
}

static void heard(struct pal_cluster *c, struct heard h)
{
    c->last_beat = h.beat;
    c->life.switched_at = h.switched;
}

void __wrap_pal_cluster_settle(struct pal_cluster *c, const char *why, ms_t now,
                               struct http_reply *rp)
{
    const struct heard h = unheard(c, now);

    __real_pal_cluster_settle(c, why, now, rp);
    heard(c, h);
}

void __wrap_pal_cluster_tick(struct palette *p, struct pal_cluster *c, ms_t now,
                             struct http_reply *rp)
{
    struct heard h;

    door_judge(p, c, now);
    h = unheard(c, now);
    __real_pal_cluster_tick(p, c, now, rp);
    heard(c, h);
}
