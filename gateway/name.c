/* The DNS record of a cluster's endpoint (GP-98): read before it is written, written only when it
 * differs, and never holding the address of a machine that is released. */
#include "gateway/cluster.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- addresses -------------------------------------------------------------------------------- */

/* The best address of a machine: they are kept in the order in which they are preferred. */
static const char *address_of(const struct gw_cluster *c, const struct gw_machine *m)
{
    if (m->unwanted || m->gone || !m->fresh || !m->named_after || m->n_addresses == 0 ||
        !gw_is_control_plane(c, m) || !gw_is_held(c, m))
        return NULL;
    return m->addresses[0];
}

size_t gw_name_wanted(const struct gw_cluster *c, const char *out[GW_MACHINES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; c->item && c->item->present && i < c->n_machines; i++) {
        const char *address = address_of(c, &c->machines[i]);

        if (address)
            out[n++] = address;
    }
    return n;
}

static bool is_in_record(const struct gw_record_name *name, const char *address)
{
    for (size_t i = 0; i < name->n_addresses; i++)
        if (text_is(name->addresses[i], address))
            return true;
    return false;
}

static bool is_same(const struct gw_cluster *c, const char *const *wanted, size_t n)
{
    if (n != c->name.n_addresses)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_in_record(&c->name, wanted[i]))
            return false;
    return true;
}

static bool is_managed(const struct gw_cluster *c)
{
    return c->item && c->item->body.endpoint.managed && c->item->body.endpoint.host[0];
}

bool gw_name_is_wanted(const struct gw_cluster *c)
{
    return is_managed(c) && c->item->present;
}

bool gw_name_is_free_of(const struct gw_cluster *c, const struct gw_machine *m)
{
    if (!is_managed(c) || (c->item->present && !gw_is_control_plane(c, m) && m->pool[0]))
        return true;
    if (!c->name.known)
        return false;
    if (!c->item->present)
        return c->name.id == 0;
    for (size_t i = 0; i < m->n_addresses; i++)
        if (is_in_record(&c->name, m->addresses[i]))
            return false;
    return true;
}

bool gw_name_is_settled(const struct gw_cluster *c)
{
    const char *wanted[GW_MACHINES_MAX];
    const size_t n = gw_name_wanted(c, wanted);

    if (!is_managed(c))
        return true;
    if (!c->item->present)
        return c->name.known && c->name.id == 0;
    return c->name.known && c->name.id > 0 && n > 0 && is_same(c, wanted, n);
}

bool gw_name_is_possible(const struct gw_cluster *c)
{
    return !is_managed(c) || (c->name.known && !c->name.no_domain && c->key_user.admin) ||
           gw_name_is_settled(c);
}

const char *gw_domain_of(const char *host)
{
    const char *dot = strchr(host, '.');

    return dot ? dot + 1 : host;
}

/* A machine on its way out still stands in the record, or may. */
static bool somebody_leaves(const struct gw_cluster *c)
{
    for (size_t i = 0; i < c->n_machines; i++) {
        const struct gw_machine *m = &c->machines[i];

        if (m->unwanted && m->fresh && gw_is_held(c, m) && !gw_name_is_free_of(c, m))
            return true;
    }
    return false;
}

/* --- when ------------------------------------------------------------------------------------- */

static bool is_time(const struct gw_cluster *c)
{
    return is_managed(c) && c->claimed && c->looked && !c->offered;
}

/* Once before a machine is taken, for the domain may be unknown, and then as long as the record is
 * ours: whoever else writes names may have undone it. */
ms_t gw_name_read_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    (void)m;
    if (!is_time(c))
        return MS_NEVER;
    if (!c->name.known || c->name.no_domain)
        return g->now;
    return c->item->present && c->name.id > 0 ? c->name.read_due : MS_NEVER;
}

ms_t gw_name_make_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    const char *wanted[GW_MACHINES_MAX];

    (void)m;
    return is_time(c) && c->name.known && c->name.id == 0 && !c->name.no_domain &&
                   gw_name_wanted(c, wanted) > 0
               ? g->now
               : MS_NEVER;
}

ms_t gw_name_set_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    const char *wanted[GW_MACHINES_MAX];
    const size_t n = gw_name_wanted(c, wanted);

    (void)m;
    return is_time(c) && c->name.known && c->name.id > 0 && n > 0 && !is_same(c, wanted, n)
               ? g->now
               : MS_NEVER;
}

