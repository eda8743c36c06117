#include "lib/io/call_inner.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* --- what comes back ------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    size_t len = size * n;

    if (c->result.body.len + len > c->result.body.max) {
        c->torn = true;
        return 0; /* ends the transfer */
    }
    buf_add(&c->result.body, bytes, len);
    return len;
}

/* One line. A status line begins a new answer: what an interim one (1xx) said is dropped. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct call *c = arg;
    size_t len = size * n, name_len;
    char line[KIB(8)];
    const char *value;

    if (c->proxied && !c->through)
        return call_proxy_head(c, bytes, len) ? len : 0;
    if (len > 5 && !memcmp(bytes, "HTTP/", 5)) {
        buf_clear(&c->result.headers);
        c->head_whole = false;
        return len;
    }
    if (!text_copy_len(line, sizeof(line), bytes, len)) {
        c->torn = true;
        return 0;
    }
    line[strcspn(line, "\r\n")] = 0;
    if (!*line)
        c->head_whole = true;
    name_len = strcspn(line, ":");
    if (!line[name_len])
        return len;
    line[name_len] = 0;
    value = line + name_len + 1;
    value += strspn(value, " \t");
    (void)http_header_add(&c->result.headers, line, value);
    if (c->result.headers.full)
        c->torn = true;
    return c->torn ? 0 : len;
}

/* --- what goes out --------------------------------------------------------------------------- */

static void header_line_add(struct call *c, const char *line)
{
    struct curl_slist *longer = curl_slist_append(c->headers, line);

    if (!longer)
        abort();
    c->headers = longer;
}

static void headers_set(struct call *c, const struct http_call *rq)
{
    const char *at = buf_text(&rq->headers);
    char line[KIB(8)], type[128];

    while (*at) {
        size_t len = strcspn(at, "\r\n");

        if (len && text_copy_len(line, sizeof(line), at, len))
            header_line_add(c, line);
        at += len;
        at += strspn(at, "\r\n");
    }
    header_line_add(c, "Expect:"); /* no 100-continue: it costs a second with a deaf server */
    if (!http_header_get(&rq->headers, "Content-Type", type, sizeof(type)))
        header_line_add(c, "Content-Type:"); /* else curl calls every body a form */
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static void method_set(struct call *c, const struct http_call *rq)
{
    bool body = rq->body.len || text_is(rq->method, "POST") || text_is(rq->method, "PUT");

    if (text_is(rq->method, "HEAD"))
        curl_easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
    else if (!body)
        curl_easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
    if (body) {
        curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.len);
        curl_easy_setopt(c->easy, CURLOPT_COPYPOSTFIELDS, buf_text(&rq->body));
    }
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, rq->method);
}

/* Set for every call, so that no default of a library, and no environment, decides about trust. */
static void trust_set(const struct call *c)
{
    call_trust_set(c);
    curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(c->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

/* As libcurl does it; and when this process may open no more files, nobody else is to blame. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct call *c = arg;
    int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);

    (void)purpose;
    c->result.out_of_files = fd < 0 && (errno == EMFILE || errno == ENFILE);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

void call_easy_set(struct call *c, const struct http_call *rq)
{
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    curl_easy_setopt(c->easy, CURLOPT_URL, buf_text(&rq->url));
    curl_easy_setopt(c->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c->easy, CURLOPT_USERAGENT, c->caller->user_agent);
    curl_easy_setopt(c->easy, CURLOPT_INTERFACE, c->caller->from);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
    trust_set(c);
    call_proxy_set(c);
    method_set(c, rq);
    headers_set(c, rq);
}

void call_reuse_set(const struct call *c)
{
    const struct caller *k = c->caller;
    ms_t trusted_ms = ms_min(CALL_IDLE_MS, loop_now(k->loop) - k->failed_at);
    bool fresh = c->change && k->fresh_changes;

    curl_easy_setopt(c->easy, CURLOPT_MAXAGE_CONN, (long)ms_max(trusted_ms / 1000, 1));
    curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, fresh ? 1L : 0L);
    if (k->failing || trusted_ms < 1000 || call_trust_fresh(c))
        fresh = true;
    curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
}
