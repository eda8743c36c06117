#include "tests/test.h"

#include "lib/base/oauth.h"

#include <errno.h>
#include <string.h>

static void a_header_is_taken_apart_and_decoded(void **state)
{
    struct oauth o;
    struct err e;

    (void)state;
    must(oauth_read(" oAuth realm=\"Some, where\",oauth_version=\"1.0\", oauth_consumer_key=abc ,"
                    "oauth_token=\"t%20%3D\", oauth_signature=\"%26s%2526\", unknown=\"x\"",
                    &o, &e),
         &e);
    assert_text(o.realm, "Some, where");
    assert_text(o.version, "1.0");
    assert_text(o.consumer_key, "abc");
    assert_text(o.token, "t =");
    assert_text(o.signature, "&s%26");
    assert_text(o.nonce, "");
}

static void a_bad_header_changes_nothing(void **state)
{
    static const char *const bad[] = {"",
                                      "Basic abc",
                                      "OAuth",
                                      "OAuthx oauth_nonce=\"a\"",
                                      "OAuth oauth_nonce",
                                      "OAuth oauth_nonce=\"a",
                                      "OAuth oauth_nonce=\"a\" oauth_token=\"b\"",
                                      "OAuth oauth_nonce=\"a\", oauth_nonce=\"a\"",
                                      "OAuth oauth_nonce=\"%zz\"",
                                      "OAuth oauth_version=\"12345678901234567890\""};
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++) {
        struct oauth o = {.nonce = "mine"};
        struct err e;
        assert_int_equal(oauth_read(bad[i], &o, &e), -EINVAL);
        assert_text(o.nonce, "mine");
    }
}

/* The token secret is coded twice: once as half of the key, once as a parameter (RFC 5849 3.4.4).
 */
static void a_plaintext_header_is_read_back(void **state)
{
    struct oauth o;
    struct buf out;
    struct err e;

    (void)state;
    buf_init(&out, KIB(2));
    oauth_plaintext_write(&out, "key", "to&ken", "s%cret", 1782864000, "n-1");
    assert_text(buf_text(&out),
                "OAuth oauth_version=\"1.0\", oauth_signature_method=\"PLAINTEXT\", "
                "oauth_consumer_key=\"key\", oauth_token=\"to%26ken\", "
                "oauth_signature=\"%26s%2525cret\", oauth_timestamp=\"1782864000\", "
                "oauth_nonce=\"n-1\"");
    must(oauth_read(buf_text(&out), &o, &e), &e);
    assert_text(o.signature, "&s%25cret");
    assert_text(o.token, "to&ken");
    buf_drop(&out);
}

/* RFC 5849, 3.4.1.1: the worked example, with a query, a form, doubled and coded names. */
static void the_base_string_is_the_one_of_the_rfc(void **state)
{
    static const char query[] = "b5=%3D%253D&a3=a&c%40=&a2=r%20b", form[] = "c2&a3=2+q";
    struct pairs q, f;
    struct oauth o;
    struct buf out;
    struct url u;
    struct err e;

    (void)state;
    must(url_read("http://EXAMPLE.COM:80/request", &u, &e), &e);
    must(pairs_read(query, strlen(query), &q, &e), &e);
    must(pairs_read(form, strlen(form), &f, &e), &e);
    must(oauth_read("OAuth realm=\"Example\", oauth_consumer_key=\"9djdj82h48djs9d2\", "
                    "oauth_token=\"kkk9d7dh3k39sjv7\", oauth_signature_method=\"HMAC-SHA1\", "
                    "oauth_timestamp=\"137131201\", oauth_nonce=\"7d8f3e4a\", "
                    "oauth_signature=\"bYT5CMsGcbgUdFHObYMEfcx6bsw%3D\"",
                    &o, &e),
         &e);
    buf_init(&out, KIB(4));
    oauth_base_string(&out, "post", &u, &q, &f, &o);
    assert_text(buf_text(&out),
                "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26"
                "b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26"
                "oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
                "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7");
    pairs_drop(&q);
    pairs_drop(&f);
    buf_drop(&out);
}

/* MAAS signs over the URL as it was called: its port belongs to it, and an empty path is "/". */
static void the_base_string_names_a_port_that_is_not_the_schemes_own(void **state)
{
    struct oauth o = {.version = "1.0"};
    struct buf out;
    struct url u;
    struct err e;

    (void)state;
    buf_init(&out, KIB(1));
    must(url_read("http://maas.site:5240", &u, &e), &e);
    oauth_base_string(&out, "GET", &u, NULL, NULL, &o);
    assert_text(buf_text(&out), "GET&http%3A%2F%2Fmaas.site%3A5240%2F&oauth_version%3D1.0");
    buf_drop(&out);
}

/* Expected value: HMAC-SHA1 with key "&sec%20ret", made with another implementation. */
static void a_signature_is_keyed_with_the_coded_token_secret(void **state)
{
    char out[32];

    (void)state;
    oauth_hmac_sha1("GET&http%3A%2F%2Fmaas.site%3A5240%2F&oauth_version%3D1.0", "sec ret", out,
                    sizeof out);
    assert_text(out, "I9t9ImfPyPgjeDai90bEWW5Rb8Q=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_header_is_taken_apart_and_decoded),
        test(a_bad_header_changes_nothing),
        test(a_plaintext_header_is_read_back),
        test(the_base_string_is_the_one_of_the_rfc),
        test(the_base_string_names_a_port_that_is_not_the_schemes_own),
        test(a_signature_is_keyed_with_the_coded_token_secret),
    };

    return run_tests(tests);
}
