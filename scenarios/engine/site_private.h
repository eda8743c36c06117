/* The inside of a site, shared by its four files: site.c (life and journal), site_net.c (wires),
 * site_gateway.c (the core and its store), site_acts.c (acts of a story). */
#ifndef SCENARIOS_ENGINE_SITE_PRIVATE_H
#define SCENARIOS_ENGINE_SITE_PRIVATE_H

#include "gateway/core.h"
#include "lib/base/rng.h"
#include "mock-maas/maas.h"
#include "mock-palette/palette.h"
#include "scenarios/engine/site.h"

#define SITE_CALLS_MAX       256
#define SITE_CONNS_MAX       64
#define SITE_HOPS_MAX        8
#define SITE_EPOCH_S         INT64_C(1782864000) /* 2026-07-01: the same as under the stepped clock */
#define SITE_USER_TIMEOUT_MS SECONDS(60)

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
    uint64_t conns; /* accepted so far */
};

enum site_caller { SITE_GATEWAY, SITE_USER };
enum site_call_state { CALL_FREE, CALL_OUT, CALL_PARKED, CALL_BACK, CALL_LOST };

struct site_conn {
    bool open, busy;
    enum site_caller caller;
    enum site_server_id server;
    uint64_t number; /* at the server */
    char peer[LAB_ADDRESS_MAX];
    ms_t idle_since;
};

struct site_call {
    enum site_call_state state;
    enum site_caller caller;
    uint64_t ticket; /* of the core, or the line of the story for a user's call */
    uint64_t order;  /* in which it reached its state: breaks ties */
    ms_t at;         /* next transition */
    ms_t give_up;    /* the caller's patience */
    ms_t arrived;    /* at the server, for parking */
    bool parked_before;
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

struct site_gateway {
    struct gw *core; /* NULL: not running */
    bool frozen, stopping;
    int starts;
    struct gw_config config;
    struct site_record work[GW_RECORDS_MAX];    /* as the process sees its store */
    struct site_record durable[GW_RECORDS_MAX]; /* what survives a kill */
    struct gw_effects fx;
};

struct site {
    const struct lab *lab;
    char story[64];
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
    struct site_gateway gateway;
    char api_key[64], maas_key[192];
    size_t n_secrets;
    struct {
        char name[32];
        char text[128];
    } secrets[SITE_SECRETS_MAX];
    char user_wish[32]; /* what the user wants of an account whose uid is being read */
};

/* site.c */
void site_put(struct site *s, enum ev_src src, struct event *e);
void site_put_list(struct site *s, enum ev_src src, struct ev_list *l);
void site_secret_add(struct site *s, const char *name, const char *text);
/* Journals secret.hit for each secret in the text. */
void site_scan(struct site *s, const char *text, const char *where);

/* site_net.c */
/* Sends a request from a role; the answer comes back to its caller. Copies what it is given. */
void site_send(struct site *s, enum site_caller caller, uint64_t ticket, const char *verb,
               const struct http_call *call);
void site_cancel(struct site *s, enum site_caller caller, uint64_t ticket);
void site_close_all(struct site *s, enum site_caller caller); /* the caller died */
void site_net_step(struct site *s);                           /* what is due now */
void site_thaw(struct site *s); /* answers that waited for a frozen gateway are delivered */
ms_t site_net_due(const struct site *s);
void site_probe_every_pair(struct site *s);
/* One SYN from address to address as the taps see it; false when the lab does not answer it. */
enum reach site_syn(struct site *s, const struct lab_host *from, const struct lab_host *to,
                    int port, char seen_as[LAB_ADDRESS_MAX]);

/* site_gateway.c */
void site_gateway_start(struct site *s);
void site_gateway_stop(struct site *s);
void site_gateway_kill(struct site *s);
void site_gateway_freeze(struct site *s, bool frozen);
void site_gateway_step(struct site *s);
void site_gateway_reply(struct site *s, uint64_t ticket, const struct http_result *result);
ms_t site_gateway_due(const struct site *s);
void site_gateway_drop(struct site *s);

/* site_acts.c */
void site_user_reply(struct site *s, struct site_call *c);

#endif
