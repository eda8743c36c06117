/* Questions of Palette's users about MAAS (GP-51, GP-52): read MAAS once, answer within the
 * deadline, with an error if need be. */
#include "gateway/inner.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define DEADLINE_STANDARD SECONDS(20)
/* MAAS may take three quarters of the time, the answer's own way has the rest. */
#define MAAS_SHARE(ms) ((ms) - (ms) / 4)
#define READS_MAX      2 /* the second only after a nonce that MAAS says it has seen */

static struct gw_errand *errand_of(struct gw *g, size_t q)
{
    return &g->errands[GW_AT_QUERIES + q];
}

/* From here on only the answer matters. */
static void answer(struct gw *g, size_t q)
{
    struct gw_errand *e = errand_of(g, q);

    *e = (struct gw_errand){.op = GW_OP_ANSWER, .due = g->now};
}

static void refuse(struct gw *g, size_t q, const char *code, const char *message)
{
    buf_drop(&g->queries[q].answer);
    gw_refusal_write(&g->queries[q].answer, code, message);
    answer(g, q);
}

static void finish(struct gw *g, size_t q)
{
    g->queries[q].done = true;
    buf_drop(&g->queries[q].answer);
    memset(&g->queries[q].account, 0, sizeof g->queries[q].account);
    errand_of(g, q)->due = MS_NEVER;
}

void gw_query_close(struct gw *g, size_t q)
{
    assert(errand_of(g, q)->ticket == 0);
    finish(g, q);
    g->queries[q].id[0] = '\0';
}

/* --- what is listed --------------------------------------------------------------------------- */

static const struct gw_account *account_find(const struct gw *g, const char *uid)
{
    for (size_t i = 0; i < g->n_accounts; i++)
        if (text_is(g->accounts[i].uid, uid))
            return &g->accounts[i];
    return NULL;
}

/* The account the query names or carries; false when there is none that can be used. */
static bool account_take(struct gw *g, const struct gw_item_query *item, struct gw_account *a)
{
    const struct gw_account *known = NULL;

    if (item->account_uid && item->account_uid[0]) {
        known = account_find(g, item->account_uid);
        if (known)
            *a = *known;
        return known && known->fine;
    }
    if (!item->account.endpoint || !item->account.key ||
        !text_copy(a->endpoint, sizeof a->endpoint, item->account.endpoint) ||
        !text_copy(a->key, sizeof a->key, item->account.key) || !gw_endpoint_is_fine(a->endpoint))
        return false;
    a->region = gw_region_of(g, a->endpoint);
    return true;
}

static void begin(struct gw *g, size_t q, const struct gw_item_query *item)
{
    struct gw_query *query = &g->queries[q];
    const ms_t given = item->deadline_ms > 0 ? item->deadline_ms : DEADLINE_STANDARD;
    const bool fits = text_copy(query->id, sizeof query->id, item->id);

    assert(fits);
    query->done = false;
    query->deadline = g->now + given;
    query->give_up = g->now + MAAS_SHARE(given);
    query->kind = gw_kind_find(item->kind ? item->kind : "");
    *errand_of(g, q) = (struct gw_errand){.op = GW_OP_READ, .due = g->now};
    if (!query->kind)
        refuse(g, q, "Unsupported", "this gateway does not know this kind of question");
    else if (!account_take(g, item, &query->account))
        refuse(g, q, "MaasError", "the account is unknown here, or its address cannot be used");
    else
        errand_of(g, q)->region = query->account.region;
}

/* A question that waits for its turn gets the account as it is now. */
static void refresh(struct gw *g, size_t q, const struct gw_item_query *item)
{
    struct gw_account a = {0};

    if (errand_of(g, q)->op == GW_OP_READ && errand_of(g, q)->ticket == 0 && !g->queries[q].done &&
        account_take(g, item, &a)) {
        g->queries[q].account = a;
        errand_of(g, q)->region = a.region;
    }
}

static bool has_id(const struct gw_item_query *item)
{
    return item->id && item->id[0] && strlen(item->id) <= GW_QUERY_ID_MAX;
}

