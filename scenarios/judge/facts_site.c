/* Facts of accounts and whom they are bound to, of ways between hosts, of what stands at the site,
 * and of who speaks for which cluster. */
#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEAD_SLACK_MS MINUTES(1) /* between an act's moment and what the program did of it */

/* --- accounts -------------------------------------------------------------------------------- */

static void account_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_ACCOUNT && (f->line->n_args < 3 || ev_is(e, EVF_NAME, fact_arg(f, 0)) ||
                                      text_is(fact_arg(f, 0), "acc1")))
        fact_evidence_set(f, e);
}

/* By name; acc1 is also what the gateway itself made. */
static const struct view_account *account(const struct view *v, const char *name)
{
    const struct view_account *own = NULL;

    for (size_t i = 0; i < v->n_accounts; i++) {
        const struct view_account *a = &v->accounts[i];

        if (!a->deleted && text_is(a->name, name))
            return a;
        if (!a->deleted && !own)
            own = a;
    }
    return text_is(name, "acc1") ? own : NULL;
}

static const struct view_gateway *gateway_of(const struct view *v, const char *uid)
{
    for (size_t i = 0; i < v->n_gateways; i++)
        if (text_is(v->gateways[i].uid, uid))
            return &v->gateways[i];
    return NULL;
}

static bool is_bound(const struct view *v, const struct view_account *a, const char *to)
{
    const struct view_gateway *g = gateway_of(v, a->bound_to);

    return g && g->is_system == text_is(to, "system-gateway");
}

static bool bound_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_account *a = account(v, fact_arg(f, 0));
    const bool negated = fact_arg(f, 1)[0] != '\0';

    (void) final;
    return a && is_bound(v, a, fact_arg(f, 2)) != negated;
}

static void bound_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_account *a = account(v, fact_arg(f, 0));
    const struct view_gateway *g = a ? gateway_of(v, a->bound_to) : NULL;

    if (!a)
        snprintf(out, size, "there is no account %s", fact_arg(f, 0));
    else
        snprintf(out, size, "%s is bound to %s", a->name,
                 !g             ? "nobody that is listed"
                 : g->is_system ? "the system gateway"
                                : "the gateway at the site");
}

static int64_t usable(const struct view *v)
{
    int64_t n = v->accounts_over;

    for (size_t i = 0; i < v->n_accounts; i++) {
        const struct view_gateway *g = gateway_of(v, v->accounts[i].bound_to);

        n += !v->accounts[i].deleted && g && text_is(g->state, "Running");
    }
    return n;
}

static bool usable_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return fact_in_range(f, usable(v));
}

static void usable_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)f;
    snprintf(out, size, "%lld accounts bound to a gateway that runs", (long long)usable(v));
}

static void shown_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind != EV_PAL_USER || !ev_is(e, EVF_VERB, "lists-gateways"))
        return;
    f->met = ev_int(e, EVF_STATUS) == 200 && ev_is(e, EVF_KIND, "no-system-gateway");
    fact_evidence_set(f, e);
}

static bool met_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->met;
}

static void shown_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%s",
             f->met               ? "none was listed"
             : f->n_evidence == 0 ? "the user was answered no list"
                                  : "a system gateway was listed, or the user was refused");
}

/* --- ways ------------------------------------------------------------------------------------ */

static bool is_open(const char *answer)
{
    return text_is(answer, "open") || text_is(answer, "nat") || text_is(answer, "opens");
}

/* What a record says of the way from the one to the other; "" = nothing. Acts: "path A - B opens".
 */
static const char *path_said(const struct fact *f, const struct event *e)
{
    const char *words = ev_text(e, EVF_VERB);
    char word[5][SCRIPT_WORD_MAX] = {""};

    if (e->kind == EV_LAB_PATH)
        return ev_is(e, EVF_FROM, fact_arg(f, 0)) && ev_is(e, EVF_TO, fact_arg(f, 1))
                   ? ev_text(e, EVF_ANSWER)
                   : "";
    if (e->kind != EV_ACT || !ev_is(e, EVF_FIRED, "1"))
        return "";
    for (size_t i = 0; i < COUNTOF(word) && text_next(&words, ' ', word[i], sizeof word[i]); i++)
        ;
    if (!text_is(word[0], "path") || !text_is(word[1], fact_arg(f, 0)) ||
        !text_is(word[3], fact_arg(f, 1)))
        return "";
    return text_is(word[4], "opens") ? "open" : "drop";
}

/* met: it is so now, since last[0]; count: the longest span before. first[0]: something was said.
 */
