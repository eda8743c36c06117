/* xoshiro256** by Blackman and Vigna (public domain algorithm), seeded through splitmix64 so that
 * neighbouring seeds give unrelated streams. */
#include "lib/base/rng.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed)
{
    size_t i;

    for (i = 0; i < COUNTOF(r->s); i++)
        r->s[i] = splitmix(&seed);
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

uint64_t rng_next(struct rng *r)
{
    const uint64_t result = rotate(r->s[1] * 5, 7) * 9;
    const uint64_t t = r->s[1] << 17;

    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotate(r->s[3], 45);
    return result;
}

/* Multiply and take the high half: one draw, bias below range / 2^64. */
int64_t rng_between(struct rng *r, int64_t low, int64_t high)
{
    const uint64_t span = (uint64_t)high - (uint64_t)low;
    const uint64_t draw = rng_next(r);

    assert(low <= high);
    if (span == UINT64_MAX)
        return (int64_t)draw;
    return (int64_t)((uint64_t)low + (uint64_t)(((unsigned __int128)draw * (span + 1)) >> 64));
}
