/* What goes through the edge and how: framing, refusals, closing. With a client that says what it
 * likes, over real sockets. */
#include "tests/test.h"

#include "tests/wire/httpd_stage.h"

#include "lib/base/text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* --- what a handler sees --------------------------------------------------------------------- */

static void a_request_is_handed_over_as_it_was_sent(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_plain(s, &w);
    answer = web_ask(&w,
                     "PUT /a%2Fb/%41//../c?x=%20&y HTTP/1.1\r\nHost: maas.site:5240\r\n"
                     "Authorization: OAuth a=\"b\"\r\nX-One: 1\r\nX-One:  two \r\n"
                     "Content-Length: 5\r\n\r\nhello",
                     "HTTP/1.1 200 OK\r\n");
    assert_holds(answer, "PUT /a%2Fb/%41//../c?x=%20&y\n");
    assert_holds(answer, "conn=1 peer=127.0.0.1 scheme=http host=maas.site:5240 over=0 parked=0");
    assert_holds(answer, "Authorization: OAuth a=\"b\"\r\n");
    assert_holds(answer, "X-One: 1\r\nX-One: two\r\n");
    assert_holds(answer, "--\nhello");
    assert_holds_not(answer, "X-Gp-");
    web_close(&w);
}

/* The profile has headers of this family too: a client's epoch must arrive. */
static void the_profiles_own_headers_are_handed_over(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    assert_holds(
        web_ask(&w, "GET /facts HTTP/1.1\r\nHost: h\r\nX-Gp-Epoch: 7\r\n\r\n", "HTTP/1.1 200"),
        "X-Gp-Epoch: 7\r\n");
    web_close(&w);
}

/* A client that could speak the edge's own language could answer a poll or be somebody else. */
static void forged_internal_headers_are_ignored(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_plain(s, &w);
    answer =
        web_ask(&w,
                "GET /facts HTTP/1.1\r\nHost: h\r\nX-Gp-Edge-Cookie: 00 0\r\nx-gp-edge-conn: 99\r\n"
                "X-GP-EDGE-PEER: 6.6.6.6\r\nX-Gp-Edge-Parked: over\r\nX-Gp-Edge-Now: 5\r\n\r\n",
                "HTTP/1.1 200");
    assert_holds(answer, "conn=1 peer=127.0.0.1 scheme=http host=h over=0 parked=0\n");
    assert_holds_not(answer, "6.6.6.6");
    web_close(&w);
}

/* The inner port is open to everybody on the machine, and of no use to them. */
static void the_inner_port_serves_nobody_else(void **state)
{
    struct stage *s = *state;
    struct web w;

    web_open(&w, s->loop, edge_civet_port(s->httpd->civet), NULL);
    (void)web_ask(&w, "GET /change HTTP/1.1\r\nHost: h\r\nX-Gp-Edge-Cookie: 0123 0\r\n\r\n",
                  "HTTP/1.1 403");
    assert_int_equal(s->app.value, 0);
    web_close(&w);
}

static void fifty_six_headers_are_taken_and_no_more(void **state)
{
    struct stage *s = *state;
    SCOPED(buf_drop) struct buf text = {0};
    struct web w;

    buf_init(&text, MIB(1));
    for (int n = HTTPD_CLIENT_HEADERS_MAX; n <= HTTPD_CLIENT_HEADERS_MAX + 1; n++) {
        bool fine = n == HTTPD_CLIENT_HEADERS_MAX;
        const char *answer;

        buf_clear(&text);
        buf_text_add(&text, "POST /facts HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n");
        for (int i = 2; i < n; i++)
            buf_printf(&text, "H%d: v\r\n", i);
        buf_text_add(&text, "\r\nhi");
        open_plain(s, &w);
        answer = web_ask(&w, buf_text(&text), fine ? "HTTP/1.1 200" : "HTTP/1.1 431");
        if (fine) {
            assert_holds(answer, "H55: v\r\n");
            assert_holds(answer, "--\nhi");
        }
        web_close(&w);
    }
}

