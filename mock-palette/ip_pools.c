/* Pools of addresses of a gateway (v1IpPools). MAAS hands addresses out itself, so that they are
 * kept and shown and nothing is taken from them. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

static const char *owner_of(struct pal_ask *a)
{
    const struct pal_gateway *g = pal_gateway_find(a->p, http_var(&a->vars, "uid"));

    return pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !g || g->state == PAL_DELETED) ? NULL : g->uid;
}

static struct pal_doc *pool_of(struct pal_ask *a)
{
    const char *owner = owner_of(a);
    struct pal_doc *d =
        owner ? pal_doc_find(a, PAL_DOC_IP_POOL, owner, http_var(&a->vars, "poolUid")) : NULL;

    if (owner)
        pal_no(a, PAL_NO_DOCUMENT_UNKNOWN, !d);
    return d;
}

/* `spec` is a v1IpPoolInputEntity's: its pool goes back with what this Palette knows of its use. */
static void pool_write(const struct pal_ask *a, const struct pal_doc *d, struct buf *out)
{
    buf_char_add(out, '{');
    pal_doc_meta_write(a, d, out);
    buf_printf(out, ",\"spec\":%s,", d->spec ? d->spec : "{}");
    buf_text_add(out, "\"status\":{\"allottedIps\":[],\"associatedClusters\":[],"
                      "\"availableIps\":[],\"inUse\":false}}");
}

/* GET /v1/overlords/maas/{uid}/pools: no listmeta here. */
void pal_ip_pools(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const char *owner = owner_of(a);
    struct buf body SCOPED(buf_drop) = {0};
    size_t n = 0;

    if (!owner)
        return;
    buf_init(&body, HTTP_BODY_MAX);
    buf_text_add(&body, "{\"items\":[");
    for (const struct pal_doc *d = NULL;
         (d = pal_doc_next(a, PAL_DOC_IP_POOL, owner, d)) != NULL;) {
        buf_text_add(&body, n++ ? "," : "");
        pool_write(a, d, &body);
    }
    buf_text_add(&body, "]}");
    pal_answer_body(a, &body);
}

void pal_ip_pool_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    const char *owner = owner_of(a);
    const struct pal_doc *d;

    if (!owner || !pal_doc_read(a, &in))
        return;
    d = pal_doc_make(a, PAL_DOC_IP_POOL, owner, &in);
    if (d)
        pal_answer_uid(a, d->uid);
}

void pal_ip_pool_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc_in in SCOPED(pal_doc_in_drop) = {.spec = NULL};
    struct pal_doc *d = pool_of(a);

    if (!d || !pal_doc_read(a, &in))
        return;
    pal_doc_change(d, &in);
    pal_answer(a, 204, NULL);
}

void pal_ip_pool_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_doc *d = pool_of(a);

    if (!d)
        return;
    pal_doc_remove(d);
    pal_answer(a, 204, NULL);
}
