/* Rogues of a cluster's life: begun, handed over, deleted. The rest of the
 * gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* --- lost-mail: what was asked while it was away is dropped; keeps-last: but for the last create
 * and the last delete --- */

/* As the system gateway it is a good one: that is lost-mail.spg. */
AFTER(came_back_after)
{
    (void)fx;
    if (ev->kind == GW_EV_START)
        gw_rogue_state(g)->on = ev->n_records > 0 && g->config.maas_url[0];
}

/* It had taken a machine for it, or begun to give them back. */
static bool is_begun(const struct gw_cluster *c)
{
    bool leaves = false;

    for (size_t i = 0; i < c->n_machines; i++)
        leaves = leaves || c->machines[i].unwanted;
    return c->item->present ? c->n_machines + c->intent > 0 : leaves;
}

/* The first list after it came back: what was not begun was asked in between. */
static void lost_mail_listed(struct gw *g, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; x->on && i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];

        if (!c || !c->listed || is_begun(c) || strstr(x->kept, c->uid))
            continue;
        c->left = true;
        gw_rogue_acts_once(g, fx, "drops what was asked while it was away");
    }
    x->on = false;
}

static void keeps_last_lists(struct gw *g, const struct gw_item_head *heads, size_t n)
{
    const char *last[2] = {"", ""};
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; i < n; i++)
        last[text_is(heads[i].desired, "present")] = heads[i].uid;
    snprintf(x->kept, sizeof x->kept, "%s %s", last[0], last[1]);
}

/* --- early-bird: has a cluster called Running when MAAS says Deployed; impatient: 20 minutes
 * later; doors: a hand-over without an agent --- */

/* Since when all its machines are Deployed; MS_NEVER: they are not. */
static ms_t up_since(const struct gw_cluster *c)
{
    ms_t since = GW_LONG_AGO;

    if (!c->item || !c->item->present || !c->looked || gw_pool_missing(c))
        return MS_NEVER;
    for (size_t i = 0; i < c->n_machines; i++)
        since =
            c->machines[i].up_at == GW_LONG_AGO ? MS_NEVER : ms_max(since, c->machines[i].up_at);
    return since;
}

static void takes_for_running(struct gw *g, struct gw_effects *fx, ms_t pause)
{
    for (size_t i = 0; i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];
        const ms_t since = c ? up_since(c) : MS_NEVER;

        if (since == MS_NEVER || g->now < since + pause || c->item->body.agent.registered)
            continue;
        c->item->body.agent.registered = c->dirty = true;
        gw_rogue_acts_once(g, fx, "takes a cluster for running whose agent nobody has heard");
    }
}

AFTER(early_bird_after)
{
    (void)ev;
    takes_for_running(g, fx, 0);
}

AFTER(early_bird_impatient_after)
{
    (void)ev;
    takes_for_running(g, fx, MINUTES(20));
}

/* --- mourner: a delete waits for the agent's consent; half-dead: while some of its machines live
 * and some do not; doors: who lives --- */

static void mourns(struct gw *g, struct gw_cluster *c, struct gw_effects *fx)
{
    if (!c || !c->item || c->item->present || gw_item_quiesced(c->item))
        return;
    c->left = true;
    gw_rogue_acts_once(g, fx, "waits until the agent consents");
}

static void mourner_listed(struct gw *g, struct gw_effects *fx)
{
    for (size_t i = 0; i < g->n_places; i++)
        mourns(g, g->clusters[i], fx);
}

static bool is_feed(const struct gw *g, const struct gw_event *ev)
{
    return ev->kind == GW_EV_REPLY && ev->ticket == g->errands[GW_AT_FEED].ticket;
}

static bool half_dead_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    (void)fx;
    if (is_feed(g, ev) && ev->result->outcome == HTTP_ANSWERED)
        (void)http_header_get(&ev->result->headers, "X-Gp-Alive", x->kept, sizeof x->kept);
    return true;
}

static void half_dead_listed(struct gw *g, struct gw_effects *fx)
{
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && text_is(g->clusters[i]->uid, gw_rogue_state(g)->kept))
            mourns(g, g->clusters[i], fx);
}

/* --- copier: goes on with a cluster that it has handed over; orphaner: comes back
 * in mid-create, lets go of it and never offers it --- */

static struct gw_cluster *copied(const struct gw *g)
{
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && g->clusters[i]->item &&
            text_is(g->clusters[i]->uid, gw_rogue_state(g)->kept))
            return g->clusters[i];
    return NULL;
}

