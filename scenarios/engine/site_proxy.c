/* The proxy of a site: a call that goes through it connects to its host, asks with a CONNECT's own
 * bytes, and is answered by the same rules as in namespaces; then the proxy connects to the target.
 */
#include "scenarios/engine/site_private.h"

#include "lib/base/proxy.h"
#include "lib/base/text.h"

#include <string.h>

#define TALK_MAX KIB(32) /* what a client sends until its call can begin */

/* One at each host of the role, where the gateway is told to look, else at the port of the lab. */
static void hosts_take(struct site *s)
{
    const char *address = lab_resolve(s->lab, s->outfit.host);
    const struct lab_host *told = lab_host_at(s->lab, address == NULL ? s->outfit.host : address);

    for (size_t i = 0; i < s->lab->n_hosts && s->proxy.n < SITE_PROXIES_MAX; i++) {
        const struct lab_host *h = &s->lab->hosts[i];

        if (!text_is(h->role, "proxy"))
            continue;
        s->proxy.at[s->proxy.n].host = h;
        s->proxy.at[s->proxy.n++].port = h == told ? s->outfit.port : h->listen;
    }
}

void site_proxy_init(struct site *s, const struct script *script)
{
    const char *seen_as;

    outfit_read(script, &s->outfit);
    if (lab_role(s->lab, "proxy") == NULL || !s->outfit.has_proxy_line)
        return;
    hosts_take(s);
    s->proxy.rules = (struct proxy_rules){.n_ports = 1, .ports = {443}};
    if (lab_reaches(s->lab, "proxy", "maas", &seen_as) == REACH_OPEN)
        s->proxy.rules.n_ports = 0; /* to anything: a temptation */
    text_copy(s->proxy.rules.user, sizeof s->proxy.rules.user, s->outfit.user);
    text_copy(s->proxy.rules.password, sizeof s->proxy.rules.password, s->outfit.password);
    site_secret_add(s, "proxy-password", s->outfit.password);
}

/* --- what it says --------------------------------------------------------------------------- */

static const char *role_of(const struct site *s, const struct site_conn *tunnel)
{
    const struct lab_host *h = lab_host_at(s->lab, tunnel->client);

    return h == NULL ? tunnel->client : h->role;
}

static void say_asked(struct site *s, const struct site_conn *tunnel, int status)
{
    struct event e;

    proxy_asked(&e, s->now, tunnel->tunnel, role_of(s, tunnel), tunnel->client, &tunnel->ask,
                status);
    site_put(s, EVS_PROXY, &e);
}

void site_proxy_closed(struct site *s, const struct site_conn *c, const char *why)
{
    struct event e;

    proxy_closed(&e, s->now, c->tunnel, role_of(s, c), c->client, &c->ask, why);
    proxy_counted(&e, c->sent, c->received);
    site_put(s, EVS_PROXY, &e);
}

void site_proxy_end(struct site *s)
{
    for (size_t i = 0; i < SITE_CONNS_MAX; i++)
        if (s->conns[i].open && s->conns[i].via != NULL) {
            site_proxy_closed(s, &s->conns[i], "end");
            s->conns[i].via = NULL;
        }
}

/* --- tunnels that are idle ------------------------------------------------------------------ */

static ms_t idle_end(const struct site *s, const struct site_conn *c)
{
    return c->open && c->via != NULL && s->proxy.idle_ms > 0 ? c->idle_since + s->proxy.idle_ms
                                                             : MS_NEVER;
}

ms_t site_proxy_due(const struct site *s)
{
    ms_t due = MS_NEVER;

    for (size_t i = 0; s->proxy.idle_ms > 0 && i < SITE_CONNS_MAX; i++)
        due = ms_min(due, idle_end(s, &s->conns[i]));
    return due;
}

