#include "tests/sim/crowd.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "tests/sim/crowd_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- machines --------------------------------------------------------------------------------- */

static void boots_look(struct crowd *w, size_t maas)
{
    static struct maas_boot boots[BOOTS_MAX];
    const size_t n = maas_booting(w->servers[maas].app, boots, BOOTS_MAX);

    w->servers[maas].moved = false;
    for (size_t k = 0; k < n; k++) {
        struct boot *b = w->boots;

        while (b < w->boots + w->n_boots &&
               !(b->maas == maas && text_is(b->system_id, boots[k].system_id)))
            b++;
        if (b == w->boots + w->n_boots)
            assert(w->n_boots++ < BOOTS_MAX);
        else if (b->boots == boots[k].boots)
            continue;
        *b = (struct boot){.maas = maas, .at = w->now + AGENT_MS, .boots = boots[k].boots};
        text_copy(b->system_id, sizeof b->system_id, boots[k].system_id);
        text_copy(b->address, sizeof b->address, boots[k].address);
    }
}

/* A member of agent.json, which stands as a text in a document. */
static void member(const char *userdata, const char *name, char *out, size_t size)
{
    char mark[64];
    const char *at;

    snprintf(mark, sizeof mark, "\\\"%s\\\":\\\"", name);
    at = strstr(userdata, mark);
    if (!at || !text_copy_len(out, size, at + strlen(mark), strcspn(at + strlen(mark), "\\")))
        WRONG("no such member in a machine's user data");
}

static void boot_speaks(struct crowd *w, struct boot *b)
{
    char target[128], cluster[128], token[256], role[16], body[1024];
    SCOPED(buf_drop) struct buf userdata = {0}, answer = {0};

    b->at = MS_NEVER;
    snprintf(target, sizeof target, "/MAAS/metadata/2012-03-01/by-id/%s/user-data", b->system_id);
    userdata = crowd_ask_now(w, b->maas, "GET", target, b->address, NULL, NULL, 200);
    member(buf_text(&userdata), "clusterUid", cluster, sizeof cluster);
    member(buf_text(&userdata), "joinToken", token, sizeof token);
    member(buf_text(&userdata), "role", role, sizeof role);
    snprintf(body, sizeof body,
             "{\"clusterUid\":\"%s\",\"joinToken\":\"%s\",\"systemId\":\"%s\",\"hostname\":\"h\","
             "\"role\":\"%s\"}",
             cluster, token, b->system_id, role);
    answer =
        crowd_ask_now(w, PALETTE, "POST", "/v1/x-gp/agent/register", b->address, NULL, body, 200);
}

/* --- time ------------------------------------------------------------------------------------- */

static void server_tick(struct crowd *w, size_t i)
{
    struct server *s = &w->servers[i];
    struct http_reply rp;

    if (s->due(s->app) > w->now)
        return;
    http_reply_init(&rp);
    s->tick(s->app, w->now, &rp);
    crowd_reply_spread(w, i, &rp);
    http_reply_drop(&rp);
    s->moved = true;
}

static ms_t crowd_due(const struct crowd *w)
{
    ms_t due = gw_due(w->gw);

    for (size_t i = 0; i < SERVERS; i++)
        if (w->servers[i].app)
            due = ms_min(due, w->servers[i].due(w->servers[i].app));
    for (size_t i = 0; i < CALLS_MAX; i++)
        due = ms_min(due, crowd_call_due(&w->calls[i]));
    for (size_t i = 0; i < w->n_boots; i++)
        due = ms_min(due, w->boots[i].at);
    return ms_max(due, w->now);
}

static void calls_turn(struct crowd *w)
{
    for (;;) {
        struct call *first = NULL;

        for (size_t i = 0; i < CALLS_MAX; i++)
            if (crowd_call_due(&w->calls[i]) <= w->now &&
                (!first || w->calls[i].order < first->order))
                first = &w->calls[i];
        if (!first)
            return;
        crowd_call_turn(w, first);
    }
}

