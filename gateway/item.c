/* A cluster's item of the feed as checked values (GP-40). What cannot be read as it should makes
 * the item odd: it is reported and nothing is done, and the rest of the list goes on (GP-3). */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX   KIB(4)
#define PEM_MAX    KIB(64)
#define ITEM_MAX   KIB(64) /* GP-28 */
#define NUMBER_MAX INT64_MAX
#define PORT_MAX   65535
#define PORT_API   6443 /* of a Kubernetes API, when none is said */
#define MARKER_MIN 8    /* section 0 */
#define MARKER_MAX 200

/* clang-format off */
const struct jx_field gw_item_head_fields[GW_ITEM_HEAD_FIELDS] = {
    JX_OWNED(struct gw_item_head, uid, "uid", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, name, "name", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, project_uid, "projectUid", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, config_uid, "configUid", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, account_uid, "accountUid", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, owner, "owner", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, desired, "desired", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, marker, "marker", 0, TEXT_MAX),
    JX_OWNED(struct gw_item_head, image, "image", 0, TEXT_MAX),
    JX_INT(struct gw_item_head, epoch, "epoch", 0, 0, NUMBER_MAX),
    JX_INT(struct gw_item_head, revision, "revision", 0, 0, NUMBER_MAX),
    JX_BOOL(struct gw_item_head, forced, "forced", 0),
    /* RAW, so that what is odd in one item stays in that item */
    JX_RAW(struct gw_item_head, quiesced, "agentQuiesced", 0, TEXT_MAX),
    JX_RAW(struct gw_item_head, endpoint, "endpoint", 0, 2 * ITEM_MAX),
    JX_RAW(struct gw_item_head, network, "network", 0, 2 * ITEM_MAX),
    JX_RAW(struct gw_item_head, cloud, "cloudConfig", 0, 2 * ITEM_MAX),
    JX_RAW(struct gw_item_head, pools, "machinepoolconfig", 0, 2 * ITEM_MAX),
    JX_RAW(struct gw_item_head, agent, "agent", 0, 2 * ITEM_MAX),
    JX_RAW(struct gw_item_head, machines, "machines", 0, 2 * ITEM_MAX),
};

static const struct jx_field endpoint_fields[] = {
    JX_TEXT(struct gw_item_endpoint, host, 0),
    JX_INT(struct gw_item_endpoint, port, "port", 0, 0, PORT_MAX),
    JX_BOOL(struct gw_item_endpoint, managed, "managed", 0),
};
static const struct jx_field network_fields[] = {
    JX_TEXT_AS(struct gw_item_network, pod_cidr, "podCidr", 0),
    JX_TEXT_AS(struct gw_item_network, service_cidr, "serviceCidr", 0),
};
static const struct jx_field cloud_fields[] = {
    JX_TEXT(struct gw_item_cloud, domain, 0),
    JX_RAW(struct gw_item_cloud, ssh_keys, "sshKeys", 0, ITEM_MAX),
    JX_RAW(struct gw_item_cloud, ntp_servers, "ntpServers", 0, ITEM_MAX),
};
static const struct jx_field type_fields[] = {
    JX_INT(struct gw_pool_type, cpu, "minCPU", 0, 0, NUMBER_MAX),
    JX_INT(struct gw_pool_type, mem_mb, "minMemInMB", 0, 0, NUMBER_MAX),
    JX_INT(struct gw_pool_type, disk_gb, "minDiskSizeInGB", 0, 0, INT32_MAX),
};
static const struct jx_field pool_cloud_fields[] = {
    JX_TEXTS(struct gw_pool_cloud, azs, n_azs, "azs", 0),
    JX_TEXTS(struct gw_pool_cloud, tags, n_tags, "tags", 0),
    JX_TEXT_AS(struct gw_pool_cloud, pool, "resourcePool", 0),
    JX_OBJECT(struct gw_pool_cloud, type, "instanceType", 0, type_fields),
};
static const struct jx_field pool_config_fields[] = {
    JX_TEXT(struct gw_pool_config, name, JX_MUST),
    JX_INT(struct gw_pool_config, size, "size", JX_MUST, 0, GW_INVENTORY_MAX),
    JX_BOOL(struct gw_pool_config, control_plane, "isControlPlane", 0),
};
static const struct jx_field pool_fields[] = {
    JX_OBJECT(struct gw_pool, cloud, "cloudConfig", 0, pool_cloud_fields),
    JX_OBJECT(struct gw_pool, config, "poolConfig", JX_MUST, pool_config_fields),
};
static const struct jx_field agent_fields[] = {
    JX_TEXT(struct gw_item_agent, url, 0),
    JX_OWNED(struct gw_item_agent, ca_cert, "caCert", 0, PEM_MAX),
    JX_OWNED(struct gw_item_agent, join_token, "joinToken", 0, TEXT_MAX),
    JX_BOOL(struct gw_item_agent, registered, "registered", 0),
};
static const struct jx_field machine_fields[] = {
    JX_TEXT(struct gw_item_machine, uid, 0),
    JX_TEXT_AS(struct gw_item_machine, sid, "systemId", JX_MUST),
    JX_TEXT(struct gw_item_machine, pool, 0),
};
static const struct jx_field body_fields[] = {
    JX_OBJECT(struct gw_item_body, endpoint, "endpoint", 0, endpoint_fields),
    JX_OBJECT(struct gw_item_body, network, "network", 0, network_fields),
    JX_OBJECT(struct gw_item_body, cloud, "cloudConfig", 0, cloud_fields),
    JX_ARRAY(struct gw_item_body, pools, n_pools, "machinepoolconfig", 0, pool_fields),
    JX_OBJECT(struct gw_item_body, agent, "agent", 0, agent_fields),
    JX_ARRAY(struct gw_item_body, machines, n_machines, "machines", 0, machine_fields),
};
/* clang-format on */

