#include "scenarios/engine/netlink.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define NL_BYTES_MAX        8192
#define NL_READY_ROUNDS_MAX 1000
#define NL_READY_ROUND_US   10000
#define OPERSTATE_UP        6 /* IF_OPER_UP of linux/if.h, which does not go together with net/if.h */

int nl_open(struct nl *ret, struct err *e)
{
    struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (s == NULL)
        return err_errno(e, "open rtnetlink");
    if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
        int r = err_errno(e, "bind rtnetlink");
        mnl_socket_close(s);
        return r;
    }
    *ret = (struct nl){.socket = s};
    return 0;
}

void nl_close(struct nl *n)
{
    if (n->socket != NULL)
        mnl_socket_close(n->socket);
    n->socket = NULL;
}

static struct nlmsghdr *begin(char *bytes, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
    h->nlmsg_type = type;
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    return h;
}

static void put_link(struct nlmsghdr *h, int index, unsigned flags)
{
    struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
    i->ifi_family = AF_UNSPEC;
    i->ifi_index = index;
    i->ifi_flags = flags;
    i->ifi_change = flags;
}

/* Sends one request and waits for its acknowledgement. */
static int talk(struct nl *n, struct nlmsghdr *h, const char *what, struct err *e)
{
    char bytes[NL_BYTES_MAX];
    unsigned port = mnl_socket_get_portid(n->socket);
    h->nlmsg_seq = ++n->seq;
    if (mnl_socket_sendto(n->socket, h, h->nlmsg_len) < 0)
        return err_errno(e, "%s: send", what);
    ssize_t len = mnl_socket_recvfrom(n->socket, bytes, sizeof(bytes));
    if (len < 0)
        return err_errno(e, "%s: receive", what);
    if (mnl_cb_run(bytes, (size_t)len, n->seq, port, NULL, NULL) < 0)
        return err_errno(e, "%s", what);
    return 0;
}

int nl_link_up(struct nl *n, int index, struct err *e)
{
    char bytes[NL_BYTES_MAX];
    struct nlmsghdr *h = begin(bytes, RTM_NEWLINK, 0);
    put_link(h, index, IFF_UP);
    return talk(n, h, "set a link up", e);
}

int nl_master_set(struct nl *n, int index, int master, struct err *e)
{
    char bytes[NL_BYTES_MAX];
    struct nlmsghdr *h = begin(bytes, RTM_NEWLINK, 0);
    put_link(h, index, 0);
    mnl_attr_put_u32(h, IFLA_MASTER, (uint32_t)master);
    return talk(n, h, "take a port off its bridge", e);
}

int nl_bridge_add(struct nl *n, const char *name, int index, const uint8_t mac[NL_MAC_LEN],
                  struct err *e)
{
    char bytes[NL_BYTES_MAX];
    struct nlmsghdr *h = begin(bytes, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    put_link(h, index, IFF_UP);
    mnl_attr_put_strz(h, IFLA_IFNAME, name);
    mnl_attr_put(h, IFLA_ADDRESS, NL_MAC_LEN, mac);
    struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
    mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
    struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
    mnl_attr_put_u32(h, IFLA_BR_STP_STATE, 0);
    mnl_attr_put_u8(h, IFLA_BR_MCAST_SNOOPING, 0);
    mnl_attr_nest_end(h, data);
    mnl_attr_nest_end(h, info);
    return talk(n, h, "make a bridge", e);
}

int nl_veth_add(struct nl *n, const struct nl_end *port, int master, const struct nl_end *far,
                int far_ns, struct err *e)
{
    char bytes[NL_BYTES_MAX];
    struct nlmsghdr *h = begin(bytes, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    put_link(h, port->index, IFF_UP);
    mnl_attr_put_strz(h, IFLA_IFNAME, port->name);
    mnl_attr_put(h, IFLA_ADDRESS, NL_MAC_LEN, port->mac);
    mnl_attr_put_u32(h, IFLA_MASTER, (uint32_t)master);
    struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
    mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
    struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
    struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
    put_link(h, far->index, 0);
    mnl_attr_put_strz(h, IFLA_IFNAME, far->name);
    mnl_attr_put(h, IFLA_ADDRESS, NL_MAC_LEN, far->mac);
    mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)far_ns);
    mnl_attr_nest_end(h, peer);
    mnl_attr_nest_end(h, data);
    mnl_attr_nest_end(h, info);
    return talk(n, h, "make a veth pair", e);
}

