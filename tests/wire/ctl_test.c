#include "tests/test.h"

#include "tests/wire/stepped_run.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* ---- children that leave, hang, freeze ---- */

struct ticker {
    struct child *c;
    struct loop *l;
    struct loop_timer *t;
    ms_t every, bad_at; /* domain time at which it misbehaves; 0: never */
    void (*misbehave)(void);
};

static void on_tick(void *arg)
{
    struct ticker *t = arg;

    tick_note(t->c);
    if (t->bad_at != 0 && domain_ms() >= t->bad_at)
        t->misbehave();
    loop_timer_set(t->t, loop_now(t->l) + t->every);
}

static void ticker_main(struct child *c, struct loop *l, void *arg)
{
    static struct ticker t;

    t = *(struct ticker *)arg;
    t.c = c;
    t.l = l;
    t.t = loop_timer_new(l, on_tick, &t);
    loop_timer_set(t.t, loop_now(l) + t.every);
}

static void leave(void)
{
    _exit(3);
}

static void spin(void)
{
    volatile uint64_t n = 0;

    for (;;)
        n = n + 1;
}

static void a_child_that_exits_is_reported_at_its_instant(void **state)
{
    struct ticker good = {.every = SECONDS(10)};
    struct ticker bad = {.every = SECONDS(7), .bad_at = SECONDS(21), .misbehave = leave};
    struct run r;

    (void)state;
    run_begin(&r);
    (void)child_start(&r, "leaver", ticker_main, &bad);
    (void)child_start(&r, "stayer", ticker_main, &good);
    run_until(&r, SECONDS(61));
    assert_int_equal(r.n_lost, 1);
    assert_text(r.lost[0], "leaver ended 21000");
    assert_int_equal(r.shared->n_ticks[0], 3);
    assert_int_equal(r.shared->n_ticks[1], 6);
    run_end(&r);
}

/* The watchdog is in kernel time, the only place where that counts. */
static void a_child_that_never_rests_is_reported_hung(void **state)
{
    struct ticker good = {.every = SECONDS(10)};
    struct ticker bad = {.every = SECONDS(7), .bad_at = SECONDS(14), .misbehave = spin};
    struct run r;

    (void)state;
    run_begin(&r);
    (void)child_start(&r, "spinner", ticker_main, &bad);
    (void)child_start(&r, "stayer", ticker_main, &good);
    ctl_limits(r.ctl, 300, CTL_TURNS_AT_ONCE_MAX);
    run_until(&r, SECONDS(61));
    assert_int_equal(r.n_lost, 1);
    assert_text(r.lost[0], "spinner hung 14000");
    assert_int_equal(r.shared->n_ticks[1], 6);
    run_end(&r);
}

static void no_rest(struct child *c, struct loop *l, void *arg)
{
    (void)c;
    (void)l;
    (void)arg;
    spin();
}

/* What a program does whose socket is always writable, or whose deadline is always past. */
static void restless(struct child *c, struct loop *l, void *arg)
{
    struct clk_page *p = clk_attached();
    const uint64_t one = 1;
    uint64_t woken;

    (void)c;
    (void)l;
    (void)arg;
    for (;;) {
        atomic_store(&p->deadline_ns, 0);
        atomic_store(&p->idle, 1);
        if (write(p->ctl_fd, &one, sizeof(one)) < 0 || read(p->wake_fd, &woken, sizeof(woken)) < 0)
            _exit(82);
    }
}

static void a_child_that_holds_the_clock_is_reported_hung(void **state)
{
    struct ticker good = {.every = SECONDS(10)};
    struct run r;

    (void)state;
    run_begin(&r);
    ctl_limits(r.ctl, CTL_TURN_MAX_MS, 500);
    (void)child_start(&r, "stayer", ticker_main, &good);
    (void)child_start(&r, "restless", restless, NULL);
    run_until(&r, SECONDS(61));
    assert_int_equal(r.n_lost, 1);
    assert_text(r.lost[0], "restless hung 0");
    assert_int_equal(r.shared->n_ticks[0], 6);
    run_end(&r);
}

static void no_start(struct child *c, struct loop *l, void *arg)
{
    (void)c;
    (void)l;
    (void)arg;
    leave();
}