static void part_add(struct buf *out, const char *name, const char *raw)
{
    if (!raw)
        return;
    buf_printf(out, "%c\"%s\":", out->len > 0 ? ',' : '{', name);
    buf_text_add(out, raw);
}

static bool body_read(const struct gw_item_head *h, struct gw_item_body *ret)
{
    struct buf text SCOPED(buf_drop);
    bool good;

    buf_init(&text, MIB(1));
    part_add(&text, "endpoint", h->endpoint);
    part_add(&text, "network", h->network);
    part_add(&text, "cloudConfig", h->cloud);
    part_add(&text, "machinepoolconfig", h->pools);
    part_add(&text, "agent", h->agent);
    part_add(&text, "machines", h->machines);
    buf_text_add(&text, text.len > 0 ? "}" : "{}");
    good = !text.full &&
           jx_read(buf_text(&text), text.len, body_fields, COUNTOF(body_fields), 0, ret, NULL) == 0;
    gw_wipe(&text); /* it holds the join token */
    return good;
}

/* GP-56: without a marker of the right form nothing is done. */
static bool marker_is_fine(const char *marker)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    const size_t len = marker ? strlen(marker) : 0;

    return len >= MARKER_MIN && len <= MARKER_MAX && strspn(marker, fine) == len;
}

static bool pools_are_fine(const struct gw_item_body *b)
{
    size_t all = 0;
    bool control_plane = false;

    for (size_t i = 0; i < b->n_pools; i++) {
        const struct gw_pool_config *pool = &b->pools[i].config;

        all += (size_t)pool->size;
        control_plane = control_plane || (pool->control_plane && pool->size > 0);
        for (size_t k = 0; k < i; k++)
            if (text_is(b->pools[k].config.name, pool->name))
                return false;
    }
    return control_plane && all <= GW_INVENTORY_MAX;
}

struct gw_item *gw_item_new(struct gw_item_head *head)
{
    struct gw_item *item = calloc(1, sizeof *item);

    if (!item)
        WRONG("no memory");
    item->head = *head;
    memset(head, 0, sizeof *head);
    item->present = text_is(item->head.desired, "present");
    item->odd = !body_read(&item->head, &item->body) || !marker_is_fine(item->head.marker) ||
                !item->head.config_uid || !item->head.config_uid[0] ||
                (item->present &&
                 (!pools_are_fine(&item->body) || !item->head.image || !item->head.image[0]));
    if (item->body.endpoint.port == 0)
        item->body.endpoint.port = PORT_API;
    return item;
}

void gw_item_bootstrap(struct gw_item *item)
{
    struct gw_item_body *b = &item->body;
    bool found = false;

    for (size_t i = 0; i < b->n_pools; i++) {
        struct gw_pool_config *p = &b->pools[i].config;
        const bool first = p->control_plane && p->size > 0 && !found;

        found = found || first;
        p->size = first ? 1 : 0;
    }
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
}

void gw_item_free(struct gw_item *item)
{
    if (!item)
        return;
    wipe(item->head.agent);
    wipe(item->body.agent.join_token);
    wipe(item->body.agent.ca_cert);
    jx_drop(gw_item_head_fields, GW_ITEM_HEAD_FIELDS, &item->head);
    jx_drop(body_fields, COUNTOF(body_fields), &item->body);
    free(item);
}

bool gw_item_quiesced(const struct gw_item *item)
{
    return !text_is(item->head.quiesced, "false");
}
