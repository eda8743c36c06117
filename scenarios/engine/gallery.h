/* Rogues in a run: a manifest that names one ("rogue": "leaker"), what is said about it after the
 * report, and the gallery, which plays every rogue in the story that must catch it.
 *
 * A rogue's programs are test builds and lie beside gateproof; nothing of them is shipped. The
 * simulator with rogues in it is a program of its own. */
#ifndef SCENARIOS_ENGINE_GALLERY_H
#define SCENARIOS_ENGINE_GALLERY_H

#include "scenarios/engine/run.h"
#include "scenarios/judge/rogues.h"

#define GALLERY_PROGRAM "gateproof-rogue"

/* After the manifest was read: sets r->rogue, and finds its program. Nothing for other gateways. */
int gallery_take(struct run *r, struct err *e) MUST_CHECK;
/* Was the run's rogue caught, and by what? Nothing for other gateways. */
void gallery_say(const struct run *r, struct buf *out);
/* Becomes GALLERY_PROGRAM, which lies in `bin`, with this process's own words. Returns only when
 * that is not possible. */
int gallery_become(const char *bin, struct err *e) MUST_CHECK;
/* Plays every rogue (or the one named) on this stage and says who was caught. *ret_caught: all.
 * options.stage is named. RUN_FORBIDDEN and RUN_BY_ROGUES as of run_plan. */
int gallery_play(const struct run_options *o, const char *only, struct buf *out, bool *ret_caught,
                 struct err *e) MUST_CHECK;

#endif
