/* Cut wires in a real lab: packets of open flows do not pass, either way, and pass again when the
 * wire is mended, on the same connection. Skipped (77) where namespaces are forbidden. */
#include "tests/netns/in_lab.h"

#include "scenarios/engine/answer.h"
#include "scenarios/engine/labnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PORT       443
#define REFUSALS   5 /* a router tells one host so many at once, then one a second */
#define PATIENCE_S 5 /* only ever waited for in full by a test that fails */

struct trial {
    struct lab lab;
    struct labnet *net;
    int listener;
    int (*go)(struct trial *x, struct err *e);
};

static int host_of(const struct trial *x, const char *role)
{
    return labnet_host(x->net, labnet_host_index(&x->lab, lab_role(&x->lab, role)));
}

/* Blocking, with patience. */
static int patient(int fd)
{
    struct timeval t = {.tv_sec = PATIENCE_S};
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
    return fd;
}

static int listen_at(struct trial *x, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = labnet_socket(x->net, host_of(x, "palette"), AF_INET, SOCK_STREAM, 0, e);
    if (fd < 0)
        return fd;
    x->listener = patient(fd);
    if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0)
        return err_errno(e, "listen at palette");
    return 0;
}

struct flow {
    int near, far;
};

static int dial(struct trial *x, const char *role, struct flow *ret, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = labnet_socket(x->net, host_of(x, role), AF_INET, SOCK_STREAM, 0, e);
    if (fd < 0)
        return fd;
    ret->near = patient(fd);
    (void)inet_pton(AF_INET, lab_role(&x->lab, "palette")->links[0].address, &a.sin_addr);
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        return err_errno(e, "%s dials palette", role);
    fd = accept(x->listener, NULL, NULL);
    if (fd < 0)
        return err_errno(e, "palette accepts %s", role);
    ret->far = patient(fd);
    return 0;
}

static int passes(int from, int to, const char *what, struct err *e)
{
    char c = 'x';
    if (send(from, &c, 1, MSG_NOSIGNAL) != 1)
        return err_errno(e, "%s: send", what);
    if (recv(to, &c, 1, 0) != 1)
        return err_errno(e, "%s: receive", what);
    return 0;
}

