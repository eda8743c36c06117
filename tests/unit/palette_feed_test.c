#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEED_TEST(name, ...)                                                                       \
    site_clause_test(name, palette_site_setup, palette_site_teardown, __VA_ARGS__)

/* A second talk, for whoever waits while the site's own talk goes on. */
static void feed_with(struct palette_site *s, struct talk *t, const char *wait, const char *cursor)
{
    char target[512], header[256];

    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/feed?waitSeconds=%s&cursor=%s", s->uid, wait,
             cursor);
    snprintf(header, sizeof(header), "Authorization: %s\n", s->token);
    talk_ask(&s->m, t, "GET", target, header, NULL);
}

static void feed_key(const struct palette_site *s, char *out, size_t size)
{
    snprintf(out, size, "feed/%s", s->uid);
}

static void account_make(struct palette_site *s)
{
    assert_int_equal(gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"),
                             "{\"name\":\"acc1\",\"account\":" MAAS_ACCOUNT
                             ",\"shareWithProjects\":false}"),
                     201);
}

static void without_a_cursor_the_list_comes_at_once(void **state)
{
    struct palette_site *s = *state;

    palette_enrol(s);
    assert_int_equal(palette_feed(s), 200);
    assert_true(talk_header(&s->t, "Content-Type", "application/json"));
    assert_true(s->cursor[0]);
    assert_non_null(strstr(talk_body(&s->t), "\"accounts\":[],\"clusters\":[],\"queries\":[]"));
}

static void the_newest_cursor_waits(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char key[128];

    talk_init(&t);
    palette_running(s);
    feed_key(s, key, sizeof(key));
    feed_with(s, &t, "30", s->cursor);
    assert_true(t.parked);
    assert_text(t.rp.park_key, key);
    assert_int_equal(t.rp.park_ms, SECONDS(30));
    /* a parked request is no event yet */
    assert_int_equal(t.rp.events.n, 0);
    s->m.now += SECONDS(30);
    talk_again(&s->m, &t, true);
    assert_int_equal(t.rp.status, 204);
    assert_int_equal(t.rp.body.len, 0);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_CALL), EVF_WAITED, "1"));
    talk_drop(&t);
}

static void a_change_wakes_the_waiting(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char key[128], text[128];

    talk_init(&t);
    palette_running(s);
    feed_key(s, key, sizeof(key));
    feed_with(s, &t, "30", s->cursor);
    assert_true(t.parked);
    account_make(s);
    assert_true(talk_touched(&s->t, key));
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 200);
    assert_text(talk_pick(&t, "accounts.0.apiKey", text, sizeof(text)), MAAS_KEY);
    assert_text(talk_pick(&t, "accounts.0.revision", text, sizeof(text)), "1");
    assert_text(talk_pick(&t, "accounts.0.apiEndpoint", text, sizeof(text)),
                "http://10.10.0.3:5240/MAAS");
    assert_true(strcmp(talk_pick(&t, "cursor", text, sizeof(text)), s->cursor) != 0);
    talk_drop(&t);
}

/* Somebody else was touched: the answer is to go on waiting. */
static void a_wake_without_a_change_waits_on(void **state)
{
    struct palette_site *s = *state;
    struct talk t;

    talk_init(&t);
    palette_running(s);
    feed_with(s, &t, "30", s->cursor);
    s->m.now += SECONDS(3);
    talk_again(&s->m, &t, false);
    assert_true(t.parked);
    assert_int_equal(t.rp.park_ms, SECONDS(30)); /* since the request arrived */
    talk_drop(&t);
}

static void an_older_cursor_gets_the_list(void **state)
{
    struct palette_site *s = *state;
    struct talk t;

    talk_init(&t);
    palette_running(s);
    account_make(s);
    feed_with(s, &t, "30", s->cursor);
    assert_false(t.parked);
    assert_int_equal(t.rp.status, 200);
    talk_drop(&t);
}

static void a_foreign_or_future_cursor_is_expired(void **state)
{
    struct palette_site *s = *state;
    char first[128], future[160];

    palette_running(s);
    text_copy(first, sizeof(first), s->cursor);
    palette_running(s);
    snprintf(future, sizeof(future), "%s0", s->cursor);
    {
        const char *const cursors[] = {first, future, "nonsense", "c-", "c-1"};

        for (size_t i = 0; i < COUNTOF(cursors); i++) {
            feed_with(s, &s->t, "30", cursors[i]);
            refused(s, 410, "CursorExpired");
        }
    }
}

static void a_bad_wait_is_refused(void **state)
{
    struct palette_site *s = *state;
    static const char *const waits[] = {"-1", "1e9", "soon", "", "1.", ".", "0x10", "%zz"};

    palette_running(s);
    for (size_t i = 0; i < COUNTOF(waits); i++) {
        feed_with(s, &s->t, waits[i], s->cursor);
        refused(s, 400, "InvalidRequest");
    }
}

