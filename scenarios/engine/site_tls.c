/* TLS of a site. There are no keys and no ciphers in it: a server has a certificate of some kind, a
 * proxy may stand in between with one of its own, and a client takes it or goes away before it has
 * sent a byte of its request. Each leaves the traces that it leaves in a real lab. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <string.h>

/* --- what is shown ---------------------------------------------------------------------------- */

static const char *role_of(const struct site *s, const struct site_conn *c)
{
    const struct lab_host *h = lab_host_at(s->lab, c->client);

    return h == NULL ? c->client : h->role;
}

static void server_shows(struct site *s, const struct site_conn *c)
{
    const struct site_server *server = &s->servers[c->server];
    char misdeed[HTTP_MET_MAX];
    struct event e;

    if (!http_certificate_met(server->certificate, misdeed))
        return;
    ev_init(&e, EV_TLS_SHOWN, s->now);
    ev_int_add(&e, EVF_CONN, (int64_t)c->number);
    ev_text_add(&e, EVF_PEER, c->peer);
    ev_text_add(&e, EVF_KIND, http_certificate_name(server->certificate));
    site_put(s, server->src, &e);
    site_server_met(s, c->server, misdeed);
}

/* The proxy's own client verifies, and no rogue can talk it out of that. */
static bool proxy_opens(struct site *s, struct site_call *c)
{
    struct event e;

    server_shows(s, c->conn);
    proxy_showed(&e, s->now, c->conn->tunnel, role_of(s, c->conn), c->conn->client, &c->conn->ask);
    site_put(s, EVS_PROXY, &e);
    c->conn->is_open_book = true;
    return site_takes_proxy(s, c->caller) &&
           http_certificate_is_good(s->servers[c->server].certificate);
}

static bool straight(struct site *s, struct site_call *c)
{
    server_shows(s, c->conn);
    return site_takes(s, c->caller, s->servers[c->server].certificate);
}

bool site_tls_begins(struct site *s, struct site_call *c)
{
    if (!s->servers[c->server].https ||
        (c->conn->via != NULL && s->proxy.rules.bumps ? proxy_opens : straight)(s, c))
        return true;
    site_conn_close(s, c->conn);
    c->conn = NULL;
    site_call_fail(s, c, HTTP_TLS_FAILED);
    return false;
}

void site_tls_speaks(struct site *s, const struct site_call *c)
{
    struct site_conn *conn = c->conn;
    char value[KIB(1)];
    struct event e;

    if (!conn->is_open_book || conn->was_read)
        return;
    conn->was_read = true;
    proxy_has_read(&e, s->now, conn->tunnel, role_of(s, conn), conn->client, &conn->ask);
    proxy_read_this(&e, c->rq.method,
                    http_header_get(&c->rq.headers, "Authorization", value, sizeof value));
    site_put(s, EVS_PROXY, &e);
}

/* --- acts ------------------------------------------------------------------------------------- */

void site_drop_all(struct site *s, enum site_server_id server)
{
    bool met = false;

    for (size_t i = 0; i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (!c->open || c->server != server)
            continue;
        site_conn_break(s, c);
        if (c->via != NULL)
            site_proxy_closed(s, c, "target");
        *c = (struct site_conn){.open = false};
        met = true;
    }
    if (met)
        site_server_met(s, server, "connections-dropped");
}

/* Palette itself is told, as its program is; what the edge would do for it is done here. */
bool site_palette_act(struct site *s, const struct script_line *line)
{
    struct site_server *palette = &s->servers[SITE_PALETTE];
    SCOPED(buf_drop) struct buf words = {0};
    struct http_reply rp;
    bool done;

    if (palette->down)
        return false;
    buf_init(&words, 64);
    if (line->n_args == 0)
        buf_text_add(&words, "drops every connection");
    else
        buf_printf(&words, "certificate %s", verb_certificate(line->args[0]));
    http_reply_init(&rp);
    done = palette_do(palette->app, s->now, buf_text(&words), &rp);
    site_server_told(s, SITE_PALETTE, &rp);
    http_reply_drop(&rp);
    return done;
}
