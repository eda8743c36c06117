/* Clusters as users see them besides making and deleting them: found, checked, priced. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/palette.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *pick(struct cluster_site *c, const char *path)
{
    static char text[1024];

    return talk_pick(&c->s->t, path, text, sizeof(text));
}

static int ask(struct cluster_site *c, const char *method, const char *fmt, const char *body)
{
    char target[256];

    snprintf(target, sizeof(target), "%.*s%s%s", (int)(strstr(fmt, "%s") - fmt), fmt, c->uid,
             strstr(fmt, "%s") + 2);
    return user(c->s, method, target, body);
}

static int config(struct cluster_site *c, const char *method, const char *path, const char *body)
{
    char target[256];

    snprintf(target, sizeof(target), "/v1/cloudconfigs/maas/%s%s", c->config_uid, path);
    return user(c->s, method, target, body);
}

/* --- searching -------------------------------------------------------------------------------- */

#define STRING(property, op, negation, values)                                                     \
    "{\"property\":\"" property                                                                    \
    "\",\"type\":\"string\",\"condition\":{\"string\":{\"operator\":\"" op                         \
    "\",\"negation\":" negation ",\"ignoreCase\":true,\"match\":{\"conjunction\":\"or\","          \
    "\"values\":[" values "]}}}}"
#define DELETED(value)                                                                             \
    "{\"property\":\"isDeleted\",\"type\":\"bool\",\"condition\":{\"bool\":{\"value\":" value "}}}"
#define TAG(key, value)                                                                            \
    "{\"property\":\"tags\",\"type\":\"keyValue\",\"condition\":{\"keyValue\":{\"key\":\"" key     \
    "\",\"operator\":\"eq\",\"match\":{\"conjunction\":\"and\",\"values\":[\"" value "\"]}}}}"

static int search(struct cluster_site *c, const char *conjunction, const char *filters,
                  const char *sort)
{
    char body[2048];

    snprintf(body, sizeof(body),
             "{\"filter\":{\"conjunction\":\"and\",\"filterGroups\":[{\"conjunction\":\"%s\","
             "\"filters\":[%s]}]},\"sort\":%s}",
             conjunction, filters, sort);
    return user(c->s, "POST", "/v1/dashboard/spectroclusters/search", body);
}

/* The search with which clients find a cluster by its name. */
static void a_cluster_is_found_by_name_as_clients_do(void **state)
{
    struct cluster_site *c = *state;

    cluster_create(c, "other", 0);
    cluster_create(c, "c1", 0);
    assert_int_equal(search(c, "and",
                            STRING("environment", "eq", "true", "\"nested\"") "," DELETED(
                                "false") "," STRING("clusterName", "eq", "false", "\"c1\""),
                            "[]"),
                     200);
    assert_text(pick(c, "listmeta.count"), "1");
    assert_text(pick(c, "items.0.metadata.uid"), c->uid);
    assert_text(pick(c, "items.0.metadata.annotations.scope"), "tenant");
    assert_text(pick(c, "items.0.status.state"), "Pending");
    assert_int_equal(user(c->s, "POST", "/v1/dashboard/spectroclusters/search", "{}"), 200);
    assert_text(pick(c, "listmeta.count"), "2");
}

