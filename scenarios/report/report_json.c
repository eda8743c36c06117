/* The report for programs; report.schema.json says what is in it. Members come in a fixed order,
 * rules in the catalogue's: the same findings give the same bytes. A seed is a text because it may
 * be greater than 2^53. */
#include "scenarios/report/model.h"
#include "scenarios/report/words.h"

#include "lib/base/jx.h"
#include "scenarios/judge/laws.h"

#include <inttypes.h>

static void text_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    jx_write_text(out, text);
}

static void parameters_write(struct buf *out)
{
    buf_text_add(out, ",\"parameters\":[");
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        buf_text_add(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        jx_write_text(out, law_parameters[i].name);
        if (law_parameters[i].ms > 0) {
            buf_text_add(out, ",\"seconds\":");
            jx_write_seconds(out, law_parameters[i].ms);
        } else {
            buf_printf(out, ",\"count\":%" PRId64, law_parameters[i].count);
        }
        buf_char_add(out, '}');
    }
    buf_char_add(out, ']');
}

static void head_write(struct buf *out, const struct model *m)
{
    const struct report *r = m->report;

    buf_printf(out, "{\"version\":%d", REPORT_JSON_VERSION);
    text_member(out, "harness", r->harness_version);
    buf_text_add(out, ",\"gateway\":{\"name\":");
    jx_write_text(out, r->name);
    text_member(out, "vendor", r->vendor);
    text_member(out, "version", r->version);
    buf_char_add(out, '}');
    text_member(out, "note", r->note ? r->note : "");
    parameters_write(out);
    buf_printf(out, ",\"exitStatus\":%d", r->summary->exit_status);
    text_member(out, "exitWords", model_status_words(m));
    buf_text_add(out, ",\"counts\":{");
    for (int v = 0; v < VERDICT_COUNT; v++)
        buf_printf(out, "%s\"%s\":%zu", v > 0 ? "," : "", verdict_word((enum verdict)v),
                   r->summary->counts[v]);
    buf_char_add(out, '}');
}

static void rule_write(struct buf *out, const struct model *m, const struct model_rule *rule)
{
    buf_text_add(out, "{\"id\":");
    jx_write_text(out, rule->id);
    text_member(out, "sentence", rule->sentence);
    text_member(out, "level", rule->level);
    text_member(out, "ground", rule->ground);
    text_member(out, "clauses", rule->clauses);
    text_member(out, "verdict", verdict_word(rule->verdict));
    buf_printf(out, ",\"graded\":%zu", rule->graded);
    if (rule->finding) {
        text_member(out, "story", m->report->stories[rule->story].judgement->story);
        buf_printf(out, ",\"storyIndex\":%zu", rule->story);
    }
    buf_char_add(out, '}');
}

static void finding_write(struct buf *out, const struct judgement *j, const struct story_verdict *v)
{
    buf_text_add(out, "{\"rule\":");
    jx_write_text(out, v->rule);
    text_member(out, "verdict", verdict_word(v->verdict));
    buf_printf(out, ",\"counts\":%s,\"line\":%d", verdict_counts(j, v) ? "true" : "false", v->line);
    text_member(out, "clause", v->clause);
    text_member(out, "expected", v->expected);
    text_member(out, "seen", v->seen);
    text_member(out, "note", v->note);
    buf_text_add(out, ",\"evidence\":[");
    for (size_t i = 0; i < v->n_evidence; i++)
        buf_printf(out, "%s%" PRIu64, i > 0 ? "," : "", v->evidence[i]);
    buf_text_add(out, "]}");
}

static void story_write(struct buf *out, const struct report_story *s)
{
    const struct judgement *j = s->judgement;

    buf_text_add(out, "{\"story\":");
    jx_write_text(out, j->story);
    text_member(out, "over", j->over);
    text_member(out, "stage", j->stage < STAGE_COUNT ? stage_name(j->stage) : "");
    text_member(out, "clock", j->clock < CLOCK_COUNT ? clock_name(j->clock) : "");
    buf_printf(out, ",\"seed\":\"%" PRIu64 "\",\"domainSeconds\":", j->seed);
    jx_write_seconds(out, j->domain_ms);
    text_member(out, "expects", words_expects(j->expect));
    buf_printf(out, ",\"asExpected\":%s", j->expected ? "true" : "false");
    text_member(out, "overall", verdict_word(j->overall));
    text_member(out, "journal", s->journal_path ? s->journal_path : "");
    text_member(out, "options", s->options ? s->options : "");
    buf_text_add(out, ",\"verdicts\":[");
    for (size_t i = 0; i < j->n; i++) {
        if (i > 0)
            buf_char_add(out, ',');
        finding_write(out, j, &j->at[i]);
    }
    buf_text_add(out, "]}");
}

void report_json(struct buf *out, const struct report *r)
{
    struct model m;

    model_make(&m, r);
    head_write(out, &m);
    buf_text_add(out, ",\"rules\":[");
    for (size_t i = 0; i < m.n; i++) {
        buf_text_add(out, i > 0 ? ",\n" : "\n");
        rule_write(out, &m, &m.rules[m.catalogue[i]]);
    }
    buf_text_add(out, "],\"stories\":[");
    for (size_t i = 0; i < r->n_stories; i++) {
        buf_text_add(out, i > 0 ? ",\n" : "\n");
        story_write(out, &r->stories[i]);
    }
    buf_text_add(out, "]}\n");
}
