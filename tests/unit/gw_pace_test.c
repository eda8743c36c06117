/* When the gateway does what: renewal, heartbeat, back-off, budgets, in virtual time. */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/text.h"

#include <string.h>

/* Before two thirds of its life, with time for a second try (GP-33). */
static void the_token_is_renewed_before_two_thirds(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_until(p, 449999);
    assert_null(play_find(p, "/credential"));
    play_until(p, 600000);
    assert_non_null(play_find(p, "/credential"));
    assert_int_equal(play_find(p, "/credential")->at, 450000);
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    play_reply(p, "/feed", 204, "");
    play_wait(p);
    assert_non_null(strstr(buf_text(&play_find(p, "/feed")->call.headers), "tok-two"));
}

/* One renewal, one repetition; a new token that is no better does not make a storm (GP-88). */
static void an_expired_token_is_renewed_once_and_the_call_repeated_once(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_reply(p, "/feed", 401, "{\"code\":\"TokenExpired\"}");
    STORY(p, "[   0.000] call POST https://palette.example/v1/x-gp/pcg/g1/credential\n");
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    STORY(p, "[   0.000] call GET https://palette.example/v1/x-gp/pcg/g1/feed?waitSeconds=30\n");
    play_reply(p, "/feed", 401, "");
    assert_null(play_find(p, "/credential"));
    assert_null(play_find(p, "/feed"));
    play_until(p, 59000);
    assert_int_equal(p->n_calls, 0);
    play_until(p, 76000);
    assert_non_null(play_find(p, "/feed"));
}

static void a_token_that_was_renewed_meanwhile_is_not_renewed_again(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_until(p, 450000);
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    play_reply(p, "/feed", 401, "{\"code\":\"TokenExpired\"}");
    assert_null(play_find(p, "/credential"));
    assert_non_null(play_find(p, "/feed"));
}

/* An old token is of no use to anybody: only the credential is asked for until there is a new one.
 */
static void nothing_is_sent_with_a_token_that_has_run_out(void **state)
{
    struct play *p = *state;
    size_t calls = 0;

    play_link(p);
    while (p->now < SECONDS(2000)) {
        while (p->n_calls > 0) {
            calls += !strstr(p->calls[0].line, "/credential") && p->now >= SECONDS(900);
            play_lose(p, p->calls[0].line, HTTP_BROKEN);
        }
        play_wait(p);
    }
    assert_int_equal(calls, 0);
    assert_non_null(play_find(p, "/credential"));
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    assert_non_null(play_find(p, "/heartbeat"));
}

/* An answer that was under way while we registered must not make us register twice. */
static void a_renewal_that_crosses_the_registration_is_no_second_one(void **state)
{
    struct play *p = *state;

    play_start(p);
    play_reply(p, "/credential", 200,
               "{\"token\":\"tok-one\",\"expiresInSeconds\":1,\"selfClusterUid\":\"s1\","
               "\"registered\":false}");
    play_until(p, 500);
    assert_non_null(play_find(p, "/credential"));
    p->now = 600;
    play_reply(p, "/register", 204, "");
    p->now = 700;
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    assert_null(play_find(p, "/register"));
    assert_non_null(play_find(p, "/feed"));
}

/* GP-89: the n-th pause is between half and all of min(max, base * 2^n). */
static void pauses_grow_within_their_bounds(void **state)
{
    struct play *p = *state;
    ms_t wanted = 2000;

    play_start(p);
    for (int i = 0; i < 12; i++) {
        play_lose(p, "/credential", i % 2 ? HTTP_NO_CONNECT : HTTP_TLS_FAILED);
        assert_in_range(gw_due(p->g) - p->now, wanted / 2, wanted);
        play_wait(p);
        wanted = ms_min(60000, wanted * 2);
    }
    play_reply(p, "/credential", 200, PLAY_GRANTED);
    play_lose(p, "/register", HTTP_BROKEN);
    assert_in_range(gw_due(p->g) - p->now, 1000, 2000);
}

static void retry_after_counts_also_when_it_is_larger_than_the_maximum(void **state)
{
    struct play *p = *state;

    play_start(p);
    play_reply_later(p, "/credential", 503, 300);
    assert_int_equal(gw_due(p->g), 300000);
    play_wait(p);
    play_reply_later(p, "/credential", 429, 0);
    assert_in_range(gw_due(p->g) - p->now, 2000, 4000);
}

