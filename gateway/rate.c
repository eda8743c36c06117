/* Budgets of requests and connections (GP-29) as buckets: burst places, one more every step.
 *
 * In any closed span S at most burst + S / step may go; the numbers below keep that under the
 * profile's bounds whatever the order of things is. For requests that alone would leave half of
 * what is allowed unused: there the times of the last ones are kept as well, and the bucket only
 * keeps them from going all at once. */
#include "gateway/inner.h"

#define DIAL_BURST       10 /* of the 20 in one span: a name may have several addresses */
#define DIAL_BURST_OTHER 7  /* for calls that can wait: the rest stays for credential and feed */
#define MARGIN_SHARE     25 /* of the requests in one span: what the way may push together */
#define DIALS_IN_10      45 /* in ten spans: 10 + 60 * 4.5 = 280 of the 300 in sixty */

struct gw_budget gw_dial_budget(const struct gw_timing *t, bool vital)
{
    return (struct gw_budget){.burst = vital ? DIAL_BURST : DIAL_BURST_OTHER,
                              .step_ms = t->dial_ms * 10 / DIALS_IN_10 + 1};
}

ms_t gw_pace_free(const struct gw_pace *p, struct gw_budget b)
{
    assert(b.burst >= 1 && b.step_ms >= 1);
    return p->full - (b.burst - 1) * b.step_ms;
}

void gw_pace_take(struct gw_pace *p, struct gw_budget b, ms_t now)
{
    assert(gw_pace_free(p, b) <= now);
    p->full = ms_max(p->full, now) + b.step_ms;
}

void gw_pace_give_back(struct gw_pace *p, struct gw_budget b)
{
    p->full -= b.step_ms;
}

static int64_t allowed(const struct gw_timing *t)
{
    const int64_t n = t->rate_requests < GW_RATE_MAX ? t->rate_requests : GW_RATE_MAX;

    return n > 1 ? n - n / MARGIN_SHARE : 1;
}

static struct gw_budget evenly(const struct gw_timing *t)
{
    const int64_t n = allowed(t);

    return (struct gw_budget){.burst = n > 1 ? n / 2 : 1, .step_ms = t->rate_ms / n + 1};
}

ms_t gw_rate_free(const struct gw_rate *r, const struct gw_timing *t)
{
    const uint64_t n = (uint64_t)allowed(t);
    const ms_t even = gw_pace_free(&r->pace, evenly(t));

    return r->n < n ? even : ms_max(even, r->sent[(r->n - n) % GW_RATE_MAX] + t->rate_ms + 1);
}

void gw_rate_take(struct gw_rate *r, const struct gw_timing *t, ms_t now)
{
    assert(gw_rate_free(r, t) <= now);
    gw_pace_take(&r->pace, evenly(t), now);
    r->sent[r->n++ % GW_RATE_MAX] = now;
}
