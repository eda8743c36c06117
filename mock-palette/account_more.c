/* Accounts as lists, as patches, and what is asked of MAAS through them without naming their path.
 */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

bool pal_account_seen(const struct pal_ask *a, const struct pal_account *acc)
{
    return acc->uid[0] && pal_project_sees(a, acc->project) &&
           !(acc->tenant_only && a->project[0] && a->who == PAL_USER);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* GET /v1/cloudaccounts/maas */
void pal_accounts(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_list l SCOPED(pal_list_drop) = {.n = 0};

    if (!pal_list_begin(&l, a))
        return;
    for (size_t i = 0; i < a->p->n_accounts; i++) {
        if (!pal_account_seen(a, &a->p->accounts[i]))
            continue;
        pal_account_write(&a->p->accounts[i], &l.item);
        pal_list_take(&l);
    }
    pal_list_answer(&l);
}

static void summary_write(const struct pal_account *acc, struct buf *out)
{
    buf_text_add(out, "{\"kind\":\"maas\",\"metadata\":");
    pal_account_meta_write(acc, out);
    buf_text_add(out, ",\"specSummary\":{\"accountId\":\"\"},\"status\":{\"state\":\"Running\"}}");
}

/* GET /v1/cloudaccounts/summary: of all clouds; here MAAS is the only one. */
void pal_accounts_summary(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_list l SCOPED(pal_list_drop) = {.n = 0};

    if (!pal_list_begin(&l, a))
        return;
    for (size_t i = 0; i < a->p->n_accounts; i++) {
        if (!pal_account_seen(a, &a->p->accounts[i]))
            continue;
        summary_write(&a->p->accounts[i], &l.item);
        pal_list_take(&l);
    }
    pal_list_answer(&l);
}

/* --- GET /v1/clouds/maas/{kind}?cloudAccountUid= ---------------------------------------------- */

void pal_cloud_properties(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pairs query = {0};
    char uid[PAL_UID_MAX] = "";

    if (pairs_read(x->rq->query, strlen(x->rq->query), &query, NULL) == 0 &&
        pairs_find(&query, "cloudAccountUid"))
        text_copy(uid, sizeof(uid), pairs_find(&query, "cloudAccountUid"));
    pairs_drop(&query);
    pal_properties_ask(a, http_var(x->vars, "kind"), uid);
}

/* --- PATCH /v1/cloudaccounts/maas/{uid} ------------------------------------------------------- */

struct change { /* v1HttpPatch */
    char op[16], path[128];
    char *value; /* JSON */
};
static const struct jx_field change_fields[] = {
    JX_TEXT(struct change, op, JX_MUST),
    JX_TEXT(struct change, path, JX_MUST),
    JX_RAW(struct change, value, "value", 0, KIB(16)),
};

struct patch {
    char name[PAL_NAME_MAX], overlord[PAL_UID_MAX];
    struct pal_key at;
};

static bool text_value(const char *json, char *out, size_t size)
{
    struct buf b SCOPED(buf_drop) = {0};

    buf_init(&b, KIB(32));
    buf_printf(&b, "{\"v\":%s}", json ? json : "null");
    return json && json[0] == '"' && jx_pick(buf_text(&b), b.len, "v", out, size);
}

static bool subnets_value(const char *json, struct pal_key *at)
{
    const struct jx_field fields[] = {JX_TEXTS(struct pal_key, subnets, n_subnets, "v", 0)};
    struct buf b SCOPED(buf_drop) = {0};

    at->n_subnets = 0;
    buf_init(&b, KIB(32));
    buf_printf(&b, "{\"v\":%s}", json ? json : "null");
    return jx_read(buf_text(&b), b.len, fields, COUNTOF(fields), 0, at, NULL) == 0;
}

/* One change after the other; what cannot be changed is a fault of the whole patch. */
static int change_take(void *arg, size_t i, const void *element)
{
    const struct change *c = element;
    struct patch *p = arg;
    const struct {
        const char *path;
        char *to;
        size_t size;
    } texts[] = {{"/metadata/name", p->name, sizeof(p->name)},
                 {"/metadata/annotations/overlordUid", p->overlord, sizeof(p->overlord)},
                 {"/spec/apiEndpoint", p->at.endpoint, sizeof(p->at.endpoint)},
                 {"/spec/apiKey", p->at.key, sizeof(p->at.key)}};
    const bool puts = text_is(c->op, "replace") || text_is(c->op, "add");

    (void)i;
    if (text_is(c->path, "/spec/preferredSubnets") && (puts || text_is(c->op, "remove")))
        return subnets_value(puts ? c->value : NULL, &p->at) ? 0 : -1;
    for (size_t j = 0; puts && j < COUNTOF(texts); j++)
        if (text_is(texts[j].path, c->path))
            return text_value(c->value, texts[j].to, texts[j].size) ? 0 : -1;
    return -1;
}

void pal_account_patch(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_account *acc = pal_account_of(a);
    const struct pal_list_shape shape = {change_fields, COUNTOF(change_fields),
                                         sizeof(struct change), change_take};
    struct patch p = {.at = {.n_subnets = 0}};
    struct change element = {.value = NULL};

    if (!acc)
        return;
    text_copy(p.name, sizeof(p.name), acc->name);
    text_copy(p.overlord, sizeof(p.overlord), acc->overlord);
    p.at = acc->at;
    if (pal_body_list(a, &shape, &element, &p))
        pal_account_put(a, acc, p.name, p.overlord, &p.at);
}