static void path_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *said = path_said(f, e);
    const bool was = f->met;

    (void)v;
    if (said[0] == '\0')
        return;
    f->met = is_open(said) == text_is(fact_arg(f, 2), "open");
    if (was && !f->met)
        f->count = ms_max(f->count, e->t - (ms_t)f->last[0]);
    if (f->met && !was)
        f->last[0] = (uint64_t)e->t;
    f->first[0] = e->seq;
    fact_evidence_add(f, e);
}

static ms_t path_span(const struct fact *f, const struct view *v)
{
    return f->met ? ms_max(f->count, v->now - (ms_t)f->last[0]) : f->count;
}

static ms_t path_wanted(const struct fact *f)
{
    ms_t time = 0;

    if (f->line->n_args > 3 && !text_duration(fact_arg(f, 3), &time))
        WRONG("a line with a time that is none");
    return time;
}

/* Without a time: it was so at the beginning, or became so. */
static bool path_holds(const struct fact *f, const struct view *v, bool final)
{
    const ms_t wanted = path_wanted(f);

    (void) final;
    return f->first[0] > 0 && (wanted > 0 ? path_span(f, v) >= wanted : f->met || f->count > 0);
}

static void path_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char span[24];

    text_duration_write(path_span(f, v), span, sizeof span);
    if (f->first[0] == 0)
        snprintf(out, size, "nothing was said of that way");
    else
        snprintf(out, size, "%s for %s at most", fact_arg(f, 2), span);
}

static void port_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (e->kind == EV_FLOW_TRY && ev_is(e, EVF_TO_PORT, fact_arg(f, 2)) &&
        fact_flow_is(v, e, fact_arg(f, 0), fact_arg(f, 1)))
        fact_count(f, e);
}

/* --- the site -------------------------------------------------------------------------------- */

/* Who belongs to a site where nothing was installed. */
static bool belongs(const struct event *e)
{
    static const char *const roles[] = {"maas", "node", "dns", "canary", "router"};

    for (size_t i = 0; i < COUNTOF(roles); i++)
        if (ev_is(e, EVF_FROM, roles[i]))
            return true;
    return false;
}

static void added_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const bool installs = e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway") &&
                          ev_is(e, EVF_KIND, "started"),
               speaks = e->kind == EV_FLOW_TRY && ev_is(e, EVF_FROM_ZONE, "private") && !belongs(e);

    (void)v;
    f->count += e->kind == EV_MAAS_CALL; /* there is a site, and it is at work */
    if (!installs && !speaks)
        return;
    f->bad++;
    fact_evidence_add(f, e);
}

static bool added_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->bad == 0 && f->count > 0;
}

static void added_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld programs and flows that do not belong there", (long long)f->bad);
}

static void system_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "system-gateway"))
        fact_evidence_add(f, e);
}

static bool system_holds(const struct fact *f, const struct view *v, bool final)
{
    ms_t wanted = 0;

    (void) final;
    if (!text_duration(fact_arg(f, 0), &wanted))
        WRONG("a line with a time that is none");
    return view_system_dead(v) + DEAD_SLACK_MS >= wanted;
}

static void system_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char span[24];

    (void)f;
    text_duration_write(view_system_dead(v), span, sizeof span);
    snprintf(out, size, "dead for %s at most", span);
}

/* --- clusters -------------------------------------------------------------------------------- */

static bool holds_word(const char *text, const char *word)
{
    const size_t len = strlen(word);

    for (; *text; text++)
        if (strncasecmp(text, word, len) == 0)
            return true;
    return false;
}

static void says_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_REPORT && ev_is(e, EVF_CLUSTER, fact_arg(f, 0)) &&
        !ev_is(e, EVF_STATE, "True") && holds_word(ev_text(e, EVF_WHY), fact_arg(f, 1)))
        fact_count(f, e);
}

static void health_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_CLUSTER && ev_is(e, EVF_CLUSTER, fact_arg(f, 0)))
        fact_evidence_set(f, e);
}

static bool health_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_cluster *c = view_cluster(v, fact_arg(f, 0));

    (void) final;
    return c && text_is(c->health, fact_arg(f, 1));
}

static void health_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_cluster *c = view_cluster(v, fact_arg(f, 0));

    snprintf(out, size, "%s is %s", fact_arg(f, 0), c ? c->health : "not there");
}

static void came_feed(struct fact *f, const struct view *v, const struct event *e)
{
    struct verb_event x;

    if (verb_event(fact_arg(f, 1), &x) && view_happens(v, &x, e))
        f->met = true;
    /* a machine that fetches its user data shows no key and is nobody's doing */
    if (f->met || e->kind != EV_MAAS_CALL || !fact_is_taken(e) || ev_is(e, EVF_KEY_ID, "") ||
        !text_is(ledger_cluster_of_call(&v->ledger, e), fact_arg(f, 0)))
        return;
    f->count++;
    if (fact_party_is(v, ev_text(e, EVF_PEER), fact_arg(f, 2)))
        return;
    f->bad++;
    fact_evidence_add(f, e);
}

