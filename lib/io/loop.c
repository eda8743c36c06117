#include "lib/io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define NS_PER_MS  1000000
#define PLACE_BITS 14
#define NO_PLACE   SIZE_MAX

static_assert(LOOP_WATCHES_MAX == 1 << PLACE_BITS, "an id holds the place in its low bits");

struct loop_watch {
    struct loop *loop;
    /* Order of adding and place in one number: sorting by id is sorting by age, and an id that is
     * not in its place any more was removed. */
    uint64_t id;
    int fd;
    loop_watch_fn *fn;
    void *arg;
};

struct loop_timer {
    struct loop *loop;
    uint64_t id; /* order of creation */
    ms_t at;
    size_t heap_i; /* NO_PLACE: not armed */
    size_t due_i;  /* NO_PLACE: not in the list of this wake */
    loop_timer_fn *fn;
    void *arg;
};

struct loop {
    int epoll_fd;
    struct clk_page *page;
    loop_wait_fn *waiter;
    void *waiter_arg;
    bool stopped, serving;
    int busy;
    ms_t now;
    uint64_t last_id;

    struct loop_timer **heap, **due;
    size_t n_heap, n_due, timers_cap, n_timers;

    int signal_fd;
    struct loop_watch *signal_watch;
    loop_signal_fn *signal_fn;
    void *signal_arg;

    size_t n_watches, n_places, n_free;
    struct loop_watch *watch[LOOP_WATCHES_MAX];
    uint16_t free_place[LOOP_WATCHES_MAX];
    struct epoll_event batch[LOOP_BATCH_MAX];
};

/* ---- timers: a binary heap by (at, id) ---- */

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static void heap_place(struct loop *l, size_t i, struct loop_timer *t)
{
    l->heap[i] = t;
    t->heap_i = i;
}

