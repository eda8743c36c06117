/* The machines there are at the start, and those that appear later. */
#include "mock-maas/model.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_DEFAULT    8
#define MEM_DEFAULT_MB 32768
#define DISK_GB        500
#define LEASES         49 /* addresses of commissioning: 10.10.0.201 … 249 */

static void put(char *out, size_t size, const char *fmt, int64_t n)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, size - 1);
    for (; *fmt; fmt++)
        if (*fmt == '#')
            buf_printf(&text, "%" PRId64, n);
        else
            buf_char_add(&text, *fmt);
    text_copy(out, size, buf_text(&text));
}

void maas_spec_default(size_t i, struct maas_spec *ret)
{
    *ret = (struct maas_spec){.zone = "default",
                              .pool = "default",
                              .arch = "amd64/generic",
                              .status = "Ready",
                              .cpu = CPU_DEFAULT,
                              .mem_mb = MEM_DEFAULT_MB,
                              .n_disks = 1,
                              .disks = {{.gb = DISK_GB}}};
    put(ret->name, sizeof(ret->name), "m#", (int64_t)i);
    put(ret->ip, sizeof(ret->ip), "10.10.0.#", 100 + (int64_t)i);
}

/* --- words and JSON --------------------------------------------------------------------------- */

static const struct jx_field disk_fields[] = {
    JX_INT(struct maas_spec_disk, gb, "gb", JX_MUST, 1, 1000000),
};
static const struct jx_field spec_fields[] = {
    JX_TEXT(struct maas_spec, name, 0),
    JX_TEXT(struct maas_spec, zone, 0),
    JX_TEXT(struct maas_spec, pool, 0),
    JX_TEXT(struct maas_spec, arch, 0),
    JX_TEXT(struct maas_spec, ip, 0),
    JX_TEXT(struct maas_spec, status, 0),
    JX_TEXT(struct maas_spec, owner, 0),
    JX_INT(struct maas_spec, cpu, "cpu", 0, 1, 4096),
    JX_INT(struct maas_spec, mem_mb, "mem", 0, 1, INT32_MAX),
    JX_TEXTS(struct maas_spec, tags, n_tags, "tags", 0),
    JX_ARRAY(struct maas_spec, disks, n_disks, "disks", 0, disk_fields),
};

static int spec_check(const struct maas_spec *s, const char *where, struct err *e)
{
    uint32_t ip;

    if (maas_status_find(s->status) == MAAS_STATUS_COUNT)
        return err_set(e, -EINVAL, "%sstatus: %s is none of MAAS's", where, s->status);
    if (!maas_ip_read(s->ip, &ip))
        return err_set(e, -EINVAL, "%sip: \"%s\" is no IPv4 address", where, s->ip);
    return 0;
}

static bool tags_read(struct maas_spec *s, const char *value)
{
    s->n_tags = 0;
    while (*value && s->n_tags < COUNTOF(s->tags))
        if (!text_next(&value, '+', s->tags[s->n_tags++], sizeof(s->tags[0])))
            return false;
    return *value == '\0';
}

static bool word_read(struct maas_spec *s, const char *name, const char *value)
{
    if (text_is(name, "tags"))
        return tags_read(s, value);
    if (text_is(name, "disk")) {
        s->n_disks = 1;
        return text_int(value, 1, 1000000, &s->disks[0].gb);
    }
    for (size_t i = 0; i < COUNTOF(spec_fields); i++) {
        const struct jx_field *f = &spec_fields[i];
        char *at = (char *)s + f->offset;

        if (!text_is(f->name, name))
            continue;
        if (f->kind == JX_KIND_TEXT)
            return text_copy(at, f->size, value);
        return f->kind == JX_KIND_INT && text_int(value, f->min, f->max, (int64_t *)(void *)at);
    }
    return false;
}

int maas_spec_read(const char *words, struct maas_spec *spec, struct err *e)
{
    struct maas_spec s = *spec;
    char word[256];

    while (text_next(&words, ',', word, sizeof(word))) {
        char *value = strchr(word, '=');

        if (value)
            *value++ = '\0';
        if (!value || !word_read(&s, word, value))
            return err_set(e, -EINVAL,
                           "machine: \"%s\" is not zone=, pool=, arch=, cpu=, mem=, tags=a+b, "
                           "disk=GB, ip=, status=, owner= or name=",
                           word);
    }
    if (spec_check(&s, "machine: ", e) < 0)
        return -EINVAL;
    *spec = s;
    return 0;
}

struct fleet {
    struct maas_spec *list;
    size_t max, n;
    struct err *e;
};

