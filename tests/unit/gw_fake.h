/* Just enough of Palette and MAAS around the core to let clusters live: it answers what is asked,
 * in the order of asking, and judges every call as it is sent. What can go wrong is a list of
 * faults: the n-th call of an operation is done or not, and its answer is lost, or the process dies
 * before or after it. Nothing here is a model of MAAS: the mocks are. */
#ifndef TESTS_UNIT_GW_FAKE_H
#define TESTS_UNIT_GW_FAKE_H

#include "tests/unit/gw_play.h"

#include "lib/base/rng.h"

#define FAKE_MACHINES 20 /* places; there are n_machines */
#define FAKE_CLUSTERS 15
#define FAKE_ACCOUNTS 3
#define FAKE_FAULTS   8
#define FAKE_DEPLOY   SECONDS(600)
#define FAKE_RELEASE  SECONDS(60)

struct fake_machine {
    char sid[16];
    int status;
    char owner[32], agent_name[64], cluster[64], pool[32], role[16];
    ms_t until; /* of Deploying or Releasing */
    bool foreign, locked, vanished;
    char zone[16];
    int cpu, disk_gb;
    const char *vm_host;  /* NULL: metal */
    const char *more;     /* further members, "\"power_state\":\"off\","; NULL: none */
    ms_t release_for;     /* it stays Disk erasing so long; 0: Releasing, for FAKE_RELEASE */
    const char *ips;      /* members of ip_addresses instead of the usual two; NULL: those */
    int fails;            /* deployments that are going to fail */
    struct buf user_data; /* of the last deploy, decoded by whoever wants it */
};

struct fake_cluster {
    char uid[32];
    bool listed, present, registered, ours, deleted, agent_comes, forced;
    const char *marker, *azs; /* as listed, instead of the usual; NULL: that */
    const char *pod_cidr;
    bool portless; /* its endpoint has no port */
    int account, control_planes;
    int workers;
    int64_t epoch, revision;
    int64_t claim;    /* the last one accepted */
    uint64_t claimer; /* the start of the process that made it */
    int64_t claim_epoch;
    ms_t agent_at;
    size_t n_records;
    char records[FAKE_MACHINES][16];
    int allocates; /* that MAAS carried out */
    int asked;     /* that were sent */
    bool in_flight;
    ms_t unknown_at;  /* when the last allocate that was lost on its way was sent; 0: none */
    bool offering;    /* an offer was sent, and no answer has come: GP-64 */
    bool must_look;   /* an allocate was carried out, and its answer lost */
    char extra[16];   /* a machine that Palette lists whoever has it */
    int claim_status; /* what a claim is answered with instead; 0: the truth */
    const char *claim_code;
    char conditions[8192]; /* all that was told, the newest at the end */
    int patches;
    ms_t patched_at;
    char outcome[512]; /* body of released */
};

enum fake_how { FAKE_ASKED, FAKE_DONE, FAKE_LOST, FAKE_STATUS };
struct fake_fault { /* the n-th call of the run whose line holds `part` */
    const char *part;
    int n;
    enum fake_how how; /* killed when asked; killed when done; answer lost; answered so */
    int status;
    const char *body;
    bool not_done; /* FAKE_LOST: and MAAS never got it */
    int seen;
};

struct fake {
    struct play p;
    struct fake_machine machines[FAKE_MACHINES];
    struct fake_cluster clusters[FAKE_CLUSTERS];
    size_t n_faults;
    struct fake_fault faults[FAKE_FAULTS];
    size_t n_machines;
    struct fake_account { /* n-th: http://maas.site, http://maas2.site, … */
        char key[64];
        int revision;
        int status; /* all its calls are answered so, with `body`; 0: the truth */
        const char *body;
        int calls;
    } accounts[FAKE_ACCOUNTS];
    const char *subnets; /* preferred by all accounts */
    bool name_there, no_domain;
    char name_ips[128];
    int name_writes;
    uint64_t version, told; /* of the feed */
    bool palette_away;      /* the feed is not answered at all */
    bool palette_busy;      /* 429 for all but the feed */
    const char *stuck;      /* calls whose line holds this are never answered */
    const char *unsaid;     /* their names have no address: they fail at once */
    bool admin;
    struct buf log;   /* changes of MAAS and words with Palette that matter, one line each */
    struct rng *dice; /* NULL: everything goes well */
};

void fake_init(struct fake *f);
void fake_drop(struct fake *f);
void fake_fault(struct fake *f, const char *part, int n, enum fake_how how, int status,
                const char *body);
struct fake_cluster *fake_create(struct fake *f, const char *uid, int workers);
void fake_delete(struct fake *f, struct fake_cluster *c);
/* Lives until `t`; a process that was killed is started again. */
void fake_until(struct fake *f, ms_t t);
int fake_held(const struct fake *f, const char *uid);

/* Setup and teardown of a test whose state is a stage. */
int fake_open(void **state);
int fake_close(void **state);
#define fake_test(function, ...) site_clause_test(function, fake_open, fake_close, __VA_ARGS__)
/* The log is this text, and is empty afterwards; how often a word stands in it. */
void fake_log_is(struct fake *f, const char *text);
size_t fake_log_count(const struct fake *f, const char *word);
/* Until a call whose line holds `part` is in flight; within the hour, or the test fails. */
const struct play_call *fake_until_call(struct fake *f, const char *part);
/* Palette's list is another one: it is told. */
void fake_changed(struct fake *f, struct fake_cluster *c);

#endif
