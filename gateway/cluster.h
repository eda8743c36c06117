/* The life of clusters, inside the core (profile, sections 8 to 12). Nobody outside includes this.
 *
 * A cluster has an item (what Palette wants, from the feed), a record (what survives a kill) and
 * what was seen of it in MAAS since the last claim. Two lanes carry its calls, at most one call in
 * flight in each: `work` goes through tables C and D, `report` tells Palette about it. A lane picks
 * the first row of its table of steps that is wanted and due (steps.c); a reply goes to the row's
 * action for that outcome. Nothing is known from before the process: whatever the record says is
 * looked at in MAAS before anything is changed.
 * Times are monotonic milliseconds. Bounds: GP-28. */
#ifndef GATEWAY_CLUSTER_H
#define GATEWAY_CLUSTER_H

#include "gateway/inner.h"

#define GW_POOLS_MAX     16
#define GW_WISHES_MAX    32  /* zones or tags of one pool */
#define GW_INVENTORY_MAX 100 /* GP-28: machines of an item */
#define GW_MACHINES_MAX  128 /* with those that are on their way out */
#define GW_SID_MAX       64
#define GW_HOST_MAX      256
#define GW_ADDRESSES_MAX 8
#define GW_ADDRESS_LEN   64
#define GW_ARCHS_MAX     8
#define GW_AVOID_MAX     8
#define GW_EVENTS_MAX    8
#define GW_DEPLOYS_MAX   6 /* of one machine that MAAS answers with 5xx */

/* --- what Palette wants (item.c) -------------------------------------------------------------- */

struct gw_pool {
    struct gw_pool_cloud {
        size_t n_azs, n_tags;
        char azs[GW_WISHES_MAX][GW_NAME_LEN], tags[GW_WISHES_MAX][GW_NAME_LEN];
        char pool[GW_NAME_LEN];
        struct gw_pool_type {
            int64_t cpu, mem_mb, disk_gb;
        } type;
    } cloud;
    struct gw_pool_config {
        char name[GW_NAME_LEN];
        int64_t size;
        bool control_plane;
    } config;
};

/* As listed; texts owned by the list until gw_item_new takes them. */
struct gw_item_head {
    char *uid, *name, *project_uid, *config_uid, *account_uid, *owner, *desired, *marker, *image;
    int64_t epoch, revision;
    bool forced;
    char *quiesced; /* JSON: "false" only when Palette says so */
    char *endpoint, *network, *cloud, *pools, *agent, *machines; /* JSON, read by gw_item_new */
};
#define GW_ITEM_HEAD_FIELDS 19
extern const struct jx_field gw_item_head_fields[GW_ITEM_HEAD_FIELDS];

struct gw_item {
    struct gw_item_head head;
    bool present; /* desired: present, else absent */
    bool odd;     /* cannot be done as it stands: UnsupportedItem */
    struct gw_item_body {
        struct gw_item_endpoint {
            char host[GW_HOST_MAX];
            int64_t port;
            bool managed;
        } endpoint;
        struct gw_item_network {
            char pod_cidr[GW_ADDRESS_LEN], service_cidr[GW_ADDRESS_LEN];
        } network;
        struct gw_item_cloud {
            char domain[GW_HOST_MAX];
            char *ssh_keys, *ntp_servers; /* JSON lists, owned, may be NULL */
        } cloud;
        size_t n_pools;
        struct gw_item_agent {
            char url[GW_URL_MAX];
            char *ca_cert, *join_token; /* owned, may be NULL */
            bool registered;
        } agent;
        size_t n_machines;
        struct gw_item_machine {
            char uid[GW_UID_MAX + 1], sid[GW_SID_MAX], pool[GW_NAME_LEN];
        } machines[GW_INVENTORY_MAX];
        struct gw_pool pools[GW_POOLS_MAX]; /* last, as most of it is never touched */
    } body;
};
/* Takes the head's texts. Never NULL: what cannot be read makes it `odd`. */
struct gw_item *gw_item_new(struct gw_item_head *head);
void gw_item_bootstrap(struct gw_item *item); /* one control-plane machine is all that is wanted */
bool gw_item_quiesced(const struct gw_item *item);
void gw_item_free(struct gw_item *item); /* wipes join token and certificate; NULL is fine */

