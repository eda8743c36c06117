/* The authority of labs and tests, and server contexts: what a client's OpenSSL says about them. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "lib/io/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S   INT64_C(86400)
#define EPOCH_S INT64_C(1782864000) /* 2026-07-01T00:00:00Z, a stepped run's epoch */

struct stage {
    char dir[64];
};

static const char *path_of(const struct stage *s, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%s", s->dir, name);
    return out;
}

static int setup(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct err e = {0};

    snprintf(s->dir, sizeof(s->dir), "/tmp/tls-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    must(tls_ca_make(s->dir, "lab authority", EPOCH_S, 30, &e), &e);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"ca.pem", "ca.key", "ca.serial", "a.pem",
                                        "a.key",  "b.pem",  "b.key",     "junk.pem"};
    struct stage *s = *state;
    char path[PATH_MAX];

    for (size_t i = 0; i < COUNTOF(files); i++)
        unlink(path_of(s, files[i], path));
    assert_int_equal(rmdir(s->dir), 0);
    free(s);
    return 0;
}

static X509 *load(const struct stage *s, const char *name)
{
    char path[PATH_MAX];
    BIO *bio = BIO_new_file(path_of(s, name, path), "r");
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

/* X509_V_OK, or why a client at that time would refuse the certificate as `host`'s. */
static int verdict(const struct stage *s, const char *name, const char *host, int64_t at_s)
{
    X509 *ca = load(s, "ca.pem"), *leaf = load(s, name);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int code;

    X509_STORE_add_cert(store, ca);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    if (host[0] >= '0' && host[0] <= '9')
        X509_VERIFY_PARAM_set1_ip_asc(param, host);
    else
        X509_VERIFY_PARAM_set1_host(param, host, 0);
    (void)X509_verify_cert(ctx);
    code = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(leaf);
    X509_free(ca);
    return code;
}

static void a_leaf_is_good_for_each_of_its_names(void **state)
{
    const struct stage *s = *state;
    struct err e = {0};
    static const struct {
        const char *host;
        int code;
    } rows[] = {
        {"palette.example", X509_V_OK},
        {"api.palette.example", X509_V_OK},
        {"203.0.113.10", X509_V_OK},
        {"maas.site", X509_V_ERR_HOSTNAME_MISMATCH},
        {"203.0.113.11", X509_V_ERR_IP_ADDRESS_MISMATCH},
    };

    must(tls_leaf_make(s->dir, "a", "palette.example, api.palette.example,203.0.113.10", EPOCH_S, 2,
                       &e),
         &e);
    for (size_t i = 0; i < COUNTOF(rows); i++)
        assert_int_equal(verdict(s, "a.pem", rows[i].host, EPOCH_S + 60), rows[i].code);
}

/* A stepped run lives in its own time: validity counts from what we say, not from the wall. */
static void a_leaf_is_refused_before_and_after_its_time(void **state)
{
    const struct stage *s = *state;
    struct err e = {0};

    must(tls_leaf_make(s->dir, "a", "palette.example", EPOCH_S + DAY_S, 1, &e), &e);
    assert_int_equal(verdict(s, "a.pem", "palette.example", EPOCH_S + 60),
                     X509_V_ERR_CERT_NOT_YET_VALID);
    assert_int_equal(verdict(s, "a.pem", "palette.example", EPOCH_S + DAY_S + 60), X509_V_OK);
    assert_int_equal(verdict(s, "a.pem", "palette.example", EPOCH_S + 2 * DAY_S + 60),
                     X509_V_ERR_CERT_HAS_EXPIRED);
}

static void another_authority_is_not_trusted(void **state)
{
    const struct stage *s = *state;
    struct err e = {0};

    must(tls_leaf_make(s->dir, "a", "palette.example", EPOCH_S, 2, &e), &e);
    must(tls_ca_make(s->dir, "lab authority", EPOCH_S, 30, &e), &e); /* the same name, new key */
    assert_int_not_equal(verdict(s, "a.pem", "palette.example", EPOCH_S + 60), X509_V_OK);
}

static void serial_numbers_count(void **state)
{
    const struct stage *s = *state;
    struct err e = {0};

    must(tls_leaf_make(s->dir, "a", "a.example", EPOCH_S, 1, &e), &e);
    must(tls_leaf_make(s->dir, "b", "b.example", EPOCH_S, 1, &e), &e);
    static const char *const files[] = {"ca.pem", "a.pem", "b.pem"};
    for (long i = 0; i < 3; i++) {
        X509 *cert = load(s, files[i]);

        assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(cert)), i + 1);
        X509_free(cert);
    }
}

