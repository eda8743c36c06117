/* Several replicas of one gateway (GP-105, GP-106): the lease on the wire, and the number that each
 * call must carry. A token is a replica's own; what it may do needs the lease. */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void journal_lease(const struct pal_ask *a, const char *kind)
{
    struct event e;

    ev_init(&e, EV_PAL_LEASE, a->ctx->now);
    ev_text_add(&e, EVF_UID, a->gateway->uid);
    ev_text_add(&e, EVF_WHO, a->token->replica);
    ev_text_add(&e, EVF_KIND, kind);
    ev_int_add(&e, EVF_COUNT, a->gateway->lease.number);
    ev_list_add(&a->rp->events, &e);
}

/* The number the call carries; false: it has been refused. */
static bool number_read(struct pal_ask *a, int64_t *ret)
{
    char text[32] = "";
    const bool given = http_header_get(&a->rq->headers, "X-Gp-Lease", text, sizeof(text));

    return !pal_no(a, PAL_NO_LEASE_MISSING, !given) &&
           !pal_no(a, PAL_NO_LEASE_FORM, !text_int(text, 1, INT64_MAX, ret));
}

bool pal_lease_admit(struct pal_ask *a)
{
    const struct pal_lease *l = &a->gateway->lease;
    int64_t number = 0;

    if ((a->route->flags & PAL_NO_LEASE_NEEDED) ||
        (!a->token->ha && !pal_lease_is_held(l, a->ctx->now)))
        return true;
    return number_read(a, &number) &&
           !pal_no(a, PAL_NO_LEASE_STALE, pal_lease_is_stale(l, number, a->ctx->now));
}

struct taking {
    char replica[8];
};
static const struct jx_field taking_fields[] = {
    JX_TEXT(struct taking, replica, JX_MUST),
};

/* PUT /v1/x-gp/pcg/{uid}/lease */
void pal_lease_put(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_lease *l = &a->gateway->lease;
    struct taking in = {.replica = ""};
    struct buf body SCOPED(buf_drop) = {0};
    char key[HTTP_KEY_MAX];

    if (!pal_body(a, taking_fields, COUNTOF(taking_fields), &in) ||
        pal_no(a, PAL_NO_LEASE_FEATURE, !a->token->ha) ||
        pal_no(a, PAL_NO_LEASE_REPLICA, !text_is(in.replica, a->token->replica)) ||
        pal_no(a, PAL_NO_LEASE_HELD, pal_lease_is_anothers(l, in.replica, x->ctx->now)))
        return;
    if (pal_lease_take(l, in.replica, x->ctx->now)) {
        journal_lease(a, "taken");
        snprintf(key, sizeof(key), "feed/%s", a->gateway->uid);
        http_reply_touch(a->rp, key); /* whoever still waits with the old number is told */
    }
    buf_init(&body, 128);
    buf_printf(&body, "{\"lease\":%" PRId64 ",\"ttlSeconds\":", l->number);
    jx_write_seconds(&body, pal_out_ms(pal_factor(a->p, true), PAL_LEASE_TTL_MS));
    buf_char_add(&body, '}');
    pal_answer(a, 200, buf_text(&body));
}

/* DELETE /v1/x-gp/pcg/{uid}/lease: by the holder, who says its number. */
void pal_lease_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);

    pal_lease_end(&a->gateway->lease);
    journal_lease(a, "given back");
    pal_answer(a, 204, NULL);
    (void)x;
}
