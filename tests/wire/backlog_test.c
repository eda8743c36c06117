#include "tests/test.h"

#include "lib/io/backlog.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

/* Many datagrams in a row may leave the kernel's own thread to serve them: after a drain each of
 * them is there to be read. */
static void after_a_drain_all_that_was_sent_before_is_there(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0), drain = -1;
    cpu_set_t here;
    struct err e;
    char c = 'x';

    (void)state;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
    must(backlog_open(&drain, &e), &e);
    assert_int_equal(bind(to, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(to, (struct sockaddr *)&at, &len), 0);
    for (int i = 0; i < 100; i++) {
        for (int k = 0; k < 20; k++)
            assert_int_equal(sendto(from, &c, 1, 0, (struct sockaddr *)&at, sizeof(at)), 1);
        backlog_drain(drain);
        for (int k = 0; k < 20; k++)
            assert_int_equal(recv(to, &c, 1, MSG_DONTWAIT), 1);
        assert_int_equal(recv(to, &c, 1, MSG_DONTWAIT), -1);
    }
    close(to);
    close(from);
    close(drain);
}

/* What it sent to itself it has read itself. */
static void a_drain_leaves_nothing_behind(void **state)
{
    int drain = -1;
    struct err e;
    char c;

    (void)state;
    must(backlog_open(&drain, &e), &e);
    backlog_drain(drain);
    assert_int_equal(recv(drain, &c, 1, MSG_DONTWAIT), -1);
    close(drain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(after_a_drain_all_that_was_sent_before_is_there),
        test(a_drain_leaves_nothing_behind),
    };
    return run_tests(tests);
}
