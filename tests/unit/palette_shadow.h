/* What a store would hold of a Palette: rows as they were told, one after the other. */
#ifndef TESTS_UNIT_PALETTE_SHADOW_H
#define TESTS_UNIT_PALETTE_SHADOW_H

#include "lib/base/buf.h"
#include "mock-palette/palette.h"

struct shadow_row {
    char key[48];
    struct buf bytes;
};
struct shadow {
    size_t n;
    struct shadow_row *rows;
};
void shadow_drop(struct shadow *s);
/* Takes what changed, and fails when a row of the state is not what was told of it. */
void shadow_look(struct shadow *s, struct palette *p);
/* A new Palette of that configuration with these rows, at that time. */
struct palette *shadow_resume(const struct shadow *s, const struct palette_config *c, ms_t now);

#endif
