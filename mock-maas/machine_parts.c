/* A machine's network interface and its disks, as MAAS 3.7.3 shows them. */
#include "mock-maas/model.h"

#include "lib/base/digest.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define MIB_4 (INT64_C(4) << 20)
#define MIB_6 (INT64_C(6) << 20)

/* --- network ---------------------------------------------------------------------------------- */

static void uri(struct pyjson *j, const struct maas_machine *one, const char *kind, int64_t id,
                const char *tail)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, MAAS_API "nodes/%s/%s/%" PRId64 "%s", one->system_id, kind, id, tail);
    pyjson_text(j, "resource_uri", buf_text(&text));
}

static void lease_write(struct pyjson *j, const struct maas_subnet *s,
                        const struct maas_machine *one)
{
    pyjson_open(j, "discovered", '[');
    pyjson_open(j, NULL, '{');
    if (s)
        maas_subnet_write(j, "subnet", s);
    pyjson_text(j, "ip_address", one->lease);
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

/* The address is absent until it is assigned. */
static void links_write(struct pyjson *j, const struct maas_subnet *s,
                        const struct maas_machine *one)
{
    pyjson_open(j, "links", '[');
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "id", one->id);
    pyjson_text(j, "mode", "auto");
    if (one->addressed)
        pyjson_text(j, "ip_address", one->ip);
    if (s)
        maas_subnet_write(j, "subnet", s);
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

void maas_nic_write(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one)
{
    const struct maas_subnet *s = maas_subnet_of(m, one->ip);

    pyjson_open(j, name, '{');
    pyjson_text(j, "product", "My Gigabit Network Connection");
    pyjson_word(j, "parents", "[]");
    lease_write(j, s, one);
    pyjson_int(j, "link_speed", 10000);
    pyjson_text(j, "system_id", one->system_id);
    pyjson_word(j, "params", "{}");
    pyjson_word(j, "children", "[]");
    pyjson_text(j, "firmware_version", "1.63, 0x800009fa");
    pyjson_word(j, "tags", "[]");
    links_write(j, s, one);
    pyjson_int(j, "id", one->id + 1);
    pyjson_int(j, "effective_mtu", 1500);
    pyjson_int(j, "numa_node", 0);
    pyjson_int(j, "sriov_max_vf", 0);
    if (s)
        maas_vlan_write(j, s);
    else
        pyjson_word(j, "vlan", "null");
    pyjson_text(j, "name", "enp1s0");
    pyjson_text(j, "vendor", "My Corporation");
    pyjson_text(j, "type", "physical");
    pyjson_int(j, "interface_speed", 10000);
    pyjson_bool(j, "enabled", true);
    pyjson_text(j, "mac_address", one->mac);
    pyjson_bool(j, "link_connected", true);
    uri(j, one, "interfaces", one->id + 1, "/");
    pyjson_close(j, '}');
}

/* --- disks ------------------------------------------------------------------------------------ */

static void uuid(struct pyjson *j, const struct maas_machine *one, size_t i, const char *what)
{
    uint8_t hash[SHA256_LEN];
    char hex[2 * 16 + 1];
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, "%s %s %zu", what, one->system_id, i);
    digest_sha256(buf_text(&text), text.len, hash);
    text_hex(hash, 16, hex);
    buf_clear(&text);
    buf_printf(&text, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    pyjson_text(j, "uuid", buf_text(&text));
}

static int64_t partition_size(const struct maas_disk *d)
{
    return (d->size - MIB_6) / MIB_4 * MIB_4;
}

static void root_write(struct pyjson *j, const struct maas_machine *one, size_t i)
{
    pyjson_open(j, "filesystem", '{');
    pyjson_text(j, "fstype", "ext4");
    pyjson_text(j, "label", "root");
    uuid(j, one, i, "filesystem");
    pyjson_text(j, "mount_point", "/");
    pyjson_word(j, "mount_options", "null");
    pyjson_close(j, '}');
}

static void partition_write(struct pyjson *j, const struct maas_machine *one, size_t i)
{
    const struct maas_disk *d = &one->disks[i];
    char tail[64] = "/partition/";
    struct buf text SCOPED(buf_drop) = {0};

    pyjson_open(j, NULL, '{');
    uuid(j, one, i, "partition");
    pyjson_int(j, "size", partition_size(d));
    pyjson_bool(j, "bootable", false);
    pyjson_word(j, "tags", "[]");
    root_write(j, one, i);
    pyjson_int(j, "device_id", d->id);
    pyjson_text(j, "system_id", one->system_id);
    pyjson_text(j, "used_for", "ext4 formatted filesystem mounted at /");
    pyjson_text(j, "path", "/dev/disk/by-dname/sda-part2");
    pyjson_int(j, "id", d->id);
    pyjson_text(j, "type", "partition");
    buf_init(&text, sizeof(tail) - 1);
    buf_printf(&text, "/partition/%" PRId64, d->id);
    text_copy(tail, sizeof(tail), buf_text(&text));
    uri(j, one, "blockdevices", d->id, tail);
    pyjson_close(j, '}');
}

/* sda, sdb, … */
static void device(struct pyjson *j, const char *name, const char *head, size_t i)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 64);
    buf_printf(&text, "%ssd%c", head, (char)('a' + (int)i));
    pyjson_text(j, name, buf_text(&text));
}

static void serial(struct pyjson *j, const struct maas_machine *one, size_t i)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 128);
    buf_printf(&text, "SN-%s-%zu", one->hostname, i);
    pyjson_text(j, "serial", buf_text(&text));
}

/* The first disk carries "/"; the others are unused. */
void maas_disk_write(struct pyjson *j, const char *name, const struct maas_machine *one, size_t i)
{
    const struct maas_disk *d = &one->disks[i];
    const bool root = i == 0;

    pyjson_open(j, name, '{');
    pyjson_word(j, "firmware_version", "null");
    pyjson_word(j, "uuid", "null");
    pyjson_int(j, "size", d->size);
    pyjson_text(j, "system_id", one->system_id);
    pyjson_int(j, "available_size", root ? 0 : partition_size(d));
    device(j, "id_path", "/dev/", i);
    pyjson_word(j, "tags", "[\"ssd\", \"sata\"]");
    pyjson_int(j, "id", d->id);
    pyjson_word(j, "filesystem", "null");
    pyjson_int(j, "numa_node", 0);
    device(j, "name", "", i);
    pyjson_int(j, "used_size", root ? partition_size(d) + MIB_6 : 0);
    pyjson_text(j, "type", "physical");
    pyjson_text(j, "model", "QEMU HARDDISK");
    serial(j, one, i);
    pyjson_word(j, "storage_pool", "null");
    pyjson_text(j, "used_for", root ? "GPT partitioned with 1 partition" : "Unused");
    pyjson_int(j, "block_size", 512);
    pyjson_open(j, "partitions", '[');
    if (root)
        partition_write(j, one, i);
    pyjson_close(j, ']');
    device(j, "path", "/dev/disk/by-dname/", i);
    pyjson_text_or_null(j, "partition_table_type", root ? "GPT" : "");
    uri(j, one, "blockdevices", d->id, "/");
    pyjson_close(j, '}');
}
