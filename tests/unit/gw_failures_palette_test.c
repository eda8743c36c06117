/* Failures that private gateways had with Palette (docs/failures.md): absent, busy, forgetful,
 * moved, upgraded, frozen; and what the profile asks for on such days. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MADE "allocate c1\nset_workload_annotations sys000\ndeploy sys000\n"

/* --- work that waits -------------------------------------------------------------------------- */

static void what_was_asked_during_an_upgrade_is_done_once(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *old = fake_create(f, "c1", 0), *c[3];
    static const char *const uids[] = {"c2", "c3", "c4"};

    fake_until(f, MINUTES(30));
    assert_false(old->ours);
    play_stop(&f->p);
    assert_int_equal(f->p.exit_code, 0);
    fake_delete(f, old);
    for (int i = 0; i < 3; i++)
        c[i] = fake_create(f, uids[i], 0);
    f->p.now += HOURS(24);
    play_kill(&f->p);
    f->p.over = false;
    assert_true(text_copy(f->p.config.version, sizeof f->p.config.version, "9.9.9"));
    fake_until(f, f->p.now + HOURS(1));
    assert_true(old->deleted);
    for (int i = 0; i < 3; i++) {
        assert_false(c[i]->ours);
        assert_int_equal(c[i]->allocates, 1);
    }
}

static void fifteen_at_once_all_come_and_none_takes_more_than_its_own(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c[FAKE_CLUSTERS];
    char uid[16];

    f->n_machines = FAKE_MACHINES;
    for (int i = 0; i < FAKE_CLUSTERS; i++) {
        snprintf(uid, sizeof uid, "c%d", i + 1);
        c[i] = fake_create(f, uid, 0);
    }
    fake_until(f, MINUTES(40));
    for (int i = 0; i < FAKE_CLUSTERS; i++) {
        assert_false(c[i]->ours);
        assert_int_equal(c[i]->allocates, 1);
    }
}

/* GP-50 with a margin: the feed is parked, so it is heard of at once. */
static void a_new_item_is_taken_up_within_a_minute(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c[4];
    static const char *const uids[] = {"c1", "c2", "c3", "c4"};

    fake_until(f, MINUTES(3));
    for (int i = 0; i < 4; i++) {
        c[i] = fake_create(f, uids[i], 1);
        fake_until(f, f->p.now + SECONDS(60));
        assert_int_equal(c[i]->claim, 1);
    }
}

static void the_same_list_again_and_again_has_the_effect_of_once(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    for (int s = 1; s < 1500; s++) {
        fake_changed(f, NULL);
        fake_until(f, SECONDS(s));
    }
    assert_false(c->ours);
    fake_log_is(f, MADE "handover\n");
    assert_int_equal(c->claim, 1);
}

/* --- Palette is not there, or says no --------------------------------------------------------- */

static void before_the_first_list_nothing_is_changed(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 1);

    fake_until(f, MINUTES(5));
    play_kill(&f->p); /* its records say that machines are being made */
    f->stuck = "/feed";
    buf_clear(&f->log);
    f->accounts[0].calls = 0;
    fake_until(f, HOURS(5));
    fake_log_is(f, "");
    assert_int_equal(f->accounts[0].calls, 0);
    f->stuck = NULL;
    fake_until(f, HOURS(6));
    assert_false(c->ours);
}

/* The process was stopped as a whole: no time-out fired, no answer was read. */
static void thawed_after_the_lease_it_asks_before_it_acts(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 2);

    f->stuck = "op=set_workload";
    fake_until(f, SECONDS(20));
    assert_int_equal(fake_log_count(f, "allocate"), 1);
    f->p.now += HOURS(3);
    f->stuck = NULL;
    f->palette_away = true;
    buf_clear(&f->log);
    fake_until(f, f->p.now + HOURS(1));
    fake_log_is(f, "");
    f->palette_away = false;
    fake_until(f, f->p.now + HOURS(1));
    assert_false(c->ours);
    assert_int_equal(c->allocates, 3);
}

static void too_many_requests_cost_time_and_no_work(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c[10];
    char uid[16];
    size_t sent;

    f->n_machines = FAKE_MACHINES;
    fake_until(f, MINUTES(2));
    for (int i = 0; i < 10; i++) {
        snprintf(uid, sizeof uid, "c%d", i + 1);
        c[i] = fake_create(f, uid, 0);
    }
    fake_until(f, f->p.now + SECONDS(2));
    f->palette_busy = true;
    sent = f->p.n_sent;
    fake_until(f, f->p.now + MINUTES(30));
    /* ten clusters, each asking again once in half a minute to a minute, and its machine's polls */
    assert_in_range(f->p.n_sent - sent, 100, 3000);
    f->palette_busy = false;
    fake_until(f, f->p.now + HOURS(1));
    for (int i = 0; i < 10; i++) {
        assert_false(c[i]->ours);
        assert_int_equal(c[i]->allocates, 1);
    }
}

