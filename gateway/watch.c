#include "gateway/watch.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX KIB(16)
#define PATH_SIZE  1152

/* --- what happens ---------------------------------------------------------------------------- */

void watch_start(struct watch *w, const struct gw_config *c, ms_t now, int64_t realtime_ms)
{
    *w = (struct watch){.started = now,
                        .now = now,
                        .beat_ok = MS_NEVER,
                        .gauges.beat_at = INT64_MIN,
                        .dirty = true};
    (void)text_copy(w->state.version, sizeof(w->state.version), c->version);
    (void)text_copy(w->state.uid, sizeof(w->state.uid), c->pcg_uid);
    (void)text_copy(w->state.account, sizeof(w->state.account), c->account_name);
    log_time_write(realtime_ms, w->state.started);
}

static void beat_look(struct watch *w, ms_t before, int64_t realtime_ms)
{
    const struct gw_gauges *g = &w->gauges;

    if (g->beat_at == INT64_MIN || g->beat_at == before || g->beat_failures)
        return;
    w->beat_ok = g->beat_at;
    log_time_write(realtime_ms, w->state.beat);
    w->state.beat_s = realtime_ms / 1000;
    w->state.patience_s = WATCH_BEATS_MISSED * g->heartbeat_ms / 1000 + 1;
    w->dirty = true;
}

void watch_step(struct watch *w, const struct gw *g, ms_t now, int64_t realtime_ms)
{
    const ms_t beat_before = w->gauges.beat_at;
    const struct watch_state before = w->state;
    struct watch_state *s = &w->state;

    w->now = now;
    gw_gauges_read(g, &w->gauges);
    beat_look(w, beat_before, realtime_ms);
    s->registered = w->gauges.registered;
    s->ended = w->gauges.ended;
    s->account_settled = w->gauges.account_settled;
    s->accounts = (int64_t)w->gauges.accounts;
    s->clusters = (int64_t)w->gauges.clusters;
    s->queries = (int64_t)w->gauges.queries;
    w->dirty = w->dirty || s->registered != before.registered || s->ended != before.ended ||
               s->account_settled != before.account_settled || s->accounts != before.accounts ||
               s->clusters != before.clusters;
}

void watch_line(struct watch *w, enum log_level level, const char *text, int64_t realtime_ms)
{
    struct watch_state *s = &w->state;
    struct watch_trouble *t;

    w->lines[level]++;
    if (level > LOG_WARN)
        return;
    if (s->n_troubles == WATCH_TROUBLES_MAX) {
        memmove(&s->troubles[0], &s->troubles[1], sizeof(s->troubles) - sizeof(s->troubles[0]));
        s->n_troubles--;
    }
    t = &s->troubles[s->n_troubles++];
    *t = (struct watch_trouble){.when = ""};
    log_time_write(realtime_ms, t->when);
    (void)text_copy(t->level, sizeof(t->level), log_level_name(level));
    (void)text_copy_len(t->text, sizeof(t->text), text, strnlen(text, sizeof(t->text) - 1));
    text_flatten(t->text, ' '); /* as it is logged; and each byte would be six in the file */
    w->dirty = true;
}

const char *watch_trouble(const struct watch *w)
{
    const struct gw_gauges *g = &w->gauges;

    if (g->ended)
        return "Palette has ended this gateway's identity";
    if (!g->registered)
        return "not registered with Palette";
    if (w->beat_ok == MS_NEVER || w->now - w->beat_ok > WATCH_BEATS_MISSED * g->heartbeat_ms)
        return "Palette answers no heartbeat";
    return g->feed_failures ? "Palette does not answer the feed" : "";
}

/* --- metrics --------------------------------------------------------------------------------- */

struct metric {
    const char *name, *type, *labels, *what;
    void (*write)(const struct metric *m, const struct watch *w, struct buf *out);
};

static void one(const struct metric *m, int64_t value, struct buf *out)
{
    buf_printf(out, "%s %" PRId64 "\n", m->name, value);
}

#define GAUGE(fn, value)                                                                           \
    static void fn(const struct metric *m, const struct watch *w, struct buf *out)                 \
    {                                                                                              \
        one(m, (int64_t)(value), out);                                                             \
    }
GAUGE(write_healthy, !*watch_trouble(w))
GAUGE(write_registered, w->gauges.registered)
GAUGE(write_ended, w->gauges.ended)
GAUGE(write_account, w->gauges.account_settled)
GAUGE(write_uptime, (w->now - w->started) / SECONDS(1))
GAUGE(write_beat_age, w->beat_ok == MS_NEVER ? -1 : (w->now - w->beat_ok) / SECONDS(1))
GAUGE(write_accounts, w->gauges.accounts)
GAUGE(write_clusters, w->gauges.clusters)
GAUGE(write_queries, w->gauges.queries)
GAUGE(write_in_flight, w->gauges.calls)
GAUGE(write_syncs, w->syncs)
#undef GAUGE

static void write_build(const struct metric *m, const struct watch *w, struct buf *out)
{
    buf_printf(out, "%s{version=\"%s\"} 1\n", m->name, w->state.version);
}

