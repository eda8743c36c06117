/* What goes wrong in MAAS itself: armed in words, counted, and ended by MAAS's own monitor. */
#include "tests/test.h"

#include "tests/unit/maas_site.h"

#include <string.h>

static void does(struct maas_site *s, const char *words)
{
    if (!maas_do(s->maas, s->m.now, words, &s->m.events))
        fail_msg("cannot do: %s", words);
}

static void waits(struct maas_site *s, ms_t span)
{
    s->m.now += span;
    maas_get(s, ALICE_KEY, "/MAAS/api/2.0/zones/");
}

static void deploying(struct maas_site *s)
{
    does(s, "machine m1 goes to alice");
    does(s, "machine m1 deploys jammy");
    assert_int_equal(m1(s)->status, MAAS_DEPLOYING);
}

static void a_deployment_that_hangs_is_given_up_after_an_hour(void **state)
{
    struct maas_site *s = *state;

    does(s, "machine m1 hangs Deploying");
    deploying(s);
    waits(s, MINUTES(59));
    assert_int_equal(m1(s)->status, MAAS_DEPLOYING);
    waits(s, MINUTES(2));
    assert_int_equal(m1(s)->status, MAAS_FAILED_DEPLOYMENT);
    assert_int_equal(s->maas->mishaps[MAAS_MISHAP_DEPLOY_HANGS].armed, 1);
    assert_int_equal(s->maas->mishaps[MAAS_MISHAP_DEPLOY_HANGS].fired, 1);
}

static void a_release_that_hangs_fails_after_five_minutes(void **state)
{
    struct maas_site *s = *state;

    deploying(s);
    waits(s, MINUTES(15));
    does(s, "machine m1 hangs Releasing");
    does(s, "machine m1 releases");
    waits(s, MINUTES(6));
    assert_int_equal(m1(s)->status, MAAS_FAILED_RELEASING);
    assert_non_null(strstr(m1(s)->error_description, "timed out after 5 minutes"));
}

static void commissioning_ends_ready_and_switched_off(void **state)
{
    struct maas_site *s = *state;

    does(s, "machine m1 commissions as admin");
    waits(s, MINUTES(1));
    assert_int_equal(m1(s)->power, MAAS_POWER_ON);
    waits(s, MINUTES(10));
    assert_int_equal(m1(s)->status, MAAS_READY);
    assert_int_equal(m1(s)->power, MAAS_POWER_OFF);
    assert_text(m1(s)->owner, "");
}

static void a_dead_bmc_leaves_a_deployed_machine_with_its_holder(void **state)
{
    struct maas_site *s = *state;

    deploying(s);
    waits(s, MINUTES(15));
    does(s, "machine m1 bmc dead");
    assert_int_equal(on_m1(s, ALICE_KEY, "release", ""), 500);
    assert_int_equal(m1(s)->status, MAAS_DEPLOYED);
    assert_text(m1(s)->owner, "alice");
    does(s, "machine m1 works");
    assert_int_equal(on_m1(s, ALICE_KEY, "release", ""), 200);
}

static void exhausted_addresses_give_the_machine_back_to_its_holder(void **state)
{
    struct maas_site *s = *state;

    does(s, "machine m1 goes to alice");
    does(s, "addresses exhausted");
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", ""), 503);
    assert_int_equal(m1(s)->status, MAAS_ALLOCATED);
    does(s, "addresses back");
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", ""), 200);
}

static void a_stale_read_shows_what_was_before(void **state)
{
    struct maas_site *s = *state;

    does(s, "machine m1 goes to alice");
    does(s, "machine m1 reads stale");
    assert_int_equal(read_m1(s, ALICE_KEY), 200);
    assert_non_null(strstr(talk_body(&s->t), "\"status_name\": \"Ready\""));
    does(s, "machine m1 works");
    assert_int_equal(read_m1(s, ALICE_KEY), 200);
    assert_non_null(strstr(talk_body(&s->t), "\"status_name\": \"Allocated\""));
}

static void a_revoked_key_and_a_gone_image_are_refused(void **state)
{
    struct maas_site *s = *state;

    does(s, "machine m1 goes to alice");
    does(s, "image-gone ubuntu/jammy");
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", "distro_series=jammy"), 400);
    does(s, "key-revoked alice");
    assert_int_equal(read_m1(s, ALICE_KEY), 401);
    assert_false(maas_do(s->maas, s->m.now, "key-revoked alice", &s->m.events));
}

