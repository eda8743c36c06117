#include "scenarios/judge/facts.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <stdio.h>
#include <string.h>

#define ITEMS_MAX 64 /* of a list that the user was answered */

static const char *arg(const struct fact *f, size_t i)
{
    assert(i < f->line->n_args);
    return f->line->args[i];
}

static void evidence_add(struct fact *f, const struct event *e)
{
    if (f->n_evidence < JUDGE_EVIDENCE_MAX)
        f->evidence[f->n_evidence++] = e->seq;
}

/* For a state: the record that made it. */
static void evidence_set(struct fact *f, const struct event *e)
{
    f->n_evidence = 1;
    f->evidence[0] = e->seq;
}

static bool in_range(const struct fact *f, int64_t count)
{
    return count >= f->min && count <= f->max;
}

static void count_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld seen", (long long)f->count);
}

static bool count_holds(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return in_range(f, f->count);
}

static void count_add(struct fact *f, const struct event *e)
{
    f->count++;
    evidence_add(f, e);
}

/* --- what Palette shows ---------------------------------------------------------------------- */

static void gateway_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const struct view_gateway *gateway = view_gateway(v);

    if (e->kind == EV_PAL_GATEWAY && (!gateway || ev_is(e, EVF_UID, gateway->uid)))
        evidence_set(f, e);
}

static bool gateway_holds(const struct fact *f, const struct view *v, bool final)
{
    const struct view_gateway *gateway = view_gateway(v);
    const bool is = gateway && text_is(gateway->state, arg(f, 1));

    (void) final;
    return arg(f, 0)[0] == '\0' ? is : !is;
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
        evidence_add(f, e);
}

static bool listed_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return in_range(f, listed(v));
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
        evidence_add(f, e);
}

static bool accounts_holds(const struct fact *f, const struct view *v, bool final)
{
    (void) final;
    return in_range(f, accounts(v));
}

static void accounts_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)f;
    snprintf(out, size, "%lld accounts", (long long)accounts(v));
}

/* --- calls ----------------------------------------------------------------------------------- */

static bool is_taken(const struct event *e)
{
    const int64_t status = ev_int(e, EVF_STATUS);

    return status > 0 && status < 400;
}

static bool role_is(const char *role, const char *wanted)
{
    return text_is(wanted, "any") || text_is(role, wanted);
}

static void palette_took_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const size_t op = f->line->n_args - 2; /* with and without a count before it */

    (void)v;
    if (e->kind == EV_PAL_CALL && is_taken(e) && role_is(ev_text(e, EVF_WHO), arg(f, op + 1)) &&
        (text_is(arg(f, op), "any") || ev_is(e, EVF_OP, arg(f, op))))
        count_add(f, e);
}

/* "read" and "change" by method, others by the last part of the operation's name. */
static bool maas_op_is(const struct event *e, const char *wanted)
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

    if (e->kind == EV_MAAS_CALL && is_taken(e) && maas_op_is(e, arg(f, op)) &&
        role_is(view_role(v, ev_text(e, EVF_PEER)), arg(f, op + 1)))
        count_add(f, e);
}

/* --- packets --------------------------------------------------------------------------------- */

static bool end_is(const struct event *e, enum ev_field role, enum ev_field zone,
                   const char *wanted)
{
    return text_is(wanted, "any") || ev_is(e, role, wanted) || ev_is(e, zone, wanted);
}

static bool flow_is(const struct fact *f, const struct event *e)
{
    return end_is(e, EVF_FROM, EVF_FROM_ZONE, arg(f, 0)) &&
           end_is(e, EVF_TO, EVF_TO_ZONE, arg(f, 1));
}

static void flow_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_FLOW_TRY && flow_is(f, e))
        count_add(f, e);
}

static void tls_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind != EV_FLOW_FIRST || !flow_is(f, e))
        return;
    f->count++;
    if (ev_is(e, EVF_KIND, "tls") || ev_is(e, EVF_KIND, "connect+tls"))
        return;
    if (f->bad++ == 0)
        f->n_evidence = 0; /* the first that is bad says more than all that are good */
    evidence_add(f, e);
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