static void files_are_for_their_owner_only(void **state)
{
    static const char *const files[] = {"ca.pem", "ca.key", "ca.serial", "a.pem", "a.key"};
    const struct stage *s = *state;
    struct err e = {0};
    struct stat st;
    char path[PATH_MAX];

    must(tls_leaf_make(s->dir, "a", "a.example", EPOCH_S, 1, &e), &e);
    for (size_t i = 0; i < COUNTOF(files); i++) {
        assert_int_equal(stat(path_of(s, files[i], path), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void leaves_without_a_name_or_an_authority_are_refused(void **state)
{
    const struct stage *s = *state;
    struct err e = {0};
    char path[PATH_MAX];

    assert_int_equal(tls_leaf_make(s->dir, "a", " , ", EPOCH_S, 1, &e), -EINVAL);
    unlink(path_of(s, "ca.key", path));
    assert_true(tls_leaf_make(s->dir, "a", "a.example", EPOCH_S, 1, &e) < 0);
    assert_non_null(strstr(e.text, "ca.key"));
}

static void a_server_wants_a_key_that_fits(void **state)
{
    const struct stage *s = *state;
    char cert[PATH_MAX], key[PATH_MAX], other[PATH_MAX], junk[PATH_MAX];
    struct tls_server *server = NULL;
    struct err e = {0};
    const void *before;

    must(tls_leaf_make(s->dir, "a", "a.example", EPOCH_S, 1, &e), &e);
    must(tls_leaf_make(s->dir, "b", "b.example", EPOCH_S, 1, &e), &e);
    path_of(s, "a.pem", cert);
    path_of(s, "a.key", key);
    path_of(s, "b.key", other);
    must(file_write(path_of(s, "junk.pem", junk), "junk\n", 5, 0600, &e), &e);
    assert_int_equal(tls_server_new(&server, cert, other, &e), -EINVAL);
    assert_non_null(strstr(e.text, "b.key"));
    assert_int_equal(tls_server_new(&server, junk, key, &e), -EINVAL);
    assert_null(server);
    must(tls_server_new(&server, cert, key, &e), &e);
    before = tls_server_ctx(server);
    assert_int_equal(tls_server_load(server, junk, key, &e), -EINVAL);
    assert_ptr_equal(tls_server_ctx(server), before); /* a failed change changes nothing */
    must(tls_server_load(server, cert, key, &e), &e);
    tls_server_free(server);
}

/* --- handshakes over a pair of memory buffers ------------------------------------------------- */

struct pair {
    SSL *server, *client;
};

static struct pair pair_new(SSL_CTX *server, SSL_CTX *client)
{
    struct pair p = {SSL_new(server), SSL_new(client)};
    BIO *a = NULL, *b = NULL;

    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(p.server, a, a);
    SSL_set_bio(p.client, b, b);
    SSL_set_accept_state(p.server);
    SSL_set_connect_state(p.client);
    return p;
}

static bool shake(struct pair *p)
{
    for (int i = 0; i < 8; i++) {
        int c = SSL_do_handshake(p->client), s = SSL_do_handshake(p->server);

        if (c == 1 && s == 1)
            return true;
    }
    return false;
}

static void pair_drop(struct pair *p)
{
    SSL_free(p->server);
    SSL_free(p->client);
}

static bool agreed(struct tls_server *server, int max_version, const char *alpn)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    const unsigned char *picked = NULL;
    unsigned int len = 0;
    struct pair p;
    bool fine;

    SSL_CTX_set_security_level(client, 0);
    SSL_CTX_set_min_proto_version(client, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client, max_version);
    if (alpn)
        SSL_CTX_set_alpn_protos(client, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    p = pair_new(tls_server_ctx(server), client);
    fine = shake(&p);
    SSL_get0_alpn_selected(p.client, &picked, &len);
    if (fine && alpn)
        fine = len == 8 && memcmp(picked, "http/1.1", 8) == 0;
    pair_drop(&p);
    SSL_CTX_free(client);
    return fine;
}

static void a_server_speaks_tls_1_2_and_up_and_http_1_1(void **state)
{
    const struct stage *s = *state;
    char cert[PATH_MAX], key[PATH_MAX];
    struct tls_server *server = NULL;
    struct err e = {0};

    must(tls_leaf_make(s->dir, "a", "a.example", EPOCH_S, 1, &e), &e);
    must(tls_server_new(&server, path_of(s, "a.pem", cert), path_of(s, "a.key", key), &e), &e);
    assert_true(agreed(server, TLS1_3_VERSION, NULL));
    assert_true(agreed(server, TLS1_2_VERSION, NULL));
    assert_false(agreed(server, TLS1_1_VERSION, NULL));
    assert_true(agreed(server, TLS1_3_VERSION, "\x02h2\x08http/1.1"));
    assert_false(agreed(server, TLS1_3_VERSION, "\x02h2"));
    tls_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define on(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        on(a_leaf_is_good_for_each_of_its_names),
        on(a_leaf_is_refused_before_and_after_its_time),
        on(another_authority_is_not_trusted),
        on(serial_numbers_count),
        on(files_are_for_their_owner_only),
        on(leaves_without_a_name_or_an_authority_are_refused),
        on(a_server_wants_a_key_that_fits),
        on(a_server_speaks_tls_1_2_and_up_and_http_1_1),
    };

    return run_tests(tests);
}
