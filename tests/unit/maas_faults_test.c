/* Faults by event, an operator's hand, and fleets that are told. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
#define API              "/MAAS/api/2.0/"

/* --- faults and hands
 * ------------------------------------------------------------------------------ */

static void arm(struct maas_site *s, const char *words)
{
    struct maas_fault f;
    struct err e = {0};

    must(maas_fault_read(words, &f, &e), &e);
    assert_true(maas_fault_arm(s->maas, s->m.now, &f, &s->m.events));
}

static void a_lost_answer_is_done_all_the_same(void **state)
{
    struct maas_site *s = *state;

    arm(s, "loses answer to allocate.1");
    allocate(s, ALICE_KEY, "agent_name=mark1");
    assert_true(s->t.rp.lose);
    assert_int_equal(m1(s)->status, MAAS_ALLOCATED);
    assert_int_equal(ev_int(mock_last(&s->m, EV_MAAS_CALL), EVF_LOST), 1);
    assert_int_equal(mock_count(&s->m, EV_FAULT, EVF_KIND, "fired"), 1);
    allocate(s, ALICE_KEY, "agent_name=mark1");
    assert_false(s->t.rp.lose);
}

static void a_fault_may_come_before_or_after_the_deed(void **state)
{
    struct maas_site *s = *state;

    arm(s, "answers release with 409 2 times");
    arm(s, "answers deploy.1 504 after doing it");
    allocate(s, ALICE_KEY, "name=m1");
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", ""), 504);
    assert_int_equal(m1(s)->status, MAAS_DEPLOYING);
    assert_int_equal(on_m1(s, ALICE_KEY, "release", ""), 409);
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_UID, m1(s)->system_id));
    assert_int_equal(on_m1(s, ALICE_KEY, "release", ""), 409);
    assert_int_equal(m1(s)->status, MAAS_DEPLOYING);
    assert_int_equal(on_m1(s, ALICE_KEY, "release", ""), 200);
}

static void silence_lasts_as_long_as_it_was_told(void **state)
{
    struct maas_site *s = *state;

    arm(s, "is silent to any for 3h");
    allocate(s, ALICE_KEY, "name=m1");
    assert_true(s->t.rp.hang);
    assert_int_equal(m1(s)->status, MAAS_READY);
    assert_int_equal(ev_int(mock_last(&s->m, EV_MAAS_CALL), EVF_STATUS), 0);
    s->m.now = HOURS(3);
    assert_int_equal(allocate(s, ALICE_KEY, "name=m1"), 200);
    assert_false(s->t.rp.hang);
}

static void a_quoted_request_shows_its_headers(void **state)
{
    struct maas_site *s = *state;

    arm(s, "answers any with 500 quoting the request 1 times");
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 500);
    assert_non_null(strstr(talk_body(&s->t), ALICE_SECRET));
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
}

static void words_that_are_no_fault_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "loses",
                                      "loses answer to",
                                      "answers allocate",
                                      "answers allocate with 200 1 times",
                                      "answers allocate with 409",
                                      "answers allocate.1 409",
                                      "is silent to any for ever"};
    struct maas_fault f;
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < COUNTOF(bad); i++)
        assert_true(maas_fault_read(bad[i], &f, &e) < 0);
}

static void a_doomed_machine_fails_and_never_boots(void **state)
{
    struct maas_site *s = *state;
    struct maas_boot boot[8];

    assert_true(maas_by_hand(s->maas, 0, "m1", "fails deploy", &s->m.events));
    deploy_m1(s);
    passes(s, MINUTES(9));
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 0);
    passes(s, MINUTES(10));
    read_m1(s, ALICE_KEY);
    shows(s, "status_name", "Failed deployment");
    shows(s, "status_action", "mark_failed");
    shows(s, "owner", "alice");
    assert_int_equal(on_m1(s, ALICE_KEY, "release", ""), 200);
}

static void an_operator_may_do_what_the_law_allows(void **state)
{
    struct maas_site *s = *state;
    struct ev_list *ev = &s->m.events;

    deploy_m1(s);
    passes(s, MINUTES(10));
    assert_false(maas_by_hand(s->maas, s->m.now, "m1", "becomes New", ev));
    assert_false(maas_by_hand(s->maas, s->m.now, "m9", "becomes Ready", ev));
    assert_false(maas_by_hand(s->maas, s->m.now, "m1", "dances", ev));
    assert_true(maas_by_hand(s->maas, s->m.now, "m1", "power reads error", ev));
    read_m1(s, ALICE_KEY);
    shows(s, "power_state", "error");
    assert_true(maas_by_hand(s->maas, s->m.now, "m1", "goes to bob", ev));
    assert_int_equal(read_m1(s, ALICE_KEY), 403);
    read_m1(s, BOB_KEY);
    shows(s, "owner", "bob");
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_MARK), EVF_OWNER, "bob"));
    assert_true(maas_by_hand(s->maas, s->m.now, "m2", "becomes absent", ev));
    assert_null(maas_machine_named(s->maas, "m2"));
    assert_true(ev_is(last_state(s), EVF_STATE, "absent"));
}

