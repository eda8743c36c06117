/* Misdeeds of the wire and of what stands before MAAS, as data: one row a verb. What was asked is
 * done first, except where a row says otherwise; then the answer suffers.
 *
 *   resets, doubles, cuts, misses, delays, trickles, drips   as lib/base/wire_words.h has them
 *   garbles OP                   the body is no JSON any more
 *   contends OP                  nothing is done: MAAS's page for a conflict, Retry-After: 5
 *   wants OP back CODE SECONDS   nothing is done: CODE with Retry-After
 *
 *   refuses for SPAN             nobody gets a connection (by the control port only)
 *
 * OP is "allocate.2" (the second one of the run) or "allocate" (the next one), each row may end
 * with "N times". */
#include "mock-maas/model.h"

#include "lib/base/text.h"
#include "lib/base/wire_words.h"

#include <string.h>

static bool garbles(const struct wire_words *w, struct maas_fault *f)
{
    f->what = MAAS_FAULT_GARBLE;
    return w->n == 2;
}

static bool contends(const struct wire_words *w, struct maas_fault *f)
{
    f->what = MAAS_FAULT_CONTEND;
    return w->n == 2;
}

static bool wants(const struct wire_words *w, struct maas_fault *f)
{
    int64_t status = 0;

    f->what = MAAS_FAULT_BEFORE;
    if (w->n != 5 || !wire_word_is(w, 2, "back") || !wire_word_int(w, 3, 400, 599, &status))
        return false;
    f->status = (int)status;
    return wire_word_int(w, 4, 0, 86400, &f->retry_after_s);
}

static const struct row {
    const char *verb;
    bool (*read)(const struct wire_words *w, struct maas_fault *f);
} rows[] = {{"garbles", garbles}, {"contends", contends}, {"wants", wants}};

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

/* A numbered one comes once: "times" is not for it. */
static bool times_take(struct wire_words *w, struct maas_fault *f)
{
    size_t before = w->n;

    if (!wire_words_times(w, &f->times) || (f->nth && w->n < before))
        return false;
    if (f->nth)
        f->times = 0;
    return true;
}

static bool row_read(const struct wire_words *w, struct maas_fault *f)
{
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (wire_word_is(w, 0, rows[i].verb))
            return rows[i].read(w, f);
    return wire_words_read(w, &f->wire);
}

bool maas_wire_read(const char *text, struct maas_fault *ret)
{
    struct maas_fault f = {.what = MAAS_FAULT_WIRE};
    struct wire_words w;

    wire_words_split(text, &w);
    if (w.n < 2 || !op_read(w.at[1], &f) || !times_take(&w, &f) || !row_read(&w, &f))
        return false;
    *ret = f;
    return true;
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
