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
        size_t n_nft;
        char nft[LAB_RULES_MAX][NFT_LINE_MAX];
    } hosts[LAB_HOSTS_MAX];
    struct lab_file_reach {
        struct lab_reach row;
        char way[16];
    } reach[LAB_REACH_MAX];
};

static const char *const reach_names[REACH_COUNT + 1] = {
    [REACH_OPEN] = "open",       [REACH_NAT] = "nat",     [REACH_DROP] = "drop",
    [REACH_REFUSED] = "refused", [REACH_PROXY] = "proxy",
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
};
static const struct jx_field link_fields[] = {
    JX_TEXT(struct lab_link, zone, JX_MUST),
    JX_TEXT(struct lab_link, address, JX_MUST),
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
    { .name = "nft", .kind = JX_KIND_TEXTS, .offset = offsetof(struct lab_file_host, nft),
      .size = NFT_LINE_MAX, .count_offset = offsetof(struct lab_file_host, n_nft),
      .max = LAB_RULES_MAX },
};
static const struct jx_field reach_fields[] = {
    JX_TEXT_AS(struct lab_file_reach, row.from, "from", JX_MUST),
    JX_TEXT_AS(struct lab_file_reach, row.to, "to", JX_MUST),
    JX_TEXT_AS(struct lab_file_reach, way, "reach", JX_MUST),
    JX_TEXT_AS(struct lab_file_reach, row.seen_as, "seen_as", 0),
};
static const struct jx_field name_fields[] = {
    JX_TEXT(struct lab_name, name, JX_MUST),
    JX_TEXT(struct lab_name, address, JX_MUST),
};
static const struct jx_field lab_fields[] = {
    JX_TEXT_AS(struct lab_file, lab.name, "name", JX_MUST),
    JX_ARRAY(struct lab_file, lab.zones, lab.n_zones, "zones", JX_MUST, zone_fields),
    JX_ARRAY(struct lab_file, hosts, lab.n_hosts, "hosts", JX_MUST, host_fields),
    JX_ARRAY(struct lab_file, reach, lab.n_reach, "reach", JX_MUST, reach_fields),
    JX_ARRAY(struct lab_file, lab.names, lab.n_names, "names", 0, name_fields),
};
/* clang-format on */

/* The port that a role serves. */
static const struct listener {
    const char *role;
    int port;
} listeners[] = {{"maas", 5240}, {"palette", 443}, {"proxy", 3128}, {"dns", 53}};

static int role_port(const char *role)
{
    size_t i;

    for (i = 0; i < COUNTOF(listeners); i++)
        if (text_is(listeners[i].role, role))
            return listeners[i].port;
    return 0;
}

/* --- addresses: IPv4 in dotted form, all that the labs have --------------------------------- */

