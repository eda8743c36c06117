/* Clusters' lives in virtual time: create, hand over, delete (tables C and D), and what disturbs
 * them. The stage judges every call (gw_fake.c); the stories say what has to come of it. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int stage_open(void **state)
{
    struct fake *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fake_init(f);
    *state = f;
    return 0;
}

static int stage_close(void **state)
{
    fake_drop(*state);
    free(*state);
    return 0;
}

#define MADE "allocate c1\nset_workload_annotations sys000\ndeploy sys000\n"

static void log_is(struct fake *f, const char *text)
{
    assert_string_equal(buf_text(&f->log), text);
    buf_clear(&f->log);
}

static size_t count(const struct fake *f, const char *word)
{
    size_t n = 0;

    for (const char *p = buf_text(&f->log); (p = strstr(p, word)); p++)
        n++;
    return n;
}

/* --- create ----------------------------------------------------------------------------------- */

static void one_machine_is_made_and_given_away(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    log_is(f, MADE "handover\n");
    assert_false(c->ours);
    assert_int_equal(c->allocates, 1);
    assert_string_equal(f->name_ips, "10.20.0.100");
    assert_int_equal(f->name_writes, 1);
    assert_int_equal(c->n_records, 1);
}

static void after_the_hand_over_nothing_is_said_about_it_any_more(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    assert_false(c->ours);
    buf_clear(&f->p.trace);
    c->listed = true; /* an old list, once more: owner cluster, and nothing newer */
    f->version++;
    fake_until(f, MINUTES(40));
    assert_null(strstr(buf_text(&f->p.trace), "c1"));
    assert_null(strstr(buf_text(&f->p.trace), "maas.site"));
    assert_null(strstr(play_record_of(&f->p, "cluster.c1"), "sys"));
}

/* GP-46: the pair outlives the listing by three days, and is gone, from the disk too, with the
 * first list after that. */
static void a_record_nobody_can_ask_for_is_forgotten_for_good(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    c->listed = false;
    f->version++;
    fake_until(f, HOURS(70));
    assert_string_not_equal(play_record_of(&f->p, "cluster.c1"), "");
    fake_until(f, HOURS(75));
    f->version++;
    fake_until(f, HOURS(76));
    assert_text(play_record_of(&f->p, "cluster.c1"), "");
}

/* The same of one whose machine MAAS never let go of: by then somebody else looks after it. */
static void a_record_that_still_holds_a_machine_is_forgotten_for_good_too(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    f->machines[0].locked = true;
    fake_delete(f, c);
    fake_until(f, HOURS(1));
    c->listed = false;
    f->version++;
    fake_until(f, HOURS(70));
    assert_non_null(strstr(play_record_of(&f->p, "cluster.c1"), "sys000"));
    fake_until(f, HOURS(75));
    f->version++;
    fake_until(f, HOURS(76));
    assert_text(play_record_of(&f->p, "cluster.c1"), "");
}

static void two_pools_get_their_machines_and_one_of_them_is_init(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 2);

    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    assert_int_equal(c->allocates, 3);
    assert_string_equal(f->machines[0].role, "init");
    assert_string_equal(f->machines[1].role, "join");
    assert_string_equal(f->machines[2].role, "join");
    assert_string_equal(f->name_ips, "10.20.0.100");
}

static void with_bootstrap_one_control_plane_is_all_it_makes(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 2);

    f->p.config.bootstrap = true;
    c->control_planes = 3;
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    log_is(f, MADE "handover\n");
    assert_text(f->machines[0].role, "init");
    /* the cluster has grown by itself; what is deleted is all of it */
    for (int i = 1; i < 3; i++) {
        f->machines[i].status = 6;
        assert_true(snprintf(f->machines[i].owner, 32, "pcg") > 0);
        assert_true(snprintf(f->machines[i].agent_name, 64, "gp1.mark.c1") > 0);
        assert_true(snprintf(f->machines[i].cluster, 64, "c1") > 0);
    }
    fake_delete(f, c);
    fake_until(f, HOURS(2));
    assert_true(c->deleted);
    assert_int_equal(fake_held(f, "c1"), 0);
}

