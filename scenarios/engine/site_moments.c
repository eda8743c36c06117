/* Where a gateway can be killed: each effect of its core that leaves a trace outside of it has a
 * number, and three moments. What the core says to people leaves none. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#include <string.h>

const char *site_effect_name(enum site_effect k)
{
    static const char *const names[SITE_EFFECTS] = {[SITE_RECORD] = "record",
                                                    [SITE_SYNC] = "sync",
                                                    [SITE_TO_MAAS] = "maas",
                                                    [SITE_TO_PALETTE] = "palette",
                                                    [SITE_LOCAL] = "local"};

    return names[k];
}

const char *site_phase_name(enum site_phase p)
{
    static const char *const names[SITE_PHASES] = {
        [SITE_BEFORE] = "before", [SITE_AFTER] = "after", [SITE_ANSWERED] = "answered"};

    return names[p];
}

void site_watch(struct site *s, site_moment_fn *fn, void *arg)
{
    s->gateway.watch.fn = fn;
    s->gateway.watch.arg = arg;
    s->gateway.watch.effects = 0;
    site_moments_forget(s);
}

static enum site_effect kind_of(const struct gw_effect *f)
{
    switch (f->kind) {
    case GW_FX_PERSIST:
    case GW_FX_FORGET:
        return SITE_RECORD;
    case GW_FX_SYNC:
        return SITE_SYNC;
    case GW_FX_CALL:
        return f->target == GW_MAAS ? SITE_TO_MAAS : SITE_TO_PALETTE;
    case GW_FX_CANCEL:
    case GW_FX_SAY:
    case GW_FX_EXIT:
        return SITE_LOCAL;
    }
    WRONG("an effect of no kind");
}

static void what_of(const struct gw_effect *f, char out[SITE_WHAT_MAX])
{
    SCOPED(buf_drop) struct buf text = {0};

    buf_init(&text, GW_URL_MAX * 4);
    if (f->kind == GW_FX_CALL)
        buf_printf(&text, "%s %s", f->call.method, buf_text(&f->call.url));
    else if (f->kind == GW_FX_PERSIST || f->kind == GW_FX_FORGET)
        buf_printf(&text, "%s %s", f->kind == GW_FX_FORGET ? "forget" : "persist", f->key);
    else
        buf_text_add(&text, f->kind == GW_FX_SYNC     ? "sync"
                            : f->kind == GW_FX_CANCEL ? "cancel"
                                                      : "exit");
    text_copy_len(out, SITE_WHAT_MAX, buf_text(&text), ms_min((ms_t)text.len, SITE_WHAT_MAX - 1));
}

static void tell(struct site *s, struct site_moment *m)
{
    struct site_watch *w = &s->gateway.watch;

    m->same = w->same;
    m->unsynced = s->gateway.dirty;
    w->same = true;
    w->fn(w->arg, s, m);
}

void site_moment_before(struct site *s, const struct gw_effect *f)
{
    struct site_watch *w = &s->gateway.watch;
    char what[SITE_WHAT_MAX];
    struct site_moment m = {.kind = kind_of(f), .phase = SITE_BEFORE, .what = what};

    if (w->fn == NULL || f->kind == GW_FX_SAY)
        return;
    m.effect = ++w->effects;
    what_of(f, what);
    tell(s, &m);
}

/* Only what was asked through the wire is answered; the place of an answered call is free again. */
static void call_note(struct site_watch *w, const struct gw_effect *f, const char *what)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        struct site_watched *c = &w->calls[i];

        if (c->effect != 0)
            continue;
        *c = (struct site_watched){.ticket = f->ticket, .effect = w->effects, .kind = kind_of(f)};
        text_copy(c->what, sizeof c->what, what);
        return;
    }
    WRONG("more calls under way than a site has");
}

static struct site_watched *call_find(struct site_watch *w, uint64_t ticket)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++)
        if (w->calls[i].effect != 0 && w->calls[i].ticket == ticket)
            return &w->calls[i];
    return NULL;
}

void site_moment_after(struct site *s, const struct gw_effect *f)
{
    struct site_watch *w = &s->gateway.watch;
    char what[SITE_WHAT_MAX];
    struct site_moment m = {
        .effect = w->effects, .kind = kind_of(f), .phase = SITE_AFTER, .what = what};
    struct site_watched *call;

    if (w->fn == NULL || f->kind == GW_FX_SAY)
        return;
    what_of(f, what);
    call = f->kind == GW_FX_CANCEL ? call_find(w, f->ticket) : NULL;
    if (call != NULL)
        call->effect = 0;
    if (f->kind == GW_FX_CALL)
        call_note(w, f, what);
    w->same = false;
    tell(s, &m);
}

void site_moment_answered(struct site *s, uint64_t ticket)
{
    struct site_watch *w = &s->gateway.watch;
    struct site_watched *call = w->fn == NULL ? NULL : call_find(w, ticket);
    char what[SITE_WHAT_MAX];
    struct site_moment m = {.phase = SITE_ANSWERED, .what = what};

    w->same = false;
    if (call == NULL)
        return;
    m.effect = call->effect;
    m.kind = call->kind;
    text_copy(what, sizeof what, call->what);
    call->effect = 0;
    tell(s, &m);
}

void site_moment_passed(struct site *s)
{
    s->gateway.watch.same = false;
}

void site_moments_forget(struct site *s)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++)
        s->gateway.watch.calls[i].effect = 0;
    s->gateway.watch.same = false;
}
