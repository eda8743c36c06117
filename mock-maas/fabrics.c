/* fabrics/ and their VLANs. A fabric's first VLAN is its untagged one and stays with it. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

#define VID_MAX   4094
#define MTU_MIN   552
#define MTU_MAX   65535
#define VID_WRONG "VID must be between 0 and 4094."
#define NO_CHOICE "Select a valid choice. That choice is not one of the available choices."

/* --- fabrics ---------------------------------------------------------------------------------- */

static void vlans_write(struct pyjson *j, const char *name, const struct maas *m, int64_t fabric)
{
    pyjson_open(j, name, '[');
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].fabric == fabric)
            maas_vlan_write(j, NULL, m, m->net.vlans[i].id);
    pyjson_close(j, ']');
}

static void fabric_write(struct pyjson *j, const struct maas *m, const struct maas_fabric *f)
{
    pyjson_open(j, NULL, '{');
    pyjson_text_or_null(j, "class_type", f->class_type);
    pyjson_text(j, "name", f->name);
    pyjson_int(j, "id", f->id);
    vlans_write(j, "vlans", m, f->id);
    maas_uri_id_write(j, "fabrics", f->id);
    pyjson_close(j, '}');
}

static void fabric_answer(struct maas_ask *a, const struct maas_fabric *f)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    fabric_write(maas_doc_open(&d), a->m, f);
    maas_doc_answer(a, &d, 200);
}

void maas_fabrics(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->net.n_fabrics; i++)
        fabric_write(j, m, &m->net.fabrics[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* NULL: answered. */
static struct maas_fabric *fabric_for(const struct http_exchange *x)
{
    struct maas_fabric *f = maas_fabric_find(maas_ask(x)->m, http_var(x->vars, "fabric"));

    if (!f)
        maas_not_found(maas_ask(x), "Fabric");
    return f;
}

void maas_fabric(const struct http_exchange *x)
{
    const struct maas_fabric *f = fabric_for(x);

    if (f)
        fabric_answer(maas_ask(x), f);
}

/* false: answered. */
static bool fabric_read(struct maas_ask *a, struct maas_fabric *f)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *name = maas_field(a, "name");

    if (name && *name) {
        const struct maas_fabric *same = NULL;

        for (size_t i = 0; i < a->m->net.n_fabrics; i++)
            if (text_is(a->m->net.fabrics[i].name, name) && a->m->net.fabrics[i].id != f->id)
                same = &a->m->net.fabrics[i];
        if (!maas_is_model_name(name))
            maas_complain_as(&c, "name", "Invalid fabric name: %s.", name);
        else if (maas_is_own_name(name, "fabric-") && !text_is(name, f->name))
            maas_complain(&c, "name", "Reserved fabric name.");
        else if (same)
            maas_complain(&c, "name", "Fabric with this Name already exists.");
        else if (maas_form_text_fits(&c, "name", name, 256))
            text_copy(f->name, sizeof(f->name), name);
    }
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    text_copy(f->description, sizeof(f->description),
              maas_field_or(a, "description", f->description));
    text_copy(f->class_type, sizeof(f->class_type), maas_field_or(a, "class_type", f->class_type));
    return true;
}

void maas_fabric_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_fabric f = {.id = MAAS_NEXT_ID};
    const struct maas_fabric *made;

    if (!fabric_read(a, &f))
        return;
    made = maas_fabric_add(a->m, &f, MAAS_NEXT_ID);
    if (made)
        fabric_answer(a, made);
    else
        maas_no_place(a);
}

void maas_fabric_update(const struct http_exchange *x)
{
    struct maas_fabric *f = fabric_for(x);

    if (f && fabric_read(maas_ask(x), f))
        fabric_answer(maas_ask(x), f);
}

static void vlan_forget(struct maas *m, struct maas_vlan *v)
{
    const size_t i = (size_t)(v - m->net.vlans);

    m->net.n_vlans--;
    memmove(v, v + 1, (m->net.n_vlans - i) * sizeof(*v));
}

