/* A lab that is kept from one run to the next (keeper.h): what the first run left is not there for
 * the second, in anything that a namespace remembers; and what cannot be cleared is not kept.
 * Skipped (77) where namespaces are forbidden. */
#include "tests/netns/in_lab.h"

#include "lib/io/file.h"
#include "scenarios/engine/keeper.h"
#include "scenarios/engine/labnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define PORT       443
#define PATIENCE_S 5 /* only ever waited for in full by a test that fails */
#define SEEN_MAX   MIB(8)

static void lab_named(const char *name, struct lab *ret)
{
    char path[128];
    struct buf b;
    struct err e = {0};

    snprintf(path, sizeof(path), "scenarios/labs/%s.json", name);
    buf_init(&b, KIB(256));
    must(file_read(path, &b, &e), &e);
    must(lab_read(path, buf_text(&b), b.len, ret, &e), &e);
    buf_drop(&b);
}

/* --- what a host's namespace remembers ----------------------------------------------------------
 */

static struct buf *seen; /* where nftw's visitor writes */

/* Counts and chances that no two namespaces share, and what is the machine's. */
static bool is_own(const char *path)
{
    static const char *const words[] = {
        "stable_secret",    "tcp_fastopen_key", "nf_conntrack_count",  "/neigh/default",
        "nf_conntrack_max", "nf_log",           "nf_conntrack_buckets"};
    for (size_t i = 0; i < COUNTOF(words); i++)
        if (strstr(path, words[i]))
            return true;
    return false;
}

static int see_setting(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    struct buf text;
    (void)s, (void)at;
    if (kind != FTW_F || is_own(path))
        return 0;
    buf_init(&text, KIB(16));
    if (file_read(path, &text, NULL) == 0)
        buf_printf(seen, "%s %s", path, buf_text(&text));
    buf_drop(&text);
    return 0;
}

static void see_file(const char *path)
{
    struct buf text;
    buf_init(&text, MIB(1));
    if (file_read(path, &text, NULL) == 0)
        buf_printf(seen, "%s\n%s", path, buf_text(&text));
    buf_drop(&text);
}

static void see_rules(void)
{
    struct nft_ctx *x = nft_ctx_new(NFT_CTX_DEFAULT);
    assert_non_null(x);
    assert_int_equal(nft_ctx_buffer_output(x), 0);
    assert_int_equal(nft_run_cmd_from_buffer(x, "list ruleset\n"), 0);
    buf_printf(seen, "rules:\n%s", nft_ctx_get_output_buffer(x));
    nft_ctx_free(x);
}

static int see_host(const struct labnet *n, size_t host_i, struct err *e)
{
    static const char *const files[] = {
        "/proc/net/route", "/proc/net/fib_trie",     "/proc/net/arp",
        "/proc/net/tcp",   "/proc/net/tcp6",         "/proc/net/udp",
        "/proc/net/raw",   "/proc/net/nf_conntrack", "/proc/net/dev_mcast"};
    if (setns(labnet_host(n, host_i), CLONE_NEWNET) < 0)
        return err_errno(e, "enter a host");
    buf_printf(seen, "--- host %zu\n", host_i);
    for (size_t i = 0; i < COUNTOF(files); i++)
        see_file(files[i]);
    see_rules();
    return nftw("/proc/sys/net", see_setting, 16, FTW_PHYS);
}

static int see(const struct labnet *n, const struct lab *l, struct buf *ret, struct err *e)
{
    int r = 0;
    buf_init(ret, SEEN_MAX);
    seen = ret;
    for (size_t i = 0; i < l->n_hosts && r == 0; i++)
        r = see_host(n, i, e);
    return r == 0 && ret->full ? err_set(e, -E2BIG, "more than the test keeps") : r;
}

/* --- a run that leaves much ---------------------------------------------------------------------
 */

static int socket_in(const struct labnet *n, const struct lab *l, const char *role, int type,
                     struct err *e)
{
    struct timeval t = {.tv_sec = PATIENCE_S};
    int fd = labnet_socket(n, labnet_host(n, labnet_host_index(l, lab_role(l, role))), AF_INET,
                           type, 0, e);
    if (fd < 0)
        return fd;
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
    return fd;
}

static struct sockaddr_in palette_of(const struct lab *l)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    (void)inet_pton(AF_INET, lab_role(l, "palette")->links[0].address, &a.sin_addr);
    return a;
}

