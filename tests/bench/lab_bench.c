/* How long until a lab is ready for a run: built, and kept from a run before (keeper.h), with a
 * connection's remains in it. Medians. Usage: lab_bench NAME… (scenarios/labs). */
#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "scenarios/engine/keeper.h"
#include "scenarios/engine/ns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 5

static void must_be(int r, const struct err *e)
{
    if (r >= 0)
        return;
    fprintf(stderr, "lab_bench: %s\n", e->text);
    exit(1);
}

static void lab_named(const char *name, struct lab *ret)
{
    struct buf b;
    struct err e = {0};
    char path[128];
    snprintf(path, sizeof(path), "scenarios/labs/%s.json", name);
    buf_init(&b, KIB(256));
    must_be(file_read(path, &b, &e), &e);
    must_be(lab_read(path, buf_text(&b), b.len, ret, &e), &e);
    buf_drop(&b);
}

/* A run: a call within the user's host that ends in TIME_WAIT. */
static int run(void *arg, int fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    struct err e = {0};
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)arg;
    if (door < 0 || near < 0 || bind(door, (struct sockaddr *)&a, sizeof(a)) < 0 ||
        listen(door, 1) < 0 || getsockname(door, (struct sockaddr *)&a, &len) < 0 ||
        connect(near, (struct sockaddr *)&a, sizeof(a)) < 0)
        err_errno(&e, "a call");
    close(near);
    ns_tell(fd, &e);
    return 0;
}

static const struct err *err_of(const struct keeper_loan *x)
{
    static struct err e;
    (void)err_set(&e, -1, "a lab is %s: %s", x->kept ? "kept" : "built anew", x->why);
    return &e;
}

static double lend_ms(struct keeper *k, const struct lab *l, bool kept)
{
    struct keeper_loan loan;
    struct ns_child c;
    struct err e = {0};
    int64_t begin = clk_kernel_ns();
    must_be(keeper_lend(k, l, "", &loan, &e), &e);
    const double ms = (double)(clk_kernel_ns() - begin) / 1e6;
    const struct ns_place place = {.user = loan.user, .net = loan.fds[0]};
    if (loan.kept != kept)
        must_be(-1, err_of(&loan));
    must_be(ns_start_at(&c, &place, run, NULL, &e), &e);
    (void)ns_hear(c.fd, &e);
    must_be(e.code, &e);
    ns_stop(&c, false);
    keeper_loan_drop(&loan);
    return ms;
}

static int cmp(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct lab *l = calloc(1, sizeof(*l));
    for (int i = 1; i < argc; i++) {
        double built[ROUNDS], kept[ROUNDS];
        lab_named(argv[i], l);
        for (int k = 0; k < ROUNDS; k++) {
            struct keeper *keeper;
            struct err e = {0};
            must_be(keeper_new(&keeper, &e), &e);
            built[k] = lend_ms(keeper, l, false);
            kept[k] = lend_ms(keeper, l, labnet_keeps(l));
            keeper_free(keeper);
        }
        qsort(built, ROUNDS, sizeof(built[0]), cmp);
        qsort(kept, ROUNDS, sizeof(kept[0]), cmp);
        printf("lab %-14s  built %.1f ms, %s %.1f ms   (goal 20 ms)\n", argv[i], built[ROUNDS / 2],
               labnet_keeps(l) ? "kept" : "again", kept[ROUNDS / 2]);
    }
    free(l);
    return 0;
}
