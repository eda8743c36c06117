/* Facts of proxies, and of what machines were handed in their user data. */
#include "scenarios/judge/facts_private.h"

#include "lib/base/text.h"
#include "scenarios/judge/handed.h"

#include <stdio.h>
#include <string.h>

/* --- at a proxy ------------------------------------------------------------------------------ */

static bool is_at_proxy(const struct event *e)
{
    return e->kind == EV_PROXY_CONNECT || e->kind == EV_PROXY_REFUSE ||
           (e->kind == EV_FLOW_FIRST && ev_is(e, EVF_TO, "proxy"));
}

static bool is_for(const struct view *v, const struct event *e, const char *wanted)
{
    const char *target = ev_text(e, EVF_SNI);

    return target[0] != '\0' && (text_is(wanted, "any") || text_is(view_role(v, target), wanted));
}

/* By address where the record has one, so that a cluster's nodes are known. */
static bool is_from(const struct view *v, const struct event *e, const char *wanted)
{
    if (text_is(wanted, "any") || ev_is(e, EVF_FROM, wanted) || ev_is(e, EVF_FROM_ZONE, wanted))
        return true;
    return ev_has(e, EVF_FROM_IP) && fact_party_is(v, ev_text(e, EVF_FROM_IP), wanted);
}

static void saw_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (is_at_proxy(e) && is_for(v, e, fact_arg(f, 0)) &&
        (f->line->n_args == 1 || is_from(v, e, fact_arg(f, 1))))
        fact_count(f, e);
}

static void through_feed(struct fact *f, const struct view *v, const struct event *e)
{
    if (e->kind == EV_FLOW_FIRST && ev_is(e, EVF_TO, "proxy") &&
        ev_is(e, EVF_KIND, "connect+tls") && is_for(v, e, fact_arg(f, 1)) &&
        is_from(v, e, fact_arg(f, 0)))
        fact_count(f, e);
}

static void closed_feed(struct fact *f, const struct view *v, const struct event *e)
{
    (void)v;
    if (e->kind == EV_PROXY_CLOSE && ev_is(e, EVF_WHY, "idle"))
        fact_count(f, e);
}

/* --- user data ------------------------------------------------------------------------------- */

static bool is_boot_of(const struct fact *f, const struct view *v, const struct event *e)
{
    const struct ledger_machine *m;

    if (e->kind != EV_NODE_BOOT)
        return false;
    m = ledger_machine_named(&v->ledger, ev_text(e, EVF_MACHINE));
    return ev_is(e, EVF_CLUSTER, fact_arg(f, 0)) ||
           (m && text_is(ledger_cluster_of(&v->ledger, m), fact_arg(f, 0)));
}

/* Counts a boot, and one that is not as the line says. */
static void boot_count(struct fact *f, const struct event *e, bool is_good)
{
    f->count++;
    if (is_good)
        return;
    if (f->bad++ == 0)
        f->n_evidence = 0;
    fact_evidence_add(f, e);
}

static void has_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *equals = strchr(fact_arg(f, 1), '=');
    char name[32];
    struct handed h;

    if (is_boot_of(f, v, e))
        boot_count(
            f, e,
            text_copy_len(name, sizeof(name), fact_arg(f, 1), (size_t)(equals - fact_arg(f, 1))) &&
                handed_read(e, &h) && handed_has(&h, name, equals + 1));
}

static void none_feed(struct fact *f, const struct view *v, const struct event *e)
{
    struct handed h;

    if (is_boot_of(f, v, e))
        boot_count(f, e, handed_read(e, &h) && handed_no_proxy(&h));
}

/* Does any (or every) address or name of the role fit? `asked` is called for each. */
static bool role_fits(const struct view *v, const char *role, bool every, const struct handed *h,
                      bool (*asked)(const struct handed *h, const char *what))
{
    size_t n = 0, fit = 0;

    for (size_t i = 0; i < v->n_hosts; i++) {
        if (!text_is(v->hosts[i].role, role))
            continue;
        n++;
        fit += asked(h, v->hosts[i].ip);
    }
    return every ? n > 0 && fit == n : fit > 0;
}

static void endpoint_feed(struct fact *f, const struct view *v, const struct event *e)
{
    struct handed h;
    const char *scheme;

    if (!is_boot_of(f, v, e))
        return;
    if (!handed_read(e, &h)) {
        boot_count(f, e, false);
        return;
    }
    scheme = strstr(h.endpoint, "://");
    boot_count(f, e, scheme && text_is(view_role(v, scheme + 3), fact_arg(f, 1)));
}

static bool is_named(const struct handed *h, const char *address)
{
    return handed_host_is(h->endpoint, address) || handed_host_is(h->proxy, address) ||
           handed_lists(h->no_proxy, address);
}

static void address_feed(struct fact *f, const struct view *v, const struct event *e)
{
    struct handed h;

    if (is_boot_of(f, v, e))
        boot_count(f, e, handed_read(e, &h) && !role_fits(v, fact_arg(f, 1), false, &h, is_named));
}

static bool is_kept_out(const struct handed *h, const char *what)
{
    return handed_covers(h->no_proxy, what);
}

static bool is_role(const struct view *v, const char *word)
{
    for (size_t i = 0; i < v->n_hosts; i++)
        if (text_is(v->hosts[i].role, word))
            return true;
    return false;
}

static void keeps_feed(struct fact *f, const struct view *v, const struct event *e)
{
    const char *what = fact_arg(f, 1);
    struct handed h;

    if (is_boot_of(f, v, e))
        boot_count(f, e,
                   handed_read(e, &h) &&
                       (is_role(v, what) ? role_fits(v, what, true, &h, is_kept_out)
                                         : is_kept_out(&h, what)));
}

static bool boots_hold(const struct fact *f, const struct view *v, bool final)
{
    (void)v, (void) final;
    return f->count > 0 && f->bad == 0; /* silence proves nothing */
}

static void boots_seen(const struct fact *f, const struct view *v, char *out, size_t size)
{
    (void)v;
    snprintf(out, size, "%lld of %lld boots found something else", (long long)f->bad,
             (long long)f->count);
}

/* clang-format off */
const struct fact_row fact_proxy_rows[] = {
    {"proxy.saw",            saw_feed,      fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"proxy.saw-from",       saw_feed,      fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"flow.through-proxy",   through_feed,  fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"proxy.closed",         closed_feed,   fact_count_holds, fact_count_seen, FACT_OF_EVENTS},
    {"user-data.has",        has_feed,      boots_hold,       boots_seen,      FACT_OF_RUN},
    {"user-data.no-proxy",   none_feed,     boots_hold,       boots_seen,      FACT_OF_RUN},
    {"user-data.endpoint",   endpoint_feed, boots_hold,       boots_seen,      FACT_OF_RUN},
    {"user-data.no-address", address_feed,  boots_hold,       boots_seen,      FACT_OF_RUN},
    {"user-data.keeps-out",  keeps_feed,    boots_hold,       boots_seen,      FACT_OF_RUN},
    {NULL, NULL, NULL, NULL, FACT_OF_EVENTS},
};
/* clang-format on */