void site_proxy_step(struct site *s)
{
    for (size_t i = 0; s->proxy.idle_ms > 0 && i < SITE_CONNS_MAX; i++) {
        struct site_conn *c = &s->conns[i];

        if (idle_end(s, c) > s->now)
            continue;
        site_proxy_closed(s, c, "idle");
        site_conn_break(s, c);
        *c = (struct site_conn){.open = false};
    }
}

/* --- the client's side ---------------------------------------------------------------------- */

/* The answer of the proxy to a client that waits for a tunnel. */
static void refused(struct site *s, struct site_call *c, enum http_proxy_fault fault, int status)
{
    site_call_fail(s, c, HTTP_PROXY_FAILED);
    c->result.proxy_fault = fault;
    c->result.proxy_status = status;
}

static void never_answers(struct site *s, struct site_call *c, enum http_proxy_fault fault)
{
    c->waits_for = fault;
    site_call_move(s, c, CALL_LOST, MS_NEVER);
}

static void refused_with(struct site *s, struct site_call *c, int status)
{
    static const struct {
        int status;
        enum http_proxy_fault fault;
    } rows[] = {
        {401, HTTP_PROXY_CREDENTIALS}, {407, HTTP_PROXY_CREDENTIALS}, {403, HTTP_PROXY_FORBIDS}};
    enum http_proxy_fault fault = HTTP_PROXY_STATUS;

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].status == status)
            fault = rows[i].fault;
    refused(s, c, fault, status);
}

static void head_write(const struct url *target, const struct url *proxy, struct buf *out)
{
    const char *colon = strchr(proxy->userinfo, ':');
    SCOPED(buf_drop) struct buf user = {0}, password = {0};

    buf_printf(out, "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n", target->host, target->port,
               target->host, target->port);
    if (*proxy->userinfo != '\0') {
        buf_init(&user, URL_USERINFO_MAX);
        buf_init(&password, URL_USERINFO_MAX);
        (void)url_decode(
            &user, proxy->userinfo,
            colon == NULL ? strlen(proxy->userinfo) : (size_t)(colon - proxy->userinfo), false);
        if (colon != NULL)
            (void)url_decode(&password, colon + 1, strlen(colon + 1), false);
        buf_text_add(out, "Proxy-Authorization: Basic ");
        proxy_token_write(buf_text(&user), buf_text(&password), out);
        buf_text_add(out, "\r\n");
    }
    buf_text_add(out, "\r\n");
}

/* --- the proxy's side ----------------------------------------------------------------------- */

/* Connects to the target. Returns the status that the client is told; 504 comes late. */
static int dial(struct site *s, struct site_call *c, const struct lab_host *via,
                const struct url *u, char peer[LAB_ADDRESS_MAX])
{
    const char *found = site_resolve(s, u->host), *address = found == NULL ? u->host : found;
    const struct lab_host *to = lab_host_at(s->lab, address);
    enum reach reach;

    if (to == NULL)
        return 502;
    reach = site_syn_to(s, via, to, address, u->port, peer);
    if (reach == REACH_DROP)
        return 504;
    c->server = site_server_at(s, to, address, u->port);
    return reach == REACH_REFUSED || reach == REACH_DECOY || c->server == SITE_SERVERS ||
                   site_server_refuses(s, c->server)
               ? 502
               : 200;
}

/* What both taps see of a tunnel that works: CONNECT and a hello, and the hello again behind it. */
static void tunnel_speaks(struct site *s, const struct lab_host *from, const struct lab_host *via,
                          const struct lab_host *to, const char *host, struct buf *talk)
{
    const size_t head = talk->len;

    site_hello_add(s, talk, host);
    site_first_bytes(s, from, via, talk->data, talk->len);
    site_first_bytes(s, via, to, talk->data + head, talk->len - head);
}

