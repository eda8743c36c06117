#include "lib/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <limits.h>

static_assert(SHA256_LEN == SHA256_DIGEST_LENGTH && SHA1_LEN == SHA_DIGEST_LENGTH, "digest sizes");

void digest_sha256(const void *bytes, size_t len, uint8_t out[SHA256_LEN])
{
    if (!SHA256(bytes, len, out))
        WRONG("libcrypto cannot do SHA-256");
}

void digest_hmac_sha1(const void *key, size_t key_len, const void *bytes, size_t len,
                      uint8_t out[SHA1_LEN])
{
    unsigned int out_len = 0;

    assert(key_len <= INT_MAX);
    if (!HMAC(EVP_sha1(), key, (int)key_len, bytes, len, out, &out_len) || out_len != SHA1_LEN)
        WRONG("libcrypto cannot do HMAC-SHA1");
}

bool digest_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
