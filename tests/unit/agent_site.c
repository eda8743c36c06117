#include "tests/test.h"

#include "tests/unit/agent_site.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_MAX MIB(2)
#define EPOCH_S   1782864000
#define SPIN_MAX  200
#define DEPLOY_MS MINUTES(10)
#define FREE_MS   MINUTES(1)
enum { READY = 4, DEPLOYED = 6, DEPLOYING = 9, ALLOCATED = 10, RELEASING = 12 };

/* --- the world -------------------------------------------------------------------------------- */

static void agent_json(struct agent_site *s, const char *https_proxy, const char *no_proxy)
{
    char text[2048];
    struct err e = {0};
    struct tree_write w = {.path = AGENT_JSON, .owner = "", .mode = 0600, .given = true};

    tree_init(&s->tree);
    snprintf(
        text, sizeof text,
        "{\"profile\":\"1.0\",\"clusterUid\":\"65f0\",\"clusterName\":\"c1\",\"systemId\":"
        "\"m1\",\"pool\":\"cp\",\"role\":\"%s\",\"palette\":{\"url\":\"https://palette."
        "example/\",\"caFile\":\"\"},\"joinToken\":\"" SITE_JOIN "\",\"marker\":\"" SITE_MARKER
        "\",\"image\":\"custom/u\",\"endpoint\":{\"host\":\"c1.maas\",\"port\":6443},"
        "\"mood\":{\"x\":[null,1]},\"maasCaFile\":\"\",\"proxy\":{\"httpProxy\":\"\",\"httpsProxy\":\"%s\","
        "\"noProxy\":\"%s\"}}",
        s->role, https_proxy, no_proxy);
    w.bytes = text;
    w.len = strlen(text);
    must(tree_write(&s->tree, &w, &e), &e);
}

void site_init(struct agent_site *s, const char *role)
{
    memset(s, 0, sizeof *s);
    s->role = role;
    s->fx = calloc(1, sizeof *s->fx);
    assert_non_null(s->fx);
    s->way = "";
    agent_json(s, "", "");
    buf_init(&s->trace, TRACE_MAX);
    memcpy(s->owner, "gateway", 8);
    memcpy(s->labels, "{}", 3);
    s->epoch = s->version = s->size_cp = 1;
    for (size_t i = 0; i < SITE_MACHINES; i++) {
        snprintf(s->machines[i].id, sizeof s->machines[i].id, "m%zu", i + 1);
        s->machines[i].status = READY;
    }
    s->machines[0].status = DEPLOYED;
    s->machines[0].mine = s->machines[0].named = true;
    (void)text_copy(s->machines[0].marks, sizeof s->machines[0].marks,
                    "\"gateproof.pcg\":\"g1\",\"gateproof.cluster\":\"65f0\",\"gateproof.pool\":"
                    "\"cp\",\"gateproof.role\":\"init\"");
    memcpy(s->machines[0].record, "cp", 3);
    memcpy(s->machines[0].state, "Provisioned", 12);
    s->late_at = MS_NEVER;
}

void site_proxy(struct agent_site *s, const char *https_proxy, const char *no_proxy)
{
    tree_drop(&s->tree);
    agent_json(s, https_proxy, no_proxy);
}

static void calls_drop(struct agent_site *s)
{
    while (s->n_calls > 0)
        http_call_drop(&s->calls[--s->n_calls].call);
    s->changes_in_flight = 0;
}

void site_drop(struct agent_site *s)
{
    calls_drop(s);
    agent_free(s->agent);
    tree_drop(&s->tree);
    buf_drop(&s->trace);
    free(s->fx);
}

size_t site_count(const struct agent_site *s, const char *part)
{
    size_t n = 0;

    for (const char *p = buf_text(&s->trace); (p = strstr(p, part)); p++)
        n++;
    return n;
}

int site_states(const struct agent_site *s, const char *state)
{
    int n = 0;

    for (size_t i = 0; i < SITE_MACHINES; i++)
        n += s->machines[i].record[0] && text_is(s->machines[i].state, state);
    return n;
}

int site_held(const struct agent_site *s)
{
    int n = 0;

    for (size_t i = 0; i < SITE_MACHINES; i++)
        n += s->machines[i].mine;
    return n;
}

/* --- MAAS ------------------------------------------------------------------------------------- */

