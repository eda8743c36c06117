/* Bodies as clients of MAAS send them: multipart with base64 parts and quoted boundaries, broken
 * ones, JSON for handlers that read data and for those that read the form. */
#include "tests/test.h"

#include "tests/unit/maas_site.h"

#include <stdio.h>

#define API "/MAAS/api/2.0/"

static int send_as(struct maas_site *s, const char *method, const char *target, const char *type,
                   const char *body)
{
    struct buf headers SCOPED(buf_drop) = {0}, authorization SCOPED(buf_drop) = {0};
    struct signing how;
    char store[256];

    buf_init(&headers, KIB(8));
    buf_init(&authorization, KIB(4));
    how = signing_of(ADMIN_KEY, store, sizeof(store));
    signing_write(s, &how, &authorization);
    buf_printf(&headers, "Authorization: %s\nContent-Type: %s\n", buf_text(&authorization), type);
    talk_ask(&s->m, &s->t, method, target, buf_text(&headers), body);
    return s->t.rp.status;
}

static void a_multipart_form_is_a_form(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(
        send_as(s, "POST", API "zones/", "multipart/form-data; boundary=\"a b\"",
                "--a b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nz9\r\n"
                "--a b\r\nContent-Disposition: form-data; name=\"description\"\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\nZGVl\r\ncA==\r\n--a b--\r\n"),
        200);
    shows(s, "name", "z9");
    shows(s, "description", "deep");
}

/* python-libmaas sends its deletes so, without a single part. */
static void a_multipart_form_may_be_empty(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(send_as(s, "DELETE", API "zones/z1/", "multipart/form-data; boundary=x",
                             "--x\r\n\r\n--x--\r\n"),
                     204);
    assert_int_equal(
        send_as(s, "DELETE", API "zones/z2/", "multipart/form-data; boundary=x", "--x--\r\n"), 204);
}

/* MAAS allocates then: a broken form has no constraints. */
static void a_broken_multipart_form_is_an_empty_one(void **state)
{
    static const char *const bodies[] = {
        "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nm99", "nothing of the kind",
        "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nm99\r\n--y--\r\n"};
    struct maas_site *s = *state;

    for (size_t i = 0; i < COUNTOF(bodies); i++)
        assert_int_equal(send_as(s, "POST", API "machines/?op=allocate",
                                 "multipart/form-data; boundary=x", bodies[i]),
                         200);
}

static void files_come_as_parts_and_are_given_back_as_they_were(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(
        send_as(s, "POST", API "files/", "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=\"filename\"\r\n\r\na b\r\n"
                "--x\r\nContent-Disposition: form-data; name=\"file\"; "
                "filename=\"f\"\r\n\r\n\x01\xffz\r\n--x--\r\n"),
        201);
    assert_int_equal(maas_get(s, ADMIN_KEY, API "files/?op=get&filename=a%20b"), 200);
    assert_int_equal(s->t.rp.body.len, 3);
    assert_memory_equal(buf_text(&s->t.rp.body), "\x01\xffz", 3);
    assert_int_equal(maas_get(s, ALICE_KEY, API "files/?op=get&filename=a%20b"), 404);
}

static void json_is_data_and_no_form(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(send_as(s, "PUT", API "zones/z1/", "application/json",
                             "{\"description\": \"d\", \"name\": \"zz\"}"),
                     200);
    shows(s, "name", "zz");
    assert_int_equal(send_as(s, "POST", API "ipaddresses/?op=reserve", "application/json",
                             "{\"subnet\": \"private\"}"),
                     400);
    answered(s, 400, MAAS_TEXT, "Must supply either the 'subnet' or the 'ip' parameter.");
    assert_int_equal(send_as(s, "PUT", API "zones/zz/", "application/json", "{nothing"), 400);
    answered(s, 400, MAAS_PLAIN, "Bad Request");
}

#define BODY_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BODY_TEST(a_multipart_form_is_a_form),
        BODY_TEST(a_multipart_form_may_be_empty),
        BODY_TEST(a_broken_multipart_form_is_an_empty_one),
        BODY_TEST(files_come_as_parts_and_are_given_back_as_they_were),
        BODY_TEST(json_is_data_and_no_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
