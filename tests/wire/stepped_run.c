#include "tests/test.h"

#include "tests/wire/stepped_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EPOCH_S 1782864000

int64_t domain_ms(void)
{
    return (int64_t)(clk_attached()->now_ns / 1000000);
}

static void on_lost(void *arg, struct ctl_slot *s, const char *why)
{
    struct run *r = arg;

    assert_true(r->n_lost < LOST_MAX);
    (void)snprintf(r->lost[r->n_lost++], sizeof(r->lost[0]), "%s %s %lld", ctl_slot_name(s), why,
                   (long long)domain_ms());
}

static void on_end(void *arg)
{
    loop_stop(((struct run *)arg)->loop);
}

void run_begin(struct run *r)
{
    struct err e;

    memset(r, 0, sizeof(*r));
    r->shared =
        mmap(NULL, sizeof(*r->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(r->shared != MAP_FAILED);
    must(loop_new(&r->loop, NULL, &e), &e);
    must(ctl_new(&r->ctl, r->loop, EPOCH_S, 1, on_lost, r, &e), &e);
    clk_attach(ctl_own_page(r->ctl));
    r->end = loop_timer_new(r->loop, on_end, r);
    r->began_ns = clk_kernel_ns();
}

static void child_main(struct child *c, child_fn *fn, void *arg)
{
    struct clk_page *page = NULL;
    struct loop *l = NULL;
    struct err e;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (clk_page_map(ctl_slot_page_fd(c->slot), &page, &e) < 0 || loop_new(&l, page, &e) < 0)
        _exit(99);
    clk_attach(page);
    fn(c, l, arg);
    loop_run(l);
    _exit(0);
}

struct child *child_slot(struct run *r, const char *name)
{
    struct child *c = &r->children[r->n];
    struct err e;

    assert_true(r->n < CHILDREN_MAX);
    *c = (struct child){.run = r, .i = r->n++, .pidfd = -1};
    must(ctl_slot_new(r->ctl, name, &c->slot, &e), &e);
    return c;
}

void child_started(struct child *c, pid_t pid)
{
    assert_true(pid > 0);
    c->pid = pid;
    c->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    assert_true(c->pidfd >= 0);
    ctl_slot_started(c->slot, c->pidfd);
}

struct child *child_start(struct run *r, const char *name, child_fn *fn, void *arg)
{
    struct child *c = child_slot(r, name);
    pid_t pid = fork();

    if (pid == 0)
        child_main(c, fn, arg);
    child_started(c, pid);
    return c;
}

void child_signal(struct child *c, int signo)
{
    assert_int_equal(kill(c->pid, signo), 0);
    ctl_slot_signalled(c->slot, signo);
}

void run_until(struct run *r, ms_t domain)
{
    loop_timer_set(r->end, domain + CLK_MONOTONIC_START_NS / 1000000);
    loop_run(r->loop);
}

static void child_end(struct child *c)
{
    (void)kill(c->pid, SIGKILL);
    assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
    (void)close(c->pidfd);
    ctl_slot_free(&c->slot);
}

void run_end(struct run *r)
{
    for (size_t i = 0; i < r->n; i++)
        child_end(&r->children[i]);
    loop_timer_free(&r->end);
    ctl_free(r->ctl);
    loop_free(r->loop);
    (void)munmap(r->shared, sizeof(*r->shared));
}

void note(struct child *c, char what, uint64_t who)
{
    uint64_t words[] = {(uint64_t)domain_ms(), (uint64_t)what, who};
    uint64_t h = c->run->shared->hash[c->i];

    for (size_t i = 0; i < COUNTOF(words); i++)
        h = (h ^ words[i]) * UINT64_C(0x100000001b3) + (h >> 47);
    c->run->shared->hash[c->i] = h;
    c->run->shared->count[c->i]++;
}

void tick_note(struct child *c)
{
    struct shared *s = c->run->shared;

    if (s->n_ticks[c->i] < TICKS_MAX)
        s->tick_ms[c->i][s->n_ticks[c->i]++] = domain_ms();
}
