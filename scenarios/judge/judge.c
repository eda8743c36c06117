/* One story, one journal: lines, laws, premises, evidence and expectation become verdicts.
 *
 * The order of the steps is the algebra. A harness that broke says nothing about a gateway; a
 * missing feature stops the story; each rule is judged by its tagged lines and its law; a step that
 * failed takes away what rests on silence; an unmet premise takes away everything. */
#include "scenarios/judge/judge_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/outfit.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/judge/accounted.h"
#include "scenarios/judge/lines.h"
#include "scenarios/judge/rules.h"

#include <stdio.h>
#include <string.h>

struct judging {
    const struct script *script;
    const struct ev_list *journal;
    struct judgement *out;
    struct lines *lines;
    struct law_context evidence;
    char why_torn[256];
    const char *end_why; /* of run.end, "" when there is none */
};

static void free_lines(struct lines **l)
{
    if (*l)
        lines_free(*l);
}

/* --- what the journal says about the run ----------------------------------------------------- */

static void read_begin(struct judgement *out, const struct event *e)
{
    out->stage = stage_find(ev_text(e, EVF_STAGE));
    out->clock = clock_find(ev_text(e, EVF_CLOCK));
    out->seed = (uint64_t)ev_int(e, EVF_SEED);
    snprintf(out->over, sizeof(out->over), "%s", ev_text(e, EVF_OVER));
}

static void read_run(struct judging *j)
{
    struct judgement *out = j->out;

    memset(out, 0, sizeof(*out));
    snprintf(out->story, sizeof(out->story), "%s", j->script->name);
    out->expect = j->script->expect;
    out->stage = STAGE_COUNT;
    out->clock = CLOCK_COUNT;
    j->end_why = "";
    for (size_t i = 0; i < j->journal->n; i++) {
        const struct event *e = ev_list_at(j->journal, i);

        if (e->kind == EV_RUN_BEGIN)
            read_begin(out, e);
        if (e->kind == EV_RUN_END)
            j->end_why = ev_text(e, EVF_WHY);
        out->domain_ms = ms_max(out->domain_ms, e->t);
        lines_feed(j->lines, e);
    }
    lines_end(j->lines);
    evidence_check(j->journal, &j->evidence, j->why_torn, sizeof(j->why_torn));
}

/* --- the story's rules ----------------------------------------------------------------------- */

static struct story_verdict *verdict_add(struct judgement *out, const char *rule)
{
    const struct rule *r = rule_find(rule);
    struct story_verdict *v;

    for (size_t i = 0; i < out->n; i++)
        if (text_is(out->at[i].rule, rule))
            return &out->at[i];
    if (out->n == JUDGE_VERDICTS_MAX)
        WRONG("a story grades more rules than there are");
    v = &out->at[out->n++];
    snprintf(v->rule, sizeof(v->rule), "%s", rule);
    snprintf(v->clause, sizeof(v->clause), "%s", r ? r->clauses : "");
    return v;
}

static void collect_rules(struct judging *j)
{
    const struct script *s = j->script;

    for (size_t i = 0; i < s->n_lines; i++)
        for (size_t k = 0; k < s->lines[i].n_rules; k++)
            verdict_add(j->out, s->lines[i].rules[k]);
    for (size_t i = 0; i < s->n_grades; i++)
        verdict_add(j->out, s->grades[i]);
}

static bool is_tagged_with(const struct script_line *line, const char *rule)
{
    for (size_t i = 0; i < line->n_rules; i++)
        if (text_is(line->rules[i], rule))
            return true;
    return false;
}

static bool is_graded_by_law(const struct script *s, const char *rule)
{
    for (size_t i = 0; i < s->n_grades; i++)
        if (text_is(s->grades[i], rule))
            return true;
    return false;
}

/* --- one line -------------------------------------------------------------------------------- */

static bool is_about_packets(const struct script_line *line)
{
    return text_begins(line->verb->id, "flow") || text_begins(line->verb->id, "proxy.saw") ||
           text_begins(line->verb->id, "secret");
}

/* Its evidence does not exist on a stage where nobody looks at packets: true or false, it says
 * nothing. */
static bool is_unseeable(const struct judging *j, const struct script_line *line)
{
    const struct script_line *other = line->or_next > 0 ? &j->script->ors[line->or_next - 1] : line;

    return j->evidence.blind &&
           (line->verb->stages & other->verb->stages & BIT(STAGE_LOOPBACK)) == 0;
}

