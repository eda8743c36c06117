/* Wires of a site: calls travel as flights, connections are kept and reused, long polls are parked,
 * and every SYN leaves the same traces that the taps of a real lab would show. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#include <string.h>

static const struct lab_host *host_of(const struct site *s, int caller)
{
    const struct lab_host *first = lab_role(s->lab, "node");

    if (caller == SITE_GATEWAY)
        return lab_role(s->lab, "gateway");
    if (caller == SITE_USER)
        return lab_role(s->lab, "user");
    /* the nodes stand one behind the other in a lab */
    return first == NULL ? NULL : first + (caller - SITE_NODE);
}

/* --- who sees a SYN ------------------------------------------------------------------------- */

struct hop {
    const char *zone;
    const char *source;         /* address as seen there */
    const struct lab_host *via; /* who sent it into this zone: the source, or a router */
};

static const struct lab_link *link_in(const struct lab_host *h, const char *zone)
{
    for (size_t i = 0; i < h->n_links; i++)
        if (text_is(h->links[i].zone, zone))
            return &h->links[i];
    return NULL;
}

/* The host that `from` would hand a packet for zone `to` to, or NULL: no route. */
static const struct lab_host *next_hop(const struct lab *l, const struct lab_host *from,
                                       const struct lab_zone *to)
{
    for (size_t i = 0; i < from->n_routes; i++)
        if (text_is(from->routes[i].net, to->net))
            return lab_host_at(l, from->routes[i].via);
    return *from->gateway == '\0' ? NULL : lab_host_at(l, from->gateway);
}

/* The zones a packet crosses from host to address, in order. 0: no route. */
static size_t walk(const struct lab *l, const struct lab_host *from, const char *to_ip,
                   const char *seen_as, struct hop hops[SITE_HOPS_MAX])
{
    const struct lab_zone *target = lab_zone_of(l, to_ip);
    const struct lab_host *at = from;
    const char *source = from->links[0].address;
    size_t n = 0;

    while (target != NULL && n < SITE_HOPS_MAX) {
        const struct lab_link *last = link_in(at, target->name);
        const struct lab_host *next = last != NULL ? NULL : next_hop(l, at, target);
        const struct lab_zone *zone;

        if (last == NULL && next == NULL)
            return 0;
        zone = last != NULL ? target : lab_zone_of(l, next->links[0].address);
        for (size_t i = 0; next != NULL && i < next->n_links; i++)
            if (link_in(at, next->links[i].zone) != NULL)
                zone = lab_zone_of(l, next->links[i].address);
        if (*seen_as != '\0' && at != from && text_is(link_in(at, zone->name)->address, seen_as))
            source = seen_as;
        hops[n++] = (struct hop){zone->name, source, at};
        if (last != NULL)
            return n;
        at = next;
    }
    return 0;
}

static void flow_event(struct event *e, const struct lab *l, const char *from_ip, const char *to_ip)
{
    const struct lab_host *from = lab_host_at(l, from_ip), *to = lab_host_at(l, to_ip);
    const struct lab_zone *from_zone = lab_zone_of(l, from_ip), *to_zone = lab_zone_of(l, to_ip);

    ev_text_add(e, EVF_FROM, from == NULL ? "" : from->role);
    ev_text_add(e, EVF_TO, to == NULL ? "" : to->role);
    ev_text_add(e, EVF_FROM_ZONE, from_zone == NULL ? "" : from_zone->name);
    ev_text_add(e, EVF_TO_ZONE, to_zone == NULL ? "" : to_zone->name);
    ev_text_add(e, EVF_FROM_IP, from_ip);
    ev_text_add(e, EVF_TO_IP, to_ip);
}

enum reach site_syn(struct site *s, const struct lab_host *from, const struct lab_host *to,
                    int port, char seen_as[LAB_ADDRESS_MAX])
{
    struct hop hops[SITE_HOPS_MAX];
    const char *nat = "";
    enum reach reach = lab_reaches(s->lab, from->role, to->role, &nat);
    size_t n = walk(s->lab, from, to->links[0].address, nat == NULL ? "" : nat, hops);

    if (n == 0)
        return REACH_REFUSED;
    /* a packet that is dropped dies at the last router: the target's own zone never sees it */
    if (reach == REACH_DROP && n > 1)
        n--;
    for (size_t i = 0; i < n; i++) {
        struct event e;

        ev_init(&e, EV_FLOW_TRY, s->now);
        flow_event(&e, s->lab, hops[i].source, to->links[0].address);
        ev_int_add(&e, EVF_TO_PORT, port);
        ev_text_add(&e, EVF_LINK, hops[i].zone);
        site_put(s, EVS_CAPTURE, &e);
    }
    text_copy(seen_as, LAB_ADDRESS_MAX, hops[n - 1].source);
    return reach;
}

