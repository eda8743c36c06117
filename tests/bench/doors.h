/* What is measured side by side, each a process of its own: mock-maas as anybody starts it, the
 * same model behind civetweb without the edge, a civetweb that answers constants, and nginx. */
#ifndef TESTS_BENCH_DOORS_H
#define TESTS_BENCH_DOORS_H

#include "lib/base/buf.h"

#include <sys/types.h>

enum bench_what { BENCH_SMALL, BENCH_MACHINE, BENCH_LIST, BENCH_CYCLE, BENCH_WHATS };

#define BENCH_FACTOR 3600 /* so much faster goes domain time: what is released is Ready soon */

struct door {
    int port;
    pid_t pid;
    char cookie[96]; /* not "": behind the edge, which is played by the client */
};

extern const char *const bench_names[BENCH_WHATS]; /* of the files and constants: "/small" … */

/* Each returns false after it has said why. */
bool door_mock(struct door *d, const char *program, const char *users, int machines);
bool door_direct(struct door *d, int machines);
bool door_constant(struct door *d, const struct buf *bodies);
bool door_nginx(struct door *d, const char *program, const char *dir, const struct buf *bodies);
void door_close(struct door *d);
long door_kb(const struct door *d, const char *field); /* "VmRSS:", "VmHWM:" */

#endif
