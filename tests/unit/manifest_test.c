#include "tests/test.h"

#include "lib/base/buf.h"
#include "scenarios/engine/manifest.h"

#include <errno.h>
#include <string.h>

#define GOOD                                                                                       \
    "{\"contract\":1,\"profile\":\"1.0\",\"name\":\"example\",\"vendor\":\"Example Ltd\","         \
    "\"version\":\"2.3.1\",\"command\":[\"./start.sh\",\"--run=$GP_RUN\"],"                        \
    "\"kill_command\":[\"docker\",\"kill\",\"gw-$GP_RUN\"],\"config\":\"vendor.toml\","            \
    "\"features\":[\"pcg\",\"proxy\"],\"provision\":\"full\",\"clock\":[\"stepped\",\"wall\"],"    \
    "\"robustness\":[\"state-loss\"],\"start_seconds\":30}"

static void a_good_manifest_is_read_whole(void **state)
{
    char features[64];
    struct manifest m;
    struct err e;

    (void)state;
    must(manifest_read("/opt/gw/gateway.json", GOOD, strlen(GOOD), &m, &e), &e);
    assert_int_equal(m.contract, 1);
    assert_text(m.command[1], "--run=$GP_RUN");
    assert_int_equal(m.n_kill, 3);
    assert_text(m.dir, "/opt/gw");
    assert_int_equal(m.start_seconds, 30);
    assert_int_equal(m.stop_seconds, 10); /* promised when nothing is said */
    assert_true(manifest_has_feature(&m, "proxy") && !manifest_has_feature(&m, "ha"));
    assert_true(manifest_has_clock(&m, "stepped") && !manifest_has_clock(&m, "warp"));
    manifest_features(&m, features, sizeof features);
    assert_text(features, "pcg,proxy,state-loss");
    must(manifest_read("gateway.json", GOOD, strlen(GOOD), &m, &e), &e);
    assert_text(m.dir, ".");
    must(manifest_read("/gateway.json", GOOD, strlen(GOOD), &m, &e), &e);
    assert_text(m.dir, "/");
}

