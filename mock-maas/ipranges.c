/* ipranges/ and reservedips/. A range is its user's, or an administrator's. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define BOTH_NEEDED "Start IP address and end IP address are both required."

/* --- ranges ----------------------------------------------------------------------------------- */

static void range_write(struct pyjson *j, struct maas *m, const struct maas_range *r)
{
    const struct maas_account *u = maas_account_named(m, r->user);
    char text[MAAS_IP_MAX];

    pyjson_open(j, NULL, '{');
    maas_subnet_write(j, "subnet", m, maas_subnet_by_id(m, r->subnet));
    pyjson_text(j, "type", r->dynamic ? "dynamic" : "reserved");
    maas_ip_write(r->start, text);
    pyjson_text(j, "start_ip", text);
    maas_ip_write(r->end, text);
    pyjson_text(j, "end_ip", text);
    if (u)
        maas_user_write(j, "user", u);
    else
        pyjson_word(j, "user", "null");
    pyjson_text(j, "comment", r->comment);
    pyjson_int(j, "id", r->id);
    maas_uri_id_write(j, "ipranges", r->id);
    pyjson_close(j, '}');
}

static void range_answer(struct maas_ask *a, const struct maas_range *r)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    range_write(maas_doc_open(&d), a->m, r);
    maas_doc_answer(a, &d, 200);
}

void maas_ranges(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->net.n_ranges; i++)
        range_write(j, m, &m->net.ranges[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* NULL: answered. */
static struct maas_range *range_for(const struct http_exchange *x, bool write)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_range *r = NULL;
    int64_t id;

    for (size_t i = 0; maas_id_of(x, "id", &id) && i < a->m->net.n_ranges; i++)
        if (a->m->net.ranges[i].id == id)
            r = &a->m->net.ranges[i];
    if (!r)
        maas_not_found(a, "IPRange");
    else if (write && !a->user->superuser && !text_is(r->user, a->user->name))
        maas_raise_text(a, 403, "Unable to modify IP range. You don't own the IP range.");
    else
        return r;
    return NULL;
}

void maas_range(const struct http_exchange *x)
{
    const struct maas_range *r = range_for(x, false);

    if (r)
        range_answer(maas_ask(x), r);
}

/* The subnet is that of the start unless one is named. false: answered. */
static bool range_subnet(struct maas_ask *a, struct maas_complaints *c, struct maas_range *r)
{
    const char *subnet = maas_field(a, "subnet"), *start = maas_field(a, "start_ip");
    const struct maas_subnet *s;
    struct buf text SCOPED(buf_drop) = {0};
    uint32_t ip;

    if (subnet && *subnet) {
        s = maas_subnet_find(a->m, subnet);
        if (s)
            r->subnet = s->id;
        else
            maas_complain(c, "subnet",
                          "Select a valid choice. That choice is not one of the available "
                          "choices.");
        return true;
    }
    if (start && *start && !maas_ip_read(start, &ip)) {
        buf_init(&text, KIB(4));
        buf_text_add(&text, "failed to detect a valid IP address from ");
        py_repr(&text, start);
        maas_raise_text(a, 500, buf_text(&text));
        return false;
    }
    s = start && *start ? maas_subnet_of_ip(a->m, ip) : NULL;
    if (s)
        r->subnet = s->id;
    else if (!r->subnet)
        maas_complain(c, "subnet", "This field is required.");
    return true;
}

static void type_read(struct maas_ask *a, struct maas_complaints *c, struct maas_range *r)
{
    const char *type = maas_field(a, "type");

    if (!type && r->id != MAAS_NEXT_ID)
        return;
    if (!type || !*type)
        maas_complain(c, "type", "This field is required.");
    else if (!text_is(type, "dynamic") && !text_is(type, "reserved"))
        maas_complain_as(c, "type",
                         "Select a valid choice. %s is not one of the available choices.", type);
    else
        r->dynamic = text_is(type, "dynamic");
}

static bool end_read(struct maas_ask *a, struct maas_complaints *c, const char *name, bool must,
                     bool alone, uint32_t *ret)
{
    const char *text = maas_field(a, name);

    if ((!text || !*text) && must) {
        maas_complain(c, name, "This field is required.");
        if (alone)
            maas_complain(c, name, BOTH_NEEDED);
        return false;
    }
    if (text && *text && !maas_ip_read(text, ret)) {
        maas_complain(c, name, "Enter a valid IPv4 or IPv6 address.");
        return false;
    }
    return true;
}

static bool held_within(const struct maas *m, const struct maas_range *r)
{
    struct maas_held *held;
    const size_t n = maas_held_list(m, &held);
    bool found = false;

    for (size_t i = 0; i < n; i++)
        found = found || (held[i].alloc != MAAS_ALLOC_SEEN && held[i].ip >= r->start &&
                          held[i].ip <= r->end);
    free(held);
    return found;
}

static void range_check(struct maas_ask *a, struct maas_complaints *c, const struct maas_range *r)
{
    const struct maas_subnet *s = maas_subnet_by_id(a->m, r->subnet);
    const char *said = r->dynamic
                           ? "Requested dynamic range conflicts with an existing IP address or "
                             "range."
                           : "Requested reserved range conflicts with an existing range.";
    bool clash = false;

    if (r->end < r->start) {
        maas_complain(c, "end_ip", "End IP address must not be less than Start IP address.");
        return;
    }
    if (r->start < s->network || r->start > s->broadcast)
        maas_complain_as(c, "start_ip", "IP addresses must be within subnet: %s.", s->cidr);
    if (r->end < s->network || r->end > s->broadcast)
        maas_complain_as(c, "end_ip", "IP addresses must be within subnet: %s.", s->cidr);
    for (size_t i = 0; i < a->m->net.n_ranges; i++) {
        const struct maas_range *other = &a->m->net.ranges[i];

        clash = clash || (other->id != r->id && other->subnet == r->subnet &&
                          r->start <= other->end && other->start <= r->end);
    }
    if (c->text.len == 0 && (clash || (r->dynamic && held_within(a->m, r)))) {
        maas_complain(c, "start_ip", said);
        maas_complain(c, "end_ip", said);
    }
}

/* false: answered. */
static bool range_read(struct maas_ask *a, struct maas_range *r)
{
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const bool new = r->id == MAAS_NEXT_ID;
    const char *start = maas_field(a, "start_ip"), *end = maas_field(a, "end_ip");
    const bool neither = (!start || !*start) && (!end || !*end);

    if (!range_subnet(a, &c, r))
        return false;
    type_read(a, &c, r);
    end_read(a, &c, "start_ip", new, neither, &r->start);
    end_read(a, &c, "end_ip", new, neither, &r->end);
    text_copy(r->comment, sizeof(r->comment), maas_field_or(a, "comment", r->comment));
    if (c.text.len == 0)
        range_check(a, &c, r);
    return !maas_complained(a, &c, MAAS_JSON);
}

void maas_range_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_range r = {.id = MAAS_NEXT_ID}, *made;

    if (text_is(maas_field_or(a, "type", ""), "dynamic") && !a->user->superuser) {
        maas_raise_text(a, 403,
                        "Unable to create dynamic IP range. You don't have sufficient privileges.");
        return;
    }
    text_copy(r.user, sizeof(r.user), a->user->name);
    if (!range_read(a, &r))
        return;
    made = maas_range_add(a->m, &r);
    if (made)
        range_answer(a, made);
    else
        maas_no_place(a);
}

