#include "lib/io/log.h"

#include "lib/io/clk.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

/* "2026-07-01T00:00:30.250Z info mock-maas " */
static size_t head_write(char *line, size_t size, const struct log *l, enum log_level level)
{
    int64_t ms = clk_realtime_ms();
    time_t s = (time_t)(ms / 1000);
    struct tm tm = {0};
    size_t len;
    int n;

    (void)gmtime_r(&s, &tm);
    len = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
    n = snprintf(line + len, size - len, ".%03dZ %s %.64s ", (int)(ms % 1000), level_names[level],
                 l->who);
    assert(n > 0 && len + (size_t)n < size);
    return len + (size_t)n;
}

void log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    size_t head, len;
    va_list args;
    int n;

    if (level > l->level)
        return;
    head = head_write(line, sizeof(line), l, level);
    va_start(args, fmt);
    n = vsnprintf(line + head, sizeof(line) - head, fmt, args);
    va_end(args);
    len = n < 0 ? head : head + (size_t)n;
    if (len > sizeof(line) - 1)
        len = sizeof(line) - 1;
    for (size_t i = head; i < len; i++) /* a line is a line, whatever was put into it */
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = ' ';
    line[len] = '\n';
    if (write(STDERR_FILENO, line, len + 1) < 0)
        return; /* nobody reads: nothing to tell them */
}
