#include "scenarios/judge/view.h"
#include "scenarios/judge/view_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

#include <stdio.h>
#include <string.h>

void view_init(struct view *v, const struct script *s)
{
    size_t i;

    *v = (struct view){.script = s, .dead_since = MS_NEVER, .system.dead_since = MS_NEVER};
    for (i = 0; i < s->n_lines; i++)
        if (text_is(s->lines[i].verb->id, "evidence.whole"))
            v->evidence.wanted = true;
}

static void keep(char *dst, size_t size, const char *text)
{
    if (!text_copy(dst, size, text))
        (void)text_copy_len(dst, size, text, size - 1);
}

/* --- who is who ------------------------------------------------------------------------------ */

static void role_add(struct view *v, const char *role)
{
    size_t i;

    if (text_is(role, "router") || text_is(role, "canary") || text_is(role, "decoy"))
        return;
    for (i = 0; i < v->n_roles; i++)
        if (text_is(v->roles[i], role))
            return;
    if (v->n_roles < VIEW_ROLES_MAX)
        keep(v->roles[v->n_roles++], VIEW_NAME_MAX, role);
}

static void on_host(struct view *v, const struct event *e)
{
    struct view_host *h = &v->hosts[v->n_hosts];

    if (v->n_hosts == VIEW_HOSTS_MAX)
        return;
    v->n_hosts++;
    keep(h->name, sizeof h->name, ev_text(e, EVF_NAME));
    keep(h->role, sizeof h->role, ev_text(e, EVF_WHO));
    keep(h->ip, sizeof h->ip, ev_text(e, EVF_IP));
    role_add(v, h->role);
}

const char *view_role(const struct view *v, const char *address_or_name)
{
    char host[VIEW_NAME_MAX], label[VIEW_NAME_MAX];
    size_t i;

    if (!text_copy_len(host, sizeof host, address_or_name, strcspn(address_or_name, ":")))
        return "";
    (void)text_copy_len(label, sizeof label, host, strcspn(host, "."));
    for (i = 0; i < v->n_hosts; i++)
        if (text_is(v->hosts[i].ip, host) || text_is(v->hosts[i].name, label) ||
            text_is(v->hosts[i].role, label))
            return v->hosts[i].role;
    return "";
}

const char *view_party(const struct view *v, const char *address_or_name)
{
    const char *party = ledger_party(&v->ledger, address_or_name);

    return party[0] != '\0' ? party : view_role(v, address_or_name);
}

/* --- what Palette shows ---------------------------------------------------------------------- */

static void on_gateway(struct view *v, const struct event *e)
{
    const char *uid = ev_text(e, EVF_UID);
    size_t i;

    for (i = 0; i < v->n_gateways && !text_is(v->gateways[i].uid, uid); i++)
        ;
    if (i == VIEW_GATEWAYS_MAX) {
        v->gateways_over += ev_is(e, EVF_BEFORE, "");
        return;
    }
    if (i == v->n_gateways) {
        v->n_gateways++;
        keep(v->gateways[i].uid, sizeof v->gateways[i].uid, uid);
    }
    keep(v->gateways[i].state, sizeof v->gateways[i].state, ev_text(e, EVF_STATE));
    v->gateways[i].is_system = ev_is(e, EVF_KIND, "system");
    if (view_gateway(v) == &v->gateways[i] && !v->was_running && ev_is(e, EVF_STATE, "Running")) {
        v->was_running = true;
        v->last_sign = e->t;
    }
}

static void on_account(struct view *v, const struct event *e)
{
    const char *uid = ev_text(e, EVF_UID);
    size_t i;

    for (i = 0; i < v->n_accounts && !text_is(v->accounts[i].uid, uid); i++)
        ;
    if (i == VIEW_ACCOUNTS_MAX) {
        v->accounts_over += ev_is(e, EVF_KIND, "made");
        return;
    }
    if (i == v->n_accounts) {
        v->n_accounts++;
        keep(v->accounts[i].uid, sizeof v->accounts[i].uid, uid);
    }
    keep(v->accounts[i].name, sizeof v->accounts[i].name, ev_text(e, EVF_NAME));
    keep(v->accounts[i].bound_to, sizeof v->accounts[i].bound_to, ev_text(e, EVF_BOUND_TO));
    v->accounts[i].deleted = ev_is(e, EVF_KIND, "deleted");
}

