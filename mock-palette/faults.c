/* Misbehaviour of a Palette, as data: which call is hit, and what becomes of it. A wish is a line:
 *
 *   answers OP with CODE [N times]         nothing is done
 *   wants OP back CODE SECONDS [N times]   the same, with Retry-After
 *   answers OP CODE after [N times]        it is done, and then said to have failed
 *   answers OP lost after [N times]        it is done, and the connection ends without an answer
 *   stale feed [N times]                   the list of before, with its cursor
 *   repeated feed [N times]                a list though nothing has changed
 *   reordered feed [N times]               clusters last to first
 *   misbehaves OP N in 1000                each call by chance: 500, 503, or its answer is lost
 *   tokens end [UID]                       of all gateways, or one: 401 from now on
 *   gateway UID revoked                    401 CredentialRevoked to what it has
 *   certificate own|renewed|expired|wrong-name|wrong-authority|self-signed|old-protocol
 *                                          what new connections see (with --authority);
 *                                          old-protocol: a good one, and no TLS newer than 1.1
 *   drops every connection                 resets, idle ones and those that wait
 *   faults end                             none is armed any more
 *
 * OP is an operation's name in the journal, "OP.K" (its Kth call ever), "read", "change" or "any".
 * Without "N times" it is once. What the wire itself does wrong is the edge's business. */
#include "mock-palette/faults.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

struct words {
    size_t n;
    char at[WORDS_MAX][64];
};

static const char *const what_names[] = {
    [PAL_FAULT_BEFORE] = "before", [PAL_FAULT_AFTER] = "after",   [PAL_FAULT_LOSE] = "lose",
    [PAL_FAULT_STALE] = "stale",   [PAL_FAULT_REPEAT] = "repeat", [PAL_FAULT_REORDER] = "reorder",
    [PAL_FAULT_CHANCE] = "chance",
};

const char *pal_fault_name(enum pal_fault_what what)
{
    return what_names[what];
}

static void say(const struct pal_fault *f, const char *kind, ms_t now, struct http_reply *rp)
{
    struct event e;

    ev_init(&e, EV_FAULT, now);
    ev_text_add(&e, EVF_NAME, f->op);
    ev_text_add(&e, EVF_KIND, kind);
    ev_int_add(&e, EVF_COUNT, (int64_t)f->fired);
    ev_text_add(&e, EVF_WHO, "palette");
    ev_text_add(&e, EVF_WHY, what_names[f->what]);
    if (f->status)
        ev_int_add(&e, EVF_STATUS, f->status);
    ev_list_add(&rp->events, &e);
}

/* --- hitting ---------------------------------------------------------------------------------- */

static bool op_is(const struct pal_fault *f, const struct pal_ask *a)
{
    if (text_is(f->op, "any"))
        return true;
    if (text_is(f->op, "read") || text_is(f->op, "change"))
        return text_is(a->rq->method, "GET") == text_is(f->op, "read");
    return text_is(f->op, a->op);
}

static void fire(struct pal_ask *a, struct pal_fault *f)
{
    f->fired++;
    say(f, "fired", a->ctx->now, a->rp);
}

static bool is_armed(const struct pal_fault *f)
{
    return f->times == 0 || f->fired < f->times;
}

struct pal_fault *pal_fault_of(struct pal_ask *a, unsigned whats)
{
    for (size_t i = 0; i < a->p->n_faults; i++) {
        struct pal_fault *f = &a->p->faults[i];

        if (!(whats & (1U << f->what)) || !is_armed(f) || !op_is(f, a))
            continue;
        if (f->nth && ++f->calls != f->nth)
            continue;
        if (f->what == PAL_FAULT_CHANCE && rng_between(&a->p->chance, 1, 1000) > f->per_mille)
            continue;
        fire(a, f);
        return f;
    }
    return NULL;
}

static void refuse(struct pal_ask *a, const struct pal_fault *f)
{
    char seconds[24];

    pal_refuse_as(a, f->status, f->status == 409 ? "Conflict" : "Unavailable",
                  "This Palette was told to answer so.");
    if (f->retry_after < 0)
        return;
    snprintf(seconds, sizeof(seconds), "%d", (int)f->retry_after);
    http_header_add(&a->rp->headers, "Retry-After", seconds);
}

bool pal_fault_before(struct pal_ask *a)
{
    const struct pal_fault *f =
        a->ctx->parked_before ? NULL : pal_fault_of(a, 1U << PAL_FAULT_BEFORE);

    if (f)
        refuse(a, f);
    return f != NULL;
}

/* By chance, one of three ends: said to have failed in two ways, or not answered. */
static void chance(struct pal_ask *a, const struct pal_fault *f)
{
    static const int statuses[] = {500, 503};
    const int64_t end = rng_between(&a->p->chance, 0, COUNTOF(statuses));
    struct pal_fault one = *f;

    if (end == COUNTOF(statuses)) {
        a->rp->lose = true;
        return;
    }
    one.status = statuses[end];
    refuse(a, &one);
}

void pal_fault_after(struct pal_ask *a)
{
    const unsigned whats =
        (1U << PAL_FAULT_AFTER) | (1U << PAL_FAULT_LOSE) | (1U << PAL_FAULT_CHANCE);
    const struct pal_fault *f = a->p->n_faults > 0 ? pal_fault_of(a, whats) : NULL;

    if (!f)
        return;
    if (f->what == PAL_FAULT_LOSE)
        a->rp->lose = true;
    else if (f->what == PAL_FAULT_CHANCE)
        chance(a, f);
    else
        refuse(a, f);
}

/* --- wishes ----------------------------------------------------------------------------------- */

static const char *word(const struct words *w, size_t i)
{
    return i < w->n ? w->at[i] : "";
}

