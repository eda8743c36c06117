/* Laws and facts of the gateway inside Palette, of accounts and of questions: over a journal of
 * cell 4 that keeps all of them, and over journals that differ from it in one record. */
#include "tests/test.h"

#include "tests/journals.h"

#include "lib/base/text.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(t, src, ev) "{\"t\":" #t ",\"src\":\"" src "\",\"ev\":\"" ev "\","
#define PATH(open, kind)                                                                           \
    AT(0, "engine", "lab.path")                                                                    \
    "\"from\":\"palette\",\"to\":\"maas\",\"answer\":\"" open "\",\"kind\":\"" kind "\"}\n"
#define HOST(role, zone, ip)                                                                       \
    AT(0, "engine", "lab.host")                                                                    \
    "\"name\":\"" role "\",\"who\":\"" role "\",\"link\":\"" zone "\",\"ip\":\"" ip "\"}\n"
#define SYSTEM                                                                                     \
    AT(20, "palette", "pal.gateway")                                                               \
    "\"uid\":\"sys1\",\"state\":\"Running\",\"before\":\"Pending\",\"kind\":\"system\"}\n"
#define ACT(t, words)                                                                              \
    AT(t, "engine", "act") "\"line\":\"1\",\"verb\":\"" words "\",\"fired\":\"1\"}\n"
#define QUERY(t, kind)                                                                             \
    AT(t, "palette", "pal.query") "\"name\":\"validate\",\"kind\":\"" kind "\",\"uid\":\"sys1\"}\n"
#define MAAS(t, peer, method, op)                                                                  \
    AT(t, "maas", "maas.call")                                                                     \
    "\"conn\":\"1\",\"peer\":\"" peer "\",\"op\":\"" op                                            \
    "\",\"status\":\"200\",\"method\":\"" method                                                   \
    "\",\"key_id\":\"installer\",\"who\":\"installer\",\"marker\":\"mk\",\"params\":\"zone=z2 "    \
    "tags=gpu,ssd\"}\n"
#define ACCOUNT(t, name, to, kind)                                                                 \
    AT(t, "palette", "pal.account")                                                                \
    "\"uid\":\"" name "\",\"name\":\"" name "\",\"bound_to\":\"" to                                \
    "\",\"made_by\":\"user\",\"kind\":\"" kind "\"}\n"
#define ANSWERED(t, status)                                                                        \
    AT(t, "engine", "pal.user")                                                                    \
    "\"verb\":\"registers-account\",\"status\":\"" #status "\",\"name\":\"acc1\"}\n"
#define CLUSTER(t, state, before)                                                                  \
    AT(t, "palette", "pal.cluster")                                                                \
    "\"cluster\":\"c1\",\"uid\":\"u1\",\"marker\":\"mk\",\"state\":\"" state                       \
    "\",\"before\":\"" before "\",\"health\":\"Healthy\"}\n"
#define CANARY(t, on, count)                                                                       \
    AT(t, "capture", "tap.canary") "\"link\":\"" on "\",\"count\":\"" #count "\"}\n"
#define DROPS(on) AT(4000, "capture", "tap.drops") "\"link\":\"" on "\",\"lost\":\"0\"}\n"

/* clang-format off */
static const char journal[] =
    AT(0, "engine", "run.begin") "\"story\":\"x\",\"stage\":\"sim\",\"clock\":\"virtual\",\"seed\":\"1\"}\n"
    PATH("open", "self-hosted")
    HOST("palette", "private", "203.0.113.10")
    HOST("gateway", "private", "10.10.0.2")
    HOST("maas", "private", "10.10.0.3")
    CANARY(0, "private", 1)
    CANARY(0, "internet", 1)
    AT(10, "engine", "prog") "\"who\":\"system-gateway\",\"kind\":\"started\"}\n"
    SYSTEM
    ACT(1000, "user registers account acc1 toggle on")
    QUERY(1010, "asked")
    MAAS(1020, "203.0.113.10", "GET", "users.whoami")
    QUERY(1030, "answered")
    ACCOUNT(1040, "acc1", "sys1", "made")
    ANSWERED(1050, 201)
    CLUSTER(2000, "Pending", "")
    AT(2010, "palette", "pal.work") "\"cluster\":\"c1\",\"kind\":\"create\",\"uid\":\"sys1\",\"conn\":\"1\",\"count\":\"1\"}\n"
    MAAS(2020, "203.0.113.10", "POST", "machines.allocate")
    AT(3000, "palette", "pal.hello") "\"cluster\":\"c1\",\"peer\":\"10.10.0.101\",\"key_id\":\"a-1\",\"machine\":\"s1\",\"accepted\":\"1\"}\n"
    CLUSTER(3010, "Running", "Provisioning")
    CANARY(4000, "private", 2)
    CANARY(4000, "internet", 2)
    DROPS("private")
    DROPS("internet")
    AT(4000, "engine", "run.end") "\"why\":\"decided\"}\n";
/* clang-format on */

#define AS_IT_IS                                                                                   \
    {                                                                                              \
        EDIT_NONE, NULL, 0, NULL                                                                   \
    }
