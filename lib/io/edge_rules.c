/* What RFC 9112 leaves to us once a head is whole: methods, targets, hosts, lengths, expectations.
 */
#include "lib/io/edge_http.h"

#include "lib/base/text.h"
#include "lib/io/httpd.h"

#include <string.h>
#include <strings.h>

int edge_refuse(struct edge_framer *f, int status, const char *why)
{
    if (f->status == 0) {
        f->status = status;
        f->why = why;
    }
    return -1;
}

static const struct method_row {
    enum http_method method;
    const char *inside;
    bool head_only;
} method_rows[] = {
    {HTTP_GET, "GET", false},         {HTTP_HEAD, "GET", true},     {HTTP_POST, "POST", false},
    {HTTP_PUT, "PUT", false},         {HTTP_PATCH, "PATCH", false}, {HTTP_DELETE, "DELETE", false},
    {HTTP_OPTIONS, "OPTIONS", false},
};

static int method_check(struct edge_framer *f)
{
    enum http_method method = (enum http_method)f->parser.method;

    if (method == HTTP_CONNECT)
        return edge_refuse(f, 400, "this is no proxy");
    for (size_t i = 0; i < COUNTOF(method_rows); i++) {
        if (method_rows[i].method != method)
            continue;
        text_copy(f->rq.method, sizeof(f->rq.method), method_rows[i].inside);
        f->rq.head_only = method_rows[i].head_only;
        return 0;
    }
    return edge_refuse(f, 501, "no such method here");
}

/* "http://name:1/path?q" → "/path?q", and "name:1" is the host that counts (RFC 9112 3.2.2). */
static int absolute_rewrite(struct edge_framer *f)
{
    struct buf *t = &f->rq.target;
    const char *text = buf_text(t);
    size_t skip = 0, host_len;

    if (strncasecmp(text, "http://", 7) == 0)
        skip = 7;
    else if (strncasecmp(text, "https://", 8) == 0)
        skip = 8;
    host_len = skip ? strcspn(text + skip, "/?") : 0;
    if (host_len == 0 || memchr(text + skip, '@', host_len))
        return edge_refuse(f, 400, "the target is neither a path nor a URL");
    buf_clear(&f->host);
    buf_add(&f->host, text + skip, host_len);
    f->n_host = 1;
    buf_cut(t, skip + host_len);
    if (buf_text(t)[0] != '/') { /* "http://name" and "http://name?q" */
        SCOPED(buf_drop) struct buf rest = *t;
        buf_init(t, EDGE_TARGET_MAX);
        buf_printf(t, "/%s", buf_text(&rest));
    }
    return 0;
}

static int target_check(struct edge_framer *f)
{
    struct buf *t = &f->rq.target;
    const char *text = buf_text(t);
    size_t path_len;

    if (text_is(text, "*"))
        return f->parser.method == HTTP_OPTIONS ? 0
                                                : edge_refuse(f, 400, "only OPTIONS may ask for *");
    if (text[0] != '/' && absolute_rewrite(f) < 0)
        return -1;
    text = buf_text(t);
    for (size_t i = 0; i < t->len; i++)
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f || text[i] == '#')
            return edge_refuse(f, 400, "the target holds a character that must be coded");
    path_len = strcspn(text, "?");
    if (path_len >= URL_PATH_MAX || t->len - path_len > URL_PATH_MAX)
        return edge_refuse(f, 414, "the target is too long");
    if (memmem(text, path_len, "%00", 3))
        return edge_refuse(f, 400, "the path holds a NUL");
    return 0;
}

static int length_check(struct edge_framer *f)
{
    const http_parser *p = &f->parser;

    if (f->n_length > 1 || (f->n_length && f->n_coding))
        return edge_refuse(f, 400, "the length of the body is told twice");
    if (f->n_coding > 1 || (f->n_coding && f->rq.http10))
        return edge_refuse(f, 400, "this coding of the body can not be");
    if (f->n_coding && !f->chunked)
        return edge_refuse(f, 501, "no such coding of the body here");
    if (f->n_length && p->content_length != UINT64_MAX && p->content_length > f->body_max)
        return edge_refuse(f, 413, "the body is too long");
    return 0;
}

int edge_head_check(struct edge_framer *f)
{
    if (f->n_headers > HTTPD_CLIENT_HEADERS_MAX)
        return edge_refuse(f, 431, "too many headers");
    if (method_check(f) < 0 || target_check(f) < 0)
        return -1;
    if (f->n_host > 1 || (f->n_host == 0 && !f->rq.http10) || f->host.full)
        return edge_refuse(f, 400, "want one Host header");
    if (length_check(f) < 0)
        return -1;
    if (f->expect_other)
        return edge_refuse(f, 417, "only 100-continue can be expected here");
    if (f->n_host && !http_header_add(&f->rq.headers, "Host", buf_text(&f->host)))
        return edge_refuse(f, 431, "the headers are too long");
    return 0;
}
