/* The edge stops exactly where it says: before anything is done, before a byte of the answer has
 * left, and when the client's kernel has it. */
#include "tests/test.h"

#include "tests/wire/httpd_stage.h"

static void watch(struct stage *s, struct web *w)
{
    open_plain(s, w);
    s->watched = w;
}

static void a_request_is_stopped_before_and_after_it_is_done_and_when_it_is_answered(void **state)
{
    struct stage *s = *state;
    struct web w;

    watch(s, &w);
    web_ask(&w, POST("/change?a=1"), "HTTP/1.1 200");
    assert_text(buf_text(&s->phases), "asked POST /change?a=1 of 127.0.0.1 1 value 0, nothing\n"
                                      "done POST /change?a=1 of 127.0.0.1 1 value 1, nothing\n"
                                      "answered POST /change?a=1 of 127.0.0.1 1 value 1, answer\n");
    web_close(&w);
}

static void what_is_not_wanted_is_not_stopped(void **state)
{
    struct stage *s = *state;
    struct web w;

    watch(s, &w);
    web_ask(&w, GET("/x"), "HTTP/1.1 200");
    assert_text(buf_text(&s->phases), "");
    web_close(&w);
}

static void an_answer_that_is_lost_is_never_answered(void **state)
{
    struct stage *s = *state;
    struct web w;

    watch(s, &w);
    web_say(&w, POST("/lose"));
    web_until_end(&w);
    assert_text(buf_text(&s->phases), "asked POST /lose? of 127.0.0.1 1 value 0, nothing\n"
                                      "done POST /lose? of 127.0.0.1 1 value 1, nothing\n");
    web_close(&w);
}

/* Asked once, though it is put to the application twice. */
static void a_parked_request_is_done_when_its_answer_is_made(void **state)
{
    struct stage *s = *state;
    struct web w, other;

    watch(s, &w);
    web_say(&w, GET("/wait?0"));
    until_parked(s, 1);
    assert_text(buf_text(&s->phases), "asked GET /wait?0 of 127.0.0.1 1 value 0, nothing\n");
    buf_clear(&s->phases);
    s->app.value = 7; /* nobody was told: it still waits */
    open_plain(s, &other);
    web_ask(&other, POST("/change"), "HTTP/1.1 200");
    (void)web_answer(&w, false);
    assert_holds(buf_text(&s->phases), "done GET /wait?0 of 127.0.0.1 1 value 8, nothing\n"
                                       "answered GET /wait?0 of 127.0.0.1 1 value 8, answer\n");
    assert_holds_not(buf_text(&s->phases), "asked GET /wait");
    web_close(&other);
    web_close(&w);
}

/* A fault that is armed at `asked` hits this very request; one that changes something wakes whoever
 * waits for it, afterwards. */
static void what_is_told_at_a_phase_is_done_before_the_next_one(void **state)
{
    struct stage *s = *state;
    struct web w;

    watch(s, &w);
    s->tells = true;
    assert_holds(web_ask(&w, GET("/wait?0"), "HTTP/1.1 200"), "value 1");
    assert_text(buf_text(&s->phases), "asked GET /wait?0 of 127.0.0.1 1 value 0, nothing\n"
                                      "done GET /wait?0 of 127.0.0.1 1 value 1, nothing\n"
                                      "answered GET /wait?0 of 127.0.0.1 1 value 2, answer\n");
    assert_int_equal(s->app.value, 3);
    web_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on(setup_points, a_request_is_stopped_before_and_after_it_is_done_and_when_it_is_answered),
        on(setup_points, what_is_not_wanted_is_not_stopped),
        on(setup_points, an_answer_that_is_lost_is_never_answered),
        on(setup_points, a_parked_request_is_done_when_its_answer_is_made),
        on(setup_points, what_is_told_at_a_phase_is_done_before_the_next_one),
    };

    return run_tests(tests);
}
