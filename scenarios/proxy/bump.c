#include "scenarios/proxy/bump.h"

#include "lib/base/http.h"
#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"
#include "lib/io/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTHORITY  "inspecting proxy"
#define DAY_S      INT64_C(86400)
#define YEARS_DAYS 3650
#define CHUNK      KIB(16) /* of TLS, at most one record */
#define HELD_MAX   MIB(1)  /* far beyond what its feeder lets come */
#define HEAD_MAX   KIB(8)
#define HTTP_1_1   "\x08http/1.1"
#define DIR_MAX    1000
#define LEAF_MAX   16

struct bump_house {
    char dir[DIR_MAX];
    SSL_CTX *client_ctx; /* towards targets */
    size_t n;
    struct leaf {
        char host[256];
        struct tls_server *server;
    } leaves[BUMP_HOSTS_MAX];
};

struct bump {
    SSL *ssl[BUMP_SIDES];
    BIO *in[BUMP_SIDES], *out[BUMP_SIDES]; /* owned by the SSLs */
    bool gone[BUMP_SIDES];
    struct buf plain[BUMP_SIDES]; /* read of one side, not yet written to the other */
    struct buf head;              /* the beginning of what the client said */
    bool showed, showed_told, has_read, read_told;
};

/* --- the house -------------------------------------------------------------------------------- */

static int authority_make(const char *dir, struct err *e)
{
    char key[PATH_MAX];
    int r = file_mkdirs(dir, 0700, e);

    snprintf(key, sizeof key, "%s/ca.key", dir);
    if (r < 0 || file_exists(key))
        return r;
    return tls_ca_make(dir, AUTHORITY, clk_realtime_s() - DAY_S, YEARS_DAYS, e);
}

static int client_ctx_make(SSL_CTX **ret, const char *anchors, struct err *e)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        WRONG("out of memory");
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    *ret = ctx;
    if (*anchors ? SSL_CTX_load_verify_locations(ctx, anchors, NULL) == 1
                 : SSL_CTX_set_default_verify_paths(ctx) == 1)
        return 0;
    ERR_clear_error();
    return err_set(e, -EINVAL, "%s: no anchors in PEM here", anchors);
}

int bump_house_new(struct bump_house **ret, const char *dir, const char *anchors, struct err *e)
{
    struct bump_house *h = calloc(1, sizeof *h);
    int r = h && text_copy(h->dir, sizeof h->dir, dir)
                ? authority_make(dir, e)
                : err_set(e, -ENAMETOOLONG, "%.40s…: the path is too long", dir);

    if (r == 0)
        r = client_ctx_make(&h->client_ctx, anchors, e);
    if (r < 0) {
        bump_house_free(h);
        return r;
    }
    *ret = h;
    return 0;
}

void bump_house_free(struct bump_house *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->n; i++)
        tls_server_free(h->leaves[i].server);
    SSL_CTX_free(h->client_ctx);
    free(h);
}

/* The file is called by its number: a host's name comes from outside. */
static struct tls_server *leaf_make(struct bump_house *h, const char *host)
{
    struct leaf *leaf = &h->leaves[h->n];
    char name[LEAF_MAX], cert[PATH_MAX], key[PATH_MAX];

    if (h->n == BUMP_HOSTS_MAX || !text_copy(leaf->host, sizeof leaf->host, host))
        return NULL;
    snprintf(name, sizeof name, "leaf-%zu", h->n);
    snprintf(cert, sizeof cert, "%s/%s.pem", h->dir, name);
    snprintf(key, sizeof key, "%s/%s.key", h->dir, name);
    if (tls_leaf_make(h->dir, name, host, clk_realtime_s() - DAY_S, YEARS_DAYS, NULL) < 0 ||
        tls_server_new(&leaf->server, cert, key, NULL) < 0)
        return NULL;
    h->n++;
    return leaf->server;
}

static struct tls_server *leaf_of(struct bump_house *h, const char *host)
{
    for (size_t i = 0; i < h->n; i++)
        if (text_is(h->leaves[i].host, host))
            return h->leaves[i].server;
    return leaf_make(h, host);
}

/* --- a tunnel --------------------------------------------------------------------------------- */

/* It is about to be answered. */
static int on_cert(SSL *ssl, void *arg)
{
    struct bump *b = arg;

    (void)ssl;
    b->showed = true;
    return 1;
}

static void side_init(struct bump *b, enum bump_side i, SSL_CTX *ctx)
{
    b->ssl[i] = SSL_new(ctx);
    b->in[i] = BIO_new(BIO_s_mem());
    b->out[i] = BIO_new(BIO_s_mem());
    if (!b->ssl[i] || !b->in[i] || !b->out[i])
        WRONG("out of memory");
    SSL_set_bio(b->ssl[i], b->in[i], b->out[i]);
    buf_init(&b->plain[i], HELD_MAX);
}

