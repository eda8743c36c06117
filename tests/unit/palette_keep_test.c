/* What survives the death of a mock-palette: the tables against the structs, and a life with many
 * deaths. That nothing is forgotten by a request is looked at in all tests of the model
 * (palette_site.c). */
#include "tests/test.h"

#include "lib/base/text.h"
#include "mock-palette/keep.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- each field ------------------------------------------------------------------------------- */

/* Marks the bytes that fields hold. */
static void cover(const struct keep_field *fields, size_t n, size_t base, uint8_t *covered)
{
    for (size_t i = 0; i < n; i++) {
        const struct keep_field *f = &fields[i];
        const size_t at = base + f->offset;

        if (f->kind == KEEP_RECORD)
            cover(f->fields, f->n_fields, at, covered);
        else if (f->kind == KEEP_LIST)
            memset(covered + at, 1, sizeof(void *));
        else
            memset(covered + at, 1, f->kind == KEEP_ARRAY ? f->size * f->max : f->size);
        if (f->kind == KEEP_ARRAY || f->kind == KEEP_LIST)
            memset(covered + base + f->n_offset, 1, sizeof(size_t));
    }
}

/* Bytes that no field holds, but for holes that the alignment of the next one makes. */
static size_t bytes_missed(const struct keep_field *fields, size_t n, size_t size, size_t from)
{
    uint8_t *covered = calloc(1, size);
    size_t missed = 0;

    cover(fields, n, 0, covered);
    for (size_t i = from; i < size; i++) {
        size_t end = i;

        while (end < size && !covered[end])
            end++;
        if (end - i >= 8 || (end > i && end % 4 != 0))
            missed += end - i;
        if (end > i)
            i = end;
    }
    free(covered);
    return missed;
}

static void elements_hold_all(const struct keep_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct keep_field *f = &fields[i];

        if (!f->fields)
            continue;
        if (bytes_missed(f->fields, f->n_fields, f->size, 0) > 0)
            fail_msg("%s: a member is in no row of its table", f->name);
        elements_hold_all(f->fields, f->n_fields);
    }
}

/* What has no row is at the begin of a gateway (of, told), and in a cluster (i; and at its end
 * ajar, a rogue's affair of this run). */
static void every_member_has_a_row(void **state)
{
    (void)state;
    for (enum pal_keep t = PAL_KEEP_GATEWAYS; t < PAL_KEEP_TABLES; t++) {
        const struct keep_rows *r = &keep_tables[t];
        const size_t known = t == PAL_KEEP_CLUSTERS ? 2 * sizeof(size_t) : 0;
        const size_t from = t == PAL_KEEP_GATEWAYS ? offsetof(struct pal_gateway, uid) : 0;

        if (bytes_missed(r->fields, r->n_fields, r->size, from) != known)
            fail_msg("%s: a member is in no row of its table", r->name);
        elements_hold_all(r->fields, r->n_fields);
    }
}

static void damaged_rows_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"nothing/0", ""},
        {"gateway", ""},
        {"gateway/99999999", ""},
        {"gateway/-1", ""},
        {"gateway/0", "uid:24:short\n"},
        {"gateway/0", "uid:-1:\n"},
        {"gateway/0", "uid"},
        {"gateway/0", "revision:3:abc\n"},
        {"gateway/0", "secret:3:abc\n"},
        {"cluster/0", "pools:9:-:3:xxx\n\n\n"},
        {"cluster/0", "life:12:epoch:99:1\n\n"},
        {"cluster/0", "life:10:stage:1:6\n\n"},
        {"cluster/0", "life:11:stage:2:-1\n\n"},
        {"cluster/0", "machines:13:-:8:uid:1:a\n\n\nmachines:13:-:8:uid:1:b\n\n\n"},
        {"gateway/0", "state:1:4\n"},
        {"doc/0", "spec:1:a\nspec:1:b\n"},
    };
    const struct palette_config c = {.seed = 1, .factor = 1, .api_key = API_KEY};

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct palette *p = palette_new(&c);
        struct err e = {0};

        if (palette_row_take(p, 0, rows[i][0], rows[i][1], strlen(rows[i][1]), &e) == 0)
            fail_msg("taken: %s %s", rows[i][0], rows[i][1]);
        assert_true(e.text[0]);
        palette_free(p);
    }
}

static void rows_that_do_not_fit_together_are_refused(void **state)
{
    static const char row[] = "uid:1:x\ngateway_i:1:5\n";
    const struct palette_config c = {.seed = 1, .factor = 1, .api_key = API_KEY};
    struct palette *p = palette_new(&c);
    struct err e = {0};

    (void)state;
    must(palette_row_take(p, 0, "cluster/0", row, strlen(row), &e), &e);
    assert_true(palette_resume(p, &e) < 0);
    palette_free(p);
}

/* --- a life ----------------------------------------------------------------------------------- */

