#include "lib/io/mock_certs.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"
#include "lib/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define DIR_MAX      1000
#define PATH_BYTES   (DIR_MAX + 48)
#define DAY_S        INT64_C(86400)
#define YEARS_DAYS   3650
#define BAD_DAYS     30      /* an expired one was good for so long */
#define OTHER        "other" /* the folder of an authority that nobody was told of */
#define WRONG_NAME   "wrong.example"
#define MOCK_CA_NAME "mock authority"

struct mock_certs {
    char dir[DIR_MAX], names[512];
    struct tls_server *tls;
};

static const struct {
    int64_t age_days, days; /* how long ago it began to be valid, beyond a day, and for how long */
    const char *names;      /* NULL: the mock's own */
    enum signer { BY_OURS, BY_OTHER, BY_ITSELF } signer;
    bool old; /* no TLS newer than 1.1 with it */
} kinds[HTTP_CERT_COUNT] = {
    [HTTP_CERT_OWN] = {.days = YEARS_DAYS},
    [HTTP_CERT_RENEWED] = {.days = YEARS_DAYS},
    [HTTP_CERT_EXPIRED] = {.age_days = 2 * BAD_DAYS, .days = BAD_DAYS},
    [HTTP_CERT_WRONG_NAME] = {.days = YEARS_DAYS, .names = WRONG_NAME},
    [HTTP_CERT_WRONG_AUTHORITY] = {.days = YEARS_DAYS, .signer = BY_OTHER},
    [HTTP_CERT_SELF_SIGNED] = {.days = YEARS_DAYS, .signer = BY_ITSELF},
    [HTTP_CERT_OLD_PROTOCOL] = {.days = YEARS_DAYS, .old = true},
};

static int authority(const char *dir, struct err *e)
{
    char ca[PATH_BYTES + 16];
    int r = file_mkdirs(dir, 0700, e);

    snprintf(ca, sizeof(ca), "%s/ca.key", dir);
    if (r < 0 || file_exists(ca))
        return r;
    return tls_ca_make(dir, MOCK_CA_NAME, clk_realtime_s() - YEARS_DAYS * DAY_S, 2 * YEARS_DAYS, e);
}

/* Made anew each time, so that none is older than its wish. cert and key: the names of its files.
 */
static int leaf(const struct mock_certs *c, enum http_certificate which, char cert[PATH_BYTES],
                char key[PATH_BYTES], struct err *e)
{
    const enum signer signer = kinds[which].signer;
    const int64_t from_s = clk_realtime_s() - (1 + kinds[which].age_days) * DAY_S;
    const char *names = kinds[which].names ? kinds[which].names : c->names;
    const char *file = http_certificate_name(which);
    char dir[PATH_BYTES];
    int r;

    snprintf(dir, sizeof(dir), "%.1000s%s", c->dir, signer == BY_OTHER ? "/" OTHER : "");
    snprintf(cert, PATH_BYTES, "%.1010s/%s.pem", dir, file);
    snprintf(key, PATH_BYTES, "%.1010s/%s.key", dir, file);
    r = authority(dir, e);
    if (r < 0)
        return r;
    return (signer == BY_ITSELF ? tls_self_make : tls_leaf_make)(dir, file, names, from_s,
                                                                 kinds[which].days, e);
}

int mock_certs_show(struct mock_certs *c, enum http_certificate which, struct err *e)
{
    char cert[PATH_BYTES], key[PATH_BYTES];
    int r = leaf(c, which, cert, key, e);

    if (r < 0)
        return r;
    return (kinds[which].old ? tls_server_load_old : tls_server_load)(c->tls, cert, key, e);
}

int mock_certs_open(struct mock_certs **ret, const char *dir, const char *names,
                    struct tls_server **ret_tls, struct err *e)
{
    char cert[PATH_BYTES], key[PATH_BYTES];
    struct mock_certs *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        WRONG("out of memory");
    r = text_copy(c->dir, sizeof(c->dir), dir) && text_copy(c->names, sizeof(c->names), names)
            ? leaf(c, HTTP_CERT_OWN, cert, key, e)
            : err_set(e, -EINVAL, "--authority and --names: too long");
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
