/* Reports that hold every outcome there is, and bytes that mean something to a terminal, to HTML,
 * to XML and to Mermaid. What the four writers say lies in tests/contract/reports, where
 * tests/contract/reports.py holds them against each other and against the schema; here they are
 * what is written, and the JSON is read back. After a wanted change: GATEPROOF_WRITE_GOLDEN=1. */
#include "tests/test.h"

#include "tests/journals.h"

#include "lib/base/text.h"
#include "scenarios/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORIES_MAX 12
#define HOSTILE     "<b>&\"|`*[x](y)\x1b[31m]]>\x7f\xff\xc2\x9b end;%%#@you"
#define HOSTILE_EVENT                                                                              \
    "{\"t\":1250,\"src\":\"capture\",\"ev\":\"flow.try\",\"from\":\"palette\",\"to\":\"gateway\"," \
    "\"from_zone\":\"internet\",\"to_zone\":\"private\",\"from_ip\":\"203.0.113.10\",\"to_ip\":"   \
    "\"10.10.0.2\",\"to_port\":\"8443\",\"link\":\"internet\",\"kind\":"                           \
    "\"\\u001b[2J</pre>```;end\",\"text\":\"\\u009b31m|\"}"

struct said {
    const char *rule;
    enum verdict verdict;
    const char *seen, *note;
};
struct told { /* a judgement in short */
    const char *story;
    enum verdict overall;
    enum expect expect;
    bool expected;
    uint64_t seed;
    struct said said[3];
};

static const struct told outcomes[] = {
    {"100-fails",
     VERDICT_FAIL,
     EXPECT_PASS,
     false,
     1,
     {{"REG-1", VERDICT_PASS, "so it did", ""},
      {"REG-2", VERDICT_FAIL, HOSTILE, ""},
      {"LAUNCH", VERDICT_PASS, "so it did", ""}}},
    {"101-vacuous",
     VERDICT_INCONCLUSIVE,
     EXPECT_PASS,
     false,
     1,
     {{"REG-3", VERDICT_VACUOUS, "", "premise of line 4 was not met"},
      {"CON-1", VERDICT_INCONCLUSIVE, "", "the capture lost 3"},
      {"REG-1", VERDICT_VACUOUS, "", "premise of line 4 was not met"}}},
    {"102-undeclared",
     VERDICT_UNDECLARED,
     EXPECT_PASS,
     false,
     1,
     {{"LAUNCH", VERDICT_UNDECLARED, "it refused a feature that its manifest declares", ""}}},
    {"103-unsupported",
     VERDICT_UNSUPPORTED,
     EXPECT_PASS,
     true,
     1,
     {{"PRX-1", VERDICT_UNSUPPORTED, "", "the manifest does not declare feature proxy"}}},
    {"104-skipped",
     VERDICT_SKIPPED,
     EXPECT_PASS,
     true,
     1,
     {{"TOP-3", VERDICT_SKIPPED, "", "skipped: the story is not for this stage"}}},
    {"105-broken",
     VERDICT_HARNESS_ERROR,
     EXPECT_PASS,
     false,
     1,
     {{"REG-4", VERDICT_HARNESS_ERROR, "", "the journal has no end: the stage broke"}}},
    {"106-flaky", VERDICT_PASS, EXPECT_PASS, true, 7, {{"REG-6", VERDICT_PASS, "once so", ""}}},
    {"106-flaky", VERDICT_FAIL, EXPECT_PASS, false, 7, {{"REG-6", VERDICT_FAIL, "once not", ""}}},
    {"107-should",
     VERDICT_PASS,
     EXPECT_PASS,
     true,
     1,
     {{"CON-5", VERDICT_FAIL, "a SHOULD that fails", ""}}},
    {"002-red",
     VERDICT_PASS,
     EXPECT_FAIL,
     false,
     1,
     {{"REG-2", VERDICT_PASS, "it does not count here", ""},
      {"H-2", VERDICT_FAIL, "it ended pass", ""}}},
    {"108-empty", VERDICT_HARNESS_ERROR, EXPECT_PASS, false, 1, {{NULL, 0, "", ""}}},
};
static const struct told green[] = {
    {"100-passes",
     VERDICT_PASS,
     EXPECT_PASS,
     true,
     UINT64_C(18446744073709551615),
     {{"REG-1", VERDICT_PASS, "so it did", ""}, {"LAUNCH", VERDICT_PASS, "so it did", ""}}},
    {"107-should",
     VERDICT_PASS,
     EXPECT_PASS,
     true,
     1,
     {{"CON-5", VERDICT_FAIL, "a SHOULD that fails", ""}}},
};
static const struct told unproven[] = {
    {"101-vacuous",
     VERDICT_VACUOUS,
     EXPECT_PASS,
     false,
     1,
     {{"REG-3", VERDICT_VACUOUS, "", "premise of line 4 was not met"}}},
};

