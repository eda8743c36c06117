#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

#define LEASE SECONDS(720) /* ownerLeaseSeconds + leaseMarginSeconds */

static const char *value(struct cluster_site *c, const char *path)
{
    static char text[512];

    return talk_pick(&c->s->t, path, text, sizeof(text));
}

static const char *item(struct cluster_site *c, const char *field)
{
    static char text[512];

    return item_pick(c, field, text, sizeof(text));
}

static const char *key_id(struct cluster_site *c)
{
    return ev_text(mock_last(&c->s->m, EV_PAL_HELLO), EVF_KEY_ID);
}

static int delete_it(struct cluster_site *c, const char *more)
{
    char target[256];

    snprintf(target, sizeof(target), "/v1/spectroclusters/%s%s", c->uid, more);
    return user(c->s, "DELETE", target, NULL);
}

/* Time passes while the agent beats each minute. */
static void beats_for(struct cluster_site *c, ms_t ms)
{
    for (ms_t end = c->s->m.now + ms; c->s->m.now < end;) {
        palette_pass(c->s, SECONDS(60));
        assert_int_equal(beat(c), 204);
    }
}

/* The gateway's token lasts fifteen minutes. */
static void gateway_renews(struct cluster_site *c)
{
    assert_int_equal(credential(c->s, c->s->uid, NULL, SECRET), 200);
    talk_pick(&c->s->t, "token", c->s->token, sizeof(c->s->token));
}

/* --- register --------------------------------------------------------------------------------- */

static void an_agent_gets_a_token_and_the_times(void **state)
{
    struct cluster_site *c = *state;
    const struct event *e;

    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_text(value(c, "timing.ownerLeaseSeconds"), "600");
    assert_text(value(c, "owner"), "gateway");
    assert_true(value(c, "expiresInSeconds")[0]);
    e = mock_last(&c->s->m, EV_PAL_HELLO);
    assert_text(ev_text(e, EVF_CLUSTER), "c1");
    assert_text(ev_text(e, EVF_MACHINE), "aaa111");
    assert_int_equal(ev_int(e, EVF_ACCEPTED), 1);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CALL), EVF_WHO), "agent");
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CALL), EVF_OP), "hello");
    assert_int_equal(beat(c), 204);
}

/* A node that reboots is the same node: one identity, and the old token is void. */
static void the_same_node_is_the_same_agent(void **state)
{
    struct cluster_site *c = *state;
    char id[64], old[128], new[128];

    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    text_copy(id, sizeof(id), key_id(c));
    text_copy(old, sizeof(old), c->agent_token);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_text(key_id(c), id);
    text_copy(new, sizeof(new), c->agent_token);
    text_copy(c->agent_token, sizeof(c->agent_token), old);
    assert_int_equal(beat(c), 401);
    text_copy(c->agent_token, sizeof(c->agent_token), new);
    assert_int_equal(beat(c), 204);
    assert_int_equal(hello(c, "bbb222", "join"), 200);
    assert_string_not_equal(key_id(c), id);
    /* it raised the revision once */
    cluster_item(c);
    assert_text(item(c, "revision"), "2");
}

static void a_stranger_is_not_registered(void **state)
{
    struct cluster_site *c = *state;
    char token[128], body[256];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    cluster_item(c);
    /* before the claim no machine can have the token */
    assert_int_equal(hello(c, "aaa111", "init"), 401);
    refused(c->s, 401, "CredentialRevoked");
    assert_int_equal(claim(c, 1, 1), 200);
    text_copy(token, sizeof(token), c->join_token);
    text_copy(c->join_token, sizeof(c->join_token), "jt-something");
    assert_int_equal(hello(c, "aaa111", "init"), 401);
    refused(c->s, 401, "JoinTokenInvalid");
    assert_int_equal(ev_int(mock_last(&c->s->m, EV_PAL_HELLO), EVF_ACCEPTED), 0);
    text_copy(c->join_token, sizeof(c->join_token), token);
    assert_int_equal(hello(c, "A-1", "init"), 400);
    snprintf(body, sizeof(body),
             "{\"clusterUid\":\"x\",\"joinToken\":\"%s\",\"systemId\":\"a\",\"hostname\":\"a\"}",
             token);
    talk_ask(&c->s->m, &c->s->t, "POST", "/v1/x-gp/agent/register", NULL, body);
    refused(c->s, 404, "ResourceNotFound");
    /* a join token is no token */
    text_copy(c->agent_token, sizeof(c->agent_token), token);
    assert_int_equal(beat(c), 401);
}

