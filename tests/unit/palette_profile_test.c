#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/model.h"
#include "tests/unit/palette_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE_TEST(name, ...)                                                                    \
    site_clause_test(name, palette_site_setup, palette_site_teardown, __VA_ARGS__)

static int renew(struct palette_site *s)
{
    int status = credential(s, s->uid, NULL, SECRET);

    talk_pick(&s->t, "token", s->token, sizeof(s->token));
    return status;
}

/* --- enrolment ------------------------------------------------------------------------------- */

static void a_code_makes_a_pending_gateway(void **state)
{
    struct palette_site *s = *state;
    const struct event *e;

    palette_pair(s);
    e = mock_last(&s->m, EV_PAL_GATEWAY);
    assert_true(ev_is(e, EVF_UID, s->uid));
    assert_true(ev_is(e, EVF_STATE, "Pending"));
    assert_true(ev_is(e, EVF_BEFORE, ""));
}

static void the_right_code_enrols_and_tells_everything(void **state)
{
    struct palette_site *s = *state;
    char text[64];

    palette_enrol(s);
    assert_true(talk_header(&s->t, "Content-Type", "application/json"));
    assert_text(talk_pick(&s->t, "expiresInSeconds", text, sizeof(text)), "900");
    assert_text(talk_pick(&s->t, "isSystem", text, sizeof(text)), "false");
    assert_text(talk_pick(&s->t, "registered", text, sizeof(text)), "false");
    assert_text(talk_pick(&s->t, "timing.heartbeatSeconds", text, sizeof(text)), "60");
    assert_text(talk_pick(&s->t, "timing.feedWaitSeconds", text, sizeof(text)), "30");
    assert_text(talk_pick(&s->t, "timing.rateRequests", text, sizeof(text)), "100");
    assert_text(talk_pick(&s->t, "timing.forcedKeepSeconds", text, sizeof(text)), "259200");
    assert_true(s->token[0] && s->self_uid[0]);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_ENROL), EVF_ACCEPTED, "1"));
    assert_true(ev_is(mock_last(&s->m, EV_PAL_CALL), EVF_OP, "enrol"));
}

/* GP-32: a lost answer or a restart must not lock a gateway out. */
static void the_same_pair_enrols_again(void **state)
{
    struct palette_site *s = *state;

    palette_enrol(s);
    assert_int_equal(credential(s, s->uid, s->code, SECRET), 200);
    assert_int_equal(mock_count(&s->m, EV_PAL_ENROL, EVF_ACCEPTED, "1"), 2);
}

static void a_code_of_another_secret_is_used(void **state)
{
    struct palette_site *s = *state;

    palette_enrol(s);
    credential(s, s->uid, s->code, OTHER_SECRET);
    refused(s, 409, "PairingCodeUsed");
    assert_true(ev_is(mock_last(&s->m, EV_PAL_ENROL), EVF_ACCEPTED, "0"));
    assert_true(ev_is(mock_last(&s->m, EV_PAL_ENROL), EVF_CODE, "PairingCodeUsed"));
}

static void a_wrong_code_is_invalid(void **state)
{
    struct palette_site *s = *state;

    palette_pair(s);
    credential(s, s->uid, "AAAAAAAAAA", SECRET);
    refused(s, 401, "PairingCodeInvalid");
    palette_enrol(s);
    credential(s, s->uid, "AAAAAAAAAA", SECRET); /* even from the bound identity */
    refused(s, 401, "PairingCodeInvalid");
}

static void an_unknown_gateway_is_not_found(void **state)
{
    struct palette_site *s = *state;

    palette_pair(s);
    credential(s, "000000000000000000000000", s->code, SECRET);
    refused(s, 404, "ResourceNotFound");
}

static void an_old_code_expires_unless_it_was_used(void **state)
{
    struct palette_site *s = *state;
    char first[64], first_code[64];

    palette_enrol(s);
    text_copy(first, sizeof(first), s->uid);
    text_copy(first_code, sizeof(first_code), s->code);
    palette_pair(s);
    palette_pass(s, HOURS(24));
    credential(s, s->uid, s->code, SECRET);
    refused(s, 410, "PairingCodeExpired");
    assert_int_equal(credential(s, first, first_code, SECRET), 200);
}

