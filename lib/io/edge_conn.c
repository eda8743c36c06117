/* One client's connection. One request at a time: while it is worked on, what the client sends
 * ahead is kept up to EDGE_PENDING_MAX and then left in the kernel, and nothing new is begun before
 * the answer has been written. So a connection never holds more than one request, one answer and
 * that much.
 *
 * A client that half-closes gets the answers that are being made; a parked one counts as gone,
 * because a socket that was closed looks the same and an answer would be lost in it. */
#include "lib/io/edge.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static size_t pending_len(const struct edge_conn *c)
{
    return c->pending.len - c->pending_at;
}

static uint32_t events_wanted(const struct edge_conn *c)
{
    uint32_t out = c->out_at < c->out.len || c->stream.want_out ? EPOLLOUT : 0;

    switch (c->state) {
    case EDGE_READING:
        return EPOLLIN | out;
    case EDGE_ASKING:
    case EDGE_PARKED:
        return (c->eof || pending_len(c) >= EDGE_PENDING_MAX ? 0 : EPOLLIN) | out;
    case EDGE_WRITING:
        return c->out_at < c->allowed ? EPOLLOUT : 0;
    case EDGE_LINGERING:
        return EPOLLIN;
    case EDGE_DEAD:
        break;
    }
    return 0;
}

static void conn_watch(struct edge_conn *c)
{
    uint32_t events = events_wanted(c);

    edge_patience(c);
    if (c->state == EDGE_DEAD || events == c->events)
        return;
    c->events = events;
    loop_watch_change(c->watch, events);
}

/* --- the end -------------------------------------------------------------------------------- */

void edge_conn_close(struct edge_conn *c)
{
    struct httpd *h = c->h;

    if (c->state == EDGE_DEAD)
        return;
    if (c->state == EDGE_PARKED)
        edge_park_remove(h, c);
    if (c->state == EDGE_ASKING)
        edge_unask(c);
    c->state = EDGE_DEAD;
    (void)edge_bodies_fit(c);
    loop_watch_remove(&c->watch);
    loop_timer_free(&c->linger);
    loop_timer_free(&c->pace);
    loop_timer_free(&c->patience);
    edge_stream_close(&c->stream);
    TAILQ_REMOVE(&h->conns, c, all);
    TAILQ_INSERT_TAIL(&h->dead, c, all);
    if (c->refused)
        h->n_refused--;
    else
        h->n_conns--;
}

void edge_conn_free(struct edge_conn *c)
{
    assert(c->state == EDGE_DEAD);
    edge_framer_drop(&c->framer);
    buf_drop(&c->pending);
    buf_drop(&c->out);
    edge_tail_drop(c);
    free(c);
}

static void on_linger(void *arg)
{
    struct edge_conn *c = arg;
    struct httpd *h = c->h;

    edge_conn_close(c);
    edge_reap(h);
}

/* Says goodbye and reads on for a while: a reset because of unread bytes could overtake the answer
 * and take it from the client. */
static void conn_linger(struct edge_conn *c)
{
    edge_stream_finish(&c->stream);
    if (c->eof) {
        edge_conn_close(c);
        return;
    }
    c->state = EDGE_LINGERING;
    buf_drop(&c->pending);
    c->pending_at = 0;
    c->linger = loop_timer_new(c->h->loop, on_linger, c);
    loop_timer_set(c->linger, loop_now(c->h->loop) + EDGE_LINGER_MS);
}

static void conn_discard(struct edge_conn *c)
{
    for (int i = 0; i < EDGE_READS_MAX; i++) {
        ssize_t n = edge_stream_discard(&c->stream, c->h->scratch, sizeof(c->h->scratch));

        if (n == -EAGAIN)
            return;
        c->lingered += n > 0 ? (size_t)n : 0;
        if (n <= 0 || c->lingered > EDGE_LINGER_BYTES) {
            edge_conn_close(c);
            return;
        }
    }
}

/* --- writing --------------------------------------------------------------------------------- */

/* false: not all of `out` was written, and epoll will tell, or the connection is gone. Who reads
 * fast gets EDGE_WRITES_MAX of them in one wake: others wait too. */
static bool out_write(struct edge_conn *c, int *writes)
{
    while (c->out_at < c->out.len) {
        const size_t end = c->allowed < c->out.len ? c->allowed : c->out.len;
        ssize_t n;

        if (c->out_at >= end || ++*writes > EDGE_WRITES_MAX)
            return false;
        n = end - c->out_at < EDGE_WRITE_MAX ? (ssize_t)(end - c->out_at) : (ssize_t)EDGE_WRITE_MAX;
        n = edge_stream_write(&c->stream, c->out.data + c->out_at, (size_t)n);
        if (n == -EAGAIN)
            return false;
        if (n < 0) {
            edge_conn_close(c);
            return false;
        }
        c->out_at += (size_t)n;
    }
    return true;
}

