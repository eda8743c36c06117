/* A story's points on stage netns, by the order of the records alone: what an act at a phase finds
 * committed, and what comes after it. Each short story is one create that is met at one phase. */
#include "tests/netns/in_lab.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/run.h"
#include "scenarios/engine/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_FACTOR 120

#define STORY(acts)                                                                                \
    "scenario \"a create is met at one instant\"\nstages sim netns\nsite shape nat\n"              \
    "at 0s gateway installs\nat 1m user creates cluster c1 with 1 nodes\n" acts                    \
    "never cluster c1 is Running for 3m\nrun 4m\n"

/* --- playing -----------------------------------------------------------------------------------
 */

struct played {
    struct script script;
    struct lab lab;
    struct manifest manifest;
    struct ev_list journal;
};

static void played_free(struct played **p)
{
    if (*p != NULL)
        ev_list_drop(&(*p)->journal);
    free(*p);
    *p = NULL;
}

static struct played *play(const char *story, enum clock_id clock)
{
    struct played *p = calloc(1, sizeof(*p));
    char out[600];
    const char *bin = getenv("GATEPROOF_BIN"), *build = getenv("GATEPROOF_BUILD");
    struct stage_run r = {.features = "pcg",
                          .seed = 1,
                          .clock = clock,
                          .factor = WALL_FACTOR,
                          .out_dir = out,
                          .bin_dir = bin,
                          .budget_ms = SECONDS(RUN_BUDGET_S)};
    struct err e = {0};
    char path[1024];

    assert_non_null(p);
    assert_non_null(bin);
    snprintf(out, sizeof(out), "%s/points-test", build != NULL ? build : "/tmp");
    must(file_mkdirs(out, 0755, &e), &e);
    snprintf(path, sizeof(path), "%s/gateway.json", bin);
    must(script_read("900-points", story, NULL, &p->script, &e), &e);
    must(lab_load("scenarios", "nat", &p->lab, &e), &e);
    must(manifest_load(path, &p->manifest, &e), &e);
    ev_list_init(&p->journal);
    r.script = &p->script;
    r.lab = &p->lab;
    r.manifest = &p->manifest;
    must(clock == CLOCK_VIRTUAL ? stage_sim(&r, &p->journal, &e) : stage_netns(&r, &p->journal, &e),
         &e);
    return p;
}

/* --- looking -----------------------------------------------------------------------------------
 */

#define NOWHERE SIZE_MAX

static bool has(const struct event *e, enum ev_field f, const char *text)
{
    return text[0] == '\0' || text_is(ev_text(e, f), text);
}

/* Place of the first such record from `from` on. */
static size_t place(const struct played *p, size_t from, enum ev_kind kind, enum ev_field f,
                    const char *text)
{
    for (size_t i = from; i < p->journal.n; i++) {
        const struct event *e = ev_list_at(&p->journal, i);

        if (e->kind == kind && has(e, f, text))
            return i;
    }
    return NOWHERE;
}

static size_t point(const struct played *p, const char *op, const char *phase)
{
    for (size_t i = 0; i < p->journal.n; i++) {
        const struct event *e = ev_list_at(&p->journal, i);

        if (e->kind == EV_POINT && has(e, EVF_OP, op) && has(e, EVF_PHASE, phase) &&
            ev_int(e, EVF_COUNT) == 1)
            return i;
    }
    return NOWHERE;
}

static size_t act(const struct played *p, const char *verb)
{
    size_t i = place(p, 0, EV_ACT, EVF_VERB, verb);

    assert_true(i != NOWHERE);
    assert_int_equal(ev_int(ev_list_at(&p->journal, i), EVF_FIRED), 1);
    return i;
}

/* The create as its records show it. */
struct seen {
    size_t asked, taken, call, done, answered, act;
};

static struct seen look(const struct played *p, const char *verb)
{
    return (struct seen){.asked = point(p, "allocate", "asked"),
                         .taken = place(p, 0, EV_MAAS_STATE, EVF_STATE, "Allocated"),
                         .call = place(p, 0, EV_MAAS_CALL, EVF_OP, "machines.allocate"),
                         .done = point(p, "allocate", "done"),
                         .answered = point(p, "allocate", "answered"),
                         .act = act(p, verb)};
}

#define IN_ORDER(a, b)                                                                             \
    do {                                                                                           \
        assert_true((b) != NOWHERE);                                                               \
        assert_true((a) < (b));                                                                    \
    } while (0)

