/* How long to wait after a failure (GP-89). */
#include "gateway/inner.h"

#include "lib/base/text.h"

#define DOUBLINGS_MAX     24       /* 2^24 times any base is over any maximum */
#define RETRY_AFTER_S_MAX 31622400 /* a year; more is nonsense and is not obeyed */
#define LONG_PAUSE_SPREAD 4        /* long pauses differ by up to a quarter, upwards */

static ms_t backoff(struct gw *g, ms_t base, ms_t limit, unsigned failures)
{
    const ms_t grown = ms_max(base, 1) << (failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX);
    const ms_t most = ms_max(ms_min(limit, grown), 1);

    return rng_between(&g->rng, (most + 1) / 2, most);
}

ms_t gw_backoff(struct gw *g, unsigned failures)
{
    return backoff(g, g->timing.backoff_base_ms, g->timing.backoff_max_ms, failures);
}

ms_t gw_maas_backoff(struct gw *g, unsigned failures)
{
    return backoff(g, g->timing.maas_base_ms, g->timing.maas_max_ms, failures);
}

ms_t gw_long_pause(struct gw *g)
{
    const ms_t least = ms_max(g->timing.backoff_max_ms, 1);

    return rng_between(&g->rng, least, least + least / LONG_PAUSE_SPREAD);
}

ms_t gw_retry_after(const struct http_result *r)
{
    char text[32];
    int64_t s = 0;

    if (r->outcome != HTTP_ANSWERED ||
        !http_header_get(&r->headers, "Retry-After", text, sizeof text) ||
        !text_int(text, 0, RETRY_AFTER_S_MAX, &s))
        return 0;
    return SECONDS(s);
}
