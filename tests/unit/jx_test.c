#include "tests/test.h"

#include "lib/base/jx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct zone {
    char name[8];
    int64_t epoch;
};
struct site {
    char name[8];
    char *note;
    int64_t size;
    ms_t beat;
    bool up;
    struct zone home;
    size_t n_zones, n_tags;
    struct zone zones[3];
    char tags[2][6];
    char *spec;
};

static const struct jx_field zone_fields[] = {
    JX_TEXT(struct zone, name, JX_MUST),
    JX_INT(struct zone, epoch, "epoch", 0, 1, 100),
};
static const struct jx_field site_fields[] = {
    JX_TEXT(struct site, name, JX_MUST),
    JX_OWNED(struct site, note, "note", JX_SKIP_EMPTY, 10),
    JX_INT(struct site, size, "size", JX_SKIP_EMPTY, -5, 500),
    JX_MS(struct site, beat, "beatSeconds", JX_SKIP_EMPTY, 0, MINUTES(2)),
    JX_BOOL(struct site, up, "up", JX_SKIP_EMPTY),
    JX_OBJECT(struct site, home, "home", JX_SKIP_EMPTY, zone_fields),
    JX_ARRAY(struct site, zones, n_zones, "zones", JX_SKIP_EMPTY, zone_fields),
    JX_TEXTS(struct site, tags, n_tags, "tags", JX_SKIP_EMPTY),
    JX_RAW(struct site, spec, "spec", JX_SKIP_EMPTY, 20),
};

static int read_site(const char *text, unsigned mode, struct site *s, struct err *e)
{
    return jx_read(text, strlen(text), site_fields, COUNTOF(site_fields), mode, s, e);
}

static void every_kind_is_read_and_written_back_the_same(void **state)
{
    static const char text[] =
        "{\"name\":\"a\",\"note\":\"b\\n\",\"size\":-5,\"beatSeconds\":90.5,\"up\":true,"
        "\"home\":{\"name\":\"h\",\"epoch\":7},\"zones\":[{\"name\":\"z\",\"epoch\":1},"
        "{\"name\":\"y\",\"epoch\":2}],\"tags\":[\"t\",\"u\"],\"spec\":{\"x\":[1,2.50,null]}}";
    struct site s = {0};
    struct buf out;
    struct err e;
    (void)state;

    buf_init(&out, KIB(4));
    must(read_site(text, JX_STRICT, &s, &e), &e);
    assert_int_equal(s.beat, 90500);
    assert_int_equal(s.n_zones, 2);
    assert_text(s.zones[1].name, "y");
    assert_text(s.spec, "{\"x\":[1,2.50,null]}");
    jx_write(&out, site_fields, COUNTOF(site_fields), &s);
    assert_text(buf_text(&out), text);
    buf_drop(&out);
    jx_drop(site_fields, COUNTOF(site_fields), &s);
    assert_null(s.note);
}

