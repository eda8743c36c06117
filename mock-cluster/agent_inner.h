/* What the files of the agent share, and nobody else includes.
 *
 * An errand is one thing the agent wants of the other side: a time when it is due, at most one call
 * in flight, a count of failures for its back-off. All work on machines is one errand, so that one
 * MAAS change at a time is under way (GP-58); what it does next is looked up in the table of
 * machines each time (agent_work.c), so that a lost answer, a reboot and a new wish are the same
 * thing. Times are the events' monotonic milliseconds. */
#ifndef MOCK_CLUSTER_AGENT_INNER_H
#define MOCK_CLUSTER_AGENT_INNER_H

#include "lib/base/jx.h"
#include "lib/base/rng.h"
#include "mock-cluster/agent.h"
#include "mock-cluster/userdata.h"

#define AGENT_PORT        6443
#define AGENT_POOLS_MAX   20
#define AGENT_WORDS_MAX   16 /* zones, tags, labels of one thing */
#define AGENT_WORD_MAX    128
#define AGENT_LABELS_MAX  KIB(8)
#define AGENT_LONG_AGO    (INT64_MIN / 2)
#define AGENT_PROXY_NAMES 6 /* the second half in lower case */

/* --- files (agent_config.c, agent_files.c) ---------------------------------------------------- */

extern const char *const agent_proxy_names[AGENT_PROXY_NAMES];
void agent_config_write(const struct agent_config *c, struct buf *out);
bool agent_has_proxy(const struct agent_config *c);
void agent_environment_line(struct buf *out, const char *name, const char *value);
void agent_dropin_line(struct buf *out, const char *name, const char *value);

/* --- time (agent_timing.c) -------------------------------------------------------------------- */

#define AGENT_TIMINGS(T)                                                                           \
    T(heartbeat_ms, "heartbeatSeconds", SECONDS(60))                                               \
    T(wait_ms, "feedWaitSeconds", SECONDS(30))                                                     \
    T(slack_ms, "feedSlackSeconds", SECONDS(10))                                                   \
    T(gap_ms, "feedGapSeconds", SECONDS(5))                                                        \
    T(call_ms, "callSeconds", SECONDS(30))                                                         \
    T(maas_call_ms, "maasCallSeconds", SECONDS(60))                                                \
    T(backoff_base_ms, "backoffBaseSeconds", SECONDS(1))                                           \
    T(backoff_max_ms, "backoffMaxSeconds", SECONDS(60))                                            \
    T(retry_base_ms, "maasRetryBaseSeconds", SECONDS(5))                                           \
    T(retry_max_ms, "maasRetryMaxSeconds", SECONDS(300))                                           \
    T(poll_ms, "maasPollSeconds", SECONDS(15))                                                     \
    T(lease_ms, "ownerLeaseSeconds", SECONDS(600))                                                 \
    T(settle_ms, "settleSeconds", SECONDS(120))                                                    \
    T(deploy_ms, "deploySeconds", SECONDS(5400))

struct agent_timing {
#define AGENT_TIMING_MEMBER(member, name, standard) ms_t member;
    AGENT_TIMINGS(AGENT_TIMING_MEMBER)
#undef AGENT_TIMING_MEMBER
};
void agent_timing_init(struct agent_timing *t);
bool agent_timing_read(struct agent_timing *t, const char *json); /* missing names keep values */

/* --- what Palette says ------------------------------------------------------------------------ */

struct agent_pool { /* as in the user's request */
    struct agent_pool_cloud {
        size_t n_azs, n_tags;
        char azs[AGENT_WORDS_MAX][AGENT_WORD_MAX], tags[AGENT_WORDS_MAX][AGENT_WORD_MAX];
        char resource_pool[AGENT_WORD_MAX];
        struct agent_pool_type {
            int64_t cpu, mem_mb, disk_gib;
        } type;
    } cloud;
    struct agent_pool_config {
        char name[AGENT_UID_MAX];
        int64_t size;
        bool control_plane;
    } config;
};

struct agent_assignment {
    char cursor[256 + 1], owner[16];
    int64_t epoch;
    bool quiesce;
    char project_uid[AGENT_UID_MAX], config_uid[AGENT_UID_MAX], image[256];
    struct agent_account {
        char endpoint[AGENT_URL_MAX], key[512];
    } account;
    size_t n_inventory;
    struct agent_row {
        char uid[AGENT_UID_MAX], system_id[32], pool[AGENT_UID_MAX], state[16];
        bool registered; /* its own agent has */
    } inventory[AGENT_MACHINES_MAX];
    size_t n_pools;
    struct agent_pool pools[AGENT_POOLS_MAX];
    char *labels; /* JSON text, owned; NULL: none */
};

