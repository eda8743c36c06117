/* What the files of the core share, and nobody else includes.
 *
 * An errand is one thing the gateway wants of the other side: it has a time when it is due, at most
 * one call in flight, and a count of failures for its back-off. Five errands always exist, one more
 * for each query; core.c sends what is due, the handlers of an operation say what comes next.
 * There are no timers: a deadline that no longer matters is a field that was overwritten.
 * Times are monotonic milliseconds as given by the events. */
#ifndef GATEWAY_INNER_H
#define GATEWAY_INNER_H

#include "gateway/core.h"
#include "lib/base/jx.h"

#define GW_TOKEN_MAX    KIB(4) /* GP-28: a string field */
#define GW_CURSOR_MAX   256    /* GP-43 */
#define GW_QUERY_ID_MAX 256    /* a longer id is left alone */
#define GW_ANSWER_MAX   MIB(1) /* GP-28: a request of ours */
#define GW_MESSAGE_MAX  256
#define GW_DIGEST_MAX   65  /* hex of SHA-256 */
#define GW_ORIGIN_MAX   512 /* GP_PALETTE_URL is scheme, host and port */
#define GW_SUBNETS_MAX  16
#define GW_NAME_LEN     128                   /* zone, pool, tag, user */
#define GW_REGIONS_MAX  (2 * GW_ACCOUNTS_MAX) /* MAASes known at once, old ones included */
#define GW_MAAS_AT_ONCE                                                                            \
    32                  /* calls for clusters under way to one MAAS: a hung one holds no more      \
                         */
#define GW_BATCH_MAX 32 /* machines of one poll: 4 MiB of answer allow 128 KiB each */
#define GW_LONG_AGO  INT64_MIN

/* --- time (timing.c) -------------------------------------------------------------------------- */

/* The names of the profile's section 16 that this core waits by. */
#define GW_TIMINGS(T)                                                                              \
    T(heartbeat_ms, "heartbeatSeconds", SECONDS(60))                                               \
    T(feed_wait_ms, "feedWaitSeconds", SECONDS(30))                                                \
    T(feed_slack_ms, "feedSlackSeconds", SECONDS(10))                                              \
    T(feed_gap_ms, "feedGapSeconds", SECONDS(5))                                                   \
    T(rate_ms, "rateSeconds", SECONDS(10))                                                         \
    T(dial_ms, "dialSeconds", SECONDS(60))                                                         \
    T(call_ms, "callSeconds", SECONDS(30))                                                         \
    T(maas_call_ms, "maasCallSeconds", SECONDS(60))                                                \
    T(backoff_base_ms, "backoffBaseSeconds", SECONDS(1))                                           \
    T(backoff_max_ms, "backoffMaxSeconds", SECONDS(60))                                            \
    T(maas_base_ms, "maasRetryBaseSeconds", SECONDS(5))                                            \
    T(maas_max_ms, "maasRetryMaxSeconds", SECONDS(300))                                            \
    T(maas_poll_ms, "maasPollSeconds", SECONDS(15))                                                \
    T(report_ms, "reportMinSeconds", SECONDS(10))                                                  \
    T(lease_ms, "ownerLeaseSeconds", SECONDS(600))                                                 \
    T(settle_ms, "settleSeconds", SECONDS(120))                                                    \
    T(deploy_ms, "deploySeconds", SECONDS(5400))                                                   \
    T(agent_wait_ms, "agentWaitSeconds", SECONDS(1800))                                            \
    T(forced_keep_ms, "forcedKeepSeconds", HOURS(72))

struct gw_timing {
#define GW_TIMING_MEMBER(member, name, standard) ms_t member;
    GW_TIMINGS(GW_TIMING_MEMBER)
#undef GW_TIMING_MEMBER
    int64_t rate_requests; /* "rateRequests", 100 */
};
void gw_timing_init(struct gw_timing *t);
/* A `timing` object: names that are missing keep their value (GP-34). false: makes no sense. */
bool gw_timing_read(struct gw_timing *t, const char *json);

/* --- budgets (rate.c) ---------------------------------------------------------------------------
 */

