#include "lib/io/call_inner.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_AGENT_DEFAULT "gateproof"

/* --- ends ------------------------------------------------------------------------------------ */

static void call_free(struct call *c)
{
    struct call **at = &c->caller->calls;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (c->caller->last == &c->next)
        c->caller->last = at;
    dns_cancel(&c->ask);
    loop_timer_free(&c->timer);
    if (c->added)
        curl_multi_remove_handle(c->caller->multi, c->easy);
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    curl_slist_free_all(c->resolve);
    http_result_drop(&c->result);
    explicit_bzero(&c->proxy, sizeof(c->proxy));
    c->magic = 0;
    free(c);
}

static void remember(struct call *c)
{
    struct caller *k = c->caller;

    k->failing = c->result.outcome != HTTP_ANSWERED;
    if (!k->failing)
        return;
    k->failed_at = loop_now(k->loop);
    k->turn++;
    dns_forget(k->dns, c->dialled->host);
}

static void call_end(struct call *c, enum http_outcome outcome, int status)
{
    c->result.outcome = outcome;
    c->result.status = status;
    if (outcome != HTTP_ANSWERED) {
        buf_clear(&c->result.headers);
        buf_clear(&c->result.body);
    }
    remember(c);
    c->ending = true;
    c->done(c->arg, &c->result);
    call_free(c);
}

static void call_end_by_proxy(struct call *c, enum http_proxy_fault fault)
{
    c->result.proxy_fault = fault;
    call_end(c, HTTP_PROXY_FAILED, 0);
}

/* What curl says → what the call was. A code that is not here is a broken answer. */
static const struct {
    CURLcode code;
    enum http_outcome outcome;
} outcomes[] = {
    {CURLE_OK, HTTP_ANSWERED},
    {CURLE_COULDNT_RESOLVE_HOST, HTTP_NO_NAME},
    {CURLE_COULDNT_CONNECT, HTTP_NO_CONNECT},
    {CURLE_INTERFACE_FAILED, HTTP_NO_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, HTTP_TIMEOUT},
    {CURLE_SSL_CONNECT_ERROR, HTTP_TLS_FAILED},
    {CURLE_PEER_FAILED_VERIFICATION, HTTP_TLS_FAILED},
    {CURLE_SSL_CACERT_BADFILE, HTTP_TLS_FAILED},
    {CURLE_SSL_CERTPROBLEM, HTTP_TLS_FAILED},
    {CURLE_SSL_CIPHER, HTTP_TLS_FAILED},
    {CURLE_SSL_ISSUER_ERROR, HTTP_TLS_FAILED},
    {CURLE_SSL_INVALIDCERTSTATUS, HTTP_TLS_FAILED},
    {CURLE_SSL_ENGINE_INITFAILED, HTTP_TLS_FAILED},
    {CURLE_USE_SSL_FAILED, HTTP_TLS_FAILED},
};

/* A connection has an end on this side once it is there, also when it was used before, and also
 * while TLS or an answer does not come. (Times will not do: curl's are of the whole.) */
static bool was_connected(const struct call *c)
{
    long port = 0;

    curl_easy_getinfo(c->easy, CURLINFO_LOCAL_PORT, &port);
    return port > 0;
}

static enum http_outcome outcome_of(struct call *c, CURLcode code)
{
    enum http_outcome outcome = HTTP_BROKEN;

    if (c->result.out_of_files)
        return HTTP_NO_CONNECT;
    c->result.proxy_fault = call_proxy_fault(c, code, &c->result.proxy_status);
    if (c->result.proxy_fault != HTTP_PROXY_FINE)
        return HTTP_PROXY_FAILED;
    c->result.proxy_status = 0;
    for (size_t i = 0; i < COUNTOF(outcomes); i++)
        if (outcomes[i].code == code)
            outcome = outcomes[i].outcome;
    /* Packets that are dropped without a word: the server was never there, and heard nothing. */
    if (outcome == HTTP_TIMEOUT && !was_connected(c))
        return HTTP_NO_CONNECT;
    /* For curl an end amid the headers is the end of an answer without a body. */
    if (outcome == HTTP_ANSWERED && (c->torn || !c->head_whole))
        return HTTP_BROKEN;
    return outcome;
}

void call_reap(struct caller *k)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(k->multi, &left))) {
        struct call *c = NULL;
        CURLcode code = m->data.result;
        long status = 0;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        assert(c && c->magic == CALL_MAGIC);
        curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        enum http_outcome outcome = outcome_of(c, code);
        if (outcome == HTTP_ANSWERED && status < 200)
            outcome = HTTP_BROKEN;
        call_end(c, outcome, outcome == HTTP_ANSWERED ? (int)status : 0);
    }
}

/* --- start ----------------------------------------------------------------------------------- */

static void dial(struct call *c)
{
    ms_t left_ms = c->deadline - loop_now(c->caller->loop);

    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)ms_max(left_ms, 1));
    curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ms_max(left_ms, 1));
    curl_easy_setopt(c->easy, CURLOPT_RESOLVE, c->resolve);
    call_reuse_set(c);
    if (curl_multi_add_handle(c->caller->multi, c->easy) != CURLM_OK)
        WRONG("curl refused a call");
    c->added = true;
}

