/* The labs' CONNECT proxy with real sockets: tunnels, refusals, misbehaviours, and its journal. */
#include "tests/test.h"

#include "tests/wire/raw_server.h"
#include "tests/wire/web_client.h"

#include "lib/base/text.h"
#include "scenarios/proxy/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUCH (600 * 1024) /* more than sockets and proxy hold together */

/* Says everything back, and ends when the other side does. */
struct echo {
    int fd, conn, port;
    struct loop_watch *knock, *watch;
    struct buf waits;
    bool ended;
};

struct stage {
    struct loop *loop;
    struct dns *dns;
    struct raw_dns names;
    struct door *door;
    struct journal_ring *ring;
    int counter;
    struct ev_list journal;
    struct echo echo;
    struct web web;
};

static void on_bytes(void *arg, uint32_t events)
{
    struct echo *x = arg;
    char bytes[KIB(16)];
    ssize_t n = 0;

    if ((events & (EPOLLIN | EPOLLHUP)) && !x->ended) {
        n = recv(x->conn, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n > 0)
            buf_add(&x->waits, bytes, (size_t)n);
        x->ended = n == 0;
    }
    n = x->waits.len == 0 ? 0
                          : send(x->conn, x->waits.data, x->waits.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        buf_cut(&x->waits, (size_t)n);
    if (x->ended && x->waits.len == 0) {
        loop_watch_remove(&x->watch);
        close(x->conn);
        x->conn = -1;
        return;
    }
    loop_watch_change(x->watch, (x->ended ? 0U : EPOLLIN) | (x->waits.len > 0 ? EPOLLOUT : 0U));
}

static struct stage *the_stage; /* of the test that runs */

static void on_knock(void *arg, uint32_t events)
{
    struct echo *x = arg;
    struct err e;

    (void)events;
    x->conn = accept4(x->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(x->conn >= 0);
    must(loop_watch_add(the_stage->loop, x->conn, EPOLLIN, on_bytes, x, &x->watch, &e), &e);
}

static void echo_start(struct stage *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    struct err e;

    s->echo = (struct echo){.conn = -1,
                            .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    buf_init(&s->echo.waits, 2 * MUCH);
    assert_int_equal(bind(s->echo.fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->echo.fd, 8), 0);
    assert_int_equal(getsockname(s->echo.fd, (struct sockaddr *)&a, &len), 0);
    s->echo.port = ntohs(a.sin_port);
    must(loop_watch_add(s->loop, s->echo.fd, EPOLLIN, on_knock, &s->echo, &s->echo.knock, &e), &e);
}

static struct stage *stage_open(const char *user, const char *behaves)
{
    struct stage *s = calloc(1, sizeof *s);
    struct door_config c = {.address = "127.0.0.1", .domain = {.factor = 1}};
    char servers[32];
    struct err e;

    assert_non_null(s);
    the_stage = s;
    must(loop_new(&s->loop, NULL, &e), &e);
    s->names.names[0].name = "palette.example";
    s->names.names[0].ipv4 = "127.0.0.1";
    raw_dns_start(&s->names, s->loop);
    must(dns_new(&s->dns, s->loop, &e), &e);
    snprintf(servers, sizeof servers, "127.0.0.1:%d", s->names.port);
    must(dns_servers(s->dns, servers, &e), &e);
    must(journal_counter_new(&s->counter, &e), &e);
    must(journal_ring_new(s->counter, EVS_PROXY, NULL, &s->ring, &e), &e);
    ev_list_init(&s->journal);
    echo_start(s);
    c.journal = s->ring;
    c.domain.start_ns = clk_monotonic_ns();
    c.rules.n_ports = 1;
    c.rules.ports[0] = s->echo.port;
    (void)text_copy(c.rules.user, sizeof c.rules.user, user);
    (void)text_copy(c.rules.password, sizeof c.rules.password, user[0] ? "s3cret-canary" : "");
    assert_true(proxy_way_read(behaves, &c.rules.way, &c.rules.status));
    must(door_open(&s->door, s->loop, s->dns, &c, &e), &e);
    if (c.rules.way != PROXY_REFUSES)
        web_open(&s->web, s->loop, door_port(s->door), NULL);
    return s;
}

/* What the door said so far, and that no password is in it. */
static const struct event *said(struct stage *s, size_t i)
{
    journal_take(s->ring, &s->journal);
    for (size_t k = 0; k < s->journal.n; k++) {
        const struct event *e = ev_list_at(&s->journal, k);

        assert_null(memmem(e->bytes, e->len, "s3cret", 6));
        assert_null(memmem(e->bytes, e->len, "Z3c6", 4));
    }
    return i < s->journal.n ? ev_list_at(&s->journal, i) : NULL;
}

static void stage_close(struct stage *s)
{
    if (s->web.loop)
        web_close(&s->web);
    door_end(s->door);
    door_free(s->door);
    loop_watch_remove(&s->echo.knock);
    loop_watch_remove(&s->echo.watch);
    close(s->echo.fd);
    if (s->echo.conn >= 0)
        close(s->echo.conn);
    buf_drop(&s->echo.waits);
    dns_free(s->dns);
    raw_dns_stop(&s->names);
    journal_ring_free(s->ring);
    close(s->counter);
    ev_list_drop(&s->journal);
    loop_free(s->loop);
    free(s);
}

static void ask(struct stage *s, const char *host, int port, const char *header)
{
    char text[512];

    snprintf(text, sizeof text, "CONNECT %s:%d HTTP/1.1\r\nHost: x\r\n%s\r\n", host, port, header);
    web_say(&s->web, text);
}

static void a_tunnel_carries_bytes_both_ways_to_their_ends(void **state)
{
    struct stage *s = stage_open("", "honest");
    char *much = malloc(MUCH);
    const struct event *e;
    (void)state;

    assert_non_null(much);
    memset(much, 'x', MUCH);
    memcpy(much + MUCH - 4, "last", 4);
    ask(s, "palette.example", s->echo.port, "");
    web_until(&s->web, "HTTP/1.1 200 Connection established\r\n\r\n");
    e = said(s, 0);
    assert_non_null(e); /* it is written before the answer leaves */
    assert_int_equal(e->kind, EV_PROXY_CONNECT);
    assert_true(ev_is(e, EVF_STATUS, "200") && ev_is(e, EVF_FROM_IP, "127.0.0.1"));
    assert_true(text_begins(ev_text(e, EVF_SNI), "palette.example:"));
    assert_text(ev_text(e, EVF_CREDENTIALS), "0");
    web_say_len(&s->web, much, MUCH);
    web_half_close(&s->web); /* what is under way must still come back */
    web_until(&s->web, "last");
    web_until_end(&s->web);
    e = said(s, 1);
    assert_non_null(e);
    assert_int_equal(e->kind, EV_PROXY_CLOSE);
    assert_int_equal(ev_int(e, EVF_SENT), MUCH);
    assert_int_equal(ev_int(e, EVF_RECEIVED), MUCH);
    free(much);
    stage_close(s);
}

static void what_comes_behind_the_head_belongs_to_the_target(void **state)
{
    struct stage *s = stage_open("", "honest");
    char text[128];
    (void)state;

    snprintf(text, sizeof text, "CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\nearly", s->echo.port);
    web_say(&s->web, text);
    web_until(&s->web, "established\r\n\r\nearly");
    stage_close(s);
}

static void a_refusal_has_its_status_and_its_record(void **state)
{
    static const struct {
        const char *user, *behaves, *host;
        int port; /* 0: the target's own */
        const char *header, *answer;
        int status;
    } rows[] = {
        {"", "honest", "palette.example", 1, "", "HTTP/1.1 403 Forbidden\r\n", 403},
        {"", "honest", "nobody.example", 0, "", "HTTP/1.1 502 Bad Gateway\r\n", 502},
        {"gw", "honest", "palette.example", 0, "", "Proxy-Authenticate: Basic", 407},
        {"gw", "honest", "palette.example", 0, "Proxy-Authorization: Basic Z3c6eA==\r\n",
         "HTTP/1.1 407 ", 407},
        {"", "503", "palette.example", 0, "", "HTTP/1.1 503 ", 503},
        {"", "401", "palette.example", 0, "", "WWW-Authenticate: Basic", 401},
    };
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct stage *s = stage_open(rows[i].user, rows[i].behaves);
        const struct event *e;

        ask(s, rows[i].host, rows[i].port ? rows[i].port : s->echo.port, rows[i].header);
        web_until(&s->web, rows[i].answer);
        web_until_end(&s->web);
        e = said(s, 0);
        assert_non_null(e);
        assert_int_equal(e->kind, EV_PROXY_REFUSE);
        assert_int_equal(ev_int(e, EVF_STATUS), rows[i].status);
        assert_int_equal(ev_int(e, EVF_CREDENTIALS), rows[i].header[0] != '\0');
        assert_null(said(s, 1));
        stage_close(s);
    }
}

static void the_right_password_opens(void **state)
{
    struct stage *s = stage_open("gw", "honest");
    (void)state;

    ask(s, "palette.example", s->echo.port,
        "Proxy-Authorization: Basic Z3c6czNjcmV0LWNhbmFyeQ==\r\n");
    web_until(&s->web, "200 Connection established");
    assert_text(ev_text(said(s, 0), EVF_CREDENTIALS), "1");
    stage_close(s);
}

static void a_target_that_refuses_is_a_bad_gateway(void **state)
{
    struct stage *s = stage_open("", "honest");
    (void)state;

    loop_watch_remove(&s->echo.knock);
    close(s->echo.fd); /* nobody listens there any more */
    s->echo.fd = -1;
    ask(s, "palette.example", s->echo.port, "");
    web_until(&s->web, "HTTP/1.1 502 ");
    stage_close(s);
}

static void a_head_without_an_end_is_refused_at_its_bound(void **state)
{
    struct stage *s = stage_open("", "honest");
    char *text = malloc(2 * PROXY_HEAD_MAX);
    (void)state;

    assert_non_null(text);
    memset(text, 'a', 2 * PROXY_HEAD_MAX);
    memcpy(text, "CONNECT ", 8);
    web_say_len(&s->web, text, PROXY_HEAD_MAX + 1);
    web_until(&s->web, "HTTP/1.1 400 ");
    free(text);
    stage_close(s);
}

static void it_can_close_or_cut_without_a_word(void **state)
{
    struct stage *s = stage_open("", "closes");
    (void)state;

    ask(s, "palette.example", s->echo.port, "");
    web_until_end(&s->web);
    assert_int_equal(s->web.in.len, 0);
    stage_close(s);
    s = stage_open("", "cuts");
    ask(s, "palette.example", s->echo.port, "");
    web_until(&s->web, "200 Connection established\r\n\r\n");
    web_until_end(&s->web);
    stage_close(s);
}

/* A wish of the harness changes what it does from now on, also for tunnels that are open. */
static void wishes_are_words_of_stories(void **state)
{
    struct stage *s = stage_open("", "honest");
    (void)state;

    ask(s, "palette.example", s->echo.port, "");
    web_until(&s->web, "200 Connection established");
    assert_true(door_wish(s->door, "drops idle after 10ms"));
    web_until_end(&s->web);
    assert_text(ev_text(said(s, 1), EVF_WHY), "idle");
    assert_true(door_wish(s->door, "behaves 407"));
    web_close(&s->web);
    web_open(&s->web, s->loop, door_port(s->door), NULL);
    ask(s, "palette.example", s->echo.port, "");
    web_until(&s->web, "HTTP/1.1 407 ");
    assert_true(door_wish(s->door, "behaves refuses"));
    assert_true(door_wish(s->door, "behaves honest"));
    web_close(&s->web);
    web_open(&s->web, s->loop, door_port(s->door), NULL); /* at the same port */
    ask(s, "palette.example", s->echo.port, "");
    web_until(&s->web, "200 Connection established");
    assert_false(door_wish(s->door, "drops idle after soon"));
    assert_false(door_wish(s->door, "behaves well"));
    stage_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_tunnel_carries_bytes_both_ways_to_their_ends),
        test(what_comes_behind_the_head_belongs_to_the_target),
        test(a_refusal_has_its_status_and_its_record),
        test(the_right_password_opens),
        test(a_target_that_refuses_is_a_bad_gateway),
        test(a_head_without_an_end_is_refused_at_its_bound),
        test(it_can_close_or_cut_without_a_word),
        test(wishes_are_words_of_stories),
    };
    return run_tests(tests);
}
