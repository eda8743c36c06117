#include "lib/base/url.h"
#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool host_read(const char *text, size_t len, struct url *u)
{
    size_t i;

    if (len == 0 || len >= sizeof u->host)
        return false;
    for (i = 0; i < len; i++) {
        const char c = text[i];
        const bool fits = u->host_is_ipv6 ? hex_value(c) >= 0 || c == ':' || c == '.'
                                          : is_alnum((unsigned char)c) || strchr("-._", c);
        if (!fits)
            return false;
        u->host[i] = lower(c);
    }
    u->host[len] = '\0';
    return true;
}

static bool port_read(const char *text, size_t len, struct url *u)
{
    char digits[8];
    int64_t port;

    if (!text_copy_len(digits, sizeof digits, text, len) || !text_int(digits, 1, 65535, &port))
        return false;
    u->port = (int)port;
    u->port_given = true;
    return true;
}

/* host, host:port, [v6], [v6]:port */
static int host_port_read(const char *text, size_t len, struct url *u, struct err *e)
{
    const char *const end = text + len;
    const char *host_end;

    u->host_is_ipv6 = len > 0 && text[0] == '[';
    if (u->host_is_ipv6) {
        text++;
        host_end = memchr(text, ']', (size_t)(end - text));
    } else {
        host_end = memchr(text, ':', len);
        host_end = host_end ? host_end : end;
    }
    if (!host_end || !host_read(text, (size_t)(host_end - text), u))
        return err_set(e, -EINVAL, "URL: the host is missing or holds a character no host has");
    if (u->host_is_ipv6)
        host_end++;
    if (host_end < end &&
        (*host_end != ':' || !port_read(host_end + 1, (size_t)(end - host_end - 1), u)))
        return err_set(e, -EINVAL, "URL: the port must be a number from 1 to 65535");
    return 0;
}

static int authority_read(const char *text, size_t len, struct url *u, struct err *e)
{
    const char *at = memrchr(text, '@', len);

    if (at) {
        const size_t info_len = (size_t)(at - text);
        if (!text_copy_len(u->userinfo, sizeof u->userinfo, text, info_len))
            return err_set(e, -EINVAL, "URL: user and password are longer than %d bytes",
                           URL_USERINFO_MAX - 1);
        text = at + 1;
        len -= info_len + 1;
    }
    return host_port_read(text, len, u, e);
}

static bool characters_are_fine(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || *text == '#')
            return false;
    return true;
}

int url_read(const char *text, struct url *ret, struct err *e)
{
    struct url u = {.port = 80};
    size_t len;
    int r;

    if (strlen(text) >= URL_MAX)
        return err_set(e, -EINVAL, "URL: longer than %d bytes", URL_MAX - 1);
    if (!characters_are_fine(text))
        return err_set(e, -EINVAL,
                       "URL: holds a blank, a control character, a fragment or a "
                       "letter that must be percent-coded");
    if (strncasecmp(text, "https://", 8) == 0) {
        u.https = true;
        u.port = 443;
        text += 8;
    } else if (strncasecmp(text, "http://", 7) == 0) {
        text += 7;
    } else {
        return err_set(e, -EINVAL, "URL: must begin with http:// or https://");
    }
    len = strcspn(text, "/?");
    r = authority_read(text, len, &u, e);
    if (r < 0)
        return r;
    text += len;
    len = strcspn(text, "?");
    if (!text_copy_len(u.path, sizeof u.path, text, len) ||
        (text[len] == '?' && !text_copy(u.query, sizeof u.query, text + len + 1)))
        return err_set(e, -EINVAL, "URL: path or query is longer than %d bytes", URL_PATH_MAX - 1);
    *ret = u;
    return 0;
}

void url_origin_write(const struct url *u, struct buf *out)
{
    buf_text_add(out, u->https ? "https://" : "http://");
    buf_printf(out, u->host_is_ipv6 ? "[%s]" : "%s", u->host);
    if (u->port != (u->https ? 443 : 80))
        buf_printf(out, ":%d", u->port);
}

