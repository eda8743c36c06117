/* Serving HTTP in the mocks: the edge in front, civetweb behind, one handler, one lock.
 *
 * The edge (one epoll loop, OpenSSL, http-parser) owns the listening sockets, ends TLS, keeps idle
 * connections off civetweb's threads, parks long polls, knows when a request is outstanding, and
 * writes the journal before an answer leaves. civetweb dispatches on a loopback port that only the
 * edge can use. docs/decisions/0002 has the reasons and the figures. */
#ifndef IO_HTTPD_H
#define IO_HTTPD_H

#include "lib/base/http.h"
#include "lib/io/clk.h"
#include "lib/io/journal.h"
#include "lib/io/loop.h"
#include "lib/io/tls.h"

#define HTTPD_LISTENS_MAX        4
#define HTTPD_CLIENT_HEADERS_MAX 56 /* civetweb drops headers beyond 64 without a word: 431 */
#define HTTPD_REQUEST_BODY_MAX   MIB(4)
#define HTTPD_CONNS_MAX          14000
#define HTTPD_POINT_MAX          160
#define HTTPD_AGAIN_MS           500 /* pause when no descriptor is free for a client */

/* The application: total, called under the one lock, from a civetweb thread with a stack of 100 KB.
 * An answer longer than HTTP_ANSWER_MAX becomes a 500. HEAD arrives as GET. */
typedef void httpd_handle_fn(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                             struct http_reply *rp);
/* Domain time at which the application wants `tick` without a request; MS_NEVER for none. */
typedef ms_t httpd_due_fn(void *app);
/* Words from whoever started the program, done between two requests. As for `tick`. */
typedef void httpd_words_fn(void *app, ms_t now, const char *words, struct http_reply *rp);
/* Is this a request of which the phases are to be told, and in which words? Asked once a request,
 * when it was read whole and before anything is done, under the lock. */
typedef bool httpd_point_fn(void *arg, void *app, const char *peer, uint64_t conn,
                            const struct http_request *rq, char out[HTTPD_POINT_MAX]);
/* It reached "asked", "done" (in the journal, the answer not sent) or "answered" (the kernel has
 * all of it); no "done" for one that is left hanging, no "answered" for a lost answer. On the
 * loop's thread, with nothing inside; goes on when it returns. May call httpd_tell. */
typedef void httpd_hold_fn(void *arg, const char *phase, const char *words);
/* Time has come. Events and touched keys go into rp (status is not used). */
typedef void httpd_tick_fn(void *app, ms_t now, struct http_reply *rp);

/* A client met at the first door what the application had wished of it: was shown a certificate, or
 * was reset. `misdeed` is its name in the lists of misdeeds: "certificate-expired",
 * "connections-dropped". Said when it happens, on the loop's thread, under the lock. Whom the
 * kernel refuses while the door is shut (refuse_ms) it tells nobody, so neither do we. */
typedef void httpd_met_fn(void *app, ms_t now, const char *misdeed, struct ev_list *events);

/* Puts that certificate into the first door's tls. On the loop's thread. */
typedef void httpd_certificate_fn(void *arg, enum http_certificate which);

struct httpd_config {
    const char *name; /* "mock-palette": for logs */
    struct {
        const char *address;    /* "0.0.0.0" */
        int port;               /* 0: any; httpd_port() tells */
        struct tls_server *tls; /* NULL: plain HTTP */
    } listen[HTTPD_LISTENS_MAX];
    size_t n_listen;
    int pool; /* connections from the edge to civetweb; 1 under the stepped clock, else 4 */
    void *app;
    httpd_handle_fn *handle;
    httpd_due_fn *due;     /* may be NULL */
    httpd_tick_fn *tick;   /* with due */
    httpd_met_fn *met;     /* may be NULL */
    httpd_point_fn *point; /* may be NULL; else with hold, and pool 1 */
    httpd_hold_fn *hold;
    void *hold_arg;
    httpd_certificate_fn *certificate; /* may be NULL: then the wish for another one is nothing */
    void *certificate_arg;
    struct clk_domain domain;
    struct journal_ring *journal; /* may be NULL */
    int conns_max;                /* 0: HTTPD_CONNS_MAX */
    uint64_t conns_before;        /* of a program before this one: numbers go on behind them */
};

struct httpd;
/* Copies the configuration. tls objects stay the caller's and must outlive the server. */
int httpd_start(struct httpd **ret, struct loop *l, const struct httpd_config *c, struct err *e)
    MUST_CHECK;
int httpd_port(const struct httpd *h, size_t listen_i);
/* On the loop's thread. fn gets the application and the words, under the lock. */
void httpd_tell(struct httpd *h, httpd_words_fn *fn, const char *words);
/* Closes everything. Programs end with _exit after journal_end instead (mg_stop takes seconds). */
void httpd_stop(struct httpd *h);

#endif
