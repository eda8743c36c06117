#include "scenarios/engine/labnet_private.h"

#include "lib/base/text.h"
#include "scenarios/engine/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LO_INDEX       1
#define LINK_INDEX     100 /* of a host's first interface */
#define BRIDGE_INDEX   100 /* of the first zone's bridge */
#define WIRE_RULES_MAX KIB(16)
#define PORT_INDEX     1000  /* of the first zone's first port; each zone has so many */
#define SPLICE_INDEX   50000 /* so much higher: the port that takes the place of a link's own; */
#define SPLICE_FAR     90000 /* … and its other end. No zone's: a tap looks at the link's own */

struct setting {
    const char *path, *value;
    bool may_lack; /* a kernel without it is fine */
};
/* Quiet links (no IPv6 chatter), no surprises by reverse path filters, low ports for mocks that
 * have no capability, and unanswered connects that end while somebody still watches. */
static const struct setting every_ns[] = {
    {"net/ipv6/conf/all/disable_ipv6", "1", true},
    {"net/ipv6/conf/default/disable_ipv6", "1", true},
    {"net/ipv4/conf/all/rp_filter", "0", false},
    {"net/ipv4/conf/default/rp_filter", "0", false},
    {"net/ipv4/ip_unprivileged_port_start", "0", false},
    /* what the kernel would do later, by its own clock, it does at once: an answer of a hundred KiB
     * leaves in one go, and nothing waits for an acknowledgement or for company */
    {"net/ipv4/tcp_wmem", "4096 4194304 33554432", false},
    {"net/ipv4/tcp_rmem", "4096 4194304 33554432", false},
    {"net/ipv4/tcp_slow_start_after_idle", "0", false},
    {"net/ipv4/tcp_autocorking", "0", true},
    {"net/ipv4/tcp_no_metrics_save", "1", true},
    /* … and asks nobody by its own clock, after milliseconds, whether the last of two arrived */
    {"net/ipv4/tcp_early_retrans", "0", true},
    /* a try without a way is told so each time, also when many come at once */
    {"net/ipv4/icmp_ratelimit", "0", false},
    {"net/ipv4/icmp_ratemask", "0", false}, /* else there is a bound on all of a host's as well */
    /* bridges are wires here: their frames need no second walk through the firewall's hooks */
    {"net/bridge/bridge-nf-call-iptables", "0", true},
    {"net/bridge/bridge-nf-call-ip6tables", "0", true},
    {"net/bridge/bridge-nf-call-arptables", "0", true},
};

size_t labnet_host_index(const struct lab *l, const struct lab_host *h)
{
    return (size_t)(h - l->hosts);
}

const char *labnet_address_in(const struct lab_host *h, const char *zone)
{
    for (size_t i = 0; i < h->n_links; i++)
        if (text_is(h->links[i].zone, zone))
            return h->links[i].address;
    return NULL;
}

bool labnet_is_built(const struct labnet *n, size_t host_i)
{
    return !text_is(n->lab->hosts[host_i].role, n->without);
}

size_t labnet_zone_index(const struct lab *l, const char *name)
{
    for (size_t i = 0; i < l->n_zones; i++)
        if (text_is(l->zones[i].name, name))
            return i;
    WRONG("a lab that was read has a link without a zone");
}

int labnet_enter(int ns, struct err *e)
{
    if (setns(ns, CLONE_NEWNET) < 0)
        return err_errno(e, "enter a network namespace");
    return 0;
}

static int settle(struct err *e)
{
    for (size_t i = 0; i < COUNTOF(every_ns); i++) {
        struct err why = {0};
        int r = nl_sysctl(every_ns[i].path, every_ns[i].value, &why);
        if (r < 0 && !(r == -ENOENT && every_ns[i].may_lack))
            return err_set(e, r, "%s", why.text);
    }
    return 0;
}

/* A router that forgets flows knows what moved, and makes no mapping for the middle of a flow. */
static int settle_forgetful(struct err *e)
{
    int r = nl_sysctl("net/netfilter/nf_conntrack_acct", "1", e);
    return r < 0 ? r : nl_sysctl("net/netfilter/nf_conntrack_tcp_loose", "0", e);
}

/* A new namespace with lo up; we are in it afterwards. */
static int make_ns(int *ret_fd, struct err *e)
{
    struct nl nl;
    if (unshare(CLONE_NEWNET) < 0)
        return err_errno(e, "make a network namespace; sysctl user.max_net_namespaces says how "
                            "many may be");
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "open /proc/self/ns/net");
    *ret_fd = fd;
    int r = settle(e);
    if (r == 0)
        r = nl_open(&nl, e);
    if (r < 0)
        return r;
    r = nl_link_up(&nl, LO_INDEX, e);
    nl_close(&nl);
    return r;
}

