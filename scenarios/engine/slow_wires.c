#include "scenarios/engine/slow_wires.h"

#include "lib/base/text.h"
#include "scenarios/engine/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_SIZE     ((size_t)17 * 4096) /* what a host hands over in one piece, with all heads */
#define FRAMES         128                 /* so many come while somebody else has the turn */
#define RING_SIZE      (FRAMES * FRAME_SIZE)
#define VNET_LEN       sizeof(struct virtio_net_hdr)
#define IP_PROTOCOL_AT 9

enum side { NEAR, FAR, SIDES }; /* of the host, of the bridge */

struct held {
    struct held *next;
    ms_t due; /* of the loop */
    struct relay *relay;
    enum side to;
    struct packet p; /* its payload points nowhere */
    size_t len;
    uint8_t bytes[];
};
struct relay {
    struct slow_wires *all;
    size_t host_i, link_i;
    struct end {
        struct relay *relay;
        enum side side;
        int fd;
        uint8_t *ring;
        size_t next; /* frame */
        struct loop_watch *watch;
    } ends[SIDES];
};
struct slow_wires {
    struct loop *loop;
    const struct lab *lab;
    struct labnet *net;
    const struct clk_domain *domain;
    struct lags lags;
    struct rng rng;
    struct loop_timer *timer;
    struct held *first; /* by when it is due, then by when it came */
    size_t n_held;
    uint64_t lost;
    struct relay *relays[LAB_HOSTS_MAX][LAB_LINKS_MAX];
};

/* --- what is held ----------------------------------------------------------------------------- */

static void set_timer(struct slow_wires *s)
{
    loop_timer_set(s->timer, s->first == NULL ? MS_NEVER : s->first->due);
}

static void send_on(struct slow_wires *s, const struct relay *r, enum side to, const uint8_t *bytes,
                    size_t len)
{
    if (write(r->ends[to].fd, bytes, len) != (ssize_t)len)
        s->lost++;
}

static void on_due(void *arg)
{
    struct slow_wires *s = arg;
    while (s->first != NULL && s->first->due <= loop_now(s->loop)) {
        struct held *x = s->first;
        s->first = x->next;
        s->n_held--;
        send_on(s, x->relay, x->to, x->bytes, x->len);
        free(x);
    }
    set_timer(s);
}

static bool is_same_flow(const struct held *x, const struct held *y)
{
    return x->relay == y->relay && x->to == y->to && x->p.from == y->p.from && x->p.to == y->p.to &&
           x->p.from_port == y->p.from_port && x->p.to_port == y->p.to_port;
}

/* The kernel of its sender was not patient enough. */
static bool is_repeat(const struct held *x, const struct held *y)
{
    return (y->p.len > 0 || y->p.syn) && x->p.seq == y->p.seq && x->p.len == y->p.len;
}

static void hold(struct slow_wires *s, struct held what, const uint8_t *bytes)
{
    struct held **at = &s->first, *x;
    if (s->n_held == SLOW_WIRES_HELD_MAX) {
        s->lost++;
        return;
    }
    x = malloc(sizeof(*x) + what.len);
    if (x == NULL)
        WRONG("out of memory");
    *x = what;
    x->p.payload = NULL;
    memcpy(x->bytes, bytes, what.len);
    while (*at != NULL && (*at)->due <= x->due)
        at = &(*at)->next;
    x->next = *at;
    *at = x;
    s->n_held++;
    set_timer(s);
}

/* --- what comes ------------------------------------------------------------------------------- */

static enum lag_packet kind_of(const struct packet *p)
{
    return p->syn ? LAG_BEGINS : p->len > 0 || p->fin ? LAG_DATA : LAG_WORD;
}

static const struct lag *lag_of(const struct relay *r)
{
    return &r->all->lags.at[r->host_i][r->link_i];
}

static ms_t own(const struct slow_wires *s, ms_t domain_ms)
{
    return loop_now(s->loop) + clk_domain_to_own(s->domain, domain_ms);
}

static void pass(struct slow_wires *s, const struct held *x, const uint8_t *bytes)
{
    if (x->due <= loop_now(s->loop))
        send_on(s, x->relay, x->to, bytes, x->len);
    else
        hold(s, *x, bytes);
}

