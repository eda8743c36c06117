/* Each law over a journal that keeps it and over journals that differ from that one in one record.
 */
#include "tests/test.h"

#include "tests/journals.h"

#include "lib/base/text.h"
#include "scenarios/judge/laws.h"
#include "scenarios/judge/rules.h"

#include <stdio.h>
#include <string.h>

#define GW   "6650f1aa6650f1aa6650f1aa"
#define CALL "{\"t\":1600,\"src\":\"palette\",\"ev\":\"pal.call\",\"conn\":\"9\","
#define AT_MAAS                                                                                       \
    "{\"t\":1480,\"src\":\"maas\",\"ev\":\"maas.call\",\"peer\":\"10.10.0.2\",\"op\":\"zones.read\"," \
    "\"status\":\"200\","
#define FROM_GATEWAY                                                                               \
    "{\"t\":1250,\"src\":\"capture\",\"ev\":\"flow.try\",\"from\":\"gateway\",\"from_zone\":"      \
    "\"private\",\"link\":\"private\",\"from_ip\":\"10.10.0.2\","
#define INBOUND(time, from)                                                                        \
    "{\"t\":" time ",\"src\":\"capture\",\"ev\":\"flow.try\",\"from\":\"" from "\",\"to\":"        \
    "\"gateway\",\"from_zone\":\"internet\",\"to_zone\":\"private\",\"from_ip\":\"203.0.113.10\"," \
    "\"to_ip\":\"10.10.0.2\",\"to_port\":\"8443\",\"link\":\"internet\"}"

#define TRY                                                                                         \
    "{\"t\":50000,\"src\":\"capture\",\"ev\":\"flow.try\",\"from\":\"gateway\",\"to\":\"palette\"," \
    "\"from_zone\":\"private\",\"link\":\"private\",\"from_ip\":\"10.10.0.2\"}"
#define TRIES_7 TRY "\n" TRY "\n" TRY "\n" TRY "\n" TRY "\n" TRY "\n" TRY

#define CODE "{\"t\":305,\"src\":\"palette\",\"ev\":\"pal.enrol\",\"uid\":\"x\",\"accepted\":\"0\"}"
#define CODES_11                                                                                   \
    CODE "\n" CODE "\n" CODE "\n" CODE "\n" CODE "\n" CODE "\n" CODE "\n" CODE "\n" CODE "\n" CODE \
         "\n" CODE
#define CODES_12 CODES_11 "\n" CODE

