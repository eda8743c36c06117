/* The pool of connections to civetweb, the queue before it, and the pump that moves requests from
 * one to the other. One request at a time on each connection. While a request is inside, the loop
 * is told that somebody owes it an event: stepped time can not move while a handler runs.
 *
 * What a request changed is told with its reply, and replies are taken in the order in which they
 * come: that order decides who is woken. With a pool of 1 (every stepped run) the pump waits for
 * the reply before it looks at anything else. Otherwise a client that had just been accepted could
 * be heard before or after the reply, as civetweb's thread happens to be fast or slow, and runs
 * would differ. */
#include "lib/io/edge.h"

#include "lib/base/text.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define UP_OUT_MAX (HTTPD_REQUEST_BODY_MAX + HTTP_HEADERS_MAX + EDGE_TARGET_MAX + KIB(4))

#define UP_HEAD_BYTES KIB(1) /* what we say ourselves, about */

static void up_broken(struct edge_up *u);

/* --- a reply is there ------------------------------------------------------------------------ */

static void up_free(struct edge_up *u)
{
    assert(u->busy);
    u->busy = false;
    if (u->conn)
        u->conn->up = NULL;
    u->conn = NULL;
    u->h->outstanding--;
    loop_busy(u->h->loop, -1);
}

static void ticket_take(struct edge_up *u, struct edge_ticket *ret)
{
    struct edge_app *a = &u->h->app;
    struct edge_ticket *t = &a->tickets[u->i];

    pthread_mutex_lock(&a->lock);
    *ret = *t;
    *t = (struct edge_ticket){0};
    pthread_mutex_unlock(&a->lock);
}

static void park_or_ask(struct edge_conn *c, const struct edge_ticket *t, bool missed)
{
    struct httpd *h = c->h;
    ms_t now = edge_now(h);

    if (c->eof) { /* it will not wait for this */
        edge_conn_close(c);
        return;
    }
    if (c->park_over) {
        edge_conn_error(c, 500, "asked to wait beyond the end of the wait", false);
        return;
    }
    c->deadline = t->park_ms > MS_NEVER - c->arrived ? MS_NEVER : c->arrived + t->park_ms;
    if (!missed && now < c->deadline) {
        edge_park_add(h, c, t->park_key);
        return;
    }
    c->parked_before = true;
    c->park_over = now >= c->deadline;
    edge_ask(c);
}

/* A request's own touches do not wake itself: it knew of them when it asked to wait. */
static void up_done(struct edge_up *u)
{
    struct httpd *h = u->h;
    struct edge_conn *c = u->conn;
    struct edge_ticket t;
    int status = (int)u->parser.status_code;
    bool missed;

    ticket_take(u, &t);
    up_free(u);
    missed = c && t.park_key[0] && edge_park_touched(&h->park, t.park_key, c->asked_at);
    edge_park_touch(h, buf_text(&t.touched), t.touched.full);
    buf_drop(&t.touched);
    edge_deed_do(h, &t.deed, c);
    if (!c) {
        buf_drop(&t.body);
        return;
    }
    c->wire = t.wire;
    if (t.done && !t.hang && !t.park_key[0])
        edge_point_done(c);
    if (t.lose)
        edge_conn_close(c);
    else if (t.hang)
        c->hung = true;
    else if (!t.done || u->head.full || u->body.full)
        edge_conn_error(c, 502, "no answer from inside", false);
    else if (t.park_key[0])
        park_or_ask(c, &t, missed);
    else
        edge_conn_answer(c, status, &u->head, t.body.len ? &t.body : &u->body);
    edge_conn_left(c);
    buf_drop(&t.body);
}

/* --- the socket ------------------------------------------------------------------------------ */

static void up_watch(struct edge_up *u)
{
    uint32_t events = EPOLLIN | (u->out_at < u->out.len ? EPOLLOUT : 0);

    if (u->fd < 0 || events == u->events)
        return;
    u->events = events;
    loop_watch_change(u->watch, events);
}

