/* Wires of a site: calls travel as flights, connections are kept and reused, long polls are parked,
 * and every SYN leaves the same traces that the taps of a real lab would show. */
#include "scenarios/engine/lab_ways.h"
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#include <string.h>

const struct lab_host *site_host_of(const struct site *s, int caller)
{
    const struct lab_host *first = lab_role(s->lab, "node");

    if (caller == SITE_GATEWAY)
        return lab_role(s->lab, "gateway");
    if (caller == SITE_SYSTEM)
        return lab_role(s->lab, "palette");
    if (caller == SITE_USER)
        return lab_role(s->lab, "user");
    /* the nodes stand one behind the other in a lab */
    return first == NULL ? NULL : first + (caller - SITE_NODE);
}

/* --- connections ---------------------------------------------------------------------------- */

void site_conn_close(struct site *s, struct site_conn *c)
{
    if (c == NULL)
        return;
    if (c->open && c->via != NULL)
        site_proxy_closed(s, c, "client");
    if (c->open)
        site_flow_ends(s, c);
    *c = (struct site_conn){.open = false};
}

/* An answer on its way has been a byte. */
void site_conn_break(struct site *s, struct site_conn *conn)
{
    for (size_t i = 0; i < s->calls_top; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state == CALL_FREE || c->conn != conn)
            continue;
        c->conn = NULL;
        if (c->state == CALL_OUT || c->state == CALL_PARKED || c->state == CALL_LOST)
            site_call_fail(s, c, HTTP_BROKEN);
    }
}

struct site_conn *site_conn_idle(struct site *s, int caller, enum site_server_id server,
                                 const struct lab_host *via)
{
    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (c->open && !c->busy && c->caller == caller && c->server == server && c->via == via) {
            if (s->now - c->idle_since <= SITE_KEEP_IDLE_MS)
                return c;
            site_conn_close(s, c);
        }
    }
    return NULL;
}

struct site_conn *site_conn_open(struct site *s, int caller, enum site_server_id server,
                                 const char *peer)
{
    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (c->open)
            continue;
        *c = (struct site_conn){.open = true,
                                .caller = caller,
                                .server = server,
                                .idle_since = s->now,
                                .first = s->now,
                                .number = ++s->servers[server].conns};
        text_copy(c->peer, sizeof c->peer, peer);
        return c;
    }
    WRONG("more connections than SITE_CONNS_MAX");
}

/* --- calls ---------------------------------------------------------------------------------- */

void site_call_move(struct site *s, struct site_call *c, enum site_call_state state, ms_t at)
{
    c->state = state;
    c->at = at;
    c->order = ++s->order;
}

/* What its caller hears is on its way: from the far end, or from where a connection was refused. */
static void comes_back(struct site *s, struct site_call *c)
{
    const ms_t lag = c->opens_ms > 0 ? c->opens_ms : site_lag_call(s, c);

    c->opens_ms = 0;
    site_call_move(s, c, CALL_BACK, s->now + SITE_LATENCY_MS + lag);
}

void site_call_fail(struct site *s, struct site_call *c, enum http_outcome outcome)
{
    c->result.outcome = outcome;
    c->result.status = 0;
    comes_back(s, c);
}

struct site_call *site_call_new(struct site *s)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state != CALL_FREE)
            continue;
        buf_clear(&c->rq.headers);
        buf_clear(&c->rq.body);
        buf_clear(&c->result.headers);
        buf_clear(&c->result.body);
        *c->park_key = '\0';
        *c->verb = '\0';
        c->conn = NULL;
        c->parked_before = c->lose = c->orphan = c->closes = c->left = false;
        c->slow_ms = c->opens_ms = c->speaks_at = 0;
        c->via = NULL;
        c->waits_for = c->result.proxy_fault = HTTP_PROXY_FINE;
        c->result.proxy_status = 0;
        c->nth = 0;
        c->point = -1;
        if (s->calls_top <= i)
            s->calls_top = i + 1;
        return c;
    }
    WRONG("more calls than SITE_CALLS_MAX");
}

