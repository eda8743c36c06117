/* The last steps of a child on its way to exec: namespaces, descriptors, limits, no privileges. */
#ifndef SCENARIOS_ENGINE_CONFINE_H
#define SCENARIOS_ENGINE_CONFINE_H

#include "scenarios/engine/launch.h"

/* Called in the child after fork. Returns only when a step failed. output becomes stdout and
 * stderr; keep stays open until exec (it is close-on-exec). */
void confine(const struct launch *x, int output, int keep, struct err *e);

#endif
