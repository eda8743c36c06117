/* To be included first by every test: cmocka wants its four headers in this order. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/err.h"

/* must(r, &e): r is not negative, else the test fails with the error's sentence. */
#define must(result, e)                                                                            \
    do {                                                                                           \
        const int must_r_ = (result);                                                              \
        if (must_r_ < 0)                                                                           \
            fail_msg("%s is %d: %s", #result, must_r_, (e)->text);                                 \
    } while (0)

/* must_fail(r, &e, code, "sentence"): r is that code and the sentence is exactly this one. */
#define must_fail(result, e, wanted_code, sentence)                                                \
    do {                                                                                           \
        assert_int_equal((result), (wanted_code));                                                 \
        assert_string_equal((e)->text, (sentence));                                                \
    } while (0)

#define assert_text(seen, wanted) assert_string_equal((seen), (wanted))

/* One row of a list of tests, without a word for the list's type. */
#define test(function) cmocka_unit_test(function)
/* A test that proves clauses of docs/gateway-profile.md: `clause_test(a_late_claim_is_refused,
 * CLAUSE(54), CLAUSE(44))`; or that a known failure of others (docs/failures.md) does not happen
 * here: P(3), F(11). It registers itself: the program started with GATEPROOF_CITES in its
 * environment prints "test GP54" lines and ends; ci/clauses collects them for
 * `gateproof rules --clauses` and `--failures`. */
#define CITE(series, n, last)                                                                      \
    ((series) + (n) + 0 * sizeof(char[(n) >= 1 && (n) <= (last) ? 1 : -1]))
#define CLAUSE(n) CITE(0, n, 114)
#define P(n)      CITE(CITE_P, n, 45)
#define F(n)      CITE(CITE_F, n, 30)
#define CITE_P    1000
#define CITE_F    2000
#define CITES_MAX 12
struct test_cite {
    const char *test;
    int clauses[CITES_MAX]; /* 0 ends them */
};
#define clause_test(function, ...) site_clause_test(function, NULL, NULL, __VA_ARGS__)
/* The same on a site that is made and taken down for it; and with no clause, a test like any. */
#define site_clause_test(function, setup, teardown, ...)                                           \
    ({                                                                                             \
        static const struct test_cite cite_ = {#function, {__VA_ARGS__}};                          \
        static const struct test_cite *const entry_ __attribute__((section("test_cites"), used)) = \
            &cite_;                                                                                \
        (struct CMUnitTest){#function, function, setup, teardown, NULL};                           \
    })
#undef run_tests /* cmocka has a deprecated macro of this name */
#define run_tests(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif
