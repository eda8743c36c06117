/* What a run on the loopback addresses of this machine has for itself: a number that no other run
 * on these addresses has, and an empty folder that only its user can enter. The number is held by a
 * name in the abstract socket space, which ends with the process, so a run that was killed leaves a
 * folder at most; the next one with its number empties it. */
#ifndef SCENARIOS_ENGINE_BERTH_H
#define SCENARIOS_ENGINE_BERTH_H

#include "lib/base/err.h"

#define BERTH_DIR_MAX 96

struct berth {
    int number; /* 0 … LAB_BERTHS - 1 */
    int fd;     /* holds it */
    char dir[BERTH_DIR_MAX];
};

/* The folder is in XDG_RUNTIME_DIR, else in /dev/shm (both are memory), else in TMPDIR or /tmp. */
int berth_take(struct berth *ret, struct err *e) MUST_CHECK;
void berth_leave(struct berth *b);

#endif
