#include "tests/test.h"

#include "lib/base/text.h"
#include "lib/io/file.h"
#include "lib/io/opts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 8

static const struct opt_row rows[] = {
    {.name = "maas-url",
     .env = "GP_MAAS_URL",
     .kind = OPT_TEXT,
     .arg = "URL",
     .what = "where MAAS is",
     .flags = OPT_MUST},
    {.name = "maas-key",
     .env = "GP_MAAS_KEY",
     .kind = OPT_TEXT,
     .arg = "KEY",
     .what = "its key",
     .flags = OPT_SECRET},
    {.name = "port",
     .kind = OPT_INT,
     .value = "5240",
     .arg = "N",
     .what = "port to listen on",
     .min = 1,
     .max = 65535},
    {.name = "beat",
     .kind = OPT_DURATION,
     .value = "30s",
     .arg = "T",
     .what = "between heartbeats",
     .min = 1000,
     .max = HOURS(1)},
    {.name = "verbose", .kind = OPT_FLAG, .what = "say more"},
    {.name = "config",
     .kind = OPT_TEXT,
     .arg = "FILE",
     .what = "options from a file",
     .flags = OPT_NO_FILE},
};

static struct opts *fresh(void)
{
    struct opts *o = NULL;
    struct err e;

    must(opts_new(&o, "usage: prog [OPTION…] WORD…", rows, COUNTOF(rows), &e), &e);
    return o;
}

/* The words after the program's name, up to NULL. */
static int args(struct opts *o, char *const *words, struct err *e)
{
    char *argv[ARGS_MAX + 2] = {(char *)"prog"};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = words[argc - 1];
    return opts_args(o, argc, argv, e);
}

#define ARGS(o, e, ...) args((o), (char *[]){__VA_ARGS__, NULL}, (e))

static int from_bytes(struct opts *o, const char *text, size_t len, struct err *e)
{
    char folder[] = "/tmp/opts-test-XXXXXX", path[64];
    int r;

    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0); /* so that sentences do not depend on the folder's name */
    (void)snprintf(path, sizeof(path), "%s/p.conf", folder);
    must(file_write("p.conf", text, len, 0600, e), e);
    r = opts_file(o, "p.conf", e);
    (void)unlink(path);
    (void)rmdir(folder);
    return r;
}

static int from_file(struct opts *o, const char *text, struct err *e)
{
    return from_bytes(o, text, strlen(text), e);
}

static void both_ways_of_writing_an_option_are_read(void **state)
{
    struct opts *o = fresh();
    const char *const *words;
    struct err e;

    (void)state;
    must(ARGS(o, &e, "one", "--maas-url", "http://m/MAAS", "--port=80", "--verbose", "two", "--",
              "--port=1"),
         &e);
    assert_text(opt_text(o, "maas-url"), "http://m/MAAS");
    assert_int_equal(opt_int(o, "port"), 80);
    assert_true(opt_flag(o, "verbose"));
    assert_int_equal(opts_words(o, &words), 3);
    assert_text(words[0], "one");
    assert_text(words[1], "two");
    assert_text(words[2], "--port=1");
    must(ARGS(o, &e, "--verbose=no", "-"), &e);
    assert_false(opt_flag(o, "verbose"));
    opts_free(o);
}

static void defaults_hold_until_something_is_given(void **state)
{
    struct opts *o = fresh();

    (void)state;
    assert_int_equal(opt_int(o, "port"), 5240);
    assert_int_equal(opt_ms(o, "beat"), 30000);
    assert_text(opt_text(o, "maas-url"), "");
    assert_false(opt_flag(o, "verbose"));
    assert_false(opt_flag(o, "help"));
    assert_false(opt_given(o, "port"));
    opts_free(o);
}

/* Command line, environment, file, default: also when the file is read last. */
static void precedence_does_not_depend_on_the_order_of_reading(void **state)
{
    char *env[] = {(char *)"GP_MAAS_URL=env", (char *)"GP_MAAS_KEY=", (char *)"GP_MAAS_URL_OLD=x",
                   NULL};
    struct opts *o = fresh();
    struct err e;

    (void)state;
    must(ARGS(o, &e, "--port=1"), &e);
    must(opts_env(o, env, &e), &e);
    must(from_file(o, "port = 2\nmaas-url = file\nbeat = 5m\n", &e), &e);
    assert_int_equal(opt_int(o, "port"), 1);
    assert_text(opt_text(o, "maas-url"), "env");
    assert_int_equal(opt_ms(o, "beat"), 300000);
    assert_false(opt_given(o, "maas-key")); /* empty counts as not given */
    opts_free(o);
}

static void wrong_options_are_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *arg, *sentence;
    } cases[] = {
        {"--mass-url=x", "no option --mass-url; did you mean '--maas-url'?"},
        {"--zzzzzzzzzzz", "no option --zzzzzzzzzzz; --help shows them"},
        {"--port=0", "--port: '0' is not a whole number from 1 to 65535"},
        {"--port=", "--port: '' is not a whole number from 1 to 65535"},
        {"--port=80x", "--port: '80x' is not a whole number from 1 to 65535"},
        {"--beat=2h", "--beat: '2h' is not a duration like 90s, 15m or 24h from 1s to 1h"},
        {"--beat=soon", "--beat: 'soon' is not a duration like 90s, 15m or 24h from 1s to 1h"},
        {"--verbose=maybe", "--verbose: 'maybe' is not yes or no"},
        {"--maas-url", "--maas-url wants a value: --maas-url URL"},
        {"-x", "no option -x: options are written --name; see --help"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct opts *o = fresh();
        struct err e;

        must_fail(ARGS(o, &e, (char *)cases[i].arg), &e, -EINVAL, cases[i].sentence);
        opts_free(o);
    }
}