/* --- what MAAS shows (maas_read.c) ------------------------------------------------------------ */

struct gw_seen { /* one machine as MAAS tells it */
    char sid[GW_SID_MAX], hostname[GW_HOST_MAX], owner[GW_NAME_LEN], arch[GW_NAME_LEN];
    int64_t status, cpu, mem_mb;
    struct gw_marks {
        char pcg[GW_UID_MAX + 1], cluster[GW_UID_MAX + 1], pool[GW_NAME_LEN], role[16];
    } marks;
    struct gw_named {
        char name[GW_NAME_LEN];
    } zone, pool;
    struct gw_vm_host { /* that it lives on; both empty: it is metal */
        char name[GW_NAME_LEN];
        int64_t id;
    } vm_host;
    size_t n_addresses, n_tags, n_disks, n_cards;
    char addresses[32][GW_ADDRESS_LEN];
    char tags[64][GW_NAME_LEN];
    struct gw_disk {
        int64_t bytes;
    } disks[64];
    struct gw_card {
        size_t n_links;
        struct gw_link {
            struct gw_subnet {
                char cidr[GW_ADDRESS_LEN];
            } subnet;
        } links[16];
    } cards[64];
};
struct gw_seen *gw_seen_new(void);
void gw_seen_free(struct gw_seen *s);
bool gw_seen_read(const struct http_result *r, struct gw_seen *ret);
typedef void gw_seen_fn(void *arg, const struct gw_seen *seen);
bool gw_seen_list(const struct http_result *r, gw_seen_fn *each, void *arg);
bool gw_user_read(const struct http_result *r, struct gw_user *ret);

/* What a status means for us; unknown ones have a row too (machine.c). */
enum gw_rung { GW_FREE, GW_FRESH, GW_GOING, GW_UP, GW_FAILED, GW_LEAVING, GW_ODD };
struct gw_status_row {
    int64_t status;
    enum gw_rung rung;
    const char *state; /* of the machine's record in Palette */
    const char *name;
};
const struct gw_status_row *gw_status_find(int64_t status);

/* --- machines --------------------------------------------------------------------------------- */

enum { /* every step of both lanes; rows of gw_steps */
       GW_STEP_OFFER_AGAIN,
       GW_STEP_CLAIM,
       GW_STEP_WHOAMI,
       GW_STEP_LOOK,
       GW_STEP_LOOK_OWN,
       GW_STEP_READ,
       GW_STEP_NAME_READ,
       GW_STEP_NAME_MAKE,
       GW_STEP_NAME_SET,
       GW_STEP_NAME_DROP,
       GW_STEP_MARK,
       GW_STEP_RELEASE,
       GW_STEP_IMAGES,
       GW_STEP_IMAGE,
       GW_STEP_CHOOSE,
       GW_STEP_ALLOCATE,
       GW_STEP_DEPLOY,
       GW_STEP_OFFER,
       GW_STEP_RELEASED,
       GW_STEP_RECORD_MAKE,
       GW_STEP_RECORD_SET,
       GW_STEP_RECORD_DROP,
       GW_STEP_ENDPOINT,
       GW_STEP_CONDITIONS,
       GW_STEP_EVENT,
       GW_STEPS
};
#define GW_REPORT_STEPS GW_STEP_RECORD_MAKE /* from here on: the report lane */

struct gw_try { /* back-off of one operation on one object (GP-89) */
    ms_t due;
    unsigned failures;
};

