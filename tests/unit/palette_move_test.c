/* What ends a gateway's say about a cluster: another gateway, a reset, and an agent that is not
 * heard any more. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

#define LEASE SECONDS(720) /* ownerLeaseSeconds + leaseMarginSeconds */

struct identity { /* what a site knows of its gateway */
    char uid[64], code[64], self_uid[64], token[128], cursor[128];
};

static struct identity whoami(const struct palette_site *s)
{
    struct identity me;

    text_copy(me.uid, sizeof(me.uid), s->uid);
    text_copy(me.code, sizeof(me.code), s->code);
    text_copy(me.self_uid, sizeof(me.self_uid), s->self_uid);
    text_copy(me.token, sizeof(me.token), s->token);
    text_copy(me.cursor, sizeof(me.cursor), s->cursor);
    return me;
}

/* The site speaks for that gateway from now on; returns the one before. */
static struct identity be(struct palette_site *s, struct identity who)
{
    const struct identity before = whoami(s);

    text_copy(s->uid, sizeof(s->uid), who.uid);
    text_copy(s->code, sizeof(s->code), who.code);
    text_copy(s->self_uid, sizeof(s->self_uid), who.self_uid);
    text_copy(s->token, sizeof(s->token), who.token);
    text_copy(s->cursor, sizeof(s->cursor), who.cursor);
    return before;
}

/* A second gateway, Running; the site goes on speaking for the first. */
static struct identity second(struct palette_site *s)
{
    const struct identity first = whoami(s);

    palette_running(s);
    return be(s, first);
}

static int migrate(struct cluster_site *c, const char *from, const char *to)
{
    char body[256];

    snprintf(body, sizeof(body), "{\"sourceUid\":\"%s\",\"targetUid\":\"%s\"}", from, to);
    return user(c->s, "POST", "/v1/overlords/migrate", body);
}

static const char *item(struct cluster_site *c, const char *field)
{
    static char text[512];

    return item_pick(c, field, text, sizeof(text));
}

static bool lists_nothing(struct cluster_site *c)
{
    assert_int_equal(palette_feed(c->s), 200);
    return strstr(talk_body(&c->s->t), "\"clusters\":[]") != NULL;
}

static void feed_with_cursor(struct cluster_site *c)
{
    char target[512];

    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/feed?waitSeconds=30&cursor=%s", c->s->uid,
             c->s->cursor);
    gateway(c->s, "GET", target, NULL);
}

static void renews(struct palette_site *s)
{
    assert_int_equal(credential(s, s->uid, NULL, SECRET), 200);
    talk_pick(&s->t, "token", s->token, sizeof(s->token));
}

static int delete_it(struct cluster_site *c)
{
    snprintf(c->path, sizeof(c->path), "/v1/spectroclusters/%s", c->uid);
    return user(c->s, "DELETE", c->path, NULL);
}

static bool user_sees(struct cluster_site *c, const char *text)
{
    snprintf(c->path, sizeof(c->path), "/v1/spectroclusters/%s", c->uid);
    assert_int_equal(user(c->s, "GET", c->path, NULL), 200);
    return strstr(talk_body(&c->s->t), text) != NULL;
}

/* --- GP-75 ------------------------------------------------------------------------------------ */

static void a_cluster_leaves_one_list_before_it_is_on_the_next(void **state)
{
    struct cluster_site *c = *state;
    struct identity first, other;

    cluster_provisioning(c, 0);
    other = second(c->s);
    assert_int_equal(migrate(c, c->s->uid, other.uid), 204);
    /* nobody may act now: the old gateway's calls are over, the new one has none yet */
    assert_int_equal(claim(c, 1, 1), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(handover(c, 1, 1, 1, "\"aaa111\""), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(machine_post(c, 1, "cp", "bbb222"), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_true(lists_nothing(c));
    first = be(c->s, other);
    assert_true(lists_nothing(c));
    assert_int_equal(claim(c, 1, 1), 403);
    assert_true(user_sees(c, "GatewayMoving"));
    /* the old one asks with the new cursor: it knows */
    other = be(c->s, first);
    feed_with_cursor(c);
    assert_true(c->s->t.parked);
    first = be(c->s, other);
    cluster_item(c);
    assert_text(item(c, "epoch"), "2");
    assert_text(item(c, "revision"), "1");
    assert_text(item(c, "owner"), "gateway");
    assert_text(item(c, "accountUid"), c->account_uid);
    assert_non_null(strstr(talk_body(&c->s->t), MAAS_KEY));
    assert_int_equal(claim(c, 2, 1), 200);
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_OWNER), EVF_UID, c->s->uid));
    be(c->s, first);
    assert_int_equal(claim(c, 1, 1), 403);
    assert_int_equal(claim(c, 2, 1), 403);
}

