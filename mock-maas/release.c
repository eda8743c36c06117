/* Giving machines back: one, or a list of them all or none. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

/* "Machine cannot be released in its current state ('New')." and its like. */
void maas_state_refuse(struct maas_ask *a, const char *before, const struct maas_machine *one,
                       const char *behind)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 256);
    buf_printf(&text, "%s'%s'%s", before, maas_status_label(one->status), behind);
    maas_raise_text(a, 409, buf_text(&text));
}

static bool scripts_are_fine(struct maas_ask *a)
{
    const char *scripts = maas_field_or(a, "scripts", "");
    struct buf text SCOPED(buf_drop) = {0};

    if (!*scripts)
        return true;
    buf_init(&text, KIB(4));
    buf_text_add(&text, "Select a valid choice. ");
    buf_text_add(&text, scripts);
    buf_text_add(&text, " is not one of the available choices.");
    maas_raise_field(a, "scripts", buf_text(&text));
    return false;
}

/* A checkbox of Django: any text but "false" is true, "0" too. */
static bool checked(const struct maas_ask *a, const char *name)
{
    const char *value = maas_field_or(a, name, "");

    return *value && !text_is(value, "false");
}

/* A machine whose power cannot be switched stays, under the message that it is released. */
static bool power_answers(struct maas_ask *a, struct maas_machine *one)
{
    const struct maas_hands h = maas_hands(a);

    if (one->power != MAAS_POWER_ON || (!maas_mishap(a->m, NULL, MAAS_MISHAP_NO_RACKS) &&
                                        !maas_mishap(a->m, one, MAAS_MISHAP_BMC_DEAD) &&
                                        !maas_mishap(a->m, one, MAAS_MISHAP_RELEASE_FAILS)))
        return true;
    if (maas_mishap(a->m, NULL, MAAS_MISHAP_NO_RACKS)) {
        maas_raise_no_rack(a, true);
        return false;
    }
    one->osystem[0] = one->distro_series[0] = one->hwe_kernel[0] = '\0';
    maas_message(&h, one, "Releasing", "");
    maas_raise_late(a, 500, "Could not contact node BMC: timed out", "");
    return false;
}

void maas_machine_release(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_for(x, true);
    const struct maas_hands h = maas_hands(a);
    bool erase;

    if (!one)
        return;
    if (one->status == MAAS_READY || one->status == MAAS_RELEASING) {
        maas_machine_answer(a, one, NULL);
        return;
    }
    if (!maas_status_releasable(one->status)) {
        maas_state_refuse(a, "Machine cannot be released in its current state (", one, ").");
        return;
    }
    if (!scripts_are_fine(a))
        return;
    erase = checked(a, "erase") || checked(a, "secure_erase") || checked(a, "quick_erase") ||
            maas_erases(a->m);
    if (!erase && !power_answers(a, one))
        return;
    maas_release(&h, one, erase);
    maas_machine_answer(a, one, NULL);
}

/* --- many ------------------------------------------------------------------------------------- */

struct wish {
    struct maas_ask *a;
    struct buf wrong;
};

static void wrong_add(struct wish *w, const char *text)
{
    buf_printf(&w->wrong, "%s%s", w->wrong.len ? ", " : "", text);
}

static bool wrong_said(struct wish *w, int status, const char *head)
{
    struct buf text SCOPED(buf_drop) = {0};

    if (w->wrong.len == 0)
        return false;
    buf_init(&text, KIB(64));
    buf_printf(&text, "%s%s.", head, buf_text(&w->wrong));
    maas_raise_text(w->a, status, buf_text(&text));
    return true;
}

/* The i-th machine asked for; false: no more. *ret NULL: there is none of that id. */
bool maas_wished(const struct maas_ask *a, size_t *i, const char **id, struct maas_machine **ret)
{
    while (*i < a->form.n) {
        const struct pair *p = &a->form.at[(*i)++];

        if (!text_is(p->name, "machines"))
            continue;
        *id = p->value;
        *ret = maas_machine_find(a->m, p->value);
        return true;
    }
    return false;
}

bool maas_all_known(struct maas_ask *a)
{
    struct buf text SCOPED(buf_drop) = {0};
    const char *id, *comma = "";
    struct maas_machine *one;
    bool fine = true;

    buf_init(&text, KIB(64));
    buf_text_add(&text, "Unknown machine(s): ");
    for (size_t i = 0; maas_wished(a, &i, &id, &one);) {
        if (one)
            continue;
        buf_printf(&text, "%s%s", comma, id);
        comma = ", ";
        fine = false;
    }
    buf_char_add(&text, '.');
    if (!fine)
        maas_raise_text(a, 400, buf_text(&text));
    return fine;
}

static bool all_mine(struct maas_ask *a)
{
    struct wish w = {.a = a};
    struct maas_machine *one;
    const char *id;
    bool fine;

    buf_init(&w.wrong, KIB(32));
    for (size_t i = 0; maas_wished(a, &i, &id, &one);)
        if (!maas_may_edit(a, one))
            wrong_add(&w, id);
    fine = !wrong_said(&w, 403,
                       "You don't have the required permission to release the following "
                       "machine(s): ");
    buf_drop(&w.wrong);
    return fine;
}

static bool all_releasable(struct maas_ask *a)
{
    struct wish w = {.a = a};
    struct maas_machine *one;
    const char *id;
    bool fine;

    buf_init(&w.wrong, KIB(32));
    for (size_t i = 0; maas_wished(a, &i, &id, &one);)
        if (one->status != MAAS_READY && !maas_status_releasable(one->status))
            buf_printf(&w.wrong, "%s%s ('%s')", w.wrong.len ? ", " : "", id,
                       maas_status_label(one->status));
    fine = !wrong_said(&w, 409, "Machine(s) cannot be released in their current state: ");
    buf_drop(&w.wrong);
    return fine;
}

/* Answers those that were not Ready before. */
void maas_release_many(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_hands h = maas_hands(a);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct maas_machine *one;
    struct pyjson *j;
    const char *id;

    if (!maas_all_known(a) || !all_mine(a) || !all_releasable(a))
        return;
    j = maas_doc_open(&doc);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; maas_wished(a, &i, &id, &one);) {
        if (one->status == MAAS_READY || one->status == MAAS_RELEASING)
            continue;
        maas_release(&h, one, maas_erases(a->m));
        pyjson_text(j, NULL, one->system_id);
    }
    pyjson_close(j, ']');
    maas_doc_answer(a, &doc, 200);
}