static bool op_read(const char *text, struct pal_fault *f)
{
    const char *dot = strrchr(text, '.');
    int64_t nth = 0;

    f->times = 1;
    if (dot && text_int(dot + 1, 1, INT32_MAX, &nth)) {
        f->nth = (uint64_t)nth;
        return text_copy_len(f->op, sizeof(f->op), text, (size_t)(dot - text));
    }
    return *text && text_copy(f->op, sizeof(f->op), text);
}

static bool status_read(const char *text, struct pal_fault *f)
{
    int64_t status = 0;

    f->retry_after = -1;
    if (!text_int(text, 400, 599, &status))
        return false;
    f->status = (int)status;
    return true;
}

/* "… 3 times" is taken off. */
static bool times_take(struct words *w, uint64_t *ret)
{
    int64_t times = 1;

    if (w->n > 2 && text_is(w->at[w->n - 1], "times")) {
        if (!text_int(w->at[w->n - 2], 1, INT32_MAX, &times))
            return false;
        w->n -= 2;
    }
    *ret = (uint64_t)times;
    return true;
}

static bool answers(const struct words *w, struct pal_fault *f)
{
    if (w->n != 4 || !op_read(word(w, 1), f))
        return false;
    f->what = text_is(word(w, 2), "lost") ? PAL_FAULT_LOSE : PAL_FAULT_AFTER;
    if (text_is(word(w, 2), "with")) {
        f->what = PAL_FAULT_BEFORE;
        return status_read(word(w, 3), f);
    }
    return text_is(word(w, 3), "after") &&
           (f->what == PAL_FAULT_LOSE || status_read(word(w, 2), f));
}

static bool wants(const struct words *w, struct pal_fault *f)
{
    f->what = PAL_FAULT_BEFORE;
    return w->n == 5 && op_read(word(w, 1), f) && text_is(word(w, 2), "back") &&
           status_read(word(w, 3), f) && text_int(word(w, 4), 0, 86400, &f->retry_after);
}

static bool lists(const struct words *w, struct pal_fault *f)
{
    f->what = text_is(word(w, 0), "stale")      ? PAL_FAULT_STALE
              : text_is(word(w, 0), "repeated") ? PAL_FAULT_REPEAT
                                                : PAL_FAULT_REORDER;
    return w->n == 2 && text_is(word(w, 1), "feed") && op_read("feed", f);
}

static bool misbehaves(const struct words *w, struct pal_fault *f)
{
    f->what = PAL_FAULT_CHANCE;
    f->retry_after = -1;
    return w->n == 5 && op_read(word(w, 1), f) && text_int(word(w, 2), 1, 1000, &f->per_mille) &&
           text_is(word(w, 3), "in") && text_is(word(w, 4), "1000");
}

static bool arm(struct palette *p, struct words *w, ms_t now, struct http_reply *rp)
{
    static const struct row {
        const char *verb;
        bool (*read)(const struct words *w, struct pal_fault *f);
    } rows[] = {{"answers", answers}, {"wants", wants},     {"stale", lists},
                {"repeated", lists},  {"reordered", lists}, {"misbehaves", misbehaves}};
    struct pal_fault f = {.status = 0};
    uint64_t times = 1;

    if (p->n_faults == PAL_FAULTS_MAX || !times_take(w, &times))
        return false;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (!text_is(rows[i].verb, word(w, 0)) || !rows[i].read(w, &f))
            continue;
        f.times = f.what == PAL_FAULT_CHANCE ? 0 : times;
        p->faults[p->n_faults++] = f;
        say(&f, "armed", now, rp);
        return true;
    }
    return false;
}

static bool tokens_end(struct palette *p, const char *uid, ms_t now)
{
    const struct pal_gateway *g = *uid ? pal_gateway_find(p, uid) : NULL;

    if (*uid && !g)
        return false;
    for (size_t i = 0; i < p->tokens_max; i++) {
        struct pal_token *t = &p->tokens[i];

        if (t->until == 0 || (g && t->gateway_i != pal_gateway_i(p, g)))
            continue;
        t->until = ms_max(1, ms_min(t->until, now));
        pal_keep_mark(p, PAL_KEEP_TOKENS, i);
    }
    return true;
}

static bool revoke(struct palette *p, const char *uid)
{
    const struct pal_gateway *g = pal_gateway_find(p, uid);

    for (size_t i = 0; g && i < p->tokens_max; i++)
        if (p->tokens[i].until > 0 && p->tokens[i].gateway_i == pal_gateway_i(p, g)) {
            p->tokens[i].revoked = true;
            pal_keep_mark(p, PAL_KEEP_TOKENS, i);
        }
    return g != NULL;
}

bool palette_do(struct palette *p, ms_t now, const char *text, struct http_reply *rp)
{
    struct words w = {.n = 0};

    if (http_certificate_read(text) != HTTP_CERT_AS_IT_IS) {
        rp->certificate = p->config.authority ? http_certificate_read(text) : HTTP_CERT_AS_IT_IS;
        return p->config.authority;
    }
    if (text_is(text, "drops every connection"))
        return rp->drop = true;
    while (w.n < WORDS_MAX && text_next(&text, ' ', w.at[w.n], sizeof(w.at[0])))
        w.n++;
    if (text_is(word(&w, 0), "tokens") && text_is(word(&w, 1), "end"))
        return tokens_end(p, word(&w, 2), now);
    if (text_is(word(&w, 0), "gateway") && text_is(word(&w, 2), "revoked"))
        return revoke(p, word(&w, 1));
    if (text_is(word(&w, 0), "faults") && text_is(word(&w, 1), "end")) {
        p->n_faults = 0;
        return true;
    }
    return arm(p, &w, now, rp);
}
