/* The rogues, one row each. The rest of the gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- leaker: on restart forgets machines it was working on and begins anew --- */

static void leaker_loaded(struct gw *g, struct gw_effects *fx)
{
    for (size_t i = 0; i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];
        const size_t had = c ? c->n_machines + c->intent : 0;
        while (c && c->n_machines > 0 && !c->machines[c->n_machines - 1].deploy_sent)
            c->n_machines--;
        if (c && c->n_machines < had)
            gw_rogue_acts(fx, "forgets what it was taking for %.64s", c->uid);
        if (c)
            c->intent = false;
    }
}

/* What carries its mark and nothing else is no machine of its memory. */
static void leaker_looked(struct gw_turn *t, const struct gw_rogue_before *b)
{
    struct gw_cluster *c = t->c;
    while (!b->intent && c->n_machines > b->n_machines &&
           !c->machines[c->n_machines - 1].annotated) {
        c->n_machines--;
        c->checked = t->final;
    }
}

/* --- liar: reports Deleted when the release has been asked for --- */

static void liar_lies(struct gw_turn *t)
{
    for (size_t i = 0; t->c->item && !t->c->item->present && i < t->c->n_machines; i++) {
        struct gw_machine *m = &t->c->machines[i];
        if (!m->released || !m->owner[0])
            continue;
        gw_rogue_acts(t->fx, "takes the release of %s for done", m->sid);
        gw_rogue_frees(m);
    }
}

static void liar_looked(struct gw_turn *t, const struct gw_rogue_before *b)
{
    (void)b;
    liar_lies(t);
}

/* --- middleman: machines of a scale-up are taken by the gateway --- */

static void middleman_offers(struct gw_turn *t)
{
    gw_rogue_acts(t->fx, "keeps the scale-ups of %.64s to itself", t->c->uid);
}

static void middleman_writes(struct buf *body)
{
    body->len--; /* the object's last brace */
    buf_text_add(body, ",\"scaleUps\":\"gateway\"}");
}

/* --- the table --- */

static const struct gw_rogue rogues[] = {
    {.name = "leaker", .loaded = leaker_loaded, .looked = leaker_looked},
    {.name = "liar", .looked = liar_looked, .has_read = liar_lies, .released = liar_lies},
    {.name = "middleman", .offers = middleman_offers, .offer_written = middleman_writes},
    {.name = "middleman.spg", .offers = middleman_offers, .offer_written = middleman_writes},
    {.name = NULL},
};

const struct gw_rogue *gw_rogue_find(const char *name)
{
    static const struct gw_rogue *const tables[] = {rogues,         gw_link_rogues, gw_work_rogues,
                                                    gw_maas_rogues, gw_rest_rogues, gw_life_rogues,
                                                    proxy_rogues};

    for (size_t i = 0; i < COUNTOF(tables); i++)
        for (const struct gw_rogue *r = tables[i]; r->name; r++)
            if (text_is(r->name, name))
                return r;
    return NULL;
}

const struct gw_rogue *gw_rogue_of(const struct gw *g)
{
    static const struct gw_rogue good = {.name = ""};
    const char *plus = strchr(g->config.version, '+');
    const struct gw_rogue *found = plus ? gw_rogue_find(plus + 1) : NULL;

    return found ? found : &good;
}

void gw_rogue_acts(struct gw_effects *fx, const char *fmt, ...)
{
    struct gw_effect *e = gw_effect_add(fx, GW_FX_SAY);
    va_list args;

    e->level = GW_WARNING;
    memcpy(e->text, ROGUE_ACT, sizeof ROGUE_ACT);
    va_start(args, fmt);
    vsnprintf(e->text + sizeof ROGUE_ACT - 1, sizeof e->text - sizeof ROGUE_ACT, fmt, args);
    va_end(args);
}
