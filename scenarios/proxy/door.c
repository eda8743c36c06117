#include "scenarios/proxy/door.h"

#include "lib/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG        64
#define ACCEPTS_A_WAKE 64

/* HEAD: the request is being read. ASKING: its name is looked up, its target dialled. OPEN: bytes
 * pass. LAST: what is left for the client is sent, then the end. */
enum tunnel_state { TUNNEL_FREE, TUNNEL_HEAD, TUNNEL_ASKING, TUNNEL_OPEN, TUNNEL_LAST };

enum { CLIENT = BUMP_CLIENT, TARGET = BUMP_TARGET, SIDES = BUMP_SIDES };

struct side {
    int fd;
    struct loop_watch *watch;
    struct buf out; /* waits to be written to this side */
    bool ended;     /* it will send no more */
    bool shut;      /* we told it that no more comes */
    uint64_t heard; /* bytes it sent */
};

struct tunnel {
    struct door *door;
    enum tunnel_state state;
    uint64_t number;
    char from[DNS_ADDRESS_MAX];
    struct side sides[SIDES];
    struct buf head;
    struct proxy_ask ask;
    struct bump *bump; /* NULL: TLS is passed through */
    struct dns_ask *looked_up;
    struct loop_timer *patience; /* for a head, a connect, or an idle tunnel */
};

struct door {
    struct loop *loop;
    struct dns *dns;
    struct door_config config;
    int fd, port;
    struct loop_watch *watch;
    uint64_t n;
    struct tunnel tunnels[DOOR_TUNNELS_MAX];
};

/* --- what is said ------------------------------------------------------------------------------
 */

static ms_t now_of(const struct door *d)
{
    return clk_domain_ms(&d->config.domain);
}

static void patience_set(struct tunnel *t, ms_t ms)
{
    loop_timer_set(t->patience, ms == 0 ? MS_NEVER
                                        : loop_now(t->door->loop) +
                                              clk_domain_to_own(&t->door->config.domain, ms));
}

/* Written before the effect leaves us. */
static void say_asked(struct tunnel *t, int status)
{
    struct event e;

    proxy_asked(&e, now_of(t->door), t->number, t->from, t->from, &t->ask, status);
    journal_put(t->door->config.journal, &e);
}

static void tunnel_end(struct tunnel *t, const char *why)
{
    if (t->state == TUNNEL_OPEN) {
        struct event e;

        proxy_closed(&e, now_of(t->door), t->number, t->from, t->from, &t->ask, why);
        proxy_counted(&e, t->sides[CLIENT].heard, t->sides[TARGET].heard);
        journal_put(t->door->config.journal, &e);
    }
    if (t->looked_up)
        dns_cancel(&t->looked_up);
    for (size_t i = 0; i < SIDES; i++) {
        struct side *s = &t->sides[i];

        loop_watch_remove(&s->watch);
        if (s->fd >= 0)
            close(s->fd);
        s->fd = -1;
        buf_drop(&s->out);
    }
    buf_drop(&t->head);
    bump_free(STEAL(t->bump));
    loop_timer_free(&t->patience);
    t->state = TUNNEL_FREE;
}

/* --- bytes -------------------------------------------------------------------------------------
 */

static bool has_room(const struct tunnel *t, size_t i)
{
    return t->sides[SIDES - 1 - i].out.len < DOOR_BYTES_MAX &&
           (i == TARGET || !t->bump || bump_holds(t->bump) < DOOR_BYTES_MAX);
}

/* Reads while there is room on the other side; writes while there is something to write. */
static void watch_again(struct tunnel *t)
{
    for (size_t i = 0; i < SIDES; i++) {
        struct side *s = &t->sides[i];
        const bool reads =
            t->state == TUNNEL_HEAD || (t->state == TUNNEL_OPEN && !s->ended && has_room(t, i));
        const bool connects = t->state == TUNNEL_ASKING && i == TARGET;

        if (s->watch)
            loop_watch_change(s->watch, (reads ? EPOLLIN : 0U) |
                                            (connects || s->out.len > 0 ? EPOLLOUT : 0U));
    }
}

/* false: the side is broken. */
static bool side_write(struct side *s)
{
    while (s->out.len > 0) {
        const ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        buf_cut(&s->out, (size_t)n);
    }
    return true;
}