static void or_it_waits_for_the_lease_and_the_margin(void **state)
{
    struct cluster_site *c = *state;
    struct identity other;

    cluster_provisioning(c, 0);
    /* an agent that falls silent meanwhile moves nothing on */
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    palette_pass(c->s, SECONDS(100));
    assert_int_equal(palette_feed(c->s), 200); /* the lease is from here */
    other = second(c->s);
    palette_pass(c->s, SECONDS(100));
    assert_int_equal(migrate(c, c->s->uid, other.uid), 204);
    be(c->s, other);
    palette_pass(c->s, LEASE - SECONDS(100) - 1);
    assert_true(lists_nothing(c));
    palette_pass(c->s, 1);
    cluster_item(c);
    assert_text(item(c, "epoch"), "2");
}

static void a_gateway_that_is_dead_already_holds_nothing_up(void **state)
{
    struct cluster_site *c = *state;
    struct identity other;

    cluster_provisioning(c, 0);
    other = second(c->s);
    palette_pass(c->s, HOURS(2));
    be(c->s, other);
    renews(c->s);
    assert_int_equal(palette_beat(c->s), 204);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_GATEWAY), EVF_STATE), "Running");
    snprintf(c->path, sizeof(c->path), "/v1/spectroclusters/%s", c->uid);
    {
        char from[64] = "";

        assert_int_equal(user(c->s, "GET", c->path, NULL), 200);
        talk_pick(&c->s->t, "metadata.annotations.overlordUid", from, sizeof(from));
        assert_int_equal(migrate(c, from, c->s->uid), 204);
    }
    cluster_item(c);
    assert_text(item(c, "epoch"), "2");
    assert_true(user_sees(c, c->s->uid)); /* the reference has changed */
}

/* Day two needs no gateway; the next delete goes to the new one (LIF-5). */
static void a_cluster_that_owns_itself_moves_at_once(void **state)
{
    struct cluster_site *c = *state;
    struct identity other, first;
    char text[32];

    cluster_running(c, 0);
    other = second(c->s);
    assert_int_equal(migrate(c, c->s->uid, other.uid), 204);
    assert_int_equal(assignment(c), 200);
    assert_text(talk_pick(&c->s->t, "owner", text, sizeof(text)), "cluster");
    assert_text(talk_pick(&c->s->t, "epoch", text, sizeof(text)), "3");
    assert_int_equal(delete_it(c), 204);
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 204);
    assert_true(lists_nothing(c));
    first = be(c->s, other);
    cluster_item(c);
    assert_text(item(c, "epoch"), "4");
    assert_text(item(c, "desired"), "absent");
    assert_text(item(c, "agentQuiesced"), "true");
    be(c->s, first);
    assert_int_equal(released(c, 4, 1, ""), 403);
}

static void a_delete_overtakes_a_move(void **state)
{
    struct cluster_site *c = *state;
    struct identity other;

    cluster_provisioning(c, 0);
    other = second(c->s);
    assert_int_equal(migrate(c, c->s->uid, other.uid), 204);
    assert_int_equal(delete_it(c), 204);
    assert_true(lists_nothing(c));
    palette_pass(c->s, LEASE);
    be(c->s, other);
    cluster_item(c);
    assert_text(item(c, "desired"), "absent");
    assert_text(item(c, "epoch"), "2");
    assert_text(item(c, "agentQuiesced"), ""); /* no agent has ever owned it */
    assert_non_null(strstr(talk_body(&c->s->t), "\"systemId\":\"aaa111\""));
    assert_int_equal(claim(c, 2, 1), 200);
    assert_int_equal(released(c, 2, 2, "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"}"), 200);
}

static void a_move_needs_a_gateway_to_go_to(void **state)
{
    struct cluster_site *c = *state;
    char first[64];

    cluster_provisioning(c, 0);
    text_copy(first, sizeof(first), c->s->uid);
    assert_int_equal(migrate(c, first, "nobody"), 404);
    palette_enrol(c->s); /* Pending */
    assert_int_equal(migrate(c, first, c->s->uid), 409);
    refused(c->s, 409, "GatewayNotRunning");
    assert_int_equal(gateway(c->s, "POST", "/v1/overlords/migrate", "{}"), 403);
}

/* Nobody but a user can know that it is for good: the cluster waits, and says so. */
static void a_gateway_that_never_comes_back_is_replaced(void **state)
{
    struct cluster_site *c = *state;
    struct identity other;

    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    other = second(c->s);
    for (int i = 0; i < 13; i++) {
        palette_pass(c->s, SECONDS(60));
        assert_int_equal(beat(c), 204);
    }
    assert_true(user_sees(c, "GatewayNotRunning"));
    assert_true(user_sees(c, "\"state\":\"Provisioning\""));
    {
        const struct identity first = be(c->s, other);

        renews(c->s);
        assert_int_equal(palette_beat(c->s), 204);
        assert_int_equal(palette_feed(c->s), 200);
        assert_int_equal(migrate(c, first.uid, c->s->uid), 204);
    }
    cluster_item(c);
    assert_text(item(c, "registered"), "true");
    assert_int_equal(claim(c, 2, 1), 200);
    assert_int_equal(handover(c, 2, 2, 1, "\"aaa111\""), 200);
    assert_true(user_sees(c, "\"state\":\"Running\""));
    assert_false(user_sees(c, "GatewayReady"));
}

/* The account belongs to the new gateway: the old one does not change its key. */
static void an_account_moves_with_its_clusters(void **state)
{
    struct cluster_site *c = *state;
    struct identity other;

    cluster_provisioning(c, 0);
    other = second(c->s);
    assert_int_equal(migrate(c, c->s->uid, other.uid), 204);
    assert_int_equal(gateway(c->s, "PUT", at(c->s, "/v1/overlords/maas/%s/account"),
                             "{\"account\":" MAAS_ACCOUNT "}"),
                     404);
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"accounts\":[]"));
}

