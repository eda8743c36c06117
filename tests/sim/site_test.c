/* The reference core, both models and the lab's network in one process, under a clock that jumps.
 */
#include "tests/sim/site_play.h"

#include "scenarios/engine/site.h"

#include <string.h>

#define SEEDS      30
#define LIFE_SEEDS 2

/* A verdict that depends on the draw of uids, keys or jitter would be luck. */
static void story_100_passes_with_every_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        SCOPED(played_free) struct played *p = play("100-install-and-register", seed);

        assert_passes(p, seed);
    }
}

static void the_idle_week_passes(void **state)
{
    SCOPED(played_free) struct played *p = play("120-idle-week", 7);

    (void)state;
    assert_passes(p, 7);
    assert_true(p->judgement.domain_ms >= HOURS(168));
}

/* An hour's cut, whatever the jitter: tries go on, are seen where they begin and nowhere behind the
 * cut, and nobody at Palette hears the gateway. */
static void a_cut_wire_is_lived_through_and_nothing_passes_it(void **state)
{
    const ms_t cut = HOURS(1), mended = HOURS(2);

    (void)state;
    for (uint64_t seed = 1; seed <= LIFE_SEEDS; seed++) {
        SCOPED(played_free) struct played *p = play("203-silent-drop", seed);
        size_t near = 0, behind = 0, heard = 0;

        assert_passes(p, seed);
        for (size_t i = 0; i < p->journal.n; i++) {
            const struct event *e = ev_list_at(&p->journal, i);
            const bool is_try = e->kind == EV_FLOW_TRY && ev_is(e, EVF_TO, "palette") &&
                                (ev_is(e, EVF_FROM, "gateway") || ev_is(e, EVF_FROM, "router"));

            if (e->t <= cut + 2 * SITE_LATENCY_MS || e->t >= mended)
                continue;
            near += is_try && ev_is(e, EVF_LINK, "private");
            behind += is_try && !ev_is(e, EVF_LINK, "private");
            heard += e->kind == EV_PAL_CALL && ev_is(e, EVF_WHO, "gateway") &&
                     !ev_is(e, EVF_OP, "feed"); /* one was under way and is answered into nothing */
        }
        assert_true(near > 10);
        assert_int_equal(behind, 0);
        assert_int_equal(heard, 0);
    }
}

/* Other machines, other uids, other jitter: a whole life and a day without the gateway end well. */
/* A certificate has fired when a client is shown it, once for each, and not when it is wished. */
static void each_client_that_is_shown_a_bad_certificate_is_counted(void **state)
{
    static const char *const expired[] = {"expired"};
    size_t armed = 0, fired = 0, shown = 0;
    struct played *p SCOPED(played_free) =
        play_over("222-wrong-certificate-behind-a-proxy", expired, 1, 0, NULL);

    (void)state;
    for (size_t i = 0; i < p->journal.n; i++) {
        const struct event *e = ev_list_at(&p->journal, i);

        shown += e->kind == EV_TLS_SHOWN;
        if (e->kind != EV_FAULT || !ev_is(e, EVF_NAME, "certificate-expired"))
            continue;
        armed += ev_is(e, EVF_KIND, "armed");
        fired += ev_is(e, EVF_KIND, "fired");
        assert_int_equal(ev_int(e, EVF_COUNT), fired);
    }
    assert_int_equal(armed, 1);
    assert_true(shown > 1);
    assert_int_equal(fired, shown);
}

static void a_whole_life_passes_with_many_seeds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= LIFE_SEEDS; seed++) {
        SCOPED(played_free) struct played *life = play("101-whole-life-from-palette", seed);
        SCOPED(played_free) struct played *lost = play("300-allocate-answer-lost", seed);

        assert_passes(life, seed);
        assert_passes(lost, seed);
    }
}

static size_t allocates_from(const struct played *p, const char *address)
{
    size_t n = 0;

    for (size_t i = 0; i < p->journal.n; i++) {
        const struct event *ev = ev_list_at(&p->journal, i);

        n += ev->kind == EV_MAAS_CALL && ev_is(ev, EVF_OP, "machines.allocate") &&
             ev_is(ev, EVF_PEER, address) && ev_is(ev, EVF_STATUS, "200");
    }
    return n;
}

