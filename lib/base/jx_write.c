/* Writing JSON by the same rows that read it, and giving back what reading allocated. */
#include "lib/base/jx.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- texts and numbers ----------------------------------------------------------------------- */

/* The NUL is no continuation byte, so nothing behind it is looked at. */
size_t jx_utf8_len(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] < 0x80   ? p[0] > 0
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;

    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static const char short_escapes[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                     ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};

static void write_escaped(struct buf *out, unsigned char c)
{
    if (c < sizeof(short_escapes) && short_escapes[c]) {
        buf_char_add(out, '\\');
        buf_char_add(out, short_escapes[c]);
    } else {
        buf_printf(out, "\\u%04x", c);
    }
}

void jx_write_text(struct buf *out, const char *text)
{
    const char *p = text ? text : "", *plain = p;
    size_t n;

    buf_char_add(out, '"');
    while (*p) {
        if (is_plain((unsigned char)*p)) {
            p++;
            continue;
        }
        buf_add(out, plain, (size_t)(p - plain));
        n = jx_utf8_len(p);
        if ((unsigned char)*p < 0x80)
            write_escaped(out, (unsigned char)*p);
        else if (n > 0)
            buf_add(out, p, n);
        else
            buf_text_add(out, "\xef\xbf\xbd");
        p += n > 0 ? n : 1;
        plain = p;
    }
    buf_add(out, plain, (size_t)(p - plain));
    buf_char_add(out, '"');
}

void jx_write_seconds(struct buf *out, ms_t ms)
{
    uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    uint64_t rest = size % 1000;

    buf_printf(out, "%s%" PRIu64, ms < 0 ? "-" : "", size / 1000);
    if (rest % 100 && rest % 10)
        buf_printf(out, ".%03" PRIu64, rest);
    else if (rest % 100)
        buf_printf(out, ".%02" PRIu64, rest / 10);
    else if (rest)
        buf_printf(out, ".%" PRIu64, rest / 100);
}

/* --- members --------------------------------------------------------------------------------- */

static bool all_empty(const struct jx_field *fields, size_t n, const char *in);

static const char *pointer_at(const char *in, size_t offset)
{
    const char *p;

    memcpy(&p, in + offset, sizeof(p));
    return p;
}

static int64_t int_at(const char *in, size_t offset)
{
    int64_t n;

    memcpy(&n, in + offset, sizeof(n));
    return n;
}

static size_t count_at(const char *in, size_t offset)
{
    size_t n;

    memcpy(&n, in + offset, sizeof(n));
    return n;
}

static void write_text(struct buf *out, const struct jx_field *f, const char *in)
{
    jx_write_text(out, in + f->offset);
}

static void write_owned(struct buf *out, const struct jx_field *f, const char *in)
{
    if (pointer_at(in, f->offset))
        jx_write_text(out, pointer_at(in, f->offset));
    else
        buf_text_add(out, "null");
}

static void write_raw(struct buf *out, const struct jx_field *f, const char *in)
{
    const char *text = pointer_at(in, f->offset);

    buf_text_add(out, text && *text ? text : "null");
}

static void write_int(struct buf *out, const struct jx_field *f, const char *in)
{
    buf_printf(out, "%" PRId64, int_at(in, f->offset));
}

static void write_ms(struct buf *out, const struct jx_field *f, const char *in)
{
    jx_write_seconds(out, int_at(in, f->offset));
}

static void write_bool(struct buf *out, const struct jx_field *f, const char *in)
{
    buf_text_add(out, in[f->offset] ? "true" : "false");
}

static void write_nested(struct buf *out, const struct jx_field *f, const char *in)
{
    jx_write(out, f->fields, f->n_fields, in + f->offset);
}

static void write_array(struct buf *out, const struct jx_field *f, const char *in)
{
    size_t n = count_at(in, f->count_offset);

    assert(n <= (size_t)f->max);
    buf_char_add(out, '[');
    for (size_t i = 0; i < n; i++) {
        const char *element = in + f->offset + i * f->size;

        if (i > 0)
            buf_char_add(out, ',');
        if (f->kind == JX_KIND_TEXTS)
            jx_write_text(out, element);
        else
            jx_write(out, f->fields, f->n_fields, element);
    }
    buf_char_add(out, ']');
}

static bool empty_text(const struct jx_field *f, const char *in)
{
    return in[f->offset] == '\0';
}

static bool empty_pointer(const struct jx_field *f, const char *in)
{
    const char *text = pointer_at(in, f->offset);

    return !text || *text == '\0';
}

static bool empty_number(const struct jx_field *f, const char *in)
{
    return int_at(in, f->offset) == 0;
}

static bool empty_nested(const struct jx_field *f, const char *in)
{
    return all_empty(f->fields, f->n_fields, in + f->offset);
}

static bool empty_array(const struct jx_field *f, const char *in)
{
    return count_at(in, f->count_offset) == 0;
}

static const struct writer {
    void (*write)(struct buf *out, const struct jx_field *f, const char *in);
    bool (*empty)(const struct jx_field *f, const char *in);
} writers[] = {
    [JX_KIND_TEXT] = {write_text, empty_text},    [JX_KIND_OWNED] = {write_owned, empty_pointer},
    [JX_KIND_INT] = {write_int, empty_number},    [JX_KIND_MS] = {write_ms, empty_number},
    [JX_KIND_BOOL] = {write_bool, empty_text},    [JX_KIND_OBJECT] = {write_nested, empty_nested},
    [JX_KIND_ARRAY] = {write_array, empty_array}, [JX_KIND_TEXTS] = {write_array, empty_array},
    [JX_KIND_RAW] = {write_raw, empty_pointer},
};

static bool all_empty(const struct jx_field *fields, size_t n, const char *in)
{
    for (size_t i = 0; i < n; i++)
        if (!writers[fields[i].kind].empty(&fields[i], in))
            return false;
    return true;
}

void jx_write(struct buf *out, const struct jx_field *fields, size_t n, const void *in)
{
    bool first = true;

    buf_char_add(out, '{');
    for (size_t i = 0; i < n; i++) {
        const struct jx_field *f = &fields[i];

        if ((f->flags & JX_SKIP_EMPTY) && writers[f->kind].empty(f, in))
            continue;
        if (!first)
            buf_char_add(out, ',');
        first = false;
        jx_write_text(out, f->name);
        buf_char_add(out, ':');
        writers[f->kind].write(out, f, in);
    }
    buf_char_add(out, '}');
}

/* --- giving back ----------------------------------------------------------------------------- */

static void drop_pointer(const struct jx_field *f, char *out)
{
    char *p, *none = NULL;

    memcpy(&p, out + f->offset, sizeof(p));
    free(p);
    memcpy(out + f->offset, &none, sizeof(none));
}

static void drop_array(const struct jx_field *f, char *out)
{
    size_t n = count_at(out, f->count_offset);

    for (size_t i = 0; i < n; i++)
        jx_drop(f->fields, f->n_fields, out + f->offset + i * f->size);
}

void jx_drop(const struct jx_field *fields, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct jx_field *f = &fields[i];

        if (f->kind == JX_KIND_OWNED || f->kind == JX_KIND_RAW)
            drop_pointer(f, out);
        else if (f->kind == JX_KIND_OBJECT)
            jx_drop(f->fields, f->n_fields, (char *)out + f->offset);
        else if (f->kind == JX_KIND_ARRAY)
            drop_array(f, out);
    }
}
