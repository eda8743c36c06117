#include "scenarios/engine/capture.h"

#include "scenarios/engine/flows.h"
#include "scenarios/engine/packet.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_SIZE        65536
#define RING_SIZE         ((size_t)CAPTURE_FRAMES * CAPTURE_FRAME_SIZE)
#define CANARY_PORT       9    /* discard: nobody listens */
#define CANARY_FIRST_PORT 1009 /* source; below the kernel's own choice, so nobody else has it */
#define CANARY_ROUNDS     2

struct tap {
    struct capture *c;
    size_t zone_i;
    int fd;
    uint8_t *ring;
    size_t next; /* frame */
    struct loop_watch *watch;
    uint64_t lost;
    int canary[CANARY_ROUNDS]; /* sockets of the canaries, -1 */
    bool seen[CANARY_ROUNDS];
};

struct capture {
    struct capture_config config;
    struct flows *flows;
    struct tap taps[LAB_ZONES_MAX];
};

/* --- the kernel's filter -----------------------------------------------------------------------
 */

#define PROTOCOL  ((uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
#define WORD_HTTP 0x48545450 /* "HTTP": an answer, never a client's first word */

/* IPv4 and TCP, no later fragment; then SYN without ACK, or a payload that is neither TLS data, nor
 * an alert, nor a change of cipher, nor the begin of an HTTP answer. X holds the header's length.
 */
static const struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, PROTOCOL),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 26),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 24),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 22, 0),
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 17, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 12),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 0, 11), /* no payload */
    BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
    BPF_STMT(BPF_ST, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x14, 7, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x15, 6, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x17, 5, 0),
    BPF_STMT(BPF_LD | BPF_MEM, 0),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 4, 0, 2),
    BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD_HTTP, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, CAPTURE_FRAME_SIZE),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/* --- records -----------------------------------------------------------------------------------
 */

static const char *role_at(const struct lab *l, const char *address)
{
    const struct lab_host *h = lab_host_at(l, address);
    return h != NULL ? h->role : "";
}

static const char *zone_at(const struct lab *l, const char *address)
{
    const struct lab_zone *z = lab_zone_of(l, address);
    return z != NULL ? z->name : "";
}

struct ends { /* of a packet, as text */
    char from[16], to[16];
};

static struct ends ends_of(const struct packet *p)
{
    struct ends n;
    packet_address_write(p->from, n.from, sizeof(n.from));
    packet_address_write(p->to, n.to, sizeof(n.to));
    return n;
}

static void put(struct tap *t, struct event *e)
{
    journal_put(t->c->config.journal, e);
}

static void flow_event(struct tap *t, enum ev_kind kind, const struct packet *p, struct event *ret)
{
    const struct lab *l = t->c->config.lab;
    struct ends n = ends_of(p);
    ev_init(ret, kind, clk_domain_ms(t->c->config.domain));
    ev_text_add(ret, EVF_FROM, role_at(l, n.from));
    ev_text_add(ret, EVF_TO, role_at(l, n.to));
    ev_text_add(ret, EVF_FROM_ZONE, zone_at(l, n.from));
    ev_text_add(ret, EVF_TO_ZONE, zone_at(l, n.to));
    ev_text_add(ret, EVF_FROM_IP, n.from);
    ev_text_add(ret, EVF_TO_IP, n.to);
    ev_int_add(ret, EVF_FROM_PORT, p->from_port);
    ev_int_add(ret, EVF_TO_PORT, p->to_port);
    ev_text_add(ret, EVF_LINK, l->zones[t->zone_i].name);
}

static void canary_seen(struct tap *t, int round)
{
    struct event e;
    if (t->seen[round])
        return;
    t->seen[round] = true;
    ev_init(&e, EV_TAP_CANARY, clk_domain_ms(t->c->config.domain));
    ev_text_add(&e, EVF_LINK, t->c->config.lab->zones[t->zone_i].name);
    ev_int_add(&e, EVF_COUNT, round + 1);
    put(t, &e);
}

static bool is_canary(struct tap *t, const struct packet *p)
{
    int round = p->from_port - CANARY_FIRST_PORT;
    if (p->to_port != CANARY_PORT || round < 0 || round >= CANARY_ROUNDS || t->canary[round] < 0)
        return false;
    canary_seen(t, round);
    return true;
}

