#include "scenarios/engine/script_private.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int script_wrong(const struct script_place *p, int column, const char *fmt, ...)
{
    char sentence[ERR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    return err_set(p->e, -EINVAL, "%s:%d:%d: %s", p->file, p->number, column, sentence);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Length of the word at text, quotes included; 0 for a quote that does not end. */
static size_t word_len(const char *text, size_t left)
{
    size_t len = 0;

    if (text[0] == '"') {
        const char *end = memchr(text + 1, '"', left - 1);
        return end ? (size_t)(end - text) + 1 : 0;
    }
    while (len < left && !is_blank(text[len]))
        len++;
    return len;
}

/* What word processors make of a quote: U+2018 to U+201F, and guillemets. */
static bool is_fancy_quote(const char *text, size_t len)
{
    return (len >= 3 && memcmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] >= 0x98 &&
            (unsigned char)text[2] <= 0x9f) ||
           (len >= 2 && (memcmp(text, "\xc2\xab", 2) == 0 || memcmp(text, "\xc2\xbb", 2) == 0));
}

/* A blank that does not break, as copied from a web page: it looks like a blank, and is a letter.
 */
static const char *hard_blank(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        if (memcmp(text + i, "\xc2\xa0", 2) == 0)
            return text + i;
    return NULL;
}

static int word_take(const struct script_place *p, const char *text, size_t len, int column,
                     struct script_words *w)
{
    struct script_word *word = &w->at[w->n];
    size_t i;

    if (w->n == SCRIPT_WORDS_MAX)
        return script_wrong(p, column, "more than %d words on one line; split it in two",
                            SCRIPT_WORDS_MAX);
    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return script_wrong(p, column + (int)i, "a control character; remove it");
    if (hard_blank(text, len))
        return script_wrong(p, column + (int)(hard_blank(text, len) - text),
                            "a non-breaking space, which is no blank here; write a plain one");
    if (is_fancy_quote(text, len))
        return script_wrong(p, column, "a quote of a word processor; write a plain \"");
    word->quoted = text[0] == '"';
    word->column = column;
    if (word->quoted) {
        text++;
        len -= 2;
    }
    if (!text_copy_len(word->text, sizeof word->text, text, len))
        return script_wrong(p, column, "a word longer than %d bytes; shorten it",
                            SCRIPT_WORD_BYTES_MAX - 1);
    w->n++;
    return 0;
}

int script_split(const struct script_place *p, const char *line, size_t len,
                 struct script_words *ret)
{
    size_t at = 0;

    ret->n = 0;
    ret->end_column = 1;
    for (;;) {
        size_t took;
        int r;

        while (at < len && is_blank(line[at]))
            at++;
        if (at == len || line[at] == '#')
            return 0;
        took = word_len(line + at, len - at);
        if (took == 0)
            return script_wrong(p, (int)at + 1, "a quote that does not end; close it with \"");
        r = word_take(p, line + at, took, (int)at + 1, ret);
        if (r < 0)
            return r;
        at += took;
        ret->end_column = (int)at + 1;
    }
}

void script_join(const struct script_words *w, size_t first, size_t last, char *out, size_t size)
{
    struct buf text;
    size_t i;

    buf_init(&text, size - 1);
    for (i = first; i < last; i++)
        buf_printf(&text, w->at[i].quoted ? "%s\"%s\"" : "%s%s", i > first ? " " : "",
                   w->at[i].text);
    (void)text_copy(out, size, buf_text(&text));
    buf_drop(&text);
}