static void searches_join_turn_around_and_sort(void **state)
{
    static const struct {
        const char *conjunction, *filters, *count, *first;
    } rows[] = {
        {"and", STRING("clusterName", "beginsWith", "false", "\"A\""), "2", "ab"},
        {"and", STRING("clusterName", "contains", "false", "\"b\""), "3", "b"},
        {"and", STRING("clusterName", "contains", "true", "\"b\""), "1", "ac"},
        {"or",
         STRING("clusterName", "eq", "false", "\"b\"") "," STRING("clusterName", "eq", "false",
                                                                  "\"ac\""),
         "2", "b"},
        {"and",
         STRING("clusterName", "eq", "false", "\"b\"") "," STRING("clusterName", "eq", "false",
                                                                  "\"ac\""),
         "0", ""},
        {"and", TAG("tier", "tin"), "4", "zb"},
        {"and", TAG("tier", "gold"), "0", ""},
        {"and", DELETED("true"), "0", ""},
    };
    struct cluster_site *c = *state;

    cluster_create(c, "ab", 0);
    cluster_create(c, "zb", 0);
    cluster_create(c, "ac", 0);
    cluster_create(c, "b", 0);
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        assert_int_equal(search(c, rows[i].conjunction, rows[i].filters,
                                i < 2 ? "[{\"field\":\"clusterName\",\"order\":\"asc\"}]"
                                      : "[{\"field\":\"clusterName\",\"order\":\"desc\"}]"),
                         200);
        assert_text(pick(c, "listmeta.count"), rows[i].count);
        if (i != 1)
            assert_text(pick(c, "items.0.metadata.name"), rows[i].first);
    }
    search(c, "and", STRING("nosuch", "eq", "false", "\"b\""), "[]");
    refused(c->s, 400, "InvalidRequest");
    search(c, "and", DELETED("false"), "[{\"field\":\"nosuch\",\"order\":\"asc\"}]");
    refused(c->s, 400, "InvalidRequest");
    user(c->s, "GET", "/v1/dashboard/spectroclusters/search/schema", NULL);
    assert_text(pick(c, "schema.properties.0.name"), "clusterName");
}

/* A deleted one is not among the others, and is found by whoever asks for it. */
static void what_is_gone_is_found_only_when_it_is_asked_for(void **state)
{
    struct cluster_site *c = *state;

    cluster_provisioning(c, 0);
    assert_int_equal(ask(c, "DELETE", "/v1/spectroclusters/%s", NULL), 204);
    assert_int_equal(released(c, 1, 1, "{\"systemId\":\"aaa111\",\"outcome\":\"ready\"}"), 200);
    user(c->s, "POST", "/v1/dashboard/spectroclusters/search", "{}");
    assert_text(pick(c, "listmeta.count"), "0");
    search(c, "and", DELETED("true"), "[]");
    assert_text(pick(c, "items.0.status.state"), "Deleted");
}

/* --- before a create -------------------------------------------------------------------------- */

#define POOL(name, size, cp)                                                                       \
    "{\"cloudConfig\":{\"resourcePool\":\"default\",\"instanceType\":{\"minCPU\":4}},"             \
    "\"poolConfig\":{\"name\":\"" name "\",\"size\":" size ",\"isControlPlane\":" cp               \
    ",\"labels\":[]}}"
#define ENTITY(profiles, pools)                                                                    \
    "{\"metadata\":{\"name\":\"c9\"},\"spec\":{\"cloudAccountUid\":\"%s\",\"cloudConfig\":{"       \
    "\"domain\":\"maas\"},\"profiles\":[" profiles "],\"machinepoolconfig\":[" pools "]}}"

static void a_request_is_checked_and_nothing_is_made(void **state)
{
    struct cluster_site *c = *state;
    char body[2048];

    snprintf(body, sizeof(body), ENTITY("", POOL("cp", "1", "true") "," POOL("w", "2", "false")),
             c->account_uid);
    assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas/validate", body), 200);
    assert_text(pick(c, "machinePools.results.1.name"), "w");
    assert_null(strstr(talk_body(&c->s->t), "\"code\""));
    snprintf(body, sizeof(body), ENTITY("", POOL("cp", "1", "true") "," POOL("cp", "2", "false")),
             c->account_uid);
    assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas/validate", body), 200);
    assert_text(pick(c, "machinePools.results.0.errors.0.code"), "");
    assert_text(pick(c, "machinePools.results.1.errors.0.code"), "InvalidMachinePool");
    user(c->s, "POST", "/v1/dashboard/spectroclusters/search", "{}");
    assert_text(pick(c, "listmeta.count"), "0");
}

static void a_cluster_of_ones_own_machines_is_rated_at_nothing(void **state)
{
    struct cluster_site *c = *state;

    assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas/rate?periodType=hourly",
                          "{\"cloudConfig\":{\"domain\":\"maas\"},\"machinepoolconfig\":[" POOL(
                              "cp", "3", "true") "]}"),
                     200);
    assert_text(pick(c, "machinePools.0.nodesCount"), "3");
    assert_text(pick(c, "rate.total"), "0");
    user(c->s, "POST", "/v1/spectroclusters/maas/rate?periodType=daily",
         "{\"machinepoolconfig\":[" POOL("cp", "3", "true") "]}");
    refused(c->s, 400, "InvalidRequest");
}

