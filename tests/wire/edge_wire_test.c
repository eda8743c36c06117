/* What a mock does to its answers on the wire when it was told to misbehave, as a client's socket
 * sees it, and how long a client may take itself. */
#include "tests/test.h"

#include "tests/wire/httpd_stage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(struct stage *s, struct web *w, const char *request)
{
    open_plain(s, w);
    web_say(w, request);
}

static void a_reset_comes_in_place_of_an_answer(void **state)
{
    struct web w;

    say(*state, &w, GET("/wire?reset"));
    web_until_end(&w);
    assert_true(w.broken);
    assert_int_equal(w.in.len, 0);
    web_close(&w);
}

static void an_answer_ends_at_the_byte_it_was_cut_at(void **state)
{
    struct web w;

    say(*state, &w, GET("/wire?cut"));
    web_until_end(&w);
    assert_int_equal(w.in.len, 20);
    assert_memory_equal(buf_text(&w.in), "HTTP/1.1 200 OK\r\n", 17);
    web_close(&w);
}

/* A client that trusts the length waits for bytes that never come, and then sees the end. */
static void a_length_that_is_too_long_is_never_reached(void **state)
{
    struct web w;

    say(*state, &w, GET("/wire?more"));
    web_until_end(&w);
    assert_holds(buf_text(&w.in), "Content-Length: 15\r\n");
    assert_holds(buf_text(&w.in), "\r\n\r\n0123456789");
    web_close(&w);
}

static void a_length_that_is_too_short_leaves_bytes_behind(void **state)
{
    struct web w;

    say(*state, &w, GET("/wire?less"));
    web_until_end(&w);
    assert_holds(buf_text(&w.in), "Content-Length: 7\r\n");
    assert_holds(buf_text(&w.in), "0123456789");
    web_close(&w);
}

static void an_answer_that_is_doubled_comes_once_more(void **state)
{
    struct web w;

    say(*state, &w, GET("/wire?twice"));
    assert_holds(web_answer(&w, false), "0123456789");
    assert_holds(web_answer(&w, false), "0123456789");
    web_close(&w);
}

/* The connection is as good as before when a slow answer is out. */
static void slow_answers_arrive_whole_and_the_connection_goes_on(void **state)
{
    static const char *const words[] = {GET("/wire?late"), GET("/wire?slow"), GET("/wire?drip")};
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    for (size_t i = 0; i < COUNTOF(words); i++) {
        assert_holds(web_ask(&w, words[i], "HTTP/1.1 200 OK"), "0123456789");
        assert_holds(web_ask(&w, GET("/facts"), "HTTP/1.1 200 OK"), "conn=1");
    }
    web_close(&w);
}

/* One that waits for a slow answer keeps nobody else waiting. */
static void a_slow_answer_blocks_nobody(void **state)
{
    struct stage *s = *state;
    struct web slow, other;

    say(s, &slow, GET("/wire?drip"));
    open_plain(s, &other);
    assert_holds(web_ask(&other, GET("/facts"), "HTTP/1.1 200 OK"), "conn=2");
    web_until(&slow, "0123456789");
    web_close(&slow);
    web_close(&other);
}

static bool connects(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r = connect(fd, (struct sockaddr *)&to, sizeof(to));
    close(fd);
    return r == 0;
}

static void nobody_gets_a_connection_while_it_refuses(void **state)
{
    struct stage *s = *state;
    const int port = httpd_port(s->httpd, 0);
    struct web w;

    open_plain(s, &w);
    web_ask(&w, GET("/wire?refuse"), "HTTP/1.1 200 OK");
    assert_false(connects(port));
    /* who was in stays in */
    while (s->httpd->listens[0].fd < 0)
        web_ask(&w, GET("/facts"), "HTTP/1.1 200 OK");
    assert_true(connects(port));
    web_close(&w);
}

static void round_once(struct stage *s)
{
    struct web other;

    open_plain(s, &other);
    web_ask(&other, GET("/none"), "HTTP/1.1 204");
    web_close(&other);
}

/* Memory follows the bodies that are being sent, and is given back. */
static void what_requests_hold_is_counted_and_let_go(void **state)
{
    struct stage *s = *state;
    struct web w;

    say(s, &w, "POST /facts HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nbegi");
    while (s->httpd->bodies == 0)
        round_once(s);
    web_say(&w, "n end");
    web_until(&w, "begin end");
    while (s->httpd->bodies > 0)
        round_once(s);
    web_close(&w);
}

/* Beyond the bound the one who sends is told so, and the others go on. */
static void too_much_at_once_is_refused(void **state)
{
    struct stage *s = *state;
    struct web w;

    s->httpd->bodies = EDGE_BODIES_MAX;
    say(s, &w, "POST /facts HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nbegi");
    assert_holds(web_answer(&w, false), "HTTP/1.1 503");
    web_until_end(&w);
    s->httpd->bodies -= EDGE_BODIES_MAX;
    round_once(s);
    web_close(&w);
}

/* Half a request may not stay for ever; an idle connection may. */
static void a_request_that_does_not_come_is_answered_with_408(void **state)
{
    struct stage *s = *state;
    struct edge_conn *c;
    struct web w;

    say(s, &w, "GET /facts HT");
    while ((c = TAILQ_FIRST(&s->httpd->conns)) == NULL || !c->patience)
        round_once(s);
    loop_timer_set(c->patience, loop_now(s->loop));
    assert_holds(web_answer(&w, false), "HTTP/1.1 408");
    web_until_end(&w);
    web_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on(setup, a_reset_comes_in_place_of_an_answer),
        on(setup, an_answer_ends_at_the_byte_it_was_cut_at),
        on(setup, a_length_that_is_too_long_is_never_reached),
        on(setup, a_length_that_is_too_short_leaves_bytes_behind),
        on(setup, an_answer_that_is_doubled_comes_once_more),
        on(setup, slow_answers_arrive_whole_and_the_connection_goes_on),
        on(setup, a_slow_answer_blocks_nobody),
        on(setup, nobody_gets_a_connection_while_it_refuses),
        on(setup, what_requests_hold_is_counted_and_let_go),
        on(setup, too_much_at_once_is_refused),
        on(setup, a_request_that_does_not_come_is_answered_with_408),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