static bool came_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->met && f->count > 0 && f->bad == 0;
}

static void came_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld of %lld calls came from elsewhere", (long long)f->bad,
             (long long)f->count);
}

/* Whose machine the caller's is. */
static bool is_machine_of(const struct view *v, const struct event *e, const char *cluster)
{
    const struct ledger_machine *m = ledger_machine(&v->ledger, ev_text(e, EVF_MACHINE));

    return m && text_is(ledger_cluster_of(&v->ledger, m), cluster);
}

/* Whoever made the event happen: its peer, or the cluster whose agent it was. */
static void first_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *wanted = fact_arg(f, 1);
    struct verb_event x;

    if (f->first[0] > 0 || !verb_event(fact_arg(f, 0), &x) || !view_happens(v, &x, e))
        return;
    f->first[0] = e->seq;
    fact_evidence_add(f, e);
    f->met = text_is(view_party(v, ev_text(e, EVF_MACHINE)), wanted) ||
             text_is(view_role(v, ev_text(e, EVF_PEER)), wanted) ||
             (e->kind == EV_PAL_HELLO && is_machine_of(v, e, wanted));
}

static void first_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%s",
             f->first[0] == 0 ? "it never happened"
             : f->met         ? "it did"
                              : "it came from elsewhere");
}

/* --- credentials ----------------------------------------------------------------------------- */

static bool has_key(const struct fact_keys *k, const char *key)
{
    for (size_t i = 0; i < k->n; i++)
        if (text_is(k->at[i], key))
            return true;
    return false;
}

static void tokens_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *key = ev_text(e, EVF_KEY_ID);

    (void)v;
    if ((e->kind != EV_PAL_HELLO && e->kind != EV_PAL_BEAT) || key[0] == '\0')
        return;
    for (size_t which = 0; which < 2; which++) {
        struct fact_keys *k = &f->keys[which];

        if (!ev_is(e, EVF_CLUSTER, fact_arg(f, which)) || has_key(k, key))
            continue;
        if (k->n < FACT_KEYS_MAX)
            (void)text_copy(k->at[k->n++], sizeof k->at[0], key);
        f->bad += has_key(&f->keys[1 - which], key);
        fact_evidence_add(f, e);
    }
}

static bool tokens_hold(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->keys[0].n > 0 && f->keys[1].n > 0 && f->bad == 0;
}

static void tokens_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%zu and %zu credentials, %lld of them shared", f->keys[0].n, f->keys[1].n,
             (long long)f->bad);
}

/* op CLUSTER ROLE stand last. A cluster calls through its agent; a fetch is a feed answer that
 * lists the cluster. */
static bool is_call_about(const struct fact *f, const struct view *v, const struct event *e)
{
    const size_t op = f->line->n_args - 3;
    const char *who = fact_arg(f, op + 2);
    const bool fetches = text_is(fact_arg(f, op), "fetch");

    if (fetches)
        return e->kind == EV_PAL_WORK && ev_is(e, EVF_CLUSTER, fact_arg(f, op + 1)) &&
               (text_is(who, "gateway") || text_is(who, "any"));
    return e->kind == EV_PAL_CALL &&
           (text_is(fact_arg(f, op), "any") || ev_is(e, EVF_OP, fact_arg(f, op))) &&
           ev_is(e, EVF_CLUSTER, fact_arg(f, op + 1)) &&
           (text_is(who, "any") || ev_is(e, EVF_WHO, who) ||
            (ev_is(e, EVF_WHO, "agent") && is_machine_of(v, e, who)));
}

static void took_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (is_call_about(f, v, e) && (e->kind == EV_PAL_WORK || fact_is_taken(e)))
        fact_count(f, e);
}

static void refused_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *who = fact_arg(f, 1);

    if (e->kind == EV_PAL_CALL && ev_int(e, EVF_STATUS) >= 400 &&
        (text_is(fact_arg(f, 0), "any") || ev_is(e, EVF_OP, fact_arg(f, 0))) &&
        (text_is(who, "any") || ev_is(e, EVF_WHO, who) ||
         (ev_is(e, EVF_WHO, "agent") && is_machine_of(v, e, who))))
        fact_count(f, e);
}

/* --- machines -------------------------------------------------------------------------------- */

static bool is_tag_of(const char *list, const char *tag)
{
    const size_t len = strlen(tag);

    for (const char *at = strstr(list, tag); at; at = strstr(at + 1, tag))
        if ((at == list || strchr(",+ ", at[-1])) && (at[len] == '\0' || strchr(",+ ", at[len])))
            return true;
    return false;
}

