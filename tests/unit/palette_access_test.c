/* Every operation of the route table with every kind of credential. What is open to whom is written
 * here a second time, by the operation's name, so that a flag in the table cannot open a door by
 * itself. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/base/digest.h"
#include "mock-palette/model.h"
#include "mock-palette/public.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <string.h>

/* Open to a gateway for what is its own (GP-101); to an agent of the cluster; to everybody. */
static const char *const of_gateways[] = {
    "overlord", "account-create", "account-update", "service-manifest", "register", "beat",
    "feed",     "lease",          "lease-end",      "answer",           "claim",    "handover",
    "released", "machine-post",   "machine-put",    "machine-delete",   "report"};
static const char *const of_agents[] = {
    "cluster",     "cluster-status", "config",   "machines",          "machine",   "machine-post",
    "machine-put", "machine-delete", "report",   "spc-apply",         "asset-put", "spc-applied",
    "beat",        "assignment",     "quiesced", "maintenance-status"};
static const char *const of_nobody[] = {"login", "refresh", "renew", "hello"};
/* What a user does not do: it is said by those who did it. */
static const char *const not_of_users[] = {"register",
                                           "beat",
                                           "feed",
                                           "lease",
                                           "lease-end",
                                           "answer",
                                           "claim",
                                           "handover",
                                           "released",
                                           "report",
                                           "spc-apply",
                                           "spc-applied",
                                           "machine-post",
                                           "machine-put",
                                           "machine-delete",
                                           "asset-put",
                                           "assignment",
                                           "quiesced",
                                           "maintenance-status"};

#define HAS(list, name) has(list, COUNTOF(list), name)

static bool has(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_is(list[i], name))
            return true;
    return false;
}

/* Two gateways; of the first a cluster that is made (mine) and one that owns itself (its own). */
struct house {
    struct cluster_site *c;
    char gateway_uid[64], gateway_self[64], gateway_token[128], stranger_token[128];
    char made_uid[64], made_config[64], own_uid[64], own_config[64];
    char agent_token[128], other_agent_token[128];
};

static void house_build(struct house *h, struct cluster_site *c)
{
    struct palette_site *s = c->s;
    char agent[128];

    h->c = c;
    text_copy(h->gateway_uid, sizeof(h->gateway_uid), s->uid);
    text_copy(h->gateway_self, sizeof(h->gateway_self), s->self_uid);
    text_copy(h->gateway_token, sizeof(h->gateway_token), s->token);
    cluster_running(c, 0);
    text_copy(h->own_uid, sizeof(h->own_uid), c->uid);
    text_copy(h->own_config, sizeof(h->own_config), c->config_uid);
    text_copy(agent, sizeof(agent), c->agent_token);
    text_copy(h->agent_token, sizeof(h->agent_token), agent);
    assert_int_equal(cluster_create(c, "c2", 0), 201);
    cluster_item(c);
    assert_int_equal(claim(c, 1, 1), 200);
    assert_int_equal(hello(c, "zzz999", "init"), 200);
    text_copy(h->other_agent_token, sizeof(h->other_agent_token), c->agent_token);
    text_copy(h->made_uid, sizeof(h->made_uid), c->uid);
    text_copy(h->made_config, sizeof(h->made_config), c->config_uid);
    palette_running(s);
    text_copy(h->stranger_token, sizeof(h->stranger_token), s->token);
}

/* The path with {uid} and {configUid} of these. */
static void path_fill(const char *path, const char *uid, const char *config, char *out, size_t size)
{
    struct buf b SCOPED(buf_drop) = {0};

    buf_init(&b, size - 1);
    while (*path) {
        const size_t len = strcspn(path, "{"), name = strcspn(path + len, "}");

        buf_add(&b, path, len);
        path += len;
        if (*path != '{')
            break;
        if (text_begins(path, "{uid}"))
            buf_text_add(&b, uid);
        else if (text_begins(path, "{configUid}"))
            buf_text_add(&b, config);
        else
            buf_text_add(&b, "cp"); /* a pool; and as good a name of anything else */
        path += name + 1;
    }
    text_copy(out, size, buf_text(&b));
}