static void request_fill(struct http_request *rq, const struct http_call *call, const struct url *u)
{
    struct buf origin;

    text_copy(rq->method, sizeof rq->method, call->method);
    text_copy(rq->path, sizeof rq->path, *u->path == '\0' ? "/" : u->path);
    text_copy(rq->query, sizeof rq->query, u->query);
    buf_init(&origin, URL_MAX);
    url_origin_write(u, &origin);
    http_header_add(&rq->headers, "Host", strstr(buf_text(&origin), "://") + 3);
    buf_drop(&origin);
    buf_add(&rq->headers, call->headers.data, call->headers.len);
    buf_add(&rq->body, call->body.data, call->body.len);
}

/* The server of the site that answers at this address and port, or SITE_SERVERS. */
enum site_server_id site_server_at(const struct site *s, const struct lab_host *h,
                                   const char *address, int port)
{
    for (size_t i = 0; i < SITE_SERVERS; i++) {
        const struct site_server *at = &s->servers[i];

        if (text_is(at->role, h->role) && at->port == port && !at->down &&
            (h->links[0].also[0] == '\0' || text_is(at->address, address)))
            return (enum site_server_id)i;
    }
    return SITE_SERVERS;
}

/* Straight: connects if no idle connection can be used. */
static void call_route(struct site *s, struct site_call *c, const struct url *u)
{
    const struct lab_host *from = site_host_of(s, c->caller);
    const char *address = site_resolve(s, u->host);
    const struct lab_host *to = lab_host_at(s->lab, address == NULL ? u->host : address);
    char peer[LAB_ADDRESS_MAX];
    enum reach reach;

    if (from == NULL || to == NULL) {
        site_call_fail(s, c, HTTP_NO_NAME);
        return;
    }
    address = address == NULL ? u->host : address;
    c->server = site_server_at(s, to, address, u->port);
    c->conn = c->server == SITE_SERVERS ? NULL : site_conn_idle(s, c->caller, c->server, NULL);
    if (c->conn == NULL) {
        reach = site_syn_to(s, from, to, address, u->port, peer);
        if (reach == REACH_DROP) {
            site_call_move(s, c, CALL_LOST, MS_NEVER);
            return;
        }
        c->opens_ms = site_lag_opens(s, c, to, u->port, false);
        if (reach == REACH_REFUSED || reach == REACH_DECOY || c->server == SITE_SERVERS ||
            site_server_refuses(s, c->server)) {
            site_call_fail(s, c, HTTP_NO_CONNECT);
            return;
        }
        c->opens_ms = site_lag_opens(s, c, to, u->port, u->https);
        c->conn = site_conn_open(s, c->caller, c->server, peer);
        c->conn->router = lab_way_forgets(s->lab, from, to, u->port);
        site_client_speaks(s, from, to, u, &c->rq);
        if (u->https && !site_tls_begins(s, c))
            return;
    }
    site_call_leaves(s, c, u);
}

static void request_leaves(struct site *s, struct site_call *c)
{
    c->speaks_at = s->now + c->opens_ms;
    c->opens_ms = 0;
    site_call_move(s, c, CALL_OUT, c->speaks_at + SITE_LATENCY_MS + site_lag_call(s, c));
}

void site_call_leaves(struct site *s, struct site_call *c, const struct url *u)
{
    site_tls_speaks(s, c);
    c->left = true;
    c->conn->busy = true;
    text_copy(c->conn->host, sizeof c->conn->host, u->host);
    (void)site_conn_forgotten(s, c->conn);
    c->conn->idle_since = s->now;
    c->conn->sent += c->rq.headers.len + c->rq.body.len;
    c->conn_number = c->conn->number;
    text_copy(c->peer, sizeof c->peer, c->conn->peer);
    c->point = site_point_of(s, c);
    if (u->https != s->servers[c->server].https)
        site_call_fail(s, c, u->https ? HTTP_TLS_FAILED : HTTP_BROKEN);
    else
        request_leaves(s, c);
}

