/* The machines of the fleet that run what MAAS deployed on them: one mock-cluster a machine, in its
 * host's namespace, from the record that says it booted until MAAS takes it back. What a node says
 * to the journal goes through a ring of its own and is said again by this process as writer
 * `agent`: a node is killed in the middle of anything, a writer must not be. */
#ifndef SCENARIOS_ENGINE_NODES_H
#define SCENARIOS_ENGINE_NODES_H

#include "scenarios/engine/world.h"

#define NODES_MAX        8
#define NODES_HELLOS_MAX 64

struct nodes {
    struct world *w;
    int counter_fd;    /* of the nodes' own rings */
    char anchor[32];   /* digest of the lab's authority, as a node tells it */
    struct err broken; /* a node ended unasked: the run cannot go on */
    struct node {
        struct nodes *all;
        const struct lab_host *host; /* NULL: the lab has no such machine */
        struct slotted at;
        struct journal_ring *ring;
        int ring_fd;
        char system_id[16];
        int starts;
        bool boots, ends, killed; /* what is to be done; what was */
        bool dead;                /* by a story; the machine is Deployed all the same */
        char cluster[64];         /* that its last boot was for */
        int hears_fd, told_fd;    /* a pipe for wishes, -1 before the first start */
        int64_t clock_off_s;
    } at[NODES_MAX];
    char slow[256];  /* whose agents take their time, as mock-cluster reads it */
    size_t n_hellos; /* who registered for which cluster, in order: "node 2 of c1" */
    struct {
        char cluster[64], system_id[16];
    } hellos[NODES_HELLOS_MAX];
};

/* *n must stay where it is. */
int nodes_init(struct nodes *n, struct world *w, struct err *e) MUST_CHECK;
void nodes_free(struct nodes *n);
/* Learns who is to boot and to end; nodes_step does it. */
void nodes_feed(struct nodes *n, const struct event *e);
void nodes_step(struct nodes *n);
/* The nth (from 1) node of the cluster that registered boots again. false: there is none. */
/* A dead one, too. */
bool nodes_reboot(struct nodes *n, const char *cluster, int64_t nth);
/* How many ever registered for it. */
int64_t nodes_of(const struct nodes *n, const char *cluster);
/* The nth loses its power, and nobody is told. false: it does not run. */
bool nodes_die(struct nodes *n, const char *cluster, int64_t nth);
/* The same of all machines that booted for the cluster and run; "both": of any. */
bool nodes_all_die(struct nodes *n, const char *victims);
/* Those that a story killed boot again. false: there is none. */
bool nodes_all_come_back(struct nodes *n, const char *victims);
/* Its wall clock is off by so much, also after a boot. */
bool nodes_clock(struct nodes *n, const char *cluster, int64_t nth, int64_t off_s);
/* Agents of this cluster that start from now on wait so long. false: too many were told. */
bool nodes_slow(struct nodes *n, const char *cluster, const char *time);
/* Every agent of the cluster that speaks for it is told to beat once for another; one does.
 * false: no machine of it runs. */
bool nodes_stray(struct nodes *n, const char *cluster, const char *other_uid);
/* A machine that runs, other than the one at that address; NULL: there is none. */
const struct lab_host *nodes_beside(const struct nodes *n, const char *address);
void nodes_lost(struct nodes *n, const struct ctl_slot *s, const char *why);

#endif