static void syn_seen(struct tap *t, const struct packet *p)
{
    const struct capture_config *c = &t->c->config;
    struct event e;
    if (is_canary(t, p) || !flows_open(t->c->flows, t->zone_i, p))
        return;
    flow_event(t, EV_FLOW_TRY, p, &e);
    put(t, &e);
    if (c->on_try == NULL)
        return;
    struct ends n = ends_of(p);
    c->on_try(c->arg, &(struct capture_try){c->lab->zones[t->zone_i].name, n.from, n.to,
                                            p->from_port, p->to_port});
}

/* Only on the source's own link, and never for what a router sends on: that flow was read where it
 * began. */
static bool begins_here(const struct tap *t, const struct packet *p)
{
    const struct lab *l = t->c->config.lab;
    struct ends n = ends_of(p);
    const struct lab_host *h = lab_host_at(l, n.from);
    return text_is(zone_at(l, n.from), l->zones[t->zone_i].name) && (h == NULL || !h->forward);
}

static void payload_seen(struct tap *t, const struct packet *p)
{
    struct event e;
    char name[PACKET_NAME_MAX];
    if (!begins_here(t, p))
        return;
    const char *kind = flows_first(t->c->flows, t->zone_i, p, name);
    if (kind == NULL)
        return;
    flow_event(t, EV_FLOW_FIRST, p, &e);
    ev_text_add(&e, EVF_KIND, kind);
    ev_text_add(&e, EVF_SNI, name);
    put(t, &e);
}

/* --- the ring ----------------------------------------------------------------------------------
 */

static void frame_read(struct tap *t, uint8_t *frame)
{
    const struct tpacket2_hdr *h = (const struct tpacket2_hdr *)(void *)frame;
    const struct sockaddr_ll *from =
        (const struct sockaddr_ll *)(void *)(frame + TPACKET_ALIGN(sizeof(*h)));
    struct packet p;
    if (from->sll_ifindex == LABNET_BRIDGE_INDEX ||
        !packet_read(frame + h->tp_net, h->tp_snaplen, &p))
        return;
    if (p.syn && !p.ack)
        syn_seen(t, &p);
    else if (p.len > 0)
        payload_seen(t, &p);
}

static void on_frames(void *arg, uint32_t events)
{
    struct tap *t = arg;
    (void)events;
    for (size_t i = 0; i < CAPTURE_FRAMES; i++) {
        uint8_t *frame = t->ring + t->next * CAPTURE_FRAME_SIZE;
        volatile uint32_t *status = &((struct tpacket2_hdr *)(void *)frame)->tp_status;
        if ((*status & TP_STATUS_USER) == 0)
            return;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        frame_read(t, frame);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        *status = TP_STATUS_KERNEL;
        t->next = (t->next + 1) % CAPTURE_FRAMES;
    }
}

