/* When a rogue counts as caught: for the right rule, in the right story, and not before it has done
 * anything. The gallery itself plays them (gateproof gallery). */
#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "scenarios/engine/manifest.h"
#include "scenarios/judge/rogues.h"
#include "scenarios/judge/rules.h"
#include "tests/journals.h"
#include "tests/rogues/rogue.h"

#include <stdio.h>
#include <string.h>

#define BEGIN                                                                                      \
    "{\"t\":0,\"src\":\"engine\",\"ev\":\"run.begin\",\"story\":\"x\",\"stage\":\"sim\",\"clock\":\"virtual\",\"seed\":\"1\"}\n"
#define ACT                                                                                        \
    "{\"t\":%d,\"src\":\"engine\",\"ev\":\"rogue.act\",\"name\":\"liar\",\"text\":\"lies\"}\n"
#define BROKE "{\"t\":50,\"src\":\"engine\",\"ev\":\"note\",\"text\":\"what broke the rule\"}\n"

/* One story of a rogue's: it acts at act_t (-1: never), the rule breaks at 50. */
struct played {
    struct judgement j;
    struct ev_list journal;
    struct rogue_played p;
};

static uint64_t seq_of(const struct ev_list *l, enum ev_kind kind)
{
    for (size_t i = 0; i < l->n; i++)
        if (ev_list_at(l, i)->kind == kind)
            return ev_list_at(l, i)->seq;
    return 0;
}

static void play(struct played *x, const char *story, int act_t)
{
    char text[1024], act[256] = "";

    if (act_t >= 0)
        snprintf(act, sizeof act, ACT, act_t);
    snprintf(text, sizeof text, BEGIN "%s" BROKE "%s", act_t <= 50 ? act : "",
             act_t > 50 ? act : "");
    memset(&x->j, 0, sizeof x->j);
    snprintf(x->j.story, sizeof x->j.story, "%s", story);
    journal_make(text, NULL, &x->journal);
    x->p = (struct rogue_played){.judgement = &x->j, .journal = &x->journal};
}

static struct story_verdict *fails(struct played *x, const char *rule)
{
    struct story_verdict *v = &x->j.at[x->j.n++];

    *v = (struct story_verdict){.verdict = VERDICT_FAIL, .n_evidence = 1};
    snprintf(v->rule, sizeof v->rule, "%s", rule);
    v->evidence[0] = seq_of(&x->journal, EV_NOTE);
    return v;
}

static const struct rogue_rule *found(const struct rogue_finding *f, const char *rule)
{
    for (size_t i = 0; i < f->n; i++)
        if (text_is(f->at[i].rule, rule))
            return &f->at[i];
    return NULL;
}

static void a_rogue_is_caught_by_its_rule_after_its_act(void **state)
{
    struct rogue_finding f;
    struct played x;

    (void)state;
    play(&x, "305-slow-erase", 50); /* the same instant counts for the rogue */
    fails(&x, "MAA-4");
    fails(&x, "LIF-2"); /* a consequence */
    rogue_judge(rogue_find("liar"), &x.p, 1, &f);
    assert_true(f.played && f.caught);
    assert_int_equal(found(&f, "MAA-4")->mark, ROGUE_CAUGHT);
    assert_int_equal(found(&f, "LIF-2")->mark, ROGUE_CONSEQUENCE);
    ev_list_drop(&x.journal);
}

static void what_broke_before_the_act_is_a_wrong_reason(void **state)
{
    static const int acts[] = {51, -1}; /* too late, and never */

    (void)state;
    for (size_t i = 0; i < COUNTOF(acts); i++) {
        struct rogue_finding f;
        struct played x;

        play(&x, "305-slow-erase", acts[i]);
        fails(&x, "MAA-4");
        rogue_judge(rogue_find("liar"), &x.p, 1, &f);
        assert_true(f.played && !f.caught);
        assert_int_equal(found(&f, "MAA-4")->mark, ROGUE_TOO_EARLY);
        ev_list_drop(&x.journal);
    }
}

