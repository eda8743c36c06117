#include "tests/test.h"

#include "lib/base/rng.h"
#include "lib/io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STORY_MAX 64

/* What happened, one letter each. */
struct story {
    struct loop *l;
    char text[STORY_MAX];
    size_t len;
};

struct actor {
    struct story *s;
    char letter;
    int fd;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct actor *victim; /* its watch or timer is removed when we are called */
    ms_t again;           /* set the timer to this, once; 0: no */
};

static void say(struct story *s, char letter)
{
    assert_true(s->len + 1 < STORY_MAX);
    s->text[s->len++] = letter;
    s->text[s->len] = '\0';
}

static void act(struct actor *a)
{
    say(a->s, a->letter);
    if (a->victim != NULL) {
        loop_watch_remove(&a->victim->watch);
        loop_timer_free(&a->victim->timer);
    }
}

static void on_readable(void *arg, uint32_t events)
{
    struct actor *a = arg;
    uint64_t count;

    assert_true((events & EPOLLIN) != 0);
    assert_int_equal(read(a->fd, &count, sizeof(count)), sizeof(count));
    act(a);
}

static void on_timer(void *arg)
{
    struct actor *a = arg;

    act(a);
    if (a->again != 0)
        loop_timer_set(a->timer, a->again);
    a->again = 0;
}

static void on_end(void *arg)
{
    loop_stop(((struct story *)arg)->l);
}

static void story_begin(struct story *s)
{
    struct err e;

    memset(s, 0, sizeof(*s));
    must(loop_new(&s->l, NULL, &e), &e);
}

static void listen_to(struct story *s, struct actor *a, char letter)
{
    struct err e;

    *a = (struct actor){.s = s, .letter = letter, .fd = eventfd(0, EFD_NONBLOCK)};
    must(loop_watch_add(s->l, a->fd, EPOLLIN, on_readable, a, &a->watch, &e), &e);
}

static void poke(const struct actor *a)
{
    const uint64_t one = 1;

    assert_int_equal(write(a->fd, &one, sizeof(one)), sizeof(one));
}

static void deaf(struct actor *a)
{
    loop_watch_remove(&a->watch);
    (void)close(a->fd);
}

/* The kernel reports in order of readiness, which depends on timing; we must not. */
static void descriptors_are_served_in_the_order_they_were_added(void **state)
{
    struct story s;
    struct actor a, b, c;

    (void)state;
    story_begin(&s);
    listen_to(&s, &a, 'a');
    listen_to(&s, &b, 'b');
    listen_to(&s, &c, 'c');
    poke(&c);
    poke(&a);
    poke(&b);
    assert_true(loop_once(s.l));
    assert_text(s.text, "abc");
    deaf(&b);
    listen_to(&s, &b, 'B'); /* in the old place of b, but younger than c */
    poke(&b);
    poke(&c);
    assert_true(loop_once(s.l));
    assert_text(s.text, "abccB");
    deaf(&a);
    deaf(&b);
    deaf(&c);
    loop_free(s.l);
}

/* Its owner is gone: a call would be a use after free. */
static void a_watch_removed_in_the_same_batch_is_not_called(void **state)
{
    struct story s;
    struct actor a, b, c;

    (void)state;
    story_begin(&s);
    listen_to(&s, &a, 'a');
    listen_to(&s, &b, 'b');
    listen_to(&s, &c, 'c');
    a.victim = &b;
    poke(&a);
    poke(&b);
    poke(&c);
    assert_true(loop_once(s.l));
    assert_text(s.text, "ac");
    deaf(&a);
    deaf(&b);
    deaf(&c);
    loop_free(s.l);
}

static struct actor *swap_old, *swap_new;

static void on_swap(void *arg)
{
    struct story *s = arg;
    struct err e;

    loop_watch_remove(&swap_old->watch);
    must(loop_watch_add(s->l, swap_new->fd, EPOLLIN, on_readable, swap_new, &swap_new->watch, &e),
         &e);
}

