#include "tests/test.h"

#include "lib/base/url.h"

#include <errno.h>
#include <string.h>

static struct url read_url(const char *text)
{
    struct url u;
    struct err e;

    must(url_read(text, &u, &e), &e);
    return u;
}

static void a_url_is_taken_apart(void **state)
{
    const struct url u = read_url("https://gw:p%40ss@Palette.Example:8443/v1/x?a=b&c=d");

    (void)state;
    assert_true(u.https && u.port_given && !u.host_is_ipv6);
    assert_text(u.userinfo, "gw:p%40ss");
    assert_text(u.host, "palette.example");
    assert_int_equal(u.port, 8443);
    assert_text(u.path, "/v1/x");
    assert_text(u.query, "a=b&c=d");
}

static void what_is_not_said_has_its_default(void **state)
{
    struct url u = read_url("http://maas.site");

    (void)state;
    assert_int_equal(u.port, 80);
    assert_false(u.port_given);
    assert_text(u.path, "");
    u = read_url("HTTPS://h?x");
    assert_int_equal(u.port, 443);
    assert_text(u.path, "");
    assert_text(u.query, "x");
}

static void an_ipv6_address_loses_its_brackets_and_gets_them_back(void **state)
{
    const struct url u = read_url("https://[2001:DB8::1]:8443/");
    struct buf out;

    (void)state;
    assert_true(u.host_is_ipv6);
    assert_text(u.host, "2001:db8::1");
    buf_init(&out, URL_MAX);
    url_origin_write(&u, &out);
    assert_text(buf_text(&out), "https://[2001:db8::1]:8443");
    buf_drop(&out);
}

static void an_origin_names_the_port_only_when_it_must(void **state)
{
    static const char *const rows[][2] = {{"http://h:80/x", "http://h"},
                                          {"https://h:443", "https://h"},
                                          {"http://h:443", "http://h:443"},
                                          {"https://h:80", "https://h:80"}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(rows); i++) {
        const struct url u = read_url(rows[i][0]);
        struct buf out;
        buf_init(&out, URL_MAX);
        url_origin_write(&u, &out);
        assert_text(buf_text(&out), rows[i][1]);
        buf_drop(&out);
    }
}

/* The sentence must not repeat the text, which may hold a password. */
static void a_bad_url_is_refused_without_quoting_it(void **state)
{
    static const char *const bad[] = {"",
                                      "palette.example",
                                      "ftp://s3cret/",
                                      "http://",
                                      "http:///x",
                                      "http://h:0/",
                                      "http://h:65536/",
                                      "http://h:8x/",
                                      "http://h:/",
                                      "http://s3cret h/",
                                      "http://h/#s3cret",
                                      "http://h/\x01s3cret",
                                      "http://[::1",
                                      "http://[::1]x",
                                      "http://[s3cret]/",
                                      "http://s3cret@/",
                                      "http://h/\xc3\xa4",
                                      "http://a_b!/"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++) {
        struct url u = {.port = 4711};
        struct err e = {0};
        assert_int_equal(url_read(bad[i], &u, &e), -EINVAL);
        assert_int_equal(u.port, 4711);
        assert_null(strstr(e.text, "s3cret"));
        assert_non_null(strstr(e.text, "URL: "));
    }
}

static void joining_leaves_one_slash(void **state)
{
    static const char *const rows[][3] = {{"https://h", "/v1/x", "https://h/v1/x"},
                                          {"https://h/", "/v1/x", "https://h/v1/x"},
                                          {"https://h/", "v1/x/", "https://h/v1/x/"},
                                          {"http://h/MAAS", "api/2.0/", "http://h/MAAS/api/2.0/"}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(rows); i++) {
        struct buf out;
        buf_init(&out, URL_MAX);
        url_join(&out, rows[i][0], rows[i][1]);
        assert_text(buf_text(&out), rows[i][2]);
        buf_drop(&out);
    }
}