/* GP-101, and the workers of day 2: who is known may come, who is not may not. */
static void a_join_token_ends_an_hour_after_the_hand_over(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    beats_for(c, HOURS(1));
    assert_int_equal(hello(c, "ccc333", "join"), 403);
    refused(c->s, 403, "JoinTokenExpired");
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(agent(c, "POST", "/v1/x-gp/agent/%s/quiesced", NULL), 405);
    snprintf(c->path, sizeof(c->path), "/v1/cloudconfigs/maas/%s/machinePools/cp/machines",
             c->config_uid);
    assert_int_equal(agent(c, "POST", c->path,
                           "{\"metadata\":{\"name\":\"ccc333\"},\"status\":{\"instanceState\":"
                           "\"Provisioning\"}}"),
                     201);
    assert_int_equal(hello(c, "ccc333", "join"), 200);
}

/* --- AGT-6 ------------------------------------------------------------------------------------ */

static void a_token_speaks_for_its_own_cluster_only(void **state)
{
    struct cluster_site *c = *state;
    char token[128], config[64];

    cluster_running(c, 0);
    text_copy(token, sizeof(token), c->agent_token);
    text_copy(config, sizeof(config), c->config_uid);
    assert_int_equal(cluster_create(c, "c2", 0), 201);
    assert_int_equal(claim(c, 1, 1), 200);
    text_copy(c->agent_token, sizeof(c->agent_token), token);
    assert_int_equal(beat(c), 403);
    refused(c->s, 403, "Forbidden");
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CALL), EVF_CLUSTER), "c1");
    assert_int_equal(assignment(c), 403);
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", NULL), 403);
    assert_int_equal(agent(c, "GET", "/v1/spectroclusters/%s", NULL), 403);
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/clusters/%s/claim", "{}"), 403);
    assert_int_equal(agent(c, "GET", at(c->s, "/v1/x-gp/pcg/%s/feed"), NULL), 403);
    assert_int_equal(agent(c, "GET", "/v1/cloudaccounts/maas", NULL), 403);
    assert_int_equal(agent(c, "DELETE", "/v1/spectroclusters/%s", NULL), 403);
    assert_int_equal(mock_count(&c->s->m, EV_PAL_BEAT, EVF_CLUSTER, "c2"), 0);
    /* and the gateway does not beat for a cluster, GP-78 */
    assert_int_equal(
        cluster_call(c, 1, "PUT", "/v1/spectroclusters/%s/heartbeat", "{\"agentVersion\":\"1\"}"),
        403);
}

static void an_agent_that_does_not_own_says_nothing(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(agent(c, "PATCH", "/v1/spectroclusters/%s/status/conditions", "[]"), 403);
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 409);
    refused(c->s, 409, "NotQuiescing");
    assert_int_equal(assignment(c), 200);
    assert_text(value(c, "owner"), "gateway");
    assert_text(value(c, "account.apiKey"), "");
    assert_null(strstr(talk_body(&c->s->t), "machinepoolconfig"));
}

/* --- the assignment --------------------------------------------------------------------------- */

static void the_assignment_waits_for_the_switch(void **state)
{
    struct cluster_site *c = *state;
    char cursor[64], target[256], headers[256], key[128];
    struct talk t;

    talk_init(&t);
    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(assignment(c), 200);
    talk_pick(&c->s->t, "cursor", cursor, sizeof(cursor));
    snprintf(target, sizeof(target), "/v1/x-gp/agent/%s/assignment?waitSeconds=30&cursor=%s",
             c->uid, cursor);
    snprintf(headers, sizeof(headers), "Authorization: %s\n", c->agent_token);
    snprintf(key, sizeof(key), "assign/%s", c->uid);
    talk_ask(&c->s->m, &t, "GET", target, headers, NULL);
    assert_true(t.parked);
    assert_text(t.rp.park_key, key);
    assert_int_equal(t.rp.park_ms, SECONDS(30));
    assert_int_equal(handover(c, 1, 1, 2, "\"aaa111\""), 200);
    assert_true(talk_touched(&c->s->t, key));
    talk_again(&c->s->m, &t, false);
    assert_int_equal(t.rp.status, 200);
    assert_non_null(strstr(talk_body(&t), "\"owner\":\"cluster\",\"epoch\":2,\"quiesce\":false"));
    assert_non_null(strstr(talk_body(&t), MAAS_KEY));
    assert_non_null(strstr(talk_body(&t), "\"systemId\":\"aaa111\",\"pool\":\"cp\""));
    assert_non_null(strstr(talk_body(&t), "\"registered\":true"));
    assert_non_null(strstr(talk_body(&t), c->marker));
    assert_null(strstr(talk_body(&t), c->join_token));
    talk_drop(&t);
}

