/* What wires cost: how much later than at once a packet arrives, for both stages. Pure.
 *
 * A wire is the link between a host and its zone; what crosses it, in either direction, is late by
 * `delay_ms`, and of a hundred packets so many are lost. What TCP has lost it sends again, and that
 * is all that its two ends see of a loss: so here a lost packet is one that comes later, by TCP's
 * own waits (RFC 6298: 1 s for the first packet of a connection, 200 ms as Linux has it for others,
 * each time twice as long), and never one that is gone. The kernel's own repeats run by the
 * kernel's clock, which a stepped run cannot wait for.
 *
 * Delays are of domain time. What is drawn follows from the seed alone. */
#ifndef SCENARIOS_ENGINE_LAG_H
#define SCENARIOS_ENGINE_LAG_H

#include "lib/base/rng.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/script.h"

#define LAG_REPEATS_MAX 5 /* of one packet; then it arrives */

enum lag_packet {
    LAG_BEGINS, /* SYN, and its answer */
    LAG_DATA,   /* what is sent again when it is lost */
    LAG_WORD,   /* what nobody misses: a bare acknowledgement, a reset */
};
struct lag {
    ms_t delay_ms;
    int64_t loss_percent;
};
struct lags {
    bool any; /* one of them costs something */
    struct lag at[LAB_HOSTS_MAX][LAB_LINKS_MAX];
};
/* As the lab's file says. */
void lags_init(struct lags *g, const struct lab *l);
/* Does what an act of the verbs wire.delays and wire.loses says. false: nobody has that role. */
bool lags_act(struct lags *g, const struct lab *l, const struct script_line *line);
/* "5%" as a story writes it, 50 at most. */
bool lag_loss_read(const char *text, int64_t *ret_percent);
/* "200ms" or a time of the language, LAB_DELAY_MAX_MS at most. */
bool lag_delay_read(const char *text, ms_t *ret_ms);
/* Of one packet over one wire. */
ms_t lag_draw(const struct lag *g, enum lag_packet kind, struct rng *r);

#endif
