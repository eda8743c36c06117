#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define ITEMS_MAX 64 /* of a list that the user was answered */

const char *fact_arg(const struct fact *f, size_t i)
{
    assert(i < f->line->n_args);
    return f->line->args[i];
}

void fact_evidence_add(struct fact *f, const struct event *e)
{
    if (f->n_evidence < JUDGE_EVIDENCE_MAX)
        f->evidence[f->n_evidence++] = e->seq;
}

/* For a state: the record that made it. */
void fact_evidence_set(struct fact *f, const struct event *e)
{
    f->n_evidence = 1;
    f->evidence[0] = e->seq;
}

bool fact_in_range(const struct fact *f, int64_t count)
{
    return count >= f->min && count <= f->max;
}

void fact_count_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld seen", (long long)f->count);
}

bool fact_count_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return fact_in_range(f, f->count);
}

void fact_count(struct fact *f, const struct event *e)
{
    f->count++;
    fact_evidence_add(f, e);
}

/* --- what Palette shows ---------------------------------------------------------------------- */

static void gateway_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const struct view_gateway *gateway = view_gateway(v);

    if (e->kind == EV_PAL_GATEWAY && (!gateway || ev_is(e, EVF_UID, gateway->uid)))
        fact_evidence_set(f, e);
}

static bool gateway_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_gateway *gateway = view_gateway(v);
    const bool is = gateway && text_is(gateway->state, fact_arg(f, 1));

    (void) final;
    return fact_arg(f, 0)[0] == '\0' ? is : !is;
}

static void gateway_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const struct view_gateway *gateway = view_gateway(v);

    (void)f;
    if (gateway)
        snprintf(out, size, "gateway is %s", gateway->state);
    else
        snprintf(out, size, "Palette knows no gateway");
}

static int64_t listed(const struct view *v)
{
    int64_t n = v->gateways_over;
    size_t i;

    for (i = 0; i < v->n_gateways; i++)
        n += !text_is(v->gateways[i].state, "Deleted");
    return n;
}

static void listed_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_GATEWAY && (ev_is(e, EVF_BEFORE, "") || ev_is(e, EVF_STATE, "Deleted")))
        fact_evidence_add(f, e);
}

static bool listed_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return fact_in_range(f, listed(v));
}

static void listed_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)f;
    snprintf(out, size, "%lld listed", (long long)listed(v));
}

static int64_t accounts(const struct view *v)
{
    const struct view_gateway *gateway = view_gateway(v);
    int64_t n = v->accounts_over;
    size_t i;

    for (i = 0; gateway && i < v->n_accounts; i++)
        n += !v->accounts[i].deleted && text_is(v->accounts[i].bound_to, gateway->uid);
    return n;
}

static void accounts_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_ACCOUNT)
        fact_evidence_add(f, e);
}

static bool accounts_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return fact_in_range(f, accounts(v));
}

static void accounts_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)f;
    snprintf(out, size, "%lld accounts", (long long)accounts(v));
}

/* --- calls ----------------------------------------------------------------------------------- */

bool fact_is_taken(const struct event *e)
{
    const int64_t status = ev_int(e, EVF_STATUS);

    return status > 0 && status < 400;
}

static bool role_is(const char *role, const char *wanted)
{
    return text_is(wanted, "any") || text_is(role, wanted);
}

bool fact_party_is(const struct view *v, const char *address, const char *wanted)
{
    return role_is(view_role(v, address), wanted) || text_is(view_party(v, address), wanted);
}

/* A cluster calls through its agent. */
bool fact_caller_is(const struct event *e, const char *wanted)
{
    return role_is(ev_text(e, EVF_WHO), wanted) ||
           (ev_is(e, EVF_WHO, "agent") && ev_is(e, EVF_CLUSTER, wanted));
}

static void palette_took_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const size_t op = f->line->n_args - 2; /* with and without a count before it */

    (void)v;
    if (e->kind == EV_PAL_CALL && fact_is_taken(e) && fact_caller_is(e, fact_arg(f, op + 1)) &&
        (text_is(fact_arg(f, op), "any") || ev_is(e, EVF_OP, fact_arg(f, op))))
        fact_count(f, e);
}

