/* Identity and life of a gateway: credential, registration, heartbeat (profile GP-30 to GP-38). */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define SECRET_LEN_MIN 43 /* 256 bits in base64url */
#define FEATURES_MAX   32

struct credential {
    char secret[PAL_NAME_MAX], code[PAL_NAME_MAX], profile[16], version[64];
    size_t n_features;
    char features[FEATURES_MAX][64];
    int64_t replica;
};
static const struct jx_field credential_fields[] = {
    JX_TEXT_AS(struct credential, secret, "gatewaySecret", JX_MUST),
    JX_TEXT_AS(struct credential, code, "pairingCode", 0),
    JX_TEXT(struct credential, profile, JX_MUST),
    JX_TEXT(struct credential, version, JX_MUST),
    JX_TEXTS(struct credential, features, n_features, "features", JX_MUST),
    JX_INT(struct credential, replica, "replica", 0, 1, 99),
};

/* What an answer without a token says. */
static bool has_feature(const struct credential *c, const char *name)
{
    for (size_t i = 0; i < c->n_features; i++)
        if (text_is(c->features[i], name))
            return true;
    return false;
}

/* Whether the token may be given, else it has been refused. An unused code is bound to the secret
 * on the way (GP-32). */
static bool is_welcome(struct pal_ask *a, struct pal_gateway *g, const struct credential *c)
{
    const bool asks_system = !a->p->config.self_hosted && has_feature(c, "system-gateway");
    uint8_t hash[SHA256_LEN];
    bool mine;

    if (pal_no(a, PAL_NO_SYSTEM_NOT_OFFERED, !g && !c->code[0] && asks_system) ||
        pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !g) ||
        pal_no(a, PAL_NO_GATEWAY_REVOKED, g->state == PAL_DELETED))
        return false;
    digest_sha256(c->secret, strlen(c->secret), hash);
    mine = g->bound && digest_equal(hash, g->secret, sizeof(hash));
    if (!c->code[0])
        return !pal_no(a, PAL_NO_SECRET_UNKNOWN, !mine);
    if (pal_no(a, PAL_NO_CODE_INVALID, !text_is(c->code, g->code)) ||
        pal_no(a, PAL_NO_CODE_USED, g->bound && !mine) ||
        pal_no(a, PAL_NO_CODE_EXPIRED, !mine && a->ctx->now >= g->code_until))
        return false;
    g->bound = true;
    memcpy(g->secret, hash, sizeof(hash));
    pal_gateway_changed(g);
    return true;
}

static void journal_enrol(struct pal_ask *a, bool accepted)
{
    struct event e;

    ev_init(&e, EV_PAL_ENROL, a->ctx->now);
    ev_text_add(&e, EVF_UID, http_var(&a->vars, "uid"));
    ev_int_add(&e, EVF_ACCEPTED, accepted ? 1 : 0);
    if (!accepted)
        ev_text_add(&e, EVF_CODE, a->code);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_list_add(&a->rp->events, &e);
}

static void token_answer(struct pal_ask *a, const struct pal_gateway *g, const struct credential *c)
{
    struct pal_token *t;
    struct buf body SCOPED(buf_drop) = {0};
    uint8_t hash[SHA256_LEN];
    char text[80];

    pal_token_make(a->p, text, sizeof(text));
    digest_sha256(text, strlen(text), hash);
    t = pal_token_new(a->p, hash);
    t->gateway_i = pal_gateway_i(a->p, g);
    t->until = a->ctx->now + PAL_TOKEN_LIFE_MS;
    t->ha = has_feature(c, "ha");
    t->revoked = false;
    snprintf(t->replica, sizeof(t->replica), "%d", (int)(c->replica > 0 ? c->replica : 1));
    buf_init(&body, KIB(4));
    buf_printf(&body, "{\"token\":\"%s\",\"expiresInSeconds\":", text);
    jx_write_seconds(&body, pal_out_ms(pal_factor(a->p, true), PAL_TOKEN_LIFE_MS));
    buf_printf(&body, ",\"selfClusterUid\":\"%s\",\"isSystem\":%s,\"registered\":%s,\"timing\":",
               g->self_uid, g->system ? "true" : "false", g->registered ? "true" : "false");
    pal_timing_write(pal_factor(a->p, true), &body);
    buf_text_add(&body, "}");
    pal_answer(a, 200, buf_text(&body));
}