enum litter { LITTER, LITTER_HALF_SAID, LITTER_SLOW_WIRE };

/* One connection through the router ends in TIME_WAIT, a datagram leaves a flow, and a wire stays
 * cut; and of another connection are bytes that nobody takes any more. */
static int litter(struct labnet *n, const struct lab *l, enum litter kind, struct err *e)
{
    const struct sockaddr_in to = palette_of(l);
    const struct wires cut = {.n = 1, .at = {{.from = "gateway", .to = "palette"}}};
    int door = socket_in(n, l, "palette", SOCK_STREAM, e);
    int udp = socket_in(n, l, "gateway", SOCK_DGRAM, e);
    char byte = 'x';
    if (door < 0 || udp < 0 || bind(door, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
        listen(door, 4) < 0)
        return err_errno(e, "listen at palette");
    for (int i = 0; i < (kind == LITTER_HALF_SAID ? 2 : 1); i++) {
        int near = socket_in(n, l, "gateway", SOCK_STREAM, e);
        if (near < 0 || connect(near, (const struct sockaddr *)&to, sizeof(to)) < 0)
            return err_errno(e, "dial palette");
        int far = accept(door, NULL, NULL);
        if (far < 0 || send(near, &byte, 1, 0) != 1 || recv(far, &byte, 1, 0) != 1)
            return err_errno(e, "a byte to palette");
        if (i == 1 && (labnet_wires(n, &cut, e) < 0 || send(near, &byte, 1, 0) != 1))
            return err_errno(e, "a byte into the cut");
        close(near);
        close(far);
    }
    (void)sendto(udp, &byte, 1, 0, (const struct sockaddr *)&to, sizeof(to));
    close(udp);
    close(door);
    if (kind == LITTER_SLOW_WIRE)
        return labnet_splice(n, labnet_host_index(l, lab_role(l, "palette")), 0, &(int){0},
                             &(int){0}, e);
    return labnet_wires(n, &cut, e);
}

/* --- the same as new ----------------------------------------------------------------------------
 */

struct trial {
    struct lab lab, next;
    const char *without;
    enum litter litter;
};

static int compare(const struct buf *a, const struct buf *b, struct err *e)
{
    const char *x = buf_text(a), *y = buf_text(b), *line = x;
    for (; *x != '\0' && *x == *y; x++, y++)
        if (*x == '\n')
            line = x + 1;
    return *x == *y ? 0
                    : err_set(e, -EINVAL, "new: %.200s\nkept: %.200s", line,
                              buf_text(b) + (line - buf_text(a)));
}

static int new_one(const struct lab *l, const char *without, struct buf *ret, struct err *e)
{
    struct labnet *n;
    int r = labnet_frame(&n, l, e);
    if (r == 0)
        r = labnet_dress(n, l, without, e);
    return r < 0 ? r : see(n, l, ret, e);
}

static int body(void *arg, int fd)
{
    struct trial *x = arg;
    struct err e = {0};
    struct buf new, dirty, kept;
    struct labnet *n;
    int r = new_one(&x->next, x->without, &new, &e);
    if (r == 0)
        r = labnet_frame(&n, &x->lab, &e);
    if (r == 0)
        r = labnet_dress(n, &x->lab, "", &e);
    if (r == 0)
        r = labnet_fits(n, &x->next) ? litter(n, &x->lab, x->litter, &e)
                                     : err_set(&e, -EINVAL, "no fit");
    if (r == 0)
        r = see(n, &x->lab, &dirty, &e);
    if (r == 0 && (!strstr(buf_text(&dirty), " 03:") || !strstr(buf_text(&dirty), "masquerade")))
        r = err_set(&e, -EINVAL, "nothing in TIME_WAIT, or no rule: the litter is none");
    if (r == 0)
        r = labnet_strip(n, &e);
    if (r == 0)
        r = labnet_dress(n, &x->next, x->without, &e);
    if (r == 0)
        r = see(n, &x->next, &kept, &e);
    if (r == 0)
        r = compare(&new, &kept, &e);
    return in_lab_told(fd, r, &e);
}

/* -ESTALE: the lab could not be made blank. */
static int compared_with_new(const char *next, const char *without, enum litter kind, struct err *e)
{
    struct trial *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->without = without;
    x->litter = kind;
    lab_named(next, &x->next);
    int r = in_lab_try(&x->lab, body, x, e);
    free(x);
    if (r != -ESTALE)
        must(r, e);
    return r;
}

static void is_as_new(const char *next, const char *without)
{
    struct err e = {0};
    if (compared_with_new(next, without, LITTER, &e) == 0)
        return;
    print_message("this kernel cannot end a socket in TIME_WAIT (CONFIG_INET_DIAG_DESTROY, Linux "
                  "6.0), so labs are built anew here: %s\n",
                  e.text);
    skip();
}

static void a_kept_lab_remembers_nothing(void **state)
{
    (void)state;
    is_as_new("nat", "");
}

static void a_kept_lab_with_other_rules_is_as_a_new_one_of_these(void **state)
{
    (void)state;
    is_as_new("direct", "");
    is_as_new("firewall", "");
}

static void hosts_that_a_run_does_not_need_are_not_there_for_it(void **state)
{
    (void)state;
    is_as_new("nat", "node");
}

/* Before Linux 6.11 the kernel cannot end it. */
static void what_was_half_said_is_gone_or_its_lab_is(void **state)
{
    struct err e = {0};
    (void)state;
    if (compared_with_new("nat", "", LITTER_HALF_SAID, &e) < 0)
        assert_non_null(strstr(e.text, " sockets"));
}

static void a_wire_that_was_made_slow_is_left_to_nobody(void **state)
{
    struct err e = {0};
    (void)state;
    assert_int_equal(compared_with_new("nat", "", LITTER_SLOW_WIRE, &e), -ESTALE);
    assert_non_null(strstr(e.text, "the switch: left in a namespace: 2 links"));
}

/* --- what is kept -------------------------------------------------------------------------------
 */

static bool is_kept(struct keeper *k, const char *name)
{
    struct lab *l = calloc(1, sizeof(*l));
    struct keeper_loan loan;
    struct err e = {0};

    assert_non_null(l);
    lab_named(name, l);
    must(keeper_lend(k, l, "", &loan, &e), &e);
    keeper_loan_drop(&loan);
    free(l);
    return loan.kept;
}

static void a_lab_of_other_links_or_slow_ones_is_a_new_one(void **state)
{
    static const struct {
        const char *lab;
        bool kept;
    } rows[] = {{"nat", false},       {"nat", true},  {"direct", true},     {"firewall", true},
                {"two-sites", false}, {"nat", false}, {"far", false},       {"far", false},
                {"nat", false},       {"nat", true},  {"nat-short", false}, {"nat", false}};
    struct keeper *k;
    struct err e = {0};

    (void)state;
    must(keeper_new(&k, &e), &e);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (is_kept(k, rows[i].lab) != rows[i].kept)
            fail_msg("row %zu, %s: kept is not %d", i, rows[i].lab, rows[i].kept);
    keeper_free(k);
}

/* A run in the first lab of a new keeper: body at home, or where that role lives. */
static struct keeper *run_in_lab(const char *role, ns_body_fn *run, struct ns_child *ret)
{
    struct lab *l = calloc(1, sizeof(*l));
    struct keeper_loan loan;
    struct keeper *k;
    struct err e = {0};

    assert_non_null(l);
    lab_named("nat", l);
    must(keeper_new(&k, &e), &e);
    must(keeper_lend(k, l, "", &loan, &e), &e);
    const struct ns_place place = {
        .user = loan.user,
        .net = loan.fds[LABNET_FDS_HOSTS + labnet_host_index(l, lab_role(l, role))]};
    must(ns_start_at(ret, &place, run, NULL, &e), &e);
    assert_true(ns_hear(ret->fd, &e));
    must(e.code, &e);
    keeper_loan_drop(&loan);
    free(l);
    return k;
}

/* Runs at a place of the loan until it is told to end. */
static int stays(void *arg, int fd)
{
    char go;
    int socket_there = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct err e = {0};

    (void)arg;
    if (socket_there < 0 || bind(socket_there, (const struct sockaddr *)&any, sizeof(any)) < 0)
        err_errno(&e, "a socket in the lab");
    ns_tell(fd, &e);
    return (int)read(fd, &go, 1);
}

static void who_is_still_in_a_lab_keeps_it_from_the_next_run(void **state)
{
    struct ns_child c;
    struct keeper *k = run_in_lab("user", stays, &c);

    (void)state;
    assert_false(is_kept(k, "nat"));
    ns_stop(&c, true);
    assert_true(is_kept(k, "nat"));
    keeper_free(k);
}

static void a_lab_that_is_given_back_is_blank_before_it_is_asked_for(void **state)
{
    struct ns_child c;
    struct keeper *k = run_in_lab("user", stays, &c);

    (void)state;
    ns_stop(&c, true);
    assert_true(keeper_back(k));
    assert_true(is_kept(k, "firewall"));
    assert_true(keeper_back(k));
    assert_true(keeper_back(k));
    assert_false(is_kept(k, "two-sites"));
    keeper_free(k);
}

/* Of the user namespace, which all runs of a worker share. */
static int leaves_a_key(void *arg, int fd)
{
    struct err e = {0};
    (void)arg;
    if (syscall(SYS_add_key, "user", "gateproof", "x", (size_t)1, KEY_SPEC_USER_KEYRING) < 0)
        err_errno(&e, "add a key");
    return in_lab_told(fd, e.code, &e);
}

static int looks_for_the_key(void *arg, int fd)
{
    struct err e = {0};
    (void)arg;
    if (syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "gateproof", 0) >= 0)
        err_set(&e, -EEXIST, "the key is there");
    return in_lab_told(fd, e.code, &e);
}

