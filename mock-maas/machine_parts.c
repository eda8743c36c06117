/* A machine's network interface and its disks, as MAAS 3.7.3 shows them. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define MIB_4     (INT64_C(4) << 20)
#define MIB_5     (INT64_C(5) << 20)
#define MIB_6     (INT64_C(6) << 20)
#define BOOT_SIZE (INT64_C(512) << 20)

/* --- network ---------------------------------------------------------------------------------- */

static void uri(struct pyjson *j, const struct maas_machine *one, const char *kind, int64_t id,
                const char *tail)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, MAAS_API "nodes/%s/%s/%" PRId64 "%s", one->system_id, kind, id, tail);
    pyjson_text(j, "resource_uri", buf_text(&text));
}

/* What was seen on the wire when it was commissioned. */
static void lease_write(struct pyjson *j, const struct maas *m, const struct maas_nic *nic)
{
    const struct maas_subnet *s = nic->lease[0] ? maas_subnet_of(m, nic->lease) : NULL;

    if (!nic->lease[0]) {
        pyjson_word(j, "discovered", "null");
        return;
    }
    pyjson_open(j, "discovered", '[');
    pyjson_open(j, NULL, '{');
    if (s)
        maas_subnet_write(j, "subnet", m, s);
    pyjson_text(j, "ip_address", nic->lease);
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

static const struct maas_subnet *subnet_by_id(const struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->net.n_subnets; i++)
        if (m->net.subnets[i].id == id)
            return &m->net.subnets[i];
    return NULL;
}

static const char *link_mode(const struct maas_nic *nic)
{
    if (nic->is_static)
        return "static";
    return nic->no_address ? "link_up" : "auto";
}

/* The address is absent until it is assigned. */
static void links_write(struct pyjson *j, const struct maas *m, const struct maas_nic *nic)
{
    const struct maas_subnet *s = subnet_by_id(m, nic->subnet);

    pyjson_open(j, "links", '[');
    if (nic->link) {
        pyjson_open(j, NULL, '{');
        pyjson_int(j, "id", nic->link);
        pyjson_text(j, "mode", link_mode(nic));
        if (nic->ip[0])
            pyjson_text(j, "ip_address", nic->ip);
        if (s)
            maas_subnet_write(j, "subnet", m, s);
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
}

static void nic_kind_write(struct pyjson *j, const struct maas_hardware *h)
{
    const int64_t speed = h ? h->link_speed : 0;

    pyjson_text_or_null(j, "product", h ? h->nic_product : "");
    pyjson_text_or_null(j, "vendor", h ? h->nic_vendor : "");
    pyjson_text_or_null(j, "firmware_version", h ? h->nic_firmware : "");
    pyjson_int(j, "link_speed", speed);
    pyjson_int(j, "interface_speed", speed);
}

/* A bridge stands on one interface. */
static void relatives_write(struct pyjson *j, const struct maas_machine *one,
                            const struct maas_nic *nic)
{
    pyjson_open(j, "parents", '[');
    for (size_t i = 0; i < one->n_nics; i++)
        if (nic->parent && one->nics[i].id == nic->parent)
            pyjson_text(j, NULL, one->nics[i].name);
    pyjson_close(j, ']');
    pyjson_open(j, "children", '[');
    for (size_t i = 0; i < one->n_nics; i++)
        if (one->nics[i].parent == nic->id)
            pyjson_text(j, NULL, one->nics[i].name);
    pyjson_close(j, ']');
    pyjson_open(j, "params", '{');
    if (nic->parent) {
        pyjson_int(j, "bridge_fd", nic->forward_delay);
        pyjson_bool(j, "bridge_stp", nic->stp);
        pyjson_text(j, "bridge_type", nic->ovs ? "ovs" : "standard");
    }
    pyjson_close(j, '}');
}

void maas_nic_write(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one, const struct maas_nic *nic)
{
    pyjson_open(j, name, '{');
    nic_kind_write(j, nic->parent ? NULL : one->hardware);
    relatives_write(j, one, nic);
    lease_write(j, m, nic);
    pyjson_text(j, "system_id", one->system_id);
    pyjson_word(j, "tags", "[]");
    links_write(j, m, nic);
    pyjson_int(j, "id", nic->id);
    pyjson_int(j, "effective_mtu", 1500);
    pyjson_word(j, "numa_node", nic->parent ? "null" : "0");
    pyjson_int(j, "sriov_max_vf", 0);
    if (nic->vlan)
        maas_vlan_write(j, "vlan", m, nic->vlan);
    else
        pyjson_word(j, "vlan", "null");
    pyjson_text(j, "name", nic->name);
    pyjson_text(j, "type", nic->parent ? "bridge" : "physical");
    pyjson_bool(j, "enabled", true);
    pyjson_text(j, "mac_address", nic->mac);
    pyjson_bool(j, "link_connected", true);
    uri(j, one, "interfaces", nic->id, "/");
    pyjson_close(j, '}');
}

/* --- disks ------------------------------------------------------------------------------------ */

static void uuid(struct pyjson *j, const struct maas_machine *one, size_t i, const char *what)
{
    struct buf text SCOPED(buf_drop) = {0};
    char made[37];

    buf_init(&text, 256);
    buf_printf(&text, "%s %s %zu", what, one->system_id, i);
    maas_uuid_make(buf_text(&text), made);
    pyjson_text(j, "uuid", made);
}

static int64_t whole(int64_t bytes)
{
    return bytes / MIB_4 * MIB_4;
}

static bool is_parted(const struct maas_machine *one, const struct maas_disk *d)
{
    return d->root && !one->bare;
}

/* What a file system could have of an unused disk. */
static int64_t free_size(const struct maas_disk *d)
{
    return whole(d->size - MIB_6);
}

/* Others than amd64 have a partition for /boot; amd64 keeps a megabyte for GRUB. */
static bool boots_apart(const struct maas_machine *one)
{
    return strncmp(one->architecture, "amd64", 5) != 0;
}

static int64_t root_size(const struct maas_machine *one, const struct maas_disk *d)
{
    return boots_apart(one) ? whole(d->size - MIB_5 - BOOT_SIZE) : whole(d->size - MIB_6);
}

static int64_t used_size(const struct maas_machine *one, const struct maas_disk *d)
{
    return root_size(one, d) + (boots_apart(one) ? MIB_5 + BOOT_SIZE : MIB_6);
}

struct partition {
    const char *fstype, *label, *mount_point;
    int64_t id, size, number;
    bool bootable;
};

/* What a deployment had is gone as soon as its release begins, and what a Ready machine has is back
 * when it ends. */
static bool is_bare(const struct maas_machine *one)
{
    return one->status == MAAS_RELEASING || one->status == MAAS_FAILED_RELEASING;
}

static void filesystem_write(struct pyjson *j, const struct maas_machine *one,
                             const struct partition *p)
{
    if (is_bare(one)) {
        pyjson_word(j, "filesystem", "null");
        return;
    }
    pyjson_open(j, "filesystem", '{');
    pyjson_text(j, "fstype", p->fstype);
    pyjson_text(j, "label", p->label);
    uuid(j, one, (size_t)p->id, "filesystem");
    pyjson_text(j, "mount_point", p->mount_point);
    pyjson_word(j, "mount_options", "null");
    pyjson_close(j, '}');
}

static void partition_write(struct pyjson *j, const struct maas_machine *one,
                            const struct maas_disk *d, const struct partition *p)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    pyjson_open(j, NULL, '{');
    uuid(j, one, (size_t)p->id, "partition");
    pyjson_int(j, "size", p->size);
    pyjson_bool(j, "bootable", p->bootable);
    pyjson_word(j, "tags", "[]");
    filesystem_write(j, one, p);
    pyjson_int(j, "device_id", d->id);
    pyjson_text(j, "system_id", one->system_id);
    buf_printf(&text, "%s formatted filesystem mounted at %s", p->fstype, p->mount_point);
    pyjson_text(j, "used_for", is_bare(one) ? "Unused" : buf_text(&text));
    buf_clear(&text);
    buf_printf(&text, "/dev/disk/by-dname/%s-part%" PRId64, d->name, p->number);
    pyjson_text(j, "path", buf_text(&text));
    pyjson_int(j, "id", p->id);
    pyjson_text(j, "type", "partition");
    buf_clear(&text);
    buf_printf(&text, "/partition/%" PRId64, p->id);
    uri(j, one, "blockdevices", d->id, buf_text(&text));
    pyjson_close(j, '}');
}

