/* State as rows of bytes, by tables of fields: what a struct holds is written as named parts and
 * read again, also by a version that knows more or fewer of them. Pure; who stores rows is
 * elsewhere (store.h).
 *
 * Nothing outside mock-palette/ and its tests includes this. */
#ifndef MOCK_PALETTE_KEEP_H
#define MOCK_PALETTE_KEEP_H

#include "mock-palette/public.h"

#define KEEP_STEP_MS MINUTES(1)

enum keep_kind {
    KEEP_TEXT,   /* char[size] */
    KEEP_BYTES,  /* uint8_t[size] */
    KEEP_NUMBER, /* a bool, an enum, or 64 bits; with max from 0 to max - 1 */
    /* A time that moves with every call would make every call a write. It is written rounded up to
     * the next KEEP_STEP_MS: whoever was heard counts as heard a little later, never earlier. */
    KEEP_PAST,   /* read as the moment of reading when that is sooner */
    KEEP_UNTIL,  /* in the future */
    KEEP_OWNED,  /* char *, or NULL */
    KEEP_RECORD, /* a struct in place: fields */
    KEEP_ARRAY,  /* n at n_offset in place, each of `size`: structs by fields, or texts */
    KEEP_LIST,   /* the same behind a pointer, made with pal_grow */
};

struct keep_field {
    const char *name;
    enum keep_kind kind;
    size_t offset, size, n_offset, max;
    const struct keep_field *fields;
    size_t n_fields;
};

void keep_write(const struct keep_field *fields, size_t n, const void *from, struct buf *out);
/* Into a struct that is all zero. false: no such record; what was read stays. */
bool keep_read(const struct keep_field *fields, size_t n, const char *bytes, size_t len, ms_t now,
               void *out);

/* Frees what is owned, but for lists. */
void keep_drop(const struct keep_field *fields, size_t n, void *from);

/* --- the tables (keep_rows.c) ------------------------------------------------------------------
 */

struct keep_rows {
    const char *name; /* keys are NAME/PLACE */
    const struct keep_field *fields;
    size_t n_fields, size;
    size_t (*count)(const struct palette *p);
    void *(*at)(struct palette *p, size_t i);
    /* The place, also when there is none yet; NULL: beyond what this Palette holds. */
    void *(*make)(struct palette *p, size_t i);
};
extern const struct keep_rows keep_tables[PAL_KEEP_TABLES];

#endif
