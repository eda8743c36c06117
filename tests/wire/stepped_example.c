/* The smallest program under the stepped clock, without a library of ours (docs/time.md): it beats
 * every 30 s, repeats what it hears on stdin, and ends when stdin does. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

struct page {
    uint64_t magic;
    uint32_t version;
    int32_t wake_fd, ctl_fd, epoll_fd;
    int64_t epoch_s;
    uint64_t seed;
    _Atomic uint64_t now_ns, deadline_ns;
    _Atomic uint32_t attached, idle;
    _Atomic uint64_t turns;
};

static struct page *page_map(void)
{
    const char *fd = getenv("GP_CLOCK_FD");
    struct page *p = fd == NULL ? MAP_FAILED
                                : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                                       (int)strtol(fd, NULL, 10), 0);

    if (p == MAP_FAILED || p->magic != UINT64_C(0x6770636c6f636b31) || p->version != 1)
        exit(1);
    fprintf(stderr, "time is not real: it is read from a clock page\n");
    p->attached = 1;
    return p;
}

/* The only wait: 1 when something can be read, 0 when the deadline has come. */
static int wait_until(struct page *p, uint64_t deadline_ns)
{
    struct epoll_event ev;
    uint64_t one = 1, woken;

    for (;;) {
        int n = epoll_wait(p->epoll_fd, &ev, 1, 0);

        if (n != 0 || p->now_ns >= deadline_ns)
            return n;
        p->deadline_ns = deadline_ns;
        p->turns++;
        p->idle = 1;
        if (write(p->ctl_fd, &one, 8) != 8 || read(p->wake_fd, &woken, 8) != 8)
            exit(1);
    }
}

int main(void)
{
    struct page *p = page_map();
    struct epoll_event input = {.events = EPOLLIN};
    uint64_t next_ns = 0;
    char text[256];

    if (epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        ssize_t n;

        if (wait_until(p, next_ns) == 0) {
            printf("%d s: beat\n", (int)(p->now_ns / 1000000000));
            next_ns += UINT64_C(30000000000);
            continue;
        }
        n = read(STDIN_FILENO, text, sizeof(text));
        if (n <= 0)
            return 0;
        printf("%d s: heard %.*s", (int)(p->now_ns / 1000000000), (int)n, text);
    }
}
