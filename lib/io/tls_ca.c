/* A small authority for labs and tests. Its keys are worth nothing outside a run: they are made
 * anew for each one and trusted by nobody else. */
#include "lib/io/tls.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TLS_PEM_MAX KIB(16)
#define TLS_SAN_MAX KIB(4)
#define TLS_CN_MAX  64 /* ub-common-name, RFC 5280 */

static void x509_drop(X509 **cert)
{
    X509_free(*cert);
    *cert = NULL;
}

static void pkey_drop(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

static void bio_drop(BIO **bio)
{
    BIO_free(*bio);
    *bio = NULL;
}

static int ssl_err(struct err *e, const char *where, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return err_set(e, -EINVAL, "%s: %s: %s", where, what, reason ? reason : "no reason given");
}

static int path_make(char out[PATH_MAX], const char *dir, const char *name, const char *ending,
                     struct err *e)
{
    int n = snprintf(out, PATH_MAX, "%s/%s%s", dir, name, ending);

    if (n < 0 || n >= PATH_MAX)
        return err_set(e, -ENAMETOOLONG, "%s: the path is too long", dir);
    return 0;
}

static int pem_save(const char *path, BIO *bio, struct err *e)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);

    return file_write(path, text, (size_t)len, 0600, e);
}

static int pair_save(const char *dir, const char *name, X509 *cert, EVP_PKEY *key, struct err *e)
{
    SCOPED(bio_drop) BIO *cert_bio = BIO_new(BIO_s_mem());
    SCOPED(bio_drop) BIO *key_bio = BIO_new(BIO_s_mem());
    char path[PATH_MAX];
    int r;

    if (!cert_bio || !key_bio || PEM_write_bio_X509(cert_bio, cert) != 1 ||
        PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        return ssl_err(e, dir, "the certificate could not be written as PEM");
    r = path_make(path, dir, name, ".key", e);
    if (r == 0)
        r = pem_save(path, key_bio, e);
    if (r == 0)
        r = path_make(path, dir, name, ".pem", e);
    if (r == 0)
        r = pem_save(path, cert_bio, e);
    return r;
}

static int ext_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    int ok;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (!ext)
        return 0;
    ok = X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
    return ok;
}

struct ext_row {
    int nid;
    const char *value;
};

static const struct ext_row ca_exts[] = {
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
};

static const struct ext_row leaf_exts[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},   {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth,clientAuth"},   {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

struct cert_form {
    const char *common_name;
    const char *san; /* NULL: none */
    int64_t serial, not_before_s, days;
    const struct ext_row *exts;
    size_t n_exts;
};

static bool validity_set(X509 *cert, const struct cert_form *f)
{
    time_t from = (time_t)f->not_before_s;

    return ASN1_TIME_adj(X509_getm_notBefore(cert), from, 0, 0) &&
           ASN1_TIME_adj(X509_getm_notAfter(cert), from, (int)f->days, 0);
}

static bool subject_set(X509 *cert, const char *common_name)
{
    char cn[TLS_CN_MAX + 1];

    text_copy_len(cn, sizeof(cn), common_name, strnlen(common_name, TLS_CN_MAX));
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                      (const unsigned char *)cn, -1, -1, 0) == 1;
}

/* issuer NULL: signs itself. */
static bool cert_fill(X509 *cert, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                      const struct cert_form *f)
{
    X509 *above = issuer ? issuer : cert;

    if (X509_set_version(cert, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_int64(X509_get_serialNumber(cert), f->serial) != 1 ||
        !validity_set(cert, f) || !subject_set(cert, f->common_name) ||
        X509_set_issuer_name(cert, X509_get_subject_name(above)) != 1 ||
        X509_set_pubkey(cert, key) != 1)
        return false;
    for (size_t i = 0; i < f->n_exts; i++)
        if (!ext_add(cert, above, f->exts[i].nid, f->exts[i].value))
            return false;
    if (f->san && !ext_add(cert, above, NID_subject_alt_name, f->san))
        return false;
    return X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256()) > 0;
}

static int cert_make(const char *dir, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
                     const struct cert_form *f, struct err *e)
{
    SCOPED(x509_drop) X509 *cert = X509_new();
    SCOPED(pkey_drop) EVP_PKEY *key = EVP_EC_gen("P-256");

    if (f->days < 0 || f->days > INT_MAX)
        return err_set(e, -EINVAL, "%s/%s: a certificate for %lld days", dir, name,
                       (long long)f->days);
    if (!cert || !key || !cert_fill(cert, key, issuer, issuer_key, f))
        return ssl_err(e, dir, "the certificate could not be made");
    return pair_save(dir, name, cert, key, e);
}

