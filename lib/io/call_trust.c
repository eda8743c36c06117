/* Whom a caller trusts. Anchors are read when the caller is made and when it is told to read them
 * again, never in between: a file that is being replaced neither gives trust nor takes it away. */
#include "lib/io/call_inner.h"

#include "lib/io/file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

#define ANCHORS_MAX   MIB(4)
#define LIFETIME_STEP SECONDS(1) /* curl counts a connection's life in whole seconds */

static void bio_drop(BIO **bio)
{
    BIO_free(*bio);
}

/* Also when a certificate is there already: the system's anchors may hold it. */
static size_t anchors_add(X509_STORE *store, const struct buf *pem)
{
    SCOPED(bio_drop) BIO *bio = BIO_new_mem_buf(buf_text(pem), (int)pem->len);
    size_t n = 0;
    X509 *cert;

    if (!bio)
        WRONG("out of memory");
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        n += X509_STORE_add_cert(store, cert) == 1;
        X509_free(cert);
    }
    ERR_clear_error();
    return n;
}

/* Only calls through a proxy have this; without a certificate to add nothing is spoken. */
static CURLcode on_context(CURL *easy, void *context, void *arg)
{
    const struct call *c = arg;

    (void)easy;
    return anchors_add(SSL_CTX_get_cert_store(context), &c->caller->proxy_anchors)
               ? CURLE_OK
               : CURLE_SSL_CACERT_BADFILE;
}

/* The store of the system's anchors is kept by curl for the connections that follow: one that gets
 * more must not be that one. */
static void proxy_anchors_set(const struct call *c)
{
    if (!c->proxied || !c->caller->proxy_anchors.len)
        return;
    curl_easy_setopt(c->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    if (curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_FUNCTION, on_context) != CURLE_OK)
        WRONG("a libcurl whose TLS is not OpenSSL's"); /* call_trust_check */
    curl_easy_setopt(c->easy, CURLOPT_SSL_CTX_DATA, c);
}

void call_trust_set(const struct call *c)
{
    const struct caller *k = c->caller;
    struct curl_blob anchors = {.data = k->anchors.data, .len = k->anchors.len};

    anchors.flags = CURL_BLOB_COPY; /* ours may be replaced while the call is at work */
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (anchors.len) {
        curl_easy_setopt(c->easy, CURLOPT_CAINFO_BLOB, &anchors);
        curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
    }
    proxy_anchors_set(c);
}

bool call_trust_fresh(const struct call *c)
{
    const struct caller *k = c->caller;
    const ms_t since_ms = loop_now(k->loop) - k->trusted_at;

    if (!k->retrusted)
        return false;
    if (since_ms < 2 * LIFETIME_STEP)
        return true;
    curl_easy_setopt(c->easy, CURLOPT_MAXLIFETIME_CONN, (long)(since_ms / LIFETIME_STEP - 1));
    return false;
}

static int file_take(const char *path, struct buf *ret, struct err *e)
{
    int r = path && *path ? file_read(path, ret, e) : 0;

    return r == 0 && path && *path && !ret->len
               ? err_set(e, -EINVAL, "%s is empty; wanted are certificates in PEM", path)
               : r;
}

static int call_trust_check(const struct call_config *c, struct err *e)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

    if (!c->proxy_ca_file || !*c->proxy_ca_file || strstr(curl->ssl_version, "OpenSSL/"))
        return 0;
    return err_set(e, -ENOTSUP, "this libcurl is made with %s: anchors of a proxy need OpenSSL",
                   curl->ssl_version);
}

static void swap(struct buf *a, struct buf *b)
{
    const struct buf held = *a;

    *a = *b;
    *b = held;
}

int call_trust_load(struct caller *k, const struct call_config *c, struct err *e)
{
    SCOPED(buf_drop) struct buf anchors = {.max = ANCHORS_MAX};
    SCOPED(buf_drop) struct buf proxy_anchors = {.max = ANCHORS_MAX};
    int r = call_trust_check(c, e);

    if (r == 0)
        r = file_take(c->ca_file, &anchors, e);
    if (r == 0)
        r = file_take(c->proxy_ca_file, &proxy_anchors, e);
    if (r < 0)
        return r;
    swap(&k->anchors, &anchors);
    swap(&k->proxy_anchors, &proxy_anchors);
    return 0;
}

int caller_trust(struct caller *k, const char *ca_file, const char *proxy_ca_file, struct err *e)
{
    const struct call_config c = {.ca_file = ca_file, .proxy_ca_file = proxy_ca_file};
    int r = call_trust_load(k, &c, e);

    if (r < 0)
        return r;
    k->retrusted = true;
    k->trusted_at = loop_now(k->loop);
    return 0;
}
