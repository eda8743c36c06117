/* What the agent says to Palette and what Palette says to it, as bytes. */
#include "mock-cluster/agent_inner.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMING_TEXT_MAX KIB(16)

/* --- requests --------------------------------------------------------------------------------- */

static void address(struct agent *a, struct http_call *call, const char *method, const char *before,
                    const char *uid, const char *after)
{
    http_call_init(call, method);
    url_join(&call->url, a->config.palette.url, before);
    url_encode(&call->url, uid);
    buf_text_add(&call->url, after);
}

static void member(struct buf *out, const char *name, const char *value)
{
    buf_char_add(out, out->data && out->data[out->len - 1] != '{' ? ',' : ' ');
    jx_write_text(out, name);
    buf_char_add(out, ':');
    jx_write_text(out, value);
}

static void json_type(struct http_call *call)
{
    const bool added = http_header_add(&call->headers, "Content-Type", "application/json");

    assert(added);
}

void agent_write_register(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    (void)e;
    address(a, call, "POST", "v1/x-gp/agent/register", "", "");
    json_type(call);
    buf_char_add(&call->body, '{');
    member(&call->body, "clusterUid", a->config.cluster_uid);
    member(&call->body, "joinToken", a->config.join_token);
    member(&call->body, "systemId", a->config.system_id);
    member(&call->body, "hostname", a->hostname);
    member(&call->body, "role", a->config.role);
    buf_char_add(&call->body, '}');
}

void agent_write_beat(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const char *whom = a->stray_uid[0] ? a->stray_uid : a->config.cluster_uid;

    (void)e;
    address(a, call, "PUT", "v1/spectroclusters/", whom, "/heartbeat");
    a->stray_uid[0] = '\0';
    json_type(call);
    buf_text_add(&call->body, "{\"agentVersion\":\"" AGENT_VERSION "\",\"message\":\"\"}");
}

void agent_write_assignment(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    (void)e;
    address(a, call, "GET", "v1/x-gp/agent/", a->config.cluster_uid, "/assignment?waitSeconds=");
    jx_write_seconds(&call->url, a->timing.wait_ms);
    if (a->assigned.cursor[0]) {
        buf_text_add(&call->url, "&cursor=");
        url_encode(&call->url, a->assigned.cursor);
    }
    call->timeout_ms = a->timing.wait_ms + a->timing.slack_ms;
}

void agent_write_apply(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    (void)e;
    address(a, call, "GET", "v1/spectroclusters/", a->config.cluster_uid, "/status/spcApply");
}