#define SAAS                                                                                       \
    {                                                                                              \
        EDIT_REPLACE, "lab.path", 1, PATH("open", "saas")                                          \
    }
#define CLOSED                                                                                     \
    {                                                                                              \
        EDIT_REPLACE, "lab.path", 1, PATH("drop", "self-hosted")                                   \
    }

static const struct {
    const char *rule;
    struct journal_edit edit;
    enum verdict verdict;
    const char *says;
} laws_rows[] = {
    {"TOP-2", AS_IT_IS, VERDICT_PASS, "1 questions answered"},
    {"TOP-2", {EDIT_REMOVE, "whoami", 1, NULL}, VERDICT_FAIL, "MAAS was not read"},
    {"TOP-2", {EDIT_REMOVE, "\"answered\"", 1, NULL}, VERDICT_INCONCLUSIVE, "no question"},
    {"SPG-1", AS_IT_IS, VERDICT_PASS, "1 accounts"},
    {"SPG-1", CLOSED, VERDICT_INCONCLUSIVE, "nobody chose it"},
    {"SPG-2", AS_IT_IS, VERDICT_PASS, "1 changes"},
    {"SPG-2",
     {EDIT_INSERT, "pal.gateway", 1,
      AT(30, "palette", "pal.enrol") "\"uid\":\"sys1\",\"accepted\":\"1\"}"},
     VERDICT_FAIL,
     "paired or registered"},
    {"SPG-2",
     {EDIT_INSERT, "machines.allocate", 1, MAAS(2030, "10.10.0.2", "POST", "machines.deploy")},
     VERDICT_FAIL,
     "elsewhere than Palette's host"},
    {"SPG-2", {EDIT_REMOVE, "machines.allocate", 1, NULL}, VERDICT_INCONCLUSIVE, "did nothing"},
    {"SPG-3", AS_IT_IS, VERDICT_INCONCLUSIVE, "nobody asked a Palette as a service"},
    {"SPG-3", SAAS, VERDICT_FAIL, "shows a gateway of its own"},
    {"SPG-4", CLOSED, VERDICT_FAIL, "nobody can serve"},
    {"SPG-4", AS_IT_IS, VERDICT_INCONCLUSIVE, "nobody chose"},
    {"SPG-6", CLOSED, VERDICT_FAIL, "nobody can serve"},
    {"SPG-6",
     {EDIT_INSERT, "pal.work", 1, ACT(2015, "path palette - maas closes")},
     VERDICT_FAIL,
     "MAAS was changed from Palette's host"},
    {"SPG-6",
     {EDIT_INSERT, "machines.allocate", 1, ACT(2025, "path palette - maas closes")},
     VERDICT_FAIL,
     "a cluster of the system gateway ran"},
    {"SPG-5", AS_IT_IS, VERDICT_PASS, "1 accounts asked for"},
    {"SPG-5",
     {EDIT_REPLACE, "toggle on", 1, ACT(1000, "user registers account acc1 toggle off")},
     VERDICT_FAIL,
     "nobody switched it on"},
    {"SPG-5",
     {EDIT_REPLACE, "pal.account", 1, ACCOUNT(1040, "acc1", "gw1", "made")},
     VERDICT_FAIL,
     "the switch was on"},
    {"SPG-5", {EDIT_REMOVE, "toggle on", 1, NULL}, VERDICT_INCONCLUSIVE, "no user registered"},
    {"SPG-8", {EDIT_REMOVE, "\"prog\"", 1, NULL}, VERDICT_INCONCLUSIVE, "no system gateway"},
    {"SPG-8", AS_IT_IS, VERDICT_INCONCLUSIVE, "none of the laws"},
    {"SPG-9", AS_IT_IS, VERDICT_INCONCLUSIVE, "none of the laws"},
};

static void one_record_makes_the_difference(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(laws_rows); i++) {
        struct story_verdict v;
        struct law_context c;
        struct ev_list list;
        char why[256];

        journal_make(journal, &laws_rows[i].edit, &list);
        evidence_check(&list, &c, why, sizeof why);
        law_judge(law_find(laws_rows[i].rule), &list, &c, &v);
        if (v.verdict != laws_rows[i].verdict ||
            (!strstr(v.seen, laws_rows[i].says) && !strstr(v.note, laws_rows[i].says)))
            fail_msg("row %zu, %s: %s; seen '%s', note '%s'", i, laws_rows[i].rule,
                     verdict_word(v.verdict), v.seen, v.note);
        ev_list_drop(&list);
    }
}

