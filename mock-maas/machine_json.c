/* A machine as MAAS shows it: one row a field, with the versions that have it, in an order of our
 * own (MAAS's changes from one start to the next). What never changes here is a word. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
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

static size_t domain_of(const struct maas *m, const struct maas_machine *one)
{
    size_t i = 0;

    while (i < m->n_domains && m->domains[i].id != one->domain)
        i++;
    return i < m->n_domains ? i : 0;
}

static void domain(struct pyjson *j, const char *name, const struct maas *m,
                   const struct maas_machine *one)
{
    maas_domain_write(j, name, m, domain_of(m, one));
}

static void fqdn(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(1));
    buf_printf(&text, "%s.%s", one->hostname, m->domains[domain_of(m, one)].name);
    pyjson_text(j, name, buf_text(&text));
}

/* --- network ---------------------------------------------------------------------------------- */

static void nics(struct pyjson *j, const char *name, const struct maas *m,
                 const struct maas_machine *one)
{
    pyjson_open(j, name, '[');
    for (size_t i = 0; i < one->n_nics; i++)
        maas_nic_write(j, NULL, m, one, &one->nics[i]);
    pyjson_close(j, ']');
}

static void boot_nic(struct pyjson *j, const char *name, const struct maas *m,
                     const struct maas_machine *one)
{
    if (one->n_nics > 0)
        maas_nic_write(j, name, m, one, &one->nics[0]);
    else
        pyjson_word(j, name, "null");
}

/* Assigned ones; only when there is none, what was discovered. */
static void addresses(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    bool assigned = false;

    (void)m;
    for (size_t i = 0; i < one->n_nics; i++)
        assigned = assigned || one->nics[i].ip[0];
    pyjson_open(j, name, '[');
    for (size_t i = 0; i < one->n_nics; i++) {
        const char *ip = assigned ? one->nics[i].ip : one->nics[i].lease;

        if (*ip)
            pyjson_text(j, NULL, ip);
    }
    pyjson_close(j, ']');
}

/* That of the first link whose subnet has one. */
static const char *gateway_of(const struct maas *m, const struct maas_machine *one)
{
    for (size_t i = 0; i < one->n_nics; i++)
        for (size_t k = 0; one->nics[i].link && k < m->net.n_subnets; k++)
            if (m->net.subnets[k].id == one->nics[i].subnet && m->net.subnets[k].gateway_ip[0])
                return m->net.subnets[k].gateway_ip;
    return "";
}

static void gateways(struct pyjson *j, const char *name, const struct maas *m,
                     const struct maas_machine *one)
{
    pyjson_open(j, name, '{');
    pyjson_open(j, "ipv4", '{');
    pyjson_text_or_null(j, "gateway_ip", gateway_of(m, one));
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
        maas_disk_write(j, NULL, one, i, true);
    pyjson_close(j, ']');
}