/* Before each request of a whole life Palette dies once. Nobody it speaks with can tell. */
static void a_cluster_s_life_goes_on_over_deaths(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;

    assert_int_equal(cluster_create(c, "c1", 1), 201);
    palette_dies(s);
    cluster_item(c);
    palette_dies(s);
    assert_int_equal(claim(c, 1, 1), 200);
    palette_dies(s);
    assert_int_equal(machine_post(c, 1, "cp", "aaa111"), 201);
    palette_dies(s);
    assert_int_equal(machine_post(c, 1, "workers", "bbb222"), 201);
    palette_dies(s);
    assert_int_equal(hello(c, "aaa111", "init"), 200);
    palette_dies(s);
    assert_int_equal(beat(c), 204);
    palette_dies(s);
    assert_int_equal(handover(c, 1, 1, 2, BOTH), 200);
    palette_dies(s);
    assert_int_equal(handover(c, 1, 1, 2, BOTH), 200); /* the copy of the offer is known */
    palette_dies(s);
    assert_int_equal(beat(c), 204);
    assert_int_equal(claim(c, 1, 1), 409);
}

/* The lease is never shorter than it was: else the machines would be taken from a cluster that
 * still acts. */
static void a_lease_does_not_end_sooner_by_a_death(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;
    struct pal_cluster *cluster;
    ms_t before;

    cluster_running(c, 1);
    palette_pass(s, SECONDS(100));
    assert_int_equal(beat(c), 204);
    palette_pass(s, SECONDS(17));
    cluster = pal_cluster_find(s->palette, c->uid);
    before = cluster->life.agent_last;
    palette_dies(s);
    cluster = pal_cluster_find(s->palette, c->uid);
    assert_true(cluster->life.agent_last >= before);
    assert_true(cluster->life.agent_last <= s->m.now);
    assert_true(cluster->life.agent_last < before + KEEP_STEP_MS);
}

/* A gateway that waits goes on with the cursor it has, and hears of the next change. */
static void a_cursor_is_good_after_a_death(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;
    char path[256];

    assert_int_equal(palette_feed(s), 200);
    palette_dies(s);
    snprintf(path, sizeof(path), "/v1/x-gp/pcg/%s/feed?cursor=%s", s->uid, s->cursor);
    gateway(s, "GET", path, NULL);
    assert_true(s->t.parked);
    assert_int_equal(cluster_create(c, "c9", 0), 201);
    gateway(s, "GET", path, NULL);
    assert_int_equal(s->t.rp.status, 200);
}

static int asks_with(struct palette *p, const char *key)
{
    char headers[160];
    struct mock m;
    struct talk t;
    int status;

    mock_init(&m);
    m.app = p;
    m.handle = palette_handle;
    talk_init(&t);
    snprintf(headers, sizeof(headers), "ApiKey: %s\n", key);
    talk_ask(&m, &t, "GET", "/v1/overlords", headers, NULL);
    status = t.rp.status;
    talk_drop(&t);
    mock_drop(&m);
    return status;
}

/* What a user copied from the first greeting works after a restart; what was chosen is never kept,
 * and ends what was drawn. */
static void a_drawn_api_key_goes_on_and_a_chosen_one_replaces_it(void **state)
{
    static const struct {
        const char *api_key; /* of this start */
        bool drawn;
        const char *good, *bad;
    } starts[] = {{"drawn-1", true, "drawn-1", "drawn-2"},
                  {"drawn-2", true, "drawn-1", "drawn-2"},
                  {"chosen", false, "chosen", "drawn-1"},
                  {"drawn-3", true, "drawn-3", "drawn-1"},
                  {"drawn-4", true, "drawn-3", "drawn-4"}};
    struct shadow shadow = {0};

    (void)state;
    for (size_t i = 0; i < COUNTOF(starts); i++) {
        struct palette_config c = {
            .seed = 1, .factor = 1, .keep = true, .api_key_drawn = starts[i].drawn};
        struct palette *p;

        text_copy(c.api_key, sizeof(c.api_key), starts[i].api_key);
        p = shadow_resume(&shadow, &c, 0);
        assert_int_equal(asks_with(p, starts[i].good), 200);
        assert_int_equal(asks_with(p, starts[i].bad), 401);
        assert_text(palette_drawn_key(p), starts[i].drawn ? starts[i].good : "");
        shadow_look(&shadow, p);
        palette_free(p);
    }
    shadow_drop(&shadow);
}

/* With loss: a Palette that was put back to an older copy refuses what it does not know. */
static void what_was_lost_is_refused(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;

    palette_free(s->palette);
    s->m.app = s->palette = palette_new(&s->config);
    assert_int_equal(palette_beat(s), 401);
    (void)c;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_has_a_row),
        cmocka_unit_test(damaged_rows_are_refused),
        cmocka_unit_test(rows_that_do_not_fit_together_are_refused),
        CLUSTER_TEST(a_cluster_s_life_goes_on_over_deaths),
        CLUSTER_TEST(a_lease_does_not_end_sooner_by_a_death),
        CLUSTER_TEST(a_cursor_is_good_after_a_death),
        cmocka_unit_test(a_drawn_api_key_goes_on_and_a_chosen_one_replaces_it),
        CLUSTER_TEST(what_was_lost_is_refused),
    };

    return run_tests(tests);
}
