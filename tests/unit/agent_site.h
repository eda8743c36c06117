/* A small Palette and a small MAAS for the agent's stories, in virtual time: they answer every call
 * at once by a few rules, note each as a line, and can lose, refuse or hold back an answer. */
#ifndef TESTS_UNIT_AGENT_SITE_H
#define TESTS_UNIT_AGENT_SITE_H

#include "mock-cluster/agent.h"

#define SITE_MACHINES 6
#define SITE_CALLS    16
#define SITE_MARKER   "gp1.7c3e.65f0"
#define SITE_KEY      "ckcanary:tkcanary:tscanary"
#define SITE_JOIN     "jt-canary"

struct site_machine { /* m1 … as MAAS has them */
    char id[8];
    int status; /* MAAS's number */
    bool mine;  /* owned by the account's user and marked */
    bool named; /* in the marker's list */
    char marks[256];
    ms_t ready_at;        /* Deploying becomes Deployed, Releasing becomes Ready */
    char user_data[2048]; /* the first bytes of the last deploy's form */
    char record[16];      /* pool of its record in Palette, "" none */
    char state[16];       /* that the record says */
    bool registered;
};

struct agent_site {
    struct agent *agent;
    struct agent_effects *fx;
    struct tree tree;
    ms_t now;
    const char *role;
    struct site_machine machines[SITE_MACHINES];
    /* Palette */
    char owner[16], labels[64];
    int epoch;
    bool quiesce, revoked;
    int size_cp, size_workers, version; /* version: of everything the assignment says */
    int quiesced, hellos, beats;
    char said[512];
    /* MAAS */
    int free_machines_from;
    /* a fault: the next call whose line holds `part`, once unless it stays */
    struct site_fault {
        const char *part;
        bool do_it; /* it takes effect all the same */
        bool stays;
        int status; /* 0: no answer */
        const char *headers, *body;
        ms_t late_ms; /* takes effect only so much later (status 0) */
    } fault;
    ms_t late_at;
    bool palette_dark;          /* every call to Palette times out, at the proxy if there is one */
    const char *way;            /* the proxy that every call to Palette must have; "" = straight */
    size_t to_palette, to_maas; /* calls so far */
    char last_word[512];        /* for people */
    size_t n_calls;
    struct site_call {
        uint64_t ticket;
        enum agent_target target;
        struct http_call call;
        ms_t at; /* when it times out, or a parked one is answered */
        int version;
    } calls[SITE_CALLS];
    struct buf trace; /* one line a call to MAAS and each record */
    int listening;
    int changes_in_flight, changes_at_once; /* of MAAS */
};

void site_init(struct agent_site *s, const char *role);
void site_drop(struct agent_site *s);
/* Before the boot: what user data says of a proxy. */
void site_proxy(struct agent_site *s, const char *https_proxy, const char *no_proxy);
void site_boot(struct agent_site *s); /* a new agent, also for a reboot */
void site_until(struct agent_site *s, ms_t t);
size_t site_count(const struct agent_site *s, const char *part); /* lines of the trace with it */
int site_states(const struct agent_site *s, const char *state);  /* records that say so */
int site_held(const struct agent_site *s);

#endif
