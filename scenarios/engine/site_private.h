/* The inside of a site, shared by its four files: site.c (life and journal), site_net.c (wires),
 * site_gateway.c (the core and its store), site_acts.c (acts of a story). */
#ifndef SCENARIOS_ENGINE_SITE_PRIVATE_H
#define SCENARIOS_ENGINE_SITE_PRIVATE_H

#include "gateway/core.h"
#include "lib/base/rng.h"
#include "mock-cluster/agent.h"
#include "mock-maas/maas.h"
#include "mock-palette/palette.h"
#include "scenarios/engine/lag.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/site.h"
#include "scenarios/engine/wires.h"
#include "scenarios/proxy/connect.h"

#define SITE_CALLS_MAX    256
#define SITE_CONNS_MAX    64
#define SITE_PROBE_PORT   7777 /* where a role serves nothing, as in a lab of namespaces */
#define SITE_RECORDS_MAX  64   /* of one gateway: a site has few clusters */
#define SITE_NODES_MAX    8    /* machines m1 … m8 of the labs */
#define SITE_CLUSTERS_MAX 16
#define SITE_PROXIES_MAX  4
#define SITE_WISHES_MAX   16 /* things the user has under way */
#define SITE_HELLOS_MAX   64
#define SITE_SECRET_LEN   60                  /* small letters of a gateway-secret: 282 bits */
#define SITE_POINTS_MAX   24                  /* operations that a story can name */
#define SITE_EPOCH_S      INT64_C(1782864000) /* 2026-07-01: the same as under the stepped clock */
#define SITE_PALETTE_URL  "https://palette.example"
/* What machines are told to trust; the simulator has no TLS, so any text does. */
#define SITE_PALETTE_CA      "-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n"
#define SITE_MAAS_CA         "-----BEGIN CERTIFICATE-----\nbWFhcw==\n-----END CERTIFICATE-----\n"
#define SITE_USER_TIMEOUT_MS SECONDS(60)
#define SITE_RENAMES_MAX     8 /* names of the lab that a story has moved */

enum site_server_id { SITE_MAAS, SITE_PALETTE, SITE_SERVERS };

struct site_server {
    const char *role;
    bool https;
    int port;
    enum ev_src src;
    void *app;
    void (*handle)(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                   struct http_reply *rp);
    ms_t (*due)(void *app);
    void (*tick)(void *app, ms_t now, struct http_reply *rp);
    void (*met)(void *app, ms_t now, const char *misdeed, struct ev_list *events);
    uint64_t conns;                    /* accepted so far */
    enum http_certificate certificate; /* that new connections are shown */
    const char *address;               /* where it listens */
    bool down;                         /* nobody does, and app is NULL */
    ms_t refuses_until;                /* new connections are refused */
};

/* Who calls: the gateway, Palette's own gateway, the user, or the node with that index. */
enum site_caller { SITE_GATEWAY, SITE_SYSTEM, SITE_USER, SITE_NODE };
#define SITE_CALLER_OF_NODE(i) ((int)SITE_NODE + (int)(i))

/* CALL_DONE: committed, the answer has not left yet (the point "done" of an operation). */
/* CALL_SLOW: the answer is on its way and not whole yet. */
enum site_call_state {
    CALL_FREE,
    CALL_OUT,
    CALL_PARKED,
    CALL_DONE,
    CALL_SLOW,
    CALL_BACK,
    CALL_LOST
};

struct site_conn {
    bool open, busy;
    int caller;
    enum site_server_id server;
    uint64_t number; /* at the server */
    char peer[LAB_ADDRESS_MAX];
    ms_t idle_since;              /* also of a call that is under way: since its last byte */
    const struct lab_host *via;   /* the proxy whose tunnel it is, NULL: straight */
    uint64_t tunnel;              /* number at the proxy */
    char client[LAB_ADDRESS_MAX]; /* as the proxy sees it */
    struct proxy_ask ask;         /* what it was asked for */
    uint64_t sent, received;      /* bytes */
    char host[URL_HOST_MAX];      /* what it was opened for */
    ms_t first;
    const struct lab_host *router; /* on its way, one that forgets idle flows; NULL: none */
    bool is_open_book, was_read;   /* its proxy has opened its TLS; and has read a request */
    bool forgotten;
};

