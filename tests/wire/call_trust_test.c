#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/wire/call_fixture.h"

#include <errno.h>
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

/* --- a proxy that opens TLS (GP-26, GP-104) ----------------------------------------------------
 */

#define TUNNEL_ANSWER "HTTP/1.1 200 Connection established\r\n\r\n"

/* The proxy shows a certificate of its own authority, "ours"; Palette's real one is the other. */
static void inspected(struct fixture *f, const char *ca, const char *proxy_ca)
{
    secure(f, "good", "ca.pem");
    caller_is(f, &(struct call_config){.ca_file = ca ? in_folder(ca) : NULL,
                                       .proxy_ca_file = proxy_ca ? in_folder(proxy_ca) : NULL});
    f->server.connect_answer = TUNNEL_ANSWER;
    snprintf(f->proxy, sizeof(f->proxy), "http://proxy.site:%d", f->server.port);
}

static void an_inspecting_proxy_is_trusted_by_its_own_anchor(void **state)
{
    struct fixture *f = *state;

    inspected(f, "other/ca.pem", "ca.pem");
    assert_int_equal(ask(f, "POST", TLS), HTTP_ANSWERED);
    caller_is(f,
              &(struct call_config){.proxy_ca_file = in_folder("ca.pem")}); /* the system's too */
    assert_int_equal(ask(f, "POST", TLS), HTTP_ANSWERED);
}

static void no_byte_through_the_proxy(struct fixture *f, const char *ca, const char *proxy_ca)
{
    inspected(f, ca, proxy_ca);
    assert_int_equal(ask(f, "POST", TLS), HTTP_TLS_FAILED);
    assert_null(strstr(buf_text(&f->server.seen), "POST"));
}

static void an_inspecting_proxy_without_its_anchor_gets_no_byte(void **state)
{
    no_byte_through_the_proxy(*state, "other/ca.pem", NULL);
}

static void another_anchor_is_not_its_anchor(void **state)
{
    no_byte_through_the_proxy(*state, "other/ca.pem", "other/ca.pem");
}

/* A file that holds no certificate adds no trust, and takes away that of the call. */
static void an_anchor_that_cannot_be_read_gets_no_byte(void **state)
{
    no_byte_through_the_proxy(*state, "ca.pem", "good.key");
}

/* The proxy's authority says nothing about who is at the other end of a straight line, also when a
 * call through the proxy was just fine. */
static void the_proxy_s_anchor_is_for_the_proxy_alone(void **state)
{
    struct fixture *f = *state;

    inspected(f, NULL, "ca.pem");
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    f->proxy[0] = '\0';
    f->server.connect_answer = NULL;
    buf_clear(&f->server.seen);
    assert_int_equal(ask(f, "GET", TLS), HTTP_TLS_FAILED);
    assert_int_equal(f->server.seen.len, 0);
}

static void an_anchor_file_that_is_not_there_makes_no_caller(void **state)
{
    struct fixture *f = *state;
    struct call_config config = {.proxy_ca_file = "/nowhere/proxy.pem"};
    struct caller *k = NULL;
    struct err e;

    assert_int_equal(caller_new(&k, f->loop, f->dns, &config, &e), -ENOENT);
    assert_null(k);
}

/* --- new anchors (GP-15) -----------------------------------------------------------------------
 */

/* The connection that is kept was made under the old ones: it is not used any more. */
static void anchors_read_again_hold_from_the_next_call_on(void **state)
{
    struct fixture *f = *state;
    struct err e;

    secure(f, "good", "ca.pem");
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    must(caller_trust(f->caller, in_folder("other/ca.pem"), NULL, &e), &e);
    buf_clear(&f->server.seen);
    assert_int_equal(ask(f, "GET", TLS), HTTP_TLS_FAILED);
    assert_int_equal(f->server.seen.len, 0);
    must(caller_trust(f->caller, in_folder("ca.pem"), NULL, &e), &e);
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
}

static void anchors_that_cannot_be_read_leave_the_old_ones(void **state)
{
    struct fixture *f = *state;
    struct err e;

    secure(f, "good", "ca.pem");
    assert_true(caller_trust(f->caller, "/nowhere/ca.pem", NULL, &e) < 0);
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
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
        story(a_foreign_authority_gets_no_byte, CLAUSE(23), CLAUSE(104), F(24), P(31)),
        story(a_certificate_of_another_name_gets_no_byte, CLAUSE(23), CLAUSE(104), F(24), P(31)),
        story(an_expired_certificate_gets_no_byte, CLAUSE(23), CLAUSE(104), F(24), P(31)),
        story(the_system_s_anchors_do_not_know_us),
        jumping(a_server_without_tls_gets_no_byte_of_http),
        story(an_inspecting_proxy_is_trusted_by_its_own_anchor),
        story(an_inspecting_proxy_without_its_anchor_gets_no_byte, CLAUSE(104), F(5)),
        story(another_anchor_is_not_its_anchor),
        story(an_anchor_that_cannot_be_read_gets_no_byte),
        story(the_proxy_s_anchor_is_for_the_proxy_alone),
        story(an_anchor_file_that_is_not_there_makes_no_caller),
        story(anchors_read_again_hold_from_the_next_call_on, CLAUSE(15), F(24)),
        story(anchors_that_cannot_be_read_leave_the_old_ones),
        story(proxies_of_the_environment_do_not_count),
    };

    return cmocka_run_group_tests(tests, call_make_certificates, call_drop_certificates);
}
