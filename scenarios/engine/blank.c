#include "scenarios/engine/blank.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "scenarios/engine/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX   KIB(32)
#define ENDINGS_MAX  KIB(512) /* of requests: seven thousand sockets */
#define FILE_MAX     KIB(16)
#define LO_INDEX     1
#define ALL_STATES   UINT32_MAX
#define SOCKSTAT     "/proc/net/sockstat"
#define COUNTERS     "/proc/net/netstat"
#define FLOWS        "/proc/sys/net/netfilter/nf_conntrack_count"
#define SOME_AT_ONCE KIB(16) /* of requests in one message */

/* --- what is there ------------------------------------------------------------------------------
 */

static bool file_text(const char *path, char ret[FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, ret, FILE_MAX - 1);
    close(fd);
    ret[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* The sum of the numbers behind that word, of all lines that have it and what they begin with,
 * which stands nowhere else: "TCP: inuse 3 … tw 1". */
static int64_t sum_of(const char *text, const char *line, const char *word)
{
    int64_t sum = 0;
    for (const char *at = strstr(text, line); at != NULL; at = strstr(at, line)) {
        const char *end = strchr(at, '\n'), *number = strstr(at, word);
        if (number != NULL && (end == NULL || number < end))
            sum += strtoll(number + strlen(word), NULL, 10);
        at += strlen(line);
    }
    return sum;
}

/* Programs of a run can have no others that outlive them: raw and packet sockets need privileges,
 * and netlink's and those of files end with who has them. */
static int64_t sockets_of(const char *text)
{
    static const char *const lines[] = {"TCP", "UDP", "RAW"};
    int64_t sum = 0;
    for (size_t i = 0; i < COUNTOF(lines); i++)
        sum += sum_of(text, lines[i], " inuse ");
    return sum;
}

static int64_t links_here(void)
{
    struct if_nameindex *all = if_nameindex();
    int64_t n = 0;
    while (all != NULL && all[n].if_index != 0)
        n++;
    if_freenameindex(all);
    return n;
}

/* The first number of the second of two lines that begin so: above it is its name. */
static int64_t packets_without_way(const char *text)
{
    static const char names[] = "\nIpExt: InNoRoutes ", numbers[] = "\nIpExt: ";
    const char *at = strstr(text, names);
    if (at != NULL)
        at = strstr(at + strlen(names), numbers);
    return at != NULL ? strtoll(at + strlen(numbers), NULL, 10) : -1;
}

int blank_count(struct blank *ret, struct err *e)
{
    char text[FILE_MAX];
    *ret = (struct blank){.links = links_here()};
    if (!file_text(SOCKSTAT, text))
        return err_errno(e, "read " SOCKSTAT);
    ret->sockets = sockets_of(text);
    ret->waiting = sum_of(text, "TCP:", " tw ");
    ret->fragments = sum_of(text, "FRAG:", " inuse ");
    if (file_text(SOCKSTAT "6", text)) /* no such file: no IPv6 */
        ret->sockets += sockets_of(text);
    if (!file_text(COUNTERS, text))
        return err_errno(e, "read " COUNTERS);
    ret->no_ways = packets_without_way(text);
    if (ret->no_ways < 0)
        return err_set(e, -ENOTSUP, COUNTERS ": no InNoRoutes");
    if (file_text(FLOWS, text)) /* no such file: nobody tracks here */
        ret->flows = strtoll(text, NULL, 10);
    return 0;
}

/* --- asking -------------------------------------------------------------------------------------
 */

struct asked { /* what is told becomes requests that end it */
    struct mnl_socket *socket;
    uint32_t seq;
    struct buf endings;
    bool any_table;
};

static void asked_drop(struct asked *a)
{
    if (a->socket != NULL)
        mnl_socket_close(a->socket);
    buf_drop(&a->endings);
}

static int asked_open(struct asked *a, int protocol, struct err *e)
{
    buf_init(&a->endings, ENDINGS_MAX);
    a->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
    if (a->socket == NULL || mnl_socket_bind(a->socket, 0, MNL_SOCKET_AUTOPID) < 0)
        return err_errno(e, "open netlink to clear a namespace");
    return 0;
}

/* One request and its answers until the last. */
static int ask(struct asked *a, struct nlmsghdr *h, mnl_cb_t on, struct err *e)
{
    char bytes[ANSWER_MAX];
    int r = MNL_CB_OK;
    h->nlmsg_seq = ++a->seq;
    if (mnl_socket_sendto(a->socket, h, h->nlmsg_len) < 0)
        return err_errno(e, "ask what a run left");
    while (r > MNL_CB_STOP) {
        ssize_t len = mnl_socket_recvfrom(a->socket, bytes, sizeof(bytes));
        r = len < 0 ? -1 : mnl_cb_run(bytes, (size_t)len, a->seq, 0, on, a);
    }
    return r < 0 ? err_errno(e, "read what a run left") : 0;
}

/* About all of a kind, of every family. */
static struct nlmsghdr *netfilter(char *bytes, unsigned subsystem, unsigned type, unsigned flags)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
    h->nlmsg_type = (uint16_t)(subsystem << 8 | type);
    h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    g->nfgen_family = AF_UNSPEC;
    return h;
}

/* Those that were collected, many at once; the last of each message is acknowledged, and none of
 * them has to succeed: what is gone already is gone. */
static int end_all(struct asked *a, struct err *e)
{
    char answer[ANSWER_MAX];
    char *at = a->endings.data;
    int left = (int)a->endings.len;
    if (a->endings.full)
        return err_set(e, -ESTALE, "a run left more than can be cleared at once");
    while (left > 0) {
        struct nlmsghdr *h = (struct nlmsghdr *)at, *last = h;
        int len = 0;
        for (; left > 0 && len + (int)h->nlmsg_len <= (int)SOME_AT_ONCE;
             h = mnl_nlmsg_next(h, &left)) {
            last = h;
            len += (int)MNL_ALIGN(h->nlmsg_len);
        }
        last->nlmsg_flags |= NLM_F_ACK;
        last->nlmsg_seq = ++a->seq;
        if (mnl_socket_sendto(a->socket, at, (size_t)len) < 0)
            return err_errno(e, "clear what a run left");
        at += len;
        do { /* refusals of those before it come first */
            if (mnl_socket_recvfrom(a->socket, answer, sizeof(answer)) < 0)
                return err_errno(e, "clear what a run left");
        } while (((struct nlmsghdr *)answer)->nlmsg_seq != a->seq);
    }
    return 0;
}

/* --- sockets ------------------------------------------------------------------------------------
 */

static int seen_socket(const struct nlmsghdr *h, void *arg)
{
    struct asked *a = arg;
    const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
    char bytes[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct inet_diag_req_v2))] = {0};
    struct nlmsghdr *end = mnl_nlmsg_put_header(bytes);
    struct inet_diag_req_v2 *r = mnl_nlmsg_put_extra_header(end, sizeof(*r));
    end->nlmsg_type = SOCK_DESTROY;
    end->nlmsg_flags = NLM_F_REQUEST;
    r->sdiag_family = m->idiag_family;
    r->sdiag_protocol = IPPROTO_TCP;
    r->id = m->id;
    buf_add(&a->endings, bytes, sizeof(bytes));
    return MNL_CB_OK;
}

