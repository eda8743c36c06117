/* Speed and size of mock-maas, side by side in one run with a civetweb that answers a constant and
 * with nginx that serves the same bytes from files:
 *
 *   maas_bench MOCK-MAAS USERS-FILE DIR NGINX      (NGINX "-": there is none here)
 *
 * Rounds of all doors take turns, so that what else the machine does hits all of them alike. */
#include "lib/base/text.h"
#include "tests/bench/doors.h"
#include "tests/bench/inside.h"
#include "tests/bench/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CLIENTS    8
#define ROUNDS     4
#define ROUND_MS   160
#define IDLE       1000
#define FEW        100
#define SOME       1000
#define MANY       10000
#define API        "/MAAS/api/2.0/"
#define ID_FIELD   "\"system_id\": \""
#define GOAL_KB    65536
#define GOAL_CYCLE 5000

enum { CONSTANT, NGINX, DIRECT, EDGE, DOORS };
static const char *const door_names[DOORS] = {"civetweb", "nginx", "direct", "edge"};

struct bench {
    struct loop *loop;
    struct door doors[DOORS], crowd[DOORS]; /* crowd: with SOME machines, for cycles */
    struct door many;
    struct buf bodies[BENCH_WHATS];
    char id[8]; /* of a machine of the first two */
    int64_t start_ns;
    uint64_t nonces;
    bool failed;
};

/* One kind of request at one door. */
struct run {
    struct bench *b;
    const struct door *door;
    enum bench_what what;
    bool plain; /* a file or a constant */
};

/* --- requests --------------------------------------------------------------------------------- */

static void credentials(struct bench *b, struct buf *out)
{
    buf_printf(out,
               "Authorization: OAuth oauth_version=\"1.0\", "
               "oauth_signature_method=\"PLAINTEXT\", oauth_consumer_key=\"cc\", "
               "oauth_token=\"tt\", oauth_signature=\"%%26ss\", oauth_nonce=\"b%" PRIu64
               "\", oauth_timestamp=\"%" PRId64 "\"\r\n",
               ++b->nonces, clk_realtime_s());
}

/* As the edge would say it. */
static void inner(const struct run *r, const struct load_client *c, struct buf *out)
{
    const int64_t ms = (clk_monotonic_ns() - r->b->start_ns) / 1000000;

    buf_printf(out,
               "X-Gp-Edge-Cookie: %s %zu\r\nX-Gp-Edge-Conn: %zu\r\nX-Gp-Edge-Peer: 127.0.0.1\r\n"
               "X-Gp-Edge-Scheme: http\r\nX-Gp-Edge-Door: 0\r\nX-Gp-Edge-Now: %" PRId64 "\r\n",
               r->door->cookie, c->i, c->i + 1, ms * BENCH_FACTOR);
}

static void request(const struct run *r, const struct load_client *c, const char *method,
                    const char *target, struct buf *out)
{
    buf_printf(out, "%s %s HTTP/1.1\r\nHost: maas\r\n", method, target);
    if (!r->plain && r->what != BENCH_SMALL)
        credentials(r->b, out);
    if (r->door->cookie[0])
        inner(r, c, out);
    buf_text_add(out, text_is(method, "POST") ? "Content-Length: 0\r\n\r\n" : "\r\n");
}

static void target_write(const struct run *r, const struct load_client *c, char *out, size_t size)
{
    static const char *const ops[] = {"", "?op=deploy", "?op=release"};
    const char *names[BENCH_WHATS] = {"version/", "", "machines/", "machines/?op=allocate"};

    if (r->plain)
        snprintf(out, size, "%s", bench_names[r->what]);
    else if (r->what == BENCH_MACHINE)
        snprintf(out, size, API "machines/%s/", r->b->id);
    else if (r->what == BENCH_CYCLE && c->step > 0)
        snprintf(out, size, API "machines/%s/%s", c->id, ops[c->step]);
    else
        snprintf(out, size, API "%s", names[r->what]);
}

static void ask(void *arg, struct load_client *c, struct buf *out)
{
    const struct run *r = arg;
    char target[128];

    target_write(r, c, target, sizeof(target));
    request(r, c, r->what == BENCH_CYCLE ? "POST" : "GET", target, out);
}

static bool id_read(const struct buf *in, char out[8])
{
    const char *at = strstr(buf_text(in), ID_FIELD);

    return at && text_copy_len(out, 8, at + strlen(ID_FIELD), 6);
}

static bool got(void *arg, struct load_client *c)
{
    const struct run *r = arg;
    const bool fine = c->status == 200;

    if (r->what != BENCH_CYCLE)
        return fine;
    if (!fine || (c->step == 0 && !id_read(&c->in, c->id))) {
        c->step = 0;
        return false;
    }
    c->step = (c->step + 1) % 3;
    return c->step == 0;
}

