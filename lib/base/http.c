#include "lib/base/http.h"
#include "lib/base/text.h"

#include <stdio.h>
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
    buf_text_add(headers, name);
    buf_text_add(headers, ": ");
    buf_text_add(headers, value);
    buf_text_add(headers, "\r\n");
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
    explicit_bzero(c->proxy, sizeof c->proxy);
}

const char *http_outcome_name(enum http_outcome o)
{
    static const char *const names[HTTP_OUTCOME_COUNT] = {
        [HTTP_ANSWERED] = "answered",         [HTTP_NO_NAME] = "no-name",
        [HTTP_NO_CONNECT] = "no-connect",     [HTTP_TLS_FAILED] = "tls-failed",
        [HTTP_TIMEOUT] = "timeout",           [HTTP_BROKEN] = "broken",
        [HTTP_PROXY_FAILED] = "proxy-failed",
    };

    assert((unsigned)o < HTTP_OUTCOME_COUNT);
    return names[o];
}

/* What the proxy did, and what whoever reads it can do about it. */
static const struct {
    const char *did, *remedy;
} proxy_faults[HTTP_PROXY_FAULT_COUNT] = {
    [HTTP_PROXY_FINE] = {"is there", "nothing is to be done"},
    [HTTP_PROXY_UNREADABLE] = {"cannot be used as it is written",
                               "write it as http://[USER:PASSWORD@]HOST:PORT"},
    [HTTP_PROXY_NO_NAME] = {"has a name without an address here",
                            "check the name, or write its address"},
    [HTTP_PROXY_ABSENT] = {"cannot be reached", "check its address and the way to it"},
    [HTTP_PROXY_REFUSES] = {"refuses the connection", "check that it runs, and its port"},
    [HTTP_PROXY_SILENT] = {"takes the connection and says nothing",
                           "check that a proxy listens there, and its load"},
    [HTTP_PROXY_CLOSES] = {"closes the connection without an answer",
                           "check that it lets this address in"},
    [HTTP_PROXY_NONSENSE] = {"answers CONNECT with something that is no HTTP",
                             "check that a proxy listens there"},
    [HTTP_PROXY_CREDENTIALS] = {"wants other credentials",
                                "check user and password of the proxy's URL"},
    [HTTP_PROXY_FORBIDS] = {"forbids the tunnel", "let it allow CONNECT to this host and port"},
    [HTTP_PROXY_STATUS] = {"makes no tunnel", "its log says what it could not reach"},
    [HTTP_PROXY_CUTS] = {"opens the tunnel and closes it at once",
                         "check that it reaches this host and port"},
};

/* "host:port", as far as it can be read. */
static void proxy_place(const char *proxy, char *out, size_t size)
{
    struct url u;

    if (proxy_read(proxy, &u, NULL) < 0) {
        (void)text_copy(out, size, "of the settings");
        return;
    }
    (void)snprintf(out, size, u.host_is_ipv6 ? "[%s]:%d" : "%s:%d", u.host, u.port);
    explicit_bzero(u.userinfo, sizeof u.userinfo);
}

