#include "scenarios/judge/rogues.h"

#include "lib/base/text.h"
#include "scenarios/judge/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct rogue rogues[] = {
    {.name = "leaker",
     .what = "on restart forgets machines it was working on and begins anew",
     .act = "it comes back and forgets what it was taking for a cluster",
     .must = "MAA-6",
     .story = "501",
     .over = "allocate.1.done dies",
     .may = "LIF-1 MAA-7 LIF-2 MAA-4 REG-6",
     .door = ""},
    {.name = "liar",
     .what = "reports Deleted when the release has been asked for",
     .act = "it takes MAAS's answer to a release for the machine given back",
     .must = "MAA-4",
     .story = "305",
     .over = "",
     .may = "MAA-7 LIF-2 MAA-6",
     .door = ""},
    {.name = "middleman",
     .what = "machines of a scale-up are taken by the gateway",
     .act = "it offers a cluster to its agent and keeps the scale-ups to itself",
     .must = "IND-1 IND-4",
     .story = "500",
     .over = "",
     .may = "IND-3 IND-7 LIF-8 MAA-6 AGT-4",
     .door =
         "Palette lists the scale-ups of running clusters in the feed of the gateway that asked "
         "for them, and tells the agent once the machines are there"},
#include "scenarios/judge/rogues_proxy.inc"
#include "scenarios/judge/rogues_link.inc"
#include "scenarios/judge/rogues_work.inc"
#include "scenarios/judge/rogues_maas.inc"
#include "scenarios/judge/rogues_rest.inc"
#include "scenarios/judge/rogues_life.inc"
};
const size_t n_rogues = COUNTOF(rogues);

const struct rogue *rogue_find(const char *name)
{
    for (size_t i = 0; i < n_rogues; i++)
        if (text_is(rogues[i].name, name))
            return &rogues[i];
    return NULL;
}

const char *rogue_nearest(const char *name)
{
    const char *names[COUNTOF(rogues) + 1] = {NULL};

    for (size_t i = 0; i < n_rogues; i++)
        names[i] = rogues[i].name;
    return text_nearest(name, names);
}

bool rogue_is_story(const struct rogue *r, const char *story)
{
    const char *list = r->story;
    char number[16];

    while (text_next(&list, ' ', number, sizeof number)) {
        const size_t len = strlen(number);

        if (text_begins(story, number) && (story[len] == '-' || story[len] == '\0'))
            return true;
    }
    return false;
}

/* --- when --- */

static const struct event *first_act(const struct ev_list *journal)
{
    for (size_t i = 0; i < journal->n; i++)
        if (ev_list_at(journal, i)->kind == EV_ROGUE_ACT)
            return ev_list_at(journal, i);
    return NULL;
}

static const struct event *record(const struct ev_list *journal, uint64_t seq)
{
    for (size_t i = 0; i < journal->n; i++)
        if (ev_list_at(journal, i)->seq == seq)
            return ev_list_at(journal, i);
    return NULL;
}

/* The record that broke the rule: the first that a line names, the last that a law does, since it
 * ends with the one by which it decided. NULL: the rule broke by what did not come, and that is
 * known at the end only. */
static const struct event *breaking(const struct rogue_played *p, const struct story_verdict *v)
{
    if (v->absent || v->n_evidence == 0)
        return NULL;
    return record(p->journal, v->evidence[v->line > 0 ? 0 : v->n_evidence - 1]);
}

/* By domain time: a rogue in a namespace is heard a moment after it acts, and never in another. */
static bool is_after(const struct event *act, const struct event *broke)
{
    return act && (!broke || broke->t >= act->t);
}

/* --- the marks --- */

static struct rogue_rule *rule_add(struct rogue_finding *f, const char *rule)
{
    struct rogue_rule *x;

    for (size_t i = 0; i < f->n; i++)
        if (text_is(f->at[i].rule, rule))
            return &f->at[i];
    if (f->n == COUNTOF(f->at))
        WRONG("more rules than there are");
    x = &f->at[f->n++];
    *x = (struct rogue_rule){.mark = ROGUE_MISSED};
    snprintf(x->rule, sizeof x->rule, "%s", rule);
    return x;
}

static bool is_broken(const struct rogue_played *p, const struct story_verdict *v)
{
    const struct rule *rule = rule_find(v->rule);

    return (v->verdict == VERDICT_FAIL || v->verdict == VERDICT_UNDECLARED) &&
           verdict_counts(p->judgement, v) && !(rule && rule->level == RULE_MAY);
}

static enum rogue_mark mark_of(const struct rogue *r, const struct rogue_played *p,
                               const struct story_verdict *v)
{
    if (!rogue_list_has(r->must, v->rule) && !rogue_may(r, v->rule))
        return ROGUE_UNEXPECTED;
    if (!is_after(first_act(p->journal), breaking(p, v)))
        return ROGUE_TOO_EARLY;
    return rogue_list_has(r->must, v->rule) ? ROGUE_CAUGHT : ROGUE_CONSEQUENCE;
}

