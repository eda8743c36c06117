#include "scenarios/judge/sense_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/judge/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINES 6 /* where a story does not say how many there are */

int sense_wrong(const struct sense *x, int number, int column, const char *fmt, ...)
{
    char sentence[400];
    va_list args;

    va_start(args, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, args);
    va_end(args);
    return err_set(x->e, -EINVAL, "%s:%d:%d: %s", x->file, number, column, sentence);
}

int64_t sense_number(const char *text)
{
    int64_t n = 0;

    (void)text_int(text, 0, INT32_MAX, &n);
    return n;
}

int64_t sense_machines(const struct script *s)
{
    const char *n = script_site(s, "site.machines", 0, "");

    return *n ? sense_number(n) : MACHINES;
}

/* --- rules ------------------------------------------------------------------------------------ */

static int rule_wrong(const struct sense *x, int number, int column, const char *id)
{
    const char **ids = calloc(n_rules + 1, sizeof *ids);
    const char *near;
    int r;

    if (!ids)
        WRONG("out of memory");
    for (size_t i = 0; i < n_rules; i++)
        ids[i] = rules[i].id;
    near = text_nearest(id, ids);
    r = sense_wrong(x, number, column,
                    "[%s]: there is no such rule; %s%s%s`gateproof rules` lists them", id,
                    near ? "did you mean " : "", near ? near : "", near ? "? " : "");
    free(ids);
    return r;
}

static bool is_rule(const char *id)
{
    return rule_find(id) || text_begins(id, "H-");
}

static int rules_look(const struct sense *x)
{
    const struct script *s = x->s;

    for (size_t i = 0; i < s->n_grades; i++)
        if (!is_rule(s->grades[i]))
            return rule_wrong(x, s->grades_number, 1, s->grades[i]);
    for (size_t i = 0; i < s->n_lines; i++)
        for (size_t k = 0; k < s->lines[i].n_rules; k++)
            if (!is_rule(s->lines[i].rules[k]))
                return rule_wrong(x, s->lines[i].number, s->lines[i].column, s->lines[i].rules[k]);
    return 0;
}

/* --- clusters and machines -------------------------------------------------------------------- */

static bool is_numbered(const char *text, char letter, int64_t *ret)
{
    return text[0] == letter && text_int(text + 1, 1, 99, ret);
}

static bool is_made(const struct script *s, const char *cluster)
{
    for (size_t i = 0; i < s->n_lines; i++)
        if ((text_is(s->lines[i].verb->id, "site.cluster") ||
             text_begins(s->lines[i].verb->id, "user.creates")) &&
            text_is(s->lines[i].args[0], cluster))
            return true;
    return false;
}

static bool is_for_clusters(const char *place)
{
    static const char *const places[] = {"{cluster}", "{role}", "{place}", "{wire-end}",
                                         "{victims}"};

    for (size_t i = 0; i < COUNTOF(places); i++)
        if (text_is(places[i], place))
            return true;
    return false;
}

static int name_look(const struct sense *x, const struct script_line *line, const char *place,
                     const char *name)
{
    const int64_t machines = sense_machines(x->s);
    int64_t n;

    if (is_for_clusters(place) && is_numbered(name, 'c', &n) && !is_made(x->s, name))
        return sense_wrong(x, line->number, line->column,
                           "nobody makes cluster %s; write 'site cluster %s with 2 nodes' or 'at "
                           "TIME user creates cluster %s with 2 nodes'",
                           name, name, name);
    if (!text_is(place, "{machine}") || !is_numbered(name, 'm', &n) || n <= machines)
        return 0;
    if (n <= SENSE_MACHINES_MAX)
        return sense_wrong(x, line->number, line->column,
                           "MAAS has no machine %s, only m1 to m%lld; write one of them or 'site "
                           "machines %lld'",
                           name, (long long)machines, (long long)n);
    return sense_wrong(x, line->number, line->column,
                       "MAAS has no machine %s, only m1 to m%lld; write one of them", name,
                       (long long)machines);
}

/* What stood in the form's places stands in args, in the same order. */
static int names_look(const struct sense *x, const struct script_line *line)
{
    const char *form = line->verb->form;
    char word[32];
    size_t i = 0;

    while (text_next(&form, ' ', word, sizeof word) && i < line->n_args) {
        if (word[0] != '{' && word[0] != '[')
            continue;
        if (name_look(x, line, word, line->args[i++]) < 0)
            return -EINVAL;
    }
    return 0;
}

/* --- lines twice ------------------------------------------------------------------------------ */

static bool is_same_point(const struct script_point *a, const struct script_point *b)
{
    return text_is(a->op, b->op) && a->count == b->count && text_is(a->phase, b->phase);
}

static bool is_same(const struct script_line *a, const struct script_line *b)
{
    return a->when == b->when && a->time == b->time && a->has_point == b->has_point &&
           a->has_for == b->has_for && a->for_ms == b->for_ms && a->or_next == 0 &&
           b->or_next == 0 && text_is(a->text, b->text) && text_is(a->event, b->event) &&
           is_same_point(&a->point, &b->point) && a->n_rules == b->n_rules &&
           memcmp(a->rules, b->rules, sizeof a->rules) == 0;
}

static int twice_look(const struct sense *x)
{
    for (size_t i = 0; i < x->s->n_lines; i++)
        for (size_t k = 0; k < i; k++) {
            const struct script_line *line = &x->s->lines[i];

            if (!is_same(line, &x->s->lines[k]))
                continue;
            return sense_wrong(x, line->number, 1,
                               "this is line %d once more; remove one of the two",
                               x->s->lines[k].number);
        }
    return 0;
}

int sense_check(const struct script *s, const char *file, struct err *e)
{
    const struct sense x = {.s = s, .file = file, .e = e};
    int r = rules_look(&x);

    for (size_t i = 0; r == 0 && i < s->n_lines; i++)
        r = names_look(&x, &s->lines[i]);
    for (size_t i = 0; r == 0 && i < s->n_ors; i++)
        r = names_look(&x, &s->ors[i]);
    if (r == 0)
        r = twice_look(&x);
    for (size_t i = 0; r == 0 && i < s->n_lines; i++) {
        r = sense_site(&x, &s->lines[i]);
        r = r == 0 ? sense_acts(&x, &s->lines[i]) : r;
    }
    for (size_t i = 0; r == 0 && i < s->n_ors; i++)
        r = sense_site(&x, &s->ors[i]);
    return r;
}

const char *sense_doubt(const struct script *s)
{
    bool graded = s->n_grades > 0;

    for (size_t i = 0; i < s->n_lines; i++)
        graded = graded || s->lines[i].n_rules > 0;
    return graded
               ? NULL
               : "no line is tagged with a rule and none is graded, so nothing is said about the "
                 "gateway; write [RULE] behind a line, or 'grades RULE'";
}