/* --- framing --------------------------------------------------------------------------------- */

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, GET("/first") POST("/change") "\r\n" GET("/third"));
    assert_holds(web_answer(&w, false), "GET /first?");
    assert_holds(web_answer(&w, false), "value 1");
    assert_holds(web_answer(&w, false), "GET /third?");
    web_close(&w);
}

static void thousands_of_pipelined_requests_are_answered(void **state)
{
    struct stage *s = *state;
    struct web w;
    enum { N = 3000 };

    open_plain(s, &w);
    for (int i = 0; i < N; i++)
        web_say(&w, GET("/none"));
    for (int i = 0; i < N; i++)
        assert_holds(web_answer(&w, false), "204 No Content\r\n");
    assert_int_equal(s->app.asked, N);
    web_close(&w);
}

static void http_1_0_is_answered_and_closed(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    assert_holds(web_ask(&w, "GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200"), "Connection: close\r\n");
    web_until_end(&w);
    web_close(&w);
}

static void http_1_0_with_keep_alive_stays(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    for (int i = 0; i < 2; i++)
        assert_holds(
            web_ask(&w, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200"),
            "Connection: keep-alive\r\n");
    web_close(&w);
}

static void connection_close_is_obeyed(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET("/never"));
    assert_holds(web_answer(&w, false), "Connection: close\r\n");
    web_until_end(&w);
    assert_int_equal(w.in.len, 0);
    assert_int_equal(s->app.asked, 1);
    web_close(&w);
}

static void chunks_with_extensions_and_trailers_are_joined(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_plain(s, &w);
    for (int i = 0; i < 2; i++) {
        answer = web_ask(&w,
                         "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                         "Trailer: X-Sum\r\n\r\n"
                         "5;name=\"a b\"\r\nhello\r\n6;x\r\n world\r\n0\r\nX-Sum: 7\r\n\r\n",
                         "HTTP/1.1 200");
        assert_holds(answer, "--\nhello world");
        assert_holds_not(answer, "X-Sum");
        assert_holds_not(answer, "chunked");
    }
    web_close(&w);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    struct stage *s = *state;
    static const char text[] = "POST /slow?a=b HTTP/1.1\r\nHost: h\r\nX-A: b\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    struct web w;
    const char *answer;

    open_plain(s, &w);
    while (s->httpd->n_conns == 0)
        loop_once(s->loop);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        web_say_len(&w, text + i, 1);
        do /* each byte is read before the next one is said */
            loop_once(s->loop);
        while (w.out.len);
    }
    answer = web_answer(&w, false);
    assert_holds(answer, "POST /slow?a=b\n");
    assert_holds(answer, "X-A: b\r\n");
    assert_holds(answer, "--\nabc");
    web_close(&w);
}

static void head_gets_the_length_and_no_body(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_plain(s, &w);
    web_say(&w, "HEAD /big HTTP/1.1\r\nHost: h\r\n\r\n" GET("/after"));
    answer = web_answer(&w, true);
    assert_holds(answer, "Content-Length: 1000000\r\n");
    assert_holds(web_answer(&w, false), "GET /after?");
    web_close(&w);
}

static void no_content_has_no_length(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    assert_holds_not(web_ask(&w, GET("/none"), "HTTP/1.1 204 No Content\r\n"), "Content-Length");
    (void)web_ask(&w, GET("/a"), "HTTP/1.1 200");
    web_close(&w);
}

static void the_absolute_form_is_rewritten(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_plain(s, &w);
    answer = web_ask(&w, "GET http://Other.example:81/p/q?r HTTP/1.1\r\nHost: ignored\r\n\r\n",
                     "HTTP/1.1 200");
    assert_holds(answer, "GET /p/q?r\n");
    assert_holds(answer, " host=Other.example:81 ");
    answer = web_ask(&w, "GET http://name?q HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200");
    assert_holds(answer, "GET /?q\n");
    answer = web_ask(&w, "\r\n\r\nGET /p HTTP/1.1\nHost:\n\n", "HTTP/1.1 200");
    assert_holds(answer, " host= ");
    web_close(&w);
}