static void segment_came(struct slow_wires *s, struct held *x, const uint8_t *bytes)
{
    for (const struct held *y = s->first; y != NULL; y = y->next)
        if (is_same_flow(y, x)) {
            if (is_repeat(y, x))
                return;
            x->due = ms_max(x->due, y->due);
        }
    x->due = ms_max(x->due, own(s, lag_draw(lag_of(x->relay), kind_of(&x->p), &s->rng)));
    pass(s, x, bytes);
}

static void datagram_came(struct slow_wires *s, struct held *x, const uint8_t *bytes)
{
    if (rng_between(&s->rng, 1, 100) <= lag_of(x->relay)->loss_percent)
        return;
    x->due = own(s, lag_of(x->relay)->delay_ms);
    pass(s, x, bytes);
}

static void frame_came(struct relay *r, enum side to, const uint8_t *bytes, size_t len)
{
    struct slow_wires *s = r->all;
    const uint8_t *ether = bytes + VNET_LEN, *ip = ether + ETH_HLEN;
    struct held x = {.due = loop_now(s->loop), .relay = r, .to = to, .len = len};
    if (len <= VNET_LEN + ETH_HLEN + IP_PROTOCOL_AT ||
        (ether[ETH_HLEN - 2] << 8 | ether[ETH_HLEN - 1]) != ETH_P_IP)
        pass(s, &x, bytes);
    else if (ip[IP_PROTOCOL_AT] == IPPROTO_TCP && packet_read(ip, len - VNET_LEN - ETH_HLEN, &x.p))
        segment_came(s, &x, bytes);
    else
        datagram_came(s, &x, bytes);
}

/* The head that says what the kernel left undone stands right before the frame. */
static void frame_read(struct end *x, const uint8_t *at)
{
    const struct tpacket2_hdr *h = (const struct tpacket2_hdr *)(const void *)at;
    if (h->tp_snaplen < h->tp_len)
        x->relay->all->lost++;
    else
        frame_came(x->relay, x->side == NEAR ? FAR : NEAR, at + h->tp_mac - VNET_LEN,
                   VNET_LEN + h->tp_snaplen);
}

static void on_frames(void *arg, uint32_t events)
{
    struct end *x = arg;
    (void)events;
    for (size_t i = 0; i < FRAMES; i++) {
        uint8_t *at = x->ring + x->next * FRAME_SIZE;
        volatile uint32_t *status = &((struct tpacket2_hdr *)(void *)at)->tp_status;
        if ((*status & TP_STATUS_USER) == 0)
            return;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        frame_read(x, at);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        *status = TP_STATUS_KERNEL;
        x->next = (x->next + 1) % FRAMES;
    }
}

/* --- relays ----------------------------------------------------------------------------------- */

/* A ring, since a socket's own buffer is too small for what a mock says in one turn, and whoever
 * is nobody on this machine may not widen it. */
static int ring_map(struct end *x, struct err *e)
{
    struct tpacket_req rq = {.tp_block_size = FRAME_SIZE,
                             .tp_block_nr = FRAMES,
                             .tp_frame_size = FRAME_SIZE,
                             .tp_frame_nr = FRAMES};
    int version = TPACKET_V2;
    if (setsockopt(x->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
        setsockopt(x->fd, SOL_PACKET, PACKET_RX_RING, &rq, sizeof(rq)) < 0)
        return err_errno(e, "make the ring of a slow wire");
    void *ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, x->fd, 0);
    if (ring == MAP_FAILED)
        return err_errno(e, "map the ring of a slow wire");
    x->ring = ring;
    return 0;
}

