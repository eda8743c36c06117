/* Laws of a proxy that is set: PRX-1, PRX-3, PRX-5, PRX-6; and PRX-7, which holds with and without
 * one. Those of no proxy (PRX-2, PRX-4) stand beside the link's and the agent's, those of one that
 * opens TLS in laws_bump.c. */
#include "scenarios/judge/handed.h"
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define HOSTS_MAX    128 /* records in which lab.host is looked for: they stand at the start */
#define MACHINES_MAX 64

/* --- what was told, and what a proxy was asked for ------------------------------------------- */

static bool tells(const struct event *e)
{
    return e->kind == EV_RUN_BEGIN || (e->kind == EV_ACT && ev_is(e, EVF_FIRED, "1") &&
                                       text_begins(ev_text(e, EVF_PARAMS), "proxy="));
}

bool law_told_take(struct law_told *t, const struct event *e)
{
    const char *params = ev_text(e, EVF_PARAMS);

    if (!tells(e))
        return false;
    *t = (struct law_told){.is_set = false};
    handed_param(params, "proxy", false, t->proxy, sizeof(t->proxy));
    handed_param(params, "proxy-sum", false, t->sum, sizeof(t->sum));
    handed_param(params, "no-proxy", true, t->no_proxy, sizeof(t->no_proxy));
    t->is_set = t->proxy[0] != '\0' && !text_is(t->proxy, "none");
    return true;
}

bool law_was_told(const struct ev_list *journal, bool of_one)
{
    struct law_told told;

    for (size_t i = 0; i < journal->n; i++)
        if (law_told_take(&told, ev_list_at(journal, i)) && told.is_set == of_one)
            return true;
    return false;
}

void law_tolds_take(struct law_tolds *t, const struct event *e)
{
    if (t->n == LAW_TOLDS_MAX || !law_told_take(&t->at[t->n].told, e))
        return;
    t->at[t->n++].seq = e->seq;
}

const struct law_told *law_tolds_at(const struct law_tolds *t, const struct event *e)
{
    for (size_t i = t->n; i > 0; i--)
        if (t->at[i - 1].seq <= e->seq)
            return &t->at[i - 1].told;
    return NULL;
}

/* The host of "host:port". */
static const char *host_of(const char *target, char *out, size_t size)
{
    (void)text_copy_len(out, size, target, strcspn(target, ":"));
    return out;
}

/* Whose is this address, or the first label of this name? "" = nobody's in the lab. */
static const char *role_of(const struct ev_list *journal, const char *target)
{
    char host[HANDED_WORD_MAX], label[HANDED_WORD_MAX];

    host_of(target, host, sizeof(host));
    (void)text_copy_len(label, sizeof(label), host, strcspn(host, "."));
    for (size_t i = 0; i < journal->n && i < HOSTS_MAX; i++) {
        const struct event *e = ev_list_at(journal, i);

        if (e->kind == EV_LAB_HOST &&
            (ev_is(e, EVF_IP, host) || ev_is(e, EVF_NAME, label) || ev_is(e, EVF_WHO, label)))
            return ev_text(e, EVF_WHO);
    }
    return "";
}

static bool is_head(const struct event *e)
{
    return e->kind == EV_FLOW_FIRST && ev_is(e, EVF_TO, "proxy") &&
           ev_is(e, EVF_KIND, "connect+tls");
}

/* Something at a proxy that names a target, made or refused. */
static bool is_asked(const struct event *e)
{
    return (e->kind == EV_PROXY_CONNECT || e->kind == EV_PROXY_REFUSE ||
            (e->kind == EV_FLOW_FIRST && ev_is(e, EVF_TO, "proxy"))) &&
           ev_text(e, EVF_SNI)[0] != '\0';
}

static bool is_for_palette(const struct ev_list *journal, const struct event *e)
{
    return text_is(role_of(journal, ev_text(e, EVF_SNI)), "palette");
}

static void no_proxy_set(struct story_verdict *ret)
{
    law_unproven(ret, VERDICT_INCONCLUSIVE, "the gateway is told of no proxy");
}