static void tunnel_asked(struct site *s, struct site_call *c, const struct lab_host *via,
                         const struct url *u, struct buf *talk)
{
    const struct lab_host *from = site_host_of(s, c->caller);
    struct site_conn asked = {.via = via, .tunnel = ++s->proxy.conns};
    const struct proxy_rules *rules = &s->proxy.rules;
    char peer[LAB_ADDRESS_MAX] = "";
    int status = proxy_decide(rules, buf_text(talk), talk->len, &asked.ask);

    text_copy(asked.client, sizeof asked.client, from->links[0].address);
    if (rules->way == PROXY_CLOSES || rules->way == PROXY_SILENT) {
        if (rules->way == PROXY_SILENT)
            never_answers(s, c, HTTP_PROXY_SILENT);
        else
            refused(s, c, HTTP_PROXY_CLOSES, 0);
        return;
    }
    if (status == 200)
        status = dial(s, c, via, u, peer);
    say_asked(s, &asked, status);
    if (status != 200) {
        refused_with(s, c, status);
        c->at += status == 504 ? PROXY_CALM_MS : 0;
        return;
    }
    if (rules->way == PROXY_CUTS) {
        refused(s, c, HTTP_PROXY_CUTS, 200);
        return;
    }
    c->opens_ms =
        site_lag_opens(s, c, lab_role(s->lab, s->servers[c->server].role), u->port, u->https);
    c->conn = site_conn_open(s, c->caller, c->server, peer);
    c->conn->via = via;
    c->conn->tunnel = asked.tunnel;
    c->conn->ask = asked.ask;
    text_copy(c->conn->client, sizeof c->conn->client, asked.client);
    tunnel_speaks(s, from, via, lab_role(s->lab, s->servers[c->server].role), u->host, talk);
    if (u->https)
        (void)site_tls_begins(s, c);
}

/* Is anybody there who takes a connection? */
static bool listens(const struct site *s, const struct lab_host *h, int port)
{
    for (size_t i = 0; i < s->proxy.n; i++)
        if (s->proxy.at[i].host == h && s->proxy.at[i].port == port)
            return s->proxy.rules.way != PROXY_REFUSES;
    return false;
}

static void connect_to(struct site *s, struct site_call *c, const struct url *u,
                       const struct url *proxy, const struct lab_host *via)
{
    SCOPED(buf_drop) struct buf talk = {0};
    char seen_as[LAB_ADDRESS_MAX];
    const enum reach reach = site_syn(s, site_host_of(s, c->caller), via, proxy->port, seen_as);

    c->opens_ms = site_lag_opens(s, c, via, proxy->port, false);

    if (reach == REACH_DROP) {
        never_answers(s, c, HTTP_PROXY_ABSENT);
        return;
    }
    if (reach == REACH_REFUSED || !listens(s, via, proxy->port)) {
        refused(s, c, HTTP_PROXY_REFUSES, 0);
        return;
    }
    buf_init(&talk, TALK_MAX);
    head_write(u, proxy, &talk);
    tunnel_asked(s, c, via, u, &talk);
}

void site_proxy_route(struct site *s, struct site_call *c, const struct url *u, const char *proxy)
{
    const char *found = site_resolve(s, u->host), *target = found == NULL ? u->host : found;
    const struct lab_host *to = lab_host_at(s->lab, target), *via;
    const char *address;
    struct url p;

    c->server = SITE_SERVERS;
    if (proxy_read(proxy, &p, NULL) < 0) {
        refused(s, c, HTTP_PROXY_UNREADABLE, 0);
        return;
    }
    address = site_resolve(s, p.host);
    via = lab_host_at(s->lab, address == NULL ? p.host : address);
    if (via == NULL) {
        refused(s, c, lab_zone_of(s->lab, p.host) ? HTTP_PROXY_ABSENT : HTTP_PROXY_NO_NAME, 0);
        return;
    }
    c->via = via;
    if (to != NULL)
        c->server = site_server_at(s, to, target, u->port);
    c->conn = c->server == SITE_SERVERS ? NULL : site_conn_idle(s, c->caller, c->server, via);
    if (c->conn == NULL)
        connect_to(s, c, u, &p, via);
    if (c->conn != NULL)
        site_call_leaves(s, c, u);
}