/* Deleted or reset in Palette while one cluster runs and one is made: machines stay as they are. */
static void an_ended_gateway_leaves_all_machines_as_they_are(void **state)
{
    struct fake *f = *state;
    int before[FAKE_MACHINES];
    size_t held;

    (void)fake_create(f, "c1", 0);
    fake_until(f, MINUTES(30));
    (void)fake_create(f, "c2", 2);
    fake_until(f, MINUTES(42));
    held = (size_t)fake_held(f, "c2");
    assert_int_equal(held, 3);
    fake_fault(f, "/heartbeat", 1, FAKE_STATUS, 401, "{\"code\":\"CredentialRevoked\"}");
    for (int n = 0; n < 6; n++)
        fake_fault(f, "/credential", 1, FAKE_STATUS, 401, "{\"code\":\"CredentialUnknown\"}");
    fake_until(f, MINUTES(44));
    for (size_t i = 0; i < f->n_machines; i++)
        before[i] = f->machines[i].status;
    buf_clear(&f->log);
    f->accounts[0].calls = 0;
    fake_until(f, MINUTES(48));
    fake_log_is(f, "");
    assert_int_equal(f->accounts[0].calls, 0);
    for (size_t i = 0; i < f->n_machines; i++)
        assert_true(f->machines[i].status == before[i] || f->machines[i].status == 6);
    assert_int_equal(fake_held(f, "c1"), 1);
    assert_int_equal(fake_held(f, "c2"), 3);
}

/* The item stands at another gateway, which has no records of it: marker and annotations lead it to
 * all machines, also to one whose mark a failed release has taken. */
static void a_cluster_that_moved_here_is_known_by_its_marks(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 2);

    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    play_wipe(&f->p);
    f->machines[2].agent_name[0] = '\0';
    fake_delete(f, c);
    fake_until(f, HOURS(2));
    assert_true(c->deleted);
    for (size_t i = 0; i < f->n_machines; i++)
        assert_int_equal(f->machines[i].status, 4);
}

static void a_cluster_that_moved_away_is_left_alone(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 1);

    fake_until(f, MINUTES(4));
    c->listed = false; /* Palette takes it off first, and raises the epoch after the lease */
    fake_changed(f, NULL);
    fake_until(f, MINUTES(5));
    buf_clear(&f->log);
    buf_clear(&f->p.trace);
    play_kill(&f->p);
    fake_until(f, HOURS(5));
    fake_log_is(f, "");
    assert_null(strstr(buf_text(&f->p.trace), "c1"));
    assert_null(strstr(buf_text(&f->p.trace), "maas.site"));
}

/* --- agents ----------------------------------------------------------------------------------- */

/* Machines that do not trust the proxy's authority come up, and their agent never does. */
static void without_an_agent_a_cluster_is_never_handed_over(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    c->agent_comes = false;
    fake_until(f, HOURS(30));
    assert_int_equal(fake_log_count(f, "handover"), 0);
    assert_non_null(strstr(c->conditions,
                           "{\"type\":\"AgentReachable\",\"status\":\"False\",\"reason\":"
                           "\"WaitingForAgent\""));
    fake_delete(f, c);
    fake_until(f, HOURS(31));
    assert_true(c->deleted);
    assert_int_equal(fake_held(f, "c1"), 0);
}

/* It registered, and was not heard of again before the offer: Palette says so in the item. */
static void an_agent_that_fell_silent_gets_no_cluster(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->stuck = "/handover";
    (void)fake_until_call(f, "/handover");
    assert_int_equal(fake_log_count(f, "handover"), 1);
    c->agent_comes = c->registered = c->offering = false;
    fake_changed(f, c);
    play_reply(&f->p, "/handover", 409, "{\"code\":\"AgentNotRegistered\"}");
    f->stuck = NULL;
    fake_until(f, HOURS(2));
    assert_true(c->ours);
    assert_int_equal(fake_log_count(f, "handover"), 1);
    c->registered = true;
    fake_changed(f, c);
    fake_until(f, HOURS(3));
    assert_false(c->ours);
}

