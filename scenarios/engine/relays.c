#include "scenarios/engine/relays.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG        128
#define ACCEPTS_A_WAKE 32
#define CHUNKS_A_WAKE  16 /* then others have their turn */

enum side { CALLER, SERVER, SIDES };

struct door {
    struct relays *r;
    const struct lab_host *to;
    char behind[LAB_ADDRESS_MAX];
    int port, fd;
    struct loop_watch *watch;
};

struct flow {
    struct relays *r; /* NULL: a free place */
    const struct lab_host *ends[SIDES];
    const struct door *door;
    uint64_t nth;
    ms_t dial_at;    /* loop_now(); MS_NEVER: done, or not to be */
    bool connecting; /* to the server */
    bool lost;       /* bytes of it went nowhere: nothing of it passes any more */
    struct half {    /* of one side */
        struct flow *flow;
        enum side side;
        int fd; /* -1: none, or gone */
        struct loop_watch *watch;
        uint32_t events;
        bool ended; /* it will send no more */
        bool shut;  /* and it was told that the other will not */
        size_t begin, end;
        char bytes[RELAYS_BYTES]; /* from it, to the other */
    } halves[SIDES];
};

struct relays {
    struct relays_config config;
    struct wires wires;
    uint64_t nth;
    struct loop_timer *due;
    size_t n_doors;
    struct door doors[RELAYS_DOORS_MAX];
    struct flow *flows[RELAYS_FLOWS_MAX]; /* made when they are first needed */
};

/* --- ends ---------------------------------------------------------------------------------------
 */

static void half_close(struct half *h, bool resets)
{
    const struct linger now = {.l_onoff = 1};
    if (h->fd < 0)
        return;
    loop_watch_remove(&h->watch);
    if (resets)
        (void)setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(h->fd);
    h->fd = -1;
}

static void flow_end(struct flow *f, bool resets)
{
    for (size_t i = 0; i < SIDES; i++)
        half_close(&f->halves[i], resets);
    f->r = NULL;
}

static struct half *other(struct half *h)
{
    return &h->flow->halves[h->side == CALLER ? SERVER : CALLER];
}

static void half_watch(struct half *h, uint32_t events)
{
    if (h->watch != NULL && h->events != events)
        loop_watch_change(h->watch, h->events = events);
}

/* --- the way ------------------------------------------------------------------------------------
 */

static enum wire_fate fate_of(const struct half *from)
{
    const struct flow *f = from->flow;
    const enum side to = from->side == CALLER ? SERVER : CALLER;
    return wires_fate(&f->r->wires, f->ends[from->side], f->ends[to]);
}

/* Of a new flow: what the lab's table says, unless the story opened the way. */
static enum wire_fate fate_of_caller(const struct relays *r, const struct lab_host *from,
                                     const struct lab_host *to, const char **ret_seen_as)
{
    const enum reach reach = lab_reaches(r->config.lab, from->role, to->role, ret_seen_as);
    const enum wire_fate there = wires_fate(&r->wires, from, to);
    const bool passes = reach == REACH_OPEN || reach == REACH_NAT || from == to ||
                        wires_opened(&r->wires, from, to);
    if (there != WIRE_OPEN)
        return there;
    if (passes) /* what comes back may be lost: then the flow opens, and no answer comes */
        return wires_fate(&r->wires, to, from) == WIRE_OPEN ? WIRE_OPEN : WIRE_SILENT;
    return reach == REACH_REFUSED ? WIRE_RESETS : WIRE_SILENT;
}

/* --- bytes --------------------------------------------------------------------------------------
 */

/* A lost flow is watched for the end of its sides only. */
static void flow_lose(struct flow *f)
{
    f->lost = true;
    f->dial_at = MS_NEVER;
    for (size_t i = 0; i < SIDES; i++)
        half_watch(&f->halves[i], EPOLLRDHUP);
}

/* false: the flow is over, or lost. */
static bool pass_or_stop(struct half *h)
{
    const enum wire_fate fate = fate_of(h);
    if (fate == WIRE_OPEN)
        return true;
    if (fate == WIRE_SILENT)
        flow_lose(h->flow);
    else
        flow_end(h->flow, true);
    return false;
}

static bool has_room(const struct half *h)
{
    return h->end < sizeof(h->bytes);
}

/* What was read from h goes to the other. false: the flow is over. */
static bool half_flush(struct half *h)
{
    struct half *to = other(h);
    while (h->begin < h->end && !h->flow->connecting) {
        ssize_t n = send(to->fd, h->bytes + h->begin, h->end - h->begin, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n < 0) {
            flow_end(h->flow, true);
            return false;
        }
        h->begin += (size_t)n;
    }
    if (h->begin == h->end)
        h->begin = h->end = 0;
    if (h->begin == h->end && h->ended && !to->shut && !h->flow->connecting) {
        to->shut = true;
        (void)shutdown(to->fd, SHUT_WR);
    }
    return true;
}

