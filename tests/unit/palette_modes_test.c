/* The two kinds of Palette: whose gateway may be used where (the eight cells), and how often one
 * may ask. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/palette_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_SECRET "system-gateway-secret-canary-0123456789abcdef"

static const char *pick(struct palette_site *s, const char *path)
{
    static char text[1024];

    return talk_pick(&s->t, path, text, sizeof(text));
}

static struct palette_site *site(bool self_hosted)
{
    const struct palette_config c = {.seed = 1,
                                     .factor = 1,
                                     .api_key = API_KEY,
                                     .self_hosted = self_hosted,
                                     .system_secret = SYSTEM_SECRET};
    void *state = NULL;

    palette_site_make(&state, &c);
    return state;
}

static void site_end(struct palette_site *s)
{
    void *state = s;

    palette_site_teardown(&state);
}

/* The uid of the system gateway as a user finds it; "" when it is not offered. */
static const char *system_uid(struct palette_site *s)
{
    static char uid[64];

    user(s, "GET", "/v1/overlords?name=System%20Private%20Gateway", NULL);
    return talk_pick(&s->t, "items.0.metadata.uid", uid, sizeof(uid));
}

/* Palette's own gateway as a program beside it: its secret was put there, it never pairs. */
static void system_runs(struct palette_site *s)
{
    text_copy(s->uid, sizeof(s->uid), system_uid(s));
    assert_int_equal(credential(s, s->uid, NULL, SYSTEM_SECRET), 200);
    assert_text(pick(s, "isSystem"), "true");
    assert_text(pick(s, "registered"), "true");
    talk_pick(&s->t, "token", s->token, sizeof(s->token));
    talk_pick(&s->t, "selfClusterUid", s->self_uid, sizeof(s->self_uid));
    assert_int_equal(palette_beat(s), 204);
    assert_int_equal(palette_feed(s), 200);
}

/* --- the eight cells -------------------------------------------------------------------------- */

/* Answers the question that is open as a gateway with or without a way to MAAS would (GP-112). */
static void question_answered(struct palette_site *s, bool reaches)
{
    char target[256];

    assert_int_equal(palette_feed(s), 200);
    snprintf(target, sizeof(target), "/v1/x-gp/pcg/%s/queries/%s", s->uid, pick(s, "queries.0.id"));
    assert_int_equal(gateway(s, "POST", target,
                             reaches ? "{\"ok\":true}"
                                     : "{\"ok\":false,\"code\":\"MaasUnreachable\","
                                       "\"message\":\"connect: no route\"}"),
                     204);
}

/* The user registers an account with that gateway, as clients do: validate, then create. */
static int account_register(struct palette_site *s, bool reaches)
{
    char body[1024];
    struct talk t;
    int status;

    talk_init(&t);
    talk_ask(&s->m, &t, "POST", at(s, "/v1/overlords/maas/%s/account/validate"),
             "ApiKey: " API_KEY "\n", "{\"account\":" MAAS_ACCOUNT "}");
    if (t.parked) {
        question_answered(s, reaches);
        talk_again(&s->m, &t, false);
        assert_int_equal(t.rp.status, reaches ? 204 : 400);
        snprintf(
            body, sizeof(body),
            "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"overlordUid\":\"%s\"}},\"spec\":" MAAS_ACCOUNT
            "}",
            s->uid);
        talk_ask(&s->m, &t, "POST", "/v1/cloudaccounts/maas", "ApiKey: " API_KEY "\n", body);
    }
    if (t.parked) {
        question_answered(s, reaches);
        talk_again(&s->m, &t, false);
    }
    status = t.rp.status;
    talk_drop(&t);
    return status;
}

/* rules.md 1.3: where the option may be used, and where it must end in a refusal that is seen. A
 * private cloud gateway reaches MAAS whatever lies between MAAS and Palette. */
