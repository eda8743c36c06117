#include "tests/test.h"

#include "lib/base/oauth.h"
#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTH_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
#define WHOAMI          "/MAAS/api/2.0/users/?op=whoami"
#define ERROR           "Authorization Error: "

/* Asks whoami as alice, signed as `how` says (its names filled in when NULL). */
static int whoami(struct maas_site *s, struct signing how)
{
    struct buf header SCOPED(buf_drop) = {0};
    char store[256];
    const struct signing alice = signing_of(ALICE_KEY, store, sizeof(store));

    how.consumer = how.consumer ? how.consumer : alice.consumer;
    how.token = how.token ? how.token : alice.token;
    how.secret = how.secret ? how.secret : alice.secret;
    buf_init(&header, KIB(4));
    signing_write(s, &how, &header);
    return maas_with(s, WHOAMI, buf_text(&header));
}

static void unauthorised(const struct maas_site *s, const char *body)
{
    answered(s, 401, "text/html; charset=utf-8", body);
    assert_true(talk_header(&s->t, "WWW-Authenticate", "OAuth realm=\"OAuth\""));
    assert_true(talk_header(&s->t, "Vary", "Cookie"));
    assert_false(talk_header(&s->t, "X-Maas-Api-Hash", NULL));
}

static void forbidden(const struct maas_site *s)
{
    answered(s, 401, "text/plain", "Forbidden");
    assert_false(talk_header(&s->t, "WWW-Authenticate", NULL));
    assert_true(talk_header(&s->t, "X-Maas-Api-Hash", NULL));
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_WHO, ""));
}

static void is_user(const struct maas_site *s, const char *name)
{
    char text[64];

    assert_int_equal(s->t.rp.status, 200);
    assert_text(talk_pick(&s->t, "username", text, sizeof(text)), name);
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_WHO, name));
}

static void a_signed_request_is_its_user(void **state)
{
    struct maas_site *s = *state;

    whoami(s, (struct signing){0});
    is_user(s, "alice");
    assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_OP, "users.whoami"));
    assert_int_equal(maas_get(s, ADMIN_KEY, WHOAMI), 200);
    is_user(s, "admin");
}

static void without_credentials_it_says_forbidden(void **state)
{
    struct maas_site *s = *state;
    static const char *const headers[] = {NULL, "", "Basic YWxpY2U6cHc=", "Bearer abc",
                                          "OAuth garbage"};

    for (size_t i = 0; i < COUNTOF(headers); i++) {
        maas_with(s, WHOAMI, headers[i]);
        forbidden(s);
    }
}

/* The names are looked for as texts, so a missing signature is found in its method's name. */
static void missing_parameters_differ(void **state)
{
    struct maas_site *s = *state;
    static const char *const needed[] = {"oauth_consumer_key", "oauth_token",
                                         "oauth_signature_method", "oauth_timestamp",
                                         "oauth_nonce"};

    for (size_t i = 0; i < COUNTOF(needed); i++) {
        whoami(s, (struct signing){.drop = needed[i]});
        forbidden(s);
    }
    whoami(s, (struct signing){.drop = "oauth_signature"});
    unauthorised(s, ERROR "'Missing signature.'");
    assert_int_equal(whoami(s, (struct signing){.drop = "oauth_version"}), 200);
}

static void unknown_keys_are_named(void **state)
{
    struct maas_site *s = *state;

    whoami(s, (struct signing){.consumer = "nosuch"});
    unauthorised(s, ERROR "Invalid API key.");
    whoami(s, (struct signing){.token = "nosuchtoken0000000"});
    unauthorised(s, ERROR "'Invalid access token: nosuchtoken0000000'");
}

