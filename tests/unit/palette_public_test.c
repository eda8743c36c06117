#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMAIL    "admin@palette.example"
#define PASSWORD "password-canary-0123456789"
#define CLUSTERS 3 /* most that this Palette keeps */

static int setup(void **state)
{
    const struct palette_config c = {.seed = 1,
                                     .factor = 1,
                                     .api_key = API_KEY,
                                     .user_email = EMAIL,
                                     .user_password = PASSWORD,
                                     .clusters = CLUSTERS};

    return palette_site_make(state, &c);
}
#define PUBLIC_TEST(name) cmocka_unit_test_setup_teardown(name, setup, palette_site_teardown)

static const char *pick(struct palette_site *s, const char *path)
{
    static char text[1024];

    return talk_pick(&s->t, path, text, sizeof(text));
}

static void uid_keep(struct palette_site *s, char uid[64])
{
    talk_pick(&s->t, "uid", uid, 64);
    assert_int_equal(strlen(uid), 24);
}

/* --- sessions --------------------------------------------------------------------------------- */

static int log_in(struct palette_site *s, const char *query, const char *password)
{
    char path[64], body[256];

    snprintf(path, sizeof(path), "/v1/auth/authenticate%s", query);
    snprintf(body, sizeof(body), "{\"emailId\":\"" EMAIL "\",\"password\":\"%s\",\"org\":\"\"}",
             password);
    talk_ask(&s->m, &s->t, "POST", path, NULL, body);
    return s->t.rp.status;
}

static int with_token(struct palette_site *s, const char *token, const char *target)
{
    char header[512];

    snprintf(header, sizeof(header), "Authorization: %s\n", token);
    talk_ask(&s->m, &s->t, "GET", target, header, NULL);
    return s->t.rp.status;
}

static void a_login_gives_a_token_of_three_parts_for_a_quarter_of_an_hour(void **state)
{
    struct palette_site *s = *state;
    char token[256];

    assert_int_equal(log_in(s, "?setCookie=true", PASSWORD), 200);
    assert_text(pick(s, "isMfa"), "false");
    talk_pick(&s->t, "Authorization", token, sizeof(token));
    assert_true(strchr(token, '.') && strchr(token, '.') != strrchr(token, '.'));
    assert_true(talk_header(&s->t, "Set-Cookie", NULL));
    assert_int_equal(with_token(s, token, "/v1/overlords"), 200);
    assert_true(ev_is(mock_last(&s->m, EV_PAL_CALL), EVF_WHO, "user"));
    palette_pass(s, SECONDS(899));
    assert_int_equal(with_token(s, token, "/v1/overlords"), 200);
    palette_pass(s, SECONDS(1));
    with_token(s, token, "/v1/overlords");
    refused(s, 401, "TokenExpired");
    assert_false(mock_leaks(&s->m, PASSWORD));
}

static void a_wrong_password_gives_nothing(void **state)
{
    struct palette_site *s = *state;

    log_in(s, "", "wrong");
    refused(s, 401, "InvalidCredentials");
    log_in(s, "", "");
    refused(s, 401, "InvalidCredentials");
}

static void a_session_is_refreshed_and_only_a_known_one(void **state)
{
    struct palette_site *s = *state;
    char path[512], first[256], second[256];

    log_in(s, "", PASSWORD);
    assert_false(talk_header(&s->t, "Set-Cookie", NULL));
    talk_pick(&s->t, "Authorization", first, sizeof(first));
    snprintf(path, sizeof(path), "/v1/auth/refresh/%s", first);
    talk_ask(&s->m, &s->t, "GET", path, NULL, NULL);
    assert_int_equal(s->t.rp.status, 200);
    talk_pick(&s->t, "Authorization", second, sizeof(second));
    assert_string_not_equal(first, second);
    assert_int_equal(with_token(s, second, "/v1/users/meta"), 200);
    assert_text(pick(s, "items.0.emailId"), EMAIL);
    talk_ask(&s->m, &s->t, "GET", "/v1/auth/refresh/nosuch", NULL, NULL);
    refused(s, 401, "Unauthorized");
    palette_pass(s, SECONDS(900));
    talk_ask(&s->m, &s->t, "GET", path, NULL, NULL);
    refused(s, 401, "TokenExpired");
}

