#include "scenarios/engine/lab.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NFT_LINE_MAX 160

/* The file's own form: rulesets are lists of lines and ways are words, so that a person can read
 * them; the rest is read in place. */
struct lab_file {
    struct lab lab;
    struct lab_file_host {
        struct lab_host host;
        int64_t listen, forgets_s;
        size_t n_nft;
        char nft[LAB_RULES_MAX][NFT_LINE_MAX];
    } hosts[LAB_HOSTS_MAX];
    size_t n_reach;
    struct lab_file_reach { /* from each of these roles to each of those */
        char from[LAB_ROLES_LEN], to[LAB_ROLES_LEN];
        char way[16];
        char seen_as[LAB_ADDRESS_MAX];
    } reach[LAB_ROWS_MAX];
};

static const char *const reach_names[REACH_COUNT + 1] = {
    [REACH_OPEN] = "open",       [REACH_NAT] = "nat",     [REACH_DROP] = "drop",
    [REACH_REFUSED] = "refused", [REACH_DECOY] = "decoy",
};

const char *reach_name(enum reach r)
{
    assert(r < REACH_COUNT);
    return reach_names[r];
}

/* clang-format off */
static const struct jx_field zone_fields[] = {
    JX_TEXT(struct lab_zone, name, JX_MUST),
    JX_TEXT(struct lab_zone, net, JX_MUST),
    JX_BOOL(struct lab_zone, is_private, "private", 0),
    JX_TEXT(struct lab_zone, overlaps, 0),
};
static const struct jx_field link_fields[] = {
    JX_TEXT(struct lab_link, zone, JX_MUST),
    JX_TEXT(struct lab_link, address, JX_MUST),
    JX_TEXT(struct lab_link, also, 0),
    JX_INT(struct lab_link, delay_ms, "delay_ms", 0, 0, LAB_DELAY_MAX_MS),
    JX_INT(struct lab_link, loss_percent, "loss_percent", 0, 0, LAB_LOSS_MAX),
};
static const struct jx_field route_fields[] = {
    JX_TEXT(struct lab_route, net, JX_MUST),
    JX_TEXT(struct lab_route, via, JX_MUST),
};
static const struct jx_field host_fields[] = {
    JX_TEXT_AS(struct lab_file_host, host.name, "name", JX_MUST),
    JX_TEXT_AS(struct lab_file_host, host.role, "role", JX_MUST),
    JX_ARRAY(struct lab_file_host, host.links, host.n_links, "links", JX_MUST, link_fields),
    JX_TEXT_AS(struct lab_file_host, host.gateway, "gateway", 0),
    JX_ARRAY(struct lab_file_host, host.routes, host.n_routes, "routes", 0, route_fields),
    JX_BOOL(struct lab_file_host, host.forward, "forward", 0),
    JX_INT(struct lab_file_host, listen, "listen", 0, 1, 65535),
    JX_INT(struct lab_file_host, forgets_s, "forgets_seconds", 0, 1, 86400),
    { .name = "nft", .kind = JX_KIND_TEXTS, .offset = offsetof(struct lab_file_host, nft),
      .size = NFT_LINE_MAX, .count_offset = offsetof(struct lab_file_host, n_nft),
      .max = LAB_RULES_MAX },
};
static const struct jx_field reach_fields[] = {
    JX_TEXT(struct lab_file_reach, from, JX_MUST),
    JX_TEXT(struct lab_file_reach, to, JX_MUST),
    JX_TEXT_AS(struct lab_file_reach, way, "reach", JX_MUST),
    JX_TEXT(struct lab_file_reach, seen_as, 0),
};
static const struct jx_field name_fields[] = {
    JX_TEXT(struct lab_name, name, JX_MUST),
    JX_TEXT(struct lab_name, address, JX_MUST),
};
static const struct jx_field lab_fields[] = {
    JX_TEXT_AS(struct lab_file, lab.name, "name", JX_MUST),
    JX_ARRAY(struct lab_file, lab.zones, lab.n_zones, "zones", JX_MUST, zone_fields),
    JX_ARRAY(struct lab_file, hosts, lab.n_hosts, "hosts", JX_MUST, host_fields),
    JX_ARRAY(struct lab_file, reach, n_reach, "reach", JX_MUST, reach_fields),
    JX_ARRAY(struct lab_file, lab.names, lab.n_names, "names", 0, name_fields),
};
/* clang-format on */

/* The port that a role serves. */
static const struct listener {
    const char *role;
    int port;
} listeners[] = {{"maas", 5240}, {"maas-b", 5240}, {"palette", 443}, {"proxy", 3128}, {"dns", 53}};

static int role_port(const char *role)
{
    size_t i;

    for (i = 0; i < COUNTOF(listeners); i++)
        if (text_is(listeners[i].role, role))
            return listeners[i].port;
    return 0;
}

