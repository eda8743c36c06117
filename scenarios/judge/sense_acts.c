/* Acts that cannot happen, whatever a gateway does: a run would only say so at its end. What a line
 * needs stands above it, as its author reads it. */
#include "scenarios/judge/sense_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"

/* --- the gateway ------------------------------------------------------------------------------ */

enum {
    INSTALLED = 1,
    AWAY = 2, /* it was stopped, or ends by itself */
    FROZEN = 4
};

static bool is_act(const struct script_line *line, const char *verb, const char *word)
{
    return text_is(line->verb->id, verb) && (!word || text_is(line->args[0], word));
}

/* What becomes possible behind the line. */
static unsigned gives(const struct script *s, const struct script_line *line)
{
    static const struct {
        const char *verb, *word; /* NULL: any */
        unsigned what;
    } rows[] = {
        {"gateway.installs", NULL, INSTALLED},
        {"gateway.installs-code", NULL, INSTALLED},
        {"gateway.installs-code", "wrong", AWAY},
        {"gateway.installs-code", "used", AWAY},
        {"gateway.installs-code", "unknown", AWAY},
        {"gateway.act", "stops", AWAY},
        {"gateway.act", "dies", AWAY},
        {"gateway.act", "loses-power", AWAY},
        {"gateway.act", "freezes", FROZEN},
        {"gateway.wiped", NULL, AWAY},
        {"victims.die", "both", AWAY},
    };
    unsigned what = 0;

    if (text_is(line->verb->id, "site.cluster") && !script_has_site(s, "site.account"))
        return INSTALLED;
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (is_act(line, rows[i].verb, rows[i].word))
            what |= rows[i].what;
    return what;
}

static const struct script_line *giver_above(const struct sense *x, const struct script_line *line,
                                             unsigned what)
{
    for (size_t i = 0; i < x->s->n_lines; i++) {
        const struct script_line *one = &x->s->lines[i];

        if ((one < line || one->when == WHEN_SITE) && (gives(x->s, one) & what))
            return one;
    }
    return NULL;
}

static int gateway_look(const struct sense *x, const struct script_line *line)
{
    static const struct {
        const char *verb, *word;
        unsigned needs; /* one of them */
        const char *why;
    } rows[] = {
        {"gateway.act", "thaws", FROZEN,
         "no line above freezes the gateway; write 'at TIME gateway freezes' above"},
        {"gateway.act", "starts", AWAY,
         "no line above stops the gateway; write 'at TIME gateway stops', or dies, above"},
        {"gateway.act", "comes-back", AWAY | FROZEN,
         "no line above stops or freezes the gateway; write 'at TIME gateway stops' above"},
        {"gateway.comes-back", NULL, AWAY | FROZEN,
         "no line above stops or freezes the gateway; write 'at TIME gateway stops' above"},
        {"gateway.act", NULL, INSTALLED,
         "no line above installs the gateway; write 'at 0s gateway installs' above"},
    };

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (is_act(line, rows[i].verb, rows[i].word))
            return giver_above(x, line, rows[i].needs)
                       ? 0
                       : sense_wrong(x, line->number, line->column, "%s", rows[i].why);
    return 0;
}

static bool is_wiped_between(const struct script_line *first, const struct script_line *line)
{
    while (++first < line)
        if (text_is(first->verb->id, "gateway.wiped"))
            return true;
    return false;
}

static int install_look(const struct sense *x, const struct script_line *line)
{
    const struct script_line *first = giver_above(x, line, INSTALLED);

    if (!text_is(line->verb->id, "gateway.installs") || !first || is_wiped_between(first, line))
        return 0;
    if (first->when == WHEN_SITE)
        return sense_wrong(x, line->number, line->column,
                           "the story begins with a cluster by line %d, so with a gateway that is "
                           "installed; remove this line",
                           first->number);
    return sense_wrong(
        x, line->number, line->column,
        "line %d has installed the gateway; remove one of the two, or write 'gateway "
        "installs with code good', which begins anew",
        first->number);
}

/* --- Palette's own gateway, MAAS -------------------------------------------------------------- */

static int system_look(const struct sense *x, const struct script_line *line)
{
    if (!text_is(line->verb->id, "system.act"))
        return 0;
    if (!text_is(script_site(x->s, "site.palette", 0, "saas"), "self-hosted"))
        return sense_wrong(x, line->number, line->column,
                           "Palette is SaaS here and has no system gateway; write 'site palette "
                           "self-hosted' above");
    for (size_t i = 0; i < x->s->n_lines && &x->s->lines[i] < line; i++)
        if (is_act(&x->s->lines[i], "system.act", "freezes"))
            return 0;
    return text_is(line->args[0], "thaws")
               ? sense_wrong(x, line->number, line->column,
                             "no line above freezes the system gateway; write 'at TIME system "
                             "gateway freezes' above")
               : 0;
}

static int certificate_look(const struct sense *x, const struct script_line *line)
{
    if (!text_is(line->verb->id, "maas.certificate") || script_has_site(x->s, "site.maas-tls"))
        return 0;
    return sense_wrong(x, line->number, line->column,
                       "MAAS has no certificate here; write 'site maas over tls' above");
}

