/* The agent's stories in virtual time, against a small Palette and a small MAAS. */
#include "tests/test.h"

#include "tests/unit/agent_site.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

static struct agent_site *begin(const char *role)
{
    struct agent_site *s = calloc(1, sizeof *s);

    assert_non_null(s);
    site_init(s, role);
    site_boot(s);
    return s;
}

static void end(struct agent_site *s)
{
    site_drop(s);
    free(s);
}

static void hand_over(struct agent_site *s)
{
    site_until(s, s->now + MINUTES(5));
    (void)text_copy(s->owner, sizeof s->owner, "cluster");
    s->epoch++;
    s->version++;
}

static void workers(struct agent_site *s, int n)
{
    s->size_workers = n;
    s->version++;
}

static void before_the_hand_over_it_only_registers_and_beats(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    site_until(s, HOURS(1));
    assert_int_equal(s->listening, 6443);
    assert_true(s->beats >= 59 && s->beats <= 62);
    assert_true(s->hellos >= 2 && s->hellos <= 10); /* the token is renewed */
    assert_text(buf_text(&s->trace), "");
    end(s);
}

static void after_the_hand_over_its_own_record_says_running(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    site_until(s, HOURS(1));
    assert_text(s->machines[0].state, "Running");
    assert_int_equal(site_count(s, "POST"), 0);
    end(s);
}

static void two_workers_are_added_one_allocate_at_a_time(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 2);
    site_until(s, HOURS(1));
    assert_int_equal(site_held(s), 3);
    assert_int_equal(site_states(s, "Running"), 3);
    assert_int_equal(site_count(s, "op=allocate"), 2);
    assert_int_equal(site_count(s, "op=deploy"), 2);
    assert_text(s->machines[1].record, "workers");
    assert_non_null(strstr(s->machines[1].marks, "\"gateproof.pcg\":\"g1\""));
    assert_non_null(strstr(s->machines[1].user_data,
                           "distro_series=custom%2Fu&agent_name=" SITE_MARKER
                           "&user_data=I2Nsb3VkLWNvbmZpZ"));
    end(s);
}

static void a_worker_that_is_too_many_is_released_and_its_record_goes(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 2);
    site_until(s, HOURS(1));
    workers(s, 1);
    site_until(s, HOURS(2));
    assert_int_equal(site_held(s), 2);
    assert_int_equal(site_count(s, "op=release"), 1);
    assert_int_equal(site_count(s, "DELETE"), 1);
    assert_text(s->machines[2].record, "");
    assert_true(s->machines[0].mine);
    end(s);
}

/* MAA-3: the answer was lost, the machine was not. */
static void a_lost_allocate_is_found_by_its_marker(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 1);
    s->fault = (struct site_fault){.part = "op=allocate", .do_it = true};
    site_until(s, HOURS(1));
    assert_int_equal(site_count(s, "op=allocate"), 1);
    assert_int_equal(site_held(s), 2);
    assert_int_equal(site_states(s, "Running"), 2);
    end(s);
}

/* An allocate that takes effect 100 s after its answer was given up must not make two. */
static void a_late_allocate_is_waited_for(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 1);
    s->fault = (struct site_fault){.part = "op=allocate", .late_ms = SECONDS(100)};
    site_until(s, HOURS(1));
    assert_int_equal(site_count(s, "op=allocate"), 1);
    assert_int_equal(site_held(s), 2);
    end(s);
}

