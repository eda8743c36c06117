/* What site lines give a gateway, what that asks of its manifest, and what a ruleset does with the
 * first packet of a flow. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/lab_rules.h"
#include "scenarios/engine/outfit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wear(const char *site, struct outfit *o, struct script *s)
{
    char text[1024];
    struct err e;

    snprintf(text, sizeof text,
             "scenario \"x\"\n%sat 0s gateway installs\nby 1m evidence is whole\nrun 2m\n", site);
    must(script_read("stories/900-x.scn", text, NULL, s, &e), &e);
    outfit_read(s, o);
}

static void the_features_are_those_that_the_lines_need(void **state)
{
    static const struct {
        const char *site, *features, *declared, *lacking, *params;
    } rows[] = {
        {"", "pcg", "pcg", NULL, ""},
        {"", "pcg", "system-gateway", "pcg", ""},
        {"site palette self-hosted\n", "pcg", "pcg", NULL, ""},
        {"site palette self-hosted\nat 0s user registers account a toggle on\n", "pcg", "pcg",
         "system-gateway", ""},
        {"site palette saas\nat 0s user registers account a toggle on\n", "pcg", "pcg", NULL, ""},
        {"site proxy unused\n", "pcg", "pcg", NULL, "proxy=none"},
        {"site proxy http://10.10.0.9:3128\n", "pcg,proxy", "pcg,proxy-auth", "proxy",
         "proxy=http://10.10.0.9:3128 proxy-sum=?"},
        {"site proxy http://gw:p%40ss@10.10.0.9:3128\nsite no-proxy a.example,10.0.0.0/8\n",
         "pcg,proxy,proxy-auth", "pcg,proxy", "proxy-auth",
         "proxy=http://10.10.0.9:3128 proxy-sum=? credentials=1 no-proxy=a.example,10.0.0.0/8"},
        {"site proxy http://10.10.0.9:3128\nsite no-proxy empty\n", "pcg,proxy", "pcg,proxy,ha",
         NULL, "proxy=http://10.10.0.9:3128 proxy-sum=?"},
    };
    struct script *s = calloc(1, sizeof *s);
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct buf out SCOPED(buf_drop);
        struct outfit o;
        const char *sum = strstr(rows[i].params, "proxy-sum=");

        wear(rows[i].site, &o, s);
        buf_init(&out, 512);
        outfit_features(&o, false, &out);
        assert_text(buf_text(&out), rows[i].features);
        if (rows[i].lacking)
            assert_text(outfit_lacks(&o, rows[i].declared), rows[i].lacking);
        else
            assert_null(outfit_lacks(&o, rows[i].declared));
        buf_clear(&out);
        outfit_params(&o, &out);
        if (sum) { /* the digest is another test's */
            const char *seen = strstr(buf_text(&out), "proxy-sum=");

            assert_non_null(seen);
            assert_int_equal(
                strncmp(buf_text(&out), rows[i].params, (size_t)(sum - rows[i].params)), 0);
            assert_null(strstr(buf_text(&out), "p%40ss"));
            assert_text(strchr(seen, ' ') ? strchr(seen, ' ') : "",
                        strchr(sum, ' ') ? strchr(sum, ' ') : "");
        } else {
            assert_text(buf_text(&out), rows[i].params);
        }
    }
    free(s);
}

static void credentials_and_strays_are_read(void **state)
{
    struct script *s = calloc(1, sizeof *s);
    struct outfit o;
    (void)state;

    wear("site proxy http://g%20w:p%40ss@proxy.site:8888\nsite environment HTTPS_PROXY=http://x:1\n"
         "site environment no_proxy=*\n",
         &o, s);
    assert_text(o.user, "g w");
    assert_text(o.password, "p@ss");
    assert_text(o.host, "proxy.site");
    assert_int_equal(o.port, 8888);
    assert_int_equal(o.n_strays, 2);
    assert_text(o.strays[0], "HTTPS_PROXY=http://x:1");
    assert_text(o.strays[1], "no_proxy=*");
    free(s);
}

static void what_cannot_be_a_proxy_or_a_variable_is_refused(void **state)
{
    (void)state;
    assert_true(outfit_is_proxy("unused") && outfit_is_proxy("http://u:p@h:1"));
    assert_false(outfit_is_proxy("used") || outfit_is_proxy("socks5://h:1") || outfit_is_proxy(""));
    assert_true(outfit_is_variable("A_1=b=c"));
    assert_false(outfit_is_variable("=b") || outfit_is_variable("A-B=c") ||
                 outfit_is_variable("A="));
    assert_true(outfit_is_proxy_variable("NO_PROXY=a"));
    assert_false(outfit_is_proxy_variable("ALL_PROXY=a"));
}

/* The rules of the lab whose only way out is a proxy, and of one behind NAT. */
static void the_first_packet_meets_the_first_rule_that_fits(void **state)
{
    static const char proxied[] =
        "table inet site {\n  counter tries { }\n  chain passing {\n"
        "    type filter hook forward priority filter; policy drop;\n"
        "    ct state established,related accept\n    ct state invalid drop\n"
        "    ip saddr 10.10.0.9 ct state new accept\n"
        "    ip saddr 10.10.0.5 tcp dport 443 ct state new accept\n"
        "    ip saddr 10.10.0.0/24 ct state new counter name tries drop\n  }\n"
        "  chain leaving {\n    type nat hook postrouting priority srcnat; policy accept;\n"
        "    ip saddr 10.10.0.0/24 ip daddr != 10.10.0.0/24 masquerade\n  }\n}\n";
    static const struct {
        const char *hook;
        struct lab_packet p;
        enum lab_end end;
    } rows[] = {
        {"forward", {"10.10.0.9", "203.0.113.10", 443}, LAB_PASSES},
        {"forward", {"10.10.0.2", "203.0.113.10", 443}, LAB_DROPS},
        {"forward", {"10.10.0.5", "203.0.113.10", 443}, LAB_PASSES},
        {"forward", {"10.10.0.5", "203.0.113.10", 80}, LAB_DROPS},
        {"forward", {"203.0.113.10", "10.10.0.2", 443}, LAB_DROPS}, /* by the policy */
        {"postrouting", {"10.10.0.2", "203.0.113.10", 443}, LAB_REWRITES},
        {"postrouting", {"10.10.0.2", "10.10.0.3", 443}, LAB_PASSES},
        {"input", {"10.10.0.2", "10.10.0.1", 443}, LAB_PASSES}, /* no chain there */
    };
    struct lab_host h = {.forward = true};
    (void)state;

    assert_true(text_copy(h.nft, sizeof h.nft, proxied));
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (lab_rules_end(&h, rows[i].hook, &rows[i].p) != rows[i].end)
            fail_msg("row %zu: %s from %s to %s", i, rows[i].hook, rows[i].p.from, rows[i].p.to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_features_are_those_that_the_lines_need),
        test(credentials_and_strays_are_read),
        test(what_cannot_be_a_proxy_or_a_variable_is_refused),
        test(the_first_packet_meets_the_first_rule_that_fits),
    };
    return run_tests(tests);
}
