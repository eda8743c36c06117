#include "lib/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 64 /* bytes taken at the first write: most of our texts are short */

void buf_init(struct buf *b, size_t max)
{
    assert(max < SIZE_MAX / 4);
    *b = (struct buf){.max = max};
}

void buf_drop(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->full = false;
    if (b->data)
        b->data[0] = '\0';
}

/* Room for `more` bytes and the NUL; the caller has checked the limit. */
static void grow(struct buf *b, size_t more)
{
    const size_t wanted = b->len + more + 1;
    size_t cap = b->cap ? b->cap : BUF_FIRST;

    assert(wanted <= b->max + 1);
    while (cap < wanted)
        cap *= 2;
    if (cap == b->cap)
        return;
    b->data = realloc(b->data, cap);
    if (!b->data)
        WRONG("no memory");
    b->cap = cap;
}

void buf_reserve(struct buf *b, size_t len)
{
    if (len <= b->max - b->len)
        grow(b, len);
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (len > b->max - b->len) {
        len = b->max - b->len;
        b->full = true;
    }
    if (len == 0)
        return;
    grow(b, len);
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_text_add(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char_add(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    int wanted;
    size_t len;

    va_copy(again, args);
    wanted = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (wanted < 0)
        WRONG("a format that cannot be written");
    len = (size_t)wanted;
    if (len > b->max - b->len) {
        len = b->max - b->len;
        b->full = true;
    }
    if (len == 0)
        return;
    grow(b, len);
    vsnprintf(b->data + b->len, len + 1, fmt, args);
    b->len += len;
}

void buf_cut(struct buf *b, size_t from_front)
{
    assert(from_front <= b->len);
    if (from_front == 0)
        return;
    b->len -= from_front;
    memmove(b->data, b->data + from_front, b->len);
    b->data[b->len] = '\0';
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
    char *text = b->data ? b->data : calloc(1, 1);

    if (!text)
        WRONG("no memory");
    buf_init(b, b->max);
    return text;
}
