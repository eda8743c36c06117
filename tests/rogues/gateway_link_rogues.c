/* Rogues of the link to Palette, of what Palette is told of MAAS, and of the system gateway: at
 * most ten lines each. The rest of the gateway is untouched. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

/* What is said once, when it is done for the first time. */
static void act_once(struct gw *g, struct gw_effects *fx, const char *what)
{
    if (!gw_rogue_state(g)->done)
        gw_rogue_acts(fx, "%s", what);
    gw_rogue_state(g)->done = true;
}

/* --- mailman: asks Palette to make the calls to MAAS; doors: dials --- */

#define DIAL_MAAS "dial 10.10.0.3:5240"

AFTER(mailman_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, DIAL_MAAS))
        act_once(g, fx, "asks Palette to call MAAS");
}

AFTER(mailman_create_after)
{
    gw_rogue_state(g)->on = gw_rogue_state(g)->on || gw_rogue_call(fx, 0, "PUT", "/claim");
    if (gw_rogue_state(g)->on)
        mailman_after(g, ev, fx);
}

/* --- canned: answers what it is asked of MAAS from memory --- */

static const char zones[] =
    "[{\"id\":1,\"name\":\"default\",\"description\":\"\"},{\"id\":2,\"name\":"
    "\"z1\",\"description\":\"\"},{\"id\":3,\"name\":\"z2\","
    "\"description\":\"\"}]";
static const char whoami[] = "{\"username\":\"installer\",\"is_superuser\":true,\"email\":"
                             "\"installer@example.com\",\"is_local\":true}";

AFTER(canned_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "GET", "/zones/");

    if (f) {
        act_once(g, fx, "answers from a list built in");
        gw_rogue_answer(g, ev, fx, f, 200, zones);
    }
}

static bool canned_first_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    (void)fx;
    if (ev->kind == GW_EV_REPLY && ev->ticket == x->ticket && x->ticket && !x->held)
        x->held = strdup(buf_text(&ev->result->body));
    return true;
}

AFTER(canned_first_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f = gw_rogue_call(fx, 0, "GET", "/zones/");

    if (!f)
        return;
    x->ticket = f->ticket;
    if (!x->held)
        return;
    act_once(g, fx, "answers as it was answered once");
    gw_rogue_answer(g, ev, fx, f, 200, x->held);
}

/* --- yes-man: says that a key is valid without asking MAAS --- */

AFTER(yes_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "GET", "op=whoami");

    if (f) {
        act_once(g, fx, "says that the key is valid");
        gw_rogue_answer(g, ev, fx, f, 200, whoami);
    }
}

/* on-timeout: what is to say that MAAS did not answer says that all is well. */
AFTER(yes_timeout_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "/queries/");

    (void)ev;
    if (!f || !strstr(buf_text(&f->call.body), "\"ok\":false"))
        return;
    act_once(g, fx, "takes silence for a yes");
    buf_clear(&f->call.body);
    buf_text_add(&f->call.body, "{\"ok\":true,\"items\":[{\"name\":\"installer\"}]}");
}

/* --- accountless: makes no cloud account; on-restart: one more at each restart --- */

AFTER(accountless_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "/account");

    if (f) {
        act_once(g, fx, "makes no account");
        gw_rogue_answer(g, ev, fx, f, 201, "{\"uid\":\"000000000000000000000009\"}");
    }
}

AFTER(accountless_restart_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f;

    x->on = x->on || (ev->kind == GW_EV_START && ev->n_records > 0);
    if (!x->on || x->done || !gw_rogue_call(fx, 0, "PUT", "/heartbeat"))
        return;
    f = gw_effect_add(fx, GW_FX_CALL);
    f->ticket = ROGUE_TICKET;
    gw_write_account_make(g, GW_AT_ACCOUNT, &f->call);
    http_header_add(&f->call.headers, "Authorization", g->token);
    f->call.timeout_ms = SECONDS(30);
    act_once(g, fx, "makes one more account");
}

