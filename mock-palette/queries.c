/* A user's question travels to the gateway that the account is bound to, and waits there for MAAS:
 * the request is parked until the gateway has answered or PAL_QUERY_LIFE_MS are over. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

bool pal_query_open(const struct pal_query *q)
{
    return q->state == PAL_ASKED || q->state == PAL_LISTED;
}

void pal_query_event(const struct palette *p, const struct pal_query *q, const char *kind, ms_t now,
                     struct http_reply *rp)
{
    struct event e;

    ev_init(&e, EV_PAL_QUERY, now);
    ev_text_add(&e, EVF_NAME, pal_query_kind_name(q->kind));
    ev_text_add(&e, EVF_KIND, kind);
    ev_text_add(&e, EVF_UID, p->gateways[q->gateway_i].uid);
    if (q->code[0])
        ev_text_add(&e, EVF_CODE, q->code);
    ev_list_add(&rp->events, &e);
}

/* Answered or timed out: it leaves the feed, and the user's request is asked again. */
void pal_query_close(struct palette *p, struct pal_query *q, enum pal_query_state state, ms_t now,
                     struct http_reply *rp)
{
    char key[HTTP_KEY_MAX];

    assert(pal_query_open(q) && (state == PAL_ANSWERED || state == PAL_TIMED_OUT));
    q->state = state;
    p->n_open--;
    memset(q->at.key, 0, sizeof(q->at.key));
    pal_query_event(p, q, state == PAL_ANSWERED ? "answered" : "timed-out", now, rp);
    pal_feed_changed(&p->gateways[q->gateway_i], rp);
    snprintf(key, sizeof(key), "query/%s", q->id);
    http_reply_touch(rp, key);
}

/* --- places ---------------------------------------------------------------------------------- */

static size_t open_of(const struct palette *p, size_t gateway_i)
{
    size_t n = 0;

    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++)
        n += pal_query_open(&p->queries[i]) && p->queries[i].gateway_i == gateway_i;
    return n;
}

/* A free place, else that of the oldest question that is over; NULL when all are open. */
static struct pal_query *place(struct palette *p)
{
    struct pal_query *oldest = NULL;

    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++) {
        struct pal_query *q = &p->queries[i];

        if (q->state == PAL_FREE)
            return q;
        if (!pal_query_open(q) && (!oldest || q->deadline < oldest->deadline))
            oldest = q;
    }
    return oldest;
}

/* What this connection asked last. One request at a time is under way on a connection. */
static struct pal_query *asked_by(struct palette *p, uint64_t conn)
{
    struct pal_query *newest = NULL;

    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++) {
        struct pal_query *q = &p->queries[i];

        if (q->state != PAL_FREE && q->asker == conn && (!newest || q->deadline > newest->deadline))
            newest = q;
    }
    return newest;
}

/* --- the user's side ------------------------------------------------------------------------- */

/* Whether it ends well; else the user is told how it did not. */
static bool ends_well(struct pal_ask *a, struct pal_query *q)
{
    q->asker = 0; /* its answer was fetched */
    if (pal_no(a, PAL_NO_GATEWAY_TIMEOUT, q->state == PAL_TIMED_OUT))
        return false;
    if (!q->ok)
        pal_refuse_as(a, 400, q->code, q->message);
    return q->ok;
}

static struct pal_query *query_new(struct pal_ask *a, struct pal_gateway *g,
                                   const struct pal_query_kind *kind)
{
    size_t gateway_i = pal_gateway_i(a->p, g);
    struct pal_query *q = open_of(a->p, gateway_i) < PAL_OPEN_MAX ? place(a->p) : NULL;

    if (pal_no(a, PAL_NO_QUERIES_FULL, !q))
        return NULL;
    buf_clear(&q->items);
    *q = (struct pal_query){.state = PAL_ASKED,
                            .kind = kind,
                            .gateway_i = gateway_i,
                            .asker = a->ctx->conn,
                            .deadline = a->ctx->now + PAL_QUERY_LIFE_MS,
                            .items = q->items};
    a->p->n_open++;
    a->p->queries_due = ms_min(a->p->queries_due, q->deadline);
    pal_uid_make(a->p, q->id);
    return q;
}