static void a_lost_answer_to_allocate_is_found_by_the_mark(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=allocate", 1, FAKE_LOST, 0, NULL);
    fake_until(f, MINUTES(30));
    log_is(f, MADE "handover\n");
    assert_int_equal(c->allocates, 1);
}

/* Nothing was allocated: asked again, but not before an allocate on its way has settled. */
static void an_allocate_that_never_arrived_is_repeated_when_it_is_settled(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=allocate", 1, FAKE_LOST, 0, NULL);
    f->faults[0].not_done = true;
    fake_until(f, MINUTES(30));
    log_is(f, "allocate c1\n" MADE "handover\n");
    assert_int_equal(c->allocates, 1);
}

static void a_lost_answer_to_deploy_is_read_and_not_repeated(void **state)
{
    struct fake *f = *state;

    (void)fake_create(f, "c1", 0);
    fake_fault(f, "op=deploy", 1, FAKE_LOST, 0, NULL);
    fake_until(f, MINUTES(30));
    log_is(f, MADE "handover\n");
}

static void a_deploy_that_never_arrived_is_sent_again(void **state)
{
    struct fake *f = *state;

    (void)fake_create(f, "c1", 0);
    fake_fault(f, "op=deploy", 1, FAKE_STATUS, 503, "no address");
    fake_until(f, MINUTES(30));
    log_is(f, MADE "deploy sys000\nhandover\n");
}

static void a_machine_that_deploy_refuses_is_replaced_by_another(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=deploy", 1, FAKE_STATUS, 400, "{}");
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    log_is(f, MADE "release sys000\nallocate c1\nset_workload_annotations sys001\n"
                   "deploy sys001\nhandover\n");
}

static void a_failed_deployment_is_released_and_replaced_by_another(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->machines[0].fails = 1;
    fake_until(f, MINUTES(40));
    assert_false(c->ours);
    log_is(f, MADE "release sys000\nallocate c1\nset_workload_annotations sys001\n"
                   "deploy sys001\nhandover\n");
    assert_string_equal(f->name_ips, "10.20.0.101");
    assert_int_equal(c->n_records, 1);
    assert_string_equal(f->machines[1].role, "init");
}

static void no_machine_is_said_and_asked_again(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    for (int i = 0; i < FAKE_MACHINES; i++)
        f->machines[i].foreign = true;
    fake_until(f, MINUTES(2));
    assert_non_null(strstr(c->conditions, "\"reason\":\"NoMachineAvailable\""));
    assert_int_equal(c->allocates, 0);
    f->machines[3].foreign = false;
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    assert_string_equal(f->machines[3].cluster, "c1");
}

static void a_missing_image_is_said_and_no_machine_is_taken(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "boot-resources/3/", 1, FAKE_STATUS, 200,
               "{\"sets\":{\"1\":{\"files\":{\"a\":{\"complete\":true}},\"complete\":false}}}");
    fake_until(f, SECONDS(3));
    assert_non_null(strstr(c->conditions, "\"reason\":\"ImageMissing\""));
    assert_int_equal(c->asked, 0);
    fake_until(f, MINUTES(30));
    assert_false(c->ours);
}

/* The key passes as an account's, and what it cannot do is said before anything is taken for it. */
static void a_key_that_may_not_write_names_is_told_before_a_machine_is_taken(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->admin = false;
    f->stuck = "boot-resources"; /* time for a report */
    fake_until(f, SECONDS(3));
    assert_non_null(strstr(c->conditions, "\"reason\":\"DnsForbidden\""));
    assert_int_equal(c->asked, 0);
}

/* --- delete ----------------------------------------------------------------------------------- */

