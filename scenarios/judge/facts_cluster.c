/* Facts of clusters and machines, of order, and of what hit the gateway. */
#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define DEAD_SLACK_MS MINUTES(1) /* between an act's moment and what the program did of it */

static const struct view_cluster *cluster(const struct fact *f, const struct view *v)
{
    return view_cluster(v, fact_arg(f, 0));
}

static bool is_about(const struct fact *f, const struct event *e, enum ev_kind kind)
{
    return e->kind == kind && ev_is(e, EVF_CLUSTER, fact_arg(f, 0));
}

static ms_t time_arg(const struct fact *f, size_t i)
{
    ms_t time = 0;

    if (!text_duration(fact_arg(f, i), &time))
        WRONG("a line with a time that is none");
    return time;
}

/* --- what Palette shows of a cluster --------------------------------------------------------- */

static void state_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (is_about(f, e, EV_PAL_CLUSTER))
        fact_evidence_set(f, e);
}

static bool state_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_cluster *c = cluster(f, v);

    (void) final;
    return c && text_is(c->state, fact_arg(f, 1));
}

static void state_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_cluster *c = cluster(f, v);

    if (c)
        snprintf(out, size, "%s is %s %s", c->name, c->state, c->health);
    else
        snprintf(out, size, "Palette knows no %s", fact_arg(f, 0));
}

static void never_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const struct view_cluster *c = cluster(f, v);

    if (c && c->was_running && is_about(f, e, EV_PAL_CLUSTER) &&
        (ev_is(e, EVF_STATE, fact_arg(f, 1)) || ev_is(e, EVF_HEALTH, fact_arg(f, 1))))
        fact_count(f, e);
}

static bool never_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_cluster *c = cluster(f, v);

    (void) final;
    return f->count == 0 && c && c->was_running;
}

static void never_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_cluster *c = cluster(f, v);

    if (!c || !c->was_running)
        snprintf(out, size, "%s never ran", fact_arg(f, 0));
    else
        snprintf(out, size, "%lld times %s", (long long)f->count, fact_arg(f, 1));
}

static void nodes_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (is_about(f, e, EV_PAL_NODE))
        fact_evidence_add(f, e);
}

static bool nodes_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_cluster *c = cluster(f, v);

    (void) final;
    return c && fact_in_range(f, view_nodes(c));
}

static void nodes_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_cluster *c = cluster(f, v);

    snprintf(out, size, "%s has %lld nodes", fact_arg(f, 0), (long long)(c ? view_nodes(c) : 0));
}

static void label_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (is_about(f, e, EV_PAL_REPORT) && ev_has(e, EVF_LABEL))
        fact_evidence_set(f, e);
}

static bool label_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_cluster *c = cluster(f, v);
    char wanted[SCRIPT_WORD_MAX * 2 + 2];
    size_t i;

    (void) final;
    snprintf(wanted, sizeof wanted, "%s=%s", fact_arg(f, 1), fact_arg(f, 2));
    for (i = 0; c && i < c->n_labels; i++)
        if (text_is(c->labels[i], wanted))
            return true;
    return false;
}

static void label_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_cluster *c = cluster(f, v);

    snprintf(out, size, "%zu labels applied, the first %s", c ? c->n_labels : 0,
             c && c->n_labels > 0 ? c->labels[0] : "none");
}

/* --- is it there ----------------------------------------------------------------------------- */

static void answers_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const struct view_cluster *c = cluster(f, v);

    if (e->kind != EV_NODE_DIAL || !c || !text_is(c->state, "Running") ||
        (!ev_is(e, EVF_TO, c->name) && !ev_is(e, EVF_TO, c->record)))
        return;
    f->count++;
    if (ev_is(e, EVF_ANSWER, "open"))
        return;
    f->bad++;
    fact_evidence_add(f, e);
}

static bool answers_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v;
    return f->bad == 0 && (!final || f->count > 0);
}

static void answers_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld of %lld dials were not answered", (long long)f->bad,
             (long long)f->count);
}

static bool beat_is_late(const struct fact *f, const struct view *v, ms_t now)
{
    const struct view_cluster *c = cluster(f, v);

    return c && text_is(c->state, "Running") && now - c->last_beat > time_arg(f, 1);
}