ms_t gw_name_drop_when(const struct gw *g, const struct gw_cluster *c, const struct gw_machine *m)
{
    const char *wanted[GW_MACHINES_MAX];

    (void)m;
    if (!is_time(c) || !c->name.known || c->name.id == 0)
        return MS_NEVER;
    if (!c->item->present)
        return g->now;
    return gw_name_wanted(c, wanted) == 0 && somebody_leaves(c) ? g->now : MS_NEVER;
}

/* --- answers ---------------------------------------------------------------------------------- */

struct resource {
    int64_t id;
    char fqdn[GW_HOST_MAX];
    size_t n;
    struct resource_ip {
        char ip[GW_ADDRESS_LEN];
    } ips[GW_MACHINES_MAX];
};
static const struct jx_field ip_fields[] = {
    JX_TEXT(struct resource_ip, ip, 0),
};
static const struct jx_field resource_fields[] = {
    JX_INT(struct resource, id, "id", JX_MUST, INT64_MIN, INT64_MAX),
    JX_TEXT(struct resource, fqdn, JX_MUST),
    JX_ARRAY(struct resource, ips, n, "ip_addresses", 0, ip_fields),
};

static void resource_take(struct gw_cluster *c, const struct resource *r)
{
    c->name.known = true;
    c->name.id = r->id;
    c->name.n_addresses = 0;
    for (size_t i = 0; i < r->n; i++)
        if (r->ips[i].ip[0])
            memcpy(c->name.addresses[c->name.n_addresses++], r->ips[i].ip, GW_ADDRESS_LEN);
}

static int each_resource(void *arg, size_t i, const void *element)
{
    struct gw_cluster *c = arg;
    const struct resource *r = element;

    (void)i;
    if (r->id > 0 && text_is_nocase(r->fqdn, c->item->body.endpoint.host))
        resource_take(c, r);
    return 0;
}

static void resource_free(struct resource **r)
{
    free(*r);
}

static struct resource *resource_new(void)
{
    struct resource *r = calloc(1, sizeof *r);

    if (!r)
        WRONG("no memory");
    return r;
}

static ms_t next_read(const struct gw_turn *t)
{
    return t->g->now + ms_max(t->g->timing.maas_max_ms, 1);
}

bool gw_name_read_good(struct gw_turn *t)
{
    struct resource *r SCOPED(resource_free) = resource_new();

    if (!t->c->item)
        return true;
    t->c->name = (struct gw_record_name){0};
    if (jx_read_list(buf_text(&t->r->body), t->r->body.len, resource_fields,
                     COUNTOF(resource_fields), 0, r, sizeof *r, each_resource, t->c, NULL) < 0)
        return false;
    t->c->name.known = true;
    t->c->name.read_due = next_read(t);
    if (t->c->key_user.admin || gw_name_is_settled(t->c)) /* else writing it will be refused */
        gw_blame(t->c, GW_COND_ENDPOINT, NULL, "");
    return true;
}

bool gw_name_written_good(struct gw_turn *t)
{
    struct resource *r SCOPED(resource_free) = resource_new();

    if (jx_read(buf_text(&t->r->body), t->r->body.len, resource_fields, COUNTOF(resource_fields), 0,
                r, NULL) < 0) {
        t->c->name.known = false;
        return false;
    }
    resource_take(t->c, r);
    t->c->name.read_due = next_read(t);
    gw_blame(t->c, GW_COND_ENDPOINT, NULL, "");
    return true;
}

bool gw_name_drop_good(struct gw_turn *t)
{
    t->c->name = (struct gw_record_name){.known = true};
    return true;
}

void gw_name_gone(struct gw_turn *t)
{
    (void)gw_name_drop_good(t);
}

void gw_name_again(struct gw_turn *t)
{
    t->c->name.known = false;
}

void gw_name_domain(struct gw_turn *t)
{
    if (!t->c->item)
        return;
    /* no domain, no record in it */
    t->c->name = (struct gw_record_name){.known = true, .no_domain = t->c->item->present};
    if (!t->c->item->present)
        return;
    gw_blame(t->c, GW_COND_ENDPOINT, "DomainUnknown", gw_domain_of(t->c->item->body.endpoint.host));
}

void gw_name_forbidden(struct gw_turn *t)
{
    if (t->c->item)
        gw_blame(t->c, GW_COND_ENDPOINT, "DnsForbidden", t->c->item->body.endpoint.host);
}
