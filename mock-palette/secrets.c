/* A gateway may send what it should not: secrets in a message or in an item. They never come back
 * in a read of this Palette, and the journal says where they were (GP-103). */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
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

/* --- what is known ---------------------------------------------------------------------------- */

struct pal_secret {
    const char *name;
    char *text;
    size_t len;
    uint64_t found; /* the last text it was found in */
};

static bool is_known(const struct pal_secrets *s, uint64_t head, const char *text)
{
    size_t cursor = 0, i;

    while (places_next(&s->heads, head, &cursor, &i))
        if (text_is(s->at[i].text, text))
            return true;
    return false;
}

void pal_secret_know(struct palette *p, const char *name, const char *text)
{
    struct pal_secrets *s = &p->secrets;
    struct pal_secret one = {.name = name, .len = strlen(text)};
    uint64_t head;

    if (one.len < SECRET_LEN_MIN)
        return;
    head = places_hash(text, SECRET_LEN_MIN);
    if (is_known(s, head, text))
        return;
    one.text = strdup(text);
    if (!one.text)
        WRONG("out of memory");
    s->at = pal_grow(s->at, s->n, sizeof(one));
    s->at[s->n] = one;
    places_put(&s->heads, head, s->n++);
}

void pal_key_know(struct palette *p, const struct pal_key *at)
{
    const char *rest = at->key;
    char part[PAL_KEY_MAX];

    pal_secret_know(p, "maas-key", at->key);
    while (text_next(&rest, ':', part, sizeof(part)))
        pal_secret_know(p, "maas-key", part);
}

void pal_secrets_drop(struct pal_secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->at[i].text);
    free(s->at);
    places_drop(&s->heads);
}

/* Gateways and clusters get one when they are made. */
static void catch_up(struct palette *p)
{
    struct pal_secrets *s = &p->secrets;

    for (; s->n_gateways < p->n_gateways; s->n_gateways++)
        pal_secret_know(p, "pairing-code", p->gateways[s->n_gateways].code);
    for (; s->n_clusters < p->n_clusters; s->n_clusters++)
        pal_secret_know(p, "join-token", p->clusters[s->n_clusters]->join_token);
}

/* --- masking ---------------------------------------------------------------------------------- */

/* The longest secret that begins here; NULL. */
static struct pal_secret *secret_at(struct pal_secrets *s, const char *text, size_t len)
{
    struct pal_secret *longest = NULL;
    size_t cursor = 0, i;
    const uint64_t head = places_hash(text, SECRET_LEN_MIN);

    while (places_next(&s->heads, head, &cursor, &i))
        if (s->at[i].len <= len && (!longest || s->at[i].len > longest->len) &&
            memcmp(s->at[i].text, text, s->at[i].len) == 0)
            longest = &s->at[i];
    return longest;
}

static void secret_found(const struct masking *m, struct pal_secret *one)
{
    const uint64_t round = m->a->p->secrets.round;

    if (one->found != round)
        journal_hit(m, one->name);
    one->found = round;
}

void pal_mask(struct pal_ask *a, struct buf *text, const char *where)
{
    struct masking m = {.a = a, .text = text, .where = where};
    struct pal_secrets *s = &a->p->secrets;
    struct buf out SCOPED(buf_drop) = {0};
    const char *bytes = buf_text(text);
    size_t from = 0, at = 0;

    catch_up(a->p);
    s->round++;
    buf_init(&out, text->max);
    while (at + SECRET_LEN_MIN <= text->len) {
        struct pal_secret *one = secret_at(s, bytes + at, text->len - at);

        if (!one) {
            at++;
            continue;
        }
        buf_add(&out, bytes + from, at - from);
        buf_text_add(&out, "***");
        at += one->len;
        from = at;
        secret_found(&m, one);
    }
    if (from == 0)
        return;
    buf_text_add(&out, bytes + from);
    buf_clear(text);
    buf_text_add(text, buf_text(&out));
}

void pal_mask_text(struct pal_ask *a, char *text, size_t size, const char *where)
{
    struct buf b SCOPED(buf_drop) = {0};

    buf_init(&b, size - 1);
    buf_text_add(&b, text);
    pal_mask(a, &b, where);
    text_copy(text, size, buf_text(&b));
}