struct gw_machine {
    /* kept in the cluster's record */
    char sid[GW_SID_MAX], pool[GW_NAME_LEN], role[8];
    bool deploy_sent; /* a deploy may have happened */
    bool noted;       /* `unwanted` stands in the record */
    bool unwanted;    /* to be released, whatever it looks like */
    /* seen since the last claim */
    bool fresh;     /* the rest is true */
    bool absent;    /* 404 */
    bool forbidden; /* 403 */
    bool marked;    /* in the marker's list, or allocated by us */
    bool annotated; /* for this cluster */
    bool mark_refused;
    bool named_after; /* addresses are of a GET after deploy was answered (GP-98) */
    bool released;    /* a release was sent by this process */
    bool gone;        /* present: not ours any more; its record in Palette is to go */
    bool record_tried;
    bool late_told; /* that its agent does not come */
    int64_t status;
    char owner[GW_NAME_LEN], hostname[GW_HOST_MAX], zone[GW_NAME_LEN];
    size_t n_addresses, n_cidrs; /* addresses in the order of the account's preferred subnets */
    char addresses[GW_ADDRESSES_MAX][GW_ADDRESS_LEN], cidrs[GW_ADDRESSES_MAX][GW_ADDRESS_LEN];
    ms_t deploy_at;                  /* since when it deploys; GW_LONG_AGO: it does not */
    ms_t up_at;                      /* since when it is Deployed */
    ms_t read_due;                   /* MS_NEVER: no need */
    ms_t poll_due;                   /* with others of the account; MS_NEVER: it does not change */
    char record_uid[GW_UID_MAX + 1]; /* of Palette's machine record; "" unknown */
    uint64_t reported, reporting;    /* hash of what it says, and of what is on its way */
    struct gw_try tries[GW_STEPS];
};

struct gw_condition {
    const char *type, *reason; /* reason "": True */
    char message[GW_MESSAGE_MAX];
};
enum { /* conditions, rows of report.c */
       GW_COND_IMAGE,
       GW_COND_ALLOCATED,
       GW_COND_DEPLOYED,
       GW_COND_ENDPOINT,
       GW_COND_AGENT,
       GW_COND_RELEASED,
       GW_CONDITIONS
};

struct gw_record_name { /* the DNS record as read */
    bool known;
    bool no_domain; /* known to MAAS is not even the domain */
    ms_t read_due;  /* known, and to be read again: somebody else may have changed it */
    int64_t id;     /* 0: there is none */
    size_t n_addresses;
    char addresses[GW_MACHINES_MAX][GW_ADDRESS_LEN];
};

struct gw_lane {
    int step;             /* GW_STEPS: nothing planned */
    char sid[GW_SID_MAX]; /* the machine it is about; "": the cluster */
    bool final;           /* a look that may be the last one */
};
enum { GW_LANE_WORK, GW_LANE_REPORT, GW_LANES };

struct gw_cluster {
    /* the record */
    char uid[GW_UID_MAX + 1], marker[GW_UID_MAX * 2];
    int64_t epoch, revision; /* the highest pair taken */
    int64_t claim;
    int64_t offered; /* "no MAAS change in that epoch"; 0: none */
    int64_t offered_revision;
    bool intent; /* an allocate may have happened whose machine is not known */
    char intent_pool[GW_NAME_LEN], intent_role[8];
    char user[GW_NAME_LEN]; /* whom the machines were allocated with */
    size_t n_machines;
    size_t n_avoid; /* failed for this cluster: not again while there is another */
    char avoid[GW_AVOID_MAX][GW_SID_MAX];
    unsigned n_bad; /* in a row, of machines that were taken */
    /* the feed */
    struct gw_item *item; /* NULL: nothing is wanted of us */
    bool listed;          /* in the newest list, as ours */
    bool recorded;        /* there was a record, or there is one by now */
    bool left;            /* refused for good until a higher pair is listed */
    ms_t lease;           /* when the last feed request was sent that listed it as ours */
    ms_t unlisted_at;
    /* since the last claim */
    size_t place;
    bool dirty;         /* something happened: plan anew */
    uint64_t last_call; /* the highest ticket when a MAAS call of the work lane began or ended */
    size_t n_polled;    /* machines that change by themselves, and when the first is to be read */
    ms_t poll_due;
    bool claimed, lost; /* lost: there was no record, though somebody had claimed before */
    ms_t claim_at;
    bool user_known, looked, looked_own, checked;
    struct gw_user key_user;
    int64_t account_revision; /* of the key that key_user belongs to */
    ms_t look_due;            /* MS_NEVER: no need */
    ms_t allocate_at;         /* the last allocate of unknown outcome was sent */
    ms_t unsettled_until;     /* a release of unknown outcome may still take effect */
    char chosen[GW_SID_MAX];  /* the machine to ask for; "" any */
    bool chosen_asked;
    struct gw_image {
        unsigned misses; /* in a row */
        bool known;      /* found, complete, for these architectures */
        size_t n_archs, n_candidates;
        char archs[GW_ARCHS_MAX][32];
        struct gw_image_candidate {
            int64_t id;
            char arch[32];
        } candidates[GW_ARCHS_MAX];
    } image;
    /* reports */
    const char *trouble;                       /* reason of the last failed MAAS call, NULL: none */
    const char *reasons[GW_CONDITIONS];        /* what stands in the way, NULL: nothing */
    char about[GW_CONDITIONS][GW_MESSAGE_MAX]; /* the thing's name */
    uint64_t told[GW_CONDITIONS];              /* hash of it; 0: nothing */
    uint64_t telling[GW_CONDITIONS];           /* in the report that is under way */
    ms_t told_at[GW_CONDITIONS];
    bool take_virtual; /* of the configuration, as of the item */
    bool endpoint_told, forced_told, overlap_told;
    size_t n_events;
    struct gw_cluster_event {
        const char *reason;
        char message[GW_MESSAGE_MAX];
    } events[GW_EVENTS_MAX];
    struct gw_try tries[GW_STEPS];
    struct gw_lane lanes[GW_LANES];
    /* last, as most of it is never touched: what comes before it is two pages */
    struct gw_record_name name;
    struct gw_machine machines[GW_MACHINES_MAX]; /* with the record */
};