/* The long body takes the place of the head that was written. */
static bool tail_next(struct edge_conn *c)
{
    if (c->tail.len == 0)
        return false;
    buf_drop(&c->out);
    c->out_at = 0;
    c->out = c->tail;
    buf_init(&c->tail, EDGE_REPLY_MAX);
    return true;
}

void edge_conn_flush(struct edge_conn *c)
{
    int writes = 0;

    do
        if (!out_write(c, &writes))
            return;
    while (tail_next(c));
    buf_drop(&c->out);
    edge_tail_drop(c);
    c->out_at = 0;
    c->allowed = SIZE_MAX;
    c->wire.on = false;
    if (c->state != EDGE_WRITING)
        return;
    edge_point_answered(c);
    if (c->close)
        conn_linger(c);
    else
        c->state = EDGE_READING;
}

/* --- requests ------------------------------------------------------------------------------- */

static void conn_request(struct edge_conn *c)
{
    c->close = !c->framer.rq.keep_alive;
    if (buf_text(&c->framer.rq.target)[0] == '*') {
        edge_options_put(c);
        return;
    }
    c->arrived = edge_now(c->h);
    c->nth = ++c->h->last_request;
    c->park_over = false;
    c->parked_before = false;
    c->point[0] = '\0';
    edge_ask(c);
}

static void conn_fed(struct edge_conn *c, enum edge_fed fed)
{
    switch (fed) {
    case EDGE_MORE:
        if (!c->framer.wants_100)
            return;
        c->framer.wants_100 = false;
        buf_text_add(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        edge_conn_flush(c);
        return;
    case EDGE_REQUEST:
        conn_request(c);
        return;
    case EDGE_REFUSE:
        edge_error_put(c, c->framer.status, c->framer.why, true);
        return;
    }
}

/* Feeds bytes as long as requests are wanted; returns how many were used. */
static size_t conn_feed(struct edge_conn *c, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len && c->state == EDGE_READING) {
        size_t used = 0;
        enum edge_fed fed = edge_framer_feed(&c->framer, bytes + at, len - at, &used);

        at += used;
        if (!edge_bodies_fit(c) && c->state == EDGE_READING)
            edge_error_put(c, 503, "too much is being sent here at once", true);
        else
            conn_fed(c, fed);
    }
    return at;
}

/* --- reading -------------------------------------------------------------------------------- */

static void pending_add(struct edge_conn *c, const char *bytes, size_t len)
{
    if (len == 0 || c->state == EDGE_LINGERING || c->state == EDGE_DEAD)
        return;
    buf_cut(&c->pending, c->pending_at);
    c->pending_at = 0;
    buf_add(&c->pending, bytes, len);
    assert(!c->pending.full);
}

void edge_conn_left(struct edge_conn *c)
{
    if (c->eof && (c->state == EDGE_PARKED || c->hung))
        edge_conn_close(c);
}

static void conn_ended(struct edge_conn *c)
{
    c->eof = true;
    if (c->state == EDGE_READING && pending_len(c) == 0)
        edge_conn_close(c);
    else
        edge_conn_left(c);
}

/* A handshake that failed has left an alert behind: let the client read it. */
static void conn_broken(struct edge_conn *c)
{
    if (c->stream.ssl && c->state == EDGE_READING && !SSL_is_init_finished(c->stream.ssl))
        conn_linger(c);
    else
        edge_conn_close(c);
}

/* One read; false when it brought nothing, or nothing more can be there. */
static bool conn_read(struct edge_conn *c, size_t room)
{
    char *bytes = c->h->scratch;
    size_t size = room < EDGE_READ_MAX ? room : EDGE_READ_MAX, used;
    ssize_t n = edge_stream_read(&c->stream, bytes, size);

    if (n == -EAGAIN)
        return false;
    if (n < 0) {
        conn_broken(c);
        return false;
    }
    if (n == 0) {
        conn_ended(c);
        return false;
    }
    used = conn_feed(c, bytes, (size_t)n);
    pending_add(c, bytes + used, (size_t)n - used);
    return c->stream.ssl || (size_t)n == size;
}

/* While a request is worked on, epoll tells when there is more; what OpenSSL holds by then is taken
 * out by conn_run(). */
static void conn_fill(struct edge_conn *c)
{
    for (int i = 0; !c->eof; i++) {
        size_t room = EDGE_PENDING_MAX - pending_len(c);

        /* Bytes inside OpenSSL wake nobody: they are taken out whatever the count says. */
        if (room == 0 || (i >= EDGE_READS_MAX && !edge_stream_pending(&c->stream)))
            return;
        if (!conn_read(c, room) || c->state != EDGE_READING)
            return;
    }
}

