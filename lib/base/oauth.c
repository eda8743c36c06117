#include "lib/base/oauth.h"
#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <openssl/evp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct parameter {
    const char *name;
    size_t offset, size;
    bool is_coded; /* percent-coded; realm is a plain quoted text */
    bool is_signed;
} parameters[] = {
#define ROW(text, member, coded, in_base) \
    { text, offsetof(struct oauth, member), sizeof(((struct oauth *)0)->member), coded, in_base }
    ROW("realm",                  realm,            false, false),
    ROW("oauth_version",          version,          true,  true),
    ROW("oauth_consumer_key",     consumer_key,     true,  true),
    ROW("oauth_token",            token,            true,  true),
    ROW("oauth_signature_method", signature_method, true,  true),
    ROW("oauth_signature",        signature,        true,  false),
    ROW("oauth_timestamp",        timestamp,        true,  true),
    ROW("oauth_nonce",            nonce,            true,  true),
#undef ROW
};
/* clang-format on */

static size_t blanks(const char *text)
{
    return strspn(text, " \t");
}

/* One name="value" or name=value at *cursor; the cursor is left behind it. */
static bool parameter_split(const char **cursor, const char **ret_name, size_t *ret_name_len,
                            const char **ret_value, size_t *ret_value_len)
{
    const char *at = *cursor;
    const size_t name_len = strcspn(at, "= \t,\"");
    bool quoted;

    if (name_len == 0 || at[name_len] != '=')
        return false;
    *ret_name = at;
    *ret_name_len = name_len;
    at += name_len + 1;
    quoted = *at == '"';
    at += quoted;
    *ret_value = at;
    *ret_value_len = strcspn(at, quoted ? "\"" : ", \t\"");
    at += *ret_value_len;
    if (quoted && *at++ != '"')
        return false;
    *cursor = at;
    return true;
}

static int parameter_take(struct oauth *o, size_t i, const char *value, size_t len, struct err *e)
{
    const struct parameter *p = &parameters[i];
    struct buf text;
    bool fine;

    buf_init(&text, p->size - 1);
    fine = true;
    if (p->is_coded)
        fine = url_decode(&text, value, len, false);
    else
        buf_add(&text, value, len);
    fine = fine && !text.full;
    if (fine)
        (void)text_copy((char *)o + p->offset, p->size, buf_text(&text));
    buf_drop(&text);
    if (!fine)
        return err_set(e, -EINVAL, "OAuth header: %s is too long or badly percent-coded", p->name);
    return 0;
}

static size_t parameter_find(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < COUNTOF(parameters); i++)
        if (strlen(parameters[i].name) == len && memcmp(parameters[i].name, name, len) == 0)
            break;
    return i;
}

static int oauth_read_one(const char **cursor, struct oauth *o, unsigned *seen, struct err *e)
{
    const char *name, *value;
    size_t name_len, value_len, i;

    if (!parameter_split(cursor, &name, &name_len, &value, &value_len))
        return err_set(e, -EINVAL, "OAuth header: want name=\"value\" separated by commas");
    i = parameter_find(name, name_len);
    if (i == COUNTOF(parameters))
        return 0;
    if (*seen & BIT(i))
        return err_set(e, -EINVAL, "OAuth header: %s comes twice", parameters[i].name);
    *seen |= (unsigned)BIT(i);
    return parameter_take(o, i, value, value_len, e);
}

int oauth_read(const char *header, struct oauth *ret, struct err *e)
{
    struct oauth o = {0};
    unsigned seen = 0;

    header += blanks(header);
    if (strncasecmp(header, "OAuth", 5) != 0 || blanks(header + 5) == 0)
        return err_set(e, -EINVAL, "Authorization header: the scheme is not OAuth");
    header += 5;
    header += blanks(header);
    while (*header != '\0') {
        const int r = oauth_read_one(&header, &o, &seen, e);
        if (r < 0)
            return r;
        header += blanks(header);
        if (*header != '\0' && *header != ',')
            return err_set(e, -EINVAL, "OAuth header: want a comma between parameters");
        header += strspn(header, ", \t");
    }
    *ret = o;
    return 0;
}

static void parameter_write(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, ", %s=\"", name);
    url_encode(out, value);
    buf_char_add(out, '"');
}

