#include "tests/test.h"

#include "tests/wire/httpd_stage.h"

#include "lib/base/text.h"
#include "lib/io/clk.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DOMAIN_FACTOR 100 /* a wait of one second passes in 10 ms */

/* --- the application ------------------------------------------------------------------------- */

static void value_answer(struct app *a, struct http_reply *rp)
{
    char text[32];

    snprintf(text, sizeof(text), "value %d", a->value);
    http_reply_text(rp, 200, "text/plain", text);
}

static void change(struct app *a, ms_t now, struct http_reply *rp)
{
    struct event ev;

    a->value++;
    http_reply_touch(rp, "value");
    ev_init(&ev, EV_NOTE, now);
    ev_text_add(&ev, EVF_TEXT, "changed");
    ev_list_add(&rp->events, &ev);
}

/* /wait?N: answers when the value is above N, or after 30 s. */
static void wait_answer(struct app *a, const struct http_ctx *ctx, const struct http_request *rq,
                        struct http_reply *rp)
{
    int64_t above = 0;

    (void)text_int(rq->query, 0, INT_MAX, &above);
    if (a->value > above) {
        value_answer(a, rp);
    } else if (ctx->park_over) {
        http_reply_text(rp, 200, "text/plain", "nothing new");
    } else {
        text_copy(rp->park_key, sizeof(rp->park_key), "value");
        rp->park_ms = SECONDS(30);
    }
}

static void facts_answer(const struct http_ctx *ctx, const struct http_request *rq,
                         struct http_reply *rp)
{
    http_reply_text(rp, 200, "text/plain", "");
    buf_printf(&rp->body, "%s %s?%s\nconn=%llu peer=%s scheme=%s host=%s over=%d parked=%d\n",
               rq->method, rq->path, rq->query, (unsigned long long)ctx->conn, ctx->peer,
               ctx->scheme, ctx->authority, ctx->park_over, ctx->parked_before);
    buf_add(&rp->body, buf_text(&rq->headers), rq->headers.len);
    buf_text_add(&rp->body, "--\n");
    buf_add(&rp->body, buf_text(&rq->body), rq->body.len);
}

static void big_answer(struct http_reply *rp)
{
    http_reply_text(rp, 200, "text/plain", "");
    for (size_t i = 0; i < BIG_BYTES; i++)
        buf_char_add(&rp->body, 'x');
}

/* Its last byte is another one. */
static void long_answer(struct http_reply *rp, size_t bytes)
{
    static char some[KIB(64)];

    memset(some, 'x', sizeof(some));
    http_reply_text(rp, 200, "text/plain", "");
    buf_reserve(&rp->body, bytes < HTTP_ANSWER_MAX ? bytes : HTTP_ANSWER_MAX);
    for (size_t left = bytes - 1, n; left > 0; left -= n) {
        n = left < sizeof(some) ? left : sizeof(some);
        buf_add(&rp->body, some, n);
    }
    buf_char_add(&rp->body, 'z');
}

/* /size?N */
static void size_answer(const struct http_request *rq, struct http_reply *rp)
{
    int64_t bytes = 1;

    (void)text_int(rq->query, 1, HUGE_BYTES, &bytes);
    long_answer(rp, (size_t)bytes);
}

/* /wire?WORD: the answer suffers from that. */
static void wire_answer(const struct http_request *rq, struct http_reply *rp)
{
    static const struct {
        const char *word;
        struct http_wire wire;
    } rows[] = {{"reset", {.on = true, .reset = true}},
                {"twice", {.on = true, .twice = true}},
                {"cut", {.on = true, .cut = true, .cut_at = 20}},
                {"more", {.on = true, .length_off = 5}},
                {"less", {.on = true, .length_off = -3}},
                {"late", {.on = true, .late_ms = 50}},
                {"slow", {.on = true, .slow_bytes = 7, .slow_ms = 10}},
                {"drip", {.on = true, .slow_body = true, .slow_bytes = 1, .slow_ms = 10}}};

    http_reply_text(rp, 200, "text/plain", "0123456789");
    for (size_t i = 0; i < COUNTOF(rows); i++)
        if (text_is(rows[i].word, rq->query))
            rp->wire = rows[i].wire;
    if (text_is(rq->query, "refuse"))
        rp->refuse_ms = SECONDS(10);
}

