/* A seeded generator (xoshiro256**). A core has its own and never asks the world for randomness;
 * the shell seeds it. Not for secrets: those come from the shell's getrandom. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "lib/base/base.h"

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Uniform in [low, high]; low <= high. */
int64_t rng_between(struct rng *r, int64_t low, int64_t high);

#endif
