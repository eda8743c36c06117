/* Bytes → an Authorization header, a query and a form, parted by lines, asked of a MAAS that knows
 * one key. A request that is let in had that key's token and its secret. */
#include "lib/base/text.h"
#include "mock-maas/model.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN  "fuzztoken"
#define SECRET "fuzzsecret0000000000000000000000"

static const char *line(const char *text, char *out, size_t size)
{
    const size_t len = strcspn(text, "\n");

    text_copy_len(out, size, text, len);
    return text + len + (text[len] == '\n');
}

static void ask(struct maas *m, const char *text)
{
    const struct http_ctx ctx = {.conn = 1, .peer = "::1", .scheme = "http", .authority = "h"};
    char header[4096], query[1024];
    struct http_request rq;
    struct http_reply rp;
    bool in;

    http_request_init(&rq);
    http_reply_init(&rp);
    text = line(text, header, sizeof(header));
    text = line(text, query, sizeof(query));
    text_copy(rq.method, sizeof(rq.method), *text ? "POST" : "GET");
    text_copy(rq.path, sizeof(rq.path), "/MAAS/api/2.0/users/");
    text_copy(rq.query, sizeof(rq.query), query);
    http_header_add(&rq.headers, "Authorization", header);
    http_header_add(&rq.headers, "Content-Type", "application/x-www-form-urlencoded");
    buf_text_add(&rq.body, text);
    maas_handle(m, &ctx, &rq, &rp);
    in = rp.status == 200 || (rp.status == 400 && !strstr(buf_text(&rp.body), "timestamp"));
    /* By HMAC the secret itself is not sent. */
    assert(!in || strstr(header, "HMAC") || strstr(query, "oauth") ||
           (strstr(header, "fuzz") != NULL));
    assert(rp.status >= 200 && rp.status < 600);
    http_reply_drop(&rp);
    http_request_drop(&rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct maas_config c = {
        .seed = 1,
        .epoch_s = 1782864000,
        .factor = 10000,
        .n_users = 1,
        .users = {{.name = "admin", .key = "fuzzconsumer:" TOKEN ":" SECRET, .superuser = true}}};
    struct buf text SCOPED(buf_drop) = {0};
    static struct maas *m; /* one for all runs: making it is what costs */

    buf_init(&text, KIB(16));
    buf_add(&text, data, size);
    if (!m)
        m = maas_new(&c);
    ask(m, buf_text(&text));
    return 0;
}
