#include "tests/test.h"

#include "lib/base/base.h"
#include "scenarios/engine/dns_packet.h"

#include <string.h>

static const uint8_t ask_palette[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                                     "\x07PalETTe\x07"
                                     "example\x00\x00\x01\x00\x01";
#define ASK_LEN (sizeof(ask_palette) - 1)

static void a_question_is_read_in_lower_case(void **state)
{
    struct dns_question q;
    (void)state;
    assert_true(dns_question_read(ask_palette, ASK_LEN, &q));
    assert_text(q.name, "palette.example");
    assert_int_equal(q.id, 0x1234);
    assert_int_equal(q.type, DNS_A);
    assert_true(q.recursion);
}

static void a_cut_question_is_none(void **state)
{
    struct dns_question q;
    (void)state;
    for (size_t i = 0; i < ASK_LEN; i++)
        assert_false(dns_question_read(ask_palette, i, &q));
}

/* A pointer in a question could lead in circles: it is refused, not followed. */
static void a_pointer_in_a_question_is_refused(void **state)
{
    uint8_t bytes[ASK_LEN];
    struct dns_question q;
    (void)state;
    memcpy(bytes, ask_palette, ASK_LEN);
    bytes[12] = 0xc0;
    assert_false(dns_question_read(bytes, ASK_LEN, &q));
}

static void an_answer_of_somebody_else_is_no_question(void **state)
{
    uint8_t bytes[ASK_LEN];
    struct dns_question q;
    (void)state;
    memcpy(bytes, ask_palette, ASK_LEN);
    bytes[2] |= 0x80;
    assert_false(dns_question_read(bytes, ASK_LEN, &q));
}

/* The letters of the question come back as they were sent: askers compare them. */
static void an_answer_echoes_the_question_and_adds_the_address(void **state)
{
    uint8_t out[DNS_PACKET_MAX];
    struct dns_question q;
    static const uint8_t tail[] = {0xc0, 12, 0,   1, 0,   1, 0, 0, DNS_TTL_S >> 8, DNS_TTL_S & 0xff,
                                   0,    4,  203, 0, 113, 10};
    (void)state;
    assert_true(dns_question_read(ask_palette, ASK_LEN, &q));
    size_t len = dns_answer_write(&q, DNS_OK, true, 0xcb00710a, out);
    assert_int_equal(len, ASK_LEN + sizeof(tail));
    assert_int_equal(out[3] & 15, DNS_OK);
    assert_int_equal(out[7], 1);
    assert_memory_equal(out + 12, ask_palette + 12, ASK_LEN - 12);
    assert_memory_equal(out + ASK_LEN, tail, sizeof(tail));
}

static void an_unknown_name_is_answered_without_address(void **state)
{
    uint8_t out[DNS_PACKET_MAX];
    struct dns_question q;
    (void)state;
    assert_true(dns_question_read(ask_palette, ASK_LEN, &q));
    assert_int_equal(dns_answer_write(&q, DNS_NO_NAME, false, 0, out), ASK_LEN);
    assert_int_equal(out[3] & 15, DNS_NO_NAME);
    assert_int_equal(out[7], 0);
}

/* The longest name that the format allows fits, with its answer, into one packet. */
static void the_longest_name_is_answered(void **state)
{
    uint8_t bytes[400] = {0, 1, 1, 0, 0, 1}, out[DNS_PACKET_MAX];
    struct dns_question q;
    size_t at = 12;
    (void)state;
    for (int i = 0; i < 3; i++) {
        bytes[at++] = 63;
        memset(bytes + at, 'a', 63);
        at += 63;
    }
    bytes[at++] = 61;
    memset(bytes + at, 'b', 61);
    at += 61;
    const uint8_t tail[] = {0, 0, 1, 0, 1};
    memcpy(bytes + at, tail, sizeof(tail));
    assert_true(dns_question_read(bytes, at + sizeof(tail), &q));
    assert_int_equal(strlen(q.name), 253);
    assert_true(dns_answer_write(&q, DNS_OK, true, 1, out) <= DNS_PACKET_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_question_is_read_in_lower_case),
        test(a_cut_question_is_none),
        test(a_pointer_in_a_question_is_refused),
        test(an_answer_of_somebody_else_is_no_question),
        test(an_answer_echoes_the_question_and_adds_the_address),
        test(an_unknown_name_is_answered_without_address),
        test(the_longest_name_is_answered),
    };
    return run_tests(tests);
}