void crowd_run(struct crowd *w, ms_t until)
{
    while (crowd_due(w) <= until) {
        struct gw_event ev = {.kind = GW_EV_TIME};

        w->now = crowd_due(w);
        for (size_t i = 0; i < SERVERS; i++)
            if (w->servers[i].app)
                server_tick(w, i);
        for (size_t i = 0; i < w->n_boots; i++)
            if (w->boots[i].at <= w->now)
                boot_speaks(w, &w->boots[i]);
        calls_turn(w);
        for (size_t i = 0; i < w->config.n_maas; i++)
            if (w->servers[i].moved)
                boots_look(w, i);
        if (gw_due(w->gw) <= w->now)
            crowd_gateway_step(w, &ev);
    }
    w->now = until;
}

static struct crowd_sum sum(const struct crowd *w, size_t without)
{
    struct crowd_sum s = {0};

    for (size_t i = 0; i < w->config.n_clusters; i++) {
        if (!w->uids[i][0] || crowd_maas_of(w, i) == without)
            continue;
        s.n++;
        if (w->done[i] == MS_NEVER)
            continue;
        s.done++;
        s.last = ms_max(s.last, w->done[i]);
    }
    return s;
}

void crowd_settle(struct crowd *w, ms_t until, size_t without, struct crowd_sum *ret)
{
    for (*ret = sum(w, without); ret->done < ret->n && w->now < until; *ret = sum(w, without))
        crowd_run(w, ms_min(until, w->now + SECONDS(5)));
}

/* --- Palette's user --------------------------------------------------------------------------- */

void crowd_create(struct crowd *w, size_t i)
{
    static const char cloud[] = "\"azs\":[\"default\"],\"resourcePool\":\"default\",\"tags\":[],"
                                "\"instanceType\":{\"minCPU\":1,\"minMemInMB\":1024,"
                                "\"minDiskSizeInGB\":8}";
    char body[2048], workers[512] = "";
    SCOPED(buf_drop) struct buf answer = {0};

    if (w->config.workers > 0)
        snprintf(workers, sizeof workers,
                 ",{\"cloudConfig\":{%s},\"poolConfig\":{\"name\":\"workers\",\"size\":%d,"
                 "\"labels\":[\"worker\"]}}",
                 cloud, w->config.workers);
    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"c%zu\"},\"spec\":{\"cloudAccountUid\":\"%s\","
             "\"cloudConfig\":{\"domain\":\"maas\",\"sshKeys\":[]},\"profiles\":null,"
             "\"machinepoolconfig\":[{\"cloudConfig\":{%s},\"poolConfig\":{\"name\":\"cp\","
             "\"size\":1,\"isControlPlane\":true,\"labels\":[\"control-plane\"]}}%s]}}",
             i + 1, w->servers[crowd_maas_of(w, i)].account, cloud, workers);
    w->done[i] = MS_NEVER;
    answer = crowd_ask_now(w, PALETTE, "POST", "/v1/spectroclusters/maas", "198.51.100.9", API_KEY,
                           body, 201);
    if (!jx_pick(buf_text(&answer), answer.len, "uid", w->uids[i], sizeof w->uids[i]))
        WRONG("a new cluster without a uid");
}

void crowd_delete(struct crowd *w, size_t i)
{
    char target[128];
    SCOPED(buf_drop) struct buf answer = {0};

    snprintf(target, sizeof target, "/v1/spectroclusters/%s", w->uids[i]);
    w->done[i] = MS_NEVER;
    answer = crowd_ask_now(w, PALETTE, "DELETE", target, "198.51.100.9", API_KEY, NULL, 204);
}

void crowd_silence(struct crowd *w, size_t maas_i, bool silent)
{
    w->servers[maas_i].silent = silent;
}

