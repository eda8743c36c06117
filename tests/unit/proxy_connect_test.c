/* What a CONNECT proxy makes of heads: whom they ask for, whether they may, and what is said. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/proxy/connect.h"

#include <string.h>

#define GOOD "Proxy-Authorization: Basic Z3c6czNjcmV0LWNhbmFyeQ==\r\n" /* gw:s3cret-canary */

static struct proxy_rules rules_of(const char *user)
{
    struct proxy_rules r = {.n_ports = 1, .ports = {443}};

    (void)text_copy(r.user, sizeof r.user, user);
    (void)text_copy(r.password, sizeof r.password, user[0] ? "s3cret-canary" : "");
    return r;
}

static void a_head_is_answered_by_one_status(void **state)
{
    static const struct {
        const char *user, *head;
        int status;
        const char *target;
        bool credentials;
    } rows[] = {
        {"", "CONNECT palette.example:443 HTTP/1.1\r\n\r\n", 200, "palette.example:443", false},
        {"", "CONNECT PALETTE.example:443 HTTP/1.0\r\n\r\n", 200, "palette.example:443", false},
        {"", "CONNECT [fd00::1]:443 HTTP/1.1\r\n\r\n", 200, "[fd00::1]:443", false},
        {"", "CONNECT palette.example:444 HTTP/1.1\r\n\r\n", 403, "palette.example:444", false},
        {"", "CONNECT palette.example HTTP/1.1\r\n\r\n", 400, "", false},
        {"", "CONNECT u:p@palette.example:443 HTTP/1.1\r\n\r\n", 400, "u:p@", false},
        {"", "CONNECT palette.example:443/x HTTP/1.1\r\n\r\n", 400, "", false},
        {"", "CONNECT palette.example:443\r\n\r\n", 400, "", false},
        {"", "CONNECT palette.example:443 SPDY/3\r\n\r\n", 400, "", false},
        {"", "\r\n\r\n", 400, "", false},
        {"", "GET http://10.10.0.3:5240/MAAS/ HTTP/1.1\r\n\r\n", 405, "10.10.0.3:5240", false},
        {"", "GET / HTTP/1.1\r\n\r\n", 400, "", false},
        {"", "CONNECT palette.example:443 HTTP/1.1\r\n" GOOD "\r\n", 200, "palette.example:443",
         true},
        {"gw", "CONNECT palette.example:443 HTTP/1.1\r\n\r\n", 407, "palette.example:443", false},
        {"gw", "CONNECT palette.example:443 HTTP/1.1\r\n" GOOD "\r\n", 200, "palette.example:443",
         true},
        {"gw",
         "CONNECT palette.example:443 HTTP/1.1\r\nproxy-authorization: basic  "
         "Z3c6czNjcmV0LWNhbmFyeQ==\r\n\r\n",
         200, "palette.example:443", true},
        {"gw",
         "CONNECT palette.example:443 HTTP/1.1\r\nProxy-Authorization: Basic Z3c6eA==\r\n\r\n", 407,
         "palette.example:443", true},
        {"gw", "CONNECT palette.example:443 HTTP/1.1\r\nProxy-Authorization: Bearer x\r\n\r\n", 407,
         "palette.example:443", true},
        {"gw", "GET http://maas.site:5240/ HTTP/1.1\r\n\r\n", 407, "maas.site:5240", false},
    };
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        const struct proxy_rules r = rules_of(rows[i].user);
        struct proxy_ask ask;
        int status = proxy_decide(&r, rows[i].head, strlen(rows[i].head), &ask);

        if (status != rows[i].status || ask.has_credentials != rows[i].credentials)
            fail_msg("row %zu: %d instead of %d, credentials %d", i, status, rows[i].status,
                     ask.has_credentials);
        /* what could not be read is no target: text of it must not get into the journal */
        assert_text(ask.target, strchr(rows[i].target, '@') ? "" : rows[i].target);
        assert_int_equal(proxy_head_len(rows[i].head, strlen(rows[i].head)), strlen(rows[i].head));
    }
}

