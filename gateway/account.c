/* The cloud account made at install (GP-39): look, make it if there is none, change it if the
 * launch configuration did. Whatever fails, the next thing is to look: so there never is a second
 * account, also when the answer to the first POST was lost. */
#include "gateway/inner.h"

#include "lib/base/text.h"

#define UNKNOWN "unknown" /* a digest that no configuration has */

static void config_digest(const struct gw *g, char out[GW_DIGEST_MAX])
{
    gw_digest(g, g->config.maas_url, g->config.maas_key, out);
}

static void next(struct gw *g, size_t i, enum gw_op op, ms_t due)
{
    g->errands[i].op = op;
    g->errands[i].due = due;
}

void gw_account_begin(struct gw *g)
{
    if (g->account_begun || !g->config.maas_url[0] || g->errands[GW_AT_ACCOUNT].ticket)
        return;
    g->account_begun = true;
    next(g, GW_AT_ACCOUNT, GW_OP_OVERLORD, g->now);
}

void gw_account_failed(struct gw *g, size_t i)
{
    g->errands[i].op = GW_OP_OVERLORD;
}

bool gw_overlord_done(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    char uid[GW_UID_MAX + 1], digest[GW_DIGEST_MAX];

    if (!gw_overlord_read(r, uid, sizeof uid))
        return false;
    config_digest(g, digest);
    if (!uid[0]) {
        /* noted first: an account whose making we do not live to see is not changed later */
        if (!text_is(digest, g->account_digest))
            gw_account_note(g, digest, fx);
        next(g, i, GW_OP_ACCOUNT_MAKE, g->now);
    } else if (!text_is(digest, g->account_digest)) {
        /* from now on, until it is answered, nobody knows which of the two Palette has */
        if (!text_is(g->account_digest, UNKNOWN))
            gw_account_note(g, UNKNOWN, fx);
        next(g, i, GW_OP_ACCOUNT_CHANGE, g->now);
    } else {
        g->errands[i].due = MS_NEVER;
    }
    return true;
}

bool gw_account_made(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    (void)r;
    gw_say(fx, GW_INFO, "cloud account '%s' is made", g->config.account_name);
    g->errands[i].due = MS_NEVER;
    return true;
}

bool gw_account_changed(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    char digest[GW_DIGEST_MAX];

    (void)r;
    g->errands[i].due = MS_NEVER;
    if (!g->account_begun) /* what was sent is what the configuration was before a reload */
        return true;
    config_digest(g, digest);
    gw_account_note(g, digest, fx);
    gw_say(fx, GW_INFO, "the cloud account has the new address and key");
    return true;
}
