/* A Palette that misbehaves as it was told, and what it shows of itself at its control door. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

static void what_cannot_be_done_is_refused(void **state)
{
    static const char *const words[] = {
        "",
        "answers",
        "answers feed with 200",
        "answers feed with 503 0 times",
        "answers feed.0x with",
        "wants feed back 429",
        "stale list",
        "misbehaves feed 1001 in 1000",
        "tokens end nobody",
        "gateway nobody revoked",
        "gateway nobody",
    };
    struct cluster_site *c = *state;

    for (size_t i = 0; i < COUNTOF(words); i++)
        if (palette_wish(c->s, words[i]))
            fail_msg("done: %s", words[i]);
}

static void a_refusal_fires_as_often_as_it_was_armed(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;

    assert_true(palette_wish(s, "answers beat with 503 2 times"));
    assert_int_equal(palette_beat(s), 503);
    assert_false(talk_header(&s->t, "Retry-After", "0"));
    assert_int_equal(palette_beat(s), 503);
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(mock_count(&s->m, EV_FAULT, EVF_KIND, "fired"), 2);
    assert_int_equal(mock_count(&s->m, EV_FAULT, EVF_KIND, "armed"), 1);
}

static void a_rate_limit_says_when_to_come_back(void **state)
{
    struct cluster_site *c = *state;

    assert_true(palette_wish(c->s, "wants beat back 429 7"));
    assert_int_equal(palette_beat(c->s), 429);
    assert_true(talk_header(&c->s->t, "Retry-After", "7"));
    assert_int_equal(palette_beat(c->s), 204);
}

static void only_the_named_call_is_hit(void **state)
{
    struct cluster_site *c = *state;

    assert_true(palette_wish(c->s, "answers beat.2 with 500"));
    assert_int_equal(palette_beat(c->s), 204);
    assert_int_equal(palette_beat(c->s), 500);
    assert_int_equal(palette_beat(c->s), 204);
}

/* The claim is made, and its answer never comes: the next one is a later claim. */
static void a_lost_answer_was_committed(void **state)
{
    struct cluster_site *c = *state;
    char number[16];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    cluster_item(c);
    assert_true(palette_wish(c->s, "answers claim lost after"));
    claim(c, 1, 1);
    assert_true(c->s->t.rp.lose);
    assert_int_equal(claim(c, 1, 1), 200);
    assert_false(c->s->t.rp.lose);
    assert_string_equal(talk_pick(&c->s->t, "claim", number, sizeof(number)), "2");
}

static void said_to_have_failed_and_done(void **state)
{
    struct cluster_site *c = *state;

    assert_true(palette_wish(c->s, "answers cluster-create 500 after"));
    cluster_create(c, "c1", 0);
    assert_int_equal(c->s->t.rp.status, 500);
    assert_int_equal(cluster_create(c, "c1", 0), 409); /* the name is taken */
}

static void a_stale_list_has_a_cursor_of_before(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;
    char before[128];

    assert_int_equal(palette_feed(s), 200);
    text_copy(before, sizeof(before), s->cursor);
    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_true(palette_wish(s, "stale feed"));
    assert_int_equal(palette_feed(s), 200);
    assert_string_equal(s->cursor, before);
    assert_null(strstr(talk_body(&s->t), "\"c1\""));
    assert_int_equal(palette_feed(s), 200);
    assert_string_not_equal(s->cursor, before);
    assert_non_null(strstr(talk_body(&s->t), "\"c1\""));
}

static void a_list_may_come_twice_and_backwards(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;
    const char *body;
    char path[256];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(cluster_create(c, "c2", 0), 201);
    assert_true(palette_wish(s, "reordered feed"));
    assert_int_equal(palette_feed(s), 200);
    body = talk_body(&s->t);
    assert_true(strstr(body, "\"c2\"") < strstr(body, "\"c1\""));
    assert_true(palette_wish(s, "repeated feed"));
    snprintf(path, sizeof(path), "/v1/x-gp/pcg/%s/feed?cursor=%s", s->uid, s->cursor);
    assert_int_equal(gateway(s, "GET", path, NULL), 200);
    gateway(s, "GET", path, NULL);
    assert_true(s->t.parked);
}

static void tokens_end_in_mid_life(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;

    palette_pass(s, SECONDS(5));
    assert_int_equal(palette_beat(s), 204);
    assert_true(palette_wish(s, "tokens end"));
    assert_int_equal(palette_beat(s), 401);
    assert_int_equal(credential(s, s->uid, NULL, SECRET), 200);
    talk_pick(&s->t, "token", s->token, sizeof(s->token));
    assert_int_equal(palette_beat(s), 204);
}

