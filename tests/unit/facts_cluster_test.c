/* Facts of clusters, machines and order, each by the records that make and break it. */
#include "tests/unit/line_play.h"

#include <stdio.h>
#include <string.h>

#define CLUSTER(r, t, c, state, before, health)                                                    \
    play_put(r, EVS_PALETTE, t, EV_PAL_CLUSTER,                                                    \
             "cluster=" c " uid=65f0" c " marker=k-" c " state=" state " before=" before           \
             " health=" health)
#define STATE(r, t, m, state, before, owner, marker)                                               \
    play_put(r, EVS_MAAS, t, EV_MAAS_STATE,                                                        \
             "machine=" m " uid=s-" m " state=" state " before=" before " owner=" owner            \
             " marker=" marker " why=x")
#define CALL(r, t, peer, op, m)                                                                    \
    play_put(r, EVS_MAAS, t, EV_MAAS_CALL,                                                         \
             "conn=1 peer=" peer " op=machines." op " method=POST status=200 who=gwuser uid=s-" m)

static void hosts(struct play *r)
{
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=gw1 who=gateway link=private ip=10.10.0.2");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=m1 who=node link=private ip=10.10.0.101");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=m2 who=node link=private ip=10.10.0.102");
}

/* The gateway takes m1 for c1. */
static void take(struct play *r)
{
    hosts(r);
    STATE(r, 1, "m1", "Ready", "_", "_", "_");
    STATE(r, 1, "m2", "Ready", "_", "_", "_");
    CLUSTER(r, 2, "c1", "Pending", "_", "_");
    STATE(r, 3, "m1", "Allocated", "Ready", "gwuser", "k-c1");
    CALL(r, 3, "10.10.0.2", "allocate", "m1");
}

static void a_cluster_is_what_palette_shows(void **state)
{
    struct play *r =
        play_new("by 1m cluster c1 is Running\nend cluster c1 was never Unhealthy\n"
                 "end cluster c1 was never Pending\nend cluster c2 was never Unhealthy\n");

    (void)state;
    CLUSTER(r, 1, "c1", "Pending", "_", "_");
    assert_seen(r, 0, "c1 is Pending ");
    CLUSTER(r, 2, "c1", "Running", "Pending", "Healthy");
    assert_line(r, 0, LINE_TRUE);
    CLUSTER(r, 3, "c1", "Running", "Running", "Unhealthy");
    CLUSTER(r, 4, "c1", "Running", "Running", "Healthy");
    lines_end(r->lines);
    assert_line(r, 1, LINE_FALSE);
    assert_line(r, 2, LINE_TRUE);  /* before it ran does not count */
    assert_line(r, 3, LINE_FALSE); /* a cluster that never was proves nothing */
    assert_seen(r, 3, "c2 never ran");
    play_free(r);
}

static void nodes_are_those_that_the_agent_has_seen(void **state)
{
    struct play *r = play_new("end cluster c1 has 1 nodes\nby 1m cluster c1 has 2 nodes\n");

    (void)state;
    CLUSTER(r, 1, "c1", "Running", "_", "_");
    play_put(r, EVS_PALETTE, 2, EV_PAL_NODE, "cluster=c1 machine=s-m1 kind=made");
    play_put(r, EVS_PALETTE, 2, EV_PAL_NODE, "cluster=c1 machine=s-m2 kind=made");
    play_put(r, EVS_PALETTE, 3, EV_PAL_NODE, "cluster=c1 machine=s-m1 kind=seen");
    assert_line(r, 1, LINE_OPEN);
    play_put(r, EVS_PALETTE, 4, EV_PAL_NODE, "cluster=c1 machine=s-m2 kind=seen");
    assert_line(r, 1, LINE_TRUE);
    play_put(r, EVS_PALETTE, 5, EV_PAL_NODE, "cluster=c1 machine=s-m2 kind=deleted");
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    play_free(r);
}

