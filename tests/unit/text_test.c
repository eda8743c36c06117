#include "tests/test.h"

#include "lib/base/digest.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"

#include <errno.h>
#include <string.h>

static void a_copy_that_does_not_fit_leaves_nothing(void **state)
{
    char dst[4] = "old";

    (void)state;
    assert_true(text_copy(dst, sizeof dst, "abc"));
    assert_text(dst, "abc");
    assert_false(text_copy(dst, sizeof dst, "abcd"));
    assert_text(dst, "");
}

static void nothing_equals_null(void **state)
{
    (void)state;
    assert_true(text_is("a", "a"));
    assert_false(text_is("a", "A"));
    assert_true(text_is_nocase("a", "A"));
    assert_false(text_is(NULL, NULL));
    assert_false(text_is_nocase("a", NULL));
    assert_true(text_begins("abc", "ab") && text_begins("abc", ""));
    assert_false(text_begins("a", "ab"));
    assert_true(text_ends("a.scn", ".scn"));
    assert_false(text_ends("scn", ".scn"));
}

static void a_number_is_the_whole_text_and_in_range(void **state)
{
    static const char *const bad[] = {
        "", "+1", " 1", "1 ", "1x", "0x1", "--1", "-", "9223372036854775808", "11", "-6"};
    int64_t n = 77;
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++)
        assert_false(text_int(bad[i], -5, 10, &n));
    assert_int_equal(n, 77);
    assert_true(text_int("-5", -5, 10, &n) && n == -5);
    assert_true(text_int("10", -5, 10, &n) && n == 10);
    assert_true(text_int("9223372036854775807", 0, INT64_MAX, &n) && n == INT64_MAX);
}

