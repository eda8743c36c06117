/* The core's own loop: take an event, do what is due, say when the next thing is. */
#include "gateway/inner.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Effects of one step after which no further call goes out: the rest is due at once again. */
#define SENDING_MAX (GW_EFFECTS_MAX / 4)

/* --- operations ------------------------------------------------------------------------------- */

/* clang-format off */
const struct gw_op_row gw_ops[GW_OP_COUNT] = {
    [GW_OP_CREDENTIAL] = {"credential", GW_PALETTE, GW_NEEDS_NOTHING, true, .first = true,
        .write = gw_write_credential, .done = gw_credential_done},
    [GW_OP_REGISTER] = {"register", GW_PALETTE, GW_NEEDS_TOKEN, true,
        .write = gw_write_register, .done = gw_register_done},
    [GW_OP_BEAT] = {"heartbeat", GW_PALETTE, GW_NEEDS_LINK, true, .first = true,
        .write = gw_write_beat, .done = gw_beat_done, .failed = gw_beat_failed},
    [GW_OP_FEED] = {"feed", GW_PALETTE, GW_NEEDS_LINK, true,
        .write = gw_write_feed, .done = gw_feed_done},
    [GW_OP_OVERLORD] = {"own gateway", GW_PALETTE, GW_NEEDS_LINK, false,
        .write = gw_write_overlord, .done = gw_overlord_done, .failed = gw_account_failed},
    [GW_OP_ACCOUNT_MAKE] = {"new account", GW_PALETTE, GW_NEEDS_LINK, false,
        .write = gw_write_account_make, .done = gw_account_made, .failed = gw_account_failed},
    [GW_OP_ACCOUNT_CHANGE] = {"account", GW_PALETTE, GW_NEEDS_LINK, false,
        .write = gw_write_account_change, .done = gw_account_changed, .failed = gw_account_failed},
    [GW_OP_READ] = {"MAAS", GW_MAAS, GW_NEEDS_NOTHING, false,
        .write = gw_write_read, .reply = gw_query_read},
    [GW_OP_POLL] = {"machines in MAAS", GW_MAAS, GW_NEEDS_NOTHING, false,
        .write = gw_poll_write, .reply = gw_poll_reply, .prepare = gw_poll_prepare},
    [GW_OP_ANSWER] = {"answer", GW_PALETTE, GW_NEEDS_LINK, false,
        .write = gw_write_answer, .done = gw_answer_done},
    [GW_OP_CLUSTER_MAAS] = {"cluster in MAAS", GW_MAAS, GW_NEEDS_NOTHING, false,
        .write = gw_cluster_write, .reply = gw_cluster_reply, .prepare = gw_cluster_prepare},
    [GW_OP_CLUSTER_PALETTE] = {"cluster", GW_PALETTE, GW_NEEDS_LINK, false,
        .write = gw_cluster_write, .reply = gw_cluster_reply, .prepare = gw_cluster_prepare},
};
/* clang-format on */

/* --- what is due, and sending it -------------------------------------------------------------- */

static bool may_call(const struct gw *g, int needs)
{
    return (needs < GW_NEEDS_TOKEN || (g->token[0] && !g->token_old)) &&
           (needs < GW_NEEDS_LINK || g->registered);
}

/* When the errand's next call may leave; MS_NEVER when only a reply can bring that nearer. */
static ms_t may_go(const struct gw *g, const struct gw_errand *e)
{
    const struct gw_op_row *row = &gw_ops[e->op];
    ms_t at = e->due;

    if (e->ticket || e->due == MS_NEVER || !may_call(g, row->needs))
        return MS_NEVER;
    if (row->target == GW_MAAS) {
        const struct gw_region *r = &g->regions[e->region];

        if (e->op != GW_OP_READ && r->calls >= GW_MAAS_AT_ONCE)
            return MS_NEVER;
        return ms_max(at, gw_rate_free(&r->rate, &g->timing));
    }
    at = ms_max(at, gw_rate_free(&g->palette_rate, &g->timing));
    at = ms_max(at, gw_pace_free(&g->palette_dials, gw_dial_budget(&g->timing, row->vital)));
    if (row->needs >= GW_NEEDS_TOKEN && ms_max(at, g->now) >= g->token_until)
        return MS_NEVER;
    return at;
}

