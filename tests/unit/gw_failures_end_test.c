/* Failures that others had while clusters go (docs/failures.md): releases that take days or fail,
 * deletes at any moment, by force, twice, and with a MAAS that hangs or has lost its key. */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_cluster *running(struct fake *f, const char *uid, int workers)
{
    struct fake_cluster *c = fake_create(f, uid, workers);

    fake_until(f, f->p.now + MINUTES(30));
    assert_false(c->ours);
    buf_clear(&f->log);
    return c;
}

/* --- releases --------------------------------------------------------------------------------- */

static void disks_may_be_erased_for_days(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = running(f, "c1", 0);

    f->machines[0].release_for = HOURS(40);
    fake_delete(f, c);
    fake_until(f, HOURS(40));
    assert_false(c->deleted);
    assert_non_null(strstr(c->conditions, "\"reason\":\"Releasing\",\"message\":\"sys000\""));
    assert_null(strstr(c->conditions, "ReleaseFailed"));
    fake_until(f, HOURS(42));
    assert_true(c->deleted);
    fake_log_is(f, "release sys000\nreleased\n");
    assert_int_equal(f->machines[0].status, 4);
}

static void an_erasing_that_fails_is_told_and_begun_again(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = running(f, "c1", 0);
    struct fake_machine *m = &f->machines[0];

    m->release_for = HOURS(400);
    fake_delete(f, c);
    fake_until(f, HOURS(2));
    m->status = 15; /* Failed disk erasing; its mark is gone, its annotations are not */
    m->release_for = 0;
    m->locked = true;
    fake_until(f, HOURS(3));
    assert_false(c->deleted);
    assert_non_null(strstr(c->conditions, "\"reason\":\"ReleaseFailed\",\"message\":\"sys000\""));
    m->locked = false;
    fake_until(f, HOURS(5));
    assert_true(c->deleted);
    assert_int_equal(m->status, 4);
}

static void a_machine_that_is_released_already_is_no_error(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = running(f, "c1", 1);
    struct fake_machine *m = &f->machines[1];

    assert_true(text_copy(c->extra, sizeof c->extra, "sys001")); /* Palette has not heard of it */
    m->status = 4;
    m->owner[0] = m->cluster[0] = m->agent_name[0] = '\0';
    fake_delete(f, c);
    fake_until(f, HOURS(2));
    assert_true(c->deleted);
    fake_log_is(f, "release sys000\nreleased\n");
    assert_non_null(strstr(c->outcome, "{\"systemId\":\"sys001\",\"outcome\":\"ready\"}"));
}

static void a_release_that_crosses_another_s_is_settled_by_reading(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = running(f, "c1", 0);

    fake_fault(f, "op=release", 1, FAKE_STATUS, 409, "");
    fake_delete(f, c);
    fake_until(f, f->p.now + SECONDS(2));
    f->machines[0].status = 4; /* who released it first was quicker */
    f->machines[0].owner[0] = f->machines[0].cluster[0] = f->machines[0].agent_name[0] = '\0';
    fake_until(f, HOURS(2));
    assert_true(c->deleted);
}

/* What stands in the way is for MAAS's administrator to remove: GP-94 has no call for it. */
static void a_machine_that_something_runs_on_is_told_and_tried_calmly(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = running(f, "c1", 0);

    for (int n = 0; n < FAKE_FAULTS; n++)
        fake_fault(f, "op=release", 1, FAKE_STATUS, 400, "VM hosts must be removed first");
    fake_delete(f, c);
    fake_until(f, f->p.now + MINUTES(10));
    assert_false(c->deleted);
    assert_in_range(fake_log_count(f, "release sys000"), 3, FAKE_FAULTS);
    assert_non_null(strstr(c->conditions, "\"reason\":\"ReleaseFailed\",\"message\":\"sys000\""));
    fake_until(f, HOURS(3));
    assert_true(c->deleted);
}

/* --- deletes ---------------------------------------------------------------------------------- */

