/* The report a person reads: what is wrong first and with everything that belongs to it, then what
 * was not proven, then what is well. */
#include "scenarios/report/model.h"
#include "scenarios/report/words.h"

#include "lib/base/text.h"
#include "scenarios/judge/laws.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD_WIDTH        14 /* "harness-error" and a blank */
#define RULE_WIDTH        7
#define ALSO_MAX          12 /* other stories told beside the one that decided */
#define STORIES_SHOWN_MAX 12

/* Escape sequence of a verdict; green only for pass. */
static const char *colour_of(enum verdict v)
{
    static const char *const colours[] = {
        [VERDICT_PASS] = "\033[32m",          [VERDICT_FAIL] = "\033[1;31m",
        [VERDICT_VACUOUS] = "\033[33m",       [VERDICT_UNSUPPORTED] = "\033[36m",
        [VERDICT_UNDECLARED] = "\033[1;31m",  [VERDICT_INCONCLUSIVE] = "\033[33m",
        [VERDICT_FLAKY] = "\033[1;31m",       [VERDICT_SKIPPED] = "\033[36m",
        [VERDICT_HARNESS_ERROR] = "\033[35m",
    };

    return colours[v];
}

static void verdict_write(struct buf *out, const struct report *r, enum verdict v)
{
    buf_printf(out, "%s%s%s", r->colour ? colour_of(v) : "", verdict_word(v),
               r->colour ? "\033[0m" : "");
}

static void counts_write(struct buf *out, const struct report *r)
{
    bool first = true;

    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (r->summary->counts[v] == 0)
            continue;
        buf_printf(out, "%s%zu ", first ? "" : ", ", r->summary->counts[v]);
        verdict_write(out, r, (enum verdict)v);
        first = false;
    }
    buf_text_add(out, first ? "none" : "");
}

static void heading_write(struct buf *out, const struct report *r)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(2));
    buf_printf(&text, "Gateproof %s judged %s", r->harness_version,
               r->name[0] ? r->name : "a gateway");
    if (r->version[0])
        buf_printf(&text, " %s", r->version);
    if (r->vendor[0])
        buf_printf(&text, " (%s)", r->vendor);
    buf_printf(&text, " in %zu %s.", r->n_stories, r->n_stories == 1 ? "story" : "stories");
    words_wrap(out, buf_text(&text), 0, words_width(r->width));
    buf_char_add(out, '\n');
    if (r->note)
        words_row(out, "Note:", r->note, 0, words_width(r->width));
}

/* --- a rule ---------------------------------------------------------------------------------- */

/* The numbers of the stories with that verdict on the rule, each once. */
static void numbers_write(struct buf *out, const struct model *m, const struct model_rule *rule,
                          enum verdict verdict, const char *lead)
{
    struct model_place place = {0, 0};
    const struct story_verdict *v;
    char number[64], last[64] = "";
    size_t story, shown = 0, more = 0;

    while ((v = model_next(m, rule, &place, &story))) {
        words_number(m->report->stories[story].judgement->story, number, sizeof(number));
        if (v->verdict != verdict || text_is(number, last))
            continue;
        text_copy(last, sizeof(last), number);
        if (shown++ < STORIES_SHOWN_MAX)
            buf_printf(out, "%s %s", shown == 1 ? lead : "", number);
        else
            more++;
    }
    if (more > 0)
        buf_printf(out, " and %zu more", more);
}

/* "(stories 100 505; vacuous in 120)": where it was looked at, and what came of it elsewhere. */
static void stories_write(struct buf *out, const struct model *m, const struct model_rule *rule)
{
    const size_t before = out->len;
    char lead[32];

    numbers_write(out, m, rule, rule->verdict, "(stories");
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (v == (int)rule->verdict)
            continue;
        snprintf(lead, sizeof(lead), "%s%s in", out->len > before ? "; " : "(",
                 verdict_word((enum verdict)v));
        numbers_write(out, m, rule, (enum verdict)v, lead);
    }
    buf_text_add(out, out->len > before ? ")" : "");
}

