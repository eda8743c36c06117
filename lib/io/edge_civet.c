/* civetweb's side: one handler for everything, on civetweb's threads. It knows a caller by the
 * cookie of this start, so that the inner port is of no use to anybody else.
 *
 * civetweb's workers have a stack of 100 KB: no large arrays here or in handlers. */
#include "lib/io/edge.h"

#include "lib/base/text.h"

#include <civetweb.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CIVET_CHUNK      KIB(8)
#define CIVET_KNOCK_MS   2
#define CIVET_KNOCKS_MAX 5000 /* mg_stop() took 1.8 s at most without any */

/* What may come in: the client's, one Host that we found in the target, and ours. */
_Static_assert(HTTPD_CLIENT_HEADERS_MAX + 1 + EDGE_INNER_HEADERS <= MG_MAX_HEADERS,
               "civetweb drops headers beyond its limit without a word");

struct edge_civet {
    struct mg_context *ctx;
    int port;
    atomic_bool stopped;
};

/* --- the application, under the lock --------------------------------------------------------- */

void edge_app_journal(struct edge_app *a, const struct http_reply *rp)
{
    struct event copy; /* the journal numbers it */

    for (size_t i = 0; i < rp->events.n; i++) {
        const struct event *ev = ev_list_at(&rp->events, i);

        memcpy(&copy, ev, EVENT_HEAD_SIZE + ev->len);
        journal_put(a->journal, &copy);
    }
}

static void due_note(struct edge_app *a)
{
    atomic_store(&a->due_at, a->due ? a->due(a->app) : MS_NEVER);
}

void edge_app_start(struct edge_app *a, const struct httpd_config *c)
{
    unsigned char cookie[EDGE_COOKIE_BYTES];

    *a = (struct edge_app){.app = c->app, .handle = c->handle, .journal = c->journal};
    a->due = c->due;
    a->tick = c->tick;
    a->met = c->met;
    if (getrandom(cookie, sizeof(cookie), 0) != (ssize_t)sizeof(cookie))
        WRONG("the kernel gave no random bytes");
    text_hex(cookie, sizeof(cookie), a->cookie);
    for (size_t i = 0; i < EDGE_POOL_MAX; i++)
        buf_init(&a->tickets[i].touched, HTTP_BODY_MAX);
    pthread_mutex_init(&a->lock, NULL);
    due_note(a);
}

static void ticket_drop(struct edge_ticket *t)
{
    buf_drop(&t->touched);
    buf_drop(&t->body);
}

void edge_app_stop(struct edge_app *a)
{
    for (size_t i = 0; i < EDGE_POOL_MAX; i++)
        ticket_drop(&a->tickets[i]);
    pthread_mutex_destroy(&a->lock);
}

struct edge_deed edge_deed_of(const struct http_reply *rp)
{
    return (struct edge_deed){
        .refuse_ms = rp->refuse_ms, .certificate = rp->certificate, .drop = rp->drop};
}

void edge_app_met(struct edge_app *a, ms_t now, const char *misdeed, struct event *seen)
{
    struct http_reply rp;

    http_reply_init(&rp);
    pthread_mutex_lock(&a->lock);
    if (seen)
        journal_put(a->journal, seen);
    if (a->met)
        a->met(a->app, now, misdeed, &rp.events);
    edge_app_journal(a, &rp);
    pthread_mutex_unlock(&a->lock);
    http_reply_drop(&rp);
}

/* What was done without a request. The lock is held, and let go. */
static void app_did(struct edge_app *a, struct http_reply *rp, struct buf *ret_touched)
{
    edge_app_journal(a, rp);
    due_note(a);
    pthread_mutex_unlock(&a->lock);
    *ret_touched = rp->touched;
    rp->touched = (struct buf){0};
    http_reply_drop(rp);
}

void edge_app_tick(struct edge_app *a, ms_t now, struct buf *ret_touched)
{
    struct http_reply rp;

    http_reply_init(&rp);
    pthread_mutex_lock(&a->lock);
    a->tick(a->app, now, &rp);
    app_did(a, &rp, ret_touched);
}

void edge_app_tell(struct edge_app *a, httpd_words_fn *fn, ms_t now, const char *words,
                   struct buf *ret_touched, struct edge_deed *ret_deed)
{
    struct http_reply rp;

    http_reply_init(&rp);
    pthread_mutex_lock(&a->lock);
    fn(a->app, now, words, &rp);
    *ret_deed = edge_deed_of(&rp);
    app_did(a, &rp, ret_touched);
}

