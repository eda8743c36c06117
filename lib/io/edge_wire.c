/* Misdeeds on the wire that a mock was told to have (struct http_wire), and patience with clients:
 * a head that does not come, bodies that together are too much.
 *
 * A slow answer is paced: edge_conn_flush() writes up to c->allowed, and a timer raises that. */
#include "lib/io/edge.h"

#include <sys/socket.h>

static ms_t own_of(const struct edge_conn *c, ms_t domain)
{
    return domain > 0 ? ms_max(1, clk_domain_to_own(&c->h->config.domain, domain)) : 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void on_pace(void *arg)
{
    struct edge_conn *c = arg;

    if (c->allowed == 0 && c->wire.slow_bytes == 0)
        c->allowed = SIZE_MAX; /* it was only late */
    else
        c->allowed += c->wire.slow_bytes;
    if (c->allowed < c->out.len)
        loop_timer_set(c->pace, loop_now(c->h->loop) + own_of(c, c->wire.slow_ms));
    edge_conn_go_on(c);
}

static void pace_begin(struct edge_conn *c, size_t at_once, ms_t wait_ms)
{
    c->allowed = at_once;
    if (!c->pace)
        c->pace = loop_timer_new(c->h->loop, on_pace, c);
    loop_timer_set(c->pace, loop_now(c->h->loop) + own_of(c, wait_ms));
}

static void reset(struct edge_conn *c)
{
    const struct linger now = {.l_onoff = 1};

    (void)setsockopt(c->stream.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    edge_conn_close(c);
}

static void twice(struct edge_conn *c)
{
    struct buf copy SCOPED(buf_drop) = {0};

    if (c->out.len > EDGE_REPLY_MAX / 2)
        return;
    buf_init(&copy, EDGE_REPLY_MAX);
    buf_add(&copy, buf_text(&c->out), c->out.len);
    buf_add(&c->out, buf_text(&copy), copy.len);
}

bool edge_wire_apply(struct edge_conn *c, size_t head_len)
{
    const struct http_wire *w = &c->wire;

    c->allowed = SIZE_MAX;
    if (!w->on)
        return true;
    if (w->reset) {
        reset(c);
        return false;
    }
    if (w->twice)
        twice(c);
    if (w->cut && w->cut_at < c->out.len)
        c->out.len = w->cut_at;
    c->close = c->close || w->cut || w->length_off != 0;
    if (w->late_ms > 0)
        pace_begin(c, 0, w->late_ms);
    else if (w->slow_bytes > 0)
        pace_begin(c, w->slow_body ? head_len : w->slow_bytes, w->slow_ms);
    return true;
}

size_t edge_wire_length(const struct edge_conn *c, size_t len)
{
    const int64_t told = (int64_t)len + (c->wire.on ? c->wire.length_off : 0);

    return told > 0 ? (size_t)told : 0;
}

/* --- nobody is let in ------------------------------------------------------------------------- */

static void on_open(void *arg)
{
    struct edge_listen *l = arg;
    struct err e = {0};

    /* Another program may have taken the port meanwhile: then we go on asking for it. */
    if (edge_listen_again(l, &e) < 0)
        loop_timer_set(l->closed, loop_now(l->h->loop) + EDGE_REOPEN_MS);
}

/* The first door's socket is closed, so that the kernel refuses. */
static void refuse_for(struct httpd *h, ms_t span)
{
    struct edge_listen *l = &h->listens[0];
    const ms_t own = ms_max(1, clk_domain_to_own(&h->config.domain, span));

    edge_listen_close(l);
    if (!l->closed)
        l->closed = loop_timer_new(h->loop, on_open, l);
    loop_timer_set(l->closed, loop_now(h->loop) + own);
}

static void drop_all(struct httpd *h, const struct edge_conn *but)
{
    struct edge_conn *c, *next;
    bool met = false;

    for (c = TAILQ_FIRST(&h->conns); c; c = next) {
        next = TAILQ_NEXT(c, all);
        if (c == but)
            continue;
        met = met || (c->door == 0);
        reset(c);
    }
    if (met)
        edge_app_met(&h->app, edge_now(h), "connections-dropped", NULL);
}

void edge_deed_do(struct httpd *h, const struct edge_deed *d, const struct edge_conn *asking)
{
    if (d->refuse_ms > 0)
        refuse_for(h, d->refuse_ms);
    if (d->certificate != HTTP_CERT_AS_IT_IS && h->config.certificate) {
        h->config.certificate(h->config.certificate_arg, d->certificate);
        h->shown = d->certificate;
    }
    if (d->drop)
        drop_all(h, asking);
}

/* --- patience --------------------------------------------------------------------------------- */

static void on_patience(void *arg)
{
    struct edge_conn *c = arg;

    edge_conn_error(c, 408, "the request did not come in time", true);
    edge_conn_go_on(c);
}

/* A request is begun and not whole: it has EDGE_REQUEST_MS for it. */
void edge_patience(struct edge_conn *c)
{
    const bool waits = c->state == EDGE_READING && c->framer.first_seen;

    if (waits && !c->patience) {
        c->patience = loop_timer_new(c->h->loop, on_patience, c);
        loop_timer_set(c->patience, loop_now(c->h->loop) + EDGE_REQUEST_MS);
    } else if (!waits && c->patience) {
        loop_timer_free(&c->patience);
    }
}

/* false: all bodies together are more than this server holds. */
bool edge_bodies_fit(struct edge_conn *c)
{
    const size_t holds = c->state == EDGE_DEAD ? 0 : c->framer.rq.body.cap;

    c->h->bodies += holds;
    c->h->bodies -= c->holds;
    c->holds = holds;
    return c->h->bodies <= EDGE_BODIES_MAX;
}
