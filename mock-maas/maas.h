/* A MAAS region's REST API 2.0 as a model, without socket or clock: the checks of OAuth in MAAS's
 * own order, the URL and op dispatch, and the resources behind them. Facts: MAAS 3.7.3 recorded,
 * tests/contract/maas. */
#ifndef MOCK_MAAS_MAAS_H
#define MOCK_MAAS_MAAS_H

#include "lib/base/http.h"

#define MAAS_USERS_MAX  16
#define MAAS_NONCES_MAX 8192

struct maas_user {
    char name[64];
    char key[256]; /* consumer:token:secret */
    bool superuser;
};

struct maas_config {
    uint64_t seed;
    int64_t epoch_s; /* seconds since 1970 at domain time 0 */
    int factor;      /* F. OAuth timestamps are held against epoch_s + now / 1000 / factor */
    size_t n_users;
    struct maas_user users[MAAS_USERS_MAX];
};

struct maas;
struct maas *maas_new(const struct maas_config *c);
void maas_free(struct maas *m);
void maas_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                 struct http_reply *rp);
ms_t maas_due(void *app);
void maas_tick(void *app, ms_t now, struct http_reply *rp);
size_t maas_routes(const struct http_route **ret);

#endif
