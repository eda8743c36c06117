/* The command line of gateproof: what it refuses, in one line that says place and remedy, and what
 * it says when all is well. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/io/file.h"
#include "tests/wire/cli_refuses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS SECONDS(20)
#define ESCAPE      "\x1b"

/* --- options and environment ---------------------------------------------------------------------
 */

struct bad_line {
    const char *what;
    const char *args[8];
    const char *env[3];
    const char *words[WORDS_MAX];
};

static const struct bad_line lines[] = {
    {"no command", {NULL}, {NULL}, {"--help"}},
    {"an unknown command", {"prove"}, {NULL}, {"prove", "--help"}},
    {"a misspelt command", {"runn", "100"}, {NULL}, {"runn", "'run'"}},
    {"a command of escape codes", {ESCAPE "[31m"}, {NULL}, {"--help"}},
    {"a misspelt option", {"run", "100", "--sead", "3"}, {NULL}, {"--sead", "--seed"}},
    {"an option of nobody", {"run", "100", "--frobnicate"}, {NULL}, {"--frobnicate", "--help"}},
    {"a short option", {"run", "100", "-x"}, {NULL}, {"-x", "--help"}},
    {"no value", {"run", "100", "--seed"}, {NULL}, {"--seed", "N"}},
    {"an option for a value", {"run", "100", "--out", "--seed"}, {NULL}, {"--out"}},
    {"a seed that is no number", {"run", "100", "--seed", "abc"}, {NULL}, {"--seed", "abc"}},
    {"a seed with a tail", {"run", "100", "--seed", "1x"}, {NULL}, {"--seed", "1x"}},
    {"an empty seed", {"run", "100", "--seed", ""}, {NULL}, {"--seed"}},
    {"a negative seed", {"run", "100", "--seed", "-1"}, {NULL}, {"--seed", "-1"}},
    {"a seed too large", {"run", "100", "--seed", "99999999999999999999999"}, {NULL}, {"--seed"}},
    {"no jobs", {"run", "100", "--jobs", "0"}, {NULL}, {"--jobs", "0", "1"}},
    {"too many jobs", {"run", "100", "--jobs", "100000"}, {NULL}, {"--jobs", "100000"}},
    {"half a job", {"run", "100", "--jobs", "1.5"}, {NULL}, {"--jobs", "1.5"}},
    {"an unknown stage", {"run", "100", "--stage", "moon"}, {NULL}, {"--stage", "moon", "netns"}},
    {"an unknown clock",
     {"run", "100", "--clock", "sundial"},
     {NULL},
     {"--clock", "sundial", "stepped", "wall"}},
    {"a clock that sim lacks",
     {"run", "100", "--stage", "sim", "--clock", "stepped"},
     {NULL},
     {"--clock", "sim", "--stage netns"}},
    {"another clock that sim lacks",
     {"run", "100", "--clock", "wall", "--stage", "sim"},
     {NULL},
     {"--clock", "sim", "--stage netns"}},
    {"a foreign proxy under a clock of ours",
     {"run", "210", "--stage", "netns", "--proxy", "squid"},
     {NULL},
     {"--proxy squid", "--clock wall"}},
    {"a proxy that nobody knows",
     {"run", "210", "--clock", "wall", "--proxy", "squit"},
     {NULL},
     {"--proxy", "squit", "did you mean 'squid'"}},
    {"a proxy like none of them",
     {"run", "210", "--clock", "wall", "--proxy", "foo"},
     {NULL},
     {"--proxy", "foo", "squid or tinyproxy"}},
    {"a stage twice",
     {"run", "100", "--stage", "sim", "--stage", "netns"},
     {NULL},
     {"--stage is given twice"}},
    {"an unknown format",
     {"run", "100", "--format", "yaml"},
     {NULL},
     {"--format", "yaml", "text", "json", "markdown"}},
    {"an unknown story", {"run", "999"}, {NULL}, {"999", "gateproof list"}},
    {"an unknown rogue", {"gallery", "robber"}, {NULL}, {"robber", "docs/rogues.md"}},
    {"a misspelt story", {"run", "100-install-and-registr"}, {NULL}, {"100-install-and-register"}},
    {"a story of escape codes", {"run", ESCAPE "]0;x"}, {NULL}, {"gateproof list"}},
    {"a story in another folder", {"run", "../labs/nat"}, {NULL}, {"gateproof list"}},
    {"one good and one unknown story", {"run", "100", "999"}, {NULL}, {"999", "gateproof list"}},
    {"explain nothing", {"explain"}, {NULL}, {"explain REG-3", "explain 100"}},
    {"explain an unknown rule", {"explain", "REG-99"}, {NULL}, {"REG-99", "gateproof rules"}},
    {"explain a misspelt story", {"explain", "999"}, {NULL}, {"999", "gateproof list"}},
    {"explain too much", {"explain", "REG-1", "REG-2"}, {NULL}, {"REG-2"}},
    {"explain by a run that is not there",
     {"explain", "REG-1", "--run", "/no/such"},
     {NULL},
     {"/no/such/report.json", "--out"}},
    {"an unknown lab", {"lab", "moon"}, {NULL}, {"moon", "nat", "direct"}},
    {"a lab elsewhere", {"lab", "../stories/x"}, {NULL}, {"nat", "direct"}},
    {"list takes no word", {"list", "all"}, {NULL}, {"all"}},
    {"rules takes no word", {"rules", "REG-1"}, {NULL}, {"REG-1", "no word"}},
    {"judge without a journal", {"judge", "100"}, {NULL}, {"JOURNAL"}},
    {"judge a journal that is not there",
     {"judge", "100", "/no/such.jsonl"},
     {NULL},
     {"/no/such.jsonl"}},
    {"journal of a file that is not there",
     {"journal", "/no/such.jsonl"},
     {NULL},
     {"/no/such.jsonl"}},
    {"journal of a file that is none", {"journal", "README.md"}, {NULL}, {"README.md", "line 1"}},
    {"an environment with another data folder",
     {"list"},
     {"GATEPROOF_DATA=/no/such"},
     {"/no/such", "GATEPROOF_DATA"}},
    {"an option with another data folder",
     {"list", "--data", "/no/such"},
     {NULL},
     {"/no/such", "--data"}},
    {"an environment with no gateway",
     {"run", "100"},
     {"GATEPROOF_GATEWAY=/no/such.json"},
     {"/no/such.json"}},
};