static void a_secret_without_its_code_is_unknown(void **state)
{
    struct palette_site *s = *state;

    palette_pair(s);
    renew(s);
    refused(s, 401, "CredentialUnknown");
    assert_int_equal(mock_count(&s->m, EV_PAL_ENROL, EVF_UID, NULL), 0);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_CALL), EVF_OP, "renew"));
}

static void a_deleted_gateway_is_revoked(void **state)
{
    struct palette_site *s = *state;

    palette_running(s);
    assert_int_equal(user(s, "DELETE", at(s, "/v1/overlords/%s"), NULL), 200);
    palette_beat(s);
    refused(s, 401, "CredentialRevoked");
    renew(s);
    refused(s, 401, "CredentialRevoked");
}

/* GP-111 */
static void saas_has_no_system_gateway(void **state)
{
    struct palette_site *s = *state;

    talk_ask(&s->m, &s->t, "POST", "/v1/x-gp/pcg/system/credential", NULL,
             "{\"gatewaySecret\":\"" SECRET "\",\"profile\":\"1.0\",\"version\":\"1\","
             "\"features\":[\"system-gateway\"]}");
    refused(s, 403, "SystemGatewayNotAvailable");
}

static void malformed_credentials_are_refused(void **state)
{
    struct palette_site *s = *state;
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "{\"gatewaySecret\":\"" SECRET "\"}",
        "{\"gatewaySecret\":\"short\",\"profile\":\"1.0\",\"version\":\"1\",\"features\":[]}",
        "{\"gatewaySecret\":\"" SECRET "\",\"profile\":\"1.0\",\"version\":\"1\"}",
        "{\"gatewaySecret\":\"" SECRET "\",\"profile\":\"1.0\",\"version\":\"1\",\"features\":[],"
        "\"replica\":\"one\"}",
        "{\"gatewaySecret\":7,\"profile\":\"1.0\",\"version\":\"1\",\"features\":[]}"};

    palette_pair(s);
    for (size_t i = 0; i < COUNTOF(bodies); i++) {
        talk_ask(&s->m, &s->t, "POST", at(s, "/v1/x-gp/pcg/%s/credential"), NULL, bodies[i]);
        refused(s, 400, "InvalidRequest");
    }
    talk_ask(&s->m, &s->t, "POST", at(s, "/v1/x-gp/pcg/%s/credential"), NULL,
             "{\"gatewaySecret\":\"" SECRET "\",\"profile\":\"2.0\",\"version\":\"1\","
             "\"features\":[]}");
    refused(s, 400, "UnsupportedProfile");
}

static void a_body_must_be_called_json(void **state)
{
    struct palette_site *s = *state;

    palette_enrol(s);
    talk_ask(&s->m, &s->t, "POST", at(s, "/v1/x-gp/pcg/%s/credential"),
             "Content-Type: text/plain\n", "{}");
    refused(s, 400, "InvalidRequest");
}

/* GP-28 */
static void a_request_over_the_bound_is_refused(void **state)
{
    struct palette_site *s = *state;
    struct buf body SCOPED(buf_drop) = {0};

    palette_enrol(s);
    buf_init(&body, MIB(2));
    buf_text_add(&body, "{\"agentVersion\":\"");
    for (size_t i = 0; i < MIB(1); i++)
        buf_char_add(&body, 'x');
    buf_text_add(&body, "\"}");
    gateway(s, "POST", at(s, "/v1/pcg/%s/register"), buf_text(&body));
    refused(s, 400, "RequestTooLarge");
}

/* --- tokens ---------------------------------------------------------------------------------- */

static void a_token_expires_and_older_ones_live_on(void **state)
{
    struct palette_site *s = *state;
    char old[128];

    palette_running(s);
    text_copy(old, sizeof(old), s->token);
    palette_pass(s, SECONDS(600));
    assert_int_equal(renew(s), 200);
    text_copy(s->token, sizeof(s->token), old);
    palette_pass(s, SECONDS(299));
    assert_int_equal(palette_beat(s), 204);
    palette_pass(s, SECONDS(1));
    palette_beat(s);
    refused(s, 401, "TokenExpired");
}

