/* Facts of certificates, of requests that somebody could read, and of dials that came to nothing.
 */
#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"

#include <stdio.h>

/* --- at Palette ------------------------------------------------------------------------------ */

static void read_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_CALL && fact_caller_is(e, fact_arg(f, 0)))
        fact_count(f, e);
}

static void showed_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_TLS_SHOWN && e->src == EVS_PALETTE)
        fact_count(f, e);
}

/* --- at MAAS --------------------------------------------------------------------------------- */

static void maas_read_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (e->kind == EV_MAAS_CALL && fact_party_is(v, ev_text(e, EVF_PEER), fact_arg(f, 0)))
        fact_count(f, e);
}

static void maas_showed_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_TLS_SHOWN && e->src == EVS_MAAS)
        fact_count(f, e);
}

/* --- at a proxy that opens TLS --------------------------------------------------------------- */

static void bump_read_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_BUMP_REQUEST)
        fact_count(f, e);
}

static void bump_showed_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_BUMP_CERT)
        fact_count(f, e);
}

/* --- dials ----------------------------------------------------------------------------------- */

/* At the dialler's own link, so that a flow counts once. */
static bool is_dial(const struct view *v, const struct event *e, const char *from, const char *to)
{
    return e->kind == EV_FLOW_TRY && fact_flow_is(v, e, from, to) &&
           (!ev_has(e, EVF_FROM_ZONE) || ev_is(e, EVF_LINK, ev_text(e, EVF_FROM_ZONE)));
}

static bool is_heard(const struct view *v, const struct event *e, const char *from, const char *to)
{
    if (text_is(to, "maas"))
        return e->kind == EV_MAAS_CALL && fact_party_is(v, ev_text(e, EVF_PEER), from);
    return e->kind == EV_PAL_CALL && fact_caller_is(e, from);
}

/* Returns true when this record says that the dial before it came to nothing. */
static bool has_failed(struct fact *f, const struct view *v, const struct event *e,
                       const char *from, const char *to)
{
    bool failed;

    if (is_heard(v, e, from, to))
        f->pending = 0;
    if (!is_dial(v, e, from, to))
        return false;
    failed = f->pending > 0;
    if (failed && f->n_evidence < JUDGE_EVIDENCE_MAX)
        f->evidence[f->n_evidence++] = f->pending;
    f->times[f->count % FACT_TIMES_MAX] = f->pending_at;
    f->count += failed;
    f->pending = e->seq;
    f->pending_at = e->t;
    return failed;
}

static void failed_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)has_failed(f, v, e, fact_arg(f, 1), fact_arg(f, 2));
}

/* bad: more than N of them in some window. */
static void crowded_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const int64_t n = f->min < FACT_TIMES_MAX ? f->min : FACT_TIMES_MAX - 1;
    ms_t window = 0;

    if (!has_failed(f, v, e, fact_arg(f, 1), fact_arg(f, 2)) || f->count <= n)
        return;
    if (!text_duration(fact_arg(f, 3), &window))
        WRONG("a line with a time that is none");
    f->bad +=
        f->times[(f->count - 1) % FACT_TIMES_MAX] - f->times[(f->count - 1 - n) % FACT_TIMES_MAX] <
        window;
}

static bool crowded_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->bad > 0;
}

/* clang-format off */
const struct fact_row fact_tls_rows[] = {
    {"palette.read",   read_feed,        fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"palette.showed", showed_feed,      fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"maas.read",      maas_read_feed,   fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"maas.showed",    maas_showed_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"bump.read",      bump_read_feed,   fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"bump.showed",    bump_showed_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"dials.failed",   failed_feed,      fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"dials.crowded",  crowded_feed,     crowded_holds,    fact_count_seen, FACT_OF_EVENTS},
    {NULL, NULL, NULL, NULL, FACT_OF_EVENTS},
};
/* clang-format on */
