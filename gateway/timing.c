/* Times by name: defaults, and what Palette says instead. */
#include "gateway/inner.h"

#include <string.h>

#define TIMING_MS_MAX HOURS(24 * 366) /* more is no duration anybody meant */
#define REQUESTS_MAX  1000000

static const struct jx_field fields[] = {
#define GW_TIMING_ROW(member, json, standard)                                                      \
    JX_MS(struct gw_timing, member, json, 0, 0, TIMING_MS_MAX),
    GW_TIMINGS(GW_TIMING_ROW)
#undef GW_TIMING_ROW
        JX_INT(struct gw_timing, rate_requests, "rateRequests", 0, 1, REQUESTS_MAX),
};

void gw_timing_init(struct gw_timing *t)
{
    *t = (struct gw_timing){
#define GW_TIMING_STANDARD(member, json, standard) .member = standard,
        GW_TIMINGS(GW_TIMING_STANDARD)
#undef GW_TIMING_STANDARD
            .rate_requests = 100,
    };
}

bool gw_timing_read(struct gw_timing *t, const char *json)
{
    return jx_read(json, strlen(json), fields, COUNTOF(fields), 0, t, NULL) == 0;
}
