#include "lib/io/edge_http.h"

#include "lib/base/text.h"

#include <string.h>
#include <strings.h>

/* --- one header line ------------------------------------------------------------------------ */

typedef void header_fn(struct edge_framer *f, const char *value);

static void on_host(struct edge_framer *f, const char *value)
{
    f->n_host++;
    buf_clear(&f->host);
    buf_text_add(&f->host, value);
}

static void on_length(struct edge_framer *f, const char *value)
{
    (void)value;
    f->n_length++;
}

static void on_coding(struct edge_framer *f, const char *value)
{
    f->n_coding++;
    f->chunked = text_is_nocase(value, "chunked");
}

static void on_expect(struct edge_framer *f, const char *value)
{
    if (text_is_nocase(value, "100-continue"))
        f->expect_100 = true;
    else
        f->expect_other = true;
}

/* Headers that are ours to deal with. None of them goes inside; Host is put there again at the
 * end, when it is known which one counts. */
static const struct header_row {
    const char *name;
    header_fn *fn;
} header_rows[] = {
    {"Host", on_host},
    {"Content-Length", on_length},
    {"Transfer-Encoding", on_coding},
    {"Expect", on_expect},
    {"Connection", NULL},
    {"Keep-Alive", NULL},
    {"Proxy-Connection", NULL},
    {"Upgrade", NULL},
    {"HTTP2-Settings", NULL},
    {"TE", NULL},
    {"Trailer", NULL},
};

static void line_cut(struct edge_framer *f)
{
    struct buf *h = &f->rq.headers;

    if (!h->data)
        return;
    h->len = f->line_at;
    h->data[h->len] = '\0';
}

/* http-parser lets blanks in names pass, and civetweb takes such a line for none. */
static bool line_is_fine(const char *name, size_t name_len, const char *value, const char *end)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"; /* RFC 9110 5.6.2 */

    if (strspn(name, token) != name_len)
        return false;
    for (; value < end; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7f)
            return false;
    return true;
}

/* The line at line_at is "Name: value" and ends the buffer. */
static void line_end(struct edge_framer *f)
{
    struct buf *h = &f->rq.headers;
    char name[EDGE_NAME_MAX];
    char *value;

    if (f->name_len == 0 || h->full)
        return;
    if (!text_copy_len(name, sizeof(name), h->data + f->line_at, f->name_len)) {
        (void)edge_refuse(f, 431, "a header's name is too long");
        return;
    }
    while (h->data[h->len - 1] == ' ' || h->data[h->len - 1] == '\t')
        h->data[--h->len] = '\0';
    value = h->data + f->line_at + f->name_len + 1;
    value += strspn(value, " \t");
    for (char *tab = value; (tab = strchr(tab, '\t')) != NULL;)
        *tab = ' '; /* RFC 9110 5.5; http_header_add() knows no control characters */
    if (!line_is_fine(name, f->name_len, value, h->data + h->len)) {
        (void)edge_refuse(f, 400, "a header is malformed");
        return;
    }
    f->n_headers++;
    f->name_len = 0;
    for (size_t i = 0; i < COUNTOF(header_rows); i++) {
        if (!text_is_nocase(name, header_rows[i].name))
            continue;
        if (header_rows[i].fn)
            header_rows[i].fn(f, value);
        line_cut(f);
        return;
    }
    if (strncasecmp(name, EDGE_INNER_PREFIX, sizeof(EDGE_INNER_PREFIX) - 1) == 0)
        line_cut(f);
    else
        buf_text_add(h, "\r\n");
    f->line_at = h->len;
}

/* --- what http-parser tells ----------------------------------------------------------------- */

static struct edge_framer *of(http_parser *p)
{
    return p->data;
}

static int on_url(http_parser *p, const char *at, size_t len)
{
    buf_add(&of(p)->rq.target, at, len);
    return of(p)->rq.target.full ? edge_refuse(of(p), 414, "the target is too long") : 0;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
    struct edge_framer *f = of(p);

    if (f->headers_done) /* trailers are read over */
        return 0;
    if (f->name_len > 0)
        line_end(f);
    buf_add(&f->rq.headers, at, len);
    if (f->rq.headers.full)
        return edge_refuse(f, 431, "the headers are too long");
    return f->status ? -1 : 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
    struct edge_framer *f = of(p);

    if (f->headers_done)
        return 0;
    if (f->name_len == 0) {
        f->name_len = f->rq.headers.len - f->line_at;
        buf_text_add(&f->rq.headers, ": ");
    }
    buf_add(&f->rq.headers, at, len);
    if (f->rq.headers.full)
        return edge_refuse(f, 431, "the headers are too long");
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
    struct edge_framer *f = of(p);

    buf_add(&f->rq.body, at, len);
    return f->rq.body.full ? edge_refuse(f, 413, "the body is too long") : 0;
}

