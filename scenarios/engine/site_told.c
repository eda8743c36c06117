/* What the gateway of a site is told of proxies, at first by the story, later by its acts; and whom
 * callers believe. */
#include "scenarios/engine/site_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

/* The user's browser is not under test, and must be able to take a pairing code. */
bool site_takes(const struct site *s, int caller, enum http_certificate which)
{
    (void)s;
    return caller == SITE_USER || http_certificate_is_good(which);
}

/* Nodes are handed no authority of a proxy by the reference (GP-83 lets it). */
bool site_takes_proxy(const struct site *s, int caller)
{
    return caller == SITE_USER || (caller == SITE_GATEWAY && s->trusts_proxy);
}

void site_config_proxy(struct site *s)
{
    struct gw_config *c = &s->gateway.config;

    text_copy(c->http_proxy, sizeof c->http_proxy, s->outfit.proxy);
    text_copy(c->https_proxy, sizeof c->https_proxy, s->outfit.proxy);
    text_copy(c->no_proxy, sizeof c->no_proxy, s->outfit.no_proxy);
}

/* Said before the gateway can do anything with it. */
static void say(struct site *s, const struct script_line *line, const char *params)
{
    struct event e;

    ev_init(&e, EV_ACT, s->now);
    ev_int_add(&e, EVF_LINE, line->number);
    ev_text_add(&e, EVF_VERB, line->text);
    ev_int_add(&e, EVF_FIRED, 1);
    if (*params != '\0')
        ev_text_add(&e, EVF_PARAMS, params);
    site_put(s, EVS_ENGINE, &e);
}

static void trust(struct site *s, const struct script_line *line)
{
    s->trusts_proxy = true;
    say(s, line, "");
    if (s->gateway.core != NULL && !s->gateway.frozen)
        site_gateway_reload(s);
}

bool site_told_act(struct site *s, const struct script_line *line)
{
    const bool runs = s->gateway.core != NULL;
    SCOPED(buf_drop) struct buf params = {0};

    if (text_is(line->verb->id, "gateway.told-trust")) {
        trust(s, line);
        return true;
    }
    if (runs)
        site_gateway_stop(s, &s->gateway);
    outfit_told(&s->outfit, line->n_args > 0 ? line->args[0] : NULL);
    site_secret_add(s, "proxy-password", s->outfit.password);
    buf_init(&params, EV_VALUE_MAX);
    outfit_params(&s->outfit, &params);
    say(s, line, buf_text(&params));
    site_config_proxy(s);
    if (runs)
        site_gateway_start(s, &s->gateway);
    return true;
}
