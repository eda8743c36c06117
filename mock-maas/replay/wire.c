#include "mock-maas/replay/wire.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 60L

struct wire {
    CURL *curl;
    const char *control;
    struct replay_server server;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    buf_add(arg, bytes, size * n);
    return size * n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_result *ret = arg;
    char line[KIB(8)], *value;

    if (!text_copy_len(line, sizeof(line), bytes, size * n))
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    value = strchr(line, ':');
    if (value) {
        *value++ = '\0';
        http_header_add(&ret->headers, line, value + strspn(value, " "));
    }
    return size * n;
}

/* One "Name: value" a line, and no header that the request did not have. */
static struct curl_slist *headers_of(const struct http_call *rq)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    const char *text = buf_text(&rq->headers);
    char line[KIB(16)], type[16];

    while (text_next(&text, '\n', line, sizeof(line))) {
        line[strcspn(line, "\r")] = '\0';
        list = curl_slist_append(list, line);
    }
    if (!http_header_get(&rq->headers, "Content-Type", type, sizeof(type)) &&
        !strstr(buf_text(&rq->headers), "Content-Type"))
        list = curl_slist_append(list, "Content-Type:");
    return list;
}

static bool send_call(struct wire *w, const struct http_call *rq, struct http_result *ret)
{
    struct curl_slist *headers = headers_of(rq);
    const bool body = rq->body.len > 0 || text_is(rq->method, "POST") || text_is(rq->method, "PUT");
    long status = 0;
    CURLcode code;

    curl_easy_reset(w->curl);
    curl_easy_setopt(w->curl, CURLOPT_URL, buf_text(&rq->url));
    curl_easy_setopt(w->curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(w->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(w->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(w->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(w->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &ret->body);
    curl_easy_setopt(w->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(w->curl, CURLOPT_HEADERDATA, ret);
    if (body) {
        curl_easy_setopt(w->curl, CURLOPT_POSTFIELDSIZE, (long)rq->body.len);
        curl_easy_setopt(w->curl, CURLOPT_COPYPOSTFIELDS, buf_text(&rq->body));
    }
    curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, rq->method);
    code = curl_easy_perform(w->curl);
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    ret->status = (int)status;
    return code == CURLE_OK;
}

static bool ask(void *arg, const struct http_call *rq, struct http_result *ret)
{
    return send_call(arg, rq, ret);
}

/* The answer is the mock's time of day. */
static bool tell(struct wire *w, const char *method, const char *path, const char *body,
                 int64_t *ret_now)
{
    struct http_call rq SCOPED(http_call_drop) = {0};
    struct http_result seen SCOPED(http_result_drop) = {0};
    char *end;

    http_call_init(&rq, method);
    http_result_init(&seen);
    buf_printf(&rq.url, "%s%s", w->control, path);
    buf_text_add(&rq.body, body);
    if (!send_call(w, &rq, &seen) || seen.status != 200) {
        fprintf(stderr, "control: %d %s\n", seen.status, buf_text(&seen.body));
        return false;
    }
    *ret_now = strtoll(buf_text(&seen.body), &end, 10);
    return end != buf_text(&seen.body);
}

static bool control(void *arg, const char *words, int64_t *ret_now)
{
    struct wire *w = arg;

    *ret_now = clk_realtime_s();
    return !*w->control || tell(w, "POST", "/control", words, ret_now);
}

static bool world(void *arg, const char *text, int64_t *ret_now)
{
    struct wire *w = arg;

    *ret_now = clk_realtime_s();
    return !*w->control || tell(w, "PUT", "/world", text, ret_now);
}

struct wire *wire_new(const char *control_url)
{
    struct wire *w = calloc(1, sizeof(*w));

    if (!w || !(w->curl = curl_easy_init()))
        WRONG("out of memory");
    w->control = control_url;
    w->server = (struct replay_server){.arg = w, .ask = ask, .control = control, .world = world};
    return w;
}

void wire_free(struct wire *w)
{
    curl_easy_cleanup(w->curl);
    free(w);
}

const struct replay_server *wire_server(const struct wire *w)
{
    return &w->server;
}
