/* Whether all is well after a kill: a journal that says so, and the same with one record taken away
 * or changed. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/judge/well.h"

#include <stdlib.h>
#include <string.h>

#define STORY                                                                                      \
    "scenario \"one cluster\"\nsite shape nat\nat 0s gateway installs\n"                           \
    "at 1h user creates cluster c1 with 1 nodes\nat 2h user deletes cluster c1\n"                  \
    "end machines held are 0\nrun 3h\n"
#define CREATE_LINE 4
#define DELETE_LINE 5
#define FIELDS_MAX  5

static const struct record {
    enum ev_kind kind;
    struct {
        enum ev_field field;
        const char *text;
    } at[FIELDS_MAX];
} records[] = {
    {EV_LAB_HOST, {{EVF_NAME, "gw1"}, {EVF_WHO, "gateway"}, {EVF_IP, "10.10.0.2"}}},
    {EV_PROG, {{EVF_WHO, "gateway"}, {EVF_KIND, "started"}}},
    {EV_PAL_CALL, {{EVF_WHO, "gateway"}, {EVF_OP, "beat"}, {EVF_STATUS, "204"}}},
    {EV_PAL_GATEWAY, {{EVF_UID, "g1"}, {EVF_STATE, "Running"}, {EVF_BEFORE, "Pending"}}},
    {EV_PAL_CALL, {{EVF_WHO, "gateway"}, {EVF_OP, "feed"}, {EVF_STATUS, "200"}}},
    {EV_ACT, {{EVF_LINE, "4"}, {EVF_FIRED, "1"}}},
    {EV_PAL_CLUSTER,
     {{EVF_CLUSTER, "c1"}, {EVF_UID, "u1"}, {EVF_MARKER, "gp1.u1.c1"}, {EVF_STATE, "Running"}}},
    {EV_MAAS_STATE,
     {{EVF_UID, "s1"},
      {EVF_MACHINE, "m1"},
      {EVF_STATE, "Deployed"},
      {EVF_OWNER, "installer"},
      {EVF_MARKER, "gp1.u1.c1"}}},
    {EV_MAAS_CALL,
     {{EVF_PEER, "10.10.0.2"},
      {EVF_WHO, "installer"},
      {EVF_OP, "machines.allocate"},
      {EVF_METHOD, "POST"},
      {EVF_STATUS, "200"}}},
};

static void give(struct well *w, const struct record *r)
{
    struct event e;

    ev_init(&e, r->kind, 0);
    for (size_t i = 0; i < FIELDS_MAX && r->at[i].text; i++)
        ev_text_add(&e, r->at[i].field, r->at[i].text);
    well_feed(w, &e);
}

/* All of them but `without`, and one more. */
static void told(size_t without, const struct record *more, char why[WELL_WHY_MAX])
{
    struct script *s = calloc(1, sizeof *s);
    struct well *w = calloc(1, sizeof *w);
    struct err e = {0};

    assert_non_null(s);
    assert_non_null(w);
    must(script_read("900-one.scn", STORY, NULL, s, &e), &e);
    assert_int_equal(s->lines[2].number, CREATE_LINE);
    assert_int_equal(s->lines[3].number, DELETE_LINE);
    well_init(w, s);
    for (size_t i = 0; i < COUNTOF(records); i++)
        if (i != without)
            give(w, &records[i]);
    if (more)
        give(w, more);
    if (well_is(w, why))
        assert_string_equal(why, "");
    else
        assert_true(strlen(why) > 10);
    free(w);
    free(s);
}

static void all_is_well_when_every_record_is_there(void **state)
{
    char why[WELL_WHY_MAX];

    (void)state;
    told(COUNTOF(records), NULL, why);
    assert_string_equal(why, "");
}

static void without_one_of_them_it_says_which_thing_is_wrong(void **state)
{
    static const struct {
        size_t without;
        const char *says;
    } rows[] = {
        {1, "is not running"},
        {2, "has not beaten"},
        {3, "is not shown Running"},
        {4, "has not asked for work"},
        {5, "1 machines are held, wanted 0"},
        {6, "m1 is held for no cluster"},
        {7, "holds 0 machines, wanted 1"},
    };
    char why[WELL_WHY_MAX];

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        told(rows[i].without, NULL, why);
        if (!strstr(why, rows[i].says))
            fail_msg("without record %zu: %s", rows[i].without, why);
    }
}

static void with_one_more_it_is_not_well_any_more(void **state)
{
    static const struct {
        struct record more;
        const char *says;
    } rows[] = {
        {{EV_PROG, {{EVF_WHO, "gateway"}, {EVF_KIND, "exited"}}}, "is not running"},
        {{EV_PROG, {{EVF_WHO, "gateway"}, {EVF_KIND, "started"}}}, "has not beaten"},
        {{EV_PAL_GATEWAY, {{EVF_UID, "g1"}, {EVF_STATE, "Unhealthy"}}}, "is not shown Running"},
        {{EV_ACT, {{EVF_LINE, "5"}, {EVF_FIRED, "1"}}}, "c1 is Running and holds 1 machines"},
        {{EV_PAL_CLUSTER,
          {{EVF_CLUSTER, "c1"}, {EVF_UID, "u1"}, {EVF_STATE, "Deleted"}, {EVF_BEFORE, "Running"}}},
         "m1 is held for c1, which is Deleted"},
        {{EV_MAAS_STATE,
          {{EVF_UID, "s2"},
           {EVF_MACHINE, "m2"},
           {EVF_STATE, "Allocated"},
           {EVF_OWNER, "installer"}}},
         "m2 is held for no cluster"},
    };
    char why[WELL_WHY_MAX];

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        told(COUNTOF(records), &rows[i].more, why);
        if (!strstr(why, rows[i].says))
            fail_msg("row %zu: %s", i, why);
    }
}

/* What a restart would meet again and again is one state; what changes it is another. */
static void reads_and_signs_of_life_change_nothing(void **state)
{
    static const struct {
        struct record r;
        bool is;
    } rows[] = {
        {{EV_PAL_CALL, {{EVF_OP, "beat"}, {EVF_METHOD, "PUT"}}}, false},
        {{EV_PAL_CALL, {{EVF_OP, "renew"}, {EVF_METHOD, "POST"}}}, false},
        {{EV_PAL_CALL, {{EVF_OP, "claim"}, {EVF_METHOD, "PUT"}}}, true},
        {{EV_MAAS_CALL, {{EVF_OP, "machines.read"}, {EVF_METHOD, "GET"}}}, false},
        {{EV_MAAS_CALL, {{EVF_OP, "machines.deploy"}, {EVF_METHOD, "POST"}}}, true},
        {{EV_MAAS_STATE, {{EVF_STATE, "Ready"}}}, true},
        {{EV_FLOW_TRY, {{EVF_FROM, "gateway"}}}, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct event e;

        ev_init(&e, rows[i].r.kind, 0);
        for (size_t k = 0; k < FIELDS_MAX && rows[i].r.at[k].text; k++)
            ev_text_add(&e, rows[i].r.at[k].field, rows[i].r.at[k].text);
        if (well_is_change(&e) != rows[i].is)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_well_when_every_record_is_there),
        cmocka_unit_test(without_one_of_them_it_says_which_thing_is_wrong),
        cmocka_unit_test(with_one_more_it_is_not_well_any_more),
        cmocka_unit_test(reads_and_signs_of_life_change_nothing),
    };

    return run_tests(tests);
}
