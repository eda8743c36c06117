/* What we say to Palette and what it says to us, as bytes (GP-24, GP-31 to GP-42, GP-52). */
#include "gateway/inner.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define PROFILE         "1.0"
#define FEATURES_MAX    16
#define FEATURE_MAX     32
#define TIMING_TEXT_MAX KIB(16)

/* --- requests --------------------------------------------------------------------------------- */

struct credential_request {
    char secret[GW_SECRET_MAX], code[GW_SECRET_MAX], profile[8], version[GW_VERSION_MAX];
    size_t n_features;
    char features[FEATURES_MAX][FEATURE_MAX];
    int64_t replica;
};
struct register_request {
    char code[GW_SECRET_MAX];
};
struct beat_request {
    char version[GW_VERSION_MAX], message[GW_MESSAGE_MAX];
};
struct account_request {
    char name[256];
    struct account_keys {
        char endpoint[GW_URL_MAX], key[GW_SECRET_MAX * 3];
    } account;
    bool shared;
};
struct refusal {
    bool ok;
    char code[32], message[GW_MESSAGE_MAX];
};

static const struct jx_field credential_fields[] = {
    JX_TEXT_AS(struct credential_request, secret, "gatewaySecret", 0),
    JX_TEXT_AS(struct credential_request, code, "pairingCode", JX_SKIP_EMPTY),
    JX_TEXT(struct credential_request, profile, 0),
    JX_TEXT(struct credential_request, version, 0),
    JX_TEXTS(struct credential_request, features, n_features, "features", 0),
    JX_INT(struct credential_request, replica, "replica", 0, 1, 3),
};
static const struct jx_field register_fields[] = {
    JX_TEXT_AS(struct register_request, code, "pairingCode", 0),
};
static const struct jx_field beat_fields[] = {
    JX_TEXT_AS(struct beat_request, version, "agentVersion", 0),
    JX_TEXT(struct beat_request, message, 0),
};
static const struct jx_field keys_fields[] = {
    JX_TEXT_AS(struct account_keys, endpoint, "apiEndpoint", 0),
    JX_TEXT_AS(struct account_keys, key, "apiKey", 0),
};
static const struct jx_field account_fields[] = {
    JX_TEXT(struct account_request, name, JX_SKIP_EMPTY),
    JX_OBJECT(struct account_request, account, "account", 0, keys_fields),
    JX_BOOL(struct account_request, shared, "shareWithProjects", 0),
};
static const struct jx_field refusal_fields[] = {
    JX_BOOL(struct refusal, ok, "ok", 0),
    JX_TEXT(struct refusal, code, 0),
    JX_TEXT(struct refusal, message, 0),
};

/* base + before + uid, coded + after */
static void address(struct gw *g, struct http_call *call, const char *before, const char *uid,
                    const char *after)
{
    url_join(&call->url, g->config.palette_url, before);
    url_encode(&call->url, uid);
    buf_text_add(&call->url, after);
}

static void json_type(struct http_call *call)
{
    const bool added = http_header_add(&call->headers, "Content-Type", "application/json");

    assert(added);
}

static void body(struct http_call *call, const struct jx_field *fields, size_t n, const void *in)
{
    json_type(call);
    jx_write(&call->body, fields, n, in);
}

void gw_write_credential(struct gw *g, size_t i, struct http_call *call)
{
    struct credential_request rq = {.profile = PROFILE, .replica = 1};
    const char *cursor = g->config.features;

    (void)i;
    http_call_init(call, "POST");
    address(g, call, "v1/x-gp/pcg/", g->config.pcg_uid, "/credential");
    memcpy(rq.secret, g->secret, sizeof rq.secret);
    memcpy(rq.version, g->config.version, sizeof rq.version);
    if (!g->pairing.enrolled)
        memcpy(rq.code, g->pairing.code, sizeof rq.code);
    while (rq.n_features < FEATURES_MAX &&
           text_next(&cursor, ',', rq.features[rq.n_features], FEATURE_MAX))
        rq.n_features++;
    body(call, credential_fields, COUNTOF(credential_fields), &rq);
}

void gw_write_register(struct gw *g, size_t i, struct http_call *call)
{
    struct register_request rq = {0};

    (void)i;
    http_call_init(call, "POST");
    address(g, call, "v1/pcg/", g->config.pcg_uid, "/register");
    memcpy(rq.code, g->pairing.code, sizeof rq.code);
    body(call, register_fields, COUNTOF(register_fields), &rq);
}

void gw_write_beat(struct gw *g, size_t i, struct http_call *call)
{
    struct beat_request rq = {0};

    (void)i;
    http_call_init(call, "PUT");
    address(g, call, "v1/spectroclusters/", g->self_uid, "/heartbeat");
    memcpy(rq.version, g->config.version, sizeof rq.version);
    body(call, beat_fields, COUNTOF(beat_fields), &rq);
}