/* Whoever installs anew, with a code of a new gateway, has another one from then on. */
static void on_enrol(struct view *v, const struct event *e)
{
    for (size_t i = 0; ev_int(e, EVF_ACCEPTED) == 1 && i < v->n_gateways; i++)
        if (!v->gateways[i].is_system && text_is(v->gateways[i].uid, ev_text(e, EVF_UID)))
            v->enrolled_i = i;
}

const struct view_gateway *view_gateway(const struct view *v)
{
    if (v->enrolled_i > 0)
        return &v->gateways[v->enrolled_i];
    for (size_t i = 0; i < v->n_gateways; i++)
        if (!v->gateways[i].is_system)
            return &v->gateways[i];
    return NULL;
}

static void on_palette_call(struct view *v, const struct event *e)
{
    if (ev_is(e, EVF_WHO, "gateway") && ev_int(e, EVF_STATUS) > 0)
        v->last_sign = e->t;
}

/* --- programs and the user ------------------------------------------------------------------- */

ms_t view_gateway_dead(const struct view *v)
{
    return v->dead_since == MS_NEVER ? v->dead_longest
                                     : ms_max(v->dead_longest, v->now - v->dead_since);
}

ms_t view_system_dead(const struct view *v)
{
    const struct view_system *x = &v->system;

    return x->dead_since == MS_NEVER ? x->dead_longest
                                     : ms_max(x->dead_longest, v->now - x->dead_since);
}

/* Of the one inside Palette only whether it lives. */
static void on_system(struct view *v, const struct event *e)
{
    struct view_system *x = &v->system;

    if (ev_is(e, EVF_KIND, "started")) {
        x->dead_longest = view_system_dead(v);
        x->dead_since = MS_NEVER;
        x->started = x->alive = true;
    } else if (x->alive && (ev_is(e, EVF_KIND, "exited") || ev_int(e, EVF_SIGNAL) == 9)) {
        x->dead_since = e->t;
        x->alive = false;
    }
}

static void died(struct view *v, const struct event *e)
{
    v->alive = false;
    if (v->dead_since == MS_NEVER)
        v->dead_since = e->t;
}

/* What a signal does to a program that cannot refuse it. */
static void on_signal(struct view *v, const struct event *e)
{
    const int64_t number = ev_int(e, EVF_SIGNAL);

    if (number == 15)
        v->term_sent = true;
    if (number == 9)
        died(v, e);
    if (number == 19)
        v->frozen = true;
    if (number == 18) {
        v->frozen = false;
        v->last_sign = e->t;
    }
}

static void on_program(struct view *v, const struct event *e)
{
    if (ev_is(e, EVF_WHO, "system-gateway"))
        on_system(v, e);
    if (!ev_is(e, EVF_WHO, "gateway"))
        return;
    if (ev_is(e, EVF_KIND, "started")) {
        v->dead_longest = view_gateway_dead(v);
        v->dead_since = MS_NEVER;
        v->alive = true;
        v->frozen = v->term_sent = false;
        v->starts++;
        v->last_sign = e->t;
    }
    if (ev_is(e, EVF_KIND, "stopped"))
        v->term_sent = true;
    if (ev_is(e, EVF_KIND, "signalled"))
        on_signal(v, e);
    if (ev_is(e, EVF_KIND, "exited")) {
        v->good_stops += v->alive && v->term_sent && ev_is(e, EVF_STATUS, "0");
        died(v, e);
    }
}

bool view_link_counts(const struct view *v)
{
    return v->was_running && v->alive && !v->frozen && !v->term_sent && !v->link_cut;
}

static const struct script_line *act_line(const struct view *v, const struct event *e)
{
    size_t i;

    for (i = 0; i < v->script->n_lines; i++)
        if (v->script->lines[i].number == ev_int(e, EVF_LINE))
            return &v->script->lines[i];
    return NULL;
}

static void on_act(struct view *v, const struct event *e)
{
    const struct script_line *line = act_line(v, e);

    const char *next = v->link_cut ? "mended" : "cut";

    v->wires_cut += view_is_wire(e, "cut") - view_is_wire(e, "mended");
    if ((view_is_link(e) && view_is_wire(e, next)) || view_is_palette(e, next)) {
        v->link_cut = !v->link_cut;
        v->last_sign = e->t;
    }
    if (!line || !ev_is(e, EVF_FIRED, "1"))
        return;
    v->user_acts += text_begins(line->verb->id, "user.");
    v->probes_done = v->probes_done || text_is(line->verb->id, "probe.every-pair");
}