static void every_change_may_be_lost_or_refused_once(void **state)
{
    static const char *const parts[] = {"op=allocate", "op=set_workload", "op=deploy",
                                        "/machines",   "agent_name=",     "cloudconfigs"};
    static const struct site_fault faults[] = {
        {.do_it = true},
        {.do_it = false},
        {.do_it = true, .status = 504, .body = "<html>"},
        {.do_it = false, .status = 503, .headers = "Retry-After: 7\r\n"},
        {.do_it = false, .status = 500},
        {.do_it = true, .status = 401, .body = "Authorization Error: 'Nonce already used: x'"},
        {.do_it = true, .status = 200, .body = "{\"half\":"},
        {.do_it = false, .status = 409, .body = "No machine"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(parts); i++) {
        for (size_t k = 0; k < COUNTOF(faults); k++) {
            struct agent_site *s = begin("init");

            hand_over(s);
            workers(s, 2);
            s->fault = faults[k];
            s->fault.part = parts[i];
            site_until(s, HOURS(2));
            if (site_held(s) != 3 || site_states(s, "Running") != 3)
                fail_msg("%s, fault %zu:\n%s", parts[i], k, buf_text(&s->trace));
            end(s);
        }
    }
}

/* A clock that is behind, a key that is gone: the way to an allocate leads over a look, and a look
 * that was refused is not repeated at once. */
static void a_maas_that_refuses_everything_is_asked_with_pauses(void **state)
{
    struct agent_site *s = begin("init");
    size_t before;

    (void)state;
    hand_over(s);
    site_until(s, s->now + HOURS(1));
    s->fault = (struct site_fault){
        .part = "api/2.0/", .stays = true, .status = 401, .body = "Expired timestamp"};
    workers(s, 2);
    before = s->to_maas;
    site_until(s, s->now + HOURS(1));
    assert_in_range(s->to_maas - before, 3, 60);
    assert_int_equal(site_held(s), 1);
    s->fault.part = NULL;
    site_until(s, s->now + HOURS(1));
    assert_int_equal(site_held(s), 3);
    end(s);
}

static void a_lost_release_is_repeated_until_the_machine_is_free(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 1);
    site_until(s, HOURS(1));
    workers(s, 0);
    s->fault = (struct site_fault){.part = "op=release", .do_it = false};
    site_until(s, HOURS(2));
    assert_int_equal(site_count(s, "op=release"), 2);
    assert_int_equal(site_held(s), 1);
    assert_int_equal(site_count(s, "DELETE"), 1);
    end(s);
}

/* GP-48: Palette is dark for longer than the lease; nothing is changed until it answers again. */
static void without_palette_nothing_is_changed_once_the_lease_is_over(void **state)
{
    struct agent_site *s = begin("init");
    size_t before;

    (void)state;
    hand_over(s);
    site_until(s, s->now + HOURS(1));
    s->palette_dark = true;
    site_until(s, s->now + MINUTES(12));
    before = site_count(s, "POST");
    s->machines[0].named = true;
    workers(s, 2);
    site_until(s, s->now + HOURS(2));
    assert_int_equal(site_count(s, "POST"), before);
    s->palette_dark = false;
    site_until(s, s->now + HOURS(1));
    assert_int_equal(site_held(s), 3);
    end(s);
}

/* Palette goes dark just after it asked for more: what the lease covers is done, the rest waits. */
static void the_lease_also_ends_in_the_middle(void **state)
{
    struct agent_site *s = begin("init");
    size_t then;

    (void)state;
    hand_over(s);
    workers(s, 4);
    for (size_t i = 1; i < SITE_MACHINES; i++) /* none is free */
        s->machines[i].status = 7;
    site_until(s, s->now + MINUTES(5));
    assert_true(site_count(s, "op=allocate") > 2);
    s->palette_dark = true;
    site_until(s, s->now + MINUTES(11));
    then = site_count(s, "op=allocate");
    site_until(s, s->now + HOURS(1));
    assert_int_equal(site_count(s, "op=allocate"), then);
    end(s);
}

static void asked_to_quiesce_it_records_says_so_and_changes_nothing_more(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 1);
    site_until(s, s->now + MINUTES(4));
    s->quiesce = true;
    s->version++;
    site_until(s, s->now + MINUTES(10));
    assert_int_equal(s->quiesced, 1);
    assert_int_equal(site_count(s, "op=release"), 0);
    for (size_t i = 0; i < SITE_MACHINES; i++)
        assert_true(!s->machines[i].mine || s->machines[i].record[0]);
    (void)text_copy(s->owner, sizeof s->owner, "gateway");
    s->quiesce = false;
    s->epoch++;
    s->version++;
    buf_clear(&s->trace);
    site_until(s, s->now + HOURS(2));
    assert_text(buf_text(&s->trace), "");
    end(s);
}

