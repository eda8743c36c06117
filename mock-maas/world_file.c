/* A whole world from JSON: what MAAS knows at the start of a run. One table of rows a section; the
 * sections are read in the order of the table at the end, which is that of their needs. */
#include "mock-maas/world_rows.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_MAX MIB(8)
#define NAMES_MAX   32

int maas_world_refused(const struct maas_reading *r, size_t i, const char *why)
{
    return err_set(r->e, -EINVAL, "world: %s[%zu]: %s", r->section, i, why);
}

int maas_world_placed(bool done, const struct maas_reading *r, size_t i)
{
    return done ? 0
                : maas_world_refused(r, i,
                                     "there is no place for it, or it names what is not there");
}

/* --- zones, pools, tags ----------------------------------------------------------------------- */

struct named_row {
    char name[MAAS_NAME_MAX], description[MAAS_TEXT_MAX], comment[MAAS_TEXT_MAX];
};
static const struct jx_field named_fields[] = {
    JX_TEXT(struct named_row, name, JX_MUST),
    JX_TEXT(struct named_row, description, 0),
    JX_TEXT(struct named_row, comment, 0),
};

static int zone_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct named_row *row = element;

    return maas_world_placed(maas_zone_add(r->m, row->name, row->description), r, i);
}

static int pool_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct named_row *row = element;

    return maas_world_placed(maas_pool_add(r->m, row->name, row->description), r, i);
}

static int tag_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct named_row *row = element;
    struct maas_tag tag = {0};

    text_copy(tag.name, sizeof(tag.name), row->name);
    text_copy(tag.comment, sizeof(tag.comment), row->comment);
    return maas_world_placed(maas_tag_add(r->m, &tag), r, i);
}

/* --- users ------------------------------------------------------------------------------------ */

static const struct jx_field user_fields[] = {
    JX_TEXT(struct maas_user, name, JX_MUST),
    JX_TEXT(struct maas_user, key, 0),
    JX_TEXT(struct maas_user, email, 0),
    JX_TEXT(struct maas_user, password, 0),
    JX_BOOL(struct maas_user, superuser, "superuser", 0),
};

static int user_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;

    return maas_world_placed(maas_user_place(r->m, element), r, i);
}

/* --- networks --------------------------------------------------------------------------------- */

static const struct jx_field fabric_fields[] = {
    JX_INT(struct maas_fabric, id, "id", JX_MUST, 0, INT32_MAX),
    JX_TEXT(struct maas_fabric, name, JX_MUST),
    JX_TEXT(struct maas_fabric, description, 0),
};

static int fabric_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;

    return maas_world_placed(maas_fabric_add(r->m, element, 0), r, i);
}

static const struct jx_field space_fields[] = {
    JX_INT(struct maas_space, id, "id", JX_MUST, 1, INT32_MAX),
    JX_TEXT(struct maas_space, name, JX_MUST),
    JX_TEXT(struct maas_space, description, 0),
};

static int space_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;

    return maas_world_placed(maas_space_add(r->m, element), r, i);
}

static const struct jx_field vlan_fields[] = {
    JX_INT(struct maas_vlan, id, "id", JX_MUST, 1, INT32_MAX),
    JX_INT(struct maas_vlan, fabric, "fabric", JX_MUST, 0, INT32_MAX),
    JX_INT(struct maas_vlan, vid, "vid", 0, 0, 4094),
    JX_INT(struct maas_vlan, mtu, "mtu", 0, 552, 65535),
    JX_INT(struct maas_vlan, space, "space", 0, 0, INT32_MAX),
    JX_TEXT(struct maas_vlan, name, 0),
    JX_TEXT(struct maas_vlan, primary_rack, 0),
    JX_TEXT(struct maas_vlan, secondary_rack, 0),
    JX_BOOL(struct maas_vlan, dhcp_on, "dhcp_on", 0),
};

static int vlan_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;

    return maas_world_placed(maas_vlan_add(r->m, element), r, i);
}

struct subnet_row {
    struct maas_subnet subnet;
};
static const struct jx_field subnet_fields[] = {
    JX_INT(struct maas_subnet, id, "id", JX_MUST, 1, INT32_MAX),
    JX_INT(struct maas_subnet, vlan, "vlan", JX_MUST, 1, INT32_MAX),
    JX_TEXT(struct maas_subnet, name, JX_MUST),
    JX_TEXT(struct maas_subnet, cidr, JX_MUST),
    JX_TEXT(struct maas_subnet, description, 0),
    JX_TEXT(struct maas_subnet, gateway_ip, 0),
    JX_TEXTS(struct maas_subnet, dns_servers, n_dns_servers, "dns_servers", 0),
};

