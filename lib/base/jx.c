/* Reading JSON by table: parse, check everything, then fill. Writing is in jx_write.c. */
#include "lib/base/jx_inner.h"

#include "lib/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 256
#define TEXT_LEN_MAX MIB(64)            /* json-c counts in int */
#define NAMES_MAX    64                 /* names looked at for the nearest one */
#define EXACT_MAX    9007199254740992.0 /* 2^53: whole numbers are exact up to here */

/* Where we are, for errors: "clusters[2].epoch". Too long paths are cut at the end. */
struct path {
    char text[PATH_MAX_LEN];
    size_t len;
};

static size_t path_push(struct path *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

static size_t path_push(struct path *p, const char *fmt, ...)
{
    size_t before = p->len;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(p->text + p->len, sizeof(p->text) - p->len, fmt, args);
    va_end(args);
    if (n > 0)
        p->len += (size_t)n;
    if (p->len >= sizeof(p->text))
        p->len = sizeof(p->text) - 1;
    return before;
}

static void path_pop(struct path *p, size_t before)
{
    p->len = before;
    p->text[before] = '\0';
}

static void put_object(struct json_object **o)
{
    json_object_put(*o);
}

static void free_tokener(struct json_tokener **t)
{
    json_tokener_free(*t);
}

static bool is_type(struct json_object *o, enum json_type type)
{
    return json_object_get_type(o) == type;
}

/* NULL when it is absent, and when it is null. */
static struct json_object *member(struct json_object *o, const char *name)
{
    struct json_object *v = NULL;

    json_object_object_get_ex(o, name, &v);
    return v;
}

/* --- parsing --------------------------------------------------------------------------------- */

/* jx_utf8_len where no NUL may be relied upon. */
static size_t utf8_at(const char *text, size_t left)
{
    char next[5] = "";

    memcpy(next, text, left < 4 ? left : 4);
    return jx_utf8_len(next);
}

/* What JSON has outside of texts; a table, for every byte of every answer is looked up. */
static bool is_outside(unsigned char c)
{
    static const bool table[256] = {
        ['{'] = true,  ['}'] = true,  ['['] = true,         [']'] = true,
        [':'] = true,  [','] = true,  [' '] = true,         ['\t'] = true,
        ['\r'] = true, ['\n'] = true, ['+'] = true,         ['-'] = true,
        ['.'] = true,  ['E'] = true,  ['0' ... '9'] = true, ['a' ... 'z'] = true};

    return table[c];
}

/* json-c, even when strict, lets through what JSON does not have: single quotes, bare control
 * characters and overlong UTF-8 in a text, NaN, Infinity and "1.". Offset of the first such byte,
 * or len. */
static size_t first_foreign(const char *text, size_t len)
{
    bool inside = false;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (inside && c == '\\') {
            i++;
        } else if (c == '"') {
            inside = !inside;
        } else if (inside) {
            size_t n = c < 0x80 ? c >= ' ' : utf8_at(text + i, len - i);

            if (n == 0)
                return i;
            i += n - 1;
        } else if (!is_outside(c) ||
                   (c == '.' && (i + 1 == len || text[i + 1] < '0' || text[i + 1] > '9'))) {
            return i;
        }
    }
    return len;
}

static int parse(const char *text, size_t len, struct json_object **ret, struct err *e)
{
    struct json_tokener *t SCOPED(free_tokener) = json_tokener_new_ex(JX_DEPTH_MAX);
    struct json_object *o SCOPED(put_object) = NULL;
    enum json_tokener_error why;
    size_t end;

    if (!t)
        WRONG("out of memory");
    if (len > TEXT_LEN_MAX)
        return err_set(e, -E2BIG, "JSON of more than %zu bytes", TEXT_LEN_MAX);
    end = first_foreign(text, len);
    if (end < len)
        return err_set(e, -EINVAL, "not JSON: unexpected character at byte %zu", end);
    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    o = json_tokener_parse_ex(t, text, (int)len);
    end = json_tokener_get_parse_end(t);
    why = json_tokener_get_error(t);
    if (why == json_tokener_continue) { /* a number at the very end waits for its delimiter */
        o = json_tokener_parse_ex(t, "\n", 1);
        why = json_tokener_get_error(t);
    }
    if (why == json_tokener_continue)
        return err_set(e, -EINVAL, "not JSON: it ends too early");
    if (why != json_tokener_success)
        return err_set(e, -EINVAL, "not JSON: %s at byte %zu", json_tokener_error_desc(why), end);
    *ret = STEAL(o);
    return 0;
}