static void an_unchanged_assignment_is_a_204(void **state)
{
    struct cluster_site *c = *state;
    char cursor[64], path[256];
    struct talk t;

    talk_init(&t);
    cluster_running(c, 0);
    assert_int_equal(assignment(c), 200);
    talk_pick(&c->s->t, "cursor", cursor, sizeof(cursor));
    snprintf(path, sizeof(path), "/v1/x-gp/agent/%s/assignment?waitSeconds=0&cursor=%s", c->uid,
             cursor);
    assert_int_equal(agent(c, "GET", path, NULL), 204);
    assert_int_equal(delete_it(c, ""), 204);
    assert_int_equal(agent(c, "GET", path, NULL), 200);
    assert_text(value(c, "quiesce"), "true");
    assert_int_equal(agent(c, "GET", "/v1/x-gp/agent/%s/assignment?waitSeconds=soon", NULL), 400);
    talk_drop(&t);
}

static void new_wishes_have_a_new_hash(void **state)
{
    struct cluster_site *c = *state;
    char hash[64], body[128], path[128];

    cluster_running(c, 0);
    assert_int_equal(agent(c, "GET", "/v1/spectroclusters/%s/status/spcApply", NULL), 200);
    talk_pick(&c->s->t, "spcHash", hash, sizeof(hash));
    assert_true(hash[0]);
    snprintf(path, sizeof(path), "/v1/cloudconfigs/maas/%s/machinePools", c->config_uid);
    assert_int_equal(user(c->s, "POST", path, "{\"poolConfig\":{\"name\":\"workers\",\"size\":1}}"),
                     201);
    assert_int_equal(agent(c, "GET", "/v1/spectroclusters/%s/status/spcApply", NULL), 200);
    assert_string_not_equal(value(c, "spcHash"), hash);
    snprintf(body, sizeof(body), "{\"clusterHash\":\"%s\",\"patchTime\":\"x\"}", hash);
    assert_int_equal(agent(c, "PATCH", "/v1/spectroclusters/%s/status/spcApply/patchTime", body),
                     204);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_REPORT), EVF_STATE), "False");
    snprintf(path, sizeof(path), "/v1/cloudconfigs/maas/%s", c->config_uid);
    assert_int_equal(agent(c, "GET", path, NULL), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"name\":\"workers\""));
}

/* "has N nodes" is what the agent has seen run. */
static void a_node_is_seen_when_the_agent_says_so(void **state)
{
    struct cluster_site *c = *state;
    char path[160];

    cluster_running(c, 0);
    snprintf(path, sizeof(path), "/v1/cloudconfigs/maas/%s/machinePools/cp/machines",
             c->config_uid);
    assert_int_equal(mock_count(&c->s->m, EV_PAL_NODE, EVF_KIND, "seen"), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(agent(c, "POST", path,
                               "{\"metadata\":{\"name\":\"aaa111\"},\"status\":{\"instanceState\":"
                               "\"Running\"}}"),
                         201);
    assert_int_equal(mock_count(&c->s->m, EV_PAL_NODE, EVF_KIND, "seen"), 1);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_NODE), EVF_WHO), "agent");
}

/* --- health ----------------------------------------------------------------------------------- */

/* AGT-3, IND-3: ten minutes of silence, and nothing that the gateway does or does not. */
static void health_is_of_the_beats_alone(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_HEALTH), "");
    assert_int_equal(beat(c), 204);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_HEALTH), "Healthy");
    beats_for(c, HOURS(1)); /* the gateway is silent all the time */
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_GATEWAY), EVF_STATE), "Unhealthy");
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_HEALTH), "Healthy");
    palette_pass(c->s, SECONDS(599));
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_HEALTH), "Healthy");
    palette_pass(c->s, SECONDS(1));
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_HEALTH), "Unhealthy");
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_STATE), "Running");
    assert_int_equal(beat(c), 204);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_HEALTH), "Healthy");
}

/* --- giving back ------------------------------------------------------------------------------ */

static void a_silent_agent_loses_its_lease(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    beats_for(c, MINUTES(30));
    gateway_renews(c);
    assert_int_equal(delete_it(c, ""), 204);
    palette_pass(c->s, LEASE - 1);
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));
    palette_pass(c->s, 1);
    cluster_item(c);
    assert_text(item(c, "epoch"), "3");
    assert_text(item(c, "desired"), "absent");
    assert_text(item(c, "agentQuiesced"), "false");
    assert_int_equal(ev_int(mock_last(&c->s->m, EV_PAL_OWNER), EVF_EPOCH), 3);
    assert_int_equal(beat(c), 401);
    refused(c->s, 401, "CredentialRevoked");
    assert_int_equal(hello(c, "aaa111", "init"), 401);
    /* late, and harmless */
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 204);
    cluster_item(c);
    assert_text(item(c, "agentQuiesced"), "false");
}

