#include "lib/io/log.h"

#include "lib/base/buf.h"
#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

void log_time_write(int64_t realtime_ms, char out[LOG_TIME_MAX])
{
    time_t s = (time_t)(realtime_ms / 1000);
    struct tm tm = {0};
    size_t len;

    (void)gmtime_r(&s, &tm);
    len = strftime(out, LOG_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out + len, LOG_TIME_MAX - len, ".%03dZ", (int)(realtime_ms % 1000));
}

static void json_write(struct buf *line, const struct log *l, const char *when,
                       enum log_level level, const char *message)
{
    buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"who\":", when, level_names[level]);
    jx_write_text(line, l->who);
    buf_text_add(line, ",\"message\":");
    jx_write_text(line, message);
    buf_text_add(line, "}\n");
}

void log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
    SCOPED(buf_drop) struct buf line = {.max = 8 * LOG_LINE_MAX}; /* each byte may become \uXXXX */
    char message[LOG_LINE_MAX], when[LOG_TIME_MAX];
    va_list args;

    if (level > l->level)
        return;
    log_time_write(clk_realtime_ms(), when);
    va_start(args, fmt);
    if (vsnprintf(message, sizeof(message), fmt, args) < 0)
        message[0] = '\0';
    va_end(args);
    text_flatten(message, ' ');
    if (l->form == LOG_JSON)
        json_write(&line, l, when, level, message);
    else
        buf_printf(&line, "%s %s %.64s %s\n", when, level_names[level], l->who, message);
    if (write(STDERR_FILENO, line.data, line.len) < 0)
        return; /* nobody reads: nothing to tell them */
}

bool log_gate_pass(struct log_gate *g, ms_t now, unsigned *ret_left_out)
{
    *ret_left_out = 0;
    if (!g->begun || now - g->since >= LOG_GATE_MS) {
        *ret_left_out = g->left_out;
        *g = (struct log_gate){.begun = true, .since = now};
    }
    if (g->lines == LOG_GATE_LINES) {
        g->left_out++;
        return false;
    }
    g->lines++;
    return true;
}
