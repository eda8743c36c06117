/* Which calls of the gateway go through the proxy: all to Palette, none to MAAS (GP-26, GP-93). */
#include "tests/test.h"

#include "tests/unit/gw_fake.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define PROXY "http://u:proxypass%40@10.9.0.3:3128"

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

static void proxy_is(struct fake *f, const char *proxy, const char *no_proxy)
{
    assert_true(text_copy(f->p.config.https_proxy, GW_URL_MAX, proxy));
    assert_true(text_copy(f->p.config.no_proxy, GW_NO_PROXY_MAX, no_proxy));
}

/* --- who goes where --------------------------------------------------------------------------- */

static void (*told)(struct play *p, const struct play_call *call);
static size_t to_palette, to_maas;
static const char *wanted;

static void judge_way(struct play *p, const struct play_call *c)
{
    if (c->target == GW_PALETTE)
        assert_text(c->call.proxy, wanted);
    else
        assert_text(c->call.proxy, "");
    to_palette += c->target == GW_PALETTE;
    to_maas += c->target == GW_MAAS;
    told(p, c);
}

/* A cluster from its create to its end, every call of it looked at. */
static void lives(struct fake *f, const char *way_to_palette)
{
    struct fake_cluster *c;

    wanted = way_to_palette;
    told = f->p.on_call;
    f->p.on_call = judge_way;
    to_palette = to_maas = 0;
    c = fake_create(f, "c1", 1);
    c->agent_comes = true;
    fake_until(f, MINUTES(30));
    assert_int_equal(fake_held(f, "c1"), 2);
    fake_delete(f, c);
    fake_until(f, HOURS(2));
    assert_int_equal(fake_held(f, "c1"), 0);
    assert_true(to_palette > 100 && to_maas > 10);
}

static void all_calls_to_palette_go_through_it_and_none_to_maas(void **state)
{
    struct fake *f = *state;

    proxy_is(f, PROXY, "10.10.0.0/24");
    lives(f, PROXY);
}

/* GP-93: the list of exceptions has no say about MAAS, neither way. */
static void maas_is_asked_straight_without_being_in_the_list(void **state)
{
    struct fake *f = *state;

    proxy_is(f, PROXY, "");
    lives(f, PROXY);
}

static void without_a_proxy_all_go_straight(void **state)
{
    struct fake *f = *state;

    proxy_is(f, "", "");
    assert_true(text_copy(f->p.config.http_proxy, GW_URL_MAX, "http://one:3128"));
    lives(f, "");
}

static void a_palette_in_the_list_is_asked_straight(void **state)
{
    static const struct {
        const char *list, *proxy;
    } table[] = {
        {"", PROXY},
        {"localhost,10.0.0.0/8", PROXY},
        {".example", ""},
        {"PALETTE.example.", ""},
        {"palette.example:443", ""},
        {"palette.example:8443", PROXY},
        {"*", ""},
    };
    struct fake *f = *state;

    for (size_t i = 0; i < COUNTOF(table); i++) {
        const struct play_call *c;

        proxy_is(f, PROXY, table[i].list);
        f->p.on_call = NULL;
        play_start(&f->p);
        c = play_find(&f->p, "/credential");
        assert_non_null(c);
        assert_text(c->call.proxy, table[i].proxy);
    }
}

static void an_address_of_palette_is_held_against_blocks(void **state)
{
    static const struct {
        const char *url, *list, *proxy;
    } table[] = {
        {"https://203.0.113.10", "203.0.113.0/24", ""},
        {"https://203.0.113.10", "203.0.114.0/24", PROXY},
        {"https://[fd00::10]:8443", "fd00::/8", ""},
        {"https://[fd00::10]:8443", "[fd00::]/64", ""},
        {"https://[fd00::10]:8443", "fe80::/10", PROXY},
        {"https://[fd00::10]:8443", "[fd00::10]:443", PROXY},
    };
    struct fake *f = *state;

    f->p.on_call = NULL;
    for (size_t i = 0; i < COUNTOF(table); i++) {
        proxy_is(f, PROXY, table[i].list);
        assert_true(text_copy(f->p.config.palette_url, GW_URL_MAX, table[i].url));
        play_start(&f->p);
        assert_text(play_find(&f->p, "/credential")->call.proxy, table[i].proxy);
    }
}

/* --- when it does not work -------------------------------------------------------------------- */

static void fails_so(struct fake *f, enum http_proxy_fault fault, int status)
{
    struct play_call *c = play_find(&f->p, "/credential");
    struct http_result r;

    assert_non_null(c);
    assert_text(c->call.proxy, PROXY); /* also the try after a failure */
    http_result_init(&r);
    r.outcome = HTTP_PROXY_FAILED;
    r.proxy_fault = fault;
    r.proxy_status = status;
    play_result(&f->p, c->ticket, &r);
    http_result_drop(&r);
    play_wait(&f->p);
}

/* One line for each kind of trouble, with back-off between tries, and never a way around. */
static void each_trouble_is_said_once_and_never_gone_around(void **state)
{
    struct fake *f = *state;

    f->p.on_call = NULL;
    proxy_is(f, PROXY, "");
    play_start(&f->p);
    fails_so(f, HTTP_PROXY_REFUSES, 0);
    fails_so(f, HTTP_PROXY_REFUSES, 0);
    fails_so(f, HTTP_PROXY_CREDENTIALS, 407);
    fails_so(f, HTTP_PROXY_CREDENTIALS, 407);
    fails_so(f, HTTP_PROXY_SILENT, 0);
    assert_true(f->p.now > SECONDS(5));
    assert_text(
        buf_text(&f->p.said),
        "credential: no answer from Palette: proxy-failed: the proxy 10.9.0.3:3128 refuses "
        "the connection; check that it runs, and its port\n"
        "credential: no answer from Palette: proxy-failed: the proxy 10.9.0.3:3128 wants "
        "other credentials (407); check user and password of the proxy's URL\n"
        "credential: no answer from Palette: proxy-failed: the proxy 10.9.0.3:3128 takes "
        "the connection and says nothing; check that a proxy listens there, and its load\n");
    play_reply(&f->p, "/credential", 200, PLAY_GRANTED);
    assert_text(play_find(&f->p, "/register")->call.proxy, PROXY);
    assert_non_null(strstr(buf_text(&f->p.said), "credential: works again\n"));
}

/* The shell's configuration never lets it through; a core that got it would have nowhere to go. */
static void a_proxy_that_cannot_be_read_is_the_end_not_a_straight_way(void **state)
{
    struct fake *f = *state;

    f->p.on_call = NULL;
    proxy_is(f, "http://u:proxypass%zz@10.9.0.3:3128", "");
    play_start(&f->p);
    assert_true(f->p.over);
    assert_int_equal(f->p.exit_code, 1);
    assert_int_equal(f->p.n_sent, 0);
}

#define story(function, ...) site_clause_test(function, stage_open, stage_close, __VA_ARGS__)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(all_calls_to_palette_go_through_it_and_none_to_maas, CLAUSE(26), CLAUSE(93), P(30)),
        story(maas_is_asked_straight_without_being_in_the_list, CLAUSE(93), P(30), F(7)),
        story(without_a_proxy_all_go_straight, CLAUSE(26)),
        story(a_palette_in_the_list_is_asked_straight),
        story(an_address_of_palette_is_held_against_blocks, CLAUSE(26)),
        story(each_trouble_is_said_once_and_never_gone_around, CLAUSE(26), F(3)),
        story(a_proxy_that_cannot_be_read_is_the_end_not_a_straight_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
