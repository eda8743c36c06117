#include "tests/sim/crowd.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/base/url.h"
#include "mock-maas/maas.h"
#include "mock-palette/palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_S      INT64_C(1782864000)
#define LATENCY_MS   5
#define AGENT_MS     SECONDS(60) /* from a boot to the agent's first word */
#define CALLS_MAX    1024
#define RECENT_MAX   1024 /* arrivals that are remembered, for the span */
#define BOOTS_MAX    1024
#define RECORDS_MAX  2048
#define API_KEY      "crowd-api-key"
#define PALETTE_HOST "palette.example"
#define MAAS_KEY     "crowdconsumer00000:crowdtoken00000000:crowdsecret000000000000000000000"

enum { PALETTE = CROWD_MAAS, SERVERS };

struct call {
    enum { FREE, OUT, PARKED, LOST, BACK } state;
    size_t server;
    uint64_t ticket, order;
    ms_t at, arrived, give_up;
    bool parked_before, of_user;
    char park_key[HTTP_KEY_MAX];
    struct http_request rq;
    struct http_result result;
};

struct server {
    void *app;
    void (*handle)(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                   struct http_reply *rp);
    ms_t (*due)(void *app);
    void (*tick)(void *app, ms_t now, struct http_reply *rp);
    bool silent, moved; /* moved: somebody asked, or its time went on */
    size_t at_once, n_recent;
    ms_t recent[RECENT_MAX];
    struct crowd_server seen;
    char account[64];
};

struct boot { /* a machine whose agent is about to speak */
    size_t maas;
    char system_id[8], address[64];
    ms_t at; /* MS_NEVER: it has spoken */
    uint64_t boots;
};

struct crowd {
    struct crowd_config config;
    ms_t now;
    uint64_t order, starts;
    struct server servers[SERVERS];
    struct gw *gw;
    struct gw_config gw_config;
    struct gw_effects *fx;
    struct call calls[CALLS_MAX];
    size_t n_records;
    struct {
        char key[64];
        struct buf bytes;
    } records[RECORDS_MAX];
    size_t n_boots;
    struct boot boots[BOOTS_MAX];
    ms_t beat_at, beat_gap;
    bool user_waits; /* a call of the user is under way */
    struct http_result user_has;
    char uids[CROWD_CLUSTERS][64];
    ms_t done[CROWD_CLUSTERS];
};

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

static void reply_spread(struct crowd *w, size_t server, const struct http_reply *rp)
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
    reply_spread(w, server, rp);
}

/* By somebody who is not the gateway, at once; the answer's body is the caller's. */
static struct buf ask_now(struct crowd *w, size_t server, const char *method, const char *target,
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

static struct call *call_new(struct crowd *w, size_t server, uint64_t ticket, ms_t patience)
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
    c = call_new(w, server_of(w, &u), f->ticket, f->call.timeout_ms);
    text_copy(c->rq.method, sizeof c->rq.method, f->call.method);
    text_copy(c->rq.path, sizeof c->rq.path, u.path);
    text_copy(c->rq.query, sizeof c->rq.query, u.query);
    http_header_add(&c->rq.headers, "Host", u.host);
    buf_add(&c->rq.headers, f->call.headers.data, f->call.headers.len);
    buf_add(&c->rq.body, f->call.body.data, f->call.body.len);
    if (++w->servers[c->server].at_once > w->servers[c->server].seen.most_at_once)
        w->servers[c->server].seen.most_at_once = w->servers[c->server].at_once;
}

static void call_end(struct crowd *w, struct call *c)
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
            call_end(w, &w->calls[i]);
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

static void record_put(struct crowd *w, const char *key, const char *bytes, size_t len)
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
    record_put(w, key, text, strlen(text));
}

