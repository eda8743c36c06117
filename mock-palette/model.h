/* What the files of the model share: the state of one Palette, one request under way, and who does
 * what. Nothing outside mock-palette/ and its tests includes this.
 *
 * Places never move and are never used again while anybody may ask about them, so indexes and
 * pointers into the arrays stay good. All times are domain time. */
#ifndef MOCK_PALETTE_MODEL_H
#define MOCK_PALETTE_MODEL_H

#include "lib/base/digest.h"
#include "lib/base/jx.h"
#include "lib/base/places.h"
#include "lib/base/rng.h"
#include "mock-palette/due.h"
#include "mock-palette/lease.h"
#include "mock-palette/palette.h"
#include "mock-palette/refusals.h"

#define PAL_UID_MAX       32
#define PAL_NAME_MAX      256
#define PAL_KEY_MAX       512
#define PAL_ENDPOINT_MAX  1024
#define PAL_CODE_MAX      64 /* a v1Error code */
#define PAL_MESSAGE_MAX   1024
#define PAL_SUBNETS_MAX   16
#define PAL_ANSWER_MAX    MIB(1) /* items of one answered query */
#define PAL_REQUEST_MAX   MIB(1) /* GP-28 */
#define PAL_FAULTS_MAX    64
#define PAL_MISDEEDS_MAX  48
#define PAL_SEEN_MAX      64
#define PAL_OPS_MAX       192
#define PAL_OPEN_MAX      32 /* queries listed to one gateway at once, GP-28 */
#define PAL_LIST_LIMIT    50 /* page of a list when the user names none */
#define PAL_TOKEN_LIFE_MS SECONDS(900)
#define PAL_CODE_LIFE_MS  HOURS(24) /* a pairing code that nobody used; invented */
#define PAL_QUERY_LIFE_MS SECONDS(20)
#define PAL_WAIT_MAX_MS   MINUTES(10) /* a feed is never held longer */
#define PAL_UNHEALTHY_MS  SECONDS(600)
#define PAL_FEED_WAIT_MS  SECONDS(30)

enum pal_state { PAL_PENDING, PAL_RUNNING, PAL_UNHEALTHY, PAL_DELETED };
const char *pal_state_name(enum pal_state s);

struct pal_gateway {
    struct palette *of;
    char *told;                                   /* the list of its last feed answer, or NULL */
    char uid[PAL_UID_MAX], self_uid[PAL_UID_MAX]; /* self: the cluster it beats for */
    char name[PAL_NAME_MAX];
    char code[16]; /* its pairing code */
    ms_t code_until;
    bool bound;                 /* a gateway secret has presented the code */
    uint8_t secret[SHA256_LEN]; /* only this much of the secret is kept */
    bool registered, beat_seen, feed_seen;
    enum pal_state state;
    ms_t last_beat;
    char agent_version[64];
    char account_uid[PAL_UID_MAX]; /* spec.cloudAccountUid */
    struct pal_lease lease;        /* of its replicas */
    bool answered;                 /* a feed request was, and when last */
    ms_t answered_at;
    uint64_t revision; /* of what the feed would say */
    bool system;       /* Palette's own, without pairing (system.c) */
    bool on_cluster;   /* on a cluster that was there: what users call self-hosted */
};

struct pal_token {
    uint8_t hash[SHA256_LEN];
    size_t gateway_i;
    ms_t until;      /* 0: an empty place */
    char replica[8]; /* whose it is, as told with the credential */
    bool ha;         /* it declared that feature: calls need the lease */
    bool revoked;    /* by a reset */
};

struct pal_key { /* what a cloud account points at */
    char endpoint[PAL_ENDPOINT_MAX];
    char key[PAL_KEY_MAX];
    size_t n_subnets;
    char subnets[PAL_SUBNETS_MAX][64];
};

struct pal_account {
    char uid[PAL_UID_MAX]; /* "": an empty place, or a deleted account */
    char name[PAL_NAME_MAX];
    char overlord[PAL_UID_MAX]; /* the gateway it is bound to, "" when none */
    bool by_gateway;
    char project[PAL_UID_MAX]; /* "": the tenant's */
    bool tenant_only;          /* and no project sees it */
    int64_t revision;
    struct pal_key at;
};

enum pal_query_state { PAL_FREE, PAL_ASKED, PAL_LISTED, PAL_ANSWERED, PAL_TIMED_OUT };

