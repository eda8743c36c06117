/* What can be written in a minute is bounded, and nothing is left out in silence. */
#include "tests/test.h"

#include "lib/io/log.h"

static unsigned passed(struct log_gate *g, ms_t now, unsigned n, unsigned *left_out)
{
    unsigned yes = 0, told;

    *left_out = 0;
    while (n-- > 0) {
        yes += log_gate_pass(g, now, &told);
        *left_out += told;
    }
    return yes;
}

static void a_flood_is_cut_and_counted(void **state)
{
    struct log_gate g = {0};
    unsigned left_out;

    (void)state;
    assert_int_equal(passed(&g, 5, LOG_GATE_LINES + 50, &left_out), LOG_GATE_LINES);
    assert_int_equal(left_out, 0);
    assert_int_equal(passed(&g, 4 + LOG_GATE_MS, 10, &left_out), 0);
    assert_int_equal(passed(&g, 5 + LOG_GATE_MS, 10, &left_out), 10);
    assert_int_equal(left_out, 60);
    assert_int_equal(passed(&g, 5 + 3 * LOG_GATE_MS, LOG_GATE_LINES, &left_out), LOG_GATE_LINES);
    assert_int_equal(left_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_flood_is_cut_and_counted)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
