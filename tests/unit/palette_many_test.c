/* What keeps a large Palette quick: tables by hash, and who is due next. Against the slow way. */
#include "tests/test.h"

#include "lib/base/places.h"
#include "lib/base/rng.h"
#include "mock-palette/due.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

#define NUMBERS 300
#define ROUNDS  20000

/* Few hashes, so that entries stand in each other's way; many removals. */
static void places_are_found_and_forgotten(void **state)
{
    struct places t = {.n = 0};
    bool is_in[NUMBERS] = {false};
    struct rng r;

    (void)state;
    rng_seed(&r, 7);
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t i = (size_t)rng_between(&r, 0, NUMBERS - 1);
        const uint64_t hash = i % 37;
        size_t cursor = 0, found, n = 0, wanted = 0;

        if (is_in[i])
            places_remove(&t, hash, i);
        else
            places_put(&t, hash, i);
        is_in[i] = !is_in[i];
        while (places_next(&t, hash, &cursor, &found)) {
            assert_true(is_in[found] && found % 37 == hash);
            n++;
        }
        for (size_t j = (size_t)hash; j < NUMBERS; j += 37)
            wanted += is_in[j];
        assert_int_equal(n, wanted);
    }
    places_drop(&t);
}

static void the_next_one_is_the_soonest(void **state)
{
    struct pal_due d = {.n = 0};
    ms_t at[NUMBERS];
    struct rng r;

    (void)state;
    rng_seed(&r, 7);
    for (size_t i = 0; i < NUMBERS; i++)
        at[i] = MS_NEVER;
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t i = (size_t)rng_between(&r, 0, NUMBERS - 1);
        ms_t soonest = MS_NEVER, told;
        size_t first = 0, number = 0;

        at[i] = rng_between(&r, 0, 3) ? rng_between(&r, 0, 500) : MS_NEVER;
        pal_due_set(&d, i, at[i]);
        for (size_t j = NUMBERS; j-- > 0;)
            if (at[j] != MS_NEVER && at[j] <= soonest) {
                soonest = at[j];
                first = j;
            }
        told = pal_due_next(&d, &number);
        assert_true(told == soonest);
        if (told != MS_NEVER)
            assert_int_equal(number, first);
    }
    pal_due_drop(&d);
}

/* Each of many gateways is due by its own heartbeat, and is found by its own uid and token. */
static void many_gateways_are_told_apart(void **state)
{
    struct palette_site *s = ((struct cluster_site *)*state)->s;
    char uids[20][64], tokens[20][128];

    for (size_t i = 0; i < COUNTOF(uids); i++) {
        palette_running(s);
        memcpy(uids[i], s->uid, sizeof(uids[i]));
        memcpy(tokens[i], s->token, sizeof(tokens[i]));
        palette_pass(s, SECONDS(1));
    }
    for (size_t i = 0; i < COUNTOF(uids); i++) {
        memcpy(s->uid, uids[i], sizeof(uids[i]));
        memcpy(s->token, tokens[i], sizeof(tokens[i]));
        assert_int_equal(gateway(s, "GET", at(s, "/v1/overlords/%s"), NULL), 200);
        memcpy(s->token, tokens[(i + 1) % COUNTOF(uids)], sizeof(tokens[i]));
        assert_int_equal(gateway(s, "GET", at(s, "/v1/overlords/%s"), NULL), 403);
    }
    palette_pass(s, SECONDS(600) - SECONDS(10)); /* ten of them were silent for too long */
    assert_int_equal(mock_count(&s->m, EV_PAL_GATEWAY, EVF_STATE, "Unhealthy"), 11 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_found_and_forgotten),
        cmocka_unit_test(the_next_one_is_the_soonest),
        CLUSTER_TEST(many_gateways_are_told_apart),
    };

    return run_tests(tests);
}
