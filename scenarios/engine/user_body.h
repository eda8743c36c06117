/* What a user of Palette sends to make and change clusters: v1SpectroMaasClusterEntity and friends.
 * Pure. A story's cluster of N nodes is one control-plane machine and N - 1 workers. */
#ifndef SCENARIOS_ENGINE_USER_BODY_H
#define SCENARIOS_ENGINE_USER_BODY_H

#include "lib/base/buf.h"

void user_body_create(struct buf *out, const char *name, const char *account_uid, int64_t nodes);
void user_body_workers(struct buf *out, int64_t nodes); /* the pool, for so many nodes in all */
void user_body_label(struct buf *out, const char *name, const char *label); /* "key=value" */

#endif
