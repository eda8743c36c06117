#include "lib/io/httpd.h"

#include "lib/io/edge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HTTPD_BACKLOG 1024

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_storage room;
};

ms_t edge_now(const struct httpd *h)
{
    return clk_domain_ms(&h->config.domain);
}

/* --- accepting ------------------------------------------------------------------------------- */

static void accepting_set(struct httpd *h, bool on)
{
    if (h->accepting == on)
        return;
    h->accepting = on;
    for (size_t i = 0; i < h->config.n_listen; i++)
        if (h->listens[i].watch)
            loop_watch_change(h->listens[i].watch, on ? EPOLLIN : 0);
}

void edge_reap(struct httpd *h)
{
    struct edge_conn *c;

    if (TAILQ_EMPTY(&h->dead))
        return;
    while ((c = TAILQ_FIRST(&h->dead)) != NULL) {
        TAILQ_REMOVE(&h->dead, c, all);
        edge_conn_free(c);
    }
    accepting_set(h, true); /* a descriptor is free again */
}

static void on_again(void *arg)
{
    accepting_set(arg, true);
}

static void accepting_pause(struct httpd *h)
{
    if (!h->paused_before)
        fprintf(stderr, "%s: no descriptor is free, so clients wait: raise the limit (ulimit -n)\n",
                h->config.name);
    h->paused_before = true;
    accepting_set(h, false);
    loop_timer_set(h->again, loop_now(h->loop) + HTTPD_AGAIN_MS);
}

/* Without descriptors we stop listening until one is free, instead of being woken for nothing: one
 * of ours that ends says so; of what others of this process hold, nobody does. */
