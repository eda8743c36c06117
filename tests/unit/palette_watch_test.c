/* What users see of a cluster that runs: its files, its events, its nodes, what it trusts. */
#include "tests/test.h"

#include "lib/base/text.h"
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

/* --- assets ----------------------------------------------------------------------------------- */

static void an_agent_hands_in_files_and_users_read_them(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    ask(c, "GET", "/v1/spectroclusters/%s/assets/kubeconfig", NULL);
    refused(c->s, 404, "ResourceNotFound");
    assert_int_equal(agent(c, "PUT", "/v1/spectroclusters/%s/assets/kubeconfig",
                           "{\"kubeconfig\":\"apiVersion: v1 " MAAS_SECRET "\"}"),
                     204);
    assert_int_equal(agent(c, "POST", "/v1/spectroclusters/%s/assets",
                           "{\"spec\":{\"manifest\":\"kind: \\\"A\\\"\",\"kubeconfigclient\":"
                           "\"client\"}}"),
                     204);
    assert_int_equal(ask(c, "GET", "/v1/spectroclusters/%s/assets/adminKubeconfig", NULL), 200);
    assert_true(talk_header(&c->s->t, "Content-Type", "application/octet-stream"));
    assert_text(talk_body(&c->s->t), "apiVersion: v1 ***");
    ask(c, "GET", "/v1/spectroclusters/%s/assets/manifest", NULL);
    assert_true(talk_header(&c->s->t, "Content-Type", "application/json"));
    assert_text(talk_body(&c->s->t), "\"kind: \\\"A\\\"\"");
    ask(c, "GET", "/v1/spectroclusters/%s/assets", NULL);
    assert_text(pick(c, "spec.kubeconfigclient"), "client");
    ask(c, "GET", "/v1/dashboard/spectroclusters/%s", NULL);
    assert_text(pick(c, "status.kubeMeta.hasKubeConfigClient"), "true");
    assert_int_equal(ask(c, "DELETE", "/v1/spectroclusters/%s/assets/kubeconfigclient", NULL), 204);
    assert_int_equal(ask(c, "GET", "/v1/spectroclusters/%s/assets/kubeconfigclient", NULL), 404);
    ask(c, "DELETE", "/v1/spectroclusters/%s/assets/adminKubeconfig", NULL);
    refused(c->s, 404, "RouteNotFound");
    agent(c, "PUT", "/v1/spectroclusters/%s/assets/nosuch", "{}");
    refused(c->s, 404, "RouteNotFound");
}

/* Clients look these up after every create and take the code for "none". */
static void what_nobody_set_up_is_said_in_the_codes_that_clients_know(void **state)
{
    struct cluster_site *c = *state;

    cluster_create(c, "c1", 0);
    ask(c, "GET", "/v1/spectroclusters/%s/features/backup", NULL);
    refused(c->s, 404, "BackupNotConfigured");
    ask(c, "GET", "/v1/spectroclusters/%s/features/complianceScan", NULL);
    refused(c->s, 404, "ResourceNotFound");
    assert_int_equal(ask(c, "GET", "/v1/spectroclusters/%s/config/rbacs", NULL), 200);
    assert_int_equal(ask(c, "GET", "/v1/spectroclusters/%s/config/namespaces", NULL), 200);
    assert_text(talk_body(&c->s->t), "{\"items\":[]}");
}

/* --- events ----------------------------------------------------------------------------------- */

static int event_post(struct cluster_site *c, const char *path, bool bulk, const char *uid,
                      const char *reason)
{
    char body[512], headers[256];

    snprintf(body, sizeof(body),
             "%s{\"relatedObject\":{\"kind\":\"spectrocluster\",\"uid\":\"%s\"},\"reason\":\"%s\","
             "\"message\":\"m\",\"severity\":\"Info\",\"source\":{\"component\":\"agent\"}}%s",
             bulk ? "[" : "", uid, reason, bulk ? "]" : "");
    snprintf(headers, sizeof(headers), "Authorization: %s\n", c->agent_token);
    talk_ask(&c->s->m, &c->s->t, "POST", path, headers, body);
    return c->s->t.rp.status;
}

static void events_are_read_newest_first_and_deleted(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    assert_int_equal(event_post(c, "/v1/events/components", false, c->uid, "First"), 201);
    assert_int_equal(event_post(c, "/v1/events/components/bulk", true, c->uid, "Second"), 201);
    assert_int_equal(strlen(pick(c, "0.uid")), 24);
    ask(c, "GET", "/v1/events/components/spectrocluster/%s", NULL);
    assert_text(pick(c, "items.0.reason"), "Second");
    assert_text(pick(c, "items.1.reason"), "First");
    assert_text(pick(c, "items.0.source.component"), "agent");
    user(c->s, "GET", "/v1/events/components?filters=reason=First", NULL);
    assert_text(pick(c, "listmeta.count"), "1");
    event_post(c, "/v1/events/components/bulk", true, "nosuch", "Third");
    refused(c->s, 403, "Forbidden");
    assert_int_equal(ask(c, "DELETE", "/v1/events/components/spectrocluster/%s", NULL), 204);
    user(c->s, "GET", "/v1/events/components", NULL);
    assert_text(pick(c, "listmeta.count"), "0");
}