/* "read" and "change" by method, others by the last part of the operation's name. */
bool fact_maas_op_is(const struct event *e, const char *wanted)
{
    const char *dot = strrchr(ev_text(e, EVF_OP), '.');
    const bool reads = ev_is(e, EVF_METHOD, "GET");

    if (text_is(wanted, "any") || text_is(wanted, "read"))
        return reads || text_is(wanted, "any");
    if (text_is(wanted, "change"))
        return !reads;
    return dot && text_is(dot + 1, wanted);
}

static void maas_took_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const size_t op = f->line->n_args - 2;

    if (e->kind == EV_MAAS_CALL && fact_is_taken(e) && fact_maas_op_is(e, fact_arg(f, op)) &&
        fact_party_is(v, ev_text(e, EVF_PEER), fact_arg(f, op + 1)))
        fact_count(f, e);
}

static void maas_refused_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const size_t op = f->line->n_args - 2;

    if (e->kind == EV_MAAS_CALL && !fact_is_taken(e) && fact_maas_op_is(e, fact_arg(f, op)) &&
        fact_party_is(v, ev_text(e, EVF_PEER), fact_arg(f, op + 1)))
        fact_count(f, e);
}

/* --- packets --------------------------------------------------------------------------------- */

struct end_fields {
    enum ev_field role, zone, ip;
};

static bool end_is(const struct view *v, const struct event *e, const struct end_fields *end,
                   const char *wanted)
{
    return text_is(wanted, "any") || ev_is(e, end->role, wanted) || ev_is(e, end->zone, wanted) ||
           ev_is(e, end->ip, wanted) ||
           text_is(ledger_party(&v->ledger, ev_text(e, end->ip)), wanted);
}

bool fact_flow_is(const struct view *v, const struct event *e, const char *from, const char *to)
{
    static const struct end_fields source = {EVF_FROM, EVF_FROM_ZONE, EVF_FROM_IP},
                                   target = {EVF_TO, EVF_TO_ZONE, EVF_TO_IP};

    return end_is(v, e, &source, from) && end_is(v, e, &target, to);
}

static bool flow_is(const struct fact *f, const struct view *v, const struct event *e)
{
    return fact_flow_is(v, e, fact_arg(f, 0), fact_arg(f, 1));
}

static void flow_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (e->kind == EV_FLOW_TRY && flow_is(f, v, e))
        fact_count(f, e);
}

static void tls_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (e->kind != EV_FLOW_FIRST || !flow_is(f, v, e))
        return;
    f->count++;
    if (ev_is(e, EVF_KIND, "tls") || ev_is(e, EVF_KIND, "connect+tls"))
        return;
    if (f->bad++ == 0)
        f->n_evidence = 0; /* the first that is bad says more than all that are good */
    fact_evidence_add(f, e);
}

static bool tls_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->count > 0 && f->bad == 0; /* silence proves nothing */
}

static void tls_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld of %lld flows did not begin with TLS", (long long)f->bad,
             (long long)f->count);
}

/* --- secrets --------------------------------------------------------------------------------- */

static void secret_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_SECRET_HIT)
        fact_count(f, e);
}

static void output_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_SECRET_HIT && ev_is(e, EVF_WHERE, "output"))
        fact_count(f, e);
}

static bool output_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->count == 0;
}

static void secret_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    if (f->count == 0)
        snprintf(out, size, "no secret seen");
    else
        snprintf(out, size, "%lld times, first %s", (long long)f->count, v->secret);
}

/* --- time ------------------------------------------------------------------------------------ */

static ms_t sign_bound(const struct fact *f)
{
    ms_t bound = 0;

    if (!text_duration(fact_arg(f, 0), &bound))
        WRONG("a line with a time that is none");
    return bound;
}

static bool sign_is_late(const struct fact *f, const struct view *v, ms_t now)
{
    return view_link_counts(v) && now - v->last_sign > sign_bound(f);
}

static void sign_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (!sign_is_late(f, v, e->t))
        return;
    if (f->bad++ == 0)
        f->count = e->t - v->last_sign; /* kept for the report */
    fact_evidence_add(f, e);
}