void agent_write_applied(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const time_t wall = (time_t)a->wall_s;
    struct tm tm;
    char when[96];

    (void)e;
    address(a, call, "PATCH", "v1/spectroclusters/", a->config.cluster_uid,
            "/status/spcApply/patchTime");
    json_type(call);
    gmtime_r(&wall, &tm);
    (void)snprintf(when, sizeof when, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900,
                   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    buf_char_add(&call->body, '{');
    member(&call->body, "clusterHash", a->wish);
    member(&call->body, "patchTime", when);
    buf_char_add(&call->body, '}');
}

void agent_write_labels(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const char *labels = a->assigned.labels ? a->assigned.labels : "{}";

    (void)e;
    free(a->labels_sent);
    a->labels_sent = strdup(labels);
    if (!a->labels_sent)
        WRONG("no memory");
    address(a, call, "PATCH", "v1/spectroclusters/", a->config.cluster_uid, "/status/conditions");
    json_type(call);
    buf_text_add(&call->body,
                 "[{\"type\":\"LabelsApplied\",\"status\":\"True\",\"reason\":\"\",\"message\":");
    jx_write_text(&call->body, labels);
    buf_text_add(&call->body, "}]");
}

/* --- machine records -------------------------------------------------------------------------- */

static void record_address(struct agent *a, const struct agent_errand *e, struct http_call *call,
                           const char *method, const char *uid)
{
    address(a, call, method, "v1/cloudconfigs/maas/", a->assigned.config_uid, "/machinePools/");
    url_encode(&call->url, e->pool);
    buf_text_add(&call->url, "/machines");
    if (uid[0]) {
        buf_char_add(&call->url, '/');
        url_encode(&call->url, uid);
    }
}

static void record_body(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    const struct agent_machine *m = agent_machine_find(a, e->machine);
    struct buf *out = &call->body;

    assert(m);
    a->saying = agent_state_word(a, m);
    json_type(call);
    buf_text_add(out, "{\"metadata\":{");
    member(out, "name", m->id);
    buf_text_add(out, "},\"spec\":{");
    member(out, "hostname", m->hostname);
    member(out, "az", m->zone);
    buf_text_add(out, ",\"nics\":[{\"privateIPs\":[");
    if (m->address[0])
        jx_write_text(out, m->address);
    buf_text_add(out, "]}]},\"status\":{");
    member(out, "instanceState", a->saying);
    buf_text_add(out, "}}");
}

void agent_write_record_make(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    record_address(a, e, call, "POST", "");
    record_body(a, e, call);
}

void agent_write_record_change(struct agent *a, const struct agent_errand *e,
                               struct http_call *call)
{
    record_address(a, e, call, "PUT", agent_machine_find(a, e->machine)->uid);
    record_body(a, e, call);
}

void agent_write_record_drop(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    record_address(a, e, call, "DELETE", agent_machine_find(a, e->machine)->uid);
}

void agent_write_quiesced(struct agent *a, const struct agent_errand *e, struct http_call *call)
{
    (void)e;
    address(a, call, "PUT", "v1/x-gp/agent/", a->config.cluster_uid, "/quiesced");
    json_type(call);
    buf_printf(&call->body, "{\"epoch\":%lld}", (long long)a->assigned.epoch);
}

/* --- replies ---------------------------------------------------------------------------------- */

static const struct jx_field grant_fields[] = {
    JX_TEXT(struct agent_grant, token, JX_MUST),
    JX_MS(struct agent_grant, expires_ms, "expiresInSeconds", JX_MUST, 1, HOURS(24 * 366)),
    JX_RAW(struct agent_grant, timing, "timing", 0, TIMING_TEXT_MAX),
};

static const struct jx_field account_fields[] = {
    JX_TEXT_AS(struct agent_account, endpoint, "apiEndpoint", 0),
    JX_TEXT_AS(struct agent_account, key, "apiKey", 0),
};
static const struct jx_field row_fields[] = {
    JX_TEXT(struct agent_row, uid, 0),
    JX_TEXT_AS(struct agent_row, system_id, "systemId", JX_MUST),
    JX_TEXT(struct agent_row, pool, 0),
    JX_TEXT_AS(struct agent_row, state, "instanceState", 0),
    JX_BOOL(struct agent_row, registered, "registered", 0),
};
static const struct jx_field type_fields[] = {
    JX_INT(struct agent_pool_type, cpu, "minCPU", 0, 0, INT32_MAX),
    JX_INT(struct agent_pool_type, mem_mb, "minMemInMB", 0, 0, INT32_MAX),
    JX_INT(struct agent_pool_type, disk_gib, "minDiskSizeInGB", 0, 0, INT32_MAX),
};
static const struct jx_field pool_cloud_fields[] = {
    JX_TEXTS(struct agent_pool_cloud, azs, n_azs, "azs", 0),
    JX_TEXTS(struct agent_pool_cloud, tags, n_tags, "tags", 0),
    JX_TEXT_AS(struct agent_pool_cloud, resource_pool, "resourcePool", 0),
    JX_OBJECT(struct agent_pool_cloud, type, "instanceType", 0, type_fields),
};
static const struct jx_field pool_config_fields[] = {
    JX_TEXT(struct agent_pool_config, name, JX_MUST),
    JX_INT(struct agent_pool_config, size, "size", JX_MUST, 0, AGENT_MACHINES_MAX),
    JX_BOOL(struct agent_pool_config, control_plane, "isControlPlane", 0),
};
static const struct jx_field pool_fields[] = {
    JX_OBJECT(struct agent_pool, cloud, "cloudConfig", 0, pool_cloud_fields),
    JX_OBJECT(struct agent_pool, config, "poolConfig", JX_MUST, pool_config_fields),
};
static const struct jx_field assignment_fields[] = {
    JX_TEXT(struct agent_assignment, cursor, 0),
    JX_TEXT(struct agent_assignment, owner, JX_MUST),
    JX_INT(struct agent_assignment, epoch, "epoch", JX_MUST, 0, INT32_MAX),
    JX_BOOL(struct agent_assignment, quiesce, "quiesce", 0),
    JX_TEXT_AS(struct agent_assignment, project_uid, "projectUid", 0),
    JX_TEXT_AS(struct agent_assignment, config_uid, "configUid", 0),
    JX_TEXT(struct agent_assignment, image, 0),
    JX_OBJECT(struct agent_assignment, account, "account", 0, account_fields),
    JX_ARRAY(struct agent_assignment, inventory, n_inventory, "machines", 0, row_fields),
    JX_ARRAY(struct agent_assignment, pools, n_pools, "machinepoolconfig", 0, pool_fields),
    JX_RAW(struct agent_assignment, labels, "labels", 0, AGENT_LABELS_MAX),
};

static bool is_header_text(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return text[0] != '\0';
}

bool agent_grant_read(const struct http_result *r, struct agent_grant *ret)
{
    return jx_read(buf_text(&r->body), r->body.len, grant_fields, COUNTOF(grant_fields), 0, ret,
                   NULL) == 0 &&
           is_header_text(ret->token);
}

void agent_grant_drop(struct agent_grant *g)
{
    jx_drop(grant_fields, COUNTOF(grant_fields), g);
}

bool agent_assignment_read(const struct http_result *r, struct agent_assignment *ret)
{
    struct url u;

    if (jx_read(buf_text(&r->body), r->body.len, assignment_fields, COUNTOF(assignment_fields), 0,
                ret, NULL) < 0)
        return false;
    return !ret->account.endpoint[0] ||
           (url_read(ret->account.endpoint, &u, NULL) == 0 && !u.userinfo[0] && !u.query[0]);
}

void agent_assignment_drop(struct agent_assignment *s)
{
    jx_drop(assignment_fields, COUNTOF(assignment_fields), s);
}

bool agent_hash_read(const struct http_result *r, char *out, size_t size)
{
    return jx_pick(buf_text(&r->body), r->body.len, "spcHash", out, size) && out[0];
}

bool agent_uid_read(const struct http_result *r, char *out, size_t size)
{
    return jx_pick(buf_text(&r->body), r->body.len, "uid", out, size) && out[0];
}
