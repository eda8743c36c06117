/* Gateways as a user sees them ("overlords"), and the state they have earned. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {[PAL_PENDING] = "Pending",
                                          [PAL_RUNNING] = "Running",
                                          [PAL_UNHEALTHY] = "Unhealthy",
                                          [PAL_DELETED] = "Deleted"};

const char *pal_state_name(enum pal_state s)
{
    return state_names[s];
}

size_t pal_gateway_i(const struct palette *p, const struct pal_gateway *g)
{
    return (size_t)(g - p->gateways);
}

/* --- state ----------------------------------------------------------------------------------- */

static void journal_state(const struct pal_gateway *g, const char *before, const char *why,
                          ms_t now, struct http_reply *rp)
{
    struct event e;

    ev_init(&e, EV_PAL_GATEWAY, now);
    ev_text_add(&e, EVF_UID, g->uid);
    ev_text_add(&e, EVF_STATE, state_names[g->state]);
    ev_text_add(&e, EVF_BEFORE, before);
    if (g->system)
        ev_text_add(&e, EVF_KIND, "system");
    ev_text_add(&e, EVF_WHY, why);
    ev_list_add(&rp->events, &e);
}

static void state_set(struct pal_gateway *g, enum pal_state state, const char *why, ms_t now,
                      struct http_reply *rp)
{
    const char *before = state_names[g->state];

    if (g->state == state)
        return;
    g->state = state;
    pal_gateway_changed(g);
    journal_state(g, before, why, now, rp);
}

void pal_gateway_awaited(struct pal_gateway *g, const char *why, ms_t now, struct http_reply *rp)
{
    state_set(g, PAL_PENDING, why, now, rp);
}

void pal_gateway_settle(struct palette *p, struct pal_gateway *g, ms_t now, struct http_reply *rp)
{
    (void)p;
    if (g->state == PAL_DELETED || !g->registered || !g->beat_seen || !g->feed_seen)
        return;
    if (now - g->last_beat >= PAL_UNHEALTHY_MS)
        state_set(g, PAL_UNHEALTHY, "no heartbeat", now, rp);
    else
        state_set(g, PAL_RUNNING, "registered, heartbeat and feed seen", now, rp);
}

ms_t pal_gateway_due(const struct pal_gateway *g)
{
    return g->state == PAL_RUNNING ? g->last_beat + PAL_UNHEALTHY_MS : MS_NEVER;
}

void pal_feed_changed(struct pal_gateway *g, struct http_reply *rp)
{
    char key[HTTP_KEY_MAX];

    g->revision++;
    pal_gateway_changed(g);
    snprintf(key, sizeof(key), "feed/%s", g->uid);
    http_reply_touch(rp, key);
}

/* --- the user's operations ------------------------------------------------------------------- */

struct pal_gateway *pal_gateway_make(struct pal_ask *a, const char *name)
{
    struct palette *p = a->p;
    struct pal_gateway *g;
    size_t number;

    if (pal_no(a, PAL_NO_GATEWAYS_FULL, p->n_gateways == p->gateways_max))
        return NULL;
    g = &p->gateways[p->n_gateways++];
    g->of = p;
    number = p->n_gateways - (pal_system_gateway(p) != NULL);
    pal_uid_make(p, g->uid);
    pal_uid_make(p, g->self_uid);
    pal_code_make(p, g->code, sizeof(g->code));
    if (name[0])
        text_copy(g->name, sizeof(g->name), name);
    else
        snprintf(g->name, sizeof(g->name), "gateway-%zu", number);
    g->code_until = a->ctx->now + PAL_CODE_LIFE_MS;
    g->revision = 1;
    pal_gateway_changed(g);
    journal_state(g, "", "pairing code made", a->ctx->now, a->rp);
    text_copy(a->uid, sizeof(a->uid), g->uid);
    return g;
}

/* GET /v1/overlords/pairing/code?cloudType=maas: a code, and with it a gateway that is awaited. The
 * public answer holds the code only; the uid for the installer comes in a header of ours. */
void pal_pairing_code(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pairs query = {0};
    struct buf body SCOPED(buf_drop) = {0};
    struct pal_gateway *g;
    bool maas = pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0 &&
                text_is(pairs_find(&query, "cloudType"), "maas");

    pairs_drop(&query);
    if (pal_no(a, PAL_NO_CLOUD_TYPE, !maas))
        return;
    g = pal_gateway_make(a, "");
    if (!g)
        return;
    buf_init(&body, 128);
    buf_printf(&body, "{\"pairingCode\":\"%s\"}", g->code);
    pal_answer(a, 200, buf_text(&body));
    http_header_add(&a->rp->headers, "X-Gp-Pcg-Uid", g->uid);
}

/* GET /v1/overlords?name=: no listmeta here. */
void pal_overlords(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pairs query = {0};
    struct buf body SCOPED(buf_drop) = {0};
    const char *name = NULL;
    size_t n = 0;

    if (pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0)
        name = pairs_find(&query, "name");
    buf_init(&body, HTTP_BODY_MAX);
    buf_text_add(&body, "{\"items\":[");
    for (size_t i = 0; i < a->p->n_gateways; i++) {
        const struct pal_gateway *g = &a->p->gateways[i];

        if (g->state == PAL_DELETED || (name && *name && !text_is(name, g->name)))
            continue;
        buf_text_add(&body, n++ ? "," : "");
        pal_overlord_write(a->p, g, &body);
    }
    buf_text_add(&body, "]}");
    pal_answer(a, 200, buf_text(&body));
    pairs_drop(&query);
}

static struct pal_gateway *gateway_of(struct pal_ask *a)
{
    struct pal_gateway *g = pal_gateway_find(a->p, http_var(&a->vars, "uid"));

    if (pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !g || g->state == PAL_DELETED))
        return NULL;
    text_copy(a->uid, sizeof(a->uid), g->uid);
    return g;
}

void pal_overlord(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = gateway_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!g)
        return;
    buf_init(&body, KIB(64));
    pal_overlord_write(a->p, g, &body);
    pal_answer(a, 200, buf_text(&body));
}

/* 200 with a message, not 204. Its tokens are revoked; clusters and accounts stay. */
void pal_overlord_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = gateway_of(a);

    if (!g || pal_no(a, PAL_NO_SYSTEM_STAYS, g->system))
        return;
    state_set(g, PAL_DELETED, "deleted by the user", x->ctx->now, a->rp);
    pal_feed_changed(g, a->rp);
    pal_answer(a, 200, "{\"msg\":\"The private gateway was deleted.\"}");
}
