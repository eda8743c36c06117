/* Framing of HTTP/1 requests: bytes in, whole requests out, everything doubtful refused with a
 * status and a sentence. No socket, no clock, no allocation beyond its bounded buffers; fuzzed by
 * tests/fuzz/edge_http_fuzz.c. http-parser does the letters, the rules of RFC 9112 that it leaves
 * open are checked here.
 *
 * What comes out is what may go inside: origin form, no hop-by-hop header, no chunks, none of the
 * names the edge uses between itself and civetweb (EDGE_INNER_PREFIX), HEAD marked and turned
 * into GET. */
#ifndef IO_EDGE_HTTP_H
#define IO_EDGE_HTTP_H

#include "lib/base/http.h"

#include <http_parser.h>

#define EDGE_INNER_PREFIX "X-Gp-Edge-" /* headers of this family never come from a client */
#define EDGE_TARGET_MAX   (2 * URL_PATH_MAX)
#define EDGE_NAME_MAX     128 /* a header's name; longer ones are refused */

enum edge_fed {
    EDGE_MORE,    /* everything was used; more bytes are wanted */
    EDGE_REQUEST, /* rq is whole; what was not used belongs to the next one */
    EDGE_REFUSE   /* answer status and why, then close: the framing is lost */
};

struct edge_request {
    char method[HTTP_METHOD_MAX];
    struct buf target;  /* path?query, or "*" */
    struct buf headers; /* one "Name: value\r\n" a line */
    struct buf body;
    bool head_only;  /* HEAD: answer without a body */
    bool http10;     /* answer keep-alive explicitly */
    bool keep_alive; /* the connection may be used again */
};

struct edge_framer {
    http_parser parser;
    struct edge_request rq;
    bool wants_100; /* headers are in, the body waits for "100 Continue"; the caller clears it */
    int status;     /* EDGE_REFUSE */
    const char *why;
    /* Inside one request. */
    size_t line_at;  /* start of the header line being read */
    size_t name_len; /* its name's length; 0 while the name is being read */
    struct buf host; /* the one Host header, for the absolute form */
    int n_headers, n_host, n_length, n_coding;
    bool headers_done, chunked, expect_100, expect_other;
    unsigned char first; /* byte of the request line: a foreign protocol, or an unknown method? */
    bool first_seen;
    bool scanned, after_cr, line_empty; /* the head's line ends, looked at before http-parser */
    size_t headers_max, body_max;
};

void edge_framer_init(struct edge_framer *f, size_t headers_max, size_t body_max);
void edge_framer_drop(struct edge_framer *f);
enum edge_fed edge_framer_feed(struct edge_framer *f, const char *bytes, size_t len,
                               size_t *ret_used);
/* Forgets the request that was whole and gives its memory back. */
void edge_framer_next(struct edge_framer *f);

/* Inside the framing: edge_rules.c judges a head that is whole. Both return -1, for http-parser. */
int edge_refuse(struct edge_framer *f, int status, const char *why); /* the first reason stays */
int edge_head_check(struct edge_framer *f);                          /* 0: fine */

const char *edge_reason(int status); /* "Not Found"; "Status" when unknown */
bool edge_status_has_body(int status);

#endif
