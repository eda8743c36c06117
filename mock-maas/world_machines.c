/* Machines in a world file: kinds of hardware, what commissioning will find, and what is there. */
#include "mock-maas/world_rows.h"

#include "lib/base/text.h"

#include <string.h>

struct info_row {
    char name[40], value[64];
};
static const struct jx_field info_fields[] = {
    JX_TEXT(struct info_row, name, JX_MUST),
    JX_TEXT(struct info_row, value, JX_MUST),
};
struct kind_row {
    struct maas_hardware kind;
    size_t n_info;
    struct info_row info[18];
};
static const struct jx_field kind_fields[] = {
    JX_TEXT_AS(struct kind_row, kind.name, "name", JX_MUST),
    JX_ARRAY(struct kind_row, info, n_info, "info", 0, info_fields),
    JX_TEXT_AS(struct kind_row, kind.nic_vendor, "nic_vendor", 0),
    JX_TEXT_AS(struct kind_row, kind.nic_product, "nic_product", 0),
    JX_TEXT_AS(struct kind_row, kind.nic_firmware, "nic_firmware", 0),
    JX_TEXT_AS(struct kind_row, kind.disk_model, "disk_model", 0),
    JX_INT(struct kind_row, kind.cpu_speed, "cpu_speed", 0, 0, INT32_MAX),
    JX_INT(struct kind_row, kind.link_speed, "link_speed", 0, 0, INT32_MAX),
    JX_TEXT_AS(struct kind_row, kind.lldp, "lldp", 0),
    JX_TEXT_AS(struct kind_row, kind.lshw, "lshw", 0),
};

static int kind_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    struct kind_row row = *(const struct kind_row *)element;

    for (size_t k = 0; k < row.n_info; k++) {
        size_t f = 0;

        while (f < COUNTOF(row.kind.info) && !text_is(maas_hardware_fields[f], row.info[k].name))
            f++;
        if (f == COUNTOF(row.kind.info))
            return maas_world_refused(r, i, "info: has a name that MAAS does not show");
        text_copy(row.kind.info[f], sizeof(row.kind.info[0]), row.info[k].value);
    }
    return maas_world_placed(maas_hardware_add(r->m, &row.kind), r, i);
}

