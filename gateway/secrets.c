#include "gateway/secrets.h"

#include "lib/base/text.h"
#include "lib/io/file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECRETS_PATH_MAX 1152
#define ANCHORS_FILE_MAX MIB(4) /* all of the world's public authorities are a quarter of a MiB */
#define GIVEN_SECRET_MIN 32     /* characters; GP-30 wants 256 random bits */

/* --- forms ----------------------------------------------------------------------------------- */

static bool is_word(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* consumer:token:secret, none of them empty. */
static bool is_maas_key(const char *text)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    for (int part = 0; part < 3; part++) {
        size_t len = strspn(text, fine);

        if (!len || text[len] != (part < 2 ? ':' : 0))
            return false;
        text += len + 1;
    }
    return true;
}

static bool is_long_word(const char *text)
{
    return strlen(text) >= GIVEN_SECRET_MIN && is_word(text);
}

static const struct secret {
    const char *name;
    size_t offset, size;
    bool (*is_fine)(const char *text);
    const char *wanted;
} secrets[] = {
    {"pairing-code", offsetof(struct gw_config, pairing_code),
     sizeof(((struct gw_config *)0)->pairing_code), is_word, "the code that Palette showed"},
    {"maas-key", offsetof(struct gw_config, maas_key), sizeof(((struct gw_config *)0)->maas_key),
     is_maas_key, "CONSUMER:TOKEN:SECRET, as MAAS shows it"},
    {"gateway-secret", offsetof(struct gw_config, given_secret),
     sizeof(((struct gw_config *)0)->given_secret), is_long_word,
     "at least 32 letters and digits without a blank"},
};

/* --- files ----------------------------------------------------------------------------------- */

/* Refused is what others can really read: the file by its own mode, in a directory they may enter.
 */
static int privacy_check(const char *variable, const char *dir, const char *path, struct err *e)
{
    struct stat of_dir, of_file;

    if (stat(dir, &of_dir) < 0 || stat(path, &of_file) < 0)
        return err_errno(e, "%s: %s", variable, path);
    if (!S_ISREG(of_file.st_mode))
        return err_set(e, -EINVAL, "%s: %s is no file", variable, path);
    if (!(of_dir.st_mode & 077) || !(of_file.st_mode & 077))
        return 0;
    return err_set(e, -EPERM,
                   "%s: others may read %s (mode %04o in a directory of mode %04o): chmod 0600 the "
                   "file, or chmod 0700 the directory",
                   variable, path, of_file.st_mode & 07777, of_dir.st_mode & 07777);
}

/* What is not there was not given; what is there and cannot be read is never taken for that: a
 * gateway would make itself another secret. */
static int secret_read(const char *variable, const char *dir, const struct secret *s,
                       struct gw_config *ret, struct err *e)
{
    char path[SECRETS_PATH_MAX];
    char *value = (char *)ret + s->offset;
    struct stat st;
    int r;

    if (snprintf(path, sizeof(path), "%s/%s", dir, s->name) >= (int)sizeof(path))
        return err_set(e, -ENAMETOOLONG, "%s: the path is too long", variable);
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0
                               : err_errno(e, "%s: %s: the gateway's user must be able to read it",
                                           variable, path);
    r = privacy_check(variable, dir, path, e);
    if (r < 0)
        return r;
    r = file_read_line(path, value, s->size, e);
    if (r < 0)
        return err_at(e, "%s", variable);
    if (*value && !s->is_fine(value))
        return err_set(e, -EINVAL, "%s: %s has not the form of what it should hold; wanted is %s",
                       variable, path, s->wanted);
    return 0;
}

int secret_take(const char *name, const char *value, struct gw_config *ret, struct err *e)
{
    for (size_t i = 0; i < COUNTOF(secrets); i++) {
        const struct secret *s = &secrets[i];

        if (!text_is(s->name, name))
            continue;
        return s->is_fine(value) && text_copy((char *)ret + s->offset, s->size, value)
                   ? 0
                   : err_set(e, -EINVAL, "%s: it has not the form; wanted is %s", name, s->wanted);
    }
    WRONG("a secret that is in no table");
}

int secrets_read(const char *variable, const char *dir, struct gw_config *ret, struct err *e)
{
    struct stat st;
    int r = 0;

    if (stat(dir, &st) < 0)
        return err_errno(e, "%s: %s: make it, with mode 0700", variable, dir);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, -ENOTDIR, "%s: %s is no directory; wanted is one with a file per secret",
                       variable, dir);
    for (size_t i = 0; r == 0 && i < COUNTOF(secrets); i++)
        r = secret_read(variable, dir, &secrets[i], ret, e);
    return r;
}

static void bio_drop(BIO **bio)
{
    BIO_free(*bio);
}

/* How many certificates; *ret_good: how many of them have not expired. Negative: one is torn. */
static int certificates_count(BIO *bio, int *ret_good)
{
    X509 *cert;
    int n = 0;

    ERR_clear_error();
    *ret_good = 0;
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        *ret_good += X509_cmp_current_time(X509_get0_notAfter(cert)) > 0;
        X509_free(cert);
        n++;
    }
    if (n && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        n = -1;
    ERR_clear_error();
    return n;
}

static const char *more_than_certificates(const struct buf *text)
{
    if (text->len && memchr(text->data, 0, text->len))
        return "a zero byte";
    if (!strstr(buf_text(text), "PRIVATE KEY-----"))
        return NULL;
    explicit_bzero(text->data, text->len);
    return "a private key";
}

int secrets_anchors_check(const char *variable, const char *path, bool *ret_expired, struct err *e)
{
    SCOPED(buf_drop) struct buf text = {.max = ANCHORS_FILE_MAX};
    SCOPED(bio_drop) BIO *bio = NULL;
    const char *more;
    int n, good;

    if (file_read(path, &text, e) < 0)
        return err_at(e, "%s", variable);
    more = more_than_certificates(&text);
    if (more)
        return err_set(e, -EINVAL,
                       "%s: %s holds %s, and anchors are handed to machines as they are: put the "
                       "certificates alone into a file",
                       variable, path, more);
    bio = BIO_new_mem_buf(buf_text(&text), (int)text.len);
    if (!bio)
        WRONG("out of memory");
    n = certificates_count(bio, &good);
    if (n <= 0)
        return err_set(
            e, -EINVAL, "%s: %s %s; wanted are certificates in PEM (-----BEGIN CERTIFICATE-----)",
            variable, path, n ? "has a certificate that cannot be read" : "holds no certificate");
    *ret_expired = !good;
    return 0;
}
