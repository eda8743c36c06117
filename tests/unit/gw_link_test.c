/* The gateway's link to Palette as stories in virtual time: enrolment, refusals, registration. */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

static const char *body_of(struct play *p, const char *part)
{
    const struct play_call *c = play_find(p, part);

    assert_non_null(c);
    return buf_text(&c->call.body);
}

static bool body_has(struct play *p, const char *part, const char *text)
{
    return strstr(body_of(p, part), text);
}

/* The whole way to readiness, in the order of GP-30 to GP-39. */
static void a_first_start_enrols_registers_beats_and_listens(void **state)
{
    struct play *p = *state;

    play_start(p);
    STORY(p, "[   0.000] persist identity; persist pairing; sync; "
             "call POST https://palette.example/v1/x-gp/pcg/g1/credential\n");
    assert_true(body_has(p, "/credential", "\"pairingCode\":\"" PLAY_CODE "\""));
    assert_true(body_has(
        p, "/credential",
        "\"profile\":\"1.0\",\"version\":\"2.3.1\","
        "\"features\":[\"pcg\",\"system-gateway\",\"proxy\",\"proxy-auth\",\"proxy-ca\",\"reload\"],"
        "\"replica\":1}"));
    p->now = 40;
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    STORY(
        p,
        "[   0.040] persist pairing; sync; call POST https://palette.example/v1/pcg/g1/register\n");
    assert_string_equal(body_of(p, "/register"), "{\"pairingCode\":\"" PLAY_CODE "\"}");
    p->now = 80;
    play_reply(p, "/register", 204, "");
    STORY(p, "[   0.080] persist pairing; sync; "
             "call PUT https://palette.example/v1/spectroclusters/s1/heartbeat; "
             "call GET https://palette.example/v1/x-gp/pcg/g1/feed?waitSeconds=30\n");
    assert_string_equal(body_of(p, "/heartbeat"), "{\"agentVersion\":\"2.3.1\",\"message\":\"\"}");
    p->now = 120;
    play_reply(p, "/heartbeat", 204, "");
    STORY(p, ""); /* no MAAS was given, so there is no account to make */
    play_wait(p);
    STORY(p, "[  60.120] call PUT https://palette.example/v1/spectroclusters/s1/heartbeat\n");
}

/* A secret of 256 bits at least, in base64url, that is never the same twice (GP-30). */
static void the_secret_is_made_of_the_entropy_and_lasts(void **state)
{
    struct play *p = *state;
    char first[GW_SECRET_MAX], second[GW_SECRET_MAX];
    const char *record;

    play_start(p);
    record = play_record_of(p, "identity");
    assert_true(jx_pick(record, strlen(record), "secret", first, sizeof first));
    assert_int_equal(strlen(first), 43);
    assert_true(body_has(p, "/credential", first));
    play_start(p);
    record = play_record_of(p, "identity");
    assert_true(jx_pick(record, strlen(record), "secret", second, sizeof second));
    assert_string_equal(first, second);
}

static void a_given_secret_is_taken_and_made_durable(void **state)
{
    struct play *p = *state;

    text_copy(p->config.given_secret, GW_SECRET_MAX, "a-secret-that-was-given");
    play_start(p);
    assert_string_equal(play_record_of(p, "identity"), "{\"secret\":\"a-secret-that-was-given\"}");
    assert_true(body_has(p, "/credential", "\"gatewaySecret\":\"a-secret-that-was-given\""));
}

/* A restarted gateway is the same gateway: no code, no register (GP-32, GP-37). */
static void a_restart_sends_no_code_and_does_not_register(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_start(p);
    STORY(p, "[   0.000] call POST https://palette.example/v1/x-gp/pcg/g1/credential\n");
    assert_false(body_has(p, "/credential", "pairingCode"));
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    STORY(p, "[   0.000] call PUT https://palette.example/v1/spectroclusters/s1/heartbeat; "
             "call GET https://palette.example/v1/x-gp/pcg/g1/feed?waitSeconds=30\n");
    assert_non_null(strstr(buf_text(&p->said), "knows this gateway from before"));
}

/* Palette binds the code to the secret that came first; only the same pair is taken again. */
static void a_lost_credential_answer_is_asked_for_with_the_same_pair(void **state)
{
    struct play *p = *state;
    char first[1024];

    play_start(p);
    assert_true(text_copy(first, sizeof first, body_of(p, "/credential")));
    play_lose(p, "/credential", HTTP_TIMEOUT);
    play_wait(p);
    assert_string_equal(body_of(p, "/credential"), first);
    play_start(p);
    assert_string_equal(body_of(p, "/credential"), first);
}

/* Killed between enrolment and registration, and the code's file is there for a first start only.
 */
