/* The mock itself, for people and for Prometheus: a page that shows what there is, figures, and
 * wishes. Without any secret: keys, codes and tokens are not shown. */
#include "mock-palette/faults.h"
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

/* --- what was asked --------------------------------------------------------------------------- */

void pal_seen_note(const struct pal_ask *a)
{
    struct palette *p = a->p;
    struct pal_seen *s = &p->seen[p->n_seen++ % PAL_SEEN_MAX];
    const struct http_route *routes;

    (void)palette_routes(&routes);
    *s = (struct pal_seen){
        .at = a->ctx->now, .who = a->who, .op = a->op, .status = a->rp->lose ? 0 : a->rp->status};
    text_copy(s->code, sizeof(s->code), a->code);
    text_copy(s->uid, sizeof(s->uid), a->uid);
    if (a->cluster)
        text_copy(s->cluster, sizeof(s->cluster), a->cluster->name);
    if (a->route && (size_t)(a->route - routes) < PAL_OPS_MAX)
        p->calls[a->route - routes][s->status >= 400 ? 1 : 0]++;
}

/* --- the page --------------------------------------------------------------------------------- */

static void html_add(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (*text == '<')
            buf_text_add(out, "&lt;");
        else if (*text == '&')
            buf_text_add(out, "&amp;");
        else
            buf_char_add(out, *text);
}

static void cell(struct buf *out, const char *text)
{
    buf_text_add(out, "<td>");
    html_add(out, text);
}

static void ago_cell(struct buf *out, bool ever, ms_t then, ms_t now)
{
    if (ever)
        buf_printf(out, "<td>%" PRId64 " s ago", (now - then) / SECONDS(1));
    else
        buf_text_add(out, "<td>never");
}

static void head(struct buf *out, const char *title, const char *columns)
{
    char name[64];

    buf_printf(out, "</table><h2>%s</h2><table><tr>", title);
    while (text_next(&columns, ',', name, sizeof(name)))
        buf_printf(out, "<th>%s", name);
    buf_char_add(out, '\n');
}

static void gateways_show(const struct palette *p, ms_t now, struct buf *out)
{
    head(out, "Private gateways", "name,uid,state,heartbeat,list,agent");
    for (size_t i = 0; i < p->n_gateways; i++) {
        const struct pal_gateway *g = &p->gateways[i];

        buf_text_add(out, "<tr>");
        cell(out, g->name);
        cell(out, g->uid);
        cell(out, pal_state_name(g->state));
        ago_cell(out, g->beat_seen, g->last_beat, now);
        buf_printf(out, "<td>%" PRIu64, g->revision);
        cell(out, g->agent_version);
        buf_char_add(out, '\n');
    }
}

static void accounts_show(const struct palette *p, struct buf *out)
{
    head(out, "Cloud accounts", "name,uid,gateway,endpoint");
    for (size_t i = 0; i < p->n_accounts; i++) {
        if (!p->accounts[i].uid[0])
            continue;
        buf_text_add(out, "<tr>");
        cell(out, p->accounts[i].name);
        cell(out, p->accounts[i].uid);
        cell(out, p->accounts[i].overlord);
        cell(out, p->accounts[i].at.endpoint);
        buf_char_add(out, '\n');
    }
}

static void clusters_show(const struct palette *p, ms_t now, struct buf *out)
{
    head(out, "Clusters",
         "name,uid,state,health,owner,epoch,revision,claim,machines,agents,heartbeat,gateway");
    for (size_t i = 0; i < p->n_clusters; i++) {
        const struct pal_cluster *c = p->clusters[i];

        buf_text_add(out, "<tr>");
        cell(out, c->name);
        cell(out, c->uid);
        cell(out, pal_life_shown(&c->life));
        cell(out, pal_health_name(c->health));
        cell(out, pal_stage_row(c->life.stage)->by_cluster ? "cluster" : "gateway");
        buf_printf(out, "<td>%" PRId64 "<td>%" PRId64 "<td>%" PRId64 "<td>%zu<td>%zu",
                   c->life.epoch, c->life.revision, c->life.claim, c->n_machines, c->n_agents);
        ago_cell(out, c->beat_seen, c->last_beat, now);
        cell(out, p->gateways[c->gateway_i].name);
        buf_char_add(out, '\n');
    }
}

static const char *const who_names[] = {
    [PAL_NOBODY] = "", [PAL_USER] = "user", [PAL_GATEWAY] = "gateway", [PAL_AGENT] = "agent"};

