/* Answers: what Palette's clients insist on is the exact status and application/json. */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdarg.h>

#define JSON "application/json"

void pal_refuse(struct pal_ask *a, int status, const char *code, const char *fmt, ...)
{
    struct buf message SCOPED(buf_drop) = {0}, body SCOPED(buf_drop) = {0};
    va_list args;

    buf_init(&message, PAL_MESSAGE_MAX);
    buf_init(&body, KIB(16));
    va_start(args, fmt);
    buf_vprintf(&message, fmt, args);
    va_end(args);
    buf_text_add(&body, "{\"code\":");
    jx_write_text(&body, code);
    buf_text_add(&body, ",\"message\":");
    jx_write_text(&body, buf_text(&message));
    buf_printf(&body, ",\"details\":{},\"ref\":\"ref-%" PRIu64 "\"}", ++a->p->refs);
    http_reply_text(a->rp, status, JSON, buf_text(&body));
    text_copy(a->code, sizeof(a->code), code);
}

void pal_answer(struct pal_ask *a, int status, const char *json)
{
    if (json)
        http_reply_text(a->rp, status, JSON, json);
    else
        a->rp->status = status;
}

void pal_answer_uid(struct pal_ask *a, const char *uid)
{
    struct buf body SCOPED(buf_drop) = {0};
    char audit[PAL_UID_MAX];

    buf_init(&body, 256);
    buf_printf(&body, "{\"uid\":\"%s\"}", uid);
    pal_answer(a, 201, buf_text(&body));
    pal_uid_make(a->p, audit);
    http_header_add(&a->rp->headers, "AuditUid", audit);
}

static bool is_json(const struct pal_ask *a)
{
    char type[128];

    return http_header_get(&a->rq->headers, "Content-Type", type, sizeof(type)) &&
           text_begins(type, JSON) &&
           (type[sizeof(JSON) - 1] == '\0' || type[sizeof(JSON) - 1] == ';' ||
            type[sizeof(JSON) - 1] == ' ');
}

bool pal_body(struct pal_ask *a, const struct jx_field *fields, size_t n, void *out)
{
    struct err e = {0};

    if (!is_json(a)) {
        pal_refuse(a, 400, "InvalidRequest", "Content-Type must be application/json.");
        return false;
    }
    if (jx_read(buf_text(&a->rq->body), a->rq->body.len, fields, n, 0, out, &e) < 0) {
        pal_refuse(a, 400, "InvalidRequest", "%s", e.text);
        return false;
    }
    return true;
}
