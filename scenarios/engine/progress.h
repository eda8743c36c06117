/* What a person sees while stories run, on stderr: on a terminal one line that changes, and one
 * line for each story that ended; into a pipe only the latter. NO_COLOR is respected. */
#ifndef SCENARIOS_ENGINE_PROGRESS_H
#define SCENARIOS_ENGINE_PROGRESS_H

#include "scenarios/engine/run.h"

struct progress;
struct progress *progress_new(const struct run *r);
void progress_free(struct progress *p);
/* text: "DOMAIN_MS words", as a child tells it. */
void progress_show(struct progress *p, size_t index, const struct run_item *item, const char *text);
void progress_done(struct progress *p, size_t index, const struct run_item *item);

/* Colour is wanted on this stream: a terminal, and neither NO_COLOR nor TERM=dumb. */
bool progress_colour(int fd);

#endif
