/* Laws of clusters without their gateway: IND-1 to IND-6. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static struct law_cluster *of_palette(struct law_site *s, const struct event *e, enum ev_kind kind)
{
    return e->kind == kind ? law_site_cluster(s, ev_text(e, EVF_CLUSTER)) : NULL;
}

static size_t lasting(const struct law_site *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        n += law_lives(&s->at[i]);
    return n;
}

/* --- IND-1 ----------------------------------------------------------------------------------- */

enum { ACTS, EFFECTS }; /* law_cluster.n */

/* The running cluster that a user's act is about; NULL. */
static struct law_cluster *acted_on(struct law_site *s, const struct event *e, const char *verb)
{
    const char *text = ev_text(e, EVF_VERB);
    char name[32] = "";

    if (e->kind != EV_ACT || !ev_is(e, EVF_FIRED, "1") || !text_begins(text, verb))
        return NULL;
    text += strlen(verb);
    if (!text_next(&text, ' ', name, sizeof(name)))
        return NULL;
    return law_site_cluster(s, name);
}

/* What the gateway must not do to a cluster that runs. */
static const char *meddles(struct law_site *s, const struct event *e)
{
    const struct law_cluster *of = NULL;

    if (law_is_change(e) && law_by_gateway(s, e)) {
        of = law_site_called(s, e);
        return of && law_lives(of) ? "the gateway changed something at MAAS for it" : NULL;
    }
    if (e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM, "gateway"))
        of = law_site_cluster(s, ledger_party(&s->ledger, ev_text(e, EVF_TO_IP)));
    return of && law_lives(of) ? "the gateway tried to reach a node of it" : NULL;
}

static void follow_acts(struct law_site *s, const struct event *e)
{
    struct law_cluster *scaled = acted_on(s, e, "user scales cluster "),
                       *labelled = acted_on(s, e, "user labels cluster "), *of;

    of = scaled ? scaled : labelled;
    if (of && law_lives(of)) {
        of->n[ACTS]++;
        of->last = e;
        return;
    }
    of = of_palette(s, e, EV_PAL_REPORT);
    if (of && of->last && ev_has(e, EVF_LABEL) &&
        text_ends(ev_text(of->last, EVF_VERB), ev_text(e, EVF_LABEL))) {
        of->n[EFFECTS]++;
        of->last = NULL;
    }
    of = of_palette(s, e, EV_PAL_NODE);
    if (of && of->last && text_begins(ev_text(of->last, EVF_VERB), "user scales") &&
        ledger_held(&s->ledger, of->name) == law_site_wanted(s, of)) {
        of->n[EFFECTS]++;
        of->last = NULL;
    }
}

void law_ind_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "what users do with a running cluster takes effect without any help of the gateway";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    size_t acts = 0, effects = 0;
    const struct event *e;

    while ((e = law_site_next(s))) {
        const char *wrong = meddles(s, e);

        follow_acts(s, e);
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, e);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        acts += s->at[i].n[ACTS];
        effects += s->at[i].n[EFFECTS];
        if (s->at[i].last && s->at[i].n[ACTS] > 0 && law_lives(&s->at[i])) {
            law_missing(ret, c, expected, "\"%.100s\" had no effect",
                        ev_text(s->at[i].last, EVF_VERB));
            law_witness(ret, s->at[i].last);
            return;
        }
    }
    if (acts == 0 || effects == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no user did anything with a running cluster");
    else
        law_pass(ret, expected, "%zu acts, %zu took effect", acts, effects);
}

/* --- IND-2 ----------------------------------------------------------------------------------- */

enum { STRUCK, BEATS }; /* law_cluster.n of IND-2 and IND-3; BEATS: since it is Unhealthy */

/* The story has switched machines of it off, and it has not beaten since: what it lacks then it
 * does not lack for want of the gateway. */
static void follow_deaths(struct law_site *s, const struct event *e)
{
    const bool died =
        e->kind == EV_PROG && ev_is(e, EVF_WHO, "node") && ev_is(e, EVF_KIND, "signalled");
    struct law_cluster *of = died ? of_palette(s, e, EV_PROG) : of_palette(s, e, EV_PAL_BEAT);

    if (of)
        of->n[STRUCK] = died;
}