static const struct {
    const char *fact;
    struct journal_edit edit;
    bool holds;
} fact_rows[] = {
    {"account acc1 is bound to system-gateway", AS_IT_IS, true},
    {"account acc1 is bound to gateway", AS_IT_IS, false},
    {"account acc1 is not bound to system-gateway", AS_IT_IS, false},
    {"account acc9 is not bound to system-gateway", AS_IT_IS, false},
    {"account acc1 is bound to system-gateway",
     {EDIT_INSERT, "pal.account", 1, ACCOUNT(1045, "acc1", "sys1", "deleted")},
     false},
    {"accounts usable are 1", AS_IT_IS, true},
    {"accounts usable are 0", AS_IT_IS, false},
    {"accounts usable are 0", {EDIT_REMOVE, "pal.gateway", 1, NULL}, true},
    {"path palette - maas was open", AS_IT_IS, true},
    {"path palette - maas was closed", AS_IT_IS, false},
    {"path palette - maas was closed", CLOSED, true},
    {"path palette - maas was open", {EDIT_REMOVE, "lab.path", 1, NULL}, false},
    {"path palette - maas was closed for 1s",
     {EDIT_INSERT, "pal.work", 1, ACT(2015, "path palette - maas closes")},
     true},
    {"path palette - maas was closed for 2s",
     {EDIT_INSERT, "pal.work", 1, ACT(2015, "path palette - maas closes")},
     false},
    {"nothing was added at the site", AS_IT_IS, true},
    {"nothing was added at the site",
     {EDIT_INSERT, "system-gateway", 1,
      AT(15, "engine", "prog") "\"who\":\"gateway\",\"kind\":\"started\"}"},
     false},
    {"nothing was added at the site",
     {EDIT_INSERT, "pal.work", 1,
      AT(2015, "capture",
         "flow.try") "\"from\":\"gateway\",\"to\":\"maas\",\"from_zone\":\"private\",\"link\":\"private\"}"},
     false},
    {"every call for c1 before \"hello c1\" came from palette", AS_IT_IS, true},
    {"every call for c1 before \"hello c1\" came from palette",
     {EDIT_INSERT, "machines.allocate", 1, MAAS(2030, "10.10.0.2", "POST", "machines.deploy")},
     false},
    {"every call for c1 before \"hello c1\" came from palette",
     {EDIT_REMOVE, "machines.allocate", 1, NULL},
     false},
    {"maas took 1 allocate from palette with zone=z2", AS_IT_IS, true},
    {"maas took 1 allocate from palette with tags=ssd+gpu", AS_IT_IS, true},
    {"maas took some allocate from palette with tags=ssd+gp", AS_IT_IS, false},
    {"maas took some allocate from palette with zone=z1", AS_IT_IS, false},
    {"palette took 1 fetch for c1 from gateway", AS_IT_IS, true},
    {"cluster c1 health is Healthy", AS_IT_IS, true},
    {"cluster c1 health is Unhealthy", AS_IT_IS, false},
    {"user was shown no system gateway", AS_IT_IS, false},
    {"user was shown no system gateway",
     {EDIT_INSERT, "pal.work", 1,
      AT(2015, "engine",
         "pal.user") "\"verb\":\"lists-gateways\",\"status\":\"200\",\"kind\":\"no-system-gateway\"}"},
     true},
    {"cluster c1 says reach",
     {EDIT_INSERT, "pal.work", 1,
      AT(2015, "palette",
         "pal.report") "\"cluster\":\"c1\",\"peer\":\"x\",\"who\":\"gateway\",\"condition\":\"X\",\"state\":\"False\",\"why\":\"MaasUnreachable\"}"},
     true},
    {"cluster c1 says reach", AS_IT_IS, false},
    {"tokens of c1 and c2 differ", AS_IT_IS, false}, /* nobody spoke for c2 */
    {"tokens of c1 and c2 differ",
     {EDIT_INSERT, "pal.hello", 1,
      AT(3005, "palette",
         "pal.hello") "\"cluster\":\"c2\",\"peer\":\"x\",\"key_id\":\"a-2\",\"machine\":\"s2\",\"accepted\":\"1\"}"},
     true},
    {"tokens of c1 and c2 differ",
     {EDIT_INSERT, "pal.hello", 1,
      AT(3005, "palette",
         "pal.hello") "\"cluster\":\"c2\",\"peer\":\"x\",\"key_id\":\"a-1\",\"machine\":\"s2\",\"accepted\":\"1\"}"},
     false},
};

static bool holds_over(const char *fact, const struct journal_edit *edit)
{
    struct script *s = calloc(1, sizeof *s);
    struct lines *lines;
    struct ev_list list;
    char story[512];
    struct err e;
    bool holds;

    snprintf(story, sizeof story,
             "scenario \"x\"\nend %s [SPG-5]\nby 1m evidence is whole\nrun 2m\n", fact);
    must(script_read("stories/900-x.scn", story, NULL, s, &e), &e);
    lines = lines_new(s);
    journal_make(journal, edit, &list);
    for (size_t i = 0; i < list.n; i++) {
        lines_time(lines, ev_list_at(&list, i)->t);
        lines_feed(lines, ev_list_at(&list, i));
    }
    lines_end(lines);
    holds = lines_state(lines, 0) == LINE_TRUE;
    lines_free(lines);
    ev_list_drop(&list);
    free(s);
    return holds;
}

static void facts_hold_over_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(fact_rows); i++)
        if (holds_over(fact_rows[i].fact, &fact_rows[i].edit) != fact_rows[i].holds)
            fail_msg("row %zu: \"%s\" is not %s", i, fact_rows[i].fact,
                     fact_rows[i].holds ? "true" : "false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(one_record_makes_the_difference),
        test(facts_hold_over_what_was_written),
    };
    return run_tests(tests);
}