/* Every step of a create has its undo: deleted at each quarter of a minute of it. */
static void whenever_it_is_deleted_nothing_is_left(void **state)
{
    for (ms_t at = 0; at < MINUTES(13); at += at < SECONDS(4) ? 250 : SECONDS(15)) {
        struct fake *f = *state;
        struct fake_cluster *c = fake_create(f, "c1", 1);

        fake_until(f, at);
        fake_delete(f, c);
        fake_until(f, at + HOURS(1));
        assert_true(c->deleted);
        assert_int_equal(fake_held(f, "c1"), 0);
        assert_int_equal(c->n_records, 0);
        assert_false(f->name_there);
        for (size_t i = 0; i < f->n_machines; i++)
            assert_int_equal(f->machines[i].status, 4);
        fake_drop(f);
        fake_init(f);
    }
}

static void deleted_twice_and_made_again_it_ends_as_asked(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 1), *again;

    fake_until(f, MINUTES(3));
    fake_delete(f, c);
    fake_until(f, MINUTES(4));
    fake_delete(f, c); /* the user is impatient: a higher revision of the same */
    again = fake_create(f, "c2", 1);
    fake_until(f, HOURS(2));
    assert_true(c->deleted);
    assert_false(again->ours);
    assert_int_equal(fake_held(f, "c1"), 0);
    assert_int_equal(fake_held(f, "c2"), 2);
    assert_int_equal(fake_log_count(f, "released"), 1);
}

/* Palette has forgotten the cluster; the gateway finishes, tells what is left, blocks nobody, and
 * forgets it in the end. */
static void a_cluster_deleted_by_force_is_finished_or_forgotten(void **state)
{
    for (int let_go = 0; let_go < 2; let_go++) {
        struct fake *f = *state;
        struct fake_cluster *c = running(f, "c1", 0), *other;

        f->machines[0].locked = true; /* MAAS does not let go of it */
        fake_delete(f, c);
        fake_until(f, HOURS(2));
        c->forced = true;
        fake_changed(f, c);
        other = fake_create(f, "c2", 0);
        fake_until(f, HOURS(3));
        assert_false(other->ours);
        assert_non_null(strstr(buf_text(&f->p.said), "deleted by force; left in MAAS: sys000"));
        if (let_go) {
            f->machines[0].locked = false;
            fake_until(f, HOURS(6));
            assert_true(c->deleted);
            assert_int_equal(f->machines[0].status, 4);
        } else {
            c->listed = false; /* its 72 hours are over */
            fake_changed(f, NULL);
            fake_until(f, HOURS(6) + SECONDS(1));
            buf_clear(&f->p.trace);
            fake_until(f, HOURS(9));
            assert_null(strstr(buf_text(&f->p.trace), "c1"));
        }
        fake_drop(f);
        fake_init(f);
    }
}

/* --- MAAS and its keys ------------------------------------------------------------------------ */

/* One cluster runs, one is made, one goes, when the key is revoked. */
static void a_revoked_key_stops_what_needs_it_and_a_new_one_goes_on(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *runs = running(f, "c1", 0), *comes, *goes = running(f, "c3", 0);

    comes = fake_create(f, "c2", 1);
    fake_until(f, f->p.now + MINUTES(2));
    fake_delete(f, goes);
    fake_until(f, f->p.now + SECONDS(1));
    f->accounts[0].status = 401;
    f->accounts[0].body = "Authorization Error: Invalid API key.";
    buf_clear(&f->p.trace);
    fake_until(f, HOURS(4));
    assert_non_null(strstr(comes->conditions, "\"reason\":\"MaasUnauthorized\""));
    assert_non_null(strstr(goes->conditions, "\"reason\":\"MaasUnauthorized\""));
    assert_null(strstr(buf_text(&f->p.trace), "clusters/c1"));
    assert_false(goes->deleted);
    assert_in_range(f->accounts[0].calls, 10, 400); /* no storm of refused calls */
    assert_true(text_copy(f->accounts[0].key, 64, "ck9:maastoken9:maassecret9"));
    f->accounts[0].status = 0;
    f->accounts[0].revision++;
    fake_changed(f, NULL); /* the stage wants the new key in every call from here on */
    fake_until(f, f->p.now + HOURS(1));
    assert_false(comes->ours);
    assert_true(goes->deleted);
    assert_false(runs->ours || runs->deleted);
    assert_int_equal(fake_held(f, "c1"), 1);
}