/* A user's token is no gateway's. */
static void a_session_is_not_good_for_a_gateways_operations(void **state)
{
    struct palette_site *s = *state;
    char token[256];

    palette_running(s);
    log_in(s, "", PASSWORD);
    talk_pick(&s->t, "Authorization", token, sizeof(token));
    with_token(s, token, at(s, "/v1/x-gp/pcg/%s/feed"));
    refused(s, 403, "Forbidden");
}

/* --- projects --------------------------------------------------------------------------------- */

static void a_session_of_a_client_begins_with_the_default_project(void **state)
{
    struct palette_site *s = *state;

    user(s, "GET", "/v1/dashboard/projects/metadata", NULL);
    assert_int_equal(s->t.rp.status, 200);
    assert_text(pick(s, "items.0.metadata.name"), "Default");
    user(s, "GET", "/v1/dashboard/projects/metadata?name=nosuch", NULL);
    assert_text(talk_body(&s->t), "{\"items\":[]}");
}

static void a_project_is_made_read_changed_and_deleted(void **state)
{
    struct palette_site *s = *state;
    char uid[64], path[128];

    assert_int_equal(user(s, "POST", "/v1/projects",
                          "{\"metadata\":{\"name\":\"p\",\"labels\":{\"a\":\"b\"},"
                          "\"annotations\":null,\"uid\":\"\",\"creationTimestamp\":"
                          "\"0001-01-01T00:00:00.000Z\"},\"spec\":{\"users\":null}}"),
                     201);
    uid_keep(s, uid);
    assert_true(talk_header(&s->t, "AuditUid", NULL));
    snprintf(path, sizeof(path), "/v1/projects/%s", uid);
    assert_int_equal(user(s, "GET", path, NULL), 200);
    assert_text(pick(s, "metadata.labels.a"), "b");
    assert_int_equal(user(s, "PUT", path, "{\"metadata\":{\"name\":\"q\"}}"), 204);
    user(s, "GET", path, NULL);
    assert_text(pick(s, "metadata.name"), "q");
    assert_text(pick(s, "metadata.labels.a"), "b");
    user(s, "POST", "/v1/projects", "{\"metadata\":{\"name\":\"q\"}}");
    refused(s, 409, "ResourceAlreadyExists");
    user(s, "POST", "/v1/projects", "{\"metadata\":{\"name\":\"\"}}");
    refused(s, 400, "InvalidRequest");
    user(s, "POST", "/v1/projects", "{\"metadata\":{\"name\":\"r\",\"labels\":[]}}");
    refused(s, 400, "InvalidRequest");
    assert_int_equal(user(s, "DELETE", path, "{}"), 204);
    user(s, "GET", path, NULL);
    refused(s, 404, "ResourceNotFound");
}

static void who_stands_in_a_project_sees_its_own_and_the_tenants(void **state)
{
    struct palette_site *s = *state;
    char uids[2][64], account[64], body[1024], path[128];

    palette_running(s);
    for (int i = 0; i < 2; i++) {
        snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"p%d\"}}", i);
        user(s, "POST", "/v1/projects", body);
        uid_keep(s, uids[i]);
    }
    snprintf(
        body, sizeof(body),
        "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"overlordUid\":\"%s\"}},\"spec\":" MAAS_ACCOUNT
        "}",
        s->uid);
    assert_int_equal(user_in(s, uids[0], "POST", "/v1/cloudaccounts/maas", body), 201);
    uid_keep(s, account);
    snprintf(path, sizeof(path), "/v1/cloudaccounts/maas/%s", account);
    assert_int_equal(user_in(s, uids[0], "GET", path, NULL), 200);
    assert_text(pick(s, "metadata.annotations.scope"), "project");
    user_in(s, uids[1], "GET", path, NULL);
    refused(s, 404, "ResourceNotFound");
    user_in(s, uids[1], "GET", "/v1/cloudaccounts/maas", NULL);
    assert_text(pick(s, "listmeta.count"), "0");
    assert_int_equal(user(s, "GET", path, NULL), 200);
    user_in(s, "nosuch", "GET", path, NULL);
    refused(s, 404, "ResourceNotFound");
}

