/* Whole conversations under the stepped clock, again and again. The printed figures (turns, jumps,
 * time a turn) are those of docs/time.md. */
#include "tests/test.h"

#include "tests/wire/stepped_run.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a server that answers beats at once and polls after 30 s or at each tenth beat ---- */

#define CONNS_MAX 8

struct conn {
    struct server *s;
    uint64_t number;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *over;
    bool parked;
};

struct server {
    struct child *c;
    struct loop *l;
    int fd;
    struct loop_watch *watch;
    struct conn conns[CONNS_MAX];
    size_t n;
    uint64_t beats;
};

static void answer(struct conn *c, char what)
{
    note(c->s->c, what, c->number);
    if (write(c->fd, &what, 1) != 1)
        _exit(98);
}

static void on_over(void *arg)
{
    struct conn *c = arg;

    c->parked = false;
    answer(c, 'p');
}

static void wake_parked(struct server *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!s->conns[i].parked)
            continue;
        loop_timer_set(s->conns[i].over, MS_NEVER);
        on_over(&s->conns[i]);
    }
}

static void on_request(void *arg, uint32_t events)
{
    struct conn *c = arg;
    char what;

    (void)events;
    while (read(c->fd, &what, 1) == 1) {
        note(c->s->c, what, c->number);
        if (what == 'P') {
            c->parked = true;
            loop_timer_set(c->over, loop_now(c->s->l) + SECONDS(30));
            continue;
        }
        answer(c, 'b');
        if (++c->s->beats % 10 == 0)
            wake_parked(c->s);
    }
}

static void on_accept(void *arg, uint32_t events)
{
    struct server *s = arg;
    struct err e;
    int fd;

    (void)events;
    while ((fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct conn *c = &s->conns[s->n];

        if (s->n == CONNS_MAX)
            _exit(97);
        *c = (struct conn){.s = s, .number = s->n++, .fd = fd};
        c->over = loop_timer_new(s->l, on_over, c);
        if (loop_watch_add(s->l, fd, EPOLLIN, on_request, c, &c->watch, &e) < 0)
            _exit(96);
    }
}

static void server_main(struct child *c, struct loop *l, void *arg)
{
    static struct server s; /* the child's only one: it lives until _exit */
    struct err e;

    s = (struct server){.c = c, .l = l, .fd = *(int *)arg};
    if (loop_watch_add(l, s.fd, EPOLLIN, on_accept, &s, &s.watch, &e) < 0)
        _exit(95);
}

/* ---- a client that beats every 30 s on one connection and polls on the other ---- */

struct client {
    struct child *c;
    struct loop *l;
    int beat_fd, poll_fd;
    struct loop_watch *beat_watch, *poll_watch;
    struct loop_timer *beat;
};

static void send_char(int fd, char what)
{
    if (write(fd, &what, 1) != 1)
        _exit(94);
}

static void on_beat(void *arg)
{
    struct client *k = arg;

    send_char(k->beat_fd, 'B');
    loop_timer_set(k->beat, loop_now(k->l) + SECONDS(30));
}

static void on_beat_answer(void *arg, uint32_t events)
{
    struct client *k = arg;
    char what;

    (void)events;
    if (read(k->beat_fd, &what, 1) != 1)
        _exit(93);
    note(k->c, what, 0);
}

static void on_poll_answer(void *arg, uint32_t events)
{
    struct client *k = arg;
    char what;

    (void)events;
    if (read(k->poll_fd, &what, 1) != 1)
        _exit(92);
    note(k->c, what, 1);
    send_char(k->poll_fd, 'P');
}

static int dial(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
        _exit(91);
    return fd;
}

static void client_main(struct child *c, struct loop *l, void *arg)
{
    static struct client k;
    struct err e;

    k = (struct client){.c = c, .l = l, .beat_fd = dial(arg), .poll_fd = dial(arg)};
    k.beat = loop_timer_new(l, on_beat, &k);
    if (loop_watch_add(l, k.beat_fd, EPOLLIN, on_beat_answer, &k, &k.beat_watch, &e) < 0 ||
        loop_watch_add(l, k.poll_fd, EPOLLIN, on_poll_answer, &k, &k.poll_watch, &e) < 0)
        _exit(90);
    send_char(k.poll_fd, 'P');
    on_beat(&k);
}

static int listen_any(struct sockaddr_in *ret)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(fd, CONNS_MAX), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &len), 0);
    *ret = any;
    return fd;
}

static void figures_print(const struct run *r, const char *what)
{
    double s = (double)(clk_kernel_ns() - r->began_ns) / 1e9;

    print_message("    %s: %.2f s, %llu turns, %llu jumps, %.1f us a turn, %.0f jumps/s\n", what, s,
                  (unsigned long long)ctl_turns(r->ctl), (unsigned long long)ctl_jumps(r->ctl),
                  1e6 * s / (double)ctl_turns(r->ctl), (double)ctl_jumps(r->ctl) / s);
}

/* One number for all that all of them saw, in their order. */
static uint64_t conversation(size_t n_clients, ms_t length, const char *what)
{
    struct run r;
    struct sockaddr_in at;
    int fd = listen_any(&at);
    uint64_t hash = 0;

    run_begin(&r);
    (void)child_start(&r, "server", server_main, &fd);
    for (size_t i = 0; i < n_clients; i++)
        (void)child_start(&r, "client", client_main, &at);
    run_until(&r, length);
    assert_int_equal(r.n_lost, 0);
    for (size_t i = 0; i < r.n; i++) {
        assert_true(r.shared->count[i] > (uint64_t)(length / SECONDS(30)));
        hash = hash * UINT64_C(0x9e3779b97f4a7c15) + r.shared->hash[i] + r.shared->count[i];
    }
    figures_print(&r, what);
    run_end(&r);
    (void)close(fd);
    return hash;
}

static pid_t hog_start(void)
{
    volatile uint64_t n = 0;
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        n = n + 1;
}

/* The promise of the stepped clock: the same events in the same order, every time. A beat and a
 * poll of one client meet at one instant each 30 s. */
static void a_day_is_the_same_five_times(void **state)
{
    uint64_t first;

    (void)state;
    first = conversation(1, HOURS(24), "24 h, 1 client");
    for (size_t i = 1; i < 5; i++)
        assert_true(conversation(1, HOURS(24), "24 h, 1 client") == first);
}

/* Clients that are all due at the same instants are the hard case: who comes first? */
static void clients_tied_at_one_instant_are_the_same_five_times(void **state)
{
    uint64_t first;

    (void)state;
    first = conversation(4, HOURS(2), "2 h, 4 clients");
    for (size_t i = 1; i < 5; i++)
        assert_true(conversation(4, HOURS(2), "2 h, 4 clients") == first);
}

/* Load may cost time, never another order. */
static void busy_neighbours_change_nothing(void **state)
{
    uint64_t quiet = conversation(4, HOURS(1), "1 h, 4 clients");
    pid_t hogs[] = {hog_start(), hog_start()};
    bool same = true;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        same = same && conversation(4, HOURS(1), "1 h, 4 clients, 2 hogs") == quiet;
    for (size_t i = 0; i < COUNTOF(hogs); i++) {
        (void)kill(hogs[i], SIGKILL);
        (void)waitpid(hogs[i], NULL, 0);
    }
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_day_is_the_same_five_times),
        test(clients_tied_at_one_instant_are_the_same_five_times),
        test(busy_neighbours_change_nothing),
    };

    return run_tests(tests);
}
