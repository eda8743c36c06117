/* dnsresources/: names and their addresses. An address that is a machine's own follows the machine:
 * it reads null while the machine has none. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define TTL_MAX 604800

static const struct maas_machine *machine_by_id(const struct maas *m, int64_t id)
{
    for (size_t i = 0; id > 0 && i < m->n_machines; i++)
        if (m->machines[i]->id == id && !m->machines[i]->gone)
            return m->machines[i];
    return NULL;
}

static void fqdn_of(const struct maas *m, const struct maas_record *r, struct buf *out)
{
    for (size_t i = 0; i < m->n_domains; i++)
        if (m->domains[i].id == r->domain)
            buf_printf(out, "%s.%s", r->name, m->domains[i].name);
}

/* "": it has none just now. */
static const char *address_now(const struct maas *m, const struct maas_record *r, size_t i)
{
    const struct maas_machine *one = machine_by_id(m, r->addresses[i].machine);

    if (r->addresses[i].machine == 0)
        return r->addresses[i].ip;
    return one && one->addressed ? one->ip : "";
}

static void record_said(const struct maas_hands *h, const struct maas_record *r, const char *kind)
{
    struct buf name SCOPED(buf_drop) = {0}, answer SCOPED(buf_drop) = {0};
    struct event e;

    buf_init(&name, KIB(1));
    buf_init(&answer, KIB(1));
    fqdn_of(h->m, r, &name);
    for (size_t i = 0; i < r->n_addresses && !text_is(kind, "deleted"); i++) {
        const char *ip = address_now(h->m, r, i);

        if (*ip)
            buf_printf(&answer, "%s%s", answer.len ? " " : "", ip);
    }
    ev_init(&e, EV_MAAS_RECORD, h->now);
    ev_text_add(&e, EVF_NAME, buf_text(&name));
    ev_text_add(&e, EVF_ANSWER, buf_text(&answer));
    ev_text_add(&e, EVF_KIND, kind);
    ev_list_add(h->events, &e);
}

/* The machine got or lost its own address; names that point at it change with it. */
void maas_names_follow(const struct maas_hands *h, const struct maas_machine *one)
{
    for (size_t i = 0; i < h->m->n_records; i++)
        for (size_t k = 0; k < h->m->records[i].n_addresses; k++)
            if (h->m->records[i].addresses[k].machine == one->id)
                record_said(h, &h->m->records[i], "changed");
}

size_t maas_lookup(const struct maas *m, const char *fqdn, char ret[][64], size_t max)
{
    struct buf name SCOPED(buf_drop) = {0};
    size_t n = 0;

    buf_init(&name, KIB(1));
    for (size_t i = 0; i < m->n_records; i++) {
        buf_clear(&name);
        fqdn_of(m, &m->records[i], &name);
        for (size_t k = 0;
             text_is_nocase(buf_text(&name), fqdn) && n < max && k < m->records[i].n_addresses; k++)
            if (*address_now(m, &m->records[i], k))
                text_copy(ret[n++], 64, address_now(m, &m->records[i], k));
    }
    for (size_t i = 0; i < m->n_machines && n < max; i++) {
        buf_clear(&name);
        buf_printf(&name, "%s.%s", m->machines[i]->hostname, m->domains[0].name);
        if (m->machines[i]->addressed && !m->machines[i]->gone &&
            text_is_nocase(buf_text(&name), fqdn))
            text_copy(ret[n++], 64, m->machines[i]->ip);
    }
    return n;
}

/* --- showing ---------------------------------------------------------------------------------- */

