/* The wires of a crowd: calls as flights, servers that are counted, long polls that are parked. */
#include "tests/sim/crowd_inner.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- servers ---------------------------------------------------------------------------------- */

static void op_count(struct crowd_server *s, const char *name)
{
    size_t i = 0;

    while (i < s->n_ops && !text_is(s->ops[i].name, name))
        i++;
    if (i == s->n_ops) {
        if (i == CROWD_OPS)
            WRONG("more operations than CROWD_OPS");
        text_copy(s->ops[s->n_ops++].name, sizeof s->ops[0].name, name);
    }
    s->ops[i].n++;
}

/* GP-29 as it is written: in any span. */
static void arrival_count(struct server *s, ms_t now)
{
    size_t in_span = 0;

    s->seen.requests++;
    s->recent[s->n_recent++ % RECENT_MAX] = now;
    for (size_t k = 1; k <= s->n_recent && k <= RECENT_MAX; k++)
        if (s->recent[(s->n_recent - k) % RECENT_MAX] >= now - CROWD_SPAN_MS)
            in_span++;
        else
            break;
    if (in_span > s->seen.most_in_span)
        s->seen.most_in_span = in_span;
}

static void event_look(struct crowd *w, const struct event *e)
{
    const char *name = ev_text(e, EVF_CLUSTER);
    int64_t i;

    if (e->kind != EV_PAL_CLUSTER || name[0] != 'c' || !text_int(name + 1, 1, CROWD_CLUSTERS, &i))
        return;
    if (ev_is(e, EVF_STATE, "Running") || ev_is(e, EVF_STATE, "Deleted"))
        w->done[i - 1] = w->now;
}

void crowd_reply_spread(struct crowd *w, size_t server, const struct http_reply *rp)
{
    const char *at = buf_text(&rp->touched);
    char key[HTTP_KEY_MAX];

    for (size_t i = 0; server == PALETTE && i < rp->events.n; i++)
        event_look(w, ev_list_at(&rp->events, i));
    while (text_next(&at, '\n', key, sizeof key))
        for (size_t i = 0; i < CALLS_MAX; i++) {
            struct call *c = &w->calls[i];

            if (c->state != PARKED || c->server != server || !text_is(c->park_key, key))
                continue;
            c->state = OUT;
            c->at = w->now;
        }
}

static void ask(struct crowd *w, size_t server, const struct http_request *rq, const char *peer,
                struct http_reply *rp)
{
    const struct http_ctx ctx = {.now = w->now,
                                 .conn = 1,
                                 .peer = peer,
                                 .scheme = server == PALETTE ? "https" : "http",
                                 .authority = PALETTE_HOST};

    http_reply_init(rp);
    w->servers[server].handle(w->servers[server].app, &ctx, rq, rp);
    w->servers[server].moved = true;
    crowd_reply_spread(w, server, rp);
}

/* By somebody who is not the gateway, at once; the answer's body is the caller's. */
struct buf crowd_ask_now(struct crowd *w, size_t server, const char *method, const char *target,
                         const char *peer, const char *header, const char *body, int wanted)
{
    struct http_request *rq = calloc(1, sizeof *rq);
    struct http_reply rp;
    const char *query = strchr(target, '?');
    struct buf ret;

    if (!rq)
        abort();
    http_request_init(rq);
    text_copy(rq->method, sizeof rq->method, method);
    text_copy_len(rq->path, sizeof rq->path, target, strcspn(target, "?"));
    text_copy(rq->query, sizeof rq->query, query ? query + 1 : "");
    http_header_add(&rq->headers, "Host", PALETTE_HOST);
    http_header_add(&rq->headers, "Content-Type", "application/json");
    if (header)
        http_header_add(&rq->headers, "ApiKey", header);
    buf_text_add(&rq->body, body ? body : "");
    ask(w, server, rq, peer, &rp);
    if (rp.status != wanted) {
        fprintf(stderr, "%s %s: %d %s\n", method, target, rp.status, buf_text(&rp.body));
        WRONG("the crowd was answered otherwise than it expects");
    }
    ret = rp.body;
    buf_init(&rp.body, 1);
    buf_text_add(&ret, "");
    if (strstr(target, "pairing/code")) /* the gateway's uid stands in a header */
        buf_add(&ret, rp.headers.data, rp.headers.len);
    http_reply_drop(&rp);
    http_request_drop(rq);
    free(rq);
    return ret;
}

