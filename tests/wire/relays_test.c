/* Relays on the loopback addresses of this machine, on a loop in real time. Nothing is concluded
 * from time: what must not arrive was sent before something that did. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/berth.h"
#include "scenarios/engine/lab_loopback.h"
#include "scenarios/engine/relays.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS_MAX 20000 /* of a millisecond at least: a bound, not a measure */
#define MUCH       MIB(1)

struct trial {
    struct lab was, lab;
    struct berth berth;
    struct loop *loop;
    struct loop_timer *beat; /* what the loop does not watch is looked at each round */
    struct relays *relays;
    struct wires wires;
    int maas, palette; /* they listen */
    int n_tries;
    char tried[LAB_ADDRESS_MAX];
};

static void on_beat(void *arg)
{
    struct trial *x = arg;
    loop_timer_set(x->beat, loop_now(x->loop) + 1);
}

static void on_try(void *arg, const struct capture_try *t)
{
    struct trial *x = arg;
    x->n_tries++;
    assert_true(text_copy(x->tried, sizeof(x->tried), t->from_ip));
}

static struct sockaddr_in address_at(const char *address, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, address, &a.sin_addr), 1);
    return a;
}

static int socket_at(const char *address, int port)
{
    const struct sockaddr_in a = address_at(address, port);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static int listener(const struct trial *x, const char *role)
{
    char behind[LAB_ADDRESS_MAX];
    lab_behind(lab_role(&x->lab, role)->links[0].address, behind);
    int fd = socket_at(behind, lab_role(&x->lab, role)->listen);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int before(void **state)
{
    struct buf text SCOPED(buf_drop) = {0};
    struct trial *x = calloc(1, sizeof(*x));
    struct err e;
    assert_non_null(x);
    buf_init(&text, MIB(1));
    must(file_read("scenarios/labs/nat.json", &text, &e), &e);
    must(lab_read("nat.json", buf_text(&text), text.len, &x->was, &e), &e);
    must(berth_take(&x->berth, &e), &e);
    lab_on_loopback(&x->was, x->berth.number, &x->lab);
    must(loop_new(&x->loop, NULL, &e), &e);
    x->beat = loop_timer_new(x->loop, on_beat, x);
    on_beat(x);
    const struct relays_config c = {.loop = x->loop,
                                    .lab = &x->lab,
                                    .guest = lab_role(&x->lab, "gateway"),
                                    .on_try = on_try,
                                    .arg = x};
    must(relays_new(&x->relays, &c, &e), &e);
    x->maas = listener(x, "maas");
    x->palette = listener(x, "palette");
    *state = x;
    return 0;
}

static int after(void **state)
{
    struct trial *x = *state;
    close(x->maas);
    if (x->palette >= 0)
        close(x->palette);
    relays_free(x->relays);
    loop_timer_free(&x->beat);
    loop_free(x->loop);
    berth_leave(&x->berth);
    free(x);
    return 0;
}

/* from "": a program that says nothing of where it begins. */
static int dial(const struct trial *x, const char *from, const char *to_role)
{
    const struct lab_host *h = lab_role(&x->lab, to_role);
    const struct sockaddr_in to = address_at(h->links[0].address, h->listen);
    int fd = *from != '\0' ? socket_at(from, 0)
                           : socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_true(connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS);
    return fd;
}

static int accepted(struct trial *x, int listening, char peer[LAB_ADDRESS_MAX])
{
    struct sockaddr_in from;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        socklen_t len = sizeof(from);
        int fd = accept4(listening, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            assert_non_null(inet_ntop(AF_INET, &from.sin_addr, peer, LAB_ADDRESS_MAX));
            return fd;
        }
        (void)loop_once(x->loop);
    }
    fail_msg("nobody came");
    return -1;
}

/* What recv says in the end: bytes, 0, or -errno. */
static ssize_t heard(struct trial *x, int fd, char *out, size_t size)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        ssize_t n = recv(fd, out, size, 0);
        if (n >= 0 || errno != EAGAIN)
            return n >= 0 ? n : -errno;
        (void)loop_once(x->loop);
    }
    fail_msg("nothing was heard");
    return -1;
}

static void says(struct trial *x, int from, int to, char c)
{
    char heard_c = 0;
    assert_int_equal(send(from, &c, 1, MSG_NOSIGNAL), 1);
    assert_int_equal(heard(x, to, &heard_c, 1), 1);
    assert_int_equal(heard_c, c);
}

static bool is_silent(int fd)
{
    char c;
    return recv(fd, &c, 1, 0) < 0 && errno == EAGAIN;
}

static void wire(struct trial *x, bool cut, bool resets)
{
    x->wires = (struct wires){.n = cut ? 2 : 0,
                              .at = {{.from = "gateway", .to = "palette", .resets = resets},
                                     {.from = "palette", .to = "gateway", .resets = resets}}};
    relays_wires(x->relays, &x->wires);
}

static void a_caller_is_seen_as_in_the_lab(void **state)
{
    struct trial *x = *state;
    char peer[LAB_ADDRESS_MAX];
    const char *node = lab_role(&x->lab, "node")->links[0].address;
    const char *gateway = lab_role(&x->lab, "gateway")->links[0].address;
    int near = dial(x, "", "palette"), far = accepted(x, x->palette, peer);

    assert_text(peer, lab_role(&x->lab, "router")->links[1].address);
    assert_text(x->tried, gateway);
    close(near), close(far);
    near = dial(x, "", "maas"), far = accepted(x, x->maas, peer);
    assert_text(peer, gateway);
    close(near), close(far);
    near = dial(x, node, "maas"), far = accepted(x, x->maas, peer);
    assert_text(peer, node);
    assert_int_equal(x->n_tries, 3);
    close(near), close(far);
}

