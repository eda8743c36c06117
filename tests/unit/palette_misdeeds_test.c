/* Everything that can go wrong with a Palette, row by row: it is armed by its words and by no
 * others, it strikes in a gateway's day, and it is counted. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "scenarios/engine/script.h"
#include "scenarios/engine/verbs.h"
#include "tests/unit/palette_cluster_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* UID in a row's words is the gateway's. */
static void arm(struct palette_site *s, const char *words)
{
    const char *hole = strstr(words, "UID");
    char own[128];

    if (hole)
        snprintf(own, sizeof(own), "%.*s%s%s", (int)(hole - words), words, s->uid, hole + 3);
    if (!palette_wish(s, hole ? own : words))
        fail_msg("'%s' cannot be done", words);
}

/* Heartbeats, lists with and without news, reads of a user: what each row can hit. */
static void a_day(struct cluster_site *c)
{
    struct palette_site *s = c->s;
    char path[256];

    for (int i = 0; i < 12; i++)
        palette_beat(s);
    palette_feed(s);
    cluster_create(c, "c1", 1);
    cluster_create(c, "c2", 0);
    palette_feed(s);
    snprintf(path, sizeof(path), "/v1/x-gp/pcg/%s/feed?cursor=%s", s->uid, s->cursor);
    gateway(s, "GET", path, NULL);
    palette_feed(s);
    user(s, "GET", "/v1/overlords", NULL);
    user(s, "GET", "/v1/cloudaccounts/maas", NULL);
}

static void each_row_is_armed_by_its_words_and_by_no_others(void **state)
{
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    (void)state;
    assert_true(n >= 38);
    for (size_t i = 0; i < n; i++) {
        struct cluster_site *c;
        void *site;

        assert_int_equal(cluster_site_setup(&site), 0);
        c = site;
        arm(c->s, list[i].words);
        for (size_t k = 0; k < n; k++)
            if (palette_misdeed_tally(c->s->palette, k).armed != (k == i))
                fail_msg("'%s': %s is armed %d times", list[i].words, list[k].name,
                         (int)palette_misdeed_tally(c->s->palette, k).armed);
        assert_int_equal(mock_count(&c->s->m, EV_FAULT, EVF_KIND, "armed"), 1);
        cluster_site_teardown(&site);
    }
}

/* Only the door knows who was shown what, and whom it threw out. */
static bool is_the_doors(const struct palette_misdeed *row)
{
    return text_begins(row->name, "certificate-") || text_is(row->name, "connections-dropped");
}

static void each_row_strikes_in_a_gateways_day_and_is_counted(void **state)
{
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct cluster_site *c;
        uint64_t fired;
        void *site;

        assert_int_equal(cluster_site_setup(&site), 0);
        c = site;
        arm(c->s, list[i].words);
        a_day(c);
        fired = palette_misdeed_tally(c->s->palette, i).fired;
        if (is_the_doors(&list[i])) {
            assert_int_equal(fired, 0);
            palette_met(c->s->palette, c->s->m.now, list[i].name, &c->s->m.events);
            fired = palette_misdeed_tally(c->s->palette, i).fired;
        }
        if ((fired == 0) != text_is(list[i].name, "refuses") ||
            mock_count(&c->s->m, EV_FAULT, EVF_KIND, "fired") != fired)
            fail_msg("'%s' struck %d times, and the journal knows of %d", list[i].words, (int)fired,
                     (int)mock_count(&c->s->m, EV_FAULT, EVF_KIND, "fired"));
        cluster_site_teardown(&site);
    }
}

static void shows(const struct palette_site *s, const char *path, struct http_reply *rp)
{
    const struct http_ctx ctx = {
        .now = s->m.now, .peer = "127.0.0.1", .scheme = "http", .authority = "", .door = 1};
    struct http_request *rq = calloc(1, sizeof(*rq));

    assert_non_null(rq);
    text_copy(rq->method, sizeof(rq->method), "GET");
    text_copy(rq->path, sizeof(rq->path), path);
    palette_control(s->palette, &ctx, rq, rp);
    assert_int_equal(rp->status, 200);
    free(rq);
}

/* On the page, and as a figure: that it was armed, and no number of those who were refused. */
static void whom_the_kernel_refused_is_not_told_as_nobody(void **state)
{
    struct cluster_site *c = *state;
    struct http_reply rp;

    assert_true(palette_wish(c->s, "refuses for 1m"));
    http_reply_init(&rp);
    shows(c->s, "/", &rp);
    assert_non_null(strstr(buf_text(&rp.body), "<td>refuses<td>1<td>not told\n"));
    shows(c->s, "/metrics", &rp);
    assert_non_null(strstr(buf_text(&rp.body), "armed_total{kind=\"refuses\"} 1\n"));
    assert_null(strstr(buf_text(&rp.body), "fired_total{kind=\"refuses\"}"));
    http_reply_drop(&rp);
}

static void nothing_strikes_that_was_not_armed(void **state)
{
    struct cluster_site *c = *state;
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    a_day(c);
    for (size_t i = 0; i < n; i++)
        if (palette_misdeed_tally(c->s->palette, i).fired)
            fail_msg("%s struck", list[i].name);
    assert_int_equal(mock_count(&c->s->m, EV_FAULT, EVF_KIND, NULL), 0);
}

