/* The core's calls while they are under way: effects become requests of libcurl, and their ends go
 * back by ticket. Three callers stand side by side, since each keeps connections and anchors of its
 * own: Palette, what Palette must not be asked twice (the POST of an account, GP-39), and MAAS. */
#ifndef GATEWAY_CALLS_H
#define GATEWAY_CALLS_H

#include "gateway/config.h"
#include "gateway/core.h"
#include "lib/io/call.h"

#define CALLS_MAX 640 /* at once: 240 clusters with two each and 32 queries ask less */

struct calls;
/* Once for each call that was started and not cancelled; from the loop, never from within calls_.
 */
typedef void calls_reply_fn(void *arg, uint64_t ticket, enum gw_target target,
                            const struct http_result *result);

int calls_new(struct calls **ret, struct loop *loop, struct dns *dns, const struct config *c,
              calls_reply_fn *reply, void *arg, struct err *e) MUST_CHECK;
void calls_free(struct calls *k); /* what is under way ends without a reply; NULL is fine */
void calls_start(struct calls *k, const struct gw_effect *f); /* f: GW_FX_CALL, copied */
void calls_cancel(struct calls *k, uint64_t ticket);
/* The anchors of c from here on; its files were read and found good a moment ago. An error leaves
 * some callers with the new ones and some with the old: a state nobody asked for (GP-15). */
int calls_trust(struct calls *k, const struct config *c, struct err *e) MUST_CHECK;

#endif
