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

/* clang-format off */
const struct fact_row fact_program_rows[] = {
    {"nodes.died", nodes_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"palette.was-restarted", palette_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {NULL, NULL, NULL, NULL, FACT_OF_EVENTS},
};
/* clang-format on */