/* A dial to the API of a running cluster, under its name or its record's, that was not answered. */
static const struct law_cluster *unanswered(const struct law_site *s, const struct event *e)
{
    const char *to = ev_text(e, EVF_TO);

    for (size_t i = 0; e->kind == EV_NODE_DIAL && i < s->n; i++) {
        const struct law_cluster *of = &s->at[i];
        const size_t len = strlen(of->name);

        if (law_lives(of) && !of->n[STRUCK] && text_begins(to, of->name) &&
            (to[len] == '\0' || to[len] == '-') && !ev_is(e, EVF_ANSWER, "open"))
            return of;
    }
    return NULL;
}

/* A running cluster without a heartbeat for too long while the gateway is away. */
static const struct law_cluster *silent(const struct law_site *s, const struct event *e)
{
    const ms_t bound = law_parameters[BOUND_BEAT].ms;

    for (size_t i = 0; s->away && i < s->n; i++) {
        const struct law_cluster *of = &s->at[i];
        const ms_t since = !law_lives(of) ? MS_NEVER : of->last ? of->last->t : of->running->t;

        if (law_lives(of) && !of->n[STRUCK] && e->t - ms_max(since, s->away_since) > bound)
            return of;
    }
    return NULL;
}

void law_ind_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "with the gateway gone clusters go on beating and answering";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t beats = 0;

    while ((e = law_site_next(s))) {
        const struct law_cluster *mute = silent(s, e), *deaf = unanswered(s, e);
        struct law_cluster *of = of_palette(s, e, EV_PAL_BEAT);

        follow_deaths(s, e);
        if (of && law_lives(of)) {
            beats += s->away;
            of->last = e;
        }
        if (!mute && !(deaf && s->away))
            continue;
        if (deaf)
            law_fail(ret, expected, "%s did not answer a dial", deaf->name);
        else
            law_missing(ret, c, expected, "%s stopped beating", mute->name);
        law_witness(ret, e);
        return;
    }
    if (beats == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway was never gone while a cluster ran");
    else
        law_pass(ret, expected, "%zu heartbeats with the gateway gone", beats);
}

/* --- IND-3 ----------------------------------------------------------------------------------- */

struct shown { /* what Palette shows of the gateway */
    bool running;
    size_t absences; /* seen through: shown not Running while a cluster ran */
};

/* A running cluster that was called Unhealthy before the gateway went, as by its last word: it
 * beats with the gateway gone, and a beat later it still is. */
static const struct law_cluster *slandered(struct law_site *s, const struct event *e)
{
    struct law_cluster *of = of_palette(s, e, EV_PAL_CLUSTER);

    if (of) {
        of->last = ev_is(e, EVF_HEALTH, "Unhealthy") && !s->away ? e : NULL;
        of->n[BEATS] = 0;
    }
    of = of_palette(s, e, EV_PAL_BEAT);
    if (of && of->last && law_lives(of) && s->away && of->n[BEATS]++ > 0)
        return of;
    return NULL;
}

void law_ind_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "with the gateway gone clusters stay Healthy, and only the gateway is shown not Running";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct shown shown = {.running = false};
    const struct event *e;

    while ((e = law_site_next(s))) {
        const struct law_cluster *of = of_palette(s, e, EV_PAL_CLUSTER), *unwell = slandered(s, e);
        const bool blamed =
            of && law_lives(of) && !of->n[STRUCK] && s->away && ev_is(e, EVF_HEALTH, "Unhealthy");
        const bool unseen =
            shown.running && s->away && e->t > s->away_since + law_parameters[BOUND_SHOWN].ms;

        follow_deaths(s, e);
        if (e->kind == EV_PAL_GATEWAY) {
            shown.absences += s->away && shown.running && lasting(s) > 0 && !law_is_running(e);
            shown.running = law_is_running(e);
        }
        if (blamed)
            law_fail(ret, expected, "%s became Unhealthy", of->name);
        else if (unwell)
            law_fail(ret, expected, "%s beats and is Unhealthy all the same", unwell->name);
        else if (unseen)
            law_missing(ret, c, expected, "the gateway is gone and still shown Running");
        else
            continue;
        law_witness(ret, e);
        return;
    }
    if (shown.absences == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway was never gone while a cluster ran");
    else
        law_pass(ret, expected, "%zu absences", shown.absences);
}

/* --- IND-4 ----------------------------------------------------------------------------------- */

