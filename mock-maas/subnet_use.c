/* What is in use of a subnet: ranges with their purposes, statistics, addresses. Ranges of one
 * purpose that touch are one; ranges that overlap become one with all their purposes. */
#include "mock-maas/model.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bits, in the order of their names. */
enum {
    ASSIGNED = 1,
    DNS_SERVER = 2,
    DYNAMIC = 4,
    GATEWAY = 8,
    RESERVED = 16,
    UNUSED = 32,
    PROPOSED = 64
};
static const struct {
    unsigned bit;
    const char *name;
} purposes[] = {
    {ASSIGNED, "assigned-ip"}, {DNS_SERVER, "dns-server"},     {DYNAMIC, "dynamic"},
    {GATEWAY, "gateway-ip"},   {PROPOSED, "proposed-dynamic"}, {RESERVED, "reserved"},
    {UNUSED, "unused"},
};

struct span {
    uint32_t first, last;
    unsigned purpose;
};
struct spans {
    struct span *at;
    size_t n, cap;
};

static void spans_drop(struct spans *s)
{
    free(s->at);
}

static void span_add(struct spans *s, uint32_t first, uint32_t last, unsigned purpose)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->at = realloc(s->at, s->cap * sizeof(*s->at));
        if (!s->at)
            WRONG("out of memory");
    }
    s->at[s->n++] = (struct span){first, last, purpose};
}

static int by_purpose(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->purpose != y->purpose)
        return x->purpose < y->purpose ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->last < y->last ? -1 : x->last > y->last;
}

/* `gap` 1: ranges of one purpose that touch; 0: any that overlap. */
static void spans_join(struct spans *s, uint32_t gap)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        struct span *last = n ? &s->at[n - 1] : NULL;

        if (last && s->at[i].first <= (uint64_t)last->last + gap &&
            (gap == 0 || last->purpose == s->at[i].purpose)) {
            last->last = s->at[i].last > last->last ? s->at[i].last : last->last;
            last->purpose |= s->at[i].purpose;
        } else {
            s->at[n++] = s->at[i];
        }
    }
    s->n = n;
}

/* 3.5 kept one of two ranges that are the same. */
static void spans_outdo(struct spans *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        struct span *last = n ? &s->at[n - 1] : NULL;

        if (last && last->first == s->at[i].first && last->last == s->at[i].last)
            last->purpose = last->purpose == ASSIGNED ? s->at[i].purpose : last->purpose;
        else
            s->at[n++] = s->at[i];
    }
    s->n = n;
}

static void named_add(struct spans *s, const struct maas_subnet *subnet, const char *text,
                      unsigned purpose)
{
    uint32_t ip;

    if (maas_ip_read(text, &ip) && ip >= subnet->network && ip <= subnet->broadcast)
        span_add(s, ip, ip, purpose);
}

static void spans_used(const struct maas *m, const struct maas_subnet *subnet, struct spans *s)
{
    struct maas_held *held;
    const size_t n = maas_held_list(m, &held);

    for (size_t i = 0; i < n; i++)
        if (held[i].ip >= subnet->network && held[i].ip <= subnet->broadcast)
            span_add(s, held[i].ip, held[i].ip, ASSIGNED);
    free(held);
    for (size_t i = 0; i < m->net.n_ranges; i++)
        if (m->net.ranges[i].subnet == subnet->id)
            span_add(s, m->net.ranges[i].start, m->net.ranges[i].end,
                     m->net.ranges[i].dynamic ? DYNAMIC : RESERVED);
    named_add(s, subnet, subnet->gateway_ip, GATEWAY);
    for (size_t i = 0; i < subnet->n_dns_servers; i++)
        named_add(s, subnet, subnet->dns_servers[i], DNS_SERVER);
    if (s->n == 0)
        return;
    if (maas_is_37(m)) {
        qsort(s->at, s->n, sizeof(s->at[0]), by_purpose);
        spans_join(s, 1);
        qsort(s->at, s->n, sizeof(s->at[0]), by_start);
        spans_join(s, 0);
    } else { /* an address that is something better is not also shown as assigned */
        qsort(s->at, s->n, sizeof(s->at[0]), by_start);
        spans_outdo(s);
        spans_join(s, 0);
        spans_join(s, 1);
    }
}

/* Hosts only: without the network's and the broadcast address. */
static uint32_t first_of(const struct maas_subnet *s)
{
    return s->broadcast - s->network < 2 ? s->network : s->network + 1;
}

