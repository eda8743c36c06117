/* What a lab's routers remember of flows, and what they forget: a router whose file says
 * forgets_seconds loses a mapping over which nothing went for so long of domain time, and all of
 * them when a story says so. The kernel's own timers run in real time, so the engine asks the
 * router's connection tracking (ctnetlink) what moved, and deletes what did not. Which flows there
 * are it hears from the capture; beyond MAPPINGS_MAX a flow keeps the kernel's own patience.
 *
 * A later packet of a forgotten flow has no mapping and makes none: it is dropped without a word.
 */
#ifndef SCENARIOS_ENGINE_MAPPINGS_H
#define SCENARIOS_ENGINE_MAPPINGS_H

#include "scenarios/engine/world.h"

struct mappings;
/* *ret is NULL where no router of the lab forgets. */
int mappings_new(struct mappings **ret, struct world *w, struct err *e) MUST_CHECK;
void mappings_free(struct mappings *m);                             /* NULL is fine */
void mappings_try(struct mappings *m, const struct capture_try *t); /* what the capture saw */
/* All of them, now; told as router.forgot, one a router. false: no router forgets, or the kernel
 * said no. */
bool mappings_forget(struct mappings *m);

#endif