static void a_token_that_nobody_gave_has_no_code(void **state)
{
    struct palette_site *s = *state;

    palette_enrol(s);
    text_copy(s->token, sizeof(s->token), "Bearer gpt-nonsense");
    palette_beat(s);
    assert_int_equal(s->t.rp.status, 401);
    talk_ask(&s->m, &s->t, "GET", at(s, "/v1/x-gp/pcg/%s/feed"), NULL, NULL);
    assert_int_equal(s->t.rp.status, 401);
}

/* GP-101: everything that is not its own is 403, whether it exists or not. */
static void a_token_is_good_for_its_own_paths_only(void **state)
{
    struct palette_site *s = *state;
    char mine[128], mine_uid[64], mine_self[64];

    palette_enrol(s);
    text_copy(mine, sizeof(mine), s->token);
    text_copy(mine_uid, sizeof(mine_uid), s->uid);
    text_copy(mine_self, sizeof(mine_self), s->self_uid);
    palette_enrol(s);
    text_copy(s->token, sizeof(s->token), mine);
    assert_int_equal(palette_beat(s), 403);
    assert_int_equal(palette_feed(s), 403);
    assert_int_equal(gateway(s, "GET", at(s, "/v1/overlords/%s"), NULL), 403);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/pcg/%s/register"), "{}"), 403);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/x-gp/pcg/%s/queries/q"), "{}"), 403);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"), "{}"), 403);
    assert_int_equal(gateway(s, "GET", "/v1/overlords", NULL), 403);
    assert_int_equal(gateway(s, "GET", "/v1/cloudaccounts/maas", NULL), 403);
    assert_int_equal(gateway(s, "GET", "/v1/overlords/pairing/code?cloudType=maas", NULL), 403);
    refused(s, 403, "Forbidden");
    text_copy(s->uid, sizeof(s->uid), mine_uid);
    text_copy(s->self_uid, sizeof(s->self_uid), mine_self);
    assert_int_equal(gateway(s, "GET", at(s, "/v1/overlords/%s"), NULL), 200);
    assert_int_equal(gateway(s, "DELETE", at(s, "/v1/overlords/%s"), NULL), 403);
    assert_int_equal(palette_beat(s), 204);
}

/* A second identity must not hide behind a first one. */
static void a_user_may_not_speak_for_a_gateway(void **state)
{
    struct palette_site *s = *state;

    palette_enrol(s);
    user(s, "GET", at(s, "/v1/x-gp/pcg/%s/feed"), NULL);
    refused(s, 403, "Forbidden");
    user(s, "POST", at(s, "/v1/pcg/%s/register"), "{}");
    refused(s, 403, "Forbidden");
}

/* --- life ------------------------------------------------------------------------------------ */

static void registration_is_repeatable_and_checks_the_code(void **state)
{
    struct palette_site *s = *state;
    char body[128], seen[16];

    palette_enrol(s);
    gateway(s, "POST", at(s, "/v1/pcg/%s/register"), "{\"pairingCode\":\"AAAAAAAAAA\"}");
    refused(s, 401, "PairingCodeInvalid");
    assert_true(ev_is(mock_last(&s->m, EV_PAL_REGISTER), EVF_ACCEPTED, "0"));
    snprintf(body, sizeof(body), "{\"pairingCode\":\"%s\"}", s->code);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/pcg/%s/register"), body), 204);
    assert_int_equal(s->t.rp.body.len, 0);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/pcg/%s/register"), body), 204);
    gateway(s, "POST", at(s, "/v1/pcg/%s/register"), "{}");
    refused(s, 400, "InvalidRequest");
    assert_int_equal(renew(s), 200);
    assert_text(talk_pick(&s->t, "registered", seen, sizeof(seen)), "true");
}

static void running_needs_registration_heartbeat_and_feed(void **state)
{
    struct palette_site *s = *state;
    char body[128];

    palette_enrol(s);
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(palette_feed(s), 200);
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Running"), 0);
    snprintf(body, sizeof(body), "{\"pairingCode\":\"%s\"}", s->code);
    gateway(s, "POST", at(s, "/v1/pcg/%s/register"), body);
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Running"), 1);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_GATEWAY), EVF_BEFORE, "Pending"));
    assert_true(ev_is(mock_last(&s->m, EV_PAL_CALL), EVF_OP, "register"));
}