/* From its start to its first rest a child has the turn like any other. */
static void a_child_that_never_attaches_is_reported(void **state)
{
    struct run r;

    (void)state;
    run_begin(&r);
    ctl_limits(r.ctl, 300, CTL_TURNS_AT_ONCE_MAX);
    (void)child_start(&r, "stuck", no_rest, NULL);
    ctl_limits(r.ctl, CTL_TURN_MAX_MS, CTL_TURNS_AT_ONCE_MAX);
    (void)child_start(&r, "dead", no_start, NULL);
    run_until(&r, SECONDS(1));
    assert_int_equal(r.n_lost, 2);
    assert_text(r.lost[0], "stuck hung 0");
    assert_text(r.lost[1], "dead ended 0");
    run_end(&r);
}

/* GP-14: while it is stopped the others' time goes on; after, it is late once and then on time. */
static void a_frozen_child_holds_up_nobody(void **state)
{
    struct ticker t = {.every = SECONDS(10)};
    struct run r;
    struct child *ice;

    (void)state;
    run_begin(&r);
    ice = child_start(&r, "ice", ticker_main, &t);
    (void)child_start(&r, "water", ticker_main, &t);
    run_until(&r, SECONDS(25));
    child_signal(ice, SIGSTOP);
    run_until(&r, SECONDS(95));
    assert_int_equal(r.shared->n_ticks[0], 2);
    assert_int_equal(r.shared->n_ticks[1], 9);
    child_signal(ice, SIGCONT);
    run_until(&r, SECONDS(121));
    assert_int_equal(r.n_lost, 0);
    assert_int_equal(r.shared->n_ticks[0], 5);
    assert_int_equal(r.shared->tick_ms[0][2], 95000);
    assert_int_equal(r.shared->tick_ms[0][3], 105000);
    assert_int_equal(r.shared->n_ticks[1], 12);
    run_end(&r);
}

static void on_signal(void *arg, int signo)
{
    struct child *c = arg;

    tick_note(c);
    note(c, (char)signo, 0);
    if (signo == SIGTERM)
        _exit(0);
}

static void signals_main(struct child *c, struct loop *l, void *arg)
{
    const int signos[] = {SIGTERM, SIGHUP};
    struct err e;

    (void)arg;
    if (loop_signals(l, signos, COUNTOF(signos), on_signal, c, &e) < 0)
        _exit(89);
}

/* A signal must be found at the domain time at which it was sent, though no deadline is near and
 * though another process polls the epoll instance. */
static void a_signal_is_found_at_the_instant_it_was_sent(void **state)
{
    struct ticker t = {.every = SECONDS(1)};
    struct run r;
    struct child *c;

    (void)state;
    run_begin(&r);
    (void)child_start(&r, "other", ticker_main, &t);
    c = child_start(&r, "listener", signals_main, NULL);
    run_until(&r, SECONDS(5));
    child_signal(c, SIGHUP);
    run_until(&r, SECONDS(9));
    child_signal(c, SIGTERM);
    run_until(&r, SECONDS(20));
    assert_int_equal(r.shared->n_ticks[1], 2);
    assert_int_equal(r.shared->tick_ms[1][0], 5000);
    assert_int_equal(r.shared->tick_ms[1][1], 9000);
    assert_int_equal(r.n_lost, 1);
    assert_text(r.lost[0], "listener ended 9000");
    run_end(&r);
}

/* The sockets of a killed process must be closed before anybody else's turn. */
static void a_killed_child_is_gone_before_time_moves(void **state)
{
    struct ticker t = {.every = SECONDS(1)};
    struct run r;
    struct child *c;

    (void)state;
    run_begin(&r);
    c = child_start(&r, "victim", ticker_main, &t);
    (void)child_start(&r, "other", ticker_main, &t);
    run_until(&r, SECONDS(5) + 1);
    child_signal(c, SIGKILL);
    run_until(&r, SECONDS(9));
    assert_int_equal(r.n_lost, 1);
    assert_text(r.lost[0], "victim ended 5001");
    assert_int_equal(r.shared->n_ticks[0], 5);
    run_end(&r);
}

/* ---- a worker thread that owes the loop an answer ---- */

struct worker {
    struct child *c;
    struct loop *l;
    int ask_fd, reply_fd;
    struct loop_timer *timer;
    struct loop_watch *watch;
    pthread_t thread;
};

