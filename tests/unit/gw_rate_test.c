/* Budgets hold in every span, whatever the order of calls is (GP-29). */
#include "tests/test.h"

#include "gateway/inner.h"

#define GONE_MAX 4096

/* Takes whenever it may, from `from` to `to`; returns how many, with their times. */
static size_t greedy(struct gw_budget b, ms_t from, ms_t to, ms_t *at)
{
    struct gw_pace p = {0};
    size_t n = 0;

    for (ms_t now = from; now <= to; now = ms_max(now, gw_pace_free(&p, b))) {
        gw_pace_take(&p, b, now);
        assert_true(n < GONE_MAX);
        at[n++] = now;
    }
    return n;
}

static size_t greedy_rate(const struct gw_timing *t, ms_t from, ms_t to, ms_t *at)
{
    struct gw_rate r = {0};
    size_t n = 0;

    for (ms_t now = from; now <= to; now = ms_max(now, gw_rate_free(&r, t))) {
        gw_rate_take(&r, t, now);
        assert_true(n < GONE_MAX);
        at[n++] = now;
    }
    return n;
}

static void at_most(const ms_t *at, size_t n, size_t most, ms_t span)
{
    for (size_t i = most; i < n; i++)
        assert_true(at[i] - at[i - most] > span);
}

static void requests_stay_in_their_budget(void **state)
{
    static const int64_t requests[] = {1, 2, 3, 7, 100, 1000};
    ms_t at[GONE_MAX];

    (void)state;
    for (size_t i = 0; i < COUNTOF(requests); i++) {
        struct gw_timing t;
        size_t n;

        gw_timing_init(&t);
        t.rate_requests = requests[i];
        n = greedy_rate(&t, 5, SECONDS(30), at);
        at_most(at, n, (size_t)requests[i], t.rate_ms);
        assert_true(n >= (size_t)(requests[i] < GW_RATE_MAX
                                      ? requests[i]
                                      : GW_RATE_MAX)); /* and the budget can be used */
    }
}

/* Two hundred creates end within a tenth more than what GP-29 allows, so nearly all of it must be
 * usable, and not little at once. */
static void nearly_all_that_is_allowed_can_be_sent(void **state)
{
    struct gw_timing t;
    ms_t at[GONE_MAX];
    size_t n;

    (void)state;
    gw_timing_init(&t);
    n = greedy_rate(&t, 0, MINUTES(5), at);
    assert_true(n >= 30 * 95);
    assert_int_equal(at[(size_t)t.rate_requests * 2 / 5], 0);
}

static void connections_stay_in_their_budget(void **state)
{
    struct gw_timing t;
    ms_t at[GONE_MAX];
    size_t n;

    (void)state;
    gw_timing_init(&t);
    n = greedy(gw_dial_budget(&t, true), 0, HOURS(3), at);
    at_most(at, n, 20, t.dial_ms);
    at_most(at, n, 300, 60 * t.dial_ms);
    assert_true(n > 600);
}

/* What was answered costs nothing, and saves nothing up either. */
static void what_is_given_back_is_free_again(void **state)
{
    struct gw_timing t;
    struct gw_budget b;
    struct gw_pace p = {0};
    size_t n = 0;

    (void)state;
    gw_timing_init(&t);
    b = gw_dial_budget(&t, true);
    for (int i = 0; i < 1000; i++) {
        gw_pace_take(&p, b, 100);
        gw_pace_give_back(&p, b);
    }
    while (gw_pace_free(&p, b) <= 100) {
        gw_pace_take(&p, b, 100);
        n++;
    }
    assert_int_equal(n, b.burst);
}

/* Names that are missing keep their value; what makes no sense changes nothing (GP-34). */
static void timing_is_all_or_nothing(void **state)
{
    struct gw_timing t;

    (void)state;
    gw_timing_init(&t);
    assert_true(gw_timing_read(&t, "{\"rateRequests\":5,\"callSeconds\":0.25,\"other\":1}"));
    assert_int_equal(t.rate_requests, 5);
    assert_int_equal(t.call_ms, 250);
    assert_int_equal(t.backoff_max_ms, SECONDS(60));
    assert_false(gw_timing_read(&t, "{\"rateRequests\":9,\"callSeconds\":-1}"));
    assert_false(gw_timing_read(&t, "{\"rateRequests\":0}"));
    assert_int_equal(t.rate_requests, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(requests_stay_in_their_budget, CLAUSE(29)),
        clause_test(nearly_all_that_is_allowed_can_be_sent, CLAUSE(29)),
        clause_test(connections_stay_in_their_budget, CLAUSE(29)),
        test(what_is_given_back_is_free_again),
        test(timing_is_all_or_nothing),
    };

    return run_tests(tests);
}
