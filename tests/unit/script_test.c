#include "tests/test.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "scenarios/engine/script.h"
#include "scenarios/engine/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script *script; /* large: one for all tests */

static int before(void **state)
{
    (void)state;
    script = calloc(1, sizeof *script);
    return script ? 0 : -1;
}

static int after(void **state)
{
    (void)state;
    free(script);
    return 0;
}

static void a_good_story_is_read_whole(void **state)
{
    static const char text[] =
        "# why this story is there\n"
        "scenario \"The claim # is here\"   # a comment\n"
        "grades   TOP-4 CON-3\n"
        "stages   sim netns\n"
        "expect   vacuous\n"
        "wall     skip \"too long\"\n"
        "wall     factor 20\n"
        "site     shape direct\n"
        "\n"
        "at 0s    gateway installs\r\n"
        "by 15m   gateway is not Running                     [REG-2] [REG-6]\n"
        "then +5m user lists zones of account acc1\n"
        "never    flow internet -> private for 30m           [REG-1]\n"
        "end      palette took 900+ renew from gateway\n"
        "premise  user was answered z1,z2\n"
        "run 1h";
    const struct script_line *line = script->lines;
    struct err e;

    (void)state;
    must(script_read("stories/900-x.scn", text, NULL, script, &e), &e);
    assert_text(script->name, "900-x");
    assert_text(script->title, "The claim # is here");
    assert_int_equal(script->n_grades, 2);
    assert_text(script->grades[1], "CON-3");
    assert_int_equal(script->stages, BIT(STAGE_SIM) | BIT(STAGE_NETNS));
    assert_int_equal(script->expect, EXPECT_VACUOUS);
    assert_text(script->wall_skip, "too long");
    assert_int_equal(script->wall_factor, 20);
    assert_int_equal(script->run_ms, HOURS(1));
    assert_int_equal(script->n_lines, 7);
    assert_text(script_site(script, "site.shape", 0, "nat"), "direct");
    assert_text(script_site(script, "site.other", 0, "nat"), "nat");

    line++; /* at 0s */
    assert_int_equal(line->when, WHEN_AT);
    assert_int_equal(line->number, 10);
    assert_int_equal(line->column, 10);
    assert_text(line->verb->id, "gateway.installs");
    line++; /* by */
    assert_int_equal(line->time, MINUTES(15));
    assert_text(line->args[0], "not");
    assert_text(line->args[1], "Running");
    assert_int_equal(line->n_rules, 2);
    assert_text(line->rules[1], "REG-6");
    assert_text(line->text, "gateway is not Running");
    line++; /* then */
    assert_int_equal(line->when, WHEN_THEN);
    assert_int_equal(line->time, MINUTES(5));
    assert_text(line->args[0], "zones");
    assert_text(line->args[1], "acc1");
    line++; /* never */
    assert_true(line->has_for);
    assert_int_equal(line->for_ms, MINUTES(30));
    assert_text(line->verb->id, "flow");
    line++; /* end */
    assert_text(line->verb->id, "palette.took-count");
    assert_text(line->args[0], "900+");
    line++; /* premise */
    assert_text(line->verb->id, "user.was-answered-with");
    assert_text(line->args[0], "z1,z2");
}

static void an_over_word_is_put_in_for_each_value(void **state)
{
    static const char text[] = "scenario \"x\"\nover SHAPE nat direct\nover WHO palette user\n"
                               "site shape SHAPE\nnever flow WHO -> private\nrun 1h\n";
    const char *values[SCRIPT_OVER_MAX];
    struct err e;

    (void)state;
    must(script_read("x.scn", text, NULL, script, &e), &e);
    assert_text(script_site(script, "site.shape", 0, ""), "nat");
    assert_true(script_values(script, 0, values));
    assert_text(values[0], "nat");
    assert_text(values[1], "palette");
    assert_true(script_values(script, 3, values));
    assert_text(values[0], "direct");
    assert_text(values[1], "user");
    must(script_read("x.scn", text, values, script, &e), &e);
    assert_text(script_site(script, "site.shape", 0, ""), "direct");
    assert_text(script->lines[1].args[0], "user");
    assert_text(script->lines[1].text, "flow user -> private");
    assert_false(script_values(script, 4, values));
}