/* false: the flow is over, or lost. */
static bool half_read(struct half *h)
{
    for (int i = 0; i < CHUNKS_A_WAKE && !h->ended && has_room(h); i++) {
        ssize_t n = recv(h->fd, h->bytes + h->end, sizeof(h->bytes) - h->end, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (!pass_or_stop(h))
            return false;
        if (n < 0) {
            flow_end(h->flow, true);
            return false;
        }
        h->ended = n == 0;
        h->end += (size_t)n;
        if (!half_flush(h))
            return false;
    }
    return true;
}

/* What is still to be waited for. Both have said their last: it is over. */
static void flow_settle(struct flow *f)
{
    if (f->halves[CALLER].shut && f->halves[SERVER].shut) {
        flow_end(f, false);
        return;
    }
    for (size_t i = 0; i < SIDES; i++) {
        struct half *h = &f->halves[i];
        const struct half *from = other(h);
        if (h->ended && h->shut) /* its kernel would say so for ever */
            loop_watch_remove(&h->watch);
        const bool waits = from->begin < from->end || (i == SERVER && f->connecting);
        half_watch(h, (!h->ended && has_room(h) ? EPOLLIN : 0u) | (waits ? EPOLLOUT : 0u));
    }
}

/* false: nobody serves there. */
static bool connected(struct half *server)
{
    int code = 0;
    socklen_t len = sizeof(code);
    server->flow->connecting = false;
    return getsockopt(server->fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code == 0;
}

static void on_half(void *arg, uint32_t events)
{
    struct half *h = arg;
    struct flow *f = h->flow;
    if (f->lost) { /* it gave up; the other may wait on */
        half_close(h, false);
        if (other(h)->fd < 0)
            flow_end(f, false);
        return;
    }
    if (h->side == SERVER && f->connecting) {
        if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0)
            return;
        if (!connected(h)) {
            flow_end(f, true);
            return;
        }
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && !has_room(h))
        flow_end(f, true);
    else if (half_read(h) && half_flush(other(h)))
        flow_settle(f);
}

/* --- callers ------------------------------------------------------------------------------------
 */

static struct sockaddr_in address_at(const char *address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    (void)inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}

static struct flow *flow_new(void)
{
    struct flow *f = calloc(1, sizeof(*f));
    if (f == NULL)
        WRONG("out of memory");
    f->halves[CALLER].fd = f->halves[SERVER].fd = -1;
    return f;
}

static struct flow *flow_place(struct relays *r)
{
    struct flow *oldest = NULL;
    for (size_t i = 0; i < RELAYS_FLOWS_MAX; i++) {
        if (r->flows[i] == NULL)
            r->flows[i] = flow_new();
        if (r->flows[i]->r == NULL)
            return r->flows[i];
        if (r->flows[i]->lost && (oldest == NULL || r->flows[i]->nth < oldest->nth))
            oldest = r->flows[i];
    }
    if (oldest != NULL)
        flow_end(oldest, true);
    return oldest;
}

static int half_open(struct flow *f, enum side side, int fd, uint32_t events)
{
    struct half *h = &f->halves[side];
    int on = 1;
    h->flow = f;
    h->side = side;
    h->fd = fd;
    h->events = events;
    h->ended = h->shut = false;
    h->begin = h->end = 0;
    if (fd < 0)
        return 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return loop_watch_add(f->r->config.loop, fd, events, on_half, h, &h->watch, NULL);
}

/* A socket on its way to whoever serves behind the door, from that address; -1: none. */
static int dial(const struct door *d, const char *from)
{
    const struct sockaddr_in to = address_at(d->behind, d->port), own = address_at(from, 0);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&own, sizeof(own)) == 0 &&
        (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS))
        return fd;
    close(fd);
    return -1;
}

/* The server's side of a flow whose caller waits. */
static void flow_dial(struct flow *f)
{
    const struct door *d = f->door;
    const struct lab_host *from = f->ends[CALLER];
    const char *seen_as = "";
    const enum wire_fate fate = fate_of_caller(f->r, from, d->to, &seen_as);
    f->dial_at = MS_NEVER;
    if (fate == WIRE_SILENT) {
        flow_lose(f);
        return;
    }
    int fd =
        fate == WIRE_RESETS ? -1 : dial(d, *seen_as != '\0' ? seen_as : from->links[0].address);
    if (fd < 0 || half_open(f, SERVER, fd, EPOLLOUT) < 0)
        flow_end(f, true);
}

static void on_due(void *arg)
{
    struct relays *r = arg;
    const ms_t now = loop_now(r->config.loop);
    ms_t next = MS_NEVER;
    for (size_t i = 0; i < RELAYS_FLOWS_MAX; i++) {
        struct flow *f = r->flows[i];
        if (f != NULL && f->r != NULL && f->dial_at <= now)
            flow_dial(f);
        if (f != NULL && f->r != NULL)
            next = ms_min(next, f->dial_at);
    }
    loop_timer_set(r->due, next);
}

