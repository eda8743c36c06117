/* Palettes that break a rule on purpose, and doors that only rogues of the link knock at. A rogue
 * Palette journals its own deed (rogue.act); a door that was used is a note.
 *
 * A door is asked for by a heartbeat's message, which a good gateway leaves empty:
 *   dial ADDRESS:PORT   Palette opens a connection there, once a message (a note named "dial": the
 *                       program, or the simulator, does it)
 *   beats for CLUSTER   the heartbeat counts as one of that cluster
 *   when a cluster is silent, …   the rest counts while one of its gateway has missed three beats
 *   pair me             Palette takes the system gateway for one that has to be paired
 * and of agents and of others' work: palette_agents.c; of how a cluster ends: palette_life.c; of
 * clusters by themselves: palette_alone.c. */
#include "mock-palette/cluster.h"
#include "mock-palette/public.h"
#include "tests/rogues/doors.h"

#include "lib/base/text.h"

#include <string.h>

#define MISSED_MS SECONDS(180) /* three heartbeats of an agent */

#define WRAPS(name) http_handler __real_##name, __wrap_##name
WRAPS(pal_beat);
WRAPS(pal_credential);
WRAPS(pal_overlords);
WRAPS(pal_account_create);
struct pal_query *__real_pal_query_wait(struct pal_ask *a, struct pal_gateway *g,
                                        const struct pal_query_kind *kind, const char *account_uid,
                                        const struct pal_key *at);
struct pal_query *__wrap_pal_query_wait(struct pal_ask *a, struct pal_gateway *g,
                                        const struct pal_query_kind *kind, const char *account_uid,
                                        const struct pal_key *at);

static bool is_rogue(const struct pal_ask *a, const char *name)
{
    return text_is(a->p->config.ajar, name);
}

void door_acts(struct pal_ask *a, const char *what)
{
    struct event e;

    ev_init(&e, EV_ROGUE_ACT, a->ctx->now);
    ev_text_add(&e, EVF_NAME, a->p->config.ajar);
    ev_text_add(&e, EVF_TEXT, what);
    ev_list_add(&a->rp->events, &e);
}

/* --- doors --- */

static void dial(struct pal_ask *a, const char *where)
{
    struct event e;

    ev_init(&e, EV_NOTE, a->ctx->now);
    ev_text_add(&e, EVF_NAME, "dial");
    ev_text_add(&e, EVF_TEXT, where);
    ev_list_add(&a->rp->events, &e);
}

static void beat_for(struct pal_ask *a, const char *cluster)
{
    struct event e;

    for (size_t i = 0; i < a->p->n_clusters; i++) {
        if (!text_is(a->p->clusters[i]->name, cluster))
            continue;
        pal_cluster_event(&e, EV_PAL_BEAT, a->p->clusters[i], a->ctx->now);
        ev_text_add(&e, EVF_PEER, a->ctx->peer);
        ev_text_add(&e, EVF_WHO, "gateway");
        ev_text_add(&e, EVF_KEY_ID, "gateway");
        ev_list_add(&a->rp->events, &e);
    }
}

static void pair(struct pal_ask *a)
{
    struct event e;

    ev_init(&e, EV_PAL_ENROL, a->ctx->now);
    ev_text_add(&e, EVF_UID, a->gateway->uid);
    ev_int_add(&e, EVF_ACCEPTED, 1);
    ev_list_add(&a->rp->events, &e);
}

/* What it asks for now: the whole, or the rest of it while a cluster is silent, or nothing. */
static const char *asks(const struct pal_ask *a, const char *message)
{
    static const char head[] = "when a cluster is silent, ";

    if (!text_begins(message, head))
        return message;
    for (size_t i = 0; i < a->p->n_clusters; i++) {
        const struct pal_cluster *c = a->p->clusters[i];

        if (c->gateway_i == pal_gateway_i(a->p, a->gateway) && c->life.stage == PAL_STAGE_RUNNING &&
            a->ctx->now - ms_max(c->last_beat, c->life.switched_at) >= MISSED_MS)
            return message + strlen(head);
    }
    return "";
}

void door_reached(struct palette *p)
{
    for (size_t i = 0; i < p->n_clusters; i++)
        p->clusters[i]->ajar |= AJAR_REACHED;
}

/* It is told what the dials that it asked for have found. */
static void tell_reached(struct pal_ask *a)
{
    bool reached = false;

    for (size_t i = 0; i < a->p->n_clusters; i++)
        reached = reached || (a->p->clusters[i]->ajar & AJAR_REACHED);
    if (reached && is_rogue(a, "path-shy.path-opens"))
        http_header_add(&a->rp->headers, "X-Gp-Direct", "1");
}

void __wrap_pal_beat(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    char text[128] = "";
    const char *message;

    if (a->who == PAL_AGENT)
        door_judge(a->p, a->cluster, a->ctx->now);
    __real_pal_beat(x);
    door_life_beat(a);
    if (!*a->p->config.ajar || a->who != PAL_GATEWAY ||
        !jx_pick(buf_text(&a->rq->body), a->rq->body.len, "message", text, sizeof text))
        return;
    message = asks(a, text);
    tell_reached(a);
    if (text_begins(message, "dial "))
        dial(a, message + strlen("dial "));
    if (text_begins(message, "beats for "))
        beat_for(a, message + strlen("beats for "));
    if (text_is(message, "pair me"))
        pair(a);
    door_asked(a, message);
    door_life_asked(a, message);
    door_asked_alone(a, message);
}

