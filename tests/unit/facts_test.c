#include "tests/unit/line_play.h"

#include <stdio.h>
#include <string.h>

/* --- facts ----------------------------------------------------------------------------------- */

static void calls_are_counted_by_operation_caller_and_answer(void **state)
{
    struct play *r = play_new("end palette took 1 register from gateway\n"
                              "end palette took no register from user\n"
                              "end palette took 2+ any from any\n"
                              "never palette took renew from gateway\n");

    (void)state;
    play_put(r, EVS_PALETTE, 1, EV_PAL_CALL,
             "conn=1 peer=1.1.1.1 op=register status=200 who=gateway");
    play_put(r, EVS_PALETTE, 2, EV_PAL_CALL,
             "conn=1 peer=1.1.1.1 op=register status=409 who=gateway");
    play_put(r, EVS_PALETTE, 3, EV_PAL_CALL, "conn=1 peer=1.1.1.1 op=register status=401 who=user");
    play_put(r, EVS_PALETTE, 4, EV_PAL_CALL, "conn=1 peer=1.1.1.1 op=renew status=500 who=gateway");
    assert_false(play_is_over(r, "decided"));
    play_put(r, EVS_PALETTE, 5, EV_PAL_CALL, "conn=1 peer=1.1.1.1 op=beat status=204 who=gateway");
    assert_true(play_is_over(r, "decided"));
    assert_line(r, 3, LINE_OPEN);
    play_put(r, EVS_PALETTE, 6, EV_PAL_CALL, "conn=1 peer=1.1.1.1 op=renew status=200 who=gateway");
    assert_line(r, 3, LINE_FALSE);
    play_free(r);
}

static void callers_of_maas_are_known_by_their_address(void **state)
{
    struct play *r = play_new("end maas took 1 read from gateway\nend maas took 1 change from any\n"
                              "end maas took 1 allocate from user\nend maas took 2 any from any\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=gw1 who=gateway link=private ip=10.10.0.2");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=user who=user link=internet ip=203.0.113.70");
    play_put(r, EVS_MAAS, 1, EV_MAAS_CALL,
             "conn=1 peer=10.10.0.2 op=zones.read method=GET status=200");
    play_put(r, EVS_MAAS, 2, EV_MAAS_CALL,
             "conn=1 peer=10.10.0.2 op=zones.read method=GET status=401");
    play_put(r, EVS_MAAS, 3, EV_MAAS_CALL,
             "conn=2 peer=203.0.113.70 op=machines.allocate method=POST status=200");
    assert_true(play_is_over(r, "decided"));
    play_free(r);
}

/* Whom MAAS showed what, and who was heard by it, is MAAS's business and not Palette's. */
static void certificates_of_maas_are_told_from_those_of_palette(void **state)
{
    struct play *r =
        play_new("end maas showed 1 certificates\n"
                 "never maas read request from gateway before \"good maas certificate\"\n"
                 "end 1 failed dials gateway -> maas\n"
                 "end palette showed 1 certificates\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=gw1 who=gateway link=private ip=10.10.0.2");
    play_put(r, EVS_CAPTURE, 1, EV_FLOW_TRY, "from=gateway to=maas");
    play_put(r, EVS_MAAS, 1, EV_TLS_SHOWN, "conn=1 peer=10.10.0.2 kind=expired");
    play_put(r, EVS_PALETTE, 2, EV_TLS_SHOWN, "conn=1 peer=10.10.0.2 kind=renewed");
    play_put(r, EVS_PALETTE, 3, EV_PAL_CALL, "conn=1 peer=1.1.1.1 op=beat status=204 who=gateway");
    play_put(r, EVS_CAPTURE, 4, EV_FLOW_TRY, "from=gateway to=maas");
    play_put(r, EVS_MAAS, 5, EV_MAAS_CALL, "conn=3 peer=10.10.0.9 op=zones.read status=200");
    assert_true(play_is_over(r, "decided"));
    assert_line(r, 1, LINE_OPEN);
    play_put(r, EVS_MAAS, 6, EV_MAAS_CALL, "conn=2 peer=10.10.0.2 op=zones.read status=401");
    assert_line(r, 1, LINE_FALSE);
    play_put(r, EVS_CAPTURE, 7, EV_FLOW_TRY, "from=gateway to=maas");
    assert_true(play_is_over(r, "decided")); /* that dial was followed by a request */
    play_free(r);
}

