#include "scenarios/engine/cmdline.h"

#define TEXT_MAX KIB(16)

const char *word(struct words *x, const char *fmt, ...)
{
    size_t begin = x->text.len;
    va_list args;
    assert(x->n < CMDLINE_WORDS_MAX);
    va_start(args, fmt);
    buf_vprintf(&x->text, fmt, args);
    va_end(args);
    buf_char_add(&x->text, '\0');
    x->at[x->n++] = x->text.data + begin;
    return x->text.data + begin;
}

void words_init(struct words *x)
{
    *x = (struct words){0};
    buf_init(&x->text, TEXT_MAX);
    /* All memory at once. */
    for (size_t i = 0; i < TEXT_MAX - 1; i++)
        buf_char_add(&x->text, '\0');
    buf_clear(&x->text);
}

void words_drop(struct words *x)
{
    buf_drop(&x->text);
}