/* Python quotes with double quotes when the text has a single one. */
static void texts_are_quoted_as_python_does(void **state)
{
    struct maas_site *s = *state;

    whoami(s, (struct signing){.token = "it's"});
    unauthorised(s, ERROR "\"Invalid access token: it's\"");
    whoami(s, (struct signing){.token = "it's %22that%22"});
    unauthorised(s, ERROR "'Invalid access token: it\\'s \"that\"'");
    whoami(s, (struct signing){.token = "a%5Cb%0A%01"});
    unauthorised(s, ERROR "'Invalid access token: a\\\\b\\n\\x01'");
}

/* A's consumer with B's token acts as B. */
static void the_token_alone_decides_who_it_is(void **state)
{
    struct maas_site *s = *state;
    char store[256];
    struct signing how = signing_of(BOB_KEY, store, sizeof(store));

    how.consumer = NULL; /* alice's */
    whoami(s, how);
    is_user(s, "bob");
}

static void only_the_past_is_bounded(void **state)
{
    struct maas_site *s = *state;
    char stamp[32], wanted[256];

    s->m.now = SECONDS(10000);
    for (int back = 300; back <= 301; back++) {
        snprintf(stamp, sizeof(stamp), "%" PRId64, EPOCH_S + 10000 - back);
        whoami(s, (struct signing){.timestamp = stamp});
        assert_int_equal(s->t.rp.status, back == 300 ? 200 : 401);
    }
    snprintf(wanted, sizeof(wanted),
             ERROR "'Expired timestamp: given %s and now %" PRId64
                   ", has a greater difference than threshold 300'",
             stamp, EPOCH_S + 10000);
    unauthorised(s, wanted);
    snprintf(stamp, sizeof(stamp), "%" PRId64, EPOCH_S + 10000 + 3600);
    assert_int_equal(whoami(s, (struct signing){.timestamp = stamp}), 200);
}

static void a_timestamp_that_is_none_breaks_it(void **state)
{
    struct maas_site *s = *state;

    whoami(s, (struct signing){.timestamp = ""});
    answered(s, 400, "text/plain; charset=utf-8", "'Bad Request: Missing timestamp.'");
    whoami(s, (struct signing){.timestamp = "x"});
    answered(s, 500, "text/plain; charset=utf-8", "invalid literal for int() with base 10: 'x'");
}

static void a_nonce_serves_once(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(whoami(s, (struct signing){.nonce = "n1"}), 200);
    whoami(s, (struct signing){.nonce = "n1"});
    unauthorised(s, ERROR "'Nonce already used: n1'");
    s->m.now += HOURS(1);
    whoami(s, (struct signing){.nonce = "n1"});
    unauthorised(s, ERROR "'Nonce already used: n1'");
}

/* A raised error rolls the nonce back; a 404 that is returned does not. */
static void only_requests_that_took_effect_burn_their_nonce(void **state)
{
    struct maas_site *s = *state;
    struct buf header SCOPED(buf_drop) = {0};
    char store[256];
    struct signing how = signing_of(ALICE_KEY, store, sizeof(store));

    buf_init(&header, KIB(4));
    how.nonce = "n2";
    signing_write(s, &how, &header);
    assert_int_equal(maas_with(s, "/MAAS/api/2.0/users/?op=nosuch", buf_text(&header)), 400);
    whoami(s, (struct signing){.nonce = "n2", .signature = "%26wrong"});
    assert_int_equal(s->t.rp.status, 401);
    assert_int_equal(maas_with(s, "/MAAS/api/2.0/zones/nosuch/", buf_text(&header)), 404);
    whoami(s, (struct signing){.nonce = "n2"});
    unauthorised(s, ERROR "'Nonce already used: n2'");
}

/* The trap: MAAS prints the right secret. The journal must not. */
static void a_wrong_signature_shows_the_right_one(void **state)
{
    struct maas_site *s = *state;
    static const char *const wrong[] = {"%26wrong", "", ALICE_SECRET};

    for (size_t i = 0; i < COUNTOF(wrong); i++) {
        whoami(s, (struct signing){.signature = wrong[i]});
        unauthorised(s, ERROR "'Invalid signature. Expected signature base string: &" ALICE_SECRET
                              "'");
    }
    buf_clear(&s->m.said);
    assert_false(mock_leaks(&s->m, ALICE_SECRET));
}

