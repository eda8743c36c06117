/* What a user sends to make a cluster (v1SpectroMaasClusterEntity), for those who read it: create,
 * validate, rate. A struct entity is large: on the heap. */
#ifndef MOCK_PALETTE_ENTITY_H
#define MOCK_PALETTE_ENTITY_H

#include "mock-palette/public.h"

struct pal_entity {
    struct pal_entity_meta {
        char name[64];
        char *labels, *annotations; /* JSON */
    } meta;
    struct pal_entity_spec {
        char account_uid[PAL_UID_MAX];
        struct pal_cloud cloud;
        size_t n_pools;
        struct pal_pool pools[PAL_POOLS_MAX];
        size_t n_profiles;
        struct pal_entity_profile {
            char uid[PAL_UID_MAX];
        } profiles[PAL_PROFILES_MAX];
    } spec;
};
bool pal_entity_read(struct pal_ask *a, struct pal_entity *ret); /* false: refused */
/* The body of rate: only what is priced. */
bool pal_entity_read_priced(struct pal_ask *a, struct pal_entity *ret);
void pal_entity_free(struct pal_entity **e);

bool pal_is_name(const char *name); /* fit to be part of a host name */
/* What is wrong with the pools together, and with which (ret_pool_i may be NULL); NULL: nothing. */
const char *pal_pools_fault(const struct pal_pool *pools, size_t n, size_t *ret_pool_i);
/* As labels, but those that Palette writes itself are left out. */
bool pal_annotations_merge(struct pal_labels *annotations, const char *json);

#endif