static int ring_map(struct tap *t, struct err *e)
{
    struct tpacket_req rq = {.tp_block_size = BLOCK_SIZE,
                             .tp_block_nr = RING_SIZE / BLOCK_SIZE,
                             .tp_frame_size = CAPTURE_FRAME_SIZE,
                             .tp_frame_nr = CAPTURE_FRAMES};
    int version = TPACKET_V2;
    if (setsockopt(t->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
        setsockopt(t->fd, SOL_PACKET, PACKET_RX_RING, &rq, sizeof(rq)) < 0)
        return err_errno(e, "make the capture's ring");
    void *ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
    if (ring == MAP_FAILED)
        return err_errno(e, "map the capture's ring");
    t->ring = ring;
    return 0;
}

/* Order counts: filter first, so that nothing unwanted is in the ring when it is bound. */
static int tap_open(struct tap *t, struct err *e)
{
    const struct capture_config *c = &t->c->config;
    struct sock_filter code[COUNTOF(filter)];
    struct sock_fprog program = {.len = COUNTOF(filter), .filter = code};
    struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int on = 1, r;
    memcpy(code, filter, sizeof(filter));
    t->fd = labnet_socket(c->net, labnet_zone(c->net, t->zone_i), AF_PACKET, SOCK_DGRAM, 0, e);
    if (t->fd < 0)
        return t->fd;
    if (setsockopt(t->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return err_errno(e, "attach the capture's filter");
    if (setsockopt(t->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
        return err_errno(e, "PACKET_IGNORE_OUTGOING; needs Linux 4.20 or newer");
    r = ring_map(t, e);
    if (r < 0)
        return r;
    if (bind(t->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
        return err_errno(e, "bind the capture");
    return loop_watch_add(c->loop, t->fd, EPOLLIN, on_frames, t, &t->watch, e);
}

static void tap_close(struct tap *t)
{
    loop_watch_remove(&t->watch);
    if (t->ring != NULL)
        munmap(t->ring, RING_SIZE);
    for (size_t i = 0; i < CANARY_ROUNDS; i++)
        if (t->canary[i] >= 0)
            close(t->canary[i]);
    if (t->fd >= 0)
        close(t->fd);
}

int capture_new(struct capture **ret, const struct capture_config *config, struct err *e)
{
    struct capture *c = calloc(1, sizeof(*c));
    int r = 0;
    if (c == NULL)
        WRONG("out of memory");
    c->config = *config;
    c->flows = flows_new(CAPTURE_FLOWS);
    for (size_t i = 0; i < LAB_ZONES_MAX; i++)
        c->taps[i] = (struct tap){.c = c, .zone_i = i, .fd = -1, .canary = {-1, -1}};
    for (size_t i = 0; i < config->lab->n_zones && r == 0; i++)
        r = tap_open(&c->taps[i], e);
    if (r < 0) {
        capture_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void capture_free(struct capture *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < LAB_ZONES_MAX; i++)
        tap_close(&c->taps[i]);
    flows_free(c->flows);
    free(c);
}

/* --- canaries and drops ------------------------------------------------------------------------
 */

/* The zone's canary host, else its first host; any other host of the zone is the target. */
static const struct lab_host *canary_host(const struct lab *l, const char *zone, bool target,
                                          const struct lab_host *other)
{
    const struct lab_host *first = NULL;
    for (size_t i = 0; i < l->n_hosts; i++) {
        const struct lab_host *h = &l->hosts[i];
        if (labnet_address_in(h, zone) == NULL || h == other)
            continue;
        if (!target && text_is(h->role, "canary"))
            return h;
        first = first != NULL ? first : h;
    }
    return first;
}

static int canary_send(struct tap *t, int round, struct err *e)
{
    const struct lab *l = t->c->config.lab;
    const struct labnet *net = t->c->config.net;
    const char *zone = l->zones[t->zone_i].name;
    const struct lab_host *from = canary_host(l, zone, false, NULL);
    const struct lab_host *to = from != NULL ? canary_host(l, zone, true, from) : NULL;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(CANARY_PORT)};
    struct sockaddr_in b = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)(CANARY_FIRST_PORT + round))};
    if (to == NULL) /* one host alone: nothing can cross the link */
        return 0;
    if (inet_pton(AF_INET, labnet_address_in(to, zone), &a.sin_addr) != 1 ||
        inet_pton(AF_INET, labnet_address_in(from, zone), &b.sin_addr) != 1)
        return err_set(e, -EINVAL, "canary of %s: no IPv4 address", zone);
    int fd =
        labnet_socket(net, labnet_host(net, labnet_host_index(l, from)), AF_INET, SOCK_STREAM, 0, e);
    if (fd < 0)
        return fd;
    t->canary[round] = fd;
    if (bind(fd, (struct sockaddr *)&b, sizeof(b)) < 0)
        return err_errno(e, "bind the canary of %s", zone);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS)
        return err_errno(e, "send the canary of %s", zone);
    return 0;
}

int capture_canaries(struct capture *c, int round, struct err *e)
{
    int r = 0;
    assert(round >= 1 && round <= CANARY_ROUNDS);
    for (size_t i = 0; i < c->config.lab->n_zones && r == 0; i++)
        r = canary_send(&c->taps[i], round - 1, e);
    return r;
}

bool capture_canaries_seen(const struct capture *c, int round)
{
    for (size_t i = 0; i < c->config.lab->n_zones; i++)
        if (!c->taps[i].seen[round - 1])
            return false;
    return true;
}

void capture_drops(struct capture *c)
{
    for (size_t i = 0; i < c->config.lab->n_zones; i++) {
        struct tap *t = &c->taps[i];
        struct tpacket_stats s = {0};
        socklen_t len = sizeof(s);
        struct event e;
        if (getsockopt(t->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
            t->lost += s.tp_drops;
        ev_init(&e, EV_TAP_DROPS, clk_domain_ms(c->config.domain));
        ev_text_add(&e, EVF_LINK, c->config.lab->zones[i].name);
        ev_int_add(&e, EVF_LOST, (int64_t)t->lost);
        put(t, &e);
    }
}
