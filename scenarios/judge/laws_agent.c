/* Laws of the clusters' own voice: AGT-1 to AGT-6, PRX-4, LIF-7. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"
#include "scenarios/judge/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITIES_MAX 256
#define CONNS_MAX      4096

/* The cluster whose life an accepted report, beat or hello belongs to; NULL. */
static struct law_cluster *spoken_for(struct law_site *s, const struct event *e)
{
    if (e->kind != EV_PAL_HELLO && e->kind != EV_PAL_BEAT && e->kind != EV_PAL_REPORT)
        return NULL;
    return law_site_cluster(s, ev_text(e, EVF_CLUSTER));
}

/* Value of a name in a list "name=value name=value"; false when it is not there. */
static bool param(const char *params, const char *name, char *out, size_t size)
{
    const size_t len = strlen(name);
    char one[EV_VALUE_MAX];

    while (text_next(&params, ' ', one, sizeof(one)))
        if (text_begins(one, name) && one[len] == '=')
            return text_copy(out, size, one + len + 1);
    return false;
}

static bool has_param(const struct event *boot, const char *name)
{
    char value[EV_VALUE_MAX];

    return param(ev_text(boot, EVF_PARAMS), name, value, sizeof(value)) && value[0] != '\0' &&
           !text_is(value, "none");
}

/* --- AGT-1 ----------------------------------------------------------------------------------- */

struct booted {
    const struct event *last; /* of the machine that says hello, before it does */
};

static const struct event *boot_before(const struct ev_list *journal, const struct event *hello)
{
    const struct event *boot = NULL;

    for (size_t i = 0; i < journal->n && ev_list_at(journal, i) != hello; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind == EV_NODE_BOOT && (ev_is(e, EVF_UID, ev_text(hello, EVF_MACHINE)) ||
                                        ev_is(e, EVF_MACHINE, ev_text(hello, EVF_MACHINE))))
            boot = e;
    }
    return boot;
}

/* A lab's authority is in nobody's store: who is told of none cannot know this Palette. */
static bool trusts_anybody(const struct event *boot)
{
    char value[EV_VALUE_MAX];

    return param(ev_text(boot, EVF_PARAMS), "anchor", value, sizeof(value)) &&
           (text_is(value, "none") || text_is(value, "system"));
}

static const char *wrong_hello(struct law_site *s, const struct event *hello,
                               const struct event *boot)
{
    const struct law_cluster *holder = law_site_holder(s, hello);

    if (!holder || !text_is(holder->name, ev_text(hello, EVF_CLUSTER)))
        return "the first agent that spoke is on no machine of the cluster";
    if (!boot)
        return NULL;
    if (!ev_is(boot, EVF_CLUSTER, ev_text(hello, EVF_CLUSTER)))
        return "the machine's user data names another cluster, or none";
    if (!has_param(boot, "endpoint"))
        return "the machine's user data holds no endpoint";
    return trusts_anybody(boot) ? "the machine's user data names no authority to trust" : NULL;
}

void law_agt_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "user data holds endpoint and identity, and the first hello comes from a node of it";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    while ((e = law_site_next(s))) {
        const struct law_cluster *of = e->kind == EV_PAL_HELLO ? spoken_for(s, e) : NULL;
        const struct event *boot;
        const char *wrong;

        if (!of || of->hello || !ev_is(e, EVF_ACCEPTED, "1"))
            continue;
        n++;
        boot = boot_before(journal, e);
        wrong = wrong_hello(s, e, boot);
        if (!wrong && boot)
            continue;
        if (wrong)
            law_fail(ret, expected, "%s: %s", of->name, wrong);
        else
            law_missing(ret, c, expected, "%s: its machine never ran user data", of->name);
        law_witness(ret, boot ? boot : e);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no agent ever spoke");
    else
        law_pass(ret, expected, "%zu clusters", n);
}

/* --- AGT-2 ----------------------------------------------------------------------------------- */

struct voices {
    bool of_gateway[CONNS_MAX]; /* the connection carried a call of the gateway */
    size_t calls;
};

static const char *wrong_voice(const struct law_site *s, struct voices *v, const struct event *e)
{
    const int64_t conn = ev_int(e, EVF_CONN);
    const bool known = conn >= 0 && conn < CONNS_MAX;

    if (e->kind != EV_PAL_CALL)
        return NULL;
    if (known && ev_is(e, EVF_WHO, "gateway"))
        v->of_gateway[conn] = true;
    if (!ev_is(e, EVF_WHO, "agent"))
        return NULL;
    v->calls++;
    if (law_by_gateway(s, e))
        return "an agent's call came from the gateway's address";
    if (known && v->of_gateway[conn])
        return "an agent's call came over a connection of the gateway";
    return NULL;
}

/* A cluster whose agent spoke and none of whose nodes was seen to open a connection; NULL. */
static const struct law_cluster *unseen(const struct law_site *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].hello && !s->at[i].met)
            return &s->at[i];
    return NULL;
}

