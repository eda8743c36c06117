/* Failures that clients of MAAS had while machines are made (docs/failures.md): lost answers, bad
 * machines, foreign machines, misfits, addresses and names. The stage judges every call; gw_kills
 * does the same with a kill at every effect. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MADE "allocate c1\nset_workload_annotations sys000\ndeploy sys000\n"

/* --- machines --------------------------------------------------------------------------------- */

/* 504 of a proxy before MAAS: the deploy is under way, and the machine is good. */
static void a_deploy_that_504_hides_is_adopted(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=deploy", 1, FAKE_LOST, 0, NULL);
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    fake_log_is(f, MADE "handover\n");
}

/* The answer is a 504 that a front end gave while MAAS carried on. */
static void a_504_is_read_before_anything_is_done_again(void **state)
{
    struct fake *f = *state;

    (void)fake_create(f, "c1", 0);
    fake_fault(f, "op=deploy", 1, FAKE_STATUS, 504, "");
    fake_until(f, SECONDS(1));
    /* MAAS did not take it here: so it is sent again, and to the same machine */
    fake_until(f, MINUTES(30));
    fake_log_is(f, MADE "deploy sys000\nhandover\n");
}

static void a_release_that_fails_after_a_failed_deploy_is_not_forgotten(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->machines[0].fails = 1;
    fake_fault(f, "op=release", 1, FAKE_STATUS, 500, "BMC");
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
    assert_int_equal(f->machines[0].status, 4);
    assert_int_equal(fake_log_count(f, "release sys000"), 2);
    assert_int_equal(fake_held(f, "c1"), 1);
}

static void a_bad_machine_is_not_picked_again_while_there_is_another(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->machines[0].fails = f->machines[1].fails = 9;
    fake_until(f, MINUTES(30));
    play_kill(&f->p); /* it is remembered */
    fake_until(f, MINUTES(90));
    assert_false(c->ours);
    assert_int_equal(f->machines[0].fails, 8);
    assert_int_equal(f->machines[1].fails, 8);
    assert_text(f->machines[2].cluster, "c1");
    assert_non_null(strstr(buf_text(&f->p.said), "sys000"));
}

/* When all are bad it goes on trying, ever more slowly. */
static void when_all_machines_are_bad_they_are_tried_slowly(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->n_machines = 2;
    f->machines[0].fails = f->machines[1].fails = 1000;
    fake_until(f, HOURS(6));
    assert_true(c->ours);
    assert_in_range(c->allocates, 6, 40);
    f->machines[0].fails = f->machines[1].fails = 0;
    fake_until(f, HOURS(8));
    assert_false(c->ours);
}

static void a_machine_that_vanishes_is_replaced(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(5));
    assert_int_equal(f->machines[0].status, 9);
    f->machines[0].vanished = true;
    fake_until(f, MINUTES(7));
    assert_non_null(strstr(c->conditions, "sys000"));
    fake_until(f, MINUTES(40));
    assert_false(c->ours);
    assert_text(f->machines[1].cluster, "c1");
    assert_int_equal(c->allocates, 2);
    assert_int_equal(c->n_records, 1);
    assert_text(f->name_ips, "10.20.0.101");
}

/* Released in MAAS's own page, and given to another tenant at once. */
static void a_machine_that_was_taken_away_is_replaced_and_left_alone(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    struct fake_machine *m = &f->machines[0];

    c->agent_comes = false;
    fake_until(f, MINUTES(15));
    assert_int_equal(m->status, 6);
    c->agent_comes = true;
    m->status = 9;
    m->until = MINUTES(500);
    m->foreign = true;
    m->cluster[0] = m->agent_name[0] = '\0';
    assert_true(text_copy(m->owner, sizeof m->owner, "somebody"));
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
    assert_int_equal(m->status, 9); /* the stage judges every change of a machine, too */
    assert_text(f->machines[1].cluster, "c1");
    assert_int_equal(fake_log_count(f, "release sys000"), 0);
}

static void a_machine_that_is_ready_behind_its_back_is_replaced(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    struct fake_machine *m = &f->machines[0];

    fake_until(f, MINUTES(5));
    m->status = 4;
    m->owner[0] = m->cluster[0] = m->agent_name[0] = '\0';
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
    assert_int_equal(fake_held(f, "c1"), 1);
    assert_int_equal(fake_log_count(f, "release"), 0);
}

