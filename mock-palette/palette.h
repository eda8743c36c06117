/* Palette as a model: the management API for MAAS and the gateway profile (Part B), without socket
 * or clock. A request and its time go in, an answer, events and touched keys come out.
 *
 * Time is domain time. Durations that cross the wire (timing, waitSeconds, expiresInSeconds,
 * deadlineSeconds) are divided by `factor` on the way out and multiplied on the way in, so that on
 * clock wall the gateway lives F times faster (docs/time.md). */
#ifndef MOCK_PALETTE_PALETTE_H
#define MOCK_PALETTE_PALETTE_H

#include "lib/base/http.h"

#define PALETTE_GATEWAYS     64   /* ever made, unless the configuration says more */
#define PALETTE_GATEWAYS_MAX 4096 /* that it can say; each twice as many accounts, 8 tokens */
#define PALETTE_QUERIES_MAX  256
#define PALETTE_CLUSTERS_MAX 16384 /* ever made */

#define PAL_COLLEAGUE "-colleague" /* ApiKey of a second user, who may all that the first may */

struct palette_config {
    uint64_t seed;           /* uids, codes and tokens are drawn from it */
    int factor;              /* F; 1 unless a clock of real time */
    int gateway_factor;      /* of the durations that gateways see; 0: factor */
    char api_key[128];       /* the user's ApiKey; a colleague's has PAL_COLLEAGUE behind it */
    bool api_key_drawn;      /* nobody chose it: a Palette that goes on has the one of before */
    bool self_hosted;        /* else SaaS */
    bool lenient;            /* breaches of form are journalled and let pass */
    bool authority;          /* another certificate can be shown when it is wished for */
    char agent_url[256];     /* where agents find this Palette; "": as the gateway called it */
    const char *agent_ca;    /* PEM that agents are to trust, or NULL; copied */
    char user_email[128];    /* may log in with the password; "": nobody may */
    char user_password[128]; /* only a digest of it is kept */
    char system_secret[256]; /* of the system gateway, when self-hosted; "": it cannot enrol */
    bool keep;               /* palette_rows() will be called */
    size_t gateways;         /* most there can ever be; 0: PALETTE_GATEWAYS */
    size_t clusters;         /* most there can ever be; 0: PALETTE_CLUSTERS_MAX */
    int64_t rate;            /* requests a second from one source to most prefixes; 0: any */
    char ajar[48];           /* whose doors stand ajar; nothing looks at it but tests/rogues */
};

struct palette;
struct palette *palette_new(const struct palette_config *c);
void palette_free(struct palette *p);

/* httpd_handle_fn, httpd_due_fn, httpd_tick_fn with app = struct palette *. */
void palette_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                    struct http_reply *rp);
ms_t palette_due(void *app);
void palette_tick(void *app, ms_t now, struct http_reply *rp);

/* --- a Palette that outlives its program ------------------------------------------------------ */

typedef void palette_row_fn(void *arg, const char *key, const char *bytes, size_t len);
/* The rows that changed since the last time, after each request and tick. Wants config.keep. */
void palette_rows(struct palette *p, palette_row_fn *each, void *arg);
void palette_rows_all(struct palette *p, palette_row_fn *each, void *arg); /* none is forgotten */
/* All rows there are, in any order, into a new Palette of the same configuration; then one resume.
 * -EINVAL, -E2BIG with a sentence. */
int palette_row_take(struct palette *p, ms_t now, const char *key, const char *bytes, size_t len,
                     struct err *e) MUST_CHECK;
int palette_resume(struct palette *p, struct err *e) MUST_CHECK;
/* The user's ApiKey where it was drawn, for whoever starts it; "" when it was chosen. */
const char *palette_drawn_key(const struct palette *p);

/* --- the mock itself -------------------------------------------------------------------------- */

/* All that can go wrong: by which words (an example of them), what a client meets, and what that
 * comes to in the simulator; and how often each was armed and has struck. */
struct palette_misdeed {
    const char *name, *words, *what, *in_sim;
};
size_t palette_misdeeds(const struct palette_misdeed **ret);
struct palette_tally {
    uint64_t armed, fired;
    bool untold; /* the kernel refuses, and tells nobody whom: `fired` says nothing */
};
struct palette_tally palette_misdeed_tally(const struct palette *p, size_t row);

/* One wish (faults.c); false: it is none, or cannot be done. */
bool palette_do(struct palette *p, ms_t now, const char *words, struct http_reply *rp);
/* A client met that row of the list at Palette's door: it has fired. */
void palette_met(void *palette, ms_t now, const char *misdeed, struct ev_list *events);
/* Requests of the control door: GET / and /metrics, POST /control. */
void palette_control(struct palette *p, const struct http_ctx *ctx, const struct http_request *rq,
                     struct http_reply *rp);
/* What a request asks for, as the journal names it, or "unknown"; and whether it comes with the
 * token of a gateway. Neither changes anything. */
const char *palette_op(const struct http_request *rq);
bool palette_asked_by_gateway(const struct palette *p, const struct http_request *rq);

/* The route table, for --routes and docs. */
size_t palette_routes(const struct http_route **ret);

#endif
