/* Clients for measuring: each keeps one request on its way over a connection that is kept open, and
 * what an answer took is counted. Long bodies are thrown away in the kernel. */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include "lib/base/buf.h"
#include "lib/io/loop.h"

#include <sys/types.h>

#define LOAD_CLIENTS_MAX 16
#define LOAD_SAMPLES_MAX (1 << 19)
#define LOAD_BODY_MAX    KIB(64) /* of an answer that is looked at */

struct load_client {
    struct load *l;
    size_t i;
    int fd;
    struct loop_watch *watch;
    struct buf out, in; /* in: the head, and the body when it is short */
    size_t out_at, left;
    bool in_body;
    int status;
    int64_t asked_ns;
    /* Whoever asks. */
    int step;
    char id[8];
};

/* What one kind of load came to, over all its rounds. */
struct load_sum {
    uint64_t answers, units, refused; /* units: answers, or whole cycles; refused: no 2xx */
    int64_t ns, cpu_ms;               /* time asked for; what the server used of it */
    uint32_t *us;
    size_t n_us;
};

struct load {
    struct loop *loop;
    int port;
    pid_t pid; /* whose time is counted; 0: nobody's */
    size_t n;
    bool broken;
    void (*ask)(void *arg, struct load_client *c, struct buf *out);
    /* The answer is in c->in, c->status; true: a unit is complete. */
    bool (*got)(void *arg, struct load_client *c);
    void *arg;
    struct load_sum *sum;
    struct load_client clients[LOAD_CLIENTS_MAX];
};

int load_connect(int port); /* -1: nobody there */
/* Asks for so long. false: a connection ended, or an answer was none. */
bool load_run(struct load *l, ms_t span);
double load_rate(const struct load_sum *s); /* units a second */
double load_cost(const struct load_sum *s); /* the server's microseconds a unit */
double load_p99_ms(struct load_sum *s);
void load_sum_drop(struct load_sum *s);

#endif