static int call(const struct house *h, const struct http_route *r, const char *credential,
                const char *uid, const char *config)
{
    char target[512], headers[512];
    struct talk *t = &h->c->s->t;

    path_fill(r->path, uid, config, target, sizeof(target));
    snprintf(headers, sizeof(headers), "%s\nX-Gp-Epoch: %s\n", credential,
             text_is(uid, h->own_uid) ? "2" : "1");
    talk_ask(&h->c->s->m, t, r->method, target, headers, text_is(r->method, "GET") ? NULL : "{}");
    return t->parked ? 200 : t->rp.status;
}

static bool is_of_gateways(const char *path)
{
    return strstr(path, "/overlords/") || strstr(path, "/pcg/");
}

/* An operation is open when what comes back is an answer to it: also that it is badly asked. */
static void expect(const struct http_route *r, const char *who, int status, bool open)
{
    const bool shut = status == 401 || status == 403;

    if (open == shut)
        fail_msg("%s %s for %s: %d", r->method, r->path, who, status);
}

static void a_gateway_is_no_agent_and_no_user(void **state)
{
    struct house h = {.c = NULL};
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);
    char mine[256], strange[256];

    house_build(&h, *state);
    snprintf(mine, sizeof(mine), "Authorization: %s", h.gateway_token);
    snprintf(strange, sizeof(strange), "Authorization: %s", h.stranger_token);
    for (size_t i = 0; i < n; i++) {
        const struct http_route *r = &routes[i];
        const bool open = HAS(of_gateways, r->name) && !text_begins(r->path, "/v1/cloudaccounts");
        const char *uid = text_is(r->name, "beat")  ? h.gateway_self
                          : is_of_gateways(r->path) ? h.gateway_uid
                                                    : h.made_uid;

        if (HAS(of_nobody, r->name))
            continue;
        if (!strstr(r->path, "/events/components")) /* names its cluster in the body */
            expect(r, "another gateway", call(&h, r, strange, uid, h.made_config), false);
        expect(r, "its gateway", call(&h, r, mine, uid, h.made_config), open);
        if (!is_of_gateways(r->path) && strstr(r->path, "id}"))
            expect(r, "a gateway, about what owns itself",
                   call(&h, r, mine, h.own_uid, h.own_config),
                   text_is(r->name, "claim") || text_is(r->name, "handover") ||
                       text_is(r->name, "released")); /* 400: judged by their own rules */
    }
}

static void an_agent_is_no_gateway_and_no_user(void **state)
{
    struct house h = {.c = NULL};
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);
    char mine[256], strange[256];

    house_build(&h, *state);
    snprintf(mine, sizeof(mine), "Authorization: %s", h.agent_token);
    snprintf(strange, sizeof(strange), "Authorization: %s", h.other_agent_token);
    for (size_t i = 0; i < n; i++) {
        const struct http_route *r = &routes[i];
        const char *uid = is_of_gateways(r->path) ? h.gateway_uid : h.own_uid;

        if (HAS(of_nobody, r->name))
            continue;
        if (!strstr(r->path, "/events/components"))
            expect(r, "another agent", call(&h, r, strange, uid, h.own_config), false);
        if (!text_is(r->name, "quiesced")) /* ends what the others need */
            expect(r, "its agent", call(&h, r, mine, uid, h.own_config), HAS(of_agents, r->name));
    }
}

static void opens_nothing(const struct house *h, const char *who, const char *credential)
{
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);

    for (size_t i = 0; i < n; i++) {
        const char *uid = text_is(routes[i].name, "beat")  ? h->gateway_self
                          : is_of_gateways(routes[i].path) ? h->gateway_uid
                                                           : h->made_uid;

        if (!HAS(of_nobody, routes[i].name))
            expect(&routes[i], who, call(h, &routes[i], credential, uid, h->made_config), false);
    }
}

