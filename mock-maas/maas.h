/* A MAAS region's REST API 2.0 as a model, without socket or clock: the checks of OAuth in MAAS's
 * own order, the URL and op dispatch, and the resources behind them. Facts: MAAS 3.7.3 recorded,
 * tests/contract/replay. */
#ifndef MOCK_MAAS_MAAS_H
#define MOCK_MAAS_MAAS_H

#include "lib/base/http.h"

#define MAAS_USERS_MAX    16
#define MAAS_NONCES_MAX   8192
#define MAAS_MACHINES_MAX 20000
#define MAAS_FLEET_MAX    MIB(8) /* a fleet or a world as JSON text */

struct maas_user {
    char name[64];
    char key[256];                /* consumer:token:secret */
    char email[96], password[64]; /* "": NAME@example.com; no login by password */
    bool superuser;
};

/* Whose answers are given: 3.7.3's or 3.5.12's. */
enum maas_version { MAAS_37, MAAS_35 };

struct maas_config {
    enum maas_version version;
    uint64_t seed;
    int64_t epoch_s; /* seconds since 1970 at domain time 0 */
    int factor;      /* F. OAuth timestamps are held against epoch_s + now / 1000 / factor */
    size_t n_users;
    struct maas_user users[MAAS_USERS_MAX];
    size_t n_machines; /* of the lab's own fleet: m1 … mN, Ready; 0: none */
    const char *fleet; /* JSON instead of it (maas_fleet_read); NULL: none. Read by maas_new only */
    bool erase_on_release; /* MAAS's own setting */
    bool authority;        /* another certificate can be shown when it is wished for */
};

struct maas;
struct maas *maas_new(const struct maas_config *c);
void maas_free(struct maas *m);
void maas_handle(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                 struct http_reply *rp);
ms_t maas_due(void *app);
void maas_tick(void *app, ms_t now, struct http_reply *rp);
size_t maas_routes(const struct http_route **ret);
/* The operation a request asks for, "machines.allocate"; "unknown" when it is none. */
const char *maas_op(const struct http_request *rq);

/* --- machines --------------------------------------------------------------------------------- */

/* What a machine is like. maas_spec_default() is the lab's i-th, from 1: m1 is 10.10.0.101. */
struct maas_spec {
    char name[64], zone[64], pool[64], arch[32], ip[64];
    char status[32]; /* MAAS's label or name for it: "Ready", "Deployed" */
    char owner[64];  /* "": nobody */
    int64_t cpu, mem_mb;
    size_t n_tags, n_disks;
    char tags[8][64];
    struct maas_spec_disk {
        int64_t gb;
    } disks[4];
};
void maas_spec_default(size_t i, struct maas_spec *ret);
/* Changes *spec by a story's words: "zone=z2,pool=gold,cpu=16,mem=32768,tags=ssd+gpu,disk=500",
 * "owner=bob,status=Deployed". */
int maas_spec_read(const char *words, struct maas_spec *spec, struct err *e) MUST_CHECK;
/* A fleet as JSON: [{"name","zone","pool","arch","ip","status","owner","cpu","mem","tags",
 * "disks":[{"gb"}]}]; what is absent is as in maas_spec_default(). */
int maas_fleet_read(const char *text, size_t len, struct maas_spec *ret, size_t max, size_t *ret_n,
                    struct err *e) MUST_CHECK;
/* `machine _ appears _`. Zones, pools and tags it names come into being with it. false: no place.
 */
bool maas_machine_add(struct maas *m, ms_t now, const struct maas_spec *spec,
                      struct ev_list *events);

/* Machines that run what was deployed on them, in MAAS's order. `boots` is a new number each time
 * one boots; one that is switched off, released or deleted is not listed. Its user data is at
 * GET /MAAS/metadata/2012-03-01/by-id/{system_id}/user-data, for its own address only. */
struct maas_boot {
    char system_id[8], hostname[64], address[64];
    uint64_t boots;
};
size_t maas_booting(const struct maas *m, struct maas_boot *ret, size_t max);

/* Addresses that MAAS's name server gives for a name, with its domain; how many. */
size_t maas_lookup(const struct maas *m, const char *fqdn, char ret[][64], size_t max);

