/* HTTP as values: what a client asks for, what a server was asked, what it answers, and the route
 * table that stands between. No socket here; lib/io/call sends, lib/io/httpd receives, and the
 * simulator hands one to the other. */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/event.h"
#include "lib/base/proxy.h"

#define HTTP_METHOD_MAX 16
#define HTTP_BODY_MAX   MIB(4) /* of a request, and of an answer that a client keeps (GP-28) */
#define HTTP_ANSWER_MAX                                                                            \
    MIB(256)                     /* of an answer that a server gives: 10,000 machines are 190 MiB  \
                                  */
#define HTTP_HEADERS_MAX KIB(16) /* header text we keep */
#define HTTP_KEY_MAX     96      /* a park or touch key */
#define HTTP_VARS_MAX    6
#define HTTP_VAR_MAX     256

/* Headers are text, one "Name: value\r\n" a line, in the order they were added. */
/* false when name or value holds a control character: nothing is added. */
bool http_header_add(struct buf *headers, const char *name, const char *value);
/* Copies the first value of that name (any case), trimmed; false when absent or too long. */
bool http_header_get(const struct buf *headers, const char *name, char *out, size_t size);

/* --- a client's side ------------------------------------------------------------------------ */

struct http_call {
    char method[HTTP_METHOD_MAX];
    struct buf url; /* absolute; holds no secret */
    struct buf headers;
    struct buf body;
    /* Through this proxy, by CONNECT, and no other way; "" = straight. As proxy_read takes it, so
     * it may hold a password. Whoever decides to call decides this too: no configuration of a
     * sender and no environment has a say. */
    char proxy[PROXY_MAX];
    ms_t timeout_ms; /* for the whole call */
    /* Must not be sent twice behind the caller's back: goes out on a connection of its own, because
     * an HTTP library repeats a request on a reused connection that died under it. */
    bool once;
};

void http_call_init(struct http_call *c, const char *method);
void http_call_drop(struct http_call *c);

/* How a call ended. Everything but HTTP_ANSWERED is "no answer that can be trusted". */
enum http_outcome {
    HTTP_ANSWERED,     /* status, headers and the whole body are there */
    HTTP_NO_NAME,      /* the host name did not resolve, or not in time */
    HTTP_NO_CONNECT,   /* refused, no route, or no word until the call's time was over: not sent */
    HTTP_TLS_FAILED,   /* chain, name, validity or handshake: no HTTP byte was sent */
    HTTP_TIMEOUT,      /* connected, and no whole answer in time */
    HTTP_BROKEN,       /* reset, closed early, torn or nonsense answer, body over the bound */
    HTTP_PROXY_FAILED, /* the proxy made no tunnel: nothing reached the other side */
    HTTP_OUTCOME_COUNT
};
const char *http_outcome_name(enum http_outcome o);

/* What the proxy did instead of a tunnel. */
enum http_proxy_fault {
    HTTP_PROXY_FINE,        /* also when there was none to ask */
    HTTP_PROXY_UNREADABLE,  /* call.proxy is none: nobody was asked */
    HTTP_PROXY_NO_NAME,     /* its name did not resolve */
    HTTP_PROXY_ABSENT,      /* no route to it, or nobody there answers a SYN */
    HTTP_PROXY_REFUSES,     /* takes no connection */
    HTTP_PROXY_SILENT,      /* took the connection and said nothing, to the end of the time */
    HTTP_PROXY_CLOSES,      /* took the connection and closed it without an answer to CONNECT */
    HTTP_PROXY_NONSENSE,    /* its answer is no HTTP, or its head has no end */
    HTTP_PROXY_CREDENTIALS, /* 407, or 401 as tinyproxy says it */
    HTTP_PROXY_FORBIDS,     /* 403: not this target or port */
    HTTP_PROXY_STATUS,      /* another status that is no 2xx */
    HTTP_PROXY_CUTS,        /* answered 2xx and closed before TLS was up */
    HTTP_PROXY_FAULT_COUNT
};

struct http_result {
    enum http_outcome outcome;
    int status; /* 0 unless HTTP_ANSWERED */
    struct buf headers, body;
    enum http_proxy_fault proxy_fault; /* HTTP_PROXY_FINE unless HTTP_PROXY_FAILED */
    int proxy_status;                  /* with it: what CONNECT was answered, 0 when nothing */
    bool out_of_files;                 /* HTTP_NO_CONNECT: this process may open no more */
};

#define HTTP_WHY_MAX 384
/* Why there is no answer, for people: the outcome's name, and of a proxy who it is, what it did and
 * what to do. Never a password: of `proxy`, the call's, only host and port are said. */
void http_why_write(const struct http_result *r, const char *proxy, char out[HTTP_WHY_MAX]);

void http_result_init(struct http_result *r);
void http_result_drop(struct http_result *r);

/* --- a server's side ------------------------------------------------------------------------ */

struct http_request {
    char method[HTTP_METHOD_MAX];
    char path[URL_PATH_MAX];  /* as sent, still percent-coded, without query */
    char query[URL_PATH_MAX]; /* without '?' */
    struct buf headers;
    struct buf body;
};

void http_request_init(struct http_request *r);
void http_request_drop(struct http_request *r);