/* In one piece: two short stays are no long one, and one that lasts to the end counts. */
static void a_machine_was_in_a_status_for_so_long(void **state)
{
    struct play *r = play_new("end machine m1 was Releasing for 4ms\n"
                              "end machine m1 was Releasing for 5ms\n"
                              "end machine m2 was Releasing for 5ms\n"
                              "end machine m2 was Disk-erasing for 1ms\n");

    (void)state;
    STATE(r, 1, "m1", "Releasing", "Deployed", "gwuser", "_");
    STATE(r, 5, "m1", "Ready", "Releasing", "_", "_");
    STATE(r, 6, "m1", "Releasing", "Deployed", "gwuser", "_");
    STATE(r, 8, "m1", "Ready", "Releasing", "_", "_");
    STATE(r, 9, "m2", "Releasing", "Deployed", "gwuser", "_");
    lines_time(r->lines, 20);
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_FALSE);
    assert_seen(r, 1, "m1 was Releasing for 4ms at most");
    assert_line(r, 2, LINE_TRUE);
    assert_line(r, 3, LINE_FALSE);
    play_free(r);
}

static void machines_are_held_by_the_ledger(void **state)
{
    struct play *r = play_new(
        "by 1m cluster c1 holds 1 machines\nby 1m machines held are 1\nby 1m machine m1 owner is c1\n"
        "by 1m machine m1 owner is cluster\nby 1m machine m1 is Failed deployment\n"
        "end machines held are 0\nend machine m1 owner is nobody\nend machine m2 owner is bob\n"
        "end ledger balances\n");

    (void)state;
    take(r);
    for (size_t i = 0; i < 4; i++)
        assert_line(r, i, LINE_TRUE);
    assert_seen(r, 6, "m1 is Allocated, owner gwuser, for c1");
    STATE(r, 4, "m1", "Failed_deployment", "Allocated", "gwuser", "k-c1");
    assert_line(r, 4, LINE_OPEN); /* these test records cannot hold a blank */
    STATE(r, 5, "m1", "Ready", "Releasing", "_", "_");
    STATE(r, 6, "m2", "Allocated", "Ready", "bob", "_"); /* another's: not the gateway's keys */
    lines_end(r->lines);
    for (size_t i = 5; i < 9; i++)
        assert_line(r, i, LINE_TRUE);
    play_free(r);
}

static void a_ledger_does_not_balance_when_something_is_left_over(void **state)
{
    struct play *r = play_new("end ledger balances\n");

    (void)state;
    take(r);
    CLUSTER(r, 4, "c1", "Deleted", "Deleting", "_");
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "m1 is held for c1, which is Deleted");
    play_free(r);
}

static void a_machine_never_has_two_owners(void **state)
{
    struct play *r = play_new("end ledger balances\n");

    (void)state;
    take(r);
    CLUSTER(r, 4, "c2", "Pending", "_", "_");
    STATE(r, 5, "m1", "Deploying", "Allocated", "gwuser", "k-c2");
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "m1 was c1's and became c2's at once");
    play_free(r);
}

static void calls_are_for_a_cluster_by_mark_or_machine_and_from_it_by_address(void **state)
{
    struct play *r = play_new(
        "end maas took 1 allocate for c1 from gateway\nend maas took 2 change for c1 from c1\n"
        "never maas took allocate for c2 from gateway\nend maas took 3 change from any\n"
        "never maas took deploy\nend maas took 2 change from c1\nend maas took no change from c2\n");

    (void)state;
    take(r);
    CALL(r, 4, "10.10.0.101", "annotate", "m1");
    play_put(r, EVS_MAAS, 5, EV_MAAS_CALL,
             "conn=1 peer=10.10.0.101 op=machines.allocate method=POST status=200 marker=k-c1");
    assert_true(play_is_over(r, "decided"));
    CALL(r, 6, "10.10.0.102", "deploy", "m2");
    assert_line(r, 4, LINE_FALSE);
    assert_line(r, 2, LINE_OPEN);
    play_free(r);
}