static bool sign_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return f->bad == 0 && !sign_is_late(f, v, v->now);
}

static void sign_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char span[24];

    if (f->bad == 0 && !sign_is_late(f, v, v->now)) {
        snprintf(out, size, v->was_running ? "no longer span" : "the gateway never ran");
        return;
    }
    text_duration_write(f->bad > 0 ? f->count : v->now - v->last_sign, span, sizeof span);
    snprintf(out, size, "a span of %s without a sign", span);
}

/* --- the run --------------------------------------------------------------------------------- */

static void starts_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway") && ev_is(e, EVF_KIND, "started"))
        fact_count(f, e);
}

static void stop_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway") && ev_is(e, EVF_KIND, "exited"))
        fact_evidence_set(f, e);
}

static bool stop_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)f, (void) final;
    return v->good_stops > 0;
}

static void stop_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)f;
    snprintf(out, size, "%lld stops in good order", (long long)v->good_stops);
}

static void user_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PAL_USER && !ev_is(e, EVF_VERB, "pairing-code"))
        fact_count(f, e);
}

static bool user_is_answered(const struct view *v)
{
    return v->user_answers > 0 && v->user_answers >= v->user_acts && v->user_last_status > 0;
}

static bool answered_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)f, (void) final;
    return user_is_answered(v) && v->user_last_status < 400;
}

static bool refused_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)f, (void) final;
    return user_is_answered(v) && v->user_last_status >= 400;
}

static bool list_has(const char *list, const char *item)
{
    char one[EV_VALUE_MAX];

    while (text_next(&list, ',', one, sizeof one))
        if (text_is(one, item))
            return true;
    return false;
}

static bool list_is_within(const char *list, const char *other)
{
    char one[EV_VALUE_MAX];
    size_t n = 0;

    while (n++ < ITEMS_MAX && text_next(&list, ',', one, sizeof one))
        if (!list_has(other, one))
            return false;
    return n <= ITEMS_MAX;
}

static bool answered_with_holds(const struct fact *f, const struct view *v, bool final)
{
    return answered_holds(f, v, final) && list_is_within(fact_arg(f, 0), v->user_last_answer) &&
           list_is_within(v->user_last_answer, fact_arg(f, 0));
}

static void answered_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)f;
    if (!user_is_answered(v))
        snprintf(out, size, "no answer");
    else
        snprintf(out, size, "status %lld %s", (long long)v->user_last_status, v->user_last_answer);
}

static bool evidence_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)f;
    return !view_evidence_torn(v, final);
}

static void evidence_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    const char *torn = view_evidence_torn(v, true);

    (void)f;
    snprintf(out, size, "%s", torn ? torn : "whole");
}

static void probes_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROBE && !ev_is(e, EVF_ANSWER, ev_text(e, EVF_EXPECTED)))
        fact_evidence_add(f, e);
}

static bool probes_holds(const struct fact *f, const struct view *v, bool final)
{
    char why[160];

    (void)f, (void) final;
    return !view_probes_wrong(v, why, sizeof why);
}

static void probes_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    char why[160];
    const char *wrong_pair = view_probes_wrong(v, why, sizeof why);

    (void)f;
    if (wrong_pair)
        snprintf(out, size, "%s", wrong_pair);
    else
        snprintf(out, size, "%lld probes, all as the table says", (long long)v->probes);
}