static void a_story_without_over_has_one_run(void **state)
{
    const char *values[SCRIPT_OVER_MAX];
    struct err e;

    (void)state;
    must(script_read("x.scn", "scenario \"x\"\nnever secret seen\nrun 1h\n", NULL, script, &e), &e);
    assert_true(script_values(script, 0, values));
    assert_false(script_values(script, 1, values));
    assert_int_equal(script->expect, EXPECT_PASS);
    assert_int_equal(script->stages, BIT(STAGE_COUNT) - 1);
}

static unsigned stages_with(const char *line)
{
    char text[256];
    struct err e;

    snprintf(text, sizeof text,
             "scenario \"x\"\nat 0s gateway installs\n%s\nend accounts of "
             "gateway are 1\nrun 1h\n",
             line);
    must(script_read("x.scn", text, NULL, script, &e), &e);
    return script->stages;
}

/* Where nobody sees packets a story that waits for one would go wrong from there on. */
static void a_story_that_waits_for_packets_is_kept_off_a_stage_without(void **state)
{
    const unsigned hosts = BIT(STAGE_SIM) | BIT(STAGE_NETNS), all = hosts | BIT(STAGE_LOOPBACK);

    (void)state;
    assert_int_equal(stages_with("never flow internet -> private"), all);
    assert_int_equal(stages_with("premise flow gateway -> palette"), all);
    assert_int_equal(stages_with("by 10m gateway is Running"), all);
    assert_int_equal(stages_with("by 10m flow gateway -> palette"), hosts);
    assert_int_equal(stages_with("by 10m gateway is Running or flow gateway -> palette"), hosts);
    assert_int_equal(stages_with("site proxy unused"), hosts);
    assert_int_equal(stages_with("at 5m router forgets"), hosts);
}

/* The words reach the mock as they stand. */
static void maas_misbehaves_in_the_words_of_its_list(void **state)
{
    static const char text[] = "scenario \"x\"\nat 0s maas misbehaves wants any back 503 7\n"
                               "at 5m maas misbehaves deploy-hangs one in 20\n"
                               "never secret seen\nrun 1h\n";
    struct err e;

    (void)state;
    must(script_read("x.scn", text, NULL, script, &e), &e);
    assert_text(script->lines[0].verb->id, "maas.misbehaves");
    assert_text(script->lines[0].args[0], "wants any back 503 7");
    assert_text(script->lines[1].args[0], "deploy-hangs one in 20");
    assert_true(script_read("x.scn",
                            "scenario \"x\"\nat 0s maas misbehaves kindly\n"
                            "never secret seen\nrun 1h\n",
                            NULL, script, &e) < 0);
}

#define HEAD       "scenario \"x\"\nrun 1h\n"
#define POINT_HINT "write OPERATION.N.PHASE, with a pause if you like, such as allocate.1.done+30m"
#define TIME_HINT  "write one such as 90s, 15m or 1h30m"

