/* The format: "NAME:LENGTH:BYTES\n" for each field that is not zero. A struct's bytes are such
 * fields again, a list's elements are called "-". Numbers are decimal. */
#include "mock-palette/keep.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROW_MAX MIB(8)

static void part_add(struct buf *out, const char *name, const void *bytes, size_t len)
{
    buf_printf(out, "%s:%zu:", name, len);
    buf_add(out, bytes, len);
    buf_char_add(out, '\n');
}

/* --- numbers ---------------------------------------------------------------------------------- */

static int64_t number_get(const void *at, size_t size)
{
    int64_t wide = 0;
    int32_t narrow = 0;

    if (size == sizeof(bool))
        return *(const bool *)at;
    if (size == sizeof(narrow)) {
        memcpy(&narrow, at, sizeof(narrow));
        return narrow;
    }
    assert(size == sizeof(wide));
    memcpy(&wide, at, sizeof(wide));
    return wide;
}

static void number_set(void *at, size_t size, int64_t value)
{
    const int32_t narrow = (int32_t)value;
    const bool yes = value != 0;

    if (size == sizeof(yes))
        memcpy(at, &yes, sizeof(yes));
    else if (size == sizeof(narrow))
        memcpy(at, &narrow, sizeof(narrow));
    else
        memcpy(at, &value, sizeof(value));
}