static void every_cell_is_eligible_or_refused_in_time(void **state)
{
    static const struct {
        bool self_hosted, direct, system;
        int status; /* of the registration of an account */
    } cells[] = {
        {true, false, false, 201}, {true, false, true, 400},   {true, true, false, 201},
        {true, true, true, 201},   {false, false, false, 201}, {false, false, true, 404},
        {false, true, false, 201}, {false, true, true, 404},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(cells); i++) {
        struct palette_site *s = site(cells[i].self_hosted);
        const ms_t began = s->m.now;

        if (!cells[i].system)
            palette_running(s);
        else if (cells[i].self_hosted)
            system_runs(s);
        else
            text_copy(s->uid, sizeof(s->uid), "systemprivategateway");
        assert_int_equal(account_register(s, cells[i].direct || !cells[i].system), cells[i].status);
        assert_true(s->m.now - began <= SECONDS(20));
        user(s, "GET", "/v1/cloudaccounts/maas", NULL);
        assert_text(pick(s, "listmeta.count"), cells[i].status == 201 ? "1" : "0");
        site_end(s);
    }
}

/* Whoever does not ask first is asked all the same: nothing is kept that cannot work. */
static void an_account_is_tried_before_the_system_gateway_gets_it(void **state)
{
    struct palette_site *s = site(true);
    char body[1024], text[64];
    struct talk t;

    (void)state;
    system_runs(s);
    talk_init(&t);
    snprintf(
        body, sizeof(body),
        "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"overlordUid\":\"%s\"}},\"spec\":" MAAS_ACCOUNT
        "}",
        s->uid);
    talk_ask(&s->m, &t, "POST", "/v1/cloudaccounts/maas", "ApiKey: " API_KEY "\n", body);
    assert_true(t.parked);
    question_answered(s, false);
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 400);
    assert_text(talk_pick(&t, "code", text, sizeof(text)), "MaasUnreachable");
    talk_ask(&s->m, &t, "POST", "/v1/cloudaccounts/maas", "ApiKey: " API_KEY "\n", body);
    palette_pass(s, SECONDS(20));
    talk_again(&s->m, &t, true);
    assert_int_equal(t.rp.status, 504);
    user(s, "GET", "/v1/cloudaccounts/maas", NULL);
    assert_text(pick(s, "listmeta.count"), "0");
    talk_drop(&t);
    site_end(s);
}

/* SPG-2, SPG-3: in a self-hosted Palette it is there without registration, in SaaS never. */
static void the_system_gateway_is_offered_by_a_self_hosted_palette_alone(void **state)
{
    struct palette_site *s = site(true);
    char tenant[64], path[128], uid[64];

    (void)state;
    assert_true(system_uid(s)[0]);
    assert_text(pick(s, "items.0.spec.isSystem"), "true");
    assert_text(pick(s, "items.0.status.state"), "Pending");
    talk_pick(&s->t, "items.0.spec.tenantUid", tenant, sizeof(tenant));
    snprintf(path, sizeof(path), "/v1/overlords/vsphere/tenants/%s/system", tenant);
    assert_int_equal(user(s, "POST", path, "{}"), 201);
    talk_pick(&s->t, "uid", uid, sizeof(uid));
    assert_text(system_uid(s), uid);
    user(s, "POST", "/v1/overlords/vsphere/tenants/nosuch/system", "{}");
    refused(s, 404, "ResourceNotFound");
    palette_pair(s);
    user(s, "GET", at(s, "/v1/overlords/%s"), NULL);
    assert_text(pick(s, "metadata.name"), "gateway-1");
    site_end(s);

    s = site(false);
    assert_text(system_uid(s), "");
    user(s, "POST", path, "{}");
    refused(s, 403, "SystemGatewayNotAvailable");
    site_end(s);
}

static void the_system_gateway_neither_pairs_nor_makes_accounts(void **state)
{
    struct palette_site *s = site(true);

    (void)state;
    system_runs(s);
    gateway(s, "POST", at(s, "/v1/pcg/%s/register"), "{\"pairingCode\":\"ABCDEFGHJK\"}");
    refused(s, 403, "Forbidden");
    gateway(s, "POST", at(s, "/v1/overlords/maas/%s/account"),
            "{\"name\":\"acc1\",\"account\":" MAAS_ACCOUNT ",\"shareWithProjects\":false}");
    refused(s, 403, "Forbidden");
    credential(s, s->uid, "ABCDEFGHJK", SYSTEM_SECRET);
    refused(s, 401, "PairingCodeInvalid");
    credential(s, s->uid, NULL, SECRET);
    refused(s, 401, "CredentialUnknown");
    site_end(s);
}