static uint32_t last_of(const struct maas_subnet *s)
{
    return s->broadcast - s->network < 2 ? s->broadcast : s->broadcast - 1;
}

static void spans_free(const struct maas_subnet *subnet, const struct spans *used,
                       struct spans *ret)
{
    uint64_t at = first_of(subnet);

    for (size_t i = 0; i < used->n; i++) {
        if (used->at[i].first > at)
            span_add(ret, (uint32_t)at, used->at[i].first - 1, UNUSED);
        at = used->at[i].last + UINT64_C(1) > at ? used->at[i].last + UINT64_C(1) : at;
    }
    if (at <= last_of(subnet))
        span_add(ret, (uint32_t)at, last_of(subnet), UNUSED);
}

/* From the smallest gap, its first address. */
bool maas_ip_take(struct maas *m, const struct maas_subnet *s, char ret[static MAAS_IP_MAX])
{
    struct spans used SCOPED(spans_drop) = {.n = 0}, rest SCOPED(spans_drop) = {.n = 0};
    const struct span *best = NULL;

    spans_used(m, s, &used);
    for (size_t i = 0; i < m->net.n_reserved; i++)
        if (m->net.reserved[i].subnet == s->id)
            span_add(&used, m->net.reserved[i].ip, m->net.reserved[i].ip, RESERVED);
    if (used.n)
        qsort(used.at, used.n, sizeof(used.at[0]), by_start);
    spans_free(s, &used, &rest);
    for (size_t i = 0; i < rest.n; i++)
        if (!best || rest.at[i].last - rest.at[i].first < best->last - best->first)
            best = &rest.at[i];
    if (best)
        maas_ip_write(best->first, ret);
    return best != NULL;
}

/* --- showing ---------------------------------------------------------------------------------- */

static void span_write(struct pyjson *j, const char *name, const struct span *s, bool purpose)
{
    char text[MAAS_IP_MAX];

    pyjson_open(j, name, '{');
    maas_ip_write(s->first, text);
    pyjson_text(j, "start", text);
    maas_ip_write(s->last, text);
    pyjson_text(j, "end", text);
    pyjson_int(j, "num_addresses", (int64_t)s->last - s->first + 1);
    if (purpose) {
        pyjson_open(j, "purpose", '[');
        for (size_t i = 0; i < COUNTOF(purposes); i++)
            if (s->purpose & purposes[i].bit)
                pyjson_text(j, NULL, purposes[i].name);
        pyjson_close(j, ']');
    }
    pyjson_close(j, '}');
}

static void spans_answer(struct maas_ask *a, const struct spans *s, bool purpose)
{
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);

    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < s->n; i++)
        span_write(j, NULL, &s->at[i], purpose);
    pyjson_close(j, ']');
    maas_doc_answer(a, &d, 200);
}

void maas_subnet_reserved(const struct http_exchange *x)
{
    const struct maas_subnet *s = maas_subnet_for(x);
    struct spans used SCOPED(spans_drop) = {.n = 0};

    if (!s)
        return;
    spans_used(maas_ask(x)->m, s, &used);
    spans_answer(maas_ask(x), &used, true);
}

void maas_subnet_unreserved(const struct http_exchange *x)
{
    const struct maas_subnet *s = maas_subnet_for(x);
    struct spans used SCOPED(spans_drop) = {.n = 0}, rest SCOPED(spans_drop) = {.n = 0};

    if (!s)
        return;
    spans_used(maas_ask(x)->m, s, &used);
    spans_free(s, &used, &rest);
    spans_answer(maas_ask(x), &rest, false);
}

/* The shortest text that reads as this number, as Python's repr. */
static void float_write(struct pyjson *j, const char *name, double value)
{
    char text[40];

    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (!strpbrk(text, ".e"))
        snprintf(text, sizeof(text), "%.1f", value);
    pyjson_word(j, name, text);
}

static void percent_write(struct pyjson *j, const char *name, double value)
{
    char text[16];

    snprintf(text, sizeof(text), "%.0f%%", value * 100);
    pyjson_text(j, name, text);
}

struct figures {
    int64_t total, free, largest;
    struct span largest_span;
};

