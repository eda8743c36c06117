/* A machine's own addresses, what is known of its hardware, and what commissioning finds. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- addresses -------------------------------------------------------------------------------- */

static const struct maas_subnet *subnet_of(struct maas *m, const struct maas_nic *nic)
{
    return nic->link && !nic->no_address && !nic->is_static ? maas_subnet_by_id(m, nic->subnet)
                                                            : NULL;
}

/* The first one is the machine's own; a fleet may have said which. */
static bool nic_take(struct maas *m, struct maas_machine *one, struct maas_nic *nic,
                     const struct maas_subnet *s)
{
    if (!one->addressed && one->ip_fixed)
        text_copy(nic->ip, sizeof(nic->ip), one->ip);
    else if (!maas_ip_take(m, s, nic->ip))
        return false;
    if (!one->addressed)
        text_copy(one->ip, sizeof(one->ip), nic->ip);
    one->addressed = true;
    return true;
}

static void drop(struct maas_machine *one)
{
    for (size_t i = 0; i < one->n_nics; i++)
        if (!one->nics[i].is_static)
            one->nics[i].ip[0] = '\0';
    one->addressed = false;
    if (!one->ip_fixed)
        one->ip[0] = '\0';
}

bool maas_addresses_take(const struct maas_hands *h, struct maas_machine *one,
                         const struct maas_subnet **ret)
{
    if (one->addressed)
        return true;
    for (size_t i = 0; i < one->n_nics; i++) {
        const struct maas_subnet *s = subnet_of(h->m, &one->nics[i]);

        if (!s || nic_take(h->m, one, &one->nics[i], s))
            continue;
        *ret = s;
        drop(one);
        return false;
    }
    maas_names_follow(h, one);
    return true;
}

void maas_addresses_drop(const struct maas_hands *h, struct maas_machine *one)
{
    const bool had = one->addressed;

    drop(one);
    if (had)
        maas_names_follow(h, one);
}

/* --- hardware --------------------------------------------------------------------------------- */

const char *const maas_hardware_fields[18] = {"system_vendor",
                                              "system_product",
                                              "system_family",
                                              "system_version",
                                              "system_sku",
                                              "system_serial",
                                              "cpu_model",
                                              "mainboard_vendor",
                                              "mainboard_product",
                                              "mainboard_serial",
                                              "mainboard_version",
                                              "mainboard_firmware_vendor",
                                              "mainboard_firmware_date",
                                              "mainboard_firmware_version",
                                              "chassis_vendor",
                                              "chassis_type",
                                              "chassis_serial",
                                              "chassis_version"};

const struct maas_hardware *maas_hardware_add(struct maas *m, const struct maas_hardware *kind)
{
    struct maas_hardware *one;

    if (m->n_hardware == MAAS_HARDWARE_MAX)
        return NULL;
    one = malloc(sizeof(*one));
    if (!one)
        WRONG("out of memory");
    *one = *kind;
    m->hardware[m->n_hardware++] = one;
    return one;
}

const struct maas_hardware *maas_hardware_named(const struct maas *m, const char *name)
{
    for (size_t i = 0; i < m->n_hardware; i++)
        if (text_is(m->hardware[i]->name, name))
            return m->hardware[i];
    return NULL;
}

void maas_hardware_lab(struct maas *m)
{
    static const struct maas_hardware lab = {
        .name = "lab",
        .info = {"Gateproof", "Lab machine", "", "1", "GP-1", "GP-#", "Lab CPU @ 2.00GHz",
                 "Gateproof", "Lab board", "", "1", "Gateproof", "01/01/2026", "1.0", "Gateproof",
                 "Other", "", "1"},
        .nic_vendor = "Gateproof",
        .nic_product = "Lab 10G",
        .nic_firmware = "1.0",
        .disk_model = "LAB DISK",
        .cpu_speed = 2000,
        .link_speed = 10000,
        .lldp = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<lldp/>",
        .lshw = "<?xml version=\"1.0\"?>\n<list><node id=\"lab\"/></list>"};

    if (!maas_hardware_named(m, "lab"))
        maas_hardware_add(m, &lab);
}

/* --- commissioning ---------------------------------------------------------------------------- */

static void nic_find(struct maas *m, struct maas_machine *one, size_t i)
{
    struct maas_nic *nic = &one->nics[i];
    const struct maas_subnet *s = m->net.n_subnets > 0 ? &m->net.subnets[0] : NULL;
    struct buf name SCOPED(buf_drop) = {0};

    buf_init(&name, sizeof(nic->name) - 1);
    buf_printf(&name, "enp%zus0", i + 1);
    text_copy(nic->name, sizeof(nic->name), buf_text(&name));
    if (nic->link || !s)
        return;
    nic->subnet = s->id;
    nic->vlan = s->vlan;
    nic->link = ++m->next_link_id;
    nic->no_address = i > 0;
}

/* What a machine of no known kind turns out to be. */
#define FOUND_CPU     4
#define FOUND_MEM_MB  8192
#define FOUND_DISK_GB 500