/* The same story, and the same verdicts: how many machines the gateway makes is its own affair. */
static void with_bootstrap_the_cluster_adds_its_machines_itself(void **state)
{
    static const char story[] = "101-whole-life-from-palette", gateway[] = "10.10.0.2";
    SCOPED(played_free) struct played *full = play_run(story, NULL, (struct stage_run){.seed = 1});
    SCOPED(played_free)
    struct played *bootstrap =
        play_run(story, NULL, (struct stage_run){.seed = 1, .bootstrap = true});

    (void)state;
    assert_passes(full, 1);
    assert_passes(bootstrap, 1);
    assert_int_equal(allocates_from(full, gateway), 2);
    assert_int_equal(allocates_from(bootstrap, gateway), 1);
}

static void the_same_seed_tells_the_same_story(void **state)
{
    SCOPED(played_free) struct played *a = play("100-install-and-register", 42);
    SCOPED(played_free) struct played *b = play("100-install-and-register", 42);
    struct buf one, two;

    (void)state;
    buf_init(&one, MIB(64));
    buf_init(&two, MIB(64));
    for (size_t i = 0; i < a->journal.n; i++)
        ev_json_write(&one, ev_list_at(&a->journal, i));
    for (size_t i = 0; i < b->journal.n; i++)
        ev_json_write(&two, ev_list_at(&b->journal, i));
    assert_string_equal(buf_text(&one), buf_text(&two));
    buf_drop(&one);
    buf_drop(&two);
}

/* Another seed draws other uids; after the projection nothing of the draw is left. */
static void the_projection_hides_the_draw(void **state)
{
    SCOPED(played_free) struct played *a = play("100-install-and-register", 1);
    SCOPED(played_free) struct played *b = play("100-install-and-register", 2);
    struct buf one, two;

    (void)state;
    buf_init(&one, MIB(64));
    buf_init(&two, MIB(64));
    ev_project(&a->journal, &one);
    ev_project(&b->journal, &two);
    /* the seed itself is a stable field of run.begin, in the first line */
    assert_string_equal(strchr(buf_text(&one), '\n'), strchr(buf_text(&two), '\n'));
    buf_drop(&one);
    buf_drop(&two);
}

/* Order is evidence: a journal whose records changed places must not stay green. */
static void swapping_two_records_turns_the_story_red(void **state)
{
    SCOPED(played_free) struct played *p = play("100-install-and-register", 3);
    struct ev_list swapped;
    struct judgement j;
    size_t first = 0;

    (void)state;
    while (!(ev_list_at(&p->journal, first)->kind == EV_PAL_CALL))
        first++;
    ev_list_init(&swapped);
    for (size_t i = 0; i < p->journal.n; i++) {
        struct event e;
        const struct event *from = ev_list_at(&p->journal, i);

        /* two records of Palette exchange their numbers in the common order */
        memcpy(&e, from, EVENT_HEAD_SIZE + from->len);
        if (i == first)
            e.seq = ev_list_at(&p->journal, p->journal.n - 4)->seq;
        else if (i == p->journal.n - 4)
            e.seq = ev_list_at(&p->journal, first)->seq;
        ev_list_add(&swapped, &e);
    }
    ev_list_sort(&swapped);
    judge_story(&p->script, &swapped, "pcg,power-cut,state-loss,clock-jump", &j);
    assert_int_not_equal(j.overall, VERDICT_PASS);
    ev_list_drop(&swapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(story_100_passes_with_every_seed),
        cmocka_unit_test(the_idle_week_passes),
        cmocka_unit_test(each_client_that_is_shown_a_bad_certificate_is_counted),
        cmocka_unit_test(a_whole_life_passes_with_many_seeds),
        clause_test(with_bootstrap_the_cluster_adds_its_machines_itself, CLAUSE(59)),
        cmocka_unit_test(a_cut_wire_is_lived_through_and_nothing_passes_it),
        cmocka_unit_test(the_same_seed_tells_the_same_story),
        cmocka_unit_test(the_projection_hides_the_draw),
        cmocka_unit_test(swapping_two_records_turns_the_story_red),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
