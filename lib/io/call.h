/* HTTP calls on a loop: libcurl's multi_socket, names by c-ares (lib/io/dns), no thread.
 *
 * One caller per trust: Palette with its anchors, MAAS with its own. TLS 1.2 or newer, chain,
 * validity and name verified, nothing can weaken it (GP-23). Redirects are not followed (GP-27).
 * HTTP/1.1. A POST that may have arrived is never sent again by the library: a call that is not GET
 * goes out on a fresh connection when call_config.fresh_changes is set (spikes: libcurl repeats a
 * request on a reused connection that died).
 *
 * One call opens at most one connection, to one address of the name: the next address has its turn
 * at the next call after a failure, so that the dials of GP-29 can be counted in calls. After a
 * failure no idle connection from before it is used again and the name is looked up anew (GP-90).
 *
 * Each call says its proxy (http_call.proxy); the environment's variables never count. Through a
 * proxy there is a tunnel (CONNECT) or nothing: whatever the proxy does wrong ends the call as
 * HTTP_PROXY_FAILED, at once and without another try, straight or not. Its name is looked up, the
 * target's is left to it; its credentials are in Proxy-Authorization of CONNECT alone, sent without
 * being asked for. A kept connection serves only the proxy, or none, and the host it was made for.
 */
#ifndef IO_CALL_H
#define IO_CALL_H

#include "lib/base/http.h"
#include "lib/io/dns.h"
#include "lib/io/loop.h"

#define CALL_IDLE_MAX       8           /* connections kept open for the next call */
#define CALL_IDLE_MS        SECONDS(60) /* longer idle ones are not used again */
#define CALL_TIMEOUT_MAX_MS HOURS(24)

struct caller;
struct call;
/* result is valid during the callback only; may start new calls. */
typedef void call_done_fn(void *arg, const struct http_result *result);

struct call_config {
    const char *ca_file; /* PEM anchors that replace the system's; NULL or "" = the system's */
    /* PEM anchors beside those, for calls through a proxy that opens TLS (GP-104); of calls that go
     * straight they vouch for nothing. NULL or "" = none. */
    const char *proxy_ca_file;
    bool fresh_changes;
    size_t body_max; /* a larger answer ends as HTTP_BROKEN; 0 = HTTP_BODY_MAX */
    const char *user_agent;
    const char
        *from; /* own address at which all connections begin; NULL or "" = the kernel's choice */
};

int caller_new(struct caller **ret, struct loop *l, struct dns *dns, const struct call_config *c,
               struct err *e) MUST_CHECK;
void caller_free(struct caller *c); /* calls in flight end without their callback */
/* Reads anchors anew, of these files (as in call_config). On failure all stays as it was. No call
 * that starts afterwards uses a connection from before; calls in flight end as they began. */
int caller_trust(struct caller *c, const char *ca_file, const char *proxy_ca_file, struct err *e)
    MUST_CHECK;

/* Starts a call; it ends with exactly one `done`, also after call_cancel (HTTP_BROKEN, status 0 is
 * not reported: a cancelled call never calls back). The call's contents are copied. */
struct call *call_start(struct caller *c, const struct http_call *rq, call_done_fn *done,
                        void *arg);
void call_cancel(struct call **call);

#endif