static int subnet_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    struct maas_subnet s = *(const struct maas_subnet *)element;

    s.rdns_mode = 2; /* MAAS's default */
    return maas_world_placed(maas_subnet_add(r->m, &s), r, i);
}

struct range_row {
    int64_t id, subnet;
    bool dynamic;
    char start[MAAS_IP_MAX], end[MAAS_IP_MAX], user[64], comment[MAAS_TEXT_MAX];
};
static const struct jx_field range_fields[] = {
    JX_INT(struct range_row, id, "id", 0, 1, INT32_MAX),
    JX_INT(struct range_row, subnet, "subnet", JX_MUST, 1, INT32_MAX),
    JX_BOOL(struct range_row, dynamic, "dynamic", 0),
    JX_TEXT(struct range_row, start, JX_MUST),
    JX_TEXT(struct range_row, end, JX_MUST),
    JX_TEXT(struct range_row, user, 0),
    JX_TEXT(struct range_row, comment, 0),
};

static int range_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct range_row *row = element;
    struct maas_range range = {
        .id = row->id ? row->id : MAAS_NEXT_ID, .subnet = row->subnet, .dynamic = row->dynamic};

    text_copy(range.user, sizeof(range.user), row->user);
    text_copy(range.comment, sizeof(range.comment), row->comment);
    return maas_world_placed(maas_ip_read(row->start, &range.start) &&
                                 maas_ip_read(row->end, &range.end) && maas_range_add(r->m, &range),
                             r, i);
}

struct address_row {
    int64_t id, alloc;
    char ip[MAAS_IP_MAX], rack[16], owner[64];
};
static const struct jx_field address_fields[] = {
    JX_INT(struct address_row, id, "id", 0, 1, INT32_MAX),
    JX_INT(struct address_row, alloc, "alloc", 0, 0, 6),
    JX_TEXT(struct address_row, ip, JX_MUST),
    JX_TEXT(struct address_row, rack, 0),
    JX_TEXT(struct address_row, owner, 0),
};

static int address_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct address_row *row = element;
    struct maas_used used = {.id = row->id ? row->id : MAAS_NEXT_ID,
                             .alloc = (enum maas_alloc)row->alloc};

    text_copy(used.rack, sizeof(used.rack), row->rack);
    text_copy(used.owner, sizeof(used.owner), row->owner);
    return maas_world_placed(maas_ip_read(row->ip, &used.ip) && maas_used_add(r->m, &used), r, i);
}

/* --- controllers and images ------------------------------------------------------------------- */

static const struct jx_field rack_fields[] = {
    JX_TEXT(struct maas_rack, system_id, JX_MUST),
    JX_TEXT(struct maas_rack, hostname, JX_MUST),
    JX_TEXT_AS(struct maas_rack, nic.name, "nic", 0),
    JX_TEXT_AS(struct maas_rack, nic.mac, "mac", 0),
    JX_INT(struct maas_rack, nic.id, "nic_id", 0, 1, INT32_MAX),
    JX_INT(struct maas_rack, nic.vlan, "vlan", 0, 1, INT32_MAX),
    JX_INT(struct maas_rack, commissioning, "commissioning", 0, 1, INT32_MAX),
};

static int rack_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;

    return maas_world_placed(maas_rack_add(r->m, element), r, i);
}

static const struct jx_field file_fields[] = {
    JX_TEXT(struct maas_image_file, name, JX_MUST),
    JX_TEXT(struct maas_image_file, type, 0),
    JX_TEXT(struct maas_image_file, sha256, 0),
    JX_INT(struct maas_image_file, size, "size", 0, 0, INT64_MAX),
};
static const struct jx_field image_fields[] = {
    JX_INT(struct maas_image, id, "id", 0, 1, INT32_MAX),
    JX_TEXT(struct maas_image, name, JX_MUST),
    JX_TEXT(struct maas_image, architecture, JX_MUST),
    JX_TEXT(struct maas_image, title, 0),
    JX_TEXT(struct maas_image, version, 0),
    JX_TEXT(struct maas_image, filetype, 0),
    JX_BOOL(struct maas_image, uploaded, "uploaded", 0),
    JX_ARRAY(struct maas_image, files, n_files, "files", 0, file_fields),
};