/* --- what is refused -------------------------------------------------------------------------- */

static void a_cluster_needs_a_name_and_a_domain_fit_for_dns(void **state)
{
    static const char *const odd[][2] = {
        {"", "maas"}, {"Upper", "maas"}, {"-c", "maas"}, {"c-", "maas"}, {"c1", ""}};
    struct cluster_site *c = *state;
    char body[2048];

    for (size_t i = 0; i < COUNTOF(odd); i++) {
        snprintf(body, sizeof(body),
                 "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"cloudAccountUid\":\"%s\","
                 "\"cloudConfig\":{\"domain\":\"%s\"},\"machinepoolconfig\":[" POOL("cp", "1",
                                                                                    "true") "]}}",
                 odd[i][0], c->account_uid, odd[i][1]);
        user(c->s, "POST", "/v1/spectroclusters/maas", body);
        refused(c->s, 400, "InvalidRequest");
    }
}

static void a_query_that_is_torn_is_refused(void **state)
{
    struct cluster_site *c = *state;

    cluster_create(c, "c1", 0);
    ask(c, "DELETE", "/v1/spectroclusters/%s?forceDelete=%zz", NULL);
    refused(c->s, 400, "InvalidRequest");
    ask(c, "GET", "/v1/spectroclusters/%s/status", NULL);
    assert_text(pick(c, "status.state"), "Pending");
}

static void a_cluster_has_so_many_pools_and_no_more(void **state)
{
    struct cluster_site *c = *state;
    char body[256];
    int n = 1;

    cluster_create(c, "c1", 0);
    do {
        snprintf(body, sizeof(body), "{\"poolConfig\":{\"name\":\"w%d\",\"size\":0,\"labels\":[]}}",
                 n++);
        config(c, "POST", "/machinePools", body);
        assert_true(n < 100);
    } while (c->s->t.rp.status == 201);
    refused(c->s, 409, "LimitReached");
    assert_int_equal(n - 1, 20);
}

static void this_palette_keeps_so_many_accounts_and_gateways(void **state)
{
    struct cluster_site *c = *state;
    char body[512];
    int n = 1;

    snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"a\"},\"spec\":" MAAS_ACCOUNT "}");
    while (user(c->s, "POST", "/v1/cloudaccounts/maas", body) == 201)
        assert_true(++n <= 2 * PALETTE_GATEWAYS);
    refused(c->s, 409, "LimitReached");
    assert_int_equal(n, 2 * PALETTE_GATEWAYS);
    n = 1;
    while (user(c->s, "GET", "/v1/overlords/pairing/code?cloudType=maas", NULL) == 200)
        assert_true(++n <= PALETTE_GATEWAYS);
    refused(c->s, 409, "LimitReached");
    assert_int_equal(n, PALETTE_GATEWAYS);
}

static void two_control_planes_are_refused(void **state)
{
    struct cluster_site *c = *state;
    char body[2048];

    snprintf(body, sizeof(body), ENTITY("", POOL("a", "1", "true") "," POOL("b", "1", "true")),
             c->account_uid);
    user(c->s, "POST", "/v1/spectroclusters/maas", body);
    refused(c->s, 400, "InvalidRequest");
}

