/* Questions of users about MAAS: asked after they were received, answered within the deadline
 * (GP-51, GP-52). The good answers are recorded ones of a real MAAS 3.7.3. */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/oauth.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODIES "tests/contract/maas-bodies/"
#define MAAS   "GET http://maas.site:5240/MAAS/api/2.0/"
#define ANSWER "POST https://palette.example/v1/x-gp/pcg/g1/queries/"
#define ACCOUNTS                                                                                   \
    "\"accounts\":[{\"uid\":\"acc-1\",\"revision\":3,"                                             \
    "\"apiEndpoint\":\"http://maas.site:5240/MAAS/\",\"apiKey\":\"" PLAY_KEY "\"}]"

/* Lists one query of the account acc-1. */
static void list(struct play *p, const char *id, const char *kind)
{
    struct buf body;

    buf_init(&body, MIB(4));
    buf_printf(&body,
               "{\"cursor\":\"c-%s\"," ACCOUNTS ",\"queries\":[{\"id\":\"%s\",\"kind\":\"%s\","
               "\"deadlineSeconds\":20,\"accountUid\":\"acc-1\"}]}",
               id, id, kind);
    play_reply(p, "/feed", 200, buf_text(&body));
    buf_drop(&body);
}

static void file_read(const char *name, struct buf *out)
{
    char path[256], block[4096];
    FILE *f;
    size_t n;

    snprintf(path, sizeof path, BODIES "%s.json", name);
    f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    while (f && (n = fread(block, 1, sizeof block, f)) > 0)
        buf_add(out, block, n);
    if (f)
        fclose(f);
    assert_true(out->len > 0);
}

static const char *answer_of(struct play *p)
{
    assert_non_null(play_find(p, ANSWER));
    return buf_text(&play_find(p, ANSWER)->call.body);
}

static void every_kind_is_answered_from_a_real_body(void **state)
{
    static const struct kind {
        const char *name, *file, *path, *answer;
    } kinds[] = {
        {"validate", "whoami", "users/?op=whoami", "{\"ok\":true,\"items\":[]}"},
        {"azs", "zones", "zones/",
         "{\"ok\":true,\"items\":[{\"name\":\"default\"},"
         "{\"name\":\"zone-a\",\"description\":\"Zone A\"},{\"name\":\"zone-b\"}]}"},
        {"resourcePools", "resourcepools", "resourcepools/",
         "{\"ok\":true,\"items\":[{\"name\":\"default\",\"description\":\"Default pool\"},"
         "{\"name\":\"pool-x\",\"description\":\"Pool X\"}]}"},
        {"domains", "domains", "domains/", "{\"ok\":true,\"items\":[{\"name\":\"maas\"}]}"},
        {"tags", "tags", "tags/",
         "{\"ok\":true,\"items\":["
         "{\"name\":\"virtual\",\"resourceUri\":\"/MAAS/api/2.0/tags/virtual/\"},"
         "{\"name\":\"gpu\",\"comment\":\"has a gpu\","
         "\"resourceUri\":\"/MAAS/api/2.0/tags/gpu/\"},"
         "{\"name\":\"fast\",\"resourceUri\":\"/MAAS/api/2.0/tags/fast/\"},"
         "{\"name\":\"unused\",\"resourceUri\":\"/MAAS/api/2.0/tags/unused/\"}]}"},
    };

    for (size_t i = 0; i < COUNTOF(kinds); i++) {
        struct play *p = *state;
        char id[8], line[256];
        struct buf body;

        buf_init(&body, MIB(4));
        file_read(kinds[i].file, &body);
        snprintf(id, sizeof id, "q-%zu", i);
        list(p, id, kinds[i].name);
        snprintf(line, sizeof line, MAAS "%s", kinds[i].path);
        assert_non_null(play_find(p, MAAS));
        assert_string_equal(play_find(p, MAAS)->line, line);
        assert_int_equal(play_find(p, MAAS)->target, GW_MAAS);
        play_reply(p, MAAS, 200, buf_text(&body));
        assert_string_equal(answer_of(p), kinds[i].answer);
        play_reply(p, ANSWER, 204, "");
        buf_drop(&body);
    }
}

