/* The System Private Gateway: a self-hosted Palette's own, there from the start without pairing,
 * and never in SaaS (GP-109 to GP-111). Whether it is eligible is seen, not believed: an account
 * that is to be bound to it is first tried through it, so that where it has no way to MAAS the user
 * is told so and nothing is kept. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

void pal_system_new(struct palette *p)
{
    struct pal_gateway *g;
    const char *secret = p->config.system_secret;

    if (!p->config.self_hosted)
        return;
    g = &p->gateways[p->n_gateways++];
    g->of = p;
    g->system = g->registered = true;
    pal_uid_make(p, g->uid);
    pal_uid_make(p, g->self_uid);
    text_copy(g->name, sizeof(g->name), PAL_SYSTEM_NAME);
    g->revision = 1;
    g->bound = secret[0] != '\0';
    digest_sha256(secret, strlen(secret), g->secret);
    memset(p->config.system_secret, 0, sizeof(p->config.system_secret));
}

struct pal_gateway *pal_system_gateway(struct palette *p)
{
    for (size_t i = 0; i < p->n_gateways; i++)
        if (p->gateways[i].system)
            return &p->gateways[i];
    return NULL;
}

/* POST /v1/overlords/vsphere/tenants/{tenantUid}/system: the tenant's system gateway, which is the
 * one there is; the path is spelled under vsphere for every cloud. */
void pal_system_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_gateway *g = pal_system_gateway(a->p);

    if (pal_no(a, PAL_NO_TENANT_UNKNOWN,
               !text_is(http_var(x->vars, "tenantUid"), a->p->tenant_uid)) ||
        pal_no(a, PAL_NO_SYSTEM_NOT_OFFERED, !g))
        return;
    text_copy(a->uid, sizeof(a->uid), g->uid);
    pal_answer_uid(a, g->uid);
}

/* POST /v1/clouds/maas/account/validate: no gateway is named, so that only Palette's own can ask.
 */
void pal_validate_direct(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = pal_system_gateway(a->p);
    struct pal_key at = {.n_subnets = 0};

    if (pal_body(a, pal_key_fields, pal_n_key_fields, &at) && pal_key_check(a, &at) &&
        !pal_no(a, PAL_NO_ACCOUNT_UNBOUND, !g))
        pal_query_ask(a, g, pal_query_validate(), "", &at);
}