static const struct set {
    const char *name;
    const struct told *told;
    size_t n;
    int exit_status;
    const char *note;
} sets[] = {
    {"outcomes", outcomes, COUNTOF(outcomes), 1, NULL},
    {"green", green, COUNTOF(green), 0, NULL},
    {"unproven", unproven, COUNTOF(unproven), 2, "The stories ran <nowhere>."},
};

struct made {
    struct judgement judgements[STORIES_MAX];
    struct report_story stories[STORIES_MAX];
    struct ev_list journal;
    struct summary summary;
    struct report report;
};

static void judgement_make(const struct told *t, struct judgement *j)
{
    *j = (struct judgement){.stage = STAGE_NETNS,
                            .clock = CLOCK_STEPPED,
                            .seed = t->seed,
                            .domain_ms = 90500,
                            .expect = t->expect,
                            .expected = t->expected,
                            .overall = t->overall};
    snprintf(j->story, sizeof(j->story), "%s", t->story);
    for (; j->n < COUNTOF(t->said) && t->said[j->n].rule; j->n++) {
        const struct said *s = &t->said[j->n];
        struct story_verdict *v = &j->at[j->n];

        *v = (struct story_verdict){.verdict = s->verdict, .line = (int)j->n};
        snprintf(v->rule, sizeof(v->rule), "%s", s->rule);
        snprintf(v->clause, sizeof(v->clause), "GP-19");
        snprintf(v->seen, sizeof(v->seen), "%s", s->seen);
        snprintf(v->note, sizeof(v->note), "%s", s->note);
        if (s->verdict == VERDICT_FAIL) {
            v->n_evidence = 2;
            v->evidence[0] = 18;
            v->evidence[1] = 22;
        }
    }
}

static struct made *made_new(const struct set *set)
{
    static const struct journal_edit hostile = {EDIT_INSERT, "\"op\":\"enrol\"", 1, HOSTILE_EVENT};
    struct made *m = calloc(1, sizeof(*m));

    assert_non_null(m);
    assert_true(set->n <= STORIES_MAX);
    journal_load("tests/contract/journals/story.pass.jsonl", &hostile, &m->journal);
    for (size_t i = 0; i < set->n; i++) {
        judgement_make(&set->told[i], &m->judgements[i]);
        m->stories[i] = (struct report_story){.judgement = &m->judgements[i],
                                              .journal = i == 0 ? &m->journal : NULL,
                                              .journal_path = i == 0 ? "out/a & b.jsonl" : "",
                                              .options = " --gateway mine.json"};
    }
    summarise(m->judgements, set->n, &m->summary);
    m->report = (struct report){.name = "example <b>|gateway",
                                .vendor = "Example & Söhne",
                                .version = "2.3.1",
                                .harness_version = "0.1.0",
                                .summary = &m->summary,
                                .stories = m->stories,
                                .n_stories = set->n,
                                .note = set->note};
    return m;
}

