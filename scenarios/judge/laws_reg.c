/* Laws of installing and registering: REG-1 to REG-6, TOP-3. */
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODES_SPAN  MINUTES(10)
#define SIGNAL_CONT 18 /* Linux, all architectures we run on */

/* --- REG-1 ----------------------------------------------------------------------------------- */

struct install {
    size_t started, running; /* indices, journal->n when it never happened */
};

static struct install install_of(const struct ev_list *journal)
{
    struct install in = {.started = law_first(journal, 0, law_is_start)};

    in.running = law_first(journal, in.started, law_is_running);
    return in;
}

/* A packet has the kernel's time, a message the program's: at a tie the gateway has the doubt. */
static bool is_within(const struct ev_list *journal, const struct install *in, ms_t t)
{
    return t > ev_list_at(journal, in->started)->t &&
           (in->running == journal->n || t < ev_list_at(journal, in->running)->t);
}

void law_reg_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "from the install to Running no try from outside into the private zone";
    struct install in = install_of(journal);
    size_t out = 0;

    (void)c;
    if (in.started == journal->n) {
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway was never started");
        return;
    }
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        out += law_is_to_palette(e);
        if (!law_is_from_outside(e) || !is_within(journal, &in, e->t))
            continue;
        law_fail(ret, expected, "%s at %s tried %s port %s", ev_text(e, EVF_FROM),
                 ev_text(e, EVF_FROM_IP), ev_text(e, EVF_TO_IP), ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (in.running == journal->n)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway never became Running");
    else if (out == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no connection to Palette was seen");
    else
        law_pass(ret, expected, "none; %zu from the gateway to Palette", out);
}

/* --- REG-2 ----------------------------------------------------------------------------------- */

static bool is_accepted_register(const struct event *e)
{
    return e->kind == EV_PAL_REGISTER && ev_int(e, EVF_ACCEPTED) == 1;
}

static bool is_operators_act(const struct event *e)
{
    return e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "user") &&
           (ev_is(e, EVF_OP, "approve") || ev_is(e, EVF_OP, "register"));
}

/* One gateway has one uid; another install, with a code of its own, is another gateway. */
static bool is_second_register(const struct ev_list *journal, size_t i)
{
    const struct event *e = ev_list_at(journal, i);

    for (size_t k = 0; k < i; k++)
        if (is_accepted_register(ev_list_at(journal, k)) &&
            ev_is(ev_list_at(journal, k), EVF_UID, ev_text(e, EVF_UID)))
            return true;
    return false;
}

void law_reg_2(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "the gateway registers itself, once, and becomes Running";
    struct install in = install_of(journal);
    size_t n = 0;

    if (in.started == journal->n) {
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway was never started");
        return;
    }
    for (size_t i = in.started; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);
        bool helped = i < in.running && is_operators_act(e);
        bool again = false;

        if (is_accepted_register(e)) {
            law_witness(ret, e);
            again = is_second_register(journal, i);
            n++;
        }
        if (again || helped) {
            law_fail(ret, expected, helped ? "a user had to act" : "it registered a second time");
            if (helped)
                law_witness(ret, e);
            return;
        }
    }
    if (n == 0)
        law_missing(ret, c, expected, "no register was accepted");
    else if (in.running == journal->n)
        law_missing(ret, c, expected, "it registered and never became Running");
    else
        law_pass(ret, expected, n == 1 ? "one register, Running" : "each its own, Running");
}

/* --- REG-3 ----------------------------------------------------------------------------------- */

static bool is_first_bytes(const struct event *e)
{
    return e->kind == EV_FLOW_FIRST && ev_is(e, EVF_FROM, "gateway") &&
           (ev_is(e, EVF_TO, "palette") ||
            (ev_is(e, EVF_TO, "proxy") && ev_is(e, EVF_KIND, "connect+tls")));
}

struct used { /* a connection of the gateway, at a call over it */
    int64_t conn;
    size_t i;
    bool told; /* of a proxy, then */
};

