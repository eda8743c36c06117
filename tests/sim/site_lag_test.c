/* What slow wires cost a call of the simulator, packet by packet. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/run.h"
#include "scenarios/engine/site_private.h"

#include <stdlib.h>

#define WAY_MS 400

struct trial {
    struct script script;
    struct lab lab;
    struct ev_list journal;
    struct site *site;
};

/* The gateway's host and nobody in it: its calls are ours. */
static struct trial *begin(ms_t way_ms)
{
    struct trial *x = calloc(1, sizeof *x);
    struct err e = {0};

    assert_non_null(x);
    must(story_load("scenarios", "100-install-and-register", NULL, &x->script, &e), &e);
    must(lab_load("scenarios", "nat", &x->lab, &e), &e);
    ev_list_init(&x->journal);
    x->site = site_new(&x->lab, &x->script, 1, &x->journal);
    for (size_t h = 0; h < x->lab.n_hosts; h++)
        if (text_is(x->lab.hosts[h].role, "palette"))
            x->site->lags.at[h][0].delay_ms = way_ms;
    x->site->lags.any = way_ms > 0;
    return x;
}

static void end(struct trial *x)
{
    site_free(x->site);
    ev_list_drop(&x->journal);
    free(x);
}

static void ask(struct trial *x, uint64_t ticket, ms_t patience_ms)
{
    struct http_call call;

    http_call_init(&call, "GET");
    buf_text_add(&call.url, SITE_PALETTE_URL "/v1/overlords");
    http_header_add(&call.headers, "ApiKey", x->site->api_key);
    call.timeout_ms = patience_ms;
    site_send(x->site, SITE_GATEWAY, ticket, "asks", &call);
    http_call_drop(&call);
}

/* How many requests Palette has answered, and when the last of them came. */
static size_t heard(const struct trial *x, ms_t *ret_at)
{
    size_t n = 0;

    for (size_t i = 0; i < x->journal.n; i++)
        if (ev_list_at(&x->journal, i)->kind == EV_PAL_CALL) {
            *ret_at = ev_list_at(&x->journal, i)->t;
            n++;
        }
    return n;
}

static void a_call_costs_what_its_packets_cost(void **state)
{
    struct trial *quick = begin(0), *slow = begin(WAY_MS);
    ms_t at = 0;
    (void)state;

    ask(quick, 1, SECONDS(30));
    site_run_to(quick->site, SECONDS(20));
    assert_int_equal(heard(quick, &at), 1);
    assert_int_equal(at, SITE_LATENCY_MS);
    /* SYN and its answer, two hellos, the request */
    ask(slow, 1, SECONDS(30));
    site_run_to(slow->site, SECONDS(20));
    assert_int_equal(heard(slow, &at), 1);
    assert_int_equal(at, 5 * WAY_MS + SITE_LATENCY_MS);
    /* over the same connection: the request alone */
    ask(slow, 2, SECONDS(30));
    site_run_to(slow->site, SECONDS(40));
    assert_int_equal(heard(slow, &at), 2);
    assert_int_equal(at, SECONDS(20) + WAY_MS + SITE_LATENCY_MS);
    end(quick);
    end(slow);
}

/* A gateway that gives up does not undo what it has sent, and has done nothing before that. */
static void a_request_that_was_sent_arrives_and_one_that_was_not_does_not(void **state)
{
    struct trial *x = begin(WAY_MS);
    ms_t at = 0;
    (void)state;

    ask(x, 1, 3 * WAY_MS); /* while hellos are said */
    site_run_to(x->site, SECONDS(20));
    assert_int_equal(heard(x, &at), 0);
    ask(x, 2, 4 * WAY_MS + WAY_MS / 2); /* the request is half way */
    site_run_to(x->site, SECONDS(40));
    assert_int_equal(heard(x, &at), 1);
    assert_int_equal(at, SECONDS(20) + 5 * WAY_MS + SITE_LATENCY_MS);
    end(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_call_costs_what_its_packets_cost),
        test(a_request_that_was_sent_arrives_and_one_that_was_not_does_not),
    };
    return run_tests(tests);
}