/* A failure is seen by epoll, in its own turn: nobody up the call chain has to expect it. */
static void up_flush(struct edge_up *u)
{
    while (u->out_at < u->out.len) {
        ssize_t n = send(u->fd, u->out.data + u->out_at, u->out.len - u->out_at, u->send_flags);

        if (n < 0)
            break;
        u->out_at += (size_t)n;
    }
    if (u->out_at == u->out.len) {
        buf_clear(&u->out);
        u->out_at = 0;
    }
    up_watch(u);
}

/* Waiting is bounded by the handler's run: it is total, and civetweb's thread ends the connection
 * when it cannot answer. */
static void up_read(struct edge_up *u, int flags)
{
    bool fine = true;

    while (fine && !u->whole) {
        ssize_t n = recv(u->fd, u->h->scratch, sizeof(u->h->scratch), flags);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        fine = n > 0 && edge_reply_feed(u, u->h->scratch, (size_t)n);
    }
    if (u->whole)
        up_done(u);
    u->whole = false;
    if (!fine)
        up_broken(u);
}

static void on_up(void *arg, uint32_t events)
{
    struct edge_up *u = arg;
    struct httpd *h = u->h;

    if (events & EPOLLOUT)
        up_flush(u);
    up_read(u, MSG_DONTWAIT);
    edge_pump(h);
    edge_reap(h);
}

