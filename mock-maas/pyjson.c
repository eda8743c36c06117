/* JSON and texts as Python prints them: MAAS's clients have seen nothing else. */
#include "mock-maas/model.h"

#include <inttypes.h>
#include <string.h>

#define INDENT 4

static const char json_escapes[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

void py_text(struct buf *out, const char *text)
{
    buf_char_add(out, '"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c < sizeof(json_escapes) && json_escapes[c])
            buf_printf(out, "\\%c", json_escapes[c]);
        else if (c < ' ')
            buf_printf(out, "\\u%04x", c);
        else
            buf_char_add(out, *text);
    }
    buf_char_add(out, '"');
}

/* Single quotes, unless the text has one and no double quote. */
void py_repr(struct buf *out, const char *text)
{
    const char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';

    buf_char_add(out, quote);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (*text == quote || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_printf(out, "\\%c", json_escapes[c]);
        else if (c < ' ' || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_char_add(out, *text);
    }
    buf_char_add(out, quote);
}

/* --- indented objects and lists --------------------------------------------------------------- */

void pyjson_init(struct pyjson *j, struct buf *out)
{
    *j = (struct pyjson){.out = out, .empty = true};
}

static void line(struct pyjson *j)
{
    buf_printf(j->out, "\n%*s", (int)(j->depth * INDENT), "");
}

static void begin(struct pyjson *j, const char *name)
{
    if (j->depth > 0) {
        buf_text_add(j->out, j->empty ? "" : ",");
        line(j);
    }
    j->empty = false;
    if (name) {
        py_text(j->out, name);
        buf_text_add(j->out, ": ");
    }
}

void pyjson_open(struct pyjson *j, const char *name, char bracket)
{
    begin(j, name);
    buf_char_add(j->out, bracket);
    j->depth++;
    j->empty = true;
}

void pyjson_close(struct pyjson *j, char bracket)
{
    assert(j->depth > 0);
    j->depth--;
    if (!j->empty)
        line(j);
    buf_char_add(j->out, bracket);
    j->empty = false;
}

void pyjson_text(struct pyjson *j, const char *name, const char *text)
{
    begin(j, name);
    py_text(j->out, text);
}

void pyjson_text_or_null(struct pyjson *j, const char *name, const char *text)
{
    if (*text)
        pyjson_text(j, name, text);
    else
        pyjson_word(j, name, "null");
}

void pyjson_int(struct pyjson *j, const char *name, int64_t value)
{
    begin(j, name);
    buf_printf(j->out, "%" PRId64, value);
}

void pyjson_word(struct pyjson *j, const char *name, const char *word)
{
    begin(j, name);
    buf_text_add(j->out, word);
}

void pyjson_bool(struct pyjson *j, const char *name, bool value)
{
    pyjson_word(j, name, value ? "true" : "false");
}
