/* Laws of the ways between the houses: TOP-1, TOP-4, CON-2, CON-4. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define CONNS_MAX 4096

/* --- TOP-1 ----------------------------------------------------------------------------------- */

static bool is_users_end(const struct event *e)
{
    return (e->kind == EV_PAL_USER || (e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "user"))) &&
           ev_int(e, EVF_STATUS) >= 100 && ev_int(e, EVF_STATUS) < 500;
}

void law_top_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "nothing goes from Palette to MAAS, and what users ask ends";
    size_t asked = 0, done = 0;

    (void)c;
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        asked += is_users_end(e);
        done += e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_STATE, "Running");
        if (e->kind != EV_FLOW_TRY || !ev_is(e, EVF_FROM, "palette") || !ev_is(e, EVF_TO, "maas"))
            continue;
        law_fail(ret, expected, "Palette tried %s port %s", ev_text(e, EVF_TO_IP),
                 ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (asked == 0 || done == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster ever ran: nothing was asked of MAAS");
    else
        law_pass(ret, expected, "none, and %zu answers to users", asked);
}

/* --- TOP-4 ----------------------------------------------------------------------------------- */

struct keeper {
    const struct event *work; /* first item handed out, of the cluster */
    const struct event *call; /* first change at MAAS from outside the clusters */
};

static const char *second_keeper(struct law_site *s, struct keeper *k, const struct event *e)
{
    const struct law_cluster *of = law_is_change(e) ? law_site_called(s, e) : NULL;

    if (e->kind == EV_PAL_WORK) {
        if (k->work && !ev_is(e, EVF_UID, ev_text(k->work, EVF_UID)))
            return "work was handed to a second gateway";
        k->work = e;
    }
    if (!of || law_by_node_of(s, e, of))
        return NULL;
    if (!law_by_gateway(s, e))
        return "MAAS was changed by somebody who is neither gateway nor node";
    if (k->call && !ev_is(e, EVF_PEER, ev_text(k->call, EVF_PEER)))
        return "MAAS was changed from a second address";
    k->call = e;
    return NULL;
}

void law_top_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "one gateway, and no one else, serves the account";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct keeper k = {.work = NULL};
    const struct event *e;
    size_t accounts = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const char *wrong = second_keeper(s, &k, e);

        accounts += e->kind == EV_PAL_ACCOUNT && ev_is(e, EVF_KIND, "made");
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    if (!k.work || !k.call)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no work was handed out and done");
    else if (accounts > 1)
        law_unproven(ret, VERDICT_INCONCLUSIVE,
                     "with %zu accounts the journal does not say whose a call is", accounts);
    else
        law_pass(ret, expected, "one");
}

/* --- CON-2 ----------------------------------------------------------------------------------- */

struct healing {
    const struct event *mended; /* the last end of a cut, until it was lived through */
    const struct event *cut;    /* the cut that lasts */
    const struct event *leak;   /* an answer in the midst of one */
    bool dialled, running;      /* since the cut; since its end */
    size_t cuts, healed;
};

/* Nothing that was under way when the wire was cut is answered so late: the wire was none. */
static bool is_leak(const struct healing *h, const struct event *e)
{
    return h->cut && law_is_sign(e) && e->t > h->cut->t + 2 * law_parameters[BOUND_FLIGHT].ms;
}

/* Returns true when the time for healing is over. */
static bool heal(struct healing *h, const struct event *e)
{
    if (law_is_link(e, "cut")) {
        h->cuts++;
        h->cut = e;
        h->dialled = false;
    }
    h->leak = is_leak(h, e) ? e : h->leak;
    if (law_is_link(e, "mended")) {
        h->mended = e;
        h->cut = NULL;
        h->running = false;
    }
    /* a try that was under way when the wire healed may be the one that gets through */
    h->dialled = h->dialled || law_is_to_palette(e);
    if (!h->mended)
        return false;
    h->running = h->running || law_is_running(e) || law_is_sign(e);
    if (h->dialled && h->running) {
        h->healed++;
        h->mended = NULL;
        return false;
    }
    return e->t > h->mended->t + law_parameters[BOUND_HEAL].ms;
}

/* More tries than `bound` in a window that ends with this one. */
static bool is_crowded(const struct ev_list *journal, size_t i, ms_t window, enum law_bound bound)
{
    const struct event *e = ev_list_at(journal, i);
    int64_t n = 0;

    for (size_t k = i + 1; k > 0; k--) {
        const struct event *before = ev_list_at(journal, k - 1);

        if (before->t + window <= e->t)
            break;
        n += law_is_to_palette(before);
    }
    return n > law_parameters[bound].count;
}

void law_con_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "after each cut a new connection and Running, without a storm";
    struct healing h = {.mended = NULL};

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);
        const bool late = heal(&h, e);
        const bool storm = h.cuts > 0 && law_is_to_palette(e) &&
                           (is_crowded(journal, i, MINUTES(1), BOUND_DIALS_MINUTE) ||
                            is_crowded(journal, i, HOURS(1), BOUND_DIALS_HOUR));

        if (!late && !storm)
            continue;
        if (storm)
            law_fail(ret, expected, "the gateway dials too often");
        else
            law_missing(ret, c, expected, "no %s in time", h.dialled ? "Running" : "connection");
        law_witness(ret, e);
        return;
    }
    if (h.cuts == 0 || h.healed == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "nothing was cut and mended");
    else if (h.leak)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "Palette answered the gateway in mid-cut");
    else
        law_pass(ret, expected, "%zu times", h.healed);
}

/* --- CON-4 ----------------------------------------------------------------------------------- */

struct carried {
    bool work[CONNS_MAX]; /* a work item travelled on it */
    size_t items, conns, tries;
};

static void carry(struct carried *k, const struct event *e)
{
    const int64_t conn = ev_int(e, EVF_CONN);

    k->tries += law_is_to_palette(e);
    if (e->kind != EV_PAL_WORK)
        return;
    k->items++;
    if (conn < 0 || conn >= CONNS_MAX || k->work[conn])
        return;
    k->work[conn] = true;
    k->conns++;
}

void law_con_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "work comes on connections that the gateway opened, no others";
    struct carried k = {.items = 0};

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        carry(&k, e);
        if (e->kind != EV_FLOW_TRY || !ev_is(e, EVF_FROM, "palette") ||
            !ev_is(e, EVF_TO, "gateway"))
            continue;
        law_fail(ret, expected, "Palette tried %s port %s", ev_text(e, EVF_TO_IP),
                 ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (k.items == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no work was handed out");
    else if (k.conns > k.tries)
        law_missing(ret, c, expected, "work came on %zu connections, %zu were opened", k.conns,
                    k.tries);
    else
        law_pass(ret, expected, "%zu items on %zu connections", k.items, k.conns);
}
