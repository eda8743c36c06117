/* Framing of requests: any bytes, in any pieces, give the same requests or the same refusal, and
 * what comes out keeps the promises of lib/io/edge_http.h. */
#include "lib/io/edge_http.h"

#include "lib/io/httpd.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define FUZZ_BODY_MAX   KIB(64)
#define FUZZ_OUTPUT_MAX MIB(4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void header_check(const char *line, size_t len)
{
    static const char *const never[] = {"x-gp-edge-",  "content-length:", "transfer-encoding:",
                                        "connection:", "upgrade:",        "expect:"};

    assert(memchr(line, ':', len) != NULL);
    for (size_t i = 0; i < COUNTOF(never); i++)
        assert(strncasecmp(line, never[i], strlen(never[i])) != 0);
}

static void request_check(const struct edge_request *rq)
{
    const char *target = buf_text(&rq->target), *line = buf_text(&rq->headers);
    int n_hosts = 0;

    assert(rq->method[0] != '\0');
    assert(target[0] == '/' || strcmp(target, "*") == 0);
    assert(strlen(target) == rq->target.len && !strpbrk(target, " \r\n\t#"));
    assert(strlen(line) == rq->headers.len && rq->body.len <= FUZZ_BODY_MAX);
    while (*line) {
        const char *end = strstr(line, "\r\n");

        assert(end != NULL);
        header_check(line, (size_t)(end - line));
        n_hosts += strncasecmp(line, "host:", 5) == 0;
        line = end + 2;
    }
    assert(n_hosts <= 1 && (n_hosts == 1 || rq->http10));
}

/* Everything the bytes mean, as text; `step` bytes at a time. */
static void read_all(const char *bytes, size_t len, size_t step, struct buf *out)
{
    struct edge_framer f;
    size_t at = 0;

    edge_framer_init(&f, HTTP_HEADERS_MAX, FUZZ_BODY_MAX);
    while (at < len) {
        size_t piece = len - at < step ? len - at : step, used = 0;
        enum edge_fed fed = edge_framer_feed(&f, bytes + at, piece, &used);

        assert(used <= piece);
        if (fed == EDGE_REFUSE) {
            assert(f.status >= 400 && f.status <= 599 && f.why != NULL);
            buf_text_add(out, "refused\n"); /* for which of two reasons depends on the pieces */
            break;
        }
        at += used;
        assert(fed == EDGE_REQUEST || used == piece);
        if (fed != EDGE_REQUEST)
            continue;
        request_check(&f.rq);
        buf_printf(out, "%s %s %d%d%d\n%s\n", f.rq.method, buf_text(&f.rq.target), f.rq.head_only,
                   f.rq.http10, f.rq.keep_alive, buf_text(&f.rq.headers));
        buf_add(out, buf_text(&f.rq.body), f.rq.body.len);
        edge_framer_next(&f);
    }
    edge_framer_drop(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {SIZE_MAX, 1, 7};
    struct buf seen[COUNTOF(steps)];

    for (size_t i = 0; i < COUNTOF(steps); i++) {
        buf_init(&seen[i], FUZZ_OUTPUT_MAX);
        read_all((const char *)data, size, steps[i], &seen[i]);
        assert(seen[i].len == seen[0].len);
        assert(memcmp(buf_text(&seen[i]), buf_text(&seen[0]), seen[0].len) == 0);
    }
    for (size_t i = 0; i < COUNTOF(steps); i++)
        buf_drop(&seen[i]);
    return 0;
}