/* What a sentence must say so that a person finds the place. */
static void errors_name_the_place_and_leave_the_struct_alone(void **state)
{
    static const struct {
        const char *text;
        unsigned mode;
        int code;
        const char *sentence;
    } rows[] = {
        {"{}", 0, -EINVAL, "name: is missing"},
        {"{\"name\":null}", 0, -EINVAL, "name: is missing"},
        {"{\"name\":5}", 0, -EINVAL, "name: must be a text, is int"},
        {"{\"name\":\"12345678\"}", 0, -EINVAL, "name: longer than 7 bytes"},
        {"{\"name\":\"a\\u0000b\"}", 0, -EINVAL, "name: a text must not hold NUL"},
        {"{\"name\":\"a\",\"note\":\"12345678901\"}", 0, -EINVAL, "note: longer than 10 bytes"},
        {"{\"name\":\"a\",\"size\":501}", 0, -ERANGE, "size: must be in -5…500"},
        {"{\"name\":\"a\",\"size\":5.5}", 0, -EINVAL, "size: must be a whole number, is double"},
        {"{\"name\":\"a\",\"size\":1e30}", 0, -EINVAL, "size: must be a whole number, is double"},
        {"{\"name\":\"a\",\"size\":99999999999999999999}", 0, -ERANGE, "size: must be in -5…500"},
        {"{\"name\":\"a\",\"beatSeconds\":120.001}", 0, -ERANGE,
         "beatSeconds: must be in 0…120 seconds"},
        {"{\"name\":\"a\",\"beatSeconds\":1e999}", 0, -EINVAL,
         "beatSeconds: must be a number of seconds, is double"},
        {"{\"name\":\"a\",\"up\":1}", 0, -EINVAL, "up: must be true or false, is int"},
        {"{\"name\":\"a\",\"home\":[]}", 0, -EINVAL, "home: must be an object, is array"},
        {"{\"name\":\"a\",\"home\":{}}", 0, -EINVAL, "home.name: is missing"},
        {"{\"name\":\"a\",\"zones\":{}}", 0, -EINVAL, "zones: must be a list, is object"},
        {"{\"name\":\"a\",\"zones\":[{\"name\":\"b\"},{\"name\":\"c\",\"epoch\":0}]}", 0, -ERANGE,
         "zones[1].epoch: must be in 1…100"},
        {"{\"name\":\"a\",\"zones\":[null]}", 0, -EINVAL, "zones[0]: must be an object, is null"},
        {"{\"name\":\"a\",\"zones\":[{},{},{},{}]}", 0, -E2BIG,
         "zones: has 4 entries, at most 3 are allowed"},
        {"{\"name\":\"a\",\"tags\":[\"ok\",\"123456\"]}", 0, -EINVAL,
         "tags[1]: longer than 5 bytes"},
        {"{\"name\":\"a\",\"spec\":\"1234567890123456789\"}", 0, -E2BIG,
         "spec: longer than 20 bytes"},
        {"{\"name\":\"a\",\"beatSecond\":5}", JX_STRICT, -EINVAL,
         "unknown field 'beatSecond'; did you mean 'beatSeconds'?"},
        {"{\"name\":\"a\",\"home\":{\"name\":\"h\",\"qqqqq\":5}}", JX_STRICT, -EINVAL,
         "home: unknown field 'qqqqq'"},
        {"{\"name\":\"a\",\"size\":1,\"name\":\"b\"}", JX_STRICT, -EINVAL,
         "name: stands there twice; remove one"},
        {"{\"name\":\"a\", \"na\\u006de\" : \"a\"}", JX_STRICT, -EINVAL,
         "name: stands there twice; remove one"},
        {"{\"name\":\"a\",\"zones\":[{\"name\":\"x\"},{\"name\":\"}\\\"]\",\"name\":\"z\"}]}",
         JX_STRICT, -EINVAL, "zones[1].name: stands there twice; remove one"},
        {"[]", 0, -EINVAL, "the whole: must be an object, is array"},
        {"null", 0, -EINVAL, "the whole: must be an object, is null"},
    };
    (void)state;

    for (size_t i = 0; i < COUNTOF(rows); i++) {
        struct site s, before;
        struct err e;

        memset(&s, 0x5a, sizeof(s));
        before = s;
        must_fail(read_site(rows[i].text, rows[i].mode, &s, &e), &e, rows[i].code,
                  rows[i].sentence);
        assert_memory_equal(&s, &before, sizeof(s));
    }
}

/* json-c alone accepts about half of these. */
static void what_is_not_json_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "{}x",
        "{} {}",
        "{'name':\"a\"}",
        "{\"name\":\"a\nb\"}",
        "{\"name\":NaN}",
        "{\"name\":\"a\",\"size\":1.}",
        "{\"name\":\"a\",}",
        "{\"name\":\"a\",\"size\":01}",
        "{\"name\":\"\xff\"}",
        "{\"name\":\"\xc1\xa4\"}",
        "{\"name\":\"\xc3",
        "{\"name\":\"a\",\"size\":+1}",
        "/* */{}",
        "nul",
        "{\"name\":\"a\\\"}",
        "{\"name\":\"a\",\"spec\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };
    (void)state;

    for (size_t i = 0; i < COUNTOF(texts); i++) {
        struct site s = {0};
        struct err e;

        assert_int_equal(read_site(texts[i], 0, &s, &e), -EINVAL);
        assert_memory_equal(e.text, "not JSON: ", 10);
    }
}

/* Upstream's replies grow; our own files have typos. */
static void unknown_fields_are_let_through_unless_strict(void **state)
{
    struct site s = {0};
    struct err e;
    (void)state;

    must(read_site("{\"new\":{\"deep\":1},\"name\":\"a\"}", 0, &s, &e), &e);
    assert_int_equal(read_site("{\"new\":1,\"name\":\"a\"}", JX_STRICT, &s, &e), -EINVAL);
    /* and the other side's may say a thing twice: the last one is meant, as json-c has it */
    must(read_site("{\"name\":\"a\",\"name\":\"b\"}", 0, &s, &e), &e);
    assert_text(s.name, "b");
}

static void absent_and_null_members_keep_their_default(void **state)
{
    struct site s = {.size = 42, .n_zones = 1, .beat = 7};
    struct err e;
    (void)state;

    must(read_site("{\"name\":\"a\",\"size\":null,\"beatSeconds\":null}", 0, &s, &e), &e);
    assert_int_equal(s.size, 42);
    assert_int_equal(s.beat, 7);
    assert_int_equal(s.n_zones, 1);
    must(read_site("{\"name\":\"a\",\"size\":5.0,\"zones\":[]}", 0, &s, &e), &e);
    assert_int_equal(s.size, 5);
    assert_int_equal(s.n_zones, 0);
}