static void address_write(struct pyjson *j, struct maas *m, const struct maas_record *r, size_t i)
{
    const struct maas_machine *one = machine_by_id(m, r->addresses[i].machine);
    const struct maas_subnet *s = maas_subnet_of(m, r->addresses[i].ip);
    const struct maas_account *user = maas_account_named(m, r->addresses[i].owner);
    const bool automatic = r->addresses[i].machine != 0;

    pyjson_open(j, NULL, '{');
    maas_time_write(j, "created", m, r->addresses[i].made);
    pyjson_text_or_null(j, "ip", address_now(m, r, i));
    pyjson_int(j, "alloc_type", automatic ? 0 : 4);
    if (s)
        maas_subnet_write(j, "subnet", m, s);
    else
        pyjson_word(j, "subnet", "null");
    pyjson_open(j, "interface_set", '[');
    if (one)
        maas_nic_write(j, NULL, m, one, &one->nics[0]);
    pyjson_close(j, ']');
    pyjson_text(j, "alloc_type_name", automatic ? "Automatic" : "User reserved");
    if (user && !automatic)
        maas_user_write(j, "owner", user);
    else
        pyjson_word(j, "owner", "null");
    pyjson_text(j, "resource_uri", MAAS_API "ipaddresses/");
    pyjson_close(j, '}');
}

static void record_write(struct pyjson *j, struct maas *m, const struct maas_record *r)
{
    struct buf name SCOPED(buf_drop) = {0};

    buf_init(&name, KIB(1));
    fqdn_of(m, r, &name);
    pyjson_open(j, NULL, '{');
    if (r->ttl > 0)
        pyjson_int(j, "address_ttl", r->ttl);
    else
        pyjson_word(j, "address_ttl", "null");
    pyjson_open(j, "ip_addresses", '[');
    for (size_t i = 0; i < r->n_addresses; i++)
        address_write(j, m, r, i);
    pyjson_close(j, ']');
    pyjson_int(j, "id", r->id);
    pyjson_text(j, "fqdn", buf_text(&name));
    pyjson_open(j, "resource_records", '[');
    for (size_t i = 0; i < m->rest.n_rrs; i++)
        if (m->rest.rrs[i].record == r->id)
            maas_rr_write(j, m, &m->rest.rrs[i]);
    pyjson_close(j, ']');
    maas_uri_id_write(j, "dnsresources", r->id);
    pyjson_close(j, '}');
}

static void record_answer(struct maas_ask *a, const struct maas_record *r)
{
    struct buf body SCOPED(buf_drop) = {0};
    struct pyjson j;

    buf_init(&body, MAAS_JSON_MAX);
    pyjson_init(&j, &body);
    record_write(&j, a->m, r);
    maas_return_json(a, buf_text(&body));
}

/* --- naming ----------------------------------------------------------------------------------- */

/* fqdn, or name and domain. The domain is all behind the first dot. false: answered. */
bool maas_naming_read(struct maas_ask *a, const struct pairs *p, struct maas_naming *ret)
{
    const char *fqdn = pairs_find(p, "fqdn"), *name = pairs_find(p, "name");
    const char *domain = pairs_find(p, "domain");

    *ret = (struct maas_naming){.domain = a->m->n_domains};
    if (fqdn && *fqdn) {
        const size_t len = strcspn(fqdn, ".");

        ret->has_name = text_copy_len(ret->name, sizeof(ret->name), fqdn, len);
        domain = fqdn[len] ? fqdn + len + 1 : "";
    } else if (name && *name) {
        ret->has_name = text_copy(ret->name, sizeof(ret->name), name);
    }
    ret->has_domain = domain && *domain;
    if (ret->has_domain)
        ret->domain = maas_domain_find(a->m, domain);
    if (ret->has_name) /* else it is about the record that the path names, if any */
        text_copy(a->about_name, sizeof(a->about_name), fqdn && *fqdn ? fqdn : ret->name);
    if (!ret->has_domain || ret->domain < a->m->n_domains)
        return true;
    maas_not_found(a, "Domain");
    return false;
}

bool maas_naming_fits(const struct maas *m, const struct maas_naming *want,
                      const struct maas_record *r)
{
    return (!want->has_name || text_is_nocase(r->name, want->name)) &&
           (!want->has_domain || r->domain == m->domains[want->domain].id);
}

static bool has_type(const struct maas *m, const struct maas_record *r, const char *type)
{
    for (size_t i = 0; i < m->rest.n_rrs; i++)
        if (m->rest.rrs[i].record == r->id && text_is_nocase(m->rest.rrs[i].type, type))
            return true;
    return !type || !*type;
}

