/* The report a person reads: a line a rule, then everything about what is not green. */
#include "scenarios/report/words.h"

#include "lib/base/text.h"
#include "scenarios/judge/laws.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORD_WIDTH        14 /* "harness-error" and a blank */
#define RULE_WIDTH        7
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
    int pad = WORD_WIDTH - (int)strlen(verdict_word(v));

    buf_printf(out, "%s%s%s%*s", r->colour ? colour_of(v) : "", verdict_word(v),
               r->colour ? "\033[0m" : "", pad, "");
}

static void heading_write(struct buf *out, const struct report *r)
{
    buf_printf(out, "Gateproof %s judged %s", r->harness_version,
               r->name[0] ? r->name : "a gateway");
    if (r->version[0])
        buf_printf(out, " %s", r->version);
    if (r->vendor[0])
        buf_printf(out, " (%s)", r->vendor);
    buf_printf(out, " in %zu %s.\n\n", r->n_stories, r->n_stories == 1 ? "story" : "stories");
}

/* "stories 100 505": those with a verdict on the rule. */
static void stories_of_rule(struct buf *out, const struct report *r, const char *rule)
{
    char number[64], last[64] = "";
    size_t shown = 0, more = 0;

    for (size_t i = 0; i < r->n_stories; i++) {
        const struct judgement *j = r->stories[i].judgement;

        for (size_t k = 0; k < j->n; k++) {
            words_number(j->story, number, sizeof(number));
            if (!text_is(j->at[k].rule, rule) || text_is(number, last))
                continue;
            memcpy(last, number, sizeof(last));
            if (shown++ < STORIES_SHOWN_MAX)
                buf_printf(out, " %s", number);
            else
                more++;
        }
    }
    if (more > 0)
        buf_printf(out, " and %zu more", more);
}

static void rule_line_write(struct buf *out, const struct report *r, const struct rule_verdict *v)
{
    struct buf text SCOPED(buf_drop);

    buf_init(&text, KIB(4));
    buf_printf(&text, "%s (stories", words_sentence(v->rule));
    stories_of_rule(&text, r, v->rule);
    buf_char_add(&text, ')');
    verdict_write(out, r, v->verdict);
    buf_printf(out, "%-*s", RULE_WIDTH, v->rule);
    words_wrap(out, buf_text(&text), WORD_WIDTH + RULE_WIDTH, words_width(r->width));
    buf_char_add(out, '\n');
}

/* --- what is not green ----------------------------------------------------------------------- */

static bool has_clusters(const struct ev_list *journal)
{
    for (size_t i = 0; i < journal->n; i++)
        if (ev_list_at(journal, i)->kind == EV_PAL_CLUSTER)
            return true;
    return false;
}

static void events_write(struct buf *out, const struct report_story *s,
                         const struct story_verdict *v, int width)
{
    struct buf text SCOPED(buf_drop);

    buf_init(&text, KIB(8));
    for (size_t i = 0; i < v->n_evidence; i++) {
        const struct event *e = words_event(s->journal, v->evidence[i]);

        buf_clear(&text);
        if (e)
            report_event(&text, e);
        else
            buf_printf(&text, "#%" PRIu64, v->evidence[i]);
        words_row(out, i == 0 ? "events" : "", buf_text(&text), 2, width);
    }
}

/* A picture says more than eight records where clusters are made and machines change hands. */
static void around_write(struct buf *out, const struct report_story *s,
                         const struct story_verdict *v)
{
    if (v->n_evidence == 0 || !s->journal || !has_clusters(s->journal))
        return;
    report_sequence(out, s->journal, v->evidence[v->n_evidence - 1], 2);
}

static void ledger_write(struct buf *out, const struct report_story *s)
{
    if (!s->journal || !has_clusters(s->journal))
        return;
    buf_printf(out, "\n%s%s%s, the machines:\n", s->judgement->story,
               s->judgement->over[0] ? " with " : "", s->judgement->over);
    report_ledger(out, s->journal, 2);
}

static void again_write(struct buf *out, const struct report_story *s, int width)
{
    struct buf text SCOPED(buf_drop);

    buf_init(&text, KIB(1));
    words_again(&text, s);
    words_row(out, "again", buf_text(&text), 2, width);
}

