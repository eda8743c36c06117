/* The clock: the only place of our programs that reads time, and the page through which a stepped
 * run hands it out (docs/time.md, profile GP-114).
 *
 * clk.c defines clock_gettime, time and gettimeofday for the whole executable, libraries included.
 * With a page attached they answer from it; without one they fall through to the next definition
 * (libfaketime's when preloaded, else the C library's). The object is linked into release builds
 * too, so that the program we judge is the program we ship. */
#ifndef IO_CLK_H
#define IO_CLK_H

#include "lib/base/base.h"
#include "lib/base/err.h"

#include <stdatomic.h>

#define CLK_PAGE_MAGIC UINT64_C(0x6770636c6f636b31) /* "gpclock1" */
#define CLK_PAGE_SIZE  4096
#define CLK_NEVER      UINT64_MAX
/* How a process gives its turn back. CLK_HOLDS: in the middle of its work; the controller's own
 * loop is served, and the next turn is this process's again, before anybody else has one. */
enum clk_idle { CLK_BUSY, CLK_RESTS, CLK_HOLDS };
/* CLOCK_MONOTONIC at now_ns = 0: never 0, which many programs take for "not set". */
#define CLK_MONOTONIC_START_NS INT64_C(1000000000000)

/* One page a process, shared with the controller. Layout is a contract: docs/time.md. */
struct clk_page {
    uint64_t magic;
    uint32_t version;        /* 1 */
    int32_t wake_fd;         /* eventfd, blocking: the controller writes 1 to give the turn */
    int32_t ctl_fd;          /* eventfd: the process writes 1 to give the turn back */
    int32_t epoll_fd;        /* the process must watch all its descriptors in this epoll instance */
    int64_t epoch_s;         /* CLOCK_REALTIME, in seconds, at now_ns = 0 */
    uint64_t seed;           /* for jitter; never for secrets */
    _Atomic uint64_t now_ns; /* time since the run began; written by the controller only */
    _Atomic uint64_t deadline_ns; /* process: next time it wants the turn, CLK_NEVER for none */
    _Atomic uint32_t attached;    /* process: 1 once it obeys the page */
    _Atomic uint32_t idle;        /* process: an enum clk_idle, just before giving the turn back */
    _Atomic uint64_t turns;       /* process: times it gave the turn back */
};

/* Maps and checks a page inherited as descriptor fd, and keeps its descriptors from this process's
 * own children. -EINVAL with a sentence when it is none. */
int clk_page_map(int fd, struct clk_page **ret, struct err *e) MUST_CHECK;
void clk_page_unmap(struct clk_page **page); /* detached before; NULL is fine */
/* From now on time in this process is the page's. NULL detaches. */
void clk_attach(struct clk_page *page);
struct clk_page *clk_attached(void);

int64_t clk_monotonic_ns(void);
ms_t clk_monotonic_ms(void);
int64_t clk_realtime_s(void);
int64_t clk_realtime_ms(void);
/* Kernel time, whatever is attached: for watchdogs and printed wall figures only, never a verdict.
 */
int64_t clk_kernel_ns(void);

/* Domain time of mocks and engine: F × time since start. With a page attached both members are
 * ignored and domain time is the page's now_ns. */
struct clk_domain {
    int64_t start_ns; /* clk_monotonic_ns() at domain time 0 */
    int factor;       /* F; 1 unless clock wall */
};
ms_t clk_domain_ms(const struct clk_domain *d);
/* The process's own duration that passes while `ms` of domain time pass. */
ms_t clk_domain_to_own(const struct clk_domain *d, ms_t ms);

#endif