void maas_dns_list(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *type = maas_asked(a, "rrtype"), *wish = maas_asked(a, "all");
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct maas_naming want;
    bool all = false;

    if (wish && !maas_word_is_bool(wish, &all)) {
        maas_raise_text(a, 400, "Invalid all: Value should be 'true' or 'false'");
        return;
    }
    if (!maas_naming_read(a, &a->query, &want))
        return;
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->n_records; i++)
        if (maas_naming_fits(a->m, &want, &a->m->records[i]) &&
            has_type(a->m, &a->m->records[i], type))
            record_write(j, a->m, &a->m->records[i]);
    if (all && !want.has_name && !want.has_domain)
        maas_dns_implied_write(j, a->m);
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void address_add(struct maas_ask *a, struct maas_record *r, const char *ip)
{
    size_t i = r->n_addresses++;

    r->addresses[i].machine = 0;
    r->addresses[i].made = a->ctx->now;
    text_copy(r->addresses[i].ip, sizeof(r->addresses[i].ip), ip);
    text_copy(r->addresses[i].owner, sizeof(r->addresses[i].owner), a->user->name);
    for (size_t k = 0; k < a->m->n_machines; k++)
        if (a->m->machines[k]->addressed && text_is(a->m->machines[k]->ip, ip))
            r->addresses[i].machine = a->m->machines[k]->id;
}

/* Separated by blanks; a comma is part of an address, and breaks it. false: answered. */
static bool addresses_read(struct maas_ask *a, struct maas_record *r, const char *text)
{
    char ip[256];
    struct buf said SCOPED(buf_drop) = {0};
    uint32_t number;

    r->n_addresses = 0;
    while (text_next(&text, ' ', ip, sizeof(ip))) {
        if (!maas_ip_read(ip, &number)) {
            buf_init(&said, KIB(1));
            buf_text_add(&said, "failed to detect a valid IP address from ");
            py_repr(&said, ip);
            maas_raise_text(a, 500, buf_text(&said));
            return false;
        }
        if (r->n_addresses == MAAS_ADDRESSES_MAX) {
            maas_raise_text(a, 500, "mock-maas has no place left.");
            return false;
        }
        address_add(a, r, ip);
    }
    return true;
}

static bool ttl_read(struct maas_ask *a, struct maas_record *r)
{
    const char *text = pairs_find(&a->form, "address_ttl");
    int64_t ttl = 0;

    if (!text)
        return true;
    if (*text && !text_int(text, INT32_MIN, INT32_MAX, &ttl)) {
        maas_raise_field(a, "address_ttl", "Enter a whole number.");
        return false;
    }
    if (*text && (ttl < 1 || ttl > TTL_MAX)) {
        maas_raise_field(a, "address_ttl",
                         ttl < 1 ? "Ensure this value is greater than or equal to 1."
                                 : "Ensure this value is less than or equal to 604800.");
        return false;
    }
    r->ttl = ttl;
    return true;
}

static bool is_label(const char *name)
{
    return *name && name[0] != '-' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] ==
               '\0';
}

static bool label_is_taken(const struct maas *m, const struct maas_record *mine)
{
    for (size_t i = 0; i < m->n_records; i++)
        if (m->records[i].id != mine->id && m->records[i].domain == mine->domain &&
            text_is_nocase(m->records[i].name, mine->name))
            return true;
    return false;
}

/* The form over the record; false: answered, nothing changed. */
static bool form_read(struct maas_ask *a, struct maas_record *r)
{
    const char *addresses = pairs_find(&a->form, "ip_addresses");

    if (!is_label(r->name))
        maas_raise_field(a, "name", "Invalid dnsresource name.");
    else if (label_is_taken(a->m, r))
        maas_raise_field(a, "__all__", "Labels must be unique within their zone.");
    else
        return ttl_read(a, r) && (!addresses || addresses_read(a, r, addresses));
    return false;
}

