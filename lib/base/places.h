/* From a hash to places in somebody's array: a table with open addressing that grows. What is at
 * the place is the caller's to compare; several entries may have one hash. */
#ifndef BASE_PLACES_H
#define BASE_PLACES_H

#include "lib/base/base.h"

struct places {
    struct place *at;
    size_t n, cap; /* cap: a power of two, or 0 */
};

uint64_t places_hash(const void *bytes, size_t len);
uint64_t places_hash_text(const char *text);
void places_put(struct places *t, uint64_t hash, size_t place);
/* Takes out the entry of that hash and place, if there is one. */
void places_remove(struct places *t, uint64_t hash, size_t place);
/* The next entry of that hash, in no order; *cursor is 0 at first. The table must not change
 * meanwhile. */
bool places_next(const struct places *t, uint64_t hash, size_t *cursor, size_t *ret);
void places_drop(struct places *t); /* empty again */

#endif