/* --- machines --------------------------------------------------------------------------------- */

enum agent_state { /* MAAS's statuses, as far as they differ for us */
                   AGENT_ALLOCATED,
                   AGENT_DEPLOYING,
                   AGENT_DEPLOYED,
                   AGENT_LEAVING, /* Releasing, Disk erasing */
                   AGENT_FAILED,  /* Failed deployment, and a release that failed */
                   AGENT_OTHER,
                   AGENT_STATES
};

struct agent_seen { /* one machine as MAAS shows it */
    char system_id[32], hostname[AGENT_WORD_MAX];
    int64_t status, cpu, mem_mb;
    char *owner; /* NULL: nobody */
    struct agent_place {
        char name[AGENT_WORD_MAX];
    } zone, pool;
    size_t n_addresses, n_tags;
    char addresses[AGENT_WORDS_MAX][64], tags[64][AGENT_WORD_MAX];
    struct agent_marks {
        char pcg[AGENT_UID_MAX], cluster[AGENT_UID_MAX], pool[AGENT_UID_MAX], role[16];
    } marks;
};

struct agent_machine {
    char id[32], uid[AGENT_UID_MAX]; /* system id; uid of its record, "" = none */
    char pool[AGENT_UID_MAX];
    char hostname[AGENT_WORD_MAX], zone[AGENT_WORD_MAX], address[64];
    enum agent_state state;
    bool looked;      /* MAAS has shown it since the start */
    bool marked;      /* annotations are there */
    bool check;       /* ask MAAS about it alone: it is not in the marker's list */
    bool freed;       /* not held any more */
    bool gone;        /* not wanted: release it */
    bool up;          /* its own agent was seen by Palette */
    const char *said; /* the state its record has; "" unknown */
    ms_t due, record_due;
    unsigned failures, record_failures;
    ms_t deploy_sent; /* AGENT_LONG_AGO: not by us */
};

/* --- the agent -------------------------------------------------------------------------------- */

enum agent_op {
    AGENT_OP_REGISTER,
    AGENT_OP_BEAT,
    AGENT_OP_ASSIGNMENT,
    AGENT_OP_APPLY,   /* is there a new wish? */
    AGENT_OP_APPLIED, /* it is done */
    AGENT_OP_LABELS,
    AGENT_OP_LOOK,
    AGENT_OP_CHECK,
    AGENT_OP_ALLOCATE,
    AGENT_OP_ANNOTATE,
    AGENT_OP_DEPLOY,
    AGENT_OP_RELEASE,
    AGENT_OP_RECORD_MAKE,
    AGENT_OP_RECORD_CHANGE,
    AGENT_OP_RECORD_DROP,
    AGENT_OP_QUIESCED,
    AGENT_OP_COUNT
};
enum { /* places of errands; the machines' is the last */
       AGENT_AT_REGISTER,
       AGENT_AT_BEAT,
       AGENT_AT_ASSIGNMENT,
       AGENT_AT_APPLY,
       AGENT_AT_LABELS,
       AGENT_AT_WORK,
       AGENT_ERRANDS
};
struct agent_errand {
    enum agent_op op;
    ms_t due, sent;
    uint64_t ticket; /* of the call in flight; 0: none */
    unsigned failures;
    bool complained;
    char machine[32]; /* system id the call in flight is about */
    char pool[AGENT_UID_MAX];
};

enum agent_life { AGENT_UNBORN, AGENT_ALIVE, AGENT_OVER };

/* Thousands live in one process, and most of them only beat: what these use stands first, long
 * texts that are mostly empty and tables of machines stand last, in pages that nobody touches. */
struct agent {
    enum agent_life life;
    bool init, token_old, quiesced, tells, allocate_open;
    /* quiesced: said for this epoch; tells: Palette tells which nodes have registered;
     * allocate_open: an allocate's outcome is unknown: look before another */
    char stray_uid[AGENT_UID_MAX]; /* whom the next heartbeat is for; "" = its own cluster */
    ms_t now;                      /* never goes back */
    ms_t slow_ms;
    int64_t wall_s;
    uint64_t tickets;
    struct rng rng;
    struct agent_timing timing;
    struct agent_errand errands[AGENT_ERRANDS];
    char hostname[AGENT_WORD_MAX];

