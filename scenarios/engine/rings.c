#include "scenarios/engine/rings.h"

#include "lib/io/clk.h"

#include <string.h>
#include <unistd.h>

int rings_new(struct rings *r, struct err *e)
{
    *r = (struct rings){.counter_fd = -1, .next = 1};
    for (size_t i = 0; i < EVS_COUNT; i++)
        r->fd[i] = -1;
    ev_list_init(&r->held);
    ev_list_init(&r->out);
    return journal_counter_new(&r->counter_fd, e);
}

void rings_drop(struct rings *r)
{
    for (size_t i = 0; i < EVS_COUNT; i++) {
        journal_ring_free(r->ring[i]);
        if (r->fd[i] >= 0)
            close(r->fd[i]);
    }
    if (r->counter_fd >= 0)
        close(r->counter_fd);
    ev_list_drop(&r->held);
    ev_list_drop(&r->out);
}

int rings_open(struct rings *r, enum ev_src src, bool child, struct err *e)
{
    return journal_ring_new(r->counter_fd, src, child ? &r->fd[src] : NULL, &r->ring[src], e);
}

static void release(struct rings *r, const struct event *e)
{
    r->next = e->seq + 1;
    if (r->lose[e->src]) {
        r->lose[e->src] = false;
        return;
    }
    ev_list_add(&r->out, e);
}

static bool gap_is_over(struct rings *r)
{
    int64_t now = clk_kernel_ns();
    if (r->gap_ns == 0)
        r->gap_ns = now;
    return now - r->gap_ns > (int64_t)RINGS_GAP_MAX_MS * 1000000;
}

/* What stands behind a gap that is not over stays held. */
static void merge(struct rings *r, bool at_rest)
{
    struct ev_list rest;
    size_t i = 0;
    ev_list_sort(&r->held);
    for (; i < r->held.n; i++) {
        const struct event *e = ev_list_at(&r->held, i);
        if (e->seq > r->next && !at_rest && !gap_is_over(r))
            break;
        r->gap_ns = 0;
        release(r, e);
    }
    if (i == r->held.n) {
        ev_list_clear(&r->held);
        return;
    }
    ev_list_init(&rest);
    for (; i < r->held.n; i++)
        ev_list_add(&rest, ev_list_at(&r->held, i));
    ev_list_drop(&r->held);
    r->held = rest;
}

/* --- sides --------------------------------------------------------------------------------------
 */

void rings_side_add(struct rings *r, struct journal_ring *side, rings_said_fn *said, void *arg)
{
    for (size_t i = 0; i < RINGS_SIDES_MAX; i++)
        if (r->sides[i].ring == NULL) {
            r->sides[i] = (struct ring_side){side, said, arg};
            return;
        }
    WRONG("more side rings than RINGS_SIDES_MAX");
}

static void side_relay(struct rings *r, const struct ring_side *side)
{
    struct ev_list said;
    ev_list_init(&said);
    (void)journal_take(side->ring, &said);
    for (size_t i = 0; i < said.n; i++) {
        const struct event *from = ev_list_at(&said, i);
        struct event e;
        if (from->kind == EV_WRITER_END)
            continue;
        memcpy(&e, from, EVENT_HEAD_SIZE + from->len);
        if (side->said != NULL)
            side->said(side->arg, &e);
        journal_put(r->ring[e.src], &e);
    }
    ev_list_drop(&said);
}

void rings_side_remove(struct rings *r, const struct journal_ring *side)
{
    for (size_t i = 0; i < RINGS_SIDES_MAX && side != NULL; i++)
        if (r->sides[i].ring == side) {
            side_relay(r, &r->sides[i]);
            r->sides[i] = (struct ring_side){0};
        }
}

/* --- merging ------------------------------------------------------------------------------------
 */

bool rings_waiting(struct rings *r)
{
    for (size_t i = 0; i < RINGS_SIDES_MAX; i++)
        if (r->sides[i].ring != NULL)
            side_relay(r, &r->sides[i]);
    size_t n = 0;
    for (size_t i = 0; i < EVS_COUNT; i++)
        if (r->ring[i] != NULL)
            n += journal_take(r->ring[i], &r->held);
    return n > 0;
}

size_t rings_take(struct rings *r, bool at_rest)
{
    size_t before = r->out.n;
    (void)rings_waiting(r);
    if (r->held.n > 0)
        merge(r, at_rest);
    return r->out.n - before;
}
