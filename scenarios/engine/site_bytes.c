/* The first bytes that a client of the site puts on the wire: made as its protocols make them, and
 * told apart by the reader that also looks at real packets. What is said of a flow is never taken
 * from what a caller meant to do. */
#include "scenarios/engine/flows.h"
#include "scenarios/engine/hello.h"
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#define HEAD_MAX KIB(32)

static void say(struct site *s, const struct lab_host *from, const struct lab_host *to,
                const char *kind, const char *name)
{
    struct event e;

    ev_init(&e, EV_FLOW_FIRST, s->now);
    site_flow_event(&e, s->lab, from->links[0].zone, from->links[0].address,
                    site_address_of(s, to));
    ev_text_add(&e, EVF_KIND, kind);
    ev_text_add(&e, EVF_SNI, name);
    ev_text_add(&e, EVF_LINK, from->links[0].zone);
    site_put(s, EVS_CAPTURE, &e);
}

void site_first_bytes(struct site *s, const struct lab_host *from, const struct lab_host *to,
                      const void *bytes, size_t len)
{
    char name[PACKET_NAME_MAX];
    const char *kind = flows_kind(bytes, len, name);

    if (kind != NULL)
        say(s, from, to, kind, name);
}

void site_hello_add(const struct site *s, struct buf *out, const char *host)
{
    struct rng rng;

    rng_seed(&rng, s->seed + s->seq);
    hello_write(out, host, &rng);
}

void site_head_add(struct buf *out, const struct http_request *rq)
{
    buf_printf(out, "%s %s%s%s HTTP/1.1\r\n", rq->method, rq->path, *rq->query == '\0' ? "" : "?",
               rq->query);
    buf_add(out, rq->headers.data, rq->headers.len);
    if (rq->body.len > 0)
        buf_printf(out, "Content-Length: %zu\r\n", rq->body.len);
    buf_text_add(out, "\r\n");
}

void site_client_speaks(struct site *s, const struct lab_host *from, const struct lab_host *to,
                        const struct url *u, const struct http_request *rq)
{
    struct buf bytes;

    buf_init(&bytes, HEAD_MAX);
    if (u->https)
        site_hello_add(s, &bytes, u->host);
    else
        site_head_add(&bytes, rq);
    assert(!bytes.full);
    site_first_bytes(s, from, to, bytes.data, bytes.len);
    buf_drop(&bytes);
}

/* The source address that the far end saw; through a proxy the client's flow ends there. */
static const char *seen_as(const struct site_conn *c)
{
    return c->via != NULL ? c->client : c->peer;
}

void site_flow_ends(struct site *s, const struct site_conn *c)
{
    const struct lab_host *from = site_host_of(s, c->caller);
    const struct lab_host *to =
        c->via != NULL ? c->via : lab_role(s->lab, s->servers[c->server].role);
    const bool tls = s->servers[c->server].https;
    struct event e;

    ev_init(&e, EV_FLOW_END, s->now);
    site_flow_event(&e, s->lab, from->links[0].zone, from->links[0].address,
                    site_address_of(s, to));
    ev_text_add(&e, EVF_LINK, from->links[0].zone);
    ev_text_add(&e, EVF_SEEN_AS, seen_as(c));
    ev_text_add(&e, EVF_KIND, c->via != NULL ? "connect+tls" : tls ? "tls" : "http");
    ev_text_add(&e, EVF_SNI, c->via != NULL || tls ? c->host : "");
    ev_int_add(&e, EVF_FIRST, c->first);
    ev_int_add(&e, EVF_LAST, s->now);
    ev_int_add(&e, EVF_SENT, (int64_t)c->sent);
    ev_int_add(&e, EVF_RECEIVED, (int64_t)c->received);
    site_put(s, EVS_CAPTURE, &e);
}

void site_flows_end(struct site *s)
{
    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        if (s->conns[i].open)
            site_flow_ends(s, &s->conns[i]);
        s->conns[i].open = false; /* whoever ends later has said his last word */
    }
}
