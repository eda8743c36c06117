#include "tests/test.h"

#include "lib/io/dns.h"
#include "tests/wire/raw_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct loop *loop;
    struct dns *dns;
    struct raw_dns server;
    struct loop_timer *patience;
    bool out_of_patience;
    size_t n_answers, n_addresses;
    char first[DNS_ADDRESS_MAX], why[128];
};

static void on_patience(void *arg)
{
    ((struct fixture *)arg)->out_of_patience = true;
}

static void on_answer(void *arg, char (*addresses)[DNS_ADDRESS_MAX], size_t n, const char *why)
{
    struct fixture *f = arg;

    f->n_answers++;
    f->n_addresses = n;
    snprintf(f->first, sizeof(f->first), "%s", n ? addresses[0] : "");
    snprintf(f->why, sizeof(f->why), "%s", n ? "" : why);
}

static int begin(void **state, struct loop *loop)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    char server[64];

    f->loop = loop;
    must(dns_new(&f->dns, f->loop, &e), &e);
    f->server.names[0].name = "palette.example";
    f->server.names[0].ipv4 = "203.0.113.10";
    f->server.names[0].ttl_s = 30;
    raw_dns_start(&f->server, f->loop);
    snprintf(server, sizeof(server), "127.0.0.1:%d", f->server.port);
    must(dns_servers(f->dns, server, &e), &e);
    f->patience = loop_timer_new(f->loop, on_patience, f);
    loop_timer_set(f->patience, loop_now(f->loop) + SECONDS(20));
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    struct loop *loop = NULL;
    struct err e;

    must(loop_new(&loop, NULL, &e), &e);
    return begin(state, loop);
}

static int set_up_jumping(void **state)
{
    return begin(state, raw_clock_loop());
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    loop_timer_free(&f->patience);
    dns_free(f->dns);
    raw_dns_stop(&f->server);
    loop_free(f->loop);
    raw_clock_stop();
    free(f);
    return 0;
}

static void until_answers(struct fixture *f, size_t n)
{
    while (f->n_answers < n && !f->out_of_patience)
        loop_once(f->loop);
    assert_int_equal(f->n_answers, n);
}

static void a_name_becomes_an_address(void **state)
{
    struct fixture *f = *state;

    dns_lookup(f->dns, "palette.example", on_answer, f);
    assert_int_equal(f->n_answers, 0);
    until_answers(f, 1);
    assert_int_equal(f->n_addresses, 1);
    assert_text(f->first, "203.0.113.10");
}

/* Nobody may be called back from within dns_lookup: callers set their pointer after it. */
static void a_literal_answers_from_the_loop_without_a_question(void **state)
{
    struct fixture *f = *state;

    dns_lookup(f->dns, "10.10.0.3", on_answer, f);
    assert_int_equal(f->n_answers, 0);
    until_answers(f, 1);
    assert_text(f->first, "10.10.0.3");
    dns_lookup(f->dns, "fd00::1", on_answer, f);
    until_answers(f, 2);
    assert_text(f->first, "fd00::1");
    assert_int_equal(f->server.n_questions, 0);
}

static void an_unknown_name_says_why(void **state)
{
    struct fixture *f = *state;

    dns_lookup(f->dns, "nobody.example.", on_answer, f);
    until_answers(f, 1);
    assert_int_equal(f->n_addresses, 0);
    assert_true(*f->why);
}

static void an_empty_or_endless_name_is_refused_not_asked(void **state)
{
    struct fixture *f = *state;
    char endless[400];

    memset(endless, 'a', sizeof(endless));
    endless[sizeof(endless) - 1] = 0;
    dns_lookup(f->dns, "", on_answer, f);
    until_answers(f, 1);
    assert_int_equal(f->n_addresses, 0);
    dns_lookup(f->dns, endless, on_answer, f);
    until_answers(f, 2);
    assert_int_equal(f->n_addresses, 0);
    assert_int_equal(f->server.n_questions, 0);
}

static void an_answer_is_kept_until_it_is_forgotten(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 1; i <= 3; i++) {
        dns_lookup(f->dns, "palette.example", on_answer, f);
        until_answers(f, i);
    }
    assert_int_equal(f->server.n_questions, 1);
    f->server.names[0].ipv4 = "203.0.113.11";
    dns_forget(f->dns, "PALETTE.example");
    dns_lookup(f->dns, "palette.example", on_answer, f);
    until_answers(f, 4);
    assert_int_equal(f->server.n_questions, 2);
    assert_text(f->first, "203.0.113.11");
}

static void an_answer_without_time_to_live_is_asked_again(void **state)
{
    struct fixture *f = *state;

    f->server.names[0].ttl_s = 0;
    dns_lookup(f->dns, "palette.example", on_answer, f);
    until_answers(f, 1);
    dns_lookup(f->dns, "palette.example", on_answer, f);
    until_answers(f, 2);
    assert_int_equal(f->server.n_questions, 2);
}

static void a_cancelled_question_never_calls_back(void **state)
{
    struct fixture *f = *state;
    struct dns_ask *asked = dns_lookup(f->dns, "palette.example", on_answer, f);
    struct dns_ask *literal = dns_lookup(f->dns, "10.0.0.1", on_answer, f);

    dns_cancel(&asked);
    dns_cancel(&literal);
    assert_null(asked);
    dns_cancel(&asked);
    dns_lookup(f->dns, "palette.example", on_answer, f);
    until_answers(f, 1);
    assert_text(f->first, "203.0.113.10");
}

/* The resolver's own patience is a timer of the loop: nothing of it waits anywhere else. */
static void a_silent_server_ends_in_an_answer(void **state)
{
    struct fixture *f = *state;

    f->server.silent = true;
    dns_lookup(f->dns, "palette.example.", on_answer, f);
    until_answers(f, 1);
    assert_int_equal(f->n_addresses, 0);
    assert_int_equal(f->server.n_questions, DNS_TRIES);
}

static void questions_in_flight_end_with_the_resolver(void **state)
{
    struct fixture *f = *state;

    f->server.silent = true;
    dns_lookup(f->dns, "palette.example", on_answer, f);
    loop_once(f->loop);
    assert_int_equal(f->n_answers, 0);
}

static void a_wrong_list_of_servers_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_int_equal(dns_servers(f->dns, "not-an-address", &e), -EINVAL);
}

#define story(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_name_becomes_an_address),
        story(a_literal_answers_from_the_loop_without_a_question),
        story(an_unknown_name_says_why),
        story(an_empty_or_endless_name_is_refused_not_asked),
        story(an_answer_is_kept_until_it_is_forgotten),
        story(an_answer_without_time_to_live_is_asked_again),
        story(a_cancelled_question_never_calls_back),
        cmocka_unit_test_setup_teardown(a_silent_server_ends_in_an_answer, set_up_jumping,
                                        tear_down),
        story(questions_in_flight_end_with_the_resolver),
        story(a_wrong_list_of_servers_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