/* --- addresses: IPv4 in dotted form, all that the labs have --------------------------------- */

bool lab_address_read(const char *text, uint32_t *ret)
{
    uint32_t address = 0;
    int part;

    for (part = 0; part < 4; part++) {
        const size_t len = strspn(text, "0123456789");
        char digits[4];
        int64_t number;

        /* one way to write it: addresses are compared as text */
        if (!text_copy_len(digits, sizeof digits, text, len) ||
            !text_int(digits, 0, 255, &number) || (len > 1 && text[0] == '0'))
            return false;
        address = address << 8 | (uint32_t)number;
        text += len;
        if (*text != (part < 3 ? '.' : '\0'))
            return false;
        text += part < 3;
    }
    *ret = address;
    return true;
}

bool lab_net_read(const char *text, uint32_t *ret_net, uint32_t *ret_mask)
{
    const char *slash = strchr(text, '/');
    char address[LAB_ADDRESS_MAX];
    int64_t bits;

    if (!slash || !text_int(slash + 1, 1, 32, &bits) ||
        !text_copy_len(address, sizeof address, text, (size_t)(slash - text)) ||
        !lab_address_read(address, ret_net))
        return false;
    *ret_mask = UINT32_MAX << (32 - bits);
    return (*ret_net & ~*ret_mask) == 0;
}

bool lab_net_has(const char *net_text, const char *address_text)
{
    uint32_t net, mask, address;

    return lab_net_read(net_text, &net, &mask) && lab_address_read(address_text, &address) &&
           (address & mask) == net;
}

/* --- asking ---------------------------------------------------------------------------------- */

const struct lab_host *lab_role(const struct lab *l, const char *role)
{
    size_t i;

    for (i = 0; i < l->n_hosts; i++)
        if (text_is(l->hosts[i].role, role))
            return &l->hosts[i];
    return NULL;
}

bool lab_link_has(const struct lab_link *link, const char *address)
{
    return text_is(link->address, address) ||
           (link->also[0] != '\0' && text_is(link->also, address));
}

const struct lab_host *lab_host_at(const struct lab *l, const char *address)
{
    size_t i, k;

    for (i = 0; i < l->n_hosts; i++)
        for (k = 0; k < l->hosts[i].n_links; k++)
            if (lab_link_has(&l->hosts[i].links[k], address))
                return &l->hosts[i];
    return NULL;
}

void lab_host_event(const struct lab_host *h, size_t k, const char *address, struct event *ret)
{
    ev_init(ret, EV_LAB_HOST, 0);
    ev_text_add(ret, EVF_NAME, h->name);
    ev_text_add(ret, EVF_WHO, h->role);
    ev_text_add(ret, EVF_LINK, h->links[k].zone);
    ev_text_add(ret, EVF_IP, address);
}

const struct lab_zone *lab_zone(const struct lab *l, const char *name)
{
    size_t i;

    for (i = 0; i < l->n_zones; i++)
        if (text_is(l->zones[i].name, name))
            return &l->zones[i];
    return NULL;
}

const struct lab_zone *lab_zone_of(const struct lab *l, const char *address)
{
    size_t i;

    for (i = 0; i < l->n_zones; i++)
        if (lab_net_has(l->zones[i].net, address))
            return &l->zones[i];
    return NULL;
}

const struct lab_reach *lab_reach_find(const struct lab *l, const char *from, const char *to)
{
    size_t i;

    for (i = 0; i < l->n_reach; i++)
        if (text_is(l->reach[i].from, from) && text_is(l->reach[i].to, to))
            return &l->reach[i];
    return NULL;
}

const struct lab_link *lab_link_in(const struct lab_host *h, const char *zone)
{
    size_t i;

    for (i = 0; i < h->n_links; i++)
        if (text_is(h->links[i].zone, zone))
            return &h->links[i];
    return NULL;
}

static bool share_a_zone(const struct lab_host *a, const struct lab_host *b)
{
    size_t i;

    for (i = 0; a && b && i < a->n_links; i++)
        if (lab_link_in(b, a->links[i].zone))
            return true;
    return false;
}

/* A pair without a row (routers, canaries) reaches each other within a zone and nowhere else. */
enum reach lab_reaches(const struct lab *l, const char *from_role, const char *to_role,
                       const char **ret_seen_as)
{
    const struct lab_reach *row = lab_reach_find(l, from_role, to_role);

    if (ret_seen_as)
        *ret_seen_as = row ? row->seen_as : "";
    if (row)
        return row->reach;
    return share_a_zone(lab_role(l, from_role), lab_role(l, to_role)) ? REACH_OPEN : REACH_REFUSED;
}