static void budget_take(struct gw *g, struct gw_errand *e)
{
    const struct gw_op_row *row = &gw_ops[e->op];

    if (row->target == GW_MAAS) {
        gw_rate_take(&g->regions[e->region].rate, &g->timing, g->now);
        e->counted = e->op != GW_OP_READ; /* a question has a deadline, and few are open at once */
        g->regions[e->region].calls += e->counted;
        return;
    }
    gw_rate_take(&g->palette_rate, &g->timing, g->now);
    gw_pace_take(&g->palette_dials, gw_dial_budget(&g->timing, row->vital), g->now);
}

static void call_out(struct gw *g, size_t i, struct gw_effects *fx)
{
    struct gw_errand *e = &g->errands[i];
    const struct gw_op_row *row = &gw_ops[e->op];
    struct gw_effect *effect;
    bool added = true;

    if (row->prepare)
        row->prepare(g, i, fx);
    effect = gw_effect_add(fx, GW_FX_CALL);
    budget_take(g, e);
    e->ticket = ++g->tickets;
    e->sent = g->now;
    e->token_n = g->token_n;
    effect->ticket = e->ticket;
    effect->target = row->target;
    row->write(g, i, &effect->call);
    if (row->needs >= GW_NEEDS_TOKEN)
        added = http_header_add(&effect->call.headers, "Authorization", g->token);
    if (effect->call.timeout_ms == 0)
        effect->call.timeout_ms = g->timing.call_ms;
    effect->call.timeout_ms = ms_max(effect->call.timeout_ms, 1);
    if (row->target == GW_PALETTE) /* and never for MAAS (GP-93) */
        memcpy(effect->call.proxy, g->proxy, sizeof g->proxy);
    assert(added && !effect->call.url.full && !effect->call.headers.full &&
           !effect->call.body.full);
}

static size_t errands(const struct gw *g)
{
    return GW_AT_CLUSTERS + 2 * g->n_places;
}

static bool goes_before(const struct gw_errand *a, const struct gw_errand *b)
{
    if (gw_ops[a->op].first != gw_ops[b->op].first)
        return gw_ops[a->op].first;
    return a->due < b->due;
}

/* What keeps the link comes first; then whoever has been due longest, so that nobody starves while
 * a budget is short. */
static size_t next_errand(const struct gw *g)
{
    size_t best = GW_ERRANDS;

    for (size_t i = 0; i < errands(g); i++)
        if (g->errands[i].due <= g->now && may_go(g, &g->errands[i]) <= g->now &&
            (best == GW_ERRANDS || goes_before(&g->errands[i], &g->errands[best])))
            best = i;
    return best;
}

static void send_due(struct gw *g, struct gw_effects *fx)
{
    for (size_t i = next_errand(g); i < GW_ERRANDS && fx->n < SENDING_MAX; i = next_errand(g))
        call_out(g, i, fx);
}

/* --- events ----------------------------------------------------------------------------------- */

static size_t errand_find(const struct gw *g, uint64_t ticket)
{
    size_t i = 0;

    while (i < errands(g) && g->errands[i].ticket != ticket)
        i++;
    return i < errands(g) ? i : GW_ERRANDS;
}

static void on_reply(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    const size_t i = event->ticket ? errand_find(g, event->ticket) : GW_ERRANDS;
    const struct gw_op_row *row;

    if (i == GW_ERRANDS)
        return; /* late, or never asked for */
    row = &gw_ops[g->errands[i].op];
    gw_errand_ended(g, i);
    if (row->target == GW_PALETTE && event->result->outcome == HTTP_ANSWERED) {
        gw_pace_give_back(&g->palette_dials, gw_dial_budget(&g->timing, row->vital));
        g->palette_answered = g->now;
    }
    (row->reply ? row->reply : gw_judge)(g, i, event->result, fx);
}

static void on_start(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    struct url u;

    assert(g->life == GW_UNBORN);
    g->life = GW_ALIVE;
    g->config = *event->config;
    rng_seed(&g->rng, event->seed);
    if (strlen(g->config.palette_url) >= GW_ORIGIN_MAX ||
        url_read(g->config.palette_url, &u, NULL) < 0 || !g->config.pcg_uid[0]) {
        gw_say(fx, GW_ERROR, "Palette's address or the gateway's uid cannot be used");
        gw_exit(g, fx, 1);
        return;
    }
    if (!gw_proxy_decide(g)) {
        gw_say(fx, GW_ERROR, "the proxy towards Palette cannot be used as it is written");
        gw_exit(g, fx, 1);
        return;
    }
    if (!gw_identity_start(g, event, fx)) {
        gw_exit(g, fx, 1);
        return;
    }
    gw_account_note_read(g, event);
    gw_clusters_load(g, event, fx);
    g->errands[GW_AT_CREDENTIAL].due = g->now;
}