static struct law_cluster *dialled(struct law_site *s, const struct event *e, const char *to)
{
    if (e->kind != EV_FLOW_TRY || !ev_is(e, EVF_TO, to))
        return NULL;
    return law_site_cluster(s, ledger_party(&s->ledger, ev_text(e, EVF_FROM_IP)));
}

void law_agt_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "agents speak from their own nodes, never through the gateway";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct voices v = {.calls = 0};
    const struct event *e;

    while ((e = law_site_next(s))) {
        const char *wrong = wrong_voice(s, &v, e);
        struct law_cluster *from = dialled(s, e, "palette");

        from = from ? from : dialled(s, e, "proxy");
        if (from)
            from->met = true;
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    if (v.calls == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no agent ever spoke");
    else if (unseen(s))
        law_missing(ret, c, expected, "%s spoke and none of its nodes opened a connection",
                    unseen(s)->name);
    else
        law_pass(ret, expected, "%zu calls of agents", v.calls);
}

/* --- AGT-3 ----------------------------------------------------------------------------------- */

/* Silence counts while the way is open; when it opens again the beats have some time to resume. */
struct breath {
    bool closed;
    const struct event *opened; /* the last time */
};

static ms_t beat_bound(const struct breath *b, const struct event *since)
{
    return b->opened && since->seq <= b->opened->seq ? law_parameters[BOUND_HEAL].ms
                                                     : law_parameters[BOUND_BEAT].ms;
}

/* A cluster's own wire counts as everybody's way does. */
static void breath_take(struct breath *b, const struct event *e, const char *cluster)
{
    const bool own = view_is_voice(e, cluster);
    const bool closes = law_is_way(e, false) || (own && view_is_wire(e, "cut"));
    const bool opens = law_is_way(e, true) || (own && view_is_wire(e, "mended"));

    b->closed = (b->closed || closes) && !opens;
    if (opens)
        b->opened = e;
}

static void breaths_take(struct breath all[LAW_CLUSTERS_MAX], const struct law_site *s,
                         const struct event *e)
{
    for (size_t i = 0; e->kind == EV_ACT && i < LAW_CLUSTERS_MAX; i++)
        breath_take(&all[i], e, i < s->n ? s->at[i].name : "");
}

void law_agt_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    const ms_t bound = law_parameters[BOUND_BEAT].ms;
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    char expected[96], span[LAW_TIME_SIZE];
    struct breath breaths[LAW_CLUSTERS_MAX] = {{.closed = false}};
    ms_t worst = 0, watched = 0;
    const struct event *e;

    text_duration_write(bound, span, sizeof(span));
    snprintf(expected, sizeof(expected), "while a cluster runs a heartbeat of it every %s", span);
    while ((e = law_site_next(s))) {
        for (size_t i = 0; i < s->n; i++) {
            struct law_cluster *of = &s->at[i];
            const struct event *since = of->last ? of->last : of->running;
            const struct breath *b = &breaths[i];

            if (!law_lives(of) || b->closed)
                continue;
            if (b->opened && since->seq < b->opened->seq)
                since = b->opened;
            worst = ms_max(worst, e->t - since->t);
            watched = ms_max(watched, e->t - of->running->t);
            if (e->t - since->t <= beat_bound(b, since))
                continue;
            text_duration_write(e->t - since->t, span, sizeof(span));
            law_missing(ret, c, expected, "%s was silent for %s", of->name, span);
            law_witness(ret, since);
            return;
        }
        breaths_take(breaths, s, e);
        if (e->kind == EV_PAL_BEAT && spoken_for(s, e) && law_lives(spoken_for(s, e)))
            spoken_for(s, e)->last = e;
    }
    text_duration_write(worst, span, sizeof(span));
    if (watched < bound)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster ran for as long as the bound");
    else
        law_pass(ret, expected, "the longest silence was %s", span);
}

/* --- AGT-4 ----------------------------------------------------------------------------------- */

void law_agt_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "while a cluster runs the gateway never speaks for it";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t beats = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const struct law_cluster *of = spoken_for(s, e);

        if (!of || !law_lives(of) || e->kind == EV_PAL_HELLO)
            continue;
        beats += e->kind == EV_PAL_BEAT;
        if (!ev_is(e, EVF_WHO, "gateway") && !law_by_gateway(s, e))
            continue;
        law_fail(ret, expected, "it sent a %s for %s",
                 e->kind == EV_PAL_BEAT ? "heartbeat" : "report", of->name);
        law_witness(ret, e);
        return;
    }
    if (beats == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no running cluster sent a heartbeat");
    else
        law_pass(ret, expected, "%zu heartbeats, all the cluster's own", beats);
}

/* --- AGT-5 ----------------------------------------------------------------------------------- */

static bool is_to_node(const struct law_site *s, const struct event *e)
{
    return e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM, "palette") &&
           (ev_is(e, EVF_TO, "node") ||
            text_is(ledger_role(&s->ledger, ev_text(e, EVF_TO_IP)), "node"));
}

static size_t clusters_that_ran(const struct law_site *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += s->at[i].running != NULL;
    return n;
}

