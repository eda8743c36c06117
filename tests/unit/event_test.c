#include "tests/test.h"

#include "lib/base/event.h"
#include "lib/base/text.h"

#include <errno.h>
#include <string.h>

static struct event call(uint64_t seq, const char *conn, const char *uid)
{
    struct event e;

    ev_init(&e, EV_PAL_CALL, (ms_t)seq * 10);
    e.src = EVS_PALETTE;
    e.seq = seq;
    ev_text_add(&e, EVF_CONN, conn);
    ev_text_add(&e, EVF_PEER, "10.10.0.2");
    ev_text_add(&e, EVF_OP, "register");
    ev_int_add(&e, EVF_STATUS, 201);
    ev_text_add(&e, EVF_UID, uid);
    return e;
}

static void every_name_is_found_again_and_every_demanded_field_exists(void **state)
{
    (void)state;

    for (int f = 0; f < EV_FIELD_COUNT; f++)
        assert_int_equal(ev_field_find(ev_field_name((enum ev_field)f)), f);
    for (int s = 0; s < EVS_COUNT; s++)
        assert_int_equal(ev_src_find(ev_src_name((enum ev_src)s)), s);
    for (int k = 0; k < EV_COUNT; k++) {
        const char *must = ev_kind_must((enum ev_kind)k);
        char name[32];

        assert_int_equal(ev_kind_find(ev_kind_name((enum ev_kind)k)), k);
        while (text_next(&must, ' ', name, sizeof(name)))
            assert_int_not_equal(ev_field_find(name), EV_FIELD_COUNT);
    }
    assert_int_equal(ev_field_find("nobody"), EV_FIELD_COUNT);
    assert_int_equal(ev_kind_find("nobody"), EV_COUNT);
    assert_int_equal(ev_src_find("nobody"), EVS_COUNT);
}

static void fields_are_found_by_name_and_numbers_by_value(void **state)
{
    struct event e = call(1, "7", "u-1");
    (void)state;

    assert_text(ev_text(&e, EVF_UID), "u-1");
    assert_int_equal(ev_int(&e, EVF_STATUS), 201);
    assert_int_equal(ev_int(&e, EVF_UID), -1);
    assert_int_equal(ev_int(&e, EVF_COUNT), -1);
    assert_text(ev_text(&e, EVF_CODE), "");
    assert_true(ev_is(&e, EVF_OP, "register"));
    assert_null(ev_missing(&e));
    ev_init(&e, EV_PAL_CALL, 0);
    assert_text(ev_missing(&e), "conn");
}

/* A record that lost a field would read as if the thing had not been said. */
static void what_does_not_fit_is_cut_but_never_lost_whole(void **state)
{
    char big[2 * EV_BYTES_MAX];
    struct event e;
    (void)state;

    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    ev_init(&e, EV_NOTE, 0);
    for (int f = 0; f < EV_FIELD_COUNT; f++)
        ev_text_add(&e, (enum ev_field)f, big);
    assert_true(e.len <= EV_BYTES_MAX);
    assert_int_equal(strlen(ev_text(&e, (enum ev_field)0)), EV_VALUE_MAX);
    for (int f = 0; f < EV_FIELD_COUNT; f++)
        assert_true(ev_has(&e, (enum ev_field)f));
}

static void cutting_never_halves_a_character_and_bad_bytes_are_replaced(void **state)
{
    char big[EV_VALUE_MAX + 8];
    struct event e;
    (void)state;

    memset(big, 'x', sizeof(big));
    memcpy(big + EV_VALUE_MAX - 1, "ää", 5);
    ev_init(&e, EV_NOTE, 0);
    ev_text_add(&e, EVF_TEXT, big);
    ev_text_add(&e, EVF_WHY, "a\xff\xc3");
    ev_text_add(&e, EVF_NAME, NULL);
    assert_int_equal(strlen(ev_text(&e, EVF_TEXT)), EV_VALUE_MAX - 1);
    assert_text(ev_text(&e, EVF_WHY), "a??");
    assert_text(ev_text(&e, EVF_NAME), "");
}

static void a_record_survives_json_with_the_same_chain(void **state)
{
    struct event e = call(3, "1", "ä\"\n\x01"), back;
    char chain[EV_CHAIN_LEN + 1];
    struct buf out;
    struct err err;
    (void)state;

    e.nth = 2;
    ev_chain(&e, "00112233445566ff", e.chain);
    buf_init(&out, KIB(8));
    ev_json_write(&out, &e);
    must(ev_json_read(buf_text(&out), out.len, &back, &err), &err);
    assert_int_equal(back.seq, 3);
    assert_int_equal(back.nth, 2);
    assert_int_equal(back.t, 30);
    assert_int_equal(back.src, EVS_PALETTE);
    assert_text(back.chain, e.chain);
    ev_chain(&back, "00112233445566ff", chain);
    assert_text(chain, e.chain);
    buf_drop(&out);
}

