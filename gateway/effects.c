/* The list of effects: what the shell or the simulator is asked to do, in order. */
#include "gateway/inner.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>

void gw_effects_init(struct gw_effects *fx)
{
    fx->n = 0;
    fx->unsynced = false;
}

void gw_effects_drop(struct gw_effects *fx)
{
    for (size_t i = 0; i < fx->n; i++) {
        if (fx->at[i].kind == GW_FX_CALL)
            http_call_drop(&fx->at[i].call);
        if (fx->at[i].kind == GW_FX_PERSIST)
            buf_drop(&fx->at[i].bytes);
    }
    fx->n = 0;
}

static struct gw_effect *append(struct gw_effects *fx, enum gw_effect_kind kind)
{
    struct gw_effect *e;

    assert(fx->n < GW_EFFECTS_MAX);
    e = &fx->at[fx->n++];
    *e = (struct gw_effect){.kind = kind};
    return e;
}

/* The only place that asks for it: whoever writes a record cannot forget to. */
void gw_effects_settle(struct gw_effects *fx)
{
    if (fx->unsynced)
        append(fx, GW_FX_SYNC);
    fx->unsynced = false;
}

struct gw_effect *gw_effect_add(struct gw_effects *fx, enum gw_effect_kind kind)
{
    const bool record = kind == GW_FX_PERSIST || kind == GW_FX_FORGET;

    if (!record && kind != GW_FX_SAY)
        gw_effects_settle(fx);
    fx->unsynced = fx->unsynced || record;
    return append(fx, kind);
}

void gw_say(struct gw_effects *fx, int level, const char *fmt, ...)
{
    struct gw_effect *e = gw_effect_add(fx, GW_FX_SAY);
    va_list args;

    e->level = level;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
}

void gw_persist(struct gw_effects *fx, const char *key, const struct jx_field *fields, size_t n,
                const void *record)
{
    struct gw_effect *e = gw_effect_add(fx, GW_FX_PERSIST);
    const bool fits = text_copy(e->key, sizeof e->key, key);

    assert(fits);
    buf_init(&e->bytes, GW_RECORD_MAX);
    jx_write(&e->bytes, fields, n, record);
    assert(!e->bytes.full);
}

void gw_errand_ended(struct gw *g, size_t i)
{
    struct gw_errand *e = &g->errands[i];

    g->regions[e->region].calls -= e->counted;
    e->counted = false;
    e->ticket = 0;
}

void gw_cancel(struct gw *g, size_t i, struct gw_effects *fx)
{
    struct gw_errand *errand = &g->errands[i];

    if (errand->ticket == 0)
        return;
    /* what is called off because of an answer is no dial at a Palette that does not answer: a feed
     * that drops a cluster overtakes the answer to its last report each time */
    if (gw_ops[errand->op].target == GW_PALETTE && g->palette_answered >= errand->sent)
        gw_pace_give_back(&g->palette_dials, gw_dial_budget(&g->timing, false));
    gw_effect_add(fx, GW_FX_CANCEL)->ticket = errand->ticket;
    gw_errand_ended(g, i);
}

void gw_exit(struct gw *g, struct gw_effects *fx, int code)
{
    for (size_t i = 0; i < GW_ERRANDS; i++)
        gw_cancel(g, i, fx);
    gw_effect_add(fx, GW_FX_EXIT)->code = code;
    g->life = GW_OVER;
}