static int sockets_end(uint8_t family, struct err *e)
{
    SCOPED(asked_drop) struct asked a = {0};
    char bytes[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct inet_diag_req_v2))] = {0};
    struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
    struct inet_diag_req_v2 *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
    h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    r->sdiag_family = family;
    r->sdiag_protocol = IPPROTO_TCP;
    r->idiag_states = ALL_STATES;
    int code = asked_open(&a, NETLINK_SOCK_DIAG, e);
    if (code == 0)
        code = ask(&a, h, seen_socket, e);
    return code < 0 ? code : end_all(&a, e);
}

static bool more_sockets(const struct blank *was, const struct blank *now)
{
    return now->sockets > was->sockets || now->waiting > was->waiting;
}

/* A walk through the table of all sockets takes the kernel a millisecond, so none is begun for
 * nothing: few hosts were at either end of a call, and of IPv6 are only those that listened to
 * both.
 */
static int sockets_silence(const struct blank *was, struct err *e)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct blank now;
    int r = blank_count(&now, e);
    for (size_t i = 0; i < COUNTOF(families) && r == 0 && more_sockets(was, &now); i++) {
        r = sockets_end(families[i], e);
        if (r == 0)
            r = blank_count(&now, e);
    }
    return r;
}

/* --- rules --------------------------------------------------------------------------------------
 */

