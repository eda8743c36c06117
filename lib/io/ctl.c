#include "lib/io/ctl.h"

#include "lib/base/text.h"
#include "lib/io/backlog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define CTL_NAME_MAX 64

enum slot_state { SLOT_NEW, SLOT_RUNNING, SLOT_RESTING, SLOT_HOLDING, SLOT_GONE };
enum { FD_PAGE, FD_WAKE, FD_CTL, FD_EPOLL, FD_COUNT };

struct ctl_slot {
    struct ctl *c;
    char name[CTL_NAME_MAX];
    int fds[FD_COUNT];
    struct clk_page *page;
    int pidfd;
    enum slot_state state;
    bool frozen;
    bool nudged;                        /* a signal was sent: a turn without anything readable */
    const char *why;                    /* gone and not yet told */
    int turn_max_ms;                    /* 0: the controller's */
    uint64_t instant_ns, turns_at_once; /* how many turns it had at that instant */
};

struct ctl {
    struct loop *own;
    struct clk_page *own_page;
    int64_t epoch_s;
    uint64_t seed, made; /* slots ever made */
    uint64_t now_ns, turns, jumps;
    int backlog_fd;
    int turn_max_ms;
    uint64_t turns_at_once_max;
    ctl_lost_fn *lost;
    void *lost_arg;
    ctl_turn_fn *after_turn;
    void *after_turn_arg;
    struct ctl_slot *slots[CTL_SLOTS_MAX]; /* in order of creation */
    size_t n_slots;
};

/* ---- pages ---- */