static void an_unquoted_ampersand_is_fine(void **state)
{
    struct maas_site *s = *state;

    whoami(s, (struct signing){.signature = "&" ALICE_SECRET});
    is_user(s, "alice");
}

static void other_methods_are_not_supported(void **state)
{
    struct maas_site *s = *state;

    whoami(s, (struct signing){.method = "FOO"});
    unauthorised(s, ERROR "'Signature method FOO not supported try one of the following: "
                          "PLAINTEXT, HMAC-SHA1'");
}

/* Consumer before token before time before nonce before method before signature. */
static void checks_come_in_maas_order(void **state)
{
    struct maas_site *s = *state;
    struct signing how = {.consumer = "x",
                          .token = "y",
                          .timestamp = "1",
                          .nonce = "n3",
                          .method = "FOO",
                          .signature = "z"};

    assert_int_equal(whoami(s, (struct signing){.nonce = "n3"}), 200);
    whoami(s, how);
    assert_non_null(strstr(talk_body(&s->t), "Invalid API key"));
    how.consumer = NULL;
    whoami(s, how);
    assert_non_null(strstr(talk_body(&s->t), "Invalid access token"));
    how.token = NULL;
    whoami(s, how);
    assert_non_null(strstr(talk_body(&s->t), "Expired timestamp"));
    how.timestamp = NULL;
    whoami(s, how);
    assert_non_null(strstr(talk_body(&s->t), "Nonce already used"));
    how.nonce = NULL;
    whoami(s, how);
    assert_non_null(strstr(talk_body(&s->t), "Signature method FOO"));
    how.method = NULL;
    whoami(s, how);
    assert_non_null(strstr(talk_body(&s->t), "Invalid signature"));
}

static void odd_headers_are_read_as_maas_reads_them(void **state)
{
    struct maas_site *s = *state;
    struct buf header SCOPED(buf_drop) = {0};
    struct buf odd SCOPED(buf_drop) = {0};
    char store[256];
    struct signing how = signing_of(ALICE_KEY, store, sizeof(store));

    buf_init(&header, KIB(4));
    buf_init(&odd, KIB(8));
    signing_write(s, &how, &header);
    buf_printf(&odd, "OAuth realm=\"a realm\", %s", buf_text(&header) + strlen("OAuth "));
    maas_with(s, WHOAMI, buf_text(&odd));
    is_user(s, "alice");
    buf_clear(&odd);
    buf_printf(&odd, "%s, nonsense", buf_text(&header));
    maas_with(s, WHOAMI, buf_text(&odd));
    unauthorised(s, ERROR "'Unable to parse OAuth parameters from Authorization header.'");
    buf_clear(&odd);
    buf_printf(&odd, "oauth %s", buf_text(&header) + strlen("OAuth "));
    maas_with(s, WHOAMI, buf_text(&odd));
    unauthorised(s, ERROR "'Parameter not found: oauth_consumer_key'");
    maas_with(s, "/MAAS/api/2.0/zones/", buf_text(&odd));
    answered(s, 500, "text/plain; charset=utf-8",
             "'NoneType' object has no attribute 'verify_request'");
}

/* A bug of MAAS that tells clients: header only. */
static void credentials_in_the_query_break_it(void **state)
{
    struct maas_site *s = *state;

    maas_with(s,
              WHOAMI "&oauth_consumer_key=aliceconsumer00000&oauth_token=alicetoken00000000"
                     "&oauth_signature_method=PLAINTEXT&oauth_signature=%26" ALICE_SECRET
                     "&oauth_timestamp=1782864000&oauth_nonce=q1",
              NULL);
    answered(s, 500, "text/plain; charset=utf-8", "dictionary changed size during iteration");
}

