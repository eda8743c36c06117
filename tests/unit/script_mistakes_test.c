/* What a stranger gets wrong who writes a first story from docs/stories.md: each typical mistake
 * ends in one sentence with its line and what to write instead. */
#include "tests/test.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/lab_fits.h"
#include "scenarios/engine/script.h"
#include "scenarios/judge/sense.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_     "x.scn"
#define HEAD      "scenario \"x\"\nsite shape nat\n"
#define INSTALLED HEAD "at 0s gateway installs\n"
#define RUN       "always link of gateway shows a sign every 10m\nrun 1h\n"

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
    {HEAD "by 15m gateway is Running [REG-2][REG-3]\n" RUN,
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
    {HEAD "site machines 2\nby 9m machine m8 is Deployed\n" RUN,
     "4:7: MAAS has no machine m8, only m1 to m2; write one of them or 'site machines 8'"},
    {HEAD "by 9m machine m9 is Deployed\n" RUN,
     "3:7: MAAS has no machine m9, only m1 to m6; write one of them"},
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
    {HEAD "at 0s gateway\xc2\xa0installs\n" RUN,
     "3:14: a non-breaking space, which is no blank here; write a plain one"},
    /* 11 an act that cannot happen */
    {HEAD "site cluster c1 with 2 nodes\nat 5m node 5 of c1 dies\n" RUN,
     "4:7: cluster c1 has no node 5; write one from 1 to 2, or make it larger"},
    {HEAD "site cluster c1 with 2 nodes\nat 5m clock of node 0 of c1 is off by +1h\n" RUN,
     "4:7: cluster c1 has no node 0; write one from 1 to 2, or make it larger"},
    {INSTALLED "at allocate.1.done gateway dies\n" RUN,
     "4:20: allocate.1 never comes, since the user creates no cluster in this story; write 'at TIME user creates cluster c1 with 1 nodes'"},
    {HEAD "site cluster c1 with 1 nodes\nat released.1.done gateway dies\n" RUN,
     "4:20: released.1 never comes, since the user deletes no cluster in this story; write 'at TIME user deletes cluster c1'"},
    {INSTALLED "at 5m system gateway dies\n" RUN,
     "4:7: Palette is SaaS here and has no system gateway; write 'site palette self-hosted' above"},
    {HEAD "site palette self-hosted\nat 5m system gateway thaws\n" RUN,
     "4:7: no line above freezes the system gateway; write 'at TIME system gateway freezes' above"},
    {INSTALLED "at 5m gateway thaws\nat 6m gateway freezes\n" RUN,
     "4:7: no line above freezes the gateway; write 'at TIME gateway freezes' above"},
    {INSTALLED "at 5m gateway starts\n" RUN,
     "4:7: no line above stops the gateway; write 'at TIME gateway stops', or dies, above"},
    {INSTALLED "at 5m gateway comes back\n" RUN,
     "4:7: no line above stops or freezes the gateway; write 'at TIME gateway stops' above"},
    {HEAD "at 0s gateway freezes\nat 5m gateway installs\n" RUN,
     "3:7: no line above installs the gateway; write 'at 0s gateway installs' above"},
    {INSTALLED "at 5m gateway installs\n" RUN,
     "4:7: line 3 has installed the gateway; remove one of the two, or write 'gateway installs with code good', which begins anew"},
    {INSTALLED "site cluster c1 with 1 nodes\n" RUN,
     "3:7: the story begins with a cluster by line 4, so with a gateway that is installed; remove this line"},
    {INSTALLED "at 5m maas certificate is expired\n" RUN,
     "4:7: MAAS has no certificate here; write 'site maas over tls' above"},
    {INSTALLED "at 5m proxy behaves refuses\n" RUN,
     "4:7: no proxy runs here; write 'site shape proxy-only' and 'site proxy http://10.10.0.9:3128' above, or 'site proxy unused'"},
    {INSTALLED "at 5m gateway is told proxy http://203.0.113.20:3128\n" RUN,
     "4:7: no proxy runs here; write 'site shape proxy-only' and 'site proxy http://10.10.0.9:3128' above, or 'site proxy unused'"},
    {INSTALLED "at 5m wire gateway - gateway cut silently\n" RUN,
     "4:7: a wire has two ends, and both of this one are gateway; write the other end"},
    {INSTALLED "at 5m path maas - maas closes\n" RUN,
     "4:7: a wire has two ends, and both of this one are maas; write the other end"},
    {INSTALLED "at 5m wire gateway - maas cut\nat 6m wire gateway-palette mended\n" RUN,
     "5:7: no line above cuts this wire; write 'at TIME wire gateway - palette cut silently' above"},
    /* 12 what is not there */
    {INSTALLED "at 5m user lists zones of account acc9\n" RUN,
     "4:7: nobody makes account acc9; write acc1, which the gateway makes, or 'at TIME user registers account acc9 toggle off' above"},
    {INSTALLED "at 5m user validates account acc9\n" RUN,
     "4:7: nobody makes account acc9; write acc1, which the gateway makes, or 'at TIME user registers account acc9 toggle off' above"},
    {INSTALLED "at 5m user creates cluster c1 with 1 nodes on acc2\n" RUN,
     "4:7: nobody makes account acc2; write acc1, which the gateway makes, or 'at TIME user registers account acc2 toggle off' above"},
    {HEAD "end machine m1 is ready [MAA-4]\n" RUN,
     "3:5: MAAS has no status 'ready'; did you mean 'Ready'?"},
    {INSTALLED "end machine m1 is Ready or machine m2 is ready [MAA-4]\n" RUN,
     "4:5: MAAS has no status 'ready'; did you mean 'Ready'?"},
    {HEAD "end machine m1 was Flying for 1h [MAA-4]\n" RUN,
     "3:5: MAAS has no status 'Flying'; write one of its own, such as 'Ready', 'Allocated', 'Deploying', 'Deployed' or 'Releasing'"},
    {INSTALLED "at 5m palette moves to 203.0.113.98\n" RUN,
     "4:7: in shape nat Palette cannot move to 203.0.113.98; write palette moves to 203.0.113.99"},
    {INSTALLED "site proxy http://10.10.0.9:3128\n" RUN,
     "4:6: shape nat has no proxy at 10.10.0.9; write 203.0.113.20, or a shape that has it, such as site shape proxy-only with 10.10.0.9"},
    {HEAD "by 15m gateway is Running [REG-2]\n" RUN,
     "3:8: nobody installs the gateway in this story; write 'at 0s gateway installs' above"},
    /* 13 numbers that no lab has */
    {HEAD "site cluster c1 with 7 nodes\n" RUN,
     "3:6: with this cluster the story begins with 7 nodes, and MAAS has 6 machines; write fewer nodes or 'site machines N' with 8 at most"},
    {HEAD "site cluster c1 with 4 nodes\nsite cluster c2 with 3 nodes\n" RUN,
     "4:6: with this cluster the story begins with 7 nodes, and MAAS has 6 machines; write fewer nodes or 'site machines N' with 8 at most"},
    {HEAD "site cluster c1 with 0 nodes\n" RUN,
     "3:6: a cluster has 1 node at least, not 0; write with 1 nodes"},
    {HEAD "site cluster c1 with 1 nodes\nsite cluster c1 with 2 nodes\n" RUN,
     "4:6: line 3 has made cluster c1; write another name, or remove one of the two"},
    {HEAD "site machines 0\n" RUN,
     "3:6: a lab has 1 to 8 machines, not 0; write a number of these"},
    {HEAD "site machines 99999\n" RUN,
     "3:6: a lab has 1 to 8 machines, not 99999; write a number of these"},
};

