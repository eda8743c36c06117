/* Laws of machines: MAA-1 to MAA-4, MAA-6, MAA-7, CON-5, TOP-5. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- MAA-1 ----------------------------------------------------------------------------------- */

static bool is_to_maas(const struct ledger *l, const struct event *e)
{
    return e->kind == EV_FLOW_TRY && ledger_is_gateway(l, ev_text(e, EVF_FROM)) &&
           ev_is(e, EVF_TO, "maas");
}

/* A CONNECT or a request at a proxy for MAAS, by its name or an address of it. */
static bool is_proxied(const struct ledger *l, const struct event *e)
{
    const char *target = ev_text(e, EVF_SNI);

    if (e->kind != EV_PROXY_CONNECT && e->kind != EV_PROXY_REFUSE &&
        !(e->kind == EV_FLOW_FIRST && ev_is(e, EVF_TO, "proxy")))
        return false;
    return text_begins(target, "maas.") || text_is(ledger_role(l, target), "maas");
}

void law_maa_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "the gateway reaches MAAS straight, never through a proxy";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t straight = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        straight += is_to_maas(&s->ledger, e);
        if (!is_proxied(&s->ledger, e))
            continue;
        law_fail(ret, expected, "%s asked a proxy for %s", ev_text(e, EVF_FROM),
                 ev_text(e, EVF_SNI));
        law_witness(ret, e);
        return;
    }
    if (straight == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no connection of the gateway to MAAS was seen");
    else
        law_pass(ret, expected, "%zu connections, all straight", straight);
}

/* --- MAA-2 ----------------------------------------------------------------------------------- */

/* What a machine fetches of its own user data is no call of the API. */
static bool is_api_call(const struct event *e)
{
    return e->kind == EV_MAAS_CALL && !text_begins(ev_text(e, EVF_OP), "metadata.");
}

void law_maa_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "until a cluster's agent speaks, its calls at MAAS come from the gateway, with one key";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t calls = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        struct law_cluster *of = is_api_call(e) ? law_site_called(s, e) : NULL;
        const char *wrong = NULL;

        if (!of || of->hello)
            continue;
        calls++;
        if (!law_by_gateway(s, e))
            wrong = "another than the gateway";
        else if (!law_by_its_gateway(s, e, of))
            wrong = "the gateway of other accounts";
        else if (of->last && !ev_is(e, EVF_KEY_ID, ev_text(of->last, EVF_KEY_ID)))
            wrong = "the gateway with a second key";
        of->last = e;
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s for %s came from %s, %s", ev_text(e, EVF_OP), of->name,
                 ev_text(e, EVF_PEER), wrong);
        law_witness(ret, e);
        return;
    }
    if (calls == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no call for a cluster was seen");
    else
        law_pass(ret, expected, "%zu calls, all of the gateway", calls);
}

/* --- MAA-3 ----------------------------------------------------------------------------------- */

static const char *wrong_life(const struct ledger *l, const struct ledger_life *life)
{
    if (life->deploying_seq > 0 &&
        (life->by_deploy || life->allocated_seq == 0 || life->allocated_seq > life->deploying_seq))
        return "deployed without being allocated";
    if (life->taken_by[0] != '\0' && !ledger_is_gateway(l, life->taken_by))
        return "taken by another than the gateway";
    return NULL;
}

/* At the instant of Running: every machine held for the cluster. One that is held beside as many
 * deployed ones as were asked for is no machine of the cluster: what it is there for is MAA-6's
 * question. */
static const char *wrong_machines(const struct law_site *s, const struct law_cluster *c,
                                  const struct ledger_life **ret, size_t *ret_n)
{
    const struct ledger_life *idle = NULL;
    int64_t deployed = 0;

    for (size_t i = 0; i < s->ledger.n_lives; i++) {
        const struct ledger_life *life = &s->ledger.lives[i];
        const char *wrong;

        if (life->cluster == LEDGER_NONE ||
            !text_is(s->ledger.clusters[life->cluster].marker, c->marker))
            continue;
        wrong = wrong_life(&s->ledger, life);
        if (wrong) {
            *ret = life;
            return wrong;
        }
        if (life->given != MS_NEVER)
            continue;
        ++*ret_n;
        deployed += life->deploying_seq > 0;
        idle = life->deploying_seq > 0 ? idle : life;
    }
    if (!idle || (law_site_wanted(s, c) > 0 && deployed >= law_site_wanted(s, c)))
        return NULL;
    *ret = idle;
    return "held and not deployed";
}

void law_maa_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "each machine is allocated by the gateway, then deployed, then its cluster runs";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t clusters = 0, machines = 0;

    while ((e = law_site_next(s))) {
        const struct ledger_life *life = NULL;
        const struct law_cluster *of = e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_STATE, "Running")
                                           ? law_site_cluster(s, ev_text(e, EVF_CLUSTER))
                                           : NULL;
        const size_t before = machines;
        const char *wrong;

        if (!of || of->running)
            continue;
        clusters++;
        wrong = wrong_machines(s, of, &life, &machines);
        if (!wrong && machines > before)
            continue;
        law_missing(ret, c, expected, "%s of %s: %s",
                    life ? s->ledger.machines[life->machine].name : "machines", of->name,
                    wrong ? wrong : "none is held when it runs");
        law_witness(ret, e);
        return;
    }
    if (clusters == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster ever ran");
    else
        law_pass(ret, expected, "%zu machines of %zu clusters", machines, clusters);
}