void site_send(struct site *s, int caller, uint64_t ticket, const char *verb,
               const struct http_call *call)
{
    struct site_call *c = site_call_new(s);
    struct url u;

    c->caller = caller;
    c->ticket = ticket;
    text_copy(c->verb, sizeof c->verb, verb);
    c->give_up = call->timeout_ms > 0 ? s->now + call->timeout_ms : MS_NEVER;
    if (url_read(buf_text(&call->url), &u, NULL) < 0) {
        site_call_fail(s, c, HTTP_BROKEN);
        return;
    }
    request_fill(&c->rq, call, &u);
    if (*call->proxy != '\0')
        site_proxy_route(s, c, &u, call->proxy);
    else
        call_route(s, c, &u);
    /* MAAS's own keys go to MAAS as they are; nobody else may see them, nor anything else of ours
     */
    if (!u.https && c->server != SITE_MAAS)
        site_scan(s, buf_text(&c->rq.headers), "clear text");
}

static void call_free(struct site *s, struct site_call *c)
{
    c->state = CALL_FREE;
    c->conn = NULL;
    while (s->calls_top > 0 && s->calls[s->calls_top - 1].state == CALL_FREE)
        s->calls_top--;
}

void site_cancel(struct site *s, int caller, uint64_t ticket)
{
    for (size_t i = 0; i < s->calls_top; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state != CALL_FREE && c->caller == caller && c->ticket == ticket) {
            site_conn_close(s, c->conn);
            call_free(s, c);
        }
    }
}

/* A request that was sent arrives and takes effect though nobody waits for the answer any more. */
void site_close_all(struct site *s, int caller)
{
    for (size_t i = 0; i < s->calls_top; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state == CALL_FREE || c->caller != caller || c->orphan)
            continue;
        if (c->state == CALL_OUT && c->at != MS_NEVER && !c->parked_before) {
            c->orphan = true;
            c->conn = NULL;
            c->give_up = MS_NEVER;
        } else {
            call_free(s, c);
        }
    }
    for (size_t i = 0; i < SITE_CONNS_MAX; i++)
        if (s->conns[i].open && s->conns[i].caller == caller)
            site_conn_close(s, &s->conns[i]);
}

/* What was committed stays so; answers that left arrive. */
void site_server_gone(struct site *s, enum site_server_id server)
{
    for (size_t i = 0; i < s->calls_top; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state == CALL_FREE || c->state == CALL_BACK || c->server != server)
            continue;
        if (c->orphan) {
            call_free(s, c);
            continue;
        }
        site_conn_close(s, c->conn);
        c->conn = NULL;
        /* behind a cut nobody hears of it */
        if (c->state != CALL_LOST && site_wire_fate(s, c, true) == WIRE_OPEN)
            site_call_fail(s, c, HTTP_BROKEN);
        else
            site_call_move(s, c, CALL_LOST, MS_NEVER);
    }
    for (size_t i = 0; i < SITE_CONNS_MAX; i++)
        if (s->conns[i].open && !s->conns[i].busy && s->conns[i].server == server)
            site_conn_close(s, &s->conns[i]);
}

/* --- the servers' side ---------------------------------------------------------------------- */

/* Whoever is parked on a touched key is asked again, in order of arrival. */
static void touch(struct site *s, enum site_server_id server, const char *key)
{
    for (;;) {
        struct site_call *first = NULL;

        for (size_t i = 0; i < s->calls_top; i++) {
            struct site_call *c = &s->calls[i];

            if (c->state == CALL_PARKED && c->server == server && text_is(c->park_key, key) &&
                (first == NULL || c->order < first->order))
                first = c;
        }
        if (first == NULL)
            return;
        site_call_move(s, first, CALL_OUT, s->now);
    }
}

void site_reply_spread(struct site *s, enum site_server_id server, struct http_reply *rp)
{
    const char *at = buf_text(&rp->touched);
    char key[HTTP_KEY_MAX];

    site_put_list(s, s->servers[server].src, &rp->events);
    while (text_next(&at, '\n', key, sizeof key))
        touch(s, server, key);
}

/* The answer is there; it leaves at once, or after whoever plays the story has looked at the point.
 */
