/* Names by table, packed fields, chain links, and the list. The JSON form is in event_json.c. */
#include "lib/base/event.h"

#include "lib/base/digest.h"
#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_HEAD      3                /* uint8 field, uint16 length */
#define FIELD_COST      (FIELD_HEAD + 1) /* and the NUL */
#define CHAIN_NAME_MAX  16               /* longest name of a field, kind or writer */
#define CHAIN_BYTES_MAX (EV_BYTES_MAX + EV_FIELD_COUNT * CHAIN_NAME_MAX + 128)

struct field_row {
    const char *name, *what;
    enum ev_mark mark;
};
struct kind_row {
    const char *name, *must, *what;
};

#define FIELD_ROW(id, json, m, w) [EVF_##id] = {.name = json, .what = w, .mark = m},
#define KIND_ROW(id, json, m, w)  [EV_##id] = {.name = json, .must = m, .what = w},
#define SRC_ROW(id, json)         [EVS_##id] = json,
static const struct field_row field_rows[] = {EV_FIELDS(FIELD_ROW)};
static const struct kind_row kind_rows[] = {EV_KINDS(KIND_ROW)};
static const char *const src_rows[] = {EV_SRCS(SRC_ROW)};

const char *ev_field_name(enum ev_field f)
{
    assert(f < EV_FIELD_COUNT);
    return field_rows[f].name;
}

const char *ev_field_what(enum ev_field f)
{
    assert(f < EV_FIELD_COUNT);
    return field_rows[f].what;
}

enum ev_mark ev_field_mark(enum ev_field f)
{
    assert(f < EV_FIELD_COUNT);
    return field_rows[f].mark;
}

const char *ev_kind_name(enum ev_kind k)
{
    assert(k < EV_COUNT);
    return kind_rows[k].name;
}

const char *ev_kind_what(enum ev_kind k)
{
    assert(k < EV_COUNT);
    return kind_rows[k].what;
}

const char *ev_kind_must(enum ev_kind k)
{
    assert(k < EV_COUNT);
    return kind_rows[k].must;
}

const char *ev_src_name(enum ev_src s)
{
    assert(s < EVS_COUNT);
    return src_rows[s];
}

enum ev_field ev_field_find(const char *name)
{
    size_t i = 0;

    while (i < EV_FIELD_COUNT && strcmp(field_rows[i].name, name) != 0)
        i++;
    return (enum ev_field)i;
}

enum ev_kind ev_kind_find(const char *name)
{
    size_t i = 0;

    while (i < EV_COUNT && strcmp(kind_rows[i].name, name) != 0)
        i++;
    return (enum ev_kind)i;
}

enum ev_src ev_src_find(const char *name)
{
    size_t i = 0;

    while (i < EVS_COUNT && strcmp(src_rows[i], name) != 0)
        i++;
    return (enum ev_src)i;
}

/* --- one event ------------------------------------------------------------------------------- */

void ev_init(struct event *e, enum ev_kind kind, ms_t t)
{
    memset(e, 0, EVENT_HEAD_SIZE);
    e->t = t;
    e->kind = kind;
    e->src = EVS_ENGINE;
}

/* Copies at most max bytes of text, whole characters only. A byte that is no UTF-8 becomes '?', so
 * that a record survives its JSON form and back with the same chain. */
static size_t copy_value(char *out, const char *text, size_t max)
{
    size_t n = 0, len, step;

    while (*text) {
        len = jx_utf8_len(text);
        step = len > 0 ? len : 1;
        if (n + step > max)
            break;
        if (len > 0)
            memcpy(out + n, text, len);
        else
            out[n] = '?';
        n += step;
        text += step;
    }
    out[n] = '\0';
    return n;
}

/* Each field that is still to come keeps room for itself, so that none is ever lost whole. */
static size_t room_for_value(const struct event *e)
{
    size_t reserved = (size_t)(EV_FIELD_COUNT - e->n) * FIELD_COST;
    size_t room = EV_BYTES_MAX - e->len - reserved;

    return room < EV_VALUE_MAX ? room : EV_VALUE_MAX;
}

void ev_text_add(struct event *e, enum ev_field f, const char *text)
{
    char *at = e->bytes + e->len;
    uint16_t len;

    assert(f < EV_FIELD_COUNT);
    assert(!ev_has(e, f));
    len = (uint16_t)copy_value(at + FIELD_HEAD, text ? text : "", room_for_value(e));
    at[0] = (char)(uint8_t)f;
    memcpy(at + 1, &len, sizeof(len));
    e->len = (uint16_t)(e->len + FIELD_COST + len);
    e->n++;
}

void ev_int_add(struct event *e, enum ev_field f, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    ev_text_add(e, f, text);
}

static const char *find(const struct event *e, enum ev_field f)
{
    const char *at = e->bytes, *end = e->bytes + e->len;
    uint16_t len;

    for (; at < end; at += FIELD_COST + len) {
        memcpy(&len, at + 1, sizeof(len));
        if ((uint8_t)at[0] == (uint8_t)f)
            return at + FIELD_HEAD;
    }
    return NULL;
}

