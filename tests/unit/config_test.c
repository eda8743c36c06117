#include "tests/test.h"

#include "gateway/config.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/log.h"
#include "lib/io/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENV_MAX 24

/* A complete launch; each test changes one thing. */
struct fixture {
    char dir[64];
    char env[ENV_MAX][512];
    char *envp[ENV_MAX + 1];
    struct config config;
    struct err e;
};

static const char *in_dir(const struct fixture *f, const char *name)
{
    static char path[4][128];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", f->dir, name);
    return path[i];
}

/* Sets the variable, over what was there. */
static void set(struct fixture *f, const char *name, const char *value)
{
    size_t i = 0, len = strlen(name);

    while (f->envp[i] && (strncmp(f->envp[i], name, len) != 0 || f->envp[i][len] != '='))
        i++;
    assert_true(i < ENV_MAX);
    snprintf(f->env[i], sizeof(f->env[i]), "%s=%s", name, value);
    f->envp[i] = f->env[i];
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    struct err e;

    must(file_write(path, text, strlen(text), mode, &e), &e);
    assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->dir, sizeof(f->dir), "/tmp/config_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    must(tls_ca_make(f->dir, "ours", 1782864000, 36500, &f->e), &f->e);
    write_text(in_dir(f, "maas-key"), "consumer:token:hunter2\n", 0600);
    write_text(in_dir(f, "pairing-code"), "8XT2QK\n", 0600);
    set(f, "GP_CONTRACT", "1");
    set(f, "GP_FEATURES", "pcg,proxy");
    set(f, "GP_STATE_DIR", f->dir);
    set(f, "GP_SECRETS_DIR", f->dir);
    set(f, "GP_PALETTE_URL", "https://palette.example/");
    set(f, "GP_PCG_UID", "6650f1");
    set(f, "GP_MAAS_URL", "http://10.1.1.1:5240/MAAS");
    set(f, "GP_PALETTE_CA_FILE", in_dir(f, "ca.pem"));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"ca.pem",       "ca.key",         "ca.serial", "maas-key",
                                        "pairing-code", "gateway-secret", "file"};
    struct fixture *f = *state;
    int r;

    config_drop(&f->config);
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)!unlink(in_dir(f, names[i]));
    r = rmdir(f->dir);
    free(f);
    return r;
}

static int read_it(struct fixture *f)
{
    char program[] = "gateproof-pcg", *argv[] = {program, NULL};
    struct opts *o = NULL;
    int r = config_options(&o, 1, argv, f->envp, &f->e);

    if (r == 0)
        r = config_read(o, &f->config, &f->e);
    opts_free(o);
    return r;
}

/* --- what is fine ---------------------------------------------------------------------------- */

static void a_launch_becomes_values(void **state)
{
    struct fixture *f = *state;

    must(read_it(f), &f->e);
    assert_text(f->config.gw.palette_url, "https://palette.example/");
    assert_text(f->config.gw.pcg_uid, "6650f1");
    assert_text(f->config.gw.maas_url, "http://10.1.1.1:5240/MAAS");
    assert_text(f->config.gw.maas_key, "consumer:token:hunter2");
    assert_text(f->config.gw.pairing_code, "8XT2QK");
    assert_text(f->config.gw.given_secret, "");
    assert_text(f->config.gw.account_name, "maas-6650f1");
    assert_text(f->config.gw.features, GW_FEATURES);
    assert_text(f->config.gw.version, GATEPROOF_VERSION);
    assert_text(f->config.remark, "");
    assert_int_equal(f->config.clock_fd, -1);
    assert_int_equal(f->config.log_level, LOG_INFO);
}

/* Later starts bring no code, and a gateway without MAAS no key. */
static void optional_things_may_be_missing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(unlink(in_dir(f, "pairing-code")), 0);
    assert_int_equal(unlink(in_dir(f, "maas-key")), 0);
    set(f, "GP_MAAS_URL", "");
    set(f, "GP_PALETTE_CA_FILE", "");
    must(read_it(f), &f->e);
    assert_text(f->config.gw.maas_key, "");
    assert_text(f->config.gw.pairing_code, "");
    assert_text(f->config.palette_ca, "");
}