/* --- checking -------------------------------------------------------------------------------- */

struct check {
    struct path path;
    unsigned mode;
    struct err *e;
};

static int check_object(struct check *c, struct json_object *o, const struct jx_field *fields,
                        size_t n);

static int wanted(const struct check *c, const char *what, struct json_object *v)
{
    return err_set(c->e, -EINVAL, "%s: must be %s, is %s", c->path.text, what,
                   v ? json_type_to_name(json_object_get_type(v)) : "null");
}

/* The text must be a string without NUL inside, shorter than size. */
static int check_string(const struct check *c, struct json_object *v, size_t size)
{
    const char *text;
    size_t len;

    if (!is_type(v, json_type_string))
        return wanted(c, "a text", v);
    text = json_object_get_string(v);
    len = (size_t)json_object_get_string_len(v);
    if (strlen(text) != len)
        return err_set(c->e, -EINVAL, "%s: a text must not hold NUL", c->path.text);
    if (len >= size)
        return err_set(c->e, -EINVAL, "%s: longer than %zu bytes", c->path.text, size - 1);
    return 0;
}

static int check_text(struct check *c, struct json_object *v, const struct jx_field *f)
{
    return check_string(c, v, f->size);
}

static int check_owned(struct check *c, struct json_object *v, const struct jx_field *f)
{
    return check_string(c, v, (size_t)f->max + 1);
}

static bool whole_number(struct json_object *v, int64_t *ret)
{
    double d;

    if (is_type(v, json_type_int)) {
        *ret = json_object_get_int64(v);
        return true;
    }
    if (!is_type(v, json_type_double))
        return false;
    d = json_object_get_double(v);
    if (!isfinite(d) || fabs(d) > EXACT_MAX || d != trunc(d))
        return false;
    *ret = (int64_t)d;
    return true;
}

static int check_int(struct check *c, struct json_object *v, const struct jx_field *f)
{
    int64_t n = 0;

    if (!whole_number(v, &n))
        return wanted(c, "a whole number", v);
    if (n < f->min || n > f->max)
        return err_set(c->e, -ERANGE, "%s: must be in %" PRId64 "…%" PRId64, c->path.text, f->min,
                       f->max);
    return 0;
}

static bool seconds(struct json_object *v, ms_t *ret)
{
    double d;

    if (!is_type(v, json_type_int) && !is_type(v, json_type_double))
        return false;
    d = json_object_get_double(v) * 1000;
    if (!isfinite(d) || fabs(d) > EXACT_MAX)
        return false;
    *ret = (ms_t)llround(d);
    return true;
}

static int check_ms(struct check *c, struct json_object *v, const struct jx_field *f)
{
    struct buf low SCOPED(buf_drop), high SCOPED(buf_drop);
    ms_t ms = 0;
    int err = 0;

    buf_init(&low, 32);
    buf_init(&high, 32);
    if (!seconds(v, &ms))
        return wanted(c, "a number of seconds", v);
    if (ms < f->min || ms > f->max) {
        jx_write_seconds(&low, f->min);
        jx_write_seconds(&high, f->max);
        err = err_set(c->e, -ERANGE, "%s: must be in %s…%s seconds", c->path.text, buf_text(&low),
                      buf_text(&high));
    }
    return err;
}

static int check_bool(struct check *c, struct json_object *v, const struct jx_field *f)
{
    (void)f;
    return is_type(v, json_type_boolean) ? 0 : wanted(c, "true or false", v);
}

static int check_nested(struct check *c, struct json_object *v, const struct jx_field *f)
{
    return check_object(c, v, f->fields, f->n_fields);
}

static int check_element(struct check *c, struct json_object *v, const struct jx_field *f)
{
    if (f->kind == JX_KIND_TEXTS)
        return check_string(c, v, f->size);
    return check_object(c, v, f->fields, f->n_fields);
}

static int check_array(struct check *c, struct json_object *v, const struct jx_field *f)
{
    size_t n;

    if (!is_type(v, json_type_array))
        return wanted(c, "a list", v);
    n = json_object_array_length(v);
    if (n > (size_t)f->max)
        return err_set(c->e, -E2BIG, "%s: has %zu entries, at most %" PRId64 " are allowed",
                       c->path.text, n, f->max);
    for (size_t i = 0; i < n; i++) {
        size_t before = path_push(&c->path, "[%zu]", i);
        int err = check_element(c, json_object_array_get_idx(v, i), f);

        if (err < 0)
            return err;
        path_pop(&c->path, before);
    }
    return 0;
}

