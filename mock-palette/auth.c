/* Who calls, and whether this operation is open to them (profile GP-101: all else is 403). */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <string.h>

static bool admit_user(struct pal_ask *a, const char *api_key)
{
    uint8_t hash[SHA256_LEN];

    digest_sha256(api_key, strlen(api_key), hash);
    if (!digest_equal(hash, a->p->api_key, sizeof(hash))) {
        pal_refuse(a, 401, "Unauthorized", "The ApiKey is not known.");
        return false;
    }
    a->who = PAL_USER;
    if (a->route->flags & PAL_MAY_USER)
        return !(a->route->flags & PAL_OF_CLUSTER) || pal_cluster_in_scope(a);
    pal_refuse(a, 403, "Forbidden", "This operation is for gateways.");
    return false;
}

static const struct pal_token *token_find(const struct palette *p, const char *token)
{
    uint8_t hash[SHA256_LEN];

    digest_sha256(token, strlen(token), hash);
    /* a hash tells nothing by the time it takes to compare, so memcmp is good enough here */
    for (size_t i = 0; i < PAL_TOKENS_MAX; i++)
        if (p->tokens[i].until > 0 && memcmp(hash, p->tokens[i].hash, sizeof(hash)) == 0)
            return &p->tokens[i];
    return NULL;
}

bool palette_asked_by_gateway(const struct palette *p, const struct http_request *rq)
{
    char text[512];

    return http_header_get(&rq->headers, "Authorization", text, sizeof(text)) &&
           token_find(p, text) != NULL;
}

static bool has_own(const struct pal_ask *a)
{
    const char *uid = http_var(&a->vars, "uid");

    if (a->route->flags & PAL_OWN_UID)
        return text_is(uid, a->gateway->uid);
    if (a->route->flags & PAL_OWN_SELF)
        return text_is(uid, a->gateway->self_uid);
    return !(a->route->flags & PAL_OF_CLUSTER);
}

static bool admit_token(struct pal_ask *a, const char *text)
{
    const struct pal_token *t = token_find(a->p, text);
    uint8_t hash[SHA256_LEN];

    digest_sha256(text, strlen(text), hash);
    if (!t && pal_agent_admit(a, hash))
        return a->code[0] == '\0';
    if (!t) { /* no code: the gateway renews, as for an old one (GP-88) */
        pal_refuse(a, 401, "", "The token is not known.");
        return false;
    }
    a->who = PAL_GATEWAY;
    a->gateway = &a->p->gateways[t->gateway_i];
    text_copy(a->uid, sizeof(a->uid), a->gateway->uid);
    if (a->gateway->state == PAL_DELETED) {
        pal_refuse(a, 401, "CredentialRevoked", "The gateway was deleted.");
        return false;
    }
    if (a->ctx->now >= t->until && !a->ctx->parked_before) {
        pal_refuse(a, 401, "TokenExpired", "The token has expired.");
        return false;
    }
    if ((a->route->flags & PAL_MAY_GATEWAY) && has_own(a))
        return true;
    if ((a->route->flags & PAL_MAY_GATEWAY) && (a->route->flags & PAL_OF_CLUSTER))
        return pal_cluster_in_scope(a);
    pal_refuse(a, 403, "Forbidden", "The token is not good for this object.");
    return false;
}

bool pal_admit(struct pal_ask *a)
{
    char text[512];

    if (a->route->flags & PAL_MAY_ANYBODY)
        return true;
    if (http_header_get(&a->rq->headers, "ApiKey", text, sizeof(text)))
        return admit_user(a, text);
    if (http_header_get(&a->rq->headers, "Authorization", text, sizeof(text)))
        return admit_token(a, text);
    pal_refuse(a, 401, "", "An ApiKey or a token is needed.");
    return false;
}