bool ev_has(const struct event *e, enum ev_field f)
{
    return find(e, f) != NULL;
}

const char *ev_text(const struct event *e, enum ev_field f)
{
    const char *text = find(e, f);

    return text ? text : "";
}

int64_t ev_int(const struct event *e, enum ev_field f)
{
    int64_t value = -1;

    return text_int(ev_text(e, f), INT64_MIN, INT64_MAX, &value) ? value : -1;
}

bool ev_equal(const struct event *a, const struct event *b)
{
    return a->seq == b->seq && a->nth == b->nth && a->t == b->t && a->kind == b->kind &&
           a->src == b->src && a->n == b->n && a->len == b->len && text_is(a->chain, b->chain) &&
           memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool ev_is(const struct event *e, enum ev_field f, const char *text)
{
    return strcmp(ev_text(e, f), text) == 0;
}

const char *ev_missing(const struct event *e)
{
    const char *must = kind_rows[e->kind].must;
    char name[CHAIN_NAME_MAX];

    while (text_next(&must, ' ', name, sizeof(name))) {
        enum ev_field f = ev_field_find(name);

        assert(f < EV_FIELD_COUNT);
        if (!ev_has(e, f))
            return field_rows[f].name;
    }
    return NULL;
}

/* --- chain ----------------------------------------------------------------------------------- */

static char *pack_text(char *at, const char *text)
{
    size_t len = strlen(text) + 1;

    memcpy(at, text, len);
    return at + len;
}

static char *pack_u64(char *at, uint64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (char)(uint8_t)(v >> shift);
    return at;
}

/* Names, not numbers, are hashed: a new row in a table leaves old journals whole. */
void ev_chain(const struct event *e, const char *before, char out[EV_CHAIN_LEN + 1])
{
    char packed[CHAIN_BYTES_MAX], *p = packed;
    const char *at = e->bytes, *end = e->bytes + e->len;
    uint8_t sum[SHA256_LEN];
    uint16_t len;

    assert(strlen(before) <= EV_CHAIN_LEN);
    p = pack_text(p, before);
    p = pack_text(p, kind_rows[e->kind].name);
    p = pack_text(p, src_rows[e->src]);
    p = pack_u64(p, e->seq);
    p = pack_u64(p, e->nth);
    p = pack_u64(p, (uint64_t)e->t);
    for (; at < end; at += FIELD_COST + len) {
        memcpy(&len, at + 1, sizeof(len));
        p = pack_text(p, field_rows[(uint8_t)at[0]].name);
        memcpy(p, at + FIELD_HEAD, (size_t)len + 1);
        p += len + 1;
    }
    digest_sha256(packed, (size_t)(p - packed), sum);
    text_hex(sum, EV_CHAIN_LEN / 2, out);
}

/* --- list ------------------------------------------------------------------------------------ */

static void *grown(void *old, size_t size)
{
    void *p = realloc(old, size);

    if (!p)
        WRONG("out of memory");
    return p;
}

void ev_list_init(struct ev_list *l)
{
    memset(l, 0, sizeof(*l));
}

void ev_list_drop(struct ev_list *l)
{
    free(l->bytes);
    free(l->at);
    ev_list_init(l);
}

void ev_list_clear(struct ev_list *l)
{
    l->len = 0;
    l->n = 0;
}

void ev_list_add(struct ev_list *l, const struct event *e)
{
    size_t size = EVENT_HEAD_SIZE + e->len;
    size_t step = (size + _Alignof(struct event) - 1) & ~(_Alignof(struct event) - 1);

    if (l->len + step > l->cap) {
        l->cap = l->cap * 2 + KIB(16);
        l->bytes = grown(l->bytes, l->cap);
    }
    if (l->n == l->at_cap) {
        l->at_cap = l->at_cap * 2 + 64;
        l->at = grown(l->at, l->at_cap * sizeof(*l->at));
    }
    memcpy(l->bytes + l->len, e, size);
    l->at[l->n++] = l->len;
    l->len += step;
}

const struct event *ev_list_at(const struct ev_list *l, size_t i)
{
    assert(i < l->n);
    return (const struct event *)(const void *)(l->bytes + l->at[i]);
}

struct place {
    uint64_t seq;
    size_t offset;
};

static int place_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_sorted(const struct ev_list *l)
{
    for (size_t i = 1; i < l->n; i++)
        if (ev_list_at(l, i - 1)->seq > ev_list_at(l, i)->seq)
            return false;
    return true;
}

void ev_list_sort(struct ev_list *l)
{
    struct place *places;

    if (is_sorted(l))
        return;
    places = grown(NULL, l->n * sizeof(*places));
    for (size_t i = 0; i < l->n; i++)
        places[i] = (struct place){.seq = ev_list_at(l, i)->seq, .offset = l->at[i]};
    qsort(places, l->n, sizeof(*places), place_order);
    for (size_t i = 0; i < l->n; i++)
        l->at[i] = places[i].offset;
    free(places);
}
