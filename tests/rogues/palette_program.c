/* mock-palette-rogue: the mock's program whose doors stand ajar for the rogue that the environment
 * names. */
#include "mock-palette/palette.h"

#include "lib/base/text.h"

#include <stdlib.h>

struct palette *__real_palette_new(const struct palette_config *c);
struct palette *__wrap_palette_new(const struct palette_config *c);

struct palette *__wrap_palette_new(const struct palette_config *c)
{
    const char *rogue = getenv("GATEPROOF_ROGUE");
    struct palette_config config = *c;

    if (rogue && !text_copy(config.ajar, sizeof config.ajar, rogue))
        WRONG("a rogue with a name that long");
    return __real_palette_new(&config);
}
