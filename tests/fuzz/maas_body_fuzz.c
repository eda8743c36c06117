/* Bytes → the body of a form: the first line is its Content-Type, the rest the body. Whatever it
 * is, there is an answer and what was read stays within its bounds. Three readers are behind it:
 * url-encoded, multipart with base64 parts, JSON. */
#include "lib/base/text.h"
#include "mock-maas/model.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct maas_ask *a)
{
    assert(a->form.n <= PAIRS_MAX && a->n_uploads <= MAAS_UPLOADS_MAX);
    for (size_t i = 0; i < a->form.n; i++) {
        assert(a->form.at[i].value != NULL);
        assert(strlen(a->form.at[i].value) <= a->rq->body.len * 6 + 64);
    }
    for (size_t i = 0; i < a->n_uploads; i++)
        assert(a->uploads[i].bytes.len <= a->rq->body.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const text = (const char *)data;
    const char *const end = memchr(data, '\n', size);
    const size_t head = end ? (size_t)(end - text) : size;
    struct http_request rq;
    struct maas_ask a = {.rq = &rq};
    char type[256];

    http_request_init(&rq);
    if (text_copy_len(type, sizeof(type), text, head) && strlen(type) == head &&
        http_header_add(&rq.headers, "Content-Type", type)) {
        if (end)
            buf_add(&rq.body, end + 1, size - head - 1);
        maas_body_read(&a);
        check(&a);
        if (maas_has_type(&a, "application/json"))
            maas_json_read(&a);
        check(&a);
        maas_body_drop(&a);
    }
    http_request_drop(&rq);
    return 0;
}
