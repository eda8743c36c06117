/* Reading machines, and what their owner may do with one. Order of checks: is there such a machine,
 * may the user, does the status allow it, are the parameters fine. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

struct maas_hands maas_hands(const struct maas_ask *a)
{
    return (struct maas_hands){
        .m = a->m, .now = a->ctx->now, .at = a->ctx->now, .events = &a->rp->events};
}

bool maas_may_view(const struct maas_ask *a, const struct maas_machine *one)
{
    return a->user->superuser || !one->owner[0] || text_is(one->owner, a->user->name);
}

bool maas_may_edit(const struct maas_ask *a, const struct maas_machine *one)
{
    return !one->locked && maas_may_view(a, one);
}

static const char *another_user(const struct maas *m, const char *owner)
{
    for (size_t i = 0; i < m->rest.n_accounts; i++) {
        const struct maas_account *u = &m->rest.accounts[i];

        if (!u->gone && !text_is(u->name, owner) && !text_is(u->name, "MAAS"))
            return u->name;
    }
    return "somebody";
}

/* What a seed does to a machine that somebody asks for: it is gone (NULL), or another's. */
static struct maas_machine *befallen(const struct maas_ask *a, struct maas_machine *one)
{
    const struct maas_hands h = maas_hands(a);
    char owner[64];

    if (maas_mishap(a->m, one, MAAS_MISHAP_VANISHES)) {
        maas_machine_delete(&h, one, "by-hand");
        return NULL;
    }
    if (!one->owner[0] || !maas_status_may(one->status, MAAS_READY) ||
        !maas_mishap(a->m, one, MAAS_MISHAP_OWNER_CHANGES))
        return one;
    text_copy(owner, sizeof(owner), another_user(a->m, one->owner));
    maas_changed(a->m, one);
    maas_set_free(&h, one, "by-hand");
    maas_acquire(&h, one, owner, "");
    return one;
}

void maas_about(struct maas_ask *a, const struct maas_machine *one)
{
    text_copy(a->about, sizeof(a->about), one->system_id);
    text_copy(a->about_name, sizeof(a->about_name), one->hostname);
    text_copy(a->marker, sizeof(a->marker), one->agent_name);
}

struct maas_machine *maas_machine_for(const struct http_exchange *x, bool edit)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_find(a->m, http_var(x->vars, "system_id"));

    if (one)
        one = befallen(a, one);
    if (!one) {
        maas_not_found(a, "Machine");
        return NULL;
    }
    maas_about(a, one);
    if (edit ? maas_may_edit(a, one) : maas_may_view(a, one))
        return one;
    maas_raise_text(a, 403, "");
    return NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void list(struct maas_ask *a,
                 bool (*wanted)(const struct maas_ask *a, const struct maas_machine *one))
{
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    buf_init(&body, MAAS_JSON_MAX);
    buf_reserve(&body, a->m->last_list);
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '[');
    for (size_t i = 0; i < a->m->n_machines; i++) {
        const struct maas_machine *one = a->m->machines[i];

        if (!one->gone && maas_may_view(a, one) && wanted(a, one)) {
            maas_machine_write(&j, a->m, one, NULL);
            maas_power_shown(a, one);
        }
    }
    pyjson_close(&j, ']');
    a->m->last_list = body.len;
    maas_return_body(a, &body);
}

static bool is_asked_for(const struct maas_ask *a, const struct maas_machine *one)
{
    return maas_constraints_match(a->m, &a->query, MAAS_IN_LIST, one);
}

void maas_machines(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *agent_name = pairs_find(&a->query, "agent_name");

    text_copy(a->marker, sizeof(a->marker), agent_name ? agent_name : "");
    if (maas_constraints_check(a, &a->query, MAAS_IN_LIST))
        list(a, is_asked_for);
}

static bool is_allocated_to_me(const struct maas_ask *a, const struct maas_machine *one)
{
    const char *id = pairs_find(&a->query, "id");

    return one->status == MAAS_ALLOCATED && text_is(one->owner, a->user->name) &&
           (!id || is_asked_for(a, one));
}

/* Deployed ones are not among them. */
void maas_machines_allocated(const struct http_exchange *x)
{
    list(maas_ask(x), is_allocated_to_me);
}

void maas_machine(const struct http_exchange *x)
{
    struct maas_machine *one = maas_machine_for(x, false);
    struct maas_machine was;

    if (!one)
        return;
    if (!maas_mishap(maas_ask(x)->m, one, MAAS_MISHAP_STALE_READ)) {
        maas_machine_answer(maas_ask(x), one, NULL);
        return;
    }
    was = *one; /* its parts are only looked at */
    was.shown = NULL;
    was.status = one->was_status;
    text_copy(was.owner, sizeof(was.owner), one->was_owner);
    maas_machine_answer(maas_ask(x), &was, NULL);
}

/* --- annotations ------------------------------------------------------------------------------ */

static bool is_key(const char *key)
{
    if (!*key)
        return false;
    for (; *key; key++) {
        const unsigned char c = (unsigned char)*key;

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            !strchr("_.-", c) && c < 0x80)
            return false;
    }
    return true;
}

static bool keys_are_fine(const struct maas_ask *a)
{
    for (size_t i = 0; i < a->form.n; i++)
        if (!is_key(a->form.at[i].name))
            return false;
    return true;
}

/* How many there would be. */
static size_t annotations_after(const struct maas_ask *a, const struct maas_machine *one)
{
    size_t n = one->n_annotations;

    for (size_t i = 0; i < a->form.n; i++)
        n += *a->form.at[i].value &&
             maas_annotation_find(one, a->form.at[i].name) == one->n_annotations;
    return n;
}

/* All or nothing. */
void maas_annotate(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);

    if (!one)
        return;
    if (!text_is(one->owner, a->user->name)) {
        maas_raise_text(a, 409, "Cannot set workload annotation: it hasn't been acquired.");
        return;
    }
    if (!keys_are_fine(a)) {
        maas_raise_text(a, 500, "Invalid character in key name");
        return;
    }
    if (annotations_after(a, one) > MAAS_ANNOTATIONS_MAX) {
        maas_no_place(a);
        return;
    }
    for (size_t i = 0; i < a->form.n; i++)
        if (!text_is(a->form.at[i].name, "op"))
            maas_annotation_set(one, a->form.at[i].name, a->form.at[i].value);
    maas_machine_answer(a, one, NULL);
}