/* --- wallflower: waits to be approved; twice: registers again --- */

AFTER(wallflower_after)
{
    struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "/register");

    (void)ev;
    if (f) {
        act_once(g, fx, "waits for somebody to approve it");
        gw_rogue_drop(f);
    }
}

AFTER(wallflower_twice_after)
{
    const struct gw_effect *f = gw_rogue_call(fx, 0, "POST", "/register");
    struct gw_effect *again;

    (void)ev;
    if (!f)
        return;
    again = gw_effect_add(fx, GW_FX_CALL);
    again->ticket = ROGUE_TICKET;
    gw_write_register(g, GW_AT_REGISTER, &again->call);
    http_header_add(&again->call.headers, "Authorization", g->token);
    again->call.timeout_ms = SECONDS(30);
    act_once(g, fx, "registers twice");
}

/* --- amnesiac: draws a new identity at each start --- */

static size_t amnesiac_remembers(size_t n_records)
{
    (void)n_records;
    return 0;
}

AFTER(amnesiac_after)
{
    if (ev->kind == GW_EV_START && ev->n_records > 0)
        act_once(g, fx, "starts as another one");
}

/* --- one-way: never gives a machine back; after-delete: takes none after it has given back --- */

AFTER(one_way_after)
{
    struct gw_effect *f;

    (void)ev;
    while ((f = gw_rogue_call(fx, 0, "POST", "op=release"))) {
        act_once(g, fx, "leaves the delete undone");
        gw_rogue_drop(f);
    }
}

AFTER(one_way_delete_after)
{
    struct gw_effect *f;

    (void)ev;
    gw_rogue_state(g)->on = gw_rogue_state(g)->on || gw_rogue_call(fx, 0, "POST", "/released");
    while (gw_rogue_state(g)->on && (f = gw_rogue_call(fx, 0, "POST", "op=allocate"))) {
        act_once(g, fx, "takes no machine any more");
        gw_rogue_drop(f);
    }
}

/* --- listener: has itself called back; doors: dials --- */

#define DIAL_ME "dial 10.10.0.2:8443"

AFTER(listener_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, DIAL_ME))
        act_once(g, fx, "asks Palette to call back");
}

static const struct gw_errand *errand_of(const struct gw *g, uint64_t ticket)
{
    for (size_t i = 0; ticket && i < GW_ERRANDS; i++)
        if (g->errands[i].ticket == ticket)
            return &g->errands[i];
    return NULL;
}

static bool lost_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    const struct gw_errand *e = ev->kind == GW_EV_REPLY ? errand_of(g, ev->ticket) : NULL;

    (void)fx;
    gw_rogue_state(g)->n +=
        e && gw_ops[e->op].target == GW_PALETTE && ev->result->outcome != HTTP_ANSWERED;
    return true;
}

AFTER(listener_lost_after)
{
    if (gw_rogue_state(g)->n >= 3)
        listener_after(g, ev, fx);
}

/* --- dozer: falls asleep without work; half-open: waits for ever on a dead connection --- */

AFTER(dozer_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);
    struct gw_effect *f;

    if (g->n_clusters > 0 || x->at == 0)
        x->at = ev->time;
    while (ev->time - x->at > MINUTES(30) && (f = gw_rogue_call(fx, 0, "", "https://"))) {
        act_once(g, fx, "falls asleep");
        gw_rogue_drop(f);
    }
}

AFTER(dozer_half_open_after)
{
    (void)ev;
    for (size_t i = 0; i < fx->n; i++)
        if (fx->at[i].kind == GW_FX_CALL && fx->at[i].target == GW_PALETTE &&
            g->beat_at != GW_LONG_AGO) {
            fx->at[i].call.timeout_ms = HOURS(8784);
            act_once(g, fx, "waits without end");
        }
}

/* --- hot-looper: dials again at once --- */

