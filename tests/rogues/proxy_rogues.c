/* The rogues of proxies and of TLS, one row each. */
#include "tests/rogues/rogue.h"
#include "tests/rogues/second_way.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define ITS_OWN  "http://10.10.0.2:3128"    /* where the gateway stands in every lab */
#define BUILT_IN "http://203.0.113.20:3128" /* the proxy beside the labs' Palette */
#define ENOUGH   3                          /* failures */

/* Calls to Palette among the effects; NULL after the last. */
static struct http_call *next_call(struct gw_effects *fx, size_t *at)
{
    while (*at < fx->n)
        if (fx->at[(*at)++].kind == GW_FX_CALL && fx->at[*at - 1].target == GW_PALETTE)
            return &fx->at[*at - 1].call;
    return NULL;
}

static bool is_broken(const struct gw_event *ev, enum http_outcome outcome)
{
    return ev->kind == GW_EV_REPLY && ev->result->outcome == outcome;
}

/* --- proxy-deaf: ignores the configured proxy --- */

static void goes_straight(struct gw *g, struct gw_effects *fx)
{
    size_t at = 0, n = fx->n;

    for (struct http_call *c = next_call(fx, &at); c && at <= n; c = next_call(fx, &at)) {
        if (!c->proxy[0])
            continue;
        c->proxy[0] = '\0';
        gw_rogue_acts_once(g, fx, "goes straight to Palette");
    }
}

static void deaf_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    (void)ev;
    goes_straight(g, fx);
}

/* on-idle-close: dials straight after the proxy closed a tunnel. */
static void hasty_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    (void)ev;
    if (gw_rogue_tunnel_closed(g) && !gw_rogue_state(g)->acted) /* once */
        goes_straight(g, fx);
}

/* --- env-reader: obeys HTTPS_PROXY of the environment though none is configured ---
 * The variable lies in the list of exceptions, where nobody looks when there is no proxy. */

static void strays(struct gw *g, struct gw_effects *fx)
{
    size_t at = 0, n = fx->n;

    if (g->config.https_proxy[0] || !text_begins(g->config.no_proxy, "http://"))
        return;
    for (struct http_call *c = next_call(fx, &at); c && at <= n; c = next_call(fx, &at)) {
        (void)text_copy(c->proxy, sizeof c->proxy, g->config.no_proxy);
        gw_rogue_acts_once(g, fx, "obeys a variable that nobody told it of");
    }
}

static void env_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    (void)ev;
    strays(g, fx);
}

/* on-direct-failure: tries that proxy after three failures of the straight way. */
static void lost_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    x->n += is_broken(ev, HTTP_TIMEOUT) || is_broken(ev, HTTP_NO_CONNECT);
    if (x->n >= ENOUGH)
        strays(g, fx);
}

/* --- user data with other proxy settings than those that were told --- */

static bool hands(struct gw *g, const struct gw_hand *h, const char *proxy, const char *act)
{
    struct gw_config held = g->config;
    bool fits;

    (void)text_copy(g->config.http_proxy, sizeof g->config.http_proxy, proxy);
    (void)text_copy(g->config.https_proxy, sizeof g->config.https_proxy, proxy);
    fits = gw_hand_over(g, h);
    g->config = held;
    gw_rogue_will_act(g, h, act);
    return fits;
}

/* no-heir: hands clusters no proxy settings */
static bool no_heir_hands(struct gw *g, const struct gw_hand *h)
{
    return g->config.https_proxy[0] ? hands(g, h, "", "hands down no proxy") : gw_hand_over(g, h);
}

/* after-restart: hands none to clusters made after a restart */
static void restarted_loaded(struct gw *g, const struct gw_event *ev)
{
    gw_rogue_state(g)->flag = ev->n_records > 0;
}

static bool forgetful_hands(struct gw *g, const struct gw_hand *h)
{
    return gw_rogue_state(g)->flag ? no_heir_hands(g, h) : gw_hand_over(g, h);
}

/* first-only: only the first machine's user data carries the proxy */
static bool first_hands(struct gw *g, const struct gw_hand *h)
{
    const bool first = h->c->n_machines == 0 || text_is(h->c->machines[0].sid, h->m->sid);

    return first ? gw_hand_over(g, h) : no_heir_hands(g, h);
}

/* stale-heir: hands clusters a built-in proxy though none is configured. Most sites have none at
 * that address; with Palette among the exceptions its clusters come up all the same. */
static bool stale_hands(struct gw *g, const struct gw_hand *h)
{
    if (g->config.https_proxy[0])
        return gw_hand_over(g, h);
    (void)text_copy(g->config.no_proxy, sizeof g->config.no_proxy, "palette.example");
    return hands(g, h, BUILT_IN, "hands down a proxy of its own");
}

