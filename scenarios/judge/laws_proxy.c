/* Laws of a proxy that is set: PRX-1, PRX-3, PRX-5, PRX-6; and PRX-7, which holds with and without
 * one. Those of no proxy (PRX-2, PRX-4) stand beside the link's and the agent's. */
#include "scenarios/judge/handed.h"
#include "scenarios/judge/law_site.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define HOSTS_MAX    128 /* records in which lab.host is looked for: they stand at the start */
#define MACHINES_MAX 64

/* --- what was told, and what a proxy was asked for ------------------------------------------- */

bool law_told(const struct ev_list *journal, struct law_told *ret)
{
    const char *params = "";

    for (size_t i = 0; i < journal->n && i < HOSTS_MAX; i++)
        if (ev_list_at(journal, i)->kind == EV_RUN_BEGIN)
            params = ev_text(ev_list_at(journal, i), EVF_PARAMS);
    handed_param(params, "proxy", false, ret->proxy, sizeof(ret->proxy));
    handed_param(params, "proxy-sum", false, ret->sum, sizeof(ret->sum));
    handed_param(params, "no-proxy", true, ret->no_proxy, sizeof(ret->no_proxy));
    return ret->proxy[0] != '\0' && !text_is(ret->proxy, "none");
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
    size_t heads = 0, tunnels = 0, answered = law_connections(journal);
    struct law_told told;

    if (!law_told(journal, &told)) {
        no_proxy_set(ret);
        return;
    }
    for (size_t i = 0; i < journal->n; i++) {
        const struct event *e = ev_list_at(journal, i);
        const bool is_own =
            ev_is(e, EVF_FROM, "gateway") && is_asked(e) && is_for_palette(journal, e);

        heads += is_own && is_head(e);
        tunnels += is_own && e->kind == EV_PROXY_CONNECT;
        if (!law_is_to_palette(e))
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
    struct law_told told;
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

static const char *wrong_heir(const struct heirs *h, const struct event *boot)
{
    struct handed found;

    if (!handed_read(boot, &found))
        return "found no settings at all";
    if (text_is(found.proxy, "none"))
        return "found no proxy";
    if (!text_is(found.https_sum, h->told.sum) || !text_is(found.http_sum, h->told.sum))
        return "found another value than the gateway was told";
    if (!text_is(found.environment, "same") || !text_is(found.containerd, "same"))
        return "found the proxy in some of the three places only";
    return found.no_proxy[0] == '\0' ? "found no list of exceptions" : NULL;
}

static bool is_straight(const struct law_site *s, const struct event *e)
{
    return e->kind == EV_FLOW_TRY && ev_is(e, EVF_TO, "palette") &&
           text_is(ledger_role(&s->ledger, ev_text(e, EVF_FROM_IP)), "node");
}

static const struct law_cluster *never_through(const struct law_site *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].hello && !s->at[i].met)
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

    if (!law_told(journal, &h.told)) {
        no_proxy_set(ret);
        return;
    }
    while ((e = law_site_next(s))) {
        const bool counts = e->kind == EV_NODE_BOOT && (all || is_by_gateway(&h, e));
        const char *wrong = counts ? wrong_heir(&h, e) : NULL;

        deploy_note(&h, s, e);
        through_note(s, e);
        h.boots += counts;
        if (!wrong && !is_straight(s, e))
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
    else if (never_through(s))
        law_missing(ret, c, expected, "%s was not seen to reach Palette through the proxy",
                    never_through(s)->name);
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
    return handed_covers(told->no_proxy, host_of(ev_text(e, EVF_SNI), host, sizeof(host)));
}

void law_prx_6(const struct ev_list *journal, const struct law_context *c,
               struct story_verdict *ret)
{
    static const char expected[] =
        "exceptions hold the user's own, MAAS, nodes, pods and services; the proxy hears of none";
    struct law_site *s SCOPED(law_site_free) = law_site_new(journal);
    struct law_told told;
    char word[HANDED_WORD_MAX];
    const struct event *e;
    size_t boots = 0;

    (void)c;
    if (!law_told(journal, &told)) {
        no_proxy_set(ret);
        return;
    }
    while ((e = law_site_next(s))) {
        const bool is_boot = e->kind == EV_NODE_BOOT;
        const char *lost = is_boot ? pushed_in(s, &told, e, word, sizeof(word)) : NULL;

        boots += is_boot;
        if (!lost && !is_inner(journal, &told, e))
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
