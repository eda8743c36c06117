/* Several replicas of one gateway (feature ha): one lease, and nobody without it is heard. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/model.h"
#include "tests/unit/palette_site.h"

#include <stdio.h>
#include <string.h>

#define HA_TEST(name, ...)                                                                         \
    site_clause_test(name, palette_site_setup, palette_site_teardown, __VA_ARGS__)

/* That replica's own token. */
static void enters(struct palette_site *s, int replica, char token[128])
{
    char body[512];

    snprintf(body, sizeof(body),
             "{\"gatewaySecret\":\"" SECRET "\",\"pairingCode\":\"%s\",\"profile\":\"1.0\","
             "\"version\":\"2\",\"features\":[\"pcg\",\"ha\"],\"replica\":%d}",
             s->code, replica);
    talk_ask(&s->m, &s->t, "POST", at(s, "/v1/x-gp/pcg/%s/credential"), NULL, body);
    assert_int_equal(s->t.rp.status, 200);
    talk_pick(&s->t, "token", token, 128);
}

static int call(struct palette_site *s, const char *token, const char *lease, const char *method,
                const char *target, const char *body)
{
    char headers[512], line[64] = "";

    if (lease[0])
        snprintf(line, sizeof(line), "X-Gp-Lease: %s\n", lease);
    snprintf(headers, sizeof(headers), "Authorization: %s\n%s", token, line);
    talk_ask(&s->m, &s->t, method, target, headers, body);
    return s->t.rp.status;
}

/* PUT of the lease; its number is kept when there is one. */
static int take(struct palette_site *s, const char *token, int replica, char lease[32])
{
    char body[64];
    int status;

    snprintf(body, sizeof(body), "{\"replica\":\"%d\"}", replica);
    status = call(s, token, "", "PUT", at(s, "/v1/x-gp/pcg/%s/lease"), body);
    if (status == 200)
        talk_pick(&s->t, "lease", lease, 32);
    return status;
}

static int feed(struct palette_site *s, const char *token, const char *lease)
{
    return call(s, token, lease, "GET", at(s, "/v1/x-gp/pcg/%s/feed"), NULL);
}

static void one_replica_holds_the_lease_at_a_time(void **state)
{
    struct palette_site *s = *state;
    char one[128], two[128], first[32] = "", second[32] = "", text[32];

    palette_pair(s);
    enters(s, 1, one);
    enters(s, 2, two);
    assert_int_equal(take(s, one, 1, first), 200);
    assert_text(talk_pick(&s->t, "ttlSeconds", text, sizeof(text)), "30");
    assert_true(ev_is(mock_last(&s->m, EV_PAL_LEASE), EVF_WHO, "1"));
    take(s, two, 2, second);
    refused(s, 409, "LeaseHeld");
    assert_int_equal(feed(s, one, first), 200);
    palette_pass(s, SECONDS(29));
    assert_int_equal(take(s, one, 1, text), 200); /* renewed: the same number */
    assert_text(text, first);
    palette_pass(s, SECONDS(29));
    take(s, two, 2, second);
    refused(s, 409, "LeaseHeld");
    palette_pass(s, SECONDS(1));
    assert_int_equal(take(s, two, 2, second), 200);
    assert_string_not_equal(second, first);
    feed(s, one, first);
    refused(s, 409, "StaleLease");
    assert_int_equal(feed(s, two, second), 200);
}

/* A late writer is told, also one that comes back before anybody else took over. */
static void a_lease_that_ran_out_is_stale_for_its_holder_too(void **state)
{
    struct palette_site *s = *state;
    char one[128], first[32] = "", second[32] = "";

    palette_pair(s);
    enters(s, 1, one);
    assert_int_equal(take(s, one, 1, first), 200);
    palette_pass(s, SECONDS(30));
    feed(s, one, first);
    refused(s, 409, "StaleLease");
    assert_int_equal(take(s, one, 1, second), 200);
    assert_string_not_equal(second, first);
    feed(s, one, first);
    refused(s, 409, "StaleLease");
    assert_int_equal(feed(s, one, second), 200);
}

static void a_lease_is_given_back_by_its_holder(void **state)
{
    struct palette_site *s = *state;
    char one[128], two[128], first[32] = "", second[32] = "";

    palette_pair(s);
    enters(s, 1, one);
    enters(s, 2, two);
    assert_int_equal(take(s, one, 1, first), 200);
    call(s, two, "7", "DELETE", at(s, "/v1/x-gp/pcg/%s/lease"), NULL);
    refused(s, 409, "StaleLease");
    assert_int_equal(call(s, one, first, "DELETE", at(s, "/v1/x-gp/pcg/%s/lease"), NULL), 204);
    assert_int_equal(take(s, two, 2, second), 200);
    call(s, one, first, "DELETE", at(s, "/v1/x-gp/pcg/%s/lease"), NULL);
    refused(s, 409, "StaleLease");
}

