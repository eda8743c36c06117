/* Answers: what Palette's clients insist on is the exact status and application/json. */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <inttypes.h>

#define JSON "application/json"

void pal_refuse_as(struct pal_ask *a, int status, const char *code, const char *message)
{
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, KIB(16));
    buf_text_add(&body, "{\"code\":");
    jx_write_text(&body, code);
    buf_text_add(&body, ",\"message\":");
    jx_write_text(&body, message);
    buf_printf(&body, ",\"details\":{},\"ref\":\"ref-%" PRIu64 "\"}", ++a->p->refs);
    http_reply_text(a->rp, status, JSON, buf_text(&body));
    text_copy(a->code, sizeof(a->code), code);
}

void pal_refuse(struct pal_ask *a, enum pal_no no, const char *text)
{
    const struct pal_refusal *row = &pal_refusals[no];
    struct buf message SCOPED(buf_drop) = {0};

    buf_init(&message, PAL_MESSAGE_MAX);
    buf_text_add(&message, row->message);
    buf_text_add(&message, text);
    pal_refuse_as(a, row->status, row->code, buf_text(&message));
}

static void journal_breach(struct pal_ask *a, const struct pal_refusal *row, bool passes)
{
    struct event e;

    ev_init(&e, EV_PAL_BREACH, a->ctx->now);
    ev_text_add(&e, EVF_WHO, a->who == PAL_AGENT ? "agent" : "gateway");
    ev_text_add(&e, EVF_UID, a->uid);
    ev_text_add(&e, EVF_OP, a->op);
    ev_text_add(&e, EVF_KIND, passes ? "passed" : "refused");
    ev_text_add(&e, EVF_WHY, row->clauses);
    pal_cluster_call_add(a, &e);
    ev_text_add(&e, EVF_TEXT, row->message);
    ev_list_add(&a->rp->events, &e);
}

/* Says that a gateway or an agent broke the profile; whether it is let pass. */
static bool breach_passes(struct pal_ask *a, enum pal_no no)
{
    const struct pal_refusal *row = &pal_refusals[no];
    const bool passes = row->how == PAL_MILD && a->p->config.lenient;

    if (row->how == PAL_PLAIN || (a->who != PAL_GATEWAY && a->who != PAL_AGENT))
        return false;
    journal_breach(a, row, passes);
    return passes;
}

bool pal_no(struct pal_ask *a, enum pal_no no, bool holds)
{
    return pal_no_text(a, no, holds, "");
}

bool pal_no_text(struct pal_ask *a, enum pal_no no, bool holds, const char *text)
{
    if (!holds || !pal_bites(no) || breach_passes(a, no))
        return false;
    pal_refuse(a, no, text);
    return true;
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

    if (pal_no(a, PAL_NO_CONTENT_TYPE, !is_json(a)))
        return false;
    if (jx_read(buf_text(&a->rq->body), a->rq->body.len, fields, n, 0, out, &e) < 0) {
        pal_no_text(a, PAL_NO_BODY_FORM, true, e.text);
        return false;
    }
    return true;
}
