/* Machines that change by themselves (deploying, deployed, releasing) are read together: one list a
 * poll and account, by their ids, whatever cluster they belong to (GP-29). What is missing in the
 * answer is read by itself, and then MAAS says why.
 *
 * An answer counts for a cluster only when nothing else was asked of MAAS for it since before the
 * poll left: else it might be older than what is known. */
#include "gateway/cluster.h"

#include "lib/base/text.h"
#include "lib/base/url.h"

#include <stdlib.h>
#include <string.h>

#define POLL_SHARE 2 /* polls take one of so many requests that a MAAS may be sent */
#define JOIN_SHARE 2 /* what is due within that part of the pause goes with the others */

struct gw_poll {
    uint64_t ticket;
    size_t n;
    struct polled {
        size_t place;
        char sid[GW_SID_MAX];
        bool seen;
    } at[GW_BATCH_MAX];
};

/* --- what is due ------------------------------------------------------------------------------ */

static bool is_polled(const struct gw_cluster *c, const struct gw_machine *m)
{
    return gw_is_readable(c, m) && m->fresh && m->poll_due != MS_NEVER;
}

static bool is_at_work(const struct gw_cluster *c)
{
    return c->item && c->listed && !c->left && !c->item->odd;
}

void gw_poll_note(struct gw *g, struct gw_cluster *c)
{
    c->n_polled = 0;
    c->poll_due = MS_NEVER;
    g->polls_old = true;
    for (size_t i = 0; is_at_work(c) && i < c->n_machines; i++) {
        if (!is_polled(c, &c->machines[i]))
            continue;
        c->n_polled++;
        c->poll_due = ms_min(c->poll_due, c->machines[i].poll_due);
    }
}

/* Longer when there are so many machines that their polls would eat the budget. */
static ms_t pause_of(const struct gw *g, size_t n_machines)
{
    const ms_t n_polls = (ms_t)((n_machines + GW_BATCH_MAX - 1) / GW_BATCH_MAX);
    const ms_t each = g->timing.rate_ms / ms_max(g->timing.rate_requests, 1) * POLL_SHARE;

    return ms_max(ms_max(g->timing.maas_poll_ms, 1), n_polls * each);
}

/* Clusters of one account that have something to be polled. */
static struct gw_cluster *next_of(const struct gw *g, size_t account, size_t *i)
{
    while (*i < g->n_places) {
        struct gw_cluster *c = g->clusters[(*i)++];

        if (c && c->poll_due != MS_NEVER && gw_cluster_account(g, c) == &g->accounts[account])
            return c;
    }
    return NULL;
}

static ms_t pause_in(const struct gw *g, size_t account)
{
    const struct gw_cluster *c;
    size_t n = 0, i = 0;

    while ((c = next_of(g, account, &i)))
        n += c->n_polled;
    return pause_of(g, n);
}

