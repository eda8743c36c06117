#include "lib/base/http.h"
#include "lib/base/text.h"

#include <string.h>
#include <strings.h>

#define TOUCHED_MAX KIB(16) /* keys one request may touch */

static bool header_text_is_fine(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

bool http_header_add(struct buf *headers, const char *name, const char *value)
{
    if (name[0] == '\0' || strpbrk(name, ": ") || !header_text_is_fine(name) ||
        !header_text_is_fine(value))
        return false;
    if (strlen(name) + strlen(value) + 4 > headers->max - headers->len) {
        headers->full = true;
        return false;
    }
    buf_printf(headers, "%s: %s\r\n", name, value);
    return true;
}

bool http_header_get(const struct buf *headers, const char *name, char *out, size_t size)
{
    const size_t name_len = strlen(name);
    const char *line = buf_text(headers);

    while (*line) {
        const size_t len = strcspn(line, "\r\n");
        if (len > name_len && line[name_len] == ':' && strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1, *end = line + len;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
            return text_copy_len(out, size, value, (size_t)(end - value));
        }
        line += len;
        line += strspn(line, "\r\n");
    }
    return false;
}

void http_call_init(struct http_call *c, const char *method)
{
    *c = (struct http_call){0};
    if (!text_copy(c->method, sizeof c->method, method))
        WRONG("a method longer than HTTP_METHOD_MAX");
    buf_init(&c->url, URL_MAX);
    buf_init(&c->headers, HTTP_HEADERS_MAX);
    buf_init(&c->body, HTTP_BODY_MAX);
}

void http_call_drop(struct http_call *c)
{
    buf_drop(&c->url);
    buf_drop(&c->headers);
    buf_drop(&c->body);
}

const char *http_outcome_name(enum http_outcome o)
{
    static const char *const names[HTTP_OUTCOME_COUNT] = {
        [HTTP_ANSWERED] = "answered",     [HTTP_NO_NAME] = "no-name",
        [HTTP_NO_CONNECT] = "no-connect", [HTTP_TLS_FAILED] = "tls-failed",
        [HTTP_TIMEOUT] = "timeout",       [HTTP_BROKEN] = "broken",
    };

    assert((unsigned)o < HTTP_OUTCOME_COUNT);
    return names[o];
}

void http_result_init(struct http_result *r)
{
    *r = (struct http_result){.outcome = HTTP_BROKEN};
    buf_init(&r->headers, HTTP_HEADERS_MAX);
    buf_init(&r->body, HTTP_BODY_MAX);
}

void http_result_drop(struct http_result *r)
{
    buf_drop(&r->headers);
    buf_drop(&r->body);
}

void http_request_init(struct http_request *r)
{
    *r = (struct http_request){0};
    buf_init(&r->headers, HTTP_HEADERS_MAX);
    buf_init(&r->body, HTTP_BODY_MAX);
}

void http_request_drop(struct http_request *r)
{
    buf_drop(&r->headers);
    buf_drop(&r->body);
}

void http_reply_init(struct http_reply *r)
{
    *r = (struct http_reply){0};
    buf_init(&r->headers, HTTP_HEADERS_MAX);
    buf_init(&r->body, HTTP_BODY_MAX);
    buf_init(&r->touched, TOUCHED_MAX);
    ev_list_init(&r->events);
}

void http_reply_drop(struct http_reply *r)
{
    buf_drop(&r->headers);
    buf_drop(&r->body);
    buf_drop(&r->touched);
    ev_list_drop(&r->events);
}

void http_reply_touch(struct http_reply *r, const char *key)
{
    assert(key[0] != '\0' && strlen(key) < HTTP_KEY_MAX && !strchr(key, '\n'));
    buf_text_add(&r->touched, key);
    buf_char_add(&r->touched, '\n');
}

void http_reply_text(struct http_reply *r, int status, const char *type, const char *body)
{
    r->status = status;
    if (!http_header_add(&r->headers, "Content-Type", type))
        WRONG("a content type that is no header value");
    buf_clear(&r->body);
    buf_text_add(&r->body, body);
}

const char *http_var(const struct http_vars *v, const char *name)
{
    size_t i;

    for (i = 0; i < v->n; i++)
        if (text_is(v->at[i].name, name))
            return v->at[i].value;
    return "";
}

/* "{uid}" of a row and one segment of a path → one variable. */
static bool var_add(struct http_vars *v, const char *row, size_t row_len, const char *segment,
                    size_t len)
{
    struct buf value;
    bool fine;

    if (len == 0 || v->n == HTTP_VARS_MAX)
        return false;
    buf_init(&value, HTTP_VAR_MAX - 1);
    fine = url_decode(&value, segment, len, false) && !value.full;
    if (fine && !text_copy_len(v->at[v->n].name, sizeof v->at[0].name, row + 1, row_len - 2))
        WRONG("a route's variable has too long a name");
    if (fine)
        (void)text_copy(v->at[v->n++].value, sizeof v->at[0].value, buf_text(&value));
    buf_drop(&value);
    return fine;
}

static bool path_matches(const char *row, const char *path, struct http_vars *v)
{
    /* Most rows differ before their first variable: those cost no decoding. */
    const size_t plain = strcspn(row, "{");

    v->n = 0;
    if (strncmp(row, path, plain) != 0)
        return false;
    for (;;) {
        const size_t row_len = strcspn(row, "/"), len = strcspn(path, "/");

        if (row_len > 2 && row[0] == '{' && row[row_len - 1] == '}') {
            if (!var_add(v, row, row_len, path, len))
                return false;
        } else if (row_len != len || memcmp(row, path, len) != 0) {
            return false;
        }
        row += row_len;
        path += len;
        if (*row != *path)
            return false;
        if (*row == '\0')
            return true;
        row++;
        path++;
    }
}

/* Decoded value of op= in a query; "" when absent or not decodable. */
static void query_op(const char *query, char *out, size_t size)
{
    struct buf op;

    out[0] = '\0';
    buf_init(&op, size - 1);
    while (*query) {
        const size_t len = strcspn(query, "&");
        if (text_begins(query, "op=") && url_decode(&op, query + 3, len - 3, true)) {
            (void)text_copy(out, size, op.full ? "" : buf_text(&op));
            break;
        }
        query += len + (query[len] == '&');
    }
    buf_drop(&op);
}

/* Rows are asked in order. The answer of the row that came furthest counts. */
enum http_match http_route_find(const struct http_route *routes, size_t n,
                                const struct http_request *rq, const struct http_route **ret,
                                struct http_vars *ret_vars)
{
    enum http_match furthest = HTTP_NO_PATH;
    char op[64];
    size_t i;

    query_op(rq->query, op, sizeof op);
    for (i = 0; i < n; i++) {
        struct http_vars vars;

        if (!path_matches(routes[i].path, rq->path, &vars))
            continue;
        if (!text_is(routes[i].method, rq->method)) {
            furthest = furthest == HTTP_NO_PATH ? HTTP_NO_METHOD : furthest;
            continue;
        }
        if (!text_is(routes[i].op ? routes[i].op : "", op)) {
            furthest = HTTP_NO_OP;
            continue;
        }
        *ret = &routes[i];
        *ret_vars = vars;
        return HTTP_MATCHED;
    }
    return furthest;
}
