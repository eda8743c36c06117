/* What a gateway decides. gw_step takes one event with its time and appends effects; gw_due says
 * when it wants GW_EV_TIME. No clock, socket, file, thread, environment or log is in here: the same
 * core runs in gateproof-pcg and, a thousand at a time, in the simulator.
 *
 * Effects are carried out in their order. GW_FX_SYNC makes every GW_FX_PERSIST and GW_FX_FORGET
 * before it durable before any later effect; it stands once between records and whatever follows
 * them, and no list ends without it (GP-8). A call is known by its ticket; its answer comes back as
 * GW_EV_REPLY with the same ticket, once; a reply to a ticket the core no longer knows is ignored.
 * What the other side does wrong is an event; gw_step cannot fail. */
#ifndef GATEWAY_CORE_H
#define GATEWAY_CORE_H

#include "lib/base/http.h"
#include "lib/base/rng.h"

#define GW_URL_MAX      1024
#define GW_UID_MAX      128
#define GW_SECRET_MAX   128
#define GW_RECORD_MAX   KIB(64) /* one persisted record */
#define GW_RECORDS_MAX  1280    /* of clusters, those that are only remembered, and a few of ours */
#define GW_NO_PROXY_MAX KIB(4)
#define GW_QUERIES_MAX  32   /* GP-28 */
#define GW_ACCOUNTS_MAX 64   /* GP-28 */
#define GW_CLUSTERS_MAX 240  /* 200 listed (GP-28), and others that still hold something */
#define GW_MEMORIES_MAX 1000 /* clusters of which only the pair is known (GP-46) */
#define GW_EFFECTS_MAX  2048 /* in one step; more is our own bug */
#define GW_VERSION_MAX  64
#define GW_FEATURES     "pcg,system-gateway,proxy,proxy-auth,proxy-ca,reload"

/* The launch contract's values (profile, section 2), checked by gateway/config. */
struct gw_config {
    char palette_url[GW_URL_MAX];
    char pcg_uid[GW_UID_MAX];
    char maas_url[GW_URL_MAX];        /* "" = not given */
    char maas_key[GW_SECRET_MAX * 3]; /* consumer:token:secret, "" = not given */
    char account_name[256];
    char pairing_code[GW_SECRET_MAX]; /* "" = not given */
    char given_secret[GW_SECRET_MAX]; /* the file gateway-secret, "" = not given */
    char version[GW_VERSION_MAX];
    char features[128]; /* declared to Palette, comma separated */
    /* What machines inherit (GP-83); secrets. "" = not given */
    char http_proxy[GW_URL_MAX], https_proxy[GW_URL_MAX];
    char no_proxy[GW_NO_PROXY_MAX];
    const char *maas_ca; /* PEM, outlives the gateway; NULL = not given */
    bool bootstrap;      /* one control-plane machine only; the cluster adds the others (GP-59) */
    bool take_virtual;   /* machines on a host of virtual machines are as good as metal */
};

enum gw_event_kind { GW_EV_START, GW_EV_TIME, GW_EV_REPLY, GW_EV_RELOAD, GW_EV_STOP };

struct gw_record { /* one persisted record, as the store gives it back at the start */
    char key[64];
    const char *bytes;
    size_t len;
};

struct gw_event {
    enum gw_event_kind kind;
    ms_t time;      /* monotonic; never goes back (the core keeps the highest) */
    int64_t wall_s; /* seconds since 1970, for MAAS signatures only (GP-91) */
    /* GW_EV_START; GW_EV_RELOAD, with the same Palette and uid (GP-15) */
    const struct gw_config *config;
    /* GW_EV_START */
    uint8_t entropy[32]; /* fresh, for the gateway secret */
    uint64_t seed;       /* for jitter and nonces' order; not secret */
    const struct gw_record *records;
    size_t n_records;
    /* GW_EV_REPLY */
    uint64_t ticket;
    const struct http_result *result;
};

enum gw_effect_kind {
    GW_FX_CALL,    /* ticket, target, call */
    GW_FX_CANCEL,  /* ticket: no reply will come */
    GW_FX_PERSIST, /* key, bytes */
    GW_FX_FORGET,  /* key */
    GW_FX_SYNC,
    GW_FX_SAY, /* level, text: one line for people, holds no secret */
    GW_FX_EXIT /* code; the last effect */
};
enum gw_target { GW_PALETTE, GW_MAAS };

struct gw_effect {
    enum gw_effect_kind kind;
    uint64_t ticket;
    enum gw_target target;
    struct http_call call; /* owned by the list */
    char key[64];
    struct buf bytes; /* owned by the list */
    int level;        /* 0 error … 3 debug */
    char text[512];
    int code;
};

struct gw_effects {
    size_t n;
    bool unsynced; /* a record was written or forgotten after the last GW_FX_SYNC */
    struct gw_effect at[GW_EFFECTS_MAX];
};
void gw_effects_init(struct gw_effects *fx);
void gw_effects_drop(struct gw_effects *fx); /* frees what it owns; empty after */

struct gw;
/* One allocation; copyable by gw_free/gw_new and GW_EV_START with the records: that is a restart.
 */
struct gw *gw_new(void);
void gw_free(struct gw *g);

void gw_step(struct gw *g, const struct gw_event *event, struct gw_effects *fx);
ms_t gw_due(const struct gw *g); /* MS_NEVER when only a reply can move it */

struct gw_gauges { /* numbers for people's monitoring; nothing is decided by them */
    bool registered, ended, account_settled;
    ms_t beat_at; /* when the last heartbeat ended; INT64_MIN before the first */
    unsigned beat_failures, feed_failures, credential_failures; /* in a row */
    ms_t heartbeat_ms;
    size_t accounts, clusters, queries, calls; /* listed, listed, open, in flight */
};
void gw_gauges_read(const struct gw *g, struct gw_gauges *ret);

/* What the gateway thinks, one line a thing, for `status` and for tests' stories. */
void gw_describe(const struct gw *g, struct buf *out);

#endif
