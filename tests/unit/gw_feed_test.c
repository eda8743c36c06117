/* The feed: one request at a time, level-triggered, and nothing waits for it (GP-40 to GP-50). */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include <stdio.h>
#include <string.h>

#define FEED "/v1/x-gp/pcg/g1/feed?waitSeconds=30"

static void after_a_list_and_after_204_it_asks_again_at_once(void **state)
{
    struct play *p = *state;

    assert_int_equal(play_find(p, FEED)->call.timeout_ms, 40000);
    p->now = 100;
    play_reply(p, FEED, 200, "{\"cursor\":\"c 1/&\",\"accounts\":[],\"clusters\":null,\"new\":1}");
    STORY(p, "[   0.100] call GET https://palette.example" FEED "&cursor=c%201%2F%26\n");
    p->now = 30100;
    play_reply(p, FEED, 204, "");
    STORY(p, "[  30.100] call GET https://palette.example" FEED "&cursor=c%201%2F%26\n");
}

/* The token is in the header, never in the address (GP-24). */
static void the_token_travels_in_the_header_alone(void **state)
{
    struct play *p = *state;
    char token[64];

    assert_true(
        http_header_get(&play_find(p, FEED)->call.headers, "Authorization", token, sizeof token));
    assert_string_equal(token, "tok-one");
    assert_null(strstr(buf_text(&play_find(p, FEED)->call.url), "tok-one"));
}

/* A server that does not hold the request must not make us spin. */
static void a_204_at_once_is_followed_by_a_pause_of_the_gap(void **state)
{
    struct play *p = *state;

    play_reply(p, FEED, 204, "");
    assert_in_range(gw_due(p->g), 2500, 5000);
    play_wait(p);
    play_reply(p, FEED, 200, "{\"cursor\":\"same\"}");
    play_reply(p, FEED, 200, "{\"cursor\":\"same\"}");
    assert_in_range(gw_due(p->g) - p->now, 2500, 5000);
}

static void a_time_out_is_followed_by_back_off(void **state)
{
    struct play *p = *state;

    p->now = 40000;
    play_lose(p, FEED, HTTP_TIMEOUT);
    assert_in_range(gw_due(p->g), 41000, 42000);
    play_wait(p);
    assert_non_null(play_find(p, FEED));
}

static void an_expired_cursor_is_dropped_and_asked_without(void **state)
{
    struct play *p = *state;

    play_reply(p, FEED, 200, "{\"cursor\":\"c-1\"}");
    buf_clear(&p->trace);
    play_reply(p, FEED, 410, "{\"code\":\"CursorExpired\"}");
    STORY(p, "[   0.000] call GET https://palette.example" FEED "\n");
    play_reply(p, FEED, 410, "{\"code\":\"CursorExpired\"}"); /* there was none: no storm */
    assert_int_equal(p->n_calls, 0);
    play_until(p, 59000);
    assert_null(play_find(p, FEED));
}

/* Half, huge, wrong: like 502, and the list from before stays. */
static void nonsense_is_like_502(void **state)
{
    static const char *const bodies[] = {
        "",
        "{\"cursor\":\"c\",\"queries\":[{\"id\":\"q1\",\"kin",
        "[]",
        "nothing",
        "{\"cursor\":7}",
        "{\"cursor\":\"c\",\"clusters\":[{\"uid\":\"u\",\"epoch\":\"one\"}]}",
        "{\"cursor\":\"c\",\"queries\":{}}",
        "{\"cursor\":\"c\",\"queries\":[null]}",
    };
    struct play *p = *state;

    for (size_t i = 0; i < COUNTOF(bodies); i++) {
        play_reply(p, FEED, 200, bodies[i]);
        assert_null(play_find(p, FEED));
        assert_true(gw_due(p->g) - p->now >= 1000 || play_find(p, "/heartbeat"));
        while (!play_find(p, FEED)) {
            if (play_find(p, "/heartbeat"))
                play_reply(p, "/heartbeat", 204, "");
            play_wait(p);
        }
    }
}

static void more_than_the_bound_is_like_502(void **state)
{
    struct play *p = *state;
    struct buf body;

    buf_init(&body, MIB(1));
    buf_text_add(&body, "{\"cursor\":\"c\",\"clusters\":[");
    for (int i = 0; i < 201; i++)
        buf_printf(&body, "%s{\"uid\":\"u%d\"}", i ? "," : "", i);
    buf_text_add(&body, "]}");
    play_reply(p, FEED, 200, buf_text(&body));
    buf_drop(&body);
    assert_null(play_find(p, FEED));
}

/* GP-3: what is not known is left alone, and the rest of the list counts. */
static void unknown_words_do_not_drop_the_list(void **state)
{
    struct play *p = *state;
    struct buf text;

    play_reply(p, FEED, 200,
               "{\"cursor\":\"c-1\",\"clusters\":[{\"uid\":\"u\",\"epoch\":1,\"revision\":4,"
               "\"owner\":\"somebody\",\"desired\":\"later\",\"more\":{\"x\":[1]}}],"
               "\"accounts\":[{\"uid\":\"a\",\"apiEndpoint\":null,\"apiKey\":null}],"
               "\"queries\":null}");
    assert_non_null(play_find(p, FEED "&cursor=c-1"));
    buf_init(&text, KIB(4));
    gw_describe(p->g, &text);
    assert_non_null(strstr(buf_text(&text), "listed: 1 accounts, 0 clusters, 0 open queries\n"));
    buf_drop(&text);
}

/* One that cannot be done is claimed and reported, and holds up none of the others (GP-77). */
static void an_odd_cluster_is_reported_and_nothing_else(void **state)
{
    struct play *p = *state;

    play_reply(p, FEED, 200,
               "{\"cursor\":\"c-1\",\"clusters\":[{\"uid\":\"u1\",\"epoch\":1,\"revision\":4,"
               "\"owner\":\"gateway\",\"desired\":\"present\",\"machinepoolconfig\":7},"
               "{\"uid\":\"u2\",\"epoch\":1,\"revision\":4,\"owner\":\"cluster\","
               "\"desired\":\"present\"}]}");
    assert_null(play_find(p, "u2"));
    play_reply(p, "/u1/claim", 200, "{\"epoch\":1,\"owner\":\"gateway\",\"claim\":1}");
    assert_non_null(strstr(buf_text(&play_find(p, "/u1/status/conditions")->call.body),
                           "\"reason\":\"UnsupportedItem\""));
    play_reply(p, "/u1/status/conditions", 204, "");
    assert_int_equal(p->n_calls, 1);
}

#define story(function, ...) site_clause_test(function, play_open_linked, play_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(after_a_list_and_after_204_it_asks_again_at_once, CLAUSE(42)),
        story(the_token_travels_in_the_header_alone, CLAUSE(24)),
        story(a_204_at_once_is_followed_by_a_pause_of_the_gap, CLAUSE(42)),
        story(a_time_out_is_followed_by_back_off, CLAUSE(89), CLAUSE(42)),
        story(an_expired_cursor_is_dropped_and_asked_without, CLAUSE(43)),
        story(nonsense_is_like_502),
        story(more_than_the_bound_is_like_502, CLAUSE(28)),
        story(unknown_words_do_not_drop_the_list, CLAUSE(3)),
        story(an_odd_cluster_is_reported_and_nothing_else, CLAUSE(3)),
    };

    return run_tests(tests);
}
