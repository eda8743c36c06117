/* MAAS cloud accounts: made by a user or by the gateway for itself, bound by annotation
 * overlordUid. A key goes out to the bound gateway only; every read masks it. */
#include "mock-palette/public.h"

#include "lib/base/text.h"

#include <string.h>

static void journal_account(struct pal_ask *a, const struct pal_account *acc, const char *kind)
{
    struct event e;
    char key_id[32];

    pal_key_id(acc->at.key, key_id, sizeof(key_id));
    ev_init(&e, EV_PAL_ACCOUNT, a->ctx->now);
    ev_text_add(&e, EVF_UID, acc->uid);
    /* a story names what its user made; the gateway's own bears its uid, which is drawn */
    ev_text_add(&e, EVF_NAME, acc->by_gateway ? "" : acc->name);
    ev_text_add(&e, EVF_BOUND_TO, acc->overlord);
    ev_text_add(&e, EVF_MADE_BY, acc->by_gateway ? "gateway" : "user");
    ev_text_add(&e, EVF_KIND, kind);
    ev_text_add(&e, EVF_KEY_ID, key_id);
    ev_list_add(&a->rp->events, &e);
}

/* The bound gateway's list has changed, if there is such a gateway. */
static void touch_gateway(struct pal_ask *a, const char *overlord)
{
    struct pal_gateway *g = pal_gateway_find(a->p, overlord);

    if (g)
        pal_feed_changed(g, a->rp);
}

static bool is_maas_key(const char *key)
{
    const char *rest = key;
    char part[PAL_KEY_MAX];
    size_t colons = 0, parts = 0;

    for (const char *c = key; *c; c++)
        colons += *c == ':';
    while (text_next(&rest, ':', part, sizeof(part)))
        parts++;
    return colons == 2 && parts == 3;
}

bool pal_key_check(struct pal_ask *a, const struct pal_key *k)
{
    struct url u;

    if (pal_no(a, PAL_NO_ENDPOINT_FORM, url_read(k->endpoint, &u, NULL) < 0))
        return false;
    if (pal_no(a, PAL_NO_KEY_FORM, !is_maas_key(k->key)))
        return false;
    return true;
}

static struct pal_account *account_make(struct pal_ask *a, const char *name, const char *overlord,
                                        const struct pal_key *at)
{
    struct pal_account *acc;

    if (pal_no(a, PAL_NO_ACCOUNTS_FULL, a->p->n_accounts == a->p->accounts_max))
        return NULL;
    acc = &a->p->accounts[a->p->n_accounts++];
    pal_uid_make(a->p, acc->uid);
    text_copy(acc->name, sizeof(acc->name), name);
    text_copy(acc->overlord, sizeof(acc->overlord), overlord);
    text_copy(acc->project, sizeof(acc->project), a->project);
    acc->by_gateway = a->who == PAL_GATEWAY;
    acc->revision = 1;
    acc->at = *at;
    pal_key_know(a->p, at);
    journal_account(a, acc, "made");
    touch_gateway(a, overlord);
    return acc;
}

static void account_change(struct pal_ask *a, struct pal_account *acc, const struct pal_key *at)
{
    acc->at = *at;
    pal_key_know(a->p, at);
    acc->revision++;
    journal_account(a, acc, "changed");
    touch_gateway(a, acc->overlord);
    pal_answer(a, 204, NULL);
}

/* --- /v1/overlords/maas/{uid}/account: the gateway's own, or by a user for it ---------------- */

struct own_account {
    char name[PAL_NAME_MAX];
    struct pal_key at;
    bool share;
};

static bool own_account_read(struct pal_ask *a, unsigned name_flags, struct own_account *ret)
{
    const struct jx_field fields[] = {
        JX_TEXT(struct own_account, name, name_flags),
        {.name = "account",
         .kind = JX_KIND_OBJECT,
         .flags = JX_MUST,
         .offset = offsetof(struct own_account, at),
         .fields = pal_key_fields,
         .n_fields = pal_n_key_fields},
        JX_BOOL(struct own_account, share, "shareWithProjects", 0),
    };

    return pal_body(a, fields, COUNTOF(fields), ret) && pal_key_check(a, &ret->at);
}

static struct pal_gateway *overlord_of(struct pal_ask *a)
{
    struct pal_gateway *g = pal_gateway_find(a->p, http_var(&a->vars, "uid"));

    if (pal_no(a, PAL_NO_GATEWAY_UNKNOWN, !g || g->state == PAL_DELETED))
        return NULL;
    text_copy(a->uid, sizeof(a->uid), g->uid);
    return g;
}

/* A second POST is not refused: it makes a second account, and TOP-3 is the judge's business. */
void pal_own_account_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = overlord_of(a);
    struct own_account own = {.share = false};
    struct pal_account *acc;

    if (!g || !own_account_read(a, JX_MUST, &own))
        return;
    if (pal_no(a, PAL_NO_SYSTEM_PASSIVE, g->system && a->who == PAL_GATEWAY))
        return;
    if (pal_no(a, PAL_NO_ACCOUNT_NAME, !own.name[0]))
        return;
    acc = account_make(a, own.name, g->uid, &own.at);
    if (!acc)
        return;
    acc->project[0] = '\0';
    acc->tenant_only = !own.share;
    if (!g->account_uid[0])
        text_copy(g->account_uid, sizeof(g->account_uid), acc->uid);
    pal_answer_uid(a, acc->uid);
}