static void made_free(struct made *m)
{
    ev_list_drop(&m->journal);
    free(m);
}

static const struct writer {
    const char *ending;
    void (*write)(struct buf *out, const struct report *r);
} writers[] = {
    {"txt", report_text}, {"json", report_json}, {"xml", report_junit}, {"md", report_markdown}};

static void golden(const char *path, const struct buf *seen)
{
    static char wanted[KIB(128)];
    FILE *file;
    size_t len;

    if (getenv("GATEPROOF_WRITE_GOLDEN")) {
        file = fopen(path, "w");
        assert_non_null(file);
        fwrite(seen->data, 1, seen->len, file);
        fclose(file);
    }
    file = fopen(path, "r");
    if (!file)
        fail_msg("there is no %s", path);
    len = fread(wanted, 1, sizeof(wanted) - 1, file);
    fclose(file);
    wanted[len] = '\0';
    if (strcmp(wanted, buf_text(seen)) != 0)
        fail_msg("%s is not what is written now; write it anew with GATEPROOF_WRITE_GOLDEN=1",
                 path);
}

/* Chain: what is written is what lies there, and what lies there agrees (reports.py). */
static void what_is_written_is_what_is_held_against_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(sets); i++) {
        struct made *m = made_new(&sets[i]);

        assert_int_equal(m->summary.exit_status, sets[i].exit_status);
        for (size_t k = 0; k < COUNTOF(writers); k++) {
            struct buf out SCOPED(buf_drop) = {0};
            char path[128];

            snprintf(path, sizeof(path), "tests/contract/reports/%s.%s", sets[i].name,
                     writers[k].ending);
            buf_init(&out, REPORT_BYTES_MAX);
            writers[k].write(&out, &m->report);
            golden(path, &out);
        }
        made_free(m);
    }
}

/* A journal is written by strangers: nothing of it may reach a terminal or a page as more than
 * letters. */
static void no_format_holds_a_byte_that_drives_a_terminal(void **state)
{
    struct made *m = made_new(&sets[0]);
    (void)state;

    for (size_t k = 0; k < COUNTOF(writers); k++) {
        struct buf out SCOPED(buf_drop) = {0};

        buf_init(&out, REPORT_BYTES_MAX);
        writers[k].write(&out, &m->report);
        for (size_t i = 0; i < out.len; i++) {
            const unsigned char c = (unsigned char)out.data[i];

            if ((c < ' ' && c != '\n') || c == 0x7f || c == 0xff ||
                (c == 0xc2 && (unsigned char)out.data[i + 1] < 0xa0 && k != 1 && k != 2))
                fail_msg("%s: byte %02x at %zu", writers[k].ending, c, i);
        }
    }
    made_free(m);
}

struct reading {
    const struct made *made;
    size_t n;
};

static int compare(void *arg, const struct report_read *read)
{
    struct reading *x = arg;
    const struct judgement *a = &x->made->judgements[x->n++], *b = &read->judgement;

    assert_text(b->story, a->story);
    assert_int_equal(b->overall, a->overall);
    assert_int_equal(b->expect, a->expect);
    assert_int_equal(b->expected, a->expected);
    assert_int_equal(b->stage, a->stage);
    assert_int_equal(b->clock, a->clock);
    assert_int_equal(b->domain_ms, a->domain_ms);
    assert_int_equal(b->n, a->n);
    assert_text(read->options, " --gateway mine.json");
    for (size_t i = 0; i < a->n; i++) {
        assert_text(b->at[i].rule, a->at[i].rule);
        assert_int_equal(b->at[i].verdict, a->at[i].verdict);
        assert_int_equal(b->at[i].n_evidence, a->at[i].n_evidence);
        assert_memory_equal(b->at[i].evidence, a->at[i].evidence, sizeof(a->at[i].evidence));
        if (strcmp(a->at[i].seen, HOSTILE) != 0)
            assert_text(b->at[i].seen, a->at[i].seen);
    }
    return 0;
}

