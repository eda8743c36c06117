#include "scenarios/engine/mappings.h"

#include "scenarios/engine/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_DIVISOR 4 /* a router is looked at so many times within its patience */
#define MAPPINGS_MAX 1024
#define ROUTERS_MAX  4
#define BYTES_MAX    4096

struct mapping {
    bool used;
    uint32_t from_ip, to_ip; /* network byte order, as in packets */
    uint16_t from_port, to_port;
    uint64_t packets;
    ms_t since; /* when the number last changed */
};

struct router {
    const struct lab_host *host;
    int fd; /* ctnetlink, in its namespace */
    ms_t patience;
    struct mapping at[MAPPINGS_MAX];
};

struct mappings {
    struct world *w;
    struct loop_timer *look;
    ms_t step;
    uint32_t seq;
    size_t n;
    struct router *routers[ROUTERS_MAX];
};

/* --- what the kernel says ----------------------------------------------------------------------
 */

static int seen_counters(const struct nlattr *a, void *arg)
{
    uint64_t *packets = arg;
    if (mnl_attr_get_type(a) == CTA_COUNTERS_PACKETS)
        *packets += be64toh(mnl_attr_get_u64(a));
    return MNL_CB_OK;
}

static int seen_attribute(const struct nlattr *a, void *arg)
{
    if (mnl_attr_get_type(a) == CTA_COUNTERS_ORIG || mnl_attr_get_type(a) == CTA_COUNTERS_REPLY)
        mnl_attr_parse_nested(a, seen_counters, arg);
    return MNL_CB_OK;
}

static int seen_entry(const struct nlmsghdr *h, void *arg)
{
    mnl_attr_parse(h, sizeof(struct nfgenmsg), seen_attribute, arg);
    return MNL_CB_OK;
}

/* About one mapping: by its very tuple, since a walk over all of them goes through a table that the
 * whole machine shares. */
static struct nlmsghdr *ask(struct mappings *m, char *bytes, uint16_t type, const struct mapping *x)
{
    struct nlmsghdr *h = mnl_nlmsg_put_header(bytes);
    h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
    h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    h->nlmsg_seq = ++m->seq;
    struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
    g->nfgen_family = AF_INET;
    g->version = NFNETLINK_V0;
    struct nlattr *tuple = mnl_attr_nest_start(h, CTA_TUPLE_ORIG);
    struct nlattr *part = mnl_attr_nest_start(h, CTA_TUPLE_IP);
    mnl_attr_put_u32(h, CTA_IP_V4_SRC, x->from_ip);
    mnl_attr_put_u32(h, CTA_IP_V4_DST, x->to_ip);
    mnl_attr_nest_end(h, part);
    part = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
    mnl_attr_put_u8(h, CTA_PROTO_NUM, IPPROTO_TCP);
    mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, x->from_port);
    mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, x->to_port);
    mnl_attr_nest_end(h, part);
    mnl_attr_nest_end(h, tuple);
    return h;
}

/* One request, and its answers until the last. */
static int talk(struct router *r, struct nlmsghdr *h, mnl_cb_t on, void *arg)
{
    char bytes[BYTES_MAX];
    uint32_t seq = h->nlmsg_seq;
    int code = MNL_CB_OK;
    if (send(r->fd, h, h->nlmsg_len, 0) < 0)
        return -errno;
    while (code > MNL_CB_STOP) {
        ssize_t len = recv(r->fd, bytes, sizeof(bytes), 0);
        if (len < 0)
            return -errno;
        code = mnl_cb_run(bytes, (size_t)len, seq, 0, on, arg);
    }
    return code < 0 ? -errno : 0;
}

/* -ENOENT: it is gone, or never was. */
static int look_at(struct mappings *m, struct router *r, struct mapping *x)
{
    char bytes[BYTES_MAX];
    uint64_t packets = 0;
    int code = talk(r, ask(m, bytes, IPCTNL_MSG_CT_GET, x), seen_entry, &packets);
    if (code == 0 && packets != x->packets)
        x->since = world_now(m->w);
    x->packets = packets;
    return code;
}

static bool drop(struct mappings *m, struct router *r, struct mapping *x)
{
    char bytes[BYTES_MAX];
    x->used = false;
    return talk(r, ask(m, bytes, IPCTNL_MSG_CT_DELETE, x), NULL, NULL) == 0;
}

