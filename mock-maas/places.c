/* Zones and resource pools. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define NAME_MAX_LETTERS 256

struct kind {                 /* what differs between the two */
    const char *model, *said; /* "No Zone matches …"; "Physical zone with this Name …" */
    const char *uri;
    bool by_id; /* the URI has the id, and an id is looked up; else the name */
};
static const struct kind zone_kind = {"Zone", "Physical zone", "zones", false};
static const struct kind pool_kind = {"ResourcePool", "Resource pool", "resourcepool", true};

static void named_write(struct pyjson *j, const char *name, const struct maas_named *one,
                        const struct kind *kind)
{
    pyjson_open(j, name, '{');
    pyjson_text(j, "name", one->name);
    pyjson_text(j, "description", one->description);
    pyjson_int(j, "id", one->id);
    if (kind->by_id)
        maas_uri_id_write(j, kind->uri, one->id);
    else
        maas_uri_write(j, kind->uri, one->name);
    pyjson_close(j, '}');
}

static void list_answer(struct maas_ask *a, const struct maas_named *list, size_t n,
                        const struct kind *kind)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        named_write(j, NULL, &list[i], kind);
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

static void item_answer(struct maas_ask *a, const struct maas_named *one, const struct kind *kind)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    if (!one) {
        maas_not_found(a, kind->model);
        return;
    }
    named_write(maas_doc_open(&d), NULL, one, kind);
    maas_doc_answer(a, &d, 200);
}

/* Zones are found by name only: zones/2/ is a zone called "2". */
static struct maas_named *named_find(struct maas_named *list, size_t n, const char *spec,
                                     const struct kind *kind)
{
    for (size_t i = 0; i < n; i++)
        if (kind->by_id ? maas_spec_is(spec, list[i].id, list[i].name)
                        : text_is(list[i].name, spec))
            return &list[i];
    return NULL;
}

static void named_forget(struct maas_named *list, size_t *n, struct maas_named *one)
{
    (*n)--;
    memmove(one, one + 1, (size_t)(&list[*n] - one) * sizeof(*one));
}

/* The form over one; false: answered, and nothing was changed. */
static bool named_read(struct maas_ask *a, const struct maas_named *list, size_t n,
                       struct maas_named *one, const struct kind *kind)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *name = maas_field_or(a, "name", one->name);
    bool taken = false;

    for (size_t i = 0; i < n; i++)
        taken = taken || (&list[i] != one && text_is(list[i].name, name) && list[i].id != one->id);
    if (!*name)
        maas_complain(&c, "name", "This field is required.");
    else if (!maas_form_text_fits(&c, "name", name, NAME_MAX_LETTERS))
        ;
    else if (!maas_is_model_name(name))
        maas_complain(&c, "name", "Enter a valid value.");
    else if (taken)
        maas_complain_as(&c, "name", "%s with this Name already exists.", kind->said);
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    memmove(one->name, name, strlen(name) + 1);
    text_copy(one->description, sizeof(one->description),
              maas_field_or(a, "description", one->description));
    return true;
}

/* --- zones ------------------------------------------------------------------------------------ */

static struct maas_named *zone_of(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;

    return named_find(m->zones, m->n_zones, http_var(x->vars, "name"), &zone_kind);
}

void maas_zone_write(struct pyjson *j, const char *name, const struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->n_zones; i++)
        if (m->zones[i].id == id)
            named_write(j, name, &m->zones[i], &zone_kind);
}

void maas_pool_write(struct pyjson *j, const char *name, const struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->n_pools; i++)
        if (m->pools[i].id == id)
            named_write(j, name, &m->pools[i], &pool_kind);
}

void maas_zones(const struct http_exchange *x)
{
    list_answer(maas_ask(x), maas_ask(x)->m->zones, maas_ask(x)->m->n_zones, &zone_kind);
}

void maas_zone(const struct http_exchange *x)
{
    item_answer(maas_ask(x), zone_of(x), &zone_kind);
}

void maas_zone_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_named one = {.id = -1}, *made;

    if (!named_read(a, a->m->zones, a->m->n_zones, &one, &zone_kind))
        return;
    made = maas_zone_add(a->m, one.name, one.description);
    if (made)
        item_answer(a, made, &zone_kind);
    else
        maas_no_place(a);
}

void maas_zone_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_named *one = zone_of(x), after;

    if (one) {
        after = *one;
        if (!named_read(a, a->m->zones, a->m->n_zones, &after, &zone_kind))
            return;
        *one = after;
    }
    item_answer(a, one, &zone_kind);
}

/* Its machines move to the default one. What is not there is as good as deleted. */
void maas_zone_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_named *one = zone_of(x);

    if (one == a->m->zones) {
        maas_raise_text(a, 400, "This zone is the default zone, it cannot be deleted.");
        return;
    }
    for (size_t i = 0; one && i < a->m->n_machines; i++)
        if (maas_machine_at(a->m, i)->zone == one->id)
            maas_machine_at(a->m, i)->zone = a->m->zones[0].id;
    if (one)
        named_forget(a->m->zones, &a->m->n_zones, one);
    maas_done(a);
}

/* --- pools ------------------------------------------------------------------------------------ */

static struct maas_named *pool_of(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;

    return named_find(m->pools, m->n_pools, http_var(x->vars, "id"), &pool_kind);
}

void maas_pools(const struct http_exchange *x)
{
    list_answer(maas_ask(x), maas_ask(x)->m->pools, maas_ask(x)->m->n_pools, &pool_kind);
}

void maas_pool(const struct http_exchange *x)
{
    item_answer(maas_ask(x), pool_of(x), &pool_kind);
}

void maas_pool_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_named one = {.id = -1}, *made;

    if (!named_read(a, a->m->pools, a->m->n_pools, &one, &pool_kind))
        return;
    made = maas_pool_add(a->m, one.name, one.description);
    if (made)
        item_answer(a, made, &pool_kind);
    else
        maas_no_place(a);
}

void maas_pool_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_named *one = pool_of(x), after;

    if (one) {
        after = *one;
        if (!named_read(a, a->m->pools, a->m->n_pools, &after, &pool_kind))
            return;
        *one = after;
    }
    item_answer(a, one, &pool_kind);
}

static bool pool_has_machines(const struct maas *m, int64_t pool)
{
    for (size_t i = 0; i < m->n_machines; i++)
        if (!maas_machine_at(m, i)->gone && maas_machine_at(m, i)->pool == pool)
            return true;
    return false;
}

void maas_pool_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_named *one = pool_of(x);

    if (!one) {
        maas_not_found(a, pool_kind.model);
    } else if (one == a->m->pools) {
        maas_raise_text(a, 400, "This is the default pool, it cannot be deleted.");
    } else if (pool_has_machines(a->m, one->id)) {
        maas_raise_text(a, 400, "Pool has machines in it, it cannot be deleted.");
    } else {
        named_forget(a->m->pools, &a->m->n_pools, one);
        maas_done(a);
    }
}