static void a_cluster_answers_as_long_as_every_dial_is_answered(void **state)
{
    struct play *r = play_new("always cluster c1 answers\nalways cluster c2 answers\n");

    (void)state;
    play_put(r, EVS_AGENT, 1, EV_NODE_DIAL,
             "machine=m2 to=c1 answer=refused"); /* not yet Running */
    CLUSTER(r, 2, "c1", "Running", "_", "_");
    CLUSTER(r, 2, "c2", "Running", "_", "_");
    play_put(r, EVS_AGENT, 3, EV_NODE_DIAL, "machine=m2 to=c1 answer=open");
    play_put(r, EVS_AGENT, 3, EV_NODE_DIAL, "machine=m2 to=c2 answer=open");
    play_put(r, EVS_AGENT, 4, EV_NODE_DIAL, "machine=m2 to=c1 answer=drop");
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "1 of 2 dials were not answered");
    lines_end(r->lines);
    assert_line(r, 1, LINE_TRUE);
    play_free(r);
}

static void beats_count_while_the_cluster_runs(void **state)
{
    struct play *r = play_new("always beats of c1 leave no gap over 3m\n"
                              "always beats of c2 leave no gap over 3m\n");

    (void)state;
    CLUSTER(r, 0, "c1", "Pending", "_", "_");
    CLUSTER(r, MINUTES(9), "c1", "Running", "Pending", "_");
    CLUSTER(r, MINUTES(9), "c2", "Running", "_", "_");
    play_put(r, EVS_PALETTE, MINUTES(12), EV_PAL_BEAT, "cluster=c1 peer=1 key_id=a who=agent");
    play_put(r, EVS_PALETTE, MINUTES(12), EV_PAL_BEAT, "cluster=c2 peer=1 key_id=b who=agent");
    CLUSTER(r, MINUTES(13), "c2", "Deleting", "Running", "_");
    lines_time(r->lines, MINUTES(15));
    assert_line(r, 0, LINE_OPEN); /* three minutes to the instant */
    lines_time(r->lines, MINUTES(15) + 1);
    assert_line(r, 0, LINE_FALSE);
    lines_end(r->lines);
    assert_line(r, 1, LINE_TRUE);
    play_free(r);
}

static void labels_are_those_the_agent_applied(void **state)
{
    struct play *r =
        play_new("by 1h cluster c1 label tier is gold\nend cluster c1 label tier is iron\n"
                 "end cluster c1 label team is a\n");

    (void)state;
#define REPORT(t, label)                                                                           \
    play_put(r, EVS_PALETTE, t, EV_PAL_REPORT,                                                     \
             "cluster=c1 peer=1 who=agent condition=LabelsApplied state=True label=" label)
    CLUSTER(r, 0, "c1", "Running", "_", "_");
    REPORT(1, "team=a");
    assert_line(r, 0, LINE_OPEN);
    REPORT(2, "tier=gold");
    assert_line(r, 0, LINE_TRUE);
    REPORT(3, "tier=iron");
    lines_end(r->lines);
    assert_line(r, 1, LINE_TRUE);
    assert_line(r, 2, LINE_TRUE);
    play_free(r);
}

static void a_record_that_holds_the_gateways_address_is_seen(void **state)
{
    struct play *r = play_new("never record of c1 holds address of gateway\n"
                              "end record of c1 holds address of c1\n");

    (void)state;
    take(r);
    play_put(r, EVS_MAAS, 4, EV_MAAS_RECORD, "name=c1-65f0c1.maas answer=10.10.0.101 kind=made");
    play_put(r, EVS_MAAS, 5, EV_MAAS_RECORD, "name=c1-other.maas answer=10.10.0.2 kind=made");
    assert_line(r, 0, LINE_OPEN); /* not this cluster's record */
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_MAAS, 6, EV_MAAS_RECORD, "name=c1-65f0c1.maas answer=10.10.0.2 kind=changed");
    assert_line(r, 0, LINE_FALSE);
    play_free(r);
}

