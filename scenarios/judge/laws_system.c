/* Laws of the gateway inside Palette and of who may choose it: SPG-1 to SPG-9; and TOP-2, which is
 * about what any gateway answers for its MAAS. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERIES_MAX  32
#define ACCOUNTS_MAX 64
#define SYSTEMS_MAX  4
#define WISHES_MAX   32

/* --- TOP-2 ----------------------------------------------------------------------------------- */

struct query {
    const struct event *asked;
    bool read; /* MAAS was asked since */
};

static struct query *query_of(struct query *all, const struct event *e)
{
    for (size_t i = 0; i < QUERIES_MAX; i++)
        if (all[i].asked && ev_is(e, EVF_NAME, ev_text(all[i].asked, EVF_NAME)) &&
            ev_is(e, EVF_UID, ev_text(all[i].asked, EVF_UID)))
            return &all[i];
    return NULL;
}

static void query_ask(struct query *all, const struct event *e)
{
    for (size_t i = 0; i < QUERIES_MAX; i++)
        if (!all[i].asked) {
            all[i] = (struct query){.asked = e};
            return;
        }
}

void law_top_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "between a question and its answer the gateway reads MAAS, or it says why it cannot";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct query all[QUERIES_MAX] = {{0}};
    const struct event *e;
    size_t good = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        struct query *q = e->kind == EV_PAL_QUERY ? query_of(all, e) : NULL;

        if (e->kind == EV_MAAS_CALL && ev_is(e, EVF_METHOD, "GET") && law_by_gateway(s, e))
            for (size_t i = 0; i < QUERIES_MAX; i++)
                all[i].read = true;
        if (e->kind == EV_PAL_QUERY && ev_is(e, EVF_KIND, "asked"))
            query_ask(all, e);
        if (!q || (!ev_is(e, EVF_KIND, "answered") && !ev_is(e, EVF_KIND, "timed-out")))
            continue;
        if (ev_is(e, EVF_KIND, "answered") && !ev_has(e, EVF_CODE) && !q->read) {
            law_fail(ret, expected, "%s was answered, and MAAS was not read since it was asked",
                     ev_text(e, EVF_NAME));
            law_witness(ret, q->asked);
            law_witness(ret, e);
            return;
        }
        good += ev_is(e, EVF_KIND, "answered");
        q->asked = NULL;
    }
    if (good == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no question was answered");
    else
        law_pass(ret, expected, "%zu questions answered", good);
}

/* --- what the laws of the system gateway follow ---------------------------------------------- */

struct wish {                     /* "user registers account acc1 toggle on" */
    char account[32], toggle[16]; /* on, off, bound, "" */
};
struct choice {
    struct law_site *site;
    bool saas, known; /* which Palette */
    bool closed;      /* the way from Palette to MAAS, now */
    size_t n_systems;
    const char *systems[SYSTEMS_MAX]; /* uids of Palette's own */
    size_t n_wishes, n_on, n_refused;
    struct wish wishes[WISHES_MAX];
};

static struct choice *choice_new(const struct ev_list *journal)
{
    struct choice *x = calloc(1, sizeof(*x));

    if (!x)
        WRONG("out of memory");
    x->site = law_site_new(journal);
    return x;
}

static void choice_free(struct choice **x)
{
    law_site_free(&(*x)->site);
    free(*x);
}

static bool is_system(const struct choice *x, const char *uid)
{
    for (size_t i = 0; i < x->n_systems; i++)
        if (text_is(x->systems[i], uid))
            return true;
    return false;
}

static void on_gateway(struct choice *x, const struct event *e)
{
    if (ev_is(e, EVF_KIND, "system") && !is_system(x, ev_text(e, EVF_UID)) &&
        x->n_systems < SYSTEMS_MAX)
        x->systems[x->n_systems++] = ev_text(e, EVF_UID);
}

static void on_path(struct choice *x, const struct event *e)
{
    x->known = true;
    x->saas = ev_is(e, EVF_KIND, "saas");
    x->closed = !ev_is(e, EVF_ANSWER, "open") && !ev_is(e, EVF_ANSWER, "nat");
}

static void on_act(struct choice *x, const struct event *e)
{
    const char *words = ev_text(e, EVF_VERB);
    char word[6][32] = {""};
    struct wish *w = &x->wishes[x->n_wishes];

    for (size_t i = 0; i < COUNTOF(word) && text_next(&words, ' ', word[i], sizeof(word[0])); i++)
        ;
    if (!ev_is(e, EVF_FIRED, "1"))
        return;
    if (text_is(word[0], "path") && text_is(word[1], "palette") && text_is(word[3], "maas"))
        x->closed = text_is(word[4], "closes");
    if (!text_is(word[0], "user") || !text_is(word[1], "registers") || x->n_wishes == WISHES_MAX)
        return;
    snprintf(w->account, sizeof(w->account), "%s", word[3]);
    snprintf(w->toggle, sizeof(w->toggle), "%.15s",
             text_is(word[4], "toggle")  ? word[5]
             : text_is(word[4], "bound") ? "bound"
                                         : "");
    x->n_on += text_is(w->toggle, "on") || text_is(w->toggle, "bound");
    x->n_wishes++;
}