/* A bucket: `burst` places, one free again every step. One number is its whole state. */
struct gw_pace {
    ms_t full; /* when all places are free again */
};
struct gw_budget {
    int64_t burst;
    ms_t step_ms;
};
/* Calls that were not answered: each may have opened a connection. 20 in dial_ms, 300 in 60 of
 * them; `vital` calls may take the last places. */
struct gw_budget gw_dial_budget(const struct gw_timing *t, bool vital);
ms_t gw_pace_free(const struct gw_pace *p, struct gw_budget b); /* when one more may go */
void gw_pace_take(struct gw_pace *p, struct gw_budget b, ms_t now);
void gw_pace_give_back(struct gw_pace *p, struct gw_budget b);

/* At most rate_requests in any span of rate_ms (GP-29), of which nearly all can be used when there
 * is much to do, and half at once. */
#define GW_RATE_MAX 256 /* requests in one span that are looked at: more are not used */
struct gw_rate {
    struct gw_pace pace;
    uint64_t n;             /* sent so far */
    ms_t sent[GW_RATE_MAX]; /* when; the k-th at k % GW_RATE_MAX */
};
ms_t gw_rate_free(const struct gw_rate *r, const struct gw_timing *t); /* when one more may go */
void gw_rate_take(struct gw_rate *r, const struct gw_timing *t, ms_t now);

/* --- the law of answers (law.c) --------------------------------------------------------------- */

enum gw_op {
    GW_OP_CREDENTIAL,
    GW_OP_REGISTER,
    GW_OP_BEAT,
    GW_OP_FEED,
    GW_OP_OVERLORD,
    GW_OP_ACCOUNT_MAKE,
    GW_OP_ACCOUNT_CHANGE,
    GW_OP_READ, /* of MAAS, for a query */
    GW_OP_POLL, /* of MAAS, for the machines of many clusters */
    GW_OP_ANSWER,
    GW_OP_CLUSTER_MAAS,    /* a step of a cluster: cluster.h */
    GW_OP_CLUSTER_PALETTE, /* likewise */
    GW_OP_COUNT
};

enum gw_verdict {
    GW_DONE,
    GW_RENEW,    /* the token is old: renew once, repeat once */
    GW_ENDED,    /* the identity is revoked or unknown (GP-36) */
    GW_REFUSED,  /* the pairing code is refused for good (GP-35) */
    GW_WRONG,    /* not again before backoffMaxSeconds */
    GW_FORGET,   /* not again at all */
    GW_NEW_LIST, /* the feed's cursor is too old (GP-43) */
    GW_NOT_NOW,  /* again, with back-off */
    GW_VERDICTS
};
/* What Palette's answer to an operation means (GP-27, 35, 36, 88). *ret_why is a word for people
 * out of our own tables, never the other side's text. */
enum gw_verdict gw_law(enum gw_op op, const struct http_result *r, const char **ret_why);

/* What MAAS's answer to a query's read means: a code of GP-52, "" for a good answer, or NULL to
 * ask again with a fresh nonce. */
const char *gw_maas_law(const struct http_result *r, const char **ret_message);

/* --- the gateway --------------------------------------------------------------------------------
 */

enum { /* places of errands */
       GW_AT_CREDENTIAL,
       GW_AT_REGISTER,
       GW_AT_BEAT,
       GW_AT_FEED,
       GW_AT_ACCOUNT,
       GW_AT_QUERIES,
       GW_AT_POLLS = GW_AT_QUERIES + GW_QUERIES_MAX,   /* one for each account */
       GW_AT_CLUSTERS = GW_AT_POLLS + GW_ACCOUNTS_MAX, /* two for each cluster's place */
       GW_ERRANDS = GW_AT_CLUSTERS + 2 * GW_CLUSTERS_MAX
};

struct gw_errand {
    enum gw_op op;
    ms_t due;          /* MS_NEVER: nothing to do */
    ms_t sent;         /* when the last call left */
    uint64_t ticket;   /* of the call in flight; 0: none */
    uint64_t token_n;  /* which token that call carried */
    unsigned failures; /* in a row */
    bool repeated;     /* once already after an old token */
    bool counted;      /* among its region's calls under way */
    size_t region;     /* of a call to MAAS: set whenever it becomes due */
    int complaint;     /* what was last said about it, so that it is said once */
};

