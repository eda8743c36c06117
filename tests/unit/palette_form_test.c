/* What the profile says of the form of a call: strict and lenient, timing, bounds, and the system
 * gateway, which is told apart by its form only. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_SECRET "system-secret-canary-0123456789abcdefghijklm"

/* The same site with a Palette of that kind. */
static int lenient_setup(void **state)
{
    static const struct palette_config c = {
        .seed = 1, .factor = 1, .api_key = API_KEY, .lenient = true};
    struct cluster_site *site;

    cluster_site_setup(state);
    site = *state;
    palette_free(site->s->palette);
    site->s->kept = NULL; /* the new one may stand where the old one stood */
    site->s->m.app = site->s->palette = palette_new(&c);
    palette_running(site->s);
    assert_int_equal(gateway(site->s, "POST", at(site->s, "/v1/overlords/maas/%s/account"),
                             "{\"name\":\"acc1\",\"account\":" MAAS_ACCOUNT "}"),
                     201);
    talk_pick(&site->s->t, "uid", site->account_uid, sizeof(site->account_uid));
    return 0;
}

static int system_setup(void **state)
{
    const struct palette_config c = {.seed = 1,
                                     .factor = 1,
                                     .api_key = API_KEY,
                                     .self_hosted = true,
                                     .system_secret = SYSTEM_SECRET};

    return palette_site_make(state, &c);
}

#define LENIENT_TEST(name, ...)                                                                    \
    site_clause_test(name, lenient_setup, cluster_site_teardown, __VA_ARGS__)
#define SYSTEM_TEST(name, ...)                                                                     \
    site_clause_test(name, system_setup, palette_site_teardown, __VA_ARGS__)
#define SITE_TEST(name, ...)                                                                       \
    site_clause_test(name, palette_site_setup, palette_site_teardown, __VA_ARGS__)

static size_t breaches(struct palette_site *s, const char *kind)
{
    return mock_count(&s->m, EV_PAL_BREACH, EVF_KIND, kind);
}

static int claim_without_epoch(struct cluster_site *c)
{
    return cluster_call(c, 0, "PUT", "/v1/x-gp/clusters/%s/claim", "{\"epoch\":1,\"revision\":1}");
}

static const char *const conditions = "/v1/spectroclusters/%s/status/conditions";

/* --- strict and lenient ----------------------------------------------------------------------- */

static void what_the_profile_forbids_is_refused_and_said(void **state)
{
    struct cluster_site *c = *state;

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(claim_without_epoch(c), 400);
    refused(c->s, 400, "EpochMissing");
    assert_int_equal(breaches(c->s, "refused"), 1);
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_BREACH), EVF_WHY, "GP-25"));
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_BREACH), EVF_WHO, "gateway"));
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_BREACH), EVF_OP, "claim"));
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_BREACH), EVF_CLUSTER, "c1"));
    /* reports before the claim, and what is not JSON */
    assert_int_equal(cluster_call(c, 1, "PATCH", conditions, "[]"), 409);
    assert_int_equal(claim(c, 1, 1), 200);
    assert_int_equal(cluster_call(c, 1, "PATCH", conditions, "{"), 400);
    assert_int_equal(breaches(c->s, "refused"), 3);
    assert_int_equal(breaches(c->s, "passed"), 0);
}

