/* What the parts of the caller share: call.c (life of a call), call_curl.c (curl on the loop),
 * call_easy.c (what goes out and comes back), call_proxy.c (tunnels), call_trust.c (anchors).
 * Nobody else includes this. */
#ifndef IO_CALL_INNER_H
#define IO_CALL_INNER_H

#include "lib/io/call.h"

#include <curl/curl.h>

#define CALL_MAGIC 0x63616c6cu

struct call_socket;

struct caller {
    struct loop *loop;
    struct dns *dns;
    CURLM *multi;
    struct loop_timer *due;
    struct call *calls, **last;
    struct call_socket *sockets;
    struct buf anchors;       /* PEM; empty = the system's */
    struct buf proxy_anchors; /* PEM, for calls through a proxy */
    bool retrusted;           /* anchors were read again, at: */
    ms_t trusted_at;
    char *user_agent;
    char *from; /* as curl wants it: "host!127.0.0.2"; NULL: none */
    bool fresh_changes;
    size_t body_max;
    /* Idle connections are trusted only when they were last used after this moment. */
    ms_t failed_at;
    bool failing;  /* the last call that ended had no answer */
    unsigned turn; /* which of a name's addresses is next */
};

struct call {
    unsigned magic;
    struct caller *caller;
    struct call *next;
    call_done_fn *done;
    void *arg;
    struct url url, proxy;
    bool proxied, proxy_is_none; /* there is a proxy; there is a text that is none */
    const struct url *dialled;   /* the URL, or the proxy: whose name is looked up */
    bool change;                 /* not a GET or HEAD */
    bool ending;                 /* its `done` is running */
    ms_t deadline;               /* loop_now() */
    struct loop_timer *timer;    /* before curl has it: deadline, or a failure to report */
    struct dns_ask *ask;
    CURL *easy;
    bool added; /* curl has it */
    struct curl_slist *headers, *resolve;
    bool head_whole; /* the blank line behind the headers came */
    bool torn;       /* more came than we keep */
    /* Of a call through a proxy: until `through`, nothing of it left. */
    bool through, connect_head_whole;
    size_t connect_head_len; /* of the answer to CONNECT */
    char trouble[CURL_ERROR_SIZE];
    struct http_result result;
};

/* call.c: a transfer is over. */
void call_reap(struct caller *k);

/* call_curl.c */
void call_curl_start(struct caller *k);
void call_curl_end(struct caller *k);

/* call_easy.c */
void call_easy_set(struct call *c, const struct http_call *rq);
/* Whether an idle connection may carry the call: decided when it leaves. */
void call_reuse_set(const struct call *c);

/* call_trust.c */
int call_trust_load(struct caller *k, const struct call_config *c, struct err *e) MUST_CHECK;
void call_trust_set(const struct call *c);
/* Whether no idle connection may carry the call, because it may have been made under other anchors;
 * if one may, curl is told how old it may be at most. Decided when the call leaves. */
bool call_trust_fresh(const struct call *c);

/* call_proxy.c */
void call_proxy_set(struct call *c);
/* One line of the answer to CONNECT; false: more than anybody needs. */
bool call_proxy_head(struct call *c, const char *line, size_t len);
/* HTTP_PROXY_FINE when it was not the proxy; *ret_status is set only when it answered. */
enum http_proxy_fault call_proxy_fault(const struct call *c, CURLcode code, int *ret_status);

#endif
