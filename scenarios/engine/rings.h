/* The writers' rings of one run and the one list they become: merged by seq, in order, nothing held
 * back longer than a writer may need between taking a number and writing the record. */
#ifndef SCENARIOS_ENGINE_RINGS_H
#define SCENARIOS_ENGINE_RINGS_H

#include "lib/io/journal.h"

#define RINGS_SIDES_MAX  16
#define RINGS_GAP_MAX_MS 1000 /* kernel time a number may be missing before the rest goes on */

/* A record of a side ring on its way, to be made fit for comparing two runs. */
typedef void rings_said_fn(void *arg, struct event *e);

struct rings {
    int counter_fd;
    int fd[EVS_COUNT]; /* of rings that a child writes; -1 */
    struct journal_ring *ring[EVS_COUNT];
    bool lose[EVS_COUNT]; /* the next record of this writer is thrown away */
    /* Rings of programs that may be killed at any time: what they hold is said again by us, with
     * our number and chain. Their writers' last words are dropped. */
    struct ring_side {
        struct journal_ring *ring; /* NULL: free place */
        rings_said_fn *said;
        void *arg;
    } sides[RINGS_SIDES_MAX];
    struct ev_list held; /* taken, behind a gap */
    struct ev_list out;  /* merged */
    uint64_t next;       /* seq */
    int64_t gap_ns;      /* clk_kernel_ns() at which the gap was met first, 0 = none */
};

int rings_new(struct rings *r, struct err *e) MUST_CHECK;
void rings_drop(struct rings *r);
/* child: the ring is written by a child, to which it goes by its descriptors. */
int rings_open(struct rings *r, enum ev_src src, bool child, struct err *e) MUST_CHECK;
/* The side ring stays the caller's; its writer must be one for which rings_open was called without
 * child. said may be NULL. Removing takes what is there first; NULL is fine. */
void rings_side_add(struct rings *r, struct journal_ring *side, rings_said_fn *said, void *arg);
void rings_side_remove(struct rings *r, const struct journal_ring *side);
/* Has anybody written since the last taking? Takes into `held`, merges nothing. */
bool rings_waiting(struct rings *r);
/* Takes what is there and merges it; at_rest: nobody is writing, so no gap is waited for. Returns
 * how many records are new at the end of `out`. */
size_t rings_take(struct rings *r, bool at_rest);

#endif
