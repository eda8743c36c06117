/* Palette as a model: the management API for MAAS and the gateway profile (Part B), without socket
 * or clock. A request and its time go in, an answer, events and touched keys come out.
 *
 * Time is domain time. Durations that cross the wire (timing, waitSeconds, expiresInSeconds,
 * deadlineSeconds) are divided by `factor` on the way out and multiplied on the way in, so that on
 * clock wall the gateway lives F times faster (docs/time.md). */
#ifndef MOCK_PALETTE_PALETTE_H
#define MOCK_PALETTE_PALETTE_H

#include "lib/base/http.h"

#define PALETTE_GATEWAYS_MAX 64
#define PALETTE_ACCOUNTS_MAX 128
#define PALETTE_QUERIES_MAX  256
#define PALETTE_CLUSTERS_MAX 256 /* ever made */

struct palette_config {
    uint64_t seed;        /* uids, codes and tokens are drawn from it */
    int factor;           /* F; 1 unless clock wall */
    char api_key[128];    /* the user's ApiKey */
    bool self_hosted;     /* else SaaS */
    char agent_url[256];  /* where agents find this Palette; "": as the gateway called it */
    const char *agent_ca; /* PEM that agents are to trust, or NULL; copied */
    char ajar[48];        /* whose doors stand ajar; nothing looks at it but tests/rogues */
};

struct palette;
struct palette *palette_new(const struct palette_config *c);
void palette_free(struct palette *p);

/* httpd_handle_fn, httpd_due_fn, httpd_tick_fn with app = struct palette *. */
void palette_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                    struct http_reply *rp);
ms_t palette_due(void *app);
void palette_tick(void *app, ms_t now, struct http_reply *rp);

/* What a request asks for, as the journal names it, or "unknown"; and whether it comes with the
 * token of a gateway. Neither changes anything. */
const char *palette_op(const struct http_request *rq);
bool palette_asked_by_gateway(const struct palette *p, const struct http_request *rq);

/* The route table, for --routes and docs. */
size_t palette_routes(const struct http_route **ret);

#endif