static void machine_write(const struct site_machine *m, struct buf *out)
{
    buf_printf(
        out,
        "{\"system_id\":\"%s\",\"hostname\":\"h%s\",\"status\":%d,\"owner\":%s,\"cpu_count\":"
        "8,\"memory\":32768,\"zone\":{\"name\":\"default\"},\"pool\":{\"name\":\"default\"},"
        "\"ip_addresses\":[\"10.10.0.1\"],\"tag_names\":[],\"workload_annotations\":{%s}}",
        m->id, m->id, m->status, m->mine ? "\"pcg\"" : "null", m->marks);
}

static struct site_machine *machine_of(struct agent_site *s, const char *url)
{
    const char *at = strstr(url, "/machines/");

    for (size_t i = 0; at && i < SITE_MACHINES; i++)
        if (strncmp(at + 10, s->machines[i].id, 2) == 0)
            return &s->machines[i];
    return NULL;
}

static void list_write(const struct agent_site *s, struct buf *out)
{
    size_t n = 0;

    buf_char_add(out, '[');
    for (size_t i = 0; i < SITE_MACHINES; i++) {
        if (!s->machines[i].named)
            continue;
        buf_text_add(out, n++ ? "," : "");
        machine_write(&s->machines[i], out);
    }
    buf_char_add(out, ']');
}

static int allocate(struct agent_site *s, struct buf *out)
{
    for (size_t i = 0; i < SITE_MACHINES; i++) {
        struct site_machine *m = &s->machines[i];

        if (m->status != READY)
            continue;
        m->status = ALLOCATED;
        m->mine = m->named = true;
        machine_write(m, out);
        return 200;
    }
    buf_text_add(out, "No available machine matches constraints");
    return 409;
}

static int maas_change(struct agent_site *s, const struct http_call *call, struct buf *out)
{
    const char *url = buf_text(&call->url);
    struct site_machine *m = machine_of(s, url);

    if (strstr(url, "op=allocate")) {
        assert_non_null(strstr(buf_text(&call->body), "agent_name=" SITE_MARKER)); /* GP-55 */
        return allocate(s, out);
    }
    assert_non_null(m);
    assert_true(m->mine); /* GP-97: never a machine that is not held */
    if (strstr(url, "op=set_workload_annotations"))
        (void)text_copy(m->marks, sizeof m->marks,
                        strstr(buf_text(&call->body), "workers")
                            ? "\"gateproof.pcg\":\"g1\",\"gateproof.cluster\":\"65f0\","
                              "\"gateproof.pool\":\"workers\",\"gateproof.role\":\"join\""
                            : "\"gateproof.cluster\":\"65f0\",\"gateproof.pool\":\"cp\"");
    if (strstr(url, "op=deploy")) {
        assert_int_equal(m->status, ALLOCATED);
        (void)text_copy_len(m->user_data, sizeof m->user_data, buf_text(&call->body), 1024);
        m->status = DEPLOYING;
        m->ready_at = s->now + DEPLOY_MS;
    }
    if (strstr(url, "op=release") && m->status != RELEASING) {
        m->status = RELEASING;
        m->named = false;
        m->ready_at = s->now + FREE_MS;
    }
    machine_write(m, out);
    return 200;
}

static int maas(struct agent_site *s, const struct http_call *call, struct buf *out)
{
    const char *url = buf_text(&call->url);
    char authorization[1024];

    assert_true(
        http_header_get(&call->headers, "Authorization", authorization, sizeof authorization));
    assert_non_null(strstr(authorization, "oauth_consumer_key=\"ckcanary\""));
    assert_non_null(strstr(authorization, "oauth_signature=\"%26tscanary\""));
    if (text_is(call->method, "POST"))
        return maas_change(s, call, out);
    if (strstr(url, "?agent_name=" SITE_MARKER))
        list_write(s, out);
    else
        machine_write(machine_of(s, url), out);
    return 200;
}

static void maas_time(struct agent_site *s)
{
    for (size_t i = 0; i < SITE_MACHINES; i++) {
        struct site_machine *m = &s->machines[i];

        if (m->status == DEPLOYING && s->now >= m->ready_at) {
            m->status = DEPLOYED;
            m->registered = true;
            s->version++;
        }
        if (m->status == RELEASING && s->now >= m->ready_at) {
            m->status = READY;
            m->mine = false;
            m->marks[0] = '\0';
        }
    }
    if (s->now >= s->late_at) { /* the copy that was under way arrives */
        struct buf out;

        buf_init(&out, KIB(4));
        (void)allocate(s, &out);
        buf_drop(&out);
        s->late_at = MS_NEVER;
    }
}

