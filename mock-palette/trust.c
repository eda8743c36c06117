/* Certificates of the tenant: authorities that clusters are to trust besides the anchors they get
 * anyway. A private key goes in and never comes out. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

#define CERT_MAX KIB(16)

struct cert {
    char *certificate, *key;
    bool is_ca;
};
static const struct jx_field cert_fields[] = {
    JX_OWNED(struct cert, certificate, "certificate", JX_MUST, CERT_MAX),
    JX_OWNED(struct cert, key, "key", 0, CERT_MAX),
    JX_BOOL(struct cert, is_ca, "isCA", 0),
};

static void cert_drop(struct cert *c)
{
    jx_drop(cert_fields, COUNTOF(cert_fields), c);
}

static bool tenant_is_known(struct pal_ask *a)
{
    return !pal_no(a, PAL_NO_TENANT_UNKNOWN,
                   !text_is(http_var(&a->vars, "tenantUid"), a->p->tenant_uid));
}

static struct pal_doc *cert_of(struct pal_ask *a)
{
    struct pal_doc *d = NULL;

    if (tenant_is_known(a)) {
        d = pal_doc_find(a, PAL_DOC_CERT, "", http_var(&a->vars, "certificateUid"));
        pal_no(a, PAL_NO_DOCUMENT_UNKNOWN, !d);
    }
    return d;
}

/* Reads the document and looks whether its spec is a certificate. */
static bool cert_read(struct pal_ask *a, struct pal_doc_in *ret)
{
    struct cert c SCOPED(cert_drop) = {.key = NULL};
    bool fine;

    if (!pal_doc_read(a, ret))
        return false;
    fine = ret->spec && jx_read(ret->spec, strlen(ret->spec), cert_fields, COUNTOF(cert_fields), 0,
                                &c, NULL) == 0;
    return !pal_no(a, PAL_NO_CERT_FORM,
                   !fine || !strstr(c.certificate, "-----BEGIN CERTIFICATE-----"));
}

static void cert_write(const struct pal_ask *a, const struct pal_doc *d, struct buf *out)
{
    struct cert c SCOPED(cert_drop) = {.key = NULL};

    if (jx_read(d->spec, strlen(d->spec), cert_fields, COUNTOF(cert_fields), 0, &c, NULL) < 0)
        WRONG("a certificate is kept that was not read");
    buf_char_add(out, '{');
    pal_doc_meta_write(a, d, out);
    buf_text_add(out, ",\"spec\":{");
    pal_member(out, "certificate", c.certificate);
    buf_printf(out, ",\"isCA\":%s,\"key\":\"%s\"}}", c.is_ca ? "true" : "false",
               c.key && c.key[0] ? PAL_MASKED : "");
}

/* Whoever reads the list of a gateway finds the new anchors in it. */
static void changed(struct pal_ask *a)
{
    for (size_t i = 0; i < a->p->n_gateways; i++)
        pal_feed_changed(&a->p->gateways[i], a->rp);
}

void pal_anchors_write(const struct palette *p, struct buf *out)
{
    if (p->agent_ca)
        buf_text_add(out, p->agent_ca);
    for (size_t i = 0; i < p->pub->n_docs; i++) {
        const struct pal_doc *d = &p->pub->docs[i];
        struct cert c SCOPED(cert_drop) = {.key = NULL};

        if (d->uid[0] && d->kind == PAL_DOC_CERT &&
            jx_read(d->spec, strlen(d->spec), cert_fields, COUNTOF(cert_fields), 0, &c, NULL) ==
                0 &&
            c.is_ca)
            buf_text_add(out, c.certificate);
    }
}

/* GET /v1/tenants/{tenantUid}/assets/certs: no listmeta here. */
void pal_certs(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    size_t n = 0;

    if (!tenant_is_known(a))
        return;
    buf_init(&body, HTTP_BODY_MAX);
    buf_text_add(&body, "{\"items\":[");
    for (const struct pal_doc *d = NULL; (d = pal_doc_next(a, PAL_DOC_CERT, "", d)) != NULL;) {
        buf_text_add(&body, n++ ? "," : "");
        cert_write(a, d, &body);
    }
    buf_text_add(&body, "]}");
    pal_answer_body(a, &body);
}

void pal_cert_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    const struct pal_doc *d;

    if (!tenant_is_known(a) || !cert_read(a, &in))
        return;
    d = pal_doc_make(a, PAL_DOC_CERT, "", &in);
    if (!d)
        return;
    changed(a);
    pal_answer_uid(a, d->uid);
}

void pal_cert(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_doc *d = cert_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!d)
        return;
    buf_init(&body, MIB(1));
    cert_write(a, d, &body);
    pal_answer_body(a, &body);
}

void pal_cert_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    struct pal_doc *d = cert_of(a);

    if (!d || !cert_read(a, &in))
        return;
    pal_doc_change(d, &in);
    changed(a);
    pal_answer(a, 204, NULL);
}

void pal_cert_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc *d = cert_of(a);

    if (!d)
        return;
    pal_doc_remove(d);
    changed(a);
    pal_answer(a, 204, NULL);
}