static int seen_table(const struct nlmsghdr *h, void *arg)
{
    struct asked *a = arg;
    (void)h;
    a->any_table = true;
    return MNL_CB_OK;
}

static int rules_end(struct err *e)
{
    SCOPED(asked_drop) struct asked a = {0};
    char bytes[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))] = {0};
    int r = asked_open(&a, NETLINK_NETFILTER, e);
    if (r == 0)
        r = ask(&a, netfilter(bytes, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, NLM_F_DUMP),
                seen_table, e);
    return r < 0 || !a.any_table ? r : nl_nft("flush ruleset\n", e);
}

int blank_silence(const struct blank *was, struct err *e)
{
    int r = rules_end(e);
    return r < 0 ? r : sockets_silence(was, e);
}

/* --- flows and addresses ------------------------------------------------------------------------
 */

static int flows_end(struct err *e)
{
    SCOPED(asked_drop) struct asked a = {0};
    char bytes[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))] = {0};
    int r = asked_open(&a, NETLINK_NETFILTER, e);
    return r < 0 ? r
                 : ask(&a, netfilter(bytes, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, NLM_F_ACK),
                       NULL, e);
}

/* As it was told, so it is taken away. */
static int seen_address(const struct nlmsghdr *h, void *arg)
{
    struct asked *a = arg;
    const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
    struct nlmsghdr end = *h;
    if (m->ifa_index == LO_INDEX)
        return MNL_CB_OK;
    end.nlmsg_type = RTM_DELADDR;
    end.nlmsg_flags = NLM_F_REQUEST;
    buf_add(&a->endings, &end, sizeof(end));
    buf_add(&a->endings, m, MNL_ALIGN(h->nlmsg_len) - sizeof(end));
    return MNL_CB_OK;
}

static int addresses_end(struct err *e)
{
    SCOPED(asked_drop) struct asked a = {0};
    char bytes[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct ifaddrmsg))] = {0};
    struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
    struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
    h->nlmsg_type = RTM_GETADDR;
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    m->ifa_family = AF_INET;
    int r = asked_open(&a, NETLINK_ROUTE, e);
    if (r == 0)
        r = ask(&a, h, seen_address, e);
    return r < 0 ? r : end_all(&a, e);
}

int blank_clear(const struct blank *was, struct err *e)
{
    struct blank now;
    int r = addresses_end(e);
    if (r == 0)
        r = blank_count(&now, e);
    if (r == 0 && now.flows > 0 && (r = flows_end(e)) == 0)
        r = blank_count(&now, e);
    if (r < 0)
        return r;
    if (now.links == was->links && !more_sockets(was, &now) && now.fragments == 0 &&
        now.flows == 0 && now.no_ways == was->no_ways)
        return 0;
    return err_set(e, -ESTALE,
                   "left in a namespace: %lld links, %lld sockets, %lld that wait, %lld fragments, "
                   "%lld flows, %lld packets that had no way",
                   (long long)(now.links - was->links), (long long)(now.sockets - was->sockets),
                   (long long)(now.waiting - was->waiting), (long long)now.fragments,
                   (long long)now.flows, (long long)(now.no_ways - was->no_ways));
}