static void beats_feed(struct fact *f, const struct view *v, const struct event *e)
{
    f->count += is_about(f, e, EV_PAL_BEAT);
    if (!beat_is_late(f, v, e->t))
        return;
    if (f->bad == 0)
        f->bad = e->t - cluster(f, v)->last_beat; /* kept for the report */
    fact_evidence_add(f, e);
}

static bool beats_holds(const struct fact *f, const struct view *v, bool final)
{
    return f->bad == 0 && !beat_is_late(f, v, v->now) && (!final || f->count > 0);
}

static void beats_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char span[24];

    if (f->bad == 0 && !beat_is_late(f, v, v->now)) {
        snprintf(out, size, "%lld heartbeats, no longer span", (long long)f->count);
        return;
    }
    text_duration_write(f->bad > 0 ? f->bad : v->now - cluster(f, v)->last_beat, span, sizeof span);
    snprintf(out, size, "a span of %s without a heartbeat", span);
}

static void record_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_MAAS_RECORD)
        fact_evidence_set(f, e);
}

static bool is_machine(const struct view *v, const char *address, const char *wanted)
{
    return text_is(ledger_name(&v->ledger, address), wanted);
}

static bool record_any(const struct fact *f, const struct view *v,
                       bool (*is)(const struct view *v, const char *address, const char *wanted))
{
    const struct view_cluster *c = cluster(f, v);
    char list[EV_VALUE_MAX], one[EV_VALUE_MAX];
    const char *at = list;

    (void)text_copy(list, sizeof list, c ? c->answer : "");
    for (char *comma = list; *comma; comma++)
        *comma = *comma == ',' ? ' ' : *comma;
    while (text_next(&at, ' ', one, sizeof one))
        if (is(v, one, fact_arg(f, 1)))
            return true;
    return false;
}

static bool record_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return record_any(f, v, fact_party_is);
}

static bool record_has_machine(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return record_any(f, v, is_machine);
}

static bool record_is_empty(const struct fact *f, const struct view *v, bool final)
{
    const struct view_cluster *c = cluster(f, v);

    (void) final;
    return !c || c->answer[0] == '\0';
}

static void record_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_cluster *c = cluster(f, v);

    snprintf(out, size, "%s: %s", fact_arg(f, 0),
             c && c->answer[0] != '\0' ? c->answer : "no address");
}

/* --- machines -------------------------------------------------------------------------------- */

static const struct ledger_machine *machine(const struct fact *f, const struct view *v)
{
    return ledger_machine_named(&v->ledger, fact_arg(f, 0));
}

static void machine_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if ((e->kind == EV_MAAS_STATE || e->kind == EV_MAAS_MARK) &&
        ev_is(e, EVF_MACHINE, fact_arg(f, 0)))
        fact_evidence_set(f, e);
}

static bool machine_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct ledger_machine *m = machine(f, v);

    (void) final;
    return m && text_is(m->state, fact_arg(f, 1));
}

static bool owner_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct ledger_machine *m = machine(f, v);
    const char *wanted = fact_arg(f, 1), *cluster_name = m ? ledger_cluster_of(&v->ledger, m) : "";
    const bool held = m && ledger_is_held(&v->ledger, m);

    (void) final;
    if (text_is(wanted, "nobody"))
        return m && m->owner[0] == '\0';
    if (text_is(wanted, "cluster"))
        return held && cluster_name[0] != '\0';
    return held && (text_is(cluster_name, wanted) || text_is(m->owner, wanted));
}

/* MAAS writes "Disk erasing", a story Disk-erasing. */
static bool is_status(const char *shown, const char *said)
{
    for (; *shown && (*shown == *said || (*shown == ' ' && *said == '-')); shown++, said++)
        ;
    return *shown == *said;
}

/* "machine m2 was Disk-erasing for 8h": met while it is so, last[0] the instant since when, count
 * the longest so far. */
static void was_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind != EV_MAAS_STATE || !ev_is(e, EVF_MACHINE, fact_arg(f, 0)))
        return;
    if (f->met && e->t - (ms_t)f->last[0] > f->count)
        f->count = e->t - (ms_t)f->last[0];
    f->met = is_status(ev_text(e, EVF_STATE), fact_arg(f, 1));
    if (f->met)
        f->last[0] = (uint64_t)e->t;
    if (f->met)
        fact_evidence_set(f, e);
}