/* Whoever writes a story learns the language from these sentences. */
static const struct bad {
    const char *text, *sentence;
} bad[] = {
    /* the line's beginning */
    {HEAD "nevr secret seen\n", "x.scn:3:1: 'nevr' is not known here; did you mean 'never'?"},
    {HEAD "whenever x\n",
     "x.scn:3:1: a line cannot begin with 'whenever'; begin with site, at, by, "
     "then, never, always, end, premise, scenario, grades, stages, wall, over, expect or run"},
    {HEAD "scenario \"y\"\n", "x.scn:3:1: a second 'scenario' line; remove one of the two"},
    {HEAD "run 2h\n", "x.scn:3:1: a second 'run' line; remove one of the two"},
    /* words */
    {HEAD "never secret \"seen\n", "x.scn:3:14: a quote that does not end; close it with \""},
    {HEAD "never secret\x01seen\n", "x.scn:3:13: a control character; remove it"},
    {HEAD "never secrets seen\n", "x.scn:3:7: 'secrets' is not known here; did you mean 'secret'?"},
    {HEAD "at 0s gatway installs\n",
     "x.scn:3:7: 'gatway' is not known here; did you mean 'gateway'?"},
    {HEAD "at 0s gateway instals\n",
     "x.scn:3:15: 'instals' is not known here; did you mean 'installs'?"},
    {HEAD "site shape nta\n", "x.scn:3:12: 'nta' is not known here; did you mean 'nat'?"},
    {HEAD "site shape pentagon\n",
     "x.scn:3:12: 'pentagon' does not fit here; write 'nat', 'direct', 'nat-short', 'firewall', "
     "'double-nat', 'overlap', 'proxy-only', 'proxy-auth', 'proxy-bump', 'proxy-inside', "
     "'hosted-proxy', 'two-exits', 'two-sites' or 'far'"},
    {HEAD "never flow privat -> palette\n",
     "x.scn:3:12: 'privat' is not known here; did you mean 'private'?"},
    {HEAD "never flow private to palette\n", "x.scn:3:20: 'to' does not fit here; write '->'"},
    {HEAD "never flow private ->\n",
     "x.scn:3:22: the line ends too early; write 'gateway', 'maas', 'palette', 'proxy', 'dns', "
     "'router', 'stranger', 'decoy', 'user', 'any', 'private', 'transit', 'internet' or a cluster such as c1, or an address"},
    {HEAD "end palette took plenty register from gateway\n",
     "x.scn:3:18: 'plenty' does not fit here; write 'renew', 'beat', 'any', 'enrol' or a count: N, "
     "N+, some or no; docs/stories.md lists all 24 words"},
    {HEAD "by 5m gateway is Runing\n",
     "x.scn:3:18: 'Runing' is not known here; did you mean 'Running'?"},
    {HEAD "by 5m gateway is Running now\n",
     "x.scn:3:26: nothing can follow 'Running' here; remove 'now'"},
    {HEAD "always link of gateway shows a sign every 10\n",
     "x.scn:3:43: '10' does not fit here; write a time such as 90s, 15m or 1h30m"},
    /* times */
    {HEAD "by 5x gateway is Running\n", "x.scn:3:4: '5x' is no time; " TIME_HINT},
    {HEAD "by\n", "x.scn:3:3: 'by' wants a time; " TIME_HINT},
    {HEAD "by 5m\n", "x.scn:3:6: the line ends too early; write what 'by' is about"},
    {HEAD "by 2h gateway is Running\n",
     "x.scn:3:7: this time lies after the end of the run; write a longer 'run'"},
    {HEAD "never secret seen for 2h\n",
     "x.scn:3:7: this time lies after the end of the run; write a longer 'run'"},
    {HEAD "never secret seen for ever\n", "x.scn:3:23: 'ever' is no time; " TIME_HINT},
    {HEAD "at 9m gateway installs\nby 8m gateway is Running\n",
     "x.scn:4:1: this time lies before the 'at' line above; put the lines in order of time"},
    {HEAD "by 5m gateway is Running\nthen +x gateway stops\n",
     "x.scn:4:6: '+x' is no pause; write one such as +5m"},
    {HEAD "then gateway stops\n",
     "x.scn:3:1: 'then' has no 'by' above it; write 'at TIME', or a 'by' line first"},
    {"scenario \"t\"\nrun 8785h\n", "x.scn:2:5: a run longer than a year; write at most 8784h"},
    {HEAD "site shape nat\nsite shape direct\n",
     "x.scn:4:1: a second shape; remove one, or write over SHAPE nat direct and site shape SHAPE"},
    /* acts, facts and the site, mixed up */
    {HEAD "by 5m gateway installs\n",
     "x.scn:3:7: 'gateway installs' is an act and 'by' wants a fact; "
     "write 'at TIME gateway installs'"},
    {HEAD "never gateway dies\n", "x.scn:3:7: 'gateway dies' is an act and 'never' wants a fact; "
                                  "write 'at TIME gateway dies'"},
    {HEAD "by 5m gateway is Running\nthen secret seen\n",
     "x.scn:4:6: 'secret seen' is a fact and 'then' wants an act; write 'by TIME secret seen'"},
    {HEAD "at 0s shape nat\n",
     "x.scn:3:7: 'shape nat' is part of the site and 'at' wants an act, or a "
     "fact that is true at that instant; write 'site shape nat'"},
    {HEAD "site gateway installs\n",
     "x.scn:3:6: 'gateway installs' is an act and 'site' wants what is "
     "there before the run; write 'at TIME gateway installs'"},
    /* clusters, machines, points and events */
    {HEAD "at 0s user creates cluster k1 with 2 nodes\n",
     "x.scn:3:28: 'k1' does not fit here; write a cluster such as c1"},
    {HEAD "at 0s user labels cluster c1 gold\n",
     "x.scn:3:30: 'gold' does not fit here; write a label: key=value"},
    {HEAD "at 0s machine c1 fails deploy\n",
     "x.scn:3:15: 'c1' does not fit here; write a machine such as m1"},
    {HEAD "at 0s maas loses answer to beat.1\n",
     "x.scn:3:28: 'beat.1' does not fit here; write a call to MAAS, OP.N, such as allocate.1"},
    {HEAD "at allocate.0.done gateway dies\n",
     "x.scn:3:4: 'allocate.0.done' is no point; " POINT_HINT},
    {HEAD "at allocate.1.over gateway dies\n",
     "x.scn:3:4: 'allocate.1.over' is no point; " POINT_HINT},
    {HEAD "at allocate..done gateway dies\n",
     "x.scn:3:4: 'allocate..done' is no point; " POINT_HINT},
    {HEAD "at allocate.1.done+x gateway dies\n",
     "x.scn:3:4: 'allocate.1.done+x' is no point; " POINT_HINT},
    {HEAD "at allocate.1.done gateway is Running\n",
     "x.scn:3:4: only an act can be done at a point; write 'at TIME' for a fact"},
    {HEAD "premise gateway was hit at allocate.1\n",
     "x.scn:3:28: 'allocate.1' does not fit here; write a point: OP.N.PHASE, such as "
     "allocate.1.done"},
    {HEAD "never maas took allocate while \"gateway dies\"\n",
     "x.scn:3:32: \"gateway dies\" happens at an instant; write after \"gateway dies\""},
    {HEAD "never maas took allocate after \"gateway dead\"\n",
     "x.scn:3:32: \"gateway dead\" is a span; write while \"gateway dead\""},
    {HEAD "never maas took allocate before \"running\"\n",
     "x.scn:3:33: \"running\" is no event; did you mean \"running c1\"?"},
    {HEAD "at 0s gateway installs after \"running c1\"\n",
     "x.scn:3:1: only a fact can end in before, after or while; remove it"},
    {HEAD "end first \"hallo c1\" before first \"running c1\"\n",
     "x.scn:3:11: 'hallo c1' is not known here; did you mean 'hello c1'?"},
    {HEAD "by 5m cluster c1 is Running or\n",
     "x.scn:3:31: the line ends too early; write 'gateway', 'gateways', 'accounts', "
     "'palette' or a count: N, N+, some or no; docs/stories.md lists all 36 words"},
    {HEAD "by 5m cluster c1 is or cluster c1 is Running\n",
     "x.scn:3:21: the line ends too early; write 'Pending', 'Provisioning', 'Running', 'Deleting' "
     "or 'Deleted'"},
    /* rules */
    {HEAD "never secret seen [reg-4]\n", "x.scn:3:19: 'reg-4' is no rule; write one such as REG-1"},
    {HEAD "never secret seen [REG-4\n",
     "x.scn:3:19: '[REG-4' is no tag; write one such as [REG-1]"},
    {HEAD "never secret seen [REG-4] [REG-4]\n",
     "x.scn:3:27: rule REG-4 is named twice; remove one"},
    {HEAD "at 0s gateway installs [REG-4]\n",
     "x.scn:3:1: only a fact can decide a rule, and a premise decides none; move the tag to a fact"},
    {HEAD "premise secret seen [REG-4]\n",
     "x.scn:3:1: only a fact can decide a rule, and a premise decides none; move the tag to a fact"},
    {HEAD "grades REG4\n", "x.scn:3:8: 'REG4' is no rule; write one such as REG-1"},
    {HEAD "grades\n", "x.scn:3:7: no rule is named; write one such as grades REG-1"},
    /* header */
    {"run 1h\nnever secret seen\n",
     "x.scn:1:1: the title is missing; write scenario \"What must come true\""},
    {"scenario title\n",
     "x.scn:1:10: the claim is missing; write scenario \"What must come true\""},
    {"scenario \"x\"\nnever secret seen\n",
     "x.scn:1:1: 'run' is missing; write the longest it may last, such as run 1h"},
    {"scenario \"x\"\nrun 0s\n", "x.scn:2:5: a run of no length; write the longest it may last"},
    {HEAD "at 0s gateway installs\npremise secret seen\n",
     "x.scn:1:1: the story decides nothing; write a fact or 'grades'"},
    {HEAD "stages sim elsewhere\n",
     "x.scn:3:12: 'elsewhere' is not a stage; write one such as 'sim'"},
    {HEAD "stages nets\n", "x.scn:3:8: 'nets' is not a stage; did you mean 'netns'?"},
    {HEAD "expect fial\n", "x.scn:3:8: 'fial' is not an expectation; did you mean 'fail'?"},
    {HEAD "wall factor 0\n", "x.scn:3:13: '0' is no factor; write 1 to 3600"},
    {HEAD "wall skip\n", "x.scn:3:10: write 'wall skip REASON' or 'wall factor N'"},
    {HEAD "over shape nat\n", "x.scn:3:6: 'over' wants a word in capitals; write one such as over "
                              "SHAPE nat direct"},
    {HEAD "over SHAPE\n", "x.scn:3:11: no value for SHAPE; write them behind it"},
    {HEAD "over X a\nover X b\n", "x.scn:4:6: X has values already; choose another word"},
    {HEAD "over SHAPE nat\nnever secret seen\n",
     "x.scn:3:1: SHAPE is used nowhere below; use it or remove the line"},
};

