/* What the journal is told of a call. Parameters only by an allowed name: user data, keys and
 * comments never get there. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define PARAMS_MAX (EV_VALUE_MAX - 1)

static bool may_be_told(const char *name)
{
    static const char *const names[] = {
        "zone",      "pool",          "tags",         "not_tags",    "not_in_zone",  "not_in_pool",
        "cpu_count", "mem",           "storage",      "arch",        "system_id",    "name",
        "dry_run",   "distro_series", "erase",        "quick_erase", "secure_erase", "force",
        "fqdn",      "domain",        "ip_addresses", "address_ttl", "machines"};

    for (size_t i = 0; i < COUNTOF(names); i++)
        if (text_is(names[i], name))
            return true;
    return text_begins(name, "gateproof.");
}

static bool seen_before(const struct pairs *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (text_is(p->at[k].name, p->at[i].name))
            return true;
    return false;
}

/* A blank separates parameters; within a value it becomes '+', as between values of one name. */
static void value_add(struct buf *out, const char *value)
{
    for (; *value; value++)
        buf_char_add(out, *value == ' ' ? '+' : *value);
}

static void params_write(const struct pairs *p, struct buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *plus = "";

        if (!may_be_told(p->at[i].name) || seen_before(p, i))
            continue;
        buf_printf(out, "%s%s=", out->len ? " " : "", p->at[i].name);
        for (size_t k = i; k < p->n; k++) {
            if (!text_is(p->at[k].name, p->at[i].name))
                continue;
            buf_text_add(out, plus);
            value_add(out, p->at[k].value);
            plus = "+";
        }
    }
}

/* A name is a machine's when it has a system id, else a DNS record's. */
static void about_add(const struct maas_ask *a, struct event *e)
{
    struct buf params SCOPED(buf_drop) = {0};

    if (a->about[0]) {
        ev_text_add(e, EVF_MACHINE, a->about_name);
        ev_text_add(e, EVF_UID, a->about);
    } else if (a->about_name[0]) {
        ev_text_add(e, EVF_NAME, a->about_name);
    }
    if (a->marker[0])
        ev_text_add(e, EVF_MARKER, a->marker);
    if (!a->route || !(a->route->flags & MAAS_TELLS))
        return;
    buf_init(&params, PARAMS_MAX);
    params_write(&a->form, &params);
    if (params.len)
        ev_text_add(e, EVF_PARAMS, buf_text(&params));
}

void maas_tell(const struct maas_ask *a)
{
    struct event e;

    ev_init(&e, EV_MAAS_CALL, a->ctx->now);
    ev_int_add(&e, EVF_CONN, (int64_t)a->ctx->conn);
    ev_text_add(&e, EVF_PEER, a->ctx->peer);
    ev_text_add(&e, EVF_OP, a->route ? a->route->name : "unknown");
    ev_text_add(&e, EVF_METHOD, a->rq->method);
    if (a->route)
        ev_text_add(&e, EVF_PATH, a->route->path);
    ev_int_add(&e, EVF_STATUS, a->rp->hang ? 0 : a->rp->status);
    ev_text_add(&e, EVF_WHO, a->user ? a->user->name : "");
    ev_text_add(&e, EVF_KEY_ID, a->user ? a->user->name : "");
    about_add(a, &e);
    if (a->rp->lose || a->rp->hang)
        ev_int_add(&e, EVF_LOST, 1);
    ev_list_add(&a->rp->events, &e);
}
