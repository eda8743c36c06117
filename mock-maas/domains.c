/* domains/, and the data of names that are no addresses: dnsresourcerecords/. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <ctype.h>
#include <string.h>

#define TTL_MAX 604800

/* Names with addresses and names with data count alike. */
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
    pyjson_bool(j, "is_default", d->id == m->default_domain);
    pyjson_text(j, "name", d->name);
    pyjson_int(j, "id", d->id);
    pyjson_int(j, "resource_record_count", records_of(m, d->id));
    maas_uri_id_write(j, "domains", d->id);
    pyjson_close(j, '}');
}

const char *maas_domain_name(const struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->n_domains; i++)
        if (m->domains[i].id == id)
            return m->domains[i].name;
    return "";
}

size_t maas_domain_find(const struct maas *m, const char *spec)
{
    size_t i = 0;

    while (i < m->n_domains && !maas_spec_is(spec, m->domains[i].id, m->domains[i].name))
        i++;
    return i;
}

void maas_domains(const struct http_exchange *x)
{
    const struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->n_domains; i++)
        maas_domain_write(j, NULL, m, i);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

static void domain_answer(struct maas_ask *a, const struct maas_domain *one)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_domain_write(maas_doc_open(&d), NULL, a->m, (size_t)(one - a->m->domains));
    maas_doc_answer(a, &d, 200);
}

/* NULL: answered. */
static struct maas_domain *domain_for(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    const size_t i = maas_domain_find(m, http_var(x->vars, "id"));

    if (i < m->n_domains)
        return &m->domains[i];
    maas_not_found(maas_ask(x), "Domain");
    return NULL;
}

void maas_domain(const struct http_exchange *x)
{
    const struct maas_domain *one = domain_for(x);

    if (one)
        domain_answer(maas_ask(x), one);
}

/* Each label of a name: letters, digits, '-' and '_'. */
static void domain_name_check(struct maas_complaints *c, const char *name)
{
    const char *rest = name;
    struct buf said SCOPED(buf_drop) = {0};
    char label[MAAS_NAME_MAX];
    bool fine = true;

    for (const char *p = name; *p; p++)
        fine = fine && (isalnum((unsigned char)*p) || strchr("-.", *p));
    if (!fine)
        maas_complain(c, "name", "Domain name contains invalid characters.");
    buf_init(&said, KIB(1));
    while (text_next(&rest, '.', label, sizeof(label))) {
        fine = label[0] != '-' && label[strlen(label) - 1] != '-';
        for (const char *p = label; *p; p++)
            fine = fine && (isalnum((unsigned char)*p) || strchr("-_", *p));
        if (fine)
            continue;
        buf_clear(&said);
        buf_text_add(&said, "Label contains disallowed characters: ");
        py_repr(&said, label);
        buf_char_add(&said, '.');
        maas_complain(c, "name", buf_text(&said));
    }
}

/* false: answered. */
static bool domain_read(struct maas_ask *a, struct maas_domain *one)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *name = maas_field_or(a, "name", one->name), *ttl = maas_field(a, "ttl");
    bool taken = false;

    for (size_t i = 0; i < a->m->n_domains; i++)
        taken = taken || (a->m->domains[i].id != one->id && text_is(a->m->domains[i].name, name));
    if (!*name)
        maas_complain(&c, "name", "This field is required.");
    else if (maas_form_text_fits(&c, "name", name, 256))
        domain_name_check(&c, name);
    if (taken && c.text.len == 0)
        maas_complain(&c, "name", "Domain with this Name already exists.");
    if (ttl && !*ttl)
        one->ttl = 0;
    maas_form_number(&c, "ttl", ttl, 1, TTL_MAX, &one->ttl);
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    memmove(one->name, name, strlen(name) + 1);
    one->authoritative = maas_checked(maas_field(a, "authoritative"), one->authoritative);
    return true;
}

void maas_domain_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_domain one = {.id = -1, .authoritative = true};

    if (!domain_read(a, &one))
        return;
    if (a->m->n_domains == MAAS_DOMAINS_MAX) {
        maas_no_place(a);
        return;
    }
    one.id = a->m->next_domain_id++;
    a->m->domains[a->m->n_domains++] = one;
    domain_answer(a, &a->m->domains[a->m->n_domains - 1]);
}