static void figures_make(const struct maas_subnet *s, const struct spans *rest, struct figures *ret)
{
    *ret = (struct figures){.total = (int64_t)last_of(s) - first_of(s) + 1};
    for (size_t i = 0; i < rest->n; i++) {
        const int64_t n = (int64_t)rest->at[i].last - rest->at[i].first + 1;

        ret->free += n;
        if (n > ret->largest) {
            ret->largest = n;
            ret->largest_span = rest->at[i];
        }
    }
}

/* The first address, else the last, if it is free. */
static bool suggested_gateway(const struct maas_subnet *s, const struct spans *rest, uint32_t *ret)
{
    if (rest->n && rest->at[0].first == first_of(s))
        *ret = first_of(s);
    else if (rest->n && rest->at[rest->n - 1].last == last_of(s))
        *ret = last_of(s);
    else
        return false;
    return true;
}

/* A fourth of the subnet at the end of the largest gap, and not more than half of what is free. */
static bool suggested_range(const struct figures *f, bool gateway, uint32_t gateway_ip,
                            struct span *ret)
{
    const int64_t fourth = f->total >> 2, half = f->free >> 1;
    int64_t first = f->largest_span.first, last = f->largest_span.last;

    if (f->largest == 0 || (gateway && f->largest == 1))
        return false;
    if (gateway && first == gateway_ip)
        first++;
    else if (gateway && last == gateway_ip)
        last--;
    if (last - first + 1 > fourth)
        first = last - fourth;
    else if (last - first + 1 >= half)
        first = last - half + 1;
    *ret = (struct span){(uint32_t)first, (uint32_t)last, PROPOSED};
    return first < last;
}

static void suggestions_write(struct pyjson *j, const struct maas_subnet *s,
                              const struct spans *rest, const struct figures *f)
{
    char text[MAAS_IP_MAX];
    uint32_t ip = 0;
    const bool gateway = suggested_gateway(s, rest, &ip);
    struct span range;

    maas_ip_write(ip, text);
    pyjson_text_or_null(j, "suggested_gateway", gateway ? text : "");
    if (suggested_range(f, gateway, ip, &range))
        span_write(j, "suggested_dynamic_range", &range, true);
    else
        pyjson_word(j, "suggested_dynamic_range", "null");
}

static void figures_write(struct pyjson *j, const struct maas_subnet *s, const struct figures *f)
{
    const double usage = (double)(f->total - f->free) / (double)f->total;
    char text[MAAS_IP_MAX];

    pyjson_int(j, "num_available", f->free);
    pyjson_int(j, "largest_available", f->largest);
    pyjson_int(j, "num_unavailable", f->total - f->free);
    pyjson_int(j, "total_addresses", f->total);
    float_write(j, "usage", usage);
    percent_write(j, "usage_string", usage);
    percent_write(j, "available_string", 1 - usage);
    maas_ip_write(first_of(s), text);
    pyjson_text(j, "first_address", text);
    maas_ip_write(last_of(s), text);
    pyjson_text(j, "last_address", text);
    pyjson_int(j, "ip_version", 4);
}

static bool wished(struct maas_ask *a, const char *name)
{
    bool yes = false;

    return maas_word_is_bool(maas_asked(a, name) ? maas_asked(a, name) : "", &yes) && yes;
}

static void ranges_write(struct pyjson *j, const struct spans *used, const struct spans *rest)
{
    struct spans all SCOPED(spans_drop) = {.n = 0};

    for (size_t i = 0; i < used->n; i++)
        span_add(&all, used->at[i].first, used->at[i].last, used->at[i].purpose);
    for (size_t i = 0; i < rest->n; i++)
        span_add(&all, rest->at[i].first, rest->at[i].last, UNUSED);
    if (all.n)
        qsort(all.at, all.n, sizeof(all.at[0]), by_start);
    pyjson_open(j, "ranges", '[');
    for (size_t i = 0; i < all.n; i++)
        span_write(j, NULL, &all.at[i], true);
    pyjson_close(j, ']');
}

void maas_subnet_statistics(const struct http_exchange *x)
{
    struct maas_ask *a = maas_ask(x);
    const struct maas_subnet *s = maas_subnet_for(x);
    struct spans used SCOPED(spans_drop) = {.n = 0}, rest SCOPED(spans_drop) = {.n = 0};
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct figures f;

    if (!s)
        return;
    spans_used(a->m, s, &used);
    spans_free(s, &used, &rest);
    figures_make(s, &rest, &f);
    pyjson_open(j, NULL, '{');
    figures_write(j, s, &f);
    if (wished(a, "include_ranges"))
        ranges_write(j, &used, &rest);
    if (wished(a, "include_suggestions"))
        suggestions_write(j, s, &rest, &f);
    pyjson_close(j, '}');
    maas_doc_answer(a, &d, 200);
}

