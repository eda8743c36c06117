/* What an inspecting proxy can read: nothing of a client that does not trust it, everything of one
 * that does; and it believes nobody itself. Three ends of TLS in one process, over memory. */
#include "tests/test.h"

#include "lib/io/clk.h"
#include "lib/io/tls.h"
#include "scenarios/proxy/bump.h"

#include <ftw.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST "PUT /v1/x HTTP/1.1\r\nHost: palette.example\r\nAuthorization: t0ken\r\n\r\n"
#define ANSWER  "HTTP/1.1 204 No Content\r\n\r\n"
#define ROUNDS  20
#define DAY_S   86400

struct end { /* of TLS, over memory */
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    bool failed;
    char heard[256];
};

struct stage {
    char dir[64];
    struct bump_house *house;
    struct bump *bump;
    struct tls_server *server;
    struct end client, target;
    struct buf to[BUMP_SIDES];
    enum bump_side broken;
};

static void end_init(struct end *e, SSL_CTX *ctx)
{
    e->ctx = ctx;
    e->ssl = SSL_new(ctx);
    e->in = BIO_new(BIO_s_mem());
    e->out = BIO_new(BIO_s_mem());
    SSL_set_bio(e->ssl, e->in, e->out);
}

static void path(const struct stage *s, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", s->dir, name);
}

/* trusted: the client's anchors; known: the proxy's. Both name a folder's authority. */
static void stage_open(struct stage *s, const char *trusted, const char *known)
{
    static const char *const houses[] = {"palette", "proxy", "other"};
    const int64_t from_s = clk_realtime_s() - DAY_S;
    char dir[128], cert[128], key[128], anchors[128];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct err e;

    *s = (struct stage){.broken = BUMP_SIDES};
    snprintf(s->dir, sizeof s->dir, "/tmp/gp-bump-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    for (size_t i = 0; i < COUNTOF(houses); i++) {
        path(s, houses[i], dir);
        assert_int_equal(mkdir(dir, 0700), 0);
        must(tls_ca_make(dir, houses[i], from_s, 10, &e), &e);
    }
    path(s, "palette", dir);
    must(tls_leaf_make(dir, "leaf", "palette.example", from_s, 10, &e), &e);
    path(s, "palette/leaf.pem", cert);
    path(s, "palette/leaf.key", key);
    must(tls_server_new(&s->server, cert, key, &e), &e);
    snprintf(anchors, sizeof anchors, "%s/%s/ca.pem", s->dir, known);
    path(s, "proxy", dir);
    must(bump_house_new(&s->house, dir, anchors, &e), &e);
    s->bump = bump_new(s->house, "palette.example");
    assert_non_null(s->bump);
    snprintf(anchors, sizeof anchors, "%s/%s/ca.pem", s->dir, trusted);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    assert_int_equal(SSL_CTX_load_verify_locations(ctx, anchors, NULL), 1);
    end_init(&s->client, ctx);
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(s->client.ssl), "palette.example", 0);
    SSL_set_connect_state(s->client.ssl);
    end_init(&s->target, tls_server_ctx(s->server));
    SSL_set_accept_state(s->target.ssl);
    for (size_t i = 0; i < BUMP_SIDES; i++)
        buf_init(&s->to[i], MIB(1));
    s->broken = bump_take(s->bump, BUMP_TARGET, NULL, 0, &s->to[BUMP_CLIENT], &s->to[BUMP_TARGET]);
}

static int remove_it(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(name);
}

