/* MAAS's check of OAuth 1.0, in its own order and with its own words (facts: piston3 in 3.7.3, and
 * recordings). Two traps are kept on purpose: a refused signature shows the right secret, and the
 * token need not belong to the consumer. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define HEADER_MAX   KIB(4)
#define TIME_SLACK_S 300 /* into the past only */

static const char *const needed[] = {"oauth_consumer_key",     "oauth_token",     "oauth_signature",
                                     "oauth_signature_method", "oauth_timestamp", "oauth_nonce"};

struct credentials {
    struct oauth o;
    bool beside; /* some stood in the query or the form: MAAS then breaks after the check */
    bool has_signature, has_consumer;
};

/* Where a parameter is kept. */
static const struct place {
    const char *name;
    size_t offset, size;
} places[] = {
#define PLACE(name, member)                                                                        \
    {                                                                                              \
        name, offsetof(struct oauth, member), sizeof(((struct oauth *)0)->member)                  \
    }
    PLACE("oauth_consumer_key", consumer_key), PLACE("oauth_token", token),
    PLACE("oauth_signature", signature),       PLACE("oauth_signature_method", signature_method),
    PLACE("oauth_timestamp", timestamp),       PLACE("oauth_nonce", nonce),
    PLACE("oauth_version", version),
#undef PLACE
};

static bool place_put(struct credentials *c, const char *name, const char *value)
{
    for (size_t i = 0; i < COUNTOF(places); i++) {
        if (!text_is(places[i].name, name))
            continue;
        text_copy((char *)&c->o + places[i].offset, places[i].size, value);
        c->has_signature |= text_is(name, "oauth_signature");
        c->has_consumer |= text_is(name, "oauth_consumer_key");
        return true;
    }
    return false;
}

/* --- refusals --------------------------------------------------------------------------------- */

static void unauthorised(struct maas_ask *a, const char *text)
{
    maas_raise(a, 401, MAAS_HTML, text);
    http_header_add(&a->rp->headers, "WWW-Authenticate", "OAuth realm=\"OAuth\"");
}

