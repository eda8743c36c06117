/* What the mock shows of itself: a page, numbers for Prometheus, and its machines. Reads only, and
 * nothing of it is a secret: keys, bodies and queries are never kept. */
#include "mock-maas/model.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

/* --- the last exchanges ------------------------------------------------------------------------
 */

/* Somebody put a key into an address by mistake. */
static bool holds_a_secret(const struct maas *m, const char *path)
{
    for (size_t i = 0; i < m->rest.n_tokens; i++) {
        const struct maas_token *t = &m->rest.tokens[i];

        if ((t->secret[0] && strstr(path, t->secret)) || (t->token[0] && strstr(path, t->token)))
            return true;
    }
    return false;
}

static void clip(char *out, size_t size, const char *text)
{
    const size_t len = strlen(text);

    text_copy_len(out, size, text, len < size ? len : size - 1);
}

void maas_seen_keep(const struct maas_ask *a)
{
    struct maas *m = a->m;
    struct maas_seen *s = &m->seen[m->n_seen++ % MAAS_SEEN_MAX];
    const bool none = a->rp->hang || a->rp->lose;

    *s = (struct maas_seen){.at = a->ctx->now, .status = none ? 0 : a->rp->status};
    m->answers[none ? 0 : a->rp->status / 100 % 6]++;
    clip(s->method, sizeof(s->method), a->rq->method);
    clip(s->path, sizeof(s->path),
         a->route                         ? a->route->path
         : holds_a_secret(m, a->rq->path) ? "(a key stands in it)"
                                          : a->rq->path);
    clip(s->op, sizeof(s->op), a->route ? a->route->name : "unknown");
    clip(s->who, sizeof(s->who), a->user ? a->user->name : a->node ? "a machine" : "nobody");
    clip(s->about, sizeof(s->about), a->about_name);
}

/* --- the page ----------------------------------------------------------------------------------
 */

static void html(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (strchr("<>&\"", *text) || (unsigned char)*text < ' ')
            buf_printf(out, "&#%d;", (unsigned char)*text);
        else
            buf_char_add(out, *text);
}

static void cell(struct buf *out, const char *text)
{
    buf_text_add(out, "<td>");
    html(out, text);
}

static void machines_table(const struct maas *m, struct buf *out)
{
    size_t count[MAAS_STATUS_COUNT] = {0};

    for (size_t i = 0; i < m->n_machines; i++)
        count[m->machines[i]->status] += !m->machines[i]->gone;
    buf_text_add(out, "<h2>Machines</h2><table>\n");
    for (unsigned s = 0; s < MAAS_STATUS_COUNT; s++)
        if (count[s])
            buf_printf(out, "<tr><td>%s<td>%zu\n", maas_status_label((enum maas_status)s),
                       count[s]);
    buf_text_add(out, "</table>\n");
}

#define NAMED_MAX 200 /* machines that the page names; machines.json has all */

static void machines_named(const struct maas *m, struct buf *out)
{
    size_t n = 0;

    buf_text_add(out, "<table>\n");
    for (size_t i = 0; i < m->n_machines && n < NAMED_MAX; i++) {
        const struct maas_machine *one = m->machines[i];

        if (one->gone)
            continue;
        n++;
        buf_text_add(out, "<tr>");
        cell(out, one->hostname);
        cell(out, one->system_id);
        cell(out, maas_status_label(one->status));
        cell(out, one->owner);
        cell(out, maas_power_name(one->power));
        buf_char_add(out, '\n');
    }
    buf_text_add(out, "</table><p><a href=\"machines.json\">machines.json</a> · "
                      "<a href=\"metrics\">metrics</a></p>\n");
}

static void misdeeds_table(const struct maas *m, struct buf *out)
{
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    buf_text_add(out, "<h2>What goes wrong</h2><table>\n");
    for (size_t i = 0; i < n; i++) {
        const struct maas_tally t = maas_misdeed_tally(m, i);

        if (t.armed && t.untold)
            buf_printf(out, "<tr><td>%s<td>armed %" PRIu64 "<td>fired: not told\n", list[i].name,
                       t.armed);
        else if (t.armed || t.fired)
            buf_printf(out, "<tr><td>%s<td>armed %" PRIu64 "<td>fired %" PRIu64 "\n", list[i].name,
                       t.armed, t.fired);
    }
    buf_text_add(out, "</table>\n");
}

static void exchanges_table(const struct maas *m, struct buf *out)
{
    const size_t n = m->n_seen < MAAS_SEEN_MAX ? m->n_seen : MAAS_SEEN_MAX;

    buf_text_add(out, "<h2>The last exchanges</h2><table>\n");
    for (size_t i = 0; i < n; i++) { /* the newest first */
        const struct maas_seen *s = &m->seen[(m->n_seen - 1 - i) % MAAS_SEEN_MAX];
        const int64_t t = maas_time_of_day(m, s->at) % 86400;

        buf_printf(out, "<tr><td>%02d:%02d:%02d", (int)(t / 3600), (int)(t / 60 % 60),
                   (int)(t % 60));
        cell(out, s->method);
        cell(out, s->path);
        cell(out, s->op);
        cell(out, s->about);
        cell(out, s->who);
        buf_printf(out, s->status ? "<td>%d\n" : "<td>no answer\n", s->status);
    }
    buf_text_add(out, "</table>\n");
}