static void only_unreserved_letters_go_uncoded(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 200);
    url_encode(&out, "aZ09-._~ +&=/%\xc3\xa4");
    assert_text(buf_text(&out), "aZ09-._~%20%2B%26%3D%2F%25%C3%A4");
    buf_clear(&out);
    url_encode_len(&out, "\0x", 2);
    assert_text(buf_text(&out), "%00x");
    buf_drop(&out);
}

static void decoding_is_all_or_nothing(void **state)
{
    static const char *const bad[] = {"a%", "a%4", "a%4g", "%zz", "a%00b"};
    struct buf out;
    size_t i;

    (void)state;
    buf_init(&out, 100);
    for (i = 0; i < COUNTOF(bad); i++)
        assert_false(url_decode(&out, bad[i], strlen(bad[i]), true));
    assert_false(url_decode(&out, "a\0b", 3, false));
    assert_text(buf_text(&out), "");
    assert_true(url_decode(&out, "a+b%2Bc", 7, false));
    assert_text(buf_text(&out), "a+b+c");
    buf_clear(&out);
    assert_true(url_decode(&out, "a+b%2Bc", 7, true));
    assert_text(buf_text(&out), "a b+c");
    buf_drop(&out);
}

static void pairs_keep_their_order_and_their_doubles(void **state)
{
    static const char text[] = "&zone=z1&tag=a+b&tag=%26&bare&empty=&&";
    struct pairs p;
    struct err e;

    (void)state;
    must(pairs_read(text, strlen(text), &p, &e), &e);
    assert_int_equal(p.n, 5);
    assert_text(p.at[1].value, "a b");
    assert_text(p.at[2].value, "&");
    assert_text(pairs_find(&p, "tag"), "a b");
    assert_text(pairs_find(&p, "bare"), "");
    assert_text(pairs_find(&p, "empty"), "");
    assert_null(pairs_find(&p, "none"));
    pairs_drop(&p);
}

static void bad_pairs_leave_nothing_behind(void **state)
{
    struct pairs p = {.n = 99};
    struct buf many;
    struct err e;
    size_t i;

    (void)state;
    must_fail(pairs_read("a=1&b=%z", 8, &p, &e), &e, -EINVAL,
              "form or query: a bad percent escape");
    buf_init(&many, KIB(4));
    for (i = 0; i < PAIRS_MAX; i++)
        buf_text_add(&many, "a=1&");
    must(pairs_read(buf_text(&many), many.len, &p, &e), &e);
    assert_int_equal(p.n, PAIRS_MAX);
    pairs_drop(&p);
    p.n = 99;
    buf_text_add(&many, "a=1");
    must_fail(pairs_read(buf_text(&many), many.len, &p, &e), &e, -E2BIG,
              "form or query: more than 64 pairs");
    buf_clear(&many);
    for (i = 0; i < PAIR_NAME_MAX; i++)
        buf_char_add(&many, 'n');
    assert_int_equal(pairs_read(buf_text(&many), many.len, &p, &e), -E2BIG);
    assert_int_equal(p.n, 99);
    buf_drop(&many);
}

static void written_pairs_are_coded(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    pairs_write(&out, "a", "1 &");
    pairs_write(&out, "b=", "");
    assert_text(buf_text(&out), "a=1%20%26&b%3D=");
    buf_drop(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_url_is_taken_apart),
        test(what_is_not_said_has_its_default),
        test(an_ipv6_address_loses_its_brackets_and_gets_them_back),
        test(an_origin_names_the_port_only_when_it_must),
        test(a_bad_url_is_refused_without_quoting_it),
        test(joining_leaves_one_slash),
        test(only_unreserved_letters_go_uncoded),
        test(decoding_is_all_or_nothing),
        test(pairs_keep_their_order_and_their_doubles),
        test(bad_pairs_leave_nothing_behind),
        test(written_pairs_are_coded),
    };

    return run_tests(tests);
}
