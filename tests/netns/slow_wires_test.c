/* Slow wires in a real lab under the stepped clock: a connection takes what its packets' delays
 * add up to, to the millisecond of domain time, and who is not on the wire notices nothing. Skipped
 * (77) where namespaces are forbidden. */
#include "tests/netns/in_lab.h"

#include "lib/io/ctl.h"
#include "lib/io/journal.h"
#include "scenarios/engine/capture.h"
#include "scenarios/engine/slow_wires.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT        443
#define PATIENCE_MS MINUTES(5) /* of domain time: waited for in full by a test that fails */
#define SEED        5
#define LOOK_MS     SECONDS(10) /* waited for in full by a test that fails */

struct trial {
    struct lab lab;
    struct labnet *net;
    struct loop *loop;
    struct ctl *ctl;
    struct clk_domain domain;
    struct slow_wires *slow;
    bool done;
    int (*go)(struct trial *x, struct err *e);
};

static int host_of(const struct trial *x, const char *role)
{
    return labnet_host(x->net, labnet_host_index(&x->lab, lab_role(&x->lab, role)));
}

static void on_done(void *arg, uint32_t events)
{
    (void)events;
    ((struct trial *)arg)->done = true;
}

static void on_late(void *arg)
{
    (void)arg;
}

static void on_lost(void *arg, struct ctl_slot *s, const char *why)
{
    (void)arg, (void)s, (void)why;
}

static int listen_at(struct trial *x, const char *role, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = labnet_socket(x->net, host_of(x, role), AF_INET, SOCK_STREAM, 0, e);
    if (fd < 0)
        return fd;
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0)
        return err_errno(e, "listen at %s", role);
    return 0;
}

static int await(struct trial *x, int fd, uint32_t events, struct err *e)
{
    struct loop_watch *w = NULL;
    struct loop_timer *t = loop_timer_new(x->loop, on_late, x);
    const ms_t end = loop_now(x->loop) + PATIENCE_MS;
    int r = loop_watch_add(x->loop, fd, events, on_done, x, &w, e);
    loop_timer_set(t, end);
    for (x->done = false; r == 0 && !x->done && loop_now(x->loop) < end;)
        (void)loop_once(x->loop);
    loop_watch_remove(&w);
    loop_timer_free(&t);
    return r == 0 && !x->done ? err_set(e, -ETIMEDOUT, "nothing came") : r;
}

/* How long a connection from the gateway takes, in domain time. */
static int dial(struct trial *x, const char *role, ms_t *ret_ms, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const ms_t begin = clk_domain_ms(&x->domain);
    int fd = labnet_socket(x->net, host_of(x, "gateway"), AF_INET, SOCK_STREAM, 0, e), bad = 0;
    socklen_t len = sizeof(bad);
    if (fd < 0)
        return fd;
    (void)inet_pton(AF_INET, lab_role(&x->lab, role)->links[0].address, &a.sin_addr);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS)
        return err_errno(e, "dial %s", role);
    int r = await(x, fd, EPOLLOUT, e);
    if (r == 0 && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &bad, &len) < 0 || bad != 0))
        r = err_set(e, -EPIPE, "the gateway does not reach %s: error %d", role, bad);
    *ret_ms = clk_domain_ms(&x->domain) - begin;
    close(fd);
    return r;
}

static int expect(struct trial *x, const char *role, ms_t ms, struct err *e)
{
    ms_t took = 0;
    int r = dial(x, role, &took, e);
    if (r == 0 && took != ms)
        r = err_set(e, -EINVAL, "dialling %s took %lld ms and not %lld", role, (long long)took,
                    (long long)ms);
    return r;
}

static int act(struct trial *x, const char *text, struct err *e)
{
    char story[512];
    struct script *s = calloc(1, sizeof(*s));
    assert(s != NULL);
    snprintf(story, sizeof(story),
             "scenario \"x\"\nstages sim\nsite shape nat\nat 0s %s\n"
             "by 1m gateway is Running [REG-1]\nrun 1h\n",
             text);
    int r = script_read("x.scn", story, NULL, s, e);
    if (r == 0)
        r = slow_wires_act(x->slow, &s->lines[1], e);
    free(s);
    return r;
}

/* --- trials: each in a child, in a lab of its own ----------------------------------------------
 */

static int go_delay(struct trial *x, struct err *e)
{
    int r = expect(x, "palette", 0, e);
    if (r == 0)
        r = act(x, "wire palette delays 300ms", e);
    if (r == 0)
        r = expect(x, "palette", 600, e);
    if (r == 0)
        r = expect(x, "maas", 0, e);
    if (r == 0)
        r = act(x, "wire gateway delays 1s", e);
    if (r == 0)
        r = expect(x, "palette", 2600, e);
    if (r == 0)
        r = act(x, "wire gateway delays 0ms", e);
    return r < 0 ? r : expect(x, "palette", 600, e);
}

