/* The report for CI servers, as JUnit XML: a suite a story, a case a rule, and one case for the
 * story's own end; a last suite for the run. Names are made of ids only, so that a server knows a
 * case again in the next run. Times are domain seconds.
 *
 * The servers have three words for what is not well: a failure was shown, an error is a story that
 * broke or whose evidence is missing, skipped is the rest. The case of the run fails when the exit
 * status is 1 and is an error when it is 2: whoever counts failures and errors is never greener
 * than the exit status. */
#include "scenarios/report/model.h"
#include "scenarios/report/words.h"

#include "lib/base/jx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const elements[OUTCOME_COUNT] = {[OUTCOME_OK] = "",
                                                    [OUTCOME_FAILURE] = "failure",
                                                    [OUTCOME_ERROR] = "error",
                                                    [OUTCOME_SKIPPED] = "skipped"};

/* XML 1.0 has neither control characters nor U+FFFE and U+FFFF, not even escaped. */
static bool is_foreign(const char *p, size_t n)
{
    const unsigned char c = (unsigned char)*p;

    return n == 0 || c < ' ' || c == 0x7f || memcmp(p, "\xef\xbf\xbe", n < 3 ? n : 3) == 0 ||
           memcmp(p, "\xef\xbf\xbf", n < 3 ? n : 3) == 0;
}

/* Line ends stay in an element's text; in an attribute a reader would make blanks of them. */
static void xml_add(struct buf *out, const char *text, bool element)
{
    static const char *const entities[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\n'] = "&#10;"};

    while (*text) {
        unsigned char c = (unsigned char)*text;
        size_t n = jx_utf8_len(text);

        if (c == '\n' && element)
            buf_char_add(out, '\n');
        else if (c < COUNTOF(entities) && entities[c])
            buf_text_add(out, entities[c]);
        else if (is_foreign(text, n))
            buf_char_add(out, '?');
        else
            buf_add(out, text, n);
        text += n > 0 ? n : 1;
    }
}

static void xml_text(struct buf *out, const char *text)
{
    xml_add(out, text, false);
}

/* --- counting -------------------------------------------------------------------------------- */

static bool is_must(const struct model *m, const char *id)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->rules[i].id, id) == 0)
            return m->rules[i].must;
    return true;
}

static void count(const struct model *m, const struct judgement *j, size_t counts[OUTCOME_COUNT])
{
    for (size_t i = 0; i < j->n; i++)
        if (verdict_counts(j, &j->at[i]))
            counts[model_outcome(j->at[i].verdict, is_must(m, j->at[i].rule))]++;
    counts[model_story_outcome(j)]++;
}

static void counts_write(struct buf *out, const size_t c[OUTCOME_COUNT])
{
    buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
               c[OUTCOME_OK] + c[OUTCOME_FAILURE] + c[OUTCOME_ERROR] + c[OUTCOME_SKIPPED],
               c[OUTCOME_FAILURE], c[OUTCOME_ERROR], c[OUTCOME_SKIPPED]);
}

/* --- a case ---------------------------------------------------------------------------------- */

/* Points part packages for some servers: gateproof, story (and what `over` put in), stage. */
static void class_write(struct buf *out, const struct judgement *j)
{
    buf_text_add(out, "gateproof.");
    xml_text(out, j->story);
    if (j->over[0]) {
        buf_char_add(out, ' ');
        xml_text(out, j->over);
    }
    if (j->stage < STAGE_COUNT)
        buf_printf(out, ".%s", stage_name(j->stage));
}

struct junit_case {
    const struct judgement *judgement; /* NULL: the run's */
    const char *name;
    ms_t time_ms;
    enum outcome outcome;
    enum verdict verdict; /* its word begins the message, and is the type of what is no pass */
    const char *why, *body;
};

static void case_write(struct buf *out, const struct junit_case *c)
{
    const char *word = verdict_word(c->verdict);

    buf_text_add(out, "  <testcase classname=\"");
    if (c->judgement)
        class_write(out, c->judgement);
    else
        buf_text_add(out, "gateproof");
    buf_printf(out, "\" name=\"%s\" time=\"", c->name);
    jx_write_seconds(out, c->time_ms);
    buf_char_add(out, '"');
    if (c->outcome == OUTCOME_OK) {
        buf_text_add(out, "/>\n");
        return;
    }
    buf_printf(out, ">\n   <%s message=\"%s: ", elements[c->outcome], word);
    xml_text(out, c->why);
    if (c->outcome != OUTCOME_SKIPPED)
        buf_printf(out, "\" type=\"%s", word);
    buf_text_add(out, "\">");
    xml_add(out, c->body, true);
    buf_printf(out, "</%s>\n  </testcase>\n", elements[c->outcome]);
}