static void empty_members_are_skipped_only_where_the_row_says_so(void **state)
{
    static const struct jx_field rows[] = {
        JX_TEXT(struct site, name, 0),
        JX_OWNED(struct site, note, "note", 0, 10),
        JX_TEXTS(struct site, tags, n_tags, "tags", 0),
        JX_OBJECT(struct site, home, "home", JX_SKIP_EMPTY, zone_fields),
    };
    struct site s = {0};
    struct buf out;
    (void)state;

    buf_init(&out, KIB(1));
    jx_write(&out, rows, COUNTOF(rows), &s);
    assert_text(buf_text(&out), "{\"name\":\"\",\"note\":null,\"tags\":[]}");
    buf_drop(&out);
}

static int count_zones(void *arg, size_t i, const void *element)
{
    const struct zone *z = element;
    size_t *sum = arg;

    assert_int_equal(i, *sum);
    (*sum)++;
    return strcmp(z->name, "stop") == 0 ? 77 : 0;
}

static int read_zones(const char *text, size_t *sum, struct err *e)
{
    struct zone z;

    return jx_read_list(text, strlen(text), zone_fields, COUNTOF(zone_fields), 0, &z, sizeof(z),
                        count_zones, sum, e);
}

static void a_list_is_checked_whole_before_the_first_element_is_given_out(void **state)
{
    size_t sum = 0;
    struct err e;
    (void)state;

    must_fail(read_zones("[{\"name\":\"a\"},{\"name\":5}]", &sum, &e), &e, -EINVAL,
              "[1].name: must be a text, is int");
    assert_int_equal(sum, 0);
    assert_int_equal(
        read_zones("[{\"name\":\"a\"},{\"name\":\"stop\"},{\"name\":\"b\"}]", &sum, &e), 77);
    assert_int_equal(sum, 2);
    must_fail(read_zones("{}", &sum, &e), &e, -EINVAL, "the whole: must be a list, is object");
}

static void texts_are_escaped_and_bad_bytes_replaced(void **state)
{
    struct buf out;
    (void)state;

    buf_init(&out, KIB(1));
    jx_write_text(&out, "a\"\\\n\x01\x7fä\xff\xed\xa0\x80/");
    assert_text(buf_text(&out), "\"a\\\"\\\\\\n\\u0001\\u007fä\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                                "\xef\xbf\xbd/\"");
    buf_drop(&out);
}

static void seconds_have_no_needless_digits(void **state)
{
    static const struct {
        ms_t ms;
        const char *text;
    } rows[] = {{0, "0"},      {90500, "90.5"},           {1, "0.001"},
                {50, "0.05"},  {-1500, "-1.5"},           {1010, "1.01"},
                {60000, "60"}, {123456789, "123456.789"}, {INT64_MIN, "-9223372036854775.808"}};
    struct buf out;
    (void)state;

    buf_init(&out, KIB(1));
    for (size_t i = 0; i < COUNTOF(rows); i++) {
        buf_clear(&out);
        jx_write_seconds(&out, rows[i].ms);
        assert_text(buf_text(&out), rows[i].text);
    }
    buf_drop(&out);
}

static void a_member_is_picked_by_its_path(void **state)
{
    static const char text[] = "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":5}],\"t\":true,\"n\":null}}";
    char out[8] = "";
    (void)state;

    assert_true(jx_pick(text, strlen(text), "a.b.0.c", out, sizeof(out)));
    assert_text(out, "x");
    assert_true(jx_pick(text, strlen(text), "a.b.1.c", out, sizeof(out)));
    assert_text(out, "5");
    assert_true(jx_pick(text, strlen(text), "a.t", out, sizeof(out)));
    assert_text(out, "true");
    assert_false(jx_pick(text, strlen(text), "a.n", out, sizeof(out)));
    assert_false(jx_pick(text, strlen(text), "a.b", out, sizeof(out)));
    assert_false(jx_pick(text, strlen(text), "a.b.2.c", out, sizeof(out)));
    assert_false(jx_pick(text, strlen(text), "a.t", out, 4));
    assert_false(jx_pick("{", 1, "a", out, sizeof(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_kind_is_read_and_written_back_the_same),
        test(errors_name_the_place_and_leave_the_struct_alone),
        test(what_is_not_json_is_refused),
        test(unknown_fields_are_let_through_unless_strict),
        test(absent_and_null_members_keep_their_default),
        test(empty_members_are_skipped_only_where_the_row_says_so),
        test(a_list_is_checked_whole_before_the_first_element_is_given_out),
        test(texts_are_escaped_and_bad_bytes_replaced),
        test(seconds_have_no_needless_digits),
        test(a_member_is_picked_by_its_path),
    };
    return run_tests(tests);
}