static const struct bad {
    const char *was, *becomes;
    int code;
    const char *sentence;
} bad[] = {
    {"\"contract\":1", "\"contract\":2", -EINVAL,
     "gw.json: contract: 2 is not known here; write 1"},
    {"\"profile\":\"1.0\"", "\"profile\":\"2.0\"", -EINVAL,
     "gw.json: profile: '2.0' is not known here; write \"1.0\""},
    {"\"vendor\":\"Example Ltd\"", "\"vendor\":\"\"", -EINVAL,
     "gw.json: vendor: is empty; reports print it"},
    {"\"name\":\"example\",", "", -EINVAL, "gw.json: name: is missing"},
    {"[\"./start.sh\",\"--run=$GP_RUN\"]", "[]", -EINVAL,
     "gw.json: command: is empty; name the program and its arguments"},
    {"--run=$GP_RUN", "--run=$GP_RUM", -EINVAL,
     "gw.json: command[1]: no variable is called 'GP_RUM'; did you mean 'GP_RUN'?"},
    {"--run=$GP_RUN", "--proxy=http://gw:pw@10.0.0.1:3128", -EINVAL,
     "gw.json: command[1]: looks like a secret; the harness hands secrets over in GP_SECRETS_DIR, "
     "keep it out of the manifest"},
    {"gw-$GP_RUN", "aaaaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbb:cccccccccccccccccccccccccccccccc",
     -EINVAL,
     "gw.json: kill_command[2]: looks like a secret; the harness hands secrets over in "
     "GP_SECRETS_DIR, keep it out of the manifest"},
    {"[\"pcg\",\"proxy\"]", "[]", -EINVAL,
     "gw.json: features: is empty; name at least one feature"},
    {"[\"pcg\",\"proxy\"]", "[\"pcg\",\"proxi\"]", -EINVAL,
     "gw.json: features[1]: no feature is called 'proxi'; did you mean 'proxy'?"},
    {"[\"pcg\",\"proxy\"]", "[\"pcg\",\"turbo\"]", -EINVAL,
     "gw.json: features[1]: no feature is called 'turbo'; write pcg, system-gateway, proxy, proxy-auth, "
     "proxy-ca, ha or reload"},
    {"[\"pcg\",\"proxy\"]", "[\"proxy\"]", -EINVAL,
     "gw.json: features: neither pcg nor system-gateway; declare at least one of the two"},
    {"[\"pcg\",\"proxy\"]", "[\"pcg\",\"pcg\"]", -EINVAL,
     "gw.json: features[1]: 'pcg' is named twice; remove one"},
    {"[\"pcg\",\"proxy\"]", "[\"pcg\",\"proxy-auth\"]", -EINVAL,
     "gw.json: features: proxy-auth without proxy; declare proxy too"},
    {"\"full\"", "\"ful\"", -EINVAL,
     "gw.json: provision: no way to provision is called 'ful'; did you mean 'full'?"},
    {"[\"stepped\",\"wall\"]", "[\"steped\"]", -EINVAL,
     "gw.json: clock[0]: no clock is called 'steped'; did you mean 'stepped'?"},
    {"[\"stepped\",\"wall\"]", "[]", -EINVAL, "gw.json: clock: is empty; name at least one clock"},
    {"[\"state-loss\"]", "[\"state-los\"]", -EINVAL,
     "gw.json: robustness[0]: no robustness is called 'state-los'; did you mean 'state-loss'?"},
    {"\"start_seconds\":30", "\"start_seconds\":301", -ERANGE,
     "gw.json: start_seconds: must be in 1…300"},
    {"\"start_seconds\":30", "\"stop_seconds\":61", -ERANGE,
     "gw.json: stop_seconds: must be in 1…60"},
    {"\"contract\":1", "\"contract\":\"1\"", -EINVAL,
     "gw.json: contract: must be a whole number, is string"},
    {"\"contract\":1", "\"contract\":1.5", -EINVAL,
     "gw.json: contract: must be a whole number, is double"},
    {"\"profile\":\"1.0\"", "\"profile\":1.0", -EINVAL,
     "gw.json: profile: must be a text, is double"},
    {"\"example\"", "{\"en\":\"example\"}", -EINVAL, "gw.json: name: must be a text, is object"},
    {"[\"./start.sh\",\"--run=$GP_RUN\"]", "\"./start.sh\"", -EINVAL,
     "gw.json: command: must be a list, is string"},
    {"\"--run=$GP_RUN\"", "7", -EINVAL, "gw.json: command[1]: must be a text, is int"},
    {"\"--run=$GP_RUN\"", "null", -EINVAL, "gw.json: command[1]: must be a text, is null"},
    {"[\"pcg\",\"proxy\"]", "{\"pcg\":true}", -EINVAL,
     "gw.json: features: must be a list, is object"},
    {"\"vendor\":\"Example Ltd\"", "\"vendor\":null", -EINVAL, "gw.json: vendor: is missing"},
    {"\"vendor\"", "\"name\":\"other\",\"vendor\"", -EINVAL,
     "gw.json: name: stands there twice; remove one"},
    {"\"start_seconds\":30}", "\"start_seconds\":30,\"features\":[\"pcg\"]}", -EINVAL,
     "gw.json: features: stands there twice; remove one"},
    {"\"start_seconds\":30}", "\"start_seconds\":30", -EINVAL,
     "gw.json: not JSON: it ends too early"},
    {"{\"contract\"", "\xef\xbb\xbf{\"contract\"", -EINVAL,
     "gw.json: not JSON: unexpected character at byte 0"},
    {"\"start_seconds\"", "\"start_second\"", -EINVAL,
     "gw.json: unknown field 'start_second'; did you mean 'start_seconds'?"},
};

static void every_mistake_gets_place_and_remedy(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++) {
        const char *at = strstr(GOOD, bad[i].was);
        struct manifest m = {.contract = 4711};
        struct err e = {0};
        struct buf text;
        assert_non_null(at);
        buf_init(&text, KIB(4));
        buf_add(&text, GOOD, (size_t)(at - GOOD));
        buf_text_add(&text, bad[i].becomes);
        buf_text_add(&text, at + strlen(bad[i].was));
        must_fail(manifest_read("gw.json", buf_text(&text), text.len, &m, &e), &e, bad[i].code,
                  bad[i].sentence);
        assert_int_equal(m.contract, 4711);
        buf_drop(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(a_good_manifest_is_read_whole, CLAUSE(4), CLAUSE(5)),
        clause_test(every_mistake_gets_place_and_remedy, CLAUSE(4), CLAUSE(5)),
    };

    return run_tests(tests);
}