static int64_t rounded_up(int64_t ms)
{
    if (ms > INT64_MAX - KEEP_STEP_MS)
        return ms;
    return ms > 0 ? (ms / KEEP_STEP_MS + 1) * KEEP_STEP_MS : ms;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void number_write(const struct keep_field *f, const char *at, struct buf *out)
{
    const int64_t told = number_get(at, f->size);
    const int64_t value = f->kind == KEEP_NUMBER ? told : rounded_up(told);
    struct buf text SCOPED(buf_drop) = {0};

    if (value == 0)
        return;
    buf_init(&text, 32);
    buf_printf(&text, "%" PRId64, value);
    part_add(out, f->name, buf_text(&text), text.len);
}

static void bytes_write(const struct keep_field *f, const char *at, struct buf *out)
{
    for (size_t i = 0; i < f->size; i++)
        if (at[i]) {
            part_add(out, f->name, at, f->size);
            return;
        }
}

static void record_write(const struct keep_field *f, const char *name, const char *at,
                         struct buf *out)
{
    struct buf inner SCOPED(buf_drop) = {0};

    buf_init(&inner, ROW_MAX);
    if (f->fields)
        keep_write(f->fields, f->n_fields, at, &inner);
    else
        buf_text_add(&inner, at);
    part_add(out, name, buf_text(&inner), inner.len);
}

static void list_write(const struct keep_field *f, const char *base, struct buf *out)
{
    const size_t n = (size_t)number_get(base + f->n_offset, sizeof(size_t));
    const char *at = base + f->offset;
    struct buf inner SCOPED(buf_drop) = {0};

    if (n == 0)
        return;
    if (f->kind == KEEP_LIST)
        memcpy(&at, base + f->offset, sizeof(at));
    buf_init(&inner, ROW_MAX);
    for (size_t i = 0; i < n; i++)
        record_write(f, "-", at + i * f->size, &inner);
    part_add(out, f->name, buf_text(&inner), inner.len);
}

static void field_write(const struct keep_field *f, const char *base, struct buf *out)
{
    const char *at = base + f->offset, *text = at;

    switch (f->kind) {
    case KEEP_OWNED:
        memcpy(&text, at, sizeof(text));
        if (text)
            part_add(out, f->name, text, strlen(text));
        break;
    case KEEP_TEXT:
        if (text[0])
            part_add(out, f->name, text, strlen(text));
        break;
    case KEEP_BYTES:
        bytes_write(f, at, out);
        break;
    case KEEP_RECORD:
        record_write(f, f->name, at, out);
        break;
    case KEEP_ARRAY:
    case KEEP_LIST:
        list_write(f, base, out);
        break;
    case KEEP_NUMBER:
    case KEEP_PAST:
    case KEEP_UNTIL:
        number_write(f, at, out);
        break;
    }
}

void keep_write(const struct keep_field *fields, size_t n, const void *from, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        field_write(&fields[i], from, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct part {
    const char *name, *bytes;
    size_t name_len, len;
};

/* Takes the next one off; false: the end, or *ret_torn. */
static bool part_next(const char **at, const char *end, struct part *ret, bool *ret_torn)
{
    const char *colon, *more;
    char digits[24];
    int64_t len = 0;

    *ret_torn = false;
    if (*at == end)
        return false;
    *ret_torn = true;
    colon = memchr(*at, ':', (size_t)(end - *at));
    more = colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
    if (!more || !text_copy_len(digits, sizeof(digits), colon + 1, (size_t)(more - colon - 1)) ||
        !text_int(digits, 0, ROW_MAX, &len) || end - more - 1 <= len || more[1 + len] != '\n')
        return false;
    *ret = (struct part){
        .name = *at, .name_len = (size_t)(colon - *at), .bytes = more + 1, .len = (size_t)len};
    *at = more + 1 + len + 1;
    *ret_torn = false;
    return true;
}

static bool number_read(const struct keep_field *f, const struct part *part, ms_t now, char *at)
{
    char digits[32];
    int64_t value = 0;

    if (!text_copy_len(digits, sizeof(digits), part->bytes, part->len) ||
        !text_int(digits, f->max ? 0 : INT64_MIN, f->max ? (int64_t)f->max - 1 : INT64_MAX, &value))
        return false;
    number_set(at, f->size, f->kind == KEEP_PAST ? ms_min(value, now) : value);
    return true;
}

/* What stands twice in a row would be lost once. */
static bool is_there(const char *at)
{
    const void *pointer;

    memcpy(&pointer, at, sizeof(pointer));
    return pointer != NULL;
}

static bool owned_read(const struct part *part, char *at)
{
    char *copy;

    if (is_there(at))
        return false;
    copy = strndup(part->bytes, part->len);
    if (!copy)
        WRONG("out of memory");
    memcpy(at, &copy, sizeof(copy));
    return true;
}

static bool element_read(const struct keep_field *f, const struct part *part, ms_t now, char *at)
{
    if (f->fields)
        return keep_read(f->fields, f->n_fields, part->bytes, part->len, now, at);
    return text_copy_len(at, f->size, part->bytes, part->len);
}

static bool list_read(const struct keep_field *f, const struct part *list, ms_t now, char *base)
{
    const char *at = list->bytes, *end = list->bytes + list->len;
    char *to = base + f->offset;
    struct part part;
    size_t n = 0;
    bool torn;

    if (f->kind == KEEP_LIST && is_there(to))
        return false;
    while (part_next(&at, end, &part, &torn)) {
        if (n == f->max)
            return false;
        if (f->kind == KEEP_LIST) {
            memcpy(&to, base + f->offset, sizeof(to));
            to = pal_grow(to, n, f->size);
            memcpy(base + f->offset, &to, sizeof(to));
        }
        number_set(base + f->n_offset, sizeof(size_t), (int64_t)n + 1);
        if (!element_read(f, &part, now, to + n++ * f->size))
            return false;
    }
    return !torn;
}

static bool field_read(const struct keep_field *f, const struct part *part, ms_t now, char *base)
{
    char *at = base + f->offset;

    switch (f->kind) {
    case KEEP_TEXT:
        return text_copy_len(at, f->size, part->bytes, part->len);
    case KEEP_BYTES:
        if (part->len != f->size)
            return false;
        memcpy(at, part->bytes, f->size);
        return true;
    case KEEP_OWNED:
        return owned_read(part, at);
    case KEEP_RECORD:
        return keep_read(f->fields, f->n_fields, part->bytes, part->len, now, at);
    case KEEP_ARRAY:
    case KEEP_LIST:
        return list_read(f, part, now, base);
    case KEEP_NUMBER:
    case KEEP_PAST:
    case KEEP_UNTIL:
        break;
    }
    return number_read(f, part, now, at);
}

bool keep_read(const struct keep_field *fields, size_t n, const char *bytes, size_t len, ms_t now,
               void *out)
{
    const char *at = bytes, *end = bytes + len;
    struct part part;
    bool torn;

    while (part_next(&at, end, &part, &torn))
        for (size_t i = 0; i < n; i++)
            if (strlen(fields[i].name) == part.name_len &&
                memcmp(fields[i].name, part.name, part.name_len) == 0 &&
                !field_read(&fields[i], &part, now, out))
                return false;
    return !torn;
}

void keep_drop(const struct keep_field *fields, size_t n, void *from)
{
    for (size_t i = 0; i < n; i++) {
        char *text;

        if (fields[i].kind != KEEP_OWNED)
            continue;
        memcpy(&text, (char *)from + fields[i].offset, sizeof(text));
        free(text);
    }
}
