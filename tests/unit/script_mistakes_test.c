/* What a stranger gets wrong who writes a first story from docs/stories.md: each typical mistake
 * ends in one sentence with its line and what to write instead. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/script.h"
#include "scenarios/judge/sense.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_ "x.scn"
#define HEAD  "scenario \"x\"\nsite shape nat\n"
#define RUN   "always link of gateway shows a sign every 10m\nrun 1h\n"

static const struct mistake {
    const char *text, *sentence;
} mistakes[] = {
    /* 1 a misspelt verb */
    {HEAD "at 0s gateway instals\n" RUN,
     "3:15: 'instals' is not known here; did you mean 'installs'?"},
    {HEAD "att 0s gateway installs\n" RUN, "3:1: 'att' is not known here; did you mean 'at'?"},
    {HEAD "whenever gateway installs\n" RUN,
     "3:1: a line cannot begin with 'whenever'; begin with site, at, by, then, never, always, end, "
     "premise, scenario, grades, stages, wall, over, expect or run"},
    {HEAD "end palette took 1 rigester from gateway\n" RUN,
     "3:20: 'rigester' is not known here; did you mean 'register'?"},
    {HEAD "end palette took 1 signup from gateway\n" RUN,
     "3:20: 'signup' does not fit here; write 'renew', 'any', 'enrol' or 'beat'; docs/stories.md "
     "lists all 24 words"},
    /* 2 a wrong unit */
    {HEAD "at 5min gateway installs\n" RUN,
     "3:4: '5min' is no time; write one such as 90s, 15m or 1h30m"},
    {HEAD "by 15 gateway is Running [REG-2]\n" RUN,
     "3:4: '15' is no time; write one such as 90s, 15m or 1h30m"},
    /* 3 a missing duration */
    {HEAD "at gateway installs\n" RUN,
     "3:4: 'gateway' is no time; write one such as 90s, 15m or 1h30m"},
    {HEAD "never flow internet -> private for [REG-1]\n" RUN,
     "3:32: 'for' wants a time; write one such as for 30m"},
    /* 4 an unknown rule, or one without its brackets */
    {HEAD "by 15m gateway is Running [REG-22]\n" RUN,
     "3:8: [REG-22]: there is no such rule; did you mean REG-2? `gateproof rules` lists them"},
    {HEAD "grades RGE-2\n" RUN,
     "3:1: [RGE-2]: there is no such rule; did you mean REG-2? `gateproof rules` lists them"},
    {HEAD "by 15m gateway is Running REG-2\n" RUN,
     "3:27: a rule stands in brackets; write [REG-2]"},
    {HEAD "by 15m gateway is Running [REG-2 REG-3]\n" RUN,
     "3:27: each rule has brackets of its own; write [REG-2] [REG-3]"},
    {HEAD "by 15m gateway is Running [REG-2, REG-3]\n" RUN,
     "3:27: each rule has brackets of its own; write [REG-2] [REG-3]"},
    {HEAD "by 15m gateway is Running [REG-2,REG-3]\n" RUN,
     "3:27: each rule has brackets of its own; write [REG-2] [REG-3]"},
    {HEAD "by 15m gateway is Running [REG-2] REG-3\n" RUN,
     "3:27: each rule has brackets of its own; write [REG-2] [REG-3]"},
    {HEAD "by 15m gateway is Running [ REG-2 ]\n" RUN,
     "3:27: each rule has brackets of its own; write [REG-2]"},
    {HEAD "by 15m gateway is Running [note]\n" RUN,
     "3:27: no line only warns; tag a rule of level SHOULD (`gateproof rules`), or remove the "
     "line"},
    /* 5 an unknown shape, and a word for shapes that has none */
    {"scenario \"x\"\nsite shape natt\n" RUN,
     "2:12: 'natt' is not known here; did you mean 'nat'?"},
    {"scenario \"x\"\nsite shape SHAPE\n" RUN,
     "2:12: 'SHAPE' stands for values and has none; write 'over SHAPE VALUE…' above"},
    /* 6 a machine or a cluster that does not exist */
    {HEAD "site machines 2\nby 9m machine m9 is Deployed\n" RUN,
     "4:7: MAAS has no machine m9, only m1 to m2; write one of them or 'site machines 9'"},
    {HEAD "by 9m machine m7 is Deployed\n" RUN,
     "3:7: MAAS has no machine m7, only m1 to m6; write one of them or 'site machines 7'"},
    {HEAD "by 9m cluster c1 is Running [REG-7]\n" RUN,
     "3:7: nobody makes cluster c1; write 'site cluster c1 with 2 nodes' or 'at TIME user creates cluster c1 with 2 nodes'"},
    {HEAD "never palette took beat for c2 from c1\nsite cluster c2 with 1 nodes\n" RUN,
     "3:7: nobody makes cluster c1; write 'site cluster c1 with 2 nodes' or 'at TIME user creates cluster c1 with 2 nodes'"},
    {HEAD "by 9m gateway is Running or cluster c3 is Running\n" RUN,
     "3:7: nobody makes cluster c3; write 'site cluster c3 with 2 nodes' or 'at TIME user creates cluster c3 with 2 nodes'"},
    /* 7 by before at */
    {HEAD "at 10m gateway installs\nby 5m gateway is Running [REG-2]\n" RUN,
     "4:1: this time lies before the 'at' line above; put the lines in order of time"},
    /* 8 no run */
    {HEAD "by 15m gateway is Running [REG-2]\n",
     "1:1: 'run' is missing; write the longest it may last, such as run 1h"},
    /* 9 a duplicate */
    {HEAD "by 15m gateway is Running [REG-2]\nby 15m gateway is Running [REG-2]\n" RUN,
     "4:1: this is line 3 once more; remove one of the two"},
    {HEAD "site shape direct\n" RUN,
     "3:1: a second shape; remove one, or write over SHAPE nat direct and site shape SHAPE"},
    {HEAD RUN "run 2h\n", "5:1: a second 'run' line; remove one of the two"},
    /* 10 trouble with quotes */
    {HEAD "end flow gateway -> palette after \"cut [CON-2]\n" RUN,
     "3:35: a quote that does not end; close it with \""},
    {HEAD "end flow gateway -> palette after mended [CON-2]\n" RUN,
     "3:29: 'after' wants what happens in quotes; write after \"mended\""},
    {HEAD "never maas took change while \"bad certifcate\" [REG-3]\n" RUN,
     "3:30: \"bad certifcate\" is no span; did you mean \"bad certificate\"?"},
    {HEAD "never maas took change while \"siesta\" [REG-3]\n" RUN,
     "3:30: \"siesta\" is no span; write one such as \"gateway dead\" (docs/stories.md lists them)"},
    {HEAD "never maas took change after \"runing c2\" [REG-3]\n" RUN,
     "3:30: \"runing c2\" is no event; did you mean \"running c2\"?"},
    {HEAD "never maas took change while \"gateway dies\" [REG-3]\n" RUN,
     "3:30: \"gateway dies\" happens at an instant; write after \"gateway dies\""},
    {HEAD "never maas took change after \"wire cut\" [REG-3]\n" RUN,
     "3:30: \"wire cut\" is a span; write while \"wire cut\""},
    {"scenario \xe2\x80\x9cx\xe2\x80\x9d\n" RUN,
     "1:10: a quote of a word processor; write a plain \""},
};