void maas_domain_update(const struct http_exchange *x)
{
    struct maas_domain *one = domain_for(x), after;

    if (!one)
        return;
    after = *one;
    if (!domain_read(maas_ask(x), &after))
        return;
    *one = after;
    domain_answer(maas_ask(x), one);
}

void maas_domain_default(const struct http_exchange *x)
{
    const struct maas_domain *one = domain_for(x);

    if (!one)
        return;
    maas_ask(x)->m->default_domain = one->id;
    domain_answer(maas_ask(x), one);
}

/* The number of the zone file: nothing shows it. */
void maas_domain_serial(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *serial = maas_field(a, "serial");
    int64_t number = 0;

    if (!maas_must(a, serial, "serial"))
        return;
    maas_form_number(&c, "serial", serial, 1, UINT32_MAX, &number);
    if (!maas_complained(a, &c, MAAS_JSON))
        maas_return_json(a, "null");
}

void maas_domain_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_domain *one = domain_for(x);
    struct buf names SCOPED(buf_drop) = {0}, text SCOPED(buf_drop) = {0};

    if (!one)
        return;
    if (one->id == a->m->default_domain) {
        maas_raise_text(a, 400, "This domain is the default domain, it cannot be deleted.");
        return;
    }
    buf_init(&names, KIB(8));
    buf_init(&text, KIB(8));
    for (size_t i = 0; i < a->m->n_records; i++)
        if (a->m->records[i].domain == one->id)
            buf_printf(&names, "%s<DNSResource: name=%s>", names.len ? ", " : "",
                       a->m->records[i].name);
    if (names.len) {
        buf_printf(&text,
                   "(\"Cannot delete some instances of model 'Domain' because they are referenced "
                   "through protected foreign keys: 'DNSResource.domain'.\", {%s})",
                   buf_text(&names));
        maas_raise_text(a, 500, buf_text(&text));
        return;
    }
    a->m->n_domains--;
    memmove(one, one + 1, (size_t)(&a->m->domains[a->m->n_domains] - one) * sizeof(*one));
    maas_done(a);
}

/* --- dnsresourcerecords/ ---------------------------------------------------------------------- */

static struct maas_record *record_of(struct maas *m, int64_t id)
{
    for (size_t i = 0; i < m->n_records; i++)
        if (m->records[i].id == id)
            return &m->records[i];
    return NULL;
}

void maas_rr_write(struct pyjson *j, struct maas *m, const struct maas_rr *rr)
{
    const struct maas_record *r = record_of(m, rr->record);
    struct buf fqdn SCOPED(buf_drop) = {0};

    buf_init(&fqdn, KIB(1));
    if (r)
        buf_printf(&fqdn, "%s.%s", r->name, maas_domain_name(m, r->domain));
    pyjson_open(j, NULL, '{');
    if (rr->ttl)
        pyjson_int(j, "ttl", rr->ttl);
    else
        pyjson_word(j, "ttl", "null");
    pyjson_text(j, "rrtype", rr->type);
    pyjson_text(j, "rrdata", rr->data);
    pyjson_int(j, "id", rr->id);
    pyjson_text(j, "fqdn", buf_text(&fqdn));
    maas_uri_id_write(j, "dnsresourcerecords", rr->id);
    pyjson_close(j, '}');
}

static void rr_answer(struct maas_ask *a, const struct maas_rr *rr)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    maas_rr_write(maas_doc_open(&d), a->m, rr);
    maas_doc_answer(a, &d, 200);
}

void maas_rrs(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const char *type = maas_asked(a, "rrtype");
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct maas_naming want;

    if (!maas_naming_read(a, &a->query, &want))
        return;
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < a->m->rest.n_rrs; i++) {
        const struct maas_rr *rr = &a->m->rest.rrs[i];
        const struct maas_record *r = record_of(a->m, rr->record);

        if (r && maas_naming_fits(a->m, &want, r) &&
            (!type || !*type || text_is_nocase(type, rr->type)))
            maas_rr_write(j, a->m, rr);
    }
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