static void mac_of(uint8_t mac[NL_MAC_LEN], size_t zone_i, size_t host_i, size_t side)
{
    const uint8_t bytes[NL_MAC_LEN] = {0x02,         0x67, 0x70, (uint8_t)zone_i, (uint8_t)host_i,
                                       (uint8_t)side};
    for (size_t i = 0; i < NL_MAC_LEN; i++)
        mac[i] = bytes[i];
}

static int make_bridges(struct labnet *n, struct nl *room, struct err *e)
{
    int r = make_ns(&n->room, e);
    if (r == 0)
        r = nl_open(room, e);
    for (size_t i = 0; i < n->lab->n_zones && r == 0; i++) {
        uint8_t mac[NL_MAC_LEN];
        char name[16];
        mac_of(mac, i, 0xff, 0);
        snprintf(name, sizeof(name), "br%u", (unsigned)(uint8_t)i);
        r = nl_bridge_add(room, name, BRIDGE_INDEX + (int)i, mac, e);
    }
    return r;
}

static int join(struct labnet *n, struct nl *room, size_t zone_i, size_t host_i, size_t link_i,
                struct err *e)
{
    char port_name[16], far_name[16];
    struct nl_end port = {.name = port_name,
                          .index = PORT_INDEX * (int)(1 + zone_i) +
                                   (int)(host_i * LAB_LINKS_MAX + link_i)};
    struct nl_end far = {.name = far_name, .index = LINK_INDEX + (int)link_i};
    snprintf(port_name, sizeof(port_name), "p%u.%u", (unsigned)(uint8_t)host_i,
             (unsigned)(uint8_t)link_i);
    snprintf(far_name, sizeof(far_name), "eth%u", (unsigned)(uint8_t)link_i);
    mac_of(port.mac, zone_i, host_i, 1);
    mac_of(far.mac, zone_i, host_i, 0);
    return nl_veth_add(room, &port, BRIDGE_INDEX + (int)zone_i, &far, n->hosts[host_i], e);
}

size_t labnet_zone_of_port(const struct labnet *n, int index)
{
    size_t zone_i = (size_t)(index / PORT_INDEX) - 1;
    return index >= PORT_INDEX && zone_i < n->lab->n_zones ? zone_i : SIZE_MAX;
}

static int join_all(struct labnet *n, struct nl *room, struct err *e)
{
    for (size_t h = 0; h < n->lab->n_hosts; h++)
        for (size_t i = 0; labnet_is_built(n, h) && i < n->lab->hosts[h].n_links; i++) {
            size_t z = labnet_zone_index(n->lab, n->lab->hosts[h].links[i].zone);
            int r = join(n, room, z, h, i, e);
            if (r < 0)
                return err_at(e, "%s", n->lab->hosts[h].name);
        }
    return 0;
}

static int address_host(const struct labnet *n, const struct lab_host *h, struct nl *nl,
                        struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < h->n_links && r == 0; i++) {
        const struct lab_zone *z = &n->lab->zones[labnet_zone_index(n->lab, h->links[i].zone)];
        uint32_t net;
        int prefix = 24;
        if (!nl_net_read(z->net, &net, &prefix))
            return err_set(e, -EINVAL, "zone %s: '%s' is no net", z->name, z->net);
        r = nl_address_add(nl, LINK_INDEX + (int)i, h->links[i].address, prefix, e);
        if (r == 0 && h->links[i].also[0] != '\0')
            r = nl_address_add(nl, LINK_INDEX + (int)i, h->links[i].also, prefix, e);
    }
    if (r == 0 && h->gateway[0] != '\0')
        r = nl_route_add(nl, "0.0.0.0/0", h->gateway, e);
    for (size_t i = 0; i < h->n_routes && r == 0; i++)
        r = nl_route_add(nl, h->routes[i].net, h->routes[i].via, e);
    return r;
}

static int links_up(const struct lab_host *h, struct err *e)
{
    struct nl nl;
    int r = nl_open(&nl, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < h->n_links && r == 0; i++)
        r = nl_link_up(&nl, LINK_INDEX + (int)i, e);
    nl_close(&nl);
    return r;
}