/* Every other call: registration, heartbeat, account, query, cluster. */
static void every_call_of_a_replica_carries_the_lease(void **state)
{
    struct palette_site *s = *state;
    char one[128], lease[32] = "", body[128], path[128];

    palette_pair(s);
    enters(s, 1, one);
    talk_pick(&s->t, "selfClusterUid", s->self_uid, sizeof(s->self_uid));
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s/heartbeat", s->self_uid);
    snprintf(body, sizeof(body), "{\"pairingCode\":\"%s\"}", s->code);
    call(s, one, "", "POST", at(s, "/v1/pcg/%s/register"), body);
    refused(s, 400, "LeaseMissing");
    assert_true(ev_is(mock_last(&s->m, EV_PAL_BREACH), EVF_WHY, "GP-106"));
    feed(s, one, "one");
    refused(s, 400, "InvalidRequest");
    feed(s, one, "1");
    refused(s, 409, "StaleLease");
    assert_int_equal(take(s, one, 1, lease), 200);
    assert_int_equal(call(s, one, lease, "POST", at(s, "/v1/pcg/%s/register"), body), 204);
    call(s, one, "", "PUT", path, "{\"agentVersion\":\"1\"}");
    refused(s, 400, "LeaseMissing");
    assert_int_equal(call(s, one, lease, "PUT", path, "{\"agentVersion\":\"1\"}"), 204);
    assert_int_equal(call(s, one, "", "GET", at(s, "/v1/overlords/%s"), NULL), 400);
    assert_int_equal(call(s, one, "", "POST", at(s, "/v1/x-gp/pcg/%s/queries/q"), "{}"), 400);
    assert_int_equal(call(s, one, "", "PUT", "/v1/x-gp/clusters/c/claim", "{}"), 400);
    assert_int_equal(call(s, one, "99", "PUT", "/v1/x-gp/clusters/c/claim", "{}"), 409);
}

/* The old holder's long poll ends when somebody else takes over. */
static void a_held_request_ends_with_the_lease(void **state)
{
    struct palette_site *s = *state;
    char one[128], two[128], first[32] = "", second[32] = "", cursor[128], target[512], key[128];
    char headers[256], code[64];
    struct talk t;

    talk_init(&t);
    palette_pair(s);
    enters(s, 1, one);
    enters(s, 2, two);
    assert_int_equal(take(s, one, 1, first), 200);
    assert_int_equal(feed(s, one, first), 200);
    talk_pick(&s->t, "cursor", cursor, sizeof(cursor));
    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/feed?waitSeconds=60&cursor=%s", s->uid,
             cursor);
    snprintf(headers, sizeof(headers), "Authorization: %s\nX-Gp-Lease: %s\n", one, first);
    talk_ask(&s->m, &t, "GET", target, headers, NULL);
    assert_true(t.parked);
    palette_pass(s, SECONDS(30));
    assert_int_equal(take(s, two, 2, second), 200);
    snprintf(key, sizeof(key), "feed/%s", s->uid);
    assert_true(talk_touched(&s->t, key));
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 409);
    assert_text(talk_pick(&t, "code", code, sizeof(code)), "StaleLease");
    talk_drop(&t);
}

/* One process is one process: no lease, and no header. */
static void a_gateway_without_the_feature_needs_no_lease(void **state)
{
    struct palette_site *s = *state;
    char token[128], lease[32] = "";

    palette_running(s);
    assert_int_equal(palette_feed(s), 200);
    gateway(s, "PUT", at(s, "/v1/x-gp/pcg/%s/lease"), "{\"replica\":\"1\"}");
    refused(s, 403, "Forbidden");
    /* and once replicas are there, it is a fourth one that must not act */
    enters(s, 2, token);
    assert_int_equal(take(s, token, 3, lease), 400);
    assert_int_equal(take(s, token, 2, lease), 200);
    palette_feed(s);
    refused(s, 400, "LeaseMissing");
    gateway(s, "PUT", at(s, "/v1/x-gp/pcg/%s/lease"), "{}");
    refused(s, 400, "InvalidRequest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HA_TEST(one_replica_holds_the_lease_at_a_time, CLAUSE(106)),
        HA_TEST(a_lease_that_ran_out_is_stale_for_its_holder_too, CLAUSE(106)),
        HA_TEST(a_lease_is_given_back_by_its_holder, CLAUSE(106)),
        HA_TEST(every_call_of_a_replica_carries_the_lease, CLAUSE(106)),
        HA_TEST(a_held_request_ends_with_the_lease, CLAUSE(106)),
        HA_TEST(a_gateway_without_the_feature_needs_no_lease, CLAUSE(106)),
    };

    return run_tests(tests);
}