void http_why_write(const struct http_result *r, const char *proxy, char out[HTTP_WHY_MAX])
{
    const char *name = http_outcome_name(r->outcome);
    char place[URL_HOST_MAX + 16], status[16] = "";

    assert((unsigned)r->proxy_fault < HTTP_PROXY_FAULT_COUNT);
    proxy_place(proxy, place, sizeof place);
    if (r->proxy_status)
        (void)snprintf(status, sizeof status, " (%d)", r->proxy_status);
    if (r->outcome == HTTP_PROXY_FAILED)
        (void)snprintf(out, HTTP_WHY_MAX, "%s: the proxy %s %s%s; %s", name, place,
                       proxy_faults[r->proxy_fault].did, status,
                       proxy_faults[r->proxy_fault].remedy);
    else if (r->out_of_files)
        (void)snprintf(out, HTTP_WHY_MAX,
                       "%s: this process has as many files open as it may; raise its limit "
                       "(LimitNOFILE=, ulimit -n)",
                       name);
    else
        (void)snprintf(out, HTTP_WHY_MAX, *proxy ? "%s, through the proxy %s" : "%s", name, place);
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
    buf_init(&r->body, HTTP_ANSWER_MAX);
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

static bool is_var(const char *row, size_t len)
{
    return len > 2 && row[0] == '{' && row[len - 1] == '}';
}

/* Segment by segment, without decoding: most rows differ in their plain words. */
static bool path_matches(const char *row, const char *path)
{
    const size_t plain = strcspn(row, "{");

    if (strncmp(row, path, plain) != 0)
        return false;
    for (;;) {
        const size_t row_len = strcspn(row, "/"), len = strcspn(path, "/");

        if (is_var(row, row_len) ? len == 0 : row_len != len || memcmp(row, path, len) != 0)
            return false;
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

/* Of a path that matches its row; false when a segment cannot be decoded. */
static bool vars_read(const char *row, const char *path, struct http_vars *v)
{
    v->n = 0;
    for (;;) {
        const size_t row_len = strcspn(row, "/"), len = strcspn(path, "/");

        if (is_var(row, row_len) && !var_add(v, row, row_len, path, len))
            return false;
        if (row[row_len] == '\0')
            return true;
        row += row_len + 1;
        path += len + 1;
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

        if (!path_matches(routes[i].path, rq->path))
            continue;
        if (!text_is(routes[i].method, rq->method)) {
            if (furthest == HTTP_NO_PATH && vars_read(routes[i].path, rq->path, &vars))
                furthest = HTTP_NO_METHOD;
            continue;
        }
        if (!text_is(routes[i].op ? routes[i].op : "", op)) {
            if (furthest != HTTP_NO_OP && vars_read(routes[i].path, rq->path, &vars))
                furthest = HTTP_NO_OP;
            continue;
        }
        if (!vars_read(routes[i].path, rq->path, &vars))
            continue;
        *ret = &routes[i];
        *ret_vars = vars;
        return HTTP_MATCHED;
    }
    return furthest;
}

/* --- certificates ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool good;
} certificates[HTTP_CERT_COUNT] = {
    [HTTP_CERT_AS_IT_IS] = {"own", true},
    [HTTP_CERT_OWN] = {"own", true},
    [HTTP_CERT_RENEWED] = {"renewed", true},
    [HTTP_CERT_EXPIRED] = {"expired", false},
    [HTTP_CERT_WRONG_NAME] = {"wrong-name", false},
    [HTTP_CERT_WRONG_AUTHORITY] = {"wrong-authority", false},
    [HTTP_CERT_SELF_SIGNED] = {"self-signed", false},
    [HTTP_CERT_OLD_PROTOCOL] = {"old-protocol", false},
};

enum http_certificate http_certificate_read(const char *words)
{
    static const char first[] = "certificate ";

    for (size_t i = HTTP_CERT_OWN; i < HTTP_CERT_COUNT; i++)
        if (text_begins(words, first) && text_is(words + strlen(first), certificates[i].name))
            return (enum http_certificate)i;
    return HTTP_CERT_AS_IT_IS;
}

const char *http_certificate_name(enum http_certificate which)
{
    assert(which < HTTP_CERT_COUNT);
    return certificates[which].name;
}

bool http_certificate_is_good(enum http_certificate which)
{
    assert(which < HTTP_CERT_COUNT);
    return certificates[which].good;
}

bool http_certificate_met(enum http_certificate which, char out[HTTP_MET_MAX])
{
    assert(which < HTTP_CERT_COUNT);
    snprintf(out, HTTP_MET_MAX, "certificate-%s", certificates[which].name);
    return which >= HTTP_CERT_RENEWED;
}