/* --- PRX-1 ----------------------------------------------------------------------------------- */

void law_prx_1(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "every connection to Palette is a CONNECT at the proxy";
    size_t heads = 0, tunnels = 0, answered = law_connections(journal, true);
    struct law_told told = {.is_set = false};

    if (!law_was_told(journal, true)) {
        no_proxy_set(ret);
        return;
    }
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);

        law_told_take(&told, e);
        const bool is_own =
            ev_is(e, EVF_FROM, "gateway") && is_asked(e) && is_for_palette(journal, e);

        heads += is_own && is_head(e);
        tunnels += is_own && e->kind == EV_PROXY_CONNECT;
        if (!told.is_set || !law_is_to_palette(e))
            continue;
        law_fail(ret, expected, "it tried Palette straight, at %s port %s", ev_text(e, EVF_TO_IP),
                 ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (heads == 0 && tunnels == 0 && answered == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no connection to Palette was seen");
    else if (heads == 0 || tunnels < answered)
        law_missing(ret, c, expected,
                    "Palette answered on %zu connections, the proxy made %zu, %zu began with TLS",
                    answered, tunnels, heads);
    else
        law_pass(ret, expected, "%zu tunnels", tunnels);
}

/* --- PRX-3 and PRX-5 ------------------------------------------------------------------------- */

struct heirs {
    struct law_tolds tolds;
    size_t n;
    struct {
        const char *machine;
        bool by_gateway; /* the last deploy that was accepted */
    } deploys[MACHINES_MAX];
    size_t boots; /* that were looked at */
};

static void deploy_note(struct heirs *h, const struct law_site *s, const struct event *e)
{
    const char *machine = ev_text(e, EVF_MACHINE);
    size_t i = 0;

    if (!law_is_op(e, "deploy") || !law_is_change(e))
        return;
    while (i < h->n && !text_is(h->deploys[i].machine, machine))
        i++;
    if (i == MACHINES_MAX)
        return;
    h->n = h->n > i ? h->n : i + 1;
    h->deploys[i].machine = machine;
    h->deploys[i].by_gateway = law_by_gateway(s, e);
}

static bool is_by_gateway(const struct heirs *h, const struct event *boot)
{
    for (size_t i = 0; i < h->n; i++)
        if (ev_is(boot, EVF_MACHINE, h->deploys[i].machine))
            return h->deploys[i].by_gateway;
    return false;
}

/* What the cluster is to inherit; NULL: no proxy. */
static const struct law_told *estate(const struct law_tolds *tolds, const struct law_cluster *of)
{
    const struct law_told *told = of ? law_tolds_at(tolds, of->made) : NULL;

    return told && told->is_set ? told : NULL;
}

static const char *wrong_heir(const struct law_told *told, const struct event *boot)
{
    struct handed found;

    if (!handed_read(boot, &found))
        return "found no settings at all";
    if (text_is(found.proxy, "none"))
        return "found no proxy";
    if (!text_is(found.https_sum, told->sum) || !text_is(found.http_sum, told->sum))
        return "found another value than the gateway was told";
    if (!text_is(found.environment, "same") || !text_is(found.containerd, "same"))
        return "found the proxy in some of the three places only";
    return found.no_proxy[0] == '\0' ? "found no list of exceptions" : NULL;
}

/* A node of nobody's has inherited from the gateway as it is. */
static bool is_straight(struct law_site *s, const struct law_tolds *tolds, const struct event *e)
{
    const struct law_cluster *of;
    const struct law_told *now;

    if (e->kind != EV_FLOW_TRY || !ev_is(e, EVF_TO, "palette") ||
        !text_is(ledger_role(&s->ledger, ev_text(e, EVF_FROM_IP)), "node"))
        return false;
    of = law_site_cluster(s, ledger_party(&s->ledger, ev_text(e, EVF_FROM_IP)));
    now = law_tolds_at(tolds, e);
    return of ? estate(tolds, of) != NULL : now && now->is_set;
}

static const struct law_cluster *never_through(const struct law_site *s,
                                               const struct law_tolds *tolds)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].hello && !s->at[i].met && estate(tolds, &s->at[i]))
            return &s->at[i];
    return NULL;
}

