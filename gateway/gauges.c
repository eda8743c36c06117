/* The core as numbers. */
#include "gateway/inner.h"

void gw_gauges_read(const struct gw *g, struct gw_gauges *ret)
{
    const struct gw_errand *account = &g->errands[GW_AT_ACCOUNT];

    *ret = (struct gw_gauges){
        .registered = g->registered,
        .ended = g->ended,
        .account_settled = g->account_begun && !account->ticket && account->due == MS_NEVER,
        .beat_at = g->beat_at,
        .beat_failures = g->errands[GW_AT_BEAT].failures,
        .feed_failures = g->errands[GW_AT_FEED].failures,
        .credential_failures = g->errands[GW_AT_CREDENTIAL].failures,
        .heartbeat_ms = g->timing.heartbeat_ms,
        .accounts = g->n_accounts,
        .clusters = g->n_clusters,
    };
    for (size_t q = 0; q < GW_QUERIES_MAX; q++)
        ret->queries += g->queries[q].id[0] && !g->queries[q].done;
    for (size_t i = 0; i < GW_AT_CLUSTERS + 2 * g->n_places; i++)
        ret->calls += g->errands[i].ticket != 0;
}