static void order_is_by_record(void **state)
{
    struct play *r = play_new("end first \"hello c1\" before first \"running c1\"\n"
                              "end every \"ready machine-of-c1\" before \"deleted c1\"\n"
                              "end first \"deleted c1\" before first \"delete c1\"\n"
                              "end every \"allocate m1\" before \"ready m1\"\n"
                              "end first \"ready m2\" before first \"hello c1\"\n");

    (void)state;
    take(r);
    play_put(r, EVS_PALETTE, 5, EV_PAL_HELLO, "cluster=c1 peer=1 key_id=a machine=s-m1 accepted=0");
    play_put(r, EVS_PALETTE, 5, EV_PAL_HELLO, "cluster=c1 peer=1 key_id=a machine=s-m1 accepted=1");
    CLUSTER(r, 5, "c1", "Running", "Pending", "_");
    CLUSTER(r, 6, "c1", "Deleting", "Running", "_");
    STATE(r, 7, "m1", "Ready", "Releasing", "_", "_");
    STATE(r, 7, "m2", "Ready", "Allocated", "_", "_"); /* of no cluster */
    CLUSTER(r, 8, "c1", "Deleted", "Deleting", "_");
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_TRUE);
    assert_line(r, 2, LINE_FALSE);
    assert_line(r, 3, LINE_TRUE);
    assert_line(r, 4, LINE_FALSE);
    play_free(r);
}

static void one_that_is_late_breaks_the_order_of_all(void **state)
{
    struct play *r = play_new("end every \"ready machine-of-c1\" before \"deleted c1\"\n"
                              "end every \"ready machine-of-c2\" before \"deleted c2\"\n");

    (void)state;
    take(r);
    CLUSTER(r, 6, "c1", "Deleted", "Pending", "_");
    STATE(r, 7, "m1", "Ready", "Releasing", "_", "_");
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_line(r, 1, LINE_FALSE);
    assert_seen(r, 1, "\"ready machine-of-c2\" never happened");
    play_free(r);
}

static void a_death_has_a_length_and_a_fault_fires(void **state)
{
    struct play *r = play_new("end gateway was dead for 24m\npremise fault fired\n"
                              "premise gateway was dead for 27m\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_PROG, "who=gateway kind=started");
    play_put(r, EVS_MAAS, 0, EV_FAULT, "name=allocate.1 kind=armed count=0");
    play_put(r, EVS_ENGINE, MINUTES(1), EV_PROG, "who=gateway kind=signalled signal=9");
    play_put(r, EVS_ENGINE, MINUTES(1), EV_PROG, "who=gateway kind=exited signal=9");
    play_put(r, EVS_ENGINE, MINUTES(25), EV_PROG, "who=gateway kind=started");
    assert_false(play_is_over(r, "decided"));
    play_put(r, EVS_MAAS, MINUTES(26), EV_FAULT, "name=allocate.1 kind=fired count=1");
    lines_time(r->lines, MINUTES(50));
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_TRUE);
    assert_line(r, 2, LINE_FALSE);
    play_free(r);
}

static void nodes_of_a_cluster_are_ends_of_flows(void **state)
{
    struct play *r = play_new("never flow c1 -> gateway\nend flow c1 -> palette\n");

    (void)state;
    take(r);
    play_put(r, EVS_CAPTURE, 4, EV_FLOW_TRY,
             "from=node to=palette from_ip=10.10.0.101 to_ip=1.1.1.1 link=private");
    play_put(r, EVS_CAPTURE, 5, EV_FLOW_TRY,
             "from=node to=gateway from_ip=10.10.0.102 to_ip=10.10.0.2 link=private");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_CAPTURE, 6, EV_FLOW_TRY,
             "from=node to=gateway from_ip=10.10.0.101 to_ip=10.10.0.2 link=private");
    assert_line(r, 0, LINE_FALSE);
    play_free(r);
}