static void *work(void *arg)
{
    const struct worker *w = arg;
    uint64_t job;

    while (read(w->ask_fd, &job, sizeof(job)) == (ssize_t)sizeof(job)) {
        const int64_t until = clk_kernel_ns() + 3000000;

        while (clk_kernel_ns() < until)
            ;
        if (write(w->reply_fd, &job, sizeof(job)) < 0)
            _exit(88);
    }
    return NULL;
}

static void on_ask(void *arg)
{
    struct worker *w = arg;
    const uint64_t one = 1;

    if (write(w->ask_fd, &one, sizeof(one)) < 0)
        _exit(87);
    loop_busy(w->l, 1);
    loop_timer_set(w->timer, loop_now(w->l) + SECONDS(10));
}

static void on_reply(void *arg, uint32_t events)
{
    struct worker *w = arg;
    uint64_t count;

    (void)events;
    if (read(w->reply_fd, &count, sizeof(count)) < 0)
        _exit(86);
    loop_busy(w->l, -1);
    tick_note(w->c);
}

static void worker_main(struct child *c, struct loop *l, void *arg)
{
    static struct worker w;
    struct err e;

    (void)arg;
    w = (struct worker){.c = c, .l = l, .ask_fd = eventfd(0, 0), .reply_fd = eventfd(0, 0)};
    w.timer = loop_timer_new(l, on_ask, &w);
    loop_timer_set(w.timer, loop_now(l) + SECONDS(10));
    if (loop_watch_add(l, w.reply_fd, EPOLLIN, on_reply, &w, &w.watch, &e) < 0 ||
        pthread_create(&w.thread, NULL, work, &w) != 0)
        _exit(85);
}

