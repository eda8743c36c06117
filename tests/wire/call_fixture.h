/* A caller, a server, a name server and certificates on one loop: what the tests of lib/io/call
 * stand on. */
#ifndef TESTS_WIRE_CALL_FIXTURE_H
#define TESTS_WIRE_CALL_FIXTURE_H

#include "lib/io/call.h"
#include "lib/io/tls.h"
#include "tests/wire/raw_server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Gp-Pcg-Uid: g1\r\n\r\n{}"

/* The server's port stands where the # is. */
#define PLAIN "http://127.0.0.1:#/v1/thing?a=b"
#define NAMED "http://palette.example:#/"
#define TLS   "https://palette.example:#/v1/thing"

struct fixture {
    struct loop *loop;
    struct dns *dns;
    struct raw_dns names;
    struct raw_server server;
    struct caller *caller;
    char proxy[PROXY_MAX]; /* of the calls that follow; "" = straight */
    struct tls_server *tls;
    struct loop_timer *patience;
    bool out_of_patience;
    size_t n_done;
    enum http_outcome outcome;
    int status;
    enum http_proxy_fault proxy_fault;
    int proxy_status;
    char why[HTTP_WHY_MAX]; /* as people are told */
    struct buf body, headers;
};

/* For cmocka: the group's certificates, a test's fixture by the kernel's clock or by one that jumps
 * when nobody has anything to say, and its end. */
int call_make_certificates(void **state);
int call_drop_certificates(void **state);
int call_set_up(void **state);
int call_set_up_jumping(void **state);
int call_tear_down(void **state);
#define story(name, ...)   site_clause_test(name, call_set_up, call_tear_down, __VA_ARGS__)
#define jumping(name, ...) site_clause_test(name, call_set_up_jumping, call_tear_down, __VA_ARGS__)

const char *in_folder(const char *name); /* a path, good for the next few calls */
void caller_is(struct fixture *f, const struct call_config *config);
/* The server speaks TLS with that leaf; the caller trusts that authority. */
void secure(struct fixture *f, const char *leaf, const char *ca);
struct call *send_call(struct fixture *f, const char *method, const char *url_of_port,
                       ms_t timeout_ms);
enum http_outcome ask(struct fixture *f, const char *method, const char *url_of_port);

#endif