static void without_a_marker_maas_is_not_even_asked(void **state)
{
    static const char *const markers[] = {"", "short", "gp1 mark c1", "gp1/../mark"};

    for (size_t i = 0; i < COUNTOF(markers); i++) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 0);

        c->marker = markers[i];
        fake_until(f, HOURS(1));
        fake_delete(f, c);
        fake_until(f, HOURS(3));
        assert_int_equal(f->accounts[0].calls, 0);
        assert_non_null(strstr(c->conditions, "\"reason\":\"UnsupportedItem\""));
        assert_false(c->deleted);
        fake_drop(f);
        fake_init(f);
    }
}

/* --- what was asked for ----------------------------------------------------------------------- */

/* MAAS before 3.3 and after upgrades: a wish it does not know is ignored without a word. */
static void a_misfit_is_given_back_before_it_is_deployed(void **state)
{
    static const struct {
        int cpu, disk_gb;
        const char *zone, *vm_host;
    } odd[] = {{2, 500, "default", NULL}, {8, 20, "default", NULL}, {8, 500, "default", "host-1"}};

    for (size_t i = 0; i < COUNTOF(odd); i++) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 0);

        f->machines[0].cpu = odd[i].cpu;
        f->machines[0].disk_gb = odd[i].disk_gb;
        f->machines[0].vm_host = odd[i].vm_host;
        fake_until(f, MINUTES(30));
        assert_false(c->ours);
        fake_log_is(f, "allocate c1\nset_workload_annotations sys000\nrelease sys000\n"
                       "allocate c1\nset_workload_annotations sys001\ndeploy sys001\nhandover\n");
        assert_int_equal(f->machines[0].status, 4);
        fake_drop(f);
        fake_init(f);
    }
}

static void misfits_alone_are_not_taken_in_a_tight_loop(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->n_machines = 1;
    f->machines[0].vm_host = "host-1";
    fake_until(f, HOURS(1));
    assert_int_equal(fake_log_count(f, "deploy"), 0);
    assert_in_range(c->allocates, 2, 30);
    assert_int_equal(f->machines[0].status, 4);
}

static void who_wants_virtual_machines_gets_them(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->p.config.take_virtual = true;
    f->machines[0].vm_host = "host-1";
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    fake_log_is(f, MADE "handover\n");
}

static const char *form_of(struct fake *f, const char *part)
{
    struct play_call *call = play_find(&f->p, part);

    assert_non_null(call);
    return buf_text(&call->call.body);
}

static void every_wish_is_asked_of_maas_each_by_its_name(void **state)
{
    struct fake *f = *state;

    (void)fake_create(f, "c1", 0);
    f->stuck = "op=allocate";
    fake_until(f, SECONDS(5));
    assert_non_null(strstr(form_of(f, "op=allocate"), "&tags=t1&tags=t2&"));
    assert_non_null(strstr(form_of(f, "op=allocate"), "&storage=root%3A64.42"));
    assert_non_null(strstr(form_of(f, "op=allocate"), "&zone=default&zone=z2&"));
}

static void a_control_plane_is_spread_over_its_zones(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    int in[3] = {0};

    c->control_planes = 3;
    c->azs = "\"z1\",\"z2\",\"z3\"";
    for (size_t i = 0; i < 8; i++) /* many in the first, so that chance would not do */
        assert_true(text_copy(f->machines[i].zone, 16, i < 4 ? "z1" : i < 6 ? "z2" : "z3"));
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
    for (size_t i = 0; i < 8; i++)
        in[f->machines[i].zone[1] - '1'] += text_is(f->machines[i].cluster, "c1");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(in[i], 1);
    assert_int_equal(c->allocates, 3);
}

static void an_empty_zone_does_not_hold_up_the_others(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    c->control_planes = 2; /* and z2 has no machine */
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
    assert_int_equal(fake_held(f, "c1"), 2);
}

static void an_unknown_zone_is_told_and_does_not_hang(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    for (int n = 0; n < 3; n++)
        fake_fault(f, "op=allocate", 1, FAKE_STATUS, 400, "{\"zone\":[\"No such zone(s): z9.\"]}");
    fake_until(f, SECONDS(10));
    assert_non_null(strstr(c->conditions, "\"reason\":\"BadConstraint\",\"message\":\"cp\""));
    fake_until(f, MINUTES(40));
    assert_false(c->ours);
}