static int order_of(const void *a, const void *b)
{
    const struct used *x = a, *y = b;

    if (x->conn != y->conn)
        return x->conn < y->conn ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

size_t law_connections(const struct ev_list *journal, bool told)
{
    struct used *used = malloc((journal->n + 1) * sizeof(*used));
    struct law_told now = {.is_set = false};
    size_t n = 0, different = 0;

    if (!used)
        WRONG("out of memory");
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        law_told_take(&now, e);
        if (e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "gateway"))
            used[n++] = (struct used){ev_int(e, EVF_CONN), i, now.is_set};
    }
    qsort(used, n, sizeof(*used), order_of);
    for (size_t i = 0; i < n; i++)
        different += (i == 0 || used[i].conn != used[i - 1].conn) && (used[i].told || !told);
    free(used);
    return different;
}

static bool is_gateways(const struct event *e)
{
    return e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "gateway");
}

/* A server showed its client a certificate that must not be taken, and heard a request. */
static const struct event *heard_badly(const struct ev_list *journal, size_t shown, enum ev_src by,
                                       bool (*is)(const struct event *e))
{
    const struct event *s = ev_list_at(journal, shown);

    if (s->kind != EV_TLS_SHOWN || s->src != by || ev_is(s, EVF_KIND, "renewed"))
        return NULL;
    for (size_t i = shown; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (is(e) && ev_is(e, EVF_CONN, ev_text(s, EVF_CONN)))
            return e;
    }
    return NULL;
}

void law_reg_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "every connection to Palette opens with TLS, and none is used before it is verified";
    size_t secure = 0, answered, refused = 0;

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);
        const struct event *heard = heard_badly(journal, i, EVS_PALETTE, is_gateways);

        if (heard) {
            law_fail(ret, expected, "Palette showed a certificate that is %s, and heard a request",
                     ev_text(e, EVF_KIND));
            law_witness(ret, e);
            law_witness(ret, heard);
            return;
        }
        refused += e->kind == EV_TLS_SHOWN && e->src == EVS_PALETTE;
        if (!is_first_bytes(e))
            continue;
        if (!ev_is(e, EVF_KIND, "tls") && !ev_is(e, EVF_KIND, "connect+tls")) {
            law_fail(ret, expected, "one opened with %s, to %s", ev_text(e, EVF_KIND),
                     ev_text(e, EVF_TO_IP));
            law_witness(ret, e);
            return;
        }
        secure++;
    }
    answered = law_connections(journal, false);
    if (secure == 0 && answered == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no connection to Palette was seen");
    else if (secure < answered)
        law_missing(ret, c, expected, "Palette answered on %zu connections, %zu opened with TLS",
                    answered, secure);
    else
        law_pass(ret, expected, "%zu connections, all TLS; %zu met another certificate", secure,
                 refused);
}

/* --- REG-4 ----------------------------------------------------------------------------------- */

static bool is_secret_sent(const struct event *e)
{
    return e->kind == EV_PAL_ENROL && ev_int(e, EVF_ACCEPTED) == 1;
}

/* The key goes with the call: whoever can read the one has the other (GP-93). */
static bool is_signed(const struct event *e)
{
    return e->kind == EV_MAAS_CALL && !ev_is(e, EVF_KEY_ID, "");
}

/* Returns true when somebody who did not prove to be MAAS was given a key. */
static bool is_key_given(const struct ev_list *journal, const char *expected,
                         struct story_verdict *ret)
{
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *heard = heard_badly(journal, i, EVS_MAAS, is_signed);

        if (!heard)
            continue;
        law_fail(ret, expected,
                 "MAAS showed a certificate that is %s, and heard a call with its key",
                 ev_text(ev_list_at(journal, i), EVF_KIND));
        law_witness(ret, ev_list_at(journal, i));
        law_witness(ret, heard);
        return true;
    }
    return false;
}

void law_reg_4(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no secret is seen where it must not be";
    size_t hits = 0, first = journal->n;

    if (is_key_given(journal, expected, ret))
        return;

    (void)c;
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind != EV_SECRET_HIT)
            continue;
        first = hits++ == 0 ? i : first;
        law_witness(ret, e);
    }
    if (hits > 0)
        law_fail(ret, expected, "%s in %s%s", ev_text(ev_list_at(journal, first), EVF_NAME),
                 ev_text(ev_list_at(journal, first), EVF_WHERE), hits > 1 ? ", and more" : "");
    else if (law_first(journal, 0, is_secret_sent) == journal->n)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no secret was used: the gateway never enrolled");
    else
        law_pass(ret, expected, "none");
}

