/* The launch configuration read again while the gateway is at work (GP-15). */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/text.h"

#include <string.h>

#define OVERLORD  "GET https://palette.example/v1/overlords/g1"
#define ACCOUNT   "https://palette.example/v1/overlords/maas/g1/account"
#define EMPTY     "{\"metadata\":{\"uid\":\"g1\"},\"spec\":{\"cloudAccountUid\":\"\"}}"
#define THERE     "{\"spec\":{\"cloudAccountUid\":\"acc-1\"}}"
#define OTHER_KEY "otherkey:maastoken:maassecret"
#define REVOKED   "{\"code\":\"CredentialRevoked\"}"

static void key_is(struct play *p, const char *key)
{
    assert_true(text_copy(p->config.maas_key, sizeof p->config.maas_key, key));
}

static int stage_open(void **state)
{
    struct play *p;

    play_open(state);
    p = *state;
    assert_true(text_copy(p->config.maas_url, GW_URL_MAX, "http://maas.site:5240/MAAS"));
    key_is(p, PLAY_KEY);
    play_link(p);
    return 0;
}

static void settle(struct play *p)
{
    play_reply(p, OVERLORD, 200, EMPTY);
    play_reply(p, ACCOUNT, 201, "{\"uid\":\"acc-1\"}");
    buf_clear(&p->trace);
}

static bool sends_key(struct play *p, const char *key)
{
    return strstr(buf_text(&play_find(p, ACCOUNT)->call.body), key) != NULL;
}

static void nothing_new_changes_nothing(void **state)
{
    struct play *p = *state;

    settle(p);
    play_reload(p);
    STORY(p, "");
}

static void a_new_key_goes_to_palette_at_once(void **state)
{
    struct play *p = *state;

    settle(p);
    key_is(p, OTHER_KEY);
    play_reload(p);
    play_reply(p, OVERLORD, 200, THERE);
    assert_true(sends_key(p, OTHER_KEY));
    play_reply(p, ACCOUNT, 204, "");
    assert_null(play_find(p, "overlords"));
    play_reload(p);
    assert_null(play_find(p, "overlords"));
}

/* The answer is about the key before: what is noted must not be the one that was never sent. */
static void a_key_that_changes_while_the_one_before_is_under_way_follows_it(void **state)
{
    struct play *p = *state;

    settle(p);
    key_is(p, OTHER_KEY);
    play_reload(p);
    play_reply(p, OVERLORD, 200, THERE);
    key_is(p, PLAY_KEY);
    play_reload(p);
    assert_true(sends_key(p, OTHER_KEY));
    play_reply(p, ACCOUNT, 204, "");
    while (!play_find(p, "/heartbeat"))
        play_wait(p);
    play_reply(p, "/heartbeat", 204, "");
    play_reply(p, OVERLORD, 200, THERE);
    if (play_find(p, ACCOUNT)) { /* noted as never given: it is given */
        assert_true(sends_key(p, PLAY_KEY));
        play_reply(p, ACCOUNT, 204, "");
    } else {
        fail_msg("Palette is left with a key that is not the configured one");
    }
}

/* GP-39: whatever comes in between, there never is a second account. */
static void a_reload_while_the_account_is_made_makes_no_second_one(void **state)
{
    struct play *p = *state;

    play_reply(p, OVERLORD, 200, EMPTY);
    key_is(p, OTHER_KEY);
    play_reload(p);
    assert_null(play_find(p, OVERLORD "\n"));
    play_reply(p, ACCOUNT, 201, "{\"uid\":\"acc-1\"}");
    while (!play_find(p, "/heartbeat"))
        play_wait(p);
    play_reply(p, "/heartbeat", 204, "");
    play_reply(p, OVERLORD, 200, THERE);
    assert_true(text_begins(play_find(p, ACCOUNT)->line, "PUT "));
    assert_true(sends_key(p, OTHER_KEY));
}

/* GP-36: what a gateway whose identity was ended waits for. */
static void a_new_pairing_code_enrols_an_ended_gateway_at_once(void **state)
{
    struct play *p = *state;

    settle(p);
    play_reply(p, "/feed", 401, REVOKED);
    assert_null(play_find(p, "/credential"));
    play_reload(p);
    assert_null(play_find(p, "/credential")); /* the code was used before */
    assert_true(text_copy(p->config.pairing_code, GW_SECRET_MAX, "ANOTHERCODE"));
    play_reload(p);
    assert_non_null(strstr(buf_text(&play_find(p, "/credential")->call.body), "ANOTHERCODE"));
}

/* A code that lies there while all is well is for later. */
static void a_code_is_not_spent_while_the_identity_is_good(void **state)
{
    struct play *p = *state;

    settle(p);
    assert_true(text_copy(p->config.pairing_code, GW_SECRET_MAX, "ANOTHERCODE"));
    play_reload(p);
    STORY(p, "");
}

/* GP-26, for each call that starts from now on. */
static void a_new_proxy_is_the_only_way_from_now_on(void **state)
{
    struct play *p = *state;

    settle(p);
    assert_true(text_copy(p->config.https_proxy, GW_URL_MAX, "http://proxy.site:3128"));
    play_reload(p);
    assert_text(play_find(p, "/feed")->call.proxy, "");
    play_reply(p, "/feed", 204, "");
    while (!play_find(p, "/feed"))
        play_wait(p);
    assert_text(play_find(p, "/feed")->call.proxy, "http://proxy.site:3128");
}

static void another_secret_counts_from_the_next_start_on(void **state)
{
    struct play *p = *state;

    settle(p);
    assert_true(text_copy(p->config.given_secret, GW_SECRET_MAX,
                          "0123456789012345678901234567890123456789"));
    play_reload(p);
    assert_non_null(strstr(buf_text(&p->said), "it counts from the next start"));
}

#define story(name, ...) site_clause_test(name, stage_open, play_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(nothing_new_changes_nothing),
        story(a_new_key_goes_to_palette_at_once, CLAUSE(15), CLAUSE(39)),
        story(a_key_that_changes_while_the_one_before_is_under_way_follows_it),
        story(a_reload_while_the_account_is_made_makes_no_second_one),
        story(a_new_pairing_code_enrols_an_ended_gateway_at_once, CLAUSE(36), F(1)),
        story(a_code_is_not_spent_while_the_identity_is_good),
        story(a_new_proxy_is_the_only_way_from_now_on, CLAUSE(15), CLAUSE(26), F(3)),
        story(another_secret_counts_from_the_next_start_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
