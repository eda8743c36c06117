#include "mock-palette/refusals.h"

#define ROW(name, status, code, message, clauses)                                                  \
    [PAL_NO_##name] = {#name, status, code, message, clauses},
/* clang-format off */
const struct pal_refusal pal_refusals[PAL_NO_COUNT] = {
#include "mock-palette/refusals.inc"
};
/* clang-format on */
#ifdef PALETTE_BITE
size_t pal_toothless = (size_t)-1;
#endif
