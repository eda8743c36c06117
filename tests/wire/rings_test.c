/* Many writers' rings become one list in order of seq, and nothing is lost, held for ever, or put
 * in before what was numbered earlier. */
#include "tests/test.h"

#include "scenarios/engine/rings.h"

static void put(struct rings *r, enum ev_src src)
{
    struct event e;
    ev_init(&e, EV_NOTE, 0);
    ev_text_add(&e, EVF_TEXT, "x");
    journal_put(r->ring[src], &e);
}

static void open_three(struct rings *r)
{
    struct err e;
    must(rings_new(r, &e), &e);
    must(rings_open(r, EVS_ENGINE, false, &e), &e);
    must(rings_open(r, EVS_MAAS, true, &e), &e);
    must(rings_open(r, EVS_PALETTE, true, &e), &e);
}

static void assert_order(const struct rings *r, size_t n)
{
    assert_int_equal(r->out.n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ev_list_at(&r->out, i)->seq, i + 1);
}

static void records_of_all_writers_come_in_order(void **state)
{
    struct rings r;
    (void)state;
    open_three(&r);
    put(&r, EVS_PALETTE);
    put(&r, EVS_ENGINE);
    put(&r, EVS_MAAS);
    put(&r, EVS_ENGINE);
    assert_true(rings_waiting(&r));
    assert_int_equal(rings_take(&r, true), 4);
    assert_order(&r, 4);
    assert_false(rings_waiting(&r));
    rings_drop(&r);
}

/* A number that was taken and is not written yet holds back what came after it. */
static void a_missing_number_holds_the_later_ones_back(void **state)
{
    struct rings r;
    (void)state;
    open_three(&r);
    put(&r, EVS_ENGINE);
    put(&r, EVS_MAAS);
    put(&r, EVS_ENGINE);
    struct journal_ring *late = r.ring[EVS_MAAS];
    r.ring[EVS_MAAS] = NULL; /* its record is not there yet */
    assert_int_equal(rings_take(&r, false), 1);
    r.ring[EVS_MAAS] = late;
    assert_int_equal(rings_take(&r, false), 2);
    assert_order(&r, 3);
    rings_drop(&r);
}

/* At rest nobody is writing: what is missing then stays missing, and the rest goes on. */
static void at_rest_a_missing_number_is_not_waited_for(void **state)
{
    struct rings r;
    (void)state;
    open_three(&r);
    put(&r, EVS_MAAS);
    put(&r, EVS_ENGINE);
    journal_ring_free(r.ring[EVS_MAAS]);
    r.ring[EVS_MAAS] = NULL;
    assert_int_equal(rings_take(&r, false), 0);
    assert_int_equal(rings_take(&r, true), 1);
    assert_int_equal(ev_list_at(&r.out, 0)->seq, 2);
    rings_drop(&r);
}

/* Story 004 leans on it: exactly one record of exactly one writer goes. */
static void a_record_is_lost_when_asked_for(void **state)
{
    struct rings r;
    (void)state;
    open_three(&r);
    r.lose[EVS_MAAS] = true;
    put(&r, EVS_ENGINE);
    put(&r, EVS_MAAS);
    put(&r, EVS_MAAS);
    assert_int_equal(rings_take(&r, true), 2);
    assert_int_equal(ev_list_at(&r.out, 1)->nth, 2);
    rings_drop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(records_of_all_writers_come_in_order),
        test(a_missing_number_holds_the_later_ones_back),
        test(at_rest_a_missing_number_is_not_waited_for),
        test(a_record_is_lost_when_asked_for),
    };
    return run_tests(tests);
}
