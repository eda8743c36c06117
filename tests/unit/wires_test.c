#include "tests/test.h"

#include "lib/io/file.h"
#include "scenarios/engine/verbs.h"
#include "scenarios/engine/wires.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lab *nat(void)
{
    struct lab *l = calloc(1, sizeof(*l));
    struct buf b;
    struct err e;
    assert_non_null(l);
    buf_init(&b, KIB(256));
    must(file_read("scenarios/labs/nat.json", &b, &e), &e);
    must(lab_read("nat.json", buf_text(&b), b.len, l, &e), &e);
    buf_drop(&b);
    return l;
}

static bool act(struct wires *w, const char *text)
{
    char story[512];
    struct script *s = calloc(1, sizeof(*s));
    struct err e;
    assert_non_null(s);
    snprintf(story, sizeof(story),
             "scenario \"x\"\nstages sim\nsite shape nat\nat 0s %s\n"
             "by 1m gateway is Running [REG-1]\nrun 1h\n",
             text);
    must(script_read("x.scn", story, NULL, s, &e), &e);
    bool done = wires_act(w, &s->lines[1]);
    free(s);
    return done;
}

static enum wire_fate fate(const struct wires *w, const struct lab *l, const char *from,
                           const char *to)
{
    return wires_fate(w, lab_role(l, from), lab_role(l, to));
}

static void a_cut_stops_both_ways_until_it_is_mended(void **state)
{
    struct lab *l = nat();
    struct wires w = {0};
    (void)state;
    assert_true(act(&w, "wire gateway - palette cut silently"));
    assert_int_equal(fate(&w, l, "gateway", "palette"), WIRE_SILENT);
    assert_int_equal(fate(&w, l, "palette", "gateway"), WIRE_SILENT);
    assert_int_equal(fate(&w, l, "gateway", "maas"), WIRE_OPEN);
    assert_int_equal(fate(&w, l, "node", "palette"), WIRE_OPEN);
    assert_true(act(&w, "wire gateway - palette mended"));
    assert_int_equal(fate(&w, l, "gateway", "palette"), WIRE_OPEN);
    assert_int_equal(w.n, 0);
    free(l);
}

static void a_one_way_cut_lets_the_other_way_pass(void **state)
{
    struct lab *l = nat();
    struct wires w = {0};
    (void)state;
    assert_true(act(&w, "wire maas>gateway cut one way"));
    assert_int_equal(fate(&w, l, "maas", "gateway"), WIRE_SILENT);
    assert_int_equal(fate(&w, l, "gateway", "maas"), WIRE_OPEN);
    assert_false(act(&w, "wire gateway>maas mended"));
    assert_true(act(&w, "wire maas>gateway mended"));
    assert_int_equal(w.n, 0);
    free(l);
}

/* A zone is an end, too: everybody in it. */
static void a_cut_between_zones_concerns_all_in_them(void **state)
{
    struct lab *l = nat();
    struct wires w = {0};
    (void)state;
    assert_true(act(&w, "wire private - internet cut"));
    assert_int_equal(fate(&w, l, "node", "palette"), WIRE_RESETS);
    assert_int_equal(fate(&w, l, "gateway", "palette"), WIRE_RESETS);
    assert_int_equal(fate(&w, l, "gateway", "maas"), WIRE_OPEN);
    assert_true(act(&w, "wire gateway-palette cut silently")); /* the stronger one wins */
    assert_int_equal(fate(&w, l, "gateway", "palette"), WIRE_SILENT);
    free(l);
}

/* An act that changed nothing must not count as done: a story would prove nothing. */
static void a_cut_that_is_there_and_a_mend_of_nothing_are_not_done(void **state)
{
    struct wires w = {0};
    (void)state;
    assert_false(act(&w, "wire gateway - palette mended"));
    assert_true(act(&w, "wire gateway-palette cut silently"));
    assert_false(act(&w, "wire gateway - palette cut"));
    assert_int_equal(w.n, 2);
}

static char *rules(const struct wires *w, const struct lab *l, const char *role)
{
    struct buf b;
    buf_init(&b, KIB(16));
    (void)wires_rules(w, l, lab_role(l, role), &b);
    return buf_steal(&b);
}

static void assert_rule(const struct wires *w, const struct lab *l, const char *role,
                        const char *text, bool there)
{
    char *r = rules(w, l, role);
    if ((strstr(r, text) != NULL) != there)
        fail_msg("%s: '%s' in\n%s", role, text, r);
    free(r);
}