/* NULL: answered. */
static struct maas_rr *rr_for(const struct http_exchange *x, bool write)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_rr *rr = NULL;
    int64_t id;

    for (size_t i = 0; maas_id_of(x, "id", &id) && i < a->m->rest.n_rrs; i++)
        if (a->m->rest.rrs[i].id == id)
            rr = &a->m->rest.rrs[i];
    if (!rr) {
        maas_not_found(a, "DNSData");
    } else if (write && !a->user->superuser) {
        maas_raise_text(a, 403, "");
        return NULL;
    }
    return rr;
}

void maas_rr(const struct http_exchange *x)
{
    const struct maas_rr *rr = rr_for(x, false);

    if (rr)
        rr_answer(maas_ask(x), rr);
}

/* false: answered. */
static bool rr_read(struct maas_ask *a, struct maas_rr *rr)
{
    static const char *const types_37[] = {"NS", "SRV", "MX", "CNAME", "TXT", "SSHFP"};
    static const char *const types_35[] = {"NS", "SRV", "MX", "CNAME", "SSHFP", "TXT"};
    const char *const *types = maas_is_37(a->m) ? types_37 : types_35;
    struct buf all SCOPED(buf_drop) = {0};
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *type = maas_field_or(a, "rrtype", rr->type);
    bool known = false;

    buf_init(&all, 64);
    for (size_t i = 0; i < COUNTOF(types_37); i++) {
        buf_printf(&all, "%s%s", i ? " " : "", types[i]);
        if (!text_is_nocase(types[i], type))
            continue;
        known = true;
        text_copy(rr->type, sizeof(rr->type), types[i]);
    }
    if (!known)
        maas_complain_as(&c, "rrtype", "%s is not one of %s.", type, buf_text(&all));
    maas_form_number(&c, "ttl", maas_field(a, "ttl"), 1, TTL_MAX, &rr->ttl);
    if (maas_complained(a, &c, MAAS_JSON))
        return false;
    if (maas_field(a, "rrdata"))
        text_copy(rr->data, sizeof(rr->data), maas_field(a, "rrdata"));
    return true;
}

void maas_rr_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_rr rr = {.ttl = 0};
    struct maas_naming n;
    struct maas_record *r;

    if (!maas_naming_read(a, &a->form, &n))
        return;
    if (!maas_field_or(a, "rrtype", "")[0])
        maas_raise_text(a, 400, "rrtype must be provided.");
    else if (!maas_field_or(a, "rrdata", "")[0])
        maas_raise_text(a, 400, "rrdata must be provided.");
    else if (!n.has_name || !n.has_domain)
        maas_raise_text(a, 400, "Either name and domain (or fqdn) must be specified");
    else if (rr_read(a, &rr)) {
        r = a->m->rest.n_rrs < MAAS_RR_MAX ? maas_record_ensure(a, &n) : NULL;
        if (!r) {
            maas_no_place(a);
            return;
        }
        rr.record = r->id;
        rr.id = ++a->m->rest.next_rr;
        a->m->rest.rrs[a->m->rest.n_rrs++] = rr;
        rr_answer(a, &rr);
    }
}

void maas_rr_update(const struct http_exchange *x)
{
    struct maas_rr *rr = rr_for(x, true), after;

    if (!rr)
        return;
    after = *rr;
    if (!rr_read(maas_ask(x), &after))
        return;
    *rr = after;
    rr_answer(maas_ask(x), rr);
}

/* With its last piece of data a name that has no address goes too. */
void maas_rr_delete(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_rr *rr = rr_for(x, true);
    int64_t record;
    bool more = false;

    if (!rr)
        return;
    record = rr->record;
    a->m->rest.n_rrs--;
    memmove(rr, rr + 1, (size_t)(&a->m->rest.rrs[a->m->rest.n_rrs] - rr) * sizeof(*rr));
    for (size_t i = 0; i < a->m->rest.n_rrs; i++)
        more = more || a->m->rest.rrs[i].record == record;
    if (!more)
        maas_record_drop_empty(a, record);
    maas_done(a);
}
