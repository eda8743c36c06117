#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READS_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
#define API              "/MAAS/api/2.0/"
#define TEXT             "text/plain; charset=utf-8"
#define JSON             "application/json; charset=utf-8"

static void lists_are_indented_by_four(void **state)
{
    struct maas_site *s = *state;

    maas_world_fresh(s->maas);
    maas_get(s, ALICE_KEY, API "zones/");
    answered(s, 200, JSON,
             "[\n    {\n        \"name\": \"default\",\n        \"description\": \"\",\n"
             "        \"id\": 1,\n        \"resource_uri\": \"/MAAS/api/2.0/zones/default/\"\n"
             "    }\n]");
    maas_get(s, ALICE_KEY, API "subnets/");
    answered(s, 200, JSON, "[]");
    assert_true(talk_header(&s->t, "Vary", "Authorization, Cookie"));
    assert_true(talk_header(&s->t, "X-Frame-Options", "DENY"));
    assert_true(talk_header(&s->t, "X-Maas-Api-Hash", NULL));
}

static void the_lab_has_more_than_a_fresh_maas(void **state)
{
    struct maas_site *s = *state;
    char text[128];

    maas_get(s, ALICE_KEY, API "zones/");
    assert_text(talk_pick(&s->t, "1.name", text, sizeof(text)), "z1");
    assert_text(talk_pick(&s->t, "2.name", text, sizeof(text)), "z2");
    maas_get(s, ALICE_KEY, API "resourcepools/");
    assert_text(talk_pick(&s->t, "1.resource_uri", text, sizeof(text)),
                "/MAAS/api/2.0/resourcepool/1/");
    maas_get(s, ALICE_KEY, API "tags/");
    assert_text(talk_pick(&s->t, "1.name", text, sizeof(text)), "t1");
    maas_get(s, ALICE_KEY, API "subnets/");
    assert_text(talk_pick(&s->t, "0.cidr", text, sizeof(text)), "10.10.0.0/24");
    assert_text(talk_pick(&s->t, "0.vlan.fabric", text, sizeof(text)), "fabric-0");
    maas_get(s, ALICE_KEY, API "domains/");
    assert_text(talk_pick(&s->t, "0.name", text, sizeof(text)), "maas");
    assert_text(talk_pick(&s->t, "0.is_default", text, sizeof(text)), "true");
}

struct reading {
    const char *target;
    int status;
    const char *body; /* NULL: do not look */
};

static void items_are_found_by_the_specifiers_of_maas(void **state)
{
    struct maas_site *s = *state;
    static const struct reading readings[] = {
        {API "zones/default/", 200, NULL},
        {API "zones/1/", 404, "No Zone matches the given query."},
        {API "resourcepool/0/", 200, NULL},
        {API "resourcepool/p1/", 200, NULL},
        {API "resourcepool/99/", 404, "No ResourcePool matches the given query."},
        {API "resourcepool/99999999999999999999/", 404, "No ResourcePool matches the given query."},
        {API "tags/t1/", 200, NULL},
        {API "tags/nosuch/", 404, "No Tag matches the given query."},
        {API "domains/0/", 200, NULL},
        {API "domains/maas/", 200, NULL},
        {API "domains/99/", 404, "No Domain matches the given query."},
        {API "subnets/1/", 200, NULL},
        {API "subnets/private/", 200, NULL},
        {API "subnets/name:private/", 200, NULL},
        {API "subnets/cidr:10.10.0.0%2F24/", 200, NULL},
        {API "subnets/99/", 404, "No Subnet matches the given query."},
        {API "users/bob/", 200, NULL},
        {API "users/nosuch/", 404, "No User matches the given query."},
    };

    for (size_t i = 0; i < COUNTOF(readings); i++) {
        assert_int_equal(maas_get(s, ALICE_KEY, readings[i].target), readings[i].status);
        if (readings[i].body)
            answered(s, readings[i].status, "text/plain", readings[i].body);
    }
}

/* Unknown endpoints are told before credentials are asked for. */
static void unknown_endpoints_are_404_for_everybody(void **state)
{
    struct maas_site *s = *state;

    maas_get(s, NULL, API "nosuch/");
    answered(s, 404, TEXT, "Unknown API endpoint: /MAAS/api/2.0/nosuch/.");
    assert_false(talk_header(&s->t, "Vary", NULL));
    assert_false(talk_header(&s->t, "X-Maas-Api-Hash", NULL));
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_OP, "unknown"));
    maas_get(s, NULL, API "zones");
    answered(s, 404, TEXT, "Unknown API endpoint: /MAAS/api/2.0/zones.");
    maas_get(s, NULL, "/MAAS/api/1.0/nodes/");
    answered(s, 410, "text/plain",
             "The 1.0 API is no longer available. Please use API version 2.0.");
    maas_get(s, NULL, "/MAAS/api/version/");
    answered(s, 200, "text/plain", "2.0");
    assert_int_equal(maas_get(s, NULL, "/"), 404);
}

static void doubled_slashes_are_one(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(maas_get(s, NULL, "/MAAS//api//2.0//version//"), 200);
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones//"), 200);
}