static size_t args_count(const char *const *args)
{
    size_t n = 0;
    while (args[n])
        n++;
    return n;
}

/* A run's row gets an --out of its own at its end, unless it is about the last word. */
static void a_wrong_option_is_one_line_with_a_remedy(void **state)
{
    struct cli_tally t;
    struct cli_room r;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    for (size_t i = 0; i < COUNTOF(lines); i++) {
        const struct bad_line *b = &lines[i];
        const char *args[CLI_ARGS_MAX] = {NULL};
        const size_t n = args_count(b->args);
        size_t k = 0;

        if (n > 0)
            args[k++] = b->args[0];
        if (n > 1 && strcmp(b->args[0], "run") == 0) {
            args[k++] = "--out";
            args[k++] = r.out;
        }
        for (size_t j = 1; j < n; j++)
            args[k++] = b->args[j];
        cli_refuses(&t, &r, b->what, args, b->env[0] ? b->env : NULL, b->words);
    }
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* Told before the first story, not after the last. */
static void a_report_that_cannot_be_written_is_told_first(void **state)
{
    const char *args[] = {"run", "100", "--stage", "sim", "--out", NULL, NULL};
    struct cli_tally t;
    struct cli_room r;
    (void)state;

    cli_tally_init(&t);
    cli_room_new(&r);
    cli_text(&r, "a-file", "here\n");
    args[5] = cli_path(&r, "a-file/report");
    cli_refuses(&t, &r, "--out below a file", args, NULL,
                (const char *const[]){"--out", "a-file", NULL});
    args[5] = cli_path(&r, "a-file");
    cli_refuses(&t, &r, "--out is a file", args, NULL,
                (const char *const[]){"--out", "a-file", NULL});
    args[5] = "/proc/gateproof";
    cli_refuses(&t, &r, "--out where nobody may write", args, NULL,
                (const char *const[]){"--out", "/proc/gateproof", NULL});
    args[5] = "";
    cli_refuses(&t, &r, "--out is empty", args, NULL, (const char *const[]){"--out", NULL});
    cli_room_drop(&r);
    cli_tally_end(&t);
}

/* --- what is said when all is well ---------------------------------------------------------------
 */

struct good_line {
    const char *args[5];
    const char *words[9];
};

static const struct good_line good[] = {
    {{"--help"}, {"gateproof run", "explain", "--stage", "--clock", "--gateway", "exit status"}},
    {{"run", "--help"}, {"--seed", "--jobs", "--out", "--format", "GATEPROOF_GATEWAY"}},
    {{"--version"}, {"gateproof 0."}},
    {{"--show-config"}, {"stage = ", "seed = 1", "default"}},
    {{"list"}, {"001-", "002-", "003-", "004-", "100-install-and-register", "120-idle-week"}},
    {{"rules", "--coverage"},
     {"TOP-1  MUST, seed; evidence NET MAAS PAL", "L20-21 \"A Private", " 101", "middleman in 500",
      "65 rules"}},
    {{"rules", "--sentences"}, {"L17 ", "untestable", "cannot be seen: ", "rules: REG-1 TOP-1"}},
    {{"explain", "TOP-1"},
     {"The architecture page says", "L21-22: \"The PCG is necessary", "A bad one would"}},
    {{"rules"}, {"REG-1", "CON-3", "SPG-9", "graded", "planned", "harness"}},
    {{"explain", "REG-3"}, {"encrypted", "ClientHello", "GP-23", "graded"}},
    {{"explain", "100"}, {"100-install-and-register", "REG-2", "NAT", "palette", "maas", "by"}},
    {{"explain", "100-install-and-register"}, {"gateproof run 100"}},
    {{"explain", "001"},
     {"over     SHAPE: direct nat nat-short", "14 runs", "topology SHAPE: this is direct",
      "site     shape SHAPE", "stages   sim netns", "expect   pass", "run      10m", "factor 60"}},
    {{"explain", "002"}, {"expect   fail: it must end red"}},
    {{"explain", "501", "--data", "scenarios"},
     {"over     HOW: dies loses-power freezes", "27 runs", "at POINT+30m gateway comes back",
      "not played on clock wall: five hours each",
      "501-killed-at-every-point-of-create --data "
      "scenarios"}},
    {{"lab", "direct"}, {"203.0.113.0/24", "10.10.0.0/24", "gateway", "maas", "palette"}},
    {{"lab", "nat"}, {"NAT", "10.10.0.0/24"}},
    {{"journal"}, {"flow.try", "pal.register"}},
};

static void the_words_that_a_user_looks_for_are_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(good); i++) {
        struct cli_end end;

        cli_run(&end, good[i].args, NULL, false, PATIENCE_MS);
        if (end.status != 0 || end.err.len > 0)
            fail_msg("%s: status %d, %s", good[i].args[0], end.status, buf_text(&end.err));
        for (size_t k = 0; good[i].words[k]; k++)
            if (!strstr(buf_text(&end.out), good[i].words[k]))
                fail_msg("%s %s does not say '%s':\n%s", good[i].args[0],
                         good[i].args[1] ? good[i].args[1] : "", good[i].words[k],
                         buf_text(&end.out));
        assert_null(strstr(buf_text(&end.out), ESCAPE));
        cli_end_drop(&end);
    }
}