static void partitions_write(struct pyjson *j, const struct maas_machine *one,
                             const struct maas_disk *d)
{
    const struct partition root = {"ext4", "root", "/", 2 * d->id, root_size(one, d), 2, false};
    const struct partition boot = {"ext4", "boot", "/boot", 2 * d->id - 1, BOOT_SIZE, 1, true};

    pyjson_open(j, "partitions", '[');
    if (is_parted(one, d) && boots_apart(one))
        partition_write(j, one, d, &boot);
    if (is_parted(one, d))
        partition_write(j, one, d, &root);
    pyjson_close(j, ']');
}

static const char *use_of(const struct maas_machine *one, const struct maas_disk *d)
{
    if (!is_parted(one, d))
        return "Unused";
    return boots_apart(one) ? "GPT partitioned with 2 partitions"
                            : "GPT partitioned with 1 partition";
}

static void device(struct pyjson *j, const char *name, const char *head, const struct maas_disk *d)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 64);
    buf_printf(&text, "%s%s", head, d->name);
    pyjson_text(j, name, buf_text(&text));
}

static void tags(struct pyjson *j, const struct maas_disk *d)
{
    const char *rest = d->tags;
    char tag[64];

    pyjson_open(j, "tags", '[');
    while (text_next(&rest, ',', tag, sizeof(tag)))
        pyjson_text(j, NULL, tag);
    pyjson_close(j, ']');
}

/* One disk carries "/"; the others are unused. */
void maas_disk_write(struct pyjson *j, const char *name, const struct maas_machine *one, size_t i,
                     bool in_machine)
{
    const struct maas_disk *d = &one->disks[i];

    pyjson_open(j, name, '{');
    if (in_machine)
        pyjson_word(j, "firmware_version", "null");
    pyjson_word(j, "uuid", "null");
    pyjson_int(j, "size", d->size);
    pyjson_text(j, "system_id", one->system_id);
    pyjson_int(j, "available_size", is_parted(one, d) ? 0 : free_size(d));
    device(j, "id_path", "/dev/", d);
    tags(j, d);
    pyjson_int(j, "id", d->id);
    pyjson_word(j, "filesystem", "null");
    pyjson_int(j, "numa_node", 0);
    pyjson_text(j, "name", d->name);
    pyjson_int(j, "used_size", is_parted(one, d) ? used_size(one, d) : 0);
    pyjson_text(j, "type", "physical");
    pyjson_text(j, "model", d->model);
    pyjson_text(j, "serial", d->serial);
    pyjson_word(j, "storage_pool", "null");
    pyjson_text(j, "used_for", use_of(one, d));
    pyjson_int(j, "block_size", d->block_size);
    partitions_write(j, one, d);
    device(j, "path", "/dev/disk/by-dname/", d);
    pyjson_text_or_null(j, "partition_table_type", is_parted(one, d) ? "GPT" : "");
    uri(j, one, "blockdevices", d->id, "/");
    pyjson_close(j, '}');
}