static void a_key_that_a_run_left_is_not_there_for_the_next(void **state)
{
    struct ns_child c;
    struct lab *l = calloc(1, sizeof(*l));
    struct keeper_loan loan;
    struct err e = {0};

    (void)state;
    if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) < 0) {
        print_message("no keyrings here: %s\n", strerror(errno));
        skip();
    }
    struct keeper *k = run_in_lab("user", leaves_a_key, &c);
    ns_stop(&c, false);
    assert_non_null(l);
    lab_named("nat", l);
    must(keeper_lend(k, l, "", &loan, &e), &e);
    const struct ns_place place = {.user = loan.user, .net = loan.fds[0]};
    must(ns_start_at(&c, &place, looks_for_the_key, NULL, &e), &e);
    assert_true(ns_hear(c.fd, &e));
    must(e.code, &e);
    ns_stop(&c, false);
    keeper_loan_drop(&loan);
    keeper_free(k);
    free(l);
}

/* A router's count of what it refused somebody is nobody's to take away. */
static int asks_for_nowhere(void *arg, int fd)
{
    const char byte = 'x';
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct timeval t = {.tv_sec = PATIENCE_S};
    const int on = 1; /* a datagram's sender is told of what may pass only when he asks (ip(7)) */
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct err e = {0};

    (void)arg;
    (void)inet_pton(AF_INET, "10.99.0.1", &to.sin_addr); /* no router has a way there */
    if (s < 0 || setsockopt(s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) < 0 ||
        setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) < 0 ||
        connect(s, (const struct sockaddr *)&to, sizeof(to)) < 0 || send(s, &byte, 1, 0) != 1)
        err_errno(&e, "a datagram to nowhere");
    else if (recv(s, &(char){0}, 1, 0) >= 0 || errno != ENETUNREACH)
        err_errno(&e, "its refusal");
    return in_lab_told(fd, e.code, &e);
}

static void a_lab_in_which_a_router_refused_is_not_kept(void **state)
{
    struct ns_child c;
    struct keeper *k = run_in_lab("palette", asks_for_nowhere, &c);

    (void)state;
    assert_int_equal(ns_stop(&c, false), 0);
    assert_false(is_kept(k, "nat"));
    assert_true(is_kept(k, "nat"));
    keeper_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_kept_lab_remembers_nothing),
        test(a_kept_lab_with_other_rules_is_as_a_new_one_of_these),
        test(hosts_that_a_run_does_not_need_are_not_there_for_it),
        test(what_was_half_said_is_gone_or_its_lab_is),
        test(a_wire_that_was_made_slow_is_left_to_nobody),
        test(a_lab_of_other_links_or_slow_ones_is_a_new_one),
        test(who_is_still_in_a_lab_keeps_it_from_the_next_run),
        test(a_lab_that_is_given_back_is_blank_before_it_is_asked_for),
        test(a_key_that_a_run_left_is_not_there_for_the_next),
        test(a_lab_in_which_a_router_refused_is_not_kept),
    };
    return run_in_namespaces(tests);
}