/* Who asks, and when. Filled by the edge (lib/io/httpd) or by the simulator. */
struct http_ctx {
    ms_t now;              /* domain time */
    uint64_t conn;         /* number of the connection, in order of acceptance, from 1 */
    const char *peer;      /* source address as this server sees it, without port */
    const char *scheme;    /* "http" or "https": what the client speaks */
    const char *authority; /* Host header as sent; "" when absent */
    size_t door;           /* on which of the server's listening sockets, from 0 */
    bool park_over;        /* asked again after parking, and the deadline has passed: answer now */
    bool parked_before;    /* asked again after parking, for whatever reason */
};

/* Which certificate a mock shows: its own, one that something is wrong with, or a new one. */
enum http_certificate {
    HTTP_CERT_AS_IT_IS,
    HTTP_CERT_OWN,
    HTTP_CERT_RENEWED,
    HTTP_CERT_EXPIRED,
    HTTP_CERT_WRONG_NAME,
    HTTP_CERT_WRONG_AUTHORITY,
    HTTP_CERT_SELF_SIGNED,
    HTTP_CERT_OLD_PROTOCOL, /* a good one, and no TLS newer than 1.1 */
    HTTP_CERT_COUNT
};
/* "certificate expired", "… own": what a mock is asked to show. AS_IT_IS: other words. */
enum http_certificate http_certificate_read(const char *words);
const char *http_certificate_name(enum http_certificate which); /* "expired"; AS_IT_IS is "own" */
/* A client that verifies takes it. */
bool http_certificate_is_good(enum http_certificate which);
#define HTTP_MET_MAX 40
/* What a client met that was shown it, as the mocks' lists of misdeeds name it:
 * "certificate-expired". false: it is the server's own, and nobody met anything. */
bool http_certificate_met(enum http_certificate which, char out[HTTP_MET_MAX]);

/* What the wire does to an answer of a mock that misbehaves. All zero: nothing. */
struct http_wire {
    bool on;        /* some of it is to be looked at */
    bool reset;     /* a reset in place of the answer */
    bool twice;     /* the answer, and the same once more */
    bool cut;       /* only cut_at bytes of head and body, then the end */
    bool slow_body; /* the head comes at once */
    size_t cut_at;
    int64_t length_off; /* Content-Length says so much more or less than the body has */
    ms_t late_ms;       /* before the first byte, in domain time */
    size_t slow_bytes;  /* so many bytes … */
    ms_t slow_ms;       /* … in each such span of domain time; 0 bytes: at once */
};

struct http_reply {
    int status;
    struct buf headers; /* Content-Length is added by whoever sends it */
    struct buf body;
    /* Not an answer yet: ask again when `park_key` is touched, or `park_ms` of domain time after
     * the request arrived (then with park_over set). Empty key = this is the answer. */
    char park_key[HTTP_KEY_MAX];
    ms_t park_ms;
    /* Keys this request changed, each ending in '\n': whoever is parked on one is asked again. */
    struct buf touched;
    /* What happened, for the journal, in order. Written before the answer leaves. */
    struct ev_list events;
    /* Faults a mock was told to have: what was asked is done or not done, but the client hears
     * nothing. lose: close the connection instead of answering. hang: keep it open, never answer.
     */
    bool lose, hang;
    struct http_wire wire;
    ms_t refuse_ms; /* from now on nobody gets a connection, for so long; 0: nothing of it */
    enum http_certificate certificate; /* shown to new connections from now on */
    bool drop;                         /* every other connection is reset */
};

void http_reply_init(struct http_reply *r);
void http_reply_drop(struct http_reply *r);
void http_reply_touch(struct http_reply *r, const char *key);
/* Sets status, Content-Type and body. */
void http_reply_text(struct http_reply *r, int status, const char *type, const char *body);

/* --- routes --------------------------------------------------------------------------------- */

struct http_vars {
    size_t n;
    struct {
        char name[32];
        char value[HTTP_VAR_MAX]; /* percent-decoded */
    } at[HTTP_VARS_MAX];
};
const char *http_var(const struct http_vars *v, const char *name); /* "" when absent */

struct http_exchange { /* what a handler gets: everything about one request */
    void *app;
    const struct http_ctx *ctx;
    const struct http_request *rq;
    const struct http_vars *vars;
    const struct http_route *route;
    struct http_reply *rp;
};
/* A handler is total: it cannot fail, it can only answer. */
typedef void http_handler(const struct http_exchange *x);

struct http_route {
    const char *method; /* "GET" */
    const char *path;   /* "/v1/overlords/{uid}"; a {name} matches one non-empty segment */
    const char *op;     /* MAAS's op= of the query, or NULL */
    http_handler *handle;
    const char *name; /* the operation's name in the journal: "register" */
    unsigned flags;   /* meaning is the table owner's: who may call, … */
};

enum http_match { HTTP_MATCHED, HTTP_NO_PATH, HTTP_NO_METHOD, HTTP_NO_OP };
/* The row for the request, with its variables. HTTP_NO_METHOD: the path is known, with other
 * methods; HTTP_NO_OP: path and method are known, the op is not. Never guesses. */
enum http_match http_route_find(const struct http_route *routes, size_t n,
                                const struct http_request *rq, const struct http_route **ret,
                                struct http_vars *ret_vars);

#endif