struct nic_row {
    struct maas_nic nic;
};
static const struct jx_field nic_fields[] = {
    JX_INT(struct maas_nic, id, "id", 0, 1, INT32_MAX),
    JX_INT(struct maas_nic, link, "link", 0, 1, INT32_MAX),
    JX_INT(struct maas_nic, subnet, "subnet", 0, 1, INT32_MAX),
    JX_BOOL(struct maas_nic, no_address, "no_address", 0),
    JX_TEXT(struct maas_nic, name, JX_MUST),
    JX_TEXT(struct maas_nic, mac, JX_MUST),
    JX_TEXT(struct maas_nic, ip, 0),
    JX_TEXT(struct maas_nic, lease, 0),
};
static const struct jx_field disk_fields[] = {
    JX_INT(struct maas_disk, id, "id", 0, 1, INT32_MAX),
    JX_INT(struct maas_disk, size, "size", JX_MUST, 1, INT64_MAX),
    JX_INT(struct maas_disk, block_size, "block_size", 0, 1, 65536),
    JX_TEXT(struct maas_disk, name, JX_MUST),
    JX_TEXT(struct maas_disk, serial, 0),
    JX_TEXT(struct maas_disk, model, 0),
    JX_TEXT(struct maas_disk, tags, 0),
    JX_BOOL(struct maas_disk, root, "root", 0),
};
static const struct jx_field parameter_fields[] = {
    JX_TEXT(struct info_row, name, JX_MUST),
    JX_TEXT(struct info_row, value, JX_MUST),
};
struct machine_row {
    char hostname[64], system_id[8], status[32], owner[64], zone[MAAS_NAME_MAX],
        pool[MAAS_NAME_MAX], hardware[64], power[16], message[160];
    struct maas_machine one;
    size_t n_tags, n_nics, n_disks, n_parameters;
    char tags[MAAS_LABELS_MAX][64];
    struct maas_nic nics[MAAS_NICS_MAX];
    struct maas_disk disks[MAAS_DISKS_MAX];
    struct info_row parameters[8];
};
static const struct jx_field machine_fields[] = {
    JX_TEXT(struct machine_row, hostname, JX_MUST),
    JX_TEXT(struct machine_row, system_id, 0),
    JX_TEXT(struct machine_row, status, 0),
    JX_TEXT(struct machine_row, owner, 0),
    JX_TEXT(struct machine_row, zone, 0),
    JX_TEXT(struct machine_row, pool, 0),
    JX_TEXT(struct machine_row, hardware, 0),
    JX_TEXT(struct machine_row, power, 0),
    JX_TEXT(struct machine_row, message, 0),
    JX_TEXT_AS(struct machine_row, one.architecture, "architecture", JX_MUST),
    JX_TEXT_AS(struct machine_row, one.power_type, "power_type", 0),
    JX_TEXT_AS(struct machine_row, one.uuid, "uuid", 0),
    JX_TEXT_AS(struct machine_row, one.description, "description", 0),
    JX_TEXT_AS(struct machine_row, one.ip, "ip", 0),
    JX_INT(struct machine_row, one.cpu_count, "cpu_count", 0, 0, 4096),
    JX_INT(struct machine_row, one.memory_mb, "memory", 0, 0, INT32_MAX),
    JX_INT(struct machine_row, one.commissioning, "commissioning", 0, 1, INT32_MAX),
    JX_TEXTS(struct machine_row, tags, n_tags, "tags", 0),
    JX_ARRAY(struct machine_row, nics, n_nics, "nics", 0, nic_fields),
    JX_ARRAY(struct machine_row, disks, n_disks, "disks", 0, disk_fields),
    JX_ARRAY(struct machine_row, parameters, n_parameters, "power_parameters", 0, parameter_fields),
};

static int64_t named(const struct maas_named *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i].name, *name ? name : "default"))
            return list[i].id;
    return -1;
}

static void nics_place(struct maas *m, struct maas_machine *one, const struct machine_row *row)
{
    for (size_t i = 0; i < row->n_nics; i++) {
        const struct maas_nic *from = &row->nics[i];
        struct maas_nic *nic = maas_nic_add(m, one, from->name, from->mac);
        const struct maas_subnet *s = from->subnet ? maas_subnet_by_id(m, from->subnet) : NULL;
        const int64_t id = nic->id;

        *nic = *from;
        nic->id = from->id ? from->id : id;
        m->next_nic_id = nic->id > m->next_nic_id ? nic->id : m->next_nic_id;
        nic->vlan = s ? s->vlan : 0;
        if (s && !nic->link)
            nic->link = m->next_link_id + 1;
        m->next_link_id = nic->link > m->next_link_id ? nic->link : m->next_link_id;
    }
}

static void disks_place(struct maas *m, struct maas_machine *one, const struct machine_row *row)
{
    for (size_t i = 0; i < row->n_disks; i++) {
        const struct maas_disk *from = &row->disks[i];
        struct maas_disk *disk = maas_disk_add(m, one, from->name, from->size);
        const int64_t id = disk->id;

        *disk = *from;
        disk->id = from->id ? from->id : id;
        disk->block_size = from->block_size ? from->block_size : 512;
        m->next_disk_id = disk->id > m->next_disk_id ? disk->id : m->next_disk_id;
    }
}

static bool power_place(struct maas_machine *one, const struct machine_row *row)
{
    for (unsigned p = 0; p < MAAS_POWER_COUNT; p++)
        if (text_is(maas_power_name((enum maas_power)p), *row->power ? row->power : "off")) {
            one->power = (enum maas_power)p;
            return true;
        }
    return false;
}