/* --- birth ------------------------------------------------------------------------------------ */

static void account_make(struct crowd *w, size_t i)
{
    struct call *c = crowd_call_new(w, PALETTE, 0, SECONDS(60));
    char body[512];

    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"a%zu\",\"annotations\":{\"overlordUid\":\"%s\"}},\"spec\":{"
             "\"apiEndpoint\":\"http://maas%zu.example:5240/MAAS\",\"apiKey\":\"" MAAS_KEY "\"}}",
             i + 1, w->gw_config.pcg_uid, i + 1);
    text_copy(c->rq.method, sizeof c->rq.method, "POST");
    text_copy(c->rq.path, sizeof c->rq.path, "/v1/cloudaccounts/maas");
    text_copy(c->rq.query, sizeof c->rq.query, "");
    http_header_add(&c->rq.headers, "ApiKey", API_KEY);
    http_header_add(&c->rq.headers, "Content-Type", "application/json");
    buf_text_add(&c->rq.body, body);
    c->of_user = w->user_waits = true;
    for (int k = 0; w->user_waits && k < 60; k++) /* the gateway looks whether MAAS takes the key */
        crowd_run(w, w->now + SECONDS(1));
    if (w->user_waits || w->user_has.status != 201 ||
        !jx_pick(buf_text(&w->user_has.body), w->user_has.body.len, "uid", w->servers[i].account,
                 sizeof w->servers[i].account))
        WRONG("a new account was refused, or has no uid");
    http_result_drop(&w->user_has);
}

static void pair(struct crowd *w)
{
    static const char mark[] = "X-Gp-Pcg-Uid: ";
    SCOPED(buf_drop) struct buf answer = {0};
    const char *at;

    answer = crowd_ask_now(w, PALETTE, "GET", "/v1/overlords/pairing/code?cloudType=maas",
                           "198.51.100.9", API_KEY, NULL, 200);
    (void)jx_pick(buf_text(&answer), (size_t)(strchr(buf_text(&answer), '}') + 1 - answer.data),
                  "pairingCode", w->gw_config.pairing_code, sizeof w->gw_config.pairing_code);
    at = strcasestr(buf_text(&answer), mark);
    if (!at || !text_copy_len(w->gw_config.pcg_uid, sizeof w->gw_config.pcg_uid, at + strlen(mark),
                              strcspn(at + strlen(mark), "\r\n")))
        WRONG("a pairing code without a gateway");
}

static void gateway_start(struct crowd *w)
{
    struct gw_record *records = calloc(w->n_records + 1, sizeof *records);
    struct gw_event ev = {.kind = GW_EV_START,
                          .config = &w->gw_config,
                          .seed = w->config.seed + w->starts++,
                          .records = records,
                          .n_records = w->n_records};

    if (!records)
        abort();
    for (size_t i = 0; i < w->n_records; i++) {
        memcpy(records[i].key, w->records[i].key, sizeof records[i].key);
        records[i].bytes = buf_text(&w->records[i].bytes);
        records[i].len = w->records[i].bytes.len;
    }
    memset(ev.entropy, (int)w->config.seed, sizeof ev.entropy);
    w->gw = gw_new();
    w->beat_at = MS_NEVER;
    crowd_gateway_step(w, &ev);
    free(records);
}

void crowd_restart(struct crowd *w)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (w->calls[i].state != FREE)
            crowd_call_end(w, &w->calls[i]);
    gw_free(w->gw);
    gateway_start(w);
}

/* One subnet of 256 addresses, as the labs have it. */
static void fleet_write(const struct crowd *w, struct buf *out)
{
    const size_t clusters = (w->config.n_clusters + w->config.n_maas - 1) / w->config.n_maas;
    const size_t n = clusters * (size_t)(w->config.workers + 1);

    assert(n <= CROWD_FLEET);
    buf_char_add(out, '[');
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s{\"name\":\"m%zu\",\"ip\":\"10.10.0.%zu\"}", i > 0 ? "," : "", i + 1,
                   i + 4);
    buf_char_add(out, ']');
}

