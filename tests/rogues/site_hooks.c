/* What a rogue's program does beside its core, done for it in the simulator: it reads a stray
 * variable, takes any certificate, listens as a relay. */
#include "tests/rogues/rogue.h"

#include "lib/base/text.h"
#include "scenarios/engine/site_private.h"

#include <string.h>

bool __real_site_takes(const struct site *s, int caller, enum http_certificate which);
bool __wrap_site_takes(const struct site *s, int caller, enum http_certificate which);
bool __real_site_takes_proxy(const struct site *s, int caller);
bool __wrap_site_takes_proxy(const struct site *s, int caller);
void __real_site_conn_break(struct site *s, struct site_conn *conn);
void __wrap_site_conn_break(struct site *s, struct site_conn *conn);
void __real_site_config_proxy(struct site *s);
void __wrap_site_config_proxy(struct site *s);
void __real_site_proxy_init(struct site *s, const struct script *script);
void __wrap_site_proxy_init(struct site *s, const struct script *script);

void __wrap_site_conn_break(struct site *s, struct site_conn *conn)
{
    if (text_is(s->rogue, ROGUE_HASTY) && s->gateway.core && conn->caller == SITE_GATEWAY &&
        conn->via)
        gw_rogue_state(s->gateway.core)->flag = true;
    __real_site_conn_break(s, conn);
}

static bool takes_all(const struct site *s, int caller)
{
    return caller == SITE_GATEWAY && s->gateway.core && text_begins(s->rogue, ROGUE_TRUSTING) &&
           gw_rogue_state(s->gateway.core)->acted;
}

/* TLS 1.1 it cannot speak, however much it trusts. */
bool __wrap_site_takes(const struct site *s, int caller, enum http_certificate which)
{
    return __real_site_takes(s, caller, which) ||
           (takes_all(s, caller) && which != HTTP_CERT_OLD_PROTOCOL);
}

bool __wrap_site_takes_proxy(const struct site *s, int caller)
{
    return __real_site_takes_proxy(s, caller) || takes_all(s, caller);
}

void __wrap_site_config_proxy(struct site *s)
{
    struct gw_config *c = &s->gateway.config;

    __real_site_config_proxy(s);
    for (size_t i = 0; i < s->outfit.n_strays && !c->https_proxy[0]; i++)
        if (text_begins(s->rogue, ROGUE_STRAY) && text_begins(s->outfit.strays[i], "HTTPS_PROXY="))
            (void)text_copy(c->no_proxy, sizeof c->no_proxy, strchr(s->outfit.strays[i], '=') + 1);
}

void __wrap_site_proxy_init(struct site *s, const struct script *script)
{
    __real_site_proxy_init(s, script);
    if (!text_begins(s->rogue, ROGUE_RELAY) || s->proxy.n == SITE_PROXIES_MAX)
        return;
    s->proxy.at[s->proxy.n].host = lab_role(s->lab, "gateway");
    s->proxy.at[s->proxy.n++].port = ROGUE_RELAY_PORT;
    s->proxy.rules = (struct proxy_rules){.n_ports = 1, .ports = {443}};
}
