#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

static void state_is(struct cluster_site *c, const char *state)
{
    char path[128], seen[64];

    snprintf(path, sizeof(path), "/v1/spectroclusters/%s/status", c->uid);
    assert_int_equal(user(c->s, "GET", path, NULL), 200);
    assert_text(talk_pick(&c->s->t, "status.state", seen, sizeof(seen)), state);
}

static int user_of(struct cluster_site *c, const char *method, const char *fmt, const char *body)
{
    char target[256];
    const char *hole = strstr(fmt, "%s");

    snprintf(target, sizeof(target), "%.*s%s%s", (int)(hole - fmt), fmt,
             text_begins(fmt, "/v1/cloudconfigs") ? c->config_uid : c->uid, hole + 2);
    return user(c->s, method, target, body);
}

/* --- the whole life --------------------------------------------------------------------------- */

/* What every story is made of, in the order of the profile's worked example. */
static void a_cluster_lives_and_dies(void **state)
{
    struct cluster_site *c = *state;
    char text[128];

    cluster_provisioning(c, 1);
    state_is(c, "Provisioning");
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    cluster_item(c);
    assert_text(item_pick(c, "revision", text, sizeof(text)), "2");
    assert_text(item_pick(c, "registered", text, sizeof(text)), "true");
    assert_int_equal(handover(c, 1, 1, 2, BOTH), 200);
    assert_text(talk_pick(&c->s->t, "epoch", text, sizeof(text)), "2");
    assert_text(talk_pick(&c->s->t, "owner", text, sizeof(text)), "cluster");
    state_is(c, "Running");
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));

    assert_int_equal(assignment(c), 200);
    assert_text(talk_pick(&c->s->t, "owner", text, sizeof(text)), "cluster");
    assert_text(talk_pick(&c->s->t, "account.apiKey", text, sizeof(text)), MAAS_KEY);

    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    state_is(c, "Deleting");
    assert_int_equal(assignment(c), 200);
    assert_text(talk_pick(&c->s->t, "quiesce", text, sizeof(text)), "true");
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", "{}"), 204);

    cluster_item(c);
    assert_text(item_pick(c, "epoch", text, sizeof(text)), "3");
    assert_text(item_pick(c, "desired", text, sizeof(text)), "absent");
    assert_text(item_pick(c, "joinToken", text, sizeof(text)), "");
    assert_text(item_pick(c, "agentQuiesced", text, sizeof(text)), "true");
    assert_non_null(strstr(talk_body(&c->s->t), "\"systemId\":\"aaa111\",\"pool\":\"cp\""));
    assert_int_equal(claim(c, 3, 1), 200);
    assert_text(talk_pick(&c->s->t, "claim", text, sizeof(text)), "2");
    assert_int_equal(released(c, 3, 2, BOTH_DONE), 200);
    state_is(c, "Deleted");
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));
}

/* --- the feed's item -------------------------------------------------------------------------- */

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

static void a_new_cluster_is_listed_whole(void **state)
{
    struct cluster_site *c = *state;
    char host[128];

    assert_int_equal(cluster_create(c, "c1", 1), 201);
    cluster_item(c);
    snprintf(host, sizeof(host), "c1-%s.maas", c->uid + strlen(c->uid) - 6);
    assert_text(item(c, "uid"), c->uid);
    assert_text(item(c, "name"), "c1");
    assert_text(item(c, "projectUid"), "");
    assert_text(item(c, "configUid"), c->config_uid);
    assert_text(item(c, "accountUid"), c->account_uid);
    assert_text(item(c, "epoch"), "1");
    assert_text(item(c, "revision"), "1");
    assert_text(item(c, "owner"), "gateway");
    assert_text(item(c, "desired"), "present");
    assert_text(item(c, "forced"), "false");
    assert_text(item(c, "image"), "custom/u-2204-k8s-1.30");
    assert_text(item(c, "host"), host);
    assert_text(item(c, "managed"), "true");
    assert_text(item(c, "podCidr"), "192.168.0.0/16");
    assert_text(item(c, "domain"), "maas");
    assert_text(item(c, "minMemInMB"), "8192");
    assert_text(item(c, "url"), "https://palette.example");
    assert_text(item(c, "registered"), "false");
    assert_true(strlen(c->marker) >= 8 && strstr(c->marker, c->uid));
    assert_true(text_begins(c->join_token, "jt-") && strlen(c->join_token) > 40);
    assert_non_null(
        strstr(talk_body(&c->s->t), "\"isControlPlane\":true,\"labels\":[\"control-plane\"]"));
    assert_non_null(strstr(talk_body(&c->s->t), "\"machines\":[]"));
    assert_null(strstr(talk_body(&c->s->t), "agentQuiesced"));
}

