/* Reports over two judged stories. The text, byte for byte, lies in tests/contract/reports; after a
 * wanted change write it anew with GATEPROOF_WRITE_GOLDEN=1 and read the difference. */
#include "tests/test.h"

#include "tests/journals.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "scenarios/judge/rules.h"
#include "scenarios/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INBOUND                                                                                    \
    "{\"t\":1250,\"src\":\"capture\",\"ev\":\"flow.try\",\"from\":\"palette\",\"to\":\"gateway\"," \
    "\"from_zone\":\"internet\",\"to_zone\":\"private\",\"from_ip\":\"203.0.113.10\",\"to_ip\":"   \
    "\"10.10.0.2\",\"to_port\":\"8443\",\"link\":\"internet\",\"text\":\"<a & \\\"b\\\">\"}"

struct fixture {
    struct judgement judgements[3];
    struct ev_list journals[3];
    struct report_story stories[3];
    struct summary summary;
    struct report report;
};

static void play(struct fixture *f, size_t i, const char *name, const char *story,
                 const struct journal_edit *edit)
{
    struct script *s = calloc(1, sizeof(*s));
    struct err e;

    assert_non_null(s);
    must(script_read(name, story, NULL, s, &e), &e);
    journal_load("tests/contract/journals/story.pass.jsonl", edit, &f->journals[i]);
    judge_story(s, &f->journals[i], "pcg", &f->judgements[i]);
    f->stories[i] = (struct report_story){.judgement = &f->judgements[i],
                                          .journal = &f->journals[i],
                                          .journal_path = i == 1 ? "out/101.jsonl" : ""};
    free(s);
}

static int set_up(void **state)
{
    static const struct journal_edit inbound = {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND};
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    play(f, 0, "100-install.scn",
         "scenario \"t\"\ngrades REG-3 PRX-2\nat 0s gateway installs\n"
         "by 15m gateway is Running [REG-2]\nrun 1h\n",
         NULL);
    play(f, 1, "101-knock.scn",
         "scenario \"t\"\ngrades REG-1 CON-1\nat 0s gateway installs\n"
         "by 1m gateway is Unhealthy [REG-6]\nrun 1h\n",
         &inbound);
    play(f, 2, "002-red.scn",
         "scenario \"t\"\nexpect fail\nat 0s gateway installs\n"
         "by 1m gateway is Unhealthy [H-2]\nrun 1h\n",
         NULL);
    summarise(f->judgements, 3, &f->summary);
    f->report = (struct report){.name = "example-gateway",
                                .vendor = "Example Ltd",
                                .version = "2.3.1",
                                .harness_version = "0.1.0",
                                .summary = &f->summary,
                                .stories = f->stories,
                                .n_stories = 3};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++)
        ev_list_drop(&f->journals[i]);
    free(f);
    return 0;
}

static void golden(const char *path, const struct buf *seen)
{
    static char wanted[KIB(64)];
    FILE *file;
    size_t len;

    if (getenv("GATEPROOF_WRITE_GOLDEN")) {
        file = fopen(path, "w");
        assert_non_null(file);
        fwrite(seen->data, 1, seen->len, file);
        fclose(file);
    }
    file = fopen(path, "r");
    assert_non_null(file);
    len = fread(wanted, 1, sizeof(wanted) - 1, file);
    fclose(file);
    wanted[len] = '\0';
    assert_text(buf_text(seen), wanted);
}

static void the_text_is_the_one_we_want_a_person_to_read(void **state)
{
    struct fixture *f = *state;
    struct buf out SCOPED(buf_drop);

    buf_init(&out, REPORT_BYTES_MAX);
    report_text(&out, &f->report);
    golden("tests/contract/reports/two-stories.txt", &out);
}

/* What a person needs to act on a failure, without reading the code. */
static void a_failure_names_rule_clause_events_and_the_command(void **state)
{
    static const char *const pieces[] = {
        "REG-1",
        "GP-19, GP-22",
        "palette at 203.0.113.10 tried 10.10.0.2 port 8443",
        "flow.try",
        "gateproof run 101-knock --stage netns --clock stepped --seed 1",
        "out/101.jsonl",
        "Exit status 1"};
    struct fixture *f = *state;
    struct buf out SCOPED(buf_drop);

    buf_init(&out, REPORT_BYTES_MAX);
    report_text(&out, &f->report);
    for (size_t i = 0; i < COUNTOF(pieces); i++)
        if (!strstr(buf_text(&out), pieces[i]))
            fail_msg("no '%s' in the report", pieces[i]);
    assert_null(strchr(buf_text(&out), '\033'));
    f->report.colour = true;
    buf_clear(&out);
    report_text(&out, &f->report);
    assert_non_null(strstr(buf_text(&out), "\033[1;31mfail\033[0m"));
    f->report.colour = false;
}