static int image_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    struct maas_image image = *(const struct maas_image *)element;

    image.complete = true;
    for (size_t k = 0; k < image.n_files; k++)
        image.files[k].got = image.files[k].size;
    if (!maas_image_add(r->m, &image))
        return maas_world_placed(false, r, i);
    if (image.id)
        r->m->images[r->m->n_images - 1].id = image.id;
    return 0;
}

/* --- settings and durations ------------------------------------------------------------------- */

struct setting_row {
    char name[64];
    char *value;
};
static const struct jx_field setting_fields[] = {
    JX_TEXT(struct setting_row, name, JX_MUST),
    JX_RAW(struct setting_row, value, "value", JX_MUST, MAAS_SETTING_MAX),
};

static int setting_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct setting_row *row = element;

    return maas_world_placed(maas_setting_put(r->m, row->name, row->value), r, i);
}

struct takes_row {
    char what[32], takes[24];
};
static const struct jx_field takes_fields[] = {
    JX_TEXT(struct takes_row, what, JX_MUST),
    JX_TEXT(struct takes_row, takes, JX_MUST),
};

static int takes_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct takes_row *row = element;

    for (unsigned d = 0; d < MAAS_DURATION_COUNT; d++)
        if (text_is(maas_duration_name((enum maas_duration)d), row->what))
            return text_duration(row->takes, &r->m->takes[d])
                       ? 0
                       : maas_world_refused(r, i, "takes: is no duration, as 10m");
    return maas_world_refused(r, i, "what: is nothing that takes time here");
}

/* --- history ---------------------------------------------------------------------------------- */

struct event_row {
    struct maas_event event;
    char level[16];
};
static const struct jx_field event_fields[] = {
    JX_INT(struct event_row, event.id, "id", 0, 1, INT32_MAX),
    JX_TEXT_AS(struct event_row, event.node, "node", 0),
    JX_TEXT_AS(struct event_row, event.hostname, "hostname", 0),
    JX_TEXT_AS(struct event_row, event.user, "user", 0),
    JX_TEXT_AS(struct event_row, event.type, "type", JX_MUST),
    JX_TEXT_AS(struct event_row, event.text, "text", 0),
    JX_TEXT(struct event_row, level, 0),
};

static int event_add(void *arg, size_t i, const void *element)
{
    const struct maas_reading *r = arg;
    const struct event_row *row = element;
    struct maas_event event = row->event;

    event.id = event.id ? event.id : MAAS_NEXT_ID;
    if (!maas_level_read(*row->level ? row->level : "INFO", &event.level))
        return maas_world_refused(r, i,
                                  "level: is none of DEBUG, INFO, WARNING, ERROR, CRITICAL, AUDIT");
    maas_event_put(r->m, &event);
    return 0;
}

/* --- the world -------------------------------------------------------------------------------- */

enum {
    ZONES,
    POOLS,
    TAGS,
    USERS,
    SPACES,
    FABRICS,
    VLANS,
    SUBNETS,
    RANGES,
    RACKS,
    ADDRESSES,
    IMAGES,
    SETTINGS,
    TAKES,
    EVENTS,
    HARDWARE,
    INVENTORY,
    MACHINES,
    SECTION_COUNT
};
struct world {
    char version[16];
    int64_t next_result;
    char *sections[SECTION_COUNT];
};
static const struct maas_section sections[SECTION_COUNT] = {
    [ZONES] = {"zones", named_fields, COUNTOF(named_fields), sizeof(struct named_row), zone_add},
    [POOLS] = {"pools", named_fields, COUNTOF(named_fields), sizeof(struct named_row), pool_add},
    [TAGS] = {"tags", named_fields, COUNTOF(named_fields), sizeof(struct named_row), tag_add},
    [USERS] = {"users", user_fields, COUNTOF(user_fields), sizeof(struct maas_user), user_add},
    [SPACES] = {"spaces", space_fields, COUNTOF(space_fields), sizeof(struct maas_space),
                space_add},
    [FABRICS] = {"fabrics", fabric_fields, COUNTOF(fabric_fields), sizeof(struct maas_fabric),
                 fabric_add},
    [VLANS] = {"vlans", vlan_fields, COUNTOF(vlan_fields), sizeof(struct maas_vlan), vlan_add},
    [SUBNETS] = {"subnets", subnet_fields, COUNTOF(subnet_fields), sizeof(struct maas_subnet),
                 subnet_add},
    [RANGES] = {"ranges", range_fields, COUNTOF(range_fields), sizeof(struct range_row), range_add},
    [RACKS] = {"racks", rack_fields, COUNTOF(rack_fields), sizeof(struct maas_rack), rack_add},
    [ADDRESSES] = {"addresses", address_fields, COUNTOF(address_fields), sizeof(struct address_row),
                   address_add},
    [IMAGES] = {"images", image_fields, COUNTOF(image_fields), sizeof(struct maas_image),
                image_add},
    [SETTINGS] = {"settings", setting_fields, COUNTOF(setting_fields), sizeof(struct setting_row),
                  setting_add},
    [TAKES] = {"takes", takes_fields, COUNTOF(takes_fields), sizeof(struct takes_row), takes_add},
    [EVENTS] = {"events", event_fields, COUNTOF(event_fields), sizeof(struct event_row), event_add},
};

