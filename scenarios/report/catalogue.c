/* The tables of the code as Markdown pages: docs/rules.md, the verbs, docs/journal.md.
 * ci/check-docs holds the pages in docs against these functions, so that neither grows old alone.
 */
#include "scenarios/report/words.h"

#include "scenarios/engine/verbs.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/rules.h"
#include "scenarios/judge/sentences.h"

#include <inttypes.h>
#include <string.h>

static const char made[] =
    "<!-- Made from the tables in the code. Do not edit: change the table. -->\n\n";

/* A bar would end the cell. */
static void cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_char_add(out, '\\');
        buf_char_add(out, *text);
    }
}

/* --- rules ----------------------------------------------------------------------------------- */

static void item(struct buf *out, const char *label, const char *text)
{
    if (text[0])
        buf_printf(out, "- **%s:** %s\n", label, text);
}

static void rule_section(struct buf *out, const struct rule *r)
{
    buf_printf(out, "### %s\n\n%s\n\n", r->id, r->sentence);
    buf_printf(out, "- **Level and ground:** %s, %s%s%s\n", rule_level_name(r->level),
               rule_ground_name(r->ground), r->seed[0] ? ", architecture page " : "", r->seed);
    item(out, "Why", r->why);
    item(out, "Bound", r->bound);
    item(out, "A bad one would", r->bad);
    item(out, "The judge looks at", r->law);
    item(out, "How we read an open point", r->reading);
    item(out, "When it fails", r->remedy);
    item(out, "Clauses", r->clauses);
    item(out, "Evidence", r->channels);
    buf_printf(out, "- **State:** %s%s%s\n\n", rule_state_name(r->state),
               r->state_why[0] ? ": " : "", r->state_why);
}

static void rules_table(struct buf *out)
{
    buf_text_add(out, "| rule | level | ground | state | in a sentence |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < n_rules; i++) {
        buf_printf(out, "| %s | %s | %s | %s | ", rules[i].id, rule_level_name(rules[i].level),
                   rule_ground_name(rules[i].ground), rule_state_name(rules[i].state));
        cell(out, rules[i].sentence);
        buf_text_add(out, " |\n");
    }
}

static void verdicts_table(struct buf *out)
{
    buf_text_add(out, "\n## Verdicts\n\n| word | what to do about it |\n|---|---|\n");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        buf_printf(out, "| %s | ", verdict_word((enum verdict)v));
        cell(out, v == VERDICT_PASS ? "nothing" : verdict_what_to_do((enum verdict)v));
        buf_text_add(out, " |\n");
    }
}

static void parameters_table(struct buf *out)
{
    buf_text_add(out, "\n## Bounds of the laws\n\n| name | value | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        const struct law_parameter *p = &law_parameters[i];

        buf_printf(out, "| %s | ", p->name);
        if (p->ms > 0)
            buf_printf(out, "%" PRId64 " s", p->ms / 1000);
        else
            buf_printf(out, "%" PRId64, p->count);
        buf_printf(out, " | %s |\n", p->what);
    }
}

void rules_markdown(struct buf *out)
{
    buf_text_add(out, "# Rules\n\n");
    buf_text_add(out, made);
    buf_text_add(out, "What the documented topology asks of a gateway and of those around it. "
                      "Ground *seed*: the public architecture page says it; *derived*: it follows "
                      "from a sentence there; *other*: only other public documents say it. "
                      "SHOULD that fails is a warning, MAY is a note.\n\n");
    rules_table(out);
    verdicts_table(out);
    parameters_table(out);
    buf_text_add(out, "\n## Promises of the harness, and the launch contract\n\n"
                      "| id | promise | what is looked at |\n|---|---|---|\n");
    for (size_t i = 0; i < n_promises; i++)
        buf_printf(out, "| %s | %s | %s |\n", promises[i].id, promises[i].sentence,
                   promises[i].law);
    buf_text_add(out,
                 "\n## The sentences of the architecture page\n\n"
                 "Every sentence of the page and what became of it; `ci/check-sentences` holds "
                 "the texts against the page. Why something cannot be seen: "
                 "[decisions/0005](decisions/0005-what-nobody-outside-can-see.md).\n\n");
    sentences_markdown(out);
    buf_text_add(out, "\n## The rules one by one\n\n");
    for (size_t i = 0; i < n_rules; i++)
        rule_section(out, &rules[i]);
}