static int up_connect(struct edge_up *u, struct err *e)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int one = 1;

    to.sin_port = htons((uint16_t)edge_civet_port(u->h->civet));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    u->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (u->fd < 0)
        return err_errno(e, "a socket for the way to civetweb");
    if (connect(u->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        return err_errno(e, "connecting to civetweb on 127.0.0.1");
    (void)setsockopt(u->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    u->send_flags = MSG_NOSIGNAL | (u->h->config.pool > 1 ? MSG_DONTWAIT : 0);
    u->events = EPOLLIN;
    return loop_watch_add(u->h->loop, u->fd, EPOLLIN, on_up, u, &u->watch, e);
}

static void up_close(struct edge_up *u)
{
    loop_watch_remove(&u->watch);
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
    buf_clear(&u->out);
    u->out_at = 0;
}

/* civetweb left us: the request inside is answered with 502 and a new connection is made. */
static void up_broken(struct edge_up *u)
{
    struct edge_conn *c = u->conn;
    struct edge_ticket t;
    struct err e = {0};

    up_close(u);
    if (u->busy) {
        ticket_take(u, &t);
        up_free(u);
        edge_park_touch(u->h, buf_text(&t.touched), t.touched.full);
        buf_drop(&t.touched);
        buf_drop(&t.body);
        if (c)
            edge_conn_error(c, 502, "no answer from inside", false);
    }
    if (up_connect(u, &e) < 0)
        up_close(u); /* the rest of the pool goes on; without any, requests wait */
}

int edge_up_start(struct httpd *h, struct err *e)
{
    for (int i = 0; i < h->config.pool; i++) {
        struct edge_up *u = &h->ups[i];
        int r = up_connect(u, e);

        if (r < 0)
            return r;
    }
    return 0;
}

void edge_up_init(struct httpd *h)
{
    for (int i = 0; i < EDGE_POOL_MAX; i++) {
        struct edge_up *u = &h->ups[i];

        *u = (struct edge_up){.h = h, .i = i, .fd = -1};
        buf_init(&u->out, UP_OUT_MAX);
        buf_init(&u->head, 2 * HTTP_HEADERS_MAX);
        buf_init(&u->body, HTTP_BODY_MAX);
    }
}

void edge_up_stop(struct httpd *h)
{
    for (int i = 0; i < EDGE_POOL_MAX; i++) {
        struct edge_up *u = &h->ups[i];

        if (u->busy)
            up_free(u);
        up_close(u);
        buf_drop(&u->out);
        buf_drop(&u->head);
        buf_drop(&u->body);
    }
}

/* --- sending --------------------------------------------------------------------------------- */

/* The edge's own headers come first: civetweb drops what is beyond its 64 without a word. */
static void request_write(struct edge_up *u, const struct edge_conn *c, ms_t now)
{
    const struct edge_request *rq = &c->framer.rq;
    struct buf *out = &u->out;

    buf_reserve(out, UP_HEAD_BYTES + rq->headers.len + rq->body.len);
    buf_text_add(out, rq->method);
    buf_char_add(out, ' ');
    buf_add(out, buf_text(&rq->target), rq->target.len);
    buf_printf(out,
               " HTTP/1.1\r\nX-Gp-Edge-Cookie: %s %d\r\nX-Gp-Edge-Conn: %llu\r\n"
               "X-Gp-Edge-Peer: %s\r\nX-Gp-Edge-Scheme: %s\r\nX-Gp-Edge-Door: %zu\r\n"
               "X-Gp-Edge-Now: %lld\r\n",
               u->h->app.cookie, u->i, (unsigned long long)c->id, c->peer,
               c->https ? "https" : "http", c->door, (long long)now);
    if (c->parked_before)
        buf_printf(out, "X-Gp-Edge-Parked: %s\r\n", c->park_over ? "over" : "yes");
    buf_printf(out, "Content-Length: %zu\r\n", rq->body.len);
    buf_add(out, buf_text(&rq->headers), rq->headers.len);
    buf_text_add(out, "\r\n");
    buf_add(out, buf_text(&rq->body), rq->body.len);
    assert(!out->full);
}

static void up_send(struct edge_up *u, struct edge_conn *c, ms_t now)
{
    struct httpd *h = u->h;

    assert(c->state == EDGE_ASKING && c->queued);
    TAILQ_REMOVE(&h->queue, c, queue);
    c->queued = false;
    c->up = u;
    c->asked_at = h->park.touches;
    u->conn = c;
    u->busy = true;
    edge_reply_begin(u);
    h->outstanding++;
    loop_busy(h->loop, 1);
    request_write(u, c, now);
    up_flush(u);
}

void edge_ask(struct edge_conn *c)
{
    c->state = EDGE_ASKING;
    c->queued = true;
    TAILQ_INSERT_TAIL(&c->h->queue, c, queue);
}

void edge_unask(struct edge_conn *c)
{
    if (c->queued)
        TAILQ_REMOVE(&c->h->queue, c, queue);
    else if (c->up)
        c->up->conn = NULL;
    c->queued = false;
    c->up = NULL;
}

static struct edge_up *up_idle(struct httpd *h)
{
    for (int i = 0; i < h->config.pool; i++)
        if (!h->ups[i].busy && h->ups[i].fd >= 0)
            return &h->ups[i];
    return NULL;
}

static void tick(struct httpd *h, ms_t now)
{
    struct buf touched;

    edge_app_tick(&h->app, now, &touched);
    edge_park_touch(h, buf_text(&touched), touched.full);
    buf_drop(&touched);
}

static void timer_update(struct httpd *h, ms_t now)
{
    ms_t next = ms_min(edge_park_next(&h->park), atomic_load(&h->app.due_at));
    ms_t own = 0;

    if (next == h->timer_for)
        return;
    h->timer_for = next;
    if (next == MS_NEVER) {
        loop_timer_set(h->timer, MS_NEVER);
        return;
    }
    if (next > now) /* rounded down it would come too early, and spin */
        own = ms_max(1, clk_domain_to_own(&h->config.domain, next - now));
    loop_timer_set(h->timer, loop_now(h->loop) + own);
}

/* One request is inside at a time and the pump waits for it, see above. */
static bool is_synchronous(const struct httpd *h)
{
    return h->config.pool == 1;
}

/* Once the application is due, nothing new goes inside until it had its tick: a load that never
 * pauses must not keep it from its time. false when there is nothing more to do now. */
static bool pump_once(struct httpd *h, ms_t now)
{
    struct edge_conn *c;
    struct edge_up *u;

    edge_park_expire(h, now);
    if (atomic_load(&h->app.due_at) <= now) {
        if (h->outstanding > 0)
            return false;
        tick(h, now);
    }
    u = up_idle(h);
    c = TAILQ_FIRST(&h->queue);
    if (!u || !c)
        return false;
    if (!c->parked_before)
        edge_point_asked(c);
    up_send(u, c, edge_now(h));
    if (is_synchronous(h))
        up_read(u, 0);
    return true;
}

void edge_pump(struct httpd *h)
{
    ms_t now;

    do
        now = edge_now(h);
    while (pump_once(h, now));
    timer_update(h, now);
}
