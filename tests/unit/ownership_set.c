/* The set of worlds that were reached, and the way back from each to its end. */
#include "tests/test.h"

#include "tests/unit/ownership_world.h"

#include <stdlib.h>
#include <string.h>

#define WORLDS_MAX (1U << 21)
#define SLOTS      (1U << 22)

_Static_assert(sizeof(union world) == sizeof(((union world *)NULL)->words), "words hold a world");

static bool same(const union world *a, const union world *b)
{
    uint64_t differs = 0;

    for (size_t i = 0; i < COUNTOF(a->words); i++)
        differs |= a->words[i] ^ b->words[i];
    return differs == 0;
}

static uint32_t slot_of(const struct explorer *x, const union world *w)
{
    uint64_t h = 0;
    uint32_t i;

    for (size_t k = 0; k < COUNTOF(w->words); k++) {
        h = (h ^ w->words[k]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    i = (uint32_t)(h ^ (h >> 32)) % SLOTS;
    while (x->slots[i] && !same(&x->worlds[x->slots[i] - 1], w))
        i = (i + 1) % SLOTS;
    return i;
}

/* --- one order for letters -------------------------------------------------------------------- */

static uint64_t rank(const struct letter *l)
{
    return (uint64_t)l->kind << 48 | (uint64_t)l->epoch << 40 | (uint64_t)l->claim << 32 |
           (uint64_t)l->revision << 24 | (uint64_t)l->asker << 16 | (uint64_t)l->process << 8 |
           l->lease;
}

/* Answers die with the process that waits for them; equal letters are one that may be taken twice.
 */
static void settle(union world *w)
{
    static const struct letter none;
    struct letter kept[MESSAGES_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++) {
        struct letter l = w->letters[i];
        const bool dead = l.kind != M_QUIESCED && !w->p[l.process].alive;
        size_t k = n;
        bool twice = false;

        if (dead && l.kind >= M_CLAIMED)
            continue;
        if (dead && l.kind == M_CLAIM)
            l.asker = NOBODY;
        for (size_t j = 0; j < n; j++)
            twice = twice || rank(&kept[j]) == rank(&l);
        if (twice)
            continue;
        for (; k > 0 && rank(&l) < rank(&kept[k - 1]); k--)
            kept[k] = kept[k - 1];
        kept[k] = l;
        n++;
    }
    for (size_t i = 0; i < MESSAGES_MAX; i++)
        w->letters[i] = i < n ? kept[i] : none;
    w->n = (uint8_t)n;
}

void reached(struct explorer *x, const char *how, union world w)
{
    uint32_t slot;

    if (x->again && x->reaches)
        return; /* nothing more to be asked about this one */
    settle(&w);
    slot = slot_of(x, &w);
    if (x->again) {
        assert_true(x->slots[slot]);
        x->reaches = x->reaches || x->dies[x->slots[slot] - 1];
        return;
    }
    if (x->slots[slot])
        return;
    assert_true(x->n < WORLDS_MAX);
    x->worlds[x->n] = w;
    x->from[x->n] = x->at;
    x->how[x->n] = how;
    x->slots[slot] = ++x->n;
    if (!x->wrong)
        x->wrong = fault_of(x->b, &w);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void say_path(const struct explorer *x)
{
    print_error("%s: %s, by these steps, the last one first:\n", x->b->name, x->wrong);
    for (uint32_t i = x->n - 1; i > 0; i = x->from[i])
        print_error("  %s\n", x->how[i]);
}

void explore(struct explorer *x)
{
    union world first;

    memset(&first, 0, sizeof(first));
    first.stage = PAL_STAGE_PENDING;
    first.epoch = first.revision = 1;
    x->worlds = calloc(WORLDS_MAX, sizeof(*x->worlds));
    x->from = calloc(WORLDS_MAX, sizeof(*x->from));
    x->how = calloc(WORLDS_MAX, sizeof(*x->how));
    x->dies = calloc(WORLDS_MAX, 1);
    x->slots = calloc(SLOTS, sizeof(*x->slots));
    assert_true(x->worlds && x->from && x->how && x->dies && x->slots);
    reached(x, "", first);
    for (x->at = 0; x->at < x->n && !x->wrong; x->at++) {
        const union world w = x->worlds[x->at];

        steps_take(x, &w);
    }
    print_message("%s: %u worlds\n", x->b->name, x->n);
    if (x->wrong)
        say_path(x);
}

void explorer_free(struct explorer *x)
{
    free(x->worlds);
    free(x->from);
    free(x->how);
    free(x->dies);
    free(x->slots);
}

/* The last worlds to be found are the nearest to the end, so a few sweeps from there suffice. */
static void deaths_find(struct explorer *x)
{
    bool more = true;

    x->again = true;
    for (uint32_t i = 0; i < x->n; i++)
        x->dies[i] = x->worlds[i].stage == PAL_STAGE_DELETED;
    while (more) {
        more = false;
        for (uint32_t i = x->n; i > 0; i--) {
            const union world w = x->worlds[i - 1];

            if (x->dies[i - 1])
                continue;
            x->reaches = false;
            steps_take(x, &w);
            x->dies[i - 1] = x->reaches;
            more = more || x->reaches;
        }
    }
}

/* Worlds whose bound on claims or leases is used up are not stuck: they are at the edge. */
uint32_t explorer_stuck(struct explorer *x)
{
    uint32_t stuck = 0;

    deaths_find(x);
    for (uint32_t i = 0; i < x->n; i++)
        stuck += !x->dies[i] && x->worlds[i].claim < x->b->claims - 1 &&
                 (!x->b->replicas || x->worlds[i].lease < x->b->leases);
    return stuck;
}
