/* The feed: the complete list of what Palette wants now (GP-40 to GP-50). One request at a time;
 * nothing else waits for it. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define CLUSTERS_MAX 200 /* GP-28 */
#define TEXT_MAX     KIB(4)
#define NUMBER_MAX   INT64_MAX
#define DEADLINE_MAX HOURS(24)

struct list { /* one answer of the feed */
    char cursor[GW_CURSOR_MAX + 1];
    size_t n_accounts, n_clusters, n_queries;
    struct gw_item_account accounts[GW_ACCOUNTS_MAX];
    struct gw_item_head clusters[CLUSTERS_MAX];
    struct gw_item_query queries[GW_QUERIES_MAX];
};

static const struct jx_field account_fields[] = {
    JX_OWNED(struct gw_item_account, uid, "uid", 0, TEXT_MAX),
    JX_INT(struct gw_item_account, revision, "revision", 0, 0, NUMBER_MAX),
    JX_OWNED(struct gw_item_account, endpoint, "apiEndpoint", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_account, key, "apiKey", 0, TEXT_MAX),
    JX_TEXTS(struct gw_item_account, subnets, n_subnets, "preferredSubnets", 0),
};
static const struct jx_field query_fields[] = {
    JX_OWNED(struct gw_item_query, id, "id", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_query, kind, "kind", 0, TEXT_MAX),
    JX_MS(struct gw_item_query, deadline_ms, "deadlineSeconds", 0, 0, DEADLINE_MAX),
    JX_OWNED(struct gw_item_query, account_uid, "accountUid", 0, TEXT_MAX),
    JX_OBJECT(struct gw_item_query, account, "account", 0, account_fields),
};
static const struct jx_field list_fields[] = {
    JX_TEXT(struct list, cursor, 0),
    JX_ARRAY(struct list, accounts, n_accounts, "accounts", 0, account_fields),
    {.name = "clusters",
     .kind = JX_KIND_ARRAY,
     .offset = offsetof(struct list, clusters),
     .size = sizeof(struct gw_item_head),
     .count_offset = offsetof(struct list, n_clusters),
     .max = CLUSTERS_MAX,
     .fields = gw_item_head_fields,
     .n_fields = GW_ITEM_HEAD_FIELDS},
    JX_ARRAY(struct list, queries, n_queries, "queries", 0, query_fields),
};

static void list_free(struct list **l)
{
    if (*l)
        jx_drop(list_fields, COUNTOF(list_fields), *l);
    free(*l);
    *l = NULL;
}

static void accounts_free(struct gw_account **a)
{
    explicit_bzero(*a, sizeof **a * GW_ACCOUNTS_MAX); /* keys */
    free(*a);
}

static struct list *list_read(const struct http_result *r)
{
    struct list *l SCOPED(list_free) = calloc(1, sizeof *l);

    if (!l)
        WRONG("no memory");
    if (jx_read(buf_text(&r->body), r->body.len, list_fields, COUNTOF(list_fields), 0, l, NULL) < 0)
        return NULL;
    return STEAL(l);
}

void gw_account_user(struct gw *g, const struct gw_account *a, const struct gw_user *user)
{
    struct gw_account *known = &g->accounts[a - g->accounts];

    known->user = *user;
    known->user_at = g->now;
}

static bool is_same(const struct gw_account *a, const struct gw_account *b)
{
    return a->revision == b->revision && text_is(a->uid, b->uid) &&
           text_is(a->endpoint, b->endpoint) && text_is(a->key, b->key);
}

/* What is known of an account stays true while it stays the same; a poll with another's key is of
 * no use. */
static void accounts_compare(struct gw *g, const struct gw_account *old, size_t n_old,
                             struct gw_effects *fx)
{
    for (size_t i = 0; i < g->n_accounts; i++)
        for (size_t k = 0; k < n_old; k++)
            if (is_same(&g->accounts[i], &old[k])) {
                g->accounts[i].user = old[k].user;
                g->accounts[i].user_at = old[k].user_at;
            }
    for (size_t i = 0; i < n_old; i++)
        if (i >= g->n_accounts || !is_same(&g->accounts[i], &old[i]))
            gw_cancel(g, GW_AT_POLLS + i, fx);
    g->polls_old = true;
}

/* The newest list replaces all accounts at once (GP-92). One that does not fit is kept without
 * address and key, so that a query about it is refused and not answered with another's key. */
static void accounts_take(struct gw *g, const struct list *l, struct gw_effects *fx)
{
    const size_t n_old = g->n_accounts;
    struct gw_account *old SCOPED(accounts_free) = malloc(sizeof g->accounts);

    if (!old)
        WRONG("no memory");
    memcpy(old, g->accounts, sizeof g->accounts);
    g->n_accounts = 0;
    memset(g->accounts, 0, sizeof g->accounts);
    for (size_t i = 0; i < l->n_accounts; i++) {
        const struct gw_item_account *item = &l->accounts[i];
        struct gw_account *a = &g->accounts[g->n_accounts];

        if (!item->uid || !item->uid[0] || !text_copy(a->uid, sizeof a->uid, item->uid))
            continue;
        if (!item->endpoint || !item->key ||
            !text_copy(a->endpoint, sizeof a->endpoint, item->endpoint) ||
            !text_copy(a->key, sizeof a->key, item->key))
            a->endpoint[0] = '\0';
        a->revision = item->revision;
        a->user_at = GW_LONG_AGO;
        a->fine = gw_endpoint_is_fine(a->endpoint);
        a->region = a->fine ? gw_region_of(g, a->endpoint) : 0;
        a->n_subnets = item->n_subnets;
        memcpy(a->subnets, item->subnets, sizeof a->subnets);
        g->n_accounts++;
    }
    accounts_compare(g, old, n_old, fx);
}

bool gw_feed_done(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    struct gw_errand *e = &g->errands[i];
    bool unchanged = r->status == 204;

    if (!unchanged) {
        struct list *l SCOPED(list_free) = list_read(r);

        if (!l)
            return false;
        unchanged = text_is(l->cursor, g->cursor);
        memcpy(g->cursor, l->cursor, sizeof g->cursor);
        accounts_take(g, l, fx);
        gw_clusters_listed(g, l->clusters, l->n_clusters, e->sent, fx);
        gw_queries_listed(g, l->queries, l->n_queries, fx);
    }
    if (r->status == 204)
        gw_clusters_unchanged(g, e->sent, fx);
    e->due = g->now;
    /* nothing new, and at once: a server that does not hold the request would make us spin */
    if (unchanged && g->now - e->sent < g->timing.feed_gap_ms)
        e->due += rng_between(&g->rng, g->timing.feed_gap_ms / 2, g->timing.feed_gap_ms);
    return true;
}