/* A line that waited in vain is broken when the waiting is over, whatever it shows. */
static void what_did_not_come_counts_from_the_end(void **state)
{
    struct rogue_finding f;
    struct played x;

    (void)state;
    play(&x, "305-slow-erase", 60);
    fails(&x, "MAA-4")->absent = true;
    rogue_judge(rogue_find("liar"), &x.p, 1, &f);
    assert_true(f.caught);
    assert_int_equal(found(&f, "MAA-4")->break_seq, 0);
    ev_list_drop(&x.journal);
}

static void a_rule_that_is_none_of_its_business_is_a_wrong_reason(void **state)
{
    SCOPED(buf_drop) struct buf out = {0};
    struct rogue_finding f;
    struct played x;

    (void)state;
    play(&x, "305-slow-erase", 10);
    fails(&x, "MAA-4");
    fails(&x, "AGT-4");
    rogue_judge(rogue_find("liar"), &x.p, 1, &f);
    assert_true(!f.caught);
    assert_int_equal(found(&f, "AGT-4")->mark, ROGUE_UNEXPECTED);
    buf_init(&out, KIB(4));
    rogue_text(rogue_find("liar"), &x.p, &f, &out);
    assert_non_null(strstr(buf_text(&out), "NOT caught"));
    assert_non_null(strstr(buf_text(&out), "a rule that it has nothing to do with"));
    ev_list_drop(&x.journal);
}

/* In another story the same fail is fine, and proves nothing; a pass in its own lets it go. */
static void only_its_own_story_catches_it(void **state)
{
    struct rogue_finding f;
    struct played other, own;
    struct rogue_played both[2];

    (void)state;
    play(&other, "101-whole-life-from-palette", 10);
    fails(&other, "MAA-4");
    rogue_judge(rogue_find("liar"), &other.p, 1, &f);
    assert_true(!f.played && !f.caught);
    play(&own, "305-slow-erase", 10);
    both[0] = other.p;
    both[1] = own.p;
    rogue_judge(rogue_find("liar"), both, 2, &f);
    assert_true(f.played && !f.caught);
    assert_int_equal(found(&f, "MAA-4")->mark, ROGUE_MISSED);
    ev_list_drop(&other.journal);
    ev_list_drop(&own.journal);
}

/* tests/rogues/NAME.json names the rogue, in its version too (GP-4). */
static void manifest_is_good(const char *name)
{
    SCOPED(buf_drop) struct buf text = {0};
    char path[128], version[64];
    struct manifest m;
    struct err e = {0};

    snprintf(path, sizeof path, "tests/rogues/%s.json", name);
    snprintf(version, sizeof version, GATEPROOF_VERSION "+%s", name);
    buf_init(&text, KIB(64));
    must(file_read(path, &text, &e), &e);
    must(manifest_read(path, buf_text(&text), text.len, &m, &e), &e);
    assert_text(m.rogue, name);
    assert_text(m.version, version);
}

/* Both sides know the same rogues, and every rule in the table is one. */
static void every_row_has_its_code_and_its_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rogues; i++) {
        const char *lists[] = {rogues[i].must, rogues[i].may};

        assert_non_null(gw_rogue_find(rogues[i].name));
        manifest_is_good(rogues[i].name);
        assert_true(*rogues[i].must && strlen(rogues[i].story) % 4 == 3);
        for (size_t k = 0; k < COUNTOF(lists); k++) {
            char word[16];

            while (text_next(&lists[k], ' ', word, sizeof word))
                assert_non_null(rule_find(word));
        }
    }
}

