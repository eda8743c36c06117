#include "mock-maas/replay/tree.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define TEXT_MAX  MIB(4)

struct reader {
    const char *at;
    size_t depth;
};

static struct tree *value_read(struct reader *r);

static void blank_skip(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool char_skip(struct reader *r, char c)
{
    blank_skip(r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

void tree_free(struct tree *t)
{
    while (t) {
        struct tree *next = t->next;

        tree_free(t->first);
        free(t->name);
        free(t->value);
        free(t);
        t = next;
    }
}

void tree_drop(struct tree **t)
{
    tree_free(*t);
}

static struct tree *made(enum tree_kind kind)
{
    struct tree *t = calloc(1, sizeof(*t));

    if (!t)
        WRONG("out of memory");
    t->kind = kind;
    return t;
}

/* --- texts ------------------------------------------------------------------------------------ */

static bool hex4(const char *at, uint32_t *ret)
{
    char digits[5], *end;

    if (strnlen(at, 4) < 4)
        return false;
    memcpy(digits, at, 4);
    digits[4] = '\0';
    *ret = (uint32_t)strtoul(digits, &end, 16);
    return *end == '\0';
}

static void utf8_add(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_char_add(out, (char)c);
    } else if (c < 0x800) {
        buf_char_add(out, (char)(0xc0 | c >> 6));
        buf_char_add(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        buf_char_add(out, (char)(0xe0 | c >> 12));
        buf_char_add(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_char_add(out, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_char_add(out, (char)(0xf0 | c >> 18));
        buf_char_add(out, (char)(0x80 | (c >> 12 & 0x3f)));
        buf_char_add(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_char_add(out, (char)(0x80 | (c & 0x3f)));
    }
}

static bool unicode_read(struct reader *r, struct buf *out)
{
    uint32_t high, low;

    if (!hex4(r->at, &high))
        return false;
    r->at += 4;
    if (high >= 0xd800 && high < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u' &&
        hex4(r->at + 2, &low) && low >= 0xdc00 && low < 0xe000) {
        r->at += 6;
        high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
    utf8_add(out, high);
    return true;
}

static bool escape_read(struct reader *r, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char c = *r->at, *hit = c ? strchr(from, c) : NULL;

    if (!c)
        return false;
    r->at++;
    if (c == 'u')
        return unicode_read(r, out);
    if (hit)
        buf_char_add(out, to[hit - from]);
    return hit != NULL;
}

/* Behind the opening quote. */
static char *text_read(struct reader *r)
{
    struct buf out SCOPED(buf_drop) = {0};

    buf_init(&out, TEXT_MAX);
    while (*r->at && *r->at != '"') {
        const char c = *r->at++;

        if (c != '\\')
            buf_char_add(&out, c);
        else if (!escape_read(r, &out))
            return NULL;
    }
    if (*r->at != '"' || out.full)
        return NULL;
    r->at++;
    if (out.len == 0)
        return calloc(1, 1);
    return buf_steal(&out);
}

/* --- values ----------------------------------------------------------------------------------- */

static bool member_read(struct reader *r, bool named, struct tree **ret)
{
    char *name = NULL;

    if (named) {
        if (!char_skip(r, '"') || (name = text_read(r)) == NULL)
            return false;
        if (!char_skip(r, ':')) {
            free(name);
            return false;
        }
    }
    *ret = value_read(r);
    if (!*ret) {
        free(name);
        return false;
    }
    (*ret)->name = name;
    return true;
}

static struct tree *members_read(struct reader *r, enum tree_kind kind, char close)
{
    struct tree *t = made(kind), **last = &t->first;

    if (char_skip(r, close))
        return t;
    do {
        if (!member_read(r, kind == TREE_OBJECT, last)) {
            tree_free(t);
            return NULL;
        }
        last = &(*last)->next;
    } while (char_skip(r, ','));
    if (char_skip(r, close))
        return t;
    tree_free(t);
    return NULL;
}

static struct tree *other_read(struct reader *r)
{
    const size_t len = strspn(r->at, "+-.0123456789Eaeflnrstu");
    struct tree *t;

    if (len == 0)
        return NULL;
    t = made(TREE_OTHER);
    t->value = strndup(r->at, len);
    r->at += len;
    return t;
}

static struct tree *scalar_read(struct reader *r)
{
    struct tree *t;
    char *text;

    if (!char_skip(r, '"'))
        return other_read(r);
    text = text_read(r);
    if (!text)
        return NULL;
    t = made(TREE_TEXT);
    t->value = text;
    return t;
}

static struct tree *value_read(struct reader *r)
{
    struct tree *t;

    if (r->depth == DEPTH_MAX)
        return NULL;
    r->depth++;
    if (char_skip(r, '{'))
        t = members_read(r, TREE_OBJECT, '}');
    else if (char_skip(r, '['))
        t = members_read(r, TREE_ARRAY, ']');
    else
        t = scalar_read(r);
    r->depth--;
    return t;
}

struct tree *tree_read(const char *text)
{
    struct reader r = {.at = text};
    struct tree *t = value_read(&r);

    blank_skip(&r);
    if (!*r.at)
        return t;
    tree_free(t);
    return NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

const struct tree *tree_get(const struct tree *object, const char *name)
{
    const struct tree *t = object && object->kind == TREE_OBJECT ? object->first : NULL;

    while (t && !text_is(t->name, name))
        t = t->next;
    return t;
}

const char *tree_text(const struct tree *object, const char *name)
{
    const struct tree *t = tree_get(object, name);

    return t && t->value && !tree_is_null(t) ? t->value : "";
}

bool tree_is_null(const struct tree *t)
{
    return !t || (t->kind == TREE_OTHER && text_is(t->value, "null"));
}

/* --- writing ---------------------------------------------------------------------------------- */

static void text_write(struct buf *out, const char *text)
{
    static const char escapes[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                   ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

    buf_char_add(out, '"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c < sizeof(escapes) && escapes[c])
            buf_printf(out, "\\%c", escapes[c]);
        else if (c < ' ')
            buf_printf(out, "\\u%04x", c);
        else
            buf_char_add(out, *text);
    }
    buf_char_add(out, '"');
}

/* indent 0: all on one line. */
static void line(struct buf *out, size_t depth, size_t indent, const char *before)
{
    if (indent)
        buf_printf(out, "%s\n%*s", before, (int)(indent * depth), "");
    else
        buf_printf(out, "%s%s", before, *before ? " " : "");
}

static void write_at(const struct tree *t, size_t depth, size_t indent, struct buf *out)
{
    const bool object = t->kind == TREE_OBJECT;

    if (t->kind == TREE_TEXT) {
        text_write(out, t->value);
        return;
    }
    if (t->kind == TREE_OTHER) {
        buf_text_add(out, t->value);
        return;
    }
    buf_char_add(out, object ? '{' : '[');
    for (const struct tree *m = t->first; m; m = m->next) {
        line(out, depth + 1, indent, m == t->first ? "" : ",");
        if (object) {
            text_write(out, m->name);
            buf_text_add(out, ": ");
        }
        write_at(m, depth + 1, indent, out);
    }
    if (t->first)
        line(out, depth, indent, "");
    buf_char_add(out, object ? '}' : ']');
}

void tree_write(const struct tree *t, struct buf *out)
{
    write_at(t, 0, 4, out);
}

void tree_write_compact(const struct tree *t, struct buf *out)
{
    write_at(t, 0, 0, out);
}
