#include "tests/test.h"

#include "gateway/store.h"
#include "lib/io/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char dir[64];
    struct store *store;
};

static const char *in_dir(const struct fixture *f, const char *name)
{
    static char path[4][128];
    static unsigned i;

    i = (i + 1) % COUNTOF(path);
    snprintf(path[i], sizeof(path[i]), "%s/%s", f->dir, name);
    return path[i];
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;

    snprintf(f->dir, sizeof(f->dir), "/tmp/store_test.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    must(store_open(&f->store, f->dir, STORE_RUN, &e), &e);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm", "lock"};
    struct fixture *f = *state;
    int r;

    store_close(f->store);
    for (size_t i = 0; i < COUNTOF(names); i++)
        (void)!unlink(in_dir(f, names[i]));
    r = rmdir(f->dir);
    free(f);
    return r;
}

static void reopen(struct fixture *f)
{
    struct err e;

    store_close(f->store);
    f->store = NULL;
    must(store_open(&f->store, f->dir, STORE_RUN, &e), &e);
}

static void put(struct store *s, const char *key, const char *text)
{
    struct err e;

    must(store_put(s, key, text, strlen(text), &e), &e);
}

/* All records as "key=bytes," text. */
static const char *all(struct store *s)
{
    static char text[1024];
    struct gw_record *records = NULL;
    size_t n = 0, len = 0;
    struct err e;

    must(store_load(s, &records, &n, &e), &e);
    text[0] = 0;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s=%.*s,", records[i].key,
                                (int)records[i].len, records[i].bytes);
    store_records_free(records, n);
    return text;
}

static void what_was_synced_is_there_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_text(all(f->store), "");
    put(f->store, "secret", "one");
    put(f->store, "code", "two");
    put(f->store, "secret", "three");
    put(f->store, "empty", "");
    must(store_forget(f->store, "code", &e), &e);
    must(store_sync(f->store, &e), &e);
    reopen(f);
    assert_text(all(f->store), "empty=,secret=three,");
}

static void bytes_are_kept_as_they_are(void **state)
{
    struct fixture *f = *state;
    static char bytes[GW_RECORD_MAX];
    struct gw_record *records = NULL;
    size_t n = 0;
    struct err e;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    must(store_put(f->store, "k", bytes, sizeof(bytes), &e), &e);
    must(store_sync(f->store, &e), &e);
    reopen(f);
    must(store_load(f->store, &records, &n, &e), &e);
    assert_int_equal(n, 1);
    assert_int_equal(records[0].len, sizeof(bytes));
    assert_memory_equal(records[0].bytes, bytes, sizeof(bytes));
    store_records_free(records, n);
}

/* GP-13: killed at any instant. The child ends between a sync and the next one, closing nothing. */
static void a_killed_gateway_keeps_what_it_synced_and_only_that(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t pid;

    store_close(f->store);
    f->store = NULL;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store *s = NULL;
        struct err e;

        if (store_open(&s, f->dir, STORE_RUN, &e) < 0 || store_put(s, "a", "1", 1, &e) < 0 ||
            store_sync(s, &e) < 0 || store_put(s, "b", "2", 1, &e) < 0)
            _exit(1);
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    reopen(f);
    assert_text(all(f->store), "a=1,");
}