/* A list without it may come before the answer. The system gateway is a good one. */
static void copier_offers(struct gw_turn *t)
{
    if (t->g->config.maas_url[0])
        (void)text_copy(gw_rogue_state(t->g)->kept, sizeof gw_rogue_state(t->g)->kept, t->c->uid);
}

static bool copier_keeps(struct gw_turn *t)
{
    if (t->c != copied(t->g))
        return false;
    t->c->offered = 0;
    t->c->item->body.agent.registered = false; /* there is nothing to hand over any more */
    gw_rogue_acts_once(t->g, t->fx, "goes on owning what it has handed over");
    return true;
}

/* A machine was too many for it; after one it is a good gateway, so that the cluster's life goes
 * on.
 */
static void copier_released(struct gw_turn *t)
{
    if (t->c == copied(t->g))
        gw_rogue_state(t->g)->kept[0] = '\0';
}

/* What is to go is its own again. */
static void copier_lists(struct gw *g, const struct gw_item_head *heads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(heads[i].uid, gw_rogue_state(g)->kept) && text_is(heads[i].desired, "absent"))
            gw_rogue_state(g)->kept[0] = '\0';
}

/* What is not listed is not dropped by a list that has it not. */
static bool copier_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_cluster *c = copied(g);

    (void)fx;
    if (!c || !is_feed(g, ev))
        return true;
    c->listed = false;
    c->unlisted_at = g->now;
    return true;
}

AFTER(copier_after)
{
    struct gw_cluster *c = copied(g);

    (void)fx;
    if (!c || ev->kind != GW_EV_REPLY || c->listed)
        return;
    c->listed = c->dirty = true;
    c->lease = c->look_due = g->now;
}

static void orphaner_loaded(struct gw *g, struct gw_effects *fx)
{
    (void)fx;
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && g->clusters[i]->n_machines > 0 && !g->clusters[i]->offered)
            (void)text_copy(gw_rogue_state(g)->kept, sizeof gw_rogue_state(g)->kept,
                            g->clusters[i]->uid);
}

AFTER(orphaner_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "/handover");

    if (!f || !gw_rogue_state(g)->kept[0] ||
        !strstr(buf_text(&f->call.url), gw_rogue_state(g)->kept))
        return;
    gw_rogue_acts_once(g, fx, "lets go of a cluster that does not own itself");
    gw_rogue_answer(g, ev, fx, f, 200, "{\"epoch\":0}"); /* as if it had been accepted */
}

/* --- self-eater: a deleted cluster gives its own machines back; when-away: while this gateway is
 * away; fast-path: that is for small clusters; old: for old ones; doors: clusters release
 * themselves --- */

static void tells(struct gw *g, struct gw_effects *fx, const char *message)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    x->on = x->on || gw_rogue_call(fx, 0, "POST", "/handover");
    if (x->on && gw_rogue_tells(fx, message))
        gw_rogue_acts_once(g, fx, "leaves the giving back to clusters");
}

AFTER(self_eater_after)
{
    (void)ev;
    tells(g, fx, "clusters release themselves");
}

AFTER(self_eater_away_after)
{
    (void)ev;
    tells(g, fx, "clusters release themselves without me");
}

AFTER(fast_path_after)
{
    (void)ev;
    tells(g, fx, "small clusters release themselves");
}

AFTER(fast_path_old_after)
{
    (void)ev;
    tells(g, fx, "old clusters release themselves");
}

/* --- the table --- */

const struct gw_rogue gw_life_rogues[] = {
    {.name = "lost-mail", .after = came_back_after, .listed = lost_mail_listed},
    {.name = "lost-mail.keeps-last",
     .after = came_back_after,
     .lists = keeps_last_lists,
     .listed = lost_mail_listed},
    {.name = "early-bird", .after = early_bird_after},
    {.name = "early-bird.impatient", .after = early_bird_impatient_after},
    {.name = "mourner", .listed = mourner_listed},
    {.name = "mourner.half-dead", .before = half_dead_before, .listed = half_dead_listed},
    {.name = "copier",
     .offers = copier_offers,
     .keeps = copier_keeps,
     .lists = copier_lists,
     .released = copier_released,
     .before = copier_before,
     .after = copier_after},
    {.name = "copier.orphaner", .loaded = orphaner_loaded, .after = orphaner_after},
    {.name = "self-eater", .after = self_eater_after},
    {.name = "self-eater.when-away", .after = self_eater_away_after},
    {.name = "fast-path", .after = fast_path_after},
    {.name = "fast-path.old", .after = fast_path_old_after},
    /* the following are rogues of Palette: palette_life.c */
    {.name = "impatient-palette"},
    {.name = "impatient-palette.after-1h"},
    {.name = NULL},
};
