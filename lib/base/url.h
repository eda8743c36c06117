/* URLs, percent coding, and lists of name=value pairs (query strings and forms).
 * Letters only: nothing here knows MAAS or Palette. */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define URL_MAX          2048
#define URL_HOST_MAX     256
#define URL_PATH_MAX     1024
#define URL_USERINFO_MAX 256
#define PAIRS_MAX        64 /* pairs in one query or form that we keep */
#define PAIR_NAME_MAX    128

struct url {
    bool https;
    char userinfo[URL_USERINFO_MAX]; /* still percent-coded; "" when absent. A secret. */
    char host[URL_HOST_MAX];         /* lower case; an IPv6 address without its brackets */
    bool host_is_ipv6;
    int port; /* the scheme's own when the text names none */
    bool port_given;
    char path[URL_PATH_MAX];  /* begins with '/', or "" when absent; no query */
    char query[URL_PATH_MAX]; /* without '?'; "" when absent */
};

/* http and https only; no fragment, no blank, no control character. The error sentence never
 * quotes the text, which may hold a password. */
int url_read(const char *text, struct url *ret, struct err *e) MUST_CHECK;

/* scheme://host[:port], the port only when it is not the scheme's own. IPv6 in brackets. */
void url_origin_write(const struct url *u, struct buf *out);

/* base + path with exactly one '/' between them, whatever base ends with. */
void url_join(struct buf *out, const char *base, const char *path);

/* Everything but unreserved characters (RFC 3986) becomes %XX. */
void url_encode(struct buf *out, const char *text);
void url_encode_len(struct buf *out, const char *bytes, size_t len);
/* '+' becomes a blank when form is set. A bad escape or a NUL byte: false, out unchanged. */
bool url_decode(struct buf *out, const char *text, size_t len, bool form);

/* Decoded name=value pairs in their order; a name may come more than once. */
struct pairs {
    size_t n;
    struct pair {
        char name[PAIR_NAME_MAX];
        char *value; /* owned */
    } at[PAIRS_MAX];
};

/* Reads a query or an urlencoded form. -E2BIG: more than PAIRS_MAX; -EINVAL: bad escape. */
int pairs_read(const char *text, size_t len, struct pairs *ret, struct err *e) MUST_CHECK;
void pairs_drop(struct pairs *p);
const char *pairs_find(const struct pairs *p, const char *name); /* first value, or NULL */
/* Appends "&name=value" (or without '&' when out is empty), both coded. */
void pairs_write(struct buf *out, const char *name, const char *value);

#endif