static ms_t longest(const struct fact *f, const struct view *v)
{
    const ms_t now = f->met ? v->now - (ms_t)f->last[0] : 0;

    return now > f->count ? now : f->count;
}

static bool was_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return longest(f, v) >= time_arg(f, 2);
}

static void was_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char text[24];

    text_duration_write(longest(f, v), text, sizeof text);
    snprintf(out, size, "%s was %s for %s at most", fact_arg(f, 0), fact_arg(f, 1), text);
}

static void machine_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct ledger_machine *m = machine(f, v);
    const bool held = m && ledger_is_held(&v->ledger, m);

    if (!m)
        snprintf(out, size, "MAAS has no %s", fact_arg(f, 0));
    else
        snprintf(out, size, "%s is %s, owner %s, for %s", m->name, m->state,
                 m->owner[0] != '\0' ? m->owner : "nobody",
                 held ? ledger_cluster_of(&v->ledger, m) : "nobody");
}

static void moves_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_MAAS_STATE && !ev_is(e, EVF_BEFORE, ""))
        fact_evidence_add(f, e);
}

static int64_t held(const struct fact *f, const struct view *v)
{
    return ledger_held(&v->ledger,
                       text_is(f->line->verb->id, "cluster.holds") ? fact_arg(f, 0) : NULL);
}

static bool held_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return !v->ledger.over && fact_in_range(f, held(f, v));
}

static void held_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    snprintf(out, size, "%lld held", (long long)held(f, v));
}

static bool balances_holds(const struct fact *f, const struct view *v, bool final)
{
    char wrong[160];

    (void)f, (void) final;
    return !ledger_wrong(&v->ledger, wrong, sizeof wrong);
}

static void balances_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char wrong[160];
    const char *why = ledger_wrong(&v->ledger, wrong, sizeof wrong);

    (void)f;
    if (why)
        snprintf(out, size, "%s", why);
    else
        snprintf(out, size, "%zu lives, all in order", v->ledger.n_lives);
}

/* --- calls for a cluster --------------------------------------------------------------------- */

/* op CLUSTER ROLE stand last, with or without a count before them. */
static void took_for_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const size_t op = f->line->n_args - 3;

    if (e->kind == EV_MAAS_CALL && fact_is_taken(e) && fact_maas_op_is(e, fact_arg(f, op)) &&
        text_is(ledger_cluster_of_call(&v->ledger, e), fact_arg(f, op + 1)) &&
        fact_party_is(v, ev_text(e, EVF_PEER), fact_arg(f, op + 2)))
        fact_count(f, e);
}

static void took_any_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_MAAS_CALL && fact_is_taken(e) && fact_maas_op_is(e, fact_arg(f, 0)))
        fact_count(f, e);
}

/* --- order ----------------------------------------------------------------------------------- */

static void order_feed(struct fact *f, const struct view *v, const struct event *e)
{
    size_t i;

    for (i = 0; i < 2; i++) {
        struct verb_event x;

        if (!verb_event(fact_arg(f, i), &x) || !view_happens(v, &x, e))
            continue;
        if (f->first[i] == 0) {
            f->first[i] = e->seq;
            fact_evidence_add(f, e);
        }
        f->last[i] = e->seq;
    }
}

static bool first_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->first[0] > 0 && f->first[1] > 0 && f->first[0] < f->first[1];
}

static bool every_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->last[0] > 0 && f->last[1] > 0 && f->last[0] < f->last[1];
}

static void order_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const uint64_t *at = text_is(f->line->verb->id, "every.before") ? f->last : f->first;

    (void)v;
    if (at[0] == 0 || at[1] == 0)
        snprintf(out, size, "\"%s\" never happened", fact_arg(f, at[0] == 0 ? 0 : 1));
    else
        snprintf(out, size, "\"%s\" is record %llu, \"%s\" is record %llu", fact_arg(f, 0),
                 (unsigned long long)at[0], fact_arg(f, 1), (unsigned long long)at[1]);
}

/* --- what hit the gateway -------------------------------------------------------------------- */

static void dead_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway"))
        fact_evidence_add(f, e);
}

static bool dead_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return view_gateway_dead(v) + DEAD_SLACK_MS >= time_arg(f, 0);
}