static void a_wire_was_cut_when_an_act_on_it_was_done(void **state)
{
    struct play *r = play_new("end wire was cut\nend wire was cut for 10s\n"
                              "end wire was cut before \"running c1\"\n"
                              "end cluster c1 is Running\n");

    (void)state;
    play_act_of(r, 1, "wire gateway - palette cut silently", 0); /* it was cut already */
    play_act_of(r, 1, "user creates cluster cut with 1 nodes", 1);
    assert_seen(r, 0, "0 seen");
    CLUSTER(r, 2, "c1", "Running", "_", "_");
    play_act_of(r, SECONDS(1), "wire gateway>palette cut one way", 1);
    play_act_of(r, SECONDS(11) - 1, "wire gateway>palette mended", 1);
    assert_seen(r, 0, "1 seen");
    assert_seen(r, 1, "cut for 9999ms at most");
    play_act_of(r, SECONDS(20), "wire private - internet cut", 1); /* lasts to the end */
    play_put(r, EVS_ENGINE, SECONDS(30), EV_NOTE, "text=x");
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_TRUE);
    assert_line(r, 2, LINE_FALSE); /* too late */
    play_free(r);
}

static void what_comes_after_mended_counts_from_there(void **state)
{
    struct play *r = play_new("by 1m flow gateway -> palette after \"mended\"\n");

    (void)state;
    play_put(r, EVS_CAPTURE, 1, EV_FLOW_TRY, "from=gateway to=palette");
    play_act_of(r, 2, "wire gateway - palette cut", 1);
    play_put(r, EVS_CAPTURE, 3, EV_FLOW_TRY, "from=gateway to=palette");
    assert_line(r, 0, LINE_OPEN);
    play_act_of(r, 4, "wire gateway - palette mended", 1);
    assert_line(r, 0, LINE_OPEN);
    play_put(r, EVS_CAPTURE, 5, EV_FLOW_TRY, "from=gateway to=palette");
    assert_line(r, 0, LINE_TRUE);
    play_free(r);
}

/* Given back and taken again is twice, though only one is held at the end. */
static void a_machine_that_was_taken_again_was_not_allocated_once(void **state)
{
    struct play *r = play_new("end every machine of c1 was allocated once\n"
                              "end every machine of c2 was allocated once\n");

    (void)state;
    take(r);
    assert_seen(r, 0, "1 machines, each taken once");
    STATE(r, 4, "m1", "Ready", "Allocated", "_", "k-c1");
    STATE(r, 5, "m1", "Allocated", "Ready", "gwuser", "k-c1");
    CALL(r, 5, "10.10.0.2", "allocate", "m1");
    assert_seen(r, 0, "m1 was taken 2 times");
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_line(r, 1, LINE_FALSE); /* a cluster without machines proves nothing */
    play_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_cluster_is_what_palette_shows),
        test(nodes_are_those_that_the_agent_has_seen),
        test(a_machine_was_in_a_status_for_so_long),
        test(machines_are_held_by_the_ledger),
        test(a_ledger_does_not_balance_when_something_is_left_over),
        test(a_machine_never_has_two_owners),
        test(calls_are_for_a_cluster_by_mark_or_machine_and_from_it_by_address),
        test(a_cluster_answers_as_long_as_every_dial_is_answered),
        test(beats_count_while_the_cluster_runs),
        test(labels_are_those_the_agent_applied),
        test(a_record_that_holds_the_gateways_address_is_seen),
        test(order_is_by_record),
        test(one_that_is_late_breaks_the_order_of_all),
        test(a_death_has_a_length_and_a_fault_fires),
        test(nodes_of_a_cluster_are_ends_of_flows),
        test(a_wire_was_cut_when_an_act_on_it_was_done),
        test(what_comes_after_mended_counts_from_there),
        test(a_machine_that_was_taken_again_was_not_allocated_once),
    };
    return run_tests(tests);
}