static void accounts_are_those_bound_to_the_gateway(void **state)
{
    struct play *r = play_new("end accounts of gateway are 1 [TOP-3]\n");

    (void)state;
    play_state(r, 1, "_", "Pending");
    play_put(r, EVS_PALETTE, 2, EV_PAL_ACCOUNT, "uid=a1 bound_to=u1 made_by=gateway kind=made");
    play_put(r, EVS_PALETTE, 3, EV_PAL_ACCOUNT, "uid=a2 bound_to=u9 made_by=user kind=made");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_PALETTE, 4, EV_PAL_ACCOUNT, "uid=a1 bound_to=u1 made_by=gateway kind=changed");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_PALETTE, 5, EV_PAL_ACCOUNT, "uid=a1 bound_to=u1 made_by=gateway kind=deleted");
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "0 accounts");
    play_free(r);
}

static void flows_are_all_tls_only_if_there_was_one(void **state)
{
    struct play *r = play_new("end flows gateway -> palette are all tls [REG-3]\n"
                              "end flows gateway -> internet are all tls\n");

    (void)state;
    assert_false(play_is_over(r, "decided"));
    play_put(r, EVS_CAPTURE, 1, EV_FLOW_FIRST, "from=gateway to=palette to_zone=internet kind=tls");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_CAPTURE, 2, EV_FLOW_FIRST, "from=gateway to=proxy to_zone=internet kind=http");
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_FALSE);
    assert_seen(r, 1, "1 of 2 flows did not begin with TLS");
    play_free(r);
}

static void a_proxy_saw_what_it_was_asked_for_by_name_or_address(void **state)
{
    struct play *r = play_new("never proxy saw maas\nend proxy saw palette from gateway\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=maas who=maas link=private ip=10.10.0.3");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=p who=palette link=internet ip=203.0.113.10");
    play_put(r, EVS_PROXY, 1, EV_PROXY_CONNECT, "from=gateway sni=palette.example:443 status=200");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_CAPTURE, 2, EV_FLOW_FIRST,
             "from=gateway to=proxy kind=connect+tls sni=10.10.0.3:5240");
    assert_line(r, 0, LINE_FALSE);
    play_free(r);
}

/* Whatever the program wrote to its log: Palette's word counts (GP-11). */
static void a_gateway_is_ready_when_palette_has_seen_it_at_work(void **state)
{
    struct play *r = play_new("by 15m gateway is Running\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_PROG, "who=gateway kind=started text=ready,registered,Running");
    play_put(r, EVS_PALETTE, 1, EV_PAL_REGISTER, "uid=g1 accepted=1");
    assert_line(r, 0, LINE_OPEN);
    play_state(r, 2, "Pending",
               "Running"); /* after its first beat and feed: mock-palette's tests */
    assert_line(r, 0, LINE_TRUE);
    play_free(r);
}

static void a_secret_in_the_output_is_told_apart(void **state)
{
    struct play *r =
        play_new("never secret seen [REG-4]\nend output of gateway holds no secret [REG-4]\n");

    (void)state;
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_ENGINE, 1, EV_SECRET_HIT, "name=maas-secret where=journal");
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "1 times, first maas-secret in journal");
    assert_true(play_is_over(r, "decided"));
    play_put(r, EVS_ENGINE, 2, EV_SECRET_HIT, "name=maas-secret where=output");
    lines_end(r->lines);
    assert_line(r, 1, LINE_FALSE);
    play_free(r);
}

#define SIGN(r, t)                                                                                 \
    play_put(r, EVS_PALETTE, t, EV_PAL_CALL, "conn=1 peer=1 op=feed status=204 who=gateway")