/* The chain must notice each thing that could be changed afterwards. */
static void the_chain_covers_every_part_of_a_record(void **state)
{
    struct event base = call(3, "1", "u"), other;
    char chain[EV_CHAIN_LEN + 1], changed[EV_CHAIN_LEN + 1];
    (void)state;

    ev_chain(&base, "", chain);
    assert_int_equal(strlen(chain), EV_CHAIN_LEN);
    ev_chain(&base, "a", changed);
    assert_string_not_equal(chain, changed);
#define CHANGED(statement)                                                                         \
    do {                                                                                           \
        other = base;                                                                              \
        statement;                                                                                 \
        ev_chain(&other, "", changed);                                                             \
        assert_string_not_equal(chain, changed);                                                   \
    } while (0)
    CHANGED(other.seq++);
    CHANGED(other.nth++);
    CHANGED(other.t++);
    CHANGED(other.kind = EV_MAAS_CALL);
    CHANGED(other.src = EVS_MAAS);
    CHANGED(ev_text_add(&other, EVF_CODE, ""));
    CHANGED(other.bytes[3] = '2');
#undef CHANGED
}

static void foreign_lines_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *line, *sentence;
    } rows[] = {
        {"{\"src\":\"engine\",\"ev\":\"nothing\"}", "ev: no kind of event 'nothing'"},
        {"{\"src\":\"me\",\"ev\":\"note\"}", "src: no writer 'me'"},
        {"{\"src\":\"engine\"}", "ev is missing"},
        {"{\"ev\":\"note\"}", "src is missing"},
        {"{\"src\":\"engine\",\"ev\":\"note\",\"bogus\":\"x\"}", "unknown field 'bogus'"},
        {"{\"src\":\"engine\",\"ev\":\"note\",\"text\":5}",
         "text: must be a text of at most 512 bytes"},
        {"{\"src\":\"engine\",\"ev\":\"note\",\"text\":\"a\\u0000b\"}",
         "text: must be a text of at most 512 bytes"},
        {"{\"seq\":-1,\"src\":\"engine\",\"ev\":\"note\"}",
         "seq: must be a whole number, 0 or more"},
        {"{\"src\":\"engine\",\"ev\":\"note\",\"chain\":\"00112233445566778\"}",
         "chain: must be a text of at most 16 characters"},
        {"[]", "not one JSON object: something else, or something after it"},
        {"", "not one JSON object: continue"},
    };
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct event event;
        struct err e;

        must_fail(ev_json_read(rows[i].line, strlen(rows[i].line), &event, &e), &e, -EINVAL,
                  rows[i].sentence);
    }
}

static void a_list_sorts_by_seq_and_keeps_every_byte(void **state)
{
    struct ev_list l;
    (void)state;

    ev_list_init(&l);
    for (uint64_t i = 0; i < 1000; i++) {
        struct event e = call((i * 7919) % 1000, i % 2 ? "1" : "123456", "u");
        ev_list_add(&l, &e);
    }
    ev_list_sort(&l);
    assert_int_equal(l.n, 1000);
    for (size_t i = 0; i < l.n; i++) {
        assert_int_equal(ev_list_at(&l, i)->seq, i);
        assert_text(ev_text(ev_list_at(&l, i), EVF_UID), "u");
    }
    ev_list_clear(&l);
    assert_int_equal(l.n, 0);
    ev_list_drop(&l);
}

static void project(const struct event *events, size_t n, struct buf *out)
{
    struct ev_list l;

    ev_list_init(&l);
    for (size_t i = 0; i < n; i++)
        ev_list_add(&l, &events[i]);
    buf_clear(out);
    ev_project(&l, out);
    ev_list_drop(&l);
}

/* Two runs differ in uids and connection numbers and are equal nevertheless, unless two things
 * that were one become two. */
static void a_projection_renames_by_first_appearance(void **state)
{
    struct event one[] = {call(1, "4", "aa"), call(2, "4", "bb"), call(3, "5", "aa")};
    struct event two[] = {call(1, "9", "cc"), call(2, "9", "dd"), call(3, "1", "cc")};
    struct event three[] = {call(1, "9", "cc"), call(2, "9", "dd"), call(3, "1", "dd")};
    struct buf a, b;
    (void)state;

    buf_init(&a, KIB(8));
    buf_init(&b, KIB(8));
    project(one, 3, &a);
    project(two, 3, &b);
    assert_text(buf_text(&a), buf_text(&b));
    assert_non_null(strstr(buf_text(&a), "1 palette/1 10 pal.call conn=#1 peer=\"10.10.0.2\""));
    project(three, 3, &b);
    assert_string_not_equal(buf_text(&a), buf_text(&b));
    buf_drop(&a);
    buf_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_name_is_found_again_and_every_demanded_field_exists),
        test(fields_are_found_by_name_and_numbers_by_value),
        test(what_does_not_fit_is_cut_but_never_lost_whole),
        test(cutting_never_halves_a_character_and_bad_bytes_are_replaced),
        test(a_record_survives_json_with_the_same_chain),
        test(the_chain_covers_every_part_of_a_record),
        test(foreign_lines_are_refused_with_the_place),
        test(a_list_sorts_by_seq_and_keeps_every_byte),
        test(a_projection_renames_by_first_appearance),
    };
    return run_tests(tests);
}
