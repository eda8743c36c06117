/* Which machine is given, what is refused, and in which words; and the lists that share the same
 * constraints. The fleet is that of the recordings: m4 is cheaper than m1, m2, m3. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <string.h>

#define ALLOCATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, maas_site_teardown)
#define API                 "/MAAS/api/2.0/"
#define TEXT                "text/plain; charset=utf-8"
#define JSON                "application/json; charset=utf-8"

static void add(struct maas_site *s, const char *words)
{
    struct maas_spec spec;
    struct err e = {0};

    maas_spec_default(1, &spec);
    must(maas_spec_read(words, &spec, &e), &e);
    assert_true(maas_machine_add(s->maas, 0, &spec, &s->m.events));
}

static int setup(void **state)
{
    struct maas_site *s;
    int r = maas_site_setup(state);

    s = *state;
    for (size_t i = 1; i <= 6; i++) {
        const char name[] = {'m', (char)('0' + i), '\0'};

        assert_true(maas_by_hand(s->maas, 0, name, "becomes absent", &s->m.events));
    }
    add(s, "name=m1,cpu=4,mem=8192,zone=zone-a,disk=500,tags=fast,ip=10.10.0.101");
    add(s, "name=m2,cpu=8,mem=16384,zone=zone-b,disk=250,tags=fast+gpu,ip=10.10.0.102");
    add(s, "name=m3,cpu=16,mem=32768,zone=zone-a,pool=pool-x,disk=2000,arch=arm64/generic,"
           "ip=10.10.0.103");
    add(s, "name=m4,cpu=2,mem=4096,disk=100,ip=10.10.0.104");
    maas_image_add(s->maas, &(struct maas_image){.name = "ubuntu/noble",
                                                 .architecture = "arm64/ga-24.04",
                                                 .complete = true});
    return r;
}

/* --- choosing ------------------------------------------------------------------------------------
 */

static void the_cheapest_that_fits_is_given(void **state)
{
    static const struct {
        const char *form, *name;
    } list[] = {
        {"", "m4"},
        {"agent_name=a&comment=b", "m4"},
        {"cpu_count=5", "m2"},
        {"cpu_count=3.5", "m1"},
        {"cpu_count=-1", "m4"},
        {"cpu_count=2&cpu_count=8", "m4"},
        {"mem=8192", "m1"},
        {"arch=amd64", "m4"},
        {"arch=arm64", "m3"},
        {"arch=arm64%2Fgeneric&arch=amd64%2Fgeneric&mem=5000", "m1"},
        {"tags=fast+gpu", "m2"},
        {"tags=fast&tags=gpu", "m2"},
        {"tags=fast&not_tags=gpu", "m1"},
        {"tags=", "m4"},
        {"zone=zone-b", "m2"},
        {"zone=zone-a&zone=zone-b", "m1"},
        {"not_in_zone=default&not_in_zone=zone-a", "m2"},
        {"pool=pool-x", "m3"},
        {"pool=pool-x&pool=default", "m4"},
        {"name=m3", "m3"},
        {"name=m3.maas", "m3"},
        {"storage=root:50", "m4"},
        {"storage=root:64.42&mem=8000", "m1"},
        {"storage=root:500", "m1"},
        {"storage=root:500.01", "m3"},
        {"storage=", "m4"},
        {"not_pod=x&not_pod_type=y", "m4"}, /* what providers send */
        {"bridge_all=true&bridge_type=ovs&bridge_fd=3", "m4"},
    };
    struct maas_site *s = *state;

    for (size_t i = 0; i < COUNTOF(list); i++) {
        char form[256];

        snprintf(form, sizeof(form), "dry_run=true%s%s", list[i].form[0] ? "&" : "", list[i].form);
        assert_int_equal(allocate(s, ALICE_KEY, form), 200);
        shows(s, "hostname", list[i].name);
        shows(s, "status_name", "Ready");
        shows(s, "owner", "");
    }
}

static void what_is_given_is_marked_and_not_given_again(void **state)
{
    static const char *const order[] = {"m4", "m1", "m2", "m3"};
    struct maas_site *s = *state;

    for (size_t i = 0; i < COUNTOF(order); i++) {
        assert_int_equal(allocate(s, ALICE_KEY, "agent_name=mark&mem=10"), 200);
        shows(s, "hostname", order[i]);
        shows(s, "status_name", "Allocated");
        shows(s, "owner", "alice");
        shows(s, "status_message", "Ready");
        shows(s, "agent_name", "");
        assert_non_null(strstr(talk_body(&s->t), "\"constraints_by_type\": {}"));
        assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_PARAMS, "mem=10"));
        assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_MARKER, "mark"));
        assert_true(ev_is(mock_last(&s->m, EV_MAAS_CALL), EVF_MACHINE, order[i]));
    }
    allocate(s, ALICE_KEY, "agent_name=mark");
    answered(s, 409, TEXT, "No machine available.");
    assert_false(talk_header(&s->t, "Retry-After", NULL));
}