static void as_user(const struct house *h, const char *who, const char *credential)
{
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);

    for (size_t i = 0; i < n; i++) {
        const struct http_route *r = &routes[i];
        const char *uid = is_of_gateways(r->path) ? h->gateway_uid : h->made_uid;

        /* a manifest is refused for its pairing code, as a credential is */
        if (HAS(of_nobody, r->name) || text_is(r->name, "manifest"))
            continue;
        expect(r, who, call(h, r, credential, uid, h->made_config), !HAS(not_of_users, r->name));
    }
}

static void a_session_may_what_its_user_may(void **state)
{
    struct house h = {.c = NULL};
    struct palette_site *s = ((struct cluster_site *)*state)->s;
    char token[256], session[320];

    text_copy(s->palette->config.user_email, sizeof(s->palette->config.user_email), "a@b.example");
    digest_sha256("word", 4, s->palette->pub->password);
    house_build(&h, *state);
    talk_ask(&s->m, &s->t, "POST", "/v1/auth/authenticate", NULL,
             "{\"emailId\":\"a@b.example\",\"password\":\"word\",\"org\":\"\"}");
    assert_int_equal(s->t.rp.status, 200);
    talk_pick(&s->t, "Authorization", token, sizeof(token));
    snprintf(session, sizeof(session), "Authorization: %s", token);
    as_user(&h, "a session", session);
    snprintf(session, sizeof(session), "ApiKey: %s", token);
    opens_nothing(&h, "a session's token as a key", session);
    palette_pass(s, SECONDS(901));
    snprintf(session, sizeof(session), "Authorization: %s", token);
    opens_nothing(&h, "a session that has ended", session);
}

static void a_user_says_nothing_for_others(void **state)
{
    struct house h = {.c = NULL};
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);

    house_build(&h, *state);
    for (size_t i = 0; i < n; i++) {
        const struct http_route *r = &routes[i];
        const char *uid = is_of_gateways(r->path) ? h.gateway_uid : h.made_uid;

        if (HAS(of_nobody, r->name))
            continue;
        expect(r, "nobody", call(&h, r, "X-Nothing: 1", uid, h.made_config), false);
        expect(r, "a token that nobody gave",
               call(&h, r, "Authorization: gpt-made-up", uid, h.made_config), false);
        expect(r, "a wrong key", call(&h, r, "ApiKey: made-up", uid, h.made_config), false);
    }
    as_user(&h, "a user", "ApiKey: " API_KEY);
}

/* A join token is good for a registration and for nothing else. */
static void a_join_token_is_no_token(void **state)
{
    struct house h = {.c = NULL};
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);
    char join[256];

    house_build(&h, *state);
    snprintf(join, sizeof(join), "Authorization: %s", h.c->join_token);
    for (size_t i = 0; i < n; i++)
        if (!HAS(of_nobody, routes[i].name))
            expect(&routes[i], "a join token",
                   call(&h, &routes[i], join, h.made_uid, h.made_config), false);
}

/* A token that was good once, and is revoked or too old. */
static void what_was_a_token_is_none(void **state)
{
    struct house h = {.c = NULL};
    char old[256], revoked[256], words[128];
    struct http_reply rp;

    house_build(&h, *state);
    snprintf(old, sizeof(old), "Authorization: %s", h.gateway_token);
    snprintf(revoked, sizeof(revoked), "Authorization: %s", h.stranger_token);
    snprintf(words, sizeof(words), "gateway %s revoked", h.c->s->uid);
    http_reply_init(&rp);
    assert_true(palette_do(h.c->s->palette, h.c->s->m.now, words, &rp));
    http_reply_drop(&rp);
    opens_nothing(&h, "a revoked gateway", revoked);
    palette_pass(h.c->s, SECONDS(901));
    opens_nothing(&h, "a token of before", old);
}

