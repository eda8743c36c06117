/* Bytes → a sequence of requests to one MAAS. Requests are parted by '\x1e'; each is
 *     METHOD TARGET '\n' AUTHORIZATION '\n' CONTENT-TYPE '\n' BODY
 * Ten minutes pass from one to the next, so that machines live. Whatever is sent, there is one
 * answer with a status, and its last event is the call. A key is shown by one answer only: the
 * refusal of a wrong signature, as MAAS does it; unless somebody wrote it down himself, outside the
 * header that is for it. */
#include "lib/base/text.h"
#include "mock-maas/maas.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 32
#define REQUEST_MAX  KIB(16)
#define SECRET       "fuzzsecret0000000000000000000000"

static void check(const struct http_reply *rp, bool told)
{
    const char *shown = strstr(buf_text(&rp->body), SECRET);
    const struct event *e = NULL;

    assert(rp->status >= 200 && rp->status <= 599 && rp->park_key[0] == '\0');
    for (size_t i = 0; i < rp->events.n; i++) {
        e = ev_list_at(&rp->events, i);
        assert(ev_missing(e) == NULL);
        assert((e->kind == EV_MAAS_CALL) == (i + 1 == rp->events.n));
    }
    assert(e);
    assert(ev_int(e, EVF_STATUS) == rp->status);
    assert(!shown || told || rp->status == 401 ||
           strstr(buf_text(&rp->body), "Unknown API endpoint"));
}

static bool tells(const struct http_request *rq)
{
    return strstr(buf_text(&rq->body), SECRET) || strstr(rq->path, SECRET) ||
           strstr(rq->query, SECRET);
}

static void handle(struct maas *m, uint64_t conn, const struct http_request *rq, bool *told)
{
    const struct http_ctx ctx = {.now = MINUTES(10 * conn),
                                 .conn = conn,
                                 .peer = "10.10.0.101",
                                 .scheme = "http",
                                 .authority = "10.10.0.3:5240"};
    struct http_reply rp;

    http_reply_init(&rp);
    *told = *told || tells(rq);
    maas_handle(m, &ctx, rq, &rp);
    check(&rp, *told);
    http_reply_drop(&rp);
}

/* The next line; *text moves behind it. */
static void line(const char **text, char *out, size_t size)
{
    const size_t len = strcspn(*text, "\n");

    text_copy_len(out, size, *text, len);
    *text += len + ((*text)[len] == '\n');
}

static void request(struct maas *m, uint64_t conn, const char *text, bool *told)
{
    char head[2048], authorization[4096], type[256];
    struct http_request rq;
    size_t method, path;

    line(&text, head, sizeof(head));
    line(&text, authorization, sizeof(authorization));
    line(&text, type, sizeof(type));
    method = strcspn(head, " ");
    if (!head[method])
        return;
    http_request_init(&rq);
    path = strcspn(head + method + 1, "?");
    if (text_copy_len(rq.method, sizeof(rq.method), head, method) &&
        text_copy_len(rq.path, sizeof(rq.path), head + method + 1, path) &&
        (!head[method + 1 + path] ||
         text_copy(rq.query, sizeof(rq.query), head + method + 1 + path + 1))) {
        if (authorization[0])
            http_header_add(&rq.headers, "Authorization", authorization);
        if (type[0])
            http_header_add(&rq.headers, "Content-Type", type);
        buf_text_add(&rq.body, text);
        handle(m, conn, &rq, told);
    }
    http_request_drop(&rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct maas_config c = {
        .seed = 1,
        .epoch_s = 1782864000,
        .factor = 10000, /* its clock stands still: timestamps of the corpus stay good */
        .n_machines = 6,
        .n_users = 1,
        .users = {{.name = "admin", .key = "fuzzconsumer:fuzztoken:" SECRET, .superuser = true}}};
    struct maas *m = maas_new(&c);
    const char *at = (const char *)data, *end = at + size;
    bool told = false;

    for (uint64_t n = 1; n <= REQUESTS_MAX && at < end; n++) {
        const char *stop = memchr(at, '\x1e', (size_t)(end - at));
        const size_t len = (size_t)((stop ? stop : end) - at);
        struct buf text SCOPED(buf_drop) = {0};

        buf_init(&text, REQUEST_MAX);
        buf_add(&text, at, len);
        request(m, n, buf_text(&text), &told);
        at += len + 1;
    }
    maas_free(m);
    return 0;
}
