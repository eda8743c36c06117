/* Lines for people on stderr: `time level who message`. One call a line, never a secret. */
#ifndef IO_LOG_H
#define IO_LOG_H

#include "lib/base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
struct log {
    const char *who;
    enum log_level level;
};
void log_line(const struct log *l, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