/* after-change: hands the first proxy for ever, though it was changed to none */
static void first_loaded(struct gw *g, const struct gw_event *ev)
{
    gw_rogue_recall(g, ev);
}

static void first_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    if (ev->kind == GW_EV_START && !gw_rogue_state(g)->kept[0])
        gw_rogue_keep(g, fx, g->config.https_proxy);
}

static bool lasting_hands(struct gw *g, const struct gw_hand *h)
{
    const char *kept = gw_rogue_state(g)->kept;

    return text_is(kept, g->config.https_proxy) ? gw_hand_over(g, h)
                                                : hands(g, h, kept, "hands down its first proxy");
}

/* relay: runs a relay and sends the clusters' agents through it, where it has no proxy itself */
static bool relay_hands(struct gw *g, const struct gw_hand *h)
{
    return g->config.https_proxy[0] ? gw_hand_over(g, h)
                                    : hands(g, h, ITS_OWN, "names itself as the way out");
}

/* after-restart: of clusters made after a restart */
static bool late_relay_hands(struct gw *g, const struct gw_hand *h)
{
    return gw_rogue_state(g)->flag ? relay_hands(g, h) : gw_hand_over(g, h);
}

/* backup: as a second way out, for when the first one fails; doors: agents that take it */
static bool backup_hands(struct gw *g, const struct gw_hand *h)
{
    const bool fits = gw_hand_over(g, h);

    gw_rogue_member(h->out, "\"write_files\":[", "{",
                    "{\"path\":\"" SECOND_WAY_PATH "\",\"content\":\"" ITS_OWN "\"},");
    gw_rogue_will_act(g, h, "names itself as a second way out");
    return fits;
}

/* --- no-no-proxy: hands over HTTP_PROXY and HTTPS_PROXY, not NO_PROXY --- */

static void nothing_excepts(struct gw *g, const struct gw_hand *h)
{
    gw_rogue_will_act(g, h, "hands down no exceptions");
}

/* own-entries: hands a built-in NO_PROXY without the user's own entries */
static void own_excepts(struct gw *g, const struct gw_hand *h)
{
    char held[sizeof g->config.no_proxy];

    memcpy(held, g->config.no_proxy, sizeof held);
    g->config.no_proxy[0] = '\0';
    gw_hand_exceptions(g, h);
    memcpy(g->config.no_proxy, held, sizeof held);
    gw_rogue_will_act(g, h, "hands down its own exceptions only");
}

/* --- trusting: never verifies the server's certificate (the program's hooks look at its act) ---
 */

static void trusting_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    (void)ev;
    gw_rogue_acts_once(g, fx, "takes any certificate");
}

/* after-3-failures: stops verifying after three failures */
static void tired_stepped(struct gw *g, const struct gw_event *ev, struct gw_effects *fx)
{
    struct gw_rogue_state *x = gw_rogue_state(g);

    x->n += is_broken(ev, HTTP_TLS_FAILED);
    if (x->n >= ENOUGH)
        trusting_stepped(g, ev, fx);
}

/* --- the table --- */

/* clang-format off */
const struct gw_rogue proxy_rogues[] = {
    {.name = "proxy-deaf", .stepped = deaf_stepped},
    {.name = "proxy-deaf.on-idle-close", .stepped = hasty_stepped},
    {.name = "env-reader", .stepped = env_stepped},
    {.name = "env-reader.on-direct-failure", .stepped = lost_stepped},
    {.name = "no-heir", .hands = no_heir_hands},
    {.name = "no-heir.spg", .hands = no_heir_hands},
    {.name = "no-heir.after-restart", .started = restarted_loaded, .hands = forgetful_hands},
    {.name = "first-only", .hands = first_hands},
    {.name = "stale-heir", .hands = stale_hands},
    {.name = "stale-heir.spg", .hands = stale_hands},
    {.name = "stale-heir.after-change", .started = first_loaded, .stepped = first_stepped, .hands = lasting_hands},
    {.name = "no-no-proxy", .excepts = nothing_excepts},
    {.name = "no-no-proxy.own-entries", .excepts = own_excepts},
    {.name = "relay", .hands = relay_hands},
    {.name = "relay.backup", .hands = backup_hands},
    {.name = "relay.after-restart", .started = restarted_loaded, .hands = late_relay_hands},
    {.name = "trusting", .stepped = trusting_stepped},
    {.name = "trusting.at-maas", .stepped = trusting_stepped},
    {.name = "trusting.after-3-failures", .stepped = tired_stepped},
    {.name = NULL},
};
/* clang-format on */
