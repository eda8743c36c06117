/* A machine's life as MAAS's users see it, and as the journal tells it. */
#include "tests/test.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE_TEST(name)                                                                         \
    cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
#define API  "/MAAS/api/2.0/"
#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json; charset=utf-8"

/* --- the way of one life
 * --------------------------------------------------------------------------- */

static void a_machine_is_allocated_deployed_and_released(void **state)
{
    struct maas_site *s = *state;

    deploy_m1(s);
    shows(s, "status_name", "Deploying");
    shows(s, "owner", "alice");
    shows(s, "osystem", "custom");
    passes(s, MINUTES(10));
    assert_int_equal(read_m1(s, ALICE_KEY), 200);
    shows(s, "status_name", "Deployed");
    shows(s, "status_message", "Deployed");
    shows(s, "power_state", "on");
    shows(s, "netboot", "false");
    assert_int_equal(on_m1(s, ALICE_KEY, "release", "comment=done"), 200);
    shows(s, "status_name", "Releasing");
    shows(s, "owner", "alice");
    shows(s, "osystem", "");
    passes(s, MINUTES(11));
    read_m1(s, ALICE_KEY);
    shows(s, "status_name", "Ready");
    shows(s, "status_message", "Released");
    shows(s, "power_state", "off");
    shows(s, "owner", "");
}

/* A gateway that takes the address from deploy's answer would name a lease that nobody has. */
static void the_address_changes_behind_the_answer_of_deploy(void **state)
{
    struct maas_site *s = *state;

    deploy_m1(s);
    shows(s, "ip_addresses.0", "10.10.0.201");
    shows(s, "power_state", "off");
    read_m1(s, ALICE_KEY);
    shows(s, "ip_addresses.0", "10.10.0.101");
    shows(s, "interface_set.0.links.0.ip_address", "10.10.0.101");
    shows(s, "interface_set.0.discovered.0.ip_address", "10.10.0.201");
    on_m1(s, ALICE_KEY, "release", "");
    passes(s, MINUTES(2));
    read_m1(s, ALICE_KEY);
    shows(s, "ip_addresses.0", "10.10.0.201");
    shows(s, "interface_set.0.links.0.ip_address", "");
}

static void time_alone_boots_and_deploys(void **state)
{
    struct maas_site *s = *state;
    struct maas_boot boot[8];

    deploy_m1(s);
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 0);
    passes(s, MINUTES(3) - 1);
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 0);
    passes(s, MINUTES(3));
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 1);
    assert_text(boot[0].hostname, "m1");
    assert_text(boot[0].address, "10.10.0.101");
    assert_int_equal(boot[0].boots, 1);
    assert_true(ev_is(last_state(s), EVF_WHY, "booted"));
    assert_true(ev_is(last_state(s), EVF_STATE, "Deploying"));
    passes(s, MINUTES(10));
    assert_true(ev_is(last_state(s), EVF_STATE, "Deployed"));
    assert_int_equal(maas_due(s->maas), MS_NEVER);
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 1);
    on_m1(s, ALICE_KEY, "release", "");
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 0);
}

/* However seldom somebody looks, the machine is as if somebody had looked all the time. */
static void a_late_look_finds_what_an_early_one_would_have(void **state)
{
    struct maas_site *s = *state;

    s->maas->config.erase_on_release = true;
    deploy_m1(s);
    passes(s, MINUTES(15));
    on_m1(s, ALICE_KEY, "release", "");
    shows(s, "status_name", "Disk erasing");
    s->m.now = HOURS(5);
    read_m1(s, ALICE_KEY);
    shows(s, "status_name", "Ready");
    assert_int_equal(m1(s)->at[MAAS_TIMER_SETTLE], MS_NEVER);
}

