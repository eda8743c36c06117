#include "tests/test.h"

#include "lib/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[2][128]; /* the two last paths asked for */
    static size_t turn;

    turn = 1 - turn;
    (void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static int folder_make(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/file-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int folder_remove(void **state)
{
    static const char *const names[] = {"a", "line", "pipe", "deep/er/est", "deep/er", "deep"};

    (void)state;
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)remove(in_folder(names[i]));
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void what_is_written_is_read(void **state)
{
    SCOPED(buf_drop) struct buf b;
    struct stat st;
    struct err e;

    (void)state;
    buf_init(&b, 16);
    must(file_write(in_folder("a"), "one\0two", 7, 0600, &e), &e);
    must(file_read(in_folder("a"), &b, &e), &e);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.data, "one\0two", 7);
    assert_int_equal(stat(in_folder("a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    must(file_write(in_folder("a"), "", 0, 0644, &e), &e);
    must(file_read(in_folder("a"), &b, &e), &e);
    assert_int_equal(b.len, 0);
}

static void a_file_beyond_its_bound_is_refused(void **state)
{
    SCOPED(buf_drop) struct buf b;
    char want[160];
    struct err e;

    (void)state;
    buf_init(&b, 8);
    must(file_write(in_folder("a"), "12345678", 8, 0600, &e), &e);
    must(file_read(in_folder("a"), &b, &e), &e);
    must(file_write(in_folder("a"), "123456789", 9, 0600, &e), &e);
    (void)snprintf(want, sizeof(want), "%s/a is larger than 8 bytes", folder);
    must_fail(file_read(in_folder("a"), &b, &e), &e, -EFBIG, want);
}

static void one_line_files_lose_their_newline_only(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *line;
    } cases[] = {{"key\n", 0, "key"},
                 {"key", 0, "key"},
                 {" k \n", 0, " k "},
                 {"", 0, ""},
                 {"\n", 0, ""},
                 {"key\r\n", 0, "key"},
                 {"\r\n", 0, ""},
                 {"key\r", 0, "key\r"},
                 {"a\nb\n", -EINVAL, NULL},
                 {"a\n\n", -EINVAL, NULL},
                 {"12345678\n", -EFBIG, NULL},
                 {"1234567\n", 0, "1234567"}};
    char line[8];
    struct err e;

    (void)state;
    for (size_t i = 0; i < COUNTOF(cases); i++) {
        must(file_write(in_folder("line"), cases[i].text, strlen(cases[i].text), 0600, &e), &e);
        assert_int_equal(file_read_line(in_folder("line"), line, sizeof(line), &e), cases[i].code);
        if (cases[i].code == 0)
            assert_text(line, cases[i].line);
    }
}

/* Its opening alone would wait for ever. */
static void a_pipe_that_nobody_writes_into_is_refused(void **state)
{
    SCOPED(buf_drop) struct buf b;
    char want[200];
    struct err e;
    int fd;

    (void)state;
    buf_init(&b, 8);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    (void)snprintf(want, sizeof(want), "%s/pipe is a pipe that nobody writes into: give a file",
                   folder);
    must_fail(file_read(in_folder("pipe"), &b, &e), &e, -EINVAL, want);
    fd = open(in_folder("pipe"), O_RDWR | O_CLOEXEC);
    assert_int_equal(write(fd, "too long!", 9), 9);
    assert_int_equal(file_read(in_folder("pipe"), &b, &e), -EFBIG); /* it was read */
    close(fd);
}

static void missing_files_and_folders_are_named(void **state)
{
    SCOPED(buf_drop) struct buf b;
    char want[200];
    struct err e;

    (void)state;
    buf_init(&b, 8);
    (void)snprintf(want, sizeof(want), "%s/none cannot be read: No such file or directory", folder);
    must_fail(file_read(in_folder("none"), &b, &e), &e, -ENOENT, want);
    (void)snprintf(want, sizeof(want), "%s/no/ne cannot be written: No such file or directory",
                   folder);
    must_fail(file_write(in_folder("no/ne"), "", 0, 0600, &e), &e, -ENOENT, want);
    assert_false(file_exists(in_folder("none")));
}

static void folders_are_made_with_their_parents(void **state)
{
    struct err e;

    (void)state;
    must(file_mkdirs(in_folder("deep/er/est"), 0700, &e), &e);
    must(file_mkdirs(in_folder("deep/er//est/"), 0700, &e), &e);
    assert_true(file_exists(in_folder("deep/er/est")));
    must(file_write(in_folder("a"), "", 0, 0600, &e), &e);
    assert_int_equal(file_mkdirs(in_folder("a"), 0700, &e), -ENOTDIR);
    assert_int_equal(file_mkdirs(in_folder("a/b"), 0700, &e), -ENOTDIR);
    must_fail(file_mkdirs("", 0700, &e), &e, -ENOENT, "a folder without a name cannot be made");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(what_is_written_is_read),
        test(a_file_beyond_its_bound_is_refused),
        test(one_line_files_lose_their_newline_only),
        test(a_pipe_that_nobody_writes_into_is_refused),
        test(missing_files_and_folders_are_named),
        test(folders_are_made_with_their_parents),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