/* A gateway's account is for all projects only when the installer shared it. */
static void an_account_that_is_not_shared_is_the_tenants_alone(void **state)
{
    struct palette_site *s = *state;
    char project[64];

    palette_running(s);
    user(s, "GET", "/v1/dashboard/projects/metadata", NULL);
    talk_pick(&s->t, "items.0.metadata.uid", project, sizeof(project));
    for (int shared = 0; shared < 2; shared++) {
        char body[512];

        snprintf(body, sizeof(body),
                 "{\"name\":\"acc%d\",\"account\":" MAAS_ACCOUNT ",\"shareWithProjects\":%s}",
                 shared, shared ? "true" : "false");
        assert_int_equal(gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"), body), 201);
    }
    user_in(s, project, "GET", "/v1/cloudaccounts/maas", NULL);
    assert_text(pick(s, "listmeta.count"), "1");
    assert_text(pick(s, "items.0.metadata.name"), "acc1");
    user(s, "GET", "/v1/cloudaccounts/summary", NULL);
    assert_text(pick(s, "listmeta.count"), "2");
    assert_text(pick(s, "items.1.kind"), "maas");
    assert_null(strstr(talk_body(&s->t), "apiKey"));
}

/* --- lists ------------------------------------------------------------------------------------ */

static void accounts_make(struct palette_site *s, const char *const *names, size_t n)
{
    char body[1024];

    for (size_t i = 0; i < n; i++) {
        snprintf(body, sizeof(body),
                 "{\"metadata\":{\"name\":\"%s\",\"annotations\":{\"overlordUid\":\"%s\"}},"
                 "\"spec\":" MAAS_ACCOUNT "}",
                 names[i], i ? s->uid : "");
        assert_int_equal(user(s, "POST", "/v1/cloudaccounts/maas", body), 201);
    }
}

static void lists_are_filtered_and_ordered_by_what_is_shown(void **state)
{
    static const char *const names[] = {"b", "mORe", "a", "xANDy"};
    static const struct {
        const char *query, *first, *count;
    } rows[] = {
        {"filters=metadata.name=a", "a", "1"},
        {"filters=metadata.name!=aANDmetadata.name!=b", "mORe", "2"},
        {"filters=metadata.name=bORmetadata.name=a", "b", "2"},
        {"filters=metadata.name=mORe", "mORe", "1"},
        {"filters=metadata.name=xANDy", "xANDy", "1"},
        {"filters=metadata.annotations.overlordUid=", "b", "1"},
        {"filters=metadata.name=aANDmetadata.name=bORmetadata.name=b", "b", "1"},
        {"filters=nonsense", "", "0"},
        {"filters=spec.apiKey=********", "b", "4"},
        {"orderBy=metadata.name=1", "a", "4"},
        {"orderBy=metadata.name=-1", "xANDy", "4"},
        {"orderBy=kind=1,metadata.name=1&limit=2&offset=1", "b", "4"},
    };
    struct palette_site *s = *state;
    char target[256];

    palette_running(s);
    accounts_make(s, names, COUNTOF(names));
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        snprintf(target, sizeof(target), "/v1/cloudaccounts/maas?%s", rows[i].query);
        assert_int_equal(user(s, "GET", target, NULL), 200);
        assert_text(pick(s, "items.0.metadata.name"), rows[i].first);
        assert_text(pick(s, "listmeta.count"), rows[i].count);
    }
    assert_text(pick(s, "listmeta.continue"), "3");
    user(s, "GET", "/v1/cloudaccounts/maas?orderBy=metadata.name=2", NULL);
    refused(s, 400, "InvalidRequest");
    user(s, "GET", "/v1/cloudaccounts/maas?orderBy=metadata.name", NULL);
    refused(s, 400, "InvalidRequest");
}