static void swap_on_readable(void *arg, uint32_t events)
{
    struct actor *a = arg;

    on_readable(a, events);
    on_swap(a->s);
}

/* The new watch sits in the place of the old one: it must not get the old one's event. */
static void a_watch_added_in_the_place_of_a_removed_one_waits_for_its_own_event(void **state)
{
    struct story s;
    struct actor a, b, n;
    struct err e;

    (void)state;
    story_begin(&s);
    listen_to(&s, &a, 'a');
    loop_watch_remove(&a.watch);
    must(loop_watch_add(s.l, a.fd, EPOLLIN, swap_on_readable, &a, &a.watch, &e), &e);
    listen_to(&s, &b, 'b');
    n = (struct actor){.s = &s, .letter = 'n', .fd = eventfd(0, EFD_NONBLOCK)};
    swap_old = &b;
    swap_new = &n;
    poke(&a);
    poke(&b);
    assert_true(loop_once(s.l));
    assert_text(s.text, "a");
    poke(&n);
    assert_true(loop_once(s.l));
    assert_text(s.text, "an");
    deaf(&a);
    (void)close(b.fd);
    deaf(&n);
    loop_free(s.l);
}

static void timer_make(struct story *s, struct actor *a, char letter, ms_t at)
{
    *a = (struct actor){.s = s, .letter = letter, .fd = -1};
    a->timer = loop_timer_new(s->l, on_timer, a);
    loop_timer_set(a->timer, at);
}

static void timers_fire_in_order_of_deadline_and_then_of_creation(void **state)
{
    struct story s;
    struct actor t[5];
    ms_t now;

    (void)state;
    story_begin(&s);
    now = loop_now(s.l);
    timer_make(&s, &t[0], 'd', now + 3);
    timer_make(&s, &t[1], 'b', now + 2);
    timer_make(&s, &t[2], 'c', now + 2);
    timer_make(&s, &t[3], 'a', now + 1);
    timer_make(&s, &t[4], 'x', now + 1);
    loop_timer_set(t[4].timer, MS_NEVER);
    assert_true(loop_timer_at(t[4].timer) == MS_NEVER);
    while (s.len < 4)
        assert_true(loop_once(s.l));
    assert_text(s.text, "abcd");
    assert_true(loop_now(s.l) >= now + 3); /* never before the deadline */
    for (size_t i = 0; i < COUNTOF(t); i++)
        loop_timer_free(&t[i].timer);
    loop_free(s.l);
}

/* A callback that wants to be called again at once must not starve descriptors. */
static void a_timer_set_to_now_by_a_callback_fires_in_the_next_wake(void **state)
{
    struct story s;
    struct actor t, u, d;

    (void)state;
    story_begin(&s);
    listen_to(&s, &d, 'd');
    timer_make(&s, &t, 't', 1);
    timer_make(&s, &u, 'u', 2);
    t.again = 1;
    assert_true(loop_once(s.l));
    assert_text(s.text, "tu");
    poke(&d);
    assert_true(loop_once(s.l));
    assert_text(s.text, "tudt");
    loop_timer_free(&t.timer);
    loop_timer_free(&u.timer);
    deaf(&d);
    loop_free(s.l);
}

static void a_timer_freed_by_another_of_the_same_wake_does_not_fire(void **state)
{
    struct story s;
    struct actor t, u, v;

    (void)state;
    story_begin(&s);
    timer_make(&s, &t, 't', 1);
    timer_make(&s, &u, 'u', 1);
    timer_make(&s, &v, 'v', 1);
    t.victim = &u;
    assert_true(loop_once(s.l));
    assert_text(s.text, "tv");
    assert_null(u.timer);
    loop_timer_free(&t.timer);
    loop_timer_free(&v.timer);
    loop_free(s.l);
}

struct ordered {
    struct loop *l;
    struct loop_timer *t;
    ms_t at;
    ms_t *last;
    size_t *fired;
};

