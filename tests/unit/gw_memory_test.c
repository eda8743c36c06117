/* What is only remembered of clusters is forgotten durably, too: a record that is gone is gone
 * before the step that follows (GP-8, GP-46). */
#include "tests/test.h"

#include "tests/unit/gw_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY   "{\"cursor\":\"c\",\"accounts\":[],\"clusters\":[],\"queries\":[]}"
#define RECORDS (GW_MEMORIES_MAX + 2)

struct given {
    struct gw_record at[RECORDS];
    char bytes[RECORDS][64];
};

static struct given *given_new(size_t n)
{
    struct given *x = calloc(1, sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++) {
        snprintf(x->at[i].key, sizeof x->at[i].key, "cluster.u%zu", i);
        x->at[i].len = (size_t)snprintf(x->bytes[i], sizeof x->bytes[i],
                                        "{\"uid\":\"u%zu\",\"epoch\":2,\"revision\":1}", i);
        x->at[i].bytes = x->bytes[i];
    }
    return x;
}

/* Effects of one step: how many records it forgets; each of them is followed by a sync before
 * anything leaves. */
static size_t forgets(const struct gw_effects *fx)
{
    bool dirty = false;
    size_t n = 0;

    for (size_t i = 0; i < fx->n; i++) {
        const enum gw_effect_kind kind = fx->at[i].kind;

        n += kind == GW_FX_FORGET;
        dirty = (dirty || kind == GW_FX_FORGET || kind == GW_FX_PERSIST) && kind != GW_FX_SYNC;
        assert_false(dirty && kind == GW_FX_CALL);
    }
    assert_false(dirty);
    return n;
}

/* The oldest give way when there is no more room for what was read. */
static void more_than_can_be_remembered_are_forgotten_durably(void **state)
{
    struct play *p = *state;
    struct given *x = given_new(RECORDS);
    struct gw_event event = {
        .kind = GW_EV_START, .config = &p->config, .records = x->at, .n_records = RECORDS};
    struct gw *g = gw_new();

    gw_effects_init(p->fx);
    gw_step(g, &event, p->fx);
    assert_int_equal(forgets(p->fx), RECORDS - GW_MEMORIES_MAX);
    gw_effects_drop(p->fx);
    gw_free(g);
    free(x);
}

/* The stage asserts with each step that what was forgotten is synced. */
static void after_three_days_a_record_is_gone_for_good(void **state)
{
    struct play *p = *state;
    const struct play_record *r = &p->records[0];
    struct given *x = given_new(1);

    memcpy(p->records[0].key, x->at[0].key, sizeof x->at[0].key);
    buf_init(&p->records[0].bytes, GW_RECORD_MAX);
    buf_add(&p->records[0].bytes, x->at[0].bytes, x->at[0].len);
    p->n_records = 1;
    play_link(p);
    assert_string_equal(r->key, "cluster.u0");
    play_until(p, HOURS(73));
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN); /* asked for long ago, and too old */
    play_reply(p, "/credential", 200, PLAY_GRANTED_AGAIN);
    play_until(p, HOURS(73) + MINUTES(1));
    play_reply(p, "/feed", 200, EMPTY);
    assert_string_equal(play_record_of(p, "cluster.u0"), "");
    free(x);
}

#define story(function) cmocka_unit_test_setup_teardown(function, play_open, play_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(more_than_can_be_remembered_are_forgotten_durably),
        story(after_three_days_a_record_is_gone_for_good),
    };

    return run_tests(tests);
}