/* --- addresses -------------------------------------------------------------------------------- */

static void summary_write(struct pyjson *j, const char *system_id, int type, const char *hostname,
                          const char *domain, const char *via)
{
    struct buf fqdn SCOPED(buf_drop) = {0};

    buf_init(&fqdn, KIB(1));
    buf_printf(&fqdn, "%s.%s", hostname, domain);
    pyjson_open(j, "node_summary", '{');
    pyjson_text(j, "system_id", system_id);
    pyjson_int(j, "node_type", type);
    pyjson_text(j, "fqdn", buf_text(&fqdn));
    pyjson_text(j, "hostname", hostname);
    pyjson_bool(j, "is_container", false);
    pyjson_text(j, "via", via);
    pyjson_close(j, '}');
}

static void bmc_write(struct pyjson *j, const struct maas *m, const struct maas_held *held)
{
    uint32_t ip;

    pyjson_open(j, "bmcs", '[');
    pyjson_open(j, NULL, '{');
    pyjson_int(j, "id", held->bmc->id);
    pyjson_text(j, "power_type", held->bmc->power_type);
    pyjson_open(j, "nodes", '[');
    for (size_t i = 0; i < m->n_machines; i++) {
        const struct maas_machine *one = maas_machine_at(m, i);

        if (one->gone || !maas_ip_within(maas_parameter(one, "power_address"), &ip) ||
            ip != held->ip)
            continue;
        pyjson_open(j, NULL, '{');
        pyjson_text(j, "system_id", one->system_id);
        pyjson_text(j, "hostname", one->hostname);
        pyjson_close(j, '}');
    }
    pyjson_close(j, ']');
    pyjson_close(j, '}');
    pyjson_close(j, ']');
}

static void holder_write(struct pyjson *j, const struct maas *m, const struct maas_held *held)
{
    const struct maas_rack *rack = held->used ? maas_rack_find(m, held->used->rack) : NULL;

    if (rack) {
        summary_write(j, rack->system_id, MAAS_TYPE_REGION_AND_RACK, rack->hostname,
                      m->domains[0].name, rack->nic.name);
        pyjson_text(j, "user", "MAAS");
    } else if (held->machine) {
        summary_write(j, held->machine->system_id, MAAS_TYPE_MACHINE, held->machine->hostname,
                      maas_domain_name(m, held->machine->domain), held->nic->name);
        if (held->machine->owner[0])
            pyjson_text(j, "user", held->machine->owner);
    } else if (held->bmc) {
        bmc_write(j, m, held);
    } else if (held->owner && held->owner[0]) {
        pyjson_text(j, "user", held->owner);
    }
}

static void held_write(struct pyjson *j, const struct maas *m, const struct maas_held *held)
{
    char text[MAAS_IP_MAX];

    maas_ip_write(held->ip, text);
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "ip", text);
    pyjson_int(j, "alloc_type", held->alloc);
    maas_day_write(j, "created", m, held->made);
    maas_day_write(j, "updated", m, held->made);
    holder_write(j, m, held);
    pyjson_close(j, '}');
}

static int by_ip(const void *a, const void *b)
{
    const struct maas_held *x = a, *y = b;

    return x->ip < y->ip ? -1 : x->ip > y->ip;
}

void maas_subnet_addresses(const struct http_exchange *x)
{
    const struct maas_subnet *s = maas_subnet_for(x);
    struct maas_doc d SCOPED(maas_doc_drop) = {.body = {0}};
    struct pyjson *j = maas_doc_open(&d);
    struct maas_held *held;
    size_t n;

    if (!s)
        return;
    n = maas_held_list(maas_ask(x)->m, &held);
    if (n)
        qsort(held, n, sizeof(held[0]), by_ip);
    pyjson_open(j, NULL, '[');
    for (size_t i = 0; i < n; i++)
        if (held[i].ip >= s->network && held[i].ip <= s->broadcast)
            held_write(j, maas_ask(x)->m, &held[i]);
    pyjson_close(j, ']');
    free(held);
    maas_doc_answer(maas_ask(x), &d, 200);
}