/* A claim is no change: the gateway would be woken by its own doing. */
static void the_list_changes_with_the_item_only(void **state)
{
    struct cluster_site *c = *state;
    char target[256], headers[256];
    const struct event *e;

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    cluster_item(c);
    e = mock_last(&c->s->m, EV_PAL_WORK);
    assert_text(ev_text(e, EVF_KIND), "create");
    assert_int_equal(ev_int(e, EVF_COUNT), 1);
    assert_int_equal(claim(c, 1, 1), 200);
    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/feed?waitSeconds=0&cursor=%s", c->s->uid,
             c->s->cursor);
    snprintf(headers, sizeof(headers), "Authorization: %s\n", c->s->token);
    talk_ask(&c->s->m, &c->s->t, "GET", target, headers, NULL);
    assert_int_equal(c->s->t.rp.status, 204);
    assert_int_equal(user_of(c, "PUT", "/v1/cloudconfigs/maas/%s/machinePools/cp",
                             "{\"poolConfig\":{\"name\":\"cp\",\"size\":3}}"),
                     204);
    talk_ask(&c->s->m, &c->s->t, "GET", target, headers, NULL);
    assert_int_equal(c->s->t.rp.status, 200);
    assert_text(item(c, "revision"), "2");
    assert_text(item(c, "size"), "3");
    assert_int_equal(mock_count(&c->s->m, EV_PAL_WORK, EVF_CLUSTER, "c1"), 2);
}

static void a_deleted_create_stays_in_its_epoch(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    cluster_item(c);
    assert_text(item(c, "epoch"), "1");
    assert_text(item(c, "revision"), "3");
    assert_text(item(c, "desired"), "absent");
    assert_text(c->join_token, "");
    assert_non_null(strstr(talk_body(&c->s->t), "\"systemId\":\"aaa111\",\"pool\":\"cp\""));
    assert_null(strstr(talk_body(&c->s->t), "agentQuiesced"));
    /* the claim of this epoch is still good, and Palette refuses the agent from now on */
    assert_int_equal(beat(c), 401);
    refused(c->s, 401, "CredentialRevoked");
    assert_int_equal(released(c, 1, 1, "{\"systemId\":\"aaa111\",\"outcome\":\"absent\"}"), 200);
    state_is(c, "Deleted");
}

/* --- the user's operations -------------------------------------------------------------------- */

static void creates_are_refused_in_words(void **state)
{
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"{}", "InvalidRequest"},
        {"{\"metadata\":{\"name\":\"C 1\"},\"spec\":{\"cloudAccountUid\":\"x\",\"cloudConfig\":"
         "{\"domain\":\"maas\"},\"machinepoolconfig\":[]}}",
         "InvalidRequest"},
        {"{\"metadata\":{\"name\":\"c1\"},\"spec\":{\"cloudAccountUid\":\"x\",\"cloudConfig\":"
         "{\"domain\":\"maas\"},\"machinepoolconfig\":[{\"poolConfig\":{\"name\":\"w\",\"size\":1}}]}}",
         "InvalidRequest"},
        {"{\"metadata\":{\"name\":\"c1\"},\"spec\":{\"cloudAccountUid\":\"x\",\"cloudConfig\":"
         "{\"domain\":\"maas\"},\"machinepoolconfig\":[{\"poolConfig\":{\"name\":\"cp\",\"size\":1,"
         "\"isControlPlane\":true}}]}}",
         "InvalidRequest"},
        {"{\"metadata\":{\"name\":\"c1\"},\"spec\":{\"cloudAccountUid\":\"x\",\"cloudConfig\":"
         "{\"domain\":\"\"},\"machinepoolconfig\":[{\"poolConfig\":{\"name\":\"cp\",\"size\":101,"
         "\"isControlPlane\":true}}]}}",
         "InvalidRequest"},
    };
    struct cluster_site *c = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas", rows[i].body), 400);
        refused(c->s, 400, rows[i].code);
    }
    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(cluster_create(c, "c1", 0), 409);
    refused(c->s, 409, "ClusterNameInUse");
    assert_int_equal(mock_count(&c->s->m, EV_PAL_CLUSTER, EVF_CLUSTER, "c1"), 1);
}