static void a_status_may_be_held_for_long(void **state)
{
    struct maas_site *s = *state;

    assert_true(maas_by_hand(s->maas, 0, "m1", "stays Releasing for 9h", &s->m.events));
    deploy_m1(s);
    passes(s, MINUTES(10));
    on_m1(s, ALICE_KEY, "release", "");
    passes(s, HOURS(9));
    assert_int_equal(m1(s)->status, MAAS_RELEASING);
    passes(s, HOURS(10));
    assert_int_equal(m1(s)->status, MAAS_READY);
}

static void a_machine_may_appear(void **state)
{
    struct maas_site *s = *state;
    struct maas_spec spec;
    struct err e = {0};

    maas_spec_default(9, &spec);
    must(maas_spec_read("zone=z9,pool=gold,cpu=16,tags=ssd+gpu", &spec, &e), &e);
    assert_true(maas_machine_add(s->maas, s->m.now, &spec, &s->m.events));
    assert_false(maas_machine_add(s->maas, s->m.now, &spec, &s->m.events));
    assert_int_equal(allocate(s, ALICE_KEY, "pool=gold&tags=gpu&zone=z9&cpu_count=16"), 200);
    shows(s, "hostname", "m9");
    shows(s, "tag_names.1", "gpu");
    assert_true(maas_spec_read("colour=red", &spec, &e) < 0);
    assert_true(maas_spec_read("status=Sleeping", &spec, &e) < 0);
}

static void a_fleet_may_be_told_as_json(void **state)
{
    const char *text = "[{\"name\":\"big\",\"cpu\":64,\"disks\":[{\"gb\":100},{\"gb\":900}]},"
                       "{\"owner\":\"bob\",\"status\":\"Deployed\"}]";
    const struct maas_config c = {.factor = 1, .fleet = text};
    struct maas_spec list[4];
    struct maas *m;
    static const char twice[] = "[{\"name\":\"a\"},{\"name\":\"b\",\"name\":\"c\"}]";
    struct err e = {0};
    size_t n = 0;

    (void)state;
    must(maas_fleet_read(text, strlen(text), list, COUNTOF(list), &n, &e), &e);
    assert_int_equal(n, 2);
    assert_text(list[1].name, "m2");
    m = maas_new(&c);
    assert_int_equal(maas_machine_named(m, "big")->n_disks, 2);
    assert_text(maas_machine_named(m, "m2")->owner, "bob");
    assert_true(maas_machine_named(m, "m2")->addressed);
    maas_free(m);
    assert_true(maas_fleet_read("[{\"colour\":1}]", 14, list, 4, &n, &e) < 0);
    assert_true(maas_fleet_read("[{\"status\":\"x\"}]", 16, list, 4, &n, &e) < 0);
    assert_true(maas_fleet_read(twice, strlen(twice), list, 4, &n, &e) < 0);
    assert_text(e.text, "[1].name: stands there twice; remove one");
}

static void a_fleet_of_another_network_can_be_deployed(void **state)
{
    const char *text = "[{\"name\":\"here\",\"ip\":\"127.0.0.101\"},{\"ip\":\"127.0.0.102\"}]";
    const struct maas_config c = {.factor = 1, .fleet = text};
    struct maas_spec list[1];
    struct err e = {0};
    size_t n;
    struct maas *m = maas_new(&c);

    (void)state;
    assert_int_equal(m->net.n_subnets, 2); /* the lab's own, and one for both */
    assert_text(m->net.subnets[1].cidr, "127.0.0.0/24");
    assert_true(maas_machine_named(m, "here")->nics[0].link);
    maas_free(m);
    assert_true(maas_fleet_read("[{\"ip\":\"10.0.0\"}]", 17, list, 1, &n, &e) < 0);
    assert_text(e.text, "fleet: [0].ip: \"10.0.0\" is no IPv4 address");
}

static void the_same_seed_gives_the_same_ids(void **state)
{
    struct maas_config c = {.factor = 1, .seed = 7, .n_machines = 6};
    struct maas *a = maas_new(&c), *b = maas_new(&c), *d;

    (void)state;
    c.seed = 8;
    d = maas_new(&c);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(strlen(a->machines[i]->system_id), 6);
        assert_text(a->machines[i]->system_id, b->machines[i]->system_id);
        assert_string_not_equal(a->machines[i]->system_id, d->machines[i]->system_id);
    }
    maas_free(a);
    maas_free(b);
    maas_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAULT_TEST(a_lost_answer_is_done_all_the_same),
        FAULT_TEST(a_fault_may_come_before_or_after_the_deed),
        FAULT_TEST(silence_lasts_as_long_as_it_was_told),
        FAULT_TEST(a_quoted_request_shows_its_headers),
        cmocka_unit_test(words_that_are_no_fault_are_refused),
        FAULT_TEST(a_doomed_machine_fails_and_never_boots),
        FAULT_TEST(an_operator_may_do_what_the_law_allows),
        FAULT_TEST(a_status_may_be_held_for_long),
        FAULT_TEST(a_machine_may_appear),
        cmocka_unit_test(a_fleet_may_be_told_as_json),
        cmocka_unit_test(a_fleet_of_another_network_can_be_deployed),
        cmocka_unit_test(the_same_seed_gives_the_same_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