static void gateway_step(struct crowd *w, struct gw_event *ev)
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
            record_put(w, f->key, f->bytes.data, f->bytes.len);
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
    reply_spread(w, c->server, &rp);
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
        call_end(w, c);
        w->servers[PALETTE].at_once++; /* which counts the gateway's only */
        w->user_has = r;
        w->user_waits = false;
        return;
    }
    call_end(w, c);
    gateway_step(w, &ev);
    http_result_drop(&r);
}

static ms_t call_due(const struct call *c)
{
    return c->state == FREE ? MS_NEVER : ms_min(c->at, c->give_up);
}

static void call_turn(struct crowd *w, struct call *c)
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

/* --- machines --------------------------------------------------------------------------------- */

static void boots_look(struct crowd *w, size_t maas)
{
    static struct maas_boot boots[BOOTS_MAX];
    const size_t n = maas_booting(w->servers[maas].app, boots, BOOTS_MAX);

    w->servers[maas].moved = false;
    for (size_t k = 0; k < n; k++) {
        struct boot *b = w->boots;

        while (b < w->boots + w->n_boots &&
               !(b->maas == maas && text_is(b->system_id, boots[k].system_id)))
            b++;
        if (b == w->boots + w->n_boots)
            assert(w->n_boots++ < BOOTS_MAX);
        else if (b->boots == boots[k].boots)
            continue;
        *b = (struct boot){.maas = maas, .at = w->now + AGENT_MS, .boots = boots[k].boots};
        text_copy(b->system_id, sizeof b->system_id, boots[k].system_id);
        text_copy(b->address, sizeof b->address, boots[k].address);
    }
}

/* A member of agent.json, which stands as a text in a document. */
static void member(const char *userdata, const char *name, char *out, size_t size)
{
    char mark[64];
    const char *at;

    snprintf(mark, sizeof mark, "\\\"%s\\\":\\\"", name);
    at = strstr(userdata, mark);
    if (!at || !text_copy_len(out, size, at + strlen(mark), strcspn(at + strlen(mark), "\\")))
        WRONG("no such member in a machine's user data");
}

static void boot_speaks(struct crowd *w, struct boot *b)
{
    char target[128], cluster[128], token[256], role[16], body[1024];
    SCOPED(buf_drop) struct buf userdata = {0}, answer = {0};

    b->at = MS_NEVER;
    snprintf(target, sizeof target, "/MAAS/metadata/2012-03-01/by-id/%s/user-data", b->system_id);
    userdata = ask_now(w, b->maas, "GET", target, b->address, NULL, NULL, 200);
    member(buf_text(&userdata), "clusterUid", cluster, sizeof cluster);
    member(buf_text(&userdata), "joinToken", token, sizeof token);
    member(buf_text(&userdata), "role", role, sizeof role);
    snprintf(body, sizeof body,
             "{\"clusterUid\":\"%s\",\"joinToken\":\"%s\",\"systemId\":\"%s\",\"hostname\":\"h\","
             "\"role\":\"%s\"}",
             cluster, token, b->system_id, role);
    answer = ask_now(w, PALETTE, "POST", "/v1/x-gp/agent/register", b->address, NULL, body, 200);
}

/* --- time ------------------------------------------------------------------------------------- */

static void server_tick(struct crowd *w, size_t i)
{
    struct server *s = &w->servers[i];
    struct http_reply rp;

    if (s->due(s->app) > w->now)
        return;
    http_reply_init(&rp);
    s->tick(s->app, w->now, &rp);
    reply_spread(w, i, &rp);
    http_reply_drop(&rp);
    s->moved = true;
}

static ms_t crowd_due(const struct crowd *w)
{
    ms_t due = gw_due(w->gw);

    for (size_t i = 0; i < SERVERS; i++)
        if (w->servers[i].app)
            due = ms_min(due, w->servers[i].due(w->servers[i].app));
    for (size_t i = 0; i < CALLS_MAX; i++)
        due = ms_min(due, call_due(&w->calls[i]));
    for (size_t i = 0; i < w->n_boots; i++)
        due = ms_min(due, w->boots[i].at);
    return ms_max(due, w->now);
}