void url_join(struct buf *out, const char *base, const char *path)
{
    size_t len = strlen(base);

    while (len > 0 && base[len - 1] == '/')
        len--;
    while (*path == '/')
        path++;
    buf_add(out, base, len);
    buf_char_add(out, '/');
    buf_text_add(out, path);
}

void url_encode(struct buf *out, const char *text)
{
    url_encode_len(out, text, strlen(text));
}

void url_encode_len(struct buf *out, const char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if (is_alnum(c) || (c != '\0' && strchr("-._~", c)))
            buf_char_add(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* One character at text; the number of bytes it took, or 0 for a bad escape or a NUL. */
static size_t decode_one(const char *text, size_t left, bool form, char *ret)
{
    int high, low;

    *ret = form && text[0] == '+' ? ' ' : text[0];
    if (text[0] != '%')
        return text[0] != '\0';
    if (left < 3)
        return 0;
    high = hex_value(text[1]);
    low = hex_value(text[2]);
    if (high < 0 || low < 0 || high + low == 0)
        return 0;
    *ret = (char)(high << 4 | low);
    return 3;
}

bool url_decode(struct buf *out, const char *text, size_t len, bool form)
{
    size_t i = 0, took;
    char c;

    while (i < len) { /* a dry run first: nothing is written of a text that is bad at its end */
        took = decode_one(text + i, len - i, form, &c);
        if (took == 0)
            return false;
        i += took;
    }
    for (i = 0; i < len; i += took) {
        took = decode_one(text + i, len - i, form, &c);
        buf_char_add(out, c);
    }
    return true;
}

static int pair_read(const char *text, size_t len, struct pair *ret, struct err *e)
{
    const char *equals = memchr(text, '=', len);
    const size_t name_len = equals ? (size_t)(equals - text) : len;
    struct buf name, value;
    int r = 0;

    buf_init(&name, PAIR_NAME_MAX - 1);
    buf_init(&value, len);
    if (!url_decode(&name, text, name_len, true) ||
        (equals && !url_decode(&value, equals + 1, len - name_len - 1, true)))
        r = err_set(e, -EINVAL, "form or query: a bad percent escape");
    else if (name.full)
        r = err_set(e, -E2BIG, "form or query: a name longer than %d bytes", PAIR_NAME_MAX - 1);
    if (r == 0) {
        (void)text_copy(ret->name, sizeof ret->name, buf_text(&name));
        ret->value = buf_steal(&value);
    }
    buf_drop(&name);
    buf_drop(&value);
    return r;
}

int pairs_read(const char *text, size_t len, struct pairs *ret, struct err *e)
{
    SCOPED(pairs_drop) struct pairs p = {0};
    const char *const end = text + len;

    while (text < end) {
        const char *and = memchr(text, '&', (size_t)(end - text));
        const char *stop = and? and : end;
        if (stop > text) {
            int r;
            if (p.n == PAIRS_MAX)
                return err_set(e, -E2BIG, "form or query: more than %d pairs", PAIRS_MAX);
            r = pair_read(text, (size_t)(stop - text), &p.at[p.n], e);
            if (r < 0)
                return r;
            p.n++;
        }
        text = and? and+1 : end;
    }
    *ret = p;
    p.n = 0; /* the values are the caller's now */
    return 0;
}

void pairs_drop(struct pairs *p)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        free(p->at[i].value);
    p->n = 0;
}

const char *pairs_find(const struct pairs *p, const char *name)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        if (text_is(p->at[i].name, name))
            return p->at[i].value;
    return NULL;
}

void pairs_write(struct buf *out, const char *name, const char *value)
{
    if (out->len > 0)
        buf_char_add(out, '&');
    url_encode(out, name);
    buf_char_add(out, '=');
    url_encode(out, value);
}