static void silence_of_the_link_counts_from_the_first_running_on(void **state)
{
    struct play *r = play_new("always link of gateway shows a sign every 10m [CON-1]\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_PROG, "who=gateway kind=started");
    lines_time(r->lines, MINUTES(20));
    assert_line(r, 0, LINE_OPEN); /* it never ran yet */
    play_state(r, MINUTES(20), "Pending", "Running");
    SIGN(r, MINUTES(25));
    SIGN(r, MINUTES(35)); /* ten minutes exactly */
    lines_time(r->lines, MINUTES(45));
    assert_line(r, 0, LINE_OPEN);
    lines_time(r->lines, MINUTES(45) + 1);
    assert_line(r, 0, LINE_FALSE);
    SIGN(r, MINUTES(46));
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "a span of 10m1ms without a sign");
    play_free(r);
}

/* The story kills it: that silence is the story's, not the gateway's. */
static void a_program_that_is_dead_or_frozen_need_not_speak(void **state)
{
    struct play *r = play_new("always link of gateway shows a sign every 10m [CON-1]\n"
                              "end link of gateway shows a sign every 5m\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_PROG, "who=gateway kind=started");
    play_state(r, 0, "Pending", "Running");
    play_put(r, EVS_ENGINE, MINUTES(1), EV_PROG, "who=gateway kind=signalled signal=9");
    play_put(r, EVS_ENGINE, MINUTES(1), EV_PROG, "who=gateway kind=exited signal=9");
    play_put(r, EVS_ENGINE, MINUTES(15), EV_PROG, "who=gateway kind=started");
    SIGN(r, MINUTES(16));
    play_put(r, EVS_ENGINE, MINUTES(16), EV_PROG, "who=gateway kind=signalled signal=19");
    play_put(r, EVS_ENGINE, MINUTES(30), EV_PROG, "who=gateway kind=signalled signal=18");
    SIGN(r, MINUTES(31));
    assert_line(r, 0, LINE_OPEN);
    SIGN(r, MINUTES(37)); /* six minutes: enough to break the second line for good */
    lines_end(r->lines);
    assert_line(r, 0, LINE_TRUE);
    assert_line(r, 1, LINE_FALSE);
    assert_seen(r, 1, "a span of 6m without a sign");
    play_free(r);
}

static void a_stop_in_good_order_ends_with_status_zero_after_term(void **state)
{
    struct play *r = play_new("end gateway stopped in good order\npremise gateway started 2\n");

    (void)state;
    play_put(r, EVS_ENGINE, 1, EV_PROG, "who=gateway kind=started");
    play_put(r, EVS_ENGINE, 2, EV_PROG, "who=gateway kind=exited status=0"); /* nobody asked */
    play_put(r, EVS_ENGINE, 3, EV_PROG, "who=gateway kind=started");
    assert_false(play_is_over(r, "decided"));
    play_put(r, EVS_ENGINE, 4, EV_PROG, "who=gateway kind=stopped");
    play_put(r, EVS_ENGINE, 5, EV_PROG, "who=gateway kind=exited status=0");
    assert_true(play_is_over(r, "decided"));
    play_free(r);
}

/* An old answer must not answer a new question. */
static void the_user_is_answered_when_the_last_question_is(void **state)
{
    struct play *r =
        play_new("at 1m user lists zones of account acc1\nby 2m user was answered z2,z1\n"
                 "at 3m user validates account acc1\nby 4m user was refused\n"
                 "end user asked 2\n");

    (void)state;
    play_put(r, EVS_ENGINE, 1, EV_PAL_USER, "verb=pairing-code status=200"); /* the install's */
    play_act(r, MINUTES(1), 2, "1");
    assert_line(r, 1, LINE_OPEN);
    play_put(r, EVS_ENGINE, MINUTES(1), EV_PAL_USER, "verb=lists status=200 answer=z1,z2");
    assert_line(r, 1, LINE_TRUE);
    play_act(r, MINUTES(3), 4, "1");
    assert_line(r, 3, LINE_OPEN);
    play_put(r, EVS_ENGINE, MINUTES(3), EV_PAL_USER, "verb=validates status=400");
    assert_line(r, 3, LINE_TRUE);
    assert_true(play_is_over(r, "decided"));
    play_free(r);
}

static void other_items_are_another_answer(void **state)
{
    struct play *r = play_new("end user was answered z1,z2\nend user was answered\n");

    (void)state;
    play_put(r, EVS_ENGINE, 1, EV_PAL_USER, "verb=lists status=200 answer=z1");
    assert_false(play_is_over(r, "decided"));
    play_put(r, EVS_ENGINE, 2, EV_PAL_USER, "verb=lists status=200 answer=z1,z2,z3");
    assert_false(play_is_over(r, "decided"));
    play_put(r, EVS_ENGINE, 3, EV_PAL_USER, "verb=lists status=0 answer=_"); /* no answer at all */
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_line(r, 1, LINE_FALSE);
    play_free(r);
}

static void probes_match_when_every_pair_was_probed_and_fits(void **state)
{
    struct play *r = play_new("at 0s probe every pair\nby 1m probes match the table [H-1]\n");

    (void)state;
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=gw1 who=gateway link=private ip=10.10.0.2");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=p who=palette link=internet ip=203.0.113.10");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=r who=router link=private ip=10.10.0.1");
    play_put(r, EVS_ENGINE, 1, EV_PROBE, "from=gateway to=palette answer=nat expected=nat");
    play_act(r, 2, 2, "1");
    assert_line(r, 1, LINE_OPEN);
    assert_seen(r, 1, "palette to gateway was not probed");
    play_put(r, EVS_ENGINE, 3, EV_PROBE, "from=palette to=gateway answer=drop expected=drop");
    assert_line(r, 1, LINE_TRUE);
    play_free(r);
}