static bool is_listed(const char *id, const struct gw_item_query *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has_id(&items[i]) && text_is(items[i].id, id))
            return true;
    return false;
}

static size_t place_of(const struct gw *g, const char *id) /* "": a free one */
{
    size_t q = 0;

    while (q < GW_QUERIES_MAX && !text_is(g->queries[q].id, id))
        q++;
    return q;
}

void gw_queries_listed(struct gw *g, const struct gw_item_query *items, size_t n,
                       struct gw_effects *fx)
{
    assert(n <= GW_QUERIES_MAX);
    for (size_t q = 0; q < GW_QUERIES_MAX; q++) {
        if (!g->queries[q].id[0] || is_listed(g->queries[q].id, items, n))
            continue;
        gw_cancel(g, GW_AT_QUERIES + q, fx);
        gw_query_close(g, q);
    }
    for (size_t i = 0; i < n; i++) {
        size_t q;

        if (!has_id(&items[i]))
            continue;
        q = place_of(g, items[i].id);
        if (q < GW_QUERIES_MAX) {
            refresh(g, q, &items[i]);
            continue;
        }
        q = place_of(g, "");
        assert(q < GW_QUERIES_MAX); /* what is not listed was closed above */
        begin(g, q, &items[i]);
    }
}

/* --- MAAS's answer, and what becomes of ours -------------------------------------------------- */

static void refuse_with_status(struct gw *g, size_t q, const char *code, const char *message,
                               const struct http_result *r)
{
    char text[GW_MESSAGE_MAX];

    if (r->outcome == HTTP_ANSWERED)
        snprintf(text, sizeof text, "%s (status %d)", message, r->status);
    else
        snprintf(text, sizeof text, "%s", message);
    refuse(g, q, code, text);
}

void gw_query_read(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    const size_t q = i - GW_AT_QUERIES;
    struct gw_query *query = &g->queries[q];
    struct gw_errand *e = &g->errands[i];
    const char *message, *code = gw_maas_law(r, &message);

    if (!code && ++e->failures < READS_MAX) {
        e->due = g->now;
        return;
    }
    if (!code) {
        code = "MaasError";
        message = "MAAS takes our question for a copy of itself";
    }
    if (code[0]) {
        refuse_with_status(g, q, code, message, r);
        gw_say(fx, GW_WARNING, "query %s: %s: %s", query->kind->name, code, message);
        return;
    }
    buf_drop(&query->answer);
    if (gw_items_write(query->kind, r, &query->answer))
        answer(g, q);
    else
        refuse(g, q, "MaasError", "the answer of MAAS makes no sense, or is too long to pass on");
}

bool gw_answer_done(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    (void)r;
    (void)fx;
    finish(g, i - GW_AT_QUERIES);
    return true;
}

/* --- deadlines -------------------------------------------------------------------------------- */

/* A call under way ends at give_up and says how MAAS was missed, which is the better answer: it has
 * the time to say so. One that waits for its turn has nothing to say. */
static ms_t last_word(const struct gw_query *query, const struct gw_errand *read)
{
    return query->give_up + (read->ticket ? (query->deadline - query->give_up) / 2 : 0);
}

static ms_t query_due(const struct gw *g, size_t q)
{
    const struct gw_query *query = &g->queries[q];
    const struct gw_errand *read = &g->errands[GW_AT_QUERIES + q];

    if (!query->id[0] || query->done)
        return MS_NEVER;
    return read->op == GW_OP_READ ? last_word(query, read) : query->deadline;
}

ms_t gw_queries_due(const struct gw *g)
{
    ms_t due = MS_NEVER;

    for (size_t q = 0; q < GW_QUERIES_MAX; q++)
        due = ms_min(due, query_due(g, q));
    return due;
}

void gw_queries_time(struct gw *g, struct gw_effects *fx)
{
    for (size_t q = 0; q < GW_QUERIES_MAX; q++) {
        if (query_due(g, q) > g->now)
            continue;
        gw_cancel(g, GW_AT_QUERIES + q, fx);
        if (g->now >= g->queries[q].deadline)
            finish(g, q);
        else
            refuse(g, q, "Timeout", "MAAS did not answer in time");
    }
}
