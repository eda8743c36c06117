/* A folder for a run's file system in memory. Where the machine has a folder of its own that is
 * empty, that one is hidden, in the run's mount namespace alone, and nothing has to be made or
 * removed: a run that is killed leaves nothing. Else one is made in TMPDIR, to be given back. */
#ifndef SCENARIOS_ENGINE_SPOT_H
#define SCENARIOS_ENGINE_SPOT_H

#include "lib/base/err.h"

#define SPOT_MAX 64

int spot_find(char ret[SPOT_MAX], struct err *e) MUST_CHECK;
void spot_drop(const char *dir); /* removes what was made */

#endif