static void subnets_carry_their_vlan(void **state)
{
    struct play *p = *state;
    struct buf body;

    buf_init(&body, MIB(4));
    file_read("subnets", &body);
    list(p, "q", "subnets");
    play_reply(p, MAAS "subnets/", 200, buf_text(&body));
    buf_drop(&body);
    assert_non_null(strstr(answer_of(p), "{\"ok\":true,\"items\":[{\"id\":1,\"name\":\"pxe-net\","
                                         "\"space\":\"undefined\",\"vlans\":{\"id\":5001,"
                                         "\"name\":\"untagged\",\"fabric\":\"fabric-0\"}}"));
}

/* PLAINTEXT with an empty consumer secret; nonce and timestamp are fresh every time (GP-92). */
static void every_read_is_signed_afresh(void **state)
{
    struct play *p = *state;
    char header[1024];
    struct oauth first, second;
    struct err e;

    p->now = 5000;
    list(p, "q", "azs");
    assert_true(
        http_header_get(&play_find(p, MAAS)->call.headers, "Authorization", header, sizeof header));
    must(oauth_read(header, &first, &e), &e);
    assert_string_equal(first.signature_method, "PLAINTEXT");
    assert_string_equal(first.consumer_key, "maasconsumer");
    assert_string_equal(first.token, "maastoken");
    assert_string_equal(first.signature, "&maassecret");
    assert_string_equal(first.timestamp, "1782864005");
    play_reply(p, MAAS, 401, "Authorization Error: 'Nonce already used: abc'");
    assert_true(
        http_header_get(&play_find(p, MAAS)->call.headers, "Authorization", header, sizeof header));
    must(oauth_read(header, &second, &e), &e);
    assert_string_not_equal(first.nonce, second.nonce);
    play_reply(p, MAAS, 401, "Authorization Error: 'Nonce already used: abc'");
    assert_non_null(strstr(answer_of(p), "\"code\":\"MaasError\""));
}

static void what_maas_says_becomes_a_code(void **state)
{
    static const struct refusal {
        enum http_outcome outcome;
        int status;
        const char *body, *code;
    } refusals[] = {
        {HTTP_NO_NAME, 0, "", "MaasUnreachable"},
        {HTTP_NO_CONNECT, 0, "", "MaasUnreachable"},
        {HTTP_TLS_FAILED, 0, "", "MaasTlsFailed"},
        {HTTP_TIMEOUT, 0, "", "Timeout"},
        {HTTP_BROKEN, 0, "", "MaasError"},
        {HTTP_ANSWERED, 401,
         "Authorization Error: 'Invalid signature. Expected signature base "
         "string: &leaked'",
         "MaasUnauthorized"},
        {HTTP_ANSWERED, 401, "Authorization Error: Invalid API key.", "MaasUnauthorized"},
        {HTTP_ANSWERED, 401,
         "Authorization Error: 'Expired timestamp: given 0 and now 1795353804, "
         "has a greater difference than threshold 300'",
         "ClockSkew"},
        {HTTP_ANSWERED, 403, "User is not allowed access to this API.", "MaasForbidden"},
        {HTTP_ANSWERED, 301, "", "MaasError"},
        {HTTP_ANSWERED, 404, "Unknown API endpoint", "MaasError"},
        {HTTP_ANSWERED, 503, "leaked", "MaasError"},
        {HTTP_ANSWERED, 200, "", "MaasError"},
        {HTTP_ANSWERED, 200, "{}", "MaasError"},
        {HTTP_ANSWERED, 200, "[{\"name\":\"default\"", "MaasError"},
        {HTTP_ANSWERED, 200, "[{\"name\":7}]", "MaasError"},
        {HTTP_ANSWERED, 200, "[{\"description\":\"no name\"}]", "MaasError"},
    };

    for (size_t i = 0; i < COUNTOF(refusals); i++) {
        struct play *p = *state;
        char id[8], code[64];

        snprintf(id, sizeof id, "q-%zu", i);
        snprintf(code, sizeof code, "{\"ok\":false,\"code\":\"%s\",", refusals[i].code);
        list(p, id, "azs");
        if (refusals[i].outcome == HTTP_ANSWERED)
            play_reply(p, MAAS, refusals[i].status, refusals[i].body);
        else
            play_lose(p, MAAS, refusals[i].outcome);
        assert_true(text_begins(answer_of(p), code));
        assert_null(strstr(answer_of(p), "leaked"));
        play_reply(p, ANSWER, 204, "");
    }
}

