/* The evidence, incrementally: numbers, chains, last words, canaries, drops. */
#include "scenarios/judge/view_private.h"

#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first thing that is wrong is the one that is told. */
static void torn(struct view_evidence *x, const struct event *e, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void torn(struct view_evidence *x, const struct event *e, const char *fmt, ...)
{
    va_list args;

    if (x->torn[0] != '\0')
        return;
    va_start(args, fmt);
    vsnprintf(x->torn, sizeof x->torn, fmt, args);
    va_end(args);
    x->torn_at = e->seq;
}

static void chain_feed(struct view_evidence *x, const struct event *e)
{
    char chain[EV_CHAIN_LEN + 1];
    const char *src = ev_src_name(e->src);

    if (x->seq > 0 && e->seq <= x->seq)
        torn(x, e, "record %llu comes after record %llu", (unsigned long long)e->seq,
             (unsigned long long)x->seq);
    if (x->ended[e->src])
        torn(x, e, "%s wrote after its last word", src);
    if (e->nth != x->nth[e->src] + 1)
        torn(x, e, "%s: record %llu follows record %llu", src, (unsigned long long)e->nth,
             (unsigned long long)x->nth[e->src]);
    ev_chain(e, x->chain[e->src], chain);
    if (!text_is(chain, e->chain))
        torn(x, e, "%s: the chain breaks at its record %llu", src, (unsigned long long)e->nth);
    x->seq = e->seq;
    x->nth[e->src] = e->nth;
    memcpy(x->chain[e->src], e->chain, sizeof e->chain);
}

static struct view_link *link_get(struct view_evidence *x, const char *name)
{
    size_t i;

    for (i = 0; i < x->n_links; i++)
        if (text_is(x->links[i].name, name))
            return &x->links[i];
    if (x->n_links == VIEW_LINKS_MAX)
        return NULL;
    (void)text_copy(x->links[x->n_links].name, VIEW_NAME_MAX, name);
    return &x->links[x->n_links++];
}

static void canary_feed(struct view_evidence *x, const struct event *e)
{
    struct view_link *link = link_get(x, ev_text(e, EVF_LINK));

    if (!link) {
        torn(x, e, "more than %d links", VIEW_LINKS_MAX);
        return;
    }
    link->begun = link->begun || ev_int(e, EVF_COUNT) == 1;
    link->ended = link->ended || ev_int(e, EVF_COUNT) == 2;
}

/* The record before this one, as the writer saw it, must be the one that we saw. */
static void end_feed(struct view_evidence *x, const struct event *e, const char *before)
{
    if (ev_int(e, EVF_COUNT) != (int64_t)e->nth - 1 || !ev_is(e, EVF_CHAIN_END, before))
        torn(x, e, "%s: its last word does not fit what it wrote", ev_src_name(e->src));
    x->ended[e->src] = true;
}

void view_evidence_feed(struct view_evidence *x, const struct event *e)
{
    char before[EV_CHAIN_LEN + 1];

    if (!x->wanted)
        return;
    memcpy(before, x->chain[e->src], sizeof before);
    chain_feed(x, e);
    if (e->kind == EV_LAB_HOST && ev_is(e, EVF_WHO, "canary"))
        (void)link_get(x, ev_text(e, EVF_LINK));
    if (e->kind == EV_TAP_CANARY)
        canary_feed(x, e);
    if (e->kind == EV_TAP_DROPS) {
        x->drops_said = true;
        if (ev_int(e, EVF_LOST) != 0)
            torn(x, e, "the capture lost %s packets on %s", ev_text(e, EVF_LOST),
                 ev_text(e, EVF_LINK));
    }
    if (e->kind == EV_WRITER_END)
        end_feed(x, e, before);
}

const char *view_evidence_torn(const struct view *v, bool final)
{
    const struct view_evidence *x = &v->evidence;
    size_t i;

    if (x->torn[0] != '\0')
        return x->torn;
    if (!final)
        return NULL;
    for (i = 0; i < EVS_COUNT; i++)
        if (x->nth[i] > 0 && !x->ended[i])
            return "a writer did not say its last word";
    for (i = 0; i < x->n_links; i++)
        if (!x->links[i].begun || !x->links[i].ended)
            return "a canary was not seen on its link at both ends of the run";
    if (x->n_links == 0)
        return "no canary was seen";
    return x->drops_said ? NULL : "the capture did not say how many packets it lost";
}