struct pal_query {
    enum pal_query_state state;
    char id[PAL_UID_MAX];
    const struct pal_query_kind *kind;
    size_t gateway_i;
    char account_uid[PAL_UID_MAX]; /* or `at` when it is not stored yet */
    struct pal_key at;
    uint64_t asker; /* connection of the user who waits */
    ms_t deadline;
    bool ok;
    char code[PAL_CODE_MAX];
    char message[PAL_MESSAGE_MAX + 1];
    struct buf items;
};

struct pal_cluster; /* cluster.h */
struct pal_agent;

/* find.c: places by what they are called. What is only ever added is put in when it is looked for.
 */
struct pal_found {
    struct places gateways, accounts, clusters, configs, agents, tokens;
    size_t n_gateways, n_accounts, n_clusters; /* that are in */
};

/* resume.c: which rows of the state changed since they were told (palette_rows). */
enum pal_keep {
    PAL_KEEP_SELF,   /* one row: the Palette itself */
    PAL_KEEP_PUBLIC, /* one row, too */
    PAL_KEEP_GATEWAYS,
    PAL_KEEP_ACCOUNTS,
    PAL_KEEP_TOKENS,
    PAL_KEEP_CLUSTERS,
    PAL_KEEP_DOCS,
    PAL_KEEP_SESSIONS,
    PAL_KEEP_NOTES,
    PAL_KEEP_TABLES
};
struct pal_kept {
    struct pal_mark *marks;
    size_t n_marks;
    unsigned sweep; /* tables (bits) in which any row may have changed */
    uint64_t *hash[PAL_KEEP_TABLES];
    size_t n_hash[PAL_KEEP_TABLES];
};

/* faults.c */
enum pal_fault_what {
    PAL_FAULT_BEFORE,
    PAL_FAULT_AFTER,
    PAL_FAULT_LOSE,
    PAL_FAULT_STALE,
    PAL_FAULT_REPEAT,
    PAL_FAULT_REORDER,
    PAL_FAULT_CHANCE,
    PAL_FAULT_SILENT, /* nothing is done, and nothing ever answered */
    PAL_FAULT_WIRE,   /* done, then `wire` */
    PAL_FAULT_GARBLE, /* done, then the JSON is spoilt */
    PAL_FAULT_COUNT
};
struct pal_fault {
    enum pal_fault_what what;
    char op[48];
    int status;
    int64_t retry_after; /* seconds; below 0: not said */
    int64_t per_mille;
    uint64_t nth, calls;   /* nth: only that call of those it means, from when it was armed */
    uint64_t times, fired; /* times 0: each */
    ms_t until;
    struct http_wire wire;
};

/* control.c: an exchange, for the page */
struct pal_seen {
    ms_t at;
    int who, status; /* status 0: no answer left */
    const char *op;
    char code[PAL_CODE_MAX], uid[PAL_UID_MAX], cluster[64];
};

/* secrets.c: what must not come back in a read. */
struct pal_secrets {
    struct pal_secret *at;
    size_t n;
    struct places heads;           /* by the first bytes */
    size_t n_gateways, n_clusters; /* whose are in */
    uint64_t round;
};

struct palette {
    struct palette_config config;
    struct pal_found found;
    struct pal_secrets secrets;
    struct pal_kept kept;
    struct rng chance; /* of misbehaviours: names are drawn as if there were none */
    size_t n_faults;
    struct pal_fault faults[PAL_FAULTS_MAX];
    struct palette_tally misdeeds[PAL_MISDEEDS_MAX]; /* by row of misdeeds.c */
    uint64_t n_seen; /* ever; the place of one is its number modulo PAL_SEEN_MAX */
    struct pal_seen seen[PAL_SEEN_MAX];
    uint64_t calls[PAL_OPS_MAX][2]; /* by route: answered well, and not */
    struct pal_due due;             /* gateways, and behind them clusters */
    size_t n_open;                  /* queries */
    ms_t queries_due;               /* none of them ends before */
    uint64_t n_tokens; /* ever given; the place of one is its number modulo tokens_max */
    size_t gateways_max, accounts_max, tokens_max;
    struct rng rng;
    uint8_t api_key[SHA256_LEN], colleague_key[SHA256_LEN];
    char drawn_key[40]; /* the same, told to whoever starts this Palette; "": it was chosen */
    bool user_disabled; /* who has the first of them */
    uint64_t refs;      /* v1Error.ref counts them */
    char tenant_uid[PAL_UID_MAX];
    size_t n_gateways;
    struct pal_gateway *gateways;
    size_t n_accounts;
    struct pal_account *accounts;
    struct pal_query queries[PALETTE_QUERIES_MAX];
    struct pal_token *tokens;
    char *agent_ca; /* PEM, or NULL */
    size_t n_clusters;
    struct pal_cluster **clusters;
    struct pal_public *pub; /* public.h: what users keep besides */
};