static void a_cluster_reads_like_the_public_model(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    assert_int_equal(user_of(c, "GET", "/v1/spectroclusters/%s", NULL), 200);
    assert_text(value(c, "metadata.name"), "c1");
    assert_text(value(c, "metadata.labels.tier"), "tin");
    assert_text(value(c, "metadata.annotations.overlordUid"), c->s->uid);
    assert_text(value(c, "spec.cloudType"), "maas");
    assert_text(value(c, "status.state"), "Running");
    assert_int_equal(user_of(c, "GET", "/v1/cloudconfigs/maas/%s", NULL), 200);
    assert_text(value(c, "spec.cloudAccountRef.uid"), c->account_uid);
    assert_text(value(c, "spec.clusterConfig.domain"), "maas");
    assert_non_null(
        strstr(talk_body(&c->s->t), "\"machinePoolConfig\":[{\"name\":\"cp\",\"size\":1"));
    assert_int_equal(user_of(c, "GET", "/v1/cloudconfigs/maas/%s/machinePools/cp/machines", NULL),
                     200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"privateIPs\":[\"10.10.0.101\"]"));
    assert_int_equal(user(c->s, "GET", "/v1/spectroclusters/nobody", NULL), 404);
    refused(c->s, 404, "ResourceNotFound");
    assert_int_equal(user(c->s, "GET", "/v1/cloudconfigs/maas/nobody", NULL), 404);
}

static void pools_are_made_changed_and_taken_away(void **state)
{
    struct cluster_site *c = *state;
    static const char *const pools = "/v1/cloudconfigs/maas/%s/machinePools";
    static const char *const workers = "/v1/cloudconfigs/maas/%s/machinePools/workers";

    cluster_running(c, 0);
    assert_int_equal(
        user_of(c, "POST", pools, "{\"poolConfig\":{\"name\":\"workers\",\"size\":2,\"x\":1}}"),
        201);
    assert_true(value(c, "uid")[0]);
    assert_int_equal(
        user_of(c, "POST", pools, "{\"poolConfig\":{\"name\":\"workers\",\"size\":2}}"), 409);
    refused(c->s, 409, "MachinePoolExists");
    assert_int_equal(user_of(c, "PUT", workers, "{\"poolConfig\":{\"size\":4,\"name\":null}}"),
                     204);
    assert_int_equal(assignment(c), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"name\":\"workers\",\"size\":4"));
    assert_int_equal(user_of(c, "PUT", workers, "{\"poolConfig\":{\"size\":100}}"), 400);
    assert_int_equal(user_of(c, "PUT", "/v1/cloudconfigs/maas/%s/machinePools/nobody",
                             "{\"poolConfig\":{\"size\":1}}"),
                     404);
    assert_int_equal(user_of(c, "PUT", "/v1/cloudconfigs/maas/%s/machinePools/cp",
                             "{\"poolConfig\":{\"size\":0}}"),
                     400);
    assert_int_equal(user_of(c, "DELETE", "/v1/cloudconfigs/maas/%s/machinePools/cp", NULL), 400);
    assert_int_equal(user_of(c, "DELETE", workers, NULL), 204);
    assert_int_equal(user_of(c, "DELETE", workers, NULL), 404);
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    assert_int_equal(user_of(c, "POST", pools, "{\"poolConfig\":{\"name\":\"more\",\"size\":2}}"),
                     409);
    refused(c->s, 409, "Deleting");
}