static void silence_is_unhealthy_and_a_beat_heals(void **state)
{
    struct palette_site *s = *state;
    char text[32];

    palette_running(s);
    assert_int_equal(palette_due(s->palette), s->m.now + SECONDS(600));
    palette_pass(s, SECONDS(599));
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Unhealthy"), 0);
    palette_pass(s, SECONDS(1));
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Unhealthy"), 1);
    assert_true(palette_due(s->palette) == MS_NEVER);
    assert_int_equal(user(s, "GET", at(s, "/v1/overlords/%s"), NULL), 200);
    assert_text(talk_pick(&s->t, "status.state", text, sizeof(text)), "Unhealthy");
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Running"), 2);
}

/* Without a tick in between the state is the same. */
static void a_late_beat_shows_the_silence_before_it(void **state)
{
    struct palette_site *s = *state;

    palette_running(s);
    s->m.now += SECONDS(700);
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Unhealthy"), 1);
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Running"), 2);
}

static void a_beat_must_have_a_version(void **state)
{
    struct palette_site *s = *state;
    char path[128];

    palette_enrol(s);
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s/heartbeat", s->self_uid);
    gateway(s, "PUT", path, "{\"message\":\"\"}");
    refused(s, 400, "InvalidRequest");
}

/* GP-103: a secret in a message is the gateway's fault and is said. */
static void a_secret_in_a_heartbeat_is_noticed(void **state)
{
    struct palette_site *s = *state;
    char path[128], body[256];

    palette_running(s);
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s/heartbeat", s->self_uid);
    snprintf(body, sizeof(body), "{\"agentVersion\":\"2\",\"message\":\"code %s\"}", s->code);
    assert_int_equal(gateway(s, "PUT", path, body), 204);
    assert_int_equal(mock_count(&s->m, EV_SECRET_HIT, EVF_NAME, "pairing-code"), 1);
}

/* --- all answers ----------------------------------------------------------------------------- */

static void unknown_routes_and_methods_are_refused(void **state)
{
    struct palette_site *s = *state;

    user(s, "GET", "/v1/nosuch", NULL);
    refused(s, 404, "RouteNotFound");
    assert_true(ev_is(mock_last(&s->m, EV_PAL_CALL), EVF_OP, "unknown"));
    user(s, "PATCH", "/v1/overlords/abc", NULL);
    refused(s, 405, "MethodNotAllowed");
    assert_true(talk_header(&s->t, "Allow", "GET, DELETE"));
    user(s, "GET", "/v1/overlords/", NULL);
    refused(s, 404, "RouteNotFound");
}

static void secrets_of_the_gateway_are_kept_nowhere(void **state)
{
    struct palette_site *s = *state;

    palette_running(s);
    credential(s, s->uid, s->code, OTHER_SECRET);
    user(s, "GET", "/v1/overlords", NULL);
    assert_false(mock_leaks(&s->m, "gateway-secret-canary"));
    assert_false(mock_leaks(&s->m, API_KEY));
    /* the model itself keeps a digest only */
    assert_null(memmem(s->palette, sizeof(struct palette), SECRET, strlen(SECRET)));
}

