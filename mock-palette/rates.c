/* Rates of requests as the public documentation has them: by source and prefix of the path, so many
 * a second and PAL_BURST seconds' worth at once; above that 429 with Retry-After. Off unless asked
 * for. The profile's own paths are not limited. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>

static const struct rate {
    const char *prefix;
    int factor; /* times the configured rate */
} rates[] = {
    {"/v1/spectroclusters", 5},
    {"/v1/cloudconfigs", 5},
    {"/v1/events/components", 5},
    {"/v1/clusterprofiles", 5},
    {"/v1/auth", 1},
    {"/v1/cloudaccounts", 1},
    {"/v1/clouds", 1},
    {"/v1/dashboard", 1},
    {"/v1/overlords", 1},
    {"/v1/pcg", 1},
    {"/v1/projects", 1},
    {"/v1/services", 1},
    {"/v1/tenants", 1},
    {"/v1/users", 1},
};

#define ONE 1000 /* a request, in thousandths */

static struct pal_bucket *bucket(struct pal_public *pub, const char *peer, int rate_i)
{
    struct pal_bucket *oldest = &pub->buckets[0];

    for (size_t i = 0; i < PAL_BUCKETS_MAX; i++) {
        struct pal_bucket *b = &pub->buckets[i];

        if (b->peer[0] && b->rate_i == rate_i && text_is(b->peer, peer))
            return b;
        if (!b->peer[0] || (oldest->peer[0] && b->at < oldest->at))
            oldest = b;
    }
    oldest->peer[0] = '\0'; /* whoever was silent for the longest time begins anew */
    return oldest;
}

/* Whole seconds, as the client counts them, until `missing` thousandths are there again. */
static int64_t retry_seconds(const struct pal_ask *a, int64_t missing, int64_t per_second)
{
    const ms_t domain = (missing * 1000 / ONE + per_second - 1) / per_second;

    return (pal_out_ms(pal_factor(a->p, a->gateway != NULL), domain) + 999) / 1000;
}

bool pal_rate_admit(struct pal_ask *a)
{
    int64_t per_second = a->p->config.rate, full;
    struct pal_bucket *b;
    char text[24];
    int i = 0;

    while (i < (int)COUNTOF(rates) && !text_begins(a->rq->path, rates[i].prefix))
        i++;
    if (per_second == 0 || i == (int)COUNTOF(rates) || a->ctx->parked_before)
        return true;
    per_second *= rates[i].factor;
    full = per_second * PAL_BURST * ONE;
    b = bucket(a->p->pub, a->ctx->peer, i);
    if (!b->peer[0]) {
        *b = (struct pal_bucket){.rate_i = i, .left = full, .at = a->ctx->now};
        text_copy(b->peer, sizeof(b->peer), a->ctx->peer);
    }
    b->left += (a->ctx->now - b->at) * per_second * ONE / 1000;
    b->left = b->left > full ? full : b->left;
    b->at = a->ctx->now;
    if (pal_no(a, PAL_NO_RATE, b->left < ONE)) {
        snprintf(text, sizeof(text), "%d", (int)retry_seconds(a, ONE - b->left, per_second));
        http_header_add(&a->rp->headers, "Retry-After", text);
        return false;
    }
    b->left -= ONE;
    return true;
}