static void reply_check(struct http_reply *rp)
{
    if (rp->park_key[0] != '\0' || rp->lose || rp->hang)
        http_reply_text(rp, 200, "text/plain", "");
    else if (rp->body.full || rp->headers.full)
        http_reply_text(rp, 500, "text/plain", "the answer is longer than this server may send\n");
    assert(rp->status >= 200 && rp->status <= 599);
}

/* Everything that must happen before the answer leaves. */
static void app_ask(struct edge_app *a, size_t slot, const struct http_ctx *ctx,
                    const struct http_request *rq, struct http_reply *rp)
{
    struct edge_ticket *t = &a->tickets[slot];

    pthread_mutex_lock(&a->lock);
    a->handle(a->app, ctx, rq, rp);
    reply_check(rp);
    edge_app_journal(a, rp);
    due_note(a);
    t->done = true;
    t->lose = rp->lose;
    t->hang = rp->hang;
    t->wire = rp->wire;
    t->deed = edge_deed_of(rp);
    text_copy(t->park_key, sizeof(t->park_key), rp->park_key);
    t->park_ms = rp->park_ms;
    ticket_drop(t);
    t->touched = rp->touched;
    rp->touched = (struct buf){0};
    if (a->hands_over && rp->body.len >= EDGE_HANDED_MIN) {
        t->body = rp->body;
        rp->body = (struct buf){0};
    }
    pthread_mutex_unlock(&a->lock);
}

/* --- one request ----------------------------------------------------------------------------- */

static const char *inner(const struct mg_connection *mc, const char *name)
{
    const char *value = mg_get_header(mc, name);

    return value ? value : "";
}

/* "COOKIE SLOT"; -1: not the edge. Compared in constant time, though only loopback can ask. */
static int slot_of(const struct edge_app *a, const struct mg_connection *mc)
{
    const char *value = inner(mc, "X-Gp-Edge-Cookie");
    size_t len = sizeof(a->cookie) - 1;
    int64_t slot;

    if (strlen(value) <= len + 1 || CRYPTO_memcmp(value, a->cookie, len) != 0 ||
        !text_int(value + len + 1, 0, EDGE_POOL_MAX - 1, &slot))
        return -1;
    return (int)slot;
}

static bool is_ours(const char *name)
{
    return strncasecmp(name, EDGE_INNER_PREFIX, sizeof(EDGE_INNER_PREFIX) - 1) == 0 ||
           text_is_nocase(name, "Content-Length");
}

static void request_read(struct mg_connection *mc, struct http_request *rq)
{
    const struct mg_request_info *ri = mg_get_request_info(mc);
    char chunk[CIVET_CHUNK];
    int n;

    text_copy(rq->method, sizeof(rq->method), ri->request_method);
    text_copy(rq->path, sizeof(rq->path), ri->request_uri);
    text_copy(rq->query, sizeof(rq->query), ri->query_string ? ri->query_string : "");
    for (int i = 0; i < ri->num_headers; i++)
        if (!is_ours(ri->http_headers[i].name))
            (void)http_header_add(&rq->headers, ri->http_headers[i].name,
                                  ri->http_headers[i].value);
    while ((n = mg_read(mc, chunk, sizeof(chunk))) > 0)
        buf_add(&rq->body, chunk, (size_t)n);
}

/* One write unless it is long, one answer, its length told: anything else would spoil the next
 * request. The edge sees a torn answer by itself. */
static void reply_write(struct mg_connection *mc, const struct http_reply *rp)
{
    SCOPED(buf_drop) struct buf out = {0};
    const size_t len = edge_status_has_body(rp->status) ? rp->body.len : 0;
    const bool together = len < EDGE_HANDED_MIN;

    buf_init(&out, EDGE_REPLY_MAX);
    buf_printf(&out, "HTTP/1.1 %d %s\r\n", rp->status, edge_reason(rp->status));
    buf_add(&out, buf_text(&rp->headers), rp->headers.len);
    buf_printf(&out, "Content-Length: %zu\r\n\r\n", len);
    if (together)
        buf_add(&out, buf_text(&rp->body), len);
    assert(!out.full);
    if (mg_write(mc, buf_text(&out), out.len) > 0 && !together)
        (void)mg_write(mc, buf_text(&rp->body), len);
}