/* On clock wall the gateway lives `factor` times faster. */
static void durations_on_the_wire_shrink_by_the_factor(void **state)
{
    const struct palette_config c = {.seed = 1, .factor = 60, .api_key = API_KEY},
                                own = {.seed = 1,
                                       .factor = 60,
                                       .gateway_factor = 1,
                                       .api_key = API_KEY};
    struct palette_site *s = *state;
    char text[32];

    palette_free(s->palette);
    s->kept = NULL;
    s->m.app = s->palette = palette_new(&own); /* the gateway's clock is made to run faster */
    palette_enrol(s);
    assert_text(talk_pick(&s->t, "expiresInSeconds", text, sizeof(text)), "900");
    assert_text(talk_pick(&s->t, "timing.feedWaitSeconds", text, sizeof(text)), "30");

    palette_free(s->palette);
    s->kept = NULL; /* the new one may stand where the old one stood */
    s->m.app = s->palette = palette_new(&c);
    palette_enrol(s);
    assert_text(talk_pick(&s->t, "expiresInSeconds", text, sizeof(text)), "15");
    assert_text(talk_pick(&s->t, "timing.feedWaitSeconds", text, sizeof(text)), "0.5");
    assert_text(talk_pick(&s->t, "timing.rateRequests", text, sizeof(text)), "100");
    palette_feed(s);
    gateway(s, "GET", at(s, "/v1/x-gp/pcg/%s/feed?waitSeconds=0.5&cursor="), NULL);
    {
        char target[256];

        snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/feed?waitSeconds=0.5&cursor=%s", s->uid,
                 s->cursor);
        gateway(s, "GET", target, NULL);
        assert_true(s->t.parked);
        assert_int_equal(s->t.rp.park_ms, SECONDS(30));
    }
}

static void one_seed_gives_one_story(void **state)
{
    struct palette_site *s = *state;
    struct palette_site *other;
    void *again = NULL;

    palette_running(s);
    palette_site_setup(&again);
    other = again;
    palette_running(other);
    assert_text(other->uid, s->uid);
    assert_text(other->code, s->code);
    assert_text(other->token, s->token);
    assert_text(buf_text(&other->m.said), buf_text(&s->m.said));
    palette_site_teardown(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROFILE_TEST(a_code_makes_a_pending_gateway),
        PROFILE_TEST(the_right_code_enrols_and_tells_everything, CLAUSE(31), CLAUSE(34)),
        PROFILE_TEST(the_same_pair_enrols_again, CLAUSE(32), CLAUSE(88)),
        PROFILE_TEST(a_code_of_another_secret_is_used, CLAUSE(32), CLAUSE(35)),
        PROFILE_TEST(a_wrong_code_is_invalid, CLAUSE(35)),
        PROFILE_TEST(an_unknown_gateway_is_not_found, CLAUSE(35)),
        PROFILE_TEST(an_old_code_expires_unless_it_was_used, CLAUSE(32), CLAUSE(35)),
        PROFILE_TEST(a_secret_without_its_code_is_unknown, CLAUSE(36)),
        PROFILE_TEST(a_deleted_gateway_is_revoked, CLAUSE(36)),
        PROFILE_TEST(saas_has_no_system_gateway, CLAUSE(111)),
        PROFILE_TEST(malformed_credentials_are_refused, CLAUSE(31), CLAUSE(30)),
        PROFILE_TEST(a_body_must_be_called_json, CLAUSE(24)),
        PROFILE_TEST(a_request_over_the_bound_is_refused, CLAUSE(28)),
        PROFILE_TEST(a_token_expires_and_older_ones_live_on, CLAUSE(33)),
        PROFILE_TEST(a_token_that_nobody_gave_has_no_code, CLAUSE(24), CLAUSE(88)),
        PROFILE_TEST(a_token_is_good_for_its_own_paths_only, CLAUSE(101)),
        PROFILE_TEST(a_user_may_not_speak_for_a_gateway, CLAUSE(101)),
        PROFILE_TEST(registration_is_repeatable_and_checks_the_code, CLAUSE(37), CLAUSE(88)),
        PROFILE_TEST(running_needs_registration_heartbeat_and_feed, CLAUSE(38)),
        PROFILE_TEST(silence_is_unhealthy_and_a_beat_heals, CLAUSE(38)),
        PROFILE_TEST(a_late_beat_shows_the_silence_before_it, CLAUSE(38)),
        PROFILE_TEST(a_beat_must_have_a_version),
        PROFILE_TEST(a_secret_in_a_heartbeat_is_noticed, CLAUSE(103)),
        PROFILE_TEST(unknown_routes_and_methods_are_refused),
        PROFILE_TEST(secrets_of_the_gateway_are_kept_nowhere, CLAUSE(103)),
        PROFILE_TEST(durations_on_the_wire_shrink_by_the_factor),
        PROFILE_TEST(one_seed_gives_one_story),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