static void wrong_verbs_are_405_without_a_body(void **state)
{
    struct maas_site *s = *state;

    maas_send(s, ALICE_KEY, "PATCH", API "zones/", "");
    answered(s, 405, "text/html; charset=utf-8", "");
    assert_true(talk_header(&s->t, "Allow", "GET, POST"));
    maas_send(s, ALICE_KEY, "HEAD", API "zones/", NULL);
    assert_int_equal(s->t.rp.status, 405);
    maas_send(s, ADMIN_KEY, "POST", API "resourcepool/0/", "");
    assert_int_equal(s->t.rp.status, 405);
    maas_send(s, NULL, "PATCH", API "zones/", "");
    answered(s, 401, "text/plain", "Forbidden");
}

static void unknown_ops_are_400(void **state)
{
    struct maas_site *s = *state;

    maas_get(s, ALICE_KEY, API "users/?op=nosuch");
    answered(s, 400, TEXT, "Unrecognised signature: method=GET op=nosuch");
    maas_send(s, ALICE_KEY, "POST", API "users/?op=whoami", "");
    answered(s, 400, TEXT, "Unrecognised signature: method=POST op=whoami");
    maas_send(s, ALICE_KEY, "POST", API "tags/t1/", "");
    answered(s, 400, TEXT, "Unrecognised signature: method=POST op=None");
    assert_false(talk_header(&s->t, "X-Maas-Api-Hash", NULL));
    assert_int_equal(maas_get(s, ALICE_KEY, API "users/?op="), 200);
}

static void the_op_may_stand_in_path_or_query(void **state)
{
    struct maas_site *s = *state;
    char text[32];

    assert_int_equal(maas_get(s, ALICE_KEY, API "users/op-whoami"), 200);
    assert_text(talk_pick(&s->t, "username", text, sizeof(text)), "alice");
    assert_int_equal(maas_get(s, ALICE_KEY, API "users/?op=nosuch&op=whoami"), 200);
    assert_int_equal(maas_send(s, ADMIN_KEY, "POST", API "tags/t1/", "op=nosuch"), 400);
}

static void other_formats_are_refused(void **state)
{
    struct maas_site *s = *state;

    maas_get(s, ALICE_KEY, API "users/?op=whoami&format=xml");
    answered(s, 400, "text/plain", "Invalid output format specified 'xml'.");
    assert_true(talk_header(&s->t, "X-Maas-Api-Hash", NULL));
    assert_int_equal(maas_get(s, ALICE_KEY, API "users/?op=whoami&format=json"), 200);
}

static void maas_gains_a_zone(void **state)
{
    struct maas_site *s = *state;
    char text[64];

    maas_send(s, ADMIN_KEY, "POST", API "zones/", "name=z9&description=new+row");
    answered(s, 200, JSON,
             "{\n    \"name\": \"z9\",\n    \"description\": \"new row\",\n    \"id\": 4,\n"
             "    \"resource_uri\": \"/MAAS/api/2.0/zones/z9/\"\n}");
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_OP, "zones.create"));
    maas_get(s, ALICE_KEY, API "zones/");
    assert_text(talk_pick(&s->t, "3.name", text, sizeof(text)), "z9");
}

static void bad_names_are_told_on_one_line(void **state)
{
    struct maas_site *s = *state;
    struct buf form SCOPED(buf_drop) = {0};

    maas_send(s, ADMIN_KEY, "POST", API "zones/", "");
    answered(s, 400, JSON, "{\"name\": [\"This field is required.\"]}");
    maas_send(s, ADMIN_KEY, "POST", API "zones/", "name=bad+name%21");
    answered(s, 400, JSON, "{\"name\": [\"Enter a valid value.\"]}");
    maas_send(s, ADMIN_KEY, "POST", API "zones/", "name=default");
    answered(s, 400, JSON, "{\"name\": [\"Physical zone with this Name already exists.\"]}");
    buf_init(&form, KIB(1));
    buf_text_add(&form, "name=");
    for (int i = 0; i < 300; i++)
        buf_char_add(&form, 'z');
    maas_send(s, ADMIN_KEY, "POST", API "zones/", buf_text(&form));
    answered(s, 400, JSON,
             "{\"name\": [\"Ensure this value has at most 256 characters (it has 300).\"]}");
    maas_send(s, ADMIN_KEY, "POST", API "resourcepools/", "name=p1");
    answered(s, 400, JSON, "{\"name\": [\"Resource pool with this Name already exists.\"]}");
    maas_send(s, ADMIN_KEY, "POST", API "tags/", "name=t1");
    answered(s, 400, JSON, "{\"name\": [\"Tag with this Name already exists.\"]}");
}