static void first_bytes(struct site *s, const struct lab_host *from, const struct lab_host *to,
                        bool https, const char *host)
{
    struct event e;

    ev_init(&e, EV_FLOW_FIRST, s->now);
    flow_event(&e, s->lab, from->links[0].address, to->links[0].address);
    ev_text_add(&e, EVF_KIND, https ? "tls" : "http");
    ev_text_add(&e, EVF_SNI, https ? host : "");
    ev_text_add(&e, EVF_LINK, from->links[0].zone);
    site_put(s, EVS_CAPTURE, &e);
}

/* --- connections ---------------------------------------------------------------------------- */

static struct site_conn *conn_idle(struct site *s, int caller, enum site_server_id server)
{
    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (c->open && !c->busy && c->caller == caller && c->server == server) {
            if (s->now - c->idle_since <= SITE_KEEP_IDLE_MS)
                return c;
            c->open = false;
        }
    }
    return NULL;
}

static struct site_conn *conn_open(struct site *s, int caller, enum site_server_id server,
                                   const char *peer)
{
    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (c->open)
            continue;
        *c = (struct site_conn){
            .open = true, .caller = caller, .server = server, .number = ++s->servers[server].conns};
        text_copy(c->peer, sizeof c->peer, peer);
        return c;
    }
    WRONG("more connections than SITE_CONNS_MAX");
}

/* --- calls ---------------------------------------------------------------------------------- */

static void call_move(struct site *s, struct site_call *c, enum site_call_state state, ms_t at)
{
    c->state = state;
    c->at = at;
    c->order = ++s->order;
}

static void call_fail(struct site *s, struct site_call *c, enum http_outcome outcome)
{
    c->result.outcome = outcome;
    c->result.status = 0;
    call_move(s, c, CALL_BACK, s->now + SITE_LATENCY_MS);
}

static struct site_call *call_new(struct site *s)
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
        c->parked_before = c->lose = c->orphan = false;
        c->nth = 0;
        c->point = -1;
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

/* The server of the site that answers at this host and port, or SITE_SERVERS. */
static enum site_server_id server_at(const struct site *s, const struct lab_host *h, int port)
{
    size_t i = 0;

    while (i < SITE_SERVERS &&
           !(text_is(s->servers[i].role, h->role) && s->servers[i].port == port))
        i++;
    return (enum site_server_id)i;
}

/* Connects if no idle connection can be used. */
static void call_route(struct site *s, struct site_call *c, const struct url *u)
{
    const struct lab_host *from = host_of(s, c->caller);
    const char *address = lab_resolve(s->lab, u->host);
    const struct lab_host *to = lab_host_at(s->lab, address == NULL ? u->host : address);
    char peer[LAB_ADDRESS_MAX];
    enum reach reach;

    if (from == NULL || to == NULL) {
        call_fail(s, c, HTTP_NO_NAME);
        return;
    }
    c->server = server_at(s, to, u->port);
    c->conn = c->server == SITE_SERVERS ? NULL : conn_idle(s, c->caller, c->server);
    if (c->conn == NULL) {
        reach = site_syn(s, from, to, u->port, peer);
        if (reach == REACH_DROP) {
            call_move(s, c, CALL_LOST, MS_NEVER);
            return;
        }
        if (reach == REACH_REFUSED || c->server == SITE_SERVERS) {
            call_fail(s, c, HTTP_NO_CONNECT);
            return;
        }
        c->conn = conn_open(s, c->caller, c->server, peer);
        first_bytes(s, from, to, u->https, u->host);
    }
    c->conn->busy = true;
    c->conn_number = c->conn->number;
    text_copy(c->peer, sizeof c->peer, c->conn->peer);
    c->point = site_point_of(s, c);
    if (u->https != s->servers[c->server].https)
        call_fail(s, c, u->https ? HTTP_TLS_FAILED : HTTP_BROKEN);
    else
        call_move(s, c, CALL_OUT, s->now + SITE_LATENCY_MS);
}

