/* Is the evidence whole: every writer's chain from its first record to its last word, a canary on
 * each link at both ends of the run, and nothing lost on the way. */
#include "scenarios/judge/laws.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINKS_MAX 16
#define TORN      "the evidence is torn: "

struct writer {
    uint64_t nth; /* records so far */
    bool ended;
    char chain[EV_CHAIN_LEN + 1];
};
struct tapped {
    char name[32];
    bool first, last; /* canary seen */
};
struct finding {
    struct law_context *context;
    char *why;
    size_t size;
    struct writer writers[EVS_COUNT];
    struct tapped links[LINKS_MAX];
    size_t n_links;
    bool drops_told, run_ended;
};

static void torn(struct finding *f, bool packets, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The first tear is the one that is told; a tear in what is not packets takes both. */
static void torn(struct finding *f, bool packets, const char *fmt, ...)
{
    bool first = f->context->packets_whole && f->context->journals_whole;
    size_t len = 0;
    va_list args;

    if (first && f->size > sizeof(TORN))
        len = (size_t)snprintf(f->why, f->size, TORN);
    va_start(args, fmt);
    if (first && f->size > 0)
        vsnprintf(f->why + len, f->size - len, fmt, args);
    va_end(args);
    f->context->packets_whole = false;
    if (!packets)
        f->context->journals_whole = false;
}

static void check_last_word(struct finding *f, const struct event *e, const struct writer *w)
{
    bool packets = e->src == EVS_CAPTURE;

    if (ev_int(e, EVF_COUNT) != (int64_t)w->nth)
        torn(f, packets, "%s says it wrote %s records, here are %" PRIu64, ev_src_name(e->src),
             ev_text(e, EVF_COUNT), w->nth);
    else if (!ev_is(e, EVF_CHAIN_END, w->chain))
        torn(f, packets, "%s's last record is not the one it names", ev_src_name(e->src));
}

static void check_record(struct finding *f, const struct event *e)
{
    struct writer *w = &f->writers[e->src];
    bool packets = e->src == EVS_CAPTURE;
    char chain[EV_CHAIN_LEN + 1];

    ev_chain(e, w->chain, chain);
    if (w->ended)
        torn(f, packets, "%s wrote after its last word, seq %" PRIu64, ev_src_name(e->src), e->seq);
    else if (e->nth != w->nth + 1)
        torn(f, packets, "%s: after record %" PRIu64 " comes %" PRIu64 ", seq %" PRIu64,
             ev_src_name(e->src), w->nth, e->nth, e->seq);
    else if (strcmp(chain, e->chain) != 0)
        torn(f, packets, "%s: the chain breaks at seq %" PRIu64, ev_src_name(e->src), e->seq);
    else if (e->kind == EV_WRITER_END)
        check_last_word(f, e, w);
    w->ended = w->ended || e->kind == EV_WRITER_END;
    w->nth = e->nth;
    memcpy(w->chain, e->chain, sizeof(w->chain));
}

static struct tapped *link_of(struct finding *f, const char *name)
{
    size_t i = 0;

    while (i < f->n_links && !text_is(f->links[i].name, name))
        i++;
    if (i == LINKS_MAX)
        return NULL;
    if (i == f->n_links) {
        f->links[i] = (struct tapped){.first = false};
        snprintf(f->links[i].name, sizeof(f->links[i].name), "%s", name);
        f->n_links++;
    }
    return &f->links[i];
}

static void take_tap(struct finding *f, const struct event *e)
{
    struct tapped *t;

    f->drops_told = f->drops_told || e->kind == EV_TAP_DROPS;
    if (e->kind != EV_TAP_CANARY && e->kind != EV_TAP_DROPS)
        return;
    t = ev_has(e, EVF_LINK) ? link_of(f, ev_text(e, EVF_LINK)) : NULL;
    if (t && e->kind == EV_TAP_CANARY) {
        t->first = t->first || ev_int(e, EVF_COUNT) == 1;
        t->last = t->last || ev_int(e, EVF_COUNT) == 2;
    }
}

/* An answer that a fault took away is no record lost: the call says so itself. */
static bool is_loss(const struct event *e)
{
    return e->kind != EV_MAAS_CALL && e->kind != EV_PAL_CALL && ev_int(e, EVF_LOST) > 0;
}

static void take(struct finding *f, const struct event *e)
{
    check_record(f, e);
    take_tap(f, e);
    f->run_ended = f->run_ended || e->kind == EV_RUN_END;
    if (is_loss(e))
        torn(f, e->src == EVS_CAPTURE, "%s lost %s, seq %" PRIu64, ev_src_name(e->src),
             ev_text(e, EVF_LOST), e->seq);
}

static void check_writers(struct finding *f)
{
    static const enum ev_src needed[] = {EVS_ENGINE, EVS_PALETTE, EVS_CAPTURE};
    const size_t n = COUNTOF(needed) - (f->context->blind ? 1 : 0);

    for (size_t i = 0; i < n; i++)
        if (f->writers[needed[i]].nth == 0)
            torn(f, needed[i] == EVS_CAPTURE, "%s wrote nothing", ev_src_name(needed[i]));
    for (int s = 0; s < EVS_COUNT; s++)
        if (f->writers[s].nth > 0 && !f->writers[s].ended)
            torn(f, s == EVS_CAPTURE, "%s never said its last word", ev_src_name((enum ev_src)s));
}

static void check_taps(struct finding *f)
{
    link_of(f, "private");
    link_of(f, "internet");
    for (size_t i = 0; i < f->n_links; i++)
        if (!f->links[i].first || !f->links[i].last)
            torn(f, true, "no canary on link %s at the %s of the run", f->links[i].name,
                 f->links[i].first ? "end" : "beginning");
    if (!f->drops_told)
        torn(f, true, "nobody says whether the capture lost packets");
}

/* A stage without a witness: what is in order there is all but the packets. */
static bool is_blind(const struct ev_list *journal)
{
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind == EV_RUN_BEGIN && ev_has(e, EVF_STAGE))
            return ev_is(e, EVF_STAGE, stage_name(STAGE_LOOPBACK));
    }
    return false;
}

/* Whatever somebody may have written there: no packet is evidence. */
static void blindness_say(struct finding *f)
{
    if (f->context->journals_whole && f->context->packets_whole && f->size > 0)
        snprintf(f->why, f->size, "stage %s sees no packets", stage_name(STAGE_LOOPBACK));
    f->context->packets_whole = false;
}

static bool is_played_out(const struct ev_list *journal)
{
    for (size_t i = journal->n; i > 0; i--) {
        const struct event *e = ev_list_at(journal, i - 1);

        if (e->kind == EV_RUN_END)
            return ev_is(e, EVF_WHY, "decided") || ev_is(e, EVF_WHY, "time");
    }
    return false;
}

void evidence_check(const struct ev_list *journal, struct law_context *ret, char *why, size_t size)
{
    struct finding f = {.context = ret, .why = why, .size = size};

    *ret = (struct law_context){.packets_whole = true, .journals_whole = true, .why_torn = why};
    if (size > 0)
        why[0] = '\0';
    ret->played_out = is_played_out(journal);
    ret->blind = is_blind(journal);
    for (size_t i = 0; i < journal->n; i++)
        take(&f, ev_list_at(journal, i));
    check_writers(&f);
    if (ret->blind)
        blindness_say(&f);
    else
        check_taps(&f);
}
