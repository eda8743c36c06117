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
#undef run_tests /* cmocka has a deprecated macro of this name */
#define run_tests(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif
