/* A user's sessions: e-mail and password for a token that lives a quarter of an hour, and a new one
 * for an old one. The token is sent raw, as gateways send theirs. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct login {
    char email[128], password[128], org[128];
};
static const struct jx_field login_fields[] = {
    JX_TEXT_AS(struct login, email, "emailId", 0),
    JX_TEXT(struct login, password, 0),
    JX_TEXT(struct login, org, 0),
};

/* --- what a Palette has besides --------------------------------------------------------------- */

void pal_public_new(struct palette *p)
{
    struct pal_public *pub = calloc(1, sizeof(*pub));
    struct pal_doc *d;

    if (!pub)
        WRONG("out of memory");
    p->pub = pub;
    digest_sha256(p->config.user_password, strlen(p->config.user_password), pub->password);
    memset(p->config.user_password, 0, sizeof(p->config.user_password));
    d = &pub->docs[pub->n_docs++];
    d->kind = PAL_DOC_PROJECT;
    pal_uid_make(p, d->uid);
    text_copy(d->name, sizeof(d->name), PAL_DEFAULT_PROJECT);
}

void pal_public_free(struct palette *p)
{
    for (size_t i = 0; i < p->pub->n_docs; i++)
        pal_doc_remove(&p->pub->docs[i]);
    for (size_t i = 0; i < PAL_NOTES_MAX; i++)
        free(p->pub->notes[i].message);
    free(p->pub);
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* The place that is free, or whose session ends first. */
static struct pal_session *place(struct pal_public *pub)
{
    struct pal_session *s = &pub->sessions[0];

    for (size_t i = 1; i < PAL_SESSIONS_MAX; i++)
        if (pub->sessions[i].until < s->until)
            s = &pub->sessions[i];
    return s;
}

static struct pal_session *session_find(struct pal_public *pub, const uint8_t hash[SHA256_LEN])
{
    for (size_t i = 0; i < PAL_SESSIONS_MAX; i++)
        if (pub->sessions[i].until > 0 && memcmp(pub->sessions[i].hash, hash, SHA256_LEN) == 0)
            return &pub->sessions[i];
    return NULL;
}

/* Three parts as a JWT has them; only this Palette reads it, and only as a whole. */
static void token_answer(struct pal_ask *a, bool cookie)
{
    static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    struct pal_session *s = place(a->p->pub);
    struct buf body SCOPED(buf_drop) = {0};
    char part[64], secret[80], token[160], line[256];

    pal_token_make(a->p, secret, sizeof(secret));
    text_base64url(head, strlen(head), part);
    snprintf(token, sizeof(token), "%s.e30.%s", part, secret + strlen("gpt-"));
    digest_sha256(token, strlen(token), s->hash);
    s->until = a->ctx->now + PAL_SESSION_LIFE_MS;
    buf_init(&body, KIB(1));
    buf_printf(&body, "{\"Authorization\":\"%s\",\"isMfa\":false}", token);
    pal_answer(a, 200, buf_text(&body));
    if (!cookie)
        return;
    snprintf(line, sizeof(line), "Authorization=%s; Path=/; Secure; HttpOnly", token);
    http_header_add(&a->rp->headers, "Set-Cookie", line);
}

bool pal_session_admit(struct pal_ask *a, const uint8_t hash[SHA256_LEN])
{
    const struct pal_session *s = session_find(a->p->pub, hash);

    if (!s)
        return false;
    a->who = PAL_USER;
    pal_no(a, PAL_NO_TOKEN_EXPIRED, a->ctx->now >= s->until && !a->ctx->parked_before);
    return true;
}

/* --- the operations --------------------------------------------------------------------------- */

static bool password_fits(const struct palette *p, const struct login *l)
{
    uint8_t hash[SHA256_LEN];

    digest_sha256(l->password, strlen(l->password), hash);
    return p->config.user_email[0] && text_is_nocase(p->config.user_email, l->email) &&
           digest_equal(hash, p->pub->password, sizeof(hash));
}

/* POST /v1/auth/authenticate?setCookie=true */
void pal_authenticate(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct login l = {.email = ""};
    struct pairs query = {0};
    bool cookie, read;

    read = pal_body(a, login_fields, COUNTOF(login_fields), &l);
    if (!read || pal_no(a, PAL_NO_PASSWORD, !password_fits(a->p, &l)))
        return;
    a->who = PAL_USER;
    cookie = pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0 &&
             text_is(pairs_find(&query, "setCookie"), "true");
    pairs_drop(&query);
    token_answer(a, cookie);
}

/* GET /v1/auth/refresh/{token}: the old one lives on for its time. */
void pal_refresh(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const char *token = http_var(x->vars, "token");
    uint8_t hash[SHA256_LEN];

    digest_sha256(token, strlen(token), hash);
    if (pal_no(a, PAL_NO_SESSION_UNKNOWN, !pal_session_admit(a, hash)))
        return;
    if (a->code[0] == '\0')
        token_answer(a, false);
}

/* GET /v1/users/meta */
void pal_users_meta(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    const char *email = a->p->config.user_email;

    buf_init(&body, KIB(4));
    buf_text_add(&body, "{\"items\":[{");
    pal_member(&body, "emailId", email[0] ? email : "admin@palette.example");
    buf_printf(&body, ",\"name\":\"Admin\",\"uid\":\"%.12s%.12s\"}]}", a->p->tenant_uid + 12,
               a->p->tenant_uid);
    pal_answer(a, 200, buf_text(&body));
}