static void a_cluster_is_deleted_name_first_and_machines_after(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 1);

    fake_until(f, MINUTES(30));
    assert_false(c->ours);
    buf_clear(&f->log);
    fake_delete(f, c);
    fake_until(f, MINUTES(40));
    log_is(f, "release sys000\nrelease sys001\nreleased\n");
    assert_true(c->deleted);
    assert_false(f->name_there);
    assert_int_equal(fake_held(f, "c1"), 0);
    assert_int_equal(c->n_records, 0);
    assert_non_null(strstr(c->outcome, "{\"systemId\":\"sys000\",\"outcome\":\"ready\"}"));
    assert_non_null(strstr(c->outcome, "{\"systemId\":\"sys001\",\"outcome\":\"ready\"}"));
}

static void a_delete_during_create_releases_what_there_is(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 1);

    fake_until(f, MINUTES(5));
    assert_int_equal(fake_held(f, "c1"), 2);
    fake_delete(f, c);
    fake_until(f, MINUTES(20));
    assert_true(c->deleted);
    assert_int_equal(fake_held(f, "c1"), 0);
    assert_int_equal(count(f, "handover"), 0);
}

/* GP-73: the allocate that was under way is waited for. */
static void a_delete_settles_an_allocate_of_unknown_outcome(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=allocate", 1, FAKE_LOST, 0, NULL);
    f->faults[0].not_done = true;
    fake_until(f, SECONDS(1));
    assert_int_equal(c->asked, 1);
    fake_delete(f, c);
    fake_until(f, SECONDS(100));
    assert_false(c->deleted);
    /* the copy arrives late */
    f->machines[4].status = 10;
    assert_true(snprintf(f->machines[4].owner, 32, "pcg") > 0);
    assert_true(snprintf(f->machines[4].agent_name, 64, "gp1.mark.c1") > 0);
    fake_until(f, MINUTES(10));
    assert_true(c->deleted);
    assert_int_equal(f->machines[4].status, 4);
}

static void a_release_that_fails_is_tried_for_ever(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    f->machines[0].locked = true;
    fake_delete(f, c);
    fake_until(f, HOURS(2));
    assert_false(c->deleted);
    assert_non_null(strstr(c->conditions, "\"reason\":\"ReleaseFailed\",\"message\":\"sys000\""));
    f->machines[0].locked = false;
    fake_until(f, HOURS(3));
    assert_true(c->deleted);
}

static void a_machine_of_somebody_else_is_not_touched(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    /* released by hand and given to another tenant, while Palette still lists it */
    f->machines[0].foreign = true;
    assert_true(snprintf(f->machines[0].owner, 32, "somebody") > 0);
    assert_true(snprintf(c->extra, 16, "sys000") > 0);
    f->machines[0].agent_name[0] = f->machines[0].cluster[0] = '\0';
    fake_delete(f, c);
    fake_until(f, MINUTES(40));
    assert_int_equal(f->machines[0].status, 6);
    assert_true(c->deleted);
    assert_non_null(strstr(c->outcome, "{\"systemId\":\"sys000\",\"outcome\":\"foreign\"}"));
}

/* --- whose cluster it is ---------------------------------------------------------------------- */

static void a_refused_claim_is_the_end_until_something_newer_is_listed(void **state)
{
    static const struct {
        int status;
        const char *code;
    } refusals[] = {{409, "StaleEpoch"}, {403, "Forbidden"}, {404, "NotFound"}, {400, "Bad"}};

    for (size_t i = 0; i < COUNTOF(refusals); i++) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 0);

        c->claim_status = refusals[i].status;
        c->claim_code = refusals[i].code;
        fake_until(f, HOURS(1));
        assert_string_equal(buf_text(&f->log), "");
        c->claim_status = 0;
        fake_until(f, HOURS(2));
        assert_string_equal(buf_text(&f->log), "");
        c->revision++;
        f->version++;
        fake_until(f, HOURS(3));
        assert_false(c->ours);
        fake_drop(f);
        fake_init(f);
    }
}