/* The lengths of one, two and three bytes in the last group. */
static void credentials_are_written_as_a_client_writes_them(void **state)
{
    static const char *const rows[][3] = {{"a", "", "YTo="},
                                          {"a", "b", "YTpi"},
                                          {"a", "bc", "YTpiYw=="},
                                          {"gw", "s3cret-canary", "Z3c6czNjcmV0LWNhbmFyeQ=="}};
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct buf out SCOPED(buf_drop);

        buf_init(&out, 256);
        proxy_token_write(rows[i][0], rows[i][1], &out);
        assert_text(buf_text(&out), rows[i][2]);
    }
}

static void a_head_has_an_end_or_none(void **state)
{
    (void)state;
    assert_int_equal(proxy_head_len("CONNECT a:1 HTTP/1.1\r\n\r", 23), 0);
    assert_int_equal(proxy_head_len("CONNECT a:1 HTTP/1.1\r\n\r\nrest", 28), 24);
    assert_int_equal(proxy_head_len("", 0), 0);
}

static void ways_to_misbehave_are_words_or_a_status(void **state)
{
    struct proxy_rules r = rules_of("");
    struct proxy_ask ask;
    (void)state;

    assert_true(proxy_way_read("closes", &r.way, &r.status) && r.way == PROXY_CLOSES);
    assert_true(proxy_way_read("407", &r.way, &r.status) && r.status == 407);
    assert_int_equal(proxy_decide(&r, "CONNECT a.example:443 HTTP/1.1\r\n\r\n", 34, &ask), 407);
    assert_false(proxy_way_read("200", &r.way, &r.status));
    assert_false(proxy_way_read("close", &r.way, &r.status));
}

static void ports_are_a_short_list_or_any(void **state)
{
    struct proxy_rules r;
    struct err e;
    (void)state;

    must(proxy_ports_read("443,8443", &r, &e), &e);
    assert_int_equal(r.n_ports, 2);
    assert_int_equal(r.ports[1], 8443);
    must(proxy_ports_read("any", &r, &e), &e);
    assert_int_equal(r.n_ports, 0);
    must_fail(proxy_ports_read("443,http", &r, &e), &e, -22,
              "'443,http': wanted are at most 8 ports, such as 443,8443, or any");
    must_fail(proxy_ports_read("", &r, &e), &e, -22, "no port; write 443, or any");
}

/* Nothing of a password is in what is said, whatever the client wrote. */
static void what_is_said_holds_no_credential(void **state)
{
    static const char head[] =
        "CONNECT gw:s3cret-canary@palette.example:443 HTTP/1.1\r\n" GOOD "\r\n";
    const struct proxy_rules r = rules_of("gw");
    struct proxy_ask ask;
    struct event e;
    int status = proxy_decide(&r, head, sizeof head - 1, &ask);
    (void)state;

    proxy_asked(&e, 5, 7, "gateway", "10.10.0.2", &ask, status);
    assert_null(memmem(e.bytes, e.len, "s3cret", 6));
    assert_null(memmem(e.bytes, e.len, "Z3c6", 4));
    assert_text(ev_text(&e, EVF_CREDENTIALS), "1");
    assert_int_equal(e.kind, EV_PROXY_REFUSE);
    assert_null(ev_missing(&e));
    proxy_closed(&e, 5, 7, "gateway", "10.10.0.2", &ask, "idle");
    proxy_counted(&e, 1, 2);
    assert_null(ev_missing(&e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_head_is_answered_by_one_status),
        test(credentials_are_written_as_a_client_writes_them),
        test(a_head_has_an_end_or_none),
        test(ways_to_misbehave_are_words_or_a_status),
        test(ports_are_a_short_list_or_any),
        test(what_is_said_holds_no_credential),
    };
    return run_tests(tests);
}
