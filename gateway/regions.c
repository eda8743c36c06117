/* Which MAAS is whose: accounts with the same scheme, host and port share one budget (GP-29). */
#include "gateway/inner.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

static bool is_listed(const struct gw *g, size_t region)
{
    for (size_t i = 0; i < g->n_accounts; i++)
        if (g->accounts[i].region == region)
            return true;
    return false;
}

/* Nobody waits for it, and whatever was sent there is too old to count. */
static bool is_free(const struct gw *g, size_t i)
{
    const struct gw_region *r = &g->regions[i];

    return !r->origin[0] || (r->calls == 0 && r->rate.pace.full <= g->now && !is_listed(g, i));
}

size_t gw_region_of(struct gw *g, const char *endpoint)
{
    struct buf origin SCOPED(buf_drop);
    size_t place = GW_REGIONS_MAX;
    struct url u;

    buf_init(&origin, GW_ORIGIN_MAX - 1);
    if (url_read(endpoint, &u, NULL) == 0)
        url_origin_write(&u, &origin);
    for (size_t i = 0; i < GW_REGIONS_MAX; i++) {
        if (text_is(g->regions[i].origin, buf_text(&origin)))
            return i;
        if (place == GW_REGIONS_MAX && is_free(g, i))
            place = i;
    }
    if (place == GW_REGIONS_MAX || origin.full)
        return 0; /* shared with another: slower than it need be, never faster than it may */
    g->regions[place] = (struct gw_region){0};
    (void)text_copy(g->regions[place].origin, sizeof g->regions[place].origin, buf_text(&origin));
    return place;
}
