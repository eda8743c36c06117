/* What follows from an answer of Palette: one small function a verdict of the law. */
#include "gateway/inner.h"

struct answer {
    const struct http_result *r;
    const char *why;
    struct gw_effects *fx;
};

static ms_t pause_end(const struct gw *g, ms_t pause, const struct answer *a)
{
    return g->now + ms_max(pause, gw_retry_after(a->r));
}

/* Once for every kind of trouble, until it works again. */
static void complain(struct gw *g, size_t i, const struct answer *a)
{
    struct gw_errand *e = &g->errands[i];
    const int what = a->r->outcome == HTTP_ANSWERED
                         ? a->r->status
                         : -(int)(a->r->outcome + HTTP_OUTCOME_COUNT * (unsigned)a->r->proxy_fault);
    char why[HTTP_WHY_MAX];

    if (e->complaint == what)
        return;
    e->complaint = what;
    if (a->r->outcome == HTTP_ANSWERED) {
        gw_say(a->fx, GW_WARNING, "%s: Palette answers %d%s%s", gw_ops[e->op].name, a->r->status,
               a->why[0] ? " " : "", a->why);
        return;
    }
    http_why_write(a->r, g->proxy, why);
    gw_say(a->fx, GW_WARNING, "%s: no answer from Palette: %s", gw_ops[e->op].name, why);
}

static void on_not_now(struct gw *g, size_t i, const struct answer *a)
{
    struct gw_errand *e = &g->errands[i];

    complain(g, i, a);
    e->failures++;
    e->due = pause_end(g, gw_backoff(g, e->failures), a);
}

static void on_wrong(struct gw *g, size_t i, const struct answer *a)
{
    complain(g, i, a);
    g->errands[i].failures++;
    g->errands[i].repeated = false;
    g->errands[i].due = pause_end(g, gw_long_pause(g), a);
}

/* A step on the way to something (the account is looked at, then made) leaves the count of failures
 * alone; reaching it clears them. */
static bool done(struct gw *g, size_t i, const struct answer *a)
{
    struct gw_errand *e = &g->errands[i];
    const enum gw_op op = e->op;

    if (!gw_ops[op].done(g, i, a->r, a->fx))
        return false;
    if (e->op != op)
        return true;
    if (e->complaint)
        gw_say(a->fx, GW_INFO, "%s: works again", gw_ops[op].name);
    e->failures = 0;
    e->repeated = false;
    e->complaint = 0;
    return true;
}

static void on_renew(struct gw *g, size_t i, const struct answer *a)
{
    struct gw_errand *e = &g->errands[i];
    struct gw_errand *credential = &g->errands[GW_AT_CREDENTIAL];

    if (e->repeated) { /* also the new token is not good enough */
        on_wrong(g, i, a);
        return;
    }
    e->repeated = true;
    e->due = pause_end(g, 0, a);
    if (e->token_n < g->token_n)
        return; /* renewed in the meantime */
    g->token_old = true;
    if (credential->ticket == 0 && credential->failures == 0)
        credential->due = g->now;
}

static void on_ended(struct gw *g, size_t i, const struct answer *a)
{
    (void)i;
    gw_identity_ended(g, a->fx);
    g->errands[GW_AT_CREDENTIAL].due = ms_max(g->errands[GW_AT_CREDENTIAL].due, pause_end(g, 0, a));
}

static void on_refused(struct gw *g, size_t i, const struct answer *a)
{
    (void)i;
    gw_say(a->fx, GW_ERROR,
           "Palette refuses the pairing code (%s); get a new one from Palette and start again",
           a->why);
    gw_exit(g, a->fx, 1);
}

static void on_forget(struct gw *g, size_t i, const struct answer *a)
{
    if (g->errands[i].op == GW_OP_ANSWER)
        (void)gw_answer_done(g, i, a->r, a->fx);
    else
        complain(g, i, a);
    g->errands[i].due = MS_NEVER;
}

static void on_new_list(struct gw *g, size_t i, const struct answer *a)
{
    if (!g->cursor[0]) { /* there was none that could be too old */
        on_wrong(g, i, a);
        return;
    }
    g->cursor[0] = '\0';
    g->errands[i].due = pause_end(g, 0, a);
}

static void (*const failures[GW_VERDICTS])(struct gw *, size_t, const struct answer *) = {
    [GW_RENEW] = on_renew,     [GW_ENDED] = on_ended,   [GW_REFUSED] = on_refused,
    [GW_WRONG] = on_wrong,     [GW_FORGET] = on_forget, [GW_NEW_LIST] = on_new_list,
    [GW_NOT_NOW] = on_not_now,
};

void gw_judge(struct gw *g, size_t i, const struct http_result *r, struct gw_effects *fx)
{
    const struct gw_op_row *row = &gw_ops[g->errands[i].op];
    struct answer a = {.r = r, .why = "", .fx = fx};
    enum gw_verdict v = gw_law(g->errands[i].op, r, &a.why);

    if (v == GW_DONE && done(g, i, &a))
        return;
    if (v == GW_DONE) { /* half an answer, or nonsense: like 502 */
        v = GW_NOT_NOW;
        a.why = "with something that makes no sense";
    }
    failures[v](g, i, &a);
    if (row->failed)
        row->failed(g, i);
}
