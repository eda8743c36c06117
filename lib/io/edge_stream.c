/* One socket, plain or TLS. OpenSSL writes through a BIO of our own, because its socket BIO knows
 * no MSG_NOSIGNAL and a client that leaves must not raise SIGPIPE in a program. */
#include "lib/io/edge.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

static int bio_fd(BIO *bio)
{
    const struct edge_stream *s = BIO_get_data(bio);

    return s->fd;
}

static int on_bio_write(BIO *bio, const char *bytes, int len)
{
    ssize_t n = send(bio_fd(bio), bytes, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)n;
}

static int on_bio_read(BIO *bio, char *out, int size)
{
    ssize_t n = recv(bio_fd(bio), out, (size_t)size, 0);

    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    if (n == 0)
        BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return (int)n;
}

static long on_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)num;
    (void)ptr;
    if (cmd == BIO_CTRL_EOF) /* asked after a read of 0, to tell an end from a failure */
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return cmd == BIO_CTRL_FLUSH || cmd == BIO_CTRL_DUP;
}

static int on_bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *edge_stream_bio(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "edge");

    if (!m || !BIO_meth_set_write(m, on_bio_write) || !BIO_meth_set_read(m, on_bio_read) ||
        !BIO_meth_set_ctrl(m, on_bio_ctrl) || !BIO_meth_set_create(m, on_bio_create))
        WRONG("out of memory");
    return m;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const struct edge_stream *s = SSL_get_app_data(ssl);

    (void)alert;
    (void)arg;
    s->on_hello(s->arg);
    return SSL_CLIENT_HELLO_SUCCESS;
}

void edge_stream_init(struct edge_stream *s, int fd, SSL_CTX *ctx, BIO_METHOD *method,
                      void (*on_hello)(void *arg), void *arg)
{
    BIO *bio;

    *s = (struct edge_stream){.fd = fd, .on_hello = on_hello, .arg = arg};
    if (!ctx)
        return;
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    s->ssl = SSL_new(ctx);
    bio = BIO_new(method);
    if (!s->ssl || !bio)
        WRONG("out of memory");
    BIO_set_data(bio, s);
    SSL_set_app_data(s->ssl, s);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_accept_state(s->ssl);
}

/* What OpenSSL said, as our four answers. Its error queue is this thread's: emptied each time, so
 * that one connection's trouble is never taken for another's. */
static ssize_t tls_outcome(struct edge_stream *s, int n, size_t done)
{
    int why;

    if (n > 0)
        return (ssize_t)done;
    why = SSL_get_error(s->ssl, n);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ)
        return -EAGAIN;
    if (why == SSL_ERROR_WANT_WRITE) {
        s->want_out = true;
        return -EAGAIN;
    }
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -EPIPE;
}

static ssize_t plain_outcome(ssize_t n)
{
    int code = errno;

    if (n >= 0)
        return n;
    return code == EAGAIN || code == EINTR ? -EAGAIN : -EPIPE;
}

ssize_t edge_stream_read(struct edge_stream *s, void *out, size_t size)
{
    size_t done = 0;
    int n;

    s->want_out = false;
    if (!s->ssl)
        return plain_outcome(recv(s->fd, out, size, 0));
    ERR_clear_error();
    n = SSL_read_ex(s->ssl, out, size, &done);
    return tls_outcome(s, n, done);
}

ssize_t edge_stream_write(struct edge_stream *s, const void *bytes, size_t len)
{
    size_t done = 0;
    int n;

    s->want_out = false;
    if (!s->ssl)
        return plain_outcome(send(s->fd, bytes, len, MSG_NOSIGNAL));
    ERR_clear_error();
    n = SSL_write_ex(s->ssl, bytes, len, &done);
    return tls_outcome(s, n, done);
}

bool edge_stream_pending(const struct edge_stream *s)
{
    return s->ssl && SSL_has_pending(s->ssl);
}

void edge_stream_finish(struct edge_stream *s)
{
    if (s->ssl && SSL_is_init_finished(s->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(s->ssl); /* sends close_notify; the answer is not waited for */
        ERR_clear_error();
    }
    (void)shutdown(s->fd, SHUT_WR);
}

ssize_t edge_stream_discard(struct edge_stream *s, void *scratch, size_t size)
{
    return plain_outcome(recv(s->fd, scratch, size, 0));
}

void edge_stream_close(struct edge_stream *s)
{
    SSL_free(s->ssl);
    s->ssl = NULL;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
