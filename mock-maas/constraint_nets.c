/* Constraints on what a machine's interfaces are connected to. */
#include "mock-maas/constraint.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>

struct link { /* one interface, and where it leads */
    const struct maas_nic *nic;
    const struct maas_vlan *vlan;     /* NULL: nowhere */
    const struct maas_subnet *subnet; /* NULL: none */
};

static struct link link_of(const struct maas *m, const struct maas_nic *nic)
{
    struct link l = {.nic = nic};

    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (nic->vlan && m->net.vlans[i].id == nic->vlan)
            l.vlan = &m->net.vlans[i];
    for (size_t i = 0; i < m->net.n_subnets; i++)
        if (nic->link && m->net.subnets[i].id == nic->subnet)
            l.subnet = &m->net.subnets[i];
    return l;
}

/* --- subnets ---------------------------------------------------------------------------------- */

static bool number_is(const char *text, int64_t number)
{
    int64_t value;

    return text_int(text, 0, INT32_MAX, &value) && value == number;
}

static bool fabric_is(const struct maas *m, int64_t fabric, const char *v)
{
    return text_is(maas_fabric_name(m, fabric), v) || number_is(v, fabric);
}

static bool space_is(const struct maas *m, int64_t space, const char *v)
{
    return space != 0 && (text_is(maas_space_name(m, space), v) || number_is(v, space));
}

static const struct maas_vlan *vlan_of(const struct maas *m, const struct maas_subnet *s)
{
    for (size_t i = 0; i < m->net.n_vlans; i++)
        if (m->net.vlans[i].id == s->vlan)
            return &m->net.vlans[i];
    return NULL;
}

static bool subnet_has_ip(const struct maas_subnet *s, const char *v)
{
    uint32_t ip;

    return maas_ip_read(v, &ip) && ip >= s->network && ip <= s->broadcast;
}

/* "pxe-net", "10.0.0.0/24", "3", "space:dmz", "vid:7" … */
static bool subnet_is(const struct maas *m, const struct maas_subnet *s, const char *v)
{
    const char *colon = strchr(v, ':'), *rest = colon ? colon + 1 : v;
    const struct maas_vlan *vlan = vlan_of(m, s);

    if (!colon)
        return number_is(v, s->id) || text_is(s->cidr, v) || text_is(s->name, v);
    if (text_begins(v, "space:"))
        return vlan && space_is(m, vlan->space, rest);
    if (text_begins(v, "fabric:"))
        return vlan && fabric_is(m, vlan->fabric, rest);
    if (text_begins(v, "vid:"))
        return vlan && number_is(rest, vlan->vid);
    if (text_begins(v, "vlan:"))
        return vlan && (number_is(rest, vlan->id) || text_is(vlan->name, rest));
    if (text_begins(v, "ip:"))
        return subnet_has_ip(s, rest);
    if (text_begins(v, "id:"))
        return number_is(rest, s->id);
    return text_is(text_begins(v, "cidr:") ? s->cidr : s->name, rest);
}

static bool linked(const struct maas *m, const struct maas_machine *one, const char *v)
{
    for (size_t i = 0; i < one->n_nics; i++) {
        const struct link l = link_of(m, &one->nics[i]);

        if (l.subnet && subnet_is(m, l.subnet, v))
            return true;
    }
    return false;
}

bool maas_subnets_all(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (!linked(q->m, one, v))
            return false;
    return true;
}

bool maas_subnets_any(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        if (linked(q->m, one, v))
            return true;
    return false;
}

void maas_subnets_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;) {
        bool known = false;

        for (size_t k = 0; k < q->m->net.n_subnets; k++)
            known = known || subnet_is(q->m, &q->m->net.subnets[k], v);
        if (!known)
            buf_text_add(complaint, "No matching subnets found.");
    }
}

/* --- VLANs and fabrics ------------------------------------------------------------------------ */

static bool vlan_is(const struct maas *m, const struct maas_vlan *vlan, const char *v)
{
    const char *colon = strchr(v, ':'), *rest = colon ? colon + 1 : v;

    if (text_begins(v, "fabric:"))
        return fabric_is(m, vlan->fabric, rest);
    if (text_begins(v, "space:"))
        return space_is(m, vlan->space, rest);
    if (text_begins(v, "vid:"))
        return number_is(rest, vlan->vid);
    return number_is(rest, vlan->id) || text_is(vlan->name, rest);
}

