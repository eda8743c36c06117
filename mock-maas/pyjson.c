/* JSON and texts as Python prints them: MAAS's clients have seen nothing else. */
#include "mock-maas/model.h"

#include <string.h>

#define INDENT 4

static const char json_escapes[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c != '"' && c != '\\';
}

/* In runs: nearly all of every answer is letters that stand for themselves. */
void py_text(struct buf *out, const char *text)
{
    buf_char_add(out, '"');
    while (*text) {
        const unsigned char c = (unsigned char)*text;
        size_t n = 0;

        while (is_plain((unsigned char)text[n]))
            n++;
        buf_add(out, text, n);
        text += n;
        if (n > 0)
            continue;
        if (c < sizeof(json_escapes) && json_escapes[c])
            buf_printf(out, "\\%c", json_escapes[c]);
        else
            buf_printf(out, "\\u%04x", c);
        text++;
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
    static const char blanks[] =
        "\n                                                                ";
    size_t n = j->depth * INDENT;

    if (n < sizeof(blanks) - 1) {
        buf_add(j->out, blanks, 1 + n);
        return;
    }
    buf_printf(j->out, "\n%*s", (int)n, "");
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
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    begin(j, name);
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_add(j->out, digits + at, sizeof(digits) - at);
}

void pyjson_word(struct pyjson *j, const char *name, const char *word)
{
    begin(j, name);
    buf_text_add(j->out, word);
}

/* A text's end, behind its closing quote. */
static const char *text_end(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        at += *at == '\\' && at[1];
    return *at ? at + 1 : at;
}

/* Compact JSON, indented as the rest. */
void pyjson_compact(struct pyjson *j, const char *name, const char *json)
{
    begin(j, name);
    while (*json) {
        const char *end = *json == '"' ? text_end(json) : json + 1;

        if (strchr("{[", *json)) {
            buf_char_add(j->out, *json);
            j->depth++;
            if (!strchr("}]", json[1]))
                line(j);
        } else if (strchr("}]", *json)) {
            j->depth--;
            if (!strchr("{[", json[-1]))
                line(j);
            buf_char_add(j->out, *json);
        } else if (*json == ',') {
            buf_char_add(j->out, ',');
            line(j);
            end += strspn(end, " ");
        } else {
            buf_add(j->out, json, (size_t)(end - json));
        }
        json = end;
    }
}

void pyjson_bool(struct pyjson *j, const char *name, bool value)
{
    pyjson_word(j, name, value ? "true" : "false");
}
