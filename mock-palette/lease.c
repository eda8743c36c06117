#include "mock-palette/lease.h"

#include "lib/base/text.h"

bool pal_lease_is_held(const struct pal_lease *l, ms_t now)
{
    return l->replica[0] != '\0' && now < l->until;
}

bool pal_lease_is_anothers(const struct pal_lease *l, const char *replica, ms_t now)
{
    return pal_lease_is_held(l, now) && !text_is(l->replica, replica);
}

bool pal_lease_is_stale(const struct pal_lease *l, int64_t number, ms_t now)
{
    return !pal_lease_is_held(l, now) || number != l->number;
}

bool pal_lease_take(struct pal_lease *l, const char *replica, ms_t now)
{
    const bool anew = !pal_lease_is_held(l, now);

    if (anew)
        l->number++;
    text_copy(l->replica, sizeof(l->replica), replica);
    l->until = now + PAL_LEASE_TTL_MS;
    return anew;
}

void pal_lease_end(struct pal_lease *l)
{
    l->replica[0] = '\0';
}