static const char *toggle_of(const struct choice *x, const char *account)
{
    for (size_t i = x->n_wishes; i > 0; i--)
        if (text_is(x->wishes[i - 1].account, account))
            return x->wishes[i - 1].toggle;
    return NULL;
}

/* The next record, after what it says was taken in. */
static const struct event *choice_next(struct choice *x)
{
    const struct event *e = law_site_next(x->site);

    if (!e)
        return NULL;
    if (e->kind == EV_PAL_GATEWAY)
        on_gateway(x, e);
    else if (e->kind == EV_LAB_PATH)
        on_path(x, e);
    else if (e->kind == EV_ACT)
        on_act(x, e);
    else if (e->kind == EV_PAL_USER && ev_is(e, EVF_VERB, "registers-account"))
        x->n_refused += ev_int(e, EVF_STATUS) >= 400;
    return e;
}

static bool is_made(const struct event *e)
{
    return e->kind == EV_PAL_ACCOUNT &&
           (ev_is(e, EVF_KIND, "made") || ev_is(e, EVF_KIND, "changed"));
}

static bool from_palette(const struct choice *x, const struct event *e)
{
    return e->kind == EV_MAAS_CALL && ev_int(e, EVF_STATUS) < 400 &&
           text_is(ledger_role(&x->site->ledger, ev_text(e, EVF_PEER)), "palette");
}

/* --- SPG-1 ----------------------------------------------------------------------------------- */

void law_spg_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "where the way is open, Palette's own gateway may be chosen";
    struct choice *x SCOPED(choice_free) = choice_new(journal);
    const struct event *e;
    size_t bound = 0;

    (void)c;
    while ((e = choice_next(x)))
        bound += is_made(e) && is_system(x, ev_text(e, EVF_BOUND_TO)) && !x->closed;
    if (bound == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "nobody chose it where the way is open");
    else
        law_pass(ret, expected, "%zu accounts bound to it", bound);
}

/* --- SPG-2 ----------------------------------------------------------------------------------- */

/* A sign that something had to be installed or paired for it. */
static const char *needs_help(struct choice *x, const struct event *e)
{
    const struct law_cluster *of;

    if ((e->kind == EV_PAL_REGISTER || e->kind == EV_PAL_ENROL) &&
        is_system(x, ev_text(e, EVF_UID)))
        return "it was paired or registered";
    if (e->kind != EV_MAAS_CALL || ev_int(e, EVF_STATUS) >= 400 || ev_is(e, EVF_KEY_ID, ""))
        return NULL;
    of = law_site_called(x->site, e);
    if (of && !of->hello && of->last && is_system(x, ev_text(of->last, EVF_UID)) &&
        !from_palette(x, e))
        return "a call for a cluster of it came from elsewhere than Palette's host";
    return NULL;
}

void law_spg_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "nothing is installed or paired; MAAS is called from Palette's own host";
    struct choice *x SCOPED(choice_free) = choice_new(journal);
    const struct event *e;
    size_t calls = 0;

    (void)c;
    while ((e = choice_next(x))) {
        const char *wrong = needs_help(x, e);
        struct law_cluster *of =
            e->kind == EV_PAL_WORK ? law_site_cluster(x->site, ev_text(e, EVF_CLUSTER)) : NULL;

        if (of)
            of->last = e; /* whose work it is */
        calls += from_palette(x, e) && law_is_change(e);
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    if (x->n_systems == 0 || calls == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the system gateway did nothing at MAAS");
    else
        law_pass(ret, expected, "%zu changes at MAAS, all from Palette's host", calls);
}

/* --- SPG-3 ----------------------------------------------------------------------------------- */

static const char *offers(const struct choice *x, const struct event *e)
{
    if (e->kind == EV_PAL_GATEWAY && ev_is(e, EVF_KIND, "system"))
        return "Palette shows a gateway of its own";
    if (e->kind == EV_PAL_USER && ev_is(e, EVF_VERB, "registers-account") &&
        ev_int(e, EVF_STATUS) < 400 && toggle_of(x, ev_text(e, EVF_NAME)) &&
        (text_is(toggle_of(x, ev_text(e, EVF_NAME)), "on") ||
         text_is(toggle_of(x, ev_text(e, EVF_NAME)), "bound")))
        return "an account for a system gateway was taken";
    if (e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM, "palette") && ev_is(e, EVF_TO, "maas"))
        return "Palette dialled MAAS";
    return NULL;
}

void law_spg_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "as a service Palette lists no gateway of its own, takes no "
                                   "account for one, and never dials MAAS";
    struct choice *x SCOPED(choice_free) = choice_new(journal);
    const struct event *e;

    (void)c;
    while ((e = choice_next(x))) {
        const char *wrong = x->known && x->saas ? offers(x, e) : NULL;

        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    if (!x->known || !x->saas || x->n_on == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "nobody asked a Palette as a service for one");
    else
        law_pass(ret, expected, "%zu asked, %zu refused", x->n_on, x->n_refused);
}

