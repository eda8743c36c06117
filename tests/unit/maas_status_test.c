/* The law of statuses, held against MAAS's own table, and every operation held against the law. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/verbs.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
#define API               "/MAAS/api/2.0/"

/* As MAAS numbers, names and shows them, and the numbers that may follow (3.2 to 3.7). */
static const struct {
    const char *name, *label, *next;
} law[] = {
    {"new", "New", "1 3 4 7 8 17 21"},
    {"commissioning", "Commissioning", "0 2 3 4 7 8 21"},
    {"failed_commissioning", "Failed commissioning", "1 3 7 8 17 21"},
    {"missing", "Missing", "0 1 4 8 10 17 21"},
    {"ready", "Ready", "1 3 5 7 8 10 17 21"},
    {"reserved", "Reserved", "3 4 7 8 10 12 14 17 21"},
    {"deployed", "Deployed", "3 4 8 10 12 14 17 21"},
    {"retired", "Retired", "0 3 4 8 17 21"},
    {"broken", "Broken", "1 4 6 12 14 17 21"},
    {"deploying", "Deploying", "3 4 6 8 10 11 12 14"},
    {"allocated", "Allocated", "3 4 7 8 9 12 14 17 21"},
    {"failed_deployment", "Failed deployment", "3 4 8 10 12 14 17 21"},
    {"releasing", "Releasing", "0 3 4 5 6 8 10 11 13 15"},
    {"failed_releasing", "Releasing failed", "4 8 12 14 21"},
    {"disk_erasing", "Disk erasing", "4 8 12 14 15"},
    {"failed_disk_erasing", "Failed disk erasing", "4 8 10 12 14 17 21"},
    {"rescue_mode", "Rescue mode", "8 19 21"},
    {"entering_rescue_mode", "Entering rescue mode", "4 6 8 16 18 19"},
    {"failed_entering_rescue_mode", "Failed to enter rescue mode", "8 17 19 21"},
    {"exiting_rescue_mode", "Exiting rescue mode", "0 2 3 4 5 6 7 8 10 11 13 15 16 18 20 22"},
    {"failed_exiting_rescue_mode", "Failed to exit rescue mode", "8 19 21"},
    {"testing", "Testing", "0 1 3 4 5 6 7 8 10 11 13 15 18 20 22"},
    {"failed_testing", "Failed testing", "1 3 4 6 8 17 21"},
};

static bool lists(const char *numbers, unsigned wanted)
{
    char word[8];
    int64_t n = 0;

    while (text_next(&numbers, ' ', word, sizeof(word)))
        if (text_int(word, 0, MAAS_STATUS_COUNT, &n) && n == (int64_t)wanted)
            return true;
    return false;
}

/* A story that names another status is refused, so none may be missing. */
static void a_story_may_name_each_status(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAAS_STATUS_COUNT; i++)
        assert_text(verb_machine_statuses[i], maas_status_label((enum maas_status)i));
    assert_null(verb_machine_statuses[MAAS_STATUS_COUNT]);
}

static void the_law_is_maas_s_own(void **state)
{
    (void)state;
    assert_int_equal(COUNTOF(law), MAAS_STATUS_COUNT);
    for (unsigned from = 0; from < MAAS_STATUS_COUNT; from++) {
        assert_text(maas_status_name((enum maas_status)from), law[from].name);
        assert_text(maas_status_label((enum maas_status)from), law[from].label);
        for (unsigned to = 0; to < MAAS_STATUS_COUNT; to++)
            if (maas_status_may((enum maas_status)from, (enum maas_status)to) !=
                (from == to || lists(law[from].next, to)))
                fail_msg("%s -> %s", law[from].label, law[to].label);
    }
}

static void a_status_is_found_by_label_and_by_name(void **state)
{
    (void)state;
    for (unsigned s = 0; s < MAAS_STATUS_COUNT; s++) {
        assert_int_equal(maas_status_find(law[s].name), s);
        assert_int_equal(maas_status_find(law[s].label), s);
    }
    assert_int_equal(maas_status_find("Disk-erasing"), MAAS_DISK_ERASING);
    assert_int_equal(maas_status_find("absent"), MAAS_STATUS_COUNT);
}