static void boot_disk(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    size_t i = 0;

    (void)m;
    while (i + 1 < one->n_disks && !one->disks[i].root)
        i++;
    if (one->n_disks > 0)
        maas_disk_write(j, name, one, i, true);
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
    pyjson_int(j, "memory", one->found_mb);
    pyjson_open(j, "cores", '[');
    for (int64_t i = 0; i < one->found_cpus; i++)
        pyjson_int(j, NULL, i);
    pyjson_close(j, ']');
    pyjson_word(j, "hugepages_set", "[]");
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

/* What is not known is "Unknown"; a serial number is the machine's own. */
static void hardware(struct pyjson *j, const char *name, const struct maas *m,
                     const struct maas_machine *one)
{
    const struct maas_hardware *h = one->hardware;
    struct buf text SCOPED(buf_drop) = {0};

    (void)m;
    buf_init(&text, 256);
    pyjson_open(j, name, '{');
    for (size_t i = 0; i < COUNTOF(h->info); i++) {
        const char *info = h ? h->info[i] : "";
        const size_t len = strcspn(info, "#"); /* "SYS-#": the machine's name stands there */

        buf_clear(&text);
        buf_printf(&text, "%.*s%s", (int)len, info, info[len] ? one->found_name : "");
        pyjson_text(j, maas_hardware_fields[i], *info ? buf_text(&text) : "Unknown");
    }
    pyjson_close(j, '}');
}

static void cpu_speed(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    (void)m;
    pyjson_int(j, name, one->hardware ? one->hardware->cpu_speed : 0);
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

static void message(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one)
{
    (void)m;
    pyjson_text_or_null(j, name, one->message);
}

static void action(struct pyjson *j, const char *name, const struct maas *m,
                   const struct maas_machine *one)
{
    (void)m;
    if (one->action)
        pyjson_text(j, name, one->action);
    else
        pyjson_word(j, name, "null");
}

static void power_state(struct pyjson *j, const char *name, const struct maas *m,
                        const struct maas_machine *one)
{
    (void)m;
    pyjson_text(j, name, maas_power_name(one->power));
}

/* Numbers of script sets: 0 is none. */
static void number_or_null(struct pyjson *j, const char *name, int64_t number)
{
    if (number)
        pyjson_int(j, name, number);
    else
        pyjson_word(j, name, "null");
}

static void commissioning(struct pyjson *j, const char *name, const struct maas *m,
                          const struct maas_machine *one)
{
    (void)m;
    number_or_null(j, name, one->commissioning);
}

static void testing(struct pyjson *j, const char *name, const struct maas *m,
                    const struct maas_machine *one)
{
    (void)m;
    number_or_null(j, name, one->testing);
}

static void installation(struct pyjson *j, const char *name, const struct maas *m,
                         const struct maas_machine *one)
{
    (void)m;
    number_or_null(j, name, one->installation);
}

static const char *script_word(int s)
{
    static const char *const words[] = {"Pending", "Running", "Passed", "Failed", "Timed out"};

    return s >= 0 && s < (int)COUNTOF(words) ? words[s] : "Unknown";
}

static void script_status(struct pyjson *j, const char *name, const struct maas *m,
                          const struct maas_machine *one)
{
    (void)m;
    pyjson_int(j, name, name[0] == 'c' ? one->commissioning_status : one->testing_status);
}

static void script_status_name(struct pyjson *j, const char *name, const struct maas *m,
                               const struct maas_machine *one)
{
    (void)m;
    pyjson_text(j, name,
                script_word(name[0] == 'c' ? one->commissioning_status : one->testing_status));
}

static void swap_size(struct pyjson *j, const char *name, const struct maas *m,
                      const struct maas_machine *one)
{
    (void)m;
    pyjson_word(j, name, one->swap_size[0] ? one->swap_size : "null");
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
    bool only_37;
};
/* clang-format off */
#define MEMBER(k, json, member) {.name = json, .kind = k, .at = offsetof(struct maas_machine, member)}
#define WORD(json, text)        {.name = json, .word = text}
#define BY(json, fn)            {.name = json, .write = fn}
#define SINCE_37                .only_37 = true
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
    BY("cpu_speed", cpu_speed),
    BY("numanode_set", numa),
    BY("hardware_info", hardware),
    BY("physicalblockdevice_set", disks),
    MEMBER(TEXT, "error_description", error_description),
    WORD("raids", "[]"),
    BY("storage_test_status_name", script_status_name),
    WORD("cpu_test_status_name", "\"Unknown\""),
    WORD("other_test_status_name", "\"Unknown\""),
    WORD("network_test_status", "-1"),
    MEMBER(NUMBER, "memory", memory_mb),
    BY("owner_data", annotations),
    BY("interface_set", nics),
    MEMBER(TEXT, "min_hwe_kernel", min_hwe_kernel),
    WORD("sync_interval", "null"),
    {.name = "enable_kernel_crash_dump", .kind = BOOL, .at = offsetof(struct maas_machine, crash_dump), SINCE_37},
    BY("zone", zone),
    BY("current_testing_result_id", testing),
    BY("boot_interface", boot_nic),
    WORD("virtualblockdevice_set", "[]"),
    WORD("special_filesystems", "[]"),
    BY("commissioning_status", script_status),
    BY("storage_test_status", script_status),
    MEMBER(TEXT, "description", description),
    BY("pool", pool),
    BY("testing_status", script_status),
    WORD("last_sync", "null"),
    MEMBER(BOOL, "ephemeral_deploy", ephemeral),
    BY("status_message", message),
    WORD("bios_boot_method", "null"),
    BY("boot_disk", boot_disk),
    MEMBER(TEXT, "architecture", architecture),
    WORD("cache_sets", "[]"),
    MEMBER(NULLABLE, "hardware_uuid", uuid),
    BY("default_gateways", gateways),
    WORD("volume_groups", "[]"),
    MEMBER(BOOL, "enable_hw_sync", hw_sync),
    MEMBER(TEXT, "power_type", power_type),
    BY("tag_names", tag_names),
    MEMBER(TEXT, "distro_series", distro_series),
    MEMBER(TEXT, "system_id", system_id),
    MEMBER(NULLABLE, "owner", owner),
    BY("fqdn", fqdn),
    WORD("memory_test_status", "-1"),
    {.name = "is_dpu", .word = "false", SINCE_37},
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
    BY("commissioning_status_name", script_status_name),
    BY("swap_size", swap_size),
    WORD("node_type_name", "\"Machine\""),
    MEMBER(NUMBER, "cpu_count", cpu_count),
    BY("testing_status_name", script_status_name),
    BY("resource_uri", machine_uri),
};
/* clang-format on */
#undef MEMBER
#undef WORD
#undef BY
#undef SINCE_37

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

void maas_machine_fields_write(struct pyjson *j, const struct maas *m,
                               const struct maas_machine *one, const char *constraints)
{
    pyjson_open(j, NULL, '{');
    for (size_t i = 0; i < COUNTOF(fields); i++) {
        const struct field *f = &fields[i];

        if (f->only_37 && !maas_is_37(m))
            continue;
        if (f->word)
            pyjson_word(j, f->name, f->word);
        else if (f->write)
            f->write(j, f->name, m, one);
        else
            member_write(j, f, one);
        if (constraints && i + 2 == COUNTOF(fields)) /* resource_uri is the last one everywhere */
            pyjson_compact(j, "constraints_by_type", constraints);
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
    maas_power_shown(a, one);
    maas_return_body(a, &body);
}

static const struct field *field_named(const char *name)
{
    size_t i = 0;

    while (!text_is(fields[i].name, name))
        i++;
    return &fields[i];
}

/* What somebody without credentials sees of the machine he enlisted. */
void maas_machine_short_write(struct pyjson *j, const struct maas *m,
                              const struct maas_machine *one)
{
    static const char *const names[] = {
        "fqdn",     "power_type",    "architecture", "power_state", "status_message", "status_name",
        "hostname", "status_action", "node_type",    "system_id",   "status"};
    const size_t d = domain_of(m, one);

    pyjson_open(j, NULL, '{');
    for (size_t i = 0; i < COUNTOF(names); i++) {
        const struct field *f = field_named(names[i]);

        if (f->word)
            pyjson_word(j, f->name, f->word);
        else if (f->write)
            f->write(j, f->name, m, one);
        else
            member_write(j, f, one);
    }
    pyjson_open(j, "zone", '{');
    for (size_t i = 0; i < m->n_zones; i++)
        if (m->zones[i].id == one->zone) {
            pyjson_text(j, "name", m->zones[i].name);
            pyjson_text(j, "description", m->zones[i].description);
            pyjson_int(j, "id", m->zones[i].id);
        }
    pyjson_close(j, '}');
    pyjson_open(j, "domain", '{');
    pyjson_text(j, "name", m->domains[d].name);
    pyjson_bool(j, "authoritative", m->domains[d].authoritative);
    pyjson_word(j, "ttl", "null");
    pyjson_int(j, "resource_record_count", 0);
    pyjson_int(j, "id", m->domains[d].id);
    pyjson_bool(j, "is_default", d == 0);
    pyjson_close(j, '}');
    machine_uri(j, NULL, m, one);
    pyjson_close(j, '}');
}
