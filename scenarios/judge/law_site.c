#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_KILL 9
#define SIGNAL_CONT 18
#define SIGNAL_STOP 19

struct law_site *law_site_new(const struct ev_list *journal)
{
    struct law_site *s = calloc(1, sizeof(*s));

    if (!s)
        WRONG("out of memory");
    s->journal = journal;
    return s;
}

void law_site_free(struct law_site **s)
{
    free(*s);
}

/* --- finding --------------------------------------------------------------------------------- */

struct law_cluster *law_site_cluster(struct law_site *s, const char *name)
{
    for (size_t i = s->n; i > 0; i--)
        if (text_is(s->at[i - 1].name, name))
            return &s->at[i - 1];
    return NULL;
}

struct law_cluster *law_site_called(struct law_site *s, const struct event *e)
{
    return law_site_cluster(s, ledger_cluster_of_call(&s->ledger, e));
}

struct law_cluster *law_site_holder(struct law_site *s, const struct event *e)
{
    const char *word = ev_text(e, EVF_MACHINE);
    const struct ledger_machine *m = ledger_machine(&s->ledger, word);

    m = m ? m : ledger_machine_named(&s->ledger, word);
    return m ? law_site_cluster(s, ledger_cluster_of(&s->ledger, m)) : NULL;
}

bool law_site_is_away(const struct law_site *s, ms_t now)
{
    return s->away && now > s->away_since + law_parameters[BOUND_FLIGHT].ms;
}

bool law_by_gateway(const struct law_site *s, const struct event *e)
{
    return ledger_is_gateway(&s->ledger, ledger_role(&s->ledger, ev_text(e, EVF_PEER)));
}

bool law_by_its_gateway(const struct law_site *s, const struct event *e,
                        const struct law_cluster *c)
{
    const bool inside = text_is(ledger_role(&s->ledger, ev_text(e, EVF_PEER)), "palette");

    return law_by_gateway(s, e) &&
           (!s->system || !c->gateway || text_is(c->gateway, s->system) == inside);
}

bool law_by_node_of(const struct law_site *s, const struct event *e, const struct law_cluster *c)
{
    return text_is(ledger_party(&s->ledger, ev_text(e, EVF_PEER)), c->name);
}

bool law_is_change(const struct event *e)
{
    return e->kind == EV_MAAS_CALL && !ev_is(e, EVF_METHOD, "GET") && ev_int(e, EVF_STATUS) < 400;
}

bool law_is_op(const struct event *e, const char *op)
{
    const char *dot = strrchr(ev_text(e, EVF_OP), '.');

    return e->kind == EV_MAAS_CALL && dot && text_is(dot + 1, op);
}

bool law_lives(const struct law_cluster *c)
{
    return c->running && !c->del;
}

/* --- following ------------------------------------------------------------------------------- */

static void on_state(struct law_site *s, const struct event *e)
{
    const bool made = ev_is(e, EVF_BEFORE, "");
    struct law_cluster *c = made ? NULL : law_site_cluster(s, ev_text(e, EVF_CLUSTER));

    if (!c && s->n == LAW_CLUSTERS_MAX)
        return;
    if (!c) {
        c = &s->at[s->n++];
        *c = (struct law_cluster){
            .name = ev_text(e, EVF_CLUSTER), .marker = ev_text(e, EVF_MARKER), .made = e};
    }
    c->state = ev_text(e, EVF_STATE);
    if (text_is(c->state, "Running") && !c->running)
        c->running = e;
    if ((text_is(c->state, "Deleting") || text_is(c->state, "Deleted")) && !c->del)
        c->del = e;
    if (text_is(c->state, "Deleted") && !c->deleted)
        c->deleted = e;
}

static void on_owner(struct law_site *s, const struct event *e)
{
    struct law_cluster *c = law_site_cluster(s, ev_text(e, EVF_CLUSTER));

    if (c && ev_is(e, EVF_OWNER, "gateway"))
        c->gateway = ev_text(e, EVF_UID);
}

static void on_gateway(struct law_site *s, const struct event *e)
{
    if (ev_is(e, EVF_KIND, "system"))
        s->system = ev_text(e, EVF_UID);
}

static void on_hello(struct law_site *s, const struct event *e)
{
    struct law_cluster *c = law_site_cluster(s, ev_text(e, EVF_CLUSTER));

    if (c && !c->hello && ev_is(e, EVF_ACCEPTED, "1"))
        c->hello = e;
}

static struct law_wish *wish_of(struct law_site *s, const char *cluster)
{
    for (size_t i = 0; i < s->n_wishes; i++)
        if (text_is(s->wishes[i].cluster, cluster))
            return &s->wishes[i];
    return s->n_wishes == LAW_CLUSTERS_MAX ? NULL : &s->wishes[s->n_wishes++];
}

/* "user creates cluster c1 with 2 nodes", "user scales cluster c1 to 3 nodes": the act is done
 * before Palette has carried it out. */
static void on_act(struct law_site *s, const struct event *e)
{
    const char *verb = ev_text(e, EVF_VERB), *at = verb;
    char words[6][32] = {""};
    struct law_wish *wish;
    int64_t nodes;
    size_t i = 0;

    while (i < COUNTOF(words) && text_next(&at, ' ', words[i], sizeof(words[0])))
        i++;
    if (i < COUNTOF(words) || !ev_is(e, EVF_FIRED, "1") || !text_begins(verb, "user ") ||
        !text_is(words[2], "cluster") || !text_int(words[5], 0, INT32_MAX, &nodes))
        return;
    wish = wish_of(s, words[3]);
    if (!wish)
        return;
    snprintf(wish->cluster, sizeof(wish->cluster), "%s", words[3]);
    wish->nodes = nodes;
}

int64_t law_site_wanted(const struct law_site *s, const struct law_cluster *c)
{
    for (size_t i = 0; i < s->n_wishes; i++)
        if (text_is(s->wishes[i].cluster, c->name))
            return s->wishes[i].nodes;
    return -1;
}

static void away(struct law_site *s, bool is_away, ms_t now)
{
    if (s->away == is_away)
        return;
    s->away = is_away;
    s->away_since = now;
}

static void on_program(struct law_site *s, const struct event *e)
{
    const int64_t signal = law_is_prog(e, "signalled") ? ev_int(e, EVF_SIGNAL) : 0;

    if (law_is_start(e) || signal == SIGNAL_CONT) {
        s->starts++;
        away(s, false, e->t);
    }
    if (law_is_prog(e, "exited") || signal == SIGNAL_KILL || signal == SIGNAL_STOP)
        away(s, s->starts > 0, e->t);
}

static const struct {
    enum ev_kind kind;
    void (*on)(struct law_site *s, const struct event *e);
} rows[] = {
    {EV_PAL_CLUSTER, on_state}, {EV_PAL_OWNER, on_owner}, {EV_PAL_GATEWAY, on_gateway},
    {EV_PAL_HELLO, on_hello},   {EV_ACT, on_act},         {EV_PROG, on_program},
};

static void take_in(struct law_site *s, const struct event *e)
{
    ledger_feed(&s->ledger, e);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (rows[i].kind == e->kind)
            rows[i].on(s, e);
}

const struct event *law_site_next(struct law_site *s)
{
    if (s->now)
        take_in(s, s->now);
    s->now = s->next < s->journal->n ? ev_list_at(s->journal, s->next++) : NULL;
    return s->now;
}
