/* What befell programs other than the gateway: what a story's premise counts. */
#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"

static bool program_is(const struct event *e, const char *who, const char *kind)
{
    return e->kind == EV_PROG && ev_is(e, EVF_WHO, who) && ev_is(e, EVF_KIND, kind);
}

/* Its first start, before the run, is nobody's business. */
static void palette_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (program_is(e, "palette", "started"))
        fact_count(f, e);
}

/* Only a death by the story's hand says whose node it was. */
static void nodes_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (program_is(e, "node", "signalled") && ev_is(e, EVF_CLUSTER, fact_arg(f, 0)))
        fact_count(f, e);
}

/* `bad`: of those that compared, so many found a difference. */
static void again_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind != EV_RUN_AGAIN)
        return;
    f->bad += ev_is(e, EVF_KIND, "differs");
    fact_count(f, e);
}

static bool again_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->count > 0 && f->bad == 0;
}

static void again_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    (void)text_copy(out, size,
                    f->count == 0 ? "the story was played once only"
                    : f->bad > 0  ? "a record differs"
                                  : "all records are equal");
}

/* clang-format off */
const struct fact_row fact_program_rows[] = {
    {"nodes.died", nodes_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"journals.equal", again_feed, again_holds, again_seen, FACT_OF_RUN},
    {"palette.was-restarted", palette_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {NULL, NULL, NULL, NULL, FACT_OF_EVENTS},
};
/* clang-format on */