static void calls_turn(struct crowd *w)
{
    for (;;) {
        struct call *first = NULL;

        for (size_t i = 0; i < CALLS_MAX; i++)
            if (call_due(&w->calls[i]) <= w->now && (!first || w->calls[i].order < first->order))
                first = &w->calls[i];
        if (!first)
            return;
        call_turn(w, first);
    }
}

void crowd_run(struct crowd *w, ms_t until)
{
    while (crowd_due(w) <= until) {
        struct gw_event ev = {.kind = GW_EV_TIME};

        w->now = crowd_due(w);
        for (size_t i = 0; i < SERVERS; i++)
            if (w->servers[i].app)
                server_tick(w, i);
        for (size_t i = 0; i < w->n_boots; i++)
            if (w->boots[i].at <= w->now)
                boot_speaks(w, &w->boots[i]);
        calls_turn(w);
        for (size_t i = 0; i < w->config.n_maas; i++)
            if (w->servers[i].moved)
                boots_look(w, i);
        if (gw_due(w->gw) <= w->now)
            gateway_step(w, &ev);
    }
    w->now = until;
}

static struct crowd_sum sum(const struct crowd *w, size_t without)
{
    struct crowd_sum s = {0};

    for (size_t i = 0; i < w->config.n_clusters; i++) {
        if (!w->uids[i][0] || crowd_maas_of(w, i) == without)
            continue;
        s.n++;
        if (w->done[i] == MS_NEVER)
            continue;
        s.done++;
        s.last = ms_max(s.last, w->done[i]);
    }
    return s;
}

void crowd_settle(struct crowd *w, ms_t until, size_t without, struct crowd_sum *ret)
{
    for (*ret = sum(w, without); ret->done < ret->n && w->now < until; *ret = sum(w, without))
        crowd_run(w, ms_min(until, w->now + SECONDS(5)));
}

/* --- Palette's user --------------------------------------------------------------------------- */

void crowd_create(struct crowd *w, size_t i)
{
    static const char cloud[] = "\"azs\":[\"default\"],\"resourcePool\":\"default\",\"tags\":[],"
                                "\"instanceType\":{\"minCPU\":1,\"minMemInMB\":1024,"
                                "\"minDiskSizeInGB\":8}";
    char body[2048], workers[512] = "";
    SCOPED(buf_drop) struct buf answer = {0};

    if (w->config.workers > 0)
        snprintf(workers, sizeof workers,
                 ",{\"cloudConfig\":{%s},\"poolConfig\":{\"name\":\"workers\",\"size\":%d,"
                 "\"labels\":[\"worker\"]}}",
                 cloud, w->config.workers);
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"c%zu\"},\"spec\":{\"cloudAccountUid\":\"%s\","
             "\"cloudConfig\":{\"domain\":\"maas\",\"sshKeys\":[]},\"profiles\":null,"
             "\"machinepoolconfig\":[{\"cloudConfig\":{%s},\"poolConfig\":{\"name\":\"cp\","
             "\"size\":1,\"isControlPlane\":true,\"labels\":[\"control-plane\"]}}%s]}}",
             i + 1, w->servers[crowd_maas_of(w, i)].account, cloud, workers);
    w->done[i] = MS_NEVER;
    answer =
        ask_now(w, PALETTE, "POST", "/v1/spectroclusters/maas", "198.51.100.9", API_KEY, body, 201);
    if (!jx_pick(buf_text(&answer), answer.len, "uid", w->uids[i], sizeof w->uids[i]))
        WRONG("a new cluster without a uid");
}

void crowd_delete(struct crowd *w, size_t i)
{
    char target[128];
    SCOPED(buf_drop) struct buf answer = {0};

    snprintf(target, sizeof target, "/v1/spectroclusters/%s", w->uids[i]);
    w->done[i] = MS_NEVER;
    answer = ask_now(w, PALETTE, "DELETE", target, "198.51.100.9", API_KEY, NULL, 204);
}