static void an_unknown_kind_is_unsupported_without_asking_maas(void **state)
{
    struct play *p = *state;

    list(p, "q", "weather");
    assert_null(play_find(p, MAAS));
    assert_true(text_begins(answer_of(p), "{\"ok\":false,\"code\":\"Unsupported\""));
}

static void an_unknown_account_is_refused(void **state)
{
    struct play *p = *state;

    play_reply(p, "/feed", 200,
               "{\"cursor\":\"c\"," ACCOUNTS ",\"queries\":[{\"id\":\"q\",\"kind\":\"azs\","
               "\"deadlineSeconds\":20,\"accountUid\":\"acc-2\"}]}");
    assert_null(play_find(p, MAAS));
    assert_true(text_begins(answer_of(p), "{\"ok\":false,\"code\":\"MaasError\""));
}

/* An address that would take the key along in the URL is not used. */
static void an_account_that_is_not_stored_yet_is_asked_with_its_own_key(void **state)
{
    struct play *p = *state;

    play_reply(p, "/feed", 200,
               "{\"cursor\":\"c\",\"queries\":[{\"id\":\"a/b\",\"kind\":\"validate\",\"account\":"
               "{\"apiEndpoint\":\"http://other.site/MAAS\",\"apiKey\":\"otherkey:a:b\"}},"
               "{\"id\":\"q2\",\"kind\":\"validate\",\"account\":"
               "{\"apiEndpoint\":\"http://u:leaked@other.site/MAAS\",\"apiKey\":\"a:b:c\"}}]}");
    assert_non_null(strstr(
        buf_text(
            &play_find(p, "GET http://other.site/MAAS/api/2.0/users/?op=whoami")->call.headers),
        "otherkey"));
    assert_non_null(play_find(p, ANSWER "q2"));
    play_reply(p, "GET http://other.site", 200, "{\"username\":\"admin\"}");
    assert_non_null(play_find(p, ANSWER "a%2Fb"));
}

/* GP-92: a new revision replaces the key at once, and a key of the wrong shape is MAAS's to judge.
 */
static void a_new_revision_of_the_account_counts_at_once(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    play_reply(p, MAAS, 401, "");
    play_reply(p, ANSWER, 204, "");
    play_reply(p, "/feed", 200,
               "{\"cursor\":\"c\",\"accounts\":[{\"uid\":\"acc-1\",\"revision\":4,\"apiEndpoint\":"
               "\"http://maas.site:5240/MAAS\",\"apiKey\":\"otherkey\"}],\"queries\":[{\"id\":"
               "\"q2\",\"kind\":\"azs\",\"accountUid\":\"acc-1\"}]}");
    assert_non_null(strstr(buf_text(&play_find(p, MAAS)->call.headers), "\"otherkey\""));
}

/* An error within the deadline is better than nothing: the user waits (GP-51). */
static void a_silent_maas_is_given_up_in_time_for_the_answer(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    assert_int_equal(play_find(p, MAAS)->call.timeout_ms, 15000);
    play_until(p, 15000);
    play_lose(p, MAAS, HTTP_TIMEOUT);
    assert_true(text_begins(answer_of(p), "{\"ok\":false,\"code\":\"Timeout\""));
    assert_int_equal(play_find(p, ANSWER)->call.timeout_ms, 5000);
    play_until(p, 20000);
    assert_null(play_find(p, ANSWER));
}

/* Whose packets are dropped without a word: the call has never had a connection when its time is
 * over, and that is another answer than a MAAS that was there and said nothing. */
static void a_maas_that_no_packet_reaches_is_out_of_reach_within_the_deadline(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    play_until(p, 15000);
    assert_non_null(play_find(p, MAAS));
    play_lose(p, MAAS, HTTP_NO_CONNECT);
    assert_true(text_begins(answer_of(p), "{\"ok\":false,\"code\":\"MaasUnreachable\""));
    assert_int_equal(play_find(p, ANSWER)->call.timeout_ms, 5000);
}

static void a_call_that_never_ends_is_answered_all_the_same(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    play_until(p, 17500);
    assert_null(play_find(p, MAAS));
    assert_true(text_begins(answer_of(p), "{\"ok\":false,\"code\":\"Timeout\""));
    assert_int_equal(play_find(p, ANSWER)->call.timeout_ms, 2500);
}