/* Late, stale and repeated calls are what a correct gateway makes in a bad network. */
static void ordinary_operation_is_no_breach(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(claim(c, 7, 1), 409);
    assert_int_equal(handover(c, 1, 7, 1, "\"aaa111\""), 409);
    assert_int_equal(gateway(c->s, "GET", at(c->s, "/v1/x-gp/pcg/%s/feed?cursor=c-1"), NULL), 410);
    palette_pass(c->s, SECONDS(900));
    assert_int_equal(palette_beat(c->s), 401);
    assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas", "{"), 400);
    assert_int_equal(breaches(c->s, "refused"), 0);
}

static void a_lenient_palette_lets_form_pass_and_says_so(void **state)
{
    struct cluster_site *c = *state;
    char headers[256], target[256];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(claim_without_epoch(c), 200);
    assert_int_equal(breaches(c->s, "passed"), 1);
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_BREACH), EVF_WHY, "GP-25"));
    assert_int_equal(
        cluster_call(c, 1, "PATCH", conditions, "[{\"type\":\"X\",\"status\":\"No\"}]"), 204);
    assert_true(ev_is(mock_last(&c->s->m, EV_PAL_BREACH), EVF_WHY, "GP-77"));
    snprintf(headers, sizeof(headers),
             "Authorization: %s\nX-Gp-Epoch: 1\nContent-Type: text/plain\n", c->s->token);
    snprintf(target, sizeof(target), "/v1/spectroclusters/%s/heartbeat", c->s->self_uid);
    talk_ask(&c->s->m, &c->s->t, "PUT", target, headers, "{\"agentVersion\":\"1\"}");
    assert_int_equal(c->s->t.rp.status, 204);
    assert_int_equal(machine_post(c, 1, "cp", "aaa111"), 201);
    snprintf(target, sizeof(target), "/machinePools/cp/machines");
    assert_int_equal(config_call(c, 1, "POST", target,
                                 "{\"metadata\":{\"name\":\"aaa111\"},\"status\":"
                                 "{\"instanceState\":\"Busy\"}}"),
                     201);
    assert_int_equal(breaches(c->s, "passed"), 4);
    /* a short secret, another version of the profile */
    talk_ask(&c->s->m, &c->s->t, "POST", at(c->s, "/v1/x-gp/pcg/%s/credential"), NULL,
             "{\"gatewaySecret\":\"short\",\"profile\":\"2.0\",\"version\":\"1\",\"features\":[]}");
    assert_int_equal(breaches(c->s, "passed"), 6);
    refused(c->s, 401, "CredentialUnknown");
}

/* What makes two owners, or speaks for another, is refused in every mode. */
static void a_lenient_palette_gives_nothing_away(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(claim(c, 7, 1), 409);
    assert_int_equal(handover(c, 1, 1, 1, "\"aaa111\""), 409);
    assert_int_equal(released(c, 1, 1, ""), 409);
    assert_int_equal(cluster_call(c, 1, "PATCH", conditions, "{"), 400);
    assert_int_equal(breaches(c->s, "refused"), 1);
    palette_enrol(c->s);
    assert_int_equal(claim(c, 1, 1), 403);
    assert_int_equal(gateway(c->s, "GET", "/v1/overlords", NULL), 403);
    assert_int_equal(breaches(c->s, "refused"), 2);
    assert_int_equal(breaches(c->s, "passed"), 0);
}

/* --- timing ----------------------------------------------------------------------------------- */

/* Section 16, name by name, with its default. */
static void every_name_of_timing_is_told(void **state)
{
    struct palette_site *s = *state;
    static const char *const wanted[][2] = {
        {"heartbeatSeconds", "60"},        {"unhealthySeconds", "600"},
        {"feedWaitSeconds", "30"},         {"feedSlackSeconds", "10"},
        {"feedGapSeconds", "5"},           {"rateSeconds", "10"},
        {"rateRequests", "100"},           {"dialSeconds", "60"},
        {"pickupSeconds", "60"},           {"callSeconds", "30"},
        {"maasCallSeconds", "60"},         {"backoffBaseSeconds", "1"},
        {"backoffMaxSeconds", "60"},       {"maasRetryBaseSeconds", "5"},
        {"maasRetryMaxSeconds", "300"},    {"maasPollSeconds", "15"},
        {"reportMinSeconds", "10"},        {"ownerLeaseSeconds", "600"},
        {"leaseMarginSeconds", "120"},     {"settleSeconds", "120"},
        {"deploySeconds", "5400"},         {"agentWaitSeconds", "1800"},
        {"joinTokenGraceSeconds", "3600"}, {"forceDeleteSeconds", "900"},
        {"forcedKeepSeconds", "259200"}};
    char path[64], seen[64];

    palette_enrol(s);
    for (size_t i = 0; i < COUNTOF(wanted); i++) {
        snprintf(path, sizeof(path), "timing.%s", wanted[i][0]);
        assert_text(talk_pick(&s->t, path, seen, sizeof(seen)), wanted[i][1]);
    }
}

