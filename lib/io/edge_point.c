/* The phases of a request that whoever started the program wants to see. Told from the loop's
 * thread with nothing inside civetweb, so while it is told this process does nothing else: what the
 * other side of httpd_hold_fn does happens exactly there. */
#include "lib/io/edge.h"

#include "lib/base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static void tell(struct edge_conn *c, const char *phase)
{
    struct httpd *h = c->h;

    assert(h->outstanding == 0 && !h->holding);
    h->holding = true;
    h->config.hold(h->config.hold_arg, phase, c->point);
    h->holding = false;
}

/* Headers and body stay the connection's. */
static void request_borrow(const struct edge_request *from, struct http_request *ret)
{
    const char *target = buf_text(&from->target), *query = strchr(target, '?');
    size_t len = query ? (size_t)(query - target) : strlen(target);

    *ret = (struct http_request){.headers = from->headers, .body = from->body};
    (void)text_copy(ret->method, sizeof(ret->method), from->method);
    (void)text_copy_len(ret->path, sizeof(ret->path), target, len);
    (void)text_copy(ret->query, sizeof(ret->query), query ? query + 1 : "");
}

void edge_point_asked(struct edge_conn *c)
{
    struct httpd *h = c->h;
    struct http_request rq;
    bool wanted;

    if (!h->config.point)
        return;
    request_borrow(&c->framer.rq, &rq);
    pthread_mutex_lock(&h->app.lock);
    wanted = h->config.point(h->config.hold_arg, h->app.app, c->peer, c->id, &rq, c->point);
    pthread_mutex_unlock(&h->app.lock);
    if (wanted)
        tell(c, "asked");
    else
        c->point[0] = '\0';
}

void edge_point_done(struct edge_conn *c)
{
    if (c->point[0] != '\0')
        tell(c, "done");
}

/* Who closed hears nothing, though the kernel may still have taken the bytes. */
static bool has_left(const struct edge_conn *c)
{
    char byte;
    ssize_t n = recv(c->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

void edge_point_answered(struct edge_conn *c)
{
    if (c->point[0] != '\0' && !has_left(c))
        tell(c, "answered");
    c->point[0] = '\0';
}
