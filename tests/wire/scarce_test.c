/* What runs out: descriptors of this process, and the room that an answer may take. Nobody spins,
 * the right one is blamed, and when there is enough again work goes on. */
#include "tests/test.h"

#include "gateway/limits.h"
#include "gateway/peek.h"
#include "lib/io/call.h"
#include "tests/wire/httpd_stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCHED_MS 700 /* longer than a pause */
#define ROUNDS_MAX 50  /* without a pause there are tens of thousands */

static struct rlimit before;

static void descriptors_end(void)
{
    int next = dup(STDOUT_FILENO);
    struct rlimit none;

    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void descriptors_return(void)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void on_over(void *arg)
{
    *(bool *)arg = true;
}

static int rounds(struct loop *l)
{
    bool over = false;
    struct loop_timer *timer = loop_timer_new(l, on_over, &over);
    int n = 0;

    loop_timer_set(timer, loop_now(l) + WATCHED_MS);
    while (!over) { /* on_over sets it */
        loop_once(l);
        n++;
    }
    loop_timer_free(&timer);
    return n;
}

/* --- who waits at a door --------------------------------------------------------------------- */

static void a_server_without_descriptors_pauses_and_serves_who_waited(void **state)
{
    struct stage *s = *state;
    struct web w;

    open_plain(s, &w); /* in the kernel's queue: nobody took it yet */
    descriptors_end();
    web_say(&w, GET("/none"));
    assert_in_range(rounds(s->loop), 1, ROUNDS_MAX);
    descriptors_return();
    assert_holds(web_answer(&w, false), "HTTP/1.1 204");
    web_close(&w);
}

/* One of its own clients leaves: what that one had is free at once. */
static void a_server_takes_the_descriptor_of_who_leaves(void **state)
{
    struct stage *s = *state;
    struct web first, second;

    open_plain(s, &first);
    (void)web_ask(&first, GET("/none"), "HTTP/1.1 204");
    open_plain(s, &second);
    descriptors_end();
    web_say(&second, GET("/none"));
    assert_in_range(rounds(s->loop), 1, ROUNDS_MAX);
    web_close(&first); /* its end, and with it the server's */
    assert_holds(web_answer(&second, false), "HTTP/1.1 204");
    descriptors_return();
    web_close(&second);
}

static const struct watch *nothing(void *arg)
{
    return arg;
}

static void a_look_without_descriptors_pauses_and_answers_who_waited(void **state)
{
    struct stage *s = *state;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct watch watch = {.now = 0};
    struct peek *p = NULL;
    char where[128], answer[64] = "";
    struct err e;
    int fd;

    snprintf(to.sun_path, sizeof(to.sun_path), "/tmp/scarce_test.%d", (int)getpid());
    snprintf(where, sizeof(where), "unix:%s", to.sun_path);
    must(peek_open(&p, s->loop, where, nothing, &watch, &e), &e);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(write(fd, GET("/healthz"), strlen(GET("/healthz"))), strlen(GET("/healthz")));
    descriptors_end();
    assert_in_range(rounds(s->loop), 1, ROUNDS_MAX);
    descriptors_return();
    for (int i = 0; i < ROUNDS_MAX && recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) < 0; i++)
        loop_once(s->loop);
    assert_holds(answer, "HTTP/1.1 503 Service Unavailable");
    close(fd);
    peek_close(p);
}

/* --- who asks -------------------------------------------------------------------------------- */

struct asking {
    struct dns *dns;
    struct caller *caller;
    bool done, out_of_files;
    enum http_outcome outcome;
    size_t len;
    char why[HTTP_WHY_MAX];
};

static void on_done(void *arg, const struct http_result *r)
{
    struct asking *a = arg;

    a->done = true;
    a->outcome = r->outcome;
    a->len = r->body.len;
    http_why_write(r, "", a->why);
}

static void asking_begin(struct stage *s, struct asking *a)
{
    const struct call_config config = {.user_agent = "scarce_test"};
    struct err e;

    *a = (struct asking){0};
    must(dns_new(&a->dns, s->loop, &e), &e);
    must(caller_new(&a->caller, s->loop, a->dns, &config, &e), &e);
}

static enum http_outcome asked(struct stage *s, struct asking *a, const char *path)
{
    struct http_call rq;

    http_call_init(&rq, "GET");
    rq.timeout_ms = SECONDS(60);
    buf_printf(&rq.url, "http://127.0.0.1:%d%s", httpd_port(s->httpd, 0), path);
    a->done = false;
    (void)call_start(a->caller, &rq, on_done, a);
    http_call_drop(&rq);
    while (!a->done)
        loop_once(s->loop);
    return a->outcome;
}

static void asking_end(struct asking *a)
{
    caller_free(a->caller);
    dns_free(a->dns);
}

static void a_call_without_descriptors_blames_its_own_process(void **state)
{
    struct stage *s = *state;
    struct asking a;

    asking_begin(s, &a);
    descriptors_end();
    assert_int_equal(asked(s, &a, "/none"), HTTP_NO_CONNECT);
    assert_holds(a.why, "this process has as many files open as it may; raise its limit");
    descriptors_return();
    assert_int_equal(asked(s, &a, "/none"), HTTP_ANSWERED);
    asking_end(&a);
}

/* GP-28: an answer is 4 MiB at most. */
static void an_answer_of_the_bound_is_taken_and_one_byte_more_is_not(void **state)
{
    struct stage *s = *state;
    struct asking a;
    char path[64];

    asking_begin(s, &a);
    snprintf(path, sizeof(path), "/size?%llu", (unsigned long long)HTTP_BODY_MAX);
    assert_int_equal(asked(s, &a, path), HTTP_ANSWERED);
    assert_int_equal(a.len, HTTP_BODY_MAX);
    snprintf(path, sizeof(path), "/size?%llu", (unsigned long long)HTTP_BODY_MAX + 1);
    assert_int_equal(asked(s, &a, path), HTTP_BROKEN);
    assert_int_equal(asked(s, &a, "/none"), HTTP_ANSWERED);
    asking_end(&a);
}

/* --- what a gateway begins with -------------------------------------------------------------- */

static int raised_to(rlim_t soft, rlim_t hard)
{
    const struct rlimit files = {.rlim_cur = soft, .rlim_max = hard};
    struct rlimit now;
    char remark[512];
    struct err e;
    int r;

    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return 100;
    r = limits_raise(remark, sizeof(remark), &e);
    if (r < 0)
        return r == -EMFILE && strstr(e.text, "raise the limit (LimitNOFILE=") ? 1 : 101;
    (void)getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur < LIMITS_FILES_MAX)
        return strstr(remark, "raise the limit (LimitNOFILE=") ? 2 : 102;
    return *remark ? 103 : 3;
}

/* In a child: a hard limit never comes back. */
static void a_limit_is_raised_remarked_or_refused(void **state)
{
    static const struct {
        rlim_t soft, hard;
        int end;
    } cases[] = {{20, 20, 1}, {20, 100, 2}, {20, 4096, 3}, {1024, 4096, 3}};
    int status;

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(raised_to(cases[i].soft, cases[i].hard));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), cases[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on(setup, a_server_without_descriptors_pauses_and_serves_who_waited),
        on(setup, a_server_takes_the_descriptor_of_who_leaves),
        on(setup, a_look_without_descriptors_pauses_and_answers_who_waited),
        on(setup, a_call_without_descriptors_blames_its_own_process),
        on(setup, an_answer_of_the_bound_is_taken_and_one_byte_more_is_not),
        test(a_limit_is_raised_remarked_or_refused),
    };

    return run_tests(tests);
}
