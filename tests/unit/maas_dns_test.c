/* Names in MAAS: who may write them, what is refused, and how an address follows its machine. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <string.h>

#define DNS_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
#define API            "/MAAS/api/2.0/"
#define TEXT           "text/plain; charset=utf-8"
#define PLAIN          "text/plain"
#define JSON           "application/json; charset=utf-8"
#define NAME           "fqdn=c1-d2e3a4.maas"

static int create(struct maas_site *s, const char *key, const char *form)
{
    return maas_send(s, key, "POST", API "dnsresources/", form);
}

static void said(struct maas_site *s, const char *kind, const char *answer)
{
    const struct event *e = mock_last(&s->m, EV_MAAS_RECORD);

    assert_text(ev_text(e, EVF_NAME), "c1-d2e3a4.maas");
    assert_text(ev_text(e, EVF_KIND), kind);
    assert_text(ev_text(e, EVF_ANSWER), answer);
}

static void a_name_is_made_read_changed_and_deleted(void **state)
{
    struct maas_site *s = *state;
    char ip[4][64];

    assert_int_equal(create(s, ADMIN_KEY, NAME "&ip_addresses=10.10.0.7+10.10.0.8&address_ttl=10"),
                     200);
    shows(s, "fqdn", "c1-d2e3a4.maas");
    shows(s, "address_ttl", "10");
    shows(s, "ip_addresses.1.ip", "10.10.0.8");
    shows(s, "ip_addresses.1.alloc_type_name", "User reserved");
    shows(s, "resource_uri", "/MAAS/api/2.0/dnsresources/1/");
    said(s, "made", "10.10.0.7 10.10.0.8");
    maas_get(s, ALICE_KEY, API "dnsresources/?fqdn=c1-d2e3a4.maas");
    shows(s, "0.ip_addresses.0.ip", "10.10.0.7");
    maas_get(s, ALICE_KEY, API "dnsresources/?domain=maas&name=c1-d2e3a4");
    shows(s, "0.id", "1");
    maas_get(s, ALICE_KEY, API "dnsresources/?fqdn=other.maas");
    answered(s, 200, JSON, "[]");
    assert_int_equal(maas_lookup(s->maas, "C1-d2e3a4.maas", ip, COUNTOF(ip)), 2);
    assert_text(ip[0], "10.10.0.7");
    maas_send(s, ADMIN_KEY, "PUT", API "dnsresources/1/", "ip_addresses=10.10.0.9");
    shows(s, "ip_addresses.0.ip", "10.10.0.9");
    shows(s, "ip_addresses.1.ip", "");
    shows(s, "address_ttl", "10");
    maas_send(s, ADMIN_KEY, "PUT", API "dnsresources/1/", "address_ttl=20");
    shows(s, "ip_addresses.0.ip", "10.10.0.9");
    said(s, "changed", "10.10.0.9");
    maas_send(s, ADMIN_KEY, "DELETE", API "dnsresources/1/", NULL);
    answered(s, 204, PLAIN, "");
    said(s, "deleted", "");
    maas_send(s, ADMIN_KEY, "DELETE", API "dnsresources/1/", NULL);
    answered(s, 404, PLAIN, "No DNSResource matches the given query.");
}

static const char *called(struct maas_site *s)
{
    return ev_text(mock_last(&s->m, EV_MAAS_CALL), EVF_NAME);
}

/* A form need not name the record that the path does: whose it is the journal tells all the same.
 */
static void the_journal_tells_which_name_a_call_is_about(void **state)
{
    struct maas_site *s = *state;

    create(s, ADMIN_KEY, NAME "&ip_addresses=10.10.0.7");
    assert_text(called(s), "c1-d2e3a4.maas");
    maas_send(s, ADMIN_KEY, "PUT", API "dnsresources/1/", "ip_addresses=10.10.0.7");
    assert_text(called(s), "c1-d2e3a4.maas");
    maas_get(s, ALICE_KEY, API "dnsresources/1/");
    assert_text(called(s), "c1-d2e3a4.maas");
    maas_get(s, ALICE_KEY, API "dnsresources/");
    assert_text(called(s), "");
    maas_send(s, ADMIN_KEY, "DELETE", API "dnsresources/1/", NULL);
    assert_text(called(s), "c1-d2e3a4.maas");
}

