/* A program's output: kept in a file up to a bound, searched for secrets over the borders of
 * chunks, counted to its end. */
#ifndef SCENARIOS_ENGINE_OUTPUT_H
#define SCENARIOS_ENGINE_OUTPUT_H

#include "scenarios/engine/launch.h"

struct output;
typedef void output_secret_fn(void *arg, const char *name);

int output_new(struct output **ret, const char *file, size_t max, const struct secrets *s,
               struct err *e) MUST_CHECK; /* secrets stay the caller's and may grow */
void output_free(struct output *o);
/* Tells each secret's name once. */
void output_add(struct output *o, const char *bytes, size_t len, output_secret_fn *told, void *arg);
uint64_t output_bytes(const struct output *o);

#endif
