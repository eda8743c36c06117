/* Clock faketime: libfaketime is loaded into the gateway, so that a program that knows no clock
 * page lives F times faster (docs/time.md). Only the gateway: our own programs need no such thing.
 *
 * Its traps: static programs and those with a sanitizer's run time do not take it; a wait is cut to
 * whole real milliseconds, so F is bounded; it leaves memory behind in /dev/shm, named by pid, and
 * a later process of that pid would inherit it. */
#ifndef SCENARIOS_ENGINE_FAKETIME_H
#define SCENARIOS_ENGINE_FAKETIME_H

#include "scenarios/engine/manifest.h"

#define FAKETIME_FACTOR_MAX 100
#define FAKETIME_TEXT_MAX   64

/* 0 when it can be loaded into the manifest's command; else why not, and what to do. */
int faketime_check(const struct manifest *m, struct err *e) MUST_CHECK;
const char *faketime_library(void);
/* Value of FAKETIME for a program that starts when so many milliseconds of kernel time have passed
 * since the run began: its wall clock shows what the site's shows. */
void faketime_value(int64_t since_ms, int factor, char out[FAKETIME_TEXT_MAX]);
/* A /dev/shm of the run's own, which goes with its mount namespace. */
int faketime_memory(struct err *e) MUST_CHECK;

#endif
