/* Who is next to be looked at by time: a heap of numbers with a time each. A number is a place of
 * the caller's; one that nobody has set is never due. */
#ifndef MOCK_PALETTE_DUE_H
#define MOCK_PALETTE_DUE_H

#include "lib/base/base.h"

struct pal_due {
    size_t n, cap; /* numbers in the heap; numbers there is room for */
    struct pal_due_one *heap;
    size_t *at; /* by number: its place in the heap plus one, or 0 */
};

void pal_due_set(struct pal_due *d, size_t number, ms_t at); /* MS_NEVER takes it out */
/* When the next one is due, and which; of several the lowest number. MS_NEVER. */
ms_t pal_due_next(const struct pal_due *d, size_t *ret_number);
void pal_due_drop(struct pal_due *d);

#endif
