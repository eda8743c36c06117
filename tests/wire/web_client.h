/* A client that says exactly what a test wants, byte by byte if need be, on the test's own loop.
 * Waiting is bounded by WEB_WAIT_MS of the kernel's time and fails the test beyond. */
#ifndef TESTS_WIRE_WEB_CLIENT_H
#define TESTS_WIRE_WEB_CLIENT_H

#include "lib/base/buf.h"
#include "lib/io/loop.h"

#include <openssl/ssl.h>

#define WEB_WAIT_MS 60000

struct web {
    struct loop *loop;
    int fd;
    SSL *ssl; /* NULL: plain */
    struct loop_watch *watch;
    struct buf in;  /* everything that came and was not taken */
    struct buf out; /* not yet accepted by the kernel */
    bool eof, broken;
};

/* port of 127.0.0.1; tls NULL: plain HTTP. */
void web_open(struct web *w, struct loop *l, int port, SSL_CTX *tls);
void web_close(struct web *w);
void web_half_close(struct web *w);
void web_say(struct web *w, const char *text);
void web_say_len(struct web *w, const void *bytes, size_t len);
/* Rounds of the loop until what came holds the text; the other side's end fails the test. */
void web_until(struct web *w, const char *text);
void web_until_end(struct web *w);
/* The next whole answer, head and body (by Content-Length), taken from what came. The result is
 * valid until the next call. head_only: the answer to HEAD. */
const char *web_answer(struct web *w, bool head_only);
/* web_say, web_answer: fails the test when the answer does not begin with `status`
 * ("HTTP/1.1 200"). Returns the answer. */
const char *web_ask(struct web *w, const char *text, const char *status);
/* Rounds of the loop until *flag is set. */
void web_until_set(struct loop *l, const bool *flag);

#endif