static struct script script; /* large */

static struct lab nat;

/* All these stories are of shape nat, or the shape does not matter. */
static int read_and_look(const char *text, struct err *e)
{
    int r = script_read(FILE_, text, NULL, &script, e);

    r = r == 0 ? sense_check(&script, FILE_, e) : r;
    return r == 0 ? lab_fits(&nat, &script, FILE_, e) : r;
}

static int nat_take(void **state)
{
    struct buf b SCOPED(buf_drop) = {0};
    struct err e = {0};

    (void)state;
    buf_init(&b, KIB(256));
    must(file_read("scenarios/labs/nat.json", &b, &e), &e);
    must(lab_read("nat.json", buf_text(&b), b.len, &nat, &e), &e);
    return 0;
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
        HEAD "site machines 8\nby 9m machine m8 is Failed deployment\nrun 1h\n",
        HEAD "at 1m user creates cluster c1 with 1 nodes\nby 9m cluster c1 is Running\nrun 1h\n",
        INSTALLED
        "at 1m gateway stops\nat 2m gateway starts\nat 3m gateway stops\ngrades REG-1\nrun 1h\n",
        INSTALLED "at 1m gateway is wiped\nat 2m gateway installs\ngrades REG-1\nrun 1h\n",
        INSTALLED "at 1m gateway freezes\nat 2m gateway comes back\ngrades REG-1\nrun 1h\n",
        HEAD "at 0s gateway installs with code used\nat 2h gateway starts\ngrades REG-1\nrun 3h\n",
        INSTALLED "at 1m palette moves to 203.0.113.99\ngrades REG-1\nrun 1h\n",
        INSTALLED
        "at 1m wire gateway - palette cut\nat 2m wire palette - gateway mended\ngrades REG-1\nrun 1h\n",
        INSTALLED
        "at 1m user registers account acc2 toggle on\nat 2m user validates account acc2\ngrades REG-1\nrun 1h\n",
        HEAD "site cluster c1 with 1 nodes\nat 1m user scales cluster c1 to 3 nodes\n"
             "at hello.2.done node 3 of c1 dies\ngrades REG-1\nrun 1h\n",
        HEAD
        "site cluster c1 with 1 nodes\nend machine m1 was Disk-erasing for 1h [MAA-4]\nrun 1h\n",
        HEAD "site proxy http://203.0.113.20:3128\nat 1h proxy breaks tls\ngrades REG-1\nrun 2h\n",
        "scenario \"x\"\nexpect fail\nby 15m gateway is Running [H-2]\nrun 1h\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(fine); i++) {
        struct err e = {0};

        must(read_and_look(fine[i], &e), &e);
    }
}

static void a_story_that_grades_nothing_is_doubted(void **state)
{
    static const struct {
        const char *text;
        bool doubted;
    } rows[] = {
        {INSTALLED "by 15m gateway is Running\nrun 1h\n", true},
        {INSTALLED "by 15m gateway is Running [REG-2]\nrun 1h\n", false},
        {INSTALLED "grades REG-2\nrun 1h\n", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct err e = {0};

        must(read_and_look(rows[i].text, &e), &e);
        assert_int_equal(sense_doubt(&script) != NULL, rows[i].doubted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told_with_its_line_and_a_remedy),
        cmocka_unit_test(what_is_no_mistake_is_read),
        cmocka_unit_test(a_story_that_grades_nothing_is_doubted),
    };

    return cmocka_run_group_tests(tests, nat_take, NULL);
}