static int on_request(struct mg_connection *mc, void *arg)
{
    struct edge_app *a = arg;
    int slot = slot_of(a, mc);
    const char *parked = inner(mc, "X-Gp-Edge-Parked");
    SCOPED(http_request_drop) struct http_request rq = {0};
    SCOPED(http_reply_drop) struct http_reply rp = {0};
    struct http_ctx ctx = {.peer = inner(mc, "X-Gp-Edge-Peer"),
                           .scheme = inner(mc, "X-Gp-Edge-Scheme"),
                           .authority = inner(mc, "Host"),
                           .park_over = text_is(parked, "over"),
                           .parked_before = parked[0] != '\0'};
    int64_t conn = 0, door = 0;

    http_request_init(&rq);
    http_reply_init(&rp);
    if (slot < 0 || !text_int(inner(mc, "X-Gp-Edge-Now"), INT64_MIN, INT64_MAX, &ctx.now) ||
        !text_int(inner(mc, "X-Gp-Edge-Door"), 0, HTTPD_LISTENS_MAX - 1, &door) ||
        !text_int(inner(mc, "X-Gp-Edge-Conn"), 1, INT64_MAX, &conn)) {
        http_reply_text(&rp, 403, "text/plain", "this port is not for you\n");
        reply_write(mc, &rp);
        return 403;
    }
    ctx.conn = (uint64_t)conn;
    ctx.door = (size_t)door;
    request_read(mc, &rq);
    app_ask(a, (size_t)slot, &ctx, &rq, &rp);
    reply_write(mc, &rp);
    return rp.status;
}

/* --- start and stop -------------------------------------------------------------------------- */

/* Signals belong to the loop's thread: civetweb's threads start with all of them blocked. */
static struct mg_context *context_new(int pool)
{
    char threads[16];
    const char *options[] = {
        "listening_ports", "127.0.0.1:0", "num_threads", threads, "enable_keep_alive", "yes",
        /* Both time-outs off: they are compared with a clock that may jump. */
        "keep_alive_timeout_ms", "-1", "request_timeout_ms", "-1", "tcp_nodelay", "1",
        "max_request_size", "131072", "connection_queue", "64", "listen_backlog", "64",
        "decode_url", "no", "enable_auth_domain_check", "no",
        /* Else civetweb answers OPTIONS with an Origin by itself. */
        "access_control_allow_methods", "", NULL};
    struct mg_callbacks none = {0};
    struct mg_context *ctx;
    sigset_t all, before;

    (void)snprintf(threads, sizeof(threads), "%d", pool + 1); /* one always waits for a connect */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ctx = mg_start(&none, NULL, options);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ctx;
}

int edge_civet_start(struct edge_civet **ret, struct edge_app *app, int pool, struct err *e)
{
    struct mg_server_port port = {0};
    struct edge_civet *v;
    struct mg_context *ctx;

    mg_init_library(0);
    ctx = context_new(pool);
    if (!ctx || mg_get_server_ports(ctx, 1, &port) != 1) {
        mg_exit_library();
        return err_set(e, -EADDRNOTAVAIL,
                       "civetweb did not start on 127.0.0.1; is the loopback device up?");
    }
    v = calloc(1, sizeof(*v));
    if (!v)
        WRONG("out of memory");
    v->ctx = ctx;
    v->port = port.port;
    mg_set_request_handler(ctx, "/", on_request, app);
    *ret = v;
    return 0;
}

int edge_civet_port(const struct edge_civet *v)
{
    return v->port;
}

/* A connection that is left by reset, after the other side closed it or CIVET_KNOCK_MS passed. */
static bool knock(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval wait = {.tv_usec = CIVET_KNOCK_MS * 1000};
    struct linger reset = {.l_onoff = 1};
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open;

    if (fd < 0)
        return false;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    open = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
    if (open)
        (void)recv(fd, &byte, 1, 0);
    close(fd);
    return open;
}

/* mg_stop() waits for threads that look at its flag only after something has come in. */
static void *knocker(void *arg)
{
    struct edge_civet *v = arg;

    for (int i = 0; i < CIVET_KNOCKS_MAX && !atomic_load(&v->stopped); i++)
        if (!knock(v->port))
            break;
    return NULL;
}

void edge_civet_stop(struct edge_civet *v)
{
    pthread_t thread;
    bool knocking;

    if (!v)
        return;
    knocking = pthread_create(&thread, NULL, knocker, v) == 0;
    mg_stop(v->ctx);
    atomic_store(&v->stopped, true);
    if (knocking)
        pthread_join(thread, NULL);
    mg_exit_library();
    free(v);
}
