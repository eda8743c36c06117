#include "scenarios/engine/sniffer.h"

#include <arpa/inet.h>
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

#define BLOCK_SIZE 65536
#define RING_SIZE  ((size_t)CAPTURE_FRAMES * CAPTURE_FRAME_SIZE)

struct sniffer {
    sniffer_fn *fn;
    void *arg;
    int fd;
    uint8_t *ring;
    size_t next; /* frame */
    struct loop_watch *watch;
    uint64_t lost;
};

/* --- the kernel's filter -----------------------------------------------------------------------
 */

#define PROTOCOL  ((uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
#define WORD_HTTP 0x48545450 /* "HTTP": an answer, never a client's first word */

/* IPv4 and TCP, no later fragment; then the begin or end of a flow, or a payload that is neither
 * TLS data, nor an alert, nor a change of cipher, nor the begin of an HTTP answer. X holds the
 * header's length.
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
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x07),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 17, 0), /* FIN, SYN or RST */
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

static void frame_read(struct sniffer *s, uint8_t *frame)
{
    const struct tpacket2_hdr *h = (const struct tpacket2_hdr *)(void *)frame;
    const struct sockaddr_ll *from =
        (const struct sockaddr_ll *)(void *)(frame + TPACKET_ALIGN(sizeof(*h)));
    s->fn(s->arg, from->sll_ifindex, frame + h->tp_net, h->tp_snaplen);
}

static void on_frames(void *arg, uint32_t events)
{
    struct sniffer *s = arg;
    (void)events;
    for (size_t i = 0; i < CAPTURE_FRAMES; i++) {
        uint8_t *frame = s->ring + s->next * CAPTURE_FRAME_SIZE;
        volatile uint32_t *status = &((struct tpacket2_hdr *)(void *)frame)->tp_status;
        if ((*status & TP_STATUS_USER) == 0)
            return;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        frame_read(s, frame);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        *status = TP_STATUS_KERNEL;
        s->next = (s->next + 1) % CAPTURE_FRAMES;
    }
}

static int ring_map(struct sniffer *s, struct err *e)
{
    struct tpacket_req rq = {.tp_block_size = BLOCK_SIZE,
                             .tp_block_nr = RING_SIZE / BLOCK_SIZE,
                             .tp_frame_size = CAPTURE_FRAME_SIZE,
                             .tp_frame_nr = CAPTURE_FRAMES};
    int version = TPACKET_V2;
    if (setsockopt(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
        setsockopt(s->fd, SOL_PACKET, PACKET_RX_RING, &rq, sizeof(rq)) < 0)
        return err_errno(e, "make the capture's ring");
    void *ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
    if (ring == MAP_FAILED)
        return err_errno(e, "map the capture's ring");
    s->ring = ring;
    return 0;
}

/* Order counts: filter first, so that nothing unwanted is in the ring when it is bound. */
static int ring_open(struct sniffer *s, struct loop *l, const struct labnet *net, struct err *e)
{
    struct sock_filter code[COUNTOF(filter)];
    struct sock_fprog program = {.len = COUNTOF(filter), .filter = code};
    struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int on = 1, r;
    memcpy(code, filter, sizeof(filter));
    s->fd = labnet_socket(net, labnet_switch(net), AF_PACKET, SOCK_DGRAM, 0, e);
    if (s->fd < 0)
        return s->fd;
    if (setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return err_errno(e, "attach the capture's filter");
    if (setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
        return err_errno(e, "PACKET_IGNORE_OUTGOING; needs Linux 4.20 or newer");
    r = ring_map(s, e);
    if (r < 0)
        return r;
    if (bind(s->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
        return err_errno(e, "bind the capture");
    return loop_watch_add(l, s->fd, EPOLLIN, on_frames, s, &s->watch, e);
}

int sniffer_new(struct sniffer **ret, struct loop *l, const struct labnet *net, sniffer_fn *fn,
                void *arg, struct err *e)
{
    struct sniffer *s = calloc(1, sizeof(*s));
    if (s == NULL)
        WRONG("out of memory");
    *s = (struct sniffer){.fn = fn, .arg = arg, .fd = -1};
    int r = ring_open(s, l, net, e);
    if (r < 0) {
        sniffer_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void sniffer_free(struct sniffer *s)
{
    if (s == NULL)
        return;
    loop_watch_remove(&s->watch);
    if (s->ring != NULL)
        munmap(s->ring, RING_SIZE);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

uint64_t sniffer_lost(struct sniffer *s)
{
    struct tpacket_stats t = {0};
    socklen_t len = sizeof(t);
    if (getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &t, &len) == 0)
        s->lost += t.tp_drops;
    return s->lost;
}