/* GP-65: no switch happened, so it claims again, and only then offers again. */
static void a_refused_offer_is_followed_by_a_claim(void **state)
{
    static const char *const codes[] = {"{\"code\":\"StaleClaim\"}", "{\"code\":\"StaleRevision\"}",
                                        "{\"code\":\"AgentNotRegistered\"}",
                                        "{\"code\":\"InventoryIncomplete\"}"};

    for (size_t i = 0; i < COUNTOF(codes); i++) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 0);

        fake_fault(f, "/handover", 1, FAKE_STATUS, 409, codes[i]);
        fake_until(f, MINUTES(20));
        log_is(f, MADE "handover\nhandover\n");
        assert_false(c->ours);
        assert_int_equal(c->claim, 2);
        fake_drop(f);
        fake_init(f);
    }
}

static void an_offer_whose_answer_is_lost_is_repeated_as_it_was(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "/handover", 1, FAKE_LOST, 0, NULL);
    f->faults[0].not_done = true;
    fake_until(f, MINUTES(20));
    log_is(f, MADE "handover\nhandover\n");
    assert_int_equal(c->claim, 1);
    assert_int_equal(c->epoch, 2);
}

static void a_stale_item_is_ignored(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(20));
    assert_false(c->ours);
    buf_clear(&f->log);
    buf_clear(&f->p.trace);
    c->ours = c->listed = true; /* the first list, repeated */
    c->epoch = 1;
    c->revision = 1;
    c->registered = false;
    f->version++;
    fake_until(f, HOURS(1));
    assert_null(strstr(buf_text(&f->p.trace), "c1"));
    play_kill(&f->p); /* also after a restart */
    fake_until(f, HOURS(2));
    assert_string_equal(buf_text(&f->log), "");
    assert_null(strstr(buf_text(&f->p.trace), "/claim"));
}

/* GP-48: nothing is begun while nobody says that the cluster is still ours. */
static void without_a_feed_nothing_is_changed_when_the_lease_is_over(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    for (int i = 0; i < FAKE_MACHINES; i++)
        f->machines[i].foreign = true; /* none to be had: it asks again and again */
    fake_until(f, MINUTES(1));
    f->palette_away = true;
    fake_until(f, MINUTES(12));
    assert_true(c->asked > 1);
    buf_clear(&f->log);
    fake_until(f, HOURS(3));
    assert_string_equal(buf_text(&f->log), "");
    for (int i = 0; i < FAKE_MACHINES; i++)
        f->machines[i].foreign = false;
    f->palette_away = false;
    fake_until(f, HOURS(4));
    assert_false(c->ours);
}

static void a_cluster_that_is_not_listed_any_more_is_left_as_it_is(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_until(f, MINUTES(5));
    c->listed = false;
    f->version++;
    fake_until(f, MINUTES(5) + 1);
    buf_clear(&f->p.trace);
    fake_until(f, MINUTES(30));
    assert_null(strstr(buf_text(&f->p.trace), "c1"));
    assert_null(strstr(buf_text(&f->p.trace), "maas.site"));
    c->listed = true;
    f->version++;
    fake_until(f, MINUTES(50));
    assert_false(c->ours);
    assert_int_equal(c->allocates, 1);
}

static void a_higher_revision_adds_and_takes_away_before_the_offer(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 2);

    c->agent_comes = false;
    fake_until(f, MINUTES(15));
    assert_int_equal(fake_held(f, "c1"), 3);
    c->workers = 0;
    c->revision++;
    f->version++;
    fake_until(f, MINUTES(20));
    assert_int_equal(fake_held(f, "c1"), 1);
    assert_string_equal(f->machines[0].role, "init");
    c->workers = 1;
    c->revision++;
    f->version++;
    fake_until(f, MINUTES(40));
    assert_int_equal(fake_held(f, "c1"), 2);
    assert_int_equal(count(f, "handover"), 0);
    c->agent_comes = true;
    fake_until(f, MINUTES(50));
    fake_until(f, MINUTES(60));
    assert_false(c->ours);
}

/* --- many ------------------------------------------------------------------------------------- */