static void on_name(void *arg, char (*addresses)[DNS_ADDRESS_MAX], size_t n, const char *why)
{
    struct call *c = arg;
    char entry[URL_HOST_MAX + DNS_ADDRESS_MAX + 32];
    const char *address;

    (void)why;
    c->ask = NULL;
    loop_timer_set(c->timer, MS_NEVER);
    if (!n) {
        if (c->proxied)
            call_end_by_proxy(c, HTTP_PROXY_NO_NAME);
        else
            call_end(c, HTTP_NO_NAME, 0);
        return;
    }
    address = addresses[c->caller->turn % n];
    if (!text_is(address, c->dialled->host)) { /* a literal needs no word to curl */
        bool v6 = strchr(address, ':');

        snprintf(entry, sizeof(entry), "%s:%d:%s%s%s", c->dialled->host, c->dialled->port,
                 v6 ? "[" : "", address, v6 ? "]" : "");
        c->resolve = curl_slist_append(NULL, entry);
        if (!c->resolve)
            abort();
    }
    dial(c);
}

static void on_late(void *arg)
{
    struct call *c = arg;

    if (c->proxy_is_none)
        call_end_by_proxy(c, HTTP_PROXY_UNREADABLE);
    else if (c->ask && c->proxied)
        call_end_by_proxy(c, HTTP_PROXY_NO_NAME);
    else
        call_end(c, c->ask ? HTTP_NO_NAME : HTTP_BROKEN, 0);
}

/* false: there is nothing that could be dialled. A URL that would make curl send what it names as a
 * password is none. */
static bool targets_read(struct call *c, const struct http_call *rq)
{
    c->dialled = &c->url;
    if (url_read(buf_text(&rq->url), &c->url, NULL) < 0 || *c->url.userinfo)
        return false;
    c->proxy_is_none = *rq->proxy && proxy_read(rq->proxy, &c->proxy, NULL) < 0;
    c->proxied = *rq->proxy && !c->proxy_is_none;
    if (c->proxied)
        c->dialled = &c->proxy;
    return !c->proxy_is_none;
}

struct call *call_start(struct caller *k, const struct http_call *rq, call_done_fn *done, void *arg)
{
    struct call *c = calloc(1, sizeof(*c));

    assert(done && rq->timeout_ms > 0);
    if (!c)
        abort();
    *c = (struct call){.magic = CALL_MAGIC, .caller = k, .done = done, .arg = arg};
    *k->last = c;
    k->last = &c->next;
    http_result_init(&c->result);
    buf_drop(&c->result.body);
    buf_init(&c->result.body, k->body_max);
    c->deadline = loop_now(k->loop) + ms_min(rq->timeout_ms, CALL_TIMEOUT_MAX_MS);
    c->change = !text_is(rq->method, "GET") && !text_is(rq->method, "HEAD");
    c->timer = loop_timer_new(k->loop, on_late, c);
    c->easy = curl_easy_init();
    if (!c->easy)
        abort();
    if (!targets_read(c, rq)) {
        loop_timer_set(c->timer, loop_now(k->loop));
        return c;
    }
    call_easy_set(c, rq);
    loop_timer_set(c->timer, c->deadline);
    c->ask = dns_lookup(k->dns, c->dialled->host, on_name, c);
    return c;
}

void call_cancel(struct call **call)
{
    struct call *c = STEAL(*call);

    if (c && !c->ending)
        call_free(c);
}

/* --- callers --------------------------------------------------------------------------------- */

static char *copy_or_null(const char *text)
{
    char *copy = text && *text ? strdup(text) : NULL;

    if (text && *text && !copy)
        abort();
    return copy;
}

/* "host!" keeps curl from taking it for the name of an interface. */
static char *from_new(const char *address)
{
    struct buf text SCOPED(buf_drop);

    buf_init(&text, URL_HOST_MAX);
    buf_printf(&text, "host!%s", address);
    return copy_or_null(buf_text(&text));
}

int caller_new(struct caller **ret, struct loop *l, struct dns *dns, const struct call_config *c,
               struct err *e)
{
    struct caller *k;
    int r;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, -ENOTSUP, "libcurl does not start");
    k = calloc(1, sizeof(*k));
    if (!k)
        abort();
    k->loop = l;
    k->dns = dns;
    k->last = &k->calls;
    k->fresh_changes = c->fresh_changes;
    k->body_max = c->body_max ? c->body_max : HTTP_BODY_MAX;
    k->user_agent = copy_or_null(c->user_agent ? c->user_agent : CALL_AGENT_DEFAULT);
    k->from = c->from && c->from[0] ? from_new(c->from) : NULL;
    k->failed_at = loop_now(l) - CALL_IDLE_MS;
    call_curl_start(k);
    r = call_trust_load(k, c, e);
    if (r < 0) {
        caller_free(k);
        return r;
    }
    *ret = k;
    return 0;
}

void caller_free(struct caller *k)
{
    if (!k)
        return;
    while (k->calls)
        call_free(k->calls);
    call_curl_end(k);
    buf_drop(&k->anchors);
    buf_drop(&k->proxy_anchors);
    free(k->user_agent);
    free(k->from);
    free(k);
    curl_global_cleanup();
}