struct gw_pairing {             /* kept as the record "pairing" */
    char code[GW_SECRET_MAX];   /* only as long as it is needed: until registered */
    char digest[GW_DIGEST_MAX]; /* of the code that was taken last */
    bool enrolled;              /* a 200 was received: the code is used (GP-32) */
};

/* --- MAASes (regions.c) ----------------------------------------------------------------------- */

struct gw_region {              /* one MAAS: all accounts there share what GP-29 allows */
    char origin[GW_ORIGIN_MAX]; /* scheme, host and port; "": the place is free */
    struct gw_rate rate;
    size_t calls; /* under way, of clusters and polls */
};
/* The region of an account's address; one that is not known takes a place. */
size_t gw_region_of(struct gw *g, const char *endpoint);

struct gw_user {
    char name[GW_NAME_LEN];
    bool admin;
};

struct gw_account {
    char uid[GW_UID_MAX + 1];
    char endpoint[GW_URL_MAX];
    char key[GW_SECRET_MAX * 3];
    int64_t revision;
    bool fine; /* its address can be used */
    size_t region;
    struct gw_user user; /* of the key, when MAAS last said it was an administrator */
    ms_t user_at;        /* GW_LONG_AGO: it did not */
    size_t n_subnets;    /* preferred for names, best first */
    char subnets[GW_SUBNETS_MAX][64];
};

struct gw_kind; /* a row of query.c's table */

struct gw_query {
    char id[GW_QUERY_ID_MAX + 1]; /* "": the place is free */
    const struct gw_kind *kind;
    ms_t give_up;  /* MAAS has had its time: the call ends, and its end is the answer */
    ms_t deadline; /* nobody waits any longer */
    bool done;     /* answered or too late, but still listed */
    struct gw_account account;
    struct buf answer; /* the request's body, owned */
};

struct gw_memory { /* a cluster that holds nothing: what tells an old list from a new one */
    char uid[GW_UID_MAX + 1];
    bool recorded;
    int64_t epoch, revision;
    ms_t unlisted_at;
};

enum gw_life { GW_UNBORN, GW_ALIVE, GW_OVER };

struct gw {
    enum gw_life life;
    struct gw_config config;
    struct gw_timing timing;
    struct rng rng;
    ms_t now; /* never goes back */
    int64_t wall_s;
    uint64_t tickets;      /* given out so far */
    char proxy[PROXY_MAX]; /* of every call to Palette (GP-26); "" = straight. A secret */
    struct gw_rate palette_rate;
    struct gw_pace palette_dials;
    ms_t palette_answered; /* when it last did, anything */
    struct gw_region regions[GW_REGIONS_MAX];
    struct gw_errand errands[GW_ERRANDS];

    char secret[GW_SECRET_MAX]; /* the lasting identity (GP-30) */
    struct gw_pairing pairing;

    char token[GW_TOKEN_MAX + 1]; /* "": none */
    uint64_t token_n;             /* how many tokens there were */
    bool token_old;               /* Palette said so */
    ms_t token_until;
    char self_uid[GW_UID_MAX + 1]; /* selfClusterUid */
    bool registered;
    ms_t registered_at;
    bool ended; /* GP-36, said once */

    ms_t beat_at; /* end of the last heartbeat */
    bool account_begun;
    char account_digest[GW_DIGEST_MAX]; /* of what Palette was last given (GP-39) */

    char cursor[GW_CURSOR_MAX + 1];
    size_t n_accounts;
    struct gw_account accounts[GW_ACCOUNTS_MAX];
    bool polls_old;                         /* what is due to be polled has changed */
    struct gw_poll *polls[GW_ACCOUNTS_MAX]; /* under way, each allocated; NULL: none was */
    size_t n_clusters;                      /* listed in the newest feed */
    size_t n_memories;                      /* in no order */
    struct gw_memory memories[GW_MEMORIES_MAX];
    size_t n_places;                              /* of clusters, used so far */
    struct gw_cluster *clusters[GW_CLUSTERS_MAX]; /* each allocated; NULL: the place is free */
    struct gw_query queries[GW_QUERIES_MAX];
};

