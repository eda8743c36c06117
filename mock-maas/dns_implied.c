/* Names that nobody made: they follow from machines and controllers, and are listed with all=true.
 */
#include "mock-maas/model.h"

#include <string.h>

static void implied_write(struct pyjson *j, const char *name, const char *domain,
                          const char *system_id, int type, const char *ip)
{
    struct buf fqdn SCOPED(buf_drop) = {0};

    buf_init(&fqdn, KIB(1));
    buf_printf(&fqdn, "%s.%s", name, domain);
    pyjson_open(j, NULL, '{');
    pyjson_word(j, "address_ttl", "null");
    pyjson_word(j, "ip_addresses", "null");
    pyjson_int(j, "id", -1);
    pyjson_open(j, "resource_records", '[');
    pyjson_open(j, NULL, '{');
    pyjson_text(j, "system_id", system_id);
    pyjson_int(j, "node_type", type);
    pyjson_word(j, "user_id", "null");
    pyjson_word(j, "dnsresource_id", "null");
    pyjson_word(j, "ttl", "null");
    pyjson_text(j, "rrtype", "A");
    pyjson_text(j, "rrdata", ip);
    pyjson_word(j, "dnsdata_id", "null");
    pyjson_close(j, '}');
    pyjson_close(j, ']');
    pyjson_text(j, "fqdn", buf_text(&fqdn));
    maas_uri_id_write(j, "dnsresources", -1);
    pyjson_close(j, '}');
}

/* A machine's first interface has the machine's name; the others have their own. */
static void implied_of(struct pyjson *j, const struct maas *m, const struct maas_machine *one,
                       bool others)
{
    for (size_t k = others ? 1 : 0; k < (others ? one->n_nics : one->n_nics > 0); k++) {
        const struct maas_nic *nic = &one->nics[k];
        const char *ip = nic->ip[0] ? nic->ip : nic->lease;

        if (*ip)
            implied_write(j, k ? nic->name : one->hostname, maas_domain_name(m, one->domain),
                          one->system_id, MAAS_TYPE_MACHINE, ip);
    }
}

void maas_dns_implied_write(struct pyjson *j, const struct maas *m)
{
    char ip[MAAS_IP_MAX];

    for (size_t i = 0; i < m->n_machines; i++)
        if (!maas_machine_at(m, i)->gone)
            implied_of(j, m, maas_machine_at(m, i), false);
    for (size_t i = 0; i < m->net.n_used; i++) {
        const struct maas_rack *rack = maas_rack_find(m, m->net.used[i].rack);

        maas_ip_write(m->net.used[i].ip, ip);
        if (rack)
            implied_write(j, rack->hostname, maas_domain_name(m, m->default_domain),
                          rack->system_id, MAAS_TYPE_REGION_AND_RACK, ip);
    }
    for (size_t i = 0; i < m->n_machines; i++)
        if (!maas_machine_at(m, i)->gone)
            implied_of(j, m, maas_machine_at(m, i), true);
}
