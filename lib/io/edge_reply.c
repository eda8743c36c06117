/* Reading civetweb's replies: http-parser again, into head and body of the pool connection. */
#include "lib/io/edge.h"

#include <strings.h>

static void line_end(struct edge_up *u)
{
    static const char length[] = "Content-Length:", connection[] = "Connection:";
    const char *line = buf_text(&u->head) + u->line_at;

    if (u->head.len == u->line_at)
        return;
    if (strncasecmp(line, length, sizeof(length) - 1) == 0 ||
        strncasecmp(line, connection, sizeof(connection) - 1) == 0) {
        u->head.len = u->line_at;
        u->head.data[u->head.len] = '\0';
    } else {
        buf_text_add(&u->head, "\r\n");
    }
    u->line_at = u->head.len;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
    struct edge_up *u = p->data;

    if (!u->in_name)
        line_end(u);
    u->in_name = true;
    buf_add(&u->head, at, len);
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
    struct edge_up *u = p->data;

    if (u->in_name)
        buf_text_add(&u->head, ": ");
    u->in_name = false;
    buf_add(&u->head, at, len);
    return 0;
}

static int on_headers(http_parser *p)
{
    line_end(p->data);
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
    struct edge_up *u = p->data;

    buf_add(&u->body, at, len);
    return 0;
}

static int on_whole(http_parser *p)
{
    struct edge_up *u = p->data;

    u->whole = true;
    http_parser_pause(p, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

void edge_reply_begin(struct edge_up *u)
{
    u->whole = u->in_name = false;
    u->line_at = 0;
    buf_clear(&u->head);
    buf_clear(&u->body);
    http_parser_init(&u->parser, HTTP_RESPONSE);
    u->parser.data = u;
}

/* Bytes that belong to no request, or a parser that is lost, cost the connection. */
bool edge_reply_feed(struct edge_up *u, const char *bytes, size_t len)
{
    size_t used;

    if (!u->busy || u->whole)
        return false;
    used = http_parser_execute(&u->parser, &settings, bytes, len);
    if (HTTP_PARSER_ERRNO(&u->parser) == HPE_PAUSED)
        return used == len && http_should_keep_alive(&u->parser);
    return HTTP_PARSER_ERRNO(&u->parser) == HPE_OK;
}