static void an_answer_is_repeated_until_it_is_too_late(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    play_reply(p, MAAS, 200, "[]");
    play_reply(p, ANSWER, 503, "");
    play_wait(p);
    assert_string_equal(answer_of(p), "{\"ok\":true,\"items\":[]}");
    play_reply(p, ANSWER, 410, "{\"code\":\"QueryExpired\"}");
    play_until(p, 50000);
    assert_null(play_find(p, ANSWER));
}

/* It stays listed until Palette has taken the answer; twice listed is not twice asked. */
static void a_query_that_is_still_listed_is_not_asked_again(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    list(p, "q", "azs");
    assert_int_equal(p->n_calls, 1); /* the same cursor twice: the feed pauses */
    play_reply(p, MAAS, 200, "[]");
    play_reply(p, ANSWER, 204, "");
    play_until(p, 6000);
    list(p, "q", "azs");
    assert_null(play_find(p, MAAS));
}

static void a_query_that_is_no_longer_listed_is_dropped(void **state)
{
    struct play *p = *state;

    list(p, "q", "azs");
    buf_clear(&p->trace);
    play_reply(p, "/feed", 200, "{\"cursor\":\"d\"}");
    STORY(p, "[   0.000] cancel " MAAS "zones/; call GET "
             "https://palette.example/v1/x-gp/pcg/g1/feed?waitSeconds=30&cursor=d\n");
}

/* GP-28: our requests are 1 MiB at most. */
static void an_answer_that_would_be_too_long_is_an_error(void **state)
{
    struct play *p = *state;
    struct buf body;

    buf_init(&body, MIB(4));
    buf_char_add(&body, '[');
    for (int i = 0; i < 40000; i++)
        buf_printf(&body, "%s{\"name\":\"zone-with-a-long-name-%d\"}", i ? "," : "", i);
    buf_char_add(&body, ']');
    assert_false(body.full);
    list(p, "q", "azs");
    play_reply(p, MAAS, 200, buf_text(&body));
    buf_drop(&body);
    assert_true(text_begins(answer_of(p), "{\"ok\":false,\"code\":\"MaasError\""));
}

/* 32 at once, and Palette is not flooded with connections it may not answer (GP-28, GP-29). */
static void thirty_two_questions_are_all_answered(void **state)
{
    struct play *p = *state;
    struct buf body;
    size_t answered = 0;

    buf_init(&body, MIB(1));
    buf_text_add(&body, "{\"cursor\":\"c\"," ACCOUNTS ",\"queries\":[");
    for (int i = 0; i < 32; i++)
        buf_printf(&body, "%s{\"id\":\"q%d\",\"kind\":\"azs\",\"accountUid\":\"acc-1\"}",
                   i ? "," : "", i);
    buf_text_add(&body, "]}");
    play_reply(p, "/feed", 200, buf_text(&body));
    buf_drop(&body);
    assert_int_equal(p->n_calls, 33);
    while (play_find(p, MAAS))
        play_reply(p, MAAS, 200, "[]");
    assert_in_range(p->n_calls, 2, 20);
    while (play_find(p, ANSWER)) {
        play_reply(p, ANSWER, 204, "");
        answered++;
    }
    assert_int_equal(answered, 32);
}

/* A call that is called off because Palette said something is no dial at a Palette that is silent:
 * twenty of them leave room for the next. */
static void what_an_answer_calls_off_costs_no_connection(void **state)
{
    struct play *p = *state;
    char id[16];

    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "q%d", i);
        list(p, id,
             "azs"); /* and the one before is not listed any more: its answer is called off */
        play_reply(p, MAAS, 200, "[]");
        assert_non_null(play_find(p, ANSWER));
    }
}

/* A new process whose budget is `requests` in ten seconds. */
static void restart_with_budget(struct play *p, int requests)
{
    char body[512];

    snprintf(body, sizeof body,
             "{\"token\":\"tok-two\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\","
             "\"registered\":true,\"timing\":{\"rateRequests\":%d}}",
             requests);
    play_start(p);
    play_reply(p, "/credential", 200, body);
}