void maas_range_update(const struct http_exchange *x)
{
    struct maas_range *r = range_for(x, true), after;

    if (!r)
        return;
    after = *r;
    if (!range_read(maas_ask(x), &after))
        return;
    *r = after;
    range_answer(maas_ask(x), r);
}

void maas_range_delete(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_range *r = range_for(x, true);

    if (!r)
        return;
    m->net.n_ranges--;
    memmove(r, r + 1, (size_t)(&m->net.ranges[m->net.n_ranges] - r) * sizeof(*r));
    maas_done(maas_ask(x));
}

/* --- reserved addresses ----------------------------------------------------------------------- */

static void reserved_write(struct pyjson *j, struct maas *m, const struct maas_reserved *r)
{
    const struct maas_subnet *s = maas_subnet_by_id(m, r->subnet);
    char text[MAAS_IP_MAX];

    pyjson_open(j, NULL, '{');
    if (s)
        maas_subnet_write(j, "subnet", m, s);
    maas_ip_write(r->ip, text);
    pyjson_text(j, "ip", text);
    pyjson_text(j, "mac_address", r->mac);
    pyjson_text(j, "comment", r->comment);
    pyjson_int(j, "id", r->id);
    maas_uri_id_write(j, "reservedips", r->id);
    pyjson_close(j, '}');
}

static void reserved_answer(struct maas_ask *a, const struct maas_reserved *r)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};

    reserved_write(maas_doc_open(&d), a->m, r);
    maas_doc_answer(a, &d, 200);
}

void maas_reserveds(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < m->net.n_reserved; i++)
        reserved_write(j, m, &m->net.reserved[i]);
    pyjson_close(j, ']');
    maas_doc_answer(maas_ask(x), &d, 200);
}

/* NULL: answered. */
static struct maas_reserved *reserved_for(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    int64_t id;

    for (size_t i = 0; maas_id_of(x, "id", &id) && i < m->net.n_reserved; i++)
        if (m->net.reserved[i].id == id)
            return &m->net.reserved[i];
    maas_not_found(maas_ask(x), "ReservedIP");
    return NULL;
}

