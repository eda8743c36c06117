#include "lib/io/tls.h"

#include "lib/base/text.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct tls_server {
    SSL_CTX *ctx;
};

/* The sentence ends with OpenSSL's own reason, which names what is wrong and never holds a key. */
static int tls_err(struct err *e, const char *what, const char *file)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return err_set(e, -EINVAL, "%s: %s: %s", file, what, reason ? reason : "no reason given");
}

/* HTTP/1.1 or nothing: a client that insists on another protocol is told so in the handshake. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned int in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *picked = NULL;

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&picked, out_len, ours, sizeof(ours) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = picked;
    return SSL_TLSEXT_ERR_OK;
}

/* Without session resumption every connection shows the certificate of its own time: a client can
 * not step over one that has expired or was replaced. */
static SSL_CTX *ctx_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx)
        WRONG("out of memory");
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1); /* one read a record instead of two */
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    return ctx;
}

static void ctx_drop(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
    *ctx = NULL;
}

static int load(struct tls_server *s, SSL_CTX *fresh, const char *cert_file, const char *key_file,
                struct err *e)
{
    SCOPED(ctx_drop) SSL_CTX *ctx = fresh;
    SSL_CTX *old = s->ctx;

    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return tls_err(e, "no usable certificate", cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return tls_err(e, "no usable private key", key_file);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return tls_err(e, "the key does not belong to the certificate", key_file);
    s->ctx = STEAL(ctx);
    SSL_CTX_free(old); /* connections that are open hold it as long as they need it */
    return 0;
}

int tls_server_load(struct tls_server *s, const char *cert_file, const char *key_file,
                    struct err *e)
{
    return load(s, ctx_new(), cert_file, key_file, e);
}

int tls_server_load_old(struct tls_server *s, const char *cert_file, const char *key_file,
                        struct err *e)
{
    SSL_CTX *ctx = ctx_new();

    SSL_CTX_set_min_proto_version(ctx, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    SSL_CTX_set_security_level(ctx, 0); /* SHA-1 signs its key exchange */
    return load(s, ctx, cert_file, key_file, e);
}

int tls_server_new(struct tls_server **ret, const char *cert_file, const char *key_file,
                   struct err *e)
{
    struct tls_server *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        WRONG("out of memory");
    r = tls_server_load(s, cert_file, key_file, e);
    if (r < 0) {
        tls_server_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void tls_server_free(struct tls_server *s)
{
    if (!s)
        return;
    SSL_CTX_free(s->ctx);
    free(s);
}

void *tls_server_ctx(struct tls_server *s)
{
    return s->ctx;
}
