/* nodes/: machines by their other name, and the parts of one. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

void maas_nodes(const struct http_exchange *x)
{
    maas_machines(x);
}

static struct maas_machine *node_for(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = maas_machine_find(a->m, http_var(x->vars, "system_id"));

    if (!one)
        maas_not_found(a, "Node");
    else if (maas_may_view(a, one))
        return one;
    else
        maas_raise_text(a, 403, "");
    return NULL;
}

void maas_node(const struct http_exchange *x)
{
    const struct maas_machine *one = node_for(x);

    if (one)
        maas_machine_answer(maas_ask(x), one, NULL);
}

void maas_node_remove(const struct http_exchange *x)
{
    if (node_for(x))
        maas_machine_remove(x);
}

/* --- parts ------------------------------------------------------------------------------------ */

void maas_nics(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = node_for(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct pyjson *j;

    if (!one)
        return;
    j = maas_doc_open(&doc);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < one->n_nics; i++)
        maas_nic_write(j, NULL, a->m, one, &one->nics[i]);
    pyjson_close(j, ']');
    maas_doc_answer(a, &doc, 200);
}

void maas_nic(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = node_for(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    const char *id = http_var(x->vars, "id");
    int64_t number = 0;

    if (!one)
        return;
    (void)text_int(id, 0, INT32_MAX, &number);
    for (size_t i = 0; i < one->n_nics; i++)
        if (one->nics[i].id == number || text_is(one->nics[i].name, id)) {
            maas_nic_write(maas_doc_open(&doc), NULL, a->m, one, &one->nics[i]);
            maas_doc_answer(a, &doc, 200);
            return;
        }
    maas_not_found(a, "Interface");
}

void maas_disks(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = node_for(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    struct pyjson *j;

    if (!one)
        return;
    j = maas_doc_open(&doc);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < one->n_disks; i++)
        maas_disk_write(j, NULL, one, i, false);
    pyjson_close(j, ']');
    maas_doc_answer(a, &doc, 200);
}

void maas_disk(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_machine *one = node_for(x);
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};
    const char *id = http_var(x->vars, "id");
    int64_t number = 0;

    if (!one)
        return;
    (void)text_int(id, 0, INT32_MAX, &number);
    for (size_t i = 0; i < one->n_disks; i++)
        if (one->disks[i].id == number || text_is(one->disks[i].name, id)) {
            maas_disk_write(maas_doc_open(&doc), NULL, one, i, false);
            maas_doc_answer(a, &doc, 200);
            return;
        }
    maas_not_found(a, "BlockDevice");
}

/* --- links ------------------------------------------------------------------------------------ */

/* NULL: answered. Interfaces of machines are an administrator's, and only of machines at rest. */
static struct maas_machine *owner_for(const struct http_exchange *x, const char *what)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = node_for(x);
    struct buf text SCOPED(buf_drop) = {0};
    const uint64_t allowed = BIT(MAAS_NEW) | BIT(MAAS_READY) | BIT(MAAS_FAILED_TESTING) |
                             BIT(MAAS_ALLOCATED) | BIT(MAAS_BROKEN);

    if (!one)
        return NULL;
    if (!a->user->superuser || one->locked) {
        maas_raise_text(a, 403, "");
        return NULL;
    }
    if (allowed & BIT(one->status))
        return one;
    buf_init(&text, 256);
    buf_printf(&text,
               "Cannot %s interface because the machine is not New, Ready, Allocated, or Broken.",
               what);
    maas_raise_text(a, 409, buf_text(&text));
    return NULL;
}

static struct maas_nic *nic_of(struct maas_machine *one, const char *id)
{
    int64_t number = 0;

    (void)text_int(id, 1, INT32_MAX, &number);
    for (size_t i = 0; i < one->n_nics; i++)
        if (one->nics[i].id == number || text_is(one->nics[i].name, id))
            return &one->nics[i];
    return NULL;
}