/* A node's tunnel to Palette: its cluster was met at the proxy. */
static void through_note(struct law_site *s, const struct event *e)
{
    struct law_cluster *from;

    if (!is_asked(e) || e->kind == EV_PROXY_REFUSE || !is_for_palette(s->journal, e))
        return;
    from = law_site_cluster(s, ledger_party(&s->ledger, ev_text(e, EVF_FROM_IP)));
    if (from)
        from->met = true;
}

static void judge_heirs(const struct ev_list *journal, const struct law_context *c, bool all,
                        size_t enough, struct story_verdict *ret)
{
    static const char expected[] =
        "machines find the proxy as the gateway was told it, and reach Palette through it";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct heirs h = {.n = 0};
    const struct event *e;

    if (!law_was_told(journal, true)) {
        no_proxy_set(ret);
        return;
    }
    while ((e = law_site_next(s))) {
        const struct law_told *told = e->kind == EV_NODE_BOOT && (all || is_by_gateway(&h, e))
                                          ? estate(&h.tolds, law_site_holder(s, e))
                                          : NULL;
        const char *wrong = told ? wrong_heir(told, e) : NULL;

        law_tolds_take(&h.tolds, e);
        deploy_note(&h, s, e);
        through_note(s, e);
        h.boots += told != NULL;
        if (!wrong && !is_straight(s, &h.tolds, e))
            continue;
        if (wrong)
            law_fail(ret, expected, "%s %s", ev_text(e, EVF_MACHINE), wrong);
        else
            law_fail(ret, expected, "a node at %s tried Palette straight", ev_text(e, EVF_FROM_IP));
        law_witness(ret, e);
        return;
    }
    if (h.boots < enough)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "%zu machines ran user data", h.boots);
    else if (never_through(s, &h.tolds))
        law_missing(ret, c, expected, "%s was not seen to reach Palette through the proxy",
                    never_through(s, &h.tolds)->name);
    else
        law_pass(ret, expected, "%zu boots", h.boots);
}

void law_prx_3(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    judge_heirs(journal, c, false, 1, ret);
}

/* Of every node, those that the cluster deployed itself included. */
void law_prx_5(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    judge_heirs(journal, c, true, 2, ret);
}

/* --- PRX-6 ----------------------------------------------------------------------------------- */

/* A net is kept out when it is listed, or its first address is. */
static bool net_is_out(const char *list, const char *net)
{
    char first[HANDED_WORD_MAX];

    (void)text_copy_len(first, sizeof(first), net, strcspn(net, "/"));
    return net[0] == '\0' || handed_lists(list, net) || handed_covers(list, first);
}

/* The first word of the user's list that did not travel, in out; NULL: all did. */
static const char *not_inherited(const char *told, const char *found, char *out, size_t size)
{
    while (handed_next(&told, out, size))
        if (!handed_lists(found, out))
            return out;
    return NULL;
}

/* What the list of a machine leaves out, or NULL. */
static const char *pushed_in(struct law_site *s, const struct law_told *told,
                             const struct event *boot, char *out, size_t size)
{
    const struct law_cluster *of = law_site_holder(s, boot);
    char pods[HANDED_WORD_MAX] = "", services[HANDED_WORD_MAX] = "";
    struct handed h;

    if (!handed_read(boot, &h))
        return "all settings";
    if (not_inherited(told->no_proxy, h.no_proxy, out, size))
        return out;
    if (of) {
        handed_param(ev_text(of->made, EVF_PARAMS), "pods", false, pods, sizeof(pods));
        handed_param(ev_text(of->made, EVF_PARAMS), "services", false, services, sizeof(services));
    }
    if (!net_is_out(h.no_proxy, pods) || !net_is_out(h.no_proxy, services))
        return "the nets of pods and services";
    for (size_t i = 0; i < s->journal->n && i < HOSTS_MAX; i++) {
        const struct event *e = ev_list_at(s->journal, i);
        const bool is_its =
            e->kind == EV_LAB_HOST &&
            (ev_is(e, EVF_WHO, "maas") ||
             (ev_is(e, EVF_WHO, "node") && ev_is(e, EVF_NAME, ev_text(boot, EVF_MACHINE))));

        if (is_its && !handed_covers(h.no_proxy, ev_text(e, EVF_IP)))
            return ev_is(e, EVF_WHO, "maas") ? "MAAS" : "the nodes";
    }
    return NULL;
}