void maas_reserved(const struct http_exchange *x)
{
    const struct maas_reserved *r = reserved_for(x);

    if (r)
        reserved_answer(maas_ask(x), r);
}

static const struct maas_range *dynamic_around(const struct maas *m, uint32_t ip)
{
    for (size_t i = 0; i < m->net.n_ranges; i++)
        if (m->net.ranges[i].dynamic && ip >= m->net.ranges[i].start && ip <= m->net.ranges[i].end)
            return &m->net.ranges[i];
    return NULL;
}

static void reserved_ip_check(struct maas_ask *a, struct maas_complaints *c,
                              struct maas_reserved *r, const char *ip)
{
    const struct maas_subnet *s = maas_subnet_of_ip(a->m, r->ip);
    const struct maas_range *range = dynamic_around(a->m, r->ip);
    char start[MAAS_IP_MAX], end[MAAS_IP_MAX];

    if (!s) {
        maas_complain_as(c, "subnet", "There is no subnet for %s. Create the subnet and try again.",
                         ip);
        return;
    }
    r->subnet = s->id;
    if (r->ip == s->broadcast)
        maas_complain(c, "ip", "The broadcast address cannot be a reserved IP.");
    else if (r->ip == s->network)
        maas_complain(c, "ip", "The network address cannot be a reserved IP.");
    if (range) {
        maas_ip_write(range->start, start);
        maas_ip_write(range->end, end);
        maas_complain_as(c, "ip", "The reserved IP %s must be outside the dynamic range %s - %s.",
                         ip, start, end);
    }
    for (size_t i = 0; i < a->m->net.n_reserved; i++)
        if (a->m->net.reserved[i].ip == r->ip)
            maas_complain(c, "ip", "Reserved IP with this IP address already exists.");
    for (size_t i = 0; i < a->m->net.n_reserved && c->text.len == 0; i++)
        if (a->m->net.reserved[i].subnet == r->subnet &&
            text_is_nocase(a->m->net.reserved[i].mac, r->mac))
            maas_complain(c, "__all__",
                          "Reserved IP with this MAC address and Subnet already exists.");
}

void maas_reserved_create(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *ip = maas_field_or(a, "ip", ""), *mac = maas_field_or(a, "mac_address", "");
    struct maas_reserved r = {.id = MAAS_NEXT_ID};

    if (!*ip)
        maas_complain(&c, "ip", "This field is required.");
    else if (!maas_ip_read(ip, &r.ip))
        maas_complain(&c, "ip", "Enter a valid IPv4 or IPv6 address.");
    if (!*mac)
        maas_complain(&c, "mac_address", "This field cannot be blank.");
    else if (!maas_mac_is(mac))
        maas_complain_as(&c, "mac_address", "'%s' is not a valid MAC address.", mac);
    text_copy(r.mac, sizeof(r.mac), mac);
    text_copy(r.comment, sizeof(r.comment), maas_field_or(a, "comment", ""));
    if (c.text.len == 0)
        reserved_ip_check(a, &c, &r, ip);
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    if (a->m->net.n_reserved == MAAS_RESERVED_MAX) {
        maas_no_place(a);
        return;
    }
    r.id = a->m->net.next_reserved++;
    a->m->net.reserved[a->m->net.n_reserved++] = r;
    reserved_answer(a, &r);
}

/* Only the comment can change. */
void maas_reserved_update(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    struct maas_reserved *r = reserved_for(x);
    struct maas_complaints c SCOPED(maas_complaints_drop) = {.field = ""};
    const char *mac = maas_field(a, "mac_address"), *ip = maas_field(a, "ip");
    char own[MAAS_IP_MAX];

    if (!r)
        return;
    maas_ip_write(r->ip, own);
    if ((ip && !text_is(ip, own)) || (mac && !text_is_nocase(mac, r->mac)))
        maas_complain(&c, "__all__",
                      "The ip, mac_address and the subnet of a reserved IP are immutable. Delete "
                      "the entry and recreate it.");
    if (maas_complained(a, &c, MAAS_JSON))
        return;
    text_copy(r->comment, sizeof(r->comment), maas_field_or(a, "comment", r->comment));
    reserved_answer(a, r);
}

void maas_reserved_delete(const struct http_exchange *x)
{
    struct maas *m = maas_ask(x)->m;
    struct maas_reserved *r = reserved_for(x);

    if (!r)
        return;
    m->net.n_reserved--;
    memmove(r, r + 1, (size_t)(&m->net.reserved[m->net.n_reserved] - r) * sizeof(*r));
    maas_done(maas_ask(x));
}