static void a_given_secret_is_taken(void **state)
{
    struct fixture *f = *state;

    write_text(in_dir(f, "gateway-secret"), "Jx3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0600);
    must(read_it(f), &f->e);
    assert_text(f->config.gw.given_secret, "Jx3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* GP-80, GP-83: what machines inherit is what was given, whatever the gateway itself uses. */
static void machines_inherit_proxies_and_anchors(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_HTTP_PROXY", "http://one:3128");
    set(f, "GP_HTTPS_PROXY", "http://user:hunter2@proxy:3128");
    set(f, "GP_NO_PROXY", "palette.example");
    set(f, "GP_MAAS_CA_FILE", in_dir(f, "ca.pem"));
    must(read_it(f), &f->e);
    assert_text(f->config.gw.http_proxy, "http://one:3128");
    assert_text(f->config.gw.https_proxy, "http://user:hunter2@proxy:3128");
    assert_text(f->config.gw.no_proxy, "palette.example");
    assert_non_null(strstr(f->config.gw.maas_ca, "-----BEGIN CERTIFICATE-----"));
}

static void an_odd_item_of_no_proxy_is_a_remark_not_an_error(void **state)
{
    struct fixture *f = *state;

    set(f, "GP_NO_PROXY", "localhost,http://x");
    must(read_it(f), &f->e);
    assert_text(f->config.remark,
                "GP_NO_PROXY: 'http://x' is no host, .domain, address or CIDR: it matches nothing");
}

static void a_file_gives_what_the_environment_does_not(void **state)
{
    struct fixture *f = *state;

    write_text(in_dir(f, "file"), "account-name = from-file\npcg-uid = other\n", 0600);
    set(f, "GP_CONFIG_FILE", in_dir(f, "file"));
    must(read_it(f), &f->e);
    assert_text(f->config.gw.account_name, "from-file");
    assert_text(f->config.gw.pcg_uid, "6650f1");
}

/* --- what is not ----------------------------------------------------------------------------- */

/* GP-10 and GP-103: one sentence with the variable's name, and never the value of a secret.
 * %s stands for the test's folder. */
static const struct {
    const char *variable, *value, *sentence;
} wrong_values[] = {
    {"GP_PROVISION", "half",
     "GP_PROVISION: 'half' is no way to provision; there are full and bootstrap"},
    {"GP_VIRTUAL_MACHINES", "yes", "GP_VIRTUAL_MACHINES: 'yes' is neither refuse nor take"},
    {"GP_PALETTE_URL", "", "palette-url is missing: give --palette-url or set GP_PALETTE_URL"},
    {"GP_PALETTE_URL", "palette.example",
     "GP_PALETTE_URL: URL: must begin with http:// or https://"},
    {"GP_PALETTE_URL", "http://palette.example",
     "GP_PALETTE_URL: the URL begins with http://, and Palette is spoken to in HTTPS only: write "
     "https://"},
    {"GP_PALETTE_URL", "https://u:hunter2@palette.example",
     "GP_PALETTE_URL: wanted is https://HOST[:PORT] alone, without user, path or query"},
    {"GP_PALETTE_URL", "https://palette.example/v1",
     "GP_PALETTE_URL: wanted is https://HOST[:PORT] alone, without user, path or query"},
    {"GP_PALETTE_URL", "https://palette.example?a=b",
     "GP_PALETTE_URL: wanted is https://HOST[:PORT] alone, without user, path or query"},
    {"GP_PCG_UID", "", "pcg-uid is missing: give --pcg-uid or set GP_PCG_UID"},
    {"GP_PCG_UID", "a/../b",
     "GP_PCG_UID: a uid is at most 127 letters, digits, '-', '_' and '.'; copy it from Palette"},
    {"GP_PCG_UID", "..",
     "GP_PCG_UID: a uid is at most 127 letters, digits, '-', '_' and '.'; copy it from Palette"},
    {"GP_MAAS_URL", "ftp://10.1.1.1", "GP_MAAS_URL: URL: must begin with http:// or https://"},
    {"GP_MAAS_URL", "http://u:hunter2@10.1.1.1/MAAS",
     "GP_MAAS_URL: wanted is http[s]://HOST[:PORT]/MAAS, without user or query; the key is in the "
     "file maas-key"},
    {"GP_ACCOUNT_NAME", "a\tb", "GP_ACCOUNT_NAME: the name holds a control character"},
    {"GP_ACCOUNT_NAME", "b\xc3(", "GP_ACCOUNT_NAME: the name is no UTF-8"},
    {"GP_PALETTE_CA_FILE", "/nowhere",
     "GP_PALETTE_CA_FILE: /nowhere cannot be read: No such file or directory"},
    {"GP_PALETTE_CA_FILE", "%s/maas-key",
     "GP_PALETTE_CA_FILE: %s/maas-key holds no certificate; wanted are certificates in PEM "
     "(-----BEGIN CERTIFICATE-----)"},
    {"GP_MAAS_CA_FILE", "%s/ca.key",
     "GP_MAAS_CA_FILE: %s/ca.key holds a private key, and anchors are handed to machines as they "
     "are: put the certificates alone into a file"},
    {"GP_HTTPS_PROXY", "https://u:hunter2@proxy:3128",
     "GP_HTTPS_PROXY: wanted is http://[USER:PASSWORD@]HOST:PORT, without path or query"},
    {"GP_HTTPS_PROXY", "http://u:hunter2%zz@proxy:3128",
     "GP_HTTPS_PROXY: user or password hold a bad %XX"},
    {"GP_HTTPS_PROXY", "http://u:hun\"ter2@proxy:3128",
     "GP_HTTPS_PROXY: user or password hold a quote or a backslash; percent-code it"},
    {"GP_NO_PROXY", "localhost,\"x\"",
     "GP_NO_PROXY: the list holds a quote, a backslash, a '#' or a control character, which no file "
     "of a machine could carry"},
    {"GP_NO_PROXY", "localhost,\nx",
     "GP_NO_PROXY: the list holds a quote, a backslash, a '#' or a control character, which no file "
     "of a machine could carry"},
    {"GP_HTTPS_PROXY", "u:hunter2@proxy:3128",
     "GP_HTTPS_PROXY: URL: must begin with http:// or https://"},
    {"GP_HTTP_PROXY", "http://u:hunter2@proxy:3128/path",
     "GP_HTTP_PROXY: wanted is http://[USER:PASSWORD@]HOST:PORT, without path or query"},
    {"GP_STATE_DIR", "", "state-dir is missing: give --state-dir or set GP_STATE_DIR"},
    {"GP_STATE_DIR", "/nowhere",
     "GP_STATE_DIR: /nowhere: make it, with mode 0700: No such file or directory"},
    {"GP_STATE_DIR", "%s/ca.pem", "GP_STATE_DIR: %s/ca.pem is no directory; give one of mode 0700"},
    {"GP_SECRETS_DIR", "/nowhere",
     "GP_SECRETS_DIR: /nowhere: make it, with mode 0700: No such file or directory"},
    {"GP_SECRETS_DIR", "",
     "GP_MAAS_URL is given and GP_SECRETS_DIR/maas-key is missing or empty: write the MAAS key, "
     "CONSUMER:TOKEN:SECRET, into it"},
    {"GP_CLOCK_FD", "three", "GP_CLOCK_FD: 'three' is not a whole number from -1 to 1048576"},
    {"GP_LOG_LEVEL", "loud",
     "GP_LOG_LEVEL: 'loud' is no level; there are error, warn, info and debug"},
};

/* Puts the folder where the pattern says %s. */
static void filled(const struct fixture *f, const char *pattern, char *out, size_t size)
{
    const char *at = strstr(pattern, "%s");

    if (at)
        snprintf(out, size, "%.*s%s%s", (int)(at - pattern), pattern, f->dir, at + 2);
    else
        snprintf(out, size, "%s", pattern);
}

static void each_wrong_value_has_its_sentence(void **state)
{
    struct fixture *f = *state;
    char kept[512], value[512], sentence[ERR_TEXT_MAX];

    for (size_t i = 0; i < COUNTOF(wrong_values); i++) {
        size_t v = 0, len = strlen(wrong_values[i].variable);

        while (f->envp[v] && strncmp(f->envp[v], wrong_values[i].variable, len) != 0)
            v++;
        snprintf(kept, sizeof(kept), "%s", f->envp[v] ? strchr(f->envp[v], '=') + 1 : "");
        filled(f, wrong_values[i].value, value, sizeof(value));
        filled(f, wrong_values[i].sentence, sentence, sizeof(sentence));
        set(f, wrong_values[i].variable, value);
        assert_true(read_it(f) < 0);
        assert_text(f->e.text, sentence);
        assert_null(strstr(f->e.text, "hunter2"));
        set(f, wrong_values[i].variable, kept);
    }
    must(read_it(f), &f->e);
}

static void a_key_of_another_form_is_refused_without_quoting_it(void **state)
{
    static const char *const keys[] = {"hunter2",       "a:hunter2",
                                       "a:b:hunter2:d", ":b:hunter2",
                                       "a:b:",          "a::hunter2",
                                       "a:b:hunter2 ",  "a:b:hunter2\n\n",
                                       "a:b:\nhunter2"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNTOF(keys); i++) {
        write_text(in_dir(f, "maas-key"), keys[i], 0600);
        assert_true(read_it(f) < 0);
        assert_true(text_begins(f->e.text, "GP_SECRETS_DIR: "));
        assert_non_null(strstr(f->e.text, in_dir(f, "maas-key")));
        assert_null(strstr(f->e.text, "hunter2"));
    }
}

static void a_secret_that_others_could_read_is_refused(void **state)
{
    struct fixture *f = *state;
    char sentence[ERR_TEXT_MAX];

    assert_int_equal(chmod(in_dir(f, "maas-key"), 0644), 0);
    must(read_it(f), &f->e);
    assert_int_equal(chmod(f->dir, 0755), 0);
    snprintf(sentence, sizeof(sentence),
             "GP_SECRETS_DIR: others may read %s/maas-key (mode 0644 in a directory of mode 0755): "
             "chmod 0600 the file, or chmod 0700 the directory",
             f->dir);
    must_fail(read_it(f), &f->e, -EPERM, sentence);
}

/* A gateway that took it for "not given" would make itself another secret and enrol as a stranger.
 */
static void a_secret_that_is_there_and_cannot_be_read_is_not_missing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(symlink("/nowhere/at/all", in_dir(f, "gateway-secret")), 0);
    assert_int_equal(read_it(f), -ENOENT);
    assert_non_null(strstr(f->e.text, "gateway-secret: "));
    assert_int_equal(unlink(in_dir(f, "gateway-secret")), 0);
    assert_int_equal(symlink("gateway-secret", in_dir(f, "gateway-secret")), 0);
    assert_int_equal(read_it(f), -ELOOP);
    assert_int_equal(unlink(in_dir(f, "gateway-secret")), 0);
    assert_int_equal(mkdir(in_dir(f, "gateway-secret"), 0700), 0);
    assert_int_equal(read_it(f), -EINVAL);
    assert_non_null(strstr(f->e.text, "gateway-secret is no file"));
    assert_int_equal(rmdir(in_dir(f, "gateway-secret")), 0);
}

static void a_line_s_end_of_another_system_is_no_part_of_a_secret(void **state)
{
    struct fixture *f = *state;

    write_text(in_dir(f, "maas-key"), "consumer:token:hunter2\r\n", 0600);
    must(read_it(f), &f->e);
    assert_text(f->config.gw.maas_key, "consumer:token:hunter2");
}

/* MAAS's anchors are written onto every machine, for all to read. */
static void anchors_with_a_private_key_beside_are_refused(void **state)
{
    SCOPED(buf_drop) struct buf both = {.max = KIB(64)};
    SCOPED(buf_drop) struct buf key = {.max = KIB(64)};
    struct fixture *f = *state;

    must(file_read(in_dir(f, "ca.pem"), &both, &f->e), &f->e);
    must(file_read(in_dir(f, "ca.key"), &key, &f->e), &f->e);
    buf_add(&both, key.data, key.len);
    write_text(in_dir(f, "file"), buf_text(&both), 0600);
    set(f, "GP_MAAS_CA_FILE", in_dir(f, "file"));
    assert_int_equal(read_it(f), -EINVAL);
    assert_true(text_begins(f->e.text, "GP_MAAS_CA_FILE: "));
    assert_non_null(strstr(f->e.text, "holds a private key"));
    assert_non_null(strstr(f->e.text, "put the certificates alone into a file"));
}

/* Or this machine's clock is wrong: a warning, since nothing is trusted meanwhile. */
static void anchors_that_have_all_expired_are_a_remark(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(unlink(in_dir(f, "ca.pem")) + unlink(in_dir(f, "ca.key")), 0);
    must(tls_ca_make(f->dir, "ours", 1000000000, 30, &f->e), &f->e);
    must(read_it(f), &f->e);
    assert_true(text_begins(f->config.remark, "GP_PALETTE_CA_FILE: all certificates in "));
    assert_non_null(strstr(f->config.remark, "put new ones there, or set the clock"));
}

static void a_torn_certificate_is_refused(void **state)
{
    SCOPED(buf_drop) struct buf pem = {.max = KIB(64)};
    SCOPED(buf_drop) struct buf two = {.max = KIB(64)};
    struct fixture *f = *state;

    must(file_read(in_dir(f, "ca.pem"), &pem, &f->e), &f->e);
    buf_add(&two, pem.data, pem.len);
    buf_add(&two, pem.data, pem.len / 2);
    write_text(in_dir(f, "file"), buf_text(&two), 0600);
    set(f, "GP_PALETTE_CA_FILE", in_dir(f, "file"));
    assert_true(read_it(f) < 0);
    assert_non_null(strstr(f->e.text, "file has a certificate that cannot be read; wanted are"));
}

/* --- GP-9 ------------------------------------------------------------------------------------ */

static void what_this_gateway_is_not_made_for_is_refused(void **state)
{
    static const struct {
        const char *variable, *value, *why;
    } table[] = {
        {"GP_CONTRACT", "99", "GP_CONTRACT: version '99' is not known; this gateway knows 1"},
        {"GP_CONTRACT", "1.0", "GP_CONTRACT: version '1.0' is not known; this gateway knows 1"},
        {"GP_FEATURES", "pcg,warp-drive",
         "GP_FEATURES: there is no feature 'warp-drive'; this gateway has " GW_FEATURES},
        {"GP_FEATURES", "ha",
         "GP_FEATURES: there is no feature 'ha'; this gateway has " GW_FEATURES},
        {"GP_FEATURES", "PCG",
         "GP_FEATURES: there is no feature 'PCG'; this gateway has " GW_FEATURES},
        {"GP_FEATURES", " pcg , proxy-auth ,", NULL},
        {"GP_FEATURES", "", NULL},
        {"GP_CONTRACT", "", NULL},
    };
    struct fixture *f = *state;
    char why[ERR_TEXT_MAX];

    for (size_t i = 0; i < COUNTOF(table); i++) {
        set(f, "GP_CONTRACT", "1");
        set(f, "GP_FEATURES", "pcg");
        set(f, table[i].variable, table[i].value);
        assert_int_equal(config_refused(f->envp, why, sizeof(why)), table[i].why != NULL);
        if (table[i].why)
            assert_text(why, table[i].why);
    }
}

static void the_environment_s_say_in_trust_is_taken_away(void **state)
{
    (void)state;
    assert_int_equal(setenv("SSLKEYLOGFILE", "/tmp/keys", 1), 0);
    assert_int_equal(setenv("https_proxy", "http://x", 1), 0);
    config_clean_environment();
    assert_null(getenv("SSLKEYLOGFILE"));
    assert_null(getenv("https_proxy"));
}

#define story(name, ...) site_clause_test(name, set_up, tear_down, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_launch_becomes_values, CLAUSE(6), CLAUSE(7)),
        story(optional_things_may_be_missing, CLAUSE(6)),
        story(a_given_secret_is_taken, CLAUSE(7), CLAUSE(30)),
        story(machines_inherit_proxies_and_anchors),
        story(an_odd_item_of_no_proxy_is_a_remark_not_an_error),
        story(a_file_gives_what_the_environment_does_not),
        story(each_wrong_value_has_its_sentence, CLAUSE(10)),
        story(a_key_of_another_form_is_refused_without_quoting_it),
        story(a_secret_that_others_could_read_is_refused, CLAUSE(7)),
        story(a_secret_that_is_there_and_cannot_be_read_is_not_missing, CLAUSE(7)),
        story(a_line_s_end_of_another_system_is_no_part_of_a_secret, CLAUSE(7)),
        story(anchors_with_a_private_key_beside_are_refused),
        story(anchors_that_have_all_expired_are_a_remark),
        story(a_torn_certificate_is_refused),
        story(what_this_gateway_is_not_made_for_is_refused, CLAUSE(5), CLAUSE(9), CLAUSE(105)),
        story(the_environment_s_say_in_trust_is_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
