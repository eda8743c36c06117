#include "lib/io/mock_certs.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DIR_MAX      1024
#define PATH_BYTES   (DIR_MAX + 32)
#define DAY_S        INT64_C(86400)
#define YEARS_DAYS   3650
#define LEAF_DAYS    365
#define OTHER        "other" /* the folder of an authority that nobody was told of */
#define WRONG_NAME   "wrong.example"
#define MOCK_CA_NAME "mock authority"

struct mock_certs {
    char dir[DIR_MAX], names[512];
    struct tls_server *tls;
    int64_t now_s;
};

static const struct {
    const char *file;
    int64_t age_days;  /* how long ago it began to be valid, beyond a day */
    const char *names; /* NULL: the mock's own */
    bool other;        /* by the other authority */
    bool anew;         /* made again each time */
} kinds[HTTP_CERT_COUNT] = {
    [HTTP_CERT_OWN] = {"own", 0, NULL, false, false},
    [HTTP_CERT_RENEWED] = {"renewed", 0, NULL, false, true},
    [HTTP_CERT_EXPIRED] = {"expired", LEAF_DAYS + 30, NULL, false, false},
    [HTTP_CERT_WRONG_NAME] = {"wrong-name", 0, WRONG_NAME, false, false},
    [HTTP_CERT_WRONG_AUTHORITY] = {"wrong-authority", 0, NULL, true, false},
};

static int authority(const struct mock_certs *c, const char *dir, struct err *e)
{
    char ca[PATH_BYTES + 16];
    int r = file_mkdirs(dir, 0700, e);

    snprintf(ca, sizeof(ca), "%s/ca.key", dir);
    if (r < 0 || file_exists(ca))
        return r;
    return tls_ca_make(dir, MOCK_CA_NAME, c->now_s - 2 * LEAF_DAYS * DAY_S, YEARS_DAYS, e);
}

/* "DIR/own" or "DIR/other/wrong-authority": the leaf's files without their ends. */
static int leaf(const struct mock_certs *c, enum http_certificate which, char path[PATH_BYTES],
                struct err *e)
{
    char dir[PATH_BYTES], cert[PATH_BYTES + 32];
    int r;

    snprintf(dir, sizeof(dir), "%s%s", c->dir, kinds[which].other ? "/" OTHER : "");
    snprintf(path, PATH_BYTES, "%.1000s/%s", dir, kinds[which].file);
    r = authority(c, dir, e);
    snprintf(cert, sizeof(cert), "%s.key", path);
    if (r < 0 || (!kinds[which].anew && file_exists(cert)))
        return r;
    return tls_leaf_make(dir, kinds[which].file, kinds[which].names ? kinds[which].names : c->names,
                         c->now_s - (1 + kinds[which].age_days) * DAY_S, LEAF_DAYS, e);
}

static int files(const struct mock_certs *c, enum http_certificate which, char *cert, char *key,
                 size_t size, struct err *e)
{
    char path[PATH_BYTES];
    int r = leaf(c, which, path, e);

    snprintf(cert, size, "%s.pem", path);
    snprintf(key, size, "%s.key", path);
    return r;
}

int mock_certs_show(struct mock_certs *c, enum http_certificate which, struct err *e)
{
    char cert[PATH_BYTES + 8], key[PATH_BYTES + 8];
    int r = files(c, which, cert, key, sizeof(cert), e);

    return r < 0 ? r : tls_server_load(c->tls, cert, key, e);
}

int mock_certs_open(struct mock_certs **ret, const char *dir, const char *names,
                    struct tls_server **ret_tls, struct err *e)
{
    char cert[PATH_BYTES + 8], key[PATH_BYTES + 8];
    struct mock_certs *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        WRONG("out of memory");
    c->now_s = clk_realtime_s();
    r = text_copy(c->dir, sizeof(c->dir) - sizeof(OTHER), dir) &&
                text_copy(c->names, sizeof(c->names), names)
            ? files(c, HTTP_CERT_OWN, cert, key, sizeof(cert), e)
            : err_set(e, -EINVAL, "--authority and --names: at most 1000 and 500 letters");
    if (r == 0)
        r = tls_server_new(&c->tls, cert, key, e);
    if (r < 0) {
        free(c);
        return r;
    }
    *ret_tls = c->tls;
    *ret = c;
    return 0;
}