static void subnets_of(const struct maas *m, int64_t fabric, struct buf *out)
{
    for (size_t i = 0; i < m->net.n_subnets; i++)
        for (size_t k = 0; k < m->net.n_vlans; k++)
            if (m->net.vlans[k].id == m->net.subnets[i].vlan && m->net.vlans[k].fabric == fabric)
                buf_printf(out, "%s%s", out->len ? ", " : "", m->net.subnets[i].cidr);
}

static void fabric_forget(struct maas *m, struct maas_fabric *f)
{
    const int64_t id = f->id;
    const size_t i = (size_t)(f - m->net.fabrics);

    for (struct maas_vlan *v; (v = maas_vlan_first(m, id)) != NULL;)
        vlan_forget(m, v);
    m->net.n_fabrics--;
    memmove(f, f + 1, (m->net.n_fabrics - i) * sizeof(*f));
}

void maas_fabric_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_fabric *f = fabric_for(x);
    struct buf left SCOPED(buf_drop) = {0}, text SCOPED(buf_drop) = {0};

    if (!f)
        return;
    buf_init(&left, KIB(4));
    buf_init(&text, KIB(8));
    subnets_of(a->m, f->id, &left);
    if (f == a->m->net.fabrics) {
        maas_raise_text(a, 400, "This fabric is the default fabric, it cannot be deleted.");
    } else if (left.len) {
        buf_printf(&text, "Can't delete fabric; the following subnets are still present: %s",
                   buf_text(&left));
        maas_raise_text(a, 400, buf_text(&text));
    } else {
        fabric_forget(a->m, f);
        maas_done(a);
    }
}

/* --- VLANs ------------------------------------------------------------------------------------ */

static void vlan_answer(struct maas_ask *a, const struct maas_vlan *v)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_vlan_write(maas_doc_open(&d), NULL, a->m, v->id);
    maas_doc_answer(a, &d, 200);
}

void maas_vlans(const struct http_exchange *x)
{
    const struct maas_fabric *f = fabric_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    vlans_write(maas_doc_open(&d), NULL, maas_ask(x)->m, f ? f->id : -1);
    if (f)
        maas_doc_answer(maas_ask(x), &d, 200);
}

/* By its id, or by fabric and VID. NULL: answered. */
static struct maas_vlan *vlan_for(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *vid = http_var(x->vars, "vid");
    const struct maas_fabric *f;
    int64_t number = -1;

    if (!*vid) {
        struct maas_vlan *v = maas_id_of(x, "id", &number) ? maas_vlan_by_id(a->m, number) : NULL;

        if (!v)
            maas_return(a, 404, MAAS_PLAIN, "VLAN with specified ID does not exist.");
        return v;
    }
    f = fabric_for(x);
    if (!f)
        return NULL;
    if (text_is(vid, "untagged"))
        return maas_vlan_first(a->m, f->id);
    maas_id_of(x, "vid", &number);
    for (size_t i = 0; i < a->m->net.n_vlans; i++)
        if (a->m->net.vlans[i].fabric == f->id && a->m->net.vlans[i].vid == number)
            return &a->m->net.vlans[i];
    maas_not_found(a, "VLAN");
    return NULL;
}

void maas_vlan(const struct http_exchange *x)
{
    const struct maas_vlan *v = vlan_for(x);

    if (v)
        vlan_answer(maas_ask(x), v);
}

static void vid_read(struct maas_complaints *c, const char *text, bool must, int64_t *ret)
{
    if (text && *text && !text_int(text, INT32_MIN, INT32_MAX, ret)) {
        maas_complain(c, "vid", "Enter a whole number.");
        maas_complain(c, "vid", VID_WRONG);
        return;
    }
    if (must && (!text || !*text)) {
        maas_complain(c, "vid", "This field is required.");
        maas_complain(c, "vid", VID_WRONG);
        return;
    }
    if (*ret < 0 || *ret > VID_MAX)
        maas_complain(c, "vid", VID_WRONG);
}

