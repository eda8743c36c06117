/* An event as a JSON line and back, and the projection two runs are compared by.
 *
 * Writing goes straight into the buffer: a simulator writes far more records than it reads. The
 * kind of an event is called "ev" in JSON because "kind" is a field. */
#include "lib/base/event.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES KIB(16) /* six bytes for each of a value, and the names */

/* The packed field at `at`; returns where the next one begins. */
static const char *next_field(const char *at, enum ev_field *ret_f, const char **ret_value,
                              uint16_t *ret_len)
{
    memcpy(ret_len, at + 1, sizeof(*ret_len));
    *ret_f = (enum ev_field)(uint8_t)at[0];
    *ret_value = at + 3;
    return at + 4 + *ret_len;
}

void ev_json_write(struct buf *out, const struct event *e)
{
    const char *at = e->bytes, *end = e->bytes + e->len, *value;
    enum ev_field f;
    uint16_t len;

    buf_printf(out,
               "{\"seq\":%" PRIu64 ",\"nth\":%" PRIu64 ",\"t\":%" PRId64
               ",\"src\":\"%s\",\"ev\":\"%s\"",
               e->seq, e->nth, e->t, ev_src_name(e->src), ev_kind_name(e->kind));
    while (at < end) {
        at = next_field(at, &f, &value, &len);
        buf_add(out, ",\"", 2);
        buf_text_add(out, ev_field_name(f));
        buf_add(out, "\":", 2);
        jx_write_text(out, value);
    }
    buf_add(out, ",\"chain\":\"", 10);
    buf_text_add(out, e->chain);
    buf_add(out, "\"}", 2);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool is_type(struct json_object *o, enum json_type type)
{
    return json_object_get_type(o) == type;
}

struct reading {
    struct event *event;
    bool has_src, has_ev;
};

static int read_number(struct json_object *v, const char *name, int64_t *ret, struct err *e)
{
    if (!is_type(v, json_type_int) || json_object_get_int64(v) < 0)
        return err_set(e, -EINVAL, "%s: must be a whole number, 0 or more", name);
    *ret = json_object_get_int64(v);
    return 0;
}

static int read_seq(struct reading *r, struct json_object *v, struct err *e)
{
    int64_t n = 0;
    int err = read_number(v, "seq", &n, e);

    r->event->seq = (uint64_t)n;
    return err;
}

static int read_nth(struct reading *r, struct json_object *v, struct err *e)
{
    int64_t n = 0;
    int err = read_number(v, "nth", &n, e);

    r->event->nth = (uint64_t)n;
    return err;
}

static int read_t(struct reading *r, struct json_object *v, struct err *e)
{
    return read_number(v, "t", &r->event->t, e);
}

/* NULL when the value is no text, or one with a NUL inside, which no field may hold. */
static const char *text_of(struct json_object *v)
{
    const char *text;

    if (!is_type(v, json_type_string))
        return NULL;
    text = json_object_get_string(v);
    return strlen(text) == (size_t)json_object_get_string_len(v) ? text : NULL;
}

static int read_src(struct reading *r, struct json_object *v, struct err *e)
{
    const char *text = text_of(v);
    enum ev_src src = text ? ev_src_find(text) : EVS_COUNT;

    if (src == EVS_COUNT)
        return err_set(e, -EINVAL, "src: no writer '%.40s'", text ? text : "");
    r->event->src = src;
    r->has_src = true;
    return 0;
}

static int read_ev(struct reading *r, struct json_object *v, struct err *e)
{
    const char *text = text_of(v);
    enum ev_kind kind = text ? ev_kind_find(text) : EV_COUNT;

    if (kind == EV_COUNT)
        return err_set(e, -EINVAL, "ev: no kind of event '%.40s'", text ? text : "");
    r->event->kind = kind;
    r->has_ev = true;
    return 0;
}

static int read_chain(struct reading *r, struct json_object *v, struct err *e)
{
    const char *text = text_of(v);

    if (!text || !text_copy(r->event->chain, sizeof(r->event->chain), text))
        return err_set(e, -EINVAL, "chain: must be a text of at most %d characters", EV_CHAIN_LEN);
    return 0;
}

static int read_field(struct reading *r, const char *name, struct json_object *v, struct err *e)
{
    enum ev_field f = ev_field_find(name);
    const char *text = text_of(v);

    if (f == EV_FIELD_COUNT)
        return err_set(e, -EINVAL, "unknown field '%.40s'", name);
    if (!text || strlen(text) > EV_VALUE_MAX)
        return err_set(e, -EINVAL, "%s: must be a text of at most %d bytes", name, EV_VALUE_MAX);
    ev_text_add(r->event, f, text);
    if (strcmp(ev_text(r->event, f), text) != 0)
        return err_set(e, -E2BIG, "%s: the record is longer than %d bytes", name, EV_BYTES_MAX);
    return 0;
}

static const struct head {
    const char *name;
    int (*read)(struct reading *r, struct json_object *v, struct err *e);
} heads[] = {{"seq", read_seq}, {"nth", read_nth}, {"t", read_t},
             {"src", read_src}, {"ev", read_ev},   {"chain", read_chain}};

static int read_member(struct reading *r, const char *name, struct json_object *v, struct err *e)
{
    for (size_t i = 0; i < COUNTOF(heads); i++)
        if (strcmp(heads[i].name, name) == 0)
            return heads[i].read(r, v, e);
    return read_field(r, name, v, e);
}

static void put_object(struct json_object **o)
{
    json_object_put(*o);
}

static void free_tokener(struct json_tokener **t)
{
    json_tokener_free(*t);
}

static struct json_object *parse(const char *line, size_t len, struct err *e)
{
    struct json_tokener *t SCOPED(free_tokener) = json_tokener_new_ex(4);
    struct json_object *o;

    if (!t)
        WRONG("out of memory");
    json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    o = json_tokener_parse_ex(t, line, (int)len);
    if (json_tokener_get_error(t) == json_tokener_success && is_type(o, json_type_object) &&
        json_tokener_get_parse_end(t) == len)
        return o;
    json_object_put(o);
    err_set(e, -EINVAL, "not one JSON object: %s",
            json_tokener_get_error(t) == json_tokener_success
                ? "something else, or something after it"
                : json_tokener_error_desc(json_tokener_get_error(t)));
    return NULL;
}

int ev_json_read(const char *line, size_t len, struct event *ret, struct err *e)
{
    struct json_object *o SCOPED(put_object) = NULL;
    struct event event;
    struct reading r = {.event = &event};
    int err;

    if (len > LINE_MAX_BYTES)
        return err_set(e, -E2BIG, "the line is longer than %zu bytes", LINE_MAX_BYTES);
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    o = parse(line, len, e);
    if (!o)
        return -EINVAL;
    ev_init(&event, EV_NOTE, 0);
    json_object_object_foreach(o, name, value)
    {
        err = read_member(&r, name, value, e);
        if (err < 0)
            return err;
    }
    if (!r.has_src || !r.has_ev)
        return err_set(e, -EINVAL, "%s is missing", r.has_src ? "ev" : "src");
    memcpy(ret, &event, EVENT_HEAD_SIZE + event.len);
    return 0;
}

/* --- projection ------------------------------------------------------------------------------ */

/* Values seen so far, in order of appearance; open addressing over pointers into the list. */
struct renames {
    struct rename_slot {
        const char *value; /* NULL: free */
        unsigned scope;
        size_t number;
    } * slots;
    size_t n, cap;
};

static uint64_t hash_of(unsigned scope, const char *value)
{
    uint64_t h = UINT64_C(1469598103934665603) ^ scope;

    for (; *value; value++)
        h = (h ^ (uint8_t)*value) * UINT64_C(1099511628211);
    return h;
}

static struct rename_slot *slot_of(const struct renames *r, unsigned scope, const char *value)
{
    size_t i = (size_t)hash_of(scope, value) & (r->cap - 1);

    while (r->slots[i].value &&
           (r->slots[i].scope != scope || strcmp(r->slots[i].value, value) != 0))
        i = (i + 1) & (r->cap - 1);
    return &r->slots[i];
}

static void renames_grow(struct renames *r)
{
    struct renames bigger = {.n = r->n, .cap = r->cap ? r->cap * 2 : 256};

    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    if (!bigger.slots)
        WRONG("out of memory");
    for (size_t i = 0; i < r->cap; i++)
        if (r->slots[i].value)
            *slot_of(&bigger, r->slots[i].scope, r->slots[i].value) = r->slots[i];
    free(r->slots);
    *r = bigger;
}

static size_t renamed(struct renames *r, unsigned scope, const char *value)
{
    struct rename_slot *slot;

    if (2 * r->n >= r->cap)
        renames_grow(r);
    slot = slot_of(r, scope, value);
    if (!slot->value)
        *slot = (struct rename_slot){.value = value, .scope = scope, .number = ++r->n};
    return slot->number;
}

/* Uids and key names are one space (a bound_to is somebody's uid); connection numbers are counted
 * by each server for itself. */
static unsigned scope_of(const struct event *e, enum ev_field f)
{
    return f == EVF_CONN ? 1 + (unsigned)e->src : 0;
}

static void project_fields(struct renames *r, const struct event *e, struct buf *out)
{
    const char *at = e->bytes, *end = e->bytes + e->len, *value;
    enum ev_field f;
    uint16_t len;

    while (at < end) {
        at = next_field(at, &f, &value, &len);
        if (ev_field_mark(f) == EV_DROP)
            continue;
        buf_char_add(out, ' ');
        buf_text_add(out, ev_field_name(f));
        buf_char_add(out, '=');
        if (ev_field_mark(f) == EV_RENAME && len > 0)
            buf_printf(out, "#%zu", renamed(r, scope_of(e, f), value));
        else
            jx_write_text(out, value);
    }
}

void ev_project(const struct ev_list *l, struct buf *out)
{
    uint64_t nth[EVS_COUNT] = {0};
    struct renames r = {0};

    for (size_t i = 0; i < l->n; i++) {
        const struct event *e = ev_list_at(l, i);

        buf_printf(out, "%zu %s/%" PRIu64 " %" PRId64 " %s", i + 1, ev_src_name(e->src),
                   ++nth[e->src], e->t, ev_kind_name(e->kind));
        project_fields(&r, e, out);
        buf_char_add(out, '\n');
    }
    free(r.slots);
}
