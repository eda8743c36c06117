/* Reading zones, pools, tags, domains, subnets, users and the version. Shapes and the order of the
 * fields are those recorded on 3.7.3. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <string.h>

/* One element of a resource; i is its place. */
typedef void element_fn(struct pyjson *j, const struct maas *m, size_t i);

static void list_answer(const struct http_exchange *x, size_t n, element_fn *write)
{
    struct maas_ask *a = maas_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    pyjson_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        write(&j, a->m, i);
    pyjson_close(&j, ']');
    maas_return_json(a, buf_text(&body));
}

/* i == n: there is none. */
static void item_answer(const struct http_exchange *x, size_t i, size_t n, element_fn *write,
                        const char *model)
{
    struct maas_ask *a = maas_ask(x);
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    if (i == n) {
        maas_not_found(a, model);
        return;
    }
    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    write(&j, a->m, i);
    maas_return_json(a, buf_text(&body));
}

void maas_uri_write(struct pyjson *j, const char *resource, const char *key)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, KIB(2));
    buf_printf(&text, MAAS_API "%s/%s/", resource, key);
    pyjson_text(j, "resource_uri", buf_text(&text));
}

void maas_uri_id_write(struct pyjson *j, const char *resource, int64_t id)
{
    struct buf text SCOPED(buf_drop) = {0};

    buf_init(&text, 32);
    buf_printf(&text, "%lld", (long long)id);
    maas_uri_write(j, resource, buf_text(&text));
}

/* --- zones and pools -------------------------------------------------------------------------- */

static void named(struct pyjson *j, const struct maas_named *one)
{
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "name", one->name);
    pyjson_text(j, "description", one->description);
    pyjson_int(j, "id", one->id);
}

static void zone(struct pyjson *j, const struct maas *m, size_t i)
{
    named(j, &m->zones[i]);
    maas_uri_write(j, "zones", m->zones[i].name);
    pyjson_close(j, '}');
}

static void pool(struct pyjson *j, const struct maas *m, size_t i)
{
    named(j, &m->pools[i]);
    maas_uri_id_write(j, "resourcepool", m->pools[i].id);
    pyjson_close(j, '}');
}