static void proxy_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const bool at_proxy =
        e->kind == EV_PROXY_CONNECT || (e->kind == EV_FLOW_FIRST && ev_is(e, EVF_TO, "proxy"));
    const char *target = ev_text(e, EVF_SNI);

    if (!at_proxy || target[0] == '\0' || !role_is(view_role(v, target), arg(f, 0)))
        return;
    if (f->line->n_args == 1 || role_is(ev_text(e, EVF_FROM), arg(f, 1)))
        count_add(f, e);
}

/* --- secrets --------------------------------------------------------------------------------- */

static void secret_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_SECRET_HIT)
        count_add(f, e);
}

static void output_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_SECRET_HIT && ev_is(e, EVF_WHERE, "output"))
        count_add(f, e);
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

    if (!text_duration(arg(f, 0), &bound))
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
    evidence_add(f, e);
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
        count_add(f, e);
}

static void stop_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROG && ev_is(e, EVF_WHO, "gateway") && ev_is(e, EVF_KIND, "exited"))
        evidence_set(f, e);
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
        count_add(f, e);
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
    return answered_holds(f, v, final) && list_is_within(arg(f, 0), v->user_last_answer) &&
           list_is_within(v->user_last_answer, arg(f, 0));
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
        evidence_add(f, e);
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
    {"gateway.is",             gateway_feed,      gateway_holds,       gateway_seen},
    {"gateways.listed",        listed_feed,       listed_holds,        listed_seen},
    {"accounts.of-gateway",    accounts_feed,     accounts_holds,      accounts_seen},
    {"palette.took-count",     palette_took_feed, count_holds,         count_seen},
    {"palette.took",           palette_took_feed, count_holds,         count_seen},
    {"maas.took-count",        maas_took_feed,    count_holds,         count_seen},
    {"maas.took",              maas_took_feed,    count_holds,         count_seen},
    {"flow",                   flow_feed,         count_holds,         count_seen},
    {"flows.all-tls",          tls_feed,          tls_holds,           tls_seen},
    {"proxy.saw",              proxy_feed,        count_holds,         count_seen},
    {"proxy.saw-from",         proxy_feed,        count_holds,         count_seen},
    {"secret.seen",            secret_feed,       count_holds,         secret_seen},
    {"output.no-secret",       output_feed,       output_holds,        secret_seen},
    {"link.sign",              sign_feed,         sign_holds,          sign_seen},
    {"gateway.started",        starts_feed,       count_holds,         count_seen},
    {"gateway.good-stop",      stop_feed,         stop_holds,          stop_seen},
    {"user.asked",             user_feed,         count_holds,         count_seen},
    {"user.was-answered",      user_feed,         answered_holds,      answered_seen},
    {"user.was-answered-with", user_feed,         answered_with_holds, answered_seen},
    {"user.was-refused",       user_feed,         refused_holds,       answered_seen},
    {"evidence.whole",         NULL,              evidence_holds,      evidence_seen},
    {"probes.match",           probes_feed,       probes_holds,        probes_seen},
};
/* clang-format on */

/* A line without a count means at least one. */
static void range_init(struct fact *f)
{
    f->min = 1;
    f->max = INT64_MAX;
    if (strstr(f->line->verb->form, "{count}") || strstr(f->line->verb->form, "{n}"))
        if (!verb_count(f->line->args[0], &f->min, &f->max))
            WRONG("a line with a count that is none");
}

void fact_init(struct fact *f, const struct script_line *line)
{
    size_t i;

    *f = (struct fact){.line = line};
    for (i = 0; i < COUNTOF(rows) && !text_is(rows[i].verb, line->verb->id); i++)
        ;
    if (i == COUNTOF(rows))
        WRONG("a fact of the verb table has no row here");
    f->row = &rows[i];
    range_init(f);
}

void fact_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (f->row->feed)
        f->row->feed(f, v, e);
}

bool fact_holds(const struct fact *f, const struct view *v, bool final)
{
    return f->row->holds(f, v, final);
}

void fact_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    f->row->seen(f, v, out, size);
}