static bool is_whole_for(const struct judging *j, const struct script_line *line)
{
    return j->evidence.journals_whole && (j->evidence.packets_whole || !is_about_packets(line));
}

/* A never or always that broke was seen to break; the others fail by what did not come. */
static bool fails_by_absence(const struct script_line *line)
{
    return line->when == WHEN_BY || line->when == WHEN_THEN || line->when == WHEN_END;
}

static void describe_line(const struct judging *j, size_t i, struct story_verdict *v)
{
    const struct script_line *line = &j->script->lines[i];
    char time[24] = "";

    if (line->when == WHEN_BY || (line->when == WHEN_THEN && line->time > 0))
        text_duration_write(line->time, time, sizeof(time));
    v->line = line->number;
    snprintf(v->expected, sizeof(v->expected), "%s %s%s%.200s", when_name(line->when), time,
             time[0] ? " " : "", line->text);
    lines_seen(j->lines, i, v->seen, sizeof(v->seen), v->evidence, &v->n_evidence);
}

static void inconclusive(struct story_verdict *v, const char *why)
{
    v->verdict = VERDICT_INCONCLUSIVE;
    snprintf(v->note, sizeof(v->note), "%s", why);
}

static void torn(const struct judging *j, struct story_verdict *v)
{
    v->verdict = VERDICT_INCONCLUSIVE;
    snprintf(v->note, sizeof(v->note), "%s", j->why_torn);
}

static void judge_false_line(const struct judging *j, const struct script_line *line,
                             struct story_verdict *v)
{
    v->verdict = VERDICT_FAIL;
    v->absent = fails_by_absence(line);
    if (text_is(line->verb->id, "evidence.whole") || is_unseeable(j, line))
        torn(j, v);
    else if (fails_by_absence(line) && !is_whole_for(j, line))
        torn(j, v);
    else if (fails_by_absence(line) && text_is(j->end_why, "budget"))
        inconclusive(v, "the run was ended by its budget before this could come true");
}

static void judge_line(const struct judging *j, size_t i, struct story_verdict *ret)
{
    const struct script_line *line = &j->script->lines[i];
    enum line_state state = lines_state(j->lines, i);
    struct story_verdict v = *ret;

    v.verdict = VERDICT_PASS;
    describe_line(j, i, &v);
    if (state == LINE_FALSE || state == LINE_UNDONE)
        judge_false_line(j, line, &v);
    else if (state != LINE_TRUE && state != LINE_DONE)
        inconclusive(&v, "the run ended before this was decided");
    else if (!is_whole_for(j, line) || is_unseeable(j, line))
        torn(j, &v);
    if (ret->line == 0 || verdict_rank(v.verdict) < verdict_rank(ret->verdict))
        *ret = v;
}

/* --- one rule -------------------------------------------------------------------------------- */

/* Number of lines tagged with the rule; their worst verdict is in *v. */
static size_t judge_lines(const struct judging *j, struct story_verdict *v)
{
    size_t n = 0;

    for (size_t i = 0; i < j->script->n_lines; i++) {
        const struct script_line *line = &j->script->lines[i];

        if (line->when == WHEN_PREMISE || !is_tagged_with(line, v->rule))
            continue;
        judge_line(j, i, v);
        n++;
    }
    return n;
}

/* A line that failed by what did not come shows the effect; a law that saw what did, the cause. */
static bool shows_more(const struct story_verdict *law, const struct story_verdict *line)
{
    return line->verdict != VERDICT_FAIL || (line->absent && !law->absent && law->n_evidence > 0);
}

/* A rule with tagged lines is judged by them; its law then only finds what they did not look at. */
static void judge_rule(const struct judging *j, struct story_verdict *v)
{
    const struct law *law = law_find(v->rule);
    bool by_law = is_graded_by_law(j->script, v->rule);
    size_t n_lines = judge_lines(j, v);
    struct story_verdict found;

    if (law) {
        law_judge(law, j->journal, &j->evidence, &found);
        if (n_lines == 0 || (found.verdict == VERDICT_FAIL && shows_more(&found, v)) ||
            (by_law && verdict_rank(found.verdict) < verdict_rank(v->verdict)))
            *v = found;
    } else if (n_lines == 0 && !promise_find(v->rule)) {
        inconclusive(v, "no law grades this rule yet, and no line of the story is tagged with it");
    }
}

