/* A gateway may send what it should not: secrets in a message or in an item. They never come back
 * in a read of this Palette, and the journal says where they were (GP-103). */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <string.h>

#define SECRET_LEN_MIN 8 /* shorter parts are found in ordinary words */

struct masking {
    struct pal_ask *a;
    struct buf *text;
    const char *where;
};

static void journal_hit(const struct masking *m, const char *name)
{
    struct event e;

    ev_init(&e, EV_SECRET_HIT, m->a->ctx->now);
    ev_text_add(&e, EVF_NAME, name);
    ev_text_add(&e, EVF_WHERE, m->where);
    ev_text_add(&e, EVF_UID, m->a->uid);
    ev_list_add(&m->a->rp->events, &e);
}

static void mask_one(const struct masking *m, const char *name, const char *secret)
{
    struct buf out SCOPED(buf_drop) = {0};
    const char *rest = buf_text(m->text), *hit;

    if (strlen(secret) < SECRET_LEN_MIN || !strstr(rest, secret))
        return;
    buf_init(&out, m->text->max);
    for (; (hit = strstr(rest, secret)) != NULL; rest = hit + strlen(secret)) {
        buf_add(&out, rest, (size_t)(hit - rest));
        buf_text_add(&out, "***");
    }
    buf_text_add(&out, rest);
    buf_clear(m->text);
    buf_text_add(m->text, buf_text(&out));
    journal_hit(m, name);
}

static void mask_key(const struct masking *m, const char *key)
{
    char part[PAL_KEY_MAX];

    mask_one(m, "maas-key", key);
    while (text_next(&key, ':', part, sizeof(part)))
        mask_one(m, "maas-key", part);
}

void pal_mask(struct pal_ask *a, struct buf *text, const char *where)
{
    struct masking m = {.a = a, .text = text, .where = where};

    for (size_t i = 0; i < a->p->n_accounts; i++)
        mask_key(&m, a->p->accounts[i].at.key);
    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++)
        if (a->p->queries[i].state != PAL_FREE)
            mask_key(&m, a->p->queries[i].at.key);
    for (size_t i = 0; i < a->p->n_gateways; i++)
        mask_one(&m, "pairing-code", a->p->gateways[i].code);
    for (size_t i = 0; i < a->p->n_clusters; i++)
        mask_one(&m, "join-token", a->p->clusters[i]->join_token);
}

void pal_mask_text(struct pal_ask *a, char *text, size_t size, const char *where)
{
    struct buf b SCOPED(buf_drop) = {0};

    buf_init(&b, size - 1);
    buf_text_add(&b, text);
    pal_mask(a, &b, where);
    text_copy(text, size, buf_text(&b));
}