struct site_call {
    enum site_call_state state;
    int caller;
    uint64_t ticket; /* of the core, or the line of the story for a user's call */
    uint64_t order;  /* in which it reached its state: breaks ties */
    ms_t at;         /* next transition */
    ms_t give_up;    /* the caller's patience */
    ms_t arrived;    /* at the server, for parking */
    bool parked_before;
    bool left;                       /* over a connection */
    bool lose;                       /* the connection closes instead of the answer */
    bool closes;                     /* … or with it */
    ms_t opens_ms;                   /* what its connection cost to open; 0 once that is paid */
    ms_t speaks_at;                  /* the request leaves its host */
    ms_t slow_ms;                    /* so much later than it could be there */
    bool orphan;                     /* who asked is gone; what was sent still takes effect */
    const struct lab_host *via;      /* the proxy it goes through, NULL: straight */
    enum http_proxy_fault waits_for; /* what it comes to when the proxy is silent to the end */
    uint64_t conn_number;
    char peer[LAB_ADDRESS_MAX];
    int point;    /* row of the operation in the table of points, -1: none */
    uint64_t nth; /* which of its operation it is; 0: not told yet */
    struct site_conn *conn;
    enum site_server_id server;
    struct http_request rq;
    char park_key[HTTP_KEY_MAX];
    struct http_result result;
    char verb[64]; /* SITE_USER: what the user did */
};

struct site_record {
    bool used;
    char key[64];
    struct buf bytes;
};

/* Who watches the effects of the core, and the calls whose answers it has not heard. */
struct site_watch {
    site_moment_fn *fn; /* NULL: nobody */
    void *arg;
    uint64_t effects;
    bool same; /* nothing happened since the last moment */
    struct site_watched {
        uint64_t ticket, effect; /* effect 0: a free place */
        enum site_effect kind;
        char what[SITE_WHAT_MAX];
    } calls[SITE_CALLS_MAX];
};

struct site_gateway {
    const char *who; /* in the journal */
    int caller;
    struct gw *core; /* NULL: not running */
    bool frozen, stopping;
    bool bootstrap;     /* how it is configured to provision */
    bool unsynced;      /* a record was written or forgotten, and is not durable yet */
    bool dirty;         /* what is durable is not what the process sees */
    uint64_t syncs;     /* effects of that kind so far */
    uint64_t lost_sync; /* this one of them is not carried out; 0: none */
    int starts;
    struct gw_config config;
    int64_t wall_shift_s;                         /* of the wall clock of its host */
    struct site_record work[SITE_RECORDS_MAX];    /* as the process sees its store */
    struct site_record durable[SITE_RECORDS_MAX]; /* what survives a kill */
    struct site_watch watch;
    struct gw_effects fx;
};

struct site_node { /* a machine of the fleet that runs what was deployed on it */
    char system_id[16];
    uint64_t boots; /* number of the boot that runs; 0: off */
    struct agent *agent;
    struct tree tree;
    bool has_tree, listening;
    bool dead;           /* by a story; the machine is Deployed all the same */
    char cluster[64];    /* that its last boot was for */
    int64_t clock_off_s; /* its own clock beside the site's */
    struct agent_effects fx;
};

struct site_record_of { /* a name that MAAS keeps */
    char name[128], address[LAB_ADDRESS_MAX];
};

struct site_row { /* of Palette's state, while its program does not run */
    char *key, *bytes;
    size_t len;
};

struct site_cluster { /* what the user knows of a cluster */
    char name[64], uid[GW_UID_MAX], config_uid[GW_UID_MAX];
    bool has_workers;
};