void crowd_silence(struct crowd *w, size_t maas_i, bool silent)
{
    w->servers[maas_i].silent = silent;
}

/* --- birth ------------------------------------------------------------------------------------ */

static void account_make(struct crowd *w, size_t i)
{
    struct call *c = call_new(w, PALETTE, 0, SECONDS(60));
    char body[512];

    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"a%zu\",\"annotations\":{\"overlordUid\":\"%s\"}},\"spec\":{"
             "\"apiEndpoint\":\"http://maas%zu.example:5240/MAAS\",\"apiKey\":\"" MAAS_KEY "\"}}",
             i + 1, w->gw_config.pcg_uid, i + 1);
    text_copy(c->rq.method, sizeof c->rq.method, "POST");
    text_copy(c->rq.path, sizeof c->rq.path, "/v1/cloudaccounts/maas");
    text_copy(c->rq.query, sizeof c->rq.query, "");
    http_header_add(&c->rq.headers, "ApiKey", API_KEY);
    http_header_add(&c->rq.headers, "Content-Type", "application/json");
    buf_text_add(&c->rq.body, body);
    c->of_user = w->user_waits = true;
    for (int k = 0; w->user_waits && k < 60; k++) /* the gateway looks whether MAAS takes the key */
        crowd_run(w, w->now + SECONDS(1));
    if (w->user_waits || w->user_has.status != 201 ||
        !jx_pick(buf_text(&w->user_has.body), w->user_has.body.len, "uid", w->servers[i].account,
                 sizeof w->servers[i].account))
        WRONG("a new account was refused, or has no uid");
    http_result_drop(&w->user_has);
}

static void pair(struct crowd *w)
{
    static const char mark[] = "X-Gp-Pcg-Uid: ";
    SCOPED(buf_drop) struct buf answer = {0};
    const char *at;

    answer = ask_now(w, PALETTE, "GET", "/v1/overlords/pairing/code?cloudType=maas", "198.51.100.9",
                     API_KEY, NULL, 200);
    (void)jx_pick(buf_text(&answer), (size_t)(strchr(buf_text(&answer), '}') + 1 - answer.data),
                  "pairingCode", w->gw_config.pairing_code, sizeof w->gw_config.pairing_code);
    at = strcasestr(buf_text(&answer), mark);
    if (!at || !text_copy_len(w->gw_config.pcg_uid, sizeof w->gw_config.pcg_uid, at + strlen(mark),
                              strcspn(at + strlen(mark), "\r\n")))
        WRONG("a pairing code without a gateway");
}

static void gateway_start(struct crowd *w)
{
    struct gw_record *records = calloc(w->n_records + 1, sizeof *records);
    struct gw_event ev = {.kind = GW_EV_START,
                          .config = &w->gw_config,
                          .seed = w->config.seed + w->starts++,
                          .records = records,
                          .n_records = w->n_records};

    if (!records)
        abort();
    for (size_t i = 0; i < w->n_records; i++) {
        memcpy(records[i].key, w->records[i].key, sizeof records[i].key);
        records[i].bytes = buf_text(&w->records[i].bytes);
        records[i].len = w->records[i].bytes.len;
    }
    memset(ev.entropy, (int)w->config.seed, sizeof ev.entropy);
    w->gw = gw_new();
    w->beat_at = MS_NEVER;
    gateway_step(w, &ev);
    free(records);
}

void crowd_restart(struct crowd *w)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (w->calls[i].state != FREE)
            call_end(w, &w->calls[i]);
    gw_free(w->gw);
    gateway_start(w);
}

/* One subnet of 256 addresses, as the labs have it. */
static void fleet_write(const struct crowd *w, struct buf *out)
{
    const size_t clusters = (w->config.n_clusters + w->config.n_maas - 1) / w->config.n_maas;
    const size_t n = clusters * (size_t)(w->config.workers + 1);

    assert(n <= CROWD_FLEET);
    buf_char_add(out, '[');
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s{\"name\":\"m%zu\",\"ip\":\"10.10.0.%zu\"}", i > 0 ? "," : "", i + 1,
                   i + 4);
    buf_char_add(out, ']');
}

