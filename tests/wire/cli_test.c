/* The command line of gateproof: what it refuses, in one line that says place and remedy, and what
 * it says when all is well. */
#include "tests/test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_wrong_option_is_one_line_with_a_remedy),
        test(a_report_that_cannot_be_written_is_told_first),
        test(the_words_that_a_user_looks_for_are_there),
        test(a_rogue_is_played_as_one_however_long_the_line_is),
        test(all_65_rules_are_listed),
    };
    return run_tests(tests);
}