static void one_wrong_probe_is_enough(void **state)
{
    struct play *r = play_new("by 1m probes match the table [H-1]\nat 2m probe every pair\n");

    (void)state;
    play_put(r, EVS_ENGINE, 1, EV_PROBE, "from=palette to=gateway answer=open expected=drop");
    play_act(r, 2, 3, "1");
    lines_time(r->lines, MINUTES(2));
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "palette to gateway: open instead of drop");
    play_free(r);
}

/* --- evidence -------------------------------------------------------------------------------- */

static void writer_end(struct play *r, enum ev_src src, ms_t t)
{
    char fields[96];

    snprintf(fields, sizeof fields, "count=%llu chain_end=%s", (unsigned long long)r->nth[src],
             r->chain[src]);
    play_put(r, src, t, EV_WRITER_END, fields);
}

/* A whole little run; `tear` may change the journal before it is judged. */
static struct play *evidence_run(const char *lost)
{
    struct play *r = play_new("end evidence is whole [H-1]\n");
    char drops[32];

    r->fed = false;
    snprintf(drops, sizeof drops, "lost=%s link=private", lost);
    play_put(r, EVS_ENGINE, 0, EV_RUN_BEGIN, "story=x stage=sim clock=virtual seed=1");
    play_put(r, EVS_ENGINE, 0, EV_LAB_HOST, "name=c who=canary link=private ip=10.10.0.250");
    play_put(r, EVS_CAPTURE, 0, EV_TAP_CANARY, "link=private count=1");
    play_put(r, EVS_MAAS, 5, EV_MAAS_CALL, "conn=1 peer=1 op=zones.read status=200");
    play_put(r, EVS_MAAS, 6, EV_MAAS_CALL, "conn=1 peer=1 op=zones.read status=200");
    play_put(r, EVS_CAPTURE, 9, EV_TAP_CANARY, "link=private count=2");
    play_put(r, EVS_CAPTURE, 9, EV_TAP_DROPS, drops);
    play_put(r, EVS_ENGINE, 9, EV_RUN_END, "why=decided");
    writer_end(r, EVS_CAPTURE, 9);
    writer_end(r, EVS_MAAS, 9);
    writer_end(r, EVS_ENGINE, 9);
    return r;
}

