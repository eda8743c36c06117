#include "tests/test.h"

#include "lib/base/http.h"
#include "lib/base/text.h"

#include <string.h>

static void a_proxy_s_url_is_read_whole(void **state)
{
    struct url u;
    struct err e;

    (void)state;
    must(proxy_read("http://u:p%40ss@Proxy.Site:3128/", &u, &e), &e);
    assert_text(u.host, "proxy.site");
    assert_text(u.userinfo, "u:p%40ss");
    assert_int_equal(u.port, 3128);
    must(proxy_read("http://[fd00::9]:8888", &u, &e), &e);
    assert_text(u.host, "fd00::9");
    assert_text(u.userinfo, "");
}

/* GP-103: the sentence names what is wrong and never the text. */
static void a_proxy_that_is_none_is_refused_without_its_password(void **state)
{
    static const struct {
        const char *text, *sentence;
    } table[] = {
        {"user:hunter2@p:3128", "URL: must begin with http:// or https://"},
        {"socks5://user:hunter2@p:3128", "URL: must begin with http:// or https://"},
        {"http://user:hunter2@", "URL: the host is missing or holds a character no host has"},
        {"http://user:hunter2@p:0", "URL: the port must be a number from 1 to 65535"},
        {"https://user:hunter2@p:1",
         "wanted is http://[USER:PASSWORD@]HOST:PORT, without path or query"},
        {"http://user:hunter2@p:1/x",
         "wanted is http://[USER:PASSWORD@]HOST:PORT, without path or query"},
        {"http://user:hunter2@p:1?x",
         "wanted is http://[USER:PASSWORD@]HOST:PORT, without path or query"},
        {"http://user:hunter2%4@p:1", "user or password hold a bad %XX"},
        {"http://user:hunter2%00@p:1", "user or password hold a bad %XX"},
        {"http://user:\"hunter2\"@p:1",
         "user or password hold a quote or a backslash; percent-code it"},
        {"http://user:hunter2\\@p:1",
         "user or password hold a quote or a backslash; percent-code it"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(table); i++) {
        struct url u = {.port = 7};
        struct err e = {0};

        assert_true(proxy_read(table[i].text, &u, &e) < 0);
        assert_text(e.text, table[i].sentence);
        assert_int_equal(u.port, 7);
    }
}

/* Room for every URL that is fine: the longest user and host there are. */
static void no_proxy_url_that_is_fine_is_too_long_for_a_call(void **state)
{
    char text[URL_MAX] = "http://";
    struct url u;
    struct err e;

    (void)state;
    memset(text + 7, 'u', URL_USERINFO_MAX - 1);
    strncat(text, "@", 2);
    memset(text + strlen(text), 'h', URL_HOST_MAX - 1);
    strncat(text, ":0065535/", 10);
    must(proxy_read(text, &u, &e), &e);
    assert_true(strlen(text) < PROXY_MAX);
}

static void a_call_has_the_proxy_unless_its_host_is_named(void **state)
{
    static const char proxy[] = "http://u:p@10.9.0.3:3128";
    static const struct {
        const char *proxy, *list, *url;
        bool used;
    } table[] = {
        {proxy, "", "https://palette.example/v1?a=b", true},
        {"", "", "https://palette.example", false},
        {proxy, "palette.example", "https://palette.example", false},
        {proxy, "palette.example:443", "https://palette.example/v1", false},
        {proxy, "palette.example:443", "https://palette.example:8443/v1", true},
        {proxy, "fd00::/8", "https://[fd12::1]:8443/v1", false},
        {proxy, "203.0.113.0/24", "https://palette.example", true},
        {proxy, "", "http://palette.example", false},
        {proxy, "", "no url", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(table); i++)
        assert_text(proxy_for(table[i].proxy, table[i].list, table[i].url),
                    table[i].used ? proxy : "");
}

static void why_there_is_no_answer_is_said_without_a_password(void **state)
{
    static const struct {
        enum http_outcome outcome;
        enum http_proxy_fault fault;
        int status;
        const char *proxy, *why;
    } table[] = {
        {HTTP_TIMEOUT, HTTP_PROXY_FINE, 0, "", "timeout"},
        {HTTP_TLS_FAILED, HTTP_PROXY_FINE, 0, "http://u:hunter2@p.site:3128",
         "tls-failed, through the proxy p.site:3128"},
        {HTTP_PROXY_FAILED, HTTP_PROXY_FORBIDS, 403, "http://u:hunter2@[fd00::9]:3128",
         "proxy-failed: the proxy [fd00::9]:3128 forbids the tunnel (403); let it allow CONNECT to "
         "this host and port"},
        {HTTP_PROXY_FAILED, HTTP_PROXY_UNREADABLE, 0, "http://u:hunter2",
         "proxy-failed: the proxy of the settings cannot be used as it is written; write it as "
         "http://[USER:PASSWORD@]HOST:PORT"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(table); i++) {
        struct http_result r = {.outcome = table[i].outcome,
                                .proxy_fault = table[i].fault,
                                .proxy_status = table[i].status};
        char why[HTTP_WHY_MAX];

        http_why_write(&r, table[i].proxy, why);
        assert_text(why, table[i].why);
    }
}

/* A row that is missing would read "(null)"; two alike would tell nobody which it was. */
static void each_fault_of_a_proxy_has_a_sentence_of_its_own(void **state)
{
    char why[HTTP_PROXY_FAULT_COUNT][HTTP_WHY_MAX];

    (void)state;
    for (size_t i = 0; i < HTTP_PROXY_FAULT_COUNT; i++) {
        struct http_result r = {.outcome = HTTP_PROXY_FAILED,
                                .proxy_fault = (enum http_proxy_fault)i};

        http_why_write(&r, "http://u:hunter2@p:1", why[i]);
        assert_null(strstr(why[i], "null"));
        for (size_t j = 0; j < i; j++)
            assert_false(text_is(why[i], why[j]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_proxy_s_url_is_read_whole),
        test(a_proxy_that_is_none_is_refused_without_its_password),
        test(no_proxy_url_that_is_fine_is_too_long_for_a_call),
        test(a_call_has_the_proxy_unless_its_host_is_named),
        test(why_there_is_no_answer_is_said_without_a_password),
        test(each_fault_of_a_proxy_has_a_sentence_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