/* An operator's doing, in the words of a story: "fails deploy", "stays Disk-erasing for 9h",
 * "goes to bob", "becomes Ready" (or "absent", "Deployed" …), "power reads error". false: no such
 * machine or words, or MAAS's law forbids it. */
bool maas_by_hand(struct maas *m, ms_t now, const char *hostname, const char *words,
                  struct ev_list *events);

/* What the mock is told by whoever runs it, in words: "machine m1 …" (as maas_by_hand), "time
 * passes 5m", "racks gone", "deploy-hangs one in 20", a fault. now: the program's time. false: no
 * such words, or it cannot be done. */
bool maas_do(struct maas *m, ms_t now, const char *words, struct ev_list *events);
/* The same, and "refuses for 5m", which is the listener's to do. */
bool maas_told(struct maas *m, ms_t now, const char *words, struct http_reply *rp);
/* Everything as in the JSON text (schema: docs/mock-maas.md); on error the old world is kept. */
int maas_world_read(struct maas *m, const char *text, size_t len, struct err *e) MUST_CHECK;

/* --- faults ----------------------------------------------------------------------------------- */

#define MAAS_FAULTS_MAX   32
#define MAAS_CHANCES_MAX  8 /* that wait for their request */
#define MAAS_CHANCE_WORDS 128

enum maas_fault_what {
    MAAS_FAULT_LOSE,    /* do it, then close without an answer (reply.lose) */
    MAAS_FAULT_BEFORE,  /* do nothing, answer `status` */
    MAAS_FAULT_AFTER,   /* do it, then answer `status` */
    MAAS_FAULT_SILENT,  /* do nothing and never answer (reply.hang) */
    MAAS_FAULT_QUOTE,   /* as BEFORE, and the text repeats the request's headers */
    MAAS_FAULT_WIRE,    /* do it, then `wire` */
    MAAS_FAULT_GARBLE,  /* do it, then spoil the JSON */
    MAAS_FAULT_CONTEND, /* do nothing: the page for a conflict */
    MAAS_FAULT_COUNT
};
struct maas_fault {
    char op[32];    /* last word of an operation's name ("allocate", "deploy"), the whole name
                       ("machines.release"), "read" (every GET), "change" (all else), "any" */
    uint64_t nth;   /* the nth such operation of the run; 0: the next ones */
    uint64_t times; /* how many, nth being 0; 0: no limit but for_ms */
    ms_t for_ms;    /* so long after it was armed; 0: no limit */
    enum maas_fault_what what;
    int status;
    int64_t retry_after_s; /* with BEFORE; 0: no such header */
    int64_t one_in;        /* such a request is hit one time in so many, by seed; 0: each */
    struct http_wire wire;
};
/* Emits a fault event of kind armed; each hit emits one of kind fired. false: no place. */
bool maas_fault_arm(struct maas *m, ms_t now, const struct maas_fault *f, struct ev_list *events);
/* From a story's words: "loses answer to allocate.1", "answers deploy.1 504 after doing it",
 * "answers release with 409 12 times", "answers any with 500 quoting the request 6 times",
 * "is silent to any for 3h". */
int maas_fault_read(const char *words, struct maas_fault *ret, struct err *e) MUST_CHECK;

/* All that can go wrong: by which words (an example of them), and what a client meets. */
struct maas_misdeed {
    const char *name, *words, *what;
};
size_t maas_misdeeds(const struct maas_misdeed **ret);
/* A client met that row of the list at MAAS's door: it has fired. */
void maas_met(void *maas, ms_t now, const char *misdeed, struct ev_list *events);

/* --- what the mock says of itself --------------------------------------------------------------
 */

/* What the answers of a row of maas_routes() rest on: "recorded (3.5.12, 3.7.3)". */
const char *maas_basis(size_t route);
struct maas_deviation { /* where it differs, on what ground, and how */
    const char *what, *basis, *how;
};
size_t maas_deviations(const struct maas_deviation **ret);
/* What its page at /metrics tells: rows of name, kind and meaning. */
struct maas_metric_row {
    const char *name, *kind, *what;
};
size_t maas_metrics(struct maas_metric_row ret[], size_t max);

#endif