static void a_stuck_cluster_holds_up_nobody(void **state)
{
    struct fake *f = *state;
    static const char *const uids[] = {"c1", "c2", "c3", "c4"};
    struct fake_cluster *c[COUNTOF(uids)];

    for (size_t i = 0; i < COUNTOF(uids); i++)
        c[i] = fake_create(f, uids[i], 0);
    f->stuck = "gp1.mark.c2";
    fake_until(f, MINUTES(20));
    assert_false(c[0]->ours);
    assert_true(c[1]->ours);
    assert_false(c[2]->ours);
    assert_false(c[3]->ours);
    f->stuck = NULL;
    fake_until(f, MINUTES(60));
    assert_false(c[1]->ours);
}

static void conditions_are_told_on_change_and_not_too_often(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    c->agent_comes = false;
    fake_until(f, MINUTES(15));
    assert_in_range(c->patches, 2, 8);
    c->patches = 0;
    fake_until(f, MINUTES(25));
    assert_int_equal(c->patches, 0);
}

#define story(function, ...) site_clause_test(function, stage_open, stage_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(one_machine_is_made_and_given_away, CLAUSE(57), CLAUSE(63), CLAUSE(50), CLAUSE(64),
              CLAUSE(94)),
        story(after_the_hand_over_nothing_is_said_about_it_any_more, CLAUSE(66)),
        story(a_record_nobody_can_ask_for_is_forgotten_for_good),
        story(a_record_that_still_holds_a_machine_is_forgotten_for_good_too),
        story(two_pools_get_their_machines_and_one_of_them_is_init, CLAUSE(59)),
        story(with_bootstrap_one_control_plane_is_all_it_makes, CLAUSE(59)),
        story(a_lost_answer_to_allocate_is_found_by_the_mark, CLAUSE(57), CLAUSE(100), P(1)),
        story(an_allocate_that_never_arrived_is_repeated_when_it_is_settled, CLAUSE(57),
              CLAUSE(58)),
        story(a_lost_answer_to_deploy_is_read_and_not_repeated, CLAUSE(57), CLAUSE(100)),
        story(a_deploy_that_never_arrived_is_sent_again, CLAUSE(57)),
        story(a_machine_that_deploy_refuses_is_replaced_by_another, CLAUSE(100), F(23)),
        story(a_failed_deployment_is_released_and_replaced_by_another, CLAUSE(61)),
        story(no_machine_is_said_and_asked_again, CLAUSE(95), CLAUSE(77), F(15), P(27)),
        story(a_missing_image_is_said_and_no_machine_is_taken, CLAUSE(99), CLAUSE(77), P(40),
              F(23)),
        story(a_key_that_may_not_write_names_is_told_before_a_machine_is_taken, CLAUSE(98),
              CLAUSE(77)),
        story(a_cluster_is_deleted_name_first_and_machines_after, CLAUSE(70), CLAUSE(98), P(8),
              P(12), P(13)),
        story(a_delete_during_create_releases_what_there_is, CLAUSE(73)),
        story(a_delete_settles_an_allocate_of_unknown_outcome, CLAUSE(73), CLAUSE(70)),
        story(a_release_that_fails_is_tried_for_ever, CLAUSE(72), F(13)),
        story(a_machine_of_somebody_else_is_not_touched, CLAUSE(71), CLAUSE(97), P(6)),
        story(a_refused_claim_is_the_end_until_something_newer_is_listed, CLAUSE(54)),
        story(a_refused_offer_is_followed_by_a_claim, CLAUSE(65)),
        story(an_offer_whose_answer_is_lost_is_repeated_as_it_was, CLAUSE(63), CLAUSE(57),
              CLAUSE(64)),
        story(a_stale_item_is_ignored, CLAUSE(44), CLAUSE(45)),
        story(without_a_feed_nothing_is_changed_when_the_lease_is_over, CLAUSE(48)),
        story(a_cluster_that_is_not_listed_any_more_is_left_as_it_is, CLAUSE(46)),
        story(a_higher_revision_adds_and_takes_away_before_the_offer, CLAUSE(60)),
        story(a_stuck_cluster_holds_up_nobody, CLAUSE(49), P(29)),
        story(conditions_are_told_on_change_and_not_too_often, CLAUSE(76)),
    };

    return run_tests(tests);
}