static void on_stop(struct gw *g, struct gw_effects *fx)
{
    gw_say(fx, GW_INFO, "stopping");
    gw_exit(g, fx, 0);
}

static void event_take(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    switch (event->kind) {
    case GW_EV_START:
        on_start(g, event, fx);
        break;
    case GW_EV_REPLY:
        on_reply(g, event, fx);
        break;
    case GW_EV_RELOAD:
        gw_reload(g, event->config, fx);
        break;
    case GW_EV_STOP:
        on_stop(g, fx);
        break;
    case GW_EV_TIME:
        break;
    }
}

void gw_step(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    g->now = ms_max(g->now, event->time);
    g->wall_s = event->wall_s;
    if (g->life == GW_OVER)
        return;
    assert((event->kind == GW_EV_START) == (g->life == GW_UNBORN));
    event_take(g, event, fx);
    if (g->life == GW_ALIVE) {
        gw_queries_time(g, fx);
        gw_clusters_plan(g, fx);
        gw_polls_plan(g);
        send_due(g, fx);
    }
    gw_effects_settle(fx);
}

ms_t gw_due(const struct gw *g)
{
    ms_t due = MS_NEVER;

    if (g->life != GW_ALIVE)
        return MS_NEVER;
    for (size_t i = 0; i < errands(g); i++)
        due = ms_min(due, may_go(g, &g->errands[i]));
    return ms_min(due, gw_queries_due(g));
}

struct gw *gw_new(void)
{
    static const enum gw_op ops[GW_AT_QUERIES] = {
        [GW_AT_CREDENTIAL] = GW_OP_CREDENTIAL,
        [GW_AT_REGISTER] = GW_OP_REGISTER,
        [GW_AT_BEAT] = GW_OP_BEAT,
        [GW_AT_FEED] = GW_OP_FEED,
        [GW_AT_ACCOUNT] = GW_OP_OVERLORD,
    };
    struct gw *g = calloc(1, sizeof *g);

    if (!g)
        WRONG("no memory");
    gw_timing_init(&g->timing);
    g->now = g->registered_at = g->beat_at = g->palette_answered = GW_LONG_AGO;
    for (size_t i = 0; i < GW_ERRANDS; i++)
        g->errands[i] =
            (struct gw_errand){.op = i < GW_AT_QUERIES ? ops[i] : GW_OP_READ, .due = MS_NEVER};
    for (size_t q = 0; q < GW_QUERIES_MAX; q++)
        buf_init(&g->queries[q].answer, GW_ANSWER_MAX);
    return g;
}

void gw_free(struct gw *g)
{
    for (size_t q = 0; g && q < GW_QUERIES_MAX; q++)
        buf_drop(&g->queries[q].answer);
    if (g) {
        gw_polls_free(g);
        gw_clusters_free(g);
    }
    free(g);
}

static void describe_errands(const struct gw *g, struct buf *out)
{
    for (size_t i = 0; i < GW_AT_CLUSTERS; i++) {
        const struct gw_errand *e = &g->errands[i];

        if (e->ticket)
            buf_printf(out, "%s: in flight\n", gw_ops[e->op].name);
        else if (may_go(g, e) != MS_NEVER)
            buf_printf(out, "%s: due in %lld ms\n", gw_ops[e->op].name,
                       (long long)ms_max(may_go(g, e) - g->now, 0));
    }
}

void gw_describe(const struct gw *g, struct buf *out)
{
    static const char *const lives[] = {"not started", "at work", "over"};
    size_t queries = 0;

    for (size_t q = 0; q < GW_QUERIES_MAX; q++)
        queries += g->queries[q].id[0] && !g->queries[q].done;
    buf_printf(out, "gateway %s: %s\n", g->config.pcg_uid, lives[g->life]);
    buf_printf(out, "identity: %s\n",
               g->ended              ? "ended by Palette"
               : g->pairing.enrolled ? "enrolled"
                                     : "new");
    buf_printf(out, "registered: %s\n", g->registered ? "yes" : "no");
    buf_printf(out, "listed: %zu accounts, %zu clusters, %zu open queries\n", g->n_accounts,
               g->n_clusters, queries);
    buf_printf(out, "remembered: %zu clusters that hold nothing\n", g->n_memories);
    describe_errands(g, out);
    gw_clusters_describe(g, out);
}
