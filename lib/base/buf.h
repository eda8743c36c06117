/* Bounded bytes that grow up to a limit given at birth. Always NUL-terminated, so .data is text.
 *
 * Going over the limit sets .full and drops what does not fit; nothing is ever written past the
 * limit. Callers look at .full once, at the end. Memory exhaustion aborts (base.h, WRONG). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "lib/base/base.h"

#include <stdarg.h>

struct buf {
    char *data; /* NULL until the first byte; buf_text() never is */
    size_t len, cap, max;
    bool full; /* something did not fit */
};

void buf_init(struct buf *b, size_t max);
void buf_reserve(struct buf *b, size_t len); /* room for so many bytes more, at once */
void buf_drop(struct buf *b);                /* frees; leaves an empty buffer with the same limit */
void buf_clear(struct buf *b);               /* keeps the memory */
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_text_add(struct buf *b, const char *text);
void buf_char_add(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
void buf_cut(struct buf *b, size_t from_front); /* drops bytes at the front */
const char *buf_text(const struct buf *b);      /* "" when empty; valid until the next change */
char *buf_steal(struct buf *b);                 /* the caller frees; b is empty after */

#endif