/* --- effects (effects.c) ---------------------------------------------------------------------- */

/* GW_FX_SYNC is never added by hand: it comes between records and what must not come before them.
 */
struct gw_effect *gw_effect_add(struct gw_effects *fx, enum gw_effect_kind kind);
void gw_effects_settle(struct gw_effects *fx); /* no record stays unsynced */
enum { GW_ERROR, GW_WARNING, GW_INFO, GW_DEBUG };
void gw_say(struct gw_effects *fx, int level, const char *fmt, ...) PRINTF_LIKE(3, 4);
void gw_persist(struct gw_effects *fx, const char *key, const struct jx_field *fields, size_t n,
                const void *record);
void gw_cancel(struct gw *g, size_t i, struct gw_effects *fx);
void gw_errand_ended(struct gw *g, size_t i); /* its call is not under way any more */
void gw_exit(struct gw *g, struct gw_effects *fx, int code); /* cancels all; the last effect */

/* --- pauses (retry.c) ---------------------------------------------------------------------------
 */

ms_t gw_backoff(struct gw *g, unsigned failures);      /* GP-89 */
ms_t gw_maas_backoff(struct gw *g, unsigned failures); /* GP-100 */
ms_t gw_long_pause(struct gw *g);                      /* backoffMaxSeconds or more */
ms_t gw_retry_after(const struct http_result *r);      /* 0 when not given */

/* --- identity.c ---------------------------------------------------------------------------------
 */