/* What is absent keeps what the lab's i-th machine has. */
static void fill(struct maas_spec *s, size_t i)
{
    struct maas_spec d;

    maas_spec_default(i, &d);
    for (size_t k = 0; k < COUNTOF(spec_fields); k++) {
        const struct jx_field *f = &spec_fields[k];
        char *to = (char *)s + f->offset;
        const char *from = (const char *)&d + f->offset;

        if (f->kind == JX_KIND_TEXT && !*to)
            text_copy(to, f->size, from);
    }
    s->cpu = s->cpu ? s->cpu : d.cpu;
    s->mem_mb = s->mem_mb ? s->mem_mb : d.mem_mb;
    if (s->n_disks == 0)
        s->disks[s->n_disks++] = d.disks[0];
}

static int fleet_add(void *arg, size_t i, const void *element)
{
    struct fleet *f = arg;
    struct maas_spec s = *(const struct maas_spec *)element;
    char where[32];

    if (f->n == f->max)
        return err_set(f->e, -E2BIG, "fleet: more than %zu machines", f->max);
    fill(&s, i + 1);
    snprintf(where, sizeof(where), "fleet: [%zu].", i);
    if (spec_check(&s, where, f->e) < 0)
        return -EINVAL;
    f->list[f->n++] = s;
    return 0;
}

int maas_fleet_read(const char *text, size_t len, struct maas_spec *ret, size_t max, size_t *ret_n,
                    struct err *e)
{
    struct fleet f = {.list = ret, .max = max, .e = e};
    struct maas_spec s;
    int err = jx_read_list(text, len, spec_fields, COUNTOF(spec_fields), JX_STRICT, &s, sizeof(s),
                           fleet_add, &f, e);

    if (err < 0)
        return err;
    *ret_n = f.n;
    return 0;
}

/* --- making ----------------------------------------------------------------------------------- */

static int64_t zone_of(struct maas *m, const char *name)
{
    const struct maas_named *made;

    for (size_t i = 0; i < m->n_zones; i++)
        if (text_is(m->zones[i].name, name))
            return m->zones[i].id;
    made = maas_zone_add(m, name, "");
    return made ? made->id : m->zones[0].id;
}

static int64_t pool_of(struct maas *m, const char *name)
{
    const struct maas_named *made;

    for (size_t i = 0; i < m->n_pools; i++)
        if (text_is(m->pools[i].name, name))
            return m->pools[i].id;
    made = maas_pool_add(m, name, "");
    return made ? made->id : m->pools[0].id;
}

/* The first that holds the address. A fleet may live anywhere: else the /24 around it is made,
 * since MAAS deploys no machine that is in no subnet of its own. NULL: there are too many. */
static const struct maas_subnet *subnet_of(struct maas *m, const char *ip)
{
    const struct maas_subnet *found = maas_subnet_of(m, ip);
    struct maas_subnet made = {.id = MAAS_NEXT_ID};
    char network[MAAS_IP_MAX];
    uint32_t at;

    if (found || !maas_ip_read(ip, &at))
        return found;
    maas_ip_write(at & 0xffffff00U, network);
    snprintf(made.cidr, sizeof(made.cidr), "%.15s/24", network);
    return maas_subnet_add(m, &made);
}

static void tag_wanted(struct maas *m, const char *name)
{
    struct maas_tag tag = {0};

    for (size_t i = 0; i < m->n_tags; i++)
        if (text_is(m->tags[i].name, name))
            return;
    text_copy(tag.name, sizeof(tag.name), name);
    maas_tag_add(m, &tag);
}

static void disks_make(struct maas *m, struct maas_machine *one, const struct maas_spec *s)
{
    for (size_t i = 0; i < s->n_disks; i++) {
        char name[8];
        struct maas_disk *disk;

        put(name, sizeof(name), "sd#", 0);
        name[2] = (char)('a' + (int)i);
        disk = maas_disk_add(m, one, name, s->disks[i].gb * 1000000000);
        put(disk->serial, sizeof(disk->serial), "SN-#-", one->id);
        disk->serial[strlen(disk->serial) - 1] = '\0';
        text_copy(disk->model, sizeof(disk->model), one->hardware->disk_model);
        text_copy(disk->tags, sizeof(disk->tags), "ssd,sata");
        disk->root = i == 0;
    }
}

static void nic_make(struct maas *m, struct maas_machine *one, const struct maas_spec *s)
{
    const struct maas_subnet *subnet = subnet_of(m, s->ip);
    struct maas_nic *nic;
    char mac[18];

    put(mac, sizeof(mac), "52:54:00:#", 0);
    for (int i = 0; i < 3; i++) {
        static const char digits[] = "0123456789abcdef";
        const int64_t byte = one->id >> (16 - 8 * i) & 0xff;

        mac[9 + 3 * i] = digits[byte >> 4];
        mac[10 + 3 * i] = digits[byte & 15];
        mac[11 + 3 * i] = i < 2 ? ':' : '\0';
    }
    nic = maas_nic_add(m, one, "enp1s0", mac);
    put(nic->lease, sizeof(nic->lease), "10.10.0.#", 201 + (one->id - 1) % LEASES);
    if (!subnet)
        return;
    nic->subnet = subnet->id;
    nic->vlan = subnet->vlan;
    nic->link = ++m->next_link_id;
}

