#include "tests/test.h"

#include "lib/base/buf.h"

#include <stdlib.h>
#include <string.h>

static void an_empty_buffer_is_an_empty_text(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    assert_text(buf_text(&b), "");
    assert_int_equal(b.len, 0);
    buf_drop(&b);
}

static void what_does_not_fit_is_dropped_and_said(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5);
    buf_text_add(&b, "abc");
    assert_false(b.full);
    buf_text_add(&b, "defg");
    assert_true(b.full);
    assert_text(buf_text(&b), "abcde");
    buf_char_add(&b, 'x');
    assert_int_equal(b.len, 5);
    buf_clear(&b);
    assert_false(b.full);
    assert_text(buf_text(&b), "");
    buf_drop(&b);
}

/* vsnprintf takes the NUL out of the room: the last byte within the limit must not get lost. */
static void formatted_text_fills_the_limit_to_the_byte(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 6);
    buf_printf(&b, "%d-%s", 12, "abc");
    assert_text(buf_text(&b), "12-abc");
    assert_false(b.full);
    buf_printf(&b, "%s", "");
    assert_false(b.full);
    buf_printf(&b, "%c", 'x');
    assert_true(b.full);
    assert_text(buf_text(&b), "12-abc");
    buf_drop(&b);
}

static void bytes_may_hold_nul(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    buf_add(&b, "a\0b", 3);
    buf_add(&b, "c", 1);
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "a\0bc", 5);
    buf_drop(&b);
}

static void the_front_can_be_cut_off(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    buf_cut(&b, 0);
    buf_text_add(&b, "abcdef");
    buf_cut(&b, 4);
    assert_text(buf_text(&b), "ef");
    buf_cut(&b, 2);
    assert_text(buf_text(&b), "");
    buf_drop(&b);
}

static void a_stolen_text_leaves_an_empty_buffer_with_its_limit(void **state)
{
    struct buf b;
    char *text;

    (void)state;
    buf_init(&b, 3);
    text = buf_steal(&b);
    assert_text(text, "");
    free(text);
    buf_text_add(&b, "abc");
    text = buf_steal(&b);
    assert_text(text, "abc");
    free(text);
    buf_text_add(&b, "abcd");
    assert_text(buf_text(&b), "abc");
    assert_true(b.full);
    buf_drop(&b);
}

static void a_long_text_grows_in_steps(void **state)
{
    struct buf b;
    size_t i;

    (void)state;
    buf_init(&b, KIB(64));
    for (i = 0; i < 10000; i++)
        buf_printf(&b, "%zu,", i % 10);
    assert_int_equal(b.len, 20000);
    assert_int_equal(strlen(buf_text(&b)), 20000);
    buf_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_empty_buffer_is_an_empty_text),
        test(what_does_not_fit_is_dropped_and_said),
        test(formatted_text_fills_the_limit_to_the_byte),
        test(bytes_may_hold_nul),
        test(the_front_can_be_cut_off),
        test(a_stolen_text_leaves_an_empty_buffer_with_its_limit),
        test(a_long_text_grows_in_steps),
    };

    return run_tests(tests);
}
