/* Tiny servers on the test's own loop, which say exactly what a test wants, torn or wrong as it
 * may be: a TCP (or TLS) one with canned answers, and a name server with a table. And a clock that
 * jumps. */
#ifndef TESTS_WIRE_RAW_SERVER_H
#define TESTS_WIRE_RAW_SERVER_H

#include "lib/base/buf.h"
#include "lib/io/loop.h"
#include "lib/io/tls.h"

#define RAW_CONNS_MAX   16
#define RAW_ANSWERS_MAX 4

struct raw_conn {
    struct raw_server *server;
    int fd;
    struct loop_watch *watch;
    void *ssl; /* NULL: plain, or not yet */
    bool secure;
    size_t n_requests;
    struct buf input; /* of the request that is arriving */
};

struct raw_server {
    struct loop *loop;
    int fd, port;
    struct loop_watch *watch;
    struct tls_server *tls;     /* NULL: plain */
    const char *connect_answer; /* first answer, before TLS: this is a proxy */
    /* The n-th request of a connection gets the n-th answer, the last one again and again. NULL:
     * silence; "": the connection is closed. */
    const char *answers[RAW_ANSWERS_MAX];
    bool close_after; /* closes behind each answer */
    size_t n_conns, n_requests;
    struct buf seen; /* all bytes of all requests, decrypted */
    struct raw_conn conns[RAW_CONNS_MAX];
};

void raw_server_start(struct raw_server *s, struct loop *l);
void raw_server_stop(struct raw_server *s);

#define RAW_NAMES_MAX 4
struct raw_dns {
    struct loop *loop;
    int fd, port;
    struct loop_watch *watch;
    struct {
        const char *name, *ipv4;
        int ttl_s;
    } names[RAW_NAMES_MAX]; /* every other name: NXDOMAIN */
    bool silent;
    size_t n_questions; /* for an A record */
};

void raw_dns_start(struct raw_dns *d, struct loop *l);
void raw_dns_stop(struct raw_dns *d);

/* Time stands still from now on and jumps to the next deadline when nothing is readable: for tests
 * in which somebody is silent. To be called before anything asked the time. */
struct loop *raw_clock_loop(void);
void raw_clock_stop(void);

#endif
