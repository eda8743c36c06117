/* A small world around the real transactions of mock-palette/life.c and lease.c: two processes that
 * may be a gateway, two gateways, or two replicas of one; an agent; messages that are lost, doubled
 * and late. Every world that can be reached within the bounds is looked at. The alphabet is that of
 * tests/contract/ownership_model.py, and the machines are there: whoever may act may take one. */
#ifndef TESTS_UNIT_OWNERSHIP_WORLD_H
#define TESTS_UNIT_OWNERSHIP_WORLD_H

#include "mock-palette/lease.h"
#include "mock-palette/life.h"

#define MESSAGES_MAX  2 /* under way at once; each may be taken any number of times */
#define PROCESSES_MAX 2
#define NOBODY        9 /* asker of a claim whose process is dead */

enum message {
    M_CLAIM, /* to Palette */
    M_OFFER,
    M_RELEASED,
    M_QUIESCED,
    M_CLAIMED, /* to the gateway */
    M_CLAIM_REFUSED,
    M_SWITCHED,
    M_OFFER_REFUSED,
    M_OFFER_STALE
};

struct letter {
    uint8_t kind, epoch, claim, revision, asker, process, lease;
};

struct process { /* and what is on its disk: offer_written, the epoch of that record */
    uint8_t alive, sees, view_epoch, view_revision, view_ours, view_absent, holds, asked;
    uint8_t offer_written, lapsed, lease;
};

/* Only bytes, so that equal worlds are equal memory; a whole number of words. */
union world {
    struct {
        /* Palette */
        uint8_t stage, epoch, revision, claim, claim_epoch, registered, forced, reclaimed;
        uint8_t accepted_epoch, accepted_claim, accepted_revision;
        uint8_t moving, gateway, lease, holder; /* holder: 1 + process, 0: nobody */
        struct process p[PROCESSES_MAX];
        uint8_t agent_alive, agent_owns;
        uint8_t held; /* a machine is held for the cluster */
        uint8_t n;
        struct letter letters[MESSAGES_MAX];
    };
    uint64_t words[7];
};

struct bounds {
    const char *name;
    uint8_t processes, messages;
    uint8_t claims, offers;   /* accepted claims; refused offers of a process */
    bool gateways;            /* each process is one, and the user may move the cluster */
    bool replicas;            /* they share a lease */
    uint8_t leases;           /* given out */
    bool forces, changes;     /* the user may */
    bool loses;               /* a process that dies may lose its state */
    bool agent_dies, silence; /* it is not heard, and there is nobody to hand over to */
    uint32_t worlds_min;      /* enough must happen for the answer to mean something */
};

struct explorer {
    const struct bounds *b;
    union world *worlds;
    uint32_t *from; /* the world before */
    const char **how;
    uint32_t n;
    uint32_t *slots; /* 1 + index */
    uint8_t *dies;   /* Deleted can be reached */
    uint32_t at;
    bool again; /* the second pass: what can be reached is known, and looked up */
    bool reaches;
    const char *wrong;
};

/* All worlds from the first one on, until one is wrong. */
void explore(struct explorer *x);
/* How many worlds are left from which the cluster can never be Deleted any more. */
uint32_t explorer_stuck(struct explorer *x);
void explorer_free(struct explorer *x);

/* The world after a step, which the explorer takes note of. */
void reached(struct explorer *x, const char *how, union world w);
/* All steps from this world. */
void steps_take(struct explorer *x, const union world *w);
/* What must not be so in a world, or NULL. */
const char *fault_of(const struct bounds *b, const union world *w);

#endif
