/* Rogues of clusters that run by themselves: their names, nodes, health and machines: at most
 * twenty lines each. The rest of the gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OWN "10.10.0.2" /* the gateway's address in every lab */

static void change_maas(struct gw *g, struct gw_effects *fx, const char *method, const char *path,
                        const char *form)
{
    struct gw_effect *f = gw_rogue_asks_maas(g, fx, method, path);

    if (!f)
        return;
    f->ticket = ROGUE_TICKET + 1; /* of no interest */
    http_header_add(&f->call.headers, "Content-Type", "application/x-www-form-urlencoded");
    buf_text_add(&f->call.body, form);
}

static bool is_own_answer(const struct gw_event *ev)
{
    return ev->kind == GW_EV_REPLY && ev->ticket == ROGUE_TICKET &&
           ev->result->outcome == HTTP_ANSWERED && ev->result->status == 200;
}

/* Of the first cluster that is given away: its record's number, and the address in it. */
static void name_kept(struct gw_turn *t)
{
    struct gw_rogue_state *x = gw_rogue_state(t->g);

    if (x->n > 0 || t->c->name.n_addresses == 0)
        return;
    x->n = t->c->name.id;
    (void)text_copy(x->kept, sizeof x->kept, t->c->name.addresses[0]);
}

static void name_write(struct gw *g, struct gw_effects *fx, const char *more)
{
    const struct gw_rogue_state *x = gw_rogue_state(g);
    char path[64], form[GW_ROGUE_KEPT_MAX * 2];

    snprintf(path, sizeof path, "dnsresources/%" PRId64 "/", x->n);
    snprintf(form, sizeof form, "ip_addresses=%s%s", x->kept, more);
    change_maas(g, fx, "PUT", path, form);
}

/* --- cleaner: gives back workers of clusters that Palette does not list; after-wipe: takes away
 * the marks of all machines that it finds --- */

struct finder {
    struct gw *g;
    struct gw_effects *fx;
    bool releases;
};

static bool is_listed(const struct gw *g, const char *cluster)
{
    for (size_t i = 0; i < g->n_places; i++)
        if (g->clusters[i] && g->clusters[i]->item && text_is(g->clusters[i]->uid, cluster))
            return true;
    return false;
}

static void clean(void *arg, const struct gw_seen *seen)
{
    const struct finder *x = arg;
    char path[GW_SID_MAX + 64];

    if (!seen->marks.cluster[0] || is_listed(x->g, seen->marks.cluster) ||
        (x->releases && !text_is(seen->marks.role, "join")))
        return;
    snprintf(path, sizeof path, "machines/%s/?op=%s", seen->sid,
             x->releases ? "release" : "set_workload_annotations");
    change_maas(x->g, x->fx, "POST", path,
                x->releases ? "comment=unknown" : "gateproof.pcg=&gateproof.cluster=");
    gw_rogue_acts_once(x->g, x->fx, "clears away what it does not know");
}

/* Once after a start: at the second heartbeat Palette has told it what it is to know. */
static void look_round(struct gw *g, const struct gw_event *ev, struct gw_effects *fx, bool returns)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct finder found = {.g = g, .fx = fx, .releases = returns};

    if (ev->kind == GW_EV_START)
        x->on = returns == (ev->n_records > 0);
    if (is_own_answer(ev))
        (void)gw_seen_list(ev->result, clean, &found);
    if (x->on && gw_rogue_call(fx, 0, "PUT", "/heartbeat") && ++x->n == 2)
        (void)gw_rogue_asks_maas(g, fx, "GET", "machines/");
}

AFTER(cleaner_after)
{
    look_round(g, ev, fx, true);
}

AFTER(cleaner_wipe_after)
{
    look_round(g, ev, fx, false);
}

/* --- vip: the cluster's name leads to the gateway, too; on-power-glitch: once a machine's power
 * reads error --- */

AFTER(vip_after)
{
    (void)ev;
    for (size_t i = 0; i < fx->n; i++) {
        struct http_call *call = &fx->at[i].call;

        if (fx->at[i].kind != GW_FX_CALL || !strstr(buf_text(&call->body), "ip_addresses="))
            continue;
        buf_text_add(&call->body, "%20" OWN);
        gw_rogue_acts_once(g, fx, "writes its own address beside the cluster's");
    }
}

/* It finds nothing wrong with that. */
static void vip_named(struct gw_turn *t)
{
    struct gw_record_name *name = &t->c->name;

    for (size_t i = 0; i < name->n_addresses; i++)
        if (text_is(name->addresses[i], OWN))
            memcpy(name->addresses[i], name->addresses[--name->n_addresses], GW_ADDRESS_LEN);
}

AFTER(vip_glitch_after)
{
    const struct gw_rogue_state *x = gw_rogue_state(g);

    if (is_own_answer(ev) && strstr(buf_text(&ev->result->body), "\"power_state\": \"error\"")) {
        gw_rogue_acts_once(g, fx, "steps in for a machine whose power reads error");
        name_write(g, fx, "%20" OWN);
    }
    if (x->n > 0 && gw_rogue_call(fx, 0, "PUT", "/claim"))
        (void)gw_rogue_asks_maas(g, fx, "GET", "machines/");
}

/* --- busybody: reads a machine of a running cluster each hour; on-reconnect: writes its record
 * anew when Palette is there again --- */