/* Everything is with the client: it goes, or waits for the end of what it sends. */
static void last_bytes(struct tunnel *t)
{
    if (!side_write(&t->sides[CLIENT]) || t->sides[CLIENT].out.len == 0)
        tunnel_end(t, "client");
    else
        watch_again(t);
}

static void answer(struct tunnel *t, int status)
{
    if (t->looked_up)
        dns_cancel(&t->looked_up);
    loop_watch_remove(&t->sides[TARGET].watch);
    say_asked(t, status);
    proxy_answer_write(status, &t->sides[CLIENT].out);
    t->state = TUNNEL_LAST;
    last_bytes(t);
}

/* Tells a side that the other one has ended, once all it sent has been passed on. */
static void pass_ends_on(struct tunnel *t)
{
    for (size_t i = 0; i < SIDES; i++) {
        struct side *from = &t->sides[i], *to = &t->sides[SIDES - 1 - i];

        if (from->ended && to->out.len == 0 && !to->shut && !(t->bump && bump_holds(t->bump) > 0)) {
            if (t->bump)
                bump_ended(t->bump, (enum bump_side)i, &t->sides[CLIENT].out,
                           &t->sides[TARGET].out);
            (void)side_write(to);
            (void)shutdown(to->fd, SHUT_WR);
            to->shut = true;
        }
    }
}

/* Opens what one side sent. false: the talk is over, what it said last is on its way. */
static bool opened(struct tunnel *t, size_t i, const char *bytes, size_t len)
{
    const enum bump_side broken = bump_take(t->bump, (enum bump_side)i, bytes, len,
                                            &t->sides[CLIENT].out, &t->sides[TARGET].out);
    char method[BUMP_METHOD_MAX];
    bool credentials;
    struct event e;

    if (bump_showed(t->bump)) {
        proxy_showed(&e, now_of(t->door), t->number, t->from, t->from, &t->ask);
        journal_put(t->door->config.journal, &e);
    }
    if (bump_read(t->bump, method, &credentials)) {
        proxy_has_read(&e, now_of(t->door), t->number, t->from, t->from, &t->ask);
        proxy_read_this(&e, method, credentials);
        journal_put(t->door->config.journal, &e);
    }
    return broken == BUMP_SIDES;
}

/* Takes what one side sends to the other. false: it is broken. */
static bool side_read(struct tunnel *t, size_t i)
{
    struct side *s = &t->sides[i], *other = &t->sides[SIDES - 1 - i];
    char bytes[KIB(16)];
    ssize_t n;

    if (s->ended || !has_room(t, i))
        return true;
    n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    s->ended = n == 0;
    s->heard += (uint64_t)n;
    if (t->bump)
        return opened(t, i, bytes, (size_t)n);
    buf_add(&other->out, bytes, (size_t)n);
    return true;
}

static void pass(struct tunnel *t, size_t i, uint32_t events)
{
    static const char *const names[SIDES] = {"client", "target"};
    struct side *s = &t->sides[i], *other = &t->sides[SIDES - 1 - i];
    bool fine = true;

    patience_set(t, t->door->config.idle_ms);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        fine = side_read(t, i);
    if (!fine || !side_write(s)) {
        tunnel_end(t, names[i]);
        return;
    }
    if (!side_write(other)) {
        tunnel_end(t, names[SIDES - 1 - i]);
        return;
    }
    pass_ends_on(t);
    if (s->ended && other->ended && s->out.len == 0 && other->out.len == 0)
        tunnel_end(t, names[i]);
    else
        watch_again(t);
    /* closed both ways: what it said last is still on its way to the other side */
    if (t->state == TUNNEL_OPEN && s->ended && (events & EPOLLHUP))
        loop_watch_remove(&s->watch);
}

/* --- the way to the target ---------------------------------------------------------------------
 */

/* Both talks begin: the target's with its hello, the client's with what it has sent already. */
static bool bump_begin(struct tunnel *t, const char *bytes, size_t len)
{
    t->bump = bump_new(t->door->config.bumps, t->ask.host);
    return t->bump && opened(t, TARGET, NULL, 0) && opened(t, CLIENT, bytes, len);
}