struct pal_query *pal_query_wait(struct pal_ask *a, struct pal_gateway *g,
                                 const struct pal_query_kind *kind, const char *account_uid,
                                 const struct pal_key *at)
{
    struct pal_query *q = a->ctx->parked_before ? asked_by(a->p, a->ctx->conn) : NULL;

    text_copy(a->uid, sizeof(a->uid), g->uid);
    if (pal_no(a, PAL_NO_GATEWAY_NOT_RUNNING,
               !q && (g->state == PAL_PENDING || g->state == PAL_DELETED)))
        return NULL;
    if (!q) {
        q = query_new(a, g, kind);
        if (!q)
            return NULL;
        text_copy(q->account_uid, sizeof(q->account_uid), account_uid);
        if (at) {
            q->at = *at;
            pal_key_know(a->p, at);
        }
        pal_query_event(a->p, q, "asked", a->ctx->now, a->rp);
        pal_feed_changed(g, a->rp);
    }
    if (pal_query_open(q) && a->ctx->park_over)
        pal_query_close(a->p, q, PAL_TIMED_OUT, a->ctx->now, a->rp);
    if (!pal_query_open(q))
        return ends_well(a, q) ? q : NULL;
    pal_park(a, PAL_QUERY_LIFE_MS, "query", q->id);
    return NULL;
}

void pal_query_ask(struct pal_ask *a, struct pal_gateway *g, const struct pal_query_kind *kind,
                   const char *account_uid, const struct pal_key *at)
{
    const struct pal_query *q = pal_query_wait(a, g, kind, account_uid, at);
    struct buf body SCOPED(buf_drop) = {0};

    if (!q)
        return;
    if (kind == pal_query_validate()) {
        pal_answer(a, 204, NULL);
        return;
    }
    buf_init(&body, PAL_ANSWER_MAX + 16);
    buf_printf(&body, "{\"items\":%s}", buf_text(&q->items));
    pal_answer(a, 200, buf_text(&body));
}

/* --- the user's operations ------------------------------------------------------------------- */

struct validation {
    struct pal_key at;
};

/* POST /v1/overlords/maas/{uid}/account/validate: 204 when MAAS took the key. */
void pal_validate(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = pal_gateway_find(a->p, http_var(x->vars, "uid"));
    struct validation v = {.at = {.n_subnets = 0}};
    const struct jx_field fields[] = {{.name = "account",
                                       .kind = JX_KIND_OBJECT,
                                       .flags = JX_MUST,
                                       .offset = offsetof(struct validation, at),
                                       .fields = pal_key_fields,
                                       .n_fields = pal_n_key_fields}};

    if (!pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !g || g->state == PAL_DELETED) &&
        pal_body(a, fields, COUNTOF(fields), &v) && pal_key_check(a, &v.at))
        pal_query_ask(a, g, pal_query_validate(), "", &v.at);
}

void pal_validate_unbound(const struct http_exchange *x)
{
    pal_no(pal_ask(x), PAL_NO_ACCOUNT_UNBOUND, true);
}

void pal_properties_ask(struct pal_ask *a, const char *name, const char *account_uid)
{
    const struct pal_query_kind *kind = pal_query_kind_find(name);
    struct pal_account *acc = pal_account_find(a->p, account_uid);
    struct pal_gateway *g = acc ? pal_gateway_find(a->p, acc->overlord) : NULL;

    if (!pal_no(a, PAL_NO_PROPERTY_UNKNOWN, !kind || kind == pal_query_validate()) &&
        !pal_no(a, PAL_NO_ACCOUNT_UNKNOWN, !acc || !pal_account_seen(a, acc)) &&
        !pal_no(a, PAL_NO_ACCOUNT_UNBOUND, !g || g->state == PAL_DELETED))
        pal_query_ask(a, g, kind, acc->uid, NULL);
}

/* GET /v1/cloudaccounts/maas/{uid}/properties/{kind} */
void pal_properties(const struct http_exchange *x)
{
    pal_properties_ask(pal_ask(x), http_var(x->vars, "kind"), http_var(x->vars, "uid"));
}