static const struct row {
    const char *rule;
    struct journal_edit edit;
    enum verdict verdict;
    const char *says; /* piece of `seen`, or of the note */
} rows[] = {
    {"REG-1", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "none"},
    {"REG-1",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND("1250", "palette")},
     VERDICT_FAIL,
     "palette at 203.0.113.10 tried 10.10.0.2 port 8443"},
    {"REG-1",
     {EDIT_INSERT, "\"op\":\"feed\"", 1, INBOUND("1450", "palette")},
     VERDICT_PASS,
     "none"},
    {"REG-1",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1, INBOUND("1250", "canary")},
     VERDICT_PASS,
     "none"},
    {"REG-1",
     {EDIT_REMOVE, "\"state\":\"Running\"", 1, NULL},
     VERDICT_INCONCLUSIVE,
     "never became Running"},
    {"REG-1",
     {EDIT_REMOVE, "\"kind\":\"started\"", 1, NULL},
     VERDICT_INCONCLUSIVE,
     "never started"},
    {"REG-1", {EDIT_REMOVE, "\"ev\":\"flow.try\"", 1, NULL}, VERDICT_INCONCLUSIVE, "no connection"},

    {"REG-2", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "one register"},
    {"REG-2",
     {EDIT_REMOVE, "\"ev\":\"pal.register\"", 1, NULL},
     VERDICT_FAIL,
     "no register was accepted"},
    {"REG-2",
     {EDIT_REPLACE, "\"ev\":\"pal.register\"", 1,
      "{\"t\":1300,\"src\":\"palette\",\"ev\":\"pal.register\",\"uid\":\"" GW
      "\",\"accepted\":\"0\"}"},
     VERDICT_FAIL,
     "no register was accepted"},
    {"REG-2",
     {EDIT_INSERT, "\"ev\":\"pal.register\"", 1,
      "{\"t\":1310,\"src\":\"palette\",\"ev\":\"pal.register\",\"uid\":\"" GW
      "\",\"accepted\":\"1\"}"},
     VERDICT_FAIL,
     "a second time"},
    {"REG-2",
     {EDIT_INSERT, "\"op\":\"register\"", 1,
      CALL "\"peer\":\"203.0.113.70\",\"op\":\"approve\",\"status\":\"204\",\"who\":\"user\"}"},
     VERDICT_FAIL,
     "a user had to act"},
    {"REG-2",
     {EDIT_REMOVE, "\"state\":\"Running\"", 1, NULL},
     VERDICT_FAIL,
     "never became Running"},

    {"REG-3", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "1 connections, all TLS"},
    {"REG-3",
     {EDIT_REPLACE, "\"ev\":\"flow.first\"", 1,
      "{\"t\":1105,\"src\":\"capture\",\"ev\":\"flow.first\",\"from\":\"gateway\",\"to\":\"palette\",\"kind\":\"http\",\"to_ip\":\"203.0.113.10\",\"to_port\":\"80\"}"},
     VERDICT_FAIL,
     "one opened with http, to 203.0.113.10"},
    {"REG-3",
     {EDIT_REPLACE, "\"ev\":\"flow.first\"", 1,
      "{\"t\":1105,\"src\":\"capture\",\"ev\":\"flow.first\",\"from\":\"gateway\",\"to\":\"proxy\",\"kind\":\"connect+tls\"}"},
     VERDICT_PASS,
     "all TLS"},
    {"REG-3",
     {EDIT_REMOVE, "\"ev\":\"flow.first\"", 1, NULL},
     VERDICT_FAIL,
     "answered on 1 connections, 0 opened with TLS"},
    {"REG-3",
     {EDIT_INSERT, "\"op\":\"feed\"", 1,
      CALL "\"peer\":\"198.51.100.7\",\"op\":\"beat\",\"status\":\"204\",\"who\":\"gateway\"}"},
     VERDICT_FAIL,
     "answered on 2 connections, 1 opened with TLS"},

    {"REG-4", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "none"},
    {"REG-4",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1,
      "{\"t\":1250,\"src\":\"engine\",\"ev\":\"secret.hit\",\"name\":\"maas-key\",\"where\":\"output\"}"},
     VERDICT_FAIL,
     "maas-key in output"},
    {"REG-4",
     {EDIT_INSERT, "\"op\":\"users.whoami\"", 1,
      AT_MAAS "\"conn\":\"1\",\"key_id\":\"installer\"}"},
     VERDICT_FAIL,
     "MAAS showed a certificate that is expired, and heard a call with its key"},
    {"REG-4",
     {EDIT_INSERT, "\"op\":\"users.whoami\"", 1, AT_MAAS "\"conn\":\"1\",\"key_id\":\"\"}"},
     VERDICT_PASS,
     "none"},
    {"REG-4",
     {EDIT_REMOVE, "\"ev\":\"pal.enrol\"", 1, NULL},
     VERDICT_INCONCLUSIVE,
     "never enrolled"},

    {"REG-6", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "2 starts, one uid"},
    {"REG-6",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.register\",\"uid\":\"" GW
      "\",\"accepted\":\"1\"}"},
     VERDICT_FAIL,
     "registered a second time"},
    {"REG-6",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.register\",\"uid\":\"other\",\"accepted\":\"1\"}"},
     VERDICT_FAIL,
     "second uid"},
    {"REG-6",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.enrol\",\"uid\":\"" GW
      "\",\"accepted\":\"0\",\"code\":\"PairingCodeUsed\"}"},
     VERDICT_FAIL,
     "another secret"},
    {"REG-6",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.gateway\",\"uid\":\"other\",\"state\":\"Pending\",\"before\":\"\"}"},
     VERDICT_FAIL,
     "second gateway was made"},
    {"REG-6",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.gateway\",\"uid\":\"" GW
      "\",\"state\":\"Unhealthy\",\"before\":\"Running\"}"},
     VERDICT_FAIL,
     "not Running again"},
    {"REG-6", {EDIT_REMOVE, "\"op\":\"beat\"", 2, NULL}, VERDICT_FAIL, "not Running again"},
    {"REG-6", {EDIT_REMOVE, "\"kind\":\"started\"", 2, NULL}, VERDICT_VACUOUS, "no restart"},
    {"REG-6",
     {EDIT_INSERT, "\"ev\":\"run.end\"", 1,
      "{\"t\":4320000,\"src\":\"engine\",\"ev\":\"prog\",\"who\":\"gateway\",\"kind\":\"started\"}"},
     VERDICT_INCONCLUSIVE,
     "soon after the last"},

    {"TOP-3", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "one, still there"},
    {"TOP-3",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.account\",\"uid\":\"acc-2\",\"bound_to\":\"" GW
      "\",\"made_by\":\"gateway\",\"kind\":\"made\"}"},
     VERDICT_FAIL,
     "second account"},
    {"TOP-3",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.account\",\"uid\":\"acc-2\",\"bound_to\":\"" GW
      "\",\"made_by\":\"user\",\"kind\":\"made\"}"},
     VERDICT_PASS,
     "one, still there"},
    {"TOP-3",
     {EDIT_REPLACE, "\"ev\":\"pal.account\"", 1,
      "{\"t\":1500,\"src\":\"palette\",\"ev\":\"pal.account\",\"uid\":\"acc-1\",\"bound_to\":\"other\",\"made_by\":\"gateway\",\"kind\":\"made\"}"},
     VERDICT_FAIL,
     "bound to another gateway"},
    {"TOP-3", {EDIT_REMOVE, "\"ev\":\"pal.account\"", 1, NULL}, VERDICT_FAIL, "none at a restart"},
    {"TOP-3",
     {EDIT_INSERT, "\"op\":\"renew\"", 1,
      "{\"t\":3660250,\"src\":\"palette\",\"ev\":\"pal.account\",\"uid\":\"acc-1\",\"bound_to\":\"" GW
      "\",\"made_by\":\"gateway\",\"kind\":\"deleted\"}"},
     VERDICT_FAIL,
     "none at the end"},
    {"TOP-3",
     {EDIT_REMOVE, "\"state\":\"Running\"", 1, NULL},
     VERDICT_INCONCLUSIVE,
     "never became Running"},

    {"CON-1", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "the longest silence was 9m"},
    {"CON-1", {EDIT_REMOVE, "\"op\":\"beat\"", 3, NULL}, VERDICT_FAIL, "18m of silence"},
    {"CON-1",
     {EDIT_REPLACE, "\"op\":\"beat\"", 3,
      CALL "\"peer\":\"198.51.100.7\",\"op\":\"beat\",\"status\":\"503\",\"who\":\"gateway\"}"},
     VERDICT_FAIL,
     "of silence"},
    {"CON-1",
     {EDIT_INSERT, "\"op\":\"account-create\"", 1,
      "{\"t\":1600,\"src\":\"engine\",\"ev\":\"prog\",\"who\":\"gateway\",\"kind\":\"signalled\",\"signal\":\"9\"}"},
     VERDICT_INCONCLUSIVE,
     "less than the bound"},
    {"CON-1",
     {EDIT_REMOVE, "\"state\":\"Running\"", 1, NULL},
     VERDICT_INCONCLUSIVE,
     "never became Running"},

    {"CON-1", /* a hole in the way is no fault of whoever cannot pass */
     {EDIT_REPLACE, "\"op\":\"beat\"", 3,
      "{\"t\":1080000,\"src\":\"engine\",\"ev\":\"act\",\"line\":\"9\",\"verb\":\"wire gateway - palette cut silently\",\"fired\":\"1\"}\n"
      "{\"t\":1619000,\"src\":\"engine\",\"ev\":\"act\",\"line\":\"9\",\"verb\":\"wire gateway - palette mended\",\"fired\":\"1\"}"},
     VERDICT_PASS,
     "the longest silence was 9m"},
    {"CON-1", /* but a wire to somebody else is no excuse */
     {EDIT_REPLACE, "\"op\":\"beat\"", 3,
      "{\"t\":1080000,\"src\":\"engine\",\"ev\":\"act\",\"line\":\"9\",\"verb\":\"wire gateway - maas cut silently\",\"fired\":\"1\"}\n"
      "{\"t\":1619000,\"src\":\"engine\",\"ev\":\"act\",\"line\":\"9\",\"verb\":\"wire gateway - maas mended\",\"fired\":\"1\"}"},
     VERDICT_FAIL,
     "18m of silence"},

    {"CON-3", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "rewritten on the way"},
    {"CON-3",
     {EDIT_INSERT, "\"op\":\"account-create\"", 1, INBOUND("1600", "palette")},
     VERDICT_FAIL,
     "tried 10.10.0.2"},
    {"CON-3",
     {EDIT_REPLACE, "\"who\":\"gateway\",\"link\"", 1,
      "{\"t\":0,\"src\":\"engine\",\"ev\":\"lab.host\",\"name\":\"gw1\",\"who\":\"gateway\",\"link\":\"private\",\"ip\":\"198.51.100.7\"}"},
     VERDICT_VACUOUS,
     "gateway's own address"},
    {"CON-3",
     {EDIT_REMOVE, "\"ev\":\"pal.user\"", 1, NULL},
     VERDICT_INCONCLUSIVE,
     "no user was answered"},
    {"CON-3", {EDIT_REMOVE, "\"ev\":\"flow.try\"", 1, NULL}, VERDICT_INCONCLUSIVE, "no connection"},

    {"PRX-2", {EDIT_NONE, NULL, 0, NULL}, VERDICT_PASS, "straight to Palette only"},
    {"PRX-2",
     {EDIT_INSERT, "\"op\":\"enrol\"", 1,
      FROM_GATEWAY "\"to\":\"proxy\",\"to_ip\":\"203.0.113.20\",\"to_port\":\"3128\"}"},
     VERDICT_FAIL,
     "proxy at 203.0.113.20 port 3128"},
    {"PRX-2", {EDIT_REMOVE, "\"ev\":\"flow.try\"", 1, NULL}, VERDICT_INCONCLUSIVE, "no connection"},

