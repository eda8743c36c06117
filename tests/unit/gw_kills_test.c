/* The process dies, or an answer is lost, at each point of a cluster's life, with the power: what
 * is not synced is gone. Nothing is lost, taken twice or touched that is not ours; and with lots
 * drawn for every answer the same holds. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int stage_open(void **state)
{
    struct fake *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_init(f);
    *state = f;
    return 0;
}

static int stage_close(void **state)
{
    fake_drop(*state);
    free(*state);
    return 0;
}

/* One whole life: create with two machines, give away, take back, delete. */
static void live(struct fake *f)
{
    struct fake_cluster *c = fake_create(f, "c1", 1);

    for (int minutes = 5; c->ours && minutes < 60; minutes += 5)
        fake_until(f, MINUTES(minutes));
    assert_false(c->ours);
    assert_int_equal(c->allocates, 2);
    fake_until(f, MINUTES(61));
    fake_delete(f, c);
    for (int minutes = 65; !c->deleted && minutes < 120; minutes += 5)
        fake_until(f, MINUTES(minutes));
    assert_true(c->deleted);
    assert_int_equal(fake_held(f, "c1"), 0);
    assert_false(f->name_there);
}

static void killed_at_every_effect_no_machine_is_lost(void **state)
{
    struct fake *f = *state;
    size_t all;

    live(f);
    all = f->p.n_effects;
    assert_true(all > 60);
    for (size_t at = 1; at <= all; at++) {
        fake_drop(f);
        fake_init(f);
        f->p.die_at = at;
        live(f);
        assert_int_equal(f->p.starts, 2);
    }
}

/* The other side did it, and we died before we knew. */
static void killed_after_every_answer_no_machine_is_lost(void **state)
{
    static const char *const sides[] = {"maas.site", "v1/x-gp/clusters", "/machines"};
    struct fake *f = *state;

    for (size_t i = 0; i < COUNTOF(sides); i++) {
        for (int n = 1;; n++) {
            fake_drop(f);
            fake_init(f);
            fake_fault(f, sides[i], n, FAKE_DONE, 0, NULL);
            live(f);
            if (f->faults[0].seen < n)
                break;
            assert_int_equal(f->p.starts, 2);
        }
    }
}

static void with_every_answer_of_maas_lost_once_no_machine_is_lost(void **state)
{
    struct fake *f = *state;

    for (int n = 1;; n++) {
        fake_drop(f);
        fake_init(f);
        fake_fault(f, "maas.site", n, FAKE_LOST, 0, NULL);
        live(f);
        if (f->faults[0].seen < n)
            break;
    }
}

/* --- lots ------------------------------------------------------------------------------------- */

#define SEEDS 60

/* The rules are those that the stage judges with every call; that the cluster comes and goes in the
 * end is asked, too. */
static void with_lots_for_every_answer_the_rules_hold(void **state)
{
    struct fake *f = *state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng dice;
        struct fake_cluster *c;

        fake_drop(f);
        fake_init(f);
        rng_seed(&dice, seed);
        f->p.seed = seed;
        f->dice = &dice;
        c = fake_create(f, "c1", 1);
        fake_until(f, MINUTES(rng_between(&dice, 1, 50)));
        fake_delete(f, c);
        fake_until(f, MINUTES(120));
        f->dice = NULL; /* and then the world calms down */
        for (int hours = 3; !c->deleted && hours < 9; hours++)
            fake_until(f, HOURS(hours));
        if (!c->deleted || fake_held(f, "c1") > 0)
            fail_msg("seed %d: it does not end", (int)seed);
    }
}

#define story(function, ...) site_clause_test(function, stage_open, stage_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(killed_at_every_effect_no_machine_is_lost, CLAUSE(13), CLAUSE(8), F(9), F(10), F(11),
              P(1), P(9)),
        story(killed_after_every_answer_no_machine_is_lost, CLAUSE(13), CLAUSE(57)),
        story(with_every_answer_of_maas_lost_once_no_machine_is_lost, CLAUSE(100), P(1), P(3)),
        story(with_lots_for_every_answer_the_rules_hold, P(43), P(2)),
    };

    return run_tests(tests);
}