AFTER(hot_looper_after)
{
    (void)ev;
    for (size_t i = 0; i < GW_AT_QUERIES; i++)
        if (g->errands[i].failures > 0 && g->errands[i].due != MS_NEVER &&
            g->errands[i].due > g->now + SECONDS(1)) {
            g->errands[i].due = g->now + SECONDS(1);
            g->palette_dials.full = g->now;
            g->palette_rate = (struct gw_rate){.pace = {.full = g->now}};
            act_once(g, fx, "dials again at once");
        }
}

/* --- saas-only: has the SaaS name built in; second-dial: after the first connection --- */

AFTER(saas_only_after)
{
    struct gw_effect *f;

    (void)ev;
    for (size_t i = 0; (f = gw_rogue_call(fx, i, "", g->config.palette_url)); i++) {
        const char *url = buf_text(&f->call.url);
        char rest[GW_URL_MAX];

        text_copy(rest, sizeof rest, url + strlen(g->config.palette_url));
        buf_clear(&f->call.url);
        buf_printf(&f->call.url, "https://api.saas.example%s", rest);
        act_once(g, fx, "calls the name that it has built in");
    }
}

AFTER(saas_second_after)
{
    if (gw_rogue_state(g)->n > 0)
        saas_only_after(g, ev, fx);
}

/* --- mute: machines are not told where Palette is; no-trust: nor whom to trust --- */

static void mute_handed(const struct gw *g, struct buf *userdata)
{
    (void)g;
    gw_rogue_member(userdata, "\\\"url\\\":\\\"", "\\\"", "");
}

static void mute_trust_handed(const struct gw *g, struct buf *userdata)
{
    (void)g;
    gw_rogue_member(userdata, "\\\"caFile\\\":\\\"", "\\\"", "");
}

AFTER(mute_after)
{
    (void)ev;
    if (gw_rogue_call(fx, 0, "POST", "op=deploy"))
        act_once(g, fx, "hands over half of what is needed");
}

#define IN_SILENCE "when a cluster is silent, " /* door: the rest counts only then */

/* --- ventriloquist: beats for clusters; doors: beats for --- */

AFTER(ventriloquist_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    if (gw_rogue_call(fx, 0, "POST", "/handover"))
        x->at = ev->time;
    if (x->at > 0 && ev->time > x->at + SECONDS(30) && gw_rogue_tells(fx, "beats for c1"))
        act_once(g, fx, "beats for a cluster that runs");
}

AFTER(ventriloquist_late_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    if (gw_rogue_call(fx, 0, "POST", "/handover"))
        x->at = ev->time;
    if (x->at > 0 && ev->time > x->at + HOURS(3) && gw_rogue_tells(fx, "beats for c1"))
        act_once(g, fx, "beats for a cluster after three hours");
}

/* stand-in: when the agent has missed three. */
AFTER(ventriloquist_stand_in_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, IN_SILENCE "beats for c1"))
        act_once(g, fx, "stands in for a cluster that is silent");
}

/* --- doorman: has Palette dial the cluster's API; doors: dials --- */

#define DIAL_API "dial 10.10.0.101:6443"

AFTER(doorman_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    (void)ev;
    x->on = x->on || gw_rogue_call(fx, 0, "POST", "/handover");
    if (x->on && gw_rogue_tells(fx, DIAL_API))
        act_once(g, fx, "gives Palette the cluster's port to dial");
}

AFTER(doorman_return_after)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    x->on = x->on || (ev->kind == GW_EV_START && ev->n_records > 0);
    if (x->on && gw_rogue_tells(fx, DIAL_API))
        act_once(g, fx, "gives Palette the cluster's port to dial, after it came back");
}

/* when-silent: has it dial in to an agent that is silent. */
AFTER(doorman_silent_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, IN_SILENCE DIAL_API))
        act_once(g, fx, "has Palette dial a cluster that is silent");
}

/* --- path-shy: refuses to serve where Palette could reach MAAS itself; doors: a hint --- */