/* As many events as one request may have, named by their number. */
static int events_post(struct cluster_site *c, int first, int n)
{
    struct buf body SCOPED(buf_drop) = {0};
    char headers[256];

    buf_init(&body, KIB(64));
    for (int i = 0; i < n; i++)
        buf_printf(&body,
                   "%s{\"relatedObject\":{\"kind\":\"spectrocluster\",\"uid\":\"%s\"},"
                   "\"reason\":\"R%d\"}",
                   i ? "," : "[", c->uid, first + i);
    buf_char_add(&body, ']');
    snprintf(headers, sizeof(headers), "Authorization: %s\n", c->agent_token);
    talk_ask(&c->s->m, &c->s->t, "POST", "/v1/events/components/bulk", headers, buf_text(&body));
    return c->s->t.rp.status;
}

static void the_newest_thousand_events_are_kept(void **state)
{
    struct cluster_site *c = *state;

    cluster_running(c, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(events_post(c, 100 * i, 100), 201);
    assert_int_equal(events_post(c, 1000, 3), 201);
    events_post(c, 1003, 101);
    refused(c->s, 400, "InvalidRequest");
    user(c->s, "GET", "/v1/events/components?limit=0", NULL);
    assert_text(pick(c, "listmeta.count"), "1000");
    assert_text(pick(c, "items.0.reason"), "R1002");
    assert_text(pick(c, "items.999.reason"), "R3");
}

/* --- nodes and config ------------------------------------------------------------------------- */

static void a_node_is_cordoned_and_says_how_far_it_is(void **state)
{
    struct cluster_site *c = *state;
    char path[128], full[256];

    cluster_running(c, 0);
    config(c, "GET", "/machinePools/cp/machines?limit=50", NULL);
    assert_text(pick(c, "listmeta.limit"), "50");
    snprintf(path, sizeof(path), "/machinePools/cp/machines/%s/maintenance",
             pick(c, "items.0.metadata.uid"));
    assert_int_equal(config(c, "PUT", path, "{\"action\":\"cordon\"}"), 204);
    config(c, "PUT", path, "{\"action\":\"reboot\"}");
    refused(c->s, 400, "InvalidRequest");
    config(c, "GET", "/machinePools/cp/machines", NULL);
    assert_text(pick(c, "items.0.status.maintenanceStatus.state"), "Pending");
    snprintf(full, sizeof(full), "/v1/cloudconfigs/maas/%s%s/status", c->config_uid, path);
    assert_int_equal(agent(c, "PUT", full, "{\"action\":\"cordon\",\"state\":\"Completed\"}"), 204);
    config(c, "GET", "/machinePools/cp/machines?filters=status.instanceState=Pending", NULL);
    assert_text(pick(c, "items.0.status.maintenanceStatus.state"), "Completed");
}

static void the_cloud_config_changes_but_for_its_domain(void **state)
{
    struct cluster_site *c = *state;

    cluster_create(c, "c1", 0);
    assert_int_equal(config(c, "PUT", "/clusterConfig",
                            "{\"clusterConfig\":{\"domain\":\"maas\",\"sshKeys\":[\"k2\"],"
                            "\"ntpServers\":null}}"),
                     204);
    config(c, "GET", "", NULL);
    assert_text(pick(c, "spec.clusterConfig.sshKeys.0"), "k2");
    config(c, "PUT", "/clusterConfig", "{\"clusterConfig\":{\"domain\":\"other\"}}");
    refused(c->s, 400, "InvalidRequest");
}

/* --- trust ------------------------------------------------------------------------------------ */

/* What a tenant trusts reaches its clusters with their item. */
static void an_authority_of_the_tenant_reaches_the_agents(void **state)
{
    struct cluster_site *c = *state;
    char path[128], anchors[512];

    cluster_create(c, "c1", 0);
    user(c->s, "GET", at(c->s, "/v1/overlords/%s"), NULL);
    snprintf(path, sizeof(path), "/v1/tenants/%s/assets/certs", pick(c, "spec.tenantUid"));
    assert_int_equal(user(c->s, "POST", path,
                          "{\"metadata\":{\"name\":\"ca\"},\"spec\":{\"certificate\":"
                          "\"-----BEGIN CERTIFICATE-----\\nCA\\n\",\"isCA\":true}}"),
                     201);
    assert_int_equal(user(c->s, "POST", path,
                          "{\"metadata\":{\"name\":\"leaf\"},\"spec\":{\"certificate\":"
                          "\"-----BEGIN CERTIFICATE-----\\nLEAF\\n\",\"isCA\":false}}"),
                     201);
    palette_feed(c->s);
    talk_pick(&c->s->t, "clusters.0.agent.caCert", anchors, sizeof(anchors));
    assert_non_null(strstr(anchors, "CA\n"));
    assert_null(strstr(anchors, "LEAF"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(an_agent_hands_in_files_and_users_read_them),
        CLUSTER_TEST(what_nobody_set_up_is_said_in_the_codes_that_clients_know),
        CLUSTER_TEST(events_are_read_newest_first_and_deleted),
        CLUSTER_TEST(the_newest_thousand_events_are_kept),
        CLUSTER_TEST(a_node_is_cordoned_and_says_how_far_it_is),
        CLUSTER_TEST(the_cloud_config_changes_but_for_its_domain),
        CLUSTER_TEST(an_authority_of_the_tenant_reaches_the_agents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