/* Where a secret belongs into the answer: it is what was asked for (GP-40, GP-67). */
static const char *const tells_secrets[] = {"pairing-code", "manifest",   "service-manifest",
                                            "feed",         "assignment", "refresh"};

static void holds_no_secret(const struct house *h, const struct http_route *r, const char *who)
{
    const struct palette_site *s = h->c->s;
    const char *const secrets[] = {
        API_KEY,           SECRET,         MAAS_CONSUMER,       MAAS_TOKEN,
        MAAS_SECRET,       s->code,        h->c->join_token,    h->gateway_token,
        h->stranger_token, h->agent_token, h->other_agent_token};

    for (size_t i = 0; i < COUNTOF(secrets); i++)
        if (strstr(talk_body(&s->t), secrets[i]))
            fail_msg("%s %s shows secret %zu to %s", r->method, r->path, i, who);
}

/* Every read there is, by each caller who may make it, of what has secrets. */
static void no_read_shows_a_secret(void **state)
{
    struct house h = {.c = NULL};
    const struct http_route *routes;
    const size_t n = palette_routes(&routes);
    size_t read = 0;

    house_build(&h, *state);
    for (size_t i = 0; i < n; i++) {
        const struct http_route *r = &routes[i];
        const struct {
            const char *who, *header, *token;
        } callers[] = {{"a user", "ApiKey: ", API_KEY},
                       {"its gateway", "Authorization: ", h.gateway_token},
                       {"its agent", "Authorization: ", h.agent_token}};
        const char *account = h.c->s->palette->accounts[0].uid;

        if (!text_is(r->method, "GET") || HAS(tells_secrets, r->name))
            continue;
        for (size_t k = 0; k < COUNTOF(callers); k++) {
            char credential[320];
            const char *uid = strstr(r->path, "/cloudaccounts/") ? account
                              : is_of_gateways(r->path)          ? h.gateway_uid
                                                                 : h.own_uid;

            snprintf(credential, sizeof(credential), "%s%s", callers[k].header, callers[k].token);
            read += call(&h, r, credential, uid, h.own_config) == 200;
            holds_no_secret(&h, r, callers[k].who);
        }
    }
    assert_true(read >= 25);
}

static int event_about(const struct house *h, const char *path, const char *token, const char *uid)
{
    char headers[256], body[256];
    const bool bulk = strstr(path, "bulk") != NULL;

    snprintf(headers, sizeof(headers), "Authorization: %s\nX-Gp-Epoch: %s\n", token,
             text_is(uid, h->own_uid) ? "2" : "1");
    snprintf(body, sizeof(body),
             "%s{\"relatedObject\":{\"kind\":\"spectrocluster\",\"uid\":\"%s\"},\"reason\":\"X\","
             "\"message\":\"m\",\"source\":{\"component\":\"c\"}}%s",
             bulk ? "[" : "", uid, bulk ? "]" : "");
    talk_ask(&h->c->s->m, &h->c->s->t, "POST", path, headers, body);
    return h->c->s->t.rp.status;
}

/* What names its cluster in the body: the one that is one's own, and no other. */
static void an_event_is_about_ones_own_cluster(void **state)
{
    static const char *const paths[] = {"/v1/events/components", "/v1/events/components/bulk"};
    static const char nothing[] = "000000000000000000000000";
    struct house h = {.c = NULL};

    house_build(&h, *state);
    for (size_t i = 0; i < COUNTOF(paths); i++) {
        assert_int_equal(event_about(&h, paths[i], h.agent_token, h.own_uid), 201);
        assert_int_equal(event_about(&h, paths[i], h.agent_token, h.made_uid), 403);
        assert_int_equal(event_about(&h, paths[i], h.agent_token, nothing), 403);
        assert_int_equal(event_about(&h, paths[i], h.other_agent_token, h.own_uid), 403);
        assert_int_equal(event_about(&h, paths[i], h.gateway_token, h.made_uid), 201);
        assert_int_equal(event_about(&h, paths[i], h.stranger_token, h.made_uid), 403);
        assert_int_equal(event_about(&h, paths[i], h.stranger_token, h.own_uid), 403);
    }
}