static void write_failures(const struct metric *m, const struct watch *w, struct buf *out)
{
    const struct {
        const char *op;
        unsigned n;
    } rows[] = {{"credential", w->gauges.credential_failures},
                {"heartbeat", w->gauges.beat_failures},
                {"feed", w->gauges.feed_failures}};

    for (size_t i = 0; i < COUNTOF(rows); i++)
        buf_printf(out, "%s{operation=\"%s\"} %u\n", m->name, rows[i].op, rows[i].n);
}

static void write_calls(const struct metric *m, const struct watch *w, struct buf *out)
{
    static const char *const targets[] = {[GW_PALETTE] = "palette", [GW_MAAS] = "maas"};

    for (size_t t = 0; t < COUNTOF(targets); t++)
        for (int o = 0; o < HTTP_OUTCOME_COUNT; o++)
            buf_printf(out, "%s{target=\"%s\",outcome=\"%s\"} %" PRIu64 "\n", m->name, targets[t],
                       http_outcome_name((enum http_outcome)o), w->calls[t][o]);
}

static void write_lines(const struct metric *m, const struct watch *w, struct buf *out)
{
    for (int level = 0; level < WATCH_LEVELS; level++)
        buf_printf(out, "%s{level=\"%s\"} %" PRIu64 "\n", m->name,
                   log_level_name((enum log_level)level), w->lines[level]);
}

static void write_reloads(const struct metric *m, const struct watch *w, struct buf *out)
{
    buf_printf(out, "%s{result=\"done\"} %" PRIu64 "\n%s{result=\"refused\"} %" PRIu64 "\n",
               m->name, w->reloads, m->name, w->reloads_refused);
}

/* clang-format off */
static const struct metric metrics[] = {
    {"gateproof_pcg_build_info", "gauge", "version", "always 1", write_build},
    {"gateproof_pcg_healthy", "gauge", "", "1 when the health answer is 200", write_healthy},
    {"gateproof_pcg_registered", "gauge", "", "1 when Palette has registered this gateway", write_registered},
    {"gateproof_pcg_identity_ended", "gauge", "", "1 when Palette has ended this gateway's identity", write_ended},
    {"gateproof_pcg_account_settled", "gauge", "", "1 when the cloud account is as configured", write_account},
    {"gateproof_pcg_uptime_seconds", "gauge", "", "since the start", write_uptime},
    {"gateproof_pcg_heartbeat_age_seconds", "gauge", "", "since the last answered heartbeat; -1 before the first", write_beat_age},
    {"gateproof_pcg_accounts", "gauge", "", "cloud accounts that Palette lists", write_accounts},
    {"gateproof_pcg_clusters", "gauge", "", "clusters that Palette lists", write_clusters},
    {"gateproof_pcg_queries_open", "gauge", "", "questions of Palette's users at work", write_queries},
    {"gateproof_pcg_calls_in_flight", "gauge", "", "calls that wait for an answer, the feed's included", write_in_flight},
    {"gateproof_pcg_failures_in_a_row", "gauge", "operation", "of calls to Palette, 0 after a good one", write_failures},
    {"gateproof_pcg_calls_total", "counter", "target, outcome", "calls that ended", write_calls},
    {"gateproof_pcg_log_lines_total", "counter", "level", "lines for people, shown or not", write_lines},
    {"gateproof_pcg_reloads_total", "counter", "result", "configurations read again on SIGHUP", write_reloads},
    {"gateproof_pcg_state_syncs_total", "counter", "", "times that records were made durable", write_syncs},
};
/* clang-format on */

void watch_metrics_write(const struct watch *w, struct buf *out)
{
    for (size_t i = 0; i < COUNTOF(metrics); i++) {
        const struct metric *m = &metrics[i];

        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->what, m->name, m->type);
        m->write(m, w, out);
    }
}

void watch_metrics_table(struct buf *out)
{
    buf_text_add(out, "| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < COUNTOF(metrics); i++)
        buf_printf(out, "| `%s` | %s | %s | %s |\n", metrics[i].name, metrics[i].type,
                   metrics[i].labels, metrics[i].what);
}

/* --- status.json ----------------------------------------------------------------------------- */

static const struct jx_field trouble_fields[] = {
    JX_TEXT(struct watch_trouble, when, JX_MUST),
    JX_TEXT(struct watch_trouble, level, JX_MUST),
    JX_TEXT(struct watch_trouble, text, JX_MUST),
};
static const struct jx_field state_fields[] = {
    JX_TEXT(struct watch_state, version, JX_MUST),
    JX_TEXT(struct watch_state, uid, JX_MUST),
    JX_TEXT(struct watch_state, account, 0),
    JX_TEXT(struct watch_state, started, JX_MUST),
    JX_TEXT(struct watch_state, written, JX_MUST),
    JX_TEXT(struct watch_state, beat, 0),
    JX_BOOL(struct watch_state, registered, "registered", JX_MUST),
    JX_BOOL(struct watch_state, ended, "ended", JX_MUST),
    JX_BOOL(struct watch_state, account_settled, "accountSettled", JX_MUST),
    JX_BOOL(struct watch_state, stopped, "stopped", JX_MUST),
    JX_INT(struct watch_state, accounts, "accounts", JX_MUST, 0, GW_ACCOUNTS_MAX),
    JX_INT(struct watch_state, clusters, "clusters", JX_MUST, 0, INT32_MAX),
    JX_INT(struct watch_state, queries, "queries", JX_MUST, 0, GW_QUERIES_MAX),
    JX_INT(struct watch_state, beat_s, "beatSeconds", 0, 0, INT64_MAX),
    JX_INT(struct watch_state, patience_s, "beatMaxAgeSeconds", 0, 0, INT32_MAX),
    JX_ARRAY(struct watch_state, troubles, n_troubles, "troubles", 0, trouble_fields),
};

static int all_write(const char *path, const struct buf *text, struct err *e)
{
    ssize_t n;
    int fd, r;

    (void)unlink(path); /* whatever a former process, or anybody, left there */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, "%s cannot be written", path);
    n = write(fd, text->data, text->len);
    if (n >= 0)
        errno = ENOSPC; /* a part of it: the kernel says why at the next attempt only */
    r = n == (ssize_t)text->len ? 0 : err_errno(e, "%s cannot be written", path);
    close(fd);
    return r;
}