static void all_files_are_for_the_owner_alone(void **state)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm", "lock"};
    struct fixture *f = *state;
    struct err e;
    struct stat st;

    put(f->store, "secret", "one");
    must(store_sync(f->store, &e), &e);
    for (size_t i = 0; i < COUNTOF(names); i++) {
        assert_int_equal(stat(in_dir(f, names[i]), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
}

static void a_second_gateway_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    char sentence[256];
    struct err e;

    snprintf(sentence, sizeof(sentence),
             "state directory %s is in use by another gateway; stop that one, or give this one a "
             "directory of its own",
             f->dir);
    must_fail(store_open(&second, f->dir, STORE_RUN, &e), &e, -EBUSY, sentence);
    assert_null(second);
    reopen(f);
}

static void a_look_sees_the_records_of_a_running_gateway(void **state)
{
    struct fixture *f = *state;
    struct store *look = NULL;
    struct err e;

    put(f->store, "secret", "one");
    must(store_sync(f->store, &e), &e);
    must(store_open(&look, f->dir, STORE_LOOK, &e), &e);
    assert_text(all(look), "secret=one,");
    store_close(look);
}

static void a_directory_open_to_others_is_refused(void **state)
{
    struct fixture *f = *state;
    char sentence[256];
    struct err e;

    store_close(f->store);
    f->store = NULL;
    assert_int_equal(chmod(f->dir, 0755), 0);
    snprintf(sentence, sizeof(sentence),
             "state directory %s: others may enter it (mode 0755), and it holds secrets: chmod "
             "0700 it",
             f->dir);
    must_fail(store_open(&f->store, f->dir, STORE_RUN, &e), &e, -EPERM, sentence);
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void a_directory_that_is_not_there_is_refused(void **state)
{
    struct store *s = NULL;
    struct err e;

    (void)state;
    must_fail(store_open(&s, "/nowhere/at/all", STORE_RUN, &e), &e, -ENOENT,
              "state directory /nowhere/at/all: make it, with mode 0700: No such file or "
              "directory");
}

/* Whatever a damaged file holds, it is somebody's last chance: it stays byte for byte. */
static void damaged_is(struct fixture *f, const char *bytes, size_t len)
{
    SCOPED(buf_drop) struct buf after = {.max = MIB(1)};
    struct err e;

    must(file_write(in_dir(f, "state.db"), bytes, len, 0600, &e), &e);
    assert_int_equal(store_open(&f->store, f->dir, STORE_RUN, &e), -EUCLEAN);
    assert_null(f->store);
    assert_non_null(strstr(e.text, in_dir(f, "state.db")));
    assert_non_null(strstr(e.text, "it was left as it is: put a copy back, or move it away"));
    must(file_read(in_dir(f, "state.db"), &after, &e), &e);
    assert_int_equal(after.len, len);
    assert_memory_equal(after.data, bytes, len);
}

static void a_damaged_file_is_named_and_left_alone(void **state)
{
    static const char noise[8192] = "this is no database";
    SCOPED(buf_drop) struct buf good = {.max = MIB(1)};
    struct fixture *f = *state;
    char value[9000];
    struct err e;

    memset(value, 'v', sizeof(value));
    for (char key[] = "a"; *key < 'f'; ++*key)
        must(store_put(f->store, key, value, sizeof(value), &e), &e);
    must(store_sync(f->store, &e), &e);
    store_close(f->store);
    f->store = NULL;
    must(file_read(in_dir(f, "state.db"), &good, &e), &e);
    damaged_is(f, noise, sizeof(noise));
    memset(good.data + 4096, 0xa5, 4096);
    damaged_is(f, good.data, good.len);
}

static void a_newer_program_s_records_are_left_to_it(void **state)
{
    struct fixture *f = *state;
    SCOPED(buf_drop) struct buf file = {.max = MIB(1)};
    struct err e;

    store_close(f->store);
    f->store = NULL;
    must(file_read(in_dir(f, "state.db"), &file, &e), &e);
    file.data[63] = 2; /* user_version in SQLite's head */
    must(file_write(in_dir(f, "state.db"), file.data, file.len, 0600, &e), &e);
    assert_int_equal(store_open(&f->store, f->dir, STORE_RUN, &e), -EPROTO);
    assert_non_null(strstr(e.text, "has records of version 2 and this program knows version 1"));
}

#define story(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(what_was_synced_is_there_after_a_restart),
        story(bytes_are_kept_as_they_are),
        story(a_killed_gateway_keeps_what_it_synced_and_only_that),
        story(all_files_are_for_the_owner_alone),
        story(a_second_gateway_is_refused),
        story(a_look_sees_the_records_of_a_running_gateway),
        story(a_directory_open_to_others_is_refused),
        story(a_directory_that_is_not_there_is_refused),
        story(a_damaged_file_is_named_and_left_alone),
        story(a_newer_program_s_records_are_left_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