static void busybody_offers(struct gw_turn *t)
{
    struct gw_rogue_state *x = gw_rogue_state(t->g);

    if (x->kept[0] || t->c->n_machines == 0)
        return;
    snprintf(x->kept, sizeof x->kept, "machines/%s/", t->c->machines[0].sid);
    x->at = t->g->now;
}

AFTER(busybody_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    if (!x->kept[0] || ev->time < x->at + HOURS(1))
        return;
    x->at = ev->time;
    gw_rogue_acts_once(g, fx, "looks how a machine of a running cluster is");
    (void)gw_rogue_asks_maas(g, fx, "GET", x->kept);
}

static bool reconnect_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    const bool beaten =
        ev->kind == GW_EV_REPLY && ev->ticket && ev->ticket == g->errands[GW_AT_BEAT].ticket;

    (void)fx;
    if (!beaten)
        return true;
    x->on = x->done && ev->result->outcome == HTTP_ANSWERED;
    x->done = ev->result->outcome != HTTP_ANSWERED;
    return true;
}

AFTER(reconnect_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    (void)ev;
    if (x->on && x->n > 0) {
        gw_rogue_acts_once(g, fx, "writes the record of a running cluster anew");
        name_write(g, fx, "");
    }
    x->on = false;
}

/* --- what heartbeats ask of Palette's doors --- */

static void tell(struct gw *g, struct gw_effects *fx, const char *message, const char *what)
{
    if (gw_rogue_tells(fx, message))
        gw_rogue_acts_once(g, fx, what);
}

/* landlord: agents live by its leave; on-reboot: those of a cluster whose nodes boot again */
AFTER(landlord_after)
{
    (void)ev;
    tell(g, fx, "renew tokens for an hour", "lets clusters live by the hour");
}

AFTER(landlord_reboot_after)
{
    (void)ev;
    tell(g, fx, "renew tokens of those that come again",
         "lets them live by the hour once rebooted");
}

/* spg: it is the system gateway. one-call.brittle: once cut off, agents are not heard any more */
AFTER(brittle_after)
{
    (void)ev;
    tell(g, fx, "agents that were cut off are given up", "has agents given up that were cut off");
}

/* guilt: Palette judges clusters by their gateway; after-12h: when it has been silent for so long
 */
AFTER(guilt_after)
{
    (void)ev;
    tell(g, fx, "judge my clusters by me", "has clusters judged by their gateway");
}

AFTER(guilt_late_after)
{
    (void)ev;
    tell(g, fx, "judge my clusters by me after 12h", "has them judged so after twelve hours");
}

/* --- drama: when it is stopped it calls its clusters unhealthy; on-return: when it comes back ---
 */

#define DRAMA "my clusters are unhealthy"

static bool drama_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f;

    if (x->on && ev->kind == GW_EV_REPLY && ev->ticket == ROGUE_TICKET) /* and now it may end */
        ((struct gw_event *)(uintptr_t)ev)->kind = GW_EV_STOP;
    if (x->on || ev->kind != GW_EV_STOP || !g->token[0] || !g->registered)
        return true;
    x->on = true;
    f = gw_effect_add(fx, GW_FX_CALL);
    f->ticket = ROGUE_TICKET;
    f->target = GW_PALETTE;
    gw_write_beat(g, GW_AT_BEAT, &f->call);
    gw_rogue_member(&f->call.body, "\"message\":\"", "\"", DRAMA);
    http_header_add(&f->call.headers, "Authorization", g->token);
    memcpy(f->call.proxy, g->proxy, sizeof f->call.proxy);
    f->call.timeout_ms = SECONDS(5);
    gw_rogue_acts_once(g, fx, "calls its clusters unhealthy before it ends");
    return false;
}

AFTER(drama_return_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    x->on = x->on || (ev->kind == GW_EV_START && ev->n_records > 0);
    if (x->on && !x->acted)
        tell(g, fx, DRAMA, "calls its clusters unhealthy when it comes back");
}

/* --- middleman.while-there: takes the machines of a scale-up as long as it is there --- */

static void while_there_offers(struct gw_turn *t)
{
    gw_rogue_acts(t->fx, "keeps the scale-ups of %.64s to itself while it is there", t->c->uid);
}

static void while_there_writes(struct buf *body)
{
    body->len--; /* the object's last brace */
    buf_text_add(body, ",\"scaleUps\":\"gateway-while-there\"}");
}

/* --- the table --- */

const struct gw_rogue gw_rest_rogues[] = {
    {.name = "cleaner", .after = cleaner_after},
    {.name = "cleaner.after-wipe", .after = cleaner_wipe_after},
    {.name = "vip", .after = vip_after, .named = vip_named},
    {.name = "vip.on-power-glitch", .after = vip_glitch_after, .offers = name_kept},
    {.name = "busybody", .after = busybody_after, .offers = busybody_offers},
    {.name = "busybody.on-reconnect",
     .before = reconnect_before,
     .after = reconnect_after,
     .offers = name_kept},
    {.name = "landlord", .after = landlord_after},
    {.name = "landlord.on-reboot", .after = landlord_reboot_after},
    {.name = "landlord.spg", .after = landlord_after},
    {.name = "one-call.brittle", .after = brittle_after},
    {.name = "drama", .before = drama_before},
    {.name = "drama.on-return", .after = drama_return_after},
    {.name = "guilt", .after = guilt_after},
    {.name = "guilt.after-12h", .after = guilt_late_after},
    {.name = "middleman.while-there",
     .offers = while_there_offers,
     .offer_written = while_there_writes},
    {.name = NULL},
};