#include "tests/unit/laws_code_rows.inc"
#include "tests/unit/laws_cluster_rows.inc"
#include "tests/unit/laws_proxy_rows.inc"
#include "tests/unit/laws_bump_rows.inc"
};

/* The laws that were there before clusters were have a journal each; the others share one. */
static bool has_own_journal(const char *rule)
{
    static const char *const own[] = {"REG-1", "REG-2", "REG-3", "REG-4", "REG-5",
                                      "REG-6", "TOP-3", "CON-1", "CON-3", "PRX-2"};

    for (size_t i = 0; i < COUNTOF(own); i++)
        if (text_is(own[i], rule))
            return true;
    return false;
}

/* Laws of a proxy that is set, and what holds with one as well. */
static bool has_proxy_journal(const char *rule)
{
    static const char *const own[] = {"PRX-1", "PRX-3", "PRX-5", "PRX-6", "PRX-7"};

    for (size_t i = 0; i < COUNTOF(own); i++)
        if (text_is(own[i], rule))
            return true;
    return false;
}

/* Of one that opens TLS. */
static bool has_bump_journal(const char *rule)
{
    return text_is(rule, "PRX-8") || text_is(rule, "PRX-9");
}

/* A law that only notes something has two ways to pass, and none to fail. */
static bool only_notes(const char *rule)
{
    return text_is(rule, "PRX-9");
}