/* Sealed: a child that shrinks its page must not be able to kill the controller. */
static int page_new(struct ctl *c, int *ret_fd, struct clk_page **ret, struct err *e)
{
    int fd = memfd_create("clock-page", MFD_ALLOW_SEALING);
    struct clk_page *p;

    if (fd < 0 || ftruncate(fd, CLK_PAGE_SIZE) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int r = err_errno(e, "no memory for a clock page");

        if (fd >= 0)
            (void)close(fd);
        return r;
    }
    p = mmap(NULL, CLK_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        WRONG("out of memory");
    p->magic = CLK_PAGE_MAGIC;
    p->version = 1;
    p->wake_fd = p->ctl_fd = p->epoll_fd = -1;
    p->epoch_s = c->epoch_s;
    p->seed = c->seed + c->made * UINT64_C(0x9e3779b97f4a7c15);
    atomic_store(&p->now_ns, c->now_ns);
    atomic_store(&p->deadline_ns, CLK_NEVER);
    *ret_fd = fd;
    *ret = p;
    return 0;
}

/* ---- slots ---- */

static void slot_close(struct ctl_slot *s)
{
    for (size_t i = 0; i < FD_COUNT; i++)
        if (s->fds[i] >= 0)
            (void)close(s->fds[i]);
    if (s->page != NULL)
        (void)munmap(s->page, CLK_PAGE_SIZE);
    free(s);
}

int ctl_slot_new(struct ctl *c, const char *name, struct ctl_slot **ret, struct err *e)
{
    struct ctl_slot *s;
    int r;

    if (c->n_slots == CTL_SLOTS_MAX)
        return err_set(e, -ENOSPC, "clock: no place for %s, a run has at most %d processes", name,
                       CTL_SLOTS_MAX);
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        WRONG("out of memory");
    *s = (struct ctl_slot){.c = c, .pidfd = -1, .fds = {-1, -1, -1, -1}};
    if (!text_copy(s->name, sizeof(s->name), name))
        (void)text_copy_len(s->name, sizeof(s->name), name, sizeof(s->name) - 1);
    c->made++;
    r = page_new(c, &s->fds[FD_PAGE], &s->page, e);
    s->fds[FD_WAKE] = eventfd(0, 0);
    s->fds[FD_CTL] = eventfd(0, EFD_NONBLOCK);
    s->fds[FD_EPOLL] = epoll_create1(0);
    if (r == 0 && (s->fds[FD_WAKE] < 0 || s->fds[FD_CTL] < 0 || s->fds[FD_EPOLL] < 0))
        r = err_errno(e, "clock: descriptors for %s", name);
    if (r < 0) {
        slot_close(s);
        return r;
    }
    s->page->wake_fd = s->fds[FD_WAKE];
    s->page->ctl_fd = s->fds[FD_CTL];
    s->page->epoll_fd = s->fds[FD_EPOLL];
    c->slots[c->n_slots++] = s;
    *ret = s;
    return 0;
}

void ctl_slot_free(struct ctl_slot **s)
{
    struct ctl *c;
    size_t i = 0;

    if (*s == NULL)
        return;
    c = (*s)->c;
    while (c->slots[i] != *s)
        i++;
    c->n_slots--;
    for (; i < c->n_slots; i++)
        c->slots[i] = c->slots[i + 1];
    slot_close(STEAL(*s));
}

int ctl_slot_page_fd(const struct ctl_slot *s)
{
    return s->fds[FD_PAGE];
}

const int *ctl_slot_fds(const struct ctl_slot *s, size_t *ret_n)
{
    *ret_n = FD_COUNT;
    return s->fds;
}

void ctl_slot_wall(struct ctl_slot *s, int64_t shift_s)
{
    s->page->epoch_s = s->c->epoch_s + shift_s;
}

const char *ctl_slot_name(const struct ctl_slot *s)
{
    return s->name;
}

static void slot_gone(struct ctl_slot *s, const char *why)
{
    if (s->state == SLOT_GONE)
        return;
    s->state = SLOT_GONE;
    s->why = why;
}

/* ---- turns ---- */

static void slot_gave_back(struct ctl_slot *s)
{
    switch (atomic_load_explicit(&s->page->idle, memory_order_acquire)) {
    case CLK_BUSY:
        break;
    case CLK_HOLDS:
        s->state = SLOT_HOLDING;
        break;
    default:
        s->state = SLOT_RESTING;
    }
}

static int turn_max_ms(const struct ctl_slot *s)
{
    return s->turn_max_ms > 0 ? s->turn_max_ms : s->c->turn_max_ms;
}

/* Until the slot that has the turn gives it back, leaves, or its kernel time is up. What it did
 * while we were not running ourselves counts. */
static void await_rest(struct ctl_slot *s)
{
    const int64_t until_ns = clk_kernel_ns() + turn_max_ms(s) * INT64_C(1000000);
    struct pollfd fds[] = {{.fd = s->fds[FD_CTL], .events = POLLIN},
                           {.fd = s->pidfd, .events = POLLIN}};

    s->state = SLOT_RUNNING;
    while (s->state == SLOT_RUNNING) {
        const int64_t left_ms = (until_ns - clk_kernel_ns()) / 1000000;
        uint64_t rested;

        if (poll(fds, COUNTOF(fds), left_ms > 0 ? (int)left_ms : 0) == 0) {
            slot_gone(s, "hung");
        } else if (fds[0].revents != 0 && read(fds[0].fd, &rested, sizeof(rested)) > 0) {
            slot_gave_back(s);
        } else if (fds[1].revents != 0) {
            slot_gone(s, "ended");
        }
    }
}

static void grant(struct ctl *c, struct ctl_slot *s)
{
    uint64_t one = 1;

    s->nudged = false;
    s->turns_at_once = s->instant_ns == c->now_ns ? s->turns_at_once + 1 : 1;
    s->instant_ns = c->now_ns;
    if (s->turns_at_once > c->turns_at_once_max) {
        slot_gone(s, "hung");
        return;
    }
    atomic_store_explicit(&s->page->now_ns, c->now_ns, memory_order_relaxed);
    atomic_store_explicit(&s->page->idle, 0, memory_order_release);
    c->turns++;
    if (write(s->fds[FD_WAKE], &one, sizeof(one)) != (ssize_t)sizeof(one))
        WRONG("a turn cannot be given");
    await_rest(s);
}

void ctl_slot_started(struct ctl_slot *s, int pidfd)
{
    assert(s->state == SLOT_NEW);
    s->pidfd = pidfd;
    atomic_store(&s->page->now_ns, s->c->now_ns);
    await_rest(s);
}

void ctl_slot_turn_max(struct ctl_slot *s, int ms)
{
    s->turn_max_ms = ms;
}

void ctl_slot_frozen(struct ctl_slot *s, bool frozen)
{
    s->frozen = frozen;
}

void ctl_slot_signalled(struct ctl_slot *s, int signo)
{
    struct pollfd fd = {.fd = s->pidfd, .events = POLLIN};

    if (signo == SIGKILL) {
        if (s->pidfd >= 0 && poll(&fd, 1, turn_max_ms(s)) > 0)
            slot_gone(s, "ended");
        return;
    }
    if (signo == SIGSTOP || signo == SIGCONT)
        s->frozen = signo == SIGSTOP;
    s->nudged = s->nudged || signo != SIGSTOP;
}

/* ---- choosing ---- */

static bool is_waiting(const struct ctl_slot *s)
{
    return s->state == SLOT_RESTING && !s->frozen;
}

/* What one poll over everything says. */
struct look {
    bool own;
    struct ctl_slot *readable; /* lowest */
};

static void look_around(struct ctl *c, int own_epoll, int timeout_ms, struct look *ret)
{
    struct pollfd fds[1 + 2 * CTL_SLOTS_MAX] = {{.fd = own_epoll, .events = POLLIN}};
    const size_t n = c->n_slots;

    for (size_t i = 0; i < n; i++) {
        const struct ctl_slot *s = c->slots[i];

        fds[1 + i] = (struct pollfd){is_waiting(s) ? s->fds[FD_EPOLL] : -1, POLLIN, 0};
        fds[1 + n + i] = (struct pollfd){s->state == SLOT_RESTING ? s->pidfd : -1, POLLIN, 0};
    }
    *ret = (struct look){0};
    if (poll(fds, 1 + 2 * n, timeout_ms) <= 0)
        return;
    ret->own = fds[0].revents != 0;
    for (size_t i = 0; i < n; i++) {
        if (fds[1 + n + i].revents != 0)
            slot_gone(c->slots[i], "ended");
        else if (fds[1 + i].revents != 0 && ret->readable == NULL)
            ret->readable = c->slots[i];
    }
}

static uint64_t deadline_of(const struct ctl_slot *s)
{
    if (!is_waiting(s))
        return CLK_NEVER;
    return s->nudged ? 0 : atomic_load_explicit(&s->page->deadline_ns, memory_order_relaxed);
}

/* The lowest slot that stopped in the middle of its work, or NULL. */
static struct ctl_slot *first_holding(const struct ctl *c)
{
    for (size_t i = 0; i < c->n_slots; i++)
        if (c->slots[i]->state == SLOT_HOLDING && !c->slots[i]->frozen)
            return c->slots[i];
    return NULL;
}

/* The lowest slot whose time has come, or NULL and in *ret_next the time of the next one. */
static struct ctl_slot *first_due(const struct ctl *c, uint64_t *ret_next)
{
    uint64_t next = CLK_NEVER;

    for (size_t i = 0; i < c->n_slots; i++) {
        uint64_t at = deadline_of(c->slots[i]);

        if (at <= c->now_ns)
            return c->slots[i];
        next = at < next ? at : next;
    }
    *ret_next = next;
    return NULL;
}

/* One at a time, since the callback may free slots. */
static bool tell_lost(struct ctl *c)
{
    for (size_t i = 0; i < c->n_slots; i++) {
        struct ctl_slot *s = c->slots[i];

        if (s->why != NULL) {
            c->lost(c->lost_arg, s, STEAL(s->why));
            return true;
        }
    }
    return false;
}

static void jump(struct ctl *c, uint64_t to_ns)
{
    c->jumps++;
    c->now_ns = to_ns;
    atomic_store_explicit(&c->own_page->now_ns, to_ns, memory_order_release);
}

/* Who has the next turn: a slot that holds, the lowest readable one, the lowest due one. */
static struct ctl_slot *choose(const struct ctl *c, const struct look *look, uint64_t *ret_next)
{
    struct ctl_slot *s = first_holding(c);

    if (s == NULL)
        s = look->readable;
    return s != NULL ? s : first_due(c, ret_next);
}

/* The loop's wait in the controller's process: own loop, then whoever is chosen, and only then
 * time moves. */
static void ctl_wait(void *arg, int own_epoll, uint64_t own_deadline_ns)
{
    struct ctl *c = arg;

    for (;;) {
        struct look look;
        struct ctl_slot *s;
        uint64_t next = CLK_NEVER;

        backlog_drain(c->backlog_fd);
        look_around(c, own_epoll, 0, &look);
        if (tell_lost(c) || look.own || own_deadline_ns <= c->now_ns)
            return;
        s = choose(c, &look, &next);
        next = own_deadline_ns < next ? own_deadline_ns : next;
        if (s != NULL) {
            grant(c, s);
            if (c->after_turn != NULL && c->after_turn(c->after_turn_arg))
                return;
        } else if (next == CLK_NEVER) {
            look_around(c, own_epoll, -1, &look); /* only the outside can still wake us */
        } else {
            jump(c, next);
        }
    }
}

/* ---- the controller ---- */

/* Seven parameters: a struct for them would be filled in one place only.
 * NOLINTNEXTLINE(readability-function-size) */
int ctl_new(struct ctl **ret, struct loop *own, int64_t epoch_s, uint64_t seed, ctl_lost_fn *lost,
            void *arg, struct err *e)
{
    struct ctl *c = calloc(1, sizeof(*c));
    int fd = -1, r;

    if (c == NULL)
        WRONG("out of memory");
    *c = (struct ctl){.own = own,
                      .epoch_s = epoch_s,
                      .seed = seed,
                      .turn_max_ms = CTL_TURN_MAX_MS,
                      .turns_at_once_max = CTL_TURNS_AT_ONCE_MAX,
                      .lost = lost,
                      .lost_arg = arg};
    r = backlog_open(&c->backlog_fd, e);
    if (r == 0 && (r = page_new(c, &fd, &c->own_page, e)) < 0)
        (void)close(c->backlog_fd);
    if (r < 0) {
        free(c);
        return r;
    }
    assert(c->own_page != NULL);
    (void)close(fd);
    c->own_page->epoll_fd = loop_epoll_fd(own);
    loop_waiter(own, ctl_wait, c);
    *ret = c;
    return 0;
}

void ctl_free(struct ctl *c)
{
    if (c == NULL)
        return;
    while (c->n_slots > 0) {
        struct ctl_slot *s = c->slots[c->n_slots - 1];

        ctl_slot_free(&s);
    }
    if (clk_attached() == c->own_page)
        clk_attach(NULL);
    loop_waiter(c->own, NULL, NULL);
    (void)munmap(c->own_page, CLK_PAGE_SIZE);
    (void)close(c->backlog_fd);
    free(c);
}

struct clk_page *ctl_own_page(struct ctl *c)
{
    return c->own_page;
}

void ctl_limits(struct ctl *c, int turn_max_ms, uint64_t turns_at_once_max)
{
    c->turn_max_ms = turn_max_ms;
    c->turns_at_once_max = turns_at_once_max;
}

void ctl_after_turn(struct ctl *c, ctl_turn_fn *fn, void *arg)
{
    c->after_turn = fn;
    c->after_turn_arg = arg;
}

uint64_t ctl_jumps(const struct ctl *c)
{
    return c->jumps;
}

uint64_t ctl_turns(const struct ctl *c)
{
    return c->turns;
}
