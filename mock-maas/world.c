/* What there is in this MAAS: as it installs itself, and what our labs have besides. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

static struct maas_named *named_add(struct maas_named *list, size_t *n, size_t max,
                                    int64_t *next_id, const char *name, const char *description)
{
    struct maas_named *one;

    if (*n == max)
        return NULL;
    one = &list[(*n)++];
    *one = (struct maas_named){.id = (*next_id)++};
    text_copy(one->name, sizeof(one->name), name);
    text_copy(one->description, sizeof(one->description), description);
    return one;
}

struct maas_named *maas_zone_add(struct maas *m, const char *name, const char *description)
{
    return named_add(m->zones, &m->n_zones, MAAS_ZONES_MAX, &m->next_zone_id, name, description);
}

struct maas_named *maas_pool_add(struct maas *m, const char *name, const char *description)
{
    return named_add(m->pools, &m->n_pools, MAAS_POOLS_MAX, &m->next_pool_id, name, description);
}

struct maas_tag *maas_tag_add(struct maas *m, const struct maas_tag *tag)
{
    if (m->n_tags == MAAS_TAGS_MAX)
        return NULL;
    m->tags[m->n_tags] = *tag;
    return &m->tags[m->n_tags++];
}

bool maas_image_add(struct maas *m, const struct maas_image *image)
{
    struct maas_image *one = &m->images[m->n_images];

    if (m->n_images == MAAS_IMAGES_MAX)
        return false;
    *one = *image;
    one->id = (int64_t)++m->n_images;
    return true;
}

void maas_world_fresh(struct maas *m)
{
    m->n_images = m->n_records = 0;
    m->n_zones = m->n_pools = m->n_tags = 0;
    maas_net_fresh(m);
    m->next_zone_id = 1;
    m->next_pool_id = 0;
    maas_zone_add(m, "default", "");
    maas_pool_add(m, "default", "Default pool");
    m->n_domains = 1;
    m->next_domain_id = 1;
    m->default_domain = 0;
    maas_settings_fresh(m);
    m->domains[0] = (struct maas_domain){.id = 0, .name = "maas", .authoritative = true};
}

void maas_world_lab(struct maas *m)
{
    maas_world_fresh(m);
    maas_zone_add(m, "z1", "first row of the lab");
    maas_zone_add(m, "z2", "second row of the lab");
    maas_pool_add(m, "p1", "machines for clusters");
    maas_tag_add(m, &(struct maas_tag){.name = "virtual"});
    maas_tag_add(m, &(struct maas_tag){.name = "t1", .comment = "a tag of the lab"});
    maas_subnet_add(m, &(struct maas_subnet){.id = MAAS_NEXT_ID,
                                             .name = "private",
                                             .cidr = "10.10.0.0/24",
                                             .gateway_ip = "10.10.0.1",
                                             .n_dns_servers = 1,
                                             .dns_servers = {"10.10.0.53"}});
    maas_vlan_default(m)->dhcp_on = true;
    maas_image_add(m, &(struct maas_image){.name = "ubuntu/jammy",
                                           .architecture = "amd64/ga-22.04",
                                           .complete = true});
    maas_image_add(m, &(struct maas_image){.name = "u-2204-k8s-1.30",
                                           .architecture = "amd64/generic",
                                           .uploaded = true,
                                           .complete = true});
}

/* 3.5 leaves a deployment half an hour, 3.7 an hour. */
void maas_durations_fresh(struct maas *m)
{
    for (unsigned d = 0; d < MAAS_DURATION_COUNT; d++)
        m->takes[d] = maas_takes((enum maas_duration)d);
    if (!maas_is_37(m))
        m->takes[MAAS_LIMIT_DEPLOY] = MINUTES(30);
}
