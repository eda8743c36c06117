/* Many clusters at once (GP-28), within the rates of GP-29. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/sim/crowd.h"

#include <stdio.h>
#include <string.h>

enum { SILENT = 1, OF_THE_SILENT = 40, OF_OTHERS = 16, ALL = 3 * OF_THE_SILENT };

/* One lone create of a cluster of one machine ends after so long, agent and hand-over included. */
#define LONE_MS SECONDS(605)

static size_t said(struct crowd *w, const char *line)
{
    SCOPED(buf_drop) struct buf out = {.max = MIB(1)};
    const char *at;
    char digits[24];
    int64_t n = 0;

    gw_describe(crowd_gateway(w), &out);
    at = strstr(buf_text(&out), line);
    assert_non_null(at);
    assert_true(text_copy_len(digits, sizeof digits, at + strlen(line),
                              strspn(at + strlen(line), "0123456789")));
    assert_true(text_int(digits, 0, INT32_MAX, &n));
    return (size_t)n;
}

/* Three accounts; one MAAS takes connections and says nothing. The clusters of the others end as if
 * it were not there, it is held by GW_MAAS_AT_ONCE calls and no more, and when it speaks again its
 * own clusters end too. Nobody is asked more often than GP-29 allows, and the link lives. */
static void a_maas_that_hangs_holds_up_nobody_but_its_own(void **state)
{
    const struct crowd_config config = {.n_maas = 3, .n_clusters = ALL, .seed = 1};
    struct crowd *w = crowd_new(&config);
    const ms_t from = crowd_now(w);
    struct crowd_sum others, all;

    (void)state;
    crowd_silence(w, SILENT, true);
    for (size_t i = 0; i < ALL; i++)
        if (crowd_maas_of(w, i) == SILENT || i < (size_t)3 * OF_OTHERS / 2)
            crowd_create(w, i);
    crowd_settle(w, from + HOURS(1), SILENT, &others);
    assert_int_equal(others.n, OF_OTHERS);
    assert_int_equal(others.done, OF_OTHERS);
    assert_in_range(others.last - from, SECONDS(300), LONE_MS + LONE_MS / 10);
    assert_int_equal(crowd_maas(w, SILENT)->most_at_once, 32);
    assert_int_equal(crowd_op(crowd_maas(w, SILENT), "machines.allocate"), 0);

    crowd_silence(w, SILENT, false);
    crowd_settle(w, crowd_now(w) + HOURS(1), CROWD_MAAS, &all);
    assert_int_equal(all.n, OF_OTHERS + OF_THE_SILENT);
    assert_int_equal(all.done, all.n);
    for (size_t i = 0; i < 3; i++)
        assert_in_range(crowd_maas(w, i)->most_in_span, 1, 100);
    assert_in_range(crowd_palette(w)->most_in_span, 1, 100);
    assert_in_range(crowd_beat_gap(w), SECONDS(60), SECONDS(66));
    crowd_free(w);
}

/* What a create costs MAAS (counted where it arrives): a list before anything, the image's list and
 * its record, the name's read and write, and for each machine allocate, annotate, deploy. The reads
 * of what only has to be waited for are shared: one for both machines every maasPollSeconds. */
static void a_create_costs_no_more_calls_than_it_must(void **state)
{
    const struct crowd_config config = {.n_maas = 1, .n_clusters = 1, .workers = 1, .seed = 1};
    struct crowd *w = crowd_new(&config);
    const struct crowd_server *maas = crowd_maas(w, 0);
    const ms_t from = crowd_now(w);
    struct crowd_sum all;

    (void)state;
    crowd_create(w, 0);
    crowd_settle(w, from + HOURS(1), CROWD_MAAS, &all);
    assert_int_equal(all.done, 1);
    assert_int_equal(crowd_op(maas, "machines.allocate"), 2);
    assert_int_equal(crowd_op(maas, "machines.annotate"), 2);
    assert_int_equal(crowd_op(maas, "machines.deploy"), 2);
    /* before a machine is taken, and every maasRetryMaxSeconds whether it still is what it should
     * be */
    assert_in_range(crowd_op(maas, "dnsresources.read"), 1,
                    2 + (uint64_t)((all.last - from) / SECONDS(300)));
    assert_int_equal(crowd_op(maas, "dnsresources.create"), 1);
    assert_int_equal(crowd_op(maas, "boot-resources.read"), 2);
    /* first and last look, one GET of each machine after its deploy (GP-98), and the polls */
    assert_in_range(crowd_op(maas, "machines.read"), 10,
                    2 + 2 + (uint64_t)((all.last - from) / SECONDS(15)) + 1);
    crowd_free(w);
}

static void remember(struct crowd *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char key[64], text[256];

        snprintf(key, sizeof key, "cluster.old%04zu", i);
        snprintf(text, sizeof text, "{\"uid\":\"old%04zu\",\"epoch\":2,\"revision\":7,\"claim\":1}",
                 i);
        crowd_record_add(w, key, text);
    }
}

/* A thousand that are gone stand in nobody's way, and the one more is forgotten on the disk too. */
static void a_thousand_clusters_are_remembered_and_two_hundred_can_be_at_work(void **state)
{
    const struct crowd_config config = {.n_maas = 1, .n_clusters = CROWD_CLUSTERS, .seed = 1};
    struct crowd *w = crowd_new(&config);
    const size_t own = crowd_records(w);

    (void)state;
    remember(w, GW_MEMORIES_MAX + 1);
    crowd_restart(w);
    assert_int_equal(crowd_records(w), own + GW_MEMORIES_MAX);
    assert_int_equal(said(w, "remembered: "), GW_MEMORIES_MAX);
    for (size_t i = 0; i < CROWD_CLUSTERS; i++)
        crowd_create(w, i);
    crowd_run(w, crowd_now(w) + SECONDS(90));
    assert_int_equal(crowd_op(crowd_palette(w), "claim"), CROWD_CLUSTERS);
    assert_int_equal(said(w, "remembered: "), GW_MEMORIES_MAX);
    crowd_free(w);
}

/* After forcedKeepSeconds no list from before can come any more. */
static void after_three_days_they_are_forgotten_on_the_disk_too(void **state)
{
    const struct crowd_config config = {.n_maas = 1, .n_clusters = 1, .seed = 1};
    struct crowd *w = crowd_new(&config);
    const size_t own = crowd_records(w);

    (void)state;
    remember(w, 200);
    crowd_restart(w);
    crowd_run(w, crowd_now(w) + HOURS(71));
    assert_int_equal(said(w, "remembered: "), 200);
    crowd_run(w, crowd_now(w) + HOURS(2));
    assert_int_equal(said(w, "remembered: "), 0);
    assert_int_equal(crowd_records(w), own);
    crowd_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clause_test(a_maas_that_hangs_holds_up_nobody_but_its_own, CLAUSE(28), CLAUSE(29)),
        cmocka_unit_test(a_create_costs_no_more_calls_than_it_must),
        clause_test(a_thousand_clusters_are_remembered_and_two_hundred_can_be_at_work, CLAUSE(28),
                    CLAUSE(46)),
        cmocka_unit_test(after_three_days_they_are_forgotten_on_the_disk_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