static void seen_show(const struct palette *p, ms_t now, struct buf *out)
{
    head(out, "Last exchanges", "when,who,operation,answer,code,gateway,cluster");
    for (uint64_t i = p->n_seen; i > 0 && i + PAL_SEEN_MAX > p->n_seen; i--) {
        const struct pal_seen *s = &p->seen[(i - 1) % PAL_SEEN_MAX];

        buf_text_add(out, "<tr>");
        ago_cell(out, true, s->at, now);
        cell(out, who_names[s->who]);
        cell(out, s->op);
        buf_printf(out, "<td>%d", s->status);
        cell(out, s->code);
        cell(out, s->uid);
        cell(out, s->cluster);
        buf_char_add(out, '\n');
    }
}

static void misdeeds_show(const struct palette *p, struct buf *out)
{
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    head(out, "What went wrong", "what,armed,fired");
    for (size_t i = 0; i < n; i++) {
        const struct palette_tally t = palette_misdeed_tally(p, i);

        if (t.armed == 0)
            continue;
        buf_text_add(out, "<tr>");
        cell(out, list[i].name);
        buf_printf(out, "<td>%" PRIu64, t.armed);
        if (t.untold)
            buf_text_add(out, "<td>not told\n");
        else
            buf_printf(out, "<td>%" PRIu64 "\n", t.fired);
    }
}

static void faults_show(const struct palette *p, struct buf *out)
{
    head(out, "Armed", "call,what,times,fired");
    for (size_t i = 0; i < p->n_faults; i++) {
        const struct pal_fault *f = &p->faults[i];

        buf_text_add(out, "<tr>");
        cell(out, f->op);
        cell(out, pal_fault_name(f->what));
        buf_printf(out, "<td>%" PRIu64 "<td>%" PRIu64 "\n", f->times, f->fired);
    }
}

static void page(const struct palette *p, ms_t now, struct http_reply *rp)
{
    struct buf out SCOPED(buf_drop) = {.max = HTTP_BODY_MAX};

    buf_text_add(&out, "<!DOCTYPE html><meta charset=utf-8><meta http-equiv=refresh content=2>"
                       "<title>mock-palette</title><style>body{font:14px sans-serif}"
                       "td,th{text-align:left;padding:1px 1em 1px 0}</style>"
                       "<h1>mock-palette</h1><table>\n");
    gateways_show(p, now, &out);
    accounts_show(p, &out);
    clusters_show(p, now, &out);
    faults_show(p, &out);
    misdeeds_show(p, &out);
    seen_show(p, now, &out);
    buf_text_add(&out, "</table>\n");
    http_reply_text(rp, 200, "text/html; charset=utf-8", buf_text(&out));
}

/* --- figures ---------------------------------------------------------------------------------- */

#define METRIC "gateproof_palette_"

static void kind(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP " METRIC "%s %s\n# TYPE " METRIC "%s %s\n", name, help, name, type);
}

static void calls_metric(const struct palette *p, struct buf *out)
{
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);
    static const char *const ends[] = {"ok", "refused"};

    kind(out, "calls_total", "counter", "Answered calls by operation and end.");
    for (size_t i = 0; i < n && i < PAL_OPS_MAX; i++)
        for (size_t j = 0; j < COUNTOF(ends); j++)
            if (p->calls[i][j] > 0)
                buf_printf(out,
                           METRIC "calls_total{op=\"%s\",method=\"%s\",path=\"%s\",end=\"%s\"} "
                                  "%" PRIu64 "\n",
                           routes[i].name, routes[i].method, routes[i].path, ends[j],
                           p->calls[i][j]);
}

static void gateways_metric(const struct palette *p, struct buf *out)
{
    size_t n[PAL_DELETED + 1] = {0};

    kind(out, "gateways", "gauge", "Private gateways by state.");
    for (size_t i = 0; i < p->n_gateways; i++)
        n[p->gateways[i].state]++;
    for (enum pal_state s = PAL_PENDING; s <= PAL_DELETED; s++)
        buf_printf(out, METRIC "gateways{state=\"%s\"} %zu\n", pal_state_name(s), n[s]);
}