static void name_missing(struct maas_ask *a, const struct maas_naming *n)
{
    struct buf said SCOPED(buf_drop) = {0};

    if (pairs_find(&a->form, "ip_addresses")) {
        maas_raise_text(a, 500, "'NoneType' object has no attribute 'id'");
        return;
    }
    buf_init(&said, 256);
    buf_text_add(&said, "{");
    if (!n->has_name)
        buf_text_add(&said, "\"name\": [\"This field is required.\"]");
    if (!n->has_domain)
        buf_printf(&said, "%s\"domain\": [\"This field is required.\"]", n->has_name ? "" : ", ");
    buf_text_add(&said, "}");
    maas_raise(a, 400, MAAS_JSON, buf_text(&said));
}

/* What nobody has is reserved for who wrote it. */
static void addresses_hold(struct maas_ask *a, const struct maas_record *r)
{
    for (size_t i = 0; i < r->n_addresses; i++) {
        struct maas_used u = {.id = MAAS_NEXT_ID, .alloc = MAAS_ALLOC_USER};

        if (r->addresses[i].machine || !maas_ip_read(r->addresses[i].ip, &u.ip) ||
            maas_ip_is_used(a->m, u.ip))
            continue;
        u.made = a->ctx->now;
        text_copy(u.owner, sizeof(u.owner), a->user->name);
        maas_used_add(a->m, &u);
    }
}

static bool is_named_elsewhere(const struct maas *m, const struct maas_record *r, const char *ip)
{
    for (size_t i = 0; i < m->n_records; i++)
        for (size_t k = 0; k < m->records[i].n_addresses; k++)
            if (m->records[i].id != r->id && text_is(m->records[i].addresses[k].ip, ip))
                return true;
    return false;
}

/* An address is given back: no name points at it any more, and a name of nothing goes. */
void maas_dns_unpoint(struct maas_ask *a, const char *ip)
{
    for (size_t i = 0; i < a->m->n_records; i++) {
        struct maas_record *r = &a->m->records[i];
        const size_t before = r->n_addresses;
        size_t n = 0;

        for (size_t k = 0; k < before; k++)
            if (r->addresses[k].machine || !text_is(r->addresses[k].ip, ip))
                r->addresses[n++] = r->addresses[k];
        r->n_addresses = n;
        if (n < before && n == 0)
            maas_record_drop_empty(a, r->id);
    }
}

/* With the name go the addresses that were reserved for it, unless another name has them; 3.5 left
 * them. */
static void addresses_free(struct maas *m, const struct maas_record *r)
{
    uint32_t ip;

    for (size_t i = 0; maas_is_37(m) && i < r->n_addresses; i++)
        for (size_t k = 0; k < m->net.n_used; k++)
            if (maas_ip_read(r->addresses[i].ip, &ip) && m->net.used[k].ip == ip &&
                m->net.used[k].alloc == MAAS_ALLOC_USER && !m->net.used[k].rack[0] &&
                !is_named_elsewhere(m, r, r->addresses[i].ip)) {
                maas_used_forget(m, &m->net.used[k]);
                break;
            }
}

static struct maas_record *record_put(struct maas *m, const struct maas_record *r)
{
    if (m->n_records == MAAS_RECORDS_MAX)
        return NULL;
    m->next_record_id++;
    m->records[m->n_records] = *r;
    return &m->records[m->n_records++];
}

/* The name that a piece of data hangs on; NULL: no place. */
struct maas_record *maas_record_ensure(struct maas_ask *a, const struct maas_naming *n)
{
    const struct maas_hands h = maas_hands(a);
    struct maas_record r = {.id = a->m->next_record_id + 1}, *made;

    for (size_t i = 0; i < a->m->n_records; i++)
        if (maas_naming_fits(a->m, n, &a->m->records[i]))
            return &a->m->records[i];
    text_copy(r.name, sizeof(r.name), n->name);
    r.domain = a->m->domains[n->domain].id;
    made = record_put(a->m, &r);
    if (made)
        record_said(&h, made, "made");
    return made;
}

static void rrs_forget(struct maas *m, int64_t record)
{
    size_t n = 0;

    for (size_t i = 0; i < m->rest.n_rrs; i++)
        if (m->rest.rrs[i].record != record)
            m->rest.rrs[n++] = m->rest.rrs[i];
    m->rest.n_rrs = n;
}

