/* What wires cost the calls of a site: a call's packets are few here (those that open its
 * connection, the request, the answer), and each is as late as the links on its way make it. */
#include "scenarios/engine/lab_ways.h"
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"

#define LAG_SEED UINT64_C(0x6c6167) /* not the seed's own row, so that others draw as ever */

void site_lag_init(struct site *s)
{
    lags_init(&s->lags, s->lab);
    rng_seed(&s->lag_rng, s->seed ^ LAG_SEED);
}

bool site_lag_act(struct site *s, const struct script_line *line)
{
    return lags_act(&s->lags, s->lab, line);
}

/* One packet through the host's link in that zone. */
static ms_t crosses(struct site *s, const struct lab_host *h, const char *zone,
                    enum lag_packet kind)
{
    const struct lab_link *link = h == NULL ? NULL : lab_link_in(h, zone);

    return link == NULL
               ? 0
               : lag_draw(&s->lags.at[h - s->lab->hosts][link - h->links], kind, &s->lag_rng);
}

/* One packet between the two. The way back is the way there, also where nothing may begin it. */
static ms_t packet(struct site *s, const struct lab_host *from, const struct lab_host *to, int port,
                   enum lag_packet kind)
{
    struct lab_way w;
    ms_t late = 0;

    if (from == NULL || to == NULL || from == to)
        return 0;
    lab_way(s->lab, from, to, port, &w);
    for (size_t i = 0; i < w.n; i++) {
        late += crosses(s, w.hops[i].via, w.hops[i].zone, kind);
        late += crosses(s, i + 1 < w.n ? w.hops[i + 1].via : to, w.hops[i].zone, kind);
    }
    return late;
}

static ms_t there_and_back(struct site *s, const struct lab_host *from, const struct lab_host *to,
                           int port, enum lag_packet kind)
{
    return packet(s, from, to, port, kind) + packet(s, from, to, port, kind);
}

ms_t site_lag_opens(struct site *s, const struct site_call *c, const struct lab_host *to, int port,
                    bool tls)
{
    const struct lab_host *from = site_host_of(s, c->caller);
    ms_t late;

    if (!s->lags.any)
        return 0;
    late = there_and_back(s, from, c->via == NULL ? to : c->via, port, LAG_BEGINS);
    if (c->via != NULL) /* CONNECT and its answer, and between them the proxy's own connection */
        late += there_and_back(s, from, c->via, port, LAG_DATA) +
                there_and_back(s, c->via, to, port, LAG_BEGINS);
    if (tls && c->via != NULL)
        late += there_and_back(s, c->via, to, port, LAG_DATA);
    return late + (tls ? there_and_back(s, from, c->via == NULL ? to : c->via, port, LAG_DATA) : 0);
}

ms_t site_lag_call(struct site *s, const struct site_call *c)
{
    const struct lab_host *from = site_host_of(s, c->caller), *to;
    int port;

    if (!s->lags.any || c->server == SITE_SERVERS)
        return 0;
    to = lab_role(s->lab, s->servers[c->server].role);
    port = s->servers[c->server].port;
    return c->via == NULL
               ? packet(s, from, to, port, LAG_DATA)
               : packet(s, from, c->via, port, LAG_DATA) + packet(s, c->via, to, port, LAG_DATA);
}

/* Its caller has gone home, and the request arrives all the same. */
static void goes_on(struct site *s, const struct site_call *c)
{
    struct site_call *twin = site_call_new(s);

    twin->caller = c->caller;
    twin->ticket = UINT64_MAX; /* nobody's */
    twin->server = c->server;
    twin->via = c->via;
    twin->conn_number = c->conn_number;
    twin->point = c->point;
    twin->orphan = true;
    twin->give_up = MS_NEVER;
    text_copy(twin->peer, sizeof twin->peer, c->peer);
    text_copy(twin->rq.method, sizeof twin->rq.method, c->rq.method);
    text_copy(twin->rq.path, sizeof twin->rq.path, c->rq.path);
    text_copy(twin->rq.query, sizeof twin->rq.query, c->rq.query);
    buf_add(&twin->rq.headers, c->rq.headers.data, c->rq.headers.len);
    buf_add(&twin->rq.body, c->rq.body.data, c->rq.body.len);
    site_call_move(s, twin, CALL_OUT, c->at);
}

void site_lag_given_up(struct site *s, const struct site_call *c)
{
    if (c->state == CALL_OUT && c->speaks_at <= s->now && c->at > s->now && c->at != MS_NEVER)
        goes_on(s, c);
}
