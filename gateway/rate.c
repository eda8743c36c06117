/* Budgets of requests and connections (GP-29) as buckets: burst places, one more every step.
 *
 * In any closed span S at most burst + S / step may go; the numbers below keep that under the
 * profile's bounds whatever the order of things is. */
#include "gateway/inner.h"

#define DIAL_BURST       10 /* of the 20 in one span: a name may have several addresses */
#define DIAL_BURST_OTHER 7  /* for calls that can wait: the rest stays for credential and feed */
#define DIALS_IN_10      45 /* in ten spans: 10 + 60 * 4.5 = 280 of the 300 in sixty */

struct gw_budget gw_rate_budget(const struct gw_timing *t)
{
    struct gw_budget b = {.burst = t->rate_requests > 1 ? t->rate_requests / 2 : 1};
    const int64_t rest = t->rate_requests - b.burst;

    b.step_ms = t->rate_ms / (rest > 0 ? rest : 1) + 1;
    return b;
}

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
