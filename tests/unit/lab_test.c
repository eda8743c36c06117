#include "tests/test.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "scenarios/engine/lab.h"
#include "scenarios/engine/lab_ways.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL                                                                                      \
    "{\"name\":\"small\",\"zones\":[{\"name\":\"private\",\"net\":\"10.0.0.0/24\","                \
    "\"private\":true},{\"name\":\"internet\",\"net\":\"203.0.113.0/24\"}],"                       \
    "\"hosts\":[{\"name\":\"gw1\",\"role\":\"gateway\","                                           \
    "\"links\":[{\"zone\":\"private\",\"address\":\"10.0.0.2\"}],\"gateway\":\"10.0.0.1\"},"       \
    "{\"name\":\"r\",\"role\":\"router\",\"forward\":true,"                                        \
    "\"links\":[{\"zone\":\"private\",\"address\":\"10.0.0.1\"},"                                  \
    "{\"zone\":\"internet\",\"address\":\"203.0.113.1\"}],"                                        \
    "\"nft\":[\"table inet t {\",\"}\"]},"                                                         \
    "{\"name\":\"p\",\"role\":\"palette\","                                                        \
    "\"links\":[{\"zone\":\"internet\",\"address\":\"203.0.113.10\"}],"                            \
    "\"routes\":[{\"net\":\"10.0.0.0/24\",\"via\":\"203.0.113.1\"}]}],"                            \
    "\"reach\":[{\"from\":\"gateway\",\"to\":\"palette\",\"reach\":\"nat\","                       \
    "\"seen_as\":\"203.0.113.1\"},{\"from\":\"palette\",\"to\":\"gateway\",\"reach\":\"drop\"}],"  \
    "\"names\":[{\"name\":\"palette.example\",\"address\":\"203.0.113.10\"}]}"

static void a_lab_answers_who_and_how(void **state)
{
    const char *seen_as;
    struct err e;
    struct lab *l = calloc(1, sizeof *l);

    (void)state;
    must(lab_read("small.json", SMALL, strlen(SMALL), l, &e), &e);
    assert_text(lab_role(l, "gateway")->name, "gw1");
    assert_null(lab_role(l, "node"));
    assert_text(lab_host_at(l, "203.0.113.1")->name, "r");
    assert_null(lab_host_at(l, "203.0.113.2"));
    assert_text(lab_zone_of(l, "10.0.0.77")->name, "private");
    assert_null(lab_zone_of(l, "10.0.1.1"));
    assert_null(lab_zone_of(l, "no address"));
    assert_text(lab_resolve(l, "PALETTE.example"), "203.0.113.10");
    assert_null(lab_resolve(l, "maas.site"));
    assert_int_equal(lab_reaches(l, "gateway", "palette", &seen_as), REACH_NAT);
    assert_text(seen_as, "203.0.113.1");
    assert_int_equal(lab_reaches(l, "palette", "gateway", NULL), REACH_DROP);
    assert_int_equal(lab_reaches(l, "gateway", "router", NULL), REACH_OPEN);
    assert_int_equal(lab_reaches(l, "gateway", "node", &seen_as), REACH_REFUSED);
    assert_int_equal(lab_role(l, "palette")->listen, 443);
    assert_text(lab_role(l, "router")->nft, "table inet t {\n}\n");
    assert_true(l->zones[0].is_private && !l->zones[1].is_private);
    free(l);
}