static void points_suffixes_and_two_facts_are_read(void **state)
{
    static const char text[] =
        "scenario \"x\"\nover POINT hello.2.asked\nsite cluster c1 with 3 nodes\n"
        "at POINT+30m gateway comes back\n"
        "never maas took change for c1 from gateway after \"running c1\" for 1h\n"
        "by 1h cluster c1 is Pending or cluster c2 holds 2 machines [LIF-1]\n"
        "end every \"ready machine-of-c1\" before \"deleted c1\"\n"
        "premise gateway was hit at POINT\nrun 1h\n";
    const struct script_line *line = script->lines;
    struct err e;

    (void)state;
    must(script_read("x.scn", text, NULL, script, &e), &e);
    line++; /* at */
    assert_true(line->has_point);
    assert_text(line->point.op, "hello");
    assert_int_equal(line->point.count, 2);
    assert_text(line->point.phase, "asked");
    assert_int_equal(line->time, MINUTES(30));
    line++; /* never */
    assert_int_equal(line->suffix, SUFFIX_AFTER);
    assert_text(line->event, "running c1");
    assert_text(line->verb->id, "maas.took-for");
    assert_text(line->args[1], "c1");
    assert_int_equal(line->for_ms, HOURS(1));
    line++; /* by */
    assert_text(line->verb->id, "cluster.is");
    assert_int_equal(line->or_next, 1);
    assert_text(script->ors[0].verb->id, "cluster.holds");
    assert_text(script->ors[0].args[1], "2");
    line++; /* end: order is the fact itself, not a suffix */
    assert_text(line->verb->id, "every.before");
    assert_int_equal(line->suffix, SUFFIX_NONE);
    line++; /* premise */
    assert_text(line->args[0], "hello.2.asked");
}

