#include "tests/test.h"

#include "lib/base/proxy.h"

#include <string.h>

static const struct {
    const char *list, *host;
    int port;
    bool direct;
} table[] = {
    /* names: themselves and everything below, in any case, with or without dots at the ends */
    {"palette.example", "palette.example", 443, true},
    {"PALETTE.example", "palette.EXAMPLE", 443, true},
    {"palette.example.", "palette.example", 443, true},
    {"palette.example", "palette.example.", 443, true},
    {"example", "palette.example", 443, true},
    {".example", "palette.example", 443, true},
    {".example", "example", 443, true},
    {"*.example", "palette.example", 443, true},
    {"alette.example", "palette.example", 443, false},
    {"palette.example", "example", 443, false},
    {"palette.example", "palette.example.org", 443, false},
    {"other.example", "palette.example", 443, false},
    {"palette.example.:443", "palette.example", 443, true},
    {"*.example", "example", 443, true},
    {"*.maas.test", "a.b.maas.test", 443, true},
    {"maas.test", "x.maas.test", 443, true},
    {".maas.test", "xmaas.test", 443, false},
    {"..example", "palette.example", 443, false},
    /* lists */
    {"", "palette.example", 443, false},
    {" , ,, ", "palette.example", 443, false},
    {"localhost,palette.example", "palette.example", 443, true},
    {"localhost, palette.example ,x", "palette.example", 443, true},
    {"localhost palette.example", "palette.example", 443, true},
    {"localhost\tx\npalette.example", "palette.example", 443, true},
    {"*", "palette.example", 443, true},
    {"localhost,*", "10.0.0.1", 443, true},
    /* addresses */
    {"10.0.0.1", "10.0.0.1", 443, true},
    {"10.0.0.1", "10.0.0.10", 443, false},
    {"0.0.1", "10.0.0.1", 443, false},
    {"fd00::1", "fd00::1", 443, true},
    {"[fd00::1]", "fd00::1", 443, true},
    {"fd00:0:0::0001", "fd00::1", 443, true},
    {"fd00::2", "fd00::1", 443, false},
    {"::ffff:10.0.0.1", "10.0.0.1", 443, true},
    {"10.0.0.0/8", "::ffff:10.9.9.9", 443, true},
    /* blocks */
    {"10.0.0.0/8", "10.255.1.2", 443, true},
    {"10.0.0.0/8", "11.0.0.1", 443, false},
    {"10.20.0.0/15", "10.21.255.255", 443, true},
    {"10.20.0.0/15", "10.22.0.0", 443, false},
    {"0.0.0.0/0", "203.0.113.10", 443, true},
    {"203.0.113.10/32", "203.0.113.10", 443, true},
    {"203.0.113.10/32", "203.0.113.11", 443, false},
    {"10.20.0.0/33", "10.20.0.0", 443, false},
    {"10.0.0.0/", "10.0.0.0", 443, false},
    {"10.0.0.0/8x", "10.0.0.0", 443, false},
    {"fd00::/8", "fd12::1", 443, true},
    {"fd00::/8", "fe80::1", 443, false},
    {"fd00:1::/33", "fd00:1:7fff::1", 443, true},
    {"fd00:1::/33", "fd00:1:8000::1", 443, false},
    {"[fd00::]/8", "fd12::1", 443, true},
    {"::/0", "fd12::1", 443, true},
    {"::/0", "10.0.0.1", 443, false},
    {"fd00::/129", "fd00::", 443, false},
    {"fd00:0:0:1::/64", "fd00:0:0:1:ffff::1", 443, true},
    {"fd00:0:0:1::/64", "fd00:0:0:2::1", 443, false},
    {"fd00::1/128", "fd00::1", 443, true},
    {"fd00::1/128", "fd00::2", 443, false},
    {"[fd00::/8]", "fd12::1", 443, true},
    {"[fd00::/8]:443", "fd12::1", 443, true},
    {"[fd00::/8]:80", "fd12::1", 443, false},
    {"[fd00::]/8:443", "fd12::1", 443, true},
    {"FD00::/8", "fd12::1", 443, true},
    {"fd00::/-1", "fd00::", 443, false},
    {"fd00::/8", "10.0.0.1", 443, false},
    {"fd00::/8", "palette.example", 443, false},
    {"::ffff:10.0.0.0/104", "10.9.9.9", 443, true},
    {"::ffff:10.0.0.0/104", "11.0.0.1", 443, false},
    {"::ffff:10.0.0.0/8", "10.0.0.0", 443, false},
    {"10.0.0.0/8:443", "10.9.9.9", 443, true},
    {"10.0.0.0/8:80", "10.9.9.9", 443, false},
    {"10.0.0/8", "10.0.0.1", 443, false},
    {"10.0.0.0/8", "palette.example", 443, false},
    /* ports */
    {"palette.example:443", "palette.example", 443, true},
    {"palette.example:443", "palette.example", 8443, false},
    {".example:8443", "palette.example", 8443, true},
    {"10.0.0.1:443", "10.0.0.1", 443, true},
    {"10.0.0.1:80", "10.0.0.1", 443, false},
    {"[fd00::1]:443", "fd00::1", 443, true},
    {"[fd00::1]:80", "fd00::1", 443, false},
    {"palette.example:", "palette.example", 443, false},
    {"palette.example:0", "palette.example", 443, false},
    {"palette.example:99999", "palette.example", 443, false},
    /* nonsense matches nothing */
    {".", "palette.example", 443, false},
    {"[", "palette.example", 443, false},
    {"[]", "palette.example", 443, false},
    {"[palette.example]", "palette.example", 443, false},
    {"[[fd00::1]]", "fd00::1", 443, false},
    {"[fd00::1", "fd00::1", 443, false},
    {"fd00::1]", "fd00::1", 443, false},
    {"[10.0.0.1]", "10.0.0.1", 443, false},
    {"/", "palette.example", 443, false},
    {"/8", "10.0.0.1", 443, false},
    {"*:443", "palette.example", 443, true},
    {"*:80", "palette.example", 443, false},
    {"**", "palette.example", 443, false},
    {":443", "palette.example", 443, false},
    {"http://palette.example", "palette.example", 443, false},
    {"pal*.example", "palette.example", 443, false},
    {"user@palette.example", "palette.example", 443, false},
};

