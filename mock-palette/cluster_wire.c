/* Clusters as JSON: by table where the shape is the create request's, by hand where it is a model
 * that clients read. Join tokens go into the gateway's item and nowhere else. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX (1 << 24)

/* --- v1MaasMachinePoolConfigEntity and v1MaasClusterConfig ------------------------------------ */

static const struct jx_field instance_fields[] = {
    JX_INT(struct pal_pool, cpu, "minCPU", 0, 0, NUMBER_MAX),
    JX_INT(struct pal_pool, mem_mb, "minMemInMB", 0, 0, NUMBER_MAX),
    JX_INT(struct pal_pool, disk_gb, "minDiskSizeInGB", 0, 0, NUMBER_MAX),
};
#define INSTANCE                                                                                   \
    {                                                                                              \
        .name = "instanceType", .kind = JX_KIND_OBJECT, .fields = instance_fields,                 \
        .n_fields = COUNTOF(instance_fields)                                                       \
    }
static const struct jx_field cloud_part[] = {
    JX_TEXTS(struct pal_pool, azs, n_azs, "azs", 0),
    JX_TEXT_AS(struct pal_pool, resource_pool, "resourcePool", 0),
    JX_TEXTS(struct pal_pool, tags, n_tags, "tags", 0),
    INSTANCE,
};
static const struct jx_field pool_part[] = {
    JX_TEXT(struct pal_pool, name, 0),
    JX_INT(struct pal_pool, size, "size", 0, 0, PAL_MACHINES_MAX),
    JX_BOOL(struct pal_pool, control_plane, "isControlPlane", 0),
    JX_TEXTS(struct pal_pool, labels, n_labels, "labels", 0),
};
/* Both parts fill the same struct. */
const struct jx_field pal_pool_fields[] = {
    {.name = "cloudConfig",
     .kind = JX_KIND_OBJECT,
     .fields = cloud_part,
     .n_fields = COUNTOF(cloud_part)},
    {.name = "poolConfig",
     .kind = JX_KIND_OBJECT,
     .flags = JX_MUST,
     .fields = pool_part,
     .n_fields = COUNTOF(pool_part)},
};
const size_t pal_n_pool_fields = COUNTOF(pal_pool_fields);

static const struct jx_field pool_read_fields[] = {
    /* v1MaasMachinePoolConfig: flat */
    JX_TEXT(struct pal_pool, name, 0),
    JX_INT(struct pal_pool, size, "size", 0, 0, PAL_MACHINES_MAX),
    JX_BOOL(struct pal_pool, control_plane, "isControlPlane", 0),
    JX_TEXTS(struct pal_pool, azs, n_azs, "azs", 0),
    JX_TEXT_AS(struct pal_pool, resource_pool, "resourcePool", 0),
    JX_TEXTS(struct pal_pool, tags, n_tags, "tags", 0),
    INSTANCE,
    JX_TEXTS(struct pal_pool, labels, n_labels, "labels", 0),
};

const struct jx_field pal_cloud_fields[] = {
    JX_TEXT(struct pal_cloud, domain, JX_MUST),
    JX_TEXTS(struct pal_cloud, keys, n_keys, "sshKeys", 0),
    JX_TEXTS(struct pal_cloud, ntp, n_ntp, "ntpServers", 0),
};
const size_t pal_n_cloud_fields = COUNTOF(pal_cloud_fields);

static void pools_write(const struct pal_cluster *c, const struct jx_field *fields, size_t n,
                        struct buf *out)
{
    buf_char_add(out, '[');
    for (size_t i = 0; i < c->n_pools; i++) {
        buf_text_add(out, i ? "," : "");
        jx_write(out, fields, n, &c->pools[i]);
    }
    buf_char_add(out, ']');
}

void pal_pools_write(const struct pal_cluster *c, struct buf *out)
{
    pools_write(c, pal_pool_fields, pal_n_pool_fields, out);
}

/* --- labels ----------------------------------------------------------------------------------- */

/* From the opening quote to behind the closing one; what needs an escape is no label. */
static const char *word(const char *at, char *out, size_t size)
{
    const size_t len = *at == '"' ? strcspn(at + 1, "\"\\") : 0;

    if (*at != '"' || at[1 + len] != '"' || !text_copy_len(out, size, at + 1, len))
        return NULL;
    return at + len + 2;
}

