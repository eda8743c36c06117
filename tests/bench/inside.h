/* The model alone, without sockets: what a request costs among few and among many machines. */
#ifndef TESTS_BENCH_INSIDE_H
#define TESTS_BENCH_INSIDE_H

#include <stddef.h>

struct inside {
    double read_us, cycle_us; /* the processor's: one read; allocate, deploy and release */
    size_t cycles_failed;
};
void inside_measure(size_t machines, struct inside *ret);

#endif
