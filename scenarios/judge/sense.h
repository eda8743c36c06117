/* Whether a story that can be read makes sense: the rules that it names exist, somebody makes the
 * clusters and accounts that it speaks of, MAAS has its machines, its acts can happen, and no line
 * stands there twice. Pure. */
#ifndef SCENARIOS_JUDGE_SENSE_H
#define SCENARIOS_JUDGE_SENSE_H

#include "lib/base/err.h"
#include "scenarios/engine/script.h"

#define SENSE_MACHINES_MAX 8 /* m1 … m8 of the labs */

/* file: for the sentence "file:line:column: what; remedy". -EINVAL. */
int sense_check(const struct script *s, const char *file, struct err *e) MUST_CHECK;
/* What its author may not have meant, though it makes sense; NULL: nothing. */
const char *sense_doubt(const struct script *s);

#endif