static bool label_put(struct pal_labels *labels, const struct pal_label *l)
{
    size_t i = 0;

    while (i < labels->n && strcmp(labels->at[i].key, l->key) < 0)
        i++;
    if (i < labels->n && text_is(labels->at[i].key, l->key)) {
        labels->at[i] = *l;
        return true;
    }
    if (labels->n == PAL_LABELS_MAX || !l->key[0])
        return false;
    memmove(&labels->at[i + 1], &labels->at[i], (labels->n - i) * sizeof(*l));
    labels->at[i] = *l;
    labels->n++;
    return true;
}

/* Of compact JSON, as jx writes it; any other text is refused. */
bool pal_labels_merge(struct pal_labels *labels, const char *json)
{
    struct pal_labels new = *labels;
    const char *at = json;
    struct pal_label l;

    if (*at++ != '{')
        return false;
    while (*at != '}') {
        at += *at == ',' && at > json + 1;
        at = word(at, l.key, sizeof(l.key));
        if (!at || *at++ != ':')
            return false;
        at = word(at, l.value, sizeof(l.value));
        if (!at || !label_put(&new, &l))
            return false;
    }
    *labels = new;
    return true;
}

void pal_labels_write(const struct pal_labels *labels, struct buf *out)
{
    buf_char_add(out, '{');
    for (size_t i = 0; i < labels->n; i++) {
        buf_text_add(out, i ? "," : "");
        jx_write_text(out, labels->at[i].key);
        buf_char_add(out, ':');
        jx_write_text(out, labels->at[i].value);
    }
    buf_char_add(out, '}');
}

/* --- the feed's item, GP-40 ------------------------------------------------------------------- */

void pal_endpoint_write(const struct pal_cluster *c, struct buf *out)
{
    buf_char_add(out, '{');
    pal_member(out, "host", c->endpoint.host);
    buf_printf(out, ",\"port\":%d,\"managed\":true}", (int)c->endpoint.port);
}

static void agent_write(const struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    const bool useless = pal_stage_row(c->life.stage)->absent;
    struct buf anchors SCOPED(buf_drop) = {0};
    char url[300];

    buf_init(&anchors, PAL_ITEM_MAX);

    if (a->p->config.agent_url[0])
        text_copy(url, sizeof(url), a->p->config.agent_url);
    else
        snprintf(url, sizeof(url), "%s://%s", a->ctx->scheme, a->ctx->authority);
    buf_text_add(out, ",\"agent\":{");
    pal_member(out, "url", url);
    buf_char_add(out, ',');
    pal_anchors_write(a->p, &anchors);
    pal_member(out, "caCert", buf_text(&anchors));
    buf_char_add(out, ',');
    pal_member(out, "joinToken", useless ? "" : c->join_token);
    buf_printf(out, ",\"registered\":%s}", c->life.registered ? "true" : "false");
}

static void inventory_write(const struct pal_cluster *c, struct buf *out)
{
    size_t n = 0;

    buf_text_add(out, ",\"machines\":[");
    for (size_t i = 0; i < c->n_machines && pal_stage_row(c->life.stage)->absent; i++) {
        const struct pal_machine *m = &c->machines[i];

        if (!m->inventory)
            continue;
        buf_text_add(out, n++ ? ",{" : "{");
        pal_member(out, "uid", m->uid);
        buf_char_add(out, ',');
        pal_member(out, "systemId", m->system_id);
        buf_char_add(out, ',');
        pal_member(out, "pool", m->pool);
        buf_char_add(out, '}');
    }
    buf_char_add(out, ']');
    if (c->life.stage == PAL_STAGE_DELETING && c->life.reclaimed)
        buf_printf(out, ",\"agentQuiesced\":%s", c->life.quiesced ? "true" : "false");
}

