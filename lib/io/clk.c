/* Built without sanitizers (CMakeLists.txt): their run times call clock_gettime before they are
 * ready for instrumented code. The one global of our libraries is the attached page. */
#include "lib/io/clk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

typedef int clock_gettime_fn(clockid_t clock, struct timespec *ts);

static struct clk_page *_Atomic attached_page;
static clock_gettime_fn *_Atomic next_clock_gettime;

/* Before this ran the kernel is asked directly: dlsym is not safe in somebody's early constructor.
 */
__attribute__((constructor)) static void find_next(void)
{
    void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
    clock_gettime_fn *fn = NULL;

    /* ISO C has no cast from an object pointer to a function pointer; POSIX promises the bytes. */
    __builtin_memcpy(&fn, &symbol, sizeof(fn));
    atomic_store(&next_clock_gettime, fn);
}

static int below(clockid_t clock, struct timespec *ts)
{
    clock_gettime_fn *next = atomic_load_explicit(&next_clock_gettime, memory_order_relaxed);

    return next != NULL ? next(clock, ts) : (int)syscall(SYS_clock_gettime, clock, ts);
}

/* Nanoseconds of that clock by the page; false for clocks that always are the kernel's. */
static bool page_ns(clockid_t clock, int64_t *ret)
{
    struct clk_page *page = atomic_load_explicit(&attached_page, memory_order_acquire);
    int64_t now;

    if (page == NULL)
        return false;
    now = (int64_t)atomic_load_explicit(&page->now_ns, memory_order_acquire);
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *ret = page->epoch_s * NS_PER_S + now;
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *ret = CLK_MONOTONIC_START_NS + now;
        return true;
    default: /* CPU time of processes and threads, clocks of devices */
        return false;
    }
}

/* The declarations of the C library have attributes (nonnull) that differ between the three. */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int64_t ns;

    if (!page_ns(clock, &ns))
        return below(clock, ts);
    ts->tv_sec = (time_t)(ns / NS_PER_S);
    ts->tv_nsec = (long)(ns % NS_PER_S);
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (ret != NULL)
        *ret = ts.tv_sec;
    return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (zone != NULL)
        *(struct timezone *)zone = (struct timezone){0};
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = (suseconds_t)(ts.tv_nsec / 1000);
    return 0;
}

static int64_t ns_of(clockid_t clock)
{
    struct timespec ts = {0};

    (void)clock_gettime(clock, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clk_monotonic_ns(void)
{
    return ns_of(CLOCK_MONOTONIC);
}

ms_t clk_monotonic_ms(void)
{
    return clk_monotonic_ns() / NS_PER_MS;
}

int64_t clk_realtime_ms(void)
{
    return ns_of(CLOCK_REALTIME) / NS_PER_MS;
}

int64_t clk_realtime_s(void)
{
    return ns_of(CLOCK_REALTIME) / NS_PER_S;
}

int64_t clk_kernel_ns(void)
{
    struct timespec ts = {0};

    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int page_check(const struct clk_page *p, int fd, struct err *e)
{
    const int fds[] = {p->wake_fd, p->ctl_fd, p->epoll_fd};

    if (p->magic != CLK_PAGE_MAGIC)
        return err_set(e, -EINVAL, "descriptor %d is no clock page: wrong magic", fd);
    if (p->version != 1)
        return err_set(e, -EINVAL, "clock page on descriptor %d has version %u, we know 1", fd,
                       p->version);
    for (size_t i = 0; i < COUNTOF(fds); i++)
        if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0)
            return err_set(e, -EINVAL,
                           "clock page on descriptor %d names descriptor %d, which is not open: "
                           "inherit all four",
                           fd, fds[i]);
    return 0;
}

int clk_page_map(int fd, struct clk_page **ret, struct err *e)
{
    struct stat st;
    void *map;
    int r;

    if (fstat(fd, &st) < 0)
        return err_errno(e, "clock page: descriptor %d", fd);
    if (st.st_size < CLK_PAGE_SIZE)
        return err_set(e, -EINVAL, "descriptor %d is no clock page: smaller than %d bytes", fd,
                       CLK_PAGE_SIZE);
    map = mmap(NULL, CLK_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return err_errno(e, "clock page on descriptor %d cannot be mapped", fd);
    r = page_check(map, fd, e);
    if (r < 0) {
        (void)munmap(map, CLK_PAGE_SIZE);
        return r;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    *ret = map;
    return 0;
}

void clk_page_unmap(struct clk_page **page)
{
    if (*page == NULL)
        return;
    assert(*page != clk_attached());
    (void)munmap(STEAL(*page), CLK_PAGE_SIZE);
}

void clk_attach(struct clk_page *page)
{
    if (page != NULL)
        atomic_store(&page->attached, 1);
    atomic_store(&attached_page, page);
}

struct clk_page *clk_attached(void)
{
    return atomic_load_explicit(&attached_page, memory_order_acquire);
}

ms_t clk_domain_ms(const struct clk_domain *d)
{
    const struct clk_page *page = clk_attached();

    if (page != NULL)
        return (ms_t)(atomic_load(&page->now_ns) / (uint64_t)NS_PER_MS);
    assert(d->factor >= 1);
    return (clk_monotonic_ns() - d->start_ns) / 1000 * d->factor / 1000;
}

ms_t clk_domain_to_own(const struct clk_domain *d, ms_t ms)
{
    if (clk_attached() != NULL || ms == MS_NEVER || ms <= 0)
        return ms;
    assert(d->factor >= 1);
    return ms / d->factor + (ms % d->factor != 0);
}