/* Three accounts with keys of their own, and one MAAS that takes every call and says nothing. */
static void a_maas_that_hangs_holds_up_its_own_clusters_only(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c[6];
    static const char *const uids[] = {"c1", "c2", "c3", "c4", "c5", "c6"};

    for (int i = 0; i < 6; i++) {
        c[i] = fake_create(f, uids[i], 0);
        c[i]->account = i % 3;
    }
    f->stuck = "maas2.site";
    fake_until(f, MINUTES(30));
    for (int i = 0; i < 6; i++)
        assert_int_equal(c[i]->ours, i % 3 == 1);
    assert_non_null(strstr(c[1]->conditions, "\"reason\":\"MaasUnreachable\""));
    assert_in_range(f->accounts[1].calls, 2, 40);
    for (size_t i = 0; i < f->p.n_calls; i++) /* each call has its bound */
        if (f->p.calls[i].target == GW_MAAS)
            assert_in_range(f->p.calls[i].call.timeout_ms, 1, SECONDS(60));
    f->stuck = NULL;
    fake_until(f, MINUTES(90));
    assert_false(c[1]->ours || c[4]->ours);
}

/* MAAS shows the right secret in a 401, and what deploy is refused for may hold the user data. */
static void an_answer_that_holds_secrets_is_not_shown(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    fake_fault(f, "op=deploy", 1, FAKE_STATUS, 400,
               "{\"user_data\":\"#cloud-config jt-token-c1 proxypass\"}");
    fake_fault(f, "op=allocate", 1, FAKE_STATUS, 401, "Invalid signature. Expected &maassecret");
    fake_until(f, MINUTES(60)); /* the stage looks at every line, report and URL */
    assert_false(c->ours);
    assert_null(strstr(c->conditions, "jt-token"));
    assert_null(strstr(buf_text(&f->p.said), "maassecret"));
}

/* https is not left for http, and nobody is followed. */
static void a_redirection_of_maas_is_not_followed(void **state)
{
    struct fake *f = *state;
    struct fake_cluster *c = fake_create(f, "c1", 0);

    f->accounts[0].status = 301;
    f->accounts[0].body = "http://evil.example/";
    fake_until(f, MINUTES(20));
    assert_null(strstr(buf_text(&f->p.trace), "evil"));
    assert_true(c->ours);
    assert_non_null(strstr(c->conditions, "\"reason\":\"MaasError\""));
    f->accounts[0].status = 0;
    fake_until(f, HOURS(2));
    assert_false(c->ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(disks_may_be_erased_for_days, P(20), P(21), F(13), CLAUSE(71)),
        fake_test(an_erasing_that_fails_is_told_and_begun_again, P(21), F(13), CLAUSE(72)),
        fake_test(a_machine_that_is_released_already_is_no_error, P(22), P(5), CLAUSE(71)),
        fake_test(a_release_that_crosses_another_s_is_settled_by_reading, P(22)),
        fake_test(a_machine_that_something_runs_on_is_told_and_tried_calmly, P(23), CLAUSE(72)),
        fake_test(whenever_it_is_deleted_nothing_is_left, P(39), P(8), P(13), F(29), CLAUSE(73)),
        fake_test(deleted_twice_and_made_again_it_ends_as_asked, F(29), CLAUSE(45)),
        fake_test(a_cluster_deleted_by_force_is_finished_or_forgotten, P(42), F(12), CLAUSE(74)),
        fake_test(a_revoked_key_stops_what_needs_it_and_a_new_one_goes_on, F(14), CLAUSE(92)),
        fake_test(a_maas_that_hangs_holds_up_its_own_clusters_only, P(29), CLAUSE(49), CLAUSE(90),
                  CLAUSE(92)),
        fake_test(an_answer_that_holds_secrets_is_not_shown, P(43), CLAUSE(103)),
        fake_test(a_redirection_of_maas_is_not_followed, P(31), CLAUSE(27)),
    };

    return run_tests(tests);
}
