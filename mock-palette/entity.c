/* Reading a create request. Unknown fields are ignored and null is absent; what cannot be carried
 * out is refused. */
#include "mock-palette/entity.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define MAP_MAX KIB(16)

static const struct jx_field meta_fields[] = {
    JX_TEXT(struct pal_entity_meta, name, JX_MUST),
    JX_RAW(struct pal_entity_meta, labels, "labels", 0, MAP_MAX),
    JX_RAW(struct pal_entity_meta, annotations, "annotations", 0, MAP_MAX),
};
static const struct jx_field profile_fields[] = {
    JX_TEXT(struct pal_entity_profile, uid, 0),
};

static struct jx_field cloud_row(unsigned flags)
{
    return (struct jx_field){.name = "cloudConfig",
                             .kind = JX_KIND_OBJECT,
                             .flags = flags,
                             .offset = offsetof(struct pal_entity_spec, cloud),
                             .fields = pal_cloud_fields,
                             .n_fields = pal_n_cloud_fields};
}

static struct jx_field pools_row(void)
{
    return (struct jx_field){.name = "machinepoolconfig",
                             .kind = JX_KIND_ARRAY,
                             .flags = JX_MUST,
                             .offset = offsetof(struct pal_entity_spec, pools),
                             .size = sizeof(struct pal_pool),
                             .count_offset = offsetof(struct pal_entity_spec, n_pools),
                             .max = PAL_POOLS_MAX,
                             .fields = pal_pool_fields,
                             .n_fields = pal_n_pool_fields};
}

bool pal_entity_read(struct pal_ask *a, struct pal_entity *ret)
{
    const struct jx_field spec_fields[] = {
        JX_TEXT_AS(struct pal_entity_spec, account_uid, "cloudAccountUid", JX_MUST),
        JX_ARRAY(struct pal_entity_spec, profiles, n_profiles, "profiles", 0, profile_fields),
        cloud_row(JX_MUST), pools_row()};
    const struct jx_field fields[] = {
        JX_OBJECT(struct pal_entity, meta, "metadata", JX_MUST, meta_fields),
        JX_OBJECT(struct pal_entity, spec, "spec", JX_MUST, spec_fields)};

    return pal_body(a, fields, COUNTOF(fields), ret);
}

bool pal_entity_read_priced(struct pal_ask *a, struct pal_entity *ret)
{
    const struct jx_field fields[] = {cloud_row(0), pools_row()};

    return pal_body(a, fields, COUNTOF(fields), &ret->spec);
}

void pal_entity_free(struct pal_entity **e)
{
    if (*e) {
        free((*e)->meta.labels);
        free((*e)->meta.annotations);
    }
    free(*e);
}

bool pal_is_name(const char *name)
{
    const size_t len = strlen(name);

    return len > 0 && len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           name[0] != '-' && name[len - 1] != '-';
}

static const char *pool_fault(const struct pal_pool *pools, size_t i)
{
    if (!pal_is_name(pools[i].name))
        return "a pool needs a name of a-z, 0-9 and -";
    if (pools[i].control_plane && pools[i].size < 1)
        return "a control-plane pool needs a machine";
    for (size_t j = 0; j < i; j++) {
        if (text_is(pools[i].name, pools[j].name))
            return "two pools have one name";
        if (pools[i].control_plane && pools[j].control_plane)
            return "there must be one control-plane pool";
    }
    return NULL;
}

const char *pal_pools_fault(const struct pal_pool *pools, size_t n, size_t *ret_pool_i)
{
    size_t control_planes = 0;
    int64_t size = 0;

    for (size_t i = 0; i < n; i++) {
        const char *fault = pool_fault(pools, i);

        if (fault && ret_pool_i)
            *ret_pool_i = i;
        if (fault)
            return fault;
        control_planes += pools[i].control_plane;
        size += pools[i].size;
    }
    if (control_planes != 1)
        return "there must be one control-plane pool";
    return size > PAL_MACHINES_MAX ? "a cluster has at most 100 machines" : NULL;
}

bool pal_annotations_merge(struct pal_labels *annotations, const char *json)
{
    static const char *const ours[] = {"overlordUid", "projectUid", "tenantUid", "scope"};
    struct pal_labels all = {.n = 0};

    if (!pal_labels_merge(&all, json))
        return false;
    for (size_t i = 0; i < all.n; i++) {
        bool mine = false;

        for (size_t j = 0; j < COUNTOF(ours); j++)
            mine = mine || text_is(all.at[i].key, ours[j]);
        if (!mine)
            annotations->at[annotations->n++] = all.at[i];
    }
    return true;
}