/* --- REG-5 ----------------------------------------------------------------------------------- */

struct admission {
    const struct event *change;  /* of MAAS by a gateway whose code was not taken so far */
    const struct event *refused; /* its code, and none was taken since */
    bool admitted;
    size_t refusals;
};

/* Codes that were presented in the time that ends with this record. */
static bool is_pressing(const struct ev_list *journal, const struct event *e)
{
    int64_t n = 0;

    for (size_t i = 0; i < journal->n && ev_list_at(journal, i) != e; i++)
        n += ev_list_at(journal, i)->kind == EV_PAL_ENROL &&
             ev_list_at(journal, i)->t + CODES_SPAN > e->t;
    return n >= law_parameters[BOUND_CODES].count;
}

static void admission_take(struct admission *a, const struct law_site *s, const struct event *e)
{
    const bool changes = law_is_change(e) && law_by_gateway(s, e);

    if (e->kind == EV_PAL_ENROL && ev_int(e, EVF_ACCEPTED) == 1)
        *a = (struct admission){.admitted = true, .refusals = a->refusals};
    if (e->kind == EV_PAL_ENROL && ev_int(e, EVF_ACCEPTED) == 0) {
        a->refused = e;
        a->refusals++;
    }
    if (changes && (a->refused || !a->admitted))
        a->change = e;
}

static const char *slips_in(const struct ev_list *journal, const struct admission *a,
                            const struct event *e)
{
    if (!a->refused)
        return NULL;
    if (a->change)
        return "a gateway whose code was refused changed MAAS";
    if (is_accepted_register(e))
        return "a gateway whose code was refused was registered";
    if (law_is_running(e))
        return "a gateway whose code was refused is shown Running";
    return e->kind == EV_PAL_ENROL && is_pressing(journal, e) ? "codes are presented too often"
                                                              : NULL;
}

void law_reg_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "a refused code: no registration, no change of MAAS, and no more than 12 tries in 10 "
        "minutes";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct admission a = {.refusals = 0};
    const struct event *e;

    (void)c;
    while ((e = law_site_next(s))) {
        const char *wrong;

        admission_take(&a, s, e);
        wrong = slips_in(journal, &a, e);
        if (!wrong)
            continue;
        law_fail(ret, expected, "%s", wrong);
        law_witness(ret, a.refused);
        law_witness(ret, a.change ? a.change : e);
        return;
    }
    if (a.refusals == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no code was refused");
    else
        law_pass(ret, expected, "%zu refused, and nothing came of it", a.refusals);
}

/* --- REG-6 ----------------------------------------------------------------------------------- */

struct identity {
    size_t starts, registers, made;
    const struct event *first; /* that named the gateway's uid */
    const struct event *last_start, *sign_after, *state;
};

/* A gateway that lost its identity shows itself as a second one, or as one that pairs again. */
static const char *wrong_with(struct identity *id, const struct event *e)
{
    bool enrolled = e->kind == EV_PAL_ENROL && ev_int(e, EVF_ACCEPTED) == 1;

    if (e->kind == EV_PAL_ENROL && ev_is(e, EVF_CODE, "PairingCodeUsed"))
        return "it came with another secret and a pairing code that was used already";
    if (e->kind == EV_PAL_GATEWAY && ev_is(e, EVF_BEFORE, "") && id->made++ > 0)
        return "a second gateway was made";
    if (!enrolled && !is_accepted_register(e))
        return NULL;
    if (id->first && !ev_is(e, EVF_UID, ev_text(id->first, EVF_UID)))
        return "it came with a second uid";
    id->first = id->first ? id->first : e;
    if (is_accepted_register(e) && id->registers++ > 0)
        return "it registered a second time";
    return NULL;
}

/* A program that was frozen comes back as well, and must still be the same. */
static bool is_return(const struct event *e)
{
    return law_is_start(e) || (law_is_prog(e, "signalled") && ev_int(e, EVF_SIGNAL) == SIGNAL_CONT);
}