/* --- verbs ----------------------------------------------------------------------------------- */

static void verbs_of_kind(struct buf *out, enum verb_kind kind, const char *title)
{
    buf_printf(out, "\n## %s\n\n| form | stages | meaning |\n|---|---|---|\n", title);
    for (size_t i = 0; i < n_verbs; i++) {
        if (verbs[i].kind != kind)
            continue;
        buf_text_add(out, "| `");
        cell(out, verbs[i].form);
        buf_text_add(out, "` |");
        for (int s = 0; s < STAGE_COUNT; s++)
            if (verbs[i].stages & BIT(s))
                buf_printf(out, " %s", stage_name((enum stage_id)s));
        buf_text_add(out, " | ");
        cell(out, verbs[i].what);
        buf_text_add(out, " |\n");
    }
}

static void places_table(struct buf *out)
{
    buf_text_add(out, "\n## Places\n\n| place | what may stand there |\n|---|---|\n");
    for (size_t i = 0; i < n_verb_places; i++) {
        const struct verb_place *p = &verb_places[i];

        buf_printf(out, "| `{%s}` | %s", p->name, p->what);
        for (size_t k = 0; p->words && p->words[k]; k++)
            buf_printf(out, "%s%s", k == 0 ? ": " : ", ", p->words[k]);
        buf_text_add(out, " |\n");
    }
}

void verbs_markdown(struct buf *out)
{
    buf_text_add(out, "# Verbs of the stories\n\n");
    buf_text_add(out, made);
    buf_text_add(out, "A line of a story is a word for when, a verb, and perhaps a rule in "
                      "brackets. A word in brackets inside a form may be left out.\n");
    verbs_of_kind(out, VERB_SITE, "The site");
    verbs_of_kind(out, VERB_ACT, "Acts");
    verbs_of_kind(out, VERB_FACT, "Facts");
    places_table(out);
}

/* --- journal --------------------------------------------------------------------------------- */

void journal_markdown(struct buf *out)
{
    static const char *const marks[] = {[EV_STABLE] = "must be equal",
                                        [EV_RENAME] = "equal after renaming",
                                        [EV_DROP] = "left out"};

    buf_text_add(out, "# The journal\n\n");
    buf_text_add(out, made);
    buf_text_add(
        out, "One JSON object a line. Every record has `seq` (its place in the order of the "
             "whole run), `nth` (the n-th of its writer, from 1), `t` (milliseconds of domain "
             "time since the run began), `src` (the writer), `ev` (the kind of event) and "
             "`chain`: the first 16 hex digits of SHA-256 over the writer's link before and "
             "this record. All other members are texts; numbers are decimal.\n\n## Writers\n\n");
    for (int s = 0; s < EVS_COUNT; s++)
        buf_printf(out, "- `%s`\n", ev_src_name((enum ev_src)s));
    buf_text_add(out, "\n## Events\n\n| event | fields that are always there | what happened |\n"
                      "|---|---|---|\n");
    for (int k = 0; k < EV_COUNT; k++) {
        buf_printf(out, "| `%s` | %s | ", ev_kind_name((enum ev_kind)k),
                   ev_kind_must((enum ev_kind)k));
        cell(out, ev_kind_what((enum ev_kind)k));
        buf_text_add(out, " |\n");
    }
    buf_text_add(out, "\n## Fields\n\n| field | what it says | when two runs are compared |\n"
                      "|---|---|---|\n");
    for (int f = 0; f < EV_FIELD_COUNT; f++) {
        buf_printf(out, "| `%s` | ", ev_field_name((enum ev_field)f));
        cell(out, ev_field_what((enum ev_field)f));
        buf_printf(out, " | %s |\n", marks[ev_field_mark((enum ev_field)f)]);
    }
}