static void page(const struct maas *m, ms_t now, struct buf *out)
{
    (void)now;
    buf_text_add(out, "<!DOCTYPE html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" "
                      "content=\"2\"><title>mock-maas</title><style>body{font-family:sans-serif}"
                      "td{padding:0 1em 0 0}</style><h1>mock-maas</h1>\n");
    machines_table(m, out);
    machines_named(m, out);
    misdeeds_table(m, out);
    exchanges_table(m, out);
}

static void machines_json(const struct maas *m, ms_t now, struct buf *out)
{
    const char *comma = "";

    (void)now;
    buf_char_add(out, '[');
    for (size_t i = 0; i < m->n_machines; i++) {
        const struct maas_machine *one = m->machines[i];

        if (one->gone)
            continue;
        buf_printf(out, "%s{\"name\":", comma);
        jx_write_text(out, one->hostname);
        buf_printf(out, ",\"system_id\":\"%s\",\"status\":\"%s\",\"power\":\"%s\",\"owner\":",
                   one->system_id, maas_status_label(one->status), maas_power_name(one->power));
        jx_write_text(out, one->owner);
        buf_char_add(out, '}');
        comma = ",\n";
    }
    buf_text_add(out, "]\n");
}

/* --- numbers -----------------------------------------------------------------------------------
 */

struct metric {
    struct maas_metric_row row;
    void (*write)(const struct maas *m, ms_t now, const char *name, struct buf *out);
};

static void of_machines(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    size_t count[MAAS_STATUS_COUNT] = {0};

    (void)now;
    for (size_t i = 0; i < m->n_machines; i++)
        count[m->machines[i]->status] += !m->machines[i]->gone;
    for (unsigned s = 0; s < MAAS_STATUS_COUNT; s++)
        buf_printf(out, "%s{status=\"%s\"} %zu\n", name, maas_status_label((enum maas_status)s),
                   count[s]);
}

static void of_answers(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

    (void)now;
    for (size_t i = 0; i < COUNTOF(classes); i++)
        buf_printf(out, "%s{class=\"%s\"} %" PRIu64 "\n", name, classes[i], m->answers[i]);
}

/* Calls by operation; rows of one name are one operation. */
static void of_calls(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    const struct http_route *routes;
    const size_t n = maas_routes(&routes);

    (void)now;
    for (size_t i = 0; i < n; i++) {
        uint64_t sum = 0;
        size_t first = n;

        for (size_t k = 0; k < n; k++)
            if (text_is(routes[k].name, routes[i].name)) {
                first = k < first ? k : first;
                sum += m->calls[k];
            }
        if (first == i && sum)
            buf_printf(out, "%s{op=\"%s\"} %" PRIu64 "\n", name, routes[i].name, sum);
    }
}

static void of_misdeeds(const struct maas *m, const char *name, bool fired, struct buf *out)
{
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    for (size_t i = 0; i < n; i++) {
        const struct maas_tally t = maas_misdeed_tally(m, i);

        if (!fired || !t.untold)
            buf_printf(out, "%s{kind=\"%s\"} %" PRIu64 "\n", name, list[i].name,
                       fired ? t.fired : t.armed);
    }
}

static void of_armed(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    (void)now;
    of_misdeeds(m, name, false, out);
}

static void of_fired(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    (void)now;
    of_misdeeds(m, name, true, out);
}

static void of_time(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    buf_printf(out, "%s %" PRId64 "\n", name, maas_time_of_day(m, maas_now(m, now)));
}

static void of_events(const struct maas *m, ms_t now, const char *name, struct buf *out)
{
    (void)now;
    buf_printf(out, "%s %zu\n", name, m->rest.n_events);
}

static const struct metric metrics[] = {
    {{"mock_maas_machines", "gauge", "machines by status"}, of_machines},
    {{"mock_maas_answers_total", "counter",
      "requests by the class of their answer; none: lost on purpose"},
     of_answers},
    {{"mock_maas_calls_total", "counter", "requests that got as far as an operation, by its name"},
     of_calls},
    {{"mock_maas_misbehaviours_armed_total", "counter", "how often each was armed"}, of_armed},
    {{"mock_maas_misbehaviours_fired_total", "counter", "how often each struck"}, of_fired},
    {{"mock_maas_events_total", "counter", "rows of the event log ever written"}, of_events},
    {{"mock_maas_time_seconds", "gauge", "the mock's time of day, since 1970"}, of_time},
};

size_t maas_metrics(struct maas_metric_row ret[], size_t max)
{
    size_t n = 0;

    for (; n < COUNTOF(metrics) && n < max; n++)
        ret[n] = metrics[n].row;
    return n;
}

static void metrics_text(const struct maas *m, ms_t now, struct buf *out)
{
    for (size_t i = 0; i < COUNTOF(metrics); i++) {
        const struct maas_metric_row *row = &metrics[i].row;

        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->what, row->name, row->kind);
        metrics[i].write(m, now, row->name, out);
    }
}

bool maas_page(const struct maas *m, ms_t now, const char *path, struct http_reply *rp)
{
    static const struct {
        const char *path, *type;
        void (*write)(const struct maas *m, ms_t now, struct buf *out);
    } pages[] = {{"/", "text/html; charset=utf-8", page},
                 {"/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics_text},
                 {"/machines.json", "application/json", machines_json}};
    struct buf text SCOPED(buf_drop) = {0};

    for (size_t i = 0; i < COUNTOF(pages); i++)
        if (text_is(pages[i].path, path)) {
            buf_init(&text, MAAS_JSON_MAX);
            pages[i].write(m, now, &text);
            http_reply_text(rp, 200, pages[i].type, buf_text(&text));
            return true;
        }
    return false;
}