static int await_all(const struct labnet *n, struct err *e)
{
    int r = labnet_enter(n->room, e);
    if (r == 0)
        r = nl_wait_ready(e);
    for (size_t i = 0; i < n->lab->n_hosts && r == 0; i++) {
        if (n->hosts[i] < 0)
            continue;
        r = labnet_enter(n->hosts[i], e);
        if (r == 0)
            r = nl_wait_ready(e);
    }
    return r;
}

static int make_hosts(struct labnet *n, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < n->lab->n_hosts && r == 0; i++)
        if (labnet_is_built(n, i))
            r = make_ns(&n->hosts[i], e);
    return r;
}

static int finish_hosts(struct labnet *n, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < n->lab->n_hosts && r == 0; i++)
        if (n->hosts[i] >= 0 && (r = labnet_enter(n->hosts[i], e)) == 0 &&
            (r = links_up(&n->lab->hosts[i], e)) == 0)
            r = blank_count(&n->blank[i], e);
    return r;
}

/* Namespaces and links, and nobody has an address. */
int labnet_frame_make(struct labnet *n, struct err *e)
{
    struct nl room = {0};
    int r = make_hosts(n, e);
    if (r == 0)
        r = make_bridges(n, &room, e);
    if (r == 0)
        r = join_all(n, &room, e);
    nl_close(&room);
    if (r == 0 && (r = labnet_enter(n->room, e)) == 0)
        r = blank_count(&n->blank_room, e);
    if (r == 0)
        r = finish_hosts(n, e);
    return r < 0 ? r : await_all(n, e);
}

/* Addresses, routes, forwarding and rules of one host, in its namespace. */
static int dress_host(const struct labnet *n, size_t host_i, struct err *e)
{
    const struct lab_host *h = &n->lab->hosts[host_i];
    struct nl nl = {0};
    int r = labnet_enter(n->hosts[host_i], e);
    if (r == 0)
        r = nl_open(&nl, e);
    if (r == 0)
        r = address_host(n, h, &nl, e);
    nl_close(&nl);
    if (r == 0 && h->nft[0] != '\0')
        r = nl_nft(h->nft, e);
    if (r == 0 && h->forgets_s > 0)
        r = settle_forgetful(e);
    if (r == 0 && h->forward) /* after the rules: nothing passes before them */
        r = nl_sysctl(LABNET_FORWARD, "1", e);
    return r;
}

int labnet_dress_all(struct labnet *n, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < n->lab->n_hosts && r == 0; i++)
        if (labnet_is_built(n, i) && (r = dress_host(n, i, e)) < 0)
            err_at(e, "%s", n->lab->hosts[i].name);
    return r;
}

int labnet_home_make(struct labnet *n, struct err *e)
{
    const struct lab_host *user = lab_role(n->lab, "user");
    if (user == NULL)
        return make_ns(&n->home, e);
    n->home = fcntl(n->hosts[labnet_host_index(n->lab, user)], F_DUPFD_CLOEXEC, 0);
    return n->home < 0 ? err_errno(e, "copy a namespace's descriptor") : 0;
}

struct labnet *labnet_empty(const struct lab *l, const char *without)
{
    struct labnet *n = calloc(1, sizeof(*n));
    assert(n != NULL);
    n->lab = l;
    n->without = without;
    n->home = n->room = -1;
    for (size_t i = 0; i < LAB_HOSTS_MAX; i++)
        n->hosts[i] = -1;
    return n;
}

int labnet_new(struct labnet **ret, const struct lab *l, const char *without, struct err *e)
{
    struct labnet *n = labnet_empty(l, without);
    int r = labnet_frame_make(n, e);
    if (r == 0)
        r = labnet_dress_all(n, e);
    if (r == 0)
        r = labnet_home_make(n, e);
    if (r == 0)
        r = labnet_enter(n->home, e);
    if (r < 0) {
        labnet_free(n);
        return err_at(e, "lab %s", l->name);
    }
    *ret = n;
    return 0;
}

static void drop_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void labnet_free(struct labnet *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < LAB_HOSTS_MAX; i++)
        drop_fd(n->hosts[i]);
    drop_fd(n->room);
    drop_fd(n->home);
    free(n);
}

int labnet_host(const struct labnet *n, size_t host_i)
{
    assert(host_i < n->lab->n_hosts && n->hosts[host_i] >= 0);
    return n->hosts[host_i];
}

int labnet_switch(const struct labnet *n)
{
    return n->room;
}

int labnet_home(const struct labnet *n)
{
    return n->home;
}

