/* Lines on stderr, for people (`time level who message`) or as JSON, one object a line with the
 * same four members. One call a line, never a secret. */
#ifndef IO_LOG_H
#define IO_LOG_H

#include "lib/base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_form { LOG_TEXT, LOG_JSON };
struct log {
    const char *who;
    enum log_level level;
    enum log_form form;
};
const char *log_level_name(enum log_level level);
/* Seconds since 1970 and milliseconds as 2026-07-01T00:00:30.250Z. */
#define LOG_TIME_MAX 32
void log_time_write(int64_t realtime_ms, char out[LOG_TIME_MAX]);
void log_line(const struct log *l, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* A bound for what a program that goes round in circles can write: LOG_GATE_LINES in any minute
 * that begins with a line. */
#define LOG_GATE_LINES 600
#define LOG_GATE_MS    MINUTES(1)
struct log_gate { /* all zero: open */
    bool begun;
    ms_t since;
    unsigned lines, left_out;
};
/* Whether one more line may go now. *ret_left_out: so many did not since the last one that may; to
 * be told before it, 0 when there were none. */
bool log_gate_pass(struct log_gate *g, ms_t now, unsigned *ret_left_out);

#endif