static void load(const char *rule, const struct journal_edit *edit, struct ev_list *ret)
{
    char path[128];

    snprintf(path, sizeof(path), "tests/contract/journals/%s.pass.jsonl",
             has_own_journal(rule)     ? rule
             : has_proxy_journal(rule) ? "proxy"
             : has_bump_journal(rule)  ? "bump"
                                       : "clusters");
    journal_load(path, edit, ret);
}

static void judge(const char *rule, const struct ev_list *journal, struct story_verdict *ret)
{
    struct law_context c;
    char why[256];

    evidence_check(journal, &c, why, sizeof(why));
    assert_non_null(law_find(rule));
    law_judge(law_find(rule), journal, &c, ret);
}

/* Also what is well can be shown: the records of a journal on which each law passes. */
static void what_a_pass_rests_on_can_be_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_laws; i++) {
        struct law_looked looked;
        struct ev_list journal;

        load(laws[i].rule, NULL, &journal);
        law_looked_at(&laws[i], &journal, &looked);
        if (looked.n == 0)
            fail_msg("%s: nothing can be shown: %s", laws[i].rule, looked.words);
        for (size_t k = 1; k < looked.n; k++)
            assert_true(looked.seqs[k - 1] < looked.seqs[k]);
        ev_list_drop(&journal);
    }
}