    ms_t lease_sent; /* when the last answered question was sent */
    int64_t quiesced_epoch;
    char wish[AGENT_WORD_MAX], applied[AGENT_WORD_MAX]; /* spcHash */
    char *labels_said, *labels_sent;                    /* as JSON, owned */
    const char *saying; /* the state that the record under way says */
    ms_t look_due, looked_at;
    ms_t look_pause;     /* after a look that failed: none before, whoever wants it */
    ms_t change_unknown; /* when the last change of unknown outcome was sent, or the start */
    ms_t allocate_due;
    unsigned allocate_failures;
    char allocate_pool[AGENT_UID_MAX];
    char pcg[AGENT_UID_MAX]; /* as the machines are annotated */
    size_t n_machines;
    struct tree files;                /* copied at START */
    char token[AGENT_SECRET_MAX + 1]; /* "": none */
    struct agent_config config;
    char proxy[PROXY_MAX];            /* of every call to Palette; "" = straight. A secret */
    struct agent_assignment assigned; /* the newest answer */
    struct agent_machine machines[AGENT_MACHINES_MAX];
};

/* --- effects, pauses (agent_errands.c) -------------------------------------------------------- */

struct agent_effect *agent_effect_add(struct agent_effects *fx, enum agent_effect_kind kind);
void agent_say(struct agent_effects *fx, int level, const char *fmt, ...) PRINTF_LIKE(3, 4);
void agent_cancel(struct agent *a, size_t i, struct agent_effects *fx);
ms_t agent_backoff(struct agent *a, unsigned failures, ms_t base, ms_t most);
ms_t agent_retry_after(const struct http_result *r); /* 0 when not given */
bool agent_good(const struct http_result *r);        /* answered, 2xx */

typedef void agent_write_fn(struct agent *a, const struct agent_errand *e, struct http_call *call);
typedef void agent_done_fn(struct agent *a, struct agent_errand *e, const struct http_result *r,
                           struct agent_effects *fx);
struct agent_op_row {
    const char *name; /* for people */
    enum agent_target target;
    agent_write_fn *write;
    agent_done_fn *done; /* sees every outcome but an old token */
};
extern const struct agent_op_row agent_ops[AGENT_OP_COUNT]; /* agent.c */

agent_done_fn agent_register_done, agent_beat_done, agent_assignment_done, agent_apply_done,
    agent_applied_done, agent_labels_done;

/* --- machines (agent_work.c, agent_maas.c) ---------------------------------------------------- */

struct agent_machine *agent_machine_find(struct agent *a, const char *id);
struct agent_machine *agent_machine_add(struct agent *a, const char *id); /* NULL: no place */
void agent_machine_forget(struct agent *a, struct agent_machine *m);
bool agent_is_self(const struct agent *a, const struct agent_machine *m);
const char *agent_state_word(const struct agent *a, const struct agent_machine *m);
void agent_inventory_merge(struct agent *a);
bool agent_owns(const struct agent *a);       /* Palette says so, for reading */
bool agent_may_change(const struct agent *a); /* … and the lease holds, and nobody asks to stop */
bool agent_settled(const struct agent *a);    /* everything is as the user wants it */
/* What to do next, into the errand's op, machine and pool; when, or MS_NEVER. */
ms_t agent_work_next(const struct agent *a, struct agent_errand *ret);
const struct agent_pool *agent_pool_find(const struct agent *a, const char *name);

agent_done_fn agent_look_done, agent_check_done, agent_allocate_done, agent_annotate_done,
    agent_deploy_done, agent_release_done, agent_record_made, agent_record_changed,
    agent_record_dropped, agent_quiesced_done;

/* --- bytes (agent_wire.c for Palette, cluster_wire.c for MAAS) -------------------------------- */

agent_write_fn agent_write_register, agent_write_beat, agent_write_assignment, agent_write_apply,
    agent_write_applied, agent_write_labels, agent_write_record_make, agent_write_record_change,
    agent_write_record_drop, agent_write_quiesced;
agent_write_fn cluster_write_look, cluster_write_check, cluster_write_allocate,
    cluster_write_annotate, cluster_write_deploy, cluster_write_release;

struct agent_grant {
    char token[AGENT_SECRET_MAX + 1];
    ms_t expires_ms;
    char *timing; /* JSON text, owned; may be NULL */
};
bool agent_grant_read(const struct http_result *r, struct agent_grant *ret);
void agent_grant_drop(struct agent_grant *g);
bool agent_assignment_read(const struct http_result *r, struct agent_assignment *ret);
void agent_assignment_drop(struct agent_assignment *s);
bool agent_hash_read(const struct http_result *r, char *out, size_t size);
bool agent_uid_read(const struct http_result *r, char *out, size_t size);

bool cluster_machine_read(const struct http_result *r, struct agent_seen *ret);
void cluster_machine_drop(struct agent_seen *s);
bool cluster_machines_read(struct agent *a, const struct http_result *r,
                           void (*each)(struct agent *a, const struct agent_seen *s));
enum agent_state cluster_state(int64_t status);
bool cluster_says(const struct http_result *r, const char *words); /* in the body's first bytes */

#endif
