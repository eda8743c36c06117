/* Answers with MAAS's headers. What piston returns has an API hash and varies by both headers; what
 * is raised has neither (facts: recorded on 3.7.3). */
#include "mock-maas/model.h"

#define API_HASH "36763f1444f05f8c565d0292aabefcaa9ece4369"

static void answer(struct maas_ask *a, int status, const char *type, const char *body)
{
    buf_clear(&a->rp->headers);
    http_reply_text(a->rp, status, type, body);
    http_header_add(&a->rp->headers, "X-Frame-Options", "DENY");
}

void maas_return(struct maas_ask *a, int status, const char *type, const char *body)
{
    const bool anybody = a->route && (a->route->flags & MAAS_ANYBODY);

    answer(a, status, type, body);
    http_header_add(&a->rp->headers, "Vary", anybody ? "Authorization" : "Authorization, Cookie");
    http_header_add(&a->rp->headers, "X-Maas-Api-Hash", API_HASH);
}

void maas_return_json(struct maas_ask *a, const char *body)
{
    maas_return(a, 200, MAAS_JSON, body);
}

/* Handed over, not copied. */
void maas_return_body(struct maas_ask *a, struct buf *body)
{
    maas_return_json(a, "");
    buf_drop(&a->rp->body);
    a->rp->body = *body;
    buf_init(body, body->max);
}

void maas_raise(struct maas_ask *a, int status, const char *type, const char *body)
{
    answer(a, status, type, body);
    http_header_add(&a->rp->headers, "Vary", "Cookie");
    a->raised = true;
}

void maas_raise_text(struct maas_ask *a, int status, const char *body)
{
    maas_raise(a, status, MAAS_TEXT, body);
}

/* A form's complaint: one line, not indented. */
void maas_raise_field(struct maas_ask *a, const char *field, const char *text)
{
    struct buf body SCOPED(buf_drop) = {0};

    buf_init(&body, KIB(4));
    buf_char_add(&body, '{');
    py_text(&body, field);
    buf_text_add(&body, ": [");
    py_text(&body, text);
    buf_text_add(&body, "]}");
    maas_raise(a, 400, MAAS_JSON, buf_text(&body));
}

/* Returned, not raised: it burns the nonce. */
void maas_not_found(struct maas_ask *a, const char *model)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 128);
    buf_printf(&text, "No %s matches the given query.", model);
    maas_return(a, 404, MAAS_PLAIN, buf_text(&text));
}