static void labels_are_put_and_reported_by_the_agent(void **state)
{
    struct cluster_site *c = *state;
    const struct event *e;

    cluster_running(c, 0);
    assert_int_equal(user_of(c, "PATCH", "/v1/spectroclusters/%s/metadata",
                             "{\"metadata\":{\"labels\":{\"zone\":\"a\"}}}"),
                     204);
    assert_int_equal(user_of(c, "GET", "/v1/spectroclusters/%s", NULL), 200);
    assert_text(value(c, "metadata.labels.tier"), "tin");
    assert_text(value(c, "metadata.labels.zone"), "a");
    assert_int_equal(user_of(c, "PUT", "/v1/spectroclusters/%s/metadata",
                             "{\"metadata\":{\"labels\":{\"tier\":\"gold\"}}}"),
                     204);
    assert_int_equal(user_of(c, "PUT", "/v1/spectroclusters/%s/metadata",
                             "{\"metadata\":{\"labels\":{\"tier\":[]}}}"),
                     400);
    assert_int_equal(assignment(c), 200);
    assert_text(value(c, "labels.tier"), "gold");
    assert_int_equal(agent(c, "PATCH", "/v1/spectroclusters/%s/status/conditions",
                           "[{\"type\":\"LabelsApplied\",\"status\":\"True\",\"reason\":\"\","
                           "\"message\":\"{\\\"tier\\\":\\\"gold\\\"}\"}]"),
                     204);
    e = mock_last(&c->s->m, EV_PAL_REPORT);
    assert_text(ev_text(e, EVF_LABEL), "tier=gold");
    assert_text(ev_text(e, EVF_WHO), "agent");
}

static void force_waits_and_the_item_stays(void **state)
{
    struct cluster_site *c = *state;
    static const char *const force = "/v1/spectroclusters/%s?forceDelete=true";

    cluster_provisioning(c, 0);
    assert_int_equal(user_of(c, "DELETE", force, NULL), 409);
    refused(c->s, 409, "ForceDeleteTooEarly");
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    palette_pass(c->s, SECONDS(899));
    assert_int_equal(user_of(c, "DELETE", force, NULL), 409);
    palette_pass(c->s, SECONDS(1));
    assert_int_equal(user_of(c, "DELETE", force, NULL), 204);
    assert_int_equal(user_of(c, "GET", "/v1/spectroclusters/%s", NULL), 404);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_CLUSTER), EVF_STATE), "Deleted");
    assert_int_equal(credential(c->s, c->s->uid, NULL, SECRET), 200);
    talk_pick(&c->s->t, "token", c->s->token, sizeof(c->s->token));
    cluster_item(c);
    assert_text(item(c, "forced"), "true");
    /* a gateway that comes back claims it, and finishes the job */
    assert_int_equal(claim(c, 1, 2), 200);
    assert_int_equal(released(c, 1, 2, "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"}"), 200);
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));
}

static void a_forced_item_is_forgotten_in_the_end(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    palette_pass(c->s, SECONDS(900));
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s?forceDelete=true", NULL), 204);
    palette_pass(c->s, HOURS(72));
    assert_int_equal(credential(c->s, c->s->uid, NULL, SECRET), 200);
    talk_pick(&c->s->t, "token", c->s->token, sizeof(c->s->token));
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));
    assert_int_equal(claim(c, 1, 2), 404);
}

/* --- claim, hand-over, released --------------------------------------------------------------- */