static void rule_line_write(struct buf *out, const struct model *m, const struct model_rule *rule)
{
    struct buf text SCOPED(buf_drop) = {0};
    const char *word = verdict_word(rule->verdict);

    buf_init(&text, KIB(4));
    if (!rule->must)
        buf_printf(&text, "[%s] ", rule->level);
    buf_printf(&text, "%s ", rule->sentence);
    stories_write(&text, m, rule);
    verdict_write(out, m->report, rule->verdict);
    buf_printf(out, "%*s%-*s", WORD_WIDTH - (int)strlen(word), "", RULE_WIDTH, rule->id);
    words_wrap(out, buf_text(&text), WORD_WIDTH + RULE_WIDTH, words_width(m->report->width));
    buf_char_add(out, '\n');
}

/* One line of `also`, held back until it is known how many follow that say the same of the same
 * story with another value of `over`. */
struct also {
    const struct judgement *judgement;
    const struct story_verdict *verdict; /* NULL: nothing is held */
    size_t alike, shown, more;
};

static const char *said(const struct story_verdict *v)
{
    return v->seen[0] ? v->seen : v->note;
}

static void also_flush(struct buf *out, struct also *a, int width)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (!a->verdict)
        return;
    if (a->shown == ALSO_MAX) {
        a->more += 1 + a->alike;
        return;
    }
    buf_init(&text, KIB(2));
    words_story(&text, a->judgement);
    buf_printf(&text, ": %s", said(a->verdict));
    if (a->verdict->n_evidence > 0)
        buf_printf(&text, " (#%" PRIu64 ")", a->verdict->evidence[0]);
    if (a->alike > 0)
        buf_printf(&text, "; %zu more runs of it say the same", a->alike);
    words_row(out, a->shown++ == 0 ? "also" : "", buf_text(&text), 2, width);
}

/* The stories with the same verdict on the rule that did not decide it. */
static void also_write(struct buf *out, const struct model *m, const struct model_rule *rule)
{
    const int width = words_width(m->report->width);
    struct model_place place = {0, 0};
    const struct story_verdict *v;
    struct also a = {.verdict = NULL};
    size_t story;

    while ((v = model_next(m, rule, &place, &story))) {
        const struct judgement *j = m->report->stories[story].judgement;

        if (v == rule->finding || v->verdict != rule->verdict)
            continue;
        if (a.verdict && text_is(a.judgement->story, j->story) &&
            text_is(said(a.verdict), said(v))) {
            a.alike++;
            continue;
        }
        also_flush(out, &a, width);
        a = (struct also){.judgement = j, .verdict = v, .shown = a.shown, .more = a.more};
    }
    also_flush(out, &a, width);
    if (a.more > 0)
        buf_printf(out, "  %*sand %zu more\n", 11, "", a.more);
}

/* Nothing was seen that could be shown: why not is all there is to say. */
static bool is_bare(const struct story_verdict *v)
{
    return v->n_evidence == 0 && v->seen[0] == '\0';
}

static void bare_write(struct buf *out, const struct model *m, const struct model_rule *rule)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(2));
    words_story(&text, m->report->stories[rule->story].judgement);
    buf_printf(&text, ": %s", rule->finding->note);
    words_row(out, "note", buf_text(&text), 2, words_width(m->report->width));
}

static void rule_write(struct buf *out, const struct model *m, const struct model_rule *rule)
{
    buf_char_add(out, '\n');
    rule_line_write(out, m, rule);
    if (rule->finding && is_bare(rule->finding))
        bare_write(out, m, rule);
    else if (rule->finding)
        report_finding(out, &m->report->stories[rule->story], rule->finding, m->report->width);
    also_write(out, m, rule);
}

