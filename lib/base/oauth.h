/* OAuth 1.0 as text: the Authorization header, both ways, PLAINTEXT and HMAC-SHA1 (RFC 5849).
 * Letters only: the order in which MAAS checks things is MAAS's (mock-maas), and when to sign is
 * the gateway's. */
#ifndef BASE_OAUTH_H
#define BASE_OAUTH_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/url.h"

#define OAUTH_TEXT_MAX 256

struct oauth { /* decoded header parameters; "" when absent */
    char realm[OAUTH_TEXT_MAX], version[16], consumer_key[OAUTH_TEXT_MAX], token[OAUTH_TEXT_MAX],
        signature_method[32], signature[OAUTH_TEXT_MAX], timestamp[32], nonce[OAUTH_TEXT_MAX];
};

/* Reads 'OAuth name="value", …' (the scheme word in any case). Values may also be unquoted.
 * -EINVAL: not such a header. Unknown parameters are ignored; a repeated one is an error. */
int oauth_read(const char *header, struct oauth *ret, struct err *e) MUST_CHECK;

/* Writes the header value for PLAINTEXT with an empty consumer secret. */
void oauth_plaintext_write(struct buf *out, const char *consumer_key, const char *token,
                           const char *token_secret, int64_t timestamp_s, const char *nonce);

/* The signature base string of RFC 5849 3.4.1 over method, URL and the given pairs (query and
 * form together, oauth_* without signature and realm added by this function from `o`). */
void oauth_base_string(struct buf *out, const char *method, const struct url *u,
                       const struct pairs *query, const struct pairs *form, const struct oauth *o);
/* base64 of HMAC-SHA1 with key "&token_secret" over a base string; out has 32 bytes or more. */
void oauth_hmac_sha1(const char *base_string, const char *token_secret, char *out, size_t size);

#endif
