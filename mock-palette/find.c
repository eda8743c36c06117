/* Finding things by what they are called. Gateways, accounts and clusters are only ever added, so
 * their tables catch up when something is looked for; a deleted account is found no more, because
 * what a table says is compared with what is at the place. */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

void *pal_grow(void *list, size_t n, size_t size)
{
    size_t cap = 1;

    while (cap < n)
        cap *= 2;
    if (n == 0 || n == cap) { /* full: twice as many */
        list = reallocarray(list, n == 0 ? 1 : 2 * n, size);
        if (!list)
            WRONG("out of memory");
    }
    memset((char *)list + n * size, 0, size);
    return list;
}

void pal_found_drop(struct pal_found *f)
{
    places_drop(&f->gateways);
    places_drop(&f->accounts);
    places_drop(&f->clusters);
    places_drop(&f->configs);
    places_drop(&f->agents);
    places_drop(&f->tokens);
}

struct pal_gateway *pal_gateway_find(struct palette *p, const char *uid)
{
    struct pal_found *f = &p->found;
    size_t cursor = 0, i;

    for (; f->n_gateways < p->n_gateways; f->n_gateways++)
        places_put(&f->gateways, places_hash_text(p->gateways[f->n_gateways].uid), f->n_gateways);
    while (places_next(&f->gateways, places_hash_text(uid), &cursor, &i))
        if (text_is(p->gateways[i].uid, uid))
            return &p->gateways[i];
    return NULL;
}

void pal_gateway_changed(struct pal_gateway *g)
{
    const size_t i = pal_gateway_i(g->of, g);

    pal_due_set(&g->of->due, i, pal_gateway_due(g));
    pal_keep_mark(g->of, PAL_KEEP_GATEWAYS, i);
}

struct pal_account *pal_account_find(struct palette *p, const char *uid)
{
    struct pal_found *f = &p->found;
    size_t cursor = 0, i;

    for (; f->n_accounts < p->n_accounts; f->n_accounts++)
        places_put(&f->accounts, places_hash_text(p->accounts[f->n_accounts].uid), f->n_accounts);
    while (uid[0] && places_next(&f->accounts, places_hash_text(uid), &cursor, &i))
        if (text_is(p->accounts[i].uid, uid))
            return &p->accounts[i];
    return NULL;
}

/* --- clusters --------------------------------------------------------------------------------- */

static void clusters_catch_up(struct palette *p)
{
    struct pal_found *f = &p->found;

    for (; f->n_clusters < p->n_clusters; f->n_clusters++) {
        const struct pal_cluster *c = p->clusters[f->n_clusters];

        places_put(&f->clusters, places_hash_text(c->uid), f->n_clusters);
        places_put(&f->configs, places_hash_text(c->config_uid), f->n_clusters);
    }
}

struct pal_cluster *pal_cluster_find(struct palette *p, const char *uid)
{
    size_t cursor = 0, i;

    clusters_catch_up(p);
    while (places_next(&p->found.clusters, places_hash_text(uid), &cursor, &i))
        if (text_is(p->clusters[i]->uid, uid))
            return p->clusters[i];
    return NULL;
}

struct pal_cluster *pal_cluster_of_path(struct pal_ask *a)
{
    const char *config_uid = http_var(&a->vars, "configUid");
    struct palette *p = a->p;
    size_t cursor = 0, i;

    if (!config_uid[0])
        return pal_cluster_find(p, http_var(&a->vars, "uid"));
    clusters_catch_up(p);
    while (places_next(&p->found.configs, places_hash_text(config_uid), &cursor, &i))
        if (text_is(p->clusters[i]->config_uid, config_uid))
            return p->clusters[i];
    return NULL;
}

/* --- tokens ----------------------------------------------------------------------------------- */

/* A hash tells nothing by the time it takes to compare, so memcmp is good enough here. */
static bool is_token(const uint8_t a[SHA256_LEN], const uint8_t b[SHA256_LEN])
{
    return memcmp(a, b, SHA256_LEN) == 0;
}

static uint64_t token_hash(const uint8_t token[SHA256_LEN])
{
    uint64_t hash;

    memcpy(&hash, token, sizeof(hash));
    return hash;
}

struct pal_token *pal_token_find(const struct palette *p, const uint8_t hash[SHA256_LEN])
{
    size_t cursor = 0, i;

    while (places_next(&p->found.tokens, token_hash(hash), &cursor, &i))
        if (is_token(p->tokens[i].hash, hash))
            return &p->tokens[i];
    return NULL;
}

/* The place that is free, or whose token expires first: old ones are kept so that they are told
 * "expired" and not "unknown". */
struct pal_token *pal_token_new(struct palette *p, const uint8_t hash[SHA256_LEN])
{
    const size_t i = p->n_tokens++ % p->tokens_max;
    struct pal_token *t = &p->tokens[i];

    places_remove(&p->found.tokens, token_hash(t->hash), i);
    memcpy(t->hash, hash, SHA256_LEN);
    pal_token_index(p, i);
    pal_keep_mark(p, PAL_KEEP_TOKENS, i);
    return t;
}

void pal_token_index(struct palette *p, size_t i)
{
    places_put(&p->found.tokens, token_hash(p->tokens[i].hash), i);
}

struct pal_agent *pal_agent_by_token(struct palette *p, const uint8_t token[SHA256_LEN],
                                     struct pal_cluster **ret)
{
    size_t cursor = 0, i;

    while (places_next(&p->found.agents, token_hash(token), &cursor, &i)) {
        struct pal_cluster *c = p->clusters[i / PAL_AGENTS_MAX];

        if (is_token(c->agents[i % PAL_AGENTS_MAX].token, token)) {
            *ret = c;
            return &c->agents[i % PAL_AGENTS_MAX];
        }
    }
    return NULL;
}

void pal_agent_token_set(struct palette *p, struct pal_cluster *c, struct pal_agent *agent,
                         const uint8_t token[SHA256_LEN])
{
    const size_t place = c->i * PAL_AGENTS_MAX + (size_t)(agent - c->agents);

    places_remove(&p->found.agents, token_hash(agent->token), place);
    memcpy(agent->token, token, SHA256_LEN);
    places_put(&p->found.agents, token_hash(token), place);
}
