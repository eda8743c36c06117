#include "tests/test.h"

#include "gateway/store.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/io/file.h"
#include "tests/wire/own_disk.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm",
                                        "lock",     "state.db.v1",  "state.db.new"};
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
    struct buf all SCOPED(buf_drop) = {0};
    size_t n = 0;
    struct err e;

    must(store_load(s, &records, &n, &e), &e);
    buf_init(&all, sizeof(text) - 1);
    for (size_t i = 0; i < n; i++)
        buf_printf(&all, "%s=%.*s,", records[i].key, (int)records[i].len,
                   (const char *)records[i].bytes);
    store_records_free(records, n);
    assert_true(text_copy(text, sizeof(text), buf_text(&all)));
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

/* --- versions -------------------------------------------------------------------------------- */

static void closed(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

static void a_newer_program_s_records_are_left_to_it(void **state)
{
    struct fixture *f = *state;
    SCOPED(buf_drop) struct buf file = {.max = MIB(1)};
    struct err e;

    closed(f);
    must(file_read(in_dir(f, "state.db"), &file, &e), &e);
    file.data[63] = 3; /* user_version in SQLite's head */
    must(file_write(in_dir(f, "state.db"), file.data, file.len, 0600, &e), &e);
    assert_int_equal(store_open(&f->store, f->dir, STORE_RUN, &e), -EPROTO);
    assert_non_null(strstr(e.text, "has records of version 3 and this program knows version 2"));
    assert_non_null(strstr(e.text, "start the program that wrote it"));
}

/* As the first release wrote it. */
static void version_1_is_there(struct fixture *f)
{
    sqlite3 *db = NULL;

    closed(f);
    assert_int_equal(unlink(in_dir(f, "state.db")), 0);
    assert_int_equal(sqlite3_open(in_dir(f, "state.db"), &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "CREATE TABLE records (key TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) "
                     "WITHOUT ROWID, STRICT; PRAGMA application_id = 1735422055;"
                     "PRAGMA user_version = 1; INSERT INTO records VALUES ('a', x'31')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
}

static void older_records_are_taken_over_and_a_copy_is_kept(void **state)
{
    SCOPED(buf_drop) struct buf copy = {.max = MIB(1)};
    struct fixture *f = *state;
    struct err e;
    struct stat st;

    version_1_is_there(f);
    must(store_open(&f->store, f->dir, STORE_RUN, &e), &e);
    assert_text(all(f->store), "a=1,");
    assert_non_null(strstr(store_remark(f->store), "version 1 were taken over"));
    must(store_claim(f->store, "g1", &e), &e);
    assert_int_equal(stat(in_dir(f, "state.db.v1"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    must(file_read(in_dir(f, "state.db.v1"), &copy, &e), &e);
    assert_int_equal(copy.data[63], 1);
    reopen(f);
    assert_text(store_remark(f->store), "");
}

/* Who only looks changes nothing, whatever is there. */
static void a_look_at_older_records_takes_nothing_over(void **state)
{
    SCOPED(buf_drop) struct buf before = {.max = MIB(1)}, after = {.max = MIB(1)};
    struct fixture *f = *state;
    struct err e;

    version_1_is_there(f);
    must(file_read(in_dir(f, "state.db"), &before, &e), &e);
    must(store_open(&f->store, f->dir, STORE_LOOK, &e), &e);
    assert_text(all(f->store), "a=1,");
    closed(f);
    must(file_read(in_dir(f, "state.db"), &after, &e), &e);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    assert_false(file_exists(in_dir(f, "state.db-wal")));
    assert_false(file_exists(in_dir(f, "state.db-shm")));
}

/* --- whose ----------------------------------------------------------------------------------- */

static void another_gateway_s_state_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err e;

    must(store_claim(f->store, "g1", &e), &e);
    must(store_claim(f->store, "g1", &e), &e);
    reopen(f);
    assert_int_equal(store_claim(f->store, "g2", &e), -EPERM);
    assert_non_null(strstr(e.text, "is the state of gateway g1, and this one is g2"));
}

static void whether_a_gateway_is_there_can_be_asked_without_a_trace(void **state)
{
    struct fixture *f = *state;

    assert_true(store_held(f->dir));
    closed(f);
    assert_false(store_held(f->dir));
    assert_false(store_held("/nowhere"));
    reopen(f);
}

/* --- what is missing ------------------------------------------------------------------------- */

/* SQLite would take an empty file for a new database, and the identity would be gone for good. */
static void a_file_cut_short_is_damaged_at_every_length(void **state)
{
    SCOPED(buf_drop) struct buf good = {.max = MIB(1)};
    struct fixture *f = *state;
    struct err e;

    put(f->store, "secret", "one");
    must(store_sync(f->store, &e), &e);
    closed(f);
    must(file_read(in_dir(f, "state.db"), &good, &e), &e);
    for (size_t len = 0; len < good.len; len += len < 128 ? 16 : 1024)
        damaged_is(f, good.data, len);
}

static void a_log_without_its_file_is_not_begun_anew(void **state)
{
    struct fixture *f = *state;
    struct err e;

    closed(f);
    must(file_write(in_dir(f, "state.db-wal"), "x", 1, 0600, &e), &e);
    assert_int_equal(unlink(in_dir(f, "state.db")), 0);
    assert_int_equal(store_open(&f->store, f->dir, STORE_RUN, &e), -EUCLEAN);
    assert_non_null(strstr(e.text, "state.db-wal is there and "));
    assert_false(file_exists(in_dir(f, "state.db")));
}

/* --- a disk that does not want: in a child, which may take privileges away from itself -------- */

/* 0: as expected; 77: this machine forbids what the test needs; else the child's own word. */
static void in_child(struct fixture *f, int (*fn)(struct fixture *f))
{
    int status;
    pid_t pid;

    closed(f);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn(f));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("not run: this machine lets nobody mount in a namespace of his own\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int says(int r, const struct err *e, int code, const char *part)
{
    if (r == code && strstr(e->text, part))
        return 0;
    print_error("%d: %s\n", r, r < 0 ? e->text : "it worked");
    return 1;
}

#define NOBODY 65534

static int as_somebody_without_write(struct fixture *f)
{
    struct store *s = NULL;
    struct err e;

    if (geteuid() == 0 && (chown(f->dir, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY)))
        return 2;
    if (chmod(f->dir, 0500) < 0)
        return 2;
    return says(store_open(&s, f->dir, STORE_RUN, &e), &e, -EACCES,
                "this user must be able to write it");
}

static void a_directory_that_cannot_be_written_is_named(void **state)
{
    struct fixture *f = *state;

    in_child(f, as_somebody_without_write);
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static int as_root_in_another_s(struct fixture *f)
{
    struct store *s = NULL;
    struct err e;

    if (geteuid() != 0)
        return 0; /* only root could do the harm */
    if (chown(f->dir, NOBODY, NOBODY) < 0)
        return 2;
    return says(store_open(&s, f->dir, STORE_RUN, &e), &e, -EPERM, "run this as that user");
}

static void root_does_not_put_its_files_into_another_s_directory(void **state)
{
    struct fixture *f = *state;

    in_child(f, as_root_in_another_s);
    if (geteuid() == 0)
        assert_int_equal(chown(f->dir, 0, 0), 0);
}

/* What was synced before the disk was full is there afterwards, and nothing of what was not. */
static int on_a_small_disk(struct fixture *f)
{
    static char big[GW_RECORD_MAX];
    struct store *s = NULL;
    struct err e = {0};
    char key[] = "a";
    int r = own_disk(f->dir, "size=512k,mode=0700");

    if (r)
        return r;
    r = store_open(&s, f->dir, STORE_RUN, &e);
    if (r == 0)
        r = store_put(s, "first", "1", 1, &e);
    if (r == 0)
        r = store_sync(s, &e);
    if (r < 0)
        return says(r, &e, 0, "");
    for (; r == 0 && *key < 'z'; ++*key) {
        r = store_put(s, key, big, sizeof(big), &e);
        if (r == 0)
            r = store_sync(s, &e);
    }
    if (says(r, &e, -ENOSPC, "the disk is full; make room and start again"))
        return 3;
    store_close(s);
    s = NULL;
    r = store_open(&s, f->dir, STORE_LOOK, &e);
    return r < 0 ? says(r, &e, 0, "") : strstr(all(s), "first=1,") ? 0 : 4;
}

static int on_a_full_disk(struct fixture *f)
{
    struct store *s = NULL;
    struct err e = {0};
    int r = own_disk(f->dir, "size=8k,mode=0700");

    return r ? r : says(store_open(&s, f->dir, STORE_RUN, &e), &e, -ENOSPC, "the disk is full");
}

static int on_a_read_only_file_system(struct fixture *f)
{
    struct store *s = NULL;
    struct err e = {0};
    int r = own_disk(f->dir, "size=1m,mode=0700");

    if (r)
        return r;
    if (mount(NULL, f->dir, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
        return 77;
    return says(store_open(&s, f->dir, STORE_RUN, &e), &e, -EROFS, "must be able to write it");
}

static void a_disk_that_fills_up_costs_nothing_that_was_synced(void **state)
{
    in_child(*state, on_a_small_disk);
}

static void a_full_disk_is_named_at_the_start(void **state)
{
    in_child(*state, on_a_full_disk);
}

static void a_read_only_file_system_is_named(void **state)
{
    in_child(*state, on_a_read_only_file_system);
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
        story(older_records_are_taken_over_and_a_copy_is_kept),
        story(a_look_at_older_records_takes_nothing_over),
        story(another_gateway_s_state_is_refused),
        story(whether_a_gateway_is_there_can_be_asked_without_a_trace),
        story(a_file_cut_short_is_damaged_at_every_length),
        story(a_log_without_its_file_is_not_begun_anew),
        story(a_directory_that_cannot_be_written_is_named),
        story(root_does_not_put_its_files_into_another_s_directory),
        story(a_disk_that_fills_up_costs_nothing_that_was_synced),
        story(a_full_disk_is_named_at_the_start),
        story(a_read_only_file_system_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