/* The lease is from its last call, also when that was long before the delete. */
static void an_agent_that_is_dead_already_holds_nothing_up(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    palette_pass(c->s, HOURS(2));
    gateway_renews(c);
    assert_int_equal(delete_it(c, ""), 204);
    palette_pass(c->s, 0);
    cluster_item(c);
    assert_text(item(c, "agentQuiesced"), "false");
}

/* A worker's beats do not renew the lease: it is not the one who acts. */
static void an_agent_that_calls_keeps_the_lease(void **state)
{
    struct cluster_site *c = *state;
    char init[128];

    cluster_running(c, 1);
    text_copy(init, sizeof(init), c->agent_token);
    assert_int_equal(delete_it(c, ""), 204);
    beats_for(c, MINUTES(30));
    assert_int_equal(hello(c, "bbb222", "join"), 200);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_OWNER), EVF_OWNER), "cluster");
    for (int i = 0; i < 11; i++) {
        palette_pass(c->s, SECONDS(60));
        assert_int_equal(beat(c), 204);
    }
    palette_pass(c->s, SECONDS(60));
    assert_int_equal(beat(c), 401);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_OWNER), EVF_OWNER), "gateway");
}

static void the_last_records_come_before_quiesced(void **state)
{
    struct cluster_site *c = *state;
    char path[160];

    cluster_reclaim(c, 0);
    snprintf(path, sizeof(path), "/v1/cloudconfigs/maas/%s/machinePools/cp/machines",
             c->config_uid);
    assert_int_equal(agent(c, "POST", path, "{\"metadata\":{\"name\":\"ddd444\"}}"), 201);
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 204);
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 204);
    assert_int_equal(agent(c, "POST", path, "{\"metadata\":{\"name\":\"eee555\"}}"), 401);
    cluster_item(c);
    assert_non_null(strstr(talk_body(&c->s->t), "\"systemId\":\"ddd444\""));
    assert_text(item(c, "agentQuiesced"), "true");
    assert_int_equal(mock_count(&c->s->m, EV_PAL_OWNER, EVF_EPOCH, "3"), 1);
}

static void force_revokes_the_agent_and_waits_for_its_lease(void **state)
{
    struct cluster_site *c = *state;

    cluster_reclaim(c, 0);
    beats_for(c, SECONDS(900));
    gateway_renews(c);
    assert_int_equal(delete_it(c, "?forceDelete=true"), 204);
    assert_int_equal(beat(c), 401);
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));
    palette_pass(c->s, LEASE);
    gateway_renews(c);
    cluster_item(c);
    assert_text(item(c, "forced"), "true");
    assert_text(item(c, "epoch"), "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(an_agent_gets_a_token_and_the_times),
        CLUSTER_TEST(the_same_node_is_the_same_agent, CLAUSE(101)),
        CLUSTER_TEST(a_stranger_is_not_registered, CLAUSE(101), CLAUSE(53)),
        CLUSTER_TEST(a_join_token_ends_an_hour_after_the_hand_over, CLAUSE(101)),
        CLUSTER_TEST(a_token_speaks_for_its_own_cluster_only, CLAUSE(101), CLAUSE(78)),
        CLUSTER_TEST(an_agent_that_does_not_own_says_nothing, CLAUSE(53), CLAUSE(67)),
        CLUSTER_TEST(the_assignment_waits_for_the_switch, CLAUSE(67), CLAUSE(41)),
        CLUSTER_TEST(an_unchanged_assignment_is_a_204),
        CLUSTER_TEST(new_wishes_have_a_new_hash),
        CLUSTER_TEST(a_node_is_seen_when_the_agent_says_so),
        CLUSTER_TEST(health_is_of_the_beats_alone),
        CLUSTER_TEST(a_silent_agent_loses_its_lease, CLAUSE(69)),
        CLUSTER_TEST(an_agent_that_is_dead_already_holds_nothing_up, CLAUSE(69)),
        CLUSTER_TEST(an_agent_that_calls_keeps_the_lease, CLAUSE(67), CLAUSE(69)),
        CLUSTER_TEST(the_last_records_come_before_quiesced, CLAUSE(69)),
        CLUSTER_TEST(force_revokes_the_agent_and_waits_for_its_lease, CLAUSE(69), CLAUSE(74)),
    };

    return run_tests(tests);
}