static void tunnel_open(struct tunnel *t)
{
    const struct proxy_rules *r = &t->door->config.rules;
    struct buf rest = {0};
    bool fine;

    say_asked(t, 200);
    proxy_answer_write(200, &t->sides[CLIENT].out);
    if (r->way == PROXY_CUTS) {
        t->state = TUNNEL_LAST;
        last_bytes(t);
        return;
    }
    t->state = TUNNEL_OPEN;
    rest = t->head; /* what came behind the head belongs to the target */
    t->head = (struct buf){0};
    t->sides[CLIENT].heard = rest.len;
    fine = !r->bumps || bump_begin(t, rest.data, rest.len);
    if (!r->bumps)
        buf_add(&t->sides[TARGET].out, rest.data, rest.len);
    buf_drop(&rest);
    if (fine)
        pass(t, CLIENT, 0);
    else
        tunnel_end(t, "target");
}

static void on_target(void *arg, uint32_t events)
{
    struct tunnel *t = arg;
    int error = 0;
    socklen_t len = sizeof error;

    if (t->state == TUNNEL_OPEN) {
        pass(t, TARGET, events);
        return;
    }
    (void)getsockopt(t->sides[TARGET].fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0)
        answer(t, error == ETIMEDOUT ? 504 : 502);
    else
        tunnel_open(t);
}