static void every_form_matches_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTOF(table); i++)
        if (no_proxy_has(table[i].list, table[i].host, table[i].port) != table[i].direct)
            fail_msg("'%s' and %s:%d: wanted %s", table[i].list, table[i].host, table[i].port,
                     table[i].direct ? "direct" : "proxy");
}

static void an_endless_item_matches_nothing_and_harms_nobody(void **state)
{
    char list[2048];
    size_t len = 1500;

    (void)state;
    memset(list, 'a', len);
    memcpy(list + len, ",palette.example", sizeof(",palette.example"));
    assert_true(no_proxy_has(list, "palette.example", 443));
    list[len] = 0;
    assert_false(no_proxy_has(list, "palette.example", 443));
}

static void an_item_of_no_form_is_named(void **state)
{
    char odd[NO_PROXY_ITEM_MAX];

    (void)state;
    assert_false(no_proxy_odd("localhost, .svc,*.x,10.0.0.0/8,[fd00::1]:80,*", odd, sizeof(odd)));
    assert_true(no_proxy_odd("localhost,http://x,10.0.0.0/99", odd, sizeof(odd)));
    assert_text(odd, "http://x");
    assert_true(no_proxy_odd("10.0.0.0/99", odd, sizeof(odd)));
    assert_text(odd, "10.0.0.0/99");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_form_matches_what_it_says),
        test(an_endless_item_matches_nothing_and_harms_nobody),
        test(an_item_of_no_form_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