/* --- the gateway's calls ---------------------------------------------------------------------- */

static size_t server_of(const struct crowd *w, const struct url *u)
{
    if (text_is(u->host, PALETTE_HOST))
        return PALETTE;
    assert(text_begins(u->host, "maas") && (size_t)(u->host[4] - '1') < w->config.n_maas);
    return (size_t)(u->host[4] - '1');
}

struct call *crowd_call_new(struct crowd *w, size_t server, uint64_t ticket, ms_t patience)
{
    struct call *c = w->calls;

    while (c < w->calls + CALLS_MAX && c->state != FREE)
        c++;
    if (c == w->calls + CALLS_MAX)
        WRONG("more calls than CALLS_MAX");
    c->server = server;
    c->ticket = ticket;
    c->order = ++w->order;
    c->parked_before = c->of_user = false;
    c->state = OUT;
    c->at = w->now + LATENCY_MS;
    c->give_up = w->now + patience;
    http_request_init(&c->rq);
    http_result_init(&c->result);
    return c;
}

static void call_out(struct crowd *w, const struct gw_effect *f)
{
    struct call *c;
    struct url u;

    if (url_read(buf_text(&f->call.url), &u, NULL) < 0)
        WRONG("a call to no URL");
    c = crowd_call_new(w, server_of(w, &u), f->ticket, f->call.timeout_ms);
    text_copy(c->rq.method, sizeof c->rq.method, f->call.method);
    text_copy(c->rq.path, sizeof c->rq.path, u.path);
    text_copy(c->rq.query, sizeof c->rq.query, u.query);
    http_header_add(&c->rq.headers, "Host", u.host);
    buf_add(&c->rq.headers, f->call.headers.data, f->call.headers.len);
    buf_add(&c->rq.body, f->call.body.data, f->call.body.len);
    if (++w->servers[c->server].at_once > w->servers[c->server].seen.most_at_once)
        w->servers[c->server].seen.most_at_once = w->servers[c->server].at_once;
}

void crowd_call_end(struct crowd *w, struct call *c)
{
    w->servers[c->server].at_once--;
    c->state = FREE;
    http_request_drop(&c->rq);
    http_result_drop(&c->result);
}

static void call_cancel(struct crowd *w, uint64_t ticket)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (w->calls[i].state != FREE && w->calls[i].ticket == ticket)
            crowd_call_end(w, &w->calls[i]);
}

static size_t record_find(const struct crowd *w, const char *key)
{
    size_t i = 0;

    while (i < w->n_records && !text_is(w->records[i].key, key))
        i++;
    return i;
}

static void record_forget(struct crowd *w, const char *key)
{
    const size_t i = record_find(w, key);

    if (i == w->n_records)
        return;
    buf_drop(&w->records[i].bytes);
    w->records[i] = w->records[--w->n_records];
}

void crowd_record_put(struct crowd *w, const char *key, const char *bytes, size_t len)
{
    const size_t i = record_find(w, key);

    if (i == w->n_records) {
        if (i == RECORDS_MAX)
            WRONG("more records than RECORDS_MAX");
        text_copy(w->records[w->n_records++].key, sizeof w->records[0].key, key);
        buf_init(&w->records[i].bytes, GW_RECORD_MAX);
    }
    buf_clear(&w->records[i].bytes);
    buf_add(&w->records[i].bytes, bytes, len);
}

void crowd_record_add(struct crowd *w, const char *key, const char *text)
{
    crowd_record_put(w, key, text, strlen(text));
}

