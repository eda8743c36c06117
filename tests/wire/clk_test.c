#include "tests/test.h"

#include "lib/base/buf.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EPOCH_S  INT64_C(1782864000) /* 2026-07-01T00:00:00Z */
#define NS_PER_S UINT64_C(1000000000)

/* ci/check-banned has these calls in lib/io/clk.c only: here they are what is tested. */
static int64_t seconds_of(clockid_t clock)
{
    struct timespec ts = {0};

    assert_int_equal(clock_gettime(clock, &ts), 0);
    return ts.tv_sec;
}

static struct clk_page *page_at(uint64_t now_s)
{
    static struct clk_page page; /* as the real one it outlives the test */

    page = (struct clk_page){.magic = CLK_PAGE_MAGIC, .version = 1, .epoch_s = EPOCH_S};
    atomic_store(&page.now_ns, now_s * NS_PER_S);
    clk_attach(&page);
    assert_int_equal(atomic_load(&page.attached), 1);
    return &page;
}

static void every_clock_moves_with_the_page(void **state)
{
    const clockid_t real[] = {CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI};
    const clockid_t monotonic[] = {CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_RAW,
                                   CLOCK_BOOTTIME};
    struct clk_page *page = page_at(0);

    (void)state;
    for (int64_t now = 0; now < 3 * 86400; now += 86399) {
        struct timeval tv;
        time_t t;

        atomic_store(&page->now_ns, (uint64_t)now * NS_PER_S + 250000000);
        for (size_t i = 0; i < COUNTOF(real); i++)
            assert_int_equal(seconds_of(real[i]), EPOCH_S + now);
        for (size_t i = 0; i < COUNTOF(monotonic); i++)
            assert_int_equal(seconds_of(monotonic[i]), 1000 + now);
        assert_int_equal(time(&t), EPOCH_S + now);
        assert_int_equal(t, EPOCH_S + now);
        assert_int_equal(gettimeofday(&tv, NULL), 0);
        assert_int_equal(tv.tv_sec, EPOCH_S + now);
        assert_int_equal(tv.tv_usec, 250000);
        assert_int_equal(clk_realtime_s(), EPOCH_S + now);
        assert_int_equal(clk_monotonic_ms(), 1000250 + 1000 * now);
    }
    clk_attach(NULL);
}

/* CPU time is about the processor, not about the story: profilers and sanitizers need it. */
static void cpu_time_and_kernel_time_stay_the_kernels(void **state)
{
    int64_t before, kernel;

    (void)state;
    (void)page_at(50000);
    assert_true(seconds_of(CLOCK_PROCESS_CPUTIME_ID) < 1000);
    assert_true(seconds_of(CLOCK_THREAD_CPUTIME_ID) < 1000);
    before = clk_kernel_ns();
    clk_attach(NULL);
    kernel = clk_kernel_ns() - before;
    assert_true(kernel >= 0 && kernel < (int64_t)NS_PER_S);
}

/* Certificates expire by libcrypto's clock: it must be ours though it is another library's call. */
static void libcrypto_sees_the_page(void **state)
{
    struct clk_page *page = page_at(0);
    ASN1_TIME *tomorrow;

    (void)state;
    tomorrow = ASN1_TIME_set(NULL, EPOCH_S + 86400);
    assert_non_null(tomorrow);
    assert_int_equal(X509_cmp_current_time(tomorrow), 1);
    atomic_store(&page->now_ns, 2 * 86400 * NS_PER_S);
    assert_int_equal(X509_cmp_current_time(tomorrow), -1);
    clk_attach(NULL);
    ASN1_TIME_free(tomorrow);
}

static void without_a_page_time_is_the_kernels(void **state)
{
    int64_t a, b, kernel;

    (void)state;
    a = clk_monotonic_ns();
    kernel = clk_kernel_ns();
    b = clk_monotonic_ns();
    assert_true(a <= kernel && kernel <= b);
    assert_true(clk_realtime_s() > INT64_C(1600000000));
    assert_true(clk_realtime_s() * 1000 <= clk_realtime_ms());
    assert_null(clk_attached());
}

static void *read_clock(void *arg)
{
    *(int64_t *)arg = time(NULL);
    return NULL;
}

