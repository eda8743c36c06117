#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_MAX MIB(1)
#define SPIN_MAX  10

static void copy(char *to, size_t size, const char *from)
{
    assert_true(text_copy(to, size, from));
}

void play_init(struct play *p)
{
    memset(p, 0, sizeof *p);
    p->seed = 7;
    p->fx = calloc(1, sizeof *p->fx);
    assert_non_null(p->fx);
    copy(p->config.palette_url, GW_URL_MAX, "https://palette.example/");
    copy(p->config.pcg_uid, GW_UID_MAX, "g1");
    copy(p->config.account_name, sizeof p->config.account_name, "maas-g1");
    copy(p->config.pairing_code, GW_SECRET_MAX, PLAY_CODE);
    copy(p->config.version, sizeof p->config.version, "2.3.1");
    copy(p->config.features, sizeof p->config.features, GW_FEATURES);
    buf_init(&p->trace, TRACE_MAX);
    buf_init(&p->said, TRACE_MAX);
}

static void calls_drop(struct play *p)
{
    while (p->n_calls > 0)
        http_call_drop(&p->calls[--p->n_calls].call);
}

static void records_drop(struct play_record *records, size_t *n)
{
    while (*n > 0)
        buf_drop(&records[--*n].bytes);
}

static void records_copy(struct play_record *to, size_t *n_to, const struct play_record *from,
                         size_t n)
{
    records_drop(to, n_to);
    for (size_t i = 0; i < n; i++) {
        memcpy(to[i].key, from[i].key, sizeof to[i].key);
        buf_init(&to[i].bytes, GW_RECORD_MAX);
        buf_add(&to[i].bytes, buf_text(&from[i].bytes), from[i].bytes.len);
    }
    *n_to = n;
}

void play_drop(struct play *p)
{
    calls_drop(p);
    records_drop(p->records, &p->n_records);
    records_drop(p->durable, &p->n_durable);
    buf_drop(&p->trace);
    buf_drop(&p->said);
    gw_free(p->g);
    p->g = NULL;
    free(p->fx);
    p->fx = NULL;
}

int play_open(void **state)
{
    static struct play p;

    play_init(&p);
    *state = &p;
    return 0;
}

int play_open_linked(void **state)
{
    play_open(state);
    play_link(*state);
    return 0;
}

int play_close(void **state)
{
    play_drop(*state);
    return 0;
}

/* --- records ---------------------------------------------------------------------------------- */

const char *play_record_of(const struct play *p, const char *key)
{
    for (size_t i = 0; i < p->n_records; i++)
        if (text_is(p->records[i].key, key))
            return buf_text(&p->records[i].bytes);
    return "";
}

static void persist(struct play *p, struct gw_effect *e)
{
    size_t i = 0;

    while (i < p->n_records && !text_is(p->records[i].key, e->key))
        i++;
    if (i == p->n_records) {
        assert_true(p->n_records < PLAY_RECORDS_MAX);
        copy(p->records[i].key, sizeof p->records[i].key, e->key);
        p->n_records++;
    } else {
        buf_drop(&p->records[i].bytes);
    }
    p->records[i].bytes = e->bytes;
    buf_init(&e->bytes, 0);
    p->unsynced = true;
}

static void forget(struct play *p, const char *key)
{
    for (size_t i = 0; i < p->n_records; i++) {
        if (!text_is(p->records[i].key, key))
            continue;
        buf_drop(&p->records[i].bytes);
        p->n_records--;
        memmove(&p->records[i], &p->records[i + 1], (p->n_records - i) * sizeof p->records[0]);
        memset(&p->records[p->n_records], 0, sizeof p->records[0]);
        p->unsynced = true;
        return;
    }
    fail_msg("there is no record %s", key);
}

/* --- effects ---------------------------------------------------------------------------------- */

/* What must never be seen: GP-24, GP-103. */
static void no_secret(const struct play *p, const char *text)
{
    static const char *const secrets[] = {PLAY_CODE,  "maasconsumer", "maastoken", "maassecret",
                                          "tok-one",  "tok-two",      "leaked",    "otherkey",
                                          "jt-token", "proxypass"};
    char secret[GW_SECRET_MAX];
    const char *identity = play_record_of(p, "identity");

    for (size_t i = 0; i < COUNTOF(secrets); i++)
        if (strstr(text, secrets[i]))
            fail_msg("a secret (%s) is in: %s", secrets[i], text);
    if (jx_pick(identity, strlen(identity), "secret", secret, sizeof secret))
        assert_null(strstr(text, secret));
}