static void only_administrators_write_names(void **state)
{
    struct maas_site *s = *state;

    create(s, ALICE_KEY, NAME "&ip_addresses=10.10.0.7");
    answered(s, 403, TEXT, "This method is reserved for admin users.");
    create(s, ADMIN_KEY, NAME "&ip_addresses=10.10.0.7");
    maas_send(s, ALICE_KEY, "PUT", API "dnsresources/1/", "ip_addresses=");
    answered(s, 403, TEXT, "");
    maas_send(s, ALICE_KEY, "DELETE", API "dnsresources/1/", NULL);
    answered(s, 403, TEXT, "");
    maas_send(s, ALICE_KEY, "DELETE", API "dnsresources/2/", NULL);
    answered(s, 404, PLAIN, "No DNSResource matches the given query.");
}

struct refusal {
    const char *form;
    int status;
    const char *type, *body;
};

static void what_maas_refuses_is_refused_in_its_words(void **state)
{
    static const struct refusal list[] = {
        {NAME, 400, JSON, "{\"__all__\": [\"Labels must be unique within their zone.\"]}"},
        {"fqdn=C1-D2E3A4.maas", 400, JSON,
         "{\"__all__\": [\"Labels must be unique within their zone.\"]}"},
        {"fqdn=a.nosuch.com&ip_addresses=10.10.0.7", 404, PLAIN,
         "No Domain matches the given query."},
        {"", 400, JSON,
         "{\"name\": [\"This field is required.\"], \"domain\": [\"This field is required.\"]}"},
        {"name=x", 400, JSON, "{\"domain\": [\"This field is required.\"]}"},
        {"fqdn=a.maas&ip_addresses=999.1.1.1", 500, TEXT,
         "failed to detect a valid IP address from '999.1.1.1'"},
        {"fqdn=a.maas&ip_addresses=10.0.0.1,10.0.0.2", 500, TEXT,
         "failed to detect a valid IP address from '10.0.0.1,10.0.0.2'"},
        {"fqdn=a.maas&address_ttl=abc", 400, JSON,
         "{\"address_ttl\": [\"Enter a whole number.\"]}"},
    };
    struct maas_site *s = *state;

    create(s, ADMIN_KEY, NAME "&ip_addresses=10.10.0.7");
    for (size_t i = 0; i < COUNTOF(list); i++) {
        create(s, ADMIN_KEY, list[i].form);
        answered(s, list[i].status, list[i].type, list[i].body);
    }
    assert_int_equal(s->maas->n_records, 1);
    maas_get(s, ALICE_KEY, API "dnsresources/?fqdn=a.nosuch.com");
    answered(s, 404, PLAIN, "No Domain matches the given query.");
}

/* The trap: a name that is left behind points at the machine's next owner. */
static void a_name_follows_its_machine(void **state)
{
    struct maas_site *s = *state;
    struct maas_machine *one = maas_machine_named(s->maas, "m1");
    char target[128], ip[4][64];

    snprintf(target, sizeof(target), API "machines/%s/?op=deploy", one->system_id);
    assert_int_equal(maas_send(s, ADMIN_KEY, "POST", target, ""), 200);
    create(s, ADMIN_KEY, NAME "&ip_addresses=10.10.0.101");
    shows(s, "ip_addresses.0.alloc_type_name", "Automatic");
    shows(s, "ip_addresses.0.interface_set.0.system_id", one->system_id);
    assert_int_equal(maas_lookup(s->maas, "c1-d2e3a4.maas", ip, COUNTOF(ip)), 1);
    assert_int_equal(maas_lookup(s->maas, "m1.maas", ip, COUNTOF(ip)), 1);
    assert_text(ip[0], "10.10.0.101");
    snprintf(target, sizeof(target), API "machines/%s/?op=release", one->system_id);
    maas_send(s, ADMIN_KEY, "POST", target, "");
    s->m.now = HOURS(1);
    maas_get(s, ADMIN_KEY, API "dnsresources/1/");
    shows(s, "ip_addresses.0.ip", "");
    said(s, "changed", "");
    assert_int_equal(maas_lookup(s->maas, "c1-d2e3a4.maas", ip, COUNTOF(ip)), 0);
    snprintf(target, sizeof(target), API "machines/%s/?op=deploy", one->system_id);
    maas_send(s, BOB_KEY, "POST", target, "");
    maas_get(s, ADMIN_KEY, API "dnsresources/1/");
    shows(s, "ip_addresses.0.ip", "10.10.0.101");
    said(s, "changed", "10.10.0.101");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DNS_TEST(a_name_is_made_read_changed_and_deleted),
        DNS_TEST(the_journal_tells_which_name_a_call_is_about),
        DNS_TEST(only_administrators_write_names),
        DNS_TEST(what_maas_refuses_is_refused_in_its_words),
        DNS_TEST(a_name_follows_its_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