/* Not faster than heartbeatSeconds, whatever the answer is (GP-38, GP-89). */
static void heartbeats_keep_their_pace_also_when_they_fail(void **state)
{
    static const int statuses[] = {204, 503, 401, 400, 302, 204};
    struct play *p = *state;
    ms_t last;

    play_link(p);
    last = p->now;
    for (size_t i = 0; i < COUNTOF(statuses); i++) {
        while (!play_find(p, "/heartbeat")) {
            if (play_find(p, "/credential"))
                play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
            play_wait(p);
        }
        assert_in_range(p->now - last, 60000, 80000);
        last = p->now;
        play_reply(p, "/heartbeat", statuses[i], "");
    }
}

/* GP-34: new times hold from then on, also for a heartbeat that was already planned. */
static void times_from_palette_hold_at_once_and_missing_ones_stay(void **state)
{
    struct play *p = *state;

    play_link(p);
    play_until(p, 450000 - 1);
    while (play_find(p, "/heartbeat"))
        play_reply(p, "/heartbeat", 204, "");
    play_until(p, 450000);
    play_reply(p, "/credential", 200,
               "{\"token\":\"tok-two\",\"expiresInSeconds\":90,\"selfClusterUid\":\"s1\","
               "\"registered\":true,\"timing\":{\"heartbeatSeconds\":1.5,\"unknownSeconds\":1,"
               "\"feedWaitSeconds\":3,\"feedSlackSeconds\":null}}");
    play_until(p, 451498); /* the last one ended at 449.999 */
    assert_null(play_find(p, "/heartbeat"));
    play_until(p, 451499);
    assert_non_null(play_find(p, "/heartbeat"));
    play_reply(p, "/feed", 200, "{\"cursor\":\"c\"}");
    assert_non_null(play_find(p, "/feed?waitSeconds=3&cursor=c"));
    assert_int_equal(play_find(p, "/feed")->call.timeout_ms, 13000);
    play_until(p, 495000);
    assert_non_null(play_find(p, "/credential"));
}

/* A clock that is set back moves nothing. */
static void time_never_goes_back(void **state)
{
    struct play *p = *state;
    ms_t due;

    play_link(p);
    play_until(p, 30000);
    play_reply(p, "/feed", 204, "");
    due = gw_due(p->g);
    p->now = 100;
    play_reply(p, "/feed", 503, "");
    assert_in_range(gw_due(p->g), 31000, 32000);
    p->now = due;
    play_wait(p);
}

/* An outage costs little: GP-29 holds with every operation failing at once. */
static void a_silent_palette_is_not_stormed(void **state)
{
    struct play *p = *state;
    ms_t dials[1024];
    size_t n = 0;

    text_copy(p->config.maas_url, GW_URL_MAX, "http://maas.site:5240/MAAS");
    text_copy(p->config.maas_key, sizeof p->config.maas_key, PLAY_KEY);
    play_link(p);
    while (p->now < HOURS(3)) {
        while (p->n_calls > 0) {
            dials[n++] = p->calls[0].at;
            assert_true(n < COUNTOF(dials));
            play_lose(p, p->calls[0].line, HTTP_NO_CONNECT);
        }
        play_wait(p);
    }
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        assert_true(i < 20 || dials[i] - dials[i - 20] > SECONDS(60));
        assert_true(i < 300 || dials[i] - dials[i - 300] > HOURS(1));
    }
}

#define story(function, ...) site_clause_test(function, play_open, play_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(the_token_is_renewed_before_two_thirds, CLAUSE(33)),
        story(an_expired_token_is_renewed_once_and_the_call_repeated_once, CLAUSE(33), CLAUSE(88)),
        story(a_token_that_was_renewed_meanwhile_is_not_renewed_again),
        story(nothing_is_sent_with_a_token_that_has_run_out),
        story(a_renewal_that_crosses_the_registration_is_no_second_one),
        story(pauses_grow_within_their_bounds, CLAUSE(89)),
        story(retry_after_counts_also_when_it_is_larger_than_the_maximum, CLAUSE(89)),
        story(heartbeats_keep_their_pace_also_when_they_fail, CLAUSE(38), CLAUSE(89)),
        story(times_from_palette_hold_at_once_and_missing_ones_stay, CLAUSE(34), CLAUSE(107)),
        story(time_never_goes_back),
        story(a_silent_palette_is_not_stormed, CLAUSE(29)),
    };

    return run_tests(tests);
}