/* --- MAA-4 ----------------------------------------------------------------------------------- */

static const char *still_held(const struct law_site *s, const struct law_cluster *c)
{
    for (size_t i = 0; i < s->ledger.n_lives; i++) {
        const struct ledger_life *life = &s->ledger.lives[i];

        if (life->given == MS_NEVER && life->cluster != LEDGER_NONE &&
            text_is(s->ledger.clusters[life->cluster].marker, c->marker))
            return s->ledger.machines[life->machine].name;
    }
    return NULL;
}

/* A change of the gateway's at a machine that is held for no cluster of Palette's, while another
 * holds it. What it takes itself has its mark. */
static bool is_foreign(const struct law_site *s, const struct event *e)
{
    const struct ledger_machine *m = ledger_machine(&s->ledger, ev_text(e, EVF_UID));

    return m && law_is_change(e) && law_by_gateway(s, e) && ledger_is_held(&s->ledger, m) &&
           ledger_cluster_of(&s->ledger, m)[0] == '\0' && !law_is_op(e, "allocate") &&
           !ledger_marked(&s->ledger, ev_text(e, EVF_MARKER));
}

void law_maa_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "every machine of a cluster is free before it is Deleted, and no other is touched";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t deleted = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const struct law_cluster *of = e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_STATE, "Deleted")
                                           ? law_site_cluster(s, ev_text(e, EVF_CLUSTER))
                                           : NULL;
        const char *held = of && !of->deleted ? still_held(s, of) : NULL;

        deleted += of && !of->deleted;
        if (!held && !is_foreign(s, e))
            continue;
        if (held)
            law_fail(ret, expected, "%s is Deleted and %s is still held for it", of->name, held);
        else
            law_fail(ret, expected, "%s on %s, which is not its own", ev_text(e, EVF_OP),
                     ev_text(e, EVF_MACHINE));
        law_witness(ret, e);
        return;
    }
    if (deleted == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster was deleted");
    else
        law_pass(ret, expected, "%zu clusters deleted, nothing held for them", deleted);
}

/* --- MAA-6 ----------------------------------------------------------------------------------- */

static bool is_leaving(const struct ledger_machine *m)
{
    return text_is(m->state, "Releasing") || text_begins(m->state, "Disk");
}

/* When a cluster begins to run its gateway is done with it: what is held for it and on no way out
 * is all there will be. Whoever tidies up later, more than was asked for is a leak. */
static int64_t too_many(const struct law_site *s, const struct event *e,
                        const struct law_cluster *of)
{
    int64_t n = 0;

    if (!of || of->running || !ev_is(e, EVF_STATE, "Running"))
        return 0;
    for (size_t i = 0; i < s->ledger.n_lives; i++) {
        const struct ledger_life *life = &s->ledger.lives[i];

        n += life->given == MS_NEVER && life->cluster != LEDGER_NONE &&
             text_is(s->ledger.clusters[life->cluster].marker, of->marker) &&
             !is_leaving(&s->ledger.machines[life->machine]);
    }
    return law_site_wanted(s, of) > 0 && n > law_site_wanted(s, of) ? n : 0;
}

void law_maa_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "at the end as many machines are held as living clusters want, "
                                   "and never more when a cluster begins to run";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    const char *wrong;
    char text[160];

    while ((e = law_site_next(s))) {
        const struct law_cluster *of =
            e->kind == EV_PAL_CLUSTER ? law_site_cluster(s, ev_text(e, EVF_CLUSTER)) : NULL;
        const int64_t n = too_many(s, e, of);

        if (n == 0)
            continue;
        law_fail(ret, expected,
                 "%s begins to run and holds %" PRId64 " machines, %" PRId64 " were wanted",
                 of->name, n, law_site_wanted(s, of));
        law_witness(ret, e);
        return;
    }
    wrong = ledger_wrong(&s->ledger, text, sizeof(text));
    if (wrong) {
        law_missing(ret, c, expected, "%s", wrong);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct law_cluster *of = &s->at[i];
        const int64_t wanted = law_site_wanted(s, of), held = ledger_held(&s->ledger, of->name);

        if (!law_lives(of) || wanted < 0 || held == wanted)
            continue;
        law_missing(ret, c, expected, "%s holds %" PRId64 " machines, %" PRId64 " are wanted",
                    of->name, held, wanted);
        law_witness(ret, of->running);
        return;
    }
    if (s->ledger.n_lives == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no machine was ever taken");
    else
        law_pass(ret, expected, "%zu lives, %" PRId64 " machines held", s->ledger.n_lives,
                 ledger_held(&s->ledger, NULL));
}

/* --- MAA-7 ----------------------------------------------------------------------------------- */