static void a_revoked_gateway_is_told_so(void **state)
{
    struct cluster_site *c = *state;
    char words[96];

    snprintf(words, sizeof(words), "gateway %s revoked", c->s->uid);
    assert_true(palette_wish(c->s, words));
    palette_beat(c->s);
    refused(c->s, 401, "CredentialRevoked");
}

static size_t failures(struct palette_site *s, uint64_t calls)
{
    size_t n = 0;

    for (uint64_t i = 0; i < calls; i++)
        n += palette_beat(s) != 204 || s->t.rp.lose;
    return n;
}

/* Names are drawn as if nothing had failed: two runs of one seed stay comparable. */
static void chance_is_of_the_seed_and_draws_no_names(void **state)
{
    struct cluster_site *c = *state;
    size_t n;

    assert_true(palette_wish(c->s, "misbehaves beat 250 in 1000"));
    n = failures(c->s, 400);
    assert_in_range(n, 60, 140);
    assert_true(palette_wish(c->s, "faults end"));
    assert_int_equal(failures(c->s, 50), 0);
}

/* --- the door --------------------------------------------------------------------------------- */

static void control(struct palette_site *s, const char *method, const char *path, const char *body,
                    struct http_reply *rp)
{
    const struct http_ctx ctx = {.now = s->m.now, .door = 1};
    struct http_request rq;

    http_request_init(&rq);
    text_copy(rq.method, sizeof(rq.method), method);
    text_copy(rq.path, sizeof(rq.path), path);
    buf_text_add(&rq.body, body);
    http_reply_init(rp);
    palette_control(s->palette, &ctx, &rq, rp);
    http_request_drop(&rq);
}

static void the_page_shows_owners_and_no_secret(void **state)
{
    static const char *const secrets[] = {API_KEY, SECRET, MAAS_CONSUMER, MAAS_TOKEN, MAAS_SECRET};
    static const char *const paths[] = {"/", "/metrics"};
    struct cluster_site *c = *state;
    struct http_reply rp;

    cluster_running(c, 1);
    assert_int_equal(beat(c), 204);
    for (size_t i = 0; i < COUNTOF(paths); i++) {
        control(c->s, "GET", paths[i], "", &rp);
        assert_int_equal(rp.status, 200);
        for (size_t j = 0; j < COUNTOF(secrets); j++)
            assert_null(strstr(buf_text(&rp.body), secrets[j]));
        assert_null(strstr(buf_text(&rp.body), c->join_token));
        assert_null(strstr(buf_text(&rp.body), c->s->code));
        assert_null(strstr(buf_text(&rp.body), c->agent_token));
        if (i == 0)
            assert_non_null(strstr(buf_text(&rp.body), "<td>Running<td>Healthy<td>cluster<td>2"));
        else
            assert_non_null(
                strstr(buf_text(&rp.body),
                       "gateproof_palette_clusters{stage=\"running\",owner=\"cluster\"} 1\n"));
        http_reply_drop(&rp);
    }
}

static void the_door_takes_wishes_and_nothing_else(void **state)
{
    struct cluster_site *c = *state;
    struct http_reply rp;

    control(c->s, "POST", "/control", "answers beat with 503\nnonsense\n", &rp);
    assert_int_equal(rp.status, 400);
    assert_non_null(strstr(buf_text(&rp.body), "nonsense"));
    http_reply_drop(&rp);
    assert_int_equal(palette_beat(c->s), 503); /* what came before it was done */
    control(c->s, "GET", "/v1/overlords", "", &rp);
    assert_int_equal(rp.status, 404);
    http_reply_drop(&rp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(what_cannot_be_done_is_refused),
        CLUSTER_TEST(a_refusal_fires_as_often_as_it_was_armed),
        CLUSTER_TEST(a_rate_limit_says_when_to_come_back),
        CLUSTER_TEST(only_the_named_call_is_hit),
        CLUSTER_TEST(a_lost_answer_was_committed),
        CLUSTER_TEST(said_to_have_failed_and_done),
        CLUSTER_TEST(a_stale_list_has_a_cursor_of_before),
        CLUSTER_TEST(a_list_may_come_twice_and_backwards),
        CLUSTER_TEST(tokens_end_in_mid_life),
        CLUSTER_TEST(a_revoked_gateway_is_told_so),
        CLUSTER_TEST(chance_is_of_the_seed_and_draws_no_names),
        CLUSTER_TEST(the_page_shows_owners_and_no_secret),
        CLUSTER_TEST(the_door_takes_wishes_and_nothing_else),
    };

    return run_tests(tests);
}