/* What is shown is known by what was seen; that it ended, by the act that ended it. */
static void certificate_feed(struct view *v, const struct event *e)
{
    if (e->kind == EV_TLS_SHOWN && e->src == EVS_PALETTE && !ev_is(e, EVF_KIND, "renewed"))
        v->bad_certificate = true;
    if (e->kind == EV_ACT && (ev_is(e, EVF_VERB, "palette certificate is good") ||
                              ev_is(e, EVF_VERB, "palette certificate is renewed")))
        v->bad_certificate = false;
}

/* The pairing code of an install is asked for by the harness, not by the story. */
static void on_user(struct view *v, const struct event *e)
{
    if (ev_is(e, EVF_VERB, "pairing-code"))
        return;
    v->user_answers++;
    v->user_last_status = ev_int(e, EVF_STATUS);
    keep(v->user_last_answer, sizeof v->user_last_answer, ev_text(e, EVF_ANSWER));
}

static void on_secret(struct view *v, const struct event *e)
{
    if (v->secrets == 0)
        snprintf(v->secret, sizeof v->secret, "%.60s in %.60s", ev_text(e, EVF_NAME),
                 ev_text(e, EVF_WHERE));
    v->secrets++;
    v->secrets_in_output += ev_is(e, EVF_WHERE, "output");
}

/* --- probes ---------------------------------------------------------------------------------- */

static size_t role_index(const struct view *v, const char *role)
{
    size_t i;

    for (i = 0; i < v->n_roles && !text_is(v->roles[i], role); i++)
        ;
    return i;
}

static void on_probe(struct view *v, const struct event *e)
{
    const char *from = ev_text(e, EVF_FROM), *to = ev_text(e, EVF_TO);
    const size_t i = role_index(v, from), k = role_index(v, to);

    v->probes++;
    if (i < v->n_roles && k < v->n_roles)
        v->probed[i][k] = true;
    if (ev_is(e, EVF_ANSWER, ev_text(e, EVF_EXPECTED)))
        return;
    if (v->probes_wrong++ == 0)
        snprintf(v->probe_wrong, sizeof v->probe_wrong, "%.40s to %.40s: %.40s instead of %.40s",
                 from, to, ev_text(e, EVF_ANSWER), ev_text(e, EVF_EXPECTED));
}

const char *view_probes_wrong(const struct view *v, char *out, size_t size)
{
    size_t i, k;

    if (v->probes_wrong > 0)
        return v->probe_wrong;
    if (!v->probes_done || v->probes == 0)
        return "not probed yet";
    for (i = 0; i < v->n_roles; i++)
        for (k = 0; k < v->n_roles; k++)
            if (i != k && !v->probed[i][k]) {
                snprintf(out, size, "%s to %s was not probed", v->roles[i], v->roles[k]);
                return out;
            }
    return NULL;
}

/* --- feeding --------------------------------------------------------------------------------- */

static const struct {
    enum ev_kind kind;
    void (*on)(struct view *v, const struct event *e);
} rows[] = {
    {EV_LAB_HOST, on_host},
    {EV_PAL_GATEWAY, on_gateway},
    {EV_PAL_ENROL, on_enrol},
    {EV_PAL_ACCOUNT, on_account},
    {EV_PAL_CALL, on_palette_call},
    {EV_PROG, on_program},
    {EV_ACT, on_act},
    {EV_PAL_USER, on_user},
    {EV_SECRET_HIT, on_secret},
    {EV_PROBE, on_probe},
};

void view_feed(struct view *v, const struct event *e)
{
    size_t i;

    v->now = ms_max(v->now, e->t);
    v->over = v->over || e->kind == EV_RUN_END;
    ledger_feed(&v->ledger, e);
    view_cluster_feed(v, e);
    view_evidence_feed(&v->evidence, e);
    certificate_feed(v, e);
    for (i = 0; i < COUNTOF(rows); i++)
        if (rows[i].kind == e->kind)
            rows[i].on(v, e);
}