static void on_listen(void *arg, uint32_t events)
{
    struct edge_listen *l = arg;
    struct httpd *h = l->h;

    (void)events;
    for (int i = 0; i < EDGE_ACCEPTS_MAX; i++) {
        union address from = {0};
        socklen_t len = sizeof(from);
        int fd = accept4(l->fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int code = errno;

        if (fd < 0 && (code == EMFILE || code == ENFILE))
            accepting_pause(h);
        if (fd < 0)
            break;
        edge_conn_new(h, fd, l->i, &from.any);
    }
    edge_reap(h);
}

static bool address_read(const char *text, int port, union address *ret, socklen_t *ret_len)
{
    *ret = (union address){0};
    if (inet_pton(AF_INET, text, &ret->in.sin_addr) == 1) {
        ret->in.sin_family = AF_INET;
        ret->in.sin_port = htons((uint16_t)port);
        *ret_len = sizeof(ret->in);
        return true;
    }
    if (inet_pton(AF_INET6, text, &ret->in6.sin6_addr) == 1) {
        ret->in6.sin6_family = AF_INET6;
        ret->in6.sin6_port = htons((uint16_t)port);
        *ret_len = sizeof(ret->in6);
        return true;
    }
    return false;
}

static int listen_open(struct edge_listen *l, const char *address, int port, struct err *e)
{
    union address at;
    socklen_t len;
    int one = 1;

    if (!address_read(address, port, &at, &len))
        return err_set(e, -EINVAL, "listen address %s: want an IPv4 or IPv6 address", address);
    l->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return err_errno(e, "a socket to listen on %s", address);
    (void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (at.any.sa_family == AF_INET6)
        (void)setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(l->fd, &at.any, len) < 0 || listen(l->fd, HTTPD_BACKLOG) < 0 ||
        getsockname(l->fd, &at.any, &len) < 0)
        return err_errno(e, "listening on %s port %d", address, port);
    l->port = ntohs(at.any.sa_family == AF_INET6 ? at.in6.sin6_port : at.in.sin_port);
    return 0;
}

void edge_listen_close(struct edge_listen *l)
{
    loop_watch_remove(&l->watch);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

int edge_listen_again(struct edge_listen *l, struct err *e)
{
    int r = listen_open(l, l->h->config.listen[l->i].address, l->port, e);

    if (r == 0)
        r = loop_watch_add(l->h->loop, l->fd, l->h->accepting ? EPOLLIN : 0, on_listen, l,
                           &l->watch, e);
    if (r < 0)
        edge_listen_close(l);
    return r;
}

/* --- start and stop -------------------------------------------------------------------------- */

static void on_timer(void *arg)
{
    struct httpd *h = arg;

    h->timer_for = MS_NEVER;
    edge_pump(h);
    edge_reap(h);
}

static struct httpd *httpd_make(struct loop *l, const struct httpd_config *c)
{
    struct httpd *h = calloc(1, sizeof(*h));

    if (!h)
        WRONG("out of memory");
    assert(c->handle && (!c->due == !c->tick));
    assert(!c->point == !c->hold && (!c->point || c->pool == 1));
    assert(c->n_listen <= HTTPD_LISTENS_MAX && c->pool >= 1 && c->pool <= EDGE_POOL_MAX);
    h->config = *c;
    h->loop = l;
    h->last_conn = c->conns_before;
    h->conns_max = c->conns_max > 0 ? (size_t)c->conns_max : HTTPD_CONNS_MAX;
    TAILQ_INIT(&h->conns);
    TAILQ_INIT(&h->dead);
    TAILQ_INIT(&h->queue);
    for (size_t i = 0; i < HTTPD_LISTENS_MAX; i++)
        h->listens[i] = (struct edge_listen){.h = h, .i = i, .fd = -1};
    edge_app_start(&h->app, c);
    h->app.hands_over = true;
    h->answers_max = EDGE_ANSWERS_MAX;
    edge_park_init(&h->park);
    edge_up_init(h);
    h->bio = edge_stream_bio();
    h->timer = loop_timer_new(l, on_timer, h);
    h->timer_for = MS_NEVER;
    h->again = loop_timer_new(l, on_again, h);
    return h;
}

/* The order in which descriptors are added is the order in which they are served: replies from
 * inside before new connections, those before what clients say. */
static int httpd_open(struct httpd *h, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < h->config.n_listen && r == 0; i++)
        r = listen_open(&h->listens[i], h->config.listen[i].address, h->config.listen[i].port, e);
    if (r == 0)
        r = edge_civet_start(&h->civet, &h->app, h->config.pool, e);
    if (r == 0)
        r = edge_up_start(h, e);
    for (size_t i = 0; i < h->config.n_listen && r == 0; i++)
        r = loop_watch_add(h->loop, h->listens[i].fd, EPOLLIN, on_listen, &h->listens[i],
                           &h->listens[i].watch, e);
    return r;
}

int httpd_start(struct httpd **ret, struct loop *l, const struct httpd_config *c, struct err *e)
{
    struct httpd *h = httpd_make(l, c);
    int r = httpd_open(h, e);

    if (r < 0) {
        httpd_stop(h);
        return err_at(e, "%s", c->name);
    }
    h->accepting = true;
    edge_pump(h); /* sets the timer for the application's first due */
    *ret = h;
    return 0;
}

int httpd_port(const struct httpd *h, size_t listen_i)
{
    assert(listen_i < h->config.n_listen);
    return h->listens[listen_i].port;
}

void httpd_tell(struct httpd *h, httpd_words_fn *fn, const char *words)
{
    struct edge_deed deed;
    struct buf touched;

    edge_app_tell(&h->app, fn, edge_now(h), words, &touched, &deed);
    edge_park_touch(h, buf_text(&touched), touched.full);
    buf_drop(&touched);
    edge_deed_do(h, &deed, NULL);
    if (h->holding) /* the pump stands further up the call chain and will see */
        return;
    edge_pump(h);
    edge_reap(h);
}

void httpd_stop(struct httpd *h)
{
    struct edge_conn *c;

    if (!h)
        return;
    h->accepting = true; /* nothing to switch on again */
    while ((c = TAILQ_FIRST(&h->conns)) != NULL)
        edge_conn_close(c);
    edge_reap(h);
    for (size_t i = 0; i < HTTPD_LISTENS_MAX; i++) {
        edge_listen_close(&h->listens[i]);
        loop_timer_free(&h->listens[i].closed);
    }
    edge_up_stop(h);
    edge_civet_stop(h->civet);
    edge_park_drop(&h->park);
    loop_timer_free(&h->timer);
    loop_timer_free(&h->again);
    BIO_meth_free(h->bio);
    edge_app_stop(&h->app);
    free(h);
}
