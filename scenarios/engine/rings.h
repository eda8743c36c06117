/* The writers' rings of one run and the one list they become: merged by seq, in order, nothing held
 * back longer than a writer may need between taking a number and writing the record. */
#ifndef SCENARIOS_ENGINE_RINGS_H
#define SCENARIOS_ENGINE_RINGS_H

#include "lib/io/journal.h"

#define RINGS_GAP_MAX_MS 1000 /* kernel time a number may be missing before the rest goes on */

struct rings {
    int counter_fd;
    int fd[EVS_COUNT]; /* of rings that a child writes; -1 */
    struct journal_ring *ring[EVS_COUNT];
    bool lose[EVS_COUNT]; /* the next record of this writer is thrown away */
    struct ev_list held;  /* taken, behind a gap */
    struct ev_list out;   /* merged */
    uint64_t next;        /* seq */
    int64_t gap_ns;       /* clk_kernel_ns() at which the gap was met first, 0 = none */
};

int rings_new(struct rings *r, struct err *e) MUST_CHECK;
void rings_drop(struct rings *r);
/* child: the ring is written by a child, to which it goes by its descriptors. */
int rings_open(struct rings *r, enum ev_src src, bool child, struct err *e) MUST_CHECK;
/* Has anybody written since the last taking? Takes into `held`, merges nothing. */
bool rings_waiting(struct rings *r);
/* Takes what is there and merges it; at_rest: nobody is writing, so no gap is waited for. Returns
 * how many records are new at the end of `out`. */
size_t rings_take(struct rings *r, bool at_rest);

#endif
