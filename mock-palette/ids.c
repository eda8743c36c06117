/* Names that nobody chooses: all drawn from the seed, so that two runs use the same ones. */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static void draw(struct palette *p, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)rng_between(&p->rng, 0, 255);
}

/* 24 hex digits, as Palette's own. */
void pal_uid_make(struct palette *p, char out[PAL_UID_MAX])
{
    uint8_t bytes[12];

    draw(p, bytes, sizeof(bytes));
    text_hex(bytes, sizeof(bytes), out);
}

/* Without letters that people mix up. Long enough to be searched for in the output of a program. */
void pal_code_make(struct palette *p, char *out, size_t size)
{
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    const size_t len = 10;

    assert(size > len);
    for (size_t i = 0; i < len; i++)
        out[i] = letters[rng_between(&p->rng, 0, (int64_t)sizeof(letters) - 2)];
    out[len] = '\0';
}

void pal_token_make(struct palette *p, char *out, size_t size)
{
    uint8_t bytes[32];
    char text[64];

    draw(p, bytes, sizeof(bytes));
    text_base64url(bytes, sizeof(bytes), text);
    snprintf(out, size, "gpt-%s", text);
}

void pal_key_id(const char *key, char *out, size_t size)
{
    uint8_t hash[SHA256_LEN];
    char hex[2 * 4 + 1];

    digest_sha256(key, strlen(key), hash);
    text_hex(hash, 4, hex);
    snprintf(out, size, "k-%s", hex);
}