static void on_call(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                    struct http_reply *rp)
{
    struct app *a = app;

    a->asked++;
    buf_printf(&a->story, "%s conn %llu%s\n", rq->path, (unsigned long long)ctx->conn,
               ctx->park_over       ? " over"
               : ctx->parked_before ? " again"
                                    : "");
    if (text_is(rq->path, "/wait"))
        wait_answer(a, ctx, rq, rp);
    else if (text_is(rq->path, "/change")) {
        change(a, ctx->now, rp);
        value_answer(a, rp);
    } else if (text_is(rq->path, "/big"))
        big_answer(rp);
    else if (text_is(rq->path, "/huge"))
        long_answer(rp, HUGE_BYTES);
    else if (text_is(rq->path, "/size"))
        size_answer(rq, rp);
    else if (text_is(rq->path, "/endless"))
        long_answer(rp, HTTP_ANSWER_MAX + 1);
    else if (text_is(rq->path, "/wire"))
        wire_answer(rq, rp);
    else if (text_is(rq->path, "/none"))
        rp->status = 204;
    else if (text_is(rq->path, "/lose") || text_is(rq->path, "/hang")) {
        change(a, ctx->now, rp);
        rp->lose = text_is(rq->path, "/lose");
        rp->hang = !rp->lose;
    } else
        facts_answer(ctx, rq, rp);
}

static ms_t on_due(void *app)
{
    struct app *a = app;

    return a->tick_at;
}

static void on_tick(void *app, ms_t now, struct http_reply *rp)
{
    struct app *a = app;

    a->tick_at = MS_NEVER;
    buf_printf(&a->story, "tick\n");
    change(a, now, rp);
}

/* --- the stage ------------------------------------------------------------------------------- */

static const char *in_dir(const struct stage *s, const char *name)
{
    static char path[2][PATH_MAX];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", s->dir, name);
    return path[turn];
}

static void tls_setup(struct stage *s)
{
    struct err e = {0};
    int64_t now = clk_realtime_s();

    snprintf(s->dir, sizeof(s->dir), "/tmp/httpd-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    must(tls_ca_make(s->dir, "test authority", now - 60, 2, &e), &e);
    must(tls_leaf_make(s->dir, "leaf", "palette.example,127.0.0.1", now - 60, 1, &e), &e);
    must(tls_server_new(&s->server_tls, in_dir(s, "leaf.pem"), in_dir(s, "leaf.key"), &e), &e);
    s->client_tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(s->client_tls, SSL_VERIFY_PEER, NULL);
    assert_int_equal(SSL_CTX_load_verify_locations(s->client_tls, in_dir(s, "ca.pem"), NULL), 1);
}

static void tls_teardown(struct stage *s)
{
    static const char *const files[] = {"ca.pem", "ca.key", "ca.serial", "leaf.pem", "leaf.key"};

    if (!s->server_tls)
        return;
    tls_server_free(s->server_tls);
    SSL_CTX_free(s->client_tls);
    for (size_t i = 0; i < COUNTOF(files); i++)
        unlink(in_dir(s, files[i]));
    rmdir(s->dir);
}

static bool on_point(void *arg, void *app, const char *peer, uint64_t conn,
                     const struct http_request *rq, char out[HTTPD_POINT_MAX])
{
    (void)arg;
    (void)app;
    snprintf(out, HTTPD_POINT_MAX, "%.7s %.40s?%.20s of %.40s %d", rq->method, rq->path, rq->query,
             peer, (int)conn);
    return !text_begins(rq->path, "/x");
}

static void on_words(void *app, ms_t now, const char *words, struct http_reply *rp)
{
    (void)words;
    change(app, now, rp);
}

static void on_hold(void *arg, const char *phase, const char *words)
{
    struct stage *s = arg;
    char some[64];
    bool came = recv(s->watched->fd, some, sizeof(some), MSG_PEEK | MSG_DONTWAIT) > 0;

    buf_printf(&s->phases, "%s %s value %d, %s\n", phase, words, s->app.value,
               came ? "answer" : "nothing");
    if (s->tells)
        httpd_tell(s->httpd, on_words, phase);
}

static void stage_start(struct stage *s, int pool, int conns_max)
{
    struct httpd_config c = {.name = "test", .n_listen = 1, .pool = pool, .app = &s->app};
    struct err e = {0};

    buf_init(&s->app.story, MIB(1));
    s->app.tick_at = MS_NEVER;
    must(journal_counter_new(&s->counter_fd, &e), &e);
    must(journal_ring_new(s->counter_fd, EVS_PALETTE, &s->ring_fd, &s->writer, &e), &e);
    c.handle = on_call;
    c.due = on_due;
    c.tick = on_tick;
    c.journal = s->writer;
    c.conns_max = conns_max;
    c.point = s->phases.max > 0 ? on_point : NULL;
    c.hold = s->phases.max > 0 ? on_hold : NULL;
    c.hold_arg = s;
    c.domain =
        (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = s->ctl ? 1 : DOMAIN_FACTOR};
    c.listen[0].address = "127.0.0.1";
    if (s->server_tls) {
        c.n_listen = 2;
        c.listen[1].address = "127.0.0.1";
        c.listen[1].tls = s->server_tls;
    }
    must(httpd_start(&s->httpd, s->loop, &c, &e), &e);
}

static int setup_with(void **state, int pool, bool tls, int conns_max)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct err e = {0};

    must(loop_new(&s->loop, NULL, &e), &e);
    if (tls)
        tls_setup(s);
    stage_start(s, pool, conns_max);
    *state = s;
    return 0;
}