/* --- steps and premises ---------------------------------------------------------------------- */

static bool has_failed(const struct judging *j, size_t i)
{
    enum line_state state = lines_state(j->lines, i);

    return state == LINE_FALSE || state == LINE_UNDONE;
}

/* The first untagged line that failed, or n_lines. */
static size_t failed_step(const struct judging *j)
{
    const struct script *s = j->script;

    for (size_t i = 0; i < s->n_lines; i++)
        if (s->lines[i].when != WHEN_PREMISE && s->lines[i].n_rules == 0 && has_failed(j, i))
            return i;
    return s->n_lines;
}

static bool rests_on_silence(const struct judging *j, const struct story_verdict *v)
{
    for (size_t i = 0; i < j->script->n_lines; i++) {
        const struct script_line *line = &j->script->lines[i];

        if (line->number == v->line)
            return line->when == WHEN_NEVER || line->when == WHEN_ALWAYS;
    }
    return false;
}

static void apply_step(struct judging *j, size_t step)
{
    const struct script_line *line = &j->script->lines[step];
    char why[200];

    snprintf(why, sizeof(why), "line %d did not come true: %.150s", line->number, line->text);
    for (size_t i = 0; i < j->out->n; i++) {
        struct story_verdict *v = &j->out->at[i];

        if (v->verdict == VERDICT_INCONCLUSIVE ||
            (v->verdict == VERDICT_PASS && rests_on_silence(j, v)))
            inconclusive(v, why);
    }
    if (j->out->n == 0)
        j->out->overall = VERDICT_INCONCLUSIVE;
}

static void all_become(struct judgement *out, enum verdict verdict, const char *note)
{
    out->overall = verdict;
    for (size_t i = 0; i < out->n; i++) {
        struct story_verdict *v = &out->at[i];

        v->verdict = verdict;
        v->n_evidence = 0;
        v->line = 0;
        v->expected[0] = v->seen[0] = '\0';
        snprintf(v->note, sizeof(v->note), "%s", note);
    }
}

/* A premise guards against a pass that proves nothing. What was seen to be broken stays broken: who
 * goes round a proxy never comes to the point of being seen at it. */
static void premise_unmet(struct judging *j, enum verdict verdict, const char *why)
{
    struct story_verdict shown[JUDGE_VERDICTS_MAX];
    bool is_shown[JUDGE_VERDICTS_MAX] = {false};

    for (size_t i = 0; i < j->out->n; i++) {
        shown[i] = j->out->at[i];
        is_shown[i] =
            shown[i].verdict == VERDICT_FAIL && !shown[i].absent && shown[i].n_evidence > 0;
    }
    all_become(j->out, verdict, why);
    for (size_t i = 0; i < j->out->n; i++)
        if (is_shown[i])
            j->out->at[i] = shown[i];
}

/* A premise that nobody could see. A law guards its own passes: it counts what it met. */
static void premise_unknown(struct judging *j, const struct script_line *premise)
{
    char why[256];

    snprintf(why, sizeof(why), "%.90s, so nobody knows the premise of line %d: %.80s", j->why_torn,
             premise->number, premise->text);
    for (size_t i = 0; i < j->out->n; i++) {
        struct story_verdict *v = &j->out->at[i], found = {.verdict = VERDICT_INCONCLUSIVE};
        const struct law *law = law_find(v->rule);

        if (law)
            law_judge(law, j->journal, &j->evidence, &found);
        if (v->verdict == VERDICT_PASS && found.verdict != VERDICT_PASS)
            inconclusive(v, why);
    }
}