/* --- one request ----------------------------------------------------------------------------- */

enum pal_who { PAL_NOBODY, PAL_USER, PAL_GATEWAY, PAL_AGENT };
/* http_route.flags: who may call, and what {uid} must be for whom (GP-101). */
enum {
    PAL_MAY_USER = 1,
    PAL_MAY_GATEWAY = 2,
    PAL_MAY_ANYBODY = 4,
    PAL_OWN_UID = 8,
    PAL_OWN_SELF = 16,
    PAL_MAY_AGENT = 32,
    PAL_OF_CLUSTER = 64,   /* {uid} or {configUid}: of a cluster the gateway is responsible for */
    PAL_REVOKED_TOO = 128, /* an agent whose credential was revoked is heard, too */
    PAL_NO_LEASE_NEEDED = 256, /* of a replica: this is how it gets one (GP-106) */
};

struct pal_ask {
    struct palette *p;
    const struct http_ctx *ctx;
    const struct http_request *rq;
    struct http_reply *rp;
    const struct http_route *route; /* NULL when none matched */
    struct http_vars vars;
    enum pal_who who;
    struct pal_gateway *gateway; /* the caller, when a gateway calls */
    const struct pal_token *token;
    struct pal_cluster *cluster; /* the one it is about, or an agent's own */
    struct pal_agent *agent;     /* the caller, when an agent calls */
    const char *op;              /* its name in the journal */
    char project[PAL_UID_MAX];   /* where a user stands; "": in the tenant */
    char uid[PAL_UID_MAX];       /* the gateway it is by or about, for the journal */
    char code[PAL_CODE_MAX];     /* of the v1Error that was answered */
};

/* Handlers get the ask as http_exchange.app. */
static inline struct pal_ask *pal_ask(const struct http_exchange *x)
{
    return x->app;
}

void pal_seen_note(const struct pal_ask *a);
bool pal_admit(struct pal_ask *a); /* false: it has been refused */
/* Refuses with that row when `holds`; true: it has been refused. Every refusal of this Palette is a
 * row of refusals.inc or of the transaction table in life.c. */
bool pal_no(struct pal_ask *a, enum pal_no no, bool holds);
/* The same, with `text` behind the row's message. */
bool pal_no_text(struct pal_ask *a, enum pal_no no, bool holds, const char *text);
void pal_refuse(struct pal_ask *a, enum pal_no no, const char *text);
void pal_refuse_as(struct pal_ask *a, int status, const char *code, const char *message);
void pal_answer(struct pal_ask *a, int status, const char *json); /* json NULL: no body */
void pal_answer_uid(struct pal_ask *a, const char *uid);          /* 201 v1Uid with AuditUid */
/* Reads the body by table; false: it has been refused with 400. */
bool pal_body(struct pal_ask *a, const struct jx_field *fields, size_t n, void *out);
/* The same for a body that is a list. */
struct pal_list_shape {
    const struct jx_field *fields;
    size_t n, size; /* fields, and bytes of an element */
    int (*take)(void *list, size_t i, const void *element);
};
bool pal_body_list(struct pal_ask *a, const struct pal_list_shape *s, void *element, void *list);
void pal_park(struct pal_ask *a, ms_t park_ms, const char *kind, const char *uid);

/* --- names and secrets ----------------------------------------------------------------------- */

void pal_uid_make(struct palette *p, char out[PAL_UID_MAX]);
void pal_code_make(struct palette *p, char *out, size_t size);
void pal_token_make(struct palette *p, char *out, size_t size);
/* "k-" and eight hex digits of a digest: tells keys apart in the journal and gives nothing away. */
void pal_key_id(const char *key, char *out, size_t size);
/* Replaces every secret this Palette knows by "***" in what a gateway sent, and says so. */
void pal_mask(struct pal_ask *a, struct buf *text, const char *where);
void pal_mask_text(struct pal_ask *a, char *text, size_t size, const char *where);