/* MAAS ignores what stands in the query: a gateway that puts its mark there has marked nothing. */
static void parameters_in_the_query_are_ignored(void **state)
{
    struct maas_site *s = *state;

    assert_int_equal(maas_send(s, ALICE_KEY, "POST",
                               API "machines/?op=allocate&agent_name=mark&name=m3&dry_run=true",
                               ""),
                     200);
    shows(s, "hostname", "m4");
    shows(s, "status_name", "Allocated");
    assert_text(maas_machine_named(s->maas, "m4")->agent_name, "");
}

static void a_labelled_disk_is_named_in_the_answer(void **state)
{
    struct maas_site *s = *state;
    char id[16];

    allocate(s, ALICE_KEY, "storage=root:50(ssd)");
    snprintf(id, sizeof(id), "%d", (int)maas_machine_named(s->maas, "m4")->disks[0].id);
    shows(s, "constraints_by_type.storage.root.0", id);
}

/* --- refusals ------------------------------------------------------------------------------------
 */

static void refusals_have_maas_s_words(void **state)
{
    static const struct {
        const char *form;
        int status;
        const char *body;
    } list[] = {
        {"cpu_count=", 400, "{\"cpu_count\": [\"Invalid CPU count: number required.\"]}"},
        {"mem=lots", 400, "{\"mem\": [\"Invalid memory: number of MiB required.\"]}"},
        {"zone=z9", 400, "{\"zone\": [\"No such zone(s): z9.\"]}"},
        {"zone=", 400, "{\"zone\": [\"No such zone(s): .\"]}"},
        {"zone=ZONE-A", 400, "{\"zone\": [\"No such zone(s): ZONE-A.\"]}"},
        {"pool=1", 400, "{\"pool\": [\"No such pool(s): 1.\"]}"},
        {"tags=nosuch,other,fast", 400, "{\"tags\": [\"No such tag(s): 'nosuch', 'other'.\"]}"},
        {"arch=i386", 400, "{\"arch\": [\"Architecture not recognised.\"]}"},
        {"architecture=arm64", 400, "{\"architecture\": [\"No such constraint.\"]}"},
        {"hostname=m3", 400, "{\"hostname\": [\"No such constraint.\"]}"},
        {"storage=abc", 400, "{\"storage\": [\"Malformed storage constraint, \\\"abc\\\".\"]}"},
        {"storage=root:", 400, "{\"storage\": [\"Malformed storage constraint, \\\"root:\\\".\"]}"},
        {"power_state=nosuch", 400,
         "{\"power_state\": [\"Select a valid choice. nosuch is not one of the available "
         "choices.\"]}"},
        {"dry_run=perhaps&zone=z9", 400, "Invalid dry_run: Value should be 'true' or 'false'"},
        {"bridge_fd=x", 400, "Invalid bridge_fd: Please enter an integer value"},
        {"subnets=nosuch", 400, "{\"subnets\": [\"No matching subnets found.\"]}"},
        {"cpu_count=x&zone=z9", 400,
         "{\"zone\": [\"No such zone(s): z9.\"], "
         "\"cpu_count\": [\"Invalid CPU count: number required.\"]}"},
        {"system_id=zzzzzz", 409, "No machine with system ID zzzzzz available."},
        {"pool=pool-x&zone=zone-b", 409,
         "No available machine matches constraints: [('pool', ['pool-x']), ('zone', ['zone-b'])] "
         "(resolved to \"pool=pool-x zone=zone-b\")"},
        {"cpu_count=100", 409,
         "No available machine matches constraints: [('cpu_count', ['100'])] "
         "(resolved to \"cpu_count=100.0\")"},
        {"agent_name=a&mem=999999", 409,
         "No available machine matches constraints: [('agent_name', ['a']), ('mem', ['999999'])] "
         "(resolved to \"mem=999999.0\")"},
        {"name=m3&name=m4", 409,
         "No available machine matches constraints: [('name', ['m3', 'm4'])] "
         "(resolved to \"name=m3,m4\")"},
        {"storage=root:99999", 409,
         "No available machine matches constraints: [('storage', ['root:99999'])] "
         "(resolved to \"storage=root:99999\")"},
        {"owner=nobody", 409,
         "No available machine matches constraints: [('owner', ['nobody'])] "
         "(resolved to \"owner=nobody\")"},
    };
    struct maas_site *s = *state;

    for (size_t i = 0; i < COUNTOF(list); i++) {
        assert_int_equal(allocate(s, ALICE_KEY, list[i].form), list[i].status);
        assert_text(talk_body(&s->t), list[i].body);
        assert_true(talk_header(&s->t, "Content-Type", list[i].body[0] == '{' ? JSON : TEXT));
    }
}

static void a_long_mark_is_refused_in_another_type(void **state)
{
    struct maas_site *s = *state;
    char form[400] = "agent_name=";

    memset(form + strlen(form), 'x', 300);
    allocate(s, ALICE_KEY, form);
    answered(s, 400, "application/json",
             "{\"agent_name\": [\"Ensure this value has at most 255 characters (it has 300).\"]}");
}