bool maas_vlans_any(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        for (size_t k = 0; k < one->n_nics; k++) {
            const struct link l = link_of(q->m, &one->nics[k]);

            if (l.vlan && vlan_is(q->m, l.vlan, v))
                return true;
        }
    return false;
}

void maas_vlans_check(const struct asked *q, struct buf *complaint)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL && complaint->len == 0;) {
        bool known = false;

        for (size_t k = 0; k < q->m->net.n_vlans; k++)
            known = known || vlan_is(q->m, &q->m->net.vlans[k], v);
        if (!known)
            buf_text_add(complaint, "No matching VLANs found.");
    }
}

bool maas_fabrics_any(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        for (size_t k = 0; k < one->n_nics; k++) {
            const struct link l = link_of(q->m, &one->nics[k]);

            if (l.vlan && text_is(maas_fabric_name(q->m, l.vlan->fabric), v))
                return true;
        }
    return false;
}

static const char *class_of(const struct maas *m, int64_t fabric)
{
    for (size_t i = 0; i < m->net.n_fabrics; i++)
        if (m->net.fabrics[i].id == fabric)
            return m->net.fabrics[i].class_type;
    return "";
}

bool maas_classes_any(const struct asked *q, const struct maas_machine *one)
{
    const char *v;

    for (size_t i = 0; (v = maas_constraint_value(q, &i)) != NULL;)
        for (size_t k = 0; k < one->n_nics; k++) {
            const struct link l = link_of(q->m, &one->nics[k]);

            if (l.vlan && *v && text_is(class_of(q->m, l.vlan->fabric), v))
                return true;
        }
    return false;
}

/* --- interfaces: "label:key=value,key=value;label2:…" ----------------------------------------- */

enum key {
    KEY_ID,
    KEY_FABRIC,
    KEY_CLASS,
    KEY_IP,
    KEY_MODE,
    KEY_NAME,
    KEY_HOSTNAME,
    KEY_SUBNET,
    KEY_SPACE,
    KEY_CIDR,
    KEY_TYPE,
    KEY_VLAN,
    KEY_VID,
    KEY_TAG,
    KEY_LINK_SPEED,
    KEY_COUNT
};
static const char *const keys[KEY_COUNT] = {
    "id",    "fabric",      "fabric_class", "ip",   "mode", "name", "hostname",  "subnet",
    "space", "subnet_cidr", "type",         "vlan", "vid",  "tag",  "link_speed"};

static enum key key_of(const char *name, bool * not )
{
    *not = text_begins(name, "not_");
    if (*not )
        name += 4;
    for (unsigned k = 0; k < KEY_COUNT; k++)
        if (text_is(keys[k], name))
            return (enum key)k;
    return KEY_COUNT;
}

/* The mode of a link cannot be met by what has none: MAAS does not ask for it then. */
static bool key_fits(const struct maas *m, const struct maas_machine *one, const struct link *l,
                     enum key key, const char *v)
{
    int64_t number;

    switch (key) {
    case KEY_ID:
        return number_is(v, l->nic->id);
    case KEY_FABRIC:
        return l->vlan && fabric_is(m, l->vlan->fabric, v);
    case KEY_CLASS:
        return l->vlan && text_is(class_of(m, l->vlan->fabric), v);
    case KEY_IP:
        return text_is(l->nic->ip, v);
    case KEY_MODE:
        return text_is(v, "unconfigured") ||
               (l->nic->link && text_is(l->nic->no_address ? "link_up" : "auto", v));
    case KEY_NAME:
        return text_is(l->nic->name, v);
    case KEY_HOSTNAME:
        return text_is(one->hostname, v);
    case KEY_SUBNET:
        return l->subnet && subnet_is(m, l->subnet, v);
    case KEY_SPACE:
        return l->vlan && space_is(m, l->vlan->space, v);
    case KEY_CIDR:
        return l->subnet && text_is(l->subnet->cidr, v);
    case KEY_TYPE:
        return text_is(v, "physical");
    case KEY_VLAN:
        return l->vlan && vlan_is(m, l->vlan, v);
    case KEY_VID:
        return l->vlan && number_is(v, l->vlan->vid);
    case KEY_LINK_SPEED:
        return one->hardware && text_int(v, 0, INT32_MAX, &number) &&
               one->hardware->link_speed >= number;
    case KEY_TAG:
    case KEY_COUNT:
        break;
    }
    return false;
}

