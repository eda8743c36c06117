/* Failures that others had: of clients of MAAS (P1 to P45) and of private gateways in the field
 * (F-01 to F-30), one row each in failures.inc, in our words. The tests that show that a gateway of
 * ours does better cite them (tests/test.h), and ci/clauses collects the citations. A story that is
 * not about a gateway for bare metal says why instead. */
#ifndef SCENARIOS_JUDGE_FAILURES_H
#define SCENARIOS_JUDGE_FAILURES_H

#include "lib/base/buf.h"

struct failure {
    char series; /* 'P' or 'F' */
    int number;
    const char *not_ours; /* why; NULL: it is */
    const char *says;     /* what went wrong, or is wanted instead */
};
struct failure_cite {
    char series;
    int number;
    const char *program, *test; /* test "": the whole program */
};
extern const struct failure failures[];
extern const size_t n_failures;

/* The list for people, or as Markdown (docs/failures.md); what no test shows stands out. */
void failures_write(struct buf *out, bool markdown);

#endif