static void lower(const char *text, char out[32])
{
    size_t n = 0;

    for (; *text && n < 31; text++)
        out[n++] = (char)(*text >= 'A' && *text <= 'Z' ? *text + ('a' - 'A') : *text);
    out[n] = '\0';
}

struct link_form {
    char mode[32];
    const struct maas_subnet *subnet; /* NULL: none */
    const char *ip;                   /* or "" */
};

static void ip_check(struct maas *m, const struct link_form *f, struct maas_complaints *c)
{
    const struct maas_vlan *vlan = f->subnet ? maas_vlan_by_id(m, f->subnet->vlan) : NULL;
    uint32_t ip;

    if (!*f->ip)
        return;
    if (!maas_ip_read(f->ip, &ip))
        maas_complain(c, "ip_address", "Enter a valid IPv4 or IPv6 address.");
    else if (f->subnet && (ip < f->subnet->network || ip > f->subnet->broadcast))
        maas_complain_as(c, "ip_address", "IP address is not in the given subnet '%s:%s(vid=%d)'.",
                         f->subnet->name, f->subnet->cidr, (int)(vlan ? vlan->vid : 0));
}

static bool link_form_read(struct maas_ask *a, struct link_form *f)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {0};
    const char *spec = maas_field_or(a, "subnet", "");

    lower(maas_field_or(a, "mode", ""), f->mode);
    f->subnet = *spec ? maas_subnet_find(a->m, spec) : NULL;
    f->ip = maas_field_or(a, "ip_address", "");
    if (!*f->mode)
        maas_complain(&c, "mode", "This field is required.");
    else if (!text_is(f->mode, "auto") && !text_is(f->mode, "dhcp") &&
             !text_is(f->mode, "static") && !text_is(f->mode, "link_up"))
        maas_complain_as(&c, "mode",
                         "'%s' is not a valid mode.  It should be one of: 'auto', "
                         "'dhcp', 'static', 'link_up'.",
                         f->mode);
    if (*spec && !f->subnet)
        maas_complain(&c, "subnet",
                      "Select a valid choice. That choice is not one of the "
                      "available choices.");
    ip_check(a->m, f, &c);
    return !maas_complained(a, &c, MAAS_JSON);
}

static void nic_answer(struct maas_ask *a, const struct maas_machine *one,
                       const struct maas_nic *nic)
{
    struct maas_doc doc SCOPED(maas_doc_drop) = {0};

    maas_nic_write(maas_doc_open(&doc), NULL, a->m, one, nic);
    maas_doc_answer(a, &doc, 200);
}

/* One link an interface: a new one takes the place of the old. */
void maas_nic_link(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = owner_for(x, "link subnet");
    struct maas_nic *nic = one ? nic_of(one, http_var(x->vars, "id")) : NULL;
    struct link_form f;

    if (one && !nic)
        maas_not_found(a, "Interface");
    if (!nic || !link_form_read(a, &f))
        return;
    nic->link = ++a->m->next_link_id;
    nic->subnet = f.subnet ? f.subnet->id : nic->subnet;
    nic->vlan = f.subnet ? f.subnet->vlan : nic->vlan;
    nic->no_address = text_is(f.mode, "link_up") || text_is(f.mode, "dhcp");
    nic->is_static = text_is(f.mode, "static");
    text_copy(nic->ip, sizeof(nic->ip), nic->is_static ? f.ip : "");
    nic_answer(a, one, nic);
}

void maas_nic_unlink(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_machine *one = owner_for(x, "unlink subnet");
    struct maas_nic *nic = one ? nic_of(one, http_var(x->vars, "id")) : NULL;

    if (one && !nic)
        maas_not_found(a, "Interface");
    if (!nic)
        return;
    nic->link = 0;
    nic->is_static = false;
    nic->ip[0] = '\0';
    nic_answer(a, one, nic);
}
