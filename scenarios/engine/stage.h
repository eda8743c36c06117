/* A stage plays one story once: it starts the site, does the acts, merges what everybody wrote, and
 * ends what it started. The journal is all that comes out; the judge does the rest. */
#ifndef SCENARIOS_ENGINE_STAGE_H
#define SCENARIOS_ENGINE_STAGE_H

#include "lib/base/event.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/manifest.h"
#include "scenarios/engine/script.h"

#define STAGE_PACKETS "packets.pcapng" /* in out_dir */

struct keeper;
struct keeper_loan;

struct stage_run {
    enum stage_id stage; /* set by the functions below */
    const struct script *script;
    const struct lab *lab;
    const struct manifest *manifest; /* NULL in sim: the reference core */
    const char *features;            /* what the manifest declares */
    bool bootstrap;                  /* sim only: what the manifest says of provision */
    const char *rogue;               /* sim only: which one the core is; NULL or "" = none */
    uint64_t seed;
    enum clock_id clock;
    int factor;          /* clock wall */
    const char *proxy;   /* "squid": at the place of our own, clock wall; "" or NULL: our own */
    const char *out_dir; /* for output of programs, kept as evidence */
    const char *bin_dir; /* where mock-maas and mock-palette lie */
    uint64_t lose_sync;  /* sim only: see site_lose_sync() */
    uint64_t *ret_syncs; /* sim only: how many syncs there were; may be NULL */
    bool until_well;     /* real programs only: the story's last line brings a gateway back; the run
                            ends     when all has been well (well.h) for a while after it */
    bool packets;        /* netns: what the capture saw is kept in STAGE_PACKETS */
    struct keeper *keeper;          /* netns: of the lab; NULL: it is built for this run alone */
    const struct keeper_loan *loan; /* set by the functions below */
    ms_t budget_ms;                 /* kernel time the run may take */
    void (*progress)(void *arg, ms_t domain_now, const char *text); /* may be NULL */
    void *progress_arg;
};

/* Fills journal (sorted by seq). Negative: the stage could not be set up or broke: harness-error
 * with the sentence; what was written until then is in the journal. */
int stage_sim(const struct stage_run *r, struct ev_list *journal, struct err *e) MUST_CHECK;
/* Runs in a child of its own with user, mount, pid and network namespaces that die with it. */
int stage_netns(const struct stage_run *r, struct ev_list *journal, struct err *e) MUST_CHECK;
/* The same programs on 127.x addresses of this machine, with relays between them and nobody who
 * sees packets (relays.h); r->lab must lack nothing (lab_loopback.h). Needs no privilege and no
 * namespace. */
int stage_loopback(const struct stage_run *r, struct ev_list *journal, struct err *e) MUST_CHECK;
/* The adapter probe of GP-20 on one of these two: 0 when the three starts behave, else what did
 * not. */
int stage_probe(enum stage_id stage, const struct stage_run *r, struct err *e) MUST_CHECK;
/* 0 when the kernel takes the rulesets of all these labs, of the folder data; else which file's and
 * host's it does not. Nothing of them is built. */
int stage_netns_rules_check(const char *data, const struct lab *const *labs, size_t n,
                            struct err *e) MUST_CHECK;
/* 0 when this machine lets us make the namespaces; else which step failed and what to type. */
int stage_netns_possible(struct err *e) MUST_CHECK;

#endif
