/* The controller of a stepped run: owns every process's page and gives turns, one process at a
 * time, lowest slot first; when all rest and nothing is readable, moves the clock to the earliest
 * deadline (facts: docs/decisions/0002-civetweb-edge-and-clock.md).
 *
 * The controller's own loop counts as the first slot: capture, name server and the user's calls run
 * there, before anybody else's turn.
 *
 * A slot that gave its turn back in the middle of its work (CLK_HOLDS) has the next turn, after the
 * controller's own loop and before anybody else: what the controller does in between happens at
 * that very place of the slot's work.
 *
 * While a child has the turn the controller serves nothing. A child that can block on the
 * controller's process would look hung: its output goes into files, or pipes wide enough for a
 * turn.
 */
#ifndef IO_CTL_H
#define IO_CTL_H

#include "lib/io/loop.h"

#define CTL_SLOTS_MAX 32
/* Two watchdogs, never a verdict on time: kernel time a process may keep its turn, and turns it may
 * have while the clock stands. Beyond, it hangs. */
#define CTL_TURN_MAX_MS       60000
#define CTL_TURNS_AT_ONCE_MAX 200000

struct ctl;
struct ctl_slot;
/* The process left ("ended") or kept its turn too long ("hung"): said once, on the controller's
 * loop. The slot gets no more turns; freeing it in here is fine. A hung process still runs: kill.
 */
typedef void ctl_lost_fn(void *arg, struct ctl_slot *s, const char *why);

int ctl_new(struct ctl **ret, struct loop *own, int64_t epoch_s, uint64_t seed, ctl_lost_fn *lost,
            void *arg, struct err *e) MUST_CHECK;
void ctl_free(struct ctl *c);
struct clk_page *ctl_own_page(struct ctl *c); /* attach it in the controller's own process */
/* Instead of CTL_TURN_MAX_MS and CTL_TURNS_AT_ONCE_MAX. */
void ctl_limits(struct ctl *c, int turn_max_ms, uint64_t turns_at_once_max);

/* A new slot: page, eventfds, epoll instance, all inheritable (no CLOEXEC) and owned by the slot.
 * Slots take turns in the order of their creation. */
int ctl_slot_new(struct ctl *c, const char *name, struct ctl_slot **ret, struct err *e) MUST_CHECK;
int ctl_slot_page_fd(const struct ctl_slot *s); /* the number to put into GP_CLOCK_FD */
const int *ctl_slot_fds(const struct ctl_slot *s, size_t *ret_n); /* all a child must inherit */
/* This slot may keep its turn longer, or less long, than the others. */
void ctl_slot_turn_max(struct ctl_slot *s, int ms);
/* The wall clock of this slot alone: so many seconds besides everybody's. Takes hold with its next
 * look at the page, while it rests. */
void ctl_slot_wall(struct ctl_slot *s, int64_t shift_s);
const char *ctl_slot_name(const struct ctl_slot *s);
/* The child runs and has the turn: returns when it attached and rests for the first time, or is
 * lost, so start children one by one. pidfd tells when it is gone; it stays the caller's and must
 * be open until ctl_slot_free (-1: none, a slot whose end nobody notices). */
void ctl_slot_started(struct ctl_slot *s, int pidfd);
/* To be called right after a signal was sent to the slot's process, since signals arrive in kernel
 * time: SIGKILL waits until it is gone, SIGSTOP freezes, SIGCONT thaws; any signal but these two
 * gives it a turn, in which it finds the signal. */
void ctl_slot_signalled(struct ctl_slot *s, int signo);
/* A stopped (SIGSTOP) process keeps its place but gets no turns and holds up no clock. */
void ctl_slot_frozen(struct ctl_slot *s, bool frozen);
void ctl_slot_free(struct ctl_slot **s);

/* Asked after every turn; true: the controller's own loop gets a round before anybody else, for
 * instance since somebody wrote into a journal that it reads. */
typedef bool ctl_turn_fn(void *arg);
void ctl_after_turn(struct ctl *c, ctl_turn_fn *fn, void *arg);

uint64_t ctl_jumps(const struct ctl *c); /* times the clock moved, for printed figures */
uint64_t ctl_turns(const struct ctl *c);

#endif
