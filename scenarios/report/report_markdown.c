/* The report for the page of a CI job, as Markdown with a little HTML: how it ended, a table of the
 * rules, what is not well to fold out, and a sequence diagram around the first failure. */
#include "scenarios/report/model.h"
#include "scenarios/report/words.h"

#include <stdio.h>
#include <string.h>

#define DETAILS_MAX 40 /* a job's page holds a megabyte */

/* A text of others among Markdown and HTML: nothing in it may be markup, mention or link. */
static void plain(struct buf *out, const char *text)
{
    struct buf safe SCOPED(buf_drop) = {0};

    buf_init(&safe, KIB(64));
    words_safe(&safe, text, SIZE_MAX);
    for (const char *p = buf_text(&safe); *p; p++)
        if (strchr("&<>|`*_[]@#\\~!", *p))
            buf_printf(out, "&#%d;", *p);
        else
            buf_char_add(out, *p);
}

/* In <pre> only HTML's own signs mean anything, but a cell's bar and line ends are no matter. */
static void preformatted(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (strchr("&<>", *text))
            buf_printf(out, "&#%d;", *text);
        else
            buf_char_add(out, *text);
}

static void heading_write(struct buf *out, const struct model *m)
{
    const struct report *r = m->report;

    buf_printf(out, "## Gateproof: %s\n\n**", verdict_word(m->worst));
    plain(out, r->name[0] ? r->name : "a gateway");
    if (r->version[0]) {
        buf_char_add(out, ' ');
        plain(out, r->version);
    }
    buf_text_add(out, "**");
    if (r->vendor[0]) {
        buf_text_add(out, " (");
        plain(out, r->vendor);
        buf_char_add(out, ')');
    }
    buf_printf(out, ", judged by Gateproof %s in %zu %s. Exit status %d: %s.\n\n",
               r->harness_version, r->n_stories, r->n_stories == 1 ? "story" : "stories",
               r->summary->exit_status, model_status_words(m));
    if (r->note) {
        buf_text_add(out, "> ");
        plain(out, r->note);
        buf_text_add(out, "\n\n");
    }
}

static void counts_write(struct buf *out, const struct model *m)
{
    bool first = true;

    buf_printf(out, "%zu rules: ", m->n);
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (m->report->summary->counts[v] > 0) {
            buf_printf(out, "%s%zu %s", first ? "" : ", ", m->report->summary->counts[v],
                       verdict_word((enum verdict)v));
            first = false;
        }
    buf_text_add(out, first ? "none.\n\n" : ".\n\n");
}

static void table_write(struct buf *out, const struct model *m)
{
    buf_text_add(out, "| verdict | rule | level | what it asks | decided by |\n"
                      "|---|---|---|---|---|\n");
    for (size_t i = 0; i < m->n; i++) {
        const struct model_rule *rule = &m->rules[i];
        const char *bold = rule->verdict == VERDICT_PASS ? "" : "**";

        buf_printf(out, "| %s%s%s | %s | %s | ", bold, verdict_word(rule->verdict), bold, rule->id,
                   rule->level);
        plain(out, rule->sentence);
        buf_text_add(out, " | ");
        if (rule->finding)
            plain(out, m->report->stories[rule->story].judgement->story);
        buf_text_add(out, " |\n");
    }
    buf_char_add(out, '\n');
}

/* --- what is not well ------------------------------------------------------------------------ */

static void details_open(struct buf *out, bool open, const char *verdict, const char *id,
                         const char *seen)
{
    buf_printf(out, "<details%s><summary>%s %s: ", open ? " open" : "", verdict, id);
    plain(out, seen);
    buf_text_add(out, "</summary>\n\n");
}

static void rule_write(struct buf *out, const struct model *m, const struct model_rule *rule,
                       bool first)
{
    const struct story_verdict *v = rule->finding;
    const struct report_story *s = &m->report->stories[rule->story];
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(64));
    details_open(out, first, verdict_word(rule->verdict), rule->id, v->seen[0] ? v->seen : v->note);
    plain(out, rule->sentence);
    buf_text_add(out, "\n\n");
    if (first && s->journal)
        report_mermaid(out, s->journal, v);
    report_finding(&text, s, v, 0);
    words_row(&text, "to do", verdict_what_to_do(rule->verdict), 2, words_width(0));
    buf_text_add(out, first ? "\n<pre>\n" : "<pre>\n");
    preformatted(out, buf_text(&text));
    buf_text_add(out, "</pre>\n\n</details>\n\n");
}

static void rules_write(struct buf *out, const struct model *m)
{
    size_t shown = 0, more = 0;

    for (size_t i = 0; i < m->n && m->rules[i].verdict != VERDICT_PASS; i++) {
        if (!m->rules[i].finding)
            continue;
        if (shown == DETAILS_MAX)
            more++;
        else
            rule_write(out, m, &m->rules[i], shown++ == 0);
    }
    if (more > 0)
        buf_printf(out, "%zu more are in report.txt.\n\n", more);
}

static void stories_write(struct buf *out, const struct model *m)
{
    char why[400];

    for (size_t i = 0; i < m->report->n_stories; i++) {
        const struct report_story *s = &m->report->stories[i];
        struct buf text SCOPED(buf_drop) = {0};

        if (model_story_is_well(s->judgement, why, sizeof(why)))
            continue;
        buf_init(&text, KIB(4));
        details_open(out, false, verdict_word(s->judgement->overall), s->judgement->story, why);
        words_again(&text, s);
        buf_text_add(out, "<pre>\n");
        preformatted(out, buf_text(&text));
        buf_text_add(out, "\n</pre>\n\n</details>\n\n");
    }
}

void report_markdown(struct buf *out, const struct report *r)
{
    struct model m;

    model_make(&m, r);
    heading_write(out, &m);
    counts_write(out, &m);
    table_write(out, &m);
    rules_write(out, &m);
    stories_write(out, &m);
}