/* --- an agent to hand over to ----------------------------------------------------------------- */

static void a_switch_needs_an_agent_that_is_heard(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    palette_pass(c->s, SECONDS(599));
    cluster_item(c);
    assert_text(item(c, "registered"), "true");
    palette_pass(c->s, SECONDS(1));
    cluster_item(c);
    assert_text(item(c, "registered"), "false");
    assert_text(item(c, "revision"), "3");
    assert_int_equal(handover(c, 1, 1, 3, "\"aaa111\""), 409);
    refused(c->s, 409, "AgentNotRegistered");
    assert_int_equal(claim(c, 1, 3), 200);
    assert_int_equal(beat(c), 204); /* it was only slow */
    cluster_item(c);
    assert_text(item(c, "registered"), "true");
    assert_int_equal(handover(c, 1, 2, 4, "\"aaa111\""), 200);
}

/* --- GP-36 ------------------------------------------------------------------------------------ */

static void a_reset_ends_an_identity(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;
    char old_code[64];
    const char *code;

    cluster_provisioning(c, 0);
    text_copy(old_code, sizeof(old_code), s->code);
    assert_int_equal(user(s, "PUT", at(s, "/v1/overlords/%s/reset"), NULL), 200);
    assert_text(ev_text(mock_last(&s->m, EV_PAL_GATEWAY), EVF_STATE), "Pending");
    palette_beat(s);
    refused(s, 401, "CredentialRevoked");
    assert_int_equal(claim(c, 1, 1), 401);
    credential(s, s->uid, NULL, SECRET);
    refused(s, 401, "CredentialUnknown");
    credential(s, s->uid, old_code, SECRET);
    refused(s, 401, "PairingCodeInvalid");
    /* the installer's manifest holds the new code */
    assert_int_equal(user(s, "GET", at(s, "/v1/pcg/%s/services/jet/manifest"), NULL), 200);
    code = strstr(talk_body(&s->t), "pairingCode: \"");
    assert_non_null(code);
    assert_true(text_copy_len(s->code, sizeof(s->code), code + 14, strcspn(code + 14, "\"")));
    assert_string_not_equal(s->code, old_code);
    assert_int_equal(credential(s, s->uid, s->code, OTHER_SECRET), 200);
    talk_pick(&s->t, "token", s->token, sizeof(s->token));
    assert_int_equal(claim(c, 1, 1), 200);
    assert_int_equal(ev_int(mock_last(&s->m, EV_PAL_OWNER), EVF_EPOCH), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(a_cluster_leaves_one_list_before_it_is_on_the_next, CLAUSE(75), CLAUSE(44)),
        CLUSTER_TEST(or_it_waits_for_the_lease_and_the_margin, CLAUSE(75)),
        CLUSTER_TEST(a_gateway_that_is_dead_already_holds_nothing_up, CLAUSE(75)),
        CLUSTER_TEST(a_cluster_that_owns_itself_moves_at_once, CLAUSE(75)),
        CLUSTER_TEST(a_delete_overtakes_a_move, CLAUSE(75), CLAUSE(69)),
        CLUSTER_TEST(a_move_needs_a_gateway_to_go_to),
        CLUSTER_TEST(a_gateway_that_never_comes_back_is_replaced, CLAUSE(62), CLAUSE(75)),
        CLUSTER_TEST(an_account_moves_with_its_clusters, CLAUSE(75)),
        CLUSTER_TEST(a_switch_needs_an_agent_that_is_heard, CLAUSE(63), CLAUSE(65)),
        CLUSTER_TEST(a_reset_ends_an_identity, CLAUSE(36), CLAUSE(32)),
    };

    return run_tests(tests);
}
