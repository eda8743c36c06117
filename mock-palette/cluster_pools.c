/* Pools of a cluster as a user changes them. Who carries a change out is not asked here: the item's
 * revision rises while the gateway owns, and the agent's assignment changes while the cluster does.
 */
#include "mock-palette/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

/* GET /v1/cloudconfigs/maas/{configUid} */
void pal_config(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, HTTP_BODY_MAX);
    pal_config_write(a, a->cluster, &body);
    pal_answer(a, 200, buf_text(&body));
}

static bool change(struct pal_ask *a)
{
    const struct pal_move m = {.kind = PAL_MOVE_CHANGE, .now = a->ctx->now};

    return pal_cluster_ask(a, a->cluster, &m, "pools changed by the user");
}

static void cloud_free(struct pal_cloud **cloud)
{
    free(*cloud);
}

/* PUT /v1/cloudconfigs/maas/{configUid}/clusterConfig: the domain is part of names that are given
 * out already, so that it stays. */
void pal_config_put(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cloud *new SCOPED(cloud_free) = malloc(sizeof(*new));
    const struct jx_field fields[] = {{.name = "clusterConfig",
                                       .kind = JX_KIND_OBJECT,
                                       .flags = JX_MUST,
                                       .fields = pal_cloud_fields,
                                       .n_fields = pal_n_cloud_fields}};

    if (!new)
        WRONG("out of memory");
    *new = a->cluster->cloud;
    if (!pal_body(a, fields, COUNTOF(fields), new) ||
        pal_no(a, PAL_NO_DOMAIN_STAYS, !text_is(new->domain, a->cluster->cloud.domain)) ||
        !change(a))
        return;
    a->cluster->cloud = *new;
    pal_answer(a, 204, NULL);
}

static int64_t size_without(const struct pal_cluster *c, const struct pal_pool *but)
{
    int64_t size = 0;

    for (size_t i = 0; i < c->n_pools; i++)
        size += &c->pools[i] == but ? 0 : c->pools[i].size;
    return size;
}

static bool pool_fits(struct pal_ask *a, const struct pal_pool *new, const struct pal_pool *old)
{
    const char *fault = NULL;

    if (!new->name[0] ||
        new->name[strspn(new->name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
        fault = "name: must be of a-z, 0-9 and -";
    else if (old && old->control_plane && new->size < 1)
        fault = "size: a control-plane pool needs a machine";
    else if (!old && new->control_plane)
        fault = "isControlPlane: there is a control-plane pool";
    else if (size_without(a->cluster, old) + new->size > PAL_MACHINES_MAX)
        fault = "size: a cluster has at most 100 machines";
    return !pal_no_text(a, PAL_NO_POOL_CONFIG, fault != NULL, fault);
}

/* POST /v1/cloudconfigs/maas/{configUid}/machinePools */
void pal_pool_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cluster *c = a->cluster;
    struct pal_pool pool = {.size = 0};
    char uid[PAL_UID_MAX];

    if (!pal_body(a, pal_pool_fields, pal_n_pool_fields, &pool) || !pool_fits(a, &pool, NULL))
        return;
    if (pal_no(a, PAL_NO_POOL_EXISTS, pal_pool_find(c, pool.name)))
        return;
    if (pal_no(a, PAL_NO_POOLS_FULL, c->n_pools == PAL_POOLS_MAX))
        return;
    if (!change(a))
        return;
    c->pools = pal_grow(c->pools, c->n_pools, sizeof(pool));
    c->pools[c->n_pools++] = pool;
    pal_uid_make(a->p, uid);
    pal_answer_uid(a, uid);
}

static struct pal_pool *pool_of(struct pal_ask *a)
{
    struct pal_pool *pool = pal_pool_find(a->cluster, http_var(&a->vars, "pool"));

    pal_no(a, PAL_NO_POOL_UNKNOWN, !pool);
    return pool;
}

/* PUT …/machinePools/{pool}: what is absent stays; name and kind of a pool never change. */
void pal_pool_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_pool *pool = pool_of(a), new;

    if (!pool)
        return;
    new = *pool;
    if (!pal_body(a, pal_pool_fields, pal_n_pool_fields, &new))
        return;
    text_copy(new.name, sizeof(new.name), pool->name);
    new.control_plane = pool->control_plane;
    if (!pool_fits(a, &new, pool) || !change(a))
        return;
    *pool = new;
    pal_answer(a, 204, NULL);
}

/* DELETE …/machinePools/{pool} */
void pal_pool_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_cluster *c = a->cluster;
    struct pal_pool *pool = pool_of(a);

    if (!pool)
        return;
    if (pal_no(a, PAL_NO_POOL_CONTROL_PLANE, pool->control_plane))
        return;
    if (!change(a))
        return;
    memmove(pool, pool + 1, (size_t)(&c->pools[--c->n_pools] - pool) * sizeof(*pool));
    pal_answer(a, 204, NULL);
}