static void one_record_makes_the_difference(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct story_verdict v;
        struct ev_list journal;

        load(rows[i].rule, &rows[i].edit, &journal);
        judge(rows[i].rule, &journal, &v);
        if (v.verdict != rows[i].verdict)
            fail_msg("row %zu, %s: %s instead of %s; seen '%s', note '%s'", i, rows[i].rule,
                     verdict_word(v.verdict), verdict_word(rows[i].verdict), v.seen, v.note);
        if (!strstr(v.seen, rows[i].says) && !strstr(v.note, rows[i].says))
            fail_msg("row %zu, %s: '%s' is neither in '%s' nor in '%s'", i, rows[i].rule,
                     rows[i].says, v.seen, v.note);
        if (v.verdict == VERDICT_PASS || v.verdict == VERDICT_FAIL)
            assert_true(v.expected[0] && v.clause[0]);
        ev_list_drop(&journal);
    }
}

/* A law without a test of its red side is a lamp without a bulb. */
static void every_law_has_a_passing_and_a_failing_journal(void **state)
{
    (void)state;

    for (size_t l = 0; l < n_laws; l++) {
        bool passes = false, fails = false;

        if (text_is(laws[l].rule, "TOP-2") || text_begins(laws[l].rule, "SPG-"))
            continue; /* laws_system_test.c has theirs */
        for (size_t i = 0; i < COUNTOF(rows); i++) {
            passes =
                passes || (text_is(rows[i].rule, laws[l].rule) && rows[i].verdict == VERDICT_PASS);
            fails =
                fails || (text_is(rows[i].rule, laws[l].rule) && rows[i].verdict == VERDICT_FAIL);
        }
        assert_true(passes && fails == !only_notes(laws[l].rule));
        assert_non_null(rule_find(laws[l].rule));
        assert_int_equal(rule_find(laws[l].rule)->state, RULE_GRADED);
    }
}

/* Where nothing happened that a law is about, it has nothing to say, and that is no pass. */
static void a_law_without_an_instance_is_inconclusive(void **state)
{
    (void)state;

    for (size_t l = 0; l < n_laws; l++) {
        struct story_verdict v;
        struct ev_list journal;

        if (has_own_journal(laws[l].rule))
            continue;
        load("REG-2", NULL, &journal);
        judge(laws[l].rule, &journal, &v);
        if (v.verdict != VERDICT_INCONCLUSIVE)
            fail_msg("%s: %s, '%s'", laws[l].rule, verdict_word(v.verdict), v.seen);
        assert_true(v.note[0] != '\0');
        ev_list_drop(&journal);
    }
}

