/* Clusters of the model: what a user wants, what was reported, who speaks for it. Who owns it is
 * life.h's business. Shared by the cluster_*.c files; nothing outside mock-palette/ and its tests
 * includes this.
 *
 * A cluster is allocated when it is made and lives as long as its Palette; its place among the
 * clusters never changes. All times are domain time. */
#ifndef MOCK_PALETTE_CLUSTER_H
#define MOCK_PALETTE_CLUSTER_H

#include "mock-palette/life.h"
#include "mock-palette/model.h"

#define PAL_POOLS_MAX      20
#define PAL_MACHINES_MAX   100 /* GP-28 */
#define PAL_AGENTS_MAX     200 /* identities a cluster ever had */
#define PAL_LABELS_MAX     32
#define PAL_CONDITIONS_MAX 32
#define PAL_ENDPOINTS_MAX  8
#define PAL_ADDRESSES_MAX  16
#define PAL_PROFILES_MAX   8
#define PAL_ITEM_MAX       KIB(64) /* GP-28 */
#define PAL_AGENT_TOKEN_MS HOURS(24 * 7)
#define PAL_JOIN_GRACE_MS  SECONDS(3600)
#define PAL_POD_CIDR       "192.168.0.0/16"
#define PAL_SERVICE_CIDR   "10.96.0.0/12"
#define PAL_IMAGE          "custom/u-2204-k8s-1.30"
#define PAL_API_PORT       6443

/* --- what the user wants ---------------------------------------------------------------------- */

struct pal_pool {
    char name[64];
    int64_t size;
    bool control_plane;
    size_t n_labels, n_azs, n_tags;
    char labels[8][64], azs[16][64], tags[16][64];
    char resource_pool[128];
    int64_t cpu, mem_mb, disk_gb;
};
extern const struct jx_field pal_pool_fields[]; /* {cloudConfig, poolConfig}, as it is created */
extern const size_t pal_n_pool_fields;

struct pal_cloud {
    char domain[256];
    size_t n_keys, n_ntp;
    char keys[8][4096], ntp[8][256];
};
extern const struct jx_field pal_cloud_fields[];
extern const size_t pal_n_cloud_fields;

struct pal_label {
    char key[128], value[128];
};
struct pal_labels {
    size_t n;
    struct pal_label at[PAL_LABELS_MAX];
};
/* Puts each "key":"value" of the JSON object over what is there; false: not such an object, or too
 * many, and nothing changed. */
bool pal_labels_merge(struct pal_labels *labels, const char *json);
void pal_labels_write(const struct pal_labels *labels, struct buf *out); /* sorted by key */

/* --- what was reported ------------------------------------------------------------------------ */

struct pal_machine {
    char uid[PAL_UID_MAX];
    char system_id[64], pool[64], hostname[PAL_NAME_MAX], az[128], state[16];
    size_t n_addresses;
    char addresses[PAL_ADDRESSES_MAX][64];
    char maintenance[16], maintenance_state[32]; /* cordon or uncordon, and how far it is */
    bool recorded;                               /* its record exists */
    bool inventory;                              /* the item's machines name it */
};

struct pal_condition {
    char type[64], status[16], reason[128];
    char message[PAL_MESSAGE_MAX + 1];
};

struct pal_endpoint {
    char host[256];
    int64_t port;
};

/* --- who speaks for it ------------------------------------------------------------------------ */

struct pal_agent {
    char system_id[64], hostname[PAL_NAME_MAX];
    char id[32]; /* its name in the journal */
    uint8_t token[SHA256_LEN];
    bool speaks; /* for the cluster: its calls renew the owner's lease */
    ms_t until;  /* of the token */
};

enum pal_asset { /* what an agent hands in for the users */
                 PAL_ASSET_KUBECONFIG,
                 PAL_ASSET_CLIENT,
                 PAL_ASSET_FRP,
                 PAL_ASSET_TOKEN,
                 PAL_ASSET_MANIFEST,
                 PAL_ASSET_COUNT
};

/* The health Palette shows. */
enum pal_health { PAL_HEALTH_NONE, PAL_HEALTHY, PAL_UNWELL };

