/* The metadata service: a machine's own key opens it, and it opens nothing else. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <string.h>

#define API  "/MAAS/api/2.0/"
#define DOOR "/MAAS/metadata/2012-03-01/"

/* m1's key, as an administrator is told it. */
static void token_of_m1(struct maas_site *s, char *key, size_t size)
{
    char target[128], part[3][64];
    static const char *const names[] = {"consumer_key", "token_key", "token_secret"};

    snprintf(target, sizeof(target), API "machines/%s/?op=get_token", m1(s)->system_id);
    assert_int_equal(maas_get(s, ADMIN_KEY, target), 200);
    for (size_t i = 0; i < COUNTOF(names); i++)
        talk_pick(&s->t, names[i], part[i], sizeof(part[i]));
    snprintf(key, size, "%s:%s:%s", part[0], part[1], part[2]);
}

static void a_machine_reads_what_it_was_given(void **state)
{
    struct maas_site *s = *state;
    char key[256];

    deploy_m1(s);
    token_of_m1(s, key, sizeof(key));
    assert_int_equal(maas_get(s, key, DOOR "meta-data/instance-id"), 200);
    assert_text(talk_body(&s->t), m1(s)->system_id);
    assert_int_equal(maas_get(s, key, DOOR "meta-data/local-hostname"), 200);
    assert_text(talk_body(&s->t), "m1.maas");
    assert_int_equal(maas_get(s, key, DOOR "user-data"), 200);
    assert_text(talk_body(&s->t), "#cloud-config\n");
    assert_int_equal(maas_get(s, key, DOOR "meta-data/nosuch"), 404);
    assert_int_equal(maas_get(s, key, "/MAAS/metadata/1999-01-01/user-data"), 404);
}

static void its_key_opens_nothing_else(void **state)
{
    struct maas_site *s = *state;
    char key[256];

    deploy_m1(s);
    token_of_m1(s, key, sizeof(key));
    assert_int_equal(maas_get(s, key, API "zones/"), 401);
    assert_int_equal(maas_get(s, ALICE_KEY, DOOR "user-data"), 403);
    answered(s, 403, MAAS_TEXT, "Not authenticated as a known node.");
    assert_int_equal(maas_get(s, NULL, DOOR "user-data"), 401);
    key[strlen(key) - 1] ^= 1;
    assert_int_equal(maas_get(s, key, DOOR "user-data"), 401);
}

static void without_user_data_there_is_none(void **state)
{
    struct maas_site *s = *state;
    char key[256];

    assert_int_equal(allocate(s, ALICE_KEY, "name=m1"), 200);
    token_of_m1(s, key, sizeof(key));
    assert_int_equal(maas_get(s, key, DOOR "user-data"), 404);
}

#define DOOR_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST(a_machine_reads_what_it_was_given),
        DOOR_TEST(its_key_opens_nothing_else),
        DOOR_TEST(without_user_data_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