static void waiting_is_bounded(void **state)
{
    struct palette_site *s = *state;

    palette_running(s);
    feed_with(s, &s->t, "999999", s->cursor);
    assert_true(s->t.parked);
    assert_int_equal(s->t.rp.park_ms, MINUTES(10));
    feed_with(s, &s->t, "0", s->cursor);
    assert_int_equal(s->t.rp.status, 204);
    feed_with(s, &s->t, "1.25", s->cursor);
    assert_int_equal(s->t.rp.park_ms, 1250);
}

/* A token may run out while its request is held. */
static void a_held_request_is_not_cut_by_its_token(void **state)
{
    struct palette_site *s = *state;
    struct talk t;

    talk_init(&t);
    palette_running(s);
    s->m.now += SECONDS(890);
    feed_with(s, &t, "30", s->cursor);
    assert_true(t.parked);
    s->m.now += SECONDS(30);
    talk_again(&s->m, &t, true);
    assert_int_equal(t.rp.status, 204);
    talk_drop(&t);
}

static void a_held_request_ends_with_the_gateway(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char text[64];

    talk_init(&t);
    palette_running(s);
    feed_with(s, &t, "30", s->cursor);
    assert_int_equal(user(s, "DELETE", at(s, "/v1/overlords/%s"), NULL), 200);
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 401);
    assert_text(talk_pick(&t, "code", text, sizeof(text)), "CredentialRevoked");
    talk_drop(&t);
}

/* --- queries --------------------------------------------------------------------------------- */

static void ask_validate(struct palette_site *s, struct talk *t)
{
    talk_ask(&s->m, t, "POST", at(s, "/v1/overlords/maas/%s/account/validate"),
             "ApiKey: " API_KEY "\n", "{\"account\":" MAAS_ACCOUNT "}");
}

static void answer(struct palette_site *s, const char *id, const char *body)
{
    char target[256];

    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/queries/%s", s->uid, id);
    gateway(s, "POST", target, body);
}

/* Lists the query and returns its id. */
static const char *query_id(struct palette_site *s, char *out, size_t size)
{
    assert_int_equal(palette_feed(s), 200);
    return talk_pick(&s->t, "queries.0.id", out, size);
}

static void a_question_is_held_listed_and_answered(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64], key[128], text[128];

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    assert_true(t.parked);
    feed_key(s, key, sizeof(key));
    assert_true(talk_touched(&t, key));
    assert_true(ev_is(mock_last(&s->m, EV_PAL_QUERY), EVF_KIND, "asked"));
    s->m.now += SECONDS(5);
    query_id(s, id, sizeof(id));
    assert_text(talk_pick(&s->t, "queries.0.kind", text, sizeof(text)), "validate");
    assert_text(talk_pick(&s->t, "queries.0.deadlineSeconds", text, sizeof(text)), "15");
    assert_text(talk_pick(&s->t, "queries.0.account.apiKey", text, sizeof(text)), MAAS_KEY);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_QUERY), EVF_KIND, "listed"));
    answer(s, id, "{\"ok\":true,\"items\":[]}");
    assert_int_equal(s->t.rp.status, 204);
    snprintf(key, sizeof(key), "query/%s", id);
    assert_true(talk_touched(&s->t, key));
    assert_text(t.rp.park_key, key);
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 204);
    assert_int_equal(t.rp.body.len, 0);
    palette_feed(s);
    assert_text(talk_pick(&s->t, "queries.0.id", text, sizeof(text)), "");
    assert_int_equal(mock_count(&s->m, EV_PAL_QUERY, EVF_KIND, "listed"), 1);
    talk_drop(&t);
}

static void a_refusal_reaches_the_user(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64], text[128];

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    answer(s, query_id(s, id, sizeof(id)),
           "{\"ok\":false,\"code\":\"MaasUnauthorized\",\"message\":\"MAAS refused the key\"}");
    assert_int_equal(s->t.rp.status, 204);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_QUERY), EVF_CODE, "MaasUnauthorized"));
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 400);
    assert_text(talk_pick(&t, "code", text, sizeof(text)), "MaasUnauthorized");
    assert_text(talk_pick(&t, "message", text, sizeof(text)), "MAAS refused the key");
    talk_drop(&t);
}

/* GP-103: the body of a MAAS 401 holds the right secret. */
static void a_secret_in_an_answer_is_masked_and_said(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64];

    talk_init(&t);
    palette_running(s);
    account_make(s);
    ask_validate(s, &t);
    query_id(s, id, sizeof(id));
    buf_clear(&s->m.said); /* the feed may hold it */
    answer(s, id,
           "{\"ok\":false,\"code\":\"MaasError\",\"message\":\"Invalid signature. Expected "
           "signature base string: &" MAAS_SECRET "\"}");
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 400);
    assert_false(mock_leaks(&s->m, MAAS_SECRET));
    assert_int_equal(mock_count(&s->m, EV_SECRET_HIT, EVF_WHERE, "query answer"), 1);
    talk_drop(&t);
}