static bool address_read(const char *text, uint32_t *ret)
{
    uint32_t address = 0;
    int part;

    for (part = 0; part < 4; part++) {
        const size_t len = strspn(text, "0123456789");
        char digits[4];
        int64_t number;

        if (!text_copy_len(digits, sizeof digits, text, len) || !text_int(digits, 0, 255, &number))
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

static bool net_read(const char *text, uint32_t *ret_net, uint32_t *ret_mask)
{
    const char *slash = strchr(text, '/');
    char address[LAB_ADDRESS_MAX];
    int64_t bits;

    if (!slash || !text_int(slash + 1, 1, 32, &bits) ||
        !text_copy_len(address, sizeof address, text, (size_t)(slash - text)) ||
        !address_read(address, ret_net))
        return false;
    *ret_mask = UINT32_MAX << (32 - bits);
    return (*ret_net & ~*ret_mask) == 0;
}

bool lab_net_has(const char *net_text, const char *address_text)
{
    uint32_t net, mask, address;

    return net_read(net_text, &net, &mask) && address_read(address_text, &address) &&
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

const struct lab_host *lab_host_at(const struct lab *l, const char *address)
{
    size_t i, k;

    for (i = 0; i < l->n_hosts; i++)
        for (k = 0; k < l->hosts[i].n_links; k++)
            if (text_is(l->hosts[i].links[k].address, address))
                return &l->hosts[i];
    return NULL;
}

static const struct lab_zone *zone_find(const struct lab *l, const char *name)
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

static const struct lab_reach *reach_find(const struct lab *l, const char *from, const char *to)
{
    size_t i;

    for (i = 0; i < l->n_reach; i++)
        if (text_is(l->reach[i].from, from) && text_is(l->reach[i].to, to))
            return &l->reach[i];
    return NULL;
}

static bool share_a_zone(const struct lab_host *a, const struct lab_host *b)
{
    size_t i, k;

    for (i = 0; a && b && i < a->n_links; i++)
        for (k = 0; k < b->n_links; k++)
            if (text_is(a->links[i].zone, b->links[k].zone))
                return true;
    return false;
}

/* A pair without a row (routers, canaries) reaches each other within a zone and nowhere else. */
enum reach lab_reaches(const struct lab *l, const char *from_role, const char *to_role,
                       const char **ret_seen_as)
{
    const struct lab_reach *row = reach_find(l, from_role, to_role);

    if (ret_seen_as)
        *ret_seen_as = row ? row->seen_as : "";
    if (row)
        return row->reach;
    return share_a_zone(lab_role(l, from_role), lab_role(l, to_role)) ? REACH_OPEN : REACH_REFUSED;
}

const char *lab_resolve(const struct lab *l, const char *name)
{
    size_t i;

    for (i = 0; i < l->n_names; i++)
        if (text_is_nocase(l->names[i].name, name))
            return l->names[i].address;
    return NULL;
}

/* --- checking -------------------------------------------------------------------------------- */

static int no_zone(const struct lab *l, size_t i, size_t k, struct err *e)
{
    const char *names[LAB_ZONES_MAX + 1] = {NULL}, *nearest;
    const char *zone = l->hosts[i].links[k].zone;
    size_t z;

    for (z = 0; z < l->n_zones; z++)
        names[z] = l->zones[z].name;
    nearest = text_nearest(zone, names);
    if (nearest)
        return err_set(e, -EINVAL, "hosts[%zu].links[%zu].zone: no zone '%s'; did you mean '%s'?",
                       i, k, zone, nearest);
    return err_set(e, -EINVAL, "hosts[%zu].links[%zu].zone: no zone '%s'; add it to zones", i, k,
                   zone);
}

static int link_check(const struct lab *l, size_t i, size_t k, struct err *e)
{
    const struct lab_link *link = &l->hosts[i].links[k];
    const struct lab_zone *zone = zone_find(l, link->zone);

    if (!zone)
        return no_zone(l, i, k, e);
    if (!lab_net_has(zone->net, link->address))
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].address: '%s' is not in %s; give one of that net", i,
                       k, link->address, zone->net);
    if (lab_host_at(l, link->address) != &l->hosts[i])
        return err_set(e, -EINVAL,
                       "hosts[%zu].links[%zu].address: '%s' belongs to host %s; give another", i, k,
                       link->address, lab_host_at(l, link->address)->name);
    return 0;
}

/* A next hop must be a neighbour: an address in a zone where the host has a link. */
static bool is_neighbour(const struct lab *l, const struct lab_host *h, const char *address)
{
    const struct lab_host *other = lab_host_at(l, address);
    const struct lab_zone *zone = lab_zone_of(l, address);
    size_t k;

    for (k = 0; other && zone && k < h->n_links; k++)
        if (text_is(h->links[k].zone, zone->name))
            return true;
    return false;
}

static int routes_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_host *h = &l->hosts[i];
    uint32_t net, mask;
    size_t k;

    if (h->gateway[0] != '\0' && !is_neighbour(l, h, h->gateway))
        return err_set(e, -EINVAL,
                       "hosts[%zu].gateway: '%s' is no neighbour; give the address of "
                       "a host in the same zone",
                       i, h->gateway);
    for (k = 0; k < h->n_routes; k++) {
        if (!net_read(h->routes[k].net, &net, &mask))
            return err_set(e, -EINVAL,
                           "hosts[%zu].routes[%zu].net: '%s' is no net; write one such "
                           "as 10.10.0.0/24",
                           i, k, h->routes[k].net);
        if (!is_neighbour(l, h, h->routes[k].via))
            return err_set(e, -EINVAL,
                           "hosts[%zu].routes[%zu].via: '%s' is no neighbour; give the "
                           "address of a host in the same zone",
                           i, k, h->routes[k].via);
    }
    return 0;
}

static int host_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_host *h = &l->hosts[i];
    size_t k;
    int r = 0;

    for (k = 0; k < i; k++)
        if (text_is(l->hosts[k].name, h->name))
            return err_set(e, -EINVAL, "hosts[%zu].name: '%s' is taken; give another", i, h->name);
    if (h->name[0] == '\0' || h->role[0] == '\0' || h->n_links == 0)
        return err_set(e, -EINVAL, "hosts[%zu]: wants a name, a role and a link", i);
    for (k = 0; k < h->n_links && r == 0; k++)
        r = link_check(l, i, k, e);
    return r < 0 ? r : routes_check(l, i, e);
}