int nl_address_add(struct nl *n, int index, const char *address, int prefix, struct err *e)
{
    char bytes[NL_BYTES_MAX];
    struct in_addr a;
    if (inet_pton(AF_INET, address, &a) != 1)
        return err_set(e, -EINVAL, "'%s' is no IPv4 address", address);
    struct nlmsghdr *h = begin(bytes, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
    m->ifa_family = AF_INET;
    m->ifa_prefixlen = (uint8_t)prefix;
    m->ifa_scope = RT_SCOPE_UNIVERSE;
    m->ifa_index = (uint32_t)index;
    mnl_attr_put_u32(h, IFA_LOCAL, a.s_addr);
    mnl_attr_put_u32(h, IFA_ADDRESS, a.s_addr);
    return talk(n, h, "add an address", e);
}

int nl_route_add(struct nl *n, const char *net, const char *via, struct err *e)
{
    char bytes[NL_BYTES_MAX];
    struct in_addr gateway;
    uint32_t to;
    int prefix;
    if (!nl_net_read(net, &to, &prefix) || inet_pton(AF_INET, via, &gateway) != 1)
        return err_set(e, -EINVAL, "no route: '%s' via '%s'", net, via);
    struct nlmsghdr *h = begin(bytes, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
    m->rtm_family = AF_INET;
    m->rtm_dst_len = (uint8_t)prefix;
    m->rtm_table = RT_TABLE_MAIN;
    m->rtm_protocol = RTPROT_STATIC;
    m->rtm_scope = RT_SCOPE_UNIVERSE;
    m->rtm_type = RTN_UNICAST;
    if (prefix > 0)
        mnl_attr_put_u32(h, RTA_DST, htonl(to));
    mnl_attr_put_u32(h, RTA_GATEWAY, gateway.s_addr);
    return talk(n, h, "add a route", e);
}

/* --- readiness ------------------------------------------------------------------------------- */

struct link_seen {
    int operstate;
    int port_state; /* -1: no bridge port */
    bool bridge;
};

static int seen_slave(const struct nlattr *a, void *arg)
{
    struct link_seen *s = arg;
    if (mnl_attr_get_type(a) == IFLA_BRPORT_STATE)
        s->port_state = mnl_attr_get_u8(a);
    return MNL_CB_OK;
}

static int seen_info(const struct nlattr *a, void *arg)
{
    struct link_seen *s = arg;
    if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
        s->bridge = text_is(mnl_attr_get_str(a), "bridge");
    if (mnl_attr_get_type(a) == IFLA_INFO_SLAVE_DATA)
        mnl_attr_parse_nested(a, seen_slave, s);
    return MNL_CB_OK;
}

static int seen_attribute(const struct nlattr *a, void *arg)
{
    struct link_seen *s = arg;
    if (mnl_attr_get_type(a) == IFLA_OPERSTATE)
        s->operstate = mnl_attr_get_u8(a);
    if (mnl_attr_get_type(a) == IFLA_LINKINFO)
        mnl_attr_parse_nested(a, seen_info, s);
    return MNL_CB_OK;
}

static int seen_link(const struct nlmsghdr *h, void *arg)
{
    const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
    struct link_seen s = {.port_state = -1};
    bool *ready = arg;
    if (h->nlmsg_type != RTM_NEWLINK || !(i->ifi_flags & IFF_UP) || (i->ifi_flags & IFF_LOOPBACK))
        return MNL_CB_OK;
    mnl_attr_parse(h, sizeof(*i), seen_attribute, &s);
    /* The bridge itself stays unknown for a second, and passes frames all the same. */
    if (!s.bridge && s.operstate != OPERSTATE_UP)
        *ready = false;
    if (s.port_state >= 0 && s.port_state != BR_STATE_FORWARDING)
        *ready = false;
    return MNL_CB_OK;
}

/* On a busy machine notifications fill the socket: then the kernel refuses to tell (ENOBUFS), its
 * answer is lost with them, or the links changed while it told (EINTR), and what it told then is
 * not read to its end (EBUSY). The next round asks anew. */
static int again(bool *ret_ready)
{
    *ret_ready = false;
    return 0;
}

static int dump_links(struct mnl_socket *s, uint32_t seq, bool *ret_ready, struct err *e)
{
    char bytes[NL_BYTES_MAX * 4];
    struct nlmsghdr *h = begin(bytes, RTM_GETLINK, NLM_F_DUMP);
    int r = MNL_CB_OK;
    h->nlmsg_seq = seq;
    struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
    i->ifi_family = AF_UNSPEC;
    if (mnl_socket_sendto(s, h, h->nlmsg_len) < 0)
        return err_errno(e, "ask for the links");
    *ret_ready = true;
    while (r > MNL_CB_STOP) {
        ssize_t len = mnl_socket_recvfrom(s, bytes, sizeof(bytes));
        if (len < 0 && errno == ENOBUFS) /* something was lost, perhaps not what was asked for */
            continue;
        if (len < 0 && errno == EAGAIN)
            return again(ret_ready);
        if (len < 0)
            return err_errno(e, "read the links");
        h = (struct nlmsghdr *)bytes;
        if (h->nlmsg_seq != seq) /* a notification between the parts */
            continue;
        r = mnl_cb_run(bytes, (size_t)len, seq, 0, seen_link, ret_ready);
    }
    if (r < 0 && (errno == ENOBUFS || errno == EINTR || errno == EBUSY))
        return again(ret_ready);
    return r < 0 ? err_errno(e, "read the links") : 0;
}

/* Blocks until the kernel tells of a change, or for one short round. */
static void await_change(struct mnl_socket *s)
{
    char bytes[NL_BYTES_MAX * 4];
    (void)!mnl_socket_recvfrom(s, bytes, sizeof(bytes));
}

static int wait_ready_on(struct mnl_socket *s, struct err *e)
{
    struct timeval round = {.tv_usec = NL_READY_ROUND_US};
    bool ready = false;
    if (mnl_socket_bind(s, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
        return err_errno(e, "bind rtnetlink to link events");
    if (setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &round, sizeof(round)) < 0)
        return err_errno(e, "bound rtnetlink's wait");
    for (uint32_t i = 1; i <= NL_READY_ROUNDS_MAX; i++) {
        int r = dump_links(s, i, &ready, e);
        if (r < 0 || ready)
            return r;
        await_change(s);
    }
    return err_set(e, -ETIMEDOUT, "links did not come up within 10 s; is the machine overloaded?");
}

int nl_wait_ready(struct err *e)
{
    struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (s == NULL)
        return err_errno(e, "open rtnetlink");
    int r = wait_ready_on(s, e);
    mnl_socket_close(s);
    return r;
}

/* --- the rest -------------------------------------------------------------------------------- */

int nl_sysctl(const char *path, const char *value, struct err *e)
{
    char file[256];
    snprintf(file, sizeof(file), "/proc/sys/%s", path);
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "open %s", file);
    int r = write(fd, value, strlen(value)) < 0 ? err_errno(e, "write %s to %s", value, file) : 0;
    close(fd);
    return r;
}

/* In which line, which libnftables says of a file only: "line 13: ", or "" where it does not. Rules
 * that were refused are refused as a whole, and may be tried again. */
static void nft_place(const char *rules, char *out, size_t size)
{
    struct nft_ctx *x = nft_ctx_new(NFT_CTX_DEFAULT);
    int fd = memfd_create("rules", MFD_CLOEXEC);
    char path[32];
    size_t len = (size_t)snprintf(path, sizeof(path), "/proc/self/fd/%d:", fd);
    const char *said;
    out[0] = '\0';
    if (x != NULL && fd >= 0 && write(fd, rules, strlen(rules)) == (ssize_t)strlen(rules)) {
        path[len - 1] = '\0';
        nft_ctx_buffer_error(x);
        nft_ctx_buffer_output(x);
        (void)nft_run_cmd_from_filename(x, path);
        path[len - 1] = ':';
        said = nft_ctx_get_error_buffer(x);
        if (text_begins(said, path) && strspn(said + len, "0123456789") > 0)
            snprintf(out, size, "line %.*s: ", (int)strspn(said + len, "0123456789"), said + len);
    }
    if (fd >= 0)
        close(fd);
    if (x != NULL)
        nft_ctx_free(x);
}

/* What stands first is the sentence; the source and an arrow below it follow, of a text that the
 * reader never saw as one. What the kernel said is told from what is written wrongly. */
static int nft_refused(const char *rules, const char *said, struct err *e)
{
    static const char *const of_kernel[] = {"Could not process rule", "cache initialization",
                                            "netlink"};
    const char *hint = "";
    char place[32];

    while (text_begins(said, "Error: "))
        said += strlen("Error: ");
    for (size_t i = 0; i < COUNTOF(of_kernel); i++)
        if (strstr(said, of_kernel[i]) != NULL)
            hint = "; the kernel needs nf_tables with nat and conntrack";
    nft_place(rules, place, sizeof(place));
    return err_set(e, -EINVAL, "nftables: %s%.*s%s", place, (int)strcspn(said, "\n"), said, hint);
}

int nl_nft(const char *rules, struct err *e)
{
    struct nft_ctx *x = nft_ctx_new(NFT_CTX_DEFAULT);
    int r = 0;
    if (x == NULL)
        return err_set(e, -ENOMEM, "no context of libnftables");
    nft_ctx_buffer_error(x);
    nft_ctx_buffer_output(x);
    if (nft_run_cmd_from_buffer(x, rules) != 0)
        r = nft_refused(rules, nft_ctx_get_error_buffer(x), e);
    nft_ctx_free(x);
    return r;
}

bool nl_net_read(const char *net, uint32_t *ret_address, int *ret_prefix)
{
    char address[32];
    int64_t prefix;
    struct in_addr a;
    const char *slash = strchr(net, '/');
    if (slash == NULL || !text_copy_len(address, sizeof(address), net, (size_t)(slash - net)))
        return false;
    if (inet_pton(AF_INET, address, &a) != 1 || !text_int(slash + 1, 0, 32, &prefix))
        return false;
    *ret_address = ntohl(a.s_addr);
    *ret_prefix = (int)prefix;
    return true;
}