static void every_call_names_the_epoch(void **state)
{
    struct cluster_site *c = *state;
    static const char *const path = "/v1/x-gp/clusters/%s/claim";

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(cluster_call(c, 0, "PUT", path, "{\"epoch\":1,\"revision\":1}"), 400);
    refused(c->s, 400, "EpochMissing");
    assert_int_equal(cluster_call(c, 2, "PUT", path, "{\"epoch\":1,\"revision\":1}"), 400);
    refused(c->s, 400, "InvalidRequest");
    assert_int_equal(cluster_call(c, 1, "PUT", path, "{\"epoch\":1}"), 400);
    assert_int_equal(claim(c, 2, 1), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(claim(c, 1, 1), 200);
    assert_int_equal(cluster_call(c, 0, "PUT", "/v1/spectroclusters/%s/status/endpoints", "[]"),
                     400);
    refused(c->s, 400, "EpochMissing");
    assert_int_equal(cluster_call(c, 3, "PUT", "/v1/spectroclusters/%s/status/endpoints", "[]"),
                     409);
    refused(c->s, 409, "StaleEpoch");
}

static void each_claim_has_a_higher_number(void **state)
{
    struct cluster_site *c = *state;

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(machine_post(c, 1, "cp", "aaa111"), 409);
    refused(c->s, 409, "NotClaimed");
    assert_int_equal(claim(c, 1, 1), 200);
    assert_text(value(c, "claim"), "1");
    assert_text(value(c, "owner"), "gateway");
    assert_int_equal(claim(c, 1, 1), 200);
    assert_text(value(c, "claim"), "2");
    assert_int_equal(mock_count(&c->s->m, EV_PAL_CLUSTER, EVF_STATE, "Provisioning"), 1);
}

/* GP-63, GP-65: each refusal by its code, in the order in which they are looked for. */
static void an_offer_is_judged(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 1);
    assert_int_equal(handover(c, 1, 1, 1, BOTH), 409);
    refused(c->s, 409, "AgentNotRegistered");
    assert_int_equal(hello(c, "bbb222", "join"), 200);
    assert_int_equal(handover(c, 1, 1, 1, BOTH), 409);
    refused(c->s, 409, "AgentNotRegistered");
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(handover(c, 1, 1, 1, BOTH), 409);
    refused(c->s, 409, "StaleRevision");
    assert_int_equal(handover(c, 1, 2, 2, BOTH), 409);
    refused(c->s, 409, "StaleClaim");
    assert_int_equal(handover(c, 1, 1, 2, "\"aaa111\""), 409);
    refused(c->s, 409, "InventoryIncomplete");
    assert_int_equal(handover(c, 1, 1, 2, "\"aaa111\",\"aaa111\""), 409);
    refused(c->s, 409, "InventoryIncomplete");
    assert_int_equal(handover(c, 1, 1, 2, BOTH ",\"ccc333\""), 409);
    refused(c->s, 409, "InventoryIncomplete");
    assert_int_equal(handover(c, 2, 1, 2, BOTH), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    assert_int_equal(handover(c, 1, 1, 3, BOTH), 409);
    refused(c->s, 409, "Deleting");
    assert_int_equal(mock_count(&c->s->m, EV_PAL_OWNER, EVF_OWNER, "cluster"), 0);
}

static void the_same_offer_gets_the_same_answer(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 1);
    assert_int_equal(handover(c, 1, 1, 2, "\"bbb222\",\"aaa111\""), 200);
    assert_text(value(c, "epoch"), "2");
    assert_int_equal(handover(c, 1, 1, 2, "\"aaa111\""), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(claim(c, 1, 2), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(claim(c, 2, 1), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(mock_count(&c->s->m, EV_PAL_OWNER, EVF_OWNER, "cluster"), 1);
    /* GP-66: what it says of the cluster now is refused */
    assert_int_equal(machine_post(c, 1, "cp", "aaa111"), 409);
    assert_int_equal(machine_post(c, 2, "cp", "aaa111"), 403);
    refused(c->s, 403, "Forbidden");
}

static void a_release_is_judged(void **state)
{
    struct cluster_site *c = *state;

    cluster_reclaim(c, 1);
    assert_int_equal(released(c, 2, 1, BOTH_DONE), 409);
    refused(c->s, 409, "StaleEpoch");
    assert_int_equal(agent(c, "PUT", "/v1/x-gp/agent/%s/quiesced", NULL), 204);
    assert_int_equal(released(c, 3, 1, BOTH_DONE), 409);
    refused(c->s, 409, "StaleClaim");
    assert_int_equal(claim(c, 3, 1), 200);
    assert_int_equal(released(c, 3, 2, "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"}"), 409);
    refused(c->s, 409, "InventoryIncomplete");
    assert_int_equal(released(c, 3, 2, "{\"systemId\":\"aaa111\",\"outcome\":\"gone\"}"), 400);
    assert_int_equal(released(c, 3, 2, BOTH_DONE), 200);
    assert_int_equal(released(c, 3, 2, BOTH_DONE), 200);
    assert_int_equal(claim(c, 3, 1), 404);
    assert_int_equal(user_of(c, "DELETE", "/v1/spectroclusters/%s", NULL), 404);
}

static void nobody_gives_back_what_is_wanted(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(released(c, 1, 1, "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"}"), 409);
    refused(c->s, 409, "NotDeleting");
}

/* LIF-5: the gateway that acts is the one the cluster's account is bound to. */
static void another_gateway_is_refused(void **state)
{
    struct cluster_site *c = *state;
    char mine[128];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    text_copy(mine, sizeof(mine), c->s->token);
    palette_enrol(c->s);
    assert_int_equal(claim(c, 1, 1), 403);
    refused(c->s, 403, "Forbidden");
    assert_int_equal(palette_feed(c->s), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"clusters\":[]"));
    text_copy(c->s->token, sizeof(c->s->token), mine);
    assert_int_equal(claim(c, 1, 1), 200);
    assert_int_equal(user_of(c, "PUT", "/v1/x-gp/clusters/%s/claim", "{}"), 403);
    assert_int_equal(gateway(c->s, "POST", "/v1/spectroclusters/maas", "{}"), 403);
}

/* --- reports ---------------------------------------------------------------------------------- */

static void reports_are_taken_from_the_owner(void **state)
{
    struct cluster_site *c = *state;
    char event[256];
    static const char *const conditions = "/v1/spectroclusters/%s/status/conditions";

    cluster_provisioning(c, 0);
    assert_int_equal(
        cluster_call(c, 1, "PATCH", conditions,
                     "[{\"type\":\"MachinesAllocated\",\"status\":\"False\",\"reason\":"
                     "\"NoMachineAvailable\",\"message\":\"zone default\"}]"),
        204);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_REPORT), EVF_WHY), "NoMachineAvailable");
    assert_int_equal(cluster_call(c, 1, "PATCH", conditions,
                                  "[{\"type\":\"MachinesAllocated\",\"status\":\"True\"}]"),
                     204);
    assert_int_equal(
        cluster_call(c, 1, "PATCH", conditions, "[{\"type\":\"X\",\"status\":\"No\"}]"), 400);
    assert_int_equal(cluster_call(c, 1, "PATCH", conditions, "{}"), 400);
    assert_int_equal(cluster_call(c, 1, "PUT", "/v1/spectroclusters/%s/status/endpoints",
                                  "[{\"host\":\"c1.maas\",\"port\":6443}]"),
                     204);
    assert_int_equal(user_of(c, "GET", "/v1/spectroclusters/%s", NULL), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "\"conditions\":[{\"type\":\"MachinesAllocated\","
                                                "\"status\":\"True\""));
    assert_non_null(
        strstr(talk_body(&c->s->t), "\"apiEndpoints\":[{\"host\":\"c1.maas\",\"port\":6443}]"));
    snprintf(event, sizeof(event),
             "{\"relatedObject\":{\"kind\":\"spectrocluster\",\"uid\":\"%s\"},\"reason\":\"Slow\","
             "\"message\":\"\",\"source\":{\"component\":\"gateway\"}}",
             c->uid);
    assert_int_equal(cluster_call(c, 1, "POST", "/v1/events/components", event), 201);
    assert_int_equal(
        cluster_call(c, 1, "POST", "/v1/events/components",
                     "{\"relatedObject\":{\"kind\":\"spectrocluster\",\"uid\":\"x\"}}"),
        404);
}

