/* User data of a deploy (profile, section 10), as it leaves in the form. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include "lib/base/jx.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST "#cloud-config\n"
#define PROXY "http://u:proxypass%40@10.9.0.3:3128"

static int stage_open(void **state)
{
    struct fake *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_init(f);
    *state = f;
    return 0;
}

static int stage_close(void **state)
{
    fake_drop(*state);
    free(*state);
    return 0;
}

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = strchr(digits, c);

    assert_non_null(p);
    return (int)(p - digits);
}

/* Strict: the standard alphabet, padded, no line breaks (GP-79). */
static void decode(const char *coded, struct buf *out)
{
    const size_t len = strlen(coded);

    assert_int_equal(len % 4, 0);
    for (size_t i = 0; i < len; i += 4) {
        const int pad = (coded[i + 2] == '=') + (coded[i + 3] == '=');
        int bits = digit(coded[i]) << 18 | digit(coded[i + 1]) << 12;

        assert_true(pad == 0 || i + 4 == len);
        bits |= pad < 2 ? digit(coded[i + 2]) << 6 : 0;
        bits |= pad < 1 ? digit(coded[i + 3]) : 0;
        for (int k = 0; k < 3 - pad; k++)
            buf_char_add(out, (char)(bits >> (16 - 8 * k)));
    }
}

struct file {
    char path[128], owner[32], permissions[8];
    bool append;
    char *content;
};
struct document {
    size_t n;
    struct file files[8];
    char *runcmd, *users, *ntp;
};
static const struct jx_field file_fields[] = {
    JX_TEXT(struct file, path, JX_MUST),
    JX_TEXT(struct file, owner, JX_MUST),
    JX_TEXT(struct file, permissions, JX_MUST),
    JX_BOOL(struct file, append, "append", 0),
    JX_OWNED(struct file, content, "content", JX_MUST, KIB(64)),
};
static const struct jx_field document_fields[] = {
    JX_ARRAY(struct document, files, n, "write_files", JX_MUST, file_fields),
    JX_RAW(struct document, runcmd, "runcmd", JX_MUST, KIB(4)),
    JX_RAW(struct document, users, "users", 0, KIB(64)),
    JX_RAW(struct document, ntp, "ntp", 0, KIB(64)),
};

/* JX_STRICT: no other key is there, hostname and its relatives least of all (GP-85). */
static void deployed(struct fake *f, struct document *d)
{
    struct buf text;
    struct err e;

    (void)fake_create(f, "c1", 0);
    fake_until(f, MINUTES(1));
    assert_true(f->machines[0].user_data.len > 0);
    buf_init(&text, KIB(64));
    decode(buf_text(&f->machines[0].user_data), &text);
    assert_false(text.full);
    assert_true(text_begins(buf_text(&text), FIRST));
    assert_null(strstr(buf_text(&text), "maassecret"));
    assert_null(strstr(buf_text(&text), "maasconsumer"));
    assert_null(strstr(buf_text(&text), "tok-"));
    memset(d, 0, sizeof *d);
    must(jx_read(buf_text(&text) + strlen(FIRST), text.len - strlen(FIRST), document_fields,
                 COUNTOF(document_fields), JX_STRICT, d, &e),
         &e);
    buf_drop(&text);
}

static void dropped(struct document *d)
{
    jx_drop(document_fields, COUNTOF(document_fields), d);
}

static void file_is(const struct document *d, size_t i, const char *path, const char *mode,
                    const char *content)
{
    assert_true(i < d->n);
    assert_string_equal(d->files[i].path, path);
    assert_string_equal(d->files[i].permissions, mode);
    assert_string_equal(d->files[i].owner, "root:root");
    assert_string_equal(d->files[i].content, content);
}

static void without_a_proxy_the_agent_and_its_anchor_are_all(void **state)
{
    struct fake *f = *state;
    struct document d;

    deployed(f, &d);
    assert_int_equal(d.n, 2);
    file_is(&d, 0, "/etc/gateproof/agent.json", "0600",
            "{\"profile\":\"1.0\",\"clusterUid\":\"c1\",\"clusterName\":\"n-c1\",\"systemId\":"
            "\"sys000\",\"pool\":\"cp\",\"role\":\"init\",\"palette\":{\"url\":"
            "\"https://palette.example\",\"caFile\":\"/etc/gateproof/palette-ca.pem\"},"
            "\"joinToken\":\"jt-token-c1\",\"marker\":\"gp1.mark.c1\",\"image\":\"custom/u-1\","
            "\"endpoint\":{\"host\":\"c1.maas\",\"port\":6443},\"maasCaFile\":\"\",\"proxy\":{"
            "\"httpProxy\":\"\",\"httpsProxy\":\"\",\"noProxy\":\"\"}}\n");
    file_is(&d, 1, "/etc/gateproof/palette-ca.pem", "0644", "PEM\n");
    assert_string_equal(d.runcmd, "[[\"systemctl\",\"daemon-reload\"],[\"systemctl\",\"enable\","
                                  "\"--now\",\"gateproof-agent.service\"]]");
    assert_non_null(strstr(d.users, "\"ssh_authorized_keys\":[\"ssh-rsa A\"]"));
    assert_string_equal(d.ntp, "{\"enabled\":true,\"servers\":[\"ntp.example\"]}");
    dropped(&d);
}