/* GP-91: nothing that is told is a date. */
static void no_message_holds_an_absolute_time(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 1);
    assert_int_equal(assignment(c), 200);
    assert_int_equal(palette_feed(c->s), 200);
    assert_int_equal(credential(c->s, c->s->uid, NULL, SECRET), 200);
    assert_false(mock_leaks(&c->s->m, "2026-"));
    assert_false(mock_leaks(&c->s->m, "imestamp"));
}

/* --- GP-3 ------------------------------------------------------------------------------------- */

static void what_is_not_known_is_ignored_and_null_is_absent(void **state)
{
    struct cluster_site *c = *state;
    char body[512];

    assert_int_equal(cluster_create(c, "c1", 0), 201); /* holds nulls and an unknown field */
    cluster_item(c);
    assert_int_equal(cluster_call(c, 1, "PUT", "/v1/x-gp/clusters/%s/claim",
                                  "{\"epoch\":1,\"revision\":1,\"mood\":{\"a\":[null,1]}}"),
                     200);
    assert_int_equal(cluster_call(c, 1, "PATCH", conditions,
                                  "[{\"type\":\"Unheard\",\"status\":\"True\",\"reason\":null,"
                                  "\"since\":4}]"),
                     204);
    snprintf(body, sizeof(body),
             "{\"clusterUid\":\"%s\",\"joinToken\":\"%s\",\"systemId\":\"aaa111\","
             "\"hostname\":\"m1\",\"role\":null,\"kernel\":\"6\"}",
             c->uid, c->join_token);
    talk_ask(&c->s->m, &c->s->t, "POST", "/v1/x-gp/agent/register", NULL, body);
    assert_int_equal(c->s->t.rp.status, 200);
}

/* --- bounds ----------------------------------------------------------------------------------- */

static void a_cluster_has_a_hundred_machines_and_two_hundred_agents(void **state)
{
    struct cluster_site *c = *state;
    char id[16];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    cluster_item(c);
    assert_int_equal(claim(c, 1, 1), 200);
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        assert_int_equal(machine_post(c, 1, "cp", id), 201);
    }
    assert_int_equal(machine_post(c, 1, "cp", "m100"), 409);
    refused(c->s, 409, "LimitReached");
    assert_int_equal(machine_post(c, 1, "cp", "m99"), 201);
    for (int i = 0; i < 200; i++) {
        snprintf(id, sizeof(id), "m%d", i);
        assert_int_equal(hello(c, id, "join"), 200);
    }
    assert_int_equal(hello(c, "m200", "join"), 409);
    refused(c->s, 409, "LimitReached");
    assert_int_equal(hello(c, "m199", "join"), 200);
}

/* Palette keeps to 4 MiB itself: better no list than one that is cut. */
static void a_list_that_would_be_too_long_is_not_sent(void **state)
{
    struct cluster_site *c = *state;
    struct buf body SCOPED(buf_drop) = {0};
    char key[4096];
    int status = 200;

    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    buf_init(&body, KIB(64));
    for (int i = 0; i < 140 && status == 200; i++) {
        buf_clear(&body);
        buf_printf(&body,
                   "{\"metadata\":{\"name\":\"c%d\"},\"spec\":{\"cloudAccountUid\":\"%s\","
                   "\"cloudConfig\":{\"domain\":\"maas\",\"sshKeys\":[",
                   i, c->account_uid);
        for (int k = 0; k < 8; k++)
            buf_printf(&body, "%s\"%s\"", k ? "," : "", key);
        buf_text_add(&body, "]},\"machinepoolconfig\":[{\"cloudConfig\":{},\"poolConfig\":{"
                            "\"name\":\"cp\",\"size\":1,\"isControlPlane\":true}}]}}");
        assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas", buf_text(&body)), 201);
        status = i < 120 ? 200 : palette_feed(c->s);
    }
    refused(c->s, 503, "ListTooLong");
}