/* RFC 5849: scheme, host and port as MAAS sees them are in the text that is signed. */
static void hmac_sha1_really_works(void **state)
{
    struct maas_site *s = *state;
    struct buf base SCOPED(buf_drop) = {0}, coded SCOPED(buf_drop) = {0};
    struct oauth o = {.version = "1.0",
                      .consumer_key = "aliceconsumer00000",
                      .token = "alicetoken00000000",
                      .signature_method = "HMAC-SHA1",
                      .timestamp = "1782864000",
                      .nonce = "h1"};
    struct pairs query = {0}, form = {0};
    struct err e = {0};
    struct url u;
    char signature[64];

    buf_init(&base, KIB(4));
    buf_init(&coded, KIB(1));
    must(url_read("http://10.10.0.3:5240/MAAS/api/2.0/users/", &u, &e), &e);
    must(pairs_read("op=whoami", 9, &query, &e), &e);
    oauth_base_string(&base, "GET", &u, &query, &form, &o);
    oauth_hmac_sha1(buf_text(&base), ALICE_SECRET, signature, sizeof(signature));
    url_encode(&coded, signature);
    whoami(s, (struct signing){.method = "HMAC-SHA1",
                               .nonce = "h1",
                               .timestamp = "1782864000",
                               .signature = buf_text(&coded)});
    is_user(s, "alice");
    s->m.authority = "10.10.0.9:5240";
    whoami(s, (struct signing){.method = "HMAC-SHA1",
                               .nonce = "h2",
                               .timestamp = "1782864000",
                               .signature = buf_text(&coded)});
    assert_int_equal(s->t.rp.status, 401);
    assert_non_null(strstr(talk_body(&s->t), "Expected signature base string: GET&http"));
    pairs_drop(&query);
}

static void the_version_needs_no_credentials(void **state)
{
    struct maas_site *s = *state;
    char text[32];

    assert_int_equal(maas_with(s, "/MAAS/api/2.0/version/", NULL), 200);
    assert_int_equal(maas_with(s, "/MAAS/api/2.0/version/", "OAuth garbage"), 200);
    assert_text(talk_pick(&s->t, "version", text, sizeof(text)), "3.7.3");
    assert_true(talk_header(&s->t, "Vary", "Authorization"));
}

/* On clock wall MAAS's clock goes at the pace of the processes (docs/time.md). */
static void the_factor_slows_the_clock_of_signatures(void **state)
{
    struct maas_site *s = *state;

    s->maas->config.factor = 60;
    s->m.now = HOURS(1);
    assert_int_equal(whoami(s, (struct signing){.timestamp = "1782864000"}), 200);
    s->m.now = HOURS(6);
    whoami(s, (struct signing){.timestamp = "1782864000"});
    assert_non_null(strstr(talk_body(&s->t), "given 1782864000 and now 1782864360"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUTH_TEST(a_signed_request_is_its_user),
        AUTH_TEST(without_credentials_it_says_forbidden),
        AUTH_TEST(missing_parameters_differ),
        AUTH_TEST(unknown_keys_are_named),
        AUTH_TEST(texts_are_quoted_as_python_does),
        AUTH_TEST(the_token_alone_decides_who_it_is),
        AUTH_TEST(only_the_past_is_bounded),
        AUTH_TEST(a_timestamp_that_is_none_breaks_it),
        AUTH_TEST(a_nonce_serves_once),
        AUTH_TEST(only_requests_that_took_effect_burn_their_nonce),
        AUTH_TEST(a_wrong_signature_shows_the_right_one),
        AUTH_TEST(an_unquoted_ampersand_is_fine),
        AUTH_TEST(other_methods_are_not_supported),
        AUTH_TEST(checks_come_in_maas_order),
        AUTH_TEST(odd_headers_are_read_as_maas_reads_them),
        AUTH_TEST(credentials_in_the_query_break_it),
        AUTH_TEST(hmac_sha1_really_works),
        AUTH_TEST(the_version_needs_no_credentials),
        AUTH_TEST(the_factor_slows_the_clock_of_signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
