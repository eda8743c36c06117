/* Long polls, time, the journal and TLS at the edge, and that a stepped run repeats. */
#include "tests/test.h"

#include "tests/wire/httpd_stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* --- parking --------------------------------------------------------------------------------- */

static void parked_polls_are_woken_in_order_of_arrival(void **state)
{
    struct stage *s = *state;
    struct web a, b, c;

    open_plain(s, &a);
    open_plain(s, &b);
    open_plain(s, &c);
    (void)web_ask(&a, GET("/none"), "HTTP/1.1 204"); /* a is connection 1 */
    web_say(&b, GET("/wait?0"));
    until_parked(s, 1);
    web_say(&a, GET("/wait?0"));
    until_parked(s, 2);
    buf_clear(&s->app.story);
    (void)web_ask(&c, POST("/change"), "HTTP/1.1 200");
    assert_holds(web_answer(&a, false), "value 1");
    assert_holds(web_answer(&b, false), "value 1");
    assert_text(buf_text(&s->app.story),
                "/change conn 3\n/wait conn 2 again\n/wait conn 1 again\n");
    web_close(&a);
    web_close(&b);
    web_close(&c);
}

static void a_poll_ends_at_its_deadline(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, GET("/wait?0"));
    assert_holds(web_answer(&w, false), "nothing new");
    assert_text(buf_text(&s->app.story), "/wait conn 1\n/wait conn 1 over\n");
    (void)web_ask(&w, GET("/a"), "HTTP/1.1 200");
    web_close(&w);
}

static void a_client_that_leaves_while_parked_is_forgotten(void **state)
{
    struct stage *s = *state;
    struct web w, other;

    open_plain(s, &w);
    web_say(&w, GET("/wait?0"));
    until_parked(s, 1);
    web_close(&w);
    until_parked(s, 0);
    open_plain(s, &other);
    (void)web_ask(&other, POST("/change"), "HTTP/1.1 200");
    assert_int_equal(s->app.asked, 2); /* nobody was asked again */
    web_close(&other);
}

static void what_a_parked_client_sends_ahead_waits_for_its_turn(void **state)
{
    struct stage *s = *state;
    struct web w, other;

    open_plain(s, &w);
    web_say(&w, GET("/wait?0"));
    until_parked(s, 1);
    web_say(&w, GET("/after"));
    open_plain(s, &other);
    (void)web_ask(&other, POST("/change"), "HTTP/1.1 200");
    assert_holds(web_answer(&w, false), "value 1");
    assert_holds(web_answer(&w, false), "GET /after?");
    web_close(&w);
    web_close(&other);
}

/* The memory behind the rule that no wake-up is lost: keys touched since a request was sent. */
static void a_touch_between_asking_and_parking_is_remembered(void **state)
{
    struct stage *s = *state;
    struct edge_park *p = &s->httpd->park;
    uint64_t before = p->touches;

    assert_false(edge_park_touched(p, "value", before));
    edge_park_touch(s->httpd, "other\nvalue\n", false);
    assert_true(edge_park_touched(p, "value", before));
    assert_true(edge_park_touched(p, "other", before));
    assert_false(edge_park_touched(p, "third", before));
    assert_false(edge_park_touched(p, "value", p->touches));
    edge_park_touch(s->httpd, "", true); /* more keys than fitted: everybody */
    assert_true(edge_park_touched(p, "third", before));
    for (int i = 0; i < EDGE_TOUCHES_MAX; i++)
        edge_park_touch(s->httpd, "noise\n", false);
    assert_true(edge_park_touched(p, "third", before)); /* who cannot know asks again */
}

/* The poll has looked and is on its way back to be parked; another reply with a touch comes in
 * before it. Without the memory it would sleep over the change until its deadline. */
static void a_poll_that_was_overtaken_by_a_change_is_asked_again(void **state)
{
    struct stage *s = *state;
    struct httpd *h = s->httpd;
    struct web w;
    bool looked = false;

    open_plain(s, &w);
    web_say(&w, GET("/wait?0"));
    while (h->outstanding == 0)
        loop_once(s->loop);
    while (!looked) { /* no round of the loop: its reply stays unread */
        pthread_mutex_lock(&h->app.lock);
        looked = s->app.asked == 1;
        s->app.value = looked;
        pthread_mutex_unlock(&h->app.lock);
    }
    edge_park_touch(h, "value\n", false);
    assert_holds(web_answer(&w, false), "value 1");
    assert_text(buf_text(&s->app.story), "/wait conn 1\n/wait conn 1 again\n");
    web_close(&w);
}

/* Changes and polls race through four connections: a wake-up that is lost ends as "nothing new". */
static void no_wake_up_is_lost_when_polls_and_changes_race(void **state)
{
    struct stage *s = *state;
    enum { N = 6, ROUNDS = 40 };
    struct web waiters[N], changer;
    char text[128];

    open_plain(s, &changer);
    for (int i = 0; i < N; i++)
        open_plain(s, &waiters[i]);
    for (int round = 0; round < ROUNDS; round++) {
        snprintf(text, sizeof(text), "GET /wait?%d HTTP/1.1\r\n" H "\r\n", round);
        for (int i = 0; i < N; i++) {
            web_say(&waiters[i], text);
            if (i == N / 2)
                web_say(&changer, POST("/change"));
        }
        assert_holds(web_answer(&changer, false), "value");
        for (int i = 0; i < N; i++)
            assert_holds(web_answer(&waiters[i], false), "value");
    }
    for (int i = 0; i < N; i++)
        web_close(&waiters[i]);
    web_close(&changer);
}

