/* What a story takes for there and is not: accounts, machines, statuses. */
#include "scenarios/judge/sense_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/verbs.h"

#include <stdio.h>

#define OWN_ACCOUNT "acc1" /* what the language calls the one that the gateway makes */

/* --- accounts --------------------------------------------------------------------------------- */

static bool makes_account(const struct script_line *line, const char *name)
{
    return (text_is(line->verb->id, "site.account") ||
            text_begins(line->verb->id, "user.registers")) &&
           text_is(line->args[0], name);
}

static int account_look(const struct sense *x, const struct script_line *line)
{
    static const struct {
        const char *verb;
        size_t arg;
    } rows[] = {
        {"user.lists", 1}, {"user.validates", 0}, {"user.creates-on", 2}, {"account.bound", 0}};
    const char *name = NULL;

    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(line->verb->id, rows[i].verb))
            name = line->args[rows[i].arg];
    if (!name || text_is(name, OWN_ACCOUNT))
        return 0;
    for (size_t i = 0; i < x->s->n_lines; i++)
        if (makes_account(&x->s->lines[i], name))
            return 0;
    return sense_wrong(
        x, line->number, line->column,
        "nobody makes account %s; write " OWN_ACCOUNT
        ", which the gateway makes, or 'at TIME user registers account %s toggle off' "
        "above",
        name, name);
}

/* --- statuses of machines --------------------------------------------------------------------- */

/* A place of one word takes them with hyphens: Disk-erasing. */
static const char *status_find(const char *text)
{
    char words[SCRIPT_WORD_MAX];

    snprintf(words, sizeof words, "%s", text);
    for (char *c = words; *c; c++)
        *c = *c == '-' ? ' ' : *c;
    for (size_t i = 0; verb_machine_statuses[i]; i++)
        if (text_is(verb_machine_statuses[i], words))
            return verb_machine_statuses[i];
    return NULL;
}

static int status_look(const struct sense *x, const struct script_line *line)
{
    static const char *const of[] = {"machine.is", "machine.was-for", "machine.stays"};
    const char *near;
    bool speaks = false;

    for (size_t i = 0; i < COUNTOF(of); i++)
        speaks = speaks || text_is(line->verb->id, of[i]);
    if (!speaks || status_find(line->args[1]))
        return 0;
    near = text_nearest(line->args[1], verb_machine_statuses);
    if (near)
        return sense_wrong(x, line->number, line->column,
                           "MAAS has no status '%s'; did you mean '%s'?", line->args[1], near);
    return sense_wrong(x, line->number, line->column,
                       "MAAS has no status '%s'; write one of its own, such as 'Ready', "
                       "'Allocated', 'Deploying', 'Deployed' or 'Releasing'",
                       line->args[1]);
}

/* --- how many --------------------------------------------------------------------------------- */

static int machines_look(const struct sense *x, const struct script_line *line)
{
    const int64_t n = sense_number(line->args[0]);

    if (!text_is(line->verb->id, "site.machines") || (n >= 1 && n <= SENSE_MACHINES_MAX))
        return 0;
    return sense_wrong(x, line->number, line->column,
                       "a lab has 1 to %d machines, not %s; write a number of these",
                       SENSE_MACHINES_MAX, line->args[0]);
}

static bool makes_cluster(const struct script_line *line)
{
    return text_is(line->verb->id, "site.cluster") || text_begins(line->verb->id, "user.creates");
}

static int cluster_again(const struct sense *x, const struct script_line *line)
{
    for (size_t i = 0; i < x->s->n_lines && &x->s->lines[i] < line; i++) {
        const struct script_line *above = &x->s->lines[i];

        if (text_is(above->verb->id, "site.cluster") && text_is(above->args[0], line->args[0]) &&
            text_is(line->verb->id, "site.cluster"))
            return sense_wrong(x, line->number, line->column,
                               "line %d has made cluster %s; write another name, or remove one of "
                               "the two",
                               above->number, line->args[0]);
    }
    return 0;
}

/* Those that the story begins with must fit; what a user asks for may be more than there is. */
static int clusters_look(const struct sense *x, const struct script_line *line)
{
    const int64_t machines = sense_machines(x->s);
    int64_t sum = 0;

    if (!makes_cluster(line))
        return 0;
    if (sense_number(line->args[1]) < 1)
        return sense_wrong(x, line->number, line->column,
                           "a cluster has 1 node at least, not %s; write with 1 nodes",
                           line->args[1]);
    for (size_t i = 0; i < x->s->n_lines && &x->s->lines[i] <= line; i++)
        if (text_is(x->s->lines[i].verb->id, "site.cluster"))
            sum += sense_number(x->s->lines[i].args[1]);
    if (text_is(line->verb->id, "site.cluster") && sum > machines)
        return sense_wrong(x, line->number, line->column,
                           "with this cluster the story begins with %lld nodes, and MAAS has %lld "
                           "machines; write fewer nodes or 'site machines N' with %d at most",
                           (long long)sum, (long long)machines, SENSE_MACHINES_MAX);
    return cluster_again(x, line);
}

/* --- nobody there ----------------------------------------------------------------------------- */

/* A line that no run can make true, or that proves nothing, without a gateway at the site. */
static bool needs_gateway(const struct script_line *line)
{
    static const char *const of[] = {"gateway.is", "gateways.listed", "accounts.of-gateway",
                                     "link.sign",  "gateway.started", "gateway.good-stop"};

    if (line->when == WHEN_NEVER)
        return false;
    for (size_t i = 0; i < COUNTOF(of); i++)
        if (text_is(line->verb->id, of[i]))
            return !text_is(line->args[line->n_args > 0 ? line->n_args - 1 : 0], "0") &&
                   !text_is(line->args[line->n_args > 0 ? line->n_args - 1 : 0], "no");
    return text_is(line->verb->id, "user.lists") || text_is(line->verb->id, "user.validates");
}

/* A story that is meant to end red may wait for what cannot come. */
static int nobody_look(const struct sense *x, const struct script_line *line)
{
    struct outfit o;

    outfit_read(x->s, &o);
    if (o.has_site || o.has_system || x->s->expect != EXPECT_PASS || !needs_gateway(line))
        return 0;
    return sense_wrong(x, line->number, line->column,
                       "nobody installs the gateway in this story; write 'at 0s gateway installs' "
                       "above");
}

int sense_site(const struct sense *x, const struct script_line *line)
{
    static int (*const looks[])(const struct sense *x, const struct script_line *line) = {
        machines_look, clusters_look, account_look, status_look, nobody_look,
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < COUNTOF(looks); i++)
        r = looks[i](x, line);
    return r;
}
