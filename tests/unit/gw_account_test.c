/* The cloud account made at install: one and only one, whatever is lost (GP-39). */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/text.h"

#include <string.h>

#define OVERLORD "GET https://palette.example/v1/overlords/g1"
#define ACCOUNT  "https://palette.example/v1/overlords/maas/g1/account"
#define EMPTY    "{\"metadata\":{\"uid\":\"g1\"},\"spec\":{\"cloudAccountUid\":\"\"}}"
#define THERE    "{\"spec\":{\"cloudAccountUid\":\"acc-1\"}}"

static int stage_open(void **state)
{
    struct play *p;

    play_open(state);
    p = *state;
    assert_true(text_copy(p->config.maas_url, GW_URL_MAX, "http://maas.site:5240/MAAS"));
    assert_true(text_copy(p->config.maas_key, sizeof p->config.maas_key, PLAY_KEY));
    play_link(p);
    return 0;
}

/* A new process up to its first heartbeat. */
static void again(struct play *p)
{
    play_start(p);
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    play_reply(p, "/heartbeat", 204, "");
    buf_clear(&p->trace);
}

static void settle(struct play *p)
{
    play_reply(p, OVERLORD, 200, EMPTY);
    play_reply(p, ACCOUNT, 201, "{\"uid\":\"acc-1\"}");
    buf_clear(&p->trace);
}

static void the_account_is_made_once(void **state)
{
    struct play *p = *state;

    play_reply(p, OVERLORD, 200, EMPTY);
    STORY(p, "[   0.000] persist account; sync; call POST " ACCOUNT "\n");
    assert_string_equal(buf_text(&play_find(p, ACCOUNT)->call.body),
                        "{\"name\":\"maas-g1\",\"account\":{\"apiEndpoint\":"
                        "\"http://maas.site:5240/MAAS\",\"apiKey\":\"" PLAY_KEY "\"},"
                        "\"shareWithProjects\":false}");
    play_reply(p, ACCOUNT, 201, "{\"uid\":\"acc-1\"}");
    play_until(p, HOURS(1));
    assert_null(play_find(p, "overlords"));
}

/* The record tells a change and nothing else: no key, no part of it (GP-102). */
static void the_key_is_not_kept(void **state)
{
    struct play *p = *state;

    settle(p);
    assert_null(strstr(play_record_of(p, "account"), "maas"));
    assert_int_equal(strlen(play_record_of(p, "account")), strlen("{\"digest\":\"\"}") + 64);
}

/* The POST may have taken effect: look before another one. */
static void after_a_lost_answer_it_looks_before_another_post(void **state)
{
    struct play *p = *state;

    play_reply(p, OVERLORD, 200, EMPTY);
    play_lose(p, ACCOUNT, HTTP_TIMEOUT);
    assert_null(play_find(p, ACCOUNT));
    play_wait(p);
    assert_null(play_find(p, ACCOUNT));
    play_reply(p, OVERLORD, 200, THERE);
    assert_null(play_find(p, "overlords"));
    play_until(p, HOURS(1));
    assert_null(play_find(p, "overlords"));
}

static void killed_after_the_post_it_looks_and_changes_nothing(void **state)
{
    struct play *p = *state;

    play_reply(p, OVERLORD, 200, EMPTY);
    again(p);
    play_reply(p, OVERLORD, 200, THERE);
    STORY(p, "");
    assert_int_equal(p->n_calls, 1);
}

/* The back-off grows over the looks in between. */
static void a_post_that_keeps_failing_is_tried_ever_more_slowly(void **state)
{
    struct play *p = *state;
    ms_t wanted = 2000;

    for (int i = 0; i < 5; i++) {
        ms_t failed;

        while (!play_find(p, OVERLORD)) {
            if (play_find(p, "/heartbeat"))
                play_reply(p, "/heartbeat", 204, "");
            play_wait(p);
        }
        play_reply(p, OVERLORD, 200, EMPTY);
        play_reply(p, ACCOUNT, 503, "");
        failed = p->now;
        while (!play_find(p, OVERLORD)) {
            if (play_find(p, "/heartbeat"))
                play_reply(p, "/heartbeat", 204, "");
            play_wait(p);
        }
        assert_in_range(p->now - failed, wanted / 2, wanted);
        wanted *= 2;
    }
}

static void a_changed_key_is_put_and_an_unchanged_one_is_not(void **state)
{
    struct play *p = *state;

    settle(p);
    again(p);
    play_reply(p, OVERLORD, 200, THERE);
    STORY(p, "");
    assert_true(text_copy(p->config.maas_key, sizeof p->config.maas_key, "otherkey:a:b"));
    again(p);
    play_reply(p, OVERLORD, 200, THERE);
    STORY(p, "[   0.000] persist account; sync; call PUT " ACCOUNT "\n");
    assert_string_equal(buf_text(&play_find(p, ACCOUNT)->call.body),
                        "{\"account\":{\"apiEndpoint\":\"http://maas.site:5240/MAAS\","
                        "\"apiKey\":\"otherkey:a:b\"},\"shareWithProjects\":false}");
    again(p); /* killed: nobody knows whether it was done */
    play_reply(p, OVERLORD, 200, THERE);
    buf_clear(&p->trace);
    play_reply(p, ACCOUNT, 204, "");
    STORY(p, "[   0.000] persist account; sync\n");
    again(p);
    play_reply(p, OVERLORD, 200, THERE);
    STORY(p, "");
}

static void a_forbidden_look_is_not_repeated(void **state)
{
    struct play *p = *state;

    play_reply(p, OVERLORD, 403, "{\"code\":\"Forbidden\"}");
    play_until(p, HOURS(1));
    assert_null(play_find(p, "overlords"));
}

static void an_old_token_is_renewed_once_on_the_way(void **state)
{
    struct play *p = *state;

    play_reply(p, OVERLORD, 200, EMPTY);
    play_reply(p, ACCOUNT, 401, "{\"code\":\"TokenExpired\"}");
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    play_reply(p, OVERLORD, 200, EMPTY);
    play_reply(p, ACCOUNT, 401, "{\"code\":\"TokenExpired\"}");
    assert_null(play_find(p, "/credential")); /* once is enough */
    assert_null(play_find(p, "overlords"));
}

#define story(function, ...) site_clause_test(function, stage_open, play_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(the_account_is_made_once, CLAUSE(39)),
        story(the_key_is_not_kept, CLAUSE(102)),
        story(after_a_lost_answer_it_looks_before_another_post, CLAUSE(39)),
        story(killed_after_the_post_it_looks_and_changes_nothing, CLAUSE(39)),
        story(a_post_that_keeps_failing_is_tried_ever_more_slowly, CLAUSE(89)),
        story(a_changed_key_is_put_and_an_unchanged_one_is_not, CLAUSE(39)),
        story(a_forbidden_look_is_not_repeated, CLAUSE(88)),
        story(an_old_token_is_renewed_once_on_the_way, CLAUSE(33), CLAUSE(88)),
    };

    return run_tests(tests);
}