/* Feeds all but one record, with two of them swapped; SIZE_MAX for neither. */
static void feed_torn(struct play *r, size_t without, size_t swapped)
{
    size_t i;

    for (i = 0; i < r->journal.n; i++) {
        const size_t from = i == swapped ? i + 1 : i == swapped + 1 ? i - 1 : i;
        if (i != without)
            lines_feed(r->lines, ev_list_at(&r->journal, from));
    }
    lines_end(r->lines);
}

static void whole_evidence_is_whole(void **state)
{
    struct play *r = evidence_run("0");

    (void)state;
    assert_true(lines_over(r->lines, &(const char *){""})); /* nothing torn so far */
    feed_torn(r, SIZE_MAX, SIZE_MAX - 1);
    assert_line(r, 0, LINE_TRUE);
    assert_seen(r, 0, "whole");
    play_free(r);
}

/* Whichever record is lost, also the very last one of a writer: it is noticed. */
static void no_record_can_be_lost_without_notice(void **state)
{
    size_t i, n;

    (void)state;
    n = 11;
    for (i = 0; i < n; i++) {
        struct play *r = evidence_run("0");
        assert_int_equal(r->journal.n, n);
        feed_torn(r, i, SIZE_MAX - 1);
        assert_line(r, 0, LINE_FALSE);
        play_free(r);
    }
}

static void two_swapped_records_turn_the_line_red(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i + 1 < 11; i++) {
        struct play *r = evidence_run("0");
        feed_torn(r, SIZE_MAX, i);
        assert_line(r, 0, LINE_FALSE);
        play_free(r);
    }
}

static void a_dropped_packet_turns_the_line_red(void **state)
{
    struct play *r = evidence_run("3");

    (void)state;
    feed_torn(r, SIZE_MAX, SIZE_MAX - 1);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "the capture lost 3 packets on private");
    play_free(r);
}

static void a_changed_record_breaks_its_chain(void **state)
{
    struct play *r = evidence_run("0");
    struct event e;
    size_t i;

    (void)state;
    for (i = 0; i < r->journal.n; i++) {
        const struct event *from = ev_list_at(&r->journal, i);
        memcpy(&e, from, EVENT_HEAD_SIZE + from->len);
        e.t += i == 4; /* one millisecond */
        lines_feed(r->lines, &e);
    }
    lines_end(r->lines);
    assert_line(r, 0, LINE_FALSE);
    assert_seen(r, 0, "maas: the chain breaks at its record 2");
    play_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(calls_are_counted_by_operation_caller_and_answer),
        test(callers_of_maas_are_known_by_their_address),
        test(certificates_of_maas_are_told_from_those_of_palette),
        test(accounts_are_those_bound_to_the_gateway),
        test(flows_are_all_tls_only_if_there_was_one),
        test(a_proxy_saw_what_it_was_asked_for_by_name_or_address),
        clause_test(a_gateway_is_ready_when_palette_has_seen_it_at_work, CLAUSE(11)),
        clause_test(a_secret_in_the_output_is_told_apart, CLAUSE(18)),
        test(silence_of_the_link_counts_from_the_first_running_on),
        test(a_program_that_is_dead_or_frozen_need_not_speak),
        test(a_stop_in_good_order_ends_with_status_zero_after_term),
        test(the_user_is_answered_when_the_last_question_is),
        test(other_items_are_another_answer),
        test(probes_match_when_every_pair_was_probed_and_fits),
        test(one_wrong_probe_is_enough),
        test(whole_evidence_is_whole),
        test(no_record_can_be_lost_without_notice),
        test(two_swapped_records_turn_the_line_red),
        test(a_dropped_packet_turns_the_line_red),
        test(a_changed_record_breaks_its_chain),
    };

    return run_tests(tests);
}