void pal_own_account_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_gateway *g = overlord_of(a);
    struct own_account own = {.share = false};
    struct pal_account *acc;

    if (!g || !own_account_read(a, 0, &own))
        return;
    acc = pal_account_find(a->p, g->account_uid);
    if (!pal_no(a, PAL_NO_OWN_ACCOUNT_NONE, !acc || !text_is(acc->overlord, g->uid)))
        account_change(a, acc, &own.at);
}

/* --- /v1/cloudaccounts/maas: the user's ------------------------------------------------------ */

struct user_account {
    struct {
        char name[PAL_NAME_MAX];
        struct {
            char overlord[PAL_UID_MAX];
        } annotations;
    } meta;
    struct pal_key at;
};
#define META(member) offsetof(struct user_account, member)

static bool user_account_read(struct pal_ask *a, struct user_account *ret)
{
    static const struct jx_field annotations[] = {
        {.name = "overlordUid", .kind = JX_KIND_TEXT, .size = PAL_UID_MAX}};
    const struct jx_field meta[] = {
        {.name = "name", .kind = JX_KIND_TEXT, .flags = JX_MUST, .size = PAL_NAME_MAX},
        {.name = "annotations",
         .kind = JX_KIND_OBJECT,
         .offset = META(meta.annotations) - META(meta),
         .fields = annotations,
         .n_fields = 1}};
    const struct jx_field fields[] = {{.name = "metadata",
                                       .kind = JX_KIND_OBJECT,
                                       .flags = JX_MUST,
                                       .offset = META(meta),
                                       .fields = meta,
                                       .n_fields = COUNTOF(meta)},
                                      {.name = "spec",
                                       .kind = JX_KIND_OBJECT,
                                       .flags = JX_MUST,
                                       .offset = META(at),
                                       .fields = pal_key_fields,
                                       .n_fields = pal_n_key_fields}};
    struct pal_gateway *g;

    if (!pal_body(a, fields, COUNTOF(fields), ret) || !pal_key_check(a, &ret->at))
        return false;
    g = pal_gateway_find(a->p, ret->meta.annotations.overlord);
    if (pal_no(a, PAL_NO_OVERLORD_UNKNOWN,
               ret->meta.annotations.overlord[0] && (!g || g->state == PAL_DELETED)))
        return false;
    return true;
}

struct pal_account *pal_account_of(struct pal_ask *a)
{
    struct pal_account *acc = pal_account_find(a->p, http_var(&a->vars, "uid"));

    if (pal_no(a, PAL_NO_ACCOUNT_UNKNOWN, !acc || !pal_account_seen(a, acc)))
        return NULL;
    text_copy(a->uid, sizeof(a->uid), acc->overlord);
    return acc;
}

/* Whether the gateway takes the account. Palette's own is asked first, because nobody promised that
 * it has a way to MAAS; false: refused, or the request waits. */
static bool gateway_takes(struct pal_ask *a, const char *overlord, const struct pal_key *at)
{
    struct pal_gateway *g = pal_gateway_find(a->p, overlord);

    return !g || !g->system || pal_query_wait(a, g, pal_query_validate(), "", at);
}

void pal_account_create(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct user_account in = {.at = {.n_subnets = 0}};
    struct pal_account *acc;

    if (!user_account_read(a, &in))
        return;
    text_copy(a->uid, sizeof(a->uid), in.meta.annotations.overlord);
    if (!gateway_takes(a, in.meta.annotations.overlord, &in.at))
        return;
    acc = account_make(a, in.meta.name, in.meta.annotations.overlord, &in.at);
    if (acc)
        pal_answer_uid(a, acc->uid);
}

/* Binds it anew when another gateway is named, and to none when none is. */
void pal_account_put(struct pal_ask *a, struct pal_account *acc, const char *name,
                     const char *overlord, const struct pal_key *at)
{
    const struct pal_gateway *g = pal_gateway_find(a->p, overlord);

    if (pal_no(a, PAL_NO_ACCOUNT_NAME, !name[0]) || !pal_key_check(a, at) ||
        pal_no(a, PAL_NO_OVERLORD_UNKNOWN, overlord[0] && (!g || g->state == PAL_DELETED)) ||
        !gateway_takes(a, overlord, at))
        return;
    text_copy(acc->name, sizeof(acc->name), name);
    if (!text_is(overlord, acc->overlord)) {
        touch_gateway(a, acc->overlord);
        text_copy(acc->overlord, sizeof(acc->overlord), overlord);
    }
    account_change(a, acc, at);
}

void pal_account_update(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_account *acc = pal_account_of(a);
    struct user_account in = {.at = {.n_subnets = 0}};

    if (acc && user_account_read(a, &in))
        pal_account_put(
            a, acc, in.meta.name,
            in.meta.annotations.overlord[0] ? in.meta.annotations.overlord : acc->overlord, &in.at);
}

void pal_account_delete(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    struct pal_account *acc = pal_account_of(a);
    struct pal_gateway *g;

    if (!acc)
        return;
    journal_account(a, acc, "deleted");
    touch_gateway(a, acc->overlord);
    g = pal_gateway_find(a->p, acc->overlord);
    if (g && text_is(g->account_uid, acc->uid))
        g->account_uid[0] = '\0';
    memset(acc, 0, sizeof(*acc));
    pal_answer(a, 204, NULL);
}

void pal_account(const struct http_exchange *x)
{
    struct pal_ask *a = pal_ask(x);
    const struct pal_account *acc = pal_account_of(a);
    struct buf body SCOPED(buf_drop) = {0};

    if (!acc)
        return;
    buf_init(&body, KIB(64));
    pal_account_write(acc, &body);
    pal_answer(a, 200, buf_text(&body));
}