void pal_item_write(const struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    const struct pal_stage_row *row = pal_stage_row(c->life.stage);

    buf_char_add(out, '{');
    pal_member(out, "uid", c->uid);
    buf_char_add(out, ',');
    pal_member(out, "name", c->name);
    buf_char_add(out, ',');
    pal_member(out, "projectUid", c->project);
    buf_char_add(out, ',');
    pal_member(out, "configUid", c->config_uid);
    buf_char_add(out, ',');
    pal_member(out, "accountUid", c->account_uid);
    buf_printf(out,
               ",\"epoch\":%d,\"revision\":%d,\"owner\":\"%s\",\"desired\":\"%s\",\"forced\":%s,",
               (int)c->life.epoch, (int)c->life.revision, row->by_cluster ? "cluster" : "gateway",
               row->absent ? "absent" : "present", c->life.forced ? "true" : "false");
    pal_member(out, "marker", c->marker);
    buf_text_add(out, ",\"image\":\"" PAL_IMAGE "\",\"endpoint\":");
    pal_endpoint_write(c, out);
    buf_text_add(out, ",\"network\":{\"podCidr\":\"" PAL_POD_CIDR
                      "\",\"serviceCidr\":\"" PAL_SERVICE_CIDR "\"},\"cloudConfig\":");
    jx_write(out, pal_cloud_fields, pal_n_cloud_fields, &c->cloud);
    buf_text_add(out, ",\"machinepoolconfig\":");
    pal_pools_write(c, out);
    agent_write(a, c, out);
    inventory_write(c, out);
    buf_char_add(out, '}');
}

/* --- the public models ------------------------------------------------------------------------ */

void pal_meta_write(struct pal_ask *a, const struct pal_cluster *c, const char *name,
                    const char *uid, struct buf *out)
{
    buf_text_add(out, "\"metadata\":{");
    pal_member(out, "name", name);
    buf_char_add(out, ',');
    pal_member(out, "uid", uid);
    buf_text_add(out, ",\"annotations\":{");
    pal_member(out, "overlordUid", a->p->gateways[c->gateway_i].uid);
    buf_char_add(out, ',');
    pal_member(out, "projectUid", c->project);
    buf_char_add(out, ',');
    pal_member(out, "tenantUid", a->p->tenant_uid);
    for (size_t i = 0; i < c->annotations.n; i++) {
        buf_char_add(out, ',');
        jx_write_text(out, c->annotations.at[i].key);
        buf_char_add(out, ':');
        jx_write_text(out, c->annotations.at[i].value);
    }
    buf_printf(out, ",\"scope\":\"%s\"},\"labels\":", c->project[0] ? "project" : "tenant");
    pal_labels_write(&c->labels, out);
    buf_char_add(out, '}');
}

void pal_conditions_write(const struct pal_cluster *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_conditions; i++) {
        const struct pal_condition *k = &c->conditions[i];

        buf_text_add(out, i ? ",{" : "{");
        pal_member(out, "type", k->type);
        buf_char_add(out, ',');
        pal_member(out, "status", k->status);
        buf_char_add(out, ',');
        pal_member(out, "reason", k->reason);
        buf_char_add(out, ',');
        pal_member(out, "message", k->message);
        buf_char_add(out, '}');
    }
}

void pal_endpoints_write(const struct pal_cluster *c, struct buf *out)
{
    for (size_t i = 0; i < c->n_endpoints; i++) {
        buf_text_add(out, i ? ",{" : "{");
        pal_member(out, "host", c->endpoints[i].host);
        buf_printf(out, ",\"port\":%d}", (int)c->endpoints[i].port);
    }
}

/* As far as they are still there: a profile that was changed is shown as it is now. */
void pal_cluster_profiles_write(const struct pal_ask *a, const struct pal_cluster *c,
                                struct buf *out)
{
    const struct pal_public *pub = a->p->pub;
    size_t n = 0;

    buf_char_add(out, '[');
    for (size_t i = 0; i < pub->n_docs; i++)
        for (size_t j = 0; j < c->n_profiles; j++)
            if (pub->docs[i].uid[0] && text_is(pub->docs[i].uid, c->profiles[j])) {
                buf_text_add(out, n++ ? "," : "");
                pal_profile_write(&pub->docs[i], out);
            }
    buf_char_add(out, ']');
}