void gw_write_feed(struct gw *g, size_t i, struct http_call *call)
{
    (void)i;
    http_call_init(call, "GET");
    address(g, call, "v1/x-gp/pcg/", g->config.pcg_uid, "/feed?waitSeconds=");
    jx_write_seconds(&call->url, g->timing.feed_wait_ms);
    if (g->cursor[0]) {
        buf_text_add(&call->url, "&cursor=");
        url_encode(&call->url, g->cursor);
    }
    call->timeout_ms = g->timing.feed_wait_ms + g->timing.feed_slack_ms;
}

void gw_write_overlord(struct gw *g, size_t i, struct http_call *call)
{
    (void)i;
    http_call_init(call, "GET");
    address(g, call, "v1/overlords/", g->config.pcg_uid, "");
}

static void account_write(struct gw *g, struct http_call *call, const char *name)
{
    struct account_request rq = {0};

    address(g, call, "v1/overlords/maas/", g->config.pcg_uid, "/account");
    memcpy(rq.name, name, strlen(name) + 1);
    memcpy(rq.account.endpoint, g->config.maas_url, sizeof rq.account.endpoint);
    memcpy(rq.account.key, g->config.maas_key, sizeof rq.account.key);
    body(call, account_fields, COUNTOF(account_fields), &rq);
}

void gw_write_account_make(struct gw *g, size_t i, struct http_call *call)
{
    (void)i;
    http_call_init(call, "POST");
    call->once = true; /* a copy would be a second account */
    account_write(g, call, g->config.account_name);
}

/* The public update has no name: the account keeps the one it has. */
void gw_write_account_change(struct gw *g, size_t i, struct http_call *call)
{
    (void)i;
    http_call_init(call, "PUT");
    account_write(g, call, "");
}

void gw_write_answer(struct gw *g, size_t i, struct http_call *call)
{
    const struct gw_query *q = &g->queries[i - GW_AT_QUERIES];

    http_call_init(call, "POST");
    json_type(call);
    address(g, call, "v1/x-gp/pcg/", g->config.pcg_uid, "/queries/");
    url_encode(&call->url, q->id);
    buf_add(&call->body, buf_text(&q->answer), q->answer.len);
    call->timeout_ms = ms_min(g->timing.call_ms, q->deadline - g->now);
}

void gw_refusal_write(struct buf *out, const char *code, const char *message)
{
    struct refusal rq = {0};
    const bool fits = text_copy(rq.code, sizeof rq.code, code) &&
                      text_copy(rq.message, sizeof rq.message, message);

    assert(fits);
    buf_init(out, GW_ANSWER_MAX);
    jx_write(out, refusal_fields, COUNTOF(refusal_fields), &rq);
}

/* --- replies ---------------------------------------------------------------------------------- */

static const struct jx_field granted_fields[] = {
    JX_TEXT(struct gw_credential, token, JX_MUST),
    JX_MS(struct gw_credential, expires_ms, "expiresInSeconds", JX_MUST, 1, HOURS(24 * 366)),
    JX_TEXT_AS(struct gw_credential, self_uid, "selfClusterUid", JX_MUST),
    JX_BOOL(struct gw_credential, registered, "registered", JX_MUST),
    JX_RAW(struct gw_credential, timing, "timing", 0, TIMING_TEXT_MAX),
};

struct overlord {
    struct overlord_spec {
        char account_uid[GW_UID_MAX + 1];
    } spec;
};
static const struct jx_field overlord_spec_fields[] = {
    JX_TEXT_AS(struct overlord_spec, account_uid, "cloudAccountUid", 0),
};
static const struct jx_field overlord_fields[] = {
    JX_OBJECT(struct overlord, spec, "spec", JX_MUST, overlord_spec_fields),
};

/* A token goes into a header as it is. */
static bool is_header_text(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return text[0] != '\0';
}

bool gw_credential_read(const struct http_result *r, struct gw_credential *ret)
{
    return jx_read(buf_text(&r->body), r->body.len, granted_fields, COUNTOF(granted_fields), 0, ret,
                   NULL) == 0 &&
           is_header_text(ret->token) && ret->self_uid[0];
}

void gw_credential_drop(struct gw_credential *c)
{
    jx_drop(granted_fields, COUNTOF(granted_fields), c);
    memset(c->token, 0, sizeof c->token);
}

bool gw_overlord_read(const struct http_result *r, char *account_uid, size_t size)
{
    struct overlord o = {0};

    return jx_read(buf_text(&r->body), r->body.len, overlord_fields, COUNTOF(overlord_fields), 0,
                   &o, NULL) == 0 &&
           text_copy(account_uid, size, o.spec.account_uid);
}