static const struct jx_field world_fields[] = {
    JX_TEXT(struct world, version, 0),
    JX_INT(struct world, next_result, "next_result", 0, 0, INT32_MAX),
#define SECTION(i, json) JX_RAW(struct world, sections[i], json, 0, SECTION_MAX)
    SECTION(ZONES, "zones"),
    SECTION(POOLS, "pools"),
    SECTION(TAGS, "tags"),
    SECTION(USERS, "users"),
    SECTION(SPACES, "spaces"),
    SECTION(FABRICS, "fabrics"),
    SECTION(VLANS, "vlans"),
    SECTION(SUBNETS, "subnets"),
    SECTION(RANGES, "ranges"),
    SECTION(RACKS, "racks"),
    SECTION(ADDRESSES, "addresses"),
    SECTION(IMAGES, "images"),
    SECTION(SETTINGS, "settings"),
    SECTION(TAKES, "takes"),
    SECTION(EVENTS, "events"),
    SECTION(HARDWARE, "hardware"),
    SECTION(INVENTORY, "inventory"),
    SECTION(MACHINES, "machines"),
#undef SECTION
};

/* Those whose rows stand in another file. */
static struct maas_section section_of(size_t i)
{
    if (i == HARDWARE)
        return maas_section_hardware;
    if (i == INVENTORY)
        return maas_section_inventory;
    return i == MACHINES ? maas_section_machines : sections[i];
}

static int section_read(struct maas *m, const struct maas_section *s, const char *text,
                        struct err *e)
{
    struct maas_reading r = {.m = m, .section = s->name, .e = e};
    void *element;
    int err;

    if (!text)
        return 0;
    element = calloc(1, s->size);
    if (!element)
        WRONG("out of memory");
    err = jx_read_list(text, strlen(text), s->fields, s->n_fields, JX_STRICT, element, s->size,
                       s->add, &r, e);
    free(element);
    return err < 0 && !strstr(e->text, "world: ") ? err_at(e, "world: %s", s->name) : err;
}

static int read_into(struct maas *m, const struct world *w, struct err *e)
{
    int err = 0;

    if (*w->version && !text_is(w->version, "3.7") && !text_is(w->version, "3.5"))
        return err_set(e, -EINVAL, "world: version: is neither 3.7 nor 3.5");
    if (*w->version)
        m->version = text_is(w->version, "3.5") ? MAAS_35 : MAAS_37;
    maas_durations_fresh(m);
    maas_world_fresh(m);
    for (size_t i = 0; i < SECTION_COUNT && err == 0; i++) {
        const struct maas_section section = section_of(i);

        err = section_read(m, &section, w->sections[i], e);
    }
    m->next_result_id = w->next_result > m->next_result_id ? w->next_result : m->next_result_id;
    return err;
}

int maas_world_read(struct maas *m, const char *text, size_t len, struct err *e)
{
    struct world w = {.version = ""};
    struct err lost = {0};
    struct maas *made;
    int err = jx_read(text, len, world_fields, COUNTOF(world_fields), JX_STRICT, &w, e ? e : &lost);

    if (err < 0)
        return err;
    made = maas_blank(&m->config, m->version);
    err = read_into(made, &w, e ? e : &lost);
    jx_drop(world_fields, COUNTOF(world_fields), &w);
    if (err == 0)
        maas_become(m, made);
    maas_free(made);
    return err;
}