void law_maa_7(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "a cluster that is deleted while it is made ends Deleted and holds nothing";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    size_t n = 0;

    while (law_site_next(s))
        ;
    for (size_t i = 0; i < s->n; i++) {
        const struct law_cluster *of = &s->at[i];
        const char *held = of->del && !of->running ? still_held(s, of) : NULL;

        if (!of->del || of->running)
            continue;
        n++;
        if (of->deleted && !held)
            continue;
        law_missing(ret, c, expected, held ? "%s still holds %s" : "%s was never Deleted%s",
                    of->name, held ? held : "");
        law_witness(ret, of->del);
        return;
    }
    if (n == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no cluster was deleted before it ran");
    else
        law_pass(ret, expected, "%zu deleted, nothing held for them", n);
}

/* --- CON-5 ----------------------------------------------------------------------------------- */

static bool is_trouble(const struct event *e)
{
    return (e->kind == EV_FAULT && ev_is(e, EVF_KIND, "fired")) ||
           (e->kind == EV_ACT && ev_is(e, EVF_FIRED, "1") &&
            text_begins(ev_text(e, EVF_VERB), "wire "));
}

/* MAAS would not deploy the machine, or could not: GP-100 and GP-61 want another one in its place.
 */
static bool is_useless(const struct event *e)
{
    if (e->kind == EV_MAAS_CALL)
        return law_is_op(e, "deploy") && ev_is(e, EVF_STATUS, "400");
    return e->kind == EV_MAAS_STATE && ev_is(e, EVF_STATE, "Failed deployment");
}

static void useless_note(const struct law_site *s, const struct event *e,
                         bool useless[LEDGER_LIVES_MAX])
{
    const struct ledger_machine *m =
        is_useless(e) ? ledger_machine(&s->ledger, ev_text(e, EVF_UID)) : NULL;

    if (m && m->life != LEDGER_NONE)
        useless[m->life] = true;
}

/* One that was of no use and was given back has been replaced, not taken twice. MAAS may be long in
 * releasing it: the call counts. */
static bool is_replaced(const struct ledger_life *life, bool useless)
{
    return useless && (life->given != MS_NEVER || life->given_by[0]);
}

static int64_t lives_of(const struct law_site *s, const struct law_cluster *c,
                        const bool useless[LEDGER_LIVES_MAX])
{
    int64_t n = 0;

    for (size_t i = 0; i < s->ledger.n_lives; i++) {
        const struct ledger_life *life = &s->ledger.lives[i];

        n += life->cluster != LEDGER_NONE && !is_replaced(life, useless[i]) &&
             text_is(s->ledger.clusters[life->cluster].marker, c->marker);
    }
    return n;
}

static const char con_5_expected[] =
    "work that was cut takes no machine twice and comes to its end";

/* Nothing is taken twice, nothing given back: said at the instant of Running. */
static bool wastes(const struct law_site *s, const struct law_cluster *of, int64_t taken,
                   struct story_verdict *ret, const struct event *e)
{
    const int64_t wanted = law_site_wanted(s, of);

    if (wanted < 0 || taken <= wanted)
        return false;
    law_fail(ret, con_5_expected, "%" PRId64 " machines were taken for %s, %" PRId64 " were wanted",
             taken, of->name, wanted);
    law_witness(ret, e);
    return true;
}

void law_con_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e, *open = NULL;
    bool useless[LEDGER_LIVES_MAX] = {false};
    size_t n = 0;

    while ((e = law_site_next(s))) {
        struct law_cluster *of = e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_STATE, "Running")
                                     ? law_site_cluster(s, ev_text(e, EVF_CLUSTER))
                                     : NULL;

        useless_note(s, e, useless);
        for (size_t i = 0; is_trouble(e) && i < s->n; i++)
            s->at[i].met = s->at[i].met || (!s->at[i].running && !s->at[i].del);
        if (!of || of->running || !of->met)
            continue;
        n++;
        if (wastes(s, of, lives_of(s, of, useless), ret, e))
            return;
    }
    for (size_t i = 0; i < s->n; i++)
        open = s->at[i].met && !s->at[i].running && !s->at[i].del ? s->at[i].made : open;
    if (open) {
        law_missing(ret, c, con_5_expected, "%s never ran", ev_text(open, EVF_CLUSTER));
        law_witness(ret, open);
    } else if (n == 0) {
        law_unproven(ret, VERDICT_INCONCLUSIVE, "nothing was cut while a cluster was made");
    } else {
        law_pass(ret, con_5_expected, "%zu clusters ran all the same", n);
    }
}

/* --- TOP-5 ----------------------------------------------------------------------------------- */

void law_top_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "every call at MAAS is an operation of its documented API";
    size_t calls = 0;

    (void)c;
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        calls += e->kind == EV_MAAS_CALL;
        if (e->kind != EV_MAAS_CALL || !ev_is(e, EVF_OP, "unknown"))
            continue;
        law_fail(ret, expected, "one is not, from %s", ev_text(e, EVF_PEER));
        law_witness(ret, e);
        return;
    }
    if (calls == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no call at MAAS was seen");
    else
        law_pass(ret, expected, "%zu calls, all of them", calls);
}
