/* Bytes → rows of a state file, whoever wrote them: parted by '\x1e', each KEY '\n' BYTES. Palette
 * takes them or says why not; one that goes on with them lives: its page can be drawn, its user is
 * answered, time passes, and what it writes itself can be taken again. */
#include "lib/base/text.h"
#include "mock-palette/palette.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS_MAX 64
#define TICKS    16
#define API_KEY  "fuzz-api-key"

static const struct palette_config config = {
    .seed = 1, .factor = 1, .api_key = API_KEY, .keep = true, .gateways = 4, .clusters = 8};

static bool takes(struct palette *p, const char *key, const char *bytes, size_t len)
{
    struct err e = {0};
    const bool fine = palette_row_take(p, MINUTES(5), key, bytes, len, &e) == 0;

    assert(fine || e.text[0]);
    return fine;
}

static bool rows_take(struct palette *p, const uint8_t *data, size_t size)
{
    bool fine = true;

    for (int i = 0; i < ROWS_MAX && size > 0 && fine; i++) {
        const uint8_t *end = memchr(data, '\x1e', size);
        const size_t len = end ? (size_t)(end - data) : size;
        const uint8_t *line = memchr(data, '\n', len);
        char key[48];

        fine = line && text_copy_len(key, sizeof(key), (const char *)data, (size_t)(line - data)) &&
               takes(p, key, (const char *)line + 1, len - (size_t)(line - data) - 1);
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    return fine;
}

static void ask(struct palette *p, ms_t now, const char *path, size_t door)
{
    const struct http_ctx ctx = {.now = now,
                                 .conn = 1,
                                 .peer = "203.0.113.70",
                                 .scheme = "https",
                                 .authority = "palette.example",
                                 .door = door};
    static struct http_request rq; /* once: it is large */
    struct http_reply rp;

    http_request_init(&rq);
    text_copy(rq.method, sizeof(rq.method), "GET");
    text_copy(rq.path, sizeof(rq.path), path);
    http_header_add(&rq.headers, "ApiKey", API_KEY);
    http_reply_init(&rp);
    if (door == 1)
        palette_control(p, &ctx, &rq, &rp);
    else
        palette_handle(p, &ctx, &rq, &rp);
    assert(rp.status >= 200 && rp.status <= 599);
    http_reply_drop(&rp);
    http_request_drop(&rq);
}

static void again(void *arg, const char *key, const char *bytes, size_t len)
{
    assert(takes(arg, key, bytes, len));
}

static void lives(struct palette *p)
{
    static const char *const pages[] = {"/", "/metrics"};
    static const char *const reads[] = {"/v1/overlords", "/v1/cloudaccounts/maas",
                                        "/v1/events/components", "/v1/dashboard/projects/metadata"};
    struct palette *other = palette_new(&config);
    ms_t now = MINUTES(5);

    for (int i = 0; i < TICKS && palette_due(p) != MS_NEVER; i++) {
        struct http_reply rp;

        now = ms_max(now, palette_due(p));
        http_reply_init(&rp);
        palette_tick(p, now, &rp);
        http_reply_drop(&rp);
    }
    for (size_t i = 0; i < COUNTOF(pages); i++)
        ask(p, now, pages[i], 1);
    for (size_t i = 0; i < COUNTOF(reads); i++)
        ask(p, now, reads[i], 0);
    palette_rows_all(p, again, other);
    palette_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct palette *p = palette_new(&config);
    struct err e = {0};

    if (rows_take(p, data, size) && palette_resume(p, &e) == 0)
        lives(p);
    palette_free(p);
    return 0;
}