static void stage_close(struct stage *s)
{
    bump_free(s->bump);
    bump_house_free(s->house);
    SSL_free(s->client.ssl);
    SSL_free(s->target.ssl);
    SSL_CTX_free(s->client.ctx);
    tls_server_free(s->server);
    for (size_t i = 0; i < BUMP_SIDES; i++)
        buf_drop(&s->to[i]);
    assert_int_equal(nftw(s->dir, remove_it, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Hands an end what the bump has for it, lets it speak, and hands the bump what it said. */
static void turn(struct stage *s, struct end *e, enum bump_side side, const char *says)
{
    char bytes[KIB(16)];
    size_t len = strlen(e->heard);
    int n;

    BIO_write(e->in, buf_text(&s->to[side]), (int)s->to[side].len);
    buf_clear(&s->to[side]);
    n = SSL_is_init_finished(e->ssl) ? 1 : SSL_do_handshake(e->ssl);
    e->failed = e->failed || (n <= 0 && SSL_get_error(e->ssl, n) == SSL_ERROR_SSL);
    if (n > 0 && says)
        assert_true(SSL_write(e->ssl, says, (int)strlen(says)) > 0);
    n = n > 0 ? SSL_read(e->ssl, e->heard + len, (int)(sizeof e->heard - len - 1)) : 0;
    ERR_clear_error();
    while (s->broken == BUMP_SIDES && (n = BIO_read(e->out, bytes, sizeof bytes)) > 0)
        s->broken =
            bump_take(s->bump, side, bytes, (size_t)n, &s->to[BUMP_CLIENT], &s->to[BUMP_TARGET]);
}

static void talk(struct stage *s)
{
    bool asked = false, answered = false;

    for (int i = 0; i < ROUNDS; i++) {
        const bool asks = !asked && SSL_is_init_finished(s->client.ssl);
        const bool answers = !answered && s->target.heard[0];

        turn(s, &s->client, BUMP_CLIENT, asks ? REQUEST : NULL);
        turn(s, &s->target, BUMP_TARGET, answers ? ANSWER : NULL);
        asked = asked || asks;
        answered = answered || answers;
    }
}

static void whoever_does_not_trust_it_is_not_read(void **state)
{
    char method[BUMP_METHOD_MAX];
    bool credentials;
    struct stage s;

    (void)state;
    stage_open(&s, "palette", "palette");
    talk(&s);
    assert_true(s.client.failed);
    assert_int_equal(s.broken, BUMP_CLIENT);
    assert_true(bump_showed(s.bump));
    assert_false(bump_showed(s.bump)); /* told once */
    assert_false(bump_read(s.bump, method, &credentials));
    assert_string_equal(s.target.heard, "");
    stage_close(&s);
}

static void whoever_trusts_it_is_read_and_served(void **state)
{
    char method[BUMP_METHOD_MAX];
    bool credentials = false;
    struct stage s;

    (void)state;
    stage_open(&s, "proxy", "palette");
    talk(&s);
    assert_int_equal(s.broken, BUMP_SIDES);
    assert_true(bump_showed(s.bump));
    assert_true(bump_read(s.bump, method, &credentials));
    assert_string_equal(method, "PUT");
    assert_true(credentials);
    assert_false(bump_read(s.bump, method, &credentials));
    assert_string_equal(s.target.heard, REQUEST);
    assert_string_equal(s.client.heard, ANSWER);
    assert_int_equal(bump_holds(s.bump), 0);
    stage_close(&s);
}

/* What it was sent by then stays with it. */
static void it_believes_no_stranger_itself(void **state)
{
    struct stage s;

    (void)state;
    stage_open(&s, "proxy", "other");
    talk(&s);
    assert_int_equal(s.broken, BUMP_TARGET);
    assert_string_equal(s.target.heard, "");
    assert_string_equal(s.client.heard, "");
    stage_close(&s);
}

static void nonsense_ends_the_talk(void **state)
{
    static const char nonsense[] = "GET / HTTP/1.1\r\n\r\n";
    struct stage s;

    (void)state;
    stage_open(&s, "proxy", "palette");
    assert_int_equal(bump_take(s.bump, BUMP_CLIENT, nonsense, sizeof nonsense - 1,
                               &s.to[BUMP_CLIENT], &s.to[BUMP_TARGET]),
                     BUMP_CLIENT);
    assert_false(bump_showed(s.bump));
    stage_close(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_does_not_trust_it_is_not_read),
        cmocka_unit_test(whoever_trusts_it_is_read_and_served),
        cmocka_unit_test(it_believes_no_stranger_itself),
        cmocka_unit_test(nonsense_ends_the_talk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
