/* Who calls, and whether this operation is open to them (profile GP-101: all else is 403). */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

static bool user_may(struct pal_ask *a)
{
    if (pal_no(a, PAL_NO_USER_OP, !(a->route->flags & PAL_MAY_USER)) || !pal_project_admit(a))
        return false;
    return !(a->route->flags & PAL_OF_CLUSTER) || pal_cluster_in_scope(a);
}

static bool is_user(const struct palette *p, const uint8_t hash[SHA256_LEN])
{
    return digest_equal(hash, p->colleague_key, SHA256_LEN) ||
           (digest_equal(hash, p->api_key, SHA256_LEN) && !p->user_disabled);
}

static bool admit_user(struct pal_ask *a, const char *api_key)
{
    uint8_t hash[SHA256_LEN];

    digest_sha256(api_key, strlen(api_key), hash);
    if (pal_no(a, PAL_NO_API_KEY, !is_user(a->p, hash)))
        return false;
    a->who = PAL_USER;
    return user_may(a);
}

bool palette_asked_by_gateway(const struct palette *p, const struct http_request *rq)
{
    char text[512];
    uint8_t hash[SHA256_LEN];

    if (!http_header_get(&rq->headers, "Authorization", text, sizeof(text)))
        return false;
    digest_sha256(text, strlen(text), hash);
    return pal_token_find(p, hash) != NULL;
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
    const struct pal_token *t;
    uint8_t hash[SHA256_LEN];

    digest_sha256(text, strlen(text), hash);
    t = pal_token_find(a->p, hash);
    if (!t && pal_session_admit(a, hash))
        return a->code[0] == '\0' && user_may(a);
    if (!t && pal_agent_admit(a, hash))
        return a->code[0] == '\0';
    if (pal_no(a, PAL_NO_TOKEN_UNKNOWN, !t)) /* no code: the gateway renews, as for an old one */
        return false;
    a->who = PAL_GATEWAY;
    a->token = t;
    a->gateway = &a->p->gateways[t->gateway_i];
    text_copy(a->uid, sizeof(a->uid), a->gateway->uid);
    if (pal_no(a, PAL_NO_GATEWAY_REVOKED, a->gateway->state == PAL_DELETED || t->revoked))
        return false;
    if (pal_no(a, PAL_NO_TOKEN_EXPIRED, a->ctx->now >= t->until && !a->ctx->parked_before))
        return false;
    if ((a->route->flags & PAL_MAY_GATEWAY) && has_own(a))
        return pal_lease_admit(a);
    if ((a->route->flags & PAL_MAY_GATEWAY) && (a->route->flags & PAL_OF_CLUSTER))
        return pal_lease_admit(a) && pal_cluster_in_scope(a);
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
