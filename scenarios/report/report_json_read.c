/* What report_json wrote, back as judgements: for `explain RULE --run DIR`, and so that the writer
 * has a reader to disagree with. */
#include "scenarios/report/report.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVIDENCE_TEXT_MAX (JUDGE_EVIDENCE_MAX * 22)

struct verdict_text { /* a member of stories[].verdicts */
    char rule[8], verdict[16], clause[64], expected[256], seen[256], note[256];
    char *evidence; /* "[12,13]" */
    int64_t line;
};
struct story_text {
    char story[64], over[64], stage[16], clock[16], seed[24], expects[16], overall[16];
    char journal[1024], options[REPORT_OPTIONS_MAX];
    ms_t domain_ms;
    bool expected;
    size_t n;
    struct verdict_text verdicts[JUDGE_VERDICTS_MAX];
};
struct whole_text {
    int64_t version;
    char *stories;
};

static const struct jx_field verdict_fields[] = {
    JX_TEXT(struct verdict_text, rule, JX_MUST),
    JX_TEXT(struct verdict_text, verdict, JX_MUST),
    JX_INT(struct verdict_text, line, "line", JX_MUST, 0, INT32_MAX),
    JX_TEXT(struct verdict_text, clause, JX_MUST),
    JX_TEXT(struct verdict_text, expected, JX_MUST),
    JX_TEXT(struct verdict_text, seen, JX_MUST),
    JX_TEXT(struct verdict_text, note, JX_MUST),
    JX_RAW(struct verdict_text, evidence, "evidence", JX_MUST, EVIDENCE_TEXT_MAX),
};
static const struct jx_field story_fields[] = {
    JX_TEXT(struct story_text, story, JX_MUST),
    JX_TEXT(struct story_text, over, JX_MUST),
    JX_TEXT(struct story_text, stage, JX_MUST),
    JX_TEXT(struct story_text, clock, JX_MUST),
    JX_TEXT(struct story_text, seed, JX_MUST),
    JX_TEXT(struct story_text, expects, JX_MUST),
    JX_TEXT(struct story_text, overall, JX_MUST),
    JX_TEXT(struct story_text, journal, JX_MUST),
    JX_TEXT(struct story_text, options, JX_MUST),
    JX_MS(struct story_text, domain_ms, "domainSeconds", JX_MUST, 0, INT64_MAX / 2),
    JX_BOOL(struct story_text, expected, "asExpected", JX_MUST),
    JX_ARRAY(struct story_text, verdicts, n, "verdicts", JX_MUST, verdict_fields),
};
static const struct jx_field whole_fields[] = {
    JX_INT(struct whole_text, version, "version", JX_MUST, 0, INT32_MAX),
    JX_RAW(struct whole_text, stories, "stories", JX_MUST, REPORT_BYTES_MAX),
};

struct reading {
    int (*each)(void *arg, const struct report_read *story);
    void *arg;
    struct err *e;
    struct report_read read;
};

static enum expect expect_find(const char *word)
{
    static const struct {
        enum expect expect;
        enum verdict verdict;
    } all[] = {{EXPECT_FAIL, VERDICT_FAIL},
               {EXPECT_VACUOUS, VERDICT_VACUOUS},
               {EXPECT_INCONCLUSIVE, VERDICT_INCONCLUSIVE}};

    for (size_t i = 0; i < COUNTOF(all); i++)
        if (text_is(word, verdict_word(all[i].verdict)))
            return all[i].expect;
    return EXPECT_PASS;
}

static bool evidence_take(const char *text, struct story_verdict *to)
{
    const char *cursor = text + (*text == '[');
    char word[24];
    int64_t n;

    while (text_next(&cursor, ',', word, sizeof(word))) {
        word[strcspn(word, "]")] = '\0';
        if (word[0] == '\0')
            continue;
        if (to->n_evidence == JUDGE_EVIDENCE_MAX || !text_int(word, 0, INT64_MAX, &n))
            return false;
        to->evidence[to->n_evidence++] = (uint64_t)n;
    }
    return true;
}

static bool verdict_take(const struct verdict_text *from, struct story_verdict *to)
{
    *to = (struct story_verdict){.verdict = verdict_find(from->verdict), .line = (int)from->line};
    text_copy(to->rule, sizeof(to->rule), from->rule);
    text_copy(to->clause, sizeof(to->clause), from->clause);
    text_copy(to->expected, sizeof(to->expected), from->expected);
    text_copy(to->seen, sizeof(to->seen), from->seen);
    text_copy(to->note, sizeof(to->note), from->note);
    return to->verdict != VERDICT_COUNT && evidence_take(from->evidence, to);
}

static int story_take(void *arg, size_t i, const void *element)
{
    const struct story_text *from = element;
    struct reading *x = arg;
    struct judgement *j = &x->read.judgement;
    int64_t seed = 0;
    bool ok;

    *j = (struct judgement){.stage = stage_find(from->stage),
                            .clock = clock_find(from->clock),
                            .domain_ms = from->domain_ms,
                            .expect = expect_find(from->expects),
                            .expected = from->expected,
                            .overall = verdict_find(from->overall),
                            .n = from->n};
    text_copy(j->story, sizeof(j->story), from->story);
    text_copy(j->over, sizeof(j->over), from->over);
    text_copy(x->read.journal, sizeof(x->read.journal), from->journal);
    text_copy(x->read.options, sizeof(x->read.options), from->options);
    ok = j->overall != VERDICT_COUNT && text_int(from->seed, 0, INT64_MAX, &seed);
    j->seed = (uint64_t)seed;
    for (size_t k = 0; k < from->n && ok; k++)
        ok = verdict_take(&from->verdicts[k], &j->at[k]);
    return ok ? x->each(x->arg, &x->read)
              : err_set(x->e, -EINVAL, "stories[%zu]: a verdict, a seed or a number that is none",
                        i);
}

int report_json_read(const char *text, size_t len,
                     int (*each)(void *arg, const struct report_read *story), void *arg,
                     struct err *e)
{
    struct whole_text whole = {.version = 0};
    struct story_text *element = calloc(1, sizeof(*element));
    struct reading *x = calloc(1, sizeof(*x));
    int r = jx_read(text, len, whole_fields, COUNTOF(whole_fields), 0, &whole, e);

    if (!element || !x)
        WRONG("out of memory");
    *x = (struct reading){.each = each, .arg = arg, .e = e};
    if (r == 0 && whole.version != REPORT_JSON_VERSION)
        r = err_set(e, -EINVAL, "version: %lld is not known here, only %d is",
                    (long long)whole.version, REPORT_JSON_VERSION);
    if (r == 0)
        r = jx_read_list(whole.stories, strlen(whole.stories), story_fields, COUNTOF(story_fields),
                         0, element, sizeof(*element), story_take, x, e);
    jx_drop(whole_fields, COUNTOF(whole_fields), &whole);
    free(element);
    free(x);
    return r;
}