static void story_row_write(struct buf *out, const struct report_story *s,
                            const struct story_verdict *v, int width)
{
    char text[192];

    snprintf(text, sizeof(text), "%s%s%s%s", s->judgement->story,
             s->judgement->over[0] ? " with " : "", s->judgement->over,
             v && v->line > 0 ? ", line " : "");
    if (v && v->line > 0)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d", v->line);
    words_row(out, "story", text, 2, width);
}

static void detail_write(struct buf *out, const struct report *r, const struct report_story *s,
                         const struct story_verdict *v)
{
    int width = words_width(r->width);

    buf_char_add(out, '\n');
    verdict_write(out, r, v->verdict);
    buf_printf(out, "%-*s", RULE_WIDTH, v->rule);
    words_wrap(out, words_sentence(v->rule), WORD_WIDTH + RULE_WIDTH, width);
    buf_char_add(out, '\n');
    story_row_write(out, s, v, width);
    words_row(out, "clause", v->clause, 2, width);
    words_row(out, "expected", v->expected, 2, width);
    words_row(out, "seen", v->seen, 2, width);
    words_row(out, "note", v->note, 2, width);
    events_write(out, s, v, width);
    around_write(out, s, v);
    words_row(out, "journal", s->journal_path ? s->journal_path : "", 2, width);
    again_write(out, s, width);
    words_row(out, "to do", verdict_what_to_do(v->verdict), 2, width);
}

/* A story whose own expectation did not come true and that no rule's row tells of. */
static bool is_surprise(const struct judgement *j)
{
    if (j->expected)
        return false;
    for (size_t i = 0; i < j->n; i++)
        if (j->at[i].verdict != VERDICT_PASS)
            return false;
    return true;
}

static void surprise_write(struct buf *out, const struct report *r, const struct report_story *s)
{
    int width = words_width(r->width);

    buf_char_add(out, '\n');
    verdict_write(out, r, s->judgement->overall);
    buf_text_add(out, "the story did not end as it expects\n");
    story_row_write(out, s, NULL, width);
    again_write(out, s, width);
    words_row(out, "to do", verdict_what_to_do(s->judgement->overall), 2, width);
}

/* A red story that is meant to be red tells only of the harness's own rules. */
static bool is_told(const struct judgement *j, const struct story_verdict *v)
{
    if (v->verdict == VERDICT_PASS)
        return false;
    return j->expect == EXPECT_PASS || words_order(v->rule) >= words_order("LAUNCH");
}

static void details_write(struct buf *out, const struct report *r)
{
    for (size_t i = 0; i < r->n_stories; i++) {
        const struct judgement *j = r->stories[i].judgement;
        bool told = false;

        for (size_t k = 0; k < j->n; k++)
            if (is_told(j, &j->at[k])) {
                detail_write(out, r, &r->stories[i], &j->at[k]);
                told = true;
            }
        if (told)
            ledger_write(out, &r->stories[i]);
        if (is_surprise(j))
            surprise_write(out, r, &r->stories[i]);
    }
}

/* --- end ------------------------------------------------------------------------------------- */

static void parameters_write(struct buf *out, const struct report *r)
{
    struct buf text SCOPED(buf_drop);
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

static void closing_write(struct buf *out, const struct report *r)
{
    const struct summary *s = r->summary;
    bool first = true;

    buf_printf(out, "%zu rules:", s->n);
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (s->counts[v] == 0)
            continue;
        buf_printf(out, "%s %zu ", first ? "" : ",", s->counts[v]);
        first = false;
        buf_printf(out, "%s%s%s", r->colour ? colour_of((enum verdict)v) : "",
                   verdict_word((enum verdict)v), r->colour ? "\033[0m" : "");
    }
    buf_printf(out, "%s. Exit status %d: %s.\n", first ? " none" : "", s->exit_status,
               s->exit_status == 0   ? "every graded MUST passed"
               : s->exit_status == 1 ? "something is wrong"
                                     : "not everything could be proven");
}

void report_text(struct buf *out, const struct report *r)
{
    size_t order[JUDGE_VERDICTS_MAX];

    heading_write(out, r);
    words_sort(r->summary, order);
    for (size_t i = 0; i < r->summary->n; i++)
        rule_line_write(out, r, &r->summary->at[order[i]]);
    details_write(out, r);
    parameters_write(out, r);
    closing_write(out, r);
}