int watch_save(struct watch *w, const char *dir, int64_t realtime_ms, struct err *e)
{
    SCOPED(buf_drop) struct buf text = {.max = STATUS_MAX};
    char path[PATH_SIZE], fresh[PATH_SIZE];
    int r;

    log_time_write(realtime_ms, w->state.written);
    jx_write(&text, state_fields, COUNTOF(state_fields), &w->state);
    buf_char_add(&text, '\n');
    assert(!text.full);
    snprintf(path, sizeof(path), "%s/" WATCH_FILE, dir);
    snprintf(fresh, sizeof(fresh), "%s/" WATCH_FILE ".new", dir);
    r = all_write(fresh, &text, e);
    if (r == 0 && rename(fresh, path) < 0)
        r = err_errno(e, "%s cannot be written", path);
    if (r < 0)
        (void)unlink(fresh);
    w->dirty = false; /* also when it failed: the next change tries again */
    return r;
}

/* It is read on a terminal, and quotes what others said. */
static void state_flatten(struct watch_state *s)
{
    char *const texts[] = {s->version, s->uid, s->account, s->started, s->written, s->beat};

    for (size_t i = 0; i < COUNTOF(texts); i++)
        text_flatten(texts[i], ' ');
    for (size_t i = 0; i < s->n_troubles; i++) {
        text_flatten(s->troubles[i].when, ' ');
        text_flatten(s->troubles[i].level, ' ');
        text_flatten(s->troubles[i].text, ' ');
    }
}

int watch_load(struct watch_state *ret, const char *dir, struct err *e)
{
    SCOPED(buf_drop) struct buf text = {.max = STATUS_MAX};
    struct watch_state s = {.version = ""};
    char path[PATH_SIZE];
    int r;

    snprintf(path, sizeof(path), "%s/" WATCH_FILE, dir);
    r = file_read(path, &text, e);
    if (r == 0)
        r = jx_read(buf_text(&text), text.len, state_fields, COUNTOF(state_fields), 0, &s, e);
    if (r == 0) {
        state_flatten(&s);
        *ret = s;
    }
    if (r == 0 || r == -ENOENT)
        return r < 0 ? err_set(e, r, "it has not said anything of itself yet") : 0;
    snprintf(path, sizeof(path), "%s", e->text);
    return err_set(e, r,
                   "what it last said of itself cannot be read (" WATCH_FILE ": %.200s); the next "
                   "start writes it anew",
                   path);
}

bool watch_state_linked(const struct watch_state *s, int64_t realtime_s)
{
    return s->registered && !s->ended && *s->beat && realtime_s - s->beat_s <= s->patience_s;
}

static void link_write(const struct watch_state *s, struct buf *out)
{
    buf_printf(out, "link: %s",
               s->ended        ? "ended by Palette; a new pairing code is wanted"
               : s->registered ? "registered with Palette"
                               : "not registered with Palette");
    if (*s->beat)
        buf_printf(out, ", last answered heartbeat %s", s->beat);
    buf_char_add(out, '\n');
}

void watch_state_write(const struct watch_state *s, struct buf *out)
{
    buf_printf(out, "gateway: %s, version %s, started %s; as of %s\n", s->uid, s->version,
               s->started, s->written);
    link_write(s, out);
    buf_printf(out, "account: %s, %s\n", s->account,
               s->account_settled ? "in Palette as configured" : "not settled in Palette");
    buf_printf(out,
               "listed by Palette: %" PRId64 " accounts, %" PRId64 " clusters; %" PRId64
               " open questions\n",
               s->accounts, s->clusters, s->queries);
    buf_printf(out, "last troubles:%s\n", s->n_troubles ? "" : " none");
    for (size_t i = 0; i < s->n_troubles; i++)
        buf_printf(out, "  %s %s %s\n", s->troubles[i].when, s->troubles[i].level,
                   s->troubles[i].text);
}
