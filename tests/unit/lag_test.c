#include "tests/test.h"

#include "lib/io/file.h"
#include "scenarios/engine/lag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_nat(const char *instead, struct lab *ret, struct err *e)
{
    static const char link[] = "{\"zone\": \"private\", \"address\": \"10.10.0.2\"}";
    struct buf b, text;
    buf_init(&b, KIB(256));
    buf_init(&text, KIB(256));
    must(file_read("scenarios/labs/nat.json", &b, e), e);
    const char *at = strstr(buf_text(&b), link);
    assert_non_null(at);
    buf_add(&text, b.data, (size_t)(at - buf_text(&b)));
    buf_text_add(&text, instead[0] != '\0' ? instead : link);
    buf_text_add(&text, at + strlen(link));
    int r = lab_read("nat.json", buf_text(&text), text.len, ret, e);
    buf_drop(&b);
    buf_drop(&text);
    return r;
}

static struct lab *nat(const char *instead)
{
    struct lab *l = calloc(1, sizeof(*l));
    struct err e = {0};
    assert_non_null(l);
    must(read_nat(instead, l, &e), &e);
    return l;
}

static bool act(struct lags *g, const struct lab *l, const char *text)
{
    char story[512];
    struct script *s = calloc(1, sizeof(*s));
    struct err e = {0};
    assert_non_null(s);
    snprintf(story, sizeof(story),
             "scenario \"x\"\nstages sim\nsite shape nat\nat 0s %s\n"
             "by 1m gateway is Running [REG-1]\nrun 1h\n",
             text);
    must(script_read("x.scn", story, NULL, s, &e), &e);
    bool done = lags_act(g, l, &s->lines[1]);
    free(s);
    return done;
}

static const struct lag *of(const struct lags *g, const struct lab *l, const char *role)
{
    return &g->at[lab_role(l, role) - l->hosts][0];
}

static void a_wire_costs_what_the_file_says_until_a_story_says_otherwise(void **state)
{
    struct lab *l = nat("{\"zone\": \"private\", \"address\": \"10.10.0.2\", \"delay_ms\": 40, "
                        "\"loss_percent\": 2}");
    struct lags g;
    (void)state;
    lags_init(&g, l);
    assert_true(g.any);
    assert_int_equal(of(&g, l, "gateway")->delay_ms, 40);
    assert_int_equal(of(&g, l, "gateway")->loss_percent, 2);
    assert_int_equal(of(&g, l, "maas")->delay_ms, 0);
    assert_true(act(&g, l, "wire gateway delays 0ms"));
    assert_true(g.any);
    assert_true(act(&g, l, "wire gateway loses 0%"));
    assert_false(g.any);
    assert_true(act(&g, l, "wire palette delays 2s"));
    assert_int_equal(of(&g, l, "palette")->delay_ms, 2000);
    assert_int_equal(of(&g, l, "user")->delay_ms, 0);
    free(l);
}

/* Beyond these bounds no call would ever end, and the reason would look like the gateway's. */
static void what_no_line_costs_is_refused_with_its_place(void **state)
{
    struct lab *l = calloc(1, sizeof(*l));
    struct err e = {0};
    ms_t ms = 7;
    int64_t percent = 7;
    (void)state;
    assert_non_null(l);
    assert_true(read_nat("{\"zone\": \"private\", \"address\": \"10.10.0.2\", \"delay_ms\": 5001}",
                         l, &e) < 0);
    assert_non_null(strstr(e.text, "nat.json: hosts[0].links[0].delay_ms"));
    assert_non_null(strstr(e.text, "5000"));
    assert_true(
        read_nat("{\"zone\": \"private\", \"address\": \"10.10.0.2\", \"loss_percent\": 51}", l,
                 &e) < 0);
    assert_non_null(strstr(e.text, "nat.json: hosts[0].links[0].loss_percent"));
    assert_false(lag_delay_read("5001ms", &ms));
    assert_false(lag_delay_read("6s", &ms));
    assert_false(lag_delay_read("ms", &ms));
    assert_false(lag_loss_read("51%", &percent));
    assert_false(lag_loss_read("5", &percent));
    assert_false(lag_loss_read("%", &percent));
    assert_int_equal(ms, 7);
    assert_int_equal(percent, 7);
    free(l);
}

/* A wire that loses nothing draws nothing: a story with slow wires only is the same with any seed.
 */
static void delay_alone_is_never_drawn(void **state)
{
    const struct lag g = {.delay_ms = 300};
    struct rng r, same;
    (void)state;
    rng_seed(&r, 1);
    same = r;
    assert_int_equal(lag_draw(&g, LAG_BEGINS, &r), 300);
    assert_int_equal(lag_draw(&g, LAG_DATA, &r), 300);
    assert_memory_equal(&r, &same, sizeof(r));
}

static void what_is_lost_comes_later_by_the_waits_of_tcp_and_comes(void **state)
{
    const struct lag g = {.delay_ms = 10, .loss_percent = 50};
    size_t late = 0, n = 10000;
    struct rng r;
    (void)state;
    rng_seed(&r, 1);
    for (size_t i = 0; i < n; i++) {
        const ms_t data = lag_draw(&g, LAG_DATA, &r) - 10, syn = lag_draw(&g, LAG_BEGINS, &r) - 10;
        late += data > 0;
        /* 0, 200, 600, 1400, …: the sum of waits that double */
        assert_true(data % 200 == 0 && ((data / 200 + 1) & (data / 200)) == 0);
        assert_true(syn % 1000 == 0 && ((syn / 1000 + 1) & (syn / 1000)) == 0);
        assert_true(data <= 6200 && syn <= 31000);
        assert_int_equal(lag_draw(&g, LAG_WORD, &r), 10);
    }
    assert_true(late > n * 48 / 100 && late < n * 52 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_wire_costs_what_the_file_says_until_a_story_says_otherwise),
        test(what_no_line_costs_is_refused_with_its_place),
        test(delay_alone_is_never_drawn),
        test(what_is_lost_comes_later_by_the_waits_of_tcp_and_comes),
    };
    return run_tests(tests);
}