/* `site cluster` lines become acts with numbers of their own, the install before them. */
static void clusters_of_the_site_are_a_prelude(void **state)
{
    struct err e;

    (void)state;
    must(script_read("x.scn",
                     "scenario \"x\"\nsite cluster c1 with 3 nodes\nsite cluster c2 with 1 nodes\n"
                     "end ledger balances\nrun 1h\n",
                     NULL, script, &e),
         &e);
    assert_int_equal(script->n_prelude, 3);
    assert_text(script->prelude[0].verb->id, "gateway.installs");
    assert_int_equal(script->prelude[0].number, SCRIPT_PRELUDE_FIRST);
    assert_text(script->prelude[2].verb->id, "user.creates-cluster");
    assert_text(script->prelude[2].text, "user creates cluster c2 with 1 nodes");
    assert_text(script->prelude[2].args[0], "c2");
    assert_text(script->prelude[2].args[1], "1");
    assert_int_equal(script->prelude[2].number, SCRIPT_PRELUDE_FIRST + 2);
}

static void every_mistake_gets_place_and_remedy(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++) {
        struct err e = {0};
        script->run_ms = 4711;
        must_fail(script_read("x.scn", bad[i].text, NULL, script, &e), &e, -EINVAL,
                  bad[i].sentence);
        assert_int_equal(script->run_ms, 4711); /* untouched */
    }
}

