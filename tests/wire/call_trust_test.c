#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/wire/call_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- TLS ------------------------------------------------------------------------------------- */

static void the_right_certificate_is_talked_to(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    assert_int_equal(f->status, 200);
    assert_int_equal(ask(f, "GET", "https://127.0.0.1:#/"), HTTP_ANSWERED);
}

static void no_byte_of_http(struct fixture *f, const char *leaf, const char *ca)
{
    secure(f, leaf, ca);
    assert_int_equal(ask(f, "POST", TLS), HTTP_TLS_FAILED);
    assert_int_equal(f->status, 0);
    assert_int_equal(f->server.n_conns, 1);
    assert_int_equal(f->server.seen.len, 0);
}

static void a_foreign_authority_gets_no_byte(void **state)
{
    no_byte_of_http(*state, "good", "other/ca.pem");
}

static void a_certificate_of_another_name_gets_no_byte(void **state)
{
    no_byte_of_http(*state, "named", "ca.pem");
}

static void an_expired_certificate_gets_no_byte(void **state)
{
    no_byte_of_http(*state, "expired", "ca.pem");
}

/* Our authority is not among the system's: without a file of anchors nothing else is trusted. */
static void the_system_s_anchors_do_not_know_us(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    caller_is(f, &(struct call_config){0});
    assert_int_equal(ask(f, "GET", TLS), HTTP_TLS_FAILED);
    assert_int_equal(f->server.seen.len, 0);
}

static void a_server_without_tls_gets_no_byte_of_http(void **state)
{
    struct fixture *f = *state;

    caller_is(f, &(struct call_config){.ca_file = in_folder("ca.pem")});
    f->server.answers[0] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    f->server.close_after = true;
    send_call(f, "GET", TLS, SECONDS(1));
    while (!f->n_done && !f->out_of_patience)
        loop_once(f->loop);
    assert_true(f->outcome == HTTP_TLS_FAILED || f->outcome == HTTP_TIMEOUT);
    assert_null(strstr(buf_text(&f->server.seen), "GET"));
}

/* --- the environment -------------------------------------------------------------------------- */

/* GP-6: what the environment says about proxies is somebody else's. Nothing listens on port 1. */
static void proxies_of_the_environment_do_not_count(void **state)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY",
                                        "HTTP_PROXY", "all_proxy",   "ALL_PROXY"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(names); i++)
        assert_int_equal(setenv(names[i], "http://127.0.0.1:1", 1), 0);
    secure(f, "good", "ca.pem");
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    f->server.tls = NULL;
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    for (size_t i = 0; i < COUNTOF(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(the_right_certificate_is_talked_to),
        story(a_foreign_authority_gets_no_byte),
        story(a_certificate_of_another_name_gets_no_byte),
        story(an_expired_certificate_gets_no_byte),
        story(the_system_s_anchors_do_not_know_us),
        jumping(a_server_without_tls_gets_no_byte_of_http),
        story(proxies_of_the_environment_do_not_count),
    };

    return cmocka_run_group_tests(tests, call_make_certificates, call_drop_certificates);
}