static void rule_case_write(struct buf *out, const struct model *m, const struct report_story *s,
                            const struct story_verdict *v)
{
    const bool must = is_must(m, v->rule);
    struct buf body SCOPED(buf_drop) = {0}, why SCOPED(buf_drop) = {0};
    struct junit_case c = {.judgement = s->judgement,
                           .name = v->rule,
                           .outcome = model_outcome(v->verdict, must),
                           .verdict = v->verdict};

    buf_init(&body, KIB(64));
    buf_init(&why, KIB(1));
    if (c.outcome != OUTCOME_OK) {
        buf_printf(&why, "%s%s", must ? "" : "(no MUST: a warning) ",
                   v->seen[0] ? v->seen : v->note);
        buf_printf(&body, "%s %s\n", v->rule, words_sentence(v->rule));
        report_finding(&body, s, v, 0);
    }
    c.why = buf_text(&why);
    c.body = buf_text(&body);
    case_write(out, &c);
}

static void story_case_write(struct buf *out, const struct report_story *s)
{
    const struct judgement *j = s->judgement;
    struct buf again SCOPED(buf_drop) = {0};
    char why[400] = "";

    buf_init(&again, KIB(4));
    words_again(&again, s);
    (void)model_story_is_well(j, why, sizeof(why));
    case_write(out, &(struct junit_case){.judgement = j,
                                         .name = "story",
                                         .time_ms = j->domain_ms,
                                         .outcome = model_story_outcome(j),
                                         .verdict = j->overall,
                                         .why = why,
                                         .body = buf_text(&again)});
}

/* --- suites ---------------------------------------------------------------------------------- */

static void property_write(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "   <property name=\"%s\" value=\"", name);
    xml_text(out, value);
    buf_text_add(out, "\"/>\n");
}

static void properties_write(struct buf *out, const struct judgement *j)
{
    char seed[24];

    snprintf(seed, sizeof(seed), "%" PRIu64, j->seed);
    buf_text_add(out, "  <properties>\n");
    property_write(out, "stage", j->stage < STAGE_COUNT ? stage_name(j->stage) : "");
    property_write(out, "clock", j->clock < CLOCK_COUNT ? clock_name(j->clock) : "");
    property_write(out, "seed", seed);
    buf_text_add(out, "  </properties>\n");
}

static void suite_write(struct buf *out, const struct model *m, const struct report_story *s)
{
    const struct judgement *j = s->judgement;
    size_t counts[OUTCOME_COUNT] = {0};

    count(m, j, counts);
    buf_text_add(out, " <testsuite name=\"");
    class_write(out, j);
    buf_char_add(out, '"');
    counts_write(out, counts);
    buf_text_add(out, " time=\"");
    jx_write_seconds(out, j->domain_ms);
    buf_text_add(out, "\">\n");
    properties_write(out, j);
    story_case_write(out, s);
    for (size_t i = 0; i < j->n; i++)
        if (verdict_counts(j, &j->at[i]))
            rule_case_write(out, m, s, &j->at[i]);
    buf_text_add(out, " </testsuite>\n");
}

/* What the stories came to, a line a rule: the words that one story's case cannot say. */
static void run_write(struct buf *out, const struct model *m)
{
    const enum outcome outcome = model_run_outcome(m);
    struct buf text SCOPED(buf_drop) = {0};
    size_t counts[OUTCOME_COUNT] = {0};

    buf_init(&text, KIB(64));
    counts[outcome]++;
    buf_text_add(out, " <testsuite name=\"gateproof\"");
    counts_write(out, counts);
    buf_text_add(out, " time=\"0\">\n");
    buf_printf(&text, "exit status %d, %s%s%s", m->report->summary->exit_status,
               model_status_words(m), m->report->note ? "; " : "",
               m->report->note ? m->report->note : "");
    case_write(out, &(struct junit_case){.name = "run",
                                         .outcome = outcome,
                                         .verdict = m->worst,
                                         .why = buf_text(&text),
                                         .body = ""});
    buf_clear(&text);
    for (size_t i = 0; i < m->n; i++)
        buf_printf(&text, "%s %s\n", m->rules[i].id, verdict_word(m->rules[i].verdict));
    buf_text_add(out, "  <system-out>");
    xml_add(out, buf_text(&text), true);
    buf_text_add(out, "</system-out>\n </testsuite>\n");
}

void report_junit(struct buf *out, const struct report *r)
{
    size_t counts[OUTCOME_COUNT] = {0};
    ms_t time_ms = 0;
    struct model m;

    model_make(&m, r);
    for (size_t i = 0; i < r->n_stories; i++) {
        count(&m, r->stories[i].judgement, counts);
        time_ms += r->stories[i].judgement->domain_ms;
    }
    counts[model_run_outcome(&m)]++;
    buf_text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gateproof\"");
    counts_write(out, counts);
    buf_text_add(out, " time=\"");
    jx_write_seconds(out, time_ms);
    buf_text_add(out, "\">\n");
    for (size_t i = 0; i < r->n_stories; i++)
        suite_write(out, &m, &r->stories[i]);
    run_write(out, &m);
    buf_text_add(out, "</testsuites>\n");
}