static void assert_done(const struct seen *s)
{
    IN_ORDER(s->asked, s->taken);
    IN_ORDER(s->taken, s->call);
    IN_ORDER(s->call, s->done);
}

static void assert_phases(const struct seen *s)
{
    assert_done(s);
    IN_ORDER(s->done, s->answered);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void a_gateway_killed_at_asked_has_taken_nothing_yet(void **state)
{
    SCOPED(played_free)
    struct played *p = play(STORY("at allocate.1.asked gateway dies\n"), CLOCK_STEPPED);
    const struct seen s = look(p, "gateway dies");

    (void)state;
    assert_done(&s);
    assert_true(s.answered == NOWHERE); /* nobody is left to hear it */
    IN_ORDER(s.asked, s.act);
    IN_ORDER(s.act, s.taken);
}

static void a_gateway_frozen_at_done_has_its_machine_and_no_answer(void **state)
{
    SCOPED(played_free)
    struct played *p = play(STORY("at allocate.1.done gateway freezes\n"), CLOCK_STEPPED);
    const struct seen s = look(p, "gateway freezes");

    (void)state;
    assert_phases(&s);
    IN_ORDER(s.done, s.act);
    IN_ORDER(s.act, s.answered);
}

static void a_gateway_killed_at_answered_has_not_read_the_answer(void **state)
{
    SCOPED(played_free)
    struct played *p = play(STORY("at allocate.1.answered gateway dies\n"), CLOCK_STEPPED);
    const struct seen s = look(p, "gateway dies");

    (void)state;
    assert_phases(&s);
    IN_ORDER(s.answered, s.act);
    assert_true(place(p, s.answered, EV_MAAS_CALL, EVF_PEER, "10.10.0.2") == NOWHERE);
}

/* The mock is told while it stands before the call, and this very call is hit. */
static void an_answer_that_is_lost_from_asked_on_is_this_one(void **state)
{
    SCOPED(played_free)
    struct played *p =
        play(STORY("at allocate.1.asked maas loses answer to allocate.1\n"), CLOCK_STEPPED);
    const struct seen s = look(p, "maas loses answer to allocate.1");

    (void)state;
    IN_ORDER(s.act, s.taken);
    IN_ORDER(s.call, s.done);
    assert_true(s.answered == NOWHERE);
    assert_int_equal(ev_int(ev_list_at(&p->journal, s.call), EVF_LOST), 1);
}

/* Palette's side: the feed answer that lists the work, told when it was made. */
static void a_feed_answer_counts_when_it_lists_work(void **state)
{
    SCOPED(played_free)
    struct played *p = play(STORY("at fetch.1.done gateway dies\n"), CLOCK_STEPPED);
    const size_t work = place(p, 0, EV_PAL_WORK, EVF_CLUSTER, "c1");
    const size_t done = point(p, "fetch", "done"), dies = act(p, "gateway dies");

    (void)state;
    assert_true(point(p, "fetch", "asked") == NOWHERE);
    IN_ORDER(work, done);
    IN_ORDER(done, dies);
    assert_true(point(p, "fetch", "answered") == NOWHERE);
    assert_true(place(p, 0, EV_MAAS_CALL, EVF_OP, "machines.allocate") == NOWHERE);
}

static void on_clock_wall_the_phases_are_exact_too(void **state)
{
    SCOPED(played_free)
    struct played *p = play(STORY("at allocate.1.asked gateway dies\n"), CLOCK_WALL);
    const struct seen s = look(p, "gateway dies");

    (void)state;
    assert_done(&s);
    IN_ORDER(s.asked, s.act);
    IN_ORDER(s.act, s.taken);
}

/* The same instants in the same order as the simulator's. */
static void the_simulator_agrees(void **state)
{
    SCOPED(played_free)
    struct played *p = play(STORY("at allocate.1.done gateway freezes\n"), CLOCK_VIRTUAL);
    const struct seen s = look(p, "gateway freezes");

    (void)state;
    assert_phases(&s);
    IN_ORDER(s.done, s.act);
    IN_ORDER(s.act, s.answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_simulator_agrees),
        test(a_gateway_killed_at_asked_has_taken_nothing_yet),
        test(a_gateway_frozen_at_done_has_its_machine_and_no_answer),
        test(a_gateway_killed_at_answered_has_not_read_the_answer),
        test(an_answer_that_is_lost_from_asked_on_is_this_one),
        test(a_feed_answer_counts_when_it_lists_work),
        test(on_clock_wall_the_phases_are_exact_too),
    };
    return run_in_namespaces(tests);
}