/* Palette answers the list that waits before the hand-over that shortened it. */
static void a_list_that_overtakes_the_hand_overs_answer_costs_nothing(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->stuck = "/handover";
    (void)fake_until_call(f, "/handover");
    assert_non_null(strstr(play_record_of(&f->p, "cluster.c1"), "\"machines\""));
    c->ours = c->listed = c->offering = false;
    c->epoch++;
    f->version++;
    fake_until(f, f->p.now + SECONDS(5)); /* the new list comes meanwhile */
    play_reply(&f->p, "/handover", 200, "{\"epoch\":2,\"owner\":\"cluster\"}");
    assert_non_null(strstr(buf_text(&f->p.said), "cluster c1 stands by itself"));
    assert_null(strstr(play_record_of(&f->p, "cluster.c1"), "\"machines\""));
    f->stuck = NULL;
    fake_until(f, HOURS(1));
    assert_int_equal(fake_log_count(f, "handover"), 1);
}

/* There is nothing to say it of again: the cluster is not listed. */
static void an_overtaken_hand_over_that_wants_a_new_token_is_not_repeated(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->stuck = "/handover";
    (void)fake_until_call(f, "/handover");
    c->listed = c->offering = false;
    f->version++;
    fake_until(f, f->p.now + SECONDS(5));
    play_reply(&f->p, "/handover", 401, "{\"code\":\"TokenExpired\"}");
    f->stuck = NULL;
    fake_until(f, HOURS(1));
    assert_int_equal(fake_log_count(f, "handover"), 1);
}

static void a_list_that_overtakes_the_answer_to_released_costs_nothing(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(3));
    fake_delete(f, c);
    f->stuck = "/released";
    (void)fake_until_call(f, "/released");
    assert_non_null(strstr(play_record_of(&f->p, "cluster.c1"), "\"machines\""));
    c->listed = false;
    c->deleted = true;
    f->version++;
    fake_until(f, f->p.now + SECONDS(5));
    play_reply(&f->p, "/released", 200, "{}");
    assert_non_null(strstr(buf_text(&f->p.said), "cluster c1 is deleted"));
    assert_null(strstr(play_record_of(&f->p, "cluster.c1"), "\"machines\""));
}

/* A year ahead and back: durations do not care, and MAAS takes any time of the future. */
static void a_wall_clock_that_jumps_changes_no_duration(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);
    size_t sent;

    fake_until(f, MINUTES(5));
    f->p.wall_off_s = 365 * 86400;
    sent = f->p.n_sent;
    fake_until(f, MINUTES(6));
    assert_in_range(f->p.n_sent - sent, 0, 12);
    f->p.wall_off_s = -3600;
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    fake_log_is(f, MADE "handover\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(what_was_asked_during_an_upgrade_is_done_once, F(16), CLAUSE(62)),
        fake_test(fifteen_at_once_all_come_and_none_takes_more_than_its_own, F(26), CLAUSE(49)),
        fake_test(a_new_item_is_taken_up_within_a_minute, CLAUSE(50)),
        fake_test(the_same_list_again_and_again_has_the_effect_of_once, CLAUSE(45), CLAUSE(40)),
        fake_test(before_the_first_list_nothing_is_changed, CLAUSE(47)),
        fake_test(thawed_after_the_lease_it_asks_before_it_acts, CLAUSE(14), CLAUSE(48)),
        fake_test(too_many_requests_cost_time_and_no_work, F(25), CLAUSE(88)),
        fake_test(an_ended_gateway_leaves_all_machines_as_they_are, F(17), CLAUSE(36)),
        fake_test(a_cluster_that_moved_here_is_known_by_its_marks, F(18), CLAUSE(55), CLAUSE(56)),
        fake_test(a_cluster_that_moved_away_is_left_alone, F(18), CLAUSE(46)),
        fake_test(without_an_agent_a_cluster_is_never_handed_over, F(6), F(21), CLAUSE(61)),
        fake_test(an_agent_that_fell_silent_gets_no_cluster, F(21), CLAUSE(63), CLAUSE(65)),
        fake_test(a_list_that_overtakes_the_hand_overs_answer_costs_nothing, CLAUSE(66)),
        fake_test(an_overtaken_hand_over_that_wants_a_new_token_is_not_repeated, CLAUSE(46)),
        fake_test(a_list_that_overtakes_the_answer_to_released_costs_nothing, CLAUSE(66)),
        fake_test(a_wall_clock_that_jumps_changes_no_duration, F(28), CLAUSE(91)),
    };

    return run_tests(tests);
}