/* Those over which nothing went for at least so long. */
static int64_t forget(struct mappings *m, struct router *r, ms_t idle)
{
    int64_t n = 0;
    for (size_t i = 0; i < MAPPINGS_MAX; i++) {
        struct mapping *x = &r->at[i];
        if (!x->used)
            continue;
        if (look_at(m, r, x) < 0)
            x->used = false;
        else if (world_now(m->w) - x->since >= idle)
            n += drop(m, r, x);
    }
    return n;
}

static void tell(struct mappings *m, const struct router *r, int64_t n)
{
    struct event e;
    ev_init(&e, EV_ROUTER_FORGOT, world_now(m->w));
    ev_text_add(&e, EVF_NAME, r->host->name);
    ev_int_add(&e, EVF_COUNT, n);
    world_put(m->w, &e);
}

/* --- time --------------------------------------------------------------------------------------
 */

static void on_look(void *arg)
{
    struct mappings *m = arg;
    for (size_t i = 0; i < m->n; i++) {
        int64_t n = forget(m, m->routers[i], m->routers[i]->patience);
        if (n > 0)
            tell(m, m->routers[i], n);
    }
    loop_timer_set(m->look, world_after(m->w, m->step));
}

bool mappings_forget(struct mappings *m)
{
    for (size_t i = 0; m != NULL && i < m->n; i++)
        tell(m, m->routers[i], forget(m, m->routers[i], 0));
    return m != NULL;
}

static void begins(struct mappings *m, struct router *r, const struct capture_try *t)
{
    struct mapping x = {.used = true,
                        .from_port = htons((uint16_t)t->from_port),
                        .to_port = htons((uint16_t)t->to_port),
                        .since = world_now(m->w)};
    if (inet_pton(AF_INET, t->from_ip, &x.from_ip) != 1 ||
        inet_pton(AF_INET, t->to_ip, &x.to_ip) != 1)
        return;
    for (size_t i = 0; i < MAPPINGS_MAX; i++)
        if (!r->at[i].used) {
            r->at[i] = x;
            return;
        }
}

void mappings_try(struct mappings *m, const struct capture_try *t)
{
    for (size_t i = 0; m != NULL && i < m->n; i++) {
        const char *own = labnet_address_in(m->routers[i]->host, t->link);
        if (own != NULL && strcmp(own, t->from_ip) != 0)
            begins(m, m->routers[i], t);
    }
}

static int router_add(struct mappings *m, size_t host_i, struct err *e)
{
    const struct lab_host *h = &m->w->run->lab->hosts[host_i];
    struct router *r = calloc(1, sizeof(*r));
    if (r == NULL)
        WRONG("out of memory");
    *r = (struct router){.host = h, .fd = -1, .patience = SECONDS(h->forgets_s)};
    m->routers[m->n++] = r;
    m->step = ms_min(m->step, r->patience / LOOK_DIVISOR);
    r->fd = labnet_socket(m->w->net, labnet_host(m->w->net, host_i), AF_NETLINK, SOCK_RAW,
                          NETLINK_NETFILTER, e);
    if (r->fd < 0)
        return r->fd;
    int code = look_at(m, r, &(struct mapping){.used = true});
    return code < 0 && code != -ENOENT
               ? err_set(e, code,
                         "%s: the kernel does not show its mappings (%s); shape %s needs "
                         "nf_conntrack_netlink",
                         h->name, strerror(-code), m->w->run->lab->name)
               : 0;
}

int mappings_new(struct mappings **ret, struct world *w, struct err *e)
{
    const struct lab *l = w->run->lab;
    struct mappings *m = calloc(1, sizeof(*m));
    int r = 0;
    if (m == NULL)
        WRONG("out of memory");
    *m = (struct mappings){.w = w, .step = HOURS(1)};
    m->look = loop_timer_new(w->loop, on_look, m);
    *ret = m;
    for (size_t i = 0; i < l->n_hosts && r == 0; i++)
        if (l->hosts[i].forgets_s > 0 && m->n < ROUTERS_MAX)
            r = router_add(m, i, e);
    if (r == 0 && m->n > 0)
        loop_timer_set(m->look, world_after(w, m->step));
    if (r < 0 || m->n == 0)
        mappings_free(STEAL(*ret));
    return r;
}

void mappings_free(struct mappings *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n; i++) {
        if (m->routers[i]->fd >= 0)
            close(m->routers[i]->fd);
        free(m->routers[i]);
    }
    loop_timer_free(&m->look);
    free(m);
}