void site_send(struct site *s, int caller, uint64_t ticket, const char *verb,
               const struct http_call *call)
{
    struct site_call *c = call_new(s);
    struct url u;

    c->caller = caller;
    c->ticket = ticket;
    text_copy(c->verb, sizeof c->verb, verb);
    c->give_up = call->timeout_ms > 0 ? s->now + call->timeout_ms : MS_NEVER;
    if (url_read(buf_text(&call->url), &u, NULL) < 0) {
        call_fail(s, c, HTTP_BROKEN);
        return;
    }
    request_fill(&c->rq, call, &u);
    call_route(s, c, &u);
    /* MAAS's own keys go to MAAS as they are; nobody else may see them, nor anything else of ours
     */
    if (!u.https && c->server != SITE_MAAS)
        site_scan(s, buf_text(&c->rq.headers), "clear text");
}

static void call_free(struct site_call *c)
{
    c->state = CALL_FREE;
    c->conn = NULL;
}

static void conn_close(struct site_conn *c)
{
    if (c != NULL)
        *c = (struct site_conn){.open = false};
}

void site_cancel(struct site *s, int caller, uint64_t ticket)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state != CALL_FREE && c->caller == caller && c->ticket == ticket) {
            conn_close(c->conn);
            call_free(c);
        }
    }
}

/* A request that was sent arrives and takes effect though nobody waits for the answer any more. */
void site_close_all(struct site *s, int caller)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        struct site_call *c = &s->calls[i];

        if (c->state == CALL_FREE || c->caller != caller || c->orphan)
            continue;
        if (c->state == CALL_OUT && c->at != MS_NEVER && !c->parked_before) {
            c->orphan = true;
            c->conn = NULL;
            c->give_up = MS_NEVER;
        } else {
            call_free(c);
        }
    }
    for (size_t i = 0; i < SITE_CONNS_MAX; i++)
        if (s->conns[i].open && s->conns[i].caller == caller)
            conn_close(&s->conns[i]);
}

/* --- the servers' side ---------------------------------------------------------------------- */

/* Whoever is parked on a touched key is asked again, in order of arrival. */
static void touch(struct site *s, enum site_server_id server, const char *key)
{
    for (;;) {
        struct site_call *first = NULL;

        for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
            struct site_call *c = &s->calls[i];

            if (c->state == CALL_PARKED && c->server == server && text_is(c->park_key, key) &&
                (first == NULL || c->order < first->order))
                first = c;
        }
        if (first == NULL)
            return;
        call_move(s, first, CALL_OUT, s->now);
    }
}

static void reply_spread(struct site *s, enum site_server_id server, struct http_reply *rp)
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
    c->lose = rp->lose;
    c->result.outcome = HTTP_ANSWERED;
    c->result.status = rp->status;
    buf_add(&c->result.headers, rp->headers.data, rp->headers.len);
    buf_add(&c->result.body, rp->body.data, rp->body.len);
    call_move(s, c, CALL_DONE, s->now);
    if (c->point >= 0)
        site_point(s, c, "done");
}

static void call_leaves(struct site *s, struct site_call *c)
{
    if (c->orphan) {
        call_free(c);
        return;
    }
    if (c->lose) {
        conn_close(c->conn);
        c->conn = NULL;
        call_fail(s, c, HTTP_BROKEN);
        return;
    }
    call_move(s, c, CALL_BACK, s->now + SITE_LATENCY_MS);
    if (c->point >= 0)
        site_point(s, c, "answered");
}

static void call_park(struct site *s, struct site_call *c, const struct http_reply *rp)
{
    if (c->orphan) {
        call_free(c);
        return;
    }
    text_copy(c->park_key, sizeof c->park_key, rp->park_key);
    c->parked_before = true;
    call_move(s, c, CALL_PARKED, ms_max(s->now, c->arrived + rp->park_ms));
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
    reply_spread(s, c->server, &rp);
    if (*rp.park_key != '\0')
        call_park(s, c, &rp);
    else if (rp.hang)
        call_move(s, c, CALL_LOST, MS_NEVER);
    else
        call_answer(s, c, &rp);
    http_reply_drop(&rp);
}

static void call_arrives(struct site *s, struct site_call *c)
{
    if (!c->parked_before && c->nth == 0)
        c->arrived = s->now;
    if (c->point >= 0 && c->nth == 0 && !site_point_is_fetch(c->point)) {
        call_move(s, c, CALL_OUT, s->now);
        site_point(s, c, "asked");
        return;
    }
    call_ask(s, c, false);
}

