/* The agent of a cluster on one node, as a value: agent_step takes one event with its time and
 * appends effects; agent_due says when it wants AGENT_EV_TIME. The same agent runs in mock-cluster
 * and, a thousand at a time, in the simulator. Facts: profile, sections 8.2, 8.3, 10, 14.
 *
 * Each node's agent registers and beats for itself. The one whose role is init also speaks for the
 * cluster: asks for its assignment and, while Palette says that the cluster owns itself (GP-67) and
 * its lease holds (GP-48), adds and removes machines in MAAS and writes their records (GP-68). It
 * keeps nothing: after a reboot it learns all from user data, Palette and MAAS.
 *
 * Effects are carried out in their order. A call is known by its ticket; its answer comes back as
 * AGENT_EV_REPLY with the same ticket, once; a reply to a ticket that the agent no longer knows is
 * ignored. Times are the node's own monotonic ms. What others do wrong is an event. */
#ifndef MOCK_CLUSTER_AGENT_H
#define MOCK_CLUSTER_AGENT_H

#include "lib/base/http.h"
#include "mock-cluster/tree.h"

#define AGENT_EFFECTS_MAX  64 /* in one step; more is our own bug */
#define AGENT_UID_MAX      128
#define AGENT_URL_MAX      1024
#define AGENT_SECRET_MAX   4096
#define AGENT_NO_PROXY_MAX 8192 /* the gateway's own list, and what it adds */
#define AGENT_MACHINES_MAX 128  /* GP-28 has 100 a cluster */
#define AGENT_VERSION      "1.0"

/* --- what a node finds in its files (agent_config.c) ------------------------------------------ */

/* /etc/gateproof/agent.json, GP-81. Short texts first: of the long ones most are empty. */
struct agent_config {
    char profile[8];
    char cluster_uid[AGENT_UID_MAX], cluster_name[AGENT_UID_MAX], system_id[AGENT_UID_MAX];
    char pool[AGENT_UID_MAX], role[8];
    char marker[256], image[256];
    struct agent_config_endpoint {
        char host[256];
        int64_t port;
    } endpoint;
    char maas_ca_file[TREE_PATH_MAX];
    struct agent_config_palette {
        char ca_file[TREE_PATH_MAX], url[AGENT_URL_MAX];
    } palette;
    char join_token[AGENT_SECRET_MAX];
    struct agent_config_proxy {
        char http[AGENT_URL_MAX], https[AGENT_URL_MAX], no_proxy[AGENT_NO_PROXY_MAX];
    } proxy;
};
#define AGENT_JSON "/etc/gateproof/agent.json"
/* -ENOENT: no agent.json; -EINVAL with a sentence when it cannot be used. */
int agent_config_read(const struct tree *t, struct agent_config *ret, struct err *e) MUST_CHECK;
/* The same into one that is all zero, of which only what is there is touched; on failure it is
 * nothing to be used. */
int agent_config_fill(const struct tree *t, struct agent_config *zero, struct err *e) MUST_CHECK;

/* What the journal's node.boot says in params, "name=value" with blanks between, no secret:
 * endpoint (Palette's URL), anchor (digest of the CA text, or "system"), proxy (host and port, with
 * the digest of the whole value), environment and containerd (same | none | other), further-anchors
 * (yes, in a file that agent.json does not name; else absent), no-proxy. */
void agent_found(const struct tree *t, struct buf *out);

/* The user data of another machine of the cluster, made from this node's files. */
struct agent_peer {
    const char *system_id, *pool, *role;
};
void agent_userdata_write(const struct tree *t, const struct agent_peer *peer, struct buf *out);

/* --- the agent -------------------------------------------------------------------------------- */

enum agent_event_kind { AGENT_EV_START, AGENT_EV_TIME, AGENT_EV_REPLY, AGENT_EV_STOP };
struct agent_event {
    enum agent_event_kind kind;
    ms_t time;      /* monotonic; never goes back (the agent keeps the highest) */
    int64_t wall_s; /* seconds since 1970, for MAAS signatures only */
    /* AGENT_EV_START */
    const struct tree *tree; /* after userdata_apply; copied */
    const char *hostname;    /* as MAAS named the machine */
    uint64_t seed;           /* jitter and nonces */
    /* AGENT_EV_REPLY */
    uint64_t ticket;
    const struct http_result *result;
};

enum agent_effect_kind {
    AGENT_FX_CALL,   /* ticket, target, call */
    AGENT_FX_CANCEL, /* ticket: no reply will come */
    AGENT_FX_LISTEN, /* port: answer there with TLS; 0: no more */
    AGENT_FX_SAY     /* level, text: one line for people, holds no secret */
};
/* Palette: with palette.caFile; call.proxy is proxy.httpsProxy unless noProxy names the host. MAAS:
 * with maasCaFile, call.proxy is "", changes never repeated by the HTTP library. */
enum agent_target { AGENT_PALETTE, AGENT_MAAS };

struct agent_effect {
    enum agent_effect_kind kind;
    uint64_t ticket;
    enum agent_target target;
    struct http_call call; /* owned by the list */
    int port;
    int level; /* 0 error … 3 debug */
    char text[512];
};
struct agent_effects {
    size_t n;
    struct agent_effect at[AGENT_EFFECTS_MAX];
};
void agent_effects_init(struct agent_effects *fx);
void agent_effects_drop(struct agent_effects *fx); /* frees what it owns; empty after */

struct agent;
struct agent *agent_new(void);
void agent_free(struct agent *a); /* a reboot is agent_free, agent_new and AGENT_EV_START */

void agent_step(struct agent *a, const struct agent_event *event, struct agent_effects *fx);
ms_t agent_due(const struct agent *a); /* MS_NEVER when only a reply can move it */

/* Acts of stories: an agent that is slow waits so long before its first call. Before START. */
void agent_slow(struct agent *a, ms_t pause_ms);
/* The next heartbeat, at once, is for that cluster, with this one's own token: Palette must refuse
 * it. false: this agent does not speak for a cluster, or has no token yet. */
bool agent_stray(struct agent *a, const char *cluster_uid);

const struct agent_config *agent_config(const struct agent *a); /* after START */
/* What the agent thinks, one line a thing, no secret. */
void agent_describe(const struct agent *a, struct buf *out);

#endif