static void the_journal_tells_states_marks_and_calls(void **state)
{
    struct maas_site *s = *state;
    const struct event *e;

    assert_int_equal(maas_due(s->maas), 0);
    passes(s, 0);
    assert_int_equal(mock_count(&s->m, EV_MAAS_STATE, EVF_BEFORE, ""), 6);
    deploy_m1(s);
    e = mock_last(&s->m, EV_MAAS_CALL);
    assert_true(ev_is(e, EVF_OP, "machines.deploy"));
    assert_true(ev_is(e, EVF_UID, m1(s)->system_id));
    assert_true(ev_is(e, EVF_MACHINE, "m1"));
    assert_true(ev_is(e, EVF_MARKER, "mark1"));
    assert_true(ev_is(e, EVF_PARAMS, "distro_series=custom/u-2204-k8s-1.30"));
    e = mock_last(&s->m, EV_MAAS_MARK);
    assert_true(ev_is(e, EVF_MARKER, "mark1"));
    assert_true(ev_is(e, EVF_OWNER, "alice"));
    passes(s, MINUTES(10));
    on_m1(s, ALICE_KEY, "release", "");
    e = mock_last(&s->m, EV_MAAS_MARK);
    assert_true(ev_is(e, EVF_MARKER, ""));
    assert_true(ev_is(e, EVF_OWNER, "alice"));
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_MARKER, "mark1"));
    passes(s, MINUTES(11));
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_MARK), EVF_OWNER, ""));
    assert_true(ev_is(last_state(s), EVF_WHY, "released"));
    assert_false(mock_leaks(&s->m, "I2Nsb3Vk"));
    assert_false(mock_leaks(&s->m, "user_data"));
}

/* --- what is refused -----------------------------------------------------------------------------
 */

static void a_foreign_machine_is_seen_by_nobody_else(void **state)
{
    struct maas_site *s = *state;

    deploy_m1(s);
    assert_int_equal(read_m1(s, BOB_KEY), 403);
    answered(s, 403, TEXT, "");
    assert_int_equal(on_m1(s, BOB_KEY, "release", ""), 403);
    assert_int_equal(on_m1(s, BOB_KEY, "deploy", ""), 403);
    assert_int_equal(on_m1(s, BOB_KEY, "power_off", ""), 403);
    maas_get(s, BOB_KEY, API "machines/?hostname=m1");
    answered(s, 200, JSON, "[]");
    assert_int_equal(read_m1(s, ADMIN_KEY), 200);
    maas_get(s, ALICE_KEY, API "machines/zzzzzz/");
    answered(s, 404, "text/plain", "No Machine matches the given query.");
}

static void the_state_decides_what_may_be_done(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(on_m1(s, ALICE_KEY, "release", "erase=perhaps"), 200);
    shows(s, "status_name", "Ready");
    on_m1(s, ALICE_KEY, "power_on", "");
    answered(s, 409, TEXT, "Can't start node: it hasn't been allocated.");
    deploy_m1(s);
    on_m1(s, ALICE_KEY, "deploy", "");
    answered(s, 409, TEXT, "Can't deploy a machine that is in the 'Deploying' state");
    assert_true(maas_by_hand(s->maas, s->m.now, "m1", "becomes Broken", &s->m.events));
    assert_true(maas_by_hand(s->maas, s->m.now, "m1", "becomes Testing", &s->m.events));
    on_m1(s, ALICE_KEY, "release", "");
    answered(s, 409, TEXT, "Machine cannot be released in its current state ('Testing').");
}

static void a_locked_machine_is_left_alone(void **state)
{
    struct maas_site *s = *state;

    deploy_m1(s);
    m1(s)->locked = true;
    on_m1(s, ALICE_KEY, "release", "");
    answered(s, 403, TEXT, "");
    on_m1(s, ADMIN_KEY, "set_workload_annotations", "a=b");
    answered(s, 403, TEXT, "");
    assert_int_equal(read_m1(s, ALICE_KEY), 200);
}

