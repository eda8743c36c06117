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

#endif