/* --- what MAAS answers ------------------------------------------------------------------------ */

/* The same status, and two meanings: with the header it is a conflict of MAAS's own. */
static void retry_after_tells_a_conflict_from_an_empty_pool(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    ms_t sent;

    f->stuck = "op=allocate";
    fake_until(f, SECONDS(2));
    sent = f->p.now;
    play_reply_later(&f->p, "op=allocate", 409, 47);
    c->in_flight = false;
    fake_until(f, sent + SECONDS(46));
    assert_null(play_find(&f->p, "op=allocate"));
    assert_null(strstr(c->conditions, "NoMachineAvailable"));
    f->stuck = NULL;
    fake_until(f, sent + SECONDS(60));
    assert_int_equal(c->allocates, 1);
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
}

static void a_503_is_repeated_after_the_time_it_names(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    ms_t sent;

    f->stuck = "op=deploy";
    fake_until(f, SECONDS(5));
    sent = f->p.now;
    play_reply_later(&f->p, "op=deploy", 503, 100);
    fake_until(f, sent + SECONDS(99));
    assert_int_equal(fake_log_count(f, "deploy"), 1);
    f->stuck = NULL;
    fake_until(f, sent + SECONDS(120));
    assert_int_equal(fake_log_count(f, "deploy"), 2);
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
}

/* No free address, time after time: told, slow, and in the end it is another machine's turn. */
static void what_maas_cannot_deploy_is_told_and_tried_a_bounded_number_of_times(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    for (int n = 0; n < 6; n++)
        fake_fault(f, "sys000/?op=deploy", 1, FAKE_STATUS, 503, "No free IP addresses");
    fake_until(f, MINUTES(2));
    assert_non_null(strstr(c->conditions, "\"type\":\"MachinesDeployed\",\"status\":\"False\""));
    assert_non_null(strstr(c->conditions, "MaasError"));
    fake_until(f, HOURS(1));
    assert_false(c->ours);
    assert_int_equal(fake_log_count(f, "deploy sys000"), 6);
    assert_int_equal(fake_log_count(f, "release sys000"), 1);
    assert_text(f->machines[1].cluster, "c1");
}

static void a_500_of_a_moment_costs_one_more_deploy(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=deploy", 1, FAKE_STATUS, 500, "Traceback");
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    fake_log_is(f, MADE "deploy sys000\nhandover\n");
}

static void a_clock_that_is_behind_is_told_as_that(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->accounts[0].status = 401;
    f->accounts[0].body = "Expired timestamp: given 1 and now 3601 has a greater difference than "
                          "threshold 300";
    fake_until(f, MINUTES(30));
    assert_non_null(strstr(c->conditions, "\"reason\":\"ClockSkew\""));
    assert_null(strstr(c->conditions, "MaasUnauthorized"));
    assert_in_range(f->accounts[0].calls, 2, 60); /* no tight loop */
    f->accounts[0].status = 0;
    fake_until(f, HOURS(2));
    assert_false(c->ours);
}

static void a_name_of_maas_that_nobody_knows_is_told_and_waited_for(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 1);

    fake_until(f, SECONDS(30));
    f->unsaid = "maas.site";
    fake_until(f, MINUTES(30));
    assert_non_null(strstr(c->conditions, "\"reason\":\"MaasUnreachable\""));
    f->unsaid = NULL;
    fake_until(f, HOURS(2));
    assert_false(c->ours);
    assert_int_equal(c->allocates, 2);
}

/* --- names and addresses ---------------------------------------------------------------------- */

static void an_unknown_domain_is_named_and_no_machine_is_taken(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->no_domain = true;
    fake_until(f, MINUTES(10));
    assert_non_null(strstr(c->conditions, "\"reason\":\"DomainUnknown\",\"message\":\"maas\""));
    assert_int_equal(c->asked, 0);
    f->no_domain = false;
    fake_until(f, HOURS(1));
    assert_false(c->ours);
}

