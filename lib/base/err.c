#include "lib/base/err.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is quoted may come from anywhere, and the reader is a terminal. */
#define FLAT '?'

int err_set(struct err *e, int code, const char *fmt, ...)
{
    assert(code < 0);
    if (e) {
        va_list args;
        va_start(args, fmt);
        e->code = code;
        vsnprintf(e->text, sizeof e->text, fmt, args);
        va_end(args);
        text_flatten(e->text, FLAT);
    }
    return code;
}

int err_at(struct err *e, const char *fmt, ...)
{
    char before[ERR_TEXT_MAX];
    size_t used;
    va_list args;

    assert(e);
    memcpy(before, e->text, sizeof before);
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    text_flatten(e->text, FLAT);
    used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, ": %s", before);
    return e->code;
}

int err_errno(struct err *e, const char *fmt, ...)
{
    const int number = errno;
    size_t used;
    va_list args;

    assert(number > 0);
    if (!e)
        return -number;
    e->code = -number;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    text_flatten(e->text, FLAT);
    used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, ": %s", strerror(number));
    errno = number;
    return -number;
}
