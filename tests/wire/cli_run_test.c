/* What a run answers: exit status, report in four formats, what `explain --run` says of it later,
 * and what is left of runs that were killed. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/io/file.h"
#include "tests/wire/cli_refuses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS SECONDS(20)
#define ESCAPE      "\x1b"

#define GREEN                                                                                      \
    "scenario \"green\"\nsite shape nat\nat 0s gateway installs\n"                                 \
    "by 5m gateway is Running [REG-2]\nrun 1h\n"
#define RED                                                                                        \
    "scenario \"red\"\nat 0s gateway installs\n"                                                   \
    "by 5m gateway is Unhealthy [REG-2]\nrun 1h\n"
#define EMPTY                                                                                      \
    "scenario \"vacuous\"\nsite shape nat\nnever flow internet -> private for 5m [CON-3]\n"        \
    "premise flow gateway -> palette\nrun 1h\n"

struct played {
    struct cli_room room;
    struct cli_end end;
};

/* Plays one story in the simulator. */
static void play(struct played *p, const char *story, const char *format, const char *const *env,
                 bool on_tty)
{
    const char *args[] = {"run",   "900", "--stage",  "sim",  "--data", NULL,
                          "--out", NULL,  "--format", format, NULL};

    cli_room_new(&p->room);
    args[5] = p->room.data;
    args[7] = p->room.out;
    cli_text(&p->room, "stories/900-this.scn", story);
    cli_run(&p->end, args, env, on_tty, PATIENCE_MS);
}

static void played_drop(struct played *p)
{
    cli_end_drop(&p->end);
    cli_room_drop(&p->room);
}

static void the_status_tells_green_red_and_not_proven(void **state)
{
    static const struct {
        const char *story, *word;
        int status;
    } rows[] = {{GREEN, "pass", 0}, {RED, "fail", 1}, {EMPTY, "vacuous", 2}};
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct played p;

        play(&p, rows[i].story, "text", NULL, false);
        if (p.end.status != rows[i].status)
            fail_msg("row %zu ends with %d:\n%s%s", i, p.end.status, buf_text(&p.end.out),
                     buf_text(&p.end.err));
        assert_non_null(strstr(buf_text(&p.end.out), rows[i].word));
        played_drop(&p);
    }
}

/* No gateway could do anything about its being skipped, so nobody's run is the less green. */
static void a_story_of_the_harness_alone_is_played_in_the_simulator_by_every_run(void **state)
{
    const char *args[] = {"run", "005", "--stage", "loopback", "--out", NULL, NULL};
    struct played p;
    (void)state;

    cli_room_new(&p.room);
    args[5] = p.room.out;
    cli_run(&p.end, args, NULL, false, PATIENCE_MS);
    if (p.end.status != 0)
        fail_msg("%d:\n%s%s", p.end.status, buf_text(&p.end.out), buf_text(&p.end.err));
    assert_non_null(strstr(buf_text(&p.end.err), "sim virtual"));
    played_drop(&p);
}

/* What a reader of a red run needs, all on stdout: rule, clause, both sides, again. */
static void a_failed_verdict_shows_all_that_is_needed(void **state)
{
    static const char *const words[] = {"REG-2",    "GP-", "expected",      "seen",
                                        "900-this", "3",   "gateproof run", "--seed 1"};
    struct played p;
    (void)state;

    play(&p, RED, "text", NULL, false);
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (!strstr(buf_text(&p.end.out), words[i]))
            fail_msg("a failed verdict does not say '%s':\n%s", words[i], buf_text(&p.end.out));
    played_drop(&p);
}

static void json_on_stdout_is_one_document_and_the_report_too(void **state)
{
    char value[64];
    struct played p;
    struct buf file;
    (void)state;

    play(&p, RED, "json", NULL, false);
    assert_true(jx_pick(p.end.out.data, p.end.out.len, "exitStatus", value, sizeof(value)));
    assert_text(value, "1");
    assert_int_equal(p.end.status, 1);
    cli_read(cli_path(&p.room, "report/report.json"), &file);
    assert_text(buf_text(&file), buf_text(&p.end.out));
    buf_drop(&file);
    played_drop(&p);
}

static void junit_on_stdout_is_xml(void **state)
{
    struct played p;
    (void)state;

    play(&p, RED, "junit", NULL, false);
    assert_int_equal(strncmp(buf_text(&p.end.out), "<?xml", 5), 0);
    assert_non_null(strstr(buf_text(&p.end.out), "<failure"));
    assert_non_null(strstr(buf_text(&p.end.out), "</testsuites>"));
    played_drop(&p);
}