#define NO_PROXY                                                                                   \
    "10.1.0.0/16,localhost,127.0.0.1,169.254.169.254,.svc,.cluster.local,192.168.0.0/16,"          \
    "10.96.0.0/12,.maas,maas.site,10.10.0.0/24"

/* GP-83: unchanged, in all three places; % is systemd's own sign. */
static void with_a_proxy_machines_inherit_it_in_three_places(void **state)
{
    struct fake *f = *state;
    struct document d;

    assert_true(text_copy(f->p.config.https_proxy, GW_URL_MAX, PROXY));
    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, "10.1.0.0/16,localhost"));
    f->p.config.maas_ca = "MAASPEM\n";
    deployed(f, &d);
    assert_int_equal(d.n, 5);
    assert_non_null(strstr(d.files[0].content,
                           "\"maasCaFile\":\"/etc/gateproof/maas-ca.pem\",\"proxy\":{\"httpProxy\":"
                           "\"\",\"httpsProxy\":\"" PROXY "\",\"noProxy\":\"" NO_PROXY "\"}}\n"));
    file_is(&d, 2, "/etc/gateproof/maas-ca.pem", "0644", "MAASPEM\n");
    file_is(&d, 3, "/etc/environment", "0644",
            "HTTPS_PROXY=\"" PROXY "\"\nNO_PROXY=\"" NO_PROXY "\"\n"
            "https_proxy=\"" PROXY "\"\nno_proxy=\"" NO_PROXY "\"\n");
    assert_true(d.files[3].append);
    file_is(&d, 4, "/etc/systemd/system/containerd.service.d/http-proxy.conf", "0600",
            "[Service]\nEnvironment=\"HTTPS_PROXY=http://u:proxypass%%40@10.9.0.3:3128\"\n"
            "Environment=\"NO_PROXY=" NO_PROXY "\"\n");
    assert_false(d.files[4].append);
    assert_string_equal(d.runcmd, "[[\"systemctl\",\"daemon-reload\"],[\"systemctl\",\"restart\","
                                  "\"containerd\"],[\"systemctl\",\"enable\",\"--now\","
                                  "\"gateproof-agent.service\"]]");
    dropped(&d);
}

/* Both URLs, and what they are for is not for the gateway to judge. */
static void two_proxies_are_both_inherited(void **state)
{
    struct fake *f = *state;
    struct document d;

    assert_true(text_copy(f->p.config.http_proxy, GW_URL_MAX, "http://one:3128"));
    assert_true(text_copy(f->p.config.https_proxy, GW_URL_MAX, PROXY));
    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, "10.1.0.0/16,localhost"));
    deployed(f, &d);
    assert_non_null(strstr(d.files[0].content, "\"proxy\":{\"httpProxy\":\"http://one:3128\","
                                               "\"httpsProxy\":\"" PROXY "\",\"noProxy\":\""));
    file_is(&d, 2, "/etc/environment", "0644",
            "HTTP_PROXY=\"http://one:3128\"\nHTTPS_PROXY=\"" PROXY "\"\nNO_PROXY=\"" NO_PROXY "\"\n"
            "http_proxy=\"http://one:3128\"\nhttps_proxy=\"" PROXY "\"\nno_proxy=\"" NO_PROXY
            "\"\n");
    file_is(&d, 3, "/etc/systemd/system/containerd.service.d/http-proxy.conf", "0600",
            "[Service]\nEnvironment=\"HTTP_PROXY=http://one:3128\"\n"
            "Environment=\"HTTPS_PROXY=http://u:proxypass%%40@10.9.0.3:3128\"\n"
            "Environment=\"NO_PROXY=" NO_PROXY "\"\n");
    dropped(&d);
}

/* One URL is enough to be configured (GP-83), and it stays alone. */
static void a_proxy_for_plain_urls_only_is_inherited_alone(void **state)
{
    struct fake *f = *state;
    struct document d;

    assert_true(text_copy(f->p.config.http_proxy, GW_URL_MAX, "http://one:3128"));
    deployed(f, &d);
    assert_int_equal(d.n, 4);
    assert_non_null(strstr(d.files[0].content, "\"httpProxy\":\"http://one:3128\",\"httpsProxy\":"
                                               "\"\",\"noProxy\":\"localhost,127.0.0.1,"));
    assert_null(strstr(d.files[2].content, "HTTPS_PROXY"));
    assert_null(strstr(d.files[2].content, "https_proxy"));
    assert_null(strstr(d.files[3].content, "HTTPS_PROXY"));
    assert_non_null(strstr(d.files[3].content, "Environment=\"HTTP_PROXY=http://one:3128\"\n"));
    dropped(&d);
}

