/* What the files of a crowd share. */
#ifndef TESTS_SIM_CROWD_INNER_H
#define TESTS_SIM_CROWD_INNER_H

#include "mock-maas/maas.h"
#include "mock-palette/palette.h"
#include "tests/sim/crowd.h"

#define EPOCH_S      INT64_C(1782864000)
#define LATENCY_MS   5
#define AGENT_MS     SECONDS(60) /* from a boot to the agent's first word */
#define CALLS_MAX    1024
#define RECENT_MAX   1024 /* arrivals that are remembered, for the span */
#define BOOTS_MAX    1024
#define RECORDS_MAX  2048
#define API_KEY      "crowd-api-key"
#define PALETTE_HOST "palette.example"
#define MAAS_KEY     "crowdconsumer00000:crowdtoken00000000:crowdsecret000000000000000000000"

enum { PALETTE = CROWD_MAAS, SERVERS };

struct call {
    enum { FREE, OUT, PARKED, LOST, BACK } state;
    size_t server;
    uint64_t ticket, order;
    ms_t at, arrived, give_up;
    bool parked_before, of_user;
    char park_key[HTTP_KEY_MAX];
    struct http_request rq;
    struct http_result result;
};

struct server {
    void *app;
    void (*handle)(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                   struct http_reply *rp);
    ms_t (*due)(void *app);
    void (*tick)(void *app, ms_t now, struct http_reply *rp);
    bool silent, moved; /* moved: somebody asked, or its time went on */
    size_t at_once, n_recent;
    ms_t recent[RECENT_MAX];
    struct crowd_server seen;
    char account[64];
};

struct boot { /* a machine whose agent is about to speak */
    size_t maas;
    char system_id[8], address[64];
    ms_t at; /* MS_NEVER: it has spoken */
    uint64_t boots;
};

struct crowd {
    struct crowd_config config;
    ms_t now;
    uint64_t order, starts;
    struct server servers[SERVERS];
    struct gw *gw;
    struct gw_config gw_config;
    struct gw_effects *fx;
    struct call calls[CALLS_MAX];
    size_t n_records;
    struct {
        char key[64];
        struct buf bytes;
    } records[RECORDS_MAX];
    size_t n_boots;
    struct boot boots[BOOTS_MAX];
    ms_t beat_at, beat_gap;
    bool user_waits; /* a call of the user is under way */
    struct http_result user_has;
    char uids[CROWD_CLUSTERS][64];
    ms_t done[CROWD_CLUSTERS];
};

/* crowd_calls.c */
void crowd_reply_spread(struct crowd *w, size_t server, const struct http_reply *rp);
struct buf crowd_ask_now(struct crowd *w, size_t server, const char *method, const char *target,
                         const char *peer, const char *header, const char *body, int wanted);
struct call *crowd_call_new(struct crowd *w, size_t server, uint64_t ticket, ms_t patience);
void crowd_call_end(struct crowd *w, struct call *c);
void crowd_record_put(struct crowd *w, const char *key, const char *bytes, size_t len);
void crowd_gateway_step(struct crowd *w, struct gw_event *ev);
ms_t crowd_call_due(const struct call *c);
void crowd_call_turn(struct crowd *w, struct call *c);

#endif