int labnet_socket(const struct labnet *n, int ns, int domain, int type, int protocol, struct err *e)
{
    int r = labnet_enter(ns, e);
    if (r < 0)
        return r;
    int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    r = fd < 0 ? err_errno(e, "make a socket in a namespace of the lab") : fd;
    struct err back = {0};
    if (labnet_enter(n->home, &back) < 0)
        WRONG("cannot come home from a namespace we entered");
    return r;
}

static int splice_in(const struct labnet *n, struct nl *room, size_t zone_i, int nth, int old_port,
                     struct err *e)
{
    char port_name[16], far_name[16];
    struct nl_end port = {.name = port_name, .index = SPLICE_INDEX + old_port};
    struct nl_end far = {.name = far_name, .index = SPLICE_FAR + old_port};
    snprintf(port_name, sizeof(port_name), "s%u.%u", (unsigned)(uint8_t)zone_i, (unsigned)nth);
    snprintf(far_name, sizeof(far_name), "f%u.%u", (unsigned)(uint8_t)zone_i, (unsigned)nth);
    mac_of(port.mac, zone_i, (size_t)nth, 2);
    mac_of(far.mac, zone_i, (size_t)nth, 3);
    int r = nl_master_set(room, old_port, 0, e);
    if (r == 0)
        r = nl_veth_add(room, &port, BRIDGE_INDEX + (int)zone_i, &far, n->room, e);
    return r < 0 ? r : nl_link_up(room, far.index, e);
}

int labnet_splice(struct labnet *n, size_t host_i, size_t link_i, int *ret_near, int *ret_far,
                  struct err *e)
{
    const size_t zone_i = labnet_zone_index(n->lab, n->lab->hosts[host_i].links[link_i].zone);
    const int nth = (int)(host_i * LAB_LINKS_MAX + link_i);
    struct nl room = {0};
    struct err back = {0};
    *ret_near = PORT_INDEX * (int)(1 + zone_i) + nth;
    *ret_far = SPLICE_FAR + *ret_near;
    int r = labnet_enter(n->room, e);
    if (r == 0)
        r = nl_open(&room, e);
    if (r == 0)
        r = splice_in(n, &room, zone_i, nth, *ret_near, e);
    if (r == 0)
        r = nl_wait_ready(e);
    nl_close(&room);
    if (labnet_enter(n->home, &back) < 0)
        WRONG("cannot come home from a namespace we entered");
    return r;
}

static int wires_at(struct labnet *n, size_t host_i, const struct wires *w, struct err *e)
{
    struct buf rules SCOPED(buf_drop);
    buf_init(&rules, WIRE_RULES_MAX);
    bool in_way = wires_rules(w, n->lab, &n->lab->hosts[host_i], &rules);
    int r = 0;
    if (rules.full)
        return err_set(e, -E2BIG, "the rules of cut wires are longer than %d bytes",
                       (int)WIRE_RULES_MAX);
    if (in_way || n->in_way[host_i]) {
        r = labnet_enter(n->hosts[host_i], e);
        if (r == 0)
            r = nl_nft(buf_text(&rules), e);
    }
    if (r == 0)
        n->in_way[host_i] = in_way;
    return r;
}

/* The way that was opened last, at a router whose rules close it. */
static int opened_at(struct labnet *n, size_t host_i, const struct wires *w, struct err *e)
{
    struct buf rules SCOPED(buf_drop);
    buf_init(&rules, WIRE_RULES_MAX);
    wires_opening(w, n->lab, &n->lab->hosts[host_i], &rules);
    if (rules.len == 0)
        return 0;
    int r = labnet_enter(n->hosts[host_i], e);
    return r < 0 ? r : nl_nft(buf_text(&rules), e);
}

int labnet_wires(struct labnet *n, const struct wires *w, struct err *e)
{
    struct err back = {0};
    int r = 0;
    for (size_t i = 0; w->n_opened > n->n_opened && i < n->lab->n_hosts && r == 0; i++)
        if (labnet_is_built(n, i) && (r = opened_at(n, i, w, e)) < 0)
            err_at(e, "%s", n->lab->hosts[i].name);
    n->n_opened = w->n_opened;
    for (size_t i = 0; i < n->lab->n_hosts && r == 0; i++)
        if (labnet_is_built(n, i) && (r = wires_at(n, i, w, e)) < 0)
            err_at(e, "%s", n->lab->hosts[i].name);
    if (labnet_enter(n->home, &back) < 0)
        WRONG("cannot come home from a namespace we entered");
    return r;
}