static void disk_find(struct maas *m, struct maas_machine *one)
{
    struct maas_disk *disk =
        maas_disk_add(m, one, "sda", (int64_t)FOUND_DISK_GB * 1000 * 1000 * 1000);
    struct buf serial SCOPED(buf_drop) = {0};

    buf_init(&serial, sizeof(disk->serial) - 1);
    buf_printf(&serial, "SN-%s-0", one->hostname);
    text_copy(disk->serial, sizeof(disk->serial), buf_text(&serial));
    text_copy(disk->model, sizeof(disk->model), one->hardware->disk_model);
    text_copy(disk->tags, sizeof(disk->tags), "ssd,sata");
    disk->root = true;
}

/* The machine of that MAC address in the world's inventory; NULL: the world does not say. */
static const struct maas_machine *inventory_of(const struct maas *m, const struct maas_machine *one)
{
    for (size_t i = 0; i < m->n_inventory; i++)
        for (size_t k = 0; k < one->n_nics; k++)
            if (m->inventory[i]->n_nics > 0 &&
                text_is_nocase(m->inventory[i]->nics[0].mac, one->nics[k].mac))
                return m->inventory[i];
    return NULL;
}

static void disks_copy(struct maas *m, struct maas_machine *one, const struct maas_machine *from)
{
    for (size_t i = 0; i < from->n_disks; i++) {
        struct maas_disk *disk = maas_disk_add(m, one, from->disks[i].name, from->disks[i].size);
        const int64_t id = disk->id;

        *disk = from->disks[i];
        disk->id = id;
    }
}

static void nics_copy(struct maas *m, struct maas_machine *one, const struct maas_machine *from)
{
    for (size_t i = 0; i < one->n_nics && i < from->n_nics; i++) {
        const int64_t id = one->nics[i].id;

        one->nics[i] = from->nics[i];
        one->nics[i].id = id;
        one->nics[i].link = ++m->next_link_id;
    }
}

void maas_layout_clear(struct maas_machine *one)
{
    one->bare = true;
    for (size_t i = 0; i < one->n_nics; i++) {
        one->nics[i].link = 0;
        if (one->nics[i].is_static)
            one->nics[i].ip[0] = '\0';
        one->nics[i].is_static = false;
    }
}

void maas_hardware_find(struct maas *m, struct maas_machine *one)
{
    const struct maas_machine *from = inventory_of(m, one);

    one->bare = false;
    for (size_t i = 0; one->hardware && i < one->n_nics; i++)
        if (one->nics[i].subnet && !one->nics[i].link)
            one->nics[i].link = ++m->next_link_id;
    if (one->hardware)
        return;
    maas_hardware_lab(m);
    one->hardware = from ? from->hardware : maas_hardware_named(m, "lab");
    if (from)
        text_copy(one->uuid, sizeof(one->uuid), from->uuid);
    else
        maas_uuid_make(one->system_id, one->uuid);
    text_copy(one->found_name, sizeof(one->found_name), one->hostname);
    one->found_cpus = one->cpu_count = from ? from->cpu_count : FOUND_CPU;
    one->found_mb = one->memory_mb = from ? from->memory_mb : FOUND_MEM_MB;
    if (one->n_disks == 0 && from)
        disks_copy(m, one, from);
    else if (one->n_disks == 0)
        disk_find(m, one);
    if (from)
        nics_copy(m, one, from);
    for (size_t i = 0; !from && i < one->n_nics; i++)
        nic_find(m, one, i);
}

/* --- bridges ---------------------------------------------------------------------------------- */

static void bridge_make(struct maas *m, struct maas_machine *one, size_t i,
                        const struct maas_bridges *how)
{
    struct buf name SCOPED(buf_drop) = {0};
    struct maas_nic *bridge;
    char mac[18];

    buf_init(&name, sizeof(bridge->name) - 1);
    buf_printf(&name, "br-%s", one->nics[i].name);
    text_copy(mac, sizeof(mac), one->nics[i].mac); /* adding one moves the others */
    bridge = maas_nic_add(m, one, buf_text(&name), mac);
    if (!bridge)
        return;
    bridge->parent = one->nics[i].id;
    bridge->vlan = one->nics[i].vlan;
    bridge->subnet = one->nics[i].subnet;
    bridge->link = one->nics[i].link;
    bridge->no_address = one->nics[i].no_address;
    bridge->ovs = how->ovs;
    bridge->stp = how->stp;
    bridge->forward_delay = how->forward_delay;
    one->nics[i].link = 0;
}

void maas_bridges_make(struct maas *m, struct maas_machine *one, const struct maas_bridges *how)
{
    const size_t n = one->n_nics;

    for (size_t i = 0; how->all && i < n; i++)
        if (one->nics[i].link)
            bridge_make(m, one, i, how);
}

void maas_bridges_drop(struct maas_machine *one)
{
    for (size_t i = one->n_nics; i > 0 && one->nics[i - 1].parent; i--) {
        for (size_t k = 0; k < i - 1; k++)
            if (one->nics[k].id == one->nics[i - 1].parent)
                one->nics[k].link = one->nics[i - 1].link;
        one->n_nics--;
    }
}
