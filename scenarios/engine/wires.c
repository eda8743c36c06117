#include "scenarios/engine/wires.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_rules.h"
#include "scenarios/engine/verbs.h"

/* --- acts ------------------------------------------------------------------------------------ */

static struct wire_cut *cut_of(struct wires *w, const char *from, const char *to)
{
    for (size_t i = 0; i < w->n; i++)
        if (text_is(w->at[i].from, from) && text_is(w->at[i].to, to))
            return &w->at[i];
    return NULL;
}

/* A cluster without a machine has no wire. */
static bool is_there(const struct wires *w, const char *end)
{
    for (size_t i = 0; i < w->n_joined; i++)
        if (text_is(w->joined[i].cluster, end))
            return true;
    for (size_t i = 0; verb_wire_ends[i] != NULL; i++)
        if (text_is(verb_wire_ends[i], end))
            return true;
    return false;
}

static bool cut(struct wires *w, const char *from, const char *to, bool resets)
{
    struct wire_cut x = {.resets = resets};

    if (!is_there(w, from) || !is_there(w, to))
        return false;

    if (cut_of(w, from, to) != NULL || w->n == WIRES_MAX ||
        !text_copy(x.from, sizeof x.from, from) || !text_copy(x.to, sizeof x.to, to))
        return false;
    w->at[w->n++] = x;
    return true;
}

static bool mend(struct wires *w, const char *from, const char *to)
{
    struct wire_cut *x = cut_of(w, from, to);

    if (x == NULL)
        return false;
    *x = w->at[--w->n];
    return true;
}

/* A path that was closed before is as it was; one that a router's rules close is opened. */
static bool path_act(struct wires *w, const struct script_line *line)
{
    const char *from = line->args[0], *to = line->args[1];
    struct wire_opened x;

    if (text_is(line->verb->id, "path.closes"))
        return cut(w, from, to, false) && cut(w, to, from, false);
    if (mend(w, from, to))
        return mend(w, to, from);
    if (w->n_opened == WIRES_MAX || !text_copy(x.from, sizeof x.from, from) ||
        !text_copy(x.to, sizeof x.to, to))
        return false;
    w->opened[w->n_opened++] = x;
    return true;
}

bool wires_act(struct wires *w, const struct script_line *line)
{
    const bool mends = text_is(line->verb->id, "wire.mended") ||
                       text_is(line->verb->id, "wire.pair-mended"),
               resets = text_is(line->verb->id, "wire.cut") && line->args[2][0] == '\0';
    struct verb_wire p;
    bool done;

    if (text_begins(line->verb->id, "path."))
        return path_act(w, line);
    if (!verb_wire_of_act(line->text, &p))
        return false;
    if (!mends) {
        p.both = p.both && !text_is(line->verb->id, "wire.cut-one-way");
        done = cut(w, p.from, p.to, resets);
        return (!p.both || cut(w, p.to, p.from, resets)) && done;
    }
    done = mend(w, p.from, p.to);
    return (!p.both || mend(w, p.to, p.from)) && done;
}

static bool names(const struct wires *w, const char *cluster)
{
    for (size_t i = 0; i < w->n; i++)
        if (text_is(w->at[i].from, cluster) || text_is(w->at[i].to, cluster))
            return true;
    return false;
}

bool wires_joins(struct wires *w, const char *host, const char *cluster)
{
    struct wire_joined *x = NULL;
    bool concerns;

    for (size_t i = 0; i < w->n_joined && x == NULL; i++)
        if (text_is(w->joined[i].host, host))
            x = &w->joined[i];
    if (x == NULL) {
        assert(w->n_joined < WIRES_MACHINES_MAX); /* a lab has fewer */
        x = &w->joined[w->n_joined++];
        (void)text_copy(x->host, sizeof x->host, host);
    }
    if (text_is(x->cluster, cluster))
        return false;
    concerns = names(w, x->cluster) || names(w, cluster);
    (void)text_copy(x->cluster, sizeof x->cluster, cluster);
    return concerns;
}

/* --- packets --------------------------------------------------------------------------------- */

static bool is_end(const struct wires *w, const struct lab_host *h, const char *end)
{
    for (size_t i = 0; i < w->n_joined; i++)
        if (text_is(w->joined[i].host, h->name) && text_is(w->joined[i].cluster, end))
            return true;
    if (text_is(h->role, end))
        return true;
    for (size_t i = 0; i < h->n_links; i++)
        if (text_is(h->links[i].zone, end))
            return true;
    return false;
}

enum wire_fate wires_fate(const struct wires *w, const struct lab_host *from,
                          const struct lab_host *to)
{
    enum wire_fate fate = WIRE_OPEN;

    for (size_t i = 0; i < w->n && fate != WIRE_SILENT; i++)
        if (is_end(w, from, w->at[i].from) && is_end(w, to, w->at[i].to))
            fate = w->at[i].resets ? WIRE_RESETS : WIRE_SILENT;
    return fate;
}

