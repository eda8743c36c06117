/* Who the gateway is: a secret that is durable before the first call, and a pairing code that is
 * spent once (GP-30, GP-32, GP-36). */
#include "gateway/inner.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <string.h>

#define DIGEST_TEXT_MAX (GW_SECRET_MAX + GW_URL_MAX + GW_SECRET_MAX * 3)

struct identity { /* kept as the record "identity" */
    char secret[GW_SECRET_MAX];
};

static const struct jx_field identity_fields[] = {
    JX_TEXT(struct identity, secret, JX_MUST),
};
static const struct jx_field pairing_fields[] = {
    JX_TEXT(struct gw_pairing, code, JX_SKIP_EMPTY),
    JX_TEXT(struct gw_pairing, digest, JX_MUST),
    JX_BOOL(struct gw_pairing, enrolled, "enrolled", JX_MUST),
};

enum found { NOT_THERE, FOUND, UNREADABLE };

static enum found record_read(const struct gw_event *event, const char *key,
                              const struct jx_field *fields, size_t n, void *out)
{
    for (size_t i = 0; i < event->n_records; i++) {
        const struct gw_record *r = &event->records[i];

        if (text_is(r->key, key))
            return jx_read(r->bytes, r->len, fields, n, 0, out, NULL) < 0 ? UNREADABLE : FOUND;
    }
    return NOT_THERE;
}

void gw_digest(const struct gw *g, const char *a, const char *b, char out[GW_DIGEST_MAX])
{
    struct buf text SCOPED(buf_drop);
    uint8_t sum[SHA256_LEN];

    buf_init(&text, DIGEST_TEXT_MAX + 2);
    buf_printf(&text, "%s\n%s\n%s", g->secret, a, b);
    digest_sha256(buf_text(&text), text.len, sum);
    text_hex(sum, sizeof sum, out);
}

static void pairing_persist(const struct gw *g, struct gw_effects *fx)
{
    gw_persist(fx, "pairing", pairing_fields, COUNTOF(pairing_fields), &g->pairing);
}

/* The code of the launch configuration takes the place of the one before. */
static void code_take(struct gw *g, const char *digest, struct gw_effects *fx)
{
    const bool fits = text_copy(g->pairing.code, sizeof g->pairing.code, g->config.pairing_code) &&
                      text_copy(g->pairing.digest, sizeof g->pairing.digest, digest);

    assert(fits);
    g->pairing.enrolled = false;
    pairing_persist(g, fx);
}

static bool code_is_new(const struct gw *g, char digest[GW_DIGEST_MAX])
{
    gw_digest(g, g->config.pairing_code, "", digest);
    return g->config.pairing_code[0] && !text_is(digest, g->pairing.digest);
}

static bool secret_start(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    struct identity id = {0};
    const enum found found =
        record_read(event, "identity", identity_fields, COUNTOF(identity_fields), &id);
    const char *given = g->config.given_secret;

    if (found == UNREADABLE && !given[0]) {
        gw_say(fx, GW_ERROR,
               "the state directory's identity cannot be read; restore it, or empty the directory "
               "and bring a new pairing code");
        return false;
    }
    if (given[0] ? !text_is(given, id.secret) : !id.secret[0]) {
        if (given[0])
            memcpy(id.secret, given, sizeof id.secret);
        else
            text_base64url(event->entropy, sizeof event->entropy, id.secret);
        gw_persist(fx, "identity", identity_fields, COUNTOF(identity_fields), &id);
    }
    memcpy(g->secret, id.secret, sizeof g->secret);
    return true;
}

bool gw_identity_start(struct gw *g, const struct gw_event *event, struct gw_effects *fx)
{
    char digest[GW_DIGEST_MAX];

    if (!secret_start(g, event, fx))
        return false;
    if (record_read(event, "pairing", pairing_fields, COUNTOF(pairing_fields), &g->pairing) ==
        UNREADABLE)
        gw_say(fx, GW_WARNING,
               "the note about the pairing code cannot be read and is written anew");
    if (!g->pairing.enrolled && code_is_new(g, digest))
        code_take(g, digest, fx);
    return true;
}

void gw_identity_enrolled(struct gw *g, bool registered, struct gw_effects *fx)
{
    if (g->pairing.enrolled) {
        if (g->token_n == 1)
            gw_say(fx, GW_INFO, "Palette knows this gateway from before");
        return;
    }
    g->pairing.enrolled = true;
    if (registered)
        memset(g->pairing.code, 0, sizeof g->pairing.code);
    pairing_persist(g, fx);
    gw_say(fx, GW_INFO, "enrolled with Palette");
}

void gw_pairing_done(struct gw *g, struct gw_effects *fx)
{
    if (!g->pairing.code[0])
        return;
    memset(g->pairing.code, 0, sizeof g->pairing.code);
    pairing_persist(g, fx);
}

bool gw_identity_renewed_code(struct gw *g, struct gw_effects *fx)
{
    char digest[GW_DIGEST_MAX];

    if (!code_is_new(g, digest))
        return false;
    code_take(g, digest, fx);
    gw_say(fx, GW_INFO, "a pairing code not used before is there: enrolling anew");
    return true;
}

/* --- the account's note (GP-39) --------------------------------------------------------------- */

struct account_note {
    char digest[GW_DIGEST_MAX];
};

static const struct jx_field account_fields[] = {
    JX_TEXT(struct account_note, digest, JX_MUST),
};

void gw_account_note_read(struct gw *g, const struct gw_event *event)
{
    struct account_note note = {0};

    /* an unreadable note is like none: the account is then given its key and address again */
    if (record_read(event, "account", account_fields, COUNTOF(account_fields), &note) == FOUND)
        memcpy(g->account_digest, note.digest, sizeof g->account_digest);
}

void gw_account_note(struct gw *g, const char *digest, struct gw_effects *fx)
{
    struct account_note note = {0};
    const bool fits = text_copy(note.digest, sizeof note.digest, digest);

    assert(fits);
    memcpy(g->account_digest, note.digest, sizeof g->account_digest);
    gw_persist(fx, "account", account_fields, COUNTOF(account_fields), &note);
}
