/* Processes that do nothing but keep processors busy, beside a run that is to come out the same. */
#ifndef SCENARIOS_ENGINE_HOGS_H
#define SCENARIOS_ENGINE_HOGS_H

#include "lib/base/err.h"

#include <sys/types.h>

#define HOGS_MAX     16
#define HOGS_SECONDS 60 /* of processor time each; then it ends by itself */

struct hogs {
    size_t n;
    pid_t pids[HOGS_MAX];
};
/* They die with this process at the latest. n: HOGS_MAX at most. */
int hogs_start(struct hogs *h, int64_t n, struct err *e) MUST_CHECK;
void hogs_end(struct hogs *h);

#endif