static void a_story_of_too_many_lines_is_refused(void **state)
{
    struct buf text;
    struct err e;
    int i;

    (void)state;
    buf_init(&text, MIB(1));
    buf_text_add(&text, HEAD);
    for (i = 0; i < SCRIPT_LINES_MAX; i++)
        buf_text_add(&text, "never secret seen\n");
    must(script_read("x.scn", buf_text(&text), NULL, script, &e), &e);
    buf_text_add(&text, "never secret seen\n");
    must_fail(script_read("x.scn", buf_text(&text), NULL, script, &e), &e, -EINVAL,
              "x.scn:131:1: more than 128 lines; split the story");
    while (text.len <= SCRIPT_TEXT_MAX)
        buf_text_add(&text, "# and more\n");
    must_fail(script_read("x.scn", buf_text(&text), NULL, script, &e), &e, -EINVAL,
              "x.scn: larger than 65536 bytes; split the story");
    buf_drop(&text);
}

/* The table is data for three readers; a row that none of them understands is our bug. */
static void every_form_of_the_table_is_well_made(void **state)
{
    size_t i, k;

    (void)state;
    for (i = 0; i < n_verbs; i++) {
        const char *cursor = verbs[i].form;
        char word[32];
        assert_ptr_equal(verb_find(verbs[i].id), &verbs[i]); /* ids are unique */
        assert_true(verbs[i].stages != 0 && text_ends(verbs[i].what, "."));
        while (text_next(&cursor, ' ', word, sizeof word)) {
            if (word[0] != '{')
                continue;
            for (k = 0; k < n_verb_places; k++)
                if (strncmp(verb_places[k].name, word + 1, strlen(word) - 2) == 0 &&
                    strlen(verb_places[k].name) == strlen(word) - 2)
                    break;
            assert_true(k < n_verb_places);
        }
    }
}

static void counts_are_numbers_and_words(void **state)
{
    int64_t min, max;

    (void)state;
    assert_true(verb_count("3", &min, &max) && min == 3 && max == 3);
    assert_true(verb_count("3+", &min, &max) && min == 3 && max == INT64_MAX);
    assert_true(verb_count("some", &min, &max) && min == 1 && max == INT64_MAX);
    assert_true(verb_count("no", &min, &max) && min == 0 && max == 0);
    assert_false(verb_count("", &min, &max) || verb_count("+", &min, &max) ||
                 verb_count("-1", &min, &max) || verb_count("0+", &min, &max) ||
                 verb_count("none", &min, &max));
}

static void stages_and_clocks_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(stage_find("netns"), STAGE_NETNS);
    assert_int_equal(stage_find("loopback"), STAGE_LOOPBACK);
    assert_int_equal(stage_find("elsewhere"), STAGE_COUNT);
    assert_int_equal(clock_find("stepped"), CLOCK_STEPPED);
    assert_int_equal(clock_find(""), CLOCK_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_good_story_is_read_whole),
        test(an_over_word_is_put_in_for_each_value),
        test(points_suffixes_and_two_facts_are_read),
        test(clusters_of_the_site_are_a_prelude),
        test(a_story_without_over_has_one_run),
        test(a_story_that_waits_for_packets_is_kept_off_a_stage_without),
        test(maas_misbehaves_in_the_words_of_its_list),
        test(every_mistake_gets_place_and_remedy),
        test(a_story_of_too_many_lines_is_refused),
        test(every_form_of_the_table_is_well_made),
        test(counts_are_numbers_and_words),
        test(stages_and_clocks_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, before, after);
}
