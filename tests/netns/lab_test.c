/* The labs as they are built: every pair of the reach table behaves as the table says, and the
 * capture sees each try. Runs as root and as an ordinary user; without user namespaces it says why
 * and is skipped (77). */
#include "tests/netns/in_lab.h"

#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "scenarios/engine/capture.h"
#include "scenarios/engine/ns.h"
#include "scenarios/engine/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAB_BYTES_MAX KIB(256)
#define SILENCE_MS    300

/* Everything of one trial; the child of ns_start fills it and writes what it found to a stream. */
struct trial {
    struct lab lab;
    struct loop *loop;
    struct labnet *net;
    struct journal_ring *journal;
    struct clk_domain domain;
    struct capture *capture;
    struct probe *probe;
    bool done;
};

static void on_try(void *arg, const struct capture_try *t)
{
    struct trial *x = arg;
    if (x->probe != NULL)
        probe_try(x->probe, t);
}

static void on_done(void *arg)
{
    ((struct trial *)arg)->done = true;
}

static int open_all(struct trial *x, struct err *e)
{
    int fd, r = journal_counter_new(&fd, e);
    if (r == 0)
        r = journal_ring_new(fd, EVS_CAPTURE, NULL, &x->journal, e);
    if (r == 0)
        r = loop_new(&x->loop, NULL, e);
    x->domain = (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = 1};
    int64_t begin = clk_kernel_ns();
    if (r == 0)
        r = labnet_new(&x->net, &x->lab, "", e);
    fprintf(stderr, "lab %s: ready after %.1f ms\n", x->lab.name,
            (double)(clk_kernel_ns() - begin) / 1e6);
    struct capture_config c = {.loop = x->loop,
                               .lab = &x->lab,
                               .net = x->net,
                               .journal = x->journal,
                               .domain = &x->domain,
                               .on_try = on_try,
                               .arg = x};
    return r < 0 ? r : capture_new(&x->capture, &c, e);
}

static int play(struct trial *x, struct err *e)
{
    int r = open_all(x, e);
    if (r < 0)
        return r;
    struct probe_config c = {.loop = x->loop,
                             .lab = &x->lab,
                             .net = x->net,
                             .journal = x->journal,
                             .domain = &x->domain,
                             .silence_ms = SILENCE_MS};
    r = capture_canaries(x->capture, 1, e);
    if (r == 0)
        r = probe_start(&x->probe, &c, on_done, x, e);
    while (r == 0 && !x->done)
        (void)loop_once(x->loop);
    if (r == 0 && !capture_canaries_seen(x->capture, 1))
        r = err_set(e, -ENODATA, "a canary was not seen");
    if (r == 0)
        capture_drops(x->capture, 0);
    return r;
}

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static void report(struct trial *x, int fd)
{
    struct ev_list l;
    struct buf b;
    ev_list_init(&l);
    buf_init(&b, MIB(4));
    (void)journal_take(x->journal, &l);
    for (size_t i = 0; i < l.n; i++) {
        ev_json_write(&b, ev_list_at(&l, i));
        buf_char_add(&b, '\n');
    }
    say(fd, buf_text(&b));
    buf_drop(&b);
    ev_list_drop(&l);
}

static int body(void *arg, int fd)
{
    struct trial *x = arg;
    struct err e = {0};
    if (play(x, &e) < 0)
        say(fd, e.text);
    else
        report(x, fd);
    return e.code < 0;
}

static void lab_load_for(struct trial *x, const char *shape)
{
    char path[128];
    struct buf b;
    struct err e;
    snprintf(path, sizeof(path), "scenarios/labs/%s.json", shape);
    buf_init(&b, LAB_BYTES_MAX);
    must(file_read(path, &b, &e), &e);
    must(lab_read(path, buf_text(&b), b.len, &x->lab, &e), &e);
    buf_drop(&b);
}

/* Reads the child's journal, or fails with its sentence. */
static void take(struct ns_child *c, struct ev_list *ret)
{
    struct buf b;
    struct err e;
    char chunk[4096];
    ssize_t n;
    buf_init(&b, MIB(4));
    while ((n = read(c->fd, chunk, sizeof(chunk))) > 0)
        buf_add(&b, chunk, (size_t)n);
    if (ns_stop(c, false) != 0)
        fail_msg("%s", buf_text(&b));
    const char *at = buf_text(&b), *end;
    for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        struct event event;
        must(ev_json_read(at, (size_t)(end - at), &event, &e), &e);
        ev_list_add(ret, &event);
    }
    buf_drop(&b);
}

static size_t count(const struct ev_list *l, enum ev_kind k)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += ev_list_at(l, i)->kind == k;
    return n;
}

static void run_shape(const char *shape, struct ev_list *ret, struct lab *ret_lab)
{
    struct trial *x = calloc(1, sizeof(*x));
    struct ns_child c;
    struct err e;
    ev_list_init(ret);
    lab_load_for(x, shape);
    *ret_lab = x->lab;
    must(ns_start(&c, body, x, &e), &e);
    take(&c, ret);
    free(x);
}

static void shape_behaves(const char *shape)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    struct ev_list l;
    run_shape(shape, &l, lab);
    assert_int_equal(count(&l, EV_PROBE), lab->n_reach);
    for (size_t i = 0; i < l.n; i++) {
        const struct event *v = ev_list_at(&l, i);
        if (v->kind == EV_PROBE && !ev_is(v, EVF_ANSWER, ev_text(v, EVF_EXPECTED)))
            fail_msg("%s to %s: expected %s, seen %s", ev_text(v, EVF_FROM), ev_text(v, EVF_TO),
                     ev_text(v, EVF_EXPECTED), ev_text(v, EVF_ANSWER));
        if (v->kind == EV_TAP_DROPS)
            assert_int_equal(ev_int(v, EVF_LOST), 0);
    }
    assert_int_equal(count(&l, EV_TAP_CANARY), lab->n_zones);
    ev_list_drop(&l);
    free(lab);
}

static void every_pair_of_nat_is_as_its_table_says(void **state)
{
    (void)state;
    shape_behaves("nat");
}

static void every_pair_of_direct_is_as_its_table_says(void **state)
{
    (void)state;
    shape_behaves("direct");
}

/* A dropped try must be seen where it began, and must not be seen behind the firewall. */
static void a_dropped_try_is_seen_outside_only(void **state)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    struct ev_list l;
    size_t outside = 0, inside = 0;
    (void)state;
    run_shape("nat", &l, lab);
    for (size_t i = 0; i < l.n; i++) {
        const struct event *v = ev_list_at(&l, i);
        if (v->kind != EV_FLOW_TRY || !ev_is(v, EVF_FROM, "palette") || !ev_is(v, EVF_TO, "maas"))
            continue;
        outside += ev_is(v, EVF_LINK, "internet");
        inside += ev_is(v, EVF_LINK, "private");
    }
    assert_int_equal(outside, 1);
    assert_int_equal(inside, 0);
    ev_list_drop(&l);
    free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_pair_of_nat_is_as_its_table_says),
        test(every_pair_of_direct_is_as_its_table_says),
        test(a_dropped_try_is_seen_outside_only),
    };
    return run_in_namespaces(tests);
}