/* "Authorization Error: " and the sentence as %r prints it. Returns false. */
static bool refuse(struct maas_ask *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

static bool refuse(struct maas_ask *a, const char *fmt, ...)
{
    struct buf sentence SCOPED(buf_drop) = {0}, text SCOPED(buf_drop) = {0};
    va_list args;

    buf_init(&sentence, KIB(16));
    buf_init(&text, KIB(32));
    va_start(args, fmt);
    buf_vprintf(&sentence, fmt, args);
    va_end(args);
    buf_text_add(&text, "Authorization Error: ");
    py_repr(&text, buf_text(&sentence));
    unauthorised(a, buf_text(&text));
    return false;
}

static bool broken(struct maas_ask *a, int status, const char *text)
{
    maas_raise_text(a, status, text);
    return false;
}

/* --- are there credentials? ------------------------------------------------------------------- */

/* Each name somewhere in the raw header. "oauth_signature" is found in "oauth_signature_method". */
static bool header_has_all(const char *header)
{
    for (size_t i = 0; i < COUNTOF(needed); i++)
        if (!strstr(header, needed[i]))
            return false;
    return true;
}

static bool pairs_have_all(const struct pairs *p)
{
    for (size_t i = 0; i < COUNTOF(needed); i++)
        if (!pairs_find(p, needed[i]))
            return false;
    return true;
}

/* --- reading them ----------------------------------------------------------------------------- */

static void trim(const char **begin, size_t *len, const char *set)
{
    while (*len > 0 && strchr(set, **begin)) {
        (*begin)++;
        (*len)--;
    }
    while (*len > 0 && strchr(set, (*begin)[*len - 1]))
        (*len)--;
}

/* One part between commas: name=value, quotes optional. A part with "realm" in it is dropped. */
static bool part_read(struct credentials *c, const char *part, size_t len)
{
    struct buf value SCOPED(buf_drop) = {0};
    char text[HEADER_MAX], name[64];
    const char *is, *begin;

    if (!text_copy_len(text, sizeof(text), part, len))
        return false;
    if (strstr(text, "realm"))
        return true;
    is = strchr(text, '=');
    if (!is)
        return false;
    begin = text;
    len = (size_t)(is - text);
    trim(&begin, &len, " \t");
    text_copy_len(name, sizeof(name), begin, len);
    begin = is + 1;
    len = strlen(begin);
    trim(&begin, &len, " \t");
    trim(&begin, &len, "\"");
    buf_init(&value, HEADER_MAX);
    if (!url_decode(&value, begin, len, false))
        buf_add(&value, begin, len);
    place_put(c, name, buf_text(&value));
    return true;
}

static bool header_read(struct credentials *c, const char *header)
{
    const char *rest = header + strlen("OAuth ");

    for (;;) {
        const size_t len = strcspn(rest, ",");

        if (!part_read(c, rest, len))
            return false;
        if (rest[len] == '\0')
            return true;
        rest += len + 1;
    }
}

static void pairs_merge(struct credentials *c, const struct pairs *p)
{
    for (size_t i = 0; i < p->n; i++)
        c->beside |= place_put(c, p->at[i].name, p->at[i].value);
}

/* --- the checks, in MAAS's order -------------------------------------------------------------- */

static bool consumer_is_known(const struct maas *m, const char *key)
{
    for (size_t i = 0; i < m->rest.n_tokens; i++)
        if (!m->rest.tokens[i].gone && text_is(m->rest.tokens[i].consumer, key))
            return true;
    return false;
}

static const struct maas_token *by_token(const struct maas *m, const char *key)
{
    for (size_t i = 0; i < m->rest.n_tokens; i++)
        if (!m->rest.tokens[i].gone && text_is(m->rest.tokens[i].token, key))
            return &m->rest.tokens[i];
    return NULL;
}

/* A machine's own key opens the metadata service and nothing else. */
static const struct maas_machine *by_node(struct maas_ask *a, const struct oauth *o,
                                          struct maas_token *ret)
{
    const bool door = a->route && (a->route->flags & MAAS_NODE);
    const struct maas_machine *one = door ? maas_node_of_token(a->m, o->token, ret) : NULL;

    return one && text_is(ret->consumer, o->consumer_key) ? one : NULL;
}

/* Wall clock of this MAAS: on clock wall it goes at the pace of the processes, not of the domain.
 */
static int64_t now_s(const struct maas_ask *a)
{
    return a->m->config.epoch_s + a->ctx->now / 1000 / a->m->config.factor;
}

static bool timestamp_fine(struct maas_ask *a, const char *text)
{
    struct buf said SCOPED(buf_drop) = {0};
    int64_t given = 0;

    if (!*text)
        return broken(a, 400, "'Bad Request: Missing timestamp.'");
    if (!text_int(text, INT64_MIN / 2, INT64_MAX / 2, &given)) {
        buf_init(&said, KIB(1));
        buf_text_add(&said, "invalid literal for int() with base 10: ");
        py_repr(&said, text);
        return broken(a, 500, buf_text(&said));
    }
    if (now_s(a) - given > TIME_SLACK_S)
        return refuse(a,
                      "Expired timestamp: given %" PRId64 " and now %" PRId64
                      ", has a greater difference than threshold %d",
                      given, now_s(a), TIME_SLACK_S);
    return true;
}

/* What the signature should be, and the text it is made over. */
static void plaintext_expected(const struct maas_token *user, struct buf *base)
{
    buf_printf(base, "&%s", user->secret);
}

static bool hmac_expected(const struct maas_ask *a, const struct credentials *c,
                          const struct maas_token *user, struct buf *base, char *out, size_t size)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct url u;

    buf_init(&text, URL_MAX);
    buf_printf(&text, "%s://%s%s", a->ctx->scheme, a->ctx->authority, a->rq->path);
    if (url_read(buf_text(&text), &u, NULL) < 0)
        return false;
    oauth_base_string(base, a->rq->method, &u, &a->query, &a->form, &c->o);
    oauth_hmac_sha1(buf_text(base), user->secret, out, size);
    return true;
}

