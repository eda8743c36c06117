/* Calls through a proxy that does its work, and through a dozen that do not. Whatever such a proxy
 * does, nothing is sent past it and nothing is sent twice (GP-26). */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/wire/call_fixture.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TUNNEL_ANSWER "HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n"
#define CREDENTIALS   "us%20er:pa%3Ass@"
#define AUTHORIZATION "Proxy-Authorization: Basic dXMgZXI6cGE6c3M=\r\n"
#define BAD_CONNS_MAX 4

static void through(struct fixture *f, const char *userinfo, int port)
{
    snprintf(f->proxy, sizeof(f->proxy), "http://%sproxy.site:%d", userinfo, port);
}

static void proxied(struct fixture *f, const char *userinfo, const char *connect_answer)
{
    secure(f, "good", "ca.pem");
    f->server.connect_answer = connect_answer;
    through(f, userinfo, f->server.port);
}

/* --- a proxy that does its work --------------------------------------------------------------- */

/* GP-26: credentials only to the proxy, the token only through the tunnel; and the target's name
 * is for the proxy to look up: inside the site it may not even exist. NO_PROXY does not count. */
static void a_tunnel_keeps_both_sides_secrets_apart(void **state)
{
    struct fixture *f = *state;
    const char *seen, *inside;

    proxied(f, CREDENTIALS, TUNNEL_ANSWER);
    f->names.names[0].name = "nobody";
    assert_int_equal(setenv("NO_PROXY", "*", 1), 0);
    assert_int_equal(ask(f, "GET", "https://palette.example:9443/v1/thing?#"), HTTP_ANSWERED);
    assert_int_equal(unsetenv("NO_PROXY"), 0);
    seen = buf_text(&f->server.seen);
    assert_true(text_begins(seen, "CONNECT palette.example:9443 HTTP/1.1\r\n"));
    inside = strstr(seen, "GET /v1/thing");
    assert_non_null(inside);
    assert_null(strstr(inside, "Proxy-Authorization"));
    assert_non_null(strstr(inside, "Authorization: token-of-the-gateway"));
    assert_non_null(strstr(seen, AUTHORIZATION));
    assert_ptr_equal(strstr(seen, "token-of-the-gateway"), strstr(inside, "token-of-the-gateway"));
    assert_null(strstr(buf_text(&f->headers), "Via"));
    assert_int_equal(f->proxy_fault, HTTP_PROXY_FINE);
}

static void without_credentials_none_are_made_up(void **state)
{
    struct fixture *f = *state;

    proxied(f, "", TUNNEL_ANSWER);
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    assert_null(strstr(buf_text(&f->server.seen), "Proxy-Authorization"));
}

/* In absolute form the proxy could read the token, and ask the same thing twice. */
static void a_plain_url_has_a_tunnel_too(void **state)
{
    struct fixture *f = *state;

    f->server.connect_answer = TUNNEL_ANSWER;
    through(f, "", f->server.port);
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_true(text_begins(buf_text(&f->server.seen), "CONNECT 127.0.0.1:"));
    assert_non_null(strstr(buf_text(&f->server.seen), "\r\n\r\nGET /v1/thing?a=b HTTP/1.1\r\n"));
}

/* One caller, one host, three ways to it: each keeps a connection of its own. */
static void a_kept_connection_serves_its_own_way_only(void **state)
{
    struct fixture *f = *state;
    struct raw_server proxies[2] = {0};

    secure(f, "good", "ca.pem");
    for (size_t i = 0; i < COUNTOF(proxies); i++) {
        proxies[i].tls = f->tls;
        proxies[i].connect_answer = TUNNEL_ANSWER;
        proxies[i].answers[0] = OK_ANSWER;
        raw_server_start(&proxies[i], f->loop);
    }
    for (size_t round = 0; round < 2; round++) {
        f->proxy[0] = '\0';
        assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
        for (size_t i = 0; i < COUNTOF(proxies); i++) {
            through(f, "", proxies[i].port);
            assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
        }
    }
    assert_int_equal(f->server.n_conns, 1);
    assert_int_equal(f->server.n_requests, 2);
    for (size_t i = 0; i < COUNTOF(proxies); i++) {
        assert_int_equal(proxies[i].n_conns, 1);
        assert_int_equal(proxies[i].n_requests, 2);
        raw_server_stop(&proxies[i]);
    }
}