static void json_bodies_serve_creates(void **state)
{
    struct maas_site *s = *state;
    struct buf headers SCOPED(buf_drop) = {0}, header SCOPED(buf_drop) = {0};
    char store[256];
    struct signing how = signing_of(ADMIN_KEY, store, sizeof(store));

    buf_init(&headers, KIB(4));
    buf_init(&header, KIB(4));
    signing_write(s, &how, &header);
    buf_printf(&headers, "Authorization: %s\n", buf_text(&header));
    talk_ask(&s->m, &s->t, "POST", API "zones/", buf_text(&headers), "{bad");
    answered(s, 400, "text/plain", "Bad Request");
    buf_clear(&headers);
    buf_clear(&header);
    signing_write(s, &how, &header);
    buf_printf(&headers, "Authorization: %s\n", buf_text(&header));
    talk_ask(&s->m, &s->t, "POST", API "zones/", buf_text(&headers), "{\"name\":\"z8\"}");
    assert_int_equal(s->t.rp.status, 200);
}

/* Two kinds of 403, and each resource has its own. */
static void only_administrators_change_things(void **state)
{
    struct maas_site *s = *state;

    maas_send(s, ALICE_KEY, "POST", API "zones/", "name=z9");
    answered(s, 403, TEXT, "This method is reserved for admin users.");
    maas_send(s, ALICE_KEY, "POST", API "resourcepools/", "name=p9");
    answered(s, 403, TEXT, "");
    maas_send(s, ALICE_KEY, "POST", API "tags/", "name=t9");
    answered(s, 403, TEXT, "");
    maas_send(s, ALICE_KEY, "POST", API "users/", "");
    answered(s, 403, TEXT, "This method is reserved for admin users.");
    maas_get(s, ALICE_KEY, API "zones/z9/");
    assert_int_equal(s->t.rp.status, 404);
}

static void what_is_not_modelled_says_so(void **state)
{
    struct maas_site *s = *state;

    maas_send(s, ADMIN_KEY, "POST", API "static-routes/", "source=1");
    answered(s, 501, TEXT, "mock-maas does not model this operation.");
}

/* Who holds machines cannot be deleted, unless they go to somebody else. */
static void a_user_who_holds_machines_has_heirs(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(allocate(s, ALICE_KEY, "name=m1"), 200);
    maas_send(s, ADMIN_KEY, "DELETE", API "users/alice/", NULL);
    answered(s, 400, TEXT, "Cannot delete user. 1 node(s) are still allocated");
    assert_int_equal(
        maas_send(s, ADMIN_KEY, "DELETE", API "users/alice/?transfer_resources_to=bob", NULL), 204);
    assert_string_equal(m1(s)->owner, "bob");
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 401);
    assert_int_equal(maas_send(s, ADMIN_KEY, "DELETE", API "users/alice/", NULL), 204);
}

/* A key is made by name and password, used, and taken back. */
static void keys_come_and_go(void **state)
{
    struct maas_site *s = *state;
    char token[64], form[128];

    assert_int_equal(maas_send(s, ALICE_KEY, "POST", API "account/?op=create_authorisation_token",
                               "name=second"),
                     200);
    assert_non_null(talk_pick(&s->t, "token_key", token, sizeof(token)));
    assert_int_equal(strlen(token), 18);
    snprintf(form, sizeof(form), "token_key=%s", token);
    assert_int_equal(
        maas_send(s, BOB_KEY, "POST", API "account/?op=delete_authorisation_token", form), 404);
    assert_int_equal(
        maas_send(s, ALICE_KEY, "POST", API "account/?op=delete_authorisation_token", form), 204);
    assert_int_equal(
        maas_send(s, ALICE_KEY, "POST", API "account/?op=delete_authorisation_token", form), 404);
}

/* Keys live in MAAS and in nobody's answer or journal. */
static void keys_are_in_no_answer_and_no_event(void **state)
{
    struct maas_site *s = *state;
    static const char *const targets[] = {API "users/", API "users/alice/", API "users/?op=whoami",
                                          API "zones/", API "nosuch/",      API "users/?op=nosuch"};

    for (size_t i = 0; i < COUNTOF(targets); i++)
        maas_get(s, ALICE_KEY, targets[i]);
    assert_false(mock_leaks(&s->m, ALICE_SECRET));
    assert_false(mock_leaks(&s->m, "alicetoken"));
    assert_false(mock_leaks(&s->m, "aliceconsumer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        READS_TEST(lists_are_indented_by_four),
        READS_TEST(the_lab_has_more_than_a_fresh_maas),
        READS_TEST(items_are_found_by_the_specifiers_of_maas),
        READS_TEST(unknown_endpoints_are_404_for_everybody),
        READS_TEST(doubled_slashes_are_one),
        READS_TEST(wrong_verbs_are_405_without_a_body),
        READS_TEST(unknown_ops_are_400),
        READS_TEST(the_op_may_stand_in_path_or_query),
        READS_TEST(other_formats_are_refused),
        READS_TEST(maas_gains_a_zone),
        READS_TEST(bad_names_are_told_on_one_line),
        READS_TEST(json_bodies_serve_creates),
        READS_TEST(only_administrators_change_things),
        READS_TEST(what_is_not_modelled_says_so),
        READS_TEST(a_user_who_holds_machines_has_heirs),
        READS_TEST(keys_come_and_go),
        READS_TEST(keys_are_in_no_answer_and_no_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
