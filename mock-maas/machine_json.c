/* A machine as MAAS 3.7.3 shows it: 81 fields, in an order that was recorded. (MAAS's own order
 * changes from one start to the next.) What never changes here is a word in the table. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

#define MB INT64_C(1000000)

typedef void write_fn(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one);

/* --- zone, pool, domain ----------------------------------------------------------------------- */

static void zone(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    size_t i = 0;

    while (i + 1 < m->n_zones && m->zones[i].id != one->zone)
        i++;
    pyjson_open(j, name, '{');
    pyjson_text(j, "name", m->zones[i].name);
    pyjson_text(j, "description", m->zones[i].description);
    pyjson_int(j, "id", m->zones[i].id);
    maas_uri_write(j, "zones", m->zones[i].name);
    pyjson_close(j, '}');
}

static void pool(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    size_t i = 0;

    while (i + 1 < m->n_pools && m->pools[i].id != one->pool)
        i++;
    pyjson_open(j, name, '{');
    pyjson_text(j, "name", m->pools[i].name);
    pyjson_text(j, "description", m->pools[i].description);
    pyjson_int(j, "id", m->pools[i].id);
    maas_uri_id_write(j, "resourcepool", m->pools[i].id);
    pyjson_close(j, '}');
}

static void domain(struct pyjson *j, const char *name, const struct maas *m,
                   const struct maas_machine *one)
{
    (void)one;
    maas_domain_write(j, name, m, 0);
}

static void fqdn(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(1));
    buf_printf(&text, "%s.%s", one->hostname, m->domains[0].name);
    pyjson_text(j, name, buf_text(&text));
}

/* --- network ---------------------------------------------------------------------------------- */

static void nics(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    pyjson_open(j, name, '[');
    maas_nic_write(j, NULL, m, one);
    pyjson_close(j, ']');
}

/* Assigned ones; only when there is none, what was discovered. */
static void addresses(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    (void)m;
    pyjson_open(j, name, '[');
    if (one->status != MAAS_NEW)
        pyjson_text(j, NULL, one->addressed ? one->ip : one->lease);
    pyjson_close(j, ']');
}

static void gateways(struct pyjson *j, const char *name, const struct maas *m,
                     const struct maas_machine *one)
{
    const struct maas_subnet *s = maas_subnet_of(m, one->ip);

    pyjson_open(j, name, '{');
    pyjson_open(j, "ipv4", '{');
    pyjson_text_or_null(j, "gateway_ip", s ? s->gateway_ip : "");
    pyjson_word(j, "link_id", "null");
    pyjson_close(j, '}');
    pyjson_open(j, "ipv6", '{');
    pyjson_word(j, "gateway_ip", "null");
    pyjson_word(j, "link_id", "null");
    pyjson_close(j, '}');
    pyjson_close(j, '}');
}

/* --- disks ------------------------------------------------------------------------------------ */

static void disks(struct pyjson *j, const char *name, const struct maas *m,
                  const struct maas_machine *one)
{
    (void)m;
    pyjson_open(j, name, '[');
    for (size_t i = 0; i < one->n_disks; i++)
        maas_disk_write(j, NULL, one, i);
    pyjson_close(j, ']');
}

static void boot_disk(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    (void)m;
    if (one->n_disks > 0)
        maas_disk_write(j, name, one, 0);
    else
        pyjson_word(j, name, "null");
}

/* Decimal megabytes, as Python prints a float. */
static void storage(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one)
{
    struct buf text SCOPED(buf_drop) = {0};
    int64_t bytes = 0;

    (void)m;
    for (size_t i = 0; i < one->n_disks; i++)
        bytes += one->disks[i].size;
    buf_init(&text, 64);
    buf_printf(&text, "%" PRId64 ".%06" PRId64, bytes / MB, bytes % MB);
    while (text.data[text.len - 1] == '0' && text.data[text.len - 2] != '.')
        text.data[--text.len] = '\0';
    pyjson_word(j, name, buf_text(&text));
}

/* --- hardware --------------------------------------------------------------------------------- */

static void numa(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    (void)m;
    pyjson_open(j, name, '[');
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "index", 0);
    pyjson_int(j, "memory", one->memory_mb);
    pyjson_open(j, "cores", '[');
    for (int64_t i = 0; i < one->cpu_count; i++)
        pyjson_int(j, NULL, i);
    pyjson_close(j, ']');
    pyjson_word(j, "hugepages_set", "[]");
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

