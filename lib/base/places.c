#include "lib/base/places.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 16

struct place {
    uint64_t hash;
    size_t place; /* plus one; 0: nothing here */
};

uint64_t places_hash(const void *bytes, size_t len)
{
    const unsigned char *b = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, and a last mix for the low bits */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 29);
}

uint64_t places_hash_text(const char *text)
{
    return places_hash(text, strlen(text));
}

static void insert(struct places *t, uint64_t hash, size_t value)
{
    size_t i = hash & (t->cap - 1);

    while (t->at[i].place)
        i = (i + 1) & (t->cap - 1);
    t->at[i] = (struct place){.hash = hash, .place = value};
}

static void grow(struct places *t)
{
    const struct places old = *t;

    t->cap = old.cap ? 2 * old.cap : CAP_MIN;
    t->at = calloc(t->cap, sizeof(*t->at));
    if (!t->at)
        WRONG("out of memory");
    for (size_t i = 0; i < old.cap; i++)
        if (old.at[i].place)
            insert(t, old.at[i].hash, old.at[i].place);
    free(old.at);
}

void places_put(struct places *t, uint64_t hash, size_t place)
{
    if (2 * (t->n + 1) > t->cap)
        grow(t);
    insert(t, hash, place + 1);
    t->n++;
}

/* What stands behind the hole moves up, when the hole is on its way. */
static void close_hole(struct places *t, size_t hole)
{
    const size_t mask = t->cap - 1;

    for (size_t i = (hole + 1) & mask; t->at[i].place; i = (i + 1) & mask) {
        const size_t home = t->at[i].hash & mask;

        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        t->at[hole] = t->at[i];
        hole = i;
    }
    t->at[hole] = (struct place){.place = 0};
}

void places_remove(struct places *t, uint64_t hash, size_t place)
{
    const size_t mask = t->cap - 1;

    if (t->cap == 0)
        return;
    for (size_t i = hash & mask; t->at[i].place; i = (i + 1) & mask) {
        if (t->at[i].hash != hash || t->at[i].place != place + 1)
            continue;
        close_hole(t, i);
        t->n--;
        return;
    }
}

bool places_next(const struct places *t, uint64_t hash, size_t *cursor, size_t *ret)
{
    const size_t mask = t->cap - 1;

    if (t->cap == 0)
        return false;
    for (;;) {
        const struct place *at = &t->at[(hash + *cursor) & mask];

        if (!at->place)
            return false;
        (*cursor)++;
        if (at->hash != hash)
            continue;
        *ret = at->place - 1;
        return true;
    }
}

void places_drop(struct places *t)
{
    free(t->at);
    *t = (struct places){.at = NULL};
}