static void the_system_gateway_stays(void **state)
{
    struct palette_site *s = site(true);

    (void)state;
    text_copy(s->uid, sizeof(s->uid), system_uid(s));
    user(s, "DELETE", at(s, "/v1/overlords/%s"), NULL);
    refused(s, 409, "SystemGatewayStays");
    user(s, "PUT", at(s, "/v1/overlords/%s/reset"), NULL);
    refused(s, 409, "SystemGatewayStays");
    user(s, "PUT", at(s, "/v1/overlords/%s/metadata"), "{\"metadata\":{\"name\":\"x\"}}");
    refused(s, 409, "SystemGatewayStays");
    site_end(s);
}

/* Where no gateway is named, Palette's own asks MAAS; one that does not run is said so at once. */
static void a_key_is_tried_by_palettes_own_gateway(void **state)
{
    struct palette_site *s = site(true);
    struct talk t;

    (void)state;
    user(s, "POST", "/v1/clouds/maas/account/validate", MAAS_ACCOUNT);
    refused(s, 409, "GatewayNotRunning");
    system_runs(s);
    talk_init(&t);
    talk_ask(&s->m, &t, "POST", "/v1/clouds/maas/account/validate", "ApiKey: " API_KEY "\n",
             MAAS_ACCOUNT);
    assert_true(t.parked);
    question_answered(s, true);
    talk_again(&s->m, &t, false);
    assert_int_equal(t.rp.status, 204);
    talk_drop(&t);
    site_end(s);
}

/* --- rates ------------------------------------------------------------------------------------ */

static struct palette_site *hurried(int factor)
{
    const struct palette_config c = {.seed = 1, .factor = factor, .api_key = API_KEY, .rate = 10};
    void *state = NULL;

    palette_site_make(&state, &c);
    return state;
}

static int asked(struct palette_site *s, const char *target, int times)
{
    int fine = 0;

    for (int i = 0; i < times; i++)
        fine += user(s, "GET", target, NULL) == 200;
    return fine;
}

static void a_burst_is_taken_and_then_so_many_a_second(void **state)
{
    struct palette_site *s = hurried(1);

    (void)state;
    assert_int_equal(asked(s, "/v1/overlords", 60), 50);
    refused(s, 429, "TooManyRequests");
    assert_true(talk_header(&s->t, "Retry-After", "1"));
    palette_pass(s, SECONDS(1));
    assert_int_equal(asked(s, "/v1/overlords", 60), 10);
    palette_pass(s, SECONDS(100));
    assert_int_equal(asked(s, "/v1/overlords", 60), 50);
    site_end(s);
}

static void prefixes_and_addresses_are_counted_apart(void **state)
{
    struct palette_site *s = hurried(1);

    (void)state;
    assert_int_equal(asked(s, "/v1/overlords", 60), 50);
    assert_int_equal(asked(s, "/v1/cloudaccounts/maas", 60), 50);
    assert_int_equal(asked(s, "/v1/events/components", 260), 250);
    s->m.peer = "203.0.113.71";
    assert_int_equal(asked(s, "/v1/overlords", 60), 50);
    site_end(s);
}

/* The profile's own paths are for gateways that wait on purpose. */
static void the_profiles_paths_have_no_rate(void **state)
{
    struct palette_site *s = hurried(1);

    (void)state;
    palette_enrol(s);
    for (int i = 0; i < 100; i++)
        assert_int_equal(palette_feed(s), 200);
    site_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(every_cell_is_eligible_or_refused_in_time, CLAUSE(111), CLAUSE(112)),
        clause_test(an_account_is_tried_before_the_system_gateway_gets_it, CLAUSE(112)),
        clause_test(the_system_gateway_is_offered_by_a_self_hosted_palette_alone, CLAUSE(111)),
        clause_test(the_system_gateway_neither_pairs_nor_makes_accounts, CLAUSE(109), CLAUSE(110)),
        test(the_system_gateway_stays),
        test(a_key_is_tried_by_palettes_own_gateway),
        test(a_burst_is_taken_and_then_so_many_a_second),
        test(prefixes_and_addresses_are_counted_apart),
        test(the_profiles_paths_have_no_rate),
    };

    return run_tests(tests);
}