static void apply_premises(struct judging *j)
{
    const struct script *s = j->script;
    char why[200];

    for (size_t i = 0; i < s->n_lines; i++) {
        if (s->lines[i].when == WHEN_PREMISE && is_unseeable(j, &s->lines[i])) {
            premise_unknown(j, &s->lines[i]);
            continue;
        }
        if (s->lines[i].when != WHEN_PREMISE || lines_state(j->lines, i) == LINE_TRUE)
            continue;
        snprintf(why, sizeof(why), "premise of line %d was not met: %.150s", s->lines[i].number,
                 s->lines[i].text);
        premise_unmet(j, text_is(j->end_why, "budget") ? VERDICT_INCONCLUSIVE : VERDICT_VACUOUS,
                      why);
        return;
    }
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum verdict expected_verdict(enum expect e)
{
    static const enum verdict of[] = {[EXPECT_PASS] = VERDICT_PASS,
                                      [EXPECT_FAIL] = VERDICT_FAIL,
                                      [EXPECT_VACUOUS] = VERDICT_VACUOUS,
                                      [EXPECT_INCONCLUSIVE] = VERDICT_INCONCLUSIVE};

    return of[e];
}

static bool counts_for_story(const struct story_verdict *v)
{
    const struct rule *rule = rule_find(v->rule);

    return !rule || rule->level == RULE_MUST || v->verdict != VERDICT_FAIL;
}

static void settle(struct judgement *out)
{
    enum verdict wanted = expected_verdict(out->expect);

    for (size_t i = 0; i < out->n; i++)
        if (counts_for_story(&out->at[i]) &&
            verdict_rank(out->at[i].verdict) < verdict_rank(out->overall))
            out->overall = out->at[i].verdict;
    out->expected = out->overall == wanted || out->overall == VERDICT_UNSUPPORTED ||
                    out->overall == VERDICT_SKIPPED;
    if (out->expect == EXPECT_PASS || out->overall == VERDICT_HARNESS_ERROR)
        return;
    for (size_t i = 0; i < out->n; i++) {
        struct story_verdict *v = &out->at[i];

        if (!text_begins(v->rule, "H-"))
            continue;
        v->verdict = out->expected ? VERDICT_PASS : VERDICT_FAIL;
        v->note[0] = '\0';
        snprintf(v->expected, sizeof(v->expected), "the story ends %s", verdict_word(wanted));
        snprintf(v->seen, sizeof(v->seen), "it ended %s", verdict_word(out->overall));
    }
}

/* A feature that the story needs and the manifest does not declare: nothing was played. */
static bool apply_features(struct judging *j, const char *declared)
{
    struct outfit o;
    const char *lacking;
    char why[64];

    outfit_read(j->script, &o);
    lacking = declared ? outfit_lacks(&o, declared) : NULL;
    if (!lacking)
        return false;
    snprintf(why, sizeof(why), "the manifest does not declare feature %s", lacking);
    all_become(j->out, VERDICT_UNSUPPORTED, why);
    return true;
}

static bool grades(const struct judgement *out, const char *rule)
{
    for (size_t i = 0; i < out->n; i++)
        if (text_is(out->at[i].rule, rule))
            return true;
    return false;
}

/* A story that is meant to end red is asked only when it grades this: all its H rules speak of that
 * end. */
static void apply_accounts(struct judging *j)
{
    struct story_verdict found, *v;

    if ((j->out->expect != EXPECT_PASS && !grades(j->out, "H-5")) ||
        !accounted_judge(j->script, j->lines, j->journal, &found))
        return;
    if (!j->evidence.journals_whole)
        torn(j, &found);
    else if (found.verdict != VERDICT_PASS && text_is(j->end_why, "budget"))
        found.verdict = VERDICT_INCONCLUSIVE;
    v = verdict_add(j->out, found.rule);
    if (verdict_rank(found.verdict) <= verdict_rank(v->verdict))
        *v = found;
}

static void judge_rules(struct judging *j)
{
    struct story_verdict launch;
    size_t step;

    for (size_t i = 0; i < j->out->n; i++)
        judge_rule(j, &j->out->at[i]);
    step = failed_step(j);
    if (step < j->script->n_lines)
        apply_step(j, step);
    apply_premises(j);
    apply_accounts(j);
    if (law_launch(j->journal, &launch))
        *verdict_add(j->out, launch.rule) = launch;
}

void judge_story(const struct script *s, const struct ev_list *journal, const char *features,
                 struct judgement *ret)
{
    struct lines *lines SCOPED(free_lines) = lines_new(s);
    struct judging j = {.script = s, .journal = journal, .out = ret, .lines = lines};

    read_run(&j);
    ret->overall = VERDICT_PASS;
    collect_rules(&j);
    if (apply_features(&j, features))
        ; /* whatever the journal says, or does not */
    else if (!j.end_why[0])
        all_become(ret, VERDICT_HARNESS_ERROR, "the journal has no end: the stage broke");
    else if (text_is(j.end_why, "harness"))
        all_become(ret, VERDICT_HARNESS_ERROR, "the stage broke: see the run's last records");
    else
        judge_rules(&j);
    settle(ret);
}