/* What a law rests on is data, and the registry says the same in words. */
static void a_laws_channels_are_those_of_its_rule(void **state)
{
    (void)state;

    for (size_t l = 0; l < n_laws; l++) {
        const char *words = rule_find(laws[l].rule)->channels;
        unsigned channels = 0;
        char word[16];

        while (text_next(&words, ' ', word, sizeof(word)))
            for (unsigned i = 0; i < LAW_CHANNELS; i++)
                if (text_is(word, law_channel_name((unsigned)BIT(i))))
                    channels |= (unsigned)BIT(i);
        assert_int_equal(channels, laws[l].channels);
    }
}

/* The next record of the same writer, which is not its last word. */
static size_t neighbour(const struct ev_list *l, size_t i)
{
    for (size_t k = i + 1; k < l->n; k++)
        if (ev_list_at(l, k)->src == ev_list_at(l, i)->src)
            return ev_list_at(l, k)->kind == EV_WRITER_END ? l->n : k;
    return l->n;
}

static void a_swapped_pair_of_records_turns_red(void **state)
{
    size_t swaps = 0;
    (void)state;

    for (size_t l = 0; l < n_laws; l++) {
        struct ev_list journal, swapped;

        load(laws[l].rule, NULL, &journal);
        for (size_t i = 0; i < journal.n; i++) {
            size_t k = neighbour(&journal, i);
            struct story_verdict v;

            if (k == journal.n ||
                (ev_list_at(&journal, i)->src == EVS_CAPTURE && !(laws[l].channels & LAW_NET)))
                continue;
            journal_swap(&journal, i, k, &swapped);
            judge(laws[l].rule, &swapped, &v);
            assert_int_not_equal(v.verdict, VERDICT_PASS);
            ev_list_drop(&swapped);
            swaps++;
        }
        ev_list_drop(&journal);
    }
    assert_true(swaps > 100);
}

/* Each record that is taken away, altered, or whose writer lost something, tears the evidence. */
static void evidence_is_torn_by_any_change(void **state)
{
    static const struct {
        const char *at;
        bool packets_only;
    } tears[] = {{"\"op\":\"beat\"", false},
                 {"\"ev\":\"flow.first\"", true},
                 {"\"link\":\"transit\",\"count\":\"2\"", true}};
    (void)state;

    for (size_t i = 0; i < COUNTOF(tears); i++) {
        struct ev_list journal, torn;
        struct law_context c;
        char why[256];

        load("REG-2", NULL, &journal);
        ev_list_init(&torn);
        for (size_t k = 0; k < journal.n; k++) {
            struct buf line SCOPED(buf_drop);

            buf_init(&line, KIB(8));
            ev_json_write(&line, ev_list_at(&journal, k));
            if (!strstr(buf_text(&line), tears[i].at))
                ev_list_add(&torn, ev_list_at(&journal, k));
        }
        assert_int_equal(torn.n, journal.n - 1);
        evidence_check(&torn, &c, why, sizeof(why));
        assert_false(c.packets_whole);
        assert_int_equal(c.journals_whole, tears[i].packets_only);
        assert_true(why[0] != '\0');
        ev_list_drop(&torn);
        ev_list_drop(&journal);
    }
}

static void lost_packets_take_only_what_rests_on_packets(void **state)
{
    const struct journal_edit lost = {
        EDIT_REPLACE, "\"ev\":\"tap.drops\"", 1,
        "{\"t\":120000,\"src\":\"capture\",\"ev\":\"tap.drops\",\"link\":\"private\",\"lost\":\"3\"}"};
    struct story_verdict v;
    struct ev_list journal;
    (void)state;

    load("REG-2", &lost, &journal);
    judge("REG-2", &journal, &v);
    assert_int_equal(v.verdict, VERDICT_PASS);
    judge("REG-3", &journal, &v);
    assert_int_equal(v.verdict, VERDICT_INCONCLUSIVE);
    assert_non_null(strstr(v.note, "capture lost 3"));
    ev_list_drop(&journal);
}

