/* The list of all that can go wrong: each row is armed by its words, strikes in a machine's life,
 * and is counted as what it is. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API "/MAAS/api/2.0/"

static void does(struct maas_site *s, const char *words)
{
    (void)maas_do(s->maas, s->m.now, words, &s->m.events);
}

static void looks(struct maas_site *s)
{
    maas_get(s, ALICE_KEY, API "zones/");
    if (m1(s))
        read_m1(s, ALICE_KEY);
    if (m1(s))
        on_m1(s, ALICE_KEY, "release", "");
}

static void asks_for_power(struct maas_site *s)
{
    char target[128];

    if (!m1(s))
        return;
    snprintf(target, sizeof(target), API "machines/%s/?op=query_power_state", m1(s)->system_id);
    maas_get(s, ALICE_KEY, target);
}

/* One piece of a machine's life, and two hours for it. */
static void lives(struct maas_site *s, const char *key, const char *op, const char *form)
{
    if (!m1(s))
        return;
    on_m1(s, key, op, form);
    if (m1(s))
        asks_for_power(s);
    for (int i = 0; i < 12; i++) {
        s->m.now += MINUTES(10);
        maas_get(s, ADMIN_KEY, API "zones/");
    }
}

static void is_alices(struct maas_site *s)
{
    does(s, "machine m1 becomes Ready");
    if (m1(s))
        allocate(s, ALICE_KEY, "name=m1");
}

static void a_whole_life(struct maas_site *s)
{
    looks(s);
    is_alices(s);
    looks(s);
    is_alices(s);
    lives(s, ALICE_KEY, "deploy", "");
    lives(s, ALICE_KEY, "release", "");
    is_alices(s);
    lives(s, ALICE_KEY, "deploy", "");
    lives(s, ALICE_KEY, "release", "erase=true");
    does(s, "machine m1 becomes Ready");
    lives(s, ADMIN_KEY, "commission", "");
    does(s, "machine m1 becomes Ready");
    lives(s, ADMIN_KEY, "test", "");
    does(s, "machine m1 becomes Ready");
    lives(s, ADMIN_KEY, "rescue_mode", "");
}

static void told_by_the_door(struct maas_site *s, const char *words)
{
    struct http_request *rq = calloc(1, sizeof(*rq));
    const struct http_ctx ctx = {
        .now = s->m.now, .peer = "127.0.0.1", .scheme = "http", .authority = "", .door = 1};
    struct http_reply rp;

    assert_non_null(rq);
    http_reply_init(&rp);
    buf_init(&rq->body, KIB(1));
    buf_text_add(&rq->body, words);
    text_copy(rq->method, sizeof(rq->method), "POST");
    text_copy(rq->path, sizeof(rq->path), "/control");
    maas_handle(s->maas, &ctx, rq, &rp);
    if (rp.status != 200)
        fail_msg("'%s': %d %s", words, rp.status, buf_text(&rp.body));
    buf_drop(&rq->body);
    free(rq);
    http_reply_drop(&rp);
}

static void each_row_is_armed_by_its_words_and_by_no_others(void **state)
{
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    (void)state;
    assert_true(n >= 40);
    for (size_t i = 0; i < n; i++) {
        struct maas_site *s;
        void *site;

        assert_int_equal(maas_site_setup(&site), 0);
        s = site;
        told_by_the_door(s, list[i].words);
        for (size_t k = 0; k < n; k++) {
            const struct maas_tally t = maas_misdeed_tally(s->maas, k);

            if (t.armed != (k == i))
                fail_msg("'%s': %s is armed %d times", list[i].words, list[k].name, (int)t.armed);
        }
        maas_site_teardown(&site);
    }
}

/* Only the door knows whom it showed what. */
static bool is_the_doors(const struct maas_misdeed *row)
{
    return text_begins(row->name, "certificate-");
}

static uint64_t fired(const struct maas_site *s, size_t row)
{
    return maas_misdeed_tally(s->maas, row).fired;
}

static void each_row_strikes_in_a_machines_life(void **state)
{
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct maas_site *s;
        void *site;

        assert_int_equal(maas_site_setup(&site), 0);
        s = site;
        told_by_the_door(s, list[i].words);
        a_whole_life(s);
        if ((fired(s, i) == 0) != (is_the_doors(&list[i]) || text_is(list[i].name, "refuses")))
            fail_msg("'%s' struck %d times", list[i].words, (int)fired(s, i));
        maas_site_teardown(&site);
    }
}