/* A later byte on an open way has arrived, so this one would have. */
static int is_stopped(int from, int to, const struct flow *other, bool outward, const char *what,
                      struct err *e)
{
    char c = 'x';
    if (send(from, &c, 1, MSG_NOSIGNAL) != 1)
        return err_errno(e, "%s: send", what);
    int r = outward ? passes(other->near, other->far, "the other flow", e)
                    : passes(other->far, other->near, "the other flow", e);
    if (r < 0)
        return r;
    if (recv(to, &c, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        return err_set(e, -EINVAL, "%s: the byte passed", what);
    return 0;
}

static int wire(struct trial *x, const char *from, const char *to, bool both, bool resets,
                struct err *e)
{
    struct wires w = {.n = both ? 2 : 1};
    for (size_t i = 0; i < w.n; i++) {
        snprintf(w.at[i].from, sizeof(w.at[i].from), "%s", i == 0 ? from : to);
        snprintf(w.at[i].to, sizeof(w.at[i].to), "%s", i == 0 ? to : from);
        w.at[i].resets = resets;
    }
    return labnet_wires(x->net, &w, e);
}

static int mend(struct trial *x, struct err *e)
{
    return labnet_wires(x->net, &(struct wires){.n = 0}, e);
}

/* --- trials: each in a child, in a lab of its own ----------------------------------------------
 */

static int go_silent(struct trial *x, struct err *e)
{
    struct flow gw, node;
    char c;
    int r = dial(x, "gateway", &gw, e);
    if (r == 0)
        r = dial(x, "node", &node, e);
    if (r == 0)
        r = passes(gw.near, gw.far, "before the cut", e);
    if (r == 0)
        r = wire(x, "gateway", "palette", true, false, e);
    if (r == 0)
        r = is_stopped(gw.near, gw.far, &node, true, "an open flow, outward", e);
    if (r == 0)
        r = is_stopped(gw.far, gw.near, &node, false, "an open flow, inward", e);
    if (r == 0)
        r = mend(x, e);
    if (r == 0 && recv(gw.far, &c, 1, 0) != 1) /* the kernel sends it once more */
        r = err_errno(e, "after mending: what was sent into the cut");
    if (r == 0)
        r = dial(x, "gateway", &gw, e);
    return r;
}

static int go_one_way(struct trial *x, struct err *e)
{
    struct flow gw, node;
    int r = dial(x, "gateway", &gw, e);
    if (r == 0)
        r = dial(x, "node", &node, e);
    if (r == 0)
        r = wire(x, "palette", "gateway", false, false, e);
    if (r == 0)
        r = passes(gw.near, gw.far, "the way that is open", e);
    if (r == 0)
        r = is_stopped(gw.far, gw.near, &node, false, "the way that is cut", e);
    return r;
}

static int go_reset(struct trial *x, struct err *e)
{
    struct flow gw, again;
    char c = 'x';
    int r = dial(x, "gateway", &gw, e);
    if (r == 0)
        r = wire(x, "private", "internet", true, true, e);
    if (r < 0)
        return r;
    (void)send(gw.near, &c, 1, MSG_NOSIGNAL);
    if (recv(gw.near, &c, 1, 0) >= 0 || errno != ECONNRESET)
        return err_errno(e, "an open flow was not reset");
    if (dial(x, "gateway", &again, e) == 0 || strstr(e->text, "refused") == NULL)
        return err_at(e, "a new flow was not refused");
    *e = (struct err){0};
    r = mend(x, e);
    return r < 0 ? r : dial(x, "gateway", &again, e);
}

static int go_refused(struct trial *x, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    (void)inet_pton(AF_INET, "10.99.0.1", &a.sin_addr); /* no router has a way there */
    for (int i = 0; i < REFUSALS; i++) {
        int fd = labnet_socket(x->net, host_of(x, "palette"), AF_INET, SOCK_STREAM, 0, e);
        if (fd < 0)
            return fd;
        if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno != EINPROGRESS)
            return err_errno(e, "palette begins a call to nowhere");
        const int code = answer_await(fd, &a, PATIENCE_S * 1000);
        if (code == 0 || code == -EALREADY)
            return err_set(e, -EINVAL, "call %d: nobody refused", i);
        close(fd);
    }
    return 0;
}

static int go_open(struct trial *x, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = labnet_socket(x->net, host_of(x, "gateway"), AF_INET, SOCK_STREAM, 0, e);
    (void)inet_pton(AF_INET, lab_role(&x->lab, "palette")->links[0].address, &a.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno != EINPROGRESS)
        return err_errno(e, "the gateway begins a call");
    const int code = answer_await(fd, &a, PATIENCE_S * 1000);
    return code == 0 ? 0 : err_set(e, -EINVAL, "an open way: %d", code);
}

static int go_unanswered(struct trial *x, struct err *e)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int r = wire(x, "gateway", "palette", true, false, e);
    int fd = labnet_socket(x->net, host_of(x, "gateway"), AF_INET, SOCK_STREAM, 0, e);
    (void)inet_pton(AF_INET, lab_role(&x->lab, "palette")->links[0].address, &a.sin_addr);
    if (r < 0 || fd < 0)
        return -1;
    (void)connect(fd, (struct sockaddr *)&a, sizeof(a));
    const int code = answer_await(fd, &a, 1);
    return code == -EALREADY ? 0 : err_set(e, -EINVAL, "a cut way: %d", code);
}

static int body(void *arg, int fd)
{
    struct trial *x = arg;
    struct err e = {0};
    int r = labnet_new(&x->net, &x->lab, "", &e);
    if (r == 0)
        r = listen_at(x, &e);
    if (r == 0)
        r = x->go(x, &e);
    return in_lab_told(fd, r, &e);
}

static void run(int (*go)(struct trial *x, struct err *e))
{
    struct trial *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->go = go;
    in_lab_run(&x->lab, body, x);
    free(x);
}

/* The firewall's memory of an open flow must not carry it through. */
static void a_silent_cut_stops_open_flows_and_mending_lets_them_go_on(void **state)
{
    (void)state;
    run(go_silent);
}

static void a_one_way_cut_stops_one_way_only(void **state)
{
    (void)state;
    run(go_one_way);
}

static void a_cut_that_resets_ends_open_flows_and_refuses_new_ones(void **state)
{
    (void)state;
    run(go_reset);
}

static void the_answer_to_a_call_can_be_awaited(void **state)
{
    (void)state;
    run(go_refused);
    run(go_open);
    run(go_unanswered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_silent_cut_stops_open_flows_and_mending_lets_them_go_on),
        test(a_one_way_cut_stops_one_way_only),
        test(the_answer_to_a_call_can_be_awaited),
        test(a_cut_that_resets_ends_open_flows_and_refuses_new_ones),
    };
    return run_in_namespaces(tests);
}