static void what_is_being_deleted_is_changed_no_more(void **state)
{
    struct cluster_site *c = *state;

    cluster_reclaim(c, 0);
    ask(c, "PATCH", "/v1/spectroclusters/%s/metadata", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
    refused(c->s, 409, "Deleting");
}

static void a_gateway_is_not_moved_to_itself(void **state)
{
    struct cluster_site *c = *state;
    char body[256];

    snprintf(body, sizeof(body), "{\"sourceUid\":\"%s\",\"targetUid\":\"%s\"}", c->s->uid,
             c->s->uid);
    user(c->s, "POST", "/v1/overlords/migrate", body);
    refused(c->s, 400, "InvalidRequest");
}

/* --- profiles --------------------------------------------------------------------------------- */

static void a_cluster_is_made_of_known_profiles_and_shows_them(void **state)
{
    struct cluster_site *c = *state;
    char profile[64], path[128], body[2048];

    assert_int_equal(user(c->s, "POST", "/v1/clusterprofiles?publish=true",
                          "{\"metadata\":{\"name\":\"base\"},\"spec\":{\"template\":{\"cloudType\":"
                          "\"maas\",\"type\":\"infra\",\"packs\":[{\"name\":\"ubuntu\"}]},"
                          "\"version\":\"1.2.0\"}}"),
                     201);
    talk_pick(&c->s->t, "uid", profile, sizeof(profile));
    snprintf(path, sizeof(path), "/v1/clusterprofiles/%s", profile);
    snprintf(body, sizeof(body), ENTITY("{\"uid\":\"%s\"}", POOL("cp", "1", "true")),
             c->account_uid, profile);
    assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas", body), 201);
    talk_pick(&c->s->t, "uid", c->uid, sizeof(c->uid));
    ask(c, "GET", "/v1/spectroclusters/%s", NULL);
    assert_text(pick(c, "spec.clusterProfileTemplates.0.name"), "base");
    assert_text(pick(c, "spec.clusterProfileTemplates.0.profileVersion"), "1.2.0");
    user(c->s, "GET", path, NULL);
    assert_text(pick(c, "status.inUseClusterUids.0"), c->uid);
    assert_int_equal(user(c->s, "PUT", path, "{\"metadata\":{\"name\":\"base2\"}}"), 204);
    user(c->s, "PUT", path, "{\"metadata\":{},\"spec\":{\"template\":[]}}");
    refused(c->s, 400, "InvalidRequest");
    user(c->s, "DELETE", path, NULL);
    refused(c->s, 409, "ProfileInUse");
    snprintf(body, sizeof(body), ENTITY("{\"uid\":\"nosuch\"}", POOL("cp", "1", "true")),
             c->account_uid);
    user(c->s, "POST", "/v1/spectroclusters/maas", body);
    refused(c->s, 400, "InvalidRequest");
    user(c->s, "GET", "/v1/clusterprofiles/nosuch", NULL);
    refused(c->s, 404, "ResourceNotFound");
}

static void a_profile_nobody_uses_is_deleted(void **state)
{
    struct cluster_site *c = *state;
    char path[128];

    user(c->s, "POST", "/v1/clusterprofiles", "{\"metadata\":{\"name\":\"p\"},\"spec\":null}");
    snprintf(path, sizeof(path), "/v1/clusterprofiles/%s", pick(c, "uid"));
    assert_int_equal(user(c->s, "DELETE", path, NULL), 204);
    assert_int_equal(user(c->s, "GET", path, NULL), 404);
}

/* --- scope ------------------------------------------------------------------------------------ */

static void a_project_holds_its_clusters_and_hides_them_from_others(void **state)
{
    struct cluster_site *c = *state;
    char project[64], other[64], path[128], body[2048];

    user(c->s, "POST", "/v1/projects", "{\"metadata\":{\"name\":\"mine\"}}");
    talk_pick(&c->s->t, "uid", project, sizeof(project));
    user(c->s, "POST", "/v1/projects", "{\"metadata\":{\"name\":\"theirs\"}}");
    talk_pick(&c->s->t, "uid", other, sizeof(other));
    snprintf(body, sizeof(body),
             "{\"name\":\"shared\",\"account\":" MAAS_ACCOUNT ",\"shareWithProjects\":true}");
    gateway(c->s, "POST", at(c->s, "/v1/overlords/maas/%s/account"), body);
    talk_pick(&c->s->t, "uid", c->account_uid, sizeof(c->account_uid));
    snprintf(body, sizeof(body), ENTITY("", POOL("cp", "1", "true")), c->account_uid);
    assert_int_equal(user_in(c->s, project, "POST", "/v1/spectroclusters/maas", body), 201);
    snprintf(path, sizeof(path), "/v1/spectroclusters/%s", pick(c, "uid"));
    assert_int_equal(user_in(c->s, project, "GET", path, NULL), 200);
    assert_text(pick(c, "metadata.annotations.projectUid"), project);
    user_in(c->s, other, "GET", path, NULL);
    refused(c->s, 404, "ResourceNotFound");
    user_in(c->s, other, "POST", "/v1/dashboard/spectroclusters/search", "{}");
    assert_text(pick(c, "listmeta.count"), "0");
    assert_int_equal(user(c->s, "GET", path, NULL), 200);
    snprintf(path, sizeof(path), "/v1/projects/%s", project);
    user(c->s, "DELETE", path, NULL);
    refused(c->s, 409, "ProjectInUse");
}

/* An account that its installer did not share is none of a project's. */
static void a_cluster_of_an_account_that_is_not_seen_is_refused(void **state)
{
    struct cluster_site *c = *state;
    char project[64], body[2048];

    user(c->s, "GET", "/v1/dashboard/projects/metadata", NULL);
    talk_pick(&c->s->t, "items.0.metadata.uid", project, sizeof(project));
    snprintf(body, sizeof(body), ENTITY("", POOL("cp", "1", "true")), c->account_uid);
    user_in(c->s, project, "POST", "/v1/spectroclusters/maas", body);
    refused(c->s, 400, "InvalidRequest");
}

static void what_clients_send_besides_is_shown_again_or_ignored(void **state)
{
    struct cluster_site *c = *state;
    char body[2048];

    snprintf(body, sizeof(body),
             "{\"metadata\":{\"name\":\"c9\",\"annotations\":{\"note\":\"mine\",\"overlordUid\":"
             "\"forged\"},\"creationTimestamp\":\"0001-01-01T00:00:00.000Z\",\"labels\":null},"
             "\"spec\":{\"cloudAccountUid\":\"%s\",\"clusterConfig\":{\"timezone\":\"UTC\"},"
             "\"policies\":null,\"cloudConfig\":{\"domain\":\"maas\",\"ntpServers\":null,"
             "\"staticIp\":false},\"profiles\":null,\"machinepoolconfig\":[" POOL("cp", "1",
                                                                                  "true") "]}}",
             c->account_uid);
    assert_int_equal(user(c->s, "POST", "/v1/spectroclusters/maas", body), 201);
    talk_pick(&c->s->t, "uid", c->uid, sizeof(c->uid));
    ask(c, "GET", "/v1/spectroclusters/%s?includeTags=true&resolvePackValues=true", NULL);
    assert_text(pick(c, "metadata.annotations.note"), "mine");
    assert_text(pick(c, "metadata.annotations.overlordUid"), c->s->uid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(a_cluster_is_found_by_name_as_clients_do),
        CLUSTER_TEST(searches_join_turn_around_and_sort),
        CLUSTER_TEST(what_is_gone_is_found_only_when_it_is_asked_for),
        CLUSTER_TEST(a_request_is_checked_and_nothing_is_made),
        CLUSTER_TEST(a_cluster_of_ones_own_machines_is_rated_at_nothing),
        CLUSTER_TEST(a_cluster_needs_a_name_and_a_domain_fit_for_dns),
        CLUSTER_TEST(a_query_that_is_torn_is_refused),
        CLUSTER_TEST(a_cluster_has_so_many_pools_and_no_more),
        CLUSTER_TEST(this_palette_keeps_so_many_accounts_and_gateways),
        CLUSTER_TEST(two_control_planes_are_refused),
        CLUSTER_TEST(what_is_being_deleted_is_changed_no_more),
        CLUSTER_TEST(a_gateway_is_not_moved_to_itself),
        CLUSTER_TEST(a_cluster_is_made_of_known_profiles_and_shows_them),
        CLUSTER_TEST(a_profile_nobody_uses_is_deleted),
        CLUSTER_TEST(a_project_holds_its_clusters_and_hides_them_from_others),
        CLUSTER_TEST(a_cluster_of_an_account_that_is_not_seen_is_refused),
        CLUSTER_TEST(what_clients_send_besides_is_shown_again_or_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