static bool signature_fine(struct maas_ask *a, const struct credentials *c,
                           const struct maas_token *user)
{
    const bool hmac = text_is(c->o.signature_method, "HMAC-SHA1");
    struct buf base SCOPED(buf_drop) = {0};
    char wanted[OAUTH_TEXT_MAX + 1] = "";

    if (!hmac && !text_is(c->o.signature_method, "PLAINTEXT"))
        return refuse(a,
                      "Signature method %s not supported try one of the following: "
                      "PLAINTEXT, HMAC-SHA1",
                      c->o.signature_method);
    if (!c->has_signature)
        return refuse(a, "Missing signature.");
    buf_init(&base, KIB(16));
    if (!hmac) {
        plaintext_expected(user, &base);
        text_copy(wanted, sizeof(wanted), buf_text(&base));
    } else if (!hmac_expected(a, c, user, &base, wanted, sizeof(wanted))) {
        return broken(a, 400, "Bad Request");
    }
    if (text_is(c->o.signature, wanted))
        return true;
    return refuse(a, "Invalid signature. Expected signature base string: %s", buf_text(&base));
}

static bool verify(struct maas_ask *a, const struct credentials *c, uint64_t *ret_nonce)
{
    const uint64_t mark = maas_nonce_mark(&c->o);
    struct maas_token own;
    const struct maas_machine *node = by_node(a, &c->o, &own);
    const struct maas_token *token = node ? &own : by_token(a->m, c->o.token);

    if (!node && !consumer_is_known(a->m, c->o.consumer_key)) {
        unauthorised(a, "Authorization Error: Invalid API key.");
        return false;
    }
    if (!token)
        return refuse(a, "Invalid access token: %s", c->o.token);
    if (!timestamp_fine(a, c->o.timestamp))
        return false;
    if (maas_nonce_used(a->m, mark))
        return refuse(a, "Nonce already used: %s", c->o.nonce);
    if (!signature_fine(a, c, token))
        return false;
    if (c->beside)
        return broken(a, 500, "dictionary changed size during iteration");
    a->node = node;
    a->user = node ? NULL : &a->m->rest.accounts[token->account];
    *ret_nonce = mark;
    return !a->user || !a->user->inactive ||
           broken(a, 403, "User is not allowed access to this API.");
}

bool maas_authenticate(struct maas_ask *a, uint64_t *ret_nonce)
{
    struct credentials c = {.beside = false};
    char header[HEADER_MAX] = "";
    bool in_header;

    http_header_get(&a->rq->headers, "Authorization", header, sizeof(header));
    in_header = header_has_all(header);
    if (!in_header && !pairs_have_all(&a->query) && !pairs_have_all(&a->form)) {
        if (a->route && (a->route->flags & MAAS_OPEN))
            return true;
        if (a->twin) /* its anonymous twin is asked instead, and knows no op */
            maas_unrecognised(a);
        else
            maas_return(a, 401, MAAS_PLAIN, "Forbidden"); /* piston's word for it; no challenge */
        return false;
    }
    if (in_header && text_begins(header, "OAuth ")) {
        if (!header_read(&c, header))
            return refuse(a, "Unable to parse OAuth parameters from Authorization header.");
    } else if (in_header && a->query.n == 0 && a->form.n == 0) {
        return broken(a, 500, "'NoneType' object has no attribute 'verify_request'");
    }
    pairs_merge(&c, &a->query);
    pairs_merge(&c, &a->form);
    if (!c.has_consumer)
        return refuse(a, "Parameter not found: oauth_consumer_key");
    return verify(a, &c, ret_nonce);
}
