/* The reference core in a site, as the gateway at the site or as the one inside Palette: effects
 * become flights, the store has synced and unsynced writes. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#include <string.h>

static void prog(struct site *s, const struct site_gateway *g, const char *kind, int64_t status)
{
    struct event e;

    ev_init(&e, EV_PROG, s->now);
    ev_text_add(&e, EVF_WHO, g->who);
    ev_text_add(&e, EVF_KIND, kind);
    if (status >= 0)
        ev_int_add(&e, EVF_STATUS, status);
    site_put(s, EVS_ENGINE, &e);
}

/* --- store ---------------------------------------------------------------------------------- */

static struct site_record *record_find(struct site_record *all, const char *key)
{
    for (size_t i = 0; i < SITE_RECORDS_MAX; i++)
        if (all[i].used && text_is(all[i].key, key))
            return &all[i];
    return NULL;
}

static void record_persist(struct site_record *all, const char *key, const struct buf *bytes)
{
    struct site_record *r = record_find(all, key);

    for (size_t i = 0; r == NULL && i < SITE_RECORDS_MAX; i++)
        if (!all[i].used)
            r = &all[i];
    assert(r != NULL);
    r->used = true;
    text_copy(r->key, sizeof r->key, key);
    buf_clear(&r->bytes);
    buf_add(&r->bytes, bytes->data, bytes->len);
}

static void record_forget(struct site_record *all, const char *key)
{
    struct site_record *r = record_find(all, key);

    if (r != NULL) {
        r->used = false;
        buf_clear(&r->bytes);
    }
}

