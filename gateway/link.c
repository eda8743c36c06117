/* The link to Palette: credential and its renewal, registration, heartbeat. */
#include "gateway/inner.h"

#include <string.h>

/* From registered on the gateway is at work: it beats and listens, each for itself. */
static void link_up(struct gw *g, struct gw_effects *fx)
{
    static const size_t works[] = {GW_AT_BEAT, GW_AT_FEED};

    if (!g->registered) {
        g->registered = true;
        g->registered_at = g->now;
    }
    gw_pairing_done(g, fx);
    for (size_t i = 0; i < COUNTOF(works); i++) {
        struct gw_errand *e = &g->errands[works[i]];

        if (e->ticket == 0 && e->due == MS_NEVER)
            e->due = g->now;
    }
}

static void token_take(struct gw *g, const struct gw_credential *c)
{
    struct gw_errand *e = &g->errands[GW_AT_CREDENTIAL];

    memcpy(g->token, c->token, sizeof g->token);
    memcpy(g->self_uid, c->self_uid, sizeof g->self_uid);
    g->token_n++;
    g->token_old = false;
    g->token_until = e->sent + c->expires_ms;
    /* before two thirds have passed (GP-33), so that a second try also comes before them */
    e->due = ms_max(e->sent + c->expires_ms / 2, g->now);
}

/* New times hold from now on, also for a heartbeat that was already planned. */
static void beat_replan(struct gw *g)
{
    struct gw_errand *e = &g->errands[GW_AT_BEAT];

    if (e->ticket == 0 && e->due != MS_NEVER && e->failures == 0 && g->beat_at != GW_LONG_AGO)
        e->due = g->beat_at + g->timing.heartbeat_ms;
}

bool gw_credential_done(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    struct gw_credential c SCOPED(gw_credential_drop) = {0};

    if (!gw_credential_read(r, &c) || (c.timing && !gw_timing_read(&g->timing, c.timing)))
        return false;
    token_take(g, &c);
    if (g->ended)
        gw_say(fx, GW_INFO, "Palette knows this gateway again");
    g->ended = false;
    beat_replan(g);
    /* an answer that was on its way while we registered knows less than we do */
    if (!c.registered && g->errands[i].sent >= g->registered_at)
        g->registered = false;
    gw_identity_enrolled(g, c.registered, fx);
    if (c.registered || g->registered)
        link_up(g, fx);
    else if (g->errands[GW_AT_REGISTER].due == MS_NEVER)
        g->errands[GW_AT_REGISTER].due = g->now;
    return true;
}

bool gw_register_done(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    (void)r;
    g->errands[i].due = MS_NEVER;
    gw_say(fx, GW_INFO, "registered with Palette");
    link_up(g, fx);
    return true;
}

bool gw_beat_done(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    (void)r;
    (void)fx;
    g->beat_at = g->now;
    g->errands[i].due = g->now + ms_max(g->timing.heartbeat_ms, 1);
    gw_account_begin(g);
    return true;
}

/* A failed heartbeat is followed by the next one, not by a faster one (GP-89). */
void gw_beat_failed(struct gw *g, size_t i)
{
    g->beat_at = g->now;
    g->errands[i].due = ms_max(g->errands[i].due, g->now + g->timing.heartbeat_ms);
}

/* GP-36: everything stops where it is, the state stays, and only the credential is asked for. */
void gw_identity_ended(struct gw *g, struct gw_effects *fx)
{
    for (size_t i = 0; i < GW_ERRANDS; i++) {
        gw_cancel(g, i, fx);
        g->errands[i].due = MS_NEVER;
    }
    for (size_t q = 0; q < GW_QUERIES_MAX; q++)
        gw_query_close(g, q);
    gw_clusters_stop(g);
    memset(g->token, 0, sizeof g->token);
    g->cursor[0] = '\0';
    g->registered = false;
    g->account_begun = false; /* whoever enrols again looks again */
    g->errands[GW_AT_CREDENTIAL].due = g->now + gw_long_pause(g);
    if (g->pairing.enrolled && gw_identity_renewed_code(g, fx))
        g->errands[GW_AT_CREDENTIAL].due = g->now;
    else if (!g->ended)
        gw_say(fx, GW_ERROR,
               "Palette has ended this gateway's identity: all work stops, machines stay as they "
               "are; to enrol again, start it with a new pairing code");
    g->ended = true;
}
