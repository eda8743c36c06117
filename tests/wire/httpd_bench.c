/* A server for measuring, run by hand (docs/decisions/0002): 2 KB of constant JSON through the
 * edge, plain and TLS, and from civetweb directly; /wait parks. One event a request goes to the
 * journal.
 *
 *   ninja -C build/release httpd_bench && build/release/tests/httpd_bench POOL [CERT KEY]
 *
 * It prints the ports and serves until it is killed. */
#include "lib/base/text.h"
#include "lib/io/httpd.h"

#include <civetweb.h>
#include <stdio.h>
#include <string.h>

#define BENCH_BODY_BYTES 2048
#define BENCH_DRAIN_MS   20

struct bench {
    char body[BENCH_BODY_BYTES + 1];
    struct journal_ring *ring;
    struct ev_list drained;
    struct loop *loop;
    struct loop_timer *drain;
};

static void on_call(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                    struct http_reply *rp)
{
    struct bench *b = app;
    struct event ev;

    if (text_is(rq->path, "/wait") && !ctx->parked_before) {
        text_copy(rp->park_key, sizeof(rp->park_key), "bench");
        rp->park_ms = SECONDS(30);
        return;
    }
    if (text_is(rq->path, "/change"))
        http_reply_touch(rp, "bench");
    ev_init(&ev, EV_NOTE, ctx->now);
    ev_text_add(&ev, EVF_TEXT, "asked");
    ev_list_add(&rp->events, &ev);
    http_reply_text(rp, 200, "application/json", b->body);
}

static int on_direct(struct mg_connection *mc, void *arg)
{
    const struct bench *b = arg;
    char out[BENCH_BODY_BYTES + 256];
    int n = snprintf(out, sizeof(out),
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     BENCH_BODY_BYTES, b->body);

    (void)mg_write(mc, out, (size_t)n);
    return 200;
}

static int direct_start(struct bench *b)
{
    static const char *options[] = {"listening_ports",
                                    "127.0.0.1:0",
                                    "num_threads",
                                    "17",
                                    "enable_keep_alive",
                                    "yes",
                                    "keep_alive_timeout_ms",
                                    "5000",
                                    "tcp_nodelay",
                                    "1",
                                    NULL};
    struct mg_callbacks none = {0};
    struct mg_server_port port = {0};
    struct mg_context *ctx = mg_start(&none, NULL, options);

    if (!ctx || mg_get_server_ports(ctx, 1, &port) != 1)
        return -1;
    mg_set_request_handler(ctx, "/", on_direct, b);
    return port.port;
}

static void on_drain(void *arg)
{
    struct bench *b = arg;

    (void)journal_take(b->ring, &b->drained);
    ev_list_clear(&b->drained);
    loop_timer_set(b->drain, loop_now(b->loop) + BENCH_DRAIN_MS);
}

static int bench_start(struct bench *b, int pool, struct tls_server *tls, struct err *e)
{
    struct httpd_config c = {.name = "bench", .n_listen = tls ? 2 : 1, .pool = pool, .app = b};
    struct httpd *h = NULL;
    int counter_fd, ring_fd, r;

    if (loop_new(&b->loop, NULL, e) < 0 || journal_counter_new(&counter_fd, e) < 0 ||
        journal_ring_new(counter_fd, EVS_MAAS, &ring_fd, &b->ring, e) < 0)
        return -1;
    b->drain = loop_timer_new(b->loop, on_drain, b);
    on_drain(b);
    c.handle = on_call;
    c.journal = b->ring;
    c.domain = (struct clk_domain){.start_ns = clk_monotonic_ns(), .factor = 1};
    c.listen[0].address = c.listen[1].address = "127.0.0.1";
    c.listen[1].tls = tls;
    r = httpd_start(&h, b->loop, &c, e);
    if (r == 0)
        printf("edge %d tls %d direct %d\n", httpd_port(h, 0), tls ? httpd_port(h, 1) : 0,
               direct_start(b));
    return r;
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct tls_server *tls = NULL;
    struct err e = {0};
    int64_t pool = 4;

    if (argc > 1 && !text_int(argv[1], 1, 16, &pool))
        return 2;
    memset(b.body, 'x', BENCH_BODY_BYTES);
    ev_list_init(&b.drained);
    if ((argc > 3 && tls_server_new(&tls, argv[2], argv[3], &e) < 0) ||
        bench_start(&b, (int)pool, tls, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    fflush(stdout);
    loop_run(b.loop);
    return 0;
}