static void dead_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char span[24];

    (void)f;
    text_duration_write(view_gateway_dead(v), span, sizeof span);
    snprintf(out, size, "dead for %s at most", span);
}

/* by: what acts on the gateway begin with, or whom an act on others names. */
static bool is_blow(const struct script_line *line, const char *by)
{
    return text_begins(line->verb->id, by) ||
           (text_begins(line->verb->id, "victims.") && text_is(line->args[0], by));
}

static bool is_hit(const struct script_line *line, const struct script_point *p, const char *by)
{
    return line->has_point && is_blow(line, by) && line->time == 0 &&
           text_is(line->point.op, p->op) && line->point.count == p->count &&
           text_is(line->point.phase, p->phase);
}

static void hit_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const size_t n = f->line->n_args;
    const char *by = n > 1 ? fact_arg(f, 0) : "gateway.";
    struct script_point p;
    size_t i;

    if (e->kind != EV_ACT || !ev_is(e, EVF_FIRED, "1") || !verb_point(fact_arg(f, n - 1), &p))
        return;
    for (i = 0; i < v->script->n_lines; i++)
        if (v->script->lines[i].number == ev_int(e, EVF_LINE) &&
            is_hit(&v->script->lines[i], &p, by))
            fact_count(f, e);
}

static void power_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *name = ev_text(e, EVF_NAME);

    (void)v;
    if (e->kind == EV_FAULT && ev_is(e, EVF_KIND, "fired") && text_begins(name, "power.") &&
        text_is(name + strlen("power."), fact_arg(f, 1)) && ev_is(e, EVF_WHY, fact_arg(f, 0)))
        fact_count(f, e);
}

static void fault_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_FAULT && ev_is(e, EVF_KIND, "fired"))
        fact_count(f, e);
}

/* --- the table ------------------------------------------------------------------------------- */

/* clang-format off */
const struct fact_row fact_cluster_rows[] = {
    {"cluster.is",           state_feed,    state_holds,      state_seen,      FACT_OF_INSTANT},
    {"cluster.was-never",    never_feed,    never_holds,      never_seen, FACT_OF_EVENTS},
    {"cluster.has-nodes",    nodes_feed,    nodes_holds,      nodes_seen,      FACT_OF_INSTANT},
    {"cluster.holds",        moves_feed,    held_holds,       held_seen,       FACT_OF_INSTANT},
    {"cluster.answers",      answers_feed,  answers_holds,    answers_seen, FACT_OF_EVENTS},
    {"cluster.label",        label_feed,    label_holds,      label_seen,      FACT_OF_INSTANT},
    {"beats.no-gap",         beats_feed,    beats_holds,      beats_seen, FACT_OF_EVENTS},
    {"record.holds-address", record_feed,   record_holds,     record_seen,     FACT_OF_INSTANT},
    {"record.holds-machine", record_feed,   record_has_machine, record_seen,   FACT_OF_INSTANT},
    {"record.is-empty",      record_feed,   record_is_empty,  record_seen,     FACT_OF_INSTANT},
    {"maas.showed-power",    power_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"machine.is",           machine_feed,  machine_holds,    machine_seen,    FACT_OF_INSTANT},
    {"machine.owner",        machine_feed,  owner_holds,      machine_seen,    FACT_OF_INSTANT},
    {"machine.was-for",      was_feed,      was_holds,        was_seen, FACT_OF_EVENTS},
    {"machines.held",        moves_feed,    held_holds,       held_seen,       FACT_OF_INSTANT},
    {"ledger.balances",      moves_feed,    balances_holds,   balances_seen,   FACT_OF_INSTANT},
    {"maas.took-count-for",  took_for_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"maas.took-for",        took_for_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"maas.took-any",        took_any_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"first.before-first",   order_feed,    first_holds,      order_seen, FACT_OF_EVENTS},
    {"every.before",         order_feed,    every_holds,      order_seen, FACT_OF_EVENTS},
    {"gateway.was-dead",     dead_feed,     dead_holds,       dead_seen, FACT_OF_EVENTS},
    {"gateway.was-hit",      hit_feed,      fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"victims.were-hit",     hit_feed,      fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"fault.fired",          fault_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {NULL, NULL, NULL, NULL, FACT_OF_EVENTS},
};
/* clang-format on */