static void an_epoch_is_a_whole_number(void **state)
{
    struct cluster_site *c = *state;
    char headers[256], target[256];

    cluster_provisioning(c, 0);
    snprintf(headers, sizeof(headers), "Authorization: %s\nX-Gp-Epoch: one\n", c->s->token);
    snprintf(target, sizeof(target), "/v1/spectroclusters/%s/status/conditions", c->uid);
    talk_ask(&c->s->m, &c->s->t, "PATCH", target, headers, "[]");
    refused(c->s, 400, "InvalidRequest");
}

/* A second delete is no news, and force is for what is Deleting already, however old. */
static void deletes_are_repeated_and_not_skipped(void **state)
{
    struct cluster_site *c = *state;
    char target[256], force[300], before[32], after[32];

    cluster_provisioning(c, 0);
    palette_pass(c->s, SECONDS(899));
    snprintf(target, sizeof(target), "/v1/spectroclusters/%s", c->uid);
    snprintf(force, sizeof(force), "%s?forceDelete=true", target);
    palette_pass(c->s, HOURS(1));
    assert_int_equal(user(c->s, "DELETE", force, NULL), 409);
    refused(c->s, 409, "ForceDeleteTooEarly");
    assert_int_equal(credential(c->s, c->s->uid, NULL, SECRET), 200);
    talk_pick(&c->s->t, "token", c->s->token, sizeof(c->s->token));
    assert_int_equal(user(c->s, "DELETE", target, NULL), 204);
    cluster_item(c);
    item_pick(c, "revision", before, sizeof(before));
    assert_int_equal(user(c->s, "DELETE", target, NULL), 204);
    cluster_item(c);
    assert_text(item_pick(c, "revision", after, sizeof(after)), before);
}

/* --- GP-39 ------------------------------------------------------------------------------------ */

/* The gateway asks before it makes one, and learns that there is one. */
static void the_gateway_s_account_is_told_to_it(void **state)
{
    struct palette_site *s = *state;
    char uid[64], seen[64];

    palette_running(s);
    assert_int_equal(gateway(s, "GET", at(s, "/v1/overlords/%s"), NULL), 200);
    assert_text(talk_pick(&s->t, "spec.cloudAccountUid", seen, sizeof(seen)), "");
    assert_int_equal(
        gateway(s, "PUT", at(s, "/v1/overlords/maas/%s/account"), "{\"account\":" MAAS_ACCOUNT "}"),
        404);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"),
                             "{\"name\":\"acc1\",\"account\":" MAAS_ACCOUNT
                             ",\"shareWithProjects\":false}"),
                     201);
    talk_pick(&s->t, "uid", uid, sizeof(uid));
    assert_int_equal(gateway(s, "GET", at(s, "/v1/overlords/%s"), NULL), 200);
    assert_text(talk_pick(&s->t, "spec.cloudAccountUid", seen, sizeof(seen)), uid);
    assert_int_equal(
        gateway(s, "PUT", at(s, "/v1/overlords/maas/%s/account"), "{\"account\":" MAAS_ACCOUNT "}"),
        204);
    assert_int_equal(palette_feed(s), 200);
    assert_text(talk_pick(&s->t, "accounts.0.uid", seen, sizeof(seen)), uid);
    assert_text(talk_pick(&s->t, "accounts.0.revision", seen, sizeof(seen)), "2");
    assert_text(talk_pick(&s->t, "accounts.1.uid", seen, sizeof(seen)), "");
}

/* --- the system gateway ----------------------------------------------------------------------- */

static int enters(struct palette_site *s)
{
    char uid[64];

    assert_int_equal(user(s, "GET", "/v1/overlords", NULL), 200);
    talk_pick(&s->t, "items.0.metadata.uid", uid, sizeof(uid));
    text_copy(s->uid, sizeof(s->uid), uid);
    if (credential(s, s->uid, NULL, SYSTEM_SECRET) == 200)
        talk_pick(&s->t, "token", s->token, sizeof(s->token));
    return s->t.rp.status;
}

