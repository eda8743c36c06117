/* `gateproof rules --coverage`: for each rule the sentences it rests on, the stories that grade it,
 * the rogues that must fail it, and where its evidence comes from. */
#ifndef SCENARIOS_ENGINE_COVERAGE_H
#define SCENARIOS_ENGINE_COVERAGE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* data: folder with stories/. A story that cannot be read is the error. */
int coverage_write(struct buf *out, const char *data, int width, struct err *e) MUST_CHECK;

#endif
