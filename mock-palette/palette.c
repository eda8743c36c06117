/* One request from arrival to its journal record, and time that passes without a request. */
#include "mock-palette/faults.h"
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeroes(size_t n, size_t size)
{
    void *at = calloc(n, size);

    if (!at)
        WRONG("out of memory");
    return at;
}

void pal_keys_take(struct palette *p, const char *api_key)
{
    char colleague[sizeof p->config.api_key + sizeof PAL_COLLEAGUE];

    snprintf(colleague, sizeof colleague, "%s" PAL_COLLEAGUE, api_key);
    digest_sha256(api_key, strlen(api_key), p->api_key);
    digest_sha256(colleague, strlen(colleague), p->colleague_key);
    memset(colleague, 0, sizeof colleague);
}

struct palette *palette_new(const struct palette_config *c)
{
    struct palette *p = calloc(1, sizeof(*p));

    if (!p)
        WRONG("out of memory");
    assert(c->factor >= 1 && c->api_key[0] != '\0');
    p->config = *c;
    rng_seed(&p->rng, c->seed);
    rng_seed(&p->chance, c->seed);
    pal_keys_take(p, c->api_key);
    if (!c->api_key_drawn)
        memset(p->config.api_key, 0, sizeof(p->config.api_key));
    else if (!text_copy(p->drawn_key, sizeof(p->drawn_key), c->api_key))
        WRONG("a drawn key is longer than its place");
    if (c->agent_ca) {
        p->agent_ca = strdup(c->agent_ca);
        if (!p->agent_ca)
            WRONG("out of memory");
        p->config.agent_ca = p->agent_ca;
    }
    p->gateways_max = c->gateways ? c->gateways : PALETTE_GATEWAYS;
    p->accounts_max = 2 * p->gateways_max;
    p->tokens_max = 8 * p->gateways_max;
    p->gateways = zeroes(p->gateways_max, sizeof(*p->gateways));
    p->accounts = zeroes(p->accounts_max, sizeof(*p->accounts));
    p->tokens = zeroes(p->tokens_max, sizeof(*p->tokens));
    p->queries_due = MS_NEVER;
    p->kept.sweep = ~0U; /* nothing was told yet */
    pal_uid_make(p, p->tenant_uid);
    pal_public_new(p);
    pal_system_new(p);
    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++)
        buf_init(&p->queries[i].items, PAL_ANSWER_MAX);
    return p;
}

void palette_free(struct palette *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++)
        buf_drop(&p->queries[i].items);
    pal_clusters_free(p);
    pal_found_drop(&p->found);
    pal_secrets_drop(&p->secrets);
    pal_due_drop(&p->due);
    pal_kept_drop(&p->kept);
    pal_public_free(p);
    for (size_t i = 0; i < p->n_gateways; i++)
        free(p->gateways[i].told);
    free(p->gateways);
    free(p->accounts);
    free(p->tokens);
    free(p->agent_ca);
    free(p);
}

/* --- time ------------------------------------------------------------------------------------ */

ms_t palette_due(void *app)
{
    const struct palette *p = app;
    size_t number;

    return ms_min(p->queries_due, pal_due_next(&p->due, &number));
}

/* Questions whose time is over; and when the next one's is. */
static void queries_tick(struct palette *p, ms_t now, struct http_reply *rp)
{
    p->queries_due = MS_NEVER;
    for (size_t i = 0; i < PALETTE_QUERIES_MAX && p->n_open > 0; i++) {
        struct pal_query *q = &p->queries[i];

        if (pal_query_open(q) && now >= q->deadline)
            pal_query_close(p, q, PAL_TIMED_OUT, now, rp);
        else if (pal_query_open(q))
            p->queries_due = ms_min(p->queries_due, q->deadline);
    }
}

/* One gateway or cluster. Whatever it does, it is not due again at this moment. */
static void one_tick(struct palette *p, size_t number, ms_t now, struct http_reply *rp)
{
    size_t next = 0;

    if (number < PALETTE_GATEWAYS_MAX)
        pal_gateway_settle(p, &p->gateways[number], now, rp);
    else
        pal_cluster_tick(p, p->clusters[number - PALETTE_GATEWAYS_MAX], now, rp);
    if (pal_due_next(&p->due, &next) <= now && next == number)
        pal_due_set(&p->due, number, now + 1);
}

void palette_tick(void *app, ms_t now, struct http_reply *rp)
{
    struct palette *p = app;
    size_t number = 0;

    if (now >= p->queries_due)
        queries_tick(p, now, rp);
    while (pal_due_next(&p->due, &number) <= now)
        one_tick(p, number, now, rp);
}

/* --- requests -------------------------------------------------------------------------------- */

static const char *const who_names[] = {
    [PAL_NOBODY] = "", [PAL_USER] = "user", [PAL_GATEWAY] = "gateway", [PAL_AGENT] = "agent"};

