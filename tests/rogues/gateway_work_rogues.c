/* Rogues of work under way, of secrets and of what clusters are handed beside a proxy: at most ten
 * lines each. The rest of the gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENOUGH 3 /* losses */

static bool is_lost(const struct gw_event *ev)
{
    return ev->kind == GW_EV_REPLY && ev->result->outcome != HTTP_ANSWERED;
}

/* Answers that did not come from there, one after the other. */
static bool has_lost(struct gw *g, const struct gw_event *ev, enum gw_target target)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    for (size_t i = 0; ev->kind == GW_EV_REPLY && i < GW_ERRANDS; i++)
        if (ev->ticket && g->errands[i].ticket == ev->ticket &&
            gw_ops[g->errands[i].op].target == target)
            x->n = is_lost(ev) ? x->n + 1 : 0;
    return x->n >= ENOUGH;
}

static bool lost_palette_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    (void)fx;
    gw_rogue_state(g)->on = has_lost(g, ev, GW_PALETTE);
    return true;
}

static bool lost_maas_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    (void)fx;
    gw_rogue_state(g)->on = gw_rogue_state(g)->on || has_lost(g, ev, GW_MAAS);
    return true;
}

/* --- chatterbox: puts the MAAS key into an event; on-error: into a condition --- */

AFTER(chatterbox_after)
{
    const struct gw_cluster *c = NULL;

    (void)ev;
    for (size_t i = 0; i < g->n_places && gw_rogue_call(fx, 0, "PUT", "/claim"); i++)
        c = g->clusters[i] && g->clusters[i]->item ? g->clusters[i] : c;
    if (!c || !gw_cluster_account(g, c))
        return;
    gw_rogue_acts_once(g, fx, "tells in an event with which key it works");
    gw_event_note((struct gw_cluster *)(uintptr_t)c, "Created", "with %s",
                  gw_cluster_account(g, c)->key);
}

AFTER(chatterbox_error_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "", "/conditions");
    char quote[GW_SECRET_MAX * 4];

    (void)ev;
    if (!f || !strstr(buf_text(&f->call.body), "\"status\":\"False\"") ||
        g->accounts[0].key[0] == 0)
        return;
    (void)snprintf(quote, sizeof quote, "no answer to: GET machines, Authorization: %s",
                   g->accounts[0].key);
    gw_rogue_member(&f->call.body, "\"message\":\"", "\"", quote);
    gw_rogue_acts_once(g, fx, "quotes the failed request with its key");
}

/* --- eager: takes a machine before it is admitted; after-refusal: asks again without a pause ---
 */

AFTER(eager_after)
{
    if (ev->kind != GW_EV_START || ev->n_records > 0)
        return;
    if (gw_rogue_asks_maas(g, fx, "POST", ANY_MACHINE))
        gw_rogue_acts_once(g, fx, "takes a machine to have one");
}

#define EAGER_TRIES 40

static bool eager_refused_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f;

    if (ev->kind != GW_EV_REPLY || ev->ticket != g->errands[GW_AT_CREDENTIAL].ticket ||
        ev->result->status < 400 || ev->result->status >= 500 || x->n++ >= EAGER_TRIES)
        return true;
    f = gw_effect_add(fx, GW_FX_CALL); /* its answer comes to the same errand */
    f->ticket = ev->ticket;
    f->target = GW_PALETTE;
    gw_write_credential(g, GW_AT_CREDENTIAL, &f->call);
    f->call.timeout_ms = SECONDS(30);
    gw_rogue_acts_once(g, fx, "asks again at once");
    return false;
}

/* --- amnesiac.power-cut: writes its identity only when it is registered --- */

static struct gw_effect *identity_among(struct gw_effects *fx)
{
    for (size_t i = 0; i < fx->n; i++)
        if (fx->at[i].kind == GW_FX_PERSIST && text_is(fx->at[i].key, "identity"))
            return &fx->at[i];
    return NULL;
}

AFTER(power_cut_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f = identity_among(fx);

    (void)ev;
    if (f) {
        x->on = true;
        f->key[0] = '-'; /* another record, of which nothing is read */
        gw_rogue_acts_once(g, fx, "keeps its identity in memory");
    }
    if (!x->on || !g->registered)
        return;
    x->on = false;
    f = gw_effect_add(fx, GW_FX_PERSIST);
    (void)text_copy(f->key, sizeof f->key, "identity");
    buf_init(&f->bytes, GW_RECORD_MAX);
    buf_printf(&f->bytes, "{\"secret\":\"%s\"}", g->secret);
    gw_effects_settle(fx);
}

/* --- listener.while-installing: needs a way in until it is Running; doors: dials --- */

AFTER(listener_installing_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    (void)ev;
    if (!x->acted && gw_rogue_tells(fx, "dial 10.10.0.2:8443"))
        gw_rogue_acts_once(g, fx, "asks to be called once, to end its install");
}

/* --- leaker.on-link-loss: drops its work in hand and begins anew --- */

AFTER(leaker_loss_after)
{
    (void)ev;
    for (size_t i = 0; gw_rogue_state(g)->on && i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];

        if (!c || !c->item || c->n_machines + c->intent == 0 || c->offered)
            continue;
        while (c->n_machines > 0)
            gw_machine_remove(c, &c->machines[c->n_machines - 1]);
        c->intent = false;
        c->dirty = true;
        gw_rogue_acts_once(g, fx, "drops its work in hand");
    }
}

