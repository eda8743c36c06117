/* Misdeeds as a story or the control port words them, and what becomes of an answer. */
#include "tests/test.h"

#include "lib/base/text.h"
#include "tests/unit/maas_site.h"

#define API "/MAAS/api/2.0/"

static void arm(struct maas_site *s, const char *words)
{
    struct maas_fault f;
    struct err e = {0};

    must(maas_fault_read(words, &f, &e), &e);
    assert_true(maas_fault_arm(s->maas, s->m.now, &f, &s->m.events));
}

static const struct http_wire *after(struct maas_site *s, const char *words)
{
    arm(s, words);
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
    return &s->t.rp.wire;
}

static void each_verb_says_what_the_wire_does(void **state)
{
    struct maas_site *s = *state;

    assert_true(after(s, "resets zones.read")->reset);
    assert_true(after(s, "doubles zones.read")->twice);
    assert_int_equal(after(s, "cuts zones.read at 120")->cut_at, 120);
    assert_int_equal(after(s, "misses zones.read by -5")->length_off, -5);
    assert_int_equal(after(s, "delays zones.read by 90s")->late_ms, SECONDS(90));
    assert_int_equal(after(s, "trickles zones.read 10 each 2s")->slow_bytes, 10);
    assert_false(s->t.rp.wire.slow_body);
    assert_true(after(s, "drips zones.read 1 each 1s")->slow_body);
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
    assert_false(s->t.rp.wire.on);
}

/* The answer comes late or never, but the machine is gone from the pool. */
static void what_was_asked_is_done_before_the_answer_suffers(void **state)
{
    struct maas_site *s = *state;

    arm(s, "resets allocate.1");
    assert_int_equal(allocate(s, ALICE_KEY, "name=m1"), 200);
    assert_true(s->t.rp.wire.reset);
    assert_text(m1(s)->owner, "alice");
    arm(s, "contends allocate");
    assert_int_equal(allocate(s, ALICE_KEY, "name=m2"), 409);
    assert_true(talk_header(&s->t, "Retry-After", "5"));
    assert_int_equal(allocate(s, ALICE_KEY, "name=m2"), 200);
}

static void an_answer_can_ask_to_come_back_later(void **state)
{
    struct maas_site *s = *state;

    arm(s, "wants read back 503 10 2 times");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 503);
        assert_true(talk_header(&s->t, "Retry-After", "10"));
    }
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
}

static void garbled_json_is_none(void **state)
{
    struct maas_site *s = *state;
    char text[64];

    arm(s, "garbles zones.read");
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
    assert_text(talk_pick(&s->t, "0.name", text, sizeof(text)), "");
}

static void words_that_mean_nothing_arm_nothing(void **state)
{
    static const char *const words[] = {"resets",
                                        "resets read at 5",
                                        "cuts read",
                                        "cuts read at -1",
                                        "misses read by x",
                                        "delays read by x",
                                        "drips read 0 each 1s",
                                        "trickles read 5 each 0s",
                                        "wants read back 200 5",
                                        "resets read.1 2 times"};
    struct maas_fault f;

    (void)state;
    for (size_t i = 0; i < COUNTOF(words); i++)
        assert_true(maas_fault_read(words[i], &f, NULL) < 0);
}

static void keys_users_and_images_can_be_taken_away(void **state)
{
    struct maas_site *s = *state;

    assert_true(maas_by_words(s->maas, "key of alice revoked"));
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 401);
    assert_true(maas_by_words(s->maas, "key of alice back"));
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 200);
    assert_true(maas_by_words(s->maas, "user alice inactive"));
    assert_int_equal(maas_get(s, ALICE_KEY, API "zones/"), 403);
    assert_false(maas_by_words(s->maas, "key of nobody revoked"));
    assert_false(maas_by_words(s->maas, "image nosuch gone"));
}

#define WIRE_TEST(name) cmocka_unit_test_setup_teardown(name, maas_site_setup, maas_site_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(each_verb_says_what_the_wire_does),
        WIRE_TEST(what_was_asked_is_done_before_the_answer_suffers),
        WIRE_TEST(an_answer_can_ask_to_come_back_later),
        WIRE_TEST(garbled_json_is_none),
        WIRE_TEST(words_that_mean_nothing_arm_nothing),
        WIRE_TEST(keys_users_and_images_can_be_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