static void an_image_must_be_there_for_deploy(void **state)
{
    struct maas_site *s = *state;

    allocate(s, ALICE_KEY, "name=m1");
    on_m1(s, ALICE_KEY, "deploy", "distro_series=warty");
    answered(s, 400, JSON,
             "{\"distro_series\": [\"'warty' is not a valid distro_series.  It should be one of: "
             "'', 'ubuntu/jammy', 'custom/u-2204-k8s-1.30'.\"]}");
    assert_int_equal(read_m1(s, ALICE_KEY), 200);
    shows(s, "status_name", "Allocated");
    s->maas->images[1].complete = false;
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", "distro_series=u-2204-k8s-1.30"), 400);
    text_copy(s->maas->images[0].architecture, sizeof(s->maas->images[0].architecture),
              "arm64/ga-22.04");
    on_m1(s, ALICE_KEY, "deploy", "distro_series=jammy");
    answered(s, 400, JSON, "{\"hwe_kernel\": [\"jammy has no kernels available.\"]}");
}

/* --- marks ---------------------------------------------------------------------------------------
 */

static void deploy_of_a_free_machine_takes_it_silently(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", "distro_series=jammy&agent_name=mk"), 200);
    shows(s, "owner", "alice");
    shows(s, "distro_series", "jammy");
    assert_text(m1(s)->agent_name, "mk");
    assert_int_equal(mock_count(&s->m, EV_MAAS_STATE, EVF_STATE, "Allocated"), 1);
}

static void annotations_are_the_owners_and_last_until_the_release_has_ended(void **state)
{
    struct maas_site *s = *state;

    on_m1(s, ALICE_KEY, "set_workload_annotations", "a=b");
    answered(s, 409, TEXT, "Cannot set workload annotation: it hasn't been acquired.");
    deploy_m1(s);
    assert_int_equal(on_m1(s, ALICE_KEY, "set_workload_annotations",
                           "gateproof.cluster=u1&gateproof.role=init&x=y"),
                     200);
    shows(s, "workload_annotations.x", "y");
    on_m1(s, ADMIN_KEY, "set_workload_annotations", "a=b");
    answered(s, 409, TEXT, "Cannot set workload annotation: it hasn't been acquired.");
    on_m1(s, ALICE_KEY, "set_workload_annotations", "good=1&k8s.io%2Fx=2");
    answered(s, 500, TEXT, "Invalid character in key name");
    on_m1(s, ALICE_KEY, "set_owner_data", "x=");
    assert_int_equal(m1(s)->n_annotations, 2);
    shows(s, "owner_data.good", "");
    passes(s, MINUTES(12));
    on_m1(s, ALICE_KEY, "release", "");
    assert_text(m1(s)->agent_name, "");
    assert_int_equal(on_m1(s, ALICE_KEY, "set_workload_annotations", "late=1"), 200);
    shows(s, "workload_annotations.late", "1");
    passes(s, MINUTES(14));
    assert_int_equal(m1(s)->n_annotations, 0);
}

/* With disk erasing the mark is kept until the erasing is over. */
static void erasing_keeps_the_mark_until_it_is_over(void **state)
{
    struct maas_site *s = *state;

    deploy_m1(s);
    passes(s, MINUTES(10));
    on_m1(s, ALICE_KEY, "release", "erase=0");
    shows(s, "status_name", "Disk erasing");
    assert_text(m1(s)->agent_name, "mark1");
    on_m1(s, ALICE_KEY, "release", "");
    answered(s, 409, TEXT, "Machine cannot be released in its current state ('Disk erasing').");
    passes(s, MINUTES(30));
    assert_text(m1(s)->agent_name, "");
    assert_int_equal(m1(s)->status, MAAS_RELEASING);
}

/* --- the door ------------------------------------------------------------------------------------
 */

static int door(struct maas_site *s, const char *peer)
{
    char target[256];

    s->m.peer = peer;
    snprintf(target, sizeof(target), "/MAAS/metadata/2012-03-01/by-id/%s/user-data",
             m1(s)->system_id);
    return maas_send(s, NULL, "GET", target, NULL);
}