struct site {
    const struct lab *lab;
    char story[64];
    char rogue[48]; /* "" = the gateway is a good one */
    uint64_t seed, order, seq;
    ms_t now;
    struct rng rng;
    struct ev_list *journal;
    uint64_t nth[EVS_COUNT];
    char chain[EVS_COUNT][EV_CHAIN_LEN + 1];
    bool lose_next[EVS_COUNT]; /* `evidence _ loses a record` */
    struct site_server servers[SITE_SERVERS];
    struct site_conn conns[SITE_CONNS_MAX];
    struct site_call calls[SITE_CALLS_MAX];
    size_t calls_top; /* from here on all are free */
    struct wires wires;
    struct lags lags;
    struct rng lag_rng;
    struct outfit outfit;
    struct site_proxy {
        size_t n;
        struct {
            const struct lab_host *host;
            int port;
        } at[SITE_PROXIES_MAX];
        struct proxy_rules rules; /* of all of them */
        ms_t idle_ms;             /* a tunnel without a byte for so long is closed; 0: never */
        uint64_t conns;           /* accepted so far */
    } proxy;
    bool trusts_proxy; /* the gateway, the authority with which proxies open TLS */
    struct site_gateway gateway, system;
    struct site_node nodes[SITE_NODES_MAX];
    struct site_palette {
        uint64_t starts; /* after the first */
        size_t n_rows, max_rows;
        struct site_row *rows;
    } palette;
    size_t n_renamed;
    struct site_renamed { /* what the name server says instead of the lab; address "": nothing */
        char name[64], address[LAB_ADDRESS_MAX];
    } renamed[SITE_RENAMES_MAX];
    size_t n_clusters;
    struct site_cluster clusters[SITE_CLUSTERS_MAX];
    size_t n_hellos; /* who registered for which cluster, in order: "node 2 of c1" */
    struct {
        char cluster[64], system_id[16];
    } hellos[SITE_HELLOS_MAX];
    size_t n_records;
    struct site_record_of records[SITE_CLUSTERS_MAX];
    ms_t dial_at; /* when a neighbour next asks the clusters' API; MS_NEVER: there is none */
    uint64_t points[SITE_POINTS_MAX]; /* how many of each operation there were */
    bool at_point; /* something was announced: whoever plays the story looks first */
    char api_key[64], maas_key[192], system_secret[GW_SECRET_MAX];
    size_t n_slow; /* agents of these clusters wait so long before their first call */
    struct {
        char cluster[64];
        ms_t pause_ms;
    } slow[SITE_CLUSTERS_MAX];
    size_t n_secrets;
    struct {
        char name[32];
        char text[128];
    } secrets[SITE_SECRETS_MAX];
    struct site_wish {
        bool used;
        char kind[32];    /* row of site_user.c */
        char name[64];    /* the cluster it is about */
        char text[128];   /* a property, a label, what is asked of machines */
        char account[64]; /* "" = the one that the gateway made */
        int64_t nodes;
        ms_t retry_at;
        int tries;
    } wishes[SITE_WISHES_MAX];
    size_t n_machines;
    bool erase; /* MAAS erases disks on release */
};

/* site.c */
void site_put(struct site *s, enum ev_src src, struct event *e);
void site_put_list(struct site *s, enum ev_src src, struct ev_list *l);
void site_secret_add(struct site *s, const char *name, const char *text);
/* Journals secret.hit for each secret in the text. */
void site_scan(struct site *s, const char *text, const char *where);

/* site_palette.c */
void *site_palette_new(const struct site *s);
void site_palette_drop(struct site *s);
typedef bool site_act_fn(struct site *s, const struct script_line *line);
site_act_fn site_palette_stops, site_palette_starts, site_palette_restarts, site_palette_moves;
site_act_fn site_name_answers;
/* The address of a name, as the name server says it now, or NULL. */
const char *site_resolve(const struct site *s, const char *name);

/* site_net.c */
/* Sends a request from a role; the answer comes back to its caller. Copies what it is given. */
void site_send(struct site *s, int caller, uint64_t ticket, const char *verb,
               const struct http_call *call);
void site_cancel(struct site *s, int caller, uint64_t ticket);
void site_close_all(struct site *s, int caller); /* the caller died */
/* The server's program died: whoever was connected to it is not any more. */
void site_server_gone(struct site *s, enum site_server_id server);
void site_net_step(struct site *s); /* what is due now */
void site_thaw(struct site *s);     /* answers that waited for a frozen gateway are delivered */
ms_t site_net_due(const struct site *s);
void site_probe_every_pair(struct site *s);
/* One SYN from host to host as the taps see it, and what becomes of it; to the address where its
 * server listens, or to that one of its addresses. */
enum reach site_syn(struct site *s, const struct lab_host *from, const struct lab_host *to,
                    int port, char seen_as[LAB_ADDRESS_MAX]);