/* What was seen was seen, whatever else is missing; what was not seen may just be missing. */
static void a_fail_that_was_shown_stands_on_torn_evidence(void **state)
{
    const struct journal_edit shown = {EDIT_INSERT, "\"op\":\"enrol\"", 1,
                                       INBOUND("1250", "palette")};
    const struct journal_edit missing = {EDIT_REMOVE, "\"ev\":\"pal.register\"", 1, NULL};
    struct ev_list journal, swapped;
    struct story_verdict v;
    (void)state;

    load("REG-1", &shown, &journal);
    journal_swap(&journal, 0, neighbour(&journal, 0), &swapped);
    judge("REG-1", &swapped, &v);
    assert_int_equal(v.verdict, VERDICT_FAIL);
    assert_int_equal(v.n_evidence, 1);
    ev_list_drop(&journal);
    ev_list_drop(&swapped);
    load("REG-2", &missing, &journal);
    journal_swap(&journal, 0, neighbour(&journal, 0), &swapped);
    judge("REG-2", &swapped, &v);
    assert_int_equal(v.verdict, VERDICT_INCONCLUSIVE);
    ev_list_drop(&journal);
    ev_list_drop(&swapped);
}

static void what_is_missing_after_a_budget_is_not_a_fail(void **state)
{
    const struct journal_edit budget = {
        EDIT_REPLACE, "\"ev\":\"run.end\"", 1,
        "{\"t\":1450,\"src\":\"engine\",\"ev\":\"run.end\",\"why\":\"budget\"}"};
    struct law_context c;
    struct ev_list journal;
    char why[64];
    (void)state;

    load("REG-2", &budget, &journal);
    evidence_check(&journal, &c, why, sizeof(why));
    assert_true(c.journals_whole && c.packets_whole);
    assert_false(c.played_out);
    ev_list_drop(&journal);
}

#define GRADED_BY_LINES 7 /* of stories alone: REG-7, CON-6, MAA-5, IND-7, LIF-5, LIF-6, SPG-7 */

/* The catalogue is the documented topology and nothing else. */
static void the_catalogue_is_complete(void **state)
{
    size_t seed = 0, derived = 0, graded = 0;
    (void)state;

    assert_int_equal(n_rules, 65);
    for (size_t i = 0; i < n_rules; i++) {
        const struct rule *r = &rules[i];

        assert_ptr_equal(rule_find(r->id), r);
        seed += r->ground == RULE_SEED;
        derived += r->ground == RULE_DERIVED;
        graded += r->state == RULE_GRADED;
        assert_true(r->sentence[0] && r->why[0] && r->bound[0] && r->bad[0] && r->law[0] &&
                    r->clauses[0] && r->channels[0] && r->remedy[0]);
        assert_int_equal(r->state == RULE_GRADED, r->state_why[0] == '\0');
        assert_int_equal(r->seed[0] == '\0', r->ground == RULE_OTHER);
    }
    assert_int_equal(seed, 38);
    assert_int_equal(derived, 26);
    assert_int_equal(graded, n_laws + GRADED_BY_LINES);
    assert_null(rule_find("REG-9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_a_pass_rests_on_can_be_shown),
        test(one_record_makes_the_difference),
        test(every_law_has_a_passing_and_a_failing_journal),
        test(a_law_without_an_instance_is_inconclusive),
        test(a_laws_channels_are_those_of_its_rule),
        test(a_swapped_pair_of_records_turns_red),
        test(evidence_is_torn_by_any_change),
        test(lost_packets_take_only_what_rests_on_packets),
        test(a_fail_that_was_shown_stands_on_torn_evidence),
        test(what_is_missing_after_a_budget_is_not_a_fail),
        test(the_catalogue_is_complete),
    };
    return run_tests(tests);
}