/* --- accounts --------------------------------------------------------------------------------- */

static void an_account_is_patched_as_a_whole_or_not_at_all(void **state)
{
    static const char *const names[] = {"x", "y"};
    struct palette_site *s = *state;
    char path[128];

    palette_running(s);
    accounts_make(s, names, 2);
    snprintf(path, sizeof(path), "/v1/cloudaccounts/maas/%s", pick(s, "uid"));
    assert_int_equal(
        user(s, "PATCH", path,
             "[{\"op\":\"replace\",\"path\":\"/metadata/name\",\"value\":\"z\"},"
             "{\"op\":\"add\",\"path\":\"/spec/preferredSubnets\",\"value\":[\"n\"]}]"),
        204);
    user(s, "GET", path, NULL);
    assert_text(pick(s, "metadata.name"), "z");
    assert_text(pick(s, "spec.preferredSubnets.0"), "n");
    user(s, "PATCH", path,
         "[{\"op\":\"replace\",\"path\":\"/metadata/name\",\"value\":\"w\"},"
         "{\"op\":\"replace\",\"path\":\"/spec/apiKey\",\"value\":\"notakey\"}]");
    refused(s, 400, "InvalidRequest");
    user(s, "PATCH", path, "[{\"op\":\"move\",\"path\":\"/metadata/name\",\"from\":\"/x\"}]");
    refused(s, 400, "InvalidRequest");
    user(s, "PATCH", path, "[{\"op\":\"replace\",\"path\":\"/metadata/name\",\"value\":\"\"}]");
    refused(s, 400, "InvalidRequest");
    user(s, "GET", path, NULL);
    assert_text(pick(s, "metadata.name"), "z");
}

static void maas_is_asked_without_naming_the_accounts_path(void **state)
{
    static const char *const names[] = {"x", "y"};
    struct palette_site *s = *state;
    char target[128], uid[64];
    struct talk t;

    talk_init(&t);
    palette_running(s);
    accounts_make(s, names, 2);
    uid_keep(s, uid);
    snprintf(target, sizeof(target), "/v1/clouds/maas/azs?cloudAccountUid=%s", uid);
    talk_ask(&s->m, &t, "GET", target, "ApiKey: " API_KEY "\n", NULL);
    assert_true(t.parked);
    palette_feed(s);
    assert_text(pick(s, "queries.0.accountUid"), uid);
    user(s, "GET", "/v1/clouds/maas/azs", NULL);
    refused(s, 404, "ResourceNotFound");
    user(s, "POST", "/v1/clouds/maas/account/validate", MAAS_ACCOUNT);
    refused(s, 400, "GatewayRequired");
    talk_drop(&t);
}

/* --- gateways --------------------------------------------------------------------------------- */