static void user_data_is_for_the_machine_itself(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(door(s, "10.10.0.101"), 403);
    deploy_m1(s);
    assert_int_equal(door(s, "10.10.0.102"), 403);
    assert_int_equal(door(s, "10.10.0.201"), 403);
    assert_int_equal(door(s, "10.10.0.101"), 200);
    assert_text(talk_body(&s->t), "#cloud-config\n");
    passes(s, MINUTES(10));
    assert_int_equal(door(s, "10.10.0.101"), 200);
    on_m1(s, ALICE_KEY, "release", "");
    assert_int_equal(door(s, "10.10.0.101"), 404);
    passes(s, MINUTES(12));
    assert_int_equal(door(s, "10.10.0.101"), 403);
}

static void user_data_that_is_no_base64_is_handed_on_as_it_is(void **state)
{
    struct maas_site *s = *state;

    on_m1(s, ALICE_KEY, "deploy", "user_data=%23cloud-config%0Aruncmd%3A+%5B%5D%0A");
    assert_int_equal(door(s, "10.10.0.101"), 200);
    assert_text(talk_body(&s->t), "#cloud-config\nruncmd: []\n");
}

/* --- power ---------------------------------------------------------------------------------------
 */

static void power_is_answered_as_it_was(void **state)
{
    struct maas_site *s = *state;
    struct maas_boot boot[8];

    deploy_m1(s);
    passes(s, MINUTES(10));
    on_m1(s, ALICE_KEY, "power_off", "");
    shows(s, "power_state", "on");
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 0);
    on_m1(s, ALICE_KEY, "power_on", "");
    shows(s, "power_state", "off");
    passes(s, MINUTES(13));
    assert_int_equal(maas_booting(s->maas, boot, COUNTOF(boot)), 1);
    assert_int_equal(boot[0].boots, 2);
    on_m1(s, ALICE_KEY, "power_off", "");
    on_m1(s, ALICE_KEY, "release", ""); /* off already: free at once */
    shows(s, "status_name", "Ready");
    shows(s, "owner", "");
}

/* --- images --------------------------------------------------------------------------------------
 */

static void an_upload_is_listed_before_it_is_complete(void **state)
{
    struct maas_site *s = *state;

    s->maas->images[1].complete = false;
    maas_get(s, ALICE_KEY, API "boot-resources/");
    shows(s, "0.name", "ubuntu/jammy");
    shows(s, "1.name", "u-2204-k8s-1.30");
    shows(s, "1.type", "Uploaded");
    shows(s, "1.complete", "");
    maas_get(s, ALICE_KEY, API "boot-resources/2/");
    shows(s, "sets.20260401.complete", "false");
    maas_get(s, ALICE_KEY, API "boot-resources/?type=synced");
    shows(s, "1.name", "");
    maas_get(s, ALICE_KEY, API "boot-resources/?type=frob");
    answered(s, 400, TEXT,
             "'frob' is not a valid boot resource type. Available types: ['synced', 'uploaded']");
    maas_get(s, ALICE_KEY, API "boot-resources/999/");
    answered(s, 404, "text/plain", "No BootResource matches the given query.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MACHINE_TEST(a_machine_is_allocated_deployed_and_released),
        MACHINE_TEST(the_address_changes_behind_the_answer_of_deploy),
        MACHINE_TEST(time_alone_boots_and_deploys),
        MACHINE_TEST(a_late_look_finds_what_an_early_one_would_have),
        MACHINE_TEST(the_journal_tells_states_marks_and_calls),
        MACHINE_TEST(a_foreign_machine_is_seen_by_nobody_else),
        MACHINE_TEST(the_state_decides_what_may_be_done),
        MACHINE_TEST(a_locked_machine_is_left_alone),
        MACHINE_TEST(an_image_must_be_there_for_deploy),
        MACHINE_TEST(deploy_of_a_free_machine_takes_it_silently),
        MACHINE_TEST(annotations_are_the_owners_and_last_until_the_release_has_ended),
        MACHINE_TEST(erasing_keeps_the_mark_until_it_is_over),
        MACHINE_TEST(user_data_is_for_the_machine_itself),
        MACHINE_TEST(user_data_that_is_no_base64_is_handed_on_as_it_is),
        MACHINE_TEST(power_is_answered_as_it_was),
        MACHINE_TEST(an_upload_is_listed_before_it_is_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
