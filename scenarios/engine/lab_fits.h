/* Whether the lab of a story's shape has what the story's lines name: proxies, and the address to
 * which Palette moves. Pure; beside judge/sense.h, which sees the story alone. */
#ifndef SCENARIOS_ENGINE_LAB_FITS_H
#define SCENARIOS_ENGINE_LAB_FITS_H

#include "scenarios/engine/lab.h"
#include "scenarios/engine/script.h"

/* file: for the sentence "file:line:column: what; remedy". -EINVAL. */
int lab_fits(const struct lab *l, const struct script *s, const char *file, struct err *e)
    MUST_CHECK;

#endif
