#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cluster_site_setup(void **state)
{
    struct cluster_site *c = calloc(1, sizeof(*c));
    void *inner = NULL;

    palette_site_setup(&inner);
    c->s = inner;
    palette_running(c->s);
    assert_int_equal(gateway(c->s, "POST", at(c->s, "/v1/overlords/maas/%s/account"),
                             "{\"name\":\"acc1\",\"account\":" MAAS_ACCOUNT
                             ",\"shareWithProjects\":false}"),
                     201);
    talk_pick(&c->s->t, "uid", c->account_uid, sizeof(c->account_uid));
    *state = c;
    return 0;
}

int cluster_site_teardown(void **state)
{
    struct cluster_site *c = *state;
    void *inner = c->s;

    palette_site_teardown(&inner);
    free(c);
    return 0;
}

static const char *with(struct cluster_site *c, const char *fmt, const char *uid)
{
    const char *hole = strstr(fmt, "%s");

    if (!hole)
        return fmt;
    snprintf(c->path, sizeof(c->path), "%.*s%s%s", (int)(hole - fmt), fmt, uid, hole + 2);
    return c->path;
}

static int call(struct cluster_site *c, const char *token, int epoch, const char *method,
                const char *target, const char *body)
{
    char headers[512], epoch_line[64] = "";

    if (epoch)
        snprintf(epoch_line, sizeof(epoch_line), "X-Gp-Epoch: %d\n", epoch);
    snprintf(headers, sizeof(headers), "Authorization: %s\n%s", token, epoch_line);
    talk_ask(&c->s->m, &c->s->t, method, target, headers, body);
    return c->s->t.rp.status;
}

/* --- the user --------------------------------------------------------------------------------- */

#define INSTANCE "\"instanceType\":{\"minCPU\":4,\"minMemInMB\":8192,\"minDiskSizeInGB\":60}"

int cluster_create(struct cluster_site *c, const char *name, int workers)
{
    char body[2048], more[512] = "";

    if (workers > 0)
        snprintf(more, sizeof(more),
                 ",{\"cloudConfig\":{\"azs\":null,\"resourcePool\":\"default\"," INSTANCE
                 "},\"poolConfig\":{\"name\":\"workers\",\"size\":%d,\"labels\":[\"worker\"]}}",
                 workers);
    snprintf(body, sizeof(body),
             "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"tier\":\"tin\"},\"annotations\":{}},"
             "\"spec\":{\"cloudAccountUid\":\"%s\",\"cloudConfig\":{\"domain\":\"maas\","
             "\"sshKeys\":[\"ssh-ed25519 AAAA\"],\"unknown\":[1]},\"profiles\":null,"
             "\"machinepoolconfig\":[{\"cloudConfig\":{\"azs\":[\"default\"],\"resourcePool\":"
             "\"default\",\"tags\":[]," INSTANCE "},\"poolConfig\":{\"name\":\"cp\",\"size\":1,"
             "\"isControlPlane\":true,\"labels\":[\"control-plane\"]}}%s]}}",
             name, c->account_uid, more);
    if (user(c->s, "POST", "/v1/spectroclusters/maas", body) != 201)
        return c->s->t.rp.status;
    talk_pick(&c->s->t, "uid", c->uid, sizeof(c->uid));
    assert_int_equal(user(c->s, "GET", with(c, "/v1/spectroclusters/%s", c->uid), NULL), 200);
    talk_pick(&c->s->t, "spec.cloudConfigRef.uid", c->config_uid, sizeof(c->config_uid));
    return 201;
}

/* --- the gateway ------------------------------------------------------------------------------ */

const char *item_pick(struct cluster_site *c, const char *field, char *out, size_t size)
{
    const char *body = talk_body(&c->s->t), *items = strstr(body, "\"clusters\":[{");
    char mark[64];
    const char *found;
    size_t len;

    snprintf(mark, sizeof(mark), "\"%s\":", field);
    found = items ? strstr(items, mark) : NULL;
    text_copy(out, size, "");
    if (!found)
        return out;
    found += strlen(mark);
    len = *found == '"' ? strcspn(found + 1, "\"") : strcspn(found, ",}");
    assert_true(text_copy_len(out, size, found + (*found == '"'), len));
    return out;
}

