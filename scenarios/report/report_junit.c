/* The report for CI servers, as JUnit XML: a suite a story, a case a rule. What is not proven is
 * "skipped" there, for that format has no better word; the exit status says more. */
#include "scenarios/report/words.h"

#include "lib/base/jx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum outcome { OUTCOME_OK, OUTCOME_FAILURE, OUTCOME_ERROR, OUTCOME_SKIPPED, OUTCOME_COUNT };

static const enum outcome outcomes[] = {
    [VERDICT_PASS] = OUTCOME_OK,
    [VERDICT_FAIL] = OUTCOME_FAILURE,
    [VERDICT_VACUOUS] = OUTCOME_SKIPPED,
    [VERDICT_UNSUPPORTED] = OUTCOME_SKIPPED,
    [VERDICT_UNDECLARED] = OUTCOME_FAILURE,
    [VERDICT_INCONCLUSIVE] = OUTCOME_SKIPPED,
    [VERDICT_FLAKY] = OUTCOME_FAILURE,
    [VERDICT_SKIPPED] = OUTCOME_SKIPPED,
    [VERDICT_HARNESS_ERROR] = OUTCOME_ERROR,
};
static const char *const elements[] = {[OUTCOME_OK] = "",
                                       [OUTCOME_FAILURE] = "failure",
                                       [OUTCOME_ERROR] = "error",
                                       [OUTCOME_SKIPPED] = "skipped"};

/* XML 1.0 has no control characters at all, not even escaped. */
static void xml_text(struct buf *out, const char *text)
{
    static const char *const entities[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\n'] = "&#10;"};

    while (*text) {
        unsigned char c = (unsigned char)*text;
        size_t n = jx_utf8_len(text);

        if (c < COUNTOF(entities) && entities[c])
            buf_text_add(out, entities[c]);
        else if (n == 0 || c < ' ' || c == 0x7f)
            buf_char_add(out, '?');
        else
            buf_add(out, text, n);
        text += n > 0 ? n : 1;
    }
}

static bool is_case(const struct judgement *j, const struct story_verdict *v)
{
    return j->expect == EXPECT_PASS || words_order(v->rule) >= words_order("LAUNCH");
}

static void count(const struct judgement *j, size_t counts[OUTCOME_COUNT])
{
    for (size_t i = 0; i < j->n; i++)
        if (is_case(j, &j->at[i]))
            counts[outcomes[j->at[i].verdict]]++;
}

static void counts_write(struct buf *out, const size_t c[OUTCOME_COUNT])
{
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
               c[OUTCOME_OK] + c[OUTCOME_FAILURE] + c[OUTCOME_ERROR] + c[OUTCOME_SKIPPED],
               c[OUTCOME_FAILURE], c[OUTCOME_ERROR], c[OUTCOME_SKIPPED]);
}

static void line_add(struct buf *out, const char *label, const char *text)
{
    if (text[0])
        buf_printf(out, "%s: %s\n", label, text);
}

static void body_write(struct buf *out, const struct report_story *s, const struct story_verdict *v)
{
    struct buf text SCOPED(buf_drop);

    buf_init(&text, KIB(32));
    line_add(&text, "clause", v->clause);
    line_add(&text, "expected", v->expected);
    line_add(&text, "seen", v->seen);
    line_add(&text, "note", v->note);
    for (size_t i = 0; i < v->n_evidence; i++) {
        const struct event *e = words_event(s->journal, v->evidence[i]);

        if (e) {
            report_event(&text, e);
            buf_char_add(&text, '\n');
        }
    }
    buf_text_add(&text, "again: ");
    words_again(&text, s);
    xml_text(out, buf_text(&text));
}

static void case_write(struct buf *out, const struct report_story *s, const struct story_verdict *v)
{
    enum outcome outcome = outcomes[v->verdict];
    char message[400];

    buf_text_add(out, "  <testcase classname=\"gateproof.");
    xml_text(out, s->judgement->story);
    buf_printf(out, "\" name=\"%s ", v->rule);
    xml_text(out, words_sentence(v->rule));
    if (outcome == OUTCOME_OK) {
        buf_text_add(out, "\" time=\"0\"/>\n");
        return;
    }
    snprintf(message, sizeof(message), "%s: %s", verdict_word(v->verdict),
             v->seen[0] ? v->seen : v->note);
    buf_printf(out, "\" time=\"0\">\n   <%s message=\"", elements[outcome]);
    xml_text(out, message);
    buf_text_add(out, "\">");
    body_write(out, s, v);
    buf_printf(out, "</%s>\n  </testcase>\n", elements[outcome]);
}

static void suite_write(struct buf *out, const struct report_story *s)
{
    const struct judgement *j = s->judgement;
    size_t counts[OUTCOME_COUNT] = {0};

    count(j, counts);
    buf_text_add(out, " <testsuite name=\"");
    xml_text(out, j->story);
    if (j->over[0]) {
        buf_char_add(out, ' ');
        xml_text(out, j->over);
    }
    if (j->stage < STAGE_COUNT)
        buf_printf(out, " (%s)", stage_name(j->stage));
    buf_char_add(out, '"');
    counts_write(out, counts);
    buf_text_add(out, " time=\"");
    jx_write_seconds(out, j->domain_ms);
    buf_text_add(out, "\">\n");
    for (size_t i = 0; i < j->n; i++)
        if (is_case(j, &j->at[i]))
            case_write(out, s, &j->at[i]);
    buf_text_add(out, " </testsuite>\n");
}

void report_junit(struct buf *out, const struct report *r)
{
    size_t counts[OUTCOME_COUNT] = {0};

    for (size_t i = 0; i < r->n_stories; i++)
        count(r->stories[i].judgement, counts);
    buf_text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gateproof\"");
    counts_write(out, counts);
    buf_text_add(out, ">\n");
    for (size_t i = 0; i < r->n_stories; i++)
        suite_write(out, &r->stories[i]);
    buf_text_add(out, "</testsuites>\n");
}