/* The edge and civetweb: time may not move while a handler runs. */
static void time_stands_while_a_thread_owes_an_answer(void **state)
{
    struct ticker t = {.every = 1}; /* would move time at once if it were let */
    struct run r;

    (void)state;
    run_begin(&r);
    (void)child_start(&r, "other", ticker_main, &t);
    (void)child_start(&r, "worker", worker_main, NULL);
    run_until(&r, SECONDS(31));
    assert_int_equal(r.n_lost, 0);
    assert_int_equal(r.shared->n_ticks[1], 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(r.shared->tick_ms[1][i], 10000 * (i + 1));
    run_end(&r);
}

/* ---- the vendor's example ---- */

struct listener {
    int fd;
    struct loop_watch *watch;
    char text[512];
    size_t len;
};

static void on_output(void *arg, uint32_t events)
{
    struct listener *o = arg;
    ssize_t n = read(o->fd, o->text + o->len, sizeof(o->text) - 1 - o->len);

    (void)events;
    if (n > 0)
        o->len += (size_t)n;
    else
        loop_watch_remove(&o->watch);
}

static void example_exec(int page_fd, int in, int out)
{
    char path[512], fd[16];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(path, sizeof(path), "%s/tests/stepped_example", getenv("GATEPROOF_BUILD"));
    (void)snprintf(fd, sizeof(fd), "%d", page_fd);
    (void)setenv("GP_CLOCK_FD", fd, 1);
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(84);
    (void)execl(path, path, (char *)NULL);
    _exit(83);
}

/* What docs/time.md shows is what works. */
static void the_example_of_the_document_runs(void **state)
{
    struct run r;
    struct listener o = {0};
    int in[2], out[2];
    struct child *c;
    struct err e;
    pid_t pid;

    (void)state;
    assert_non_null(getenv("GATEPROOF_BUILD"));
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    run_begin(&r);
    c = child_slot(&r, "example");
    pid = fork();
    if (pid == 0)
        example_exec(ctl_slot_page_fd(c->slot), in[0], out[1]);
    (void)close(in[0]);
    (void)close(out[1]);
    o.fd = out[0];
    must(loop_watch_add(r.loop, o.fd, EPOLLIN, on_output, &o, &o.watch, &e), &e);
    child_started(c, pid);
    run_until(&r, SECONDS(45));
    assert_int_equal(write(in[1], "ahoy\n", 5), 5);
    run_until(&r, SECONDS(70));
    (void)close(in[1]);
    run_until(&r, SECONDS(100));
    assert_text(o.text, "0 s: beat\n30 s: beat\n45 s: heard ahoy\n60 s: beat\n");
    assert_int_equal(r.n_lost, 1);
    assert_text(r.lost[0], "example ended 70000");
    loop_watch_remove(&o.watch);
    (void)close(out[0]);
    run_end(&r);
}

/* ---- limits ---- */

/* ---- a stop in the middle of a callback ---- */

/* Slot 0 listens; slot 1 wakes it and stands still, then goes on. Who was when: shared count. */
struct standing {
    struct child *c;
    struct loop *l;
    struct loop_timer *timer;
    struct loop_watch *watch;
    int fds[2];
};

static void when(const struct child *c)
{
    struct shared *s = c->run->shared;

    s->count[c->i] = ++s->hash[CHILDREN_MAX - 1];
}

static void on_woken(void *arg, uint32_t events)
{
    const struct standing *x = arg;
    char byte;

    (void)events;
    if (read(x->fds[0], &byte, 1) == 1)
        when(x->c);
}

static void listener_main(struct child *c, struct loop *l, void *arg)
{
    static struct standing x;
    struct err e;

    x = *(const struct standing *)arg;
    x.c = c;
    if (loop_watch_add(l, x.fds[0], EPOLLIN, on_woken, &x, &x.watch, &e) < 0)
        _exit(86);
}

static void on_stand(void *arg)
{
    const struct standing *x = arg;

    if (write(x->fds[1], "", 1) != 1 || !loop_hold(x->l))
        _exit(85);
    tick_note(x->c);
    when(x->c);
}

static void stander_main(struct child *c, struct loop *l, void *arg)
{
    static struct standing x;

    x = *(const struct standing *)arg;
    x.c = c;
    x.l = l;
    x.timer = loop_timer_new(l, on_stand, &x);
    loop_timer_set(x.timer, loop_now(l) + SECONDS(10));
}

static void who_stops_in_the_middle_goes_on_before_anybody_else(void **state)
{
    struct standing x;
    struct run r;

    (void)state;
    assert_int_equal(pipe2(x.fds, O_CLOEXEC | O_NONBLOCK), 0);
    run_begin(&r);
    (void)child_start(&r, "listener", listener_main, &x);
    (void)child_start(&r, "stander", stander_main, &x);
    run_until(&r, SECONDS(20));
    assert_int_equal(r.n_lost, 0);
    assert_int_equal(r.shared->tick_ms[1][0], 10000);
    assert_int_equal(r.shared->count[1], 1);
    assert_int_equal(r.shared->count[0], 2);
    run_end(&r);
    close(x.fds[0]);
    close(x.fds[1]);
}

static void slots_are_bounded_and_given_back(void **state)
{
    struct ctl_slot *s[CTL_SLOTS_MAX + 1] = {NULL};
    struct run r;
    struct err e;
    size_t n;

    (void)state;
    run_begin(&r);
    for (size_t i = 0; i < CTL_SLOTS_MAX; i++)
        must(ctl_slot_new(r.ctl, "s", &s[i], &e), &e);
    must_fail(ctl_slot_new(r.ctl, "extra", &s[CTL_SLOTS_MAX], &e), &e, -ENOSPC,
              "clock: no place for extra, a run has at most 32 processes");
    ctl_slot_free(&s[3]);
    assert_null(s[3]);
    must(ctl_slot_new(r.ctl, "again", &s[3], &e), &e);
    (void)ctl_slot_fds(s[3], &n);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < CTL_SLOTS_MAX; i++)
        ctl_slot_free(&s[i]);
    run_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(slots_are_bounded_and_given_back),
        test(a_child_that_exits_is_reported_at_its_instant),
        clause_test(a_child_that_never_rests_is_reported_hung, CLAUSE(114)),
        test(a_child_that_never_attaches_is_reported),
        test(a_child_that_holds_the_clock_is_reported_hung),
        test(a_frozen_child_holds_up_nobody),
        test(a_signal_is_found_at_the_instant_it_was_sent),
        test(a_killed_child_is_gone_before_time_moves),
        test(time_stands_while_a_thread_owes_an_answer),
        test(who_stops_in_the_middle_goes_on_before_anybody_else),
        clause_test(the_example_of_the_document_runs, CLAUSE(114)),
    };

    return run_tests(tests);
}