/* Who calls with an address of the site was not translated on the way: Palette could go there. */
void __wrap_pal_credential(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);

    __real_pal_credential(x);
    if (text_begins(a->p->config.ajar, "path-shy") && text_begins(a->ctx->peer, "10.10."))
        http_header_add(&a->rp->headers, "X-Gp-Direct", "1");
}

/* --- open-bar: SaaS lists a system gateway; back-door: takes an account bound to one by hand ---
 */

void __wrap_pal_overlords(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);

    if (!is_rogue(a, "open-bar")) {
        __real_pal_overlords(x);
        return;
    }
    door_acts(a, "lists a system gateway");
    pal_answer(a, 200,
               "{\"items\":[{\"kind\":\"pcg\",\"metadata\":{\"name\":\"System Private Gateway\","
               "\"uid\":\"000000000000000000000001\"},\"spec\":{\"isSystem\":true}}]}");
}

/* An account that the rogue has taken: as Palette tells of it. */
static void took(struct pal_ask *a, const char *name, const char *overlord)
{
    struct event e;

    ev_init(&e, EV_PAL_ACCOUNT, a->ctx->now);
    ev_text_add(&e, EVF_UID, "00000000000000000000ac01");
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_BOUND_TO, overlord);
    ev_text_add(&e, EVF_MADE_BY, "user");
    ev_text_add(&e, EVF_KIND, "made");
    ev_list_add(&a->rp->events, &e);
    pal_answer_uid(a, "00000000000000000000ac01");
}

static bool by_hand(struct pal_ask *a, char *name, size_t size)
{
    char overlord[64];

    return jx_pick(buf_text(&a->rq->body), a->rq->body.len, "metadata.name", name, size) &&
           jx_pick(buf_text(&a->rq->body), a->rq->body.len, "metadata.annotations.overlordUid",
                   overlord, sizeof overlord) &&
           text_is(overlord, "000000000000000000000001");
}

/* --- guess: unsaid is the system gateway; sticky: once on, it stays on --- */

static void bind_anew(struct pal_ask *a, struct pal_account *acc)
{
    struct event e;

    text_copy(acc->overlord, sizeof acc->overlord, pal_system_gateway(a->p)->uid);
    ev_init(&e, EV_PAL_ACCOUNT, a->ctx->now);
    ev_text_add(&e, EVF_UID, acc->uid);
    ev_text_add(&e, EVF_NAME, acc->name);
    ev_text_add(&e, EVF_BOUND_TO, acc->overlord);
    ev_text_add(&e, EVF_MADE_BY, "user");
    ev_text_add(&e, EVF_KIND, "changed");
    ev_list_add(&a->rp->events, &e);
}

static bool was_on(const struct pal_ask *a)
{
    for (size_t i = 0; i + 1 < a->p->n_accounts; i++)
        if (!a->p->accounts[i].by_gateway &&
            text_is(a->p->accounts[i].overlord, pal_system_gateway(a->p)->uid))
            return true;
    return false;
}

static void guess(struct pal_ask *a)
{
    struct pal_account *acc = &a->p->accounts[a->p->n_accounts - 1];
    const bool picks =
        is_rogue(a, "guess") ? !acc->overlord[0] : is_rogue(a, "guess.sticky") && was_on(a);

    if (a->rp->status != 201 || !picks || !pal_system_gateway(a->p) ||
        text_is(acc->overlord, pal_system_gateway(a->p)->uid))
        return;
    door_acts(a, "picks the system gateway");
    bind_anew(a, acc);
}

void __wrap_pal_account_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    char name[64] = "";

    if (text_begins(a->p->config.ajar, "open-bar") && by_hand(a, name, sizeof name)) {
        door_acts(a, "takes an account for a system gateway");
        took(a, name, "000000000000000000000001");
        return;
    }
    __real_pal_account_create(x);
    if (a->p->n_accounts > 0)
        guess(a);
}

/* --- no-check: takes an account without validating it; after-error: when that went wrong --- */

struct pal_query *__wrap_pal_query_wait(struct pal_ask *a, struct pal_gateway *g,
                                        const struct pal_query_kind *kind, const char *account_uid,
                                        const struct pal_key *at)
{
    struct pal_query *q;

    if (!g->system || !text_begins(a->p->config.ajar, "no-check") || *account_uid)
        return __real_pal_query_wait(a, g, kind, account_uid, at);
    q = is_rogue(a, "no-check") ? NULL : __real_pal_query_wait(a, g, kind, account_uid, at);
    if (q || *a->rp->park_key)
        return q;
    door_acts(a, "takes the account unchecked");
    a->rp->status = 0;
    buf_clear(&a->rp->body);
    a->code[0] = '\0';
    return &a->p->queries[0];
}
