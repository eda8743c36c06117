/* What ends a gateway's say about clusters: a move to another gateway (GP-75), a reset (GP-36); and
 * what a user is shown while a cluster waits for its gateway. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- moving to another gateway ---------------------------------------------------------------- */

/* The old gateway counts its lease from a request of before its last answer (GP-48). One that was
 * never answered has none. */
static ms_t lease_end(const struct pal_gateway *g)
{
    return g->answered ? g->answered_at + PAL_OWNER_LEASE_MS + PAL_LEASE_MARGIN_MS : 0;
}

static void cluster_migrate(struct pal_ask *a, struct pal_cluster *c, struct pal_gateway *to)
{
    struct pal_gateway *from = &a->p->gateways[c->gateway_i];
    const struct pal_move m = {
        .kind = PAL_MOVE_MIGRATE, .now = a->ctx->now, .lease_end = lease_end(from)};
    const bool was_moving = c->life.moving;

    c->next_gateway_i = pal_gateway_i(a->p, to);
    if (pal_cluster_move(a->p, c, &m, "moved to another gateway", a->rp)->made && !was_moving)
        c->left_at = from->revision;
}

bool pal_gateway_migrate(struct pal_ask *a, struct pal_gateway *from, struct pal_gateway *to)
{
    const size_t from_i = pal_gateway_i(a->p, from);

    for (size_t i = 0; i < a->p->n_accounts; i++) {
        struct pal_account *acc = &a->p->accounts[i];

        if (acc->uid[0] && text_is(acc->overlord, from->uid))
            text_copy(acc->overlord, sizeof(acc->overlord), to->uid);
    }
    pal_feed_changed(from, a->rp);
    pal_feed_changed(to, a->rp);
    for (size_t i = 0; i < a->p->n_clusters; i++) {
        struct pal_cluster *c = a->p->clusters[i];

        if (c->life.stage != PAL_STAGE_DELETED &&
            (c->life.moving ? c->next_gateway_i : c->gateway_i) == from_i)
            cluster_migrate(a, c, to);
    }
    palette_tick(a->p, a->ctx->now, a->rp); /* a gateway that was silent for long holds nothing */
    return true;
}

void pal_clusters_left(struct pal_ask *a, uint64_t revision)
{
    const struct pal_move m = {.kind = PAL_MOVE_ARRIVE, .now = a->ctx->now, .left = true};

    for (size_t i = 0; i < a->p->n_clusters; i++) {
        struct pal_cluster *c = a->p->clusters[i];

        if (c->life.moving && c->gateway_i == pal_gateway_i(a->p, a->gateway) &&
            revision >= c->left_at)
            (void)pal_cluster_move(a->p, c, &m, "the old gateway has left it", a->rp);
    }
}

/* --- reset ------------------------------------------------------------------------------------ */

/* Its identity ends: tokens are revoked, its secret is unknown. It is awaited with a new code, as
 * it must not come back with one that it has used (GP-36). Clusters keep their reference. */
void pal_gateway_reset(struct palette *p, struct pal_gateway *g, ms_t now, struct http_reply *rp)
{
    for (size_t i = 0; i < p->tokens_max; i++)
        if (p->tokens[i].gateway_i == pal_gateway_i(p, g))
            p->tokens[i].revoked = true;
    pal_code_make(p, g->code, sizeof(g->code));
    pal_secret_know(p, "pairing-code", g->code);
    g->code_until = now + PAL_CODE_LIFE_MS;
    memset(g->secret, 0, sizeof(g->secret));
    g->bound = g->registered = g->beat_seen = g->feed_seen = false;
    pal_lease_end(&g->lease);
    pal_gateway_awaited(g, "reset by the user", now, rp);
    pal_feed_changed(g, rp);
}

/* --- what a user sees ------------------------------------------------------------------------- */

/* A cluster that its gateway owns waits for it; only a move to another one helps when it is gone
 * for good. */
void pal_waiting_write(const struct palette *p, const struct pal_cluster *c, const char *comma,
                       struct buf *out)
{
    const struct pal_gateway *g = &p->gateways[c->gateway_i];
    const bool lost = g->state != PAL_RUNNING && pal_life_listed(&c->life);

    if (!lost && !c->life.moving)
        return;
    buf_printf(out,
               "%s{\"type\":\"GatewayReady\",\"status\":\"False\",\"reason\":\"%s\",\"message\":",
               comma, c->life.moving ? "GatewayMoving" : "GatewayNotRunning");
    if (c->life.moving)
        jx_write_text(out, "The cluster waits until its former private gateway has let go of it.");
    else
        jx_write_text(out, "The cluster waits for its private gateway, which is not running; the "
                           "private gateway can be migrated to another one.");
    buf_char_add(out, '}');
}