/* v1SpectroCluster */
void pal_cluster_write(struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    buf_text_add(out, "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"SpectroCluster\",");
    pal_meta_write(a, c, c->name, c->uid, out);
    buf_text_add(
        out, ",\"spec\":{\"cloudType\":\"maas\",\"cloudConfigRef\":{\"kind\":\"MaasCloudConfig\",");
    pal_member(out, "name", c->name);
    buf_char_add(out, ',');
    pal_member(out, "uid", c->config_uid);
    buf_text_add(out, "},\"clusterConfig\":{},\"clusterProfileTemplates\":");
    pal_cluster_profiles_write(a, c, out);
    buf_text_add(out, ",\"clusterType\":\"PureManage\"},\"status\":{");
    pal_member(out, "state", pal_life_shown(&c->life));
    buf_text_add(out, ",\"conditions\":[");
    pal_conditions_write(c, out);
    pal_waiting_write(a->p, c, c->n_conditions > 0 ? "," : "", out);
    buf_text_add(out, "],\"apiEndpoints\":[");
    pal_endpoints_write(c, out);
    buf_text_add(out, "],\"packs\":[],\"services\":[],\"upgrades\":[]}}");
}

/* v1MaasCloudConfig */
void pal_config_write(struct pal_ask *a, const struct pal_cluster *c, struct buf *out)
{
    const struct pal_account *acc = pal_account_find(a->p, c->account_uid);

    buf_text_add(out, "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"MaasCloudConfig\",");
    pal_meta_write(a, c, c->name, c->config_uid, out);
    buf_text_add(out, ",\"spec\":{\"cloudAccountRef\":{\"kind\":\"MaasAccount\",");
    pal_member(out, "name", acc ? acc->name : "");
    buf_char_add(out, ',');
    pal_member(out, "uid", c->account_uid);
    buf_text_add(out, "},\"clusterConfig\":");
    jx_write(out, pal_cloud_fields, pal_n_cloud_fields, &c->cloud);
    buf_text_add(out, ",\"machinePoolConfig\":");
    pools_write(c, pool_read_fields, COUNTOF(pool_read_fields), out);
    buf_text_add(out, "},\"status\":{\"conditions\":[],\"nodeImage\":{\"name\":\"" PAL_IMAGE
                      "\",\"state\":\"\"}}}");
}

static void maintenance_write(const struct pal_machine *m, struct buf *out)
{
    buf_text_add(out, ",\"maintenanceStatus\":{");
    pal_member(out, "action", m->maintenance);
    buf_text_add(out, ",\"message\":\"\",");
    pal_member(out, "state", m->maintenance_state);
    buf_char_add(out, '}');
}

/* v1MaasMachine */
void pal_machine_write(const struct pal_machine *m, struct buf *out)
{
    buf_text_add(out,
                 "{\"apiVersion\":\"spectrocloud.com/v1\",\"kind\":\"MaasMachine\",\"metadata\":{");
    pal_member(out, "name", m->system_id);
    buf_char_add(out, ',');
    pal_member(out, "uid", m->uid);
    buf_text_add(out, "},\"spec\":{");
    pal_member(out, "az", m->az);
    buf_char_add(out, ',');
    pal_member(out, "hostname", m->hostname);
    buf_text_add(out, ",\"nics\":[{\"index\":0,\"privateIPs\":[");
    for (size_t i = 0; i < m->n_addresses; i++) {
        buf_text_add(out, i ? "," : "");
        jx_write_text(out, m->addresses[i]);
    }
    buf_text_add(out, "]}]},\"status\":{");
    buf_printf(out, "\"ready\":%s,", text_is(m->state, "Running") ? "true" : "false");
    pal_member(out, "instanceState", m->state);
    if (m->maintenance[0])
        maintenance_write(m, out);
    buf_text_add(out, "}}");
}

/* Of what the agent is to apply. */
void pal_spc_hash(const struct pal_cluster *c, char *out, size_t size)
{
    struct buf text SCOPED(buf_drop) = {0};
    uint8_t hash[SHA256_LEN];
    char hex[2 * 8 + 1];

    buf_init(&text, MIB(1));
    pal_pools_write(c, &text);
    jx_write(&text, pal_cloud_fields, pal_n_cloud_fields, &c->cloud);
    pal_labels_write(&c->labels, &text);
    digest_sha256(buf_text(&text), text.len, hash);
    text_hex(hash, 8, hex);
    text_copy(out, size, hex);
}