static void the_json_is_read_back_as_what_was_judged(void **state)
{
    struct made *m = made_new(&sets[0]);
    struct buf out SCOPED(buf_drop) = {0};
    struct reading x = {.made = m};
    struct err e;
    (void)state;

    buf_init(&out, REPORT_BYTES_MAX);
    report_json(&out, &m->report);
    must(report_json_read(buf_text(&out), out.len, compare, &x, &e), &e);
    assert_int_equal(x.n, COUNTOF(outcomes));
    made_free(m);
}

static void another_version_of_the_json_is_refused(void **state)
{
    static const char text[] = "{\"version\":2,\"stories\":[]}";
    struct err e;
    (void)state;

    must_fail(report_json_read(text, strlen(text), NULL, NULL, &e), &e, -EINVAL,
              "version: 2 is not known here, only 1 is");
}

static size_t lines_of(const struct buf *text, const char *with)
{
    const char *cursor = buf_text(text);
    char line[512];
    size_t n = 0;

    while (text_next(&cursor, '\n', line, sizeof(line)))
        n += strstr(line, with) != NULL;
    return n;
}

/* Eight events far apart must not fill ten screens, and none of them may be missing. */
static void a_picture_is_bounded_and_shows_all_evidence(void **state)
{
    struct story_verdict v = {.n_evidence = JUDGE_EVIDENCE_MAX};
    struct buf out SCOPED(buf_drop) = {0};
    struct ev_list journal;
    (void)state;

    journal_load("tests/contract/journals/clusters.pass.jsonl", NULL, &journal);
    for (size_t i = 0; i < JUDGE_EVIDENCE_MAX; i++)
        v.evidence[JUDGE_EVIDENCE_MAX - 1 - i] =
            ev_list_at(&journal, i * journal.n / JUDGE_EVIDENCE_MAX)->seq;
    buf_init(&out, REPORT_BYTES_MAX);
    report_sequence(&out, &journal, &v, 2, 200);
    assert_int_equal(lines_of(&out, "=>"), JUDGE_EVIDENCE_MAX);
    assert_true(lines_of(&out, "#") > JUDGE_EVIDENCE_MAX && lines_of(&out, "#") <= 32);
    ev_list_drop(&journal);
}

/* Who waited in vain for something finds its reason where the waiting ended. */
static void a_line_that_waited_in_vain_shows_the_end_too(void **state)
{
    struct story_verdict v = {.n_evidence = 1, .verdict = VERDICT_FAIL, .line = 3};
    struct buf out SCOPED(buf_drop) = {0};
    struct ev_list journal;
    (void)state;

    journal_load("tests/contract/journals/clusters.pass.jsonl", NULL, &journal);
    v.evidence[0] = ev_list_at(&journal, 3)->seq;
    snprintf(v.expected, sizeof(v.expected), "never flow internet -> private");
    buf_init(&out, REPORT_BYTES_MAX);
    report_sequence(&out, &journal, &v, 2, 0);
    assert_int_equal(lines_of(&out, "at the end of the run"), 0);
    buf_clear(&out);
    snprintf(v.expected, sizeof(v.expected), "by 15m gateway is Running");
    report_sequence(&out, &journal, &v, 2, 0);
    assert_int_equal(lines_of(&out, "at the end of the run"), 1);
    report_mermaid(&out, &journal, &v);
    assert_int_equal(lines_of(&out, "at the end of the run"), 2);
    ev_list_drop(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_is_written_is_what_is_held_against_each_other),
        test(no_format_holds_a_byte_that_drives_a_terminal),
        test(the_json_is_read_back_as_what_was_judged),
        test(another_version_of_the_json_is_refused),
        test(a_picture_is_bounded_and_shows_all_evidence),
        test(a_line_that_waited_in_vain_shows_the_end_too),
    };
    return run_tests(tests);
}
