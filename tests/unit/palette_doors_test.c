/* The doors that Palette leaves ajar for a rogue: shut for everybody else, and for a gateway that
 * does not ask. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/model.h"
#include "tests/rogues/doors.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

#define ASKS ",\"scaleUps\":\"gateway\""

static int scale(struct cluster_site *c, int workers)
{
    char path[256], body[256];

    snprintf(path, sizeof path, "/v1/cloudconfigs/maas/%s/machinePools/workers", c->config_uid);
    snprintf(body, sizeof body, "{\"poolConfig\":{\"name\":\"workers\",\"size\":%d}}", workers);
    return user(c->s, "PUT", path, body);
}

/* Running with a control plane and one worker, both up; then its user wants one worker more. */
static void scaled(struct cluster_site *c, const char *ajar, const char *asks)
{
    static const char *const up[][2] = {{"cp", "aaa111"}, {"workers", "bbb222"}};
    char body[512];

    assert_true(text_copy(c->s->palette->config.ajar, sizeof c->s->palette->config.ajar, ajar));
    cluster_provisioning(c, 1);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    snprintf(body, sizeof body,
             "{\"epoch\":1,\"claim\":1,\"revision\":2,\"machines\":[" BOTH "]%s}", asks);
    assert_int_equal(cluster_call(c, 1, "POST", "/v1/x-gp/clusters/%s/handover", body), 200);
    for (size_t i = 0; i < COUNTOF(up); i++) {
        char path[256];

        snprintf(path, sizeof path, "/v1/cloudconfigs/maas/%s/machinePools/%s/machines",
                 c->config_uid, up[i][0]);
        snprintf(body, sizeof body,
                 "{\"metadata\":{\"name\":\"%s\"},\"status\":{\"instanceState\":\"Running\"}}",
                 up[i][1]);
        assert_int_equal(agent(c, "POST", path, body), 201);
    }
    assert_int_equal(scale(c, 2), 204);
}

static bool agent_is_told(struct cluster_site *c, int workers)
{
    char size[64];

    snprintf(size, sizeof size, "\"name\":\"workers\",\"size\":%d", workers);
    assert_int_equal(assignment(c), 200);
    return strstr(talk_body(&c->s->t), size) != NULL;
}

static bool gateway_is_served(struct cluster_site *c)
{
    char owner[16];

    c->s->cursor[0] = '\0';
    assert_int_equal(palette_feed(c->s), 200);
    return text_is(item_pick(c, "owner", owner, sizeof owner), "gateway");
}

static void without_a_rogue_the_word_opens_nothing(void **state)
{
    struct cluster_site *c = *state;

    scaled(c, "", ASKS);
    assert_true(agent_is_told(c, 2));
    assert_false(gateway_is_served(c));
    assert_int_equal(claim(c, 2, 2), 409);
}

/* The doors stand ajar beside a good gateway, and it never goes near them. */
static void a_gateway_that_does_not_ask_is_served_as_ever(void **state)
{
    struct cluster_site *c = *state;

    scaled(c, "middleman", "");
    assert_true(agent_is_told(c, 2));
    assert_false(gateway_is_served(c));
    assert_int_equal(machine_post(c, 2, "workers", "ccc333"), 403);
}

static void the_scale_ups_go_to_the_gateway_that_asked(void **state)
{
    struct cluster_site *c = *state;
    char uid[64], path[256];

    scaled(c, "middleman", ASKS);
    assert_true(agent_is_told(c, 1));
    assert_true(gateway_is_served(c));
    assert_int_equal(claim(c, 2, 2), 200);
    /* those of before stay the agent's */
    assert_int_equal(machine_post(c, 2, "workers", "bbb222"), 403);
    assert_int_equal(machine_post(c, 2, "workers", "ccc333"), 201);
    talk_pick(&c->s->t, "uid", uid, sizeof uid);
    assert_true(agent_is_told(c, 1));
    snprintf(path, sizeof path, "/machinePools/workers/machines/%s", uid);
    assert_int_equal(
        config_call(c, 2, "PUT", path, "{\"status\":{\"instanceState\":\"Provisioning\"}}"), 204);
    assert_true(agent_is_told(c, 2));
    assert_int_equal(
        config_call(c, 2, "PUT", path, "{\"status\":{\"instanceState\":\"Provisioned\"}}"), 403);
    /* until the agent has seen it */
    assert_true(gateway_is_served(c));
    snprintf(path, sizeof path, "/v1/cloudconfigs/maas/%s/machinePools/workers/machines/%s",
             c->config_uid, uid);
    assert_int_equal(agent(c, "PUT", path, "{\"status\":{\"instanceState\":\"Running\"}}"), 204);
    assert_false(gateway_is_served(c));
}

