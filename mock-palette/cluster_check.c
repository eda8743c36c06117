/* What a user may ask before a create: whether it would be accepted, and what it would cost.
 * Neither changes anything, nor is MAAS asked. */
#include "mock-palette/entity.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static struct pal_entity *entity_new(void)
{
    struct pal_entity *e = calloc(1, sizeof(*e));

    if (!e)
        WRONG("out of memory");
    return e;
}

/* --- POST /v1/spectroclusters/maas/validate --------------------------------------------------- */

static void result_write(const char *name, const char *fault, struct buf *out)
{
    buf_char_add(out, '{');
    pal_member(out, "name", name);
    buf_char_add(out, ',');
    pal_member(out, "displayName", name);
    buf_text_add(out, ",\"errors\":[");
    if (fault) {
        buf_text_add(out, "{\"code\":\"InvalidMachinePool\",");
        pal_member(out, "message", fault);
        buf_char_add(out, '}');
    }
    buf_text_add(out, "]}");
}

/* 200 whatever is wrong with the pools: the errors are in the answer, beside their pool. */
void pal_cluster_validate(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_entity *e SCOPED(pal_entity_free) = entity_new();
    struct buf body SCOPED(buf_drop) = {0};
    size_t at = 0;
    const char *fault;

    if (!pal_entity_read(a, e))
        return;
    fault = pal_pools_fault(e->spec.pools, e->spec.n_pools, &at);
    buf_init(&body, KIB(64));
    buf_text_add(&body, "{\"machinePools\":{\"results\":[");
    for (size_t i = 0; i < e->spec.n_pools; i++) {
        buf_text_add(&body, i ? "," : "");
        result_write(e->spec.pools[i].name, i == at ? fault : NULL, &body);
    }
    if (e->spec.n_pools == 0)
        result_write("", fault, &body);
    buf_text_add(&body, "]},\"profiles\":[");
    for (size_t i = 0; i < e->spec.n_profiles; i++) {
        buf_text_add(&body, i ? ",{" : "{");
        pal_member(&body, "uid", e->spec.profiles[i].uid);
        buf_text_add(&body, ",\"packs\":{\"results\":[]}}");
    }
    buf_text_add(&body, "]}");
    pal_answer_body(a, &body);
}

/* --- POST /v1/spectroclusters/maas/rate ------------------------------------------------------- */

/* Machines of one's own have no price: each pool and the cluster are rated, at nothing. */
void pal_cluster_rate(const struct http_exchange *x)
{
    static const char *const periods[] = {"hourly", "monthly", "yearly"};
    struct pal_ask *a = pal_ask(x);
    struct pal_entity *e SCOPED(pal_entity_free) = entity_new();
    struct buf body SCOPED(buf_drop) = {0};
    struct pairs query = {0};
    const char *period = NULL;
    bool known;

    if (pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0)
        period = pairs_find(&query, "periodType");
    known = !period;
    for (size_t i = 0; period && i < COUNTOF(periods); i++)
        known = known || text_is(periods[i], period);
    pairs_drop(&query);
    if (pal_no(a, PAL_NO_QUERY_FORM, !known) || !pal_entity_read_priced(a, e))
        return;
    buf_init(&body, KIB(64));
    buf_text_add(&body, "{\"name\":\"\",\"machinePools\":[");
    for (size_t i = 0; i < e->spec.n_pools; i++) {
        buf_text_add(&body, i ? ",{" : "{");
        pal_member(&body, "name", e->spec.pools[i].name);
        buf_printf(&body, ",\"nodesCount\":%d,\"rate\":{\"total\":0,\"storage\":[]}}",
                   (int)e->spec.pools[i].size);
    }
    buf_text_add(&body, "],\"rate\":{\"compute\":0,\"storage\":0,\"total\":0}}");
    pal_answer_body(a, &body);
}
