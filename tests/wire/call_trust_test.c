#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/wire/call_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TUNNEL_ANSWER "HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n"

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

/* --- the proxy ------------------------------------------------------------------------------- */

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

static void proxied(struct fixture *f, const char *userinfo, const char *connect_answer)
{
    char proxy[128];

    secure(f, "good", "ca.pem");
    f->server.connect_answer = connect_answer;
    snprintf(proxy, sizeof(proxy), "http://%sproxy.site:%d", userinfo, f->server.port);
    caller_is(f, &(struct call_config){.ca_file = in_folder("ca.pem"), .proxy = proxy});
}

/* GP-26: credentials only to the proxy, the token only through the tunnel; and the target's name
 * is for the proxy to look up: inside the site it may not even exist. NO_PROXY does not count. */
static void a_tunnel_keeps_both_sides_secrets_apart(void **state)
{
    struct fixture *f = *state;
    const char *seen, *inside;

    proxied(f, "us%20er:pa%3Ass@", TUNNEL_ANSWER);
    f->names.names[0].name = "nobody";
    assert_int_equal(setenv("NO_PROXY", "*", 1), 0);
    assert_int_equal(ask(f, "GET", "https://palette.example:9443/v1/thing?#"), HTTP_ANSWERED);
    assert_int_equal(unsetenv("NO_PROXY"), 0);
    seen = buf_text(&f->server.seen);
    assert_true(text_begins(seen, "CONNECT palette.example:9443 HTTP/1.1\r\n"));
    inside = strstr(seen, "GET /v1/thing");
    assert_non_null(inside);
    assert_null(strstr(inside, "Proxy-Authorization"));
    assert_non_null(strstr(inside, "Authorization: token-of-the-gateway"));
    assert_non_null(strstr(seen, "Proxy-Authorization: Basic dXMgZXI6cGE6c3M=\r\n"));
    assert_ptr_equal(strstr(seen, "token-of-the-gateway"), strstr(inside, "token-of-the-gateway"));
    assert_null(strstr(buf_text(&f->headers), "Via"));
}

static void a_refused_tunnel_is_no_connection(void **state)
{
    static const char *const answers[] = {
        ("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
         "Content-Length: 0\r\n\r\n"),
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(answers); i++) {
        tls_server_free(STEAL(f->tls));
        proxied(f, "", answers[i]);
        assert_int_equal(ask(f, "GET", TLS), HTTP_NO_CONNECT);
        assert_null(strstr(buf_text(&f->server.seen), "token-of-the-gateway"));
    }
}

static void a_proxy_that_is_not_there_is_no_connection(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    caller_is(
        f, &(struct call_config){.ca_file = in_folder("ca.pem"), .proxy = "http://proxy.site:1"});
    assert_int_equal(ask(f, "GET", TLS), HTTP_NO_CONNECT);
    assert_int_equal(f->server.n_conns, 0);
    caller_is(f, &(struct call_config){.ca_file = in_folder("ca.pem"),
                                       .proxy = "http://unknown.site.:3128"});
    assert_int_equal(ask(f, "GET", TLS), HTTP_NO_NAME);
    assert_int_equal(f->server.n_conns, 0);
}

static void a_proxy_that_inspects_gets_no_byte_of_http(void **state)
{
    struct fixture *f = *state;

    proxied(f, "", TUNNEL_ANSWER);
    caller_free(STEAL(f->caller));
    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", f->server.port);
    caller_is(f, &(struct call_config){.ca_file = in_folder("other/ca.pem"), .proxy = proxy});
    assert_int_equal(ask(f, "GET", TLS), HTTP_TLS_FAILED);
    assert_null(strstr(buf_text(&f->server.seen), "token-of-the-gateway"));
}

static void an_unusable_proxy_is_refused_without_its_password(void **state)
{
    static const char *const proxies[] = {"http://user:hunter2@", "https://user:hunter2@p:1",
                                          "http://user:hunter2 @p", "http://user:hunter2%zz@p:1",
                                          "user:hunter2@p:3128"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(proxies); i++) {
        struct err e = {0};
        struct call_config config = {.proxy = proxies[i]};

        assert_true(caller_new(&f->caller, f->loop, f->dns, &config, &e) < 0);
        assert_null(f->caller);
        assert_true(text_begins(e.text, "proxy: "));
        assert_null(strstr(e.text, "hunter2"));
    }
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
        story(a_tunnel_keeps_both_sides_secrets_apart),
        story(a_refused_tunnel_is_no_connection),
        story(a_proxy_that_is_not_there_is_no_connection),
        story(a_proxy_that_inspects_gets_no_byte_of_http),
        story(an_unusable_proxy_is_refused_without_its_password),
    };

    return cmocka_run_group_tests(tests, call_make_certificates, call_drop_certificates);
}