static void run(struct run *r, size_t clients, ms_t span, struct load_sum *sum)
{
    struct load l = {.loop = r->b->loop,
                     .port = r->door->port,
                     .pid = r->door->pid,
                     .n = clients,
                     .ask = ask,
                     .got = got,
                     .arg = r,
                     .sum = sum};

    if (!load_run(&l, span)) {
        fprintf(stderr, "bench: maas %s: a connection broke\n", bench_names[r->what]);
        r->b->failed = true;
    }
}

/* --- bodies ----------------------------------------------------------------------------------- */

/* One request, and its whole answer's body. */
static bool fetch(struct bench *b, enum bench_what what, struct buf *ret)
{
    struct run r = {.b = b, .door = &b->doors[EDGE], .what = what};
    struct load_client c = {0};
    struct buf out SCOPED(buf_drop) = {0}, in SCOPED(buf_drop) = {0};
    char bytes[KIB(16)];
    const char *end = NULL, *length = NULL;
    int fd = load_connect(b->doors[EDGE].port);
    ssize_t n = 1;

    buf_init(&out, KIB(4));
    buf_init(&in, MIB(32));
    buf_init(ret, MIB(32));
    ask(&r, &c, &out);
    buf_cut(&out, 0);
    out.len -= 2; /* before the blank line */
    buf_text_add(&out, "Connection: close\r\n\r\n");
    n = fd >= 0 && write(fd, out.data, out.len) == (ssize_t)out.len;
    while (n > 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
        buf_add(&in, bytes, (size_t)n);
    if (fd >= 0)
        close(fd);
    end = strstr(buf_text(&in), "\r\n\r\n");
    length = text_begins(buf_text(&in), "HTTP/1.1 200") ? end : NULL;
    if (length)
        buf_text_add(ret, end + 4);
    return length != NULL;
}

/* --- doors side by side ----------------------------------------------------------------------- */

static void row_print(enum bench_what what, struct load_sum *s, bool has_nginx)
{
    static const char *const titles[] = {"small GET (version/)", "read of one machine",
                                         "list of 100 machines", "allocate+deploy+release"};
    const double civet = load_rate(&s[CONSTANT]), nginx = load_rate(&s[NGINX]);

    printf("bench: maas %-24s", titles[what]);
    for (int i = what == BENCH_CYCLE ? DIRECT : CONSTANT; i < DOORS; i++) {
        if (i == NGINX && !has_nginx)
            continue;
        printf(" %s %.0f/s", door_names[i], load_rate(&s[i]));
        if (i >= DIRECT && what != BENCH_CYCLE)
            printf(" (%.0f %% of civetweb", 100 * load_rate(&s[i]) / civet);
        if (i >= DIRECT && what == BENCH_SMALL)
            printf(", goal %d", i == DIRECT ? 70 : 40);
        if (i >= DIRECT && what != BENCH_CYCLE && has_nginx) {
            printf("; %.0f %% of nginx", 100 * load_rate(&s[i]) / nginx);
            if (what == BENCH_LIST)
                printf(", goal 50");
        }
        if (i >= DIRECT && what != BENCH_CYCLE)
            printf(")");
    }
    printf("\nbench:      %-24s", "  p99, server's cpu");
    for (int i = what == BENCH_CYCLE ? DIRECT : CONSTANT; i < DOORS; i++)
        if (i != NGINX || has_nginx)
            printf(" %s %.2f ms %.0f us", door_names[i], load_p99_ms(&s[i]), load_cost(&s[i]));
    printf("\n");
}

static void row(struct bench *b, enum bench_what what, bool has_nginx)
{
    struct load_sum sums[DOORS] = {0};

    for (int round = 0; round < ROUNDS; round++)
        for (int i = what == BENCH_CYCLE ? DIRECT : CONSTANT; i < DOORS; i++) {
            struct run r = {.b = b,
                            .door = what == BENCH_CYCLE ? &b->crowd[i] : &b->doors[i],
                            .what = what,
                            .plain = i < DIRECT};

            if (i != NGINX || has_nginx)
                run(&r, CLIENTS, ROUND_MS, &sums[i]);
        }
    row_print(what, sums, has_nginx);
    for (int i = 0; i < DOORS; i++) {
        if (sums[i].refused > sums[i].answers / 100) {
            fprintf(stderr, "bench: maas %s at %s: %" PRIu64 " of %" PRIu64 " refused\n",
                    bench_names[what], door_names[i], sums[i].refused, sums[i].answers);
            b->failed = true;
        }
        load_sum_drop(&sums[i]);
    }
}

/* --- the rest --------------------------------------------------------------------------------- */

static void idle_row(struct bench *b)
{
    static int idle[IDLE];
    struct load_sum alone = {0}, beside = {0};
    struct run r = {.b = b, .door = &b->doors[EDGE], .what = BENCH_SMALL};
    size_t there = 0;

    for (int round = 0; round < ROUNDS; round++) {
        run(&r, 1, ROUND_MS, &alone);
        for (size_t i = 0; i < IDLE; i++)
            idle[i] = load_connect(r.door->port);
        run(&r, 1, ROUND_MS, &beside);
        for (size_t i = 0; i < IDLE; i++) {
            there += idle[i] >= 0;
            if (idle[i] >= 0)
                close(idle[i]);
        }
    }
    printf("bench: maas one busy client alone %.0f/s p99 %.2f ms, beside %zu idle ones %.0f/s p99 "
           "%.2f ms (%.0f %%, goal 90)\n",
           load_rate(&alone), load_p99_ms(&alone), there / ROUNDS, load_rate(&beside),
           load_p99_ms(&beside), 100 * load_rate(&beside) / load_rate(&alone));
    load_sum_drop(&alone);
    load_sum_drop(&beside);
}

static void inside_rows(void)
{
    static const size_t sizes[] = {10, SOME, MANY};
    struct inside at[COUNTOF(sizes)];
    size_t failed = 0;

    for (size_t i = 0; i < COUNTOF(sizes); i++) {
        inside_measure(sizes[i], &at[i]);
        failed += at[i].cycles_failed;
        printf("bench: maas model alone, %5zu machines: read %.1f us, allocate+deploy+release "
               "%.1f us = %.0f cycles/s (goal %d)\n",
               sizes[i], at[i].read_us, at[i].cycle_us, 1e6 / at[i].cycle_us, GOAL_CYCLE);
    }
    printf("bench: maas cost from 10 to 10000 machines: read x %.2f, cycle x %.2f (goal: flat), "
           "%zu cycles failed\n",
           at[2].read_us / at[0].read_us, at[2].cycle_us / at[0].cycle_us, failed);
}

static void many_rows(struct bench *b)
{
    struct load_sum sum = {0}, small = {0};
    struct run r = {.b = b, .door = &b->many, .what = BENCH_LIST};
    const long before = door_kb(&b->many, "VmRSS:");
    const int64_t from = clk_monotonic_ns();

    while (sum.answers == 0 && !b->failed && clk_monotonic_ns() - from < 8 * INT64_C(1000000000))
        run(&r, 1, 2500, &sum);
    r.what = BENCH_SMALL; /* the last list, which nobody took, has gone when this is answered */
    while (small.answers == 0 && !b->failed)
        run(&r, 1, ROUND_MS, &small);
    printf("bench: maas resident with %d machines: %ld kB at the start, %ld kB after lists of all "
           "(goal %d); most %ld kB while such a list is on its way\n",
           MANY, before, door_kb(&b->many, "VmRSS:"), GOAL_KB, door_kb(&b->many, "VmHWM:"));
    printf("bench: maas list of %d machines: %.0f ms, %" PRIu64 " refused\n", MANY,
           sum.answers ? (double)sum.ns / 1e6 / (double)sum.answers : 0, sum.refused);
    b->failed = b->failed || sum.refused > 0 || sum.answers == 0;
    load_sum_drop(&small);
    load_sum_drop(&sum);
}

static bool doors_open(struct bench *b, char **argv)
{
    const bool has_nginx = !text_is(argv[4], "-");
    bool fine = door_mock(&b->doors[EDGE], argv[1], argv[2], FEW) &&
                door_mock(&b->crowd[EDGE], argv[1], argv[2], SOME) &&
                door_mock(&b->many, argv[1], argv[2], MANY) &&
                door_direct(&b->doors[DIRECT], FEW) && door_direct(&b->crowd[DIRECT], SOME);

    buf_init(&b->bodies[BENCH_CYCLE], 1);
    fine = fine && fetch(b, BENCH_LIST, &b->bodies[BENCH_LIST]) &&
           id_read(&b->bodies[BENCH_LIST], b->id) &&
           fetch(b, BENCH_MACHINE, &b->bodies[BENCH_MACHINE]) &&
           fetch(b, BENCH_SMALL, &b->bodies[BENCH_SMALL]);
    return fine && door_constant(&b->doors[CONSTANT], b->bodies) &&
           (!has_nginx || door_nginx(&b->doors[NGINX], argv[4], argv[3], b->bodies));
}

int main(int argc, char **argv)
{
    static struct bench b;
    const struct rlimit files = {.rlim_cur = 8192, .rlim_max = 8192};
    struct err e = {0};

    if (argc != 5)
        return 2;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    setvbuf(stdout, NULL, _IOLBF, 0);
    b.start_ns = clk_monotonic_ns();
    if (loop_new(&b.loop, NULL, &e) < 0 || !doors_open(&b, argv)) {
        fprintf(stderr, "bench: the doors did not open %s\n", e.text);
        b.failed = true;
    } else {
        for (int what = 0; what < BENCH_WHATS; what++)
            row(&b, (enum bench_what)what, !text_is(argv[4], "-"));
        idle_row(&b);
        many_rows(&b);
        inside_rows();
    }
    for (int i = 0; i < DOORS; i++) {
        door_close(&b.doors[i]);
        door_close(&b.crowd[i]);
    }
    door_close(&b.many);
    return b.failed;
}