static void clusters_metric(const struct palette *p, struct buf *out)
{
    size_t n[PAL_STAGE_COUNT] = {0}, agents = 0, unwell = 0;
    static const char *const names[PAL_STAGE_COUNT] = {
        [PAL_STAGE_PENDING] = "pending",   [PAL_STAGE_PROVISIONING] = "provisioning",
        [PAL_STAGE_RUNNING] = "running",   [PAL_STAGE_RECLAIM] = "reclaim",
        [PAL_STAGE_DELETING] = "deleting", [PAL_STAGE_DELETED] = "deleted"};

    kind(out, "clusters", "gauge", "Clusters by stage and owner.");
    for (size_t i = 0; i < p->n_clusters; i++) {
        n[p->clusters[i]->life.stage]++;
        agents += p->clusters[i]->n_agents;
        unwell += p->clusters[i]->health == PAL_UNWELL;
    }
    for (enum pal_stage s = 0; s < PAL_STAGE_COUNT; s++)
        buf_printf(out, METRIC "clusters{stage=\"%s\",owner=\"%s\"} %zu\n", names[s],
                   pal_stage_row(s)->by_cluster ? "cluster" : "gateway", n[s]);
    kind(out, "clusters_unhealthy", "gauge", "Clusters without a heartbeat for too long.");
    buf_printf(out, METRIC "clusters_unhealthy %zu\n", unwell);
    kind(out, "agents", "gauge", "Identities of agents ever given.");
    buf_printf(out, METRIC "agents %zu\n", agents);
    kind(out, "queries_open", "gauge", "Questions that wait for a gateway.");
    buf_printf(out, METRIC "queries_open %zu\n", p->n_open);
}

static void faults_metric(const struct palette *p, struct buf *out)
{
    kind(out, "faults_fired_total", "counter", "Misbehaviours that were asked for and happened.");
    for (size_t i = 0; i < p->n_faults; i++)
        buf_printf(out,
                   METRIC "faults_fired_total{row=\"%zu\",op=\"%s\",what=\"%s\"} %" PRIu64 "\n", i,
                   p->faults[i].op, pal_fault_name(p->faults[i].what), p->faults[i].fired);
}

static void misdeeds_metric(const struct palette *p, struct buf *out)
{
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    kind(out, "misbehaviours_armed_total", "counter", "How often each was armed.");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, METRIC "misbehaviours_armed_total{kind=\"%s\"} %" PRIu64 "\n", list[i].name,
                   p->misdeeds[i].armed);
    kind(out, "misbehaviours_fired_total", "counter", "How often each struck.");
    for (size_t i = 0; i < n; i++)
        if (!palette_misdeed_tally(p, i).untold)
            buf_printf(out, METRIC "misbehaviours_fired_total{kind=\"%s\"} %" PRIu64 "\n",
                       list[i].name, p->misdeeds[i].fired);
}

static void metrics(const struct palette *p, struct http_reply *rp)
{
    struct buf out SCOPED(buf_drop) = {.max = HTTP_BODY_MAX};

    calls_metric(p, &out);
    gateways_metric(p, &out);
    clusters_metric(p, &out);
    faults_metric(p, &out);
    misdeeds_metric(p, &out);
    http_reply_text(rp, 200, "text/plain; version=0.0.4; charset=utf-8", buf_text(&out));
}

/* --- the door --------------------------------------------------------------------------------- */

/* One wish a line; stops at the first that cannot be done. */
static void wishes(struct palette *p, ms_t now, const char *text, struct http_reply *rp)
{
    char line[256];

    while (text_next(&text, '\n', line, sizeof(line)))
        if (!palette_do(p, now, line, rp)) {
            struct buf why SCOPED(buf_drop) = {.max = KIB(1)};

            buf_printf(&why, "cannot do: %s\n", line);
            http_reply_text(rp, 400, "text/plain", buf_text(&why));
            return;
        }
    rp->status = 204;
}

void palette_control(struct palette *p, const struct http_ctx *ctx, const struct http_request *rq,
                     struct http_reply *rp)
{
    palette_tick(p, ctx->now, rp);
    if (text_is(rq->path, "/control") && text_is(rq->method, "POST"))
        wishes(p, ctx->now, buf_text(&rq->body), rp);
    else if (text_is(rq->path, "/metrics") && text_is(rq->method, "GET"))
        metrics(p, rp);
    else if (text_is(rq->path, "/") && text_is(rq->method, "GET"))
        page(p, ctx->now, rp);
    else
        http_reply_text(rp, 404, "text/plain",
                        "GET / shows, GET /metrics counts, POST /control does\n");
}
