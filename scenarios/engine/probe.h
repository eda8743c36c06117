/* One SYN for every row of the lab's reach table, and what became of it: the lab is held against
 * its own table before anything is judged in it.
 *
 * Answered or refused is told by the socket, silence by a bound of the caller's, translation by the
 * source address that the capture saw on the target's link; a try that the capture did not see on
 * its own link is `unseen`, whatever the socket says. Where nobody listens a listener is put up for
 * the time of the probe. Sources are ports PROBE_PORT and up, one a row. */
#ifndef SCENARIOS_ENGINE_PROBE_H
#define SCENARIOS_ENGINE_PROBE_H

#include "scenarios/engine/capture.h"

#define PROBE_PORT        30000 /* of row 0; below the kernel's own choice */
#define PROBE_LISTEN_PORT 7777  /* where a role serves nothing */

struct probe_config {
    struct loop *loop;
    const struct lab *lab;
    const struct labnet *net;
    struct journal_ring *journal;
    const struct clk_domain *domain;
    ms_t silence_ms; /* the process's own time after which no answer is silence */
};
struct probe;
/* All rows are decided and written. The probe may be freed in here. */
typedef void probe_done_fn(void *arg);

int probe_start(struct probe **ret, const struct probe_config *c, probe_done_fn *done, void *arg,
                struct err *e) MUST_CHECK;
void probe_free(struct probe *p);                             /* NULL is fine */
void probe_try(struct probe *p, const struct capture_try *t); /* what the capture saw */

#endif