static void a_thousand_parked_polls_are_all_woken(void **state)
{
    struct stage *s = *state;
    enum { N = 1000 };
    struct rlimit files;
    struct web *w = calloc(N, sizeof(*w));
    struct web changer;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (int i = 0; i < N; i++) {
        open_plain(s, &w[i]);
        (void)web_ask(&w[i], GET("/none"), "HTTP/1.1 204");
    }
    s->httpd->config.domain.factor = 1; /* setting up takes its time under sanitizers */
    for (int i = 0; i < N; i++)
        web_say(&w[i], GET("/wait?0"));
    until_parked(s, N);
    open_plain(s, &changer);
    (void)web_ask(&changer, POST("/change"), "HTTP/1.1 200");
    for (int i = 0; i < N; i++) {
        assert_holds(web_answer(&w[i], false), "value 1");
        web_close(&w[i]);
    }
    web_close(&changer);
    free(w);
}

/* --- due and tick ---------------------------------------------------------------------------- */

static void the_application_changes_by_itself_when_it_is_due(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    s->app.tick_at = edge_now(s->httpd) + SECONDS(2);
    web_say(&w, GET("/wait?0"));
    assert_holds(web_answer(&w, false), "value 1");
    assert_text(buf_text(&s->app.story), "/wait conn 1\ntick\n/wait conn 1 again\n");
    web_close(&w);
}

/* A server under a load without a pause still gets its tick. */
static void a_load_does_not_keep_the_application_from_its_time(void **state)
{
    struct stage *s = *state;
    enum { N = 8 };
    struct web w[N];

    for (int i = 0; i < N; i++)
        open_plain(s, &w[i]);
    s->app.tick_at = edge_now(s->httpd) + SECONDS(1);
    for (int round = 0; s->app.value == 0; round++) {
        assert_true(round < 100000);
        for (int i = 0; i < N; i++)
            web_say(&w[i], GET("/none") GET("/none") GET("/none"));
        loop_once(s->loop);
        for (int i = 0; i < N; i++)
            buf_clear(&w[i].in);
    }
    for (int i = 0; i < N; i++)
        web_close(&w[i]);
}

/* --- the journal ----------------------------------------------------------------------------- */

static void events_are_in_the_journal_before_the_answer_is_there(void **state)
{
    struct stage *s = *state;
    struct ev_list seen;
    struct web w;

    ev_list_init(&seen);
    open_plain(s, &w);
    for (size_t i = 1; i <= 20; i++) {
        (void)web_ask(&w, POST("/change"), "HTTP/1.1 200");
        (void)journal_take(s->writer, &seen);
        assert_int_equal(seen.n, i);
        assert_int_equal(ev_list_at(&seen, i - 1)->nth, i);
        assert_int_equal(ev_list_at(&seen, i - 1)->src, EVS_PALETTE);
    }
    ev_list_drop(&seen);
    web_close(&w);
}

/* --- TLS ------------------------------------------------------------------------------------- */

static void tls_serves_the_same(void **state)
{
    struct stage *s = *state;
    struct web w;
    const char *answer;

    open_tls(s, &w);
    answer = web_ask(&w, GET("/a"), "HTTP/1.1 200");
    assert_holds(answer, "scheme=https");
    web_say(&w, GET("/one") GET("/two"));
    assert_holds(web_answer(&w, false), "GET /one?");
    assert_holds(web_answer(&w, false), "GET /two?");
    web_say(&w, GET("/big"));
    web_until(&w, "xxxx");
    while (w.in.len < BIG_BYTES)
        loop_once(s->loop);
    web_close(&w);
}

/* OpenSSL reads 16 KB at once: what is in it already wakes no epoll. */
static void pipelined_requests_inside_one_tls_record_are_all_seen(void **state)
{
    struct stage *s = *state;
    SCOPED(buf_drop) struct buf text = {0};
    struct web w;
    enum { N = 400 };

    buf_init(&text, MIB(1));
    for (int i = 0; i < N; i++)
        buf_text_add(&text, GET("/none"));
    open_tls(s, &w);
    (void)web_ask(&w, GET("/none"), "HTTP/1.1 204");
    web_say_len(&w, text.data, text.len);
    for (int i = 0; i < N; i++)
        assert_holds(web_answer(&w, false), "HTTP/1.1 204");
    web_close(&w);
}

static void a_parked_tls_poll_is_woken(void **state)
{
    struct stage *s = *state;
    struct web w, changer;

    open_tls(s, &w);
    web_say(&w, GET("/wait?0"));
    until_parked(s, 1);
    open_tls(s, &changer);
    (void)web_ask(&changer, POST("/change"), "HTTP/1.1 200");
    assert_holds(web_answer(&w, false), "value 1");
    web_close(&w);
    web_close(&changer);
}