static void call_answer(struct site *s, struct site_call *c, struct http_reply *rp)
{
    const bool fits = rp->body.len <= HTTP_BODY_MAX; /* as a caller on the wire bounds it */

    c->lose = rp->lose;
    c->result.outcome = fits ? HTTP_ANSWERED : HTTP_BROKEN;
    c->result.status = fits ? rp->status : 0;
    if (c->conn != NULL)
        c->conn->received += rp->headers.len + rp->body.len;
    if (fits) {
        buf_add(&c->result.headers, rp->headers.data, rp->headers.len);
        buf_add(&c->result.body, rp->body.data, rp->body.len);
    }
    site_answer_suffers(c, rp);
    site_call_move(s, c, CALL_DONE, s->now);
    if (c->point >= 0)
        site_point(s, c, "done");
}

static void call_leaves(struct site *s, struct site_call *c)
{
    if (c->orphan) {
        call_free(s, c);
        return;
    }
    if ((c->conn != NULL && site_conn_forgotten(s, c->conn)) ||
        site_wire_fate(s, c, true) != WIRE_OPEN) { /* a reset goes to the server, who sent */
        site_call_move(s, c, CALL_LOST, MS_NEVER);
        return;
    }
    if (c->lose) {
        site_conn_close(s, c->conn);
        c->conn = NULL;
        site_call_fail(s, c, HTTP_BROKEN);
        return;
    }
    if (c->slow_ms > 0)
        site_call_move(s, c, CALL_SLOW, s->now + c->slow_ms);
    else
        comes_back(s, c);
    if (c->point >= 0)
        site_point(s, c, "answered");
}

static void call_park(struct site *s, struct site_call *c, const struct http_reply *rp)
{
    if (c->orphan) {
        call_free(s, c);
        return;
    }
    text_copy(c->park_key, sizeof c->park_key, rp->park_key);
    c->parked_before = true;
    site_call_move(s, c, CALL_PARKED, ms_max(s->now, c->arrived + rp->park_ms));
}

static void call_ask(struct site *s, struct site_call *c, bool park_over)
{
    struct site_server *server = &s->servers[c->server];
    struct http_ctx ctx = {.now = s->now,
                           .conn = c->conn_number,
                           .peer = c->peer,
                           .scheme = server->https ? "https" : "http",
                           .park_over = park_over,
                           .parked_before = c->parked_before};
    char authority[URL_HOST_MAX] = "";
    struct http_reply rp;

    http_header_get(&c->rq.headers, "Host", authority, sizeof authority);
    ctx.authority = authority;
    http_reply_init(&rp);
    server->handle(server->app, &ctx, &c->rq, &rp);
    /* what happened stands in the journal before the point that says it is done */
    site_reply_spread(s, c->server, &rp);
    if (*rp.park_key != '\0')
        call_park(s, c, &rp);
    else if (rp.hang)
        site_call_move(s, c, CALL_LOST, MS_NEVER);
    else
        call_answer(s, c, &rp);
    http_reply_drop(&rp);
}

/* A request that ran into a cut wire. */
static bool call_is_cut(struct site *s, struct site_call *c)
{
    const bool lost = c->conn != NULL && c->conn->forgotten;
    const enum wire_fate fate = lost ? WIRE_SILENT : site_wire_fate(s, c, false);

    if (fate == WIRE_OPEN)
        return false;
    if (c->orphan) {
        call_free(s, c);
    } else if (fate == WIRE_SILENT) {
        site_call_move(s, c, CALL_LOST, MS_NEVER);
    } else {
        site_conn_close(s, c->conn);
        c->conn = NULL;
        site_call_fail(s, c, HTTP_BROKEN);
    }
    return true;
}

static void call_arrives(struct site *s, struct site_call *c)
{
    if (!c->parked_before && c->nth == 0) {
        if (call_is_cut(s, c))
            return;
        c->arrived = s->now;
    }
    if (c->point >= 0 && c->nth == 0 && !site_point_is_fetch(c->point)) {
        site_call_move(s, c, CALL_OUT, s->now);
        site_point(s, c, "asked");
        return;
    }
    call_ask(s, c, false);
}