/* --- what a heartbeat asks for --- */

static void ajar_for(struct cluster_site *c, const char *rogue)
{
    assert_true(text_copy(c->s->palette->config.ajar, sizeof c->s->palette->config.ajar, rogue));
    cluster_running(c, 1);
    assert_int_equal(beat(c), 204);
}

static void gateway_says(struct cluster_site *c, const char *message)
{
    char path[128], body[192];

    snprintf(path, sizeof path, "/v1/spectroclusters/%s/heartbeat", c->s->self_uid);
    snprintf(body, sizeof body, "{\"agentVersion\":\"1\",\"message\":\"%s\"}", message);
    assert_int_equal(gateway(c->s, "PUT", path, body), 204);
}

static size_t beats_for_it(const struct cluster_site *c)
{
    return mock_count(&c->s->m, EV_PAL_BEAT, EVF_KEY_ID, "gateway");
}

static void in_silence_is_when_three_beats_are_missed(void **state)
{
    static const char asks[] = "when a cluster is silent, beats for c1";
    struct cluster_site *c = *state;

    ajar_for(c, "ventriloquist.stand-in");
    palette_pass(c->s, SECONDS(179));
    gateway_says(c, asks);
    assert_int_equal(beats_for_it(c), 0);
    palette_pass(c->s, SECONDS(1));
    gateway_says(c, asks);
    assert_int_equal(beats_for_it(c), 1);
    assert_int_equal(beat(c), 204);
    gateway_says(c, asks);
    assert_int_equal(beats_for_it(c), 1);
}

static void an_agent_that_was_cut_off_may_not_come_back_where_that_was_asked(void **state)
{
    struct cluster_site *c = *state;

    ajar_for(c, "one-call.brittle");
    palette_pass(c->s, MINUTES(10));
    assert_int_equal(beat(c), 204); /* nobody has asked */
    gateway_says(c, "agents that were cut off are given up");
    palette_pass(c->s, MINUTES(4));
    assert_int_equal(beat(c), 204);
    palette_pass(c->s, MINUTES(5));
    assert_int_equal(beat(c), 401);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(beat(c), 401);
}

static void a_way_that_opened_is_told_to_its_rogue_only(void **state)
{
    static const char *const rogues[] = {"mailman.path-opens", "path-shy.path-opens"};
    struct cluster_site *c = *state;

    ajar_for(c, rogues[0]);
    for (size_t i = 0; i < COUNTOF(rogues); i++) {
        assert_true(
            text_copy(c->s->palette->config.ajar, sizeof c->s->palette->config.ajar, rogues[i]));
        gateway_says(c, "dial 10.10.0.3:5240");
        assert_false(talk_header(&c->s->t, "X-Gp-Direct", "1"));
        door_reached(c->s->palette);
        gateway_says(c, "dial 10.10.0.3:5240");
        assert_int_equal(talk_header(&c->s->t, "X-Gp-Direct", "1"), i == 1);
        c->s->palette->clusters[0]->ajar = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(without_a_rogue_the_word_opens_nothing),
        CLUSTER_TEST(a_gateway_that_does_not_ask_is_served_as_ever),
        CLUSTER_TEST(the_scale_ups_go_to_the_gateway_that_asked),
        CLUSTER_TEST(in_silence_is_when_three_beats_are_missed),
        CLUSTER_TEST(an_agent_that_was_cut_off_may_not_come_back_where_that_was_asked),
        CLUSTER_TEST(a_way_that_opened_is_told_to_its_rogue_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