/* Which statuses release accepts: 200 and a change, 200 and none, or 409. */
static void release_is_for_those_that_maas_releases(void **state)
{
    static const char releasable[] = "5 6 8 9 10 11 13 15", silent[] = "4 12";

    (void)state;
    for (unsigned s = 0; s < MAAS_STATUS_COUNT; s++) {
        assert_int_equal(maas_status_releasable((enum maas_status)s), lists(releasable, s));
        assert_false(lists(silent, s) && maas_status_releasable((enum maas_status)s));
    }
}

/* Each operation in each status, power on and off: what it changes is what the law allows (the
 * model aborts otherwise), refused ones change nothing, and time carries on lawfully. */
static void every_operation_obeys_the_law_in_every_status(void **state)
{
    static const char *const ops[] = {"deploy", "release", "power_on", "power_off",
                                      "set_workload_annotations"};
    struct maas_site *s = *state;
    struct maas_machine *one = maas_machine_named(s->maas, "m1");
    const struct maas_machine fresh = *one;
    char target[128];

    for (unsigned i = 0; i < 2 * COUNTOF(ops) * MAAS_STATUS_COUNT; i++) {
        const enum maas_status from = (enum maas_status)(i / (2 * COUNTOF(ops)));
        const char *op = ops[i / 2 % COUNTOF(ops)];
        const bool ready = one->ready;
        const double cost = one->ready_cost;
        int status;

        free(one->user_data);
        maas_annotations_clear(one);
        free(one->annotations);
        *one = fresh;
        one->ready = ready;
        one->ready_cost = cost;
        one->status = from;
        maas_ready_sort(s->maas, one);
        one->power = i % 2 ? MAAS_POWER_ON : MAAS_POWER_OFF;
        if (from != MAAS_NEW && from != MAAS_READY)
            text_copy(one->owner, sizeof(one->owner), "alice");
        snprintf(target, sizeof(target), API "machines/%s/?op=%s", one->system_id, op);
        status = maas_send(s, ALICE_KEY, "POST", target, "k=v");
        assert_true(status == 200 || status == 409);
        assert_true(status == 200 || one->status == from);
        assert_true(maas_status_may(from, one->status) || text_is(op, "deploy"));
        s->m.now += HOURS(1);
        maas_get(s, ALICE_KEY, API "zones/");
    }
}

/* No change of a status escapes the journal: before is always what state was. */
static void the_journal_has_every_change(void **state)
{
    struct maas_site *s = *state;
    const struct event *last = NULL;
    char target[128];

    maas_send(s, ALICE_KEY, "POST", API "machines/?op=allocate", "name=m1");
    snprintf(target, sizeof(target), API "machines/%s/?op=deploy",
             maas_machine_named(s->maas, "m1")->system_id);
    maas_send(s, ALICE_KEY, "POST", target, "");
    s->m.now = HOURS(1);
    maas_get(s, ALICE_KEY, API "zones/");
    for (size_t i = 0; i < s->m.events.n; i++) {
        const struct event *e = ev_list_at(&s->m.events, i);

        if (e->kind != EV_MAAS_STATE || !ev_is(e, EVF_MACHINE, "m1"))
            continue;
        assert_text(ev_text(e, EVF_BEFORE), last ? ev_text(last, EVF_STATE) : "");
        last = e;
    }
    assert_text(ev_text(last, EVF_STATE), "Deployed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_law_is_maas_s_own),
        cmocka_unit_test(a_story_may_name_each_status),
        cmocka_unit_test(a_status_is_found_by_label_and_by_name),
        cmocka_unit_test(release_is_for_those_that_maas_releases),
        STATUS_TEST(every_operation_obeys_the_law_in_every_status),
        STATUS_TEST(the_journal_has_every_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
