/* What may be looked at from outside: GET /metrics (Prometheus's text format) and GET /healthz
 * ("ok" with 200, or why not with 503), on loopback or a unix socket and nowhere else. Off unless
 * configured. Nothing can be changed through it, and a request's bytes go nowhere.
 *
 * Bounds: PEEK_CONNS_MAX clients at once (more are closed as they come), PEEK_HEAD_MAX of a
 * request, PEEK_MS for the whole exchange; one request a connection. */
#ifndef GATEWAY_PEEK_H
#define GATEWAY_PEEK_H

#include "gateway/watch.h"
#include "lib/io/loop.h"

#define PEEK_CONNS_MAX  8
#define PEEK_HEAD_MAX   KIB(4)
#define PEEK_ANSWER_MAX KIB(32)
#define PEEK_MS         SECONDS(5)
#define PEEK_AGAIN_MS   500 /* pause when there is no descriptor for a client */

/* 127.0.0.1:PORT, [::1]:PORT or unix:PATH; anything else is refused. */
int peek_where_check(const char *where, struct err *e) MUST_CHECK;

struct peek;
typedef const struct watch *peek_look_fn(void *arg); /* as it is now */
int peek_open(struct peek **ret, struct loop *l, const char *where, peek_look_fn *look, void *arg,
              struct err *e) MUST_CHECK;
void peek_close(struct peek *p); /* NULL is fine */

#endif