static void a_machine_has_one_record(void **state)
{
    struct cluster_site *c = *state;
    char uid[64], path[128];

    cluster_provisioning(c, 0);
    talk_pick(&c->s->t, "uid", uid, sizeof(uid));
    assert_int_equal(machine_post(c, 1, "cp", "aaa111"), 201);
    assert_text(value(c, "uid"), uid);
    assert_int_equal(machine_post(c, 1, "nobody", "aaa111"), 404);
    assert_int_equal(machine_post(c, 1, "cp", "AAA 1"), 400);
    snprintf(path, sizeof(path), "/machinePools/cp/machines/%s", uid);
    assert_int_equal(
        config_call(c, 1, "PUT", path, "{\"status\":{\"instanceState\":\"Provisioned\"}}"), 204);
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_NODE), EVF_STATE), "Provisioned");
    assert_text(ev_text(mock_last(&c->s->m, EV_PAL_NODE), EVF_MACHINE), "aaa111");
    assert_int_equal(config_call(c, 1, "PUT", path, "{\"status\":{\"instanceState\":\"Well\"}}"),
                     400);
    assert_int_equal(config_call(c, 1, "DELETE", path, NULL), 204);
    assert_int_equal(config_call(c, 1, "DELETE", path, NULL), 404);
    assert_int_equal(mock_count(&c->s->m, EV_PAL_NODE, EVF_KIND, "made"), 1);
    assert_int_equal(mock_count(&c->s->m, EV_PAL_NODE, EVF_KIND, "deleted"), 1);
}

