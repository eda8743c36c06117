/* Who calls, and whether this operation is open to them (profile GP-101: all else is 403). */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <string.h>

static bool admit_user(struct pal_ask *a, const char *api_key)
{
    uint8_t hash[SHA256_LEN];

    digest_sha256(api_key, strlen(api_key), hash);
    if (pal_no(a, PAL_NO_API_KEY, !digest_equal(hash, a->p->api_key, sizeof(hash))))
        return false;
    a->who = PAL_USER;
    if (pal_no(a, PAL_NO_USER_OP, !(a->route->flags & PAL_MAY_USER)))
        return false;
    return !(a->route->flags & PAL_OF_CLUSTER) || pal_cluster_in_scope(a);
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
    if (pal_no(a, PAL_NO_TOKEN_UNKNOWN, !t)) /* no code: the gateway renews, as for an old one */
        return false;
    a->who = PAL_GATEWAY;
    a->gateway = &a->p->gateways[t->gateway_i];
    text_copy(a->uid, sizeof(a->uid), a->gateway->uid);
    if (pal_no(a, PAL_NO_GATEWAY_REVOKED, a->gateway->state == PAL_DELETED))
        return false;
    if (pal_no(a, PAL_NO_TOKEN_EXPIRED, a->ctx->now >= t->until && !a->ctx->parked_before))
        return false;
    if ((a->route->flags & PAL_MAY_GATEWAY) && has_own(a))
        return true;
    if ((a->route->flags & PAL_MAY_GATEWAY) && (a->route->flags & PAL_OF_CLUSTER))
        return pal_cluster_in_scope(a);
    return !pal_no(a, PAL_NO_TOKEN_OBJECT, true);
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
    return !pal_no(a, PAL_NO_NO_CREDENTIAL, true);
}