/* Without a way to tell whether it is there: the same answer for what is another's and for what is
 * not at all. */
static void what_is_anothers_looks_like_nothing(void **state)
{
    struct cluster_site *c = *state;
    char mine[128], other[64];

    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_int_equal(claim(c, 1, 1), 200);
    cluster_item(c);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    text_copy(mine, sizeof(mine), c->agent_token);
    assert_int_equal(cluster_create(c, "c2", 0), 201);
    text_copy(other, sizeof(other), c->uid);
    assert_int_equal(agent(c, "GET", "/v1/spectroclusters/%s", NULL), 403);
    text_copy(c->uid, sizeof(c->uid), "000000000000000000000000");
    assert_int_equal(agent(c, "GET", "/v1/spectroclusters/%s", NULL), 403);
    palette_enrol(c->s);
    assert_int_equal(gateway(c->s, "GET", at(c->s, "/v1/overlords/%s"), NULL), 200);
    text_copy(c->s->uid, sizeof(c->s->uid), "000000000000000000000000");
    assert_int_equal(gateway(c->s, "GET", at(c->s, "/v1/overlords/%s"), NULL), 403);
    assert_int_equal(user(c->s, "GET", "/v1/tenants/000000000000000000000000/assets/certs", NULL),
                     404);
}

static int status_with(struct cluster_site *c, const char *key)
{
    char headers[128];

    snprintf(headers, sizeof(headers), "ApiKey: %s\n", key);
    talk_ask(&c->s->m, &c->s->t, "GET", "/v1/overlords", headers, NULL);
    return c->s->t.rp.status;
}

/* A house outlives the account that made it: what the account did stays, and its colleague goes on.
 */
static void a_user_who_is_disabled_is_refused_and_his_colleague_is_not(void **state)
{
    struct cluster_site *c = *state;
    struct http_reply rp;

    palette_enrol(c->s);
    assert_int_equal(status_with(c, API_KEY), 200);
    assert_int_equal(status_with(c, API_KEY PAL_COLLEAGUE), 200);
    assert_int_equal(status_with(c, API_KEY "-stranger"), 401);
    http_reply_init(&rp);
    assert_false(palette_do(c->s->palette, c->s->m.now, "user enabled", &rp));
    assert_true(palette_do(c->s->palette, c->s->m.now, "user disabled", &rp));
    http_reply_drop(&rp);
    assert_int_equal(status_with(c, API_KEY), 401);
    assert_int_equal(status_with(c, API_KEY PAL_COLLEAGUE), 200);
    assert_int_equal(gateway(c->s, "GET", at(c->s, "/v1/overlords/%s"), NULL), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(a_gateway_is_no_agent_and_no_user, CLAUSE(101), CLAUSE(78)),
        CLUSTER_TEST(an_agent_is_no_gateway_and_no_user, CLAUSE(101)),
        CLUSTER_TEST(a_user_says_nothing_for_others, CLAUSE(101), CLAUSE(24)),
        CLUSTER_TEST(a_session_may_what_its_user_may, CLAUSE(101)),
        CLUSTER_TEST(a_join_token_is_no_token, CLAUSE(101)),
        CLUSTER_TEST(what_was_a_token_is_none, CLAUSE(101), CLAUSE(33)),
        CLUSTER_TEST(no_read_shows_a_secret, CLAUSE(103)),
        CLUSTER_TEST(an_event_is_about_ones_own_cluster, CLAUSE(101)),
        CLUSTER_TEST(a_user_who_is_disabled_is_refused_and_his_colleague_is_not),
        CLUSTER_TEST(what_is_anothers_looks_like_nothing, CLAUSE(101)),
    };

    return run_tests(tests);
}