static void registration_survives_a_kill_without_the_code_file(void **state)
{
    struct play *p = *state;

    play_start(p);
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    p->config.pairing_code[0] = '\0';
    play_start(p);
    assert_false(body_has(p, "/credential", "pairingCode"));
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    assert_string_equal(body_of(p, "/register"), "{\"pairingCode\":\"" PLAY_CODE "\"}");
    play_reply(p, "/register", 204, "");
    assert_null(strstr(play_record_of(p, "pairing"), PLAY_CODE));
}

static void a_lost_register_answer_is_repeated_until_204(void **state)
{
    struct play *p = *state;

    play_start(p);
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    for (int i = 0; i < 3; i++) {
        play_lose(p, "/register", HTTP_BROKEN);
        assert_null(play_find(p, "/feed"));
        play_wait(p);
    }
    play_reply(p, "/register", 204, "");
    assert_non_null(play_find(p, "/feed"));
    assert_null(play_find(p, "/register"));
}

/* GP-35: with a refused code the gateway leaves, saying why; the rest is asked for again slowly. */
static void every_refusal_of_the_credential_is_obeyed(void **state)
{
    static const struct refusal {
        int status;
        const char *code;
        bool over;
    } refusals[] = {
        {401, "PairingCodeInvalid", true},
        {410, "PairingCodeExpired", true},
        {409, "PairingCodeUsed", true},
        {404, "NotFound", false},
        {403, "Forbidden", false},
        {403, "SystemGatewayNotAvailable", false},
        {401, "CredentialUnknown", false},
        {401, "CredentialRevoked", false},
        {401, "", false},
        {400, "Bad", false},
        {409, "SomethingElse", false},
        {302, "", false},
    };

    for (size_t i = 0; i < COUNTOF(refusals); i++) {
        struct play *p = *state;
        char body[256];

        snprintf(body, sizeof body, "{\"code\":\"%s\",\"message\":\"leaked\",\"ref\":\"r\"}",
                 refusals[i].code);
        play_start(p);
        play_reply(p, "/credential", refusals[i].status, body);
        assert_int_equal(p->over, refusals[i].over);
        assert_true(p->said.len > 0);
        if (refusals[i].over)
            assert_int_equal(p->exit_code, 1);
        else
            assert_in_range(gw_due(p->g) - p->now, 60000, 75000);
        play_drop(p);
        play_init(p);
    }
}

/* GP-36: everything stops, the state stays, and Palette is asked again slowly. */
static void a_revoked_identity_stops_all_work(void **state)
{
    struct play *p = *state;

    text_copy(p->config.maas_url, GW_URL_MAX, "http://maas.site:5240/MAAS");
    text_copy(p->config.maas_key, sizeof p->config.maas_key, PLAY_KEY);
    play_link(p);
    play_reply(p, "/feed", 401, "{\"code\":\"CredentialRevoked\",\"message\":\"leaked\"}");
    STORY(p, "[   0.000] cancel GET https://palette.example/v1/overlords/g1\n");
    assert_int_equal(p->n_calls, 0);
    assert_in_range(gw_due(p->g), 60000, 75000);
    play_wait(p);
    assert_false(body_has(p, "/credential", "pairingCode"));
    play_reply(p, "/credential", 401, "{\"code\":\"CredentialRevoked\"}");
    assert_in_range(gw_due(p->g) - p->now, 60000, 75000);
    play_wait(p);
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    assert_non_null(play_find(p, "/feed"));
    assert_non_null(play_find(p, "/heartbeat"));
}

/* Only a code that was not used before enrols anew, and the secret is the old one (GP-36). */
static void after_a_revocation_only_a_new_code_enrols(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_start(p);
    play_reply(p, "/credential", 401, "{\"code\":\"CredentialUnknown\"}");
    assert_int_equal(p->n_calls, 0);
    text_copy(p->config.pairing_code, GW_SECRET_MAX, "leaked-new-code");
    play_start(p);
    assert_false(body_has(p, "/credential", "pairingCode"));
    buf_clear(&p->trace);
    play_reply(p, "/credential", 401, "{\"code\":\"CredentialUnknown\"}");
    STORY(p, "[   0.000] persist pairing; sync; "
             "call POST https://palette.example/v1/x-gp/pcg/g1/credential\n");
    assert_true(body_has(p, "/credential", "leaked-new-code"));
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    assert_string_equal(body_of(p, "/register"), "{\"pairingCode\":\"leaked-new-code\"}");
}

/* GP-27: an answer that points elsewhere is an error, and the address is not taken up. */
static void a_redirect_is_not_followed(void **state)
{
    struct play *p = *state;
    struct http_result r;

    play_link(p);
    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    r.status = 307;
    assert_true(http_header_add(&r.headers, "Location", "https://elsewhere.example/v1/feed"));
    play_result(p, play_find(p, "/feed")->ticket, &r);
    http_result_drop(&r);
    assert_int_equal(p->n_calls, 0);
    play_until(p, 59000);
    assert_null(play_find(p, "/feed"));
    play_until(p, 76000);
    assert_non_null(play_find(p, "https://palette.example/v1/x-gp/pcg/g1/feed"));
}