static struct script script; /* large */

static int read_and_look(const char *text, struct err *e)
{
    const int r = script_read(FILE_, text, NULL, &script, e);

    return r == 0 ? sense_check(&script, FILE_, e) : r;
}

static void each_mistake_is_told_with_its_line_and_a_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(mistakes); i++) {
        char expected[ERR_TEXT_MAX];
        struct err e = {0};

        snprintf(expected, sizeof expected, FILE_ ":%s", mistakes[i].sentence);
        if (read_and_look(mistakes[i].text, &e) != -EINVAL)
            fail_msg("nothing is wrong with:\n%s", mistakes[i].text);
        assert_text(e.text, expected);
    }
}

/* Tabs between words, an empty line, a comment behind a line and CRLF are no mistakes. */
static void what_is_no_mistake_is_read(void **state)
{
    static const char *const fine[] = {
        HEAD "at\t0s\tgateway installs\t# now\r\n\r\nby 15m gateway is Running\t[REG-2]\r\nrun 1h",
        HEAD "site machines 9\nby 9m machine m9 is Deployed\nrun 1h\n",
        HEAD "at 1m user creates cluster c1 with 1 nodes\nby 9m cluster c1 is Running\nrun 1h\n",
        HEAD
        "at 1m gateway stops\nat 2m gateway starts\nat 3m gateway stops\ngrades REG-1\nrun 1h\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(fine); i++) {
        struct err e = {0};

        must(read_and_look(fine[i], &e), &e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told_with_its_line_and_a_remedy),
        cmocka_unit_test(what_is_no_mistake_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
