/* spaces/: VLANs that belong together. What has none shows up in a space of no number, "undefined".
 */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define UNDEFINED_WHAT                                                                             \
    "Backward compatibility object to ensure objects not associated with a space can be found."

static void members_write(struct pyjson *j, const struct maas *m, int64_t space)
{
    pyjson_open(j, "vlans", '[');
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].space == space)
            maas_vlan_write(j, NULL, m, m->net.vlans[i].id);
    pyjson_close(j, ']');
    pyjson_open(j, "subnets", '[');
    for (size_t i = 0; i < m->net.n_subnets; i++)
        for (size_t k = 0; k < m->net.n_vlans; k++)
            if (m->net.vlans[k].id == m->net.subnets[i].vlan && m->net.vlans[k].space == space)
                maas_subnet_write(j, NULL, m, &m->net.subnets[i]);
    pyjson_close(j, ']');
}

/* NULL: the one that is none. */
static void space_write(struct pyjson *j, const struct maas *m, const struct maas_space *s)
{
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "description", s ? s->description : UNDEFINED_WHAT);
    if (s)
        maas_uri_id_write(j, "spaces", s->id);
    else
        maas_uri_write(j, "spaces", "undefined");
    pyjson_text(j, "name", s ? s->name : "undefined");
    pyjson_int(j, "id", s ? s->id : -1);
    members_write(j, m, s ? s->id : 0);
    pyjson_close(j, '}');
}

static void space_answer(struct maas_ask *a, const struct maas_space *s)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    space_write(maas_doc_open(&d), a->m, s);
    maas_doc_answer(a, &d, 200);
}

void maas_spaces(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    bool loose = false;

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->net.n_spaces; i++)
        space_write(j, m, &m->net.spaces[i]);
    for (size_t i = 0; i < m->net.n_vlans; i++)
        loose = loose || m->net.vlans[i].space == 0;
    if (loose)
        space_write(j, m, NULL);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

static bool is_undefined(const struct http_exchange *x)
{
    return text_is(http_var(x->vars, "space"), "undefined");
}

/* NULL: answered. */
static struct maas_space *space_for(const struct http_exchange *x)
{
    struct maas_space *s = maas_space_find(maas_ask(x)->m, http_var(x->vars, "space"));

    if (!s)
        maas_not_found(maas_ask(x), "Space");
    return s;
}

void maas_space(const struct http_exchange *x)
{
    const struct maas_space *s = is_undefined(x) ? NULL : space_for(x);

    if (s || is_undefined(x))
        space_answer(maas_ask(x), s);
}

/* false: answered. */
static bool space_read(struct maas_ask *a, struct maas_space *s)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *name = maas_field(a, "name");

    if (name && *name) {
        bool taken = false;

        for (size_t i = 0; i < a->m->net.n_spaces; i++)
            taken = taken ||
                    (text_is(a->m->net.spaces[i].name, name) && a->m->net.spaces[i].id != s->id);
        if (!maas_is_model_name(name))
            maas_complain_as(&c, "name", "Invalid space name: %s.", name);
        else if (text_is(name, "undefined") ||
                 (maas_is_own_name(name, "space-") && !text_is(name, s->name)))
            maas_complain(&c, "name", "Reserved space name.");
        else if (taken)
            maas_complain(&c, "name", "Space with this Name already exists.");
        else if (maas_form_text_fits(&c, "name", name, 256))
            text_copy(s->name, sizeof(s->name), name);
    }
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    text_copy(s->description, sizeof(s->description),
              maas_field_or(a, "description", s->description));
    return true;
}

void maas_space_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_space s = {.id = MAAS_NEXT_ID}, *made;
    struct buf name SCOPED(buf_drop) = {0};

    if (!space_read(a, &s))
        return;
    made = maas_space_add(a->m, &s);
    if (!made) {
        maas_no_place(a);
        return;
    }
    buf_init(&name, 64);
    buf_printf(&name, "space-%lld", (long long)made->id);
    if (!made->name[0])
        text_copy(made->name, sizeof(made->name), buf_text(&name));
    space_answer(a, made);
}

static bool is_fixed(const struct http_exchange *x)
{
    if (is_undefined(x))
        maas_raise_text(maas_ask(x), 400, "Space cannot be modified: undefined");
    return is_undefined(x);
}

void maas_space_update(const struct http_exchange *x)
{
    struct maas_space *s = is_fixed(x) ? NULL : space_for(x);

    if (s && space_read(maas_ask(x), s))
        space_answer(maas_ask(x), s);
}

/* Its VLANs have none then. */
void maas_space_delete(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_space *s = is_fixed(x) ? NULL : space_for(x);

    if (!s)
        return;
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].space == s->id)
            m->net.vlans[i].space = 0;
    m->net.n_spaces--;
    memmove(s, s + 1, (size_t)(&m->net.spaces[m->net.n_spaces] - s) * sizeof(*s));
    maas_done(maas_ask(x));
}