/* An allocate of unknown outcome is settled before the machines are given back. */
static void an_open_allocate_is_settled_before_quiesced_is_said(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 1);
    s->fault = (struct site_fault){.part = "op=allocate", .late_ms = SECONDS(90)};
    for (int i = 0; i < 100 && s->fault.part; i++)
        site_until(s, s->now + SECONDS(2));
    s->quiesce = true;
    s->version++;
    site_until(s, s->now + SECONDS(80));
    assert_int_equal(s->quiesced, 0);
    site_until(s, s->now + MINUTES(3));
    assert_int_equal(s->quiesced, 1);
    assert_int_equal(site_held(s), 2);
    assert_text(s->machines[1].record, "workers");
    end(s);
}

/* Memory is lost in the middle of a scale: what was begun is found by its marker and finished. */
static void after_a_reboot_at_any_moment_the_scale_is_finished(void **state)
{
    (void)state;
    for (ms_t at = MINUTES(5); at < MINUTES(20); at += SECONDS(37)) {
        struct agent_site *s = begin("init");

        hand_over(s);
        workers(s, 2);
        site_until(s, at);
        site_boot(s);
        site_until(s, HOURS(2));
        if (site_held(s) != 3 || site_states(s, "Running") != 3 ||
            site_count(s, "op=allocate") != 2)
            fail_msg("reboot at %lld:\n%s", (long long)at, buf_text(&s->trace));
        end(s);
    }
}

static void a_join_node_registers_and_beats_and_nothing_else(void **state)
{
    struct agent_site *s = begin("join");

    (void)state;
    hand_over(s);
    workers(s, 2);
    site_until(s, HOURS(2));
    assert_text(buf_text(&s->trace), "");
    assert_true(s->beats > 100);
    end(s);
}

static void a_revoked_agent_stops_and_asks_slowly(void **state)
{
    struct agent_site *s = begin("init");
    int hellos;

    (void)state;
    hand_over(s);
    site_until(s, HOURS(1));
    s->revoked = true;
    workers(s, 3);
    hellos = s->hellos;
    buf_clear(&s->trace);
    site_until(s, HOURS(3));
    assert_int_equal(site_count(s, "POST"), 0);
    assert_true(s->hellos - hellos < 250);
    end(s);
}

static void labels_that_were_given_are_reported(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    site_until(s, HOURS(1));
    assert_text(s->said, "");
    (void)text_copy(s->labels, sizeof s->labels, "{\"team\":\"a\"}");
    s->version++;
    site_until(s, HOURS(1) + MINUTES(1));
    assert_non_null(strstr(s->said, "team"));
    assert_non_null(strstr(s->said, "LabelsApplied"));
    end(s);
}

/* A machine that somebody took away in MAAS is replaced, its record goes, and it is left alone. */
static void a_machine_that_was_taken_away_is_replaced(void **state)
{
    struct agent_site *s = begin("init");

    (void)state;
    hand_over(s);
    workers(s, 1);
    site_until(s, HOURS(1));
    s->machines[1].mine = s->machines[1].named = false;
    s->machines[1].status = 7;
    s->machines[1].marks[0] = '\0';
    site_until(s, HOURS(3));
    assert_text(s->machines[1].record, "");
    assert_text(s->machines[2].state, "Running");
    assert_int_equal(site_held(s), 2);
    end(s);
}

/* --- the proxy it finds in its user data -------------------------------------------------------
 */

#define PROXY "http://u:canary%40@10.9.0.3:3128"

static struct agent_site *begin_behind(const char *proxy, const char *no_proxy, const char *way)
{
    struct agent_site *s = calloc(1, sizeof *s);

    assert_non_null(s);
    site_init(s, "init");
    site_proxy(s, proxy, no_proxy);
    s->way = way;
    site_boot(s);
    return s;
}