const char *lab_name_of(const struct lab *l, const char *role)
{
    for (size_t i = 0; i < l->n_names; i++)
        if (text_is(lab_host_at(l, l->names[i].address)->role, role))
            return l->names[i].name;
    return NULL;
}

const char *lab_resolve(const struct lab *l, const char *name)
{
    size_t i;

    for (i = 0; i < l->n_names; i++)
        if (text_is_nocase(l->names[i].name, name))
            return l->names[i].address;
    return NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

static int hosts_take(struct lab_file *f, struct err *e)
{
    size_t i, k;

    for (i = 0; i < f->lab.n_hosts; i++) {
        struct buf nft;

        buf_init(&nft, sizeof f->lab.hosts[i].nft - 1);
        for (k = 0; k < f->hosts[i].n_nft; k++)
            buf_printf(&nft, "%s\n", f->hosts[i].nft[k]);
        f->lab.hosts[i] = f->hosts[i].host;
        f->lab.hosts[i].forgets_s = (int)f->hosts[i].forgets_s;
        f->lab.hosts[i].listen =
            f->hosts[i].listen != 0 ? (int)f->hosts[i].listen : role_port(f->lab.hosts[i].role);
        (void)text_copy(f->lab.hosts[i].nft, sizeof f->lab.hosts[i].nft, buf_text(&nft));
        k = nft.full;
        buf_drop(&nft);
        if (k)
            return err_set(e, -EINVAL, "hosts[%zu].nft: longer than %zu bytes; shorten it", i,
                           sizeof f->lab.hosts[i].nft - 1);
    }
    return 0;
}

static int pair_take(struct lab_file *f, size_t row, const char *from, const char *to,
                     struct err *e)
{
    struct lab_reach *r = &f->lab.reach[f->lab.n_reach];
    size_t k;

    if (f->lab.n_reach == LAB_REACH_MAX)
        return err_set(e, -E2BIG, "reach[%zu]: more than %d pairs of roles; say fewer", row,
                       LAB_REACH_MAX);
    for (k = 0; reach_names[k] && !text_is(reach_names[k], f->reach[row].way); k++)
        ;
    *r = (struct lab_reach){.reach = (enum reach)k, .row = row};
    (void)text_copy(r->seen_as, sizeof r->seen_as, f->reach[row].seen_as);
    if (!text_copy(r->from, sizeof r->from, from) || !text_copy(r->to, sizeof r->to, to))
        return err_set(e, -EINVAL, "reach[%zu]: a role's name is longer than %d bytes; shorten it",
                       row, LAB_NAME_MAX - 1);
    f->lab.n_reach++;
    return 0;
}

/* From each role that the row names to each other one. */
static int row_take(struct lab_file *f, size_t row, struct err *e)
{
    char from[LAB_ROLES_LEN], to[LAB_ROLES_LEN];
    const char *froms = f->reach[row].from;
    const size_t before = f->lab.n_reach;
    int r = 0;

    while (r == 0 && text_next(&froms, ' ', from, sizeof from)) {
        const char *tos = f->reach[row].to;
        while (r == 0 && text_next(&tos, ' ', to, sizeof to))
            if (!text_is(from, to))
                r = pair_take(f, row, from, to, e);
    }
    if (r == 0 && f->lab.n_reach == before)
        r = err_set(e, -EINVAL, "reach[%zu]: leads nowhere; remove the row", row);
    return r;
}

static int reach_take(struct lab_file *f, struct err *e)
{
    size_t i, k;
    int r = 0;

    for (i = 0; i < f->n_reach && r == 0; i++) {
        const char *nearest = text_nearest(f->reach[i].way, reach_names);

        for (k = 0; reach_names[k] && !text_is(reach_names[k], f->reach[i].way); k++)
            ;
        if (!reach_names[k])
            return err_set(e, -EINVAL,
                           "reach[%zu].reach: no way is called '%s'; did you mean '%s'?", i,
                           f->reach[i].way, nearest ? nearest : reach_names[0]);
        r = row_take(f, i, e);
    }
    return r;
}

static int file_take(struct lab_file *f, struct err *e)
{
    int r = hosts_take(f, e);

    if (r == 0)
        r = reach_take(f, e);
    return r < 0 ? r : lab_check(&f->lab, e);
}

int lab_read(const char *file, const char *text, size_t len, struct lab *ret, struct err *e)
{
    struct lab_file *f = calloc(1, sizeof *f);
    struct err why = {0};
    int r;

    if (!f)
        WRONG("no memory");
    r = jx_read(text, len, lab_fields, COUNTOF(lab_fields), JX_STRICT, f, &why);
    if (r == 0)
        r = file_take(f, &why);
    if (r == 0)
        *ret = f->lab;
    else
        err_set(e, r, "%s: %s", file, why.text);
    free(f);
    return r;
}
