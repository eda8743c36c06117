/* Laws of creating and deleting: LIF-1 to LIF-4, LIF-8. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RELEASES, SEEN_AWAY }; /* law_cluster.n */

/* The cluster whose state this record shows, when that is the first time of the state; NULL. */
static struct law_cluster *enters(struct law_site *s, const struct event *e, const char *state)
{
    struct law_cluster *of;

    if (e->kind != EV_PAL_CLUSTER || !ev_is(e, EVF_STATE, state) || ev_is(e, EVF_BEFORE, state))
        return NULL;
    of = law_site_cluster(s, ev_text(e, EVF_CLUSTER));
    return of;
}

/* --- LIF-1 ----------------------------------------------------------------------------------- */

static bool waits_to_run(const struct law_cluster *c)
{
    return !c->running && !c->del;
}

static void watch_away(struct law_site *s, const struct event *e,
                       bool (*waits)(const struct law_cluster *c))
{
    for (size_t i = 0; law_site_is_away(s, e->t) && i < s->n; i++)
        s->at[i].n[SEEN_AWAY] += waits(&s->at[i]);
}

static const char *wrong_create(struct law_site *s, const struct event *e)
{
    const struct law_cluster *of = law_is_change(e) ? law_site_called(s, e) : NULL;

    if (!law_site_is_away(s, e->t))
        return NULL;
    if (of && waits_to_run(of))
        return "MAAS was changed for it with the gateway gone";
    of = enters(s, e, "Running");
    return of && waits_to_run(of) ? "it is shown Running with the gateway gone" : NULL;
}

static void end_creates(struct law_site *s, const struct law_context *c, const char *expected,
                        struct story_verdict *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct law_cluster *of = &s->at[i];

        if (of->n[SEEN_AWAY] == 0)
            continue;
        n++;
        if (s->away || of->running || of->del)
            continue;
        law_missing(ret, c, expected, "%s never ran, it is %s", of->name, of->state);
        law_witness(ret, of->made);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE,
                     "the gateway was never gone while a cluster was wanted");
    else
        law_pass(ret, expected, "%zu clusters waited and ran", n);
}

void law_lif_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "without the gateway a create waits untouched, with it back the cluster runs";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;

    while ((e = law_site_next(s))) {
        const char *wrong = wrong_create(s, e);

        watch_away(s, e, waits_to_run);
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    end_creates(s, c, expected, ret);
}

/* --- LIF-2 ----------------------------------------------------------------------------------- */

static bool waits_to_go(const struct law_cluster *c)
{
    return c->del && !c->deleted;
}

static const char *wrong_delete(struct law_site *s, const struct event *e)
{
    const bool releases = law_is_change(e) && law_is_op(e, "release");
    const struct law_cluster *of = releases ? law_site_called(s, e) : NULL;

    if (of && of->deleted)
        return "a machine of it was released after Deleted";
    if (!law_site_is_away(s, e->t))
        return NULL;
    if (of && waits_to_go(of))
        return "a machine of it was released with the gateway gone";
    of = enters(s, e, "Deleted");
    return of ? "it is shown Deleted with the gateway gone" : NULL;
}

static void end_deletes(struct law_site *s, const struct law_context *c, const char *expected,
                        struct story_verdict *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct law_cluster *of = &s->at[i];

        if (of->n[SEEN_AWAY] == 0)
            continue;
        n++;
        if (s->away || of->deleted)
            continue;
        law_missing(ret, c, expected, "%s was never Deleted, it is %s", of->name, of->state);
        law_witness(ret, of->del);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE,
                     "the gateway was never gone while a cluster was to be deleted");
    else
        law_pass(ret, expected, "%zu clusters waited and were deleted", n);
}

void law_lif_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "without the gateway a delete waits untouched, with it back the machines are released";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;

    while ((e = law_site_next(s))) {
        const char *wrong = wrong_delete(s, e);

        watch_away(s, e, waits_to_go);
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    end_deletes(s, c, expected, ret);
}

/* --- LIF-3 ----------------------------------------------------------------------------------- */

/* The first allocate of a cluster, or a release after its delete; NULL for other records. */
static struct law_cluster *gateways_work(struct law_site *s, const struct event *e)
{
    struct law_cluster *of = law_is_change(e) ? law_site_called(s, e) : NULL;

    if (of && law_is_op(e, "allocate") && !of->met) {
        of->met = true;
        return of;
    }
    return of && law_is_op(e, "release") && of->del ? of : NULL;
}

void law_lif_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "every cluster is begun and every deleted one is cleared away by the gateway";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const struct law_cluster *of = gateways_work(s, e);

        n += of != NULL;
        if (!of || law_by_gateway(s, e))
            continue;
        law_fail(ret, expected, "%s for %s came from %s", ev_text(e, EVF_OP), of->name,
                 ev_text(e, EVF_PEER));
        law_witness(ret, e);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster was begun or cleared away");
    else
        law_pass(ret, expected, "%zu calls, all of the gateway", n);
}

/* --- LIF-4 ----------------------------------------------------------------------------------- */

void law_lif_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "after its delete no node releases a machine of the cluster";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const bool releases = law_is_change(e) && law_is_op(e, "release");
        const struct law_cluster *of = releases ? law_site_called(s, e) : NULL;

        if (!of || !of->del || law_by_gateway(s, e))
            continue;
        law_fail(ret, expected, "%s released %s", ev_text(e, EVF_PEER), ev_text(e, EVF_MACHINE));
        law_witness(ret, e);
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        n += s->at[i].deleted != NULL;
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster was deleted");
    else
        law_pass(ret, expected, "%zu clusters deleted", n);
}

/* --- LIF-8 ----------------------------------------------------------------------------------- */

/* A change at a machine of a running cluster by another party than one before. */
static const char *two_parties(struct law_site *s, const struct event *e,
                               const char *(*hands)[LEDGER_MACHINES_MAX], size_t *n)
{
    const struct ledger_machine *m = ledger_machine(&s->ledger, ev_text(e, EVF_UID));
    const struct law_cluster *of = law_is_change(e) && m ? law_site_called(s, e) : NULL;
    const char *party = ledger_party(&s->ledger, ev_text(e, EVF_PEER)), **hand;

    if (!of || !law_lives(of))
        return NULL;
    ++*n;
    hand = &(*hands)[m - s->ledger.machines];
    if (*hand && !text_is(*hand, party))
        return *hand;
    *hand = party;
    return NULL;
}

void law_lif_8(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "one party changes a running cluster's machines, and it has as many as it wants";
    const char *hands[LEDGER_MACHINES_MAX] = {NULL};
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    while ((e = law_site_next(s))) {
        const char *before = two_parties(s, e, &hands, &n);

        if (!before)
            continue;
        law_fail(ret, expected, "%s was changed by %s and by %s", ev_text(e, EVF_MACHINE), before,
                 ledger_party(&s->ledger, ev_text(e, EVF_PEER)));
        law_witness(ret, e);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const int64_t wanted = law_site_wanted(s, &s->at[i]);
        const int64_t held = ledger_held(&s->ledger, s->at[i].name);

        if (!law_lives(&s->at[i]) || wanted < 0 || held == wanted)
            continue;
        law_missing(ret, c, expected, "%s has %" PRId64 " of %" PRId64, s->at[i].name, held,
                    wanted);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no machine of a running cluster was changed");
    else
        law_pass(ret, expected, "%zu changes", n);
}