static void without_an_answer_the_user_gets_an_error(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64], text[64];

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    query_id(s, id, sizeof(id));
    assert_int_equal(palette_due(s->palette), s->m.now + SECONDS(20));
    s->m.now += SECONDS(20);
    talk_again(&s->m, &t, true);
    assert_int_equal(t.rp.status, 504);
    assert_text(talk_pick(&t, "code", text, sizeof(text)), "GatewayTimeout");
    assert_int_equal(mock_count(&s->m, EV_PAL_QUERY, EVF_KIND, "timed-out"), 1);
    answer(s, id, "{\"ok\":true}");
    refused(s, 410, "QueryExpired");
    talk_drop(&t);
}

/* The edge may tick before it asks again: the same end. */
static void a_tick_before_the_question_is_asked_again_changes_nothing(void **state)
{
    struct palette_site *s = *state;
    struct talk t;

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    palette_pass(s, SECONDS(20));
    assert_int_equal(mock_count(&s->m, EV_PAL_QUERY, EVF_KIND, "timed-out"), 1);
    talk_again(&s->m, &t, true);
    assert_int_equal(t.rp.status, 504);
    assert_int_equal(mock_count(&s->m, EV_PAL_QUERY, EVF_KIND, "timed-out"), 1);
    talk_drop(&t);
}

static void a_second_answer_changes_nothing(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64];

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    query_id(s, id, sizeof(id));
    answer(s, id, "{\"ok\":true}");
    answer(s, id, "{\"ok\":false,\"code\":\"MaasError\",\"message\":\"x\"}");
    assert_int_equal(s->t.rp.status, 204);
    assert_int_equal(mock_count(&s->m, EV_PAL_QUERY, EVF_KIND, "answered"), 1);
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 204);
    talk_drop(&t);
}

static void answers_out_of_the_profile_are_refused(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64];
    static const char *const bodies[] = {"", "{}", "{\"ok\":\"yes\"}",
                                         "{\"ok\":false,\"code\":\"Whatever\",\"message\":\"\"}",
                                         "{\"ok\":false,\"message\":\"no code\"}"};

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    query_id(s, id, sizeof(id));
    for (size_t i = 0; i < COUNTOF(bodies); i++) {
        answer(s, id, bodies[i]);
        refused(s, 400, "InvalidRequest");
    }
    answer(s, "000000000000000000000000", "{\"ok\":true}");
    refused(s, 404, "ResourceNotFound");
    assert_int_equal(mock_count(&s->m, EV_PAL_QUERY, EVF_KIND, "answered"), 0);
    talk_drop(&t);
}

/* TOP-4: an answer of another gateway is no answer. */
static void a_query_belongs_to_one_gateway(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64];

    talk_init(&t);
    palette_running(s);
    ask_validate(s, &t);
    query_id(s, id, sizeof(id));
    palette_running(s);
    answer(s, id, "{\"ok\":true}");
    refused(s, 404, "ResourceNotFound");
    talk_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(without_a_cursor_the_list_comes_at_once, CLAUSE(40), CLAUSE(41)),
        FEED_TEST(the_newest_cursor_waits, CLAUSE(41)),
        FEED_TEST(a_change_wakes_the_waiting, CLAUSE(40), CLAUSE(41)),
        FEED_TEST(a_wake_without_a_change_waits_on, CLAUSE(41)),
        FEED_TEST(an_older_cursor_gets_the_list, CLAUSE(40), CLAUSE(41)),
        FEED_TEST(a_foreign_or_future_cursor_is_expired, CLAUSE(43)),
        FEED_TEST(a_bad_wait_is_refused),
        FEED_TEST(waiting_is_bounded),
        FEED_TEST(a_held_request_is_not_cut_by_its_token),
        FEED_TEST(a_held_request_ends_with_the_gateway, CLAUSE(36)),
        FEED_TEST(a_question_is_held_listed_and_answered, CLAUSE(51), CLAUSE(52)),
        FEED_TEST(a_refusal_reaches_the_user, CLAUSE(51), CLAUSE(52)),
        FEED_TEST(a_secret_in_an_answer_is_masked_and_said, CLAUSE(103)),
        FEED_TEST(without_an_answer_the_user_gets_an_error, CLAUSE(51), CLAUSE(52)),
        FEED_TEST(a_tick_before_the_question_is_asked_again_changes_nothing),
        FEED_TEST(a_second_answer_changes_nothing, CLAUSE(51), CLAUSE(88)),
        FEED_TEST(answers_out_of_the_profile_are_refused, CLAUSE(52)),
        FEED_TEST(a_query_belongs_to_one_gateway, CLAUSE(101)),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