static bool is_secret(const char *text)
{
    return strlen(text) >= SECRET_LEN_MIN &&
           text[strspn(
               text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")] == '\0';
}

/* POST /v1/x-gp/pcg/{uid}/credential */
void pal_credential(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = pal_gateway_find(a->p, http_var(x->vars, "uid"));
    struct credential c = {0};
    bool welcome;

    a->who = PAL_GATEWAY;
    text_copy(a->uid, sizeof(a->uid), g ? g->uid : "");
    if (!pal_body(a, credential_fields, COUNTOF(credential_fields), &c))
        return;
    a->op = c.code[0] ? "enrol" : "renew";
    if (pal_no(a, PAL_NO_SECRET_FORM, !is_secret(c.secret)))
        return;
    if (pal_no(a, PAL_NO_PROFILE_VERSION, !text_begins(c.profile, "1.")))
        return;
    welcome = is_welcome(a, g, &c);
    if (c.code[0])
        journal_enrol(a, welcome);
    if (welcome)
        token_answer(a, g, &c);
}

/* --- registration ---------------------------------------------------------------------------- */

struct registration {
    char code[PAL_NAME_MAX];
};
static const struct jx_field registration_fields[] = {
    JX_TEXT_AS(struct registration, code, "pairingCode", JX_MUST),
};

static void journal_register(const struct pal_ask *a, bool accepted)
{
    struct event e;

    ev_init(&e, EV_PAL_REGISTER, a->ctx->now);
    ev_text_add(&e, EVF_UID, a->gateway->uid);
    ev_int_add(&e, EVF_ACCEPTED, accepted);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_list_add(&a->rp->events, &e);
}

/* POST /v1/pcg/{uid}/register: 204, and 204 again to the same identity. */
void pal_register(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct registration r = {0};
    bool accepted;

    if (pal_no(a, PAL_NO_SYSTEM_PASSIVE, a->gateway->system) ||
        !pal_body(a, registration_fields, COUNTOF(registration_fields), &r))
        return;
    accepted = text_is(r.code, a->gateway->code);
    journal_register(a, accepted);
    if (pal_no(a, PAL_NO_CODE_INVALID, !accepted))
        return;
    a->gateway->registered = true;
    pal_gateway_settle(a->p, a->gateway, x->ctx->now, a->rp);
    pal_answer(a, 204, NULL);
}

/* --- heartbeat ------------------------------------------------------------------------------- */

struct beat {
    char version[64];
    char message[PAL_MESSAGE_MAX + 1];
};
static const struct jx_field beat_fields[] = {
    JX_TEXT_AS(struct beat, version, "agentVersion", JX_MUST),
    JX_TEXT(struct beat, message, 0),
};

/* PUT /v1/spectroclusters/{uid}/heartbeat: the gateway's for its selfClusterUid, an agent's for its
 * cluster. */
void pal_beat(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = a->gateway;
    struct beat b = {0};

    if (!pal_body(a, beat_fields, COUNTOF(beat_fields), &b))
        return;
    pal_mask_text(a, b.version, sizeof(b.version), "heartbeat");
    pal_mask_text(a, b.message, sizeof(b.message), "heartbeat");
    if (a->who == PAL_AGENT) {
        pal_agent_beat(a, b.version, b.message);
        return;
    }
    text_copy(g->agent_version, sizeof(g->agent_version), b.version);
    g->beat_seen = true;
    g->last_beat = x->ctx->now;
    pal_gateway_settle(a->p, g, x->ctx->now, a->rp);
    pal_answer(a, 204, NULL);
}