static void bytes_pass_and_one_half_may_end_before_the_other(void **state)
{
    struct trial *x = *state;
    char peer[LAB_ADDRESS_MAX], c;
    int near = dial(x, "", "palette"), far = accepted(x, x->palette, peer);

    says(x, near, far, 'a');
    says(x, far, near, 'b');
    assert_int_equal(shutdown(near, SHUT_WR), 0);
    assert_int_equal(heard(x, far, &c, 1), 0);
    says(x, far, near, 'c');
    close(far);
    assert_int_equal(heard(x, near, &c, 1), 0);
    close(near);
}

static void much_arrives_whole_also_at_one_who_reads_late(void **state)
{
    struct trial *x = *state;
    char peer[LAB_ADDRESS_MAX], *bytes = malloc(MUCH), *got = malloc(MUCH);
    int near = dial(x, "", "maas"), far = accepted(x, x->maas, peer);
    size_t sent = 0, n = 0;

    assert_true(bytes != NULL && got != NULL);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (char)(i * 31 + i / 251);
    while (n < MUCH) {
        ssize_t out = sent < MUCH ? send(near, bytes + sent, MUCH - sent, MSG_NOSIGNAL) : 0;
        sent += out > 0 ? (size_t)out : 0;
        (void)loop_once(x->loop);
        if (sent == MUCH || out < 0) { /* all on its way, or nobody takes more */
            ssize_t in = heard(x, far, got + n, MUCH - n);
            assert_true(in > 0);
            n += (size_t)in;
        }
    }
    assert_memory_equal(got, bytes, MUCH);
    free(bytes), free(got);
    close(near), close(far);
}

static void what_a_firewall_drops_never_comes_and_is_never_answered(void **state)
{
    struct trial *x = *state;
    char peer[LAB_ADDRESS_MAX];
    const char *outside = lab_role(&x->lab, "palette")->links[0].address;
    int dropped = dial(x, outside, "maas"), near, far;

    while (x->n_tries == 0)
        (void)loop_once(x->loop);
    near = dial(x, "", "maas"), far = accepted(x, x->maas, peer);
    assert_text(peer, lab_role(&x->lab, "gateway")->links[0].address);
    says(x, far, near, 'a');
    assert_true(is_silent(dropped));
    assert_int_equal(accept(x->maas, NULL, NULL), -1);
    close(dropped), close(near), close(far);
}

static void a_silent_cut_loses_what_is_said_and_the_flow_with_it(void **state)
{
    struct trial *x = *state;
    char peer[LAB_ADDRESS_MAX];
    int near = dial(x, "", "palette"), far = accepted(x, x->palette, peer), other, other_far;

    says(x, near, far, 'a');
    wire(x, true, false);
    assert_int_equal(send(near, "lost", 4, MSG_NOSIGNAL), 4);
    other = dial(x, "", "maas"), other_far = accepted(x, x->maas, peer); /* another wire */
    says(x, other, other_far, 'b');
    wire(x, false, false);
    assert_int_equal(send(far, "lost", 4, MSG_NOSIGNAL), 4);
    says(x, other_far, other, 'c');
    assert_true(is_silent(far) && is_silent(near));
    close(other), close(other_far);
    other = dial(x, "", "palette"),
    other_far = accepted(x, x->palette, peer); /* a new one passes */
    says(x, other, other_far, 'd');
    close(other), close(other_far), close(near), close(far);
}

static void a_cut_that_is_told_resets(void **state)
{
    struct trial *x = *state;
    char peer[LAB_ADDRESS_MAX], c;
    int near = dial(x, "", "palette"), far = accepted(x, x->palette, peer), again;

    says(x, near, far, 'a');
    wire(x, true, true);
    assert_int_equal(send(near, "x", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(heard(x, near, &c, 1), -ECONNRESET);
    again = dial(x, "", "palette");
    assert_int_equal(heard(x, again, &c, 1), -ECONNRESET);
    close(near), close(far), close(again);
}

static void where_nobody_serves_the_caller_is_reset(void **state)
{
    struct trial *x = *state;
    char c;
    int near;

    close(x->palette);
    x->palette = -1;
    near = dial(x, "", "palette");
    assert_int_equal(heard(x, near, &c, 1), -ECONNRESET);
    close(near);
}

int main(void)
{
#define TRIAL(fn) cmocka_unit_test_setup_teardown(fn, before, after)
    const struct CMUnitTest tests[] = {
        TRIAL(a_caller_is_seen_as_in_the_lab),
        TRIAL(bytes_pass_and_one_half_may_end_before_the_other),
        TRIAL(much_arrives_whole_also_at_one_who_reads_late),
        TRIAL(what_a_firewall_drops_never_comes_and_is_never_answered),
        TRIAL(a_silent_cut_loses_what_is_said_and_the_flow_with_it),
        TRIAL(a_cut_that_is_told_resets),
        TRIAL(where_nobody_serves_the_caller_is_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
