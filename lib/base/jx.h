/* JSON by table over json-c: one row a field. Trees never leave the function that parsed them.
 *
 *   static const struct jx_field fields[] = {
 *       JX_TEXT(struct timing, name, JX_MUST),
 *       JX_MS(struct timing, heartbeat_ms, "heartbeatSeconds", 0, 0, HOURS(24)),
 *   };
 *   r = jx_read(body, len, fields, COUNTOF(fields), 0, &timing, &e);
 *
 * Reading is strict JSON (UTF-8 checked, depth JX_DEPTH_MAX, nothing after the value) and all or
 * nothing: on error *out is untouched and the sentence names the path ("clusters[2].epoch: …").
 * null counts as absent for every kind (GP-3). Numbers that must be whole accept 5.0, not 5.5.
 * A member that is absent keeps what *out held before (its default); *out must not own anything
 * yet where OWNED or RAW rows point. */
#ifndef BASE_JX_H
#define BASE_JX_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define JX_DEPTH_MAX 32

enum jx_kind {
    JX_KIND_TEXT,   /* char[size] */
    JX_KIND_OWNED,  /* char *, allocated by jx_read, freed by jx_drop; at most `max` bytes */
    JX_KIND_INT,    /* int64_t in [min, max] */
    JX_KIND_MS,     /* ms_t from a JSON number of seconds, fractions allowed, in [min, max] ms */
    JX_KIND_BOOL,   /* bool */
    JX_KIND_OBJECT, /* a struct described by .fields, in place */
    JX_KIND_ARRAY,  /* struct element[max] with a size_t count beside it, elements by .fields */
    JX_KIND_TEXTS,  /* char[max][size] with a size_t count beside it */
    JX_KIND_RAW     /* char *: the value's JSON text, owned as JX_KIND_OWNED */
};

enum {
    JX_MUST = 1 /* absent or null is an error */,
    JX_SKIP_EMPTY = 2 /* not written when empty */
};

struct jx_field {
    const char *name;
    enum jx_kind kind;
    unsigned flags;
    size_t offset;       /* of the member */
    size_t size;         /* of a text, or of one element */
    size_t count_offset; /* of the size_t that counts, arrays only */
    int64_t min, max;    /* range; for arrays max is the number of places */
    const struct jx_field *fields;
    size_t n_fields;
};

/* clang-format off */
#define JX_TEXT_AS(type, member, json, f) \
    { .name = json, .kind = JX_KIND_TEXT, .flags = f, .offset = offsetof(type, member), \
      .size = sizeof(((type *)0)->member) }
#define JX_TEXT(type, member, f) JX_TEXT_AS(type, member, #member, f)
#define JX_OWNED(type, member, json, f, limit) \
    { .name = json, .kind = JX_KIND_OWNED, .flags = f, .offset = offsetof(type, member), .max = limit }
#define JX_RAW(type, member, json, f, limit) \
    { .name = json, .kind = JX_KIND_RAW, .flags = f, .offset = offsetof(type, member), .max = limit }
#define JX_INT(type, member, json, f, low, high) \
    { .name = json, .kind = JX_KIND_INT, .flags = f, .offset = offsetof(type, member), \
      .min = low, .max = high }
#define JX_MS(type, member, json, f, low, high) \
    { .name = json, .kind = JX_KIND_MS, .flags = f, .offset = offsetof(type, member), \
      .min = low, .max = high }
#define JX_BOOL(type, member, json, f) \
    { .name = json, .kind = JX_KIND_BOOL, .flags = f, .offset = offsetof(type, member) }
#define JX_OBJECT(type, member, json, f, table) \
    { .name = json, .kind = JX_KIND_OBJECT, .flags = f, .offset = offsetof(type, member), \
      .fields = table, .n_fields = COUNTOF(table) }
#define JX_ARRAY(type, member, count, json, f, table) \
    { .name = json, .kind = JX_KIND_ARRAY, .flags = f, .offset = offsetof(type, member), \
      .size = sizeof(((type *)0)->member[0]), .count_offset = offsetof(type, count), \
      .max = COUNTOF(((type *)0)->member), .fields = table, .n_fields = COUNTOF(table) }
#define JX_TEXTS(type, member, count, json, f) \
    { .name = json, .kind = JX_KIND_TEXTS, .flags = f, .offset = offsetof(type, member), \
      .size = sizeof(((type *)0)->member[0]), .count_offset = offsetof(type, count), \
      .max = COUNTOF(((type *)0)->member) }
/* clang-format on */

/* Our own files: an unknown field is an error, with the nearest name; so is a field that stands
 * there twice. */
enum { JX_STRICT = 1 };

int jx_read(const char *text, size_t len, const struct jx_field *fields, size_t n, unsigned mode,
            void *out, struct err *e) MUST_CHECK;
/* Reads a JSON array of objects: calls `each` for each element, with its index, after filling
 * `element` (zeroed before each). Stops and returns what `each` returns when not 0. What OWNED and
 * RAW rows allocated in the element is freed after each call: copy what you keep. */
int jx_read_list(const char *text, size_t len, const struct jx_field *fields, size_t n,
                 unsigned mode, void *element, size_t element_size,
                 int (*each)(void *arg, size_t i, const void *element), void *arg, struct err *e);
/* Frees what JX_KIND_OWNED and JX_KIND_RAW members hold, also in nested tables. */
void jx_drop(const struct jx_field *fields, size_t n, void *out);

/* Appends the object as JSON, in table order, compact. The same rows as for reading. */
void jx_write(struct buf *out, const struct jx_field *fields, size_t n, const void *in);
/* Appends a JSON string with quotes; invalid UTF-8 becomes U+FFFD. */
void jx_write_text(struct buf *out, const char *text);
/* Length of the UTF-8 sequence that begins at p, in a text that ends with NUL; 0 when it is none
 * (RFC 3629: no surrogates, nothing overlong). */
size_t jx_utf8_len(const char *p);
/* Appends ms as a JSON number of seconds, without needless digits: 90500 is 90.5. */
void jx_write_seconds(struct buf *out, ms_t ms);

/* One member of an object by dotted path ("spec.cloudAccountUid"), as text: for tests, facts over
 * answers, and error bodies. false when absent, not a scalar, too long, or not JSON at all. */
bool jx_pick(const char *text, size_t len, const char *path, char *out, size_t size);

/* Calls `each` for every member of an object, and for every element of one that is a list; numbers
 * and what is nested come as JSON, booleans as True and False, null not at all. false: the text is
 * no JSON. JSON that is no object has no members. */
typedef void jx_member_fn(void *arg, const char *name, const char *value);
bool jx_members(const char *text, size_t len, jx_member_fn *each, void *arg);

#endif