bool wires_opened(const struct wires *w, const struct lab_host *from, const struct lab_host *to)
{
    for (size_t i = 0; i < w->n_opened; i++)
        if (is_end(w, from, w->opened[i].from) && is_end(w, to, w->opened[i].to))
            return true;
    return false;
}

/* --- rules ----------------------------------------------------------------------------------- */

static bool net_add(const struct lab *l, const char *end, struct buf *out)
{
    for (size_t i = 0; i < l->n_zones; i++)
        if (text_is(l->zones[i].name, end)) {
            buf_text_add(out, l->zones[i].net);
            return true;
        }
    return false;
}

/* "10.10.0.2, 10.10.0.3": addresses of a role, or the net of a zone. */
static void end_add(const struct wires *w, const struct lab *l, const char *end, struct buf *out)
{
    const char *comma = "";

    if (net_add(l, end, out))
        return;
    for (size_t i = 0; i < l->n_hosts; i++)
        for (size_t k = 0; is_end(w, &l->hosts[i], end) && k < l->hosts[i].n_links; k++) {
            const struct lab_link *link = &l->hosts[i].links[k];

            buf_printf(out, "%s%s", comma, link->address);
            comma = ", ";
            if (link->also[0] != '\0')
                buf_printf(out, "%s%s", comma, link->also);
        }
}

static void rule_add(const struct wires *w, const struct lab *l, const struct wire_cut *x,
                     const char *what, struct buf *out)
{
    if (!is_there(w, x->from) || !is_there(w, x->to))
        return; /* the cluster has lost its last machine to another one */
    buf_text_add(out, "    ip saddr { ");
    end_add(w, l, x->from, out);
    buf_text_add(out, " } ip daddr { ");
    end_add(w, l, x->to, out);
    buf_printf(out, " } %s\n", what);
}

/* Longer than any acknowledgement with its options, shorter than the shortest record of TLS. */
#define ACK_BYTES_MAX "72"

static void lost_flows_add(const struct wires *w, struct buf *out)
{
    if (w->for_good)
        buf_text_add(out, "    meta length <= " ACK_BYTES_MAX
                          " tcp flags & (syn | fin | rst) == 0 accept\n"
                          "    ip saddr . tcp sport . ip daddr . tcp dport @lost drop\n");
}

static void drop_add(const struct wires *w, const struct lab *l, const struct wire_cut *x,
                     struct buf *out)
{
    if (w->for_good)
        rule_add(w, l, x,
                 "meta l4proto tcp update @lost { ip saddr . tcp sport . ip daddr . tcp dport }",
                 out);
    rule_add(w, l, x, "drop", out);
}

static void chain_add(const struct wires *w, const struct lab *l, const struct lab_host *at,
                      const char *hook, struct buf *out)
{
    const bool passes = text_is(hook, "forward");

    /* before the site's own rules, which let packets of open flows through */
    buf_printf(out, "  chain %s {\n    type filter hook %s priority -10; policy accept;\n", hook,
               hook);
    lost_flows_add(w, out);
    for (size_t i = 0; i < w->n; i++) {
        if (!passes && !is_end(w, at, w->at[i].to))
            continue;
        /* a router's own resets come in the name of the other end */
        if (w->at[i].resets && !passes)
            rule_add(w, l, &w->at[i], "tcp flags & rst == rst accept", out);
        if (w->at[i].resets)
            rule_add(w, l, &w->at[i], "meta l4proto tcp reject with tcp reset", out);
        drop_add(w, l, &w->at[i], out);
    }
    buf_text_add(out, "  }\n");
}

bool wires_rules(const struct wires *w, const struct lab *l, const struct lab_host *at,
                 struct buf *out)
{
    bool concerns = at->forward && w->n > 0;

    for (size_t i = 0; i < w->n; i++)
        concerns = concerns || is_end(w, at, w->at[i].to);
    buf_printf(out, "add table inet wires\n%s table inet wires\n",
               w->for_good ? "flush" : "delete");
    if (!concerns && !w->for_good)
        return false;
    buf_text_add(out, "table inet wires {\n");
    if (w->for_good)
        buf_text_add(out, "  set lost {\n    type ipv4_addr . inet_service . ipv4_addr . "
                          "inet_service\n    size 65535\n    flags dynamic\n  }\n");
    if (at->forward)
        chain_add(w, l, at, "forward", out);
    chain_add(w, l, at, "input", out);
    buf_text_add(out, "}\n");
    return concerns;
}

void wires_opening(const struct wires *w, const struct lab *l, const struct lab_host *at,
                   struct buf *out)
{
    const struct wire_opened *x = w->n_opened > 0 ? &w->opened[w->n_opened - 1] : NULL;
    char table[64], chain[64];

    if (!x || !lab_rules_chain(at, "forward", table, chain, sizeof table))
        return;
    buf_printf(out, "insert rule %s %s ip saddr { ", table, chain);
    end_add(w, l, x->from, out);
    buf_text_add(out, " } ip daddr { ");
    end_add(w, l, x->to, out);
    buf_text_add(out, " } ct state new accept\n");
}