static void records_copy(struct site_record *to, const struct site_record *from)
{
    for (size_t i = 0; i < SITE_RECORDS_MAX; i++) {
        to[i].used = from[i].used;
        memcpy(to[i].key, from[i].key, sizeof to[i].key);
        buf_clear(&to[i].bytes);
        buf_add(&to[i].bytes, from[i].bytes.data, from[i].bytes.len);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

/* The moments at which a gateway can be killed are those of the one at the site. */
static bool is_watched(const struct site *s, const struct site_gateway *g)
{
    return g == &s->gateway;
}

/* The process is gone: what was not synced is lost, connections break. */
static void gateway_gone(struct site *s, struct site_gateway *g)
{
    gw_free(STEAL(g->core));
    g->frozen = g->unsynced = g->dirty = false;
    if (is_watched(s, g))
        site_moments_forget(s);
    records_copy(g->work, g->durable);
    site_close_all(s, g->caller);
}

/* What the core says to people; a rogue tells of its deeds so. */
static void say(struct site *s, const char *text)
{
    static const char act[] = "rogue.act ";
    struct event e;

    site_scan(s, text, "output");
    if (*s->rogue == '\0' || !text_begins(text, act))
        return;
    ev_init(&e, EV_ROGUE_ACT, s->now);
    ev_text_add(&e, EVF_NAME, s->rogue);
    ev_text_add(&e, EVF_TEXT, text + strlen(act));
    site_put(s, EVS_ENGINE, &e);
}

static void effect_run(struct site *s, struct site_gateway *g, struct gw_effect *f)
{
    switch (f->kind) {
    case GW_FX_CALL:
        if (g->unsynced) /* the simulator sees what a black box hides: GP-8 */
            prog(s, g, "unsynced", -1);
        g->unsynced = false;
        site_send(s, g->caller, f->ticket, "", &f->call);
        break;
    case GW_FX_CANCEL:
        site_cancel(s, g->caller, f->ticket);
        break;
    case GW_FX_PERSIST:
        record_persist(g->work, f->key, &f->bytes);
        g->unsynced = g->dirty = true;
        break;
    case GW_FX_FORGET:
        record_forget(g->work, f->key);
        g->unsynced = g->dirty = true;
        break;
    case GW_FX_SYNC:
        if (++g->syncs == g->lost_sync || g->lost_sync == SITE_SYNCS_ALL)
            break;
        records_copy(g->durable, g->work);
        g->unsynced = g->dirty = false;
        break;
    case GW_FX_SAY:
        say(s, f->text);
        break;
    case GW_FX_EXIT:
        prog(s, g, "exited", f->code);
        gateway_gone(s, g);
        break;
    }
}

static void gateway_event(struct site *s, struct site_gateway *g, struct gw_event *ev)
{
    if (g->core == NULL)
        return;
    ev->time = s->now;
    ev->wall_s = SITE_EPOCH_S + s->now / 1000 + g->wall_shift_s;
    gw_effects_init(&g->fx);
    gw_step(g->core, ev, &g->fx);
    for (size_t i = 0; i < g->fx.n && g->core != NULL; i++) {
        if (is_watched(s, g))
            site_moment_before(s, &g->fx.at[i]);
        if (g->core != NULL)
            effect_run(s, g, &g->fx.at[i]);
        if (g->core != NULL && is_watched(s, g))
            site_moment_after(s, &g->fx.at[i]);
    }
    gw_effects_drop(&g->fx);
}

void site_gateway_start(struct site *s, struct site_gateway *g)
{
    struct gw_record records[SITE_RECORDS_MAX];
    struct gw_event ev = {.kind = GW_EV_START, .config = &g->config, .records = records};

    assert(g->core == NULL);
    for (size_t i = 0; i < SITE_RECORDS_MAX; i++) {
        const struct site_record *r = &g->work[i];

        if (!r->used)
            continue;
        memcpy(records[ev.n_records].key, r->key, sizeof r->key);
        records[ev.n_records].bytes = buf_text(&r->bytes);
        records[ev.n_records++].len = r->bytes.len;
    }
    for (size_t i = 0; i < sizeof ev.entropy; i++)
        ev.entropy[i] = (uint8_t)rng_between(&s->rng, 0, 255);
    ev.seed = rng_next(&s->rng);
    g->core = gw_new();
    g->starts++;
    g->stopping = false;
    prog(s, g, "started", -1);
    if (is_watched(s, g))
        site_moment_passed(s);
    gateway_event(s, g, &ev);
}

void site_gateway_stop(struct site *s, struct site_gateway *g)
{
    struct gw_event ev = {.kind = GW_EV_STOP};

    if (is_watched(s, g))
        site_moment_passed(s);
    prog(s, g, "stopped", -1);
    g->stopping = true;
    gateway_event(s, g, &ev);
}

void site_gateway_kill(struct site *s, struct site_gateway *g)
{
    struct event e;

    ev_init(&e, EV_PROG, s->now);
    ev_text_add(&e, EVF_WHO, g->who);
    ev_text_add(&e, EVF_KIND, "signalled");
    ev_int_add(&e, EVF_SIGNAL, 9);
    site_put(s, EVS_ENGINE, &e);
    gateway_gone(s, g);
}

void site_kill(struct site *s, bool keep)
{
    if (keep)
        records_copy(s->gateway.durable, s->gateway.work);
    site_gateway_kill(s, &s->gateway);
}

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t fnv(uint64_t hash, const void *bytes, size_t len)
{
    for (const uint8_t *at = bytes; len-- > 0; at++)
        hash = (hash ^ *at) * FNV_PRIME;
    return hash;
}

uint64_t site_store_digest(const struct site *s, bool keep)
{
    const struct site_record *all = keep ? s->gateway.work : s->gateway.durable;
    uint64_t hash = FNV_BASIS;

    for (size_t i = 0; i < SITE_RECORDS_MAX; i++)
        if (all[i].used) {
            hash = fnv(hash, all[i].key, strlen(all[i].key) + 1);
            hash = fnv(hash, buf_text(&all[i].bytes), all[i].bytes.len);
        }
    return hash;
}

bool site_alive(const struct site *s)
{
    return s->gateway.core != NULL;
}

void site_start(struct site *s)
{
    site_gateway_start(s, &s->gateway);
}

void site_gateway_wipe(struct site *s)
{
    if (s->gateway.core != NULL)
        site_gateway_kill(s, &s->gateway);
    for (size_t i = 0; i < SITE_RECORDS_MAX; i++)
        s->gateway.work[i].used = s->gateway.durable[i].used = false;
}

void site_gateway_freeze(struct site *s, struct site_gateway *g, bool frozen)
{
    struct event e;

    ev_init(&e, EV_PROG, s->now);
    ev_text_add(&e, EVF_WHO, g->who);
    ev_text_add(&e, EVF_KIND, "signalled");
    ev_int_add(&e, EVF_SIGNAL, frozen ? 19 : 18);
    site_put(s, EVS_ENGINE, &e);
    g->frozen = frozen;
    if (!frozen)
        site_thaw(s);
}

void site_gateway_reload(struct site *s)
{
    struct gw_event ev = {.kind = GW_EV_RELOAD, .config = &s->gateway.config};
    struct event e;

    ev_init(&e, EV_PROG, s->now);
    ev_text_add(&e, EVF_WHO, "gateway");
    ev_text_add(&e, EVF_KIND, "signalled");
    ev_int_add(&e, EVF_SIGNAL, 1);
    site_put(s, EVS_ENGINE, &e);
    gateway_event(s, &s->gateway, &ev);
}

void site_gateway_step(struct site *s, struct site_gateway *g)
{
    struct gw_event ev = {.kind = GW_EV_TIME};

    if (site_gateway_due(g) > s->now)
        return;
    if (is_watched(s, g))
        site_moment_passed(s);
    gateway_event(s, g, &ev);
}

void site_gateway_reply(struct site *s, struct site_gateway *g, uint64_t ticket,
                        const struct http_result *result)
{
    struct gw_event ev = {.kind = GW_EV_REPLY, .ticket = ticket, .result = result};

    if (is_watched(s, g))
        site_moment_answered(s, ticket);
    gateway_event(s, g, &ev);
}

ms_t site_gateway_due(const struct site_gateway *g)
{
    return g->core == NULL || g->frozen ? MS_NEVER : gw_due(g->core);
}

void site_gateway_init(struct site_gateway *g, const char *who, int caller)
{
    g->who = who;
    g->caller = caller;
    for (size_t i = 0; i < SITE_RECORDS_MAX; i++) {
        buf_init(&g->work[i].bytes, GW_RECORD_MAX);
        buf_init(&g->durable[i].bytes, GW_RECORD_MAX);
    }
}

void site_gateway_drop(struct site_gateway *g)
{
    gw_free(STEAL(g->core));
    for (size_t i = 0; i < SITE_RECORDS_MAX; i++) {
        buf_drop(&g->work[i].bytes);
        buf_drop(&g->durable[i].bytes);
    }
}

void site_lose_sync(struct site *s, uint64_t nth)
{
    s->gateway.lost_sync = nth;
}

void site_bootstrap(struct site *s, bool bootstrap)
{
    s->gateway.bootstrap = bootstrap;
}

uint64_t site_syncs(const struct site *s)
{
    return s->gateway.syncs;
}