static void hardware(struct pyjson *j, const char *name, const struct maas *m,
                     const struct maas_machine *one)
{
    static const char *const info[][2] = {{"system_vendor", "QEMU"},
                                          {"system_product", "Standard PC"},
                                          {"system_family", "Unknown"},
                                          {"system_version", "pc-q35-7.2"},
                                          {"system_sku", "SKU-1"},
                                          {"system_serial", NULL},
                                          {"cpu_model", "Intel(R) Xeon(R) CPU E5-2620 0"},
                                          {"mainboard_vendor", "QEMU"},
                                          {"mainboard_product", "mb"},
                                          {"mainboard_serial", "Unknown"},
                                          {"mainboard_version", "1"},
                                          {"mainboard_firmware_vendor", "SeaBIOS"},
                                          {"mainboard_firmware_date", "04/01/2014"},
                                          {"mainboard_firmware_version", "1.16.2"},
                                          {"chassis_vendor", "QEMU"},
                                          {"chassis_type", "Other"},
                                          {"chassis_serial", "Unknown"},
                                          {"chassis_version", "pc-q35-7.2"}};
    struct buf serial_text SCOPED(buf_drop) = {0};

    (void)m;
    buf_init(&serial_text, 128);
    buf_printf(&serial_text, "SYS-%s", one->hostname);
    pyjson_open(j, name, '{');
    for (size_t i = 0; i < COUNTOF(info); i++)
        pyjson_text(j, info[i][0], info[i][1] ? info[i][1] : buf_text(&serial_text));
    pyjson_close(j, '}');
}

static void tag_names(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    (void)m;
    pyjson_open(j, name, '[');
    for (size_t i = 0; i < one->n_labels; i++)
        pyjson_text(j, NULL, one->labels[i]);
    pyjson_close(j, ']');
}

/* --- life ------------------------------------------------------------------------------------- */

static void annotations(struct pyjson *j, const char *name, const struct maas *m,
                        const struct maas_machine *one)
{
    (void)m;
    pyjson_open(j, name, '{');
    for (size_t i = 0; i < one->n_annotations; i++)
        pyjson_text(j, one->annotations[i].key, one->annotations[i].value);
    pyjson_close(j, '}');
}

static void status(struct pyjson *j, const char *name, const struct maas *m,
                   const struct maas_machine *one)
{
    (void)m;
    pyjson_int(j, name, (int64_t)one->status);
}

static void status_name(struct pyjson *j, const char *name, const struct maas *m,
                        const struct maas_machine *one)
{
    (void)m;
    pyjson_text(j, name, maas_status_label(one->status));
}

static void text_or_null(struct pyjson *j, const char *name, const char *text)
{
    if (text)
        pyjson_text(j, name, text);
    else
        pyjson_word(j, name, "null");
}

static void message(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one)
{
    (void)m;
    text_or_null(j, name, one->message);
}

static void action(struct pyjson *j, const char *name, const struct maas *m,
                   const struct maas_machine *one)
{
    (void)m;
    text_or_null(j, name, one->action);
}

static void power_state(struct pyjson *j, const char *name, const struct maas *m,
                        const struct maas_machine *one)
{
    (void)m;
    pyjson_text(j, name, maas_power_name(one->power));
}

static void commissioning(struct pyjson *j, const char *name, const struct maas *m,
                          const struct maas_machine *one)
{
    (void)m;
    pyjson_int(j, name, 2 * one->id);
}

static void installation(struct pyjson *j, const char *name, const struct maas *m,
                         const struct maas_machine *one)
{
    (void)m;
    if (one->installation)
        pyjson_int(j, name, 100 * one->id + one->installation);
    else
        pyjson_word(j, name, "null");
}

static void machine_uri(struct pyjson *j, const char *name, const struct maas *m,
                        const struct maas_machine *one)
{
    (void)m;
    (void)name;
    maas_uri_write(j, "machines", one->system_id);
}

/* --- the table -------------------------------------------------------------------------------- */