/* What the user wrote stays as it is, first and in its order; only what is missing is added. */
static void the_user_s_own_exceptions_come_first_and_once(void **state)
{
    static const char given[] = ".cluster.local,fd00::/8,maas.site,192.168.0.0/16,GIT.corp.example,"
                                ".maas,10.10.0.0/24,10.96.0.0/13";
    struct fake *f = *state;
    struct document d;
    char wanted[512];

    assert_true(text_copy(f->p.config.https_proxy, GW_URL_MAX, PROXY));
    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, given));
    deployed(f, &d);
    snprintf(wanted, sizeof wanted,
             "\"noProxy\":\"%s,localhost,127.0.0.1,169.254.169.254,.svc,10.96.0.0/12\"}}\n", given);
    assert_non_null(strstr(d.files[0].content, wanted));
    dropped(&d);
}

/* A list without a proxy is no proxy. */
static void exceptions_alone_are_not_inherited(void **state)
{
    struct fake *f = *state;
    struct document d;

    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, "10.1.0.0/16"));
    deployed(f, &d);
    assert_int_equal(d.n, 2);
    assert_non_null(
        strstr(d.files[0].content,
               "\"proxy\":{\"httpProxy\":\"\",\"httpsProxy\":\"\",\"noProxy\":\"\"}}\n"));
    assert_null(strstr(d.runcmd, "containerd"));
    dropped(&d);
}

/* GP-95: what is asked of MAAS, each wish in the form MAAS has for it. */
static void the_wishes_of_a_pool_become_constraints(void **state)
{
    struct fake *f = *state;
    const struct play_call *c;

    (void)fake_create(f, "c1", 0);
    f->stuck = "op=allocate";
    fake_until(f, SECONDS(1));
    c = play_find(&f->p, "op=allocate");
    assert_non_null(c);
    assert_string_equal(buf_text(&c->call.body),
                        "agent_name=gp1.mark.c1&zone=default&zone=z2&pool=default&tags=t1&tags=t2&"
                        "cpu_count=4&mem=8192&storage=root%3A64.42&arch=amd64");
}

/* GP-113: inside a self-hosted Palette its inner name is an exception; machines get the outer one.
 */
static void a_gateway_inside_palette_sends_machines_to_the_outer_name(void **state)
{
    struct fake *f = *state;
    struct document d;

    assert_true(text_copy(f->p.config.palette_url, GW_URL_MAX, "https://palette.inner"));
    assert_true(text_copy(f->p.config.https_proxy, GW_URL_MAX, PROXY));
    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, "palette.inner"));
    f->stuck = "/machines/rec-"; /* a call of Palette stays in flight */
    deployed(f, &d);
    assert_non_null(strstr(d.files[0].content, "\"url\":\"https://palette.example\""));
    assert_non_null(strstr(d.files[0].content, "\"httpsProxy\":\"" PROXY "\""));
    assert_null(strstr(d.files[0].content, "https://palette.inner"));
    assert_non_null(play_find(&f->p, "https://palette.inner/"));
    for (size_t i = 0; i < f->p.n_calls; i++)
        assert_text(f->p.calls[i].call.proxy, "");
    dropped(&d);
}

static void annotations_have_keys_that_maas_takes_and_values_that_delete_none(void **state)
{
    struct fake *f = *state;
    const struct play_call *c;

    (void)fake_create(f, "c1", 0);
    f->stuck = "op=set_workload";
    fake_until(f, SECONDS(5));
    c = play_find(&f->p, "op=set_workload");
    assert_non_null(c);
    assert_text(buf_text(&c->call.body), "gateproof.pcg=g1&gateproof.cluster=c1&"
                                         "gateproof.pool=cp&gateproof.role=init");
}

#define story(function, ...) site_clause_test(function, stage_open, stage_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(without_a_proxy_the_agent_and_its_anchor_are_all, CLAUSE(80), CLAUSE(81), CLAUSE(83),
              CLAUSE(79), CLAUSE(82), CLAUSE(84), CLAUSE(85), CLAUSE(86), CLAUSE(87), P(35)),
        story(with_a_proxy_machines_inherit_it_in_three_places, CLAUSE(83), CLAUSE(84), F(8)),
        story(two_proxies_are_both_inherited),
        story(a_proxy_for_plain_urls_only_is_inherited_alone),
        story(the_user_s_own_exceptions_come_first_and_once, F(8)),
        story(exceptions_alone_are_not_inherited),
        story(a_gateway_inside_palette_sends_machines_to_the_outer_name, CLAUSE(113), CLAUSE(82),
              CLAUSE(26)),
        story(annotations_have_keys_that_maas_takes_and_values_that_delete_none, CLAUSE(96)),
        story(the_wishes_of_a_pool_become_constraints, CLAUSE(95)),
    };

    return run_tests(tests);
}