int stage_setup(void **state)
{
    return setup_with(state, 4, false, 0);
}

int stage_setup_one(void **state)
{
    return setup_with(state, 1, false, 0);
}

int stage_setup_points(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct err e = {0};

    must(loop_new(&s->loop, NULL, &e), &e);
    buf_init(&s->phases, MIB(1));
    stage_start(s, 1, 0);
    *state = s;
    return 0;
}

int stage_setup_tls(void **state)
{
    return setup_with(state, 2, true, 0);
}

int stage_setup_few(void **state)
{
    return setup_with(state, 2, false, 3);
}

static void on_lost(void *arg, struct ctl_slot *slot, const char *why)
{
    (void)arg;
    (void)slot;
    fail_msg("%s", why);
}

int stage_setup_stepped(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct err e = {0};

    must(loop_new(&s->loop, NULL, &e), &e);
    must(ctl_new(&s->ctl, s->loop, 1782864000, 1, on_lost, s, &e), &e);
    clk_attach(ctl_own_page(s->ctl));
    stage_start(s, 1, 0);
    *state = s;
    return 0;
}

int stage_teardown(void **state)
{
    struct stage *s = *state;

    httpd_stop(s->httpd);
    ctl_free(s->ctl);
    loop_free(s->loop);
    tls_teardown(s);
    journal_ring_free(s->writer);
    close(s->counter_fd);
    close(s->ring_fd);
    buf_drop(&s->app.story);
    buf_drop(&s->phases);
    free(s);
    return 0;
}

void open_plain(struct stage *s, struct web *w)
{
    web_open(w, s->loop, httpd_port(s->httpd, 0), NULL);
}

void open_tls(struct stage *s, struct web *w)
{
    web_open(w, s->loop, httpd_port(s->httpd, 1), s->client_tls);
}

void assert_holds(const char *text, const char *wanted)
{
    if (!strstr(text, wanted))
        fail_msg("wanted: %s\nseen: %s", wanted, text);
}

void assert_holds_not(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted))
        fail_msg("unwanted: %s\nseen: %s", unwanted, text);
}

void until_parked(struct stage *s, size_t n)
{
    while (s->httpd->park.n != n)
        assert_true(loop_once(s->loop));
}
