/* Answers that are long: whole, bounded, and nobody's trouble but their readers'. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/wire/httpd_stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the answer that has begun; its last one goes to ret. Nothing of it is kept. */
static size_t drained(struct web *w, size_t len, char *ret)
{
    size_t had = 0;

    while (had < len) {
        if (w->in.len == 0)
            loop_once(w->loop);
        assert_false(w->eof && w->in.len == 0);
        if (w->in.len == 0)
            continue;
        *ret = w->in.data[w->in.len - 1];
        had += w->in.len;
        buf_clear(&w->in);
    }
    return had;
}

/* What came after the head of an answer with that status. */
static void head_taken(struct web *w, const char *status, size_t len)
{
    char wanted[64];
    const char *end;

    web_until(w, "\r\n\r\n");
    snprintf(wanted, sizeof(wanted), "Content-Length: %zu\r\n", len);
    assert_true(text_begins(buf_text(&w->in), status));
    assert_holds(buf_text(&w->in), wanted);
    end = strstr(buf_text(&w->in), "\r\n\r\n") + 4;
    buf_cut(&w->in, (size_t)(end - buf_text(&w->in)));
}

static void taken_whole(struct web *w)
{
    char last = '?';
    size_t had;

    web_say(w, GET("/huge"));
    head_taken(w, "HTTP/1.1 200", HUGE_BYTES);
    had = drained(w, HUGE_BYTES, &last);
    assert_int_equal(had, HUGE_BYTES);
    assert_int_equal(last, 'z');
    (void)web_ask(w, GET("/a"), "HTTP/1.1 200");
}

static void a_long_answer_is_whole_and_the_connection_goes_on(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    taken_whole(&w);
    web_close(&w);
    assert_int_equal(s->httpd->answers, 0);
}

static void over_tls_too(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_tls(s, &w);
    taken_whole(&w);
    web_close(&w);
}

static void head_tells_its_length_only(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    web_say(&w, "HEAD /huge HTTP/1.1\r\nHost: h\r\n\r\n");
    head_taken(&w, "HTTP/1.1 200", HUGE_BYTES);
    assert_int_equal(w.in.len, 0);
    (void)web_ask(&w, GET("/a"), "HTTP/1.1 200");
    web_close(&w);
}

static void beyond_the_bound_it_is_a_500(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w);
    (void)web_ask(&w, GET("/endless"), "HTTP/1.1 500");
    web_close(&w);
}

/* Slow readers hold their answers, up to a bound of all together; who comes then is told so, and
 * everybody else is served as if they were not there. */
static void slow_readers_block_nobody_and_are_bounded(void **state)
{
    struct stage *s = *state;
    struct web slow[2], other;

    s->httpd->answers_max = 2 * HUGE_BYTES + MIB(1);
    for (size_t i = 0; i < 2; i++) {
        open_plain(s, &slow[i]);
        web_say(&slow[i], GET("/huge"));
        loop_watch_change(slow[i].watch, 0);
        while (s->httpd->answers < (i + 1) * HUGE_BYTES)
            loop_once(s->loop);
    }
    open_plain(s, &other);
    (void)web_ask(&other, GET("/huge"), "HTTP/1.1 503");
    for (int i = 0; i < 50; i++)
        (void)web_ask(&other, GET("/a"), "HTTP/1.1 200");
    for (size_t i = 0; i < 2; i++)
        web_close(&slow[i]);
    while (s->httpd->answers > 0)
        loop_once(s->loop);
    taken_whole(&other);
    web_close(&other);
}

int main(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    const struct CMUnitTest tests[] = {
        on(setup, a_long_answer_is_whole_and_the_connection_goes_on),
        on(setup_tls, over_tls_too),
        on(setup, head_tells_its_length_only),
        on(setup, beyond_the_bound_it_is_a_500),
        on(setup, slow_readers_block_nobody_and_are_bounded),
    };

    sigaction(SIGPIPE, &ignore, NULL);
    return run_tests(tests);
}
