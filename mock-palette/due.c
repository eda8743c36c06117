#include "mock-palette/due.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

struct pal_due_one {
    ms_t at;
    size_t number;
};

static bool sooner(const struct pal_due_one *a, const struct pal_due_one *b)
{
    return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void put(struct pal_due *d, size_t i, struct pal_due_one one)
{
    d->heap[i] = one;
    d->at[one.number] = i + 1;
}

static void up(struct pal_due *d, size_t i, struct pal_due_one one)
{
    for (; i > 0 && sooner(&one, &d->heap[(i - 1) / 2]); i = (i - 1) / 2)
        put(d, i, d->heap[(i - 1) / 2]);
    put(d, i, one);
}

static void down(struct pal_due *d, size_t i, struct pal_due_one one)
{
    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < d->n && sooner(&d->heap[child + 1], &d->heap[child]))
            child++;
        if (child >= d->n || !sooner(&d->heap[child], &one))
            break;
        put(d, i, d->heap[child]);
        i = child;
    }
    put(d, i, one);
}

static void room_make(struct pal_due *d, size_t number)
{
    size_t cap = d->cap ? d->cap : CAP_MIN;

    if (number < d->cap)
        return;
    while (cap <= number)
        cap *= 2;
    d->heap = reallocarray(d->heap, cap, sizeof(*d->heap));
    d->at = reallocarray(d->at, cap, sizeof(*d->at));
    if (!d->heap || !d->at)
        WRONG("out of memory");
    memset(d->at + d->cap, 0, (cap - d->cap) * sizeof(*d->at));
    d->cap = cap;
}

static void take_out(struct pal_due *d, size_t i)
{
    const struct pal_due_one last = d->heap[--d->n];

    d->at[d->heap[i].number] = 0;
    if (i == d->n)
        return;
    if (i > 0 && sooner(&last, &d->heap[(i - 1) / 2]))
        up(d, i, last);
    else
        down(d, i, last);
}

void pal_due_set(struct pal_due *d, size_t number, ms_t at)
{
    const struct pal_due_one one = {.at = at, .number = number};
    size_t i;

    room_make(d, number);
    i = d->at[number];
    if (at == MS_NEVER) {
        if (i)
            take_out(d, i - 1);
        return;
    }
    if (!i)
        up(d, d->n++, one);
    else if (sooner(&one, &d->heap[i - 1]))
        up(d, i - 1, one);
    else
        down(d, i - 1, one);
}

ms_t pal_due_next(const struct pal_due *d, size_t *ret_number)
{
    if (d->n == 0)
        return MS_NEVER;
    *ret_number = d->heap[0].number;
    return d->heap[0].at;
}

void pal_due_drop(struct pal_due *d)
{
    free(d->heap);
    free(d->at);
    *d = (struct pal_due){.n = 0};
}
