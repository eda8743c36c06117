/* A neighbour who asks whether the clusters' API is there: every DIALS_EVERY_MS one connection to
 * the address that MAAS's name server gives for each record, from another machine of the fleet, or
 * from MAAS's own host when there is none. Journalled as node.dial by writer `agent`. */
#ifndef SCENARIOS_ENGINE_DIALS_H
#define SCENARIOS_ENGINE_DIALS_H

#include "scenarios/engine/nodes.h"

#define DIALS_EVERY_MS MINUTES(5)
#define DIALS_MAX_MS   SECONDS(5) /* domain time until a connection counts as not answered */
#define DIALS_PORT     6443
#define DIALS_MAX      NAMES_RECORDS_MAX

struct dials {
    struct world *w;
    const struct nodes *nodes;
    struct loop_timer *next;
    struct dial {
        struct dials *all;
        int fd; /* -1: free */
        struct loop_watch *watch;
        struct loop_timer *late;
        const char *from;
        char to[DNS_NAME_MAX];
    } at[DIALS_MAX];
};
/* *d must stay where it is. */
void dials_init(struct dials *d, struct world *w, const struct nodes *nodes);
/* The name server has a record: from now on it is asked. */
void dials_wake(struct dials *d);
void dials_free(struct dials *d);

#endif
