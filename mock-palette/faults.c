/* Misbehaviour of a Palette, as data: which call is hit, and what becomes of it. A wish is a line:
 *
 *   answers OP with CODE           nothing is done
 *   wants OP back CODE SECONDS     the same, with Retry-After
 *   answers OP CODE after          it is done, and then said to have failed
 *   loses answer to OP             it is done, and the connection ends without an answer
 *                                  (or: answers OP lost after)
 *   stale feed                     the list of before, with its cursor
 *   repeated feed                  a list though nothing has changed
 *   reordered feed                 clusters last to first
 *   resets OP, doubles OP, garbles OP, cuts OP at BYTES, misses OP by BYTES, delays OP by SPAN,
 *   trickles OP BYTES each SPAN, drips OP BYTES each SPAN
 *                                  it is done, and the answer suffers on its way (misdeeds.c)
 *   is silent to OP for SPAN       nothing is done, and nothing answered
 *   misbehaves OP N in 1000        each call by chance: 500, 503, or its answer is lost
 *   refuses for SPAN               nobody gets a new connection
 *   tokens end [UID]               of all gateways, or one: 401 from now on
 *   gateway UID revoked            401 CredentialRevoked to what it has
 *   certificate own|renewed|expired|wrong-name|wrong-authority|self-signed|old-protocol
 *                                  what new connections see (with --authority);
 *                                  old-protocol: a good one, and no TLS newer than 1.1
 *   drops every connection         resets, idle ones and those that wait
 *   faults end                     none is armed any more
 *
 * OP is an operation's name in the journal, "OP.K" (its Kth call from now on), "read", "change" or
 * "any". Those that mean calls hit one, or end with "N times". */
#include "mock-palette/faults.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const what_names[PAL_FAULT_COUNT] = {
    [PAL_FAULT_BEFORE] = "before", [PAL_FAULT_AFTER] = "after",   [PAL_FAULT_LOSE] = "lose",
    [PAL_FAULT_STALE] = "stale",   [PAL_FAULT_REPEAT] = "repeat", [PAL_FAULT_REORDER] = "reorder",
    [PAL_FAULT_CHANCE] = "chance", [PAL_FAULT_SILENT] = "silent", [PAL_FAULT_WIRE] = "wire",
    [PAL_FAULT_GARBLE] = "garble",
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
    a->p->misdeeds[pal_misdeed_of(f)].fired++;
    say(f, "fired", a->ctx->now, a->rp);
}

static bool is_armed(const struct pal_fault *f, ms_t now)
{
    return now < f->until && (f->times == 0 || f->fired < f->times);
}