void gw_polls_plan(struct gw *g)
{
    if (!g->polls_old)
        return;
    g->polls_old = false;
    for (size_t k = 0; k < GW_ACCOUNTS_MAX; k++) {
        struct gw_errand *e = &g->errands[GW_AT_POLLS + k];
        const struct gw_cluster *c;
        const ms_t not_before = e->failures > 0 ? e->due : GW_LONG_AGO;
        size_t i = 0;

        if (e->ticket)
            continue;
        e->op = GW_OP_POLL;
        e->due = MS_NEVER;
        if (k >= g->n_accounts)
            continue;
        while ((c = next_of(g, k, &i)))
            e->due = ms_min(e->due, c->poll_due);
        if (e->due != MS_NEVER && not_before != MS_NEVER)
            e->due = ms_max(e->due, not_before);
        e->region = g->accounts[k].region;
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

static void batch_add(struct gw_poll *p, const struct gw_cluster *c, ms_t until, size_t max)
{
    for (size_t i = 0; i < c->n_machines && p->n < max; i++) {
        const struct gw_machine *m = &c->machines[i];

        if (!is_polled(c, m) || m->poll_due > until)
            continue;
        p->at[p->n] = (struct polled){.place = c->place};
        memcpy(p->at[p->n++].sid, m->sid, sizeof m->sid);
    }
}

/* A list that failed may have been too long for somebody: half of it the next time. */
static size_t batch_max(unsigned failures)
{
    size_t max = GW_BATCH_MAX;

    while (failures-- > 0 && max > 1)
        max /= 2;
    return max;
}

void gw_poll_prepare(struct gw *g, size_t i, struct gw_effects *fx)
{
    const size_t account = i - GW_AT_POLLS;
    const ms_t until = g->now + pause_in(g, account) / JOIN_SHARE;
    const size_t max = batch_max(g->errands[i].failures);
    struct gw_poll *p = g->polls[account];
    const struct gw_cluster *c;
    size_t place = 0;

    (void)fx;
    if (!p)
        p = g->polls[account] = malloc(sizeof *p);
    if (!p)
        WRONG("no memory");
    p->n = 0;
    p->ticket = g->tickets + 1;
    while ((c = next_of(g, account, &place))) /* who is due goes before who only joins */
        if (c->poll_due <= g->now)
            batch_add(p, c, until, max);
    for (place = 0; (c = next_of(g, account, &place));)
        if (c->poll_due > g->now)
            batch_add(p, c, until, max);
}

void gw_poll_write(struct gw *g, size_t i, struct http_call *call)
{
    const struct gw_account *a = &g->accounts[i - GW_AT_POLLS];
    const struct gw_poll *p = g->polls[i - GW_AT_POLLS];
    struct buf signature SCOPED(buf_drop);
    bool added;

    http_call_init(call, "GET");
    url_join(&call->url, a->endpoint, "api/2.0/machines/");
    for (size_t k = 0; k < p->n; k++) {
        buf_text_add(&call->url, k == 0 ? "?id=" : "&id=");
        url_encode(&call->url, p->at[k].sid);
    }
    buf_init(&signature, HTTP_HEADERS_MAX / 2);
    gw_maas_sign(g, a->key, &signature);
    added = http_header_add(&call->headers, "Authorization", buf_text(&signature));
    assert(added && p->n > 0); /* without an id it would be a list of everything */
    call->timeout_ms = g->timing.maas_call_ms;
}

/* --- answers ---------------------------------------------------------------------------------- */

struct reading {
    struct gw *g;
    struct gw_poll *poll;
    struct gw_effects *fx;
    const struct http_result *r;
    ms_t sent, next;
};

static struct gw_machine *machine_of(const struct reading *a, const struct polled *p,
                                     struct gw_cluster **ret_c)
{
    struct gw_cluster *c = *ret_c = a->g->clusters[p->place];
    struct gw_machine *m = c && is_at_work(c) ? gw_machine_find(c, p->sid) : NULL;

    return m && is_polled(c, m) ? m : NULL;
}

static bool is_newest(const struct reading *a, const struct gw_cluster *c)
{
    const struct gw_errand *work = &a->g->errands[GW_AT_CLUSTERS + GW_LANES * c->place];

    return c->last_call < a->poll->ticket && !(work->ticket && gw_ops[work->op].target == GW_MAAS);
}

static void each(void *arg, const struct gw_seen *seen)
{
    const struct reading *a = arg;

    for (size_t i = 0; i < a->poll->n; i++) {
        struct polled *p = &a->poll->at[i];
        struct gw_turn t = {
            .g = a->g, .fx = a->fx, .step = GW_STEP_READ, .sent = a->sent, .r = a->r};

        if (!text_is(p->sid, seen->sid))
            continue;
        p->seen = true;
        t.m = machine_of(a, p, &t.c);
        if (!t.m || !is_newest(a, t.c))
            continue;
        t.c->trouble = NULL;
        gw_machine_see(&t, t.m, seen);
        if (t.m->poll_due != MS_NEVER)
            t.m->poll_due = a->next;
    }
}

/* After everything was looked at: who is not in the answer, and who was passed over. */
static void rest(const struct reading *a)
{
    for (size_t i = 0; i < a->poll->n; i++) {
        struct polled *p = &a->poll->at[i];
        struct gw_cluster *c;
        struct gw_machine *m = machine_of(a, p, &c);

        if (c)
            c->dirty = true;
        if (!m)
            continue;
        if (!p->seen && is_newest(a, c))
            m->read_due = a->g->now;
        m->poll_due = ms_max(m->poll_due, a->next);
    }
}

static void failed(const struct reading *a, struct gw_errand *e, const char *reason)
{
    char why[HTTP_WHY_MAX] = "";

    e->failures++;
    e->due = a->g->now + ms_max(gw_maas_backoff(a->g, e->failures), gw_retry_after(a->r));
    for (size_t i = 0; i < a->poll->n; i++) {
        struct gw_cluster *c = a->g->clusters[a->poll->at[i].place];

        if (!c)
            continue;
        c->dirty = true;
        if (reason)
            c->trouble = reason;
    }
    if (e->failures > 1)
        return;
    if (a->r->outcome != HTTP_ANSWERED)
        http_why_write(a->r, "", why);
    gw_say(a->fx, GW_WARNING, "%zu machines cannot be read: MAAS: %s", a->poll->n,
           a->r->outcome != HTTP_ANSWERED ? why
           : reason                       ? reason
                                          : "its answer makes no sense");
}

void gw_poll_reply(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    struct gw_errand *e = &g->errands[i];
    struct reading a = {.g = g,
                        .poll = g->polls[i - GW_AT_POLLS],
                        .fx = fx,
                        .r = r,
                        .sent = e->sent,
                        .next = g->now + pause_in(g, i - GW_AT_POLLS)};
    const char *reason = NULL;

    g->polls_old = true;
    if (gw_maas_outcome(r, &reason) != GW_OUT_DONE || !gw_seen_list(r, each, &a)) {
        failed(&a, e, reason);
        return;
    }
    e->failures = 0;
    rest(&a);
}

void gw_polls_free(struct gw *g)
{
    for (size_t i = 0; i < GW_ACCOUNTS_MAX; i++)
        free(g->polls[i]);
}