static void no_line_is_wider_than_asked(void **state)
{
    struct fixture *f = *state;
    struct buf out SCOPED(buf_drop);
    const char *cursor;
    char line[512];

    f->report.width = 70;
    buf_init(&out, REPORT_BYTES_MAX);
    report_text(&out, &f->report);
    f->report.width = 0;
    cursor = strchr(buf_text(&out), '\n'); /* behind the heading, which is one sentence */
    while (text_next(&cursor, '\n', line, sizeof(line)))
        if (strlen(line) > 72 && !strstr(line, "Exit status")) /* an arrow has three bytes */
            fail_msg("%zu: %s", strlen(line), line);
}

static void the_json_is_json_and_in_order(void **state)
{
    static const struct {
        const char *path, *value;
    } rows[] = {{"version", "1"},
                {"gateway.name", "example-gateway"},
                {"exitStatus", "1"},
                {"exitWords", "something is wrong"},
                {"counts.fail", "2"},
                {"rules.0.id", "REG-1"},
                {"rules.0.verdict", "fail"},
                {"rules.1.id", "REG-2"},
                {"stories.1.story", "101-knock"},
                {"stories.1.seed", "1"},
                {"stories.1.domainSeconds", "120"},
                {"stories.1.verdicts.1.rule", "REG-1"},
                {"stories.2.asExpected", "true"}};
    struct fixture *f = *state;
    struct buf out SCOPED(buf_drop), again SCOPED(buf_drop);
    char value[64];

    buf_init(&out, REPORT_BYTES_MAX);
    buf_init(&again, REPORT_BYTES_MAX);
    report_json(&out, &f->report);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        if (!jx_pick(buf_text(&out), out.len, rows[i].path, value, sizeof(value)))
            fail_msg("no %s in %s", rows[i].path, buf_text(&out));
        assert_text(value, rows[i].value);
    }
    report_json(&again, &f->report);
    assert_text(buf_text(&out), buf_text(&again));
}

/* As much of XML as the report uses: elements are closed in order, attributes are quoted, and no
 * bare sign stands in a text. */
static bool is_well_formed(const char *xml)
{
    char open[8][32];
    size_t depth = 0;

    for (const char *p = xml; *p; p++) {
        size_t len = strcspn(p + 1, " >/");

        if (*p == '&' && strncmp(p, "&lt;", 4) && strncmp(p, "&gt;", 4) && strncmp(p, "&amp;", 5) &&
            strncmp(p, "&quot;", 6) && strncmp(p, "&#10;", 5))
            return false;
        if (*p != '<')
            continue;
        if (p[1] == '?') {
            p = strchr(p, '>');
        } else if (p[1] == '/') {
            len = strcspn(p + 2, ">");
            if (depth == 0 || strlen(open[depth - 1]) != len ||
                strncmp(open[depth - 1], p + 2, len) != 0)
                return false;
            depth--;
            p = strchr(p, '>');
        } else {
            if (depth == COUNTOF(open) || !text_copy_len(open[depth], 32, p + 1, len))
                return false;
            for (p++; *p && *p != '>'; p++)
                if (*p == '"' && !(p = strchr(p + 1, '"')))
                    return false;
            depth += p[-1] != '/';
        }
    }
    return depth == 0;
}

static void the_junit_is_well_formed_and_counts_right(void **state)
{
    struct fixture *f = *state;
    struct buf out SCOPED(buf_drop);

    buf_init(&out, REPORT_BYTES_MAX);
    report_junit(&out, &f->report);
    assert_true(is_well_formed(buf_text(&out)));
    assert_false(is_well_formed("<a><b></a></b>"));
    assert_non_null(strstr(
        buf_text(&out),
        "<testsuites name=\"gateproof\" tests=\"16\" failures=\"3\" errors=\"1\" skipped=\"0\" "));
    assert_non_null(strstr(buf_text(&out), "&lt;a &amp; "));
    assert_null(strstr(buf_text(&out), "<a &"));
}