static bool is_probed(const char *role)
{
    return !text_is(role, "router") && !text_is(role, "canary");
}

static int reach_check(const struct lab *l, size_t i, struct err *e)
{
    const struct lab_reach *row = &l->reach[i];
    const char *const roles[] = {row->from, row->to};
    size_t k;

    for (k = 0; k < COUNTOF(roles); k++)
        if (!lab_role(l, roles[k]) || !is_probed(roles[k]))
            return err_set(e, -EINVAL,
                           "reach[%zu].%s: no host has the role '%s'; name one that is "
                           "neither router nor canary",
                           i, k == 0 ? "from" : "to", roles[k]);
    if (text_is(row->from, row->to) || reach_find(l, row->from, row->to) != row)
        return err_set(e, -EINVAL,
                       "reach[%zu]: %s to %s is said twice or leads nowhere; remove "
                       "the row",
                       i, row->from, row->to);
    if (row->seen_as[0] != '\0' && !lab_host_at(l, row->seen_as))
        return err_set(e, -EINVAL, "reach[%zu].seen_as: '%s' is nobody's address; give a router's",
                       i, row->seen_as);
    return 0;
}

/* Every ordered pair of roles has its row: what is not written down cannot be held against. */
static int reach_is_whole(const struct lab *l, struct err *e)
{
    size_t i, k;

    for (i = 0; i < l->n_hosts; i++)
        for (k = 0; k < l->n_hosts; k++) {
            const char *from = l->hosts[i].role, *to = l->hosts[k].role;
            if (!text_is(from, to) && is_probed(from) && is_probed(to) && !reach_find(l, from, to))
                return err_set(e, -EINVAL, "reach: no row from %s to %s; add one", from, to);
        }
    return 0;
}

static int lab_check(const struct lab *l, struct err *e)
{
    uint32_t net, mask;
    size_t i;
    int r = 0;

    for (i = 0; i < l->n_zones; i++) {
        if (!net_read(l->zones[i].net, &net, &mask))
            return err_set(e, -EINVAL,
                           "zones[%zu].net: '%s' is no net; write one such as "
                           "10.10.0.0/24",
                           i, l->zones[i].net);
        if (l->zones[i].name[0] == '\0' || zone_find(l, l->zones[i].name) != &l->zones[i])
            return err_set(e, -EINVAL, "zones[%zu].name: '%s' is empty or taken; give another", i,
                           l->zones[i].name);
    }
    for (i = 0; i < l->n_hosts && r == 0; i++)
        r = host_check(l, i, e);
    for (i = 0; i < l->n_reach && r == 0; i++)
        r = reach_check(l, i, e);
    for (i = 0; i < l->n_names && r == 0; i++)
        if (!lab_host_at(l, l->names[i].address))
            r = err_set(e, -EINVAL, "names[%zu].address: '%s' is nobody's address; give a host's",
                        i, l->names[i].address);
    return r < 0 ? r : reach_is_whole(l, e);
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
        f->lab.hosts[i].listen = role_port(f->lab.hosts[i].role);
        (void)text_copy(f->lab.hosts[i].nft, sizeof f->lab.hosts[i].nft, buf_text(&nft));
        k = nft.full;
        buf_drop(&nft);
        if (k)
            return err_set(e, -EINVAL, "hosts[%zu].nft: longer than %zu bytes; shorten it", i,
                           sizeof f->lab.hosts[i].nft - 1);
    }
    return 0;
}

static int reach_take(struct lab_file *f, struct err *e)
{
    size_t i, k;

    for (i = 0; i < f->lab.n_reach; i++) {
        const char *nearest = text_nearest(f->reach[i].way, reach_names);

        f->lab.reach[i] = f->reach[i].row;
        for (k = 0; reach_names[k] && !text_is(reach_names[k], f->reach[i].way); k++)
            ;
        if (!reach_names[k])
            return err_set(e, -EINVAL,
                           "reach[%zu].reach: no way is called '%s'; did you mean '%s'?", i,
                           f->reach[i].way, nearest ? nearest : reach_names[0]);
        f->lab.reach[i].reach = (enum reach)k;
    }
    return 0;
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