/* Half answers, wrong types, a token that would break the header: like 502. */
static void nonsense_for_a_credential_is_asked_for_again(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "null",
        "<html>leaked</html>",
        "{\"token\":\"tok-one\"}",
        "{\"token\":7,\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\",\"registered\":true}",
        "{\"token\":\"\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\",\"registered\":true}",
        "{\"token\":\"a\\r\\nX: y\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\","
        "\"registered\":true}",
        "{\"token\":\"tok-one\",\"expiresInSeconds\":0,\"selfClusterUid\":\"s1\","
        "\"registered\":true}",
        "{\"token\":\"tok-one\",\"expiresInSeconds\":900,\"selfClusterUid\":\"\","
        "\"registered\":true}",
        "{\"token\":\"tok-one\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\","
        "\"registered\":true,\"timing\":{\"heartbeatSeconds\":\"soon\"}}",
        "{\"token\":\"tok-one\",\"expiresInSeconds\":900,\"selfClusterUid\":\"s1\","
        "\"registered\":true,\"timing\":[]}",
    };

    for (size_t i = 0; i < COUNTOF(bodies); i++) {
        struct play *p = *state;

        play_start(p);
        play_reply(p, "/credential", 200, bodies[i]);
        assert_int_equal(p->n_calls, 0);
        assert_in_range(gw_due(p->g), 1000, 2000);
    }
}

/* GP-12: nothing in flight outlives the stop, and the code is 0. */
static void stop_cancels_and_exits_with_0(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_stop(p);
    STORY(p, "[   0.000] cancel GET https://palette.example/v1/x-gp/pcg/g1/feed?waitSeconds=30; "
             "exit 0\n");
    assert_int_equal(p->exit_code, 0);
}

static void a_late_reply_is_ignored(void **state)
{
    struct play *p = *state;
    struct http_result r;
    uint64_t ticket;

    play_start(p);
    ticket = p->calls[0].ticket;
    play_lose(p, "/credential", HTTP_TIMEOUT);
    buf_clear(&p->trace);
    http_result_init(&r);
    r.outcome = HTTP_ANSWERED;
    r.status = 200;
    buf_text_add(&r.body, PLAY_GRANTED);
    play_result(p, ticket, &r);
    play_result(p, 0, &r);
    play_result(p, 12345, &r);
    http_result_drop(&r);
    STORY(p, "");
}

static void an_unreadable_identity_is_not_replaced_in_silence(void **state)
{
    struct play *p = *state;

    play_start(p);
    buf_clear(&p->records[0].bytes);
    buf_text_add(&p->records[0].bytes, "{\"secr");
    play_start(p);
    assert_true(p->over);
    assert_int_equal(p->exit_code, 1);
    assert_non_null(strstr(buf_text(&p->said), "identity cannot be read"));
}

static void the_state_is_told_without_secrets(void **state)
{
    struct play *p = *state;
    struct buf text;

    buf_init(&text, KIB(4));
    play_link(p);
    gw_describe(p->g, &text);
    assert_string_equal(buf_text(&text), "gateway g1: at work\n"
                                         "identity: enrolled\n"
                                         "registered: yes\n"
                                         "listed: 0 accounts, 0 clusters, 0 open queries\n"
                                         "remembered: 0 clusters that hold nothing\n"
                                         "credential: due in 450000 ms\n"
                                         "heartbeat: due in 60000 ms\n"
                                         "feed: in flight\n");
    buf_drop(&text);
}

#define story(function, ...) site_clause_test(function, play_open, play_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_first_start_enrols_registers_beats_and_listens, F(2)),
        story(the_secret_is_made_of_the_entropy_and_lasts, CLAUSE(30)),
        story(a_given_secret_is_taken_and_made_durable, CLAUSE(30)),
        story(a_restart_sends_no_code_and_does_not_register, CLAUSE(32), CLAUSE(37), F(4)),
        story(a_lost_credential_answer_is_asked_for_with_the_same_pair, CLAUSE(32)),
        story(registration_survives_a_kill_without_the_code_file),
        story(a_lost_register_answer_is_repeated_until_204, CLAUSE(37)),
        story(every_refusal_of_the_credential_is_obeyed, CLAUSE(35), CLAUSE(16), F(1)),
        story(a_revoked_identity_stops_all_work, CLAUSE(36)),
        story(after_a_revocation_only_a_new_code_enrols, CLAUSE(36)),
        story(a_redirect_is_not_followed, CLAUSE(27)),
        story(nonsense_for_a_credential_is_asked_for_again),
        story(stop_cancels_and_exits_with_0, CLAUSE(12)),
        story(a_late_reply_is_ignored),
        story(an_unreadable_identity_is_not_replaced_in_silence),
        story(the_state_is_told_without_secrets),
    };

    return run_tests(tests);
}