/* --- steps ------------------------------------------------------------------------------------ */

enum gw_out { /* what an answer says about the change that was asked for */
              GW_OUT_DONE,
              GW_OUT_NOT_NOW, /* not done; again later */
              GW_OUT_UNKNOWN, /* perhaps done: look before anything else (GP-100) */
              GW_OUT_CONFLICT,
              GW_OUT_FORBIDDEN,
              GW_OUT_GONE,
              GW_OUT_BAD,
              GW_OUTS
};
/* law_maas.c, law.c: *ret_reason is the condition's reason, NULL when the outcome says enough. */
enum gw_out gw_maas_outcome(const struct http_result *r, const char **ret_reason);
enum gw_out gw_palette_outcome(const struct http_result *r);

struct gw_turn { /* one call of a cluster: about to be sent, or answered */
    struct gw *g;
    struct gw_cluster *c;
    struct gw_machine *m; /* NULL: about the cluster, or the machine is not ours any more */
    struct gw_effects *fx;
    int step;
    bool final;
    ms_t sent;
    const struct http_result *r; /* NULL before it is answered */
    const char *reason;
    char code[64]; /* Palette's v1Error */
};

typedef ms_t gw_when_fn(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m);
typedef void gw_before_fn(struct gw_turn *t);
typedef void gw_request_fn(const struct gw_turn *t, struct http_call *call);
typedef bool gw_good_fn(struct gw_turn *t); /* false: the answer makes no sense */
typedef void gw_other_fn(struct gw_turn *t);

enum {
    GW_IS_GATE = 1,     /* while it is wanted nothing below it goes */
    GW_IS_CHANGE = 2,   /* of MAAS: claim, lease and no offer are needed */
    GW_IS_MACHINES = 4, /* once for each machine */
    /* It takes the cluster off the list, and its answer says that it has. After it nothing may be
     * said about the cluster (GP-66): no report goes beside it. */
    GW_IS_END = 8
};
struct gw_step {
    const char *name;
    enum gw_target target;
    unsigned flags;
    gw_when_fn *when;     /* the time from which it is wanted; MS_NEVER: it is not */
    gw_before_fn *before; /* persists what must be durable before the call; NULL: nothing */
    gw_request_fn *write;
    gw_good_fn *good;
    gw_other_fn *other[GW_OUTS]; /* beside back-off, which always follows; NULL: nothing */
};
extern const struct gw_step gw_steps[GW_STEPS]; /* steps.c */
bool gw_lane_is_at_end(const struct gw_cluster *c, size_t lane);