/* One change to the good lab, and the sentence it must bring. */
static const struct bad {
    const char *was, *becomes, *sentence;
} bad[] = {
    {"\"private\",\"address\":\"10.0.0.2\"", "\"privat\",\"address\":\"10.0.0.2\"",
     "small.json: hosts[0].links[0].zone: no zone 'privat'; did you mean 'private'?"},
    {"\"zone\":\"private\",\"address\":\"10.0.0.2\"", "\"zone\":\"moon\",\"address\":\"10.0.0.2\"",
     "small.json: hosts[0].links[0].zone: no zone 'moon'; add it to zones"},
    {"\"10.0.0.2\"", "\"10.0.1.2\"",
     "small.json: hosts[0].links[0].address: '10.0.1.2' is not in 10.0.0.0/24; give one of that net"},
    {"\"10.0.0.2\"", "\"10.0.0.02x\"",
     "small.json: hosts[0].links[0].address: '10.0.0.02x' is not in 10.0.0.0/24; give one of that "
     "net"},
    {"\"address\":\"10.0.0.1\"", "\"address\":\"10.0.0.2\"",
     "small.json: hosts[0].gateway: '10.0.0.1' is no neighbour; give the address of a host in the "
     "same zone"},
    {"\"address\":\"203.0.113.10\"}],\"routes\"", "\"address\":\"203.0.113.1\"}],\"routes\"",
     "small.json: hosts[2].links[0].address: '203.0.113.1' belongs to host r; give another"},
    {"\"net\":\"203.0.113.0/24\"", "\"net\":\"10.0.0.0/16\"",
     "small.json: zones[1].net: '10.0.0.0/16' overlaps zone private; give another, or say "
     "\"overlaps\": \"private\" if both shall have the same addresses"},
    {"\"net\":\"203.0.113.0/24\"", "\"overlaps\":\"privat\",\"net\":\"203.0.113.0/24\"",
     "small.json: zones[1].overlaps: no zone 'privat' stands before; name one"},
    {"\"net\":\"203.0.113.0/24\"", "\"overlaps\":\"private\",\"net\":\"10.0.0.0/25\"",
     "small.json: zones[1].overlaps: zone private has the net 10.0.0.0/24, not 10.0.0.0/25; give "
     "both the same, or a net apart and no \"overlaps\""},
    {"\"net\":\"203.0.113.0/24\"", "\"overlaps\":\"private\",\"net\":\"203.0.113.0/24\"",
     "small.json: zones[1].overlaps: zone private has the net 10.0.0.0/24, not 203.0.113.0/24; give "
     "both the same, or a net apart and no \"overlaps\""},
    {"\"203.0.113.1\"}]", "\"203.0.113.1\",\"also\":\"203.0.113.10\"}]",
     "small.json: hosts[2].links[0].address: '203.0.113.10' belongs to host r; give another"},
    {"\"203.0.113.10\"}]", "\"203.0.113.10\",\"also\":\"203.0.113.1\"}]",
     "small.json: hosts[2].links[0].also: '203.0.113.1' belongs to host r; give another"},
    {"\"203.0.113.1\"}]", "\"203.0.113.1\",\"also\":\"203.0.113.1\"}]",
     "small.json: hosts[1].links[1].also: '203.0.113.1' is its address already; give another"},
    {"\"203.0.113.1\"}]", "\"203.0.113.1\"},{\"zone\":\"internet\",\"address\":\"203.0.113.1\"}]",
     "small.json: hosts[1].links[2].address: '203.0.113.1' belongs to host r; give another"},
    {"\"10.0.0.2\"", "\"10.0.0.255\"",
     "small.json: hosts[0].links[0].address: '10.0.0.255' is the broadcast address of 10.0.0.0/24; "
     "give another"},
    {"\"10.0.0.2\"", "\"10.0.0.0\"",
     "small.json: hosts[0].links[0].address: '10.0.0.0' is the network address of 10.0.0.0/24; give "
     "another"},
    {"\"10.0.0.2\"", "\"10.0.0.2\",\"also\":\"10.0.0.255\"",
     "small.json: hosts[0].links[0].also: '10.0.0.255' is the broadcast address of 10.0.0.0/24; give "
     "another"},
    {"\"10.0.0.2\"", "\"10.0.0.02\"",
     "small.json: hosts[0].links[0].address: '10.0.0.02' is not in 10.0.0.0/24; give one of that "
     "net"},
    {"\"role\":\"gateway\"", "\"role\":\"gatway\"",
     "small.json: hosts[0].role: 'gatway' is no role; did you mean 'gateway'?"},
    {"\"from\":\"gateway\"", "\"from\":\"gatewau\"",
     "small.json: reach[0].from: no host has the role 'gatewau'; did you mean 'gateway'?"},
    {"\"via\":\"203.0.113.1\"", "\"via\":\"10.0.0.1\"",
     "small.json: hosts[2].routes[0].via: '10.0.0.1' is no neighbour; give the address of a host in "
     "the same zone"},
    {"\"routes\":[{\"net\":\"10.0.0.0/24\"", "\"routes\":[{\"net\":\"10.0.0.1/24\"",
     "small.json: hosts[2].routes[0].net: '10.0.0.1/24' is no net; write one such as 10.10.0.0/24"},
    {"\"net\":\"10.0.0.0/24\",\"private\"", "\"net\":\"10.0.0.0/33\",\"private\"",
     "small.json: zones[0].net: '10.0.0.0/33' is no net; write one such as 10.10.0.0/24"},
    {"\"name\":\"internet\"", "\"name\":\"private\"",
     "small.json: zones[1].name: 'private' is empty or taken; give another"},
    {"\"name\":\"r\"", "\"name\":\"gw1\"",
     "small.json: hosts[1].name: 'gw1' is taken; give another"},
    {"\"reach\":\"drop\"", "\"reach\":\"dropp\"",
     "small.json: reach[1].reach: no way is called 'dropp'; did you mean 'drop'?"},
    {"\"from\":\"palette\",\"to\":\"gateway\"", "\"from\":\"palette\",\"to\":\"maas\"",
     "small.json: reach[1].to: no host has the role 'maas'; name one that is neither router, "
     "canary nor decoy"},
    {"\"from\":\"palette\",\"to\":\"gateway\"", "\"from\":\"gateway\",\"to\":\"palette\"",
     "small.json: reach[1]: gateway to palette is said twice or leads nowhere; remove the row"},
    {",{\"from\":\"palette\",\"to\":\"gateway\",\"reach\":\"drop\"}", "",
     "small.json: reach: no row from palette to gateway; add one"},
    {"\"from\":\"palette\",\"to\":\"gateway\"", "\"from\":\"palette\",\"to\":\"palette\"",
     "small.json: reach[1]: leads nowhere; remove the row"},
    {"\"seen_as\":\"203.0.113.1\"", "\"seen_as\":\"203.0.113.9\"",
     "small.json: reach[0].seen_as: '203.0.113.9' is nobody's address; give a router's"},
    {"\"palette.example\",\"address\":\"203.0.113.10\"",
     "\"palette.example\",\"address\":\"203.0.113.9\"",
     "small.json: names[0].address: '203.0.113.9' is nobody's address; give a host's"},
    {"\"forward\"", "\"foward\"",
     "small.json: hosts[1]: unknown field 'foward'; did you mean 'forward'?"},
};