static void every_rule_can_be_explained(void **state)
{
    struct buf out SCOPED(buf_drop);
    (void)state;

    buf_init(&out, REPORT_BYTES_MAX);
    for (size_t i = 0; i < n_rules; i++) {
        buf_clear(&out);
        assert_true(explain_rule(&out, rules[i].id, 80));
        assert_non_null(strstr(buf_text(&out), "What the judge looks at"));
        assert_non_null(strstr(buf_text(&out), "When it fails"));
    }
    buf_clear(&out);
    assert_true(explain_rule(&out, "LAUNCH", 80));
    buf_clear(&out);
    assert_false(explain_rule(&out, "REG-9", 80));
    assert_non_null(strstr(buf_text(&out), "REG-1"));
    buf_clear(&out);
    explain_list(&out, false);
    assert_non_null(strstr(buf_text(&out), "SPG-9"));
}

/* A row that a page does not show might as well not be there. */
static void the_pages_name_every_row(void **state)
{
    struct buf out SCOPED(buf_drop);
    (void)state;

    buf_init(&out, REPORT_BYTES_MAX);
    rules_markdown(&out);
    for (size_t i = 0; i < n_rules; i++)
        assert_non_null(strstr(buf_text(&out), rules[i].remedy));
    buf_clear(&out);
    journal_markdown(&out);
    for (int k = 0; k < EV_COUNT; k++)
        assert_non_null(strstr(buf_text(&out), ev_kind_name((enum ev_kind)k)));
    buf_clear(&out);
    verbs_markdown(&out);
    assert_non_null(strstr(buf_text(&out), "`gateway installs`"));
    assert_false(out.full);
}

/* Who took which machine for whom, and who gave it back, is what a person asks first. */
static void machines_and_talk_are_drawn_where_clusters_are_made(void **state)
{
    struct buf out SCOPED(buf_drop);
    struct ev_list journal;
    struct story_verdict v = {.n_evidence = 1};
    (void)state;

    buf_init(&out, REPORT_BYTES_MAX);
    journal_load("tests/contract/journals/clusters.pass.jsonl", NULL, &journal);
    report_ledger(&out, &journal, 2);
    for (size_t i = 0; i < journal.n && v.evidence[0] == 0; i++)
        if (ev_is(ev_list_at(&journal, i), EVF_OP, "machines.deploy"))
            v.evidence[0] = ev_list_at(&journal, i)->seq;
    report_sequence(&out, &journal, &v, 2, 0);
    golden("tests/contract/reports/ledger.txt", &out);
    buf_clear(&out);
    v.evidence[0] = 4711;
    report_sequence(&out, &journal, &v, 2, 0);
    report_mermaid(&out, &journal, &v);
    assert_text(buf_text(&out), "");
    ev_list_drop(&journal);
    journal_load("tests/contract/journals/REG-2.pass.jsonl", NULL, &journal);
    report_ledger(&out, &journal, 2);
    assert_text(buf_text(&out), "");
    ev_list_drop(&journal);
}

/* A story with `over` is played in many ways; the one that failed is asked for by its values. */
static void what_is_told_to_be_typed_again_names_the_values(void **state)
{
    static const struct {
        const char *over, *piece;
    } rows[] = {{"expired", "--seed 1 --over expired"}, {"nat 2", "--seed 1 --over 'nat 2'"}};
    struct fixture *f = *state;
    struct buf out SCOPED(buf_drop);

    buf_init(&out, REPORT_BYTES_MAX);
    f->report.width = 200;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        text_copy(f->judgements[1].over, sizeof(f->judgements[1].over), rows[i].over);
        buf_clear(&out);
        report_text(&out, &f->report);
        assert_non_null(strstr(buf_text(&out), rows[i].piece));
    }
    f->judgements[1].over[0] = '\0';
    f->report.width = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(machines_and_talk_are_drawn_where_clusters_are_made),
        test(the_text_is_the_one_we_want_a_person_to_read),
        test(a_failure_names_rule_clause_events_and_the_command),
        test(what_is_told_to_be_typed_again_names_the_values),
        test(no_line_is_wider_than_asked),
        test(the_json_is_json_and_in_order),
        test(the_junit_is_well_formed_and_counts_right),
        test(every_rule_can_be_explained),
        test(the_pages_name_every_row),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