/* --- gateways, accounts, queries ------------------------------------------------------------- */

struct pal_gateway *pal_gateway_find(struct palette *p, const char *uid); /* deleted ones too */
size_t pal_gateway_i(const struct palette *p, const struct pal_gateway *g);
/* It was changed: when it is due may be another time now. */
void pal_gateway_changed(struct pal_gateway *g);
struct pal_token *pal_token_find(const struct palette *p, const uint8_t hash[SHA256_LEN]);
/* The place of a new token, with that hash. */
struct pal_token *pal_token_new(struct palette *p, const uint8_t hash[SHA256_LEN]);
void pal_token_index(struct palette *p, size_t i); /* it can be found from now on */
void pal_found_drop(struct pal_found *f);
/* That row may have changed. */
void pal_keep_mark(struct palette *p, enum pal_keep t, size_t i);
/* The ApiKeys of the user and of the colleague: only digests are kept of them. */
void pal_keys_take(struct palette *p, const char *api_key);
void pal_kept_drop(struct pal_kept *k);
/* Masks that text from now on, as long as this Palette runs. */
void pal_secret_know(struct palette *p, const char *name, const char *text);
void pal_key_know(struct palette *p, const struct pal_key *at);
void pal_secrets_drop(struct pal_secrets *s);
/* Sets the state it has earned by `now`, and says so when it changed. */
void pal_gateway_settle(struct palette *p, struct pal_gateway *g, ms_t now, struct http_reply *rp);
ms_t pal_gateway_due(const struct pal_gateway *g);
void pal_feed_changed(struct pal_gateway *g, struct http_reply *rp);
void pal_gateway_awaited(struct pal_gateway *g, const char *why, ms_t now, struct http_reply *rp);
void pal_gateway_reset(struct palette *p, struct pal_gateway *g, ms_t now, struct http_reply *rp);
/* Whether the call holds the lease of its gateway's replicas, or needs none. false: refused. */
bool pal_lease_admit(struct pal_ask *a);
/* The gateway has asked with the cursor of that list: what is not in it any more may move on. */
void pal_clusters_left(struct pal_ask *a, uint64_t revision);

struct pal_account *pal_account_find(struct palette *p, const char *uid);
bool pal_account_seen(const struct pal_ask *a, const struct pal_account *acc);
struct pal_account *pal_account_of(struct pal_ask *a); /* of {uid}; NULL: refused */
void pal_account_put(struct pal_ask *a, struct pal_account *acc, const char *name,
                     const char *overlord, const struct pal_key *at); /* answers */
bool pal_key_check(struct pal_ask *a, const struct pal_key *k);       /* false: refused with 400 */

const struct pal_query_kind *pal_query_kind_find(const char *name);
const struct pal_query_kind *pal_query_validate(void);
const char *pal_query_kind_name(const struct pal_query_kind *k);
/* Asks the gateway on behalf of this request, or answers the request that asked before. */
void pal_query_ask(struct pal_ask *a, struct pal_gateway *g, const struct pal_query_kind *kind,
                   const char *account_uid, const struct pal_key *at);
/* The same for whoever has more to do when it ended well: NULL when it has not, and the request was
 * refused or is parked. */
struct pal_query *pal_query_wait(struct pal_ask *a, struct pal_gateway *g,
                                 const struct pal_query_kind *kind, const char *account_uid,
                                 const struct pal_key *at);
void pal_properties_ask(struct pal_ask *a, const char *name, const char *account_uid);
bool pal_query_open(const struct pal_query *q);
void pal_query_event(const struct palette *p, const struct pal_query *q, const char *kind, ms_t now,
                     struct http_reply *rp);
void pal_query_close(struct palette *p, struct pal_query *q, enum pal_query_state state, ms_t now,
                     struct http_reply *rp);
/* Checks items by the kind's public model and writes them anew. -EINVAL with a sentence. */
int pal_items_read(const struct pal_query_kind *k, const char *json, struct buf *out, struct err *e)
    MUST_CHECK;

/* --- clusters (cluster.h) -------------------------------------------------------------------- */