static void a_key_a_user_and_an_image_come_back(void **state)
{
    struct maas_site *s = *state;

    does(s, "key of alice revoked");
    assert_int_equal(read_m1(s, ALICE_KEY), 401);
    does(s, "key of alice back");
    assert_int_equal(read_m1(s, ALICE_KEY), 200);
    does(s, "user alice inactive");
    assert_int_equal(read_m1(s, ALICE_KEY), 403);
    does(s, "user alice active");
    does(s, "machine m1 goes to alice");
    does(s, "image ubuntu/jammy gone");
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", "distro_series=jammy"), 400);
    does(s, "image ubuntu/jammy back");
    assert_int_equal(on_m1(s, ALICE_KEY, "deploy", "distro_series=jammy"), 200);
    assert_int_equal(s->maas->mishaps[MAAS_MISHAP_KEY_REVOKED].fired, 1);
    assert_int_equal(s->maas->mishaps[MAAS_MISHAP_IMAGE_GONE].fired, 1);
}

/* The same seed draws the same failures. */
static void a_seed_draws_what_fails(void **state)
{
    struct maas_site *s = *state;
    size_t failed = 0;

    does(s, "deploy-fails one in 3");
    for (size_t i = 0; i < 30; i++) {
        deploying(s);
        waits(s, MINUTES(15));
        failed += m1(s)->status == MAAS_FAILED_DEPLOYMENT;
        does(s, "machines freed");
    }
    assert_in_range(failed, 3, 20);
    assert_int_equal(s->maas->mishaps[MAAS_MISHAP_DEPLOY_FAILS].fired, failed);
}

/* What happens to all of MAAS happens once, with the request that the seed draws. */
static void a_seed_draws_when_it_happens(void **state)
{
    static const struct {
        const char *words;
        enum maas_mishap what;
        bool waits; /* for a client to meet it: nobody does here */
    } rows[] = {
        {"racks gone one in 5", MAAS_MISHAP_NO_RACKS, true},
        {"refuses for 1m one in 5", MAAS_MISHAP_REFUSES, true},
        {"certificate expired one in 5", MAAS_MISHAP_CERT_EXPIRED, true},
        {"image-gone ubuntu/jammy one in 5", MAAS_MISHAP_IMAGE_GONE, false},
        {"time is 1795353804 one in 5", MAAS_MISHAP_CLOCK_SKEWED, false},
        {"key-revoked bob one in 5", MAAS_MISHAP_KEY_REVOKED, false},
    };
    struct maas_site *s = *state;
    struct http_reply told = {0};

    for (size_t i = 0; i < COUNTOF(rows); i++)
        assert_true(maas_told(s->maas, s->m.now, rows[i].words, &told));
    http_reply_drop(&told);
    assert_int_equal(s->maas->mishaps[MAAS_MISHAP_REFUSES].fired, 0);
    for (size_t i = 0; i < 60; i++)
        maas_get(s, ADMIN_KEY, "/MAAS/api/2.0/zones/");
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        assert_int_equal(s->maas->mishaps[rows[i].what].armed, 1);
        assert_int_equal(s->maas->mishaps[rows[i].what].fired, !rows[i].waits);
    }
    assert_int_equal(maas_get(s, BOB_KEY, "/MAAS/api/2.0/zones/"), 401);
    assert_false(maas_told(s->maas, s->m.now, "machines freed one in 5", &told));
    for (size_t i = 0; i < MAAS_CHANCES_MAX; i++)
        assert_true(maas_told(s->maas, s->m.now, "racks gone one in 1000000", &told));
    assert_false(maas_told(s->maas, s->m.now, "racks gone one in 5", &told));
}

int main(void)
{
#define MISHAP_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
    const struct CMUnitTest tests[] = {
        MISHAP_TEST(a_deployment_that_hangs_is_given_up_after_an_hour),
        MISHAP_TEST(a_release_that_hangs_fails_after_five_minutes),
        MISHAP_TEST(commissioning_ends_ready_and_switched_off),
        MISHAP_TEST(a_dead_bmc_leaves_a_deployed_machine_with_its_holder),
        MISHAP_TEST(exhausted_addresses_give_the_machine_back_to_its_holder),
        MISHAP_TEST(a_stale_read_shows_what_was_before),
        MISHAP_TEST(a_revoked_key_and_a_gone_image_are_refused),
        MISHAP_TEST(a_key_a_user_and_an_image_come_back),
        MISHAP_TEST(a_seed_draws_what_fails),
        MISHAP_TEST(a_seed_draws_when_it_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