static void servers_make(struct crowd *w)
{
    SCOPED(buf_drop) struct buf fleet = {.max = MAAS_FLEET_MAX};
    const struct palette_config palette = {.seed = w->config.seed, .factor = 1, .api_key = API_KEY};
    struct maas_config maas = {.seed = w->config.seed,
                               .epoch_s = EPOCH_S,
                               .factor = 1,
                               .n_users = 1,
                               .users = {{.name = "crowd", .key = MAAS_KEY, .superuser = true}}};

    fleet_write(w, &fleet);
    maas.fleet = buf_text(&fleet);
    w->servers[PALETTE] = (struct server){.app = palette_new(&palette),
                                          .handle = palette_handle,
                                          .due = palette_due,
                                          .tick = palette_tick};
    for (size_t i = 0; i < w->config.n_maas; i++)
        w->servers[i] = (struct server){
            .app = maas_new(&maas), .handle = maas_handle, .due = maas_due, .tick = maas_tick};
}

struct crowd *crowd_new(const struct crowd_config *c)
{
    struct crowd *w = calloc(1, sizeof *w);

    if (!w || !(w->fx = calloc(1, sizeof *w->fx)))
        abort();
    assert(c->n_maas >= 1 && c->n_maas <= CROWD_MAAS && c->n_clusters <= CROWD_CLUSTERS);
    w->config = *c;
    for (size_t i = 0; i < CROWD_CLUSTERS; i++)
        w->done[i] = MS_NEVER;
    servers_make(w);
    pair(w);
    text_copy(w->gw_config.palette_url, sizeof w->gw_config.palette_url, "https://" PALETTE_HOST);
    text_copy(w->gw_config.account_name, sizeof w->gw_config.account_name, "own");
    text_copy(w->gw_config.version, sizeof w->gw_config.version, "1.0.0");
    text_copy(w->gw_config.features, sizeof w->gw_config.features, GW_FEATURES);
    gateway_start(w);
    crowd_run(w, SECONDS(30));
    for (size_t i = 0; i < c->n_maas; i++)
        account_make(w, i);
    return w;
}

void crowd_free(struct crowd *w)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (w->calls[i].state != FREE)
            call_end(w, &w->calls[i]);
    gw_free(w->gw);
    for (size_t i = 0; i < w->config.n_maas; i++)
        maas_free(w->servers[i].app);
    palette_free(w->servers[PALETTE].app);
    for (size_t i = 0; i < w->n_records; i++)
        buf_drop(&w->records[i].bytes);
    free(w->fx);
    free(w);
}

/* --- questions -------------------------------------------------------------------------------- */

ms_t crowd_now(const struct crowd *w)
{
    return w->now;
}

struct gw *crowd_gateway(struct crowd *w)
{
    return w->gw;
}

ms_t crowd_done(const struct crowd *w, size_t i)
{
    return w->done[i];
}

size_t crowd_maas_of(const struct crowd *w, size_t i)
{
    return i % w->config.n_maas;
}

const struct crowd_server *crowd_maas(const struct crowd *w, size_t i)
{
    return &w->servers[i].seen;
}

const struct crowd_server *crowd_palette(const struct crowd *w)
{
    return &w->servers[PALETTE].seen;
}

uint64_t crowd_op(const struct crowd_server *s, const char *name)
{
    for (size_t i = 0; i < s->n_ops; i++)
        if (text_is(s->ops[i].name, name))
            return s->ops[i].n;
    return 0;
}

ms_t crowd_beat_gap(const struct crowd *w)
{
    return w->beat_gap;
}

size_t crowd_records(const struct crowd *w)
{
    return w->n_records;
}