/* --- the table ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct fact_row rows[] = {
    {"gateway.is",             gateway_feed,      gateway_holds,       gateway_seen, FACT_OF_INSTANT},
    {"gateways.listed",        listed_feed,       listed_holds,        listed_seen, FACT_OF_INSTANT},
    {"accounts.of-gateway",    accounts_feed,     accounts_holds,      accounts_seen, FACT_OF_INSTANT},
    {"palette.took-count",     palette_took_feed, fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"palette.took",           palette_took_feed, fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"maas.took-count",        maas_took_feed,    fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"maas.refused-count",     maas_refused_feed, fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"maas.took",              maas_took_feed,    fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"flow",                   flow_feed,         fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"flows.all-tls",          tls_feed,          tls_holds,           tls_seen, FACT_OF_EVENTS},
    {"secret.seen",            secret_feed,       fact_count_holds,         secret_seen, FACT_OF_EVENTS},
    {"output.no-secret",       output_feed,       output_holds,        secret_seen, FACT_OF_EVENTS},
    {"link.sign",              sign_feed,         sign_holds,          sign_seen, FACT_OF_EVENTS},
    {"gateway.started",        starts_feed,       fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"gateway.good-stop",      stop_feed,         stop_holds,          stop_seen, FACT_OF_EVENTS},
    {"user.asked",             user_feed,         fact_count_holds,         fact_count_seen, FACT_OF_EVENTS},
    {"user.was-answered",      user_feed,         answered_holds,      answered_seen, FACT_OF_EVENTS},
    {"user.was-answered-with", user_feed,         answered_with_holds, answered_seen, FACT_OF_EVENTS},
    {"user.was-refused",       user_feed,         refused_holds,       answered_seen, FACT_OF_EVENTS},
    {"evidence.whole",         NULL,              evidence_holds,      evidence_seen, FACT_OF_EVENTS},
    {"probes.match",           probes_feed,       probes_holds,        probes_seen, FACT_OF_EVENTS},
};
/* clang-format on */

/* The place in the form that holds a count or a number; n_args when there is none. */
static size_t count_place(const struct script_line *line)
{
    const char *form = line->verb->form;
    char word[32];
    size_t i = 0;

    while (text_next(&form, ' ', word, sizeof word)) {
        if (text_is(word, "{count}") || text_is(word, "{n}"))
            return i;
        i += word[0] == '{' || word[0] == '[';
    }
    return line->n_args;
}

/* A line without a count means at least one. */
static void range_init(struct fact *f)
{
    const size_t i = count_place(f->line);

    f->min = 1;
    f->max = INT64_MAX;
    if (i < f->line->n_args && !verb_count(f->line->args[i], &f->min, &f->max))
        WRONG("a line with a count that is none");
}

static const struct fact_row *row_of(const char *verb)
{
    const struct fact_row *const others[] = {fact_cluster_rows, fact_proxy_rows, fact_tls_rows,
                                             fact_wire_rows,    fact_site_rows,  fact_program_rows};
    const struct fact_row *row;
    size_t i;

    for (i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].verb, verb))
            return &rows[i];
    for (i = 0; i < COUNTOF(others); i++)
        for (row = others[i]; row->verb; row++)
            if (text_is(row->verb, verb))
                return row;
    WRONG("a fact of the verb table has no row here");
}

void fact_init(struct fact *f, const struct script_line *line)
{
    *f = (struct fact){.line = line, .row = row_of(line->verb->id)};
    range_init(f);
    if (line->suffix != SUFFIX_NONE && !verb_event(line->event, &f->edge))
        WRONG("a line with an event that is none");
}

/* Is the fact looked at now, after what its suffix has met so far? */
static bool is_inside(const struct fact *f, const struct view *v)
{
    switch (f->line->suffix) {
    case SUFFIX_NONE:
        return true;
    case SUFFIX_BEFORE:
        return !f->met;
    case SUFFIX_AFTER:
        return f->met;
    case SUFFIX_WHILE:
        return view_spans(v, &f->edge);
    }
    WRONG("a line with a suffix that is none");
}

void fact_feed(struct fact *f, const struct view *v, const struct event *e, bool counts)
{
    if (f->line->suffix != SUFFIX_NONE && view_happens(v, &f->edge, e))
        f->met = true;
    if ((counts || f->row->scope == FACT_OF_RUN) && f->row->feed && is_inside(f, v))
        f->row->feed(f, v, e);
}

bool fact_holds(const struct fact *f, const struct view *v, bool final)
{
    if (f->row->scope == FACT_OF_INSTANT && !is_inside(f, v))
        return f->line->when == WHEN_ALWAYS; /* outside, an always has nothing to ask */
    return f->row->holds(f, v, final);
}

void fact_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    f->row->seen(f, v, out, size);
}