void law_agt_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "Palette never tries to reach a node";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;

    (void)c;
    while ((e = law_site_next(s))) {
        if (!is_to_node(s, e))
            continue;
        law_fail(ret, expected, "it tried %s port %s", ev_text(e, EVF_TO_IP),
                 ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (clusters_that_ran(s) == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster ever ran");
    else
        law_pass(ret, expected, "never, with %zu clusters", clusters_that_ran(s));
}

/* --- AGT-6 ----------------------------------------------------------------------------------- */

struct identities {
    size_t n;
    struct identity {
        const char *key;
        const struct law_cluster *of;
    } at[IDENTITIES_MAX];
};

/* The life that this identity spoke for before, if it was another. */
static const struct law_cluster *used_by_another(struct identities *x, const char *key,
                                                 const struct law_cluster *of)
{
    for (size_t i = 0; i < x->n; i++)
        if (text_is(x->at[i].key, key))
            return x->at[i].of == of ? NULL : x->at[i].of;
    if (x->n < IDENTITIES_MAX)
        x->at[x->n++] = (struct identity){.key = key, .of = of};
    return NULL;
}

void law_agt_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no two clusters, and no two lives of one, share a credential";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct identities x = {.n = 0};
    const struct event *e;
    size_t spoke = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        struct law_cluster *of = spoken_for(s, e);
        const char *key = ev_text(e, EVF_KEY_ID);
        const struct law_cluster *other;

        if (!of || key[0] == '\0' || (e->kind == EV_PAL_HELLO && !ev_is(e, EVF_ACCEPTED, "1")))
            continue;
        spoke += !of->met;
        of->met = true;
        other = used_by_another(&x, key, of);
        if (!other)
            continue;
        law_fail(ret, expected, "%s speaks for %s and spoke for %s", key, of->name, other->name);
        law_witness(ret, e);
        return;
    }
    if (spoke < 2)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "fewer than two clusters spoke");
    else
        law_pass(ret, expected, "%zu clusters, %zu credentials", spoke, x.n);
}

/* --- LIF-7 ----------------------------------------------------------------------------------- */

void law_lif_7(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "a node of the cluster spoke before it is shown Running";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    while ((e = law_site_next(s))) {
        struct law_cluster *of =
            e->kind == EV_PAL_HELLO && ev_is(e, EVF_ACCEPTED, "1") ? spoken_for(s, e) : NULL;

        if (of && law_site_holder(s, e) == of)
            of->met = true;
        of = e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_STATE, "Running")
                 ? law_site_cluster(s, ev_text(e, EVF_CLUSTER))
                 : NULL;
        if (!of || of->running)
            continue;
        n++;
        if (of->met)
            continue;
        law_missing(ret, c, expected, "%s runs and no node of it has spoken", of->name);
        law_witness(ret, e);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster ever ran");
    else
        law_pass(ret, expected, "%zu clusters", n);
}

/* --- PRX-4 ----------------------------------------------------------------------------------- */

static const char *wrong_proxy(struct law_site *s, const struct event *e)
{
    if (e->kind == EV_NODE_BOOT && (has_param(e, "proxy") || has_param(e, "environment")))
        return "user data holds a proxy";
    return dialled(s, e, "proxy") ? "a node tried a proxy" : NULL;
}

static bool is_made_without(const struct law_tolds *tolds, const struct law_cluster *of)
{
    const struct law_told *told = law_tolds_at(tolds, of->made);

    return !told || !told->is_set;
}

/* A record of a cluster that was made while none was told. */
static bool is_without(struct law_site *s, const struct law_tolds *tolds, const struct event *e)
{
    const struct law_cluster *of = NULL;

    if (e->kind == EV_NODE_BOOT)
        of = law_site_holder(s, e);
    if (e->kind == EV_FLOW_TRY)
        of = law_site_cluster(s, ledger_party(&s->ledger, ev_text(e, EVF_FROM_IP)));
    return of && is_made_without(tolds, of);
}

static const struct law_cluster *unseen_without(const struct law_site *s,
                                                const struct law_tolds *tolds)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].hello && !s->at[i].met && is_made_without(tolds, &s->at[i]))
            return &s->at[i];
    return NULL;
}

void law_prx_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no proxy is set: clusters go straight to Palette";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct law_tolds tolds = {.n = 0};
    const struct event *e;
    size_t boots = 0;

    if (!law_was_told(journal, false)) {
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway is told of a proxy");
        return;
    }
    while ((e = law_site_next(s))) {
        const bool counts = is_without(s, &tolds, e);
        const char *wrong = counts ? wrong_proxy(s, e) : NULL;
        struct law_cluster *from = dialled(s, e, "palette");

        law_tolds_take(&tolds, e);
        boots += counts && e->kind == EV_NODE_BOOT;
        if (from)
            from->met = true;
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    if (boots == 0 || clusters_that_ran(s) == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no node ever ran user data of a cluster that ran");
    else if (unseen_without(s, &tolds))
        law_missing(ret, c, expected, "%s was not seen to reach Palette straight",
                    unseen_without(s, &tolds)->name);
    else
        law_pass(ret, expected, "%zu boots, straight to Palette only", boots);
}