/* Before the site's own rules, without a look at what is established: an open flow is cut, too. */
static void rules_stand_in_routers_and_at_the_receiver(void **state)
{
    static const char there[] =
        "ip saddr { 10.10.0.2 } ip daddr { 203.0.113.10, 203.0.113.99 } drop";
    struct lab *l = nat();
    struct wires w = {0};
    (void)state;
    assert_true(act(&w, "wire gateway>palette cut one way"));
    assert_rule(&w, l, "router", "hook forward priority -10", true);
    assert_rule(&w, l, "router", there, true);
    assert_rule(&w, l, "palette", there, true);
    assert_rule(&w, l, "palette", "forward", false);
    assert_rule(&w, l, "router", "established", false);
    assert_rule(&w, l, "gateway", "chain", false); /* a try is seen on the sender's own link */
    assert_true(act(&w, "wire gateway>palette mended"));
    assert_rule(&w, l, "router", "delete table inet wires", true);
    assert_rule(&w, l, "router", "chain", false);
    free(l);
}

static void a_cut_that_resets_says_so_to_tcp_and_drops_the_rest(void **state)
{
    struct lab *l = nat();
    struct wires w = {0};
    (void)state;
    assert_true(act(&w, "wire private - palette cut"));
    assert_rule(&w, l, "router",
                "ip saddr { 10.10.0.0/24 } ip daddr { 203.0.113.10, 203.0.113.99 } "
                "meta l4proto tcp reject with tcp reset",
                true);
    assert_rule(&w, l, "router", "ip daddr { 10.10.0.0/24 } drop", true);
    free(l);
}

/* Else the kernel's own clock decides which packet gets through first after mending. */
static void a_flow_that_lost_a_packet_is_lost_for_good_where_time_is_stepped(void **state)
{
    struct lab *l = nat();
    struct wires w = {.for_good = true};
    (void)state;
    assert_true(act(&w, "wire gateway>palette cut one way"));
    assert_rule(&w, l, "router", "update @lost {", true);
    assert_rule(&w, l, "router", "@lost drop", true);
    assert_true(act(&w, "wire gateway>palette mended"));
    assert_rule(&w, l, "router", "update @lost {", false);
    assert_rule(&w, l, "router", "@lost drop", true);
    assert_rule(&w, l, "router", "delete table", false);
    free(l);
}

static void odd_pairs_are_refused(void **state)
{
    static const char *const odd[] = {"",         "-",          "gateway",          "gateway-",
                                      "-palette", ">palette",   "gateway>>palette", "gateway-moon",
                                      "a-b",      "gateway->x", "gateway-palette-", "gateway=maas"};
    struct verb_wire p;
    (void)state;
    for (size_t i = 0; i < COUNTOF(odd); i++)
        assert_false(verb_wire(odd[i], &p));
    assert_true(verb_wire("private>internet", &p));
    assert_false(p.both);
    assert_text(p.to, "internet");
    assert_false(verb_wire_of_act("wire", &p));
    assert_false(verb_wire_of_act("user lists gateways", &p));
}

/* A cluster's wires are those of its machines, also of one that joins it while they are cut. */
static void a_cluster_is_cut_off_with_all_its_machines(void **state)
{
    struct lab *l = nat();
    const struct lab_host *m1 = lab_role(l, "node"), *m2 = m1 + 1,
                          *palette = lab_role(l, "palette");
    struct wires w = {0};
    struct buf rules;
    (void)state;
    assert_false(act(&w, "wire c1 - palette cut silently")); /* it has no machine */
    assert_false(wires_joins(&w, m1->name, "c1"));
    assert_true(act(&w, "wire c1 - palette cut silently"));
    assert_int_equal(wires_fate(&w, m1, palette), WIRE_SILENT);
    assert_int_equal(wires_fate(&w, palette, m1), WIRE_SILENT);
    assert_int_equal(wires_fate(&w, m2, palette), WIRE_OPEN);
    assert_true(wires_joins(&w, m2->name, "c1"));
    assert_int_equal(wires_fate(&w, m2, palette), WIRE_SILENT);
    buf_init(&rules, KIB(16));
    assert_true(wires_rules(&w, l, lab_host_at(l, "10.10.0.1"), &rules));
    assert_non_null(strstr(buf_text(&rules), "ip saddr { 10.10.0.101, 10.10.0.102 }"));
    buf_clear(&rules);
    assert_true(wires_joins(&w, m1->name, "c2"));
    assert_true(wires_joins(&w, m2->name, "c2")); /* nobody is left, and no rule is empty */
    wires_rules(&w, l, lab_host_at(l, "10.10.0.1"), &rules);
    assert_null(strstr(buf_text(&rules), "saddr"));
    assert_int_equal(wires_fate(&w, m2, palette), WIRE_OPEN);
    buf_drop(&rules);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_cut_stops_both_ways_until_it_is_mended),
        test(a_one_way_cut_lets_the_other_way_pass),
        test(a_cut_between_zones_concerns_all_in_them),
        test(a_cut_that_is_there_and_a_mend_of_nothing_are_not_done),
        test(rules_stand_in_routers_and_at_the_receiver),
        test(a_cut_that_resets_says_so_to_tcp_and_drops_the_rest),
        test(a_flow_that_lost_a_packet_is_lost_for_good_where_time_is_stepped),
        test(a_cluster_is_cut_off_with_all_its_machines),
        test(odd_pairs_are_refused),
    };
    return run_tests(tests);
}