static void a_system_gateway_comes_without_a_code(void **state)
{
    struct palette_site *s = *state;
    char text[64];

    assert_int_equal(enters(s), 200);
    assert_text(talk_pick(&s->t, "isSystem", text, sizeof(text)), "true");
    assert_text(talk_pick(&s->t, "registered", text, sizeof(text)), "true");
    talk_pick(&s->t, "selfClusterUid", s->self_uid, sizeof(s->self_uid));
    credential(s, s->uid, NULL, SECRET);
    refused(s, 401, "CredentialUnknown");
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(palette_feed(s), 200);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_GATEWAY), EVF_STATE, "Running"));
}

static void it_neither_registers_nor_makes_accounts(void **state)
{
    struct palette_site *s = *state;

    assert_int_equal(enters(s), 200);
    gateway(s, "POST", at(s, "/v1/pcg/%s/register"), "{\"pairingCode\":\"X\"}");
    refused(s, 403, "Forbidden");
    gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"),
            "{\"name\":\"a\",\"account\":" MAAS_ACCOUNT "}");
    refused(s, 403, "Forbidden");
    assert_int_equal(breaches(s, "refused"), 2);
}

/* What cannot reach MAAS says so, and the user hears it at once; nothing is kept. */
static void a_maas_out_of_reach_is_told_to_the_user(void **state)
{
    struct palette_site *s = *state;
    struct talk t;
    char id[64], target[256], code[64];

    talk_init(&t);
    assert_int_equal(enters(s), 200);
    talk_pick(&s->t, "selfClusterUid", s->self_uid, sizeof(s->self_uid));
    palette_beat(s);
    palette_feed(s);
    talk_ask(&s->m, &t, "POST", at(s, "/v1/overlords/maas/%s/account/validate"),
             "ApiKey: " API_KEY "\n", "{\"account\":" MAAS_ACCOUNT "}");
    assert_true(t.parked);
    palette_feed(s);
    talk_pick(&s->t, "queries.0.id", id, sizeof(id));
    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/queries/%s", s->uid, id);
    assert_int_equal(gateway(s, "POST", target,
                             "{\"ok\":false,\"code\":\"MaasUnreachable\",\"message\":\"no way\"}"),
                     204);
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 400);
    assert_text(talk_pick(&t, "code", code, sizeof(code)), "MaasUnreachable");
    talk_drop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(what_the_profile_forbids_is_refused_and_said, CLAUSE(25), CLAUSE(54)),
        CLUSTER_TEST(ordinary_operation_is_no_breach, CLAUSE(88)),
        LENIENT_TEST(a_lenient_palette_lets_form_pass_and_says_so, CLAUSE(25)),
        LENIENT_TEST(a_lenient_palette_gives_nothing_away, CLAUSE(101)),
        SITE_TEST(every_name_of_timing_is_told, CLAUSE(34), CLAUSE(107)),
        CLUSTER_TEST(no_message_holds_an_absolute_time, CLAUSE(91)),
        CLUSTER_TEST(what_is_not_known_is_ignored_and_null_is_absent, CLAUSE(3)),
        CLUSTER_TEST(a_cluster_has_a_hundred_machines_and_two_hundred_agents, CLAUSE(28)),
        CLUSTER_TEST(a_list_that_would_be_too_long_is_not_sent, CLAUSE(28)),
        CLUSTER_TEST(an_epoch_is_a_whole_number, CLAUSE(25)),
        CLUSTER_TEST(deletes_are_repeated_and_not_skipped, CLAUSE(74), CLAUSE(88)),
        SITE_TEST(the_gateway_s_account_is_told_to_it, CLAUSE(39)),
        SYSTEM_TEST(a_system_gateway_comes_without_a_code, CLAUSE(109)),
        SYSTEM_TEST(it_neither_registers_nor_makes_accounts, CLAUSE(110)),
        SYSTEM_TEST(a_maas_out_of_reach_is_told_to_the_user, CLAUSE(112)),
    };

    return run_tests(tests);
}