/* What to do is said once a verdict, behind the last rule that has it. */
static void wrong_rules_write(struct buf *out, const struct model *m)
{
    for (size_t i = 0; i < m->n && m->rules[i].verdict != VERDICT_PASS; i++) {
        rule_write(out, m, &m->rules[i]);
        if (i + 1 == m->n || m->rules[i + 1].verdict != m->rules[i].verdict)
            words_row(out, "to do", verdict_what_to_do(m->rules[i].verdict), 2,
                      words_width(m->report->width));
    }
}

static void green_rules_write(struct buf *out, const struct model *m)
{
    bool any = false;

    for (size_t i = 0; i < m->n; i++) {
        if (m->rules[i].verdict != VERDICT_PASS)
            continue;
        if (!any)
            buf_char_add(out, '\n');
        rule_line_write(out, m, &m->rules[i]);
        any = true;
    }
}

/* --- stories --------------------------------------------------------------------------------- */

static void stories_ends_write(struct buf *out, const struct model *m)
{
    const int width = words_width(m->report->width);
    char why[400];

    for (size_t i = 0; i < m->report->n_stories; i++) {
        const struct report_story *s = &m->report->stories[i];
        struct buf text SCOPED(buf_drop) = {0};

        if (model_story_is_well(s->judgement, why, sizeof(why)))
            continue;
        buf_init(&text, KIB(4));
        buf_char_add(out, '\n');
        verdict_write(out, m->report, s->judgement->overall);
        buf_char_add(out, ' ');
        words_story(&text, s->judgement);
        buf_printf(&text, ": %s", why);
        words_wrap(out, buf_text(&text), WORD_WIDTH, width);
        buf_char_add(out, '\n');
        buf_clear(&text);
        words_again(&text, s);
        words_row(out, "again", buf_text(&text), 2, width);
        words_row(out, "to do", verdict_what_to_do(s->judgement->overall), 2, width);
    }
}

static bool has_clusters(const struct ev_list *journal)
{
    for (size_t i = 0; i < journal->n; i++)
        if (ev_list_at(journal, i)->kind == EV_PAL_CLUSTER)
            return true;
    return false;
}

static bool is_told(const struct model *m, size_t story)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->rules[i].verdict != VERDICT_PASS && m->rules[i].finding &&
            m->rules[i].story == story)
            return true;
    return false;
}

static void ledgers_write(struct buf *out, const struct model *m)
{
    for (size_t i = 0; i < m->report->n_stories; i++) {
        const struct report_story *s = &m->report->stories[i];

        if (!is_told(m, i) || !s->journal || !has_clusters(s->journal))
            continue;
        buf_char_add(out, '\n');
        words_story(out, s->judgement);
        buf_text_add(out, ", the machines:\n");
        report_ledger(out, s->journal, 2);
    }
}

/* --- end ------------------------------------------------------------------------------------- */

static void parameters_write(struct buf *out, const struct report *r)
{
    struct buf text SCOPED(buf_drop) = {0};
    char span[24];

    buf_init(&text, KIB(1));
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        const struct law_parameter *p = &law_parameters[i];

        text_duration_write(p->ms, span, sizeof(span));
        buf_printf(&text, "%s%s ", i > 0 ? ", " : "", p->name);
        if (p->ms > 0)
            buf_text_add(&text, span);
        else
            buf_printf(&text, "%" PRId64, p->count);
    }
    buf_text_add(out, "\nBounds of the laws: ");
    words_wrap(out, buf_text(&text), 20, words_width(r->width));
    buf_text_add(out, ".\n");
}

static void closing_write(struct buf *out, const struct model *m)
{
    buf_printf(out, "%zu rules: ", m->n);
    counts_write(out, m->report);
    buf_printf(out, ". Exit status %d: %s.\n", m->report->summary->exit_status,
               model_status_words(m));
}

void report_text(struct buf *out, const struct report *r)
{
    struct model m;

    model_make(&m, r);
    heading_write(out, r);
    wrong_rules_write(out, &m);
    stories_ends_write(out, &m);
    ledgers_write(out, &m);
    green_rules_write(out, &m);
    parameters_write(out, r);
    closing_write(out, &m);
}
