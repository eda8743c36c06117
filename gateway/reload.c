/* The launch configuration, read again (GP-15): what is new in it holds from now on. Calls in
 * flight end as they began. Who this gateway is, and which Palette it belongs to, does not change.
 */
#include "gateway/inner.h"

#include "lib/base/text.h"

#include <string.h>

/* GP-26: once for a configuration, because there is one Palette. */
bool gw_proxy_decide(struct gw *g)
{
    const char *proxy = proxy_for(g->config.https_proxy, g->config.no_proxy, g->config.palette_url);
    struct url u;

    g->proxy[0] = '\0';
    return !*proxy ||
           (proxy_read(proxy, &u, NULL) == 0 && text_copy(g->proxy, sizeof g->proxy, proxy));
}

/* A code that was not used before is what a gateway without an identity waits for. */
static void code_look(struct gw *g, struct gw_effects *fx)
{
    struct gw_errand *e = &g->errands[GW_AT_CREDENTIAL];

    if (g->pairing.enrolled && !g->ended)
        return;
    if (gw_identity_renewed_code(g, fx) && e->ticket == 0)
        e->due = g->now;
}

/* GP-39. One that is being looked at or changed is looked at again after the next heartbeat. */
static void account_look(struct gw *g)
{
    g->account_begun = false;
    if (g->registered && g->beat_at != GW_LONG_AGO)
        gw_account_begin(g);
}

void gw_reload(struct gw *g, const struct gw_config *config, struct gw_effects *fx)
{
    const bool account = !text_is(g->config.maas_url, config->maas_url) ||
                         !text_is(g->config.maas_key, config->maas_key);

    assert(text_is(g->config.palette_url, config->palette_url) &&
           text_is(g->config.pcg_uid, config->pcg_uid));
    g->config = *config;
    if (!gw_proxy_decide(g)) { /* whoever read the configuration let it through: nothing leaves */
        gw_say(fx, GW_ERROR, "the proxy towards Palette cannot be used as it is written");
        gw_exit(g, fx, 1);
        return;
    }
    if (config->given_secret[0] && !text_is(config->given_secret, g->secret))
        gw_say(fx, GW_WARNING, "the gateway secret is another one: it counts from the next start");
    if (account)
        account_look(g);
    code_look(g, fx);
}
