#include "tests/test.h"

#include "tests/wire/call_fixture.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- answers --------------------------------------------------------------------------------- */

static void an_answer_brings_status_headers_and_body(void **state)
{
    struct fixture *f = *state;
    char uid[16];

    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->status, 200);
    assert_text(buf_text(&f->body), "{}");
    assert_true(http_header_get(&f->headers, "x-gp-pcg-uid", uid, sizeof(uid)));
    assert_text(uid, "g1");
    assert_non_null(strstr(buf_text(&f->server.seen), "GET /v1/thing?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(buf_text(&f->server.seen), "Authorization: token-of-the-gateway\r\n"));
}

static void a_body_goes_out_once_without_waiting_for_leave(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "PUT", PLAIN), HTTP_ANSWERED);
    assert_non_null(strstr(buf_text(&f->server.seen), "PUT /v1/thing"));
    assert_non_null(strstr(buf_text(&f->server.seen), "Content-Length: 7\r\n"));
    assert_non_null(strstr(buf_text(&f->server.seen), "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(buf_text(&f->server.seen), "Expect"));
    assert_null(strstr(buf_text(&f->server.seen), "urlencoded"));
}

static void an_interim_answer_is_not_the_answer(void **state)
{
    struct fixture *f = *state;
    char hint[16];

    f->server.answers[0] = "HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n" OK_ANSWER;
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->status, 200);
    assert_false(http_header_get(&f->headers, "X-Hint", hint, sizeof(hint)));
}

/* GP-27: a redirect that were followed would carry the token to whoever the answer names. */
static void a_redirect_is_not_followed(void **state)
{
    struct fixture *f = *state;

    f->server.answers[0] =
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->status, 302);
    assert_int_equal(f->server.n_requests, 1);
}

static void a_body_over_the_bound_is_a_broken_answer(void **state)
{
    struct fixture *f = *state;

    caller_is(f, &(struct call_config){.body_max = 8});
    f->server.answers[0] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789";
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_BROKEN);
    assert_int_equal(f->status, 0);
    assert_int_equal(f->body.len, 0);
    f->server.answers[0] = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678";
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
}

static void a_torn_or_senseless_answer_is_broken(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "I am no HTTP server\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "",
    };
    struct fixture *f = *state;

    f->server.close_after = true;
    for (size_t i = 0; i < COUNTOF(answers); i++) {
        f->server.answers[0] = answers[i];
        assert_int_equal(ask(f, "GET", PLAIN), HTTP_BROKEN);
        assert_int_equal(f->status, 0);
    }
}

/* --- no answer ------------------------------------------------------------------------------- */

static void nobody_listening_is_no_connection(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", "http://127.0.0.1:1/#"), HTTP_NO_CONNECT);
}

static void a_name_nobody_knows_is_no_name(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", "http://nobody.example.:#/"), HTTP_NO_NAME);
    assert_int_equal(f->server.n_conns, 0);
}

static void a_url_that_is_none_ends_from_the_loop(void **state)
{
    struct fixture *f = *state;

    send_call(f, "GET", "gopher://x:#/", SECONDS(1));
    assert_int_equal(f->n_done, 0);
    loop_once(f->loop);
    assert_int_equal(f->n_done, 1);
    assert_int_equal(f->outcome, HTTP_BROKEN);
    assert_int_equal(ask(f, "GET", "http://user:password@127.0.0.1:#/"), HTTP_BROKEN);
    assert_int_equal(f->server.n_conns, 0);
}

static void silence_ends_at_the_call_s_own_time(void **state)
{
    struct fixture *f = *state;
    ms_t began = loop_now(f->loop);

    f->server.answers[0] = NULL;
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_TIMEOUT);
    assert_in_range(loop_now(f->loop) - began, 10000, 10010);
    assert_int_equal(f->server.n_requests, 1);
}

/* Nobody takes the connection: the backlog of a listener that never accepts is full. */
static void a_connection_nobody_takes_ends_in_time(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), waiting[3];
    int port = f->server.port;

    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    for (size_t i = 0; i < COUNTOF(waiting); i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(waiting[i], (struct sockaddr *)&at, sizeof(at));
    }
    f->server.port = ntohs(at.sin_port);
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_NO_CONNECT);
    f->server.port = port;
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    for (size_t i = 0; i < COUNTOF(waiting); i++)
        close(waiting[i]);
    close(listener);
}

/* The time a name server takes is taken off the call's own. */
static void waiting_for_a_name_counts_too(void **state)
{
    struct fixture *f = *state;
    ms_t began = loop_now(f->loop);

    f->names.silent = true;
    assert_int_equal(ask(f, "GET", NAMED), HTTP_NO_NAME);
    assert_int_equal(loop_now(f->loop) - began, 10000);
}