static void clients_that_cannot_speak_tls_harm_nobody(void **state)
{
    struct stage *s = *state;
    static const char hello[] = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    struct web plain, torn, silent, good;

    web_open(&plain, s->loop, httpd_port(s->httpd, 1), NULL);
    web_open(&torn, s->loop, httpd_port(s->httpd, 1), NULL);
    web_open(&silent, s->loop, httpd_port(s->httpd, 1), NULL);
    web_say(&plain, GET("/change"));
    web_say_len(&torn, hello, sizeof(hello) - 1);
    web_until_end(&plain);
    web_until_end(&torn);
    open_tls(s, &good);
    (void)web_ask(&good, GET("/a"), "HTTP/1.1 200");
    assert_int_equal(s->app.value, 0);
    web_close(&plain);
    web_close(&torn);
    web_close(&silent);
    web_close(&good);
}

/* A client that does not trust us leaves with an alert; one that vanishes leaves without. */
static void clients_that_leave_during_the_handshake_are_forgotten(void **state)
{
    struct stage *s = *state;
    SSL_CTX *strict = SSL_CTX_new(TLS_client_method());
    struct web w, gone;

    SSL_CTX_set_verify(strict, SSL_VERIFY_PEER, NULL); /* and no authority */
    web_open(&w, s->loop, httpd_port(s->httpd, 1), strict);
    web_open(&gone, s->loop, httpd_port(s->httpd, 1), s->client_tls);
    web_close(&gone);
    web_until_end(&w);
    web_close(&w);
    while (s->httpd->n_conns > 0)
        loop_once(s->loop);
    assert_int_equal(s->app.asked, 0);
    SSL_CTX_free(strict);
}

/* --- the stepped clock ----------------------------------------------------------------------- */

/* A day of polls, each exactly 30 s long, in a moment. */
static void a_day_of_polls_is_exact_and_takes_a_moment(void **state)
{
    struct stage *s = *state;
    enum { N = 2880 };
    struct web w;

    open_plain(s, &w);
    for (int i = 0; i < N; i++) {
        web_say(&w, GET("/wait?0"));
        assert_holds(web_answer(&w, false), "nothing new");
        assert_int_equal(edge_now(s->httpd), SECONDS(30) * (i + 1));
    }
    web_close(&w);
}

/* Three clients and a change by the application itself at the same instant: the same story always.
 */
static void ties_are_decided_alike_every_time(void **state)
{
    struct stage *s = *state;
    struct web w[3];

    for (int i = 0; i < 3; i++) {
        open_plain(s, &w[i]);
        (void)web_ask(&w[i], GET("/none"), "HTTP/1.1 204");
    }
    for (int round = 0; round < 50; round++) {
        buf_clear(&s->app.story);
        s->app.value = 0;
        s->app.tick_at = edge_now(s->httpd) + SECONDS(30);
        for (int i = 2; i >= 0; i--)
            web_say(&w[i], GET("/wait?1"));
        for (int i = 0; i < 3; i++)
            assert_holds(web_answer(&w[i], false), "nothing new");
        assert_text(buf_text(&s->app.story),
                    "/wait conn 1\n/wait conn 2\n/wait conn 3\ntick\n/wait conn 1 over\n"
                    "/wait conn 2 over\n/wait conn 3 over\n");
    }
    for (int i = 0; i < 3; i++)
        web_close(&w[i]);
}

/* --------------------------------------------------------------------------------------------- */

int main(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* for the client's OpenSSL */
    const struct CMUnitTest tests[] = {
        on(setup_one, parked_polls_are_woken_in_order_of_arrival),
        on(setup, a_poll_ends_at_its_deadline),
        on(setup, a_client_that_leaves_while_parked_is_forgotten),
        on(setup, what_a_parked_client_sends_ahead_waits_for_its_turn),
        on(setup, a_touch_between_asking_and_parking_is_remembered),
        on(setup, a_poll_that_was_overtaken_by_a_change_is_asked_again),
        on(setup, no_wake_up_is_lost_when_polls_and_changes_race),
        on(setup, a_thousand_parked_polls_are_all_woken),
        on(setup, the_application_changes_by_itself_when_it_is_due),
        on(setup, a_load_does_not_keep_the_application_from_its_time),
        on(setup, events_are_in_the_journal_before_the_answer_is_there),
        on(setup_tls, tls_serves_the_same),
        on(setup_tls, pipelined_requests_inside_one_tls_record_are_all_seen),
        on(setup_tls, a_parked_tls_poll_is_woken),
        on(setup_tls, clients_that_cannot_speak_tls_harm_nobody),
        on(setup_tls, clients_that_leave_during_the_handshake_are_forgotten),
        on(setup_stepped, a_day_of_polls_is_exact_and_takes_a_moment),
        on(setup_stepped, ties_are_decided_alike_every_time),
    };

    sigaction(SIGPIPE, &ignore, NULL);
    return run_tests(tests);
}