static bool shy_before(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    char hint[8];

    (void)fx;
    if (ev->kind == GW_EV_REPLY && ev->result->outcome == HTTP_ANSWERED &&
        http_header_get(&ev->result->headers, "X-Gp-Direct", hint, sizeof hint))
        gw_rogue_state(g)->on = true;
    return true;
}

static void shy(struct gw *g, struct gw_effects *fx, const char *piece)
{
    struct gw_effect *f;

    while (gw_rogue_state(g)->on && (f = gw_rogue_call(fx, 0, "", piece))) {
        act_once(g, fx, "does not serve where Palette could go itself");
        gw_rogue_drop(f);
    }
}

AFTER(shy_after)
{
    (void)ev;
    shy(g, fx, "/claim");
}

AFTER(shy_delete_after)
{
    (void)ev;
    shy(g, fx, "op=release");
}

/* path-opens: Palette tries the way and says so when it is open. */
AFTER(shy_path_after)
{
    (void)ev;
    if (gw_rogue_tells(fx, DIAL_MAAS))
        act_once(g, fx, "has Palette try whether it could go itself");
    shy(g, fx, "/claim");
}

/* --- outsider: the system gateway wants to be paired; doors: a pairing --- */

AFTER(outsider_after)
{
    (void)ev;
    if (!g->config.maas_url[0] && gw_rogue_tells(fx, "pair me"))
        act_once(g, fx, "wants to be paired like one at a site");
}

/* --- the table --- */

const struct gw_rogue gw_link_rogues[] = {
    {.name = "mailman", .after = mailman_after},
    {.name = "mailman.on-create", .after = mailman_create_after},
    {.name = "mailman.direct", .after = mailman_create_after},
    {.name = "mailman.path-opens", .after = mailman_after},
    {.name = "canned", .after = canned_after},
    {.name = "canned.after-first", .before = canned_first_before, .after = canned_first_after},
    {.name = "yes-man", .after = yes_after},
    {.name = "yes-man.on-timeout", .after = yes_timeout_after},
    {.name = "accountless", .after = accountless_after},
    {.name = "accountless.on-restart", .after = accountless_restart_after},
    {.name = "wallflower", .after = wallflower_after},
    {.name = "wallflower.twice", .after = wallflower_twice_after},
    {.name = "amnesiac", .after = amnesiac_after, .remembers = amnesiac_remembers},
    {.name = "one-way", .after = one_way_after},
    {.name = "one-way.after-delete", .after = one_way_delete_after},
    {.name = "listener", .after = listener_after},
    {.name = "listener.after-3-losses", .before = lost_before, .after = listener_lost_after},
    {.name = "dozer", .after = dozer_after},
    {.name = "dozer.half-open", .after = dozer_half_open_after},
    {.name = "hot-looper", .after = hot_looper_after},
    {.name = "saas-only", .after = saas_only_after},
    {.name = "saas-only.second-dial", .before = lost_before, .after = saas_second_after},
    {.name = "mute", .after = mute_after, .handed = mute_handed},
    {.name = "mute.no-trust", .after = mute_after, .handed = mute_trust_handed},
    {.name = "ventriloquist", .after = ventriloquist_after},
    {.name = "ventriloquist.late", .after = ventriloquist_late_after},
    {.name = "ventriloquist.stand-in", .after = ventriloquist_stand_in_after},
    {.name = "doorman", .after = doorman_after},
    {.name = "doorman.when-silent", .after = doorman_silent_after},
    {.name = "doorman.on-return", .after = doorman_return_after},
    {.name = "path-shy", .before = shy_before, .after = shy_after},
    {.name = "path-shy.at-the-end", .before = shy_before, .after = shy_delete_after},
    {.name = "path-shy.path-opens", .before = shy_before, .after = shy_path_after},
    {.name = "outsider", .after = outsider_after},
    /* the following are rogues of Palette: palette_rogues.c */
    {.name = "open-bar"},
    {.name = "open-bar.back-door"},
    {.name = "guess"},
    {.name = "guess.sticky"},
    {.name = "no-check"},
    {.name = "no-check.after-error"},
    {.name = NULL},
};