/* Whichever of the two counted, somebody meant the other. A secret is not repeated. */
static void an_option_with_two_values_is_refused(void **state)
{
    struct opts *o = fresh();
    struct err e;

    (void)state;
    must(ARGS(o, &e, "--port=1", "--port", "1"), &e);
    must_fail(ARGS(o, &e, "--maas-url=a", "--port=1", "--maas-url", "b"), &e, -EINVAL,
              "--maas-url is given twice, with two values; leave one away");
    opts_free(o);
}

static void wrong_lines_of_a_file_are_named(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"# fine\n\nprot = 1\n", "p.conf:3: no option 'prot'; did you mean 'port'?"},
        {"port = 70000", "p.conf:1: '70000' is not a whole number from 1 to 65535"},
        {"port\n", "p.conf:1: a line is NAME = VALUE"},
        {"port = 1\nport = 2\n", "p.conf:2: port was given at p.conf:1 already"},
        {"config = x\n", "p.conf:1: config may not be in a file; give it as --config"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct opts *o = fresh();
        struct err e;

        must_fail(from_file(o, cases[i].text, &e), &e, -EINVAL, cases[i].sentence);
        opts_free(o);
    }
}

/* What stands behind a zero byte would not be read, and nobody would know. */
static void bytes_that_are_no_text_are_refused_as_a_whole(void **state)
{
    static const char zero[] = "maas-url = a\n\0\nport = wrong\n";
    static const struct {
        const char *text;
        size_t len;
        const char *sentence;
    } cases[] = {
        {zero, sizeof(zero) - 1, "p.conf holds a zero byte: wanted are"},
        {"\xef\xbb\xbfport = 1\n", 12, "p.conf begins with a byte order mark: wanted are"},
        {"maas-url = \xff\n", 13, "p.conf is no UTF-8: wanted are lines NAME = VALUE"},
        {"po\x1b[31mrt = 1\n", 14, "p.conf:1: no option 'po?[31mrt'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        struct opts *o = fresh();
        struct err e;

        assert_int_equal(from_bytes(o, cases[i].text, cases[i].len, &e), -EINVAL);
        assert_true(text_begins(e.text, cases[i].sentence));
        opts_free(o);
    }
}

static void comments_and_blanks_are_no_part_of_a_value(void **state)
{
    struct opts *o = fresh();
    struct err e;

    (void)state;
    must(from_file(o, "  maas-url =  http://m/#frag = x \t # there\r\n#port = 1\n", &e), &e);
    assert_text(opt_text(o, "maas-url"), "http://m/#frag = x");
    assert_false(opt_given(o, "port"));
    opts_free(o);
}

static void what_must_be_given_is_asked_for(void **state)
{
    struct opts *o = fresh();
    struct err e;

    (void)state;
    must_fail(opts_check(o, &e), &e, -EINVAL,
              "maas-url is missing: give --maas-url or set GP_MAAS_URL");
    must(ARGS(o, &e, "--maas-url=x"), &e);
    must(opts_check(o, &e), &e);
    opts_free(o);
}

/* A key in a terminal's scroll-back is a key lost. */
static void secrets_are_never_shown(void **state)
{
    SCOPED(buf_drop) struct buf out;
    struct opts *o = fresh();
    struct err e;

    (void)state;
    buf_init(&out, KIB(16));
    must(ARGS(o, &e, "--maas-key=hunter2", "--port=81", "--show-config"), &e);
    assert_true(opt_flag(o, "show-config"));
    opts_show(o, &out);
    assert_null(strstr(buf_text(&out), "hunter2"));
    assert_text(buf_text(&out), "# maas-url =   # not given\n"
                                "# maas-key = «set»  # command line --maas-key\n"
                                "port = 81  # command line --port\n"
                                "beat = 30s  # default\n"
                                "verbose = no  # default\n"
                                "show-config = yes  # command line --show-config\n");
    opts_free(o);
}

static void help_is_made_from_the_rows(void **state)
{
    SCOPED(buf_drop) struct buf out;
    struct opts *o = fresh();
    struct err e;

    (void)state;
    buf_init(&out, KIB(16));
    must(ARGS(o, &e, "-h"), &e);
    assert_true(opt_flag(o, "help"));
    opts_help(o, &out);
    assert_non_null(strstr(buf_text(&out), "usage: prog [OPTION…] WORD…\n"));
    assert_non_null(
        strstr(buf_text(&out), "  --maas-url URL              where MAAS is [GP_MAAS_URL]\n"));
    assert_non_null(
        strstr(buf_text(&out), "  --port N                    port to listen on (default 5240)\n"));
    assert_non_null(strstr(buf_text(&out), "  --version "));
    opts_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(both_ways_of_writing_an_option_are_read),
        test(defaults_hold_until_something_is_given),
        test(precedence_does_not_depend_on_the_order_of_reading),
        test(wrong_options_are_refused_with_a_sentence),
        test(an_option_with_two_values_is_refused),
        test(wrong_lines_of_a_file_are_named),
        test(bytes_that_are_no_text_are_refused_as_a_whole),
        test(comments_and_blanks_are_no_part_of_a_value),
        test(what_must_be_given_is_asked_for),
        test(secrets_are_never_shown),
        test(help_is_made_from_the_rows),
    };

    return run_tests(tests);
}