/* A rule that must fail counts from the rogue's own story; what is wrong counts from any. */
static void take(const struct rogue *r, const struct rogue_played *p, size_t i,
                 const struct story_verdict *v, struct rogue_finding *f)
{
    const enum rogue_mark mark = mark_of(r, p, v);
    const bool own = rogue_is_story(r, p->judgement->story);
    const struct event *act = first_act(p->journal), *broke = breaking(p, v);
    struct rogue_rule *x;

    if (mark == ROGUE_CAUGHT && !own)
        return;
    x = rule_add(f, v->rule);
    if (x->mark == ROGUE_MISSED || mark < x->mark) {
        x->mark = mark;
        x->i = i;
        x->act = act ? act->seq : 0;
        x->break_seq = broke ? broke->seq : 0;
    }
}

void rogue_judge(const struct rogue *r, const struct rogue_played *played, size_t n,
                 struct rogue_finding *ret)
{
    const char *must = r->must;
    char word[16];

    memset(ret, 0, sizeof *ret);
    while (text_next(&must, ' ', word, sizeof word))
        rule_add(ret, word);
    for (size_t i = 0; i < n; i++) {
        const struct judgement *j = played[i].judgement;

        ret->played = ret->played || rogue_is_story(r, j->story);
        for (size_t k = 0; k < j->n; k++)
            if (is_broken(&played[i], &j->at[k]))
                take(r, &played[i], i, &j->at[k], ret);
    }
    ret->caught = ret->played;
    for (size_t i = 0; i < ret->n; i++)
        ret->caught = ret->caught && ret->at[i].mark >= ROGUE_CONSEQUENCE;
}

/* --- words --- */

static void rule_text(const struct rogue *r, const struct rogue_played *played,
                      const struct rogue_rule *x, struct buf *out)
{
    const struct judgement *j = x->mark == ROGUE_MISSED ? NULL : played[x->i].judgement;

    if (!j) {
        buf_printf(out, "  %-6s must fail in story %s, and did not\n", x->rule, r->story);
        return;
    }
    buf_printf(out, "  %-6s fails in %s%s%s%s", x->rule, j->story, *j->over ? " (" : "", j->over,
               *j->over ? ")" : "");
    if (x->break_seq > 0)
        buf_printf(out, " by record %" PRIu64, x->break_seq);
    else
        buf_text_add(out, " by what did not come");
    if (x->act > 0)
        buf_printf(out, "; the rogue acted in record %" PRIu64, x->act);
    else
        buf_text_add(out, "; the rogue did not act");
    if (x->mark == ROGUE_UNEXPECTED)
        buf_text_add(out, ": a rule that it has nothing to do with");
    else if (x->mark == ROGUE_TOO_EARLY)
        buf_text_add(out, ": before it had done anything");
    else if (x->mark == ROGUE_CONSEQUENCE)
        buf_text_add(out, ": a consequence");
    buf_char_add(out, '\n');
}

void rogue_text(const struct rogue *r, const struct rogue_played *played,
                const struct rogue_finding *f, struct buf *out)
{
    buf_printf(out, "rogue %s (%s): %s\n", r->name, r->what,
               !f->played  ? "its story was not played"
               : f->caught ? "caught"
                           : "NOT caught for the right reason");
    for (size_t i = 0; i < f->n; i++)
        if (f->played || f->at[i].mark != ROGUE_MISSED)
            rule_text(r, played, &f->at[i], out);
}

/* --- rules and their rogues --- */

const struct rogue_exception rogue_exceptions[] = {
    {"TOP-5", "a MAY: calls that the documented API does not have are listed, and fail nothing"},
    {"PRX-9",
     "a MAY: whether the proxy's certificate reaches the clusters is noted, either is fine"},
    {"MAA-8", "planned: no story has an account with another key yet, and so nothing grades it"},
    {"SPG-1", "a MAY: the user may choose it where the way is open, and may not"},
};
const size_t n_rogue_exceptions = COUNTOF(rogue_exceptions);

size_t rogues_of_rule(const char *rule, struct buf *names)
{
    size_t n = 0;

    for (size_t i = 0; i < n_rogues; i++) {
        if (!rogue_list_has(rogues[i].must, rule))
            continue;
        if (names)
            buf_printf(names, "%s`%s`", n > 0 ? " " : "", rogues[i].name);
        n++;
    }
    return n;
}

static void by_rule_markdown(struct buf *out)
{
    buf_text_add(out, "\n| rule | level | rogues that it catches |\n|---|---|---|\n");
    for (size_t i = 0; i < n_rules; i++) {
        buf_printf(out, "| %s | %s | ", rules[i].id, rule_level_name(rules[i].level));
        if (rogues_of_rule(rules[i].id, out) == 0)
            buf_char_add(out, '-');
        for (size_t k = 0; k < n_rogue_exceptions; k++)
            if (text_is(rogue_exceptions[k].rule, rules[i].id))
                buf_printf(out, ": %s", rogue_exceptions[k].why);
        buf_text_add(out, " |\n");
    }
}

void rogues_markdown(struct buf *out)
{
    buf_text_add(out,
                 "| rogue | it | its act | must fail | in story | may fail, too | and, widened | a "
                 "door ajar |\n"
                 "|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_rogues; i++) {
        const struct rogue *r = &rogues[i];

        buf_printf(out, "| `%s` | %s | %s | %s | %s | %s |", r->name, r->what, r->act, r->must,
                   r->story, r->may);
        rogue_widened_write(r, out);
        buf_printf(out, " | %s |\n", *r->door ? r->door : "none");
    }
    rogue_widenings_markdown(out);
    by_rule_markdown(out);
}