static bool has_dynamic_range(const struct maas *m, int64_t vlan)
{
    for (size_t i = 0; i < m->net.n_ranges; i++)
        for (size_t k = 0; k < m->net.n_subnets; k++)
            if (m->net.ranges[i].dynamic && m->net.subnets[k].id == m->net.ranges[i].subnet &&
                m->net.subnets[k].vlan == vlan)
                return true;
    return false;
}

static void dhcp_read(struct maas_ask *a, struct maas_complaints *c, struct maas_vlan *v)
{
    const bool on = maas_checked(maas_field(a, "dhcp_on"), v->dhcp_on);

    if (on && !v->dhcp_on && !has_dynamic_range(a->m, v->id))
        maas_complain(c, "dhcp_on",
                      "dhcp can only be turned on when a dynamic IP range is defined.");
    v->dhcp_on = on;
    text_copy(v->primary_rack, sizeof(v->primary_rack),
              maas_field_or(a, "primary_rack", v->primary_rack));
    text_copy(v->secondary_rack, sizeof(v->secondary_rack),
              maas_field_or(a, "secondary_rack", v->secondary_rack));
}

static void space_read(struct maas_ask *a, struct maas_complaints *c, struct maas_vlan *v)
{
    const char *wish = maas_field(a, "space");
    const struct maas_space *s = wish && *wish ? maas_space_find(a->m, wish) : NULL;

    if (wish && *wish && !s)
        maas_complain(c, "space", NO_CHOICE);
    else if (wish)
        v->space = s ? s->id : 0;
}

/* false: answered. */
static bool vlan_read(struct maas_ask *a, struct maas_vlan *v, bool must)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};

    vid_read(&c, maas_field(a, "vid"), must, &v->vid);
    maas_form_number(&c, "mtu", maas_field(a, "mtu"), MTU_MIN, MTU_MAX, &v->mtu);
    space_read(a, &c, v);
    dhcp_read(a, &c, v);
    text_copy(v->name, sizeof(v->name), maas_field_or(a, "name", v->name));
    text_copy(v->description, sizeof(v->description),
              maas_field_or(a, "description", v->description));
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    for (size_t i = 0; i < a->m->net.n_vlans; i++)
        if (a->m->net.vlans[i].fabric == v->fabric && a->m->net.vlans[i].vid == v->vid &&
            a->m->net.vlans[i].id != v->id)
            maas_complain(
                &c, "__all__",
                "A VLAN with the specified VID already exists in the destination fabric.");
    return !maas_complained(a, &c, "application/json");
}

void maas_vlan_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_fabric *f = fabric_for(x);
    struct maas_vlan v = {.id = MAAS_NEXT_ID}, *made;

    if (!f)
        return;
    v.fabric = f->id;
    if (!vlan_read(a, &v, true))
        return;
    made = maas_vlan_add(a->m, &v);
    if (made)
        vlan_answer(a, made);
    else
        maas_no_place(a);
}

void maas_vlan_update(const struct http_exchange *x)
{
    struct maas_vlan *v = vlan_for(x), after;

    if (!v)
        return;
    after = *v;
    if (!vlan_read(maas_ask(x), &after, false))
        return;
    *v = after;
    vlan_answer(maas_ask(x), v);
}

void maas_vlan_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_vlan *v = vlan_for(x);
    const struct maas_vlan *first;

    if (!v)
        return;
    first = maas_vlan_first(a->m, v->fabric);
    if (v == first) {
        maas_raise_text(a, 400,
                        "This VLAN is the default VLAN in the fabric, it cannot be deleted.");
        return;
    }
    for (size_t i = 0; i < a->m->net.n_subnets; i++) /* they move to the untagged one */
        if (a->m->net.subnets[i].vlan == v->id)
            a->m->net.subnets[i].vlan = first->id;
    vlan_forget(a->m, v);
    maas_done(a);
}
