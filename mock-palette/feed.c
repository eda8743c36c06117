/* The feed (profile, section 6): every 200 is the whole list of what Palette wants of this gateway
 * now. A cursor stands for one list; asked with it, Palette holds the request while the list is the
 * same. */
#include "mock-palette/faults.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "c-" and eight digits of the gateway's uid, so that a cursor of another one is refused. */
static void cursor_write(const struct pal_gateway *g, char *out, size_t size)
{
    snprintf(out, size, "c-%.8s-%" PRIu64, g->uid, g->revision);
}

static bool cursor_read(const struct pal_gateway *g, const char *text, uint64_t *ret)
{
    char prefix[16];
    int64_t n = 0;

    snprintf(prefix, sizeof(prefix), "c-%.8s-", g->uid);
    if (!text_begins(text, prefix) || !text_int(text + strlen(prefix), 1, (int64_t)g->revision, &n))
        return false;
    *ret = (uint64_t)n;
    return true;
}

/* --- the list -------------------------------------------------------------------------------- */

struct account_item {
    char uid[PAL_UID_MAX];
    int64_t revision;
    char endpoint[PAL_ENDPOINT_MAX];
    char key[PAL_KEY_MAX];
    size_t n_subnets;
    char subnets[PAL_SUBNETS_MAX][64];
};
static const struct jx_field account_fields[] = {
    JX_TEXT(struct account_item, uid, 0),
    JX_INT(struct account_item, revision, "revision", 0, 0, INT64_MAX),
    JX_TEXT_AS(struct account_item, endpoint, "apiEndpoint", 0),
    JX_TEXT_AS(struct account_item, key, "apiKey", 0),
    JX_TEXTS(struct account_item, subnets, n_subnets, "preferredSubnets", 0),
};

static void account_item_write(const struct pal_account *acc, struct buf *out)
{
    struct account_item item = {.revision = acc->revision, .n_subnets = acc->at.n_subnets};

    text_copy(item.uid, sizeof(item.uid), acc->uid);
    text_copy(item.endpoint, sizeof(item.endpoint), acc->at.endpoint);
    text_copy(item.key, sizeof(item.key), acc->at.key);
    memcpy(item.subnets, acc->at.subnets, sizeof(item.subnets));
    jx_write(out, account_fields, COUNTOF(account_fields), &item);
}

static void accounts_write(const struct palette *p, const struct pal_gateway *g, struct buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_accounts; i++) {
        if (!p->accounts[i].uid[0] || !text_is(p->accounts[i].overlord, g->uid))
            continue;
        buf_text_add(out, n++ ? "," : "");
        account_item_write(&p->accounts[i], out);
    }
}

static void query_item_write(const struct palette *p, const struct pal_query *q, ms_t now,
                             struct buf *out)
{
    buf_printf(out, "{\"id\":\"%s\",\"kind\":\"%s\",\"deadlineSeconds\":", q->id,
               pal_query_kind_name(q->kind));
    jx_write_seconds(out, pal_out_ms(pal_factor(p, true), q->deadline - now));
    if (q->account_uid[0]) {
        buf_printf(out, ",\"accountUid\":\"%s\"}", q->account_uid);
        return;
    }
    buf_text_add(out, ",\"account\":");
    jx_write(out, pal_key_fields, pal_n_key_fields, &q->at);
    buf_char_add(out, '}');
}

static void queries_write(struct pal_ask *a, struct buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++) {
        struct pal_query *q = &a->p->queries[i];

        if (!pal_query_open(q) || q->gateway_i != pal_gateway_i(a->p, a->gateway))
            continue;
        buf_text_add(out, n++ ? "," : "");
        query_item_write(a->p, q, a->ctx->now, out);
        if (q->state == PAL_ASKED) {
            q->state = PAL_LISTED;
            pal_query_event(a->p, q, "listed", a->ctx->now, a->rp);
        }
    }
}

/* From an answer on the gateway may be at work: not longer than the lease after it. */
static void answered(struct pal_ask *a)
{
    a->gateway->answered = true;
    a->gateway->answered_at = a->ctx->now;
}

/* A stale list is the one of before, with its cursor: then the gateway is told anew. */
static void list_tell(struct pal_ask *a, const char *list)
{
    struct pal_gateway *g = a->gateway;

    if (g->told && pal_fault_of(a, 1U << PAL_FAULT_STALE)) {
        pal_answer(a, 200, g->told);
        return;
    }
    pal_answer(a, 200, list);
    free(g->told);
    g->told = strdup(list);
    if (!g->told)
        WRONG("out of memory");
}

static void list_answer(struct pal_ask *a)
{
    struct buf body SCOPED(buf_drop) = {0};
    char cursor[64];

    buf_init(&body, HTTP_BODY_MAX);
    cursor_write(a->gateway, cursor, sizeof(cursor));
    buf_printf(&body, "{\"cursor\":\"%s\",\"accounts\":[", cursor);
    accounts_write(a->p, a->gateway, &body);
    buf_text_add(&body, "],\"clusters\":[");
    pal_clusters_feed(a, &body);
    buf_text_add(&body, "],\"queries\":[");
    queries_write(a, &body);
    buf_text_add(&body, "]}");
    if (pal_no(a, PAL_NO_LIST_LONG, body.full))
        return;
    list_tell(a, buf_text(&body));
    answered(a);
}

/* --- the operation --------------------------------------------------------------------------- */

bool pal_poll_read(struct pal_ask *a, struct pal_poll *ret)
{
    struct pairs query = {0};
    const char *cursor, *wait;
    bool fine = pairs_read(a->rq->query, strlen(a->rq->query), &query, NULL) == 0;

    ret->wait = PAL_FEED_WAIT_MS;
    if (fine) {
        cursor = pairs_find(&query, "cursor");
        wait = pairs_find(&query, "waitSeconds");
        fine = text_copy(ret->cursor, sizeof(ret->cursor), cursor ? cursor : "") &&
               (!wait || pal_in_ms(pal_factor(a->p, a->gateway != NULL), wait, &ret->wait));
    }
    pairs_drop(&query);
    ret->wait = ms_min(ret->wait, PAL_WAIT_MAX_MS);
    return !pal_no(a, PAL_NO_POLL_FORM, !fine);
}

/* GET /v1/x-gp/pcg/{uid}/feed?waitSeconds=30&cursor=c-123 */
void pal_feed(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_poll q = {.wait = 0};
    uint64_t revision = 0;

    if (!pal_poll_read(a, &q))
        return;
    a->gateway->feed_seen = true;
    pal_gateway_settle(a->p, a->gateway, x->ctx->now, a->rp);
    if (pal_no(a, PAL_NO_CURSOR, q.cursor[0] && !cursor_read(a->gateway, q.cursor, &revision)))
        return;
    pal_clusters_left(a, revision);
    if (revision != a->gateway->revision || pal_fault_of(a, 1U << PAL_FAULT_REPEAT)) {
        list_answer(a);
    } else if (x->ctx->park_over || q.wait == 0) {
        pal_answer(a, 204, NULL);
        answered(a);
    } else {
        pal_park(a, q.wait, "feed", a->gateway->uid);
    }
}