/* GP-103: what a gateway lets slip comes back to nobody. */
static void secrets_come_back_in_no_read(void **state)
{
    struct cluster_site *c = *state;
    char body[512], token[128];

    cluster_provisioning(c, 0);
    text_copy(token, sizeof(token), c->join_token);
    snprintf(body, sizeof(body),
             "[{\"type\":\"X\",\"status\":\"False\",\"reason\":\"Y\",\"message\":\"%s %s\"}]",
             token, MAAS_SECRET);
    buf_clear(&c->s->m.said); /* the feed may say it */
    assert_int_equal(cluster_call(c, 1, "PATCH", "/v1/spectroclusters/%s/status/conditions", body),
                     204);
    assert_int_equal(user_of(c, "GET", "/v1/spectroclusters/%s", NULL), 200);
    assert_non_null(strstr(talk_body(&c->s->t), "*** ***"));
    assert_int_equal(user_of(c, "GET", "/v1/cloudconfigs/maas/%s", NULL), 200);
    assert_int_equal(user_of(c, "GET", "/v1/cloudconfigs/maas/%s/machinePools/cp/machines", NULL),
                     200);
    assert_int_equal(user_of(c, "GET", "/v1/dashboard/spectroclusters/%s/overview", NULL), 200);
    assert_false(mock_leaks(&c->s->m, token));
    assert_false(mock_leaks(&c->s->m, MAAS_SECRET));
    assert_int_equal(mock_count(&c->s->m, EV_SECRET_HIT, EVF_NAME, "join-token"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(a_cluster_lives_and_dies, CLAUSE(53), CLAUSE(63), CLAUSE(69)),
        CLUSTER_TEST(a_new_cluster_is_listed_whole, CLAUSE(40), CLAUSE(62)),
        CLUSTER_TEST(the_list_changes_with_the_item_only, CLAUSE(41), CLAUSE(44)),
        CLUSTER_TEST(a_deleted_create_stays_in_its_epoch, CLAUSE(73)),
        CLUSTER_TEST(creates_are_refused_in_words),
        CLUSTER_TEST(a_cluster_reads_like_the_public_model),
        CLUSTER_TEST(pools_are_made_changed_and_taken_away, CLAUSE(60)),
        CLUSTER_TEST(labels_are_put_and_reported_by_the_agent),
        CLUSTER_TEST(force_waits_and_the_item_stays, CLAUSE(74)),
        CLUSTER_TEST(a_forced_item_is_forgotten_in_the_end, CLAUSE(74)),
        CLUSTER_TEST(every_call_names_the_epoch, CLAUSE(25)),
        CLUSTER_TEST(each_claim_has_a_higher_number, CLAUSE(54)),
        CLUSTER_TEST(an_offer_is_judged, CLAUSE(63), CLAUSE(65)),
        CLUSTER_TEST(the_same_offer_gets_the_same_answer, CLAUSE(63), CLAUSE(88)),
        CLUSTER_TEST(a_release_is_judged, CLAUSE(71)),
        CLUSTER_TEST(nobody_gives_back_what_is_wanted, CLAUSE(53)),
        CLUSTER_TEST(another_gateway_is_refused, CLAUSE(46), CLAUSE(101)),
        CLUSTER_TEST(reports_are_taken_from_the_owner, CLAUSE(76)),
        CLUSTER_TEST(a_machine_has_one_record, CLAUSE(76), CLAUSE(88)),
        CLUSTER_TEST(secrets_come_back_in_no_read, CLAUSE(103)),
    };

    return run_tests(tests);
}
