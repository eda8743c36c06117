/* Many clusters at once around one gateway core: mock-palette's model, up to CROWD_MAAS of
 * mock-maas's, and the wires between as flights with a latency, all in one process and in virtual
 * time. Machines have no agent of their own: each registers a minute after its boot, with the join
 * token of its user data. For load, rates and bounds; stories with a lab and a judge are the site's
 * (scenarios/engine/site.h).
 *
 * Whatever is sent is counted where it arrives, by operation; the largest number of requests in one
 * span of rateSeconds and of calls at once is kept for each server. */
#ifndef TESTS_SIM_CROWD_H
#define TESTS_SIM_CROWD_H

#include "gateway/core.h"

#define CROWD_MAAS     3
#define CROWD_CLUSTERS 200
#define CROWD_FLEET    250 /* machines of one MAAS */
#define CROWD_OPS      48
#define CROWD_SPAN_MS  SECONDS(10)

struct crowd_config {
    size_t n_maas;     /* one account each */
    size_t n_clusters; /* spread over the accounts in turn */
    int workers;       /* of each cluster, beside one control plane */
    uint64_t seed;
};

struct crowd_server { /* what arrived there */
    uint64_t requests;
    size_t most_in_span, most_at_once;
    size_t n_ops;
    struct crowd_op {
        char name[64];
        uint64_t n;
    } ops[CROWD_OPS];
};

struct crowd;
struct crowd *crowd_new(const struct crowd_config *c);
void crowd_free(struct crowd *w);

/* By Palette's user, now. Only what was created counts in crowd_settle. */
void crowd_create(struct crowd *w, size_t cluster_i);
void crowd_delete(struct crowd *w, size_t cluster_i);
/* That MAAS takes connections and says nothing from now on. */
void crowd_silence(struct crowd *w, size_t maas_i, bool silent);
/* The gateway dies and is started again with its records. */
void crowd_restart(struct crowd *w);
void crowd_run(struct crowd *w, ms_t until);
struct crowd_sum {
    size_t n, done;
    ms_t last; /* when the last one of `done` was */
};
/* Until all clusters but those of MAAS `without` (CROWD_MAAS: all) are done, or it is `until`. */
void crowd_settle(struct crowd *w, ms_t until, size_t without, struct crowd_sum *ret);

ms_t crowd_now(const struct crowd *w);
struct gw *crowd_gateway(struct crowd *w);
/* When the cluster became Running (or was gone, after a delete); MS_NEVER: not yet. */
ms_t crowd_done(const struct crowd *w, size_t cluster_i);
size_t crowd_maas_of(const struct crowd *w, size_t cluster_i);
const struct crowd_server *crowd_maas(const struct crowd *w, size_t maas_i);
const struct crowd_server *crowd_palette(const struct crowd *w);
uint64_t crowd_op(const struct crowd_server *s, const char *name); /* 0: never asked */
ms_t crowd_beat_gap(const struct crowd *w); /* the longest between two heartbeats */
size_t crowd_records(const struct crowd *w);
/* A record as an earlier process left it; before crowd_restart. */
void crowd_record_add(struct crowd *w, const char *key, const char *text);

#endif