static void each_row_can_be_said_in_a_story(void **state)
{
    struct script *script = calloc(1, sizeof(*script));
    const struct palette_misdeed *list;
    const size_t n = palette_misdeeds(&list);

    (void)state;
    assert_non_null(script);
    for (size_t i = 0; i < n; i++) {
        char text[256];
        struct err e = {0};

        snprintf(text, sizeof(text),
                 "scenario \"x\"\nat 0s palette misbehaves %s\nnever secret seen\nrun 1h\n",
                 list[i].words);
        must(script_read("x.scn", text, NULL, script, &e), &e);
        assert_text(script->lines[0].verb->id, "palette.misbehaves");
        assert_text(script->lines[0].args[0], list[i].words);
    }
    free(script);
}

/* What the sender of the answer is told, by the words alone. */
static void the_wire_suffers_as_it_was_said(void **state)
{
    static const struct {
        const char *words;
        struct http_wire wire;
    } rows[] = {
        {"resets beat", {.on = true, .reset = true}},
        {"doubles beat", {.on = true, .twice = true}},
        {"cuts beat at 20", {.on = true, .cut = true, .cut_at = 20}},
        {"misses beat by 7", {.on = true, .length_off = 7}},
        {"misses beat by -7", {.on = true, .length_off = -7}},
        {"delays beat by 40s", {.on = true, .late_ms = SECONDS(40)}},
        {"trickles beat 16 each 1s", {.on = true, .slow_bytes = 16, .slow_ms = SECONDS(1)}},
        {"drips beat 16 each 1s",
         {.on = true, .slow_body = true, .slow_bytes = 16, .slow_ms = SECONDS(1)}},
    };
    struct cluster_site *c = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        assert_true(palette_wish(c->s, rows[i].words));
        assert_int_equal(palette_beat(c->s), 204); /* it was done */
        assert_memory_equal(&c->s->t.rp.wire, &rows[i].wire, sizeof(rows[i].wire));
        assert_int_equal(palette_beat(c->s), 204);
        assert_false(c->s->t.rp.wire.on);
    }
}

static void a_silent_palette_does_nothing_until_its_time_is_over(void **state)
{
    struct cluster_site *c = *state;
    struct palette_site *s = c->s;

    assert_true(palette_wish(s, "is silent to cluster-create for 1m"));
    cluster_create(c, "c1", 0);
    assert_true(s->t.rp.hang);
    palette_pass(s, SECONDS(59));
    cluster_create(c, "c1", 0);
    assert_true(s->t.rp.hang);
    palette_pass(s, SECONDS(2));
    assert_int_equal(cluster_create(c, "c1", 0), 201);
    assert_false(s->t.rp.hang);
}

/* The answer is the listener's to refuse, and the certificate its to show. */
static void what_is_the_doors_business_is_told_to_the_door(void **state)
{
    static const struct {
        const char *words;
        enum http_certificate certificate;
    } rows[] = {{"certificate renewed", HTTP_CERT_RENEWED},
                {"certificate expired", HTTP_CERT_EXPIRED},
                {"certificate wrong-name", HTTP_CERT_WRONG_NAME},
                {"certificate wrong-authority", HTTP_CERT_WRONG_AUTHORITY},
                {"certificate own", HTTP_CERT_OWN}};
    struct cluster_site *c = *state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct http_reply rp;

        http_reply_init(&rp);
        assert_true(palette_do(c->s->palette, c->s->m.now, rows[i].words, &rp));
        assert_int_equal(rp.certificate, rows[i].certificate);
        http_reply_drop(&rp);
        http_reply_init(&rp);
        assert_true(palette_do(c->s->palette, c->s->m.now, "refuses for 5m", &rp));
        assert_int_equal(rp.refuse_ms, MINUTES(5));
        http_reply_drop(&rp);
    }
}

/* 64 places, and a run of days arms more than that. */
static void a_spent_fault_gives_its_place_to_the_next(void **state)
{
    struct cluster_site *c = *state;

    for (int i = 0; i < 200; i++) {
        assert_true(palette_wish(c->s, "answers beat with 503"));
        assert_int_equal(palette_beat(c->s), 503);
        assert_int_equal(palette_beat(c->s), 204);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_armed_by_its_words_and_by_no_others),
        cmocka_unit_test(each_row_strikes_in_a_gateways_day_and_is_counted),
        CLUSTER_TEST(whom_the_kernel_refused_is_not_told_as_nobody),
        CLUSTER_TEST(nothing_strikes_that_was_not_armed),
        cmocka_unit_test(each_row_can_be_said_in_a_story),
        CLUSTER_TEST(the_wire_suffers_as_it_was_said),
        CLUSTER_TEST(a_silent_palette_does_nothing_until_its_time_is_over),
        CLUSTER_TEST(what_is_the_doors_business_is_told_to_the_door),
        CLUSTER_TEST(a_spent_fault_gives_its_place_to_the_next),
    };

    return run_tests(tests);
}