static void what_a_client_meets_at_the_door_is_counted_by_its_row(void **state)
{
    struct maas_site *s = *state;
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    for (size_t i = 0; i < n; i++) {
        if (!is_the_doors(&list[i]))
            continue;
        assert_int_equal(fired(s, i), 0);
        maas_met(s->maas, s->m.now, list[i].name, &s->m.events);
        assert_int_equal(fired(s, i), 1);
    }
}

/* On the page, and as a figure: that it was armed, and no number of those who were refused. */
static void whom_the_kernel_refused_is_not_told_as_nobody(void **state)
{
    struct maas_site *s = *state;
    struct http_reply rp;

    told_by_the_door(s, "refuses for 1m");
    http_reply_init(&rp);
    assert_true(maas_page(s->maas, s->m.now, "/", &rp));
    assert_non_null(strstr(buf_text(&rp.body), "<td>refuses<td>armed 1<td>fired: not told\n"));
    assert_true(maas_page(s->maas, s->m.now, "/metrics", &rp));
    assert_non_null(strstr(buf_text(&rp.body), "armed_total{kind=\"refuses\"} 1\n"));
    assert_null(strstr(buf_text(&rp.body), "fired_total{kind=\"refuses\"}"));
    http_reply_drop(&rp);
}

static void nothing_strikes_that_was_not_armed(void **state)
{
    struct maas_site *s = *state;
    const struct maas_misdeed *list;
    const size_t n = maas_misdeeds(&list);

    a_whole_life(s);
    for (size_t i = 0; i < n; i++)
        if (maas_misdeed_tally(s->maas, i).fired)
            fail_msg("%s struck", list[i].name);
}

static void a_seed_draws_which_answers_suffer(void **state)
{
    struct maas_site *s = *state;
    size_t struck = 0;

    does(s, "resets zones.read one in 5");
    for (int i = 0; i < 200; i++) {
        maas_get(s, ALICE_KEY, API "zones/");
        struck += s->t.rp.wire.reset;
    }
    assert_in_range(struck, 15, 80);
    assert_int_equal(s->maas->misdeeds[1].fired, struck);
}

/* 32 places, and a run of days arms more than that. */
static void a_spent_fault_gives_its_place_to_the_next(void **state)
{
    struct maas_site *s = *state;

    for (int i = 0; i < 3 * MAAS_FAULTS_MAX; i++) {
        assert_true(
            maas_do(s->maas, s->m.now, "answers zones.read with 503 1 times", &s->m.events));
        assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 503);
        assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
    }
}

static size_t rows_with(const char *page, const char *word)
{
    size_t n = 0;

    for (; (page = strstr(page, word)) != NULL; page += strlen(word))
        n++;
    return n;
}

static void the_page_keeps_the_last_exchanges_only(void **state)
{
    struct maas_site *s = *state;
    struct http_reply rp;

    for (int i = 0; i < 3 * MAAS_SEEN_MAX; i++)
        maas_get(s, ALICE_KEY, API "zones/");
    maas_get(s, BOB_KEY, API "fabrics/");
    http_reply_init(&rp);
    assert_true(maas_page(s->maas, s->m.now, "/", &rp));
    assert_int_equal(rows_with(buf_text(&rp.body), "zones.read"), MAAS_SEEN_MAX - 1);
    assert_int_equal(rows_with(buf_text(&rp.body), "fabrics.read<td><td>bob<td>200"), 1);
    assert_null(strstr(buf_text(&rp.body), ALICE_SECRET));
    assert_false(maas_page(s->maas, s->m.now, "/keys", &rp));
    http_reply_drop(&rp);
}

int main(void)
{
#define MISDEED_TEST(name)                                                                         \
    cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_armed_by_its_words_and_by_no_others),
        cmocka_unit_test(each_row_strikes_in_a_machines_life),
        MISDEED_TEST(what_a_client_meets_at_the_door_is_counted_by_its_row),
        MISDEED_TEST(whom_the_kernel_refused_is_not_told_as_nobody),
        MISDEED_TEST(nothing_strikes_that_was_not_armed),
        MISDEED_TEST(a_seed_draws_which_answers_suffer),
        MISDEED_TEST(a_spent_fault_gives_its_place_to_the_next),
        MISDEED_TEST(the_page_keeps_the_last_exchanges_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