static void journal_call(const struct pal_ask *a)
{
    struct event e;

    ev_init(&e, EV_PAL_CALL, a->ctx->now);
    ev_int_add(&e, EVF_CONN, (int64_t)a->ctx->conn);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_text_add(&e, EVF_OP, a->op);
    ev_text_add(&e, EVF_METHOD, a->rq->method);
    if (a->route)
        ev_text_add(&e, EVF_PATH, a->route->path);
    ev_int_add(&e, EVF_STATUS, a->rp->status);
    if (a->code[0])
        ev_text_add(&e, EVF_CODE, a->code);
    ev_text_add(&e, EVF_WHO, who_names[a->who]);
    if (a->uid[0])
        ev_text_add(&e, EVF_UID, a->uid);
    pal_cluster_call_add(a, &e);
    if (a->ctx->parked_before)
        ev_text_add(&e, EVF_WAITED, "1");
    ev_list_add(&a->rp->events, &e);
}

/* Methods of the rows with this path, for a 405. */
static void allow_write(struct pal_ask *a, const struct http_request *rq)
{
    const struct http_route *routes, *found;
    size_t n = palette_routes(&routes);
    struct http_vars vars;
    struct buf allow SCOPED(buf_drop) = {0};

    buf_init(&allow, 128);
    for (size_t i = 0; i < n; i++) {
        if (http_route_find(&routes[i], 1, rq, &found, &vars) == HTTP_NO_PATH)
            continue;
        if (!strstr(buf_text(&allow), routes[i].method))
            buf_printf(&allow, "%s%s", allow.len ? ", " : "", routes[i].method);
    }
    http_header_add(&a->rp->headers, "Allow", buf_text(&allow));
}

static void dispatch(struct pal_ask *a)
{
    const struct http_route *routes;
    size_t n = palette_routes(&routes);
    struct http_request plain = {.query = ""}; /* Palette's queries never choose the operation */
    enum http_match match;

    text_copy(plain.method, sizeof(plain.method), a->rq->method);
    text_copy(plain.path, sizeof(plain.path), a->rq->path);
    match = http_route_find(routes, n, &plain, &a->route, &a->vars);
    if (match != HTTP_MATCHED) {
        a->route = NULL;
        a->op = "unknown";
        if (pal_no(a, PAL_NO_NO_ROUTE, match == HTTP_NO_PATH))
            return;
        allow_write(a, &plain);
        pal_no(a, PAL_NO_NO_METHOD, true);
        return;
    }
    a->op = a->route->name;
    if (pal_rate_admit(a) &&
        !pal_no(a, PAL_NO_REQUEST_LARGE, a->rq->body.full || a->rq->body.len > PAL_REQUEST_MAX) &&
        pal_admit(a) && !pal_fault_before(a))
        a->route->handle(&(struct http_exchange){.app = a,
                                                 .ctx = a->ctx,
                                                 .rq = a->rq,
                                                 .vars = &a->vars,
                                                 .route = a->route,
                                                 .rp = a->rp});
}

/* Where calls change rows that nobody marks: what users keep, and what they do to gateways. */
static void keep_look(struct pal_ask *a)
{
    static const struct {
        const char *op; /* begins with */
        unsigned tables;
    } rows[] = {
        {"account", BIT(PAL_KEEP_ACCOUNTS)},
        {"overlord", BIT(PAL_KEEP_GATEWAYS) | BIT(PAL_KEEP_ACCOUNTS) | BIT(PAL_KEEP_TOKENS)},
        {"migrate", BIT(PAL_KEEP_GATEWAYS) | BIT(PAL_KEEP_ACCOUNTS)},
        {"pcg", BIT(PAL_KEEP_GATEWAYS)},
        {"system", BIT(PAL_KEEP_GATEWAYS)},
    };
    struct pal_kept *k = &a->p->kept;

    if (text_is(a->op, "refresh"))
        k->sweep |= 1U << PAL_KEEP_SESSIONS;
    if (text_is(a->rq->method, "GET"))
        return;
    if (a->who == PAL_USER || a->who == PAL_NOBODY)
        k->sweep |= (1U << PAL_KEEP_DOCS) | (1U << PAL_KEEP_SESSIONS);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_begins(a->op, rows[i].op))
            k->sweep |= rows[i].tables;
}

void palette_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                    struct http_reply *rp)
{
    struct pal_ask a = {.p = app, .ctx = ctx, .rq = rq, .rp = rp, .op = "unknown"};

    palette_tick(app, ctx->now, rp); /* what was due before this request is so */
    dispatch(&a);
    keep_look(&a);
    if (a.gateway)
        pal_gateway_changed(a.gateway);
    if (a.cluster)
        pal_cluster_changed(a.p, a.cluster);
    if (rp->park_key[0] == '\0') {
        assert(rp->status != 0);
        pal_fault_after(&a);
        journal_call(&a);
        pal_seen_note(&a);
    }
}

void pal_park(struct pal_ask *a, ms_t park_ms, const char *kind, const char *uid)
{
    int n = snprintf(a->rp->park_key, sizeof(a->rp->park_key), "%s/%s", kind, uid);

    assert(n > 0 && (size_t)n < sizeof(a->rp->park_key));
    a->rp->park_ms = park_ms;
}