static void a_key_that_may_not_write_names_takes_no_machine(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->admin = false;
    fake_until(f, MINUTES(10));
    assert_non_null(strstr(c->conditions, "\"reason\":\"DnsForbidden\""));
    assert_int_equal(c->asked, 0);
    f->admin = true;
    f->accounts[0].revision++;
    fake_changed(f, NULL);
    fake_until(f, HOURS(1));
    assert_false(c->ours);
}

/* Power readings come and go; what somebody else did to the record is undone. */
static void the_record_is_never_empty_and_heals(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    c->agent_comes = false;
    fake_until(f, MINUTES(14));
    assert_text(f->name_ips, "10.20.0.100");
    f->machines[0].more = "\"power_state\":\"error\",";
    fake_until(f, MINUTES(16));
    f->machines[0].more = "\"power_state\":\"off\",";
    fake_until(f, MINUTES(18));
    assert_text(f->name_ips, "10.20.0.100");
    assert_int_equal(f->name_writes, 1);
    assert_true(text_copy(f->name_ips, sizeof f->name_ips, "10.66.0.1"));
    fake_until(f, MINUTES(24));
    assert_text(f->name_ips, "10.20.0.100");
    f->name_there = false; /* deleted by hand just before the hand-over */
    f->name_ips[0] = '\0';
    c->agent_comes = true;
    fake_until(f, MINUTES(25));
    assert_false(c->ours);
    assert_text(f->name_ips, "10.20.0.100");
    assert_int_equal(f->name_writes, 3);
}

static size_t calls_of(const struct fake *f, const char *words)
{
    size_t n = 0;

    for (const char *p = buf_text(&f->p.trace); (p = strstr(p, words)); p++)
        n++;
    return n;
}

static void a_record_that_is_right_is_read_rarely_and_not_written(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    c->agent_comes = false;
    fake_until(f, MINUTES(20));
    buf_clear(&f->p.trace);
    fake_until(f, MINUTES(80));
    assert_in_range(calls_of(f, "call GET http://maas.site:5240/MAAS/api/2.0/dnsresources"), 6, 13);
    assert_int_equal(f->name_writes, 1);
}

static void killed_around_the_record_there_is_one(void **state)
{
    static const enum fake_how hows[] = {FAKE_ASKED, FAKE_DONE, FAKE_LOST};

    for (size_t i = 0; i < COUNTOF(hows); i++) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 0);

        fake_fault(f, "POST http://maas.site:5240/MAAS/api/2.0/dnsresources/", 1, hows[i], 0, NULL);
        fake_until(f, MINUTES(30));
        assert_false(c->ours);
        assert_text(f->name_ips, "10.20.0.100");
        assert_int_equal(f->name_writes, 1);
        fake_drop(f);
        fake_init(f);
    }
}

/* The init machine goes first, while another control plane stays. */
static void the_address_of_a_machine_that_goes_out_of_order_leaves_the_record(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    c->control_planes = 2;
    c->agent_comes = false;
    fake_until(f, MINUTES(20));
    assert_text(f->name_ips, "10.20.0.100 10.20.0.101");
    f->machines[0].vanished = true;
    fake_until(f, MINUTES(22));
    assert_null(strstr(f->name_ips, "10.20.0.100"));
    assert_non_null(strstr(f->name_ips, "10.20.0.101"));
    c->agent_comes = true;
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
    assert_int_equal(fake_held(f, "c1"), 3); /* with the one that MAAS does not show any more */
}

static void addresses_are_complete_and_each_once(void **state)
{
    struct fake *f = *state;
    const struct play_call *call;

    (void)fake_create(f, "c1", 0);
    f->subnets = "\"10.30.0.0/24\",\"10.20.0.0/24\"";
    f->machines[0].ips = "\"10.10.0.9\",\"10.20.0.9\",\"10.20.0.9\",\"10.30.0.9\",\"fd00::9\"";
    f->machines[0].more =
        "\"boot_interface\":{\"name\":\"br0\",\"type\":\"bridge\",\"children\":[]},";
    fake_until(f, SECONDS(3));
    f->stuck = "/machines/rec-";
    fake_until(f, MINUTES(10));
    call = fake_until_call(f, "/machines/rec-");
    assert_non_null(strstr(buf_text(&call->call.body), "\"hostname\":\"m0\""));
    assert_non_null(
        strstr(buf_text(&call->call.body),
               "\"privateIPs\":[\"10.30.0.9\",\"10.20.0.9\",\"10.10.0.9\",\"fd00::9\"]"));
    assert_text(f->name_ips, "10.30.0.9"); /* the best of the preferred */
}

