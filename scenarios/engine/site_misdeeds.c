/* Misdeeds of a mock's wires in a site: what a client would make of the bytes, without the bytes.
 */
#include "scenarios/engine/site_private.h"

#define HEAD_BYTES 64 /* of an answer's head that the sender adds: status line, length, date */

void site_server_told(struct site *s, enum site_server_id server, struct http_reply *rp)
{
    struct site_server *at = &s->servers[server];

    site_reply_spread(s, server, rp); /* the edge, too, tells first and does then */
    if (rp->refuse_ms > 0)
        at->refuses_until = s->now + rp->refuse_ms;
    if (rp->certificate != HTTP_CERT_AS_IT_IS)
        at->certificate = rp->certificate;
    if (rp->drop)
        site_drop_all(s, server);
}

void site_server_met(struct site *s, enum site_server_id server, const char *misdeed)
{
    struct ev_list events = {0};

    s->servers[server].met(s->servers[server].app, s->now, misdeed, &events);
    site_put_list(s, s->servers[server].src, &events);
    ev_list_drop(&events);
}

bool site_server_refuses(const struct site *s, enum site_server_id server)
{
    return s->servers[server].refuses_until > s->now;
}

/* Until the last byte is there. */
static ms_t slowness(const struct http_wire *w, size_t head, size_t body)
{
    const size_t paced = w->slow_body ? body : head + body;

    if (w->late_ms > 0)
        return w->late_ms;
    if (w->slow_bytes == 0)
        return 0;
    return (ms_t)((paced + w->slow_bytes - 1) / w->slow_bytes) * w->slow_ms;
}

void site_answer_suffers(struct site_call *c, const struct http_reply *rp)
{
    const struct http_wire *w = &rp->wire;
    const size_t head = HEAD_BYTES + rp->headers.len, body = rp->body.len;

    if (!w->on)
        return;
    c->lose = c->lose || w->reset || (w->cut && w->cut_at < head + body) || w->length_off > 0;
    c->closes = w->twice || w->cut || w->length_off != 0;
    c->slow_ms = slowness(w, head, body);
    if (w->length_off < 0) {
        const size_t less = (size_t)-w->length_off;

        c->result.body.len = less < body ? body - less : 0;
    }
}
