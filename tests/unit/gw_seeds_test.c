/* Many lives of a gateway with answers drawn by lot: some good, some refusals, some nonsense, some
 * lost, some late; kills in between. What must hold always is checked with every call. */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include "lib/base/rng.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define SEEDS_MAX 150
#define STEPS_MAX 250
#define SENT_MAX  100 /* of rateRequests */

static const struct lot {
    const char *part; /* of the call's line */
    int status;       /* 0: no answer */
    const char *body;
} lots[] = {
    {"/credential", 200, PLAY_GRANTED},
    {"/credential", 200, PLAY_GRANTED_AGAIN},
    {"/credential", 200,
     "{\"token\":\"tok-two\",\"expiresInSeconds\":12,\"selfClusterUid\":\"s1\","
     "\"registered\":true,\"timing\":{\"backoffMaxSeconds\":5}}"},
    {"/credential", 401, "{\"code\":\"CredentialUnknown\"}"},
    {"/register", 204, ""},
    {"/heartbeat", 204, ""},
    {"/feed", 204, ""},
    {"/feed", 200,
     "{\"cursor\":\"c-1\",\"accounts\":[{\"uid\":\"a\",\"apiEndpoint\":\"http://maas.site/MAAS\","
     "\"apiKey\":\"" PLAY_KEY "\"}],\"queries\":[{\"id\":\"q1\",\"kind\":\"azs\",\"accountUid\":"
     "\"a\",\"deadlineSeconds\":20},{\"id\":\"q2\",\"kind\":\"what\"}]}"},
    {"/feed", 200, "{\"cursor\":\"c-2\"}"},
    {"/feed", 410, "{\"code\":\"CursorExpired\"}"},
    {"GET https://palette.example/v1/overlords", 200, "{\"spec\":{\"cloudAccountUid\":\"\"}}"},
    {"GET https://palette.example/v1/overlords", 200, "{\"spec\":{\"cloudAccountUid\":\"a\"}}"},
    {"/account", 201, "{\"uid\":\"a\"}"},
    {"maas.site", 200, "[{\"name\":\"default\",\"description\":\"\"}]"},
    {"maas.site", 401, "Expected signature base string: &maassecret"},
    {"/queries/", 204, ""},
    {"", 401, "{\"code\":\"TokenExpired\"}"},
    {"", 401, "{\"code\":\"CredentialRevoked\"}"},
    {"", 503, ""},
    {"", 429, "{}"},
    {"", 404, "{\"code\":\"NotFound\"}"},
    {"", 302, ""},
    {"", 200, "{\"cursor\":"},
    {"", 0, ""},
};

struct watch {
    bool enrolled;       /* a 200 to a call with a code reached the gateway */
    ms_t sent[SENT_MAX]; /* of the last calls to Palette, by this process */
    size_t n_sent;
};
static struct watch watch; /* the stage's hook has no argument of its own */

static void watch_call(struct play *p, const struct play_call *c)
{
    const char *body = buf_text(&c->call.body);
    size_t feeds = 0;

    for (size_t i = 0; i < p->n_calls; i++)
        feeds += strstr(p->calls[i].line, "/feed") != NULL;
    assert_in_range(feeds, 0, 1);
    if (strstr(c->line, "/credential") && watch.enrolled)
        assert_null(strstr(body, PLAY_CODE));
    if (c->target == GW_PALETTE) {
        ms_t *place = &watch.sent[watch.n_sent % SENT_MAX];

        assert_true(watch.n_sent < SENT_MAX || p->now - *place > SECONDS(10));
        *place = p->now;
        watch.n_sent++;
    }
}

static const struct lot *draw(struct rng *r, const struct play_call *c)
{
    const struct lot *lot;

    /* mostly an answer that belongs to the call, so that a life gets somewhere */
    do
        lot = &lots[rng_between(r, 0, COUNTOF(lots) - 1)];
    while (!strstr(c->line, lot->part) || (!lot->part[0] && rng_between(r, 0, 2) > 0));
    return lot;
}

static void answer_one(struct play *p, struct rng *r)
{
    const struct play_call *c = &p->calls[rng_between(r, 0, (int64_t)p->n_calls - 1)];
    const struct lot *lot = draw(r, c);
    char line[sizeof c->line];

    memcpy(line, c->line, sizeof line);
    if (strstr(line, "/credential") && lot->status == 200 && text_begins(lot->body, "{\"token\""))
        watch.enrolled = true;
    if (lot->status)
        play_reply(p, line, lot->status, lot->body);
    else
        play_lose(p, line, (enum http_outcome)rng_between(r, 1, HTTP_OUTCOME_COUNT - 1));
}

static void late_reply(struct play *p, struct rng *r)
{
    struct http_result late;

    http_result_init(&late);
    late.outcome = HTTP_ANSWERED;
    late.status = 200;
    buf_text_add(&late.body, PLAY_GRANTED);
    play_result(p, 1000000 + (uint64_t)rng_between(r, 0, 100), &late);
    http_result_drop(&late);
}

static void start(struct play *p)
{
    watch.n_sent = 0;
    play_start(p);
}

static void one_step(struct play *p, struct rng *r)
{
    const int64_t what = rng_between(r, 0, 99);

    if (p->over || what == 0)
        start(p);
    else if (what == 1)
        play_stop(p);
    else if (what < 4)
        late_reply(p, r);
    else if (what < 70 && p->n_calls > 0)
        answer_one(p, r);
    else
        play_until(p, p->now + rng_between(r, 0, what < 95 ? 3000 : 90000));
}

static void a_life_keeps_the_rules_with_every_seed(void **state)
{
    size_t enrolled = 0;

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS_MAX; seed++) {
        struct play p;
        struct rng r;

        play_init(&p);
        rng_seed(&r, seed);
        memset(&watch, 0, sizeof watch);
        p.seed = seed;
        p.on_call = watch_call;
        assert_true(text_copy(p.config.maas_url, GW_URL_MAX, "http://maas.site/MAAS"));
        assert_true(text_copy(p.config.maas_key, sizeof p.config.maas_key, PLAY_KEY));
        start(&p);
        for (int i = 0; i < STEPS_MAX; i++)
            one_step(&p, &r);
        enrolled += watch.enrolled;
        play_drop(&p);
    }
    assert_true(enrolled > SEEDS_MAX / 2); /* else the lots prove nothing */
}

/* The same seed, the same answers: the same life, to the byte. */
static void the_same_seed_is_the_same_life(void **state)
{
    struct buf first;

    (void)state;
    buf_init(&first, MIB(1));
    for (int round = 0; round < 2; round++) {
        struct play p;
        struct rng r;

        play_init(&p);
        rng_seed(&r, 42);
        play_start(&p);
        for (int i = 0; i < STEPS_MAX; i++)
            one_step(&p, &r);
        if (round == 0)
            buf_text_add(&first, buf_text(&p.trace));
        else
            assert_string_equal(buf_text(&p.trace), buf_text(&first));
        play_drop(&p);
    }
    assert_true(first.len > 1000);
    buf_drop(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_life_keeps_the_rules_with_every_seed),
        test(the_same_seed_is_the_same_life),
    };

    return run_tests(tests);
}
