/* What the gateway answers to a query: the public models of section 7, one table a kind. Items are
 * read and written anew, so that a user never sees a field that the public model has not. */
#include "mock-palette/model.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_TEXT_MAX KIB(4) /* GP-28 */
#define ITEMS_MAX     10000

struct vlan {
    int64_t id;
    char *name, *fabric;
};
static const struct jx_field vlan_fields[] = {
    JX_INT(struct vlan, id, "id", 0, 0, INT64_MAX),
    JX_OWNED(struct vlan, name, "name", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
    JX_OWNED(struct vlan, fabric, "fabric", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
};

struct item {
    int64_t id;
    char *name, *description, *space, *comment, *definition, *kernel_opts, *uri;
    struct vlan vlan;
};
#define NAME(f)        JX_OWNED(struct item, name, "name", f, ITEM_TEXT_MAX)
#define DESCRIPTION(f) JX_OWNED(struct item, description, "description", f, ITEM_TEXT_MAX)

static const struct jx_field named_fields[] = {NAME(JX_MUST), DESCRIPTION(JX_SKIP_EMPTY)};
static const struct jx_field domain_fields[] = {NAME(JX_MUST)};
static const struct jx_field subnet_fields[] = {
    JX_INT(struct item, id, "id", JX_MUST, 0, INT64_MAX),
    NAME(JX_MUST),
    JX_OWNED(struct item, space, "space", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
    JX_OBJECT(struct item, vlan, "vlans", 0, vlan_fields),
};
static const struct jx_field tag_fields[] = {
    NAME(JX_MUST),
    JX_OWNED(struct item, comment, "comment", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
    JX_OWNED(struct item, definition, "definition", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
    JX_OWNED(struct item, kernel_opts, "kernelOpts", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
    JX_OWNED(struct item, uri, "resourceUri", JX_SKIP_EMPTY, ITEM_TEXT_MAX),
};

struct pal_query_kind {
    const char *name;
    const struct jx_field *fields; /* NULL: the answer has no items */
    size_t n;
};
static const struct pal_query_kind kinds[] = {
    {"validate", NULL, 0},
    {"azs", named_fields, COUNTOF(named_fields)},
    {"domains", domain_fields, COUNTOF(domain_fields)},
    {"resourcePools", named_fields, COUNTOF(named_fields)},
    {"subnets", subnet_fields, COUNTOF(subnet_fields)},
    {"tags", tag_fields, COUNTOF(tag_fields)},
};

const struct pal_query_kind *pal_query_kind_find(const char *name)
{
    for (size_t i = 0; i < COUNTOF(kinds); i++)
        if (text_is(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

const struct pal_query_kind *pal_query_validate(void)
{
    return &kinds[0];
}

const char *pal_query_kind_name(const struct pal_query_kind *k)
{
    return k->name;
}

/* --- items ----------------------------------------------------------------------------------- */

struct rewriting {
    const struct pal_query_kind *kind;
    struct buf *out;
};

static int item_write(void *arg, size_t i, const void *item)
{
    const struct rewriting *w = arg;

    if (i >= ITEMS_MAX)
        return -E2BIG;
    buf_text_add(w->out, i > 0 ? "," : "");
    jx_write(w->out, w->kind->fields, w->kind->n, item);
    return 0;
}

int pal_items_read(const struct pal_query_kind *k, const char *json, struct buf *out, struct err *e)
{
    struct rewriting w = {.kind = k, .out = out};
    struct item item;
    int r;

    buf_clear(out);
    if (!k->fields)
        return 0;
    if (!json)
        return err_set(e, -EINVAL, "items: is missing");
    buf_char_add(out, '[');
    r = jx_read_list(json, strlen(json), k->fields, k->n, 0, &item, sizeof(item), item_write, &w,
                     e);
    buf_char_add(out, ']');
    if (r < 0)
        return r == -E2BIG ? err_set(e, r, "items: more than %d", ITEMS_MAX) : err_at(e, "items");
    return out->full ? err_set(e, -E2BIG, "items: too large") : 0;
}

/* --- POST /v1/x-gp/pcg/{uid}/queries/{id} ---------------------------------------------------- */

struct answer {
    bool ok;
    char *items; /* JSON text, owned */
    char code[PAL_CODE_MAX];
    char message[PAL_MESSAGE_MAX + 1];
};
static const struct jx_field answer_fields[] = {
    JX_BOOL(struct answer, ok, "ok", JX_MUST),
    JX_RAW(struct answer, items, "items", 0, PAL_ANSWER_MAX),
    JX_TEXT(struct answer, code, 0),
    JX_TEXT(struct answer, message, 0),
};
static const char *const codes[] = {"MaasUnreachable", "MaasTlsFailed", "MaasUnauthorized",
                                    "MaasForbidden",   "ClockSkew",     "MaasError",
                                    "Timeout",         "Unsupported"};

static void answer_drop(struct answer *an)
{
    jx_drop(answer_fields, COUNTOF(answer_fields), an);
}

static bool is_code(const char *code)
{
    for (size_t i = 0; i < COUNTOF(codes); i++)
        if (text_is(codes[i], code))
            return true;
    return false;
}

static struct pal_query *query_find(const struct pal_ask *a, const char *id)
{
    for (size_t i = 0; i < PALETTE_QUERIES_MAX; i++) {
        struct pal_query *q = &a->p->queries[i];

        if (q->state != PAL_FREE && text_is(q->id, id) &&
            q->gateway_i == pal_gateway_i(a->p, a->gateway))
            return q;
    }
    return NULL;
}

/* The answer is checked before anything of it is kept. */
static void take(struct pal_ask *a, struct pal_query *q, const struct answer *an)
{
    struct buf items SCOPED(buf_drop) = {0};
    struct err e = {0};

    buf_init(&items, PAL_ANSWER_MAX);
    if (pal_no(a, PAL_NO_ANSWER_CODE, !an->ok && !is_code(an->code)))
        return;
    if (an->ok && pal_items_read(q->kind, an->items, &items, &e) < 0) {
        pal_no_text(a, PAL_NO_ANSWER_ITEMS, true, e.text);
        return;
    }
    q->ok = an->ok;
    text_copy(q->code, sizeof(q->code), an->ok ? "" : an->code);
    text_copy(q->message, sizeof(q->message), an->ok ? "" : an->message);
    pal_mask_text(a, q->message, sizeof(q->message), "query answer");
    pal_mask(a, &items, "query answer");
    buf_clear(&q->items);
    buf_text_add(&q->items, buf_text(&items));
    pal_query_close(a->p, q, PAL_ANSWERED, a->ctx->now, a->rp);
    pal_answer(a, 204, NULL);
}

void pal_query_answer(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct answer an SCOPED(answer_drop) = {.ok = false};
    struct pal_query *q;

    if (!pal_body(a, answer_fields, COUNTOF(answer_fields), &an))
        return;
    q = query_find(a, http_var(x->vars, "id"));
    if (pal_no(a, PAL_NO_QUERY_UNKNOWN, !q) ||
        pal_no(a, PAL_NO_QUERY_EXPIRED, q->state == PAL_TIMED_OUT))
        return;
    if (q->state == PAL_ANSWERED) /* a second answer is allowed and changes nothing */
        pal_answer(a, 204, NULL);
    else
        take(a, q, &an);
}