static int proxy_look(const struct sense *x, const struct script_line *line)
{
    const bool wants = (text_begins(line->verb->id, "proxy.") && line->verb->kind == VERB_ACT) ||
                       text_is(line->verb->id, "gateway.told-proxy");

    if (!wants || script_has_site(x->s, "site.proxy"))
        return 0;
    return sense_wrong(x, line->number, line->column,
                       "no proxy runs here; write 'site shape proxy-only' and 'site proxy "
                       "http://10.10.0.9:3128' above, or 'site proxy unused'");
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* The most nodes that the story ever wants of a cluster. */
static int64_t nodes_of(const struct script *s, const char *cluster)
{
    int64_t most = 0;

    for (size_t i = 0; i < s->n_lines; i++) {
        const struct script_line *line = &s->lines[i];
        const bool sizes = text_is(line->verb->id, "site.cluster") ||
                           text_begins(line->verb->id, "user.creates") ||
                           text_is(line->verb->id, "user.scales-cluster");

        if (sizes && text_is(line->args[0], cluster) && sense_number(line->args[1]) > most)
            most = sense_number(line->args[1]);
    }
    return most;
}

static int node_look(const struct sense *x, const struct script_line *line)
{
    const bool is_node =
        text_begins(line->verb->id, "node.") && line->verb->kind == VERB_ACT && line->n_args >= 2;
    int64_t n, most;

    if (!is_node)
        return 0;
    n = sense_number(line->args[0]);
    most = nodes_of(x->s, line->args[1]);
    if (n >= 1 && n <= most)
        return 0;
    return sense_wrong(x, line->number, line->column,
                       "cluster %s has no node %lld; write one from 1 to %lld, or make it larger",
                       line->args[1], (long long)n, (long long)most);
}

/* --- wires ------------------------------------------------------------------------------------ */

static bool is_wire(const struct script_line *line)
{
    return (text_begins(line->verb->id, "wire.") || text_begins(line->verb->id, "path.")) &&
           line->verb->kind == VERB_ACT;
}

static bool joins(const struct verb_wire *a, const struct verb_wire *b)
{
    return (text_is(a->from, b->from) && text_is(a->to, b->to)) ||
           (text_is(a->from, b->to) && text_is(a->to, b->from));
}

static bool is_cut_above(const struct sense *x, const struct script_line *line,
                         const struct verb_wire *pair)
{
    struct verb_wire cut;

    for (size_t i = 0; i < x->s->n_lines && &x->s->lines[i] < line; i++)
        if (is_wire(&x->s->lines[i]) && !text_ends(x->s->lines[i].verb->id, "mended") &&
            verb_wire_of_act(x->s->lines[i].text, &cut) && joins(&cut, pair))
            return true;
    return false;
}

/* Both forms of the act begin with the two ends; a path is written as the first of them. */
static bool wire_ends(const struct script_line *line, struct verb_wire *ret)
{
    *ret = (struct verb_wire){.both = true};
    if (text_begins(line->verb->id, "path."))
        return text_copy(ret->from, sizeof ret->from, line->args[0]) &&
               text_copy(ret->to, sizeof ret->to, line->args[1]);
    return verb_wire_of_act(line->text, ret);
}

static int wire_look(const struct sense *x, const struct script_line *line)
{
    struct verb_wire pair;

    if (!is_wire(line) || !wire_ends(line, &pair))
        return 0;
    if (text_is(pair.from, pair.to))
        return sense_wrong(x, line->number, line->column,
                           "a wire has two ends, and both of this one are %s; write the other end",
                           pair.from);
    if (!text_ends(line->verb->id, "mended") || is_cut_above(x, line, &pair))
        return 0;
    return sense_wrong(x, line->number, line->column,
                       "no line above cuts this wire; write 'at TIME wire %s - %s cut silently' "
                       "above",
                       pair.from, pair.to);
}

/* --- points ----------------------------------------------------------------------------------- */

enum { CREATES = 1, DELETES = 2, REBOOTS = 4 };

static const struct point_need {
    const char *op;
    unsigned of; /* one of them makes the operation happen */
    const char *remedy;
} point_needs[] = {
    {"allocate", CREATES, "creates"},
    {"deploy", CREATES, "creates"},
    {"mark", CREATES, "creates"},
    {"name", CREATES, "creates"},
    {"record", CREATES, "creates"},
    {"handover", CREATES, "creates"},
    {"hello", CREATES | REBOOTS, "creates"},
    {"release", CREATES | DELETES, "deletes"}, /* a create that ends badly gives back, too */
    {"unname", DELETES, "deletes"},
    {"released", DELETES, "deletes"},
    {"claim", CREATES | DELETES, "creates"},
    {"report", CREATES | DELETES, "creates"},
    {"fetch", CREATES | DELETES, "creates"},
};

static unsigned story_does(const struct script *s)
{
    unsigned does = 0;

    for (size_t i = 0; i < s->n_lines; i++) {
        const char *id = s->lines[i].verb->id;

        does |= text_begins(id, "user.creates") ? CREATES : 0;
        does |= text_begins(id, "user.deletes") ? DELETES : 0;
        does |= text_is(id, "node.reboots") || text_is(id, "victims.come-back") ||
                        text_is(id, "user.scales-cluster")
                    ? REBOOTS
                    : 0;
    }
    return does;
}

static int point_look(const struct sense *x, const struct script_line *line)
{
    for (size_t i = 0; line->has_point && i < COUNTOF(point_needs); i++) {
        const struct point_need *need = &point_needs[i];

        if (!text_is(need->op, line->point.op) || (story_does(x->s) & need->of))
            continue;
        return sense_wrong(x, line->number, line->column,
                           "%s.%lld never comes, since the user %s no cluster in this story; write "
                           "'at TIME user %s cluster c1%s'",
                           need->op, (long long)line->point.count, need->remedy, need->remedy,
                           text_is(need->remedy, "creates") ? " with 1 nodes" : "");
    }
    return 0;
}

int sense_acts(const struct sense *x, const struct script_line *line)
{
    static int (*const looks[])(const struct sense *x, const struct script_line *line) = {
        install_look, gateway_look, system_look, certificate_look,
        proxy_look,   node_look,    wire_look,   point_look,
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < COUNTOF(looks); i++)
        r = looks[i](x, line);
    return r;
}