/* --- SPG-4, SPG-6 ---------------------------------------------------------------------------- */

/* What must not be while the way is closed. */
static const char *slips_by(struct choice *x, const struct event *e)
{
    const struct law_cluster *of;

    if (is_made(e) && is_system(x, ev_text(e, EVF_BOUND_TO)))
        return "an account that nobody can serve was taken";
    if (from_palette(x, e) && law_is_change(e))
        return "MAAS was changed from Palette's host";
    if (e->kind != EV_PAL_CLUSTER || !ev_is(e, EVF_STATE, "Running") ||
        ev_is(e, EVF_BEFORE, "Running"))
        return NULL;
    of = law_site_cluster(x->site, ev_text(e, EVF_CLUSTER));
    return of && of->last && is_system(x, ev_text(of->last, EVF_UID))
               ? "a cluster of the system gateway ran"
               : NULL;
}

static void closed_judge(const struct ev_list *journal, const char *expected,
                         struct story_verdict *ret)
{
    struct choice *x SCOPED(choice_free) = choice_new(journal);
    const struct event *e;
    size_t met = 0;

    while ((e = choice_next(x))) {
        const char *wrong = x->closed ? slips_by(x, e) : NULL;
        struct law_cluster *of =
            e->kind == EV_PAL_WORK ? law_site_cluster(x->site, ev_text(e, EVF_CLUSTER)) : NULL;

        if (of)
            of->last = e;
        met += x->closed && ((e->kind == EV_PAL_USER && ev_is(e, EVF_VERB, "registers-account")) ||
                             (of && is_system(x, ev_text(e, EVF_UID))));
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    if (met == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE,
                     "nobody chose the system gateway while the way was closed");
    else
        law_pass(ret, expected, "%zu times it was asked for, and nothing was promised", met);
}

void law_spg_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    (void)c;
    closed_judge(journal,
                 "with the way closed the system gateway gets no account, no cluster and no "
                 "change at MAAS",
                 ret);
}

void law_spg_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    (void)c;
    closed_judge(journal, "with the way closed nothing is served without a gateway at the site",
                 ret);
}

/* --- SPG-5 ----------------------------------------------------------------------------------- */

static const char *misbinds(const struct choice *x, const struct event *e)
{
    const char *toggle = toggle_of(x, ev_text(e, EVF_NAME));
    const bool on_system = is_system(x, ev_text(e, EVF_BOUND_TO));

    if (!is_made(e) || !ev_is(e, EVF_MADE_BY, "user") || !toggle)
        return NULL;
    if (text_is(toggle, "on"))
        return on_system ? NULL : "the switch was on, and it is not the system gateway's";
    return on_system ? "nobody switched it on, and it is the system gateway's" : NULL;
}

void law_spg_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "an account is the system gateway's when its user said so, and "
                                   "only then";
    struct choice *x SCOPED(choice_free) = choice_new(journal);
    const struct event *e;

    (void)c;
    while ((e = choice_next(x))) {
        const char *wrong = misbinds(x, e);

        if (!wrong)
            continue;
        law_fail(ret, expected, "%s: %s", ev_text(e, EVF_NAME), wrong);
        law_witness(ret, e);
        return;
    }
    if (x->n_wishes == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no user registered an account");
    else
        law_pass(ret, expected, "%zu accounts asked for, %zu of them refused", x->n_wishes,
                 x->n_refused);
}

/* --- SPG-8, SPG-9: other laws with the system gateway in the gateway's place -------------------
 */

static bool has_system(const struct ev_list *journal)
{
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "system-gateway"))
            return true;
    }
    return false;
}

/* The first that fails is the verdict; passes when one passes and none fails. */
static void fold(law_fn *const *judges, size_t n, const struct ev_list *journal,
                 const struct law_context *c, struct story_verdict *ret)
{
    struct story_verdict best = *ret, one;
    size_t passed = 0;

    if (!has_system(journal)) {
        law_unproven(ret, VERDICT_INCONCLUSIVE, "there was no system gateway");
        return;
    }
    law_unproven(&best, VERDICT_INCONCLUSIVE, "none of the laws met what it is about");
    for (size_t i = 0; i < n; i++) {
        one = *ret;
        judges[i](journal, c, &one);
        if (one.verdict == VERDICT_FAIL) {
            *ret = one;
            return;
        }
        if (one.verdict == VERDICT_PASS)
            best = one;
        passed += one.verdict == VERDICT_PASS;
    }
    *ret = best;
    if (passed > 0)
        snprintf(ret->seen, sizeof(ret->seen), "%zu of %zu laws met it, and hold", passed, n);
}

void law_spg_8(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static law_fn *const judges[] = {law_ind_1, law_ind_2, law_ind_3, law_ind_4,
                                     law_ind_5, law_lif_1, law_lif_2};

    fold(judges, COUNTOF(judges), journal, c, ret);
}

void law_spg_9(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static law_fn *const judges[] = {law_prx_3, law_prx_4};

    fold(judges, COUNTOF(judges), journal, c, ret);
}