static void target_init(struct bump *b, const char *host)
{
    static const unsigned char alpn[] = HTTP_1_1;
    X509_VERIFY_PARAM *param = SSL_get0_param(b->ssl[BUMP_TARGET]);

    SSL_set_connect_state(b->ssl[BUMP_TARGET]);
    (void)SSL_set_alpn_protos(b->ssl[BUMP_TARGET], alpn, sizeof alpn - 1);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return;
    if (SSL_set_tlsext_host_name(b->ssl[BUMP_TARGET], host) != 1 ||
        X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
        WRONG("out of memory");
}

struct bump *bump_new(struct bump_house *h, const char *host)
{
    struct tls_server *server = leaf_of(h, host);
    struct bump *b = server ? calloc(1, sizeof *b) : NULL;

    if (!b)
        return NULL;
    side_init(b, BUMP_CLIENT, tls_server_ctx(server));
    side_init(b, BUMP_TARGET, h->client_ctx);
    buf_init(&b->head, HEAD_MAX);
    SSL_set_accept_state(b->ssl[BUMP_CLIENT]);
    SSL_set_cert_cb(b->ssl[BUMP_CLIENT], on_cert, b);
    target_init(b, host);
    ERR_clear_error();
    return b;
}

static void wipe(struct buf *b)
{
    if (b->data)
        explicit_bzero(b->data, b->len);
    buf_drop(b);
}

void bump_free(struct bump *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < BUMP_SIDES; i++) {
        SSL_free(b->ssl[i]);
        wipe(&b->plain[i]);
    }
    wipe(&b->head);
    free(b);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* false: the talk with this side is over, by an alert or by nonsense. */
static bool is_fine(struct bump *b, enum bump_side i, int n)
{
    const int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(b->ssl[i], n);

    ERR_clear_error();
    b->gone[i] = b->gone[i] || why == SSL_ERROR_ZERO_RETURN;
    return why == SSL_ERROR_NONE || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ||
           why == SSL_ERROR_ZERO_RETURN;
}

static void head_take(struct bump *b, const char *bytes, size_t len)
{
    if (!b->read_told)
        buf_add(&b->head, bytes, len);
    b->has_read = true;
}

static bool read_all(struct bump *b, enum bump_side i)
{
    char bytes[CHUNK];
    int n = 1;

    while (n > 0 && !b->gone[i]) {
        n = SSL_read(b->ssl[i], bytes, sizeof bytes);
        if (!is_fine(b, i, n))
            return false;
        if (n > 0)
            buf_add(&b->plain[i], bytes, (size_t)n);
        if (n > 0 && i == BUMP_CLIENT)
            head_take(b, bytes, (size_t)n);
    }
    explicit_bzero(bytes, sizeof bytes);
    return true;
}

static bool write_all(struct bump *b, enum bump_side i)
{
    struct buf *from = &b->plain[BUMP_SIDES - 1 - i];

    while (from->len > 0 && SSL_is_init_finished(b->ssl[i])) {
        const size_t len = from->len < CHUNK ? from->len : CHUNK;
        int n = SSL_write(b->ssl[i], from->data, (int)len);

        if (n <= 0)
            return is_fine(b, i, n);
        buf_cut(from, (size_t)n);
    }
    return true;
}

static void drain(struct bump *b, enum bump_side i, struct buf *to)
{
    char bytes[CHUNK];
    int n;

    while ((n = BIO_read(b->out[i], bytes, sizeof bytes)) > 0)
        buf_add(to, bytes, (size_t)n);
}

static bool step(struct bump *b, enum bump_side i)
{
    if (!SSL_is_init_finished(b->ssl[i]) && !is_fine(b, i, SSL_do_handshake(b->ssl[i])))
        return false;
    return !SSL_is_init_finished(b->ssl[i]) || read_all(b, i);
}

enum bump_side bump_take(struct bump *b, enum bump_side from, const void *bytes, size_t len,
                         struct buf *to_client, struct buf *to_target)
{
    struct buf *const to[BUMP_SIDES] = {to_client, to_target};
    enum bump_side broken = BUMP_SIDES;

    if (len > 0 && BIO_write(b->in[from], bytes, (int)len) != (int)len)
        WRONG("out of memory");
    ERR_clear_error();
    if (!step(b, from))
        broken = from;
    for (enum bump_side i = BUMP_CLIENT; i < BUMP_SIDES; i++) {
        if (!write_all(b, i) && broken == BUMP_SIDES)
            broken = i;
        drain(b, i, to[i]); /* what there is to say of a broken talk, too */
    }
    return broken;
}

void bump_ended(struct bump *b, enum bump_side side, struct buf *to_client, struct buf *to_target)
{
    const enum bump_side other = BUMP_SIDES - 1 - side;

    if (!SSL_is_init_finished(b->ssl[other]))
        return;
    (void)SSL_shutdown(b->ssl[other]);
    ERR_clear_error();
    drain(b, other, other == BUMP_CLIENT ? to_client : to_target);
}

size_t bump_holds(const struct bump *b)
{
    return b->plain[BUMP_CLIENT].len;
}

/* --- what happened ---------------------------------------------------------------------------- */

bool bump_showed(struct bump *b)
{
    const bool is = b->showed && !b->showed_told;

    b->showed_told = b->showed;
    return is;
}

bool bump_read(struct bump *b, char method[BUMP_METHOD_MAX], bool *ret_credentials)
{
    const char *text = buf_text(&b->head), *at = text, *end = strstr(text, "\r\n");
    SCOPED(wipe) struct buf lines = {0};
    char value[KIB(1)];

    if (!b->has_read || b->read_told)
        return false;
    b->read_told = true;
    *ret_credentials = false;
    method[0] = '\0';
    if (!end || !text_next(&at, ' ', method, BUMP_METHOD_MAX))
        return true;
    buf_init(&lines, HEAD_MAX);
    buf_text_add(&lines, end + 2);
    *ret_credentials = http_header_get(&lines, "Authorization", value, sizeof value) ||
                       http_header_get(&lines, "ApiKey", value, sizeof value);
    explicit_bzero(value, sizeof value);
    return true;
}