static void heap_up(struct loop *l, size_t i)
{
    struct loop_timer *t = l->heap[i];

    for (; i > 0 && is_before(t, l->heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap_place(l, i, l->heap[(i - 1) / 2]);
    heap_place(l, i, t);
}

static void heap_down(struct loop *l, size_t i)
{
    struct loop_timer *t = l->heap[i];

    for (size_t child = 2 * i + 1; child < l->n_heap; child = 2 * i + 1) {
        if (child + 1 < l->n_heap && is_before(l->heap[child + 1], l->heap[child]))
            child++;
        if (!is_before(l->heap[child], t))
            break;
        heap_place(l, i, l->heap[child]);
        i = child;
    }
    heap_place(l, i, t);
}

static void heap_remove(struct loop *l, struct loop_timer *t)
{
    size_t i = t->heap_i;
    struct loop_timer *last;

    if (i == NO_PLACE)
        return;
    t->heap_i = NO_PLACE;
    last = l->heap[--l->n_heap];
    if (last == t)
        return;
    heap_place(l, i, last);
    heap_up(l, i);
    heap_down(l, last->heap_i);
}

static void timers_grow(struct loop *l)
{
    if (l->n_timers < l->timers_cap)
        return;
    l->timers_cap = l->timers_cap == 0 ? 16 : 2 * l->timers_cap;
    assert(l->timers_cap <= LOOP_TIMERS_MAX);
    l->heap = realloc(l->heap, l->timers_cap * sizeof(struct loop_timer *));
    l->due = realloc(l->due, l->timers_cap * sizeof(struct loop_timer *));
    if (l->heap == NULL || l->due == NULL)
        WRONG("out of memory");
}

struct loop_timer *loop_timer_new(struct loop *l, loop_timer_fn *fn, void *arg)
{
    struct loop_timer *t = calloc(1, sizeof(*t));

    if (t == NULL)
        WRONG("out of memory");
    timers_grow(l);
    l->n_timers++;
    *t = (struct loop_timer){.loop = l,
                             .id = ++l->last_id,
                             .at = MS_NEVER,
                             .heap_i = NO_PLACE,
                             .due_i = NO_PLACE,
                             .fn = fn,
                             .arg = arg};
    return t;
}

/* Out of the heap, and out of the list of those about to fire in this wake. */
static void timer_disarm(struct loop_timer *t)
{
    heap_remove(t->loop, t);
    if (t->due_i != NO_PLACE)
        t->loop->due[t->due_i] = NULL;
    t->due_i = NO_PLACE;
    t->at = MS_NEVER;
}

void loop_timer_free(struct loop_timer **t)
{
    if (*t == NULL)
        return;
    timer_disarm(*t);
    (*t)->loop->n_timers--;
    free(STEAL(*t));
}

void loop_timer_set(struct loop_timer *t, ms_t at)
{
    struct loop *l = t->loop;

    timer_disarm(t);
    if (at == MS_NEVER)
        return;
    t->at = at;
    l->heap[l->n_heap] = t;
    t->heap_i = l->n_heap++;
    heap_up(l, t->heap_i);
}

ms_t loop_timer_at(const struct loop_timer *t)
{
    return t->at;
}

/* Those due now are taken out first: a timer that a callback sets to "now" fires in the next wake,
 * after other descriptors had their turn. */
static void timers_fire(struct loop *l)
{
    l->n_due = 0;
    while (l->n_heap > 0 && l->heap[0]->at <= l->now) {
        struct loop_timer *t = l->heap[0];

        heap_remove(l, t);
        t->due_i = l->n_due;
        l->due[l->n_due++] = t;
    }
    for (size_t i = 0; i < l->n_due; i++) {
        struct loop_timer *t = l->due[i];

        if (t == NULL)
            continue;
        t->due_i = NO_PLACE;
        t->at = MS_NEVER;
        t->fn(t->arg);
    }
    l->n_due = 0;
}

/* ---- descriptors ---- */

static size_t place_of(uint64_t id)
{
    return (size_t)(id & (LOOP_WATCHES_MAX - 1));
}

/* Seven parameters, as in loop.h: two of them are the pair of a callback.
 * NOLINTNEXTLINE(readability-function-size) */
int loop_watch_add(struct loop *l, int fd, uint32_t epoll_events, loop_watch_fn *fn, void *arg,
                   struct loop_watch **ret, struct err *e)
{
    struct epoll_event ev = {.events = epoll_events};
    struct loop_watch *w;
    size_t place;

    if (l->n_watches == LOOP_WATCHES_MAX)
        return err_set(e, -EMFILE, "the loop watches %d descriptors already: too many connections",
                       LOOP_WATCHES_MAX);
    place = l->n_free > 0 ? l->free_place[l->n_free - 1] : l->n_places;
    ev.data.u64 = ++l->last_id << PLACE_BITS | place;
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
        return err_errno(e, "descriptor %d cannot be watched", fd);
    w = malloc(sizeof(*w));
    if (w == NULL)
        WRONG("out of memory");
    if (l->n_free > 0)
        l->n_free--;
    else
        l->n_places++;
    *w = (struct loop_watch){.loop = l, .id = ev.data.u64, .fd = fd, .fn = fn, .arg = arg};
    l->watch[place] = w;
    l->n_watches++;
    *ret = w;
    return 0;
}

void loop_watch_change(struct loop_watch *w, uint32_t epoll_events)
{
    struct epoll_event ev = {.events = epoll_events, .data.u64 = w->id};

    if (epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev) < 0)
        WRONG("a watched descriptor was closed before its watch was removed");
}

void loop_watch_remove(struct loop_watch **w)
{
    struct loop *l;
    size_t place;

    if (*w == NULL)
        return;
    l = (*w)->loop;
    place = place_of((*w)->id);
    assert(l->watch[place] == *w);
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, (*w)->fd, NULL) < 0)
        WRONG("a watched descriptor was closed before its watch was removed");
    l->watch[place] = NULL;
    l->free_place[l->n_free++] = (uint16_t)place;
    l->n_watches--;
    free(STEAL(*w));
}

static int by_id(const void *a, const void *b)
{
    const struct epoll_event *x = a, *y = b;

    return (x->data.u64 > y->data.u64) - (x->data.u64 < y->data.u64);
}

static void watches_serve(struct loop *l, size_t n)
{
    qsort(l->batch, n, sizeof(l->batch[0]), by_id);
    for (size_t i = 0; i < n; i++) {
        uint64_t id = l->batch[i].data.u64;
        struct loop_watch *w = l->watch[place_of(id)];

        if (w != NULL && w->id == id)
            w->fn(w->arg, l->batch[i].events);
    }
}

/* ---- signals ---- */

static void on_signals(void *arg, uint32_t epoll_events)
{
    struct loop *l = arg;
    struct signalfd_siginfo info;

    (void)epoll_events;
    while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        l->signal_fn(l->signal_arg, (int)info.ssi_signo);
}

int loop_signals(struct loop *l, const int *signos, size_t n, loop_signal_fn *fn, void *arg,
                 struct err *e)
{
    sigset_t set;

    assert(l->signal_fd < 0);
    (void)sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        (void)sigaddset(&set, signos[i]);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->signal_fd < 0)
        return err_errno(e, "signals cannot be received");
    l->signal_fn = fn;
    l->signal_arg = arg;
    if (l->page != NULL)
        return 0;
    return loop_watch_add(l, l->signal_fd, EPOLLIN, on_signals, l, &l->signal_watch, e);
}

/* ---- the one wait ---- */

static size_t epoll_take(struct loop *l, int timeout_ms)
{
    int n = epoll_wait(l->epoll_fd, l->batch, LOOP_BATCH_MAX, timeout_ms);

    if (n < 0 && errno != EINTR)
        WRONG("epoll_wait failed");
    return n < 0 ? 0 : (size_t)n;
}

