/* Nonces that were used by requests which succeeded. MAAS keeps them in its database for a day; we
 * keep the newest MAAS_NONCES_MAX. */
#include "mock-maas/model.h"

#include "lib/base/digest.h"

#include <string.h>

uint64_t maas_nonce_mark(const struct oauth *o)
{
    struct buf text SCOPED(buf_drop) = {0};
    uint8_t hash[SHA256_LEN];
    uint64_t mark = 0;

    buf_init(&text, 3 * OAUTH_TEXT_MAX + 16);
    buf_printf(&text, "%s\n%s\n%s", o->consumer_key, o->token, o->nonce);
    digest_sha256(buf_text(&text), text.len, hash);
    memcpy(&mark, hash, sizeof(mark));
    return mark ? mark : 1;
}

static size_t bucket(uint64_t mark)
{
    return (size_t)(mark >> 32) % MAAS_NONCE_BUCKETS;
}

/* A new one falls nearly always into a bucket where there is none. */
bool maas_nonce_used(const struct maas *m, uint64_t mark)
{
    if (m->nonce_counts[bucket(mark)] == 0)
        return false;
    for (size_t i = 0; i < MAAS_NONCES_MAX; i++)
        if (m->nonces[i] == mark)
            return true;
    return false;
}

void maas_nonce_keep(struct maas *m, uint64_t mark)
{
    if (m->nonces[m->next_nonce])
        m->nonce_counts[bucket(m->nonces[m->next_nonce])]--;
    m->nonce_counts[bucket(mark)]++;
    m->nonces[m->next_nonce] = mark;
    m->next_nonce = (m->next_nonce + 1) % MAAS_NONCES_MAX;
}
