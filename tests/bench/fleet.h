/* Agents of many clusters in one process: each is the core of mock-cluster, with files, calls and
 * times of its own, over connections of its own. For load; whatever goes wrong ends the program. */
#ifndef TESTS_BENCH_FLEET_H
#define TESTS_BENCH_FLEET_H

#include "tests/bench/talk.h"

#define FLEET_LINES 3 /* calls that one agent has under way at most: a long poll, and two more */

struct fleet_agent_config {
    const char *cluster_uid, *system_id, *join_token;
    bool init; /* it speaks for its cluster */
};
struct fleet;
struct fleet *fleet_new(struct talks *t, int port, size_t n);
/* The i-th boots now; its first call goes out. */
void fleet_boot(struct fleet *f, size_t i, const struct fleet_agent_config *c);
/* How many were given a token, and how many heartbeats of all of them were answered well. */
size_t fleet_registered(const struct fleet *f);
int64_t fleet_beats(const struct fleet *f);
/* Every agent's own last heartbeat once more, `window` of them under way, for so long, whatever its
 * core thinks of it; a second. Their own calls rest meanwhile. */
double fleet_beats_at_most(struct fleet *f, size_t window, ms_t span);
/* The i-th's last heartbeat once more, unless it has one under way; and how many such were
 * answered.
 */
void fleet_beat(struct fleet *f, size_t i);
int64_t fleet_extra(const struct fleet *f);
/* All at once; until the last one is answered. */
double fleet_all_at_once_ms(struct fleet *f);

#endif