bool gw_identity_start(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
/* After a credential's 200: the code is used (GP-32); it is kept while it is needed to register. */
void gw_identity_enrolled(struct gw *g, bool registered, struct gw_effects *fx);
bool gw_identity_renewed_code(struct gw *g,
                              struct gw_effects *fx);      /* took a code not used before */
void gw_pairing_done(struct gw *g, struct gw_effects *fx); /* registered: drop the code */
/* The record "account": a digest of address and key that Palette was given last, never the key. */
void gw_account_note_read(struct gw *g, const struct gw_event *event);
void gw_account_note(struct gw *g, const char *digest, struct gw_effects *fx);
/* Hex of SHA-256 over the secret and up to two texts: tells a change, tells nothing else. */
void gw_digest(const struct gw *g, const char *a, const char *b, char out[GW_DIGEST_MAX]);

/* --- handlers of operations: false when a 2xx answer makes no sense -----------------------------
 */

typedef void gw_write_fn(struct gw *g, size_t i, struct http_call *call);
typedef bool gw_done_fn(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx);
gw_done_fn gw_credential_done, gw_register_done, gw_beat_done;    /* link.c */
gw_done_fn gw_feed_done;                                          /* feed.c */
gw_done_fn gw_overlord_done, gw_account_made, gw_account_changed; /* account.c */
gw_done_fn gw_answer_done;                                        /* query.c */

typedef void gw_failed_fn(struct gw *g, size_t i); /* after any failure; due is set already */
typedef void gw_reply_fn(struct gw *g, size_t i, const struct http_result *r,
                         struct gw_effects *fx);
typedef void gw_prepare_fn(struct gw *g, size_t i, struct gw_effects *fx);
gw_failed_fn gw_beat_failed, gw_account_failed;

enum { GW_NEEDS_NOTHING, GW_NEEDS_TOKEN, GW_NEEDS_LINK }; /* a link: token and registered */

struct gw_op_row {
    const char *name; /* for people */
    enum gw_target target;
    int needs;
    bool vital; /* may take the last dials */
    bool first; /* goes before all that waits for a budget; paces itself */
    gw_write_fn *write;
    gw_done_fn *done;       /* NULL: `reply` looks at every outcome */
    gw_failed_fn *failed;   /* NULL: nothing more to do */
    gw_reply_fn *reply;     /* NULL: gw_judge */
    gw_prepare_fn *prepare; /* effects that come before the call; NULL: none */
};
extern const struct gw_op_row gw_ops[GW_OP_COUNT]; /* core.c */
/* Does what the answer to the errand's call asks for. */
void gw_judge(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx);

void gw_identity_ended(struct gw *g, struct gw_effects *fx); /* link.c */

void gw_account_begin(struct gw *g); /* after the first heartbeat */

/* --- queries (query.c) --------------------------------------------------------------------------
 */

struct gw_item_query { /* as listed; owned by the feed's answer */
    char *id, *kind, *account_uid;
    ms_t deadline_ms;
    struct gw_item_account {
        char *uid, *endpoint, *key;
        int64_t revision;
        size_t n_subnets;
        char subnets[GW_SUBNETS_MAX][64];
    } account;
};
void gw_queries_listed(struct gw *g, const struct gw_item_query *items, size_t n,
                       struct gw_effects *fx);
gw_reply_fn gw_query_read;
void gw_queries_time(struct gw *g, struct gw_effects *fx); /* deadlines that have passed */
ms_t gw_queries_due(const struct gw *g);
void gw_query_close(struct gw *g, size_t i);

/* --- clusters (cluster.h) ----------------------------------------------------------------------
 */

struct gw_cluster;
struct gw_item_head;
/* The newest list, asked for at `sent`; texts of the heads are taken. */
void gw_clusters_listed(struct gw *g, struct gw_item_head *heads, size_t n, ms_t sent,
                        struct gw_effects *fx);
void gw_clusters_unchanged(struct gw *g, ms_t sent, struct gw_effects *fx);
void gw_clusters_load(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
void gw_clusters_plan(struct gw *g, struct gw_effects *fx);
void gw_clusters_stop(struct gw *g); /* GP-36: nothing is ours any more; records stay */
void gw_clusters_free(struct gw *g);
void gw_clusters_describe(const struct gw *g, struct buf *out);
gw_write_fn gw_cluster_write;
gw_reply_fn gw_cluster_reply;
gw_prepare_fn gw_cluster_prepare;

/* --- polls (poll.c) --------------------------------------------------------------------------- */

void gw_polls_plan(struct gw *g);
void gw_polls_free(struct gw *g);
gw_write_fn gw_poll_write;
gw_reply_fn gw_poll_reply;
gw_prepare_fn gw_poll_prepare;

/* --- reload.c -----------------------------------------------------------------------------------
 */

bool gw_proxy_decide(struct gw *g); /* false: the proxy cannot be used as it is written */
void gw_reload(struct gw *g, const struct gw_config *config, struct gw_effects *fx);

/* --- requests and replies as bytes (palette_wire.c, maas_wire.c) ------------------------------ */

gw_write_fn gw_write_credential, gw_write_register, gw_write_beat, gw_write_feed, gw_write_overlord,
    gw_write_account_make, gw_write_account_change, gw_write_answer, gw_write_read;

struct gw_credential {
    char token[GW_TOKEN_MAX + 1];
    ms_t expires_ms;
    char self_uid[GW_UID_MAX + 1];
    bool registered;
    char *timing; /* JSON text, owned; may be NULL */
};
bool gw_credential_read(const struct http_result *r, struct gw_credential *ret);
void gw_credential_drop(struct gw_credential *c);
bool gw_overlord_read(const struct http_result *r, char *account_uid, size_t size);

/* The OAuth header's value for one attempt. */
void gw_maas_sign(struct gw *g, const char *key, struct buf *out);
/* A text as base64 with padding (RFC 4648 section 4). */
void gw_base64(struct buf *out, const char *bytes, size_t len);

/* A good MAAS answer becomes the items of the query's answer; false: it makes no sense. */
struct gw_kind {
    const char *name; /* as the query says it */
    const char *path; /* below api/2.0/ */
    const struct jx_field *read, *write;
    size_t n_read, n_write;
    bool list; /* MAAS gives a list, not one object */
};
const struct gw_kind *gw_kind_find(const char *name); /* NULL when unknown */
bool gw_items_write(const struct gw_kind *kind, const struct http_result *r, struct buf *out);
bool gw_endpoint_is_fine(const char *endpoint);
void gw_refusal_write(struct buf *out, const char *code, const char *message);

#endif