static void a_gateway_is_awaited_on_a_cluster_that_is_there(void **state)
{
    struct palette_site *s = *state;
    char path[256], uid[64], code[64];
    const char *body, *found;

    assert_int_equal(
        user(s, "POST", "/v1/pcg/selfHosted", "{\"cloudType\":\"maas\",\"name\":\"mine\"}"), 200);
    assert_true(pick(s, "kubectlCommands.0")[0]);
    talk_pick(&s->t, "overlordUid", uid, sizeof(uid));
    text_copy(s->uid, sizeof(s->uid), uid);
    user(s, "GET", at(s, "/v1/overlords/%s"), NULL);
    assert_text(pick(s, "metadata.name"), "mine");
    assert_text(pick(s, "spec.isSelfHosted"), "true");
    assert_text(pick(s, "status.state"), "Pending");
    user(s, "GET", at(s, "/v1/pcg/%s/services/jet/manifest"), NULL);
    assert_true(talk_header(&s->t, "Content-Type", "application/octet-stream"));
    body = talk_body(&s->t);
    assert_non_null(strstr(body, uid));
    found = strstr(body, "pairingCode: \"");
    assert_non_null(found);
    text_copy_len(code, sizeof(code), found + strlen("pairingCode: \""), 10);
    snprintf(path, sizeof(path), "/v1/overlords/maas/manifest?pairingCode=%s", code);
    assert_int_equal(user(s, "GET", path, NULL), 200);
    assert_non_null(strstr(pick(s, "manifest"), uid));
    user(s, "GET", "/v1/overlords/maas/manifest?pairingCode=WRONG", NULL);
    refused(s, 401, "PairingCodeInvalid");
    user(s, "GET", at(s, "/v1/pcg/%s/services/crony/manifest"), NULL);
    refused(s, 404, "ResourceNotFound");
    user(s, "POST", "/v1/pcg/selfHosted", "{\"cloudType\":\"vsphere\",\"name\":\"mine\"}");
    refused(s, 400, "InvalidRequest");
}

static void a_gateway_is_named_found_and_reset(void **state)
{
    struct palette_site *s = *state;

    palette_running(s);
    assert_int_equal(gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"),
                             "{\"name\":\"acc1\",\"account\":" MAAS_ACCOUNT
                             ",\"shareWithProjects\":true}"),
                     201);
    assert_int_equal(user(s, "PUT", at(s, "/v1/overlords/%s/metadata"),
                          "{\"metadata\":{\"name\":\"named\",\"labels\":null}}"),
                     204);
    assert_int_equal(user(s, "POST", "/v1/dashboard/pcgs/search",
                          "{\"filter\":{\"conjunction\":\"and\",\"filterGroups\":[{\"conjunction\":"
                          "\"and\",\"filters\":[{\"property\":\"name\",\"type\":\"string\","
                          "\"condition\":{\"string\":{\"operator\":\"contains\",\"match\":{"
                          "\"conjunction\":\"or\",\"values\":[\"ame\"]}}}}]}]},\"sort\":[]}"),
                     200);
    assert_text(pick(s, "items.0.metadata.uid"), s->uid);
    assert_text(pick(s, "listmeta.limit"), "50");
    user(s, "GET", "/v1/dashboard/pcgs/search/schema", NULL);
    assert_text(pick(s, "schema.properties.0.name"), "name");
    assert_int_equal(user(s, "PUT", at(s, "/v1/overlords/%s/reset"), NULL), 200);
    assert_true(pick(s, "msg")[0]);
    user(s, "GET", at(s, "/v1/overlords/%s"), NULL);
    assert_text(pick(s, "status.state"), "Pending");
    user(s, "GET", "/v1/cloudaccounts/maas", NULL);
    assert_text(pick(s, "items.0.metadata.annotations.overlordUid"), "");
}

static void a_gateways_own_cluster_never_gets_smaller(void **state)
{
#define PCG(size) "{\"clusterConfig\":{\"domain\":\"maas\",\"sshKeys\":null},\"size\":" size "}"
    static const char path[] = "/v1/overlords/maas/%s/cloudconfig";
    struct palette_site *s = *state;

    palette_running(s);
    user(s, "PUT", at(s, path), PCG("1"));
    refused(s, 404, "ResourceNotFound");
    user(s, "POST", at(s, path), PCG("2"));
    refused(s, 400, "InvalidRequest");
    assert_int_equal(user(s, "POST", at(s, path), PCG("1")), 201);
    assert_int_equal(user(s, "PUT", at(s, path), PCG("3")), 204);
    user(s, "PUT", at(s, path), PCG("1"));
    refused(s, 400, "InvalidRequest");
    assert_int_equal(user(s, "GET", at(s, "/v1/overlords/maas/%s/clusterprofile"), NULL), 200);
    assert_text(pick(s, "spec.published.type"), "system");
}