/* --- Palette ---------------------------------------------------------------------------------- */

static void pool_write(struct buf *out, const char *name, int size)
{
    buf_printf(out,
               "{\"cloudConfig\":{\"azs\":[\"default\"],\"resourcePool\":\"default\",\"tags\":[],"
               "\"instanceType\":{\"minCPU\":4,\"minMemInMB\":8192,\"minDiskSizeInGB\":60}},"
               "\"poolConfig\":{\"name\":\"%s\",\"size\":%d,\"isControlPlane\":%s}}",
               name, size, text_is(name, "cp") ? "true" : "false");
}

static void assignment_write(const struct agent_site *s, struct buf *out)
{
    size_t n = 0;

    buf_printf(
        out,
        "{\"cursor\":\"a-%d\",\"owner\":\"%s\",\"epoch\":%d,\"quiesce\":%s,\"mood\":[{}],\"network\":null",
        s->version, s->owner, s->epoch, s->quiesce ? "true" : "false");
    if (text_is(s->owner, "cluster") && !s->quiesce) {
        buf_printf(out,
                   ",\"configUid\":\"cc-1\",\"image\":\"custom/u\",\"account\":{\"apiEndpoint\":"
                   "\"http://10.10.0.3:5240/MAAS\",\"apiKey\":\"" SITE_KEY
                   "\"},\"labels\":%s,\"machinepoolconfig\":[",
                   s->labels);
        pool_write(out, "cp", s->size_cp);
        if (s->size_workers >= 0) {
            buf_char_add(out, ',');
            pool_write(out, "workers", s->size_workers);
        }
        buf_text_add(out, "],\"machines\":[");
        for (size_t i = 0; i < SITE_MACHINES; i++)
            if (s->machines[i].record[0])
                buf_printf(out,
                           "%s{\"uid\":\"r-%s\",\"systemId\":\"%s\",\"pool\":\"%s\","
                           "\"instanceState\":\"%s\",\"registered\":%s}",
                           n++ ? "," : "", s->machines[i].id, s->machines[i].id,
                           s->machines[i].record, s->machines[i].state,
                           s->machines[i].registered ? "true" : "false");
        buf_char_add(out, ']');
    }
    buf_char_add(out, '}');
}

static int record(struct agent_site *s, const struct http_call *call, struct buf *out)
{
    const char *url = buf_text(&call->url);
    char name[32] = "", state[16] = "";
    struct site_machine *m = NULL;

    (void)jx_pick(buf_text(&call->body), call->body.len, "metadata.name", name, sizeof name);
    (void)jx_pick(buf_text(&call->body), call->body.len, "status.instanceState", state,
                  sizeof state);
    for (size_t i = 0; i < SITE_MACHINES; i++)
        if (text_is(s->machines[i].id, name) ||
            (strstr(url, "/r-") && text_is(s->machines[i].id, strstr(url, "/r-") + 3)))
            m = &s->machines[i];
    assert_non_null(m);
    s->version++;
    if (text_is(call->method, "DELETE")) {
        m->record[0] = '\0';
        return 204;
    }
    (void)text_copy(m->state, sizeof m->state, state);
    if (text_is(call->method, "PUT"))
        return 204;
    (void)text_copy(m->record, sizeof m->record, strstr(url, "/workers/") ? "workers" : "cp");
    buf_printf(out, "{\"uid\":\"r-%s\"}", m->id);
    return 201;
}