enum reach site_syn_to(struct site *s, const struct lab_host *from, const struct lab_host *to,
                       const char *to_ip, int port, char seen_as[LAB_ADDRESS_MAX]);
const char *site_address_of(const struct site *s, const struct lab_host *h);

/* What the files of the wires share. An idle connection of that caller, straight or through that
 * proxy; NULL: there is none. */
struct site_conn *site_conn_idle(struct site *s, int caller, enum site_server_id server,
                                 const struct lab_host *via);
struct site_conn *site_conn_open(struct site *s, int caller, enum site_server_id server,
                                 const char *peer);
void site_conn_close(struct site *s, struct site_conn *c); /* by its client; NULL is nothing */
/* Calls that wait for an answer over it are broken. */
void site_conn_break(struct site *s, struct site_conn *conn);
/* address: one of the host's. */
enum site_server_id site_server_at(const struct site *s, const struct lab_host *h,
                                   const char *address, int port);
struct site_call *site_call_new(struct site *s); /* a free place, emptied */
void site_call_move(struct site *s, struct site_call *c, enum site_call_state state, ms_t at);
void site_call_fail(struct site *s, struct site_call *c, enum http_outcome outcome);
/* Over its connection, which is there. */
void site_call_leaves(struct site *s, struct site_call *c, const struct url *u);

/* site_proxy.c */
void site_proxy_init(struct site *s, const struct script *script);
/* Through the proxy and no other way: a call's end is told as lib/io/call tells it. */
void site_proxy_route(struct site *s, struct site_call *c, const struct url *u, const char *proxy);
void site_proxy_closed(struct site *s, const struct site_conn *c, const char *why);
void site_proxy_end(struct site *s);       /* the tunnels that are left */
ms_t site_proxy_due(const struct site *s); /* of the next tunnel that was idle for too long */
void site_proxy_step(struct site *s);

/* site_misdeeds.c: what a mock was told to do on its wires. */
/* Of a wish: its records, and what concerns the server's door. */
void site_server_told(struct site *s, enum site_server_id server, struct http_reply *rp);
bool site_server_refuses(const struct site *s, enum site_server_id server);
void site_answer_suffers(struct site_call *c, const struct http_reply *rp);
/* site_net.c: journals what a server has to say, and wakes who waited for it. */
void site_reply_spread(struct site *s, enum site_server_id server, struct http_reply *rp);

/* site_tls.c: what there is of TLS in a site is who shows what to whom, and who takes it. */
/* A new connection's handshake. false: the client has refused what it was shown, and the call's end
 * is on its way. */
bool site_tls_begins(struct site *s, struct site_call *c);
/* Before a request leaves over its connection. */
void site_tls_speaks(struct site *s, const struct site_call *c);
bool site_palette_act(struct site *s, const struct script_line *line);
/* All connections of the server are reset, idle ones too. */
/* A client met that misdeed of its door, as httpd_met_fn says it. */
void site_server_met(struct site *s, enum site_server_id server, const char *misdeed);
void site_drop_all(struct site *s, enum site_server_id server);

/* site_told.c: whom a caller believes, and what a gateway is told of proxies. */
bool site_takes(const struct site *s, int caller, enum http_certificate which);
bool site_takes_proxy(const struct site *s, int caller); /* an authority of proxies */
void site_config_proxy(struct site *s);
bool site_told_act(struct site *s, const struct script_line *line); /* journals itself */

/* Who, from where, to whom: the ends of a flow as a capture on that link names them. */
void site_flow_event(struct event *e, const struct lab *l, const char *link, const char *from_ip,
                     const char *to_ip);

/* site_bytes.c */
/* A connection is closed: the flow as a whole. */
void site_flow_ends(struct site *s, const struct site_conn *c);
void site_flows_end(struct site *s); /* of those that are left */
/* The first bytes of a new connection, client to server, cross the client's own link: journals what
 * they are by the bytes alone. A CONNECT's head and what follows in the tunnel stand in one buffer.
 */
void site_first_bytes(struct site *s, const struct lab_host *from, const struct lab_host *to,
                      const void *bytes, size_t len);
/* What a client sends first: a ClientHello for the host, or the head of a plain request. */
void site_hello_add(const struct site *s, struct buf *out, const char *host);
void site_head_add(struct buf *out, const struct http_request *rq);
void site_client_speaks(struct site *s, const struct lab_host *from, const struct lab_host *to,
                        const struct url *u, const struct http_request *rq);

