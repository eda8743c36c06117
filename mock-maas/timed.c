/* The machines that wait for something. Few of many do: looking for the next one costs the same
 * among ten and ten thousand. */
#include "mock-maas/model.h"

#include <stdlib.h>

#define STEP 64 /* places that are added at a time */

void maas_timed_add(struct maas *m, struct maas_machine *one)
{
    if (one->timed)
        return;
    if (m->n_timed == m->n_timed_max) {
        m->n_timed_max += STEP;
        m->timed = realloc(m->timed, m->n_timed_max * sizeof(m->timed[0]));
        if (!m->timed)
            WRONG("out of memory");
    }
    m->timed[m->n_timed++] = one;
    one->timed = true;
}

void maas_timed_drop(struct maas *m)
{
    free(m->timed);
}

/* Its earliest timer; MAAS_TIMER_COUNT: it waits for nothing. */
static enum maas_timer next_timer(const struct maas_machine *one)
{
    enum maas_timer next = MAAS_TIMER_COUNT;

    for (unsigned k = 0; k < MAAS_TIMER_COUNT; k++)
        if (one->at[k] != MS_NEVER && (next == MAAS_TIMER_COUNT || one->at[k] < one->at[next]))
            next = (enum maas_timer)k;
    return next;
}

/* The earliest timer of all: machines in their order, then power before boot before settle. Those
 * that wait for nothing any more leave the list here. */
struct maas_machine *maas_timed_first(struct maas *m, enum maas_timer *ret)
{
    struct maas_machine *first = NULL;
    size_t left = 0;

    for (size_t i = 0; i < m->n_timed; i++) {
        struct maas_machine *one = m->timed[i];
        const enum maas_timer k = next_timer(one);

        one->timed = k != MAAS_TIMER_COUNT;
        if (!one->timed)
            continue;
        m->timed[left++] = one;
        if (!first || one->at[k] < first->at[*ret] ||
            (one->at[k] == first->at[*ret] && one->id < first->id)) {
            first = one;
            *ret = k;
        }
    }
    m->n_timed = left;
    m->due = first ? first->at[*ret] : MS_NEVER;
    return first;
}