static void flow_begin(struct door *d, int fd, const struct lab_host *from)
{
    struct relays *r = d->r;
    struct flow *f = flow_place(r);
    if (f == NULL) {
        half_close(&(struct half){.fd = fd}, true);
        return;
    }
    f->r = r;
    f->door = d;
    f->ends[CALLER] = from;
    f->ends[SERVER] = d->to;
    f->nth = r->nth++;
    f->connecting = true;
    f->lost = false;
    f->dial_at = loop_now(r->config.loop) + RELAYS_WAY_MS;
    (void)half_open(f, SERVER, -1, 0);
    if (half_open(f, CALLER, fd, EPOLLIN) < 0)
        flow_end(f, true);
    loop_timer_set(r->due, ms_min(loop_timer_at(r->due), f->dial_at));
}

static void say_try(const struct door *d, const struct lab_host *from, int from_port)
{
    const struct relays_config *c = &d->r->config;
    const struct capture_try t = {.link = from->links[0].zone,
                                  .from_ip = from->links[0].address,
                                  .to_ip = d->to->links[0].address,
                                  .from_port = from_port,
                                  .to_port = d->port};
    if (c->on_try != NULL)
        c->on_try(c->arg, &t);
}

static const struct lab_host *caller_at(const struct relays *r, const struct sockaddr_in *from)
{
    char address[INET_ADDRSTRLEN] = "";
    (void)inet_ntop(AF_INET, &from->sin_addr, address, sizeof(address));
    const struct lab_host *h = lab_host_at(r->config.lab, address);
    return h != NULL ? h : r->config.guest;
}

static void on_caller(void *arg, uint32_t events)
{
    struct door *d = arg;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_WAKE; i++) {
        struct sockaddr_in from = {0};
        socklen_t len = sizeof(from);
        int fd = accept4(d->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        const struct lab_host *h = caller_at(d->r, &from);
        say_try(d, h, ntohs(from.sin_port));
        flow_begin(d, fd, h);
    }
}

/* --- birth and end ------------------------------------------------------------------------------
 */

static int door_open(struct relays *r, const struct lab_host *h, const char *address, struct err *e)
{
    const struct sockaddr_in a = address_at(address, h->listen);
    struct door *d = &r->doors[r->n_doors];
    int on = 1;
    if (r->n_doors == RELAYS_DOORS_MAX)
        return err_set(e, -E2BIG, "lab %s: more than %d addresses that serve", r->config.lab->name,
                       RELAYS_DOORS_MAX);
    *d = (struct door){.r = r, .to = h, .port = h->listen};
    lab_behind(address, d->behind);
    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0)
        return err_errno(e, "a relay's socket");
    r->n_doors++;
    (void)setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(d->fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(d->fd, BACKLOG) < 0)
        return err_errno(e, "a relay at %s port %d; stage loopback needs the whole of 127.0.0.0/8",
                         address, h->listen);
    return loop_watch_add(r->config.loop, d->fd, EPOLLIN, on_caller, d, &d->watch, e);
}

static bool serves(const struct lab_host *h)
{
    return text_is(h->role, "maas") || text_is(h->role, "palette");
}

static int doors_open(struct relays *r, const struct lab_host *h, struct err *e)
{
    int code = 0;
    for (size_t i = 0; i < h->n_links && code == 0; i++) {
        code = door_open(r, h, h->links[i].address, e);
        if (code == 0 && h->links[i].also[0] != '\0')
            code = door_open(r, h, h->links[i].also, e);
    }
    return code;
}

int relays_new(struct relays **ret, const struct relays_config *c, struct err *e)
{
    struct relays *r = calloc(1, sizeof(*r));
    int code = 0;
    if (r == NULL)
        WRONG("out of memory");
    r->config = *c;
    r->due = loop_timer_new(c->loop, on_due, r);
    for (size_t i = 0; i < c->lab->n_hosts && code == 0; i++)
        if (serves(&c->lab->hosts[i]))
            code = doors_open(r, &c->lab->hosts[i], e);
    if (code < 0) {
        relays_free(r);
        return code;
    }
    *ret = r;
    return 0;
}

void relays_free(struct relays *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < RELAYS_FLOWS_MAX; i++) {
        if (r->flows[i] != NULL && r->flows[i]->r != NULL)
            flow_end(r->flows[i], true);
        free(r->flows[i]);
    }
    for (size_t i = 0; i < r->n_doors; i++) {
        loop_watch_remove(&r->doors[i].watch);
        close(r->doors[i].fd);
    }
    loop_timer_free(&r->due);
    free(r);
}

void relays_wires(struct relays *r, const struct wires *w)
{
    r->wires = *w;
}