/* The host of a caller, or NULL. */
const struct lab_host *site_host_of(const struct site *s, int caller);

/* site_wires.c */
bool site_wire_act(struct site *s, const struct script_line *line);
/* What comes of a SYN that has n_hops links to cross, with the wires as they are. */
enum reach site_wire_reach(const struct site *s, const struct lab_host *from,
                           const struct lab_host *to, enum reach reach, size_t *n_hops);
bool site_router_forgets(struct site *s, const struct script_line *line);
/* A router on the way has forgotten the connection: what is sent now is dropped without a word. */
bool site_conn_forgotten(struct site *s, struct site_conn *c);
/* Of the packets of a call, or of those that answer it. */
enum wire_fate site_wire_fate(const struct site *s, const struct site_call *c, bool answers);

/* site_lag.c */
void site_lag_init(struct site *s);
bool site_lag_act(struct site *s, const struct script_line *line);
/* How late opening a connection to that host is, through the call's proxy if it has one. */
ms_t site_lag_opens(struct site *s, const struct site_call *c, const struct lab_host *to, int port,
                    bool tls);
/* A call whose caller gives up now: a request that is on its way arrives all the same. */
void site_lag_given_up(struct site *s, const struct site_call *c);
/* … and a packet of the call, from the one end to the other. */
ms_t site_lag_call(struct site *s, const struct site_call *c);

/* site_gateway.c */
void site_gateway_init(struct site_gateway *g, const char *who, int caller);
void site_gateway_start(struct site *s, struct site_gateway *g);
void site_gateway_stop(struct site *s, struct site_gateway *g);
void site_gateway_kill(struct site *s, struct site_gateway *g);
void site_gateway_wipe(struct site *s); /* dead, and nothing is left of its state */
void site_gateway_freeze(struct site *s, struct site_gateway *g, bool frozen);
void site_gateway_reload(struct site *s); /* HUP, with the configuration as it is now */
void site_gateway_step(struct site *s, struct site_gateway *g);
void site_gateway_reply(struct site *s, struct site_gateway *g, uint64_t ticket,
                        const struct http_result *result);
ms_t site_gateway_due(const struct site_gateway *g);
void site_gateway_drop(struct site_gateway *g);

/* site_moments.c: tells who watches. The gateway may be dead afterwards. */
void site_moment_before(struct site *s, const struct gw_effect *f);
void site_moment_after(struct site *s, const struct gw_effect *f);
void site_moment_answered(struct site *s, uint64_t ticket);
void site_moment_passed(struct site *s);  /* a step begins that no answer began */
void site_moments_forget(struct site *s); /* no call is under way any more */

/* site_nodes.c */
void site_nodes_look(struct site *s); /* boots and ends machines as MAAS says */
void site_nodes_step(struct site *s);
ms_t site_nodes_due(const struct site *s);
void site_node_reply(struct site *s, size_t node_i, struct site_call *c);
site_act_fn site_node_reboots, site_node_dies, site_nodes_die, site_node_clock, site_victims_die,
    site_victims_come_back;
/* The agent that speaks for the cluster beats once for another one. false: there is none. */
bool site_node_strays(struct site *s, const char *cluster, const char *other_uid);
void site_nodes_drop(struct site *s);
/* Keeps up with the names that MAAS serves. */
void site_record_note(struct site *s, const struct event *e);

/* site_points.c */
/* Row of the request's operation, -1 when no story can name it. */
int site_point_of(const struct site *s, const struct site_call *c);
/* Journals that the call reached a phase; gives it its number first. */
void site_point(struct site *s, struct site_call *c, const char *phase);
/* A feed answer counts only when it lists work: known after the fact. */
bool site_point_is_fetch(int point);

/* site_user.c */
void site_user_wants(struct site *s, const char *kind, const char *name, const char *text,
                     int64_t nodes);
void site_user_wants_on(struct site *s, const char *kind, const char *account, const char *name,
                        const char *text, int64_t nodes);
void site_user_reply(struct site *s, struct site_call *c);
ms_t site_user_due(const struct site *s);
void site_user_step(struct site *s);
struct site_cluster *site_cluster_find(struct site *s, const char *name);

#endif