/* A target that the proxy should never hear of. */
static bool is_inner(const struct ev_list *journal, const struct law_told *told,
                     const struct event *e)
{
    static const char *const roles[] = {"maas", "node", "gateway", "dns"};
    const char *role = role_of(journal, ev_text(e, EVF_SNI));
    char host[HANDED_WORD_MAX];

    if (!is_asked(e))
        return false;
    for (size_t i = 0; i < COUNTOF(roles); i++)
        if (text_is(role, roles[i]))
            return true;
    return told && handed_covers(told->no_proxy, host_of(ev_text(e, EVF_SNI), host, sizeof(host)));
}

void law_prx_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "exceptions hold the user's own, MAAS, nodes, pods and services; the proxy hears of none";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct law_tolds tolds = {.n = 0};
    char word[HANDED_WORD_MAX];
    const struct event *e;
    size_t boots = 0;

    (void)c;
    if (!law_was_told(journal, true)) {
        no_proxy_set(ret);
        return;
    }
    while ((e = law_site_next(s))) {
        const struct law_told *told =
            e->kind == EV_NODE_BOOT ? estate(&tolds, law_site_holder(s, e)) : NULL;
        const char *lost = told ? pushed_in(s, told, e, word, sizeof(word)) : NULL;

        law_tolds_take(&tolds, e);
        boots += told != NULL;
        if (!lost && !is_inner(journal, law_tolds_at(&tolds, e), e))
            continue;
        if (lost)
            law_fail(ret, expected, "%s found a list without %s", ev_text(e, EVF_MACHINE), lost);
        else
            law_fail(ret, expected, "%s asked the proxy for %s", ev_text(e, EVF_FROM),
                     ev_text(e, EVF_SNI));
        law_witness(ret, e);
        return;
    }
    if (boots == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no machine ran user data");
    else
        law_pass(ret, expected, "%zu boots", boots);
}

/* --- PRX-7 ----------------------------------------------------------------------------------- */

static bool names_gateway(const struct ev_list *journal, const struct event *boot)
{
    struct handed h;

    return handed_read(boot, &h) &&
           (text_is(role_of(journal, h.proxy), "gateway") ||
            (strstr(h.endpoint, "://") &&
             text_is(role_of(journal, strstr(h.endpoint, "://") + 3), "gateway")));
}

void law_prx_7(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] = "no cluster that speaks goes by way of the gateway";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    const struct event *e;
    size_t spoke = 0;

    (void)c;
    while ((e = law_site_next(s))) {
        const struct law_cluster *from =
            e->kind == EV_FLOW_TRY && ev_is(e, EVF_TO, "gateway")
                ? law_site_cluster(s, ledger_party(&s->ledger, ev_text(e, EVF_FROM_IP)))
                : NULL;
        const bool is_told = e->kind == EV_NODE_BOOT && names_gateway(journal, e);

        spoke += e->kind == EV_PAL_HELLO && ev_is(e, EVF_ACCEPTED, "1");
        if (!is_told && !(from && from->hello))
            continue;
        if (is_told)
            law_fail(ret, expected, "%s found the gateway as its way out", ev_text(e, EVF_MACHINE));
        else
            law_fail(ret, expected, "a node of %s tried the gateway at port %s", from->name,
                     ev_text(e, EVF_TO_PORT));
        law_witness(ret, e);
        return;
    }
    if (spoke == 0)
        law_unproven(ret, VERDICT_INCONCLUSIVE, "no agent ever spoke");
    else
        law_pass(ret, expected, "none, and %zu agents spoke", spoke);
}