static void options_of_the_server_are_answered_at_the_edge(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    assert_holds(web_ask(&w, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200"), "Allow: ");
    assert_int_equal(s->app.asked, 0);
    /* civetweb would answer a preflight by itself. */
    assert_holds(web_ask(&w,
                         "OPTIONS /x HTTP/1.1\r\nHost: h\r\nOrigin: http://o\r\n"
                         "Access-Control-Request-Method: PUT\r\n\r\n",
                         "HTTP/1.1 200"),
                 "OPTIONS /x?");
    web_close(&w);
}

static void an_upgrade_is_declined_by_going_on(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_plain(s, &w);
    answer = web_ask(&w,
                     "GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
                     "HTTP/1.1 200");
    assert_holds(answer, "GET /u?");
    (void)web_ask(&w, GET("/still-http"), "HTTP/1.1 200");
    web_close(&w);
}

static void a_client_that_waits_for_100_is_told_to_go_on(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    web_until(&w, "\r\n\r\n");
    assert_string_equal(buf_text(&w.in), "HTTP/1.1 100 Continue\r\n\r\n");
    buf_clear(&w.in);
    assert_holds(web_ask(&w, "abc", "HTTP/1.1 200"), "--\nabc");
    web_close(&w);
}

/* --- refusals -------------------------------------------------------------------------------- */

static const struct refusal {
    const char *what, *text, *status;
} refusals[] = {
    {"garbage", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 and so on\r\n\r\n", "HTTP/1.1 400"},
    {"words", "hello there\r\n\r\n", "HTTP/1.1 400"},
    {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400"},
    {"unknown method", "BREW /pot HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 501"},
    {"rare method", "MKCOL /x HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 501"},
    {"connect", "CONNECT maas.site:80 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 400"},
    {"old version", "GET /\r\n\r\n", "HTTP/1.1 505"},
    {"new version", "GET / HTTP/2.0\r\n" H "\r\n", "HTTP/1.1 505"},
    {"length and chunks",
     "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 400"},
    {"chunks and length",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
     "HTTP/1.1 400"},
    {"two lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
     "HTTP/1.1 400"},
    {"a list of lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc",
     "HTTP/1.1 400"},
    {"signed length", "POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc", "HTTP/1.1 400"},
    {"gzip body", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n",
     "HTTP/1.1 501"},
    {"chunks last but one", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n",
     "HTTP/1.1 501"},
    {"chunks in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400"},
    {"bad chunk", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
     "HTTP/1.1 400"},
    {"nul in the path", "GET /a%00b HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 400"},
    {"raw eight bits", "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 400"},
    {"fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 400"},
    {"star", "GET * HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 400"},
    {"user in target", "GET http://u:p@h/ HTTP/1.1\r\n" H "\r\n", "HTTP/1.1 400"},
    {"blank in a name", "GET / HTTP/1.1\r\n" H "X Y: 1\r\n\r\n", "HTTP/1.1 400"},
    {"lone carriage return", "GET / HTTP/1.1\r\n" H "X: \rY: 1\r\n\r\n", "HTTP/1.1 400"},
    {"expects more", "POST / HTTP/1.1\r\n" H "Expect: tea\r\nContent-Length: 3\r\n\r\n",
     "HTTP/1.1 417"},
    {"too long at once", "POST / HTTP/1.1\r\n" H "Content-Length: 4194305\r\n\r\n", "HTTP/1.1 413"},
    {"too long, asks first",
     "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
     "HTTP/1.1 413"},
};

static void refused(struct stage *s, const char *what, const char *text, size_t len,
                    const char *status)
{
    const char *answer;
    struct web w;

    open_plain(s, &w);
    web_say_len(&w, text, len);
    answer = web_answer(&w, false);
    if (!text_begins(answer, status))
        fail_msg("%s: wanted %s, seen %s", what, status, answer);
    assert_holds(answer, "Connection: close\r\n");
    web_until_end(&w);
    if (w.broken)
        fail_msg("%s: reset instead of an orderly end", what);
    web_close(&w);
}

static void what_is_doubtful_is_refused_and_closed(void **state)
{
    struct stage *s = *state;

    for (size_t i = 0; i < COUNTOF(refusals); i++)
        refused(s, refusals[i].what, refusals[i].text, strlen(refusals[i].text),
                refusals[i].status);
    assert_int_equal(s->app.asked, 0);
    while (s->httpd->n_conns > 0)
        loop_once(s->loop);
}

static void add_many(struct buf *b, char c, size_t n)
{
    while (n-- > 0)
        buf_char_add(b, c);
}

/* The answer must not be overtaken by a reset because of bytes that nobody reads. */
static void long_heads_and_bodies_are_refused_with_an_orderly_end(void **state)
{
    struct stage *s = *state;
    SCOPED(buf_drop) struct buf text = {0};

    buf_init(&text, MIB(8));
    buf_text_add(&text, "GET / HTTP/1.1\r\n" H "X-Long: ");
    add_many(&text, 'x', KIB(200));
    buf_text_add(&text, "\r\n\r\n");
    refused(s, "200 KB of header", text.data, text.len, "HTTP/1.1 431");

    buf_clear(&text);
    buf_text_add(&text, "GET /");
    add_many(&text, 'y', 3000);
    buf_text_add(&text, " HTTP/1.1\r\n" H "\r\n");
    refused(s, "long target", text.data, text.len, "HTTP/1.1 414");

    buf_clear(&text);
    buf_text_add(&text, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n500000\r\n");
    add_many(&text, 'z', MIB(5));
    buf_text_add(&text, "\r\n0\r\n\r\n");
    refused(s, "5 MiB in chunks", text.data, text.len, "HTTP/1.1 413");
    assert_int_equal(s->app.asked, 0);
}

static void the_largest_body_is_taken(void **state)
{
    struct stage *s = *state;
    SCOPED(buf_drop) struct buf text = {0};
    struct web w;

    buf_init(&text, MIB(8));
    buf_printf(&text, "POST /none HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n",
               HTTPD_REQUEST_BODY_MAX);
    add_many(&text, 'z', HTTPD_REQUEST_BODY_MAX);
    open_plain(s, &w);
    web_say_len(&w, text.data, text.len);
    assert_holds(web_answer(&w, false), "HTTP/1.1 204");
    web_close(&w);
}

static void beyond_the_limit_clients_are_told_and_turned_away(void **state)
{
    struct stage *s = *state;
    struct web w[4];

    for (size_t i = 0; i < 3; i++) {
        open_plain(s, &w[i]);
        (void)web_ask(&w[i], GET("/a"), "HTTP/1.1 200");
    }
    open_plain(s, &w[3]);
    assert_holds(web_answer(&w[3], false), "HTTP/1.1 503");
    web_until_end(&w[3]);
    web_close(&w[3]);
    web_close(&w[0]);
    while (s->httpd->n_conns > 2)
        loop_once(s->loop);
    open_plain(s, &w[3]);
    (void)web_ask(&w[3], GET("/a"), "HTTP/1.1 200");
    for (size_t i = 1; i < 4; i++)
        web_close(&w[i]);
}

/* --- closing --------------------------------------------------------------------------------- */

static void a_half_closed_client_gets_its_answers(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, GET("/one") GET("/two"));
    web_half_close(&w);
    assert_holds(web_answer(&w, false), "GET /one?");
    assert_holds(web_answer(&w, false), "GET /two?");
    web_until_end(&w);
    assert_false(w.broken);
    web_close(&w);
}

/* A fault of a mock: the thing is done, and the client has to find out by itself. */
static void a_lost_answer_closes_after_the_change(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, POST("/lose"));
    web_until_end(&w);
    assert_int_equal(w.in.len, 0);
    assert_int_equal(s->app.value, 1);
    web_close(&w);
}

/* What the application has counted up to. */
static int value_now(struct stage *s)
{
    int value;

    pthread_mutex_lock(&s->httpd->app.lock);
    value = s->app.value;
    pthread_mutex_unlock(&s->httpd->app.lock);
    return value;
}

/* The place is free again once such a client gives up; nobody else waits for it. */
static void a_hung_answer_hurts_nobody_else(void **state)
{
    struct stage *s = *state;
    struct web hung, other;

    open_plain(s, &hung);
    web_say(&hung, POST("/hang"));
    open_plain(s, &other);
    while (value_now(s) == 0)
        (void)web_ask(&other, GET("/a"), "HTTP/1.1 200");
    assert_int_equal(hung.in.len, 0);
    assert_int_equal(s->httpd->n_conns, 2);
    web_close(&hung);
    while (s->httpd->n_conns == 2)
        (void)web_ask(&other, GET("/a"), "HTTP/1.1 200");
    web_close(&other);
}

/* It has left before anybody knows that there will be no answer. */
static void who_leaves_before_the_answer_hangs_leaves_no_place_behind(void **state)
{
    struct stage *s = *state;
    struct httpd *h = s->httpd;
    struct web hung, other;

    open_plain(s, &hung);
    pthread_mutex_lock(&h->app.lock); /* the application cannot say so yet */
    web_say(&hung, POST("/hang"));
    while (h->outstanding == 0)
        loop_once(s->loop);
    web_close(&hung);
    while (!TAILQ_FIRST(&h->conns)->eof)
        loop_once(s->loop);
    pthread_mutex_unlock(&h->app.lock);
    while (h->outstanding > 0)
        loop_once(s->loop);
    open_plain(s, &other);
    (void)web_ask(&other, GET("/a"), "HTTP/1.1 200");
    assert_int_equal(value_now(s), 1);
    assert_int_equal(h->n_conns, 1);
    web_close(&other);
}

/* One that reads nothing costs one answer's memory and nobody's time. */
static void a_client_that_does_not_read_blocks_nobody(void **state)
{
    struct stage *s = *state;
    struct web greedy, other;

    open_plain(s, &greedy);
    for (int i = 0; i < 30; i++)
        web_say(&greedy, GET("/big"));
    loop_watch_change(greedy.watch, 0);
    open_plain(s, &other);
    for (int i = 0; i < 50; i++)
        (void)web_ask(&other, GET("/a"), "HTTP/1.1 200");
    assert_true(s->app.asked < 80);
    web_close(&greedy);
    web_close(&other);
}

/* --------------------------------------------------------------------------------------------- */

int main(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* for the client's OpenSSL */
    const struct CMUnitTest tests[] = {
        on(setup, a_request_is_handed_over_as_it_was_sent),
        on(setup, the_profiles_own_headers_are_handed_over),
        on(setup, a_lost_answer_closes_after_the_change),
        on(setup, a_hung_answer_hurts_nobody_else),
        on(setup, who_leaves_before_the_answer_hangs_leaves_no_place_behind),
        on(setup, forged_internal_headers_are_ignored),
        on(setup, the_inner_port_serves_nobody_else),
        on(setup, fifty_six_headers_are_taken_and_no_more),
        on(setup, pipelined_requests_are_answered_in_order),
        on(setup, thousands_of_pipelined_requests_are_answered),
        on(setup, http_1_0_is_answered_and_closed),
        on(setup, http_1_0_with_keep_alive_stays),
        on(setup, connection_close_is_obeyed),
        on(setup, chunks_with_extensions_and_trailers_are_joined),
        on(setup, a_request_may_come_byte_by_byte),
        on(setup, head_gets_the_length_and_no_body),
        on(setup, no_content_has_no_length),
        on(setup, the_absolute_form_is_rewritten),
        on(setup, options_of_the_server_are_answered_at_the_edge),
        on(setup, an_upgrade_is_declined_by_going_on),
        on(setup, a_client_that_waits_for_100_is_told_to_go_on),
        on(setup, what_is_doubtful_is_refused_and_closed),
        on(setup, long_heads_and_bodies_are_refused_with_an_orderly_end),
        on(setup, the_largest_body_is_taken),
        on(setup_few, beyond_the_limit_clients_are_told_and_turned_away),
        on(setup, a_half_closed_client_gets_its_answers),
        on(setup, a_client_that_does_not_read_blocks_nobody),
    };

    sigaction(SIGPIPE, &ignore, NULL);
    return run_tests(tests);
}