static const char *raw_text(struct json_object *v)
{
    return json_object_to_json_string_ext(v,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static int check_raw(struct check *c, struct json_object *v, const struct jx_field *f)
{
    if (strlen(raw_text(v)) > (size_t)f->max)
        return err_set(c->e, -E2BIG, "%s: longer than %" PRId64 " bytes", c->path.text, f->max);
    return 0;
}

static int (*const checks[])(struct check *, struct json_object *, const struct jx_field *) = {
    [JX_KIND_TEXT] = check_text,   [JX_KIND_OWNED] = check_owned, [JX_KIND_INT] = check_int,
    [JX_KIND_MS] = check_ms,       [JX_KIND_BOOL] = check_bool,   [JX_KIND_OBJECT] = check_nested,
    [JX_KIND_ARRAY] = check_array, [JX_KIND_TEXTS] = check_array, [JX_KIND_RAW] = check_raw,
};

static bool is_row(const char *name, const struct jx_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

static int unknown(const struct check *c, const char *name, const struct jx_field *fields, size_t n)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    const char *near;

    for (size_t i = 0; i < n && i < NAMES_MAX; i++)
        names[i] = fields[i].name;
    near = text_nearest(name, names);
    return err_set(c->e, -EINVAL, "%s%sunknown field '%.64s'%s%s%s", c->path.text,
                   c->path.len > 0 ? ": " : "", name, near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
}

static int check_no_others(const struct check *c, struct json_object *o,
                           const struct jx_field *fields, size_t n)
{
    json_object_object_foreach(o, name, value)
    {
        (void)value;
        if (!is_row(name, fields, n))
            return unknown(c, name, fields, n);
    }
    return 0;
}

static int check_member(struct check *c, struct json_object *o, const struct jx_field *f)
{
    struct json_object *v = member(o, f->name);
    size_t before = path_push(&c->path, "%s%s", c->path.len > 0 ? "." : "", f->name);
    int err = 0;

    if (v)
        err = checks[f->kind](c, v, f);
    else if (f->flags & JX_MUST)
        err = err_set(c->e, -EINVAL, "%s: is missing", c->path.text);
    if (err == 0)
        path_pop(&c->path, before);
    return err;
}

static int check_object(struct check *c, struct json_object *o, const struct jx_field *fields,
                        size_t n)
{
    int err = 0;

    if (!is_type(o, json_type_object)) {
        if (c->path.len == 0)
            path_push(&c->path, "the whole");
        return wanted(c, "an object", o);
    }
    if (c->mode & JX_STRICT)
        err = check_no_others(c, o, fields, n);
    for (size_t i = 0; i < n && err == 0; i++)
        err = check_member(c, o, &fields[i]);
    return err;
}

/* --- filling: nothing here can fail ---------------------------------------------------------- */

static void fill_object(struct json_object *o, const struct jx_field *fields, size_t n, void *out);

static char *owned_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (!copy)
        WRONG("out of memory");
    return memcpy(copy, text, size);
}

static void fill_string(struct json_object *v, char *to)
{
    memcpy(to, json_object_get_string(v), (size_t)json_object_get_string_len(v) + 1);
}

static void fill_text(struct json_object *v, const struct jx_field *f, char *out)
{
    fill_string(v, out + f->offset);
}

static void fill_owned(struct json_object *v, const struct jx_field *f, char *out)
{
    char *copy = owned_copy(json_object_get_string(v));

    memcpy(out + f->offset, &copy, sizeof(copy));
}

static void fill_raw(struct json_object *v, const struct jx_field *f, char *out)
{
    char *copy = owned_copy(raw_text(v));

    memcpy(out + f->offset, &copy, sizeof(copy));
}

static void fill_int(struct json_object *v, const struct jx_field *f, char *out)
{
    int64_t n = 0;

    whole_number(v, &n);
    memcpy(out + f->offset, &n, sizeof(n));
}

static void fill_ms(struct json_object *v, const struct jx_field *f, char *out)
{
    ms_t ms = 0;

    seconds(v, &ms);
    memcpy(out + f->offset, &ms, sizeof(ms));
}

static void fill_bool(struct json_object *v, const struct jx_field *f, char *out)
{
    bool b = json_object_get_boolean(v);

    memcpy(out + f->offset, &b, sizeof(b));
}

static void fill_nested(struct json_object *v, const struct jx_field *f, char *out)
{
    fill_object(v, f->fields, f->n_fields, out + f->offset);
}

static void fill_array(struct json_object *v, const struct jx_field *f, char *out)
{
    size_t n = json_object_array_length(v);

    memcpy(out + f->count_offset, &n, sizeof(n));
    for (size_t i = 0; i < n; i++) {
        char *element = out + f->offset + i * f->size;

        memset(element, 0, f->size);
        if (f->kind == JX_KIND_TEXTS)
            fill_string(json_object_array_get_idx(v, i), element);
        else
            fill_object(json_object_array_get_idx(v, i), f->fields, f->n_fields, element);
    }
}

static void (*const fills[])(struct json_object *, const struct jx_field *, char *) = {
    [JX_KIND_TEXT] = fill_text,   [JX_KIND_OWNED] = fill_owned, [JX_KIND_INT] = fill_int,
    [JX_KIND_MS] = fill_ms,       [JX_KIND_BOOL] = fill_bool,   [JX_KIND_OBJECT] = fill_nested,
    [JX_KIND_ARRAY] = fill_array, [JX_KIND_TEXTS] = fill_array, [JX_KIND_RAW] = fill_raw,
};

static void fill_object(struct json_object *o, const struct jx_field *fields, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++) {
        struct json_object *v = member(o, fields[i].name);

        if (v)
            fills[fields[i].kind](v, &fields[i], out);
    }
}

/* --- doors ----------------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(readability-function-size): text, table and target, each with its length */
int jx_read(const char *text, size_t len, const struct jx_field *fields, size_t n, unsigned mode,
            void *out, struct err *e)
{
    struct json_object *o SCOPED(put_object) = NULL;
    struct check c = {.mode = mode, .e = e};
    int err = parse(text, len, &o, e);

    if (err == 0)
        err = check_object(&c, o, fields, n);
    if (err == 0 && (mode & JX_STRICT))
        err = jx_check_no_twice(text, len, e);
    if (err == 0)
        fill_object(o, fields, n, out);
    return err;
}

static int check_list(struct check *c, struct json_object *list, const struct jx_field *fields,
                      size_t n)
{
    if (!is_type(list, json_type_array)) {
        path_push(&c->path, "the whole");
        return wanted(c, "a list", list);
    }
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        size_t before = path_push(&c->path, "[%zu]", i);
        int err = check_object(c, json_object_array_get_idx(list, i), fields, n);

        if (err < 0)
            return err;
        path_pop(&c->path, before);
    }
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): the same and a callback with its argument */
int jx_read_list(const char *text, size_t len, const struct jx_field *fields, size_t n,
                 unsigned mode, void *element, size_t element_size,
                 int (*each)(void *arg, size_t i, const void *element), void *arg, struct err *e)
{
    struct json_object *list SCOPED(put_object) = NULL;
    struct check c = {.mode = mode, .e = e};
    int err = parse(text, len, &list, e);

    if (err == 0)
        err = check_list(&c, list, fields, n);
    if (err == 0 && (mode & JX_STRICT))
        err = jx_check_no_twice(text, len, e);
    if (err < 0)
        return err;
    for (size_t i = 0; i < json_object_array_length(list) && err == 0; i++) {
        memset(element, 0, element_size);
        fill_object(json_object_array_get_idx(list, i), fields, n, element);
        err = each(arg, i, element);
        jx_drop(fields, n, element);
    }
    return err;
}

static struct json_object *step_into(struct json_object *o, const char *name)
{
    int64_t i = 0;

    if (is_type(o, json_type_object))
        return member(o, name);
    if (is_type(o, json_type_array) && text_int(name, 0, INT32_MAX, &i) &&
        (size_t)i < json_object_array_length(o))
        return json_object_array_get_idx(o, (size_t)i);
    return NULL;
}

bool jx_pick(const char *text, size_t len, const char *path, char *out, size_t size)
{
    struct json_object *root SCOPED(put_object) = NULL;
    struct json_object *v;
    char name[PATH_MAX_LEN];

    if (parse(text, len, &root, NULL) < 0)
        return false;
    v = root;
    while (v && text_next(&path, '.', name, sizeof(name)))
        v = step_into(v, name);
    if (!v || is_type(v, json_type_object) || is_type(v, json_type_array))
        return false;
    return text_copy_len(out, size, json_object_get_string(v), strlen(json_object_get_string(v)));
}