static void an_endpoint_without_a_port_has_the_usual_one(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    const struct play_call *call;

    c->portless = true;
    f->stuck = "/status/endpoints";
    call = fake_until_call(f, "/status/endpoints");
    assert_text(buf_text(&call->call.body), "[{\"host\":\"c1.maas\",\"port\":6443}]");
    f->stuck = NULL;
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
}

static void networks_that_overlap_are_told(void **state)
{
    static const struct {
        const char *pods;
        bool told;
    } rows[] = {{"10.10.0.0/16", true}, {"10.0.0.0/8", true}, {"10.11.0.0/16", false}};

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 0);

        c->pod_cidr = rows[i].pods;
        fake_until(f, MINUTES(30));
        assert_false(c->ours); /* it is the user's choice */
        assert_int_equal(strstr(buf_text(&f->p.said), "overlaps") != NULL, rows[i].told);
        fake_drop(f);
        fake_init(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(a_deploy_that_504_hides_is_adopted, P(3), CLAUSE(100)),
        fake_test(a_504_is_read_before_anything_is_done_again, P(3), CLAUSE(100)),
        fake_test(a_release_that_fails_after_a_failed_deploy_is_not_forgotten, P(2)),
        fake_test(a_bad_machine_is_not_picked_again_while_there_is_another, P(4), CLAUSE(61)),
        fake_test(when_all_machines_are_bad_they_are_tried_slowly, P(4)),
        fake_test(a_machine_that_vanishes_is_replaced, P(5), P(44), CLAUSE(61)),
        fake_test(a_machine_that_was_taken_away_is_replaced_and_left_alone, P(5), P(6), CLAUSE(97)),
        fake_test(a_machine_that_is_ready_behind_its_back_is_replaced, P(5), CLAUSE(61)),
        fake_test(without_a_marker_maas_is_not_even_asked, P(7), CLAUSE(56)),
        fake_test(a_misfit_is_given_back_before_it_is_deployed, P(16), P(17), P(18), P(19),
                  CLAUSE(95)),
        fake_test(misfits_alone_are_not_taken_in_a_tight_loop, P(17), P(18)),
        fake_test(who_wants_virtual_machines_gets_them),
        fake_test(every_wish_is_asked_of_maas_each_by_its_name, P(15), P(16), P(19), CLAUSE(94),
                  CLAUSE(95)),
        fake_test(a_control_plane_is_spread_over_its_zones, P(45)),
        fake_test(an_empty_zone_does_not_hold_up_the_others, P(45)),
        fake_test(an_unknown_zone_is_told_and_does_not_hang, P(45), CLAUSE(77)),
        fake_test(retry_after_tells_a_conflict_from_an_empty_pool, P(27), P(28), CLAUSE(100)),
        fake_test(a_503_is_repeated_after_the_time_it_names, P(28), CLAUSE(100)),
        fake_test(what_maas_cannot_deploy_is_told_and_tried_a_bounded_number_of_times, P(14), P(38),
                  F(23)),
        fake_test(a_500_of_a_moment_costs_one_more_deploy, P(38)),
        fake_test(a_clock_that_is_behind_is_told_as_that, P(32), F(28)),
        fake_test(a_name_of_maas_that_nobody_knows_is_told_and_waited_for, F(19)),
        fake_test(an_unknown_domain_is_named_and_no_machine_is_taken, P(34), CLAUSE(98)),
        fake_test(a_key_that_may_not_write_names_takes_no_machine, P(34), CLAUSE(98)),
        fake_test(the_record_is_never_empty_and_heals, P(10), F(20), CLAUSE(98)),
        fake_test(a_record_that_is_right_is_read_rarely_and_not_written, P(11)),
        fake_test(killed_around_the_record_there_is_one, P(9)),
        fake_test(the_address_of_a_machine_that_goes_out_of_order_leaves_the_record, P(44)),
        fake_test(addresses_are_complete_and_each_once, P(36), P(37), F(30), CLAUSE(98)),
        fake_test(an_endpoint_without_a_port_has_the_usual_one, P(33)),
        fake_test(networks_that_overlap_are_told, F(22)),
    };

    return run_tests(tests);
}
