/* The report for programs. Members come in a fixed order, rules in the catalogue's: the same
 * findings give the same bytes. A seed is a text because it may be greater than 2^53. */
#include "scenarios/report/words.h"

#include "lib/base/jx.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/rules.h"

#include <inttypes.h>

static void text_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    jx_write_text(out, text);
}

static void head_write(struct buf *out, const struct report *r)
{
    buf_printf(out, "{\"version\":%d", REPORT_JSON_VERSION);
    text_member(out, "harness", r->harness_version);
    buf_text_add(out, ",\"gateway\":{\"name\":");
    jx_write_text(out, r->name);
    text_member(out, "vendor", r->vendor);
    text_member(out, "version", r->version);
    buf_text_add(out, "},\"parameters\":[");
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
    buf_printf(out, "],\"exitStatus\":%d,\"counts\":{", r->summary->exit_status);
    for (int v = 0; v < VERDICT_COUNT; v++)
        buf_printf(out, "%s\"%s\":%zu", v > 0 ? "," : "", verdict_word((enum verdict)v),
                   r->summary->counts[v]);
    buf_char_add(out, '}');
}

static void rule_write(struct buf *out, const struct report *r, const struct rule_verdict *v)
{
    const struct rule *rule = rule_find(v->rule);

    buf_text_add(out, "{\"id\":");
    jx_write_text(out, v->rule);
    text_member(out, "level", rule ? rule_level_name(rule->level) : "MUST");
    text_member(out, "ground", rule ? rule_ground_name(rule->ground) : "harness");
    text_member(out, "verdict", verdict_word(v->verdict));
    buf_printf(out, ",\"graded\":%zu", v->graded);
    if (v->first < r->n_stories)
        text_member(out, "story", r->stories[v->first].judgement->story);
    buf_char_add(out, '}');
}

static void finding_write(struct buf *out, const struct story_verdict *v)
{
    buf_text_add(out, "{\"rule\":");
    jx_write_text(out, v->rule);
    text_member(out, "verdict", verdict_word(v->verdict));
    buf_printf(out, ",\"line\":%d", v->line);
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
    buf_printf(out, ",\"asExpected\":%s", j->expected ? "true" : "false");
    text_member(out, "overall", verdict_word(j->overall));
    text_member(out, "journal", s->journal_path ? s->journal_path : "");
    buf_text_add(out, ",\"verdicts\":[");
    for (size_t i = 0; i < j->n; i++) {
        if (i > 0)
            buf_char_add(out, ',');
        finding_write(out, &j->at[i]);
    }
    buf_text_add(out, "]}");
}

void report_json(struct buf *out, const struct report *r)
{
    size_t order[JUDGE_VERDICTS_MAX];

    words_sort(r->summary, order);
    head_write(out, r);
    buf_text_add(out, ",\"rules\":[");
    for (size_t i = 0; i < r->summary->n; i++) {
        buf_text_add(out, i > 0 ? ",\n" : "\n");
        rule_write(out, r, &r->summary->at[order[i]]);
    }
    buf_text_add(out, "],\"stories\":[");
    for (size_t i = 0; i < r->n_stories; i++) {
        buf_text_add(out, i > 0 ? ",\n" : "\n");
        story_write(out, &r->stories[i]);
    }
    buf_text_add(out, "]}\n");
}