static void markdown_on_stdout_is_for_the_page_of_a_job(void **state)
{
    struct played p;
    (void)state;

    play(&p, RED, "markdown", NULL, false);
    assert_int_equal(p.end.status, 1);
    assert_int_equal(strncmp(buf_text(&p.end.out), "## Gateproof: fail\n", 19), 0);
    assert_non_null(strstr(buf_text(&p.end.out), "| **fail** | REG-2 | MUST |"));
    played_drop(&p);
}

static void assert_says(const struct cli_end *end, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strstr(buf_text(&end->out), words[i]))
            fail_msg("it does not say '%s':\n%s", words[i], buf_text(&end->out));
}

/* Long after the run, and after its folder was carried elsewhere. */
static void a_run_can_be_asked_what_it_said(void **state)
{
    static const char *const words[] = {"fail REG-2",     "900-this (sim, virtual), line 3",
                                        "expected",       "by 5m gateway is Unhealthy",
                                        "moved/900-this", "again",
                                        "--data",         "to do"};
    const char *args[] = {"explain", "reg-2", "--run", NULL, NULL};
    struct played p;
    struct cli_end end;
    (void)state;

    play(&p, RED, "text", NULL, false);
    assert_int_equal(rename(p.room.out, cli_path(&p.room, "moved")), 0);
    args[3] = cli_path(&p.room, "moved");
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    assert_int_equal(end.status, 0);
    assert_says(&end, words, COUNTOF(words));
    cli_end_drop(&end);
    args[1] = "SPG-9";
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    assert_int_equal(end.status, 3);
    assert_non_null(strstr(buf_text(&end.err), "says nothing about 'SPG-9'"));
    cli_end_drop(&end);
    played_drop(&p);
}

/* Item by item what an auditor asks of one rule: all of it in one call, also where it is well. */
static void a_pass_shows_the_rule_and_the_events_it_rests_on(void **state)
{
    static const char story[] =
        "scenario \"green\"\ngrades REG-3\nsite shape nat\nat 0s gateway installs\n"
        "by 15m gateway is Running\nend gateways listed 1\nrun 1h\n";
    static const char *const words[] = {"is encrypted from its first byte",
                                        "A bad one would",
                                        "What the judge looks at",
                                        "What the run in",
                                        "pass REG-3",
                                        "connections, all TLS",
                                        "events     #",
                                        "flow.first from=gateway to=palette",
                                        "0 tls.shown; the first of each",
                                        "journal.jsonl",
                                        "--stage netns --keep-packets"};
    const char *args[] = {"explain", "reg-3", "--run", NULL, NULL};
    struct played p;
    struct cli_end end;
    (void)state;

    play(&p, story, "text", NULL, false);
    args[3] = p.room.out;
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    assert_int_equal(end.status, 0);
    assert_says(&end, words, COUNTOF(words));
    cli_end_drop(&end);
    played_drop(&p);
}

/* All of it could be taken for the new run's; what else lies there is somebody's. */
static void what_a_killed_run_left_is_gone_after_the_next(void **state)
{
    static const char *const old[] = {
        "report/report.txt.part-W8j06o", "report/900-this.sim.virtual/journal.jsonl.part-W8j06o",
        "report/900-this.sim.virtual/packets.pcapng", "report/900-this.sim.virtual/REG-1.pcapng",
        "report/900-this.sim.virtual/broken.txt"};
    static const char *const others[] = {"report/report.txt.mine", "report/report.txt.backup",
                                         "report/mine.part-W8j06o", "report/packets.pcapng"};
    const char *args[] = {"run", "900", "--stage", "sim", "--data", NULL, "--out", NULL, NULL};
    struct cli_room room;
    struct cli_end end;
    (void)state;

    cli_room_new(&room);
    args[5] = room.data;
    args[7] = room.out;
    cli_text(&room, "stories/900-this.scn", GREEN);
    for (size_t i = 0; i < COUNTOF(old); i++)
        cli_text(&room, old[i], "old");
    for (size_t i = 0; i < COUNTOF(others); i++)
        cli_text(&room, others[i], "somebody's");
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    assert_int_equal(end.status, 0);
    for (size_t i = 0; i < COUNTOF(old); i++)
        assert_false(file_exists(cli_path(&room, old[i])));
    for (size_t i = 0; i < COUNTOF(others); i++)
        assert_true(file_exists(cli_path(&room, others[i])));
    cli_end_drop(&end);
    cli_room_drop(&room);
}