/* 211: a proxy that closes idle tunnels is dialled again, it and nobody else. */
static void a_tunnel_that_was_closed_is_dialled_again(void **state)
{
    struct fixture *f = *state;

    proxied(f, CREDENTIALS, TUNNEL_ANSWER);
    f->server.close_after = true;
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    assert_int_equal(f->server.n_conns, 2);
    assert_int_equal(f->server.n_requests, 2);
}

static void what_breaks_inside_the_tunnel_is_not_the_proxy_s(void **state)
{
    struct fixture *f = *state;

    proxied(f, CREDENTIALS, TUNNEL_ANSWER);
    f->server.answers[0] = "";
    assert_int_equal(ask(f, "POST", TLS), HTTP_BROKEN);
    assert_int_equal(f->proxy_fault, HTTP_PROXY_FINE);
    assert_int_equal(f->server.n_requests, 1);
    assert_true(text_begins(f->why, "broken, through the proxy proxy.site:"));
}

/* GP-104, PRX-8: as without a proxy. */
static void a_proxy_that_inspects_gets_no_byte_of_http(void **state)
{
    struct fixture *f = *state;

    proxied(f, "", TUNNEL_ANSWER);
    caller_is(f, &(struct call_config){.ca_file = in_folder("other/ca.pem")});
    assert_int_equal(ask(f, "GET", TLS), HTTP_TLS_FAILED);
    assert_int_equal(f->proxy_fault, HTTP_PROXY_FINE);
    assert_null(strstr(buf_text(&f->server.seen), "token-of-the-gateway"));
}

/* --- proxies that do not ---------------------------------------------------------------------- */

enum how { BAD_SPEAKS, BAD_CLOSES_AT_ONCE, BAD_CLOSES, BAD_SILENT, BAD_ENDLESS };

/* Takes connections on the test's loop and misbehaves. */
struct bad {
    enum how how;
    const char *says; /* to CONNECT; BAD_SPEAKS leaves the connection open, BAD_CLOSES closes it */
    const char *line; /* BAD_ENDLESS: said again and again, after `says` */
    struct loop *loop;
    int fd, port;
    struct loop_watch *watch;
    size_t n_conns, n_connects;
    struct buf seen;
    struct bad_conn {
        struct bad *bad;
        int fd;
        struct loop_watch *watch;
    } conns[BAD_CONNS_MAX];
};

static void bad_conn_close(struct bad_conn *c)
{
    if (!c->bad)
        return;
    loop_watch_remove(&c->watch);
    close(c->fd);
    c->bad = NULL;
}

static void bad_answer(struct bad_conn *c)
{
    struct bad *b = c->bad;

    b->n_connects++;
    if (b->says)
        (void)!send(c->fd, b->says, strlen(b->says), MSG_NOSIGNAL);
    if (b->how == BAD_CLOSES)
        bad_conn_close(c);
    if (b->how == BAD_ENDLESS)
        loop_watch_change(c->watch, EPOLLIN | EPOLLOUT);
}

static void on_bad_conn(void *arg, uint32_t events)
{
    struct bad_conn *c = arg;
    struct bad *b = c->bad;
    char bytes[4096];
    ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

    if (n > 0) {
        buf_add(&b->seen, bytes, (size_t)n);
        if (strstr(buf_text(&b->seen), "\r\n\r\n") && b->n_connects < b->n_conns)
            bad_answer(c);
    } else if (n == 0) {
        bad_conn_close(c);
    }
    if (c->bad && (events & EPOLLOUT) && b->n_connects > 0 &&
        send(c->fd, b->line, strlen(b->line), MSG_NOSIGNAL) < 0)
        loop_watch_change(c->watch, EPOLLIN);
}

