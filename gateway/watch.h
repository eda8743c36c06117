/* What the shell noticed, for people's monitoring: numbers, the last troubles, and three ways to
 * see them: metrics in Prometheus's text format, a health answer, and STATE_DIR/status.json, which
 * `status` reads when the gateway is another process or not there any more. Nothing of the gateway
 * depends on any of it, and none of it holds a secret: the texts are the log's. */
#ifndef GATEWAY_WATCH_H
#define GATEWAY_WATCH_H

#include "gateway/core.h"
#include "lib/base/buf.h"
#include "lib/io/log.h"

#define WATCH_FILE         "status.json"
#define WATCH_TROUBLES_MAX 8
#define WATCH_LEVELS       4
#define WATCH_BEATS_MISSED 3 /* after that many heartbeats' time without one the link is down */

struct watch_trouble {
    char when[LOG_TIME_MAX], level[8], text[512];
};

struct watch_state { /* what status.json holds */
    char version[32], uid[GW_UID_MAX], account[256];
    char started[LOG_TIME_MAX], written[LOG_TIME_MAX], beat[LOG_TIME_MAX]; /* "" = never */
    bool registered, ended, account_settled, stopped;
    int64_t accounts, clusters, queries; /* listed, listed, open */
    int64_t beat_s, patience_s;          /* since 1970, of `beat`; how old that may be */
    size_t n_troubles;
    struct watch_trouble troubles[WATCH_TROUBLES_MAX]; /* newest last */
};

struct watch {
    struct watch_state state;
    struct gw_gauges gauges;
    ms_t now, started, beat_ok; /* loop time; beat_ok: MS_NEVER before the first */
    uint64_t calls[2][HTTP_OUTCOME_COUNT];
    uint64_t lines[WATCH_LEVELS], reloads, reloads_refused, syncs;
    bool dirty; /* status.json is older than what it should say */
};

void watch_start(struct watch *w, const struct gw_config *c, ms_t now, int64_t realtime_ms);
/* After each step of the core. */
void watch_step(struct watch *w, const struct gw *g, ms_t now, int64_t realtime_ms);
void watch_line(struct watch *w, enum log_level level, const char *text, int64_t realtime_ms);

/* "" when all is well, else why not. */
const char *watch_trouble(const struct watch *w);
void watch_metrics_write(const struct watch *w, struct buf *out);
/* The metrics as a table in Markdown, one row each. */
void watch_metrics_table(struct buf *out);

/* Replaces the file at once and whole; not synced, because it is no record. */
int watch_save(struct watch *w, const char *dir, int64_t realtime_ms, struct err *e) MUST_CHECK;
/* -ENOENT: no gateway has written one. */
int watch_load(struct watch_state *ret, const char *dir, struct err *e) MUST_CHECK;
void watch_state_write(const struct watch_state *s, struct buf *out); /* for people */
bool watch_state_linked(const struct watch_state *s, int64_t realtime_s);

#endif
