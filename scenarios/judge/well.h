/* Is all well? Told by the journal alone, record by record, so it is the same on both stages.
 *
 * All is well when the gateway runs, has beaten and asked for work since it started last, and is
 * shown Running; when each cluster that the user wants is Running with as many machines as he
 * wants, and each that he gave back is Deleted; and when the machine ledger balances. */
#ifndef SCENARIOS_JUDGE_WELL_H
#define SCENARIOS_JUDGE_WELL_H

#include "scenarios/engine/script.h"
#include "scenarios/judge/ledger.h"

#define WELL_CLUSTERS_MAX 16
#define WELL_WHY_MAX      512

struct well {
    const struct script *script;
    bool runs, running, beaten, fed;
    uint64_t
        changes; /* records so far after which a gateway that starts would meet something new */
    size_t n_wanted;
    struct wanted {
        char name[64];
        int64_t nodes; /* 0: given back */
    } wanted[WELL_CLUSTERS_MAX];
    struct ledger ledger;
};

void well_init(struct well *w, const struct script *s);
void well_feed(struct well *w, const struct event *e);
/* why: what is wrong, "" when nothing is. */
bool well_is(const struct well *w, char why[WELL_WHY_MAX]);
/* Reads, beats, and what only keeps the link alive change nothing that a restart would meet. */
bool well_is_change(const struct event *e);

/* All laws over the whole journal, and the launch contract: what fails of it, "" when nothing does.
 * What is missing may be missing: the run was not played to its end. */
void well_laws(const struct ev_list *journal, char why[WELL_WHY_MAX]);

#endif
