/* A server with a small application, and clients' words, for the tests of the edge. */
#ifndef TESTS_WIRE_HTTPD_STAGE_H
#define TESTS_WIRE_HTTPD_STAGE_H

#include "lib/io/ctl.h"
#include "lib/io/edge.h"
#include "lib/io/httpd.h"
#include "lib/io/journal.h"
#include "tests/wire/web_client.h"

#define BIG_BYTES (size_t)1000000 /* the answer to /big */

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: maas.site\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: maas.site\r\nContent-Length: 0\r\n\r\n"
#define H          "Host: h\r\n"

/* The application: a value, and calls that look at it, wait for it, change it. */
struct app {
    _Atomic ms_t tick_at; /* when to change the value by itself */
    int value;
    int asked;        /* requests handled */
    struct buf story; /* one line a request; guarded by the server's lock */
};

struct stage {
    struct loop *loop;
    struct ctl *ctl; /* stepped */
    struct httpd *httpd;
    struct app app;
    struct journal_ring *writer;
    int counter_fd, ring_fd;
    SSL_CTX *client_tls;
    struct tls_server *server_tls;
    char dir[64];
    /* stage_setup_points: one line a phase, "PHASE WORDS value N, CAME" … */
    struct buf phases;
    const struct web *watched; /* … CAME: bytes the kernel has for this client */
    bool tells;                /* changes the value at each phase */
};

/* The first listener is plain; with TLS there is a second one. Domain time runs a hundred times as
 * fast as the wall's, or is stepped. */
int stage_setup(void **state);     /* pool 4 */
int stage_setup_one(void **state); /* pool 1 */
int stage_setup_tls(void **state);
int stage_setup_few(void **state); /* three connections at most */
int stage_setup_stepped(void **state);
int stage_setup_points(void **state); /* pool 1; stops at paths that do not begin with /x */
int stage_teardown(void **state);

void open_plain(struct stage *s, struct web *w);
void open_tls(struct stage *s, struct web *w);
void assert_holds(const char *text, const char *wanted);
void assert_holds_not(const char *text, const char *unwanted);
void until_parked(struct stage *s, size_t n); /* rounds until that many clients are parked */

#define on(setup, name) cmocka_unit_test_setup_teardown(name, stage_##setup, stage_teardown)

#endif