static void record_forget(struct maas *m, struct maas_record *r)
{
    m->n_records--;
    memmove(r, r + 1, (size_t)(&m->records[m->n_records] - r) * sizeof(*r));
}

void maas_record_drop_empty(struct maas_ask *a, int64_t id)
{
    const struct maas_hands h = maas_hands(a);

    for (size_t i = 0; i < a->m->n_records; i++)
        if (a->m->records[i].id == id && a->m->records[i].n_addresses == 0) {
            record_said(&h, &a->m->records[i], "deleted");
            record_forget(a->m, &a->m->records[i]);
        }
}

/* A name for an address that a user reserved; nothing when the name is not one or is taken. */
void maas_dns_point(struct maas_ask *a, const char *name, const char *ip)
{
    const struct maas_hands h = maas_hands(a);
    struct maas_record r = {.id = a->m->next_record_id + 1, .domain = a->m->default_domain};
    const struct maas_record *made;

    if (!is_label(name) || !text_copy(r.name, sizeof(r.name), name) || label_is_taken(a->m, &r))
        return;
    address_add(a, &r, ip);
    made = record_put(a->m, &r);
    if (made)
        record_said(&h, made, "made");
}

void maas_dns_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_hands h = maas_hands(a);
    struct maas_record r = {.id = a->m->next_record_id + 1};
    struct maas_naming n;

    if (!maas_naming_read(a, &a->form, &n))
        return;
    if (!n.has_name || !n.has_domain) {
        name_missing(a, &n);
        return;
    }
    text_copy(r.name, sizeof(r.name), n.name);
    r.domain = a->m->domains[n.domain].id;
    if (!form_read(a, &r))
        return;
    if (!record_put(a->m, &r)) {
        maas_no_place(a);
        return;
    }
    addresses_hold(a, &r);
    record_said(&h, &r, "made");
    record_answer(a, &r);
}

/* NULL: answered. The record is looked up before the user's right to write is. */
static struct maas_record *record_for(const struct http_exchange *x, bool write)
{
    struct maas_ask *a = maas_ask(x);
    struct buf name SCOPED(buf_drop) = {0};
    int64_t id = -1;
    size_t i = 0;

    if (!text_int(http_var(x->vars, "id"), 0, INT32_MAX, &id))
        id = -1;
    while (i < a->m->n_records && a->m->records[i].id != id)
        i++;
    if (i == a->m->n_records) {
        maas_not_found(a, "DNSResource");
        return NULL;
    }
    buf_init(&name, sizeof(a->about_name) - 1);
    fqdn_of(a->m, &a->m->records[i], &name);
    text_copy(a->about_name, sizeof(a->about_name), buf_text(&name));
    if (!write || a->user->superuser)
        return &a->m->records[i];
    maas_raise_text(a, 403, "");
    return NULL;
}

void maas_dns_read(const struct http_exchange *x)
{
    const struct maas_record *r = record_for(x, false);

    if (r)
        record_answer(maas_ask(x), r);
}

/* What the form does not name stays; addresses are replaced as a whole. */
void maas_dns_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_hands h = maas_hands(a);
    struct maas_record *r = record_for(x, true), after;
    struct maas_naming n;

    if (!r)
        return;
    after = *r;
    if (!maas_naming_read(a, &a->form, &n))
        return;
    if (n.has_name)
        text_copy(after.name, sizeof(after.name), n.name);
    if (n.has_domain)
        after.domain = a->m->domains[n.domain].id;
    if (!form_read(a, &after))
        return;
    *r = after;
    addresses_hold(a, r);
    record_said(&h, r, "changed");
    record_answer(a, r);
}

void maas_dns_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_hands h = maas_hands(a);
    struct maas_record *r = record_for(x, true);

    if (!r)
        return;
    record_said(&h, r, "deleted");
    addresses_free(a->m, r);
    rrs_forget(a->m, r->id);
    record_forget(a->m, r);
    maas_done(a);
}
