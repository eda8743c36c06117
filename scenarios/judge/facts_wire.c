/* Wires that a story cut, and what cuts are there to show: that nothing is taken twice. */
#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

bool view_is_wire(const struct event *e, const char *word)
{
    struct verb_wire pair;
    const char *words = ev_text(e, EVF_VERB);
    char one[LEDGER_WORD_MAX] = "";

    if (e->kind != EV_ACT || !ev_is(e, EVF_FIRED, "1") || !verb_wire_of_act(words, &pair))
        return false;
    while (!text_is(one, word) && text_next(&words, ' ', one, sizeof one))
        ;
    return text_is(one, word);
}

static bool is_near(const char *end)
{
    return text_is(end, "gateway") || text_is(end, "private");
}

static bool is_far(const char *end)
{
    return text_is(end, "palette") || text_is(end, "internet");
}

bool view_is_link(const struct event *e)
{
    struct verb_wire p;

    return verb_wire_of_act(ev_text(e, EVF_VERB), &p) &&
           ((is_near(p.from) && is_far(p.to)) || (is_far(p.from) && is_near(p.to)));
}

bool view_is_voice(const struct event *e, const char *cluster)
{
    struct verb_wire p;

    return verb_wire_of_act(ev_text(e, EVF_VERB), &p) &&
           ((text_is(p.from, cluster) && is_far(p.to)) ||
            (text_is(p.to, cluster) && is_far(p.from)));
}

bool view_is_palette(const struct event *e, const char *word)
{
    static const struct {
        const char *act, *word;
    } rows[] = {
        {"palette stops", "cut"}, {"palette starts", "mended"}, {"palette moves", "mended"}};

    if (e->kind != EV_ACT || !ev_is(e, EVF_FIRED, "1"))
        return false;
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_begins(ev_text(e, EVF_VERB), rows[i].act) && text_is(word, rows[i].word))
            return true;
    return false;
}

/* --- cuts ------------------------------------------------------------------------------------ */

static void cut_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (view_is_wire(e, "cut"))
        fact_count(f, e);
}

/* The longest cut so far; `bad` is when the one began that lasts, and 1. */
static ms_t cut_span(const struct fact *f, ms_t now)
{
    return f->bad > 0 ? ms_max(f->count, now - (f->bad - 1)) : f->count;
}

static void cut_for_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (!view_is_wire(e, "cut") && !view_is_wire(e, "mended"))
        return;
    f->count = cut_span(f, e->t);
    f->bad = view_is_wire(e, "cut") ? e->t + 1 : 0;
    fact_evidence_add(f, e);
}

static ms_t cut_wanted(const struct fact *f)
{
    ms_t time = 0;

    if (!text_duration(fact_arg(f, 0), &time))
        WRONG("a line with a time that is none");
    return time;
}

static bool cut_for_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return cut_span(f, v->now) >= cut_wanted(f);
}

static void cut_for_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char span[24];

    text_duration_write(cut_span(f, v->now), span, sizeof span);
    snprintf(out, size, "cut for %s at most", span);
}

/* --- machines -------------------------------------------------------------------------------- */

static int64_t times_taken(const struct ledger *l, size_t machine, const char *cluster)
{
    int64_t n = 0;

    for (size_t i = 0; i < l->n_lives; i++)
        n += l->lives[i].machine == machine && l->lives[i].cluster != LEDGER_NONE &&
             text_is(l->clusters[l->lives[i].cluster].name, cluster);
    return n;
}

static void once_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_MAAS_STATE && ev_is(e, EVF_STATE, "Allocated"))
        fact_evidence_add(f, e);
}

static bool once_holds(const struct fact *f, const struct view *v, bool final)
{
    int64_t n = 0, more = 0;

    (void) final;
    for (size_t i = 0; i < v->ledger.n_machines; i++) {
        const int64_t times = times_taken(&v->ledger, i, fact_arg(f, 0));

        n += times > 0;
        more += times > 1;
    }
    return n > 0 && more == 0 && !v->ledger.over;
}

static void once_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    int64_t n = 0;

    for (size_t i = 0; i < v->ledger.n_machines; i++) {
        const int64_t times = times_taken(&v->ledger, i, fact_arg(f, 0));

        n += times > 0;
        if (times > 1) {
            snprintf(out, size, "%s was taken %lld times", v->ledger.machines[i].name,
                     (long long)times);
            return;
        }
    }
    snprintf(out, size, "%lld machines, each taken once", (long long)n);
}

/* --- what got through ------------------------------------------------------------------------ */

static void saw_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_CALL && fact_caller_is(e, fact_arg(f, 0)) &&
        ev_is(e, EVF_PEER, fact_arg(f, 1)))
        fact_count(f, e);
}

/* --- faults: count those that were armed, `bad` those of them that struck ----------------------
 */

static void faults_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind != EV_FAULT)
        return;
    f->count += ev_is(e, EVF_KIND, "armed");
    f->bad += ev_is(e, EVF_KIND, "fired");
    fact_evidence_add(f, e);
}

static bool faults_hold(const struct fact *f, const struct view *v, bool final)
{
    int64_t armed = 0, fired = 0;

    (void)v, (void) final;
    (void)text_int(fact_arg(f, 0), 0, INT32_MAX, &armed);
    (void)text_int(fact_arg(f, 1), 0, INT32_MAX, &fired);
    return f->count == armed && f->bad == fired;
}

static void faults_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld armed, struck %lld times", (long long)f->count, (long long)f->bad);
}

/* --- routers --------------------------------------------------------------------------------- */

static void forgot_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind != EV_ROUTER_FORGOT || ev_int(e, EVF_COUNT) <= 0)
        return;
    fact_count(f, e);
    f->count += ev_int(e, EVF_COUNT) - 1;
}

/* clang-format off */
const struct fact_row fact_wire_rows[] = {
    {"wire.was-cut",            cut_feed,     fact_count_holds, fact_count_seen, false},
    {"wire.was-cut-for",        cut_for_feed, cut_for_holds,    cut_for_seen, false},
    {"palette.saw",             saw_feed,     fact_count_holds, fact_count_seen, false},
    {"faults.armed",            faults_feed,  faults_hold,      faults_seen, false},
    {"router.forgot",           forgot_feed,  fact_count_holds, fact_count_seen, false},
    {"machines.allocated-once", once_feed,    once_holds,       once_seen, false},
    {NULL, NULL, NULL, NULL, false},
};
/* clang-format on */
