/* What happens to MAAS as a whole, by seed: "racks gone one in 20" happens once, with the request
 * that is drawn. What happens to machines or answers draws for itself (mishaps.c, faults.c). */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *head;
    enum maas_mishap what;
} rows[] = {
    {"refuses for ", MAAS_MISHAP_REFUSES},
    {"certificate renewed", MAAS_MISHAP_CERT_RENEWED},
    {"certificate expired", MAAS_MISHAP_CERT_EXPIRED},
    {"certificate wrong-name", MAAS_MISHAP_CERT_WRONG_NAME},
    {"certificate wrong-authority", MAAS_MISHAP_CERT_WRONG_AUTHORITY},
    {"addresses exhausted", MAAS_MISHAP_NO_ADDRESSES},
    {"racks gone", MAAS_MISHAP_NO_RACKS},
    {"key-revoked ", MAAS_MISHAP_KEY_REVOKED},
    {"user-inactive ", MAAS_MISHAP_USER_INACTIVE},
    {"image-gone ", MAAS_MISHAP_IMAGE_GONE},
    {"time is ", MAAS_MISHAP_CLOCK_SKEWED},
};

static struct maas_chance *place(struct maas *m)
{
    for (size_t i = 0; i < COUNTOF(m->chances); i++)
        if (!m->chances[i].one_in)
            return &m->chances[i];
    return NULL;
}

bool maas_chance_words(struct maas *m, const char *words)
{
    const char *tail = strstr(words, " one in ");
    struct maas_chance *free_one = place(m);
    int64_t one_in;

    if (!tail || !free_one || !text_int(tail + strlen(" one in "), 1, INT32_MAX, &one_in))
        return false;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (!text_begins(words, rows[i].head))
            continue;
        if (!text_copy_len(free_one->words, sizeof(free_one->words), words, (size_t)(tail - words)))
            return false;
        free_one->one_in = one_in;
        m->mishaps[rows[i].what].armed++;
        return true;
    }
    return false;
}

void maas_chances_draw(struct maas *m, ms_t now, struct http_reply *rp)
{
    for (size_t i = 0; i < COUNTOF(m->chances); i++) {
        struct maas_chance *c = &m->chances[i];

        if (!c->one_in || rng_between(&m->rng, 1, c->one_in) != 1)
            continue;
        c->one_in = 0;
        m->drawn = true;
        (void)maas_told(m, now, c->words, rp); /* what is not there any more cannot go */
        m->drawn = false;
    }
}