void cluster_item(struct cluster_site *c)
{
    assert_int_equal(palette_feed(c->s), 200);
    item_pick(c, "joinToken", c->join_token, sizeof(c->join_token));
    item_pick(c, "marker", c->marker, sizeof(c->marker));
}

int cluster_call(struct cluster_site *c, int epoch, const char *method, const char *path,
                 const char *body)
{
    return call(c, c->s->token, epoch, method, with(c, path, c->uid), body);
}

int config_call(struct cluster_site *c, int epoch, const char *method, const char *path,
                const char *body)
{
    char target[256];

    snprintf(target, sizeof(target), "/v1/cloudconfigs/maas/%s%s", c->config_uid, path);
    return call(c, c->s->token, epoch, method, target, body);
}

int claim(struct cluster_site *c, int epoch, int revision)
{
    char body[128];

    snprintf(body, sizeof(body), "{\"epoch\":%d,\"revision\":%d}", epoch, revision);
    return cluster_call(c, epoch, "PUT", "/v1/x-gp/clusters/%s/claim", body);
}

int machine_post(struct cluster_site *c, int epoch, const char *pool, const char *system_id)
{
    char body[512], path[128];

    snprintf(path, sizeof(path), "/machinePools/%s/machines", pool);
    snprintf(body, sizeof(body),
             "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"hostname\":\"m1\",\"az\":\"default\","
             "\"nics\":[{\"index\":0,\"privateIPs\":[\"10.10.0.101\"]}]},"
             "\"status\":{\"instanceState\":\"Pending\",\"addresses\":null}}",
             system_id);
    return config_call(c, epoch, "POST", path, body);
}

int handover(struct cluster_site *c, int epoch, int claim_number, int revision,
             const char *machines)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"epoch\":%d,\"claim\":%d,\"revision\":%d,\"machines\":[%s]}",
             epoch, claim_number, revision, machines);
    return cluster_call(c, epoch, "POST", "/v1/x-gp/clusters/%s/handover", body);
}

int released(struct cluster_site *c, int epoch, int claim_number, const char *machines)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"epoch\":%d,\"claim\":%d,\"machines\":[%s]}", epoch,
             claim_number, machines);
    return cluster_call(c, epoch, "POST", "/v1/x-gp/clusters/%s/released", body);
}

/* --- the agent -------------------------------------------------------------------------------- */

int hello(struct cluster_site *c, const char *system_id, const char *role)
{
    char body[512];

    snprintf(body, sizeof(body),
             "{\"clusterUid\":\"%s\",\"joinToken\":\"%s\",\"systemId\":\"%s\","
             "\"hostname\":\"m1\",\"role\":\"%s\"}",
             c->uid, c->join_token, system_id, role);
    talk_ask(&c->s->m, &c->s->t, "POST", "/v1/x-gp/agent/register", NULL, body);
    if (c->s->t.rp.status == 200)
        talk_pick(&c->s->t, "token", c->agent_token, sizeof(c->agent_token));
    return c->s->t.rp.status;
}

int agent(struct cluster_site *c, const char *method, const char *path, const char *body)
{
    return call(c, c->agent_token, 0, method, with(c, path, c->uid), body);
}

int beat(struct cluster_site *c)
{
    return agent(c, "PUT", "/v1/spectroclusters/%s/heartbeat",
                 "{\"agentVersion\":\"1.0\",\"message\":null}");
}

int assignment(struct cluster_site *c)
{
    return agent(c, "GET", "/v1/x-gp/agent/%s/assignment", NULL);
}

/* --- stages ----------------------------------------------------------------------------------- */

void cluster_provisioning(struct cluster_site *c, int workers)
{
    assert_int_equal(cluster_create(c, "c1", workers), 201);
    cluster_item(c);
    assert_int_equal(claim(c, 1, 1), 200);
    assert_int_equal(machine_post(c, 1, "cp", "aaa111"), 201);
    if (workers > 0)
        assert_int_equal(machine_post(c, 1, "workers", "bbb222"), 201);
}

void cluster_running(struct cluster_site *c, int workers)
{
    cluster_provisioning(c, workers);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    assert_int_equal(handover(c, 1, 1, 2, workers > 0 ? BOTH : "\"aaa111\""), 200);
}

void cluster_reclaim(struct cluster_site *c, int workers)
{
    cluster_running(c, workers);
    assert_int_equal(user(c->s, "DELETE", with(c, "/v1/spectroclusters/%s", c->uid), NULL), 204);
}