static int end_open(struct end *x, int index, struct err *e)
{
    struct slow_wires *s = x->relay->all;
    struct sockaddr_ll at = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
    const int on = 1;
    x->fd = labnet_socket(s->net, labnet_switch(s->net), AF_PACKET, SOCK_RAW, 0, e);
    if (x->fd < 0)
        return x->fd;
    /* frames stay as large as their sender made them, with sums that nobody has to count */
    if (setsockopt(x->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
        setsockopt(x->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
        return err_errno(e, "PACKET_VNET_HDR and PACKET_IGNORE_OUTGOING of a slow wire");
    int r = ring_map(x, e);
    if (r < 0)
        return r;
    if (bind(x->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return err_errno(e, "bind a slow wire");
    return loop_watch_add(s->loop, x->fd, EPOLLIN, on_frames, x, &x->watch, e);
}

static void relay_free(struct relay *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < SIDES; i++) {
        loop_watch_remove(&r->ends[i].watch);
        if (r->ends[i].ring != NULL)
            munmap(r->ends[i].ring, RING_SIZE);
        if (r->ends[i].fd >= 0)
            close(r->ends[i].fd);
    }
    free(r);
}

static int relay_new(struct slow_wires *s, size_t host_i, size_t link_i, struct err *e)
{
    struct relay *r = calloc(1, sizeof(*r));
    int index[SIDES];
    if (r == NULL)
        WRONG("out of memory");
    *r = (struct relay){.all = s, .host_i = host_i, .link_i = link_i};
    for (size_t i = 0; i < SIDES; i++)
        r->ends[i] = (struct end){.relay = r, .side = (enum side)i, .fd = -1};
    int code = labnet_splice(s->net, host_i, link_i, &index[NEAR], &index[FAR], e);
    for (size_t i = 0; i < SIDES && code >= 0; i++)
        code = end_open(&r->ends[i], index[i], e);
    if (code < 0) {
        relay_free(r);
        return err_at(e, "%s", s->lab->hosts[host_i].name);
    }
    s->relays[host_i][link_i] = r;
    return 0;
}

/* A wire gets its relay when it first costs something. */
static int make_all(struct slow_wires *s, struct err *e)
{
    int r = 0;
    for (size_t h = 0; h < s->lab->n_hosts; h++)
        for (size_t k = 0; k < s->lab->hosts[h].n_links && r == 0; k++) {
            const struct lag *g = &s->lags.at[h][k];
            if (s->relays[h][k] == NULL && (g->delay_ms > 0 || g->loss_percent > 0) &&
                labnet_is_built(s->net, h))
                r = relay_new(s, h, k, e);
        }
    return r;
}

/* --- life ------------------------------------------------------------------------------------- */

int slow_wires_new(struct slow_wires **ret, struct loop *l, const struct lab *lab,
                   struct labnet *net, const struct clk_domain *domain, uint64_t seed,
                   struct err *e)
{
    struct slow_wires *s = calloc(1, sizeof(*s));
    if (s == NULL)
        WRONG("out of memory");
    s->loop = l;
    s->lab = lab;
    s->net = net;
    s->domain = domain;
    lags_init(&s->lags, lab);
    rng_seed(&s->rng, seed);
    s->timer = loop_timer_new(l, on_due, s);
    int r = make_all(s, e);
    if (r < 0) {
        slow_wires_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void slow_wires_free(struct slow_wires *s)
{
    if (s == NULL)
        return;
    while (s->first != NULL) {
        struct held *x = s->first;
        s->first = x->next;
        free(x);
    }
    for (size_t h = 0; h < LAB_HOSTS_MAX; h++)
        for (size_t k = 0; k < LAB_LINKS_MAX; k++)
            relay_free(s->relays[h][k]);
    loop_timer_free(&s->timer);
    free(s);
}

int slow_wires_act(struct slow_wires *s, const struct script_line *line, struct err *e)
{
    if (!lags_act(&s->lags, s->lab, line))
        return -ENOENT;
    return make_all(s, e);
}

uint64_t slow_wires_lost(struct slow_wires *s)
{
    for (size_t h = 0; h < s->lab->n_hosts; h++)
        for (size_t k = 0; k < LAB_LINKS_MAX; k++)
            for (size_t i = 0; s->relays[h][k] != NULL && i < SIDES; i++) {
                struct tpacket_stats t = {0};
                socklen_t len = sizeof(t);
                if (getsockopt(s->relays[h][k]->ends[i].fd, SOL_PACKET, PACKET_STATISTICS, &t,
                               &len) == 0)
                    s->lost += t.tp_drops;
            }
    return s->lost;
}