/* --- the whole head ------------------------------------------------------------------------- */

static int on_headers(http_parser *p)
{
    struct edge_framer *f = of(p);

    if (p->http_major != 1)
        return edge_refuse(f, 505, "HTTP/1.1 is spoken here");
    line_end(f);
    if (f->status)
        return -1;
    f->headers_done = true;
    f->rq.http10 = p->http_minor == 0;
    if (edge_head_check(f) < 0)
        return -1;
    f->wants_100 =
        f->expect_100 && !f->rq.http10 && (f->chunked || (f->n_length && p->content_length > 0));
    p->upgrade = 0; /* an upgrade is an offer; we go on in HTTP/1.1 */
    return 0;
}

static int on_whole(http_parser *p)
{
    of(p)->rq.keep_alive = http_should_keep_alive(p);
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

/* --- in and out ----------------------------------------------------------------------------- */

static void request_init(struct edge_framer *f)
{
    f->rq = (struct edge_request){0};
    buf_init(&f->rq.target, EDGE_TARGET_MAX);
    buf_init(&f->rq.headers, f->headers_max);
    buf_init(&f->rq.body, f->body_max);
    buf_init(&f->host, URL_HOST_MAX + sizeof(":65535"));
}

void edge_framer_init(struct edge_framer *f, size_t headers_max, size_t body_max)
{
    *f = (struct edge_framer){.headers_max = headers_max, .body_max = body_max};
    http_parser_init(&f->parser, HTTP_REQUEST);
    f->parser.data = f;
    request_init(f);
}

void edge_framer_drop(struct edge_framer *f)
{
    buf_drop(&f->rq.target);
    buf_drop(&f->rq.headers);
    buf_drop(&f->rq.body);
    buf_drop(&f->host);
}

void edge_framer_next(struct edge_framer *f)
{
    size_t headers_max = f->headers_max, body_max = f->body_max;

    edge_framer_drop(f);
    edge_framer_init(f, headers_max, body_max);
}

static enum edge_fed parser_refused(struct edge_framer *f)
{
    switch ((int)HTTP_PARSER_ERRNO(&f->parser)) {
    case HPE_HEADER_OVERFLOW:
        (void)edge_refuse(f, 431, "the headers are too long");
        break;
    case HPE_INVALID_METHOD:
        if (f->first >= 'A' && f->first <= 'Z')
            (void)edge_refuse(f, 501, "no such method here");
        break;
    case HPE_INVALID_VERSION:
        (void)edge_refuse(f, 505, "HTTP/1.1 is spoken here");
        break;
    }
    (void)edge_refuse(f, 400, "this is no HTTP/1.1 request");
    return EDGE_REFUSE;
}

/* http-parser as Debian builds it takes any byte after a carriage return for a line feed. Two
 * readers that see different lines in one head are how requests are smuggled. Returns how many
 * bytes are above suspicion. */
static size_t head_scan(struct edge_framer *f, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !f->scanned; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (f->after_cr && byte != '\n')
            return i;
        f->after_cr = byte == '\r';
        if (byte == '\n') {
            f->scanned = f->first_seen && f->line_empty;
            f->line_empty = true;
        } else if (byte != '\r') {
            f->first = f->first_seen ? f->first : byte;
            f->first_seen = true;
            f->line_empty = false;
        }
    }
    return len;
}

enum edge_fed edge_framer_feed(struct edge_framer *f, const char *bytes, size_t len,
                               size_t *ret_used)
{
    size_t fine;

    assert(f->parser.data == f && f->status == 0);
    fine = head_scan(f, bytes, len);
    *ret_used = fine ? http_parser_execute(&f->parser, &settings, bytes, fine) : 0;
    if (HTTP_PARSER_ERRNO(&f->parser) == HPE_PAUSED)
        return EDGE_REQUEST;
    if (HTTP_PARSER_ERRNO(&f->parser) != HPE_OK)
        return parser_refused(f);
    if (fine == len)
        return EDGE_MORE;
    (void)edge_refuse(f, 400, "a carriage return without a line feed");
    return EDGE_REFUSE;
}