/* After an answer: what was sent ahead, then what OpenSSL holds. */
static void conn_run(struct edge_conn *c)
{
    (void)edge_bodies_fit(c);
    if (c->state != EDGE_READING)
        return;
    c->pending_at += conn_feed(c, buf_text(&c->pending) + c->pending_at, pending_len(c));
    if (c->state == EDGE_DEAD)
        return;
    if (pending_len(c) == 0) {
        buf_drop(&c->pending);
        c->pending_at = 0;
    }
    if (c->state == EDGE_READING && c->eof)
        edge_conn_close(c);
    else if (c->state == EDGE_READING && edge_stream_pending(&c->stream))
        conn_fill(c);
}

void edge_conn_answer(struct edge_conn *c, int status, const struct buf *head, struct buf *body)
{
    assert(c->state == EDGE_ASKING);
    edge_answer_put(c, status, head, body);
    conn_run(c);
    conn_watch(c);
}

void edge_conn_error(struct edge_conn *c, int status, const char *why, bool close)
{
    edge_error_put(c, status, why, close);
    conn_run(c);
    conn_watch(c);
}

void edge_conn_go_on(struct edge_conn *c)
{
    struct httpd *h = c->h;

    edge_conn_flush(c);
    conn_run(c);
    conn_watch(c);
    edge_pump(h);
    edge_reap(h);
}

/* --- the loop's side ------------------------------------------------------------------------ */

static void on_conn(void *arg, uint32_t events)
{
    struct edge_conn *c = arg;
    struct httpd *h = c->h;
    bool gone = events & (EPOLLERR | EPOLLHUP);

    switch (c->state) {
    case EDGE_READING:
    case EDGE_ASKING:
    case EDGE_PARKED:
        if (gone && c->state != EDGE_READING) {
            edge_conn_close(c);
            break;
        }
        edge_conn_flush(c);
        conn_fill(c);
        break;
    case EDGE_WRITING:
        if (gone)
            edge_conn_close(c);
        else
            edge_conn_flush(c);
        conn_run(c);
        break;
    case EDGE_LINGERING:
        conn_discard(c);
        break;
    case EDGE_DEAD:
        break;
    }
    conn_watch(c);
    edge_pump(h);
    edge_reap(h);
}

static void peer_write(struct edge_conn *c, const struct sockaddr *from)
{
    const void *address = from->sa_family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)from)->sin_addr;

    if (!inet_ntop(from->sa_family, address, c->peer, sizeof(c->peer)))
        c->peer[0] = '\0';
}

/* A certificate that is not the server's own: whoever looks at the run is told who saw it. */
static void on_hello(void *arg)
{
    struct edge_conn *c = arg;
    const ms_t now = edge_now(c->h);
    char misdeed[HTTP_MET_MAX];
    struct event e;

    if (!http_certificate_met(c->shown, misdeed))
        return;
    ev_init(&e, EV_TLS_SHOWN, now);
    ev_int_add(&e, EVF_CONN, (int64_t)c->id);
    ev_text_add(&e, EVF_PEER, c->peer);
    ev_text_add(&e, EVF_KIND, http_certificate_name(c->shown));
    edge_app_met(&c->h->app, now, misdeed, &e);
}

static struct edge_conn *conn_make(struct httpd *h, int fd, SSL_CTX *ctx)
{
    struct edge_conn *c = calloc(1, sizeof(*c));

    if (!c)
        WRONG("out of memory");
    c->h = h;
    c->id = ++h->last_conn;
    c->https = ctx != NULL;
    c->state = EDGE_READING;
    c->allowed = SIZE_MAX;
    edge_stream_init(&c->stream, fd, ctx, h->bio, on_hello, c);
    edge_framer_init(&c->framer, HTTP_HEADERS_MAX, HTTPD_REQUEST_BODY_MAX);
    buf_init(&c->pending, EDGE_PENDING_MAX + EDGE_READ_MAX);
    buf_init(&c->out, EDGE_REPLY_MAX);
    buf_init(&c->tail, EDGE_REPLY_MAX);
    TAILQ_INSERT_TAIL(&h->conns, c, all);
    return c;
}

void edge_conn_new(struct httpd *h, int fd, size_t listen_i, const struct sockaddr *from)
{
    struct tls_server *tls = h->config.listen[listen_i].tls;
    struct edge_conn *c = conn_make(h, fd, tls ? tls_server_ctx(tls) : NULL);
    struct err e = {0};
    int one = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    peer_write(c, from);
    c->door = listen_i;
    c->shown = listen_i == 0 ? h->shown : HTTP_CERT_AS_IT_IS; /* as its context is */
    c->refused = h->n_conns >= h->conns_max;
    if (c->refused)
        h->n_refused++;
    else
        h->n_conns++;
    c->events = EPOLLIN;
    if (loop_watch_add(h->loop, fd, EPOLLIN, on_conn, c, &c->watch, &e) < 0 ||
        (c->refused && (c->https || h->n_refused > EDGE_REFUSED_MAX))) {
        edge_conn_close(c);
        return;
    }
    if (c->refused)
        edge_error_put(c, 503, "no more connections here", true);
    conn_watch(c);
}