static void call_back(struct site *s, struct site_call *c)
{
    if (c->caller == SITE_GATEWAY && s->gateway.frozen) {
        c->at = MS_NEVER; /* the kernel holds the bytes until the process thaws */
        return;
    }
    if (c->conn != NULL) {
        c->conn->busy = false;
        c->conn->idle_since = s->now;
        if (c->result.outcome != HTTP_ANSWERED)
            conn_close(c->conn);
    }
    /* free from here on: what the answer starts may take this very place, after it was read */
    call_free(c);
    if (c->caller == SITE_GATEWAY)
        site_gateway_reply(s, c->ticket, &c->result);
    else if (c->caller == SITE_USER)
        site_user_reply(s, c);
    else
        site_node_reply(s, (size_t)(c->caller - SITE_NODE), c);
}

void site_thaw(struct site *s)
{
    for (size_t i = 0; i < SITE_CALLS_MAX; i++)
        if (s->calls[i].state == CALL_BACK && s->calls[i].at == MS_NEVER)
            s->calls[i].at = s->now;
}

static void call_due(struct site *s, struct site_call *c)
{
    if (c->give_up <= s->now && c->state != CALL_BACK && c->state != CALL_DONE) {
        conn_close(c->conn);
        c->conn = NULL;
        c->give_up = MS_NEVER;
        call_fail(s, c, HTTP_TIMEOUT);
        c->at = s->now;
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
    ms_t due = MS_NEVER;

    for (size_t i = 0; i < SITE_CALLS_MAX; i++)
        due = ms_min(due, call_next(&s->calls[i]));
    return due;
}

void site_net_step(struct site *s)
{
    struct site_call *first = NULL;

    for (size_t i = 0; i < SITE_SERVERS; i++) {
        struct site_server *server = &s->servers[i];
        struct http_reply rp;

        if (server->due(server->app) > s->now)
            continue;
        http_reply_init(&rp);
        server->tick(server->app, s->now, &rp);
        reply_spread(s, (enum site_server_id)i, &rp);
        http_reply_drop(&rp);
    }
    for (size_t i = 0; i < SITE_CALLS_MAX; i++) {
        struct site_call *c = &s->calls[i];

        if (call_next(c) <= s->now && (first == NULL || c->order < first->order))
            first = c;
    }
    if (first != NULL)
        call_due(s, first);
}

/* --- probes --------------------------------------------------------------------------------- */

/* What the routers on the way do with a new flow, read from their rules and not from the table that
 * the answer is held against. */
static enum reach rules_reach(const struct lab *l, const struct hop *hops, size_t n)
{
    const struct lab_zone *from = lab_zone_of(l, hops[0].via->links[0].address);
    const struct lab_zone *to = &l->zones[0];
    enum reach reach = REACH_OPEN;

    for (size_t i = 0; i < l->n_zones; i++)
        if (text_is(l->zones[i].name, hops[n - 1].zone))
            to = &l->zones[i];
    for (size_t i = 1; i < n; i++) {
        const char *rules = hops[i].via->nft;

        if (strstr(rules, "drop") != NULL && !from->is_private && to->is_private)
            return REACH_DROP;
        if (strstr(rules, "masquerade") != NULL && from->is_private && !to->is_private)
            reach = REACH_NAT;
    }
    return reach;
}

static void probe(struct site *s, const struct lab_reach *row)
{
    const struct lab_host *from = lab_role(s->lab, row->from), *to = lab_role(s->lab, row->to);
    char seen_as[LAB_ADDRESS_MAX] = "";
    struct hop hops[SITE_HOPS_MAX];
    struct event e;
    size_t n;

    n = walk(s->lab, from, to->links[0].address, row->seen_as, hops);
    site_syn(s, from, to, to->listen, seen_as);
    ev_init(&e, EV_PROBE, s->now);
    ev_text_add(&e, EVF_FROM, from->role);
    ev_text_add(&e, EVF_TO, to->role);
    ev_text_add(&e, EVF_ANSWER, reach_name(n == 0 ? REACH_REFUSED : rules_reach(s->lab, hops, n)));
    ev_text_add(&e, EVF_EXPECTED, reach_name(row->reach));
    site_put(s, EVS_ENGINE, &e);
}

void site_probe_every_pair(struct site *s)
{
    for (size_t i = 0; i < s->lab->n_reach; i++)
        probe(s, &s->lab->reach[i]);
}