static void servers_make(struct crowd *w)
{
    SCOPED(buf_drop) struct buf fleet = {.max = MAAS_FLEET_MAX};
    const struct palette_config palette = {.seed = w->config.seed, .factor = 1, .api_key = API_KEY};
    struct maas_config maas = {.seed = w->config.seed,
                               .epoch_s = EPOCH_S,
                               .factor = 1,
                               .n_users = 1,
                               .users = {{.name = "crowd", .key = MAAS_KEY, .superuser = true}}};

    fleet_write(w, &fleet);
    maas.fleet = buf_text(&fleet);
    w->servers[PALETTE] = (struct server){.app = palette_new(&palette),
                                          .handle = palette_handle,
                                          .due = palette_due,
                                          .tick = palette_tick};
    for (size_t i = 0; i < w->config.n_maas; i++)
        w->servers[i] = (struct server){
            .app = maas_new(&maas), .handle = maas_handle, .due = maas_due, .tick = maas_tick};
}

struct crowd *crowd_new(const struct crowd_config *c)
{
    struct crowd *w = calloc(1, sizeof *w);

    if (!w || !(w->fx = calloc(1, sizeof *w->fx)))
        abort();
    assert(c->n_maas >= 1 && c->n_maas <= CROWD_MAAS && c->n_clusters <= CROWD_CLUSTERS);
    w->config = *c;
    for (size_t i = 0; i < CROWD_CLUSTERS; i++)
        w->done[i] = MS_NEVER;
    servers_make(w);
    pair(w);
    text_copy(w->gw_config.palette_url, sizeof w->gw_config.palette_url, "https://" PALETTE_HOST);
    text_copy(w->gw_config.account_name, sizeof w->gw_config.account_name, "own");
    text_copy(w->gw_config.version, sizeof w->gw_config.version, "1.0.0");
    text_copy(w->gw_config.features, sizeof w->gw_config.features, GW_FEATURES);
    gateway_start(w);
    crowd_run(w, SECONDS(30));
    for (size_t i = 0; i < c->n_maas; i++)
        account_make(w, i);
    return w;
}

void crowd_free(struct crowd *w)
{
    for (size_t i = 0; i < CALLS_MAX; i++)
        if (w->calls[i].state != FREE)
            crowd_call_end(w, &w->calls[i]);
    gw_free(w->gw);
    for (size_t i = 0; i < w->config.n_maas; i++)
        maas_free(w->servers[i].app);
    palette_free(w->servers[PALETTE].app);
    for (size_t i = 0; i < w->n_records; i++)
        buf_drop(&w->records[i].bytes);
    free(w->fx);
    free(w);
}

/* --- questions -------------------------------------------------------------------------------- */

ms_t crowd_now(const struct crowd *w)
{
    return w->now;
}

struct gw *crowd_gateway(struct crowd *w)
{
    return w->gw;
}

ms_t crowd_done(const struct crowd *w, size_t i)
{
    return w->done[i];
}

size_t crowd_maas_of(const struct crowd *w, size_t i)
{
    return i % w->config.n_maas;
}

const struct crowd_server *crowd_maas(const struct crowd *w, size_t i)
{
    return &w->servers[i].seen;
}

const struct crowd_server *crowd_palette(const struct crowd *w)
{
    return &w->servers[PALETTE].seen;
}

uint64_t crowd_op(const struct crowd_server *s, const char *name)
{
    for (size_t i = 0; i < s->n_ops; i++)
        if (text_is(s->ops[i].name, name))
            return s->ops[i].n;
    return 0;
}

ms_t crowd_beat_gap(const struct crowd *w)
{
    return w->beat_gap;
}

size_t crowd_records(const struct crowd *w)
{
    return w->n_records;
}