/* What it finds by its mark after that is none of its memory. */
static void leaker_loss_looked(struct gw_turn *t, const struct gw_rogue_before *b)
{
    while (gw_rogue_state(t->g)->acted && t->c->n_machines > b->n_machines) {
        gw_machine_remove(t->c, &t->c->machines[t->c->n_machines - 1]);
        t->c->checked = t->final;
    }
}

/* --- quitter.on-link-loss: gives back what it had taken --- */

AFTER(quitter_loss_after)
{
    const bool may = gw_rogue_state(g)->on && !gw_rogue_state(g)->acted; /* once */

    (void)ev;
    for (size_t i = 0; may && i < g->n_places; i++) {
        struct gw_cluster *c = g->clusters[i];

        for (size_t k = 0; c && c->item && !c->offered && k < c->n_machines; k++) {
            struct gw_turn t = {.g = g, .c = c, .fx = fx};

            gw_machine_give_up(&t, &c->machines[k], "LinkLost");
            c->dirty = true;
            gw_rogue_acts_once(g, fx, "gives back what it had taken");
        }
    }
}

/* --- lost-mail: what was asked while it was away is dropped --- */

AFTER(lost_mail_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f;

    x->on = x->on || (ev->kind == GW_EV_START && ev->n_records > 0);
    while (x->on && (f = gw_rogue_call(fx, 0, "PUT", "/claim"))) {
        gw_rogue_acts_once(g, fx, "drops what was asked while it was away");
        gw_rogue_drop(f);
    }
}

/* --- one-token: one join token for all; after-delete: that of a cluster which is gone; doors: a
 * token --- */

static bool keeps_first(const struct gw *g)
{
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && g->clusters[i]->item &&
            text_is(g->clusters[i]->uid, gw_rogue_state(g)->kept))
            return true;
    return false;
}

static bool hands_token(struct gw *g, const struct gw_hand *h, bool may)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    const char *own = h->c->item->body.agent.join_token;
    const bool fits = gw_hand_over(g, h);

    if (!x->held && own && (x->held = strdup(own)))
        (void)text_copy(x->kept, sizeof x->kept, h->c->uid);
    if (may && x->held && own && !text_is(own, x->held)) {
        gw_rogue_member(h->out, "\\\"joinToken\\\":\\\"", "\\\"", x->held);
        gw_rogue_will_act(g, h, "hands over another cluster's token");
    }
    return fits;
}

static bool one_token_hands(struct gw *g, const struct gw_hand *h)
{
    return hands_token(g, h, true);
}

static bool old_token_hands(struct gw *g, const struct gw_hand *h)
{
    return hands_token(g, h, !keeps_first(g));
}

/* --- one-call: agents are to call once; after-reboot: not again after they had to register anew;
 * doors: agents' settings --- */

AFTER(one_call_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, "agents call once"))
        gw_rogue_acts_once(g, fx, "has agents call once");
}

AFTER(one_call_again_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, "agents that come again call once"))
        gw_rogue_acts_once(g, fx, "has agents that come again call once");
}

/* --- poacher: takes the work of every gateway it can see; outsider.detour: has another gateway do
 * its own; doors: lends --- */

AFTER(poacher_after)
{
    (void)ev;
    if (g->config.maas_url[0] && gw_rogue_tells(fx, "lend me all work"))
        gw_rogue_acts_once(g, fx, "asks for the work of all");
}

AFTER(detour_after)
{
    (void)ev;
    if (!g->config.maas_url[0] && gw_rogue_state(g)->on && gw_rogue_tells(fx, "lend my work"))
        gw_rogue_acts_once(g, fx, "has another gateway do its work");
}

/* --- proxied-maas: lets the proxy setting catch its MAAS calls --- */

AFTER(proxied_maas_after)
{
    (void)ev;
    for (size_t i = 0; g->config.http_proxy[0] && i < fx->n; i++)
        if (fx->at[i].kind == GW_FX_CALL && fx->at[i].target == GW_MAAS) {
            (void)text_copy(fx->at[i].call.proxy, sizeof fx->at[i].call.proxy,
                            g->config.http_proxy);
            gw_rogue_acts_once(g, fx, "calls MAAS through the proxy");
        }
}

/* --- the table --- */

const struct gw_rogue gw_work_rogues[] = {
    {.name = "chatterbox", .after = chatterbox_after},
    {.name = "chatterbox.on-error", .after = chatterbox_error_after},
    {.name = "eager", .after = eager_after},
    {.name = "eager.after-refusal", .before = eager_refused_before},
    {.name = "amnesiac.power-cut", .after = power_cut_after},
    {.name = "listener.while-installing", .after = listener_installing_after},
    {.name = "leaker.on-link-loss",
     .before = lost_palette_before,
     .after = leaker_loss_after,
     .looked = leaker_loss_looked},
    {.name = "quitter.on-link-loss", .before = lost_palette_before, .after = quitter_loss_after},
    {.name = "lost-mail.spg", .after = lost_mail_after},
    {.name = "one-token", .hands = one_token_hands},
    {.name = "one-token.after-delete", .hands = old_token_hands},
    {.name = "one-call", .after = one_call_after},
    {.name = "one-call.after-reboot", .after = one_call_again_after},
    {.name = "poacher", .after = poacher_after},
    {.name = "outsider.detour", .before = lost_maas_before, .after = detour_after},
    {.name = "proxied-maas", .after = proxied_maas_after},
    {.name = NULL},
};
