/* What this Palette refuses, as a table (refusals.inc). Shared by the files of the model.
 *
 * In the build of `make clauses-bite` (PALETTE_BITE) one row at a time can be switched off, to see
 * that a test turns red; in every other build all rows bite. */
#ifndef MOCK_PALETTE_REFUSALS_H
#define MOCK_PALETTE_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>

#define ROW(name, ...) PAL_NO_##name,
enum pal_no {
#include "mock-palette/refusals.inc"
    PAL_NO_COUNT
};
#undef ROW

/* What a row means when a gateway or an agent is refused by it. */
enum pal_how {
    PAL_PLAIN,  /* ordinary operation: late, repeated, too early, somebody else's */
    PAL_BREACH, /* the profile forbids what was asked; journalled as a breach */
    PAL_MILD    /* the same, and of form only: in mode lenient it is journalled and let pass */
};

struct pal_refusal {
    const char *name;
    int status;
    const char *code, *message; /* the message may go on with a text of the occasion */
    const char *clauses;
    enum pal_how how;
};
extern const struct pal_refusal pal_refusals[PAL_NO_COUNT];

#ifdef PALETTE_BITE
extern size_t
    pal_toothless; /* this row does not bite: a pal_no, or PAL_NO_COUNT + a rule of life.c */
static inline bool pal_bites(size_t row)
{
    return row != pal_toothless;
}
#else
static inline bool pal_bites(size_t row)
{
    (void)row;
    return true;
}
#endif

#endif