static void texts_place(struct maas_machine *one, const struct machine_row *row)
{
    text_copy(one->architecture, sizeof(one->architecture), row->one.architecture);
    text_copy(one->power_type, sizeof(one->power_type), row->one.power_type);
    text_copy(one->uuid, sizeof(one->uuid), row->one.uuid);
    text_copy(one->description, sizeof(one->description), row->one.description);
    text_copy(one->ip, sizeof(one->ip), row->one.ip);
    text_copy(one->owner, sizeof(one->owner), row->owner);
    one->ip_fixed = one->ip[0] != '\0';
    text_copy(one->found_name, sizeof(one->found_name), one->hostname);
    one->cpu_count = one->found_cpus = row->one.cpu_count;
    one->memory_mb = one->found_mb = row->one.memory_mb;
    one->commissioning = row->one.commissioning;
    for (size_t i = 0; i < row->n_tags; i++)
        text_copy(one->labels[one->n_labels++], sizeof(one->labels[0]), row->tags[i]);
    for (size_t i = 0; i < row->n_parameters; i++)
        maas_parameter_set(one, row->parameters[i].name, row->parameters[i].value);
}

/* What has a kind was commissioned. false: it names what is not there. */
static bool life_place(struct maas *m, struct maas_machine *one, const struct machine_row *row)
{
    one->status = *row->status ? maas_status_find(row->status) : MAAS_READY;
    one->zone = named(m->zones, m->n_zones, row->zone);
    one->pool = named(m->pools, m->n_pools, row->pool);
    one->hardware = *row->hardware ? maas_hardware_named(m, row->hardware) : NULL;
    if (one->status == MAAS_STATUS_COUNT || one->zone < 0 || one->pool < 0 ||
        (*row->hardware && !one->hardware) || !power_place(one, row))
        return false;
    if (one->hardware)
        one->commissioning_status = 2;
    if (one->status == MAAS_NEW)
        return true;
    maas_message(NULL, one, *row->message ? row->message : maas_status_label(one->status), "");
    if (one->hardware && !one->commissioning)
        one->commissioning = ++m->next_result_id;
    return true;
}

static int machine_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct machine_row *row = element;
    struct maas_machine *one;

    if (maas_machine_named(r->m, row->hostname))
        return maas_world_refused(r, i, "hostname: there is one of that name");
    one = maas_machine_new(r->m, *row->system_id ? row->system_id : NULL, row->hostname);
    if (!one)
        return maas_world_placed(false, r, i);
    texts_place(one, row);
    nics_place(r->m, one, row);
    disks_place(r->m, one, row);
    if (!life_place(r->m, one, row)) {
        maas_machine_free(one);
        return maas_world_refused(
            r, i, "status, zone, pool, power or hardware: there is none of that name");
    }
    maas_machine_list(r->m, one);
    return 0;
}

/* What commissioning will find, when a machine of that MAC address comes. */
static int inventory_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct machine_row *row = element;
    struct maas_machine *one;

    if (r->m->n_inventory == MAAS_HARDWARE_MAX)
        return maas_world_placed(false, r, i);
    one = maas_machine_new(r->m, "xxxxxx", row->hostname);
    if (!one)
        return maas_world_placed(false, r, i);
    r->m->next_machine_id--;
    texts_place(one, row);
    nics_place(r->m, one, row);
    disks_place(r->m, one, row);
    r->m->inventory[r->m->n_inventory++] = one;
    one->hardware = maas_hardware_named(r->m, *row->hardware ? row->hardware : "lab");
    return one->hardware ? 0 : maas_world_refused(r, i, "hardware: there is none of that name");
}

const struct maas_section maas_section_hardware = {"hardware", kind_fields, COUNTOF(kind_fields),
                                                   sizeof(struct kind_row), kind_add};
const struct maas_section maas_section_inventory = {"inventory", machine_fields,
                                                    COUNTOF(machine_fields),
                                                    sizeof(struct machine_row), inventory_add};
const struct maas_section maas_section_machines = {
    "machines", machine_fields, COUNTOF(machine_fields), sizeof(struct machine_row), machine_add};
