/* The lease of several replicas that act as one gateway (GP-105, GP-106): who holds it, and until
 * when. One small value; Palette hands it out and refuses whoever has another number. A test
 * explores it together with life.h. Times are domain time. */
#ifndef MOCK_PALETTE_LEASE_H
#define MOCK_PALETTE_LEASE_H

#include "lib/base/base.h"

#define PAL_LEASE_TTL_MS SECONDS(30)

struct pal_lease {
    int64_t number;  /* the highest that was given out; 0: none */
    char replica[8]; /* the holder; "" when it was given back */
    ms_t until;
};

bool pal_lease_is_held(const struct pal_lease *l, ms_t now);
/* Somebody else holds it. */
bool pal_lease_is_anothers(const struct pal_lease *l, const char *replica, ms_t now);
/* Not the number of whoever holds it now. */
bool pal_lease_is_stale(const struct pal_lease *l, int64_t number, ms_t now);
/* Renews it, or gives it to a new holder by a higher number: true. Nobody else holds it. */
bool pal_lease_take(struct pal_lease *l, const char *replica, ms_t now);
void pal_lease_end(struct pal_lease *l);

#endif