/* No row lets a rule fail beyond its switch, but for those of which a run is named. */
static void what_may_fail_is_the_switchs_or_has_a_run_that_showed_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rogues; i++) {
        const struct rogue_switch *s = rogue_switch_of(rogues[i].name);
        const char *list = rogues[i].may;
        char word[16];

        if (!s)
            fail_msg("%s is a mood of no switch", rogues[i].name);
        while (text_next(&list, ' ', word, sizeof word))
            if (!rogue_list_has(s->may, word))
                fail_msg("%s may fail %s, which neither %s nor a widening says", rogues[i].name,
                         word, s->name);
    }
}

static void a_widening_names_its_run_and_says_nothing_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rogue_widenings; i++) {
        const struct rogue_widening *w = &rogue_widenings[i];
        const struct rogue *r = rogue_find(w->rogue);

        if (!r || !rule_find(w->rule))
            fail_msg("%s, %s: no such rogue or rule", w->rogue, w->rule);
        if (rogue_list_has(r->must, w->rule) ||
            rogue_list_has(rogue_switch_of(r->name)->may, w->rule) ||
            rogue_widening_of(w->rogue, w->rule) != w)
            fail_msg("%s widens by %s, which is no widening", w->rogue, w->rule);
        assert_true(strlen(w->story) == 3 && *w->seen && strlen(w->why) > 20);
        assert_true(rogue_may(r, w->rule));
    }
}

static const char *exception_of(const char *rule)
{
    for (size_t i = 0; i < n_rogue_exceptions; i++)
        if (text_is(rogue_exceptions[i].rule, rule))
            return rogue_exceptions[i].why;
    return NULL;
}

/* A rule is worth what it catches: each has two rogues, or a reason why it can have none. */
static void every_rule_catches_two_rogues(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rules; i++) {
        const bool enough = rogues_of_rule(rules[i].id, NULL) >= ROGUES_A_RULE;
        const bool ours = text_begins(rules[i].id, "H-") || text_is(rules[i].id, "LAUNCH");
        const char *why = exception_of(rules[i].id);

        if (enough && why)
            fail_msg("%s has its rogues, and an excuse for having none", rules[i].id);
        if (!ours && !enough && !why)
            fail_msg("%s catches fewer than two rogues, and nothing says why", rules[i].id);
        if (why && rules[i].level != RULE_MAY && rules[i].state == RULE_GRADED)
            fail_msg("%s is graded and binds: it can catch a rogue", rules[i].id);
    }
}

static void an_excuse_is_for_a_rule_that_there_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rogue_exceptions; i++) {
        assert_non_null(rule_find(rogue_exceptions[i].rule));
        assert_true(strlen(rogue_exceptions[i].why) > 20);
    }
}

/* A gateway without a name behind its version's plus is a good one. */
static void a_gateway_is_the_rogue_that_its_version_names(void **state)
{
    static const struct {
        const char *version, *rogue;
    } rows[] = {{"0.1.0", ""}, {"0.1.0+leaker", "leaker"}, {"0.1.0+nobody", ""}};

    (void)state;
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct gw *g = gw_new();

        text_copy(g->config.version, sizeof g->config.version, rows[i].version);
        assert_text(gw_rogue_of(g)->name, rows[i].rogue);
        gw_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rogue_is_caught_by_its_rule_after_its_act),
        cmocka_unit_test(what_broke_before_the_act_is_a_wrong_reason),
        cmocka_unit_test(what_did_not_come_counts_from_the_end),
        cmocka_unit_test(a_rule_that_is_none_of_its_business_is_a_wrong_reason),
        cmocka_unit_test(only_its_own_story_catches_it),
        cmocka_unit_test(every_row_has_its_code_and_its_rules),
        cmocka_unit_test(what_may_fail_is_the_switchs_or_has_a_run_that_showed_it),
        cmocka_unit_test(a_widening_names_its_run_and_says_nothing_twice),
        cmocka_unit_test(every_rule_catches_two_rogues),
        cmocka_unit_test(an_excuse_is_for_a_rule_that_there_is),
        cmocka_unit_test(a_gateway_is_the_rogue_that_its_version_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