static void on_ordered(void *arg)
{
    struct ordered *o = arg;

    assert_true(o->at >= *o->last);
    *o->last = o->at;
    ++*o->fired;
}

/* The heap against a thousand timers, some moved and some taken away. */
static void a_thousand_timers_fire_in_order(void **state)
{
    struct story s;
    struct ordered o[1000];
    struct rng rng;
    ms_t last = 0;
    size_t fired = 0, wanted = 0;

    (void)state;
    story_begin(&s);
    rng_seed(&rng, 7);
    for (size_t i = 0; i < COUNTOF(o); i++) {
        o[i] = (struct ordered){.l = s.l, .last = &last, .fired = &fired};
        o[i].t = loop_timer_new(s.l, on_ordered, &o[i]);
        loop_timer_set(o[i].t, rng_between(&rng, 1, 500));
    }
    for (size_t i = 0; i < COUNTOF(o); i++) {
        o[i].at = rng_between(&rng, 1, 500);
        loop_timer_set(o[i].t, i % 7 == 0 ? MS_NEVER : o[i].at);
        wanted += i % 7 != 0;
    }
    assert_true(loop_once(s.l));
    assert_int_equal(fired, wanted);
    for (size_t i = 0; i < COUNTOF(o); i++)
        loop_timer_free(&o[i].t);
    loop_free(s.l);
}

static void on_signal(void *arg, int signo)
{
    struct story *s = arg;

    say(s, signo == SIGTERM ? 'T' : signo == SIGHUP ? 'H' : '?');
    if (signo == SIGTERM)
        loop_stop(s->l);
}

static void signals_arrive_on_the_loop(void **state)
{
    const int signos[] = {SIGTERM, SIGHUP};
    struct story s;
    struct err e;

    (void)state;
    story_begin(&s);
    must(loop_signals(s.l, signos, COUNTOF(signos), on_signal, &s, &e), &e);
    assert_int_equal(raise(SIGHUP), 0);
    assert_true(loop_once(s.l));
    assert_int_equal(raise(SIGTERM), 0);
    loop_run(s.l);
    assert_text(s.text, "HT");
    loop_free(s.l);
}

/* loop_run ends, and the loop can be run again: programs run it once more to flush at the end. */
static void a_stopped_loop_can_run_again(void **state)
{
    struct story s;
    struct loop_timer *end;

    (void)state;
    story_begin(&s);
    end = loop_timer_new(s.l, on_end, &s);
    loop_timer_set(end, 1);
    loop_run(s.l);
    loop_timer_set(end, 1);
    loop_run(s.l);
    loop_stop(s.l);
    assert_false(loop_once(s.l));
    loop_timer_free(&end);
    loop_free(s.l);
}

static void a_closed_descriptor_is_an_error_with_a_sentence(void **state)
{
    struct story s;
    struct loop_watch *w = NULL;
    struct err e;

    (void)state;
    story_begin(&s);
    must_fail(loop_watch_add(s.l, 9999, EPOLLIN, on_readable, NULL, &w, &e), &e, -EBADF,
              "descriptor 9999 cannot be watched: Bad file descriptor");
    assert_null(w);
    loop_free(s.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(descriptors_are_served_in_the_order_they_were_added),
        test(a_watch_removed_in_the_same_batch_is_not_called),
        test(a_watch_added_in_the_place_of_a_removed_one_waits_for_its_own_event),
        test(timers_fire_in_order_of_deadline_and_then_of_creation),
        test(a_timer_set_to_now_by_a_callback_fires_in_the_next_wake),
        test(a_timer_freed_by_another_of_the_same_wake_does_not_fire),
        test(a_thousand_timers_fire_in_order),
        test(signals_arrive_on_the_loop),
        test(a_stopped_loop_can_run_again),
        test(a_closed_descriptor_is_an_error_with_a_sentence),
    };

    return run_tests(tests);
}