struct pal_cluster {
    struct pal_life life;
    size_t i; /* its place among the clusters */
    char uid[PAL_UID_MAX], config_uid[PAL_UID_MAX], account_uid[PAL_UID_MAX];
    char name[64], project[64], marker[96], join_token[80];
    struct pal_endpoint endpoint;
    size_t gateway_i;
    size_t next_gateway_i; /* while life.moving */
    uint64_t left_at;      /* the first list of the old gateway without it */
    struct pal_labels labels, annotations;
    size_t n_profiles;
    char profiles[PAL_PROFILES_MAX][PAL_UID_MAX];
    char *assets[PAL_ASSET_COUNT]; /* texts, or NULL */
    struct pal_cloud cloud;
    /* lists grow one by one with pal_grow(), up to their …_MAX */
    size_t n_pools;
    struct pal_pool *pools;
    size_t n_machines;
    struct pal_machine *machines;
    size_t n_conditions;
    struct pal_condition *conditions;
    size_t n_endpoints;
    struct pal_endpoint endpoints[PAL_ENDPOINTS_MAX];
    size_t n_agents;
    struct pal_agent *agents;
    enum pal_health health;
    bool beat_seen;
    ms_t last_beat;
    int64_t handed; /* how often a feed answer has listed it */
    unsigned ajar;  /* its doors; nothing looks at it but tests/rogues */
};

/* --- finding ---------------------------------------------------------------------------------- */

struct pal_cluster *pal_cluster_find(struct palette *p, const char *uid); /* deleted ones too */
/* By the request's {uid} or {configUid}; NULL. */
struct pal_cluster *pal_cluster_of_path(struct pal_ask *a);
struct pal_pool *pal_pool_find(struct pal_cluster *c, const char *name);
struct pal_machine *pal_machine_find(struct pal_cluster *c, const char *system_id);
struct pal_agent *pal_agent_find(struct pal_cluster *c, const char *system_id);

/* By its token; NULL. */
struct pal_agent *pal_agent_by_token(struct palette *p, const uint8_t token[SHA256_LEN],
                                     struct pal_cluster **ret);
void pal_agent_token_set(struct palette *p, struct pal_cluster *c, struct pal_agent *agent,
                         const uint8_t token[SHA256_LEN]);
/* Room for one more in a list that has n of that size: the new one, all zero. */
void *pal_grow(void *list, size_t n, size_t size) MUST_CHECK;

/* --- changing --------------------------------------------------------------------------------- */

/* Makes the move, journals what it changed and wakes whom it concerns. */
const struct pal_verdict *pal_cluster_move(struct palette *p, struct pal_cluster *c,
                                           const struct pal_move *m, const char *why,
                                           struct http_reply *rp);
/* The same for a request, which is refused when the move is. true: it is made, now or before. */
bool pal_cluster_ask(struct pal_ask *a, struct pal_cluster *c, const struct pal_move *m,
                     const char *why);
/* Sets the health it has by now, and says so when it changed. */
void pal_cluster_settle(struct pal_cluster *c, const char *why, ms_t now, struct http_reply *rp);
/* It was changed: when it is due may be another time now. */
void pal_cluster_changed(struct palette *p, struct pal_cluster *c);
void pal_cluster_made(struct pal_ask *a, struct pal_cluster *c); /* journal and feed */
void pal_assignment_changed(const struct pal_cluster *c, struct http_reply *rp);
/* A call about a cluster under way: sets a->cluster, and checks the caller's epoch and that this
 * stage lets the caller do that (PAL_CAN_…). false: it has been refused. */
bool pal_cluster_may(struct pal_ask *a, struct pal_cluster *c, unsigned can);

/* A report about the cluster, for the journal. */
void pal_report_event(struct pal_ask *a, const char *condition, const char *state, const char *why,
                      const char *text);
/* A journal record about the cluster, with its name. */
void pal_cluster_event(struct event *e, enum ev_kind kind, const struct pal_cluster *c, ms_t now);

/* --- writing ---------------------------------------------------------------------------------- */

/* The condition of a cluster that waits for its gateway, or nothing. */
void pal_waiting_write(const struct palette *p, const struct pal_cluster *c, const char *comma,
                       struct buf *out);
void pal_item_write(const struct pal_ask *a, const struct pal_cluster *c, struct buf *out);
void pal_endpoint_write(const struct pal_cluster *c, struct buf *out);
void pal_pools_write(const struct pal_cluster *c, struct buf *out); /* as they are created */
void pal_config_write(struct pal_ask *a, const struct pal_cluster *c, struct buf *out);
/* "metadata":{…}, and the lists that several models have, without their brackets. */
void pal_meta_write(struct pal_ask *a, const struct pal_cluster *c, const char *name,
                    const char *uid, struct buf *out);
void pal_conditions_write(const struct pal_cluster *c, struct buf *out);
void pal_endpoints_write(const struct pal_cluster *c, struct buf *out);
void pal_cluster_profiles_write(const struct pal_ask *a, const struct pal_cluster *c,
                                struct buf *out);
void pal_anchors_write(const struct palette *p, struct buf *out); /* PEM for agents */
void pal_cluster_write(struct pal_ask *a, const struct pal_cluster *c, struct buf *out);
void pal_machine_write(const struct pal_machine *m, struct buf *out); /* v1MaasMachine */
void pal_spc_hash(const struct pal_cluster *c, char *out, size_t size);
const char *pal_health_name(enum pal_health h);

#endif