static void on_bad_accept(void *arg, uint32_t events)
{
    struct bad *b = arg;
    struct bad_conn *c;
    struct err e;
    int fd = accept4(b->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    assert_true(fd >= 0 && b->n_conns < BAD_CONNS_MAX);
    c = &b->conns[b->n_conns++];
    *c = (struct bad_conn){.bad = b, .fd = fd};
    must(loop_watch_add(b->loop, fd, EPOLLIN, on_bad_conn, c, &c->watch, &e), &e);
    if (b->how == BAD_CLOSES_AT_ONCE)
        bad_conn_close(c);
}

static void bad_start(struct bad *b, struct loop *l, int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    b->loop = l;
    buf_init(&b->seen, MIB(1));
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(b->fd >= 0);
    assert_int_equal(bind(b->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(b->fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(listen(b->fd, backlog), 0);
    b->port = ntohs(at.sin_port);
}

static void bad_accepts(struct bad *b)
{
    struct err e;

    must(loop_watch_add(b->loop, b->fd, EPOLLIN, on_bad_accept, b, &b->watch, &e), &e);
}

static void bad_stop(struct bad *b)
{
    for (size_t i = 0; i < b->n_conns; i++)
        bad_conn_close(&b->conns[i]);
    loop_watch_remove(&b->watch);
    close(b->fd);
    buf_drop(&b->seen);
}

/* The call's end, the sentence about it, and that it was the only try of any kind. */
static void fails(struct fixture *f, enum http_proxy_fault fault, int status, const char *sentence)
{
    char wanted[HTTP_WHY_MAX];
    const char *port = strrchr(f->proxy, ':') + 1;

    assert_int_equal(ask(f, "POST", TLS), HTTP_PROXY_FAILED);
    assert_int_equal(f->proxy_fault, fault);
    assert_int_equal(f->proxy_status, status);
    assert_int_equal(f->status, 0);
    snprintf(wanted, sizeof(wanted), "proxy-failed: the proxy proxy.site:%s %s", port, sentence);
    assert_text(f->why, wanted);
    assert_int_equal(f->server.n_conns, 0);
}

static const struct {
    const char *name;
    enum how how;
    const char *says, *line;
    enum http_proxy_fault fault;
    int status;
    const char *sentence;
} bad_ways[] = {
    {"closes at once", BAD_CLOSES_AT_ONCE, NULL, NULL, HTTP_PROXY_CLOSES, 0,
     "closes the connection without an answer; check that it lets this address in"},
    {"closes after CONNECT", BAD_CLOSES, NULL, NULL, HTTP_PROXY_CLOSES, 0,
     "closes the connection without an answer; check that it lets this address in"},
    {"opens and closes", BAD_CLOSES, TUNNEL_ANSWER, NULL, HTTP_PROXY_CUTS, 200,
     "opens the tunnel and closes it at once (200); check that it reaches this host and port"},
    {"squid without credentials", BAD_SPEAKS,
     "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
     "Content-Length: 4\r\n\r\nno!\n",
     NULL, HTTP_PROXY_CREDENTIALS, 407,
     "wants other credentials (407); check user and password of the proxy's URL"},
    {"a 407 of other kinds", BAD_CLOSES,
     "HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Digest realm=\"p\","
     "nonce=\"1\"\r\nConnection: close\r\n\r\n",
     NULL, HTTP_PROXY_CREDENTIALS, 407,
     "wants other credentials (407); check user and password of the proxy's URL"},
    {"tinyproxy, wrong credentials", BAD_CLOSES,
     "HTTP/1.0 401 Unauthorized\r\nConnection: close\r\n\r\n<html>no</html>", NULL,
     HTTP_PROXY_CREDENTIALS, 401,
     "wants other credentials (401); check user and password of the proxy's URL"},
    {"forbids", BAD_SPEAKS, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", NULL,
     HTTP_PROXY_FORBIDS, 403,
     "forbids the tunnel (403); let it allow CONNECT to this host and port"},
    {"cannot go on", BAD_CLOSES, "HTTP/1.1 502 Bad Gateway\r\n\r\n", NULL, HTTP_PROXY_STATUS, 502,
     "makes no tunnel (502); its log says what it could not reach"},
    {"is elsewhere", BAD_SPEAKS,
     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", NULL,
     HTTP_PROXY_STATUS, 302, "makes no tunnel (302); its log says what it could not reach"},
    {"garbage", BAD_CLOSES, "SSH-2.0-OpenSSH_9.2\r\n\r\n", NULL, HTTP_PROXY_NONSENSE, 0,
     "answers CONNECT with something that is no HTTP; check that a proxy listens there"},
    {"a torn head", BAD_CLOSES, "HTTP/1.1 200 OK\r\nVia: pro", NULL, HTTP_PROXY_NONSENSE, 0,
     "answers CONNECT with something that is no HTTP; check that a proxy listens there"},
    {"an endless head", BAD_ENDLESS, "HTTP/1.1 200 OK\r\n", "X-Again: and again\r\n",
     HTTP_PROXY_NONSENSE, 0,
     "answers CONNECT with something that is no HTTP; check that a proxy listens there"},
    {"an endless line", BAD_ENDLESS, "HTTP/1.1 200 OK\r\nX:", "again and again ",
     HTTP_PROXY_NONSENSE, 0,
     "answers CONNECT with something that is no HTTP; check that a proxy listens there"},
};

static void each_bad_way_ends_in_a_sentence_of_its_own(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    for (size_t i = 0; i < COUNTOF(bad_ways); i++) {
        struct bad b = {.how = bad_ways[i].how, .says = bad_ways[i].says, .line = bad_ways[i].line};

        print_message("  a proxy: %s\n", bad_ways[i].name);
        bad_start(&b, f->loop, 16);
        bad_accepts(&b);
        through(f, CREDENTIALS, b.port);
        fails(f, bad_ways[i].fault, bad_ways[i].status, bad_ways[i].sentence);
        assert_int_equal(b.n_conns, 1);
        assert_true(b.n_connects <= 1);
        assert_true(b.how == BAD_CLOSES_AT_ONCE || strstr(buf_text(&b.seen), AUTHORIZATION));
        assert_null(strstr(buf_text(&b.seen), "token-of-the-gateway"));
        bad_stop(&b);
    }
}

static void a_proxy_that_says_nothing_ends_with_the_call_s_time(void **state)
{
    struct fixture *f = *state;
    struct bad b = {.how = BAD_SILENT};

    secure(f, "good", "ca.pem");
    bad_start(&b, f->loop, 16);
    bad_accepts(&b);
    through(f, CREDENTIALS, b.port);
    fails(f, HTTP_PROXY_SILENT, 0,
          "takes the connection and says nothing; check that a proxy listens there, and its load");
    assert_int_equal(b.n_conns, 1);
    bad_stop(&b);
}

/* Its queue is full and stays so: the kernel drops every further SYN, as if nobody were there. */
static void a_proxy_that_is_not_there_ends_with_the_call_s_time(void **state)
{
    struct fixture *f = *state;
    struct bad b = {.how = BAD_SILENT};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    secure(f, "good", "ca.pem");
    bad_start(&b, f->loop, 0);
    at.sin_port = htons((uint16_t)b.port);
    assert_int_equal(connect(first, (struct sockaddr *)&at, sizeof(at)), 0);
    through(f, CREDENTIALS, b.port);
    fails(f, HTTP_PROXY_ABSENT, 0, "cannot be reached; check its address and the way to it");
    close(first);
    bad_stop(&b);
}

static void a_proxy_that_takes_no_connection_is_told_from_one_without_a_name(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    through(f, CREDENTIALS, 1);
    fails(f, HTTP_PROXY_REFUSES, 0, "refuses the connection; check that it runs, and its port");
    f->names.names[1].name = "nobody";
    caller_free(STEAL(f->caller));
    dns_free(f->dns);
    {
        struct err e;
        char names[32];

        must(dns_new(&f->dns, f->loop, &e), &e);
        snprintf(names, sizeof(names), "127.0.0.1:%d", f->names.port);
        must(dns_servers(f->dns, names, &e), &e);
    }
    caller_is(f, &(struct call_config){.ca_file = in_folder("ca.pem")});
    fails(f, HTTP_PROXY_NO_NAME, 0,
          "has a name without an address here; check the name, or write its address");
}

/* A name server that says nothing is no reason to go without the proxy. */
static void a_proxy_whose_name_is_never_answered_has_none(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    f->names.silent = true;
    through(f, CREDENTIALS, 3128);
    fails(f, HTTP_PROXY_NO_NAME, 0,
          "has a name without an address here; check the name, or write its address");
}

/* Never read as "no proxy": the call ends without a packet, and the password is not told. */
static void a_proxy_that_cannot_be_read_is_nobody_s(void **state)
{
    static const char *const proxies[] = {
        "http://user:hunter2@",       "https://user:hunter2@p:1",     "http://user:hunter2 @p",
        "http://user:hunter2%zz@p:1", "http://user:hunter2@p:1/path", "user:hunter2@p:3128"};
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    for (size_t i = 0; i < COUNTOF(proxies); i++) {
        assert_true(text_copy(f->proxy, sizeof(f->proxy), proxies[i]));
        assert_int_equal(ask(f, "GET", TLS), HTTP_PROXY_FAILED);
        assert_int_equal(f->proxy_fault, HTTP_PROXY_UNREADABLE);
        assert_text(f->why,
                    "proxy-failed: the proxy of the settings cannot be used as it is written; "
                    "write it as http://[USER:PASSWORD@]HOST:PORT");
    }
    assert_int_equal(f->server.n_conns, 0);
    assert_int_equal(f->names.n_questions, 0);
}

/* After trouble the next call asks the proxy again, as soon as it works. */
static void a_proxy_that_works_again_is_used_again(void **state)
{
    struct fixture *f = *state;

    proxied(f, CREDENTIALS, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(ask(f, "GET", TLS), HTTP_PROXY_FAILED);
    assert_int_equal(f->proxy_status, 503);
    f->server.connect_answer = TUNNEL_ANSWER;
    assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
    assert_int_equal(f->proxy_status, 0);
    assert_int_equal(f->server.n_conns, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_tunnel_keeps_both_sides_secrets_apart, CLAUSE(26), CLAUSE(24), F(5)),
        story(without_credentials_none_are_made_up),
        story(a_plain_url_has_a_tunnel_too),
        story(a_kept_connection_serves_its_own_way_only),
        story(a_tunnel_that_was_closed_is_dialled_again, F(5)),
        story(what_breaks_inside_the_tunnel_is_not_the_proxy_s),
        story(a_proxy_that_inspects_gets_no_byte_of_http),
        story(each_bad_way_ends_in_a_sentence_of_its_own),
        jumping(a_proxy_that_says_nothing_ends_with_the_call_s_time),
        jumping(a_proxy_that_is_not_there_ends_with_the_call_s_time),
        story(a_proxy_that_takes_no_connection_is_told_from_one_without_a_name),
        jumping(a_proxy_whose_name_is_never_answered_has_none),
        story(a_proxy_that_cannot_be_read_is_nobody_s),
        story(a_proxy_that_works_again_is_used_again),
    };

    return cmocka_run_group_tests(tests, call_make_certificates, call_drop_certificates);
}