static void replaced(struct buf *out, const char *was, const char *becomes)
{
    const char *at = strstr(SMALL, was);

    assert_non_null(at);
    buf_add(out, SMALL, (size_t)(at - SMALL));
    buf_text_add(out, becomes);
    buf_text_add(out, at + strlen(was));
}

static void every_mistake_gets_place_and_remedy(void **state)
{
    struct lab *l = calloc(1, sizeof *l);
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++) {
        struct err e = {0};
        struct buf text;
        buf_init(&text, KIB(8));
        replaced(&text, bad[i].was, bad[i].becomes);
        l->n_hosts = 4711;
        must_fail(lab_read("small.json", buf_text(&text), text.len, l, &e), &e, -EINVAL,
                  bad[i].sentence);
        assert_int_equal(l->n_hosts, 4711);
        buf_drop(&text);
    }
    free(l);
}

static void lab_of_file(const char *path, struct lab *l)
{
    char *text = calloc(1, KIB(64));
    FILE *file = fopen(path, "rb");
    struct err e;
    size_t len;

    assert_true(file && text);
    len = fread(text, 1, KIB(64), file);
    fclose(file);
    must(lab_read(path, text, len, l, &e), &e);
    free(text);
}

/* What the stories rely on: behind NAT nothing gets in, and everybody inside is seen as one. */
static void in_shape_nat_nothing_gets_in(void **state)
{
    static const char *const inside[] = {"gateway", "maas", "dns"};
    static const char *const outside[] = {"palette", "proxy", "stranger", "user"};
    struct lab *l = calloc(1, sizeof *l);
    const char *seen_as;
    size_t i, k;

    (void)state;
    lab_of_file("scenarios/labs/nat.json", l);
    for (i = 0; i < COUNTOF(inside); i++)
        for (k = 0; k < COUNTOF(outside); k++) {
            assert_int_equal(lab_reaches(l, outside[k], inside[i], NULL), REACH_DROP);
            assert_int_equal(lab_reaches(l, inside[i], outside[k], &seen_as), REACH_NAT);
            assert_text(seen_as, "198.51.100.7");
        }
    assert_non_null(strstr(lab_host_at(l, "10.10.0.1")->nft, "masquerade"));
    assert_text(lab_resolve(l, "palette.example"), lab_role(l, "palette")->links[0].address);
    free(l);
}

static void in_shape_direct_everything_is_open(void **state)
{
    struct lab *l = calloc(1, sizeof *l);
    size_t i;

    (void)state;
    lab_of_file("scenarios/labs/direct.json", l);
    assert_int_equal(l->n_reach, 56);
    for (i = 0; i < l->n_reach; i++)
        assert_true(l->reach[i].reach == REACH_OPEN && l->reach[i].seen_as[0] == '\0');
    for (i = 0; i < l->n_hosts; i++)
        assert_text(l->hosts[i].nft, "");
    free(l);
}