static void threads_see_the_page_too(void **state)
{
    int64_t seen = 0;
    pthread_t thread;

    (void)state;
    (void)page_at(77);
    assert_int_equal(pthread_create(&thread, NULL, read_clock, &seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen, EPOCH_S + 77);
    clk_attach(NULL);
}

static void domain_time_is_the_pages_or_f_times_the_clock(void **state)
{
    struct clk_domain d = {.start_ns = clk_monotonic_ns() - 2500000000, .factor = 60};
    ms_t seen = clk_domain_ms(&d);

    (void)state;
    assert_true(seen >= 150000 && seen < 150000 + 60 * 10000);
    assert_int_equal(clk_domain_to_own(&d, SECONDS(60)), 1000);
    assert_int_equal(clk_domain_to_own(&d, 61), 2); /* never too early */
    assert_true(clk_domain_to_own(&d, MS_NEVER) == MS_NEVER);
    (void)page_at(30);
    assert_int_equal(clk_domain_ms(&d), 30000);
    assert_int_equal(clk_domain_to_own(&d, SECONDS(60)), 60000);
    clk_attach(NULL);
}

static int memory_with(const struct clk_page *page, off_t size)
{
    int fd = memfd_create("test", 0);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    if (page != NULL)
        assert_int_equal(pwrite(fd, page, sizeof(*page), 0), sizeof(*page));
    return fd;
}

static void what_is_no_page_is_refused(void **state)
{
    struct clk_page odd = {.magic = CLK_PAGE_MAGIC, .version = 2};
    struct clk_page *ret = NULL;
    char want[160];
    struct err e;
    int fd;

    (void)state;
    assert_int_equal(clk_page_map(9999, &ret, &e), -EBADF);
    fd = memory_with(NULL, 100);
    (void)snprintf(want, sizeof(want), "descriptor %d is no clock page: smaller than 4096 bytes",
                   fd);
    must_fail(clk_page_map(fd, &ret, &e), &e, -EINVAL, want);
    (void)close(fd);
    fd = memory_with(NULL, 4096);
    (void)snprintf(want, sizeof(want), "descriptor %d is no clock page: wrong magic", fd);
    must_fail(clk_page_map(fd, &ret, &e), &e, -EINVAL, want);
    (void)close(fd);
    fd = memory_with(&odd, 4096);
    (void)snprintf(want, sizeof(want), "clock page on descriptor %d has version 2, we know 1", fd);
    must_fail(clk_page_map(fd, &ret, &e), &e, -EINVAL, want);
    (void)close(fd);
    odd.version = 1;
    odd.wake_fd = odd.ctl_fd = odd.epoll_fd = 9999;
    fd = memory_with(&odd, 4096);
    assert_int_equal(clk_page_map(fd, &ret, &e), -EINVAL);
    assert_null(ret);
    odd.wake_fd = odd.ctl_fd = odd.epoll_fd = eventfd(0, 0);
    assert_int_equal(pwrite(fd, &odd, sizeof(odd), 0), sizeof(odd));
    must(clk_page_map(fd, &ret, &e), &e);
    clk_page_unmap(&ret);
    assert_null(ret);
    (void)close(fd);
    (void)close(odd.wake_fd);
}

#define MEMBER(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct clk_page, name), sizeof(((struct clk_page *)0)->name)               \
    }

/* The layout is a contract with programs that never see our header. */
static void the_document_has_the_layout_of_the_page(void **state)
{
    static const struct {
        const char *name;
        size_t offset, size;
    } members[] = {MEMBER(magic),       MEMBER(version),  MEMBER(wake_fd), MEMBER(ctl_fd),
                   MEMBER(epoll_fd),    MEMBER(epoch_s),  MEMBER(seed),    MEMBER(now_ns),
                   MEMBER(deadline_ns), MEMBER(attached), MEMBER(idle),    MEMBER(turns)};
    SCOPED(buf_drop) struct buf doc;
    struct err e;

    (void)state;
    buf_init(&doc, MIB(1));
    must(file_read("docs/time.md", &doc, &e), &e);
    for (size_t i = 0; i < COUNTOF(members); i++) {
        char row[80];

        (void)snprintf(row, sizeof(row), "| %zu | %zu | `%s` |", members[i].offset, members[i].size,
                       members[i].name);
        if (strstr(buf_text(&doc), row) == NULL)
            fail_msg("docs/time.md has no row '%s'", row);
    }
}

static void the_document_shows_the_example_that_is_built(void **state)
{
    SCOPED(buf_drop) struct buf doc;
    SCOPED(buf_drop) struct buf example;
    struct err e;

    (void)state;
    buf_init(&doc, MIB(1));
    buf_init(&example, MIB(1));
    must(file_read("docs/time.md", &doc, &e), &e);
    must(file_read("tests/wire/stepped_example.c", &example, &e), &e);
    assert_non_null(strstr(buf_text(&doc), buf_text(&example)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_clock_moves_with_the_page),
        test(cpu_time_and_kernel_time_stay_the_kernels),
        test(libcrypto_sees_the_page),
        test(without_a_page_time_is_the_kernels),
        test(threads_see_the_page_too),
        test(domain_time_is_the_pages_or_f_times_the_clock),
        test(what_is_no_page_is_refused),
        test(the_document_has_the_layout_of_the_page),
        test(the_document_shows_the_example_that_is_built),
    };

    return run_tests(tests);
}
