/* Every lab of the harness on the addresses of one machine: the same hosts, zones and ways. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/lab_loopback.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const shapes[] = {"nat",       "direct",     "firewall",   "double-nat",
                                     "two-sites", "proxy-only", "proxy-auth", "two-exits"};

static void lab_of_file(const char *shape, struct lab *ret)
{
    struct buf text SCOPED(buf_drop) = {0};
    char path[64];
    struct err e;

    snprintf(path, sizeof path, "scenarios/labs/%s.json", shape);
    buf_init(&text, MIB(1));
    must(file_read(path, &text, &e), &e);
    must(lab_read(path, buf_text(&text), text.len, ret, &e), &e);
}

static void each_host_has_an_address_of_the_berth(void **state)
{
    struct lab *was = calloc(2, sizeof *was), *is = was + 1;

    (void)state;
    assert_non_null(was);
    lab_of_file("nat", was);
    lab_on_loopback(was, 3, is);
    assert_text(lab_role(is, "gateway")->links[0].address, "127.67.1.2");
    assert_text(lab_role(is, "maas")->links[0].address, "127.67.1.3");
    assert_text(lab_role(is, "palette")->links[0].address, "127.67.3.10");
    assert_text(lab_role(is, "palette")->links[0].also, "127.67.3.99");
    assert_text(lab_role(is, "router")->links[1].address, "127.67.2.7");
    assert_text(is->zones[0].net, "127.67.1.0/24");
    assert_text(lab_resolve(is, "palette.example"), "127.67.3.10");
    free(was);
}

static void ports_of_the_system_are_moved_and_others_stay(void **state)
{
    struct lab *was = calloc(2, sizeof *was), *is = was + 1;

    (void)state;
    assert_non_null(was);
    lab_of_file("nat", was);
    lab_on_loopback(was, 0, is);
    assert_int_equal(lab_role(is, "palette")->listen, 8443);
    assert_int_equal(lab_role(is, "maas")->listen, 5240);
    assert_int_equal(lab_role(is, "user")->listen, 0);
    free(was);
}

static void who_reaches_whom_and_is_seen_as_whom_stays(void **state)
{
    struct lab *was = calloc(2, sizeof *was), *is = was + 1;

    (void)state;
    assert_non_null(was);
    for (size_t s = 0; s < COUNTOF(shapes); s++) {
        lab_of_file(shapes[s], was);
        assert_null(lab_loopback_lacks(was));
        lab_on_loopback(was, LAB_BERTHS - 1, is);
        assert_int_equal(is->n_reach, was->n_reach);
        for (size_t i = 0; i < was->n_reach; i++) {
            const char *before = was->reach[i].seen_as, *now = is->reach[i].seen_as;

            assert_int_equal(is->reach[i].reach, was->reach[i].reach);
            assert_int_equal(*now == '\0', *before == '\0');
            if (*now != '\0') /* still the same router's */
                assert_text(lab_host_at(is, now)->name, lab_host_at(was, before)->name);
        }
    }
    free(was);
}

static void no_two_hosts_share_an_address_and_no_server_its_relays(void **state)
{
    struct lab *was = calloc(2, sizeof *was), *is = was + 1;
    char behind[LAB_ADDRESS_MAX];

    (void)state;
    assert_non_null(was);
    for (size_t s = 0; s < COUNTOF(shapes); s++) {
        lab_of_file(shapes[s], was);
        lab_on_loopback(was, 0, is);
        for (size_t i = 0; i < is->n_hosts; i++)
            for (size_t k = 0; k < is->hosts[i].n_links; k++) {
                const char *address = is->hosts[i].links[k].address;

                assert_ptr_equal(lab_host_at(is, address), &is->hosts[i]);
                assert_true(text_begins(address, "127.64."));
                lab_behind(address, behind);
                assert_true(text_begins(behind, "127.64.1"));
                assert_null(lab_host_at(is, behind));
            }
    }
    lab_behind("127.70.3.10", behind);
    assert_text(behind, "127.70.131.10");
    free(was);
}

static void what_one_machine_cannot_be_is_said(void **state)
{
    struct lab *l = calloc(1, sizeof *l);

    (void)state;
    assert_non_null(l);
    lab_of_file("overlap", l);
    assert_text(lab_loopback_lacks(l), "two hosts of its lab have one address");
    lab_of_file("nat-short", l);
    assert_text(lab_loopback_lacks(l), "a router of its lab forgets, and there is none");
    lab_of_file("far", l);
    assert_text(lab_loopback_lacks(l),
                "a wire of its lab is slow or loses, and a relay is neither");
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(each_host_has_an_address_of_the_berth),
        test(ports_of_the_system_are_moved_and_others_stay),
        test(who_reaches_whom_and_is_seen_as_whom_stays),
        test(no_two_hosts_share_an_address_and_no_server_its_relays),
        test(what_one_machine_cannot_be_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