static void a_gateways_pools_of_addresses_are_kept(void **state)
{
    struct palette_site *s = *state;
    char path[256];

    palette_running(s);
    assert_int_equal(user(s, "POST", at(s, "/v1/overlords/maas/%s/pools"),
                          "{\"metadata\":{\"name\":\"ips\"},\"spec\":{\"pool\":{\"start\":"
                          "\"10.0.0.1\",\"end\":\"10.0.0.9\"},\"restrictToSingleCluster\":true}}"),
                     201);
    snprintf(path, sizeof(path), "/v1/overlords/maas/%s/pools/%s", s->uid, pick(s, "uid"));
    user(s, "GET", at(s, "/v1/overlords/maas/%s/pools"), NULL);
    assert_text(pick(s, "items.0.spec.pool.end"), "10.0.0.9");
    assert_text(pick(s, "items.0.status.inUse"), "false");
    assert_int_equal(user(s, "PUT", path, "{\"metadata\":{\"name\":\"ips2\"}}"), 204);
    assert_int_equal(user(s, "DELETE", path, NULL), 204);
    user(s, "DELETE", path, NULL);
    refused(s, 404, "ResourceNotFound");
    user(s, "GET", "/v1/overlords/maas/nosuch/pools", NULL);
    refused(s, 404, "ResourceNotFound");
}

/* GP-28: no answer is longer than 4 MiB, and none is cut in silence. */
static void a_list_that_is_too_long_is_refused(void **state)
{
    struct palette_site *s = *state;
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, KIB(260));
    palette_running(s);
    for (int i = 0; i < 17; i++) {
        buf_clear(&body);
        buf_printf(&body, "{\"metadata\":{\"name\":\"p%d\"},\"spec\":{\"pool\":{\"start\":\"", i);
        for (int j = 0; j < 25000; j++)
            buf_text_add(&body, "0123456789");
        buf_text_add(&body, "\"}}}");
        assert_int_equal(user(s, "POST", at(s, "/v1/overlords/maas/%s/pools"), buf_text(&body)),
                         201);
    }
    user(s, "GET", at(s, "/v1/overlords/maas/%s/pools"), NULL);
    refused(s, 503, "ListTooLong");
}

/* --- trust ------------------------------------------------------------------------------------ */

#define PEM      "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"
#define CERT_KEY "private-key-canary-0123456789"

static void a_certificate_goes_in_whole_and_comes_out_without_its_key(void **state)
{
    struct palette_site *s = *state;
    char path[256], tenant[64];

    palette_running(s);
    user(s, "GET", at(s, "/v1/overlords/%s"), NULL);
    talk_pick(&s->t, "spec.tenantUid", tenant, sizeof(tenant));
    snprintf(path, sizeof(path), "/v1/tenants/%s/assets/certs", tenant);
    assert_int_equal(user(s, "POST", path,
                          "{\"metadata\":{\"name\":\"proxy\"},\"spec\":{\"certificate\":\"" PEM
                          "\",\"isCA\":true,\"key\":\"" CERT_KEY "\"}}"),
                     201);
    snprintf(path, sizeof(path), "/v1/tenants/%s/assets/certs/%s", tenant, pick(s, "uid"));
    assert_int_equal(user(s, "GET", path, NULL), 200);
    assert_text(pick(s, "spec.isCA"), "true");
    assert_text(pick(s, "spec.key"), "********");
    assert_int_equal(user(s, "PUT", path,
                          "{\"metadata\":{\"name\":\"proxy\"},\"spec\":{\"certificate\":\"" PEM
                          "\",\"isCA\":true}}"),
                     204);
    user(s, "PUT", path, "{\"metadata\":{},\"spec\":{\"certificate\":\"PEM\",\"isCA\":true}}");
    refused(s, 400, "InvalidRequest");
    snprintf(path, sizeof(path), "/v1/tenants/%s/assets/certs", tenant);
    user(s, "GET", path, NULL);
    assert_text(pick(s, "items.0.metadata.name"), "proxy");
    assert_false(mock_leaks(&s->m, CERT_KEY));
    snprintf(path, sizeof(path), "/v1/tenants/%s/assets/certs/%s", tenant,
             pick(s, "items.0.metadata.uid"));
    assert_int_equal(user(s, "DELETE", path, NULL), 204);
    user(s, "GET", path, NULL);
    refused(s, 404, "ResourceNotFound");
    user(s, "GET", "/v1/tenants/nosuch/assets/certs", NULL);
    refused(s, 404, "ResourceNotFound");
}