/* PRX-3, PRX-6: every call to Palette, and none to MAAS, though nobody excepted it. */
static void palette_is_asked_through_the_proxy_and_maas_is_not(void **state)
{
    struct agent_site *s = begin_behind(PROXY, "localhost,.maas", PROXY);

    (void)state;
    hand_over(s);
    workers(s, 1);
    site_until(s, HOURS(1));
    assert_int_equal(site_held(s), 2);
    assert_true(s->to_palette > 50 && s->to_maas > 5);
    end(s);
}

static void a_palette_that_is_excepted_is_asked_straight(void **state)
{
    static const char *const lists[] = {"*", ".example", "localhost,palette.example:443"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(lists); i++) {
        struct agent_site *s = begin_behind(PROXY, lists[i], "");

        site_until(s, MINUTES(5));
        assert_true(s->to_palette > 5);
        end(s);
    }
}

static void without_its_proxy_it_waits_and_says_so(void **state)
{
    struct agent_site *s = begin_behind(PROXY, "", PROXY);

    (void)state;
    s->palette_dark = true;
    site_until(s, MINUTES(30));
    assert_true(s->to_palette > 10);
    assert_text(s->last_word,
                "register: no answer from Palette: proxy-failed: the proxy 10.9.0.3:3128 takes the "
                "connection and says nothing; check that a proxy listens there, and its load");
    s->palette_dark = false;
    site_until(s, HOURS(1));
    assert_true(s->beats > 10);
    end(s);
}

/* As a machine would: what it cannot read it does not take for "none". */
static void a_proxy_that_cannot_be_read_is_not_gone_around(void **state)
{
    struct agent_site *s = begin_behind("socks5://u:canary@10.9.0.3:1080", "", "");

    (void)state;
    site_until(s, HOURS(1));
    assert_int_equal(s->to_palette + s->to_maas, 0);
    assert_text(s->last_word, AGENT_JSON ": proxy.httpsProxy cannot be used");
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(before_the_hand_over_it_only_registers_and_beats, CLAUSE(3), CLAUSE(53),
                    CLAUSE(67)),
        clause_test(after_the_hand_over_its_own_record_says_running, CLAUSE(3)),
        clause_test(two_workers_are_added_one_allocate_at_a_time, CLAUSE(55), CLAUSE(68),
                    CLAUSE(58)),
        clause_test(a_worker_that_is_too_many_is_released_and_its_record_goes, CLAUSE(68)),
        test(a_lost_allocate_is_found_by_its_marker),
        clause_test(a_late_allocate_is_waited_for, CLAUSE(68)),
        test(every_change_may_be_lost_or_refused_once),
        test(a_lost_release_is_repeated_until_the_machine_is_free),
        test(a_maas_that_refuses_everything_is_asked_with_pauses),
        clause_test(without_palette_nothing_is_changed_once_the_lease_is_over, CLAUSE(67),
                    CLAUSE(48)),
        clause_test(the_lease_also_ends_in_the_middle, CLAUSE(67), CLAUSE(48)),
        clause_test(asked_to_quiesce_it_records_says_so_and_changes_nothing_more, CLAUSE(69),
                    CLAUSE(53)),
        clause_test(an_open_allocate_is_settled_before_quiesced_is_said, CLAUSE(69)),
        test(after_a_reboot_at_any_moment_the_scale_is_finished),
        clause_test(a_join_node_registers_and_beats_and_nothing_else, CLAUSE(53)),
        clause_test(a_revoked_agent_stops_and_asks_slowly, CLAUSE(53), CLAUSE(69)),
        test(labels_that_were_given_are_reported),
        test(a_machine_that_was_taken_away_is_replaced),
        clause_test(palette_is_asked_through_the_proxy_and_maas_is_not, CLAUSE(93), CLAUSE(83)),
        test(a_palette_that_is_excepted_is_asked_straight),
        test(without_its_proxy_it_waits_and_says_so),
        test(a_proxy_that_cannot_be_read_is_not_gone_around),
    };

    return run_tests(tests);
}
