/* Times by name: defaults, and what Palette says instead. */
#include "mock-cluster/agent_inner.h"

#include <string.h>

#define TIMING_MS_MAX HOURS(24 * 366) /* more is no duration anybody meant */

static const struct jx_field fields[] = {
#define AGENT_TIMING_ROW(member, json, standard)                                                   \
    JX_MS(struct agent_timing, member, json, 0, 0, TIMING_MS_MAX),
    AGENT_TIMINGS(AGENT_TIMING_ROW)
#undef AGENT_TIMING_ROW
};

void agent_timing_init(struct agent_timing *t)
{
    *t = (struct agent_timing){
#define AGENT_TIMING_STANDARD(member, json, standard) .member = standard,
        AGENT_TIMINGS(AGENT_TIMING_STANDARD)
#undef AGENT_TIMING_STANDARD
    };
}

bool agent_timing_read(struct agent_timing *t, const char *json)
{
    return jx_read(json, strlen(json), fields, COUNTOF(fields), 0, t, NULL) == 0;
}
