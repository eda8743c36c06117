/* One epoll loop with the one wait function of all our programs. No other wait exists: no sleep,
 * timerfd, poll, condition variable with a time-out (ci/check-banned).
 *
 * Three ways of waiting behind one door: in the kernel (wall, faketime); as a slot of a stepped run
 * (publish the deadline, give the turn back); as the controller (grant turns, move the clock).
 * Within one wake, descriptors are served in the order they were added, then timers in order of
 * deadline and then of creation: two runs never differ by the kernel's whim. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "lib/base/base.h"
#include "lib/base/err.h"
#include "lib/io/clk.h"

#define LOOP_WATCHES_MAX 16384 /* descriptors at once; -EMFILE beyond */
/* All that is ready is taken at once: which 256 of 300 come first would be the kernel's whim. */
#define LOOP_BATCH_MAX  LOOP_WATCHES_MAX
#define LOOP_TIMERS_MAX 65536

struct loop;
struct loop_watch;
struct loop_timer;
typedef void loop_watch_fn(void *arg, uint32_t epoll_events);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

/* page: NULL, or an attached page whose epoll instance is used. */
int loop_new(struct loop **ret, struct clk_page *page, struct err *e) MUST_CHECK;
void loop_free(struct loop *l); /* NULL is fine. Watches and timers must have been removed. */

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* One round: waits at most until the next deadline, serves what is there. false once stopped. */
bool loop_once(struct loop *l);

/* Read once per wake: all of one wake happens at one instant. Process-own monotonic ms. Outside a
 * wake it is read from the clock, so a page may be attached after loop_new. */
ms_t loop_now(const struct loop *l);

/* The descriptor stays the caller's. Removing inside a callback is fine, also of others. */
int loop_watch_add(struct loop *l, int fd, uint32_t epoll_events, loop_watch_fn *fn, void *arg,
                   struct loop_watch **ret, struct err *e) MUST_CHECK;
void loop_watch_change(struct loop_watch *w, uint32_t epoll_events);
void loop_watch_remove(struct loop_watch **w); /* *w becomes NULL; NULL is fine */

struct loop_timer *loop_timer_new(struct loop *l, loop_timer_fn *fn, void *arg);
void loop_timer_free(struct loop_timer **t);        /* NULL is fine */
void loop_timer_set(struct loop_timer *t, ms_t at); /* loop_now() based; MS_NEVER disarms */
ms_t loop_timer_at(const struct loop_timer *t);

/* Blocks the signals and delivers them on the loop. Once per loop, before threads are started. On
 * a slot they are looked for at the start of every turn, not by epoll: a signalfd that another
 * process polls through an inherited epoll instance shows *that* process's signals. */
int loop_signals(struct loop *l, const int *signos, size_t n, loop_signal_fn *fn, void *arg,
                 struct err *e) MUST_CHECK;

/* While the count is not zero somebody of this process (a worker thread) owes the loop an event:
 * a slot keeps its turn, blocks on its descriptors, and fires no timer. On the loop's thread only;
 * without a page it changes nothing. */
void loop_busy(struct loop *l, int change);

/* In the middle of a callback: gives the turn back, and returns when the controller gives it again,
 * which it does before anybody else has one (CLK_HOLDS). Nothing of this loop is served meanwhile.
 * On a slot only: false, at once, without a page. */
bool loop_hold(struct loop *l);

/* Another way of waiting, for the controller (lib/io/ctl): called when nothing is readable and no
 * timer is due. Must return once the loop's epoll is readable or own_deadline_ns has come (in the
 * page's time: now_ns; CLK_NEVER for none). May call what it likes; returning early is fine. */
typedef void loop_wait_fn(void *arg, int epoll_fd, uint64_t own_deadline_ns);
void loop_waiter(struct loop *l, loop_wait_fn *fn, void *arg);
int loop_epoll_fd(const struct loop *l);

#endif