/* SYN and its answer: what is drawn for them is what the seed says, and nothing is drawn besides.
 * Several in a row, so that some of them are lost. */
static int go_loss(struct trial *x, struct err *e)
{
    const struct lag g = {.loss_percent = 50};
    struct rng r;
    ms_t all = 0;
    int code = act(x, "wire palette loses 50%", e);
    rng_seed(&r, SEED);
    for (int i = 0; i < 4 && code == 0; i++) {
        ms_t ms = lag_draw(&g, LAG_BEGINS, &r);
        ms += lag_draw(&g, LAG_BEGINS, &r);
        all += ms;
        code = expect(x, "palette", ms, e);
        (void)lag_draw(&g, LAG_DATA, &r); /* the FIN of the connection that was closed */
    }
    return code == 0 && all == 0 ? err_set(e, -EINVAL, "nothing was lost: draw another seed")
                                 : code;
}

static int open_all(struct trial *x, struct err *e)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof(one), &one) < 0)
        return err_errno(e, "pin to one CPU");
    int r = loop_new(&x->loop, NULL, e);
    if (r == 0)
        r = ctl_new(&x->ctl, x->loop, 0, SEED, on_lost, x, e);
    if (r < 0)
        return r;
    clk_attach(ctl_own_page(x->ctl));
    x->domain = (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = 1};
    r = labnet_new(&x->net, &x->lab, "", e);
    if (r == 0)
        r = slow_wires_new(&x->slow, x->loop, &x->lab, x->net, &x->domain, SEED, e);
    if (r == 0)
        r = listen_at(x, "palette", e);
    return r < 0 ? r : listen_at(x, "maas", e);
}

static int body(void *arg, int fd)
{
    struct trial *x = arg;
    struct err e = {0};
    int r = open_all(x, &e);
    if (r == 0)
        r = x->go(x, &e);
    if (r == 0 && slow_wires_lost(x->slow) != 0)
        r = err_set(&e, -EIO, "the relay lost frames");
    return in_lab_told(fd, r, &e);
}

/* The wire's own loop stands still, as it does while programs are started: the capture's goes on.
 */
static int look(struct trial *x, struct err *e)
{
    struct capture_config c = {.lab = &x->lab, .net = x->net, .domain = &x->domain, .packets = ""};
    struct capture *watcher = NULL;
    int fd, r = loop_new(&c.loop, NULL, e);
    if (r == 0)
        r = journal_counter_new(&fd, e);
    if (r == 0)
        r = journal_ring_new(fd, EVS_CAPTURE, NULL, &c.journal, e);
    if (r == 0)
        r = capture_new(&watcher, &c, e);
    if (r == 0)
        r = capture_canaries(watcher, 1, e);
    if (r < 0)
        return r;
    struct loop_timer *t = loop_timer_new(c.loop, on_late, x);
    const ms_t end = loop_now(c.loop) + LOOK_MS;
    loop_timer_set(t, end);
    while (!capture_canaries_seen(watcher, 1) && loop_now(c.loop) < end)
        (void)loop_once(c.loop);
    return capture_canaries_seen(watcher, 1) ? 0 : err_set(e, -ENODATA, "a canary was not seen");
}

static int body_that_looks(void *arg, int fd)
{
    struct trial *x = arg;
    struct err e = {0};
    x->lab.hosts[0].links[0].delay_ms = 300;
    x->domain = (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = 1};
    int r = loop_new(&x->loop, NULL, &e);
    if (r == 0)
        r = labnet_new(&x->net, &x->lab, "", &e);
    if (r == 0)
        r = slow_wires_new(&x->slow, x->loop, &x->lab, x->net, &x->domain, SEED, &e);
    return in_lab_told(fd, r < 0 ? r : look(x, &e), &e);
}

static void run_body(ns_body_fn *in_it, int (*go)(struct trial *x, struct err *e))
{
    struct trial *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->go = go;
    in_lab_run(&x->lab, in_it, x);
    free(x);
}

static void run(int (*go)(struct trial *x, struct err *e))
{
    run_body(body, go);
}

static void a_slow_wire_costs_its_delay_each_way_and_nobody_else_anything(void **state)
{
    (void)state;
    run(go_delay);
}

static void what_a_wire_loses_follows_from_the_seed(void **state)
{
    (void)state;
    run(go_loss);
}

static void a_canary_is_seen_before_anybody_carries_the_slow_wires(void **state)
{
    (void)state;
    run_body(body_that_looks, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_slow_wire_costs_its_delay_each_way_and_nobody_else_anything),
        test(what_a_wire_loses_follows_from_the_seed),
        test(a_canary_is_seen_before_anybody_carries_the_slow_wires),
    };
    return run_in_namespaces(tests);
}