static struct site_gateway *gateway_of(struct site *s, int caller)
{
    return caller == SITE_GATEWAY ? &s->gateway : caller == SITE_SYSTEM ? &s->system : NULL;
}

static void call_back(struct site *s, struct site_call *c)
{
    struct site_gateway *g = gateway_of(s, c->caller);

    if (g != NULL && g->frozen) {
        c->at = MS_NEVER; /* the kernel holds the bytes until the process thaws */
        return;
    }
    if (c->conn != NULL) {
        c->conn->busy = false;
        c->conn->idle_since = s->now;
        if (c->result.outcome != HTTP_ANSWERED || c->closes)
            site_conn_close(s, c->conn);
    }
    /* free from here on: what the answer starts may take this very place, after it was read */
    call_free(s, c);
    if (g != NULL)
        site_gateway_reply(s, g, c->ticket, &c->result);
    else if (c->caller == SITE_USER)
        site_user_reply(s, c);
    else
        site_node_reply(s, (size_t)(c->caller - SITE_NODE), c);
}

void site_thaw(struct site *s)
{
    for (size_t i = 0; i < s->calls_top; i++)
        if (s->calls[i].state == CALL_BACK && s->calls[i].at == MS_NEVER)
            s->calls[i].at = s->now;
}

/* As lib/io/call tells it: without a connection nobody heard of it. */
static void call_given_up(struct site *s, struct site_call *c)
{
    const bool connected = c->left && c->speaks_at <= s->now;
    const enum http_outcome silent = connected ? HTTP_TIMEOUT : HTTP_NO_CONNECT;

    site_conn_close(s, c->conn);
    c->conn = NULL;
    c->give_up = MS_NEVER;
    site_call_fail(s, c, c->waits_for == HTTP_PROXY_FINE ? silent : HTTP_PROXY_FAILED);
    c->result.proxy_fault = c->waits_for;
    c->at = s->now;
}

static void call_due(struct site *s, struct site_call *c)
{
    if (c->give_up <= s->now)
        site_lag_given_up(s, c);
    if (c->give_up <= s->now && c->state != CALL_BACK && c->state != CALL_DONE) {
        call_given_up(s, c);
        return;
    }
    switch (c->state) {
    case CALL_OUT:
        call_arrives(s, c);
        break;
    case CALL_DONE:
        call_leaves(s, c);
        break;
    case CALL_PARKED:
        call_ask(s, c, true);
        break;
    case CALL_SLOW:
        comes_back(s, c);
        break;
    case CALL_BACK:
        call_back(s, c);
        break;
    case CALL_FREE:
    case CALL_LOST:
        WRONG("a call that has no next step was due");
    }
}

static ms_t call_next(const struct site_call *c)
{
    if (c->state == CALL_FREE)
        return MS_NEVER;
    return c->state == CALL_BACK || c->state == CALL_DONE ? c->at : ms_min(c->at, c->give_up);
}

ms_t site_net_due(const struct site *s)
{
    ms_t due = site_proxy_due(s);

    for (size_t i = 0; i < s->calls_top; i++)
        due = ms_min(due, call_next(&s->calls[i]));
    return due;
}

void site_net_step(struct site *s)
{
    struct site_call *first = NULL;

    site_proxy_step(s);
    for (size_t i = 0; i < SITE_SERVERS; i++) {
        struct site_server *server = &s->servers[i];
        struct http_reply rp;

        if (server->down || server->due(server->app) > s->now)
            continue;
        http_reply_init(&rp);
        server->tick(server->app, s->now, &rp);
        site_reply_spread(s, (enum site_server_id)i, &rp);
        http_reply_drop(&rp);
    }
    for (size_t i = 0; i < s->calls_top; i++) {
        struct site_call *c = &s->calls[i];

        if (call_next(c) <= s->now && (first == NULL || c->order < first->order))
            first = c;
    }
    if (first != NULL)
        call_due(s, first);
}
