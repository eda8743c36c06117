/* Bytes → lines for the control doors of both mocks, one wish a line. What is no wish is refused
 * and changes nothing that a client sees; after any of them each mock answers a call in whole, by
 * the fault that was wished or as ever, and its page and figures can be drawn. */
#include "lib/base/text.h"
#include "mock-maas/maas.h"
#include "mock-palette/palette.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 256
#define LINE_MAX  256 /* as the doors read them */

typedef void handle_fn(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                       struct http_reply *rp);

static void ask(handle_fn *handle, void *app, ms_t now, const char *path, size_t door)
{
    const struct http_ctx ctx = {.now = now,
                                 .conn = 1,
                                 .peer = "203.0.113.70",
                                 .scheme = "http",
                                 .authority = "mock",
                                 .door = door};
    static struct http_request rq; /* once: it is large */
    struct http_reply rp;

    http_request_init(&rq);
    text_copy(rq.method, sizeof(rq.method), "GET");
    text_copy(rq.path, sizeof(rq.path), path);
    http_reply_init(&rp);
    handle(app, &ctx, &rq, &rp);
    assert(rp.hang || rp.lose || (rp.status >= 200 && rp.status <= 599));
    for (size_t i = 0; i < rp.events.n; i++)
        assert(ev_missing(ev_list_at(&rp.events, i)) == NULL);
    http_reply_drop(&rp);
    http_request_drop(&rq);
}

static void wish(struct palette *p, struct maas *m, ms_t now, const char *line)
{
    struct http_reply rp[2];

    for (int i = 0; i < 2; i++)
        http_reply_init(&rp[i]);
    if (!palette_do(p, now, line, &rp[0]))
        assert(rp[0].events.n == 0 && rp[0].refuse_ms == 0 && !rp[0].drop);
    (void)maas_told(m, now, line, &rp[1]);
    for (int i = 0; i < 2; i++) {
        assert(rp[i].refuse_ms >= 0);
        for (size_t k = 0; k < rp[i].events.n; k++)
            assert(ev_missing(ev_list_at(&rp[i].events, k)) == NULL);
        http_reply_drop(&rp[i]);
    }
}

static void control(void *app, const struct http_ctx *ctx, const struct http_request *rq,
                    struct http_reply *rp)
{
    palette_control(app, ctx, rq, rp);
}

static void look(struct palette *p, struct maas *m, ms_t now)
{
    static const char *const pages[] = {"/", "/metrics"};

    ask(palette_handle, p, now, "/v1/overlords", 0);
    ask(maas_handle, m, now, "/MAAS/api/2.0/version/", 0);
    for (size_t i = 0; i < COUNTOF(pages); i++) {
        ask(control, p, now, pages[i], 1);
        ask(maas_handle, m, now, pages[i], 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct palette_config c = {
        .seed = 1, .factor = 1, .api_key = "fuzz-api-key", .authority = true};
    static const struct maas_config world = {
        .seed = 1, .factor = 1, .n_machines = 2, .authority = true};
    struct palette *p = palette_new(&c);
    struct maas *m = maas_new(&world);
    char line[LINE_MAX];
    ms_t now = 1000;

    for (int i = 0; i < LINES_MAX && size > 0; i++) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t len = end ? (size_t)(end - data) : size;

        if (memchr(data, 0, len) == NULL &&
            text_copy_len(line, sizeof(line), (const char *)data, len))
            wish(p, m, now += SECONDS(1), line);
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    look(p, m, now);
    palette_free(p);
    maas_free(m);
    return 0;
}