/* "<id|name>": digits are an id. */
static bool is_id(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static size_t named_find(const struct maas_named *list, size_t n, const char *name, bool ids)
{
    int64_t id = -1;
    size_t i;

    if (ids && is_id(name) && !text_int(name, 0, INT32_MAX, &id))
        return n;
    for (i = 0; i < n; i++)
        if (id >= 0 ? list[i].id == id : text_is(list[i].name, name))
            break;
    return i;
}

void maas_zones(const struct http_exchange *x)
{
    list_answer(x, maas_ask(x)->m->n_zones, zone);
}

/* By name only: zones/2/ is a zone called "2". */
void maas_zone(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;

    item_answer(x, named_find(m->zones, m->n_zones, http_var(x->vars, "name"), false), m->n_zones,
                zone, "Zone");
}

void maas_pools(const struct http_exchange *x)
{
    list_answer(x, maas_ask(x)->m->n_pools, pool);
}

void maas_pool(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;

    item_answer(x, named_find(m->pools, m->n_pools, http_var(x->vars, "id"), true), m->n_pools,
                pool, "ResourcePool");
}

/* --- tags ------------------------------------------------------------------------------------- */

static void tag(struct pyjson *j, const struct maas *m, size_t i)
{
    const struct maas_tag *t = &m->tags[i];

    pyjson_open(j, NULL, '{');
    pyjson_text(j, "name", t->name);
    pyjson_text(j, "definition", t->definition);
    pyjson_text(j, "comment", t->comment);
    pyjson_text(j, "kernel_opts", t->kernel_opts);
    maas_uri_write(j, "tags", t->name);
    pyjson_close(j, '}');
}

void maas_tags(const struct http_exchange *x)
{
    list_answer(x, maas_ask(x)->m->n_tags, tag);
}

void maas_tag(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    size_t i = 0;

    while (i < m->n_tags && !text_is(m->tags[i].name, http_var(x->vars, "name")))
        i++;
    item_answer(x, i, m->n_tags, tag, "Tag");
}

/* --- domains ---------------------------------------------------------------------------------- */

static int64_t records_of(const struct maas *m, int64_t domain)
{
    int64_t n = 0;

    for (size_t i = 0; i < m->n_records; i++)
        n += m->records[i].domain == domain;
    return n;
}

void maas_domain_write(struct pyjson *j, const char *name, const struct maas *m, size_t i)
{
    const struct maas_domain *d = &m->domains[i];

    pyjson_open(j, name, '{');
    pyjson_bool(j, "authoritative", d->authoritative);
    if (d->ttl > 0)
        pyjson_int(j, "ttl", d->ttl);
    else
        pyjson_word(j, "ttl", "null");
    pyjson_bool(j, "is_default", i == 0);
    pyjson_text(j, "name", d->name);
    pyjson_int(j, "id", d->id);
    pyjson_int(j, "resource_record_count", records_of(m, d->id));
    maas_uri_id_write(j, "domains", d->id);
    pyjson_close(j, '}');
}

static void domain(struct pyjson *j, const struct maas *m, size_t i)
{
    maas_domain_write(j, NULL, m, i);
}

void maas_domains(const struct http_exchange *x)
{
    list_answer(x, maas_ask(x)->m->n_domains, domain);
}

size_t maas_domain_find(const struct maas *m, const char *spec)
{
    int64_t id = -1;
    size_t i = 0;

    if (is_id(spec) && !text_int(spec, 0, INT32_MAX, &id))
        i = m->n_domains;
    while (i < m->n_domains &&
           !(id >= 0 ? m->domains[i].id == id : text_is(m->domains[i].name, spec)))
        i++;
    return i;
}

void maas_domain(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;

    item_answer(x, maas_domain_find(m, http_var(x->vars, "id")), m->n_domains, domain, "Domain");
}

/* --- subnets ---------------------------------------------------------------------------------- */

void maas_vlan_write(struct pyjson *j, const struct maas_subnet *s)
{
    pyjson_open(j, "vlan", '{');
    pyjson_int(j, "vid", 0);
    pyjson_int(j, "mtu", 1500);
    pyjson_bool(j, "dhcp_on", s->vlan.dhcp_on);
    pyjson_word(j, "external_dhcp", "null");
    pyjson_word(j, "relay_vlan", "null");
    pyjson_text_or_null(j, "primary_rack", s->vlan.primary_rack);
    pyjson_word(j, "secondary_rack", "null");
    pyjson_text(j, "space", "undefined");
    pyjson_text(j, "fabric", s->vlan.fabric);
    pyjson_text(j, "name", "untagged");
    pyjson_int(j, "id", s->vlan.id);
    pyjson_int(j, "fabric_id", s->vlan.fabric_id);
    maas_uri_id_write(j, "vlans", s->vlan.id);
    pyjson_close(j, '}');
}

void maas_subnet_write(struct pyjson *j, const char *name, const struct maas_subnet *s)
{
    pyjson_open(j, name, '{');
    pyjson_text(j, "name", s->name);
    pyjson_text(j, "description", "");
    maas_vlan_write(j, s);
    pyjson_text(j, "cidr", s->cidr);
    pyjson_int(j, "rdns_mode", 2);
    pyjson_text_or_null(j, "gateway_ip", s->gateway_ip);
    pyjson_open(j, "dns_servers", '[');
    if (s->dns_server[0])
        pyjson_text(j, NULL, s->dns_server);
    pyjson_close(j, ']');
    pyjson_bool(j, "allow_dns", true);
    pyjson_bool(j, "allow_proxy", true);
    pyjson_bool(j, "active_discovery", false);
    pyjson_bool(j, "managed", true);
    pyjson_open(j, "disabled_boot_architectures", '[');
    pyjson_close(j, ']');
    pyjson_text(j, "space", "undefined");
    pyjson_int(j, "id", s->id);
    maas_uri_id_write(j, "subnets", s->id);
    pyjson_close(j, '}');
}

static void subnet(struct pyjson *j, const struct maas *m, size_t i)
{
    maas_subnet_write(j, NULL, &m->subnets[i]);
}

void maas_subnets(const struct http_exchange *x)
{
    list_answer(x, maas_ask(x)->m->n_subnets, subnet);
}

/* By id, name, "name:…" or "cidr:…". */
static bool subnet_is(const struct maas_subnet *s, const char *spec)
{
    int64_t id = -1;

    if (is_id(spec))
        return text_int(spec, 0, INT32_MAX, &id) && s->id == id;
    if (text_begins(spec, "cidr:"))
        return text_is(s->cidr, spec + strlen("cidr:"));
    return text_is(s->name, text_begins(spec, "name:") ? spec + strlen("name:") : spec) ||
           text_is(s->cidr, spec);
}

void maas_subnet(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    size_t i = 0;

    while (i < m->n_subnets && !subnet_is(&m->subnets[i], http_var(x->vars, "id")))
        i++;
    item_answer(x, i, m->n_subnets, subnet, "Subnet");
}

/* --- users and version ------------------------------------------------------------------------ */

void maas_user_write(struct pyjson *j, const char *name, const struct maas_account *u)
{
    pyjson_open(j, name, '{');
    pyjson_bool(j, "is_superuser", u->superuser);
    pyjson_text(j, "username", u->name);
    pyjson_text(j, "email", u->email);
    pyjson_bool(j, "is_local", true);
    maas_uri_write(j, "users", u->name);
    pyjson_close(j, '}');
}

static void user(struct pyjson *j, const struct maas *m, size_t i)
{
    maas_user_write(j, NULL, &m->accounts[i]);
}

void maas_users(const struct http_exchange *x)
{
    list_answer(x, maas_ask(x)->m->n_accounts, user);
}

void maas_user(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    size_t i = 0;

    while (i < m->n_accounts && !text_is(m->accounts[i].name, http_var(x->vars, "name")))
        i++;
    item_answer(x, i, m->n_accounts, user, "User");
}

/* The cheapest check of a key. */
void maas_whoami(const struct http_exchange *x)
{
    const struct maas_ask *a = maas_ask(x);

    item_answer(x, (size_t)(a->user - a->m->accounts), a->m->n_accounts, user, "User");
}

void maas_version(const struct http_exchange *x)
{
    maas_return_json(
        maas_ask(x),
        "{\"capabilities\": [\"networks-management\", \"static-ipaddresses\", "
        "\"ipv6-deployment-ubuntu\", \"devices-management\", \"storage-deployment-ubuntu\", "
        "\"network-deployment-ubuntu\", \"bridging-interface-ubuntu\", "
        "\"bridging-automatic-ubuntu\", \"authenticate-api\"], \"version\": \"" MAAS_VERSION
        "\", \"subversion\": \"\"}");
}

/* MAAS can, we do not: said so that nobody takes it for MAAS's own word. */
void maas_unmodelled(const struct http_exchange *x)
{
    maas_raise_text(maas_ask(x), 501, "mock-maas does not model this operation.");
}