void pal_clusters_free(struct palette *p);
void pal_cluster_tick(struct palette *p, struct pal_cluster *c, ms_t now, struct http_reply *rp);
/* The clusters of the caller's list, with commas; says that they were handed. */
void pal_clusters_feed(struct pal_ask *a, struct buf *out);
/* What the journal says of the cluster and the agent of a request. */
void pal_cluster_call_add(const struct pal_ask *a, struct event *e);
bool pal_agent_admit(struct pal_ask *a, const uint8_t token[SHA256_LEN]); /* false: no such agent */
/* Whether {uid} or {configUid} is a cluster of the caller's. false: it has been refused. */
bool pal_cluster_in_scope(struct pal_ask *a);
/* waitSeconds and cursor of a long poll; false: it has been refused. */
struct pal_poll {
    char cursor[HTTP_VAR_MAX]; /* "" when not given */
    ms_t wait;
};
bool pal_poll_read(struct pal_ask *a, struct pal_poll *ret);

/* --- wire ------------------------------------------------------------------------------------ */

/* A duration as who hears it must see it, and back (docs/time.md): gateways may live by a clock of
 * their own. */
int pal_factor(const struct palette *p, bool gateway);
ms_t pal_out_ms(int factor, ms_t domain_ms);
bool pal_in_ms(int factor, const char *seconds, ms_t *ret_domain_ms);
void pal_timing_write(int factor, struct buf *out);
void pal_overlord_write(const struct palette *p, const struct pal_gateway *g, struct buf *out);
void pal_account_write(const struct pal_account *acc, struct buf *out); /* the key is masked */
void pal_account_meta_write(const struct pal_account *acc, struct buf *out);
#define PAL_MASKED "********"

extern const struct jx_field pal_key_fields[]; /* apiEndpoint, apiKey, preferredSubnets */
extern const size_t pal_n_key_fields;

/* --- handlers -------------------------------------------------------------------------------- */

http_handler pal_pairing_code, pal_overlords, pal_overlord, pal_overlord_delete;
http_handler pal_own_account_create, pal_own_account_update;
http_handler pal_accounts, pal_account, pal_account_create, pal_account_update, pal_account_delete;
http_handler pal_validate, pal_validate_unbound, pal_properties;
http_handler pal_lease_put, pal_lease_delete;
http_handler pal_credential, pal_register, pal_beat, pal_feed, pal_query_answer;
http_handler pal_cluster_create, pal_cluster, pal_cluster_status, pal_cluster_overview;
http_handler pal_cluster_delete, pal_labels_replace, pal_labels_update;
http_handler pal_config, pal_pool_create, pal_pool_update, pal_pool_delete;
http_handler pal_authenticate, pal_refresh, pal_users_meta;
http_handler pal_projects_meta, pal_project_create, pal_project, pal_project_update;
http_handler pal_project_delete;
http_handler pal_overlord_meta, pal_overlord_reset, pal_overlords_migrate, pal_overlord_manifest;
http_handler pal_overlords_search, pal_overlords_schema, pal_system_create;
http_handler pal_pcg_self_hosted, pal_service_manifest;
http_handler pal_pcg_config_create, pal_pcg_config_update, pal_pcg_profile;
http_handler pal_ip_pools, pal_ip_pool_create, pal_ip_pool_update, pal_ip_pool_delete;
http_handler pal_account_patch, pal_accounts_summary, pal_cloud_properties, pal_validate_direct;
http_handler pal_cluster_validate, pal_cluster_rate, pal_clusters_search, pal_clusters_schema;
http_handler pal_asset, pal_asset_put, pal_asset_delete, pal_assets, pal_assets_put;
http_handler pal_cluster_nothing, pal_cluster_backup, pal_cluster_scan;
http_handler pal_notes, pal_cluster_notes, pal_cluster_notes_delete, pal_events_bulk;
http_handler pal_profile_create, pal_profile, pal_profile_update, pal_profile_delete;
http_handler pal_certs, pal_cert_create, pal_cert, pal_cert_update, pal_cert_delete;
http_handler pal_config_put, pal_maintenance, pal_maintenance_status;
http_handler pal_machines, pal_machine, pal_machine_create, pal_machine_update, pal_machine_delete;
http_handler pal_conditions, pal_endpoints, pal_events;
http_handler pal_claim, pal_handover, pal_released;
http_handler pal_agent_register, pal_assignment, pal_quiesced, pal_spc_apply, pal_spc_applied;
void pal_agent_beat(struct pal_ask *a, const char *version, const char *message);

#endif