static void follow(struct identity *id, const struct event *e)
{
    if (is_return(e)) {
        id->starts++;
        id->last_start = e;
        id->sign_after = NULL;
    }
    if (law_is_sign(e) && ev_is(e, EVF_OP, "beat") && !id->sign_after)
        id->sign_after = e;
    if (e->kind == EV_PAL_GATEWAY)
        id->state = e;
}

/* Who was started a moment before the run's end had no time to call; Palette may still show
 * Running. */
static bool had_no_time(const struct identity *id, ms_t end)
{
    return !id->sign_after && end < id->last_start->t + law_parameters[BOUND_SIGN].ms;
}

void law_reg_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "over all starts one uid, one register, Running again";
    struct identity id = {0};

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);
        const char *wrong = wrong_with(&id, e);

        if (wrong) {
            law_fail(ret, expected, "%s", wrong);
            law_witness(ret, e);
            return;
        }
        follow(&id, e);
    }
    if ((int64_t)id.starts < law_parameters[BOUND_STARTS].count)
        law_unproven(ret, VERDICT_VACUOUS, "the gateway was started %zu times: no restart",
                     id.starts);
    else if (id.registers == 0)
        law_missing(ret, c, expected, "no register was accepted");
    else if (had_no_time(&id, law_end_of(journal)))
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the run ended soon after the last of %zu starts",
                     id.starts);
    else if (!id.sign_after || !id.state || !law_is_running(id.state))
        law_missing(ret, c, expected, "not Running again after the last of %zu starts", id.starts);
    else
        law_pass(ret, expected, "%zu starts, one uid, one register, Running", id.starts);
    if (ret->verdict == VERDICT_FAIL && id.last_start)
        law_witness(ret, id.last_start);
}

/* --- TOP-3 ----------------------------------------------------------------------------------- */

struct wrapping {
    ms_t running_at;             /* MS_NEVER before */
    const struct event *uid;     /* register that named the gateway */
    const struct event *account; /* made by the gateway and still there */
    size_t starts;
};

static bool is_gateways_account(const struct event *e, const char *kind)
{
    return e->kind == EV_PAL_ACCOUNT && ev_is(e, EVF_MADE_BY, "gateway") &&
           ev_is(e, EVF_KIND, kind);
}

/* What is wrong with this record by itself, or after those before it. */
static const char *wrong_account(struct wrapping *w, const struct event *e)
{
    if (is_gateways_account(e, "made")) {
        if (w->uid && !ev_is(e, EVF_BOUND_TO, ev_text(w->uid, EVF_UID)))
            return "the gateway made an account that is bound to another gateway";
        if (w->account)
            return "the gateway made a second account";
        w->account = e;
    }
    if (is_gateways_account(e, "deleted") && w->account &&
        ev_is(e, EVF_UID, ev_text(w->account, EVF_UID)))
        w->account = NULL;
    return NULL;
}

/* The account may take its time after Running; from then on it is there at every restart. */
static bool is_overdue(const struct wrapping *w, ms_t now)
{
    return w->running_at != MS_NEVER && !w->account &&
           now >= w->running_at + law_parameters[BOUND_ACCOUNT].ms;
}

static bool follow_wrapping(struct wrapping *w, const struct event *e)
{
    if (is_accepted_register(e) && !w->uid)
        w->uid = e;
    if (law_is_running(e) && w->running_at == MS_NEVER)
        w->running_at = e->t;
    return law_is_start(e) && w->starts++ > 0 && is_overdue(w, e->t);
}

void law_top_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "one cloud account made by the gateway and bound to it";
    struct wrapping w = {.running_at = MS_NEVER};

    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);
        const struct event *before = w.account;
        const char *wrong = wrong_account(&w, e);

        if (wrong) {
            law_fail(ret, expected, "%s", wrong);
            if (before)
                law_witness(ret, before);
            law_witness(ret, e);
            return;
        }
        if (follow_wrapping(&w, e)) {
            law_missing(ret, c, expected, "none at a restart, long after Running");
            law_witness(ret, e);
            return;
        }
    }
    if (w.running_at == MS_NEVER)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway never became Running");
    else if (w.account)
        law_pass(ret, expected, "one, still there at the end");
    else if (is_overdue(&w, law_end_of(journal)))
        law_missing(ret, c, expected, "none at the end of the run");
    else
        law_unproven(ret, VERDICT_INCONCLUSIVE, "the run ended soon after Running");
}
