/* Thousands of connections of one process, each with one request at a time, on one loop. For load:
 * whatever goes wrong ends the program with a sentence. */
#ifndef TESTS_BENCH_TALK_H
#define TESTS_BENCH_TALK_H

#include "lib/base/buf.h"
#include "lib/io/loop.h"

struct line; /* one connection */
/* The answer is whole; the text is good until it returns. It may ask again on this line. */
typedef void line_fn(struct line *l, int status, const char *answer);

struct line {
    struct talks *talks;
    struct loop_watch *watch;
    int fd;
    bool asking;
    int64_t asked_ns; /* monotonic */
    int status;       /* of the last answer */
    struct buf in, out;
    line_fn *done;
    void *who;
};

struct talks {
    struct loop *loop;
    struct loop_timer *enough;
    size_t asking;
};

void die(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));
void talks_init(struct talks *t);
void line_open(struct talks *t, struct line *l, int port);
/* headers: "Name: value\r\n" lines; body NULL: none, else JSON. */
void line_ask(struct talks *t, struct line *l, const char *method, const char *path,
              const char *headers, const char *body);
void talks_run(struct talks *t, int wait_ms); /* what has come by now, or comes within that time */
/* Asks and waits for the answer: its status must be that one. Good until the line asks again. */
const char *line_wait(struct talks *t, struct line *l, const char *method, const char *path,
                      const char *headers, const char *body, int status);
/* The text behind `before` up to a quote or the line's end. */
void pick(const char *answer, const char *before, char *out, size_t size);

#endif
