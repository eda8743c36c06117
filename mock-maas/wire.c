/* Misdeeds of the wire and of what stands before MAAS, as data: one row a verb. What was asked is
 * done first, except where a row says otherwise; then the answer suffers.
 *
 *   resets OP                    a reset in place of the answer
 *   doubles OP                   the answer, and the same again
 *   cuts OP at BYTES             head and body end there
 *   misses OP by BYTES           Content-Length says so much more than the body has (-5: less)
 *   garbles OP                   the body is no JSON any more
 *   delays OP by SPAN            done at once, answered later: after the client's time-out
 *   trickles OP BYTES each SPAN  slowly, from the first byte of the head
 *   drips OP BYTES each SPAN     the head at once, the body slowly
 *   contends OP                  nothing is done: MAAS's page for a conflict, Retry-After: 5
 *   wants OP back CODE SECONDS   nothing is done: CODE with Retry-After
 *
 *   refuses for SPAN             nobody gets a connection (by the control port only)
 *
 * OP is "allocate.2" (the second one of the run) or "allocate" (the next one), each row may end
 * with "N times". */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define WORDS_MAX 8

struct words {
    size_t n;
    char at[WORDS_MAX][64];
};

static bool number(const struct words *w, size_t i, int64_t min, int64_t max, int64_t *ret)
{
    return i < w->n && text_int(w->at[i], min, max, ret);
}

static bool is(const struct words *w, size_t i, const char *word)
{
    return i < w->n && text_is(w->at[i], word);
}

static bool resets(const struct words *w, struct maas_fault *f)
{
    f->wire.reset = true;
    return w->n == 2;
}

static bool doubles(const struct words *w, struct maas_fault *f)
{
    f->wire.twice = true;
    return w->n == 2;
}

static bool cuts(const struct words *w, struct maas_fault *f)
{
    int64_t at = 0;

    f->wire.cut = true;
    if (w->n != 4 || !is(w, 2, "at") || !number(w, 3, 0, HTTP_BODY_MAX, &at))
        return false;
    f->wire.cut_at = (size_t)at;
    return true;
}

static bool misses(const struct words *w, struct maas_fault *f)
{
    return w->n == 4 && is(w, 2, "by") &&
           number(w, 3, -HTTP_BODY_MAX, HTTP_BODY_MAX, &f->wire.length_off);
}

static bool garbles(const struct words *w, struct maas_fault *f)
{
    f->what = MAAS_FAULT_GARBLE;
    return w->n == 2;
}

static bool delays(const struct words *w, struct maas_fault *f)
{
    return w->n == 4 && is(w, 2, "by") && text_duration(w->at[3], &f->wire.late_ms);
}

static bool slowly(const struct words *w, struct maas_fault *f)
{
    int64_t bytes = 0;

    if (w->n != 5 || !is(w, 3, "each") || !number(w, 2, 1, HTTP_BODY_MAX, &bytes))
        return false;
    f->wire.slow_bytes = (size_t)bytes;
    return text_duration(w->at[4], &f->wire.slow_ms) && f->wire.slow_ms > 0;
}

static bool drips(const struct words *w, struct maas_fault *f)
{
    f->wire.slow_body = true;
    return slowly(w, f);
}

static bool contends(const struct words *w, struct maas_fault *f)
{
    f->what = MAAS_FAULT_CONTEND;
    return w->n == 2;
}

static bool wants(const struct words *w, struct maas_fault *f)
{
    int64_t status = 0;

    f->what = MAAS_FAULT_BEFORE;
    if (w->n != 5 || !is(w, 2, "back") || !number(w, 3, 400, 599, &status))
        return false;
    f->status = (int)status;
    return number(w, 4, 0, 86400, &f->retry_after_s);
}

static const struct row {
    const char *verb;
    bool (*read)(const struct words *w, struct maas_fault *f);
} rows[] = {
    {"resets", resets},     {"doubles", doubles}, {"cuts", cuts},       {"misses", misses},
    {"garbles", garbles},   {"delays", delays},   {"trickles", slowly}, {"drips", drips},
    {"contends", contends}, {"wants", wants},
};

static bool op_read(const char *text, struct maas_fault *f)
{
    const char *dot = strrchr(text, '.');
    int64_t nth = 0;

    if (dot && text_int(dot + 1, 1, INT32_MAX, &nth)) {
        f->nth = (uint64_t)nth;
        return text_copy_len(f->op, sizeof(f->op), text, (size_t)(dot - text));
    }
    return text_copy(f->op, sizeof(f->op), text);
}

/* "… 3 times" is taken off; without it, once. */
static bool times_take(struct words *w, struct maas_fault *f)
{
    int64_t times = 1;

    if (w->n > 2 && is(w, w->n - 1, "times")) {
        if (f->nth || !number(w, w->n - 2, 1, INT32_MAX, &times))
            return false;
        w->n -= 2;
    }
    f->times = f->nth ? 0 : (uint64_t)times;
    return true;
}

bool maas_wire_read(const char *text, struct maas_fault *ret)
{
    struct maas_fault f = {.what = MAAS_FAULT_WIRE, .wire = {.on = true}};
    struct words w = {.n = 0};

    while (w.n < WORDS_MAX && text_next(&text, ' ', w.at[w.n], sizeof(w.at[0])))
        w.n++;
    if (w.n < 2 || !op_read(w.at[1], &f) || !times_take(&w, &f))
        return false;
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].verb, w.at[0]) && rows[i].read(&w, &f)) {
            *ret = f;
            return true;
        }
    return false;
}

bool maas_refuse_read(const char *text, struct http_reply *rp)
{
    static const char head[] = "refuses for ";

    return text_begins(text, head) && text_duration(text + strlen(head), &rp->refuse_ms);
}

/* Half of it, and brackets that fit to nothing. */
static void garble(struct http_reply *rp)
{
    rp->body.len /= 2;
    buf_text_add(&rp->body, "}]\"");
}

void maas_wire_answer(struct maas_ask *a, const struct maas_fault *f)
{
    if (f->what == MAAS_FAULT_CONTEND)
        maas_conflict(a);
    else if (f->what == MAAS_FAULT_GARBLE)
        garble(a->rp);
    else
        a->rp->wire = f->wire;
}