void law_ind_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "machines for a running cluster are taken and deployed by its own nodes";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const bool takes = law_is_change(e) && (law_is_op(e, "allocate") || law_is_op(e, "deploy"));
        const struct law_cluster *of = takes ? law_site_called(s, e) : NULL;

        if (!of || !of->running)
            continue;
        n++;
        if (law_by_node_of(s, e, of))
            continue;
        law_fail(ret, expected, "%s for %s came from %s", ev_text(e, EVF_OP), of->name,
                 ev_text(e, EVF_PEER));
        law_witness(ret, e);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no running cluster took a machine");
    else
        law_pass(ret, expected, "%zu calls, all of its nodes", n);
}

/* --- IND-5 ----------------------------------------------------------------------------------- */

/* A machine that it took itself since the cluster runs was not there to be left alone: that it took
 * one at all is IND-4's question. */
static bool is_taken_anew(const struct law_site *s, const struct event *e,
                          const struct ledger_machine *m, const struct law_cluster *of)
{
    const struct ledger_life *life = m && m->life != LEDGER_NONE ? &s->ledger.lives[m->life] : NULL;

    return life && life->taken_seq > of->running->seq &&
           (law_is_op(e, "allocate") || ledger_is_gateway(&s->ledger, life->taken_by));
}

/* Records of MAAS's names come before the call that made them: `record` is the last one. */
static const char *disturbs(struct law_site *s, const struct event *e, const struct event *record)
{
    const struct ledger_machine *m = ledger_machine(&s->ledger, ev_text(e, EVF_UID));
    const struct law_cluster *of = law_site_called(s, e);

    if (!law_is_change(e) || !law_by_gateway(s, e))
        return NULL;
    if (of && law_lives(of) && !is_taken_anew(s, e, m, of))
        return "it changed something of a running cluster";
    if (!of && m && ledger_is_held(&s->ledger, m) && ledger_cluster_of(&s->ledger, m)[0] == '\0')
        return "it changed a machine that is not its own";
    for (size_t i = 0; record && i < s->n; i++)
        if (law_lives(&s->at[i]) && text_begins(ev_text(record, EVF_NAME), s->at[i].name) &&
            ev_text(record, EVF_NAME)[strlen(s->at[i].name)] == '-')
            return "it changed the record of a running cluster";
    return NULL;
}

void law_ind_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "a gateway that comes back leaves running clusters alone";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e, *record = NULL;
    size_t returns = 0, starts = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const char *wrong = s->starts > 1 ? disturbs(s, e, record) : NULL;

        returns += s->starts > starts && s->starts > 1 && lasting(s) > 0;
        starts = s->starts;
        record = e->kind == EV_MAAS_RECORD ? e : e->src == EVS_MAAS ? NULL : record;
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s: %s", wrong, ev_text(e, EVF_OP));
        law_witness(ret, e);
        return;
    }
    if (returns == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway never came back while a cluster ran");
    else
        law_pass(ret, expected, "%zu returns, nothing touched", returns);
}

/* --- IND-6 ----------------------------------------------------------------------------------- */

/* An address of the gateway's among the words of a text. */
static const char *gateways_address(const struct law_site *s, const char *text)
{
    for (size_t i = 0; i < s->ledger.n_hosts; i++) {
        const struct ledger_host *h = &s->ledger.hosts[i];
        const char *at = text_is(h->role, "gateway") ? strstr(text, h->ip) : NULL;
        const char *end = at ? at + strlen(h->ip) : NULL;

        if (at && !strchr("0123456789.", *end) && *end != '\0')
            return h->ip;
        if (at && *end == '\0')
            return h->ip;
    }
    return NULL;
}

void law_ind_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no record and no user data of a cluster leads to the gateway";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t n = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const bool told = e->kind == EV_MAAS_RECORD || e->kind == EV_NODE_BOOT;
        const char *text =
            e->kind == EV_MAAS_RECORD ? ev_text(e, EVF_ANSWER) : ev_text(e, EVF_PARAMS);
        const char *found = told ? gateways_address(s, text) : NULL;

        n += told;
        if (!found)
            continue;
        law_fail(ret, expected, "%s is in %s", found,
                 e->kind == EV_MAAS_RECORD ? ev_text(e, EVF_NAME) : "user data");
        law_witness(ret, e);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no record and no user data was seen");
    else
        law_pass(ret, expected, "%zu records and boots", n);
}