static int socket_to(const char *address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int on = 1;
    int fd;

    if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
        return -1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

/* Of several addresses the first: a lab's names have one. */
static void on_name(void *arg, char (*addresses)[DNS_ADDRESS_MAX], size_t n, const char *why)
{
    struct tunnel *t = arg;
    struct side *s = &t->sides[TARGET];

    (void)why;
    t->looked_up = NULL;
    s->fd = n == 0 ? -1 : socket_to(addresses[0], t->ask.port);
    if (s->fd < 0 ||
        loop_watch_add(t->door->loop, s->fd, EPOLLOUT, on_target, t, &s->watch, NULL) < 0) {
        answer(t, 502);
        return;
    }
    watch_again(t);
}

/* --- heads -------------------------------------------------------------------------------------
 */

static void on_head(struct tunnel *t, size_t len)
{
    const struct proxy_rules *r = &t->door->config.rules;
    int status = proxy_decide(r, buf_text(&t->head), len, &t->ask);

    explicit_bzero(t->head.data, len); /* it may have held a password */
    buf_cut(&t->head, len);
    if (r->way == PROXY_CLOSES) {
        tunnel_end(t, "client");
        return;
    }
    if (r->way == PROXY_SILENT)
        return;
    if (status != 200) {
        answer(t, status);
        return;
    }
    t->state = TUNNEL_ASKING;
    patience_set(t, PROXY_CALM_MS);
    watch_again(t);
    t->looked_up = dns_lookup(t->door->dns, t->ask.host, on_name, t);
}

static void on_client(void *arg, uint32_t events)
{
    struct tunnel *t = arg;
    char bytes[KIB(4)];
    size_t len;
    ssize_t n;

    if (t->state == TUNNEL_OPEN) {
        pass(t, CLIENT, events);
        return;
    }
    if (t->state == TUNNEL_LAST) {
        last_bytes(t);
        return;
    }
    if (t->state == TUNNEL_ASKING) { /* only an error or a hang-up is heard meanwhile */
        tunnel_end(t, "client");
        return;
    }
    n = recv(t->sides[CLIENT].fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        tunnel_end(t, "client");
        return;
    }
    buf_add(&t->head, bytes, (size_t)n);
    explicit_bzero(bytes, sizeof bytes);
    len = proxy_head_len(buf_text(&t->head), t->head.len);
    if (len > 0)
        on_head(t, len);
    else if (t->head.full)
        answer(t, 400);
}

static void on_impatient(void *arg)
{
    struct tunnel *t = arg;

    if (t->state == TUNNEL_ASKING)
        answer(t, 504);
    else
        tunnel_end(t, "idle");
}

/* --- the door ----------------------------------------------------------------------------------
 */

static struct tunnel *free_tunnel(struct door *d)
{
    for (size_t i = 0; i < DOOR_TUNNELS_MAX; i++)
        if (d->tunnels[i].state == TUNNEL_FREE)
            return &d->tunnels[i];
    return NULL;
}

static void tunnel_begin(struct door *d, int fd, const struct sockaddr_in *from)
{
    struct tunnel *t = free_tunnel(d);
    const int on = 1;

    if (!t) {
        close(fd);
        return;
    }
    *t = (struct tunnel){.door = d, .state = TUNNEL_HEAD, .number = ++d->n};
    (void)inet_ntop(AF_INET, &from->sin_addr, t->from, sizeof t->from);
    t->sides[CLIENT].fd = fd;
    t->sides[TARGET].fd = -1;
    for (size_t i = 0; i < SIDES; i++)
        buf_init(&t->sides[i].out, 2 * DOOR_BYTES_MAX);
    buf_init(&t->head, PROXY_HEAD_MAX);
    t->patience = loop_timer_new(d->loop, on_impatient, t);
    patience_set(t, DOOR_HEAD_MS);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (loop_watch_add(d->loop, fd, EPOLLIN, on_client, t, &t->sides[CLIENT].watch, NULL) < 0)
        tunnel_end(t, "client");
}

static void on_knock(void *arg, uint32_t events)
{
    struct door *d = arg;

    (void)events;
    for (int i = 0; i < ACCEPTS_A_WAKE && d->fd >= 0; i++) {
        struct sockaddr_in from = {0};
        socklen_t len = sizeof from;
        int fd = accept4(d->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        tunnel_begin(d, fd, &from);
    }
}

static int listen_on(struct door *d, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    socklen_t len = sizeof a;
    const int on = 1;

    if (inet_pton(AF_INET, d->config.address, &a.sin_addr) != 1)
        return err_set(e, -EINVAL, "--listen: '%.60s' is no IPv4 address", d->config.address);
    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return err_errno(e, "a socket to listen on");
    (void)setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(d->fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(d->fd, BACKLOG) < 0 ||
        getsockname(d->fd, (struct sockaddr *)&a, &len) < 0)
        return err_errno(e, "listen on %s:%d", d->config.address, d->port);
    d->port = ntohs(a.sin_port);
    return loop_watch_add(d->loop, d->fd, EPOLLIN, on_knock, d, &d->watch, e);
}

static void stop_listening(struct door *d)
{
    loop_watch_remove(&d->watch);
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

/* A proxy that takes no connection has no ear at all; the port stays the one it had. */
static int ear_set(struct door *d, struct err *e)
{
    if (d->config.rules.way == PROXY_REFUSES)
        stop_listening(d);
    return d->config.rules.way == PROXY_REFUSES || d->fd >= 0 ? 0 : listen_on(d, e);
}

int door_open(struct door **ret, struct loop *l, struct dns *dns, const struct door_config *c,
              struct err *e)
{
    struct door *d = calloc(1, sizeof *d);
    int r;

    if (!d)
        WRONG("out of memory");
    *d = (struct door){.loop = l, .dns = dns, .config = *c, .fd = -1, .port = c->port};
    r = ear_set(d, e);
    if (r < 0) {
        stop_listening(d);
        free(d);
        return r;
    }
    *ret = d;
    return 0;
}

int door_port(const struct door *d)
{
    return d->port;
}

static void idle_again(struct door *d)
{
    for (size_t i = 0; i < DOOR_TUNNELS_MAX; i++)
        if (d->tunnels[i].state == TUNNEL_OPEN)
            patience_set(&d->tunnels[i], d->config.idle_ms);
}

bool door_wish(struct door *d, const char *words)
{
    const ms_t before = d->config.idle_ms;

    if (!proxy_wish(words, &d->config.rules, &d->config.idle_ms))
        return false;
    if (d->config.rules.bumps && !d->config.bumps) {
        d->config.rules.bumps = false;
        return false;
    }
    if (d->config.idle_ms != before)
        idle_again(d);
    return ear_set(d, NULL) == 0;
}

void door_end(struct door *d)
{
    stop_listening(d);
    for (size_t i = 0; i < DOOR_TUNNELS_MAX; i++)
        if (d->tunnels[i].state != TUNNEL_FREE)
            tunnel_end(&d->tunnels[i], "end");
}

void door_free(struct door *d)
{
    free(d);
}