static void a_cancelled_call_never_calls_back(void **state)
{
    struct fixture *f = *state;
    struct call *early = send_call(f, "GET", PLAIN, SECONDS(10)), *late;

    call_cancel(&early);
    assert_null(early);
    f->server.answers[0] = NULL;
    late = send_call(f, "GET", PLAIN, SECONDS(10));
    while (!f->server.n_requests && !f->out_of_patience)
        loop_once(f->loop);
    call_cancel(&late);
    f->server.answers[0] = OK_ANSWER;
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->n_done, 1);
}

static void calls_in_flight_end_with_their_caller(void **state)
{
    struct fixture *f = *state;

    f->server.answers[0] = NULL;
    send_call(f, "GET", PLAIN, SECONDS(10));
    send_call(f, "GET", NAMED, SECONDS(10));
    while (!f->server.n_requests && !f->out_of_patience)
        loop_once(f->loop);
    caller_free(STEAL(f->caller));
    assert_int_equal(f->n_done, 0);
}

/* Wherever a call is when it is cancelled, curl must leave no closed descriptor watched. */
static void a_call_may_be_cancelled_at_any_step(void **state)
{
    struct fixture *f = *state;

    secure(f, "good", "ca.pem");
    for (int steps = 0; steps < 24; steps++) {
        struct call *c;

        caller_is(f, &(struct call_config){.ca_file = in_folder("ca.pem")});
        f->server.answers[0] = NULL;
        c = send_call(f, "GET", TLS, SECONDS(10));
        for (int i = 0; i < steps && !f->server.n_requests; i++)
            loop_once(f->loop);
        call_cancel(&c);
        f->server.n_requests = 0;
        f->server.answers[0] = OK_ANSWER;
        assert_int_equal(ask(f, "GET", TLS), HTTP_ANSWERED);
        f->server.n_requests = 0;
    }
}

/* --- connections ----------------------------------------------------------------------------- */

static void reads_share_a_connection_and_changes_do_not(void **state)
{
    struct fixture *f = *state;

    caller_is(f, &(struct call_config){.fresh_changes = true});
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->server.n_conns, 1);
    assert_int_equal(ask(f, "POST", PLAIN), HTTP_ANSWERED);
    assert_int_equal(ask(f, "POST", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->server.n_conns, 3);
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    assert_int_equal(f->server.n_conns, 3);
}

/* GP-92: libcurl repeats a request when a connection that was used before dies under it. A change
 * that took effect twice is the worst thing a gateway can do. */
static void a_change_whose_answer_is_lost_is_sent_once(void **state)
{
    struct fixture *f = *state;

    caller_is(f, &(struct call_config){.fresh_changes = true});
    assert_int_equal(ask(f, "GET", PLAIN), HTTP_ANSWERED);
    f->server.answers[0] = "";
    f->server.answers[1] = "";
    assert_int_equal(ask(f, "POST", PLAIN), HTTP_BROKEN);
    assert_int_equal(f->server.n_requests, 2);
}

/* GP-90: after silence a new connection, and the name is asked for again. */
static void after_a_failure_name_and_connection_are_new(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", NAMED), HTTP_ANSWERED);
    assert_int_equal(ask(f, "GET", NAMED), HTTP_ANSWERED);
    assert_int_equal(f->names.n_questions, 1);
    assert_int_equal(f->server.n_conns, 1);
    f->server.answers[1] = NULL;
    f->server.answers[0] = NULL;
    assert_int_equal(ask(f, "GET", NAMED), HTTP_TIMEOUT);
    f->server.answers[0] = OK_ANSWER;
    assert_int_equal(ask(f, "GET", NAMED), HTTP_ANSWERED);
    assert_int_equal(f->server.n_conns, 2);
    assert_int_equal(f->names.n_questions, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(an_answer_brings_status_headers_and_body),
        story(a_body_goes_out_once_without_waiting_for_leave),
        story(an_interim_answer_is_not_the_answer),
        story(a_redirect_is_not_followed),
        story(a_body_over_the_bound_is_a_broken_answer),
        story(a_torn_or_senseless_answer_is_broken),
        story(nobody_listening_is_no_connection),
        story(a_name_nobody_knows_is_no_name),
        story(a_url_that_is_none_ends_from_the_loop),
        jumping(silence_ends_at_the_call_s_own_time),
        jumping(a_connection_nobody_takes_ends_in_time),
        jumping(waiting_for_a_name_counts_too),
        story(a_cancelled_call_never_calls_back),
        story(calls_in_flight_end_with_their_caller),
        story(a_call_may_be_cancelled_at_any_step),
        story(reads_share_a_connection_and_changes_do_not),
        story(a_change_whose_answer_is_lost_is_sent_once),
        jumping(after_a_failure_name_and_connection_are_new),
    };

    return cmocka_run_group_tests(tests, call_make_certificates, call_drop_certificates);
}