/* --- cluster.c -------------------------------------------------------------------------------- */

struct gw_cluster *gw_cluster_new(struct gw *g); /* NULL: no place */
void gw_cluster_delete(struct gw *g, struct gw_cluster *c);
bool gw_may_change(const struct gw *g, const struct gw_cluster *c);
struct gw_machine *gw_machine_find(struct gw_cluster *c, const char *sid);
struct gw_machine *gw_machine_add(struct gw_cluster *c, const char *sid, const char *pool,
                                  const char *role); /* NULL: no place */
void gw_machine_remove(struct gw_cluster *c, struct gw_machine *m);
const struct gw_account *gw_cluster_account(const struct gw *g, const struct gw_cluster *c);
void gw_cluster_drop_item(struct gw_cluster *c);
void gw_cluster_unclaim(struct gw_cluster *c); /* forgets all that was seen since the claim */
void gw_event_note(struct gw_cluster *c, const char *reason, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void gw_blame(struct gw_cluster *c, int condition, const char *reason, const char *about);

/* --- poll.c ----------------------------------------------------------------------------------- */

/* What of the cluster is to be polled: after anything happened to it. */
void gw_poll_note(struct gw *g, struct gw_cluster *c);
bool gw_is_readable(const struct gw_cluster *c, const struct gw_machine *m); /* look.c */

/* --- feed.c ----------------------------------------------------------------------------------- */

void gw_account_user(struct gw *g, const struct gw_account *a, const struct gw_user *user);

/* --- memory.c --------------------------------------------------------------------------------- */

/* A cluster that is not listed and holds nothing becomes a memory; its place is free again. */
void gw_cluster_to_memory(struct gw *g, struct gw_cluster *c, struct gw_effects *fx);
struct gw_memory *gw_memory_find(struct gw *g, const char *uid); /* NULL: there is none */
void gw_memory_wake(struct gw *g, struct gw_memory *m, struct gw_cluster *c);
void gw_memories_expire(struct gw *g, struct gw_effects *fx); /* after forcedKeepSeconds */

/* --- records.c -------------------------------------------------------------------------------- */

void gw_cluster_persist(struct gw_turn *t); /* and sync */
void gw_cluster_forget(struct gw_cluster *c, struct gw_effects *fx);
void gw_record_forget(const char *uid, struct gw_effects *fx); /* without a sync */

/* --- machine.c, plan.c ------------------------------------------------------------------------ */

bool gw_is_held(const struct gw_cluster *c, const struct gw_machine *m);
enum gw_rung gw_rung_of(const struct gw_machine *m);
void gw_machine_see(struct gw_turn *t, struct gw_machine *m, const struct gw_seen *seen);
void gw_machine_give_up(struct gw_turn *t, struct gw_machine *m, const char *reason);
void gw_machine_misfit(struct gw_turn *t, struct gw_machine *m); /* not what was asked for */
bool gw_machine_fits(const struct gw_cluster *c, const struct gw_pool *p,
                     const struct gw_seen *seen);
const char *gw_outcome_of(const struct gw_cluster *c, const struct gw_machine *m);
const struct gw_pool *gw_pool_find(const struct gw_cluster *c, const char *name);
const struct gw_pool *gw_pool_missing(const struct gw_cluster *c); /* NULL: all are there */
/* Machines that count for a pool; zone NULL: in all. */
size_t gw_pool_count(const struct gw_cluster *c, const char *pool, const char *zone);
const char *gw_next_role(const struct gw_cluster *c, const struct gw_pool *p);
bool gw_has_init(const struct gw_cluster *c);
void gw_cluster_fit(struct gw_turn *t); /* marks what is more than wanted */
bool gw_is_complete(const struct gw_cluster *c);
bool gw_is_clear(const struct gw_cluster *c);
ms_t gw_settled_at(const struct gw *g, const struct gw_cluster *c);
bool gw_is_control_plane(const struct gw_cluster *c, const struct gw_machine *m);

/* --- name.c ----------------------------------------------------------------------------------- */

/* The addresses the record should have. */
size_t gw_name_wanted(const struct gw_cluster *c, const char *out[GW_MACHINES_MAX]);
bool gw_name_is_free_of(const struct gw_cluster *c, const struct gw_machine *m);
bool gw_name_is_wanted(const struct gw_cluster *c);
bool gw_name_is_settled(const struct gw_cluster *c); /* as it should be; absent: not there */
/* Its domain is there and the key may write it, as far as one can tell beforehand. */
bool gw_name_is_possible(const struct gw_cluster *c);
const char *gw_domain_of(const char *host); /* all after the first dot */

/* --- networks.c ------------------------------------------------------------------------------- */

bool gw_cidr_has(const char *cidr, const char *address);
void gw_networks_check(struct gw_turn *t, const struct gw_machine *m); /* says what overlaps */

/* --- report.c, palette_cluster.c -------------------------------------------------------------- */

/* What there is to say of that condition; false: nothing yet. */
bool gw_condition_of(const struct gw *g, const struct gw_cluster *c, int i,
                     struct gw_condition *ret);
void gw_machine_record_write(const struct gw_machine *m, struct buf *out);

/* --- steps' functions, by file ---------------------------------------------------------------- */

gw_when_fn gw_claim_when, gw_whoami_when, gw_look_when, gw_look_own_when, gw_read_when,
    gw_offer_when, gw_offer_again_when;
gw_when_fn gw_images_when, gw_image_when, gw_choose_when, gw_allocate_when, gw_mark_when,
    gw_deploy_when, gw_release_when, gw_released_when;
gw_when_fn gw_name_read_when, gw_name_make_when, gw_name_set_when, gw_name_drop_when;
gw_when_fn gw_record_make_when, gw_record_set_when, gw_record_drop_when, gw_endpoint_when,
    gw_conditions_when, gw_cluster_event_when;

gw_before_fn gw_allocate_before, gw_deploy_before, gw_release_before, gw_offer_before,
    gw_conditions_before, gw_record_before;

gw_request_fn gw_claim_write, gw_offer_write, gw_released_write, gw_record_make_write,
    gw_record_set_write, gw_record_drop_write, gw_endpoint_write, gw_conditions_write,
    gw_event_write; /* palette_cluster.c */
gw_request_fn gw_whoami_write, gw_look_write, gw_look_own_write, gw_read_write, gw_images_write,
    gw_image_write, gw_choose_write, gw_allocate_write, gw_mark_write, gw_deploy_write,
    gw_release_write, gw_name_read_write, gw_name_make_write, gw_name_set_write,
    gw_name_drop_write; /* maas_change.c */

gw_good_fn gw_claim_good, gw_whoami_good, gw_look_good, gw_look_own_good, gw_read_good,
    gw_images_good, gw_image_good, gw_choose_good, gw_allocate_good, gw_mark_good, gw_deploy_good,
    gw_release_good, gw_name_read_good, gw_name_written_good, gw_name_drop_good, gw_offer_good,
    gw_released_good, gw_record_make_good, gw_record_set_good, gw_record_drop_good,
    gw_endpoint_good, gw_conditions_good, gw_event_good;

gw_other_fn gw_claim_conflict, gw_leave, gw_offer_conflict, gw_released_conflict, gw_released_gone,
    gw_offer_not_now, gw_image_gone, gw_read_gone, gw_read_forbidden, gw_allocate_unknown,
    gw_allocate_none, gw_allocate_bad, gw_allocate_not_done, gw_mark_refused, gw_machine_unknown,
    gw_deploy_bad, gw_deploy_unknown, gw_release_unknown, gw_release_refused, gw_name_again,
    gw_name_domain, gw_name_forbidden, gw_name_gone, gw_record_gone, gw_record_missed,
    gw_report_dropped, gw_item_wrong;

/* --- user data (userdata.c) ------------------------------------------------------------------- */

#define GW_USERDATA_MAX KIB(64) /* GP-79 */
/* The whole text, without base64. false: it does not fit. */
bool gw_userdata_write(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m,
                       struct buf *out);
void gw_wipe(struct buf *b); /* leaves no secret in memory that is given back */
void gw_no_proxy_write(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m,
                       struct buf *out);

#endif
