/* The durations Palette sets (profile, section 16): one row a name. On clock wall the gateway lives
 * `factor` times faster, so every duration shrinks on the way out and grows on the way in. */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <string.h>

/* clang-format off */
static const struct timing {
    const char *name;
    ms_t ms;
    int64_t count; /* a number of things, not a duration, when ms is 0 */
} timings[] = {
    {"heartbeatSeconds",      SECONDS(60), 0},       {"unhealthySeconds",   PAL_UNHEALTHY_MS, 0},
    {"feedWaitSeconds",       PAL_FEED_WAIT_MS, 0},  {"feedSlackSeconds",   SECONDS(10), 0},
    {"feedGapSeconds",        SECONDS(5), 0},        {"rateSeconds",        SECONDS(10), 0},
    {"rateRequests",          0, 100},               {"dialSeconds",        SECONDS(60), 0},
    {"pickupSeconds",         SECONDS(60), 0},       {"callSeconds",        SECONDS(30), 0},
    {"maasCallSeconds",       SECONDS(60), 0},       {"backoffBaseSeconds", SECONDS(1), 0},
    {"backoffMaxSeconds",     SECONDS(60), 0},       {"maasRetryBaseSeconds", SECONDS(5), 0},
    {"maasRetryMaxSeconds",   SECONDS(300), 0},      {"maasPollSeconds",    SECONDS(15), 0},
    {"reportMinSeconds",      SECONDS(10), 0},       {"ownerLeaseSeconds",  PAL_OWNER_LEASE_MS, 0},
    {"leaseMarginSeconds",    PAL_LEASE_MARGIN_MS, 0},      {"settleSeconds",      SECONDS(120), 0},
    {"deploySeconds",         SECONDS(5400), 0},     {"agentWaitSeconds",   SECONDS(1800), 0},
    {"joinTokenGraceSeconds", PAL_JOIN_GRACE_MS, 0},     {"forceDeleteSeconds", PAL_FORCE_MS, 0},
    {"forcedKeepSeconds",     PAL_FORCED_KEEP_MS, 0},
};
/* clang-format on */

int pal_factor(const struct palette *p, bool gateway)
{
    return gateway && p->config.gateway_factor > 0 ? p->config.gateway_factor : p->config.factor;
}

void pal_timing_write(int factor, struct buf *out)
{
    for (size_t i = 0; i < COUNTOF(timings); i++) {
        const struct timing *t = &timings[i];

        buf_printf(out, "%s\"%s\":", i ? "," : "{", t->name);
        if (t->ms > 0)
            jx_write_seconds(out, pal_out_ms(factor, t->ms));
        else
            buf_printf(out, "%d", (int)t->count);
    }
    buf_char_add(out, '}');
}

ms_t pal_out_ms(int factor, ms_t domain_ms)
{
    return domain_ms / factor;
}

/* "30", "0.5", "1.25": no sign, no exponent. */
bool pal_in_ms(int factor, const char *seconds, ms_t *ret_domain_ms)
{
    const size_t whole_len = strcspn(seconds, ".");
    const char *fraction = seconds[whole_len] == '.' ? seconds + whole_len + 1 : "0";
    char whole_text[16], micro_text[8] = "000000";
    int64_t whole = 0, micro = 0;

    if (strlen(fraction) == 0 || fraction[strspn(fraction, "0123456789")] != '\0')
        return false;
    for (size_t i = 0; i < 6 && fraction[i] != '\0'; i++)
        micro_text[i] = fraction[i];
    if (!text_copy_len(whole_text, sizeof(whole_text), seconds, whole_len) ||
        !text_int(whole_text, 0, 1000000, &whole) || !text_int(micro_text, 0, 999999, &micro))
        return false;
    *ret_domain_ms = (whole * 1000000 + micro) * factor / 1000;
    return true;
}