static void call_took(struct play *p, struct gw_effect *e)
{
    struct play_call *c = &p->calls[p->n_calls];
    struct buf line;

    assert_true(p->n_calls < PLAY_CALLS_MAX);
    assert_false(p->unsynced); /* GP-8: durable before whatever comes after */
    assert_true(e->call.timeout_ms > 0);
    *c =
        (struct play_call){.ticket = e->ticket, .at = p->now, .target = e->target, .call = e->call};
    memset(&e->call, 0, sizeof e->call);
    buf_init(&line, sizeof c->line - 1);
    buf_printf(&line, "%s %s", c->call.method, buf_text(&c->call.url));
    copy(c->line, sizeof c->line, buf_text(&line));
    buf_drop(&line);
    no_secret(p, c->line);
    assert_null(strstr(strstr(c->line, "://") + 3, "//"));
    p->n_calls++;
    p->n_sent++;
    buf_printf(&p->trace, "call %s", c->line);
    if (p->on_call)
        p->on_call(p, c);
}

static void call_forget(struct play *p, size_t i)
{
    http_call_drop(&p->calls[i].call);
    memmove(&p->calls[i], &p->calls[i + 1], (p->n_calls - i - 1) * sizeof p->calls[0]);
    p->n_calls--;
}

static void cancel(struct play *p, uint64_t ticket)
{
    size_t i = 0;

    while (i < p->n_calls && p->calls[i].ticket != ticket)
        i++;
    assert_true(i < p->n_calls);
    buf_printf(&p->trace, "cancel %s", p->calls[i].line);
    call_forget(p, i);
}

static void effect(struct play *p, struct gw_effect *e)
{
    switch (e->kind) {
    case GW_FX_CALL:
        call_took(p, e);
        break;
    case GW_FX_CANCEL:
        cancel(p, e->ticket);
        break;
    case GW_FX_PERSIST:
        buf_printf(&p->trace, "persist %s", e->key);
        persist(p, e);
        break;
    case GW_FX_FORGET:
        buf_printf(&p->trace, "forget %s", e->key);
        forget(p, e->key);
        p->unsynced = true; /* what must be gone is gone before the next step, too */
        break;
    case GW_FX_SYNC:
        buf_text_add(&p->trace, "sync");
        p->unsynced = false;
        records_copy(p->durable, &p->n_durable, p->records, p->n_records);
        break;
    case GW_FX_SAY:
        no_secret(p, e->text);
        buf_printf(&p->said, "%s\n", e->text);
        break;
    case GW_FX_EXIT:
        buf_printf(&p->trace, "exit %d", e->code);
        p->over = true;
        p->exit_code = e->code;
        break;
    }
}

static void effects(struct play *p, struct gw_effects *fx)
{
    bool first = true;

    for (size_t i = 0; i < fx->n && !p->dead; i++) {
        const enum gw_effect_kind kind = fx->at[i].kind;

        if (p->die_at > 0 && p->n_effects + 1 >= p->die_at) {
            p->dead = true;
            break;
        }
        p->n_effects++;
        assert_false(p->over); /* EXIT is the last effect */
        if (kind != GW_FX_SAY && first)
            buf_printf(&p->trace, "[%4lld.%03lld] ", (long long)(p->now / 1000),
                       (long long)(p->now % 1000));
        else if (kind != GW_FX_SAY)
            buf_text_add(&p->trace, "; ");
        first = first && kind == GW_FX_SAY;
        effect(p, &fx->at[i]);
    }
    if (!first)
        buf_char_add(&p->trace, '\n');
    assert_true(p->dead || !p->unsynced);
}

static void step(struct play *p, struct gw_event *event)
{
    struct gw_effects *fx = p->fx;

    event->time = p->now;
    event->wall_s = 1782864000 + p->now / 1000 + p->wall_off_s;
    gw_effects_init(fx);
    gw_step(p->g, event, fx);
    effects(p, fx);
    gw_effects_drop(fx);
    if (p->dead) {
        play_kill(p);
        return;
    }
    /* there always is something to come, or the gateway is over */
    assert_true(p->over || p->n_calls > 0 || gw_due(p->g) != MS_NEVER);
    assert_true(!p->over || p->n_calls == 0);
    assert_true(!p->over || gw_due(p->g) == MS_NEVER);
}

