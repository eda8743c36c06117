/* Machines and users as MAAS tells them. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct jx_field marks_fields[] = {
    JX_TEXT_AS(struct gw_marks, pcg, "gateproof.pcg", 0),
    JX_TEXT_AS(struct gw_marks, cluster, "gateproof.cluster", 0),
    JX_TEXT_AS(struct gw_marks, pool, "gateproof.pool", 0),
    JX_TEXT_AS(struct gw_marks, role, "gateproof.role", 0),
};
static const struct jx_field named_fields[] = {
    JX_TEXT(struct gw_named, name, 0),
};
static const struct jx_field host_fields[] = {
    JX_TEXT(struct gw_vm_host, name, 0),
    JX_INT(struct gw_vm_host, id, "id", 0, INT64_MIN, INT64_MAX),
};
static const struct jx_field disk_fields[] = {
    JX_INT(struct gw_disk, bytes, "size", 0, 0, INT64_MAX),
};
static const struct jx_field subnet_fields[] = {
    JX_TEXT(struct gw_subnet, cidr, 0),
};
static const struct jx_field link_fields[] = {
    JX_OBJECT(struct gw_link, subnet, "subnet", 0, subnet_fields),
};
static const struct jx_field card_fields[] = {
    JX_ARRAY(struct gw_card, links, n_links, "links", 0, link_fields),
};
static const struct jx_field seen_fields[] = {
    JX_TEXT_AS(struct gw_seen, sid, "system_id", JX_MUST),
    JX_TEXT(struct gw_seen, hostname, 0),
    JX_TEXT(struct gw_seen, owner, 0),
    JX_TEXT_AS(struct gw_seen, arch, "architecture", 0),
    JX_INT(struct gw_seen, status, "status", JX_MUST, INT32_MIN, INT32_MAX),
    JX_INT(struct gw_seen, cpu, "cpu_count", 0, 0, INT64_MAX),
    JX_INT(struct gw_seen, mem_mb, "memory", 0, 0, INT64_MAX),
    /* the older name first: who has both says the same in both */
    JX_OBJECT(struct gw_seen, marks, "owner_data", 0, marks_fields),
    JX_OBJECT(struct gw_seen, marks, "workload_annotations", 0, marks_fields),
    JX_OBJECT(struct gw_seen, zone, "zone", 0, named_fields),
    JX_OBJECT(struct gw_seen, pool, "pool", 0, named_fields),
    JX_OBJECT(struct gw_seen, vm_host, "pod", 0, host_fields),
    JX_TEXTS(struct gw_seen, addresses, n_addresses, "ip_addresses", 0),
    JX_TEXTS(struct gw_seen, tags, n_tags, "tag_names", 0),
    JX_ARRAY(struct gw_seen, disks, n_disks, "blockdevice_set", 0, disk_fields),
    JX_ARRAY(struct gw_seen, cards, n_cards, "interface_set", 0, card_fields),
};

struct gw_seen *gw_seen_new(void)
{
    struct gw_seen *s = calloc(1, sizeof *s);

    if (!s)
        WRONG("no memory");
    return s;
}

void gw_seen_free(struct gw_seen *s)
{
    free(s);
}

static bool is_sid(const char *sid)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    return sid[0] && !sid[strspn(sid, fine)]; /* it goes into paths */
}

bool gw_seen_read(const struct http_result *r, struct gw_seen *ret)
{
    return jx_read(buf_text(&r->body), r->body.len, seen_fields, COUNTOF(seen_fields), 0, ret,
                   NULL) == 0 &&
           is_sid(ret->sid);
}

struct list {
    gw_seen_fn *each;
    void *arg;
};

static int one(void *arg, size_t i, const void *element)
{
    const struct list *l = arg;
    const struct gw_seen *seen = element;

    (void)i;
    if (is_sid(seen->sid))
        l->each(l->arg, seen);
    return 0;
}

static void seen_free(struct gw_seen **s)
{
    gw_seen_free(*s);
}

bool gw_seen_list(const struct http_result *r, gw_seen_fn *each, void *arg)
{
    struct gw_seen *seen SCOPED(seen_free) = gw_seen_new();
    struct list l = {.each = each, .arg = arg};

    return jx_read_list(buf_text(&r->body), r->body.len, seen_fields, COUNTOF(seen_fields), 0, seen,
                        sizeof *seen, one, &l, NULL) == 0;
}

static const struct jx_field user_fields[] = {
    JX_TEXT_AS(struct gw_user, name, "username", JX_MUST),
    JX_BOOL(struct gw_user, admin, "is_superuser", 0),
};

bool gw_user_read(const struct http_result *r, struct gw_user *ret)
{
    struct gw_user user = {0};

    if (jx_read(buf_text(&r->body), r->body.len, user_fields, COUNTOF(user_fields), 0, &user,
                NULL) < 0 ||
        !user.name[0])
        return false;
    *ret = user;
    return true;
}