struct want { /* one key=value of a label */
    char name[64], value[128];
};

/* "key=value" apart; false: it is none. */
static bool want_read(const char *text, struct want *ret)
{
    const size_t len = strcspn(text, "=");

    return text[len] == '=' && text_copy_len(ret->name, sizeof(ret->name), text, len) &&
           text_copy(ret->value, sizeof(ret->value), text + len + 1);
}

/* All keys; of one that is repeated any value. */
static bool nic_fits(const struct maas *m, const struct maas_machine *one,
                     const struct maas_nic *nic, const char *wants)
{
    const struct link l = link_of(m, nic);
    const char *rest = wants;
    char text[192];

    while (text_next(&rest, ',', text, sizeof(text))) {
        struct want w, other;
        const char *again = wants;
        bool not, fits = false;

        if (!want_read(text, &w))
            return false;
        while (text_next(&again, ',', text, sizeof(text)))
            if (want_read(text, &other) && text_is(other.name, w.name))
                fits = fits || key_fits(m, one, &l, key_of(w.name, &not ), other.value);
        (void)key_of(w.name, &not );
        if (fits == not )
            return false;
    }
    return true;
}

static void label_write(struct buf *ret, const char *label, const struct maas *m,
                        const struct maas_machine *one, const char *wants)
{
    const char *comma = "";

    buf_text_add(ret, ret->len ? ", " : "");
    py_text(ret, label);
    buf_text_add(ret, ": [");
    for (size_t i = 0; i < one->n_nics; i++)
        if (nic_fits(m, one, &one->nics[i], wants)) {
            buf_printf(ret, "%s%" PRId64, comma, one->nics[i].id);
            comma = ", ";
        }
    buf_char_add(ret, ']');
}

bool maas_interfaces_fit(const struct maas *m, const struct maas_machine *one, const char *wish,
                         struct buf *ret)
{
    char part[512], label[64];

    while (text_next(&wish, ';', part, sizeof(part))) {
        const size_t len = strcspn(part, ":");
        bool any = false;

        if (!part[len] || !text_copy_len(label, sizeof(label), part, len))
            return false;
        for (size_t i = 0; i < one->n_nics; i++)
            any = any || nic_fits(m, one, &one->nics[i], part + len + 1);
        if (!any)
            return false;
        if (ret)
            label_write(ret, label, m, one, part + len + 1);
    }
    return true;
}

/* The key of an unknown constraint, in MAAS's words: the quote without its fellow is MAAS's own. */
void maas_interfaces_check(const char *wish, struct buf *complaint)
{
    char part[512], text[192];
    struct want w;
    bool not ;

    while (text_next(&wish, ';', part, sizeof(part)) && complaint->len == 0) {
        const char *rest = strchr(part, ':');

        if (!rest || !strchr(rest, '=')) {
            buf_printf(complaint,
                       "Malformed constraint: '%s' (required format: '<label>:<key>="
                       "<value>[,<key2>=<value2>[,...]]')",
                       part);
            return;
        }
        for (rest++; text_next(&rest, ',', text, sizeof(text)) && complaint->len == 0;)
            if (!want_read(text, &w) || key_of(w.name, &not ) == KEY_COUNT)
                buf_printf(complaint, "Unknown interfaces constraint: '%.*s",
                           (int)strcspn(text, "="), text);
    }
}

bool maas_interfaces_strange(const struct maas *m, const char *wish)
{
    char part[512], text[192];
    struct want w;

    while (text_next(&wish, ';', part, sizeof(part))) {
        const char *rest = strchr(part, ':');

        for (rest = rest ? rest + 1 : ""; text_next(&rest, ',', text, sizeof(text));) {
            bool known = false;

            if (!want_read(text, &w) || !text_is(w.name, "space"))
                continue;
            for (size_t i = 0; i < m->net.n_spaces; i++)
                known = known || space_is(m, m->net.spaces[i].id, w.value);
            if (!known)
                return true;
        }
    }
    return false;
}
