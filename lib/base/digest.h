/* SHA-256 and HMAC-SHA1 by libcrypto's one-shot functions: pure arithmetic, no key store. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "lib/base/base.h"

#define SHA256_LEN 32
#define SHA1_LEN   20

void digest_sha256(const void *bytes, size_t len, uint8_t out[SHA256_LEN]);
void digest_hmac_sha1(const void *key, size_t key_len, const void *bytes, size_t len,
                      uint8_t out[SHA1_LEN]);
/* Equal, in time that depends on len alone. */
bool digest_equal(const void *a, const void *b, size_t len);

#endif