static void hardware(struct maas *m, struct maas_machine *one, const struct maas_spec *s)
{
    maas_hardware_lab(m);
    one->hardware = maas_hardware_named(m, "lab");
    text_copy(one->architecture, sizeof(one->architecture), s->arch);
    text_copy(one->power_type, sizeof(one->power_type), "virsh");
    maas_parameter_set(one, "power_address", "qemu+ssh://lab@10.10.0.2/system");
    maas_parameter_set(one, "power_id", one->hostname);
    one->zone = zone_of(m, s->zone);
    one->pool = pool_of(m, s->pool);
    text_copy(one->found_name, sizeof(one->found_name), one->hostname);
    one->cpu_count = one->found_cpus = s->cpu;
    one->memory_mb = one->found_mb = s->mem_mb;
    for (size_t i = 0; i < s->n_tags; i++) {
        tag_wanted(m, s->tags[i]);
        text_copy(one->labels[one->n_labels++], sizeof(one->labels[0]), s->tags[i]);
    }
    disks_make(m, one, s);
    nic_make(m, one, s);
    text_copy(one->ip, sizeof(one->ip), s->ip);
    one->ip_fixed = true;
}

/* Somebody's machine is on, and has its address, when it is deployed. */
static void life(struct maas *m, struct maas_machine *one, const struct maas_spec *s)
{
    one->status = maas_status_find(s->status);
    one->commissioning_status = one->status == MAAS_NEW ? -1 : 2;
    one->commissioning = one->status == MAAS_NEW ? 0 : ++m->next_result_id;
    if (one->status == MAAS_NEW) /* nothing has happened to it yet */
        return;
    one->power = MAAS_POWER_OFF;
    maas_message(NULL, one, maas_status_label(one->status), "");
    if (one->status != MAAS_READY)
        text_copy(one->owner, sizeof(one->owner), s->owner);
    if (one->status == MAAS_DEPLOYED || one->status == MAAS_DEPLOYING) {
        one->addressed = true;
        text_copy(one->nics[0].ip, sizeof(one->nics[0].ip), one->ip);
        one->power = MAAS_POWER_ON;
        text_copy(one->osystem, sizeof(one->osystem), "ubuntu");
        text_copy(one->distro_series, sizeof(one->distro_series), "jammy");
    }
}

static struct maas_machine *add(struct maas *m, const struct maas_spec *s)
{
    struct maas_machine *one;

    if (s->n_disks > MAAS_DISKS_MAX || s->n_tags > MAAS_LABELS_MAX ||
        maas_status_find(s->status) == MAAS_STATUS_COUNT)
        return NULL;
    one = maas_machine_new(m, NULL, s->name);
    if (!one)
        return NULL;
    hardware(m, one, s);
    maas_uuid_make(one->system_id, one->uuid);
    life(m, one, s);
    maas_machine_list(m, one);
    return one;
}

bool maas_machine_add(struct maas *m, ms_t now, const struct maas_spec *spec,
                      struct ev_list *events)
{
    const struct maas_hands h = {.m = m, .now = now, .at = now, .events = events};
    struct maas_machine *one;

    maas_catch_up(&h);
    one = maas_machine_named(m, spec->name) ? NULL : add(m, spec);
    if (one)
        maas_appeared(&h, one);
    return one != NULL;
}

static bool fleet_from(struct maas *m, const char *json)
{
    struct maas_spec *list = calloc(MAAS_MACHINES_MAX, sizeof(*list));
    size_t n = 0;
    bool fine = true;

    if (!list)
        WRONG("out of memory");
    if (maas_fleet_read(json, strlen(json), list, MAAS_MACHINES_MAX, &n, NULL) < 0)
        WRONG("a fleet that was not checked before");
    for (size_t i = 0; i < n; i++)
        fine = !maas_machine_named(m, list[i].name) && add(m, &list[i]) && fine;
    free(list);
    return fine;
}

void maas_fleet_make(struct maas *m)
{
    struct maas_spec spec;
    bool fine = true;

    if (m->config.fleet)
        fine = fleet_from(m, m->config.fleet);
    else
        for (size_t i = 0; i < m->config.n_machines; i++) {
            maas_spec_default(i + 1, &spec);
            fine = add(m, &spec) && fine;
        }
    m->config.fleet = NULL;
    assert(fine);
}