void play_kill(struct play *p)
{
    calls_drop(p);
    records_copy(p->records, &p->n_records, p->durable, p->n_durable);
    p->unsynced = false;
    p->dead = true;
    p->die_at = 0;
}

void play_wipe(struct play *p)
{
    records_drop(p->durable, &p->n_durable);
    play_kill(p);
}

/* --- doing ------------------------------------------------------------------------------------ */

void play_start(struct play *p)
{
    struct gw_record records[PLAY_RECORDS_MAX] = {0};
    struct gw_event event = {.kind = GW_EV_START, .config = &p->config, .records = records};

    calls_drop(p);
    gw_free(p->g);
    p->g = gw_new();
    p->over = p->dead = false;
    p->starts++;
    event.seed = p->seed + p->starts;
    memset(event.entropy, (int)p->starts, sizeof event.entropy);
    event.n_records = p->n_records;
    for (size_t i = 0; i < p->n_records; i++) {
        copy(records[i].key, sizeof records[i].key, p->records[i].key);
        records[i].bytes = buf_text(&p->records[i].bytes);
        records[i].len = p->records[i].bytes.len;
    }
    step(p, &event);
}

void play_reload(struct play *p)
{
    struct gw_event event = {.kind = GW_EV_RELOAD, .config = &p->config};

    step(p, &event);
}

void play_stop(struct play *p)
{
    step(p, &(struct gw_event){.kind = GW_EV_STOP});
}

void play_until(struct play *p, ms_t t)
{
    int here = 0; /* steps without any time passing */

    while (!p->over && !p->dead && gw_due(p->g) <= t) {
        here = gw_due(p->g) > p->now ? 0 : here + 1;
        assert_true(here < SPIN_MAX);
        p->now = ms_max(p->now, gw_due(p->g));
        step(p, &(struct gw_event){.kind = GW_EV_TIME});
    }
    p->now = t;
}

void play_wait(struct play *p)
{
    const size_t before = p->trace.len;

    while (!p->over && p->trace.len == before) {
        assert_true(gw_due(p->g) != MS_NEVER);
        play_until(p, ms_max(p->now, gw_due(p->g)));
    }
}

struct play_call *play_find(struct play *p, const char *part)
{
    for (size_t i = 0; i < p->n_calls; i++)
        if (strstr(p->calls[i].line, part))
            return &p->calls[i];
    return NULL;
}

void play_result(struct play *p, uint64_t ticket, const struct http_result *r)
{
    for (size_t i = 0; i < p->n_calls; i++) {
        if (p->calls[i].ticket == ticket) {
            call_forget(p, i);
            break;
        }
    }
    step(p, &(struct gw_event){.kind = GW_EV_REPLY, .ticket = ticket, .result = r});
}

static void reply(struct play *p, const char *part, struct http_result *r)
{
    const struct play_call *c = play_find(p, part);

    if (!c)
        fail_msg("no call in flight holds '%s'", part);
    else
        play_result(p, c->ticket, r);
    http_result_drop(r);
}

void play_reply(struct play *p, const char *part, int status, const char *body)
{
    struct http_result r;

    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    r.status = status;
    buf_text_add(&r.body, body);
    reply(p, part, &r);
}

void play_reply_later(struct play *p, const char *part, int status, int64_t retry_after_s)
{
    struct http_result r;
    char text[32];

    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    r.status = status;
    snprintf(text, sizeof text, "%lld", (long long)retry_after_s);
    assert_true(http_header_add(&r.headers, "retry-after", text));
    reply(p, part, &r);
}

void play_lose(struct play *p, const char *part, enum http_outcome outcome)
{
    struct http_result r;

    http_result_init(&r);
    r.outcome = outcome;
    reply(p, part, &r);
}

void play_link(struct play *p)
{
    play_start(p);
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    play_reply(p, "/register", 204, "");
    play_reply(p, "/heartbeat", 204, "");
    assert_non_null(play_find(p, "/feed"));
    assert_int_equal(p->n_calls, p->config.maas_url[0] ? 2 : 1);
    buf_clear(&p->trace);
}
