#include "mock-palette/refusals.h"

#define BREACH .how = PAL_BREACH
#define MILD   .how = PAL_MILD
#define ROW(name_, status_, code_, message_, ...)                                                  \
    [PAL_NO_##name_] = {.name = #name_,                                                            \
                        .status = (status_),                                                       \
                        .code = (code_),                                                           \
                        .message = (message_),                                                     \
                        .clauses = __VA_ARGS__},
/* clang-format off */
const struct pal_refusal pal_refusals[PAL_NO_COUNT] = {
#include "mock-palette/refusals.inc"
};
/* clang-format on */
#ifdef PALETTE_BITE
size_t pal_toothless = (size_t)-1;
#endif