static void durations_are_read_largest_unit_first(void **state)
{
    static const struct {
        const char *text;
        ms_t ms;
    } good[] = {{"0s", 0},
                {"250ms", 250},
                {"90s", 90000},
                {"15m", MINUTES(15)},
                {"1h30m", MINUTES(90)},
                {"7d", HOURS(168)},
                {"168h10m", HOURS(168) + MINUTES(10)},
                {"1d1ms", HOURS(24) + 1}};
    static const char *const bad[] = {"",
                                      "5",
                                      "m",
                                      "1x",
                                      "1m1h",
                                      "1m1m",
                                      "-1s",
                                      "1.5h",
                                      "1 h",
                                      "1h ",
                                      "9223372036854775808ms",
                                      "9223372036854775807s",
                                      "9223372036854775807ms1ms"};
    ms_t ms = 5;
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(bad); i++)
        assert_false(text_duration(bad[i], &ms));
    assert_int_equal(ms, 5);
    for (i = 0; i < COUNTOF(good); i++) {
        assert_true(text_duration(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
}

/* Reports and progress print times this way, and stories are compared by it. */
static void a_duration_is_written_in_its_shortest_form(void **state)
{
    static const struct {
        ms_t ms;
        const char *text;
    } rows[] = {{0, "0s"},
                {900000, "15m"},
                {MINUTES(90), "90m"},
                {90500, "90500ms"},
                {HOURS(1) + 500, "1h500ms"},
                {HOURS(24), "1d"},
                {HOURS(25) + 1, "25h1ms"},
                {HOURS(24) + 1, "1d1ms"},
                {HOURS(168) + MINUTES(10), "7d10m"},
                {INT64_MAX, "9223372036854775807ms"}};
    char out[24];
    size_t i;

    (void)state;
    for (i = 0; i < COUNTOF(rows); i++) {
        text_duration_write(rows[i].ms, out, sizeof out);
        assert_text(out, rows[i].text);
    }
}

static void what_is_written_is_read_back(void **state)
{
    struct rng r;
    size_t i;

    (void)state;
    rng_seed(&r, 1);
    for (i = 0; i < 10000; i++) {
        const ms_t ms = rng_next(&r) >> rng_between(&r, 1, 60);
        char out[24];
        ms_t again;
        text_duration_write(ms, out, sizeof out);
        assert_true(text_duration(out, &again));
        assert_int_equal(again, ms);
    }
}

static void list_items_are_trimmed_and_empty_ones_skipped(void **state)
{
    const char *cursor = " a ,, b c ,\t, long-item,";
    char out[6];

    (void)state;
    assert_true(text_next(&cursor, ',', out, sizeof out));
    assert_text(out, "a");
    assert_true(text_next(&cursor, ',', out, sizeof out));
    assert_text(out, "b c");
    assert_true(text_next(&cursor, ',', out, sizeof out));
    assert_text(out, "long-");
    assert_false(text_next(&cursor, ',', out, sizeof out));
    assert_false(text_next(&cursor, ',', out, sizeof out));
}

static void a_typo_finds_its_word_and_nonsense_finds_none(void **state)
{
    static const char *const words[] = {"gateway", "palette", "maas", "private", "nat", NULL};

    (void)state;
    assert_text(text_nearest("gatway", words), "gateway");
    assert_text(text_nearest("palete", words), "palette");
    assert_text(text_nearest("privat", words), "private");
    assert_text(text_nearest("nta", words), "nat"); /* two neighbours swapped are one mistake */
    assert_text(text_nearest("mass", words), "maas");
    assert_null(text_nearest("proxy", words));
    assert_null(text_nearest("xx", words));
    assert_null(text_nearest("", words));
}

static void bytes_become_letters(void **state)
{
    char out[32];

    (void)state;
    text_hex("\x00\xff\x1a", 3, out);
    assert_text(out, "00ff1a");
    text_base64url("", 0, out);
    assert_text(out, "");
    text_base64url("f", 1, out);
    assert_text(out, "Zg");
    text_base64url("fo", 2, out);
    assert_text(out, "Zm8");
    text_base64url("foobar", 6, out);
    assert_text(out, "Zm9vYmFy");
    text_base64url("\xfb\xff\xfe", 3, out);
    assert_text(out, "-__-");
}

/* FIPS 180-4 "abc"; RFC 2202, case 2. */
static void digests_are_the_published_ones(void **state)
{
    uint8_t sha[SHA256_LEN], mac[SHA1_LEN];
    char hex[2 * SHA256_LEN + 1];

    (void)state;
    digest_sha256("abc", 3, sha);
    text_hex(sha, sizeof sha, hex);
    assert_text(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, mac);
    text_hex(mac, sizeof mac, hex);
    assert_text(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_true(digest_equal("abc", "abc", 3));
    assert_false(digest_equal("abc", "abd", 3));
}

/* The first outputs of xoshiro256** from the state 1, 2, 3, 4, by its authors' program. */
static void the_generator_is_the_published_one(void **state)
{
    struct rng r = {{1, 2, 3, 4}};

    (void)state;
    assert_true(rng_next(&r) == UINT64_C(11520));
    assert_true(rng_next(&r) == UINT64_C(0));
    assert_true(rng_next(&r) == UINT64_C(1509978240));
    assert_true(rng_next(&r) == UINT64_C(1215971899390074240));
}

static void a_range_is_met_at_both_ends_and_never_left(void **state)
{
    unsigned seen = 0;
    struct rng r;
    size_t i;

    (void)state;
    rng_seed(&r, 42);
    for (i = 0; i < 1000; i++) {
        const int64_t n = rng_between(&r, -1, 2);
        assert_in_range(n + 1, 0, 3);
        seen |= 1U << (n + 1);
    }
    assert_int_equal(seen, 15);
    assert_int_equal(rng_between(&r, 7, 7), 7);
    (void)rng_between(&r, INT64_MIN, INT64_MAX);
}

static void an_error_carries_context_in_front(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(err_set(NULL, -EINVAL, "nobody listens"), -EINVAL);
    assert_int_equal(err_set(&e, -ENOENT, "no %s", "zone"), -ENOENT);
    assert_int_equal(err_at(&e, "%s:%d", "nat.json", 3), -ENOENT);
    assert_text(e.text, "nat.json:3: no zone");
    errno = EACCES;
    assert_int_equal(err_errno(&e, "open %s", "x"), -EACCES);
    assert_text(e.text, "open x: Permission denied");
}

static void an_error_shows_a_terminal_no_control_character(void **state)
{
    struct err e = {0};

    (void)state;
    err_set(&e, -EINVAL, "no '%s'", "\x1b[31m\n\x7f.");
    assert_text(e.text, "no '?[31m??.'");
    err_at(&e, "%s", "a\tb");
    assert_text(e.text, "a?b: no '?[31m??.'");
    errno = EACCES;
    err_errno(&e, "%s", "\a");
    assert_text(e.text, "?: Permission denied");
}

/* A sentence that is too long is cut; the end of the context must not run over the end. */
static void a_long_error_is_cut_not_overrun(void **state)
{
    char text[2 * ERR_TEXT_MAX];
    struct err e;

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    err_set(&e, -EINVAL, "%s", text);
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
    err_at(&e, "%s", text);
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_copy_that_does_not_fit_leaves_nothing),
        test(nothing_equals_null),
        test(a_number_is_the_whole_text_and_in_range),
        test(durations_are_read_largest_unit_first),
        test(a_duration_is_written_in_its_shortest_form),
        test(what_is_written_is_read_back),
        test(list_items_are_trimmed_and_empty_ones_skipped),
        test(a_typo_finds_its_word_and_nonsense_finds_none),
        test(bytes_become_letters),
        test(digests_are_the_published_ones),
        test(the_generator_is_the_published_one),
        test(a_range_is_met_at_both_ends_and_never_left),
        test(an_error_carries_context_in_front),
        test(an_error_shows_a_terminal_no_control_character),
        test(a_long_error_is_cut_not_overrun),
    };

    return run_tests(tests);
}