static const char *const shapes[] = {"direct",     "nat",          "nat-short",    "firewall",
                                     "double-nat", "overlap",      "proxy-only",   "proxy-auth",
                                     "proxy-bump", "proxy-inside", "hosted-proxy", "two-exits",
                                     "two-sites",  "far"};

/* Routes and rules say of every pair what the table says: the shapes hold together as files, before
 * any kernel is asked. */
static void every_shape_leads_where_its_table_says(void **state)
{
    struct lab *l = calloc(1, sizeof *l);

    (void)state;
    for (size_t s = 0; s < COUNTOF(shapes); s++) {
        char path[64];

        snprintf(path, sizeof path, "scenarios/labs/%s.json", shapes[s]);
        lab_of_file(path, l);
        assert_text(l->name, shapes[s]);
        for (size_t i = 0; i < l->n_reach; i++) {
            const struct lab_host *to = lab_role(l, l->reach[i].to);
            struct lab_way w;

            lab_way(l, lab_role(l, l->reach[i].from), to, to->listen != 0 ? to->listen : 7777, &w);
            if (w.reach != l->reach[i].reach)
                fail_msg("%s: %s to %s leads to %s", path, l->reach[i].from, l->reach[i].to,
                         reach_name(w.reach));
            if (w.reach == REACH_NAT)
                assert_text(w.hops[w.n - 1].source, l->reach[i].seen_as);
        }
    }
    free(l);
}

/* Two translations in a row: each link shows another source. */
static void behind_two_nats_each_link_sees_another_source(void **state)
{
    struct lab *l = calloc(1, sizeof *l);
    struct lab_way w;

    (void)state;
    lab_of_file("scenarios/labs/double-nat.json", l);
    lab_way(l, lab_role(l, "gateway"), lab_role(l, "palette"), 443, &w);
    assert_int_equal(w.n, 4);
    assert_text(w.hops[0].source, "10.10.0.2");
    assert_text(w.hops[1].source, "100.64.0.2");
    assert_text(w.hops[2].source, "198.51.100.7");
    assert_text(w.hops[3].source, "198.51.100.7");
    assert_ptr_equal(w.end, lab_role(l, "palette"));
    lab_way(l, lab_role(l, "palette"), lab_role(l, "maas"), 5240, &w);
    assert_int_equal(w.reach, REACH_REFUSED);
    assert_int_equal(w.n, 1); /* seen where it was sent, and no further */
    assert_null(w.end);
    free(l);
}

/* The same address, inside and at Palette's side: whom it means is a matter of the link. */
static void an_address_that_two_have_means_whom_the_link_leads_to(void **state)
{
    struct lab *l = calloc(1, sizeof *l);
    const struct lab_zone *z;
    struct lab_way w;

    (void)state;
    lab_of_file("scenarios/labs/overlap.json", l);
    assert_text(lab_host_at(l, "10.10.0.3")->role, "maas");
    assert_text(lab_host_on(l, "private", "10.10.0.3", &z)->role, "maas");
    assert_text(z->name, "private");
    assert_text(lab_host_on(l, "internet", "10.10.0.3", &z)->name, "decoy-maas");
    assert_text(z->name, "palette-side");
    assert_text(lab_host_on(l, "transit", "10.10.0.3", NULL)->name, "decoy-maas");
    assert_text(lab_host_on(l, "palette-side", "10.10.0.101", NULL)->name, "decoy-node");
    assert_text(lab_host_on(l, "internet", "203.0.113.10", &z)->role, "palette");
    assert_text(z->name, "internet");
    assert_null(lab_host_on(l, "internet", "192.0.2.1", &z));
    assert_null(z);
    lab_way(l, lab_role(l, "palette"), lab_role(l, "maas"), 5240, &w);
    assert_int_equal(w.reach, REACH_DECOY);
    assert_text(w.end->name, "decoy-maas");
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_lab_answers_who_and_how),
        test(every_mistake_gets_place_and_remedy),
        test(in_shape_nat_nothing_gets_in),
        test(in_shape_direct_everything_is_open),
        test(every_shape_leads_where_its_table_says),
        test(behind_two_nats_each_link_sees_another_source),
        test(an_address_that_two_have_means_whom_the_link_leads_to),
    };

    return run_tests(tests);
}