void oauth_plaintext_write(struct buf *out, const char *consumer_key, const char *token,
                           const char *token_secret, int64_t timestamp_s, const char *nonce)
{
    struct buf signature;
    char when[24];

    /* consumer secret "", '&', token secret: coded once as a key and again as a parameter */
    buf_init(&signature, 3 * OAUTH_TEXT_MAX + 1);
    buf_char_add(&signature, '&');
    url_encode(&signature, token_secret);
    snprintf(when, sizeof when, "%lld", (long long)timestamp_s);
    buf_text_add(out, "OAuth oauth_version=\"1.0\"");
    parameter_write(out, "oauth_signature_method", "PLAINTEXT");
    parameter_write(out, "oauth_consumer_key", consumer_key);
    parameter_write(out, "oauth_token", token);
    parameter_write(out, "oauth_signature", buf_text(&signature));
    parameter_write(out, "oauth_timestamp", when);
    parameter_write(out, "oauth_nonce", nonce);
    buf_drop(&signature);
}

#define SIGNED_MAX      (2 * PAIRS_MAX + COUNTOF(parameters))
#define SIGNED_TEXT_MAX MIB(16) /* coded bytes of all parameters: three times the largest body */

struct coded { /* RFC 5849 3.4.1.3.2: coded first, then sorted by name, then by value */
    char *name, *value;
};

static int coded_compare(const void *a, const void *b)
{
    const struct coded *x = a, *y = b;
    const int by_name = strcmp(x->name, y->name);

    return by_name ? by_name : strcmp(x->value, y->value);
}

static char *coded_text(const char *text)
{
    struct buf out;

    buf_init(&out, SIGNED_TEXT_MAX);
    url_encode(&out, text);
    return buf_steal(&out);
}

static void coded_add(struct coded *all, size_t *n, const char *name, const char *value)
{
    assert(*n < SIGNED_MAX);
    all[*n].name = coded_text(name);
    all[*n].value = coded_text(value);
    (*n)++;
}

static void coded_pairs_add(struct coded *all, size_t *n, const struct pairs *p)
{
    size_t i;

    for (i = 0; p && i < p->n; i++)
        coded_add(all, n, p->at[i].name, p->at[i].value);
}

static void coded_oauth_add(struct coded *all, size_t *n, const struct oauth *o)
{
    size_t i;

    for (i = 0; i < COUNTOF(parameters); i++) {
        const char *value = (const char *)o + parameters[i].offset;
        if (parameters[i].is_signed && value[0] != '\0')
            coded_add(all, n, parameters[i].name, value);
    }
}

void oauth_base_string(struct buf *out, const char *method, const struct url *u,
                       const struct pairs *query, const struct pairs *form, const struct oauth *o)
{
    struct coded all[SIGNED_MAX];
    struct buf part;
    size_t n = 0, i;

    buf_init(&part, SIGNED_TEXT_MAX);
    url_origin_write(u, &part);
    buf_text_add(&part, u->path[0] != '\0' ? u->path : "/");
    for (i = 0; method[i] != '\0'; i++)
        buf_char_add(out,
                     (char)(method[i] >= 'a' && method[i] <= 'z' ? method[i] - 32 : method[i]));
    buf_char_add(out, '&');
    url_encode(out, buf_text(&part));
    buf_char_add(out, '&');

    coded_pairs_add(all, &n, query);
    coded_pairs_add(all, &n, form);
    coded_oauth_add(all, &n, o);
    qsort(all, n, sizeof all[0], coded_compare);
    buf_clear(&part);
    for (i = 0; i < n; i++) {
        buf_printf(&part, "%s%s=%s", i > 0 ? "&" : "", all[i].name, all[i].value);
        free(all[i].name);
        free(all[i].value);
    }
    url_encode(out, buf_text(&part));
    buf_drop(&part);
}

void oauth_hmac_sha1(const char *base_string, const char *token_secret, char *out, size_t size)
{
    uint8_t mac[SHA1_LEN];
    struct buf key;

    assert(size >= 32);
    buf_init(&key, 3 * OAUTH_TEXT_MAX + 1);
    buf_char_add(&key, '&');
    url_encode(&key, token_secret);
    digest_hmac_sha1(buf_text(&key), key.len, base_string, strlen(base_string), mac);
    buf_drop(&key);
    EVP_EncodeBlock((unsigned char *)out, mac, sizeof mac);
}
