/* How an answer looks on the wire: ours in its head are the status line, the length and what
 * becomes of the connection; the rest is the application's. */
#include "lib/io/edge.h"

static const struct reason_row {
    int status;
    const char *text;
} reason_rows[] = {
#define REASON_ROW(num, name, string) {num, #string},
    HTTP_STATUS_MAP(REASON_ROW)
#undef REASON_ROW
};

const char *edge_reason(int status)
{
    for (size_t i = 0; i < COUNTOF(reason_rows); i++)
        if (reason_rows[i].status == status)
            return reason_rows[i].text;
    return "Status";
}

bool edge_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static const char *connection_line(const struct edge_conn *c)
{
    if (c->close)
        return "Connection: close\r\n";
    return c->framer.rq.http10 ? "Connection: keep-alive\r\n" : "";
}

void edge_answer_put(struct edge_conn *c, int status, const struct buf *head,
                     const struct buf *body)
{
    bool has_body = edge_status_has_body(status);
    size_t head_len;

    buf_printf(&c->out, "HTTP/1.1 %d %s\r\n", status, edge_reason(status));
    buf_add(&c->out, buf_text(head), head->len);
    if (has_body)
        buf_printf(&c->out, "Content-Length: %zu\r\n", edge_wire_length(c, body->len));
    buf_text_add(&c->out, connection_line(c));
    buf_text_add(&c->out, "\r\n");
    head_len = c->out.len;
    if (has_body && !c->framer.rq.head_only)
        buf_add(&c->out, buf_text(body), body->len);
    assert(!c->out.full);
    edge_framer_next(&c->framer);
    c->state = EDGE_WRITING;
    if (edge_wire_apply(c, head_len))
        edge_conn_flush(c);
    c->wire.on = c->state == EDGE_WRITING && c->wire.on;
}

void edge_error_put(struct edge_conn *c, int status, const char *why, bool close)
{
    SCOPED(buf_drop) struct buf head = {0};
    SCOPED(buf_drop) struct buf body = {0};

    buf_init(&head, HTTP_HEADERS_MAX);
    buf_init(&body, ERR_TEXT_MAX);
    buf_text_add(&head, "Content-Type: text/plain\r\n");
    buf_printf(&body, "%s\n", why);
    c->close = c->close || close;
    edge_answer_put(c, status, &head, &body);
}

void edge_options_put(struct edge_conn *c)
{
    SCOPED(buf_drop) struct buf head = {0};
    SCOPED(buf_drop) struct buf body = {0};

    buf_init(&head, HTTP_HEADERS_MAX);
    buf_init(&body, 0);
    buf_text_add(&head, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n");
    edge_answer_put(c, 200, &head, &body);
}