void crowd_gateway_step(struct crowd *w, struct gw_event *ev)
{
    ev->time = w->now;
    ev->wall_s = EPOCH_S + w->now / 1000;
    gw_effects_init(w->fx);
    gw_step(w->gw, ev, w->fx);
    for (size_t i = 0; i < w->fx->n; i++) {
        const struct gw_effect *f = &w->fx->at[i];

        if (f->kind == GW_FX_CALL)
            call_out(w, f);
        else if (f->kind == GW_FX_CANCEL)
            call_cancel(w, f->ticket);
        else if (f->kind == GW_FX_PERSIST)
            crowd_record_put(w, f->key, f->bytes.data, f->bytes.len);
        else if (f->kind == GW_FX_FORGET)
            record_forget(w, f->key);
    }
    gw_effects_drop(w->fx);
}

static const char *op_of(const struct call *c)
{
    return c->server == PALETTE ? palette_op(&c->rq) : maas_op(&c->rq);
}

static void beat_note(struct crowd *w)
{
    if (w->beat_at != MS_NEVER)
        w->beat_gap = ms_max(w->beat_gap, w->now - w->beat_at);
    w->beat_at = w->now;
}

static void call_arrives(struct crowd *w, struct call *c)
{
    struct server *s = &w->servers[c->server];
    struct http_ctx ctx = {.now = w->now,
                           .conn = c->ticket,
                           .peer = "10.10.0.2",
                           .scheme = c->server == PALETTE ? "https" : "http",
                           .authority = PALETTE_HOST,
                           .parked_before = c->parked_before};
    struct http_reply rp;

    if (!c->parked_before && !c->of_user) {
        arrival_count(s, w->now);
        op_count(&s->seen, op_of(c));
        if (text_is(op_of(c), "beat"))
            beat_note(w);
    }
    if (!c->parked_before)
        c->arrived = w->now;
    if (s->silent) {
        c->state = LOST;
        c->at = MS_NEVER;
        return;
    }
    ctx.park_over = c->parked_before && c->at == MS_NEVER;
    http_reply_init(&rp);
    s->handle(s->app, &ctx, &c->rq, &rp);
    s->moved = true;
    crowd_reply_spread(w, c->server, &rp);
    if (rp.park_key[0]) {
        text_copy(c->park_key, sizeof c->park_key, rp.park_key);
        c->parked_before = true;
        c->state = PARKED;
        c->at = c->arrived + rp.park_ms;
    } else {
        c->result.outcome = HTTP_ANSWERED;
        c->result.status = rp.status;
        buf_add(&c->result.headers, rp.headers.data, rp.headers.len);
        buf_add(&c->result.body, rp.body.data, rp.body.len);
        c->state = BACK;
        c->at = w->now + LATENCY_MS;
    }
    http_reply_drop(&rp);
}

static void call_back(struct crowd *w, struct call *c)
{
    struct http_result r = c->result;
    struct gw_event ev = {.kind = GW_EV_REPLY, .ticket = c->ticket, .result = &r};

    http_result_init(&c->result);
    if (c->of_user) {
        crowd_call_end(w, c);
        w->servers[PALETTE].at_once++; /* which counts the gateway's only */
        w->user_has = r;
        w->user_waits = false;
        return;
    }
    crowd_call_end(w, c);
    crowd_gateway_step(w, &ev);
    http_result_drop(&r);
}

ms_t crowd_call_due(const struct call *c)
{
    return c->state == FREE ? MS_NEVER : ms_min(c->at, c->give_up);
}

void crowd_call_turn(struct crowd *w, struct call *c)
{
    if (c->give_up <= w->now && c->at > w->now) {
        c->result.outcome = HTTP_TIMEOUT;
        c->result.status = 0;
        call_back(w, c);
    } else if (c->state == BACK) {
        call_back(w, c);
    } else {
        if (c->state == PARKED)
            c->at = MS_NEVER; /* its time is over */
        call_arrives(w, c);
    }
}