static int serial_save(const char *dir, int64_t next, struct err *e)
{
    char path[PATH_MAX], text[24];
    int n = snprintf(text, sizeof(text), "%lld\n", (long long)next);
    int r = path_make(path, dir, "ca", ".serial", e);

    return r < 0 ? r : file_write(path, text, (size_t)n, 0600, e);
}

static int serial_take(const char *dir, int64_t *ret, struct err *e)
{
    char path[PATH_MAX], text[24];
    int64_t serial;
    int r = path_make(path, dir, "ca", ".serial", e);

    if (r == 0)
        r = file_read_line(path, text, sizeof(text), e);
    if (r < 0)
        return r;
    if (!text_int(text, 1, INT64_MAX - 1, &serial))
        return err_set(e, -EINVAL, "%s: no serial number; make the authority anew", path);
    r = serial_save(dir, serial + 1, e);
    if (r == 0)
        *ret = serial;
    return r;
}

int tls_ca_make(const char *dir, const char *common_name, int64_t not_before_s, int64_t days,
                struct err *e)
{
    struct cert_form form = {common_name, NULL, 1, not_before_s, days, ca_exts, COUNTOF(ca_exts)};
    int r = cert_make(dir, "ca", NULL, NULL, &form, e);

    return r < 0 ? r : serial_save(dir, 2, e);
}

static bool is_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* "a.example,10.0.0.1" → "DNS:a.example,IP:10.0.0.1", and the first name for the subject. */
static int san_make(const char *names, struct buf *san, char *first, size_t size, struct err *e)
{
    const char *cursor = names;
    char name[256];

    while (text_next(&cursor, ',', name, sizeof(name))) {
        if (san->len == 0)
            text_copy_len(first, size, name, strnlen(name, size - 1));
        buf_printf(san, "%s%s:%s", san->len ? "," : "", is_address(name) ? "IP" : "DNS", name);
    }
    if (san->len == 0 || san->full)
        return err_set(e, -EINVAL,
                       "names of a certificate: want at least one, and at most %zu bytes",
                       (size_t)TLS_SAN_MAX);
    return 0;
}

static int ca_load(const char *dir, X509 **cert, EVP_PKEY **key, struct err *e)
{
    SCOPED(bio_drop) BIO *cert_bio = NULL;
    SCOPED(bio_drop) BIO *key_bio = NULL;
    char path[PATH_MAX];
    int r = path_make(path, dir, "ca", ".pem", e);

    if (r < 0)
        return r;
    cert_bio = BIO_new_file(path, "r");
    *cert = cert_bio ? PEM_read_bio_X509(cert_bio, NULL, NULL, NULL) : NULL;
    if (!*cert)
        return ssl_err(e, path, "no authority here");
    r = path_make(path, dir, "ca", ".key", e);
    if (r < 0)
        return r;
    key_bio = BIO_new_file(path, "r");
    *key = key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL) : NULL;
    return *key ? 0 : ssl_err(e, path, "no authority's key here");
}

int tls_leaf_make(const char *dir, const char *out, const char *names, int64_t not_before_s,
                  int64_t days, struct err *e)
{
    SCOPED(x509_drop) X509 *ca = NULL;
    SCOPED(pkey_drop) EVP_PKEY *ca_key = NULL;
    SCOPED(buf_drop) struct buf san = {0};
    char first[TLS_CN_MAX + 1] = "";
    struct cert_form form = {first, NULL, 0, not_before_s, days, leaf_exts, COUNTOF(leaf_exts)};
    int r;

    buf_init(&san, TLS_SAN_MAX);
    r = san_make(names, &san, first, sizeof(first), e);
    if (r == 0)
        r = ca_load(dir, &ca, &ca_key, e);
    if (r == 0)
        r = serial_take(dir, &form.serial, e);
    if (r < 0)
        return r;
    form.san = buf_text(&san);
    return cert_make(dir, out, ca, ca_key, &form, e);
}

int tls_self_make(const char *dir, const char *out, const char *names, int64_t not_before_s,
                  int64_t days, struct err *e)
{
    SCOPED(buf_drop) struct buf san = {0};
    char first[TLS_CN_MAX + 1] = "";
    struct cert_form form = {first, NULL, 1, not_before_s, days, leaf_exts, COUNTOF(leaf_exts)};
    int r;

    buf_init(&san, TLS_SAN_MAX);
    r = san_make(names, &san, first, sizeof(first), e);
    form.san = buf_text(&san);
    return r < 0 ? r : cert_make(dir, out, NULL, NULL, &form, e);
}