static void this_palette_keeps_so_many_documents_and_no_more(void **state)
{
    struct palette_site *s = *state;
    char body[128];
    int n = 0;

    do {
        snprintf(body, sizeof(body), "{\"metadata\":{\"name\":\"p%d\"}}", n++);
        user(s, "POST", "/v1/projects", body);
        assert_true(n < 1000);
    } while (s->t.rp.status == 201);
    refused(s, 409, "LimitReached");
    assert_int_equal(n, 512); /* the default project is one of them */
}

static void this_palette_keeps_so_many_clusters_and_no_more(void **state)
{
    static const char *const names[] = {"x", "y"};
    struct palette_site *s = *state;
    char account[64], body[1024];

    palette_running(s);
    accounts_make(s, names, 2);
    uid_keep(s, account);
    for (int i = 0; i <= CLUSTERS; i++) {
        snprintf(body, sizeof(body),
                 "{\"metadata\":{\"name\":\"c%d\"},\"spec\":{\"cloudAccountUid\":\"%s\","
                 "\"cloudConfig\":{\"domain\":\"maas\"},\"machinepoolconfig\":[{\"poolConfig\":{"
                 "\"name\":\"cp\",\"size\":1,\"isControlPlane\":true,\"labels\":[]}}]}}",
                 i, account);
        user(s, "POST", "/v1/spectroclusters/maas", body);
        assert_int_equal(s->t.rp.status, i < CLUSTERS ? 201 : 409);
    }
    refused(s, 409, "LimitReached");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PUBLIC_TEST(a_login_gives_a_token_of_three_parts_for_a_quarter_of_an_hour),
        PUBLIC_TEST(a_wrong_password_gives_nothing),
        PUBLIC_TEST(a_session_is_refreshed_and_only_a_known_one),
        PUBLIC_TEST(a_session_is_not_good_for_a_gateways_operations),
        PUBLIC_TEST(a_session_of_a_client_begins_with_the_default_project),
        PUBLIC_TEST(a_project_is_made_read_changed_and_deleted),
        PUBLIC_TEST(who_stands_in_a_project_sees_its_own_and_the_tenants),
        PUBLIC_TEST(an_account_that_is_not_shared_is_the_tenants_alone),
        PUBLIC_TEST(lists_are_filtered_and_ordered_by_what_is_shown),
        PUBLIC_TEST(an_account_is_patched_as_a_whole_or_not_at_all),
        PUBLIC_TEST(maas_is_asked_without_naming_the_accounts_path),
        PUBLIC_TEST(a_gateway_is_awaited_on_a_cluster_that_is_there),
        PUBLIC_TEST(a_gateway_is_named_found_and_reset),
        PUBLIC_TEST(a_gateways_own_cluster_never_gets_smaller),
        PUBLIC_TEST(a_gateways_pools_of_addresses_are_kept),
        PUBLIC_TEST(a_list_that_is_too_long_is_refused),
        PUBLIC_TEST(a_certificate_goes_in_whole_and_comes_out_without_its_key),
        PUBLIC_TEST(this_palette_keeps_so_many_documents_and_no_more),
        PUBLIC_TEST(this_palette_keeps_so_many_clusters_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