/* Who asks for the best clock, or for none, is told which one it is when it is not the usual. */
static void the_clock_is_said_when_it_is_not_the_one_expected(void **state)
{
    static const struct {
        const char *clock, *said;
    } rows[] = {{"auto", "gateproof: clock virtual: stage sim has no other\n"}, {"virtual", NULL}};
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const char *args[] = {"run",   "900", "--stage", "sim",         "--data", NULL,
                              "--out", NULL,  "--clock", rows[i].clock, NULL};
        struct cli_room room;
        struct cli_end end;

        cli_room_new(&room);
        args[5] = room.data;
        args[7] = room.out;
        cli_text(&room, "stories/900-this.scn", GREEN);
        cli_run(&end, args, NULL, false, PATIENCE_MS);
        assert_int_equal(end.status, 0);
        assert_int_equal(strstr(buf_text(&end.err), "gateproof: clock") != NULL,
                         rows[i].said != NULL);
        assert_true(rows[i].said == NULL || strstr(buf_text(&end.err), rows[i].said) != NULL);
        cli_end_drop(&end);
        cli_room_drop(&room);
    }
}

static void a_report_that_is_none_is_told(void **state)
{
    static const char *const wrong[] = {"", "{}", "[]", "{\"version\":2,\"stories\":[]}",
                                        "{\"version\":1,\"stories\":[{}]}"};
    const char *args[] = {"explain", "REG-2", "--run", NULL, NULL};
    struct cli_tally t;
    struct cli_room r;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    for (size_t i = 0; i < COUNTOF(wrong); i++) {
        cli_text(&r, "old/report.json", wrong[i]);
        args[3] = cli_path(&r, "old");
        cli_refuses(&t, &r, wrong[i], args, NULL,
                    (const char *const[]){"--run", "old/report.json", NULL});
    }
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* A report that nobody could read is not green. */
static void a_full_disk_behind_stdout_is_told(void **state)
{
    const char *const args[] = {"rules", NULL};
    struct cli_end end;
    (void)state;

    cli_run_into("/dev/full", &end, args, PATIENCE_MS);
    assert_int_equal(end.status, 2);
    assert_non_null(strstr(buf_text(&end.err), "stdout cannot be written"));
    cli_end_drop(&end);
}

static bool has_escapes(const struct played *p)
{
    return strstr(buf_text(&p->end.out), ESCAPE) || strstr(buf_text(&p->end.err), ESCAPE);
}

static void colour_is_for_terminals_that_want_it(void **state)
{
    static const char *const plain[] = {"TERM=xterm", "NO_COLOR=1", NULL};
    static const char *const dumb[] = {"TERM=dumb", NULL};
    static const char *const colour[] = {"TERM=xterm", NULL};
    struct played p;
    (void)state;

    play(&p, RED, "text", colour, false);
    assert_false(has_escapes(&p)); /* a pipe */
    played_drop(&p);
    play(&p, RED, "text", colour, true);
    if (!has_escapes(&p))
        fail_msg("no colour:\n%s", buf_text(&p.end.out));
    played_drop(&p);
    play(&p, RED, "text", dumb, true);
    assert_false(has_escapes(&p));
    played_drop(&p);
    play(&p, RED, "text", plain, true);
    assert_null(strstr(buf_text(&p.end.out), ESCAPE "[3")); /* no colour; moving the line is fine */
    assert_null(strstr(buf_text(&p.end.out), ESCAPE "[1"));
    played_drop(&p);
}

/* Environment that is nobody's business changes no verdict: same bytes twice. */
static void a_strange_environment_changes_nothing(void **state)
{
    static const char *const env[] = {
        "LANG=de_DE.UTF-8", "LC_ALL=tr_TR.UTF-8", "TZ=Asia/Tokyo", "HTTPS_PROXY=http://127.0.0.1:1",
        "GP_CLOCK_FD=0",    "GP_CONTRACT=99",     "COLUMNS=3",     NULL};
    struct played a, b;
    (void)state;

    play(&a, GREEN, "junit", NULL, false);
    play(&b, GREEN, "junit", env, false);
    if (b.end.status != 0)
        fail_msg("%s%s", buf_text(&b.end.out), buf_text(&b.end.err));
    assert_text(buf_text(&a.end.out), buf_text(&b.end.out));
    played_drop(&a);
    played_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_status_tells_green_red_and_not_proven),
        test(a_story_of_the_harness_alone_is_played_in_the_simulator_by_every_run),
        test(a_failed_verdict_shows_all_that_is_needed),
        test(json_on_stdout_is_one_document_and_the_report_too),
        test(junit_on_stdout_is_xml),
        test(markdown_on_stdout_is_for_the_page_of_a_job),
        test(a_run_can_be_asked_what_it_said),
        test(a_pass_shows_the_rule_and_the_events_it_rests_on),
        test(what_a_killed_run_left_is_gone_after_the_next),
        test(the_clock_is_said_when_it_is_not_the_one_expected),
        test(a_report_that_is_none_is_told),
        test(a_full_disk_behind_stdout_is_told),
        test(colour_is_for_terminals_that_want_it),
        test(a_strange_environment_changes_nothing),
    };
    return run_tests(tests);
}