enum { TEXT = 1, NULLABLE, NUMBER, BOOL };
struct field {
    const char *name, *word; /* word: always this */
    write_fn *write;
    int kind; /* else the member at `at` */
    size_t at;
};
/* clang-format off */
#define MEMBER(k, json, member) {.name = json, .kind = k, .at = offsetof(struct maas_machine, member)}
#define WORD(json, text)        {.name = json, .word = text}
#define BY(json, fn)            {.name = json, .write = fn}
static const struct field fields[] = {
    WORD("next_sync", "null"),
    MEMBER(BOOL, "netboot", netboot),
    WORD("virtualmachine_id", "null"),
    BY("current_commissioning_result_id", commissioning),
    WORD("address_ttl", "null"),
    WORD("pod", "null"),
    BY("status", status),
    WORD("memory_test_status_name", "\"Unknown\""),
    MEMBER(BOOL, "locked", locked),
    BY("ip_addresses", addresses),
    BY("domain", domain),
    WORD("bcaches", "[]"),
    MEMBER(NULLABLE, "hwe_kernel", hwe_kernel),
    BY("status_name", status_name),
    WORD("cpu_speed", "2000"),
    BY("numanode_set", numa),
    BY("hardware_info", hardware),
    BY("physicalblockdevice_set", disks),
    MEMBER(TEXT, "error_description", error_description),
    WORD("raids", "[]"),
    WORD("storage_test_status_name", "\"Unknown\""),
    WORD("cpu_test_status_name", "\"Unknown\""),
    WORD("other_test_status_name", "\"Unknown\""),
    WORD("network_test_status", "-1"),
    MEMBER(NUMBER, "memory", memory_mb),
    BY("owner_data", annotations),
    BY("interface_set", nics),
    WORD("min_hwe_kernel", "\"\""),
    WORD("sync_interval", "null"),
    WORD("enable_kernel_crash_dump", "false"),
    BY("zone", zone),
    WORD("current_testing_result_id", "null"),
    BY("boot_interface", maas_nic_write),
    WORD("virtualblockdevice_set", "[]"),
    WORD("special_filesystems", "[]"),
    WORD("commissioning_status", "2"),
    WORD("storage_test_status", "-1"),
    WORD("description", "\"\""),
    BY("pool", pool),
    WORD("testing_status", "-1"),
    WORD("last_sync", "null"),
    WORD("ephemeral_deploy", "false"),
    BY("status_message", message),
    WORD("bios_boot_method", "null"),
    BY("boot_disk", boot_disk),
    MEMBER(TEXT, "architecture", architecture),
    WORD("cache_sets", "[]"),
    MEMBER(TEXT, "hardware_uuid", uuid),
    BY("default_gateways", gateways),
    WORD("volume_groups", "[]"),
    WORD("enable_hw_sync", "false"),
    MEMBER(TEXT, "power_type", power_type),
    BY("tag_names", tag_names),
    MEMBER(TEXT, "distro_series", distro_series),
    MEMBER(TEXT, "system_id", system_id),
    MEMBER(NULLABLE, "owner", owner),
    BY("fqdn", fqdn),
    WORD("memory_test_status", "-1"),
    WORD("is_dpu", "false"),
    WORD("parent", "null"),
    BY("storage", storage),
    WORD("cpu_test_status", "-1"),
    WORD("node_type", "0"),
    WORD("interface_test_status_name", "\"Unknown\""),
    BY("status_action", action),
    WORD("other_test_status", "-1"),
    BY("blockdevice_set", disks),
    MEMBER(TEXT, "osystem", osystem),
    BY("current_installation_result_id", installation),
    BY("power_state", power_state),
    MEMBER(TEXT, "hostname", hostname),
    WORD("disable_ipv4", "false"),
    BY("workload_annotations", annotations),
    WORD("network_test_status_name", "\"Unknown\""),
    WORD("interface_test_status", "-1"),
    WORD("commissioning_status_name", "\"Passed\""),
    WORD("swap_size", "null"),
    WORD("node_type_name", "\"Machine\""),
    MEMBER(NUMBER, "cpu_count", cpu_count),
    WORD("testing_status_name", "\"Unknown\""),
    BY("resource_uri", machine_uri),
};
/* clang-format on */
#undef MEMBER
#undef WORD
#undef BY

static void member_write(struct pyjson *j, const struct field *f, const struct maas_machine *one)
{
    const char *at = (const char *)one + f->at;

    if (f->kind == TEXT)
        pyjson_text(j, f->name, at);
    else if (f->kind == NULLABLE)
        pyjson_text_or_null(j, f->name, at);
    else if (f->kind == NUMBER)
        pyjson_int(j, f->name, *(const int64_t *)(const void *)at);
    else
        pyjson_bool(j, f->name, *(const bool *)(const void *)at);
}

void maas_machine_write(struct pyjson *j, const struct maas *m, const struct maas_machine *one,
                        const char *constraints)
{
    pyjson_open(j, NULL, '{');
    for (size_t i = 0; i < COUNTOF(fields); i++) {
        const struct field *f = &fields[i];

        if (f->word)
            pyjson_word(j, f->name, f->word);
        else if (f->write)
            f->write(j, f->name, m, one);
        else
            member_write(j, f, one);
        if (constraints && i + 2 == COUNTOF(fields)) /* resource_uri is the last one everywhere */
            pyjson_word(j, "constraints_by_type", constraints);
    }
    pyjson_close(j, '}');
}

void maas_machine_answer(struct maas_ask *a, const struct maas_machine *one,
                         const char *constraints)
{
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    maas_machine_write(&j, a->m, one, constraints);
    maas_return_json(a, buf_text(&body));
}