static ms_t next_deadline(const struct loop *l)
{
    return l->n_heap > 0 ? l->heap[0]->at : MS_NEVER;
}

/* loop's ms to the page's nanoseconds since the run began. */
static uint64_t page_deadline_ns(ms_t at)
{
    const ms_t start = CLK_MONOTONIC_START_NS / NS_PER_MS;

    if (at == MS_NEVER)
        return CLK_NEVER;
    return at <= start ? 0 : (uint64_t)(at - start) * NS_PER_MS;
}

/* Milliseconds are whole and `now` is rounded down, so the wait never ends before the deadline. A
 * library that scales time may still return early: then the round is empty and we come again. */
static size_t wait_kernel(struct loop *l)
{
    ms_t at = next_deadline(l);
    ms_t left = at == MS_NEVER ? -1 : ms_max(0, at - clk_monotonic_ms());

    return epoll_take(l, (int)ms_min(left, INT32_MAX));
}

/* Gives the turn back, and blocks until it is given again. */
static void turn_back(struct clk_page *p, enum clk_idle how)
{
    uint64_t one = 1, woken = 0;

    atomic_fetch_add_explicit(&p->turns, 1, memory_order_relaxed);
    atomic_store_explicit(&p->idle, (uint32_t)how, memory_order_release);
    if (write(p->ctl_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        WRONG("the turn cannot be given back");
    while (read(p->wake_fd, &woken, sizeof(woken)) < 0)
        if (errno != EINTR)
            WRONG("the turn cannot be waited for");
}

static void rest(struct clk_page *p, uint64_t deadline_ns)
{
    atomic_store_explicit(&p->deadline_ns, deadline_ns, memory_order_relaxed);
    turn_back(p, CLK_RESTS);
}

bool loop_hold(struct loop *l)
{
    if (l->page == NULL)
        return false;
    turn_back(l->page, CLK_HOLDS);
    return true;
}

/* After a turn was given the round may find nothing but a signal: it is served all the same. */
static size_t wait_slot(struct loop *l)
{
    ms_t at = next_deadline(l);
    size_t n = epoll_take(l, l->busy > 0 ? -1 : 0);

    if (n > 0 || l->busy > 0 || at <= clk_monotonic_ms())
        return n;
    rest(l->page, page_deadline_ns(at));
    return epoll_take(l, 0);
}

static size_t wait_controller(struct loop *l)
{
    ms_t at = next_deadline(l);
    size_t n = epoll_take(l, l->busy > 0 ? -1 : 0);

    if (n > 0 || l->busy > 0 || at <= clk_monotonic_ms())
        return n;
    l->waiter(l->waiter_arg, l->epoll_fd, page_deadline_ns(at));
    return epoll_take(l, 0);
}

static size_t loop_wait(struct loop *l)
{
    if (l->waiter != NULL)
        return wait_controller(l);
    return l->page != NULL ? wait_slot(l) : wait_kernel(l);
}

bool loop_once(struct loop *l)
{
    size_t n;

    if (l->stopped)
        return false;
    n = loop_wait(l);
    l->now = clk_monotonic_ms();
    l->serving = true;
    if (l->signal_fd >= 0 && l->signal_watch == NULL)
        on_signals(l, 0);
    watches_serve(l, n);
    if (l->busy == 0 || (l->page == NULL && l->waiter == NULL))
        timers_fire(l);
    l->serving = false;
    return !l->stopped;
}

void loop_run(struct loop *l)
{
    while (loop_once(l))
        ;
    l->stopped = false;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}

ms_t loop_now(const struct loop *l)
{
    return l->serving ? l->now : clk_monotonic_ms();
}

void loop_busy(struct loop *l, int change)
{
    l->busy += change;
    assert(l->busy >= 0);
}

void loop_waiter(struct loop *l, loop_wait_fn *fn, void *arg)
{
    assert(l->page == NULL);
    l->waiter = fn;
    l->waiter_arg = arg;
}

int loop_epoll_fd(const struct loop *l)
{
    return l->epoll_fd;
}

int loop_new(struct loop **ret, struct clk_page *page, struct err *e)
{
    struct loop *l = calloc(1, sizeof(*l));

    if (l == NULL)
        WRONG("out of memory");
    l->page = page;
    l->signal_fd = -1;
    l->epoll_fd = page != NULL ? page->epoll_fd : epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd < 0) {
        free(l);
        return err_errno(e, "no epoll instance");
    }
    *ret = l;
    return 0;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    loop_watch_remove(&l->signal_watch);
    if (l->signal_fd >= 0)
        (void)close(l->signal_fd);
    assert(l->n_watches == 0 && l->n_timers == 0);
    if (l->page == NULL)
        (void)close(l->epoll_fd);
    free(l->heap);
    free(l->due);
    free(l);
}