static int palette(struct agent_site *s, const struct http_call *call, struct buf *out)
{
    const char *url = buf_text(&call->url);
    char token[64] = "";

    if (strstr(url, "/agent/register")) {
        assert_non_null(strstr(buf_text(&call->body), SITE_JOIN));
        s->hellos++;
        if (s->revoked) {
            buf_text_add(out, "{\"code\":\"CredentialRevoked\"}");
            return 401;
        }
        s->machines[0].registered = true;
        s->version++;
        buf_text_add(out, "{\"token\":\"tok-canary\",\"expiresInSeconds\":900,\"timing\":{}}");
        return 200;
    }
    (void)http_header_get(&call->headers, "Authorization", token, sizeof token);
    assert_text(token, "tok-canary");
    if (s->revoked) {
        buf_text_add(out, "{\"code\":\"CredentialRevoked\"}");
        return 401;
    }
    if (strstr(url, "/heartbeat"))
        s->beats++;
    if (strstr(url, "/assignment")) {
        assignment_write(s, out);
        return 200;
    }
    if (strstr(url, "/status/conditions"))
        (void)text_copy(s->said, sizeof s->said, buf_text(&call->body));
    if (strstr(url, "/quiesced"))
        s->quiesced++;
    if (strstr(url, "/cloudconfigs/"))
        return record(s, call, out);
    if (text_is(call->method, "GET")) {
        buf_printf(out, "{\"spcHash\":\"%d-%d-%s\"}", s->size_cp, s->size_workers, "x");
        return 200;
    }
    return 204;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void no_secret(const char *text)
{
    static const char *const secrets[] = {"canary", "ckc", "tkc"};

    for (size_t i = 0; i < COUNTOF(secrets); i++)
        if (strstr(text, secrets[i]))
            fail_msg("a secret (%s) is in: %s", secrets[i], text);
}

static void step(struct agent_site *s, struct agent_event *event);

static void reply(struct agent_site *s, uint64_t ticket, const struct http_result *r)
{
    struct agent_event event = {.kind = AGENT_EV_REPLY, .ticket = ticket, .result = r};

    step(s, &event);
}

static void call_forget(struct agent_site *s, size_t i)
{
    s->changes_in_flight -=
        s->calls[i].target == AGENT_MAAS && text_is(s->calls[i].call.method, "POST");
    http_call_drop(&s->calls[i].call);
    memmove(&s->calls[i], &s->calls[i + 1], (s->n_calls - i - 1) * sizeof s->calls[0]);
    s->n_calls--;
}

/* The fault, if this is the call it waits for. false: answer as always. */
static bool fault_hits(struct agent_site *s, struct site_call *c, const char *line,
                       struct http_result *r)
{
    struct site_fault f = s->fault;
    struct buf out;

    if (!f.part || !strstr(line, f.part))
        return false;
    s->fault.part = f.stays ? f.part : NULL;
    buf_init(&out, KIB(64));
    if (f.do_it)
        (void)(c->target == AGENT_MAAS ? maas : palette)(s, &c->call, &out);
    buf_drop(&out);
    if (f.late_ms)
        s->late_at = s->now + f.late_ms;
    r->outcome = f.status ? HTTP_ANSWERED : HTTP_TIMEOUT;
    r->status = f.status;
    if (f.headers)
        buf_text_add(&r->headers, f.headers);
    if (f.body)
        buf_text_add(&r->body, f.body);
    return true;
}

static void call_answer(struct agent_site *s, size_t i)
{
    struct site_call *c = &s->calls[i];
    struct http_result r;
    const uint64_t ticket = c->ticket;
    char line[512];

    http_result_init(&r);
    snprintf(line, sizeof line, "%s %s", c->call.method, buf_text(&c->call.url));
    if (!fault_hits(s, c, line, &r)) {
        r.outcome = HTTP_ANSWERED;
        r.status = (c->target == AGENT_MAAS ? maas : palette)(s, &c->call, &r.body);
    }
    if (c->target == AGENT_MAAS || strstr(line, "cloudconfigs") || strstr(line, "quiesced"))
        buf_printf(&s->trace, "%lld %s -> %d\n", (long long)(s->now / 1000), line, r.status);
    call_forget(s, i);
    reply(s, ticket, &r);
    http_result_drop(&r);
}

static bool call_is_parked(const struct agent_site *s, const struct site_call *c)
{
    const char *cursor = strstr(buf_text(&c->call.url), "cursor=a-");

    return cursor && strtol(cursor + 9, NULL, 10) == s->version && s->now < c->at;
}

static bool call_waits(const struct agent_site *s, const struct site_call *c)
{
    return (s->palette_dark && c->target == AGENT_PALETTE && s->now < c->at) ||
           call_is_parked(s, c);
}

static void call_end(struct agent_site *s, size_t i)
{
    struct site_call *c = &s->calls[i];
    const uint64_t ticket = c->ticket;
    struct http_result r;

    if (!(s->palette_dark && c->target == AGENT_PALETTE) &&
        !strstr(buf_text(&c->call.url), "cursor=a-")) {
        call_answer(s, i);
        return;
    }
    if (!s->palette_dark && !call_is_parked(s, c) && s->now < c->at) {
        call_answer(s, i);
        return;
    }
    http_result_init(&r);
    r.outcome = s->palette_dark ? HTTP_TIMEOUT : HTTP_ANSWERED;
    r.status = s->palette_dark ? 0 : 204;
    if (s->palette_dark && *s->way) {
        r.outcome = HTTP_PROXY_FAILED;
        r.proxy_fault = HTTP_PROXY_SILENT;
    }
    call_forget(s, i);
    reply(s, ticket, &r);
    http_result_drop(&r);
}

static void call_took(struct agent_site *s, struct agent_effect *e)
{
    struct site_call *c = &s->calls[s->n_calls++];
    const bool parked = strstr(buf_text(&e->call.url), "waitSeconds") != NULL;

    assert_true(s->n_calls < SITE_CALLS);
    no_secret(buf_text(&e->call.url));
    assert_text(e->call.proxy, e->target == AGENT_PALETTE ? s->way : "");
    s->to_palette += e->target == AGENT_PALETTE;
    s->to_maas += e->target == AGENT_MAAS;
    *c = (struct site_call){.ticket = e->ticket, .target = e->target, .call = e->call};
    c->at = s->now + (parked && !s->palette_dark ? SECONDS(30) : e->call.timeout_ms);
    memset(&e->call, 0, sizeof e->call);
    if (c->target == AGENT_MAAS && text_is(c->call.method, "POST"))
        s->changes_in_flight++;
    assert_true(s->changes_in_flight <= 1); /* GP-58 */
}

static void effect(struct agent_site *s, struct agent_effect *e)
{
    switch (e->kind) {
    case AGENT_FX_CALL:
        call_took(s, e);
        break;
    case AGENT_FX_CANCEL:
        for (size_t i = 0; i < s->n_calls; i++)
            if (s->calls[i].ticket == e->ticket)
                call_forget(s, i);
        break;
    case AGENT_FX_LISTEN:
        s->listening = e->port;
        break;
    case AGENT_FX_SAY:
        no_secret(e->text);
        (void)text_copy(s->last_word, sizeof s->last_word, e->text);
        break;
    }
}

static void step(struct agent_site *s, struct agent_event *event)
{
    struct agent_effects *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    event->time = s->now;
    event->wall_s = EPOCH_S + s->now / 1000;
    agent_effects_init(fx);
    agent_step(s->agent, event, fx);
    for (size_t i = 0; i < fx->n; i++)
        effect(s, &fx->at[i]);
    agent_effects_drop(fx);
    free(fx);
}

void site_boot(struct agent_site *s)
{
    struct agent_event event = {
        .kind = AGENT_EV_START, .tree = &s->tree, .hostname = "hm1", .seed = 7};

    calls_drop(s);
    agent_free(s->agent);
    s->agent = agent_new();
    step(s, &event);
}

/* All that can be answered now. */
static void settle(struct agent_site *s)
{
    for (int spin = 0; spin < SPIN_MAX; spin++) {
        struct agent_event event = {.kind = AGENT_EV_TIME};
        size_t i = 0;

        maas_time(s);
        while (i < s->n_calls && call_waits(s, &s->calls[i]))
            i++;
        if (i < s->n_calls)
            call_end(s, i);
        else if (agent_due(s->agent) <= s->now)
            step(s, &event);
        else
            return;
    }
    fail_msg("it does not come to rest");
}

void site_until(struct agent_site *s, ms_t t)
{
    for (settle(s); s->now < t; settle(s)) {
        ms_t next = ms_min(t, agent_due(s->agent));

        for (size_t i = 0; i < s->n_calls; i++)
            next = ms_min(next, s->calls[i].at);
        for (size_t i = 0; i < SITE_MACHINES; i++)
            if (s->machines[i].status == DEPLOYING || s->machines[i].status == RELEASING)
                next = ms_min(next, s->machines[i].ready_at);
        next = ms_min(next, s->late_at);
        s->now = ms_max(next, s->now + 1);
    }
}