#define MANY 100 /* words: there are more stories than once fitted on a rogue's command line */

static void a_rogue_is_played_as_one_however_long_the_line_is(void **state)
{
    const char *args[MANY + 8] = {"run"};
    struct cli_room room;
    struct cli_end end;
    size_t n = 1;
    (void)state;

    cli_room_new(&room);
    while (n <= MANY)
        args[n++] = "100";
    args[n++] = "--stage";
    args[n++] = "sim";
    args[n++] = "--out";
    args[n++] = room.out;
    args[n++] = "--gateway";
    args[n++] = "tests/rogues/accountless.json";
    cli_run(&end, args, NULL, false, PATIENCE_MS);
    if (!strstr(buf_text(&end.out), "rogue accountless"))
        fail_msg("it was not played:\n%s%s", buf_text(&end.out), buf_text(&end.err));
    cli_end_drop(&end);
    cli_room_drop(&room);
}

static void all_65_rules_are_listed(void **state)
{
    const char *const args[] = {"rules", NULL};
    struct cli_end end;
    size_t n = 0;
    (void)state;

    cli_run(&end, args, NULL, false, PATIENCE_MS);
    for (const char *p = buf_text(&end.out); p; p = strchr(p, '\n')) {
        p += *p == '\n';
        n += *p >= 'A' && *p <= 'Z' && p[3] == '-'; /* not H-1, which is about the harness */
        if (*p == '\0')
            break;
    }
    assert_int_equal(n, 65);
    cli_end_drop(&end);
}

/* --- a run's answer ------------------------------------------------------------------------------
 */

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
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (!strstr(buf_text(&end.out), words[i]))
            fail_msg("it does not say '%s':\n%s", words[i], buf_text(&end.out));
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
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (!strstr(buf_text(&end.out), words[i]))
            fail_msg("it does not say '%s':\n%s", words[i], buf_text(&end.out));
    cli_end_drop(&end);
    played_drop(&p);
}

/* All of it could be taken for the new run's; what else lies there is somebody's. */
static void what_a_killed_run_left_is_gone_after_the_next(void **state)
{
    static const char *const old[] = {
        "report/report.txt.W8j06o", "report/900-this.sim.virtual/journal.jsonl.W8j06o",
        "report/900-this.sim.virtual/packets.pcapng", "report/900-this.sim.virtual/REG-1.pcapng",
        "report/900-this.sim.virtual/broken.txt"};
    static const char *const others[] = {"report/report.txt.mine", "report/mine.W8j06o",
                                         "report/packets.pcapng"};
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
        test(a_wrong_option_is_one_line_with_a_remedy),
        test(a_report_that_cannot_be_written_is_told_first),
        test(the_words_that_a_user_looks_for_are_there),
        test(a_rogue_is_played_as_one_however_long_the_line_is),
        test(all_65_rules_are_listed),
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