/* "name=value" among the call's own; of tags every one. */
static bool has_parameter(const struct event *e, const char *wanted)
{
    const char *params = ev_text(e, EVF_PARAMS), *value = strchr(wanted, '=') + 1;
    char word[EV_VALUE_MAX], tag[SCRIPT_WORD_MAX];
    const size_t name = (size_t)(value - wanted);

    while (text_next(&params, ' ', word, sizeof word)) {
        const char *tags = value;
        bool all = true;

        if (strncmp(word, wanted, name) != 0)
            continue;
        while (text_next(&tags, '+', tag, sizeof tag))
            all = all && is_tag_of(word + name, tag);
        return all;
    }
    return false;
}

static void with_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (e->kind == EV_MAAS_CALL && fact_is_taken(e) && fact_maas_op_is(e, fact_arg(f, 1)) &&
        fact_party_is(v, ev_text(e, EVF_PEER), fact_arg(f, 2)) && has_parameter(e, fact_arg(f, 3)))
        fact_count(f, e);
}

static int64_t owners(const struct fact *f, const struct view *v)
{
    const struct ledger *l = &v->ledger;
    const struct ledger_machine *m = ledger_machine_named(l, fact_arg(f, 0));
    int64_t n = 0;
    size_t last = LEDGER_NONE;

    for (size_t i = 0; m && i < l->n_lives; i++)
        if (&l->machines[l->lives[i].machine] == m && l->lives[i].cluster != LEDGER_NONE &&
            l->lives[i].cluster != last) {
            last = l->lives[i].cluster;
            n++;
        }
    return n;
}

static bool owners_hold(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return owners(f, v) == f->min;
}

static void owners_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    snprintf(out, size, "%s was held by %lld clusters", fact_arg(f, 0), (long long)owners(f, v));
}

/* met while the last of a machine's two was the second: bit by the machine's place. */
static void follows_feed(struct fact *f, const struct view *v, const struct event *e)
{
    struct verb_event one, its;
    const struct ledger_machine *m;
    uint64_t bit;

    if (e->kind != EV_MAAS_STATE || !verb_event(fact_arg(f, 0), &one) ||
        !verb_event(fact_arg(f, 1), &its))
        return;
    m = ledger_machine(&v->ledger, ev_text(e, EVF_UID));
    bit = m ? BIT((size_t)(m - v->ledger.machines) % 64) : 0;
    if (ev_is(e, EVF_STATE, "Allocated"))
        f->first[1] |= bit;
    else if (ev_is(e, EVF_STATE, "Ready"))
        f->first[1] &= ~bit;
    if (!view_happens(v, &one, e))
        return;
    f->count++;
    fact_evidence_add(f, e);
    f->bad += (f->first[1] & bit) == 0;
    f->first[1] &= ~bit;
}

static bool follows_hold(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->count > 0 && f->bad == 0;
}

static void follows_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld of %lld came without", (long long)f->bad, (long long)f->count);
}

/* --- the table ------------------------------------------------------------------------------- */

/* clang-format off */
const struct fact_row fact_site_rows[] = {
    {"account.bound",          account_feed, bound_holds,      bound_seen,      FACT_OF_INSTANT},
    {"accounts.usable",        account_feed, usable_holds,     usable_seen,     FACT_OF_INSTANT},
    {"user.shown-no-system",   shown_feed,   met_holds,        shown_seen,      FACT_OF_EVENTS},
    {"path.was",               path_feed,    path_holds,       path_seen,       FACT_OF_RUN},
    {"path.was-for",           path_feed,    path_holds,       path_seen,       FACT_OF_RUN},
    {"flow.port",              port_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"site.added-nothing",     added_feed,   added_holds,      added_seen,      FACT_OF_RUN},
    {"system.was-dead",        system_feed,  system_holds,     system_seen,     FACT_OF_EVENTS},
    {"cluster.says",           says_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"cluster.health",         health_feed,  health_holds,     health_seen,     FACT_OF_INSTANT},
    {"calls.came-from",        came_feed,    came_holds,       came_seen,       FACT_OF_RUN},
    {"first.came-from",        first_feed,   met_holds,        first_seen,      FACT_OF_RUN},
    {"tokens.differ",          tokens_feed,  tokens_hold,      tokens_seen,     FACT_OF_RUN},
    {"palette.took-for-count", took_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"palette.took-for",       took_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"palette.refused",        refused_feed, fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"maas.took-with",         with_feed,    fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"machine.was-owned",      NULL,         owners_hold,      owners_seen,     FACT_OF_INSTANT},
    {"every.follows",          follows_feed, follows_hold,     follows_seen,    FACT_OF_EVENTS},
    {NULL, NULL, NULL, NULL, FACT_OF_EVENTS},
};
/* clang-format on */