/* A feed that changes without end takes its turn like everybody (GP-29, GP-49). */
static void a_busy_feed_does_not_starve_an_answer(void **state)
{
    struct play *p = *state;
    ms_t sent[200];
    bool answered = false;
    size_t n = 0;

    restart_with_budget(p, 6);
    for (n = 0; n < COUNTOF(sent) && p->now < SECONDS(60); n++) {
        char body[512];

        while (!play_find(p, "/feed") && !play_find(p, MAAS))
            play_wait(p);
        snprintf(body, sizeof body,
                 "{\"cursor\":\"c-%zu\"," ACCOUNTS ",\"queries\":[{\"id\":\"q\",\"kind\":"
                 "\"azs\",\"accountUid\":\"acc-1\",\"deadlineSeconds\":20}]}",
                 n);
        sent[n] = p->now;
        if (play_find(p, MAAS))
            play_reply(p, MAAS, 200, "[]");
        else
            play_reply(p, "/feed", 200, body);
        answered = answered || play_find(p, ANSWER);
        assert_true(answered || p->now < SECONDS(20));
        assert_true(n < 7 || sent[n] - sent[n - 7] > SECONDS(10)); /* six, and one of MAAS */
    }
    assert_true(answered);
    assert_true(p->now >= SECONDS(60));
}

#define QUESTION(id)                                                                               \
    "{\"id\":\"" id "\",\"kind\":\"azs\",\"accountUid\":\"a\",\"deadlineSeconds\":90}"

/* A question that has to wait for the budget is asked with the key as it is then (GP-92). */
static void a_waiting_question_gets_the_newest_key(void **state)
{
    static const char *const keys[] = {"otherkey:a:b", "otherkey:c:d"};
    struct play *p = *state;

    restart_with_budget(p, 2);
    for (size_t i = 0; i < COUNTOF(keys); i++) {
        char body[1024];

        snprintf(body, sizeof body,
                 "{\"cursor\":\"c-%zu\",\"accounts\":[{\"uid\":\"a\",\"apiEndpoint\":"
                 "\"http://maas.site:5240/MAAS\",\"apiKey\":\"%s\"}],\"queries\":[" QUESTION(
                     "q1") "," QUESTION("q2") "," QUESTION("q3") "]}",
                 i, keys[i]);
        while (!play_find(p, "/feed"))
            play_wait(p);
        play_reply(p, "/feed", 200, body);
        if (i > 0)
            break;
        assert_non_null(strstr(buf_text(&play_find(p, MAAS)->call.headers), "%26b"));
        play_reply(p, MAAS, 200, "[]");
        assert_null(play_find(p, MAAS)); /* the others have to wait */
    }
    /* the second left together with the feed's request, the third is asked after its answer */
    play_reply(p, MAAS, 200, "[]");
    while (!play_find(p, MAAS))
        play_wait(p);
    assert_non_null(strstr(buf_text(&play_find(p, MAAS)->call.headers), "%26d"));
}

#define story(function, ...) site_clause_test(function, play_open_linked, play_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(every_kind_is_answered_from_a_real_body, CLAUSE(52)),
        story(subnets_carry_their_vlan),
        story(every_read_is_signed_afresh, CLAUSE(92)),
        story(what_maas_says_becomes_a_code, CLAUSE(52)),
        story(an_unknown_kind_is_unsupported_without_asking_maas, CLAUSE(3), CLAUSE(52)),
        story(an_unknown_account_is_refused),
        story(an_account_that_is_not_stored_yet_is_asked_with_its_own_key),
        story(a_new_revision_of_the_account_counts_at_once, CLAUSE(92)),
        story(a_silent_maas_is_given_up_in_time_for_the_answer, CLAUSE(52), CLAUSE(90)),
        story(a_maas_that_no_packet_reaches_is_out_of_reach_within_the_deadline, CLAUSE(112),
              CLAUSE(52)),
        story(a_call_that_never_ends_is_answered_all_the_same, CLAUSE(52)),
        story(an_answer_is_repeated_until_it_is_too_late),
        story(a_query_that_is_still_listed_is_not_asked_again),
        story(a_query_that_is_no_longer_listed_is_dropped),
        story(an_answer_that_would_be_too_long_is_an_error),
        story(thirty_two_questions_are_all_answered),
        story(what_an_answer_calls_off_costs_no_connection),
        story(a_busy_feed_does_not_starve_an_answer),
        story(a_waiting_question_gets_the_newest_key),
    };

    return run_tests(tests);
}