static void a_json_body_breaks_maas(void **state)
{
    struct maas_site *s = *state;
    struct signing how;
    struct buf headers SCOPED(buf_drop) = {0}, authorization SCOPED(buf_drop) = {0};
    char store[256];

    buf_init(&headers, KIB(4));
    buf_init(&authorization, KIB(2));
    how = signing_of(ALICE_KEY, store, sizeof(store));
    signing_write(s, &how, &authorization);
    buf_printf(&headers, "Authorization: %s\n", buf_text(&authorization));
    talk_ask(&s->m, &s->t, "POST", API "machines/?op=allocate", buf_text(&headers), "{\"mem\":1}");
    answered(s, 500, TEXT, "'dict' object has no attribute 'lists'");
}

static void without_credentials_the_twin_knows_no_op(void **state)
{
    struct maas_site *s = *state;

    allocate(s, NULL, "");
    answered(s, 400, TEXT, "Unrecognised signature: method=POST op=allocate");
    maas_get(s, NULL, API "machines/");
    answered(s, 400, TEXT, "Unrecognised signature: method=GET op=None");
    maas_get(s, NULL, API "zones/");
    answered(s, 401, "text/plain", "Forbidden");
}

/* --- lists ---------------------------------------------------------------------------------------
 */

static void names(struct maas_site *s, const char *query, const char *wanted)
{
    struct buf seen SCOPED(buf_drop) = {0};
    char target[256], path[32], text[64];

    buf_init(&seen, KIB(1));
    snprintf(target, sizeof(target), API "machines/?%s", query);
    assert_int_equal(maas_get(s, ALICE_KEY, target), 200);
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof(path), "%d.hostname", i);
        talk_pick(&s->t, path, text, sizeof(text));
        buf_printf(&seen, "%s%s", seen.len && text[0] ? " " : "", text);
    }
    assert_text(buf_text(&seen), wanted);
}

static void lists_are_filtered(void **state)
{
    struct maas_site *s = *state;
    char query[64];

    allocate(s, ALICE_KEY, "agent_name=mark&name=m1");
    allocate(s, BOB_KEY, "agent_name=mark&name=m2");
    names(s, "", "m1 m3 m4");
    names(s, "agent_name=mark", "m1");
    names(s, "agent_name=", "m3 m4"); /* every machine without a mark, the free ones too */
    names(s, "agent_name=other", "");
    names(s, "owner=alice", "m1");
    names(s, "hostname=m3&hostname=m4", "m3 m4");
    names(s, "hostname=m3.maas", "");
    names(s, "status=allocated", "m1");
    names(s, "not_status=ready", "m1");
    names(s, "status=ready&status=allocated", "m1 m3 m4");
    names(s, "zone=zone-a&tags=fast", "m1");
    names(s, "pool=pool-x", "m3");
    names(s, "domain=maas", "m1 m3 m4");
    names(s, "cpu_count=4", "m1 m3");
    names(s, "power_state=off", "m1 m3 m4");
    names(s, "id=zzzzzz", "");
    names(s, "op=list_allocated", "m1");
    snprintf(query, sizeof(query), "mac_address=%s",
             maas_machine_named(s->maas, "m3")->nics[0].mac);
    names(s, query, "m3");
    snprintf(query, sizeof(query), "id=%s", maas_machine_named(s->maas, "m4")->system_id);
    names(s, query, "m4");
}

static void unknown_filters_are_refused(void **state)
{
    static const char *const list[][2] = {
        {"limit=2", "{\"limit\": [\"No such constraint.\"]}"},
        {"status=Ready",
         "{\"status\": [\"Select a valid choice. Ready is not one of the available choices.\"]}"},
        {"owner=nobody", "{\"owner\": [\"No such owner: 'nobody'.\"]}"},
        {"zone=z9", "{\"zone\": [\"No such zone(s): z9.\"]}"},
        {"mac_address=00:E0:81:DD:D1:ZZ",
         "{\"mac_address\": [\"'00:E0:81:DD:D1:ZZ' is not a valid MAC address.\"]}"},
    };
    struct maas_site *s = *state;
    char target[256];

    for (size_t i = 0; i < COUNTOF(list); i++) {
        snprintf(target, sizeof(target), API "machines/?%s", list[i][0]);
        maas_get(s, ALICE_KEY, target);
        answered(s, 400, JSON, list[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALLOCATE_TEST(the_cheapest_that_fits_is_given),
        ALLOCATE_TEST(what_is_given_is_marked_and_not_given_again),
        ALLOCATE_TEST(parameters_in_the_query_are_ignored),
        ALLOCATE_TEST(a_labelled_disk_is_named_in_the_answer),
        ALLOCATE_TEST(refusals_have_maas_s_words),
        ALLOCATE_TEST(a_long_mark_is_refused_in_another_type),
        ALLOCATE_TEST(a_json_body_breaks_maas),
        ALLOCATE_TEST(without_credentials_the_twin_knows_no_op),
        ALLOCATE_TEST(lists_are_filtered),
        ALLOCATE_TEST(unknown_filters_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