struct pal_fault *pal_fault_of(struct pal_ask *a, unsigned whats)
{
    for (size_t i = 0; i < a->p->n_faults; i++) {
        struct pal_fault *f = &a->p->faults[i];

        if (!(whats & (1U << f->what)) || !is_armed(f, a->ctx->now) || !op_is(f, a))
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
    const unsigned whats = (1U << PAL_FAULT_BEFORE) | (1U << PAL_FAULT_SILENT);
    const struct pal_fault *f = a->ctx->parked_before ? NULL : pal_fault_of(a, whats);

    if (f && f->what == PAL_FAULT_SILENT) {
        pal_answer(a, 504, NULL); /* which nobody hears */
        a->rp->hang = true;
    } else if (f) {
        refuse(a, f);
    }
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

/* Half of it, and brackets that fit to nothing. */
static void garble(struct http_reply *rp)
{
    rp->body.len /= 2;
    buf_text_add(&rp->body, "}]\"");
}

void pal_fault_after(struct pal_ask *a)
{
    const unsigned whats = (1U << PAL_FAULT_AFTER) | (1U << PAL_FAULT_LOSE) |
                           (1U << PAL_FAULT_CHANCE) | (1U << PAL_FAULT_WIRE) |
                           (1U << PAL_FAULT_GARBLE);
    const struct pal_fault *f = a->p->n_faults > 0 && !a->rp->hang ? pal_fault_of(a, whats) : NULL;

    if (!f)
        return;
    if (f->what == PAL_FAULT_LOSE)
        a->rp->lose = true;
    else if (f->what == PAL_FAULT_WIRE)
        a->rp->wire = f->wire;
    else if (f->what == PAL_FAULT_GARBLE)
        garble(a->rp);
    else if (f->what == PAL_FAULT_CHANCE)
        chance(a, f);
    else
        refuse(a, f);
}

/* --- wishes ----------------------------------------------------------------------------------- */

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

static bool answers(const struct wire_words *w, struct pal_fault *f)
{
    if (w->n != 4 || !op_read(wire_word(w, 1), f))
        return false;
    f->what = wire_word_is(w, 2, "lost") ? PAL_FAULT_LOSE : PAL_FAULT_AFTER;
    if (wire_word_is(w, 2, "with")) {
        f->what = PAL_FAULT_BEFORE;
        return status_read(wire_word(w, 3), f);
    }
    return wire_word_is(w, 3, "after") &&
           (f->what == PAL_FAULT_LOSE || status_read(wire_word(w, 2), f));
}

static bool wants(const struct wire_words *w, struct pal_fault *f)
{
    f->what = PAL_FAULT_BEFORE;
    return w->n == 5 && op_read(wire_word(w, 1), f) && wire_word_is(w, 2, "back") &&
           status_read(wire_word(w, 3), f) && wire_word_int(w, 4, 0, 86400, &f->retry_after);
}

static bool lists(const struct wire_words *w, struct pal_fault *f)
{
    f->what = wire_word_is(w, 0, "stale")      ? PAL_FAULT_STALE
              : wire_word_is(w, 0, "repeated") ? PAL_FAULT_REPEAT
                                               : PAL_FAULT_REORDER;
    return w->n == 2 && wire_word_is(w, 1, "feed") && op_read("feed", f);
}

static bool loses(const struct wire_words *w, struct pal_fault *f)
{
    f->what = PAL_FAULT_LOSE;
    return w->n == 4 && wire_word_is(w, 1, "answer") && wire_word_is(w, 2, "to") &&
           op_read(wire_word(w, 3), f);
}

/* As long as it lasts, not once. */
static bool is_silent(const struct wire_words *w, struct pal_fault *f)
{
    f->what = PAL_FAULT_SILENT;
    return w->n == 6 && wire_word_is(w, 1, "silent") && wire_word_is(w, 2, "to") &&
           op_read(wire_word(w, 3), f) && wire_word_is(w, 4, "for") &&
           text_duration(wire_word(w, 5), &f->until) && f->until > 0;
}

static bool wire(const struct wire_words *w, struct pal_fault *f)
{
    return op_read(wire_word(w, 1), f) && pal_wire_read(w, f);
}

static bool misbehaves(const struct wire_words *w, struct pal_fault *f)
{
    f->what = PAL_FAULT_CHANCE;
    f->retry_after = -1;
    return w->n == 5 && op_read(wire_word(w, 1), f) &&
           wire_word_int(w, 2, 1, 1000, &f->per_mille) && wire_word_is(w, 3, "in") &&
           wire_word_is(w, 4, "1000");
}

/* Whoever arms one after the other for days finds the place of a spent one. */
static struct pal_fault *place(struct palette *p, ms_t now)
{
    if (p->n_faults < PAL_FAULTS_MAX)
        return &p->faults[p->n_faults++];
    for (size_t i = 0; i < p->n_faults; i++)
        if (!is_armed(&p->faults[i], now))
            return &p->faults[i];
    return NULL;
}

static bool fault_read(struct wire_words *w, ms_t now, struct pal_fault *ret)
{
    static const struct row {
        const char *verb;
        bool (*read)(const struct wire_words *w, struct pal_fault *f);
    } rows[] = {{"answers", answers},       {"wants", wants},     {"stale", lists},
                {"repeated", lists},        {"reordered", lists}, {"loses", loses},
                {"misbehaves", misbehaves}, {"is", is_silent}};
    struct pal_fault f = {.retry_after = -1};
    uint64_t times = 1;
    bool fine = false;

    if (!wire_words_times(w, &times))
        return false;
    for (size_t i = 0; i < COUNTOF(rows) && !fine; i++)
        fine = wire_word_is(w, 0, rows[i].verb) && rows[i].read(w, &f);
    if (!fine && !wire(w, &f))
        return false;
    f.until = f.until > 0 ? now + f.until : MS_NEVER;
    f.times = f.what == PAL_FAULT_CHANCE || f.what == PAL_FAULT_SILENT ? 0 : times;
    *ret = f;
    return true;
}

static bool arm(struct palette *p, struct wire_words *w, ms_t now, struct http_reply *rp)
{
    struct pal_fault f, *at;

    if (!fault_read(w, now, &f) || !(at = place(p, now)))
        return false;
    *at = f;
    p->misdeeds[pal_misdeed_of(at)].armed++;
    say(at, "armed", now, rp);
    return true;
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

/* --- wishes that are no fault of a call: done at once -------------------------------------------
 */

static bool wish_tokens(struct palette *p, const struct wire_words *w, ms_t now,
                        struct http_reply *rp)
{
    (void)rp;
    return w->n <= 3 && wire_word_is(w, 1, "end") && tokens_end(p, wire_word(w, 2), now);
}

static bool wish_gateway(struct palette *p, const struct wire_words *w, ms_t now,
                         struct http_reply *rp)
{
    (void)now;
    (void)rp;
    return w->n == 3 && wire_word_is(w, 2, "revoked") && revoke(p, wire_word(w, 1));
}

/* Who has the ApiKey, and not his colleague. What he did stays done. */
static bool wish_user(struct palette *p, const struct wire_words *w, ms_t now,
                      struct http_reply *rp)
{
    (void)now;
    (void)rp;
    if (w->n != 2 || !wire_word_is(w, 1, "disabled"))
        return false;
    p->user_disabled = true;
    pal_keep_mark(p, PAL_KEEP_SELF, 0);
    return true;
}

/* The listener's to do. */
static bool wish_refuses(struct palette *p, const struct wire_words *w, ms_t now,
                         struct http_reply *rp)
{
    (void)p;
    (void)now;
    return w->n == 3 && wire_word_is(w, 1, "for") &&
           text_duration(wire_word(w, 2), &rp->refuse_ms) && rp->refuse_ms > 0;
}

static bool wish_drops(struct palette *p, const struct wire_words *w, ms_t now,
                       struct http_reply *rp)
{
    (void)p;
    (void)now;
    rp->drop = w->n == 3 && wire_word_is(w, 1, "every") && wire_word_is(w, 2, "connection");
    return rp->drop;
}

static bool wish_faults(struct palette *p, const struct wire_words *w, ms_t now,
                        struct http_reply *rp)
{
    (void)now;
    (void)rp;
    if (w->n != 2 || !wire_word_is(w, 1, "end"))
        return false;
    p->n_faults = 0;
    return true;
}

/* It has fired when a client is shown it: palette_met(). */
static bool certificate(struct palette *p, enum http_certificate which, ms_t now,
                        struct http_reply *rp)
{
    char name[HTTP_MET_MAX];

    if (!p->config.authority)
        return false;
    rp->certificate = which;
    if (http_certificate_met(which, name))
        pal_misdeed_armed(p, name, now, &rp->events);
    return true;
}

bool palette_do(struct palette *p, ms_t now, const char *text, struct http_reply *rp)
{
    static const struct row {
        const char *verb, *misdeed; /* misdeed NULL: none */
        bool at_once;               /* what Palette holds has changed: it has struck */
        bool (*wish)(struct palette *p, const struct wire_words *w, ms_t now,
                     struct http_reply *rp);
    } rows[] = {{"tokens", "tokens-end", true, wish_tokens},
                {"gateway", "gateway-revoked", true, wish_gateway},
                {"refuses", "refuses", false, wish_refuses},
                {"drops", "connections-dropped", false, wish_drops},
                {"user", "user-disabled", true, wish_user},
                {"faults", NULL, false, wish_faults}};
    struct wire_words w;

    if (http_certificate_read(text) != HTTP_CERT_AS_IT_IS)
        return certificate(p, http_certificate_read(text), now, rp);
    wire_words_split(text, &w);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (!wire_word_is(&w, 0, rows[i].verb))
            continue;
        if (!rows[i].wish(p, &w, now, rp))
            return false;
        if (rows[i].misdeed)
            pal_misdeed_armed(p, rows[i].misdeed, now, &rp->events);
        if (rows[i].at_once)
            palette_met(p, now, rows[i].misdeed, &rp->events);
        return true;
    }
    return arm(p, &w, now, rp);
}
